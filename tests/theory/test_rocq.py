"""Exports to the proof assistant Rocq (Coq): accepted by coqc, refused where they should be, and nothing in them is assumed."""

import re
from dataclasses import replace
from fractions import Fraction
from importlib import resources

import pytest
from click.testing import CliRunner

from gradproof import rocq
from gradproof.checking import OutOfTime
from gradproof.cli import main
from gradproof.theory import registry
from gradproof.theory.axioms import AXIOMS, Form, Member, Point
from gradproof.theory.errors import GradproofError, ProofRejected
from gradproof.theory.field import Interval, field_over
from gradproof.theory.proof import Premise, Proof, Statement, Use, axiom_form, check, map_coefficients
from gradproof.theory.proof_json import read_proof, write_proof
from gradproof.theory.rocq.text import NotExported

ONE = Fraction(1)
ASSUMING = re.compile(r"\b(Axiom|Axioms|Parameter|Parameters|Conjecture|Admitted|admit|Unset|bypass_check)\b")


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def certificate(path, N):
    made = run("certify", "gd.function-value", f"N={N}", "L=1", "gamma=1", "mu=0", "-o", path)
    assert made.exit_code == 0, made.output
    return read_proof(path.read_text())


def squared(a, b, domain=()):
    """|x|^2 <= c from a premise |x|^2 <= a, and a + the rest of b: a small statement without members."""
    f = field_over(domain)
    target = Form({("x", "x"): f.one}, {"1": -f.read(b)})
    premise = Premise("start", Form({("x", "x"): f.one}, {"1": -f.read(a)}))
    return Statement(("x",), (), (), target, (premise,), domain)


def test_no_library_file_assumes_anything():
    for name, text in rocq.library_texts().items():
        assert not ASSUMING.search(text), name
    assert resources.files("gradproof.theory.rocq").joinpath("Kernel.v").is_file()


@pytest.mark.parametrize("claim", ["gd.pl", "gd.contraction"])
def test_a_derivation_ends_in_its_claim_for_all_N(coq, claim):
    texts = rocq.claim_texts(registry.claim(claim))
    for name, text in texts.items():
        found = rocq.check_coq(text, seconds=300)
        assert found["theorems"][-1] == name.removesuffix(".v")
        assert set(found["axioms"]) <= rocq.AXIOMS
    # the rate 1 - gamma mu, squared, to the power N
    if claim == "gd.contraction":
        assert re.search(r"Theorem gd_contraction_1 : .*\^ 2\) \^ N\)", texts["gd_contraction_1.v"])


def test_a_derivation_of_a_faster_rate_is_not_accepted(coq):
    """The file's own last line with the rate squared once more: its proof does not end in it."""
    text = rocq.claim_texts(registry.claim("gd.contraction"))["gd_contraction_1.v"]
    head, last = text.split("Theorem gd_contraction_1 :")
    faster = f"{head}Theorem gd_contraction_1 :{last.replace('^ N)', '^ (S N))')}"
    with pytest.raises(ProofRejected, match="coqc"):
        rocq.check_coq(faster, seconds=300)


def test_a_certificate_is_accepted_and_a_corrupted_one_is_not(coq, tmp_path):
    proof = certificate(tmp_path / "gd.json", 10)
    shown = run("check", "--rocq", tmp_path / "gd.json", "--timeout", 300)
    assert shown.exit_code == 0, shown.output
    assert "accepted by coqc" in shown.output
    for use in (0, len(proof.uses) - 1):
        uses = list(proof.uses)
        uses[use] = replace(uses[use], multiplier=uses[use].multiplier + Fraction(1, 10**9))
        with pytest.raises(ProofRejected):
            check(replace(proof, uses=tuple(uses)))
        text = rocq.coq_text(proof, "t")
        honest, spoilt = (
            f"({m.numerator} # {m.denominator})" for m in (proof.uses[use].multiplier, uses[use].multiplier)
        )
        head, tail = text.split("Definition pf")
        with pytest.raises(ProofRejected, match="coqc"):
            rocq.check_coq(f"{head}Definition pf{tail.replace(honest, spoilt, 1)}", seconds=300)


