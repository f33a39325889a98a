"""Derivations of Krum's claims: what holds for every outcome is summed, then read in the mean over outcomes.

``m`` is n - 2f - 2, the least number of correct ones among the n - f - 2 neighbours that a score counts. ``v`` is Kr less the mean
of those neighbours, ``w`` their mean less g; with a tilde, the neighbours' deviations from that mean.
"""

from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.communication import krum
from gradproof.theory.field import Interval

M = "(n - 2*f - 2)"
COUNTS = (Interval("f", "0", "", True), Interval("n", "2*f + 3", "", True))
V: d.Vec = {"v": "1"}
OFF: d.Vec = {"v": "1", "w": "1"}  # Kr - g
LEAST = d.Law((("1", "score"), ("-1", "mine")), (), says="Krum selects the vector of the least score")
INSIDE = d.Law(
    (("1", "mine"), ("-1", "S")), (), says="a score takes the nearest of all vectors, S of some correct ones"
)


def _spread(vector: str, total: str, says: str) -> d.Law:
    """m times the mean of a square, at the correct neighbours, is at most a sum over more vectors."""
    v, dev = {vector: "1"}, {f"{vector}~": "1"}
    by = ("at_most_f", "weighted-workers")
    return d.Law(((M, v, v), (M, dev, dev), ("-1", total)), by, says=says)


NEAR = _spread("v", "score", "at least n - 2f - 2 of the n - f - 2 vectors in the score are correct")


@d.derivation(krum.LINEAR_HIJACK)
def linear_hijack() -> d.Derivation:
    """r is the sum of the others, b = lambda_n B; e picks an entry."""
    laws = {
        "chosen": d.Law(
            (("1", {"r": "1", "b": "1", "u": "-1"}, {"e": "1"}),),
            ("linear",),
            equality=True,
            says=r"$B = (U - \sum_{i<n}\lambda_i V_i)/\lambda_n$",
        )
    }
    method = d.Method({}, {}, (), {}, fixed=("r", "b", "u", "e"), fixed_values=(), laws=laws)
    result: d.Terms = (("1", {"r": "1", "b": "1"}, {"e": "1"}),)
    steps = {"end": d.Combine({}, {"chosen": "1"})}
    stands: dict[str, d.Terms] = {"U": (("1", {"u": "1"}, {"e": "1"}),)}
    return d.Derivation(d.Formal(method, result, at="0", stands=stands), d.Case((), steps))


@d.derivation(krum.NEIGHBOUR_COUNTS)
def neighbour_counts() -> d.Derivation:
    laws = {
        "neighbours": d.Law(
            (("1", "correct"), ("1", "byzantine"), ("-(n - f - 2)", "1")),
            (),
            equality=True,
            says="each of the n - f - 2 neighbours is correct or Byzantine",
        ),
        "few": d.Law(
            (("1", "byzantine"), ("-(f - own)", "1")), ("at_most_f",), says="a vector is no neighbour of itself"
        ),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("correct", "byzantine"), laws=laws)
    steps = {"end": d.Combine({}, {"neighbours": "-1", "few": "1"})}
    case = d.Case((*COUNTS, Interval("own", "0", "", True)), steps)
    return d.Derivation(d.Formal(method, (("1", "correct"),), at="0"), case)


@d.derivation(krum.DETERMINISTIC)
def deterministic() -> d.Derivation:
    """m ||v||^2 is at most the score of the selected vector, hence that of a correct one of least S_i."""
    laws = {"near": NEAR, "least": LEAST, "inside": INSIDE}
    method = d.Method(
        {},
        {},
        (),
        {},
        fixed=("v", "v~"),
        fixed_values=("score", "mine", "S"),
        laws=laws,
        reads={"S_min": (("1", "S"),)},
    )
    share = f"1/{M}"
    end = d.Inequality(
        (("1", V, V), (f"-S_min/{M}", "1")),
        laws=dict.fromkeys((*laws, "S_min"), share),
        squares=(("1", {"v~": "1"}),),
        index="0",
    )
    case = d.Case((*COUNTS, Interval("S_min", "0", "", True)), {"end": end})
    return d.Derivation(d.Formal(method, (("1", V, V),), at="0", by=("weighted-workers",)), case)


# --- in the mean over outcomes ----------------------------------------------------------------------------------------

