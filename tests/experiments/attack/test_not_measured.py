"""What cannot be measured is counted, shown, and decides above one percent; bounds are evaluated wherever they have a value."""

import json
import math
from fractions import Fraction

import pytest
import sympy as sp
from click.testing import CliRunner

from gradproof import experiment, own_claim
from gradproof.cli import main
from gradproof.experiments.attack.bound import bound_exactly, bound_in_floats
from gradproof.experiments.attack.decide import decide, ratio
from gradproof.experiments.attack.evidence import as_evidence, attached
from gradproof.experiments.attack.falsify import falsify_claim
from gradproof.experiments.engine.check import Context, Undecided
from gradproof.experiments.instances.exact import Exact, Inexact
from gradproof.testing import holds
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Relation

k = sp.Symbol("k", integer=True)


def _claim(name, bound="x", **more):
    return own_claim(
        f"gaps.{name}", parameters={"x": ("a number", sp.Interval(0, 1))}, quantity="q", bound=bound, **more
    )


def _fails(share, how):
    """A measure that fails on the given share of [0, 1]."""

    def measure(x):
        if x > 1 - share:
            if how == "exception":
                raise RuntimeError("no value here")
            return math.nan
        return x / 2

    return measure


@pytest.mark.parametrize("how", ["exception", "nan"])
def test_more_than_one_percent_that_cannot_be_measured_is_undecided(how):
    c = _claim(f"half-{how}")
    experiment(c, name="half")(_fails(0.5, how))
    found = falsify_claim(c, evaluations=400, seconds=20)
    assert not found.violated
    assert found.undecided
    assert sum(found.unmeasured.values()) == found.failed > 0.01 * found.tried
    assert f"undecided; best measured/bound 0.5; tried {found.tried} instances" in str(found)
    why = "RuntimeError: no value here" if how == "exception" else "the measured quantity is NaN"
    assert f"{found.failed} of {found.tried} instances" in str(found)
    assert f"{found.failed} x {why}" in str(found)
    assert json.loads(json.dumps(found.as_json()))["unmeasured"] == {why: found.failed}
    evidence = list(as_evidence(attached(c)[0], Context(c)))
    assert len(evidence) == 1
    assert isinstance(evidence[0], Undecided)
    assert "instances could not be measured" in evidence[0].reason
    with pytest.raises(AssertionError, match="could not be measured"):
        holds(c, evaluations=100)


def test_a_rare_failure_is_shown_and_decides_nothing():
    c, calls = _claim("rare"), []

    @experiment(c)
    def measure(x):
        calls.append(x)
        if len(calls) == 5:
            raise RuntimeError("the one")
        return x / 2

    found = falsify_claim(c, evaluations=500, seconds=30)
    assert not found.violated
    assert not found.undecided
    assert found.failed == 1
    assert "no counterexample found" in str(found)
    assert (
        f"1 of {found.tried} instances ({100 / found.tried:.3g} %) could not be measured: 1 x RuntimeError: the one"
        in str(found)
    )


def test_a_bound_without_a_value_on_a_part_of_the_domain_is_counted():
    c = _claim("bound", bound="sqrt(x - 1/2)")

    @experiment(c)
    def measure(x):
        return 0 * x

    found = falsify_claim(c, evaluations=300, seconds=20)
    assert found.undecided
    assert found.unmeasured["the bound cannot be evaluated"] == found.failed > 0


def test_a_violation_counts_whatever_could_not_be_measured():
    c = _claim("violated", bound="x/4")
    experiment(c, name="half")(_fails(0.5, "exception"))
    found = falsify_claim(c, evaluations=300, seconds=20)
    assert found.violated
    assert not found.undecided


def test_nothing_measured_is_exit_code_3(tmp_path):
    file = tmp_path / "gap.py"
    file.write_text(
        "from gradproof import experiment, own_claim\n"
        "C = own_claim('gap.all', parameters={'x': 'a number'}, quantity='q', bound='x')\n"
        "@experiment(C)\n"
        "def measure(x):\n    return x if x < 1 else float('nan')\n"
    )
    done = CliRunner().invoke(main, ["falsify", str(file), "--seconds", "3", "-o", str(tmp_path)])
    assert done.exit_code == 3, done.output
    assert "undecided" in done.output
    assert "x the measured quantity is NaN" in done.output


