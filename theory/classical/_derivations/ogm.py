"""The single optimised step, for all L."""

from gradproof.theory.classical import ogm
from gradproof.theory.classical._derivations._words import (
    CONVEX_AND_SMOOTH,
    DISTANCE,
    GAP,
    ahead,
    gradient_descent,
    interval,
)
from gradproof.theory.derivation import Case, Derivation, Formal, Inequality, Terms, Use, derivation
from gradproof.theory.derivation_words import square


@derivation(ogm.ONE_STEP)
def one_step() -> Derivation:
    """theta_1 = 2: x_1 = x_0 - 3/(2L) grad f(x_0), the mean of a step 1/L and a step 2/L."""
    method = gradient_descent(CONVEX_AND_SMOOTH, "3/(2*L)", ("minimiser", "fermat"))
    close: Terms = (square(DISTANCE),)
    step = Inequality(
        (*ahead(GAP), square(DISTANCE, "-L/8")),
        tuple(Use("interpolation", "f", pair, "1/2") for pair in (("*", "x"), ("*", "x'"), ("x", "x'"))),
        index="0",
    )
    return Derivation(Formal(method, GAP, close, at="1"), Case((interval("L"),), {"step": step}))
