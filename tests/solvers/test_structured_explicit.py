"""Multipliers by complementary slackness: right where they count, refused elsewhere, and never trusted unchecked."""

from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers.pep.certify.structured import gradient_descent, sweep
from gradproof.solvers.pep.model.expressions import PepError
from gradproof.solvers.pep.solve import structured_explicit
from gradproof.solvers.pep.solve.structured_model import Descent


def truth(N: int, h: float, mu: float) -> float:
    """Closed form for L = 1 (Taylor, Hendrickx, Glineur 2017)."""
    short = 1 / (2 * N * h + 1) if mu == 0 else mu / (mu - 1 + (1 - mu * h) ** (-2 * N))
    return max(short, (1 - h) ** (2 * N)) / 2


SHORT = [
    (N, h, mu) for N in (1, 2, 7, 40, 300) for h in (F(1, 10), F(1), F(7, 5)) for mu in (F(0), F(1, 100), F(1, 10))
]


@pytest.mark.parametrize(("N", "h", "mu"), SHORT)
def test_short_steps_need_no_program(N: int, h: F, mu: F) -> None:
    """Rounding: 1e-15 N^2 / h, the condition of a chain of second differences."""
    found = structured_explicit.solve(Descent(N, h, F(1), mu, "function-value"))
    expected = truth(N, float(h), float(mu))
    if found is None:
        assert expected == (1 - h) ** (2 * N) / 2  # the other function is worse
        return
    assert abs(found.dual / expected - 1) <= 1e-14 * N**2 / float(h) + 1e-12
    assert abs(found.primal / expected - 1) <= 1e-12
    assert min(found.multipliers) >= 0


@pytest.mark.parametrize(("N", "h"), [(1, F(17, 10)), (8, F(9, 5)), (40, F(19, 10)), (5, F(2))])
def test_steps_beyond_the_best_are_refused(N: int, h: F) -> None:
    assert structured_explicit.solve(Descent(N, h, F(1), F(0), "function-value")) is None
    with pytest.raises(PepError, match="use solver='auto'"):
        gradient_descent(N, h, solver="explicit")


@pytest.mark.parametrize("measure", ["distance", "gradient", "smallest-gradient"])
def test_other_measures_are_left_to_the_program(measure: str) -> None:
    assert structured_explicit.solve(Descent(3, F(1), F(1), F(0), measure)) is None


def test_it_agrees_with_the_program() -> None:
    """To the relative 1e-6 at which the program's answer counts."""
    gammas = [F(k, 10) for k in range(1, 19, 2)]
    programs = sweep(6, gammas, 1, F(1, 20), solver="chordal")
    for ours, program in zip(sweep(6, gammas, 1, F(1, 20)), programs, strict=True):
        if program.solver == ours.solver or ours.solver == "all-pairs":
            continue
        assert abs(ours.bound / program.bound - 1) <= 1e-6
        assert np.abs(ours.raw - program.raw).max() <= 1e-2


def test_control_other_multipliers_prove_no_better_bound() -> None:
    """Whatever balanced multipliers are handed in, what their slack proves is at least the truth."""
    N, h = 6, 1.0
    found = structured_explicit.solve(Descent(N, F(1), F(1), F(0), "function-value"))
    assert found is not None
    x = 1 - h / (2 * N * h + 1) * np.arange(N + 1)
    rng = np.random.default_rng(0)
    bounds = []
    for size in (1e-12, 1e-8, 1e-6, 1e-4, 1e-2):
        for _ in range(20):
            chain = found.multipliers[:N] * (1 + size * rng.standard_normal(N))
            star = np.append(chain, 1.0) - np.append(0.0, chain)
            bounds.append(structured_explicit._proved(h, 0.0, chain, star, x))
    proved = [b for b in bounds if b is not None]
    assert min(proved) >= truth(N, h, 0.0) * (1 - 1e-12)
    assert max(proved) > truth(N, h, 0.0) * (1 + 1e-9)
