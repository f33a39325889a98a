"""Ledgers for the report's tests: rows as the driver writes them, made by hand so that every kind is there."""

import time

import pytest

from gradproof.experiments.engine import check as checks
from gradproof.experiments.engine.store import Ledger, Row, code_of
from gradproof.theory import registry
from gradproof.theory.errors import UnknownClaim
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict
from gradproof.theory.statement import statement_of


def _stands_for_a_check(ctx):
    """One line"""
    yield from ()


ADDED = []


@pytest.fixture(autouse=True)
def only_the_checks_of_the_library():
    yield
    for key, added in ADDED:
        checks._CHECKS[key].remove(added)
    ADDED.clear()


def _current(name, check, level, drops):
    """Code and statement of a row that is current: its claim is stated, and has a check of that name."""
    try:
        claim = registry.claim(name.split("~")[0])
    except UnknownClaim:
        return "0" * 16, "0" * 16
    if "~" in name:
        from gradproof.mutants import mutants_of

        mutants = {m.claim.id: m.claim for m in mutants_of(claim)}
        statement = statement_of(mutants[name]) if name in mutants else ""
    else:
        statement = statement_of(claim)
    made = checks.Check(claim.id, check, level, _stands_for_a_check, drops=drops)
    known = checks.checks_of(claim, "gpu")
    if made not in known:
        checks._CHECKS.setdefault(claim.key, []).append(made)
        ADDED.append((claim.key, made))
    return code_of(made), statement


def row(claim, check="a_check", *, level=Level.EXACT, outcome=Outcome.CONFIRMED, reason="holds", worst=None, proofs=(),
        drops="", code="", tightness=None, seed=0, **more):  # fmt: skip
    verdict = Verdict(outcome=outcome, reason=reason, n=1, worst=worst, proofs=tuple(proofs), tightness=tightness)
    values = {
        "budget": "quick",
        "backend": "numpy",
        "seconds": 0.5,
        "finished": time.time(),
        "versions": {"python": "3"},
    }
    now, statement = _current(claim, check, level, drops)
    values["statement"] = statement
    key = f"{claim}/{check}/{level}/{code}/{seed}/{more.get('budget', '')}/{more.get('statement', '')}"
    return Row(key=key, claim=claim, check=check, level=level, drops=drops,
               summary="one line", seed=seed, code=code or now, verdict=verdict, **{**values, **more})  # fmt: skip


@pytest.fixture
def ledger(tmp_path):
    return made_ledger(tmp_path)


def made_ledger(folder):
    """A ledger with every verdict on claims that exist, and one that does not."""
    book = Ledger(folder / "made.sqlite")
    m = Measurement(measured=0.5, bound=1.0, low=0.5 - 1e-9, high=0.5 + 1e-9, source="solver gap",
                    parameters={"gamma": "1/3", "n": 4},
                    relation=Relation.LE, seed=3, n=10)  # fmt: skip
    book.put(row("ef21.nonconvex-am", worst=m, tightness=0.5))
    book.put(row("ef21.nonconvex-am", "drop_it", level=Level.CONTROL, drops="contractive", reason="caught"))
    over = Measurement(measured=2.0, bound=1.0, relation=Relation.LE)
    book.put(row("ef21.pl", outcome=Outcome.REFUTED, reason="violated at <here>", worst=over, tightness=2.0))
    book.put(row("ef21.sgd", level=Level.EMPIRICAL, outcome=Outcome.UNDECIDED, reason="the solver failed"))
    book.put(row("ef21.cloning", level=Level.CONTROL, outcome=Outcome.MISSED, drops="clones"))
    book.put(row("ef21.distortion", code="0" * 16, level=Level.EMPIRICAL, outcome=Outcome.CONSISTENT))
    book.put(row("ef21.young-optimal", level=Level.EMPIRICAL, outcome=Outcome.CONSISTENT))
    book.put(row("stranger.claim", reason="from elsewhere"))
    book.put(row("ef21.pl~factor-1/2", outcome=Outcome.REFUTED, reason="the mutant is caught"))
    book.put(row("ef21.pl~factor-99/100"))
    return book
