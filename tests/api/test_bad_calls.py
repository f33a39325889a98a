"""Generated calls of the public API with wrong arguments: every error is raised on purpose, in one line that says what to give."""

import enum
import inspect
import linecache
import math
import random
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import gradproof
from gradproof.experiments.engine.deadline import TimedOut, deadline
from gradproof.theory.errors import GradproofError

SECONDS = 60
L = sp.Symbol("L", positive=True)


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no text")


class Empty:
    pass


#: (what it is, how it is made): nothing that any argument of the API can mean
WRONG = {
    "None": lambda: None, "True": lambda: True, "3": lambda: 3, "-1": lambda: -1, "nan": lambda: math.nan, "inf": lambda: math.inf,
    "2^70": lambda: 2**70, "empty text": lambda: "", "text": lambda: "nope", "null": lambda: "\0",
    "long": lambda: "a" * 5000,
    "emoji": lambda: "💥", "surrogate": lambda: "\ud800", "bytes": lambda: b"ef21", "list": list, "dict": dict,
    "tuple": lambda: (), "list of None": lambda: [None], "nested": lambda: [[[]]], "dict of ints": lambda: {1: 2},
    "set": lambda: {1},
    "object": object, "empty": Empty, "unprintable": Unprintable, "class": lambda: int,
    "function": lambda: (lambda *given, **named: 1),
    "range": lambda: range(3), "generator": lambda: (x for x in "ab"), "path": lambda: Path("nope"), "module": lambda: math,
    "array": lambda: np.arange(3.0), "empty array": lambda: np.array([]), "object array": lambda: np.array([None]),
    "text array": lambda: np.array(["x"]), "numpy nan": lambda: np.float64("nan"), "numpy bool": lambda: np.bool_(True),
    "symbol": lambda: sp.Symbol("x"), "zoo": lambda: sp.zoo, "sympy nan": lambda: sp.nan, "I": lambda: sp.I,
    "true": lambda: sp.true,
    "1j": lambda: 1j, "fraction": lambda: Fraction(1, 3), "newlines": lambda: "a\nb", "exception": lambda: ValueError("x"),
    "frozenset": frozenset, "matrix": lambda: sp.eye(2), "interval": lambda: sp.Interval(0, 1),
    "not implemented": lambda: NotImplemented, "ellipsis": lambda: ..., "datetime": lambda: np.datetime64("2020-01-01"),
}  # fmt: skip


#: what Python's own enumerations, or the caller, make a text of
TEXT = ("Level", "Relation", "Outcome", "Context.rng", "Context.keys")


def own():
    """A claim of the test's own: what is attached to it harms no other."""
    return gradproof.own_claim("mine.rate", parameters={"L": "a constant"}, bound="L", quantity="x")


def fields(**more):
    paper = gradproof.Paper(key="mine", authors=("me",), title="t", year=2026, family="own")
    return {
        "id": "mine.a", "paper": paper, "title": "t", "statement": "s", "parameters": (gradproof.Parameter("L", "a constant"),),
        "assumptions": (), "quantity": "x", "relation": gradproof.Relation.LE, "expression": L,
    } | more  # fmt: skip


def tried():
    """A claim of the test's own with an experiment."""
    claim = own()
    gradproof.experiment(claim)(measured)
    return claim


def derived():
    """A claim for derivations that are none."""
    return gradproof.own_claim("mine.derived", parameters={"L": "a constant"}, bound="L", quantity="x")


def measured(L):
    return L / 2


def decorated(make):
    """A decorator of the API, and what it decorates, in one call."""

    def call(*args, function=measured, **kwargs):
        return make(*args, **kwargs)(function)

    made = inspect.signature(make)
    function = inspect.Parameter("function", inspect.Parameter.KEYWORD_ONLY, default=measured)
    kinds = sorted([*made.parameters.values(), function], key=lambda p: p.kind)
    call.__signature__ = made.replace(parameters=kinds)
    return call


