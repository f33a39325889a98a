r"""Gains under shifts from slopes, the best bias from convexity, and SGD on the valley from what its law keeps.

Vectors are random variables with ``<u, v> = E u v``; ``e`` is the constant 1, ``I`` is 1 on the flat side and 0 on the steep
one, ``z`` is the noise, ``J = I z``. ``a`` is the positive part of ``w``; ``D`` and ``U`` are how far a step goes beyond 0,
downwards and upwards, so that ``a+ = a - eta (p I + J) + D + U``.
"""

from collections.abc import Mapping

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.landscape.asymmetric_valleys import claims

RATIO, SLOPE = Interval("c", "1"), Interval("p")
STEP, NOISE, MOST = Interval("eta"), Interval("s2", "0", "", True), Interval("nu", "0", "", True)


def _values(values: tuple[str, ...], laws: Mapping[str, d.Law], fixed: tuple[str, ...] = ()) -> d.Method:
    """Numbers alone: what is known of them are laws."""
    return d.Method({}, {}, (), {}, values, fixed=(), fixed_values=fixed, laws=laws)


# --- shifts ----------------------------------------------------------------------------------------------------------


@d.derivation(claims.SHIFT_GAIN)
def shift_gain() -> d.Derivation:
    """A, B: the loss at -dbar and l - dbar, on the steep side; C, D: at dbar and dbar + l, on the flat side."""
    by = ("asymmetric_direction", "bias_range")
    gap = ("shift_gap", "random_sign_shift")
    laws = {
        "steep": d.Law((("c*p*l", "1"), ("-1", "A"), ("1", "B")), by),
        "flat": d.Law((("-p*l", "1"), ("-1", "C"), ("1", "D")), by),
        "before": d.Law((("1/2", "A"), ("1/2", "C"), ("-xi", "1"), ("-1", "L0")), gap),
        "after": d.Law((("1", "Ll"), ("-1/2", "B"), ("-1/2", "D"), ("-xi", "1")), gap),
    }
    gain: d.Terms = (("1", "L0"), ("-1", "Ll"))
    all_of = {"steep": "1/2", "flat": "1/2", "before": "1", "after": "1"}
    step = d.Inequality((("(c - 1)*p*l/2 - 2*xi", "1"), ("-1", "L0"), ("1", "Ll")), laws=all_of, index="0")
    domain = (
        RATIO,
        SLOPE,
        Interval("l", "0", "", True),
        Interval("room", "l", "", True),
        Interval("xi", "0", "", True),
    )
    method = _values(("A", "B", "C", "D", "L0", "Ll"), laws)
    return d.Derivation(d.Formal(method, gain, at="0"), d.Case(domain, {"step": step}))


@d.derivation(claims.SEPARABLE)
def shift_gain_separable() -> d.Derivation:
    """The same with the sums over the coordinates of the losses at the four points: they are means over a uniform coordinate."""
    by = ("asymmetric_direction", "bias_range", "expectation")
    gap = ("shift_gap", "random_sign_shift", "separable")
    laws = {
        "steep": d.Law((("steep", "1"), ("-1", "A"), ("1", "B")), by),
        "flat": d.Law((("-flat", "1"), ("-1", "C"), ("1", "D")), by),
        "before": d.Law((("1/2", "A"), ("1/2", "C"), ("-xi", "1"), ("-1", "L0")), gap),
        "after": d.Law((("1", "Ll"), ("-1/2", "B"), ("-1/2", "D"), ("-xi", "1")), gap),
    }
    gain: d.Terms = (("1", "L0"), ("-1", "Ll"))
    all_of = {"steep": "1/2", "flat": "1/2", "before": "1", "after": "1"}
    step = d.Inequality((("(steep - flat)/2 - 2*xi", "1"), ("-1", "L0"), ("1", "Ll")), laws=all_of, index="0")
    domain = tuple(Interval(name, "0", "", True) for name in ("steep", "flat", "xi"))
    method = _values(("A", "B", "C", "D", "L0", "Ll"), laws)
    return d.Derivation(d.Formal(method, gain, at="0"), d.Case(domain, {"step": step}))


