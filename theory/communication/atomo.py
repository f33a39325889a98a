"""ATOMO: unbiased sparsification of a gradient in any set of atoms, with least variance."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, UNIT_LOPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="atomo",
    authors=("Wang", "Sievert", "Charles", "Liu", "Wright", "Papailiopoulos"),
    title="ATOMO: Communication-efficient Learning via Atomic Sparsification",
    year=2018, family="communication", arxiv="1806.04090", venue="NeurIPS",
)  # fmt: skip
CODE = "the authors' code, hwang595/ATOMO, src/codings/svd.py"

lam = Parameter("lam", r"coefficients $|\lambda_i|$ of the unit atoms", NONNEGATIVE, r"\lambda", size="N")
lam_i = Parameter("lam_i", "the coefficient of an atom", latex=r"\lambda_i")
p = Parameter("p", "probability of sending each atom", UNIT_LOPEN, size="N")
s = Parameter("s", "budget: expected number of atoms sent")
n1 = Parameter("n1", "number of atoms sent for certain", sp.S.Naturals0, "n_1")
head = Parameter("head", r"sum of $\lambda_i^2$ over the atoms sent for certain", NONNEGATIVE, r"\Lambda_{n_1}")
tail = Parameter("T", r"sum of $|\lambda_i|$ over the others", NONNEGATIVE, "T_{n_1}")
l1 = Parameter("l1", r"sum of $|\lambda_i|$ (of $|g_i|$ for entries)", NONNEGATIVE, r"\|\lambda\|_1")
lq = Parameter("lq", "the $q$-norm of the gradient", NONNEGATIVE, r"\|g\|_q")
rows = Parameter("n", "rows of the matrix", COUNT)
columns = Parameter("m", "columns of the matrix", COUNT)
entries = Parameter("entrywise", "entrywise $l_1$ norm of the matrix", NONNEGATIVE, r"\|X\|_1")
V_entries = Parameter("V", "least second moment with entries", NONNEGATIVE, "V_1(X, s)")
gamma = Parameter("gamma", "step size", latex=r"\gamma")
x2 = Parameter("x2", r"$\|x\|^2$", NONNEGATIVE, r"\|x\|^2")
value = Parameter("V", "least second moment at $x$ with budget $s$", NONNEGATIVE, "V(x, s)")
d = Parameter("d", "number of entries", COUNT)

INDEPENDENT = Assumption("independent", "atom $i$ is sent with probability $p_i$, independently of the others")
UNIT = Assumption("unit_atoms", "every atom has norm one")
UNIT_ENTRIES = Assumption("unit_atoms", "the entry atoms have nuclear norm one")
OPTIMAL = Assumption("optimal", "the probabilities are those of least second moment")

_i, _N = sp.Symbol("i", integer=True), sp.Symbol("N", integer=True, positive=True)

MOMENTS = Claim(
    id="atomo.moments", paper=PAPER, where="Section 2", tight=True,
    title="The variance of independent sparsification, for any unit atoms",
    statement=r"$\mathbb E\hat g = g$ and $\mathbb E\|\hat g - g\|^2 = \sum_i \lambda_i^2(1/p_i - 1)$, orthogonal atoms or not.",
    parameters=(lam, p), assumptions=(INDEPENDENT, UNIT),
    quantity=r"\mathbb E\|\hat g - g\|^2", relation=Relation.EQ,
    expression=sp.Sum(lam.symbol[_i] ** 2 * (1 / p.symbol[_i] - 1), (_i, 1, _N)),
)  # fmt: skip

OPTIMAL_PROBABILITIES = Claim(
    id="atomo.optimal-probabilities", paper=PAPER, where="Theorem on the optimal probabilities (number not recalled)",
    tight=True,
    title="Water-filling probabilities have the least second moment",
    statement=r"With $n_1$ the least $k \ge 0$ such that $|\lambda_{(k+1)}|(s - k) \le T_k = \sum_{j>k}|\lambda_{(j)}|$: "
    r"$p_{(i)} = 1$ for $i \le n_1$ and $|\lambda_{(i)}|(s - n_1)/T_{n_1}$ otherwise minimise $\sum\lambda_i^2/p_i$ under "
    r"$\sum p_i \le s$, $0 < p_i \le 1$, for $s$ below the number of nonzeros, with value $\sum_{i \le n_1}\lambda_{(i)}^2 "
    r"+ T_{n_1}^2/(s - n_1)$.",
    parameters=(head, tail, s, n1),
    assumptions=(
        Assumption("budget", "$n_1 < s$, as for every $s$ below the number of nonzeros", sp.Lt(n1.symbol, s.symbol)),
    ),
    quantity=r"\min_p \sum_i \lambda_i^2/p_i", relation=Relation.EQ,
    expression=head.symbol + tail.symbol**2 / (s.symbol - n1.symbol),
)  # fmt: skip

BALANCED_VALUE = Claim(
    id="atomo.balanced-value", paper=PAPER, where="Section 3", tight=True,
    title="The least second moment is at least the squared $l_1$ norm over the budget",
    statement=(
        r"$\min_p\sum\lambda_i^2/p_i \ge \|\lambda\|_1^2/s$ for every $\lambda$, with equality iff $\lambda$ is $s$-balanced, "
        r"$|\lambda_{(1)}| s \le \|\lambda\|_1$: then $p_i = s|\lambda_i|/\|\lambda\|_1$."
    ),
    parameters=(l1, s), assumptions=(Assumption("budget", r"$\sum p_i \le s$"),),
    quantity=r"\min_p \sum_i \lambda_i^2/p_i", relation=Relation.GE, expression=l1.symbol**2 / s.symbol,
)  # fmt: skip

QSGD_TERNGRAD = Claim(
    id="atomo.qsgd-terngrad", paper=PAPER, where="Theorem on QSGD and TernGrad (number not recalled)", tight=True,
    title="One-level QSGD and TernGrad are optimal at their own budgets",
    statement=r"Keeping entry $i$ with probability $|g_i|/\|g\|_q$, $1 \le q \le \infty$, is the scheme of least variance for the "
    r"budget $s_q = \|g\|_1/\|g\|_q$, with second moment $\|g\|_1\|g\|_q$; $q = 2$ is one-level QSGD, $q = \infty$ TernGrad.",
    parameters=(l1, lq), assumptions=(Assumption("one_level", r"entry $i$ is kept with probability $|g_i|/\|g\|_q$"),),
    quantity=r"\mathbb E\|\hat g\|^2", relation=Relation.EQ, expression=l1.symbol * lq.symbol,
)  # fmt: skip

SPECTRAL_VS_ENTRYWISE = Claim(
    id="atomo.spectral-vs-entrywise", paper=PAPER, where="Section 4", tight=True,
    title="Singular triplets never need more variance than entries at an equal number of atoms",
    statement=(
        r"At every budget the least second moment with singular triplets is at most that with entries. Where both are balanced, "
        r"this is $\|X\|_* \le \|X\|_1$ (entrywise norm), and the ratio is $(\|X\|_*/\|X\|_1)^2 \in [1/(nm), 1]$. A triplet "
        "costs $n + m + 1$ numbers, an entry one and an index."
    ),
    parameters=(V_entries,),
    assumptions=(UNIT_ENTRIES, Assumption("equal_budgets", "triplets and entries are given the same budget $s$")),
    quantity=r"\min_p \sum_i \sigma_i(X)^2/p_i", relation=Relation.LE, expression=V_entries.symbol,
)  # fmt: skip

SPECTRAL_FROM_BELOW = Claim(
    id="atomo.spectral-from-below", paper=PAPER, where="Section 4", tight=True,
    title="The nuclear norm is at least the entrywise norm over the root of the size",
    statement=r"$\|X\|_* \ge \|X\|_1/\sqrt{nm}$, with equality for matrices of signs of rank one.",
    parameters=(entries, rows, columns), assumptions=(UNIT_ENTRIES,),
    quantity=r"\|X\|_*", relation=Relation.GE, expression=entries.symbol / sp.sqrt(rows.symbol * columns.symbol),
)  # fmt: skip

SGD_EFFECT = Claim(
    id="atomo.sgd-effect", paper=PAPER, where="derived here", confidence="derived", tight=True,
    title="One step with a sparsified gradient on the squared norm",
    statement=r"For $f = \frac12\|x\|^2$ and $x^+ = x - \gamma\hat g(x)$: "
    r"$\mathbb E\|x^+\|^2 = (1 - 2\gamma)\|x\|^2 + \gamma^2V(x, s)$.",
    parameters=(gamma, x2, value), assumptions=(OPTIMAL,),
    quantity=r"\mathbb E\|x^+\|^2", relation=Relation.EQ,
    expression=(1 - 2 * gamma.symbol) * x2.symbol + gamma.symbol**2 * value.symbol,
)  # fmt: skip

SGD_THRESHOLD = Claim(
    id="atomo.sgd-threshold", paper=PAPER, where="derived here", confidence="derived", tight=True,
    title="The steps that contract the squared norm from everywhere",
    statement=r"For $s \le d$, $V(x, s) \le (d/s)\|x\|^2$ with equality iff all $|x_i|$ are equal; so the step on $\frac12\|x\|^2$ "
    r"contracts in mean square for every $x$ iff $\gamma < 2s/d$.",
    parameters=(s, d), assumptions=(OPTIMAL, Assumption("at_most_all", "$s \\le d$", sp.Le(s.symbol, d.symbol))),
    quantity=r"\sup\{\gamma: \mathbb E\|x^+\|^2 < \|x\|^2 \text{ for all } x \ne 0\}", relation=Relation.IFF,
    expression=2 * s.symbol / d.symbol,
)  # fmt: skip

RELEASED_MEAN = Claim(
    id="atomo.released-mean", paper=PAPER, where=CODE, confidence="verified",
    title="The released code's estimator is unbiased",
    statement=r"$\mathbb E\langle\hat g, a_i\rangle = \lambda_i$ for the sampling of the released code: atom $i$ is drawn with "
    r"probability $p_i = \min(1, s|\lambda_i|/\|\lambda\|_1)$ and divided by it, and the draw is repeated until it holds an atom.",
    parameters=(lam_i,), assumptions=(INDEPENDENT,), quantity=r"\mathbb E\langle\hat g, a_i\rangle", relation=Relation.EQ,
    expression=lam_i.symbol,
    false_as_published=(
        r"A draw that is repeated until it holds an atom has the law given that it does: every coefficient is inflated by "
        r"$1/(1 - \prod_i(1 - p_i))$, by 1.397 for $\lambda = (5, 3, 1, .5, .5)$, $s = 1$. Without the repetition it is unbiased."
    ),
)  # fmt: skip

RELEASED_BUDGET = Claim(
    id="atomo.released-budget", paper=PAPER, where=CODE, confidence="verified",
    title="The released code's probabilities spend the budget",
    statement=r"$\sum_ip_i = s$ for $p_i = \min(1, s|\lambda_i|/\|\lambda\|_1)$, $s$ at most the number of nonzeros.",
    parameters=(s,), assumptions=(), quantity=r"\sum_ip_i", relation=Relation.EQ, expression=s.symbol,
    false_as_published=(
        r"Where $\lambda$ is not $s$-balanced what is cut off at 1 is not given to the other atoms: $\lambda = (5, 3, 1, .5, .5)$, "
        r"$s = 3$ sends 2.5 atoms. The water-filling probabilities of the paper's theorem spend it."
    ),
)  # fmt: skip

register(
    MOMENTS, OPTIMAL_PROBABILITIES, BALANCED_VALUE, QSGD_TERNGRAD, SPECTRAL_VS_ENTRYWISE, SPECTRAL_FROM_BELOW,
    RELEASED_MEAN, RELEASED_BUDGET,
    SGD_EFFECT, SGD_THRESHOLD,
)  # fmt: skip
