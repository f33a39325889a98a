"""The claims of the EF21 papers."""

from functools import partial
from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.communication.ef21.constants import beta, contraction_rate, gamma_root, gamma_sharp, theta, xi
from gradproof.theory.communication.ef21.constants import gamma_from_mean as step
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_LOPEN, UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="ef21", authors=("Richtárik", "Gasanov", "Burlachenko"),
    title="Error Feedback Reloaded: From Quadratic to Arithmetic Mean of Smoothness Constants",
    year=2024, family="communication", arxiv="2402.10774", venue="ICLR",
)  # fmt: skip
EF21 = "Richtárik, Sokolov, Fatkhullin (2021), arXiv:2106.05203"
TIGHT = (
    "Thomsen, Taylor, Dieuleveut (2025), Tight analyses of first-order methods with error feedback, arXiv:2506.05271"
)
RELOADED = "Error Feedback Reloaded"

# --- parameters ------------------------------------------------------------------------------------------------------

alpha = Parameter(
    "alpha", r"contraction parameter: $\mathbb{E}\|C(x) - x\|^2 \le (1-\alpha) \|x\|^2$", UNIT_LOPEN, r"\alpha"
)
alpha_open = Parameter(
    "alpha", r"contraction parameter, below 1: $\mathbb{E}\|C(x) - x\|^2 \le (1-\alpha) \|x\|^2$", UNIT_OPEN, r"\alpha"
)
gamma = Parameter("gamma", "step size, unit $1/L$", latex=r"\gamma")
L = Parameter("L", "smoothness constant of the mean $f$")
L_AM = Parameter("L_AM", "arithmetic mean of the workers' smoothness constants", latex=r"L_{\mathrm{AM}}")
L_QM = Parameter("L_QM", "quadratic mean of the workers' smoothness constants", latex=r"L_{\mathrm{QM}}")
L_rf = Parameter(
    "L_rf", "$(1/n)$ max over features $j$ of the sum of $L_i$ over workers that see $j$", latex=r"L_{\mathrm{rf}}"
)
L_i = Parameter("L_i", "smoothness constants of the workers", latex="L", size="n")
alpha_i = Parameter("alpha_i", "contraction parameters of the workers' compressors", UNIT_OPEN, r"\alpha", size="n")
mu = Parameter("mu", "Polyak-Lojasiewicz constant (strong convexity, for one worker)", latex=r"\mu")
T = Parameter("T", "number of steps", COUNT)
f0 = Parameter("f0", "$f(x^0)$", REAL, "f(x^0)")
f_inf = Parameter("f_inf", "lower bound of $f$", REAL, r"f_{\inf}")
G0 = Parameter(
    "G0", r"initial distortion $\mathbb{E}[G^0]$; $G = (L_{\mathrm{AM}}/n) \sum_i \|g_i - \nabla f_i\|^2/L_i$ for "
    r"$L_{\mathrm{AM}}$", NONNEGATIVE, "G^0",
)  # fmt: skip
G0_qm = Parameter(
    "G0", r"initial distortion $\mathbb{E}[G^0]$; $G = (1/n) \sum_i \|g_i - \nabla f_i\|^2$", NONNEGATIVE, "G^0"
)
G0_rf = Parameter(
    "G0", r"initial distortion $(L_{\mathrm{rf}}/n) \sum_i \|g_i - \nabla f_i\|^2/L_i$", NONNEGATIVE, "G^0"
)
D0 = Parameter(
    "D0", r"initial $(1/n^2) \sum_i \|g_i - \nabla f_i\|^2/(w_i \theta_i)$, $w_i$ prop. to $L_i \xi_i$", NONNEGATIVE, "D^0",
)  # fmt: skip
p = Parameter("p", "probability that a worker takes part in a step", UNIT_LOPEN)
S0 = Parameter(
    "sigma2", r"$(1/n) \sum_i \sigma_i^2/L_i$, $\sigma_i^2$ the variance of worker $i$'s gradient", NONNEGATIVE, r"\bar\sigma^2",
)  # fmt: skip
V = Parameter("V", "Lyapunov function $V^t$ before the step", NONNEGATIVE, "V^t")
Psi0 = Parameter("Psi0", "Lyapunov function at the start", NONNEGATIVE, r"\Psi^0")
grad2 = Parameter("grad2", r"$\|\nabla f(x^t)\|^2$", NONNEGATIVE, r"\|\nabla f(x^t)\|^2")
dx2 = Parameter("dx2", r"$\|x^{t+1} - x^t\|^2$", NONNEGATIVE, r"\|\Delta\|^2")
e2 = Parameter("e2", r"$\|g_i^t - \nabla f_i(x^t)\|^2$", NONNEGATIVE, r"\|e_i^t\|^2")
u2 = Parameter("u2", r"$\|\nabla f_i(x^{t+1}) - \nabla f_i(x^t)\|^2$", NONNEGATIVE, r"\|u_i\|^2")
curvature = Parameter("c", "largest second derivative of the scalar loss: 1/4 logistic, 2 squared error", latex="c")
lam_max = Parameter("lam_max", "largest eigenvalue of $A^T A$", NONNEGATIVE, r"\lambda_{\max}(A^\top A)")
m = Parameter("m", "number of samples", COUNT)
lam = Parameter("lam", r"weight of the regulariser $\sum_j x_j^2/(1+x_j^2)$", NONNEGATIVE, r"\lambda")

