"""Checks by runs: linearised chains against exact moments, and trained networks against the trace condition.

Traces, sharpness and thresholds at end points come from the exact Jacobian (no Hutchinson estimate), so their error is
rounding.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm

from gradproof.experiments.engine.check import Context, Evidence, Undecided, check, control
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.experiments.landscape.sgd_stability import runs
from gradproof.solvers import moments
from gradproof.solvers.moments.curvatures import EPS
from gradproof.solvers.moments.threshold import moments as operators_of
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.landscape import sgd_stability as paper

ETAS = (0.01, 0.02, 0.04, 0.06, 0.08, 0.12)
CONVERGED = 1e-8  # loss at which a diagonal net counts as interpolating
STEPS, WARMUP = 12_000, 4_000
LEVEL = 1e-3


@check(paper.SECOND_MOMENT_OPERATOR, level=Level.EMPIRICAL)
def linearised_chains(ctx: Context) -> Iterator[Evidence]:
    """R4, eta = 0.15 (well below the threshold, where fourth moments exist): 4e4 chains, 8 steps, a two-sided z test."""
    n_chains, steps, eta, start = 40_000, 8, 0.15, [1.0, -1.0, 1.0]
    samplings = ((1, False), (2, False), (2, True))
    z = float(norm.isf(LEVEL / 2 / len(samplings)))  # Bonferroni
    for B, replacement in samplings:
        m = operators_of(data.R4, batch_size=B, replacement=replacement)
        X = m.curvatures.reduce(np.outer(start, start))
        for _ in range(steps - 1):
            X = m.T(X, eta)
        w = m.curvatures.w
        bound = ctx.claim.bound(  # the claim's one step, from the exact second moment before it
            eta=eta,
            p=m.p,
            x0=float(np.trace(X)),
            x1=float((w * np.diag(X)).sum()),
            x2=float((w**2 * np.diag(X)).sum()),
            xi2=float(np.trace(m.curvatures.noise(np.eye(w.size)) @ X)),
        )
        sizes = runs.chains(
            data.R4, start, eta, B, replacement, steps, n_chains, ctx.keys("chains", B, replacement), ctx.backend
        )[-1]
        yield Measurement(
            measured=float(sizes.mean()),
            bound=bound,
            error=z * float(sizes.std()) / np.sqrt(n_chains),
            error_source="statistical",
            parameters={"instance": "R4", "B": B, "replacement": replacement, "eta": eta, "steps": steps},
            seed=ctx.seed,
            n=n_chains,
            level=LEVEL,
        )


def diagonal_end_points(ctx: Context, batch_size: int, steps: int = STEPS) -> list[runs.EndPoint]:
    """Runs of the diagonal net at every step size, on one data set and from one start."""
    problem = runs.sparse_regression(ctx.rng("data"))
    state = runs.train(problem, ETAS, batch_size, steps, WARMUP, ctx.rng("run", batch_size), ctx.backend)
    return list(runs.end_points(problem, state, ETAS, batch_size))


def trace_measurement(ctx: Context, e: runs.EndPoint, network: str, n: int, p: float | None = None) -> Measurement:
    """The trace at an end point beside the bound at the run's step size."""
    p = e.p if p is None else p
    left = p * e.trace + (1 - p) * e.h2 / e.trace
    return Measurement(
        measured=left,
        bound=ctx.claim.bound(eta=e.eta),
        error=n * EPS * left,
        error_source="rounding",
        parameters={
            "network": network, "B": e.batch_size, "eta": e.eta, "loss": e.loss, "trace": e.trace,
            "sharpness": e.sharpness, "eta_star": e.threshold.value,
        },
        seed=ctx.seed,
    )  # fmt: skip


@check(paper.TRACE, level=Level.EMPIRICAL)
def diagonal_nets_trained_by_sgd(ctx: Context) -> Iterator[Evidence]:
    """d = 50, n = 20, six step sizes, SGD with B = 1 (at full budget also B = 5, and 30000 steps): the trace where it ends."""
    for B in (1, 5) if ctx.at_least("full") else (1,):
        found = diagonal_end_points(ctx, B, 30_000 if ctx.at_least("full") else STEPS)
        bad = [e for e in found if not e.loss < CONVERGED]
        if bad or len(found) < len(ETAS):
            yield Undecided(
                f"{len(ETAS) - len(found) + len(bad)} of {len(ETAS)} runs did not reach a loss of {CONVERGED}"
            )
        yield from (trace_measurement(ctx, e, "diagonal", 20) for e in found)


@control(paper.TRACE, drops="iid_uniform_batches")
def diagonal_nets_trained_by_gradient_descent(ctx: Context) -> Iterator[Evidence]:
    """Gradient descent ends at minima where SGD with one sample a step could not stay: the bound for p = 1 fails."""
    for e in diagonal_end_points(ctx, 20):
        if e.eta >= 0.04:
            if not e.loss < CONVERGED:
                yield Undecided(f"gradient descent at eta = {e.eta} stopped at a loss of {e.loss:.2g}")
            yield trace_measurement(ctx, e, "diagonal, GD", 20, p=1.0)


