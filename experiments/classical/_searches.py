"""Exact worst cases as a search: parameters are drawn, a semidefinite program finds the worst function, rationals decide."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from gradproof.experiments.attack.bound import bound_exactly
from gradproof.experiments.attack.decide import Decision
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.ranges import respects
from gradproof.experiments.classical._gallery import REGISTRY, Entry, uncertainty
from gradproof.experiments.engine.check import checks_of
from gradproof.experiments.instances.exact import Exact, precision
from gradproof.experiments.instances.exact import exact as exactly
from gradproof.solvers.pep import PepError, WorstCase, exact
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Measurement, Relation

#: Ends of a real parameter: wide ranges leave the solver without digits. Counts: programs grow with them.
REAL = (2.0**-4, 2.0**4)
STEPS = 3


#: Without an assumption the function may be worse than the bound knows: assumption -> (constant of the class, factor).
LOOSER = {
    "strongly-convex": ("mu", Fraction(1, 4)),
    "strongly-monotone": ("mu", Fraction(1, 4)),
    "pl": ("mu", Fraction(1, 4)),
    "smooth": ("L", Fraction(4)),
    "lipschitz": ("M", Fraction(4)),
    "cocoercive": ("beta", Fraction(1, 4)),
    "diameter": ("D", Fraction(4)),
}


def searches(claim: Claim) -> list[Experiment]:
    """The experiment that asks the solver for the worst function at drawn parameters, for a claim of the gallery."""
    checks_of(claim)  # imports the gallery's module
    entry = REGISTRY.get(claim.id.split("~")[0])
    if entry is None or claim.relation is not Relation.LE:
        return []
    most = {n: max([STEPS, *(int(s[n]) for s in entry.settings if n in s)]) for n in _counts(claim)}
    limits = {p.name: (1, most[p.name]) if p.name in most else REAL for p in claim.parameters}

    def worst_case(given_up: tuple[str, ...] = (), **values: Any) -> Any:
        """The solver's worst case."""
        found = entry.worst_case(_looser(_rational(values), given_up))
        if found.reason:
            raise PepError(found.reason)
        return found.primal

    def replay(_: Experiment, variant: Claim, instance: Mapping[str, Any], drop: frozenset[str]) -> Decision:
        return decide_worst_case(entry, variant, instance, drop)

    def given_up(drop: frozenset[str]) -> tuple[str, ...]:
        return tuple(a for a in sorted(drop) if a in LOOSER and LOOSER[a][0] in limits)

    measure = _with_arguments(worst_case, ("given_up", *limits))
    return [Experiment(claim, "exact_worst_case", {"given_up": given_up}, measure, limits, replay=replay)]


def _counts(claim: Claim) -> list[str]:
    return [p.name for p in claim.parameters if p.domain.is_subset(sp.S.Integers)]


def _with_arguments(function: Any, names: tuple[str, ...]) -> Any:
    """The function with a signature that names its arguments, as experiments are drawn by name."""
    import inspect

    kind = inspect.Parameter.KEYWORD_ONLY
    function.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])
    return function


def _rational(values: Mapping[str, Any]) -> dict[str, Fraction]:
    return {k: exact(v) for k, v in values.items()}


def _looser(values: dict[str, Fraction], given_up: tuple[str, ...]) -> dict[str, Fraction]:
    """The constants of the class that the method is run on."""
    changed = dict(values)
    for a in given_up:
        name, factor = LOOSER[a]
        changed[name] = changed[name] * factor
    return changed


def decide_worst_case(entry: Entry, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str]) -> Decision:
    """A rational instance near the worst case, all of its inequalities checked exactly, against the bound in exact arithmetic.

    Where none can be written (equality constraints, matrix inequalities, classes whose inequalities are necessary only),
    nothing is refuted: on badly scaled programs the solver's value is off by more than its residuals say.
    """
    values = {k: v for k, v in instance.items() if k != "given_up"}
    worst = entry.worst_case(_looser(_rational(values), instance["given_up"]))
    with precision(256):
        bound = bound_exactly(claim, exactly(dict(values)))
    ok = respects(claim, values, drop)
    shown = {k: float(v) if not isinstance(v, int) else v for k, v in values.items()}
    try:
        found = worst.counterexample()
    except (GradproofError, ArithmeticError) as error:  # NoCounterexample; an infinite value of the solver
        return _by_the_solver(worst, bound, shown, str(error))
    data = {v: [str(c) for c in x] for v, x in found.vectors.items()} | {v: str(x) for v, x in found.values.items()}
    value = Exact.of(found.value)
    m = Measurement(
        measured=sp.Rational(found.value.numerator, found.value.denominator), bound=bound.approximate(),
        parameters=shown | data, what="the quantity on a rational instance",
    )  # fmt: skip
    return Decision(m, ok and (value - bound).sign() > 0, "exact rational arithmetic on the worst case's own instance")


def _by_the_solver(worst: WorstCase, bound: Exact, shown: dict[str, Any], why: str) -> Decision:
    m = Measurement(
        measured=worst.primal, bound=bound.approximate(), low=worst.primal - uncertainty(worst),
        high=worst.primal + uncertainty(worst), source="solver gap", parameters=shown,
        what="primal value of the worst case",
    )  # fmt: skip
    return Decision(m, False, f"undecided: a float solver alone refutes nothing ({why})")
