"""A violation found in floats counts if nothing rounded unseen finds it too."""

from fractions import Fraction
from typing import NamedTuple

import flint
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from gradproof.experiments.engine.backend import backend, to_numpy
from gradproof.experiments.engine.ball_arrays import BITS, Ball, UndecidedComparison, balls
from gradproof.experiments.engine.check import check
from gradproof.experiments.engine.examples import examples, states
from gradproof.experiments.engine.run import Method, run, start
from gradproof.experiments.engine.verify import verify
from gradproof.solvers.exact.balls import ends
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import Parameter

ON = backend("balls")
PAPER = Paper(key="zz-exact", authors=("A",), title="T", year=2020, family="classical")
#: Methods that run on balls; others may refuse, but must not part from NumPy in silence.
RUN = ("communication.ef21", "communication._sparse_examples.entries", "landscape.sgd_stability", "sampling.sgld")

NUMBERS = iter(range(1000))
numbers = st.fractions(-100, 100, max_denominator=1000)


@given(numbers, numbers.filter(bool))
def test_balls_contain_the_exact_result(a, b):
    with ON.scope():
        x, y = balls(np.array([a, b], dtype=object))
        for found, exact in (
            (x + y, a + b),
            (x - y, a - b),
            (x * y, a * b),
            (x / y, a / b),
            (1 - x, 1 - a),
            (x**2, a**2),
        ):
            low, high = ends(found.v)
            assert low <= exact <= high
            assert float(found.v.rad()) <= 2.0 ** (20 - BITS) * (1 + abs(exact))
        low, high = ends((0.5 ** balls(np.array([3], dtype=object)))[0].v)
        assert low <= Fraction(1, 8) <= high
        for order in ("__lt__", "__gt__", "__le__", "__ge__"):
            if a != b:
                assert getattr(x, order)(y) is getattr(a, order)(b)


def test_what_balls_do_not_decide_is_an_error():
    with ON.scope():
        third = Ball(balls(np.array([1.0]))[0].v / 3)
        almost = 1 - third - third - third
        with pytest.raises(UndecidedComparison, match="not decided"):
            almost > 0  # noqa: B015
        with pytest.raises(UndecidedComparison, match="too wide"):
            to_numpy(np.array([Ball(flint.arb(1, 1e-10))], dtype=object))
        with pytest.raises(UndecidedComparison, match="no float"):
            np.zeros(1)[0:1].fill(third)
        assert third >= third
        assert to_numpy(np.array([third, almost], dtype=object)).tolist() == [1 / 3, 0.0]


@pytest.mark.parametrize("name", examples())
def test_numpy_loses_no_more_than_the_stated_rounding(name):
    make = examples()[name]
    rounding = make(backend("numpy")).rounding
    try:
        exactly = states(make, ON)
    except (TypeError, GradproofError):  # no such function of balls, or a comparison that they do not decide
        assert not name.startswith(RUN)
        return
    for here, exact in zip(states(make, backend("numpy")), exactly, strict=True):
        assert (np.abs(here - exact) <= rounding(here)).all()


class State(NamedTuple):
    x: object


def bound_of(parameters, expression, relation=Relation.GE):
    return Claim(id=f"zz-exact.c{next(NUMBERS)}", paper=PAPER, title="t", statement="s", parameters=parameters, assumptions=(),
                 quantity="x", relation=relation, expression=expression)  # fmt: skip


@pytest.fixture
def ask():
    """Verdict of one check of one claim, empirical."""
    asked = []

    def ask(claim, function, **options):
        registry.register(claim)
        asked.append(claim)
        check(claim, level=Level.EMPIRICAL)(function)
        return verify([claim], jobs=1, **options)[0].verdict

    yield ask
    registry.forget(*asked)


def _last(step, ctx):
    on = backend(ctx.backend)
    out = run(
        Method(State, lambda s, draw: State(step(s.x))),
        on.asarray(start([1.0])),
        3,
        record={"x": lambda s: s.x[..., 0]},
    )
    yield Measurement(measured=float(out.x[0, 0, -1]), bound=float(ctx.claim.bound()), source="rounding")


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_rounding_alone_refutes_nothing(ask, on_backend, name):
    on_backend(name)

    def absorbed(ctx):
        """x + 1e17 - 1e17 is 0 in floats, and 1."""
        yield from _last(lambda x: x + 1e17 - 1e17, ctx)

    verdict = ask(bound_of((), 1), absorbed, backend=name)
    assert verdict.outcome is Outcome.UNDECIDED
    assert "measured 0" in verdict.reason
    assert "but consistent in ball arithmetic" in verdict.reason


def test_a_violation_says_that_it_was_replayed(ask):
    def halves(ctx):
        yield from _last(lambda x: x / 2, ctx)

    verdict = ask(bound_of((), 1), halves)
    assert verdict.outcome is Outcome.REFUTED
    assert "so with the bound to 50 digits; so in ball arithmetic" in verdict.reason


def test_a_violation_that_cannot_be_replayed_says_so(ask):
    def without_runs(ctx):
        yield Measurement(measured=0.5, bound=1.0, source="rounding", what="w")

    def with_linear_algebra(ctx):
        yield from _last(lambda x: x * backend(ctx.backend).xp.linalg.svd(x)[1], ctx)

    verdict = ask(bound_of((), 1), without_runs)
    assert verdict.outcome is Outcome.REFUTED
    assert "no run of it in ball arithmetic" in verdict.reason
    assert "not replayed in ball arithmetic: " in ask(bound_of((), 10), with_linear_algebra).reason


def test_a_bound_that_cancels_refutes_nothing(ask):
    a = Parameter("a", "a number")

    def cancels(ctx):
        """sqrt(a^2 + 1) - a is 0 in floats, and 5e-10."""
        yield Measurement(measured=2e-10, bound=ctx.claim.bound(a=1e9), source="rounding", parameters={"a": 1e9})

    verdict = ask(bound_of((a,), sp.sqrt(a.symbol**2 + 1) - a.symbol, Relation.LE), cancels)
    assert verdict.outcome is Outcome.UNDECIDED
    assert "with the bound to 50 digits" in verdict.reason


@pytest.mark.slow
def test_ef21_is_replayed(ask):
    """EF21 with Top1 on least squares at a hundred times the step: the descent claimed fails in balls too."""
    from gradproof.experiments.communication.ef21 import instances, methods
    from gradproof.experiments.instances.compressors import TopK

    def diverges(ctx):
        P, on = instances.sine(), backend(ctx.backend)
        with on.scope():
            method = methods.ef21(on.move(P), 0.5, TopK(1))
        out = run(method, on.asarray(start(np.ones(P.d))), 20, record={"f": methods.value(on.move(P))})
        yield Measurement(measured=float(out.f[0, 0, -1]), bound=float(ctx.claim.bound()), source="rounding")

    verdict = ask(bound_of((), Fraction(1), Relation.LE), diverges)
    assert verdict.outcome is Outcome.REFUTED
    assert "so in ball arithmetic" in verdict.reason
