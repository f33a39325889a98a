"""What one update adds: covariances of minibatch gradients under each way of sampling, and the rules for the step that keep them.

n samples have gradients g_i of mean gbar; S is the trace of (1/n) sum g g', C that of S - gbar gbar'; ghat is the mean over a
batch.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="train-longer", authors=("Hoffer", "Hubara", "Soudry"), year=2017, family="landscape", arxiv="1705.08741", venue="NeurIPS",
    title="Train longer, generalize better: closing the generalization gap in large batch training of neural networks",
)  # fmt: skip
HERE = "docs/derivations/train_longer.md"

n = Parameter("n", "number of samples (the paper's $N$)", sp.Range(2, sp.oo))
n_any = Parameter("n", "number of samples (the paper's $N$)", COUNT)
M = Parameter("M", "batch size, on average where it is random", COUNT)
m = Parameter("m", "size of the small batch", COUNT)
C = Parameter("C", r"$\mathrm{Tr}(S - \bar g\bar g^\top)$, the centred second moment of the gradients", NONNEGATIVE)
S = Parameter("S", r"$\mathrm{Tr} S$, $S = \frac1n\sum_i g_ig_i^\top$", NONNEGATIVE)
g2 = Parameter("g2", r"$\|\bar g\|^2$", NONNEGATIVE, r"\|\bar g\|^2")
v = Parameter("v", "variance of the multiplicative noise", NONNEGATIVE)
V = Parameter("V", r"$\mathrm{Tr}\,\mathrm{cov}(\hat g)$", NONNEGATIVE)
eta = Parameter("eta", "step size", latex=r"\eta")
eta_M = Parameter("eta_M", "step size of the large batch", latex=r"\eta_M")
eta_m = Parameter("eta_m", "step size of the small batch", latex=r"\eta_m")
eta0 = Parameter("eta0", "step size of single samples", latex=r"\eta_0")
t = Parameter("t", "number of updates", COUNT)
h = Parameter("h", "curvature")
lam_max = Parameter("lam_max", "largest curvature", latex=r"\lambda_{\max}")
s2 = Parameter("s2", "gradient-noise variance of one sample", NONNEGATIVE, "s^2")

WITH = Assumption("with_replacement", "the $M$ samples of a batch are drawn uniformly and independently of one another")
WITHOUT = Assumption("without_replacement", "a batch is a uniform subset of $M$ samples")
POISSON = Assumption(
    "independent_inclusion", "each sample enters with probability $M/n$, independently; the sum is divided by $M$"
)
DISJOINT = Assumption("disjoint_batches", "consecutive batches of one epoch: disjoint, uniform among such")
AT_MOST_ALL = Assumption("at_most_all", r"$M \le n$", sp.Le(M.symbol, n.symbol))
POISSON_AT_MOST_ALL = Assumption("at_most_all", r"$M \le n$", sp.Le(M.symbol, n_any.symbol))
FACTORS = Assumption(
    "independent_factors",
    "the factors $z$ have mean 1 and variance $v$, and are independent of each other and of the batch",
)
FLAT = Assumption(
    "flat_potential", "the noise of an update has the same covariance everywhere, and mean zero given the past"
)
FRESH = Assumption("fresh_noise", "the noise of a step has variance $s^2/M$, and mean zero given the past")
EQUAL_UPDATES = Assumption("equal_updates", "both batch sizes take the same number $t$ of updates")
SMALLER = Assumption("smaller_batch", r"$m < M$", sp.Lt(m.symbol, M.symbol))
SOME_LEFT = Assumption("some_left", r"$M < n$", sp.Lt(M.symbol, n.symbol))
STABLE = Assumption("stable_step", r"$\eta h < 2$", eta.symbol * h.symbol < 2)
SHORT = Assumption(
    "short_time", r"$20t\eta_0\sqrt M\lambda_{\max} \le 1$",
    sp.Le(20 * t.symbol * eta0.symbol * sp.sqrt(M.symbol) * lam_max.symbol, 1)
)  # fmt: skip
FINITE = Assumption(
    "finite_sampling", "batches are uniform subsets of the $n$ samples, or keep each sample independently"
)
AT_MINIMUM = Assumption(
    "starts_at_minimum", r"least squares, started at its minimiser: $\bar g = 0$; fresh batches with replacement"
)

_M, _n, _m, _C, _S, _e = (p.symbol for p in (M, n, m, C, S, eta))


def claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


SPREAD = r"\mathbb E\|\hat g - \bar g\|^2"

WITH_REPLACEMENT = claim(
    "increment-covariance-wr", "The minibatch gradient, drawn with replacement",
    r"$\mathrm{cov}(\hat g) = \frac1M(S - \bar g\bar g^\top)$; the update has $\eta^2$ times that. The second moment is centred.",
    parameters=(M, C), assumptions=(WITH,), quantity=SPREAD, relation=Relation.EQ, expression=_C / _M,
    where=f"Appendix A; {HERE}",
)  # fmt: skip

WITHOUT_REPLACEMENT = claim(
    "increment-covariance-wor", "The minibatch gradient, drawn without replacement",
    r"$\mathrm{cov}(\hat g) = \frac{n-M}{M(n-1)}(S - \bar g\bar g^\top)$: nothing at $M = n$.",
    parameters=(M, n, C), assumptions=(WITHOUT, AT_MOST_ALL), quantity=SPREAD, relation=Relation.EQ,
    expression=(_n - _M) * _C / (_M * (_n - 1)), where=f"Appendix A, corrected: {HERE}",
    remark="The published formula is train-longer.wor-published.",
)  # fmt: skip

POISSON_SAMPLING = claim(
    "increment-covariance-poisson", "The minibatch gradient, each sample kept independently",
    r"$\mathrm{cov}(\hat g) = (\frac1M - \frac1n)S$: the paper's main formula is exact here, with the uncentred $S$.",
    parameters=(M, n_any, S), assumptions=(POISSON, POISSON_AT_MOST_ALL), quantity=SPREAD, relation=Relation.EQ,
    expression=(1 / _M - 1 / n_any.symbol) * _S, where=f"equation (6), before $M \\ll N$; {HERE}",
)  # fmt: skip

ACROSS_BATCHES = claim(
    "wor-across-batches", "Two batches of one epoch are negatively correlated",
    r"$\mathrm{cov}(\hat g_1, \hat g_2) = -\frac1{n-1}(S - \bar g\bar g^\top)$ for disjoint batches of any sizes: of "
    r"any two samples, "
    "of one batch or of two.",
    parameters=(n, C), assumptions=(DISJOINT,), quantity=r"\mathbb E\langle\hat g_1 - \bar g, \hat g_2 - \bar g\rangle",
    relation=Relation.EQ, expression=-_C / (_n - 1), where=f"Appendix A, corrected: {HERE}",
    remark="The published formula is train-longer.wor-across-published.",
)  # fmt: skip

MULTIPLICATIVE_NOISE = claim(
    "multiplicative-noise", "Noise on the samples' weights does what a smaller batch does",
    r"$\hat g = \frac1M\sum_i z_ig_i$ with $\mathbb Ez = 1$, $\mathrm{var}\,z = v$: the mean step is kept and "
    r"$\mathrm{cov}(\hat g) = \frac1M(S - \bar g\bar g^\top + vS)$; up to $\bar g$ that of a batch of $m$ for $v = M/m - 1$.",
    parameters=(M, C, S, v), assumptions=(WITH, FACTORS), quantity=SPREAD, relation=Relation.EQ,
    expression=(_C + v.symbol * _S) / _M, where="Section 4, the alternative to a larger step", confidence="derived",
)  # fmt: skip

FLAT_SPREAD = claim(
    "flat-spread", "On a flat potential the weights diffuse",
    r"$\mathbb E\|w_t - w_0 + \eta t\bar g\|^2 = t\eta^2\,\mathrm{Tr}\,\mathrm{cov}(\hat g)$: equal numbers of "
    r"updates, not of epochs, "
    "spread alike.",
    parameters=(eta, t, V), assumptions=(FLAT,), quantity=r"\mathbb E\|w_t - w_0 + \eta t\bar g\|^2", relation=Relation.EQ,
    expression=t.symbol * _e**2 * V.symbol, where="Section 3", confidence="derived",
)  # fmt: skip

SQRT_RULE = claim(
    "sqrt-rule", "A step that grows like the square root of the batch keeps the spread",
    r"With replacement, batches of $M$ with the step $\eta\sqrt{M/m}$ spread after $t$ updates as those of $m$ with "
    r"the step $\eta$: "
    r"$\mathbb E\|w_t - w_0 + \eta\sqrt{M/m}\,t\bar g\|^2 = t\eta^2\mathrm{Tr}(S - \bar g\bar g^\top)/m$. The linear "
    r"rule multiplies it by $M/m$.",
    parameters=(eta, t, m, M, C), assumptions=(WITH, FLAT, EQUAL_UPDATES), quantity=r"\mathbb E\|w_t - w_0 + \eta_Mt\bar g\|^2",
    relation=Relation.EQ, expression=t.symbol * _e**2 * _C / _m, where="Section 4, equation (7)",
)  # fmt: skip

EXACT_RATIO = claim(
    "sqrt-rule-exact", "The step that keeps the covariance of finitely many samples",
    r"Without replacement, and with independent inclusion, the covariance of an update with $(\eta_M, M)$ is at most that with "
    r"$(\eta_m, m)$ iff $(\eta_M/\eta_m)^2 \le (1/m - 1/n)/(1/M - 1/n)$, which is more than $M/m$ and tends "
    r"to it as $n \to \infty$.",
    parameters=(m, M, n), assumptions=(FINITE, SMALLER, SOME_LEFT), quantity=r"(\eta_M/\eta_m)^2", relation=Relation.IFF,
    expression=(1 / _m - 1 / _n) / (1 / _M - 1 / _n), where=HERE, confidence="derived",
    remark="At 50000 samples, m = 128, M = 4096 the two ratios differ by 4 %: 5.896 against 5.657.",
)  # fmt: skip

_stationary = _e * s2.symbol / (_M * h.symbol * (2 - _e * h.symbol))

STATIONARY = claim(
    "stationary-variance", "What a minimum keeps of the noise",
    r"On $\frac h2w^2$ with gradient noise of variance $s^2/M$, started at the minimum, $\mathbb Ew_t^2 \le \eta "
    r"s^2/(Mh(2-\eta h))$ for all "
    "$t$: the stationary variance.",
    parameters=(eta, h, M, s2), assumptions=(FRESH, STABLE), quantity=r"\mathbb Ew_t^2", relation=Relation.LE,
    expression=_stationary,
    tight=True, where=HERE, confidence="derived",
)  # fmt: skip

SETTLING = claim(
    "settling", "From diffusion to the stationary variance",
    r"$\mathbb Ew_t^2 = \frac{\eta s^2}{Mh(2-\eta h)}(1 - (1-\eta h)^{2t})$, started at the minimum: $t\eta^2s^2/M$ "
    r"while $\eta ht \ll 1$, "
    "where the square-root rule keeps it, and constant later.",
    parameters=(eta, h, M, s2, t), assumptions=(FRESH, STABLE), quantity=r"\mathbb Ew_t^2", relation=Relation.EQ,
    expression=_stationary * (1 - (1 - _e * h.symbol) ** (2 * t.symbol)), where=HERE, confidence="derived",
)  # fmt: skip

SQRT_VS_LINEAR = claim(
    "sqrt-vs-linear", "The linear rule keeps the stationary variance, the square-root rule the diffusion",
    r"The stationary variances with $(\eta_M, M)$ and $(\eta_m, m)$ stand as "
    r"$\frac{\eta_Mm}{\eta_mM}\frac{2-\eta_mh}{2-\eta_Mh}$: to first order "
    r"in $\eta h$ the rule $\eta \sim M$ keeps them, and $\eta \sim \sqrt M$ divides them by $\sqrt{M/m}$.",
    parameters=(eta_m, eta_M, m, M, h), quantity=r"\operatorname{var}_M w_\infty/\operatorname{var}_m w_\infty",
    relation=Relation.EQ,
    assumptions=(FRESH, Assumption("stable_small", r"$\eta_mh < 2$", eta_m.symbol * h.symbol < 2),
    Assumption("stable_large", r"$\eta_Mh < 2$", eta_M.symbol * h.symbol < 2)),
    expression=eta_M.symbol * _m * (2 - eta_m.symbol * h.symbol) / (eta_m.symbol * _M * (2 - eta_M.symbol * h.symbol)),
    where=HERE, confidence="derived",
)  # fmt: skip

NEAR_MINIMUM = claim(
    "sqrt-rule-near-minimum", "The square-root rule on least squares, for a short time",
    r"From the minimiser of a least-squares problem and for $t\eta_0\sqrt M\lambda_{\max} \le 1/20$, the spreads "
    r"after $t$ updates with "
    r"$(\eta_0\sqrt M, M)$ and with $(\eta_0, 1)$ differ by at most 5 %.",
    parameters=(eta0, lam_max, M, t), assumptions=(AT_MINIMUM, SHORT), relation=Relation.LE, expression=sp.Rational(1, 20),
    quantity=r"|\mathbb E\|w_t - w_0\|^2_{(\eta_0\sqrt M, M)}/\mathbb E\|w_t - w_0\|^2_{(\eta_0, 1)} - 1|",
    where=HERE, confidence="derived",
    remark="Where the noise does not depend on $w$ it follows from train-longer.settling; for least squares it was "
    "observed, with one kind of "
    "evidence: exact second moments.",
)  # fmt: skip

# --- what was published ----------------------------------------------------------------------------------------------------

WR_PUBLISHED = claim(
    "wr-published", "The covariance with replacement, as published",
    r"With replacement, $\mathrm{cov}(\hat g) = (\frac1M - \frac1n)S$.",
    parameters=(M, n, S), assumptions=(WITH,), quantity=SPREAD, relation=Relation.EQ, expression=(1 / _M - 1 / _n) * _S,
    where="Appendix A", false_as_published=(
        r"It is $\frac1M(S - \bar g\bar g^\top)$ (train-longer.increment-covariance-wr): for (1,0), (2,-1), (0,3), "
        r"(-1,1), (4,2) and $M = 2$ the "
        r"trace is 2.48, not 2.22. The formula is exact where each sample is kept independently."
    ),
)  # fmt: skip

WOR_PUBLISHED = claim(
    "wor-published", "The covariance without replacement, as published",
    r"Without replacement, $\mathrm{cov}(\hat g) = (\frac1M - \frac1{n-1})S + \frac1{n-1}\bar g\bar g^\top$.",
    parameters=(M, n, S, g2), assumptions=(WITHOUT, AT_MOST_ALL), quantity=SPREAD, relation=Relation.EQ,
    expression=(1 / _M - 1 / (_n - 1)) * _S + g2.symbol / (_n - 1), where="Appendix A", false_as_published=(
        r"Two given samples are in one batch with probability $M(M-1)/(n(n-1))$, not $M^2/(n(n-1))$; so it is "
        r"$\frac{n-M}{M(n-1)}(S - \bar g\bar g^\top)$ (train-longer.increment-covariance-wor). On the five points "
        r"1.86, not 2.46. The formula is "
        r"exact for subsets of a random size $K$ with $\mathbb EK = M$ and $\mathbb EK(K-1) = M^2$."
    ),
)  # fmt: skip

ACROSS_PUBLISHED = claim(
    "wor-across-published", "The covariance of two batches of one epoch, as published",
    r"For disjoint batches $\mathrm{cov}(\hat g_1, \hat g_2) = \frac1{n-1}\bar g\bar g^\top$.",
    parameters=(n, g2), assumptions=(DISJOINT,), quantity=r"\mathbb E\langle\hat g_1 - \bar g, \hat g_2 - \bar g\rangle",
    relation=Relation.EQ, expression=g2.symbol / (_n - 1), where="Appendix A", false_as_published=(
        r"No sample is in both batches; so it is $-\frac1{n-1}(S - \bar g\bar g^\top)$, negative "
        r"(train-longer.wor-across-batches): on the five "
        r"points $-1.24$, not $+0.61$. The formula is exact for two subsets that are independent given their common "
        r"random size $K$ with "
        r"$\mathbb EK = M$ and $\mathbb EK^2 = M^2n/(n-1)$."
    ),
)  # fmt: skip
