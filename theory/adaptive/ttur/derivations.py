r"""Lyapunov functions of games and of the heavy ball, stationary moments, and the distance by weak duality.

Vectors are random, ``<a, b>`` is the expectation of their product; ``x``, ``y`` are the slow and the fast player, ``e`` is the
constant 1.
"""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.adaptive.ttur import claims
from gradproof.theory.derivation_words import Laws, Names, at_once, below, equal, over, square
from gradproof.theory.field import Interval

X, Y, U, V, G = ({name: "1"} for name in ("x", "y", "u", "v", "g"))


def form(u: d.Vec, v: d.Vec, matrix: tuple[str, str, str], c: str = "1") -> d.Terms:
    """``c (m_1 |u|^2 + m_2 <u, v> + m_3 |v|^2)``."""
    one, two, three = (f"({c})*({m})" for m in matrix)
    return ((one, u, u), (two, u, v), (three, v, v))


def by_laws(
    quantity: Any, domain: tuple[Interval, ...], laws: Laws, used: Mapping[str, str], vectors: Names = (), values: Names = (), *,
    equality: bool = True, target: d.Terms = (), **more: Any,
) -> d.Derivation:  # fmt: skip
    """A claim that is a combination of laws, or an inequality by them."""
    end: d.Step = d.Combine({}, used, index="0") if equality else d.Inequality(target, laws=used, index="0")
    return at_once(quantity, domain, laws, end, vectors, values, **more)


# --- the linear game -------------------------------------------------------------------------------------------------

DET = "(-eps*(p*s + q*r))"
#: |z|^2 + |adj(A) z|^2/det A, adj(A) = ((-s, -eps q), (-r, eps p))
DECIDES = (
    f"1 + (s^2 + r^2)/{DET}", f"2*(s*eps*q - r*eps*p)/{DET}", f"1 + eps^2*(p^2 + q^2)/{DET}",
)  # fmt: skip
SLOW, FAST = {"x": "eps*p", "y": "eps*q"}, {"x": "r", "y": "-s"}


def _along(matrix: tuple[str, str, str]) -> d.Terms:
    """The derivative of a form along the flow."""
    one, two, three = matrix
    return ((f"2*({one})", X, SLOW), (two, X, FAST), (two, Y, SLOW), (f"2*({three})", Y, FAST))


def _derivative(quantity: Any, domain: tuple[Interval, ...]) -> d.Derivation:
    """Of V along the flow."""
    minus = tuple((f"-({c})", *rest) for c, *rest in _along(DECIDES))
    laws = {"flow": equal(("1", "dV"), *minus, by=("linear_game", "schur"))}  # type: ignore[arg-type]
    return by_laws(
        quantity,
        domain,
        laws,
        {"flow": "1"},
        ("x", "y"),
        ("dV",),
        initial=(square(X), square(Y)),
        positive=("-(p*s + q*r)",),
    )


@d.derivation(claims.LYAPUNOV)
def lyapunov() -> d.Derivation:
    return _derivative((("1", "dV"),), over("eps", "p", "q", "r", "s", real=("p", "q")))


@d.derivation(claims.THRESHOLD)
def threshold() -> d.Derivation:
    variable = Interval("eps", "0", "")
    quantity = d.Threshold((("1", "dV"),), "2*(eps*p - s)", variable)
    return _derivative(quantity, (*over("p", "q", "r", "s", real=("q",)), variable))


def _grown(matrix: tuple[str, str, str]) -> d.Terms:
    """A form a step later, less what it is."""
    after = form({"x'": "1"}, {"y'": "1"}, matrix)
    return (*after, *form(X, Y, matrix, "-1"))


@d.derivation(claims.DISCRETE)
def discrete() -> d.Derivation:
    """T = -tr A and D = det A: det(I + b A) - 1 = b (b D - T)."""
    variable = Interval("b", "0", "")
    spiral = ("1", "-(eps*p + s)/r", "-eps*q/r")
    step = {"x": {"x": "1 + b*eps*p", "y": "b*eps*q"}, "y": {"x": "b*r", "y": "1 - b*s"}}
    method = d.Method({}, step, (), {}, fixed=(), fixed_values=())
    quantity = d.Threshold(_grown(spiral), "b*(b*D - T)", variable)
    by = ("linear_game", "ratio", "spirals")
    formal = d.Formal(method, quantity, form(X, Y, spiral), "0", by=by)
    s = "(T + eps*p)"
    case = d.Case(
        (*over("eps", "r", "p", "T", "D", real=("p",)), variable), {"end": d.Combine({}, {}, index="0")},
        {"s": s, "q": f"-(D/eps + p*{s})/r"}, {"T": "s - eps*p", "D": DET},
    )  # fmt: skip
    return d.Derivation(formal, case)


