"""Layered SGD: groups of workers reduce to a communicator each; these all-reduce while the workers load their next "
"minibatch."""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_LOPEN, UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="layered-sgd", authors=("Yu", "Flynn", "Yoo", "D'Imperio"),
    title="Layered SGD: A Decentralized and Synchronous SGD Algorithm for Scalable Deep Neural Network Training",
    year=2019, family="communication", arxiv="1906.05936",
)  # fmt: skip

y = Parameter("y", "an entry of the iterate of synchronous SGD after the same steps", REAL)
n = Parameter("n", "workers of each group", COUNT, size="G")
s = Parameter("s", "sum of the gradients (of an entry) of each group", REAL, size="G")
chi2 = Parameter("chi2", r"$\frac1N\sum_i(Nw_i - 1)^2 = \frac N{G^2}\sum_g\frac1{n_g} - 1$", latex=r"\chi^2")
zeta2 = Parameter("zeta2", r"$\frac1N\sum_i\|G_i - \bar G\|^2$", NONNEGATIVE, r"\varsigma^2")
u = Parameter("u", "unit roundoff", UNIT_OPEN)
h = Parameter("h", "roundings that a gradient passes at most: additions and the division", COUNT)
M = Parameter("M", r"$\frac1N\sum_i|G_i|$ (of an entry)", NONNEGATIVE)
N = Parameter("N", "number of workers", COUNT)
eta = Parameter("eta", "step size", latex=r"\eta")
L = Parameter("L", "smoothness constant of $f$")
T = Parameter("T", "number of steps", COUNT)
eps = Parameter("eps", "bound on the difference of the two rounding errors of a step", NONNEGATIVE, r"\varepsilon")
Delta = Parameter("Delta", r"$f(x_0) - \inf f$", NONNEGATIVE, r"\Delta")
sigma2 = Parameter("sigma2", "bound on the variance of the gradient of one sample", NONNEGATIVE, r"\sigma^2")
B_tot = Parameter("B_tot", "samples of all workers in a step", COUNT, r"B_{\mathrm{tot}}")
T_comp = Parameter("T_comp", "time of the gradient (s)", NONNEGATIVE, r"T_{\mathrm{comp}}")
T_io = Parameter("T_io", "time to load the next minibatch (s)", NONNEGATIVE, r"T_{\mathrm{io}}")
R = Parameter("R", "time of the reduction to the communicator (s)", NONNEGATIVE)
B = Parameter("B", "time of the broadcast from the communicator (s)", NONNEGATIVE)
A_G = Parameter("A_G", "time of the all-reduce of the communicators (s)", NONNEGATIVE)
A_N = Parameter("A_N", "time of the all-reduce of all workers (s)", NONNEGATIVE)
alpha2 = Parameter("alpha2", "latency of a message between groups (s)", latex=r"\alpha_2")
beta2 = Parameter("beta2", "time of a byte between groups (s)", latex=r"\beta_2")
m = Parameter("m", "size of the gradient (bytes)")
tau = Parameter("tau", "mean time of a worker's gradient (s)", latex=r"\tau")
k = Parameter("k", "number of small steps", COUNT)
z = Parameter("z", r"small step times curvature, $\eta h$", UNIT_LOPEN)
eta0 = Parameter("eta0", "step size at the start of the warm-up", latex=r"\eta_0")
b = Parameter("b", "what a step adds to the step size", NONNEGATIVE)
curvature = Parameter("h", r"curvature: $f = \frac h2x^2$")
x = Parameter("x", r"$x_T$ of synchronous SGD", REAL, "x_T")

_eta, _L, _T, _z, _k, _N = eta.symbol, L.symbol, T.symbol, z.symbol, k.symbol, N.symbol
_g, _G = sp.Symbol("g", integer=True), sp.Symbol("G", integer=True, positive=True)
_overlapped = sp.Max(T_io.symbol, A_G.symbol)
_link = T_io.symbol + 2 * alpha2.symbol - 2 * m.symbol * beta2.symbol

