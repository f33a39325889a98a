"""The measure's own code, watched: whatever it is written as, and as it was when the run is over."""

import functools
import math
import threading
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, partial, reduce

import numpy as np
import pytest

from gradproof.experiments.attack.instrument import WATCHER, reached, rewrite, watched
from gradproof.experiments.attack.routines import Touched
from gradproof.experiments.attack.watchers import Exactly
from gradproof.experiments.instances.exact import Exact


@dataclass
class Line:
    """An instance of a user's."""

    slope: float

    def __call__(self, x):
        return self.slope * x / 3

    @property
    def tenth(self):
        return 0.1 * self.slope

    @cached_property
    def third(self):
        return self.slope / 3

    def __matmul__(self, other):
        return self.slope * other.slope * (1 / 7)


@lru_cache
def _cached(n):
    return 1 / n


def _weights(n):
    for k in range(n):
        yield 1 / (k + 1)


def _decorated(f):
    @functools.wraps(f)
    def inner(x):
        return f(x) / 3

    return inner


@_decorated
def _shifted(x):
    return x + 0.1


def _augmented(x):
    total, parts = 0, np.zeros(2)
    parts[0] += x / 3
    parts[1] -= 0.1
    total += parts.sum()
    total /= 7
    total **= 2
    return total


def _branches(x):
    match x > 1:
        case True:
            return [y / 3 for y in (1, x) if y][-1]
        case _:
            return 0


MEASURES = {
    "an object that is called": (lambda x: Line(x)(1), Fraction(2, 3)),
    "a property": (lambda x: Line(x).tenth, Fraction(1, 5)),
    "a cached property": (lambda x: Line(x).third, Fraction(2, 3)),
    "an operator of a class": (lambda x: Line(x) @ Line(x), Fraction(4, 7)),
    "a cached function": (lambda x: _cached(3) * x, Fraction(2, 3)),
    "a generator": (lambda x: x * sum(_weights(3)), Fraction(11, 3)),
    "a decorated function": (lambda x: _shifted(x), Fraction(7, 10)),
    "reduce": (lambda x: reduce(lambda a, b: a + b / 3, [x, x]), Fraction(8, 3)),
    "partial": (partial(lambda a, x: a * x / 3, 2), Fraction(4, 3)),
    "augmented assignment": (_augmented, (Fraction(2, 3) - Fraction(1, 10)) ** 2 / 49),
    "match and comprehension": (_branches, Fraction(2, 3)),
    "a key": (lambda x: max([1, x], key=lambda y: y / 3) / 3, Fraction(2, 3)),
    "math": (lambda x: math.fsum([x / 3, math.sqrt(4), math.hypot(3, 4)]), Fraction(23, 3)),
    "NumPy": (lambda x: np.mean(np.array([x, 1, 0.5])) + np.linspace(0, 1, 4)[1], Fraction(3, 2)),
    "astype": (lambda x: np.array([1, 2]).astype(float)[0] / 3 * x, Fraction(2, 3)),
    "float of a text": (lambda x: x * float("0.1"), Fraction(1, 5)),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_of_any_style_is_exact(name):
    measure, expected = MEASURES[name]
    _cached(3)  # a float is in the cache
    in_floats = measure(2.0)
    before = {f: f.__code__ for f in reached(measure, {})}
    for value in (Exact.of(2), 2):
        watcher = Exactly()
        with watched(watcher, measure, {"x": value}) as watcher.codes:
            assert watcher.codes
            found = measure(value)
        assert Exact.of(found).fraction() == expected
        assert not isinstance(found, float)
    assert measure(2.0) == in_floats == pytest.approx(float(expected), rel=1e-15)
    assert {f: f.__code__ for f in before} == before


def test_an_exception_leaves_the_code_as_it_was():
    def fails(x):
        raise RuntimeError(str(x / 3))

    code = fails.__code__
    with watched(Exactly(), fails, {}), pytest.raises(RuntimeError):
        fails(1)
    assert fails.__code__ is code


def test_another_thread_runs_the_same_function_in_floats_meanwhile():
    def third(x):
        y = x
        y += 0.5
        return sum(v / 3 for v in (y, math.sqrt(x)))

    found = {}
    expected = third(1 / 7)
    with watched(Exactly(), third, {}):
        assert rewrite(third) is None  # the code is exchanged
        thread = threading.Thread(target=lambda: found.update(other=third(1 / 7)))
        thread.start()
        thread.join()
        with pytest.raises(Touched):
            third(1 / 7)
    assert found == {"other": expected}


def test_what_is_made_in_a_run_goes_on_as_it_was_written():
    def scaled(x):
        return lambda y: 0.1 * y / x

    with watched(Exactly(), scaled, {}):
        made = scaled(3)
    assert made(2.0) == 0.1 * 2.0 / 3


def test_libraries_are_left_alone():
    functions = reached(
        lambda x: np.linalg.norm(x) + math.sqrt(2) + pytest.approx(1), {"f": Line(1.0), "a": np.ones(2)}
    )
    assert {f.__module__.partition(".")[0] for f in functions} <= {__name__.partition(".")[0]}
    assert WATCHER not in vars(np.linalg)
