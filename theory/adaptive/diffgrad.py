"""diffGrad: Adam times a friction coefficient, the sigmoid of the change of the gradient."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, POSITIVE, REAL, UNIT_OPEN, UNIT_ROPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="diffgrad", authors=("Dubey", "Chakraborty", "Roy", "Mukherjee", "Singh", "Chaudhuri"),
    title="diffGrad: An Optimization Method for Convolutional Neural Networks", year=2020, family="adaptive",
    arxiv="1909.11015", venue="IEEE Transactions on Neural Networks and Learning Systems",
)  # fmt: skip

adam_step = Parameter("adam", "length of Adam's step from the same state", NONNEGATIVE, r"|\Delta^{\mathrm{Adam}}|")
alpha = Parameter("alpha", r"step size (its scale, where $\alpha_t = \alpha/\sqrt{t}$)", POSITIVE, r"\alpha")
beta1 = Parameter("beta1", "decay of the first moment", UNIT_ROPEN, r"\beta_1")
beta2 = Parameter("beta2", "decay of the second moment", UNIT_OPEN, r"\beta_2")
t = Parameter("t", "number of the step", COUNT)
q = Parameter("q", r"$\beta_1^2/\beta_2$", UNIT_ROPEN)
decay = Parameter("lam", r"decay of $\beta_{1,t} = \beta_1 \lambda^{t-1}$", UNIT_OPEN, r"\lambda")
T = Parameter("T", "number of steps", COUNT)
D = Parameter("D", "diameter of the set of iterates")
D_inf = Parameter("D_inf", "its greatest extent in a coordinate", latex=r"D_\infty")
G = Parameter("G_inf", "bound of the absolute gradients", POSITIVE, r"G_\infty")
first = Parameter("g_1", "absolute first gradient, by coordinates", NONNEGATIVE, "|g_1|", size="d")
v_T = Parameter("v_T", "bias-corrected second moment at $T$, by coordinates", NONNEGATIVE, r"\hat v_T", size="d")
g_norm = Parameter(
    "g_norm", r"Euclidean norms of $(g_{1,i}, \ldots, g_{T,i})$", NONNEGATIVE, r"\|g_{1:T}\|_2", size="d"
)
a = Parameter("a", "the gradient that is met twice")
b = Parameter("b", "minus the gradient that is met once")
eps = Parameter("eps", "added to the root of the second moment", NONNEGATIVE, r"\varepsilon")
P = Parameter("P", r"$1/\eta_1$ plus the sum over $t \ge 2$ of the positive part of $1/\eta_t - 1/\eta_{t-1}$")
Q = Parameter("Q", r"sum of $\eta_t g_t^2$", NONNEGATIVE)
x = Parameter("x", "where the derivative is taken", REAL)

SAME_STATE = Assumption("same_state", "both steps start from the same $x$, $m$, $v$ and meet the same gradient")
FRICTION = Assumption("friction", r"$\xi_t = 1/(1 + e^{-|g_t - g_{t-1}|})$, $g_0 = 0$")
BIAS_CORRECTION = Assumption("bias_correction", r"$\hat m_t = m_t/(1 - \beta_1^t)$, $\hat v_t = v_t/(1 - \beta_2^t)$")
PROJECTED = Assumption("projected", "iterates are projected onto an interval of diameter $D$")
LINEAR_LOSSES = Assumption("convex_losses", "convex losses with $|g_t| \\le G_\\infty$")


def sigmoid(z: sp.Expr) -> sp.Expr:
    """1/(1 + e^-z)."""
    return 1 / (1 + sp.exp(-z))


def step_ratio(b1: sp.Expr, b2: sp.Expr, n: sp.Expr) -> sp.Expr:
    """rho_t: the largest |mhat_t|/sqrt(vhat_t) over all gradients; 1 at t = 1 and nondecreasing in t."""
    ratio = b1**2 / b2
    geometric = sp.Piecewise((n, sp.Eq(ratio, 1)), ((1 - ratio**n) / (1 - ratio), True))
    return sp.sqrt((1 - b2**n) * geometric / (1 - b2)) * (1 - b1) / (1 - b1**n)


def cycle_drift(u: sp.Expr, w: sp.Expr, b2: sp.Expr, e: sp.Expr) -> sp.Expr:
    """Sum of friction times gradient over root second moment along the cycle (u, u, -w), second moments at their limit."""
    cycle, friction = (u, u, -w), (sigmoid(u + w), sp.Rational(1, 2), sigmoid(u + w))
    total = sp.S.Zero
    for k in range(3):
        v = (cycle[k] ** 2 + b2 * cycle[k - 1] ** 2 + b2**2 * cycle[k - 2] ** 2) / (1 + b2 + b2**2)
        total += friction[k] * cycle[k] / (sp.sqrt(v) + e)
    return total


FRICTION_RANGE = Claim(
    id="diffgrad.friction-range", paper=PAPER, title="A step of diffGrad is between half of Adam's and Adam's",
    statement=r"$1/2 \le \xi_t < 1$, increasing in $|g_t - g_{t-1}|$, with $\xi_t = 1/2$ iff $g_t = g_{t-1}$. So each "
    r"coordinate of the step is at least half of Adam's step from the same state and shorter than all of it.",
    parameters=(adam_step,), assumptions=(SAME_STATE, FRICTION), quantity=r"|\Delta^{\mathrm{diffGrad}}|",
    relation=Relation.GE, expression=adam_step.symbol / 2, where="Section III", tight=True,
)  # fmt: skip

SHORTER_THAN_ADAM = Claim(
    id="diffgrad.shorter-than-adam", paper=PAPER, title="A step of diffGrad is shorter than Adam's",
    statement=r"$\xi_t < 1$: each coordinate of the step is shorter than that of Adam's step from the same state.",
    parameters=(adam_step,), assumptions=(SAME_STATE, FRICTION), quantity=r"|\Delta^{\mathrm{diffGrad}}|",
    relation=Relation.LE, expression=adam_step.symbol, where="Section III",
    remark="The supremum is the bound; it is approached as the change of the gradient grows, not attained.", tight=True,
)  # fmt: skip

STEP_BOUND = Claim(
    id="diffgrad.step-bound", paper=PAPER, title="The largest step",
    statement=r"$|x_{t+1} - x_t| < \alpha_t\rho_t$ with $\rho_t^2 = "
    r"\frac{(1-\beta_1)^2(1-\beta_2^t)}{(1-\beta_1^t)^2(1-\beta_2)}\sum_{k<t}q^k$, $q = \beta_1^2/\beta_2$. "
    r"$|\hat m_t|/\sqrt{\hat v_t} \le \rho_t$ is attained iff $g_{t-k}$ is proportional to $(\beta_1/\beta_2)^k$.",
    parameters=(alpha, beta1, beta2, t), assumptions=(FRICTION, BIAS_CORRECTION), quantity=r"|x_{t+1} - x_t|",
    relation=Relation.LE, expression=alpha.symbol * step_ratio(beta1.symbol, beta2.symbol, t.symbol),
    where="derived here", confidence="derived",
    remark=r"The supremum over gradients is the bound; it is approached as the gradients grow ($\xi$ tends to 1), "
    r"not attained.",
    tight=True,
)  # fmt: skip

STEP_BOUND_UNIFORM = Claim(
    id="diffgrad.step-bound-uniform", paper=PAPER, title="A bound of all steps at once",
    statement=r"$\rho_t$ is nondecreasing in $t$, from $\rho_1 = 1$. If $q = \beta_1^2/\beta_2 < 1$, it tends to "
    r"$(1-\beta_1)/\sqrt{(1-\beta_2)(1-q)}$, so that all steps are shorter than $\alpha$ times this; if $q \ge "
    r"1$, no bound holds for all $t$.",
    parameters=(alpha, beta1, beta2, q),
    assumptions=(
        Assumption("ratio", r"$q = \beta_1^2/\beta_2$", sp.Eq(q.symbol * beta2.symbol, beta1.symbol**2)), FRICTION,
        BIAS_CORRECTION,
    ),
    quantity=r"\sup_t |x_{t+1} - x_t|", relation=Relation.LE,
    expression=alpha.symbol * (1 - beta1.symbol) / sp.sqrt((1 - beta2.symbol) * (1 - q.symbol)), where="derived here",
    confidence="derived", tight=True,
)  # fmt: skip

LOCAL_STABILITY = Claim(
    id="diffgrad.local-stability", paper=PAPER, title="On a quadratic diffGrad is stable up to twice Adam's step",
    statement=r"For $f = \lambda x^2/2$, constant $\alpha$ and $\varepsilon > 0$ the minimiser is locally exponentially "
    r"stable iff $\alpha\lambda/\varepsilon < 4(1+\beta_1)/(1-\beta_1)$, and unstable if it is larger; for Adam "
    r"the factor is 2: at the fixed point $\xi = 1/2$, and the linear part has the characteristic polynomial "
    r"$r^2 - (1 + \beta_1 - (1-\beta_1)\chi)r + \beta_1$, $\chi = \alpha\lambda/(2\varepsilon)$.",
    parameters=(beta1,), assumptions=(FRICTION, Assumption("quadratic", r"$f = \lambda x^2/2$, $\lambda > 0$")),
    remark="Computer algebra decides the linear part; that it decides the method is argued in "
    "docs/derivations/diffgrad.md.",
    quantity=r"\sup\{\alpha\lambda/\varepsilon : x = 0 \text{ is exponentially stable}\}", relation=Relation.IFF,
    expression=4 * (1 + beta1.symbol) / (1 - beta1.symbol), where="derived here", confidence="derived", tight=True,
)  # fmt: skip

_i, _d = sp.Symbol("i", integer=True), sp.Symbol("d", integer=True, positive=True)
_bias, _gamma = 1 - beta1.symbol, beta1.symbol**2 / sp.sqrt(beta2.symbol)
PAPER_REGRET = Claim(
    id="diffgrad.paper-regret",
    paper=PAPER,
    title="The published regret bound",
    statement=r"For convex losses with bounded gradients, iterates in a set of diameter $D$ (and $D_\infty$ in every "
    r"coordinate), $\gamma = \beta_1^2/\sqrt{\beta_2} < 1$, $\alpha_t = \alpha/\sqrt t$, $\beta_{1,t} = "
    r"\beta_1\lambda^{t-1}$ and every $T \ge 1$, $R_T \le \frac{D^2}{2\alpha(1-\beta_1)} \sum_i(1 + "
    r"e^{-|g_{1,i}|})\sqrt{T\hat v_{T,i}} + \frac{\alpha(1+\beta_1)G_\infty}{(1-\beta_1)\sqrt{1-\beta_2}"
    r"(1-\gamma)^2}\sum_i\|g_{1:T,i}\|_2 + \sum_i\frac{D_\infty^2G_\infty\sqrt{1-\beta_2}}"
    r"{2\alpha(1-\beta_1)(1-\lambda)^2}$; hence $R_T/T = O(1/\sqrt T)$ (Corollary 1).",
    parameters=(alpha, beta1, beta2, decay, T, D, D_inf, G, first, v_T, g_norm),
    assumptions=(
        LINEAR_LOSSES, PROJECTED, FRICTION,
        Assumption("gamma_below_one", r"$\beta_1^2 < \sqrt{\beta_2}$", sp.Lt(beta1.symbol**4, beta2.symbol)),
    ),
    quantity="R_T",
    relation=Relation.LE,
    expression=D.symbol**2 / (2 * alpha.symbol * _bias)
    * sp.Sum((1 + sp.exp(-first.symbol[_i])) * sp.sqrt(T.symbol * v_T.symbol[_i]), (_i, 1, _d))
    + alpha.symbol * (1 + beta1.symbol) * G.symbol / (_bias * sp.sqrt(1 - beta2.symbol) * (1 - _gamma) ** 2)
    * sp.Sum(g_norm.symbol[_i], (_i, 1, _d))
    + _d * D_inf.symbol**2 * G.symbol * sp.sqrt(1 - beta2.symbol)
    / (2 * alpha.symbol * _bias * (1 - decay.symbol) ** 2),
    where="Theorem 1, equation (22)",
    remark=r"Its proof keeps the differences $\sqrt{\hat v_t}/(\alpha_t\xi_t) - \sqrt{\hat v_{t-1}}/(\alpha_{t-1}"
    r"\xi_{t-1})$ in (34) and sums them against $D^2$ in (35), as if none were negative; and it ends in $1/\xi_1 = 1 + "
    r"e^{-|g_1|}$, where the sum would end in $1/\xi_T$.",
    false_as_published=(
        r"On the linear losses $x, x, -1.9x$, repeated, on $[-1, 1]$ from the best point $-1$, with $\alpha = 1/2$, "
        r"$\beta_1 = 0$ and $\beta_2 = 0.9$, the regret of 40000 rounds is 2741.30, and the bound $2316.78 + "
        r"2.41/(1 - \lambda)^2$, where $\lambda$ is free: the friction halves the step of the repeated gradient and "
        r"leaves the others, so that the iterate drifts to the wrong end and $R_T$ grows linearly. True instead: "
        r"diffgrad.regret-master, which is $O(\sqrt{T})$ where $\eta_t = \alpha_t \xi_t/(\sqrt{v_t} + \varepsilon)$ "
        r"does not increase."
    ),
)  # fmt: skip

REGRET_REFUTED = Claim(
    id="diffgrad.regret-refuted", paper=PAPER,
    title="The average regret has a positive limit on a cycle of three linear losses",
    statement=r"Linear losses $g_tx$ on $[-1, 1]$ with gradients $a, a, -b$ repeated, $0 < b < 2a$, $\alpha_t = "
    r"\alpha/\sqrt t$ and $\beta_1 = 0$ (or $\beta_{1,t} \to 0$ geometrically). With $v_k$ the limit of $\hat "
    r"v_t$ along the cycle, if $\sum_k \xi_kg_k/(\sqrt{v_k} + \varepsilon) < 0$ then $x_t \to 1$ although $-1$ "
    r"is best, and $R_T/T \to \frac23(2a - b)$. Where $\hat v$ is constant (AMSGrad's maximum, or $\beta_2 \to "
    r"1$) the condition reads $\sigma(a+b)(b-a) > a/2$.",
    parameters=(a, b, beta2, eps),
    assumptions=(
        Assumption("best_is_left", r"$b < 2a$: the best fixed point is $-1$", sp.Lt(b.symbol, 2 * a.symbol)),
        Assumption(
            "negative_drift",
            r"the weighted drift along the cycle is negative",
            sp.Lt(cycle_drift(a.symbol, b.symbol, beta2.symbol, eps.symbol), 0),
        ),
        Assumption("vanishing_momentum", r"$\beta_1 = 0$ or $\beta_{1,t} \to 0$ geometrically"), FRICTION,
    ),
    quantity=r"\lim_{T\to\infty} R_T/T", relation=Relation.EQ, expression=sp.Rational(2, 3) * (2 * a.symbol - b.symbol),
    where="derived here", confidence="derived",
    remark=r"The condition must hold with the second moments of the cycle: for (1, 1, -1.9) it fails at $\beta_2 = "
    r"1/2$, and so does the conclusion. With constant $\beta_1 = 0.9$ the momentum averages the cycle and the "
    r"regret vanishes. This contradicts Corollary 1 of the paper. Computer algebra proves the identities of a period; "
    r"that $x_t$ converges is argued in docs/derivations/diffgrad.md.",
    tight=True,
)  # fmt: skip

REGRET_MASTER = Claim(
    id="diffgrad.regret-master", paper=PAPER, title="A regret bound that holds for any positive steps",
    statement=r"For $\beta_1 = 0$ and any positive $\eta_t$, here $\alpha_t\xi_t/(\sqrt{\hat v_t} + \varepsilon)$: $R_T "
    r"\le \frac{D^2}2\left[\frac1{\eta_1} + \sum_{t=2}^T\left(\frac1{\eta_t} - "
    r"\frac1{\eta_{t-1}}\right)_+\right] + \frac12\sum_t\eta_tg_t^2$. If $\eta_t$ does not increase, the bracket "
    r"is $1/\eta_T$ and the bound $O(\sqrt T)$; with friction it can be of order $T^{3/2}$.",
    parameters=(D, P, Q),
    assumptions=(Assumption("convex_losses", "convex losses"), PROJECTED, Assumption("no_momentum", r"$\beta_1 = 0$")),
    quantity="R_T", relation=Relation.LE, expression=D.symbol**2 * P.symbol / 2 + Q.symbol / 2, where="derived here",
    confidence="derived", tight=True,
)  # fmt: skip

ALIASING_BUG = Claim(
    id="diffgrad.aliasing-bug", paper=PAPER,
    title="With the previous gradient stored by reference, diffGrad is Adam with half the step",
    statement=r"If the previous gradient is kept by reference to a buffer that the next gradient overwrites, the "
    r"difference is zero from the second step on: $\xi_t = 1/2$ for $t \ge 2$, and the iterates are those of "
    r"Adam with step $\alpha/2$ after a first step with $\xi_1 = \sigma(|g_1|)$.",
    parameters=(adam_step,),
    assumptions=(SAME_STATE, Assumption("by_reference", "the previous gradient is kept by reference")),
    quantity=r"|x_{t+1} - x_t|,\ t \ge 2", relation=Relation.EQ, expression=adam_step.symbol / 2,
    where="the first public implementation",
    remark="Its public repository says so, recommends a later version, and says that the arXiv version has updated results: "
    "which experiments used the first one is not known here.",
    tight=True,
)  # fmt: skip

SYNTHETIC_FUNCTIONS = Claim(
    id="diffgrad.synthetic-functions", paper=PAPER, title="The derivative of the second synthetic function",
    statement=r"$F_1 = (x + 0.3)^2$ for $x \le 0$, else $(x - 0.2)^2 + 0.05$. $F_2 = -40x - 35.15$ for $x \le -0.9$, else "
    r"$x^3 + x\sin 8x + 0.85$, with $F_2' = 8x\cos 8x + \sin 8x + 3x^2$. $F_3 = x^2$ for $|x| \ge 0.5$, $0.75 - "
    r"|x|$ for $0.4 < |x| \le 0.5$, else $\frac78|x|$. Global minima: $F_1(-0.3) = 0$, $F_2(-0.6429186) = "
    r"1.198\cdot 10^{-4}$, $F_3(0) = 0$; local: $F_1(0.2) = 0.05$, $F_2(0) = 0.85$, $F_2(0.5880535) = "
    r"0.4653181$, $F_3(\pm 0.5) = 0.25$.",
    parameters=(x,), assumptions=(Assumption("right_branch", "$x > -0.9$", sp.Gt(x.symbol, sp.Rational(-9, 10))),),
    quantity="F_2'(x)", relation=Relation.EQ,
    expression=8 * x.symbol * sp.cos(8 * x.symbol) + sp.sin(8 * x.symbol) + 3 * x.symbol**2,
    where="Section on the synthetic functions",
    remark=r"The published notebook's gradient lacks the factor 8 before $x\,\cos 8x$; it is kept as a labelled "
    r"variant. $F_2$ jumps by $-0.0147$ at $-0.9$.",
    tight=True,
)  # fmt: skip

register(
    FRICTION_RANGE, SHORTER_THAN_ADAM, STEP_BOUND, STEP_BOUND_UNIFORM, LOCAL_STABILITY, PAPER_REGRET, REGRET_REFUTED,
    REGRET_MASTER, ALIASING_BUG, SYNTHETIC_FUNCTIONS,
)  # fmt: skip