def test_the_ratio_of_nan_is_nan():
    assert math.isnan(ratio(Relation.LE, math.nan, 1.0))
    assert math.isnan(ratio(Relation.GE, 1.0, math.nan))


N, X = sp.Symbol("n", positive=True, integer=True), sp.Symbol("x", positive=True)
SPECIAL = {
    "a sum": (sp.Sum(1 / k, (k, 1, N)), sp.Rational(137, 60)),
    "a sum of sums": (sp.Sum(X**k * sp.Sum(1 / (k + 1), (k, 1, 2)), (k, 1, N)), None),
    "a product": (sp.Product(1 - 1 / (k + 1), (k, 1, N)), sp.Rational(1, 6)),
    "harmonic": (sp.harmonic(N), sp.Rational(137, 60)),
    "factorial": (sp.factorial(N), 120),
    "factorial in a power": (X**N / sp.factorial(N), sp.Rational(3, 2) ** 5 / 120),
    "binomial": (sp.binomial(2 * N, N), 252),
    "gamma": (sp.gamma(N), 24),
    "Lambert's W": (sp.LambertW(X), None),
    "zeta": (sp.zeta(X + 1), None),
    "pi": (sp.pi * X, None),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_a_bound_with_a_sum_or_a_special_function_is_evaluated(name):
    expression, value = SPECIAL[name]
    c = own_claim(
        f"special.{name.replace(' ', '-').replace(chr(39), '')}", parameters={"n": "number of steps", "x": "a number"},
        quantity="q", bound=expression,
    )  # fmt: skip
    expected = sp.N(expression.subs({N: 5, X: sp.Rational(3, 2)}).doit(), 40)
    exactly = bound_exactly(c, {"n": 5, "x": Exact.of(1.5)})
    if value is not None:
        assert exactly == Exact.of(Fraction(str(sp.Rational(value))))
    assert abs(exactly.approximate() - float(expected)) <= 1e-15 * float(expected)
    assert bound_in_floats(c, {"n": 5, "x": 1.5}) == pytest.approx(float(expected), rel=1e-15)
    assert float(c.bound(n=5, x=1.5)) == pytest.approx(float(expected), rel=1e-15)

    @experiment(c)
    def half(n, x):
        return 0 * x

    found = falsify_claim(c, evaluations=60, seconds=20)
    assert found.failed == 0, found
    assert not found.violated


def test_what_has_no_ball_is_left_to_floats_and_says_so():
    c = own_claim(
        "special.infinite",
        parameters={"x": "a number"},
        quantity="q",
        bound=sp.Sum(X**k / sp.factorial(k), (k, 0, sp.oo)),
    )
    assert bound_in_floats(c, {"x": 1.5}) == pytest.approx(math.exp(1.5), rel=1e-14)
    with pytest.raises(Inexact, match="an infinite sum"):
        bound_exactly(c, {"x": Exact.of(1.5)})

    @experiment(c)
    def exponential(x):
        return math.exp(x)

    decision = decide(attached(c)[0], c, {"x": 1.5})
    assert not decision.violated
    assert "floats" in decision.how


def test_a_long_sum_is_exact_in_a_replay():
    c = own_claim(
        "special.long", parameters={"n": "number of steps"}, quantity="q", bound="Sum(1/k, (k, 1, n)) - 1/10**6"
    )

    @experiment(c)
    def harmonic(n):
        return sum(1 / j for j in range(1, n + 1))

    decision = decide(attached(c)[0], c, {"n": 200})
    assert decision.violated
    assert decision.how == "exact rational arithmetic"


@pytest.mark.parametrize(
    ("bound", "why"),
    [("1/0", "is infinite"), ("0/0", "is not a number"), ("sqrt(-1)", "is not real"), ("log(-x)", "is not real"),
     (sp.nan, "is not a number"), (sp.zoo, "is infinite"), (sp.oo, "is infinite"), (sp.I * X, "is not real")],
)  # fmt: skip
def test_a_bound_that_is_no_real_number_is_refused_when_it_is_stated(bound, why):
    with pytest.raises(
        ParameterError, match=f"gaps.refused: the bound .* {why}; state a real, finite expression"
    ) as caught:
        own_claim("gaps.refused", parameters={"x": "a number"}, quantity="q", bound=bound)
    assert "\n" not in str(caught.value)