def method(make, name):
    """A method of what is made."""

    def call(*args, **kwargs):
        return getattr(make(), name)(*args, **kwargs)

    parameters = list(inspect.signature(getattr(make(), name)).parameters.values())
    call.__signature__ = inspect.Signature(parameters)
    return call


def calls(folder):
    """Name -> (function, good arguments by name). An argument with a default may also be left out."""
    api = gradproof
    young = api.claim("ef21.young-optimal")
    ledger = str(folder / "ledger.sqlite")
    cases = api.cases(L=[1, 2])
    return {
        "claim": (api.claim, {"id": young.id}), "claims": (api.claims, {"key": "ef21"}), "papers": (api.papers, {}),
        "register": (api.register, {"claims": [api.Claim(**fields())]}), "Claim": (api.Claim, fields()),
        "Claim.bound": (method(lambda: young, "bound"), {"values": {"alpha": 0.5}}),
        "Claim.bound of a vector": (method(lambda: api.claim("ef21.cloning"), "bound"), {"values": {"L_i": [1, 2]}}),
        "Claim.parameter": (method(lambda: young, "parameter"), {"name": "alpha"}),
        "Claim.assumption": (method(lambda: young, "assumption"), {"name": young.assumptions[0].name}),
        "Claim.assumption_holds": (method(lambda: api.claim("ef21.nonconvex-am"), "assumption_holds"), {"name": "step_size"}),
        "Claim.with_bound": (method(own, "with_bound"), {"expression": 2 * L}),
        "Paper": (api.Paper, {"key": "mine", "authors": ("me",), "title": "t", "year": 2026, "family": "own"}),
        "Parameter": (api.Parameter, {"name": "L", "meaning": "a constant"}),
        "Assumption": (api.Assumption, {"name": "short", "statement": "s", "relation": sp.Le(L, 1)}),
        "frame": (api.frame, {"source": []}), "latex": (api.latex, {"source": young}),
        "Level": (lambda value: api.Level(value), {"value": "exact"}),
        "Relation": (lambda value: api.Relation(value), {"value": "<="}),
        "Outcome": (lambda value: api.Outcome(value), {"value": "proved"}),
        "Measurement": (api.Measurement, {"measured": 1, "bound": 2}),
        "Verdict": (api.Verdict, {"outcome": api.Outcome.PROVED, "reason": ""}),
        "Identity": (api.Identity, {"expression": L - L}), "Inequality": (api.Inequality, {"expression": L, "domain": ()}),
        "measure": (decorated(api.measure), {"claim": own, "where": cases}),
        "without": (api.without, {"claim": own, "assumption": "x", "function": measured, "where": cases}),
        "instead": (api.instead, {"claim": own, "what": "x", "function": measured, "where": cases}),
        "cases": (api.cases, {"axes": {"L": [1, 2]}}), "Enclosed": (api.Enclosed, {"low": 0.0, "high": 1.0, "source": "rounding"}),
        "Cases.where": (method(lambda: api.cases(L=[1]), "where"), {"holds": lambda L: True}),
        "Cases.let": (method(lambda: api.cases(L=[1]), "let"), {"functions": {"n": lambda L: L}}),
        "Cases.guaranteeing": (method(lambda: api.cases(L=[1]), "guaranteeing"), {"names": ["smooth"]}),
        "Sample": (api.Sample, {"numbers": [0.5, 0.25]}), "Bracket": (api.Bracket, {"low": 0, "high": 1}),
        "Holds": (api.Holds, {"holds": True, "at": 1}), "Supremum": (api.Supremum, {"value": 1}),
        "around": (api.around, {"value": 1.0, "error": 0.1}), "rounded": (api.rounded, {"value": 1.0, "operations": 4}),
        "check": (decorated(api.check), {"claim": own, "level": api.Level.SYMBOLIC}), "Context": (api.Context, {"claim": young}),
        "Context.rng": (method(lambda: api.Context(young), "rng"), {}),
        "Context.keys": (method(lambda: api.Context(young), "keys"), {}),
        "Context.at_least": (method(lambda: api.Context(young), "at_least"), {"budget": "quick"}),
        "derivation": (decorated(api.derivation), {"claim": derived}),
        "written_proof": (api.written_proof, {"claim": api.claim("gd.contraction")}),
        "Undecided": (api.Undecided, {"reason": "x"}), "Ledger": (api.Ledger, {"path": ledger}),
        "Ledger.get": (method(lambda: api.Ledger(ledger), "get"), {"key": "x"}),
        "Ledger.rows": (method(lambda: api.Ledger(ledger), "rows"), {"claim": young.id}),
        "Ledger.put": (method(lambda: api.Ledger(ledger), "put"), {"row": None}),
        "verify": (api.verify, {"targets": [young.id], "ledger": ledger}), "show": (api.show, {"name": young.id}),
        "own_claim": (api.own_claim, {"id": "mine.b", "parameters": {"L": "a constant"}, "bound": "L", "quantity": "x"}),
        "experiment": (decorated(api.experiment), {"claim": own}),
        "falsify_claim": (api.falsify_claim, {"claim": tried, "seconds": 0.1, "evaluations": 5}),
        "replay": (api.replay, {"claim": tried, "instance": {"L": 0.5}}),
        "run_mutants": (api.run_mutants, {"claims": [], "ledger": ledger}),
        "draw": (api.draw, {"stem": "nope", "data": 3}),
    }  # fmt: skip


