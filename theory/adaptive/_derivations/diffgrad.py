"""Derivations of the claims that compare a step of diffGrad with Adam's from the same state."""

from gradproof.theory import derivation as d
from gradproof.theory.adaptive import diffgrad
from gradproof.theory.field import Interval

ADAM = Interval("adam", "0", "", True)
XI = d.Number(Interval("xi", "1/2", "1", True), ("friction", "logistic"))


def _compared(target: d.Terms, weight: str, left: str) -> d.Derivation:
    """The length of the step is xi times that of Adam's."""
    law = d.Law(
        (("1", "step"), ("-xi*adam", "1")), ("same_state",), True, says=r"diffGrad takes $\xi$ times Adam's step"
    )
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("step",), laws={"scaled": law}, numbers=(XI,))
    end = d.Inequality(target, laws={"scaled": weight}, signs=((left, {}),), index="0")
    return d.Derivation(d.Formal(method, (("1", "step"),), at="0"), d.Case((ADAM, XI.interval), {"end": end}))


@d.derivation(diffgrad.FRICTION_RANGE)
def friction_range() -> d.Derivation:
    return _compared((("-1", "step"), ("adam/2", "1")), "-1", "(xi - 1/2)*adam")


@d.derivation(diffgrad.SHORTER_THAN_ADAM)
def shorter_than_adam() -> d.Derivation:
    return _compared((("1", "step"), ("-adam", "1")), "1", "(1 - xi)*adam")


@d.derivation(diffgrad.ALIASING_BUG)
def aliasing_bug() -> d.Derivation:
    """The difference of the gradients is read as zero, so that xi = 1/2."""
    laws = {
        "scaled": d.Law(
            (("1", "step"), ("-adam", "xi")), ("same_state",), True, says=r"diffGrad takes $\xi$ times Adam's step"
        ),
        "half": d.Law((("1", "xi"), ("-1/2", "1")), ("by_reference", "logistic"), True),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("step", "xi"), laws=laws)
    steps = {"end": d.Combine({}, {"scaled": "1", "half": "adam"})}
    return d.Derivation(d.Formal(method, (("1", "step"),), at="0"), d.Case((ADAM,), steps))