#: d^2 = m, a^2 = 2(n - f - 2), b^2 = n - f, so that the constant is ((a + b)/d)^2
ROOTS = {"d": "n - 2*f - 2", "a": "2*(n - f - 2)", "b": "n - f"}
GIVEN = {"n": "2*f + 2 + d^2"}
NAMES = (COUNTS[0], Interval("d", "1", "", True), Interval("a"), Interval("b"))
ETA2 = "((a + b)/d)^2"
YOUNG = ("(1 + b/a)/d^2", "(1 + a/b)/d^2")  # the weights of ||v||^2 and ||w||^2 above ||v + w||^2, over m


def _laws(index: str = "0") -> dict[str, d.Law]:
    far = _spread("w", "G", "the correct neighbours are among all n - f correct vectors")
    pairs = d.Law(
        (("1", "S"), ("-2*(n - f - 2)*variance", "1")),
        ("iid_correct", "variance-of-a-difference"),
        says="S is of n - f - 2 other correct vectors, fixed beforehand",
    )
    each = d.Law(
        (("1", "G"), ("-(n - f)*variance", "1")), ("iid_correct",), says="G sums over the n - f correct vectors"
    )
    return {"near": NEAR, "least": LEAST, "inside": INSIDE, "pairs": pairs, "far": far, "each": each}


FIXED: dict[str, Any] = {"fixed": ("v", "v~", "w", "w~"), "fixed_values": ("score", "mine", "S", "G")}


def _off(variance: str, index: str = "0") -> d.Inequality:
    """E||Kr - g||^2 <= eta^2 variance, by Young's inequality with the weights a and b."""
    first, second = YOUNG
    laws = dict.fromkeys(("near", "least", "inside", "pairs"), first) | dict.fromkeys(("far", "each"), second)
    roots: tuple[tuple[str, d.Vec, str], ...] = (
        ("a", {}, f"-({variance})*({first})"),
        ("b", {}, f"-({variance})*({second})"),
    )
    squares = (
        ("b/a", {"v": "1", "w": "-a/b"}),
        (f"{first}*d^2", {"v~": "1"}),
        (f"{second}*d^2", {"w~": "1"}),
    )
    return d.Inequality(
        (("1", OFF, OFF), (f"-({variance})*{ETA2}", "1")), laws=laws, roots=roots, squares=squares, index=index
    )


@d.derivation(krum.MEAN_SQUARE)
def mean_square() -> d.Derivation:
    method = d.Method({}, {}, (), {}, laws=_laws(), **FIXED)
    case = d.Case(
        (*NAMES, Interval("variance", "0", "", True)), {"end": _off("variance")}, GIVEN, roots=ROOTS, frame=COUNTS
    )
    return d.Derivation(d.Formal(method, (("1", OFF, OFF),), at="0", by=("expectation", "weighted-workers")), case)


@d.derivation(krum.SHARPER)
def sharper() -> d.Derivation:
    """(a + b)^2 = 2 a^2 + 2 b^2 - (a - b)^2, and 2(3n - 3f - 4) is at most the paper's constant for f >= 1, n >= 2f + 3."""
    paper = "16/9*(n - f + (f^2*(n - f - 1) + f*(n - f - 2))/(n - 2*f - 2))"
    value = "(a + b)^2/(n - 2*f - 2)"
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=(), roots={"a": ROOTS["a"], "b": ROOTS["b"]})
    end = d.Inequality(
        ((f"{value} - {paper}", "1"),),
        signs=((f"{paper} - 2*(3*n - 3*f - 4)/(n - 2*f - 2)", {}), ("(a - b)^2/(n - 2*f - 2)", {})),
        roots=(("a", {}, "2/(n - 2*f - 2)"), ("b", {}, "2/(n - 2*f - 2)")),
        index="0",
    )
    counts = (Interval("f", "1", "", True), Interval("n", "2*f + 3", "", True))
    case = d.Case((*counts, Interval("a"), Interval("b")), {"end": end}, frame=counts)
    return d.Derivation(d.Formal(method, ((value, "1"),), at="0"), case)


