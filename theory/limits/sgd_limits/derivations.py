r"""One step of SGD on a spiked tensor for every order and dimension, what follows for its limits, and two-layer networks.

The order of the tensor is the horizon N. Vectors are random, ``<a, b>`` is the expectation of their product; ``P`` and ``M`` are
the N-th powers of ``|x|^2`` (or of what it is at a fixed point) and of the overlap, ``e`` is the constant 1.
"""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.limits.sgd_limits import claims

SQUARE, OVERLAP, CRITICAL = Interval("R2"), Interval("m"), Interval("c")
DIMENSION, STEP = Interval("n", "1", "", True), Interval("delta")
SIGNAL = Interval("lam", "0", "", True)
E: d.Vec = {"e": "1"}
NOISE, SGD = "iid_gaussian_tensor_noise", "online_sgd"


def _real(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name, "") for name in names)


def _values(values: tuple[str, ...], laws: Mapping[str, d.Law]) -> d.Method:
    """Numbers alone: what is known of them are laws."""
    return d.Method({}, {}, (), {}, values, fixed=(), fixed_values=(), laws=laws)


def _sum(
    quantity: d.Terms, sums: Mapping[str, str], domain: tuple[Interval, ...], *, by: tuple[str, ...] = (),
    powers: Mapping[str, str] | None = None, horizon: str = "k", **method: Any,
) -> d.Derivation:  # fmt: skip
    """A claim that is a sum of laws, with these multipliers."""
    case = d.Case(domain, {"sum": d.Combine({}, sums, index="0")}, powers=powers or {})
    parts = {"step": {}, "outputs": (), "calls": {}, "members": {}, "fixed": (), "fixed_values": ()} | method
    return d.Derivation(d.Formal(d.Method(**parts), quantity, at="0", horizon=horizon, by=by), case)


# --- the noise, slot by slot -----------------------------------------------------------------------------------------


def _slots(factor: str, p2: str, by: tuple[str, ...], domain: tuple[Interval, ...]) -> d.Derivation:
    """S_j: the noise tensor with e in one of the first j slots and x in the others. Two slots share ``<x, e>^2 R^{2k-4}``."""
    S, Z = {"S": "1"}, {"z": "1"}
    shared = f"P*{p2}/R2^2"
    laws = {
        "own": d.Law((("1", Z, Z), ("-P/R2", "1")), by, True),
        "cross": d.Law((("1", S, Z), (f"-k*{shared}", "1")), by, True),
    }
    steps: dict[str, d.Step] = {
        "slot": d.Combine({}, {"own": "1", "cross": "2"}, index="k"),
        "slots": d.Sum(
            "slot",
            (("1", S, S),),
            rest=((f"-P/R2 - 2*k*{shared}", "1"),),
            total=((f"-k*P/R2 - k*(k - 1)*{shared}", "1"),),
        ),
        "all": d.Combine({"slots": factor}),
    }
    method = d.Method(
        {}, {"S": {"S": "1", "z": "1"}}, ("z",), {}, fixed=(), fixed_values=(), start={"S": {}}, laws=laws
    )
    formal = d.Formal(method, ((factor, S, S),), horizon="k", by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps, powers={"P": "R2"}))


@d.derivation(claims.TENSOR_NOISE)
def tensor_noise() -> d.Derivation:
    """The gradient's noise along e is -2 S_k."""
    return _slots("4", "p^2", ("spiked_tensor", NOISE, "unit_direction"), (SQUARE, *_real("p")))


@d.derivation(claims.DIFFUSIVE_NOISE)
def diffusive_noise() -> d.Derivation:
    """u+ - E u+ = sqrt(n) delta times the noise along v, and n delta^2/delta = c; <x, v>^2 = u^2/n."""
    by = ("spiked_tensor", NOISE, SGD, "critical_step")
    return _slots("4*c", "(u^2/n)", by, (SQUARE, CRITICAL, DIMENSION, Interval("u")))


# --- one step --------------------------------------------------------------------------------------------------------

PULL = "1 - 2*N*delta*P/R2"
ANY_STEP = (d.Number(STEP, (SGD,)),)


