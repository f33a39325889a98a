"""The kernel accepts proofs, and nothing else: corruptions, inexact numbers, hostile files."""

import json
import random
from dataclasses import replace
from fractions import Fraction as F

import pytest

from gradproof.solvers.exact.corrupt import corruptions
from gradproof.theory.axioms import Form, Member, Point
from gradproof.theory.communication.ef21 import proofs as ef21
from gradproof.theory.errors import ProofFormatError, ProofRejected
from gradproof.theory.field import Functions, Interval, Rationals
from gradproof.theory.proof import Block, Premise, Proof, Statement, Use, check
from gradproof.theory.proof_json import read_proof, statement_digest, write_proof


def one_step(bound: F = F(1, 6)) -> Proof:
    """f(x_1) - f_* <= |x_0 - x_*|^2 / 6 after a step of gradient descent with gamma = L = 1; x_* = 0. Tight."""
    one = F(1)
    points = (
        Point("x*", {}, {}, {"f*": one}),
        Point("x0", {"x0": one}, {"g0": one}, {"f0": one}),
        Point("x1", {"x0": one, "g0": -one}, {"g1": one}, {"f1": one}),
    )
    f = Member("f", "function", {"mu": F(0), "L": one}, points)
    target = Form({("x0", "x0"): -bound}, {"f1": one, "f*": -one})
    pairs = (("x*", "x0"), ("x*", "x1"), ("x0", "x1"))
    uses = tuple(Use("interpolation", "f", pair, F(1, 2)) for pair in pairs)
    slack = {("x0", "x0"): bound, ("g0", "g0"): F(1, 2), ("g0", "g1"): F(1, 2), ("g1", "g1"): F(1, 2)}
    slack |= {("x0", "g0"): F(-1, 2), ("x0", "g1"): F(-1, 2)}
    names = ("x0", "g0", "g1")
    matrix = tuple(
        tuple(slack.get((a, b), slack.get((b, a), F(0))) / (1 if a == b else 2) for b in names) for a in names
    )
    block = Block(tuple({n: one} for n in names), matrix)
    return Proof(Statement(names, ("f*", "f0", "f1"), (f,), target), uses, (block,))


def concrete() -> dict[str, Proof]:
    """Proofs over the rationals, with explicit squares, in which every declared number matters."""
    contraction = Proof(  # |x - g - (y - h)|^2 <= |x - y|^2 for a 1-cocoercive operator
        Statement(
            ("x", "y", "a", "b"),
            (),
            (
                Member(
                    "A",
                    "operator",
                    {"beta": F(1)},
                    (Point("x", {"x": F(1)}, {"a": F(1)}), Point("y", {"y": F(1)}, {"b": F(1)})),
                ),
            ),
            Form({("a", "a"): F(1), ("a", "b"): F(-2), ("b", "b"): F(1), ("a", "x"): F(-2), ("a", "y"): F(2)}).add(
                Form({("b", "x"): F(2), ("b", "y"): F(-2)})
            ),
        ),
        (Use("cocoercive", "A", ("x", "y"), F(2)),),
        (Block(({"a": F(1), "b": F(-1)},), ((F(1),),)),),
    )
    values = {"q": F(1, 3), "L": F(1), "L_AM": F(2), "gamma": F(1, 5)}
    return {"gd": one_step(), "cocoercive": contraction, "sharp": ef21.sharp().at(**values)}


@pytest.mark.parametrize("name", concrete())
def test_the_proof_itself_is_accepted_and_survives_json(name: str) -> None:
    proof = concrete()[name]
    accepted = check(proof)
    assert accepted.statement == proof.statement
    read = check(read_proof(write_proof(proof)))
    assert read == accepted
    assert statement_digest(read.statement) == statement_digest(proof.statement)


@pytest.mark.parametrize("name", concrete())
def test_no_corruption_proves_another_statement(name: str) -> None:
    """600 corruptions each: what is still accepted must prove the very statement of the original."""
    proof = concrete()[name]
    digest = statement_digest(check(proof).statement)
    rejected = 0
    for kind, bad in corruptions(proof, random.Random(f"kernel {name}"), 600):
        try:
            accepted = check(bad)
        except ProofRejected:
            rejected += 1
        else:
            assert statement_digest(accepted.statement) == digest, f"{kind} changed the statement and was accepted"
    assert rejected >= 500


def test_a_bound_too_good_is_rejected_however_the_slack_is_given() -> None:
    for bound in (F(1, 6) - F(1, 10**30), F(1, 7), F(0), F(-1, 6)):
        with pytest.raises(ProofRejected):
            check(one_step(bound))
        with pytest.raises(ProofRejected, match="sum of squares"):
            check(replace(one_step(bound), blocks=None))
    check(replace(one_step(F(1, 6) + F(1, 10**30)), blocks=None))


@pytest.mark.parametrize("number", [1.0, 1e-40, float("nan"), float("inf"), True, "1", complex(1)])
def test_inexact_numbers_are_refused_everywhere(number: object) -> None:
    proof = one_step()
    spoiled = [
        replace(proof, uses=(replace(proof.uses[0], multiplier=number), *proof.uses[1:])),
        replace(proof, statement=replace(proof.statement, target=Form({("x0", "x0"): number}))),
        replace(proof, blocks=(replace(proof.blocks[0], matrix=((number,) * 3,) * 3),)),
        replace(proof, uses=(*proof.uses, Use("interpolation", "f", ("x*", "x0"), F(0), (number,)))),
    ]
    for bad in spoiled:
        with pytest.raises(ProofRejected, match="exact numbers"):
            check(bad)


