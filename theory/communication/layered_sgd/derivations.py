"""Derivations of layered SGD's claims: rounding, drift, convergence, schedules, and the linear scaling of steps.

What a formal side takes as given are the laws of one step, each by the assumption that states it.
"""

from gradproof.theory import derivation as d
from gradproof.theory.communication.layered_sgd import claims
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval


def _number(c: str) -> d.Terms:
    return ((c, "1"),)


def _from_zero(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name, "0", "", True) for name in names)


_NOTHING = d.Method({}, {}, (), {}, fixed=(), fixed_values=())  # a statement about numbers alone


# --- means and their rounding -----------------------------------------------------------------------------------------


@d.derivation(claims.MEAN_OF_MEANS_BIAS)
def mean_of_means_bias() -> d.Derivation:
    """b = sum (w_i - 1/N) G_i. Over workers, p has the deviations (N w_i - 1) b, q those of the gradients.

    ||b||^2 = mean <p, q> and mean ||p||^2 = chi2 ||b||^2; the rest is the square of q - p/chi2.
    """
    p, q, b = {"p~": "1"}, {"q~": "1"}, {"b": "1"}
    method = d.Method(
        {}, {}, ("b", "p~", "q~"), {}, fixed=(), fixed_values=(),
        laws={
            "bias": d.Law((square(b), ("-1", p, q)), ("mean_of_means",), equality=True),
            "weights": d.Law((square(p), square(b, "-chi2")), ("mean_of_means",), equality=True),
        },
    )  # fmt: skip
    target = (square(b), square(q, "-chi2"))
    squares = (("chi2", {"q~": "1", "p~": "-1/chi2"}),)
    step = d.Inequality(target, laws={"bias": "2", "weights": "1/chi2"}, squares=squares, index="0")
    formal = d.Formal(method, (square(b),), at="0", stands={"zeta2": (square(q),)})
    return d.Derivation(formal, d.Case((Interval("chi2"),), {"step": step}))


@d.derivation(claims.FLOAT)
def rounding_of_a_mean() -> d.Derivation:
    """e is the sum of the absolute errors of the partial results that have passed k roundings, M that of the inputs.

    A rounding adds at most u (|exact| + error) to what it is given, and partial sums on one level share no input.
    """
    method = d.Method(
        {}, {}, (), {}, ("e",), fixed=(), fixed_values=("M",),
        laws={
            "level": d.Law((("1", "e'"), ("-(1 + u)", "e"), ("-u", "M")), ("rounding", "depth")),
            "inputs": d.Law((("1", "e"),), ("exact_inputs",), index="0"),
        },
    )  # fmt: skip
    potential = (("1", "e"), ("1", "M"))
    steps: dict[str, d.Step] = {
        "level": d.Combine({}, {"level": "1"}, index="k"),
        "levels": d.Induct("level", potential, "1 + u", "P"),
        "end": d.Combine({"levels": "1"}, {"inputs": "P"}),
    }
    case = d.Case((Interval("u", "0", "1"),), steps, powers={"P": "1 + u"})
    return d.Derivation(d.Formal(method, (("1", "e"),), horizon="h", stands={"M": (("1", "M"),)}), case)


@d.derivation(claims.ROUNDING_DEPTH)
def rounding_depth() -> d.Derivation:
    """N/G + G - 1 - (2r - 1) = (G - r)^2/G for r the root of N."""
    value, over = "N/G + G - 1", Interval("G")
    below = d.Inequality(_number("-(G - r)^2/G"), signs=(("(G - r)^2/G", {}),), index="0")
    case = d.Case((Interval("r", "1", "", True), over), {"below": below}, {"N": "r^2"}, roots={"r": "N"})
    formal = d.Formal(_NOTHING, d.Infimum(value, over, "r"), at="0", by=("equal_groups", "sequential"))
    return d.Derivation(formal, case)