@d.derivation(krum.RESILIENCE_SHARP)
def resilience_sharp() -> d.Derivation:
    """||t eta g + |g| y||^2 >= 0 for y = Kr - g and t^2 the variance; without variance y is zero."""
    law = d.Law(
        (("1", {"g": "1"}, {"g": "1"}), ("-g_norm^2", "1")), (), equality=True, says=r"$\|g\|$ is the norm of $g$"
    )
    method = d.Method(
        {}, {}, (), {}, fixed=("g", *FIXED["fixed"]), fixed_values=FIXED["fixed_values"], laws={**_laws(), "norm": law}
    )
    cone: d.Terms = (("1", {"g": "1", **OFF}, {"g": "1"}),)
    eta = "(a + b)/d"
    end = d.Inequality(
        (*((f"-({c})", *v) for c, *v in cone), (f"g_norm*(g_norm - t*{eta})", "1")),
        steps={"off": f"g_norm/(2*t*{eta})"},
        laws={"norm": f"-1 + t*{eta}/(2*g_norm)"},
        squares=((f"1/(2*t*{eta}*g_norm)", {"g": f"t*{eta}", "v": "g_norm", "w": "g_norm"}),),
        index="0",
    )
    above = Interval("g_norm", f"t*{eta}")
    some = d.Case(
        (NAMES[0], NAMES[1], Interval("t"), *NAMES[2:], above),
        {"off": _off("t^2"), "end": end},
        {**GIVEN, "variance": "t^2"},
        roots={**ROOTS, "t": "variance"},
        frame=COUNTS,
    )
    zero = d.Inequality((("1", OFF, OFF),), steps={"off": "1"}, index="0")
    last = d.Inequality(
        (*((f"-({c})", *v) for c, *v in cone), ("g_norm^2", "1")),
        laws={"norm": "-1"},
        nulls=(("none", {"g": "1"}, "-1"),),
        index="0",
    )
    none = d.Case(
        (*NAMES, Interval("g_norm")),
        {"off": _off("0"), "zero": zero, "none": d.Vanish(OFF, "zero"), "end": last},
        {**GIVEN, "variance": "0"},
        roots=ROOTS,
        frame=COUNTS,
    )
    formal = d.Formal(method, cone, at="0", by=("expectation", "weighted-workers"))
    return d.Derivation(formal, d.Split("variance", none, some))


@d.derivation(krum.RESILIENCE)
def resilience() -> d.Derivation:
    """As before with the paper's constant, u^2 of which is eta^2 times the variance; for f = 0 Kr is one of n correct vectors."""
    eta2 = "2*(n - f + (f*(n - f - 2) + f^2*(n - f - 1))/(n - 2*f - 2))"
    norm = d.Law(
        (("1", {"g": "1"}, {"g": "1"}), ("-g_norm^2", "1")), (), equality=True, says=r"$\|g\|$ is the norm of $g$"
    )
    alone = d.Law(
        (("1 - f", OFF, OFF), ("-1", "G")),
        ("at_most_f",),
        says="for $f = 0$ Kr is one of the vectors over which G sums",
    )
    laws = {**_laws(), "norm": norm, "alone": alone}
    method = d.Method({}, {}, (), {}, fixed=("g", *FIXED["fixed"]), fixed_values=FIXED["fixed_values"], laws=laws)
    cone: d.Terms = (("1", {"g": "1", **OFF}, {"g": "1"}),)
    below: d.Terms = tuple((f"-({t[0]})", *t[1:]) for t in cone)  # type: ignore[misc]
    above = Interval("g_norm", "u")
    end = d.Inequality(
        (*below, ("g_norm*(g_norm - u)", "1")),
        steps={"off": "g_norm/(2*u)"},
        laws={"norm": "-1 + u/(2*g_norm)"},
        squares=(("1/(2*u*g_norm)", {"g": "u", "v": "g_norm", "w": "g_norm"}),),
        index="0",
    )
    roots = {**ROOTS, "u": f"variance*{eta2}"}
    variance = f"u^2/({eta2})"
    slack = f"({variance})*(8/9*{eta2} - 2*(3*n - 3*f - 4)/(n - 2*f - 2))"
    weight = f"2*({variance})/(n - 2*f - 2)"
    off = d.Inequality(
        (("1", OFF, OFF), ("-u^2", "1")),
        steps={"sharp": "1"},
        signs=((slack, {}), (f"({variance})*(a - b)^2/(n - 2*f - 2)", {}), ("u^2/9", {})),
        roots=(("a", {}, weight), ("b", {}, weight)),
        index="0",
    )
    frame = (Interval("f", "1", "", True), COUNTS[1])
    attacked = d.Case(
        (frame[0], NAMES[1], Interval("u"), *NAMES[2:], above),
        {"sharp": _off(variance), "off": off, "end": end},
        {**GIVEN, "variance": variance},
        roots=roots,
        frame=frame,
    )
    nobody = d.Inequality(
        (("1", OFF, OFF), ("-u^2", "1")), laws={"alone": "1", "each": "1"}, signs=(("u^2/2", {}),), index="0"
    )
    counted = Interval("n", "3", "", True)
    honest = d.Case(
        (counted, Interval("u"), above),
        {"off": nobody, "end": end},
        {"f": "0", "variance": "u^2/(2*n)"},
        roots={"u": roots["u"]},
        frame=(counted,),
    )
    last = d.Inequality(
        (*below, ("g_norm^2", "1")), laws={"norm": "-1"}, nulls=(("none", {"g": "1"}, "-1"),), index="0"
    )
    still = {
        "zero": d.Inequality((("1", OFF, OFF),), steps={"off": "1"}, index="0"),
        "none": d.Vanish(OFF, "zero"),
        "end": last,
    }
    quiet = d.Case(
        (*NAMES, Interval("g_norm")), {"off": _off("0"), **still}, {**GIVEN, "variance": "0"}, roots=ROOTS, frame=COUNTS
    )
    formal = d.Formal(method, cone, at="0", by=("expectation", "weighted-workers"))
    return d.Derivation(formal, d.Split("variance", quiet, d.Split("f", honest, attacked)))


