"""The words for evidence: level, measurement, outcome, verdict. Data only; how a verdict is reached is the engine's."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from gradproof.theory.arguments import as_float, fields_of_type, quotient, shown


class _Word(Enum):
    @classmethod
    def _missing_(cls, value: object) -> Any:
        raise ValueError(f"{shown(value)} is none of {', '.join(str(w.value) for w in cls)}")


class Relation(_Word):
    """How the measured quantity stands to the bound."""

    LE = "<="
    GE = ">="
    EQ = "=="
    IFF = "iff"  # the bound is the exact threshold of a property

    @property
    def latex(self) -> str:
        return {"<=": r"\le", ">=": r"\ge", "==": "=", "iff": r"\iff"}[self.value]


class Level(_Word):
    """Kinds of evidence, strongest first."""

    SYMBOLIC = "symbolic"  # a derivation of the claim, or parts of an argument for it, for all parameters
    CERTIFIED = "certified"  # the kernel accepts a certificate at concrete rational parameters
    EXACT = "exact"  # a solver's value with its own error bound
    EMPIRICAL = "empirical"  # runs
    CONTROL = "control"  # with an assumption dropped, or another method, the bound must be violated


class Outcome(_Word):
    """The verdicts, strongest first."""

    PROVED = "proved"
    CERTIFIED = "certified"
    CONFIRMED = "confirmed"
    CHECKED = "checked"
    CONSISTENT = "consistent"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    MISSED = "missed"

    @property
    def meaning(self) -> str:
        return _MEANING[self]

    @property
    def good(self) -> bool:
        """True unless it is refuted, undecided or missed."""
        return self not in (Outcome.REFUTED, Outcome.UNDECIDED, Outcome.MISSED)


_MEANING = {
    Outcome.PROVED: "a derivation that the kernel accepts ends in the claim, for its whole domain",
    Outcome.CERTIFIED: "the kernel accepts a certificate of the claim at the settings of the scope, and says nothing of others",
    Outcome.CONFIRMED: "the relation holds by a margin larger than the solver's error",
    Outcome.CHECKED: "parts of an argument are accepted by exact arithmetic; no derivation closes it",
    Outcome.CONSISTENT: "runs did not refute it",
    Outcome.REFUTED: "violated beyond the error of the measurement",
    Outcome.UNDECIDED: "the solver failed, its error is too large, or the budget ran out",
    Outcome.MISSED: "a control that should have violated the bound did not, or a check that would not see a factor of 1000",
}


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One measured number beside the bound that a claim puts on it. The engine and its searches alone make them.

    Args:
        measured: the quantity, on one instance. Exact numbers stay exact.
        bound: what the claim says of it, on the same instance.
        low, high: ends between which the truth lies, rigorously or at ``level``; infinite where nothing is known. The measured
            number itself, where they are not given: it is exact.
        relation: the claim's, unless the quantity is a supremum that a tight bound equals.
        source: where the distance between the ends comes from: ``exact``, ``rounding``, ``solver gap``, ``truncation``,
            ``quadrature``, ``bracket``, ``statistics``.
        parameters: what identifies the instance (JSON values).
        seed: seed of the random stream, or ``None`` for a deterministic instance.
        n: how many numbers stand behind it (steps, samples).
        level: error rate of the statistical test that set ``low`` and ``high``, where there is one.
        test: the name of that test.
        e_value: evidence against the claim for random quantities, where the test is an e-process; the claim is refuted where it
            reaches ``1 / level``.
        what: what was measured, where a search shows more than the claim's quantity.
        counted: False where another measurement of the same case counts its numbers.
    """

    measured: Any
    bound: Any
    low: Any = None
    high: Any = None
    relation: Relation | None = None
    source: str = "exact"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    n: int = 1
    level: float | None = None
    test: str = ""
    e_value: float | None = None
    what: str = ""
    counted: bool = True

    def __post_init__(self) -> None:
        fields_of_type(self)
        for end in ("low", "high"):
            if getattr(self, end) is None:
                object.__setattr__(self, end, self.measured)

    @property
    def error(self) -> Any:
        """Largest distance of the truth from the measured number; infinite where one end is."""
        return max(self.high - self.measured, self.measured - self.low)

    @property
    def ratio(self) -> float:
        """measured / bound; NaN where the bound is zero."""
        return quotient(self.measured, self.bound) if as_float(self.bound) else float("nan")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one check, with its reason, and the instance that decided it."""

    outcome: Outcome
    reason: str
    tightness: float | None = None  # sup of measured/bound over what was tried; None where it has no meaning
    resolution: float | None = (
        None  # the smallest factor by which a wrong bound would have been refuted; None: not numeric
    )
    n: int = 0  # measurements or proofs behind it
    worst: Measurement | None = None  # the instance nearest to (or beyond) the bound
    scope: str = ""  # of a certificate: the settings at which it holds
    given: tuple[str, ...] = ()  # of a derivation: the facts that it uses
    proofs: tuple[str, ...] = field(default=(), repr=False)  # JSON texts of accepted proofs

    def __post_init__(self) -> None:
        fields_of_type(self)

    def __str__(self) -> str:
        return f"{self.outcome.value}: {self.reason}"

    def _repr_html_(self) -> str:
        tight = "" if self.tightness is None else f" (tightness {self.tightness:.3g})"
        return f"<b>{self.outcome.value}</b>: {html.escape(self.reason)}{tight}"
