"""D-PSGD: every node averages with its neighbours in a graph and takes a local stochastic gradient step."""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_ROPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="dpsgd", authors=("Lian", "Zhang", "Zhang", "Hsieh", "Zhang", "Liu"),
    title="Can Decentralized Algorithms Outperform Centralized Algorithms? A Case Study for Decentralized Parallel "
    "Stochastic Gradient Descent",
    year=2017, family="communication", arxiv="1705.09056", venue="NeurIPS",
)  # fmt: skip

gamma = Parameter("gamma", "step size", latex=r"\gamma")
L = Parameter("L", "smoothness constant of every $f_i$")
n = Parameter("n", "number of nodes", COUNT)
K = Parameter("K", "number of steps", COUNT)
k = Parameter("k", "number of averagings, or of the eigenvalue", sp.S.Naturals0)
s = Parameter("s", "largest modulus of an eigenvalue of $W$ other than the 1", UNIT_ROPEN, r"\sqrt\rho")
sigma2 = Parameter("sigma2", "bound on the variance of a stochastic gradient", NONNEGATIVE, r"\sigma^2")
zeta2 = Parameter("zeta2", "bound on the mean square of local gradients about their mean", NONNEGATIVE, r"\varsigma^2")
Delta = Parameter("Delta", r"$f(\bar x_0) - f^*$", NONNEGATIVE, r"\Delta")
c = Parameter("c", "factor of the step size")
gradient = Parameter("g", "mean of the stochastic gradients (an entry of it)", REAL, r"\bar g")
mean_x = Parameter("x", "mean iterate (an entry of it)", REAL, r"\bar x")
curvature = Parameter("h", "second derivative of every $f_i$")
gh = Parameter("gh", "step size times curvature", latex=r"\gamma h")
lam = Parameter("lam", "eigenvalues of $W$, all or all but the 1", sp.Interval(-1, 1), r"\lambda", size="m")
beta = Parameter("beta", r"squared components of $b$ along eigenvectors of $\lambda$", NONNEGATIVE, r"\beta", size="m")
lam_min = Parameter("lam_min", "least eigenvalue of $W$", sp.Interval(-1, 1), r"\lambda_{\min}")
w = Parameter("w", "weight of a neighbour", sp.Interval(0, sp.Rational(1, 2)))

_g, _L, _n, _K, _s = gamma.symbol, L.symbol, n.symbol, K.symbol, s.symbol
_sig2, _z2, _Delta = sigma2.symbol, zeta2.symbol, Delta.symbol
_j, _m = sp.Symbol("j", integer=True), sp.Symbol("m", integer=True, positive=True)

#: The constants of the paper's theorem, and those that are derived here.
D2 = 1 - 18 * _g**2 * _n * _L**2 / (1 - _s) ** 2
D1 = sp.Rational(1, 2) - 9 * _g**2 * _L**2 * _n / ((1 - _s) ** 2 * D2)
D = 1 - 2 * _g**2 * _L**2 / (1 - _s) ** 2
GRAPH = _sig2 / (1 - _s) + 2 * _z2 / (1 - _s) ** 2
_TERMS = _sig2 / (1 - _s**2) + 9 * _z2 / (1 - _s) ** 2
_RATE = (gamma, L, n, K, s, sigma2, zeta2, Delta)
_DERIVED = {"where": "derived here", "confidence": "derived"}

MIXING_MATRIX = Assumption("mixing", "$W$ is symmetric and doubly stochastic")
CONNECTED = Assumption("connected", r"the graph is connected and not bipartite with zero self-weights: $\sqrt\rho < 1$")
SMOOTH = Assumption("smooth", "each $f_i$ is $L$-smooth and $f$ is bounded below")
NOISE = Assumption(
    "variance", r"gradients are unbiased, independent over nodes and steps, of variance at most $\sigma^2$"
)
_SPREAD = r"$\frac1n\sum\|\nabla f_i(x) - \nabla f(x)\|^2 \le \varsigma^2$ along the mean iterates"
HETEROGENEITY = Assumption("heterogeneity", _SPREAD)
CONSENSUS_START = Assumption("consensus_start", "all nodes start at the same point")
SHORT_STEP = Assumption("short_step", r"$\gamma L \le 1$", sp.Le(_g * _L, 1))
QUADRATICS = Assumption("quadratics", r"$f_i = \frac h2(x - b_i)^2$ with one $h$, noise of variance $\sigma^2$")
STABLE = Assumption("stable", r"$\gamma h < 1 + \lambda_{\min}(W)$")
_ALL = (MIXING_MATRIX, CONNECTED, SMOOTH, NOISE, HETEROGENEITY, CONSENSUS_START)


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


