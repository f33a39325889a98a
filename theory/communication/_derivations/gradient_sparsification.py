"""Derivations of the claims on a step with the sparsest gradient that meets the cap."""

from gradproof.theory import derivation as d
from gradproof.theory.communication import gradient_sparsification
from gradproof.theory.field import Interval


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


X: d.Terms = (_inner("1", "x", "x"),)
AFTER: d.Vec = {"x": "1", "g": "-gamma"}
METHOD = d.Method(
    {},
    {},
    (),
    {},
    fixed=("x", "g"),
    fixed_values=(),
    laws={
        "unbiased": d.Law((_inner("1", "x", "g"), _inner("-1", "x", "x")), ("unbiased", "expectation"), True),
        "cap": d.Law((_inner("1", "g", "g"), _inner("-(1 + eps)", "x", "x")), ("cap_met",), True),
    },
)
WEIGHTS = {"unbiased": "-2*gamma", "cap": "gamma^2"}


@d.derivation(gradient_sparsification.SGD_COST)
def sgd_cost() -> d.Derivation:
    """x+ = x - gamma g with g the sparsified gradient of ||x||^2/2."""
    formal = d.Formal(METHOD, (("1", AFTER, AFTER),), at="0", stands={"x2": X})
    return d.Derivation(formal, d.Case((Interval("gamma"), Interval("eps")), {"end": d.Combine({}, WEIGHTS)}))


@d.derivation(gradient_sparsification.SGD_THRESHOLD)
def sgd_threshold() -> d.Derivation:
    """E||x+||^2 - ||x||^2 is gamma((1 + eps) gamma - 2) ||x||^2, for every x that is not zero."""
    over = Interval("gamma")
    quantity = d.Threshold((("1", AFTER, AFTER), _inner("-1", "x", "x")), "gamma*((1 + eps)*gamma - 2)", over)
    formal = d.Formal(METHOD, quantity, X, at="0")
    return d.Derivation(formal, d.Case((Interval("eps"), over), {"end": d.Combine({}, WEIGHTS)}))


@d.derivation(gradient_sparsification.GREEDY_DENSITY)
def greedy_density() -> d.Derivation:
    """S is the sum of the probabilities, ``certain`` that of those at one, ``scaled`` what rescaling would make of the others."""
    laws = {
        "capped": d.Law(
            (("1", "S'"), ("-1", "certain"), ("-1", "scaled")), (), says="a rescaled probability is cut off at one"
        ),
        "shared": d.Law((("1", "certain"), ("1", "scaled"), ("-kappa*d", "1")), ("free_alone",), equality=True),
        "start": d.Law(
            (("1", "S"), ("-kappa*d", "1")), (), index="0", says=r"$p_i = \min(\kappa d|g_i|/\|g\|_1, 1)$ at the start"
        ),
    }
    method = d.Method({}, {}, (), {}, ("S", "certain", "scaled"), fixed=(), fixed_values=(), laws=laws)
    over: d.Terms = (("1", "S"), ("-kappa*d", "1"))
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"capped": "1", "shared": "1"}, index="k"),
        "fall": d.Induct("step", over, "0", "P"),
        "end": d.Combine({"fall": "1"}, {"start": "P"}),
    }
    domain = (Interval("kappa", "0", "1"), Interval("d", "1", "", True))
    case = d.Case(domain, steps, powers={"P": "0"}, first="0")
    return d.Derivation(d.Formal(method, (("1", "S"),)), case)
