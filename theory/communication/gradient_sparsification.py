"""Gradient sparsification: the sparsest unbiased estimate under a cap on its second moment."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="gradient-sparsification",
    authors=("Wangni", "Wang", "Liu", "Zhang"),
    title="Gradient Sparsification for Communication-Efficient Distributed Optimization",
    year=2018, family="communication", arxiv="1710.09854", venue="NeurIPS",
)  # fmt: skip

eps = Parameter("eps", "allowed relative increase of the second moment", latex=r"\varepsilon")
k = Parameter("k", "number of entries sent for certain", sp.S.Naturals0)
norm2 = Parameter("norm2", r"$\|g\|^2$", latex=r"\|g\|^2")
tail1 = Parameter("tail1", "sum of $|g_i|$ over the others", NONNEGATIVE, "T_k")
tail2 = Parameter("tail2", "sum of $g_i^2$ over the others", NONNEGATIVE, "R_k")
kappa = Parameter("kappa", "target density", UNIT_OPEN, r"\kappa")
d = Parameter("d", "number of entries", COUNT)
rho = Parameter("rho", "$l_1$ norm of $g$ outside $S$, relative to that on $S$", NONNEGATIVE, r"\rho")
s = Parameter("s", "size of $S$", COUNT)
b = Parameter("b", "bits of a float", COUNT)
gamma = Parameter("gamma", "step size", latex=r"\gamma")
x2 = Parameter("x2", r"$\|x\|^2$", NONNEGATIVE, r"\|x\|^2")
V = Parameter("V", "least second moment with the same density", NONNEGATIVE)

UNBIASED = Assumption("unbiased", "kept entries are divided by their probability")
MET = Assumption("cap_met", r"$\mathbb E\|Q(g)\|^2 = (1 + \varepsilon)\|g\|^2$, as for the sparsest scheme")
CAP = Assumption("cap", r"$\sum g_i^2/p_i \le (1 + \varepsilon)\|g\|^2$")
SPARSEST = Assumption("sparsest", r"the probabilities have the least sum under the cap with $\varepsilon = \rho$")
SPARSE = Assumption("approximately_sparse", r"$\|g_{S^c}\|_1 \le \rho\|g_S\|_1$ for some $|S| = s$")

OPTIMAL_DENSITY = Claim(
    id="gradient-sparsification.optimal-density", paper=PAPER, where="Algorithm 2", tight=True,
    title="The sparsest unbiased estimate",
    statement=r"With $k$ the least $k \ge 0$ such that $|g_{(k+1)}|T_k \le \varepsilon\|g\|^2 + R_k$, $T_k = \sum_{j>k}|g_{(j)}|$, "
    r"$R_k = \sum_{j>k}g_{(j)}^2$: $p_{(i)} = 1$ for $i \le k$, else $|g_{(i)}|T_k/(\varepsilon\|g\|^2 + R_k)$, is the "
    "sparsest under the cap, and meets it.",
    parameters=(k, tail1, tail2, eps, norm2), assumptions=(CAP,),
    quantity=r"\min_p \sum_i p_i", relation=Relation.EQ,
    expression=k.symbol + tail1.symbol**2 / (eps.symbol * norm2.symbol + tail2.symbol),
)  # fmt: skip

GREEDY = Claim(
    id="gradient-sparsification.greedy", paper=PAPER, where="Algorithm 3", tight=True,
    title="The greedy rescaling ends at the scheme of least variance",
    statement=(
        r"$p^0_i = \min(\kappa d|g_i|/\|g\|_1, 1)$, rescaled on the entries below one until the sum is $\kappa d$, ends after at "
        r"most $d$ rescalings at the minimiser of $\sum g_i^2/p_i$ under $\sum p_i = \kappa d$, if $\kappa d$ is below the number "
        "of nonzeros."
    ),
    parameters=(V,), assumptions=(Assumption("until_it_ends", "rescaled until the sum is met, not only twice"),),
    quantity=r"\sum_i g_i^2/p_i", relation=Relation.EQ, expression=V.symbol,
)  # fmt: skip

GREEDY_DENSITY = Claim(
    id="gradient-sparsification.greedy-density", paper=PAPER, where="Algorithm 3", tight=True,
    title="The greedy rescaling never sends more than its target",
    statement=r"After any number of rescalings $\sum p_i \le \kappa d$, with equality at the end.",
    parameters=(kappa, d),
    assumptions=(Assumption("free_alone", "what the certain entries leave of the target is shared among the others"),),
    quantity=r"\sum_i p_i", relation=Relation.LE, expression=kappa.symbol * d.symbol,
)  # fmt: skip

DUALITY = Claim(
    id="gradient-sparsification.duality", paper=PAPER, where="derived here", tight=True,
    title="Least density and least variance are inverse to each other",
    statement=r"$\varepsilon \mapsto \min\sum p_i$ and $s \mapsto \min\sum g_i^2/p_i/\|g\|^2 - 1$ are inverse where a $p_i < 1$.",
    parameters=(eps,), assumptions=(Assumption("some_dropped", "some $p_i < 1$"),),
    quantity=r"\min_{\sum p_i \le S(\varepsilon)} \sum_i g_i^2/p_i / \|g\|^2 - 1", relation=Relation.EQ,
    expression=eps.symbol,
)  # fmt: skip

APPROX_SPARSE = Claim(
    id="gradient-sparsification.approx-sparse", paper=PAPER,
    where="theorem on approximate sparsity (number not recalled)",
    title="Approximately sparse gradients need few entries",
    statement=r"If $\|g_{S^c}\|_1 \le \rho\|g_S\|_1$ for some $|S| = s$, then at $\varepsilon = \rho$ the sparsest scheme sends at "
    r"most $(1 + \rho)s$ entries on average, with second moment at most $(1 + \rho)\|g\|^2$.",
    parameters=(rho, s), assumptions=(SPARSE, SPARSEST),
    quantity=r"\mathbb E\|Q(g)\|_0", relation=Relation.LE, expression=(1 + rho.symbol) * s.symbol,
)  # fmt: skip

_index = sp.log(d.symbol, 2)  # bits

CODE_LENGTH = Claim(
    id="gradient-sparsification.code-length", paper=PAPER, where="Section on coding", confidence="recalled",
    title="Bits of a sparsified gradient",
    statement=(
        r"Sending certain entries as $b + \log_2 d$ bits each, the others by index or bitmap, and one common magnitude, takes at "
        r"most $s(b + \log_2 d) + \min(\rho s\log_2 d, 2d) + b$ bits for an approximately sparse gradient at $\varepsilon = \rho$."
    ),
    parameters=(rho, s, d, b), assumptions=(SPARSE, SPARSEST),
    quantity=r"k(b + \log_2 d) + \min(\log_2 d\sum_{i>k}p_i, 2d) + b", relation=Relation.LE,
    expression=s.symbol * (b.symbol + _index) + sp.Min(rho.symbol * s.symbol * _index, 2 * d.symbol) + b.symbol,
)  # fmt: skip

SGD_COST = Claim(
    id="gradient-sparsification.sgd-cost", paper=PAPER, where="derived here", confidence="derived", tight=True,
    title="One step with a sparsified gradient on the squared norm",
    statement=r"For $f = \frac12\|x\|^2$ and the sparsest scheme, which meets the cap: "
    r"$\mathbb E\|x^+\|^2 = (1 - 2\gamma + \gamma^2(1 + \varepsilon))\|x\|^2$.",
    parameters=(gamma, eps, x2), assumptions=(UNBIASED, MET),
    quantity=r"\mathbb E\|x^+\|^2", relation=Relation.EQ,
    expression=(1 - 2 * gamma.symbol + gamma.symbol**2 * (1 + eps.symbol)) * x2.symbol,
)  # fmt: skip

SGD_THRESHOLD = Claim(
    id="gradient-sparsification.sgd-threshold", paper=PAPER, where="derived here", confidence="derived", tight=True,
    title="The steps that contract the squared norm",
    statement=r"With the sparsest scheme the step on $\frac12\|x\|^2$ contracts in mean square iff $\gamma < 2/(1 + \varepsilon)$.",
    parameters=(eps,), assumptions=(UNBIASED, MET),
    quantity=r"\sup\{\gamma: \mathbb E\|x^+\|^2 < \|x\|^2\}", relation=Relation.IFF, expression=2 / (1 + eps.symbol),
)  # fmt: skip

register(OPTIMAL_DENSITY, GREEDY, GREEDY_DENSITY, DUALITY, APPROX_SPARSE, CODE_LENGTH, SGD_COST, SGD_THRESHOLD)
