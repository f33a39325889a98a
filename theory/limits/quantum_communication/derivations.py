"""Derivations for any number of qubits, gates, shots, bits and parameters.

C^N is read as a real space: inner products are real parts. Those of random vectors are expectations.
"""

from collections.abc import Mapping

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.limits.quantum_communication import circuits, communication

SIGNED = {name: Interval(name, "-1", "", True) for name in ("Lq", "Lq0")}
COUNTS = {name: Interval(name, "1", "", True) for name in ("M", "L", "n", "d")}


def inner(u: str, v: str, c: str = "1") -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def same(*terms: d.Term, by: tuple[str, ...] = (), says: str = "", index: str = "k") -> d.Law:
    return d.Law(terms, by, equality=True, index=index, says=says)


def still(laws: Mapping[str, d.Law], vectors: tuple[str, ...], values: tuple[str, ...], **more: d.Terms) -> d.Method:
    """What does not move."""
    return d.Method({}, {}, (), {}, fixed=vectors, fixed_values=values, laws=laws, reads=more)


def ends(
    quantity: d.Terms, stands: Mapping[str, d.Terms], method: d.Method, laws: Mapping[str, str], *domain: Interval
) -> d.Derivation:
    """The claim as a sum of laws."""
    case = d.Case(domain, {"end": d.Combine({}, laws, index="0")})
    return d.Derivation(d.Formal(method, quantity, at="0", stands=stands), case)


# --- gradients ------------------------------------------------------------------------------------------------------------

BETA = Interval("beta")
#: u is the state after the gate, p = -i P u, o = O u, q = O p, with O the observable carried back by the gates after it
GATE = {
    "slope": same(("1", "slope"), inner("p", "o", "-2*beta"), says=r"the state moves by $-i\beta P$ times itself"),
    "observable": same(inner("p", "o"), inner("u", "q", "-1"), says="the observable is Hermitian"),
}


def turned(value: str, by: str) -> d.Law:
    """The loss with the gate turned by the angle of that tangent: e^{-iaP} = cos a - i sin a P."""
    state, image = {"u": "1", "p": by}, {"o": "1", "q": by}
    return same(
        (f"1 + ({by})^2", value), ("-1", state, image), by=("involution",), says=r"$e^{-iaP} = \cos a - i\sin a\,P$"
    )


@d.derivation(circuits.PARAMETER_SHIFT)
def parameter_shift() -> d.Derivation:
    laws = {**GATE, "plus": turned("plus", "1"), "minus": turned("minus", "-1")}
    method = still(laws, ("u", "p", "o", "q"), ("slope", "plus", "minus"))
    used = {"slope": "1", "observable": "beta", "plus": "-beta/2", "minus": "beta/2"}
    stands: dict[str, d.Terms] = {name: (("1", name),) for name in ("plus", "minus")}
    return ends((("1", "slope"),), stands, method, used, BETA)


@d.derivation(circuits.SINUSOID)
def sinusoid() -> d.Derivation:
    laws = {
        **GATE, "there": turned("there", "t"), "now": same(("1", "now"), inner("u", "o", "-1"), says="the loss"),
        "opposite": same(("1", "opposite"), inner("p", "q", "-1"), by=("involution",), says="a quarter turn makes $p$ of $u$"),
    }  # fmt: skip
    method = still(laws, ("u", "p", "o", "q"), ("slope", "there", "now", "opposite"))
    s = "1/(1 + t^2)"
    used = {"there": s, "now": f"-{s}", "opposite": f"-t^2*{s}", "slope": f"-t/beta*{s}", "observable": f"-t*{s}"}
    stands: dict[str, d.Terms] = {name: (("1", name),) for name in ("now", "opposite", "slope")}
    return ends((("1", "there"),), stands, method, used, BETA, Interval("t", ""))


