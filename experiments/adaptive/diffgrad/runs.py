"""Runs: logistic regression on breast cancer, quadratics, the cycle, one-dimensional logistic losses, the synthetic functions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from gradproof.experiments.adaptive._adam import AdamState, Variant, adam_family, direction, friction
from gradproof.experiments.adaptive.diffgrad.exact import FROM_THE_END
from gradproof.experiments.adaptive.diffgrad.methods import (
    CYCLE,
    SYNTHETIC,
    cycle_gradients,
    f2,
    linear_loss,
    regrets,
    synthetic_method,
)
from gradproof.experiments.engine.check import Context, Evidence, Undecided, check
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.data import breast_cancer
from gradproof.theory.adaptive import diffgrad
from gradproof.theory.evidence import Level, Measurement, Relation

ULP = 2.0**-52
BATCH, STEPS = 32, 200
ADAM: dict[str, Any] = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


# --- breast cancer -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _rows() -> np.ndarray:
    data = breast_cancer()
    return data.y[:, None] * data.X


def logistic_gradient(x: np.ndarray, draw: int) -> np.ndarray:
    """Gradient of the logistic loss on the ``draw``-th batch of 32 rows, cyclically; x (setting, seed, 30)."""
    rows = _rows()
    Z = rows[np.arange(draw * BATCH, (draw + 1) * BATCH) % len(rows)]
    return -(1 / (1 + np.exp(x @ Z.T))) @ Z / BATCH


@lru_cache(maxsize=2)
def path(variant: Variant) -> Any:
    """Iterates and gradients of 200 steps with alpha = 0.01 on breast cancer."""
    method = adam_family(logistic_gradient, alpha=0.01, variant=variant, **ADAM)
    record = {name: lambda s, name=name: getattr(s, name) for name in ("x", "m", "v", "g", "t")}
    return run(method, start(np.zeros(30)), STEPS, record=record, draw=lambda t: t)


@check(diffgrad.FRICTION_RANGE, level=Level.EMPIRICAL)
def factors_on_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """The least and the greatest friction of 200 minibatch steps on the 30 coordinates of breast cancer."""
    g = path("diffgrad").g.values[0, 0]
    xi = friction(np.diff(g, axis=0))
    common: dict[str, Any] = {"error": 4 * ULP, "error_source": "rounding", "n": xi.size}
    yield Measurement(measured=float(xi.min()), bound=ctx.claim.bound(adam=1.0), what="least friction", **common)
    yield Measurement(
        measured=float(xi.max()), bound=1.0, relation=Relation.LE, what="greatest friction", **common
    )  # fmt: skip


@check(diffgrad.STEP_BOUND, level=Level.EMPIRICAL)
def steps_on_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """The longest of 30 coordinate steps beside the bound, at every step of the run."""
    moves = np.abs(np.diff(path("diffgrad").x.values[0, 0], axis=0)).max(axis=1)
    t = np.arange(1.0, STEPS + 1)
    bounds = ctx.claim.bound(alpha=0.01, beta1=0.9, beta2=0.999, t=t)
    worst = int(np.argmax(moves / bounds))
    yield Measurement(
        measured=float(moves[worst]), bound=float(bounds[worst]), error=float(64 * ULP * bounds[worst]), n=30 * STEPS,
        error_source="rounding", parameters={"t": worst + 1},
    )  # fmt: skip


@check(diffgrad.STEP_BOUND_UNIFORM, level=Level.EMPIRICAL)
def all_steps_on_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """The longest step of the run beside the bound of all steps."""
    moves = np.abs(np.diff(path("diffgrad").x.values[0, 0], axis=0))
    bound = ctx.claim.bound(alpha=0.01, beta1=0.9, beta2=0.999, q=0.81 / 0.999)
    yield Measurement(
        measured=float(moves.max()), bound=bound, error=64 * ULP * bound, error_source="rounding", n=moves.size
    )


@check(diffgrad.ALIASING_BUG, level=Level.EMPIRICAL)
def equal_to_adam_to_the_last_bit(ctx: Context) -> Iterator[Evidence]:
    """The run with the reference, beside Adam's steps from the same states, and beside Adam with alpha/2 from x_2 on."""
    seen = path("aliased")
    rows = [seen[k].values for k in ("x", "m", "v", "g", "t")]
    worst, most = 0.0, (0.0, 0.0)
    for k in range(1, STEPS):
        state = _state(rows, k)
        g = logistic_gradient(state.x, k)
        mine = direction(state, g, variant="aliased", **ADAM).x
        bound = ctx.claim.bound(adam=np.abs(direction(state, g, variant="adam", **ADAM).x))
        at = int(np.argmax(np.abs(np.abs(mine) - bound)))
        if abs(abs(mine.flat[at]) - bound.flat[at]) >= worst:
            worst, most = abs(abs(mine.flat[at]) - bound.flat[at]), (abs(float(mine.flat[at])), float(bound.flat[at]))
    yield Measurement(measured=most[0], bound=most[1], what="a step per alpha", n=30 * (STEPS - 1))
    half = adam_family(logistic_gradient, alpha=0.005, variant="adam", **ADAM)
    state = _state(rows, 1)
    for k in range(1, STEPS):
        state = half.step(state, k)
    gap = float(np.abs(state.x - seen.x.values[:, :, -1]).max())
    yield Measurement(measured=gap, bound=0, what="distance of x_200 from Adam's with alpha/2", n=STEPS)


