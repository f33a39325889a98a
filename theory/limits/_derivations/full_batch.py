r"""The walk coordinate by coordinate, its risks from sums over the coordinates, and the upper bounds by telescoping.

``o`` is the vector of ones, ``u`` the mean of the u_V, ``c`` the subgradient of the maximum, so that a step inside ``scale`` is
``w - eta b u - eta c``. ``e`` is the constant 1 among random numbers, and <s, e> the expectation of s.
"""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.derivation_words import minus, square
from gradproof.theory.field import Interval
from gradproof.theory.limits import full_batch as claims

Names = tuple[str, ...]
Laws = Mapping[str, d.Law]
Steps = dict[str, d.Step]
Signs = tuple[tuple[str, d.Vec], ...]
STEP = ("full_batch_gradient", "j_walk", "scale", "within_step")
CHOICE = ("subgradient_rule", "bad_set")
LOW = {"n": "1", "d": "1", "hit": "0", "mean_root": "0", "ubar": "", "U": ""}
W, U, O, C, E, S = ({name: "1"} for name in ("w", "u", "o", "c", "e", "s"))
HALF = "(1/2 - 1/(4*n))"  # the mean of u_V
#: what laws by ``scale``, ``within_step`` and ``reach`` rest on: the claim must state it
INSIDE: dict[str, Any] = {"positive": ("gamma - N*eta*b", "eta - gamma")}
REACHED: dict[str, Any] = {"positive": INSIDE["positive"][:1], "knows": ("eta - gamma - eta*b*N/(2*n)",)}


def over(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(x, LOW[x], "", bool(LOW[x])) if x in LOW else Interval(x) for x in names)


def below(*terms: d.Term, by: Names, at: str = "0") -> d.Law:
    return d.Law(terms, by, index=at)


def equal(*terms: d.Term, by: Names = (), at: str = "0", says: str = "") -> d.Law:
    return d.Law(terms, by, True, at, says)


def numbers(laws: Laws, values: Names = (), fixed: Names = (), **more: Any) -> d.Method:
    """Numbers and vectors alone: what is known of them are laws."""
    return d.Method({}, {}, (), {}, values, fixed, (), laws=laws, **more)


def walk(laws: Laws, values: Names = (), fixed: Names = (), known: Names = (), outputs: Names = ()) -> d.Method:
    """All coordinates at once, from 0."""
    step = {"w": {"w": "1", "u": "-eta*b", "c": "-eta"}}
    return d.Method({}, step, ("c", *outputs), {}, values, ("u", "o", *fixed), known, {"w": {}}, laws)


def ends(
    method: d.Method, quantity: Any, domain: tuple[Interval, ...], steps: Steps, given: Mapping[str, str] | None = None, *,
    horizon: str = "T", by: Names = ("expectation",), stands: Any = None, index: str = "N", **case: Any,
) -> d.Derivation:  # fmt: skip
    """A derivation with one case."""
    formal = d.Formal(method, quantity, at=index, horizon=horizon, stands=stands or {}, by=by)
    return d.Derivation(formal, d.Case(domain, steps, given or {}, **case))


def to_come(total: str, one: d.Term, by: Names) -> dict[str, d.Law]:
    """R: how much of ``total`` is still to come after k steps, of which each takes ``one``; nothing is left at N."""
    return {
        "all": equal(("1", "R"), (f"-({total})", "1"), by=by),
        "rest": equal(("1", "R'"), one, ("-1", "R"), at="k", says="R is what is still to come"),
        "none left": equal(
            ("1", "R"), ("-(N - k)", "R_mean"), at="k", says="R is N - k times the mean of what is to come"
        ),
    }


# --- the walk ---------------------------------------------------------------------------------------------------------


@d.derivation(claims.GD_WALK)
def gd_walk() -> d.Derivation:
    """x is the coordinate, h is 1 where it is hit: x_k + eta b k ubar + eta (hit - R_k) does not change."""
    laws = to_come("hit", ("1", "h"), CHOICE[:1]) | {
        "step": equal(("1", "x'"), ("-1", "x"), ("eta*b*ubar", "1"), ("eta", "h"), by=STEP, at="k"),
        "start": equal(("1", "x"), by=("j_walk",)),
    }
    steps: Steps = {
        "step": d.Combine({}, {"step": "1", "rest": "-eta"}, index="k"),
        "steps": d.Induct("step", (("1", "x"), ("eta*b*k*ubar + eta*hit", "1"), ("-eta", "R"))),
        "begin": d.Combine({}, {"start": "1", "all": "-eta"}, index="0"),
        "end": d.Combine({"steps": "1", "begin": "1"}, {"none left": "eta"}),
    }
    method = numbers(laws, ("x", "h", "R", "R_mean"))
    return ends(method, (("1", "x"),), over("eta", "gamma", "b", "hit", "ubar"), steps, by=(), **INSIDE)


