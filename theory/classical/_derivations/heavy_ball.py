"""Heavy ball with beta^2 = (1 - gamma mu)(1 - gamma L), for all N: beta is a parameter, its square is not rounded."""

from gradproof.theory.classical import heavy_ball
from gradproof.theory.classical._derivations._words import GAP, STRONG_AND_SMOOTH, descends, interval
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


@derivation(heavy_ball.FUNCTION_VALUE)
def function_value() -> Derivation:
    """x+ = x - gamma g + beta (x - p), p the iterate before; V = f - f_* + (1 - gamma L)/(2 gamma) ||x - p||^2.

    With rho = 1 - gamma mu the curvatures are mu = (1 - rho)/gamma and L = (1 - beta^2/rho)/gamma, and beta < rho.
    """
    method = Method(
        {"f": Class("function", STRONG_AND_SMOOTH)},
        {"x": {"x": "1 + beta", "g": "-gamma", "p": "-beta"}, "p": {"x": "1"}},
        ("g",),
        {"x": Call("f", {"x": "1"}, {"g": "1"}, "f"), "*": Call("f", {"x*": "1"}, {}, "f*", ("fermat",))},
        ("f",),
        start={"p": {"x": "1"}},
        roots={"beta": "(1 - gamma*mu)*(1 - gamma*L)"},
    )
    move: Vec = {"x": "1", "p": "-1"}

    def steps(rho: str, uses: tuple[Use, ...]) -> dict:
        weight = f"beta^2/({rho})/(2*gamma)"
        potential: Terms = (*GAP, square(move, weight))
        power = () if rho == "1" else ("P",)
        return {
            "step": Inequality(descends(potential, rho), uses),
            "induct": Induct("step", potential, rho, *power),
            "end": Combine({"induct": "1"}, squares=((weight, move),)),
        }

    descent, star = Use("descent", "f", ("x", "x'")), Use("interpolation", "f", ("*", "x"), "1 - rho")
    main = Case(
        (interval("gamma"), interval("rho", "0", "1"), interval("beta", "0", "rho", "low")),
        steps("rho", (descent, star)),
        given={"mu": "(1 - rho)/gamma", "L": "(1 - beta^2/rho)/gamma"},
        lets={"rho": "1 - gamma*mu"},
        frame=(interval("gamma"), interval("L", "0", "1/gamma", "high"), interval("mu", "0", "L")),
        powers={"P": "rho"},
    )
    flat = Case(
        (interval("gamma"), interval("beta", "0", "1", "low")),
        steps("1", (descent,)),
        given={"mu": "0", "L": "(1 - beta^2)/gamma"},
        frame=(interval("gamma"), interval("L", "0", "1/gamma", "high")),
    )
    return Derivation(Formal(method, GAP, GAP), Split("mu", flat, main))
