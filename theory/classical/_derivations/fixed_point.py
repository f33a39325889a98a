"""Halpern's iteration for nonexpansive and for contractive operators, for all N."""

from gradproof.theory.classical import fixed_point
from gradproof.theory.classical._derivations._words import ahead, descends, interval
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
from gradproof.theory.derivation_words import square

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
    potential: Terms = (square(RESIDUAL, "k*(k+1)/2"), ("k+1", RESIDUAL, MOVED))
    steps = {
        "step": Inequality(descends(potential), (Use("lipschitz", "T", ("x", "x'"), "(k+1)*(k+2)/2"),)),
        "induct": Induct("step", potential),
        "end": Inequality(
            (square(RESIDUAL), square(START, "-4/(N+1)^2")),
            (Use("lipschitz", "T", ("x", "*"), "2/(N+1)"),),
            {"induct": "4/(N+1)^2"},
            index="N",
        ),
    }
    method = _method(("1", "nonexpansive"), "1/(k+2)", {})
    return Derivation(Formal(method, (square(RESIDUAL),), (square(START),)), Case((), steps))


@derivation(fixed_point.CONTRACTIVE_HALPERN)
def contractive_halpern() -> Derivation:
    """phi_k = 1 + c^2 + ... + c^(2k+2); (q_k - 1) ||r||^2 + 2 <r, x - x_0> - (1 - c^-2) ||x - x_0||^2 <= 0, q_k = phi_(k-1)."""

    def potential(q: str) -> Terms:
        return (square(RESIDUAL, f"{q} - 1"), ("2", RESIDUAL, MOVED), square(MOVED, "-(1 - 1/c^2)"))

    phi = Sequence("1 + c^2", "1 + c^2*phi", "1 + c^2", "(c^4*P^2 - 1)/(c^2 - 1)")
    now, grown = potential("(phi - 1)/c^2"), "c*P"
    uses = (Use("lipschitz", "T", ("x", "x'"), "phi - 1"),)
    end = Inequality(
        (square(RESIDUAL), square(START, f"-(1 + 1/c)^2*((c - 1)/({grown} - 1))^2")),
        (Use("lipschitz", "T", ("x", "*"), f"(c^2 - 1)/({grown} - 1)"),),
        {"induct": f"(c^2 - 1)/({grown}*({grown} - 1))"},
        index="N",
    )
    steps = {
        "base": Inequality(ahead(potential("phi")), uses, index="0"),
        "step": Inequality(ahead(potential("phi")), uses, assumes=((now, "(phi - 1)/phi"),)),
        "induct": InductHypothesis("base", "step", now),
        "end": end,
    }
    method = _method(("1/c", "contraction"), "1/phi", {"phi": phi})
    case = Case((interval("c", "1"),), steps, powers={"P": "c"})
    return Derivation(Formal(method, (square(RESIDUAL),), (square(START),)), case)
