"""Spiked tensors and polynomial flows."""

from __future__ import annotations

from fractions import Fraction

from moves import Between, Case, Move, holds, permuted

from gradproof.solvers import polynomial_flow, spiked_tensor

F = Fraction


def tensors(x, v, k, lam):
    V, gradient = spiked_tensor.noise_covariance(x, k), spiked_tensor.mean_gradient(x, v, k, lam)
    square = sum(a * a for a in x)
    rows = spiked_tensor.slots(x, k)
    return {
        "trace": sum(row[i] for i, row in enumerate(V)),
        "along x": sum(a * b * V[i][j] for i, a in enumerate(x) for j, b in enumerate(x)),
        "radial": sum(a * g for a, g in zip(x, gradient, strict=True)),
        "weights": sum(w * w for row in rows for w in row.values()) == sum(row[i] for i, row in enumerate(V)) / 4,
        "of Euler": holds(k != 2 or sum(row[i] for i, row in enumerate(V)) == 8 * square * (len(x) + 1)),
    }


def critical(c, k):
    low, high = spiked_tensor.critical_signal(k, c, width=F(1, 10**7))
    counts = tuple(spiked_tensor.fixed_signals(k, part * low, c) for part in (F(99, 100), F(101, 100)))
    return {"signal": Between(low, high), "counts": counts}


def trajectory(start, time, speed):
    """The logistic equation and its square root of a spiral."""

    def field(y):
        a, b = y
        return a * (1 - a - b) * speed, b * (2 - a * b) * speed

    first, second = polynomial_flow.flow(field, start, time)
    return {"first": Between(*first), "second": Between(*second)}


def sooner(data, rng):
    return data | {"time": data["time"] / 4, "speed": 4 * data["speed"]}


OF_LIMITS = {
    "tensors": Case(
        tensors, {"x": [F(1, 2), F(-3), F(2, 5)], "v": [F(3, 5), F(0), F(4, 5)], "k": 3, "lam": F(7, 3)},
        {"order": permuted(x=(0,), v=(0,))},
    ),
    "critical signal": Case(
        critical, {"c": F(3, 7), "k": 4}, {"units": Move(lambda d, rng: d | {"c": 4 * d["c"]}, {"signal": 16.0})}
    ),
    "polynomial flow": Case(
        trajectory, {"start": [F(1, 3), F(1, 5)], "time": F(1), "speed": 1}, {"time": Move(sooner)}
    ),
}  # fmt: skip