# --- two-layer networks ----------------------------------------------------------------------------------------------

RELU_ETAS = (0.02, 0.05, 0.1, 0.15)
RELU_CONVERGED = 1e-5  # the Gauss-Newton matrix is the Hessian up to the residuals, sqrt(2 loss) in the mean square


def _relu_end_points(ctx: Context) -> Iterator[tuple[runs.Relu, runs.Net, int, runs.EndPoint]]:
    large = ctx.at_least("gpu")
    problem = runs.one_neuron_teacher(ctx.rng("data"), width=50)
    etas = tuple(np.geomspace(0.01, 0.2, 12)) if large else RELU_ETAS
    backend = "jax" if large and ctx.backend == "numpy" else ctx.backend
    for B in (1, 2, 5, 20, 100) if large else (1, 10):
        steps = 400_000 if large else 40_000
        state = runs.train(problem, etas, B, steps, steps // 10, ctx.rng("run", B), backend)
        for e in runs.end_points(problem, state, etas, B):
            if e.loss < RELU_CONVERGED:
                yield problem, state, etas.index(e.eta), e


@check(paper.TRACE, level=Level.EMPIRICAL, budget="full")
def relu_nets_trained_by_sgd(ctx: Context) -> Iterator[Evidence]:
    """Two-layer ReLU nets (50 neurons, d = 10, n = 100, a one-neuron teacher) over a grid of steps and batches."""
    for _, _, _, e in _relu_end_points(ctx):
        yield trace_measurement(ctx, e, "two-layer ReLU", 100)


@check(paper.RELU_PATHNORM, level=Level.EMPIRICAL, budget="full")
def path_norm_of_trained_nets(ctx: Context) -> Iterator[Evidence]:
    """The same nets on inputs in pairs +-x with S = I: trace from the Jacobian, and sqrt(d) * path norm below it."""
    for problem, state, k, e in _relu_end_points(ctx):
        W, a = np.asarray(state.b[k]), np.asarray(state.a[k])
        d = W.shape[1]
        where = {"B": e.batch_size, "eta": e.eta, "loss": e.loss}
        bound = ctx.claim.bound(wSw=float((W**2).sum()), a2=float((a**2).sum()), trS=float(d))
        error = W.size * EPS * e.trace
        yield Measurement(
            measured=e.trace, bound=bound, error=error, error_source="rounding", parameters=where, seed=ctx.seed
        )
        yield Measurement(
            measured=float(np.sqrt(d)) * problem.path_norm(state, k), bound=bound, error=error, error_source="rounding",
            relation=Relation.LE, parameters=where, what="sqrt(d) * path norm", seed=ctx.seed,
        )  # fmt: skip


@check(paper.NECESSARY, level=Level.EMPIRICAL, budget="full")
def networks_trained_on_digits(ctx: Context) -> Iterator[Evidence]:
    """8 x 8 digits, one-hot square loss: the step at which SGD stayed against the necessary bounds at its end point."""
    large = ctx.at_least("gpu")
    problem = runs.digits(ctx.rng("data"), n=200 if large else 30, width=60 if large else 20)
    etas = tuple(np.geomspace(0.02, 0.5, 8)) if large else (0.05, 0.1)
    backend = "jax" if large and ctx.backend == "numpy" else ctx.backend
    steps = 1_000_000 if large else 60_000
    converged = 0
    for B in (1, 4, 16, 64) if large else (1, 10):
        state = runs.train(problem, etas, B, steps, steps // 10, ctx.rng("run", B), backend)
        for e in runs.end_points(problem, state, etas, B, with_bounds=True):
            if e.loss >= RELU_CONVERGED or e.bounds is None:
                continue
            converged += 1
            F = e.threshold.curvatures.factors
            hi2 = float(((F @ F.transpose(0, 2, 1)) ** 2).sum() / len(F))
            yield Measurement(
                measured=e.eta,
                bound=float(ctx.claim.bound(p=e.p, tr=e.trace, h2=e.h2, hi2=hi2, R1=2 / e.bounds.rank_one)),
                error=len(F) * 10 * EPS * e.eta,
                error_source="rounding",
                what="step size of the run",
                parameters={
                    "B": B, "eta": e.eta, "loss": e.loss, "eta_star": e.threshold.value, "sharpness": e.sharpness,
                },
                seed=ctx.seed,
            )  # fmt: skip
    if not converged:
        yield Undecided(f"no run reached a loss of {RELU_CONVERGED}")


def median_and_mean_growth(
    rng: np.random.Generator, eta: float, steps: int = 200, n_paths: int = 1001
) -> tuple[float, float]:
    """d = 1, h in {1, 4}: the median of |delta_t| after ``steps``, and the exact factor of E delta^2 a step."""
    factors = 1 - eta * rng.choice([1.0, 4.0], (n_paths, steps))
    growth = moments.spectral_radius([[1.0], [2.0]], eta, batch_size=1)
    return float(np.exp(np.median(np.log(np.abs(factors)).sum(axis=1)))), growth
