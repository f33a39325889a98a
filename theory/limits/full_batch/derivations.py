r"""The walk coordinate by coordinate, its risks from sums over the coordinates, and the upper bounds by telescoping.

``o`` is the vector of ones, ``u`` the mean of the u_V, ``c`` the subgradient of the maximum, so that a step inside ``scale`` is
``w - eta b u - eta c``. ``e`` is the constant 1 among random numbers, and <s, e> the expectation of s.
"""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.limits.full_batch import claims

STEP = ("full_batch_gradient", "j_walk", "scale", "within_step")
CHOICE = ("subgradient_rule", "bad_set")
POSITIVE = {name: Interval(name) for name in ("eta", "gamma", "b", "A", "L", "G", "m")}
OTHERS = {
    "n": Interval("n", "1", "", True), "d": Interval("d", "1", "", True), "hit": Interval("hit", "0", "", True),
    "mean_root": Interval("mean_root", "0", "", True), "ubar": Interval("ubar", ""), "U": Interval("U", ""),
}  # fmt: skip
SETS = POSITIVE | OTHERS
W, U, O, C, E, S = ({name: "1"} for name in ("w", "u", "o", "c", "e", "s"))
NUMBERS: Mapping[str, Any] = {"fixed": (), "fixed_values": ()}


def over(*names: str) -> tuple[Interval, ...]:
    return tuple(SETS[name] for name in names)


def square(v: d.Vec, c: str = "1") -> d.Term:
    return (c, v, v)


def to_come(total: str, one: d.Terms, by: tuple[str, ...]) -> dict[str, d.Law]:
    """R: how much of ``total`` is still to come after k steps, of which each takes ``one``; nothing is left at N."""
    return {
        "all": d.Law((("1", "R"), (f"-({total})", "1")), by, equality=True, index="0"),
        "rest": d.Law((("1", "R'"), *one, ("-1", "R")), (), True, says="R is what is still to come"),
        "none left": d.Law((("1", "R"), ("-(N - k)", "R_mean")), (), True, says="R is N - k times the mean of what is to come"),
    }


# --- the walk ---------------------------------------------------------------------------------------------------------


@d.derivation(claims.GD_WALK)
def gd_walk() -> d.Derivation:
    """x is the coordinate, h is 1 where it is hit: x_k + eta b k ubar + eta (hit - R_k) does not change."""
    method = d.Method(
        {}, {}, (), {}, ("x", "h", "R", "R_mean"), **NUMBERS,
        laws={
            "step": d.Law((("1", "x'"), ("-1", "x"), ("eta*b*ubar", "1"), ("eta", "h")), STEP, equality=True),
            "start": d.Law((("1", "x"),), ("j_walk",), equality=True, index="0"),
            **to_come("hit", (("1", "h"),), CHOICE[:1]),
        },
    )  # fmt: skip
    potential: d.Terms = (("1", "x"), ("eta*b*k*ubar + eta*hit", "1"), ("-eta", "R"))
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"step": "1", "rest": "-eta"}, index="k"),
        "steps": d.Induct("step", potential),
        "end": d.Combine({"steps": "1"}, {"none left": "eta"}),
        "begin": d.Combine({}, {"start": "1", "all": "-eta"}, index="0"),
        "both": d.Combine({"end": "1", "begin": "1"}),
    }
    case = d.Case(over("eta", "gamma", "b", "hit", "ubar"), steps)
    return d.Derivation(d.Formal(method, (("1", "x"),), horizon="T"), case)


def walk(laws: Mapping[str, d.Law], values: tuple[str, ...] = (), **more: Any) -> d.Method:
    """All coordinates at once, from 0."""
    step = {"w": {"w": "1", "u": "-eta*b", "c": "-eta"}} | more.pop("step", {})
    start = {name: {} for name in step} | more.pop("start", {})
    more = {"fixed": ("u", "o", *more.pop("fixed", ())), "fixed_values": more.pop("fixed_values", ())} | more
    return d.Method({}, step, ("c", *more.pop("outputs", ())), {}, values, start=start, laws=laws, **more)


