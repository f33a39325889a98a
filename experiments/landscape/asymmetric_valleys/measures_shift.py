"""Expected losses under random shifts, by enumeration in rationals, and under a Gaussian shift by enclosed integrals."""

from collections.abc import Mapping, Sequence
from fractions import Fraction as F
from typing import Any

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, Supremum, cases, measure
from gradproof.experiments.landscape.asymmetric_valleys.instances import (
    HISTOGRAMS,
    drawn,
    expected,
    fair_sign,
    one_sided,
    one_sided_steep,
    plain_valley,
    second_well,
    symmetric,
)
from gradproof.solvers import newsvendor
from gradproof.solvers.piecewise_linear import PiecewiseLinear, bowl, least_expected_bowl, valley
from gradproof.theory.landscape import asymmetric_valleys as paper

# --- one direction -----------------------------------------------------------------------------------------------------

SIZES: dict[str, Any] = {
    "c": [F(3, 2), F(6)], "p": [F(1, 2), F(2)], "room": [F(1, 2), F(1)], "l": [F(1, 8), F(1, 2)], "xi": [F(0), F(1, 16)],
}  # fmt: skip
SHAPES = [plain_valley, *map(drawn, range(2)), *(drawn(k, convex=True) for k in range(2))]
STRUCTURAL = ("asymmetric_direction", "random_sign_shift", "shift_gap")


@measure(paper.SHIFT_GAIN, cases(**SIZES, shape=SHAPES).guaranteeing(*STRUCTURAL))
def gain(c, p, l, room, xi, shape, shift=fair_sign, gap=1):
    """The expected loss before less that after the move, where the shifted loss is wrong by xi at both points, to its worst."""
    loss, dbar = shape(c, p, room)
    law = (shift(dbar),)
    return expected(loss, (F(0),), law) - expected(loss, (F(l),), law) - 2 * gap * xi


@measure(paper.SHIFT_GAIN, cases(seed_of=range(4000)).guaranteeing(*STRUCTURAL), budget="full")
def gains_of_four_thousand(seed_of):
    """The same for 4000 drawn losses and parameters."""
    import random

    rng = random.Random(seed_of)
    c, p, room = 1 + F(rng.randint(1, 200), 20), F(rng.randint(1, 80), 20), F(rng.randint(1, 80), 20)
    at = {"c": c, "p": p, "room": room, "l": room * F(rng.randint(0, 16), 16), "xi": F(rng.randint(0, 20), 100)}
    return gain(**at, shape=drawn(seed_of, convex=seed_of % 2 == 0)), at


ONE = cases(c=[F(3), F(6)], p=F(2), room=F(1), l=[F(1, 2), F(1)], xi=F(0))
breaking(paper.SHIFT_GAIN, "asymmetric_direction", gain, ONE.let(shape=lambda: symmetric))
breaking(paper.SHIFT_GAIN, "random_sign_shift", gain, ONE.let(shape=lambda: plain_valley, shift=lambda: one_sided))
WRONG = cases(c=F(3), p=F(2), room=F(1), l=F(1), xi=F(1, 4), shape=[plain_valley], gap=[3, 8])
breaking(paper.SHIFT_GAIN, "shift_gap", gain, WRONG)
FAR = cases(c=[F(3), F(4)], p=F(2), room=F(1), l=[F(21, 20), F(3)], xi=F(0), shape=[plain_valley, second_well])
breaking(paper.SHIFT_GAIN, "bias_range", gain, FAR)


# --- several directions ------------------------------------------------------------------------------------------------

FIRST = {"c": F(3), "p": F(2), "l": F(1, 2), "room": F(1)}
SECOND = {"c": F(3, 2), "p": F(1, 2), "l": F(1), "room": F(1)}
TWO = ("asymmetric_direction", "separable", "random_sign_shift", "shift_gap", "bias_range")


def sums(directions: Sequence[Mapping[str, Any]]) -> dict[str, F]:
    """The parameters of the claim on sums: sum c p l and sum p l."""
    flat = [d["p"] * d["l"] for d in directions]
    return {"steep": sum((d["c"] * x for d, x in zip(directions, flat, strict=True)), F(0)), "flat": sum(flat, F(0))}


PAIRS = cases(first=SHAPES[:3], second=[SHAPES[0], *SHAPES[3:]], xi=[F(0), F(1, 16)])


@measure(paper.SEPARABLE, PAIRS.guaranteeing(*TWO))
def gain_of_two(first, second, xi, coupling=0, shift=fair_sign, gap=1, far=1):
    """The gain along two directions by the four outcomes of the signs, of a sum (and of a multiple of |w_1 - w_2|)."""
    directions = [{**d, "l": far * d["l"]} for d in (FIRST, SECOND)]
    parts = [shape(d["c"], d["p"], d["room"]) for shape, d in zip((first, second), directions, strict=True)]

    def loss(*w: F) -> F:
        return sum((part.loss(x) for part, x in zip(parts, w, strict=True)), F(0)) + coupling * abs(w[0] - w[1])

    laws = tuple(shift(part.dbar) for part in parts)
    moved = tuple(F(d["l"]) for d in directions)
    return expected(loss, (F(0), F(0)), laws) - expected(loss, moved, laws) - 2 * gap * xi, sums(directions)


