"""Certificates of stable and unstable steps: two checkers, every corruption refused, and the algebraic threshold."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from gradproof.solvers.moments import (
    accepts,
    algebraic_threshold,
    certify,
    certify_threshold,
    from_jacobian,
    stability_threshold,
)
from gradproof.theory.errors import GradproofError, ParameterError, ProofFormatError, ProofRejected
from gradproof.theory.proof import check as kernel_check
from gradproof.theory.proof_json import read_proof, write_proof
from gradproof.theory.stability_certificate import check_stability, read_stability_certificate

R4 = [[1, 0, 1], [0, 2, -1], [1, 1, 0], [-1, 1, 2]]
S12 = (np.sin(np.outer(np.arange(1, 13), np.arange(1, 6))) + (np.arange(5) == 0)).tolist()
F3 = [[[2, 1], [1, 1]], [[1, -1], [-1, 3]], [[0, 0], [0, 4]]]
SINGULAR = [[1, 2, 0, 1], [0, 1, 1, 1], [1, 3, 1, 2]]  # rank 2
DECOUPLED = [[3, 0, 0], [0, 2, 0], [0, 0, 1]]  # the top eigenmatrix is singular
INSTANCES = {"R4": R4, "S12": S12, "F3": F3, "singular": SINGULAR, "decoupled": DECOUPLED}


def plain(certificate):
    try:
        check_stability(certificate)
    except ProofRejected:
        return False
    return True


@pytest.mark.parametrize("name", INSTANCES)
@pytest.mark.parametrize(("B", "replacement"), [(1, False), (2, False), (2, True)])
@pytest.mark.parametrize("halfwidth", [1e-9, 1e-12])
def test_both_ends_of_the_bracket_are_proved(name, B, replacement, halfwidth):
    b = certify_threshold(INSTANCES[name], batch_size=B, replacement=replacement, halfwidth=halfwidth)
    assert b.low < b.threshold.value < b.high
    assert b.halfwidth == pytest.approx(halfwidth, rel=1e-2)
    for c in (b.stable, b.unstable):
        assert accepts(c)
        assert plain(c)
        assert read_stability_certificate(c.to_json()) == c
        assert kernel_check(read_proof(write_proof(c.proof()))).statement.text.startswith(r"SGD with $\eta")


@pytest.mark.parametrize("name", INSTANCES)
def test_every_corruption_is_refused_by_both_checkers(name):
    b = certify_threshold(INSTANCES[name], batch_size=1, halfwidth=1e-9)
    last = len(b.stable.matrix) - 1
    zero = tuple(tuple(0 for _ in row) for row in b.stable.matrix)
    negative = tuple(tuple(-x for x in row) for row in b.stable.matrix)
    skew = (*b.stable.matrix[:last], (b.stable.matrix[last][0] + 1, *b.stable.matrix[last][1:]))
    corrupted = [
        replace(b.stable, eta=b.high),
        replace(b.unstable, eta=b.low),
        replace(b.stable, side="unstable"),
        replace(b.unstable, side="stable"),
        replace(b.stable, matrix=zero),
        replace(b.stable, matrix=negative),
        replace(b.unstable, matrix=zero),
        replace(b.stable, matrix=skew),
        replace(b.stable, scale=0),
        replace(b.stable, eta=-b.low),
        replace(b.stable, batch_size=len(INSTANCES[name]) + 1),
        replace(b.stable, side="table"),
    ]
    for c in corrupted:
        assert not accepts(c)
        assert not plain(c)


def test_a_basis_that_misses_a_direction_is_refused():
    c = certify_threshold(SINGULAR, batch_size=1).stable
    assert c.basis is not None
    for basis in (c.basis[:1], (c.basis[0], c.basis[0]), (), (0, 7)):
        assert not accepts(replace(c, basis=basis))
        assert not plain(replace(c, basis=basis))


def test_one_flipped_bit_of_the_data_moves_the_threshold():
    c = certify_threshold(R4, batch_size=1, halfwidth=1e-9).stable
    longer = ((2, 0, 1), *c.curvatures[1:])
    assert not accepts(replace(c, curvatures=longer))
    assert not plain(replace(c, curvatures=longer))


def test_the_threshold_itself_is_certified_where_it_is_rational():
    for n, B in ((5, 1), (5, 2)):
        design = (3 * np.eye(n, dtype=int)).tolist()
        at = Fraction(2 * B, 9)
        c = certify(design, at, batch_size=B)
        assert c.side == "stable"
        assert plain(c)
        above = certify(design, at * (1 + Fraction(1, 10**12)), batch_size=B)
        assert above.side == "unstable"
        assert plain(above)


def test_certify_takes_the_side_that_is_true():
    assert certify(R4, "0.34", batch_size=1).side == "stable"
    assert certify(R4, 0.341, batch_size=1).side == "unstable"
    assert certify(R4, 0.34, batch_size=1).eta == Fraction(34, 100)


def test_mutants_of_the_sampling_are_refused():
    """S12, B = 4: with replacement the threshold is 0.9516, without it 1.0490."""
    c = certify(S12, 1, batch_size=4)
    assert c.side == "stable"
    assert not accepts(replace(c, replacement=True))
    assert not plain(replace(c, replacement=True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"format": "gradproof-stability-1"}',
        "[" * 100_000,
        '{"format": "gradproof-stability-1", "side": 1.5}',
    ],
)
def test_files_that_are_no_certificates(text):
    with pytest.raises(ProofFormatError):
        read_stability_certificate(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"scale": 1', '"scale": 1.0'),
        ('"scale": 1', '"scale": true'),
        ('"scale": 1', '"scale": ' + "9" * 5000),
        ('"eta": "1/3"', '"eta": "1/0"'),
        ('"eta": "1/3"', '"eta": 1'),
        ('"eta": "1/3"', '"eta": "0.3"'),
        ("[[1, 0, 1]", "[[1, 0]"),
        ("[[1, 0, 1]", '[["1", 0, 1]'),
        ('"replacement": false', '"replacement": 0'),
        ('"basis": null', '"basis": [0, 1, 99]'),
        ('"matrix": [', '"matrix": [[1], '),
    ],
)
def test_files_that_lie_about_their_types(old, new):
    text = certify(R4, Fraction(1, 3), batch_size=1).to_json()
    assert old in text
    with pytest.raises(ProofFormatError):
        read_stability_certificate(text.replace(old, new))


def test_bad_requests():
    with pytest.raises(ParameterError, match="halfwidth"):
        certify_threshold(R4, batch_size=1, halfwidth=0)
    with pytest.raises(ParameterError, match="zero"):
        certify_threshold([[0, 0]], batch_size=1)
    with pytest.raises(ParameterError, match="positive"):
        certify(R4, 0, batch_size=1)
    with pytest.raises(ParameterError, match="themselves"):
        certify(from_jacobian(R4), 0.1, batch_size=1)
    with pytest.raises(GradproofError, match="further"):
        certify_threshold(S12, batch_size=1, halfwidth=1e-17)


# --- the threshold as an algebraic number ----------------------------------------------------------------------------


def test_reference_polynomial():
    a = algebraic_threshold(R4, batch_size=1)
    assert a.coefficients == (49113, -601620, 2319162, -3005219, 1097392)
    reference = Fraction("0.340512860164096005942230805568")
    assert all(abs(end - reference) < Fraction(1, 10**30) for end in a.eta)
    assert a.low < a.high


@pytest.mark.parametrize("name", INSTANCES)
@pytest.mark.parametrize("B", [1, 2])
def test_algebraic_and_float_thresholds_agree(name, B):
    a = algebraic_threshold(INSTANCES[name], batch_size=B)
    t = stability_threshold(np.array(INSTANCES[name], dtype=float), batch_size=B)
    assert abs(float(a.eta[0]) / t.value - 1) < 1e-14
    assert a.high - a.low <= a.high * Fraction(1, 10**40)
    value = sum(c * a.low**k for k, c in enumerate(reversed(a.coefficients)))
    above = sum(c * a.high**k for k, c in enumerate(reversed(a.coefficients)))
    assert value * above <= 0


def test_rational_thresholds_have_degree_one():
    a = algebraic_threshold(DECOUPLED, batch_size=1)
    assert a.eta == (Fraction(2, 9), Fraction(2, 9))
    assert a.degree == 1


def test_algebraic_bad_input():
    with pytest.raises(ParameterError, match="zero"):
        algebraic_threshold([[0, 0]], batch_size=1)
    with pytest.raises(ParameterError, match="rational"):
        algebraic_threshold([[float("nan"), 0]], batch_size=1)
    with pytest.raises(ParameterError, match="rank 11"):
        algebraic_threshold(np.eye(11, dtype=int).tolist(), batch_size=1)
    with pytest.raises(ParameterError, match="symmetric"):
        algebraic_threshold([[[1, 2], [0, 1]]], batch_size=1)
    with pytest.raises(ParameterError, match="shape"):
        algebraic_threshold([1, 2], batch_size=1)
