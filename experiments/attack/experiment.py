"""An experiment: how instances of a claim are drawn, and what is measured on one."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from hypothesis.strategies import SearchStrategy

from gradproof.experiments.attack.bound import bound_exactly, bound_in_floats
from gradproof.experiments.attack.ranges import draw_parameter, plain, respects
from gradproof.experiments.instances.exact import Exact
from gradproof.experiments.instances.source import Source, built
from gradproof.theory import text
from gradproof.theory.arguments import arguments_of, as_float
from gradproof.theory.claim import Claim
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Relation

LEVEL = 1e-6  # of the limits of a sample that a measure returns


@dataclass(frozen=True)
class Experiment:
    """See :func:`gradproof.experiment`.

    Args:
        limits: parameter -> ends between which it is drawn, narrower than its domain.
        at_most: a random quantity lies in [0, at_most] (an expression in the parameters): lower bounds on its expectation can
            then be tested.
        replay: (experiment, claim, instance, drop) -> ``Decision``, where running ``measure`` on exact numbers is not the way.
    """

    claim: Claim
    name: str
    draws: Mapping[str, Any]
    measure: Callable[..., Any] = field(compare=False)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    at_most: sp.Expr | None = None
    replay: Callable[..., Any] | None = field(default=None, compare=False)

    # --- which names, in which order -----------------------------------------------------------------------------------

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """What the measure is called with; arguments with a default only where they are drawn or parameters."""
        return self._wanted(self.measure)

    def _wanted(self, function: Callable[..., Any]) -> tuple[str, ...]:
        known = {*self.draws, *(p.name for p in self.claim.parameters), "rng", "drop"}
        return tuple(n for n, optional in _arguments(function).items() if n in known or not optional)

    @property
    def random(self) -> bool:
        """The measured quantity is random; the claim bounds its expectation."""
        return "rng" in self.arguments

    @property
    def threshold(self) -> str:
        """The quantity of an *iff* claim, if it is a name that is drawn: the measure then says whether the property holds."""
        names = {*self.draws, *(p.name for p in self.claim.parameters)}
        return self.claim.quantity if self.claim.relation is Relation.IFF and self.claim.quantity in names else ""

    def relation(self, claim: Claim) -> Relation:
        """How what ``run`` returns stands to the bound."""
        return Relation.LE if self.threshold else claim.relation

    @cached_property
    def inputs(self) -> dict[str, tuple[str, ...]]:
        """What each given function is drawn from."""
        return {n: self._inputs(n) for n in self.draws}

    @cached_property
    def order(self) -> list[str]:
        """Names in an order in which they can be drawn.

        Raises:
            ParameterError: an unknown name, or a circle.
        """
        scalars = {p.name for p in self.claim.parameters if not p.size}
        needed: list[str] = []
        todo = [*(n for n in self.arguments if n not in ("rng", "drop")), *self.draws]
        todo += [self.threshold] if self.threshold else []
        while todo:
            name = todo.pop(0)
            if name in needed:
                continue
            if name not in self.draws and name not in scalars:
                raise ParameterError(
                    f"{self.claim.id}: {self.name} needs {name!r}, which is neither a parameter of the claim nor given; "
                    f"add {name}=<strategy> to experiment(...)"
                )
            needed.append(name)
            todo += [n for n in self._inputs(name) if n != "drop"]
        rank = {p.name: k for k, p in enumerate(self.claim.parameters)}
        needed.sort(key=lambda n: rank.get(n, len(rank)))
        placed: list[str] = []
        while len(placed) < len(needed):
            left = [n for n in needed if n not in placed]
            ready = [n for n in left if not (set(self._inputs(n)) | self._before(n, left)) & set(left) - {n}]
            ready = ready or [n for n in left if not set(self._inputs(n)) & set(left)]
            if not ready:
                raise ParameterError(f"{self.claim.id}: {', '.join(left)} are drawn from each other in a circle")
            placed.append(ready[0])
        return placed

    def _inputs(self, name: str) -> tuple[str, ...]:
        given = self.draws.get(name)
        return self._wanted(given) if callable(given) and not isinstance(given, SearchStrategy) else ()

    def _before(self, name: str, left: list[str]) -> set[str]:
        """For a parameter that a relation bounds by an expression: the parameters in the expression."""
        if name in self.draws:
            return set()
        found: set[str] = set()
        symbol = self.claim.parameter(name).symbol
        for a in self.claim.assumptions:
            if a.relation is not None and symbol in (a.relation.lhs, a.relation.rhs):
                found |= {str(s) for s in a.relation.free_symbols} - {name}
        return found & set(left)

    # --- drawing -------------------------------------------------------------------------------------------------------

    def instances(self, claim: Claim | None = None, drop: frozenset[str] = frozenset()) -> SearchStrategy:
        """A strategy of instances: ``{name: value}``. All assumptions hold but those in ``drop``.

        Args:
            claim: a variant of the claim whose assumptions are to hold instead.
        """
        return _instances(self, claim or self.claim, drop)

    # --- measuring -----------------------------------------------------------------------------------------------------

    def run(self, instance: Mapping[str, Any], rng: np.random.Generator | None = None) -> tuple[Any, dict[str, Any]]:
        """The measured quantity on one instance, and the parameters that the claim needs beside it.

        Raises:
            ParameterError: a parameter is neither drawn nor returned, or the measure returns no number.
        """
        given = {n: instance[n] for n in self.arguments if n not in ("rng", "drop")}
        if "rng" in self.arguments:
            given["rng"] = rng if rng is not None else np.random.default_rng(0)
        if "drop" in self.arguments:
            given["drop"] = frozenset()
        result = self.measure(**given)
        derived: Mapping[str, Any] = {}
        error: Any = 0
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping):
            result, derived = result
        if hasattr(result, "interval"):  # a value with an error of its own
            found = result.interval(LEVEL)
            result, error = found.number, max(found.high - found.number, found.number - found.low)
        if result is None:
            raise ParameterError(f"{self.claim.id}: {self.name} returned nothing; return the measured quantity")
        if isinstance(result, np.ndarray) and result.size == 1:
            result = result.reshape(-1)[0]
        values = {}
        for p in self.claim.parameters:
            if p.name in derived:
                values[p.name] = plain(derived[p.name])
            elif p.name in instance:
                values[p.name] = instance[p.name]
            elif not any(q.size == p.name for q in self.claim.parameters):
                raise ParameterError(
                    f"{self.claim.id}: {self.name} neither draws {p.name} ({text.plain(p.meaning)}) nor returns it; make it "
                    f"an argument, or return (quantity, {{{p.name!r}: value}})"
                )
        if self.threshold:
            return self._beyond_threshold(result, instance, values), values
        return (_towards(result, error, self.claim, values) if error else result), values

    def _beyond_threshold(self, holds: Any, instance: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """The threshold's parameter where the property holds, else its mirror image: in either case no more than the bound."""
        if not isinstance(holds, bool | np.bool_):
            raise ParameterError(
                f"{self.claim.id}: {self.name} returned {holds!r}; for a claim 'property iff {self.threshold} <= bound' return "
                "True where the property holds and False where it fails"
            )
        at = instance[self.threshold]
        if holds:
            return at
        bound = bound_exactly(self.claim, values) if isinstance(at, Exact) else bound_in_floats(self.claim, values)
        return 2 * bound - at