MIXING = _claim(
    "mixing", "Repeated averaging reaches the mean geometrically",
    r"$\|\frac1n\mathbf 1 - W^ke_i\|^2 = \sum_{j\ge2}\lambda_j^{2k}v_j(i)^2 \le \rho^k$.",
    parameters=(s, k), assumptions=(MIXING_MATRIX,), quantity=r"\|\tfrac1n\mathbf 1 - W^ke_i\|^2", relation=Relation.LE,
    expression=_s ** (2 * k.symbol), where="lemma on consensus (number not recalled)",
)  # fmt: skip

MIXING_SHARP = _claim(
    "mixing-sharp", "The same with the best constant",
    r"$\|\frac1n\mathbf 1 - W^ke_i\|^2 \le (1 - \frac1n)\rho^k$, attained by the complete graph with any self-weight.",
    parameters=(s, k, n), assumptions=(MIXING_MATRIX,), quantity=r"\|\tfrac1n\mathbf 1 - W^ke_i\|^2", relation=Relation.LE,
    expression=(1 - 1 / _n) * _s ** (2 * k.symbol), **_DERIVED, tight=True,
)  # fmt: skip

MEAN_ITERATE = _claim(
    "mean-iterate", "The mean iterate takes a mean gradient step",
    r"$\bar x_{k+1} = \bar x_k - \gamma\frac1n\sum_i\nabla F_i(x_{k,i};\xi_{k,i})$ for every doubly stochastic $W$.",
    parameters=(mean_x, gamma, gradient), assumptions=(Assumption("doubly_stochastic", "rows and columns of $W$ sum to one"),),
    quantity=r"\bar x_{k+1}", relation=Relation.EQ, expression=mean_x.symbol - _g * gradient.symbol,
    where="analysis of the algorithm", tight=True,
)  # fmt: skip

THEOREM1 = _claim(
    "theorem1", "Rate of D-PSGD for smooth nonconvex problems, as stated",
    r"With $D_2 = 1 - 18\gamma^2nL^2/(1-\sqrt\rho)^2 > 0$ and $D_1 = \frac12 - 9\gamma^2L^2n/((1-\sqrt\rho)^2D_2) > 0$, "
    r"the average of $\frac{1-\gamma L}2\mathbb E\|\bar g_k\|^2 + D_1\mathbb E\|\nabla f(\bar x_k)\|^2$, $\bar g_k = "
    r"\frac1n\sum\nabla f_i(x_{k,i})$, over $K$ steps is at most the bound.",
    parameters=_RATE,
    assumptions=(*_ALL, SHORT_STEP, Assumption("D2", "$D_2 > 0$", sp.Gt(D2, 0)), Assumption("D1", "$D_1 > 0$", sp.Gt(D1, 0))),
    quantity=r"\frac1K\sum_{k<K}\big[\tfrac{1-\gamma L}2\mathbb E\|\bar g_k\|^2 + D_1\mathbb E\|\nabla f(\bar x_k)\|^2\big]",
    relation=Relation.LE,
    expression=_Delta / (_g * _K) + _g * _L * _sig2 / (2 * _n) + _g**2 * _L**2 * _n / D2 * _TERMS,
    where="Theorem 1", confidence="recalled", remark="As recalled here it follows from dpsgd.sharper, which is proved.",
)  # fmt: skip

COROLLARY2 = _claim(
    "corollary2", "Linear speed-up after enough steps, as stated",
    r"With $\gamma = 1/(2L + \sigma\sqrt{K/n})$ and $K$ large enough, the average of $\mathbb E\|\nabla f(\bar x_k)\|^2$ "
    r"is at most $8\Delta L/K + (8\Delta + 4L)\sigma/\sqrt{Kn}$.",
    parameters=_RATE[1:],
    assumptions=(
        *_ALL, Assumption("step", r"$\gamma = 1/(2L + \sigma\sqrt{K/n})$"),
        Assumption(
            "graph_forgotten",
            r"$K \ge \frac{4L^4n^5}{\sigma^6(\Delta + L)^2}\big(\frac{\sigma^2}{1-\rho} + "
            r"\frac{9\varsigma^2}{(1-\sqrt\rho)^2}\big)^2$",
            sp.Ge(_K * _sig2**3 * (_Delta + _L) ** 2, 4 * _L**4 * _n**5 * _TERMS**2),
        ),
        Assumption(
            "step_small", r"$K \ge 72L^2n^2/(\sigma^2(1-\sqrt\rho)^2)$", sp.Ge(_K * _sig2 * (1 - _s) ** 2, 72 * _L**2 * _n**2)
        ),
    ),
    quantity=r"\frac1K\sum_{k<K}\mathbb E\|\nabla f(\bar x_k)\|^2", relation=Relation.LE,
    expression=8 * _Delta * _L / _K + (8 * _Delta + 4 * _L) * sp.sqrt(_sig2 / (_K * _n)), where="Corollary 2",
    confidence="recalled", remark=r"The exponent of $\sigma$ in the first condition on $K$ is six by the units of the quantities; "
    "the statement with it follows from dpsgd.sharper, with half the constants.",
)  # fmt: skip