@d.derivation(claims.EMPIRICAL)
def empirical_risk() -> d.Derivation:
    """b <u, w> + top rises by at most eta b/n a step; top is max(0, max w), and root the mean of the roots."""
    laws = {
        "picked": d.Law((("-1", C, U), ("-1/(2*n)", "1")), CHOICE),
        "rises": d.Law((("1", "top'"), ("-1", "top"), ("-eta*b/(2*n)", "1")), STEP),
        "flat": d.Law((("1", "top"),), ("j_walk",), equality=True, index="0"),
        "unseen": d.Law((("1", "root"),), (*STEP, *CHOICE), equality=True),
    }
    risk: d.Terms = (("b", W, U), ("1", "top"))
    rest: d.Terms = (("-eta*b/n", "1"),)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"picked": "eta*b", "rises": "1"}, (("eta*b^2", U),), index="k"),
        "steps": d.Sum("step", risk, rest=rest, total=(("-eta*b*k/n", "1"),)),
        "begin": d.Combine({}, {"flat": "1"}, index="0"),
        "end": d.Combine({"steps": "1", "begin": "1"}, {"unseen": "1"}),
    }
    case = d.Case(over("n", "eta", "gamma", "b"), steps)
    formal = d.Formal(walk(laws, ("top", "root")), (*risk, ("1", "root")), horizon="T")
    return d.Derivation(formal, case)


TOTAL: d.Terms = (("1", W, O), ("eta*b*k", U, O), ("eta*(N - 1)", "1"), ("-eta", "R"))
SUMS: dict[str, d.Step] = {
    "step": d.Combine({}, {"rest": "-eta"}, index="k"),
    "steps": d.Induct("step", TOTAL),
    "begin": d.Combine({}, {"all": "-eta"}, index="0"),
    "total": d.Combine({"steps": "1", "begin": "1"}, {"none left": "eta"}),
}
HITS = to_come("N - 1", (("1", C, O),), CHOICE)
HALF = "(1/2 - 1/(4*n))"


@d.derivation(claims.GD_EXCESS)
def gd_excess() -> d.Derivation:
    """<w, o> = -eta (N - 1) - eta b N U; the root is that of the number of hit coordinates that V sees."""
    known = (*STEP[:3], "reach", *CHOICE)
    laws = HITS | {
        "root": d.Law((("1", "root"), ("-(eta - gamma - eta*b*N/(2*n))*mean_root", "1")), known, True, "0"),
        "top": d.Law((("1", "top"), ("-eta*b*N/(2*n)", "1")), known, True, "0"),
        "sum": d.Law((("1", U, O), ("-U", "1")), (), True, "0", "U is the sum of the entries of u"),
    }
    quantity: d.Terms = (("1", "root"), (f"b*{HALF}", W, O), ("1", "top"))
    steps = {**SUMS, "end": d.Combine({"total": f"b*{HALF}"}, {"root": "1", "top": "1", "sum": f"-eta*b^2*N*{HALF}"})}
    method = walk(laws, ("R", "R_mean"), fixed_values=("root", "top"))
    case = d.Case(over("n", "eta", "gamma", "b", "U", "mean_root"), steps)
    return d.Derivation(d.Formal(method, quantity, horizon="T", by=("expectation",)), case)


# --- masked norms -------------------------------------------------------------------------------------------------------


@d.derivation(claims.ROOT_LOWER)
def masked_norm() -> d.Derivation:
    """s^2 <= A s, and E s^2 = A^2/2."""
    laws = {
        "square": d.Law((square(S), ("-A^2/2", "1")), ("fair_coins", "expectation"), equality=True, index="0"),
        "most": d.Law((square(S), ("-A", S, E)), ("fair_coins", "expectation"), index="0"),
    }
    method = d.Method({}, {}, (), {}, fixed=("s", "e"), fixed_values=(), laws=laws)
    step = d.Combine({}, {"square": "-1/A", "most": "1/A"}, index="0")
    formal = d.Formal(method, (("1", S, E),), at="0", by=("expectation",))
    return d.Derivation(formal, d.Case(over("A"), {"step": step}))


@d.derivation(claims.ROOT_UPPER)
def mean_root() -> d.Derivation:
    """E (s - r)^2 >= 0 for the root s of the binomial number and r of its mean."""
    laws = {
        "square": d.Law((square(S), ("-m/2", "1")), ("fair_coins", "expectation"), equality=True, index="0"),
        "one": d.Law((square(E), ("-1", "1")), ("expectation",), equality=True, index="0"),
    }
    method = d.Method({}, {}, (), {}, fixed=("s", "e"), fixed_values=(), laws=laws, roots={"r": "m/2"})
    step = d.Combine({}, {"square": "1/(2*r)", "one": "r/2"}, (("1/(2*r)", {"s": "1", "e": "-r"}),), index="0")
    formal = d.Formal(method, (("1", S, E),), at="0", by=("expectation",))
    case = d.Case((Interval("r"),), {"step": step}, {"m": "2*r^2"})
    return d.Derivation(formal, case)