PARTITION = Assumption("partition", "every worker is in exactly one group, and all groups are heard")
ONE_DIVISION = Assumption(
    "one_division", "communicators divide the sums of their groups by the number $N$ of all workers"
)
CURRENT = Assumption("current", "gradients are those at the current iterate")
OWN_RATE = Assumption("own_rate", "a gradient is applied with the step size of its own step")
MEANS = Assumption(
    "mean_of_means",
    r"communicators average their group, and the averages are averaged: $w_i = 1/(Gn_g)$ for $i$ in group $g$",
)
ROUNDING = Assumption(
    "rounding", r"every addition and division returns the exact result times $1 + \delta$, $|\delta| \le u$"
)
LEAVES = Assumption("exact_inputs", "the gradients to be added are floating-point numbers")
DEPTH = Assumption("depth", "no gradient passes more than $h$ roundings on its way to the mean")
EQUAL = Assumption("equal_groups", "$G$ groups of $N/G$ workers")
SEQUENTIAL = Assumption(
    "sequential", "groups, then communicators, are added one after the other; each communicator divides once"
)
SMOOTH = Assumption("smooth", "$f$ is $L$-smooth")
CONVEX = Assumption("convex", "$f$ is convex")
SAME_START = Assumption("same_start", "both start at the same point")
CLOSE = Assumption("close", r"the rounding errors of the two aggregates differ by at most $\varepsilon$ in every step")
LOWER = Assumption("lower_bounded", r"$\inf f > -\infty$")
UNBIASED = Assumption("unbiased", "each sample's gradient has the mean $\\nabla f$, whatever came before")
VARIANCE = Assumption(
    "variance",
    r"samples are independent, of variance at most $\sigma^2$, and their gradients are averaged over all of them",
)
DEPENDENCIES = Assumption(
    "dependencies", "the gradient is computed on a loaded minibatch, then reduced; then it is all-reduced while the "
    "next minibatch "
    "is loaded; the broadcast waits for both, and the next gradient for the broadcast",
)  # fmt: skip
NO_PREFETCH = Assumption("no_prefetch", "without layers, computing, the all-reduce and loading follow each other")
RING = Assumption("ring", r"$A_G = 2(G-1)\alpha_2 + 2\frac{G-1}Gm\beta_2$, a ring all-reduce of equal shares")
EXPONENTIAL = Assumption("exponential", r"times of the gradients are independent and exponential of mean $\tau$")
QUADRATIC = Assumption(
    "quadratic", "the loss is a quadratic along the eigenvector of curvature $h$, and all gradients are exact"
)
DELAYED = Assumption("delayed_rate", r"gradient $i$ is applied with $\eta_{i+1}$")
WARM_UP = Assumption("warm_up", r"$\eta_i = \eta_0 + bi$")

_DERIVED: dict[str, Any] = {"where": "derived here", "confidence": "derived"}


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


EQUIVALENCE = _claim(
    "equivalence", "Layered SGD is synchronous SGD",
    r"For any partition into groups and any samples, $x_{t+1} = x_t - \eta_t\sum_g\frac1N\sum_{i\in g}G_i(x_t)$ are "
    r"the iterates of "
    "synchronous SGD.",
    parameters=(y,), assumptions=(PARTITION, ONE_DIVISION, CURRENT, OWN_RATE), quantity="x_T", relation=Relation.EQ,
    expression=y.symbol, where="abstract, and the algorithm of the released code", tight=True,
)  # fmt: skip

MEAN_OF_MEANS = _claim(
    "mean-of-means", "What an average of the groups' averages is off by",
    r"The mean of the groups' means differs from the mean of all by $\sum_g\sum_{i\in g}(\frac1{Gn_g} - \frac1N)G_i$, "
    r"which is zero for "
    "all gradients iff the groups are equally large.",
    parameters=(n, s, N), assumptions=(MEANS, PARTITION), quantity=r"\frac1G\sum_g\frac1{n_g}\sum_{i\in g}G_i - \bar G",
    relation=Relation.EQ, expression=sp.Sum((1 / (_G * n.symbol[_g]) - 1 / _N) * s.symbol[_g], (_g, 1, _G)), tight=True,
    **_DERIVED,
)  # fmt: skip

MEAN_OF_MEANS_BIAS = _claim(
    "mean-of-means-bias", "How far an average of averages is off at most",
    r"With $w_i = 1/(Gn_g)$: $\|\sum_iw_iG_i - \bar G\|^2 \le \chi^2\varsigma^2$, attained where $G_i - \bar G$ is "
    r"proportional to "
    r"$w_i - \frac1N$. For equal groups $\chi^2 = 0$, and the two agree.",
    parameters=(chi2, zeta2), assumptions=(MEANS,), quantity=r"\|\sum_iw_iG_i - \bar G\|^2", relation=Relation.LE,
    expression=chi2.symbol * zeta2.symbol, tight=True, **_DERIVED,
)  # fmt: skip

FLOAT = _claim(
    "float", "Rounding error of a mean, in whatever order it is added up",
    r"$|\mathrm{fl}(\bar G) - \bar G| \le ((1+u)^h - 1)\frac1N\sum_i|G_i|$ if no gradient passes more than $h$ "
    r"roundings: $h = N$ one after "
    r"the other, $h = \max_gn_g + G - 1 \le N$ in two layers.",
    parameters=(u, h, M), assumptions=(ROUNDING, LEAVES, DEPTH), quantity=r"|\mathrm{fl}(\bar G) - \bar G|", relation=Relation.LE,
    expression=((1 + u.symbol) ** h.symbol - 1) * M.symbol, tight=True, **_DERIVED,
)  # fmt: skip

