"""Two chains with the same noise; invariant moments on quadratics, exactly; spread and bias for any smooth potential."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.sampling import sgld

APART: d.Vec = {"x": "1", "y": "-1"}


@d.derivation(sgld.CONTRACTION)
def contraction() -> d.Derivation:
    """x+ = x - gamma g + z, y+ = y - gamma h + z; g, h are gradients of the minibatch, u, v those of U.

    In the mean over the minibatch <g - h, x - y> = <u - v, x - y>.
    """
    method = d.Method(
        {
            "U": d.Class("function", {"mu": ("mu", "strongly_convex")}),
            "S": d.Class("function", {"mu": ("0", "convex_minibatches"), "L": ("L_h", "convex_minibatches")}),
        },
        {"x": {"x": "1", "g": "-gamma", "z": "1"}, "y": {"y": "1", "h": "-gamma", "z": "1"}},
        ("g", "h", "u", "v", "z"),
        {
            "Ux": d.Call("U", {"x": "1"}, {"u": "1"}, "Ux"),
            "Uy": d.Call("U", {"y": "1"}, {"v": "1"}, "Uy"),
            "Sx": d.Call("S", {"x": "1"}, {"g": "1"}, "Sx"),
            "Sy": d.Call("S", {"y": "1"}, {"h": "1"}, "Sy"),
        },
        ("Ux", "Uy", "Sx", "Sy"),
        fixed=(),
        fixed_values=(),
        laws={
            "unbiased": d.Law(
                (("1", {"g": "1", "h": "-1", "u": "-1", "v": "1"}, APART),),
                ("uniform_indices", "expectation"),
                equality=True,
            )
        },
    )
    close: d.Terms = (("1", APART, APART),)
    left = "2*gamma*(1 - L_h*gamma/2)"
    after: d.Vec = {"x'": "1", "y'": "-1"}
    uses = (
        *(d.Use("interpolation", "S", pair, "gamma^2*L_h") for pair in (("Sx", "Sy"), ("Sy", "Sx"))),
        *(d.Use("interpolation", "U", pair, left) for pair in (("Ux", "Uy"), ("Uy", "Ux"))),
    )
    step = d.Inequality(
        (("1", after, after), (f"-(1 - mu*{left})", APART, APART)), uses, laws={"unbiased": f"-{left}"}, index="0"
    )
    case = d.Case((Interval("L_h"), Interval("mu"), Interval("gamma", "0", "2/L_h")), {"step": step})
    return d.Derivation(d.Formal(method, close, close, at="1", by=("expectation",)), case)


# --- on quadratics, exactly -------------------------------------------------------------------------------------------


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def _zero(u: str, v: str, by: tuple[str, ...], says: str) -> d.Law:
    return d.Law((_inner("1", u, v),), by, True, says=says)


NOISE = "the Langevin noise is independent of all else and has mean zero"
PICKED = ("uniform_indices", "sampling-variance")


@d.derivation(sgld.MEAN)
def mean() -> d.Derivation:
    """x is the mean of theta_t - theta*, y the mean of the minibatch's gradient, v an eigenvector of H."""
    laws = {
        "gradient": d.Law(
            (_inner("1", "y", "v"), _inner("-h", "x", "v")),
            ("quadratic", *PICKED),
            equality=True,
            says=r"$y = Hx$ in the mean, and $Hv = hv$",
        )
    }
    method = d.Method({}, {"x": {"x": "1", "y": "-gamma"}}, ("y",), {}, fixed=("v",), fixed_values=(), laws=laws)
    along: d.Terms = (_inner("1", "x", "v"),)
    rho = "1 - gamma*h"
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"gradient": "-gamma"}, index="k"),
        "end": d.Induct("step", along, rho, "P"),
    }
    case = d.Case((Interval("gamma"), Interval("h")), steps, powers={"P": rho}, first="0")
    formal = d.Formal(method, along, horizon="t", stands={"delta0": along}, by=("expectation", "tower"))
    return d.Derivation(formal, case)


@d.derivation(sgld.STATIONARITY)
def stationarity() -> d.Derivation:
    """In the mean: g is the minibatch's gradient, u that of U, z the Langevin noise; e picks an entry, gamma is any step."""
    after: d.Vec = {"x": "1", "g": "-gamma", "z": "1"}
    unbiased = ("uniform_indices", "anchor_at_mode", "sampling-variance")
    laws = {
        "invariant": d.Law((("1", after, {"e": "1"}), _inner("-1", "x", "e")), ("invariant",), True),
        "unbiased": d.Law((_inner("1", "g", "e"), _inner("-1", "u", "e")), unbiased, True),
        "noise": _zero("z", "e", ("expectation",), NOISE),
    }
    gamma = d.Number(Interval("gamma"), ())
    fixed = ("x", "g", "u", "z", "e")
    method = d.Method({}, {}, (), {}, fixed=fixed, fixed_values=(), laws=laws, numbers=(gamma,))
    end = d.Combine({}, {"invariant": "-1/gamma", "noise": "1/gamma", "unbiased": "-1"})
    formal = d.Formal(method, (_inner("1", "u", "e"),), at="0", by=("expectation",))
    return d.Derivation(formal, d.Case((gamma.interval,), {"end": end}))


