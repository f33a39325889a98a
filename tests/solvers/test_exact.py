"""Exact arithmetic: rounding, definiteness, linear systems, enclosures, windows."""

import random
from fractions import Fraction as F

import flint
import numpy as np
import pytest

from gradproof.solvers.exact.balls import ball, enclose, ends, sqrt_between
from gradproof.solvers.exact.definite import integer_matrix, is_positive_definite, is_positive_semidefinite, ldl
from gradproof.solvers.exact.linear import null_space, project
from gradproof.solvers.exact.rounding import dyadic, exact_number, simplest_between, simplest_near, whole_number
from gradproof.solvers.exact.windows import split
from gradproof.theory.errors import ParameterError


def random_psd(rng: random.Random, n: int, rank: int) -> list[list[F]]:
    rows = [[F(rng.randint(-9, 9), rng.randint(1, 5)) for _ in range(rank)] for _ in range(n)]
    return [[sum((a * b for a, b in zip(u, v, strict=True)), F(0)) for v in rows] for u in rows]


def test_simplest_between_is_the_rational_of_least_denominator() -> None:
    rng = random.Random(0)
    for _ in range(200):
        low = F(rng.randint(-60, 60), rng.randint(1, 40))
        high = low + F(rng.randint(0, 40), rng.randint(1, 400))
        found = simplest_between(low, high)
        assert low <= found <= high
        for q in range(1, min(found.denominator, 500)):  # no smaller denominator has a multiple in the interval
            assert (low * q).__ceil__() > high * q
    assert simplest_near(3.14159265, 1e-3) == F(201, 64)
    with pytest.raises(ParameterError, match="low <= high"):
        simplest_between(F(1), F(0))


