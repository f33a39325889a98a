"""Enclosed privacy losses: the card's reference values, closed forms inside the brackets, and what makes a bracket fail."""

from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers import privacy_loss as pl
from gradproof.theory.errors import DomainError, GradproofError, ParameterError
from gradproof.theory.privacy.dp_forecasting import ORDERS, PUBLISHED

D5, D7 = F(1, 10**5), F(1, 10**7)


def test_reference_values_of_one_release():
    sigma = pl.classical_noise(0.03572900631708774, D7)
    assert float(sigma[0]) == pytest.approx(160.0061050, abs=5e-8)
    assert float(pl.gaussian_epsilon(D7, sigma)[0]) == pytest.approx(0.02385763511, abs=5e-12)
    assert float(pl.classical_noise(1, D5)[0]) == pytest.approx(4.844805263, abs=5e-10)
    assert float(pl.gaussian_noise(1, D5)[0]) == pytest.approx(3.730631635, abs=5e-10)
    assert float(pl.gaussian_epsilon(D5, 160 / 3120**0.5)[0]) == pytest.approx(1.337632888, abs=5e-10)
    assert float(pl.gaussian_epsilon(D7, 14)[0]) == pytest.approx(0.3133836575, abs=5e-11)
    assert float(pl.gaussian_delta(20, pl.classical_noise(20, D5)[0])[0]) == pytest.approx(1.5267e-3, rel=5e-5)


def test_the_classical_noise_fails_from_its_threshold_on():
    """delta = 1e-5: enough at 8.419771, too little at 8.419772."""
    for eps, enough in ((F(8419771, 10**6), True), (F(8419772, 10**6), False)):
        assert (pl.gaussian_noise(eps, D5)[1] <= pl.classical_noise(eps, D5)[0]) is enough


@pytest.mark.parametrize(("steps", "epsilon"), [(3120, 0.03196093602), (31200, 0.03572900631)])
def test_reference_values_of_the_capped_accountant(steps, epsilon):
    found = pl.renyi_epsilon(F(10, 3120), 140, steps, D7, ORDERS)
    assert float(found.low) == pytest.approx(epsilon, abs=1e-11)
    assert found.order == 512
    assert found.capped


def test_all_published_epsilons_are_those_of_the_last_order():
    printed = {35: 0.0650686, 70: 0.0399171, 140: 0.0357290, 500: 0.0317064}
    for run in PUBLISHED:
        found = pl.renyi_epsilon(run.q, run.z, run.steps, D7, ORDERS)
        assert found.capped
        assert float(found.high) == pytest.approx(printed[run.z], abs=5e-8)
        assert abs(float(found.high) - float(run.epsilon)) < 1e-4  # printed cut off or rounded to four decimals
        assert 0.48 < np.log(1e7) / 511 / float(found.high) < 0.996
    assert float(pl.renyi_epsilon(F(10, 3120), 140, 31200, D7, range(2, 4000)).low) == pytest.approx(0.02298, abs=1e-5)


def test_reference_value_of_integer_orders():
    found = pl.renyi_epsilon(F(1, 100), F(11, 10), 1000, D5, range(2, 200))
    assert (found.order, found.capped) == (10, False)
    assert float(found.low) == pytest.approx(2.086796114, abs=5e-10)


def test_the_bracket_of_the_reference_setting_is_narrow_and_inside_the_coarser_one():
    found = pl.sampled_epsilon(0.01, 1.1, 1000, 1e-5)
    assert 1.5104 < found.low < found.high < 1.5204
    assert found.width < 2e-4
    finer = pl.sampled_epsilon(0.01, 1.1, 1000, 1e-5, cells=128)
    assert found.low <= finer.low <= finer.high <= found.high
    added = pl.sampled_epsilon(0.01, 1.1, 1000, 1e-5, adjacency="add")
    assert added.high < found.low  # the removal is the worse change here


def closed_delta(q, z, eps_ratio, change):
    """delta of one sampled step at e^eps, in closed form."""
    if change == "remove":
        return [q * x for x in pl.gaussian_delta_at(1 + (eps_ratio - 1) / q, z)]
    rest = 1 - eps_ratio * (1 - q)
    return [rest * x for x in pl.gaussian_delta_at(eps_ratio * q / rest, z)] if rest > 0 else [F(0), F(0)]


@pytest.mark.parametrize("change", ["remove", "add"])
@pytest.mark.parametrize(("q", "z"), [(F(1, 100), F(11, 10)), (F(1, 5), F(3)), (F(9, 10), F(1, 2))])
def test_one_step_is_between_the_ends(q, z, change):
    for ratio in (F(1001, 1000), F(21, 20), F(3, 2), F(4)):
        low, high = closed_delta(q, z, ratio, change)
        eps = float(np.log(float(ratio)))
        found = pl.sampled_delta(q, z, 1, eps, adjacency=change)
        assert found.low <= float(high) * (1 + 1e-12)
        assert float(low) * (1 - 1e-12) <= found.high


@pytest.mark.parametrize(
    ("z", "steps", "delta"), [(160, 3120, D5), (1, 1, D5), (5, 7, F(1, 10**10)), (40, 10_000, F(1, 100))]
)
def test_without_sampling_the_exact_curve_is_between_the_ends(z, steps, delta):
    low, high = pl.gaussian_epsilon(delta, z / steps**0.5)
    found = pl.sampled_epsilon(1, z, steps, float(delta))
    assert found.low <= float(high)
    assert float(low) <= found.high
    assert found.width < 1e-3


def test_epsilon_and_delta_are_two_readings_of_one_curve():
    eps = pl.sampled_epsilon(F(1, 50), 2, 200, 1e-6)
    assert pl.sampled_delta(F(1, 50), 2, 200, eps.high).low <= 1e-6 <= pl.sampled_delta(F(1, 50), 2, 200, eps.low).high


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ((1e-6, 0.5, 1000, 1e-5), "take fewer cells"), ((1e-5, 1, 100_000, 1e-5), "take fewer cells"),
        ((0.01, 1.1, 1000, 1e-30), "renyi_epsilon"), ((0.5, 1e-3, 1, 1e-5), "take a larger z"),
    ],
)  # fmt: skip
def test_what_no_grid_holds_is_refused_in_one_line_with_a_way_out(setting, says):
    with pytest.raises(GradproofError, match=says) as refused:
        pl.sampled_epsilon(*setting)
    assert "\n" not in str(refused.value)
    assert pl.renyi_epsilon(*setting, range(2, 40)).high > 0


def test_so_much_noise_that_epsilon_is_zero():
    """delta(0) is at most sqrt(T) q/(z sqrt(2 pi)) or so, far below the target."""
    found = pl.sampled_epsilon(0.5, 1e6, 10, 1e-5)
    assert found.low == 0
    assert found.high < 1e-12


def test_what_is_outside_the_domain_is_refused():
    for call in (
        lambda: pl.gaussian_delta(1, 0), lambda: pl.gaussian_epsilon(2, 1), lambda: pl.classical_noise(0, D5),
        lambda: pl.sampled_epsilon(2, 1, 1, 1e-5), lambda: pl.sampled_epsilon(0.1, 1, 0, 1e-5), lambda: pl.sampled_renyi(2, 0, 1),
        lambda: pl.sampled_epsilon(0.1, 1, 1, 1.5), lambda: pl.sampled_delta(0.1, 1, 1, 1.0, adjacency="replace"),
    ):  # fmt: skip
        with pytest.raises(DomainError):
            call()
    with pytest.raises(ParameterError):
        pl.sampled_renyi(1, 0.1, 1)
