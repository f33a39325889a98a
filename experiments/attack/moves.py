"""Moves on the choices of an instance, and a polish of its floats."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np

from gradproof.experiments.instances.tape import WIDE, Choice, Value


def move(choices: tuple[Choice, ...], size: float, rng: random.Random) -> tuple[Value, ...]:
    """Another tape near this one: a few numbers moved by about ``size`` of their range, or of themselves."""
    tape = [c.value for c in choices]
    numbers = [k for k, c in enumerate(choices) if c.kind in ("float", "integer", "boolean") and c.low < c.high]
    if not numbers:
        return tuple(tape)
    floats = [k for k in numbers if choices[k].kind == "float"]
    u = rng.random()
    if u < 0.30 and floats:  # one float, by a step of any scale
        k = rng.choice(floats)
        tape[k] = _step(choices[k], size, rng)
    elif u < 0.60 and floats:  # several floats together
        for k in rng.sample(floats, min(len(floats), 1 + int(rng.expovariate(0.5)))):
            tape[k] = _step(choices[k], size, rng)
    elif u < 0.75:  # one number of any kind, to a landmark
        k = rng.choice(numbers)
        tape[k] = _landmark(choices[k], rng)
    elif u < 0.90:
        discrete = [k for k in numbers if choices[k].kind != "float"]
        k = rng.choice(discrete or numbers)
        tape[k] = _neighbour(choices[k], size, rng)
        if floats and rng.random() < 0.5:
            j = rng.choice(floats)
            tape[j] = _step(choices[j], size, rng)
    elif u < 0.95 and len(floats) > 1:  # one float as another, or mirrored
        k, j = rng.sample(floats, 2)
        tape[k] = float(tape[j]) if rng.random() < 0.6 else -float(tape[j])
    else:  # everything behind a place anew
        return tuple(tape[: rng.randrange(len(tape))])
    return tuple(tape)


def _step(c: Choice, size: float, rng: random.Random) -> float:
    v = float(c.value)
    if rng.random() < 0.5 and v != 0:
        return v * math.exp(rng.gauss(0, 1) * size)
    low, high = max(c.low, -WIDE), min(c.high, WIDE)
    return v + rng.gauss(0, 1) * size * min(high - low, max(4.0, 4 * abs(v)))


def _landmark(c: Choice, rng: random.Random) -> Value:
    if c.kind == "boolean":
        return not c.value
    if c.kind == "integer":
        return int(rng.choice((c.low, c.high, c.simplest, rng.randint(int(c.low), int(c.high)))))
    low, high = max(c.low, -WIDE), min(c.high, WIDE)
    return float(rng.choice((low, high, 0.0, 1.0, -1.0, -float(c.value), (low + high) / 2, rng.uniform(low, high))))


def _neighbour(c: Choice, size: float, rng: random.Random) -> Value:
    if c.kind == "boolean":
        return not c.value
    v = float(c.value)
    if c.kind == "float":
        return _step(c, size, rng)
    steps = (v - 1, v + 1, v - 1, v + 1, v + 2, v - 2, v * 2, v // 2, round(v * 1.3), round(v * 0.8))
    return int(rng.choice(steps))


def polish(choices: tuple[Choice, ...], height: Callable[[tuple[Value, ...]], float], most: int = 240) -> None:
    """Nelder and Mead on the floats of an instance, everything else fixed; ``height`` measures a tape, and remembers it."""
    from scipy.optimize import minimize

    where = [k for k, x in enumerate(choices) if x.kind == "float" and x.low < x.high]
    if not where or len(where) > 20:
        return
    start = np.array([float(choices[k].value) for k in where])
    scale = np.where(start != 0, np.abs(start), 1.0)

    def objective(u: np.ndarray) -> float:
        tape = [c.value for c in choices]
        for k, v, s in zip(where, u, scale, strict=True):
            tape[k] = float(v * s)
        return -height(tuple(tape))

    minimize(objective, start / scale, method="Nelder-Mead", options={"maxfev": most, "xatol": 1e-9, "fatol": 1e-13})
