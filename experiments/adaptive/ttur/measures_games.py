"""Linear games in rationals, the toy saddle, and runs with two time scales."""

from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

# isort: off
from gradproof.experiments.adaptive.ttur.instances import (
    LINES, PLANES, Block, Floats, images, principal, statistics, table,
)  # fmt: skip
from gradproof.experiments.adaptive.ttur.methods import (
    generated, linear_game, parameters, ring, rows_of, small_gan, toy, two_time_scales,
)  # fmt: skip
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.draws import Draws, ahead
from gradproof.experiments.engine.measure import Bracket, Sample, around, cases, measure
from gradproof.experiments.engine.run import run, start
from gradproof.solvers import gaussian, hurwitz, jury
from gradproof.theory.adaptive import ttur as paper
from gradproof.theory.errors import DomainError
# isort: on

# --- the linear game, exactly ------------------------------------------------------------------------------------------


def game(p: F, q: F, r: F, s: F, eps: F = F(1)) -> Any:
    return table([[eps * p, eps * q], [r, -s]])


GAMES = [
    {"p": F(2), "q": F(-3), "r": F(1), "s": F(1)}, {"p": F(1, 2), "q": F(-1), "r": F(2), "s": F(3)},
    {"p": F(3), "q": F(-8), "r": F(1), "s": F(2)}, {"p": F(1, 3), "q": F(-5), "r": F(1, 2), "s": F(4)},
]  # fmt: skip
CALM = [{"p": F(-1), "q": F(2), "r": F(1, 4), "s": F(1)}, {"p": F(0), "q": F(-1), "r": F(1), "s": F(1, 2)}]


def stable(p: F, q: F, r: F, s: F) -> bool:
    return p * s + q * r < 0


@measure(
    paper.LYAPUNOV,
    cases(game=GAMES + CALM, eps=[F(1), F(1, 5)], z=[(1, 0), (0, 1), (2, -3)])
    .where(stable)
    .guaranteeing("linear_game"),
)
def slope_of_v(p, q, r, s, eps, z, cubic=0, plain=False):
    r"""$V'/|z|^2$ along the flow; ``cubic``: of a player with a cubic term besides; ``plain``: of $|z|^2$ in the place of V."""
    A, z = game(p, q, r, s, eps), table(z)
    adjoint = table([[A[1, 1], -A[0, 1]], [-A[1, 0], A[0, 0]]])
    P = table([[1, 0], [0, 1]]) + (0 if plain else adjoint.T @ adjoint / (A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0]))
    moved = A @ z + table([cubic * z[0] ** 3, 0])
    return F(2 * (z @ P @ moved) / (z @ z))


breaking(paper.LYAPUNOV, "linear_game", slope_of_v, game=GAMES[:1], eps=[F(1, 5)], z=[(1, 0)], cubic=1)
replacing(
    paper.LYAPUNOV,
    "the squared norm in the place of V",
    slope_of_v,
    game=GAMES[:1],
    eps=[F(1, 5)],
    z=[(1, 0)],
    plain=True,
)


@measure(paper.THRESHOLD, cases(game=GAMES).where(stable).guaranteeing("linear_game"))
def first_unstable_ratio(p, q, r, s, share=1):
    """The ratio at which the flow of the game ceases to be stable, by Routh and Hurwitz; 0 if it never is."""
    try:
        found = hurwitz.first_instability(lambda eps: game(p, q, r, share * s, eps).tolist())
    except DomainError:
        return Bracket(F(0), F(0))
    return Bracket(*found) if found else Bracket(F(10) ** 9, F(10) ** 9)


breaking(paper.THRESHOLD, "schur", first_unstable_ratio, game=[{"p": F(2), "q": F(-1), "r": F(1), "s": F(1)}])
breaking(paper.THRESHOLD, "linear_game", first_unstable_ratio, game=GAMES[:1], share=F(1, 2))

SPIRAL = [
    {"p": F(2), "q": F(-3), "r": F(1), "s": F(1), "eps": F(1, 5)}, {"p": F(-1), "q": F(-4), "r": F(1), "s": F(1),
    "eps": F(1)},
    {"p": F(1, 2), "q": F(-8), "r": F(2), "s": F(3), "eps": F(1, 2)},
]  # fmt: skip


