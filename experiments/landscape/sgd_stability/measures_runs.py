"""What is measured in runs: linearised chains, and networks where their training ends.

Traces and thresholds at end points come from the exact Jacobian (no Hutchinson estimate), so their error is rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure, rounded, without
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.experiments.landscape.sgd_stability import measures, methods
from gradproof.experiments.landscape.sgd_stability.instances import Minimum
from gradproof.solvers import moments
from gradproof.theory.errors import ParameterError
from gradproof.theory.landscape import sgd_stability as paper

ETAS = (0.01, 0.02, 0.04, 0.06, 0.08, 0.12)
#: Losses at which a net counts as interpolating. Of a ReLU net the Gauss-Newton matrix is the Hessian up to the residuals.
CONVERGED, RELU_CONVERGED = 1e-8, 1e-5


@measure(paper.SECOND_MOMENT_OPERATOR, cases(minimum=measures.sampled(data.R4)))
def linearised_chains(minimum: Minimum, keys: Any, backend: str) -> Any:
    r"""$\|\delta_8\|^2$ of $10^4$ chains at $\eta = 0.15$, below $2/\max\|J_i\|^2$: no step of any chain lengthens $\delta$."""
    eta, steps, begin = Fraction(3, 20), 8, [1, -1, 1]
    X = data.table([begin]).transpose() * data.table([begin])
    for _ in range(steps - 1):
        X = minimum.after(X, eta)
    sampling = minimum.batch_size, minimum.replacement
    found = methods.chains(minimum.curvatures, begin, float(eta), *sampling, steps, 10_000, keys(), backend)[-1]
    return Sample(found, at_most=3.0), {"eta": eta, **measures.of_one_step(minimum, X)}


# --- networks --------------------------------------------------------------------------------------------------------


def converged(ends: list[methods.EndPoint], most: float) -> list[methods.EndPoint]:
    """Raises ``ParameterError`` unless every run that did not diverge interpolates."""
    bad = [e for e in ends if not e.loss < most]
    if bad or not ends:
        raise ParameterError(f"{len(bad)} of {len(ends)} runs did not reach a loss of {most}")
    return ends


def trace_at(e: methods.EndPoint, step: float) -> Any:
    """The claim's quantity for single-sample noise of the weight p of the end point's threshold, at a step size."""
    p, curvatures = e.threshold.p, e.threshold.curvatures
    left = p * e.trace + (1 - p) * e.h2 / e.trace
    return rounded(left, 8 * curvatures.factors.size), {"eta": step, "lam": 2 / e.threshold.lower}


def stable_step(e: methods.EndPoint) -> float:
    """The step size of the run; where the minimum is not stable at it (paths may settle there), the threshold."""
    return min(e.eta, e.threshold.lower)


def diagonal_ends(trained_with: int, B: int, etas: Any, rng: Any, backend: str, budget: str) -> list[methods.EndPoint]:
    problem = methods.sparse_regression(rng)
    steps = 12_000 if budget == "quick" else 30_000
    state = methods.train(problem, etas, trained_with, steps, 4_000, rng, backend)
    return converged(list(methods.end_points(problem, state, etas, B)), CONVERGED)


NETS = ("interpolating", "rank_one_hessians", "linearised", "mean_square", "iid_uniform_batches")


@measure(paper.TRACE, cases(B=[5]).guaranteeing(*NETS), budget="full", name="diagonal_nets_trained_by_batches")
@measure(paper.TRACE, cases(B=[1]).guaranteeing(*NETS))
def diagonal_nets_trained_by_sgd(B: int, rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace where SGD ends, at six step sizes: diagonal nets, d = 50, n = 20."""
    yield from (trace_at(e, stable_step(e)) for e in diagonal_ends(B, B, ETAS, rng, backend, budget))


