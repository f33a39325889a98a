"""Which minima SGD can stay at: mean-square stability of linearised SGD, its exact threshold, and what it implies.

Around a minimum, ``delta_{t+1} = (I - eta H_b) delta_t`` with ``H_b`` the mean of the batch's Hessians. p is the weight of
single-sample noise: (n - B)/(B (n - 1)) for batches without replacement, 1/B with replacement or with fresh samples.
On symmetric matrices ``C(X) = (HX + XH)/2`` and ``D(X) = (1 - p) HXH + p mean_i H_i X H_i``.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="sgd-stability", authors=("Wu", "Su"), year=2023, family="landscape", arxiv="2305.17490", venue="ICML",
    title="The Implicit Regularization of Dynamical Stability in Stochastic Gradient Descent",
)  # fmt: skip
MM = "Mulayoff, Michaeli (2024), Exact Mean Square Linear Stability Analysis for SGD, arXiv:2306.07850"
ALIGNMENT = "Wu, Wang, Su (2022), The alignment property of SGD noise, arXiv:2207.02628"
SELECTS = "Wu, Ma, E (2018), How SGD Selects the Global Minima in Over-parameterized Learning"

# --- parameters ------------------------------------------------------------------------------------------------------

eta = Parameter("eta", "step size, unit 1/curvature", latex=r"\eta")
p = Parameter("p", "weight of single-sample noise, from n, B and the sampling", sp.Interval(0, 1))
lam = Parameter("lam", "largest eigenvalue of $C^+ D$", latex=r"\lambda_{\max}(C^+D)")
lam_I = Parameter(
    "lam_I", r"largest eigenvalue of $H^{+1/2} [(1-p) H^2 + p\,\overline{H_i^2}] H^{+1/2}$", latex=r"\lambda_I"
)
h_max = Parameter("h_max", "largest eigenvalue of any $H_i$", latex=r"h_{\max}")
lam_K = Parameter("lam_K", r"largest eigenvalue of the $n \times n$ matrix $K$", latex=r"\lambda_{\max}(K)")
R1 = Parameter("R1", r"max over $|v| = 1$ of $v'Hv + p\,\operatorname{mean}_i (v'H_i v - v'Hv)^2/v'Hv$", latex="R_1")
tr = Parameter("tr", "Tr(H)", latex=r"\mathrm{Tr} H")
h2 = Parameter("h2", r"$\|H\|_F^2$", latex=r"\|H\|_F^2")
hi2 = Parameter("hi2", r"mean over samples of $\|H_i\|_F^2$", latex=r"\overline{\|H_i\|_F^2}")
x0 = Parameter("x0", r"$\|\delta_t\|^2$", NONNEGATIVE, r"\|\delta\|^2")
x1 = Parameter("x1", r"$\delta_t' H \delta_t$", NONNEGATIVE, r"\delta^\top H\delta")
x2 = Parameter("x2", r"$\|H \delta_t\|^2$", NONNEGATIVE, r"\|H\delta\|^2")
xi2 = Parameter("xi2", r"mean over samples of $\|H_i \delta_t\|^2$", NONNEGATIVE, r"\overline{\|H_i\delta\|^2}")
eta_smaller = Parameter("eta_smaller", "the threshold at batch size B - 1", latex=r"\eta^*(B-1)")
lam_j = Parameter("lam_j", "eigenvalues of H", latex=r"\lambda", size="d")
B = Parameter("B", "batch size", COUNT)
y = Parameter("y", r"trace of $(2C-\eta D)^+$ applied to the mean of $g_i g_i'$ on $\operatorname{range}(H)$", REAL)
y_H = Parameter(
    "y_H", r"trace of $H$ times $(2C-\eta D)^+$ applied to the mean of $g_i g_i'$ on $\operatorname{range}(H)$", REAL,
    r"\langle H, y\rangle",
)  # fmt: skip
mu0 = Parameter("mu0", "alignment factor", latex=r"\mu_0")
loss = Parameter(
    "loss", r"$\mathbb{E} L(\theta_t)$, with $L = 0$ at the minimum", NONNEGATIVE, r"\mathbb E L(\theta_t)"
)
wSw = Parameter("wSw", "sum over neurons of $w_j' S w_j$", NONNEGATIVE, r"\sum_j w_j^\top S w_j")
a2 = Parameter("a2", r"$\|a\|^2$, the squared output weights", NONNEGATIVE, r"\|a\|^2")
S_jj = Parameter("S_jj", "mean squares of the inputs' coordinates over the sample", NONNEGATIVE, "S", size="d")
ab2 = Parameter("ab2", "$a_j^2 + b_j^2$", NONNEGATIVE, "(a^2 + b^2)", size="d")
trS = Parameter("trS", "trace of the second moment S of the inputs", latex=r"\mathrm{Tr} S")

# --- assumptions -----------------------------------------------------------------------------------------------------

INTERPOLATING = Assumption("interpolating", "every sample's gradient vanishes at the minimum")
REGULAR = Assumption("regular", "the mean gradient vanishes at the minimum")
PSD = Assumption("psd_hessians", "every $H_i$ is positive semidefinite")
BATCHES = Assumption(
    "iid_uniform_batches", "batches are uniform, independent of one another, and $p$ is that of the sampling"
)
RANK_ONE = Assumption("rank_one_hessians", r"$H_i = J_iJ_i^\top$: a square loss with one output")
LINEARISED = Assumption("linearised", "SGD is replaced by its linearisation at the minimum")
MEAN_SQUARE = Assumption(
    "mean_square", r"stable means that $\mathbb E\|\delta_t\|^2$ stays bounded on $\operatorname{range}(H)$"
)
STABLE = Assumption(
    "stable", r"the minimum is mean-square stable at $\eta$, that is $\eta \le \eta^*$", eta.symbol <= 2 / lam.symbol
)
BELOW = Assumption("below_threshold", r"$\eta < \eta^*$", eta.symbol < 2 / lam.symbol)
SINGLE = Assumption("p_is_one", "$p = 1$: one sample a step", sp.Eq(p.symbol, 1))
GAUSSIAN_FEATURES = Assumption(
    "gaussian_features", r"each step draws $B$ fresh $J$ with the moments up to the fourth of $N(0, H)$"
)
BELOW_POLE = Assumption("below_pole", r"$\eta < 2/((1 + 1/B)\lambda_{\max})$")
ALIGNED = Assumption(
    "alignment",
    r"$\mathrm{Tr}(S(\delta)H) \ge 2\mu_0L(\delta)\|H\|_F^2$ for all $\delta$; gradient noise has covariance $S$",
)
SYMMETRIC_INPUTS = Assumption("symmetric_inputs", r"$x$ and $-x$ have the same law, and $P(w_j^\top x = 0) = 0$")
ISOTROPIC = Assumption("isotropic_inputs", r"$\mathbb E xx^\top = I$")
_CHAIN = (INTERPOLATING, BATCHES, LINEARISED)
_MINIMUM = (INTERPOLATING, PSD, BATCHES, LINEARISED, MEAN_SQUARE)

_e, _p = eta.symbol, p.symbol


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


def noise_weight(n: Any, batch_size: Any, *, replacement: bool) -> Any:
    """p for exact or symbolic n and B: (n - B)/(B (n - 1)) without replacement, 1/B with it."""
    if replacement:
        return sp.Integer(1) / batch_size
    return sp.Integer(0) if n == batch_size else sp.sympify(n - batch_size) / (batch_size * (n - 1))


# --- claims: the operator and the threshold ----------------------------------------------------------------------------

_ONE_STEP = x0.symbol - 2 * _e * x1.symbol + _e**2 * ((1 - _p) * x2.symbol + _p * xi2.symbol)

SECOND_MOMENT_OPERATOR = _claim(
    "second-moment-operator", "The second moment moves by one linear operator",
    r"$\mathbb E\,\delta_{t+1}\delta_{t+1}^\top = T(\mathbb E\,\delta_t\delta_t^\top)$ with $T(X) = X - \eta(HX + "
    r"XH) + \eta^2[(1-p)HXH + p\,\overline{H_iXH_i}]$. $T$ is self-adjoint and keeps positive semidefiniteness, so "
    "its spectral radius is its largest eigenvalue and has a positive semidefinite eigenmatrix.",
    parameters=(eta, p, x0, x1, x2, xi2), assumptions=_CHAIN, quantity=r"\mathbb E\|\delta_{t+1}\|^2",
    relation=Relation.EQ, expression=_ONE_STEP, where=f"{MM}, Theorem 2",
)  # fmt: skip

MIXTURE = _claim(
    "mixture", "Batches act like a mixture of full-batch and single-sample steps",
    "The process that takes the full gradient with probability $1-p$ and one uniform sample with probability $p$ "
    "has the same operator $T$, hence the same second moments and the same threshold, as SGD with batches of size "
    "$B$.",
    parameters=(eta, p, x0, x1, x2, xi2), assumptions=_CHAIN, quantity=r"\mathbb E\|\delta_{t+1}^{\mathrm{mix}}\|^2",
    relation=Relation.EQ, expression=_ONE_STEP, where=f"{MM}, Proposition 2",
)  # fmt: skip

EXACT_THRESHOLD = _claim(
    "exact-threshold", "The exact threshold of the step size",
    r"$\mathbb E\|\delta_t\|^2$ on $\operatorname{range}(H)$ stays bounded iff $\eta \le \eta^* = 2/\lambda_{\max}(C^+D)$, and "
    r"tends to 0 iff $0 < \eta < \eta^*$: $\rho(T) \le 1$ iff $\eta D \le 2C$. At a regular minimum boundedness has the "
    "same threshold.",
    parameters=(lam,), assumptions=_MINIMUM, quantity=r"\eta^*", relation=Relation.IFF, expression=2 / lam.symbol,
    where=f"{MM}, Theorems 3 and 4",
)  # fmt: skip

LOSS_STABILITY = _claim(
    "loss-stability", "The loss is stable exactly where the mean square is",
    r"$\sum_t\mathbb E L(\theta_t) < \infty$ from every start iff $\eta < \eta^* = 2/\lambda_{\max}(C^+D)$, with "
    r"$L = \delta^\top H\delta/2$: on $\operatorname{range}(H)$ the loss and the square of the distance are equivalent norms. "
    "So the conditions on the Frobenius norm and on the trace are two necessary tests of one stability, not of two.",
    parameters=(lam,), assumptions=(INTERPOLATING, PSD, BATCHES, LINEARISED), quantity=r"\eta^*", relation=Relation.IFF,
    expression=2 / lam.symbol, where="docs/derivations/sgd_stability.md", confidence="derived",
    remark="There is one kind of evidence, of exact decisions: the argument is the equivalence of two norms.",
)  # fmt: skip

BATCH_MONOTONE = _claim(
    "batch-monotone", "Larger batches allow larger steps",
    r"$\eta^*(B) \ge \eta^*(B-1)$: for positive semidefinite $X$, such as the top eigenmatrix, $\langle X, "
    r"DX\rangle$ does not increase as $p$ falls, since $\overline{H_iXH_i} - HXH = \overline{(H_i-H)X(H_i-H)}$. "
    r"Without replacement $\eta^*(n) = 2/\lambda_{\max}(H)$.",
    parameters=(eta_smaller,), assumptions=_MINIMUM, quantity=r"\eta^*(B)", relation=Relation.GE,
    expression=eta_smaller.symbol, where=f"{MM}, Proposition 1",
    remark="As operators on all symmetric matrices the $D$ are not ordered: see docs/derivations/sgd_stability.md.", tight=True,
)  # fmt: skip

DUAL_THRESHOLD = _claim(
    "dual-threshold", "For one sample a step, the threshold is the top eigenvalue of an $n \\times n$ matrix",
    r"$2/\eta^* = \lambda_{\max}(K)$, $K_{ij} = \frac1n J_i^\top Y_jJ_i$ with $HY_j + Y_jH = 2J_jJ_j^\top$. $K$ is "
    r"symmetric with entries $\ge 0$, so $\min_i (Kq)_i/q_i \le 2/\eta^* \le \max_i (Kq)_i/q_i$ for every $q > 0$.",
    parameters=(p, lam_K), assumptions=(*_CHAIN, RANK_ONE, SINGLE, MEAN_SQUARE), quantity=r"2/\eta^*",
    relation=Relation.EQ, expression=lam_K.symbol, where="docs/derivations/sgd_stability.md", confidence="derived",
)  # fmt: skip

# --- claims: bounds --------------------------------------------------------------------------------------------------------

NECESSARY = _claim(
    "necessary", "Necessary conditions from Rayleigh quotients",
    r"$\eta^* \le 2\mathrm{Tr}H/[(1-p)\|H\|_F^2 + p\overline{\|H_i\|_F^2}]$ (trace) and $\eta^* \le 2/R_1$ (rank "
    r"one), hence $\eta^* \le 2/\lambda_{\max}(H)$ (gradient descent); the first two are incomparable.",
    parameters=(p, tr, h2, hi2, R1), assumptions=_MINIMUM, quantity=r"\eta^*", relation=Relation.LE,
    expression=sp.Min(2 * tr.symbol / ((1 - _p) * h2.symbol + _p * hi2.symbol), 2 / R1.symbol),
    where=f"{MM}, Proposition 3 and eq. (24)", tight=True,
)  # fmt: skip

TRACE = _claim(
    "trace", "Stable minima have a small trace",
    r"At a minimum that is stable at $\eta$, $p\,\mathrm{Tr}H + (1-p)\|H\|_F^2/\mathrm{Tr}H \le 2/\eta$; so "
    r"$\mathrm{Tr}H \le 2/\eta$ for $B = 1$. Tight: $J_i = ae_i$, $n = d$ has $\eta^* = 2B/a^2$ without "
    "replacement, with equality for every $B$.",
    parameters=(eta, lam), assumptions=(*_CHAIN, RANK_ONE, STABLE, MEAN_SQUARE),
    quantity=r"p\,\mathrm{Tr}H + (1-p)\|H\|_F^2/\mathrm{Tr}H", relation=Relation.LE, expression=2 / _e,
    remark="The dependence on $B$ is the one derived in docs/derivations/sgd_stability.md, not the published statement's.",
    tight=True,
)  # fmt: skip

SUFFICIENT = _claim(
    "sufficient", r"Sufficient conditions: $T(I) \le I$, and per-sample descent",
    r"$2/h_{\max} \le 2/\lambda_I \le \eta^*$, where $\eta \le 2/\lambda_I$ says $T(I) \le I$. Neither is "
    r"necessary, nor is the bound $s \le 1/(\eta\sqrt p)$ on the non-uniformity $s^2 = "
    r"\lambda_{\max}(\overline{H_i^2} - H^2)$ that follows from it.",
    parameters=(lam_I, h_max), assumptions=_MINIMUM, quantity=r"\eta^*", relation=Relation.GE,
    expression=sp.Max(2 / lam_I.symbol, 2 / h_max.symbol), where=SELECTS,
    remark="The theorem number in the 2018 paper was not checked.", tight=True,
)  # fmt: skip

NON_UNIFORMITY = _claim(
    "non-uniformity-necessary", "The box of sharpness and non-uniformity, read as necessary for stability",
    r"Every minimum that SGD is stable at with step $\eta$ has non-uniformity $s \le 1/(\eta\sqrt p)$, where $s^2 = "
    r"\lambda_{\max}(\overline{H_i^2} - H^2)$.",
    parameters=(eta, p, lam), assumptions=(*_MINIMUM, STABLE), quantity="s", relation=Relation.LE,
    expression=1 / (_e * sp.sqrt(_p)), where=SELECTS, confidence="derived",
    false_as_published=(
        r"The bound is necessary for the sufficient condition $T(I) \le I$ of the 2018 paper, not for stability: with "
        r"the rows (1, 2), (-1, 3), (3, -1), (-2, -1) and single samples, steps are stable up to $s\eta = 1.0996$. "
        r"Under $T(I) \le I$ it holds (sgd-stability.sufficient)."
    ),
)  # fmt: skip

_j = sp.Dummy("j", integer=True)

GAUSSIAN = _claim(
    "gaussian", "Fresh Gaussian features",
    r"For fresh $J \sim N(0, H)$ in batches of $B$, $\eta^*$ is the root of $\sum_j (\eta\lambda_j/B)/(2 - (1 + "
    r"1/B)\eta\lambda_j) = 1$ below $2/((1 + 1/B)\lambda_{\max})$; $2B/(d + B + 1)$ for $H = I$.",
    parameters=(eta, B, lam_j), assumptions=(INTERPOLATING, GAUSSIAN_FEATURES, LINEARISED, MEAN_SQUARE, BELOW_POLE),
    quantity=r"1/\eta^*", relation=Relation.IFF,
    expression=sp.Sum(lam_j.symbol[_j] / B.symbol / (2 - (1 + 1 / B.symbol) * _e * lam_j.symbol[_j]), (_j, 1, sp.Symbol("d"))),
    where="docs/derivations/sgd_stability.md", confidence="derived",
    remark=r"The bound is evaluated at the step itself: unstable iff $1/\eta$ is below it.",
)  # fmt: skip

# --- claims: what happens at and around the minimum --------------------------------------------------------------------

STATIONARY_COVARIANCE = _claim(
    "stationary-covariance", "The stationary covariance at a regular minimum",
    r"For $0 < \eta < \eta^*$, $\mathbb E\,\delta_t\delta_t^\top$ on range(H) tends to $\eta p(2C - \eta "
    r"D)^+[\overline{g_ig_i^\top}]$, $g_i$ the samples' gradients at the minimum, projected on range(H).",
    parameters=(eta, p, lam, y), assumptions=(REGULAR, PSD, BELOW, BATCHES, LINEARISED),
    quantity=r"\lim_t\mathbb E\|\delta_t\|^2", relation=Relation.EQ, expression=_e * _p * y.symbol,
    where=f"{MM}, Theorem 5",
)  # fmt: skip

STATIONARY_LOSS = _claim(
    "stationary-loss", "The loss that SGD settles at around a regular minimum",
    r"For $0 < \eta < \eta^*$, $\mathbb E L(\theta_t) - L(\theta^*)$ tends to $\frac{\eta p}2\langle H, (2C - \eta "
    r"D)^+[\overline{g_ig_i^\top}]\rangle$, the loss being that of the linearised gradients, $\delta^\top H\delta/2$.",
    parameters=(eta, p, lam, y_H), assumptions=(REGULAR, PSD, BELOW, BATCHES, LINEARISED),
    quantity=r"\lim_t\mathbb E L(\theta_t) - L(\theta^*)", relation=Relation.EQ, expression=_e * _p * y_H.symbol / 2,
    where=f"{MM}, Theorem 5",
)  # fmt: skip

LOSS_FROBENIUS = _claim(
    "loss-frobenius", "Loss stability bounds the Frobenius norm",
    r"$\mathbb E L(\theta_{t+1}) \ge \eta^2p\mu_0\|H\|_F^2\,\mathbb E L(\theta_t)$; so the loss blows up "
    r"exponentially unless $\|H\|_F \le 1/(\eta\sqrt{p\mu_0})$. Gaussian features have $\mu_0 \ge 1$.",
    parameters=(eta, p, mu0, h2, loss), assumptions=(*_CHAIN, RANK_ONE, ALIGNED), quantity=r"\mathbb E L(\theta_{t+1})",
    relation=Relation.GE, expression=_e**2 * _p * mu0.symbol * h2.symbol * loss.symbol, where=ALIGNMENT, tight=True,
)  # fmt: skip

RELU_PATHNORM = _claim(
    "relu-pathnorm", "The trace of a two-layer ReLU network is a weighted path norm",
    r"For $f(x) = \sum_j a_j\mathrm{relu}(w_j^\top x)$ and the square loss, $\mathrm{Tr}H = \frac12[\sum_jw_j^\top "
    r"Sw_j + \|a\|^2\mathrm{Tr}S]$ where $f$ interpolates. With $S = sI$ this is at least $s\sqrt "
    r"d\sum_j|a_j|\|w_j\|$, so minima stable at $\eta$, $B = 1$, have path norm at most $2/(\eta s\sqrt d)$.",
    parameters=(wSw, a2, trS), assumptions=(INTERPOLATING, SYMMETRIC_INPUTS), quantity=r"\mathrm{Tr}H",
    relation=Relation.EQ, expression=(wSw.symbol + a2.symbol * trS.symbol) / 2, where="Section on two-layer networks",
)  # fmt: skip

DIAGONAL_L1 = _claim(
    "diagonal-l1", "The trace of a diagonal linear network bounds the l1 norm",
    r"For $f(x) = \sum_ja_jb_jx_j$, $\beta = a\odot b$: $2\|\beta\|_1 \le \mathrm{Tr}H = \|a\|^2 + \|b\|^2$ "
    r"(equality iff $|a_j| = |b_j|$) and $2\|\beta\|_\infty \le \lambda_{\max}(H)$. So minima stable at $\eta$ have "
    r"$\|\beta\|_1 \le 1/\eta$ for SGD with $B = 1$, where GD gives $\|\beta\|_\infty \le 1/\eta$ only.",
    parameters=(tr,), assumptions=(INTERPOLATING, ISOTROPIC), quantity=r"2\|\beta\|_1", relation=Relation.LE,
    expression=tr.symbol, where="Section on diagonal linear networks", tight=True,
)  # fmt: skip

DIFFERENCE_L1 = _claim(
    "difference-l1", "The trace of a difference of squares bounds the l1 norm",
    r"For $f(x) = \sum_j(u_j^2 - v_j^2)x_j$, $\beta = u^2 - v^2$: $4\|\beta\|_1 \le \mathrm{Tr}H = 4(\|u\|^2 + \|v\|^2)$, "
    r"with equality iff $u_jv_j = 0$ for every j. So minima that SGD with $B = 1$ is stable at have $\|\beta\|_1 \le 1/(2\eta)$.",
    parameters=(tr,), assumptions=(ISOTROPIC,), quantity=r"4\|\beta\|_1", relation=Relation.LE,
    expression=tr.symbol, where="Section on diagonal linear networks", tight=True,
)  # fmt: skip

SAMPLE_TRACE = _claim(
    "sample-trace", "The trace of a diagonal linear network on a sample",
    r"For $f(x) = \sum_ja_jb_jx_j$ and inputs with $S_{jj} = \overline{x_{ij}^2}$, $\mathrm{Tr}H = \sum_jS_{jj}(a_j^2 + b_j^2)$, "
    r"whatever the residuals are: the l1 norm that stability bounds is weighted by the inputs' sizes.",
    parameters=(S_jj, ab2), assumptions=(), quantity=r"\mathrm{Tr}H", relation=Relation.EQ,
    expression=sp.Sum(S_jj.symbol[_j] * ab2.symbol[_j], (_j, 1, sp.Symbol("d"))),
    where="docs/derivations/sgd_stability.md", confidence="derived",
)  # fmt: skip
