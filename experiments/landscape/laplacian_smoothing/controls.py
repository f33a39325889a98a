"""Controls: each gives up one assumption, or another reading repairs what is false; the bound must be violated."""

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import cases, instead, without
from gradproof.experiments.landscape.laplacian_smoothing import instances
from gradproof.experiments.landscape.laplacian_smoothing import measures_rates as rates
from gradproof.experiments.landscape.laplacian_smoothing import measures_regions as regions
from gradproof.experiments.landscape.laplacian_smoothing import measures_smoothing as smoothing
from gradproof.experiments.landscape.laplacian_smoothing.instances import dense_solve, isotropic
from gradproof.experiments.landscape.laplacian_smoothing.methods import constant
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.theory.landscape import laplacian_smoothing as ls


def held(*dropped: str) -> tuple[str, ...]:
    """All that the instances here guarantee, but what a control drops."""
    names = {*smoothing.SMOOTHED, *rates.IN_A, *regions.ONE, *regions.POINTWISE}
    return tuple(sorted(names - set(dropped)))


# --- smoothing -------------------------------------------------------------------------------------------------------

LEAKING = cases(
    n=6, sigma=1.0, laplacian=instances.fixed_ends, solver=partial(dense_solve, laplacian=instances.fixed_ends)
)
without(ls.SPECTRUM, "periodic_laplacian", smoothing.eigenvalues, LEAKING)
without(ls.BETA1, "periodic_laplacian", smoothing.trace, LEAKING.let(power=lambda: 1))
without(ls.BETA2, "periodic_laplacian", smoothing.trace, LEAKING.let(power=lambda: 2))
without(ls.MEAN, "periodic_laplacian", smoothing.mean_kept, LEAKING)
SHARPENING = cases(n=8, sigma=[Fraction(-1, 20), Fraction(-1, 5)], q=[1, 2]).guaranteeing(*held("nonnegative_sigma"))
without(ls.AVERAGING, "nonnegative_sigma", smoothing.operator_norm, SHARPENING)


def along_the_constant_vector(n: int, kappa: float, rng: Any) -> np.ndarray:
    """A covariance that smoothing leaves almost as it is, of condition number 1 + 1000 n."""
    return 1e-3 * np.eye(n) + np.ones((n, n))


NOISE = cases(size=smoothing.SIZES, kappa=2.0, covariance=along_the_constant_vector, laplacian=periodic_laplacian)
without(ls.VARIANCE, "noise_condition", smoothing.random_covariances, NOISE.guaranteeing(*held("noise_condition")))
WHITE = cases(n=6, sigma=1.0, kappa=1.0, covariance=smoothing.turned, laplacian=instances.reflecting_ends)
without(
    ls.VARIANCE, "periodic_laplacian", smoothing.random_covariances, WHITE.guaranteeing(*held("periodic_laplacian"))
)
ENDS = cases(at=smoothing.LEVELS, s2=2.0, laplacian=instances.fixed_ends).guaranteeing(*held("periodic_laplacian"))
without(ls.STATIONARY, "periodic_laplacian", smoothing.lyapunov_equation, ENDS)
COMMON = smoothing.runs([8], [1.0, 2.0], 2000, 8, common=True).guaranteeing(*held("white_noise"))
without(ls.STATIONARY, "white_noise", smoothing.simulated_sgd, COMMON)

# --- rates -----------------------------------------------------------------------------------------------------------

RATES = {
    ls.DESCENT: rates.one_step,
    ls.DESCENT_RATE: rates.smallest_gradient,
    ls.PRECONDITIONED_GD: rates.value_reached,
}
CURVED = cases(f=isotropic(3), schedule={"lsgd": constant(1)}, eta=1.0, K=10).guaranteeing(*held())
STIFF = isotropic(1, alternating=True)
NEGATIVE = cases(f=STIFF, schedule={"-1/5": constant(-0.2)}, eta=1.0, K=10, smoothing=dense_solve)
for claim, quantity in RATES.items():
    without(claim, "l_smooth", quantity, CURVED)
    without(claim, "nonnegative_sigma", quantity, NEGATIVE.guaranteeing(*held("nonnegative_sigma")))