@d.derivation(claims.EMPIRICAL)
def empirical_risk() -> d.Derivation:
    """b <u, w> + top rises by at most eta b/n a step; top is max(0, max w), and root the mean of the roots."""
    laws = {
        "picked": below(("-1", C, U), ("-1/(2*n)", "1"), by=CHOICE[:1], at="k"),
        "rises": below(("1", "top'"), ("-1", "top"), ("-eta*b/(2*n)", "1"), by=STEP, at="k"),
        "flat": equal(("1", "top"), by=("j_walk",)), "unseen": equal(("1", "root"), by=(*STEP, CHOICE[0]), at="k"),
    }  # fmt: skip
    risk: d.Terms = (("b", W, U), ("1", "top"))
    steps: Steps = {
        "step": d.Combine({}, {"picked": "eta*b", "rises": "1"}, (("eta*b^2", U),), index="k"),
        "steps": d.Sum("step", risk, rest=(("-eta*b/n", "1"),), total=(("-eta*b*k/n", "1"),)),
        "begin": d.Combine({}, {"flat": "1"}, index="0"),
        "end": d.Combine({"steps": "1", "begin": "1"}, {"unseen": "1"}),
    }
    return ends(
        walk(laws, ("top", "root")), (*risk, ("1", "root")), over("n", "eta", "gamma", "b"), steps, by=(), **INSIDE
    )


#: <w_N, o> = -eta b N <u, o> - eta (N - 1): each step but the first hits one coordinate
HITS = to_come("N - 1", ("1", C, O), CHOICE)
SUMMED: Steps = {
    "step": d.Combine({}, {"rest": "-eta"}, index="k"),
    "steps": d.Induct("step", (("1", W, O), ("eta*b*k", U, O), ("eta*(N - 1)", "1"), ("-eta", "R"))),
    "begin": d.Combine({}, {"all": "-eta"}, index="0"),
    "total": d.Combine({"steps": "1", "begin": "1"}, {"none left": "eta"}),
}
ENTRIES = equal(("1", U, O), ("-U", "1"), says="U is the sum of the entries of u")
BIG = "eta - gamma - eta*b*N/(2*n)"  # how far a hit coordinate is below -gamma


@d.derivation(claims.GD_EXCESS)
def gd_excess() -> d.Derivation:
    """The root is BIG times that of the number of hit coordinates that V sees."""
    known = (*STEP[:3], "reach", *CHOICE)
    laws = HITS | {
        "root": equal(("1", "root"), (f"-({BIG})*mean_root", "1"), by=known),
        "top": equal(("1", "top"), ("-eta*b*N/(2*n)", "1"), by=known), "entries": ENTRIES,
    }  # fmt: skip
    end = d.Combine({"total": f"b*{HALF}"}, {"root": "1", "top": "1", "entries": f"-eta*b^2*N*{HALF}"})
    quantity = (("1", "root"), (f"b*{HALF}", W, O), ("1", "top"))
    method = walk(laws, ("R", "R_mean"), known=("root", "top"))
    return ends(method, quantity, over("n", "eta", "gamma", "b", "U", "mean_root"), {**SUMMED, "end": end}, **REACHED)