@d.derivation(krum.SGD_BALL)
def sgd_ball() -> d.Derivation:
    """The gap less eta^2 variance/(2 mu) falls by the factor 1 - gamma mu; g is the gradient of Q, Kr = g + v + w."""
    floor = f"variance*{ETA2}/(2*mu)"
    smooth: d.Terms = (
        ("1", "f'"),
        ("-1", "f"),
        ("gamma", {"g": "1"}, {"g": "1", **OFF}),
        ("-L*gamma^2/2", {"g": "1", **OFF}, {"g": "1", **OFF}),
    )
    steep: d.Terms = (("2*mu", "f"), ("-2*mu", "f*"), ("-1", {"g": "1"}, {"g": "1"}))
    laws = {
        **_laws(),
        "smooth": d.Law(smooth, (), says="$Q$ is $L$-smooth"),
        "steep": d.Law(steep, ("pl",), says=r"$\|\nabla Q\|^2 \ge 2\mu(Q - Q^*)$"),
    }
    method = d.Method(
        {},
        {"x": {"x": "1", "g": "-gamma", "v": "-gamma", "w": "-gamma"}},
        ("g", "v", "v~", "w", "w~"),
        {},
        ("f", "score", "mine", "S", "G"),
        fixed=(),
        laws=laws,
    )
    gap: d.Terms = (("1", "f"), ("-1", "f*"))
    potential: d.Terms = (*gap, (f"-{floor}", "1"))
    rho = "1 - gamma*mu"
    step = d.Inequality(
        (("1", "f'"), ("-1", "f*"), (f"-{floor}", "1"), *((f"-({rho})*({t[0]})", *t[1:]) for t in potential)),  # type: ignore[arg-type]
        steps={"off": "gamma/2"},
        laws={"smooth": "1", "steep": "gamma/2"},
        squares=(("gamma*(1 - gamma*L)/2", {"g": "1", **OFF}),),
    )
    steps: dict[str, d.Step] = {
        "off": _off("variance", "k"),
        "step": step,
        "fall": d.Induct("step", potential, rho, "P"),
        "floor": d.Inequality(((f"-P*{floor}", "1"),), signs=((f"P*{floor}", {}),), index="N"),
        "end": d.Combine({"fall": "1", "floor": "1"}),
    }
    sizes = (Interval("L"), Interval("gamma", "0", "1/L", closed_high=True), Interval("mu", "0", "L", closed_high=True))
    case = d.Case(
        (*NAMES, Interval("variance", "0", "", True), *sizes),
        steps,
        GIVEN,
        roots=ROOTS,
        frame=COUNTS,
        powers={"P": rho},
        first="0",
    )
    formal = d.Formal(method, gap, horizon="T", stands={"gap0": gap}, by=("expectation", "tower", "weighted-workers"))
    return d.Derivation(formal, case)
