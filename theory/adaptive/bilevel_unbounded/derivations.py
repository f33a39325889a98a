r"""Bilevel optimisation: differences of hypergradients along a unit vector, recursions of lower errors, momentum by a potential.

Vectors are random where the claim has an expectation: ``<a, b>`` is that of their product. ``u`` and ``n`` are unit vectors.
"""

from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.adaptive.bilevel_unbounded import claims
from gradproof.theory.derivation_words import Names, Steps, at_once, below, equal, over, square
from gradproof.theory.field import Interval

U, E, W = ({name: "1"} for name in ("u", "e", "w"))


# --- hypergradients --------------------------------------------------------------------------------------------------


@d.derivation(claims.HYPERGRADIENT)
def hypergradient() -> d.Derivation:
    """dy: the derivative of y_* along u; Ady, Cu: what the second derivatives of g make of it, and of u."""
    laws = {
        "chain": equal(
            ("1", "slope"), ("-1", {"fx": "1"}, U), ("-1", {"fy": "1"}, {"dy": "1"}), by=("differentiable",)
        ),
        "adjoint": equal(("1", {"fy": "1"}, {"dy": "1"}), ("-1", {"z": "1"}, {"Ady": "1"}), by=("adjoint",)),
        "implicit": equal(("1", {"z": "1"}, {"Ady": "1"}), ("1", {"z": "1"}, {"Cu": "1"}), by=("lower_solution",)),
    }
    steps: Steps = {"end": d.Combine({}, dict.fromkeys(laws, "1"), index="0")}
    stands = {"a": (("1", {"fx": "1"}, U),), "c": (("1", {"z": "1"}, {"Cu": "1"}),)}
    names = ("u", "fx", "fy", "dy", "Ady", "Cu", "z")
    return at_once((("1", "slope"),), (), laws, steps, names, ("slope",), stands=stands)


@d.derivation(claims.SOLUTION_LIPSCHITZ)
def solution_lipschitz() -> d.Derivation:
    """D = y_*(x) - y_*(x'); w = grad_y g(x', y_*(x)) - grad_y g(x', y_*(x')), of which the first part is 0 with x for x'."""
    D, H = {"D": "1"}, {"h": "1"}
    laws = {
        "strong": below(square(D, "mu"), ("-1", D, W), by=("strongly_convex",)),
        "coupled": below(square(W), square(H, "-l_g1^2"), by=("lower_smooth",)),
    }
    target = (square(D), square(H, "-l_g1^2/mu^2"))
    steps: Steps = {"end": d.Inequality(target, laws={"strong": "2/mu", "coupled": "1/mu^2"}, index="0")}
    return at_once((square(D),), over("l_g1", "mu"), laws, steps, ("D", "w", "h"), stands={"r2": (square(H),)})


FACTORS = ("L_x0", "L_x1", "L_y0", "L_y1", "M", "kappa", "mu", "l_g2", "G", "R")
FLAT = tuple(n for n in FACTORS if n not in ("kappa", "mu", "R"))


def changes(distance: str, by: Names, **case: Any) -> d.Derivation:
    """The change of the hypergradient is p - q - o along u: p of grad_x f, q of grad_y f behind G, o of G before grad_y f.

    F: |grad_x f| at the point whose gradient is known.
    """
    laws = {
        "p": below(("1", U, {"p": "1"}), (f"-L_x1*{distance}", "F"), (f"-L_x0*{distance}", "1"), by=("relaxed_smooth", *by)),
        "F": below(("1", "F"), ("-(G + kappa*M)", "1"), by=("bounded_on_graph", "lower_curvature")),
        "q": below(
            ("-1", U, {"q": "1"}), (f"-kappa*(L_y0 + L_y1*M)*{distance}", "1"),
            by=("relaxed_smooth", "bounded_on_graph", "lower_curvature", *by),
        ),
        "o": below(
            ("-1", U, {"o": "1"}), (f"-M*l_g2/mu*(1 + kappa)*{distance}", "1"), by=("bounded_on_graph", "lower_curvature", *by)
        ),
    }  # fmt: skip
    steps: Steps = {"end": d.Combine({}, {"p": "1", "q": "1", "o": "1", "F": f"L_x1*{distance}"}, index="0")}
    quantity = (("1", U, {"p": "1", "q": "-1", "o": "-1"}),)
    return at_once(quantity, laws=laws, steps=steps, vectors=("u", "p", "q", "o"), values=("F",), **case)


