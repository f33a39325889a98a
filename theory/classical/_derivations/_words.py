"""What the derivations of the classical methods share: vectors, gaps, and the next iterate of an expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gradproof.theory.derivation import Call, Class, Method, Term, Terms, Use, Vec
from gradproof.theory.derivation_words import times
from gradproof.theory.field import Interval

GAP: Terms = (("1", "f"), ("-1", "f*"))
DISTANCE: Vec = {"x": "1", "x*": "-1"}


def interval(name: str, low: str = "0", high: str = "", closed: str = "") -> Interval:
    """``low < name < high``; ``closed`` names the ends that belong to it: ``low``, ``high``."""
    return Interval(name, low, high, closed == "low", closed == "high")


def ahead(terms: Terms, fixed: tuple[str, ...] = ("x*", "x0", "f*", "h*", "a", "1")) -> Terms:
    """The same at k + 1."""

    def number(text: str) -> str:
        return re.sub(r"\bk\b", "(k+1)", text)

    def name(n: str) -> str:
        return n if n in fixed else f"{n}'"

    out: list[Term] = []
    what: list[Any]
    for c, *what in terms:
        if len(what) == 1:
            out.append((number(c), name(what[0])))
        else:
            out.append((number(c), *({name(n): number(x) for n, x in v.items()} for v in what)))  # type: ignore[arg-type]
    return tuple(out)


def descends(potential: Terms, rho: str = "1") -> Terms:
    """``V_{k+1} - rho V_k``."""
    return (*ahead(potential), *times(f"-({rho})", potential))


def both(member: str, a: str, b: str, multiplier: str) -> tuple[Use, Use]:
    """The interpolation inequality both ways."""
    return (
        Use("interpolation", member, (a, b), multiplier),
        Use("interpolation", member, (b, a), multiplier),
    )


def gradient_descent(
    constants: Mapping[str, tuple[str, str]],
    step: str = "gamma",
    by: tuple[str, ...] | None = ("fermat",),
    kind: str = "function",
) -> Method:
    """``x' = x - step g`` with g a (sub)gradient of f at x; ``by`` says why x_* exists, None leaves it out."""
    calls = {"x": Call("f", {"x": "1"}, {"g": "1"}, "f")}
    if by is not None:
        calls["*"] = Call("f", {"x*": "1"}, {}, "f*", by)
    return Method({"f": Class(kind, constants)}, {"x": {"x": "1", "g": f"-({step})"}}, ("g",), calls, ("f",))


STRONG_AND_SMOOTH = {"mu": ("mu", "strongly-convex"), "L": ("L", "smooth")}
CONVEX_AND_SMOOTH = {"mu": ("0", "convex"), "L": ("L", "smooth")}
SHORT = (interval("mu", closed="low"), interval("L", "mu"), interval("gamma", "0", "2/(L + mu)", "high"))
LONG = (interval("mu", closed="low"), interval("L", "mu"), interval("gamma", "2/(L + mu)"))
REGIME = "gamma*(L + mu) - 2"
