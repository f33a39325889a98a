"""The search: false claims fall, true ones never; findings replay, are small, and repeat."""

import json
import math
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scipy
from click.testing import CliRunner
from hypothesis import strategies as st
from sympy import Interval

from gradproof import around, experiment, own_claim
from gradproof.cli import main
from gradproof.experiments.attack.attached import experiments_of
from gradproof.experiments.attack.decide import decide
from gradproof.experiments.attack.evidence import as_evidence, attached
from gradproof.experiments.attack.falsify import falsify_claim, replay
from gradproof.experiments.attack.finding import short_float
from gradproof.experiments.attack.literals import literal
from gradproof.experiments.attack.moves import move
from gradproof.experiments.attack.search import Search
from gradproof.experiments.engine.check import Context
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.verify import load_file
from gradproof.experiments.instances.tape import play
from gradproof.theory import registry
from gradproof.theory.errors import ParameterError, UnknownClaim
from gradproof.theory.evidence import Level

THEOREMS = Path(__file__).parent / "theorems"
EXAMPLES = Path(__file__).parents[3] / "examples"
CAP = 60.0  # seconds: what a false theorem may take

CLAIMS = {c.id: c for kind in ("false", "true") for c in load_file(str(THEOREMS / f"{kind}.py"))}
registry.forget(*CLAIMS.values())  # they are no part of the library
FALSE = [i for i in CLAIMS if i.startswith("false.")]
TRUE = [i for i in CLAIMS if i.startswith("true.")]
QUICK = ["false.exponent", "false.step-2.01", "false.gd-99-percent", "false.polyak-nonquadratic", "false.ef21-sharp-105",
         "false.noisy-gd", "false.cocoercive", "false.sgd-threshold-1001"]  # fmt: skip
QUICK_TRUE = [
    "true.gd-value",
    "true.descent-lemma",
    "true.noisy-gd",
    "true.cocoercive",
    "true.gd-gradient",
    "true.sgd-threshold",
]


def test_the_sets_are_large_enough():
    assert len(FALSE) >= 20
    assert len(TRUE) >= 15


@pytest.mark.parametrize("id", [x if x in QUICK else pytest.param(x, marks=pytest.mark.slow) for x in FALSE])
def test_a_false_theorem_gets_a_counterexample(id):
    found = falsify_claim(CLAIMS[id], seconds=CAP)
    assert found.violated, found
    again = replay(CLAIMS[id], found.instance, experiment=found.experiment)
    assert again.violated
    assert again.measurement == found.measurement or found.measurement.e_value is not None


@pytest.mark.parametrize(
    ("id", "limit"),
    [("false.ef21-sharp-105", "alpha"), ("false.sgd-threshold-1001", "eta"), ("false.step-2.01", "gamma")],
    ids=["EF21 at 1.05 times its threshold", "SGD at 1.001 eta*", "GD at 2.01/L"],
)
def test_a_step_size_just_too_long_falls_in_ten_seconds(id, limit):
    start = time.process_time()
    found = falsify_claim(CLAIMS[id], seconds=CAP)
    assert found.violated
    assert time.process_time() - start < 10
    assert limit in found.instance


@pytest.mark.parametrize("id", [x if x in QUICK_TRUE else pytest.param(x, marks=pytest.mark.slow) for x in TRUE])
def test_a_true_theorem_is_never_refuted(id):
    evaluations = 400 if id in QUICK_TRUE else 3000
    for seed in range(1 if id in QUICK_TRUE else 2):
        found = falsify_claim(CLAIMS[id], evaluations=evaluations, seconds=CAP, seed=seed)
        assert not found.violated, found
        assert found.measurement is not None
        assert "no counterexample found" in str(found)
        assert "true" not in str(found).replace(id, "")


@pytest.mark.slow
@pytest.mark.parametrize("id", [x for x in FALSE if x != "false.noisy-gd"])
def test_no_counterexample_in_exact_arithmetic_is_a_rounding(id):
    m = falsify_claim(CLAIMS[id], seconds=CAP).measurement
    assert abs(float(m.measured) - float(m.bound)) > 1e-9 * max(abs(float(m.measured)), abs(float(m.bound)))


def test_the_same_seed_gives_the_same_finding():
    runs = [falsify_claim(CLAIMS["false.gd-step"], seed=5) for _ in range(2)]
    assert runs[0].choices == runs[1].choices
    assert runs[0].measurement == runs[1].measurement
    assert runs[0].tried == runs[1].tried


