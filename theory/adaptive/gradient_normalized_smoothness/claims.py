r"""Second-order steps with the radius in which the linearised gradient is relatively accurate.

``gamma(x)`` is the largest gamma with ``|grad f(x+h) - grad f(x) - H(x) h| <= |grad f(x)| |h|/gamma`` for all ``|h| <= gamma``,
H(x) an approximation of the Hessian; ``lam_k = |g_k|/gamma_k``, ``x_{k+1} = x_k - (H_k + lam_k I)^-1 g_k``.
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
    key="gradient-normalized-smoothness", authors=("Semenov", "Jaggi", "Doikov"), year=2025, family="adaptive",
    arxiv="2506.13710", venue="ICLR 2026",
    title="Gradient-Normalized Smoothness for Optimization with Approximate Hessians",
)  # fmt: skip
HERE = "docs/derivations/gradient_normalized_smoothness.md"

# --- parameters ------------------------------------------------------------------------------------------------------

gamma = Parameter("gamma", "radius of the step", latex=r"\gamma_k")
lam = Parameter("lam", r"regularisation $|g_k|/\gamma_k$", latex=r"\lambda_k")
g = Parameter("g", r"$|g_k|$", latex="|g_k|")
gx = Parameter("g", r"$|g(x)|$", latex="|g|")
gp2 = Parameter("gp2", r"$|g_{k+1}|^2$", NONNEGATIVE, "|g_{k+1}|^2")
h2 = Parameter("h2", r"$|h|^2$", NONNEGATIVE, "|h|^2")
Hhh = Parameter("Hhh", r"$\langle H_kh, h\rangle$", NONNEGATIVE, r"\langle H_kh, h\rangle")
d = Parameter("d", "share of the step on which the slope turns", sp.Interval.Lopen(0, 1))
L1 = Parameter("L1", "Lipschitz constant of the gradient", latex="L_1")
L2 = Parameter("L2", "Lipschitz constant of the Hessian", latex="L_2")
gamma1 = Parameter("gamma1", r"a lower bound of $\gamma_{H_1}(x)$", latex=r"\gamma_1")
gamma2 = Parameter("gamma2", r"an upper bound of $\gamma_{H_2}(x)$", latex=r"\gamma_2")
M = Parameter("M", r"$\gamma_k \ge |g_k|^\alpha/M$")
alpha = Parameter("alpha", "power of the gradient norm in the radius", sp.Interval(0, 1), r"\alpha")
beta = Parameter("beta", "power of the error of the Hessian", sp.Interval(0, 1), r"\beta")
Delta = Parameter("Delta", r"$f(x_0) - \inf f$", NONNEGATIVE, r"\Delta")
eps = Parameter("eps", "accuracy", latex=r"\varepsilon")
g0 = Parameter("g0", r"$|g_0|$", latex="|g_0|")
F0 = Parameter("F0", r"$f(x_0) - f_*$", latex="F_0")
D = Parameter("D", "bound on the distances to a minimiser")
a = Parameter("a", r"lower bound of $|g_k|^\alpha$")
logF = Parameter("logF", r"$\log(F_0/F_K)$", NONNEGATIVE, r"\log\frac{F_0}{F_K}")
logG = Parameter("logG", r"$(1-\alpha)\log(|g_0|/|g_K|)$", REAL, r"(1-\alpha)\log\frac{|g_0|}{|g_K|}")
K = Parameter("K", "number of steps", COUNT)
C1 = Parameter("C1", "constant error of the Hessian", NONNEGATIVE, "C_1")
C2 = Parameter("C2", "error of the Hessian by the gradient", NONNEGATIVE, "C_2")
gamma0 = Parameter("gamma0", "first trial", latex=r"\gamma_0")
low = Parameter("low", r"a lower bound of $\gamma(x_k)$ at all iterates", latex=r"\underline\gamma")
mu = Parameter("mu", "temperature of the log-sum-exp", latex=r"\mu")
gv2 = Parameter("gv2", r"$\langle g, v\rangle^2$", NONNEGATIVE, r"\langle g, v\rangle^2")
R2 = Parameter("R2", r"$\max_i|a_i|^2$", latex=r"\max_i|a_i|^2")
fz = Parameter("fz", r"$f(z)$", NONNEGATIVE, "f(z)")
p = Parameter("p", "power of the norm", sp.Interval(2, sp.oo))
s_max = Parameter("s_max", "largest singular value of $A$", latex=r"s_{\max}")
s_min = Parameter("s_min", r"$|A^\top u| \ge s_{\min}|u|$ for all $u$", latex=r"s_{\min}")

# --- assumptions -----------------------------------------------------------------------------------------------------

STEP = Assumption(
    "regularised_step",
    r"$x_{k+1} = x_k + h$ with $(H_k + \lambda_kI)h = -g_k$, $\lambda_k = |g_k|/\gamma_k$ and $g_k = \nabla f(x_k) \ne 0$",
)
PSD = Assumption("psd", r"$H_k$ is symmetric and positive semidefinite")
RADIUS = Assumption(
    "within_radius",
    r"$\gamma_k \le \gamma(x_k)$: $|g(x_k + h) - g_k - H_kh| \le \lambda_k|h|$ for $|h| \le \gamma_k$, so that, integrated "
    r"along $h$, $f(x_k + h) \le f(x_k) + \langle g_k, h\rangle + \frac12\langle H_kh, h\rangle + \frac{\lambda_k}2|h|^2$",
)
CONVEX = Assumption("convex", "$f$ is convex and differentiable")
PROFILE = Assumption(
    "turning_slope",
    r"on a line, $H = 0$, $g = \gamma = 1$; the slope at the distance $t$ is $1 - t$ up to $1 - d$, then linear up to 2 at the end",
)
EXACT = Assumption("exact_hessian", r"$H(x) = \nabla^2f(x)$")
LIPSCHITZ = Assumption(
    "lipschitz_hessian",
    r"$\|\nabla^2f(y) - \nabla^2f(x)\| \le L_2|y - x|$, so that $|g(x + h) - g(x) - \nabla^2f(x)h| \le \frac{L_2}2|h|^2$",
)
NO_HESSIAN = Assumption("no_hessian", "$H(x) = 0$: the step is one of gradient descent of the length $\\gamma$")
SMOOTH = Assumption("lipschitz_gradient", r"$|g(y) - g(x)| \le L_1|y - x|$")
FIRST = Assumption(
    "first_radius", r"$\gamma_1 \le \gamma_{H_1}(x)$, the radius at $x$ with $H_1$ in the place of $H(x)$"
)
SECOND = Assumption(
    "second_radius", r"$\gamma_{H_2}(x) \le \gamma_2$, the radius at $x$ with $H_2$ in the place of $H(x)$"
)
LOGISTIC = Assumption("logistic_loss", r"on a line, $f(t) = \log(1 + e^t)$")
PROGRESS = Assumption(
    "progress",
    r"$f(x_k) - f(x_{k+1}) \ge \frac{\gamma_k}8|g_{k+1}|^2/|g_k|$ for all $k < K$: by the descent lemma, or since the search "
    r"accepts no other step",
)
PROGRESS2 = Assumption(
    "convex_progress",
    r"$f(x_k) - f(x_{k+1}) \ge \frac{\gamma_k}2|g_{k+1}|^2/|g_k|$ for all $k < K$, as in "
    "gradient-normalized-smoothness.descent-convex",
)
POWER = Assumption("power_radius", r"$\gamma_k \ge |g_k|^\alpha/M$ for all $k < K$, with $0 \le \alpha \le 1$")
BELOW = Assumption("bounded_below", r"$\Delta \ge f(x_0) - \inf f$")
LONG = Assumption("gradient_above", r"$|g_k| \ge \varepsilon$ for all $k \le K$")
HIGH = Assumption("value_above", r"$f(x_k) - f_* \ge \varepsilon$ for all $k \le K$")
DIAMETER = Assumption(
    "diameter",
    r"$|x_k - x_*| \le D$ for $1 \le k \le K$, so that, $f$ being convex, $F_k = f(x_k) - f_* \le D|g_k|$",
)
BALL = Assumption("ball", r"$|x_k - x_*| \le D$ for all $k \le K$, so that $F_k = f(x_k) - f_* \le D|g_k|$")
STEEP = Assumption("steep", r"$|g_k|^\alpha \ge a$ for $1 \le k \le K$; $a = 1$ for $\alpha = 0$")
CONTRACTS = Assumption(
    "contraction",
    r"$(1 + c)^KF_K|g_K|^\theta \le F_0|g_0|^\theta$ with $c = a/(2MD)$ and $\theta = (1 - \alpha)c/(1 + c)$, as in "
    r"gradient-normalized-smoothness.convex-contraction",
)
STRUCTURE = Assumption(
    "approximate_hessian",
    r"$1/\gamma_k \le M|g_k|^{-\alpha} + C_1/|g_k| + C_2|g_k|^{-\beta}$, which is within the radius where the Hessian itself has "
    r"one of at least $|g|^\alpha/M$ and $\|\nabla^2f - H\| \le C_1 + C_2|g|^{1-\beta}$",
)
SEARCH = Assumption(
    "search",
    r"a step is tried with $\gamma$, which is halved until $f$ falls by $\frac\gamma8|g_{k+1}|^2/|g_k|$; that is $\gamma_k$, and "
    r"the next first trial is $2\gamma_k$",
)
VALID = Assumption(
    "valid_radii",
    r"$\gamma(x_k) \ge \underline\gamma$ and $H_k$ is positive semidefinite, so that, by the descent lemma, every trial up to "
    r"$\underline\gamma$ is accepted: $\gamma_k \ge \min(\text{first trial}, \underline\gamma/2)$",
)
LSE = Assumption(
    "log_sum_exp",
    r"$f = \mu\log\sum_ie^{(\langle a_i, x\rangle - b_i)/\mu}$, $p$ the softmax: $g = A^\top p$, "
    r"$\nabla^2f = \frac1\mu\sum_ip_i(a_i - g)(a_i - g)^\top$",
)
GAUSS_NEWTON = Assumption("weighted_gauss_newton", r"$H = \frac1\mu A^\top\mathrm{Diag}(p)A$")
LOGREG = Assumption(
    "logistic_regression",
    r"$f$ is the mean of $f_i = \log(1 + e^{-m_i})$, $m_i = y_i\langle a_i, x\rangle$, with $p_i = 1/(1 + e^{m_i}) \le f_i$",
)
FISHER = Assumption(
    "empirical_fisher",
    r"$H$ is the mean of $\nabla f_i\nabla f_i^\top$, so that $\nabla^2f - H$ is that of $p_i(1 - 2p_i)a_ia_i^\top$",
)
POINT = Assumption("distance", r"$|x - z| \le D$, for any point $z$")
POWERED = Assumption(
    "power_of_a_norm",
    r"$f = |u|^p/p$, $u = Ax - b \ne 0$: $g = |u|^{p-2}A^\top u$ and "
    r"$\nabla^2f = |u|^{p-2}A^\top A + (p - 2)|u|^{p-4}A^\top u(A^\top u)^\top$",
)
ONTO = Assumption("onto", r"$|A^\top u| \ge s_{\min}|u|$ at this $u$")
FISHER_TERM = Assumption("fisher_term", r"$H = (p - 2)gg^\top/|u|^p$, the second part of the Hessian")
GN_TERM = Assumption("gauss_newton_term", r"$H = |u|^{p-2}A^\top A$, the first part of the Hessian")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    stated = {"confidence": "derived", "where": HERE} | fields
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **stated))[0]


# --- one step --------------------------------------------------------------------------------------------------------

_one = (STEP, PSD)
_fall = r"f(x_k) - f(x_{k+1})"

STEP_RADIUS = _claim(
    "step-radius", "The step stays within its radius", r"With equality iff $H_kg_k = 0$.",
    parameters=(gamma,), assumptions=_one, quantity=r"|x_{k+1} - x_k|", relation=Relation.LE, expression=gamma.symbol,
    confidence="verified", tight=True,
)  # fmt: skip

DESCENT_STEP = _claim(
    "descent-step", "How far the value falls, by the step",
    r"Attained by a quadratic with the Hessian $H_k + \lambda_kI$.",
    parameters=(lam, h2, Hhh), assumptions=(*_one, RADIUS), quantity=_fall, relation=Relation.GE,
    expression=(lam.symbol * h2.symbol + Hhh.symbol) / 2, confidence="verified", tight=True,
)  # fmt: skip

NEXT_GRADIENT = _claim(
    "next-gradient", "The next gradient is at most twice the regularisation times the step",
    r"$|g_{k+1}| \le 2\lambda_k|h|$; attained by a quadratic with the Hessian $H_k - \lambda_kI$.",
    parameters=(lam, h2), assumptions=(*_one, RADIUS), quantity=r"|g_{k+1}|^2", relation=Relation.LE,
    expression=4 * lam.symbol**2 * h2.symbol, confidence="verified", tight=True,
)  # fmt: skip

DESCENT = _claim(
    "descent", "How far the value falls, by the next gradient",
    r"The descent lemma, for $f$ that need not be convex.",
    parameters=(gamma, g, gp2), assumptions=(*_one, RADIUS), quantity=_fall, relation=Relation.GE,
    expression=gamma.symbol * gp2.symbol / (8 * g.symbol), where="Lemma 1", confidence="verified",
    remark="By gradient-normalized-smoothness.descent-constant no constant above 1/8 will do.",
)  # fmt: skip

DESCENT_CONVEX = _claim(
    "descent-convex", "For convex functions the constant is one half",
    r"Attained by a linear function with $H_k = \lambda_kI$, a Hessian that is wrong by as much as the radius allows.",
    parameters=(gamma, g, gp2), assumptions=(*_one, RADIUS, CONVEX), quantity=_fall, relation=Relation.GE,
    expression=gamma.symbol * gp2.symbol / (2 * g.symbol), tight=True,
)  # fmt: skip

DESCENT_CONSTANT = _claim(
    "descent-constant", "The constant 1/8 of the descent lemma cannot be improved",
    r"The ratio that the lemma bounds by $\frac18$ on a line, with $\gamma(x) = \gamma = 1$; it tends to $\frac18$ for $d \to 0$.",
    parameters=(d,), assumptions=(PROFILE,), quantity=rf"({_fall})|g_k|/(\gamma_k|g_{{k+1}}|^2)", relation=Relation.EQ,
    expression=sp.Rational(1, 8) + d.symbol / 4, confidence="verified", tight=True,
)  # fmt: skip

# --- the radius ------------------------------------------------------------------------------------------------------

LIPSCHITZ_HESSIAN = _claim(
    "lipschitz-hessian", "The radius of functions with a Lipschitz Hessian",
    r"$\gamma(x) \ge \sqrt{2|g|/L_2}$: $\alpha = \frac12$ and $M = \sqrt{L_2/2}$. Attained by cubics on a line.",
    parameters=(gx, L2), assumptions=(EXACT, LIPSCHITZ), quantity=r"\gamma(x)^2", relation=Relation.GE,
    expression=2 * gx.symbol / L2.symbol, where="Section 3", confidence="verified", tight=True,
)  # fmt: skip

FIRST_ORDER = _claim(
    "first-order", "Without a Hessian the radius is that of gradient descent",
    r"$\alpha = 1$ and $M = L_1$: with this radius $\lambda = L_1$.",
    parameters=(gx, L1), assumptions=(NO_HESSIAN, SMOOTH), quantity=r"\gamma(x)", relation=Relation.GE,
    expression=gx.symbol / L1.symbol, confidence="verified", tight=True,
)  # fmt: skip

HARMONIC = _claim(
    "harmonic", "Errors of the Hessian add up harmonically",
    r"Two approximations of different radii are apart. In other words: if $\|H_1 - H_2\| \le |g|/\gamma_{12}$, then "
    r"$1/\gamma_{H_2}(x) \le 1/\gamma_{H_1}(x) + 1/\gamma_{12}$.",
    parameters=(gamma1, gamma2), assumptions=(FIRST, SECOND), quantity=r"\|H_1 - H_2\|/|g(x)|", relation=Relation.GE,
    expression=1 / gamma2.symbol - 1 / gamma1.symbol, where="lemma on perturbations", confidence="verified", tight=True,
)  # fmt: skip

LOGISTIC_RADIUS = _claim(
    "logistic-radius", "The logistic loss has a radius that is bounded below everywhere",
    r"$\alpha = 0$: the root of $e^\gamma - 1 - \gamma = 1$, 1.146193..., which is the limit for $t \to -\infty$, rounded down.",
    parameters=(), assumptions=(LOGISTIC, EXACT), quantity=r"\gamma(t)", relation=Relation.GE,
    expression=sp.Rational(1146193, 10**6), confidence="verified",
    remark="Exponentials are no terms of derivations: one kind of evidence, certified enclosures along the line.",
)  # fmt: skip

# --- rates -----------------------------------------------------------------------------------------------------------

_long = (PROGRESS, POWER, BELOW, LONG)
_log = sp.log(g0.symbol / eps.symbol)

PROGRESS_SUM = _claim(
    "progress-sum", "What all steps together gain",
    r"For $\alpha = 1$ these are the squares of the gradients; for $\alpha = \frac12$ compare cubic Newton.",
    parameters=(M, Delta), assumptions=(PROGRESS, POWER, BELOW), quantity=r"\sum_{k<K}|g_{k+1}|^2/|g_k|^{1-\alpha}",
    relation=Relation.LE, expression=8 * M.symbol * Delta.symbol,
)  # fmt: skip

NONCONVEX_RATE = _claim(
    "nonconvex-rate", "Steps while the gradient is large",
    r"$\varepsilon^{-3/2}$ for Lipschitz Hessians, $\varepsilon^{-2}$ for gradients, $\varepsilon^{-1}$ for $\alpha = 0$.",
    parameters=(M, alpha, Delta, g0, eps), assumptions=_long, quantity="K", relation=Relation.LE,
    expression=sp.Max((1 - alpha.symbol) * _log, 8 * sp.E * M.symbol * Delta.symbol * eps.symbol ** (-1 - alpha.symbol)),
    where="Theorem 1, with constants of our own",
)  # fmt: skip

NONCONVEX_COUNT = _claim(
    "nonconvex-count", "Steps while the gradient is large, without the factor e",
    r"$K \le 8M\Delta\varepsilon^{-(1+\alpha)} + (1 - \alpha)\log(|g_0|/\varepsilon)$: the tangent of the exponential in the place "
    r"of the inequality of means.",
    parameters=(M, Delta), assumptions=_long,
    quantity=r"\varepsilon^{1+\alpha}\bigl(K - (1 - \alpha)\log(|g_0|/\varepsilon)\bigr)", relation=Relation.LE,
    expression=8 * M.symbol * Delta.symbol,
)  # fmt: skip

_run = (PROGRESS2, POWER, CONVEX)
_c = eps.symbol**alpha.symbol * sp.exp(alpha.symbol - 1) / (2 * M.symbol * D.symbol ** (1 + alpha.symbol))

CONVEX_RATE = _claim(
    "convex-rate", "Steps while the value is large, for convex functions",
    r"A global linear rate for $\alpha = 0$. For $\alpha > 0$ it is $O(MD^{1+\alpha}\varepsilon^{-\alpha}\log\frac1\varepsilon)$, "
    r"one logarithm above the paper's order.",
    parameters=(M, alpha, D, F0, g0, eps), assumptions=(*_run, BALL, HIGH), quantity="K", relation=Relation.LE,
    expression=sp.Max(
        sp.log(D.symbol * g0.symbol / eps.symbol), sp.log(F0.symbol / eps.symbol) / sp.log(1 + _c)
    ),
    where="Theorem 2, with constants of our own",
)  # fmt: skip

CONVEX_CONTRACTION = _claim(
    "convex-contraction", "A product of value and gradient contracts in every step",
    r"$\theta = (1 - \alpha)c/(1 + c)$ with $c = a/(2MD)$. For $\alpha = 0$ ($a = 1$) a global linear rate with "
    r"$\theta = 1/(1 + 2MD)$. Attained by one step on $|x|$, with $H = \lambda$.",
    parameters=(M, D, a, K), assumptions=(*_run, DIAMETER, STEEP),
    quantity=r"F_K|g_K|^\theta/(F_0|g_0|^\theta)", relation=Relation.LE,
    expression=(2 * M.symbol * D.symbol / (2 * M.symbol * D.symbol + a.symbol)) ** K.symbol, tight=True,
)  # fmt: skip

CONVEX_COUNT = _claim(
    "convex-count", "Steps by the logarithms of what they gain",
    r"With $F_K \ge \varepsilon$ and $|g_K| \ge \varepsilon/D$ the logarithms are at most $\log\frac{F_0}\varepsilon$ and "
    r"$(1-\alpha)\log\frac{D|g_0|}\varepsilon$. It has no factor $e$, and no maximum.",
    parameters=(M, D, a, logF, logG), assumptions=(CONTRACTS,), quantity="K", relation=Relation.LE,
    expression=(1 + 2 * M.symbol * D.symbol / a.symbol) * logF.symbol + logG.symbol,
)  # fmt: skip

_D, _e = D.symbol, eps.symbol
_S = (
    M.symbol * _D ** (1 + alpha.symbol) / _e**alpha.symbol
    + C1.symbol * _D**2 / _e
    + C2.symbol * _D ** (1 + beta.symbol) / _e**beta.symbol
)

TABLE = _claim(
    "table", "What approximate Hessians cost",
    r"The exact Hessian's $MD^{1+\alpha}\varepsilon^{-\alpha}$, the constant error's $C_1D^2/\varepsilon$ and "
    r"$C_2D^{1+\beta}\varepsilon^{-\beta}$ add up, times a logarithm that the paper's table does not have. "
    r"$C_2$ is no more than a larger $M$ for $\beta \le \alpha$.",
    parameters=(M, alpha, C1, C2, beta, D, F0, g0, eps), assumptions=(PROGRESS2, STRUCTURE, CONVEX, BALL, HIGH),
    quantity="K", relation=Relation.LE,
    expression=(1 + 2 * _S) * sp.log(F0.symbol / _e) + sp.log(_D * g0.symbol / _e),
    where="table of complexities, with constants of our own",
)  # fmt: skip

# --- the adaptive search ---------------------------------------------------------------------------------------------

SEARCH_RADIUS = _claim(
    "search-radius", "The search never falls below half of what is sure to be accepted",
    r"It knows no constant of $f$.",
    parameters=(gamma0, low), assumptions=(SEARCH, VALID), quantity=r"\gamma_K", relation=Relation.GE,
    expression=sp.Min(gamma0.symbol, low.symbol / 2), where="Algorithm 3",
)  # fmt: skip

SEARCH_COST = _claim(
    "search-cost", "The search tries two steps for each that it takes",
    r"$\gamma_0$ is the first trial of all, $\gamma_K$ here what would be tried after $K$ steps: the number of trials is exactly "
    r"$2K + \log_2(\gamma_0/\gamma_K)$.",
    parameters=(K,), assumptions=(SEARCH,), quantity=r"\text{trials in } K \text{ steps} - \log_2(\gamma_0/\gamma_K)",
    relation=Relation.EQ, expression=2 * K.symbol, where="Algorithm 3", confidence="verified", tight=True,
)  # fmt: skip

# --- approximate Hessians --------------------------------------------------------------------------------------------

LSE_GN = _claim(
    "logsumexp-gn", "Log-sum-exp: Gauss-Newton is off by a square of the gradient",
    r"$H - \nabla^2f = gg^\top/\mu$, of the norm $|g|^2/\mu \le (\max_i|a_i|/\mu)|g|$: $C_1 = 0$, $\beta = 0$, "
    r"$C_2 = \max_i|a_i|/\mu$.",
    parameters=(mu, gv2), assumptions=(LSE, GAUSS_NEWTON), quantity=r"\langle(H - \nabla^2f)v, v\rangle", relation=Relation.EQ,
    expression=gv2.symbol / mu.symbol, confidence="verified", tight=True,
)  # fmt: skip

LOGISTIC_FISHER = _claim(
    "logistic-fisher", "Logistic regression: Fisher's matrix is off by the value",
    r"With a minimiser $z$: $C_1 = f_*\max_i|a_i|^2$, $\beta = 0$, $C_2 = D\max_i|a_i|^2$.",
    parameters=(R2, fz, D, gx), assumptions=(LOGREG, FISHER, POINT), quantity=r"\|\nabla^2f - H\|", relation=Relation.LE,
    expression=R2.symbol * (fz.symbol + D.symbol * gx.symbol),
)  # fmt: skip

_q = (gx.symbol / s_min.symbol) ** ((p.symbol - 2) / (p.symbol - 1)) * s_max.symbol**2
_two = "Real powers are no terms of derivations: one kind of evidence."

FISHER_POWER = _claim(
    "fisher-power", "Powers of norms: the error of Fisher's term",
    r"$C_1 = 0$ and $\beta = 1/(p - 1)$. Attained for $A = sI$.",
    parameters=(p, s_max, s_min, gx), assumptions=(POWERED, ONTO, FISHER_TERM), quantity=r"\|\nabla^2f - H\|",
    relation=Relation.LE, expression=_q, confidence="verified", tight=True, remark=_two,
)  # fmt: skip

GAUSS_NEWTON_POWER = _claim(
    "gauss-newton-power", "Powers of norms: the error of Gauss-Newton's term",
    r"$C_1 = 0$ and $\beta = 1/(p - 1)$, whatever the range of $A$; it is no multiple of $|g|$ ($\beta = 0$) where $u$ is small.",
    parameters=(p, s_max, gx), assumptions=(POWERED, GN_TERM), quantity=r"\|\nabla^2f - H\|", relation=Relation.LE,
    expression=(p.symbol - 2) * s_max.symbol ** (p.symbol / (p.symbol - 1)) * gx.symbol ** ((p.symbol - 2) / (p.symbol - 1)),
    tight=True, remark=_two,
)  # fmt: skip
