"""Derivations: one-step inequalities in the space of all workers (``workers.py``), and their sums over the steps."""

from collections.abc import Callable, Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.communication.local_sgd import claims, noise  # noqa: F401
from gradproof.theory.communication.local_sgd.schedules import Steps, negative
from gradproof.theory.communication.local_sgd.workers import (
    APART,
    BETA,
    ETA,
    GAP,
    LET,
    MARGIN,
    MEAN_ZERO,
    MU,
    RELATIVE,
    SIGMA2,
    UPPER,
    WORKERS,
    both_cases,
    contraction,
    descent,
    local_method,
    no_inner,
    stands_for,
    with_beta,
)
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval

# --- one step --------------------------------------------------------------------------------------------------------


@d.derivation(claims.RECURSION)
def recursion() -> d.Derivation:
    target: d.Terms = (
        ("1", "f'"), ("-1", "f*"), ("-(1 - eta*mu)", "f"), ("1 - eta*mu", "f*"), square({"d": "1"}, "-eta*L^2/2"),
        ("-eta^2*L*sigma2/(2*n)", "1"),
    )  # fmt: skip
    case = d.Case(
        (MU, UPPER, SIGMA2, WORKERS, Interval("eta", "0", "1/L", closed_high=True)),
        {"step": descent("eta", target, index="0")},
    )
    stands = stands_for(a_t=GAP, V_t=APART)
    return d.Derivation(
        d.Formal(local_method("eta", spread=False), GAP, at="1", stands=stands, by=("expectation",)), case
    )


@d.derivation(claims.CONSENSUS)
def consensus() -> d.Derivation:
    target: d.Terms = (
        square({"d'": "1"}), square({"d": "1"}, "-(1 - eta*mu)^2"), ("-eta^2*sigma2*(n - 1)/n", "1"),
    )  # fmt: skip

    def case(equal: bool) -> d.Case:
        uses, laws = contraction("eta", "1", equal)
        step = d.Inequality(target, uses, laws=laws, index="0")
        if equal:
            return d.Case(
                (MU, SIGMA2, WORKERS, Interval("eta", "0", "1/mu", closed_high=True)), {"step": step}, {"L": "mu"}
            )
        short = Interval("eta", "0", "2/(L + mu)", closed_high=True)
        return d.Case((MU, Interval("L", "mu"), SIGMA2, WORKERS, short), {"step": step})

    formal = d.Formal(
        local_method("eta", spread=False), APART, at="1", stands=stands_for(V_t=APART), by=("expectation",)
    )
    return d.Derivation(formal, both_cases(case))


# --- the spread between averagings -----------------------------------------------------------------------------------


def _spread(weight: str, after: str, growth: str, total: str, end: str) -> d.Derivation:
    """weight ||d||^2 grows by at most ``growth`` a step; ``after`` is the weight at k + 1, ``total`` the sum of ``growth``."""
    eta = "2/(mu*(k + tau + beta))"
    potential: d.Terms = (square({"d": "1"}, weight),)
    rest: d.Terms = ((f"-({growth})", "1"),)

    def steps(equal: bool) -> Steps:
        uses, laws = contraction(eta, after, equal)
        target: d.Terms = (square({"d'": "1"}, after), square({"d": "1"}, f"-({weight})"), *rest)
        return {
            "step": d.Inequality(target, uses, laws=laws),
            "sum": d.Sum("step", potential, rest=rest, total=((f"-({total})", "1"),)),
            "end": d.Combine({"sum": end}),
        }

    formal = d.Formal(local_method(eta), APART, horizon="H", by=("expectation", "common_start"))
    return d.Derivation(formal, with_beta(steps, SIGMA2, WORKERS, after=(Interval("tau", closed_low=True),)))


C = "4*sigma2/mu^2*(n - 1)/n"


@d.derivation(claims.DRIFT)
def drift() -> d.Derivation:
    return _spread("(k + tau + beta - 1)^2", "(k + tau + beta)^2", C, f"k*({C})", "1/(N + tau + beta - 1)^2")


