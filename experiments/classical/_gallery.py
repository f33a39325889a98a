"""The gallery of textbook methods with known worst cases: one decorator makes a method's measures, index row and tests.

A method file states ``wc_*``, a function from exact parameters to a ``WorstCase``, and the settings at which it is
tried. From that come, for every setting: the exact worst case, a member of the class near it in rational coordinates, a proof of
the rate that the kernel accepts, and a control.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import certifier
from gradproof.experiments.engine.measure import Enclosed, Provable, Supremum, around, cases, instead, measure, without
from gradproof.solvers.pep import CertificateUnavailable, PepError, WorstCase, exact
from gradproof.solvers.pep.certify.certificate import Certificate
from gradproof.solvers.pep.certify.counterexample import Counterexample, NoCounterexample
from gradproof.solvers.pep.certify.worst_case import solve
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.decimals import decimal
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Level
from gradproof.theory.proof import Proof
from gradproof.theory.symbolic import Identity

Method = Callable[..., WorstCase]
Setting = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One method of the gallery: how its rate relates to the truth, and where it is tried.

    Attributes:
        mark: ``tight`` (attained) or ``upper``.
        settings: exact parameters, in the claim's names.
        broken: arguments of the method that the control changes, while the claim's parameters keep their values.
    """

    claim: Claim
    method: Method
    mark: str
    settings: tuple[dict[str, Fraction], ...]
    broken: dict[str, Fraction]
    proves: bool

    def worst_case(self, setting: Setting) -> WorstCase:
        """The worst case at one setting (remembered: the checks of a claim share it)."""
        return _solved(self.method, tuple(sorted(setting.items())))

    def supremum(self, setting: Setting) -> Supremum:
        """The exact worst case with the solver's error; where it stopped short of its gap, between a rational member of the class
        and a bound that is proved.

        Raises:
            PepError: the solver could not settle it, and one of the two is missing.
        """
        worst = self.worst_case(setting)
        if not worst.reason:
            return Supremum(around(worst.bound, uncertainty(worst), "solver gap"))
        try:
            return Supremum(Enclosed(self.instance(setting).value, worst.certify(gap=1e-3).bound, "solver gap"))
        except GradproofError:
            raise PepError(worst.reason) from None

    def instance(self, setting: Setting) -> Counterexample:
        """A member of the class in rational coordinates, near the worst case.

        Raises:
            NoCounterexample: none was found.
        """
        worst = self.worst_case(setting)
        try:
            return worst.counterexample()
        except NoCounterexample:
            # it may have been settled in another form, on this machine: an instance needs every inequality as it stands
            return solve(worst.problem, worst.metric, worst.per, worst.text, solver="clarabel").counterexample()


REGISTRY: dict[str, Entry] = {}


@lru_cache(maxsize=512)
def _solved(method: Method, items: tuple[tuple[str, Any], ...]) -> WorstCase:
    summary = (method.__doc__ or method.__name__).strip().splitlines()[0]
    return replace(method(**dict(items)), text=f"{summary} [{', '.join(f'{k} = {v}' for k, v in items)}]")


def gallery(
    claim: Claim, *settings: Setting, broken: Setting, drops: str = "", other: str = "", proves: bool = True,
    instance: bool = True,
) -> Callable[[Method], Method]:  # fmt: skip
    """Add ``wc_*`` to the gallery as the worst case that ``claim`` speaks of.

    Args:
        settings: parameters at which the claim is checked; decimals and fractions as text.
        broken: arguments of the method that the control changes, while the claim's parameters keep their values: a constant of
            the class where the method does not use it, else an argument for the class alone (``L_f``).
        drops: the assumption that the change breaks; or other: the method that it makes of this one.
        instance: False where no rational instance can be written: equality constraints, or a class whose inequalities are
            necessary only.
        proves: False where the bound is irrational and attained, so that no rational certificate can reach it.
    """
    table = tuple({k: exact(v) for k, v in s.items()} for s in settings)
    structural = [a.name for a in claim.assumptions if a.structural]  # the classes of the program guarantee them
    given = cases(setting=table).guaranteeing(*structural)
    loose = cases(setting=table[:1]).guaranteeing(*(n for n in structural if n != drops))

    def decorate(method: Method) -> Method:
        changed = {k: exact(v) for k, v in broken.items()}
        entry = Entry(claim, method, "tight" if claim.tight else "upper", table, changed, proves)
        REGISTRY[claim.id] = entry

        def worst_case(**setting: Fraction) -> Supremum:
            return entry.supremum(setting)

        worst_case.__doc__ = f"The exact worst case of {method.__name__}, {len(table)} settings."
        measure(claim, given)(worst_case)
        if instance:

            def rational_instance(**setting: Fraction) -> sp.Rational:
                value = entry.instance(setting).value
                return sp.Rational(value.numerator, value.denominator)

            rational_instance.__doc__ = (
                f"A member of the class in rational coordinates, near the worst case of {method.__name__}."
            )
            last = replace(given, rows=given.rows[-1:])
            measure(claim, last)(rational_instance)
        if proves:

            def certificate(**setting: Fraction) -> Provable:
                worst = entry.worst_case(setting)
                return Provable(lambda bound: worst.certify(bound=rational_below(bound)).proof)

            certificate.__doc__ = f"A rational certificate of the rate itself at {len(table)} settings."
            measure(claim, given, level=Level.CERTIFIED)(certificate)

        def certificate_at(**values: Any) -> Provable:
            return Provable(lambda bound: certificate_of(entry, exactly(values), bound))

        certifier(claim)(certificate_at)

        def broken_class(**setting: Fraction) -> Any:
            return entry.supremum(setting | changed).value

        told = ", ".join(f"{k} = {v}" for k, v in changed.items())
        broken_class.__doc__ = f"The worst case of {method.__name__} with {told}."
        if drops:
            without(claim, drops, broken_class, loose)
        else:
            instead(claim, other, broken_class, loose)
        return method

    return decorate