def test_dyadic_rounds_to_the_nearest_multiple() -> None:
    assert dyadic(0.1, 4) == F(1, 8)
    assert abs(dyadic(1 / 3, 60) - F(1 / 3)) <= F(1, 2**61)


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_definiteness_agrees_with_ldl(n: int) -> None:
    """Definite, singular, and shifted just below singular: the shift of 1e-30 is out of reach of floats."""
    rng = random.Random(n)
    tiny = F(1, 10**30)
    for rank in {n, max(n - 1, 1), max(n // 2, 1)}:
        matrix = random_psd(rng, n, rank)
        assert is_positive_semidefinite(integer_matrix(matrix))
        lower, diagonal = ldl(matrix)
        rebuilt = [[sum(a * d * b for a, d, b in zip(u, diagonal, v, strict=True)) for v in lower] for u in lower]
        assert rebuilt == matrix
        full = all(d > 0 for d in diagonal)
        if is_positive_definite(integer_matrix(matrix)):
            assert full
        if not full:
            below = [[c - (tiny if i == j else 0) for j, c in enumerate(row)] for i, row in enumerate(matrix)]
            above = [[c + (tiny if i == j else 0) for j, c in enumerate(row)] for i, row in enumerate(matrix)]
            assert not is_positive_semidefinite(integer_matrix(below))
            assert is_positive_semidefinite(integer_matrix(above))
            with pytest.raises(ValueError, match="pivot"):
                ldl(below)


def test_congruence_decides_well_conditioned_matrices_alone() -> None:
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((40, 40))
    matrix = flint.fmpz_mat([[round(c * 2**60) for c in row] for row in (factor @ factor.T + np.eye(40)).tolist()])
    matrix = matrix + matrix.transpose()
    assert is_positive_definite(matrix)
    spoiled = matrix.tolist()
    spoiled[3][3] = -spoiled[3][3]
    assert not is_positive_definite(flint.fmpz_mat(spoiled))


def test_definiteness_of_numbers_beyond_floats() -> None:
    huge = 10**400
    assert is_positive_definite(flint.fmpz_mat([[huge, 0], [0, 1]]))
    assert is_positive_semidefinite(flint.fmpz_mat([[huge * huge, huge], [huge, 1]]))
    assert not is_positive_semidefinite(flint.fmpz_mat([[huge * huge - 1, huge], [huge, 1]]))
    with pytest.raises(ValueError, match="symmetric"):
        is_positive_semidefinite(flint.fmpz_mat([[1, 2], [0, 1]]))


def test_projection_holds_exactly_and_stays_near() -> None:
    rng = random.Random(1)
    for _ in range(20):
        rows = [[F(rng.randint(-3, 3)) for _ in range(6)] for _ in range(3)]
        truth = [F(rng.randint(1, 9), 7) for _ in range(6)]
        right = [sum(a * x for a, x in zip(row, truth, strict=True)) for row in rows]
        rounded = [F(round(float(x) * 2**30), 2**30) for x in truth]
        moved = project(rows, right, rounded)
        assert moved is not None
        assert [sum(a * x for a, x in zip(row, moved, strict=True)) for row in rows] == right
        assert max(abs(a - b) for a, b in zip(moved, truth, strict=True)) < F(1, 10**6)
    assert project([[F(1)], [F(1)]], [F(0), F(1)], [F(0)]) is None


def test_null_space() -> None:
    basis = null_space([[F(1), F(2), F(3)]], 3)
    assert len(basis) == 2
    assert all(v[0] + 2 * v[1] + 3 * v[2] == 0 for v in basis)


def test_enclosures_contain_the_number_and_reach_the_width() -> None:
    low, high = sqrt_between(F(2), width=F(1, 10**40))
    assert low**2 < 2 < high**2
    assert high - low <= F(1, 10**40)
    low, high = enclose(lambda: ball(F(1)).exp(), width=F(1, 10**20))
    assert low < F("2.71828182845904523536029")
    assert high > F("2.71828182845904523536028")
    assert high - low <= F(1, 10**20)
    with pytest.raises(ParameterError, match="unbounded"):
        ends(ball(F(1)) / ball(F(0)))
    with pytest.raises(ParameterError, match="not real"):
        sqrt_between(F(-1), width=F(1))


def band(rng: random.Random, n: int, shift: F) -> dict[tuple[int, int], flint.fmpq]:
    """A positive definite form of bandwidth two: a sum of squares of neighbours, plus a shift of the diagonal."""
    form: dict[tuple[int, int], F] = {(i, i): shift for i in range(n)}
    for i in range(n):
        c = {k: F(rng.randint(-9, 9), rng.randint(1, 9)) for k in range(i, min(i + 3, n))}
        for a in c:
            for b in c:
                if a <= b:
                    form[a, b] = form.get((a, b), F(0)) + c[a] * c[b] * (1 if a == b else 2)
    return {key: flint.fmpq(c.numerator, c.denominator) for key, c in form.items() if c}


def test_windows_are_semidefinite_and_add_up_exactly() -> None:
    rng = random.Random(2)
    for n in (1, 2, 3, 10, 60):
        form = band(rng, n, F(1, 10**20))
        found = split(form, list(range(n))[::-1])
        assert found is not None
        assert found.left > 0
        total: dict[tuple[int, int], F] = {(0, 0): found.left}
        for w in found.windows:
            assert len(w.indices) <= 3
            assert is_positive_semidefinite(flint.fmpz_mat([list(r) for r in w.entries]))
            for a, i in enumerate(w.indices):
                for b, j in enumerate(w.indices):
                    key = (min(i, j), max(i, j))
                    total[key] = total.get(key, F(0)) + F(w.entries[a][b], w.denominator)
        assert {k: c for k, c in total.items() if c} == {k: F(int(c.p), int(c.q)) for k, c in form.items()}


def test_an_indefinite_form_has_no_windows() -> None:
    form = band(random.Random(3), 20, F(1, 10**6))
    form[7, 7] = form[7, 7] - 1000
    found = split(form, list(range(20)))
    assert found is None or found.left < 0


def test_one_reader_of_numbers_two_meanings_of_a_float() -> None:
    assert exact_number(0.1) == F(1, 10)
    assert exact_number(0.1, floats="binary") == F(0.1) != F(1, 10)
    for same in (F(3, 4), "3/4", 0.75, np.float64(0.75), flint.fmpq(3, 4)):
        assert exact_number(same) == exact_number(same, floats="binary") == F(3, 4)
    assert exact_number(np.int64(2)) == exact_number(flint.fmpz(2)) == 2


@pytest.mark.parametrize("value", [None, True, "fast", "1/0", float("nan"), float("inf"), [1], object()])
@pytest.mark.parametrize("floats", ["decimal", "binary"])
def test_what_is_no_number_is_named(value: object, floats: str) -> None:
    with pytest.raises(ParameterError, match=r"^eta = .*(number|finite)"):
        exact_number(value, "eta", floats=floats)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, 3, np.int64(3), 3.0])
def test_whole_numbers(value):
    assert whole_number(value, "n") == value
    assert isinstance(whole_number(value, "n"), int)


@pytest.mark.parametrize("value", [-1, 2.5, True, "3", None, float("nan"), float("inf"), [1]])
def test_what_is_no_whole_number(value):
    with pytest.raises(ParameterError, match="whole number"):
        whole_number(value, "n")