def _invariance(drift: d.Vec, names: tuple[str, ...], laws: dict[str, d.Law], by: tuple[str, ...]) -> dict[str, d.Law]:
    """E||theta+||^2 = E||theta||^2 for theta+ = drift - n + z, with n the minibatch's noise and z Langevin's."""
    after: d.Vec = {**drift, "n": "-1", "z": "1"}
    out = {"invariant": d.Law((("1", after, after), _inner("-1", "x", "x")), by, True)}
    out |= {f"n-{v}": _zero("n", v, PICKED, "the minibatch is independent of the past") for v in names}
    out |= {f"z-{v}": _zero("z", v, ("expectation",), NOISE) for v in (*names, "n")}
    return out | laws


@d.derivation(sgld.COVARIANCE)
def covariance() -> d.Derivation:
    """theta+ = x - gamma y - n + z with y = H x, about theta*, in the invariant law."""
    laws = _invariance(
        {"x": "1", "y": "-gamma"},
        ("x", "y"),
        {
            "minibatch": d.Law(
                (_inner("1", "n", "n"), ("-gamma^2*(tT + m)", "1")),
                PICKED,
                True,
                says="this is what $T(C)$ and $M$ are",
            ),
            "Langevin": d.Law(
                (_inner("1", "z", "z"), ("-2*gamma*d*w", "1")), (), True, says=r"$z \sim N(0, 2\gamma wI)$"
            ),
        },
        ("mean_square_stable", "quadratic"),
    )
    method = d.Method({}, {}, (), {}, fixed=("x", "y", "n", "z"), fixed_values=(), laws=laws)
    weights = {
        "invariant": "-1/gamma",
        "n-x": "-2/gamma",
        "n-y": "2",
        "z-x": "2/gamma",
        "z-y": "-2",
        "z-n": "-2/gamma",
        "minibatch": "1/gamma",
        "Langevin": "1/gamma",
    }
    domain = [
        (
            Interval("gamma"),
            Interval("tT", "0", "", True),
            Interval("m", "0", "", True),
            Interval("d", "1", "", True),
            w,
        )
        for w in (Interval("w", "0", "1", True), Interval("w", "0", "1", closed_high=True))
    ]
    low, high = (d.Case(part, {"end": d.Combine({}, weights)}) for part in domain)
    formal = d.Formal(
        method,
        (_inner("2", "x", "y"),),
        at="0",
        stands={"hch": (_inner("1", "y", "y"),)},
        by=("expectation", "tower"),
    )
    return d.Derivation(formal, d.Split("w - 1/2", low, high))


@d.derivation(sgld.GAUSSIAN_MEAN)
def gaussian_mean() -> d.Derivation:
    """One curvature: theta+ = (1 - eta) x - n + z."""
    laws = _invariance(
        {"x": "1 - eta"},
        ("x",),
        {
            "minibatch": d.Law(
                (_inner("1", "n", "n"), ("-eta^2*s2/p", "1")),
                ("equal_curvatures", *PICKED),
                True,
                says=r"$\gamma = \eta/N$",
            ),
            "Langevin": d.Law((_inner("1", "z", "z"), ("-2*eta/N", "1")), (), True, says=r"$z \sim N(0, 2\eta/N)$"),
        },
        ("stable", "equal_curvatures"),
    )
    method = d.Method({}, {}, (), {}, fixed=("x", "n", "z"), fixed_values=(), laws=laws)
    share = "1/(eta*(2 - eta))"
    weights = {
        "invariant": f"-{share}",
        "n-x": f"-2*(1 - eta)*{share}",
        "z-x": f"2*(1 - eta)*{share}",
        "z-n": f"-2*{share}",
        "minibatch": share,
        "Langevin": share,
    }
    domain = (Interval("eta", "0", "2"), Interval("p", "1", "", True), Interval("s2", "0", "", True))
    formal = d.Formal(method, (_inner("1", "x", "x"),), at="0", by=("expectation", "tower"))
    return d.Derivation(formal, d.Case(domain, {"end": d.Combine({}, weights)}))


