"""A measure takes the quantity of a claim on a case; the engine alone sets it beside the bound::

    @measure(krum.MEAN_SQUARE, cases(law=LAWS, size=SIZES).guaranteeing("iid_correct"))
    def second_moment(law, n, f):
        return exact_moments(law, n, f)[1], {"variance": variance_of(law)}

    without(krum.MEAN_SQUARE, "tolerated", second_moment, cases(law=LAWS, n=[7], f=[3]))
    instead(krum.MEAN_SQUARE, "the mean in the place of Krum", second_moment_of_the_mean, cases(...))

A measure returns a value (``values``), or ``(value, parameters)`` where the instance determines parameters of the claim, or
yields several of these. It asks by name for the arguments of the case and for what the engine provides: ``rng`` (an independent
generator a case), ``keys`` (of the ``Draws`` of runs), ``backend``, ``budget``, ``seed``.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from gradproof.experiments.engine.cases import Case, Cases, cases, named
from gradproof.experiments.engine.check import (
    Blank,
    Certificate,
    Check,
    Context,
    Evidence,
    Undecided,
    Unmeasured,
    register,
)
from gradproof.experiments.engine.power import sharpest
from gradproof.experiments.engine.values import (
    Bracket,
    Enclosed,
    Holds,
    Interval,
    Provable,
    Sample,
    Supremum,
    around,
    enclosed,
    interval_of,
    rounded,
)
from gradproof.theory.arguments import arguments_of, listed, of_type, shown
from gradproof.theory.claim import Claim
from gradproof.theory.errors import DomainError, GradproofError, ParameterError
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.proof import Proof

__all__ = [
    "Bracket", "Enclosed", "Holds", "Provable", "Sample", "Supremum", "around", "cases", "enclosed",
    "instead", "measure", "rounded", "without",
]  # fmt: skip

#: error rate of the statistical tests of one check, shared among its samples
LEVEL = 1e-6

#: Rounding of a bound that is evaluated in floats: a formula of a hundred operations loses at most 2^-45 of its size.
BOUND_ROUNDING = 2.0**-45

Function = Callable[..., Any]


class Drawn(Protocol):
    """Cases that are drawn by a search instead of listed."""

    def evidence(self, measured: Measured, ctx: Context) -> Iterator[Evidence]:
        """What the search found: the violation, or the instances nearest to the bound."""
        ...


@dataclass(frozen=True)
class Taken:
    """What a measure returned on one case: a value and parameters, or why there is none. It knows nothing of the claim's bound."""

    case: Case
    value: Any = None
    parameters: Mapping[str, Any] | None = None
    failure: str = ""


@dataclass(frozen=True)
class Measured:
    """A measure, its cases, and what they are for: the claim as it stands, without an assumption, or with another method."""

    claim: Claim
    function: Function
    cases: Cases | Drawn
    drops: str = ""
    instead: str = ""

    @property
    def control(self) -> bool:
        """The bound must be violated."""
        return bool(self.drops or self.instead)

    @property
    def random(self) -> bool:
        """It asks for random numbers: with another seed it measures something else."""
        return bool({"rng", "keys", "seed"} & inspect.signature(self.function).parameters.keys())

    def evidence(self, ctx: Context) -> Iterator[Evidence]:
        """Measurements, and what could not be measured."""
        if isinstance(self.cases, Cases):
            return confront(ctx.claim, self, list(self.take(ctx)), seed=ctx.seed if self.random else None)
        return self.cases.evidence(self, ctx)

    def take(self, ctx: Context) -> Iterator[Taken]:
        """Measure every case. An exception is a case that could not be measured."""
        assert isinstance(self.cases, Cases)
        for case in self.cases:
            yield from self.take_one(case, ctx)

    def take_one(self, case: Case, ctx: Context) -> Iterator[Taken]:
        """What the measure returns, or yields, on one case."""
        try:
            for value, parameters in _returned(self.function(**arguments(self.function, case, ctx))):
                yield Taken(case, value, parameters)
        except (Exception, SystemExit) as error:
            text = str(error) if isinstance(error, GradproofError) else f"{type(error).__name__}: {error}"
            yield Taken(case, failure=text)


