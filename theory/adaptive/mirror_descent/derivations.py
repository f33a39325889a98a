r"""Mirror descent by its coupling: ``F(p, y) = h(p) - h(x) + <y, x - p>`` at ``x = Q(y)``.

``x_k`` here is X_{k+1} of the claims, so that k runs from 0. Vectors are random, ``<a, b>`` is the expectation of their product,
``e`` is the constant 1. In other norms than the Euclidean ``a``, ``b`` are vectors of the lengths ``||s||_*`` and ``||x' - x||``.
"""

from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.adaptive.mirror_descent import claims
from gradproof.theory.derivation_words import Laws, Names, Steps, at_once, below, equal, minus, over, square
from gradproof.theory.field import Interval

X, Y, P, S, E = ({name: "1"} for name in ("x", "y", "p", "s", "e"))
APART, MOVED = {"x": "1", "p": "-1"}, {"x'": "1", "x": "-1"}


# --- the coupling ----------------------------------------------------------------------------------------------------

MIRROR = ("mirror_map", "strongly_convex")


@d.derivation(claims.FENCHEL_LOWER)
def fenchel_lower() -> d.Derivation:
    laws = {
        "conjugate": equal(("1", "h*"), ("1", "hx"), ("-1", Y, X), by=MIRROR[:1]),
        "growth": below(("1", "hx"), ("-1", "hp"), ("1", Y, {"p": "1", "x": "-1"}), ("K/2", "d2"), by=MIRROR),
    }
    coupling: d.Terms = (("1", "hp"), ("1", "h*"), ("-1", Y, P))
    steps: Steps = {"end": d.Combine({}, {"growth": "1", "conjugate": "-1"}, index="0")}
    stands: dict[str, d.Terms] = {"d2": (("1", "d2"),)}
    return at_once(coupling, over("K"), laws, steps, ("x", "y", "p"), ("hp", "hx", "h*", "d2"), stands=stands)


@d.derivation(claims.FENCHEL_STEP)
def fenchel_step() -> d.Derivation:
    """x = Q(y), z = Q(y + v): <v, z - x> - K/2 ||z - x||^2 <= ||v||_*^2/(2K)."""
    after, change, A, B = {"y": "1", "v": "1"}, {"z": "1", "x": "-1"}, {"a": "1"}, {"b": "1"}
    laws = {
        "before": equal(("1", "h*"), ("1", "hx"), ("-1", Y, X), by=MIRROR[:1]),
        "after": equal(("1", "h+"), ("1", "hz"), ("-1", after, {"z": "1"}), by=MIRROR[:1]),
        "growth": below(("1", "hx"), ("-1", "hz"), ("1", Y, change), square(B, "K/2"), by=MIRROR),
        "dual": below(("1", {"v": "1"}, change), ("-1", A, B), by=("dual_norm",)),
    }
    quantity: d.Terms = (("1", "h+"), ("-1", "h*"), ("-1", after, P), ("1", Y, P), ("-1", {"v": "1"}, APART))
    used = {"before": "-1", "after": "1", "growth": "1", "dual": "1"}
    steps: Steps = {"end": d.Inequality((*quantity, square(A, "-1/(2*K)")), laws=used, index="0")}
    names = ("x", "y", "z", "v", "p", "a", "b")
    return at_once(quantity, over("K"), laws, steps, names, ("hx", "hz", "h*", "h+"), stands={"v2": (square(A),)})


# --- sums over the steps ---------------------------------------------------------------------------------------------

COUPLING: d.Terms = (("1", "hp"), ("-1", "hx"), ("1", Y, APART))
NEXT: d.Terms = (("1", "hp"), ("-1", "hx'"), ("1", {"y'": "1"}, {"x'": "1", "p": "-1"}))
COST: d.Term = ("-V^2/(2*K)", "B")