CONSENSUS = _claim(
    "consensus", "Consensus error of D-PSGD",
    r"With $D = 1 - 2\gamma^2L^2/(1-\sqrt\rho)^2 > 0$ the average of $\frac1n\sum_i\mathbb E\|x_{k,i} - \bar x_k\|^2$ over "
    r"$K$ steps is at most $\frac{\gamma^2}D\big[\frac{\sigma^2}{1-\sqrt\rho} + \frac{2\varsigma^2}{(1-\sqrt\rho)^2}\big]$.",
    parameters=(gamma, L, s, sigma2, zeta2), assumptions=(*_ALL, Assumption("D", "$D > 0$", sp.Gt(D, 0))),
    quantity=r"\frac1K\sum_{k<K}\frac1n\sum_i\mathbb E\|x_{k,i} - \bar x_k\|^2", relation=Relation.LE,
    expression=_g**2 / D * GRAPH, **_DERIVED,
)  # fmt: skip

SHARPER = _claim(
    "sharper", "Rate of D-PSGD without the factor $n$ in the graph's terms",
    r"With $D = 1 - 2\gamma^2L^2/(1-\sqrt\rho)^2 > 0$ and $\gamma L \le 1$ the average of $\mathbb E\|\nabla f(\bar "
    r"x_k)\|^2 + (1-\gamma L)\mathbb E\|\bar g_k\|^2$ over $K$ steps is at most the bound.",
    parameters=_RATE, assumptions=(*_ALL, SHORT_STEP, Assumption("D", "$D > 0$", sp.Gt(D, 0))),
    quantity=r"\frac1K\sum_{k<K}\big[\mathbb E\|\nabla f(\bar x_k)\|^2 + (1-\gamma L)\mathbb E\|\bar g_k\|^2\big]",
    relation=Relation.LE, expression=2 * _Delta / (_g * _K) + _g * _L * _sig2 / _n + _g**2 * _L**2 / D * GRAPH, **_DERIVED,
)  # fmt: skip

#: With gamma = c sqrt(n/K): the terms that do not know the graph, times sqrt(nK).
NOISE_TERMS = 2 * _Delta / c.symbol + c.symbol * _L * _sig2

LINEAR_SPEEDUP = _claim(
    "linear-speedup", "From which $K$ on the speed-up is linear",
    r"With $\gamma = c\sqrt{n/K}$, $K \ge 4c^2nL^2/(1-\sqrt\rho)^2$ and $K \ge "
    r"n^3\big(2c^2L^2[\frac{\sigma^2}{1-\sqrt\rho} + \frac{2\varsigma^2}{(1-\sqrt\rho)^2}]/(2\Delta/c + "
    r"cL\sigma^2)\big)^2$ the graph at most doubles the bound: order $n^3/(1-\sqrt\rho)^2$ steps for the noise, "
    r"$n^3/(1-\sqrt\rho)^4$ for the heterogeneity.",
    parameters=(c, *_RATE[1:]),
    assumptions=(
        *_ALL, Assumption("half", r"$D \ge \frac12$, so $\gamma L \le 1$", sp.Ge(_K * (1 - _s) ** 2, 4 * c.symbol**2 * _n * _L**2)),
        Assumption(
            "graph_forgotten", "the graph's term is at most the others",
            sp.Ge(_K * NOISE_TERMS**2, _n**3 * (2 * c.symbol**2 * _L**2 * GRAPH) ** 2),
        ),
    ),
    quantity=r"\frac1K\sum_{k<K}\mathbb E\|\nabla f(\bar x_k)\|^2", relation=Relation.LE,
    expression=2 * NOISE_TERMS / sp.sqrt(_n * _K), **_DERIVED,
)  # fmt: skip

