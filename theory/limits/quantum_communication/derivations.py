"""Derivations for any number of qubits, gates, shots, bits and parameters.

C^N is read as a real space: inner products are real parts. Those of random vectors are expectations.
"""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.limits.quantum_communication import circuits, communication

# fmt: off
LOSS, BETA = Interval("Lq", "-1", "", True), Interval("beta")
COUNTS = {name: Interval(name, "1", "", True) for name in ("M", "L", "n", "d")}


def inner(u: str, v: str, c: str = "1") -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def same(*terms: d.Term, by: tuple[str, ...] = (), says: str = "", index: str = "k") -> d.Law:
    return d.Law(terms, by, equality=True, index=index, says=says)


def nothing(name: str) -> d.Law:
    return same(("1", name), says="an empty sum", index="0")


def setting(laws: Mapping[str, d.Law], vectors: tuple[str, ...] = (), values: tuple[str, ...] = (), *, still: bool = False,
            **more: Any) -> d.Method:
    """Vectors and values that move with k, or that are ``still``."""
    if still:
        return d.Method({}, {}, (), {}, fixed=vectors, fixed_values=values, laws=laws, **more)
    return d.Method({}, more.pop("step", {}), vectors, {}, values, **{"fixed": (), "fixed_values": (), **more}, laws=laws)


def proved(method: d.Method, quantity: Any, steps: Mapping[str, d.Step], *domain: Interval, horizon: str = "N",
           by: tuple[str, ...] = (), stands: Mapping[str, d.Terms] | None = None, **more: Any) -> d.Derivation:
    formal = d.Formal(method, quantity, at=more.pop("at", "N"), horizon=horizon, stands=stands or {}, by=by)
    return d.Derivation(formal, d.Case(domain, steps, **more))


def summed(method: d.Method, quantity: d.Terms, laws: Mapping[str, str], *domain: Interval, **more: Any) -> d.Derivation:
    """The claim as a sum of laws."""
    return proved(method, quantity, {"end": d.Combine({}, laws, index="0")}, *domain, at="0", **more)


def induction(laws: Mapping[str, str], potential: d.Terms, rho: str = "1", power: str = "") -> dict[str, d.Step]:
    return {"one": d.Combine({}, laws, index="k"), "all": d.Induct("one", potential, rho, power)}


# --- gradients ------------------------------------------------------------------------------------------------------------

SLOPE: d.Terms = (("1", "slope"),)
#: u is the state after the gate, p = -i P u, o = O u, q = O p, with O the observable carried back by the gates after it
GATE = {
    "slope": same(("1", "slope"), inner("p", "o", "-2*beta"), says=r"the state moves by $-i\beta P$ times itself"),
    "observable": same(inner("p", "o"), inner("u", "q", "-1"), says="the observable is Hermitian"),
}


def turned(value: str, by: str) -> d.Law:
    """The loss with the gate turned by the angle of that tangent."""
    state, image = {"u": "1", "p": by}, {"o": "1", "q": by}
    return same((f"1 + ({by})^2", value), ("-1", state, image), by=("involution",), says=r"$e^{-iaP} = \cos a - i\sin a\,P$")


@d.derivation(circuits.PARAMETER_SHIFT)
def parameter_shift() -> d.Derivation:
    laws = {**GATE, "plus": turned("plus", "1"), "minus": turned("minus", "-1")}
    method = setting(laws, ("u", "p", "o", "q"), ("slope", "plus", "minus"), still=True)
    used = {"slope": "1", "observable": "beta", "plus": "-beta/2", "minus": "beta/2"}
    return summed(method, SLOPE, used, BETA, stands={name: (("1", name),) for name in ("plus", "minus")})


@d.derivation(circuits.SINUSOID)
def sinusoid() -> d.Derivation:
    laws = {
        **GATE, "there": turned("there", "t"), "now": same(("1", "now"), inner("u", "o", "-1"), says="the loss"),
        "opposite": same(("1", "opposite"), inner("p", "q", "-1"), by=("involution",), says="a quarter turn makes $p$ of $u$"),
    }
    method = setting(laws, ("u", "p", "o", "q"), ("slope", "there", "now", "opposite"), still=True)
    s = "1/(1 + t^2)"
    used = {"there": s, "now": f"-{s}", "opposite": f"-t^2*{s}", "slope": f"-t/beta*{s}", "observable": f"-t*{s}"}
    stands: dict[str, d.Terms] = {name: (("1", name),) for name in ("now", "opposite", "slope")}
    return summed(method, (("1", "there"),), used, BETA, Interval("t", ""), stands=stands)


