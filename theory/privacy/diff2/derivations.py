"""Derivations: a law for each step of noise or accounting, descent by the kernel, sums over the rounds, and least values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval
from gradproof.theory.privacy.diff2 import claims as paper

Nothing: Any = d.Method({}, {}, (), {}, fixed=(), fixed_values=())


def _positive(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name) for name in names)


def _at_least(low: str, *names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name, low, "", True) for name in names)


# --- sensitivity and accounting ---------------------------------------------------------------------------------------


@d.derivation(paper.SENSITIVITY)
def sensitivity() -> d.Derivation:
    """|g - h|^2 = 2|g|^2 + 2|h|^2 - |g + h|^2."""
    return _sensitivity(("-G^2", "1"), "bounded-gradients", (*_positive("G"), *_at_least("1", "n")), {})


@d.derivation(paper.SENSITIVITY_DIFFERENCE)
def sensitivity_of_a_difference() -> d.Derivation:
    """The same of differences of gradients."""
    return _sensitivity(
        ("-L^2", "q2"), "samplewise-smooth", (*_positive("L"), *_at_least("1", "n")), {"q": (("1", "q2"),)}
    )


def _sensitivity(limit: d.Term, by: str, domain: tuple[Interval, ...], stands: Mapping[str, d.Terms]) -> d.Derivation:
    """g of the sample that is replaced, h of the one that replaces it; |g|^2 + limit <= 0."""
    laws = {v: d.Law((square({v: "1"}), limit), (by,)) for v in ("g", "h")}
    laws["mean"] = d.Law(
        (square({"D": "1"}), square({"g": "1", "h": "-1"}, "-1/n^2")), ("one-replaced",), True,
        says="all other samples are the same",
    )  # fmt: skip
    method = d.Method({}, {}, (), {}, fixed=("D", "g", "h"), fixed_values=("q2",) if stands else (), laws=laws)
    end = d.Combine({}, {"mean": "1", "g": "2/n^2", "h": "2/n^2"}, ((("1/n^2"), {"g": "1", "h": "1"}),))
    formal = d.Formal(method, (square({"D": "1"}),), at="0", stands=stands)
    return d.Derivation(formal, d.Case(domain, {"end": end}))


GRANTED = ("one-replaced", "bounded-gradients", "samplewise-smooth", "gaussian-noise", "restarts", "composition")


def _accounting(period: str, by: tuple[str, ...]) -> d.Method:
    """V is mu^2 of the periods so far; each adds at most the one of a restart and T - 1 differences."""
    laws = {
        "period": d.Law((("1", "V'"), ("-1", "V"), (f"-({period})", "1")), by),
        "start": d.Law((("1", "V"),), (), True, "0", "nothing is released before the first round"),
    }
    return d.Method({}, {}, (), {}, values=("V",), fixed=(), fixed_values=(), laws=laws)


def _sum_of_periods(period: str) -> dict[str, d.Step]:
    return {
        "sum": d.Sum("period", (("1", "V"),), rest=((f"-({period})", "1"),), total=((f"-({period})*k", "1"),)),
        "end": d.Combine({"sum": "1"}, {"start": "1"}),
    }


@d.derivation(paper.PRIVACY)
def privacy() -> d.Derivation:
    """A Gaussian release of sensitivity S and noise s is (S/s)-GDP; the step cancels in the ratio of a difference."""
    period = "4*G^2/(n*sigma_1)^2 + (T - 1)*4*L^2/(n*tau)^2"
    steps = {"period": d.Combine({}, {"period": "1"}, index="k"), **_sum_of_periods(period)}
    domain = (*_positive("G", "L", "sigma_1", "tau"), *_at_least("1", "n", "T"))
    formal = d.Formal(_accounting(period, GRANTED), (("1", "V"),), horizon="k_1")
    return d.Derivation(formal, d.Case(domain, steps))


def _calibrated(restart: str, difference: str, domain: tuple[Interval, ...]) -> d.Derivation:
    """N periods, R = NT, with the squares of the two noises; G, L and n cancel."""
    free = tuple(d.Number(i, ()) for i in (*_positive("G", "L"), *_at_least("1", "n")))
    period = f"4*G^2/(n^2*{restart}) + (T - 1)*4*L^2/(n^2*{difference})"
    steps = {"period": d.Combine({}, {"period": "1"}, index="k"), **_sum_of_periods(period)}
    method = replace(_accounting(period, (*GRANTED, "whole-periods")), numbers=free)
    return d.Derivation(d.Formal(method, (("1", "V"),)), d.Case((*domain, *(i.interval for i in free)), steps))


@d.derivation(paper.CALIBRATION)
def calibration() -> d.Derivation:
    """Half for N restarts, and of the other half all but the N rounds that restart."""
    domain = (*_positive("mu"), *_at_least("1", "T"))
    return _calibrated("(8*G^2*N/(n*mu)^2)", "(8*L^2*N*T/(n*mu)^2)", domain)


@d.derivation(paper.PUBLISHED)
def published() -> d.Derivation:
    """The same with shares 1/u and 1 - 1/u of eps/alpha."""
    domain = (*_positive("eps"), Interval("alpha", "1"), Interval("u", "1"), *_at_least("1", "T"))
    return _calibrated("(4*u*alpha*G^2*N/(n^2*eps))", "(4*u/(u - 1)*alpha*L^2*N*T/(n^2*eps))", domain)


@d.derivation(paper.PUBLISHED_RENYI)
def published_renyi() -> d.Derivation:
    """Half of eps is the divergence, and at most the other half the conversion."""
    laws = {"budget": d.Law((("1", "V"), ("-eps/alpha", "1")), ("budget",))}
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("V",), laws=laws)
    end = d.Combine({}, {"budget": "alpha/2"}, (("eps/2 - ell/(alpha - 1)", {}),))
    case = d.Case((*_positive("eps", "ell"), Interval("alpha", "1 + 2*ell/eps", "", True)), {"end": end})
    formal = d.Formal(method, (("alpha/2", "V"), ("ell/(alpha - 1)", "1")), at="0")
    return d.Derivation(formal, case)


@d.derivation(paper.RENYI)
def renyi() -> d.Derivation:
    """With w = sqrt(2 log(1/delta)) the value exceeds its least one by (mu (alpha - 1) - w)^2/(2 (alpha - 1))."""
    over = Interval("a", "1")
    quantity = d.Infimum("a*mu^2/2 + ell/(a - 1)", over, "1 + w/mu", "orders")
    end = d.Combine({}, squares=(("(mu*(a - 1) - w)^2/(2*(a - 1))", {}),))
    case = d.Case((*_positive("mu", "w"), over), {"end": end}, given={"ell": "w^2/2"}, roots={"w": "2*ell"})
    return d.Derivation(d.Formal(Nothing, quantity, at="0"), case)


# --- the estimator and one step ---------------------------------------------------------------------------------------


@d.derivation(paper.ESTIMATOR_STEP)
def estimator_step() -> d.Derivation:
    """e' = e + z in the mean over the noise z, which has tau^2 |x_r - x_{r-1}|^2 in each of d directions."""
    laws = {
        "size": d.Law((square({"z": "1"}), ("-d*tau^2", "q2")), ("gaussian-noise", "tower"), True),
        "independent": d.Law((("1", {"e": "1"}, {"z": "1"}),), ("gaussian-noise",), True),
        "estimator": d.Law(
            (square({"e'": "1"}), square({"e": "1", "z": "1"}, "-1")), ("unclipped",), True,
            says="the difference of gradients is exact but for its noise",
        ),
    }  # fmt: skip
    method = d.Method({}, {}, ("e", "z"), {}, fixed=(), fixed_values=("q2",), laws=laws)
    end = d.Combine({}, {"estimator": "1", "size": "1", "independent": "2"}, index="0")
    stands: dict[str, d.Terms] = {"e2": (square({"e": "1"}),), "q": (("1", "q2"),)}
    formal = d.Formal(method, (square({"e": "1"}),), at="1", stands=stands, by=("expectation",))
    return d.Derivation(formal, d.Case((*_at_least("1", "d"), *_positive("tau")), {"end": end}))


