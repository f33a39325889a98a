"""The tie between a derivation and a claim: its conclusion is the claim's quantity, relation and bound, on its whole domain.

Part of the trusted kernel. What is compared: the words that the formal side stands for; each constant of a member with
what the assumption that grants it says (``MEANING``); the last conclusion of every case with the claim's expression, as
forms; and the cases' domains with the domain and relations that the claim states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from gradproof.theory import derivation as d
from gradproof.theory.axioms import ONE, Form
from gradproof.theory.claim import Claim
from gradproof.theory.coverage import Known, Stated, check_domain, free_intervals, leaves, stated
from gradproof.theory.derivation import derivation_of
from gradproof.theory.evidence import Relation
from gradproof.theory.facts import FACTS
from gradproof.theory.field import Functions, Interval
from gradproof.theory.parameter import COUNT
from gradproof.theory.reading import Numbers, text
from gradproof.theory.rules import run
from gradproof.theory.workings import Assertion, Workings, reject

#: What an assumption of that name lets a method say of a member: constant -> the values that it may have.
MEANING: dict[str, dict[str, tuple[str, ...]]] = {
    "smooth": {"L": ("L",), "mu": ("-L",)},
    "convex": {"mu": ("0",)},
    "strongly-convex": {"mu": ("mu",)},
    "each": {"L": ("L",), "mu": ("mu",)},
    "pl": {"PL": ("mu",), "lower": ("f*",)},
    "lower-bounded": {"lower": ("f*",)},
    "lipschitz": {"M": ("M",), "L": ("L",)},
    "nonexpansive": {"L": ("1",)},
    "contraction": {"L": ("1/c",)},
    "composite": {"mu": ("0",)},
    "projection": {"mu": ("0",)},
    "diameter": {"D": ("D",)},
    "mixing": {"mu": ("w",), "L": ("1",)},
    "monotone": {"mu": ("0",)},
    "strongly-monotone": {"mu": ("mu",)},
    "cocoercive": {"beta": ("beta",)},
    "relative-error": {"q2": ("epsilon^2",)},
    "smooth_f": {"L": ("L",), "mu": ("-L",)},
    "smooth_fi": {"L": ("L_AM", "L_QM")},
    "one_hot": {"L": ("pi_max/2",)},
    "convex-exponential": {"mu": ("0",)},
    "convex-subdifferential": {"mu": ("0",)},
    "mean_square_stable": {"mu": ("kappa",)},
    "below_threshold": {"mu": ("kappa",)},
    "contractive": {"q2": ("1 - alpha",)},
    "independent_participation": {"q2": ("1 - p*alpha",)},
    "l_smooth": {"L": ("L",), "mu": ("-L",)},
    "strongly_convex": {"mu": ("mu",)},
    "convex_minibatches": {"mu": ("0",), "L": ("L_h",)},
    "PL": {"PL": ("mu",), "lower": ("f*",)},
    "lower_bounded": {"lower": ("f_inf",)},
}

#: Names of a constant in claims that have no parameter of its usual name, for these assumptions.
OTHERWISE, RENAMED = {"L": "M", "mu": "m"}, ("smooth", "strongly_convex")


@dataclass(frozen=True)
class Accepted:
    """What stands behind an accepted derivation: facts that it used, assumptions used, assumptions that nothing used."""

    facts: tuple[str, ...]
    unused: tuple[str, ...]
    used: tuple[str, ...] = ()


def check_derivation(derivation: d.Derivation, claim: Claim) -> Accepted:
    """Accept a derivation of exactly this claim.

    Raises:
        GradproofError: in one line, what is wrong.
    """
    registered = derivation_of(replace(claim, id=claim.id.split("~")[0]))
    if registered is not None and registered.formal != derivation.formal:
        reject("the derivation is of another method or quantity than the one that is registered for the claim")
    _check_words(derivation.formal, claim)
    claimed = stated(claim, derivation.formal)
    used: set[str] = set(derivation.formal.by)
    for case, more in leaves(derivation.tree, claimed.base, whole=claimed.whole):
        used |= _check_case(derivation.formal, case, claim, claimed, more)
    missing = used - set(FACTS) - {a.name for a in claim.assumptions}
    if missing:
        reject(f"the claim does not assume {', '.join(sorted(missing))}, and no fact is called so")
    if {a.name for a in claim.assumptions} & set(FACTS):
        reject("an assumption is called like a fact")
    for a in sorted(used - set(FACTS)):
        if f"assumption {a}" not in derivation.formal.words:
            reject(f"the derivation uses assumption {a}, of which its formal side has no words")
    assumed = tuple(a.name for a in claim.assumptions)
    return Accepted(
        tuple(sorted(used & set(FACTS))),
        tuple(a for a in assumed if a not in used),
        tuple(a for a in assumed if a in used),
    )


def _check_words(formal: d.Formal, claim: Claim) -> None:
    """The formal side was read from this quantity and from assumptions of this wording."""
    if formal.words.get("quantity") != claim.quantity:
        reject(
            f"the derivation is of {formal.words.get('quantity', 'no stated quantity')!r}, not of {claim.quantity!r}"
        )
    for a in claim.assumptions:
        if formal.words.get(f"assumption {a.name}", a.statement) != a.statement:
            reject(f"the derivation reads assumption {a.name} in other words than the claim")
    if isinstance(formal.quantity, d.Infimum) and claim.relation is not Relation.EQ:
        reject(f"of a least value == is proved, not {claim.relation.value}")
    if isinstance(formal.quantity, d.Threshold) is not (claim.relation is Relation.IFF):
        reject(f"iff is proved of a threshold, and of it alone, not {claim.relation.value}")
    if claim.false_as_published:
        reject("the claim is false as published")


def _relational(claim: Claim, formal: d.Formal) -> set[str]:
    """Assumptions that are inequalities between numbers of the claim, none of which stands for a form."""
    return {
        a.name
        for a in claim.assumptions
        if isinstance(a.relation, sp.Le | sp.Lt | sp.Ge | sp.Gt)
        and not {str(s) for s in a.relation.free_symbols} & set(formal.stands)
    }


# --- one case ---------------------------------------------------------------------------------------------------------


def _check_case(formal: d.Formal, case: d.Case, claim: Claim, claimed: Stated, more: list[Known]) -> set[str]:
    w = Workings(formal.method, case)
    own = {p.name for p in claim.parameters if p.name != formal.horizon}
    if len(own) < len(claim.parameters):
        least = claim.parameter(formal.horizon).domain
        if least != COUNT and (least != sp.S.Naturals0 or case.first == "1"):
            reject(f"{formal.horizon} must run over {case.first}, {int(case.first) + 1}, ...")
    roots = {*case.roots, *formal.method.roots}
    if own & {"k", "N", *case.powers, *formal.method.sequences, *case.lets, *roots}:
        reject("a parameter of the claim is named like an index, a power, a root or a sequence")
    any_in = {i.name: i for i in free_intervals(formal)}
    if set(any_in) & {*own, *roots, *case.lets}:
        reject("a number of the method is named like a parameter of the claim, a root or a let")
    if not set(any_in.values()) <= set(case.domain) or len(any_in) < len(free_intervals(formal)):
        reject("a case must hold for all numbers of the method")
    if not set(formal.method.reads) <= own - set(formal.stands) or set(formal.method.reads) & set(formal.method.laws):
        reject("what is read of an instance is no parameter of the claim")
    for name, member in formal.method.members.items():
        for constant, (value, assumption) in member.constants.items():
            meant = _meanings(assumption, constant, own | {i.name for i in free_intervals(formal)})
            if value not in meant if constant == "lower" else w.read(value) not in {w.read(t) for t in meant}:
                reject(f"no assumption says {constant} = {value} of {name} (bound to {assumption!r})")
    covered = check_domain(formal, case, claimed, more, w)
    covered |= {by for n in formal.method.numbers for by in n.by}
    last = run(w)
    for name in sorted(w.laws):
        loose = set(formal.method.laws[name].by) & _relational(claim, formal) - covered
        if loose:
            reject(
                f"law {name} rests on the relation of {min(loose)}, which the case does not state; write it in knows"
            )
    if last.hypotheses or last.since:
        reject("the conclusion holds only under a hypothesis")
    q, numbers = formal.quantity, Numbers.of(w, formal.horizon)
    if isinstance(q, d.Threshold):
        _check_threshold(q, formal, numbers.read(claim.expression), last, case, w)
        return (w.used | covered) - {""}
    if isinstance(q, d.Infimum):
        _check_infimum(q, numbers.read(claim.expression), last, case, w)
        return (w.used | covered | {q.by}) - {""}
    if last.equality is not (claim.relation is Relation.EQ):
        reject("an equality is proved of a claim that states one, and of no other")
    if isinstance(q, d.Minimum):
        left = Form({}, {w.functional("min", q.quantity, q.upto): w.one})
    elif isinstance(q, d.AtAverage):
        left = Form({}, {w.functional("value at the average", ((q.weight, q.value),), q.upto): w.one, "f*": -w.one})
    elif isinstance(q, d.Limit):
        left = Form({}, {w.functional("lim", q.quantity, "N"): w.one})
    elif isinstance(q, d.Mean):
        left = Form({}, {w.functional("sum", q.quantity, q.upto, "1"): w.field.admit(1 / w.number[q.upto])})
    else:
        left = w.form(q, formal.at)
    for coefficient, terms in _linear(claim.expression, formal, claim):
        left.add(w.form(terms, "0"), -numbers.read(coefficient))
    w.same(
        last.form,
        Form().add(left, -w.one) if claim.relation is Relation.GE else left,
        "the conclusion is not the claim",
    )
    return (w.used | covered) - {""}


def _check_infimum(q: d.Infimum, bound: Any, last: Assertion, case: d.Case, w: Workings) -> None:
    """The bound is below the value for all of the variable's interval, and is the value at one of its points."""
    if q.over not in case.domain or any(i != q.over and q.over.name in (i.low + i.high) for i in case.domain):
        reject(f"the case is not over {q.over}")
    below = Form({}, {ONE: bound - w.read(q.value)})
    w.same(last.form, below, "the conclusion is not that the bound is below the value")
    at, i = w.read(q.at), q.over
    if not w.free(at, i.name, "k", "N") or not w.free(bound, i.name):
        reject("the bound and the point where the value is least must not depend on the variable")
    inside = w.field.positive(at - w.read(i.low)) and (not i.high or w.field.positive(w.read(i.high) - at))
    if not inside or w.replaced(w.read(q.value), {i.name: at}) != bound:
        reject(f"the value is not the bound at {i.name} = {q.at}")


