"""Runs of the four samplers: diabetes and breast cancer, chains coupled by common random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import Method, run
from gradproof.experiments.sampling._sampled import sample_mean
from gradproof.experiments.sampling.sgld import exact, methods
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.experiments.sampling.sgld.methods import Array, Posterior
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.langevin import METHODS, FiniteSum
from gradproof.solvers.gaussian.moments import EPS
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.sampling import sgld as paper


def ends(
    problem: Posterior,
    make: Callable[[Posterior, Array], list[Method]],
    mode: np.ndarray,
    steps: int,
    *,
    chains: int,
    p: int,
    stream: str,
    seed: int = 0,
    backend: str = "numpy",
) -> np.ndarray:
    """Where coupled chains end that start at the mode, relative to it: (methods, chains, d).

    ``make(problem, mode)`` makes the methods from the problem and the mode as arrays of the backend.
    """
    on = array_library(backend)
    words = keys(stream, settings=[0], seeds=range(seed * 10**6, seed * 10**6 + chains))
    moved, at, stream_keys = on.move((problem, mode, words))
    with on.scope():
        chosen = make(moved, at)
    x0 = on.asarray(np.broadcast_to(mode, (len(chosen), chains, problem.d)).copy())
    draw = methods.numbers(moved, p)
    out = run(
        methods.together(chosen), x0, steps, draw=lambda t: draw(Draws(stream_keys, t)), record={"theta": lambda s: s.theta},
        at=[steps],
    )  # fmt: skip
    return out.theta.values[:, :, 0, :] - mode


STEPS = 150


@lru_cache(maxsize=2)
def diabetes_chains(chains: int, seed: int, backend: str) -> tuple[float, dict[str, np.ndarray]]:
    """theta - theta* (n, d) of each method after ``STEPS`` steps of a quarter of the threshold from theta*, coupled."""
    problem, quadratic = data.diabetes()
    gamma = gaussian.threshold(quadratic).value / 4
    found = ends(
        problem, lambda moved, at: list(methods.all_four(moved, gamma, at).values()), quadratic.mode, STEPS,
        chains=chains, p=1, stream="diabetes", seed=seed, backend=backend,
    )  # fmt: skip
    return gamma, dict(zip(METHODS, found, strict=True))


def _runs(ctx: Context) -> tuple[float, dict[str, np.ndarray]]:
    return diabetes_chains(20_000 if ctx.at_least("full") else 2_000, ctx.seed, ctx.backend)


def transient(problem: FiniteSum, gamma: float, method: str, C: np.ndarray, steps: int, weight: np.ndarray) -> float:
    """<weight, S^t(C)>: what a start at theta* leaves of the stationary <weight, C> after t steps."""
    noise = np.kron(problem.H, problem.H) if method == "lmc" else problem.noise_operator()
    S = np.eye(problem.d**2) - gamma * (problem.drift_operator() - gamma * noise)
    return float(abs(weight.ravel() @ np.linalg.matrix_power(S, steps) @ C.ravel()))


@check(paper.COVARIANCE, level=Level.EMPIRICAL)
def chains_on_diabetes(ctx: Context) -> Iterator[Evidence]:
    """Bayesian linear regression on diabetes, 2000 chains of 150 steps, one index a step: 2 tr(HC) from the chains' ends."""
    gamma, found = _runs(ctx)
    problem = data.diabetes()[1]
    for name, delta in found.items():
        C = gaussian.covariance(problem, gamma, name).matrix
        bound = ctx.claim.bound(**exact.terms(problem, C, gamma, name, 1))
        yield sample_mean(
            2 * np.einsum("ni,ij,nj->n", delta, problem.H, delta), bound, tests=len(found), seed=ctx.seed,
            more=transient(problem, gamma, name, C, STEPS, 2 * problem.H),
            parameters={"method": name, "gamma": gamma, "data": "diabetes"},
        )  # fmt: skip


@check(paper.MEAN, level=Level.EMPIRICAL)
def means_on_diabetes(ctx: Context) -> Iterator[Evidence]:
    """The same runs: the mean along the stiffest and the softest eigenvector, from theta*."""
    gamma, found = _runs(ctx)
    values, vectors = np.linalg.eigh(data.diabetes()[1].H)
    for name, delta in found.items():
        for k in (0, -1):
            bound = ctx.claim.bound(gamma=gamma, h=float(values[k]), t=STEPS, delta0=0)
            yield sample_mean(
                delta @ vectors[:, k], float(bound), tests=2 * len(found), seed=ctx.seed,
                parameters={"method": name, "h": float(values[k])},
            )  # fmt: skip


@check(paper.ADDITIVITY, level=Level.EMPIRICAL)
def coupled_on_diabetes(ctx: Context) -> Iterator[Evidence]:
    """The same runs, coupled: SGLD minus SGLDFP is SGD minus theta* path by path; and E||SGLD - theta*||^2."""
    gamma, found = _runs(ctx)
    problem = data.diabetes()[1]
    C = {m: gaussian.covariance(problem, gamma, m).matrix for m in ("sgldfp", "sgld", "sgd")}
    bound = ctx.claim.bound(c_fp=float(np.trace(C["sgldfp"])), c_sgd=float(np.trace(C["sgd"])))
    left = transient(problem, gamma, "sgld", C["sgld"], STEPS, np.eye(problem.d))
    size = (found["sgld"] ** 2).sum(axis=1)
    yield sample_mean(size, bound, more=left, seed=ctx.seed, parameters={"gamma": gamma, "data": "diabetes"})
    gap = float(np.abs(found["sgld"] - found["sgldfp"] - found["sgd"]).max())
    # each step rounds terms of the size of gamma N ||a_i|| |residual|; contraction keeps their sum below STEPS times that
    size_of_step = gamma * problem.N * float(np.abs(problem.gradients).max() + np.abs(problem.hessians).max())
    error = STEPS * 16 * problem.d * EPS * size_of_step
    yield Measurement(
        measured=gap, bound=0, error=error, error_source="rounding", what="SGLD - SGLDFP - (SGD - theta*)", seed=ctx.seed,
        n=len(size),
    )  # fmt: skip


