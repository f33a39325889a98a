"""One table, every test runs over it: the gallery's rates hold, are proved, and are caught when they are too good."""

import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.classical._gallery import REGISTRY, certificate_of, index, rational_below, same_bound
from gradproof.experiments.engine.check import Context, certifier_of, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.solvers.exact.fast_check import check as fast_check
from gradproof.solvers.pep import PepError
from gradproof.theory import registry
from gradproof.theory.axioms import ONE, Form
from gradproof.theory.classical import gd
from gradproof.theory.classical._gd_proofs import LONG, SHORT, contraction, function_value
from gradproof.theory.errors import ParameterError, ProofRejected
from gradproof.theory.evidence import Level, Outcome
from gradproof.theory.proof import check as kernel_check

INDEX = index()
ENTRIES = list(REGISTRY.values())
IDS = [e.claim.id for e in ENTRIES]


def verdicts(claim, context):
    return {(c.level, c.name): judge(c.level, claim.relation, c.run(context)) for c in checks_of(claim)}


def test_the_gallery_is_large():
    assert len(ENTRIES) >= 40
    assert sum(len(e.settings) for e in ENTRIES) >= 80
    assert {e.mark for e in ENTRIES} == {"tight", "upper"}
    assert [row["claim"] for row in INDEX] == IDS
    assert all(row["source"] and row["rate"] and row["settings"] for row in INDEX)


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_each_rate_is_confirmed_certified_and_controlled(entry):
    usual = {Level.SYMBOLIC: Outcome.CHECKED, Level.CERTIFIED: Outcome.CERTIFIED, Level.EMPIRICAL: Outcome.CONSISTENT}
    for (level, name), v in verdicts(entry.claim, Context(claim=entry.claim)).items():
        wanted = Outcome.PROVED if name == "derivation" else usual.get(level, Outcome.CONFIRMED)
        assert v.outcome is wanted, f"{level} {name}: {v}"


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.mark == "tight"], ids=lambda e: e.claim.id)
def test_a_tight_rate_one_percent_too_good_is_refuted(entry):
    too_good = entry.claim.with_bound(entry.claim.expression * 99 / 100)
    found = verdicts(entry.claim, Context(claim=too_good))
    exact = next(v for (level, name), v in found.items() if (level, name) == (Level.EXACT, "worst_case"))
    assert exact.outcome is Outcome.REFUTED
    for (level, _), v in found.items():
        if level in (Level.CERTIFIED, Level.SYMBOLIC):
            assert not v.outcome.good


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_each_claim_can_be_certified_on_demand(entry):
    made = certifier_of(entry.claim)(**entry.settings[0])
    proof, facts = made
    assert kernel_check(proof).statement.text
    assert facts["claimed"] == entry.claim.bound(**{k: sp.Rational(str(v)) for k, v in entry.settings[0].items()})
    assert facts["bound"] >= 0
    if entry.proves:
        assert abs(facts["bound"] - facts["claimed"]) <= 1e-6 * facts["claimed"]


def test_a_rate_that_is_not_proved_is_certified_just_above():
    """Over quadratics the exact optimum is not searched for, so the certified bound lies above the claim's, within 1e-6."""
    entry = REGISTRY["gd.quadratics"]
    claimed = entry.claim.bound(**{k: sp.Rational(str(v)) for k, v in entry.settings[1].items()})
    assert 1 < certificate_of(entry, entry.settings[1], claimed).bound / claimed < 1 + 1e-6


@pytest.mark.parametrize(("mu", "gamma", "N"), [("1/10", "3/2", 5), ("1/2", 1, 8), (0, "3/2", 20), (0, "9/5", 3)])
def test_function_values_are_certified_at_the_rate_itself(mu, gamma, N):
    """The local form proves the exact optimum where the general program's values are too small, or N is large."""
    proof, facts = certifier_of(registry.claim("gd.function-value"))(mu=mu, L=1, gamma=gamma, N=N)
    assert facts["bound"] == facts["claimed"]
    assert kernel_check(proof).statement.text


def test_what_is_proved_is_not_taken_from_the_claim(monkeypatch):
    """A claim with a better constant is told the rate that its proof has, in closed form, too."""
    claim = registry.claim("gd.contraction")
    monkeypatch.setattr(type(claim), "bound", lambda self, **_: sp.Rational(1, 1000))
    _, facts = certifier_of(claim)(mu="1/10", L=1, gamma=1, N=2)
    assert facts == {"bound": Fraction(81, 100) ** 2, "claimed": sp.Rational(1, 1000)}