SMOOTH = {"f": d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth"), "lower": ("f*", "lower-bounded")})}
CALL = {"F": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}
NEXT_POINT = (d.Use("descent", "f", ("F", "F'")),)


@d.derivation(paper.DESCENT)
def descent() -> d.Derivation:
    """Smoothness, with <g, v> = (|g|^2 + |v|^2 - |v - g|^2)/2."""
    members = {"f": d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth")})}
    start = d.Law((("1", "f"), ("-1", "f0")), (), True, "0", "the value at x")
    method = d.Method(
        members, {"x": {"x": "1", "v": "-eta"}}, ("g", "v"), CALL, ("f",), fixed=(), fixed_values=("f0",), laws={"start": start}
    )  # fmt: skip
    bound = (
        square({"g": "1"}, "eta/2"), square({"v": "1"}, "eta/2 - L*eta^2/2"), square({"v": "1", "g": "-1"}, "-eta/2"),
    )  # fmt: skip
    steps: dict[str, d.Step] = {
        "step": d.Inequality((("1", "f'"), ("-1", "f"), *bound), NEXT_POINT, index="0"),
        "end": d.Combine({"step": "1"}, {"start": "1"}),
    }
    stands: dict[str, d.Terms] = {
        "g2": (square({"g": "1"}),), "v2": (square({"v": "1"}),), "w2": (square({"v": "1", "g": "-1"}),),
    }  # fmt: skip
    formal = d.Formal(method, (("1", "f"), ("-1", "f0")), at="1", stands=stands)
    return d.Derivation(formal, d.Case(_positive("L", "eta"), steps))


# --- utility ----------------------------------------------------------------------------------------------------------

GAP: dict[str, d.Terms] = {"Delta": (("1", "f"), ("-1", "f*"))}
GRADIENT: d.Terms = (square({"g": "1"}),)
NOISE = ("unclipped", "gaussian-noise", "expectation", "tower")


def _run(eta: str, laws: dict[str, d.Law], values: tuple[str, ...], roots: Mapping[str, str]) -> d.Method:
    """x' = x - eta (g + e), e the error of the estimate, in expectations."""
    return d.Method(
        SMOOTH, {"x": {"x": "1", "g": f"-{eta}", "e": f"-{eta}"}}, ("g", "e"), CALL, values, ("x*",), ("f*",), laws=laws,
        roots=roots,
    )  # fmt: skip


def _moved(eta: str) -> d.Vec:
    return {"g": f"-{eta}", "e": f"-{eta}"}


def _summed(
    eta: str, potential: d.Terms, noise: str, step: d.Inequality, ends: Mapping[str, str], least: d.Terms
) -> dict[str, d.Step]:
    """From descent of a potential, which is at least ``least`` + f at the end, to the mean of the squared gradients."""
    per_round = f"{eta}/2*({noise})"
    steps: dict[str, d.Step] = {
        "step": step,
        "sum": d.Sum("step", potential, f"{eta}/2", GRADIENT, ((f"-{per_round}", "1"),), ((f"-{per_round}*k", "1"),)),
        "below": d.Inequality((("1", "f*"), ("-1", "f")), (d.Use("lower", "f", ("F",)),), index="N"),
    }
    if least:
        steps["left"] = d.Combine({}, {"left": "1"}, index="N")
    share = f"2/({eta}*N)"
    more = {"left": share} if least else {}
    steps["end"] = d.Combine({"sum": share, "below": share, **more}, {name: f"{c}*{share}" for name, c in ends.items()})
    return steps


def _by_restarts(
    eta: str, T: str, sigma2: str, tau2: str, by: tuple[str, ...], roots: Mapping[str, str], signs: tuple[str, ...]
) -> tuple[d.Method, dict[str, d.Step]]:
    """w = (eta/2) (rounds to the next restart) (E|e|^2 - d sigma^2): zero at a restart, and never negative.

    From a round to the next it gains at most (eta/2) ((T - 1) d tau^2 E|x' - x|^2 - E|e|^2 + d sigma^2): where a restart follows,
    one round is left, and w' = 0; else one round fewer, and the error has grown by d tau^2 E|x' - x|^2.
    """
    half = f"{eta}/2"
    laws = {
        "restarts": d.Law(
            (
                ("1", "w'"), ("-1", "w"), square(_moved(eta), f"-{half}*({T} - 1)*d*{tau2}"), square({"e": "1"}, half),
                (f"-{half}*d*{sigma2}", "1"),
            ),
            ("restarts", *NOISE, *by),
        ),
        "left": d.Law((("-1", "w"),), ("restarts", *NOISE)),
        "start": d.Law((("1", "w"),), ("restarts",), True, "0", "the first round is a restart"),
    }  # fmt: skip
    method = _run(eta, laws, ("f", "w"), roots)
    target = (
        ("1", "f'"),
        ("1", "w'"),
        ("-1", "f"),
        ("-1", "w"),
        *((half, {"g": "1"}, {"g": "1"}),),
        (f"-{half}*d*{sigma2}", "1"),
    )
    step = d.Inequality(target, NEXT_POINT, laws={"restarts": "1"}, signs=tuple((c, _moved(eta)) for c in signs))
    potential = (("1", "f"), ("1", "w"))
    return method, _summed(eta, potential, f"d*{sigma2}", step, {"start": "1"}, (("1", "w"),))


SHORT = "1 - eta*L - eta^2*tau^2*d*({} - 1)"


@d.derivation(paper.PERIOD)
def period() -> d.Derivation:
    """The potential f + (eta/2)(N - k)|e|^2."""
    laws = {
        "noise": d.Law((square({"e'": "1"}), square({"e": "1"}, "-1"), square(_moved("eta"), "-d*tau^2")), NOISE, True),
        "start": d.Law((square({"e": "1"}), ("-d*sigma_1^2", "1")), ("gaussian-noise",), True, "0"),
    }
    potential = (("1", "f"), square({"e": "1"}, "eta/2*(N - k)"))
    after = (("1", "f'"), square({"e'": "1"}, "eta/2*(N - k - 1)"))
    target = (*after, ("-1", "f"), square({"e": "1"}, "-eta/2*(N - k)"), square({"g": "1"}, "eta/2"))
    signs = ((f"({SHORT.format('N')})/(2*eta)", _moved("eta")), ("eta*tau^2*d*k/2", _moved("eta")))
    step = d.Inequality(target, NEXT_POINT, laws={"noise": "eta/2*(N - k - 1)"}, signs=signs)
    steps: dict[str, d.Step] = {
        "step": step,
        "sum": d.Sum("step", potential, "eta/2", GRADIENT),
        "below": d.Inequality((("1", "f*"), ("-1", "f")), (d.Use("lower", "f", ("F",)),), index="N"),
        "end": d.Combine({"sum": "2/(eta*N)", "below": "2/(eta*N)"}, {"start": "1"}),
    }
    case = d.Case(
        (*_positive("L", "sigma_1", "tau", "eta"), *_at_least("1", "d")), steps, reach="k<N", knows=(SHORT.format("N"),)
    )
    formal = d.Formal(
        _run("eta", laws, ("f",), {}), d.Mean(GRADIENT, "N"), horizon="R", stands=GAP, by=("expectation",)
    )
    return d.Derivation(formal, case)


@d.derivation(paper.ANY_STEP)
def any_step() -> d.Derivation:
    """Descent pays for what the steps add to the error."""
    method, steps = _by_restarts("eta", "T", "sigma_1^2", "tau^2", (), {}, (f"({SHORT.format('T')})/(2*eta)",))
    domain = (*_positive("L", "sigma_1", "tau", "eta"), *_at_least("1", "d", "T"))
    formal = d.Formal(method, d.Mean(GRADIENT, "N"), horizon="R", stands=GAP, by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps, knows=(SHORT.format("T"),)))


@d.derivation(paper.UTILITY)
def utility() -> d.Derivation:
    """With w = sqrt(dT) the step 1/(L + tau w) is short: 1 - eta L - (eta tau w)^2 >= 0."""
    eta = "(1/(L + tau*q))"
    sign = "L*tau*q/(2*(L + tau*q)) + tau^2*q^2/(2*T*(L + tau*q))"
    method, steps = _by_restarts(eta, "T", "sigma_1^2", "tau^2", ("own-step",), {"q": "d*T"}, (sign,))
    case = d.Case(
        (*_positive("L", "sigma_1", "tau", "q"), *_at_least("1", "T")), steps, given={"d": "q^2/T"}
    )  # fmt: skip
    formal = d.Formal(method, d.Mean(GRADIENT, "N"), horizon="R", stands=GAP, by=("expectation",))
    return d.Derivation(formal, case)


@d.derivation(paper.PRIVATE_UTILITY)
def private_utility() -> d.Derivation:
    """With q = sqrt(2ds): tau sqrt(dT) = 2qLR/(n mu)."""
    eta = "(n*mu/(L*(n*mu + 2*q*N)))"
    square, tau2 = "(8*G^2/(s*(n*mu)^2))", "(8*L^2*N/(n*mu)^2)"
    granted = ("own-step", "calibrated")
    sign = f"1/(2*{eta}) - L/2 - {eta}/2*(s*N - 1)*d*{tau2}"
    method, steps = _by_restarts(eta, "s*N", square, tau2, granted, {"q": "2*d*s"}, (sign,))
    domain = (*_positive("L", "G", "mu", "q"), *_at_least("1", "n"), Interval("s", "0", "1", closed_high=True))
    formal = d.Formal(method, d.Mean(GRADIENT, "N"), horizon="R", stands=GAP, by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps, given={"d": "q^2/(2*s)"}))