@d.derivation(circuits.FEATURE_LOSS)
def feature_loss() -> d.Derivation:
    """Gates count from the end: nu' = G* nu and mu = G mu'."""
    overlap: d.Terms = (inner("nu", "mu"),)
    last = r"$\nu = Z_1\varphi$ and $\mu = \varphi$ after the last gate"
    laws = {
        "gate": same(inner("nu'", "mu'"), inner("nu", "mu", "-1"), by=("adjoint",)),
        "end": same(*overlap, ("-1", "loss"), says=last, index="0"),
    }
    steps = {**induction({"gate": "1"}, overlap), "loss": d.Combine({"all": "1"}, {"end": "1"})}
    method = setting(laws, ("nu", "mu"), fixed_values=("loss",))
    return proved(method, overlap, steps, horizon="g", stands={"Lq": (("1", "loss"),)}, first="0")


#: a is p at the end of the circuit and z the image of the last state under Z_1
CARRIED = {
    "slope": same(("1", "slope"), inner("a", "z", "-2*beta"), says=r"the last state moves by what the gates make of $\beta p$"),
    "back": same(inner("a", "z"), inner("p", "nu", "-1"), by=("adjoint",)),
}


@d.derivation(circuits.FEATURE_GRADIENT)
def feature_gradient() -> d.Derivation:
    """p = -i P mu, so that Re<nu, p> = Im<nu|P|mu>."""
    method = setting(CARRIED, ("a", "z", "p", "nu"), ("slope",), still=True)
    return summed(method, SLOPE, {"slope": "1", "back": "2*beta"}, BETA, stands={"im": (inner("p", "nu"),)})


@d.derivation(circuits.FEATURE_STATE)
def feature_state() -> d.Derivation:
    """With r = -i P nu, <chi|Y (x) P|chi> = (Re<mu, r> - Re<nu, p>)/2."""
    laws = {**CARRIED, "skew": same(inner("mu", "r"), inner("p", "nu"), by=("hermitian",), says="$-iP$ is skew")}
    method = setting(laws, ("a", "z", "p", "nu", "mu", "r"), ("slope",), still=True)
    stands: dict[str, d.Terms] = {"corr": (inner("mu", "r", "1/2"), inner("p", "nu", "-1/2"))}
    return summed(method, SLOPE, {"slope": "1", "back": "2*beta", "skew": "beta"}, BETA, stands=stands)


# --- sums of shots and bits -----------------------------------------------------------------------------------------------


def shots(size: str, by: tuple[str, ...], says: str = "", **more: d.Law) -> tuple[d.Method, dict[str, d.Step]]:
    """s+ = s + x from 0, x the deviation of one shot from its mean, and its second moment."""
    one = same(inner("x", "x"), (f"-({size})", "1"), by=by, says=says)
    laws = {"one": one, "past": same(inner("x", "s"), by=("independence", "tower")), **more}
    method = setting(laws, ("x",), ("fails",), step={"s": {"s": "1", "x": "1"}}, start={"s": {}}, fixed=("one",))
    return method, induction({"one": "1", "past": "2"}, (inner("s", "s"), (f"-k*({size})", "1")))


SHOT, VARIANCE = ("normalised", "unbiased-shots"), "1 - Lq^2"
FAILS: d.Terms = (("1", "fails"),)


@d.derivation(circuits.SHOT_VARIANCE)
def shot_variance() -> d.Derivation:
    method, steps = shots(VARIANCE, SHOT)
    steps["mean"] = d.Combine({"all": "1/N^2"})
    return proved(method, (inner("s", "s", "1/N^2"),), steps, LOSS, horizon="M", by=("expectation",))


@d.derivation(circuits.CHEBYSHEV)
def chebyshev() -> d.Derivation:
    says = r"$1[|s| \ge k\varepsilon] \le s^2/(k\varepsilon)^2$"
    fails = d.Law((("k^2*eps^2", "fails"), inner("s", "s", "-1")), ("expectation",), says=says)
    method, steps = shots(VARIANCE, SHOT, fails=fails)
    steps["fails"] = d.Combine({"all": "1/(N*eps)^2"}, {"fails": "1/(N*eps)^2"})
    return proved(method, FAILS, steps, LOSS, Interval("eps"), horizon="M", by=("expectation",))


