"""Cases: the arguments of the calls of a measure, listed, with what they guarantee."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gradproof.theory.arguments import arguments_of, listed, of_type
from gradproof.theory.errors import ParameterError

#: what the engine hands to a measure that asks for it by name
RESERVED = ("rng", "keys", "backend", "budget", "seed")


@dataclass(frozen=True)
class Case:
    """The arguments of one call: values by name, how each is shown, and the structural assumptions that hold by construction."""

    values: Mapping[str, Any]
    labels: Mapping[str, Any]
    guarantees: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Identifies the case among those of its check; part of the key of its random numbers."""
        return ", ".join(f"{k}={v}" for k, v in self.labels.items())


#: a predicate that selects, or functions that compute further values
Step = Callable[..., bool] | Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Cases:
    """A list of cases. Made by :func:`cases`; every method returns new ones.

    Attributes:
        rows: the cases.
        axes: name of an axis -> what it contributes to a case: the value of its name, or several that belong together.
        steps: what selected and completed them, in order, so that values that are not listed can be made cases too;
            ``None`` for lists put together of several.
        declared: structural assumptions named in ``guaranteeing``.
    """

    rows: tuple[Case, ...]
    axes: Mapping[str, Sequence[Mapping[str, Any]]]
    steps: tuple[Step, ...] | None = ()
    declared: frozenset[str] = frozenset()

    def where(self, holds: Callable[..., bool]) -> Cases:
        """Those for which ``holds(...)``, called with the arguments that it names, is true."""
        of_type(holds, Callable, "what selects cases", "a function")
        return self._after(holds)

    def let(self, **functions: Callable[..., Any]) -> Cases:
        """With values computed from the others: ``let(variance=variance_of)`` calls it with the arguments that it names."""
        _no_reserved(functions)
        for name, function in functions.items():
            of_type(function, Callable, f"what computes {name}", "a function")
        return self._after(functions)

    def _after(self, step: Step) -> Cases:
        rows = tuple(r for r in (_taken(row, step) for row in self.rows) if r is not None)
        return replace(self, rows=rows, steps=None if self.steps is None else (*self.steps, step))

    def guaranteeing(self, *names: str) -> Cases:
        """With the structural assumptions of these names true of every case, by how the measure builds its instance."""
        listed(names, str, "what cases guarantee", "names of assumptions")
        rows = tuple(replace(r, guarantees=r.guarantees | set(names)) for r in self.rows)
        return replace(self, rows=rows, declared=self.declared | set(names))

    def case(self, values: Mapping[str, Any]) -> Case | None:
        """The case of values for the axes that need not be listed; ``None`` where a step excludes it.

        Raises:
            ParameterError: the cases were put together of several lists, so that only those listed can be told apart.
        """
        if self.steps is None:
            raise ParameterError("cases that were added up are the listed ones; draw from each list instead")
        row: Case | None = _case(values, {k: label(v) for k, v in values.items()}, self.declared)
        for step in self.steps:
            row = None if row is None else _taken(row, step)
        return row

    def __add__(self, other: Cases) -> Cases:
        axes = {k: [*self.axes.get(k, ()), *other.axes.get(k, ())] for k in (*self.axes, *other.axes)}
        return Cases(self.rows + other.rows, axes, None, self.declared & other.declared)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def _case(values: Mapping[str, Any], labels: Mapping[str, Any], declared: frozenset[str] = frozenset()) -> Case:
    held = frozenset(g for v in values.values() for g in getattr(v, "guarantees", ()))
    return Case(values, labels, declared | held)


def _taken(row: Case, step: Step) -> Case | None:
    """A case after a step, or ``None`` if it is not selected."""
    if callable(step):
        return row if step(**named(step, row.values)) else None
    values, labels = dict(row.values), dict(row.labels)
    for name, function in step.items():
        values[name] = function(**named(function, values))
        labels[name] = label(values[name])
    held = {g for name in step for g in getattr(values[name], "guarantees", ())}
    return replace(row, values=values, labels=labels, guarantees=row.guarantees | held)


def cases(**axes: Any) -> Cases:
    """All combinations of the values of the axes.

    An axis is a list of values, or a mapping from labels to values. An entry that is a mapping itself is merged in:
    ``cases(law=LAWS, size=[{"n": 3, "f": 0}, {"n": 5, "f": 1}])`` has the arguments law, n and f. A single value that is neither
    stands for a list of one. Values with an attribute ``guarantees`` (instances do) add to what the case guarantees.

    Raises:
        ParameterError: an axis without values, or one of a name that the engine fills.
    """
    _no_reserved(axes)
    columns = []
    found: dict[str, list[dict[str, Any]]] = {}
    for axis, given in axes.items():
        entries = _entries(axis, given)
        if not entries:
            raise ParameterError(f"the axis {axis} has no values")
        columns.append(entries)
        found[axis] = [values for values, _ in entries]
    rows = []
    for combination in itertools.product(*columns):
        values = {k: v for entry, _ in combination for k, v in entry.items()}
        labels = {k: v for _, entry in combination for k, v in entry.items()}
        rows.append(_case(values, labels))
    return Cases(tuple(rows), found)


def _entries(axis: str, given: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    if isinstance(given, Mapping):
        return [({axis: v}, {axis: k}) for k, v in given.items()]
    if isinstance(given, str) or not hasattr(given, "__iter__") or hasattr(given, "guarantees"):
        given = [given]
    entries = []
    for v in given:
        merged = dict(v) if isinstance(v, Mapping) else {axis: v}
        _no_reserved(merged)
        entries.append((merged, {k: label(x) for k, x in merged.items()}))
    return entries


def _no_reserved(names: Mapping[str, Any]) -> None:
    bad = [n for n in names if n in RESERVED]
    if bad:
        raise ParameterError(f"{', '.join(bad)}: the engine fills this argument; name the axis otherwise")


def label(value: Any) -> Any:
    """How a value is shown and told from others: JSON values and exact numbers as they are, else its name or its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "name") and isinstance(value.name, str):
        return value.name
    if isinstance(value, partial):
        given = [str(label(v)) for v in value.args] + [f"{k}={label(v)}" for k, v in value.keywords.items()]
        return f"{label(value.func)}({', '.join(given)})"
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    try:
        text = str(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else text[:57] + "..."


def named(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a function names; all if it takes ``**kwargs``."""
    parameters = arguments_of(function).values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return dict(values)
    return {p.name: values[p.name] for p in parameters if p.name in values}