@measure(paper.DISCRETE, cases(game=SPIRAL).guaranteeing("linear_game"))
def largest_fast_step(p, q, r, s, eps, share=1):
    """Where I + b A ceases to be stable, by Jury's test; the test's ends double until it is not. ``share``: of q, what there is."""

    def of(b: F) -> list[F]:
        return hurwitz.characteristic((table([[1, 0], [0, 1]]) + b * game(p, share * q, r, s, eps)).tolist())

    low = F(1, 1000)
    if not jury.is_stable(of(low)):
        return Bracket(F(0), low)
    high = 2 * low
    while jury.is_stable(of(high)):
        low, high = high, 2 * high
    return Bracket(*jury.stability_boundary(of, low, high, width=low / 10**6))


breaking(paper.DISCRETE, "linear_game", largest_fast_step, game=SPIRAL[:1], share=2)
breaking(paper.DISCRETE, "ratio", largest_fast_step, game=[{"p": F(2), "q": F(-20), "r": F(1), "s": F(1), "eps": F(1)}])
breaking(
    paper.DISCRETE, "spirals", largest_fast_step, game=[{"p": F(-3), "q": F(1), "r": F(1), "s": F(1), "eps": F(1)}]
)


def two_steps(a: F, b: F, p: F, q: F, r: F, s: F) -> Any:
    return table([[1 + a * p, a * q], [b * r, 1 - b * s]])


NOISY = [
    GAMES[0] | {"a": F(1, 50), "b": F(1, 10)},
    CALM[0] | {"a": F(1, 10), "b": F(1, 2)},
    SPIRAL[2] | {"a": F(1, 10), "b": F(1, 5)},
]


@measure(paper.STATIONARY, cases(game=NOISY, sigma2=[F(1), F(1, 4)]).guaranteeing("linear_game", "white_noise"))
def stationary_form(a, b, p, q, r, s, sigma2, shared=0, steps=0):
    """E Q of the stationary law, by its linear equation; ``shared``: correlation of the noise; ``steps``: after so many, from 0."""
    M = two_steps(a, b, p, q, r, s)
    noise = sigma2 * table([[a * a, shared * a * b], [shared * a * b, b * b]])
    X = table([[0, 0], [0, 0]])
    for _ in range(steps):
        X = M @ X @ M.T + noise
    if not steps:
        X = gaussian.stationary(gaussian.moments.random_matrices([F(1)], [M]), noise).matrix
    return F(X[0, 0] - (a * p + b * s) / (b * r) * X[0, 1] - a * q / (b * r) * X[1, 1])


CARD = {"sigma2": [F(1)], "game": NOISY[:1]}
breaking(paper.STATIONARY, "white_noise", stationary_form, **CARD, shared=F(1, 2))
breaking(
    paper.STATIONARY,
    "contracts",
    stationary_form,
    sigma2=[F(1)],
    game=[GAMES[0] | {"a": F(1, 10), "b": F(1, 10)}],
    steps=60,
)
FLIPPED = {"p": F(-1), "q": F(0), "r": F(1), "s": F(3), "a": F(1, 10), "b": F(1)}
breaking(paper.STATIONARY, "small_steps", stationary_form, sigma2=[F(1)], game=[FLIPPED], steps=60)

# --- several dimensions --------------------------------------------------------------------------------------------------

BLOCK = ("block_game", "stable_parts", "coupling")


def fall_of_w(block: Block, eps: F, directions: Any = None, more: dict[str, Any] | None = None) -> Any:
    """-W'/|v|^2 on the flow: on a line at the worst point, in the plane at several; ``more``: bounds that are said to hold."""
    known = block.bounds | (more or {}) | {"eps": eps}
    for theta, v in directions or [((block.bounds["beta1"],), (block.bounds["alpha1"],))]:
        slope, size = block.fall(eps, theta, v)
        yield F(-slope / size), known


PLANE_POINTS = [((1, 0), (1, 0)), ((0, 1), (2, -1)), ((3, 1), (1, 1)), ((-1, 2), (1, 0)), ((6, -8), (5, 0))]
measure(paper.BLOCK_DECAY, cases(block=LINES, eps=[F(1), F(1, 10), F(3)]).guaranteeing(*BLOCK))(fall_of_w)
measure(
    paper.BLOCK_DECAY, cases(block=PLANES, eps=[F(1), F(1, 10)], directions=[PLANE_POINTS]).guaranteeing(*BLOCK),
    name="fall_in_the_plane"
)(fall_of_w)  # fmt: skip
breaking(
    paper.BLOCK_DECAY, "stable_parts", fall_of_w, block=[LINES[0]], eps=[F(1, 10)], more={"less": {"alpha2": F(2)}}
)
breaking(paper.BLOCK_DECAY, "coupling", fall_of_w, block=[LINES[0]], eps=[F(1)], more={"less": {"gamma": F(-2)}})