@d.derivation(claims.JOINT)
def shift_gain_joint() -> d.Derivation:
    """F_k: the expected shifted loss with the first k coordinates moved. Coordinate k moves while the others are where they may be.

    A and C: half the expected losses before it moves, at -dbar and dbar; B and D: after.
    """
    by = ("asymmetric_directions", "bias_range", "expectation")
    laws = {
        "steep": d.Law((("c*p*l", "1"), ("-1", "A"), ("1", "B")), by),
        "flat": d.Law((("-p*l", "1"), ("-1", "C"), ("1", "D")), by),
        "before": d.Law((("1", "F"), ("-1/2", "A"), ("-1/2", "C")), ("random_sign_shift",), equality=True),
        "after": d.Law((("1", "F'"), ("-1/2", "B"), ("-1/2", "D")), ("random_sign_shift",), equality=True),
        "start": d.Law((("1", "F"), ("-xi", "1"), ("-1", "L0")), ("shift_gap",), index="0"),
        "end": d.Law((("1", "L"), ("-1", "F"), ("-xi", "1")), ("shift_gap",)),
    }
    loss: d.Terms = (("1", "F"),)
    fall: d.Terms = (("(c - 1)*p*l/2", "1"),)
    one = d.Inequality(
        (("1", "F'"), ("-1", "F"), *fall), laws={"steep": "1/2", "flat": "1/2", "before": "-1", "after": "1"}
    )
    steps: dict[str, d.Step] = {
        "step": one,
        "sum": d.Sum("step", loss, rest=fall, total=(("k*(c - 1)*p*l/2", "1"),)),
        "end": d.Combine({"sum": "1"}, {"start": "1", "end": "1"}),
    }
    domain = (RATIO, SLOPE, Interval("l", "0", "", True), Interval("xi", "0", "", True))
    gain: d.Terms = (("1", "L0"), ("-1", "L"))
    method = _values(("A", "B", "C", "D", "F", "L"), laws, ("L0",))
    return d.Derivation(d.Formal(method, gain, horizon="d"), d.Case(domain, steps))


@d.derivation(claims.OPTIMAL_BIAS)
def optimal_bias() -> d.Derivation:
    """V is convex, and its slope at l* + delta has mean zero. x = l* + delta, y = w + delta, v = w - l* is no random number."""
    method = d.Method(
        {"V": d.Class("function", {"mu": ("0", "convex")})},
        {},
        ("x", "v", "g", "h"),
        {
            "best": d.Call("V", {"x": "1"}, {"g": "1"}, "Vx"),
            "other": d.Call("V", {"x": "1", "v": "1"}, {"h": "1"}, "Vy"),
        },
        ("Vx", "Vy"),
        fixed=(),
        fixed_values=(),
        laws={"quantile": d.Law((("1", {"g": "1"}, {"v": "1"}),), ("newsvendor_quantile", "expectation"), True)},
    )
    best: d.Terms = (("1", "Vx"),)
    step = d.Inequality(
        (*best, ("-1", "Vy")), (d.Use("interpolation", "V", ("other", "best")),), laws={"quantile": "-1"}, index="0"
    )
    formal = d.Formal(method, best, at="0", stands={"elsewhere": (("1", "Vy"),)}, by=("expectation",))
    return d.Derivation(formal, d.Case((), {"step": step}))


@d.derivation(claims.MOST_GAIN)
def most_gain() -> d.Derivation:
    """V(u) >= p u and V(u) >= -p u, at l + dbar and at l - dbar: their mean is at least p dbar. A, B: V there; Z: E V(delta)."""
    by = ("valley",)
    laws = {
        "right": d.Law((("p*dbar", "1"), ("p", "l"), ("-1", "A")), by),
        "left": d.Law((("p*dbar", "1"), ("-p", "l"), ("-1", "B")), by),
        "at 0": d.Law((("1", "Z"), ("-(1 + c)*p*dbar/2", "1")), ("valley", "random_sign_shift"), equality=True),
        "mean": d.Law((("1/2", "A"), ("1/2", "B"), ("-1", "M")), ("random_sign_shift",), equality=True),
    }
    gain: d.Terms = (("1", "Z"), ("-1", "M"))
    step = d.Inequality(
        (*gain, ("-(c - 1)*p*dbar/2", "1")), laws={"right": "1/2", "left": "1/2", "at 0": "1", "mean": "1"}, index="0"
    )
    method = _values(("A", "B", "M", "Z"), laws, ("l",))
    return d.Derivation(d.Formal(method, gain, at="0"), d.Case((RATIO, SLOPE, Interval("dbar")), {"step": step}))