@d.derivation(claims.PHI_RELAXED)
def phi_relaxed_smooth() -> d.Derivation:
    """The two points of the graph are s r apart, s^2 = 1 + kappa^2."""
    domain = (*over(*FACTORS, "r", zero=(*FLAT, "r")), Interval("s", "1", "", True))
    by = ("lipschitz_solution", "radius")
    return changes("(s*r)", by, domain=domain, roots={"s": "1 + kappa^2"}, knows=("R^2 - (1 + kappa^2)*r^2",))


@d.derivation(claims.HYPERGRADIENT_ERROR)
def hypergradient_error() -> d.Derivation:
    return changes("d", ("near",), domain=over(*FACTORS, "d", zero=(*FLAT, "d")), knows=("R - d",))


@d.derivation(claims.ERROR_GROWS)
def error_grows() -> d.Derivation:
    """X = e^x: the formula is (y + 1) X."""
    laws = {
        "formula": equal(("1", "H"), ("-(x + d + 1)", "X"), by=("exponential_upper",)),
        "gradient": equal(("1", "grad"), ("-(x + 1)", "X"), by=("exponential_upper",)),
    }
    steps: Steps = {"end": d.Combine({}, {"formula": "1", "gradient": "-(x + d + 1)/(x + 1)"}, index="0")}
    domain = (Interval("x", "-1", ""), *over("d", zero=("d",)))
    quantity = (("1", "H"), ("-1", "grad"))
    return at_once(quantity, domain, laws, steps, (), ("H", "grad", "X"), stands={"G": (("1", "grad"),)})


def shrinking(error: Names, start: d.Terms, stands: Any, horizon: str) -> d.Derivation:
    """e' = e - w/L with <w - mu e, L e - w> >= 0: |e'|^2 <= (1 - mu/L)^2 |e|^2."""
    laws = {
        "between": below(("-1", {"w": "1", "e": "-mu"}, {"e": "L", "w": "-1"}), by=error),
        "lowest": below(square(E, "mu"), ("-1", E, W), by=error),
    }
    rate = "(1 - mu/L)^2"
    used = {"between": "1/L^2", "lowest": "(L - mu)/L^2"}
    steps: Steps = {
        "step": d.Inequality((square({"e'": "1"}), square(E, f"-{rate}")), laws=used),
        "all": d.Induct("step", (square(E),), rate, "P"),
    }
    if start:
        laws["start"] = below(*start, by=error, at="0")
        steps["end"] = d.Combine({"all": "1"}, {"start": "P"})
    moves, fixed = {"e": {"e": "1", "w": "-1/L"}}, ("v",) if start else ()
    method = d.Method({}, moves, ("w",), {}, fixed=fixed, fixed_values=(), laws=laws)
    case = d.Case((Interval("mu"), Interval("L", "mu", "", True)), steps, powers={"P": rate})
    return d.Derivation(d.Formal(method, (square(E),), stands=stands, horizon=horizon), case)


@d.derivation(claims.NEUMANN)
def neumann_bias() -> d.Derivation:
    """e = S_Q v - A^{-1} v, w = A e; e_0 = -A^{-1} v, so that mu^2 |e_0|^2 <= |v|^2."""
    start = (square(E), square({"v": "1"}, "-1/mu^2"))
    return shrinking(("spectrum", "spectral-theorem"), start, {"v2": (square({"v": "1"}),)}, "Q")


@d.derivation(claims.LOWER_CONTRACTION)
def lower_contraction() -> d.Derivation:
    """e = y - y_*, w = grad_y g."""
    by = ("strongly_convex", "l_smooth", "fermat")
    return shrinking(by, (), {"D2": (square(E),)}, "N")


# --- tracking --------------------------------------------------------------------------------------------------------

LAG = "(rho*s/(1 - rho))"
RHO = Interval("rho", "0", "1", True)
GAP: d.Terms = (("1", "E"), (f"-{LAG}", "1"))
#: B: the error just before an update
UPDATE = {
    "shrinks": below(("1", "E'"), ("-rho", "B"), by=("shrinking",)),
    "moves": below(("1", "B"), ("-1", "E"), ("-s", "1"), by=("short_moves",)),
}
FOLLOW: Steps = {
    "step": d.Combine({}, {"shrinks": "1", "moves": "rho"}, index="k"),
    "all": d.Induct("step", GAP, "rho", "P"),
}


@d.derivation(claims.TRACKING)
def tracking() -> d.Derivation:
    method = d.Method({}, {}, (), {}, ("E", "B"), (), (), laws=UPDATE)
    formal = d.Formal(method, (("1", "E"),), horizon="j", stands={"E0": (("1", "E"),)})
    return d.Derivation(formal, d.Case((RHO, *over("s", zero=("s",))), FOLLOW, powers={"P": "rho"}))


