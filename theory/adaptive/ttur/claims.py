r"""Two time-scale updates: games with two rates, the heavy ball that Adam follows, and the distance by which GANs are scored.

``w_{n+1} = w_n + b(n)(g(theta_n, w_n) + noise)`` is fast, ``theta_{n+1} = theta_n + a(n)(h(theta_n, w_n) + noise)`` slow.
The linear game has ``h = p theta + q w``, ``g = r theta - s w``, and ``eps = a/b``. FID is the squared Wasserstein-2 distance
of two Gaussians.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_ROPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="ttur", authors=("Heusel", "Ramsauer", "Unterthiner", "Nessler", "Hochreiter"), year=2017, family="adaptive",
    arxiv="1706.08500", venue="NIPS",
    title="GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
)  # fmt: skip
HERE = "docs/derivations/ttur.md"

#: Table 1 of the paper, as printed: data set, method, (b, a) and score with two rates, the one rate and score without; FID, and
#: the Jensen-Shannon divergence of n-grams for One Billion Word. Scores need its networks: they are quoted, not checked.
SCORES = (
    ("CelebA", "DCGAN", (1e-5, 5e-4), 12.5, 5e-4, 21.4), ("CIFAR-10", "DCGAN", (1e-4, 5e-4), 36.9, 1e-4, 37.7),
    ("SVHN", "DCGAN", (1e-5, 1e-4), 12.5, 5e-5, 21.4), ("LSUN", "DCGAN", (1e-5, 1e-4), 57.5, 5e-5, 70.4),
    ("CIFAR-10", "WGAN-GP", (3e-4, 1e-4), 24.8, 1e-4, 29.3), ("LSUN", "WGAN-GP", (3e-4, 1e-4), 9.5, 1e-4, 20.5),
    ("One Billion Word, 4-grams", "WGAN-GP", (3e-4, 1e-4), 0.35, 1e-4, 0.38),
    ("One Billion Word, 6-grams", "WGAN-GP", (3e-4, 1e-4), 0.74, 1e-4, 0.77),
)  # fmt: skip

# --- parameters ------------------------------------------------------------------------------------------------------

eps = Parameter("eps", "$a/b$, the slow step over the fast one", latex=r"\varepsilon")
p = Parameter("p", r"the coefficient of $\theta$ in $\theta'$", REAL)
unstable = Parameter("p", r"the coefficient of $\theta$ in $\theta'$, positive: alone $\theta$ runs away")
q = Parameter("q", r"the coefficient of $w$ in $\theta'$", REAL)
r = Parameter("r", r"the coefficient of $\theta$ in $w'$; for $r < 0$ flip the sign of $w$")
s = Parameter("s", "the friction of $w$")
any_s = Parameter("s", "the friction of $w$, of any sign", REAL)
a = Parameter("a", r"the step of $\theta$")
b = Parameter("b", "the step of $w$")
sigma2 = Parameter("sigma2", "variance of the noise in each gradient", NONNEGATIVE, r"\sigma^2")
alpha1 = Parameter(
    "alpha1", r"decay of the slow flow: $\langle\theta, S\theta\rangle_1 \le -\alpha_1|\theta|^2$", latex=r"\alpha_1",
)  # fmt: skip
alpha2 = Parameter(
    "alpha2", r"decay of the fast flow: $\langle v, A_{22}v\rangle_2 \le -\alpha_2|v|^2$", latex=r"\alpha_2",
)  # fmt: skip
beta1 = Parameter("beta1", r"$\langle\theta, A_{12}v\rangle_1 \le \beta_1|\theta||v|$", latex=r"\beta_1")
beta2 = Parameter("beta2", r"$\langle v, KS\theta\rangle_2 \le \beta_2|\theta||v|$", latex=r"\beta_2")
gamma = Parameter("gamma", r"$\langle v, KA_{12}v\rangle_2 \le \gamma|v|^2$", REAL, r"\gamma")
h = Parameter("h", r"curvature at the saddle: $2\kappa$ in $x$ (200 in the paper), 2 in $y$")
step = Parameter("t", "the step: $a$ for $x$, $b$ for $y$")
mem = Parameter("r", r"memory of the first moment, per unit of time")
dr = Parameter("dr", r"$r'(t)$: 0 for exponential memory, $-r/t$ for polynomial memory", REAL, r"r'")
V2 = Parameter("V2", r"$|\theta'|^2$", NONNEGATIVE, r"|\theta'|^2")
F = Parameter("F", r"$f(\theta)$", REAL, "f")
mu = Parameter("mu", "strong convexity of $f$", latex=r"\mu")
L = Parameter("L", r"Lipschitz constant of the field $z' = (-m,\; r\nabla f(\theta) - rm)$ in the norm of $z$")
M = Parameter("M", "bound of $|z''|$ along the solution")
N = Parameter("N", "number of steps", COUNT)
beta = Parameter("beta", r"$\beta_1 = 1 - ar$ of Adam", UNIT_ROPEN, r"\beta_1")
m2 = Parameter("m2", r"$|m_1 - m_2|^2$", NONNEGATIVE, r"|m_1 - m_2|^2")
t1 = Parameter("t1", r"$\mathrm{tr}\,C_1$", latex=r"\mathrm{tr}\,C_1")
t2 = Parameter("t2", r"$\mathrm{tr}\,C_2$", latex=r"\mathrm{tr}\,C_2")
c = Parameter("c", r"$\mathrm{tr}(C_1^{1/2}C_2C_1^{1/2})^{1/2}$")
d12 = Parameter("d12", "distance of the first two laws", latex="d_{12}")
d23 = Parameter("d23", "distance of the last two laws", latex="d_{23}")
ls = Parameter("l", "eigenvalues of $C$", NONNEGATIVE, r"\lambda", size="d")
s2 = Parameter("s2", "variance of the noise that is added", NONNEGATIVE, "s^2")
e = Parameter("e", "share of the contamination", UNIT_ROPEN)
half = Parameter("e", "share of the contamination, at most a half", sp.Interval.Lopen(0, sp.Rational(1, 2)))
size = Parameter("M", r"$|\mu|^2$, the squared distance of the contamination", latex=r"|\mu|^2")
n = Parameter("n", "size of the sample, at least 2", sp.Range(2, sp.oo))
any_n = Parameter("n", "size of the sample", COUNT)
trace = Parameter("t", r"$\mathrm{tr}\,C$", NONNEGATIVE, r"\mathrm{tr}\,C")
sd = Parameter("s", "standard deviation")
other = Parameter("sigma", "standard deviation of the other law", latex=r"\sigma")

_ep, _p, _q, _r, _s, _a, _b = (x.symbol for x in (eps, p, q, r, s, a, b))
_schur, _any = _p * _s + _q * _r, any_s.symbol

# --- assumptions -----------------------------------------------------------------------------------------------------

LIPSCHITZ = Assumption("lipschitz", "(A1) $g$ and $h$ are Lipschitz")
SUMS = Assumption("divergent_steps", r"(A2) $\sum a(n) = \sum b(n) = \infty$")
SQUARES = Assumption(
    "square_summable_steps", r"(A2) $\sum a(n)^2 < \infty$ and $\sum b(n)^2 < \infty$: $\tau > \frac12$ for $n^{-\tau}$",
)  # fmt: skip
SCALES = Assumption("two_time_scales", "(A2) $a(n) = o(b(n))$")
NOISE = Assumption("martingale_noise", "(A3) the noise has the mean 0 and bounded second moments, given the past")
ATTRACTORS = Assumption(
    "attractors",
    r"(A4) $w' = g(\theta, w)$ has a locally asymptotically stable attractor $\lambda(\theta)$, Lipschitz in $\theta$, and "
    r"$\theta' = h(\theta, \lambda(\theta))$ has one, $\theta_*$",
)  # fmt: skip
BOUNDED = Assumption("bounded_iterates", "(A5) the iterates stay bounded, almost surely")
BASIN = Assumption(
    "attraction", "(A6) the iterates stay in a compact part of the domains of attraction, from some $n$ on",
)  # fmt: skip
LONG = Assumption(
    "long_run", r"$n = 2000$ steps $\le 1$ from within 1 of the limit, noise of a standard deviation up to $\frac12$",
)  # fmt: skip
GAME = Assumption(
    "linear_game", r"$\theta' = \varepsilon(p\theta + qw)$, $w' = r\theta - sw$, $\varepsilon = a/b$; steps are those of Euler",
)  # fmt: skip
SCHUR = Assumption("schur", "$p + qr/s < 0$: the slow flow on $w = r\\theta/s$ is stable", sp.Lt(_schur, 0))
SCHUR_ALONE = Assumption("schur", SCHUR.statement, sp.Lt(unstable.symbol * _s + _q * _r, 0))
RATIO = Assumption("ratio", r"$\varepsilon p < s$", sp.Lt(_ep * _p, _any))
SPIRALS = Assumption(
    "spirals", r"$\frac14(\varepsilon p + s)^2 + \varepsilon qr < 0$: complex eigenvalues, so that $Q$ is positive definite",
    sp.Lt((_ep * _p + _any) ** 2 / 4 + _ep * _q * _r, 0),
)  # fmt: skip
WHITE = Assumption("white_noise", r"independent noise of mean 0 and variance $\sigma^2$ in each gradient")
CONTRACTS = Assumption("contracts", "$ap < bs + ab(ps + qr)$", sp.Lt(_a * _p, _b * _s + _a * _b * _schur))
SMALL = Assumption("small_steps", "$bs + ab(ps + qr) < 2 + ap$", sp.Lt(_b * _s + _a * _b * _schur, 2 + _a * _p))
BLOCK = Assumption(
    "block_game",
    r"$\theta' = \varepsilon(A_{11}\theta + A_{12}w)$, $w' = A_{21}\theta + A_{22}w$; $v = w + A_{22}^{-1}A_{21}\theta$, $S = "
    r"A_{11} - A_{12}A_{22}^{-1}A_{21}$, $K = A_{22}^{-1}A_{21}$; $\langle\cdot,\cdot\rangle_1$, "
    r"$\langle\cdot,\cdot\rangle_2$ inner products",
)  # fmt: skip
STABLE = Assumption(
    "stable_parts",
    r"$\langle\theta, S\theta\rangle_1 \le -\alpha_1|\theta|^2$ and $\langle v, A_{22}v\rangle_2 \le -\alpha_2|v|^2$",
)  # fmt: skip
COUPLED = Assumption(
    "coupling",
    r"$\langle\theta, A_{12}v\rangle_1 \le \beta_1|\theta||v|$, $\langle v, KS\theta\rangle_2 \le \beta_2|\theta||v|$, "
    r"$\langle v, KA_{12}v\rangle_2 \le \gamma|v|^2$",
)  # fmt: skip
MATTERS = Assumption(
    "coupled", r"$\alpha_1\gamma + \beta_1\beta_2 > 0$", sp.Gt(alpha1.symbol * gamma.symbol + beta1.symbol * beta2.symbol, 0),
)  # fmt: skip
TOY = Assumption(
    "toy",
    r"$f(x, y) = (1 + x^2)(\kappa - y^2)$, $\kappa = 100$ in the paper; descent in $x$ with the step $a$, ascent in $y$ with "
    r"$b$",
)  # fmt: skip
AXIS = Assumption("axis", "on the axis $y = 0$ for $x$, $x = 0$ for $y$, without noise; there the step is linear")
LINEAR = Assumption("linearised", "the linear part of the step at the saddle")
CONVERGES = Assumption("stable_step", "$ht < 2$", sp.Lt(h.symbol * step.symbol, 2))
PAIRS = Assumption(
    "pairs",
    r"$(a, b) = (10^{-4}, 10^{-2})$ against $(10^{-2}, 10^{-2})$, $(10^{-3}, 10^{-3})$, $(10^{-2}, 10^{-4})$, from $(\frac12, "
    r"\frac12)$, 5000 steps",
)  # fmt: skip
BALL = Assumption(
    "heavy_ball", r"$\theta'' + r\theta' + r\nabla f(\theta) = 0$, the limit of Adam's recursion with $\beta_1 = 1 - ar$",
)  # fmt: skip
PRINTED = Assumption("printed_ode", r"$\theta'' + a(t)\theta' + \nabla f(\theta) = 0$, as printed")
CONVEX = Assumption(
    "strongly_convex",
    r"$f_* \ge f(\theta) + \langle\nabla f(\theta), \theta_* - \theta\rangle + \frac\mu2|\theta - \theta_*|^2$",
)  # fmt: skip
MEMORY = Assumption("long_memory", r"$r \le 4\mu$", sp.Le(mem.symbol, 4 * mu.symbol))
RECURSION = Assumption(
    "recursion",
    r"$\theta_{n+1} = \theta_n - am_n$, $m_{n+1} = (1 - ar)m_n + ar\nabla f(\theta_n)$ and $z' = (\theta', m')$ start together",
)  # fmt: skip
FIELD = Assumption("lipschitz_field", "the field is $L$-Lipschitz")
SMOOTH = Assumption(
    "bounded_acceleration", "$|z''| \\le M$ along the solution, so that a step of Euler errs by at most $a^2M/2$",
)  # fmt: skip
FROZEN = Assumption(
    "frozen",
    r"$f = \lambda\theta^2/2$, the second moment is stationary: $\theta_{n+1} = \theta_n - am_n$, $m_{n+1} = \beta_1m_n + (1 "
    r"- \beta_1)\lambda\theta_n$",
)  # fmt: skip
ORDER = Assumption(
    "adam_order",
    r"$f = \lambda\theta^2/2$, the second moment is stationary: $m_{n+1} = \beta_1m_n + (1 - \beta_1)\lambda\theta_n$, "
    r"$\theta_{n+1} = \theta_n - am_{n+1}$",
)  # fmt: skip
MOMENTS = Assumption("moments", "two laws with the means $m_1$, $m_2$ and covariances $C_1 \\succ 0$, $C_2$")
CERTIFICATE = Assumption(
    "certificate",
    r"$A = C_1^{-1/2}(C_1^{1/2}C_2C_1^{1/2})^{1/2}C_1^{-1/2} \succ 0$, for which $\mathrm{tr}(AC_1) = \mathrm{tr}(A^{-1}C_2) "
    r"= c$",
)  # fmt: skip
TRANSPORT = Assumption("transport", r"$Y - m_2 = A(X - m_1)$")
GLUED = Assumption(
    "gluing", r"optimal couplings of the first and of the last two laws, glued: $d_{13} \le (\mathbb E|X - Z|^2)^{1/2}$",
)  # fmt: skip
ADDED = Assumption("added_noise", r"covariances $C$ and $C + s^2I$, of equal means")
MIXED = Assumption(
    "contamination", r"$N(0, I)$ against a mixture: $N(0, I)$ with the chance $1 - e$, $N(\mu, I)$ with the chance $e$",
)  # fmt: skip
DIGITS = Assumption(
    "digits", "pixels of 8 x 8 digits against disturbed ones: noise, blur, black rectangles, salt and pepper, or swirl",
)  # fmt: skip
GAUSSIAN = Assumption(
    "gaussian_sample", "the statistics of $n$ independent draws of a normal law on the line, with the unbiased variance",
)  # fmt: skip
SAMPLE = Assumption(
    "independent_sample",
    "the mean and any covariance of $n$ independent draws of a law with the covariance $C$, against that law",
)  # fmt: skip
README = Assumption(
    "own_statistics", "the law $N(0, \\sigma^2)$ is given by the statistics of $n$ draws, the other one, $N(0, s^2)$, exactly",
)  # fmt: skip
MLP = Assumption(
    "small_gan", "a generator and a discriminator of one hidden layer each, on a mixture in the plane; Adam with $b > a$",
)  # fmt: skip


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    stated: dict[str, Any] = {"confidence": "derived", "where": HERE, "relation": Relation.EQ} | fields
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **stated))[0]


def _symbols(*parameters: Parameter) -> list[Any]:
    return [x.symbol for x in parameters]


# --- two time scales -------------------------------------------------------------------------------------------------

BORKAR = _claim(
    "borkar", "Two time scales converge to a local Nash equilibrium",
    r"$(\theta_n, w_n) \to (\theta_*, \lambda(\theta_*))$ almost surely. What is tested is a consequence on examples, with "
    r"numbers of our own: the mean distance after a long run.",
    parameters=(), assumptions=(LIPSCHITZ, SUMS, SQUARES, SCALES, NOISE, ATTRACTORS, BOUNDED, BASIN, LONG),
    quantity=r"\mathbb E\min(1, |(\theta_n, w_n) - (\theta_*, \lambda(\theta_*))|)", relation=Relation.LE,
    expression=sp.Rational(1, 4), where="Theorem 1, after Borkar (1997); (A6) from its appendix", confidence="verified",
    remark="The theorem has no rate, so that runs alone speak of it: one kind of evidence. With attractors that are not "
    "global (A1)-(A5) do not suffice: (A6).",
)  # fmt: skip

LYAPUNOV = _claim(
    "lyapunov-2d", "A Lyapunov function of the linear game that decides",
    r"For $A = ((\varepsilon p, \varepsilon q), (r, -s))$ with $\det A > 0$ and $V(z) = |z|^2 + |\mathrm{adj}(A)z|^2/\det A$, "
    r"along $z' = Az$: $V' = 2\,\mathrm{tr}(A)|z|^2$. It falls everywhere iff $\varepsilon p < s$; for $p \le 0$ at every "
    r"ratio.",
    parameters=(eps, p, q, r, s), assumptions=(GAME, SCHUR), quantity="V'(z)/|z|^2", expression=2 * (_ep * _p - _s), tight=True,
)  # fmt: skip

THRESHOLD = _claim(
    "linear-threshold-2d", "How much slower the generator must be",
    r"For $p > 0$ the coupled flow is stable iff $\varepsilon < s/p$; equal time scales are unstable if $p > s$, though both "
    r"parts are stable by themselves.",
    parameters=(unstable, q, r, s), assumptions=(GAME, SCHUR_ALONE), quantity=r"\sup\{\varepsilon : A \text{ is Hurwitz}\}",
    relation=Relation.IFF, expression=_s / unstable.symbol, tight=True,
)  # fmt: skip

DISCRETE = _claim(
    "discrete-threshold", "The largest fast step at a given ratio",
    r"$Q(z) = \theta^2 - \frac{\varepsilon p + s}r\theta w - \frac{\varepsilon q}rw^2$ is multiplied by $\det(I + bA)$ in "
    r"each step: it falls iff $b$ is below the bound.",
    parameters=(eps, p, q, r, any_s), assumptions=(GAME, RATIO, SPIRALS), quantity=r"\sup\{b : \rho(I + bA) < 1\}",
    relation=Relation.IFF, expression=(_any - _ep * _p) / (-_ep * (_p * _any + _q * _r)), tight=True,
)  # fmt: skip

STATIONARY = _claim(
    "game-stationary", "Stationary second moments of the noisy game",
    r"With constant steps and $Q(z) = \theta^2 - \frac{ap + bs}{br}\theta w - \frac{aq}{br}w^2$, which is positive definite "
    r"where the eigenvalues are complex.",
    parameters=(a, b, p, q, r, s, sigma2), assumptions=(GAME, WHITE, CONTRACTS, SMALL),
    quantity=r"\lim_{n\to\infty}\mathbb EQ(z_n)",
    expression=sigma2.symbol * _a * (_a - _b * _q / _r) / (_b * _s - _a * _p + _a * _b * _schur), tight=True,
)  # fmt: skip

_al1, _al2, _be1, _be2, _ga = _symbols(alpha1, alpha2, beta1, beta2, gamma)

BLOCK_DECAY = _claim(
    "linear-block", "A Lyapunov function of the game in several dimensions",
    r"$W = \beta_2|\theta|_1^2 + \beta_1|v|_2^2$ along the flow. It falls for $\varepsilon < \alpha_1\alpha_2/(\alpha_1\gamma "
    r"+ \beta_1\beta_2)$.",
    parameters=(eps, alpha1, alpha2, beta1, beta2, gamma), assumptions=(BLOCK, STABLE, COUPLED), quantity="-W'(z)/|v|^2",
    relation=Relation.GE, expression=2 * _be1 * (_al2 - _ep * (_ga + _be1 * _be2 / _al1)), tight=True,
)  # fmt: skip

BLOCK_THRESHOLD = _claim(
    "block-threshold", "Every small ratio works in several dimensions",
    r"$\varepsilon_*$ is the first ratio at which the flow is not stable (infinite if there is none), by the decay of "
    r"ttur.linear-block.",
    parameters=(alpha1, alpha2, beta1, beta2, gamma), assumptions=(BLOCK, STABLE, COUPLED, MATTERS), quantity=r"\varepsilon_*",
    relation=Relation.GE, expression=_al1 * _al2 / (_al1 * _ga + _be1 * _be2),
    remark="That a function which does not increase means stability (LaSalle) is no rule of derivations: one kind of "
    "evidence, exact boundaries of Routh and Hurwitz.",
)  # fmt: skip

# --- the toy ---------------------------------------------------------------------------------------------------------

_h, _t = _symbols(h, step)

TOY_SADDLE = _claim(
    "toy-saddle", "Which steps the saddle of the toy bears",
    r"The Jacobian of the step at the saddle $(0, 0)$ is $\mathrm{diag}(1 - 200a, 1 - 2b)$: stable iff $a < \frac1{100}$ and "
    r"$b < 1$. The paper's $a = 0.01$ lies on the boundary.",
    parameters=(h,), assumptions=(TOY, AXIS), quantity=r"\sup\{t : |x_n| \to 0\}", relation=Relation.IFF, expression=2 / _h,
    tight=True,
)  # fmt: skip

TOY_STATIONARY = _claim(
    "toy-stationary", "How far noise throws the toy from its saddle",
    r"$a\sigma^2/(200(2 - 200a))$ for $x$, $b\sigma^2/(2(2 - 2b))$ for $y$: infinite at $a = 0.01$.",
    parameters=(h, step, sigma2), assumptions=(TOY, LINEAR, WHITE, CONVERGES), quantity=r"\lim_{n\to\infty}\mathbb Ex_n^2",
    expression=_t * sigma2.symbol / (_h * (2 - _h * _t)), tight=True,
)  # fmt: skip

TOY_FIRST = _claim(
    "toy-first", "Two time scales reach the saddle of the toy first",
    r"Of the four pairs of steps in the paper's figure, with noise of standard deviation 1; $|(x, y)| < \frac1{10}$ counts as "
    r"reached. A number of our own.",
    parameters=(), assumptions=(TOY, PAIRS), quantity=r"P(\text{the two time scales are first})", relation=Relation.GE,
    expression=sp.Rational(1, 2), where="Figure of the toy",
    remark="An order of random times: runs alone speak of it, one kind of evidence.",
)  # fmt: skip

# --- Adam and the heavy ball -------------------------------------------------------------------------------------------

_m, _V2 = _symbols(mem, V2)

ENERGY = _claim(
    "hbf-energy", "The energy of the heavy ball that Adam follows",
    r"$E = \frac12|\theta'|^2 + rf(\theta)$. With exponential memory ($r' = 0$) it falls. In the time $u = \sqrt rt$ the "
    r"friction is $\sqrt r$, and that of $f$ is 1.",
    parameters=(mem, dr, V2, F), assumptions=(BALL,), quantity="E'(t)", expression=-_m * _V2 + dr.symbol * F.symbol,
    where="Theorem 2", tight=True,
)  # fmt: skip

PRINTED_ENERGY = _claim(
    "published-energy", "The energy as the paper prints it",
    r"$E = \frac12|\theta'|^2 + f(\theta)$: for constant $r$ the same as ttur.hbf-energy in another time, for polynomial "
    r"memory not.",
    parameters=(a, V2), assumptions=(PRINTED,), quantity="E'(t)", expression=-_a * _V2, where="Theorem 2",
    confidence="verified", tight=True,
)  # fmt: skip

RATE = _claim(
    "hbf-rate", "A rate for the heavy ball",
    r"$\Lambda = r(f - f_*) + \frac12|\theta' + \frac r2(\theta - \theta_*)|^2$ falls at least like $e^{-rt/2}$: in Adam's "
    r"steps like $(1 - \beta_1)/2$ a step.",
    parameters=(mem, mu), assumptions=(BALL, CONVEX, MEMORY), quantity=r"-\Lambda'(t)/\Lambda(t)", relation=Relation.GE,
    expression=_m / 2, tight=True,
)  # fmt: skip

_L, _M, _N = _symbols(L, M, N)

ODE = _claim(
    "hbf-ode", "Adam's recursion with a frozen second moment follows the heavy ball",
    r"At the time $t = Na$, in any norm: the error is of the order $a$. $z = (\theta, m)$, $\theta' = -m$.",
    parameters=(a, L, M, N), assumptions=(RECURSION, FIELD, SMOOTH), quantity="|z_N - z(Na)|", relation=Relation.LE,
    expression=_a * _M / (2 * _L) * ((1 + _a * _L) ** _N - 1), where="Theorem 2, with a rate",
)  # fmt: skip

_be = beta.symbol

FROZEN_STABILITY = _claim(
    "adam-frozen-stability", "How steep a valley Adam bears, in the order of the theorem",
    r"Stable iff $a\lambda < 1$, for every $\beta_1 \in [0, 1)$.", parameters=(a, beta), assumptions=(FROZEN,),
    quantity=r"\sup\{\lambda : \theta_n \to 0\}", relation=Relation.IFF, expression=1 / _a, tight=True,
)  # fmt: skip

ORDER_STABILITY = _claim(
    "adam-order-stability", "How steep a valley Adam bears, in its own order",
    r"Stable iff $a^2r\lambda < 4 - 2ar$ with $\beta_1 = 1 - ar$: the new momentum in $\theta$ bears at least twice as much.",
    parameters=(a, beta), assumptions=(ORDER,), quantity=r"\sup\{\lambda : \theta_n \to 0\}", relation=Relation.IFF,
    expression=2 * (1 + _be) / (_a * (1 - _be)), tight=True,
    remark="Where one eigenvalue leaves the disc and the other stays, no quadratic form decides: one kind of evidence, the "
    "exact test of Jury.",
)  # fmt: skip

# --- the distance ------------------------------------------------------------------------------------------------------

_m2, _t1, _t2, _c = _symbols(m2, t1, t2, c)
_FID = _m2 + _t1 + _t2 - 2 * _c

FID_LOWER = _claim(
    "fid-lower", "FID is below the transport cost of any two laws with these moments",
    r"Weak duality: $2\langle x, y\rangle \le \langle x, Ax\rangle + \langle y, A^{-1}y\rangle$ for every $A \succ 0$. Zero "
    r"FID does not make laws equal.",
    parameters=(m2, t1, t2, c), assumptions=(MOMENTS, CERTIFICATE), quantity=r"\mathbb E|X - Y|^2", relation=Relation.GE,
    expression=_FID, where="Gelbrich (1990)", tight=True,
)  # fmt: skip

FID_IS_W2 = _claim(
    "fid-is-w2", "Between Gaussians FID is the transport cost",
    r"The linear map $A$ takes one Gaussian to the other, at the cost that ttur.fid-lower leaves.", parameters=(m2, t1, t2, c),
    assumptions=(MOMENTS, CERTIFICATE, TRANSPORT), quantity=r"\mathbb E|X - Y|^2", expression=_FID,
    where="Dowson, Landau (1982)", tight=True,
)  # fmt: skip

TRIANGLE = _claim(
    "fid-triangle", "The root of FID satisfies the triangle inequality",
    r"$d_{13} \le d_{12} + d_{23}$; FID itself, $d^2$, does not.", parameters=(d12, d23), assumptions=(GLUED,),
    quantity="d_{13}", relation=Relation.LE, expression=d12.symbol + d23.symbol, tight=True,
)  # fmt: skip

_i = sp.Symbol("i", integer=True)
_d = sp.Symbol("d", integer=True, positive=True)
_l = ls.symbol[_i]

FID_NOISE = _claim(
    "fid-noise", "FID under added noise",
    r"$\sum_j(\sqrt{\lambda_j + s^2} - \sqrt{\lambda_j})^2$, which rises with $s$: each root rises.", parameters=(ls, s2),
    assumptions=(ADDED,), quantity=r"\mathrm{FID}(s)",
    expression=sp.Sum((sp.sqrt(_l + s2.symbol) - sp.sqrt(_l)) ** 2, (_i, 1, _d)), where="Figure 3, in Gaussian form",
    tight=True,
    remark="A sum over a vector of parameters is no form that derivations have: one kind of evidence, in ball arithmetic.",
)  # fmt: skip

_e, _size = _symbols(e, size)

CONTAMINATION = _claim(
    "fid-contamination", "FID under contamination", r"The same as $e^2|\mu|^2 + (\sqrt{1 + e(1 - e)|\mu|^2} - 1)^2$.",
    parameters=(e, size), assumptions=(MIXED,), quantity=r"\mathrm{FID}(e)",
    expression=_e * _size + 2 - 2 * sp.sqrt(1 + _e * (1 - _e) * _size), where="Figure 3, in Gaussian form", tight=True,
)  # fmt: skip

RISE = _claim(
    "fid-rise", "FID rises with the contamination",
    r"For $e \ge \frac12$ the slope is at least $|\mu|^2$, so that FID rises on all of $[0, 1]$; the part of the covariance "
    r"alone falls from a half on.",
    parameters=(half, size), assumptions=(MIXED,), quantity=r"\frac{d}{de}\mathrm{FID}(e)", relation=Relation.GE,
    expression=2 * half.symbol * _size, tight=True,
)  # fmt: skip

DISTURBED = _claim(
    "fid-digits", "FID rises with every disturbance of digits",
    r"From one level to the next, of four, on the pixels of scikit-learn's digits: our counterpart of the paper's figure, "
    r"without Inception.",
    parameters=(), assumptions=(DIGITS,), quantity=r"\min_k\mathrm{FID}_{k+1}/\mathrm{FID}_k", relation=Relation.GE,
    expression=sp.Integer(1), where="Figure 3", remark="An observation on one data set: one kind of evidence.",
)  # fmt: skip

_n, _sd = _symbols(n, sd)
_c4 = sp.sqrt(2 / (_n - 1)) * sp.gamma(_n / 2) / sp.gamma((_n - 1) / 2)

FINITE = _claim(
    "fid-finite-sample", "FID of a law against its own sample is positive",
    r"$s^2(\frac1n + 2 - 2c_4(n))$ with $c_4(n) = \sqrt{\frac2{n-1}}\,\Gamma(\frac n2)/\Gamma(\frac{n-1}2)$, about "
    r"$\frac{3s^2}{2n}$.",
    parameters=(n, sd), assumptions=(GAUSSIAN,), quantity=r"\mathbb E\,\mathrm{FID}_n",
    expression=_sd**2 * (1 / _n + 2 - 2 * _c4), tight=True,
    remark="Gamma functions are no numbers of derivations: one kind of evidence, in ball arithmetic.",
)  # fmt: skip

BIASED = _claim(
    "fid-biased", "In every dimension a sample makes FID too large",
    r"The means alone differ by $\mathrm{tr}\,C/n$ in the square; covariances add to it.", parameters=(any_n, trace),
    assumptions=(SAMPLE,), quantity=r"\mathbb E\,\mathrm{FID}_n", relation=Relation.GE, expression=trace.symbol / any_n.symbol,
    tight=True,
)  # fmt: skip

UNDERESTIMATED = _claim(
    "fid-underestimated", "With too few samples FID is underestimated",
    r"The README of the paper's code: with fewer than 10 000 samples the true FID of the generator is underestimated.",
    parameters=(n, sd, other), assumptions=(README,), quantity=r"\mathbb E\,\mathrm{FID}_n", relation=Relation.LE,
    expression=(_sd - other.symbol) ** 2, where="README of bioinf-jku/TTUR", confidence="verified",
    false_as_published="It is overestimated, by $\\sigma^2/n + 2s\\sigma(1 - c_4(n))$ on the line. What is too small is the "
    "extrapolation $2\\,\\mathrm{FID}_{2n} - \\mathrm{FID}_n$, by the order $n^{-2}$.",
)  # fmt: skip

GAN = _claim(
    "small-gan", "A small GAN with two rates learns",
    r"FID of the generator after training over that before, cut at 1: means over seeds. A number of our own; the paper's "
    r"networks are not repeated.",
    parameters=(), assumptions=(MLP,), quantity=r"\mathbb E\min(1, \mathrm{FID}_{\text{after}}/\mathrm{FID}_{\text{before}})",
    relation=Relation.LE, expression=sp.Rational(1, 2), remark="An observation: runs alone speak of it, one kind of evidence.",
)  # fmt: skip
