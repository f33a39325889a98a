"""The subgradient method, for all N: the squared distances telescope, and the best value is below the average."""

from typing import Any

from gradproof.theory.classical import subgradient
from gradproof.theory.classical._derivations._words import DISTANCE, GAP, ahead, gradient_descent, interval
from gradproof.theory.derivation import (
    Case,
    Combine,
    Derivation,
    Formal,
    Inequality,
    Law,
    Least,
    Method,
    Minimum,
    Step,
    Sum,
    Terms,
    Use,
    derivation,
)
from gradproof.theory.derivation_words import square, times
from gradproof.theory.field import Interval

CLOSE: Terms = (square(DISTANCE),)


def _method(step: str, **roots: str) -> Method:
    plain = gradient_descent({"mu": ("0", "convex"), "M": ("M", "lipschitz")}, step)
    laws = {"start": Law((*CLOSE, ("-R^2", "1")), ("start",), index="0")}
    return Method(plain.members, plain.step, plain.outputs, plain.calls, plain.values, laws=laws, roots=roots)


def _case(gamma: str, domain: tuple[Interval, ...], **more: Any) -> Case:
    """||x+ - x_*||^2 - ||x - x_*||^2 + 2 gamma m - gamma^2 M^2 <= 0 for the least gap m, summed over N + 1 steps."""
    weight, rest = f"2*({gamma})", f"({gamma})^2*M^2"
    gain: Terms = ((weight, "m"), (f"-{rest}", "1"))
    step = Inequality(
        (*ahead(CLOSE), *times("-1", CLOSE), *gain),
        (Use("interpolation", "f", ("*", "x"), weight), Use("bounded", "f", ("x",), f"({gamma})^2")),
        {"least": weight},
    )
    share = f"1/({weight}*(N+1))"
    steps: dict[str, Step] = {
        "least": Least("m"),
        "step": step,
        "sum": Sum("step", CLOSE, rest=gain, total=times("k", gain), upto="N+1"),
        "end": Combine({"sum": share}, {"start": share}, ((share, {"x'": "1", "x*": "-1"}),)),
    }
    return Case(domain, steps, reach="k<N+1", minima={"m": Minimum(GAP, "N+1")}, **more)


@derivation(subgradient.FIXED_STEP)
def fixed_step() -> Derivation:
    domain = (interval("M"), interval("R"), interval("gamma"))
    return Derivation(Formal(_method("gamma"), Minimum(GAP, "N+1")), _case("gamma", domain))


@derivation(subgradient.BEST_VALUE)
def best_value() -> Derivation:
    """The same with gamma = R / (M q), where q is the root of N + 1."""
    method = _method("R/(M*q)", q="N + 1")
    case = _case(
        "R/(M*q)",
        (interval("M"), interval("R"), interval("q", "1")),
        given={"N": "q^2 - 1"},
        frame=(interval("M"), interval("R")),
    )
    return Derivation(Formal(method, Minimum(GAP, "N+1")), case)