@d.derivation(claims.ROUNDING_DRIFT)
def rounding_drift() -> d.Derivation:
    """||x_k - y_k||^2 <= k (k+1) eta^2 eps^2 by induction; e is the difference of the two rounding errors.

    A step is a gradient step, which brings x and y no further apart, and -eta e: Young with weights 1/(k+1) and k + 1.
    """
    f = d.Class("function", {"mu": ("0", "convex"), "L": ("L", "smooth")})
    apart: d.Vec = {"x": "1", "y": "-1"}
    method = d.Method(
        {"f": f}, {"x": {"x": "1", "g": "-eta", "e": "-eta"}, "y": {"y": "1", "h": "-eta"}}, ("g", "h", "e"),
        {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "fx"), "y": d.Call("f", {"y": "1"}, {"h": "1"}, "fy")},
        ("fx", "fy"), ("x0",), (), {"x": {"x0": "1"}, "y": {"x0": "1"}},
        {"close": d.Law((square({"e": "1"}), ("-eps^2", "1")), ("close",))},
    )  # fmt: skip
    far: d.Terms = (square(apart), ("-k*(k + 1)*eta^2*eps^2", "1"))
    further: d.Terms = (square({"x'": "1", "y'": "-1"}), ("-(k + 1)*(k + 2)*eta^2*eps^2", "1"))
    ratio = "(k + 2)/(k + 1)"

    def both(c: str) -> tuple[d.Use, ...]:
        return tuple(d.Use("interpolation", "f", p, c) for p in (("x", "y"), ("y", "x")))

    steps: dict[str, d.Step] = {
        "first": d.Inequality(
            (square({"x'": "1", "y'": "-1"}), ("-2*eta^2*eps^2", "1")),
            both("4*eta"), laws={"close": "2*eta^2"}, index="0",
        ),
        "next": d.Inequality(
            further, both(f"2*eta*{ratio}"), laws={"close": "eta^2*(k + 2)"}, assumes=((far, ratio),),
        ),
        "end": d.InductHypothesis("first", "next", far),
    }  # fmt: skip
    step = Interval("eta", "0", "2/L", closed_high=True)
    case = d.Case((Interval("L"), step, *_from_zero("eps")), steps)
    formal = d.Formal(method, (square(apart),), horizon="T", by=("same_start",))
    return d.Derivation(formal, case)


# --- the rate ---------------------------------------------------------------------------------------------------------


@d.derivation(claims.CONVERGENCE)
def convergence() -> d.Derivation:
    """w is the error of the mean of all samples' gradients; inner products are expectations."""
    g, w = {"g": "1"}, {"w": "1"}
    f = d.Class("function", {"mu": ("-L", "smooth"), "L": ("L", "smooth"), "lower": ("f_inf", "lower_bounded")})
    method = d.Method(
        {"f": f}, {"x": {"x": "1", "g": "-eta", "w": "-eta"}}, ("g", "w"),
        {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}, ("f",), (), ("f_inf",),
        laws={
            "unbiased": d.Law((("1", g, w),), ("unbiased",), equality=True),
            "variance": d.Law((square(w), ("-sigma2/B_tot", "1")), ("variance",)),
        },
    )  # fmt: skip
    gradient: d.Terms = (square(g),)
    noise = "eta*L*sigma2/B_tot"
    steps: dict[str, d.Step] = {
        "step": d.Inequality(
            (("2/eta", "f'"), ("-2/eta", "f"), square(g), (f"-{noise}", "1")),
            (d.Use("descent", "f", ("x", "x'"), "2/eta"),), laws={"unbiased": "2*L*eta - 2", "variance": "L*eta"},
        ),
        "sum": d.Sum("step", (("2/eta", "f"),), "1", gradient, _number(f"-{noise}"), _number(f"-k*{noise}")),
        "lower": d.Inequality((("-1", "f"), ("1", "f_inf")), (d.Use("lower", "f", ("x",)),), index="N"),
        "end": d.Combine({"sum": "1/N", "lower": "2/(eta*N)"}),
    }  # fmt: skip
    step = Interval("eta", "0", "1/L", closed_high=True)
    case = d.Case((Interval("L"), step, *_from_zero("sigma2"), Interval("B_tot", "1", "", True)), steps)
    stands: dict[str, d.Terms] = {"Delta": (("1", "f"), ("-1", "f_inf"))}
    formal = d.Formal(method, d.Mean(gradient, "N"), horizon="T", stands=stands, by=("expectation", "tower"))
    return d.Derivation(formal, case)


# --- schedules --------------------------------------------------------------------------------------------------------

TIMES = _from_zero("T_comp", "R", "B")
LONG_LOADING = (*TIMES, *_from_zero("A_G"), Interval("T_io", "A_G", "", True))
LONG_ALL_REDUCE = (*TIMES, *_from_zero("T_io"), Interval("A_G", "T_io"))


@d.derivation(claims.MAKESPAN)
def makespan() -> d.Derivation:
    """Times at which iteration k + 1 has done a part: p computed, r reduced, i loaded, c all-reduced, s broadcast begun;
    e is the time at which k iterations are done. Each dependency is an inequality, along the longer path they add up.
    """

    def after(then: str, before: str, time: str) -> d.Law:
        return d.Law((("1", before), (time, "1"), ("-1", then)), ("dependencies",))

    method = d.Method(
        {}, {}, (), {}, ("e", "p", "r", "i", "c", "s"), fixed=(), fixed_values=(),
        laws={
            "compute": after("p", "e", "T_comp"), "reduce": after("r", "p", "R"), "load": after("i", "r", "T_io"),
            "all-reduce": after("c", "r", "A_G"), "loaded": after("s", "i", "0"), "all-reduced": after("s", "c", "0"),
            "broadcast": after("e'", "s", "B"), "first load": d.Law((("T_io", "1"), ("-1", "e")), ("dependencies",), index="0"),
        },
    )  # fmt: skip

    def case(domain: tuple[Interval, ...], longer: str, path: tuple[str, str]) -> d.Case:
        time = f"(T_comp + R + {longer} + B)"
        steps: dict[str, d.Step] = {
            "iteration": d.Combine({}, dict.fromkeys(("compute", "reduce", *path, "broadcast"), "1"), index="k"),
            "iterations": d.Sum("iteration", (("-1", "e"),), rest=_number(time), total=_number(f"k*{time}")),
            "end": d.Combine({"iterations": "1"}, {"first load": "1"}),
        }
        return d.Case(domain, steps)

    tree = d.Split(
        "A_G - T_io",
        case(LONG_LOADING, "T_io", ("load", "loaded")),
        case(LONG_ALL_REDUCE, "A_G", ("all-reduce", "all-reduced")),
    )
    return d.Derivation(d.Formal(method, (("1", "e"),), horizon="T"), tree)