def test_how_a_worst_case_was_settled_does_not_matter(monkeypatch):
    """A solver that stops short of its gap gives two ends that are proved; one of few inequalities gives an instance, too."""
    entry = REGISTRY["gd.function-value"]
    setting = entry.settings[0]
    asked = entry.worst_case(setting)
    low_rank = asked.problem.worst_case(asked.metric, per=asked.per, text=asked.text, solver="low-rank")
    stalled = replace(low_rank, reason="the gap is 1.3e-9 after 13 steps, 1e-9 was asked for")
    monkeypatch.setattr(type(entry), "worst_case", lambda self, setting: stalled)
    value = entry.supremum(setting).value
    assert entry.instance(setting).value == value.low <= entry.claim.bound(**setting) <= value.high
    assert float(value.high - value.low) < 1e-4 * float(value.high)
    monkeypatch.setattr(type(entry), "instance", lambda self, setting: asked.problem.worst_case("no metric"))
    with pytest.raises(PepError, match="1e-9 was asked for"):
        entry.supremum(setting)


def test_missing_and_unknown_parameters_are_named():
    for name in ("gd.contraction", "gd.function-value", "gd.gradient-nonconvex"):
        certify = certifier_of(registry.claim(name))
        with pytest.raises(ParameterError, match=r"missing .* 'N'; give .*L, gamma, N"):
            certify(L=1, gamma=1)
        with pytest.raises(ParameterError, match=r"unexpected .* 'step'; give .*L, gamma, N"):
            certify(L=1, gamma=1, N=1, step=3)


@pytest.mark.parametrize(
    "values",
    [
        {"mu": 2, "L": 1, "gamma": 1, "N": 1},
        {"mu": "x", "L": 1, "gamma": 1, "N": 1},
        {"mu": 0, "L": 1, "gamma": float("nan"), "N": 1},
        {"mu": 0, "L": 1, "gamma": 1, "N": 0},
        {"mu": 0, "L": -1, "gamma": 1, "N": 1},
    ],
)
def test_bad_parameters_are_refused(values):
    with pytest.raises((ParameterError, ValueError)):
        certifier_of(registry.claim("gd.contraction"))(**values)


def test_the_quick_checks_fit_the_budget():
    """25 s of CPU for the whole gallery; solved worst cases are remembered, so they are forgotten first."""
    from gradproof.experiments.classical import _gallery

    _gallery._solved.cache_clear()
    began = time.process_time()
    for entry in ENTRIES:
        verdicts(entry.claim, Context(claim=entry.claim))
    assert time.process_time() - began < 25


def _false(proof, per, rng):
    """A tight statement made false by a relative 1e-3 to 1e-12, its multipliers perturbed, dropped or swapped at random."""
    target = proof.statement.target.copy()
    target.add(per, Fraction(1, 10 ** int(rng.integers(3, 13))))
    uses = list(proof.uses)
    k = int(rng.integers(len(uses)))
    action = int(rng.integers(4))
    if action == 1:
        uses[k] = replace(uses[k], multiplier=uses[k].multiplier * (1 + Fraction(1, 10 ** int(rng.integers(3, 13)))))
    elif action == 2:
        del uses[k]
    elif action == 3:
        uses[k] = replace(uses[k], points=uses[k].points[::-1])
    return replace(proof, statement=replace(proof.statement, target=target), uses=tuple(uses))


@pytest.mark.parametrize("count", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_no_false_proof_is_accepted_by_either_checker(count):
    rng = np.random.default_rng(3)
    tried = 0
    for entry in ENTRIES:
        if entry.mark != "tight" or not entry.proves:
            continue
        for s in entry.settings:
            worst = entry.worst_case(s)
            proof = worst.certify(
                bound=rational_below(entry.claim.bound(**{k: sp.Rational(str(v)) for k, v in s.items()}))
            ).proof
            fast_check(proof)
            per = worst.per.form if worst.per is not None else Form({}, {ONE: Fraction(1)})
            for _ in range(count):
                bad = _false(proof, per, rng)
                for checker in (kernel_check, fast_check):
                    with pytest.raises(ProofRejected):
                        checker(bad)
                tried += 1
    assert tried >= 25 * count


@pytest.mark.parametrize(
    "change", [lambda e: e * sp.Rational(99, 100), lambda e: e**2, lambda e: 1 / e, lambda e: 1000 * e]
)
def test_a_proof_with_parameters_is_tied_to_the_claim_itself(change):
    """As a function of the parameters, not at a point of them."""
    for claim, proof, at in (
        (gd.CONTRACTION, contraction(2, domain=SHORT), {}),
        (gd.CONTRACTION, contraction(2, domain=LONG), {}),
        (gd.FUNCTION_VALUE, function_value(2), {"mu": 0}),
    ):
        assert same_bound(claim, proof, N=2, **at).expression == 0
        assert same_bound(replace(claim, expression=change(claim.expression)), proof, N=2, **at).expression != 0