@d.derivation(claims.QUADRATIC)
def quadratic() -> d.Derivation:
    """E V_2(l + delta) = (a (dbar + l)^2 + b (dbar - l)^2)/4, where the two points lie on either side of 0."""
    value, bound = "(a*(dbar + l)^2 + b*(dbar - l)^2)/4", "a*b*dbar^2/(a + b)"
    at = "dbar*(b - a)/(a + b)"
    over = Interval("l", "0", "dbar")
    step = d.Inequality(((f"{bound} - ({value})", "1"),), signs=((f"{value} - {bound}", {}),), index="0")
    case = d.Case((Interval("a"), Interval("b", "a"), Interval("dbar"), over), {"step": step})
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=())
    by = ("two_curvatures", "random_sign_shift")
    return d.Derivation(d.Formal(method, d.Infimum(value, over, at, "bias_range"), at="0", by=by), case)


# --- SGD on the valley -----------------------------------------------------------------------------------------------

W, A, E, IN, Z, J, DOWN, UP = ({name: "1"} for name in ("w", "a", "e", "I", "z", "J", "D", "U"))
MEAN: d.Terms = (("1", W, E),)
V: d.Terms = (("(1 + c)*p", A, E), ("-c*p", W, E))  # p w^+ + c p w^-
FINAL = "eta/2*(c*p^2 + s2)"

LAWS: Mapping[str, d.Law] = {
    "one": d.Law((("1", E, E), ("-1", "1")), ("expectation",), True),
    "indicator": d.Law((("1", IN, IN), ("-1", IN, E)), ("valley",), True),
    "part": d.Law((("1", W, IN), ("-1", A, E)), ("valley",), True),
    "inside": d.Law((("1", A, IN), ("-1", A, E)), ("valley",), True),
    "fair": d.Law((("1", Z, E),), ("zero_mean_noise", "tower"), True),
    "fair w": d.Law((("1", Z, W),), ("zero_mean_noise", "tower"), True),
    "fair I": d.Law((("1", Z, IN),), ("zero_mean_noise", "tower"), True),
    "variance": d.Law((("1", Z, Z), ("-s2", "1")), ("zero_mean_noise",), True),
}
CROSSING = {
    "fair J": d.Law((("1", J, E),), ("zero_mean_noise", "tower"), True),
    "fair a": d.Law((("1", J, A),), ("zero_mean_noise", "tower"), True),
    "fair IJ": d.Law((("1", J, IN),), ("zero_mean_noise", "tower"), True),
    "variance J": d.Law((("1", J, J), ("-s2", IN, E)), ("zero_mean_noise", "tower"), True),
    "down": d.Law((("1", DOWN, {"a": "1", "I": "-eta*p", "J": "-eta", "D": "1"}),), ("valley",), True),
    "up": d.Law((("1", UP, {"a": "1", "I": "-eta*p", "J": "-eta"}),), ("valley",), True),
    "either": d.Law((("1", UP, DOWN),), ("valley",), True),
    "down most": d.Law((("1", DOWN, DOWN), ("-eta*(p + nu)", DOWN, E)), ("valley", "bounded_noise")),
    "up most": d.Law((("1", UP, UP), ("-eta*(c*p + nu)", UP, E)), ("valley", "bounded_noise")),
    "down sign": d.Law((("-1", DOWN, E),), ("valley",)),
    "up sign": d.Law((("-1", UP, E),), ("valley",)),
    "a mean": d.Law((("1", {"a'": "1", "a": "-1"}, E),), ("stationary",), True),
    "a square": d.Law((("1", {"a'": "1"}, {"a'": "1"}), ("-1", A, A)), ("stationary",), True),
}
KEPT = {
    "w mean": d.Law((("1", {"w'": "1", "w": "-1"}, E),), ("stationary",), True),
    "w square": d.Law((("1", {"w'": "1"}, {"w'": "1"}), ("-1", W, W)), ("stationary",), True),
}
WALK: Mapping[str, d.Vec] = {"w": {"w": "1", "I": "-eta*(1 + c)*p", "e": "eta*c*p", "z": "-eta"}}