def _squares(start: str) -> str:
    """Sum of (start + j)^2 over j < k."""
    return f"(k*({start})^2 + ({start})*k*(k - 1) + k*(k - 1)*(2*k - 1)/6)"


@d.derivation(claims.SPREAD)
def spread() -> d.Derivation:
    s = "(k + tau + beta)"
    return _spread(
        f"({s} - 1)^2*({s} - 2)^2", f"{s}^2*({s} - 1)^2", f"({C})*({s} - 1)^2", f"({C})*{_squares('tau + beta - 1')}",
        "1/((N + tau + beta - 1)^2*(N + tau + beta - 2)^2)",
    )  # fmt: skip


# --- the error for any schedule --------------------------------------------------------------------------------------

WEIGHT, NEXT_WEIGHT = "(k + beta - 1)*(k + beta - 2)", "(k + beta)*(k + beta - 1)"
NOISE = "2*L*sigma2/(n*mu^2)"
COST = "4*L^2*sigma2/mu^3*(n - 1)/n"
DOMAIN = (MU, UPPER, SIGMA2, WORKERS, MARGIN)
#: what the noise of the mean may be less than its bound
LESS: tuple[str, d.Vec] = (f"({NOISE})/(k + beta)", {})


def _weighted(terms: d.Terms = (), after: d.Terms = ()) -> tuple[d.Terms, d.Terms]:
    """(k + beta - 1)(k + beta - 2)(f - f*) and further terms, as a potential and at k + 1."""
    now: d.Terms = ((WEIGHT, "f"), (f"-{WEIGHT}", "f*"), *terms)
    return now, ((NEXT_WEIGHT, "f'"), (f"-{NEXT_WEIGHT}", "f*"), *after)


END = "1/((N + beta - 1)*(N + beta - 2))"


def _growth(step: Callable[[d.Terms], d.Step], growth: str, terms: d.Terms = (), after: d.Terms = ()) -> Steps:
    """The potential (k + beta - 1)(k + beta - 2)(f - f*) + terms grows by at most ``growth`` a step; summed over N steps."""
    now, then = _weighted(terms, after)
    rest: d.Terms = ((f"-({growth})", "1"),)
    return {
        "step": step((*then, *negative(now), *rest)),
        "sum": d.Sum("step", now, rest=rest, total=((f"-k*({growth})", "1"),)),
    }


def _error(method: d.Method, by: tuple[str, ...] = (), **stands: d.Terms) -> d.Formal:
    return d.Formal(method, GAP, horizon="T", stands={"a0": GAP, **stands}, by=("expectation", *by))


@d.derivation(claims.MAIN)
def main() -> d.Derivation:
    """``s`` is what is left of S after k steps, ``r`` the number of steps since the last averaging."""
    method = local_method(
        ETA, spread=False,
        cost=d.Law((("1", "s'"), ("-1", "s"), ("1/(k + beta - 1)", "r")), (), True, says="a step takes its part of $S$"),
        left=d.Law((("-1", "s"),), (), says="no part of $S$ is negative"),
        drift=d.Law((square({"d": "1"}), (f"-({C})/(k + beta - 1)^2", "r")), ("drifting",)),
    )  # fmt: skip

    def step(target: d.Terms) -> d.Step:
        laws = {"cost": COST, "drift": "L^2/mu*(k + beta - 1)"}
        return descent(ETA, target, NEXT_WEIGHT, laws=laws, signs=(LESS,))

    steps = _growth(step, NOISE, ((COST, "s"),), ((COST, "s'"),))
    steps["end"] = d.Combine({"sum": END}, {"left": f"({COST})*({END})"})
    return d.Derivation(_error(method, S=(("1", "s"),)), d.Case(DOMAIN, steps, BETA, LET))


