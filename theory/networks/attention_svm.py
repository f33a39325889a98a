"""One attention layer: its gradient, and the max-margin matrix towards which training and regularisation paths tend.

$M_0 \\le |\\ell'| \\le M_1$ on the interval of all scores; $g_{min}$ and $g_{max}$ are the ends of the gaps of an optimal score to
the others.
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
    key="attention-svm", authors=("Ataee Tarzanagh", "Li", "Thrampoulidis", "Oymak"),
    title="Transformers as Support Vector Machines", year=2023, family="networks", arxiv="2308.16898",
)  # fmt: skip

UNIT = sp.Interval(0, 1)
n = Parameter("n", "number of inputs", COUNT)
T = Parameter("T", "tokens of each input", sp.Range(2, sp.oo))
d = Parameter("d", "dimension of tokens and queries", COUNT)
total = Parameter("total", "sum of the multipliers", NONNEGATIVE, r"\sum\lambda")
s = Parameter("s", "softmax probabilities of the tokens", UNIT, size="T")
score = Parameter("gamma", "scores of the tokens", REAL, r"\gamma", size="T")
x = Parameter("x", "one coordinate of the tokens", REAL, size="T")
L_W = Parameter("L_W", r"mean of $\operatorname{range}(\gamma_i) \|X_i\|_2^2 \|z_i\|^2/2$", NONNEGATIVE)
distance = Parameter("distance", r"$\|W - V\|_F$", NONNEGATIVE, r"\|W - V\|_F")
eta = Parameter("eta", "step size", latex=r"\eta")
g2 = Parameter("g2", r"$\|\nabla L(W)\|_F^2$", NONNEGATIVE, r"\|\nabla L(W)\|^2")
slope = Parameter("slope", r"$-\ell'$ at the output of each input", latex=r"|\ell'|", size="n")
s_opt = Parameter("s_opt", "probability of the optimal token of each input", UNIT, r"s_{\mathrm{opt}}", size="n")
lead = Parameter("lead", "score of the optimal token minus that of the others", NONNEGATIVE, "g", size="n")
kappa = Parameter(
    "kappa", r"$(M_1 g_{\max})/(M_0 g_{\min})$: spread of slopes and gaps", sp.Interval(1, sp.oo), r"\kappa"
)
R = Parameter("R", "radius of the ball", latex="R")
Xi = Parameter("Xi", "margin of the max-margin matrix, 1/norm", latex=r"\Xi")
rho = Parameter("rho", r"$\|W_k\|_F$", latex=r"\rho")
p_opt = Parameter(
    "p", "least probability of an optimal token in steps 0 to k - 1", sp.Interval.Lopen(0, sp.Rational(1, 2))
)
_H = r"bound of $\eta_j\|\nabla L(W_j)\|_F^2/(2\bar w_j)$ in steps 0 to k - 1, $\bar w_j$ the bound of no-stationary"
h = Parameter("h", _H, NONNEGATIVE)
nuc = Parameter("nuc", "nuclear norm of $K Q'$", NONNEGATIVE, r"\|KQ^\top\|_*")
c = Parameter("c", r"$(\gamma_1 - \gamma_2) \|x_1 - x_2\|^2 \|z\|^2$", latex="c")
t = Parameter("t", "time of the gradient flow", NONNEGATIVE)

LOSS = Assumption("decreasing_loss", r"the loss is differentiable with $\ell' < 0$ everywhere")
HEAD = Assumption("fixed_head", "the head $v$, and with it the scores $\\gamma_{it} = Y_iv\\cdot x_{it}$, is fixed")
LINEAR = Assumption("linear_loss", r"$\ell(x) = -x$")
UNIQUE = Assumption("unique_opt_token", "each input has a single token of largest score")
FEASIBLE = Assumption("svm_feasible", "some $W$ separates the selected tokens")
OPTIMAL = Assumption("optimal", "the matrix is the one of least norm")
NO_WORSE = Assumption("no_worse", "the loss is at most that of the max-margin matrix of norm $R$")
ZERO_START = Assumption("zero_start", "$W(0) = 0$")
EQUAL = Assumption("equal_nonopt_scores", "the other tokens of an input have equal scores (always so for $T = 2$)")
GENERIC = Assumption(
    "generic", "the token differences of each input, and the queries, have the full rank that $d$ allows"
)
COLUMNS = Assumption("enough_columns", r"the factors have $m \ge \mathrm{rank}W$ columns, so that $KQ^\top = W$")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


_DERIVED: dict[str, Any] = {"where": "derived here", "confidence": "derived"}
_SVM = (
    r"$W^{svm} = \arg\min\|W\|_F$ subject to $(x_{i\alpha_i} - x_{it})^\top Wz_i \ge 1$ for all $i$, $t \ne \alpha_i$"
)

SVM_KKT = _claim(
    "svm-kkt", "The max-margin matrix is a combination of token differences and queries",
    rf"{_SVM}, is $\sum\lambda_{{it}}(x_{{i\alpha_i}} - x_{{it}})z_i^\top$ with $\lambda \ge 0$, and $\|W^{{svm}}\|_F^2 = "
    r"\sum\lambda_{it}$.",
    parameters=(total,), assumptions=(FEASIBLE, OPTIMAL), quantity=r"\|W^{svm}\|_F^2", relation=Relation.EQ,
    expression=total.symbol, where="Section 2", tight=True,
)  # fmt: skip

SVM_RANK = _claim(
    "svm-rank", "The max-margin matrix has at most the rank of the queries",
    r"$W^{svm} = \sum_ia_iz_i^\top$ has rank at most $n$, the number of inputs.",
    parameters=(n,), assumptions=(FEASIBLE, OPTIMAL), quantity=r"\mathrm{rank}W^{svm}", relation=Relation.LE,
    expression=n.symbol, where="Section 2", tight=True,
)  # fmt: skip

FEASIBILITY = _claim(
    "feasible", "In high dimension every selection of tokens is separable",
    r"If $d \ge \max(T - 1, n)$, then for almost all tokens and queries and for every selection $\alpha$ some $W$ has all "
    r"margins equal to one: choose $p_i$ with $(x_{i\alpha_i} - x_{it})\cdot p_i = 1$ and then $W$ with $Wz_i = p_i$.",
    parameters=(n, T, d),
    assumptions=(
        GENERIC,
        Assumption("overparametrised", r"$d \ge \max(T - 1, n)$", sp.Ge(d.symbol, sp.Max(T.symbol - 1, n.symbol))),
    ),
    quantity=r"|\{\alpha\text{ separable}\}|/T^n", relation=Relation.EQ, expression=sp.Integer(1), tight=True,
    where="Theorem on over-parametrisation (number not recalled); proof derived anew",
)  # fmt: skip

_t, _u, _T = sp.Symbol("t", integer=True), sp.Symbol("u", integer=True), sp.Symbol("T", integer=True, positive=True)
_pair = s.symbol[_t] * s.symbol[_u] * (score.symbol[_t] - score.symbol[_u]) * (x.symbol[_t] - x.symbol[_u])

GRADIENT = _claim(
    "gradient", "The gradient as a sum over pairs of tokens, without cancellation",
    r"$\nabla L(W) = \frac1n\sum_i\ell'(\gamma_i\cdot s_i)X_i^\top(\mathrm{diag}s_i - s_is_i^\top)\gamma_iz_i^\top$, and each "
    r"coordinate of $X^\top(\mathrm{diag}s - ss^\top)\gamma$ is $\sum_{t<u}s_ts_u(\gamma_t - \gamma_u)(x_t - x_u)$.",
    parameters=(s, score, x),
    assumptions=(
        HEAD, Assumption("softmax", "the probabilities sum to one", sp.Eq(sp.Sum(s.symbol[_t], (_t, 1, _T)), 1)),
    ),
    quantity=r"\sum_t s_t\gamma_tx_t - \sum_t s_t\gamma_t\sum_t s_tx_t", relation=Relation.EQ, tight=True,
    expression=sp.Sum(sp.Sum(_pair, (_u, 1, _T)), (_t, 1, _T)) / 2, where="Section 2",
    remark="Half the sum over ordered pairs is the sum over unordered ones.",
)  # fmt: skip

SMOOTH = _claim(
    "smooth", "A Lipschitz constant of the gradient",
    r"For $\ell(x) = -x$: $\|\nabla L(W) - \nabla L(V)\|_F \le L_W\|W - V\|_F$ with $L_W = \frac1n\sum_i"
    r"\mathrm{range}(\gamma_i)\|X_i\|_2^2\|z_i\|^2/2$.",
    parameters=(L_W, distance), assumptions=(HEAD, LINEAR), quantity=r"\|\nabla L(W) - \nabla L(V)\|_F",
    relation=Relation.LE, expression=L_W.symbol * distance.symbol, **_DERIVED,
)  # fmt: skip

DESCENT = _claim(
    "descent", "A step of gradient descent lowers the loss",
    r"For $\ell(x) = -x$ and $W^+ = W - \eta\nabla L(W)$: $L(W^+) \le L(W) - \eta(1 - \eta L_W/2)\|\nabla L(W)\|_F^2$, so "
    r"that $L$ falls monotonically for $\eta \le 1/L_W$.",
    parameters=(eta, L_W, g2), assumptions=(HEAD, LINEAR), quantity=r"L(W^+) - L(W)", relation=Relation.LE,
    expression=-eta.symbol * (1 - eta.symbol * L_W.symbol / 2) * g2.symbol, **_DERIVED,
)  # fmt: skip

_i, _n = sp.Symbol("i", integer=True), sp.Symbol("n", integer=True, positive=True)
_term = slope.symbol[_i] * s_opt.symbol[_i] * (1 - s_opt.symbol[_i]) * lead.symbol[_i]

NO_STATIONARY = _claim(
    "no-stationary", "Every gradient points away from the max-margin matrix: no finite stationary point",
    r"$-\langle\nabla L(W), W^{svm}\rangle \ge \frac1n\sum_i|\ell'(\gamma_i\cdot s_i)|s_{i,opt}(1 - s_{i,opt})"
    r"(\gamma_{i,opt} - \bar\gamma_i) > 0$ for every $W$.",
    parameters=(slope, s_opt, lead), assumptions=(LOSS, HEAD, UNIQUE, FEASIBLE, EQUAL),
    quantity=r"-\langle\nabla L(W), W^{svm}\rangle", relation=Relation.GE,
    expression=sp.Sum(_term, (_i, 1, _n)) / _n, tight=True, confidence="derived",
    where="derived here, from the paper's mechanism for global convergence",
    remark=r"Where $\ell'$ may vanish the bound is not positive, and a point is stationary where it does.",
)  # fmt: skip

_K = sp.log(n.symbol * (T.symbol - 1) * kappa.symbol / p_opt.symbol**2) + h.symbol
_x = Xi.symbol * rho.symbol / _K

GD_DIRECTION = _claim(
    "gd-direction", "Gradient descent turns towards the max-margin matrix",
    r"With steps $W_{k+1} = W_k - \eta_k\nabla L(W_k)$ of any sizes from $W_0 = 0$, the norm $\rho = \|W_k\|_F$ alone bounds the "
    r"angle to $W^{svm}$: with $K = \ln(n(T-1)\kappa/p^2) + h$, $\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F) \ge 1 - "
    r"\ln(1 + \Xi\rho/K)K/(\Xi\rho)$. So the direction converges to that of $W^{svm}$, and $L(W_k) \to L^*$, where "
    r"$\|W_k\| \to \infty$ and $p$ stays away from 0.",
    parameters=(n, T, kappa, Xi, rho, p_opt, h), assumptions=(LOSS, HEAD, UNIQUE, FEASIBLE, EQUAL, ZERO_START),
    quantity=r"\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)", relation=Relation.GE,
    expression=1 - sp.log(1 + _x) / _x, confidence="derived",
    where="derived here; the paper's theorem on global convergence is the limit, for small constant steps",
    remark=r"With $G$ the largest $\|(x_{opt} - x_t)z^\top\|_F$, h is $\eta G/2$ for normalised steps of length $\eta$, and "
    r"$\eta G^2M_1g_{\max}/8$ for steps $\eta$ along the gradient; $p \ge 1/T$ as long as no margin is negative.",
)  # fmt: skip

_cost = n.symbol * (T.symbol - 1) * kappa.symbol
_LARGE = sp.Ge(R.symbol * Xi.symbol, sp.log(2 * _cost))

PATH_MARGIN = _claim(
    "path-margin", "The least margin of the regularisation path at every radius, in any norm",
    r"Let $\Xi = 1/\|W^{svm}\|$ for the max-margin matrix of any norm. If $\|W\| \le R$ and $L(W) \le L(RW^{svm}/\|W^{svm}\|)$, "
    r"for instance at the least loss in the ball, then the least margin $\mu$ of $W$ has $1 + e^\mu \ge e^{R\Xi}/(n(T-1)\kappa)$.",
    parameters=(n, T, kappa, R, Xi), assumptions=(LOSS, HEAD, UNIQUE, FEASIBLE, NO_WORSE),
    quantity=r"\ln(1 + e^\mu)", relation=Relation.GE, expression=R.symbol * Xi.symbol - sp.log(_cost),
    where=r"derived here; the paper's theorems on paths are the limit $R \to \infty$", confidence="derived",
)  # fmt: skip

PATH_FINITE_R = _claim(
    "path-finite-R", "The regularisation path is close to the max-margin direction at every radius",
    r"If $\|W\|_F \le R$ and $L(W) \le L(RW^{svm}/\|W^{svm}\|_F)$, for instance at the least loss in the ball, then "
    r"$\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F) \ge 1 - \ln(2n(T-1)\kappa)/(R\Xi)$.",
    parameters=(n, T, kappa, R, Xi),
    assumptions=(
        *(LOSS, HEAD, UNIQUE, FEASIBLE, NO_WORSE), Assumption("large_radius", r"$e^{R\Xi} \ge 2n(T-1)\kappa$", _LARGE),
    ),
    quantity=r"\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F)", relation=Relation.GE,
    expression=1 - sp.log(2 * _cost) / (R.symbol * Xi.symbol), confidence="derived",
    where=r"derived here; the paper's theorem is the limit $R \to \infty$",
)  # fmt: skip

NUCLEAR_IDENTITY = _claim(
    "nuclear-identity", "Key and query factors carry the nuclear norm",
    r"$\frac12(\|K\|_F^2 + \|Q\|_F^2) \ge \|KQ^\top\|_*$, with equality for $K = US^{1/2}$, $Q = VS^{1/2}$ of a singular value "
    r"decomposition with $m \ge \mathrm{rank}W$ columns: the ball of radius $\sqrt{2R}$ of the factors is the nuclear ball of "
    r"radius $R$.",
    parameters=(nuc,), assumptions=(COLUMNS,), quantity=r"\tfrac12(\|K\|_F^2 + \|Q\|_F^2)", relation=Relation.GE,
    expression=nuc.symbol, where="Section on the $(K, Q)$ parametrisation", tight=True,
)  # fmt: skip

FLOW_CLOSED_FORM = _claim(
    "flow-closed-form", "One input, two tokens: the gradient flow in closed form",
    r"From $W(0) = 0$ with $\ell(x) = -x$, $W(t)$ stays on the ray $(x_1 - x_2)z^\top$ and its margin $m(t)$ solves "
    r"$2\sinh m + 2m = ct$; $L - L^* = (\gamma_1 - \gamma_2)/(1 + e^m)$.",
    parameters=(c, t), assumptions=(HEAD, LINEAR, ZERO_START), quantity=r"2\sinh m(t) + 2m(t)", relation=Relation.EQ,
    expression=c.symbol * t.symbol, tight=True, **_DERIVED,
)  # fmt: skip