def test_a_false_statement_that_floats_would_round_away_is_rejected() -> None:
    """value <= 1 does not give value <= 1 - 1e-17, though both bounds are the same float."""
    premise = Premise("bounded", Form({}, {"v": F(1), "1": -1.0}))
    target = Form({}, {"v": F(1), "1": F(-1) + F(1, 10**17)})
    with pytest.raises(ProofRejected):
        check(Proof(Statement((), ("v",), (), target, (premise,)), (Use("premise", "bounded", (), F(1)),)))


def test_integers_are_as_good_as_fractions() -> None:
    """mu / 2 and 1 / (2 (L - mu)) must not become floats."""
    points = (Point("a", {"x": 1}, {"g": 1}, {"f": 1}), Point("b", {"y": 1}, {"h": 1}, {"e": 1}))
    f = Member("f", "function", {"mu": 1, "L": 4}, points)
    sixth = F(1, 6)  # 1 / (2 (L - mu))
    form = Form({}, {"e": 1, "f": -1})
    for a, b, c in (("h", "x", 1), ("h", "y", -1)):
        form.add(Form({(a, b): c}))
    for (a, b), c in {
        ("g", "g"): 1,
        ("g", "h"): -2,
        ("h", "h"): 1,
        ("x", "x"): 4,
        ("x", "y"): -8,
        ("y", "y"): 4,
    }.items():
        form.add(Form({(a, b): sixth * c}))
    for (a, b), c in {("g", "x"): 1, ("g", "y"): -1, ("h", "x"): -1, ("h", "y"): 1}.items():
        form.add(Form({(a, b): -2 * sixth * c}))
    check(
        Proof(Statement(("x", "y", "g", "h"), ("f", "e"), (f,), form), (Use("interpolation", "f", ("a", "b"), 1),), ())
    )


@pytest.mark.parametrize("text", ["1/٠", "٣", "²", "2^²", "1/0", "0x10", "1e5", "nan", "inf", "", "1;2", "__import__"])
def test_odd_numbers_are_unreadable_not_errors(text: str) -> None:
    with pytest.raises(ProofFormatError):
        Rationals().read(text)


@pytest.mark.parametrize("text", ["2^00000000000065", "2^0999999999", "((((2^64)^64)^64)^64)^64", "2^-1"])
def test_powers_that_would_fill_the_memory_are_refused(text: str) -> None:
    with pytest.raises(ProofFormatError):
        Rationals().read(text)
    with pytest.raises(ProofFormatError):
        Functions((Interval("a"),)).read(text.replace("2", "(a+1)"))


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.pop("statement"),
        lambda d: d["statement"].pop("target"),
        lambda d: d.update(uses=3),
        lambda d: d["uses"][0].update(multiplier=0.5),
        lambda d: d["uses"][0].update(multiplier="1/0"),
        lambda d: d["uses"][0].update(points="x0"),
        lambda d: d["statement"]["members"][0]["constants"].update(L=1),
        lambda d: d["statement"].update(vectors=[["x0"]]),
        lambda d: d.update(format="gradproof-proof-0"),
        lambda d: d["blocks"][0].update(matrix=[["1", None]]),
    ],
)
def test_an_edited_file_is_refused_with_its_reason(edit) -> None:
    data = json.loads(write_proof(one_step()))
    edit(data)
    with pytest.raises((ProofFormatError, ProofRejected)):
        check(read_proof(json.dumps(data)))


@pytest.mark.parametrize("text", ["", "[", "[" * 100_000, "{}", "null", '{"format": 1e400}', "NaN", "9" * 5000])
def test_a_file_that_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofFormatError):
        read_proof(text)


@pytest.mark.parametrize("entry", ['"uses"', '"target"', '"multiplier"', '"L"', '"format"'])
def test_an_entry_given_twice_is_refused(entry: str) -> None:
    """One reader sees the first, another the last."""
    text = write_proof(one_step())
    assert f"{entry}:" in text
    for value in ("[]", '"1"', '{"quadratic": [], "linear": {}}'):
        with pytest.raises(ProofFormatError, match="given twice"):
            read_proof(text.replace(f"{entry}:", f"{entry}: {value}, {entry}:", 1))


@pytest.mark.parametrize("name", ["", "x0|^2 + (-1) |y", "x\n0", "x 0", "\u04450", "x\u202e0", "<x0", "\x1b[2J"])
def test_a_name_that_misleads_a_reader_of_the_statement_is_refused(name: str) -> None:
    data = json.loads(write_proof(one_step()))
    s = data["statement"]
    for edit in (lambda: s["vectors"].append(name), lambda: s["values"].append(name)):
        edit()
        with pytest.raises(ProofFormatError, match="a name is of ASCII"):
            read_proof(json.dumps(data))
        s["vectors"], s["values"] = ([v for v in s[k] if v != name] for k in ("vectors", "values"))
    s["members"][0]["points"][0]["name"] = "x\n0"
    with pytest.raises(ProofFormatError, match="printed"):
        read_proof(json.dumps(data))


def test_long_numbers_are_refused_in_words() -> None:
    nines = "9" * 3000
    long = "*".join([nines] * 3)
    with pytest.raises(ProofFormatError, match="too large"):
        Rationals().read("*".join([nines] * 30))
    premise = Premise("p", Form({("y", "y"): Rationals().read(long)}))
    use = Use("premise", "p", (), -premise.form.quadratic["y", "y"])
    with pytest.raises(ProofRejected, match="more than 4000 digits"):
        check(Proof(Statement(("x", "y"), (), (), Form(), (premise,)), (use,)))
    with pytest.raises(ProofFormatError, match="too long to be written"):
        Rationals().show(premise.form.quadratic["y", "y"])


def test_truncated_files_are_refused() -> None:
    text = write_proof(one_step())
    rng = random.Random(0)
    for _ in range(100):
        with pytest.raises(ProofFormatError):
            read_proof(text[: rng.randrange(len(text) - 2)])