@d.derivation(sgld.ADDITIVITY)
def additivity() -> d.Derivation:
    """R(C) = HC + CH - gamma HCH - gamma T(C) on symmetric matrices is positive definite for stable steps, so one-to-one.

    ``s`` is gamma M, what the minibatch adds at theta*, ``i`` is 2I, what Langevin's noise adds.
    """
    method = d.Method(
        {"R": d.Class("operator", {"mu": ("kappa", "mean_square_stable")})},
        {},
        (),
        {
            "SGLD": d.Call("R", {"A": "1"}, {"s": "1", "i": "1"}, by=PICKED),
            "sum": d.Call("R", {"F": "1", "G": "1"}, {"i": "1", "s": "1"}, by=("anchor_at_mode", "quadratic", *PICKED)),
        },
        fixed=("A", "F", "G", "s", "i", "I"),
        fixed_values=(),
        numbers=(d.Number(Interval("kappa"), ("mean_square_stable",)),),
    )
    gap: d.Vec = {"A": "1", "F": "-1", "G": "-1"}
    steps: dict[str, d.Step] = {
        "same": d.Inequality((("1", gap, gap),), (d.Use("monotone", "R", ("SGLD", "sum"), "1/kappa"),), index="0"),
        "equal": d.Vanish(gap, "same"),
        "end": d.Combine({}, nulls=(("equal", {"I": "1"}, "1"),)),
    }
    stands: dict[str, d.Terms] = {"c_fp": (_inner("1", "F", "I"),), "c_sgd": (_inner("1", "G", "I"),)}
    formal = d.Formal(method, (_inner("1", "A", "I"),), at="0", stands=stands)
    return d.Derivation(formal, d.Case((Interval("kappa"),), steps))


# --- any smooth potential ---------------------------------------------------------------------------------------------

D: d.Vec = {"x": "1"}  # theta - theta*
MOVES = ("x", "g", "u", "z")


def _spread(members: dict[str, d.Class], calls: dict[str, d.Call], estimate: d.Vec, noise: str) -> d.Method:
    """theta+ = x - gamma estimate + z in the invariant law; u is the gradient of U, and the estimate's mean."""
    after: d.Vec = {"x": "1", "z": "1"} | {n: f"-gamma*({c})" for n, c in estimate.items()}
    independent = "the Langevin noise is independent of all else and has mean zero"
    laws = {
        "invariant": d.Law((("1", after, after), _inner("-1", "x", "x")), ("invariant",), True),
        "unbiased": d.Law((("1", estimate, D), _inner("-1", "u", "x")), ("uniform_indices", "anchor_at_mode"), True),
        "z-x": _zero("z", "x", ("expectation",), NOISE),
        "z-g": d.Law((("1", {"z": "1"}, estimate),), ("expectation",), True, says=independent),
        "Langevin": d.Law((_inner("1", "z", "z"), (f"-({noise})", "1")), (), True, says=r"$z \sim N(0, 2\gamma I)$"),
    }
    fixed = (*MOVES, *(n for n in estimate if n not in MOVES))
    return d.Method(members, {}, (), calls, fixed=fixed, fixed_values=("f", "f*", "s", "s*"), laws=laws)


#: 2 <estimate, x> - gamma |estimate|^2 - (2 d w or 2 d) == 0, times a multiplier
def _energy(c: str) -> dict[str, str]:
    return {"invariant": f"-({c})/gamma", "z-x": f"2*({c})/gamma", "z-g": f"-2*({c})", "Langevin": f"({c})/gamma"}


@d.derivation(sgld.PITFALL)
def pitfall() -> d.Derivation:
    """2 <grad U, x> = gamma |g|^2 + 2 d w in the mean, and <grad U, x> <= L |x|^2."""
    smooth = d.Class("function", {"mu": ("-L", "l_smooth"), "L": ("L", "l_smooth")})
    calls = {"at": d.Call("U", D, {"u": "1"}, "f"), "mode": d.Call("U", {}, {}, "f*", by=("fermat",))}
    method = _spread({"U": smooth}, calls, {"g": "1"}, "2*gamma*d*w")
    uses = tuple(d.Use("interpolation", "U", pair, "1/L") for pair in (("at", "mode"), ("mode", "at")))
    # |u|^2/L - L |x|^2 <= 0 is what the two give; <u, x> <= (|u|^2/L + L |x|^2)/2
    target: d.Terms = (("-1", D, D), ("d*w/L", "1"), ("gamma/(2*L)", {"g": "1"}, {"g": "1"}))
    weights = {k: f"-({v})" for k, v in _energy("1/(2*L)").items()} | {"unbiased": "1/L"}
    step = d.Inequality(target, uses, laws=weights, index="0")
    bounds = ((True, False), (False, True))
    domain = [
        (
            *map(Interval, ("gamma", "L")),
            Interval("d", "1", "", True),
            Interval("w", "0", "1", closed_low=low, closed_high=high),
        )
        for low, high in bounds
    ]
    low, high = (d.Case(part, {"end": step}) for part in domain)
    formal = d.Formal(
        method, (("1", D, D),), at="0", stands={"g2": (_inner("1", "g", "g"),)}, by=("expectation", "tower")
    )
    return d.Derivation(formal, d.Split("w - 1/2", low, high))


