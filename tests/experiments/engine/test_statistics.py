"""Statistics keep their level, have power, and refuse what they were not made for."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gradproof.experiments.engine.eprocess import e_process, e_value, stopped
from gradproof.experiments.engine.statistics import (
    betting_capital,
    confidence_sequence,
    e_bh,
    family_wise,
    rate_exponent,
    refuted_together,
)
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Measurement, Outcome, Verdict

CALIBRATION = Path(__file__).parents[3] / "benchmarks" / "calibration.py"


@pytest.fixture(scope="module")
def calibration():
    spec = importlib.util.spec_from_file_location("calibration", CALIBRATION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def allowed(level, runs):
    """Five binomial standard deviations above the level."""
    return level + 5 * np.sqrt(level * (1 - level) / runs)


LAWS = ("uniform on [0, 2]", "exponential", "20 with probability 1/20", "log-normal, sigma 1.5", "Pareto, exponent 2.5",
        "Pareto, exponent 1.5 (no variance)", "dependent on the past")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_false_alarms_of_ten_thousand_ledgers(calibration, law):
    assert set(LAWS) == set(calibration.LAWS)
    rates = calibration.false_alarms(law, ledgers=10_000)
    for name, rate in rates.items():
        assert rate <= allowed(float(name.split("_")[-1]), 10_000), name


@pytest.mark.parametrize("law", ["exponential", "dependent on the past"])
def test_false_alarms(calibration, law):
    rates = calibration.false_alarms(law, ledgers=500)
    for name, rate in rates.items():
        assert rate <= allowed(float(name.split("_")[-1]), 500), name
    assert rates["check_0.05"] > 0.001  # not by never refuting anything


def test_five_percent_above_the_bound_is_seen(calibration):
    assert calibration.power("uniform on [0, 2]", 10_000, runs=10) == 1
    assert calibration.power("uniform on [0, 2]", 10_000, runs=10, excess=0.0) == 0


def test_a_stopped_e_value_has_mean_at_most_one_and_the_greatest_has_not():
    W = e_process(np.random.default_rng(0).exponential(size=(20_000, 50)), 1.0)
    e = stopped(W, 0.01)
    assert e.mean() <= 1 + 5 * e.std() / np.sqrt(len(e))
    greatest = W.max(axis=-1)
    assert greatest.mean() > 1 + 5 * greatest.std() / np.sqrt(len(W))
    assert ((e >= 100) == (greatest >= 100)).all()  # but both refute alike
    with pytest.raises(ParameterError):
        stopped(W, 1.0)
    assert e_value([], 1.0) == 1


def test_betting_capital_is_a_martingale_at_the_mean():
    rng = np.random.default_rng(1)
    final = np.array([np.exp(betting_capital(rng.beta(1, 3, 30), 0.25)[0, -1]) for _ in range(4000)])
    assert abs(final.mean() - 1) <= 5 * final.std() / np.sqrt(len(final))


def test_confidence_sequences_cover_and_shrink(calibration):
    assert calibration.miscoverage(0.2, 1.8, runs=200) <= allowed(0.05, 200)
    x = np.random.default_rng(2).random(2000) * 4 - 1
    low, high = confidence_sequence(x, low=-1, high=3, level=1e-3)
    assert ((low <= 1) & (high >= 1)).all()
    assert high[-1] - low[-1] < 0.4 < high[20] - low[20]
    low, high = confidence_sequence(np.full(500, 0.33333), level=0.05, grid=11)  # the mean lies between candidates
    assert (low <= 0.33333).all()
    assert (high >= 0.33333).all()


@pytest.mark.parametrize(
    "bad", [{"x": [0.5, 1.5]}, {"x": [np.nan]}, {"x": [0.5], "level": 0}, {"x": [0.5], "low": 1, "high": 0}]
)
def test_bad_confidence_sequences(bad):
    with pytest.raises(ParameterError):
        confidence_sequence(**{"level": 0.05} | bad)


def test_rate_exponents(calibration):
    t = np.geomspace(1, 1e4, 50)
    exact = rate_exponent(t, 3 / t)
    assert exact.low <= -1 <= exact.high
    assert exact.high - exact.low < 1e-12
    assert calibration.rate_miss(-1.0, runs=200) <= allowed(0.05, 200)
    bent = rate_exponent(t, 1 / t + 0.01)  # flattens out: the slope moves inside the window
    assert bent.high - bent.low > 0.1
    wrong = rate_exponent(t, t**-0.5)
    assert not wrong.low <= -1 <= wrong.high


NO_RATE = [
    ([1, 2, 3], [1, 1, 1]),  # too few
    (range(1, 30), [0.0] * 29),  # no logarithm
    ([0.0] * 20, [1.0] * 20),
    ([1.0], [[1.0, 2.0]]),  # shapes
]


@pytest.mark.parametrize(("s", "v"), NO_RATE)
def test_rates_that_cannot_be_estimated(s, v):
    with pytest.raises(ParameterError):
        rate_exponent(list(s), v)


def test_e_bh():
    assert e_bh([1.0] * 20, level=0.05) == []
    assert e_bh([0.0, 401.0, 1.0] + [1.0] * 17, level=0.05) == [1]  # 20/0.05 = 400
    assert e_bh([399.0] + [1.0] * 19, level=0.05) == []
    assert e_bh([201.0, 201.0] + [1.0] * 18, level=0.05) == [0, 1]  # two of them need half as much each
    assert e_bh([np.inf], level=0.05) == [0]
    assert e_bh([], level=0.05) == []
    for bad in ([-1.0], [np.nan]):
        with pytest.raises(ParameterError):
            e_bh(bad, level=0.05)
    with pytest.raises(ParameterError):
        e_bh([1.0], level=0)


def test_family_wise():
    assert family_wise([0.0, 4.0]) == 2
    with pytest.raises(ParameterError):
        family_wise([])


def test_the_rule_over_a_ledger():
    def row(e, level=Level.EMPIRICAL, n=1):
        m = Measurement(measured=1.0, bound=1.0, e_value=e) if e is not None else None
        return SimpleNamespace(level=level, verdict=Verdict(outcome=Outcome.CONSISTENT, reason="", n=n, worst=m))

    rows = [row(1.0)] * 8 + [row(1e9, Level.CONTROL), row(None), row(250.0), row(250.0, n=3)]
    assert refuted_together(rows, level=0.05) == [rows[10]]  # 10 tested: one needs 200, two 100 each
