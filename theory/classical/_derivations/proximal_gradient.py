"""Proximal and projected gradient, for all N: one step contracts the distance to the minimiser."""

from gradproof.theory.classical import proximal_gradient
from gradproof.theory.classical._derivations._words import (
    DISTANCE,
    LONG,
    REGIME,
    SHORT,
    STRONG_AND_SMOOTH,
    both,
    descends,
)
from gradproof.theory.derivation import (
    Call,
    Case,
    Class,
    Derivation,
    Formal,
    Induct,
    Inequality,
    Method,
    Split,
    Terms,
    derivation,
)
from gradproof.theory.derivation_words import square


def _contraction(assumption: str) -> Derivation:
    """x+ = x - gamma (g + s) with s a subgradient of h at x+; at x_* the gradient a of f and -a cancel."""
    method = Method(
        {"f": Class("function", STRONG_AND_SMOOTH), "h": Class("function", {"mu": ("0", assumption)})},
        {"x": {"x": "1", "g": "-gamma", "s": "-gamma"}},
        ("g", "s"),
        {
            "x": Call("f", {"x": "1"}, {"g": "1"}, "f"),
            "x+": Call("h", {"x'": "1"}, {"s": "1"}, "h'", ("proximal-optimality",)),
            "*": Call("f", {"x*": "1"}, {"a": "1"}, "f*"),
            "h*": Call("h", {"x*": "1"}, {"a": "-1"}, "h*", ("sum-rule",)),
        },
        ("f", "h"),
        fixed=("x*", "a"),
        fixed_values=("f*", "h*"),
    )
    close: Terms = (square(DISTANCE),)
    cases = []
    for domain, rho in ((SHORT, "(1 - gamma*mu)"), (LONG, "(gamma*L - 1)")):
        uses = (*both("f", "x", "*", f"2*gamma*{rho}"), *both("h", "x+", "h*", "2*gamma"))
        steps = {
            "step": Inequality(descends(close, f"{rho}^2"), uses),
            "end": Induct("step", close, f"{rho}^2", "P"),
        }
        cases.append(Case(domain, steps, powers={"P": f"{rho}^2"}))
    return Derivation(Formal(method, close, close), Split(REGIME, *cases))


@derivation(proximal_gradient.CONTRACTION)
def contraction() -> Derivation:
    return _contraction("composite")


@derivation(proximal_gradient.PROJECTED)
def projected() -> Derivation:
    return _contraction("projection")
