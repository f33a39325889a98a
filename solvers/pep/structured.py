"""Gradient descent with N steps, for N from 1 to 100 000: worst cases in the local basis, certificates, exact optima.

>>> from fractions import Fraction
>>> worst = gradient_descent(10, gamma=1)
>>> round(worst.bound, 6)
0.02381
>>> worst.certify().bound >= Fraction(1, 42)
True
>>> worst.exact().bound
Fraction(1, 42)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from gradproof.solvers.exact import fast_check
from gradproof.solvers.pep import interior_point, structured_chordal, structured_exact, structured_explicit
from gradproof.solvers.pep.certify import Certificate, CertificateUnavailable
from gradproof.solvers.pep.expressions import PepError, exact
from gradproof.solvers.pep.show import html
from gradproof.solvers.pep.solve import Status
from gradproof.solvers.pep.structured_certificate import prove
from gradproof.solvers.pep.structured_model import MEASURES, STAR, Descent, low_rank
from gradproof.solvers.pep.structured_pairs import complete
from gradproof.theory import proof as kernel

INTERIOR_UP_TO = 100  # steps; beyond, the dense interior-point method is slower than the chordal one with a margin
KERNEL_UP_TO = 200  # steps up to which the plain kernel re-checks a certificate as well
_MARGINS = (1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
_GAPS = (1e-10, 1e-9, 1e-8, 1e-7)
_AGREEMENT = 1e-6  # relative distance of primal and dual values up to which a solve counts
_SOLVERS = ("auto", "explicit", "chordal", "interior", "all-pairs")


@dataclass(frozen=True, eq=False)
class StructuredWorstCase:
    """The numerical answer for a method in local form; fields as in ``WorstCase``.

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

    def certify(self, *, gap: float | None = None) -> Certificate:
        """A rational upper bound with an accepted proof, within the relative ``gap`` of the truth: of the value that
        an explicit function attains where one is known to be worst, else of the solver's primal value.

        The default gap is 1e-9 up to 100 steps and 1e-6 beyond. Raises CertificateUnavailable, with how far it got.
        """
        return _certify(self, gap)

    def exact(self) -> Certificate:
        """The worst case itself as a rational number, with a proof: an explicit function attains it."""
        return structured_exact.exact_optimum(self)

    def _repr_html_(self) -> str:
        descent = self.descent
        setting = rf"$N = {descent.N}$, $\gamma = {descent.gamma}$, $L = {descent.L}$, $\mu = {descent.mu}$"
        return html(self, f"of gradient descent, {MEASURES[descent.measure]}; {setting}")


def gradient_descent(
    N: int,
    gamma: Any,
    L: Any = 1,
    mu: Any = 0,
    *,
    measure: str = "function-value",
    solver: str = "auto",
    tolerance: float = 1e-11,
) -> StructuredWorstCase:
    """Worst case of ``x_{k+1} = x_k - gamma grad f(x_k)`` over functions with curvature in [mu, L].

    Args:
        N: number of steps.
        gamma, L, mu: step size (unit 1/L) and curvature bounds; exact or float.
        measure: ``function-value``, ``distance`` or ``gradient`` (per squared distance to the minimiser), or
            ``smallest-gradient`` (per f(x_0) - inf f; any mu < L, e.g. -L).
        solver: ``explicit`` (a known worst function and the multipliers it determines, checked; no program is solved),
            ``chordal`` (the semidefinite program, linear in N), ``interior`` (more digits, up to some hundred steps),
            ``all-pairs`` (``interior``, then every violated inequality is added), or ``auto``: explicit, else chordal,
            and all pairs if that is undecided or an explicit function shows that neighbours are not enough.
        tolerance: relative, of the solver.

    Raises:
        PepError: a value is out of range.
    """
    if not isinstance(solver, str) or solver not in _SOLVERS:
        raise PepError(f"solver = {solver!r} is not known; use one of {', '.join(map(repr, _SOLVERS))}")
    if isinstance(tolerance, bool) or not isinstance(tolerance, float | int) or not 1e-14 <= tolerance <= 1e-2:
        raise PepError(f"tolerance = {tolerance!r} is out of range; use a relative gap between 1e-14 and 1e-2")
    descent = Descent(N, exact(gamma, "gamma"), exact(L, "L"), exact(mu, "mu"), measure)
    if solver in ("auto", "explicit"):
        answer = _explicit(descent)
        if answer is not None:
            return answer
        if solver == "explicit":
            raise PepError(
                f"no explicit worst function is known for gamma L = {descent.h:g}, N = {N}, {measure!r}; use solver='auto'"
            )
    if solver in ("auto", "chordal"):
        found = _chordal(descent, tolerance)
        loose = found.lower > 0 and found.bound > found.lower * (1 + 1e-5)
        settled = found.status is Status.SOLVED and not loose
        if solver == "chordal" or settled or descent.N > INTERIOR_UP_TO:
            return found
    return _interior(descent, max(tolerance, 1e-10), every_pair=solver != "interior")