def diagonal_nets_trained_by_gradient_descent(rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace for p = 1 where gradient descent ends: minima at which SGD with one sample a step could not stay."""
    yield from (trace_at(e, e.eta) for e in diagonal_ends(20, 1, ETAS[2:], rng, backend, budget))


without(paper.TRACE, "stable", diagonal_nets_trained_by_gradient_descent, cases(network="diagonal").guaranteeing(*NETS))


def relu_ends(B: int, rng: Any, backend: str, budget: str) -> Iterator[tuple[methods.Net, int, methods.EndPoint]]:
    """Two-layer ReLU nets on a one-neuron teacher, d = 10, n = 100; on a GPU a grid of step sizes and longer runs."""
    problem, large = methods.one_neuron_teacher(rng), budget == "gpu"
    etas = tuple(np.geomspace(0.01, 0.2, 12)) if large else (0.02, 0.05, 0.1, 0.15)
    steps = 400_000 if large else 40_000
    state = methods.train(problem, etas, B, steps, steps // 10, rng, "jax" if large and backend == "numpy" else backend)
    ends = [e for e in methods.end_points(problem, state, etas, B) if e.loss < RELU_CONVERGED]
    for e in converged(ends, RELU_CONVERGED):
        yield state, etas.index(e.eta), e


RELU_BATCHES = {"full": [1, 10], "gpu": [2, 5, 20, 100]}


def at_both_budgets(claim: Any, batches: dict[str, list[int]], *guaranteed: str) -> Callable[[Any], Any]:
    """Registers a measure at full budget, and with more batch sizes at that of a GPU."""

    def decorate(function: Any) -> Any:
        for budget, sizes in batches.items():
            measure(
                claim, cases(B=sizes).guaranteeing(*guaranteed), budget=budget, name=f"{function.__name__}_{budget}"
            )(function)
        return function

    return decorate


@at_both_budgets(paper.TRACE, RELU_BATCHES, *NETS)
def relu_nets_trained_by_sgd(B: int, rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace where SGD ends, over a grid of steps and batches: two-layer ReLU nets of 50 neurons."""
    yield from (trace_at(e, stable_step(e)) for _, _, e in relu_ends(B, rng, backend, budget))


@at_both_budgets(paper.RELU_PATHNORM, RELU_BATCHES, "interpolating", "symmetric_inputs")
def trace_of_trained_relu_nets(B: int, rng: Any, backend: str, budget: str) -> Iterator[Any]:
    """The trace from the Jacobian of trained ReLU nets, on inputs in pairs +-x with S = I."""
    for state, k, e in relu_ends(B, rng, backend, budget):
        W, a = np.asarray(state.b[k]), np.asarray(state.a[k])
        sizes = {"wSw": float((W**2).sum()), "a2": float((a**2).sum()), "trS": float(W.shape[1])}
        yield rounded(e.trace, 8 * e.threshold.curvatures.factors.size), sizes


@at_both_budgets(paper.NECESSARY, {"full": [1, 10], "gpu": [4, 16, 64]}, *NETS, "psd_hessians")
def thresholds_of_nets_trained_on_digits(B: int, rng: Any, backend: str, budget: str) -> Iterator[Any]:
    r"""$\eta^*$ where SGD ends, 8 x 8 digits with a one-hot square loss, beside its quotients there."""
    large = budget == "gpu"
    problem = methods.digits(rng, n=200 if large else 30, width=60 if large else 20)
    etas, steps = (tuple(np.geomspace(0.02, 0.5, 8)), 1_000_000) if large else ((0.05, 0.1), 60_000)
    state = methods.train(problem, etas, B, steps, steps // 10, rng, "jax" if large and backend == "numpy" else backend)
    ends = [e for e in methods.end_points(problem, state, etas, B) if e.loss < RELU_CONVERGED]
    for e in converged(ends, RELU_CONVERGED):
        curvatures, t = e.threshold.curvatures, e.threshold
        found = moments.bounds(curvatures, batch_size=B, threshold=t).rank_one
        gram = curvatures.factors @ curvatures.factors.transpose(0, 2, 1)
        sizes = {"p": t.p, "tr": e.trace, "h2": e.h2, "hi2": float((gram**2).sum() / len(gram)), "R1": 2 / found}
        yield Enclosed(t.lower, t.upper, "solver gap"), sizes
