"""ADMM: squared residuals of runs against the distance of the start to a saddle point."""

from __future__ import annotations

from functools import cache

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.measure import around, cases, measure, without
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.networks.convex_relu.instances import PLANE, SPACE, Instance, cancer, patterns, program
from gradproof.experiments.networks.convex_relu.methods import admm, residual, splitting
from gradproof.solvers.relu_program import Patterns, Program, Solution, sample_patterns, train
from gradproof.theory.networks import convex_relu


@cache
def sampled(data: Instance) -> Patterns:
    """120 patterns, always the same."""
    return sample_patterns(data.X, 120, np.random.default_rng(0))


@cache
def solved(data: Instance, beta: float, over) -> tuple[Program, Solution]:
    """A program and its solution."""
    p = program(data, beta, over(data))
    return p, train(p, gap=1e-8)


def saddle(p: Program, found: Solution, rho: float) -> tuple[float, float]:
    """V_0 of a nearly saddle point, and what it may lack of a saddle point in V a step: 2 gap/rho.

    Its w is (x, Gx), its scaled multipliers are -z/rho and -lam/rho, shortened until ||z|| <= beta; the gap is between the value
    at x and the dual value there (docs/derivations/convex_relu.md, section 6).
    """
    x = found.blocks
    s = p.signs * (x @ p.X.T)
    z = -p.transpose(found.nu) - (p.signs * found.multipliers) @ p.X
    t = min(1.0, p.beta / float(np.linalg.norm(z, axis=2).max()) * (1 - 1e-13))
    nu = t * found.nu
    gap = found.upper - float(nu @ p.y - nu @ nu / 2)
    mu2 = t * t * float((z * z).sum() + (found.multipliers**2).sum()) / rho**2
    return float((x * x).sum() + (s * s).sum()) + mu2, 2 * max(gap, 0.0) / rho


@cache
def squares(data: Instance, beta: float, over, rho: float, gamma: float, steps: int, library: str) -> np.ndarray:
    """Squared residuals after 1..steps steps from zero."""
    p, on = splitting(solved(data, beta, over)[0], rho, gamma), array_library(library)
    x0 = start(np.zeros(2 * len(p.S) * p.X.shape[1]))
    p = on.move(p)
    return run(admm(p), on.move(x0), steps, record={"square": lambda q: residual(p, q)}).square.values[0, 0, 1:]


def least_residual(instance, beta, over, rho, gamma, N, backend):
    r"""The least squared residual of $N$ steps from zero, on A, B, and breast cancer (60 points, 120 sampled patterns)."""
    p, found = solved(instance, beta, over)
    V0, lack = saddle(p, found, rho)
    steps = max(N, 1500) if len(p.y) < 12 else N
    measured = float(squares(instance, beta, over, rho, gamma, steps, backend)[:N].min())
    # the step does not expand distances, so roundings add up, some hundred of them a step
    return around(measured, lack + N * 1e-13 * V0, "solver gap"), {"V0": V0}


measure(
    convex_relu.ADMM,
    (
        cases(
            run=[{"instance": PLANE, "beta": 0.5}, {"instance": PLANE, "beta": 0.1}, {"instance": SPACE, "beta": 2.0}],
            over=[patterns], rho=0.5, gamma=1.0, N=[1, 2, 10, 100, 750],
        )
        + cases(instance=[cancer(60)], beta=0.5, over=[sampled], rho=[0.1, 0.5, 2.0], gamma=1.0, N=[1, 10, 100])
    ).guaranteeing("full_dual_step"),
)(least_residual)  # fmt: skip
measure(
    convex_relu.ADMM,
    cases(instance=[cancer(60)], beta=0.5, over=[sampled], rho=[0.1, 0.5, 2.0], gamma=1.0, N=3000).guaranteeing("full_dual_step"),
    budget="full", name="least_residual_of_3000_steps",
)(least_residual)  # fmt: skip
# multipliers that overshoot: the residual stalls at 0.86
without(
    convex_relu.ADMM, "full_dual_step", least_residual,
    cases(instance=[PLANE], beta=0.5, over=[patterns], rho=0.5, gamma=2.0, N=2000),
)  # fmt: skip