@d.derivation(claims.GD_AVERAGE)
def gd_average() -> d.Derivation:
    """w_k is w_{k+1} of the claim and z_k the sum of those before: N times the mean is z_N. Of the root see masked-norm.

    <z, o> + (N - k) <w, o> - eta (b <u, o> + 1) (N - k)(N - k - 1)/2 does not change.
    """
    laws = {
        "one": equal(("1", C, O), ("-1", "1"), by=CHOICE, at="k"), "entries": ENTRIES, "top": below(("-1", "top"), by=("j_walk",)),
        "root": below(("A/2", "1"), ("-1", "root"), by=(*STEP, *CHOICE, "expectation")),
    }  # fmt: skip
    Z, pairs, share = {"z": "1"}, "eta*(N - k)*(N - k - 1)/2", f"b*{HALF}/N"
    steps: Steps = {
        "step": d.Combine({}, {"one": "-eta*(N - k - 1)"}, index="k"),
        "sum": d.Induct("step", (("1", Z, O), ("N - k", W, O), *minus((pairs, "1"), (f"b*{pairs}", U, O)))),
        "end": d.Combine({"sum": f"-{share}"}, {"root": "1", "top": "1", "entries": f"{share}*eta*b*N*(N + 1)/2"}),
    }
    moves = {"w": {"w": "1", "u": "-eta*b", "c": "-eta"}, "z": {"z": "1", "w": "1"}}
    method = d.Method({}, moves, ("c",), {}, (), ("u", "o"), ("root", "top"), {"w": {"u": "-eta*b"}, "z": {}}, laws)
    return ends(
        method, (("1", "root"), (share, Z, O), ("1", "top")), over("n", "eta", "gamma", "b", "U", "A"), steps, **INSIDE
    )


# --- masked norms, sizes, and J -----------------------------------------------------------------------------------------

MEAN: d.Terms = (("1", S, E),)


@d.derivation(claims.ROOT_LOWER)
def masked_norm() -> d.Derivation:
    """s^2 <= A s, and E s^2 = A^2/2."""
    by = ("fair_coins", "expectation")
    laws = {"mean": equal(square(S), ("-A^2/2", "1"), by=by), "most": below(square(S), ("-A", S, E), by=by)}
    step = d.Combine({}, {"mean": "-1/A", "most": "1/A"}, index="0")
    return ends(numbers(laws, fixed=("s", "e")), MEAN, over("A"), {"step": step}, index="0")


@d.derivation(claims.ROOT_UPPER)
def mean_root() -> d.Derivation:
    """E (s - r)^2 >= 0 for the root s of the binomial number and r of its mean."""
    by = ("fair_coins", "expectation")
    laws = {"mean": equal(square(S), ("-m/2", "1"), by=by), "one": equal(square(E), ("-1", "1"), by=by[1:])}
    step = d.Combine({}, {"mean": "1/(2*r)", "one": "r/2"}, (("1/(2*r)", {"s": "1", "e": "-r"}),), index="0")
    method = numbers(laws, fixed=("s", "e"), roots={"r": "m/2"})
    return ends(method, MEAN, over("r"), {"step": step}, {"m": "2*r^2"}, index="0")


@d.derivation(claims.LIPSCHITZ_WALK)
def lipschitz() -> d.Derivation:
    """s and m are the subgradients of the root and of the maximum: <s, u> = -||s||_1 <= -||s||^2, and <m, u> <= ||m||^2."""
    by, M = ("j_walk",), {"m": "1"}
    laws = {
        "root": below(square(S), ("-1", "1"), by=by), "maximum": below(square(M), ("-1", "1"), by=by),
        "apart": equal(("1", S, M), by=by), "slope": below(square(U), ("-d", "1"), by=by),
        "against": below(square(S), ("1", S, U), by=by), "along": below(("1", M, U), square(M, "-1"), by=by),
    }  # fmt: skip
    weights = {"root": "1 - 2*b", "maximum": "1 + 2*b", "apart": "2", "slope": "b^2", "against": "2*b", "along": "2*b"}
    step, gentle = d.Combine({}, weights, index="0"), Interval("b", "0", "1/2", closed_high=True)
    method, g = numbers(laws, fixed=("s", "m", "u")), {"s": "1", "m": "1", "u": "b"}
    return ends(method, (square(g),), (*over("d"), gentle), {"step": step}, by=(), index="0")


@d.derivation(claims.BAD_SET)
def bad_set() -> d.Derivation:
    """y is the number of coordinates in J less its mean, and I is 1 where it is at most -t: Chebyshev's inequality."""
    by, X, Y, one = ("independent_bits",), {"x": "1"}, {"y": "1"}, {"I": "1"}
    laws = {
        "one more": equal(square(X), ("-p*(1 - p)", "1"), by=by, at="k"), "past": equal(("1", X, Y), by=(*by, "tower"), at="k"),
        "far": below(square(one, "t^2"), square(Y, "-1"), by=("expectation",), at="k"),
    }  # fmt: skip
    steps: Steps = {
        "one more": d.Combine({}, {"one more": "1", "past": "2"}, index="k"),
        "all": d.Induct("one more", (square(Y), ("-k*p*(1 - p)", "1"))),
        "end": d.Combine({"all": "1/t^2"}, {"far": "1/t^2"}),
    }
    method = d.Method({}, {"y": {"y": "1", "x": "1"}}, ("x", "I"), {}, (), (), (), {"y": {}}, laws)
    return ends(method, (square(one),), (Interval("p", "0", "1"), *over("t")), steps, horizon="d")


