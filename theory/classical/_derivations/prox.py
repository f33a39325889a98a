"""The proximal point method over convex functions, for all N."""

from gradproof.theory.classical import prox
from gradproof.theory.classical._derivations._words import DISTANCE, GAP, ahead, both, descends, interval
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
    Terms,
    Use,
    Vec,
    derivation,
)
from gradproof.theory.derivation_words import square, times

CLOSE: Terms = (square(DISTANCE),)


def _method(mu: tuple[str, str], **start: Vec) -> Method:
    """x+ = x - gamma s with s a subgradient at x+; g is the subgradient at x that the step before used (k >= 1)."""
    return Method(
        {"f": Class("function", {"mu": mu})},
        {"x": {"x": "1", "s": "-gamma"}, "g": {"s": "1"}},
        ("s",),
        {
            "x": Call("f", {"x": "1"}, {"g": "1"}, "f", ("proximal-optimality",), since=1),
            "*": Call("f", {"x*": "1"}, {}, "f*", ("minimiser", "fermat")),
        },
        ("f",),
        fixed=("x*", "x0"),
        start=start,
    )


@derivation(prox.CONTRACTION)
def contraction() -> Derivation:
    rho = "1/(1 + gamma*mu)^2"
    step = Inequality(descends(CLOSE, rho), both("f", "x'", "*", "2*gamma/(1 + gamma*mu)"))
    steps = {"step": step, "end": Induct("step", CLOSE, rho, "P")}
    case = Case((interval("mu", closed="low"), interval("gamma")), steps, powers={"P": rho})
    return Derivation(Formal(_method(("mu", "strongly-convex")), CLOSE, CLOSE), case)


@derivation(prox.GRADIENT)
def gradient() -> Derivation:
    """k^2 gamma^2 ||g||^2 + 2 k gamma (f - f_*) + ||x - x_*||^2 does not grow from k = 1 on."""
    potential: Terms = (square({"g": "1"}, "k^2*gamma^2"), *times("2*k*gamma", GAP), *CLOSE)
    new = Use("interpolation", "f", ("*", "x'"), "2*gamma")
    old = (
        Use("interpolation", "f", ("x", "x'"), "2*k*gamma + 2*k^2*gamma"),
        Use("interpolation", "f", ("x'", "x"), "2*k^2*gamma"),
    )
    share = "1/(gamma*N)^2"
    steps = {
        "first": Inequality((*ahead(potential), *times("-1", CLOSE)), (new,), index="0"),
        "step": Inequality(descends(potential), (new, *old)),
        "induct": Induct("step", potential, start="1"),
        "minimal": Inequality(times("-1", GAP), (Use("interpolation", "f", ("x", "*")),), index="N"),
        "end": Combine({"induct": share, "first": share, "minimal": "2/(gamma*N)"}, squares=((share, DISTANCE),)),
    }
    return Derivation(Formal(_method(("0", "convex")), (square({"g": "1"}),), CLOSE), Case((interval("gamma"),), steps))


@derivation(prox.FUNCTION_VALUE)
def function_value() -> Derivation:
    """A potential for a fixed horizon N: c_k (f_k - f_*) - <D_k, x_0 - x_*> + gamma N ||D_k||^2 + gamma (N-k) ||R_k||^2.

    c_k = k/(2N-k), D_k = sum (c_{i+1} - c_i) s_i over i < k, and k R_k = sum s_i - 2 N D_k.
    """
    c, d = "k/(2*N - k)", "((k+1)/(2*N - k - 1) - k/(2*N - k))"
    start: Vec = {"x0": "1", "x*": "-1"}
    potential: Terms = (
        *times(c, GAP),
        ("-1", {"D": "1"}, start),
        square({"D": "1"}, "gamma*N"),
        square({"R": "1"}, "gamma*(N - k)"),
    )
    run: Vec = {"x": "1", "x0": "-1", "R": "gamma*k", "D": "2*gamma*N"}
    new = Use("interpolation", "f", ("*", "x'"), d)
    steps = {
        "run": Invariant(run),
        "first": Inequality(ahead(potential), (new,), index="0"),
        "step": Inequality(
            descends(potential),
            (new, Use("interpolation", "f", ("x", "x'"), c)),
            nulls=(("run", {"s": d}, "1"),),
        ),
        "induct": Induct("step", potential, start="1"),
        "end": Combine(
            {"induct": "1", "first": "1"},
            squares=(("gamma*N", {"D": "1", "x0": "-1/(2*gamma*N)", "x*": "1/(2*gamma*N)"}),),
        ),
    }
    case = Case(
        (interval("gamma"),),
        steps,
        reach="k<N",
        defines={"D": {"D": "1", "s": d}, "R": {"R": "k/(k+1)", "s": f"(1 - 2*N*{d})/(k+1)"}},
    )
    return Derivation(Formal(_method(("0", "convex"), x={"x0": "1"}), GAP, (square(DISTANCE),)), case)
