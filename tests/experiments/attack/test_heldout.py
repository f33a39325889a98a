"""Theorems that the search was not tuned on: the rate at which false ones fall, and that true ones never do."""

import sys
from pathlib import Path

import pytest

from gradproof.experiments.attack.falsify import falsify_claim, replay

sys.path.insert(0, str(Path(__file__).parent / "heldout"))
from measure import claims

CLAIMS = claims()
FALSE = [i for i in CLAIMS if i.startswith("false.")]
TRUE = [i for i in CLAIMS if i.startswith("true.")]
CAP = 60.0


def test_there_are_many_of_both_kinds():
    assert len(FALSE) >= 30
    assert len(TRUE) >= 20


@pytest.mark.slow
@pytest.mark.parametrize("id", FALSE)
def test_a_false_theorem_falls(id):
    found = falsify_claim(CLAIMS[id], seconds=CAP)
    assert found.violated, found
    assert replay(CLAIMS[id], found.instance, experiment=found.experiment).violated


@pytest.mark.slow
@pytest.mark.parametrize("id", TRUE)
def test_a_true_theorem_stands(id):
    found = falsify_claim(CLAIMS[id], evaluations=1500, seconds=8.0, seed=1)
    assert not found.violated, found
    assert found.measurement is not None