def every_axiom():
    """A rational proof for each axiom: its own inequality at two points, of which nothing is left over."""
    v, f = ("x", "y", "g", "h"), ("a", "b", "low")
    at = (Point("i", {"x": ONE}, {"g": ONE}, {"a": ONE}), Point("j", {"y": ONE}, {"h": ONE}, {"b": ONE}))
    q = Fraction
    function = Member("f", "function", {"mu": q(-1), "L": q(2), "M": q(3), "PL": q(1, 2), "lower": "low"}, at)
    members = {
        "interpolation": function, "descent": function, "lipschitz": function, "bounded": function, "lower": function,
        "pl": function, "normal-cone": Member("f", "indicator", {"D": q(2)}, at),
        "diameter": Member("f", "indicator", {"D": q(2)}, at), "indicator-value": Member("f", "indicator", {}, at),
        "symmetry": Member("f", "quadratic", {"mu": q(1), "L": q(2)}, at),
        "spectrum": Member("f", "quadratic", {"mu": q(-1), "L": q(2)}, at),
        "value": Member("f", "quadratic", {"mu": q(1), "L": q(2)}, at), "monotone": Member("f", "operator", {"mu": q(1)}, at),
        "cocoercive": Member("f", "operator", {"beta": q(1)}, at), "contraction": Member("f", "compressor", {"q2": q(1, 2)}, at),
    }  # fmt: skip
    assert set(members) == set(AXIOMS)
    for axiom, member in members.items():
        arity = AXIOMS[axiom].arity
        weights = (q(2), q(-1, 3)) if arity < 0 else ()
        use = Use(axiom, "f", ("i", "j")[: 2 if arity < 0 else arity], ONE, weights)
        bare = Statement(v, f, (member,), Form())
        target = axiom_form(bare, use, field_over(()))[0]
        yield axiom, Proof(replace(bare, target=target), (use,))


def test_every_axiom_is_proved_by_the_library(coq):
    """As data for the checker, and with a parameter by tactics: all theorems in two files."""
    numeric = [rocq.coq_text(p, rocq.file_stem(f"numeric {a}")) for a, p in every_axiom()]
    for text in numeric:
        assert "Theorem numeric_" in text
    checked = "\n".join(re.sub(r"\b(st|pf)\b(?=[ .)])", rf"\g<1>_{i}", text) for i, text in enumerate(numeric))
    assert len(rocq.check_coq(checked, seconds=300)["theorems"]) == len(numeric)


def test_every_axiom_with_a_parameter(coq):
    domain = (Interval("c", "0", "1", False, True),)
    field = field_over(domain)
    texts = []
    for axiom, proof in every_axiom():
        moved = map_coefficients(proof, field.read)
        s = replace(moved.statement, domain=domain)
        target = s.target.copy().add(Form({("x", "x"): field.one}), -field["c"])
        parametric = Proof(replace(s, target=target), moved.uses)
        check(parametric)
        texts.append(rocq.coq_text(parametric, rocq.file_stem(f"parametric {axiom}")))
    found = rocq.check_coq("\n".join(texts), seconds=600)
    assert len([t for t in found["theorems"] if not t.endswith("_identity")]) == len(texts)


def test_a_false_statement_has_no_proof(coq):
    for domain, good, bad in (((), "2", "1/2"), ((Interval("c", "1"),), "2*c", "c/2")):
        for b, accepted in ((good, True), (bad, False)):
            s = squared("1" if not domain else "c", b, domain)
            f = field_over(domain)
            # what is left of the constant is a premise -1 <= 0, which is no part of the false statement's proof
            unit = Premise("unit", Form({}, {"1": -f.one}))
            rest = f.read(b) - f.read("1" if not domain else "c")
            proof = Proof(
                replace(s, premises=(*s.premises, unit)),
                (Use("premise", "start", (), f.one), Use("premise", "unit", (), rest)),
            )
            if accepted:
                check(proof)
                assert rocq.check_coq(rocq.coq_text(proof, "t"), seconds=300)["theorems"]
            else:
                with pytest.raises(ProofRejected):
                    check(proof)
                with pytest.raises(GradproofError):
                    rocq.check_coq(rocq.coq_text(proof, "t"), seconds=300)


