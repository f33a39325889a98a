"""FISTA with momentum k/(k+3), for all N: the classical bound 2 L/(N+1)^2."""

from gradproof.theory.classical import fista
from gradproof.theory.classical._derivations._words import CONVEX_AND_SMOOTH, DISTANCE, ahead, interval
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
    Terms,
    Use,
    Vec,
    derivation,
)
from gradproof.theory.derivation_words import square, times

GAP: Terms = (("1", "f"), ("1", "h"), ("-1", "f*"), ("-1", "h*"))


@derivation(fista.CLASSICAL)
def classical() -> Derivation:
    """s is the subgradient of h at x+ that the proximal step yields, and sx the one at x. t = (k+2)/2.

    t^2 (F - F_*) + L/2 ||z - x_*||^2 gains F - F_* times t_k^2 - t_k - (k+1)^2/4 < 0, so that F >= F_* is needed.
    """
    momentum = "k/(k+3)"
    turned = f"-(1 + {momentum})/L"
    method = Method(
        {"f": Class("function", CONVEX_AND_SMOOTH), "h": Class("function", {"mu": ("0", "composite")})},
        {
            "x": {"y": "1", "g": "-1/L", "s": "-1/L"},
            "y": {"y": f"1 + {momentum}", "g": turned, "s": turned, "x": f"-{momentum}"},
            "sx": {"s": "1"},
        },
        ("g", "s", "gx"),
        {
            "y": Call("f", {"y": "1"}, {"g": "1"}, "fy"),
            "x": Call("f", {"x": "1"}, {"gx": "1"}, "f"),
            "hx": Call("h", {"x": "1"}, {"sx": "1"}, "h", ("proximal-optimality",), since=1),
            "*": Call("f", {"x*": "1"}, {"a": "1"}, "f*"),
            "h*": Call("h", {"x*": "1"}, {"a": "-1"}, "h*", ("sum-rule",)),
        },
        ("f", "fy", "h"),
        fixed=("x*", "a"),
        fixed_values=("f*", "h*"),
        start={"y": {"x": "1"}},
    )
    z: Vec = {"x": "1 - (k+2)/2", "y": "(k+2)/2", "x*": "-1"}
    t, before = "(k+2)/2", "(k+1)/2"
    potential: Terms = (*times(f"({before})^2", GAP), square(z, "L/2"))
    more = f"({t})^2 - {t}"
    new = (
        Use("descent", "f", ("y", "x'"), f"({t})^2"),
        Use("interpolation", "f", ("*", "y"), t),
        Use("interpolation", "h", ("h*", "hx'"), t),
    )
    old = (Use("interpolation", "f", ("x", "y"), more), Use("interpolation", "h", ("hx", "hx'"), more))
    # at k = 0 the multiplier of the old point is zero, and h need not be finite there
    first = Inequality((*ahead(potential), square(DISTANCE, "-L/2")), new, index="0")
    lower = (Use("interpolation", "f", ("x", "*"), "1/4"), Use("interpolation", "h", ("hx", "h*"), "1/4"))
    share = "4/(N+1)^2"
    steps = {
        "first": first,
        "step": Inequality((*ahead(potential), *times("-1", potential)), (*new, *old, *lower)),
        "induct": Induct("step", potential, start="1"),
        "end": Combine({"induct": share, "first": share}, squares=((f"{share}*L/2", z),)),
    }
    return Derivation(Formal(method, GAP, (square(DISTANCE),)), Case((interval("L"),), steps))
