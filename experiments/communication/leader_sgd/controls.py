"""Controls: with one assumption of Leader SGD's claims broken, the bounds are violated; and what repairs the false one."""

from fractions import Fraction as F
from typing import Any

from gradproof.experiments.communication.leader_sgd import instances as on
from gradproof.experiments.communication.leader_sgd import measures, measures_runs
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import cases
from gradproof.theory.claim import Claim
from gradproof.theory.communication import leader_sgd as paper

ZERO, ONE = F(0), F(1)

# --- one step and many -----------------------------------------------------------------------------------------------

LINE = {"h": (ONE,), "x": (ONE,), "z": (ONE,)}
QUIET = {"sigma2": ZERO, "nu": ZERO}


def one_step(assumption: str, **axes: Any) -> None:
    where = cases(point=[axes.pop("point", LINE)], **{"share": ONE, "pull": ONE, **QUIET, **axes})
    breaking(paper.ONE_STEP, assumption, measures.expected_value_after_a_step, where)


one_step("unbiased", bias=F(-3))
one_step("noise", point={"h": (ONE,), "x": (ZERO,), "z": (ZERO,)}, sigma2=ONE, more=F(3))
one_step("step", share=F(6))
one_step("pull", point={"h": (F(1, 4), ONE), "x": (ZERO, ONE), "z": (ZERO, -ONE)}, pull=F(16))
one_step("strongly_convex", point={"h": (F(1, 4), ONE), "x": (ONE, ZERO), "z": (ONE, ZERO)}, stronger=F(3))


# on paths: the worker of a claim, and one that stands at the minimiser, so that nothing may pull it away
FIRST: dict[str, Any] = {"only": 0, "steps": 1}
AT_BEST, ALONE, APART = (ZERO, F(3)), (ZERO, ZERO), (ONE, -ONE)
FAIR = {"fair": on.coins((ZERO, ZERO), F(1, 100))}
PATHS: tuple[tuple[Claim, Any, dict[str, Any]], ...] = (
    (paper.RATE, measures.value_on_every_path, {"share": ONE}),
    (paper.DECREASING, measures.value_on_every_path_of_decreasing_steps, {"a": F(4)}),
    (paper.STOCHASTIC, measures.value_on_every_path_of_estimates, {"share": ONE, "law": FAIR}),
    (paper.STOCHASTIC_DECREASING, measures.value_on_every_path_of_both, {"a": F(4), "law": FAIR}),
)


def path(assumption: str, start: tuple[F, ...], pull: F = ONE, noise: F = ZERO, size: Any = None, **but: Any) -> None:
    """The claims on many steps that have the assumption."""
    for claim, function, usual in PATHS:
        if assumption in [a.name for a in claim.assumptions]:
            axes = {**usual, **(size["a" in usual] if size else {})}
            breaking(
                claim, assumption, function, **axes, start=[start], pull=pull, noise=noise, but={"so": {**FIRST, **but}}
            )


path("leader", AT_BEST, F(1, 2), choose=max)
path("lowest_estimate", AT_BEST, choose=max)
path("unbiased", ALONE, F(1, 2), bias=ONE)
path("noise", ALONE, ZERO, ONE, loud=F(3))
path("smooth", (ONE, ONE), ZERO, h=F(8))
path("strongly_convex", (ONE, ONE), ZERO, h=F(1, 8))
path("step", (ONE, ONE), ZERO, size=({"share": F(6)}, {"a": F(1, 2)}))
path("pull", APART, F(8), only=1)
for claim, function, usual in PATHS[2:]:
    large = {**usual, "law": {"large": on.bare(on.coins((ZERO, ZERO), F(9)))}, "sure": F(1, 100)}
    breaking(claim, "estimates", function, **large, start=[AT_BEST], pull=ONE, noise=ZERO, but={"so": FIRST})

LOSS = measures.loss_of_the_chosen
breaking(paper.SELECTION, "lowest_estimate", LOSS, law=on.coins((ZERO, ONE, F(3)), ONE), choose=max, beside=[[ZERO]])
understated = {"law": [on.bare(on.extremal(2)), on.bare(on.extremal(5))], "sure": F(9, 10), "beside": [[ZERO]]}
breaking(paper.SELECTION, "estimates", LOSS, **understated)
# --- the worst step --------------------------------------------------------------------------------------------------

