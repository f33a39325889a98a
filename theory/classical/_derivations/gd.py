"""Gradient descent, for all N: one-step contractions and their induction."""

from gradproof.theory.classical import gd
from gradproof.theory.classical._derivations._words import (
    DISTANCE,
    GAP,
    LONG,
    REGIME,
    SHORT,
    STRONG_AND_SMOOTH,
    both,
    descends,
    gradient_descent,
    interval,
)
from gradproof.theory.derivation import (
    Case,
    Combine,
    Derivation,
    Formal,
    Induct,
    Inequality,
    Least,
    Minimum,
    Split,
    Sum,
    Terms,
    Use,
    derivation,
)
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval

CLOSE: Terms = (square(DISTANCE),)
GRADIENT: Terms = (square({"g": "1"}),)


def _case(domain, potential, rho, uses, **more) -> Case:
    """V_{k+1} <= rho V_k, hence V_N <= rho^N V_0."""
    power = {} if rho == "1" else {"P": rho}
    steps = {"step": Inequality(descends(potential, rho), uses), "end": Induct("step", potential, rho, *power)}
    return Case(domain, steps, powers=power, **more)


@derivation(gd.CONTRACTION)
def contraction() -> Derivation:
    cases = [
        _case(domain, CLOSE, f"(1 - gamma*{worst})^2", both("f", "x", "*", f"2*gamma*{rho}"))
        for domain, worst, rho in ((SHORT, "mu", "(1 - gamma*mu)"), (LONG, "L", "(gamma*L - 1)"))
    ]
    return Derivation(Formal(gradient_descent(STRONG_AND_SMOOTH), CLOSE, CLOSE), Split(REGIME, *cases))


@derivation(gd.FUNCTION_CONTRACTION)
def function_contraction() -> Derivation:
    def uses(rho: str) -> tuple[Use, ...]:
        return (
            Use("interpolation", "f", ("x", "x'"), rho),
            Use("interpolation", "f", ("*", "x"), f"{rho}*(1 - {rho})"),
            Use("interpolation", "f", ("*", "x'"), f"1 - {rho}"),
        )

    short = (interval("mu"), *SHORT[1:])
    long = (interval("mu"), interval("L", "mu"), interval("gamma", "2/(L + mu)", "2/L"))
    flat = (interval("L"), interval("gamma", "0", "2/L"))
    cases = [_case(d, GAP, f"{rho}^2", uses(rho)) for d, rho in ((short, "(1 - gamma*mu)"), (long, "(gamma*L - 1)"))]
    convex = _case(flat, GAP, "1", (Use("interpolation", "f", ("x", "x'")),), given={"mu": "0"})
    return Derivation(Formal(gradient_descent(STRONG_AND_SMOOTH), GAP, GAP), Split("mu", convex, Split(REGIME, *cases)))


@derivation(gd.GRADIENT_CONTRACTION)
def gradient_contraction() -> Derivation:
    cases = [
        _case(domain, GRADIENT, f"{rho}^2", both("f", "x", "x'", f"2*{rho}/gamma"))
        for domain, rho in ((SHORT, "(1 - gamma*mu)"), (LONG, "(gamma*L - 1)"))
    ]
    method = gradient_descent(STRONG_AND_SMOOTH, by=None)
    return Derivation(Formal(method, GRADIENT, GRADIENT), Split(REGIME, *cases))


@derivation(gd.PL)
def pl() -> Derivation:
    method = gradient_descent(
        {"mu": ("-L", "smooth"), "L": ("L", "smooth"), "PL": ("mu", "pl"), "lower": ("f*", "pl")}, by=None
    )
    rho = "1 - 2*mu*gamma*(1 - gamma*L/2)"
    uses = (Use("descent", "f", ("x", "x'")), Use("pl", "f", ("x",), "gamma*(1 - gamma*L/2)"))
    step = interval("gamma", "0", "2/L", "high")
    main = _case(
        (interval("L"), interval("mu", "0", "L", "high"), step),
        GAP,
        rho,
        uses,
        squares={rho: (("mu/L", "1 - gamma*L"), ("1 - mu/L", "1"))},
    )
    flat = _case((interval("L"), step), GAP, "1", uses[:1], given={"mu": "0"})
    return Derivation(Formal(method, GAP, GAP), Split("mu", flat, main))


@derivation(gd.GRADIENT_NONCONVEX)
def gradient_nonconvex() -> Derivation:
    """f(x+) - f(x) + a ||g||^2 + b ||g+||^2 <= 0, so m (a + b) for the least squared norm m; and f_N - inf f >= m/(2L).

    For gamma L > 1 the first weight is a = gamma (3 - (gamma L)^2)/4: that it is >= 0 is the assumption on the step.
    """
    method = gradient_descent({"mu": ("-L", "smooth"), "L": ("L", "smooth"), "lower": ("f*", "lower-bounded")}, by=None)
    moved: Terms = (("1", "f'"), ("-1", "f"))

    def case(gamma: Interval, gain: str, lam: str, a: str, **more) -> Case:
        uses = (
            Use("interpolation", "f", ("x", "x'"), f"1 + {lam}"),
            Use("interpolation", "f", ("x'", "x"), lam),
        )
        share = f"1/(N*({gain}) + 1/(2*L))"
        last: Terms = (("1/(2*L)", "m"), ("-1", "f"), ("1", "f*"))
        steps = {
            "least": Least("m"),
            "least'": Least("m", "k+1"),
            "least N": Least("m", "N"),
            "step": Inequality((*moved, square({"g": "1"}, a), square({"g'": "1"}, "gamma/4")), uses),
            "gain": Combine({"step": "1", "least": a, "least'": "gamma/4"}, index="k"),
            "sum": Sum("gain", (("1", "f"),), rest=((gain, "m"),), total=((f"k*({gain})", "m"),)),
            "lower": Inequality(last, (Use("lower", "f", ("x",)),), {"least N": "1/(2*L)"}, index="N"),
            "end": Combine({"sum": share, "lower": share}),
        }
        return Case((interval("L"), gamma), steps, reach="k<N", minima={"m": Minimum(GRADIENT, "N+1")}, **more)

    short = case(interval("gamma", "0", "1/L", "high"), "gamma*(4 - gamma*L)/4", "0", "gamma*(3 - gamma*L)/4")
    long = case(
        interval("gamma", "1/L", "2/L"),
        "gamma*(4 - gamma^2*L^2)/4",
        "(gamma*L - 1)/2",
        "gamma*(3 - gamma^2*L^2)/4",
        knows=("3 - gamma^2*L^2",),
    )
    return Derivation(Formal(method, Minimum(GRADIENT, "N+1"), GAP), Split("gamma*L - 1", short, long))