@measure(paper.BLOCK_THRESHOLD, cases(block=PLANES).guaranteeing(*BLOCK))
def first_unstable_ratio_in_the_plane(block, more=None):
    """The first ratio at which a game of two and two dimensions is not stable, by Routh and Hurwitz."""
    found = hurwitz.first_instability(lambda eps: block.matrix(eps).tolist())
    return Bracket(*(found or (F(10) ** 9, F(10) ** 9))), block.bounds | (more or {})


breaking(
    paper.BLOCK_THRESHOLD,
    "stable_parts",
    first_unstable_ratio_in_the_plane,
    block=[PLANES[0]],
    more={"less": {"alpha2": F(10)}},
)
breaking(
    paper.BLOCK_THRESHOLD,
    "coupling",
    first_unstable_ratio_in_the_plane,
    block=[PLANES[0]],
    more={"less": {"beta1": F(1, 100), "gamma": F(1, 100)}},
)

# --- the toy -----------------------------------------------------------------------------------------------------------


def multiplier(h: F, axis: str, off: F = F(0)) -> F:
    """Slope of the field of the toy in one coordinate at the saddle, where the other one is ``off``; h is its curvature."""
    if axis == "x":
        return toy(F(1), off, F(h) / 2)[0]
    return toy(off, F(1))[1]


AXES = [{"h": F(200), "axis": "x"}, {"h": F(2), "axis": "y"}, {"h": F(30), "axis": "x"}]


@measure(paper.TOY_SADDLE, cases(side=AXES).guaranteeing("toy", "axis"))
def largest_step_of_the_toy(h, axis, off=F(0), share=1):
    """Where the step of the toy along an axis ceases to contract, by Jury's test; ``share``: of the height of another objective."""
    slope = multiplier(share * h, axis, off)
    return Bracket(*jury.stability_boundary(lambda t: [1, -(1 + t * slope)], F(1, 10**4), 10, width=F(1, 10**9)))


breaking(paper.TOY_SADDLE, "axis", largest_step_of_the_toy, side=AXES[:2], off=F(5))
breaking(paper.TOY_SADDLE, "toy", largest_step_of_the_toy, side=AXES[:1], share=F(1, 2))

STEPS = [
    AXES[0] | {"t": F(1, 1000)},
    AXES[0] | {"t": F(1, 10**4)},
    AXES[1] | {"t": F(1, 100)},
    AXES[1] | {"t": F(3, 4)},
]
NOISE = ("toy", "linearised", "white_noise")


@measure(paper.TOY_STATIONARY, cases(side=STEPS, sigma2=[F(1), F(4)]).guaranteeing(*NOISE))
def stationary_square(h, axis, t, sigma2, off=F(0), same=False):
    """E x^2 by its recursion, 800 steps in floats; what is to come is a geometric series. ``same``: one noise for all steps."""
    keep, moment, mean = float(1 + t * multiplier(h, axis, off)), 0.0, 0.0
    for _ in range(800):
        moment, mean = keep * keep * moment + float(t * t * sigma2) * (1 + 2 * mean * same), keep * mean + 1
    if abs(keep) >= 1:
        return around(moment, 1e-9 * moment)
    return around(moment, 2 * moment * keep**1600 + 1e-12 * moment, "truncation")


breaking(paper.TOY_STATIONARY, "white_noise", stationary_square, side=STEPS[2:3], sigma2=[F(1)], same=True)
breaking(paper.TOY_STATIONARY, "linearised", stationary_square, side=STEPS[:1], sigma2=[F(1)], off=F(5))
breaking(paper.TOY_STATIONARY, "stable_step", stationary_square, side=[AXES[0] | {"t": F(11, 1000)}], sigma2=[F(1)])

RATES = ((1e-4, 1e-2), (1e-2, 1e-2), (1e-3, 1e-3), (1e-2, 1e-4))