ROUNDING_DEPTH = _claim(
    "rounding-depth", "Roundings in a row with the best number of equal groups",
    r"Two layers of sums one after the other, and a division, are $h = \frac NG + G - 1$ roundings in a row, at least "
    r"$2\sqrt N - 1$, "
    r"attained at $G = \sqrt N$; without layers $h = N$.",
    parameters=(N,), assumptions=(EQUAL, SEQUENTIAL), quantity=r"\min_{G>0}\frac NG + G - 1", relation=Relation.EQ,
    expression=2 * sp.sqrt(_N) - 1, tight=True, **_DERIVED,
)  # fmt: skip

ROUNDING_DRIFT = _claim(
    "rounding-drift", "How far rounding drives layered and synchronous SGD apart",
    r"With $x^+ = x - \eta(\nabla f(x) + d)$, $y^+ = y - \eta(\nabla f(y) + e)$ and $\|d - e\| \le \varepsilon$ in "
    r"every step: "
    r"$\|x_T - y_T\|^2 \le T(T+1)\eta^2\varepsilon^2$ for $\eta \le 2/L$.",
    parameters=(eta, L, T, eps),
    assumptions=(CONVEX, SMOOTH, SAME_START, CLOSE, Assumption("short_step", r"$\eta \le 2/L$", sp.Le(_eta, 2 / _L))),
    quantity=r"\|x_T - y_T\|^2", relation=Relation.LE, expression=_T * (_T + 1) * _eta**2 * eps.symbol**2, **_DERIVED,
    remark=r"The distance grows by at most $\eta\varepsilon$ a step, so that $T^2$ would do; a linear $f$ attains that.",
)  # fmt: skip

CONVERGENCE = _claim(
    "convergence", "Rate of layered SGD for smooth nonconvex losses, whatever the groups",
    r"$\frac1T\sum_{t<T}\mathbb E\|\nabla f(x_t)\|^2 \le \frac{2\Delta}{\eta T} + \frac{\eta L\sigma^2}{B_{\mathrm{tot}}}$ "
    r"for $\eta \le 1/L$: the "
    "rate of SGD with all samples of a step as its batch.",
    parameters=(eta, L, T, Delta, sigma2, B_tot),
    assumptions=(SMOOTH, LOWER, UNBIASED, VARIANCE, Assumption("short_step", r"$\eta \le 1/L$", sp.Le(_eta, 1 / _L))),
    quantity=r"\frac1T\sum_{t<T}\mathbb E\|\nabla f(x_t)\|^2", relation=Relation.LE,
    expression=2 * Delta.symbol / (_eta * _T) + _eta * _L * sigma2.symbol / B_tot.symbol, tight=True, **_DERIVED,
)  # fmt: skip

MAKESPAN = _claim(
    "makespan", "No schedule of layered SGD is faster",
    r"$T$ iterations, with the first and every next minibatch loaded, take at least $T_{\mathrm{io}} + T(T_{\mathrm{comp}} + R "
    r"+ \max(T_{\mathrm{io}}, A_G) "
    r"+ B)$; starting everything as early as it can attains it.",
    parameters=(T_comp, T_io, R, B, A_G, T), assumptions=(DEPENDENCIES,), quantity=r"\text{makespan}", relation=Relation.GE,
    expression=T_io.symbol + _T * (T_comp.symbol + R.symbol + _overlapped + B.symbol), tight=True, **_DERIVED,
)  # fmt: skip

TIME = _claim(
    "time", "Time that the layers save in each iteration",
    r"$t_{\mathrm{flat}} = T_{\mathrm{comp}} + T_{\mathrm{io}} + A_N$, $t_{\mathrm{layered}} = T_{\mathrm{comp}} + R "
    r"+ \max(T_{\mathrm{io}}, A_G) + "
    r"B$: layers save "
    r"$\min(T_{\mathrm{io}}, A_G) + (A_N - A_G) - R - B$, and win iff $R + B < \min(T_{\mathrm{io}}, A_G) + A_N - A_G$.",
    parameters=(T_io, R, B, A_G, A_N), assumptions=(DEPENDENCIES, NO_PREFETCH), quantity=r"t_{\mathrm{flat}} - "
    r"t_{\mathrm{layered}}",
    relation=Relation.EQ, expression=sp.Min(T_io.symbol, A_G.symbol) + A_N.symbol - A_G.symbol - R.symbol - B.symbol, tight=True,
    **_DERIVED,
)  # fmt: skip