def total(value: str, one: d.Term, says: str) -> dict[str, d.Law]:
    """``value`` is the sum of ``one`` over the steps so far."""
    c, *rest = one
    term: d.Term = (f"-({c})", *rest)  # type: ignore[assignment]
    return {
        f"one more {value}": equal(("1", f"{value}'"), ("-1", value), term, says=says),
        f"no {value}": equal(("1", value), at="0", says="a sum without terms"),
    }


RUN = {
    "growth": below(("1", "hx"), ("-1", "hx'"), ("1", Y, MOVED), square({"b": "1"}, "K/2"), by=(*MIRROR, "dual_averaging")),
    "dual": below(("-1", S, MOVED), ("-1", {"a": "1"}, {"b": "1"}), by=("dual_norm",)),
    "size": below(square({"a": "1"}), ("-V^2", "a2"), by=("bounded_moment",)),
    **total("B", ("1", "a2"), "B is the sum of the squares of the steps so far"),
    "squares": below(("1", "B"), ("-B_n", "1"), by=("dual_averaging",)),
}  # fmt: skip
GAPS = {
    "above": below(("1", "hx"), ("-1", "hp"), ("-1", Y, APART), by=MIRROR[:1]),
    "slope": equal(("1", S, APART), ("-1", "q"), by=("unbiased", "tower")),
    **total("S", ("1", "q"), "S is the sum of the weighted gaps so far"),
}
LENGTHS = {"growth": "1", "dual": "1", "size": "1/(2*K)", "one more B": "-V^2/(2*K)"}


def summed(
    laws: Laws, quantity: Any, end: Steps, names: Names, *, gaps: bool = True, more: Any = None, **method: Any
) -> d.Derivation:
    """The coupling, the sum of the gaps and what the squares of the steps cost: together they do not grow."""
    values, drift = (("S",), {"slope": "-1", "one more S": "1"}) if gaps else ((), {"drift": "1"})
    parts: d.Terms = (COST, *((("1", "S"),) if gaps else ()))
    grown: d.Terms = (*NEXT, *((c, f"{v}'") for c, v in parts))  # type: ignore[misc]
    used: dict[str, str] = {**LENGTHS, **drift}
    steps: Steps = {
        "step": d.Inequality((*grown, *minus(*COUPLING, *parts)), laws=used),
        "all": d.Induct("step", (*COUPLING, *parts)),
        **end,
    }
    data: dict[str, Any] = {
        "step": {"y": {"y": "1", "s": "-1"}},
        "outputs": ("x", "s", "a", "b"),
        "fixed": ("p",),
    } | method
    data["values"] = ("hx", "a2", "B", *(("q",) if gaps else ()), *values, *data.get("values", ()))
    data["fixed_values"] = ("hp", *data.get("fixed_values", ()))
    formal = d.Formal(
        d.Method({}, calls={}, laws={**RUN, **laws}, **data), quantity, stands={"F1": COUPLING}, by=("expectation",)
    )
    return d.Derivation(formal, d.Case(over(*names), steps, **(more or {})))


#: what the induction leaves of the start and of the end
BEGIN: Steps = {"begin": d.Combine({}, {"no B": "-V^2/(2*K)", "no S": "1"}, index="0")}
ENDING = {"above": "1", "squares": "V^2/(2*K)"}


@d.derivation(claims.ERGODIC)
def ergodic() -> d.Derivation:
    end = {**BEGIN, "end": d.Combine({"all": "1", "begin": "1"}, ENDING)}
    return summed(GAPS, (("1", "S"),), end, ("K", "V", "B_n"))


