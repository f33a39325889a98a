"""Experiments attached to the library's claims: no violation inside the assumptions, and one beyond the step size."""

from fractions import Fraction

import pytest

import gradproof
from gradproof.experiments.attack.attached import experiments_of
from gradproof.experiments.attack.falsify import falsify_claim
from gradproof.experiments.attack.necessity import gives_up
from gradproof.experiments.instances.tape import Rejected, play


@pytest.mark.parametrize("id", ["ef21.nonconvex-am", "ef21.nonconvex-qm"])
def test_the_bound_holds_on_the_instances_and_not_beyond_the_step_size(id):
    claim = gradproof.claim(id)
    found = falsify_claim(claim, evaluations=300, seconds=60)
    assert not found.violated
    assert 0.3 < found.ratio <= 1 + 1e-9  # the search's own ratio is a float
    assert falsify_claim(claim, drop=["step_size"], seconds=60).violated
    assert not gives_up(experiments_of(claim)[0], "lower_bounded")


def test_the_mean_of_the_drawn_functions_is_smooth_exactly():
    import random

    made = experiments_of(gradproof.claim("ef21.nonconvex-am"))[0]
    for drop in (frozenset(), frozenset({"smooth_fi"})):
        for k in range(100):
            try:
                x = play(made.instances(drop=drop), (), random.Random(k)).value
            except Rejected:
                continue
            curvature = sum(max(map(Fraction, p.slopes[:, 0])) for p in x["f"].parts) / 2
            assert 0 <= curvature <= Fraction(x["L"])
            if not drop:
                assert all(max(p.slopes[:, 0]) <= limit for p, limit in zip(x["f"].parts, x["limits"], strict=True))