# --- the lower bounds ---------------------------------------------------------------------------------------------------

LAST = ("full_batch_gradient", "j_walk", "scale", "small_gap", *CHOICE)
SMALL = "1 - 4*b*(N + d)"
EXCESS: d.Terms = (("1", "root"), (f"b*{HALF}", W, O), ("1", "top"), ("1", "late"), ("-1", "zero"))
#: r/2 BIG - eta b HALF (N - 1 + b N d) is eta r/4 and these, r the root of N - 1
SIGNS = (
    "r*(eta/8 - gamma)/2", f"(r*eta/16 + eta/8 + eta*b*d*{HALF}/4)*({SMALL})", "(r*eta/16)*(4*b*(N + d) - 4*b*N/n)",
    f"eta*(b*(N + d)/2 - b*{HALF}*(N - 1) - b*d*{HALF}/4 + b^2*d^2*{HALF})", "eta*(r - 1)/8",
)  # fmt: skip
LOWER = HITS | {
    "root": equal(("1", "root"), (f"-({BIG})", S, E), by=LAST),
    "top": below(("-1", "top"), by=("j_walk",)), "entries": below(("1", U, O), ("-d", "1"), by=("j_walk",)),
    "mean": equal(square(S), ("-(N - 1)/2", "1"), by=("j_walk", "expectation")),
    "most": below(square(S), ("-r", S, E), by=("j_walk", "expectation")),
    "zero": equal(("1", "zero"), by=("side_coordinate", "j_walk")),
}  # fmt: skip


def lower(bound: str, late: Mapping[str, str], end: Steps, *signs: str, **more: Any) -> d.Case:
    """``late``: the law of what is left of the side coordinate; ``end``: what follows from the bound on the excess."""
    laws = {"root": "-1", "top": "1", "entries": f"eta*b^2*N*{HALF}", "zero": "1", **late}
    shown: Signs = tuple((c, {}) for c in (*SIGNS, *signs))
    steps: Steps = {
        **SUMMED,
        "coins": d.Combine({}, {"mean": "-1/r", "most": "1/r"}, index="0"),
        "above": d.Combine({"total": f"-b*{HALF}", "coins": BIG}, laws),
        "excess": d.Inequality(((bound, "1"), *minus(*EXCESS)), steps={"above": "1"}, signs=shown, index="N"),
        **end,
    }
    gap = Interval("gamma", "0", "eta/8", closed_high=True)
    parts = ("eta/8 - gamma", f"eta/8*({SMALL})", "eta*b*(N + d)/2 - eta*b*N/(2*n)", "3*eta/4")
    return d.Case(
        (Interval("r", "1", "", True), *over("n", "d", "eta"), gap, *over("b")), steps, {"N": "r^2 + 1"}, roots={"r": "N - 1"},
        squares={BIG: tuple((c, "1") for c in parts)}, knows=(SMALL, *more.pop("knows", ())),
        positive=(INSIDE["positive"][0], *more.pop("positive", ())),
        frame=over("n", "d", "eta", "gamma", "b"), **more,
    )  # fmt: skip


def lower_formal(late: Laws, quantity: d.Terms, outputs: Names = ()) -> d.Formal:
    """late: what the side coordinate has still to go; zero: F at w^o."""
    method = walk({**LOWER, **late}, ("R", "R_mean"), ("s", "e"), ("root", "top", "zero", "late"), outputs)
    return d.Formal(method, quantity, horizon="T", by=("expectation",))


@d.derivation(claims.GD_LOWER)
def gd_lower() -> d.Derivation:
    """The side coordinate rises by 1/(2N) a step, to 1/2."""
    late = {"late": below(("1/(4*eta*N)", "1"), ("-1", "late"), by=("side_coordinate", "step_not_small"))}
    case = lower("eta*r/4 + 1/(4*eta*N)", {"late": "1"}, {}, knows=("2*eta*N - 1",))
    return d.Derivation(lower_formal(late, EXCESS), case)