@d.derivation(claims.STATIONARY)
def stationary() -> d.Derivation:
    """T = 1 - det(I + diag(a, b) A)."""
    h, g = "((a*p + b*s)/(b*r))", "(a*q/(b*r))"
    spiral = ("1", f"-{h}", f"-{g}")
    by = ("white_noise", "linear_game", "tower")
    pairs = {"x1": ("x", "n1"), "y1": ("y", "n1"), "x2": ("x", "n2"), "y2": ("y", "n2"), "12": ("n1", "n2")}
    laws = {name: equal(("1", {u: "1"}, {v: "1"}), by=by) for name, (u, v) in pairs.items()}
    laws |= {k: equal(square({k: "1"}), ("-sigma2", "1"), by=by[:1]) for k in ("n1", "n2")}
    used = {
        "x1": "a*(2 + a*p - b*s)", "y1": f"2*a^2*q - {h}*a*(1 - b*s)", "x2": f"-{h}*b*(1 + a*p) - 2*{g}*b^2*r",
        "y2": f"-{h}*a*b*q - 2*{g}*b*(1 - b*s)", "12": f"-{h}*a*b", "n1": "a^2", "n2": f"-{g}*b^2",
    }  # fmt: skip
    potential = form(X, Y, spiral)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, used, index="k"),
        "limit": d.Settle("step", potential, "1 - T", f"sigma2*(a^2 - {g}*b^2)"),
    }
    step = {"x": {"x": "1 + a*p", "y": "a*q", "n1": "a"}, "y": {"x": "b*r", "y": "1 - b*s", "n2": "b"}}
    method = d.Method({}, step, ("n1", "n2"), {}, fixed=(), fixed_values=(), laws=laws)
    domain = (*over("a", "b", "p", "r", "s", "sigma2", zero=("sigma2",), real=("p",)), Interval("T", "0", "2"))
    formal = d.Formal(method, d.Limit(potential), by=("expectation",))
    given = {"q": "(T - b*s + a*p - a*b*p*s)/(a*b*r)"}
    return d.Derivation(formal, d.Case(domain, steps, given, {"T": "b*s - a*p + a*b*(p*s + q*r)"}))


@d.derivation(claims.BLOCK_DECAY)
def block() -> d.Derivation:
    """x, y are the lengths |theta|, |v|: W'/2 = eps beta2 (slow + mixed) + beta1 (fast + eps (back + turn))."""
    by = ("block_game", "stable_parts", "coupling")
    laws = {
        "flow": equal(
            ("1", "dW"), ("-2*eps*beta2", "slow"), ("-2*eps*beta2", "mixed"), ("-2*beta1", "fast"), ("-2*beta1*eps", "back"),
            ("-2*beta1*eps", "turn"), by=by[:1],
        ),
        "slow": below(("1", "slow"), square(X, "alpha1"), by=by[1:2]), "fast": below(("1", "fast"), square(Y, "alpha2"),
        by=by[1:2]),
        "mixed": below(("1", "mixed"), ("-beta1", X, Y), by=by[2:]), "back": below(("1", "back"), ("-beta2", X, Y),
        by=by[2:]),
        "turn": below(("1", "turn"), square(Y, "-gamma"), by=by[2:]),
    }  # fmt: skip
    used = {
        "flow": "1", "slow": "2*eps*beta2", "mixed": "2*eps*beta2", "fast": "2*beta1", "back": "2*eps*beta1",
        "turn": "2*eps*beta1"
    }  # fmt: skip
    rate = "2*beta1*(alpha2 - eps*(gamma + beta1*beta2/alpha1))"
    return by_laws(
        (("-1", "dW"),), over("eps", "alpha1", "alpha2", "beta1", "beta2", "gamma",
        real=("gamma",)), laws, used, ("x", "y"),
        ("dW", "slow", "fast", "mixed", "back", "turn"), initial=(square(Y),), equality=False,
        target=(("1", "dW"), square(Y, rate)),
    )  # fmt: skip


