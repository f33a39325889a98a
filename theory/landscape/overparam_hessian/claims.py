"""The claims. Derivations: docs/derivations/overparam_hessian.md; where paper, card and mathematics differ: docs/errata.md.

H is the Hessian of L(w) = mean_i l(f_i(w), y_i), G = mean_i J_i' A_i J_i (A_i = d^2l/df^2, J_i = df_i/dw) and R = mean_i
sum_k r_ik Hess f_ik (r_i = dl/df). Eigenvalues are sorted in descending order.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_ROPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="overparam-hessian", authors=("Sagun", "Evci", "Guney", "Dauphin", "Bottou"), year=2017, family="landscape",
    arxiv="1706.04454", venue="ICLR 2018 workshop",
    title="Empirical Analysis of the Hessian of Over-Parametrized Neural Networks",
)  # fmt: skip
APPENDIX = "Appendix B, Theorem 1"
RATIONAL = "Exact in rationals, which no run can sharpen: one kind of evidence."

n = Parameter("n", "number of samples (of rows, for a random matrix)", COUNT)
d = Parameter("d", "number of columns", COUNT)
K = Parameter("K", "number of outputs", COUNT)
P = Parameter("P", "number of parameters", COUNT)
c = Parameter(
    "c", "output directions that the loss does not see: 0 for the square loss, 1 for softmax", sp.FiniteSet(0, 1)
)
x = Parameter("x", "where the characteristic polynomial is read", REAL)
kernel = Parameter("kernel", r"$\det(xI - \frac1n[J_iJ_j^\top]_{ij})$, of size $nK$", REAL)
Gv = Parameter("Gv", r"$v^\top Gv$", NONNEGATIVE, r"v^\top Gv")
Rv = Parameter("Rv", r"$v^\top Rv$", REAL, r"v^\top Rv")
rho = Parameter("rho", r"$\|R\|_2$", NONNEGATIVE, r"\|R\|_2")
b = Parameter("b", r"mean over samples of $\|r_i\|_1\max_k\|\nabla^2f_{ik}\|_2$", NONNEGATIVE)
neg_R = Parameter("neg_R", "number of negative eigenvalues of $R$", sp.S.Naturals0, "n_-(R)")
pos_R = Parameter("pos_R", "number of positive eigenvalues of $R$", sp.S.Naturals0, "n_+(R)")
rank_G = Parameter("rank_G", "rank of $G$", sp.S.Naturals0, r"\mathrm{rank}\,G")
within = Parameter("within", "largest eigenvalue of the within-group part of $G$", NONNEGATIVE, r"\lambda_1(W)")
ga = Parameter("ga", r"$\langle a_j, \nabla_{a_j}L\rangle$", REAL, r"\langle a_j,\nabla_{a_j}L\rangle")
t2 = Parameter("t2", r"$\max_j\|\nabla_jL\|^2/\|\xi_j\|^2$", NONNEGATIVE, "t^2")
units = Parameter("units", "number of units of which neither weight vector is zero", COUNT, "m")
gamma = Parameter("gamma", "columns a row, $d/n$", latex=r"\gamma")
s = Parameter("s", "strength of the spike: the covariance is $I + svv^\\top$")
t = Parameter("t", "place on the segment", sp.Interval(0, 1))
La = Parameter("La", "loss at one end", REAL, "L(a)")
Lb = Parameter("Lb", "loss at the other end", REAL, "L(b)")
trace = Parameter("trace", "trace of $G$", NONNEGATIVE, r"\mathrm{tr}\,G")
theta = Parameter("theta", r"sum of $q_j^\top Gq_j$ over the $k$ vectors that were found", NONNEGATIVE, r"\Theta")
mean_r = Parameter("mean_r", r"$\overline{l'}$, mean over the samples", REAL, r"\overline{l'}")
mean_h = Parameter("mean_h", r"$u^\top\overline{\nabla^2f}\,u$", REAL, r"u^\top\overline{\nabla^2f}\,u")
top = Parameter("top", r"$\lambda_1(H)$ after batches of 10", latex=r"\lambda_1(H_{10})")
share = Parameter("share", "the share at half the width", UNIT_ROPEN)

CONVEX = Assumption(
    "loss_convex_in_output", "$l$ is convex in the output, so that $A_i$ and $G$ are positive semidefinite"
)
TWICE = Assumption("twice_differentiable", "$L$ is twice differentiable at $w$: no ReLU is at its kink")
INTERPOLATING = Assumption("interpolating", "$r_i = 0$ for every sample")
SQUARE = Assumption("square_loss", r"$l(f, y) = \|f - y\|^2/2$, so that $A_i = I$")
ROWS = Assumption(
    "sum_of_rows",
    r"$G = \frac1n\sum_qz_qz_q^\top$ with $n(K-c)$ rows: $c = 0$, or $c = 1$ where $A_i\mathbf 1 = 0$ (softmax)",
)
OVER = Assumption("overparametrised", "$P > n(K - c)$", P.symbol > n.symbol * (K.symbol - c.symbol))
NORM = Assumption(
    "operator_norm",
    r"$\|M\|_2 = \max_u|u^\top Mu|$ over unit vectors: symmetric matrices, and not another norm of them",
)
LABELS = Assumption(
    "group_labels",
    r"the rows carry $C$ labels with means $\mu_c$: $u^\top Gu = u^\top Wu$ for $u$ orthogonal to all $\mu_c$, $W$ the second "
    "moment of the rows about the means of their groups",
)
HOMOGENEOUS = Assumption(
    "homogeneous_units",
    r"$f = \sum_ja_j\mathrm{relu}(w_j^\top x)$: with $\xi_j = (w_j, -a_j)$ in block $j$ each $\nabla f_i\perp\xi_j$ and "
    r"$H\xi_j = -S_j\nabla_jL$, $S_j = 1$ on $w_j$ and $-1$ on $a_j$; blocks are disjoint",
)
UNITS = Assumption(
    "homogeneous_units",
    r"$f = \sum_ja_j\mathrm{relu}(w_j^\top x)$, so that unit $j$ is linear in $a_j$, and in $w_j$ off its kinks",
)
STATIONARY = Assumption("stationary", r"$\nabla L(w) = 0$")
GAUSSIAN = Assumption("gaussian_rows", r"the rows are independent, $N(0, I)$ or, with a spike, $N(0, I + svv^\top)$")
PROPORTIONAL = Assumption("proportional", r"$n, d\to\infty$ with $d/n\to\gamma$")
BELOW = Assumption("below_threshold", r"$s^2 \le (d - 1)/n$", sp.Le(s.symbol**2, (d.symbol - 1) / n.symbol))
SEEN = Assumption(
    "seen", r"$(1 + s)(n - 1) + d - 1 > (\sqrt n + \sqrt d)^2$: for large $n$, $s > 2\sqrt\gamma$",
    (1 + s.symbol) * (n.symbol - 1) + d.symbol - 1 > (sp.sqrt(n.symbol) + sp.sqrt(d.symbol)) ** 2,
)  # fmt: skip
LINEAR = Assumption(
    "convex", "the model is linear in its parameters and $l$ convex in the output, so that $L$ is convex"
)
ORTHONORMAL = Assumption(
    "orthonormal",
    r"$q_1, \ldots, q_k$ are orthonormal, so that with a further unit vector their quotients sum to $\mathrm{tr}\,G$ at most",
)
UNCORRELATED = Assumption("uncorrelated", r"over the samples $l'_i$ and $\nabla^2f_i$ are uncorrelated; one output")
FIXED_DATA = Assumption("same_data", "the network is widened, the data stay")
SAME_RUN = Assumption(
    "same_run", "both runs take equally many steps of one size from one start: they differ by their batches alone"
)
CONTINUED = Assumption("continued", "the small-batch run starts where the large-batch run ended")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


# --- the split --------------------------------------------------------------------------------------------------------

DECOMPOSITION = _claim(
    "decomposition", "Curvature is Gauss-Newton plus residual",
    r"$\nabla^2L = G + R$ with $G = \frac1n\sum J_i^\top A_iJ_i$ and $R = \frac1n\sum_{i,k}r_{ik}\nabla^2f_{ik}$; so "
    r"$\frac{d^2}{dt^2}L(w + tv)|_0 = v^\top Gv + v^\top Rv$ in every direction.",
    parameters=(Gv, Rv), assumptions=(TWICE,), quantity=r"\frac{d^2}{dt^2}L(w+tv)|_{t=0}", relation=Relation.EQ,
    expression=Gv.symbol + Rv.symbol, where="Section 2.2, eq. (4)", tight=True,
)  # fmt: skip
RANK = _claim(
    "rank", "The Gauss-Newton part has low rank",
    r"$\mathrm{rank}\,G \le n(K - c)$: $nK$ for the square loss, $n(K-1)$ for softmax.",
    parameters=(n, K, c), assumptions=(ROWS,), quantity=r"\mathrm{rank}\,G", relation=Relation.LE,
    expression=n.symbol * (K.symbol - c.symbol), where="Section 2.2, for one output", tight=True,
)  # fmt: skip
ZEROS = _claim(
    "zeros", "What over-parametrisation alone makes flat",
    r"$G$ has at least $P - n(K - c)$ zero eigenvalues, of which there is one at least as soon as $P > n(K-c)$.",
    parameters=(P, n, K, c), assumptions=(ROWS, OVER), quantity=r"\dim\ker G", relation=Relation.GE,
    expression=sp.Max(1, P.symbol - n.symbol * (K.symbol - c.symbol)), where="Section 2.2", tight=True,
)  # fmt: skip
INTERPOLATION = _claim(
    "interpolation", "At an interpolating point the spectrum is that of the tangent kernel",
    r"If all residuals vanish, $R = 0$ and $\det(xI - H) = x^{P-nK}\det(xI - \frac1n[J_iJ_j^\top])$: $H$ is positive semidefinite, "
    "with $P - nK$ zeros and the eigenvalues of the tangent kernel.",
    parameters=(x, P, n, K, kernel), assumptions=(TWICE, SQUARE, INTERPOLATING), quantity=r"\det(xI - H)", relation=Relation.EQ,
    expression=x.symbol ** (P.symbol - n.symbol * K.symbol) * kernel.symbol, confidence="derived", tight=True, remark=RATIONAL,
)  # fmt: skip

# --- how far the residual part moves the spectrum ---------------------------------------------------------------------

WEYL = _claim(
    "weyl", "No eigenvalue moves up by more than the residual part",
    r"$\lambda_k(H) - \lambda_k(G) \le \|R\|_2$ for every $k$.",
    parameters=(rho,), assumptions=(TWICE, NORM), quantity=r"\lambda_k(H) - \lambda_k(G)", relation=Relation.LE,
    expression=rho.symbol, confidence="derived", tight=True,
)  # fmt: skip
WEYL_BELOW = _claim(
    "weyl-below", "Nor down",
    r"$\lambda_k(G) - \lambda_k(H) \le \|R\|_2$ for every $k$.",
    parameters=(rho,), assumptions=(TWICE, NORM), quantity=r"\lambda_k(G) - \lambda_k(H)", relation=Relation.LE,
    expression=rho.symbol, confidence="derived", tight=True,
)  # fmt: skip
NEGATIVE = _claim(
    "negative-curvature", "Negative curvature comes from the residual part",
    r"$-\lambda_{\min}(H) \le \|R\|_2$; at an interpolating point $H$ is positive semidefinite.",
    parameters=(rho,), assumptions=(TWICE, CONVEX, NORM), quantity=r"-\lambda_{\min}(H)", relation=Relation.LE,
    expression=rho.symbol, where="Section 3.4", tight=True,
)  # fmt: skip
RESIDUAL_NORM = _claim(
    "residual-norm", "The residual part is as small as the residuals",
    r"$\|R\|_2 \le \frac1n\sum_i\|r_i\|_1\max_k\|\nabla^2f_{ik}\|_2$.",
    parameters=(b,), assumptions=(NORM,), quantity=r"\|R\|_2", relation=Relation.LE, expression=b.symbol, confidence="derived",
    tight=True,
)  # fmt: skip
OUTLIERS = _claim(
    "outliers", "At most $n(K-c)$ eigenvalues leave the bulk",
    r"$\lambda_{n(K-c)+1}(H) \le \|R\|_2$: at most $n(K-c)$ eigenvalues lie above the residual part, and none below it.",
    parameters=(rho,), assumptions=(TWICE, ROWS, NORM), quantity=r"\lambda_{n(K-c)+1}(H)", relation=Relation.LE,
    expression=rho.symbol, confidence="derived",
)  # fmt: skip
INERTIA_NEGATIVE = _claim(
    "inertia-negative", "Not more negative eigenvalues than the residual part has",
    r"$n_-(H) \le n_-(R)$, as $G$ is positive semidefinite.",
    parameters=(neg_R,), assumptions=(TWICE, CONVEX), quantity="n_-(H)", relation=Relation.LE, expression=neg_R.symbol,
    where="Section 3.4", tight=True,
)  # fmt: skip
INERTIA_POSITIVE = _claim(
    "inertia-positive", "Positive eigenvalues are counted by rank and residual",
    r"$n_+(H) \le \mathrm{rank}\,G + n_+(R)$.",
    parameters=(rank_G, pos_R), assumptions=(TWICE,), quantity="n_+(H)", relation=Relation.LE,
    expression=rank_G.symbol + pos_R.symbol, confidence="derived", tight=True,
)  # fmt: skip
RESIDUAL_MEAN = _claim(
    "residual-mean", "What is left of the residual part without correlation",
    r"If $l'$ and $\nabla^2f$ are uncorrelated over the samples, $R = \overline{l'}\;\overline{\nabla^2f}$: in every direction $u$ "
    r"$u^\top Ru = \overline{l'}\;u^\top\overline{\nabla^2f}\,u$, which vanishes with the mean of $l'$, and not before.",
    parameters=(mean_r, mean_h), assumptions=(UNCORRELATED,), quantity=r"u^\top Ru", relation=Relation.EQ,
    expression=mean_r.symbol * mean_h.symbol, where="Section 2.2", confidence="derived", tight=True,
)  # fmt: skip
UNCORRELATED_ALONE = _claim(
    "uncorrelated", "The residual part read as negligible without correlation",
    r"At a critical point at which $l'$ and $\nabla^2f$ are uncorrelated over the samples the second term vanishes: $R = 0$.",
    parameters=(), assumptions=(UNCORRELATED, STATIONARY), quantity=r"\|R\|_2", relation=Relation.EQ, expression=sp.Integer(0),
    where="Section 2.2, the argument for dropping the second term", confidence="derived",
    false_as_published=(
        r"The mean of $l'$ must vanish too (overparam-hessian.residual-mean). Without an output bias it need not: at $W = V = 0$ "
        r"the labels $y_i = 1$ give $l'_i = -1$ for all samples, a critical point, and $R\neq0$. With a bias, a critical point has "
        r"$\overline{l'} = 0$."
    ),
)  # fmt: skip

# --- outliers and flat directions -------------------------------------------------------------------------------------

CLASS_OUTLIERS = _claim(
    "class-outliers", "Outliers are counted by groups",
    r"For rows with $C$ labels and $W = \frac1n\sum_q(z_q - \mu_{c(q)})(z_q - \mu_{c(q)})^\top$: $\lambda_{C+1}(G) \le "
    r"\lambda_1(W)$, so that at most $C$ eigenvalues of $G$ exceed the within-group norm.",
    parameters=(within,), assumptions=(LABELS, NORM), quantity=r"\lambda_{C+1}(G)", relation=Relation.LE,
    expression=within.symbol, where="Section 3.1, order k outliers for k separated classes", confidence="derived", tight=True,
    remark="The paper's Table 1 has cases with other numbers of outliers (tanh, gap criterion); the bound allows them.",
)  # fmt: skip
SYMMETRY_GRADIENT = _claim(
    "symmetry-gradient", "The scaling symmetry balances the gradient of a ReLU unit",
    r"$\langle w_j, \nabla_{w_j}L\rangle = \langle a_j, \nabla_{a_j}L\rangle$ for every loss: $\nabla L\perp\xi_j = (w_j, -a_j)$.",
    parameters=(ga,), assumptions=(TWICE, UNITS), quantity=r"\langle w_j,\nabla_{w_j}L\rangle", relation=Relation.EQ,
    expression=ga.symbol, confidence="derived", tight=True,
)  # fmt: skip
SYMMETRY_FLAT = _claim(
    "symmetry-flat", "Near a stationary point each ReLU unit has a nearly flat direction",
    r"$H\xi_j = -S_j\nabla L$, so that $\max\|Hu\|^2$ over unit $u$ in the span of $\xi_1, \ldots, \xi_m$ is "
    r"$\max_j\|\nabla_jL\|^2/\|\xi_j\|^2$: $m$ singular values of $H$ are at most that small, whatever $n$.",
    parameters=(t2,), assumptions=(TWICE, HOMOGENEOUS), quantity=r"\max_u\|Hu\|^2", relation=Relation.LE, expression=t2.symbol,
    confidence="derived", tight=True,
)  # fmt: skip
SYMMETRY_ZEROS = _claim(
    "symmetry-zeros", "At a stationary point each ReLU unit has a flat direction",
    r"At a stationary point $H$ has a zero eigenvalue for each of the $m$ units that has a nonzero weight vector, whatever $n$.",
    parameters=(units,), assumptions=(TWICE, HOMOGENEOUS, STATIONARY), quantity=r"\dim\ker H", relation=Relation.GE,
    expression=units.symbol, confidence="derived", tight=True,
)  # fmt: skip
LANCZOS = _claim(
    "lanczos-missed", "What Lanczos has missed is at most the trace that is left",
    r"For orthonormal $q_1, \ldots, q_k$: $\lambda_{k+1}(G) \le \mathrm{tr}\,G - \sum_jq_j^\top Gq_j$; and "
    r"$\lambda_{k+1}(H)$ at most $\|R\|_2$ more.",
    parameters=(trace, theta), assumptions=(CONVEX, ORTHONORMAL), quantity=r"\lambda_{k+1}(G)", relation=Relation.LE,
    expression=trace.symbol - theta.symbol, confidence="derived", tight=True,
)  # fmt: skip

# --- the random-matrix model of the bulk ------------------------------------------------------------------------------

MP_BULK = _claim(
    "mp-bulk", "The bulk of a random matrix is as wide as Marchenko and Pastur say, at every size",
    r"For rows $N(0, I)$ the singular values of $Z/\sqrt n$ spread over $\mathbb E(\sigma_{\max} - \sigma_{\min}) \le "
    r"2\min(\sqrt\gamma, 1)$: the ends of the bulk $[(1-\sqrt\gamma)^2, (1+\sqrt\gamma)^2]$ are not exceeded in the mean.",
    parameters=(gamma,), assumptions=(GAUSSIAN,), quantity=r"\mathbb E(\sigma_{\max} - \sigma_{\min})", relation=Relation.LE,
    expression=2 * sp.Min(sp.sqrt(gamma.symbol), 1), where="Appendix B; Davidson, Szarek (2001) for finite sizes",
    remark="Samples at a stated level: one kind of evidence.",
)  # fmt: skip
BBP = _claim(
    "bbp", "The top eigenvalue leaves the bulk where the spike exceeds a threshold",
    r"For rows $N(0, I + svv^\top)$ with $d/n\to\gamma$ the top eigenvalue tends to $(1+s)(1+\gamma/s)$ if $s > \sqrt\gamma$, else "
    r"to the edge $(1+\sqrt\gamma)^2$.",
    parameters=(s, gamma), assumptions=(GAUSSIAN, PROPORTIONAL), quantity=r"\lim\lambda_1(Z^\top Z/n)", relation=Relation.EQ,
    expression=sp.Piecewise(
        ((1 + s.symbol) * (1 + gamma.symbol / s.symbol), s.symbol > sp.sqrt(gamma.symbol)), ((1 + sp.sqrt(gamma.symbol)) ** 2, True)
    ),
    where=APPENDIX, tight=True,
    remark=r"The paper prints it for $\gamma\ge1$. The limit is computed, one kind of evidence; at finite sizes it is bounded by "
    "overparam-hessian.bbp-upper, no-outlier and outlier.",
)  # fmt: skip


def spiked_root(rows: Any, columns: Any, spike: Any) -> Any:
    r"""Bound of $\mathbb E\sqrt{\lambda_1}$: the root of the limit at this size, and a term of order $n^{-1/2}$."""
    root = sp.sqrt((1 + spike) * (1 + (columns - 1) / (rows * spike)))
    return root + sp.sqrt(2 * (1 + spike) / (sp.pi * rows))


BBP_UPPER = _claim(
    "bbp-upper", "The limit is not exceeded at finite size, by more than a term of order $n^{-1/2}$",
    r"$\mathbb E\sqrt{\lambda_1} \le \sqrt{(1+s)(1+(d-1)/(ns))} + \sqrt{2(1+s)/(\pi n)}$ for rows $N(0, I + svv^\top)$.",
    parameters=(n, d, s), assumptions=(GAUSSIAN,), quantity=r"\mathbb E\sqrt{\lambda_1}", relation=Relation.LE,
    expression=spiked_root(n.symbol, d.symbol, s.symbol), where="docs/derivations/overparam_hessian.md", confidence="derived",
    remark="Samples at a stated level: one kind of evidence.",
)  # fmt: skip
NO_OUTLIER = _claim(
    "no-outlier", "Below the threshold the spike stays in the bulk",
    r"For $s^2 \le (d-1)/n$: $\mathbb E\sqrt{\lambda_1} \le 1 + \sqrt{(d-1)/n} + \sqrt{2(1+\sqrt{(d-1)/n})/(\pi n)}$.",
    parameters=(n, d, s), assumptions=(GAUSSIAN, BELOW), quantity=r"\mathbb E\sqrt{\lambda_1}", relation=Relation.LE,
    expression=1 + sp.sqrt((d.symbol - 1) / n.symbol)
    + sp.sqrt(2 * (1 + sp.sqrt((d.symbol - 1) / n.symbol)) / (sp.pi * n.symbol)),
    where="docs/derivations/overparam_hessian.md", confidence="derived",
    remark="Samples at a stated level: one kind of evidence.",
)  # fmt: skip


def margin(rows: Any, columns: Any, spike: Any) -> Any:
    r"""By how much $\sqrt{\lambda_1}$ is above the edge of the bulk, at least, before fluctuations."""
    return sp.sqrt((1 + spike) * (1 - 1 / rows) + (columns - 1) / rows) - 1 - sp.sqrt(columns / rows)


OUTLIER = _claim(
    "outlier", "A strong spike is seen",
    r"With $\tau = \sqrt{(1+s)(1-1/n)+(d-1)/n} - 1 - \sqrt{d/n} > 0$ the top eigenvalue is beyond the edge "
    r"$(1+\sqrt{d/n})^2$ with probability at least $1 - e^{-n\tau^2/(2(1+s))}$.",
    parameters=(n, d, s), assumptions=(GAUSSIAN, SEEN), quantity=r"P(\lambda_1 > (1+\sqrt{d/n})^2)", relation=Relation.GE,
    expression=1 - sp.exp(-n.symbol * margin(n.symbol, d.symbol, s.symbol) ** 2 / (2 * (1 + s.symbol))),
    where="docs/derivations/overparam_hessian.md", confidence="derived",
    remark="Samples at a stated level: one kind of evidence.",
)  # fmt: skip

# --- the landscape between solutions ----------------------------------------------------------------------------------

CONNECTED = _claim(
    "connected", "Between two solutions of a linear model there is no barrier",
    r"$L((1-t)a + tb) \le (1-t)L(a) + tL(b)$: if both ends interpolate, the whole segment does.",
    parameters=(t, La, Lb), assumptions=(LINEAR,), quantity="L((1-t)a + tb)", relation=Relation.LE,
    expression=(1 - t.symbol) * La.symbol + t.symbol * Lb.symbol, where="Section 4, for networks", confidence="derived", tight=True,
)  # fmt: skip
SEGMENT = _claim(
    "segment", "Small batches go on in the basin of large batches",
    "A network is trained on large batches, then on small ones: on the straight line between the two ends the loss does not exceed "
    "its larger end.",
    parameters=(), assumptions=(CONTINUED,), quantity=r"\max_tL((1-t)a+tb) - \max(L(a), L(b))", relation=Relation.LE,
    expression=sp.Integer(0), where="Section 4; the paper: AlexNet on CIFAR-10, batches of 1000, then 32",
    remark="An observation, not a theorem; one kind of evidence: runs.",
)  # fmt: skip
WIDTH = _claim(
    "width-sweep", "Widening a network widens the bulk at zero",
    r"The share of eigenvalues with $|\lambda| < 10^{-2}\lambda_1$ after training does not fall as the width doubles.",
    parameters=(share,), assumptions=(FIXED_DATA,), quantity=r"\frac1P|\{k: |\lambda_k(H)| < 10^{-2}\lambda_1\}|",
    relation=Relation.GE, expression=share.symbol, where="Section 3.3; the paper: MNIST, 7960 to 55660 parameters",
    remark="An observation, not a theorem; one kind of evidence: runs.",
)  # fmt: skip
BATCHES = _claim(
    "batch-size", "Large batches end where the largest outlier is larger",
    r"Of two runs from one start with the same step size and number of steps, $\lambda_1(H)$ is larger after batches of 512 than "
    "after batches of 10.",
    parameters=(top,), assumptions=(SAME_RUN,), quantity=r"\lambda_1(H_{512})", relation=Relation.GE, expression=top.symbol,
    where="Section 3; the paper: 1000 MNIST images, two convolutional and two full layers",
    remark="An observation, not a theorem; one kind of evidence: runs. The paper sees equally many outliers, too; how many exceed "
    r"$\|R\|_2$ differs in these runs.",
)  # fmt: skip
