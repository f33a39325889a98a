"""Controls: with one assumption broken, or the mean in the place of Krum, the bounds are violated."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from gradproof.experiments.communication.krum import instances as on
from gradproof.experiments.communication.krum import measures
from gradproof.experiments.communication.krum.instances import FAR, LAWS, ON_THE_MEAN, SILENT, TOO_MANY
from gradproof.experiments.engine.measure import cases, instead, without
from gradproof.solvers.order_statistics import least_score
from gradproof.theory.claim import Claim
from gradproof.theory.communication import krum

SYMMETRIC = {"symmetric": LAWS["symmetric"]}
RUN = {"gamma": Fraction(1, 2), "x0": 2, "T": 20, "mu": 1}
G = Fraction(12)


def structure(claim: Claim, *but: str) -> list[str]:
    """Structural assumptions of a claim that are kept."""
    return [a.name for a in claim.assumptions if a.structural and a.name not in but]


# Five colluders of nine win from any distance where f = 3 is said; the mean follows a single one.
for claim, function, axes in (
    (krum.MEAN_SQUARE, measures.second_moment, {}),
    (krum.RESILIENCE, measures.inner_product, {"g_norm": G}),
    (krum.RESILIENCE_SHARP, measures.inner_product, {"g_norm": G}),
    (krum.MOMENTS, measures.rth_moment, {"r": [2, 3, 4]}),
    (krum.SGD_BALL, measures.exact_gap, RUN),
    (krum.CONVERGENCE, measures.limit, {"noise": Fraction(1, 10)}),
):
    many = cases(law=SYMMETRIC, n=9, f=3, attack=TOO_MANY, **axes).guaranteeing(*structure(claim, "at_most_f"))
    without(claim, "at_most_f", function, many)
    one = cases(law=SYMMETRIC, n=5, f=1, attack=ON_THE_MEAN, **axes).guaranteeing(*structure(claim))
    instead(claim, "the mean in the place of Krum", function, one)

# At n = 2f + 1 the f colluders win from any distance, and the constants are negative; that of the fourth moment is not.
for claim, function, axes in (
    (krum.MEAN_SQUARE, measures.second_moment, {}),
    (krum.MOMENTS, measures.rth_moment, {"r": 4}),
    (krum.SGD_BALL, measures.exact_gap, RUN),
    (krum.CONVERGENCE, measures.limit, {"noise": Fraction(1, 10)}),
):
    half = cases(law=SYMMETRIC, n=7, f=3, attack=FAR, **axes).guaranteeing(*structure(claim, "tolerated"))
    without(claim, "tolerated", function, half)

apart = cases(n=7, f=3, vectors=[on.on_the_line((0, 1, 3, 4), (100, -1000, 5000))]).guaranteeing("at_most_f")
without(krum.DETERMINISTIC, "tolerated", measures.distance_to_correct_neighbours, apart)
#: Two colluders beside a correct vector where f = 1 is said.
beside = cases(n=6, f=1, vectors=[on.on_the_line((0, 1, 1, Fraction(5, 4)), (0, 0))])
without(krum.DETERMINISTIC, "at_most_f", measures.distance_to_correct_neighbours, beside)
beside = cases(n=7, f=1, vectors=[on.on_the_line((0, 5, 6, 7, 8), (0, 0))], which=[[0]])
without(krum.NEIGHBOUR_COUNTS, "at_most_f", measures.correct_neighbours, beside)

without(krum.SHARPER, "attacked", measures.derived_constant, cases(n=3, f=0))
without(krum.SHARPER, "tolerated", measures.derived_constant, cases(n=5, f=2))

#: A law of mean 1/16 and variance one: the colluders turn the mean of Krum against the gradient.
noisy = {"law": SYMMETRIC, "n": 5, "f": 1}
above = cases(g_norm=Fraction(1, 16), **noisy).guaranteeing("at_most_f", "iid_correct")
without((krum.RESILIENCE, krum.RESILIENCE_SHARP), "gradient_above_noise", measures.inner_product, above)
above = cases(noise=16, **noisy).guaranteeing(*structure(krum.CONVERGENCE, "noise_below_gradient"))
without(krum.CONVERGENCE, "noise_below_gradient", measures.limit, above)


def limit_under_lasting_noise(n: int, f: int) -> Any:
    r"""$\limsup|x_t|$ for $Q = x^2/2$ and lasting noise: by Robbins and Monro $x_t$ tends to where the mean of Krum vanishes."""
    return abs(on.expected(on.errors(LAWS["lopsided"], n, f, "far", on.GRID)))


lasting = cases(n=3, f=0).guaranteeing(*structure(krum.CONVERGENCE, "noise_below_gradient"))
without(krum.CONVERGENCE, "noise_below_gradient", limit_under_lasting_noise, lasting)

silent = cases(law=SILENT, n=5, f=1, x0=2, T=10, step=[{"gamma": Fraction(5, 2), "mu": Fraction(1, 10)}])
without(krum.SGD_BALL, "step", measures.exact_gap, silent.guaranteeing("at_most_f", "iid_correct"))
silent = cases(law=SILENT, n=5, f=1, x0=2, T=10, step=[{"gamma": Fraction(1, 2), "mu": 2}])
without(krum.SGD_BALL, "pl", measures.exact_gap, silent.guaranteeing("at_most_f", "iid_correct"))

bernoulli = {"a": 1, "p": Fraction(1, 5)}
without(krum.NO_AVERAGING_GAIN, "two_points", measures.bias, cases(n=5, **bernoulli))
unbiased = cases(attack=ON_THE_MEAN, **bernoulli).guaranteeing("two_points")
instead(krum.NO_AVERAGING_GAIN, "the mean in the place of Krum", measures.bias, unbiased)


def krum_of_hijacked(U: Fraction) -> Any:
    """Krum of the vectors that steer the mean to U: the attacker is not selected."""
    weights = measures.WEIGHTS["mean"]
    return least_score([(v,) for v in (*measures.VECTORS, measures.attacker(U, weights))], 1)[0]


without(krum.LINEAR_HIJACK, "linear", krum_of_hijacked, cases(U=[Fraction(100)]))

DIFFERENT = on.on_the_line((0, 0, 0, 0, 0, 7, 7))[0]


def error_of_different_workers(n: int, f: int) -> tuple[Any, dict[str, Any]]:
    """Squared distance from the mean gradient of workers without noise whose gradients differ: Krum returns one of them."""
    return (least_score(DIFFERENT, f)[0] - on.mean_vector(DIFFERENT, f)[0]) ** 2, {"variance": 0}


different = cases(n=7, f=1).guaranteeing("at_most_f")
without(krum.MEAN_SQUARE, "iid_correct", error_of_different_workers, different)


def moment_beside_an_idle_worker(n: int, f: int, r: int) -> tuple[Any, dict[str, Any]]:
    r"""$|\mathrm{Kr}|^r$ of five fixed vectors, against the moment of one that is always zero."""
    V = on.on_the_line((0, 1, 1, 1, 1))[0]
    return least_score(V, f)[0] ** r, {"moment": V[0][0] ** r}


idle = cases(n=5, f=0, r=[2, 3, 4]).guaranteeing("at_most_f")
without(krum.MOMENTS, "one_law", moment_beside_an_idle_worker, idle)