STATIONARY = _claim(
    "stationary", "Stationary variance of the mean, for every graph",
    r"The variance of $\bar x_k$ tends to $\gamma\sigma^2/(nh(2 - \gamma h))$, whatever $W$.",
    parameters=(gamma, curvature, n, sigma2),
    assumptions=(
        MIXING_MATRIX, QUADRATICS,
        Assumption("stable_mean", r"$\gamma h < 2$; the nodes may diverge from their mean", sp.Lt(_g * curvature.symbol, 2)),
    ),
    quantity=r"\lim\mathrm{Var}(\bar x_k)", relation=Relation.EQ,
    expression=_g * _sig2 / (_n * curvature.symbol * (2 - _g * curvature.symbol)), where="derived here", tight=True,
)  # fmt: skip

STATIONARY_NODE = _claim(
    "stationary-node", "Stationary variance of a node of a vertex-transitive graph",
    r"The variance of every $x_{k,i}$ tends to $\gamma^2\sigma^2\frac1n\sum_j1/(1 - (\lambda_j - \gamma h)^2)$.",
    parameters=(gamma, curvature, sigma2, lam),
    assumptions=(MIXING_MATRIX, QUADRATICS, STABLE, Assumption("transitive", "the graph looks alike from every node")),
    quantity=r"\lim\mathrm{Var}(x_{k,i})", relation=Relation.EQ,
    expression=_g**2 * _sig2 / _m * sp.Sum(1 / (1 - (lam.symbol[_j] - _g * curvature.symbol) ** 2), (_j, 1, _m)),
    where="derived here", tight=True,
)  # fmt: skip

CONSENSUS_ERROR = _claim(
    "consensus-error", "Without noise the nodes still disagree",
    r"$x_\infty - \bar x\mathbf 1 = (I - W + \gamma hI)^{-1}\gamma h(I - J)b$: an error of order $\gamma^2$ that persists "
    "iff the $b_i$ differ.",
    parameters=(gh, n, lam, beta), assumptions=(MIXING_MATRIX, QUADRATICS, STABLE),
    quantity=r"\frac1n\sum_i(x_{\infty,i} - \bar x_\infty)^2", relation=Relation.EQ,
    expression=sp.Sum((gh.symbol / (1 - lam.symbol[_j] + gh.symbol)) ** 2 * beta.symbol[_j], (_j, 1, _m)) / _n,
    where="derived here", tight=True,
)  # fmt: skip

STABILITY = _claim(
    "stability", "Largest stable step of D-PSGD on quadratics",
    r"The mean recursion is stable iff $\gamma h < 1 + \lambda_{\min}(W)$: a bipartite graph with zero self-weights "
    "diverges at every step size.",
    parameters=(lam_min,), assumptions=(MIXING_MATRIX, QUADRATICS), quantity=r"\sup\{\gamma h : \text{stable}\}",
    relation=Relation.IFF, expression=1 + lam_min.symbol, where="derived here", tight=True,
)  # fmt: skip

RING = _claim(
    "ring", "Spectrum of a ring",
    r"Weights $(w, 1-2w, w)$: $\lambda_k = 1 - 2w + 2w\cos(2\pi k/n)$. For $w = \frac13$, $1 - \sqrt\rho \approx "
    r"4\pi^2/(3n^2)$.",
    parameters=(w, k, n),
    assumptions=(Assumption("ring", "a ring, all weights equal"), Assumption("three", r"$n \ge 3$", sp.Ge(_n, 3))),
    quantity=r"\lambda_k(W)", relation=Relation.EQ,
    expression=1 - 2 * w.symbol + 2 * w.symbol * sp.cos(2 * sp.pi * k.symbol / _n), where="discussion of the ring", tight=True,
)  # fmt: skip

COMPLETE_GRAPH = _claim(
    "complete-graph", "When the complete graph gives centralised SGD",
    r"If nodes average after the step, $X_{k+1} = (X_k - \gamma G_k)J$ with $J = \frac1n\mathbf 1\mathbf 1^\top$, every "
    r"node is at the iterate of centralised mini-batch SGD. D-PSGD, $X_kJ - \gamma G_k$, is not: its gradients are taken "
    "where the nodes differ.",
    parameters=(mean_x, gamma, gradient),
    assumptions=(Assumption("average_last", "the step is taken before the average"), CONSENSUS_START), quantity="x_{k+1,i}",
    relation=Relation.EQ, expression=mean_x.symbol - _g * gradient.symbol, tight=True, **_DERIVED,
)  # fmt: skip
