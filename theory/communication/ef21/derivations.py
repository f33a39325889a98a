"""Derivations of EF21's claims: the kernel's one-step inequalities, summed or iterated, for any number of workers.

Workers enter by weighted mean and deviation (``v`` and ``v~``), with a worker's vectors divided by n w_i. ``h`` are the gradients
at x, ``e`` the errors g_i - grad f_i(x), ``r`` the errors after the step; the compressor is given h+ - h - e, and the server moves
by -gamma (e + h). ``q`` is the root of 1 - alpha, so that theta = 1 - q and beta = q^2/(1 - q).
"""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.communication.ef21 import claims
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval

Q = Interval("q", "0", "1", closed_low=True)
ERROR: d.Vec = {"e": "1", "e~": "1"}
NEXT_ERROR: d.Vec = {"r": "1", "r~": "1"}
MOVED: d.Vec = {"e": "gamma", "h": "gamma"}
READ = ("expectation", "tower", "weighted-workers")


CONTRACTIVE = ("1 - alpha", "contractive")


def _method(
    mean: str, f: Mapping[str, tuple[str, str]], lower: str, q2: tuple[str, str] = CONTRACTIVE, by: tuple[str, ...] = ()
) -> d.Method:
    """EF21; ``mean`` is L_AM, or L_QM with uniform weights; ``by`` are further reasons of the compressors' contraction."""
    gradient, sent = {"h": "1", "h~": "1"}, {"h'": "1", "h~'": "1", "h": "-1", "h~": "-1", "e": "-1", "e~": "-1"}
    return d.Method(
        {
            "f": d.Class("function", {"L": ("L", "smooth_f"), **f}),
            "f_i": d.Class("function", {"L": (mean, "smooth_fi")}, average=True),
            "C_i": d.Class("compressor", {"q2": q2}, average=True),
        },
        {"x": {"x": "1", "e": "-gamma", "h": "-gamma"}, "e": {"r": "1"}, "e~": {"r~": "1"}},
        ("h", "h~", "r", "r~"),
        {
            "x": d.Call("f", {"x": "1"}, {"h": "1"}, "f"),
            "x_i": d.Call("f_i", {"x": "1"}, gradient, by=("weighted-workers",)),
            "sent": d.Call("C_i", sent, {**sent, **NEXT_ERROR}, by=("tower", *by)),
        },
        ("f",),
        fixed=(),
        fixed_values=(lower,),
        roots={"q": q2[0]},
    )


def _step(
    mean: str,
    weight: str,
    rate: str,
    gain: d.Terms,
    left: str,
    more: tuple[d.Use, ...] = (),
    *,
    scale: str = "1",
    index: str = "k",
    **signs: Any,
) -> d.Inequality:
    """scale (V+ - rate V) + gain <= 0 for V = f - lower + weight E|e|^2.

    The slack is Young's square of e + q/(1-q) u, u the movement of the gradients, then ``left`` of the errors' deviations and
    ``left - gamma/2`` of their mean, of which the server's step takes gamma/2.
    """
    young = f"({scale})*({weight})*q*(1 - q)"
    uses = (
        d.Use("descent", "f", ("x", "x'"), scale),
        d.Use("contraction", "C_i", ("sent",), f"({scale})*({weight})"),
        d.Use("lipschitz", "f_i", ("x_i", "x_i'"), f"({scale})*({weight})*q^2/(1 - q)"),
        *more,
    )
    target: d.Terms = (
        (scale, "f'"),
        (f"-({scale})*({rate})", "f"),
        square(NEXT_ERROR, f"({scale})*({weight})"),
        square(ERROR, f"-({scale})*({rate})*({weight})"),
        *gain,
    )
    squares: list[tuple[str, d.Vec]] = [
        (young, {"e": "1", "h'": "q/(1 - q)", "h": "-q/(1 - q)"}),
        (young, {"e~": "1", "h~'": "q/(1 - q)", "h~": "-q/(1 - q)"}),
        (f"({scale})*({left})", {"e~": "1"}),
        (f"({scale})*(({left}) - gamma/2)", {"e": "1"}),
    ]
    return d.Inequality(target, uses, squares=(*squares, *signs.pop("squares", ())), index=index, **signs)


