"""The axioms, for the second checker of derivations: what each says of points of a member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flint

from gradproof.solvers.exact.derivation_case import Case, Form, Place, refuse
from gradproof.theory import derivation as d

_SPEAKS = {
    "L": ("interpolation", "descent", "lipschitz", "lower"),
    "M": ("bounded",),
    "D": ("diameter",),
    "PL": ("pl",),
    "beta": ("cocoercive",),
}


def axiom(w: Case, use: d.Use, member: d.Class, points: list, place: Place) -> tuple[Form, bool]:
    """The inequality ``form <= 0`` (or ``== 0``) that an axiom says of these points of a member."""
    constants: dict[str, Any] = {
        n: w.scalar(t, ("k", 0)) if n != "lower" else t for n, (t, _) in member.constants.items()
    }
    kind, one, two = member.kind, w.one, w.ring.number(flint.fmpq(2))
    for n in ("L", "M", "D", "PL", "beta"):
        if n in constants and use.axiom in _SPEAKS[n] and w.ring.sign(constants[n]) != 2:
            refuse(f"{n} of {use.member} is not shown to be positive")

    def minus(u: Mapping, v: Mapping) -> dict:
        return {key: c for key in {*u, *v} if (c := u.get(key, w.zero) - v.get(key, w.zero))}

    def inner(u: Mapping, v: Mapping) -> Form:
        return w.product(u, v)

    if kind == "function" and not member.average and any(f is None for *_, f in points):
        refuse(f"a point of {use.member} has no value")
    if use.axiom == "interpolation" and kind == "function" and not member.average:
        (x, _, f), (y, h, e) = points
        g, mu, dx = points[0][1], constants["mu"], minus(x, y)
        base = [(one, e), (-one, f), (one, inner(h, dx))]
        if "L" not in constants:
            return w.sum(*base, (mu / two, inner(dx, dx))), False
        L, dg = constants["L"], minus(g, h)
        if w.ring.sign(L - mu) != 2:
            refuse("mu < L is not shown")
        c = one / (two * (one - mu / L)) if L else refuse("L is zero")
        return w.sum(*base, (c / L, inner(dg, dg)), (c * mu, inner(dx, dx)), (-two * c * mu / L, inner(dg, dx))), False
    if use.axiom == "descent" and kind == "function" and not member.average:
        (x, g, f), (y, _, e) = points
        dx = minus(y, x)
        return w.sum((one, e), (-one, f), (-one, inner(g, dx)), (-constants["L"] / two, inner(dx, dx))), False
    if use.axiom == "lipschitz" and kind in ("function", "operator"):
        below = constants["mu"] + constants["L"] if kind == "function" and not member.average else w.zero
        if below and (w.ring.sign(below) or -9) < 0:
            refuse("the gradient is not shown to be Lipschitz")
        (x, g, _), (y, h, _) = points
        dx, dg = minus(x, y), minus(g, h)
        return w.sum((one, inner(dg, dg)), (-constants["L"] * constants["L"], inner(dx, dx))), False
    if use.axiom == "contraction" and kind == "compressor":
        (x, g, _), q2 = points[0], constants["q2"]
        w.need(q2, "q2")
        return w.sum((one, inner(minus(g, x), minus(g, x))), (-q2, inner(x, x))), False
    if member.average:
        refuse(f"{use.axiom} does not hold for a family")
    if use.axiom == "bounded" and kind == "function":
        g = points[0][1]
        return w.sum((one, inner(g, g)), (-constants["M"] * constants["M"], {(("1", "", 0),): one})), False
    if use.axiom == "lower" and kind == "function":
        _, g, f = points[0]
        square = (one / (two * constants["L"]), inner(g, g)) if "L" in constants else (one, {})
        return w.sum((one, {w.value(constants["lower"], place): one}), (-one, f), square), False
    if use.axiom == "pl" and kind == "function":
        _, g, f = points[0]
        PL = constants["PL"]
        return w.sum((two * PL, f), (-two * PL, {w.value(constants["lower"], place): one}), (-one, inner(g, g))), False
    if use.axiom == "normal-cone" and kind == "indicator":
        (x, _, _), (y, h, _) = points
        return w.sum((one, inner(h, minus(x, y)))), False
    if use.axiom == "diameter" and kind == "indicator":
        dx = minus(points[0][0], points[1][0])
        return w.sum((one, inner(dx, dx)), (-constants["D"] * constants["D"], {(("1", "", 0),): one})), False
    if use.axiom == "monotone" and kind == "operator":
        dx, dg = minus(points[0][0], points[1][0]), minus(points[0][1], points[1][1])
        return w.sum((-one, inner(dg, dx)), (constants["mu"], inner(dx, dx))), False
    if use.axiom == "cocoercive" and kind == "operator":
        dx, dg = minus(points[0][0], points[1][0]), minus(points[0][1], points[1][1])
        return w.sum((-one, inner(dg, dx)), (constants["beta"], inner(dg, dg))), False
    if use.axiom == "spectrum" and kind == "quadratic":
        low: dict = {}
        high: dict = {}
        for c, (x, g, _) in zip((w.scalar(t, place) for t in use.weights), points, strict=True):
            for key in {*x, *g}:
                a, b = x.get(key, w.zero), g.get(key, w.zero)
                low[key] = low.get(key, w.zero) + c * (b - constants["mu"] * a)
                high[key] = high.get(key, w.zero) + c * (constants["L"] * a - b)
        return w.sum((-one, inner(low, high))), False
    return refuse(f"{use.axiom} is no axiom of a {kind} that this checker knows")