# --- assumptions -----------------------------------------------------------------------------------------------------

SMOOTH_F = Assumption("smooth_f", "$f$ is $L$-smooth")
SMOOTH_FI = Assumption("smooth_fi", "each $f_i$ is $L_i$-smooth, $L_i > 0$")
LOWER = Assumption("lower_bounded", r"$f \ge f_{\inf}$", sp.Ge(f0.symbol, f_inf.symbol))
LOWER_BOUNDED = Assumption("lower_bounded", r"$f \ge f_{\inf}$")
CONTRACTIVE = Assumption("contractive", r"$\mathbb E\|C_i(x) - x\|^2 \le (1 - \alpha)\|x\|^2$ for all $x$")
PL_F = Assumption("PL", r"$\|\nabla f(x)\|^2 \ge 2\mu(f(x) - f_*)$")
HOMOGENEOUS = Assumption("positively_homogeneous", "$C(tx) = tC(x)$ for $t > 0$")
INDEPENDENT = Assumption(
    "independent_participation", "workers take part independently of everything, each with probability $p$"
)
UNBIASED = Assumption("unbiased_gradients", r"local gradients are unbiased with variance at most $\sigma_i^2$")
SUPPORTS = Assumption("rare_features", "$f_i$ depends on $x_{J_i}$ only, and compressors act inside $J_i$")
STRONGLY_CONVEX = Assumption("strongly_convex", r"$f$ is $\mu$-strongly convex")
MU_BELOW_L = Assumption("mu_below_L", r"$\mu < L$", sp.Lt(mu.symbol, L.symbol))
ORDER = Assumption(
    "smooth_fi", "each $f_i$ is $L_i$-smooth, so $f$ is $L$-smooth with $L \\le L_{AM}$", sp.Le(L.symbol, L_AM.symbol)
)
AT_LEAST_ONE = Assumption(
    "clones", "client $i$ has $N_i = \\lceil L_i / L_{AM} \\rceil$ copies, each of $N f_i / (n N_i)$"
)


def _step(bound: Any) -> Assumption:
    return Assumption("step_size", f"$\\gamma \\le {sp.latex(bound)}$", sp.Le(gamma.symbol, bound, evaluate=False))


a = alpha.symbol
_g, _L, _LAM = gamma.symbol, L.symbol, L_AM.symbol
_gap = f0.symbol - f_inf.symbol