def _synchronised(relative: bool) -> d.Derivation:
    """All workers are at the mean before every step, so that d = 0."""
    method = local_method(ETA, spread=False, relative=relative, together=d.Law(APART, ("every_step",)))

    def step(target: d.Terms) -> d.Step:
        laws = {"together": f"({NEXT_WEIGHT})*({ETA})*L^2/2"}
        return descent(ETA, target, NEXT_WEIGHT, laws=laws, signs=(LESS,), relative=relative)

    steps = _growth(step, NOISE)
    steps["end"] = d.Combine({"sum": END})
    if not relative:
        return d.Derivation(_error(method), d.Case(DOMAIN, steps, BETA, LET))
    domain = (MU, UPPER, SIGMA2, RELATIVE, WORKERS, MARGIN)
    least = "2*L/mu*(1 + c/n)"
    return d.Derivation(_error(method), d.Case(domain, steps, {"beta": f"{least} + g"}, {"g": f"beta - {least}"}))


@d.derivation(claims.SYNCHRONISED)
def synchronised() -> d.Derivation:
    return _synchronised(False)


@d.derivation(claims.RELATIVE_SYNCHRONISED)
def relative_synchronised() -> d.Derivation:
    return _synchronised(True)


@d.derivation(claims.WORST_SCHEDULE)
def worst_schedule() -> d.Derivation:
    """The weighted spread pays for itself: (k + beta)^2 V+ <= (k + beta - 2)^2 V + C; averaged or not, |y| <= |d+|."""
    share = "L^2/mu*(beta - 1)/(2*beta - 3)"
    weight, after = f"({share})*(k + beta - 1)^2", f"({share})*(k + beta)^2"
    moved: d.Vec = {"d": "1", "u": f"-({ETA})", "w": f"-({ETA})"}
    averaged = d.Law((square({"y": "1"}), square(moved, "-1")), ("averaging",))
    method = local_method(ETA, averaged="y", averaged_=averaged)
    growth = f"{NOISE} + ({share})*({C})"

    def steps(equal: bool) -> Steps:
        uses, laws = contraction(ETA, after, equal)

        def step(target: d.Terms) -> d.Step:
            return descent(ETA, target, NEXT_WEIGHT, steps={"spread": "1"}, signs=(LESS,))

        target: d.Terms = (
            square({"y": "1"}, after),
            square({"d": "1"}, f"-({after})*(1 - mu*({ETA}))^2"),
            (f"-({share})*({C})", "1"),
        )
        spread = d.Inequality(target, uses, laws={**laws, "averaged_": after})
        made = _growth(step, growth, (square({"d": "1"}, weight),), (square({"d'": "1"}, after),))
        return {
            "spread": spread,
            **made,
            "end": d.Combine({"sum": END}, squares=((f"({share})*(N + beta - 1)^2*({END})", {"d": "1"}),)),
        }

    return d.Derivation(_error(method, ("common_start",)), with_beta(steps, SIGMA2, WORKERS))


# --- quadratics ------------------------------------------------------------------------------------------------------

ERROR: d.Vec = {"x": "1", "x*": "-1"}


def _quadratic(
    step: Mapping[str, d.Vec], points: Mapping[str, tuple[d.Vec, d.Vec, str]], by: tuple[str, ...], **more: Any
) -> d.Method:
    """A quadratic at points (x, gradient, value): Q of the kernel where mu < L, and what says as much where L = mu."""
    member = {
        "Q": d.Class("quadratic", {"mu": ("mu", "strongly_convex"), "L": ("L", "smooth")}),
        "below": d.Class("function", {"mu": ("mu", "strongly_convex")}),
        "smooth": d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth")}),
    }
    calls: dict[str, d.Call] = {}
    for name, (x, g, f) in points.items():
        centred = {k: c for k, c in {**x, "x*": f"{x.get('x*', '0')} - 1"}.items() if c != "1 - 1"}
        calls |= {f"Q {name}": d.Call("Q", centred, g, f, by)} | {
            f"{m} {name}": d.Call(m, x, g, f, by) for m in ("below", "smooth")
        }
    return d.Method(member, step, calls=calls, **more)


