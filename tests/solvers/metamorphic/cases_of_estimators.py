"""Gradient estimators of programs, bounds of a log evidence by weights, and a noisy ring."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from moves import Case, Move, about, holds, last_place, rounded, units

from gradproof.solvers import dual_estimators, gaussian_estimators, importance_bounds
from gradproof.solvers.noisy_ring import NoisyRing, integral

F = Fraction
RNG = np.random.default_rng(23)


def estimated(t, table, strategies):
    """Two sites in whose order the program does not matter: each has a parameter of its own."""

    def program(on, x):
        p, q = (dual_estimators.sigmoid(v) for v in x)

        def end(a, b):
            entry = sum(table[i][j] * (a if i else 1 - a) * (b if j else 1 - b) for i in (0, 1) for j in (0, 1))
            return entry - dual_estimators.log(1 + dual_estimators.exp(x[0] * a - dual_estimators.sin(x[1])))

        return on.flip(strategies[0], p, lambda a: on.flip(strategies[1], q, lambda b: end(a, b)))

    law = program(dual_estimators.Exact(), dual_estimators.inputs(t))
    true, found = dual_estimators.gradient(program, t), dual_estimators.mean(law)
    size = max(abs(s) for _, a in law for s in a.slope) + 1
    spread = sum(dual_estimators.variance(law))
    return {
        "value": about(float(dual_estimators.plain(found)), 1e-13 * size),
        "unbiased": holds(all(abs(a - b) < 1e-12 * size for a, b in zip(true.slope, found.slope, strict=True))),
        "variance": rounded(spread, 1e5),
    }


def bounded(joint, guide, K):
    mean, error = importance_bounds.mean_over_draws(joint / guide, guide, K, np.sqrt)
    low = importance_bounds.iwelbo(joint, guide, K)
    gap = np.log(joint.sum()) - low[0]
    return {
        "gap": about(gap, low[1] + 1e-14),
        "chi2": rounded(importance_bounds.chi_square(joint, guide), 1e4),
        "mean root": about(mean, 4 * error * (1 + mean)),
    }


def with_auxiliary(joint, aux, given, reverse, K):
    value, error = importance_bounds.hierarchical(joint, aux, given, reverse, K)
    q = aux @ given
    return {
        "gap": about(float(q @ (np.log(joint) - np.log(q))) - value, error + 1e-14),
        "chi2": rounded(importance_bounds.reverse_chi_square(aux, given, reverse), 1e4),
    }


def around(R, s):
    ring = NoisyRing(R, s)
    mean, error = ring.mean(lambda r: r / R**2)
    divergence, off = ring.divergence()
    whole, wide = integral(lambda r: ring.density(r * R**2) * R**2, 0.0, (1 + 12 * s / R) ** 2)
    return {"mean": about(mean, error), "divergence": about(divergence, off), "one": about(whole, wide)}


def of_a_curve(f, mu, s):
    """Exact numbers: nothing is rounded."""
    found = {k: gaussian_estimators.mean_and_variance(k, f, mu, s) for k in ("reparam", "reinforce", "mvd")}
    assert {m for m, _ in found.values()} == {gaussian_estimators.slope(f, mu, s)}
    moments = gaussian_estimators.normal_moment(4), float(gaussian_estimators.rayleigh_moment(4))
    return {k: float(v) for k, (_, v) in found.items()} | {"moments": moments}


def reordered(*arrays):
    """The codes in another order; arrays of more dimensions have them last."""

    def change(d, rng):
        order = rng.permutation(len(d["joint"]))
        return d | {k: d[k][..., order] if k != "reverse" else d[k][order] for k in arrays}

    return Move(change)


JOINT, GUIDE = RNG.random(4) + 0.1, RNG.dirichlet(np.ones(4) * 4)
GIVEN, REVERSE = RNG.dirichlet(np.ones(4) * 4, size=2), RNG.dirichlet(np.ones(2) * 4, size=4)
OF_ESTIMATORS = {
    "two sites by lists": Case(
        estimated,
        {"t": np.array([0.3, -0.7]), "table": [[1.0, -2.0], [0.5, 3.0]], "strategies": ("mvd", "reinforce")},
        {"last place": last_place("t")},
        condition=1e4,
    ),
    "importance weights": Case(
        bounded,
        {"joint": JOINT, "guide": GUIDE, "K": 6},
        {
            "codes": reordered("joint", "guide"),
            "units": units({"joint": -8}, **{"mean root": -4}),
            "last place": last_place("joint"),
        },
        condition=1e3,
    ),
    "auxiliary weights": Case(
        with_auxiliary,
        {"joint": JOINT, "aux": np.array([0.3, 0.7]), "given": GIVEN, "reverse": REVERSE, "K": 3},
        {"codes": reordered("joint", "given", "reverse"), "units": units({"joint": 10}), "last place": last_place("joint")},
        condition=1e3,
    ),
    "a noisy ring": Case(
        around,
        {"R": 2.0, "s": 0.4},
        {"units": units({"R": 5, "s": 5}), "last place": last_place("R", "s")},
        condition=1e3,
    ),
    "normal estimators": Case(
        of_a_curve,
        {"f": [F(1), F(-2), F(1, 3)], "mu": F(1, 2), "s": F(3)},
        {"mirror": Move(lambda d, rng: d | {"f": [c * (-1) ** n for n, c in enumerate(d["f"])], "mu": -d["mu"]})},
    ),
}  # fmt: skip
