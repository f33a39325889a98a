r"""The step in vectors, the radius by the direction in which it ends, and rates as inductions.

``h`` is the step, ``Hh`` its image under H_k, so that ``g_k = -(Hh + lam h)`` by the method's definition, and ``g+`` the next
gradient: the error of the linearised gradient is ``g+ - g_k - Hh = g+ + lam h``. ``e`` is a vector of length 1.
"""

from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.adaptive.gradient_normalized_smoothness import claims
from gradproof.theory.derivation_words import Names, Steps, at_once, below, equal, over, square
from gradproof.theory.field import Interval

H, IMAGE, AFTER, E = ({name: "1"} for name in ("h", "Hh", "g+", "e"))
STEP = ("regularised_step", "psd", "within_radius")


# --- one step --------------------------------------------------------------------------------------------------------


def one_step(lam: str) -> dict[str, d.Law]:
    """What a step within its radius knows: H_k >= 0, the error of the gradient, and the integrated error."""
    gradient = {"Hh": "-1", "h": f"-({lam})"}
    return {
        "psd": below(("-1", IMAGE, H), by=("psd",)),
        "error": below(square({"g+": "1", "h": lam}), square(H, f"-({lam})^2"), by=STEP),
        "taylor": below(
            ("1", "f+"), ("-1", "f"), ("-1", gradient, H), ("-1/2", IMAGE, H), square(H, f"-({lam})/2"), by=STEP
        ),
        "convex": below(("1", "f+"), ("-1", "f"), ("-1", AFTER, H), by=("convex",)),
    }


FALL: d.Terms = (("1", "f"), ("-1", "f+"))
NEXT: dict[str, d.Terms] = {"gp2": (square(AFTER),)}


def of_a_step(quantity: d.Terms, domain: Names, end: d.Step, lam: str, *used: str, **more: Any) -> d.Derivation:
    laws = {name: law for name, law in one_step(lam).items() if name in used}
    return at_once(quantity, over(*domain), laws, end, ("h", "Hh", "g+"), ("f", "f+"), **more)


@d.derivation(claims.STEP_RADIUS)
def step_radius() -> d.Derivation:
    """lam^2 |h|^2 <= |Hh + lam h|^2 = |g|^2 = lam^2 gamma^2; s is |h| e."""
    s = {"s": "1"}
    laws = {
        "psd": one_step("lam")["psd"], "one": equal(square(E), ("-1", "1"), says="e has length 1"),
        "length": equal(square(s), square(H, "-1"), says="s is |h| e"),
        "gradient": equal(square({"Hh": "1", "h": "lam"}), ("-lam^2*gamma^2", "1"), by=("regularised_step",)),
    }  # fmt: skip
    half = "1/(2*gamma)"
    used = {"psd": f"2*{half}/lam", "one": "gamma/2", "length": half, "gradient": f"{half}/lam^2"}
    end = d.Inequality((("1", s, E), ("-gamma", "1")), laws=used, index="0")
    lam = d.Number(Interval("lam", "0", ""), ("regularised_step",))
    return at_once((("1", s, E),), over("gamma"), laws, end, ("h", "Hh", "s", "e"), numbers=(lam,))


@d.derivation(claims.DESCENT_STEP)
def descent_step() -> d.Derivation:
    stands = {"h2": (square(H),), "Hhh": (("1", IMAGE, H),)}
    return of_a_step(FALL, ("lam",), d.Combine({}, {"taylor": "1"}, index="0"), "lam", "taylor", stands=stands)


@d.derivation(claims.NEXT_GRADIENT)
def next_gradient() -> d.Derivation:
    end = d.Inequality((square(AFTER), square(H, "-4*lam^2")), laws={"error": "2"}, index="0")
    return of_a_step((square(AFTER),), ("lam",), end, "lam", "error", stands={"h2": (square(H),)})


@d.derivation(claims.DESCENT)
def descent() -> d.Derivation:
    """The two claims before, with |g+ + 2 lam h|^2 as what is left."""
    target: d.Terms = (square(AFTER, "gamma/(8*g)"), ("-1", "f"), ("1", "f+"))
    end = d.Inequality(target, laws={"taylor": "1", "error": "gamma/(4*g)", "psd": "1/2"}, index="0")
    return of_a_step(FALL, ("gamma", "g"), end, "g/gamma", "taylor", "error", "psd", stands=NEXT)