@d.derivation(circuits.FEATURE_LOSS)
def feature_loss() -> d.Derivation:
    """Gates count from the end: nu' = G* nu and mu = G mu'."""
    overlap: d.Terms = (inner("nu", "mu"),)
    laws = {
        "gate": same(inner("nu'", "mu'"), inner("nu", "mu", "-1"), by=("adjoint",)),
        "end": same(
            *overlap, ("-1", "loss"), says=r"$\nu = Z_1\varphi$ and $\mu = \varphi$ after the last gate", index="0"
        ),
    }
    method = d.Method({}, {}, ("nu", "mu"), {}, fixed=(), fixed_values=("loss",), laws=laws)
    steps: dict[str, d.Step] = {
        "gate": d.Combine({}, {"gate": "1"}, index="k"),
        "gates": d.Induct("gate", overlap),
        "loss": d.Combine({"gates": "1"}, {"end": "1"}),
    }
    return d.Derivation(
        d.Formal(method, overlap, horizon="g", stands={"Lq": (("1", "loss"),)}), d.Case((), steps, first="0")
    )


#: a is p at the end of the circuit and z the image of the last state under Z_1
CARRIED = {
    "slope": same(
        ("1", "slope"),
        inner("a", "z", "-2*beta"),
        says=r"the last state moves by $\beta$ times what the gates make of $p$",
    ),
    "back": same(inner("a", "z"), inner("p", "nu", "-1"), by=("adjoint",)),
}


@d.derivation(circuits.FEATURE_GRADIENT)
def feature_gradient() -> d.Derivation:
    """p = -i P mu, so that Re<nu, p> = Im<nu|P|mu>."""
    method = still(CARRIED, ("a", "z", "p", "nu"), ("slope",))
    return ends((("1", "slope"),), {"im": (inner("p", "nu"),)}, method, {"slope": "1", "back": "2*beta"}, BETA)


@d.derivation(circuits.FEATURE_STATE)
def feature_state() -> d.Derivation:
    """With r = -i P nu, <chi|Y (x) P|chi> = (Re<mu, r> - Re<nu, p>)/2."""
    laws = {**CARRIED, "skew": same(inner("mu", "r"), inner("p", "nu"), by=("hermitian",), says="$-iP$ is skew")}
    method = still(laws, ("a", "z", "p", "nu", "mu", "r"), ("slope",))
    stands: dict[str, d.Terms] = {"corr": (inner("mu", "r", "1/2"), inner("p", "nu", "-1/2"))}
    return ends((("1", "slope"),), stands, method, {"slope": "1", "back": "2*beta", "skew": "beta"}, BETA)


# --- sums of shots and bits -----------------------------------------------------------------------------------------------


def shots(size: str, by: tuple[str, ...], values: tuple[str, ...] = (), says: str = "", **more: d.Law) -> d.Method:
    """s+ = s + x from 0, x the deviation of one shot from its mean."""
    laws = {
        "one": same(inner("x", "x"), (f"-({size})", "1"), by=by, says=says),
        "past": same(inner("x", "s"), by=("independence", "tower")),
    }
    return d.Method(
        {},
        {"s": {"s": "1", "x": "1"}},
        ("x",),
        {},
        values,
        fixed=("one",),
        fixed_values=(),
        start={"s": {}},
        laws={**laws, **more},
    )


def moment(size: str) -> dict[str, d.Step]:
    return {
        "one more": d.Combine({}, {"one": "1", "past": "2"}, index="k"),
        "all": d.Induct("one more", (inner("s", "s"), (f"-k*({size})", "1"))),
    }


SHOT, VARIANCE = ("normalised", "unbiased-shots"), "1 - Lq^2"


@d.derivation(circuits.SHOT_VARIANCE)
def shot_variance() -> d.Derivation:
    steps = {**moment(VARIANCE), "mean": d.Combine({"all": "1/N^2"})}
    formal = d.Formal(shots(VARIANCE, SHOT), (inner("s", "s", "1/N^2"),), horizon="M", by=("expectation",))
    return d.Derivation(formal, d.Case((SIGNED["Lq"],), steps))


