"""A walk in a random potential: hitting times between barriers, and how slowly the weights move away.

Sites 0..L; from 0 to 1 surely, from k >= 1 to the right with probability 1/(1 + rho_k), else to the left. The potential is
V_i = sum_{k <= i} log rho_k, V_0 = 0. T_L is the time until L is reached from 0.
"""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.evidence import Relation
from gradproof.theory.landscape.train_longer.increments import HERE, claim
from gradproof.theory.parameter import COUNT, NONNEGATIVE, UNIT_OPEN, Parameter

L = Parameter("L", "number of sites to the right of the start", COUNT)
i = Parameter("i", "site", COUNT)
W = Parameter("W", r"$e^B$ for the highest climb $B$", sp.Interval(1, sp.oo))
Sigma = Parameter("Sigma", r"$\sum_{0\le a<b\le L-1}e^{V_b - V_a}$", NONNEGATIVE, r"\Sigma")
Sigma_i = Parameter("Sigma_i", r"$\sum_{a<i}e^{V_i - V_a}$", NONNEGATIVE, r"\Sigma_i")
rho = Parameter(
    "rho",
    r"$e^\xi$, the ratio of the chances to step left and right, the same at all sites",
    sp.Interval.open(1, sp.oo),
    r"\rho",
)
r = Parameter("r", r"bound on all $\rho_k$", UNIT_OPEN)
alpha = Parameter(
    "alpha", r"exponent of the potential: $\mathbb E(V_a - V_b)^2 = |a-b|^\alpha$", sp.Interval.Lopen(0, 2), r"\alpha"
)
levels = Parameter("levels", r"$\log_2 L$", COUNT, r"\ell")

CHAIN = Assumption(
    "birth_death_reflecting",
    "the walk steps right or left at once, with the chances of the potential, and is reflected at 0",
)
CLIMB = Assumption("climb", r"no climb to the site exceeds $\log W$: $V_i - V_a \le \log W$ for $a \le i$")
BARRIER = Assumption(
    "barrier", r"no climb below $L$ exceeds $\log W$, so that by train-longer.crossing-time each crossing from $k$ to $k+1$ takes "
    r"$(2k+1)W$ steps at most"
)  # fmt: skip
FOOT = Assumption("climb_attained", r"$V_b - V_a = \log W$ for some $a < b < L$")
CONSTANT = Assumption("constant_ratio", r"$\rho_k = \rho$ at all $k \ge 1$: the potential is $\xi k$")
DOWNHILL_ = Assumption("downhill", r"$\rho_k \le r$ at all $k \ge 1$")
SELF_SIMILAR = Assumption(
    "stationary_increments", r"$V$ is a Gaussian process with $V_0 = 0$ and $\mathbb E(V_a - V_b)^2 = |a-b|^\alpha$"
)
SINAI_ = Assumption("sinai_potential", "the increments of the potential are independent standard normal numbers")
MANY = Assumption("many_potentials", "the mean is over 400 drawn potentials or more, of 128 sites or more")

_L, _W, _r, _a = L.symbol, W.symbol, rho.symbol, alpha.symbol

HITTING_TIME = claim(
    "hitting-time", "The expected time to reach a site",
    r"$\mathbb ET_L = L + 2\sum_{0\le a<b\le L-1}e^{V_b-V_a}$.",
    parameters=(L, Sigma), assumptions=(CHAIN,), quantity=r"\mathbb ET_L", relation=Relation.EQ, expression=_L + 2 * Sigma.symbol,
    where=f"classical for birth-and-death chains; {HERE}",
)  # fmt: skip

CROSSING_SUM = claim(
    "crossing-sum", "The expected time to cross an edge, as a sum over the sites below",
    r"$\mathbb ET_{i\to i+1} = 1 + 2\sum_{a<i}e^{V_i-V_a}$; these times add to train-longer.hitting-time.",
    parameters=(Sigma_i,), assumptions=(CHAIN,), quantity=r"\mathbb ET_{i\to i+1}", relation=Relation.EQ,
    expression=1 + 2 * Sigma_i.symbol, where=f"classical for birth-and-death chains; {HERE}",
)  # fmt: skip

CROSSING_TIME = claim(
    "crossing-time", "The expected time to cross an edge",
    r"$\mathbb ET_{i\to i+1} = 1 + 2\sum_{a<i}e^{V_i-V_a} \le (2i+1)W$, $\log W$ the highest climb to $i$.",
    parameters=(i, W), assumptions=(CHAIN, CLIMB), quantity=r"\mathbb ET_{i\to i+1}", relation=Relation.LE,
    expression=(2 * i.symbol + 1) * _W, tight=True, where=HERE, confidence="derived",
)  # fmt: skip

BARRIER_BOUND = claim(
    "barrier-bound", "The highest barrier decides, from above",
    r"$\mathbb ET_L \le L^2e^{B_L}$, $B_L = \max_{0\le a\le b\le L-1}(V_b - V_a)$; that is $\log\mathbb ET_L \le B_L + 2\log L$.",
    parameters=(L, W), assumptions=(CHAIN, BARRIER), quantity=r"\mathbb ET_L", relation=Relation.LE,
    expression=_L**2 * _W, tight=True,
    where=f"Section 3, made exact in one dimension: {HERE}", confidence="derived",
)  # fmt: skip

