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

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from gradproof.solvers.exact import fast_check
from gradproof.solvers.pep.certify import structured_exact
from gradproof.solvers.pep.certify.certificate import Certificate, CertificateUnavailable
from gradproof.solvers.pep.certify.show import html
from gradproof.solvers.pep.certify.structured_certificate import prove
from gradproof.solvers.pep.model.expressions import PepError, exact
from gradproof.solvers.pep.solve.structured import INTERIOR_UP_TO, StructuredAnswer, answer, chordal, explicit, interior
from gradproof.solvers.pep.solve.structured_model import MEASURES, Descent
from gradproof.theory import proof as kernel

KERNEL_UP_TO = 200  # steps up to which the plain kernel re-checks a certificate as well
_MARGINS = (1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
_GAPS = (1e-10, 1e-9, 1e-8, 1e-7)
_SOLVERS = ("auto", "explicit", "chordal", "interior", "all-pairs")


@dataclass(frozen=True, eq=False)
class StructuredWorstCase(StructuredAnswer):
    """The worst case of a method in local form, with ways to a proof; its numbers are those of ``StructuredAnswer``."""

    @classmethod
    def of(cls, answer: StructuredAnswer) -> StructuredWorstCase:
        """The answer, as one that can be certified."""
        return cls(**{f.name: getattr(answer, f.name) for f in fields(answer)})

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
    return StructuredWorstCase.of(answer(descent, solver, tolerance))


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


def _certify(worst: StructuredAnswer, gap: float | None) -> Certificate:
    if gap is not None and (isinstance(gap, bool) or not isinstance(gap, float | int) or not gap > 0):
        raise PepError(f"gap = {gap!r}: the admitted relative distance is a positive number, such as 1e-6")
    descent = worst.descent
    small = descent.N <= INTERIOR_UP_TO
    admitted = gap if gap is not None else (1e-9 if small else 1e-6)
    best = np.inf
    every_pair = worst.solver == "all-pairs"
    attempts: list[Callable[[], StructuredAnswer | None]] = [] if every_pair else [partial(explicit, descent)]
    if small:
        attempts += [partial(interior, descent, gap, every_pair=every_pair) for gap in _GAPS]
    if not every_pair or small:
        attempts += [partial(chordal, descent, 1e-12, margin) for margin in _MARGINS]
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
