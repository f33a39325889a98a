"""Derivations of D-PSGD's claims, for every graph and any number of nodes.

All nodes' vectors are stacked, with the inner product divided by n. ``u`` is the deviation of the iterates from their mean,
W u = s c with ||c|| <= ||u||. The gradients at the nodes are a + b + p: ``a`` the change from the mean iterate to the node
(``m`` its mean over nodes), ``b`` the heterogeneity, ``p`` the gradient of f at the mean iterate; ``v`` is the deviation of the
noise, ``e`` its mean.
"""

from gradproof.theory import derivation as d
from gradproof.theory.communication import dpsgd
from gradproof.theory.field import Interval

S = Interval("s", "0", "1", True)
AT_LEAST_1 = Interval("n", "1", "", True)


def _no(u: str, v: str, by: tuple[str, ...], says: str) -> d.Law:
    return d.Law((("1", {u: "1"}, {v: "1"}),), by, equality=True, says=says)


# --- averaging alone --------------------------------------------------------------------------------------------------


def _mixing(number: tuple[d.Number, ...], left: d.Combine, end: tuple[Interval, ...]) -> d.Derivation:
    """y = W^k e_i - 1/n, orthogonal to the constants, so that ||W y|| <= s ||y||."""
    y, z = {"y": "1"}, {"z": "1"}
    laws = {
        "contracts": d.Law((("1", z, z), ("-s^2", y, y)), ("mixing", "spectral-theorem"), says="$y$ has mean zero"),
        "start": d.Law(
            (("1", y, y), ("-(1 - 1/n)", "1")), (), True, "0", says=r"$\|e_i - \frac1n\mathbf 1\|^2 = 1 - \frac1n$"
        ),
    }
    method = d.Method({}, {"y": z}, ("z",), {}, fixed=(), fixed_values=(), laws=laws, numbers=number)
    left_hand: d.Terms = (("1", y, y),)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"contracts": "1"}, index="k"),
        "fall": d.Induct("step", left_hand, "s^2", "P"),
        "end": left,
    }
    case = d.Case((S, *end), steps, powers={"P": "s^2"}, first="0")
    return d.Derivation(d.Formal(method, left_hand, horizon="k"), case)


@d.derivation(dpsgd.MIXING)
def mixing() -> d.Derivation:
    end = d.Combine({"fall": "1"}, {"start": "P"}, squares=(("P/n", {}),))
    return _mixing((d.Number(AT_LEAST_1, ()),), end, (AT_LEAST_1,))


@d.derivation(dpsgd.MIXING_SHARP)
def mixing_sharp() -> d.Derivation:
    return _mixing((), d.Combine({"fall": "1"}, {"start": "P"}), (AT_LEAST_1,))


@d.derivation(dpsgd.MEAN_ITERATE)
def mean_iterate() -> d.Derivation:
    """z = W x for the stacked iterates x; b picks the mean of an entry, and W b = b."""
    laws = {
        "columns": d.Law(
            (("1", {"z": "1"}, {"b": "1"}), ("-1", {"x": "1"}, {"b": "1"})),
            ("doubly_stochastic",),
            equality=True,
            says="a mean over nodes does not change when columns sum to one",
        )
    }
    method = d.Method({}, {}, (), {}, fixed=("x", "z", "g", "b"), fixed_values=(), laws=laws)
    after: d.Terms = (("1", {"z": "1", "g": "-gamma"}, {"b": "1"}),)
    stands: dict[str, d.Terms] = {n: (("1", {n: "1"}, {"b": "1"}),) for n in ("x", "g")}
    case = d.Case((Interval("gamma"),), {"end": d.Combine({}, {"columns": "1"})})
    return d.Derivation(d.Formal(method, after, at="0", stands=stands), case)