def toy_runs(
    keys: Any, backend: str, pairs: Any, steps: int, seeds: int, *, at: Any = None, begin: tuple[float, float] = (0.5, 0.5)
) -> Any:  # fmt: skip
    """x and y of the toy with noise of standard deviation 1, (pair, seed, step)."""
    on, words = array_library(backend), keys(settings=[f"toy {pair}" for pair in pairs], seeds=seeds)
    a, b = (on.asarray(np.array(pairs)[:, k, None, None]) for k in (0, 1))
    method = two_time_scales(toy, lambda n: a, lambda n: b)
    draw = ahead(on.asarray(words), lambda d: d.normal((2,)))
    record = {"x": lambda s: s.theta[..., 0], "y": lambda s: s.w[..., 0]}
    x0 = on.asarray(start(np.array(begin), settings=len(pairs), seeds=seeds))
    return run(method, x0, steps, record=record, draw=draw, at=at)


@measure(paper.TOY_STATIONARY, cases(side=[{"h": F(200), "of": "x"}, {"h": F(2), "of": "y"}]).guaranteeing(*NOISE))
def squares_of_the_toy(h, of, keys, backend):
    """x^2 or y^2 of the whole toy after 400 steps of the pair (1e-4, 1e-2) from the saddle, cut at 24 times its mean.

    The other coordinate changes its curvature by less than 2 % in these runs; what is cut has a mean below 1e-5 of it.
    """
    out = toy_runs(keys, backend, RATES[:1], 400, 800, at=[400], begin=(0.0, 0.0))
    t = RATES[0][of == "y"]
    top = 24 * t / (float(h) * 2)
    return Sample(np.minimum(out[of].values[0, :, -1] ** 2, top), at_most=top, bias=0.02 * top / 24), {
        "t": t,
        "sigma2": 1.0,
    }


@measure(paper.TOY_FIRST, cases(steps=[400]).guaranteeing("toy", "pairs"))
def two_scales_first(steps, keys, backend, order=(0, 1, 2, 3)):
    """Whether the pair (1e-4, 1e-2) comes within 1/10 of the saddle before the others; ``order``: which pair is in its place."""
    out = toy_runs(keys, backend, [RATES[k] for k in order], steps, 60)
    near = np.hypot(out.x.values, out.y.values) < 0.1
    first = np.where(near.any(-1), near.argmax(-1), steps + 1)
    return Sample(first[0] < first[1:].min(axis=0), at_most=1.0)


replacing(
    paper.TOY_FIRST,
    "equal steps of 0.001 in the place of the two time scales",
    two_scales_first,
    steps=[400],
    order=[(2, 1, 0, 3)],
)

# --- the theorem -------------------------------------------------------------------------------------------------------

THEOREM = [a.name for a in paper.BORKAR.assumptions]
LINEAR: dict[str, Any] = {"fields": linear_game(2, -3, 1, 1), "x0": (0.5, 0.5), "limit": (0.0, 0.0)}
WELL: dict[str, Any] = {
    "fields": lambda theta, w: (w - theta, 2 * theta - theta**3 - w), "x0": (0.9, 0.9), "limit": (1.0, 1.0)
}  # fmt: skip
RUN: dict[str, Any] = {"a": 0.9, "b": 0.6, "steps": 2000}


@measure(paper.BORKAR, cases(system={"linear": LINEAR, "double well": WELL}, **RUN).guaranteeing(*THEOREM))
def distance_after_a_long_run(system, a, b, steps, keys, backend, shift=0.0, fast=1.0):
    """The distance from the limit, cut at 1, of a linear game and of a double well with runs from near one of its minima."""
    on, words = array_library(backend), keys(settings=["long"], seeds=60)
    method = two_time_scales(system["fields"], lambda n: n**-a, lambda n: fast * n**-b)
    draw = ahead(on.asarray(words), lambda d: 0.5 * d.normal((2,)) + shift)
    x0 = on.asarray(start(np.array(system["x0"]), seeds=60))
    record = {"x": lambda s: s.theta[..., 0], "w": lambda s: s.w[..., 0]}
    with np.errstate(over="ignore", invalid="ignore"):
        out = run(method, x0, steps, record=record, draw=draw, at=[steps])
        far = np.hypot(out.x.values[0, :, -1] - system["limit"][0], out.w.values[0, :, -1] - system["limit"][1])
    return Sample(np.where(far < 1, far, 1.0), at_most=1.0, bias=1e-9)