@d.derivation(circuits.CHEBYSHEV)
def chebyshev() -> d.Derivation:
    says = r"$1[|s| \ge k\varepsilon] \le s^2/(k\varepsilon)^2$"
    fails = d.Law((("k^2*eps^2", "fails"), inner("s", "s", "-1")), ("expectation",), says=says)
    steps = {**moment(VARIANCE), "fails": d.Combine({"all": "1/(N*eps)^2"}, {"fails": "1/(N*eps)^2"})}
    method = shots(VARIANCE, SHOT, ("fails",), fails=fails)
    formal = d.Formal(method, (("1", "fails"),), horizon="M", by=("expectation",))
    return d.Derivation(formal, d.Case((SIGNED["Lq"], Interval("eps")), steps))


@d.derivation(communication.MAJORITY)
def majority() -> d.Derivation:
    """The majority errs if s <= -k a; Cantelli's u = Var(s)/(k a) does not depend on k. ``one`` is the random variable 1."""
    size, u = "1/4 - a^2", "(1/4 - a^2)/a"
    off: d.Vec = {"s": "1", "one": f"-({u})"}
    laws = {
        "mean": same(inner("x", "one"), says="$x$ is the deviation from the mean"),
        "unit": same(inner("one", "one"), ("-1", "1"), says="$E1 = 1$"),
        "fails": d.Law(
            ((f"(k*a + {u})^2", "fails"), ("-1", off, off)),
            ("expectation",),
            says=r"$1[s \le -ka] \le (s - u)^2/(ka + u)^2$",
        ),
    }
    share = f"1/(N*a + {u})^2"
    steps: dict[str, d.Step] = {
        **moment(size),
        "centre": d.Combine({}, {"mean": "1"}, index="k"),
        "centred": d.Induct("centre", (inner("s", "one"),)),
        "fails": d.Combine(
            {"all": share, "centred": f"-2*({u})*{share}"}, {"fails": share, "unit": f"({u})^2*{share}"}
        ),
    }
    method = shots(size, (), ("fails",), r"a bit is right with probability $\frac12 + a$", **laws)
    formal = d.Formal(method, (("1", "fails"),), horizon="m", by=("expectation",))
    return d.Derivation(formal, d.Case((Interval("a", "0", "1/2"),), steps))


# --- counts ---------------------------------------------------------------------------------------------------------------


def counted(
    law: d.Law, potential: d.Terms, end: d.Combine, quantity: d.Terms, horizon: str, domain: tuple[Interval, ...],
    start: str = "0", rho: str = "1",
) -> d.Derivation:  # fmt: skip
    """A number c that grows with every layer, gate or parameter."""
    first = same(("1", "c"), (f"-{start}", "1"), says="before the first one", index="0")
    method = d.Method({}, {}, (), {}, ("c",), fixed=(), fixed_values=(), laws={"one": law, "first": first})
    power = {} if rho == "1" else {"P": rho}
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, {"one": "1"}, index="k"),
        "all": d.Induct("one", potential, rho, "".join(power)),
        "end": end,
    }
    return d.Derivation(d.Formal(method, quantity, horizon=horizon), d.Case(domain, steps, powers=power))


@d.derivation(communication.QUBIT_COUNT)
def qubit_count() -> d.Derivation:
    layer = same(
        ("1", "c'"), ("-1", "c"), ("-2*n", "1"), by=("alternating",), says="one layer hands the qubits over and back"
    )
    end = d.Combine({"all": "M"}, {"first": "M"})
    domain = (COUNTS["n"], COUNTS["M"])
    return counted(layer, (("1", "c"), ("-2*n*k", "1")), end, (("M", "c"),), "L", domain)