VALLEYS = cases(first=[plain_valley], second=[plain_valley], xi=F(1, 16))
for name, where in {
    "asymmetric_direction": VALLEYS.let(first=lambda: symmetric),
    "separable": VALLEYS.let(coupling=lambda: 4),
    "random_sign_shift": VALLEYS.let(shift=lambda: one_sided),
    "shift_gap": VALLEYS.let(gap=lambda: 4),
    "bias_range": VALLEYS.let(far=lambda: 4),
}.items():
    breaking(paper.SEPARABLE, name, gain_of_two, where)

JOINT = ("asymmetric_directions", "random_sign_shift", "shift_gap", "bias_range")
MANY = {"c": [F(2), F(6)], "p": [F(1), F(3)], "l": [F(1, 2), F(1)], "xi": [F(0), F(1, 16)]}


@measure(paper.JOINT, cases(**MANY, d=[1, 2, 3], coupling=[F(0), F(1, 2)]).guaranteeing(*JOINT))
def gain_of_many(c, p, l, xi, d, coupling, shift=fair_sign, gap=1, room=None):
    """The gain where |w_1 + ... + w_d| couples the coordinates: slopes p - kappa and -(c p + kappa) leave p and c p along each."""
    kappa = coupling * p
    slopes = PiecewiseLinear((F(0),), (-(c * p + kappa), p - kappa))

    def loss(*w: F) -> F:
        return sum(map(slopes, w), F(0)) + kappa * abs(sum(w, F(0)))

    law = (shift(l if room is None else room),) * d
    return expected(loss, (F(0),) * d, law) - expected(loss, (F(l),) * d, law) - 2 * gap * xi


COUPLED = cases(c=F(3), p=F(2), l=F(1), xi=F(1, 16), d=[1, 2], coupling=F(0))
breaking(paper.JOINT, "asymmetric_directions", gain_of_many, COUPLED.where(lambda d: d > 1).let(coupling=lambda: F(-1)))
breaking(paper.JOINT, "random_sign_shift", gain_of_many, COUPLED.let(shift=lambda: one_sided))
breaking(paper.JOINT, "shift_gap", gain_of_many, COUPLED.let(gap=lambda: 40))
breaking(paper.JOINT, "bias_range", gain_of_many, COUPLED.let(room=lambda: F(1, 2)))

# --- the best bias -----------------------------------------------------------------------------------------------------

PLACES = [F(-3), F(-1, 2), F(-1, 64), F(0), F(1, 64), F(1, 2), F(2)]


BEST_BIAS = ("convex", "newsvendor_quantile")


@measure(paper.OPTIMAL_BIAS, cases(law=HISTOGRAMS, c=[F(3, 2), F(3), F(9)], away=PLACES).guaranteeing(*BEST_BIAS))
def at_the_quantile(law, c, away, mistake=F(0)):
    r"""$\mathbb E V(l^* + \delta)$ for shifts that are uniform on intervals, beside that at other places."""
    best = -law.quantile(1 / (1 + c)) + mistake
    return law.expected_valley(best, c, F(1)), {"elsewhere": law.expected_valley(best + away, c, F(1))}


@measure(paper.OPTIMAL_BIAS, cases(a=[F(1), F(2)], b=[F(3), F(10)], away=PLACES).guaranteeing(*BEST_BIAS))
def at_the_mean_slope(a, b, away):
    r"""The same for $V_2$ and two points, where the mean slope is $(a(l + 1) + b(l - 1))/2$."""
    best, law = (b - a) / (a + b), (fair_sign(1),)
    at = [expected(lambda w: bowl(w, a, b), (best + x,), law) for x in (F(0), away)]
    return at[0], {"elsewhere": at[1]}


def at_a_flat_top(away):
    """Between two wells: the mean slope is zero, and it is no minimum."""
    wells = PiecewiseLinear((F(-1), F(0), F(1)), (F(-1), F(1), F(-1), F(1)))
    law = (fair_sign(F(1, 4)),)
    return expected(wells, (F(0),), law), {"elsewhere": expected(wells, (away,), law)}


breaking(paper.OPTIMAL_BIAS, "convex", at_a_flat_top, cases(away=[F(1), F(-1)]))
SHIFTED = cases(law=HISTOGRAMS, c=F(3), away=F(-1, 8), mistake=F(1, 8))
breaking(paper.OPTIMAL_BIAS, "newsvendor_quantile", at_the_quantile, SHIFTED)

TWO_POINTS = ("valley", "random_sign_shift")
BIASES = [F(-1), F(0), F(1, 4), F(1), F(5, 4), F(4)]


