"""Derivations with noise whose variance is at most sigma2 + c ||grad F||^2 at each worker's own point."""

from gradproof.theory import derivation as d
from gradproof.theory.communication.local_sgd import claims
from gradproof.theory.communication.local_sgd.schedules import Steps, negative
from gradproof.theory.communication.local_sgd.workers import (
    APART,
    ETA,
    GAP,
    GRADIENTS,
    MARGIN,
    MU,
    RELATIVE,
    SIGMA2,
    UPPER,
    WORKERS,
    both_cases,
    contraction,
    descent,
    local_method,
    stands_for,
)
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval


@d.derivation(claims.RELATIVE_RECURSION)
def relative_recursion() -> d.Derivation:
    """What the relative part adds, eta^2 L c/(2 n) ||h + c + u||^2, is in the slack of the descent for short steps."""
    target: d.Terms = (
        ("1", "f'"), ("-1", "f*"), ("-(1 - eta*mu)", "f"), ("1 - eta*mu", "f*"), square({"d": "1"}, "-eta*L^2/2"),
        ("-eta^2*L*sigma2/(2*n)", "1"),
    )  # fmt: skip
    short = Interval("eta", "0", "1/(L*(1 + c/n))", closed_high=True)
    case = d.Case(
        (MU, UPPER, SIGMA2, RELATIVE, WORKERS, short), {"step": descent("eta", target, index="0", relative=True)}
    )
    method = local_method("eta", spread=False, relative=True)
    return d.Derivation(d.Formal(method, GAP, at="1", stands=stands_for(a_t=GAP, V_t=APART), by=("expectation",)), case)


def spreading(eta: str, scale: str, equal: bool, share: str = "(n - 1)/n") -> tuple[tuple[d.Use, ...], dict[str, str]]:
    """scale times: ||d - eta u - eta w||^2 <= (1 - eta mu)^2 ||d||^2 + eta^2 (n - 1)/n (sigma2 + c ||h + c + u||^2), where the
    last square is at most 2 L (f - f*) + L^2 ||d||^2, taken ``share`` c times.
    """
    uses, laws = contraction(eta, scale, equal)
    noise = f"({scale})*({eta})^2*{share}*c"
    turn = f"{noise}*2*L"
    gradient: tuple[d.Use, ...] = (d.Use("interpolation", "both", ("both all", "both *"), turn),)
    if equal:
        gradient = (
            d.Use("interpolation", "below", ("below all", "*"), turn),
            d.Use("lipschitz", "smooth", ("smooth all", "smooth *"), noise),
        )
    above = d.Use("descent", "above", ("above mean", "above all"), turn)
    return (*uses, above, *gradient), laws | {"hd": turn}


@d.derivation(claims.RELATIVE_CONSENSUS)
def relative_consensus() -> d.Derivation:
    """||grad F||^2 over all workers is at most 2 L (F(x) - F*) in their space, and F there at most f + L/2 ||d||^2."""
    part = "eta^2*(n - 1)/n"
    target: d.Terms = (
        square({"d'": "1"}), square({"d": "1"}, f"-(1 - eta*mu)^2 - {part}*c*L^2"), (f"-{part}*sigma2", "1"),
        (f"-{part}*2*c*L", "f"), (f"{part}*2*c*L", "f*"),
    )  # fmt: skip

    def case(equal: bool) -> d.Case:
        uses, laws = spreading("eta", "1", equal)
        step = d.Inequality(target, uses, laws=laws, index="0")
        if equal:
            short = Interval("eta", "0", "1/mu", closed_high=True)
            return d.Case((MU, SIGMA2, RELATIVE, WORKERS, short), {"step": step}, {"L": "mu"})
        short = Interval("eta", "0", "2/(L + mu)", closed_high=True)
        return d.Case((MU, Interval("L", "mu"), SIGMA2, RELATIVE, WORKERS, short), {"step": step})

    method = local_method("eta", spread=False, relative=True)
    formal = d.Formal(method, APART, at="1", stands=stands_for(a_t=GAP, V_t=APART), by=("expectation",))
    return d.Derivation(formal, both_cases(case))