def _average_gradient(error: Any, at: Any = a) -> Any:
    """2 (f(x^0) - f_inf) / (gamma T) + E[G^0] / (theta T)."""
    return 2 * _gap / (_g * T.symbol) + error / (theta(at) * T.symbol)


AVERAGE = r"\frac1T\sum_{t<T}\mathbb E\|\nabla f(x^t)\|^2"
_ef21_assumptions = (SMOOTH_F, SMOOTH_FI, LOWER, CONTRACTIVE)
_claim = partial(Claim, paper=PAPER, relation=Relation.LE)
_derived = partial(_claim, where="derived here, docs/derivations/ef21.md", confidence="derived")

# --- claims ----------------------------------------------------------------------------------------------------------

COMPRESSORS = _claim(
    id="ef21.compressors", title="Contraction parameters of the usual compressors",
    statement=r"$\mathbb E\|C(x) - x\|^2 \le (1 - \alpha)\|x\|^2$ with $\alpha = K/d$ for Top-$K$ (equality iff all $|x_j|$ are "
    r"equal) and for Rand-$K$ (equality in expectation), $1/d$ for scaled sign, $1 - (1 - s)^2$ for $C(x) = sx$, "
    r"$p\alpha$ if a compressor is applied with probability $p$, and $1/(1 + \omega)$ for a scaled unbiased one.",
    parameters=(alpha,), assumptions=(Assumption("compressor", r"$C$ is one of those named, with its stated $\alpha$"),),
    quantity=r"\mathbb E\|C(x) - x\|^2 / \|x\|^2", expression=1 - a, where="standard", tight=True,
)  # fmt: skip

YOUNG_OPTIMAL = _claim(
    id="ef21.young-optimal", title="The best split in Young's inequality",
    statement=r"With $\theta(s) = 1 - (1 - \alpha)(1 + s)$ and $\beta(s) = (1 - \alpha)(1 + 1/s)$ the minimum of "
    r"$\beta(s)/\theta(s)$ over $s > 0$ with $\theta(s) > 0$ is $\xi(\alpha)^2$, at $s_* = 1/\sqrt{1 - \alpha} - 1$.",
    parameters=(alpha_open,), assumptions=(Assumption("theta_positive", r"$\theta(s) > 0$"),),
    quantity=r"\min_s \beta(s)/\theta(s)", relation=Relation.EQ, expression=xi(alpha_open.symbol) ** 2,
    where=f"{EF21}, Lemma 3 (number recalled)", tight=True,
)  # fmt: skip

DISTORTION = _claim(
    id="ef21.distortion", title="One step contracts a worker's error up to the movement of its gradient",
    statement=r"$\mathbb E\|e_i^{t+1}\|^2 \le (1 - \theta)\|e_i^t\|^2 + \beta\|u_i\|^2$, $e_i = g_i - \nabla f_i$.",
    parameters=(alpha, e2, u2), assumptions=(CONTRACTIVE,), quantity=r"\mathbb E\|e_i^{t+1}\|^2",
    expression=(1 - theta(a)) * e2.symbol + beta(a) * u2.symbol, where=f"{EF21}, the distortion lemma", tight=True,
)  # fmt: skip

LYAPUNOV_AM = _claim(
    id="ef21.lyapunov-am", title="One-step inequality of plain EF21 with the arithmetic mean",
    statement=r"$V = f - f_{\inf} + \frac{\gamma}{2\theta} G_w$ with $G_w = \frac{L_{AM}}{n}\sum_i \|e_i\|^2 / L_i$ satisfies "
    r"$V^{t+1} \le V^t - \frac\gamma2\|\nabla f(x^t)\|^2 - (\frac1{2\gamma} - \frac L2 - \frac{\gamma\beta}{2\theta}"
    r"L_{AM}^2)\|\Delta\|^2$. For other weights $w$ in $G_w$ replace $L_{AM}^2$ by $\frac1{n^2}\sum_i L_i^2/w_i$; "
    r"$w_i \propto L_i$ is the best choice.",
    parameters=(gamma, L, L_AM, alpha, V, grad2, dx2), assumptions=(SMOOTH_F, SMOOTH_FI, CONTRACTIVE),
    quantity=r"\mathbb E V^{t+1}",
    expression=V.symbol - _g / 2 * grad2.symbol - (1 / (2 * _g) - _L / 2 - _g * xi(a) ** 2 * _LAM**2 / 2) * dx2.symbol,
    where=f"{RELOADED}, the proof of Theorem 3",
)  # fmt: skip