def sweep(
    N: int,
    gammas: Iterable[Any],
    L: Any = 1,
    mu: Any = 0,
    *,
    measure: str = "function-value",
    solver: str = "auto",
) -> tuple[StructuredWorstCase, ...]:
    """The worst case at each step size."""
    return tuple(gradient_descent(N, gamma, L, mu, measure=measure, solver=solver) for gamma in gammas)


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
) -> StructuredWorstCase:
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
    return StructuredWorstCase(
        bound * unit, primal * unit, status, reason, solver, seconds, residuals, descent, lower, pairs, raw
    )


def _explicit(descent: Descent) -> StructuredWorstCase | None:
    began = time.perf_counter()
    out = structured_explicit.solve(descent)
    if out is None:
        return None
    found = _answer(descent, out.dual, out.primal, "", "explicit", began, out.residual, descent.chain, out.multipliers)
    return found if found.status is Status.SOLVED else None


def _chordal(descent: Descent, tolerance: float, margin: float = 0.0) -> StructuredWorstCase:
    began = time.perf_counter()
    out = structured_chordal.solve(descent, tolerance=tolerance, margin=margin)
    good = out.status in ("Solved", "AlmostSolved") and out.residual <= 1e-7
    reason = "" if good else f"Clarabel ended with {out.status}, residual {out.residual:.1e}"
    return _answer(
        descent, out.dual, out.primal, reason, "chordal", began, out.residual, descent.chain, out.multipliers
    )


def _interior(descent: Descent, gap: float, *, every_pair: bool) -> StructuredWorstCase:
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


def _certify(worst: StructuredWorstCase, gap: float | None) -> Certificate:
    if gap is not None and (isinstance(gap, bool) or not isinstance(gap, float | int) or not gap > 0):
        raise PepError(f"gap = {gap!r}: the admitted relative distance is a positive number, such as 1e-6")
    descent = worst.descent
    small = descent.N <= INTERIOR_UP_TO
    admitted = gap if gap is not None else (1e-9 if small else 1e-6)
    best = np.inf
    every_pair = worst.solver == "all-pairs"
    attempts: list[Callable[[], StructuredWorstCase | None]] = [] if every_pair else [partial(_explicit, descent)]
    if small:
        attempts += [partial(_interior, descent, gap, every_pair=every_pair) for gap in _GAPS]
    if not every_pair or small:
        attempts += [partial(_chordal, descent, 1e-12, margin) for margin in _MARGINS]
    for attempt in attempts:
        found = attempt()
        if found is None:
            continue
        proved = prove(descent, found.pairs, found.raw, found.bound / float(descent.unit))
        if proved is None:
            continue
        bound, proof = proved
        known = worst.lower > found.primal * (1 - 1e-5)  # an explicit function is as bad: no solver's error in it
        distance = float(bound) / (worst.lower if known else found.primal) - 1
        best = min(best, distance)
        if distance <= admitted:
            accepted = fast_check.check(proof)
            if descent.N <= KERNEL_UP_TO:
                accepted = kernel.check(proof)
            return Certificate(bound, proof, accepted, distance)
    got = f"the best had a gap of {best:.1e}" if np.isfinite(best) else "the rounded multipliers proved nothing"
    raise CertificateUnavailable(f"no certificate within {admitted:.1e} of {worst.primal:.9g} was found; {got}")