@d.derivation(claims.RELATIVE_WORST_SCHEDULE)
def relative_worst_schedule() -> d.Derivation:
    """s (s - 1 + A)(f - f*) + L^2/mu s^2 ||d||^2 with s = k + beta - 1: in a step the first loses A (f - f*), which the second
    gains.
    """
    moved: d.Vec = {"d": "1", "u": f"-({ETA})", "w": f"-({ETA})"}
    averaged = d.Law((square({"y": "1"}), square(moved, "-1")), ("averaging",))
    method = local_method(ETA, averaged="y", relative=True, averaged_=averaged)

    def steps(equal: bool, A: str) -> Steps:
        weight, after = f"(k + beta - 1)*(k + beta - 2 + {A})", f"(k + beta)*(k + beta - 1 + {A})"
        apart, apart_after = "L^2/mu*(k + beta - 1)^2", "L^2/mu*(k + beta)^2"
        noise, spread_noise = "2*L*sigma2/(n*mu^2)", "4*L^2*sigma2/mu^3*(n - 1)/n"
        growth = f"{noise}*(1 + {A}/beta) + {spread_noise}"
        less: tuple[str, d.Vec] = (f"{noise}*(1/(k + beta) + {A}*k/(beta*(k + beta)))", {})
        end = f"1/((N + beta - 1)*(N + beta - 2 + {A}))"
        uses, laws = spreading(ETA, apart_after, equal, "1")
        kept = f"-({apart_after})*((1 - mu*({ETA}))^2 + ({ETA})^2*c*L^2)"
        spread: d.Terms = (
            square({"y": "1"}, apart_after), square({"d": "1"}, kept), (f"-({spread_noise})", "1"), (f"-({A})", "f"), (A, "f*"),
        )  # fmt: skip
        now: d.Terms = ((weight, "f"), (f"-{weight}", "f*"), square({"d": "1"}, apart))
        then: d.Terms = ((after, "f'"), (f"-{after}", "f*"), square({"d'": "1"}, apart_after))
        rest: d.Terms = ((f"-({growth})", "1"),)
        alone: d.Step = d.Inequality(
            spread, uses, laws={**laws, "averaged_": apart_after}, signs=((f"{apart_after}*({ETA})^2*c/n", GRADIENTS),)
        )
        return {
            "spread": alone,
            "step": descent(
                ETA, (*then, *negative(now), *rest), after, steps={"spread": "1"}, signs=(less,), relative=True
            ),
            "sum": d.Sum("step", now, rest=rest, total=((f"-k*({growth})", "1"),)),
            "end": d.Combine({"sum": end}, squares=((f"L^2/mu*(N + beta - 1)^2*{end}", {"d": "1"}),)),
        }

    least = "2*kappa*(1 + c) + 4*kappa^2*(1 + 2*kappa)*c"

    def case(equal: bool) -> d.Case:
        rest = (RELATIVE, SIGMA2, WORKERS, MARGIN)
        lets = {"kappa": "L/mu", "g": "beta - (2*L/mu*(1 + c) + 4*L^2/mu^2*(1 + 2*L/mu)*c)"}
        if equal:
            return d.Case((MU, *rest), steps(equal, "8*c"), {"beta": "2 + 14*c + g", "L": "mu"}, {"g": lets["g"]})
        domain = (MU, Interval("kappa", "1"), *rest)
        return d.Case(domain, steps(equal, "8*kappa^3*c"), {"L": "kappa*mu", "beta": f"{least} + g"}, lets)

    formal = d.Formal(method, GAP, horizon="T", stands={"a0": GAP}, by=("expectation", "common_start"))
    return d.Derivation(formal, both_cases(case))


# --- FedAC -----------------------------------------------------------------------------------------------------------


@d.derivation(claims.FEDAC_UNACCELERATED)
def fedac_unaccelerated() -> d.Derivation:
    """d = w - v shrinks by (1 - 1/alpha)(1 - 1/b), as u lies between w and v; averaging does not lengthen it."""
    left = "(1 - 1/alpha)*(1 - 1/b)"
    moved: d.Vec = {"d": left, "q": "1", "p": "-1"}
    averaged = d.Law((square({"y": "1"}), square(moved, "-1")), ("both_averaged",))
    equal = d.Law((square({"q": "1", "p": "-1"}),), ("equal_steps",))  # q = eta g, p = gamma g
    method = d.Method(
        {}, {"d": {"y": "1"}}, ("y", "q", "p"), {}, fixed=(), fixed_values=(), start={"d": {}},
        laws={"averaged": averaged, "equal": equal},
    )  # fmt: skip
    target: d.Terms = (square({"d'": "1"}), square({"d": "1"}, "-1"))
    step = d.Inequality(target, laws={"averaged": "1", "equal": f"1/(1 - ({left})^2)"})
    domain = (Interval("alpha", "1", closed_low=True), Interval("b", "1", closed_low=True))
    formal = d.Formal(method, APART, horizon="T", by=("both_start",))
    return d.Derivation(formal, d.Case(domain, {"step": step, "sum": d.Sum("step", APART)}))


@d.derivation(claims.FLOOR)
def floor() -> d.Derivation:
    """x+ = (1 - eta h) x - eta e with ||e||^2 = sigma2 + c h^2 ||x||^2, x the worker less x*."""
    by = ("exact_relative_noise", "parabola", "expectation", "tower")
    method = d.Method(
        {}, {"x": {"x": "1 - eta*h", "e": "-eta"}}, ("e",), {}, fixed=(), fixed_values=(),
        laws={
            "xe": d.Law((("1", {"x": "1"}, {"e": "1"}),), (*by, "alone"), equality=True),
            "noise": d.Law((square({"e": "1"}), ("-sigma2", "1"), square({"x": "1"}, "-c*h^2")), by, equality=True),
        },
    )  # fmt: skip
    error: d.Terms = (square({"x": "1"}, "h/2"),)
    rho, rise = "(1 - eta*h)^2 + c*eta^2*h^2", "h/2*eta^2*sigma2"
    step = d.Combine({}, {"xe": "-h*eta*(1 - eta*h)", "noise": "h/2*eta^2"}, index="k")
    domain = (Interval("h"), RELATIVE, Interval("eta", "0", "2/(h*(1 + c))"), SIGMA2)
    case = d.Case(domain, {"step": step, "end": d.Settle("step", error, rho, rise)})
    return d.Derivation(d.Formal(method, d.Limit(error), by=("expectation",)), case)
