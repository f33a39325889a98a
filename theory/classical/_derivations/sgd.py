"""A stochastic gradient step under interpolation: a gradient step on one function, in expectation over which."""

from gradproof.theory.classical import sgd
from gradproof.theory.classical._derivations._words import (
    DISTANCE,
    LONG,
    REGIME,
    SHORT,
    both,
    descends,
    gradient_descent,
)
from gradproof.theory.derivation import Case, Derivation, Formal, Inequality, Split, Terms, derivation
from gradproof.theory.derivation_words import square


@derivation(sgd.INTERPOLATION)
def interpolation() -> Derivation:
    """f is the function that was drawn; inner products are expectations over the draw."""
    method = gradient_descent({"mu": ("mu", "each"), "L": ("L", "each")}, by=("interpolation",))
    close: Terms = (square(DISTANCE),)
    cases = [
        Case(d, {"step": Inequality(descends(close, f"{rho}^2"), both("f", "x", "*", f"2*gamma*{rho}"), index="0")})
        for d, rho in ((SHORT, "(1 - gamma*mu)"), (LONG, "(gamma*L - 1)"))
    ]
    return Derivation(Formal(method, close, close, at="1", by=("expectation",)), Split(REGIME, *cases))
