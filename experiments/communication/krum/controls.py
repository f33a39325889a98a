"""Controls: with one assumption broken, or the mean in the place of Krum, the bounds are violated."""

from fractions import Fraction
from typing import Any

from gradproof.experiments.communication.krum import instances as on
from gradproof.experiments.communication.krum import measures
from gradproof.experiments.communication.krum.instances import LAWS, on_the_line
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.solvers.order_statistics import least_score
from gradproof.theory.communication import krum

SMALL, LOPSIDED = ({name: LAWS[name]} for name in ("small", "lopsided"))
RUN = {"gamma": Fraction(1, 2), "x0": 2, "T": 20, "mu": 1}
for claim, function, more in (
    (krum.MEAN_SQUARE, measures.second_moment, {}),
    (krum.RESILIENCE, measures.inner_product, {"g_norm": Fraction(12)}),
    (krum.RESILIENCE_SHARP, measures.inner_product, {"g_norm": Fraction(12)}),
    (krum.MOMENTS, measures.rth_moment, {"r": [2, 3, 4]}),
    (krum.SGD_BALL, measures.exact_gap, RUN),
    (krum.CONVERGENCE, measures.limit, {"noise": Fraction(1, 2)}),
):
    # five colluders of nine win from any distance where f = 3 is said; the mean follows a single one
    breaking(claim, "at_most_f", function, law=SMALL, n=9, f=3, attack=on.TOO_MANY, **more)
    replacing(claim, "the mean in the place of Krum", function, law=SMALL, n=5, f=1, attack=on.ON_THE_MEAN, **more)
    # at n = 2f + 1 the f colluders win as well, and the constants are negative (the root of a cone's is no number)
    if "g_norm" not in more:
        even = {"r": 4} if "r" in more else {}  # of that moment the constant is positive
        breaking(claim, "tolerated", function, law=SMALL, n=7, f=3, attack=on.FAR, **(more | even))

APART = on_the_line((0, 1, 3, 4), (100, -1000, 5000))
breaking(krum.DETERMINISTIC, "tolerated", measures.distance_to_neighbours, n=7, f=3, vectors=[APART])
#: Two colluders beside a correct vector where f = 1 is said.
BESIDE = on_the_line((0, 1, 1, Fraction(5, 4)), (0, 0))
breaking(krum.DETERMINISTIC, "at_most_f", measures.distance_to_neighbours, n=6, f=1, vectors=[BESIDE])
BESIDE = on_the_line((0, 5, 6, 7, 8), (0, 0))
breaking(krum.NEIGHBOUR_COUNTS, "at_most_f", measures.correct_neighbours, n=7, f=1, vectors=[BESIDE], which=[[0]])

breaking(krum.SHARPER, "attacked", measures.derived_constant, n=3, f=0)
breaking(krum.SHARPER, "tolerated", measures.derived_constant, n=5, f=2)

# A law of mean 1/160 and variance 1/100: the colluders turn the mean of Krum against the gradient.
for claim in (krum.RESILIENCE, krum.RESILIENCE_SHARP):
    breaking(claim, "gradient_above_noise", measures.inner_product, law=SMALL, n=5, f=1, g_norm=Fraction(1, 160))
breaking(krum.CONVERGENCE, "noise_below_gradient", measures.limit, law=SMALL, n=5, f=1, noise=160)


def limit_under_lasting_noise(law: on.Law, n: int, f: int) -> Any:
    r"""$\limsup|x_t|$ for $Q = x^2/2$ and lasting noise: by Robbins and Monro $x_t$ tends to where the mean of Krum vanishes."""
    return abs(on.expected(on.errors(law, n, f, "far", on.GRID)))


breaking(krum.CONVERGENCE, "noise_below_gradient", limit_under_lasting_noise, law=LOPSIDED, n=3, f=0)

#: Without noise or attack; mu = 1/10 is a valid constant of x^2/2, mu = 2 is not.
SILENT = {"law": {"without noise": on.law_of((0, 1))}, "n": 5, "f": 1, "x0": 2, "T": 10}
breaking(krum.SGD_BALL, "step", measures.exact_gap, gamma=Fraction(5, 2), mu=Fraction(1, 10), **SILENT)
breaking(krum.SGD_BALL, "pl", measures.exact_gap, gamma=Fraction(1, 2), mu=2, **SILENT)

breaking(krum.NO_AVERAGING_GAIN, "two_points", measures.bias, a=1, p=Fraction(1, 5), n=5)
instead_of_krum = {"a": 1, "p": Fraction(1, 5), "attack": on.ON_THE_MEAN}
replacing(krum.NO_AVERAGING_GAIN, "the mean in the place of Krum", measures.bias, **instead_of_krum)


def krum_of_hijacked(U: Fraction) -> Any:
    """Krum of the vectors that steer the mean to U: the attacker is not selected."""
    received = [*measures.VECTORS, measures.attacker(U, measures.WEIGHTS["mean"])]
    return least_score([(v,) for v in received], 1)[0]


breaking(krum.LINEAR_HIJACK, "linear", krum_of_hijacked, U=[Fraction(100)])


def error_of_different_workers(n: int, f: int) -> measures.With:
    """Squared distance from the mean gradient of workers without noise whose gradients differ: Krum returns one of them."""
    V = on_the_line((0, 0, 0, 0, 0, 7, 7))[0]
    return (least_score(V, f)[0] - on.mean_vector(V, f)[0]) ** 2, {"variance": 0}


breaking(krum.MEAN_SQUARE, "iid_correct", error_of_different_workers, n=7, f=1)


def moment_beside_an_idle_worker(n: int, f: int, r: int) -> measures.With:
    r"""$|\mathrm{Kr}|^r$ of five fixed vectors, against the moment of one that is always zero."""
    V = on_the_line((0, 1, 1, 1, 1))[0]
    return least_score(V, f)[0] ** r, {"moment": V[0][0] ** r}


breaking(krum.MOMENTS, "one_law", moment_beside_an_idle_worker, n=5, f=0, r=[2, 3, 4])