@d.derivation(claims.BEST_ITERATE)
def best_iterate() -> d.Derivation:
    """M: the least gap, times e; C: the sum of the steps so far, times e."""
    M, C, now = {"M": "1"}, {"C": "1"}, {"c": "1"}
    laws = {
        **GAPS, "least": below(("1", M, now), ("-1", "q"), by=("dual_averaging",), says="M is the least gap"),
        "steps": equal(("1", M, C), ("-A_n", M, E), by=("dual_averaging",), says="the steps add up to A_n"),
    }  # fmt: skip
    change: d.Terms = (("1", M, {"C'": "1", "C": "-1"}), ("-1", "S'"), ("1", "S"))
    end: Steps = {
        **BEGIN, "less": d.Inequality(change, laws={"least": "1", "one more S": "-1"}),
        "weighted": d.Induct("less", (("1", M, C), ("-1", "S"))),
        "none": d.Combine({}, {"no S": "-1"}, index="0"),
        "end": d.Combine(
            {"all": "1/A_n", "begin": "1/A_n", "weighted": "1/A_n", "none": "1/A_n"},
            {"above": "1/A_n", "squares": "V^2/(2*K*A_n)", "steps": "-1/A_n"},
        ),
    }  # fmt: skip
    moves = {"y": {"y": "1", "s": "-1"}, "C": {"C": "1", "c": "1"}}
    return summed(
        laws, (("1", M, E),), end, ("K", "V", "B_n", "A_n"), step=moves, outputs=("x", "s", "a", "b", "c"),
        fixed=("p", "M", "e"), start={"C": {}},
    )  # fmt: skip


@d.derivation(claims.ERGODIC_AVERAGE)
def ergodic_average() -> d.Derivation:
    """T: the sum of the weighted gaps in value; G: the gap of the average iterate."""
    laws = {
        **GAPS, **total("T", ("1", "f"), "T is the sum of the weighted gaps in value"),
        "convex": below(("1", "f"), ("-1", "q"), by=("convex",)),
        "average": below(("A_n", "G"), ("-1", "T"), by=("convex", "jensen")),
    }  # fmt: skip
    share = {"above": "1/A_n", "squares": "V^2/(2*K*A_n)", "average": "1/A_n"}
    end: Steps = {
        **BEGIN, "less": d.Combine({}, {"convex": "1", "one more T": "1", "one more S": "-1"}, index="k"),
        "values": d.Induct("less", (("1", "T"), ("-1", "S"))),
        "none": d.Combine({}, {"no T": "1", "no S": "-1"}, index="0"),
        "end": d.Combine({"all": "1/A_n", "begin": "1/A_n", "values": "1/A_n", "none": "1/A_n"}, share),
    }  # fmt: skip
    return summed(laws, (("1", "G"),), end, ("K", "V", "B_n", "A_n"), values=("f", "T", "G"))


@d.derivation(claims.MAXIMAL)
def maximal() -> d.Derivation:
    """The recursion is stopped where the coupling reaches lam: s = 0 from there on. P: the chance that it has been."""
    laws = {
        "drift": below(("-1", S, APART), by=("unbiased", "coherent", "tower")),
        "markov": below(("lam", "P"), *minus(*COUPLING), by=("expectation",)),
    }
    end: Steps = {
        "begin": d.Combine({}, {"no B": "-V^2/(2*K)"}, index="0"),
        "end": d.Combine({"all": "1/lam", "begin": "1/lam"}, {"markov": "1/lam", "squares": "V^2/(2*K*lam)"}),
    }
    return summed(laws, (("1", "P"),), end, ("K", "V", "B_n", "lam"), gaps=False, values=("P",))


@d.derivation(claims.ACCOUNTS)
def accounts() -> d.Derivation:
    """|x' - x*|^2 = |x - x*|^2 - 2 <s, x - x*> + |s|^2."""
    laws = {
        "slope": equal(("1", S, APART), ("-1", "q"), by=("unbiased", "tower", "unconstrained", "dual_averaging")),
        **total("S", ("1", "q"), "S is the sum of the weighted gaps so far"),
        **total("W", square(S), "W is the sum of the squares of the steps taken so far"),
    }
    parts: d.Terms = (square(APART, "1/2"), ("1", "S"), ("-1/2", "W"))
    steps: Steps = {
        "step": d.Combine({}, {"slope": "-1", "one more S": "1", "one more W": "-1/2"}, index="k"),
        "all": d.Induct("step", parts),
        "end": d.Combine({"all": "1"}, {"no S": "1", "no W": "-1/2"}),
    }
    method = d.Method({}, {"x": {"x": "1", "s": "-1"}}, ("s",), {}, ("S", "W", "q"), ("p",), (), laws=laws)
    formal = d.Formal(method, parts, stands={"D1": (square(APART),)}, by=("expectation",))
    return d.Derivation(formal, d.Case((), steps))


