"""No false variant of a derivation is accepted, and every check of the checker is needed to see to that."""

import ast
import importlib
import sys
import types
from pathlib import Path

import pytest

from gradproof.solvers.exact.derivation_attacks import variants
from gradproof.solvers.exact.derivation_check import check as second_check
from gradproof.solvers.exact.derivation_forgeries import forgeries
from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError
from gradproof.theory.tie import check_derivation

FORGERIES = list(forgeries())
QUICK = ("gd.pl", "fixed-point.halpern", "subgradient.fixed-step", "frank-wolfe.function-value", "ef21.distortion")
CHECKED = ("workings", "rules", "reading", "coverage", "tie")  # in the order of their imports

#: Checks that no attack needs, with the reason: another check stands behind them, or they guard against a crash.
BACKED = {
    "steps hold for all k, or": "an unknown reach is one of k < N + 1, of which no rule makes use",
    "self.constant(b)": "the claim's bound has no k, so that such a power is never the claim's",
    "self.constant(self.names[name]": "what is given must give the parameter back, which has no k",
    "must not depend on k or N": "the two above",
    "the method has no value": "a name without a meaning is a free value",
    "the method has no vector": "a name without a meaning is a free vector",
    "a sum ends at N or N+1": "a functional to another end has another name",
    "there is no earlier inequality": "what is missing, or a vector, is no form",
    "w.nonnegative(rho": "a rho_k that changes sign has no rational closed form without a pole",
    "a step is read at k, 0 or N": "other indices are as good",
    "law {name} holds at every k": "other indices are as good",
    "does not exist at k = 0": "the conclusion would hold from k = 1 on, which no case may end in",
    "splits on the way to a case": "a limit on size",
    "is no parameter of the claim, root or let": "it has no image",
    "an assumption is called like a fact": "the report would mix the two up",
    "the case is not over": "the variable of a least value would be no parameter of the claim",
    "rho and the rise must not depend on k": "the claim's bound has no k",
    "is not shown to be >= 0')": "a relation that shows the interval of such a root shows that its square is not negative",
    "the bound must not depend on {t}": "it has no such parameter, and an empty interval is refused",
    "of a least value == is proved": "what is equal is also at most and at least",
    "what is read of an instance is no parameter": "it has no number; and what is read comes before a law of that name",
    "a case must hold for all numbers": "an interval that is narrower, or missing, is of no parameter; doubled names are refused",
    "the point where the value is least must": "no parameter may be called like the variable; at itself the value varies",
    "the case does not end with": "without the variable it is not over all numbers; powers have no sign on either side",
    "the bound is not linear in": "a slope that is no number cannot be read",
}


@pytest.mark.parametrize("attack", FORGERIES, ids=lambda a: a.name)
def test_a_false_claim_that_the_conclusion_is_is_rejected(attack):
    with pytest.raises(GradproofError) as error:
        check_derivation(attack.derivation, attack.claim)
    assert "\n" not in str(error.value)


def _attacked(claim):
    derivation = derivation_of(claim)
    unused = check_derivation(derivation, claim).unused
    kept = total = 0
    for attack in variants(derivation, claim, unused):
        total += 1
        try:
            check_derivation(attack.derivation, attack.claim)
        except GradproofError:
            continue
        assert not attack.must, f"{claim.id}: {attack.name} is accepted"
        kept += 1
    assert total > 10
    assert kept <= total / 10


#: What the second checker does not look at: words, facts, and which method is registered.
WORDS = {
    "a law by a relation that the case does not state",
    "a smaller class than the assumption says",
    "an assumption that the claim does not make",
    "an assumption that only the formal side knows",
    "an assumption without words",
    "a number by an assumption that the claim does not make",
    "an assumption in other words",
    "a quantity in other words",
    "a claim that is known to be false",
    "another method than the registered one",
}


@pytest.mark.parametrize("attack", [a for a in FORGERIES if a.name not in WORDS], ids=lambda a: a.name)
def test_the_second_checker_rejects_it_too(attack):
    with pytest.raises(GradproofError):
        second_check(attack.derivation, attack.claim)


@pytest.mark.parametrize("id", QUICK)
def test_the_two_checkers_agree_on_changed_steps(id):
    claim = registry.claim(id)
    for attack in variants(derivation_of(claim), claim, ()):
        if not attack.must:
            answers = []
            for check in (check_derivation, second_check):
                try:
                    check(attack.derivation, attack.claim)
                    answers.append(True)
                except GradproofError:
                    answers.append(False)
            assert answers[0] == answers[1], attack.name


@pytest.mark.parametrize("id", QUICK)
def test_no_variant_is_accepted(id):
    _attacked(registry.claim(id))


@pytest.mark.slow
@pytest.mark.parametrize(
    "claim", [c for c in registry.claims() if derivation_of(c) is not None and c.id not in QUICK], ids=lambda c: c.id
)
def test_no_variant_of_any_derivation_is_accepted(claim):
    _attacked(claim)


# --- the checker's own mutation ---------------------------------------------------------------------------------------


def _is_check(node):
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    f = node.value.func
    named = isinstance(f, ast.Name) and f.id == "reject"
    return named or (isinstance(f, ast.Attribute) and f.attr in ("nonnegative", "same", "constant", "sums", "check"))


def _source(module):
    return Path(importlib.import_module(f"gradproof.theory.{module}").__file__).read_text()


def _checks():
    return [
        (module, node.lineno, ast.unparse(node))
        for module in CHECKED
        for node in ast.walk(ast.parse(_source(module)))
        if _is_check(node)
    ]


class _Without(ast.NodeTransformer):
    def __init__(self, line):
        self.line = line

    def visit_Expr(self, node):
        return ast.copy_location(ast.Pass(), node) if _is_check(node) and node.lineno == self.line else node


def _checker_without(module, line):
    """``check_derivation`` of fresh modules, in one of which one check is switched off."""
    names = {m: f"gradproof.theory.{m}" for m in CHECKED}
    saved = {name: sys.modules[name] for name in names.values()}
    try:
        for m, name in names.items():
            tree = ast.parse(_source(m))
            if m == module:
                tree = ast.fix_missing_locations(_Without(line).visit(tree))
            fresh = types.ModuleType(name)
            sys.modules[name] = fresh
            exec(compile(tree, name, "exec"), fresh.__dict__)
        return sys.modules[names["tie"]].check_derivation
    finally:
        sys.modules.update(saved)


def test_a_checker_with_all_its_checks_rejects_every_forgery():
    check = _checker_without("tie", -1)
    for attack in FORGERIES:
        with pytest.raises(GradproofError):
            check(attack.derivation, attack.claim)


@pytest.mark.slow
@pytest.mark.parametrize(("module", "line", "text"), _checks(), ids=lambda x: str(x)[:60])
def test_without_one_of_its_checks_the_checker_accepts_a_forgery(module, line, text):
    if any(known in text for known in BACKED):
        pytest.skip(next(why for known, why in BACKED.items() if known in text))
    check = _checker_without(module, line)
    for attack in FORGERIES:
        try:
            check(attack.derivation, attack.claim)
            return
        except GradproofError:
            continue
    pytest.fail(f"no attack needs the check {text!r} of {module}, line {line}")
