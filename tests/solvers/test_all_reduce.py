"""Times of all-reduces: reference values, formulas against simulated messages and events, bad input."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.solvers.all_reduce import (
    Cluster,
    Link,
    Task,
    Times,
    flat_iterations,
    largest_hidden,
    layered_iterations,
    makespan,
    ring,
    ring_messages,
    simulate,
    tree,
)
from gradproof.theory.errors import DomainError, ParameterError

CLUSTER = Cluster(F(1, 4), F(3, 25), 10**8, Link(F(5, 10**6), F(1, 10**11)), Link(F(5, 10**5), F(1, 10**10)))
times = st.fractions(0, 3, max_denominator=8)


def test_reference_values():
    assert CLUSTER.t_flat(64) == F("0.3959875")
    assert CLUSTER.t_layered(64, 16) == F("0.37603")
    assert CLUSTER.best_groups(64) == (64, F("0.37201"))
    low, high = largest_hidden(CLUSTER.T_io, CLUSTER.m, CLUSTER.between)
    assert float(low) == pytest.approx(1001.1997603354729, rel=1e-14)
    assert all(max(CLUSTER.T_io, ring(G, CLUSTER.m, CLUSTER.between)) == CLUSTER.T_io for G in (1, 64, 1001))
    assert ring(low, CLUSTER.m, CLUSTER.between) <= CLUSTER.T_io < ring(high, CLUSTER.m, CLUSTER.between)


def test_trees():
    link = Link(1, 2)
    assert [tree(p, 3, link) for p in (1, 2, 3, 4, 5, 8, 9)] == [0, 7, 14, 14, 21, 21, 28]


@given(st.integers(1, 8), st.data())
def test_a_ring_of_messages_adds_up_in_the_time_of_the_formula(p, data):
    vectors = [[data.draw(st.integers(-9, 9)) for _ in range(p)] for _ in range(p)]
    link, m = Link(data.draw(times), data.draw(times)), data.draw(st.integers(1, 100))
    held, time = ring_messages(vectors, link, m)
    assert held == [[sum(column) for column in zip(*vectors, strict=True)]] * p
    assert time == ring(p, m, link)


@given(st.integers(1, 6), st.tuples(*[times] * 5))
def test_events_take_the_time_of_the_formula(T, t):
    t = Times(*t)
    iteration = t.T_comp + t.R + max(t.T_io, t.A_G) + t.B
    assert makespan(layered_iterations(T, t)) == t.T_io + T * iteration
    assert makespan(flat_iterations(T, t.T_comp, t.T_io, t.A_G)) == t.T_io + T * (t.T_comp + t.T_io + t.A_G)
    # what prefetches hides the shorter of loading and the rest
    hidden = makespan(flat_iterations(T, t.T_comp, t.T_io, t.A_G, prefetch=True))
    assert hidden == t.T_io + (T - 1) * max(t.T_comp + t.A_G, t.T_io) + max(t.T_comp + t.A_G, t.T_io)
    assert makespan(layered_iterations(T, t, stale=True)) <= t.T_io + T * iteration


def test_tasks_wait_for_all_before_them():
    tasks = {"a": Task(1), "b": Task(2), "c": Task(3, ("a", "b"))}
    assert simulate(tasks) == {"a": 1, "b": 2, "c": 5}
    assert simulate(tasks, lambda name: 10 * (name == "a"))["c"] == 14


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: CLUSTER.times(64, 3), DomainError),
        (lambda: largest_hidden(F(0), 1, Link(1, 1)), DomainError),
        (lambda: largest_hidden(F(1), 1, Link(0, 1)), DomainError),
        (lambda: simulate({"a": Task(1, ("b",))}), ParameterError),
        (lambda: simulate({"a": Task(1, ("b",)), "b": Task(1, ("a",))}), ParameterError),
        (lambda: ring_messages([[1, 2], [3]], Link(1, 1), 1), ParameterError),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)