def _overlap(name: str, push: str, domain: tuple[Interval, ...], by: tuple[str, ...], power: str) -> d.Derivation:
    """x+ = (1 - 2 delta k R^{2k-2}) x + 2 delta k (signal) v + delta z, with E z = 0 given x."""
    X, V = {"x": "1"}, {"v": "1"}
    step = {"x": {"x": PULL, "v": f"2*N*delta*{push}", "z": "delta"}}
    laws = {
        "unit": d.Law((("1", V, V), ("-1", "1")), by, True),
        "fair": d.Law((("1", {"z": "1"}, V),), (NOISE, SGD), True),
    }
    step_of: d.Terms = (("1/delta", {"x'": "1", "x": "-1"}, V),)
    sums = {name: "-2*N*P/R2", "unit": f"2*N*{push}", "fair": "1"}
    return _sum(
        step_of, sums, (*domain, STEP), by=("expectation",), powers={"P": "R2", power: name}, step=step, outputs=("z",),
        fixed=("v",), laws=laws, numbers=ANY_STEP, reads={name: (("1", X, V),)},
    )  # fmt: skip


@d.derivation(claims.CHAIN_MEAN)
def chain_mean() -> d.Derivation:
    return _overlap("m", "lam*M/m", (SIGNAL, SQUARE, OVERLAP), ("spiked_tensor",), "M")


@d.derivation(claims.DIFFUSIVE)
def diffusive() -> d.Derivation:
    """The same for sqrt(n) x, of which the signal is sqrt(n) lambda m^{k-1} = Lam u^{k-1}."""
    domain = (Interval("Lam", "0", "", True), SQUARE, Interval("u"))
    return _overlap("u", "Lam*U/u", domain, ("spiked_tensor", "scaled_signal"), "U")


def _radius(delta: str, factor: str, more: d.Terms, by: tuple[str, ...], domain: tuple[Interval, ...]) -> d.Derivation:
    """y: the part of x across v. The noise has the covariance of tensor-noise, summed over the n - 1 directions across v."""
    Y, Z = {"y": "1"}, {"z": "1"}
    step = {"y": {"y": f"1 - 2*N*{delta}*P/R2", "z": delta}}
    trace = "4*N*((n - 1)*P/R2 + (N - 1)*P/R2^2*r2)"
    laws = {
        "fair": d.Law((("1", Z, Y),), (NOISE, SGD), True),
        "trace": d.Law((("1", Z, Z), (f"-{trace}", "1")), ("spiked_tensor", NOISE, *by), True),
    }
    after, pull = {"y'": "1"}, f"1 - 2*N*{delta}*P/R2"
    quantity: d.Terms = ((factor, after, after), (f"-{factor}", Y, Y), *more)
    on = f"{factor}*(({pull})^2 - 1)" + (" + 4*N*P/R2" if more else "")
    sums = {"r2": on, "fair": f"2*{factor}*{delta}*({pull})", "trace": f"{factor}*{delta}^2"}
    return _sum(
        quantity, sums, domain, by=("expectation",), powers={"P": "R2"}, step=step, outputs=("z",), laws=laws,
        reads={"r2": (("1", Y, Y),)},
    )  # fmt: skip


RADIUS = Interval("r2", "0", "", True)


@d.derivation(claims.CHAIN_RADIUS)
def chain_radius() -> d.Derivation:
    return _radius("delta", "(1/delta)", (), (), (DIMENSION, SQUARE, RADIUS, STEP))


@d.derivation(claims.BALLISTIC)
def ballistic() -> d.Derivation:
    more: d.Terms = (("4*N*P/R2", {"y": "1"}, {"y": "1"}), ("-4*N*P/R2*c", "1"))
    return _radius("(c/n)", "(n/c)", more, ("critical_step",), (DIMENSION, CRITICAL, SQUARE, RADIUS))


# --- fixed points ----------------------------------------------------------------------------------------------------

AT_REST = d.Law((("M/m", "L"), ("-P/(m^2 + c)*m", "1")), ("spiked_tensor", "fixed_point"), True)
POWERS = {"P": "m^2 + c", "M": "m"}


