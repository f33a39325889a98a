"""Halpern's iteration for nonexpansive and for contractive operators, for all N."""

from gradproof.theory.classical import fixed_point
from gradproof.theory.classical._derivations._words import ahead, descends, square, interval
from gradproof.theory.derivation import (
    Call,
    Case,
    Class,
    Derivation,
    Formal,
    Induct,
    InductHypothesis,
    Inequality,
    Method,
    Sequence,
    Terms,
    Use,
    Vec,
    derivation,
)

RESIDUAL: Vec = {"x": "1", "t": "-1"}
MOVED: Vec = {"x": "1", "x0": "-1"}
START: Vec = {"x0": "1", "x*": "-1"}


def _method(L: tuple[str, str], weight: str, sequences: dict[str, Sequence]) -> Method:
    """x+ = weight x_0 + (1 - weight) T x."""
    return Method(
        {"T": Class("operator", {"L": L})},
        {"x": {"x0": weight, "t": f"1 - {weight}"}},
        ("t",),
        {"x": Call("T", {"x": "1"}, {"t": "1"}), "*": Call("T", {"x*": "1"}, {"x*": "1"}, by=("fixed-point",))},
        fixed=("x*", "x0"),
        fixed_values=(),
        start={"x": {"x0": "1"}},
        sequences=sequences,
    )


@derivation(fixed_point.HALPERN)
def halpern() -> Derivation:
    """k(k+1)/2 ||r||^2 + (k+1) <r, x - x_0> does not grow, r = x - T x."""
    potential: Terms = (square("k*(k+1)/2", RESIDUAL), ("k+1", RESIDUAL, MOVED))
    steps = {
        "step": Inequality(descends(potential), (Use("lipschitz", "T", ("x", "x'"), "(k+1)*(k+2)/2"),)),
        "induct": Induct("step", potential),
        "end": Inequality(
            (square("1", RESIDUAL), square("-4/(N+1)^2", START)),
            (Use("lipschitz", "T", ("x", "*"), "2/(N+1)"),),
            {"induct": "4/(N+1)^2"},
            index="N",
        ),
    }
    method = _method(("1", "nonexpansive"), "1/(k+2)", {})
    return Derivation(Formal(method, (square("1", RESIDUAL),), (square("1", START),)), Case((), steps))