@d.derivation(claims.DESCENT_CONVEX)
def descent_convex() -> d.Derivation:
    """<g+, -h> >= |g+|^2/(2 lam) is the error's inequality."""
    end = d.Combine({}, {"convex": "1", "error": "gamma/(2*g)"}, index="0")
    return of_a_step(FALL, ("gamma", "g"), end, "g/gamma", "convex", "error", stands=NEXT)


@d.derivation(claims.DESCENT_CONSTANT)
def descent_constant() -> d.Derivation:
    """The areas under the two pieces of the slope, by the mean of their ends; g+ = 2."""
    by = ("turning_slope",)
    laws = {
        "first": equal(("1", "first"), ("-(1 + d)/2*(1 - d)", "1"), by=by),
        "last": equal(("1", "last"), ("-(d + 2)/2*d", "1"), by=by),
    }
    end = d.Combine({}, {"first": "1/4", "last": "1/4"}, index="0")
    domain = (Interval("d", "0", "1", False, True),)
    return at_once((("1/4", "first"), ("1/4", "last")), domain, laws, end, (), ("first", "last"))


# --- the radius ------------------------------------------------------------------------------------------------------

WORST = "gamma(x) is finite (else there is nothing to show): the relative error is |g|/gamma(x) at an |h| <= gamma(x) or a limit"


@d.derivation(claims.LIPSCHITZ_HESSIAN)
def lipschitz_hessian() -> d.Derivation:
    """r is gamma(x) e, c the relative error |error|/|h| where the radius ends, times e."""
    r, c = {"r": "1"}, {"c": "1"}
    laws = {
        "worst": equal(("1", r, c), ("-g", "1"), says=WORST),
        "error": below(("1", r, c), square(r, "-L2/2"), by=("exact_hessian", "lipschitz_hessian")),
    }
    end = d.Combine({}, {"worst": "-2/L2", "error": "2/L2"}, index="0")
    return at_once((square(r),), over("g", "L2"), laws, end, ("r", "c"))


@d.derivation(claims.FIRST_ORDER)
def first_order() -> d.Derivation:
    """rc: the radius times the relative error where it ends."""
    laws = {
        "worst": equal(("1", "rc"), ("-g", "1"), says=WORST),
        "error": below(("1", "rc"), ("-L1", "r"), by=("no_hessian", "lipschitz_gradient")),
    }
    end = d.Combine({}, {"worst": "-1/L1", "error": "1/L1"}, index="0")
    return at_once((("1", "r"),), over("g", "L1"), laws, end, (), ("r", "rc"))


@d.derivation(claims.HARMONIC)
def harmonic() -> d.Derivation:
    """a, b: the errors with H_2, H_1 where the radius of H_2 ends, over |g||h|; a - b = (H_1 - H_2)h/(|g||h|); e = a/|a|.

    Where gamma2 > gamma1 the bound is negative.
    """
    apart = {"a": "1", "b": "-1"}
    laws = {
        "second": below(("1/gamma2", "1"), ("-1", {"a": "1"}, E), by=("second_radius",), says=WORST),
        "first": below(square({"b": "1"}), ("-1/gamma1^2", "1"), by=("first_radius",), says="for |h| <= gamma2 <= gamma1"),
        "one": equal(square(E), ("-1", "1"), says="e has length 1"),
        "norm": below(("1", apart, E), ("-1", "apart"), says="the norm of H_1 - H_2"),
        "any": below(("-1", "apart"), says="a norm"),
    }  # fmt: skip
    target: d.Terms = (("1/gamma2 - 1/gamma1", "1"), ("-1", "apart"))
    used = {"second": "1", "first": "gamma1/2", "one": "1/(2*gamma1)", "norm": "1"}
    near: Steps = {"end": d.Inequality(target, laws=used, index="0")}
    far: Steps = {"end": d.Inequality(target, laws={"any": "1"}, signs=(("1/gamma1 - 1/gamma2", {}),), index="0")}
    method = d.Method({}, {}, (), {}, fixed=("a", "b", "e"), fixed_values=("apart",), laws=laws)
    low = d.Case((Interval("gamma1", "0", ""), Interval("gamma2", "0", "gamma1", False, True)), near)
    high = d.Case((Interval("gamma1", "0", ""), Interval("gamma2", "gamma1", "")), far)
    return d.Derivation(d.Formal(method, (("1", "apart"),), at="0"), d.Split("gamma2 - gamma1", low, high))


