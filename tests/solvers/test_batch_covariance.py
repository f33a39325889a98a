"""Covariances of batch means: closed forms against enumeration, and the reference values."""

from fractions import Fraction as F

import pytest

from gradproof.solvers import batch_covariance as bc
from gradproof.theory.errors import DomainError, ParameterError

FIVE = [(1, 0), (2, -1), (0, 3), (-1, 1), (4, 2)]


@pytest.mark.parametrize(("sampling", "value"), [("wr", F(62, 25)), ("wor", F(93, 50)), ("poisson", F(111, 50))])
def test_reference_traces(sampling, value):
    assert bc.trace(bc.enumerated(FIVE, 2, bc.LAWS[sampling](5, 2))) == value
    assert bc.trace(bc.closed_form(FIVE, 2, sampling)) == value


@pytest.mark.parametrize("sampling", bc.LAWS)
@pytest.mark.parametrize("M", [1, 2, 3, 4])
def test_closed_forms_are_the_enumerated_matrices(sampling, M):
    rows = [(F(1, 2), 3, 0), (-1, 1, 1), (2, 2, F(-1, 3)), (0, 5, 1)]
    assert bc.enumerated(rows, M, bc.LAWS[sampling](4, M)) == bc.closed_form(rows, M, sampling)


def test_disjoint_batches():
    assert bc.across(FIVE, bc.disjoint(5, 2), 2) == F(-31, 25)


def test_moments():
    assert bc.moments(FIVE) == {"S": F(37, 5), "C": F(124, 25), "g2": F(61, 25)}


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match="none of"):
        bc.closed_form(FIVE, 2, "systematic")
    with pytest.raises(DomainError, match="M = 6"):
        bc.closed_form(FIVE, 6, "wor")
    with pytest.raises(ParameterError, match="same length"):
        bc.moments([(1, 2), (3,)])
    with pytest.raises(ParameterError, match="off by"):
        bc.enumerated(FIVE, 2, [((2, 0, 0, 0, 0), F(1))])