BROKEN: dict[str, dict[str, Any]] = {
    "two_time_scales": {"a": 0.6}, "divergent_steps": {"a": 2.0}, "square_summable_steps": {"b": 0.0, "fast": 1.5},
    "martingale_noise": {"shift": 0.5},
    "attractors": {"system": {"unstable": LINEAR | {"fields": linear_game(2, -1, 1, 1)}}},
    "attraction": {"system": {"other minimum": WELL | {"x0": (-0.9, -0.9)}}},
}  # fmt: skip
for _name, _changed in BROKEN.items():
    _axes = {"system": {"linear": LINEAR}} | RUN | _changed
    breaking(paper.BORKAR, _name, distance_after_a_long_run, cases(**_axes))

# --- a small GAN -------------------------------------------------------------------------------------------------------

#: seeds, steps, batch, hidden units; and the rates (a, b)
SIZES = {"quick": (30, 500, 32, 12), "full": (30, 3000, 64, 32), "gpu": (256, 20_000, 256, 128)}
PAIRS = {
    "quick": [(2e-3, 6e-3)],
    "full": [(1e-3, 4e-3), (5e-4, 2e-3), (5e-4, 4e-3)],
    "gpu": [(a, k * a) for a in (1e-4, 4e-4) for k in (4, 8)],
}


@cache
def digits_in_components(d: int) -> Floats:
    """Principal components of the digits, each of variance 1."""
    X = images()[0]
    Z = (X - X.mean(axis=0)) @ principal(X, d).T
    return Z / Z.std(axis=0, ddof=1)


def gan_data(data: str, on: Any, batch: int) -> tuple[int, Any, tuple[Any, Any]]:
    """Dimension, what a step draws, and the mean and covariance of the data."""
    if data == "four clusters":
        return 2, ring(batch, 2), (np.zeros(2), np.diag([1.04, 1.04]))
    Z = digits_in_components(8)
    return 8, rows_of(on.asarray(Z), batch, 8), statistics(Z)


def gan_fids(
    keys: Any, backend: str, pair: tuple[float, float], size: tuple[int, int, int, int], at: Any, data: str
) -> np.ndarray:
    """FID of the generator's points, 2000 of them, against the law of the data, (seed, step)."""
    seeds, steps, batch, hidden = size
    on, words = array_library(backend), keys(settings=[f"{data} {pair}"], seeds=seeds)
    d, draws, target = gan_data(data, on, batch)
    of_g, of_d = parameters(d, hidden, d), parameters(d, hidden, 1)
    x0 = 0.5 * np.asarray(Draws(words, 10**9).normal((of_g + of_d,)))
    x0[..., of_g - d * (hidden + 1) : of_g] *= 0.1
    method, record = small_gan(d, d, hidden, *pair), {"g": lambda s: s.generator}
    out = run(method, on.asarray(x0), steps, record=record, draw=ahead(on.asarray(words), draws, block=16), at=at)
    z = np.random.default_rng(0).standard_normal((2000, d))
    found = np.empty(out.g.shape[1:3])
    for seed, k in np.ndindex(found.shape):
        X = generated(out.g.values[0, seed, k], z, hidden, d)
        found[seed, k] = gaussian.wasserstein(*statistics(X), *target)[0]
    return found


def fid_ratio(data, rates, keys, backend, budget, learns=1.0):
    """FID after training over FID before, both by 2000 points, cut at 1. ``learns``: factor of the rates."""
    pair = learns * rates[0], learns * rates[1]
    found = gan_fids(keys, backend, pair, SIZES[budget], [0, SIZES[budget][1]], data)
    return Sample(np.minimum(found[:, -1] / found[:, 0], 1.0), at_most=1.0)


for _budget, _rates in PAIRS.items():
    _data = ["four clusters"] + ["digits"] * (_budget != "quick")
    _name = f"fid_ratio_{_budget}" if _budget != "quick" else ""
    measure(paper.GAN, cases(data=_data, rates=_rates).guaranteeing("small_gan"), budget=_budget, name=_name)(fid_ratio)
SLOW = {"data": ["four clusters"], "rates": PAIRS["quick"], "learns": 1e-3}
replacing(paper.GAN, "rates that are a thousand times smaller", fid_ratio, **SLOW)
