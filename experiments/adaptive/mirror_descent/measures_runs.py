"""Runs of dual averaging: the polar example, linear programs on the simplex, the projection beside the softmax."""

from typing import Any

import numpy as np

# isort: off
from gradproof.experiments.adaptive.mirror_descent.methods import (
    mirror_descent, polar, projection_ball, projection_simplex, softmax, vertex_margin,
)  # fmt: skip
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.draws import Draws, ahead
from gradproof.experiments.engine.measure import Sample, cases, measure, rounded
from gradproof.experiments.engine.run import run
from gradproof.experiments.instances.data import pixels
from gradproof.theory.adaptive import mirror_descent as paper
# isort: on

COSTS = (0.0, 0.5, 1.0, 1.5)
SCALE, SD = 0.3, 0.5  # of the polar runs: alpha_n = SCALE n^-3/4, and noise of this standard deviation
#: |grad g|^2 on the unit disc: r(10/3 - 3r) <= 25/27 times 5, and r(5/3 - r) <= 25/36 times 8
POLAR_V2 = (5 * 25 / 27) ** 2 + (8 * 25 / 36) ** 2 + 2 * SD**2


def noise(words: Any, d: int, scale: float) -> Any:
    """Independent normal numbers, d a step."""
    return ahead(words, lambda draws: scale * draws.normal((d,)), block=64)


def on_a_circle(seeds: int, words: Any) -> np.ndarray:
    """Y_1 of norm 2 at random angles: (1, seeds, 2). Step numbers of the runs begin at 0, so this one is far ahead."""
    angle = 2 * np.pi * np.asarray(Draws(words, 10**9).uniform((1,)))
    return 2 * np.concatenate([np.cos(angle), np.sin(angle)], axis=-1)


def polar_runs(keys: Any, backend: str, steps: int, seeds: int, at: Any) -> Any:
    """x and the weighted gaps of runs on the polar example."""
    on, words = array_library(backend), keys(settings=["polar"], seeds=seeds)
    method = mirror_descent(projection_ball, polar, SCALE, 0.75, on.asarray(np.zeros(2)))
    record = {"x": lambda s: s.x, "gaps": lambda s: s.gaps[..., 0]}
    draw = noise(on.asarray(words), 2, SD)
    return run(method, on.asarray(on_a_circle(seeds, words)), steps, record=record, draw=draw, at=at)


def powers(n: int, power: float = 0.75) -> np.ndarray:
    return np.arange(1, n + 1) ** -power


# --- the polar example ----------------------------------------------------------------------------------------------------

RUN = ("mirror_map", "strongly_convex", "dual_norm", "dual_averaging", "unbiased", "bounded_moment")


@measure(paper.ERGODIC, cases(steps=[200]).guaranteeing(*RUN))
def gaps_of_polar_runs(steps, keys, backend):
    """The weighted gaps on the polar example from |Y_1| = 2, where the coupling with 0 is 3/2; rounding is far below the noise."""
    out = polar_runs(keys, backend, steps, 60, [10, 100, steps])
    for n in (10, 100, steps):
        B = SCALE**2 * float((powers(n) ** 2).sum())
        yield Sample(out.gaps.sel(step=n).values, bias=1e-9), {"F1": 1.5, "K": 1, "V": POLAR_V2**0.5, "B_n": B}


def densities(width: float = 8.0) -> np.ndarray:
    """Ten Gaussians of this variance around the mean images, at 1797 digits, each row up to a factor."""
    X, y = pixels()
    far = np.stack([((X - X[y == k].mean(0)) ** 2).sum(-1) for k in range(10)], axis=-1)
    return np.exp((far.min(-1, keepdims=True) - far) / (2 * width))


@measure(paper.ERGODIC, cases(steps=[40]).guaranteeing(*RUN))
def gaps_on_digits(steps, rng):
    """Mixture weights of ten digits by the softmax, a digit a step: gaps of the log-likelihood to its maximum."""
    p, chains = densities(), 20
    best = np.full(10, 0.1)
    for _ in range(100):
        best = best * (p / (p @ best)[:, None]).mean(0)
    best = best / best.sum()
    slack = (p / (p @ best)[:, None]).mean(0).max() - 1  # no weights are better by more
    V, y, total, alpha = (
        float((p.max(-1) / p.min(-1)).max()),
        np.zeros((chains, 10)),
        np.zeros(chains),
        0.3 * powers(steps),
    )
    for a in alpha:
        x = softmax(y)
        seen = x @ p.T
        total += a * ((best - x) * (1 / seen @ p) / len(p)).sum(-1)
        row = rng.integers(len(p), size=chains)
        y = y + a * p[row] / seen[np.arange(chains), row][:, None]
    at = {"F1": float(np.log(10) + (best * np.log(best)).sum()), "K": 1, "V": V, "B_n": float((alpha**2).sum())}
    yield Sample(total, at_least=-float(alpha.sum() * slack) - 1e-9, bias=1e-9), at


THEOREM = ("compact", "coherent", "divergent_steps", "square_summable_steps", "long_run")


@measure(paper.ALMOST_SURE, cases(steps=[4000]).guaranteeing(*THEOREM))
def last_iterate_of_polar_runs(steps, keys, backend):
    """|X_n| on the polar example."""
    out = polar_runs(keys, backend, steps, 100, [steps])
    return Sample(np.linalg.norm(out.x.values[0, :, -1], axis=-1), at_most=1.0 + 1e-12, bias=1e-9)


