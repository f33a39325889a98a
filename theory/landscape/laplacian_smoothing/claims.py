"""The claims. Derivations: docs/derivations/laplacian_smoothing.md; the two notions of dimension: docs/errata.md."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.landscape.laplacian_smoothing.formulas import beta1, beta2, decay
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="laplacian-smoothing", authors=("L. M. Kreusser", "S. J. Osher", "B. Wang"),
    title="A deterministic gradient-based approach to avoid saddle points", year=2022, family="landscape",
    arxiv="1901.06827", venue="European J. Applied Math.",
)  # fmt: skip
OSHER = "builds on Osher et al. (2022), Res. Math. Sci. 9(3):55, arXiv:1806.06317"

n = Parameter("n", "number of coordinates", COUNT)
j = Parameter("j", "index of the Fourier mode", sp.S.Naturals0)
sigma = Parameter("sigma", "smoothing strength; 0 is plain gradient descent", NONNEGATIVE, r"\sigma")
kappa = Parameter("kappa", "bound on the condition number of the noise covariance", sp.Interval(1, sp.oo), r"\kappa")
eta = Parameter("eta", "step size", latex=r"\eta")
c = Parameter("c", r"curvature of $f = c\|x\|^2/2$")
s2 = Parameter("s2", "variance of each coordinate of the gradient noise", NONNEGATIVE, "s^2")
L = Parameter("L", "smoothness constant of $f$")
K = Parameter("K", "number of steps", COUNT)
D = Parameter("D", r"squared distance $\|x_0 - x_*\|^2$ in the metric of $A_{\sigma_0}$", NONNEGATIVE)
G = Parameter("G", r"squared gradient in the metric of $A_\sigma^{-1}$: $g'A_\sigma^{-1}g$", NONNEGATIVE)
gap = Parameter("gap", r"$f(x_0) - \inf f$", NONNEGATIVE, r"\Delta")
sigma_0 = Parameter("sigma_0", "first smoothing strength", NONNEGATIVE, r"\sigma_0")
sigma_last = Parameter("sigma_last", "smoothing strength of step $K - 1$", NONNEGATIVE, r"\sigma_{K-1}")
n_neg = Parameter("n_neg", "number of negative eigenvalues of $B$", sp.S.Naturals0, "n_-")
g = Parameter("g", r"$\gcd(n, 2(i_1-i_0), \ldots, 2(i_m-i_0))$ for negative coordinates $i_0, \ldots, i_m$", COUNT)

PERIODIC = Assumption("periodic_laplacian", r"$A_\sigma = I - \sigma L$ with $L$ the periodic second difference")
NONNEGATIVE_SIGMA = Assumption("nonnegative_sigma", "$\\sigma \\ge 0$")
NOISE = Assumption("noise_condition", r"the noise covariance $S$ has condition number at most $\kappa$")
WHITE = Assumption("white_noise", "the noise has covariance $s^2 I$ and is independent of the iterate")
STABLE = Assumption("stable_step", "$\\eta c < 2$", eta.symbol * c.symbol < 2)
SMOOTH = Assumption("l_smooth", "the gradient of $f$ is $L$-Lipschitz")
CONVEX = Assumption("convex", "$f$ is convex and has a minimiser")
METRIC = Assumption("a_metric", r"distances are measured in the metric of $A_\sigma$")
NONDECREASING = Assumption(
    "nondecreasing_sigma", "$\\sigma_0 \\le \\sigma_1 \\le \\dots$", sp.Le(sigma_0.symbol, sigma_last.symbol)
)
SYMMETRIC = Assumption("symmetric_B", "$B$ is symmetric and nonsingular")
BOUNDED = Assumption("bounded_schedule", "$0 \\le \\sigma_k \\le \\sigma_{\\max}$")
SHORT_STEP = Assumption("step", "$0 < \\eta < 2/\\|B\\|_2$")
EVERY_SCHEDULE = Assumption(
    "every_schedule", "a start counts if it is attracted under every schedule, not under one of them"
)
TWO_SIGMAS = Assumption("two_distinct_sigmas", r"the schedules draw on at least two different values of $\sigma$")
ONE_NEGATIVE = Assumption("one_negative", r"$B = c \operatorname{diag}(1, \ldots, 1, -1)$: one negative coordinate")
DIAGONAL = Assumption("diagonal", r"$B = c \operatorname{diag}(\pm 1)$ with at least one negative coordinate")
AT_MOST_ALL = Assumption("at_most_all_negative", r"$n_- \le n$", sp.Le(n_neg.symbol, n.symbol))
CONSTANT = Assumption("constant_sigma", r"the same $\sigma$ at every step")


def _claim(name: str, title: str, statement: str, **rest) -> Claim:  # type: ignore[no-untyped-def]
    return Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **rest)


SPECTRUM = _claim(
    "spectrum", "Eigenvalues of the smoothing matrix",
    r"The eigenvalues of $A_\sigma$ are $1 + 4\sigma\sin^2(\pi j/n)$, $j = 0, \ldots, n - 1$; they lie in "
    r"$[1, 1+4\sigma]$.",
    parameters=(sigma, j, n), assumptions=(PERIODIC,),
    quantity="\\lambda_j(A_\\sigma)", relation=Relation.EQ,
    expression=1 + 4 * sigma.symbol * sp.sin(sp.pi * j.symbol / n.symbol) ** 2,
    where=f"section 2; {OSHER}",
)  # fmt: skip
BETA1 = _claim(
    "beta1", "Trace of the inverse",
    r"With $\alpha = (\sqrt{1+4\sigma}-1)/(\sqrt{1+4\sigma}+1)$ the entries of $A_\sigma^{-1}$ are "
    r"$(\alpha^j + \alpha^{n-j})/((1-\alpha^n)\sqrt{1+4\sigma})$ at distance $j$: positive for $\sigma > 0$; the "
    r"trace is $n$ times the bound.",
    parameters=(n, sigma), assumptions=(PERIODIC,),
    quantity="\\tfrac1n\\mathrm{Tr}\\,A_\\sigma^{-1}", relation=Relation.EQ, expression=beta1(n.symbol, sigma.symbol),
    where=OSHER,
)  # fmt: skip
BETA2 = _claim(
    "beta2", "Trace of the squared inverse: the variance that white noise keeps",
    "$\\mathrm{Tr}(A_\\sigma^{-2})/n = \\beta_1 + \\sigma\\,d\\beta_1/d\\sigma$.",
    parameters=(n, sigma), assumptions=(PERIODIC,),
    quantity="\\tfrac1n\\mathrm{Tr}\\,A_\\sigma^{-2}", relation=Relation.EQ, expression=beta2(n.symbol, sigma.symbol),
    where=OSHER,
)  # fmt: skip
AVERAGING = _claim(
    "averaging", "Smoothing shrinks every norm",
    r"$A_\sigma^{-1}$ is symmetric, doubly stochastic and entrywise nonnegative (positive for $\sigma > 0$), so "
    r"$\min g \le (A^{-1}g)_i \le \max g$ and $\|A_\sigma^{-1}g\|_q \le \|g\|_q$ for every $q$ in $[1, \infty]$.",
    parameters=(), assumptions=(PERIODIC, NONNEGATIVE_SIGMA),
    quantity="\\sup_g\\|A_\\sigma^{-1}g\\|_q/\\|g\\|_q", relation=Relation.LE, expression=sp.Integer(1),
    where=OSHER, tight=True,
)  # fmt: skip
MEAN = _claim(
    "mean", "Smoothing keeps the mean",
    r"The entries of $A_\sigma^{-1}g$ have the sum of the entries of $g$.",
    parameters=(), assumptions=(PERIODIC,),
    quantity="\\mathbf 1'A_\\sigma^{-1}g / \\mathbf 1'g", relation=Relation.EQ, expression=sp.Integer(1),
    where=OSHER,
)  # fmt: skip
VARIANCE = _claim(
    "variance", "Variance of the smoothed noise",
    r"If the noise covariance $S$ has condition number at most $\kappa$, then $\mathrm{Tr}(A^{-1}SA^{-1}) \le (1 - "
    r"(1-\beta_2)/\kappa)\,\mathrm{Tr}\,S$; for $S = sI$ the ratio is $\beta_2$. The exact worst case over all such "
    r"$S$ is a linear-fractional program.",
    parameters=(n, sigma, kappa), assumptions=(PERIODIC, NOISE),
    quantity="\\mathrm{Tr}(A_\\sigma^{-1}SA_\\sigma^{-1})/\\mathrm{Tr}\\,S", relation=Relation.LE,
    expression=1 - (1 - beta2(n.symbol, sigma.symbol)) / kappa.symbol,
    confidence="derived", where=OSHER,
    remark="Osher et al. have a bound of this type; this one is derived in docs/derivations/laplacian_smoothing.md.",
)  # fmt: skip
STATIONARY = _claim(
    "stationary", "Stationary loss under gradient noise",
    r"For $f = c\|x\|^2/2$ and $x^+ = x - \eta A_\sigma^{-1}(cx + \xi)$ with white noise, $\mathbb{E} f$ tends to "
    r"$\sum_j \eta s^2 a_j/(2(2-\eta c a_j))$, $a_j = 1/\lambda_j$; summed in closed form with $\beta_1$ at "
    r"$2\sigma/(2-\eta c)$. Below the level of plain SGD for $\sigma > 0$ and $n > 1$.",
    parameters=(n, sigma, eta, c, s2), assumptions=(PERIODIC, WHITE, STABLE),
    quantity="\\lim_k \\mathrm E f(x_k)", relation=Relation.EQ,
    expression=n.symbol * eta.symbol * s2.symbol * beta1(n.symbol, 2 * sigma.symbol / (2 - eta.symbol * c.symbol))
    / (2 * (2 - eta.symbol * c.symbol)),
    confidence="derived",
)  # fmt: skip
PRECONDITIONED_GD = _claim(
    "is-preconditioned-gd", "Laplacian smoothing is gradient descent in another metric",
    r"$z = A_\sigma^{1/2}x$ turns the method into gradient descent on $z \mapsto f(A_\sigma^{-1/2}z)$, which is "
    r"convex and $L$-smooth if $f$ is, since $A_\sigma \ge I$. So with step $1/L$ the tight rate of gradient descent "
    r"holds in the metric of $A$.",
    parameters=(L, K, D), assumptions=(PERIODIC, NONNEGATIVE_SIGMA, SMOOTH, CONVEX, CONSTANT, METRIC),
    quantity="f(x_K) - f_*", relation=Relation.LE, expression=L.symbol * D.symbol / (4 * K.symbol + 2),
    tight=True,
)  # fmt: skip
DESCENT = _claim(
    "descent", "Descent of one smoothed step",
    r"If $f$ is $L$-smooth, $x^+ = x - \eta A_\sigma^{-1}g$ with $g = \nabla f(x)$ obeys "
    r"$f(x^+) - f(x) \le -\eta(1-L\eta/2)\,g'A_\sigma^{-1}g$, for every $\sigma \ge 0$; and "
    r"$\|g\|^2 \le (1+4\sigma)\,g'A_\sigma^{-1}g$.",
    parameters=(L, eta, G), assumptions=(PERIODIC, NONNEGATIVE_SIGMA, SMOOTH),
    quantity="f(x^+) - f(x)", relation=Relation.LE,
    expression=-eta.symbol * (1 - L.symbol * eta.symbol / 2) * G.symbol,
    tight=True,
)  # fmt: skip
DESCENT_RATE = _claim(
    "descent-rate", "Stationarity under any schedule",
    r"With step $1/L$, $\min_{k<K} g_k'A_{\sigma_k}^{-1}g_k \le 2L(f(x_0)-\inf f)/K$ for every schedule $\sigma_k \ge 0$.",
    parameters=(L, K, gap), assumptions=(PERIODIC, NONNEGATIVE_SIGMA, SMOOTH),
    quantity="\\min_{k<K} g_k'A_{\\sigma_k}^{-1}g_k", relation=Relation.LE,
    expression=2 * L.symbol * gap.symbol / K.symbol,
)  # fmt: skip
MLSGD_CONVEX = _claim(
    "mlsgd-convex", "Convex rate for a non-decreasing schedule",
    r"$f$ convex and $L$-smooth, step $1/L$, $\sigma_k$ non-decreasing: $f(x_K)-f_* \le "
    r"\frac{L}{2K}\frac{1+4\sigma_{K-1}}{1+4\sigma_0}\|x_0-x_*\|_{A_{\sigma_0}}^2$. For $\sigma_k = (k+1)/(k+2)$ the "
    r"factor is below 5/3.",
    parameters=(L, K, sigma_0, sigma_last, D), assumptions=(PERIODIC, SMOOTH, CONVEX, NONDECREASING),
    quantity="f(x_K) - f_*", relation=Relation.LE,
    expression=L.symbol * D.symbol * (1 + 4 * sigma_last.symbol) / (2 * K.symbol * (1 + 4 * sigma_0.symbol)),
    confidence="derived",
)  # fmt: skip
INERTIA = _claim(
    "inertia", "Smoothing keeps the signs of the curvature",
    r"$A_\sigma^{-1}B$ is similar to $A_\sigma^{-1/2}BA_\sigma^{-1/2}$, so it has as many negative eigenvalues as "
    r"$B$ (Sylvester).",
    parameters=(n_neg,), assumptions=(PERIODIC, SYMMETRIC, NONNEGATIVE_SIGMA),
    quantity="n_-(A_\\sigma^{-1}B)", relation=Relation.EQ, expression=n_neg.symbol,
)  # fmt: skip
ROBUST_DIMENSION = _claim(
    "robust-dimension", "Dimension of the starts that every schedule attracts",
    r"For $f = x'Bx/2$, $0 < \eta < 2/\|B\|$ and bounded schedules with values in a set of at least two sigmas, the "
    r"starts $x_0$ with $x_k \to 0$ under every schedule are the largest common invariant subspace of $B$ and $L$ on "
    r"which $B$ is positive definite. For one negative coordinate it is $\{x:x_n = 0, x_i = -x_{n-i}\}$.",
    parameters=(n,), assumptions=(PERIODIC, SHORT_STEP, BOUNDED, TWO_SIGMAS, ONE_NEGATIVE, EVERY_SCHEDULE),
    quantity="\\dim\\{x_0 : x_k \\to 0 \\text{ for every schedule}\\}", relation=Relation.EQ,
    expression=sp.floor((n.symbol - 1) / sp.Integer(2)),
    where="the dimension of the paper's theorem on mLSGD",
    remark="The paper's number belongs to this notion; for the starts that one given schedule attracts see "
    "laplacian-smoothing.pointwise-dimension and docs/errata.md.",
)  # fmt: skip
ROBUST_DIMENSION_MANY = _claim(
    "robust-dimension-many", "The same with several negative coordinates",
    r"For $B = c \operatorname{diag}(\pm 1)$ with negative coordinates $i_0, \ldots, i_m$ the dimension is "
    r"$\lfloor (g-1)/2\rfloor$ with $g$ the greatest common divisor of $n$ and all $2(i_k - i_0)$: vectors "
    r"antisymmetric about every negative coordinate.",
    parameters=(g,), assumptions=(PERIODIC, SHORT_STEP, BOUNDED, TWO_SIGMAS, DIAGONAL, EVERY_SCHEDULE),
    quantity="\\dim\\{x_0 : x_k \\to 0 \\text{ for every schedule}\\}", relation=Relation.EQ,
    expression=sp.floor((g.symbol - 1) / sp.Integer(2)),
    confidence="derived",
)  # fmt: skip
POINTWISE_DIMENSION = _claim(
    "pointwise-dimension", "Dimension of the starts that one schedule attracts",
    r"For $f = x'Bx/2$, every bounded schedule and $0 < \eta < 2/\|B\|$, the starts $x_0$ with $x_k \to 0$ form a "
    r"subspace of dimension exactly $n - n_-$. It turns with the schedule, but does not shrink.",
    parameters=(n, n_neg), assumptions=(PERIODIC, SYMMETRIC, BOUNDED, SHORT_STEP, AT_MOST_ALL),
    quantity="\\dim\\{x_0 : x_k \\to 0\\}", relation=Relation.EQ, expression=n.symbol - n_neg.symbol,
    confidence="derived",
    remark=r"For one negative coordinate this is $n - 1$ for GD, LSGD and mLSGD alike; the paper's "
    r"$\lfloor (n-1)/2\rfloor$ is the dimension of laplacian-smoothing.robust-dimension. See docs/errata.md.",
)  # fmt: skip
LITERAL_DIMENSION = _claim(
    "literal-dimension", "The attraction region of mLSGD, read as written",
    r"For $f = (c/2)(x_1^2 + \ldots + x_{n-1}^2 - x_n^2)$ and mLSGD, $\sigma_k = (k+1)/(k+2)$, the starts $x_0$ with "
    r"$x_k \to 0$ have dimension $\lfloor (n-1)/2\rfloor$.",
    parameters=(n,), assumptions=(PERIODIC, SHORT_STEP, ONE_NEGATIVE),
    quantity="\\dim\\{x_0 : x_k \\to 0\\}", relation=Relation.EQ, expression=sp.floor((n.symbol - 1) / sp.Integer(2)),
    where="abstract, on the attraction region of mLSGD", confidence="derived",
    false_as_published=r"Read as a statement on the one schedule of mLSGD, the dimension is $n - 1$ "
    r"(laplacian-smoothing.pointwise-dimension): for $n = 2$ and $\eta = 1/10$ the start (1, "
    r"0.34749503...) is attracted, though $\lfloor (2-1)/2\rfloor = 0$. The number is right for "
    r"the starts that every schedule attracts (laplacian-smoothing.robust-dimension).",
)  # fmt: skip
STABLE_LINE = _claim(
    "stable-line", "The attracted line in two dimensions",
    r"For $f = (x_1^2-x_2^2)/2$ and constant $\sigma$ the attracted starts are the line $x_2 = \alpha x_1$, with the "
    r"decay ratio $\alpha$ of $A_\sigma^{-1}$ as slope, for every step in (0, 2).",
    parameters=(sigma,), assumptions=(PERIODIC, CONSTANT),
    quantity="x_2/x_1", relation=Relation.EQ, expression=decay(sigma.symbol),
    confidence="derived",
)  # fmt: skip

register(
    SPECTRUM, BETA1, BETA2, AVERAGING, MEAN, VARIANCE, STATIONARY, PRECONDITIONED_GD, DESCENT,
    DESCENT_RATE, MLSGD_CONVEX, INERTIA, ROBUST_DIMENSION, ROBUST_DIMENSION_MANY, POINTWISE_DIMENSION,
    LITERAL_DIMENSION, STABLE_LINE,
)  # fmt: skip
