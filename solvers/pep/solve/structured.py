"""Gradient descent in the local basis: the program that answers, from the cheapest to the one of all pairs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from gradproof.solvers.pep.model.expressions import PepError
from gradproof.solvers.pep.solve import interior_point, structured_chordal, structured_explicit
from gradproof.solvers.pep.solve.answer import Status
from gradproof.solvers.pep.solve.structured_model import STAR, Descent, low_rank
from gradproof.solvers.pep.solve.structured_pairs import complete

INTERIOR_UP_TO = 100  # steps; beyond, the dense interior-point method is slower than the chordal one with a margin
_AGREEMENT = 1e-6  # relative distance of primal and dual values up to which a solve counts


@dataclass(frozen=True, eq=False)
class StructuredAnswer:
    """The numerical answer for a method in local form; fields as in ``Answer``.

    Attributes:
        bound: value of the dual solution; an upper bound up to the solver's error (``certify`` removes that caveat).
        primal: value of the primal solution.
        status, reason: whether the two agree, and whether the inequalities used are known to be enough.
        residuals: of the solver's equations, and the relative gap.
        pairs: the interpolation inequalities used, shape (m, 2); -1 is the minimiser.
        raw: multipliers of the pairs and of the other rows.
        lower: a value that an explicit function attains (0 if none is known); the worst case is at least that.
    """

    bound: float
    primal: float
    status: Status
    reason: str
    solver: str
    seconds: float
    residuals: Mapping[str, float]
    descent: Descent
    lower: float
    pairs: np.ndarray = field(repr=False)
    raw: np.ndarray = field(repr=False)

    @cached_property
    def multipliers(self) -> Mapping[str, float]:
        """``{"interpolation f(x0, x1)": 0.5, ...}``"""
        names = [tuple("x*" if p == STAR else f"x{p}" for p in pair) for pair in self.pairs.tolist()]
        return {f"interpolation f({i}, {j})": float(c) for (i, j), c in zip(names, self.raw, strict=False)}


def answer(descent: Descent, solver: str, tolerance: float) -> StructuredAnswer:
    """The worst case by one solver, or with ``auto`` by the first that settles it; see ``certify.structured``.

    Raises:
        PepError: the solver is ``explicit`` and no worst function is known.
    """
    if solver in ("auto", "explicit"):
        known = explicit(descent)
        if known is not None:
            return known
        if solver == "explicit":
            raise PepError(
                f"no explicit worst function is known for gamma L = {descent.h:g}, N = {descent.N}, {descent.measure!r}; "
                "use solver='auto'"
            )
    if solver in ("auto", "chordal"):
        found = chordal(descent, tolerance)
        loose = found.lower > 0 and found.bound > found.lower * (1 + 1e-5)
        settled = found.status is Status.SOLVED and not loose
        if solver == "chordal" or settled or descent.N > INTERIOR_UP_TO:
            return found
    return interior(descent, max(tolerance, 1e-10), every_pair=solver != "interior")


def _answer(
    descent: Descent,
    bound: float,
    primal: float,
    reason: str,
    solver: str,
    began: float,
    residual: float,
    pairs: np.ndarray,
    raw: np.ndarray,
) -> StructuredAnswer:
    unit = float(descent.unit)
    gap = abs(bound - primal) / max(abs(bound), 1e-300)
    if not reason and not gap <= _AGREEMENT:
        reason = f"primal and dual values differ by {gap:.1e} relative"
    lower = descent.lower * unit
    if not reason and lower > 0 and bound * unit > lower * (1 + 1e-5):
        reason = (
            "neighbouring inequalities may not be enough here: use solver='all-pairs'" if solver != "all-pairs" else ""
        )
    status = Status.UNDECIDED if reason else Status.SOLVED
    residuals = {"equations": residual, "gap": gap}
    seconds = time.perf_counter() - began
    return StructuredAnswer(
        bound * unit, primal * unit, status, reason, solver, seconds, residuals, descent, lower, pairs, raw
    )


def explicit(descent: Descent) -> StructuredAnswer | None:
    """By an explicit worst function and the multipliers that it determines; None if none is known."""
    began = time.perf_counter()
    out = structured_explicit.solve(descent)
    if out is None:
        return None
    found = _answer(descent, out.dual, out.primal, "", "explicit", began, out.residual, descent.chain, out.multipliers)
    return found if found.status is Status.SOLVED else None


def chordal(descent: Descent, tolerance: float, margin: float = 0.0) -> StructuredAnswer:
    """By the semidefinite program in the local basis, with every window of the slack ``margin`` from singular."""
    """By the semidefinite program in the local basis, every window of the slack at least ``margin`` from singular."""
    began = time.perf_counter()
    out = structured_chordal.solve(descent, tolerance=tolerance, margin=margin)
    good = out.status in ("Solved", "AlmostSolved") and out.residual <= 1e-7
    reason = "" if good else f"Clarabel ended with {out.status}, residual {out.residual:.1e}"
    return _answer(
        descent, out.dual, out.primal, reason, "chordal", began, out.residual, descent.chain, out.multipliers
    )


def interior(descent: Descent, gap: float, *, every_pair: bool) -> StructuredAnswer:
    """By the interior-point method, on the neighbours or on every pair that is violated."""
    """By the interior-point method, on the neighbours or on every pair that is violated."""
    began = time.perf_counter()
    if every_pair:
        pairs, out, scale, missing = complete(descent, gap)
    else:
        pairs, missing = descent.chain, ""
        data, scale = low_rank(descent, pairs)
        out = interior_point.solve(data, gap=gap)
    value = descent.sizes[3]
    reason = missing if out.gap <= _AGREEMENT else f"interior-point method: {out.status}, gap {out.gap:.1e}"
    name = "all-pairs" if every_pair else "interior"
    return _answer(
        descent,
        out.bound * value,
        out.bound * (1 - out.gap) * value,
        reason,
        name,
        began,
        out.primal_residual,
        pairs,
        out.multipliers * scale,
    )
