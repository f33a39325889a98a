"""The subgradient method, for all N: the squared distances telescope, and the best value is below the average."""

from gradproof.theory.classical import subgradient
from gradproof.theory.classical._derivations._words import DISTANCE, GAP, ahead, gradient_descent, interval, square, times
from gradproof.theory.derivation import (
    Best,
    Case,
    Combine,
    Derivation,
    Formal,
    Inequality,
    Law,
    Method,
    Minimum,
    Step,
    Sum,
    Terms,
    Use,
    derivation,
)

CLOSE: Terms = (square("1", DISTANCE),)


def _method(step: str, **roots: str) -> Method:
    plain = gradient_descent({"mu": ("0", "convex"), "M": ("M", "lipschitz")}, step)
    laws = {"start": Law((*CLOSE, ("-R^2", "1")), ("start",), index="0")}
    return Method(plain.members, plain.step, plain.outputs, plain.calls, plain.values, laws=laws, roots=roots)


def _steps(gamma: str) -> dict[str, Step]:
    """||x+ - x_*||^2 - ||x - x_*||^2 + 2 gamma (f - f_*) - gamma^2 M^2 <= 0, summed over N + 1 steps."""
    weight, rest = f"2*({gamma})", f"({gamma})^2*M^2"
    step = Inequality(
        (*ahead(CLOSE), *times("-1", CLOSE), *times(weight, GAP), (f"-{rest}", "1")),
        (Use("interpolation", "f", ("*", "x"), weight), Use("bounded", "f", ("x",), f"({gamma})^2")),
    )
    share = f"1/({weight}*(N+1))"
    return {
        "step": step,
        "sum": Sum("step", CLOSE, weight, GAP, ((f"-{rest}", "1"),), ((f"-k*{rest}", "1"),), "N+1"),
        "best": Best(weight, GAP, f"{weight}*k", "N+1"),
        "end": Combine({"sum": share, "best": share}, {"start": share}, ((share, {"x'": "1", "x*": "-1"}),)),
    }


@derivation(subgradient.FIXED_STEP)
def fixed_step() -> Derivation:
    domain = (interval("M"), interval("R"), interval("gamma"))
    return Derivation(Formal(_method("gamma"), Minimum(GAP, "N+1")), Case(domain, _steps("gamma")))


@derivation(subgradient.BEST_VALUE)
def best_value() -> Derivation:
    """The same with gamma = R / (M q), where q is the root of N + 1."""
    method = _method("R/(M*q)", q="N + 1")
    case = Case(
        (interval("M"), interval("R"), interval("q", "1")),
        _steps("R/(M*q)"),
        given={"N": "q^2 - 1"},
        frame=(interval("M"), interval("R")),
    )
    return Derivation(Formal(method, Minimum(GAP, "N+1")), case)