@d.derivation(paper.PAPER_THEOREM)
def paper_theorem() -> d.Derivation:
    """T/R = t (n mu eps_opt)^2/(L^2 d) without G, so that tau sqrt(dT) = 2 q eps_opt R with q = sqrt(2t); R eps_opt >= L."""
    eta, known = "(1/(L + 2*q*eps_opt*N))", "N - L/eps_opt"
    T, tau2 = "(q^2/2*(n*mu*eps_opt)^2/(L^2*d)*N)", "(8*L^2*N/(n*mu)^2)"
    granted = ("own-step", "calibrated", "accuracy", "paper-period")
    sign = f"1/(2*{eta}) - L/2 - {eta}/2*({T} - 1)*d*{tau2}"
    method, steps = _by_restarts(eta, T, "(16*eps_opt/(q^2*d))", tau2, granted, {"q": "2*t"}, (sign,))
    steps |= {"mean": steps.pop("end"), "gap": replace(steps["below"], index="0")}  # type: ignore[type-var]
    steps["end"] = d.Combine({"mean": "1", "gap": f"2*eps_opt/N*({known})"})
    domain = (*_positive("L", "eps_opt", "mu", "q"), *_at_least("1", "d", "n"))
    formal = d.Formal(method, d.Mean(GRADIENT, "N"), horizon="R", stands=GAP, by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps, given={"t": "q^2/2"}, knows=(known,)))