def _state(rows: list[np.ndarray], k: int) -> AdamState:
    return AdamState(*(r[:, :, k] for r in rows))


# --- quadratics --------------------------------------------------------------------------------------------------------


def sizes_on_quadratic(
    scaled_step: np.ndarray, variant: Variant, beta1: np.ndarray, *, steps: int, x1: float = 1e-60
) -> np.ndarray:
    """|x| every 10 steps from x1 on x^2/2 with eps = 1, so that alpha lam/eps is the step; (setting, record)."""
    method = adam_family(
        lambda x, draw: x,
        alpha=scaled_step[:, None, None],
        variant=variant,
        beta1=beta1[:, None, None],
        beta2=0.999,
        eps=1.0,
    )
    seen = run(method, start([x1], settings=len(beta1)), steps, record={"x": lambda s: s.x[..., 0]}, every=10)
    return np.abs(seen.x.values[:, 0])


@check(diffgrad.LOCAL_STABILITY, level=Level.EMPIRICAL)
def quadratics_from_near_zero(ctx: Context) -> Iterator[Evidence]:
    """200 step sizes on x^2/2 from 1e-120: the boundary lies between the last that decays and the first that reaches 1e-60."""
    betas, grid = (0.0, 0.5, 0.9), np.geomspace(1, 100, 200)
    seen = sizes_on_quadratic(np.tile(grid, 3), "diffgrad", np.repeat(betas, 200), steps=2000, x1=1e-120) / 1e-120
    for beta1, size in zip(betas, np.split(seen, 3), strict=True):
        grew = size.max(axis=1) > 1e60  # beyond what the bias corrections of the first steps do
        low, high = grid[~grew & (size[:, -1] < 1e-3)].max(), grid[grew].min()
        if not low < high:
            yield Undecided(f"growth at {high} but decay at {low}")
            return
        yield Measurement(
            measured=float(low + high) / 2, bound=ctx.claim.bound(beta1=beta1), error=float(high - low) / 2,
            error_source="grid of step sizes", parameters={"beta1": beta1}, n=200,
        )  # fmt: skip


# --- regret ------------------------------------------------------------------------------------------------------------


def played(cycle: Any, T: int, variant: Variant, *, x1: float, **constants: Any) -> np.ndarray:
    """Iterates x_1, ..., x_T on the cycle, with alpha_t = alpha / sqrt t, on [-1, 1]."""
    method = adam_family(linear_loss, variant=variant, radius=1.0, decay=True, **constants)
    seen = run(method, start([x1]), T - 1, record={"x": lambda s: s.x[..., 0]}, draw=cycle_gradients(cycle))
    return seen.x.values[0, 0]


@check(diffgrad.PAPER_REGRET, level=Level.EMPIRICAL)
def regret_of_a_run(ctx: Context) -> Iterator[Evidence]:
    """The same 7500 rounds from x_1 = 1 as a run of the engine, in double precision."""
    yield from run_against_published(ctx, "diffgrad")


def run_against_published(ctx: Context, variant: Variant) -> Iterator[Evidence]:
    """A run of 7500 rounds beside the published bound."""
    cycle, T, method = FROM_THE_END.cycle, FROM_THE_END.rounds, FROM_THE_END.method
    constants = {name: float(getattr(method, name)) for name in ("alpha", "beta1", "beta2", "lam")}
    x = played(cycle, T, variant, x1=FROM_THE_END.start, eps=0.0, **constants)
    g2 = np.resize(np.array([float(c) ** 2 for c in cycle]), T)
    weights = constants["beta2"] ** np.arange(T - 1, -1, -1)
    bound = ctx.claim.bound(
        T=T,
        D=2.0,
        G_inf=1.6,
        v_T=float((weights * g2).sum() / weights.sum()),
        g_norm=float(np.sqrt(g2.sum())),
        **constants,
    )
    # each step rounds x by a few units in the last place; projections do not enlarge it
    yield Measurement(
        measured=float(regrets(x, cycle)[-1]), bound=bound, error=8 * 1.6 * ULP * T**2, error_source="rounding", n=T,
        parameters=FROM_THE_END.parameters,
    )  # fmt: skip


def slope_of_regret(x: np.ndarray, cycle: Any, first: int) -> float:
    """Average regret a round of rounds first + 1, ..., T."""
    seen = regrets(x, cycle)
    return float((seen[-1] - seen[first - 1]) / (len(seen) - first))


