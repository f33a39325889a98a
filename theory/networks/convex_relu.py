"""Two-layer ReLU networks with weight decay: global optima by convex programs, certificates, sampling, ADMM, robustness."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.axioms import Form, Member, Point, combine, square
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_OPEN, Parameter
from gradproof.theory.proof import Proof, Statement, Use
from gradproof.theory.registry import register

PAPER = Paper(
    key="convex-relu", authors=("Bai", "Gautam", "Sojoudi"),
    title="Efficient Global Optimization of Two-layer ReLU Networks: Quadratic-time Algorithms and Adversarial Training",
    year=2022, family="networks", arxiv="2201.01965", venue="SIAM J. Math. Data Sci.",
)  # fmt: skip

n = Parameter("n", "number of data points", COUNT)
r = Parameter("r", "rank of the data matrix", COUNT)
u = Parameter("u", "norm of a neuron's input weights", NONNEGATIVE, r"\|u\|")
a = Parameter("a", "size of its output weight", NONNEGATIVE, "|a|")
p_star = Parameter("p_star", "value of the convex program over all patterns", NONNEGATIVE, "p^*")
y2 = Parameter("y2", r"$\|y\|^2$", NONNEGATIVE, r"\|y\|^2")
nu2 = Parameter("d2", r"$\|\nu - y\|^2$", NONNEGATIVE, r"\|\nu - y\|^2")
M = Parameter("M", r"max over unit $u$ of $|\langle y, \operatorname{relu}(X u)\rangle|$", NONNEGATIVE, "M(y)")
beta = Parameter("beta", "weight decay", latex=r"\beta")
c_plus = Parameter("c_plus", r"$\langle \operatorname{relu}(x), y\rangle$", REAL, "c_+")
c_minus = Parameter("c_minus", r"$\langle \operatorname{relu}(-x), y\rangle$", REAL, "c_-")
z_plus = Parameter("z_plus", r"$\|\operatorname{relu}(x)\|^2$", latex=r"\|z_+\|^2")
z_minus = Parameter("z_minus", r"$\|\operatorname{relu}(-x)\|^2$", latex=r"\|z_-\|^2")
P_s = Parameter("P_s", "number of sampled patterns", COUNT)
xi = Parameter("xi", "violation probability aimed at", UNIT_OPEN, r"\xi")
psi = Parameter("psi", "failure probability allowed", UNIT_OPEN, r"\psi")
V0 = Parameter("V0", r"$\|w^* - w_0\|^2 + \|\mu^* - \mu_0\|^2$, copies and scaled multipliers", NONNEGATIVE, "V_0")
N = Parameter("N", "iterations", COUNT)
margin = Parameter("margin", r"$y_k x_k \cdot z_k$", REAL, "m_k")
l1 = Parameter("l1", r"$\|z_k\|_1$ of the active linear piece", NONNEGATIVE, r"\|z_k\|_1")
eps = Parameter("eps", "half side of the box around each input", NONNEGATIVE, r"\varepsilon")
residual = Parameter("residual", r"$x_k \cdot z_k - y_k$", REAL, "r_k")
p_eps = Parameter("p_eps", "objective of the robust convex program at the blocks", NONNEGATIVE, r"p_\varepsilon")

WEIGHT_DECAY = Assumption("weight_decay_positive", r"$\beta > 0$")
ALL_PATTERNS = Assumption("all_patterns", "the program has a pair of blocks for every activation pattern of the data")
CONES = Assumption("cone_constraints", r"$v_i, w_i \in K_i = \{u : (2D_i - I)Xu \ge 0\}$")
WIDE = Assumption("wide_enough", "$m \\ge m^*$, the least number of nonzero blocks of an optimum; $m^* \\le n$")
GAUSSIAN = Assumption("gaussian_pattern_sampling", "patterns are those of independent Gaussian directions")
ROBUST_CONES = Assumption(
    "linf_box", r"$A_iv_i \ge \varepsilon\|v_i\|_1$, $A_iw_i \ge \varepsilon\|w_i\|_1$, entry by entry"
)

_NETWORK = r"$f(x) = \sum_{j \le m} a_j(u_j\cdot x)_+$, objective $\frac12\|f(X) - y\|^2 + \frac\beta2\sum_j(\|u_j\|^2 + a_j^2)$"

AMGM = Claim(
    id="convex-relu.amgm", paper=PAPER, title="Weight decay of a neuron is at least the product of its norms",
    statement=r"$\frac12(\|u\|^2 + a^2) \ge |a|\,\|u\|$ with equality iff $\|u\| = |a|$, and $f$ is invariant under "
    r"$(u, a) \to (tu, a/t)$, $t > 0$: at a minimum every neuron is balanced.",
    parameters=(u, a), assumptions=(Assumption("equal_weights", "both layers are decayed equally"),),
    quantity=r"\tfrac12(\|u\|^2 + a^2)", relation=Relation.GE, expression=a.symbol * u.symbol,
    where="Section 2", tight=True,
)  # fmt: skip

EXACT_REFORMULATION = Claim(
    id="convex-relu.exact-reformulation", paper=PAPER,
    title="The least training objective of a wide two-layer ReLU network is the value of a convex program",
    statement=(
        rf"{_NETWORK}. Its least value $p^*_{{nc}}(m)$ is $p^* = \min_{{v_i, w_i \in K_i}}\frac12\|\sum_iD_iX(v_i - w_i) - y\|^2 + "
        r"\beta\sum_i(\|v_i\| + \|w_i\|)$ for $m \ge m^*$, and at least $p^*$ for every $m$. Neurons "
        r"$(v_i/\sqrt{\|v_i\|}, \sqrt{\|v_i\|})$ and $(w_i/\sqrt{\|w_i\|}, -\sqrt{\|w_i\|})$ attain it."
    ),
    parameters=(p_star,), assumptions=(WEIGHT_DECAY, ALL_PATTERNS, CONES, WIDE),
    quantity=r"p^*_{nc}(m)", relation=Relation.EQ, expression=p_star.symbol,
    where="Pilanci, Ergen (2020), Theorem 1", tight=True,
)  # fmt: skip

WIDTH = Claim(
    id="convex-relu.width", paper=PAPER, title="As many neurons as data points suffice for a global optimum",
    statement=(
        r"Optimal blocks, of any set of patterns, can be rescaled, their prediction and $\sum_i(\|v_i\| + \|w_i\|)$ kept, until "
        r"the $m$ predictions $D_iXv_i$, $-D_iXw_i$ of those left are linearly independent: $m^* \le m \le n$."
    ),
    parameters=(n,),
    assumptions=(WEIGHT_DECAY, Assumption("optimal", "the blocks are optimal; for others $n + 1$ are needed")),
    quantity="m", relation=Relation.LE, expression=n.symbol,
    where="derived here; the papers state $n + 1$", confidence="derived",
    remark="By machine optima are pruned; the proof for all instances is in the derivation.",
)  # fmt: skip

_k = sp.Symbol("k", integer=True)

ARRANGEMENT_COUNT = Claim(
    id="convex-relu.arrangement-count", paper=PAPER, title="How many activation patterns there are",
    statement=r"$P \le 2\sum_{k<r}\binom{n-1}{k}$, $r = \mathrm{rank}X$, with equality if every $r$ rows of $X$ are linearly "
    r"independent: $2n$ for $r = 2$, $n^2 - n + 2$ for $r = 3$.",
    parameters=(n, r),
    assumptions=(Assumption("central", "the hyperplanes pass through the origin: a bias counts as a column of $X$"),),
    quantity="P", relation=Relation.LE, expression=2 * sp.Sum(sp.binomial(n.symbol - 1, _k), (_k, 0, r.symbol - 1)),
    where="Cover (1965)", tight=True,
)  # fmt: skip

DUALITY = Claim(
    id="convex-relu.duality", paper=PAPER, title="Every dual point bounds the global optimum from below",
    statement=r"$p^* = \max_\nu\{\frac12\|y\|^2 - \frac12\|\nu - y\|^2 : M(\nu) \le \beta\}$ with $M(\nu) = \max_{\|u\| \le 1}"
    r"|\nu\cdot(Xu)_+| = \max_{i,\pm}\|\Pi_{K_i}(\pm X^TD_i\nu)\|$ and $\|\Pi_{K_i}(c)\| = \min_{\lambda \ge 0}"
    r"\|c + A_i^T\lambda\|$. So any network has the certificate objective $-$ dual value at $t(y - f(X))$, "
    r"$t = \min(\nu\cdot y/\|\nu\|^2, \beta/M(\nu))$.",
    parameters=(y2, nu2), assumptions=(WEIGHT_DECAY, Assumption("dual_feasible", r"$M(\nu) \le \beta$")),
    quantity="p^*", relation=Relation.GE, expression=y2.symbol / 2 - nu2.symbol / 2,
    where="Pilanci, Ergen (2020), Section 3", tight=True,
)  # fmt: skip

BETA_MAX = Claim(
    id="convex-relu.beta-max", paper=PAPER, title="The weight decay from which on the zero network is globally optimal",
    statement=r"The zero network is globally optimal iff $\beta \ge M(y) = \max_{\|u\| \le 1}|y\cdot(Xu)_+|$; below, "
    r"$p^* < \frac12\|y\|^2$.",
    parameters=(M,), assumptions=(WEIGHT_DECAY, ALL_PATTERNS),
    quantity=r"\beta_{\max}", relation=Relation.IFF, expression=M.symbol,
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip


def _side(c: sp.Expr, z: sp.Expr) -> sp.Expr:
    return sp.Max(sp.Abs(c) - beta.symbol, 0) ** 2 / (2 * z)


D1_CLOSED_FORM = Claim(
    id="convex-relu.d1-closed-form", paper=PAPER, title="One input: the optimum in closed form",
    statement=(
        r"For $d = 1$ the two patterns have orthogonal outputs $z_\pm = (\pm x)_+$, each a scalar soft threshold: $p^* = \frac12"
        r"\|y\|^2 - \sum_\pm(|z_\pm\cdot y| - \beta)_+^2/(2\|z_\pm\|^2)$."
    ),
    parameters=(y2, c_plus, c_minus, z_plus, z_minus, beta),
    assumptions=(
        Assumption("one_input", "$d = 1$, and $x$ has entries of both signs; a bias would be a second input"),
    ),
    quantity="p^*", relation=Relation.EQ,
    expression=y2.symbol / 2 - _side(c_plus.symbol, z_plus.symbol) - _side(c_minus.symbol, z_minus.symbol),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

SAMPLED_PATTERNS = Claim(
    id="convex-relu.sampled-patterns", paper=PAPER,
    title="How likely one more sampled pattern is to improve the optimum",
    statement=r"With $P_s$ patterns of independent directions, the probability that one more lowers the optimal value is at most "
    r"$n/(P_s + 1)$, in the mean over the samples: the dual has $n$ variables and one maximiser, so at most $n$ of $P_s + 1$ "
    "exchangeable patterns matter.",
    parameters=(n, P_s), assumptions=(WEIGHT_DECAY, GAUSSIAN),
    quantity=r"\mathbb E\,\mathbb P(p_{s+1} < p_s)", relation=Relation.LE, expression=n.symbol / (P_s.symbol + 1),
    where="derived here", confidence="derived",
)  # fmt: skip

SAMPLE_SIZE = Claim(
    id="convex-relu.sample-size", paper=PAPER, title="How many sampled patterns the paper asks for",
    statement=(
        r"If $P_s \ge \min\{(n + 1)/(\psi\xi) - 1, (2/\xi)(n + 1 - \ln\psi)\}$, then with probability at least $1 - \psi$ over the "
        r"samples one more pattern lowers the optimal value with probability at most $\xi$."
    ),
    parameters=(n, P_s, xi, psi),
    assumptions=(
        WEIGHT_DECAY, GAUSSIAN,
        Assumption(
            "enough_samples",
            r"$P_s \ge \min\{(n + 1)/(\psi\xi) - 1, (2/\xi)(n + 1 - \ln\psi)\}$",
            sp.Ge(
                P_s.symbol,
                sp.Min(
                    (n.symbol + 1) / (psi.symbol * xi.symbol) - 1,
                    2 / xi.symbol * (n.symbol + 1 - sp.log(psi.symbol)),
                ),
            ),
        ),
    ),
    quantity=r"\mathbb P\{\mathbb P(p_{s+1} < p_s) > \xi\}", relation=Relation.LE, expression=psi.symbol,
    where="Theorem on the sampled subset (number not recalled)", confidence="recalled",
    remark="The first branch, with $n$ in place of $n + 1$, follows from convex-relu.sampled-patterns by Markov's "
    "inequality; the constants of the second are not verified. The evidence sees a factor of 13: with one data point and four "
    "samples the probability is 1/16, where the claim allows 0.802.",
)  # fmt: skip

ADMM = Claim(
    id="convex-relu.admm", paper=PAPER,
    title="The splitting method's residuals are summable, with an explicit constant",
    statement=r"ADMM for the program, split as $\frac12\|Fu - y\|^2 + g(w)$, $Eu = w$, from $w_0 = \mu_0 = 0$ with full dual step: "
    r"$\min_{k \le N}(\|Eu_k - w_k\|^2 + \|w_k - w_{k-1}\|^2) \le V_0/N$ for every saddle point $(w^*, \mu^*)$, and the value "
    r"tends to $p^*$.",
    parameters=(V0, N),
    assumptions=(Assumption("full_dual_step", r"the multipliers move by the whole residual, $\gamma = 1$"),),
    quantity=r"\min_{k \le N}(\|Eu_k - w_k\|^2 + \|w_k - w_{k-1}\|^2)", relation=Relation.LE,
    expression=V0.symbol / N.symbol,
    where="derived here; the paper states linear convergence for a small dual step without an explicit rate",
    confidence="derived",
    remark="Near a regular limit convergence is linear, at the largest modulus below one of the eigenvalues of the map's Jacobian: "
    "observed, not claimed.",
)  # fmt: skip

ROBUST_HINGE = Claim(
    id="convex-relu.robust-hinge", paper=PAPER, title="The worst hinge loss over a box of inputs, in closed form",
    statement=(
        r"If $A_iv_i \ge \varepsilon\|v_i\|_1$ and $A_iw_i \ge \varepsilon\|w_i\|_1$, every neuron keeps its state on the boxes "
        r"$\|\delta\|_\infty \le \varepsilon$, and with $z_k = \sum_is_{ik}(v_i - w_i)$ the worst hinge loss at $x_k$ is "
        r"$(1 - y_kx_k\cdot z_k + \varepsilon\|z_k\|_1)_+$, attained at a vertex."
    ),
    parameters=(margin, eps, l1), assumptions=(ROBUST_CONES,),
    quantity=r"\max_{\|\delta\|_\infty \le \varepsilon}(1 - y_kf(x_k + \delta))_+", relation=Relation.EQ,
    expression=sp.Max(0, 1 - margin.symbol + eps.symbol * l1.symbol),
    where="Section on adversarial training; closed form derived anew", tight=True,
)  # fmt: skip

ROBUST_SQUARED = Claim(
    id="convex-relu.robust-squared", paper=PAPER, title="The worst squared loss over a box of inputs, in closed form",
    statement=(
        r"Under the same conditions the worst squared loss at $x_k$ is $\frac12(|x_k\cdot z_k - y_k| + \varepsilon\|z_k\|_1)^2$, "
        r"attained at a vertex."
    ),
    parameters=(residual, eps, l1), assumptions=(ROBUST_CONES,),
    quantity=r"\max_{\|\delta\|_\infty \le \varepsilon}\tfrac12(f(x_k + \delta) - y_k)^2", relation=Relation.EQ,
    expression=(sp.Abs(residual.symbol) + eps.symbol * l1.symbol) ** 2 / 2,
    where="Section on adversarial training; closed form derived anew", tight=True,
)  # fmt: skip

ROBUST_VALUE = Claim(
    id="convex-relu.robust-value", paper=PAPER,
    title="The robust convex program bounds the adversarial training problem",
    statement=r"At any blocks in the robust cones, a minimiser included, $p_\varepsilon = \frac1n\sum_k(1 - y_kx_k\cdot z_k + "
    r"\varepsilon\|z_k\|_1)_+ + \beta\sum_i(\|v_i\| + \|w_i\|)$ is at least the worst-case objective of their network over "
    r"boxes of half side $\varepsilon$ or less, and equal for $\varepsilon$: so $\min p_\varepsilon$ is at least the min-max "
    r"value, and does not decrease in $\varepsilon$.",
    parameters=(p_eps,), assumptions=(WEIGHT_DECAY, ROBUST_CONES),
    quantity=r"\tfrac1n\sum_k\max_\delta(1 - y_kf(x_k + \delta))_+ + \tfrac\beta2\sum_j(\|u_j\|^2 + a_j^2)",
    relation=Relation.LE, expression=p_eps.symbol,
    where="Section on adversarial training", tight=True,
)  # fmt: skip

register(
    AMGM, EXACT_REFORMULATION, WIDTH, ARRANGEMENT_COUNT, DUALITY, BETA_MAX, D1_CLOSED_FORM, SAMPLED_PATTERNS, SAMPLE_SIZE,
    ADMM, ROBUST_HINGE, ROBUST_SQUARED, ROBUST_VALUE,
)  # fmt: skip


def admm_decrease(kept: int = 1) -> Proof:
    """One step of ADMM lowers V by the squared residual and the squared change of w, for any convex f and g.

    In the basis a = w - w*, b = w+ - w*, m = mu - mu*, e = Eu+ - w+: the gradient of f at u+, carried by E, is
    -(m + e + b - a), subgradients of g are m and m + e. ``kept`` times the squares is claimed (2 is too much).
    """
    A, B, m, e = ({x: 1} for x in "abme")
    after = combine((1, m), (1, e))
    f = Member("f", "operator", {"mu": 0}, (
        Point("star", {}, {}), Point("plus", combine((1, e), (1, B)), combine((-1, after), (-1, B), (1, A))),
    ))  # fmt: skip
    g = Member("g", "operator", {"mu": 0}, (Point("star", {}, {}), Point("now", A, m), Point("plus", B, after)))
    target = Form().add(square(B)).add(square(after)).add(square(A), -1).add(square(m), -1)
    target.add(square(e), kept).add(square(combine((1, B), (-1, A))), kept)
    text = r"ADMM: $V^+ + \|Eu^+ - w^+\|^2 + \|w^+ - w\|^2 \le V$"
    pairs = (("f", ("plus", "star")), ("g", ("plus", "star")), ("g", ("plus", "now")))
    uses = tuple(Use("monotone", name, pair, 2) for name, pair in pairs)
    return Proof(Statement(("a", "b", "m", "e"), (), (f, g), target, text=text), uses)
