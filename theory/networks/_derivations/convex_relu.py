"""The arithmetic and the geometric mean of a neuron's weights: (u - a)^2 >= 0."""

from gradproof.theory.derivation import Case, Derivation, Formal, Inequality, Method, derivation
from gradproof.theory.field import Interval
from gradproof.theory.networks import convex_relu


@derivation(convex_relu.AMGM)
def amgm() -> Derivation:
    """u and a are the norms themselves, so that the quantity is a number."""
    mean = "(u^2 + a^2)/2"
    step = Inequality(((f"a*u - {mean}", "1"),), signs=((f"{mean} - a*u", {}),), index="0")
    domain = (Interval("u", "0", "", True), Interval("a", "0", "", True))
    method = Method({}, {}, (), {}, fixed=(), fixed_values=())
    return Derivation(Formal(method, ((mean, "1"),), at="0", by=("equal_weights",)), Case(domain, {"step": step}))