@d.derivation(dpsgd.COMPLETE_GRAPH)
def complete_graph() -> d.Derivation:
    """b picks the mean of an entry over the nodes, e the entry of the node i."""
    laws = {
        "averaged": d.Law(
            (("1", {"y": "1"}, {"e": "1"}), ("-1", {"x": "1", "g": "-gamma"}, {"b": "1"})),
            ("average_last",),
            equality=True,
            says="after the step every node takes the mean",
        ),
        "same": d.Law(
            (("1", {"x": "1"}, {"b": "1"}), ("-1", {"x": "1"}, {"e": "1"})),
            ("consensus_start",),
            equality=True,
            says="where all nodes are at one point, it is their mean",
        ),
    }
    method = d.Method({}, {}, (), {}, fixed=("x", "y", "g", "b", "e"), fixed_values=(), laws=laws)
    stands: dict[str, d.Terms] = {"x": (("1", {"x": "1"}, {"e": "1"}),), "g": (("1", {"g": "1"}, {"b": "1"}),)}
    case = d.Case((Interval("gamma"),), {"end": d.Combine({}, {"averaged": "1", "same": "1"})})
    return d.Derivation(d.Formal(method, (("1", {"y": "1"}, {"e": "1"}),), at="0", stands=stands), case)


# --- with gradients ---------------------------------------------------------------------------------------------------

U: d.Vec = {"u": "1"}
DEVIATION: d.Vec = {"a": "1", "m": "-1", "b": "1"}
D = "(1 - 2*gamma^2*L^2/(1 - s)^2)"
W = f"((1 - s)*{D})"  # what a step takes off ||u||^2
RISE = "(gamma^2*(sigma2 + 2*zeta2/(1 - s)))"
GRADIENT, MEAN = {"p": "1"}, {"p": "1", "m": "1"}
MOVES: d.Vec = {"u": "1", "c": "-s"}


def _laws() -> dict[str, d.Law]:
    mean = "deviations and means over nodes are orthogonal"
    past = "the noise is independent of the past"
    out = {
        "mixes": d.Law((("1", {"c": "1"}, {"c": "1"}), ("-1", U, U)), ("mixing", "connected", "spectral-theorem")),
        "smooth": d.Law((("1", {"a": "1"}, {"a": "1"}), ("-L^2", U, U)), ("smooth",)),
        "apart": d.Law((("1", {"b": "1"}, {"b": "1"}), ("-zeta2", "1")), ("heterogeneity",)),
        "noise": d.Law((("1", {"v": "1"}, {"v": "1"}), ("-sigma2", "1")), ("variance",)),
        "start": d.Law((("1", U, U),), ("consensus_start",), True, "0"),
        "a-m": d.Law((("1", {"m": "1"}, {"a": "1", "m": "-1"}),), ("weighted-workers",), True, says=mean),
        "b-m": _no("m", "b", ("weighted-workers",), mean),
    }
    return out | {f"v-{n}": _no("v", n, ("variance",), past) for n in ("a", "m", "b", "c")}


def _consensus() -> dict[str, d.Step]:
    """||u+||^2 <= s ||u||^2 + gamma^2/(1 - s) ||h||^2 + gamma^2 sigma^2 with ||h||^2 <= 2 L^2 ||u||^2 + 2 zeta^2."""
    drift = d.Inequality(
        (("1", DEVIATION, DEVIATION), ("-2*L^2", U, U), ("-2*zeta2", "1")),
        laws={"smooth": "2", "apart": "2", "a-m": "-2", "b-m": "-2"},
        squares=(("1", {"a": "1", "b": "-1"}), ("1", {"m": "1"})),
    )
    after: d.Vec = {"u'": "1"}
    step = d.Inequality(
        (("1", after, after), (f"-(1 - {W})", U, U), (f"-{RISE}", "1")),
        steps={"drift": "gamma^2/(1 - s)"},
        laws={"mixes": "s", "noise": "gamma^2"}
        | {"v-a": "2*gamma^2", "v-m": "-2*gamma^2", "v-b": "2*gamma^2", "v-c": "-2*gamma*s"},
        squares=(("s*(1 - s)", {"c": "1", **{n: f"({x})*gamma/(1 - s)" for n, x in DEVIATION.items()}}),),
    )
    return {"drift": drift, "deviate": step}