def index() -> list[dict[str, Any]]:
    """The whole gallery as rows, for tables, pages and tests: claim, method, mark, rate, source and settings."""
    for stem, family in registry.stems().items():
        if family == "classical":
            importlib.import_module(f"gradproof.experiments.classical.{stem}")
    return [
        {
            "claim": e.claim.id,
            "title": e.claim.title,
            "method": e.method.__name__,
            "mark": e.mark,
            "rate": e.claim.latex,
            "source": f"{e.claim.paper.citation}; {e.claim.where}",
            "settings": [_shown(s) for s in e.settings],
        }
        for e in REGISTRY.values()
    ]


def exactly(values: Mapping[str, Any]) -> dict[str, Fraction]:
    """Parameters as rationals; raises ``PepError`` for what is no number."""
    return {k: exact(v, k) for k, v in values.items()}


def certificate_of(entry: Entry, s: Setting, bound: Any) -> Certificate:
    """A certificate at one setting: of the bound asked for where it can be reached, else of one just above.

    Raises:
        CertificateUnavailable: neither was found.
    """
    worst = entry.worst_case(s)
    try:
        return worst.certify(bound=rational_below(bound))
    except CertificateUnavailable:
        return worst.certify()


def proved_rate(proof: Proof) -> Any:
    """What a proof bounds by a multiple of |x_0|^2: its target is ``... - tau |x_0|^2``, or ``|x_N|^2 - tau |x_0|^2`` where x_N
    has the coefficient 1 on x_0.
    """
    target = proof.statement.target.quadratic
    return -target["x0", "x0"] + (1 if any(a == b != "x0" for a, b in target) else 0)


def same_bound(claim: Claim, proof: Proof, **at: int) -> Identity:
    """What a proof with parameters proves is the claim's bound, as functions of all the parameters that ``at`` leaves open.

    A bound that is a maximum, or grows with one, follows from any one of its terms.
    """
    rate = proved_rate(proof).as_expr()
    rate = rate.subs({x: claim.parameter(x.name).symbol for x in rate.free_symbols}, simultaneous=True)
    claimed = sp.sympify(claim.expression).subs(
        {claim.parameter(k).symbol: v for k, v in at.items()}, simultaneous=True
    )
    top = sp.Symbol("top", nonnegative=True)
    grows = [m for m in claimed.atoms(sp.Max) if claimed.xreplace({m: top}).diff(top).is_nonnegative]
    terms = [claimed, *(claimed.xreplace({m: term}) for m in grows for term in m.args)]
    gaps = [sp.simplify(rate - term) for term in terms]
    where = ", ".join(f"{k} = {v}" for k, v in at.items())
    return Identity(next((g for g in gaps if g == 0), gaps[0]), f"the bound, {where}")


def rational_root(x: Fraction) -> Fraction:
    """The square root of the square of a rational.

    Raises:
        PepError: the root is irrational.
    """
    x = exact(x)
    if x < 0:
        raise PepError(f"the square root of {x} is not real")
    root = Fraction(isqrt(x.numerator), isqrt(x.denominator))
    if root * root != x:
        raise PepError(f"the square root of {x} is irrational; choose parameters for which it is rational")
    return root


def uncertainty(worst: WorstCase) -> float:
    """Distance between the true worst case and the two values of the solver, first order in its residuals."""
    return abs(worst.bound - worst.primal) + worst.residuals["primal error"] + worst.residuals["dual error"]


def rational_below(bound: Any) -> Fraction:
    """The bound itself if rational, else a rational that is smaller by at most 1e-12 of it (which proves the bound)."""
    if getattr(bound, "is_Rational", False):
        return Fraction(int(bound.p), int(bound.q))
    return exact(sp.Rational(str(decimal(bound, 40)))) * (1 - Fraction(1, 10**12))


def _shown(s: Setting) -> dict[str, str]:
    return {k: str(v) for k, v in s.items()}
