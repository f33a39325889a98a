"""Exact certificates of stable and unstable step sizes, and a certified bracket of the threshold.

Floats guess a matrix, integers decide: nothing here is trusted. A certificate is accepted by ``accepts``
(python-flint, fast) and, written apart, by ``theory.stability_certificate.check_stability`` (plain integers and the
kernel).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import scipy.linalg

from gradproof.solvers.exact.definite import is_positive_definite, is_positive_semidefinite
from gradproof.solvers.exact.rounding import exact_number
from gradproof.solvers.moments import operators
from gradproof.solvers.moments.curvatures import Curvatures, noise_fraction, read
from gradproof.solvers.moments.operators import Moments, NotConverged
from gradproof.solvers.moments.threshold import Threshold, stability_threshold
from gradproof.theory.errors import ParameterError, ProofRejected
from gradproof.theory.stability_certificate import StabilityCertificate, validate

_BITS = 62  # of the largest entry of M or X; float64 has 53


@dataclass(frozen=True)
class Bracket:
    """``low <= eta* < high``, both ends proved.

    Args:
        stable: the certificate of ``low``.
        unstable: the certificate of ``high``.
        threshold: the float solution between them.
    """

    stable: StabilityCertificate
    unstable: StabilityCertificate
    threshold: Threshold

    @property
    def low(self) -> Fraction:
        return self.stable.eta

    @property
    def high(self) -> Fraction:
        return self.unstable.eta

    @property
    def halfwidth(self) -> float:
        """Half of the bracket's width, relative to its middle."""
        return float((self.high - self.low) / (self.high + self.low))


def certify_threshold(
    curvatures: Any, *, batch_size: int, replacement: bool = False, halfwidth: float = 1e-10
) -> Bracket:
    """A two-sided bracket of ``eta*`` of the given relative half-width, each end with an accepted certificate.

    Args:
        curvatures: (n, d) rows or (n, d, d) Hessians: floats (taken as the binary fractions that they are), ints, or
            Fractions.
        halfwidth: relative; from 1e-13 or so (the accuracy of a float eigenvector) to 1.

    Raises:
        ParameterError: bad curvatures, no curvature at all, or a half-width outside (0, 1).
        NotConverged: no certificate was found at that width; ask for a wider one.
    """
    if not 0 < halfwidth < 1:
        raise ParameterError(f"halfwidth = {halfwidth}; need a relative half-width in (0, 1), such as 1e-10")
    search = _Search(curvatures, batch_size, replacement)
    value = search.threshold.value
    if math.isinf(value):
        raise ParameterError("all curvatures are zero: every step is stable and there is no threshold to bracket")
    stable = search.stable(Fraction(value * (1 - halfwidth)))
    unstable = search.unstable(Fraction(value * (1 + halfwidth)))
    return Bracket(stable, unstable, search.threshold)


def certify(curvatures: Any, eta: Any, *, batch_size: int, replacement: bool = False) -> StabilityCertificate:
    """A certificate that ``eta`` is stable, or one that it is unstable, whichever is true.

    Args:
        eta: the step size, exact; a float stands for the decimal that prints it.

    Raises:
        ParameterError: bad curvatures, or eta not positive.
        NotConverged: eta is too near the threshold for float guesses.
    """
    step = exact_number(eta, "eta")
    if step <= 0:
        raise ParameterError(f"eta = {step}; a step size to certify is positive")
    search = _Search(curvatures, batch_size, replacement)
    if step <= search.threshold.upper:  # within the float error of the threshold both sides are tried
        try:
            return search.stable(step)
        except NotConverged:
            if step < search.threshold.lower:
                raise
    return search.unstable(step)