def on_a_line(slope, alpha, start, steps, spread, rng):
    """|X_n| on [-1, 1] with x_* = 0, a run or many with fair coins of this spread: up to 1e-9 in floats."""
    y = np.full(200 if spread else 1, float(start))
    for n in range(1, steps + 1):
        x = np.clip(y, -1, 1)
        y = y - alpha(n) * (slope(x) + (spread * rng.choice([-1.0, 1.0], y.size) if spread else 0))
    x = np.abs(np.clip(y, -1, 1))
    return Sample(x, at_most=1.0, bias=1e-9) if spread else rounded(float(x[0]), 10**6, 1.0)


def hill(x):
    """The slope of x (1 - x) + x/10, which has a second minimum at 1."""
    return np.where(x >= 0, 1.1 - 2 * x, 1.1)


ALONE = {"steps": [4000], "spread": [0.0], "start": [1.0]}
CHAINS = {
    "coherent": cases(**ALONE | {"start": [0.8]}, slope={"hill": hill}, alpha={"1/n": lambda n: 1 / n}),
    "divergent_steps": cases(**ALONE, slope={"x": lambda x: x}, alpha={"(n+1)^-2": lambda n: (n + 1) ** -2.0}),
    "square_summable_steps": cases(**ALONE | {"spread": [0.5]}, slope={"x": lambda x: x}, alpha={"1/2": lambda n: 0.5}),
}
for _name, _where in CHAINS.items():
    breaking(paper.ALMOST_SURE, _name, on_a_line, _where)

# --- linear programs on the simplex -----------------------------------------------------------------------------------------

#: dimension, steps, runs
SIZES = {"quick": (4, 100, 100), "full": (4, 400, 2000), "gpu": (10_000, 400, 1000)}


def program_runs(keys, backend, costs, sd, steps, seeds, at, mirror=projection_simplex):
    """The margin of Y_n, (seed, step), and X_n from 0 with alpha_n = n^-3/4."""
    on, words = array_library(backend), keys(settings=[len(costs)], seeds=seeds)
    cost = on.asarray(np.asarray(costs, float))
    method = mirror_descent(mirror, lambda x: x * 0 + cost, 1.0, 0.75, on.asarray(np.eye(len(costs))[0]))
    record = {"margin": lambda s: vertex_margin(s.y)[..., 0], "x": lambda s: s.x}
    draw = noise(on.asarray(words), len(costs), sd) if sd else None
    return run(method, on.asarray(np.zeros((1, seeds, len(costs)))), steps, record=record, draw=draw, at=at).isel(
        setting=0
    )


def costs_of(d: int) -> np.ndarray:
    return np.asarray(COSTS) if d == len(COSTS) else np.concatenate([[0.0], np.linspace(0.5, 1.5, d - 1)])


def chances(costs: Any, sd: float, steps: int) -> np.ndarray:
    """``sum_j exp(-(gap_j A_n - 1)_+^2/(4 sd^2 B_n))`` for n = 1, ..., steps."""
    A, B = np.cumsum(powers(steps)), np.cumsum(powers(steps) ** 2)
    far = np.maximum(np.outer(A, np.asarray(costs)[1:]) - 1, 0) ** 2
    return np.exp(-far / (4 * sd**2 * B[:, None])).sum(-1)


GAUSSIAN = ("euclidean_simplex", "dual_averaging", "linear_program", "gaussian_noise")
AWAY = cases(sd=[0.25])


def off_the_vertex(sd, keys, backend, budget):
    """P(X_{n+1} != e_1) by the normal-cone test, for several n."""
    d, steps, seeds = SIZES[budget]
    costs, at = costs_of(d), [5, 10, 20]
    out = program_runs(keys, backend, costs, sd, steps, seeds, at)
    for n in at:
        alpha = powers(n)
        where = {"gaps": tuple(costs[1:]), "s": sd, "A_n": float(alpha.sum()), "B_n": float((alpha**2).sum())}
        yield Sample(out.margin.sel(step=n).values < 1, at_most=1.0), where


measure(paper.FINITE_SIMPLEX, AWAY.guaranteeing(*GAUSSIAN))(off_the_vertex)
measure(paper.FINITE_SIMPLEX, AWAY.guaranteeing(*GAUSSIAN), budget="gpu", name="off_a_vertex_of_many")(off_the_vertex)


def leaves(m, sd, keys, backend, budget, optimistic=1.0):
    """The chance that one of X_{m+1}, ..., X_{n+1} is not the vertex; ``optimistic``: factor of the gaps in the bounds."""
    d, steps, seeds = SIZES[budget]
    costs = costs_of(d)
    out = program_runs(keys, backend, costs, sd, steps, seeds, range(m, steps + 1))
    left = (out.margin.values < 1).any(axis=-1)
    return Sample(left, at_most=1.0), {"tail": float(chances(optimistic * costs, sd, steps)[m - 1 :].sum())}


measure(paper.FINITE_TIME, cases(m=[4, 8], sd=[0.25]).guaranteeing("each_step"))(leaves)
measure(
    paper.FINITE_TIME,
    cases(m=[10, 30], sd=[0.25, 0.5]).guaranteeing("each_step"),
    budget="full",
    name="leaves_of_many_runs",
)(leaves)
breaking(paper.FINITE_TIME, "each_step", leaves, cases(m=[3], sd=[0.25], optimistic=[4.0]))


@measure(paper.NOISELESS_ENTROPY, cases(steps=[100]).guaranteeing("entropic_simplex", "linear_program", "noiseless"))
def first_weight_of_runs(steps, keys, backend):
    """X_{n,1} of the softmax in floats: exponents of at most 20 carry the rounding of n sums."""
    at = [1, 10, steps]
    out = program_runs(keys, backend, COSTS, 0.0, steps, 1, at, softmax)
    for n in at:
        value = float(out.x.sel(step=n).values[0, 0])
        yield rounded(value, 100 * (n + 20), 1.0), {"gaps": COSTS[1:], "A": float(powers(n).sum())}