NONCONVEX_QM = _claim(
    id="ef21.nonconvex-qm", title="EF21 with the quadratic mean of the smoothness constants",
    statement=r"For $\gamma \le 1/(L + L_{QM}\xi(\alpha))$ and $\hat x^T$ uniform on the iterates, "
    r"$\mathbb E\|\nabla f(\hat x^T)\|^2 \le \frac{2(f(x^0) - f_{\inf})}{\gamma T} + \frac{\mathbb E[G^0]}{\theta T}$.",
    parameters=(gamma, L, L_QM, alpha, T, f0, f_inf, G0_qm),
    assumptions=(*_ef21_assumptions, _step(step(_L, L_QM.symbol, a))), quantity=AVERAGE,
    expression=_average_gradient(G0_qm.symbol), where=f"{EF21}, Theorem 1",
)  # fmt: skip

NONCONVEX_AM = _claim(
    id="ef21.nonconvex-am", title="EF21 with the arithmetic mean of the smoothness constants",
    statement=r"For $\gamma \le 1/(L + L_{AM}\xi(\alpha))$: $\frac1T\sum_{t<T}\mathbb E\|\nabla f(x^t)\|^2 \le "
    r"\frac{2(f(x^0) - f_{\inf})}{\gamma T} + \frac{\mathbb E[G_w^0]}{\theta T}$, the same algorithm with a larger step.",
    parameters=(gamma, L, L_AM, alpha, T, f0, f_inf, G0),
    assumptions=(*_ef21_assumptions, _step(step(_L, _LAM, a))), quantity=AVERAGE,
    expression=_average_gradient(G0.symbol), where="Theorem 3",
)  # fmt: skip

STEPSIZE_ROOT = _claim(
    id="ef21.stepsize-root", title="The largest step that the one-step inequality admits",
    statement=r"$\frac1{2\gamma} - \frac L2 - \frac{\gamma\beta}{2\theta}L_{AM}^2 \ge 0$ iff $\gamma \le \gamma_{root} = "
    r"2/(L + \sqrt{L^2 + 4L_{AM}^2\xi^2})$; the paper's step $1/(L + L_{AM}\xi)$ is at most this.",
    parameters=(L, L_AM, alpha), assumptions=(),  # of algebra alone
    quantity=r"\sup\{\gamma : \tfrac1{2\gamma} - \tfrac L2 - \tfrac{\gamma\beta}{2\theta}L_{\mathrm{AM}}^2 \ge 0\}",
    relation=Relation.IFF, expression=gamma_root(_L, _LAM, a), where="derived from the one-step inequality",
    tight=True,
)  # fmt: skip

_i, _n = sp.Symbol("i", integer=True), sp.Symbol("n", integer=True, positive=True)
_xi_mean = sp.Sum(L_i.symbol[_i] * xi(alpha_i.symbol[_i]), (_i, 1, _n)) / _n

HETERO_COMPRESSORS = _derived(
    id="ef21.hetero-compressors", title="Workers with compressors of different quality",
    statement=r"With worker-dependent $\alpha_i$ replace $L_{AM}\xi$ by $\frac1n\sum_i L_i\xi(\alpha_i)$, with weights "
    r"$w_i \propto L_i\xi(\alpha_i)$ and $D = \frac1{n^2}\sum_i\|e_i\|^2/(w_i\theta_i)$.",
    parameters=(gamma, L, L_i, alpha_i, T, f0, f_inf, D0),
    assumptions=(*_ef21_assumptions, _step(1 / (_L + _xi_mean))), quantity=AVERAGE,
    expression=2 * _gap / (_g * T.symbol) + D0.symbol / T.symbol,
)  # fmt: skip