STEP = {"eta": F(1, 5), "M": ONE}


def of(f: on.Line, x: F, z: F, eta: F, lam: F) -> F:
    """The factor on any function."""
    return measures.factor(f, x, z, eta, lam)


# the leader is worse; it is overshot; it lies in another well
breaking(paper.EXACT_CONVEX, "leader", of, f=on.bowl(ONE), x=ONE, z=F(5), lam=ONE, **STEP)
breaking(paper.EXACT_CONVEX, "mixing", of, f=on.ledge(ONE, F(10)), x=ONE, z=F(-10), lam=F(15, 2), **STEP)
breaking(paper.EXACT_CONVEX, "convex", of, f=on.wells(ONE), x=F(3, 4), z=-ONE, lam=F(5, 4), **STEP)
breaking(paper.EXACT_CONVEX, "smooth", of, f=on.bare(on.bowl(F(16))), x=ONE, z=ONE, lam=ONE, **STEP)
breaking(paper.EXACT_STRONG, "smooth", of, f=on.bare(on.bowl(F(16))), x=ONE, z=ONE, m=F(1, 10), lam=ONE, **STEP)
breaking(paper.EXACT_STRONG, "leader", of, f=on.bowl(F(1, 10)), x=ONE, z=F(2), m=F(1, 10), lam=ONE, **STEP)
breaking(
    paper.EXACT_STRONG, "strongly_convex", of, f=on.bare(on.bowl(F(1, 20))), x=ONE, z=ONE, m=F(1, 10), lam=ONE, **STEP
)
strong = [{"eta": F(2, 5), "lam": F(9, 4), "m": F(1, 10)}, {"eta": ONE, "lam": F(7, 20), "m": F(3, 10)},
          {"eta": F(1, 2), "lam": F(3, 2), "m": F(1, 20)}]  # fmt: skip
breaking(paper.EXACT_STRONG, "weak_pull", measures.worst_factor_of_a_weak_pull, M=ONE, size=strong)
band = cases(Y=F(1, 2), rest=F(1, 10), c=F(1, 4))
replacing(paper.BETWEEN, "quadratics alone", measures.worst_factor_of_quadratics, band)


def only(curvature: F) -> Any:
    """A parabola in the place of the members, its leader where the gradient step ends."""
    return lambda m, M: [(on.bowl(curvature), ZERO)]


BOTH = measures.value_beside_both
breaking(paper.COMBINATION, "step", BOTH, m=F(1, 2), M=ONE, eta=F(6, 5), lam=F(1, 2), made={"steepest": only(ONE)})
HALF = {"m": F(1, 2), "M": ONE, "eta": F(1, 2), "lam": F(1, 2)}
breaking(paper.COMBINATION, "strongly_convex", BOTH, **HALF, made={"flatter": only(F(1, 8))})
breaking(paper.COMBINATION, "smooth", BOTH, **HALF, made={"steeper": only(F(8))})

# --- fixed points, stationary points, and directions -----------------------------------------------------------------------

breaking(paper.FIXED_POINTS, "smooth", measures.value_at_a_fixed_point, M=ONE, lam=F(4, 5), sharper=F(2))
breaking(paper.FIXED_POINTS, "fixed_point", measures.value_at_a_fixed_point, M=ONE, lam=F(4, 5), moved=F(4, 5))
breaking(paper.EASGD, "double_well", measures.strongest_spurious_attractor, centre="free", stiffness=2)
breaking(paper.EASGD, "free_centre", measures.strongest_spurious_attractor, centre="held")
replacing(paper.EASGD, "the leader in the place of the centre", measures_runs.stays, pulled="leader", lam=F(1, 2))
replacing(paper.STATIONARITY, "the leader held constant", measures.gradient_of_the_best, leader="held")
uphill = {"bowl": on.bare(on.BOWLS[0]), "z": [(3, F(-1, 2))], "turned": -1}
breaking(paper.MONOTONE, "descent", measures.strongest_helpful_pull, **uphill)
breaking(paper.HALF_VOLUME, "not_parallel", measures_runs.share_of_points, bowl=on.ROUND, blocks=40)
narrow = {"bowl": on.bare(on.PLANE[2.0]), "lam": [100.0, float("inf")], "blocks": 400}
breaking(paper.LARGE_ANGLE, "large_angle", measures_runs.share_at_a_large_angle, **narrow)
