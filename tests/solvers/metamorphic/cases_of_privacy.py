"""Privacy curves: enclosures that must overlap after a last bit has moved, and in other units of the noise."""

from __future__ import annotations

from fractions import Fraction

from moves import Between, Case, Move, holds, last_place

from gradproof.solvers import privacy_loss as pl

F = Fraction


def between(ends):
    """An enclosure, as floats."""
    return Between(float(ends[0]), float(ends[1]))


def one_release(eps, s, delta):
    noise = pl.gaussian_noise(eps, delta)
    return {
        "delta": between(pl.gaussian_delta(eps, s)),
        "delta at a ratio": between(pl.gaussian_delta_at(1 + F(eps), s)),
        "epsilon": between(pl.gaussian_epsilon(delta, s)),
        "noise": between(noise),
        "there and back": holds(abs(pl.gaussian_epsilon(delta, noise)[1] / F(eps) - 1) < F(1, 10**10)),
        "classical": between(pl.classical_noise(eps, delta)),
    }


def many_steps(q, z, delta):
    found = pl.sampled_epsilon(q, z, 100, delta, cells=16)
    there = pl.sampled_delta(q, z, 100, found.high, cells=16)
    orders = pl.renyi_epsilon(q, z, 100, delta, range(2, 40))
    return {
        "epsilon": Between(found.low, found.high),
        "delta": Between(there.low, there.high),
        "Renyi": between(pl.sampled_renyi(8, q, z)),
        "accounted": between((orders.low, orders.high)),
        "order": orders.order,
        "the accountant is above": holds(float(orders.low) > found.low),
    }


def halves(data, rng):
    """The same numbers as fractions."""
    return {k: F(v) for k, v in data.items()}


OF_PRIVACY = {
    "one Gaussian release": Case(
        one_release, {"eps": 0.5, "s": 3.0, "delta": 1e-6},
        {"last place": last_place("eps", "s", "delta"), "as fractions": Move(halves)}, width=1e-9,
    ),
    "sampled releases": Case(
        many_steps, {"q": 0.02, "z": 1.5, "delta": 1e-6},
        {"last place": last_place("q", "z", "delta"), "as fractions": Move(halves)}, width=5e-2,
    ),
}  # fmt: skip