class _Search:
    """The data in integers and in floats, and the float solution."""

    def __init__(self, curvatures: Any, batch_size: int, replacement: bool) -> None:
        if isinstance(curvatures, Curvatures):
            raise ParameterError("certificates need the curvatures themselves, (n, d) or (n, d, d), not reduced ones")
        table = np.asarray(curvatures.detach().cpu() if hasattr(curvatures, "detach") else curvatures)
        floats = np.vectorize(float, otypes=[float])(table) if table.dtype == object else table
        self.moments = Moments(read(floats), noise_fraction(len(table), batch_size, replacement))
        self.threshold = stability_threshold(self.moments.curvatures, batch_size=batch_size, replacement=replacement)
        ratios = [_ratio(x) for x in table.ravel().tolist()]
        self.scale = math.lcm(*(q for _, q in ratios))
        whole = [p * (self.scale // q) for p, q in ratios]
        self.curvatures = _nest(whole, table.shape)
        self.stack = np.asarray(floats, dtype=float).reshape(-1, table.shape[-1])
        self.sampling = {"batch_size": int(batch_size), "replacement": bool(replacement)}

    def stable(self, eta: Fraction) -> StabilityCertificate:
        m, X = self.moments, self.threshold.reduced_eigenmatrix
        basis = None if m.curvatures.rank == m.curvatures.dimension else self._basis()
        top = 2 / self.threshold.value
        # the identity is exact where it works: at the threshold of an orthogonal design nothing rounded would do
        guesses: list[Callable[[], np.ndarray]] = [lambda: X, lambda: np.eye(m.curvatures.rank)]
        if 2 / float(eta) > top:
            guesses.append(lambda: operators.resolvent(m, 2 / float(eta), top, X))
        return self._first("stable", eta, guesses, basis)

    def unstable(self, eta: Fraction) -> StabilityCertificate:
        return self._first("unstable", eta, [lambda: self.threshold.reduced_eigenmatrix], None)

    def _first(
        self, side: str, eta: Fraction, guesses: list[Callable[[], np.ndarray]], basis: tuple[int, ...] | None
    ) -> StabilityCertificate:
        m = self.moments
        for guess in guesses:
            try:
                M = _integers(m.curvatures.lift(guess()))
            except NotConverged:
                continue
            sampling: Any = self.sampling
            found = StabilityCertificate(
                side=side, curvatures=self.curvatures, scale=self.scale, eta=eta, matrix=M, basis=basis, **sampling
            )
            if accepts(found):
                return found
        raise NotConverged(
            f"no certificate that eta = {float(eta):.12g} is {side}; the threshold is {self.threshold.value:.12g}: "
            "take a step further from it"
        )

    def _basis(self) -> tuple[int, ...]:
        order = scipy.linalg.qr(self.stack.T, mode="r", pivoting=True)[1]
        return tuple(int(i) for i in order[: self.moments.curvatures.rank])


def accepts(c: StabilityCertificate) -> bool:
    """Whether the certificate is shown to be right, in flint integers."""
    try:
        validate(c, span=False)
    except ProofRejected:
        return False
    X = flint.fmpz_mat([list(row) for row in c.matrix])
    falls = _decrease(c, X)
    if c.side == "unstable":
        return sum((x * y for x, y in zip(X.entries(), falls.entries(), strict=True)), flint.fmpz(0)) < 0
    if c.basis is not None:
        rows = c.stacked
        B = flint.fmpz_mat([list(rows[i]) for i in c.basis]) if c.basis else flint.fmpz_mat(0, len(c.matrix))
        if B.rank() != flint.fmpz_mat([list(row) for row in rows]).rank():
            return False
        X, falls = B * X * B.transpose(), B * falls * B.transpose()
    size = X.nrows()
    one = flint.fmpz_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
    if not _semidefinite(X - one):
        return False
    return _semidefinite(falls)


def _semidefinite(matrix: flint.fmpz_mat) -> bool:
    # the exact decision for singular matrices costs a characteristic polynomial: seconds from size 40 on
    return is_positive_definite(matrix) or (matrix.nrows() <= 40 and is_positive_semidefinite(matrix))


def _decrease(c: StabilityCertificate, X: flint.fmpz_mat) -> flint.fmpz_mat:
    """A positive multiple of ``X - T(X)``; the same formula as in ``theory.stability_certificate``, written apart."""
    n = len(c.curvatures)
    (p1, p2), e1, e2 = c.noise, c.eta.numerator, c.eta.denominator
    if c.rank_one:
        s = c.scale**2
        G = flint.fmpz_mat([list(row) for row in c.curvatures])
        A = G.transpose() * G
        image = (G * X).tolist()
        weighted = []
        for row, Xrow in zip(G.tolist(), image, strict=True):
            q = sum((a * b for a, b in zip(row, Xrow, strict=True)), flint.fmpz(0))
            weighted.append([q * a for a in row])
        noise = G.transpose() * flint.fmpz_mat(weighted)
    else:
        s = c.scale
        Ks = [flint.fmpz_mat([list(row) for row in K]) for K in c.curvatures]
        A, noise = Ks[0], Ks[0] * X * Ks[0]
        for K in Ks[1:]:
            A, noise = A + K, noise + K * X * K
    AX = A * X
    return (AX + AX.transpose()) * (n * s * e2 * p2) - (AX * A * (p2 - p1) + noise * (p1 * n)) * e1


def _integers(X: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """The matrix scaled so that its largest entry has ``_BITS`` bits, symmetrised and rounded."""
    X = (X + X.T) / 2
    scaled = np.ldexp(X / np.abs(X).max(), _BITS)
    return tuple(tuple(int(x) for x in row) for row in scaled.tolist())


def _ratio(x: Any) -> tuple[int, int]:
    """A float as the binary fraction that it is; exact numbers as they are."""
    if isinstance(x, float | int):
        return x.as_integer_ratio()
    number = exact_number(x, "curvature")
    return number.numerator, number.denominator


def _nest(flat: list[int], shape: tuple[int, ...]) -> tuple[Any, ...]:
    if len(shape) == 1:
        return tuple(flat)
    step = len(flat) // shape[0]
    return tuple(_nest(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))