@d.derivation(communication.MAJORITY)
def majority() -> d.Derivation:
    """The majority errs if s <= -k a; Cantelli's u = Var(s)/(k a) does not depend on k. ``one`` is the random variable 1."""
    size, u = "1/4 - a^2", "(1/4 - a^2)/a"
    off: d.Vec = {"s": "1", "one": f"-({u})"}
    says = r"$1[s \le -ka] \le (s - u)^2/(ka + u)^2$"
    laws = {
        "mean": same(inner("x", "one"), says="$x$ is the deviation from the mean"),
        "unit": same(inner("one", "one"), ("-1", "1"), says="$E1 = 1$"),
        "fails": d.Law(((f"(k*a + {u})^2", "fails"), ("-1", off, off)), ("expectation",), says=says),
    }
    method, steps = shots(size, (), r"a bit is right with probability $\frac12 + a$", **laws)
    share = f"1/(N*a + {u})^2"
    steps["centre"] = d.Combine({}, {"mean": "1"}, index="k")
    steps["centred"] = d.Induct("centre", (inner("s", "one"),))
    parts = {"all": share, "centred": f"-2*({u})*{share}"}
    steps["fails"] = d.Combine(parts, {"fails": share, "unit": f"({u})^2*{share}"})
    return proved(method, FAILS, steps, Interval("a", "0", "1/2"), horizon="m", by=("expectation",))


# --- counts ---------------------------------------------------------------------------------------------------------------

COUNT: d.Terms = (("1", "c"),)


def counted(more: str, by: tuple[str, ...], says: str, horizon: str, times: str, *domain: Interval) -> d.Derivation:
    """A number c that grows by as much with every layer, or parameter; ``times`` that is the claim's."""
    laws = {"one": same(("1", "c'"), ("-1", "c"), (f"-{more}", "1"), by=by, says=says), "empty": nothing("c")}
    steps = {**induction({"one": "1"}, (*COUNT, (f"-k*{more}", "1"))), "end": d.Combine({"all": times}, {"empty": times})}
    return proved(setting(laws, (), ("c",)), ((times, "c"),), steps, *domain, horizon=horizon)


@d.derivation(communication.QUBIT_COUNT)
def qubit_count() -> d.Derivation:
    says = "one layer hands the qubits over and back"
    return counted("2*n", ("alternating",), says, "L", "M", COUNTS["n"], COUNTS["M"])


@d.derivation(communication.GRADIENT_COUNT)
def gradient_count() -> d.Derivation:
    says = "two circuits, as many passes as shots, and two transfers a layer in each"
    return counted("4*L*n*M", ("alternating", "two_circuits"), says, "D", "1", COUNTS["L"], COUNTS["n"], COUNTS["M"])


@d.derivation(circuits.FREQUENCIES)
def frequencies() -> d.Derivation:
    says = r"a gate adds $-\lambda$, $0$ or $\lambda$ to each frequency"
    laws = {
        "one": d.Law((("1", "c'"), ("-3", "c")), ("two_eigenvalues",), says=says),
        "first": same(*COUNT, ("-1", "1"), says="a constant has the frequency 0", index="0"),
    }
    steps = {**induction({"one": "1"}, COUNT, "3", "P"), "end": d.Combine({"all": "1"}, {"first": "P"})}
    return proved(setting(laws, (), ("c",)), COUNT, steps, horizon="L", powers={"P": "3"})


@d.derivation(communication.DECODING)
def decoding() -> d.Derivation:
    """c is the sum of tr(E_x rho_x) over the messages so far, t that of tr(E_x)."""
    below = r"$\mathrm{tr}(E_x\rho_x) \le \mathrm{tr}\,E_x$"
    laws = {
        "one": d.Law((("1", "c'"), ("-1", "c"), ("-1", "e")), ("no-shared-entanglement",), says=below),
        "trace": same(("1", "t'"), ("-1", "t"), ("-1", "e"), says="$e$ is the trace of $E_x$"),
        "whole": d.Law((("1", "t"), ("-d", "1")), (), says=r"$E_x \succeq 0$ and $\sum E_x = I$"),
        "no c": nothing("c"), "no t": nothing("t"),
    }
    steps = induction({"one": "1", "trace": "-1"}, (("1", "c"), ("-1", "t")))
    steps["end"] = d.Combine({"all": "1/N"}, {"no c": "1/N", "no t": "-1/N", "whole": "1/N"})
    return proved(setting(laws, (), ("c", "t", "e")), (("1/N", "c"),), steps, COUNTS["d"], horizon="K")


