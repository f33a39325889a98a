"""Runs: chains with fixed and random staleness on Gaussian targets, and on the posterior of diabetes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import run
from gradproof.experiments.sampling._sampled import sample_mean
from gradproof.experiments.sampling.sgld.instances import diabetes
from gradproof.experiments.sampling.stale_sgmcmc import methods
from gradproof.solvers.gaussian import Delay, critical, random_delay
from gradproof.solvers.gaussian.delay import companion
from gradproof.theory.evidence import Level
from gradproof.theory.sampling import stale_sgmcmc as paper

Array = Any


def chains(
    curvatures: np.ndarray,
    h: float,
    tau: int,
    steps: int,
    *,
    n: int,
    x0: float = 0.0,
    stream: str,
    seed: int = 0,
    backend: str = "numpy",
    sigma: float = 0.0,
    delays: int = 1,
    burn: int = 0,
) -> methods.State:
    """The states of n chains after some steps on independent Gaussian directions; arrays (n, d).

    ``delays`` > 1: the staleness is uniform on 0..delays - 1 (tau = delays - 1). ``burn``: steps before those, not in the totals.
    """
    on = array_library(backend)
    words = keys(stream, settings=[0], seeds=range(seed * 10**6, seed * 10**6 + n))
    lam, stream_keys = on.move((curvatures, words))
    first = on.asarray(np.full((1, n, len(curvatures)), x0))
    with on.scope():
        method = methods.stale(lambda x: lam * x, h, tau, sigma=sigma, random=delays > 1)
    draw: Callable[[Draws], methods.Draw] = methods.numbers(len(curvatures), noisy=sigma > 0, delays=delays)
    out = run(
        method, first, burn + steps, draw=lambda t: draw(Draws(stream_keys, t)), at=[burn, burn + steps],
        record={"history": lambda s: s.history, "total": lambda s: s.total, "squares": lambda s: s.squares},
    )  # fmt: skip
    history, total, squares = (out[k].values[0, :, [0, -1], ...] for k in ("history", "total", "squares"))
    return methods.State(history[-1], total[-1] - total[0], squares[-1] - squares[0])


def transient(law: Delay, steps: int, x0: float = 0.0) -> float:
    """How far E x^2 is from stationary after some steps from the constant history x0."""
    n = law.tau + 1
    A = np.linalg.matrix_power(companion(float(law.a), law.tau, n), steps)
    return float(abs((A @ (law.history.astype(float) - x0**2) @ A.T)[0, 0]))


@check(paper.VARIANCE, level=Level.EMPIRICAL)
def chains_on_the_line(ctx: Context) -> Iterator[Evidence]:
    """h lam = 0.1, tau = 3, with and without gradient noise: E x^2 of 10000 chains after 120 steps."""
    for sigma in (0.0, 3.0):
        law = Delay(1.0, 0.1, 3, sigma)
        end = chains(
            np.ones(1), 0.1, 3, 120, n=10_000, stream=f"line {sigma}", seed=ctx.seed, backend=ctx.backend, sigma=sigma
        )
        yield sample_mean(
            end.history[:, 0, 0] ** 2, ctx.claim.bound(lam=1.0, h=0.1, tau=3, sigma=sigma), tests=2,
            more=transient(law, 120), seed=ctx.seed, parameters={"h": 0.1, "tau": 3, "sigma": sigma},
        )  # fmt: skip


@lru_cache(maxsize=2)
def _directions() -> np.ndarray:
    """Eigenvalues of the posterior precision of linear regression on diabetes, scaled to a largest of one."""
    w = np.linalg.eigvalsh(diabetes()[1].H)
    return w / w[-1]


@check(paper.VARIANCE, level=Level.EMPIRICAL)
def posterior_of_diabetes(ctx: Context) -> Iterator[Evidence]:
    """The ten eigendirections of the posterior of diabetes, tau = 2, h = 0.4/lambda_max: E x^2 in each, 2000 chains."""
    lam = _directions()
    end = chains(lam, 0.4, 2, 150, n=2_000, stream="diabetes", seed=ctx.seed, backend=ctx.backend)
    for k, curvature in enumerate(lam):
        law = Delay(float(curvature), 0.4, 2)
        yield sample_mean(
            end.history[:, 0, k] ** 2, ctx.claim.bound(lam=float(curvature), h=0.4, tau=2, sigma=0), tests=len(lam),
            more=transient(law, 150), seed=ctx.seed, parameters={"lam": float(curvature), "tau": 2, "data": "diabetes"},
        )  # fmt: skip


@check(paper.INDEPENDENT, level=Level.EMPIRICAL)
def averages_of_chains(ctx: Context) -> Iterator[Evidence]:
    """h lam = 0.1, tau = 0 and 5, averages over 400 steps of 4000 chains from 0; the finite-L part is in the error."""
    L = 400
    for tau in (0, 5):
        law = Delay(1.0, 0.1, tau)
        end = chains(np.ones(1), 0.1, tau, L, n=4_000, stream=f"average {tau}", seed=ctx.seed, backend=ctx.backend)
        bound = ctx.claim.bound(lam=1.0, h=0.1)
        yield sample_mean(
            end.total[:, 0] ** 2 / L, bound, tests=2, more=abs(variance_from_zero(law, L) - float(bound)), seed=ctx.seed,
            parameters={"tau": tau, "L": L},
        )  # fmt: skip


def variance_from_zero(law: Delay, L: int) -> float:
    """(1/L) Var(x_1 + ... + x_L) for the chain from the history 0: sums of impulse responses."""
    impulse = [1.0]
    for k in range(1, L):
        impulse.append(impulse[-1] - float(law.a) * (impulse[k - 1 - law.tau] if k > law.tau else 0.0))
    return float(law.noise) * float((np.cumsum(impulse) ** 2).sum()) / L


@check(paper.TRANSIENT, level=Level.EMPIRICAL)
def sums_from_a_start(ctx: Context) -> Iterator[Evidence]:
    """h lam = 0.2, tau = 2, from 50: the sum of 100 points of 4000 chains (the start counted)."""
    end = chains(np.ones(1), 0.2, 2, 100, n=4_000, x0=50.0, stream="start", seed=ctx.seed, backend=ctx.backend)
    A = companion(0.2, 2, 3)
    left = np.linalg.solve(np.eye(3) - A, np.linalg.matrix_power(A, 101) @ np.full(3, 50.0))[0]
    bound = ctx.claim.bound(lam=1.0, h=0.2, tau=2, x0=50.0)
    yield sample_mean(
        end.total[:, 0] + 50.0, bound, more=abs(float(left)), seed=ctx.seed, parameters={"h": 0.2, "tau": 2, "x0": 50.0}
    )


@check(paper.SPEEDUP, level=Level.EMPIRICAL)
def parameter_server(ctx: Context) -> Iterator[Evidence]:
    """P = 1, 2, 4 workers in turn for 150 rounds, h lam = 0.2: R Var of the mean of 3000 runs from 0."""
    R = 150
    for P in (1, 2, 4):
        law = Delay(1.0, 0.2, P - 1)
        end = chains(np.ones(1), 0.2, P - 1, P * R, n=3_000, stream=f"server {P}", seed=ctx.seed, backend=ctx.backend)
        bound = ctx.claim.bound(lam=1.0, h=0.2, P=P)
        yield sample_mean(
            R * (end.total[:, 0] / (P * R)) ** 2, bound, tests=3, seed=ctx.seed, parameters={"P": P, "rounds": R},
            more=abs(variance_from_zero(law, P * R) / P - float(bound)),
        )  # fmt: skip


@check(paper.BIAS, level=Level.EMPIRICAL)
def uniform_staleness(ctx: Context) -> Iterator[Evidence]:
    """Staleness uniform on 0..4, h lam = 0.05: E x^2 beside fresh chains with the same noise, whose bias is known."""
    h, steps = 0.05, 120
    late, fresh = (
        chains(np.ones(1), h, tau, steps, n=10_000, stream="uniform", seed=ctx.seed, backend=ctx.backend, delays=delays)
        for tau, delays in ((4, 5), (0, 1))
    )
    bound = ctx.claim.bound(mean_tau=2.0)
    stationary = (float(random_delay(1.0, h, [0.2] * 5).matrix[0, 0]) - 1) / h
    x = (late.history[:, 0, 0] ** 2 - fresh.history[:, 0, 0] ** 2) / h + 1 / (2 - h)
    # higher orders of h, by the exact law; and what is left of the start, which fades as (1 - h)^(2 steps)
    more = abs(stationary - float(bound)) + (1 - h) ** (2 * steps) * 2 / h
    yield sample_mean(x, bound, more=more, seed=ctx.seed, parameters={"h": h})


@check(paper.INDEPENDENT, level=Level.EMPIRICAL, budget="full")
@check(paper.BIAS, level=Level.EMPIRICAL, budget="full")
def averages_for_six_delays(ctx: Context) -> Iterator[Evidence]:
    """tau = 0 to 20 at a quarter of the last threshold, averages of x and x^2 over 100 to 10^4 steps of 1000 stationary chains.

    Variances beside their exact finite-L values, and the mean of x^2 beside the claim's.
    """
    h, burn, replicas = round(float(critical(20)[0]) / 4, 6), 1500, 1000
    lengths, delays = (100, 1000, 10_000), (0, 1, 2, 5, 10, 20)
    tests = len(lengths) * len(delays) * 2
    for tau in delays:
        law = Delay(1.0, h, tau)
        for L in lengths:
            end = chains(
                np.ones(1),
                h,
                tau,
                L,
                n=replicas,
                stream=f"panel {tau} {L}",
                seed=ctx.seed,
                backend=ctx.backend,
                burn=burn,
            )
            where = {"tau": tau, "L": L, "h": h}
            left = transient(law, burn)
            if ctx.claim.id.split("~")[0] == paper.BIAS.id:
                bound = float(ctx.claim.bound(mean_tau=float(tau)))
                more = abs((float(law.variance) - 1) / h - bound) + left / h
                yield sample_mean(
                    (end.squares[:, 0] / L - 1) / h, bound, more=more, tests=tests, seed=ctx.seed, parameters=where
                )
                continue
            exact = L * float(law.average_variance(L))
            bound = float(ctx.claim.bound(lam=1.0, h=h))
            yield sample_mean(
                end.total[:, 0] ** 2 / L,
                bound,
                more=abs(exact - bound) + L * left,
                tests=tests,
                seed=ctx.seed,
                parameters=where,
            )
            spread = L * (end.squares[:, 0] / L - float(law.variance)) ** 2
            yield sample_mean(
                spread, L * float(law.average_variance(L, 2)), more=L * left, tests=tests, seed=ctx.seed, parameters=where,
                what="L Var of the average of x^2, beside 2 r_k^2 summed",
            )  # fmt: skip