@d.derivation(claims.LIPSCHITZ_WALK)
def lipschitz() -> d.Derivation:
    """s and m are the subgradients of the root and of the maximum: 2 <s + m, u> is at most r ||s + m||^2/2 + 2 ||u||^2/r, r^2 = 2 d."""
    laws = {
        "root": d.Law((square({"s": "1"}), ("-1", "1")), ("j_walk",), index="0"),
        "maximum": d.Law((square({"m": "1"}), ("-1", "1")), ("j_walk",), index="0"),
        "apart": d.Law((("1", {"s": "1"}, {"m": "1"}),), ("j_walk",), equality=True, index="0"),
        "slope": d.Law((square(U), ("-d", "1")), ("j_walk",), index="0"),
    }
    method = d.Method({}, {}, (), {}, fixed=("s", "m", "u"), fixed_values=(), laws=laws, roots={"r": "2*d"})
    g: d.Vec = {"s": "1", "m": "1", "u": "b"}
    multipliers = {"root": "1 + b*r/2", "maximum": "1 + b*r/2", "apart": "2 + b*r", "slope": "b^2 + 2*b/r"}
    step = d.Combine({}, multipliers, (("b*r/2", {"s": "1", "m": "1", "u": "-2/r"}),), index="0")
    case = d.Case((Interval("r", "0"), *over("b")), {"step": step}, {"d": "r^2/2"})
    return d.Derivation(d.Formal(method, (square(g),), at="0"), case)


# --- the lower bounds ---------------------------------------------------------------------------------------------------

LAST = ("full_batch_gradient", "j_walk", "scale", "small_gap", *CHOICE)
SMALL, BIG = "1 - 4*b*(N + d)", "eta - gamma - eta*b*N/(2*n)"
BEYOND: d.Terms = (("1", "root"), (f"b*{HALF}", W, O), ("1", "top"), ("1", "late"), ("-1", "zero"))
#: r/2 BIG - eta b HALF (N - 1 + b N d) is eta r/4 and these, r the root of N - 1
SIGNS = (
    "r*(eta/8 - gamma)/2", f"(r*eta/16 + eta/8 + eta*b*d*{HALF}/4)*({SMALL})", "(r*eta/16)*(4*b*(N + d) - 4*b*N/n)",
    f"eta*(b*(N + d)/2 - b*{HALF}*(N - 1) - b*d*{HALF}/4 + b^2*d^2*{HALF})", "eta*(r - 1)/8",
)  # fmt: skip


def lower_laws(side: Mapping[str, d.Law]) -> dict[str, d.Law]:
    """``late``: what the side coordinate has still to go; ``zero``: F at w^o."""
    return HITS | side | {
        "root": d.Law((("1", "root"), (f"-({BIG})", S, E)), LAST, True, "0"),
        "top": d.Law((("-1", "top"),), ("j_walk",), index="0"),
        "sum": d.Law((("1", U, O), ("-d", "1")), ("j_walk",), index="0"),
        "square": d.Law((square(S), ("-(N - 1)/2", "1")), ("j_walk", "expectation"), True, "0"),
        "most": d.Law((square(S), ("-r", S, E)), ("j_walk", "expectation"), index="0"),
        "zero": d.Law((("1", "zero"),), ("side_coordinate", "j_walk"), True, "0"),
    }  # fmt: skip