SHARP_DESCENT = _derived(
    id="ef21.sharp-descent", title="The one-step inequality behind the exact threshold",
    statement=r"$V = f - f_{\inf} + \frac1{2qn}\sum_i\|e_i\|^2/L_i$, $q = \sqrt{1 - \alpha}$, satisfies $\mathbb E V^{t+1} \le "
    r"V^t - (1/\gamma - 1/\gamma_*)\|\Delta\|^2$, where $\gamma_*$ is the exact threshold.",
    parameters=(gamma, L, L_AM, alpha_open, V, dx2), assumptions=(SMOOTH_F, SMOOTH_FI, CONTRACTIVE),
    quantity=r"\mathbb E V^{t+1}", expression=V.symbol - (1 / _g - 1 / gamma_sharp(_L, _LAM, alpha_open.symbol)) * dx2.symbol,
)  # fmt: skip

SHARP_THRESHOLD = _derived(
    id="ef21.sharp-threshold", title=r"The exact step-size threshold of EF21 in terms of $L$, $L_{\mathrm{AM}}$ and $\alpha$",
    statement=r"EF21 converges on every instance for $\gamma < \gamma_* = 2\alpha/((2 - \alpha)L + 2\sqrt{1 - \alpha}L_{AM})$ "
    r"(ef21.sharp-descent); and two workers in one dimension do not converge for $\gamma \ge \gamma_*$. "
    r"Hence the step $1/(L + L_{AM}\xi)$ is within a factor 2 of the best possible.",
    parameters=(L, L_AM, alpha_open), assumptions=(SMOOTH_F, ORDER, LOWER_BOUNDED, CONTRACTIVE),
    quantity=r"\sup\{\gamma : \text{EF21 converges on every instance}\}", relation=Relation.IFF,
    expression=gamma_sharp(_L, _LAM, alpha_open.symbol), tight=True,
)  # fmt: skip

_mu = mu.symbol
_rate = (1 - _g * _mu) ** T.symbol * Psi0.symbol
_refined = sp.Le((beta(a) * _LAM**2 - _L * _mu) * _g**2 + (_L * theta(a) + _mu) * _g, theta(a), evaluate=False)
_pl_parameters = (gamma, mu, L, L_AM, alpha, T, Psi0)

PL = _claim(
    id="ef21.pl", title="Linear convergence of EF21 under the Polyak-Lojasiewicz condition",
    statement=r"For $\gamma \le \min\{1/(L + \sqrt2\xi L_{AM}), \theta/(2\mu)\}$: $\mathbb E\Psi^T \le (1 - \gamma\mu)^T\Psi^0$ "
    r"with $\Psi = f - f_* + \frac\gamma\theta G_w$. (With $L_{QM}$ and uniform weights: EF21, Theorem 2.)",
    parameters=_pl_parameters,
    assumptions=(
        SMOOTH_F, SMOOTH_FI, PL_F, CONTRACTIVE, _step(step(_L, sp.sqrt(2) * _LAM, a)),
        Assumption("step_size_mu", r"$\gamma \le \theta/(2\mu)$", sp.Le(_g, theta(a) / (2 * _mu), evaluate=False)),
    ),
    quantity=r"\mathbb E\Psi^T", expression=_rate, where=f"{EF21}, Theorem 2",
)  # fmt: skip