@d.derivation(claims.GD_RATE)
def gd_rate() -> d.Derivation:
    """x is the excess X times e: X^2 >= 2 Y X - Y^2 >= Y^2 for a lower bound Y, which is 1/2 for small steps.

    late is 1 - eta N where 2 eta N <= 1, else 1/(4 eta N), which is more than 1 - eta N. For the sum Y of two terms,
    Y^2 is four times their product and the square of their difference.
    """
    by, edge, X, both = ("side_coordinate",), "2*eta*N - 1", {"x": "1"}, "eta*r/4 + 1/(4*eta*N)"
    laws = {
        "short": below(("1 - eta*N", "1"), ("-1", "late"), by=by),
        "long": below((f"({edge})/(4*eta*N)", "1"), (f"-({edge})", "late"), by=by),
        "reads": equal(("1", X, E), *minus(*EXCESS), at="k", says="x is the excess times e"),
        "one": equal(square(E), ("-1", "1"), by=("expectation",)),
    }

    def squared(Y: str, sign: str) -> Steps:
        target: d.Terms = (("r/(4*N)", "1"), square(X, "-1"))
        given = {"reads": f"-2*({Y})", "one": f"({Y})^2"}
        return {"end": d.Inequality(target, steps={"excess": f"2*({Y})"}, laws=given, signs=((sign, {}),), index="N")}

    small = ("(1 - 2*eta*N)/2", "eta*r/4")
    short = lower("1/2", {"short": "1"}, squared("1/2", "(N - r)/(4*N)"), *small, knows=("1 - 2*eta*N",))
    long = lower(both, {"long": f"1/({edge})"}, squared(both, "(eta*r/4 - 1/(4*eta*N))^2"), positive=(edge,))
    return d.Derivation(lower_formal(laws, (square(X),), ("x",)), d.Split(edge, short, long))


# --- upper bounds -------------------------------------------------------------------------------------------------------

APART, AFTER = {"x": "1", "x*": "-1"}, {"x'": "1", "x*": "-1"}
NEAR, NEXT, LEFT = square(APART, "1/(2*eta)"), square(AFTER, "1/(2*eta)"), (("1/(2*eta*N)", APART),)
CLOSE, FAR = (d.Use("interpolation", "F", ("*", "x")),), {"D2": (square(APART),)}
ROOT: dict[str, Any] = {
    "domain": (Interval("r", "1", "", True), *over("n", "eta", "L")),
    "given": {"N": "r^2"},
    "frame": over("n", "eta", "L"),
}


def to_a_point(step: str, outputs: Names, laws: Laws, values: Names, known: Names = (), roots: Any = None) -> d.Method:
    """x' = x - eta ``step`` on a convex F with the subgradient g at x, and any point x*."""
    member = {"F": d.Class("function", {"mu": ("0", "convex")})}
    calls = {"x": d.Call("F", {"x": "1"}, {"g": "1"}, "f"), "*": d.Call("F", {"x*": "1"}, {"g*": "1"}, "f*")}
    steps = {"x": {"x": "1", step: "-eta"}}
    return d.Method(member, steps, outputs, calls, values, ("x*", "g*"), ("f*", *known), laws=laws, roots=roots or {})


@d.derivation(claims.SGD_UPPER)
def sgd_upper() -> d.Derivation:
    """The squared distances to w telescope; h is the subgradient that is used, and g its mean given the past, one of F."""
    fresh = ("one_pass_fresh_samples", "tower")
    laws = {
        "unbiased": equal(("1", {"h": "1", "g": "-1"}, APART), by=fresh, at="k"),
        "size": below(square({"h": "1"}), ("-G^2", "1"), by=("bounded",), at="k"),
    }
    gap, rest = (("1", "f"), ("-1", "f*")), (("-eta*G^2/2", "1"),)
    steps: Steps = {
        "step": d.Inequality((NEXT, *minus(NEAR), *gap, *rest), CLOSE, laws={"unbiased": "-1", "size": "eta/2"}),
        "sum": d.Sum("step", (NEAR,), "1", gap, rest, (("-k*eta*G^2/2", "1"),)),
        "mean": d.Average("1", "f", "k"),
        "end": d.Combine({"sum": "1/N", "mean": "1/N"}, squares=LEFT),
    }
    method = to_a_point("h", ("g", "h"), laws, ("f",))
    return ends(method, d.AtAverage("1", "f", "N"), over("eta", "G"), steps, stands=FAR)