def lower(
    bound: str, side: Mapping[str, d.Step], above: Mapping[str, str], late: Mapping[str, str], end: Mapping[str, d.Step],
    signs: tuple[str, ...] = (), **more: Any,
) -> d.Case:  # fmt: skip
    """``side``, ``above`` and ``late``: how the side coordinate enters; ``end``: what follows from the bound on the excess."""
    target: d.Terms = ((bound, "1"), *((f"-({c})", *rest) for c, *rest in BEYOND))  # type: ignore[misc]
    steps: dict[str, d.Step] = {
        **SUMS, **side,
        "coins": d.Combine({}, {"square": "-1/r", "most": "1/r"}, index="0"),
        "above": d.Combine(
            {"total": f"-b*{HALF}", "coins": BIG, **above},
            {"root": "-1", "top": "1", "sum": f"eta*b^2*N*{HALF}", "zero": "1", **late},
        ),
        "excess": d.Inequality(target, steps={"above": "1"}, signs=tuple((c, {}) for c in (*SIGNS, *signs)), index="N"),
        **end,
    }  # fmt: skip
    gap = Interval("gamma", "0", "eta/8", closed_high=True)
    parts = ("eta/8 - gamma", f"eta/8*({SMALL})", "eta*b*(N + d)/2 - eta*b*N/(2*n)", "3*eta/4")
    return d.Case(
        (Interval("r", "1", "", True), *over("n", "d", "eta"), gap, *over("b")), steps, {"N": "r^2 + 1"}, roots={"r": "N - 1"},
        squares={BIG: tuple((c, "1") for c in parts)}, knows=(SMALL, *more.pop("knows", ())),
        frame=over("n", "d", "eta", "gamma", "b"), **more,
    )  # fmt: skip


@d.derivation(claims.GD_LOWER)
def gd_lower() -> d.Derivation:
    """v rises by 1/(2N) a step, to 1/2."""
    by = ("side_coordinate", "step_not_small")
    side = {
        "moves": d.Law((("1", "v'"), ("-1", "v"), ("-1/(2*N)", "1")), by, True),
        "still": d.Law((("1", "v"),), by, True, "0"),
        "late": d.Law((("1", "late"), ("-1/(2*eta*N)", "1"), ("1/(2*eta*N)", "v")), by, True),
    }
    steps: dict[str, d.Step] = {
        "moves": d.Combine({}, {"moves": "1"}, index="k"),
        "side": d.Induct("moves", (("1", "v"), ("-k/(2*N)", "1"))),
        "still": d.Combine({}, {"still": "1"}, index="0"),
    }
    case = lower("eta*r/4 + 1/(4*eta*N)", steps, dict.fromkeys(("side", "still"), "1/(2*eta*N)"), {"late": "-1"}, {})
    method = walk(lower_laws(side), ("R", "R_mean", "v", "late"), fixed=("s", "e"), fixed_values=("root", "top", "zero"))
    return d.Derivation(d.Formal(method, BEYOND, horizon="T", by=("expectation",)), case)


@d.derivation(claims.GD_RATE)
def gd_rate() -> d.Derivation:
    """x is the excess X times e: X^2 >= 2 Y X - Y^2 >= Y^2 for a lower bound Y, which is 1/2 for small steps.

    late is 1 - eta N where 2 eta N <= 1, else 1/(4 eta N), which is more than 1 - eta N. For the sum Y of two terms,
    Y^2 = 4 (eta r/4) (1/(4 eta N)) and the square of their difference.
    """
    by, edge, X = ("side_coordinate",), "2*eta*N - 1", {"x": "1"}
    side = {
        "short": d.Law((("1 - eta*N", "1"), ("-1", "late")), by, index="0"),
        "long": d.Law(((f"({edge})/(4*eta*N)", "1"), (f"-({edge})", "late")), by, index="0"),
        "reads": d.Law((("1", X, E), *((f"-({c})", *rest) for c, *rest in BEYOND)), (), True, says="x is the excess times e"),  # type: ignore[arg-type]
        "one": d.Law((square(E), ("-1", "1")), ("expectation",), True),
    }

    def squared(Y: str, *signs: str) -> dict[str, d.Step]:
        target: d.Terms = (("r/(4*N)", "1"), square(X, "-1"))
        laws = {"reads": f"-2*({Y})", "one": f"({Y})^2"}
        return {"end": d.Inequality(target, steps={"excess": f"2*({Y})"}, laws=laws, signs=tuple((c, {}) for c in signs), index="N")}

    both, least = "eta*r/4 + 1/(4*eta*N)", "(N - r)/(4*N)"
    short = lower(
        "1/2", {}, {}, {"short": "1"}, squared("1/2", least), ("(1 - 2*eta*N)/2", "eta*r/4"), knows=("1 - 2*eta*N",)
    )
    long = lower(both, {}, {}, {"long": f"1/({edge})"}, squared(both, "(eta*r/4 - 1/(4*eta*N))^2"), positive=(edge,))
    method = walk(
        lower_laws(side), ("R", "R_mean"), outputs=("x",), fixed=("s", "e"), fixed_values=("root", "top", "zero", "late")
    )
    formal = d.Formal(method, (square(X),), horizon="T", by=("expectation",))
    return d.Derivation(formal, d.Split(edge, short, long))


