"""What is measured in runs: linearised chains, and networks where their training ends.

Traces and thresholds at end points come from the exact Jacobian (no Hutchinson estimate), so their error is rounding.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure, rounded, without
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.experiments.landscape.sgd_stability import measures, methods
from gradproof.experiments.landscape.sgd_stability.instances import Minimum
from gradproof.solvers import moments
from gradproof.solvers.moments.enumeration import table
from gradproof.theory.errors import ParameterError
from gradproof.theory.landscape import sgd_stability as paper


@measure(paper.SECOND_MOMENT_OPERATOR, cases(minimum=measures.sampled(data.R4)))
def linearised_chains(minimum: Minimum, keys: Any, backend: str) -> Any:
    r"""$\|\delta_8\|^2$ of $10^4$ chains at $\eta = 0.15$, below $2/\max\|J_i\|^2$: no step of any chain lengthens $\delta$."""
    eta, steps, begin = Fraction(3, 20), 8, [1, -1, 1]
    X = table([begin]).transpose() * table([begin])
    for _ in range(steps - 1):
        X = minimum.after(X, eta)
    found = methods.chains(minimum, begin, float(eta), steps, 10_000, keys(), backend)[-1]
    return Sample(found, at_most=3.0), {"eta": eta, **measures.of_one_step(minimum, X)}


# --- networks --------------------------------------------------------------------------------------------------------

ETAS = (0.01, 0.02, 0.04, 0.06, 0.08, 0.12)
#: Losses at which a net counts as interpolating. Of a ReLU net the Gauss-Newton matrix is the Hessian up to the residuals.
DIAGONAL_LOSS, RELU_LOSS = 1e-8, 1e-5
NETS = ("interpolating", "linearised", "mean_square", "iid_uniform_batches")
ONE_OUTPUT = (*NETS, "rank_one_hessians")


def arrived(ends: Iterable[methods.EndPoint], most: float) -> Iterator[methods.EndPoint]:
    """The end points with a loss below ``most``; then a ``ParameterError`` if there are others."""
    ends = list(ends)
    yield from (e for e in ends if e.loss < most)
    late = [f"{e.eta:g}" for e in ends if not e.loss < most]
    if late:
        raise ParameterError(f"at eta = {', '.join(late)} the loss stayed above {most}")


def sizes(e: methods.EndPoint) -> dict[str, float]:
    """As of an exact minimum, with the noise weight of the end point's threshold."""
    curvatures = e.threshold.curvatures
    gram = curvatures.factors @ curvatures.factors.transpose(0, 2, 1)
    h2, hi2 = float((curvatures.w**2).sum()), float((gram**2).sum() / len(gram))
    return {"p": e.threshold.p, "tr": curvatures.trace, "h2": h2, "hi2": hi2}


def trace_at(e: methods.EndPoint, *, stable: bool = True) -> Any:
    """The quantity of the trace condition at the step of the run; where paths settle beyond the threshold, at the threshold."""
    z, low = sizes(e), e.threshold.lower
    left = rounded(z["p"] * z["tr"] + (1 - z["p"]) * z["h2"] / z["tr"], 8 * e.threshold.curvatures.factors.size)
    return left, {"eta": min(e.eta, low) if stable else e.eta, "lam": 2 / low}


def diagonal_ends(trained_with: int, B: int, etas: Any, rng: Any, backend: str, budget: str) -> Iterator[Any]:
    problem = methods.sparse_regression(rng)
    steps = 12_000 if budget == "quick" else 30_000
    state = methods.train(problem, etas, trained_with, steps, 4_000, rng, backend)
    return arrived(methods.end_points(problem, state, etas, B), DIAGONAL_LOSS)