# --- the toy ---------------------------------------------------------------------------------------------------------

CURVATURE = Interval("h")


@d.derivation(claims.TOY_SADDLE)
def toy_saddle() -> d.Derivation:
    variable = Interval("t", "0", "")
    method = d.Method({}, {"x": {"x": "1 - h*t"}}, (), {}, fixed=(), fixed_values=())
    quantity = d.Threshold((square({"x'": "1"}), square(X, "-1")), "h*t*(h*t - 2)", variable)
    formal = d.Formal(method, quantity, (square(X),), "0", by=("toy", "axis"))
    return d.Derivation(formal, d.Case((CURVATURE, variable), {"end": d.Combine({}, {}, index="0")}))


@d.derivation(claims.TOY_STATIONARY)
def toy_stationary() -> d.Derivation:
    """v = h t."""
    laws = {
        "fresh": equal(("1", X, {"z": "1"}), by=("white_noise", "toy", "linearised", "tower")),
        "size": equal(square({"z": "1"}), ("-sigma2", "1"), by=("white_noise",)),
    }
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"fresh": "2*t*(1 - v)", "size": "t^2"}, index="k"),
        "limit": d.Settle("step", (square(X),), "(1 - v)^2", "t^2*sigma2"),
    }
    method = d.Method({}, {"x": {"x": "1 - h*t", "z": "t"}}, ("z",), {}, fixed=(), fixed_values=(), laws=laws)
    domain = (CURVATURE, Interval("v", "0", "2"), *over("sigma2", zero=("sigma2",)))
    formal = d.Formal(method, d.Limit((square(X),)), by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps, {"t": "v/h"}, {"v": "h*t"}))


# --- the heavy ball --------------------------------------------------------------------------------------------------

SPEED = {"V2": (square(V),)}


@d.derivation(claims.ENERGY)
def energy() -> d.Derivation:
    """dv is theta''."""
    laws = {
        "energy": equal(("1", "dE"), ("-1", V, {"dv": "1"}), ("-r", G, V), ("-dr", "F"), by=("heavy_ball",)),
        "ode": equal(("1", V, {"dv": "1"}), square(V, "r"), ("r", G, V), by=("heavy_ball",)),
    }
    stands = {**SPEED, "F": (("1", "F"),)}
    return by_laws(
        (("1", "dE"),), over("r", "dr", real=("dr",)), laws, {"energy": "1", "ode": "1"}, ("v", "dv", "g"), ("dE", "F"),
        stands=stands
    )  # fmt: skip


@d.derivation(claims.PRINTED_ENERGY)
def printed_energy() -> d.Derivation:
    laws = {
        "energy": equal(("1", "dE"), ("-1", V, {"dv": "1"}), ("-1", G, V), by=("printed_ode",)),
        "ode": equal(("1", V, {"dv": "1"}), square(V, "a"), ("1", G, V), by=("printed_ode",)),
    }
    return by_laws(
        (("1", "dE"),), over("a"), laws, {"energy": "1", "ode": "1"}, ("v", "dv", "g"), ("dE",), stands=SPEED
    )


@d.derivation(claims.RATE)
def rate() -> d.Derivation:
    """x = theta - theta_*, f its gap: Lambda' = -(r/2)|v|^2 - (r^2/4) <x, v> - (r^2/2) <x, g>."""
    moved = {"v": "1", "x": "r/2"}
    laws = {"convex": below(("1", "f"), ("-1", G, X), square(X, "mu/2"), by=("strongly_convex",))}
    fall: d.Terms = (("r", G, V), ("1", moved, {"v": "-r/2", "g": "-r"}))
    size: d.Terms = (("r", "f"), square(moved, "1/2"))
    target = (*fall, *((f"({c})*r/2", *rest) for c, *rest in size))
    method = d.Method({}, {}, (), {}, fixed=("x", "v", "g"), fixed_values=("f",), laws=laws)
    negative = tuple((f"-({c})", *rest) for c, *rest in fall)
    formal = d.Formal(method, negative, size, "0", by=("heavy_ball",))  # type: ignore[arg-type]
    step = d.Inequality(target, laws={"convex": "r^2/2"}, signs=(("r^2*(4*mu - r)/16", X),), index="0")  # type: ignore[arg-type]
    return d.Derivation(formal, d.Case(over("r", "mu"), {"end": step}, knows=("4*mu - r",)))


