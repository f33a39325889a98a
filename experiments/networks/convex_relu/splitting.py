"""ADMM: the decrease of its potential by the kernel, residuals of runs, their limit, and their asymptotic rate."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from gradproof.experiments.engine.check import Context, Evidence, Undecided, certifier, check, control
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.networks.convex_relu.instances import PLANE, SPACE, Instance, cancer, program, solution
from gradproof.experiments.networks.convex_relu.methods import AdmmState, Splitting, admm, jacobian, residual, splitting
from gradproof.solvers.relu_program import Program, Solution, sample_patterns, train
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.networks import convex_relu
from gradproof.theory.proof import Proof
from gradproof.theory.symbolic import Identity


class Trace(NamedTuple):
    """Squared residuals after 1..N steps, the last state, and V_0 of the run's own limit."""

    squares: np.ndarray
    last: AdmmState
    V0: float


def trace(p: Splitting, steps: int) -> Trace:
    """One run from zero."""
    method = admm(p)
    state = method.init(np.zeros(2 * len(p.S) * p.X.shape[1]))
    squares = []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            state = method.step(state, None)
            squares.append(float(residual(p, state)))
        V0 = sum(float((x * x).sum()) for x in (state.v, state.s, state.lam, state.nu))
    return Trace(np.array(squares), state, V0)


@cache
def small(instance: Instance, beta: float, steps: int, gamma: float = 1.0) -> Trace:
    """A run on one of the small instances."""
    return trace(splitting(program(instance, beta), gamma=gamma), steps)


@check(convex_relu.ADMM, level=Level.SYMBOLIC)
def potential_decreases(ctx: Context) -> Iterator[Evidence]:
    """The kernel accepts V+ + squared residual + squared change <= V for any convex f and g; N steps of it give V_0/N."""
    yield convex_relu.admm_decrease()
    V0, N = ctx.claim.parameter("V0").symbol, ctx.claim.parameter("N").symbol
    yield Identity(ctx.claim.expression * N - V0, "the sum over N steps is at most V_0")


@certifier(convex_relu.ADMM)
def certificate(**values: object) -> Proof:
    """The same proof for all parameters."""
    return convex_relu.admm_decrease()


def _residuals(ctx: Context, found: Trace, **where: object) -> Iterator[Evidence]:
    steps = len(found.squares)
    if not found.squares[-1] < 1e-12 * found.V0:
        yield Undecided(f"no limit within {steps} steps, so V_0 is not known: residual {found.squares[-1]:.1e}")
        return
    best = np.minimum.accumulate(found.squares)
    for N in (1, 10, 100, steps // 2):
        yield Measurement(
            measured=float(best[N - 1]),
            bound=ctx.claim.bound(V0=found.V0, N=N),
            # the limit is known to the last residual, V_0 to twice the product of its root with that
            error=1e-10 * found.V0,
            error_source="distance to the limit",
            parameters={**where, "N": N},
            n=steps,
        )


@check(convex_relu.ADMM, level=Level.EMPIRICAL)
def residuals_on_small_instances(ctx: Context) -> Iterator[Evidence]:
    """A and B, three weight decays: the least squared residual after 1, 10, 100 and half of all steps, against V_0/N."""
    for instance, beta, steps in ((PLANE, 0.5, 1500), (PLANE, 0.1, 1500), (SPACE, 2.0, 1500)):
        yield from _residuals(ctx, small(instance, beta, steps), instance=instance.name, beta=beta)


@check(convex_relu.ADMM, level=Level.EMPIRICAL)
def the_limit_is_optimal(ctx: Context) -> Iterator[Evidence]:
    """A, beta = 0.5: after 1500 steps the objective at v is the certified optimum; residual 1e-9 after about 530."""
    problem, found = program(PLANE, 0.5), solution(PLANE, 0.5)
    run_ = small(PLANE, 0.5, 1500)
    yield Measurement(
        measured=problem.objective(run_.last.v),
        bound=found.lower,
        relation=Relation.EQ,
        what="objective at the limit",
        error=found.upper - found.lower + 1e-10,
        error_source="solver gap",
    )


@check(convex_relu.ADMM, level=Level.EMPIRICAL)
def asymptotic_rate(ctx: Context) -> Iterator[Evidence]:
    """A, beta = 0.1: the slope of the residual is the largest eigenvalue below one of the Jacobian at the (regular) limit."""
    p = splitting(program(PLANE, 0.1))
    found = small(PLANE, 0.1, 1500)
    logs = np.log(found.squares) / 2

    def slope(low: int, high: int) -> float:
        return float(np.exp(np.polyfit(np.arange(low, high), logs[low:high], 1)[0]))

    moduli = np.abs(np.linalg.eigvals(jacobian(p, found.last)))
    late = slope(600, 780)
    yield Measurement(
        measured=late,
        # 1e-6 below one: eigenvalues at one belong to optima that are not unique
        bound=float(moduli[moduli < 1 - 1e-6].max()),
        relation=Relation.EQ,
        what="fitted rate",
        error=abs(late - slope(500, 700)),
        error_source="drift of the slope from one window to the next",
        n=180,
    )


def saddle_size(p: Splitting, problem: Program, found: Solution) -> float:
    """||w*||^2 + ||mu*||^2 of the interior-point solution: w* = (x, Gx), scaled multipliers -z/rho and -lam/rho."""
    x, lam = found.blocks, found.multipliers
    z = -problem.transpose(found.nu) - (problem.signs * lam) @ problem.X
    s = problem.signs * (x @ problem.X.T)
    return float((x * x).sum() + (s * s).sum() + ((z * z).sum() + (lam * lam).sum()) / p.rho**2)


@check(convex_relu.ADMM, level=Level.EMPIRICAL)
def sampled_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """Breast cancer, 60 points, 120 sampled patterns, three penalties: residuals of each run against V_0/N."""
    X, y = cancer(60)
    problem = Program(X, y, 0.5, sample_patterns(X, 120, ctx.rng()))
    found = train(problem, gap=1e-6)
    steps = 3000 if ctx.at_least("full") else 100
    for rho in (0.1, 0.5, 2.0):
        p = splitting(problem, rho)
        x0 = start(np.zeros(2 * len(p.S) * X.shape[1]))
        data = run(admm(p), x0, steps, record={"square": lambda q, p=p: residual(p, q)})  # type: ignore[misc]
        best = np.minimum.accumulate(data.square.values[0, 0, 1:])
        for N in (10, steps):
            bound = ctx.claim.bound(V0=saddle_size(p, problem, found), N=N)
            yield Measurement(
                measured=float(best[N - 1]),
                bound=bound,
                # the objective is quadratic in the distance to a saddle point, which is thus known to about sqrt(gap)
                error=2e-3 * bound,
                error_source="solver gap",
                parameters={"rho": rho, "N": N},
                n=N,
            )


@control(convex_relu.ADMM, drops="full_dual_step")
def multipliers_that_overshoot(ctx: Context) -> Iterator[Evidence]:
    """A, beta = 0.5, dual step 2 instead of 1: the residual does not tend to zero."""
    reference = small(PLANE, 0.5, 1500)
    wild = small(PLANE, 0.5, 2000, gamma=2.0)
    bound = ctx.claim.bound(V0=reference.V0, N=2000)
    yield Measurement(measured=float(wild.squares.min()), bound=bound, parameters={"gamma": 2}, n=2000)


@control(convex_relu.ADMM, drops="the constant: twice the decrease")
def twice_the_decrease(ctx: Context) -> Iterator[Evidence]:
    """The kernel refuses the same proof for twice the squares."""
    yield convex_relu.admm_decrease(kept=2)
