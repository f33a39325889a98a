"""Decentralised gradient descent on any graph, for all N: all agents' vectors together, W as a quadratic."""

from gradproof.theory.classical import dgd
from gradproof.theory.classical._derivations._words import DISTANCE, both, descends, interval
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
    Use,
    derivation,
)
from gradproof.theory.derivation_words import square


@derivation(dgd.CONTRACTION)
def contraction() -> Derivation:
    """x holds the agents' vectors, f the sum of the f_i(x_i), y = W x; x+ = y - gamma g.

    At the fixed point W x_* = x_* + gamma a with a the gradient there.
    """
    method = Method(
        {
            "f": Class("function", {"mu": ("mu", "each"), "L": ("L", "each")}),
            "W": Class("quadratic", {"mu": ("w", "mixing"), "L": ("1", "mixing")}),
        },
        {"x": {"y": "1", "g": "-gamma"}},
        ("y", "g"),
        {
            "x": Call("f", {"x": "1"}, {"g": "1"}, "f", ("product-space",)),
            "*": Call("f", {"x*": "1"}, {"a": "1"}, "f*", ("product-space",)),
            "W": Call("W", {"x": "1"}, {"y": "1"}, "q", ("product-space",)),
            "W*": Call("W", {"x*": "1"}, {"x*": "1", "a": "gamma"}, "q*", ("product-space",)),
        },
        ("f", "q"),
        fixed=("x*", "a"),
        fixed_values=("f*", "q*"),
    )
    close: Terms = (square(DISTANCE),)

    def case(rho: str, w: str, domain: tuple, **more) -> Case:
        uses = (
            Use("spectrum", "W", ("W", "W*"), f"2*({rho})/(1 - ({w}))", ("1", "-1")),
            *both("f", "x", "*", f"2*gamma*({rho})"),
        )
        steps = {
            "step": Inequality(descends(close, f"({rho})^2"), uses),
            "end": Induct("step", close, f"({rho})^2", "P"),
        }
        return Case(domain, steps, powers={"P": f"({rho})^2"}, **more)

    curvature = (interval("mu", closed="low"), interval("L", "mu"))
    spectrum = interval("w", "-1", "1")
    tree = Split(
        "w + 1",
        case("gamma*L + 1", "-1", (*curvature, interval("gamma")), given={"w": "-1"}),
        Split(
            "gamma*(L + mu) - (1 + w)",
            case("1 - gamma*mu", "w", (spectrum, *curvature, interval("gamma", "0", "(1 + w)/(L + mu)", "high"))),
            case("gamma*L - w", "w", (spectrum, *curvature, interval("gamma", "(1 + w)/(L + mu)"))),
        ),
    )
    return Derivation(Formal(method, close, close), tree)