@d.derivation(claims.ODE)
def ode() -> d.Derivation:
    """D: the distance; D + aM/(2L) grows by the factor 1 + aL at most."""
    laws = {
        "step": below(("1", "D'"), ("-(1 + a*L)", "D"), ("-a^2*M/2", "1"),
        by=("recursion", "lipschitz_field", "bounded_acceleration")),
        "start": equal(("1", "D"), by=("recursion",), at="0"),
    }  # fmt: skip
    potential: d.Terms = (("1", "D"), ("a*M/(2*L)", "1"))
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"step": "1"}, index="k"),
        "all": d.Induct("step", potential, "1 + a*L", "P"),
        "end": d.Combine({"all": "1"}, {"start": "P"}),
    }
    method = d.Method({}, {}, (), {}, ("D",), (), (), laws=laws)
    return d.Derivation(d.Formal(method, (("1", "D"),)), d.Case(over("a", "L", "M"), steps, powers={"P": "1 + a*L"}))


@d.derivation(claims.FROZEN_STABILITY)
def frozen_stability() -> d.Derivation:
    """u, v: theta_n and theta_{n+1}; c0 c1 of z^2 + c1 z + c0. The form that falls is positive, as |c1| < 1 + c0."""
    variable = Interval("lam", "0", "")
    c0, c1 = "(beta + a*lam*(1 - beta))", "(-(1 + beta))"
    step = {"u": {"v": "1"}, "v": {"v": f"-{c1}", "u": f"-{c0}"}}
    total = (c0, f"{c1}*4*{c0}/(1 + {c0})^2", "1")
    fall = (c0, f"{c1}*2*{c0}/(1 + {c0})", f"1 - {c1}^2*(1 - {c0})/(1 + {c0})^2")
    after = form({"u'": "1"}, {"v'": "1"}, total)
    method = d.Method({}, step, (), {}, fixed=(), fixed_values=())
    quantity = d.Threshold((*after, *form(U, V, total, "-1")), "(1 - beta)*(a*lam - 1)", variable)
    formal = d.Formal(method, quantity, form(U, V, fall), "0", by=("frozen",))
    domain = (*over("a"), Interval("beta", "0", "1", True), variable)
    return d.Derivation(formal, d.Case(domain, {"end": d.Combine({}, {}, index="0")}))


# --- the distance ------------------------------------------------------------------------------------------------------

#: x, y: centred; m: the difference of the means; u = A^{1/2} x, v = A^{-1/2} y
PARTS = {
    "x": equal(square(X), ("-t1", "1"), by=("moments",)), "y": equal(square(Y), ("-t2", "1"), by=("moments",)),
    "m": equal(square({"m": "1"}), ("-m2", "1"), by=("moments",)), "mx": equal(("1", {"m": "1"}, X), by=("moments",)),
    "my": equal(("1", {"m": "1"}, Y), by=("moments",)), "both": equal(("1", U, V), ("-1", X, Y), by=("certificate",)),
    "u": equal(square(U), ("-c", "1"), by=("certificate",)), "v": equal(square(V), ("-c", "1"), by=("certificate",)),
}  # fmt: skip
COST: d.Vec = {"x": "1", "y": "-1", "m": "1"}
DOMAIN = over("m2", "t1", "t2", "c", zero=("m2",))
WHOLE = {"x": "1", "y": "1", "m": "1", "mx": "2", "my": "-2"}


@d.derivation(claims.FID_LOWER)
def fid_lower() -> d.Derivation:
    used = {name: f"-({w})" for name, w in WHOLE.items()} | {"both": "-2", "u": "1", "v": "1"}
    method = d.Method({}, {}, (), {}, fixed=("x", "y", "m", "u", "v"), fixed_values=(), laws=PARTS)
    formal = d.Formal(method, (square(COST),), at="0", by=("expectation",))
    end = d.Combine({}, used, (("1", {"u": "1", "v": "-1"}),), index="0")
    return d.Derivation(formal, d.Case(DOMAIN, {"end": end}))


