"""The gallery of textbook methods with known worst cases: one decorator makes a method's checks, index row and tests.

A method file states ``wc_*``, a function from exact parameters to a ``WorstCase``, and the settings at which it is
tried. From that come, for every setting: the exact worst case against the literature's rate, a proof of the rate that
the kernel accepts, and a control.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, Undecided, certifier, check, control
from gradproof.solvers.pep import CertificateUnavailable, PepError, WorstCase, exact
from gradproof.solvers.pep.certify.counterexample import NoCounterexample
from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.proof import Proof

Method = Callable[..., WorstCase]
Setting = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One method of the gallery: how its rate relates to the truth, and where it is tried.

    Attributes:
        mark: ``tight`` (attained), ``upper`` or ``lower``.
        settings: exact parameters, in the claim's names.
        broken: parameters with which the method is run in the control, while the bound keeps the setting's own.
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


REGISTRY: dict[str, Entry] = {}


@lru_cache(maxsize=512)
def _solved(method: Method, items: tuple[tuple[str, Any], ...]) -> WorstCase:
    summary = (method.__doc__ or method.__name__).strip().splitlines()[0]
    return replace(method(**dict(items)), text=f"{summary} [{', '.join(f'{k} = {v}' for k, v in items)}]")


def gallery(
    claim: Claim, *settings: Setting, broken: Setting, drops: str, proves: bool = True, instance: bool = True
) -> Callable[[Method], Method]:
    """Add ``wc_*`` to the gallery as the worst case that ``claim`` speaks of.

    Args:
        settings: parameters at which the claim is checked; decimals and fractions as text.
        broken: parameters that the control changes for the method but not for the bound.
        drops: the assumption that the change breaks.
        instance: False where no rational instance can be written: equality constraints, or a class whose inequalities are
            necessary only.
        proves: False where the bound is irrational and attained, so that no rational certificate can reach it.
    """
    table = tuple({k: exact(v) for k, v in s.items()} for s in settings)

    def decorate(method: Method) -> Method:
        changed = {k: exact(v) for k, v in broken.items()}
        entry = Entry(claim, method, "tight" if claim.tight else "upper", table, changed, proves)
        REGISTRY[claim.id] = entry

        def worst_case(ctx: Context) -> Iterator[Evidence]:
            for s in table:
                yield from _against_truth(entry, ctx, s)

        worst_case.__doc__ = (
            f"The exact worst case of {method.__name__} against the {entry.mark} rate, {len(table)} settings."
        )
        check(claim, level=Level.EXACT)(worst_case)
        if instance:

            def rational_instance(ctx: Context) -> Iterator[Evidence]:
                yield _instance(entry, ctx, table[-1])

            rational_instance.__doc__ = (
                f"A member of the class in rational coordinates, near the worst case of {method.__name__}."
            )
            check(claim, level=Level.EXACT)(rational_instance)
        if proves:

            def certificate(ctx: Context) -> Iterator[Evidence]:
                for s in table:
                    yield _proof(entry, ctx, s)

            certificate.__doc__ = f"A rational certificate of the rate itself at {len(table)} settings."
            check(claim, level=Level.CERTIFIED)(certificate)

        def certificate_at(**values: Any) -> tuple[Proof, dict[str, Any]]:
            return certificate_of(entry, read(claim, **values)[0])

        certifier(claim)(certificate_at)

        def broken_class(ctx: Context) -> Iterator[Evidence]:
            s = table[0]
            worst = entry.worst_case(s | changed)
            yield Measurement(
                measured=worst.primal,
                bound=_bound(ctx.claim, s),
                error=uncertainty(worst),
                error_source="solver gap",
                parameters=_shown(s | changed),
                relation=Relation.LE,
            )

        before = {k: f" in place of {v}" for k, v in table[0].items()}
        given = ", ".join(f"{k} = {v}{before.get(k, '')}" for k, v in changed.items())
        broken_class.__doc__ = f"The worst case of {method.__name__} with {given}, against the claimed bound."
        control(claim, drops=drops)(broken_class)
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


def read(claim: Claim, **values: Any) -> tuple[dict[str, Fraction], Any]:
    """Exact parameters and the claim's bound at them.

    Raises:
        ParameterError, DomainError: a value is missing, no number, or outside the claim's domain.
    """
    s = {k: exact(v, k) for k, v in values.items()}
    return s, _bound(claim, s)


def certificate_of(entry: Entry, s: Setting) -> tuple[Proof, dict[str, Any]]:
    """A proof at one setting and the rational bound in it: the claim's own where it can be reached, else one just above.

    Raises:
        CertificateUnavailable: neither was found.
    """
    worst, bound = entry.worst_case(s), _bound(entry.claim, s)
    try:
        found = worst.certify(bound=rational_below(bound))
    except CertificateUnavailable:
        found = worst.certify()
    return found.proof, {"bound": found.bound, "claimed": bound}


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


def _against_truth(entry: Entry, ctx: Context, s: dict[str, Fraction]) -> Iterator[Evidence]:
    worst = entry.worst_case(s)
    if worst.reason:
        yield Undecided(f"{entry.method.__name__} at {_shown(s)}: {worst.reason}")
        return
    yield Measurement(
        measured=worst.bound,
        bound=_bound(ctx.claim, s),
        error=uncertainty(worst),
        error_source="solver gap",
        parameters=_shown(s),
        relation=Relation.EQ if ctx.claim.tight else None,
    )


def _proof(entry: Entry, ctx: Context, s: dict[str, Fraction]) -> Evidence:
    try:
        return entry.worst_case(s).certify(bound=rational_below(_bound(ctx.claim, s))).proof
    except CertificateUnavailable as error:
        return Undecided(f"{entry.method.__name__} at {_shown(s)}: {error}")


def _instance(entry: Entry, ctx: Context, s: Setting) -> Evidence:
    try:
        found = entry.worst_case(s).counterexample()
    except NoCounterexample as error:
        return Undecided(f"{entry.method.__name__} at {_shown(s)}: {error}")
    value = sp.Rational(found.value.numerator, found.value.denominator)
    return Measurement(
        measured=value, bound=_bound(ctx.claim, s), parameters=_shown(s), what="the quantity on a rational instance"
    )


def rational_below(bound: Any) -> Fraction:
    """The bound itself if rational, else a rational that is smaller by at most 1e-12 of it (which proves the bound)."""
    if getattr(bound, "is_Rational", False):
        return Fraction(int(bound.p), int(bound.q))
    return exact(sp.Rational(str(sp.N(bound, 40)))) * (1 - Fraction(1, 10**12))


def _bound(claim: Claim, s: Setting) -> Any:
    return claim.bound(**{k: sp.Rational(v.numerator, v.denominator) for k, v in s.items()})


def _shown(s: Setting) -> dict[str, str]:
    return {k: str(v) for k, v in s.items()}