@d.derivation(communication.GRADIENT_COUNT)
def gradient_count() -> d.Derivation:
    by = ("alternating", "two_circuits")
    says = "two circuits, as many passes as shots, and twice the number of layers of transfers in each"
    entry = same(("1", "c'"), ("-1", "c"), ("-4*L*n*M", "1"), by=by, says=says)
    domain = (COUNTS["L"], COUNTS["n"], COUNTS["M"])
    return counted(
        entry, (("1", "c"), ("-4*L*n*M*k", "1")), d.Combine({"all": "1"}, {"first": "1"}), (("1", "c"),), "D", domain
    )


@d.derivation(circuits.FREQUENCIES)
def frequencies() -> d.Derivation:
    says = r"a gate adds $-\lambda$, $0$ or $\lambda$ to each frequency"
    gate = d.Law((("1", "c'"), ("-3", "c")), ("two_eigenvalues",), says=says)
    end = d.Combine({"all": "1"}, {"first": "P"})
    return counted(gate, (("1", "c"),), end, (("1", "c"),), "L", (), "1", "3")


@d.derivation(communication.DECODING)
def decoding() -> d.Derivation:
    """c is the sum of tr(E_x rho_x) over the messages so far, t that of tr(E_x)."""
    right = d.Law(
        (("1", "c'"), ("-1", "c"), ("-1", "e")),
        ("no-shared-entanglement",),
        says=r"$\mathrm{tr}(E_x\rho_x) \le \mathrm{tr}\,E_x$",
    )
    laws = {
        "one": right,
        "trace": same(("1", "t'"), ("-1", "t"), ("-1", "e"), says="$e$ is the trace of $E_x$"),
        "first": same(("1", "c"), says="an empty sum", index="0"),
        "empty": same(("1", "t"), says="an empty sum", index="0"),
        "whole": d.Law((("1", "t"), ("-d", "1")), (), says=r"$E_x \succeq 0$ and $\sum E_x = I$"),
    }
    method = d.Method({}, {}, (), {}, ("c", "t", "e"), fixed=(), fixed_values=(), laws=laws)
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, {"one": "1", "trace": "-1"}, index="k"),
        "all": d.Induct("one", (("1", "c"), ("-1", "t"))),
        "end": d.Combine({"all": "1/N"}, {"first": "1/N", "empty": "-1/N", "whole": "1/N"}),
    }
    return d.Derivation(d.Formal(method, (("1/N", "c"),), horizon="K"), d.Case((COUNTS["d"],), steps))


# --- margins and codes ----------------------------------------------------------------------------------------------------


@d.derivation(communication.MARGIN_DIMENSION)
def margin_dimension() -> d.Derivation:
    """r is what is left of x, and p its component along the next w_j: Bessel's inequality."""
    laws = {
        "component": same(
            inner("p", "r"), inner("p", "p", "-1"), by=("orthonormal",), says="$p$ is the component of $r$ too"
        ),
        "margin": d.Law((inner("p", "p", "-1"), ("gamma^2", "1")), ("orthonormal", "all-margins")),
        "start": same(inner("r", "r"), ("-1", "1"), by=("unit",), index="0"),
    }
    method = d.Method({}, {"r": {"r": "1", "p": "-1"}}, ("p",), {}, fixed=(), fixed_values=(), laws=laws)
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, {"component": "-2", "margin": "1"}, index="k"),
        "all": d.Induct("one", (inner("r", "r"), ("k*gamma^2", "1"))),
        "end": d.Combine({"all": "1/gamma^2"}, {"start": "1/gamma^2"}, (("1/gamma^2", {"r": "1"}),)),
    }
    case = d.Case((Interval("gamma", "0", "1", False, True),), steps)
    return d.Derivation(d.Formal(method, (("N", "1"),)), case)