def called(function, good, wrong, keywords=None):
    """A call of the function with its good arguments, and these wrong ones: ``{position: value}``.

    Args:
        keywords: what is given where arguments of any name are taken and are wrong.
    """
    parameters = list(inspect.signature(function).parameters.values())
    args, kwargs = [], {}
    for k, p in enumerate(parameters):
        if k not in wrong and p.name not in good:
            continue
        value = wrong[k] if k in wrong else good[p.name]
        value = value() if any(value is f for f in (own, tried, derived)) else value
        if p.kind is p.VAR_POSITIONAL:
            args += [value] if k in wrong else list(value)
        elif p.kind is p.VAR_KEYWORD:
            kwargs |= keywords if k in wrong else value
        elif p.kind is p.POSITIONAL_ONLY:
            args.append(value)
        else:
            kwargs[p.name] = value
    positional = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    if positional and args:  # what comes before *args cannot be given by name
        args = [kwargs.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name in kwargs] + args
    return lambda: function(*args, **kwargs)


def keywords_of(name, good, of_any_name, value, known):
    """A wrong value under a name of the claim's or under none, where arguments of any name are taken."""
    if name.startswith("Claim.bound"):
        return {next(iter(good["values"])): value}
    return {"L" if known else "nope": value} | good.get(of_any_name, {})


def call_of(rng, table):
    """A call with at least one wrong argument: its text, and what to call."""
    name = rng.choice(list(table))
    function, good = table[name]
    parameters = list(inspect.signature(function).parameters.values())
    count = min(len(parameters), rng.choice((1, 1, 1, 2)))
    wrong, text, keywords = {}, [], None
    for k in sorted(rng.sample(range(len(parameters)), count)):
        kind = rng.choice([w for w in WRONG if w != "unprintable" or name not in TEXT])
        wrong[k] = WRONG[kind]()
        text.append(f"{parameters[k].name}=<{kind}>")
        if parameters[k].kind is inspect.Parameter.VAR_KEYWORD:
            keywords = keywords_of(name, good, parameters[k].name, wrong[k], rng.random() < 0.5)
    if not wrong:
        return f"{name}(nope=None)", lambda: function(nope=None)
    return f"{name}({', '.join(text)})", called(function, good, wrong, keywords)