@d.derivation(claims.FIXED_POINTS)
def fixed_points() -> d.Derivation:
    """L: the signal-to-noise ratio at which m' = 0."""
    return _sum(
        (("M/m^2", "L"),), {"rest": "1/m"}, (CRITICAL, OVERLAP), powers=POWERS, values=("L",), laws={"rest": AT_REST}
    )


@d.derivation(claims.RATE)
def fixed_point_rate() -> d.Derivation:
    """G: the derivative of 2k(L m^{k-1} - (m^2 + c)^{k-1} m); L m^{k-2} is known from m' = 0."""
    slope = "2*N*(P/(m^2 + c) + 2*(N - 1)*m^2*P/(m^2 + c)^2)"
    laws = {
        "rest": AT_REST,
        "slope": d.Law((("1", "G"), ("-2*N*(N - 1)*M/m^2", "L"), (slope, "1")), ("spiked_tensor", "fixed_point"), True),
    }
    sums = {"slope": "1", "rest": "2*N*(N - 1)/m"}
    return _sum((("1", "G"),), sums, (CRITICAL, OVERLAP), powers=POWERS, values=("G", "L"), laws=laws)


@d.derivation(claims.CUBIC)
def critical_snr_cubic() -> d.Derivation:
    """With q = m^2: (q + c)^4/q - 256 c^3/27 = (q - c/3)^2 (q^2 + 14 c q/3 + 9 c^2)/q."""
    value, bound, over = "(q + c)^4/q", "256*c^3/27", Interval("q")
    step = d.Inequality(((f"{bound} - {value}", "1"),), signs=((f"{value} - {bound}", {}),), index="0")
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=())
    formal = d.Formal(method, d.Infimum(value, over, "c/3"), at="0", by=("spiked_tensor", "fixed_point"))
    return d.Derivation(formal, d.Case((CRITICAL, over), {"step": step}))


@d.derivation(claims.RECOVERY)
def weak_recovery() -> d.Derivation:
    """G: the derivative of 4(lam m - (m^2 + c) m) at m = 0."""
    over = Interval("lam", "0", "")
    laws = {"slope": d.Law((("1", "G"), ("-4*(lam - c)", "1")), ("spiked_tensor",), True)}
    formal = d.Formal(_values(("G",), laws), d.Threshold((("1", "G"),), "4*(lam - c)", over), at="0")
    case = d.Case((CRITICAL, over), {"sum": d.Combine({}, {"slope": "1"}, index="0")})
    return d.Derivation(formal, case)


@d.derivation(claims.OU_VARIANCE)
def ou_variance() -> d.Derivation:
    """E u^2 does not change: 2 E u b(u) + 8 c^2 = 0 with b(u) = 4 (lam - c) u."""
    U = {"u": "1"}
    laws = {"kept": d.Law((("8*(lam - c)", U, U), ("8*c^2", "1")), ("stationary",), True)}
    domain = (SIGNAL, Interval("c", "lam"))
    return _sum(
        (("1", U, U),), {"kept": "1/(8*(lam - c))"}, domain, by=("expectation",), horizon="N", outputs=("u",), laws=laws
    )


# --- two-layer networks ----------------------------------------------------------------------------------------------


@d.derivation(claims.SECOND_LAYER)
def second_layer() -> d.Derivation:
    """g: logistic residual where the unit is active; a = X.mu, b = X.W_i^perp; relu(W_i.X) g = (m_i a + b) g, of which h is."""
    laws = {"relu": d.Law(
        (("1", {"h": "1"}, E), ("-m_i", {"g": "1"}, {"a": "1"}), ("-1", {"g": "1"}, {"b": "1"})),
        ("relu", "logistic_loss"), True,
    )}  # fmt: skip
    reads: Mapping[str, d.Terms] = {
        "v_i": (("1", {"V": "1"}, E),), "A_i": (("1", {"g": "1"}, {"a": "1"}),), "A_ii": (("1", {"g": "1"}, {"b": "1"}),)
    }  # fmt: skip
    move: d.Terms = (("1/delta", {"V'": "1", "V": "-1"}, E),)
    sums = {"relu": "-1", "A_i": "-m_i", "A_ii": "-1", "v_i": "-alpha"}
    domain = (*_real("v_i", "m_i", "A_i", "A_ii"), Interval("alpha"), STEP)
    return _sum(
        move, sums, domain, by=("expectation", "ridge"), step={"V": {"V": "1 - delta*alpha", "h": "-delta"}}, horizon="N",
        outputs=("h", "g", "a", "b"), fixed=("e",), laws=laws, numbers=ANY_STEP, reads=reads,
    )  # fmt: skip