def test_what_is_not_exported_is_refused_in_one_line(tmp_path):
    made = run("export", "fixed-point.contractive-halpern", "-o", tmp_path / "out")
    assert made.exit_code == 2
    assert made.output == "error: numbers that are given by a recursion are not exported yet\n"
    assert not (tmp_path / "out").exists()
    path = tmp_path / "proof.json"
    run("certify", "ef21.sharp-threshold", "alpha=3/4", "L=1/4", "L_AM=3/4", "gamma=1", "-o", path)
    with pytest.raises(NotExported, match="families of workers"):
        rocq.coq_text(read_proof(path.read_text()), "t")


@pytest.mark.slow
def test_an_export_assumes_no_more_than_its_hypotheses():
    """Derivations as text: what a section declares is a hypothesis of its theorem, nothing is admitted."""
    exported = 0
    for name in (
        "gd.pl",
        "gd.contraction",
        "subgradient.best-value",
        "frank-wolfe.function-value",
        "fixed-point.halpern",
    ):
        claim = registry.claim(name)
        try:
            texts = rocq.claim_texts(claim)
        except NotExported:
            continue
        exported += 1
        for file, text in texts.items():
            assert not ASSUMING.search(text), file
            assert rocq._theorems(text)[-1] == file.removesuffix(".v")
    assert exported == 5


def test_export_writes_a_folder_that_coqc_can_read(tmp_path):
    path = tmp_path / "gd 1.json"
    certificate(path, 1)
    made = run("export", path, "-o", tmp_path / "out", "--json")
    assert made.exit_code == 0, made.output
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"gd_1.v", "Gradproof.v", "Kernel.v"}
    spoilt = replace(read_proof(path.read_text()), uses=())
    path.write_text(write_proof(spoilt))
    assert run("export", path, "-o", tmp_path / "none").exit_code == 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Axiom a : False.\nTheorem t : False. Proof. exact a. Qed.", "Axiom"),
        ("Theorem t : False. Proof. Admitted.", "Admitted"),
        ("(* x *) Parameter a : False.", "Parameter"),
        ('Redirect "x" Print nat.', "quotation"),
        ("Unset Guard Checking.", "Unset"),
        ("Require Import Elsewhere. Theorem t : True.", "Elsewhere"),
        ("From X Require Import Reals.", "From"),
        ("Definition a := 1.", "no theorem"),
        ("(* Theorem t : True.", "does not end"),
    ],
)
def test_a_file_that_does_more_than_an_export_is_refused_before_coqc_sees_it(text, word):
    with pytest.raises(ProofRejected, match=word):
        rocq.check_coq(text, seconds=10)


def test_more_than_the_axioms_of_the_reals_is_refused():
    good = "Axioms:\nClassicalDedekindReals.sig_forall_dec\n  : forall P : nat -> Prop, x\nClosed under the global context\n"
    assert rocq._axioms(good) == {"ClassicalDedekindReals.sig_forall_dec"}
    for line in ("stated.a : False", "t relies on an unsafe universe hierarchy.", "Eqdep.Eq_rect_eq.eq_rect_eq : x"):
        with pytest.raises(ProofRejected, match="rests on more"):
            rocq._axioms(f"{good}{line}\n")


def test_without_coqc_nothing_is_decided(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "t.v"
    file.write_text("Theorem t : True. Proof. exact I. Qed.")
    with pytest.raises(OutOfTime, match="no coqc"):
        rocq.check_coq(file.read_text(), seconds=10)
    shown = run("check", "--rocq", file)
    assert shown.exit_code == 3
    assert shown.output.count("\n") == 1


def test_a_check_is_ended_when_its_time_is_up(coq):
    with pytest.raises(OutOfTime, match="nothing after"):
        rocq.check_coq("Theorem t : True. Proof. repeat (assert True by exact I). exact I. Qed.", seconds=1)