# --- the average iterate ------------------------------------------------------------------------------------------------


@d.derivation(claims.GD_AVERAGE_CLOSED)
def gd_average() -> d.Derivation:
    """x_k is w_{k+1} and z_k the sum of those before: N times the mean is z_N; h is 1 on the first N coordinates of J.

    <z, y> + (N - k) <x, y> - (<y, eta b u> + <y, eta c>) (N - k)(N - k - 1)/2 does not change, for y = o and y = h. Of the
    root sqrt(sum V a^2) >= sum_h V a/sqrt(N) is used, with a >= -z/N - gamma.
    """
    H: d.Vec = {"h": "1"}
    known = ("j_walk", "full_batch_gradient", "scale", "within_step")
    laws = {
        "one": d.Law((("1", C, O), ("-1", "1")), CHOICE, True),
        "in h": d.Law((("1", C, H), ("-1", "1")), CHOICE, True),
        "unseen": d.Law((("1", U, H), ("1/2*N/n", "1")), CHOICE, True, "0"),
        "sum": d.Law((("1", U, O), ("-U", "1")), (), True, "0", "U is the sum of the entries of u"),
        "root": d.Law((("-1", "root"), ("-1/(2*r*N)", {"z": "1"}, H), ("-gamma*N/(2*r)", "1")), (*known, "expectation")),
        "top": d.Law((("-1", "top"),), ("j_walk",)),
    }
    walks = {"w": {"w": "1", "u": "-eta*b", "c": "-eta"}, "z": {"z": "1", "w": "1"}}
    method = d.Method(
        {}, walks, ("c",), {}, ("root", "top"), ("u", "o", "h"), (), {"w": {"u": "-eta*b"}, "z": {}}, laws, {"r": "N"}
    )

    def summed(y: d.Vec, law: str) -> dict[str, d.Step]:
        pairs = "(N - k)*(N - k - 1)/2"
        potential: d.Terms = (
            ("1", {"z": "1"}, y), ("N - k", W, y), (f"-eta*b*{pairs}", U, y), (f"-eta*{pairs}", "1"),
        )  # fmt: skip
        step = d.Combine({}, {law: "-eta*(N - k - 1)"}, index="k")
        return {f"step {law}": step, f"sum {law}": d.Induct(f"step {law}", potential)}

    share, half = f"b*{HALF}/N", "1/(2*r*N)"
    unseen, drift = f"-{half}*eta*b*N*(N + 1)/2", f"{share}*eta*b*N*(N + 1)/2"
    steps: dict[str, d.Step] = {
        **summed(O, "one"), **summed(H, "in h"),
        "end": d.Combine(
            {"sum one": f"-{share}", "sum in h": half}, {"root": "1", "top": "1", "unseen": unseen, "sum": drift}
        ),
    }  # fmt: skip
    quantity: d.Terms = (("1", "root"), (share, {"z": "1"}, O), ("1", "top"))
    case = d.Case(
        (Interval("r", "1", "", True), *over("n", "eta", "gamma", "b", "U")), steps, {"N": "r^2"},
        frame=over("n", "eta", "gamma", "b", "U"),
    )  # fmt: skip
    return d.Derivation(d.Formal(method, quantity, horizon="T", by=("expectation",)), case)


@d.derivation(claims.BAD_SET)
def bad_set() -> d.Derivation:
    """y is the number of coordinates in J less its mean, and I is 1 where it is at most -t: Chebyshev's inequality."""
    by = ("independent_bits",)
    Y, one = {"y": "1"}, {"I": "1"}
    laws = {
        "one more": d.Law((square({"x": "1"}), ("-p*(1 - p)", "1")), by, True),
        "past": d.Law((("1", {"x": "1"}, Y),), (*by, "tower"), True),
        "far": d.Law((square(one, "t^2"), square(Y, "-1")), ("expectation",)),
    }
    method = d.Method({}, {"y": {"y": "1", "x": "1"}}, ("x", "I"), {}, start={"y": {}}, laws=laws, **NUMBERS)
    steps: dict[str, d.Step] = {
        "one more": d.Combine({}, {"one more": "1", "past": "2"}, index="k"),
        "all": d.Induct("one more", (square(Y), ("-k*p*(1 - p)", "1"))),
        "end": d.Combine({"all": "1/t^2"}, {"far": "1/t^2"}),
    }
    case = d.Case((Interval("p", "0", "1"), Interval("t")), steps)
    return d.Derivation(d.Formal(method, (square(one),), horizon="d", by=("expectation",)), case)


