"""Second moments over every batch in rational arithmetic: the closed forms, laws that are not uniform, exact eigenvalues."""

from fractions import Fraction

import pytest

from gradproof.solvers.moments import Enumeration, largest_eigenvalue
from gradproof.solvers.moments.enumeration import rational, table

R4 = [[1, 0, 1], [0, 2, -1], [1, 1, 0], [-1, 1, 2]]


@pytest.mark.parametrize(("B", "replacement"), [(1, False), (2, False), (3, False), (2, True)])
def test_a_step_is_the_closed_form(B, replacement):
    """X - 2 eta C(X) + eta^2 D(X), and the closed form's threshold is where the step stops to contract."""
    e = Enumeration(R4, B, replacement)
    X, eta = table([[2, 1, 0], [1, 3, -1], [0, -1, 1]]), Fraction(2, 7)
    assert e.after(X, eta) == X - e.drift(X) * rational(2 * eta) + e.noise(X) * rational(eta**2)
    low, high = e.threshold
    assert e.contracts(low * (1 - Fraction(1, 10**9)))
    assert not e.contracts(high)
    assert e.solved(e.drift, e.drift(X)) == X


def test_a_law_of_batches_takes_the_place_of_the_sampling():
    e = Enumeration([[1], [1], [3]], 2, law=((2, 2),))
    assert e.contracts(Fraction(2, 9) - Fraction(1, 10**9))
    assert not e.contracts(Fraction(2, 9))
    assert e.sampled(2).law == ()


def test_largest_eigenvalues_are_rational_where_they_can_be():
    assert largest_eigenvalue(table([[2, 1], [1, 2]])) == (3, 3)
    low, high = largest_eigenvalue(table([[1, 1], [1, 2]]))  # (3 + sqrt 5)/2
    assert (2 * low - 3) ** 2 < 5 < (2 * high - 3) ** 2
    assert high - low <= Fraction(3, 10**40)
