"""Controls: with one assumption broken, and no other, each claim's bound is violated, nearly always by the claim's own measure."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import sympy as sp

from gradproof.experiments.engine.measure import cases, instead, without
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.experiments.landscape.sgd_stability import measures
from gradproof.experiments.landscape.sgd_stability.instances import Minimum, Network
from gradproof.theory.landscape import sgd_stability as paper

STEP = Fraction(3, 20)
#: Batches of two that all hold the first sample; and batches without replacement, described by the p of those with.
STAR = replace(data.R4.sampled(2), law=((0, 1), (0, 2), (0, 3)))
WRONG_WEIGHT = replace(data.R4.sampled(2, True), law=tuple(combinations(range(4), 2)))
uneven = cases(minimum=[STAR, WRONG_WEIGHT], eta=STEP)
without(paper.SECOND_MOMENT_OPERATOR, "iid_uniform_batches", measures.moment_over_every_batch, uneven)
without(paper.MIXTURE, "iid_uniform_batches", measures.moment_of_the_mixture, cases(minimum=STAR, eta=STEP))


def almost_surely_stable_step(minimum: Minimum) -> Any:
    r"""The largest step with $\prod_i|1 - \eta h_i| \le 1$ (5/4 at $h = 1, 4$; 10/9 at $1, 9$): almost every path converges."""
    eta = sp.Symbol("eta", positive=True)
    factor = sp.prod(1 - eta * sp.Rational(J[0] ** 2) for J in minimum.curvatures)
    most = max(sp.solve(factor - 1, eta) + sp.solve(factor + 1, eta))
    return most, {"lam": 2 / minimum.threshold[0], **measures.quotients(minimum)}


both = cases(minimum=[data.TWO, data.SQUARES])
without((paper.EXACT_THRESHOLD, paper.NECESSARY), "mean_square", almost_surely_stable_step, both)
without(paper.LOSS_STABILITY, "interpolating", measures.largest_step_of_summable_loss, cases(minimum=data.F3_NOISY))
noisy = cases(minimum=[data.F3_NOISY, data.R4_NOISY]).guaranteeing("mean_square")
without(paper.EXACT_THRESHOLD, "interpolating", measures.largest_step_of_decay, noisy)

#: A batch of two that always takes the steepest sample, twice, has the threshold 2/9; single samples have 22/83.
STEEPEST = Minimum([[1], [1], [3]], 2, law=((2, 2),), title="h = 1, 1, 9")
steepest = cases(minimum=STEEPEST).guaranteeing("mean_square")
without(paper.BATCH_MONOTONE, "iid_uniform_batches", measures.largest_step_of_decay, steepest)
pairs = cases(minimum=[data.R4.sampled(2), data.INTEGERS.sampled(2, True)]).guaranteeing("mean_square")
without(paper.DUAL_THRESHOLD, "p_is_one", measures.twice_the_inverse_threshold, pairs)

isotropic = cases(minimum=[data.multiples(1, 2), data.multiples(1, 5)]).guaranteeing("mean_square")
without(paper.TRACE, "rank_one_hessians", measures.trace_at_the_threshold, isotropic)
beyond = cases(minimum=measures.ORTHOGONAL, factor=Fraction(101, 100)).guaranteeing("mean_square")
without(paper.TRACE, "stable", measures.trace_at_the_threshold, beyond)

#: The threshold is 2 mean h/mean h^2 = 2/5, below 2/max h.
negative = cases(minimum=Minimum([[[-1]], [[3]]], title="h = -1, 3")).guaranteeing("mean_square")
without(paper.SUFFICIENT, "psd_hessians", measures.threshold_beside_descent, negative)
ends = {"where T(I) <= I ends": None}
inside = cases(minimum=measures.sampled(data.R4, data.F3, data.NON_UNIFORM), eta=ends).guaranteeing("mean_square")
instead(paper.NON_UNIFORMITY, "the condition T(I) <= I in the place of stability", measures.non_uniformity, inside)

#: Random signs have |J|^2 = d, so that eta* = 2/d; Gaussian features of the same covariance have 2/(d + 2).
signs = cases(rows={"six signs": measures.features((1, -1), *[1] * 6)}, B=1, off=Fraction(-1, 10**6))
signs = signs.guaranteeing(*measures.FRESH, "below_pole")
without(paper.GAUSSIAN, "gaussian_features", measures.stability_beside_the_root, signs)
twice = cases(rows={"lam = 1/3": measures.DESIGNS["lam = 1/3"]}, B=[1, 2], off=Fraction(1))
twice = twice.guaranteeing(*measures.FRESH, "gaussian_features")
without(paper.GAUSSIAN, "below_pole", measures.stability_beside_the_root, twice)

above = cases(minimum=data.F3_NOISY, eta=Fraction(31, 50))
without(paper.STATIONARY_COVARIANCE, "below_threshold", measures.settled_moment, above)
without(paper.STATIONARY_LOSS, "below_threshold", measures.settled_loss, above)
#: Equal samples have no noise: one step ends at the minimum, where mu0 = 1 would forbid any decrease.
noiseless = cases(minimum=data.EQUAL, eta=Fraction(1, 5), mu0=Fraction(1))
without(paper.LOSS_FROBENIUS, "alignment", measures.loss_over_every_batch, noiseless)

#: All inputs activate the neuron: the gradient is twice what symmetric inputs would give.
one_sided = cases(network=Network([[2, 1]], [3], [[1, 1], [1, 0], [0, 2]]))
without(paper.RELU_PATHNORM, "symmetric_inputs", measures.trace_of_a_relu_network, one_sided)
#: Inputs with E xx' = I/4: the trace is a quarter.
HALF = Fraction(1, 2)
small = cases(network=Network([2, -1], [2, 1], [[HALF, HALF], [HALF, -HALF]]))
without(paper.DIAGONAL_L1, "isotropic_inputs", measures.norm_of_a_diagonal_network, small)
apart = cases(network=Network([2, 0], [0, 1], [[HALF, HALF], [HALF, -HALF]]))
instead(
    paper.SAMPLE_TRACE, "u^2 - v^2 in the place of ab", measures.trace_of_a_difference_of_squares, measures.ON_SAMPLES
)
without(paper.DIFFERENCE_L1, "isotropic_inputs", measures.norm_of_a_difference_of_squares, apart)