@d.derivation(claims.DISTORTION)
def distortion() -> d.Derivation:
    """u is the movement of the worker's gradient; the compressor is given u - e."""
    sent = {"u": "1", "e": "-1"}
    method = d.Method(
        {"C": d.Class("compressor", {"q2": ("1 - alpha", "contractive")})},
        {"e": {"r": "1"}},
        ("u", "r"),
        {"sent": d.Call("C", sent, {**sent, "r": "1"})},
        fixed=(),
        fixed_values=(),
        roots={"q": "1 - alpha"},
    )
    target = (square({"r": "1"}), square({"e": "1"}, "-q"), square({"u": "1"}, "-q^2/(1 - q)"))
    stands: dict[str, d.Terms] = {"e2": (square({"e": "1"}),), "u2": (square({"u": "1"}),)}
    step = d.Inequality(target, (d.Use("contraction", "C", ("sent",)),), index="0")
    case = d.Case((Q,), {"step": step}, {"alpha": "1 - q^2"})
    formal = d.Formal(method, (square({"e": "1"}),), at="1", stands=stands, by=("expectation",))
    return d.Derivation(formal, case)


@d.derivation(claims.YOUNG_OPTIMAL)
def young_optimal() -> d.Derivation:
    """beta(s)/theta(s) - xi^2 = (1 - q - q s)^2 q^2 / ((1 - q)^2 s theta(s)), which is zero at s = 1/q - 1."""
    value = "(q^2*(1 + 1/s))/(1 - q^2*(1 + s))"
    over = Interval("s", "0", "1/q^2 - 1")
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=(), roots={"q": "1 - alpha"})
    gap = f"{value} - q^2/(1 - q)^2"
    below = d.Inequality(((f"-({gap})", "1"),), signs=((gap, {}),), index="0")
    case = d.Case((Interval("q", "0", "1"), over), {"below": below}, {"alpha": "1 - q^2"})
    return d.Derivation(d.Formal(method, d.Infimum(value, over, "1/q - 1", "theta_positive"), at="1"), case)


@d.derivation(claims.LYAPUNOV_AM)
def lyapunov_am() -> d.Derivation:
    weight = "gamma/(2*(1 - q))"
    gap: d.Terms = (("1", "f"), ("-1", "f_inf"), square(ERROR, weight))
    bracket = "1/(2*gamma) - L/2 - gamma*q^2/(2*(1 - q)^2)*L_AM^2"
    gain = (square({"h": "1"}, "gamma/2"), square(MOVED, bracket))
    step = _step("L_AM", weight, "1", gain, "gamma/2", index="0")
    case = d.Case((Q, *map(Interval, ("L", "L_AM", "gamma"))), {"step": step}, {"alpha": "1 - q^2"})
    stands: dict[str, d.Terms] = {"V": gap, "grad2": (square({"h": "1"}),), "dx2": (square(MOVED),)}
    method = _method("L_AM", {}, "f_inf")
    return d.Derivation(d.Formal(method, gap, at="1", stands=stands, by=READ), case)


def _average(
    mean: str,
    q2: tuple[str, str] = CONTRACTIVE,
    by: tuple[str, ...] = (),
    more: tuple[Interval, ...] = (),
    alpha: str = "1 - q^2",
) -> d.Derivation:
    """2/gamma (V+ - V) + ||grad f||^2 <= 0 with V = f - f_inf + gamma/(2 theta) E|e|^2, summed over T steps; V >= 0."""
    weight, scale = "gamma/(2*(1 - q))", "2/gamma"
    gradient: d.Terms = (square({"h": "1"}),)
    potential: d.Terms = (("2/gamma", "f"), square(ERROR, "1/(1 - q)"))
    bracket = f"2/gamma*(1/(2*gamma) - L/2 - gamma*q^2/(2*(1 - q)^2)*{mean}^2)"
    steps: dict[str, d.Step] = {
        "step": _step(mean, weight, "1", gradient, "gamma/2", scale=scale, squares=((bracket, MOVED),)),
        "sum": d.Sum("step", potential, "1", gradient),
        "lower": d.Inequality((("-1", "f"), ("1", "f_inf")), (d.Use("lower", "f", ("x",)),), index="N"),
        "end": d.Combine({"sum": "1/N", "lower": "2/(gamma*N)"}, squares=(("1/((1 - q)*N)", ERROR),)),
    }
    step = Interval("gamma", "0", f"1/(L + {mean}*q/(1 - q))", closed_high=True)
    case = d.Case((Q, *more, Interval("L"), Interval(mean), step), steps, {"alpha": alpha})
    stands: dict[str, d.Terms] = {"f0": (("1", "f"),), "f_inf": (("1", "f_inf"),), "G0": (square(ERROR),)}
    method = _method(mean, {"lower": ("f_inf", "lower_bounded")}, "f_inf", q2, by)
    return d.Derivation(d.Formal(method, d.Mean(gradient, "N"), horizon="T", stands=stands, by=READ), case)


@d.derivation(claims.NONCONVEX_AM)
def nonconvex_am() -> d.Derivation:
    return _average("L_AM")