def _shrinks(scale: str, a: str, b: str, equal: bool) -> tuple[d.Use, ...]:
    """scale times: ||(x_a - x_b) - eta (g_a - g_b)||^2 <= (1 - eta mu)^2 ||x_a - x_b||^2."""
    if not equal:
        turn = f"2*({scale})*({ETA})*(1 - ({ETA})*mu)/(L - mu)"
        if b == "*":  # where Q has nothing to say
            return (d.Use("spectrum", "Q", (f"Q {a}",), turn, ("1",)),)
        return (d.Use("spectrum", "Q", (f"Q {a}", f"Q {b}"), turn, ("1", "-1")),)
    pairs = ((f"below {a}", f"below {b}"), (f"below {b}", f"below {a}"))
    ways = tuple(d.Use("interpolation", "below", pair, f"2*({scale})*({ETA})") for pair in pairs)
    return (*ways, d.Use("lipschitz", "smooth", (f"smooth {a}", f"smooth {b}"), f"({scale})*({ETA})^2"))


@d.derivation(claims.QUADRATIC_RATE)
def quadratic_rate() -> d.Derivation:
    """The mean moves as in SGD whatever the schedule: x+ = x - eta (g + e), g = Q (x - x*)."""
    method = _quadratic(
        {"x": {"x": "1", "g": f"-({ETA})", "e": f"-({ETA})"}},
        {"x": ({"x": "1"}, {"g": "1"}, "f"), "*": ({"x*": "1"}, {}, "f*")},
        ("quadratic", "one_objective", "fermat"), outputs=("g", "e"), values=("f",),
        laws={
            "xe": d.Law((("1", ERROR, {"e": "1"}),), MEAN_ZERO, equality=True),
            "ge": no_inner("g", "e", MEAN_ZERO),
            "noise": d.Law((square({"e": "1"}), ("-sigma2/n", "1")), MEAN_ZERO),
        },
    )  # fmt: skip
    close: d.Terms = (square(ERROR),)
    weight, after = f"({WEIGHT})^2", f"({NEXT_WEIGHT})^2"
    growth, total = "4*sigma2/(n*mu^2)*(k + beta - 1)^2", f"4*sigma2/(n*mu^2)*{_squares('beta - 1')}"
    target: d.Terms = (square({"x'": "1", "x*": "-1"}, after), square(ERROR, f"-({weight})"), (f"-({growth})", "1"))
    laws = {"xe": f"-2*({after})*({ETA})", "ge": f"2*({after})*({ETA})^2", "noise": f"({after})*({ETA})^2"}

    def steps(equal: bool) -> Steps:
        return {
            "step": d.Inequality(target, _shrinks(after, "x", "*", equal), laws=laws),
            "sum": d.Sum(
                "step", (square(ERROR, weight),), rest=((f"-({growth})", "1"),), total=((f"-({total})", "1"),)
            ),
            "end": d.Combine({"sum": f"({END})^2"}),
        }

    formal = d.Formal(method, close, horizon="T", stands={"D0": close}, by=("expectation",))
    return d.Derivation(formal, with_beta(steps, SIGMA2, WORKERS))


@d.derivation(claims.QUADRATIC_INVARIANCE)
def quadratic_invariance() -> d.Derivation:
    """z averages at every step; a is what the mean under the schedule differs from it by, with the same noise, from one start."""
    method = _quadratic(
        {"z": {"z": "1", "y": f"-({ETA})", "e": f"-({ETA})"}, "a": {"a": "1", "g": f"-({ETA})", "y": ETA}},
        {"x": ({"z": "1", "a": "1"}, {"g": "1"}, "f"), "z": ({"z": "1"}, {"y": "1"}, "fz")},
        ("quadratic", "additive", "one_objective"), outputs=("g", "y", "e"), values=("f", "fz"), start={"a": {}},
    )  # fmt: skip
    distance: d.Terms = (square({"a": "1"}),)
    target: d.Terms = (square({"a'": "1"}), *negative(distance))

    def steps(equal: bool) -> Steps:
        return {"step": d.Inequality(target, _shrinks("1", "x", "z", equal)), "sum": d.Sum("step", distance)}

    formal = d.Formal(method, distance, horizon="T", by=("common_start",))
    return d.Derivation(formal, with_beta(steps))
