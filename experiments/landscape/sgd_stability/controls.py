"""Controls: with one assumption given up, each claim's bound must be violated."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, control
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.experiments.landscape.sgd_stability.exact import loss_of, settle
from gradproof.experiments.landscape.sgd_stability.networks import diagonal_trace, relu_statistics, relu_trace
from gradproof.solvers import moments
from gradproof.theory.evidence import Measurement, Relation
from gradproof.theory.landscape import sgd_stability as paper


@control(paper.SECOND_MOMENT_OPERATOR, drops="iid_uniform_batches")
@control(paper.MIXTURE, drops="iid_uniform_batches")
def weight_of_the_wrong_sampling(ctx: Context) -> Iterator[Evidence]:
    """Batches without replacement, described by the p of those with replacement."""
    H = data.hessians(data.R4)
    delta, eta = [Fraction(1), Fraction(-1), Fraction(1)], Fraction(3, 20)
    yield Measurement(
        measured=data.brute_force_step(H, delta, eta, 2, False),
        bound=ctx.claim.bound(eta=eta, p=Fraction(1, 2), **data.one_step_statistics(H, delta)),
        parameters={"instance": "R4", "B": 2},
    )


def almost_sure_threshold(h: tuple[int, int]) -> sp.Expr:
    """The largest step at which prod |1 - eta h_i| <= 1, for two equally likely curvatures in one dimension."""
    eta = sp.Symbol("eta", positive=True)
    factor = (1 - eta * h[0]) * (1 - eta * h[1])
    return max(sp.solve(factor - 1, eta) + sp.solve(factor + 1, eta))


@control(paper.EXACT_THRESHOLD, drops="mean_square")
def paths_may_converge_where_moments_explode(ctx: Context) -> Iterator[Evidence]:
    """d = 1, h in {1, 4}: almost every path converges up to eta = 5/4, second moments only up to 10/17."""
    lam = Fraction(17, 5)  # mean h^2 / mean h
    yield Measurement(
        measured=almost_sure_threshold((1, 4)), bound=ctx.claim.bound(lam=lam), parameters={"h": "1, 4"},
        what="largest step with almost sure convergence",
    )  # fmt: skip


@control(paper.EXACT_THRESHOLD, drops="interpolating")
def noise_keeps_a_regular_minimum_alive(ctx: Context) -> Iterator[Evidence]:
    """F3 has sample gradients: below the threshold the second moment tends to a positive value, not to 0."""
    H, g = data.as_floats(data.F3), np.array(data.F3_GRADIENTS, dtype=float)
    t = moments.stability_threshold(H, batch_size=1)
    eta = 0.2
    if not eta < float(ctx.claim.bound(lam=2 / t.value)):
        return
    yield Measurement(
        measured=settle(H, g, eta, 1, False, steps=2000), bound=0.0, error=1e-12, error_source="rounding",
        relation=Relation.LE, what="limit of E ||delta||^2", parameters={"instance": "F3", "eta": eta},
    )  # fmt: skip


@control(paper.BATCH_MONOTONE, drops="iid_uniform_batches")
def larger_batches_that_take_the_steepest_sample(ctx: Context) -> Iterator[Evidence]:
    """h in {1, 1, 9}: a batch of two that always takes the last sample, twice, has the threshold 2/9."""
    smaller = Fraction(2 * 11, 83)  # 2 mean h / mean h^2
    yield Measurement(measured=Fraction(2, 9), bound=ctx.claim.bound(eta_smaller=smaller), parameters={"h": "1, 1, 9"})


@control(paper.DUAL_THRESHOLD, drops="p_is_one")
def kernel_matrix_for_larger_batches(ctx: Context) -> Iterator[Evidence]:
    """R4 at B = 2, where p = 1/3: lambda_max(K) is still that of B = 1."""
    single = moments.algebraic_threshold(data.R4, batch_size=1)
    pairs = moments.stability_threshold(data.R4, batch_size=2)
    yield Measurement(
        measured=2 / pairs.value, bound=ctx.claim.bound(lam_K=float(single.high)), error=1e-9, error_source="solver gap",
        parameters={"instance": "R4", "B": 2},
    )  # fmt: skip


@control(paper.NECESSARY, drops="mean_square")
def almost_sure_stability_beyond_gradient_descent(ctx: Context) -> Iterator[Evidence]:
    """d = 1, h in {1, 4}: paths converge up to 5/4, above every bound, gradient descent's 4/5 included."""
    mean, second = Fraction(5, 2), Fraction(17, 2)
    bound = ctx.claim.bound(p=1, tr=mean, h2=mean**2, hi2=second, R1=second / mean)
    yield Measurement(measured=almost_sure_threshold((1, 4)), bound=bound, parameters={"h": "1, 4"})


