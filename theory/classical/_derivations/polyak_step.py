"""One gradient step of Polyak's size, given the size that was taken."""

from typing import Any

from gradproof.theory.classical import polyak_step
from gradproof.theory.classical._derivations._words import (
    DISTANCE,
    GAP,
    STRONG_AND_SMOOTH,
    descends,
    gradient_descent,
    interval,
)
from gradproof.theory.derivation import Case, Derivation, Formal, Inequality, Law, Method, Split, Terms, Use, derivation
from gradproof.theory.derivation_words import square, times
from gradproof.theory.field import Interval


@derivation(polyak_step.DISTANCE)
def distance() -> Derivation:
    plain = gradient_descent(STRONG_AND_SMOOTH)
    taken = Law((square({"g": "1"}, "gamma"), *times("-2", GAP)), ("polyak",), equality=True, index="0")
    method = Method(plain.members, plain.step, plain.outputs, plain.calls, plain.values, laws={"taken": taken})
    close: Terms = (square(DISTANCE),)
    d = "(gamma*(L + mu) - 1)"

    def case(*domain: Interval, **more: Any) -> Case:
        uses = (
            Use("interpolation", "f", ("x", "*"), f"2*gamma*(1 - gamma*mu)/{d}"),
            Use("interpolation", "f", ("*", "x"), f"2*gamma*(gamma*L - 1)/{d}"),
        )
        step = Inequality(
            descends(close, f"(gamma*L - 1)*(1 - gamma*mu)/{d}"),
            uses,
            laws={"taken": f"gamma*(gamma*(L + mu) - 2)/{d}"},
            index="0",
        )
        return Case(domain, {"step": step}, **more)

    tree = Split(
        "mu",
        case(interval("L"), interval("gamma", "1/L"), given={"mu": "0"}),
        Split(
            "1 - gamma*mu",
            case(interval("gamma"), interval("L", "1/gamma"), given={"mu": "1/gamma"}),
            case(interval("mu"), interval("L", "mu"), interval("gamma", "1/L", "1/mu", "low")),
        ),
    )
    return Derivation(Formal(method, close, close, at="1"), tree)