# --- vertices --------------------------------------------------------------------------------------------------------


def threshold(
    factor: str, bound_over: str, domain: tuple[Interval, ...], dual: d.Vec, by: Names, laws: Laws
) -> d.Derivation:
    """Q(y) = e_1 iff <y - e_1, e_j - e_1> <= 0 for the best other vertex e_j: the sign of <y - e_1, e_1 - e_j> decides."""
    variable = Interval(bound_over, "0", "")
    inward = {"one": "1", "j": "-1"}
    method = d.Method({}, {}, (), {}, fixed=("one", "j", *dual), fixed_values=(), laws=laws)
    formal = d.Formal(
        method,
        d.Threshold((("1", {**dual, "one": "-1"}, inward),), factor, variable),
        at="0",
        by=("first-order-optimality", *by),
    )
    steps: Steps = {"sign": d.Combine({}, dict.fromkeys(laws, "1"), index="0")}
    return d.Derivation(formal, d.Case((*domain, variable), steps))


UNIT = equal(("-1", {"one": "1"}, {"one": "1", "j": "-1"}), ("1", "1"), by=("euclidean_simplex",))


@d.derivation(claims.NORMAL_CONE)
def normal_cone() -> d.Derivation:
    """t = y_1 - y_j = <y, e_1 - e_j>."""
    margin = equal(
        ("1", {"y": "1"}, {"one": "1", "j": "-1"}), ("-t", "1"), by=("euclidean_simplex",), says="t is the margin"
    )
    return threshold("t - 1", "t", (), {"y": "1"}, ("euclidean_simplex",), {"unit": UNIT, "margin": margin})


@d.derivation(claims.NOISELESS_EUCLID)
def noiseless_euclid() -> d.Derivation:
    """y = -A cost, and <cost, e_j - e_1> = gap for the cheapest other vertex."""
    by = ("linear_program", "noiseless")
    cost = equal(("-A", {"cost": "1"}, {"one": "1", "j": "-1"}), ("-A*gap", "1"), by=by)
    return threshold("A*gap - 1", "A", over("gap"), {"cost": "-A"}, by, {"unit": UNIT, "cost": cost})


# --- finite time -----------------------------------------------------------------------------------------------------


