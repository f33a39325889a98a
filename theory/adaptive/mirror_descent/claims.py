r"""Stochastic mirror descent beyond convexity: dual averaging under variational coherence, and sharp minima in finite time.

``X_n = Q(Y_n)``, ``Y_{n+1} = Y_n - alpha_n v_n``, n = 1, 2, ..., in a convex set X of R^d; Q is the mirror map of a regulariser h.
``F(p, y) = h(p) + h^*(y) - <y, p>`` is the Fenchel coupling; ``A_n`` and ``B_n`` are the sums of the first n steps and of their
squares, and ``F_1 = F(x_*, Y_1)``.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_LOPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="mirror-descent", authors=("Zhou", "Mertikopoulos", "Bambos", "Boyd", "Glynn"), year=2017, family="adaptive",
    arxiv="1706.05681", venue="NeurIPS; SIAM Journal on Optimization 30(1), 2020",
    title="Stochastic Mirror Descent in Variationally Coherent Optimization Problems",
)  # fmt: skip
HERE = "docs/derivations/mirror_descent.md"

# --- parameters ------------------------------------------------------------------------------------------------------

K = Parameter("K", "strong convexity of $h$")
d2 = Parameter("d2", r"$\|Q(y) - p\|^2$", NONNEGATIVE, r"\|Q(y) - p\|^2")
v2 = Parameter("v2", r"$\|v\|_*^2$", NONNEGATIVE, r"\|v\|_*^2")
w = Parameter("w", r"$\max_iv_i - \min_iv_i$", NONNEGATIVE)
F1 = Parameter("F1", r"$F(x_*, Y_1)$", NONNEGATIVE, "F_1")
V = Parameter("V", "root of the mean square of the stochastic gradients, in the dual norm")
A_n = Parameter("A_n", r"$\sum_{k\le n}\alpha_k$", latex="A_n")
B_n = Parameter("B_n", r"$\sum_{k\le n}\alpha_k^2$", latex="B_n")
D1 = Parameter("D1", r"$|X_1 - x_*|^2$", NONNEGATIVE, "|X_1 - x_*|^2")
lam = Parameter("lam", "level of the Fenchel coupling", latex=r"\lambda")
m = Parameter("m", "number of edges of $X$ at $x_*$", COUNT)
c = Parameter("c", "the least mean slope along an edge")
sigma = Parameter("sigma", "standard deviation of the noise along an edge", latex=r"\sigma")
theta = Parameter("theta", r"how far $Y_1$ is from the normal cone, along an edge", REAL, r"\theta")
s = Parameter("s", "size of the noise")
Y1 = Parameter("Y1", "start", REAL, "Y_1")
gaps = Parameter("gaps", "costs of the other vertices, less that of $e_1$", latex=r"\Delta", size="d")
gap = Parameter("gap", "the smallest cost of another vertex, less that of $e_1$", latex=r"\Delta")
A = Parameter("A", r"$A_{n-1} = \sum_{k<n}\alpha_k$", NONNEGATIVE, "A_{n-1}")
tail = Parameter("tail", r"$\sum_{m\le k\le n}b_k$, where $n$ may be infinite", NONNEGATIVE, r"\sum b_k")
least = Parameter("m", r"a lower bound of $3 + \sin5\vartheta + \cos3\vartheta$")
r = Parameter("r", r"$|x|$", UNIT_LOPEN)
t = Parameter("t", r"$\tan(\vartheta/2)$", REAL)
a = Parameter("a", "step size", sp.Interval.open(0, 2))
sigma2 = Parameter("sigma2", "variance of the noise", NONNEGATIVE, r"\sigma^2")
n = Parameter("n", "number of steps", COUNT)

# --- assumptions -----------------------------------------------------------------------------------------------------

MIRROR = Assumption(
    "mirror_map",
    r"$Q(y)$ maximises $\langle y, x\rangle - h(x)$ over $x \in X$, and $h^*(y)$ is the maximum; $p, x_* \in X$",
)
STRONG = Assumption(
    "strongly_convex",
    r"$h$ is $K$-strongly convex on $X$, so that a maximiser $x$ of $\langle y, \cdot\rangle - h$ has "
    r"$\langle y, p\rangle - h(p) \le \langle y, x\rangle - h(x) - \frac K2\|p - x\|^2$ for every $p \in X$",
)
DUAL = Assumption("dual_norm", r"$\|\cdot\|_*$ is the dual norm: $\langle v, x\rangle \le \|v\|_*\|x\|$")
ENTROPY = Assumption(
    "entropic_simplex", r"$X$ is the simplex, $h = \sum_ix_i\log x_i$: $Q$ is the softmax, $h^* = \log\sum_ie^{y_i}$"
)
SMD = Assumption(
    "dual_averaging",
    r"$X_k = Q(Y_k)$ and $Y_{k+1} = Y_k - \alpha_kv_k$ with steps $\alpha_k > 0$ that are fixed in advance",
)
UNBIASED = Assumption("unbiased", r"$\mathbb E[v_k \mid \text{past}] = \nabla g(X_k)$")
BOUNDED = Assumption("bounded_moment", r"$\mathbb E\|v_k\|_*^2 \le V^2$")
COHERENT = Assumption(
    "coherent", r"$\langle\nabla g(x), x - x_*\rangle \ge 0$ for all $x \in X$, with equality at minimisers alone"
)
CONVEX = Assumption("convex", "$g$ is convex")
FREE = Assumption("unconstrained", r"$X = \mathbb R^d$ and $h = |x|^2/2$, so that $Q(y) = y$")
COMPACT = Assumption("compact", "$X$ is compact and $\\nabla g$ is continuous")
DIVERGENT = Assumption("divergent_steps", r"$\sum_k\alpha_k = \infty$")
SQUARE = Assumption("square_summable_steps", r"$\sum_k\alpha_k^2 < \infty$")
LONG = Assumption(
    "long_run",
    r"$n = 4000$ steps $\alpha_k \le 1$, $|Y_1| \le 2$, $X$ in the unit ball, noise of a standard deviation up to $\frac12$",
)
EUCLID = Assumption("euclidean", r"$h = |x|^2/2$: $Q$ is the projection onto $X$, which is convex")
SIMPLEX = Assumption("euclidean_simplex", r"$X$ is the simplex and $h = |x|^2/2$: $Q$ is the projection")
CONE = Assumption(
    "sharp_vertex",
    r"$X$ is a polytope whose edges at the vertex $x_*$ have the directions $z_1, \ldots, z_m$, so that $Q(y) = x_*$ iff all "
    r"$\langle y - x_*, z_j\rangle \le 0$",
)
DRIFT = Assumption(
    "sharp_slope", r"$\mathbb E[\langle v_k, z_j\rangle \mid \text{past}] \ge c$ for all $k$ and $j$: a linear program"
)
VARIANCE = Assumption(
    "bounded_variance", r"the variance of $\langle v_k, z_j\rangle$, given the past, is at most $\sigma^2$"
)
START = Assumption("start", r"$\langle Y_1 - x_*, z_j\rangle \le \theta$ for all $j$")
FAR = Assumption("far_enough", r"$cA_n > \theta$", sp.Gt(c.symbol * A_n.symbol, theta.symbol))
LINE = Assumption("line", r"$X = [0, 1]$, $h = x^2/2$, $g = cx$")
COINS = Assumption("fair_coins", r"$v_k = c + s\varepsilon_k$ with independent fair signs $\varepsilon_k$")
PAST = Assumption("past_the_start", r"$cA_n > Y_1$", sp.Gt(c.symbol * A_n.symbol, Y1.symbol))
PROGRAM = Assumption("linear_program", r"$g = \langle \text{cost}, x\rangle$ on the simplex, $Y_1 = 0$")
GAUSSIAN = Assumption("gaussian_noise", r"$v_k$ is the cost and independent $N(0, s^2)$ noise in each coordinate")
EACH = Assumption(
    "each_step", r"$P(X_{k+1} \ne x_*) \le b_k$ for $m \le k \le n$, as in mirror-descent.finite-time-simplex"
)
EXACT = Assumption("noiseless", r"$v_k = \text{cost}$ and $Y_1 = 0$, so that $Y_n = -A_{n-1}\,\text{cost}$")
POLAR = Assumption(
    "polar_example",
    r"$g(r, \vartheta) = (3 + \sin5\vartheta + \cos3\vartheta)r^2(\frac53 - r)$ in polar coordinates of the plane",
)
LEAST = Assumption("angular_minimum", r"$3 + \sin5\vartheta + \cos3\vartheta \ge m$ at the angle of $x$")
HALF = Assumption("half_angle", r"$\vartheta = 2\arctan t$; the angle that this leaves out, $\pi$, has the value 2")
QUADRATIC = Assumption("quadratic", r"$g = x^2/2$ on the line, without constraints: $X_n = Y_n$")
WHITE = Assumption("white_noise", r"$v_k = X_k + \xi_k$ with $\xi_k$ of mean 0 and variance $\sigma^2$, given the past")
FAST = Assumption("fast_steps", r"$\alpha_k = (k+1)^{-2}$, without noise")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    stated = {"confidence": "derived", "where": HERE} | fields
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **stated))[0]


# --- the Fenchel coupling --------------------------------------------------------------------------------------------

FENCHEL_LOWER = _claim(
    "fenchel-lower", "The Fenchel coupling measures a distance",
    r"$F(p, y) = h(p) + h^*(y) - \langle y, p\rangle \ge \frac K2\|Q(y) - p\|^2$. With the entropy and a vertex it is a "
    r"Kullback-Leibler divergence, and this is Pinsker's inequality.",
    parameters=(K, d2), assumptions=(MIRROR, STRONG), quantity="F(p, y)", relation=Relation.GE,
    expression=K.symbol * d2.symbol / 2, where="lemma on the Fenchel coupling", confidence="verified", tight=True,
)  # fmt: skip

_change = r"F(p, y + v) - F(p, y) - \langle v, Q(y) - p\rangle"

FENCHEL_STEP = _claim(
    "fenchel-step", "One step changes the Fenchel coupling by little more than its slope",
    rf"${_change} = h^*(y + v) - h^*(y) - \langle v, Q(y)\rangle$, which does not depend on $p$, and is at most "
    r"$\|v\|_*^2/(2K)$.",
    parameters=(K, v2), assumptions=(MIRROR, STRONG, DUAL), quantity=_change, relation=Relation.LE,
    expression=v2.symbol / (2 * K.symbol), where="lemma on the Fenchel coupling", confidence="verified", tight=True,
)  # fmt: skip

ENTROPY_STEP = _claim(
    "entropy-step", "For the entropy the step costs an eighth of the squared range",
    r"Hoeffding's lemma in the place of $\|v\|_\infty^2/2$, which is at least as large: a constant added to $v$ costs nothing.",
    parameters=(w,), assumptions=(ENTROPY,), quantity=_change, relation=Relation.LE, expression=w.symbol**2 / 8,
    remark="The second derivative is a variance, at most a quarter of the squared range. To integrate it twice is no rule of "
    "derivations: one kind of evidence, in ball arithmetic.",
)  # fmt: skip

# --- ergodic bounds --------------------------------------------------------------------------------------------------

_RUN = (MIRROR, STRONG, DUAL, SMD, UNBIASED, BOUNDED)
_total = F1.symbol + V.symbol**2 * B_n.symbol / (2 * K.symbol)
_gap = r"\mathbb E\langle\nabla g(X_k), X_k - x_*\rangle"

ERGODIC = _claim(
    "ergodic", "The gaps of all iterates, weighted by the steps",
    r"For every $x_* \in X$, whatever $g$: coherence only makes the summands nonnegative.",
    parameters=(F1, K, V, B_n), assumptions=_RUN, quantity=rf"\sum_{{k\le n}}\alpha_k{_gap}", relation=Relation.LE,
    expression=_total, tight=True,
)  # fmt: skip

BEST_ITERATE = _claim(
    "best-iterate", "The best iterate",
    r"With steps of order $n^{-1/2}$ it is of that order too.",
    parameters=(F1, K, V, B_n, A_n), assumptions=_RUN, quantity=rf"\min_{{k\le n}}{_gap}", relation=Relation.LE,
    expression=_total / A_n.symbol, tight=True,
)  # fmt: skip

ERGODIC_AVERAGE = _claim(
    "ergodic-average", "The average iterate, for convex functions",
    r"$\overline x_n = \sum_{k\le n}\alpha_kX_k/A_n$.",
    parameters=(F1, K, V, B_n, A_n), assumptions=(*_RUN, CONVEX), quantity=r"\mathbb Eg(\overline x_n) - g(x_*)",
    relation=Relation.LE, expression=_total / A_n.symbol, where="classical", tight=True,
)  # fmt: skip

ACCOUNTS = _claim(
    "accounts", "Without constraints the ergodic bound has an exact remainder",
    r"For $Q(y) = y$ the difference of the two sides of mirror-descent.ergodic is $\frac12\mathbb E|X_{n+1} - x_*|^2$: the bound "
    r"is attained iff the last step ends at $x_*$, and the second moments are $V^2$.",
    parameters=(D1,), assumptions=(FREE, SMD, UNBIASED),
    quantity=rf"\sum_{{k\le n}}\alpha_k({_gap} - \tfrac{{\alpha_k}}2\mathbb E|v_k|^2) + \tfrac12\mathbb E|X_{{n+1}} - x_*|^2",
    relation=Relation.EQ, expression=D1.symbol / 2, tight=True,
)  # fmt: skip

MAXIMAL = _claim(
    "maximal", "Trajectories that start near the minimiser stay near it",
    r"The coupling and $\frac{V^2}{2K}$ times the squares of the steps to come are a supermartingale. With mirror-descent."
    r"fenchel-lower no iterate is further away than $\sqrt{2\lambda/K}$, with the complementary chance: coherence near $x_*$ is "
    r"enough, which is the local theorem.",
    parameters=(F1, K, V, B_n, lam), assumptions=(*_RUN, COHERENT), quantity=r"P(\max_{k\le n+1}F(x_*, Y_k) \ge \lambda)",
    relation=Relation.LE, expression=_total / lam.symbol,
)  # fmt: skip

ALMOST_SURE = _claim(
    "almost-sure", "The last iterate converges",
    r"As remembered: if $g$ is variationally coherent, $\sum\alpha_k = \infty$, $\sum\alpha_k^2 < \infty$, and $Q(y_j) \to p$ "
    r"implies $F(p, y_j) \to 0$, then $X_n \to X_*$ almost surely. What is tested is a consequence on examples, with numbers of "
    r"our own: the mean distance after a long run.",
    parameters=(), assumptions=(COMPACT, COHERENT, DIVERGENT, SQUARE, LONG), quantity=r"\mathbb E\|X_n - x_*\|",
    relation=Relation.LE, expression=sp.Rational(1, 10), where="main theorem (number not checked)", confidence="recalled",
    remark="The journal version allows larger steps. It has no rate, so that runs alone speak of it: one kind of evidence.",
)  # fmt: skip

# --- where the projection is a vertex --------------------------------------------------------------------------------

NORMAL_CONE = _claim(
    "normal-cone-exact", "The projection is a vertex on a whole cone",
    r"$Q(y) = e_1$ iff $y_1 - \max_{j>1}y_j \ge 1$. In general $Q(y) = x_*$ iff $y - \nabla h(x_*)$ is in the normal cone.",
    parameters=(), assumptions=(SIMPLEX,), quantity=r"\sup\{y_1 - \max_{j>1}y_j : Q(y) \ne e_1\}", relation=Relation.IFF,
    expression=sp.Integer(1), tight=True,
)  # fmt: skip

# --- sharp minima in finite time -------------------------------------------------------------------------------------

_var = sigma.symbol**2 * B_n.symbol

FINITE_MOMENTS = _claim(
    "finite-time-moments", "A sharp vertex is found in finite time, with two moments of the noise",
    r"Dual iterates add up, so that $\langle Y_{n+1} - x_*, z_j\rangle$ falls to $-\infty$ with $A_n$, while its variance is at "
    r"most $\sigma^2B_n$: by the one-sided Chebyshev inequality.",
    parameters=(m, c, theta, sigma, A_n, B_n), assumptions=(EUCLID, CONE, SMD, DRIFT, VARIANCE, START, FAR),
    quantity=r"P(X_{n+1} \ne x_*)", relation=Relation.LE,
    expression=m.symbol * _var / (_var + (c.symbol * A_n.symbol - theta.symbol) ** 2),
)  # fmt: skip

FINITE_LINE = _claim(
    "finite-time-line", "A sharp end of an interval: the chance is exponentially small",
    r"Hoeffding's inequality for $\{Y_{n+1} > 0\}$; compared with all $2^n$ paths.",
    parameters=(c, s, Y1, A_n, B_n), assumptions=(LINE, SMD, COINS, PAST), quantity=r"P(X_{n+1} \ne 0)",
    relation=Relation.LE,
    expression=sp.exp(-((c.symbol * A_n.symbol - Y1.symbol) ** 2) / (2 * s.symbol**2 * B_n.symbol)), confidence="verified",
    remark="Its proof needs exponential moments, which the rules of derivations do not have: one kind of evidence, over all paths.",
)  # fmt: skip

_i = sp.Symbol("i", integer=True)
_d = sp.Symbol("d", integer=True, positive=True)
_g = gaps.symbol[_i]

FINITE_SIMPLEX = _claim(
    "finite-time-simplex", "Linear programs on the simplex: the chance is exponentially small",
    r"$d$ is the number of the other vertices, and $(x)_+ = \max(0, x)$. The chance is in closed form for one of them: "
    r"$\frac12\mathrm{erfc}\frac{\Delta A_n - 1}{2s\sqrt{B_n}}$.",
    parameters=(gaps, s, A_n, B_n), assumptions=(SIMPLEX, SMD, PROGRAM, GAUSSIAN), quantity=r"P(X_{n+1} \ne e_1)",
    relation=Relation.LE,
    expression=sp.Sum(sp.exp(-sp.Max(_g * A_n.symbol - 1, 0) ** 2 / (4 * s.symbol**2 * B_n.symbol)), (_i, 1, _d)),
)  # fmt: skip

FINITE_TIME = _claim(
    "finite-time", "The vertex is not left any more",
    r"The theorem: at a sharp vertex, with $\sum\alpha_k = \infty$ and $\sum\alpha_k^2 < \infty$, $X_n = x_*$ for all large $n$, "
    r"almost surely. Summable bounds $b_k$ of each step say it with numbers.",
    parameters=(tail,), assumptions=(EACH,), quantity=r"P(X_{k+1} \ne x_* \text{ for some } m \le k \le n)", relation=Relation.LE,
    expression=tail.symbol, where=f"theorem on sharp minima (number not checked); {HERE}",
)  # fmt: skip

NOISELESS_EUCLID = _claim(
    "noiseless-euclid", "Without noise the projection finds the vertex at a known step",
    r"$X_n = e_1$ from the first $n$ on with $A_{n-1}\Delta \ge 1$.",
    parameters=(gap,), assumptions=(SIMPLEX, PROGRAM, EXACT), quantity=r"\inf\{A_{n-1} : X_n = e_1\}",
    relation=Relation.IFF, expression=1 / gap.symbol, confidence="verified", tight=True,
)  # fmt: skip

NOISELESS_ENTROPY = _claim(
    "noiseless-entropy", "Without noise the softmax is in closed form",
    r"$X_{n,1} = 1/\sum_je^{-A_{n-1}(\text{cost}_j - \text{cost}_1)}$, below 1 for every $n$.",
    parameters=(gaps, A), assumptions=(ENTROPY, PROGRAM, EXACT), quantity="X_{n,1}", relation=Relation.EQ,
    expression=1 / (1 + sp.Sum(sp.exp(-A.symbol * _g), (_i, 1, _d))), confidence="verified", tight=True,
)  # fmt: skip

# --- a coherent function that is not quasi-convex --------------------------------------------------------------------

VC_MODULUS = _claim(
    "vc-modulus", "A function that is coherent, and not quasi-convex",
    r"$\langle\nabla g(x), x\rangle = r\,\partial_rg \ge \frac m3r^2$ on the unit disc, and $m$ may be $1.0361$ by "
    r"mirror-descent.vc-angular ($1.036151284$ in ball arithmetic): variationally coherent with the modulus $0.3453$ "
    r"($0.34538376$) and $x_* = 0$, though between two points of radius $0.9$ it rises by more than 1.3 above both.",
    parameters=(least, r), assumptions=(POLAR, LEAST), quantity=r"\langle\nabla g(x), x\rangle", relation=Relation.GE,
    expression=least.symbol * r.symbol**2 / 3, where="the example of the paper; the modulus is derived here", tight=True,
)  # fmt: skip

VC_ANGULAR = _claim(
    "vc-angular", "The angular factor of the example, from below",
    r"By a sum of squares in $t$; the minimum is $1.03615128437\ldots$",
    parameters=(t,), assumptions=(HALF,), quantity=r"3 + \sin5\vartheta + \cos3\vartheta", relation=Relation.GE,
    expression=sp.Rational(10361, 10**4),
)  # fmt: skip

# --- steps that the theorem excludes ---------------------------------------------------------------------------------

CONSTANT_STEP = _claim(
    "constant-step", "With constant steps there is no convergence",
    r"The stationary variance on a quadratic: square-summable steps are needed.",
    parameters=(a, sigma2), assumptions=(QUADRATIC, WHITE), quantity=r"\lim_{n\to\infty}\mathbb EX_n^2", relation=Relation.EQ,
    expression=a.symbol * sigma2.symbol / (2 - a.symbol), confidence="verified", tight=True,
)  # fmt: skip

SUMMABLE_STEPS = _claim(
    "summable-steps", "With summable steps the method stops half way",
    r"$\prod_{k\le n}(1 - (k+1)^{-2}) \to \frac12$: steps with an infinite sum are needed.",
    parameters=(n,), assumptions=(QUADRATIC, FAST), quantity=r"X_{n+1}/X_1", relation=Relation.EQ,
    expression=(n.symbol + 2) / (2 * (n.symbol + 1)), confidence="verified", tight=True,
)  # fmt: skip
