"""No true theorem is refuted: equalities, zeros, eigenvalues, literals; and what is clearly false still falls."""

import linecache
import math
import random
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy
from sympy import Interval, S, oo

from gradproof import own_claim
from gradproof.experiments.attack import decide as rule
from gradproof.experiments.attack.decide import decide
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.instrument import watched
from gradproof.experiments.attack.routines import Touched, eigenvalues, norm, solve
from gradproof.experiments.attack.watchers import Exactly
from gradproof.experiments.instances.exact import Exact, precision

sys.path.insert(0, str(Path(__file__).parent))
from true_statements import FAMILIES, statements

NONNEGATIVE = Interval(0, oo)


@pytest.mark.parametrize(
    ("count", "each", "seed"), [(145, 6, 0), pytest.param(1450, 8, 1, marks=pytest.mark.slow)], ids=["share", "whole"]
)
def test_no_true_and_attained_statement_is_refuted(count, each, seed):
    tried = Counter()
    for text, claim, made, instance in statements(random.Random(seed), count, each):
        decision = decide(made, claim, instance)
        assert not decision.violated, (text, instance, decision)
        tried[made.name] += 1
    assert set(tried) == set(FAMILIES)
    assert tried.total() == count * each


def test_a_statement_that_is_false_by_one_percent_is_refuted():
    # a bound that rounding moves by a millionth says nothing at 1 %; a branch that floats take otherwise is no counterexample
    blunt = {"moving-bound-in-floats", "branch"}
    seen = Counter()
    for text, claim, made, instance in statements(random.Random(2), 174, 4, off=0.01):
        decision = decide(made, claim, instance)
        assert decision.violated == (made.name not in blunt), (text, instance, decision)
        seen[made.name] += decision.violated
    assert len(seen) == len(FAMILIES)


def _made(measure, bound, relation="==", **domains):
    claim = own_claim(
        f"rounding.{measure.__name__}", parameters={n: ("a number", d) for n, d in domains.items()}, quantity="q",
        relation=relation, bound=bound,
    )  # fmt: skip
    return Experiment(claim, measure.__name__, {}, measure), claim


def test_a_bound_that_moves_with_what_the_measure_returns_has_its_part_in_the_error():
    def quantity(x, y):
        s = float(scipy.linalg.norm([x + y - x]))  # y, with an error of 1e-8 where x is 1e8
        return 1 / y, {"s": s}

    made, claim = _made(quantity, "1/s", s=NONNEGATIVE)
    decision = decide(made, claim, {"x": 1.2e8, "y": 0.7})
    m = decision.measurement
    assert abs(m.measured - m.bound) > 1e-9  # on the wrong side in floats, by far more than the quantity itself moves
    assert m.error > abs(m.measured - m.bound)
    assert not decision.violated


@pytest.mark.parametrize("n", [3, 10, 49])
def test_a_share_is_the_fraction_that_it_stands_for(n):
    def shares(n):
        p = 1 / n
        return abs(sum(p for _ in range(n)) - 1)

    made, claim = _made(shares, "0", "<=", n=S.Naturals)
    decision = decide(made, claim, {"n": n})
    assert decision.how == "exact rational arithmetic"
    assert decision.measurement.measured == 0


def test_a_decimal_in_the_source_is_the_decimal():
    def difference(x):
        return abs((1 - 0.9) - 0.1) * x

    assert (1 - 0.9) - 0.1 != 0
    made, claim = _made(difference, "0", "<=", x=NONNEGATIVE)
    decision = decide(made, claim, {"x": 2.0})
    assert (decision.how, decision.measurement.measured) == ("exact rational arithmetic", 0)


def test_an_eigenvalue_of_an_integer_matrix_counts_as_floats_where_a_float_routine_found_it():
    def least(n):
        return -scipy.linalg.eigvalsh(n * np.eye(n) - np.ones((n, n)))[0]

    def least_exactly(n):
        return -np.linalg.eigvalsh(n * np.eye(n) - np.ones((n, n)))[0]

    made, claim = _made(least, "0", "<=", n=S.Naturals)
    for n in range(2, 9):
        decision = decide(made, claim, {"n": n})
        assert "floats" in decision.how
        assert "eigvalsh works on floats" in decision.how
        assert not decision.violated
    made, claim = _made(least_exactly, "0", "<=", n=S.Naturals)
    decision = decide(made, claim, {"n": 7})
    assert (decision.how, decision.measurement.measured) == ("exact rational arithmetic", 0)


def test_without_source_and_without_numbers_to_move_nothing_is_refuted():
    space = {}
    exec("def unseen(n): return n + 1.0", space)
    made, claim = _made(space["unseen"], "n", "<=", n=S.Naturals)
    decision = decide(made, claim, {"n": 3})
    assert not decision.violated
    assert decision.how.startswith("undecided: nothing tells")


def test_a_source_that_is_not_what_was_loaded_is_not_run_in_its_place():
    space, file = {}, "<edited since>"
    exec(compile("def edited(x): return x + 0.5", file, "exec"), space)
    linecache.cache[file] = (0, None, ["def edited(x): return x + 99.0\n"], file)
    made, claim = _made(space["edited"], "x + 1", "<=", x=NONNEGATIVE)
    decision = decide(made, claim, {"x": 0.3})
    assert "the source of the measure is not at hand" in decision.how
    assert float(decision.measurement.measured) == 0.8


