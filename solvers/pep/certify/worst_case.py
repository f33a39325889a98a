"""A problem that can be asked for its worst case, and the answer, which can be certified."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradproof.solvers.pep.certify.certificate import Certificate
from gradproof.solvers.pep.certify.counterexample import Counterexample, counterexample
from gradproof.solvers.pep.certify.instance import WorstInstance
from gradproof.solvers.pep.certify.ray_search import Contradictory, Unbounded, asked, refuse_with_ray
from gradproof.solvers.pep.certify.show import html
from gradproof.solvers.pep.certify.strategies import MARGINS, admitted, certify, translated
from gradproof.solvers.pep.model.expressions import PepError, Scalar, exact
from gradproof.solvers.pep.model.problem import Model
from gradproof.solvers.pep.solve.answer import Answer, Status
from gradproof.solvers.pep.solve.lowrank import NotLowRank, Unreachable
from gradproof.solvers.pep.solve.programs import (
    CLARABEL_UP_TO,
    by_clarabel,
    by_low_rank,
    pairs,
    refuse_constants,
    second_opinion,
    translation,
    unanswered,
    written_by_iterates,
)
from gradproof.solvers.pep.solve.units import in_units
from gradproof.theory.errors import GradproofError

SOLVERS = ("auto", "clarabel", "low-rank")
LOW_RANK_FROM = 450  # pairs of points from which the low-rank program is the faster one


class Problem(Model):
    """Points, mappings and premises of one performance-estimation problem, and its worst case."""

    def worst_case(
        self, metric: Scalar | None = None, *, per: Scalar | None = None, text: str = "", **options: Any
    ) -> WorstCase:
        """The largest value of ``metric`` under the premises, or the smallest tau with ``metric <= tau * per``.

        Args:
            metric: what is bounded.
            per: the initial condition it is measured by; without it, the premises must bound the metric.
            text: what the statement says, for readers of the proof.
            options: ``solver``: "clarabel" (all inequalities), "low-rank" (the few that matter, for many points), or
                "auto"; ``tolerance`` (relative gap asked of the solver).

        Raises:
            PepError: no metric.
            Unbounded, Contradictory: the worst case is unbounded, or the premises contradict each other; with an exact
                ``ray`` that shows it. Where a solver only suspects it, the answer is undecided.
        """
        if metric is None:
            raise PepError("worst_case needs a performance metric, such as f(x) - f(x_star)")
        self.own(metric)
        if per is not None:
            self.own(per)
        if not self.mappings:
            raise PepError("the problem has no function; declare one by problem.function(SmoothConvex(L=1))")
        return solve(self.snapshot(), metric, per, text, **options)


@dataclass(frozen=True, eq=False)
class WorstCase(Answer):
    """The worst case of a problem, with ways to a proof and to an instance; its numbers are those of ``Answer``."""

    proved: Certificate | None = field(repr=False, default=None)  # of the problem written by its iterates, in its units

    @classmethod
    def of(cls, answer: Answer, proved: Certificate | None = None) -> WorstCase:
        """The answer, as one that can be certified."""
        return cls(**{f.name: getattr(answer, f.name) for f in fields(Answer)}, proved=proved)

    @cached_property
    def instance(self) -> WorstInstance:
        """The worst-case function and trajectory, in as few dimensions as the Gram matrix allows."""
        return WorstInstance.of(self)

    def certify(self, *, bound: Any = None, gap: float = 1e-6, margins: Sequence[float] = MARGINS) -> Certificate:
        """A rational upper bound with a proof that the kernel has accepted; see ``strategies.certify``."""
        inner = self.written.answer if self.written is not None else None
        if self.written is not None and isinstance(inner, WorstCase) and math.isfinite(self.bound):
            how = self.written.how
            own = None if bound is None else exact(bound, "bound") / how.unit
            return translated(self, how, inner.certify(bound=own, gap=gap, margins=margins))
        known = self.proved if bound is None and math.isfinite(self.bound) else None
        if self.written is not None and known is not None and known.gap <= admitted(gap):
            return translated(self, self.written.how, known)
        return certify(self, bound=bound, gap=gap, margins=margins)

    def counterexample(self) -> Counterexample:
        """A rational instance near the worst case: a proved lower bound; see ``counterexample.counterexample``."""
        return counterexample(self)

    def _repr_html_(self) -> str:
        return html(self, self.text)


def solve(
    problem: Model,
    metric: Scalar,
    per: Scalar | None,
    text: str,
    *,
    solver: str = "auto",
    tolerance: float = 1e-9,
) -> WorstCase:
    """See ``Problem.worst_case``."""
    if not isinstance(text, str):
        raise PepError(f"text = {text!r}: what the statement says, in words")
    if not isinstance(solver, str) or solver not in SOLVERS:
        raise PepError(f"solver {solver!r} is not known; use one of {', '.join(map(repr, SOLVERS))}")
    if isinstance(tolerance, bool) or not isinstance(tolerance, float | int) or not 1e-14 <= tolerance <= 1e-2:
        raise PepError(f"tolerance = {tolerance} is out of range; use a relative gap between 1e-14 and 1e-2")
    began = time.perf_counter()
    if per is not None:
        refuse_constants(problem, per)
    how = in_units(problem, metric, per)
    if how is None:
        return _solved(problem, metric, per, text, solver, tolerance, began)
    try:
        found = _solved(how.problem, how.metric, how.per, text, solver, tolerance, began)
    except (Unbounded, Contradictory) as error:
        raise error.of(how, asked(problem, metric, per)) from None
    return WorstCase.of(translation(found, how, problem, metric, per))


def _solved(
    problem: Model, metric: Scalar, per: Scalar | None, text: str, solver: str, tolerance: float, began: float
) -> WorstCase:
    others = solver == "auto"  # programs may be asked, too
    if solver == "low-rank" or (solver == "auto" and pairs(problem) > LOW_RANK_FROM):
        try:
            worst = by_low_rank(problem, metric, per, text, tolerance, began)
        except Unreachable as error:
            if solver == "low-rank" or len(problem.vectors) > CLARABEL_UP_TO:
                return _suspected(unanswered(problem, metric, per, text, began, str(error)))
        except NotLowRank as error:
            if solver == "low-rank":
                raise PepError(f"{error}; use solver='clarabel'") from None
        else:
            settled = by_iterates_of(worst, tolerance, began) if worst.reason and solver == "auto" else None
            if settled is not None:
                return settled
            if solver == "low-rank" or worst.status is Status.SOLVED or len(problem.vectors) > CLARABEL_UP_TO:
                return WorstCase.of(worst)
            others = False  # they have not settled it
    worst = by_clarabel(problem, metric, per, text, tolerance, began)
    if not worst.reason:
        return WorstCase.of(worst)
    if not math.isfinite(worst.bound):
        refuse_with_ray(worst)
    answer = worst
    if others:
        settled = by_iterates_of(worst, tolerance, began)
        if settled is not None:
            return settled
        answer = second_opinion(worst, tolerance, began)
    if answer.reason and math.isfinite(worst.bound):
        refuse_with_ray(worst)
    return WorstCase.of(answer) if math.isfinite(answer.bound) else _undecided(answer)


def _suspected(worst: Answer) -> WorstCase:
    """What a solver calls unbounded or contradictory is so if there is an exact ray, and undecided otherwise.

    Raises:
        Unbounded, Contradictory: with the ray.
    """
    refuse_with_ray(worst)
    return _undecided(worst)


def _undecided(worst: Answer) -> WorstCase:
    return WorstCase.of(replace(worst, reason=f"{worst.reason}, but no exact ray shows that there is no worst case"))


def by_iterates_of(worst: Answer, tolerance: float, began: float) -> WorstCase | None:
    """The worst case of the problem written by its iterates, where that is settled and proved."""
    for found in written_by_iterates(worst, tolerance, began):
        assert found.written is not None
        try:  # at tiny values a search has been seen to leave out what it needed: only what is proved counts as settled
            proved = certify(found.written.answer)
        except (GradproofError, np.linalg.LinAlgError):
            continue
        return WorstCase.of(found, proved)
    return None
