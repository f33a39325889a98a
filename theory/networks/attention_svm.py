"""One attention layer: its gradient, and the max-margin matrix towards which training and regularisation paths tend."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="attention-svm",
    authors=("Ataee Tarzanagh", "Li", "Thrampoulidis", "Oymak"),
    title="Transformers as Support Vector Machines",
    year=2023,
    family="networks",
    arxiv="2308.16898",
)

n = Parameter("n", "number of inputs", COUNT)
T = Parameter("T", "tokens of each input", sp.Range(2, sp.oo))
d = Parameter("d", "dimension of tokens and queries", COUNT)
total = Parameter("total", "sum of the multipliers", NONNEGATIVE, r"\sum\lambda")
s = Parameter("s", "softmax probabilities of the tokens", sp.Interval(0, 1), size="T")
score = Parameter("gamma", "scores of the tokens", REAL, r"\gamma", size="T")
x = Parameter("x", "one coordinate of the tokens", REAL, size="T")
L_W = Parameter("L_W", r"mean of $\operatorname{range}(\gamma_i) \|X_i\|_2^2 \|z_i\|^2/2$", NONNEGATIVE)
distance = Parameter("distance", r"$\|W - V\|_F$", NONNEGATIVE, r"\|W - V\|_F")
slope = Parameter("slope", "$|l'|$ at the output of each input", NONNEGATIVE, r"\ell'", size="n")
s_opt = Parameter(
    "s_opt", "probability of the optimal token of each input", sp.Interval(0, 1), r"s_{\mathrm{opt}}", size="n"
)
lead = Parameter("lead", "score of the optimal token minus that of the others", NONNEGATIVE, "g", size="n")
kappa = Parameter(
    "kappa", r"$(M_1 g_{\max})/(M_0 g_{\min})$: spread of slopes and of score gaps", sp.Interval(1, sp.oo), r"\kappa"
)
R = Parameter("R", "radius of the ball", latex="R")
Xi = Parameter("Xi", "margin of the max-margin matrix, 1/norm", latex=r"\Xi")
nuc = Parameter("nuc", "nuclear norm of $K Q'$", NONNEGATIVE, r"\|KQ^\top\|_*")
c = Parameter("c", r"$(\gamma_1 - \gamma_2) \|x_1 - x_2\|^2 \|z\|^2$", latex="c")
t = Parameter("t", "time of the gradient flow", NONNEGATIVE)

LOSS = Assumption("decreasing_loss", "the loss is strictly decreasing")
HEAD = Assumption("fixed_head", "the head $v$, and with it the scores $\\gamma_{it} = Y_iv\\cdot x_{it}$, is fixed")
LINEAR = Assumption("linear_loss", r"$\ell(x) = -x$")
UNIQUE = Assumption("unique_opt_token", "each input has a single token of largest score")
FEASIBLE = Assumption("svm_feasible", "some $W$ separates the selected tokens")
EQUAL = Assumption("equal_nonopt_scores", "the other tokens of an input have equal scores (always so for $T = 2$)")

_SVM = (
    r"$W^{svm} = \arg\min\|W\|_F$ subject to $(x_{i\alpha_i} - x_{it})^\top Wz_i \ge 1$ for all $i$, $t \ne \alpha_i$"
)

SVM_KKT = Claim(
    id="attention-svm.svm-kkt",
    paper=PAPER,
    title="The max-margin matrix is a combination of token differences and queries",
    statement=(
        rf"{_SVM}, is $\sum\lambda_{{it}}(x_{{i\alpha_i}} - x_{{it}})z_i^\top$ with $\lambda \ge 0$; $\|W^{{svm}}\|_F^2 = "
        r"\sum\lambda_{it}$, and its rank is at most $n$."
    ),
    parameters=(total,),
    assumptions=(FEASIBLE, Assumption("optimal", "the matrix is the one of least norm")),
    quantity=r"\|W^{svm}\|_F^2",
    relation=Relation.EQ,
    expression=total.symbol,
    where="Section 2",
    tight=True,
)

FEASIBILITY = Claim(
    id="attention-svm.feasible",
    paper=PAPER,
    title="In high dimension every selection of tokens is separable",
    statement=(
        r"If $d \ge \max(T - 1, n)$, then for almost all tokens and queries and for every selection $\alpha$ some $W$ has all "
        r"margins equal to one: choose $p_i$ with $(x_{i\alpha_i} - x_{it})\cdot p_i = 1$ and then $W$ with $Wz_i = p_i$."
    ),
    parameters=(n, T, d),
    assumptions=(
        Assumption("generic", "token differences and queries are linearly independent"),
        Assumption("overparametrised", r"$d \ge \max(T - 1, n)$", sp.Ge(d.symbol, sp.Max(T.symbol - 1, n.symbol))),
    ),
    quantity=r"\mathbb P(\text{separable for every }\alpha)",
    relation=Relation.EQ,
    expression=sp.Integer(1),
    where="Theorem on over-parametrisation (number not recalled); proof derived anew",
    tight=True,
)

_t, _u, _T = sp.Symbol("t", integer=True), sp.Symbol("u", integer=True), sp.Symbol("T", integer=True, positive=True)

GRADIENT = Claim(
    id="attention-svm.gradient",
    paper=PAPER,
    title="The gradient as a sum over pairs of tokens, without cancellation",
    statement=(
        r"$\nabla L(W) = \frac1n\sum_i\ell'(\gamma_i\cdot s_i)X_i^\top(\mathrm{diag}s_i - s_is_i^\top)\gamma_iz_i^\top$, and each "
        r"coordinate of $X^\top(\mathrm{diag}s - ss^\top)\gamma$ is $\sum_{t<u}s_ts_u(\gamma_t - \gamma_u)(x_t - x_u)$."
    ),
    parameters=(s, score, x),
    assumptions=(
        HEAD,
        Assumption("softmax", "the probabilities sum to one", sp.Eq(sp.Sum(s.symbol[_t], (_t, 1, _T)), 1)),
    ),
    quantity=r"\sum_t s_t\gamma_tx_t - \sum_t s_t\gamma_t\sum_t s_tx_t",
    relation=Relation.EQ,
    expression=sp.Sum(
        sp.Sum(
            s.symbol[_t] * s.symbol[_u] * (score.symbol[_t] - score.symbol[_u]) * (x.symbol[_t] - x.symbol[_u]),
            (_u, 1, _T),
        ),
        (_t, 1, _T),
    )
    / 2,
    where="Section 2",
    remark="Half the sum over ordered pairs is the sum over unordered ones.",
    tight=True,
)

SMOOTH = Claim(
    id="attention-svm.smooth",
    paper=PAPER,
    title="A Lipschitz constant of the gradient",
    statement=(
        r"For $\ell(x) = -x$: $\|\nabla L(W) - \nabla L(V)\|_F \le L_W\|W - V\|_F$ with $L_W = \frac1n\sum_i"
        r"\mathrm{range}(\gamma_i)\|X_i\|_2^2\|z_i\|^2/2$; gradient descent with a step up to $1/L_W$ decreases $L$ monotonically."
    ),
    parameters=(L_W, distance),
    assumptions=(HEAD, LINEAR),
    quantity=r"\|\nabla L(W) - \nabla L(V)\|_F",
    relation=Relation.LE,
    expression=L_W.symbol * distance.symbol,
    where="derived here",
    confidence="derived",
)

_i, _n = sp.Symbol("i", integer=True), sp.Symbol("n", integer=True, positive=True)

NO_STATIONARY = Claim(
    id="attention-svm.no-stationary",
    paper=PAPER,
    title="Every gradient points away from the max-margin matrix: no finite stationary point",
    statement=(
        r"$-\langle\nabla L(W), W^{svm}\rangle \ge \frac1n\sum_i|\ell'(\gamma_i\cdot s_i)|s_{i,opt}(1 - s_{i,opt})"
        r"(\gamma_{i,opt} - \bar\gamma_i) > 0$ for every $W$."
    ),
    parameters=(slope, s_opt, lead),
    assumptions=(LOSS, HEAD, UNIQUE, FEASIBLE, EQUAL),
    quantity=r"-\langle\nabla L(W), W^{svm}\rangle",
    relation=Relation.GE,
    expression=sp.Sum(slope.symbol[_i] * s_opt.symbol[_i] * (1 - s_opt.symbol[_i]) * lead.symbol[_i], (_i, 1, _n)) / _n,
    where="derived here, from the paper's mechanism for global convergence",
    confidence="derived",
    tight=True,
)

GD_DIRECTION = Claim(
    id="attention-svm.gd-direction",
    paper=PAPER,
    title="Gradient descent turns towards the max-margin matrix",
    statement=(
        r"With a small constant step $W_k/\|W_k\|_F \to W^{svm}/\|W^{svm}\|_F$ and $L(W_k) \to L^*$. The paper gives no rate."
    ),
    parameters=(),
    assumptions=(
        LOSS,
        HEAD,
        UNIQUE,
        FEASIBLE,
        EQUAL,
        Assumption("small_step", "the step is small enough for the loss to decrease"),
    ),
    quantity=r"\lim_k\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)",
    relation=Relation.EQ,
    expression=sp.Integer(1),
    where="Theorem on global convergence (number not recalled)",
    confidence="recalled",
    remark=(
        "A limit without a rate: runs that turn towards it, and one input with two tokens, where the direction is exact."
    ),
)

PATH_FINITE_R = Claim(
    id="attention-svm.path-finite-R",
    paper=PAPER,
    title="The regularisation path is close to the max-margin direction at every radius",
    statement=(
        r"If $\|W\|_F \le R$ and $L(W) \le L(RW^{svm}/\|W^{svm}\|_F)$, for instance at the least loss in the ball, then its least "
        r"margin $\mu$ has $e^\mu \ge e^{R\Xi}/(n(T-1)\kappa) - 1$, so that $\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F) \ge 1 - "
        r"\ln(2n(T-1)\kappa)/(R\Xi)$. The statement on $\mu$ holds for the margin of any norm."
    ),
    parameters=(n, T, kappa, R, Xi),
    assumptions=(
        LOSS,
        HEAD,
        UNIQUE,
        FEASIBLE,
        Assumption("no_worse", "the loss is at most that of the max-margin matrix of norm $R$"),
        Assumption(
            "large_radius",
            r"$e^{R\Xi} \ge 2n(T-1)\kappa$",
            sp.Ge(R.symbol * Xi.symbol, sp.log(2 * n.symbol * (T.symbol - 1) * kappa.symbol)),
        ),
    ),
    quantity=r"\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F)",
    relation=Relation.GE,
    expression=1 - sp.log(2 * n.symbol * (T.symbol - 1) * kappa.symbol) / (R.symbol * Xi.symbol),
    where=r"derived here; the paper's theorem is the limit $R \to \infty$",
    confidence="derived",
)

NUCLEAR_IDENTITY = Claim(
    id="attention-svm.nuclear-identity",
    paper=PAPER,
    title="Key and query factors carry the nuclear norm",
    statement=(
        r"$\frac12(\|K\|_F^2 + \|Q\|_F^2) \ge \|KQ^\top\|_*$, with equality for $K = US^{1/2}$, $Q = VS^{1/2}$ of a singular value "
        r"decomposition with $m \ge \mathrm{rank}W$ columns: the ball of radius $\sqrt{2R}$ of the factors is the nuclear ball of "
        r"radius $R$."
    ),
    parameters=(nuc,),
    assumptions=(
        Assumption("enough_columns", r"the factors have $m \ge \mathrm{rank}W$ columns, so that $KQ^\top = W$"),
    ),
    quantity=r"\tfrac12(\|K\|_F^2 + \|Q\|_F^2)",
    relation=Relation.GE,
    expression=nuc.symbol,
    where="Section on the $(K, Q)$ parametrisation",
    tight=True,
)

FLOW_CLOSED_FORM = Claim(
    id="attention-svm.flow-closed-form",
    paper=PAPER,
    title="One input, two tokens: the gradient flow in closed form",
    statement=(
        r"From $W(0) = 0$ with $\ell(x) = -x$, $W(t)$ stays on the ray $(x_1 - x_2)z^\top$ and its margin $m(t)$ solves "
        r"$2\sinh m + 2m = ct$; $L - L^* = (\gamma_1 - \gamma_2)/(1 + e^m)$."
    ),
    parameters=(c, t),
    assumptions=(HEAD, LINEAR, Assumption("zero_start", "$W(0) = 0$")),
    quantity=r"2\sinh m(t) + 2m(t)",
    relation=Relation.EQ,
    expression=c.symbol * t.symbol,
    where="derived here",
    confidence="derived",
    tight=True,
)

register(
    SVM_KKT, FEASIBILITY, GRADIENT, SMOOTH, NO_STATIONARY, GD_DIRECTION, PATH_FINITE_R, NUCLEAR_IDENTITY, FLOW_CLOSED_FORM
)  # fmt: skip