# --- rates -----------------------------------------------------------------------------------------------------------

GAP: dict[str, d.Terms] = {"Delta": (("1", "f"), ("-1", "f*"))}
GAIN = {
    "gain": below(("1", "p"), ("8*M", "f'"), ("-8*M", "f"), by=("progress", "power_radius")),
    "least": below(("1", "f*"), ("-1", "f"), by=("bounded_below", "infimum")),
}


@d.derivation(claims.PROGRESS_SUM)
def progress_sum() -> d.Derivation:
    """p: one summand, S: the sum so far."""
    laws = {
        **GAIN, "more": equal(("1", "S'"), ("-1", "S"), ("-1", "p"), says="S is the sum so far"),
        "none": equal(("1", "S"), at="0", says="a sum without terms"),
    }  # fmt: skip
    steps: Steps = {
        "step": d.Combine({}, {"gain": "1", "more": "1"}, index="k"),
        "all": d.Induct("step", (("1", "S"), ("8*M", "f"))),
        "begin": d.Combine({}, {"none": "1"}, index="0"),
        "end": d.Combine({"all": "1", "begin": "1"}, {"least": "8*M"}),
    }
    method = d.Method({}, {}, (), {}, ("f", "p", "S"), (), ("f*",), laws=laws)
    return d.Derivation(d.Formal(method, (("1", "S"),), stands=GAP), d.Case(over("M"), steps))


@d.derivation(claims.NONCONVEX_COUNT)
def nonconvex_count() -> d.Derivation:
    """l: log |g_k|, least: log eps, E: eps^(1 + alpha), b: 1 - alpha.

    |g_{k+1}|^2/|g_k|^b = |g_{k+1}|^(1 + alpha) e^(b (l' - l)) >= E (1 + b (l' - l)), by the tangent of the exponential at 0.
    """
    tangent = below(("E", "1"), ("E*b", "l'"), ("-E*b", "l"), ("-1", "p"), by=("gradient_above", "convex-exponential"))
    laws = {
        **GAIN, "tangent": tangent, "above": below(("1", "leps"), ("-1", "l"), by=("gradient_above",)),
        "start": equal(("1", "l"), ("-1", "l0"), at="0", says="l0 is log |g_0|"),
    }  # fmt: skip
    steps: Steps = {
        "step": d.Combine({}, {"gain": "1", "tangent": "1"}, index="k"),
        "all": d.Induct("step", (("8*M", "f"), ("E*b", "l"), ("E*k", "1"))),
        "begin": d.Combine({}, {"start": "E*b"}, index="0"),
        "end": d.Combine({"all": "1", "begin": "1"}, {"least": "8*M", "above": "E*b"}),
    }
    powers = (
        d.Number(Interval("E", "0", ""), ("gradient_above",)), d.Number(Interval("b", "0", "", True), ("power_radius",)),
    )  # fmt: skip
    method = d.Method({}, {}, (), {}, ("f", "p", "l"), (), ("f*", "l0", "leps"), laws=laws, numbers=powers)
    count: d.Terms = (("E*N", "1"), ("-E*b", "l0"), ("E*b", "leps"))
    formal = d.Formal(method, count, stands=GAP)
    return d.Derivation(formal, d.Case((*over("M"), *(n.interval for n in powers)), steps))


@d.derivation(claims.CONVEX_CONTRACTION)
def convex_contraction() -> d.Derivation:
    """Times |g_k|^theta: v is F_k, u is F_{k+1}, w is |g_{k+1}|^2/|g_k|^(1 - alpha), z is F_{k+1} (|g_{k+1}|/|g_k|)^(1 - alpha).

    F_{k+1} <= D |g_{k+1}| and |g_{k+1}|^alpha >= a give w >= (a/D) z; and u + c z >= (1 + c) v' by weighted means.
    """
    c = "a/(2*M*D)"
    laws = {
        "progress": below(("1", "u"), ("-1", "v"), ("1/(2*M)", "w"), by=("convex_progress", "power_radius")),
        "diameter": below(("a/D", "z"), ("-1", "w"), by=("convex", "diameter", "steep")),
        "means": below((f"1 + {c}", "v'"), ("-1", "u"), (f"-{c}", "z"), by=("jensen", "convex-exponential")),
    }
    rho = "2*M*D/(2*M*D + a)"
    used = {"progress": rho, "diameter": f"{rho}/(2*M)", "means": rho}
    steps: Steps = {"step": d.Combine({}, used, index="k"), "all": d.Induct("step", (("1", "v"),), rho, "P")}
    method = d.Method({}, {}, (), {}, ("v", "u", "w", "z"), (), (), laws=laws)
    formal = d.Formal(method, (("1", "v"),), (("1", "v"),), horizon="K")
    return d.Derivation(formal, d.Case(over("M", "D", "a"), steps, powers={"P": rho}))


