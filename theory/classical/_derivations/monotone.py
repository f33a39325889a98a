"""Monotone inclusions, for all N: resolvent steps, forward steps, and the accelerated proximal point method."""

from gradproof.theory.classical import monotone
from gradproof.theory.classical._derivations._words import DISTANCE, descends, interval
from gradproof.theory.derivation import (
    Call,
    Case,
    Class,
    Combine,
    Derivation,
    Formal,
    Induct,
    Inequality,
    Invariant,
    Method,
    Split,
    Terms,
    Use,
    Vec,
    derivation,
)
from gradproof.theory.derivation_words import square

CLOSE: Terms = (square(DISTANCE),)
ZERO = Call("A", {"x*": "1"}, {}, by=("zero",))


def _forward(constants: dict[str, tuple[str, str]]) -> Method:
    calls = {"x": Call("A", {"x": "1"}, {"v": "1"}), "*": ZERO}
    return Method({"A": Class("operator", constants)}, {"x": {"x": "1", "v": "-gamma"}}, ("v",), calls, fixed_values=())


@derivation(monotone.CONTRACTION)
def proximal_contraction() -> Derivation:
    """x+ = x - gamma a with a an element of A x+: the definition of the resolvent."""
    method = Method(
        {"A": Class("operator", {"mu": ("mu", "strongly-monotone")})},
        {"x": {"x": "1", "a": "-gamma"}},
        ("a",),
        {"x+": Call("A", {"x'": "1"}, {"a": "1"}), "*": ZERO},
        fixed_values=(),
    )
    rho = "1/(1 + gamma*mu)^2"
    step = Inequality(descends(CLOSE, rho), (Use("monotone", "A", ("x+", "*"), "2*gamma/(1 + gamma*mu)"),))
    steps = {"step": step, "end": Induct("step", CLOSE, rho, "P")}
    case = Case((interval("mu", closed="low"), interval("gamma")), steps, powers={"P": rho})
    return Derivation(Formal(method, CLOSE, CLOSE), case)


@derivation(monotone.FORWARD)
def forward() -> Derivation:
    uses = (Use("monotone", "A", ("x", "*"), "2*gamma"), Use("lipschitz", "A", ("x", "*"), "gamma^2"))

    def case(rho: str, *domain, **more) -> Case:
        steps = {"step": Inequality(descends(CLOSE, rho), uses), "end": Induct("step", CLOSE, rho, "P")}
        return Case((interval("L"), *domain, interval("gamma")), steps, powers={"P": rho}, **more)

    rho = "1 - 2*gamma*mu + gamma^2*L^2"
    main = case(
        rho,
        interval("mu", "0", "L", "high"),
        squares={rho: (("1", "1 - gamma*mu"), ("L^2 - mu^2", "gamma"))},
    )
    method = _forward({"mu": ("mu", "strongly-monotone"), "L": ("L", "lipschitz")})
    return Derivation(Formal(method, CLOSE, CLOSE), Split("mu", case("1 + gamma^2*L^2", given={"mu": "0"}), main))


@derivation(monotone.COCOERCIVE)
def cocoercive() -> Derivation:
    """k gamma (2 beta - gamma) ||v||^2 + ||x - x_*||^2 does not grow, v = A x.."""
    gain = "gamma*(2*beta - gamma)"
    potential: Terms = (square({"v": "1"}, f"k*{gain}"), *CLOSE)
    uses = (
        Use("cocoercive", "A", ("x", "*"), "2*gamma"),
        Use("cocoercive", "A", ("x", "x'"), "2*(k+1)*(2*beta - gamma)"),
    )
    share = f"1/(N*{gain})"
    steps = {
        "step": Inequality(descends(potential), uses),
        "induct": Induct("step", potential),
        "end": Combine({"induct": share}, squares=((share, DISTANCE),)),
    }
    case = Case((interval("beta"), interval("gamma", "0", "2*beta")), steps)
    method = _forward({"beta": ("beta", "cocoercive")})
    return Derivation(Formal(method, (square({"v": "1"}),), CLOSE), case)


@derivation(monotone.ACCELERATED)
def accelerated_proximal_point() -> Derivation:
    """w is the y of the step before, so that w - x is the element of A x that the step used (k >= 1).

    y = (x_0 + k (2x - w))/(k+1) for every k, as in Halpern's method; the potential is Halpern's for the reflected resolvent.
    """
    method = Method(
        {"A": Class("operator", {"mu": ("0", "monotone")})},
        {
            "x": {"y": "1", "a": "-1"},
            "y": {"y": "1 + k/(k+2)", "a": "-(1 + k/(k+2))", "x": "-2*k/(k+2)", "w": "k/(k+2)"},
            "w": {"y": "1"},
        },
        ("a",),
        {"x": Call("A", {"x": "1"}, {"w": "1", "x": "-1"}, since=1), "*": ZERO},
        fixed=("x*", "x0"),
        fixed_values=(),
        start={"x": {"x0": "1"}, "y": {"x0": "1"}, "w": {"x0": "1"}},
    )
    b: Vec = {"w": "1", "x": "-1"}
    potential: Terms = (square(b, "2*k*(k-1)"), ("2*k", b, {"w": "1", "x0": "-1"}))
    anchored: Vec = {"y": "k+1", "x0": "-1", "x": "-2*k", "w": "k"}
    steps = {
        "anchored": Invariant(anchored),
        "step": Inequality(
            descends(potential),
            (Use("monotone", "A", ("x", "x'"), "2*k*(k+1)"),),
            nulls=(("anchored", {"a": "2*k + 2", "w": "-2*k", "x": "2*k"}, "1"),),
        ),
        "induct": Induct("step", potential, start="1"),
        "end": Inequality(
            (square(b), square({"x0": "1", "x*": "-1"}, "-1/N^2")),
            (Use("monotone", "A", ("x", "*"), "2/N"),),
            {"induct": "1/N^2"},
            index="N",
        ),
    }
    return Derivation(Formal(method, (square(b),), CLOSE), Case((), steps))