@d.derivation(claims.GD_STABILITY)
def gd_stability() -> d.Derivation:
    """||w_k - w'_k||^2 <= 4 eta^2 L^2 (k + 2 k r/n + k^2/n^2) by induction, r the root of N: the square of the bound at k = N.

    D is the difference of the iterates, g that of the two mean subgradients; m is ||D|| e, and B is 2 eta L (r + k/n), of which the
    square is larger: 2 ||D|| <= B + ||D||^2/B.
    """
    D, M, B, end = {"D": "1"}, {"m": "1"}, "(2*eta*L*(r + k/n))", "(2*eta*L*(r + N/n))"
    by = ("lipschitz", "full_batch_gradient")
    laws = {
        "monotone": below(("-1", {"g": "1"}, D), ("-2*L/n", M, E), by=(*by, "convex", "one_differs"), at="k"),
        "size": below(square({"g": "1"}), ("-4*L^2", "1"), by=by, at="k"),
        "length": equal(square(M), square(D, "-1"), at="k", says="m is the length of D times e"),
        "one": equal(square(E), ("-1", "1"), at="k", says="e has length 1"),
    }

    def most(k: str) -> str:
        return f"4*eta^2*L^2*(({k}) + 2*({k})*r/n + ({k})^2/n^2)"

    after, ratio, within = square({"D": "1", "g": "-eta"}), f"2*eta*L/n/{B}", (square(D), (f"-{most('k')}", "1"))
    multipliers = {"monotone": "2*eta", "size": "eta^2", "length": ratio, "one": f"2*eta*L/n*{B}"}
    first: Signs = ((f"{most('1')} - 4*eta^2*L^2", {}),)
    slack: Signs = ((f"{ratio}*({B}^2 - {most('k')})", {}), ("4*eta^2*L^2/n^2", {}))
    short = {"length": f"1/(2*{end})", "one": f"{end}/2"}
    steps: Steps = {
        "first": d.Inequality((after, (f"-{most('1')}", "1")), laws={"size": "eta^2"}, signs=first, index="0"),
        "next": d.Inequality(
            (after, (f"-{most('k + 1')}", "1")), laws=multipliers, assumes=((within, f"1 + {ratio}"),), signs=slack
        ),
        "all": d.InductHypothesis("first", "next", within),
        "end": d.Combine({"all": f"1/(2*{end})"}, short, ((f"1/(2*{end})", {"m": "1", "e": f"-{end}"}),)),
    }
    method = d.Method({}, {"D": {"D": "1", "g": "-eta"}}, ("g", "m"), {}, (), ("e",), (), {"D": {}}, laws, {"r": "N"})
    return ends(method, (("1", M, E),), steps=steps, by=(), reach="k<N", **ROOT)


@d.derivation(claims.GD_UPPER)
def gd_upper() -> d.Derivation:
    """F is F_S: f is E F_S(w_k), S the sum of these so far, M that of E F_S at their mean, P of the population there; Q at w."""
    by, drawn = ("lipschitz", "full_batch_gradient"), ("iid_sample", "expectation")
    laws = {
        "size": below(square({"g": "1"}), ("-L^2", "1"), by=by, at="k"),
        "summed": equal(("1", "S'"), ("-1", "S"), ("-1", "f"), at="k", says="S is the sum of the f so far"),
        "nothing": equal(("1", "S"), says="a sum without terms"), "free": equal(("1", "f*"), ("-1", "Q"), by=drawn),
        "mean": below(("k", "M"), ("-1", "S"), by=("convex", "jensen"), at="k"),
        "stable": below(("1", "P"), ("-1", "M"), ("-L*2*eta*L*(r + N/n)", "1"), by=("convex", *by, *drawn), at="k"),
    }  # fmt: skip
    rest: d.Terms = (("-1", "f*"), ("-eta*L^2/2", "1"))
    change: d.Terms = (NEXT, *minus(NEAR), ("1", "S'"), ("-1", "S"), *rest)
    steps: Steps = {
        "step": d.Inequality(change, CLOSE, laws={"size": "eta/2", "summed": "1"}),
        "sum": d.Sum("step", (NEAR, ("1", "S")), rest=rest, total=(("-k", "f*"), ("-k*eta*L^2/2", "1"))),
        "begin": d.Combine({}, {"nothing": "1/N"}, index="0"),
        "end": d.Combine({"sum": "1/N", "begin": "1"}, {"mean": "1/N", "stable": "1", "free": "1"}, LEFT),
    }
    method = to_a_point("g", ("g",), laws, ("f", "S", "M", "P"), ("Q",), {"r": "N"})
    return ends(method, (("1", "P"), ("-1", "Q")), steps=steps, stands=FAR, **ROOT)