without(ls.MLSGD_CONVEX, "l_smooth", rates.value_reached, CURVED)
PLAIN = cases(f=STIFF, schedule={"1": constant(1.0), "10": constant(10.0)}, K=[1, 4], metric=False)
without(ls.PRECONDITIONED_GD, "a_metric", rates.value_reached, PLAIN.guaranteeing(*held("a_metric")))
RISING = cases(f=isotropic(0.5, alternating=True), schedule={"0, then 10": lambda k: 10.0 if k else 0.0}, K=10)
without(ls.PRECONDITIONED_GD, "constant_sigma", rates.value_reached, RISING.guaranteeing(*held("constant_sigma")))
FALLING = cases(f=isotropic(0.1), schedule={"10, then 0": lambda k: 0.0 if k else 10.0}, K=10).guaranteeing(*held())
without(ls.MLSGD_CONVEX, "nondecreasing_sigma", rates.value_reached, FALLING)

# --- regions ---------------------------------------------------------------------------------------------------------

IDENTITY = {f"I, n = {n}": np.eye(n, dtype=int) for n in (2, 4)}
INDEFINITE = cases(b=IDENTITY, sigma=Fraction(-1)).guaranteeing(*held("nonnegative_sigma"))
without(ls.INERTIA, "nonnegative_sigma", regions.negative_eigenvalues, INDEFINITE)

ROBUST = (ls.ROBUST_DIMENSION, ls.ROBUST_DIMENSION_MANY)
ALONE = cases(hessian=regions.ONE_NEGATIVE, schedule=ls.mlsgd_schedule).let(g=lambda hessian: len(hessian))
without(ROBUST, "every_schedule", regions.negative_lyapunov_exponents, ALONE.guaranteeing(*held("every_schedule")))
ONE_SIGMA = regions.one_negative([2, 3, 6]).guaranteeing(*held("two_distinct_sigmas"))
without(ROBUST, "two_distinct_sigmas", regions.one_sigma, ONE_SIGMA)
REFLECTING = regions.one_negative([3, 6], laplacian=instances.reflecting_ends).guaranteeing(*held("periodic_laplacian"))
without(ROBUST, "periodic_laplacian", regions.common_subspace, REFLECTING)
TWO = cases(n=8, negatives=[(0, 1), (0, 2), (0, 3)]).guaranteeing(*held("one_negative"))
without(ls.ROBUST_DIMENSION, "one_negative", regions.common_subspace, TWO)

LONG = cases(n=[1, 3], eta=2.1, schedule={"gd": constant(0)}).guaranteeing(*held("step"))
without(ls.POINTWISE_DIMENSION, "step", regions.modes_that_die_out, LONG)
EXPLODING = cases(n=[2, 5], eta=0.5, schedule={"4^k": lambda k: 4.0**k}).guaranteeing(*held("bounded_schedule"))
without(ls.POINTWISE_DIMENSION, "bounded_schedule", regions.modes_that_die_out, EXPLODING)
TURNING = cases(sigma=[Fraction(1, 2), Fraction(1)], schedule=ls.mlsgd_schedule).guaranteeing(*held("constant_sigma"))
without(ls.STABLE_LINE, "constant_sigma", regions.enclosed_slope, TURNING)

SMALL = regions.one_negative(range(1, 9)).guaranteeing(*held())
instead(ls.LITERAL_DIMENSION, "the starts that every schedule attracts", regions.common_subspace, SMALL)
instead(
    ls.LITERAL_DIMENSION,
    "starts that stay in the positive eigenspaces",
    regions.frozen_matrices,
    SMALL.where(lambda n: n > 1),
)