@control(paper.TRACE, drops="rank_one_hessians")
def identical_isotropic_hessians(ctx: Context) -> Iterator[Evidence]:
    """H_i = I: stable up to eta = 2 whatever d is, while Tr(H) = d."""
    for d in (2, 5):
        H = [[[int(a == b) for b in range(d)] for a in range(d)]] * 3
        eta = moments.algebraic_threshold(H, batch_size=1).eta[0]  # 2, exactly
        yield Measurement(measured=Fraction(d), bound=ctx.claim.bound(eta=eta), parameters={"d": d, "B": 1})


@control(paper.SUFFICIENT, drops="psd_hessians")
def negative_curvature_of_one_sample(ctx: Context) -> Iterator[Evidence]:
    """d = 1, h in {-1, 3}: the threshold 2 mean h / mean h^2 = 2/5 is below 2/max h."""
    yield Measurement(
        measured=Fraction(2, 5), bound=ctx.claim.bound(lam_I=Fraction(5), h_max=Fraction(3)), parameters={"h": "-1, 3"}
    )


@control(paper.GAUSSIAN, drops="gaussian_features")
def sign_features(ctx: Context) -> Iterator[Evidence]:
    """Random signs have |J|^2 = d, so that eta* = 2/d; Gaussian features of the same covariance have 2/(d + 2)."""
    for d in (2, 6):
        signs = list(np.array(np.meshgrid(*[[-1, 1]] * d)).reshape(d, -1).T)
        t = moments.stability_threshold(np.array(signs, dtype=float), batch_size=1)
        if not t.value < 1:  # at d = 2 the equation has its pole there
            continue
        bound = ctx.claim.bound(eta=t.value, B=1, lam_j=[1.0] * d)
        yield Measurement(measured=1 / t.value, bound=bound, error=1e-9, error_source="rounding", parameters={"d": d})


@control(paper.STATIONARY_COVARIANCE, drops="below_threshold")
def above_the_threshold_nothing_settles(ctx: Context) -> Iterator[Evidence]:
    """F3 at 1.05 eta*: the second moment after 500 steps is far beyond the formula's value."""
    H, g = data.as_floats(data.F3), np.array(data.F3_GRADIENTS, dtype=float)
    eta = 1.05 * moments.stability_threshold(H, batch_size=1).value
    one, mean = np.eye(2), H.mean(axis=0)
    C = (np.kron(mean, one) + np.kron(one, mean)) / 2
    D = np.mean([np.kron(h, h) for h in H], axis=0)
    y = float(np.trace(np.linalg.solve(2 * C - eta * D, (g.T @ g / len(g)).ravel()).reshape(2, 2)))
    yield Measurement(
        measured=settle(H, g, eta, 1, False, steps=500), bound=ctx.claim.bound(eta=eta, p=1, y=y), error=1e-6,
        error_source="rounding", parameters={"instance": "F3", "eta": eta},
    )  # fmt: skip


@control(paper.LOSS_FROBENIUS, drops="alignment")
def identical_samples_have_no_noise(ctx: Context) -> Iterator[Evidence]:
    """n equal rows: one step of eta = 1/|J|^2 ends at the minimum, where mu0 = 1 would forbid any decrease."""
    J = [1, 2]
    H = data.hessians([J] * 3)
    delta, eta = [Fraction(1), Fraction(1)], Fraction(1, 5)
    mean = data.mean(H)
    moved = data.apply(mean, delta)
    after = loss_of(mean, [x - eta * y for x, y in zip(delta, moved, strict=True)])
    yield Measurement(
        measured=after,
        bound=ctx.claim.bound(eta=eta, p=1, mu0=1, h2=25, loss=loss_of(mean, delta)),
        parameters={"J": "1, 2"},
    )


@control(paper.RELU_PATHNORM, drops="symmetric_inputs")
def inputs_on_one_side_of_the_neuron(ctx: Context) -> Iterator[Evidence]:
    """All inputs activate the neuron: the gradient is twice what symmetric inputs would give."""
    W, a, X = [[2, 1]], [3], [[1, 1], [1, 0], [0, 2]]
    yield Measurement(
        measured=relu_trace(W, a, X), bound=ctx.claim.bound(**relu_statistics(W, a, X)), parameters={"m": 1, "d": 2}
    )


@control(paper.DIAGONAL_L1, drops="isotropic_inputs")
def small_inputs(ctx: Context) -> Iterator[Evidence]:
    """Inputs with E xx' = I/4: the trace is a quarter, and 2 ||beta||_1 exceeds it."""
    a, b, X = [2, 1], [2, -1], [[Fraction(1, 2), Fraction(1, 2)], [Fraction(1, 2), Fraction(-1, 2)]]
    yield Measurement(measured=Fraction(10), bound=ctx.claim.bound(tr=diagonal_trace(a, b, X)), parameters={"d": 2})