@d.derivation(paper.DPGD)
def dpgd() -> d.Derivation:
    """Descent with the step 1/L; the error is that of the noise of the round."""
    laws = {"noise": d.Law((square({"e": "1"}), ("-d*sigma^2", "1")), ("fresh-gradients", *NOISE), True)}
    target = (("1", "f'"), ("-1", "f"), square({"g": "1"}, "1/(2*L)"), ("-1/(2*L)*d*sigma^2", "1"))
    step = d.Inequality(target, NEXT_POINT, laws={"noise": "1/(2*L)"})
    steps = _summed("(1/L)", (("1", "f"),), "d*sigma^2", step, {}, ())
    case = d.Case((*_positive("L", "sigma"), *_at_least("1", "d")), steps)
    method = _run("(1/L)", laws, ("f",), {})
    formal = d.Formal(method, d.Mean(GRADIENT, "N"), horizon="R", stands=GAP, by=("expectation", "own-step"))
    return d.Derivation(formal, case)


# --- what is best -----------------------------------------------------------------------------------------------------


@d.derivation(paper.OPTIMAL)
def optimal() -> d.Derivation:
    """With r = sqrt(s), a = A r/2, b = B/r^2: (2a + b)^3 - 27 a^2 b = (a - b)^2 (8a + b)."""
    laws = {"bound": d.Law((("1", "U3"), ("-(A*r + B/r^2)^3", "1")), ("bound",), True)}
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("U3",), laws=laws)
    end = d.Combine({}, {"bound": "-1"}, (("(A*r/2 - B/r^2)^2*(4*A*r + B/r^2)", {}),))
    case = d.Case(_positive("A", "B", "r"), {"end": end}, given={"s": "r^2"}, roots={"r": "s"})
    return d.Derivation(d.Formal(method, (("1", "U3"),), at="0"), case)