@check(diffgrad.REGRET_REFUTED, level=Level.EMPIRICAL)
def slope_on_the_cycle(ctx: Context) -> Iterator[Evidence]:
    """The slope of the regret over the second half of 3000 rounds, beside the limit, and what falls as 1/sqrt t."""
    T, first, alpha = 3000, 1500, 0.1
    for a, b, b2 in ((1.0, 1.9, 0.999), (3.0, 5.0, 0.9)):
        cycle = (a, a, -b)
        x = played(cycle, T, "diffgrad", x1=1.0, alpha=alpha, beta1=0.0, beta2=b2, eps=0.0)
        if not (x[first::3] == 1).all():
            yield Undecided("the iterate has not come back to 1 after a period; take more rounds")
            return
        # a period from x = 1 adds (b - a) s1 + b s2, where s1, s2 <= alpha_t a / min(a, b)
        rest = (2 * b - a) * alpha * a / min(a, b) / (3 * np.sqrt(first))
        yield Measurement(
            measured=slope_of_regret(x, cycle, first), bound=ctx.claim.bound(a=a, b=b, beta2=b2, eps=0.0), error=rest,
            error_source="the part that vanishes as 1/sqrt t", parameters={"a": a, "b": b, "beta2": b2}, n=T - first,
        )  # fmt: skip


@check(diffgrad.REGRET_MASTER, level=Level.EMPIRICAL)
def logistic_losses_in_one_variable(ctx: Context) -> Iterator[Evidence]:
    """Online logistic losses of one feature of breast cancer on [-1, 1]: convex, not linear, with diffGrad's steps."""
    z = _rows()[:, 0]
    x, g_before, v, loss, positive, before, squares = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t, zt in enumerate(z, 1):
        loss += float(np.log1p(np.exp(-zt * x)))
        g = float(-zt / (1 + np.exp(zt * x)))
        v = 0.9 * v + 0.1 * g * g
        eta = float(0.5 / np.sqrt(t) * friction(np.asarray(g - g_before)) / (np.sqrt(v / (1 - 0.9**t)) + 1e-8))
        positive, before, squares = positive + max(0.0, 1 / eta - before), 1 / eta, squares + eta * g * g
        x, g_before = min(1.0, max(-1.0, x - eta * g)), g
    best, slope = _best_fixed(z)
    yield Measurement(
        measured=loss - best, bound=ctx.claim.bound(D=2.0, P=positive, Q=squares), error=2 * abs(slope) + 1e-9,
        error_source="slope at the comparator, and rounding", n=len(z),
    )  # fmt: skip


def _best_fixed(z: np.ndarray) -> tuple[float, float]:
    """A fixed point of nearly least total loss on [-1, 1], by bisection: its loss and the slope that is left (0 at an end)."""

    def slope(x: float) -> float:
        return float((-z / (1 + np.exp(z * x))).sum())

    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    left = 0.0 if abs(low) == 1 or abs(high) == 1 else slope(low)
    return float(np.log1p(np.exp(-z * low)).sum()), left


# --- the synthetic functions -------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def synthetic_path(name: str, variant: Variant) -> np.ndarray:
    """x_0 = -1, ..., x_299."""
    return run(synthetic_method(name, variant), start([-1.0]), 299, record={"x": lambda s: s.x[..., 0]}).x.values[0, 0]


@check(diffgrad.SYNTHETIC_FUNCTIONS, level=Level.EMPIRICAL)
def traces(ctx: Context) -> Iterator[Evidence]:
    """F2' by differences along diffGrad's trace from -1; on F1 diffGrad ends lower than Adam, at the global minimum."""
    x = synthetic_path("F2", "diffgrad")[20:60]
    h = 1e-5
    slopes = (f2(x + h) - f2(x - h)) / (2 * h)
    for k in range(0, 40, 8):
        yield Measurement(
            measured=float(slopes[k]), bound=ctx.claim.bound(x=float(x[k])), error=h**2 * 750 / 6 + 4 * ULP / h,
            error_source="Taylor remainder and rounding", parameters={"x": float(x[k])},
        )  # fmt: skip
    f = SYNTHETIC["F1"][0]
    ends = {v: synthetic_path("F1", v)[-1:] for v in ("diffgrad", "adam")}
    yield Measurement(
        measured=float(f(ends["diffgrad"])[0]), bound=float(f(ends["adam"])[0]), relation=Relation.LE, error=1e-15,
        error_source="rounding", what="F1 at the end of diffGrad's trace and of Adam's",
    )  # fmt: skip


def average_regret_of(variant: Variant, T: int, **constants: Any) -> float:
    """R_T/T on (1, 1, -1.9) from the optimum, alpha = 1/2, beta2 = 0.999, eps = 1e-8."""
    x = played(CYCLE, T, variant, x1=-1.0, **({"alpha": 0.5, "beta1": 0.0, "beta2": 0.999, "eps": 1e-8} | constants))
    return float(regrets(x, CYCLE)[-1] / T)