def _towards(measured: Any, error: Any, claim: Claim, values: Mapping[str, Any]) -> Any:
    """A measurement with an error of its own, moved by it to the side on which the claim holds."""
    if claim.relation is Relation.LE:
        return measured - error
    if claim.relation is Relation.GE:
        return measured + error
    bound = bound_in_floats(claim, values)
    gap = as_float(measured) - bound
    return bound if abs(gap) <= error else measured - math.copysign(error, gap)


def _arguments(function: Callable[..., Any]) -> dict[str, bool]:
    """Names of the arguments, and whether each has a default."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = arguments_of(function).items()
    return {n: p.default is not inspect.Parameter.empty for n, p in parameters if p.kind not in kinds}


@built
def _instances(draw: Source, made: Experiment, claim: Claim, drop: frozenset[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in made.order:
        given = made.draws.get(name)
        if name not in made.draws:
            values[name] = draw_parameter(draw, claim, name, values, drop, made.limits.get(name))
            continue
        if callable(given) and not isinstance(given, SearchStrategy):
            given = given(**{n: drop if n == "drop" else values[n] for n in made.inputs[name]})
        values[name] = draw(given) if isinstance(given, SearchStrategy) else given
    if not respects(claim, values, drop):
        draw.reject()
    return values


# --- which experiments a claim has ---------------------------------------------------------------------------------------