@measure(
    paper.MOST_GAIN,
    cases(c=[F(3, 2), F(6)], p=[F(1, 2), F(2)], dbar=[F(1, 2), F(2)], times=BIASES).guaranteeing(*TWO_POINTS),
)
def gain_of_a_bias(c, p, dbar, times, shift=fair_sign, loss=valley):
    """The gain of a bias, as a multiple of dbar."""
    law = (shift(dbar),)
    return expected(loss(c, p), (F(0),), law) - expected(loss(c, p), (times * dbar,), law)


@measure(paper.MOST_GAIN, cases(c=[F(3, 2), F(6)], p=[F(1, 2), F(2)], dbar=[F(1, 2), F(2)]).guaranteeing(*TWO_POINTS))
def gain_of_the_best_bias(c, p, dbar):
    """The gain of the best bias of all, by the kinks of the expected loss."""
    return Supremum(valley(c, p).expected(0, fair_sign(dbar)) - valley(c, p).least_expected(fair_sign(dbar)).value)


def steeper(c: F, p: F) -> PiecewiseLinear:
    """Twice the ratio."""
    return valley(2 * c, p)


BEST = cases(c=[F(3), F(6)], p=F(2), dbar=F(1), times=F(1))
breaking(paper.MOST_GAIN, "random_sign_shift", gain_of_a_bias, BEST.let(shift=lambda: one_sided_steep))
breaking(paper.MOST_GAIN, "valley", gain_of_a_bias, BEST.let(loss=lambda: steeper))

BOWLS = cases(a=[F(1), F(2)], b=[F(4), F(9)], dbar=[F(1, 2), F(3)])
SMOOTH = ("two_curvatures", "random_sign_shift", "bias_range")


@measure(paper.QUADRATIC, BOWLS.guaranteeing(*SMOOTH))
def least_of_two_curvatures(a, b, dbar, between=(0, 1), bent=1, shift=fair_sign):
    r"""The least of $\mathbb E V_2(l + \delta)$ over an interval, in units of dbar: at a root of the slope, or at an end."""
    shifts = list(shift(dbar))
    found = least_expected_bowl(a, bent * b, shifts)
    low, high = (F(x) * dbar for x in between)
    if low <= found.low <= high:
        return found.value
    ends = (sum((bowl(w + x, a, bent * b) for x in shifts), F(0)) / len(shifts) for w in (low, high))
    return min(ends)  # convex: the least is at the end that is nearer


ONE_BOWL = cases(a=F(1), b=[F(4), F(9)], dbar=F(1, 2))
breaking(paper.QUADRATIC, "two_curvatures", least_of_two_curvatures, ONE_BOWL.let(bent=lambda: 2))
breaking(paper.QUADRATIC, "random_sign_shift", least_of_two_curvatures, ONE_BOWL.let(shift=lambda: one_sided_steep))
breaking(paper.QUADRATIC, "bias_range", least_of_two_curvatures, ONE_BOWL.let(between=lambda: (-1, 0)))
breaking(paper.QUADRATIC, "asymmetric", least_of_two_curvatures, cases(a=[F(20, 19), F(9)], b=F(1), dbar=F(1, 2)))

# --- a Gaussian shift --------------------------------------------------------------------------------------------------

NORMAL = cases(c=[F(3, 2), F(9)], s=[F(1, 2), F(2)])


@measure(paper.GAUSSIAN_BIAS, NORMAL.guaranteeing("valley", "gaussian_shift"))
def minimiser(c, s, wider=1, ratio=1):
    """Where the expected loss is least: between three places at which its integral is enclosed."""
    return Enclosed(*newsvendor.best_bias(ratio * c, wider * s), "quadrature")


@measure(
    paper.GAUSSIAN_LEAST,
    cases(c=[F(3, 2), F(9)], s=[F(1, 2), F(2)], p=F(2)).guaranteeing("valley", "gaussian_shift"),
)
def least_loss(c, p, s, wider=1, ratio=1):
    """Its least value: at most that inside the bracket, and at least that less the bracket's width times the steepest slope."""
    low, high = newsvendor.best_bias(ratio * c, wider * s)
    below, above = newsvendor.expected_loss((low + high) / 2, ratio * c, p, wider * s)
    return Enclosed(below - (high - low) * ratio * c * p, above, "quadrature")


for claim, function in ((paper.GAUSSIAN_BIAS, minimiser), (paper.GAUSSIAN_LEAST, least_loss)):
    breaking(claim, "gaussian_shift", function, cases(c=F(3), s=F(1), p=F(2), wider=2))
    breaking(claim, "valley", function, cases(c=F(3), s=F(1), p=F(2), ratio=2))


def mean_of_the_shift(c, s):
    """No bias at all."""
    return F(0)


replacing(paper.GAUSSIAN_BIAS, "the mean of the shift", mean_of_the_shift, cases(c=F(3), s=F(1)))