@d.derivation(claims.CONVEX_COUNT)
def convex_count() -> d.Derivation:
    """log(1 + c) >= c/(1 + c), by the tangent of the exponential."""
    c = "a/(2*M*D)"
    share, names = f"({c}/(1 + {c}))", ("contraction", "convex-exponential")
    law = below((share, "K"), (f"-{share}", "lG"), ("-1", "lF"), by=names)
    end = d.Combine({}, {"logarithm": f"1/{share}"}, index="0")
    stands = {"logF": (("1", "lF"),), "logG": (("1", "lG"),)}
    return at_once((("1", "K"),), over("M", "D", "a"), {"logarithm": law}, end, (), ("K", "lF", "lG"), stands=stands)


# --- the adaptive search ---------------------------------------------------------------------------------------------


@d.derivation(claims.SEARCH_COST)
def search_cost() -> d.Derivation:
    """T: the trials so far, s: the logarithm to the base 2 of the next first trial; j trials are j - 1 halvings."""
    laws = {
        "trials": equal(("1", "T'"), ("-1", "T"), ("-1", "j"), says="T is the number of trials so far"),
        "search": equal(("1", "s'"), ("-1", "s"), ("1", "j"), ("-2", "1"), by=("search",)),
        "none": equal(("1", "T"), at="0", says="no trial yet"),
        "start": equal(("1", "s"), ("-1", "s0"), at="0", says="s0 is the logarithm of the first trial of all"),
    }
    steps: Steps = {
        "step": d.Combine({}, {"trials": "1", "search": "1"}, index="k"),
        "all": d.Induct("step", (("1", "T"), ("1", "s"), ("-2*k", "1"))),
        "begin": d.Combine({}, {"none": "1", "start": "1"}, index="0"),
        "end": d.Combine({"all": "1", "begin": "1"}),
    }
    method = d.Method({}, {}, (), {}, ("T", "s", "j"), (), ("s0",), laws=laws)
    formal = d.Formal(method, (("1", "T"), ("1", "s"), ("-1", "s0")), horizon="K")
    return d.Derivation(formal, d.Case((), steps))


# --- approximate Hessians --------------------------------------------------------------------------------------------


@d.derivation(claims.LSE_GN)
def logsumexp_gn() -> d.Derivation:
    """<a, b> is a mean under the softmax; s: <a_i, v>, m: its mean <g, v>, for all i. Second moment less variance."""
    s, m, off = {"s": "1"}, {"m": "1"}, {"s": "1", "m": "-1"}
    laws = {"mean": equal(("1", s, m), square(m, "-1"), by=("log_sum_exp", "weighted_gauss_newton"))}
    quantity: d.Terms = (square(s, "1/mu"), square(off, "-1/mu"))
    end = d.Combine({}, {"mean": "2/mu"}, index="0")
    return at_once(quantity, over("mu"), laws, end, ("s", "m"), stands={"gv2": (square(m),)})


@d.derivation(claims.LOGISTIC_FISHER)
def logistic_fisher() -> d.Derivation:
    """P: the mean of p_i. |1 - 2 p| <= 1; f(x) - f(z) <= <g, x - z> <= |g| D."""
    laws = {
        "norm": below(("1", "error"), ("-R2", "P"), by=("empirical_fisher", "logistic_regression")),
        "loss": below(("1", "P"), ("-1", "f"), by=("logistic_regression",)),
        "slope": below(("1", "f"), ("-fz", "1"), ("-g*D", "1"), by=("logistic_regression", "distance", "convex-exponential")),
    }  # fmt: skip
    end = d.Combine({}, {"norm": "1", "loss": "R2", "slope": "R2"}, index="0")
    domain = over("R2", "fz", "D", "g", zero=("fz",))
    return at_once((("1", "error"),), domain, laws, end, (), ("error", "P", "f"))