# --- margins and codes ----------------------------------------------------------------------------------------------------


@d.derivation(communication.MARGIN_DIMENSION)
def margin_dimension() -> d.Derivation:
    """r is what is left of x, and p its component along the next w_j: Bessel's inequality."""
    says = "$p$ is the component of $r$ too"
    laws = {
        "component": same(inner("p", "r"), inner("p", "p", "-1"), by=("orthonormal",), says=says),
        "margin": d.Law((inner("p", "p", "-1"), ("gamma^2", "1")), ("orthonormal", "all-margins")),
        "start": same(inner("r", "r"), ("-1", "1"), by=("unit",), index="0"),
    }
    steps = induction({"component": "-2", "margin": "1"}, (inner("r", "r"), ("k*gamma^2", "1")))
    steps["end"] = d.Combine({"all": "1/gamma^2"}, {"start": "1/gamma^2"}, (("1/gamma^2", {"r": "1"}),))
    method = setting(laws, ("p",), step={"r": {"r": "1", "p": "-1"}})
    return proved(method, (("N", "1"),), steps, Interval("gamma", "0", "1", False, True))


@d.derivation(communication.ACCESS_CODE)
def access_code() -> d.Derivation:
    """s is sum s_j A_j on the state v, x the next term; q is the root of k. <v, s> <= (||s||^2/q + q)/2.

    Bit j is right with probability (1 + s_j <A_j>)/2, so that the mean over j is 1/2 + <v, s>/(2 k).
    """
    cross = r"$\langle Av, Bv\rangle = \frac12\langle v, (AB + BA)v\rangle$"
    laws = {
        "one": same(inner("x", "x"), ("-1", "1"), by=("anticommuting",)),
        "past": same(inner("x", "s"), by=("anticommuting",), says=cross),
        "state": same(inner("v", "v"), ("-1", "1"), says="$v$ is a state"),
    }
    steps = induction({"one": "1", "past": "2"}, (inner("s", "s"), ("-k", "1")))
    steps["end"] = d.Combine({"all": "1/(4*q^3)"}, {"state": "1/(4*q)"}, (("1/(4*q^3)", {"s": "1", "v": "-q"}),))
    method = setting(laws, ("x",), step={"s": {"s": "1", "x": "1"}}, start={"s": {}}, fixed=("v",))
    mean: d.Terms = (("1/2", "1"), inner("v", "s", "1/(2*N)"))
    root, alone = Interval("q", "1", "", True), ("no-shared-entanglement",)
    return proved(method, mean, steps, root, horizon="k", by=alone, given={"N": "q^2"}, roots={"q": "N"})


# --- descent --------------------------------------------------------------------------------------------------------------


@d.derivation(circuits.SMOOTHNESS)
def smoothness() -> d.Derivation:
    """Along a unit direction w, with B = sum |beta_j w_j|, the state has the derivatives B u and B^2 v, of ||u||, ||v|| <= 1.

    z and h are the images of the state and of u under Z_1, with the sign of the second derivative.
    """
    both = ("involution", "normalised")
    twice = r"$\langle\varphi, Z\varphi\rangle'' = 2\langle\varphi'', Z\varphi\rangle + 2\langle\varphi', Z\varphi'\rangle$"
    laws = {
        "norm": same(("1", "norm"), inner("v", "z", "-2*B^2"), inner("u", "h", "-2*B^2"), by=("normalised",), says=twice),
        **{v: d.Law((inner(v, v), ("-1", "1")), both, says="gates and $Z_1$ keep norms") for v in ("u", "v", "z", "h")},
        "direction": same(inner("w", "w"), ("-1", "1"), says="a unit direction"),
        "B": same(inner("b", "w"), ("-B", "1"), says=r"$b$ holds the $|\beta_j|$ and $w$ the $|w_j|$"),
    }
    number, squares = d.Number(Interval("B", "0", "", True), ()), {"u": "B^2", "v": "B^2", "z": "B^2", "h": "B^2"}
    reads: dict[str, d.Terms] = {"beta2": (inner("b", "b"),)}
    method = setting(laws, ("b", "w", "u", "v", "z", "h"), ("norm",), still=True, numbers=(number,), reads=reads)
    end = d.Inequality(
        (("1", "norm"), ("-4*beta2", "1")), laws={"norm": "1", **squares, "direction": "4*B^2", "B": "-8*B", "beta2": "4"},
        squares=(("B^2", {"v": "1", "z": "-1"}), ("B^2", {"u": "1", "h": "-1"}), ("4", {"b": "1", "w": "-B"})), index="0",
    )
    return proved(method, (("1", "norm"),), {"end": end}, Interval("beta2", "0", "", True), number.interval, at="0")