# --- upper bounds -------------------------------------------------------------------------------------------------------

APART: d.Vec = {"x": "1", "x*": "-1"}
NEAR: d.Terms = (square(APART),)


@d.derivation(claims.SGD_UPPER)
def sgd_upper() -> d.Derivation:
    """The squared distances to w telescope; h is the subgradient that is used, and g its mean given the past, one of F."""
    laws = {
        "unbiased": d.Law((("1", {"h": "1", "g": "-1"}, APART),), ("one_pass_fresh_samples", "tower"), True),
        "size": d.Law((square({"h": "1"}), ("-G^2", "1")), ("bounded",)),
    }
    method = d.Method(
        {"F": d.Class("function", {"mu": ("0", "convex")})}, {"x": {"x": "1", "h": "-eta"}}, ("g", "h"),
        {"x": d.Call("F", {"x": "1"}, {"g": "1"}, "f"), "*": d.Call("F", {"x*": "1"}, {"g*": "1"}, "f*")}, ("f",),
        fixed=("x*", "g*"), laws=laws,
    )  # fmt: skip
    gap: d.Terms = (("1", "f"), ("-1", "f*"))
    near: d.Terms = (square(APART, "1/(2*eta)"),)
    after = {"x'": "1", "x*": "-1"}
    rest: d.Terms = (("-eta*G^2/2", "1"),)
    steps: dict[str, d.Step] = {
        "step": d.Inequality(
            (square(after, "1/(2*eta)"), square(APART, "-1/(2*eta)"), *gap, *rest),
            (d.Use("interpolation", "F", ("*", "x")),), laws={"unbiased": "-1", "size": "eta/2"},
        ),
        "sum": d.Sum("step", near, "1", gap, rest, (("-k*eta*G^2/2", "1"),)),
        "mean": d.Average("1", "f", "k"),
        "end": d.Combine({"sum": "1/N", "mean": "1/N"}, squares=(("1/(2*eta*N)", APART),)),
    }  # fmt: skip
    formal = d.Formal(method, d.AtAverage("1", "f", "N"), horizon="T", stands={"D2": NEAR}, by=("expectation", "jensen"))
    return d.Derivation(formal, d.Case(over("eta", "G"), steps))


@d.derivation(claims.GD_STABILITY)
def gd_stability() -> d.Derivation:
    """D_k = ||w_k - w'_k||, K = 4 eta^2 L^2 + 4 eta L B/n, B the bound at N: D_k^2 <= k K by induction, and N K <= B^2.

    g is the difference of the two mean subgradients; m is D e. 2 D <= B + D^2/B, and D^2 <= k K <= B^2 for k <= N.
    """
    D, M = {"D": "1"}, {"m": "1"}
    B = "(2*L*eta*r + 4*L*eta*N/n)"
    K, pull = f"(4*eta^2*L^2 + 4*eta*L/n*{B})", "2*eta*L/n"
    differ = ("convex", "lipschitz", "full_batch_gradient", "one_differs")
    laws = {
        "monotone": d.Law((("-1", {"g": "1"}, D), ("-2*L/n", M, E)), differ),
        "size": d.Law((square({"g": "1"}), ("-4*L^2", "1")), ("lipschitz", "full_batch_gradient")),
        "length": d.Law((square(M), square(D, "-1")), (), True, says="m is the length of D times e"),
        "one": d.Law((square(E), ("-1", "1")), (), True, says="e has length 1"),
    }
    method = d.Method(
        {}, {"D": {"D": "1", "g": "-eta"}}, ("g", "m"), {}, fixed=("e",), fixed_values=(), start={"D": {}}, laws=laws,
        roots={"r": "N"},
    )  # fmt: skip
    after: d.Term = square({"D": "1", "g": "-eta"})
    ratio = f"{pull}/{B}"
    multipliers = {"monotone": "2*eta", "size": "eta^2", "length": ratio, "one": f"{pull}*{B}"}
    within: d.Terms = (square(D), (f"-k*{K}", "1"))
    steps: dict[str, d.Step] = {
        "begin": d.Inequality(
            (after, (f"-{K}", "1")), laws={"size": "eta^2"}, signs=((f"{K} - 4*eta^2*L^2", {}),), index="0"
        ),
        "next": d.Inequality(
            (after, (f"-(k + 1)*{K}", "1")), laws=multipliers, assumes=((within, f"1 + {ratio}"),),
            signs=((f"{ratio}*({B}^2 - k*{K})", {}),),
        ),
        "all": d.InductHypothesis("begin", "next", within),
        "end": d.Combine(
            {"all": f"1/(2*{B})"}, {"length": f"1/(2*{B})", "one": f"{B}/2"},
            ((f"1/(2*{B})", {"m": "1", "e": f"-{B}"}), (f"({B}^2 - N*{K})/(2*{B})", {})),
        ),
    }  # fmt: skip
    case = d.Case(
        (Interval("r", "1", "", True), *over("n", "eta", "L")), steps, {"N": "r^2"}, reach="k<N", frame=over("n", "eta", "L")
    )
    return d.Derivation(d.Formal(method, (("1", M, E),), horizon="T"), case)


