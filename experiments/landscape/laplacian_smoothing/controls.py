"""Controls: each gives up one assumption, or another reading repairs what is false; the bound must be violated."""

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import cases
from gradproof.experiments.landscape.laplacian_smoothing import instances
from gradproof.experiments.landscape.laplacian_smoothing import measures_rates as rates
from gradproof.experiments.landscape.laplacian_smoothing import measures_regions as regions
from gradproof.experiments.landscape.laplacian_smoothing import measures_smoothing as smoothing
from gradproof.experiments.landscape.laplacian_smoothing.instances import dense_solve, isotropic
from gradproof.experiments.landscape.laplacian_smoothing.methods import constant
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.theory.landscape import laplacian_smoothing as ls

# --- smoothing -------------------------------------------------------------------------------------------------------

FIXED = instances.fixed_ends
LEAKING = cases(n=6, sigma=1.0, laplacian=FIXED, solver=partial(dense_solve, laplacian=FIXED))
breaking(ls.SPECTRUM, "periodic_laplacian", smoothing.eigenvalues, LEAKING)
breaking(ls.BETA1, "periodic_laplacian", smoothing.trace, LEAKING.let(power=lambda: 1))
breaking(ls.BETA2, "periodic_laplacian", smoothing.trace, LEAKING.let(power=lambda: 2))
breaking(ls.MEAN, "periodic_laplacian", smoothing.mean_kept, LEAKING)
SHARPENING = cases(n=8, sigma=[Fraction(-1, 20), Fraction(-1, 5)], q=[1, 2])
breaking(ls.AVERAGING, "nonnegative_sigma", smoothing.operator_norm, SHARPENING)


def along_the_constant_vector(n: int, kappa: float, rng: Any) -> np.ndarray:
    """A covariance that smoothing leaves almost as it is, of condition number 1 + 1000 n."""
    return 1e-3 * np.eye(n) + np.ones((n, n))


NOISE = cases(size=smoothing.SIZES, kappa=2.0, covariance=along_the_constant_vector, laplacian=periodic_laplacian)
breaking(ls.VARIANCE, "noise_condition", smoothing.random_covariances, NOISE)
WHITE = cases(n=6, sigma=1.0, kappa=1.0, covariance=smoothing.turned, laplacian=instances.reflecting_ends)
breaking(ls.VARIANCE, "periodic_laplacian", smoothing.random_covariances, WHITE)
ENDS = cases(at=smoothing.LEVELS, s2=2.0, laplacian=FIXED)
breaking(ls.STATIONARY, "periodic_laplacian", smoothing.lyapunov_equation, ENDS)
COMMON = smoothing.runs([8], [1.0, 2.0], 2000, 8, common=True)
breaking(ls.STATIONARY, "white_noise", smoothing.simulated_sgd, COMMON)

# --- rates -----------------------------------------------------------------------------------------------------------

RATES = [(ls.DESCENT, rates.one_step), (ls.DESCENT_RATE, rates.smallest_gradient)]
RATES += [(ls.PRECONDITIONED_GD, rates.value_reached)]
CURVED = cases(f=isotropic(3), schedule={"lsgd": constant(1)}, eta=1.0, K=10)
STIFF = isotropic(1, alternating=True)
NEGATIVE = cases(f=STIFF, schedule={"-1/5": constant(-0.2)}, eta=1.0, K=10, smoothing=dense_solve)
for claim, quantity in RATES:
    breaking(claim, "l_smooth", quantity, CURVED)
    breaking(claim, "nonnegative_sigma", quantity, NEGATIVE)
breaking(ls.MLSGD_CONVEX, "l_smooth", rates.value_reached, CURVED)
PLAIN = cases(f=STIFF, schedule={"1": constant(1.0), "10": constant(10.0)}, K=[1, 4], metric=False)
breaking(ls.PRECONDITIONED_GD, "a_metric", rates.value_reached, PLAIN)
RISING = cases(f=isotropic(0.5, alternating=True), schedule={"0, then 10": lambda k: 10.0 if k else 0.0}, K=10)
breaking(ls.PRECONDITIONED_GD, "constant_sigma", rates.value_reached, RISING)
TURNING_BACK = {"10, then 0": lambda k: 0.0 if k else 10.0, "10 and 0 in turn": lambda k: 0.0 if k % 2 else 10.0}
FALLING = cases(f=isotropic(0.1), schedule=TURNING_BACK, K=10)
breaking(ls.MLSGD_CONVEX, "nondecreasing_sigma", rates.value_reached, FALLING)

# --- regions ---------------------------------------------------------------------------------------------------------

IDENTITY = {f"I, n = {n}": np.eye(n, dtype=int) for n in (2, 4)}
breaking(ls.INERTIA, "nonnegative_sigma", regions.negative_eigenvalues, b=IDENTITY, sigma=Fraction(-1))

ROBUST = (ls.ROBUST_DIMENSION, ls.ROBUST_DIMENSION_MANY)
ALONE = cases(hessian=regions.ONE_NEGATIVE, schedule=ls.mlsgd_schedule).let(g=lambda hessian: len(hessian))
breaking(ROBUST, "every_schedule", regions.negative_lyapunov_exponents, ALONE)
breaking(ROBUST, "two_distinct_sigmas", regions.one_sigma, regions.one_negative([2, 3, 6]))
REFLECTING = regions.one_negative([3, 6], laplacian=instances.reflecting_ends)
breaking(ROBUST, "periodic_laplacian", regions.common_subspace, REFLECTING)
TWO = [(0, 1), (0, 2), (0, 3)]
breaking(ls.ROBUST_DIMENSION, "one_negative", regions.common_subspace, n=8, negatives=TWO)

LONG = cases(n=[1, 3], eta=2.1, schedule={"gd": constant(0)})
breaking(ls.POINTWISE_DIMENSION, "step", regions.modes_that_die_out, LONG)
EXPLODING = cases(n=[2, 5], eta=0.5, schedule={"4^k": lambda k: 4.0**k})
breaking(ls.POINTWISE_DIMENSION, "bounded_schedule", regions.modes_that_die_out, EXPLODING)
TURNING = cases(sigma=[Fraction(1, 2), Fraction(1)], schedule=ls.mlsgd_schedule)
breaking(ls.STABLE_LINE, "constant_sigma", regions.enclosed_slope, TURNING)

SMALL, FROZEN = regions.one_negative(range(1, 9)), regions.one_negative(range(2, 9))
replacing(ls.LITERAL_DIMENSION, "the starts that every schedule attracts", regions.common_subspace, SMALL)
replacing(ls.LITERAL_DIMENSION, "starts that stay in the positive eigenspaces", regions.frozen_matrices, FROZEN)