@measure(paper.TRACE, cases(B=5).guaranteeing(*ONE_OUTPUT), budget="full", name="diagonal_nets_trained_by_batches")
@measure(paper.TRACE, cases(B=1).guaranteeing(*ONE_OUTPUT))
def diagonal_nets_trained_by_sgd(B: int, rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace where SGD ends, at six step sizes: diagonal nets, d = 50, n = 20."""
    yield from (trace_at(e) for e in diagonal_ends(B, B, ETAS, rng, backend, budget))


def diagonal_nets_trained_by_gradient_descent(rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace for p = 1 where gradient descent ends: minima at which SGD with one sample a step could not stay."""
    yield from (trace_at(e, stable=False) for e in diagonal_ends(20, 1, ETAS[2:], rng, backend, budget))


DIAGONAL = cases(network="diagonal").guaranteeing(*ONE_OUTPUT)
without(paper.TRACE, "stable", diagonal_nets_trained_by_gradient_descent, DIAGONAL)


def relu_ends(problem: Any, etas: Any, batches: Any, steps: int, rng: Any, backend: str) -> Iterator[Any]:
    """Final parameters, the setting and the end point of each run of a ReLU net, for each batch size."""
    for B in batches:
        state = methods.train(problem, etas, B, steps, steps // 10, rng, backend)
        for e in arrived(methods.end_points(problem, state, etas, B), RELU_LOSS):
            yield state, list(etas).index(e.eta), e


def teacher_ends(rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """Two-layer ReLU nets of 50 neurons on a one-neuron teacher, d = 10, n = 100."""
    large = budget == "gpu"
    etas = tuple(np.geomspace(0.01, 0.2, 12)) if large else (0.02, 0.05, 0.1, 0.15)
    B, steps = ((1, 2, 5, 20, 100), 400_000) if large else ((1, 10), 40_000)
    return relu_ends(methods.one_neuron_teacher(rng), etas, B, steps, rng, backend)


TEACHER = cases(network="two-layer ReLU")


@measure(paper.TRACE, TEACHER.guaranteeing(*ONE_OUTPUT), budget="full")
def relu_nets_trained_by_sgd(rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace where SGD ends, over a grid of steps and batches: two-layer ReLU nets of 50 neurons."""
    yield from (trace_at(e) for _, _, e in teacher_ends(rng, backend, budget))


@measure(paper.RELU_PATHNORM, TEACHER.guaranteeing("interpolating", "symmetric_inputs"), budget="full")
def trace_of_trained_relu_nets(rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace from the Jacobian of trained ReLU nets, on inputs in pairs +-x with S = I."""
    for state, k, e in teacher_ends(rng, backend, budget):
        W, a = np.asarray(state.b[k]), np.asarray(state.a[k])
        weights = {"wSw": float((W**2).sum()), "a2": float((a**2).sum()), "trS": float(W.shape[1])}
        yield rounded(e.threshold.curvatures.trace, 8 * e.threshold.curvatures.factors.size), weights


DIGITS = cases(network="digits").guaranteeing(*NETS, "psd_hessians")


@measure(paper.NECESSARY, DIGITS)
def threshold_of_a_net_trained_on_ten_digits(rng: Any, backend: str) -> Iterator[Any]:
    r"""$\eta^*$ where SGD with single samples ends, ten 8 x 8 digits with a one-hot square loss, beside its quotients there."""
    yield from beside_quotients(relu_ends(methods.digits(rng, n=10), (0.15,), (1,), 9_000, rng, backend))


@measure(paper.NECESSARY, DIGITS, budget="full")
def thresholds_of_nets_trained_on_digits(rng: Any, backend: str, budget: str) -> Iterator[Any]:
    r"""The same of thirty digits or two hundred, at batches of several sizes."""
    large = budget == "gpu"
    problem = methods.digits(rng, n=200 if large else 30, width=60 if large else 20)
    etas, steps = (tuple(np.geomspace(0.02, 0.5, 8)), 10**6) if large else ((0.1,), 60_000)
    batches = (1, 4, 16, 64) if large else (1, 10)
    yield from beside_quotients(relu_ends(problem, etas, batches, steps, rng, backend))


def beside_quotients(ends: Iterable[Any]) -> Iterator[Any]:
    """The threshold at each end point, and what the claim on its Rayleigh quotients depends on."""
    for _, _, e in ends:
        t = e.threshold
        found = moments.bounds(t.curvatures, batch_size=t.batch_size, threshold=t).rank_one
        yield Enclosed(t.lower, t.upper, "solver gap"), {**sizes(e), "R1": 2 / found}