@d.derivation(claims.GD_UPPER)
def gd_upper() -> d.Derivation:
    """f is E F_S(w_k), S the sum of these so far, M that of E F_S at their mean, P of E F there."""
    B = "(2*L*eta*r + 4*L*eta*N/n)"
    laws = {
        "size": d.Law((square({"g": "1"}), ("-L^2", "1")), ("lipschitz", "full_batch_gradient")),
        "summed": d.Law((("1", "S'"), ("-1", "S"), ("-1", "f")), (), True, says="S is the sum of the f so far"),
        "nothing": d.Law((("1", "S"),), (), True, "0", "a sum without terms"),
        "mean": d.Law((("k", "M"), ("-1", "S")), ("convex", "jensen")),
        "stable": d.Law(
            (("1", "P"), ("-1", "M"), (f"-L*{B}", "1")), ("convex", "lipschitz", "full_batch_gradient", "iid_sample", "expectation")
        ),
        "free": d.Law((("1", "f*"), ("-1", "F")), ("iid_sample", "expectation"), True, "0"),
    }
    method = d.Method(
        {"F_S": d.Class("function", {"mu": ("0", "convex")})}, {"x": {"x": "1", "g": "-eta"}}, ("g",),
        {"x": d.Call("F_S", {"x": "1"}, {"g": "1"}, "f"), "*": d.Call("F_S", {"x*": "1"}, {"g*": "1"}, "f*")},
        ("f", "S", "M", "P"), fixed=("x*", "g*"), fixed_values=("f*", "F"), laws=laws, roots={"r": "N"},
    )  # fmt: skip
    near: d.Terms = (square(APART, "1/(2*eta)"), ("1", "S"))
    rest: d.Terms = (("-1", "f*"), ("-eta*L^2/2", "1"))
    after = {"x'": "1", "x*": "-1"}
    steps: dict[str, d.Step] = {
        "step": d.Inequality(
            (square(after, "1/(2*eta)"), ("1", "S'"), square(APART, "-1/(2*eta)"), ("-1", "S"), *rest),
            (d.Use("interpolation", "F_S", ("*", "x")),), laws={"size": "eta/2", "summed": "1"},
        ),
        "sum": d.Sum("step", near, rest=rest, total=(("-k", "f*"), ("-k*eta*L^2/2", "1"))),
        "begin": d.Combine({}, {"nothing": "1/N"}, index="0"),
        "end": d.Combine(
            {"sum": "1/N", "begin": "1"}, {"mean": "1/N", "stable": "1", "free": "1"}, (("1/(2*eta*N)", APART),)
        ),
    }  # fmt: skip
    case = d.Case((Interval("r", "1", "", True), *over("n", "eta", "L")), steps, {"N": "r^2"}, frame=over("n", "eta", "L"))
    formal = d.Formal(
        method, (("1", "P"), ("-1", "F")), horizon="T", stands={"D2": NEAR}, by=("expectation",)
    )
    return d.Derivation(formal, case)
