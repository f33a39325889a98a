"""Heavy-tailed class imbalance: a linear softmax model with one-hot inputs, solved for gradient and sign descent."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import NONNEGATIVE, UNIT_LOPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="class-imbalance", authors=("Kunstner", "Yadav", "Milligan", "Schmidt", "Bietti"),
    title="Heavy-Tailed Class Imbalance and Why Adam Outperforms Gradient Descent on Language Models", year=2024,
    family="adaptive", arxiv="2402.19449", venue="NeurIPS",
)  # fmt: skip

c = Parameter("c", "number of classes", sp.Range(2, sp.oo))
pi = Parameter("pi", "frequency of the class", UNIT_LOPEN, r"\pi_k")
frequencies = Parameter("pi", "frequencies of the classes", UNIT_LOPEN, r"\pi", size="c")
t = Parameter("t", "time", NONNEGATIVE)
eps = Parameter("eps", "loss to be reached", latex=r"\varepsilon")
eta = Parameter("eta", "step size", latex=r"\eta")
n = Parameter("n", "number of steps", sp.S.Naturals0)
loss = Parameter("loss", "loss before the step", NONNEGATIVE, "L(W)")
pi_max = Parameter("pi_max", "greatest frequency", UNIT_LOPEN, r"\pi_{\max}")
lagging = Parameter("lag", "the same ratio under gradient descent", NONNEGATIVE, r"r_{\mathrm{GD}}")
grad2 = Parameter("grad2", "squared norm of the gradient", NONNEGATIVE, r"\|\nabla L(W)\|^2")

ONE_HOT = Assumption("one_hot", "every sample of class $k$ has the input $e_k$")
ZERO_START = Assumption("zero_start", "$W(0) = 0$")
POSITIVE = Assumption("positive_frequencies", r"$\pi_k > 0$ for every class")
BELOW_START = Assumption("below_start", r"$\varepsilon \le \log c$", sp.Le(sp.exp(eps.symbol), c.symbol))
GRADIENT_FLOW = Assumption("gradient_flow", r"$\dot W = -\nabla L(W)$")

_z = c.symbol - 1
_i, _c = sp.Symbol("i", integer=True), sp.Symbol("c", integer=True, positive=True)


def psi(u: sp.Expr, classes: sp.Expr) -> sp.Expr:
    """e^u + (c - 1) u, which gradient flow increases at the constant rate c pi_k."""
    return sp.exp(u) + (classes - 1) * u


def softmax_loss(u: sp.Expr, classes: sp.Expr) -> sp.Expr:
    """Loss of a class whose margin over each of the others is u."""
    return sp.log(1 + (classes - 1) * sp.exp(-u))


GF_CONSERVATION = Claim(
    id="class-imbalance.gf-conservation", paper=PAPER,
    title=r"Gradient flow moves every class along one curve in the time $\pi_k t$",
    statement=r"Along gradient flow from $0$ the margin $u_k = W_{kk} - W_{ik}$ is the same for all $i \ne k$ and $e^{u_k} "
    r"+ (c-1)u_k = 1 + c\pi_kt$. Hence $l_k(t) = \log(1 + (c-1)e^{-u_k})$ is a function of $\pi_kt$ alone.",
    parameters=(c, pi, t), assumptions=(ONE_HOT, ZERO_START, GRADIENT_FLOW), quantity=r"e^{u_k(t)} + (c-1)u_k(t)",
    relation=Relation.EQ, expression=1 + c.symbol * pi.symbol * t.symbol, where="sharpens Theorem 3",
    confidence="derived", tight=True,
)  # fmt: skip

_margin = sp.log(_z / (sp.exp(eps.symbol) - 1))
TIME_TO_LOSS = Claim(
    id="class-imbalance.time-to-loss", paper=PAPER,
    title="The time of gradient flow to a loss is inversely proportional to the frequency",
    statement=r"Gradient flow from $0$ brings class $k$ to the loss $\varepsilon \le \log c$ exactly at $t_k = (e^u + "
    r"(c-1)u - 1)/(c\pi_k)$, $u = \log\frac{c-1}{e^\varepsilon - 1}$.",
    parameters=(c, pi, eps),
    assumptions=(ONE_HOT, ZERO_START, GRADIENT_FLOW, BELOW_START),
    quantity=r"t_k(\varepsilon)", relation=Relation.EQ,
    expression=(sp.exp(_margin) + _z * _margin - 1) / (c.symbol * pi.symbol), where="sharpens Theorem 3",
    confidence="derived", tight=True,
)  # fmt: skip

GF_UPPER = Claim(
    id="class-imbalance.gf-two-sided", paper=PAPER,
    title=r"Gradient flow: the loss of a class is at most of order $1/(\pi_k t)$",
    statement=r"For all $t \ge 0$, $\log(1 + \frac{c-1}{1 + c\pi_kt}) \le l_k(t) \le \log(1 + \frac{c-1}{1 + \pi_kt})$, "
    r"and $l_k(t) \sim \frac{c-1}{c\pi_kt}$ as $t \to \infty$.",
    parameters=(c, pi, t), assumptions=(ONE_HOT, ZERO_START, GRADIENT_FLOW), quantity="l_k(t)", relation=Relation.LE,
    expression=sp.log(1 + _z / (1 + pi.symbol * t.symbol)), where="makes Theorem 3 explicit", confidence="derived",
    tight=True,
)  # fmt: skip

GF_LOWER = Claim(
    id="class-imbalance.gf-lower", paper=PAPER,
    title=r"Gradient flow: the loss of a class is at least of order $1/(\pi_k t)$",
    statement=r"For all $t \ge 0$, $l_k(t) \ge \log(1 + (c-1)\max\{\frac1{1 + c\pi_kt}, e^{-\pi_kt}\}) \ge \log c - "
    r"\pi_kt$. So a class with $\pi_kt < 1$ is still at a loss of order $\log c$.",
    parameters=(c, pi, t), assumptions=(ONE_HOT, ZERO_START, GRADIENT_FLOW), quantity="l_k(t)", relation=Relation.GE,
    expression=sp.log(1 + _z * sp.Max(1 / (1 + c.symbol * pi.symbol * t.symbol), sp.exp(-pi.symbol * t.symbol))),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

SIGN_FLOW = Claim(
    id="class-imbalance.sign-flow", paper=PAPER,
    title="Sign descent brings all classes down alike, at an exponential rate",
    statement=r"The negative gradient has the sign $+1$ on the diagonal and $-1$ off it at every $W$, so that $W(t) = W(0) "
    r"+ t(2I - \mathbf 1\mathbf 1^\top)$: every margin grows at the rate 2, and from $0$, for every class and "
    r"all frequencies, $l_k(t) = \log(1 + (c-1)e^{-2t})$, between $\frac{c-1}c e^{-2t}$ and $(c-1)e^{-2t}$.",
    parameters=(c, t), assumptions=(ONE_HOT, ZERO_START, POSITIVE), quantity="l_k(t)", relation=Relation.EQ,
    expression=sp.log(1 + _z * sp.exp(-2 * t.symbol)), where="Theorem 3",
    remark=r"The exponent is 2 whatever the number of classes; in the published rate $\Theta(\exp(-c t))$ $c$ must be "
    r"read as a constant, though the paper's code has $c$ for the number of classes. A control shows "
    r"that $\exp(-c t)$ with $c$ classes is false for $c = 3$.",
    tight=True,
)  # fmt: skip

SIGN_TIME = Claim(
    id="class-imbalance.sign-time-to-loss", paper=PAPER,
    title="The time of sign descent to a loss is the same for all classes",
    statement=r"Sign descent from $0$ brings every class to the loss $\varepsilon \le \log c$ exactly at $t = "
    r"\frac12\log\frac{c-1}{e^\varepsilon - 1}$, whatever its frequency.",
    parameters=(c, eps), assumptions=(ONE_HOT, ZERO_START, POSITIVE, BELOW_START), quantity=r"t_k(\varepsilon)",
    relation=Relation.EQ, expression=_margin / 2, where="sharpens Theorem 3", confidence="derived", tight=True,
)  # fmt: skip

SIGN_DESCENT = Claim(
    id="class-imbalance.sign-descent", paper=PAPER, title="Sign descent has no discretisation error",
    statement=r"With step $\eta$, $n$ steps of sign descent from $0$ give the margins $u = 2\eta n$ exactly. Adam with "
    r"$\beta_1 = \beta_2 = \varepsilon = 0$ takes the same steps.",
    parameters=(eta, n), assumptions=(ONE_HOT, ZERO_START, POSITIVE), quantity="W_{kk} - W_{ik}", relation=Relation.EQ,
    expression=2 * eta.symbol * n.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

GD_UPPER = Claim(
    id="class-imbalance.gd-discrete", paper=PAPER,
    title="Gradient descent is faster than gradient flow by a factor at most",
    statement=r"Gradient descent from $0$ with any step $\eta$ keeps all margins of a class equal, $u_{n+1} = u_n + "
    r"\frac{c\,\eta\pi_k}{e^{u_n} + c - 1}$, and $e^{u_n} + (c-1)u_n \le 1 + c\,n(e^{\eta\pi_k} - 1)$: it is "
    r"ahead of gradient flow at time $\eta n$ by a factor at most $(e^x - 1)/x$ in time, $x = \eta\pi_k$.",
    parameters=(c, pi, eta, n), assumptions=(ONE_HOT, ZERO_START), quantity=r"e^{u_n} + (c-1)u_n", relation=Relation.LE,
    expression=1 + c.symbol * n.symbol * (sp.exp(eta.symbol * pi.symbol) - 1), where="derived here",
    confidence="derived", tight=True,
)  # fmt: skip

GD_LOWER = Claim(
    id="class-imbalance.gd-not-slower", paper=PAPER, title="Gradient descent is never slower than gradient flow",
    statement=r"Gradient descent from $0$ with any step $\eta$: $e^{u_n} + (c-1)u_n \ge 1 + c\,\eta\pi_kn$, so that the "
    r"loss is at most that of gradient flow at time $\eta n$.",
    parameters=(c, pi, eta, n), assumptions=(ONE_HOT, ZERO_START), quantity=r"e^{u_n} + (c-1)u_n", relation=Relation.GE,
    expression=1 + c.symbol * eta.symbol * pi.symbol * n.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

SGD_LOWER = Claim(
    id="class-imbalance.sgd-not-slower", paper=PAPER, title="On minibatches it is not slower than gradient flow either",
    statement=r"Where the frequencies of the classes in every batch have the means $\pi$, gradient descent from $0$ on "
    r"batches has $\mathbb E[e^{u_n} + (c-1)u_n] \ge 1 + c\,\eta\pi_kn$, whatever the batches' size and dependence: "
    r"$e^u + (c-1)u$ gains at least $c\,\eta$ times the frequency in the batch in every step.",
    parameters=(c, pi, eta, n),
    assumptions=(ONE_HOT, ZERO_START, Assumption("unbiased", r"the frequencies of a batch have the means $\pi$")),
    quantity=r"\mathbb E[e^{u_n} + (c-1)u_n]", relation=Relation.GE,
    expression=1 + c.symbol * eta.symbol * pi.symbol * n.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

GD_DESCENT = Claim(
    id="class-imbalance.gd-descent", paper=PAPER, title=r"The loss is smooth with constant $\max_k \pi_k/2$",
    statement=r"The Hessian has norm at most $\pi_{\max}/2$, so that a step of gradient descent from any $W$ gives $L(W^+) "
    r"\le L(W) - \eta(1 - \eta\pi_{\max}/4)\|\nabla L(W)\|^2$.",
    parameters=(loss, eta, pi_max, grad2),
    assumptions=(ONE_HOT, Assumption("short_steps", r"$\eta < 4/\pi_{\max}$", sp.Lt(eta.symbol * pi_max.symbol, 4))),
    quantity="L(W^+)", relation=Relation.LE,
    expression=loss.symbol - eta.symbol * (1 - eta.symbol * pi_max.symbol / 4) * grad2.symbol, where="derived here",
    confidence="derived",
    remark=r"With one-hot inputs the loss falls with every step size: a step raises every margin by $\eta \pi_k (1 - "
    r"p_k + p_i)$.",
)  # fmt: skip

HESSIAN = Claim(
    id="class-imbalance.gradient-hessian-correlation", paper=PAPER,
    title="Gradient and Hessian of a class are proportional to its frequency",
    statement=r"Column $k$ of the gradient is $\pi_k(p_k - e_k)$ and its Hessian block $\pi_k(\mathrm{Diag}(p_k) - "
    r"p_kp_k^\top)$. At $W = 0$ the nonzero eigenvalues of the block are $\pi_k/c$, $c - 1$ times: the condition "
    r"number on the range is $\max\pi/\min\pi$, which is $c$ for $\pi_k \propto 1/k$.",
    parameters=(c, pi), assumptions=(ONE_HOT, Assumption("at_zero", "$W = 0$")),
    quantity=r"\lambda_{\ne 0}(\nabla^2_{kk}L(0))", relation=Relation.EQ, expression=pi.symbol / c.symbol,
    where="Section on gradient and Hessian", tight=True,
)  # fmt: skip

_tau = _c * frequencies.symbol[_i] * t.symbol
ZIPF_AVERAGE = Claim(
    id="class-imbalance.zipf-average", paper=PAPER, title="Rare classes hold the average loss of gradient flow up",
    statement=r"$\sum_k\pi_kl_k(t) \ge \sum_k\pi_k\log(1 + (c-1)\max\{\frac1{1 + c\pi_kt}, e^{-\pi_kt}\})$ for gradient "
    r"flow. For $\pi_k = 1/(kH_c)$ the classes with $\pi_kt < 1$ are still at a loss of order $\log c$, until "
    r"$t$ is of order $cH_c$; for sign descent the average is $\log(1 + (c-1)e^{-2t})$.",
    parameters=(frequencies, t),
    assumptions=(
        ONE_HOT, ZERO_START, GRADIENT_FLOW,
        Assumption(
            "distribution", r"$\sum_k\pi_k = 1$", sp.Eq(sp.Sum(frequencies.symbol[_i], (_i, 1, _c)), sp.Integer(1))
        ),
    ),
    quantity=r"\sum_k \pi_k l_k(t)", relation=Relation.GE,
    expression=sp.Sum(
        frequencies.symbol[_i] * sp.log(1 + (_c - 1) * sp.Max(1 / (1 + _tau), sp.exp(-_tau / _c))), (_i, 1, _c)
    ),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

RARE_CLASSES = Claim(
    id="class-imbalance.rare-classes", paper=PAPER,
    title="At the same mean loss the rare classes are further behind under gradient descent",
    statement=r"Train one model twice from the same start on the same samples, until the mean loss has fallen far (here to "
    r"3/10; with tokens, whose entropy stays, to 11/20). Then the ratio $r$ of the mean loss of the rarest tenth of the samples "
    r"to that of all is less under Adam or sign descent than under gradient descent.",
    parameters=(lagging,),
    assumptions=(
        Assumption("heavy_tailed", r"frequencies of the classes fall like $1/k$, or are halved as their number doubles"),
    ),
    quantity="r", relation=Relation.LE, expression=lagging.symbol, where="experiments", confidence="derived",
    remark="An observation on trained models and on the solved one, not a theorem; the paper shows losses of groups of "
    "classes, and this ratio is ours: it does not depend on who is faster.",
)  # fmt: skip

register(
    GF_CONSERVATION, TIME_TO_LOSS, GF_UPPER, GF_LOWER, SIGN_FLOW, SIGN_TIME, SIGN_DESCENT, GD_UPPER, GD_LOWER, SGD_LOWER,
    GD_DESCENT, HESSIAN, ZIPF_AVERAGE, RARE_CLASSES,
)  # fmt: skip
