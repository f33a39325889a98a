"""Regret on periodic losses: reference values, enclosures contain double precision, signs of drifts, bad input."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from gradproof.solvers.periodic_regret import (
    DriftUndecided,
    Optimiser,
    _later_moves,
    average_regret,
    drift,
    enclosed_limit,
    play,
    second_moments,
    worst_last,
)
from gradproof.theory.errors import DomainError, ParameterError

CYCLE = (1, 1, Fraction(-19, 10))
SMALL = Fraction(1, 10**8)
ADAM = Optimiser(friction=False, eps=SMALL)


def _floats(cycle, T, *, alpha, beta1, beta2, eps, lam, friction, x):
    """The same rounds in double precision, written apart."""
    m = v = before = loss = 0.0
    for t in range(1, T + 1):
        g = float(cycle[(t - 1) % len(cycle)])
        loss += g * x
        b = beta1 * lam ** (t - 1)
        m, v = b * m + (1 - b) * g, beta2 * v + (1 - beta2) * g * g
        xi = 1 / (1 + math.exp(-abs(before - g))) if friction else 1.0
        x -= alpha / math.sqrt(t) * xi * m / (1 - beta1**t) / (math.sqrt(v / (1 - beta2**t)) + eps)
        x, before = max(-1.0, min(1.0, x)), g
    return loss + abs(sum(float(cycle[t % len(cycle)]) for t in range(T)))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Optimiser(eps=SMALL), 0.06878738280),
        (ADAM, 0.003912495631),
        (Optimiser(eps=SMALL, beta1=Fraction(9, 10), lam=Fraction(999, 1000)), 0.06581135284),
    ],
    ids=["diffgrad", "adam", "vanishing momentum"],
)
def test_reference_values(method, expected):
    low, high = play(CYCLE, method, 30_000).regret
    assert high - low < Fraction(1, 10**20)
    assert float(low) / 30_000 == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("friction", [True, False])
@pytest.mark.parametrize("start", [-1, 1, Fraction(1, 3)])
def test_enclosures_agree_with_double_precision(friction, start):
    method = Optimiser(Fraction(3, 10), Fraction(1, 2), Fraction(9, 10), Fraction(1, 100), Fraction(1, 2), friction)
    cycle = (2, -1, Fraction(1, 2), -3)
    mine = _floats(cycle, 500, alpha=0.3, beta1=0.5, beta2=0.9, eps=0.01, lam=0.5, friction=friction, x=float(start))
    low, high = play(cycle, method, 500, start=start).regret
    assert float(low) == pytest.approx(mine, rel=1e-10)
    assert low <= high


def test_the_drift_and_its_limits():
    amsgrad = Optimiser(maximum=True)
    low, high = drift(CYCLE, amsgrad)
    scale = math.sqrt(max(map(float, second_moments(CYCLE, amsgrad.beta2))))
    assert float(low) * scale == pytest.approx(-0.3530617932, abs=1e-10)  # sigma(2.9)(1 - 1.9) + 1/2
    assert float(high - low) < 1e-15
    assert average_regret(CYCLE, amsgrad) == average_regret(CYCLE, Optimiser()) == Fraction(1, 15)
    assert average_regret(CYCLE, ADAM) == 0
    assert average_regret((1, 1, Fraction(-5, 2)), Optimiser()) == 0
    # the second moments of a short memory turn the drift, those of a maximum do not
    assert average_regret(CYCLE, Optimiser(beta2=Fraction(1, 2))) == 0
    assert average_regret(CYCLE, Optimiser(beta2=Fraction(1, 2), maximum=True)) == Fraction(1, 15)


def test_limits_agree_with_long_plays():
    for beta2 in (Fraction(1, 2), Fraction(9, 10)):
        method = Optimiser(beta2=beta2)
        low, _ = play(CYCLE, method, 12_000).regret
        assert float(low) / 12_000 == pytest.approx(float(average_regret(CYCLE, method)), abs=0.012)


def test_worst_cycles():
    amsgrad = Optimiser(maximum=True)
    b3, b4 = worst_last(3, 1, amsgrad), worst_last(4, 1, amsgrad)
    assert float(b3) == pytest.approx(1.539454709, abs=1e-8)
    assert float(2 * (2 - b3) / 3) == pytest.approx(0.3070301941, abs=1e-8)
    assert float(2 * (3 - b4) / 4) == pytest.approx(0.4762607542, abs=1e-8)
    step = Fraction(1, 10**6)
    assert average_regret((1, 1, -(b3 + step)), amsgrad) > 0 == average_regret((1, 1, -(b3 - step)), amsgrad)
    with pytest.raises(DomainError, match="nothing is refuted"):
        worst_last(2, 1, amsgrad)
    with pytest.raises(DomainError, match="nothing is refuted"):
        worst_last(3, 1, replace(amsgrad, friction=False))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: play((), Optimiser(), 3), ParameterError),
        (lambda: play((1.0, -1.0), Optimiser(), 3), ParameterError),
        (lambda: play((float("nan"),), Optimiser(), 3), ParameterError),
        (lambda: play((0, 1), Optimiser(), 3), ParameterError),
        (lambda: play(CYCLE, Optimiser(), 0), ParameterError),
        (lambda: play(CYCLE, Optimiser(), 3, start=2), DomainError),
        (lambda: drift((0, 0), Optimiser()), ParameterError),
        (lambda: drift((1, -1), Optimiser()), DriftUndecided),
        (lambda: average_regret((1, -1), Optimiser()), DriftUndecided),
        (lambda: drift(CYCLE, Optimiser(beta1=Fraction(1, 2))), ParameterError),
        (lambda: worst_last(1, 1, Optimiser()), ParameterError),
        (lambda: worst_last(3, 0, Optimiser()), ParameterError),
        (lambda: worst_last(3, 1.5, Optimiser()), ParameterError),
        (lambda: worst_last(2.5, 1, Optimiser()), ParameterError),
        (lambda: play(CYCLE, Optimiser(), 2.5), ParameterError),
        (lambda: Optimiser(beta2=Fraction(1)), DomainError),
        (lambda: Optimiser(alpha=Fraction(0)), DomainError),
        (lambda: Optimiser(eps=0.1), ParameterError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_limit_of_a_run_is_that_of_the_drift():
    small = Fraction(1, 1000)
    for cycle, start, wanted in ((CYCLE, 1, Fraction(1, 15)), ((1, 1, Fraction(-5, 2)), 1, 0)):
        low, high = enclosed_limit(cycle, Optimiser(alpha=small), 3000, start=start)
        assert low < wanted == average_regret(cycle, Optimiser()) < high
        assert high - low < 2e-4
    low, high = enclosed_limit(CYCLE, Optimiser(beta1=Fraction(9, 10), lam=Fraction(1, 2)), 6000)
    later, far = (play(CYCLE, Optimiser(beta1=Fraction(9, 10), lam=Fraction(1, 2)), T).regret for T in (9000, 12000))
    assert low <= (far[0] - later[1]) / 3000 <= high  # what the tail promises of later rounds
    with pytest.raises(DriftUndecided, match="take more rounds"):
        enclosed_limit(CYCLE, Optimiser(alpha=small), 300)


def test_later_moves_contain_those_of_a_simulation():
    for method in (
        Optimiser(beta2=Fraction(9, 10)),
        Optimiser(maximum=True),
        Optimiser(beta1=Fraction(9, 10)),
        Optimiser(beta1=Fraction(9, 10), lam=Fraction(1, 2)),
        Optimiser(friction=False),
    ):
        first, m, v, top = 300, 0.0, 0.0, 0.0
        moves = _later_moves([Fraction(g) for g in CYCLE], method, first)
        b1, b2, lam = float(method.beta1), float(method.beta2), float(method.lam)
        for t in range(1, 2 * first + 1):
            g, before = float(CYCLE[(t - 1) % 3]), float(CYCLE[(t - 2) % 3])
            now = b1 * lam ** (t - 1)
            m, v = now * m + (1 - now) * g, b2 * v + (1 - b2) * g * g
            top = max(top, v / (1 - b2**t))
            xi = 1 / (1 + math.exp(-abs(g - before))) if method.friction else 1.0
            move = -xi * m / (1 - b1**t) / math.sqrt(top if method.maximum else v / (1 - b2**t))
            if t > first:
                ball = moves[(t - 1) % 3]
                assert float(ball.lower()) - 1e-12 <= move <= float(ball.upper()) + 1e-12