@d.derivation(paper.SPLIT)
def split() -> d.Derivation:
    """1/(a (1 - a)) - 4 = (1 - 2a)^2/(a (1 - a))."""
    over = Interval("a", "0", "1")
    quantity = d.Infimum("27/16*A^2*B/(a*(1 - a))", over, "1/2", "bound")
    end = d.Combine({}, squares=(("27/16*A^2*B*(1 - 2*a)^2/(a*(1 - a))", {}),))
    case = d.Case((*_positive("A", "B"), over), {"end": end})
    return d.Derivation(d.Formal(Nothing, quantity, at="0"), case)


@d.derivation(paper.DPGD_RATE)
def dpgd_rate() -> d.Derivation:
    """With q = sqrt(2 L Delta d): the value exceeds 4qG/(n mu) by (q n mu - 2dGR)^2/(d R (n mu)^2)."""
    over = Interval("r", "0")
    quantity = d.Infimum("2*L*Delta/r + 4*d*G^2*r/(n*mu)^2", over, "q*n*mu/(2*d*G)", "calibrated")
    end = d.Combine({}, squares=(("(q*n*mu - 2*d*G*r)^2/(d*r*(n*mu)^2)", {}),))
    domain = (*_positive("L", "G", "mu", "q"), *_at_least("1", "d", "n"), over)
    case = d.Case(domain, {"end": end}, given={"Delta": "q^2/(2*L*d)"}, roots={"q": "2*L*Delta*d"})
    return d.Derivation(d.Formal(Nothing, quantity, at="0"), case)


@d.derivation(paper.CROSSOVER)
def crossover() -> d.Derivation:
    """Sixth powers: U_DPGD^6 - U_DIFF2^6 = (32 D)^3 G^6/m^6 - 12^6 D^4 G^4/m^8 with D = Delta L d, m = n mu."""
    over, factor = Interval("m"), "32768*D^3*G^6/m^6 - 2985984*D^4*G^4/m^8".replace("D", "(q^2/2)")
    laws = {"gap": d.Law((("1", "gap"), (f"-({factor})", "1")), ("bounds",), True)}
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("gap",), laws=laws, roots={"q": "2*Delta*L*d"})
    quantity = d.Threshold((("1", "gap"),), factor, over)
    domain = (*_positive("L", "G", "q"), *_at_least("1", "d"), over)
    case = d.Case(domain, {"end": d.Combine({}, {"gap": "1"})}, given={"Delta": "q^2/(2*L*d)"})
    return d.Derivation(d.Formal(method, quantity, at="0"), case)