PL_REFINED = _claim(
    id="ef21.pl-refined", title="A larger step for the same linear rate",
    statement=r"Any $\gamma$ with $\gamma\mu < \theta$ and $(\beta L_{AM}^2 - L\mu)\gamma^2 + (L\theta + \mu)\gamma - \theta \le "
    r"0$ gives $\mathbb E\Psi^T \le (1 - \gamma\mu)^T\Psi^0$ with $\Psi = f - f_* + \frac{\gamma}{2(\theta - \gamma\mu)}G_w$.",
    parameters=_pl_parameters,
    assumptions=(
        SMOOTH_F, SMOOTH_FI, PL_F, CONTRACTIVE,
        Assumption("step_size", r"$(\beta L_{AM}^2 - L\mu)\gamma^2 + (L\theta + \mu)\gamma \le \theta$", _refined),
        Assumption("step_size_mu", r"$\gamma\mu < \theta$", sp.Lt(_g * _mu, theta(a), evaluate=False)),
    ),
    quantity=r"\mathbb E\Psi^T", expression=_rate, where="derived here from the one-step inequality",
)  # fmt: skip

TIGHT_SINGLE_WORKER = _claim(
    id="ef21.tight-single-worker", title="The tight contraction of EF21 with one worker on strongly convex functions",
    statement=r"$n = 1$, $\eta_* = \frac2{L + \mu}\frac{1 - q}{1 + q}$, $V = q\|\nabla f(x)\|^2 + \|g - \nabla f(x)\|^2$: "
    r"$V^{t+1} \le \rho V^t$ with $\rho = z_*^2$, $z_*^2 - (1 - q)\frac{L - \mu}{L + \mu}z_* - q = 0$, and no smaller "
    r"factor is possible.",
    parameters=(mu, L, alpha_open),
    assumptions=(STRONGLY_CONVEX, SMOOTH_F, CONTRACTIVE, MU_BELOW_L, Assumption("optimal_step", r"the step is $\eta_*$")),
    quantity=r"\sup \mathbb E V^{t+1} / V^t", expression=contraction_rate(mu.symbol, L.symbol, alpha_open.symbol),
    where=f"{TIGHT}, Theorem 2 (number recalled)", tight=True,
)  # fmt: skip

W_EQUIVALENCE = _claim(
    id="ef21.w-equivalence", title="EF21 and its weighted version generate the same iterates",
    statement=r"If $C(tx) = tC(x)$ for $t > 0$, EF21-W with $g_i^0 = C(\nabla f_i(x^0)/(nw_i))$ generates the iterates of EF21; "
    r"the states are related by $g_i^{EF21} = nw_i g_i^W$.",
    parameters=(), assumptions=(HOMOGENEOUS,), quantity=r"\max_t\|x^t_{\mathrm{EF21}} - x^t_{\mathrm{EF21-W}}\|",
    relation=Relation.EQ, expression=sp.Integer(0), where="Section on EF21-W", tight=True,
)  # fmt: skip

CLONING = _claim(
    id="ef21.cloning", title="Cloning clients turns the quadratic mean into almost the arithmetic mean",
    statement=r"With $N_i = \lceil L_i/L_{AM}\rceil$ copies of client $i$, $N = \sum N_i \le 2n$, the quadratic mean of the "
    r"copies' constants, $M = \frac1n\sqrt{N\sum L_i^2/N_i}$, satisfies $L_{AM} \le M \le \sqrt2 L_{AM}$.",
    parameters=(L_i,), assumptions=(AT_LEAST_ONE,), quantity="M(N_1, \\dots, N_n)",
    expression=sp.sqrt(2) * sp.Sum(L_i.symbol[_i], (_i, 1, _n)) / _n, where="Theorem 1",
)  # fmt: skip

RARE_FEATURES = _derived(
    id="ef21.rare-features", title="Rare features: a smaller mean of the smoothness constants",
    statement=r"If $f_i$ depends on $x_{J_i}$ only and compressors act inside $J_i$, then with $L_{rf} = \frac1n\max_j"
    r"\sum_{i \in I_j}L_i$ the step $\gamma \le 1/(L + L_{rf}\xi(\alpha))$ gives "
    r"the bound of EF21 with $G = \frac{L_{rf}}n\sum\|e_i\|^2/L_i$.",
    parameters=(gamma, L, L_rf, alpha, T, f0, f_inf, G0_rf),
    assumptions=(*_ef21_assumptions, SUPPORTS, _step(step(_L, L_rf.symbol, a))), quantity=AVERAGE,
    expression=_average_gradient(G0_rf.symbol),
    remark=r"The constant dominates $\sqrt{c/n}\,\min(\sqrt{c/n}\,\max L_i, L_{\mathrm{QM}})$ of arXiv:2305.15264.",
)  # fmt: skip