@d.derivation(claims.FID_IS_W2)
def fid_is_w2() -> d.Derivation:
    laws = {**PARTS, "map": equal(square({"u": "1", "v": "-1"}), by=("transport",))}
    used = WHOLE | {"both": "2", "u": "-1", "v": "-1", "map": "1"}
    return by_laws((square(COST),), DOMAIN, laws, used, ("x", "y", "m", "u", "v"), by=("expectation",))


@d.derivation(claims.TRIANGLE)
def triangle() -> d.Derivation:
    """u = X - Y, v = Y - Z, and g the direction of their sum: 2 <u, g> <= |u|^2/d12 + d12 |g|^2."""
    by = ("gluing",)
    laws = {
        "length": below(("1", "d13"), ("-1", {"u": "1", "v": "1"}, G), by=by), "unit": equal(square(G), ("-1", "1"),
        by=by),
        "u": equal(square(U), ("-d12^2", "1"), by=by), "v": equal(square(V), ("-d23^2", "1"), by=by),
    }  # fmt: skip
    used = {"length": "1", "u": "1/(2*d12)", "v": "1/(2*d23)", "unit": "(d12 + d23)/2"}
    target: d.Terms = (("1", "d13"), ("-d12 - d23", "1"))
    return by_laws(
        (("1", "d13"),), over("d12", "d23"), laws, used, ("u", "v", "g"), ("d13",), equality=False, target=target
    )


ROOT: dict[str, Any] = {"roots": {"w": "1 + e*(1 - e)*M"}}


@d.derivation(claims.CONTAMINATION)
def contamination() -> d.Derivation:
    """Across mu nothing differs; along it the deviations are 1 and w. x: the centred coin, times mu."""
    by = ("contamination",)
    laws = {
        "distance": equal(("1", "FID"), square({"m": "1"}, "-1"), ("-1", "T"), ("-1 + 2*w", "1"), by=by),
        "mean": equal(square({"m": "1"}), ("-e^2*M", "1"), by=by),
        "spread": equal(("1", "T"), ("-1", "1"), square(X, "-1"), by=by),
        "coin": equal(square(X), ("-e*(1 - e)*M", "1"), by=by),
    }  # fmt: skip
    domain = (Interval("e", "0", "1", True), *over("M"), Interval("w", "1", "", True))
    return by_laws(
        (("1", "FID"),), domain, laws, {"distance": "1", "mean": "1", "spread": "1",
        "coin": "1"}, ("m", "x"), ("FID", "T"), **ROOT
    )  # fmt: skip


@d.derivation(claims.RISE)
def rise() -> d.Derivation:
    """M - (1 - 2e) M/w - 2 e M = M (1 - 2e)(w - 1)/w."""
    laws = {"slope": equal(("1", "D"), ("-M + (1 - 2*e)*M/w", "1"), by=("contamination",))}
    domain = (Interval("e", "0", "1/2", False, True), *over("M"), Interval("w", "1", "", True))
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("D",), laws=laws)
    step = d.Combine({}, {"slope": "-1"}, (("M*(1 - 2*e)*(w - 1)/w", {}),), index="0")
    return d.Derivation(d.Formal(method, (("1", "D"),), at="0"), d.Case(domain, {"end": step}, **ROOT))


@d.derivation(claims.BIASED)
def biased() -> d.Derivation:
    """S: the sum of k centred draws; D: FID of the statistics of k draws, at least the squared distance of the means."""
    S, Z, by = {"S": "1"}, {"z": "1"}, ("independent_sample",)
    laws = {
        "means": below(square(S), ("-k^2", "D"), by=(*by, "expectation")), "fresh": equal(("1", S, Z), by=by),
        "size": equal(square(Z), ("-t", "1"), by=by),
    }  # fmt: skip
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"fresh": "2", "size": "1"}, index="k"),
        "all": d.Induct("step", (square(S), ("-k*t", "1"))),
        "end": d.Combine({"all": "-1/N^2"}, {"means": "1/N^2"}),
    }
    method = d.Method({}, {"S": {"S": "1", "z": "1"}}, ("z",), {}, ("D",), (), (), {"S": {}}, laws)
    formal = d.Formal(method, (("1", "D"),), horizon="n", by=("expectation",))
    return d.Derivation(formal, d.Case(over("t", zero=("t",)), steps))
