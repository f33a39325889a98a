"""The axioms as the fast checker knows them: each adds ``multiplier * form`` to sums over arguments and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import flint

from gradproof.theory.axioms import Member
from gradproof.theory.errors import ProofRejected

Row = list[tuple[int, flint.fmpq]]  # a vector or a value by its coordinates
Atoms = tuple[tuple[int, int], ...]  # a vector as a combination of arguments and gradients with coefficients +-1


def pair(i: int, j: int) -> tuple[int, int]:
    return (i, j) if i <= j else (j, i)


def accumulate(table: dict[Any, flint.fmpq], key: Any, c: flint.fmpq) -> None:
    table[key] = table[key] + c if key in table else c


class Sums:
    """What the axioms add to: a form over arguments and gradients, and a combination of values.

    Attributes:
        value_index: place of each declared value, and of the constant, called ``"1"``.
        functions: the value of every point. constants: of every member.
    """

    def __init__(self, values: tuple[str, ...]) -> None:
        self.value_index = {name: i for i, name in enumerate((*values, "1"))}
        self.functions: list[Row] = []
        self.constants: dict[str, dict[str, flint.fmpq]] = {}
        self.quadratic: dict[tuple[int, int], flint.fmpq] = {}  # over atoms
        self.linear: dict[int, flint.fmpq] = {}

    def inner(self, u: Atoms, v: Atoms, c: flint.fmpq) -> None:
        """Add ``c <u, v>``."""
        for a, s in u:
            for b, t in v:
                accumulate(self.quadratic, pair(a, b), c if s * t > 0 else -c)

    def value(self, row: Iterable[tuple[int, flint.fmpq]], c: flint.fmpq) -> None:
        """Add ``c`` times a value."""
        for i, d in row:
            accumulate(self.linear, i, c * d)

    def constant(self, c: flint.fmpq) -> None:
        """Add a number."""
        accumulate(self.linear, self.value_index["1"], c)


# --- what the constants of a class must satisfy ------------------------------------------------------------------

_FUNCTION = frozenset({"mu", "L", "M", "PL", "lower"})
_CONSTANTS = {  # kind -> (must have, may have)
    "function": (frozenset[str](), _FUNCTION),
    "indicator": (frozenset[str](), frozenset({"D"})),
    "quadratic": (frozenset({"mu", "L"}), frozenset({"mu", "L"})),
    "operator": (frozenset[str](), frozenset({"mu", "beta", "L"})),
    "compressor": (frozenset({"q2"}), frozenset({"q2"})),
}


def check_constants(m: Member, constants: Mapping[str, flint.fmpq]) -> None:
    if m.kind not in _CONSTANTS:
        raise ProofRejected(f"{m.name} is of unknown kind {m.kind!r}")
    must, may = _CONSTANTS[m.kind]
    if m.average and m.kind == "function":
        must = may = frozenset({"L"})
    given = frozenset(m.constants)
    if not must <= given <= may:
        raise ProofRejected(
            f"{m.name} ({m.kind}) has constants {sorted(given)}, needs {sorted(must)}, may have {sorted(may)}"
        )
    for name in constants:
        if name in ("L", "M", "D", "PL", "beta") and constants[name] <= 0:
            raise ProofRejected(f"{m.name}: {name} = {constants[name]}, needs > 0")
    if constants.get("q2", flint.fmpq(0)) < 0:
        raise ProofRejected(f"{m.name}: q2 = {constants['q2']}, needs >= 0")
    if m.kind in ("function", "quadratic") and {"mu", "L"} <= given and constants["L"] <= constants["mu"]:
        raise ProofRejected(f"{m.name}: mu = {constants['mu']} and L = {constants['L']}, needs mu < L")


# --- the axioms, each as "multiplier * (form <= 0)" --------------------------------------------------------------


def _x(p: int) -> Atoms:
    return ((2 * p, 1),)


def _g(p: int) -> Atoms:
    return ((2 * p + 1, 1),)


def _minus(u: Atoms, v: Atoms) -> Atoms:
    return u + tuple((a, -s) for a, s in v)


def _interpolation(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    """f_j - f_i + <g_j, x_i - x_j> + |dg - mu dx|^2 / (2 (L - mu)) + mu/2 |dx|^2 <= 0."""
    i, j = at
    k = w.constants[m.name]
    mu = k["mu"]
    dx, dg = _minus(_x(i), _x(j)), _minus(_g(i), _g(j))
    w.value(w.functions[j], c)
    w.value(w.functions[i], -c)
    w.inner(_g(j), dx, c)
    if mu != 0:
        w.inner(dx, dx, c * mu / 2)
    if "L" in k:
        r = c / (2 * (k["L"] - mu))
        w.inner(dg, dg, r)
        if mu != 0:  # for f - mu |x|^2/2, whose gradient at j is g_j - mu x_j
            w.inner(dg, dx, -2 * mu * r)
            w.inner(dx, dx, mu * mu * r)


def _descent(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    """f_j <= f_i + <g_i, x_j - x_i> + L/2 |x_j - x_i|^2."""
    i, j = at
    dx = _minus(_x(j), _x(i))
    w.value(w.functions[j], c)
    w.value(w.functions[i], -c)
    w.inner(_g(i), dx, -c)
    w.inner(dx, dx, -c * w.constants[m.name]["L"] / 2)


def _lipschitz(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    """|g_i - g_j|^2 <= L^2 |x_i - x_j|^2; of one function only if its curvature lies in [-L, L]."""
    k = w.constants[m.name]
    if m.kind == "function" and not m.average and ("mu" not in k or k["mu"] + k["L"] < 0):
        raise ProofRejected(f"the gradient of {m.name} is Lipschitz only if its curvature lies in [-L, L]")
    dx, dg = (_minus(v(at[0]), v(at[1])) for v in (_x, _g))
    w.inner(dg, dg, c)
    w.inner(dx, dx, -c * k["L"] * k["L"])


def _bounded(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    M = w.constants[m.name]["M"]
    w.inner(_g(at[0]), _g(at[0]), c)
    w.constant(-c * M * M)


def _lower(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    """lower <= f_i - |g_i|^2 / (2 L)."""
    k = w.constants[m.name]
    accumulate(w.linear, w.value_index[m.constants["lower"]], c)
    w.value(w.functions[at[0]], -c)
    if "L" in k:
        w.inner(_g(at[0]), _g(at[0]), c / (2 * k["L"]))


def _pl(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    """2 PL (f_i - lower) <= |g_i|^2."""
    twice = 2 * c * w.constants[m.name]["PL"]
    w.value(w.functions[at[0]], twice)
    accumulate(w.linear, w.value_index[m.constants["lower"]], -twice)
    w.inner(_g(at[0]), _g(at[0]), -c)


def _normal_cone(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    w.inner(_g(at[1]), _minus(_x(at[0]), _x(at[1])), c)


def _diameter(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    D = w.constants[m.name]["D"]
    dx = _minus(_x(at[0]), _x(at[1]))
    w.inner(dx, dx, c)
    w.constant(-c * D * D)


def _indicator_value(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    w.value(w.functions[at[0]], c)


def _symmetry(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    w.inner(_x(at[0]), _g(at[1]), c)
    w.inner(_x(at[1]), _g(at[0]), -c)


def spectrum(w: Sums, m: Member, at: list[int], weights: list[flint.fmpq], c: flint.fmpq) -> None:
    """|h|^2 - (mu + L) <h, y> + mu L |y|^2 <= 0 for y = sum of weights times x, h = Q y."""
    if len(weights) != len(at):
        raise ProofRejected(f"spectrum needs one weight for each of its {len(at)} points, got {len(weights)}")
    mu, L = w.constants[m.name]["mu"], w.constants[m.name]["L"]
    for p, u in zip(at, weights, strict=True):
        for q, v in zip(at, weights, strict=True):
            r = c * u * v
            w.inner(_g(p), _g(q), r)
            w.inner(_g(p), _x(q), -r * (mu + L))
            w.inner(_x(p), _x(q), r * mu * L)


def _quadratic_value(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    w.value(w.functions[at[0]], 2 * c)
    w.inner(_x(at[0]), _g(at[0]), -c)


def _monotone(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    dx, dg = (_minus(v(at[0]), v(at[1])) for v in (_x, _g))
    w.inner(dx, dg, -c)
    w.inner(dx, dx, c * w.constants[m.name]["mu"])


def _cocoercive(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    dx, dg = (_minus(v(at[0]), v(at[1])) for v in (_x, _g))
    w.inner(dx, dg, -c)
    w.inner(dg, dg, c * w.constants[m.name]["beta"])


def _contraction(w: Sums, m: Member, at: list[int], c: flint.fmpq) -> None:
    error = _minus(_g(at[0]), _x(at[0]))
    w.inner(error, error, c)
    w.inner(_x(at[0]), _x(at[0]), -c * w.constants[m.name]["q2"])


#: axiom -> (kinds, number of points or None for any, for families too, equality, constants needed, rule)
Rule = tuple[tuple[str, ...], int | None, bool, bool, tuple[str, ...], Callable[..., None]]
RULES: dict[str, Rule] = {
    "interpolation": (("function",), 2, False, False, ("mu",), _interpolation),
    "descent": (("function",), 2, False, False, ("L",), _descent),
    "lipschitz": (("function", "operator"), 2, True, False, ("L",), _lipschitz),
    "bounded": (("function",), 1, False, False, ("M",), _bounded),
    "lower": (("function",), 1, False, False, ("lower",), _lower),
    "pl": (("function",), 1, False, False, ("PL", "lower"), _pl),
    "normal-cone": (("indicator",), 2, False, False, (), _normal_cone),
    "diameter": (("indicator",), 2, False, False, ("D",), _diameter),
    "indicator-value": (("indicator",), 1, False, True, (), _indicator_value),
    "symmetry": (("quadratic",), 2, False, True, (), _symmetry),
    "spectrum": (("quadratic",), None, False, False, (), spectrum),
    "value": (("quadratic",), 1, False, True, (), _quadratic_value),
    "monotone": (("operator",), 2, False, False, ("mu",), _monotone),
    "cocoercive": (("operator",), 2, False, False, ("beta",), _cocoercive),
    "contraction": (("compressor",), 1, True, False, (), _contraction),
}