def _check_threshold(q: d.Threshold, formal: d.Formal, bound: Any, last: Assertion, case: d.Case, w: Workings) -> None:
    """The quantity is the factor times what is positive; the factor changes its sign at the bound, from - to +."""
    t = q.over.name
    if case.domain[-1:] != (q.over,) or q.over.high or case.powers or w.method.sequences:
        reject(f"the case does not end with {q.over}")
    if not last.equality:
        reject("of a threshold an equality is proved")
    want = w.form(q.quantity, formal.at).add(w.form(formal.initial, "0"), -w.read(q.factor))
    w.same(last.form, want, "the conclusion is not the quantity")
    if not w.free(bound, t, "k", "N") or not w.field.positive(bound - w.read(q.over.low)):
        reject(f"the bound must not depend on {t}, and lie above {q.over.low}")
    end = w.field.show(bound)
    for low, high, sign in ((q.over.low, end, -1), (end, "", 1)):
        field = Functions((*case.domain[:-1], Interval(t, low, high)))
        names = {i.name: field[i.name] for i in field.domain}
        for name, words in [*case.given.items(), *case.lets.items()]:
            names[name] = text(words, field, names)
        if not field.positive(text(q.factor, field, names) * sign):
            reject(f"{q.factor} is not shown to change its sign at {t} = {end}")