def problem(call, shown=True):
    """What is wrong with how a call was answered: nothing if it returned, or raised on purpose, in one line."""
    try:
        with deadline(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = call()
            # what is made must be usable: show it
            if not inspect.isgenerator(made) and shown:
                for show in ("__repr__", "_repr_html_"):
                    getattr(made, show, str)()
    except (GradproofError, TypeError, ValueError, KeyError) as error:
        return wrong_with(error)
    except (Exception, TimedOut) as error:
        return f"{type(error).__name__}: {str(error)[:200]} {_where(error)}"
    return ""


def wrong_with(error):
    said = str(error)
    if not said or "\n" in said or len(said) > 1500:
        return f"{type(error).__name__} in other than one line of reasonable length: {said[:200]!r} ({len(said)})"
    tb = error.__traceback__
    while tb.tb_next is not None:
        tb = tb.tb_next
    file = tb.tb_frame.f_code.co_filename
    line = linecache.getline(file, tb.tb_lineno).strip()
    on_purpose = line.startswith("raise ") and "gradproof" in str(tb.tb_frame.f_globals.get("__name__"))
    the_call_itself = Path(file).name == Path(__file__).name  # an argument too many, or one of another name
    if on_purpose or the_call_itself or file == enum.__file__:
        return ""
    return f"{type(error).__name__} from inside: {said[:200]} {_where(error)}"


def _where(error):
    tb, found = error.__traceback__, []
    while tb is not None:
        found.append(f"{Path(tb.tb_frame.f_code.co_filename).name}:{tb.tb_lineno}")
        tb = tb.tb_next
    return "(" + " < ".join(reversed(found[-5:])) + ")"


def answered_badly(seeds, folder):
    found, table = [], calls(folder)
    for seed in seeds:
        rng = random.Random(seed)
        text, call = call_of(rng, table)
        wrong = problem(call, "unprintable" not in text)
        if wrong:
            found.append(f"{seed}: {text}: {wrong}")
    return found


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A ledger may be called anything."""
    monkeypatch.chdir(tmp_path)


def test_every_public_name_is_called(tmp_path):
    assert {n.split(".")[0] for n in calls(tmp_path)} - {"Cases"} == set(gradproof.__all__) - {
        "__version__",
        "GradproofError",
    }


def test_good_calls_return(tmp_path):
    for name, (function, good) in calls(tmp_path).items():
        if name in ("without", "Ledger.put", "draw", "Claim.assumption_holds"):  # these need more than is given here
            continue
        called(function, good, {})()


def test_an_error_from_inside_is_noticed():
    assert problem(lambda: [][0]).startswith("IndexError")
    assert "from inside" in problem(lambda: sp.Integer("x"))
    assert "one line" in problem(lambda: _raise(ValueError("a\nb")))
    assert problem(lambda: gradproof.claim("nope")) == ""
    assert problem(lambda: gradproof.claim()) == ""


def _raise(error):
    raise error


@pytest.mark.parametrize("block", range(4))
def test_bad_calls(tmp_path, block):
    assert answered_badly(range(100 * block, 100 * block + 100), tmp_path) == []


#: a function that is given is called: what it raises is its own
CALLED = {("verify", "on_row", "class")}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_each_wrong_value_of_each_argument(tmp_path, part):
    found, table = [], calls(tmp_path)
    for name in list(table)[part::8]:
        function, good = table[name]
        for k, p in enumerate(inspect.signature(function).parameters.values()):
            for kind, make in WRONG.items():
                if (kind == "unprintable" and name in TEXT) or (name, p.name, kind) in CALLED:
                    continue
                value = make()
                taken = p.kind is inspect.Parameter.VAR_KEYWORD
                keywords = keywords_of(name, good, p.name, value, known=True) if taken else None
                wrong = problem(called(function, good, {k: value}, keywords), kind != "unprintable")
                found += [f"{name}({p.name}=<{kind}>): {wrong}"] if wrong else []
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_thousands_of_bad_calls(tmp_path, block):
    assert answered_badly(range(10_000 + 200 * block, 10_200 + 200 * block), tmp_path) == []