@d.derivation(claims.GMM_ODE)
def gmm_ode() -> d.Derivation:
    """W+ = (1 - delta alpha) W - delta v X, X = g X^perp, for the two units."""
    Wi, Wj, Xi, Xj = ({name: "1"} for name in ("Wi", "Wj", "Xi", "Xj"))
    keep = "1 - delta*alpha"
    step = {"Wi": {"Wi": keep, "Xi": "-delta*v_i"}, "Wj": {"Wj": keep, "Xj": "-delta*v_j"}}
    reads: Mapping[str, d.Terms] = {
        "A_ij": (("1", Xi, Wj),), "A_ji": (("1", Xj, Wi),), "R_ij": (("1", Wi, Wj),), "Q_ij": (("1", Xi, Xj),)
    }  # fmt: skip
    move: d.Terms = (("1/delta", {"Wi'": "1"}, {"Wj'": "1"}), ("-1/delta", Wi, Wj))
    sums = {
        "A_ij": f"-({keep})*v_i", "A_ji": f"-({keep})*v_j", "R_ij": "-(2 - delta*alpha)*alpha", "Q_ij": "delta*v_i*v_j"
    }  # fmt: skip
    domain = (*_real("v_i", "v_j", "A_ij", "A_ji", "R_ij", "Q_ij"), Interval("alpha"), STEP)
    by = ("expectation", "logistic_loss", "ridge", SGD)
    return _sum(move, sums, domain, by=by, step=step, outputs=("Xi", "Xj"), reads=reads, horizon="N")


V, W, DV, DW = {"v": "1"}, {"W": "1"}, {"dv": "1"}, {"dW": "1"}


@d.derivation(claims.BALANCE)
def balance() -> d.Derivation:
    """The data's part of <v, v'> and of <W, W'> is the same, as relu is homogeneous."""
    laws = {"same": d.Law(
        (("1", V, DV), ("alpha", V, V), ("-1", W, DW), ("-alpha", W, W)), ("relu", "ridge", "lambda_infinite"), True
    )}  # fmt: skip
    move: d.Terms = (("2", V, DV), ("-2", W, DW))
    return _sum(
        move, {"same": "2", "gap": "-2*alpha"}, (Interval("alpha"), *_real("gap")), horizon="N", laws=laws,
        outputs=("v", "W", "dv", "dW"), reads={"gap": (("1", V, V), ("-1", W, W))},
    )  # fmt: skip


@d.derivation(claims.DECAY)
def strong_regularisation() -> d.Derivation:
    """S: sum over the points of t sigma(-t), t the signed margin; T: that of the positive t. A, B: absolute values of v and |W|."""
    A, B = {"A": "1"}, {"B": "1"}
    flow = ("relu", "ridge", "lambda_infinite", "logistic_loss")
    laws = {
        "second": d.Law((("1", V, DV), ("alpha", V, V), ("-1/q", "S")), flow, True),
        "first": d.Law((("1", W, DW), ("alpha", W, W), ("-1/q", "S")), flow, True),
        "half": d.Law((("1", "S"), ("-1/2", "T")), ("logistic",)),
        "seen": d.Law((("1", "T"), ("-1", A, B)), ("one_point_a_unit", "relu")),
        "A": d.Law((("1", A, A), ("-1", V, V)), ("relu",), True),
        "B": d.Law((("1", B, B), ("-1", W, W)), ("relu",), True),
    }
    rate: d.Terms = (("2", V, DV), ("2", W, DW))
    size: d.Terms = (("1", V, V), ("1", W, W))
    target: d.Terms = (*rate, ("2*alpha - 1/q", V, V), ("2*alpha - 1/q", W, W))
    all_of = {"second": "2", "first": "2", "half": "4/q", "seen": "2/q", "A": "1/q", "B": "1/q"}
    step = d.Inequality(target, laws=all_of, index="0")
    method = d.Method({}, {}, ("v", "W", "dv", "dW", "A", "B"), {}, ("S", "T"), fixed=(), fixed_values=(), laws=laws)
    case = d.Case((Interval("alpha"), Interval("q", "2", "", True)), {"step": step})
    return d.Derivation(d.Formal(method, rate, initial=size, at="0"), case)