@d.derivation(claims.FINITE_MOMENTS)
def finite_moments() -> d.Derivation:
    """z: the sum of the centred noise along an edge. The edge fails only where z < -T, T = c A_n - theta; I is 1 there.

    J is 1 where X_{n+1} is not the vertex, so that <J, J> <= m <I, I> for the worst edge. One-sided Chebyshev: u = sigma^2 B_n/T.
    """
    z, I, J, u = {"z": "1"}, {"I": "1"}, {"J": "1"}, "(sigma^2*B_n/T)"
    fails = ("sharp_vertex", "euclidean", "sharp_slope", "start", "dual_averaging")
    laws = {
        "fresh": equal(("1", z, {"xi": "1"}), by=("sharp_slope", "tower")),
        "unbiased": equal(("1", {"xi": "1"}, E), by=("sharp_slope",)),
        "variance": below(square({"xi": "1"}), ("-sigma^2", "a2"), by=("bounded_variance",)),
        "one": equal(square(E), ("-1", "1"), says="e is the constant 1"),
        **total("B", ("1", "a2"), "B is the sum of the squares of the steps so far"),
        "squares": below(("1", "B"), ("-B_n", "1"), by=("dual_averaging",)),
        "far": below(square(I, f"(T + {u})^2"), square({"z": "1", "e": f"-{u}"}, "-1"), by=fails),
        "edges": below(square(J), square(I, "-m"), by=("sharp_vertex", "expectation")),
    }
    spread: d.Terms = (square(z), ("-sigma^2", "B"))
    share = f"m/(T + {u})^2"
    steps: Steps = {
        "step": d.Combine({}, {"fresh": "2", "variance": "1", "one more B": "-sigma^2"}, index="k"),
        "spread": d.Induct("step", spread),
        "still": d.Combine({}, {"unbiased": "1"}, index="k"),
        "mean": d.Induct("still", (("1", z, E),)),
        "begin": d.Combine({}, {"no B": f"-{share}*sigma^2"}, index="0"),
        "end": d.Combine(
            {"spread": share, "begin": "1", "mean": f"-2*{u}*{share}"},
            {"squares": f"{share}*sigma^2", "far": share, "edges": "1", "one": f"{share}*{u}^2"},
        ),
    }
    method = d.Method(
        {}, {"z": {"z": "1", "xi": "1"}}, ("xi", "I", "J"), {}, ("a2", "B"), ("e",), (), {"z": {}}, laws
    )  # fmt: skip
    formal = d.Formal(method, (square(J),), by=("expectation",))
    domain = (Interval("m", "1", "", True), *over("c", "sigma", "A_n", "B_n", "T"))
    return d.Derivation(formal, d.Case(domain, steps, {"theta": "c*A_n - T"}, {"T": "c*A_n - theta"}))


@d.derivation(claims.FINITE_TIME)
def finite_time() -> d.Derivation:
    """U: the chance that one of the steps so far is not at the vertex; T: the sum of their bounds."""
    by = ("each_step",)
    laws = {
        "union": below(("1", "U'"), ("-1", "U"), ("-1", "P"), by=by, says="U is the chance that the vertex has been left by k"),
        "each": below(("1", "P"), ("-1", "b"), by=by), "none": equal(("1", "U"), at="0", says="no step is seen yet"),
        **total("T", ("1", "b"), "T is the sum of the bounds so far"), "tail": below(("1", "T"), ("-tail", "1"), by=by),
    }  # fmt: skip
    steps: Steps = {
        "step": d.Combine({}, {"union": "1", "each": "1", "one more T": "-1"}, index="k"),
        "all": d.Induct("step", (("1", "U"), ("-1", "T"))),
        "begin": d.Combine({}, {"none": "1", "no T": "-1"}, index="0"),
        "end": d.Combine({"all": "1", "begin": "1"}, {"tail": "1"}),
    }
    method = d.Method({}, {}, (), {}, ("U", "P", "b", "T"), (), (), laws=laws)
    return d.Derivation(d.Formal(method, (("1", "U"),)), d.Case(over("tail", zero=("tail",)), steps))


# --- the example, and steps that are excluded ------------------------------------------------------------------------


@d.derivation(claims.VC_MODULUS)
def vc_modulus() -> d.Derivation:
    """a is the angular factor: a (10/3 - 3 r) - m/3 = (a - m)(10/3 - 3 r) + 3 m (1 - r)."""
    laws = {
        "radial": equal(("1", "slope"), ("-r^2*(10/3 - 3*r)", "a"), by=("polar_example",)),
        "least": below(("m", "1"), ("-1", "a"), by=("angular_minimum",)),
    }
    used = {"radial": "-1", "least": "r^2*(10/3 - 3*r)"}
    steps: Steps = {"end": d.Combine({}, used, ((("3*m*r^2*(1 - r)"), {}),), index="0")}
    domain = (*over("m"), Interval("r", "0", "1", closed_high=True))
    return at_once((("1", "slope"),), domain, laws, steps, (), ("slope", "a"))


