"""Sampled patterns, over all samples on tiny instances and by repetition; and the squared residuals of ADMM."""

from functools import cache

import numpy as np

import gradproof.solvers.relu_program as relu
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure, without
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.networks.convex_relu.instances import PLANE, SPACE, TINY, Instance, cancer, patterns, program
from gradproof.experiments.networks.convex_relu.methods import admm, residual, splitting
from gradproof.theory.networks import convex_relu as paper

DECAY, GAUSSIAN = "weight_decay_positive", "gaussian_pattern_sampling"

# --- sampled patterns, exactly -----------------------------------------------------------------------------------------


def gaussian(data: Instance) -> np.ndarray:
    """Probabilities of the patterns under Gaussian directions."""
    return relu.plane_probabilities(data.X, patterns(data))


def one_cell(data: Instance) -> np.ndarray:
    """The same pattern always."""
    return np.eye(len(patterns(data)))[0]


@cache
def left_to_gain(data: Instance, beta: float):
    return relu.left_to_gain(program(data, beta), gaussian(data))


tiny = cases(instance=TINY, beta=[0.1, 0.5], P_s=[1, 2, 3, 5, 8, 12])


@measure(paper.SAMPLED_PATTERNS, tiny.guaranteeing(DECAY, GAUSSIAN))
def all_samples(instance, beta, P_s):
    """One and two points in the plane: the mean violation probability over all samples of 1 to 12 patterns, listed."""
    mean = relu.mean_over_samples(left_to_gain(instance, beta), gaussian(instance), P_s)
    return Enclosed(*mean, "solver gap"), {"n": len(instance.y)}


def more_than_xi_left(instance, P_s, xi, drawn):
    r"""One and two points in the plane: the exact probability that more than $\xi$ is left to gain."""
    mean = relu.mean_over_samples(left_to_gain(instance, 0.1), drawn(instance), P_s, lambda left: left > xi)
    return Enclosed(*mean, "solver gap"), {"n": len(instance.y)}


def sizes(*rows, drawn=gaussian):
    """Instance, P_s, xi and psi; of each the least size that the assumption allows uses most of the allowance."""
    named = [{"instance": TINY[k], "P_s": P_s, "xi": xi, "psi": psi} for k, P_s, xi, psi in rows]
    return cases(size=named, drawn=[drawn])


enough = sizes((0, 11, 0.5, 0.5), (0, 15, 0.5, 0.5), (1, 4, 0.499, 0.802), (2, 8, 0.352, 0.947))
measure(paper.SAMPLE_SIZE, enough.guaranteeing(DECAY, GAUSSIAN))(more_than_xi_left)
few = sizes((0, 1, 0.1, 0.1), (1, 1, 0.4, 0.4), (2, 2, 0.3, 0.3)).guaranteeing(DECAY, GAUSSIAN)
without(paper.SAMPLE_SIZE, "enough_samples", more_than_xi_left, few)
always_the_same = sizes((0, 15, 0.2, 0.99), (2, 8, 0.352, 0.947), drawn=one_cell).guaranteeing(DECAY)
without(paper.SAMPLE_SIZE, GAUSSIAN, more_than_xi_left, always_the_same)

# --- sampled patterns, by repetition -----------------------------------------------------------------------------------


def from_a_corner(X, count, rng):
    """Patterns of directions within a narrow cone."""
    every = patterns(SPACE)
    U = every.U[0] / np.linalg.norm(every.U[0]) + 1e-3 * rng.standard_normal((count, 3))
    S = (U @ np.array(X, float).T > 0).astype(float)
    first = np.unique(S, axis=0, return_index=True)[1]
    return relu.Patterns(S[first], U[first])


repeated = cases(instance=[SPACE], P_s=[8, 16, 32], draw=[relu.sample_patterns])


@measure(paper.SAMPLED_PATTERNS, repeated.guaranteeing(DECAY, GAUSSIAN))
def repetitions(instance, P_s, draw, rng, budget):
    """B, weight decay 0.1, 16 samples (60 when full): the share of 4000 fresh directions that surely help, about .27, .08, .06.

    What is not decided does not help: the expectation is at most the quantity, and what is refuted was too small.
    """
    every, bits, shares = program(instance, 0.1), 1 << np.arange(len(instance.y)), []
    for _ in range(60 if budget != "quick" else 16):
        sampled = draw(instance.X, P_s, rng)
        surely, _ = relu.helpful(every, sampled, relu.train(program(instance, 0.1, sampled), gap=1e-9))
        fresh = (rng.standard_normal((4000, every.X.shape[1])) @ every.X.T > 0) @ bits
        shares.append(float(np.isin(fresh, (every.S @ bits)[surely]).mean()))
    return Sample(shares), {"n": len(instance.y)}


narrow = cases(instance=[SPACE], P_s=32, draw=[from_a_corner])
breaking(paper.SAMPLED_PATTERNS, GAUSSIAN, repetitions, narrow)

# --- ADMM --------------------------------------------------------------------------------------------------------------


@cache
def sampled(data: Instance) -> relu.Patterns:
    """120 patterns, always the same."""
    return relu.sample_patterns(data.X, 120, np.random.default_rng(0))


@cache
def squares(data: Instance, beta: float, over, rho: float, gamma: float, steps: int, library: str) -> np.ndarray:
    """Squared residuals after 1..steps steps from zero."""
    on = array_library(library)
    p = splitting(program(data, beta, over(data)), rho, gamma)
    x0 = start(np.zeros(2 * len(p.S) * p.X.shape[1]))
    method, p = admm(on.move(p)), on.move(p)
    return run(method, on.move(x0), steps, record={"square": lambda q: residual(p, q)}).square.values[0, 0, 1:]


def least_residual(instance, beta, over, rho, gamma, N, backend):
    r"""The least squared residual of $N$ steps from zero, on A, B, and breast cancer (60 points, 120 sampled patterns)."""
    p = program(instance, beta, over(instance))
    V0, lack = relu.saddle(p, relu.train(p, gap=1e-8), rho)
    steps = max(N, 750) if over is patterns else N  # one run of the small instances for all N
    measured = float(squares(instance, beta, over, rho, gamma, steps, backend)[:N].min())
    # the step does not expand distances, so roundings add up, some hundred of them a step
    return around(measured, lack + N * 1e-13 * V0, "solver gap"), {"V0": V0}


SMALL = [{"instance": PLANE, "beta": 0.5}, {"instance": PLANE, "beta": 0.1}, {"instance": SPACE, "beta": 2.0}]
small = cases(data=SMALL, over=[patterns], rho=0.5, gamma=1.0, N=[1, 2, 10, 100, 750])
real = cases(instance=cancer(60), beta=0.5, over=[sampled], rho=[0.1, 0.5, 2.0], gamma=1.0, N=[1, 10, 100])
long = cases(instance=cancer(60), beta=0.5, over=[sampled], rho=[0.1, 0.5, 2.0], gamma=1.0, N=[1, 10, 3000])
overshooting = cases(instance=PLANE, beta=0.5, over=[patterns], rho=0.5, gamma=2.0, N=2000)  # stalls at 0.86
measure(paper.ADMM, (small + real).guaranteeing("full_dual_step"))(least_residual)
measure(paper.ADMM, long.guaranteeing("full_dual_step"), budget="full", name="up_to_3000_steps")(least_residual)
without(paper.ADMM, "full_dual_step", least_residual, overshooting)
