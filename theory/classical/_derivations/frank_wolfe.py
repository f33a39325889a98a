"""Frank-Wolfe with step 2/(k+2), for all N: f(x_k) - f_* <= 2 L D^2/(k+2) by induction from k = 1."""

from gradproof.theory.classical import frank_wolfe
from gradproof.theory.classical._derivations._words import CONVEX_AND_SMOOTH, GAP, ahead, interval
from gradproof.theory.derivation import (
    Call,
    Case,
    Class,
    Derivation,
    Formal,
    InductHypothesis,
    Inequality,
    Method,
    Terms,
    Use,
    derivation,
)


@derivation(frank_wolfe.FUNCTION_VALUE)
def function_value() -> Derivation:
    """Members: f, and the set C, whose normal cone has -g at s (s minimises <g, .>) and -a at x_* (a = grad f(x_*))."""
    method = Method(
        {"f": Class("function", CONVEX_AND_SMOOTH), "C": Class("indicator", {"D": ("D", "diameter")})},
        {"x": {"x": "1 - 2/(k+2)", "s": "2/(k+2)"}},
        ("g", "s"),
        {
            "x": Call("f", {"x": "1"}, {"g": "1"}, "f"),
            "*": Call("f", {"x*": "1"}, {"a": "1"}, "f*"),
            "x in C": Call("C", {"x": "1"}, {}, by=("convex-combination", "diameter")),
            "s": Call("C", {"s": "1"}, {"g": "-1"}, by=("first-order-optimality",)),
            "x* in C": Call("C", {"x*": "1"}, {"a": "-1"}, by=("first-order-optimality",)),
        },
        ("f",),
        fixed=("x*", "a"),
    )
    eta, bound = "2/(k+2)", "2*L*D^2/(k+2)"
    claim: Terms = (*GAP, (f"-{bound}", "1"))
    left = f"2*L*D^2/(k+3) - (1 - {eta})*{bound} - ({eta})^2*L*D^2/2"  # what the step leaves of the bound
    uses = (
        Use("descent", "f", ("x", "x'")),
        Use("interpolation", "f", ("*", "x"), eta),
        Use("normal-cone", "C", ("x* in C", "s"), eta),
        Use("diameter", "C", ("x in C", "s"), f"({eta})^2*L/2"),
    )
    steps = {
        "base": Inequality(ahead(claim), uses, signs=((left, {}),), index="0"),
        "step": Inequality(ahead(claim), uses, signs=((left, {}),), assumes=((claim, f"1 - {eta}"),)),
        "end": InductHypothesis("base", "step", claim),
    }
    return Derivation(Formal(method, GAP), Case((interval("L"), interval("D")), steps))
