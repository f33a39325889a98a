"""Users' own claims: what the short form says, what it refuses, and that verify comes with it."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof
from gradproof import experiment, own_claim
from gradproof.cli import main
from gradproof.experiments.attack.evidence import attached
from gradproof.experiments.attack.ranges import all_hold, respects
from gradproof.falsify import falsify_claim
from gradproof.theory.errors import ParameterError

EXAMPLES = Path(__file__).parents[2] / "examples"


def state(**changes):
    given_ = {
        "parameters": {"L": "smoothness", "gamma": "step size", "N": "number of steps", "R2": "|x0|^2"},
        "assumptions": {"smooth": "f is L-smooth", "step": "gamma <= 1/L"},
        "quantity": "q",
        "bound": "0.99*R2/(gamma*(4*N + 2))",
    } | changes
    return own_claim("t.c", "title", **given_)


def test_a_claim_of_ones_own_says_its_bound_as_a_formula_and_whose_it_is():
    parameters = {"L": "smoothness", "gamma": "step size", "N": "number of steps", "R2": "|x0 - x*|^2"}
    claim = own_claim(
        "said.rate", "A rate", parameters=parameters, quantity="f(x_N) - f_*", bound="R2/(gamma*(4*N + 2))"
    )
    assert claim.statement.startswith(r"A rate: $f(x_N) - f_* \le \frac{")
    assert "*" not in claim.statement.replace("_*", "")
    assert r"\gamma" in claim.statement
    assert claim.confidence == "own"


def test_decimals_are_exact_and_counts_are_counts():
    c = state()
    assert c.bound(L=1, gamma=1, N=1, R2=6) == sp.Rational(99, 100)
    assert c.parameter("N").symbol.is_integer
    assert c.assumption("smooth").structural
    assert not c.assumption("step").structural
    assert gradproof.claim("t.c") == c


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"bound": "R2/(gamma*"}, "the bound cannot be read"),
        ({"bound": "R2*kappa"}, "kappa, which is no parameter"),
        ({"assumptions": {"step": "0 < gamma <= 1/L"}}, "write a chain as two assumptions"),
        ({"assumptions": {"step": "gamma <= 1/M"}}, "M, which is no parameter"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(changes, text):
    with pytest.raises(ParameterError, match=re.escape(text)) as caught:
        state(**changes)
    assert "\n" not in str(caught.value)


def test_mathematics_in_words_stands_between_dollars():
    assert state(assumptions={"lower": "$f(x) >= f_*$ for all x"}).assumption("lower").structural


def test_an_unknown_argument_is_refused_when_the_experiment_is_attached():
    with pytest.raises(ParameterError, match="needs 'x0', which is neither a parameter"):

        @experiment(state())
        def m(x0, gamma):
            return x0


def test_a_circle_is_refused():
    with pytest.raises(ParameterError, match="in a circle"):

        @experiment(state(), a=lambda b: b, b=lambda a: a)
        def m(a):
            return a


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_drawn_parameters_satisfy_domains_and_relations_exactly(data):
    c = own_claim(
        "t.relations", quantity="q", bound="1",
        parameters={"mu": "m", "L": "l", "gamma": "g", "alpha": ("a", sp.Interval.Lopen(0, 1)), "N": "number of steps"},
        assumptions={"order": "mu <= L", "step": "gamma <= 2/(L + mu)", "odd": "gamma**2*L**2 + alpha <= 3", "few": "N <= 9"},
    )  # fmt: skip

    @experiment(c)
    def m(mu, L, gamma, alpha, N):
        return 0

    made = attached(c)[-1]
    x = data.draw(made.instances())
    assert respects(c, x)
    assert all_hold(c.assumptions, x)
    dropped = data.draw(made.instances(drop=frozenset({"step"})))
    assert all_hold([a for a in c.assumptions if a.name != "step"], dropped)


def test_a_missing_parameter_is_named():
    from gradproof.falsify import falsify_claim

    c = state()

    @experiment(c)
    def m(gamma, L, N):
        return 0.0

    with pytest.raises(ParameterError, match="neither draws R2"):
        falsify_claim(c, evaluations=10)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_examples_are_short(path):
    assert len(path.read_text().splitlines()) <= 30


def test_the_template_in_the_guide_runs(tmp_path):
    from gradproof.experiments.engine.verify import load_file
    from gradproof.falsify import falsify_claim

    text = (EXAMPLES.parent / "docs" / "own-claim.md").read_text()
    path = tmp_path / "mine.py"
    path.write_text(re.search(r"```python\n(.*?)```", text, re.S).group(1))
    (claim,) = load_file(str(path))
    assert not falsify_claim(claim, evaluations=60).violated


OWN_PROOF = re.findall(r"```python\n(.*?)```", (EXAMPLES.parent / "docs" / "own-proof.md").read_text(), re.S)


def test_the_proof_in_the_guide_is_short_and_checked(tmp_path, capsys):
    from gradproof import summary

    assert len(OWN_PROOF[0].splitlines()) < 40
    path = tmp_path / "mine.py"
    path.write_text("\n".join(OWN_PROOF))
    found = summary.verify(str(path))[0]  # it prints its proof when it is loaded
    assert found.outcome.value == "proved"
    printed = capsys.readouterr()
    assert "induction from k = 0 over (1)" in printed.out + printed.err


def test_a_claim_of_a_running_script_is_proved_in_its_own_process(tmp_path):
    """No other process could find the claim; nor is there a copy of this one once JAX is loaded."""
    path = tmp_path / "mine.py"
    path.write_text("import sys\n\nsys.modules['jax'] = None\n" + "\n".join(OWN_PROOF))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "proved"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('bound="(1 - gamma*mu)**N"', 'bound="(1 - 2*gamma*mu)**N"', "not declared as a power"),
        ('rho = "(1 - gamma*mu)"', 'rho = "(1 - 2*gamma*mu)"', "the function values do not cancel"),
        ('"gamma <= 1/L"', '"gamma <= 2/L"', "does not state that gamma"),
        ('"order": "mu <= L",', "", "does not state that mu"),
        ('"gamma/2"', '"gamma"', "step"),
    ],
)
def test_a_false_proof_is_refused(tmp_path, old, new, why):
    from gradproof import summary

    path = tmp_path / "mine.py"
    assert old in OWN_PROOF[0]
    path.write_text(OWN_PROOF[0].replace(old, new))
    found = summary.verify(str(path))[0]
    assert found.outcome.value == "undecided"
    assert why in found.rows[0].verdict.reason


@pytest.mark.parametrize(("stem", "outcome"), [("true_and_loose", "consistent"), ("subtly_false", "refuted")])
def test_verify_comes_with_an_experiment(stem, outcome):
    from gradproof import summary

    found = summary.verify(str(EXAMPLES / f"{stem}.py"))[0]
    assert found.outcome.value == outcome, [str(r.verdict) for r in found.rows]
    if stem == "true_and_loose":
        assert 0.4 < found.tightness <= 0.5 + 1e-9
        assert found.controls
        assert all(r.verdict.outcome.good for r in found.controls)


def test_an_attached_claim_of_the_library_keeps_its_checks():
    from gradproof.experiments.engine.check import checks_of

    claim = gradproof.claim("ef21.young-optimal")
    before = {c.id for c in checks_of(claim)}
    assert before
    assert np.all([i.startswith("ef21") for i in before])


STATED = {"L": "smoothness", "gamma": "step", "N": "number of steps", "R2": "squared distance"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"relation": "<"}, "relation '<' is none of <=, >=, ==, iff"),
        ({"parameters": STATED | {"gamma": ("step", (0, 1))}}, r"domain \(0, 1\) is no set; give a sympy set"),
        ({"parameters": STATED | {"lambda": "x"}}, "'lambda' is a word of Python's own"),
        ({"parameters": list(STATED)}, "parameters is a dictionary name -> meaning"),
        ({"parameters": STATED | {"x": 3}}, r"parameter x: give its meaning, or \(meaning, domain\), got 3"),
        ({"bound": "L*foo(R2)"}, "uses the function foo; it may use Abs"),
        ({"bound": "gamma*beta(L)"}, "uses the function beta"),
        ({"bound": "L*R2/2)"}, "the bound cannot be read"),
        ({"bound": "L <= R2"}, "is no formula"),
        ({"bound": "L*R"}, "uses R, which is no parameter"),
    ],
)
def test_a_statement_that_cannot_be_read_says_what_to_change(changed, message):
    given = {"parameters": STATED, "quantity": "f", "bound": "L*R2/2"} | changed
    with pytest.raises(ParameterError, match=message) as error:
        own_claim("wrong.statement", **given)
    assert "\n" not in str(error.value)


def test_strategies_and_measures_may_have_defaults():
    from gradproof.testing import points, smooth_convex

    c = own_claim("wrong.defaults", parameters={"L": STATED["L"], "R2": STATED["R2"]}, quantity="f", bound="L*R2/2")

    @experiment(c, f=smooth_convex, x0=points)  # the makers themselves: what they need is a parameter or drawn
    def gap(f, x0, verbose=False):
        return f(x0) - f.minimum, {"R2": (x0 - f.minimizer) @ (x0 - f.minimizer)}

    made = attached(c)[-1]
    assert made.arguments == ("f", "x0")
    assert made.inputs == {"f": ("L",), "x0": ("f",)}
    assert not falsify_claim(c, evaluations=200, seconds=20).violated


def test_an_empty_class_is_no_instance_and_an_empty_range_says_so():
    from gradproof.testing import built, points, smooth_strongly_convex

    c = own_claim("wrong.order", parameters={"mu": "strong convexity", "L": "smoothness"}, quantity="q", bound="1")

    @experiment(c, f=lambda mu, L: smooth_strongly_convex(mu, L), x0=lambda f: points(f))  # mu <= L is not said
    def one(f, x0):
        return 1

    found = falsify_claim(c, evaluations=200, seconds=20)
    assert not found.violated
    assert found.rejected > 0
    assert found.tried > 0

    @experiment(c, x=built(lambda draw: draw.real(2, 1))())
    def two(x):
        return 1

    with pytest.raises(ParameterError, match="between 2 and 1, where there is none"):
        falsify_claim(c, evaluations=20, seconds=20)


def test_a_file_that_states_nothing_says_so(tmp_path):
    path = tmp_path / "nothing.py"
    path.write_text("x = 1\n")
    result = CliRunner().invoke(main, ["falsify", str(path)])
    assert result.exit_code == 2
    assert "states no claim; state one with own_claim" in result.output