@d.derivation(claims.TRACKING_STEADY)
def tracking_steady() -> d.Derivation:
    laws = {"step": equal(("1", "E'"), ("-rho", "E"), ("-rho*s", "1"), by=("straight",))}
    steps: Steps = {
        "step": d.Combine({}, {"step": "1"}, index="k"),
        "limit": d.Settle("step", (("1", "E"),), "rho", "rho*s"),
    }
    method = d.Method({}, {}, (), {}, ("E",), (), (), laws=laws)
    return d.Derivation(d.Formal(method, d.Limit((("1", "E"),))), d.Case((RHO, *over("s", zero=("s",))), steps))


@d.derivation(claims.TRACKING_BETWEEN)
def tracking_between() -> d.Derivation:
    """X: the error at any step after the last update."""
    laws = {**UPDATE, "between": below(("1", "X"), ("-1", "E"), ("-s", "1"), by=("short_moves",))}
    small = f"{LAG} - E0"
    steps: Steps = {
        **FOLLOW,
        "start": d.Combine({}, {"E0": "P"}, ((f"P*({small})", {}),), index="0"),
        "end": d.Combine({"all": "1", "start": "1"}, {"between": "1"}),
    }
    method = d.Method({}, {}, (), {}, ("E", "B", "X"), (), (), laws=laws, reads={"E0": (("1", "E"),)})
    domain = (RHO, *over("s", "E0", zero=("s", "E0")))
    case = d.Case(domain, steps, powers={"P": "rho"}, knows=(small,))
    return d.Derivation(d.Formal(method, (("1", "X"),)), case)


# --- normalised steps ------------------------------------------------------------------------------------------------

#: n: the direction of m, u: that of the gradient g; q, o: the lengths of g and of m - g
DIRECTION = {
    "length": equal(("1", U, {"g": "1"}), ("-1", "q"), says="u is the direction of the gradient"),
    "steepest": below(("1", U, {"m": "1"}), ("-1", {"n": "1"}, {"m": "1"}), by=("normalized",)),
    "along n": below(("1", {"n": "1"}, {"m": "1", "g": "-1"}), ("-1", "o"), says="o is the length of m - g"),
    "along u": below(("-1", U, {"m": "1", "g": "-1"}), ("-1", "o"), says="o is the length of m - g"),
}
TURNED = {"length": "-eta", "steepest": "eta", "along n": "eta", "along u": "eta"}
VECTORS = ("m", "g", "n", "u")


def falls(by: Names = ()) -> dict[str, d.Law]:
    """The descent inequality of a step -eta n."""
    return {
        "falls": below(
            ("1", "f'"), ("-1", "f"), ("eta", {"n": "1"}, {"g": "1"}), ("-eta^2*K1/2", "q"), ("-eta^2*K0/2", "1"),
            by=("k0_k1_smooth", "normalized", *by),
        )
    }  # fmt: skip


@d.derivation(claims.NORMALIZED_DESCENT)
def normalized_descent() -> d.Derivation:
    method = d.Method({}, {}, VECTORS, {}, ("f", "q", "o"), (), (), laws={**DIRECTION, **falls(by=("step_radius",))})
    steps: Steps = {"end": d.Combine({}, {**TURNED, "falls": "1"}, index="0")}
    stands = {"G": (("1", "q"),), "err": (("1", "o"),)}
    formal = d.Formal(method, (("1", "f'"), ("-1", "f")), at="0", stands=stands)
    case = d.Case(over("K0", "K1", "eta", "R", zero=("K1",)), steps, knows=("R - eta",))
    return d.Derivation(formal, case)


SUMS = {
    "none": equal(("1", "S"), at="0", says="a sum without terms"),
    "long": below(("-1", "q"), says="a length is not negative"),
    "lower": below(("1", "f0"), ("-1", "f"), ("-Delta", "1"), by=("lower_bounded",)),
    "first": equal(("1", "f0"), ("-1", "f"), at="0", says="f0 is the first value"),
}
A, ONCE = Interval("a", "0", "1", closed_high=True), Interval("T", "1", "", True)