@d.derivation(circuits.GRADIENT_NOISE)
def gradient_noise() -> d.Derivation:
    """e is the error of entry j; b, p and m are beta_j^2 and its multiples by the squares of the two shifted losses."""
    by = ("involution", "normalised", "unbiased-shots", "independence")
    says = "the variance of a mean of shots, twice"
    laws = {
        "entry": same(inner("e", "e"), ("-2/M", "b"), ("1/M", "p"), ("1/M", "m"), by=by, says=says),
        "others": same(inner("e", "g"), says="entries are orthogonal"),
        "plus": d.Law((("-1", "p"),), (), says="a square"), "minus": d.Law((("-1", "m"),), (), says="a square"),
        "sum": same(("1", "c'"), ("-1", "c"), ("-1", "b"), says="a sum over the entries so far"), "empty": nothing("c"),
        "part": d.Law((("1", "c"), ("-1", "total")), (), says=r"part of $\|\beta\|^2$"),
    }
    used = {"entry": "1", "others": "2", "plus": "1/M", "minus": "1/M", "sum": "-2/M"}
    steps = induction(used, (inner("g", "g"), ("-2/M", "c")))
    steps["end"] = d.Combine({"all": "1"}, {"empty": "-2/M", "part": "2/M"})
    method = setting(laws, ("e",), ("b", "p", "m", "c"), step={"g": {"g": "1", "e": "1"}}, start={"g": {}}, fixed_values=("total",))
    stands: dict[str, d.Terms] = {"beta2": (("1", "total"),)}
    return proved(method, (inner("g", "g"),), steps, COUNTS["M"], horizon="D", by=("expectation",), stands=stands)


@d.derivation(circuits.SGD)
def sgd() -> d.Derivation:
    """w is the noise of the gradient g."""
    gradient, rise = (inner("g", "g"),), "eta*L*sigma2"
    f = d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth")})
    laws = {
        "unbiased": same(inner("g", "w"), by=("unbiased-gradient", "tower")),
        "noise": d.Law((inner("w", "w"), ("-sigma2", "1")), ("bounded-noise", "tower")),
        "start": same(("1", "f"), ("-Lq0", "1"), says="the loss at the start", index="0"),
        "least": d.Law((("-1", "1"), ("-1", "f")), ("normalised",)),
    }
    calls = {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}
    method = d.Method({"f": f}, {"x": {"x": "1", "g": "-eta", "w": "-eta"}}, ("g", "w"), calls, ("f",), (), (), laws=laws)
    uses, used = (d.Use("descent", "f", ("x", "x'"), "2/eta"),), {"unbiased": "2*L*eta - 2", "noise": "L*eta"}
    steps: dict[str, d.Step] = {
        "step": d.Inequality((("2/eta", "f'"), ("-2/eta", "f"), *gradient, (f"-{rise}", "1")), uses, laws=used),
        "sum": d.Sum("step", (("2/eta", "f"),), "1", gradient, ((f"-{rise}", "1"),), ((f"-k*{rise}", "1"),)),
        "end": d.Combine({"sum": "1/N"}, {"start": "2/(eta*N)", "least": "2/(eta*N)"}),
    }
    domain = (Interval("L"), Interval("eta", "0", "1/L", closed_high=True), Interval("sigma2", "0", "", True),
              Interval("Lq0", "-1", "", True))
    return proved(method, d.Mean(gradient, "N"), steps, *domain, horizon="T", by=("expectation", "tower"))
