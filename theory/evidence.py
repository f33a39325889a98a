"""The words for evidence: level, measurement, outcome, verdict. Data only; how a verdict is reached is the engine's."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Relation(Enum):
    """How the measured quantity stands to the bound."""

    LE = "<="
    GE = ">="
    EQ = "=="
    IFF = "iff"  # the bound is the exact threshold of a property

    @property
    def latex(self) -> str:
        return {"<=": r"\le", ">=": r"\ge", "==": "=", "iff": r"\iff"}[self.value]


class Level(Enum):
    """Kinds of evidence, strongest first."""

    SYMBOLIC = "symbolic"  # computer algebra proves it for all parameters
    CERTIFIED = "certified"  # the kernel accepts a certificate at concrete rational parameters
    EXACT = "exact"  # a solver's value with its own error bound
    EMPIRICAL = "empirical"  # runs
    CONTROL = "control"  # with an assumption dropped, the bound must be violated


class Outcome(Enum):
    """The six verdicts."""

    PROVED = "proved"
    CONFIRMED = "confirmed"
    CONSISTENT = "consistent"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    MISSED = "missed"

    @property
    def meaning(self) -> str:
        return _MEANING[self]

    @property
    def good(self) -> bool:
        """True for proved, confirmed and consistent."""
        return self in (Outcome.PROVED, Outcome.CONFIRMED, Outcome.CONSISTENT)


_MEANING = {
    Outcome.PROVED: "symbolic, or a certificate that the kernel accepted by exact arithmetic",
    Outcome.CONFIRMED: "the relation holds by a margin larger than the solver's error",
    Outcome.CONSISTENT: "runs did not refute it",
    Outcome.REFUTED: "violated beyond the error of the measurement",
    Outcome.UNDECIDED: "the solver failed, its error is too large, or the budget ran out",
    Outcome.MISSED: "a control that should have violated the bound did not: the check has no power",
}


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One measured number beside the bound that a claim puts on it.

    Args:
        measured: the quantity, on one instance. Exact numbers stay exact.
        bound: what the claim says of it, on the same instance.
        error: bound on ``|measured - truth|``, in the unit of ``measured``; 0 for exact arithmetic.
        error_source: where ``error`` comes from: ``exact``, ``rounding``, ``solver gap``, ``statistical``.
        parameters: what identifies the instance (JSON values).
        relation: overrides the claim's relation, where the check measures something that the claim implies.
        what: what was measured, if it is not the claim's own quantity.
        seed: seed of the random stream, or ``None`` for a deterministic instance.
        n: how many numbers stand behind it (steps, samples).
        e_value: evidence against the claim for random quantities (see ``experiments.engine.eprocess``); the claim is
            refuted when it reaches ``1 / level``.
        level: error rate of the statistical test, where there is one.
    """

    measured: Any
    bound: Any
    error: Any = 0
    error_source: str = "exact"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    relation: Relation | None = None
    what: str = ""
    seed: int | None = None
    n: int = 1
    e_value: float | None = None
    level: float | None = None

    @property
    def ratio(self) -> float:
        """measured / bound; NaN where the bound is zero."""
        bound = float(self.bound)
        return float(self.measured) / bound if bound else float("nan")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one check, with its reason, and the instance that decided it."""

    outcome: Outcome
    reason: str
    tightness: float | None = None  # sup of measured/bound over what was tried; None where it has no meaning
    n: int = 0  # measurements or proofs behind it
    worst: Measurement | None = None  # the instance nearest to (or beyond) the bound
    proofs: tuple[str, ...] = field(default=(), repr=False)  # JSON texts of accepted proofs

    def __str__(self) -> str:
        return f"{self.outcome.value}: {self.reason}"

    def _repr_html_(self) -> str:
        tight = "" if self.tightness is None else f" (tightness {self.tightness:.3g})"
        return f"<b>{self.outcome.value}</b>: {html.escape(self.reason)}{tight}"