@d.derivation(claims.NORMALIZED_AVERAGE)
def normalized_average() -> d.Derivation:
    """S: the sum of the errors so far."""
    V: d.Terms = (("1", "f"), ("-2*eta", "S"))
    laws = {
        **DIRECTION, **SUMS, **falls(),
        "one more": equal(("1", "S'"), ("-1", "S"), ("-1", "o"), says="S is the sum of the errors so far"),
        "mean": below(("1", "S"), ("-N*err", "1"), says="the errors have the mean err"),
    }  # fmt: skip
    slack = "1 - eta*K1"
    used = {**TURNED, "falls": "1", "one more": "-2*eta", "long": f"eta/2*({slack})"}
    steps: Steps = {
        "step": d.Combine({}, used, index="k"),
        "sum": d.Sum("step", V, "eta/2", (("1", "q"),), (("-eta^2*K0/2", "1"),), (("-k*eta^2*K0/2", "1"),)),
        "begin": d.Combine({}, {"none": "-4/N", "first": "-2/(eta*N)"}, index="0"),
        "end": d.Combine({"sum": "2/(eta*N)", "begin": "1"}, {"mean": "4/N", "lower": "2/(eta*N)"}),
    }
    method = d.Method({}, {}, VECTORS, {}, ("f", "q", "o", "S"), (), ("f0",), laws=laws)
    formal = d.Formal(method, d.Mean((("1", "q"),), "N"), horizon="T")
    case = d.Case(over("K0", "K1", "eta", "Delta", "err", zero=("K1", "Delta", "err")), steps, knows=(slack,))
    return d.Derivation(formal, case)


@d.derivation(claims.MOMENTUM_BOUND)
def momentum_bound() -> d.Derivation:
    """m - grad is the noise z and what is at most p long; a^2 = 1 - beta.

    v has the direction of z, so that <z, v> is its mean length. C: the next bias, S: the sum of those so far.
    """
    Z, XI, V, beta = {"z": "1"}, {"xi": "1"}, {"v": "1"}, "(1 - a^2)"
    laws = {
        **DIRECTION, **SUMS, **falls(by=("expectation",)),
        "split": below(("1", "o"), ("-1", "p"), ("-1", Z, V), by=("momentum", "expectation")),
        "unit": below(square(V), ("-1", "1"), says="v is the direction of z"),
        "fresh": equal(("1", Z, XI), by=("unbiased", "momentum", "tower")),
        "noise": below(square(XI), ("-sigma^2", "1"), by=("bounded_variance",)),
        "still": equal(square(Z), at="0", says="what is wrong with m at the start is in p"),
        "drift": below(
            ("1", "p'"), (f"-{beta}", "p"), (f"-{beta}*eta*K1", "q"), (f"-{beta}*eta*K0", "1"), ("-a^2", "C"),
            by=("momentum", "k0_k1_smooth", "normalized", "expectation"),
        ),
        "one more": equal(("1", "S'"), ("-1", "S"), ("-1", "C"), says="S is the sum of the biases so far"),
        "mean": below(("1", "S"), ("-N*b", "1"), by=("bounded_bias",)),
        "start": below(("1", "p"), ("-d0", "1"), by=("bounded_start",), at="0"),
        "not negative": below(("-1", "p"), says="a length"),
    }  # fmt: skip
    slack = "a^2 - 8*eta*K1"
    spare = f"eta/2 - eta^2*K1/2 - 2*{beta}*eta^2*K1/a^2"
    parts = ((f"eta/(2*a^2)*({slack})*(1/2 - 3*a^2/8)", "1"), ("eta/(2*a^2)*(a^2/2 + 3*a^4/8)", "1"))
    rise = f"(2*eta*a*sigma + eta^2*K0/2 + 2*{beta}*eta^2*K0/a^2)"
    potential: d.Terms = (("1", "f"), ("2*eta/a^2", "p"), ("-2*eta", "S"), square(Z, "eta/(a^3*sigma)"))
    used = {
        **TURNED, "falls": "1", "split": "2*eta", "drift": "2*eta/a^2", "one more": "-2*eta", "unit": "eta*a*sigma",
        "fresh": f"2*eta*{beta}/(a*sigma)", "noise": "eta*a/sigma", "long": spare,
    }  # fmt: skip
    squares = (("eta/(a*sigma)", {"z": "1", "v": "-a*sigma"}), (f"eta*{beta}/(a*sigma)", Z))
    begin = {"none": "-4/N", "first": "-2/(eta*N)", "start": "4/(a^2*N)", "still": "2/(a^3*sigma*N)"}
    end = {"mean": "4/N", "lower": "2/(eta*N)", "not negative": "4/(a^2*N)"}
    steps: Steps = {
        "step": d.Combine({}, used, squares, index="k"),
        "sum": d.Sum("step", potential, "eta/2", (("1", "q"),), ((f"-{rise}", "1"),), ((f"-k*{rise}", "1"),)),
        "begin": d.Combine({}, begin, index="0"),
        "end": d.Combine({"sum": "2/(eta*N)", "begin": "1"}, end, (("2/(a^3*sigma*N)", Z), ("4*eta*K0", {}))),
    }
    moves = {"z": {"z": beta, "xi": "a^2"}}
    method = d.Method({}, moves, (*VECTORS, "xi", "v"), {}, ("f", "q", "o", "p", "S", "C"), (), ("f0",), laws=laws)
    formal = d.Formal(method, d.Mean((("1", "q"),), "N"), horizon="T", by=("expectation",))
    domain = (*over("K0", "K1", "eta", "sigma", "Delta", "d0", "b", zero=("K1", "Delta", "d0", "b")), A)
    case = d.Case(domain, steps, {"beta": "1 - a^2"}, roots={"a": "1 - beta"}, squares={spare: parts}, knows=(slack,))
    return d.Derivation(formal, case)