@d.derivation(sgld.CONTROL_VARIATE)
def control_variate() -> d.Derivation:
    """2 <grad U, x> = gamma |g - h|^2 + 2 d in the mean, |g - h|^2 <= L_h <g - h, x>, and <grad U, x> >= mu |x|^2."""
    members = {
        "U": d.Class("function", {"mu": ("mu", "strongly_convex")}),
        "S": d.Class("function", {"mu": ("0", "convex_minibatches"), "L": ("L_h", "convex_minibatches")}),
    }
    calls = {
        "at": d.Call("U", D, {"u": "1"}, "f"),
        "mode": d.Call("U", {}, {}, "f*", by=("fermat",)),
        "S at": d.Call("S", D, {"g": "1"}, "s"),
        "S mode": d.Call("S", {}, {"h": "1"}, "s*"),
    }
    method = _spread(members, calls, {"g": "1", "h": "-1"}, "2*gamma*d")
    scale = "1/(mu*(2 - gamma*L_h))"
    uses = (
        *(d.Use("interpolation", "S", p, f"gamma*L_h*{scale}") for p in (("S at", "S mode"), ("S mode", "S at"))),
        *(d.Use("interpolation", "U", p, "1/mu") for p in (("at", "mode"), ("mode", "at"))),
    )
    target: d.Terms = (("1", D, D), (f"-2*d*{scale}", "1"))
    laws = _energy(scale) | {"unbiased": "-1/mu"}
    step = d.Inequality(target, uses, laws=laws, index="0")
    domain = (Interval("L_h"), Interval("mu"), Interval("gamma", "0", "2/L_h"), Interval("d", "1", "", True))
    formal = d.Formal(method, (("1", D, D),), at="0", by=("expectation", "tower"))
    return d.Derivation(formal, d.Case(domain, {"end": step}))


@d.derivation(sgld.MEAN_BIAS)
def mean_bias() -> d.Derivation:
    """b = E theta - theta* has H b = -r, r the mean of what Taylor's formula leaves; mu |b|^2 <= <H b, b>."""
    method = d.Method(
        {"H": d.Class("operator", {"mu": ("mu", "strongly_convex")})},
        {},
        (),
        {"bias": d.Call("H", {"b": "1"}, {"r": "-1"}, by=("centred",)), "zero": d.Call("H", {}, {})},
        fixed=("b", "r"),
        fixed_values=(),
        laws={"Taylor": d.Law((_inner("1", "r", "r"), ("-(M3*V)^2/4", "1")), ("hessian_lipschitz", "expectation"))},
    )
    step = d.Inequality(
        (_inner("1", "b", "b"), ("-(M3*V)^2/(4*mu^2)", "1")),
        (d.Use("monotone", "H", ("bias", "zero"), "2/mu"),),
        laws={"Taylor": "1/mu^2"},
        index="0",
    )
    domain = (Interval("mu"), Interval("M3", "0", "", True), Interval("V", "0", "", True))
    return d.Derivation(d.Formal(method, (_inner("1", "b", "b"),), at="0"), d.Case(domain, {"end": step}))


@d.derivation(sgld.EXPANSION)
def bias_expansion() -> d.Derivation:
    """A = <H E delta, e>, B = E D^3U[delta, delta, e]/2, R = E <remainder, e>: their sum is <E grad U, e> = 0."""
    laws = {
        "mean gradient": d.Law((("1", "A"), ("1", "B"), ("1", "R")), ("centred", "expectation"), True),
        "Taylor": d.Law((("1", "R"), ("-M4/6*m3", "1")), ("third_derivative_lipschitz", "expectation")),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("A", "B", "R"), laws=laws)
    end = d.Combine({}, {"mean gradient": "-1", "Taylor": "1"})
    domain = (Interval("M4", "0", "", True), Interval("m3", "0", "", True))
    return d.Derivation(d.Formal(method, (("-1", "A"), ("-1", "B")), at="0"), d.Case(domain, {"end": end}))