@d.derivation(communication.ACCESS_CODE)
def access_code() -> d.Derivation:
    """s is sum s_j A_j on the state v, x the next term; q is the root of k. <v, s> <= (||s||^2/q + q)/2."""
    by = ("anticommuting",)
    laws = {
        "one": same(inner("x", "x"), ("-1", "1"), by=by),
        "past": same(inner("x", "s"), by=by, says=r"$\langle Av, Bv\rangle = \frac12\langle v, (AB + BA)v\rangle$"),
        "state": same(inner("v", "v"), ("-1", "1"), says="$v$ is a state"),
        "right": same(("1", "right"), ("-1/2", "1"), inner("v", "mean", "-1/2"), by=("no-shared-entanglement",),
                      says=r"a bit is right with probability $\frac12(1 + s_j\langle A_j\rangle)$"),
        "mean": same(inner("v", "s"), inner("v", "mean", "-k"), says="the mean of $k$ terms"),
    }  # fmt: skip
    method = d.Method(
        {},
        {"s": {"s": "1", "x": "1"}},
        ("x", "mean"),
        {},
        ("right",),
        fixed=("v",),
        fixed_values=(),
        start={"s": {}},
        laws=laws,
    )
    steps: dict[str, d.Step] = {
        "one more": d.Combine({}, {"one": "1", "past": "2"}, index="k"),
        "all": d.Induct("one more", (inner("s", "s"), ("-k", "1"))),
        "end": d.Combine(
            {"all": "1/(4*q^3)"},
            {"right": "1", "mean": "-1/(2*q^2)", "state": "1/(4*q)"},
            (("1/(4*q^3)", {"s": "1", "v": "-q"}),),
        ),
    }
    case = d.Case((Interval("q", "1", "", True),), steps, {"N": "q^2"}, roots={"q": "N"})
    return d.Derivation(d.Formal(method, (("1", "right"),), horizon="k"), case)


# --- descent --------------------------------------------------------------------------------------------------------------


@d.derivation(circuits.SMOOTHNESS)
def smoothness() -> d.Derivation:
    """Along a unit direction w, with B = sum |beta_j w_j|, the state has the derivatives B u and B^2 v, of ||u||, ||v|| <= 1.

    z and h are the images of the state and of u under Z_1, with the sign of the second derivative.
    """
    unit = lambda v, by, says: d.Law((inner(v, v), ("-1", "1")), by, says=says)  # noqa: E731
    laws = {
        "norm": same(("1", "norm"), inner("v", "z", "-2*B^2"), inner("u", "h", "-2*B^2"), by=("normalised",),
                     says=r"$\langle\varphi, Z\varphi\rangle'' = 2\langle\varphi'', Z\varphi\rangle + 2\langle\varphi', Z\varphi'\rangle$"),
        "first": unit("u", ("involution", "normalised"), "gates keep norms"),
        "second": unit("v", ("involution", "normalised"), "gates keep norms"),
        "image": unit("z", ("normalised",), "$Z_1$ keeps norms"),
        "image of the first": unit("h", ("involution", "normalised"), "$Z_1$ keeps norms"),
        "direction": same(inner("w", "w"), ("-1", "1"), says="a unit direction"),
        "B": same(inner("b", "w"), ("-B", "1"), says="$b$ holds the $|\\beta_j|$ and $w$ the $|w_j|$"),
    }  # fmt: skip
    number = d.Number(Interval("B", "0", "", True), ())
    method = d.Method(
        {}, {}, (), {}, fixed=("b", "w", "u", "v", "z", "h"), fixed_values=("norm",), laws=laws, numbers=(number,),
        reads={"beta2": (inner("b", "b"),)},
    )  # fmt: skip
    end = d.Inequality(
        (("1", "norm"), ("-4*beta2", "1")),
        laws={"norm": "1", "first": "B^2", "second": "B^2", "image": "B^2", "image of the first": "B^2", "direction": "4*B^2",
              "B": "-8*B", "beta2": "4"},
        squares=(("B^2", {"v": "1", "z": "-1"}), ("B^2", {"u": "1", "h": "-1"}), ("4", {"b": "1", "w": "-B"})), index="0",
    )  # fmt: skip
    case = d.Case((Interval("beta2", "0", "", True), number.interval), {"end": end})
    return d.Derivation(d.Formal(method, (("1", "norm"),), at="0"), case)