def _meanings(assumption: str, constant: str, own: set[str]) -> list[str]:
    """What the assumption lets the constant be, in the claim's own parameters, or numbers of any value; a let may be anything."""
    meant: list[str] = list(MEANING.get(assumption, {}).get(constant, ()))
    if constant == "lower":
        return meant
    if assumption in RENAMED:
        usual = r"\b(?:L|mu)\b"
        meant += [re.sub(usual, lambda m: OTHERWISE[m[0]], t) for t in meant if not own & set(re.findall(usual, t))]
    return [t for t in meant if set(re.findall(r"[A-Za-z_]\w*", t)) <= own]


def _linear(e: sp.Expr, formal: d.Formal, claim: Claim) -> Iterator[tuple[sp.Expr, d.Terms]]:
    """The bound as coefficients times forms: ``initial`` times it, or a linear combination of stand-ins."""
    symbols = {claim.parameter(p).symbol: terms for p, terms in formal.stands.items()}
    if not symbols:
        yield e, formal.initial
        return
    rest = e.subs(dict.fromkeys(symbols, 0))
    yield rest, formal.initial
    for s, terms in symbols.items():
        slope = sp.expand(sp.diff(e, s))
        if slope.free_symbols & set(symbols):
            reject(f"the bound is not linear in {s}")
        yield slope, terms
