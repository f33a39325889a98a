"""The least bound that can be proved: margins, faces, the low-rank program and other vectors, in turn.

The optimal slack is singular, so rounding it would spoil its sign. The program is therefore solved again with the slack
kept at least ``margin`` away from singular (in units in which the worst-case Gram matrix has unit diagonal); that costs
``margin * n`` of the bound, relative, and the rounding errors stay below it. The margin is enlarged until the kernel accepts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.solvers.pep.certify.certificate import (
    Certificate,
    CertificateUnavailable,
    checked,
    distance,
    prove,
    target_of,
)
from gradproof.solvers.pep.certify.face import prove_on_face
from gradproof.solvers.pep.model.expressions import PepError, exact
from gradproof.solvers.pep.solve.answer import Answer
from gradproof.solvers.pep.solve.iterates import by_iterates
from gradproof.solvers.pep.solve.lowrank import Found, NotLowRank, Program
from gradproof.solvers.pep.solve.programs import all_pairs, by_low_rank, confine
from gradproof.solvers.pep.solve.relaxation import Scaling, Solution, rescaled, solve_dual
from gradproof.solvers.pep.solve.rewritten import Rewritten
from gradproof.theory.errors import GradproofError, ProofRejected

MARGINS = (1e-10, 1e-9, 1e-8, 3e-8, 1e-7, 3e-7, 1e-6)
SHARE = 0.5  # of the admitted gap that a margin chosen for it is to cost
NEAR = 1e-8  # gap that is good enough to look no further
TOLERANCE = 1e-9  # relative gap asked of the low-rank program
GAPS = (1e-10, 1e-9, 1e-8, 1e-7)  # of the centred solutions that are rounded where the low-rank program was used


def admitted(gap: Any) -> float:
    """The largest relative distance that the user admits.

    Raises:
        PepError: it is no positive number.
    """
    if isinstance(gap, bool) or not isinstance(gap, float | int) or not gap > 0:
        raise PepError(f"gap = {gap!r}: the admitted relative distance is a positive number, such as 1e-6")
    return gap


def certify(worst: Answer, *, bound: Any = None, gap: float = 1e-6, margins: Sequence[float] = MARGINS) -> Certificate:
    """An exact upper bound on the worst case.

    Args:
        bound: prove this bound; without it, the least one that the margin allows.
        gap: largest admitted relative distance to the solver's value.

    Raises:
        CertificateUnavailable: no margin led to a proof within the gap (the bound may still be true).
    """
    admitted(gap)
    if not math.isfinite(worst.bound):
        raise CertificateUnavailable(
            f"the solver returned {worst.bound}, there are no multipliers to round ({worst.reason})"
        )
    if worst.written is not None:
        how, answer = worst.written.how, worst.written.answer
        own = None if bound is None else exact(bound, "bound") / how.unit
        return translated(worst, how, certify(answer, bound=own, gap=gap, margins=margins))
    if worst.searched is not None:
        return _from_low_rank(worst, worst.searched, None if bound is None else exact(bound, "bound"), gap)
    scaling = rescaled(worst.scaling, worst.solution, abs(worst.bound))
    if bound is not None:
        return _prove_bound(worst, scaling, exact(bound, "bound"))
    best, why = _by_margins(worst, scaling, gap, margins)
    if best is None or best.gap > NEAR:
        best = _by_facial_reduction(worst, gap, best)
    if (best is None or best.gap > NEAR) and not worst.arrays.null:
        best = _by_low_rank(worst, gap, best)
    if best is None and not worst.reason:
        best = _by_iterates(worst, gap, margins)
    if best is None:
        raise CertificateUnavailable(f"no proof of a bound near {worst.bound:.9g} was found: {why}")
    return best


def _by_margins(
    worst: Answer, scaling: Scaling, gap: float, margins: Sequence[float]
) -> tuple[Certificate | None, str]:
    """The least bound that a margin proves, or why there is none within the gap.

    A margin may change the Gram matrix, where the worst case is nearly attained along large instances; it then costs as
    much as these are large. In units read off the solution with the margin it costs less, and once the cost is known, so
    is the margin that the gap allows.
    """
    why = ""
    for _ in range(2):
        best, dearer, reason = _at_margins(worst, scaling, gap, margins)
        why = why or reason
        if best is None and dearer is not None:
            margin, cost, solution = dearer
            best, _, _ = _at_margins(worst, scaling, gap, [margin * SHARE * gap / cost])
        if best is not None or dearer is None:
            return best, why
        scaling = rescaled(scaling, solution, abs(worst.bound))
    return None, why


def _at_margins(
    worst: Answer, scaling: Scaling, gap: float, margins: Sequence[float]
) -> tuple[Certificate | None, tuple[float, float, Solution] | None, str]:
    """The same in these units; and the margin, cost and solution of the cheapest proof that is too dear."""
    why, best, dearer = "", None, None
    for margin in margins:
        solution = solve_dual(worst.arrays, worst.objective, scaling, margin=margin, tolerance=max(margin / 20, 1e-13))
        if solution.status not in ("Solved", "AlmostSolved", "InsufficientProgress"):
            why = f"the solver answers {solution.status} at margin {margin:g}"
            continue
        try:
            certificate = prove(worst, solution, scaling)
        except ProofRejected as error:
            why = f"at margin {margin:g}: {error}"
            continue
        if certificate.gap > gap:
            why = f"the proved bound {float(certificate.bound):.9g} is {certificate.gap:.2g} above the solver's value"
            if dearer is None or certificate.gap < dearer[1]:
                dearer = margin, certificate.gap, solution
        elif best is None or certificate.bound < best.bound:
            best = certificate
        if certificate.gap <= max(NEAR, 4 * len(worst.arrays.vectors) * margin):  # a larger margin would prove less
            break
    return best, dearer, why


def translated(worst: Answer, how: Rewritten, found: Certificate) -> Certificate:
    """The same multipliers prove it of the problem itself; the kernel checks that, too."""
    bound = found.bound * how.unit
    proof = how.proof(found.proof, worst.problem.statement(target_of(worst, bound), worst.text))
    return Certificate(bound, proof, checked(worst, proof), distance(worst, bound))


def _by_iterates(worst: Answer, gap: float, margins: Sequence[float]) -> Certificate | None:
    """A bound by the problem written by its iterates, where a margin costs less."""
    how = by_iterates(worst.problem, worst.metric, worst.per)
    if how is None:
        return None
    try:
        other = all_pairs(how, worst.text)
        found, _ = _by_margins(other, rescaled(other.scaling, other.solution, abs(other.bound)), gap, margins)
    except (PepError, np.linalg.LinAlgError):
        return None
    if found is None or abs(distance(worst, found.bound * how.unit)) > gap:
        return None
    return translated(worst, how, found)


def _by_facial_reduction(worst: Answer, gap: float, best: Certificate | None) -> Certificate | None:
    """A smaller bound where no dual solution is interior."""
    other = confine(worst)
    if other is None:
        return best
    try:
        found = certify(other, gap=gap)
    except CertificateUnavailable:
        return best
    return found if best is None or found.bound < best.bound else best


def _by_low_rank(worst: Answer, gap: float, best: Certificate | None) -> Certificate | None:
    """A smaller bound by the other program, if it answers."""
    try:
        other = by_low_rank(worst.problem, worst.metric, worst.per, worst.text, TOLERANCE, time.perf_counter())
        searched = other.searched
        if searched is None or (other.reason and worst.reason):
            return best
        if other.reason:  # the value is settled without it: a bound near that is as good
            other = replace(other, primal=worst.primal)
        found = _from_low_rank(other, searched, None, gap)
    except (GradproofError, NotLowRank, np.linalg.LinAlgError):
        return best
    return found if best is None or found.bound < best.bound else best


def _from_low_rank(worst: Answer, found: Found, bound: Fraction | None, gap: float) -> Certificate:
    program = Program(worst.problem, worst.metric, worst.per)
    why = "the interior-point method reached no centred solution"
    for solution in program.ladder(found, GAPS):
        try:
            certificate = prove(worst, solution, worst.scaling, fixed=bound)
        except ProofRejected as error:
            why = str(error)
            continue
        if bound is not None or certificate.gap <= gap:
            return certificate
        why = f"the proved bound {float(certificate.bound):.9g} is {certificate.gap:.2g} above the solver's value"
    wanted = f"the bound {bound}" if bound is not None else f"a bound near {worst.bound:.9g}"
    raise CertificateUnavailable(f"no proof of {wanted} was found: {why}")


def _prove_bound(worst: Answer, scaling: Scaling, bound: Fraction) -> Certificate:
    why = ""
    if float(bound) < worst.bound - 1e-6 * abs(worst.bound):
        raise CertificateUnavailable(
            f"the bound {bound} is not proved: the solver's value is larger, {worst.bound:.12g}"
        )
    if float(bound) > worst.bound * (1 + 1e-8):
        for tolerance in (1e-9, 1e-11):
            solution = solve_dual(worst.arrays, worst.objective, scaling, fixed=float(bound), tolerance=tolerance)
            try:
                return prove(worst, solution, scaling, fixed=bound)
            except ProofRejected as error:
                why = str(error)
    try:
        return prove_on_face(worst, scaling, bound)
    except ProofRejected as error:
        raise CertificateUnavailable(
            f"no proof of the bound {bound} was found; the solver's value is {worst.bound:.12g} ({why or error})"
        ) from None