@d.derivation(circuits.GRADIENT_NOISE)
def gradient_noise() -> d.Derivation:
    """e is the error of entry j; b, p and m are beta_j^2 and its multiples by the squares of the two shifted losses."""
    by = ("involution", "normalised", "unbiased-shots", "independence")
    laws = {
        "entry": same(inner("e", "e"), ("-2/M", "b"), ("1/M", "p"), ("1/M", "m"), by=by, says="the variance of a mean of shots, twice"),
        "others": same(inner("e", "g"), says="entries are orthogonal"),
        "plus": d.Law((("-1", "p"),), (), says="a square"), "minus": d.Law((("-1", "m"),), (), says="a square"),
        "sum": same(("1", "c'"), ("-1", "c"), ("-1", "b"), says=r"a sum over the entries so far"),
        "empty": same(("1", "c"), says="an empty sum", index="0"),
        "part": d.Law((("1", "c"), ("-1", "total")), (), says=r"part of $\|\beta\|^2$"),
    }  # fmt: skip
    method = d.Method(
        {},
        {"g": {"g": "1", "e": "1"}},
        ("e",),
        {},
        ("b", "p", "m", "c"),
        fixed=(),
        fixed_values=("total",),
        start={"g": {}},
        laws=laws,
    )
    used = {"entry": "1", "others": "2", "plus": "1/M", "minus": "1/M", "sum": "-2/M"}
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, used, index="k"),
        "all": d.Induct("one", (inner("g", "g"), ("-2/M", "c"))),
        "end": d.Combine({"all": "1"}, {"empty": "-2/M", "part": "2/M"}),
    }
    stands: dict[str, d.Terms] = {"beta2": (("1", "total"),)}
    formal = d.Formal(method, (inner("g", "g"),), horizon="D", stands=stands, by=("expectation",))
    return d.Derivation(formal, d.Case((COUNTS["M"],), steps))


@d.derivation(circuits.SGD)
def sgd() -> d.Derivation:
    """w is the noise of the gradient g."""
    g, w = {"g": "1"}, {"w": "1"}
    f = d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth")})
    laws = {
        "unbiased": d.Law((("1", g, w),), ("unbiased-gradient", "tower"), equality=True),
        "noise": d.Law((("1", w, w), ("-sigma2", "1")), ("bounded-noise", "tower")),
        "start": same(("1", "f"), ("-Lq0", "1"), says="the loss at the start", index="0"),
        "least": d.Law((("-1", "1"), ("-1", "f")), ("normalised",)),
    }
    method = d.Method(
        {"f": f}, {"x": {"x": "1", "g": "-eta", "w": "-eta"}}, ("g", "w"), {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}, ("f",),
        (), (), laws=laws,
    )  # fmt: skip
    gradient: d.Terms = (("1", g, g),)
    rise = "eta*L*sigma2"
    steps: dict[str, d.Step] = {
        "step": d.Inequality(
            (("2/eta", "f'"), ("-2/eta", "f"), *gradient, (f"-{rise}", "1")),
            (d.Use("descent", "f", ("x", "x'"), "2/eta"),), laws={"unbiased": "2*L*eta - 2", "noise": "L*eta"},
        ),
        "sum": d.Sum("step", (("2/eta", "f"),), "1", gradient, ((f"-{rise}", "1"),), ((f"-k*{rise}", "1"),)),
        "end": d.Combine({"sum": "1/N"}, {"start": "2/(eta*N)", "least": "2/(eta*N)"}),
    }  # fmt: skip
    step = Interval("eta", "0", "1/L", closed_high=True)
    domain = (Interval("L"), step, Interval("sigma2", "0", "", True), SIGNED["Lq0"])
    return d.Derivation(
        d.Formal(method, d.Mean(gradient, "N"), horizon="T", by=("expectation", "tower")), d.Case(domain, steps)
    )