GAMMA_L_S = (Interval("gamma"), Interval("L"), S)
NOISES = (Interval("sigma2", "0", "", True), Interval("zeta2", "0", "", True))
STEP: dict[str, d.Vec] = {"u": {"c": "s", "a": "-gamma", "m": "gamma", "b": "-gamma", "v": "-gamma"}}
BY = ("expectation", "tower", "weighted-workers")


@d.derivation(dpsgd.CONSENSUS)
def consensus() -> d.Derivation:
    method = d.Method({}, STEP, ("a", "m", "b", "c", "v"), {}, fixed=(), fixed_values=(), laws=_laws())
    square: d.Terms = (("1", U, U),)
    steps: dict[str, d.Step] = {
        **_consensus(),
        "sum": d.Sum("deviate", square, W, square, ((f"-{RISE}", "1"),), ((f"-k*{RISE}", "1"),)),
        "end": d.Combine({"sum": f"1/({W}*N)"}, {"start": f"1/({W}*N)"}, squares=((f"1/({W}*N)", U),)),
    }
    case = d.Case((*GAMMA_L_S, *NOISES), steps, positive=(D,))
    return d.Derivation(d.Formal(method, d.Mean(square, "N"), by=BY), case)


def _rate(
    quantity: d.Terms,
    gain: d.Combine,
    last: d.Combine,
    *,
    rest: str,
    scale: str = "1",
    positive: tuple[str, ...] = (),
) -> d.Derivation:
    """(2/gamma) f + (L^2/W) ||u||^2, times a scale, falls by the quantity, up to the noise."""
    past = "the noise is independent of the past"
    laws = _laws() | {
        "mean noise": d.Law(
            (("1", {"e": "1"}, {"e": "1"}), ("-sigma2/n", "1")), ("variance",), says="independent over nodes"
        ),
        "e-p": _no("e", "p", ("variance",), past),
        "e-m": _no("e", "m", ("variance",), past),
        "bounded": d.Law((("1", "f*"), ("-1", "f")), ("smooth",), says="$f$ is bounded below"),
    }
    gap: d.Terms = (("1", "f"), ("-1", "f*"))
    method = d.Method(
        {"f": d.Class("function", {"L": ("L", "smooth")})},
        STEP | {"x": {"x": "1", "p": "-gamma", "m": "-gamma", "e": "-gamma"}},
        ("a", "m", "b", "c", "v", "p", "e"),
        {"x": d.Call("f", {"x": "1"}, {"p": "1"}, "f")},
        ("f",),
        fixed=(),
        laws=laws,
        reads={"Delta": gap},
    )
    falls = d.Inequality(
        (
            ("1", "f'"),
            ("-1", "f"),
            ("gamma/2", GRADIENT, GRADIENT),
            ("gamma/2*(1 - gamma*L)", MEAN, MEAN),
            ("-gamma/2*L^2", U, U),
            ("-L*gamma^2/2*sigma2/n", "1"),
        ),
        (d.Use("descent", "f", ("x", "x'")),),
        laws={
            "smooth": "gamma/2",
            "a-m": "-gamma",
            "mean noise": "L*gamma^2/2",
            "e-p": "gamma*(L*gamma - 1)",
            "e-m": "L*gamma^2",
        },
        squares=(("gamma/2", {"a": "1", "m": "-1"}),),
    )
    potential: d.Terms = ((f"({scale})*2/gamma", "f"), (f"({scale})*L^2/{W}", U, U))
    steps: dict[str, d.Step] = {
        **_consensus(),
        "falls": falls,
        "gain": gain,
        "sum": d.Sum("gain", potential, "1", quantity, ((f"-({rest})", "1"),), ((f"-k*({rest})", "1"),)),
        "end": last,
    }
    domain = (
        Interval("L"),
        S,
        Interval("gamma", "0", "(1 - s)/L"),
        *NOISES,
        AT_LEAST_1,
        Interval("Delta", "0", "", True),
    )
    formal = d.Formal(method, d.Mean(quantity, "N"), horizon="K", by=BY)
    return d.Derivation(formal, d.Case(domain, steps, positive=positive))


