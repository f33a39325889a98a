"""Nesterov's method with constant momentum, for all N, with s = sqrt(mu/L)."""

from gradproof.theory.classical import nesterov
from gradproof.theory.classical._derivations._words import DISTANCE, GAP, STRONG_AND_SMOOTH, descends, interval
from gradproof.theory.derivation import (
    Call,
    Case,
    Class,
    Combine,
    Derivation,
    Formal,
    Induct,
    Inequality,
    Method,
    Split,
    Terms,
    Use,
    Vec,
    derivation,
)
from gradproof.theory.derivation_words import square

MOMENTUM = "(1 - s)/(1 + s)"


@derivation(nesterov.STRONGLY_CONVEX_CASE)
def strongly_convex() -> Derivation:
    """x+ = y - g/L, y+ = x+ + momentum (x+ - x); V = f - f_* + mu/2 ||z - x_*||^2 with z = x + (1 + 1/s)(y - x)."""
    method = Method(
        {"f": Class("function", STRONG_AND_SMOOTH)},
        {
            "x": {"y": "1", "g": "-1/L"},
            "y": {"y": f"1 + {MOMENTUM}", "g": f"-(1 + {MOMENTUM})/L", "x": f"-{MOMENTUM}"},
        },
        ("g", "gx"),
        {
            "y": Call("f", {"y": "1"}, {"g": "1"}, "fy"),
            "x": Call("f", {"x": "1"}, {"gx": "1"}, "f"),
            "*": Call("f", {"x*": "1"}, {}, "f*", ("fermat",)),
        },
        ("f", "fy"),
        start={"y": {"x": "1"}},
        roots={"s": "mu/L"},
    )
    z: Vec = {"y": "1 + 1/s", "x": "-1/s", "x*": "-1"}
    potential: Terms = (*GAP, square(z, "mu/2"))
    uses = (
        Use("descent", "f", ("y", "x'")),
        Use("interpolation", "f", ("x", "y"), "1 - s"),
        Use("interpolation", "f", ("*", "y"), "s"),
    )
    main = Case(
        (interval("L"), interval("s", "0", "1")),
        {
            "step": Inequality(descends(potential, "1 - s"), uses),
            "induct": Induct("step", potential, "1 - s", "P"),
            "end": Combine({"induct": "1"}, squares=(("mu/2", z),)),
        },
        given={"mu": "s^2*L"},
        frame=(interval("L"), interval("mu", "0", "L")),
        powers={"P": "1 - s"},
    )
    move: Vec = {"y": "1", "x": "-1"}
    limit: Terms = (*GAP, square(move, "L/2"))  # of the potential, for mu = 0
    flat = Case(
        (interval("L"),),
        {
            "step": Inequality(descends(limit), (uses[0], Use("interpolation", "f", ("x", "y")))),
            "induct": Induct("step", limit),
            "end": Combine({"induct": "1"}, squares=(("L/2", move),)),
        },
        given={"mu": "0", "s": "0"},
    )
    initial: Terms = (*GAP, square(DISTANCE, "mu/2"))
    return Derivation(Formal(method, GAP, initial), Split("mu", flat, main))