@d.derivation(claims.OVERLAP_LIMIT)
def overlap_limit() -> d.Derivation:
    """2 t_layered - t_flat = T_comp + R + B + |T_io - A_G| + (R + A_G + B - A_N)."""
    flat, cheaper = "T_comp + T_io + A_N", "R + A_G + B - A_N"

    def case(domain: tuple[Interval, ...], longer: str, gap: str) -> d.Case:
        signs: tuple[tuple[str, d.Vec], ...] = tuple((text, {}) for text in ("T_comp", "R", "B", gap, cheaper))
        step = d.Inequality(_number(f"{flat} - 2*(T_comp + R + {longer} + B)"), signs=signs, index="0")
        return d.Case((*domain, *_from_zero("A_N")), {"step": step}, knows=(cheaper,))

    tree = d.Split("A_G - T_io", case(LONG_LOADING, "T_io", "T_io - A_G"), case(LONG_ALL_REDUCE, "A_G", "A_G - T_io"))
    return d.Derivation(d.Formal(_NOTHING, _number(flat), at="0"), tree)


# --- the linear scaling of steps ----------------------------------------------------------------------------------------

STEP = Interval("z", "0", "1", closed_high=True)


def _small_steps(**more: d.Sequence) -> d.Method:
    """x' = (1 - z) x from x0."""
    start: dict[str, d.Vec] = {"x": {"x0": "1"}}
    return d.Method({}, {"x": {"x": "1 - z"}}, (), {}, (), ("x0",), (), start, sequences=more)


def _along(part: str) -> d.Terms:
    """<x - part x0, x0>."""
    return (("1", {"x": "1", "x0": f"-({part})"}, {"x0": "1"}),)


def _kept(potential: d.Terms, after: d.Terms, square: str) -> dict[str, d.Step]:
    """V+ = (1 - z) V - square ||x0||^2 with V = 0 at the start."""
    before = tuple((f"-(1 - z)*({c})", *rest) for c, *rest in potential)
    step = d.Inequality((*after, *before), squares=((square, {"x0": "1"}),))  # type: ignore[arg-type]
    return {"step": step, "end": d.Induct("step", potential, "1 - z", "P")}


@d.derivation(claims.LINEAR_SCALING)
def linear_scaling() -> d.Derivation:
    """V_k = <x_k - (1 - kz + t z^2) x_0, x_0>, t = k (k - 1)/2, is at most (1 - z) V_{k-1}: the remainder is t z^3 >= 0."""
    part, next_part = "1 - k*z + t*z^2", "1 - (k + 1)*z + (t + k)*z^2"
    after: d.Terms = (("1", {"x'": "1", "x0": f"-({next_part})"}, {"x0": "1"}),)
    method = _small_steps(t=d.Sequence("0", "t + k", "0", "N*(N - 1)/2"))
    case = d.Case((STEP,), _kept(_along(part), after, "t*z^3"), powers={"P": "1 - z"})
    formal = d.Formal(method, _along("1 - k*z"), (square({"x0": "1"}),), horizon="k", by=("quadratic",))
    return d.Derivation(formal, case)


@d.derivation(claims.LINEAR_SCALING_BELOW)
def linear_scaling_below() -> d.Derivation:
    """V_k = <(1 - kz) x_0 - x_k, x_0> is at most (1 - z) V_{k-1}: the remainder is k z^2 >= 0."""
    potential: d.Terms = (("1", {"x0": "1 - k*z", "x": "-1"}, {"x0": "1"}),)
    after: d.Terms = (("1", {"x0": "1 - (k + 1)*z", "x'": "-1"}, {"x0": "1"}),)
    case = d.Case((STEP,), _kept(potential, after, "k*z^2"), powers={"P": "1 - z"})
    quantity: d.Terms = (("1", {"x": "1"}, {"x0": "1"}),)
    formal = d.Formal(_small_steps(), quantity, (square({"x0": "1"}),), horizon="k", by=("quadratic",))
    return d.Derivation(formal, case)