def test_a_finding_is_small_and_its_program_replays_it(tmp_path):
    path = EXAMPLES / "subtly_false.py"
    result = CliRunner().invoke(main, ["falsify", str(path), "-o", str(tmp_path)])
    assert result.exit_code == 1, result.output
    assert "violated" in result.output
    data = json.loads((tmp_path / "example_heavy_ball.json").read_text())
    assert data["violated"]
    assert data["instance"]["N"] <= 8
    program = tmp_path / "example_heavy_ball.py"
    done = subprocess.run([sys.executable, program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    program.write_text(program.read_text().replace("'N': ", "'N': 1 or "))  # N = 1 is no counterexample
    assert subprocess.run([sys.executable, program], capture_output=True).returncode == 1


def test_nothing_found_exits_with_0_and_says_what_was_tried(tmp_path):
    args = ["falsify", str(EXAMPLES / "true_and_loose.py"), "--seconds", "2", "-o", str(tmp_path)]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0
    assert "best measured/bound 0." in result.output
    assert not list(tmp_path.iterdir())


def test_dropping_an_assumption_finds_the_instance_that_needs_it():
    (claim,) = load_file(str(EXAMPLES / "true_and_loose.py"))
    found = falsify_claim(claim, drop=["step"], seconds=CAP)
    assert found.violated
    assert found.instance["gamma"] * found.instance["L"] > 1
    with pytest.raises(ParameterError, match="has no assumption 'stride'"):
        falsify_claim(claim, drop=["stride"])


def test_a_claim_without_an_experiment_says_so():
    with pytest.raises(UnknownClaim, match="has no measure that can be searched"):
        falsify_claim(_claim("bare", bound="x"))


def _claim(name, **kwargs):
    return own_claim(f"inline.{name}", parameters={"x": "a number"}, quantity="q", **kwargs)


def _made(c):
    return attached(c)[-1]


@pytest.mark.parametrize("x", [1 - 2.0**-52, 1 + 2.0**-52, 0.1, 1 / 3, 2.5, 1e-300, 3.0, math.inf])
def test_a_number_that_is_shown_is_the_number_that_was_used(x):
    assert float(short_float(x)) == x


def test_rounding_is_not_a_violation():
    c = _claim("rounding", bound="x")

    @experiment(c)
    def thirds(x):  # equals x but for the rounding of 1/3, which exact replay of the instance cannot see
        return x * (1 / 3) + x * (1 / 3) + x * (1 / 3) + x * 2.0**-52

    for e in (0.1, 1.0, 3.0, 1e3):
        assert not decide(_made(c), c, {"x": e}).violated


def test_rounding_of_a_measure_that_works_on_floats_only_is_not_a_violation():
    c = _claim("floats", bound="x")

    @experiment(c)
    def solved(x):
        a = np.zeros((2, 2))
        a[0, 0], a[1, 1] = x, 1.0
        return scipy.linalg.solve(a, np.array([x * x, 1.0]))[0] * (1 + 1e-12)

    decision = decide(_made(c), c, {"x": 3.0})
    assert "floats" in decision.how
    assert not decision.violated
    assert decision.measurement.error > 0


def test_the_floor_of_converged_iterates_is_not_a_violation():
    c = own_claim(
        "inline.floor", parameters={"N": "number of steps", "x": "start"}, quantity="q", bound="0.6**(2*N)*x**2"
    )

    @experiment(c)
    def distance(x, N):  # rate 0.5 to the fixed point 0.9, where floats stop at 1e-32; SciPy keeps exact numbers out
        y = 0.9 + x
        for _ in range(N):
            y = float(scipy.linalg.solve(np.eye(1) * 2, np.array([y + 0.9]))[0])
        return (y - 0.9) ** 2

    decision = decide(_made(c), c, {"x": 1.0, "N": 200})
    assert decision.measurement.measured > decision.measurement.bound
    assert "floats" in decision.how
    assert not decision.violated


def test_balls_that_grow_are_made_narrower():
    c = own_claim("inline.balls", parameters={"N": "number of steps", "x": "start"}, quantity="q", bound="x**2")

    @experiment(c)
    def distance(x, N):  # a rotation by roots of 2: the radius of a ball doubles with each step
        y = x
        for _ in range(N):
            y = 1.5 - (y - math.sqrt(2) + math.sqrt(2) - 1.5) * -0.25 * math.sqrt(2) * math.sqrt(8)
        return y * y

    decision = decide(_made(c), c, {"x": 1.0, "N": 300})
    assert "ball" in decision.how
    assert not decision.violated


def test_a_real_violation_of_a_measure_that_works_on_floats_only_is_found():
    c = _claim("float-violation", bound="0.999*x")

    @experiment(c)
    def solved(x):
        a = np.zeros(1)
        a[0] = x
        return float(np.sum(a))

    found = falsify_claim(c, evaluations=200)
    assert found.violated
    assert found.measurement.source == "rounding"


def test_a_nan_or_an_exception_is_no_evidence():
    c = _claim("nan", bound="x")

    @experiment(c)
    def broken(x):
        if x > 1:
            raise ValueError("no")
        return math.nan

    found = falsify_claim(c, evaluations=100)
    assert not found.violated


def test_errors_of_the_users_code_are_told_in_one_line():
    c = _claim("bug", bound="x")

    @experiment(c)
    def broken(x):
        return x.no_such_attribute

    found = falsify_claim(c, evaluations=20)
    assert found.measurement is None
    assert "no_such_attribute" in str(found)

    @experiment(c, y=lambda x: {}["z"])
    def drawn(y):
        return y, {"x": 1}

    with pytest.raises(ParameterError, match="drawing an instance of drawn fails: KeyError"):
        falsify_claim(c, evaluations=20)


def test_equalities_are_tested_from_both_sides():
    c = _claim("equal", bound="x**2", relation="==")

    @experiment(c)
    def square(x):
        return x * x if x < 2 else x * x * 0.999

    assert falsify_claim(c).violated


def _stable(c):
    @experiment(c, gamma=lambda L: st.floats(0.01 / L, 4 / L))
    def shrinks(gamma, L):
        x = 1.0
        for _ in range(60):
            x = x - gamma * L * x
        return abs(x) <= 1


@pytest.mark.parametrize(("bound", "false"), [("2/L", False), ("1.9/L", True), ("2.02/L", True)])
def test_a_threshold_is_met_from_both_sides(bound, false):
    c = own_claim(f"inline.iff-{bound[0:3].replace('.', '-').replace('/', '-')}", parameters={"L": "smoothness"}, quantity="gamma",
                  relation="iff", bound=bound)  # fmt: skip
    _stable(c)
    found = falsify_claim(c, evaluations=2000, seconds=30)
    assert found.violated == false, found


@pytest.mark.parametrize(
    ("bound", "outcome"), [("sqrt(2)/L", "consistent"), ("1.4/L", "refuted"), ("1.43/L", "refuted")]
)
def test_verify_tells_a_threshold_that_is_never_met_exactly_from_a_false_one(bound, outcome):
    c = own_claim(f"inline.iff-root-{bound[:3].replace('.', '-')}", parameters={"L": "smoothness"}, quantity="gamma",
                  relation="iff", bound=bound)  # fmt: skip

    @experiment(c, gamma=lambda L: st.floats(0.01 / L, 4 / L))
    def below(gamma, L):
        return gamma * gamma * L * L <= 2

    verdict = judge(Level.EMPIRICAL, c.relation, as_evidence(experiments_of(c)[0], Context(c)))
    assert verdict.outcome.value == outcome, verdict
    assert ("gamma where it" in verdict.reason) == (outcome == "refuted")


def test_a_threshold_measured_as_a_number_is_refused_with_the_way_out():
    c = own_claim("inline.iff-number", parameters={"L": "smoothness"}, quantity="gamma", relation="iff", bound="2/L")

    @experiment(c, gamma=st.floats(0.1, 4.0))
    def number(gamma, L):
        return 2 / L

    with pytest.raises(ParameterError, match="return True where the property holds and False where it fails"):
        falsify_claim(c, evaluations=20)


@pytest.mark.parametrize(
    ("relation", "bound", "most", "false"),
    [(">=", "p", 1, False), (">=", "min(1.2*p, 1)", 1, True), ("==", "p", "1", False), ("==", "p*(1 - p/5)", 1, True),
     (">=", "min(1.2*p, 1)", None, False)],
)  # fmt: skip
def test_expectations_are_bounded_from_below_where_the_quantity_is_bounded(relation, bound, most, false):
    c = own_claim(f"inline.frequency-{relation}-{bound}-{most}".replace(">=", "ge"), parameters={"p": ("chance", Interval(0, 1))},
                  quantity="E mean", relation=relation, bound=bound)  # fmt: skip

    @experiment(c, at_most=most, n=st.integers(1, 5))
    def frequency(p, n, rng):
        return float((rng.random(n) < p).mean())

    found = falsify_claim(c, evaluations=40, seconds=15)
    assert found.violated == false, found
    if most is None:
        assert "give at_most" in found.how


def test_a_quantity_beyond_its_stated_maximum_decides_nothing():
    c = own_claim("inline.beyond-most", parameters={"x": "a number"}, quantity="E", relation=">=", bound="2*x")

    @experiment(c, at_most="x/2")
    def constant(x, rng):
        return x

    found = falsify_claim(c, evaluations=30, seconds=10)
    assert not found.violated
    assert "exceeds at_most" in found.how


def test_the_error_that_a_measure_states_is_taken_off():
    c = _claim("bisection", bound="x", relation="==")

    @experiment(c)
    def bisected(x):
        return around(x * (1 + 1e-7), 1e-6 * x)

    assert not falsify_claim(c, evaluations=200).violated
    d = _claim("bisection-off", bound="x")

    @experiment(d)
    def off(x):
        return around(x * (1 + 1e-5), 1e-6 * x)

    assert falsify_claim(d, evaluations=200).violated


def test_an_overflowing_run_is_replayed_in_large_numbers():
    c = own_claim("inline.overflow", parameters={"N": "number of steps"}, quantity="q", bound="10**10")

    @experiment(c, x=st.just(2.0), N=st.just(2000))
    def power(x, N):
        for _ in range(N):
            x = x * 2
        return x

    found = falsify_claim(c, evaluations=100)
    assert found.violated
    assert "exact" in found.how or "ball" in found.how


def test_every_move_is_an_instance_again():
    import random

    made = attached(CLAIMS["false.exponent"])[0]
    rng = random.Random(0)
    strategy = made.instances()
    played = play(strategy, (), rng, corner=0.0)
    for _ in range(200):
        assert set(play(strategy, move(played.choices, 0.5, rng), rng).value) == set(played.value)


def test_a_small_excess_of_an_expectation_without_much_noise_is_found():
    c = own_claim("inline.small-excess", parameters={"b": "scale"}, quantity="E", bound="1.035*b")

    @experiment(c)
    def mean(b, rng):
        return b * (1 + 0.1 * rng.random())  # 1.05 b

    found = falsify_claim(c, evaluations=200)
    assert found.violated, found
    assert replay(c, found.instance).violated


def test_a_rare_event_that_is_a_little_too_frequent_is_found():
    c = own_claim("inline.rare", parameters={"p": ("chance", Interval(0.02, 0.03))}, quantity="P", bound="p/1.2")

    @experiment(c)
    def event(p, rng):
        return float(rng.random() < p)

    found = falsify_claim(c, evaluations=300)
    assert found.violated, found
    assert replay(c, found.instance).violated


def test_a_search_ends_soon_after_its_time_where_the_test_of_an_expectation_is_slow():
    c = own_claim("inline.slow-mean", parameters={"b": "scale"}, quantity="E", bound="1.001*b")

    @experiment(c)
    def mean(b, rng):
        time.sleep(2e-4)
        return b * rng.exponential()

    start = time.monotonic()
    assert not falsify_claim(c, seconds=1.0).violated
    assert time.monotonic() - start < 8


def test_a_real_number_in_place_of_a_count_says_the_way_out():
    c = own_claim("inline.count", parameters={"N": "steps"}, quantity="x", bound="N")

    @experiment(c)
    def steps(N):
        return len(range(N))

    assert "real numbers: N; call a count 'number of ...' in its meaning, or give it as N=<strategy>" in str(
        falsify_claim(c, evaluations=50)
    )


def test_sets_are_written_down():
    imports = set()
    for v in (frozenset(), frozenset({2, 1}), {"a": {1.5}}, (frozenset({3}),)):
        assert eval(literal(v, imports)) == v
    assert not imports


def test_what_hypothesis_draws_is_replayed_from_its_choices():
    """A list of a least length, where some choices are forced: those are not on the tape."""
    lists = st.lists(st.floats(0, 5), min_size=2, max_size=6).filter(lambda a: sum(a) > 1)
    c = own_claim("inline.lists", parameters={"b": "bound"}, quantity="x", bound="100*b")

    @experiment(c, a=lists, b=st.just(1.0))
    def total(a):
        return sum(a)

    s = Search(experiments_of(c)[0], c, random.Random(0), 200, 20.0)
    s._hypothesis(60)
    assert s.elite
    assert s.elite[0].choices
    assert s.elite[0].score == s.score(s.elite[0].instance)