def _sgd(laws: Mapping[str, d.Law], *, parts: bool = False) -> d.Method:
    positive: Mapping[str, d.Vec] = {"a": {"a": "1", "I": "-eta*p", "J": "-eta", "D": "1", "U": "1"}}
    outputs = ("I", "z", "J", "D", "U") if parts else ("a", "I", "z")
    step = {**WALK, **positive} if parts else WALK
    return d.Method({}, step, outputs, {}, fixed=("e",), fixed_values=(), laws={**LAWS, **laws})


#: -2 eta x and eta^2 x^2 of a step, x = (1 + c) p I - c p e + z: with these multipliers the laws add up to
#: <w', w'> - <w, w> - eta (c - 1) p <w' - w, e> + 2 eta (E V - final), for every start.
SQUARE = {
    "part": "-2*eta*(1 + c)*p", "fair w": "-2*eta", "indicator": "eta^2*(1 + c)^2*p^2", "fair I": "2*eta^2*(1 + c)*p",
    "variance": "eta^2", "fair": "-eta^2*p*(1 + c)", "one": "eta^2*c*p^2",
}  # fmt: skip


def _sum(*parts: tuple[str, Mapping[str, str]]) -> dict[str, str]:
    """Multipliers, each part times its factor."""
    out: dict[str, str] = {}
    for factor, multipliers in parts:
        for name, m in multipliers.items():
            out[name] = (f"{out[name]} + " if name in out else "") + f"({factor})*({m})"
    return out


@d.derivation(claims.FINITE)
def finite_time_loss() -> d.Derivation:
    """Q = E (w - h)^2/(2 eta) with h = eta (c - 1) p/2: Q_{k+1} - Q_k + E V - final is 0, and Q_N >= 0."""
    h, half = "eta*(c - 1)*p/2", "1/(2*eta)"
    apart, after = {"w": "1", "e": f"-{h}"}, {"w'": "1", "e": f"-{h}"}
    potential: d.Terms = ((half, apart, apart),)
    rest: d.Terms = ((f"-{FINAL}", "1"),)
    steps: dict[str, d.Step] = {
        "step": d.Inequality(((half, after, after), (f"-{half}", apart, apart), *V, *rest), laws=_sum((half, SQUARE))),
        "sum": d.Sum("step", potential, "1", V, rest, ((f"-k*{FINAL}", "1"),)),
        "end": d.Combine({"sum": "1/N"}, squares=((f"{half}/N", apart),)),
    }
    formal = d.Formal(_sgd({}), d.Mean(V, "N"), stands={"apart": (("1", apart, apart),)}, by=("expectation",))
    return d.Derivation(formal, d.Case((RATIO, SLOPE, STEP, NOISE), steps))


#: E V - final, from the stationary mean and square
STATIONARY = _sum(("1/(2*eta)", SQUARE), ("1", {"w square": "-1/(2*eta)", "w mean": "-(1 - c)*p/2"}))
#: (1 + c) <I, e> - c, from the stationary mean
SHARE = {"w mean": "-1/(eta*p)", "one": "c", "fair": "-1/p"}


@d.derivation(claims.AVERAGE)
def average_bias() -> d.Derivation:
    """w >= -eta (p + nu): from below 0 every step goes up, and from above none goes further. E V = p E w + (1 + c) p E w^-."""
    lowest: d.Vec = {"w": "1", "e": "eta*(p + nu)"}
    support = d.Law(
        (("-1", lowest, {"e": "1", "I": "-1"}),), ("valley", "bounded_noise", "steep_beats_noise", "stationary")
    )
    share = "eta*(p + nu)"
    laws = _sum(
        ("-1/p", STATIONARY),
        (f"-{share}", SHARE),
        ("1", {"part": "-(1 + c)", "support": "1 + c", "one": f"(1 + c)*{share}"}),
    )
    step = d.Inequality(((f"{FINAL}/p - eta*(p + nu)", "1"), ("-1", W, E)), laws=laws, index="0")
    below_steep = Interval("nu", "0", "c*p", True)
    case = d.Case((RATIO, SLOPE, STEP, NOISE, below_steep), {"step": step})
    return d.Derivation(d.Formal(_sgd(KEPT | {"support": support}), MEAN, at="0", by=("expectation",)), case)