REST = f"(L^2/{W}*{RISE} + gamma*L*sigma2/n)"
SHARP: d.Terms = (("1", GRADIENT, GRADIENT), ("1 - gamma*L", MEAN, MEAN))


def _gain(scale: str, *squares: tuple[str, d.Vec]) -> d.Combine:
    return d.Combine({"falls": f"({scale})*2/gamma", "deviate": f"({scale})*L^2/{W}"}, squares=squares, index="k")


def _last(scale: str, *more: str) -> d.Combine:
    """Divided by K, with what is left of the bound."""
    start, value = f"({scale})*L^2/({W}*N)", f"({scale})*2/(gamma*N)"
    laws = {"start": start, "bounded": value, "Delta": value}
    return d.Combine({"sum": "1/N"}, laws, squares=((start, U), *((c, {}) for c in more)))


@d.derivation(dpsgd.SHARPER)
def sharper() -> d.Derivation:
    return _rate(SHARP, _gain("1"), _last("1"), rest=REST, positive=(D,))


GRAPH = "(sigma2/(1 - s) + 2*zeta2/(1 - s)^2)"
TERMS = "(sigma2/(1 - s^2) + 9*zeta2/(1 - s)^2)"


@d.derivation(dpsgd.THEOREM1)
def theorem1() -> d.Derivation:
    """Half of the sharper rate: D_1 <= 1/2, D_2 <= D, and the graph's terms are smaller."""
    d2 = "(1 - 18*gamma^2*n*L^2/(1 - s)^2)"
    d1 = f"(1/2 - 9*gamma^2*L^2*n/((1 - s)^2*{d2}))"
    quantity: d.Terms = (("(1 - gamma*L)/2", MEAN, MEAN), (d1, GRADIENT, GRADIENT))
    left = (
        f"L^2*gamma^2*n*{TERMS}*({D} - {d2})/({D}*{d2})",
        f"L^2*gamma^2*(n*{TERMS} - {GRAPH}/2)/{D}",
    )
    gain = _gain("1/2", (f"1/2 - {d1}", GRADIENT))
    return _rate(quantity, gain, _last("1/2", *left), rest=f"{REST}/2", scale="1/2", positive=(d2, D))


@d.derivation(dpsgd.STATIONARY)
def stationary() -> d.Derivation:
    """The mean less its expectation: x+ = (1 - gamma h) x - gamma e, whatever W."""
    x: d.Terms = (("1", {"x": "1"}, {"x": "1"}),)
    laws = {
        "noise": d.Law(
            (("1", {"e": "1"}, {"e": "1"}), ("-sigma2/n", "1")), ("quadratics",), True, says="independent over nodes"
        ),
        "e-x": _no("e", "x", ("quadratics", "expectation"), "the noise is independent of the past"),
        "mixed": d.Law((("1", {"y": "1"}, {"y": "1"}), ("-1", {"x": "1"}, {"x": "1"})), ("mixing",), True,
                       says="the mean of $Wx$ is that of $x$"),
        "mixed x": d.Law((("1", {"y": "1", "x": "-1"}, {"x": "1"}),), ("mixing",), True, says="the mean of $Wx$ is that of $x$"),
        "mixed e": _no("e", "y", ("quadratics", "expectation"), "the noise is independent of the past"),
    }  # fmt: skip
    method = d.Method(
        {}, {"x": {"y": "1", "x": "-gamma*h", "e": "-gamma"}}, ("y", "e"), {}, fixed=(), fixed_values=(), laws=laws
    )
    rho, rise = "(1 - gamma*h)^2", "gamma^2*sigma2/n"
    step = d.Combine(
        {},
        {
            "mixed": "1",
            "mixed x": "-2*gamma*h",
            "mixed e": "-2*gamma",
            "e-x": "2*gamma^2*h",
            "noise": "gamma^2",
        },
        index="k",
    )
    domain = (Interval("h"), Interval("gamma", "0", "2/h"), AT_LEAST_1, Interval("sigma2", "0", "", True))
    case = d.Case(domain, {"step": step, "end": d.Settle("step", x, rho, rise)})
    return d.Derivation(d.Formal(method, d.Limit(x), by=("expectation",)), case)