def arguments(function: Function, case: Case, ctx: Context) -> dict[str, Any]:
    """What a measure is called with: what it names of the case, and of what the engine provides.

    Raises:
        ParameterError: it names something that neither has.
    """
    wanted = inspect.signature(function).parameters
    given = named(function, case.values)
    provided: dict[str, Callable[[], Any]] = {
        "rng": lambda: ctx.rng(case.name),
        "keys": lambda: partial(ctx.keys, case.name),
        "backend": lambda: ctx.backend,
        "budget": lambda: ctx.budget,
        "seed": lambda: ctx.seed,
    }
    given |= {n: make() for n, make in provided.items() if n in wanted}
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    missing = [
        n for n, p in wanted.items() if n not in given and p.default is inspect.Parameter.empty and p.kind not in kinds
    ]
    if missing:
        raise ParameterError(
            f"{function.__name__} asks for {', '.join(missing)}, which the case does not have; it has {', '.join(case.values)}"
        )
    return given


def _returned(result: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    if result is None:
        raise ParameterError("the measure returned nothing; return the measured quantity")
    for item in result if inspect.isgenerator(result) else [result]:
        if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Mapping):
            yield item[0], dict(item[1])
        else:
            yield item, {}


# --- beside the bound -----------------------------------------------------------------------------------------------------


def confront(claim: Claim, measured: Measured, taken: list[Taken], *, seed: int | None = None) -> Iterator[Evidence]:
    """Set what was taken beside the bound of ``claim`` (the measure's own, or a variant of it)."""
    samples = sum(isinstance(getattr(t.value, "value", t.value), Sample) for t in taken)
    level = LEVEL / max(samples, 1)
    for t in taken:
        where = f" at {t.case.name}" if t.case.name else ""
        if t.failure:
            yield Unmeasured(f"{t.failure}{where}")
            continue
        unfit = _unfit(claim, measured, t)
        if unfit is not None:
            yield unfit
            continue
        try:
            yield from _measurements(claim, measured, t, level, seed)
        except DomainError as error:
            yield (
                Blank(f"the control breaks more than it names: {error}") if measured.control else Undecided(str(error))
            )
        except GradproofError as error:
            yield Undecided(f"{error}{where}")


def _unfit(claim: Claim, measured: Measured, t: Taken) -> Evidence | None:
    """Why the case is no case of the claim (or, for a control, breaks something else than it says); ``None`` if it is one."""
    for a in claim.assumptions:
        if not a.structural:
            continue
        guaranteed = a.name in t.case.guarantees
        if a.name == measured.drops and guaranteed:
            return Blank(f"the control drops {a.name}, which its case guarantees: {t.case.name}")
        if a.name != measured.drops and not guaranteed:
            text = f"nothing guarantees {a.name} of the case {t.case.name}; name it in guaranteeing(...) or on the instance"
            return Undecided(text)
    return None


def _measurements(claim: Claim, measured: Measured, t: Taken, level: float, seed: int | None) -> Iterator[Evidence]:
    at = parameters_of(claim, t)
    drop = (measured.drops,) if measured.drops and any(a.name == measured.drops for a in claim.assumptions) else ()
    for a in claim.assumptions:
        if a.name in drop and a.relation is not None and claim.assumption_holds(a.name, **at):
            yield Blank(f"the control drops {a.name}, which holds: {a.relation} at {_shown(at)}")
            return
    bound = claim.bound(drop=drop, **at)
    if isinstance(t.value, Provable):
        made = t.value.prove(bound)
        yield Certificate(made if isinstance(made, Proof) else made.proof, at)
        return
    found = interval_of(t.value, level)
    relation = claim.relation
    if isinstance(t.value, Supremum) and claim.tight:
        relation = Relation.EQ
    parameters = {**{k: v for k, v in t.case.labels.items() if k not in at}, **at}
    if not _many(found, bound):
        m = _measurement(found, bound, relation, parameters, seed)
        sample = getattr(t.value, "value", t.value)
        yield replace(m, e_value=sample.against(float(bound), relation, level)) if isinstance(sample, Sample) else m
        return
    size = int(np.broadcast(found.number, bound).size)
    entries = [
        _measurement(part, b, relation, {**parameters, **p}, seed)
        for part, b, p in _entries(found, bound, parameters, size)
    ]
    for k, m in enumerate(sharpest(entries)):
        yield replace(m, n=size * found.n, counted=not k)


def parameters_of(claim: Claim, t: Taken) -> dict[str, Any]:
    """The claim's parameters on a case: those that the measure returned, else those of the case."""
    sizes = {p.size for p in claim.parameters if p.size}
    known = {**t.case.values, **(t.parameters or {})}
    return {p.name: known[p.name] for p in claim.parameters if p.name in known and p.name not in sizes}


