"""Ghost batch normalisation: statistics over virtual batches of m activations, G of them in a batch of M = G m."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.evidence import Relation
from gradproof.theory.landscape.train_longer.increments import HERE, claim
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_OPEN, Parameter

m = Parameter("m", "activations in a ghost batch", COUNT)
total = Parameter("total", "variance of all activations", NONNEGATIVE, r"v_{\mathrm{all}}")
between = Parameter("between", "variance of the means of the ghost batches", NONNEGATIVE, r"v_\mu")
sigma2 = Parameter("sigma2", "variance of an activation", NONNEGATIVE, r"\sigma^2")
v_g = Parameter("v_g", "biased variance of the ghost batch", NONNEGATIVE)
eps = Parameter("eps", "constant added to the variance", latex=r"\varepsilon")
lam = Parameter("lam", "momentum of the running mean", UNIT_OPEN, r"\lambda")
start = Parameter("start", "running mean before the step", REAL, r"\mu_{\mathrm{run}}")
mu = Parameter("mu", "means of the ghost batches, in their order", REAL, r"\mu", size="G")
G = Parameter("G", "ghost batches in a step", COUNT)
discounted = Parameter("discounted", r"$\sum_{g=1}^G(1-\lambda)^{-g}\mu_g$", REAL, r"\sum_g(1-\lambda)^{-g}\mu_g")

EQUAL_SIZES = Assumption("equal_sizes", "the ghost batches have the same size, and each its own mean")
IID = Assumption("iid_activations", r"the activations are independent with variance $\sigma^2$ and a common mean")
OWN = Assumption("own_statistics", "mean and variance are those of the ghost batch itself")
SEQUENTIAL = Assumption(
    "sequential",
    r"$\mu_{\mathrm{run}} \leftarrow (1-\lambda)\mu_{\mathrm{run}} + \lambda\mu_g$ for $g = 1, \ldots, G$ in turn",
)

_l, _g = lam.symbol, sp.Dummy("g", integer=True)
_RUN = r"\mu_{\mathrm{run}}"

GHOST_BN = claim(
    "ghost-bn", "Ghost batches see the variance within them",
    r"$\frac1G\sum_gv_g = v_{\mathrm{all}} - v_\mu$: the total variance is the mean of the ghost variances and the "
    r"variance of the ghost means.",
    parameters=(total, between), assumptions=(EQUAL_SIZES,), quantity=r"\tfrac1G\sum_gv_g", relation=Relation.EQ,
    expression=total.symbol - between.symbol, where="Algorithm 1",
)  # fmt: skip

GHOST_VARIANCE = claim(
    "ghost-expected-variance", "The expected variance of a ghost batch",
    r"$\mathbb Ev_g = (1 - 1/m)\sigma^2$.",
    parameters=(m, sigma2), assumptions=(IID,), quantity=r"\mathbb Ev_g", relation=Relation.EQ,
    expression=(1 - 1 / m.symbol) * sigma2.symbol, where="Algorithm 1",
)  # fmt: skip

GHOST_NORMALISED = claim(
    "ghost-normalised", "The second moment after normalisation",
    r"Normalised activations of a ghost batch have mean 0 and second moment $v_g/(v_g + \varepsilon)$: for $m = 1$ "
    r"all are 0, so that the layer puts out its "
    "shift, whatever comes in; for $m = M$ this is batch normalisation.",
    parameters=(v_g, eps), assumptions=(OWN,), quantity=r"\tfrac1m\sum_jz_j^2", relation=Relation.EQ,
    expression=v_g.symbol / (v_g.symbol + eps.symbol), where="Algorithm 1",
)  # fmt: skip

RUNNING_MEAN = claim(
    "ghost-running-mean", "The running mean after the ghost batches of a step",
    r"After $G$ updates in turn, $\mu_{\mathrm{run}} = (1-\lambda)^G\mu_{\mathrm{run}} + \lambda\sum_g(1-\lambda)^{G-g}\mu_g$.",
    parameters=(lam, G, start, discounted), assumptions=(SEQUENTIAL,), quantity=_RUN, relation=Relation.EQ,
    expression=(1 - _l) ** G.symbol * (start.symbol + _l * discounted.symbol),
    where=f"Algorithm 1, corrected: {HERE}",
)  # fmt: skip

RUNNING_MEAN_PUBLISHED = claim(
    "ghost-running-mean-published", "The running mean, as published",
    r"Algorithm 1 prints $\mu_{\mathrm{run}} = (1-\lambda)^m\mu_{\mathrm{run}} + \sum_{g=1}^G(1-\lambda)^g\lambda\mu_g$.",
    parameters=(lam, start, mu, m), assumptions=(SEQUENTIAL,), quantity=_RUN, relation=Relation.EQ,
    expression=(1 - _l) ** m.symbol * start.symbol + _l * sp.Sum((1 - _l) ** _g * mu.symbol[_g], (_g, 1, sp.Symbol("G"))),
    where="Algorithm 1",
    false_as_published=(
        r"There are $G$ updates, not $m$, and the last mean has the weight $\lambda$: "
        r"train-longer.ghost-running-mean, which is what the released code "
        r"computes. The printed form would be the ghost batches in reverse order and one of zeros after them, for $m = G + 1$."
    ),
)  # fmt: skip