@d.derivation(claims.NONCONVEX_QM)
def nonconvex_qm() -> d.Derivation:
    return _average("L_QM")


@d.derivation(claims.PARTIAL_PARTICIPATION)
def partial_participation() -> d.Derivation:
    """A worker that takes part with probability p has a compressor of contraction p alpha; q is the root of 1 - p alpha."""
    q2 = ("1 - p*alpha", "independent_participation")
    part = Interval("p", "0", "1", closed_high=True)
    return _average("L_AM", q2, ("contractive", "participation"), (part,), "(1 - q^2)/p")


def _linear(
    weight: str,
    left: str,
    domain: tuple[Interval, ...],
    *,
    reals: Mapping[str, str] | None = None,
    knows: Any = (),
    **signs: Any,
) -> d.Derivation:
    """Psi+ <= (1 - gamma mu) Psi for Psi = f - f_* + weight E|e|^2, iterated; ``left`` and ``signs`` as in ``_step``."""
    rate = "1 - gamma*mu"
    potential: d.Terms = (("1", "f"), ("-1", "f*"), square(ERROR, weight))
    pl = d.Use("pl", "f", ("x",), "gamma/2")
    steps: dict[str, d.Step] = {
        "step": _step("L_AM", weight, rate, (("-gamma*mu", "f*"),), left, (pl,), **signs),
        "end": d.Induct("step", potential, rate, "P"),
    }
    case = d.Case((Q, *domain), steps, {"alpha": "1 - q^2"}, roots=reals or {}, powers={"P": rate}, knows=knows)
    method = _method("L_AM", {"PL": ("mu", "PL"), "lower": ("f*", "PL")}, "f*")
    return d.Derivation(d.Formal(method, potential, horizon="T", stands={"Psi0": potential}, by=READ), case)


@d.derivation(claims.PL)
def pl() -> d.Derivation:
    """Psi = f - f_* + gamma/theta E|e|^2; with r = sqrt 2 the step's assumption gives L gamma + (r gamma xi L_AM)^2 <= 1."""
    xi = "(q/(1 - q))"
    domain = (
        Interval("r", "1", "2"),
        Interval("L"),
        Interval("L_AM"),
        Interval("gamma", "0", f"1/(L + r*{xi}*L_AM)", closed_high=True),
        Interval("mu", "0", "(1 - q)/(2*gamma)", closed_high=True),
    )
    squares = ((f"1/(2*gamma)*(1 - L*gamma - (r*gamma*{xi}*L_AM)^2)", MOVED),)
    roots = (("r", MOVED, f"-gamma/2*({xi}*L_AM)^2"),)
    left = "gamma - gamma^2*mu/(1 - q)"
    return _linear("gamma/(1 - q)", left, domain, reals={"r": "2"}, squares=squares, roots=roots)


@d.derivation(claims.PL_REFINED)
def pl_refined() -> d.Derivation:
    """Psi = f - f_* + gamma/(2(theta - gamma mu)) E|e|^2; the step's assumption is the last sign."""
    weight = "gamma/(2*(1 - q - gamma*mu))"
    domain = (Interval("L"), Interval("L_AM"), Interval("gamma"), Interval("mu", "0", "(1 - q)/gamma"))
    signs = ((f"1/(2*gamma) - L/2 - ({weight})*q^2/(1 - q)*L_AM^2", MOVED),)
    assumed = "1 - q - (q^2/(1 - q)*L_AM^2 - L*mu)*gamma^2 - (L*(1 - q) + mu)*gamma"
    return _linear(weight, "gamma/2", domain, knows=(assumed,), signs=signs)


