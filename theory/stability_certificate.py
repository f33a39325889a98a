"""Certificates that a step size of SGD is stable or unstable in mean square, checked in integers through the kernel.

The second moment of linearised SGD moves by ``T(X) = X - eta (HX + XH) + eta^2 [(1-p) HXH + p mean_i H_i X H_i]``.

*Stable*: a matrix M with ``M - T(M) >= 0`` and ``M >= I`` on the span of the curvatures. Then ``V(delta) = delta' M
delta`` satisfies ``E V(delta_{t+1}) <= V(delta_t)`` and bounds ``|delta|^2``, so second moments stay bounded.
*Unstable*: a symmetric X with ``<X, T(X)> > <X, X>``. T is self-adjoint, so its largest eigenvalue exceeds one; T
keeps positive semidefiniteness, so (Perron, Frobenius) some second moment grows geometrically.

This file turns data into the two forms, by integers alone, and hands them to ``theory.proof``; it is part of what is
trusted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from operator import mul
from typing import Any

from gradproof.theory.axioms import Form
from gradproof.theory.coefficient import MAX_DIGITS
from gradproof.theory.errors import ProofFormatError, ProofRejected
from gradproof.theory.proof import Accepted, Proof, Statement
from gradproof.theory.proof import check as kernel_check
from gradproof.theory.proof_json import read_untrusted

FORMAT = "gradproof-stability-1"
MAX_BYTES = 64 * 2**20

Matrix = Sequence[Sequence[int]]


@dataclass(frozen=True, kw_only=True)
class StabilityCertificate:
    """A claim that ``eta`` is mean-square stable (or unstable), with the matrix that proves it.

    Args:
        side: ``stable`` or ``unstable``.
        curvatures: n integer rows of length d (``J_i = row / scale``, ``H_i = J_i J_i'``), or n symmetric d x d integer
            matrices (``H_i = matrix / scale``).
        scale: positive integer.
        batch_size, replacement: the sampling.
        eta: the step size.
        matrix: d x d symmetric integers: M or X. Its scale has no meaning beyond ``M >= I``.
        basis: for a stable side with H singular, which rows (of the curvatures stacked on one another) span range(H);
            None where M is positive definite everywhere.
    """

    side: str
    curvatures: tuple[Any, ...]
    scale: int
    batch_size: int
    replacement: bool
    eta: Fraction
    matrix: tuple[tuple[int, ...], ...]
    basis: tuple[int, ...] | None = None

    @property
    def rank_one(self) -> bool:
        """Whether the curvatures are rows."""
        return isinstance(self.curvatures[0][0], int)

    @property
    def noise(self) -> tuple[int, int]:
        """p as a ratio of integers."""
        n, B = len(self.curvatures), self.batch_size
        if self.replacement:
            return 1, B
        return (0, 1) if n == B else (n - B, B * (n - 1))

    @property
    def stacked(self) -> list[tuple[int, ...]]:
        """Rows that span range(H)."""
        return list(self.curvatures) if self.rank_one else [row for H in self.curvatures for row in H]

    def proof(self) -> Proof:
        """The kernel's proof: for a stable side, both forms at once, in independent vectors; see ``forms``.

        Raises:
            ProofRejected: the data are not what the certificate says (shapes, symmetry, span).
        """
        validate(self)
        n, d = len(self.curvatures), len(self.matrix)
        what = f"{'rows' if self.rank_one else 'Hessians'}: $n = {n}$, $d = {d}$, batch {self.batch_size}"
        if self.side == "unstable":
            growth = _inner(self.matrix, decrease(self))
            text = (
                rf"SGD with $\eta = {self.eta}$ is unstable in mean square ({what}): "
                r"$\langle X, T X\rangle$ exceeds $\langle X, X\rangle$"
            )
            return Proof(Statement(("u",), (), (), Form({("u", "u"): Fraction(1 + growth)}), (), (), text), ())
        positive, falls = forms(self)
        form: dict[tuple[str, str], Fraction] = {}
        for name, rows in (("x", falls), ("z", positive)):
            for a, row in enumerate(rows):
                for b in range(a, len(rows)):
                    if row[b]:
                        form[_pair(name, a, b)] = Fraction(-row[b] * (1 if a == b else 2))
        names = tuple(f"{name}{a:05d}" for name in "xz" for a in range(len(falls)))
        text = rf"SGD with $\eta = {self.eta}$ is stable in mean square ({what}): $M - T(M) \ge 0$ in $x$, $M - I \ge 0$ in $z$"
        return Proof(Statement(names, (), (), Form(form), (), (), text), ())

    def to_json(self) -> str:
        """Text that ``read_stability_certificate`` reads back to an equal certificate."""
        data = {
            "format": FORMAT,
            "side": self.side,
            "curvatures": self.curvatures,
            "scale": self.scale,
            "batch_size": self.batch_size,
            "replacement": self.replacement,
            "eta": str(self.eta),
            "matrix": self.matrix,
            "basis": self.basis,
        }
        return json.dumps(data)


def check_stability(certificate: StabilityCertificate) -> Accepted:
    """Accept a certificate, or raise; the last word is the kernel's.

    Raises:
        ProofRejected: with what fails.
    """
    return kernel_check(certificate.proof())


def forms(c: StabilityCertificate) -> tuple[list[list[int]], list[list[int]]]:
    """``(M - I, positive multiple of M - T(M))`` on the span, both to be shown positive semidefinite."""
    falls = decrease(c)
    if c.basis is None:
        M = [list(row) for row in c.matrix]
    else:
        B = [c.stacked[i] for i in c.basis]
        M, falls = _congruence(B, c.matrix), _congruence(B, falls)
    for i, row in enumerate(M):
        row[i] -= 1
    return M, falls


def decrease(c: StabilityCertificate) -> list[list[int]]:
    """``n^2 s^2 e_2 p_2 / eta`` times ``X - T(X)``, in integers, for ``eta = e_1/e_2``, ``p = p_1/p_2``, ``H_i = K_i/s``.

    That is ``n s e_2 p_2 (AX + XA) - e_1 [(p_2 - p_1) AXA + p_1 n sum_i K_i X K_i]`` with ``A = sum_i K_i``.
    """
    X, n, d = c.matrix, len(c.curvatures), len(c.matrix)
    (p1, p2), e1, e2 = c.noise, c.eta.numerator, c.eta.denominator
    if c.rank_one:
        s, G = c.scale**2, c.curvatures
        A = _product(_transpose(G), G)
        q = [_dot(row, image) for row, image in zip(G, _product(G, X), strict=True)]
        noise = _product(_transpose(G), [[t * x for x in row] for t, row in zip(q, G, strict=True)])
    else:
        s = c.scale
        A = [[sum(K[a][b] for K in c.curvatures) for b in range(d)] for a in range(d)]
        noise = [[0] * d for _ in range(d)]
        for K in c.curvatures:
            for row, add in zip(noise, _product(_product(K, X), K), strict=True):
                row[:] = [x + y for x, y in zip(row, add, strict=True)]
    AX = _product(A, X)
    AXA = _product(AX, A)
    return [
        [
            n * s * e2 * p2 * (AX[a][b] + AX[b][a]) - e1 * ((p2 - p1) * AXA[a][b] + p1 * n * noise[a][b])
            for b in range(d)
        ]
        for a in range(d)
    ]


def read_stability_certificate(text: str) -> StabilityCertificate:
    """Parse a certificate file: data from a stranger, so its size is limited, and nothing is evaluated.

    Raises:
        ProofFormatError: what is wrong with the file.
    """
    data = read_untrusted(text, "a certificate", MAX_BYTES)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ProofFormatError(f"not a stability certificate: the format must be {FORMAT!r}")
    unknown = set(data) - {"format", *(f.name for f in fields(StabilityCertificate))}
    if unknown:
        raise ProofFormatError(f"a stability certificate has no entry {min(unknown)[:40]!r}")
    try:
        eta, basis = data["eta"], data["basis"]
        if not isinstance(eta, str) or len(eta) > MAX_DIGITS or not set(eta) <= set("0123456789/"):
            raise ProofFormatError(f"eta must be a fraction in text such as '1/3', found {str(eta)[:60]!r}")
        certificate = StabilityCertificate(
            side=data["side"],
            curvatures=tuple(_frozen(row) for row in data["curvatures"]),
            scale=data["scale"],
            batch_size=data["batch_size"],
            replacement=data["replacement"],
            eta=Fraction(eta),
            matrix=tuple(_frozen(row) for row in data["matrix"]),
            basis=None if basis is None else tuple(basis),
        )
        validate(certificate)
    except ProofRejected as error:
        raise ProofFormatError(str(error)) from None
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError) as error:
        raise ProofFormatError(f"not a stability certificate: {type(error).__name__} {str(error)[:200]}") from None
    return certificate


def validate(c: StabilityCertificate, *, span: bool = True) -> None:
    """Refuse data that would make the forms mean something else; ``span=False`` leaves the rank of the basis to the caller.

    Raises:
        ProofRejected: with what is wrong.
    """
    n, d = len(c.curvatures), len(c.matrix)
    if c.side not in ("stable", "unstable"):
        raise ProofRejected(f"side is {str(c.side)[:40]!r}; need 'stable' or 'unstable'")
    if n == 0 or d == 0 or not c.curvatures[0]:
        raise ProofRejected("a certificate needs at least one sample and one coordinate")
    whole = (c.scale, c.batch_size)
    if not all(type(x) is int and x > 0 for x in whole) or type(c.replacement) is not bool or not c.eta > 0:
        raise ProofRejected("scale, batch_size and eta must be positive, replacement true or false")
    if not c.replacement and c.batch_size > n:
        raise ProofRejected(f"a batch of {c.batch_size} of {n} samples needs replacement")
    blocks = [c.curvatures] if c.rank_one else list(c.curvatures)
    for rows in (c.matrix, *blocks):
        if any(len(row) != d or any(type(x) is not int for x in row) for row in rows):
            raise ProofRejected(f"every row must hold {d} integers")
    for K in (c.matrix, *(() if c.rank_one else blocks)):
        if len(K) != d or any(K[a][b] != K[b][a] for a in range(d) for b in range(a)):
            raise ProofRejected(f"the matrix and the Hessians must be symmetric, {d} x {d}")
    if c.basis is not None:
        rows = c.stacked
        if not all(type(i) is int and 0 <= i < len(rows) for i in c.basis):
            raise ProofRejected("basis must name rows of the curvatures")
        if span and _rank([rows[i] for i in c.basis]) != _rank(rows):
            raise ProofRejected("the basis does not span the curvatures")


def _rank(rows: Matrix) -> int:
    """Rank by fraction-free elimination."""
    work, rank = [list(row) for row in rows if any(row)], 0
    while work:
        pivot = work.pop()
        rank += 1
        at = next(j for j, x in enumerate(pivot) if x)
        reduced = ([pivot[at] * x - row[at] * y for x, y in zip(row, pivot, strict=True)] for row in work)
        work = [_primitive(row) for row in reduced if any(row)]
    return rank


def _primitive(row: list[int]) -> list[int]:
    divisor = math.gcd(*row)
    return [x // divisor for x in row]


def _pair(name: str, a: int, b: int) -> tuple[str, str]:
    return f"{name}{a:05d}", f"{name}{b:05d}"


def _dot(u: Sequence[int], v: Sequence[int]) -> int:
    return sum(map(mul, u, v))


def _inner(X: Matrix, Y: Matrix) -> int:
    return sum(_dot(u, v) for u, v in zip(X, Y, strict=True))


def _transpose(X: Matrix) -> list[tuple[int, ...]]:
    return list(zip(*X, strict=True))


def _product(X: Matrix, Y: Matrix) -> list[list[int]]:
    columns = _transpose(Y)
    return [[_dot(row, column) for column in columns] for row in X]


def _congruence(B: Matrix, X: Matrix) -> list[list[int]]:
    return _product(_product(B, X), _transpose(B))


def _frozen(row: Any) -> Any:
    if not isinstance(row, list):
        raise ProofFormatError(f"expected a list, found {str(row)[:40]!r}")
    return tuple(tuple(x) if isinstance(x, list) else x for x in row)