PARTIAL_PARTICIPATION = _derived(
    id="ef21.partial-participation", title="Partial participation is EF21 with a weaker compressor",
    statement=r"If worker $i$ takes part with probability $p$ and otherwise keeps $g_i$, EF21-PP is EF21 with a compressor of "
    r"contraction $p\alpha$, so $\gamma \le 1/(L + L_{AM}\xi(p\alpha))$ gives the bound with $\theta(p\alpha)$.",
    parameters=(gamma, L, L_AM, alpha, p, T, f0, f_inf, G0),
    assumptions=(*_ef21_assumptions, INDEPENDENT, _step(step(_L, _LAM, p.symbol * a))), quantity=AVERAGE,
    expression=_average_gradient(G0.symbol, p.symbol * a),
)  # fmt: skip

_q = sp.sqrt(1 - alpha_open.symbol)
_beta_sgd = _q ** sp.Rational(3, 2) / (1 - sp.sqrt(_q))
_nu = _q ** sp.Rational(3, 2) + 1 / (1 - sp.sqrt(_q))

SGD = _derived(
    id="ef21.sgd", title="EF21 with stochastic gradients converges to a floor",
    statement=r"With unbiased local gradients of variance $\sigma_i^2$, $\beta' = q^{3/2}/(1 - \sqrt q)$, $\nu = q^{3/2} + "
    r"1/(1 - \sqrt q)$ and $\gamma \le 1/(L + L_{AM}\sqrt{\beta'/\theta})$ the average is at most $2V^0/(\gamma T) + "
    r"\frac\nu\theta L_{AM}\cdot\frac1n\sum\sigma_i^2/L_i$. The floor does not vanish with $\gamma$.",
    parameters=(gamma, L, L_AM, alpha_open, T, f0, f_inf, G0, S0),
    assumptions=(*_ef21_assumptions, UNBIASED, _step(1 / (_L + _LAM * sp.sqrt(_beta_sgd / (1 - _q))))),
    quantity=AVERAGE,
    expression=2 * _gap / (_g * T.symbol) + G0.symbol / ((1 - _q) * T.symbol) + _nu / (1 - _q) * _LAM * S0.symbol,
)  # fmt: skip

SMOOTHNESS_CONSTANTS = _claim(
    id="ef21.smoothness-constants", title="Smoothness constants of the experiments' losses",
    statement=r"The mean loss with nonconvex regulariser $\lambda\sum_j x_j^2/(1 + x_j^2)$ has smoothness constant "
    r"$c\lambda_{\max}(A^\top A)/m + 2\lambda$, with $c = \frac14$ (logistic) or $2$ (squared error), attained at $x = 0$.",
    parameters=(curvature, lam_max, m, lam),
    assumptions=(Assumption("loss", "logistic or squared error with that regulariser"),),
    quantity=r"\sup_x\|\nabla^2 f(x)\|", relation=Relation.EQ,
    expression=curvature.symbol * lam_max.symbol / m.symbol + 2 * lam.symbol, where="Experiments", tight=True,
)  # fmt: skip

register(
    COMPRESSORS, YOUNG_OPTIMAL, DISTORTION, LYAPUNOV_AM, NONCONVEX_QM, NONCONVEX_AM, STEPSIZE_ROOT, HETERO_COMPRESSORS,
    SHARP_DESCENT, SHARP_THRESHOLD, PL, PL_REFINED, TIGHT_SINGLE_WORKER, W_EQUIVALENCE, CLONING, RARE_FEATURES,
    PARTIAL_PARTICIPATION, SGD, SMOOTHNESS_CONSTANTS,
)  # fmt: skip