@d.derivation(claims.SHARP_DESCENT)
def sharp_descent() -> d.Derivation:
    """V = f - f_inf + 1/(2q L_AM) E|e|^2, with the gradient of f Lipschitz as well as those of the workers."""
    a, c = "(1 - q^2)", "1/(2*q*L_AM)"
    inverse = f"(((1 + q^2)*L + 2*q*L_AM)/(2*{a}))"  # 1/gamma_*
    gap: d.Terms = (("1", "f"), ("-1", "f_inf"), square(ERROR, c))
    target: d.Terms = (
        ("1", "f'"),
        ("-1", "f"),
        square(NEXT_ERROR, c),
        square(ERROR, f"-{c}"),
        square(MOVED, f"1/gamma - {inverse}"),
    )
    uses = (
        d.Use("interpolation", "f", ("x", "x'")),
        d.Use("lipschitz", "f", ("x", "x'"), f"q^2/(2*{a}*L)"),
        d.Use("lipschitz", "f_i", ("x_i", "x_i'"), f"q/(2*{a}*L_AM)"),
        d.Use("contraction", "C_i", ("sent",), c),
    )
    change, k = {"h'": "1", "h": "-1"}, f"({inverse}/2)"
    first: d.Vec = {"h": f"-gamma + 1/(4*{k})", "e": f"-gamma + 1/(2*{k})", "h'": f"-1/(4*{k})"}
    times = f"q*(q*L + L_AM)/(L*{a})"
    squares: tuple[tuple[str, d.Vec], ...] = (
        (k, first),
        (f"L*{a}*(1 + q^2)/(2*q*L_AM*2*{a}*{inverse})", {"e": "1", **{n: f"({x})*{times}" for n, x in change.items()}}),
        (f"1/(2*q*L_AM*{a})", {"e~": a, "h~'": "q^2", "h~": "-q^2"}),
    )
    step = d.Inequality(target, uses, squares=squares, index="0")
    domain = (Interval("q", "0", "1"), *map(Interval, ("L", "L_AM", "gamma")))
    method = _method("L_AM", {"mu": ("-L", "smooth_f")}, "f_inf")
    stands: dict[str, d.Terms] = {"V": gap, "dx2": (square(MOVED),)}
    case = d.Case(domain, {"step": step}, {"alpha": "1 - q^2"})
    return d.Derivation(d.Formal(method, gap, at="1", stands=stands, by=READ), case)


@d.derivation(claims.RARE_FEATURES)
def rare_features() -> d.Derivation:
    """E, U, R hold the workers' errors, movements and next errors, with the weights L_rf/(n L_i); e is the mean error.

    ||e||^2 <= ||E||^2 and ||U||^2 <= L_rf^2 ||dx||^2, and compressors contract in any weighted sum.
    """
    e_all, u_all, r_all, moved = {"E": "1"}, {"U": "1"}, {"R": "1"}, {"e": "gamma", "h": "gamma"}
    by = ("rare_features", "smooth_fi", "rare-feature-sums")
    laws = {
        "mean": d.Law((square({"e": "1"}), square(e_all, "-1")), by),
        "moves": d.Law((square(u_all), square(moved, "-L_rf^2")), by),
        "bounded": d.Law((("1", "f_inf"), ("-1", "f")), ("lower_bounded",)),
    }
    sent = {"U": "1", "E": "-1"}
    method = d.Method(
        {
            "f": d.Class("function", {"L": ("L", "smooth_f")}),
            "C": d.Class("compressor", {"q2": CONTRACTIVE}),
        },
        {"x": {"x": "1", "e": "-gamma", "h": "-gamma"}, "E": {"R": "1"}},
        ("e", "h", "U", "R"),
        {
            "x": d.Call("f", {"x": "1"}, {"h": "1"}, "f"),
            "sent": d.Call("C", sent, {**sent, "R": "1"}, by=("tower", "product-space")),
        },
        ("f",),
        fixed=(),
        fixed_values=("f_inf",),
        roots={"q": "1 - alpha"},
        laws=laws,
    )
    gradient: d.Terms = (square({"h": "1"}),)
    step = d.Inequality(
        (("2/gamma", "f'"), ("-2/gamma", "f"), square(r_all, "1/(1 - q)"), square(e_all, "-1/(1 - q)"), *gradient),
        (d.Use("descent", "f", ("x", "x'"), "2/gamma"), d.Use("contraction", "C", ("sent",), "1/(1 - q)")),
        laws={"mean": "1", "moves": "q^2/(1 - q)^2"},
        squares=(
            ("q", {"E": "1", "U": "q/(1 - q)"}),
            ("2/gamma*(1/(2*gamma) - L/2 - gamma*q^2/(2*(1 - q)^2)*L_rf^2)", moved),
        ),
    )
    potential: d.Terms = (("2/gamma", "f"), square(e_all, "1/(1 - q)"))
    steps: dict[str, d.Step] = {
        "step": step,
        "sum": d.Sum("step", potential, "1", gradient),
        "end": d.Combine({"sum": "1/N"}, {"bounded": "2/(gamma*N)"}, squares=(("1/((1 - q)*N)", e_all),)),
    }
    gamma = Interval("gamma", "0", "1/(L + L_rf*q/(1 - q))", closed_high=True)
    case = d.Case((Q, Interval("L"), Interval("L_rf"), gamma), steps, {"alpha": "1 - q^2"})
    stands: dict[str, d.Terms] = {"f0": (("1", "f"),), "f_inf": (("1", "f_inf"),), "G0": (square(e_all),)}
    return d.Derivation(d.Formal(method, d.Mean(gradient, "N"), horizon="T", stands=stands, by=("expectation",)), case)