@check(paper.STATIONARITY, level=Level.EMPIRICAL)
def logistic_regression_on_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """Breast cancer, 1000 chains of 120 steps of SGLD and SGLDFP from the mode: the mean of grad U, each component."""
    problem = data.cancer()
    mode = problem.mode()
    gamma = 1 / (problem.prior + float(np.linalg.eigvalsh(problem.rows.T @ problem.rows)[-1]) / 4)
    # (1 - gamma prior)^120 of the start's influence is left: 1e-5
    found = ends(
        problem, lambda moved, at: [methods.sgld(moved, gamma), methods.sgldfp(moved, gamma, at)], mode, 120,
        chains=1_000, p=5, stream="cancer", seed=ctx.seed, backend=ctx.backend,
    )  # fmt: skip
    for name, delta in zip(("sgld", "sgldfp"), found, strict=True):
        gradient = problem.gradient(mode + delta)
        for k in range(problem.d):
            yield sample_mean(
                gradient[:, k], float(ctx.claim.bound()), tests=2 * problem.d, seed=ctx.seed,
                parameters={"method": name, "component": k, "gamma": gamma},
            )  # fmt: skip


@check(paper.GAUSSIAN_MEAN, level=Level.EMPIRICAL)
def chains_for_a_mean(ctx: Context) -> Iterator[Evidence]:
    """N = 100 and 1000 numbers, eta = 1/2: the variance of SGLD over 5000 chains after 60 steps; it does not fall with N."""
    for N in (100, 1000):
        x = np.sin(np.arange(1, N + 1))
        mode = np.array([x.mean()])
        (delta,) = ends(
            Posterior(np.ones((N, 1)), x, 0.0), lambda moved, at: [methods.sgld(moved, 0.5 / moved.N)], mode, 60,
            chains=5_000, p=1, stream=f"mean {N}", seed=ctx.seed, backend=ctx.backend,
        )  # fmt: skip
        bound = ctx.claim.bound(N=N, eta=0.5, p=1, s2=float(((x - mode) ** 2).mean()))
        yield sample_mean(delta[:, 0] ** 2, bound, tests=2, seed=ctx.seed, parameters={"N": N, "eta": 0.5})


@check(paper.CONTRACTION, level=Level.EMPIRICAL)
def pairs_on_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """Breast cancer, logistic loss: 30 random pairs, near and far, the mean over all 569 one-sample batches."""
    problem = data.cancer()
    rng = ctx.rng()
    L = problem.prior + problem.N * float((problem.rows**2).sum(axis=1).max()) / 4
    index = np.arange(problem.N)[:, None]
    for share in (0.05, 0.5, 0.9):
        gamma, worst = share * 2 / L, 0.0
        for scale in (0.01, 1.0, 10.0):
            for _ in range(10):
                theta = rng.standard_normal(problem.d)
                other = theta + scale * rng.standard_normal(problem.d)
                pair = [z - gamma * problem.estimate(np.tile(z, (problem.N, 1)), index) for z in (theta, other)]
                moved = ((pair[0] - pair[1]) ** 2).sum(axis=1).mean()
                worst = max(worst, float(moved / ((theta - other) ** 2).sum()))
        yield Measurement(
            measured=worst, bound=ctx.claim.bound(gamma=gamma, mu=problem.prior, L_h=L), n=30,
            error=1e3 * problem.N * EPS, error_source="rounding", parameters={"gamma": gamma, "data": "breast_cancer"},
            seed=ctx.seed,
        )  # fmt: skip


@check(paper.BIAS, level=Level.EMPIRICAL)
def biased_chains(ctx: Context) -> Iterator[Evidence]:
    """Logistic loss of 16 equal samples, eta = 0.2: N times the mean of 10000 chains of LMC; what is beyond 1/N by quadrature."""
    N, eta, steps = 16, 0.2, 60
    problem = Posterior(np.full((N, 1), 3.0), np.ones(N), float(N), logistic=True)
    mode = problem.mode()
    (delta,) = ends(
        problem, lambda moved, at: [methods.lmc(moved, eta / N)], mode, steps, chains=10_000, p=1, stream="bias",
        seed=ctx.seed, backend=ctx.backend,
    )  # fmt: skip
    s = 1 / (1 + float(np.exp(-3 * mode[0])))
    bound = float(ctx.claim.bound(u2=1 + 9 * s * (1 - s), u3=27 * s * (1 - s) * (1 - 2 * s), eta=eta))
    value, error = exact.scaled_bias(lambda x: x - 3 / (1 + np.exp(3 * x)), float(mode[0]), eta, N)
    left = (
        N * (1 - eta) ** steps * float(np.abs(delta).mean())
    )  # u'' is between 1 and 13/4: a step contracts by 1 - eta at least
    yield sample_mean(
        N * delta[:, 0], bound, more=abs(value - bound) + error + left, seed=ctx.seed, parameters={"N": N, "eta": eta}
    )
