"""Sums over parities, equations over the field of two elements, and oracles that round."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from moves import Case, Move, about, holds, last_place, permuted, units

from gradproof.solvers import gf2, rounding_oracle, walsh

RNG = np.random.default_rng(29)
F = Fraction


def spectrum(table):
    """Coefficients up to their signs, and their squares."""
    n = len(table).bit_length() - 1
    found, error = walsh.transform(table) / len(table), float(walsh.rounding(table))
    slowly = np.array([table @ walsh.parity(S, n) for S in range(len(table))]) / len(table)
    assert np.abs(found - slowly).max() <= 2 * error
    assert (walsh.signs(n).prod(axis=1) == walsh.parity(2**n - 1, n)).all()
    return {"largest": about(np.abs(found).max(), error), "moduli": about(np.abs(found).sum(), len(table) * error)}


def whole_spectrum(n):
    return {"flat": holds(set(np.abs(walsh.transform(walsh.bent(n))).tolist()) == {2 ** (n // 2)})}


def systems(rows, right, n):
    found = gf2.solve(rows, right, n)
    return {"ranks": found.rank.tolist(), "consistent": found.consistent.tolist()} | {
        "law": gf2.full_rank_probability(n, rows.shape[1])
    }


def answers(values, rho, tau):
    low, high = rounding_oracle.revealing_precision(values[0])
    told = np.array(values, dtype=object)
    moved = rounding_oracle.adversarial(told, told + rho / 8, rho)
    return {
        "revealed": rounding_oracle.revealed(values, rho),
        "how many": [len(rounding_oracle.legal_answers(v, rho)) for v in values],
        "low": low,
        "high": high,
        "near": sum(abs(rounding_oracle.nearest(told, rho) - told)),
        "moved": sum(abs(moved - told)),
        "needed": rounding_oracle.examples_needed(float(tau), 100, 0.01),
        "tail": rounding_oracle.coin_tail(20, tau),
    }


RHO = {"values": 5, "rho": 5}
PARITIES = {
    "coefficients": Case(
        spectrum,
        {"table": RNG.standard_normal(64)},
        {
            "signs of inputs": Move(lambda d, rng: {"table": d["table"][np.arange(64) ^ int(rng.integers(64))]}),
            "units": units({"table": 7}, largest=7, moduli=7),
            "last place": last_place("table"),
        },
    ),
    "bent functions": Case(whole_spectrum, {"n": 6}),
    "systems of equations": Case(
        systems,
        {"rows": RNG.integers(0, 2**6, (40, 7)), "right": RNG.integers(0, 2, (40, 7)), "n": 6},
        {"equations": permuted(rows=(1,), right=(1,))},
    ),
    "answers of an oracle": Case(
        answers,
        {"values": [F(3, 7), F(5, 7), F(9, 5)], "rho": F(1, 3), "tau": F(3, 10)},
        {"units": units(RHO, low=5, high=5, near=5, moved=5)},
    ),
}