OVERLAP_LIMIT = _claim(
    "overlap-limit", "Hiding the all-reduce behind loading saves at most half of the time",
    r"If two layers do not communicate less than one, $A_N \le R + A_G + B$, then computing, loading and the all-reduce one "
    r"after the other, $t_{\mathrm{flat}} = T_{\mathrm{comp}} + T_{\mathrm{io}} + A_N$, take at most $2t_{\mathrm{layered}}$; "
    r"attained for $T_{\mathrm{io}} = A_G = A_N$ and nothing else to do.",
    parameters=(T_comp, T_io, R, B, A_G, A_N),
    assumptions=(Assumption("no_cheaper", r"$A_N \le R + A_G + B$", sp.Le(A_N.symbol, R.symbol + A_G.symbol + B.symbol)),),
    quantity=r"T_{\mathrm{comp}} + T_{\mathrm{io}} + A_N", relation=Relation.LE,
    expression=2 * (T_comp.symbol + R.symbol + _overlapped + B.symbol), tight=True, **_DERIVED,
)  # fmt: skip

HIDDEN_COMMUNICATION = _claim(
    "hidden-communication", "How many groups all-reduce for nothing",
    r"With a ring, $A_G = 2(G-1)\alpha_2 + 2\frac{G-1}Gm\beta_2$ grows with $G$; $A_G \le T_{\mathrm{io}}$, so that an "
    r"iteration does not depend on "
    r"$G$, iff $G$ is at most the positive root of $2\alpha_2G^2 - (T_{\mathrm{io}} + 2\alpha_2 - 2m\beta_2)G - 2m\beta_2$.",
    parameters=(T_io, alpha2, beta2, m), assumptions=(RING,),
    quantity=r"\sup\{G \ge 1: A_G \le T_{\mathrm{io}}\}", relation=Relation.IFF,
    expression=(_link + sp.sqrt(_link**2 + 16 * alpha2.symbol * m.symbol * beta2.symbol)) / (4 * alpha2.symbol), tight=True,
    **_DERIVED,
)  # fmt: skip

STRAGGLER = _claim(
    "straggler", "Waiting for the slowest worker, with layers or without",
    r"$\mathbb E\max_{i\le N}\tau_i = \tau H_N$, $H_N = \sum_{k\le N}\frac1k$; the slowest of the groups' slowest "
    r"workers is the slowest.",
    parameters=(tau, N), assumptions=(EXPONENTIAL, PARTITION), quantity=r"\mathbb E\max_g\max_{i\in g}\tau_i", relation=Relation.EQ,
    expression=tau.symbol * sp.harmonic(_N), tight=True, **_DERIVED,
)  # fmt: skip

LINEAR_SCALING = _claim(
    "linear-scaling", "What one step of k times the length loses against k steps",
    r"$\langle x_k - \hat x, x_0\rangle \le \frac{k(k-1)}2z^2\|x_0\|^2$ for $x_k = (1-z)^kx_0$, after $k$ steps on a "
    r"quadratic, and "
    r"$\hat x = (1-kz)x_0$, after one of $k$ times the length.",
    parameters=(k, z), assumptions=(QUADRATIC,), quantity="(1-z)^k - (1-kz)", relation=Relation.LE,
    expression=_k * (_k - 1) * _z**2 / 2, tight=True, **_DERIVED,
)  # fmt: skip

LINEAR_SCALING_BELOW = _claim(
    "linear-scaling-below", "One step of k times the length never does less than k steps",
    r"$(1-z)^k \ge 1 - kz$: the long step goes at least as far. With equality for $k = 1$.",
    parameters=(k, z), assumptions=(QUADRATIC,), quantity="(1-z)^k", relation=Relation.GE, expression=1 - _k * _z, tight=True,
    **_DERIVED,
)  # fmt: skip

WARM_UP_SHIFT = _claim(
    "warm-up-shift", "What the released code's delayed step sizes do during a linear warm-up",
    r"Setting the step size before the gradient of the step before is applied, $y_{t+1} = (1 - \eta_{t+1}h)y_t$, "
    r"exchanges one factor: "
    r"$y_T = \frac{1 - \eta_Th}{1 - \eta_0h}x_T$.",
    parameters=(eta0, b, curvature, T, x),
    assumptions=(QUADRATIC, WARM_UP, DELAYED, Assumption("first_step", r"$\eta_0h < 1$", sp.Lt(eta0.symbol * curvature.symbol, 1))),
    quantity="y_T", relation=Relation.EQ,
    expression=x.symbol * (1 - (eta0.symbol + b.symbol * _T) * curvature.symbol) / (1 - eta0.symbol * curvature.symbol), tight=True,
    where="released code, LSGD.py against CSGD.py", confidence="derived",
    remark=r"That $\eta_0h < 1$ keeps the quotient defined; nothing else needs it.",
)  # fmt: skip
