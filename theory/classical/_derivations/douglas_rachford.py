"""Douglas-Rachford splitting, for all N: one step contracts the distance to the fixed point."""

from gradproof.theory.classical import douglas_rachford
from gradproof.theory.classical._derivations._words import STRONG_AND_SMOOTH, both, interval
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


@derivation(douglas_rachford.CONTRACTION)
def contraction() -> Derivation:
    """x = w - gamma u with u a subgradient of h at x; y = 2x - w - gamma v with v = grad f(y); w+ = w + y - x.

    At the fixed point both are x_* = w_* + gamma a, with a = grad f(x_*) and -a a subgradient of h at x_*.
    """
    star = {"w*": "1", "a": "gamma"}
    method = Method(
        {"f": Class("function", STRONG_AND_SMOOTH), "h": Class("function", {"mu": ("0", "composite")})},
        {"w": {"w": "1", "u": "-gamma", "v": "-gamma"}},
        ("u", "v"),
        {
            "x": Call("h", {"w": "1", "u": "-gamma"}, {"u": "1"}, "h", ("proximal-optimality",)),
            "y": Call("f", {"w": "1", "u": "-2*gamma", "v": "-gamma"}, {"v": "1"}, "f", ("proximal-optimality",)),
            "h*": Call("h", star, {"a": "-1"}, "h*", ("proximal-optimality",)),
            "*": Call("f", star, {"a": "1"}, "f*", ("proximal-optimality",)),
        },
        ("f", "h"),
        fixed=("w*", "a"),
        fixed_values=("f*", "h*"),
    )
    close: Terms = (square({"w": "1", "w*": "-1"}),)

    def next_close(rho: str) -> Terms:
        return (square({"w'": "1", "w*": "-1"}), square({"w": "1", "w*": "-1"}, f"-({rho})^2"))

    def case(rho: str, *domain, **more) -> Case:
        uses = (*both("f", "y", "*", f"2*gamma*({rho})"), *both("h", "x", "h*", f"2*gamma*({rho})*(2*({rho}) - 1)"))
        power = {} if rho == "1" else {"P": f"({rho})^2"}
        steps = {"step": Inequality(next_close(rho), uses), "end": Induct("step", close, f"({rho})^2", *power)}
        return Case((interval("gamma"), *domain), steps, powers=power, **more)

    of_mu, of_L = "1/(1 + gamma*mu)", "gamma*L/(1 + gamma*L)"
    tree = Split(
        "mu",
        case("1", interval("L"), given={"mu": "0"}),
        Split(
            "gamma*L - 1",
            case(of_mu, interval("L", "0", "1/gamma", "high"), interval("mu", "0", "L")),
            Split(
                "gamma^2*mu*L - 1",
                case(of_mu, interval("L", "1/gamma"), interval("mu", "0", "1/(gamma^2*L)", "high")),
                case(of_L, interval("L", "1/gamma"), interval("mu", "1/(gamma^2*L)", "L")),
            ),
        ),
    )
    return Derivation(Formal(method, close, close), tree)