@d.derivation(claims.PAPER_THEOREM)
def paper_theorem() -> d.Derivation:
    """1 - beta = eps^2/(400 sigma^2): each of the five terms of the bound is at most a tenth of the accuracy."""
    step = "(eps^3/(10000*K0*sigma^2))"
    terms = f"Delta/({step}*T) + eps/10 + 800*d0*sigma^2/(eps^2*T) + 2*eps/25 + {step}*K0/2 + 2*b"
    laws = {"bound": below(("1", "q"), (f"-2*({terms})", "1"), by=("momentum_run",))}
    known = {
        "T - 100000*Delta*K0*sigma^2/eps^4": "eps/(5*T)", "T - 8000*d0*sigma^2/eps^3": "eps/(5*T)", "eps/20 - b": "4",
        "20*sigma - eps": "eps/(10000*sigma^2)*(20*sigma + eps)",
    }  # fmt: skip
    steps: Steps = {
        "end": d.Combine({}, {"bound": "1"}, tuple((f"({c})*({k})", {}) for k, c in known.items()), index="0")
    }
    domain = (*over("eps", "K0", "sigma", "Delta", "d0", "b", zero=("Delta", "d0", "b")), ONCE)
    return at_once((("1", "q"),), domain, laws, steps, (), ("q",), knows=tuple(known))


# --- unbounded smoothness --------------------------------------------------------------------------------------------


def least(
    value: str, gap: str, weight: str, root: str, domain: Any, variable: Interval, at: str, **case: Any
) -> d.Derivation:
    """The value less its bound is weight root^2, which is 0 ``at`` one point."""
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=())
    formal = d.Formal(method, d.Infimum(value, variable, at), at="0", by=("quartic",))
    steps: Steps = {"below": d.Combine({}, {}, ((gap, {}),), index="0")}
    return d.Derivation(formal, d.Case((*domain, variable), steps, squares={gap: ((weight, root),)}, **case))


@d.derivation(claims.QUARTIC_L0L1)
def quartic_l0_l1() -> d.Derivation:
    value = "L1*x^3 - 3*x^2"
    return least(value, f"{value} + 4/L1^2", "(L1*x + 1)/L1^2", "L1*x - 2", over("L1"), Interval("x"), "2/L1")


@d.derivation(claims.QUARTIC_RADIUS)
def quartic_radius() -> d.Derivation:
    """R K1 = w^2 - 1; the value is least at (1 + w)/K1."""
    R, w = "((w^2 - 1)/K1)", Interval("w", "1", "")
    value = f"K1*x^3 - 3*x^2 - 3*x*{R} - {R}^2"
    return least(
        value, f"{value} + w^2*(1 + w)^2/K1^2", "(K1*x + 2*w - 1)/K1^2", "K1*x - 1 - w", (*over("K1"), w), Interval("x"),
        "(1 + w)/K1", given={"R": R}, roots={"w": "1 + R*K1"},
    )  # fmt: skip


@d.derivation(claims.COSH_L0L1)
def cosh_l0_l1() -> d.Derivation:
    """<c, e> = cosh(s x), and s |f'| = sinh(s |x|): the square of the first is 1 more than that of the second."""
    c, size = {"c": "1"}, "(1 + s*f1)"
    laws = {
        "hyperbola": equal(square(c), ("-(1 + s^2*f1^2)", "1"), by=("cosh",)),
        "one": equal(square(E), ("-1", "1"), says="e is the constant 1"),
    }
    used = {"hyperbola": f"1/(2*{size})", "one": f"{size}/2"}
    squares: Any = ((f"1/(2*{size})", {"c": "1", "e": f"-{size}"}), (f"s*f1/{size}", {}))
    steps: Steps = {"end": d.Combine({}, used, squares, index="0")}
    return at_once((("1", c, E),), over("s", "f1", zero=("f1",)), laws, steps, ("c", "e"))