CONSTANT, THIRD = 0.7, 1 / 3


@pytest.mark.parametrize(
    ("measure", "why"),
    [
        (lambda x: x + THIRD, "made outside the measure"),
        (lambda x: x + np.fft.fft(np.ones(2)).real[0], "fft works on floats"),
        (lambda x: x * np.random.default_rng(0).random(), "works on floats"),
        (lambda x: max(map(math.sqrt, [2, 3])), "that a routine returned"),
        (lambda x: int(scipy.special.gamma(4)), "gamma works on floats"),
    ],
    ids=["a global", "a transform", "random numbers", "through map", "turned into an integer"],
)
def test_a_float_that_comes_in_anywhere_is_noticed(measure, why):
    watcher = Exactly()
    with watched(watcher, measure, {}) as watcher.codes, pytest.raises(Touched, match=why):
        measure(Exact.of(1))
    assert measure(1.0) > 0  # the code is what it was again


def test_a_decimal_of_the_file_is_read_and_named():
    def scaled(x):
        return CONSTANT * x

    made, claim = _made(scaled, "7*x/10", x=NONNEGATIVE)
    decision = decide(made, claim, {"x": 1 / 3})
    assert decision.how == "exact rational arithmetic on the decimals that the file states"
    assert decision.measurement.measured == decision.measurement.bound


def test_what_an_instance_promises_up_to_rounding_refutes_nothing_and_what_it_breaks_does():
    def length(u):
        return u @ u

    made, claim = _made(length, "1", "<=", n=S.Naturals)
    u = np.array([3.0, 1.0, 2.0, 5.0])
    u /= np.linalg.norm(u)
    claims = [decide(made, claim, {"n": 1, "u": v}) for v in (u, u * (1 + 2.0**-50), u * (1 + 1e-6))]
    assert [d.violated for d in claims] == [False, False, True]


def test_equal_numbers_move_together_so_that_a_tie_stays_one():
    def largest_twice(x):
        order = sorted(range(len(x)), key=lambda i: -abs(x[i]))
        return 2 if abs(x[order[0]]) == abs(x[order[1]]) else 1

    made, claim = _made(largest_twice, "1", "<=", n=S.Naturals)
    assert decide(made, claim, {"n": 1, "x": np.array([1 / 3, -1 / 3, 0.1])}).violated


def test_the_moved_instances_leave_no_trace():
    def total(x):
        return x.sum()

    made, claim = _made(total, "0", "<=", n=S.Naturals)
    x = np.array([0.1, 0.2])
    code = total.__code__
    assert decide(made, claim, {"n": 1, "x": x}).violated
    assert x.tolist() == [0.1, 0.2]
    assert total.__code__ is code
    assert total(x) == 0.1 + 0.2


def test_integers_of_numpy_do_not_wrap_around_in_an_exact_run():
    def power_sum(v):
        return np.array([(v**8).sum(), (v * v * v * v).prod()]) @ np.array([-1, -1])

    made, claim = _made(power_sum, "0", "<=", n=S.Naturals)
    large = [int(power_sum(np.array([first, 800, 700]))) for first in range(900, 910)]
    assert max(large) > -(900**8)  # int64 has wrapped around
    for first in range(900, 910):
        decision = decide(made, claim, {"n": 1, "v": np.array([first, 800, 700])})
        assert not decision.violated
        assert decision.measurement.measured < 0


def test_linear_algebra_is_exact_on_rationals_and_encloses_on_balls():
    A = np.array([[2, 1, 0], [1, 2, 1], [0, 1, 2]])
    with precision(128):
        found = eigenvalues(A)
        assert found[1] == 2  # a rational eigenvalue is exact
        assert abs(found[2] - 2) ** 2 - 2 < Exact.of(1e-30)
        root = Exact.of(2).sqrt()
        double = eigenvalues(np.array([[root, 0], [0, root]], dtype=object))  # no gap: a cluster
        assert all(abs(x - root) < Exact.of(1e-30) for x in double)
        assert norm(np.array([[3, 0], [4, 0]]), 2) == 5
        assert (solve(A, np.array([1, 0, 3])) == np.array([Exact.of(Fraction(k, 2)) for k in (3, -4, 5)])).all()


@pytest.mark.parametrize("kind", ["symmetric", "balls"])
def test_eigenvalues_hold_those_of_lapack(kind):
    rng = np.random.default_rng(5)
    for n in (2, 3, 5):
        A = rng.integers(-3, 4, (n, n))
        A = A + A.T
        exact = np.vectorize(Exact.of, otypes=[object])(A)
        if kind == "balls":
            exact = exact * Exact.of(3).sqrt()
        found = [x.approximate() for x in eigenvalues(exact)]
        expected = np.linalg.eigvalsh(A * (math.sqrt(3) if kind == "balls" else 1))
        assert found == pytest.approx(expected.tolist(), abs=1e-10)


def test_the_margins_are_what_the_documents_say():
    assert (rule.MARGIN, rule.FLOAT_MARGIN, rule.SPREADS, rule.SHORT) == (2.0**-30, 2.0**-26, 1024, 30)