BARRIER_LOWER = claim(
    "barrier-lower", "The highest barrier decides, from below",
    r"$\mathbb ET_{b+1} \ge 2e^{V_b-V_a}$ for all $a < b$: $\log\mathbb ET_L \ge B_L + \log 2$ if $B_L > 0$.",
    parameters=(W,), assumptions=(CHAIN, FOOT), quantity=r"\mathbb ET_{b+1}", relation=Relation.GE, expression=2 * _W,
    where=f"Section 3, made exact in one dimension: {HERE}", confidence="derived",
)  # fmt: skip

LINEAR_POTENTIAL = claim(
    "linear-potential", r"$\alpha = 2$: on a slope the distance is the logarithm of the time",
    r"For $V_k = \xi k$, $\rho = e^\xi$: $\mathbb ET_L = L + 2\sum_{s=1}^{L-1}(L-s)\rho^s = "
    r"\frac{2\rho(\rho^L-1)}{(\rho-1)^2} - L\frac{\rho+1}{\rho-1}$; so the "
    r"distance after $t$ updates is $\log t/\xi$, the law that the paper sees in training.",
    parameters=(L, rho), assumptions=(CHAIN, CONSTANT), quantity=r"\mathbb ET_L", relation=Relation.EQ,
    expression=2 * _r * (_r**_L - 1) / (_r - 1) ** 2 - _L * (_r + 1) / (_r - 1), where=HERE, confidence="derived",
)  # fmt: skip

DOWNHILL = claim(
    "downhill", "Without climbs the walk is as quick as the distance",
    r"If $\rho_k \le r < 1$ at all sites, $\mathbb ET_L \le L\frac{1+r}{1-r}$: there is no logarithm without barriers.",
    parameters=(L, r), assumptions=(CHAIN, DOWNHILL_), quantity=r"\mathbb ET_L", relation=Relation.LE,
    expression=_L * (1 + r.symbol) / (1 - r.symbol), where=HERE, confidence="derived",
)  # fmt: skip

_scaling = "Marinari, Parisi, Ruelle, Windey (1983); Bouchaud, Georges (1990); exponents derived here for chains"

ULTRA_SLOW = claim(
    "ultra-slow", r"Barriers grow like $L^{\alpha/2}$, from below",
    r"$\mathbb EB_L \ge \mathbb E(V_{L-1} - V_0)_+ = (L-1)^{\alpha/2}/\sqrt{2\pi}$. With train-longer.barrier-lower, "
    r"$\log\mathbb ET_L$ is of that "
    r"order at least, and distances are $(\log t)^{2/\alpha}$ at most: $\mathbb E\|w_t - w_0\|^2 \sim (\log "
    r"t)^{4/\alpha}$ in the paper's words.",
    parameters=(L, alpha), assumptions=(SELF_SIMILAR,), quantity=r"\mathbb EB_L", relation=Relation.GE,
    expression=(_L - 1) ** (_a / 2) / sp.sqrt(2 * sp.pi), tight=True, where=f"Section 3; {_scaling}", confidence="derived",
    remark="In more than one dimension the law stays recalled.",
)  # fmt: skip

_j = sp.Symbol("j", integer=True)

ULTRA_SLOW_UPPER = claim(
    "ultra-slow-upper", r"Barriers grow like $L^{\alpha/2}$, from above",
    r"$\mathbb EB_L \le 2\sum_{j\le\ell}2^{(\ell-j)\alpha/2}\sqrt{2\ln(1 + 2^{j-1})}$ for $L = 2^\ell$, at most a "
    r"constant times $L^{\alpha/2}$: by chaining.",
    parameters=(levels, alpha), assumptions=(SELF_SIMILAR,), quantity=r"\mathbb EB_L", relation=Relation.LE,
    expression=2 * sp.Sum(2 ** ((levels.symbol - _j) * _a / 2) * sp.sqrt(2 * sp.log(1 + 2 ** (_j - 1))), (_j, 1, levels.symbol)),
    where=HERE, confidence="derived",
)  # fmt: skip

SINAI = claim(
    "sinai", r"$\alpha = 1$: the distance is the square of the logarithm",
    r"In Sinai's potential $\sqrt{\mathbb E|X_t|}$ is a straight line in $\log t$ for $t = 2^6, \ldots, 2^{16}$, "
    r"closer than the best power of $t$ comes to "
    r"$\mathbb E|X_t|$: the unexplained share of the first fit is below that of the second.",
    parameters=(), assumptions=(CHAIN, SINAI_, MANY), quantity=r"(1 - R^2_{\log})/(1 - R^2_{\mathrm{power}})", relation=Relation.LE,
    expression=sp.Integer(1), where="Sinai (1982); an observation on drawn potentials", confidence="derived",
    remark="An observation at finite times, with one kind of evidence: exact laws of the walk in drawn potentials. In "
    "few potentials it may fail.",
)  # fmt: skip

LOG_DISTANCE = claim(
    "log-distance", "The distance from the start grows like the logarithm of the number of updates",
    r"For a ReLU network on digits trained by SGD with a constant step, $\|w_t - w_0\|$ at $t = 100, 300, 1000, 3000$ "
    r"is a straight line in $\log t$ "
    r"with $R^2 > 0.98$.",
    parameters=(), assumptions=(Assumption("trained", "the weights follow SGD on the training loss"),), quantity="R^2",
    relation=Relation.GE, expression=sp.Rational(49, 50), where="Section 3, Figure 2",
    remark="An observation with one kind of evidence, runs. On this easy set the drift decides, so that it is none "
    "for the square-root rule.",
)  # fmt: skip