@d.derivation(claims.MARGIN)
def margin() -> d.Derivation:
    """X = e^C: v' = W (1/q)/(1 + X) - alpha v = 0 with v = W, by balance."""
    by = ("relu", "logistic_loss", "ridge", "lambda_infinite", "at_rest")
    laws = {"rest": d.Law((("q*alpha", "X"), ("q*alpha - 1", "1")), by, True)}
    domain = (Interval("alpha"), Interval("q", "2", "", True))
    return _sum((("1", "X"),), {"rest": "1/(q*alpha)"}, domain, horizon="N", values=("X",), laws=laws)


# --- probabilities ---------------------------------------------------------------------------------------------------

INIT = ("gaussian_init", "small_first_layer_init", "lambda_infinite", "weak_regularisation")


@d.derivation(claims.GMM_PROBABILITY)
def gmm_probability() -> d.Derivation:
    """A: both units see different points, B: the same one. A flip of the sign of v_1 exchanges the two."""
    laws = {
        "either": d.Law((("1", "A"), ("1", "B"), ("-1", "1")), INIT, True),
        "flip": d.Law((("1", "A"), ("-1", "B")), ("exchangeable", "gaussian_init"), True),
    }
    return _sum((("1", "A"),), {"either": "1/2", "flip": "1/2"}, (), horizon="N", values=("A", "B"), laws=laws)


@d.derivation(claims.XOR_PROBABILITY)
def xor_probability() -> d.Derivation:
    """p_i: of i different types among the first k units. The means of binom(missing, j) shrink by (4 - j)/4 a unit."""
    by = INIT
    laws = {"p0": d.Law((("1", "p0'"),), by, True)}
    for i in range(1, 5):
        new, old = f"{i}/4", f"{5 - i}/4"  # as many types as before; one more than before
        laws[f"p{i}"] = d.Law((("1", f"p{i}'"), (f"-{new}", f"p{i}"), (f"-{old}", f"p{i - 1}")), by, True)
    for i in range(5):
        laws[f"start{i}"] = d.Law((("1", f"p{i}"), *((("-1", "1"),) if i == 0 else ())), by, True, index="0")
    choose = [[1, 1, 1, 1, 1], [4, 3, 2, 1, 0], [6, 3, 1, 0, 0], [4, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    bases = ["", "3/4", "1/2", "1/4", "0"]
    steps: dict[str, d.Step] = {}
    powers = {f"B{j}": bases[j] for j in (1, 3, 2, 4)}  # 4^-K is B3, not B2^2
    for j, row in enumerate(choose):
        potential: d.Terms = tuple((str(a), f"p{i}") for i, a in enumerate(row))
        steps[f"unit{j}"] = d.Combine({}, {f"p{i}": str(a) for i, a in enumerate(row)}, index="k")
        steps[f"mean{j}"] = d.Induct(f"unit{j}", potential, bases[j] or "1", f"B{j}" if j else "")
    power = ["1", *sorted(powers)]
    signs = [(-1) ** j for j in range(5)]
    steps["end"] = d.Combine(
        {f"mean{j}": str(signs[j]) for j in range(5)},
        {f"start{i}": " + ".join(f"({signs[j] * choose[j][i]})*{power[j]}" for j in range(5)) for i in range(5)},
    )
    formal = d.Formal(_values(tuple(f"p{i}" for i in range(5)), laws), (("1", "p4"),), horizon="K")
    return d.Derivation(formal, d.Case((), steps, powers=powers, first="0"))