#: (<a', a'> - <a, a> + 2 eta p <a, e> - eta^2 (p^2 + s2) <I, e> + <D, D> - <U, U>) times -1, and <a, a> does not change
PART = {
    "a square": "1", "down": "-2", "up": "-2", "either": "-2", "inside": "2*eta*p", "fair a": "2*eta", "indicator": "-eta^2*p^2",
    "fair IJ": "-2*eta^2*p", "variance J": "-eta^2",
}  # fmt: skip
G = "(c + 1)/(2*eta*p*c)"  # E w = (1 + 1/c) E a - E V/(c p)


def _diffusion(sign: str, far: str, of: str, other: str) -> d.Derivation:
    """The overshoot on one side is at most ``far`` a crossing, and both have the mean eta p <I, e>; on the other it helps."""
    centre = f"eta*s2/(2*p)*(1 - 1/c) + ({sign})*{far}/2"
    on_flat = f"({sign})*eta^2*(p^2 + s2) + {far}*eta*p"
    laws = _sum(
        (f"-({sign})*{G}", PART),
        (G, {f"{of} most": "1", f"{other} sign": far, "a mean": far, "fair J": f"{far}*eta"}),
        (f"{G}*({on_flat})/(1 + c)", SHARE),
        (f"-({sign})/(c*p)", STATIONARY),
    )
    step = d.Inequality(((f"-({sign})*({centre})", "1"), (sign, W, E)), laws=laws, index="0")
    case = d.Case((RATIO, SLOPE, STEP, NOISE, MOST), {"step": step})
    method = _sgd(KEPT | CROSSING, parts=True)
    return d.Derivation(d.Formal(method, MEAN, at="0", by=("expectation",)), case)


@d.derivation(claims.DIFFUSION_BELOW)
def diffusion_from_below() -> d.Derivation:
    return _diffusion("-1", "eta*(p + nu)", "down", "up")


@d.derivation(claims.DIFFUSION_ABOVE)
def diffusion_from_above() -> d.Derivation:
    return _diffusion("1", "eta*(c*p + nu)", "up", "down")


# --- logistic regression ---------------------------------------------------------------------------------------------


@d.derivation(claims.LOGISTIC_ASYMMETRY)
def logistic_asymmetry() -> d.Derivation:
    """log(1 + e^x) - log(1 + e^-x) = x, and log(1 + e^x) rises by at most as much as x.

    B, F: the loss against and along u; G, H: the same at theta = 0; P, Q: the means of the positive and negative parts of M.
    """
    by = ("logistic_loss",)
    laws = {
        "odd": d.Law((("1", "G"), ("-1", "H"), ("-t", "m")), by, equality=True),
        "against": d.Law((("1", "G"), ("-1", "P"), ("-1", "B")), by),
        "along": d.Law((("1", "F"), ("-1", "H"), ("-1", "Q")), by),
        "parts": d.Law((("1", "P"), ("1", "Q"), ("-1", "M")), by, equality=True),
    }
    gap: d.Terms = (("1", "B"), ("-1", "F"))
    all_of = {"odd": "-1", "against": "1", "along": "1", "parts": "1"}
    step = d.Inequality((("t", "m"), ("-1", "M"), ("-1", "B"), ("1", "F")), laws=all_of, index="0")
    method = _values(("B", "F", "G", "H", "P", "Q", "m", "M"), laws)
    stands: dict[str, d.Terms] = {"margin": (("1", "m"),), "offset": (("1", "M"),)}
    return d.Derivation(
        d.Formal(method, gap, at="0", stands=stands), d.Case((Interval("t", "0", "", True),), {"step": step})
    )