def _measurement(
    found: Interval, bound: Any, relation: Relation, parameters: dict[str, Any], seed: int | None
) -> Measurement:
    low, high = found.low, found.high
    source = found.source
    if isinstance(bound, float | np.floating):  # evaluated in floats
        bound = float(bound)
        slack = BOUND_ROUNDING * abs(bound) if math.isfinite(bound) else 0.0
        low, high = float(low) - slack, float(high) + slack
        source = "rounding" if source == "exact" else source
    return Measurement(
        measured=found.number, bound=bound, low=low, high=high, relation=relation, source=source, parameters=parameters,
        seed=seed, n=found.n, level=found.level, test=found.test,
    )  # fmt: skip


def _many(found: Interval, bound: Any) -> bool:
    return any(np.ndim(x) > 0 for x in (found.number, bound) if isinstance(x, np.ndarray))


def _entries(
    found: Interval, bound: Any, parameters: dict[str, Any], size: int
) -> Iterator[tuple[Interval, Any, dict[str, Any]]]:
    number, low, high, bounds = (
        np.broadcast_to(np.asarray(x, float), (size,)).ravel() for x in (found.number, found.low, found.high, bound)
    )
    columns = {k: np.asarray(v) for k, v in parameters.items() if isinstance(v, np.ndarray) and v.size == size}
    for i in range(size):
        part = replace(found, number=float(number[i]), low=float(low[i]), high=float(high[i]))
        yield part, float(bounds[i]), {k: float(v.ravel()[i]) for k, v in columns.items()}


def _shown(at: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in at.items())[:120]


# --- registering ----------------------------------------------------------------------------------------------------------


def measure(
    claim: Claim | Iterable[Claim], where: Cases | Drawn, *, budget: str = "quick", name: str = "", level: Level | None = None,
    timeout: float = 600.0,
) -> Callable[[Function], Function]:  # fmt: skip
    """Register a measure of the claim's quantity (or of several claims') on cases.

    Args:
        where: what it is called on; ``cases(...)``, or cases drawn by a search.
        name: of the check; the function's unless the same measure is taken twice of one claim.
        level: ``certified`` for a measure that returns ``Provable``; else it follows: a measure that asks for ``rng``, ``keys``
            or ``backend`` is a run (empirical), any other one is exact.
    """
    claims = _claims(claim, where, name)

    def decorate(function: Function) -> Function:
        called = _called(function)
        for c in claims:
            made = Measured(c, function, where)
            register(_check(made, name or called, _level(function) if level is None else level, budget, timeout), c)
        return function

    return decorate


def without(
    claim: Claim | Iterable[Claim], assumption: str, function: Function, where: Cases | Drawn, *, budget: str = "quick",
    name: str = "", timeout: float = 600.0,
) -> None:  # fmt: skip
    """Register a control: on these cases, which break the assumption of that name and no other, the bound must be violated.

    Raises:
        ParameterError: the claim has no assumption of that name.
    """
    called = _called(function)
    for c in _claims(claim, where, name):
        c.assumption(assumption)
        made = Measured(c, function, where, drops=assumption)
        register(_check(made, name or f"{called}_without_{assumption}", Level.CONTROL, budget, timeout), c)


def instead(
    claim: Claim | Iterable[Claim], what: str, function: Function, where: Cases | Drawn, *, budget: str = "quick",
    name: str = "", timeout: float = 600.0,
) -> None:  # fmt: skip
    """Register an ablation: ``function`` measures the claim's quantity for another method (``what`` says which); all assumptions
    hold and the bound must be violated. Of a claim that is known to be false it is the repair, and must hold.
    """
    called = _called(function)
    of_type(what, str, "what is measured instead", "a text")
    for c in _claims(claim, where, name):
        made = Measured(c, function, where, instead=what)
        register(_check(made, name or f"{called}_instead", Level.CONTROL, budget, timeout), c)


def _claims(claim: Claim | Iterable[Claim], where: Cases | Drawn, name: str) -> list[Claim]:
    """The claims of a measure, once its cases and its name are found to be such."""
    of_type(name, str, "the name of a check", "a text")
    if not isinstance(where, Cases) and not hasattr(where, "evidence"):
        raise TypeError(f"the cases of a measure are {shown(where)}; give cases(...)")
    return [claim] if isinstance(claim, Claim) else listed(claim, Claim, "what is measured", "claims")


def _called(function: Function) -> str:
    """The name of what is decorated."""
    of_type(function, Callable, "a measure", "a function")
    return getattr(function, "__name__", type(function).__name__)


def _check(made: Measured, name: str, level: Level, budget: str, timeout: float) -> Check:
    return Check(made.claim.id, name, level, made.function, budget, made.drops, timeout, made)


def _level(function: Function) -> Level:
    runs = {"rng", "keys", "backend"} & arguments_of(function).keys()
    return Level.EMPIRICAL if runs else Level.EXACT