#: 3 + sin 5 theta + cos 3 theta by the tangent of the half angle
SINE = "(10*t - 120*t^3 + 252*t^5 - 120*t^7 + 10*t^9)/(1 + t^2)^5"
COSINE = "(1 - 15*t^2 + 15*t^4 - t^6)/(1 + t^2)^3"


SLACK = f"3 + {SINE} + {COSINE} - 10361/10000"
#: that, times 10^12 (1 + t^2)^5, as a sum of squares
SQUARES = {
    "981733*t^5 + 5093034*t^4 - 13335931*t^3 - 9272322*t^2 + 6019150*t + 924014": 1,
    "4802610*t^4 + 3544592*t^3 - 7718948*t^2 - 386746*t + 1452583": 1, "t + 1": 1796818, "t^2 - t": 2431010,
    "t^3 - t^2": 5502868, "t^4 + t^3": 1513560, "t^5 + t^4": 452078, "1": 98959097, "t": 92547540, "t^2": 81560086,
    "t^3": 104644903, "t^4": 86993952, "t^5": 99864633,
}  # fmt: skip


@d.derivation(claims.VC_ANGULAR)
def vc_angular() -> d.Derivation:
    laws = {"angle": equal(("1", "a"), (f"-(3 + {SINE} + {COSINE})", "1"), by=("half_angle",))}
    steps: Steps = {"end": d.Combine({}, {"angle": "-1"}, ((SLACK, {}),), index="0")}
    twice = ((w, f"{factor}*({root})/(1 + t^2)^3") for root, w in SQUARES.items() for factor in ("1", "t"))  # 1 + t^2
    squares = {SLACK: tuple((f"{w}/1000000000000", root) for w, root in twice)}
    return at_once((("1", "a"),), (Interval("t", ""),), laws, steps, (), ("a",), squares=squares)


@d.derivation(claims.CONSTANT_STEP)
def constant_step() -> d.Derivation:
    laws = {
        "fresh": equal(("1", X, {"xi": "1"}), by=("white_noise", "quadratic", "tower")),
        "size": equal(square({"xi": "1"}), ("-sigma2", "1"), by=("white_noise",)),
    }
    steps: Steps = {
        "step": d.Combine({}, {"fresh": "-2*a*(1 - a)", "size": "a^2"}, index="k"),
        "limit": d.Settle("step", (square(X),), "(1 - a)^2", "a^2*sigma2"),
    }
    method = d.Method({}, {"x": {"x": "1 - a", "xi": "-a"}}, ("xi",), {}, fixed=(), fixed_values=(), laws=laws)
    domain = (Interval("a", "0", "2"), *over("sigma2", zero=("sigma2",)))
    return d.Derivation(d.Formal(method, d.Limit((square(X),)), by=("expectation",)), d.Case(domain, steps))


@d.derivation(claims.SUMMABLE_STEPS)
def summable_steps() -> d.Derivation:
    """x is X/X_1 times e."""
    laws = {
        "step": equal(("1", {"x'": "1"}, E), ("-(1 - 1/(k + 2)^2)", X, E), by=("quadratic", "fast_steps")),
        "start": equal(("1", X, E), ("-1", "1"), at="0", says="X_1/X_1 is 1"),
    }
    steps: Steps = {
        "step": d.Combine({}, {"step": "1"}, index="k"),
        "all": d.Induct("step", (("1", X, E),), "(1 - 1/(k + 2)^2)", closed="(k + 2)/(2*(k + 1))"),
        "end": d.Combine({"all": "1"}, {"start": "(N + 2)/(2*(N + 1))"}),
    }
    method = d.Method({}, {}, ("x",), {}, fixed=("e",), fixed_values=(), laws=laws)
    return d.Derivation(d.Formal(method, (("1", X, E),), horizon="n"), d.Case((), steps))
