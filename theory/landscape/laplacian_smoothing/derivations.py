"""Descent of Laplacian-smoothed gradient steps, under any schedule of sigma and for any number of steps."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.landscape.laplacian_smoothing import claims

METRIC: d.Terms = (("1", {"g": "1"}, {"d": "1"}),)  # g'A^{-1}g, as d = A^{-1}g
MOVED: d.Terms = (("1", "f'"), ("-1", "f"))


def _method(step: str) -> d.Method:
    """x+ = x - step d with d = A_{sigma_k}^{-1} g; of the smoothing only ||d||^2 <= <g, d> is used, for sigma >= 0."""
    return d.Method(
        {"f": d.Class("function", {"L": ("L", "l_smooth")})},
        {"x": {"x": "1", "d": f"-({step})"}},
        ("g", "d"),
        {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")},
        ("f",),
        fixed=(),
        fixed_values=("f_inf",),
        laws={
            "smoothed": d.Law(
                (("1", {"d": "1"}, {"d": "1"}), ("-1", {"g": "1"}, {"d": "1"})),
                ("periodic_laplacian", "nonnegative_sigma", "circulant-spectrum"),
            ),
            "bounded": d.Law((("1", "f_inf"), ("-1", "f")), ("infimum",)),
        },
    )


@d.derivation(claims.DESCENT)
def descent() -> d.Derivation:
    gain: d.Terms = (("eta*(1 - L*eta/2)", {"g": "1"}, {"d": "1"}),)
    step = d.Inequality(
        (*MOVED, *gain), (d.Use("descent", "f", ("x", "x'")),), laws={"smoothed": "L*eta^2/2"}, index="0"
    )
    case = d.Case((Interval("L"), Interval("eta")), {"step": step})
    return d.Derivation(d.Formal(_method("eta"), MOVED, at="0", stands={"G": METRIC}), case)


@d.derivation(claims.DESCENT_RATE)
def descent_rate() -> d.Derivation:
    """f+ - f + m/(2L) <= 0 for the least m of g'A^{-1}g, summed over K steps of size 1/L."""
    gain: d.Terms = (("1/(2*L)", "m"),)
    steps: dict[str, d.Step] = {
        "least": d.Least("m"),
        "step": d.Inequality(
            (*MOVED, *gain), (d.Use("descent", "f", ("x", "x'")),), {"least": "1/(2*L)"}, {"smoothed": "1/(2*L)"}
        ),
        "sum": d.Sum("step", (("1", "f"),), rest=gain, total=(("k/(2*L)", "m"),)),
        "end": d.Combine({"sum": "2*L/N"}, {"bounded": "2*L/N"}),
    }
    case = d.Case((Interval("L"),), steps, reach="k<N", minima={"m": d.Minimum(METRIC, "N")})
    gap: d.Terms = (("1", "f"), ("-1", "f_inf"))
    return d.Derivation(d.Formal(_method("1/L"), d.Minimum(METRIC, "N"), horizon="K", stands={"gap": gap}), case)


@d.derivation(claims.MEAN)
def mean() -> d.Derivation:
    """y = A^{-1} g, so that g = y - sigma l with l the second difference of y; o is the vector of ones."""
    ones = d.Law((("1", {"o": "1"}, {"l": "1"}),), ("periodic_laplacian",), True, says="second differences sum to zero")
    sigma = d.Number(Interval("sigma", "0", "", True), ())
    method = d.Method({}, {}, (), {}, fixed=("y", "l", "o"), fixed_values=(), laws={"ones": ones}, numbers=(sigma,))
    smoothed: d.Terms = (("1", {"o": "1"}, {"y": "1"}),)
    given: d.Terms = (("1", {"o": "1"}, {"y": "1", "l": "-sigma"}),)
    case = d.Case((sigma.interval,), {"end": d.Combine({}, {"ones": "sigma"})})
    return d.Derivation(d.Formal(method, smoothed, given, at="0"), case)


@d.derivation(claims.INERTIA)
def inertia() -> d.Derivation:
    """Numbers of negative eigenvalues: of A^{-1} B, of A^{-1/2} B A^{-1/2}, of B."""
    positive = ("periodic_laplacian", "nonnegative_sigma", "circulant-spectrum")
    laws = {
        "similar": d.Law((("1", "product"), ("-1", "symmetric")), (*positive, "similarity"), True),
        "congruent": d.Law((("1", "symmetric"), ("-1", "B")), (*positive, "symmetric_B", "sylvester"), True),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("product", "symmetric", "B"), laws=laws)
    formal = d.Formal(method, (("1", "product"),), at="0", stands={"n_neg": (("1", "B"),)})
    return d.Derivation(formal, d.Case((), {"end": d.Combine({}, {"similar": "1", "congruent": "1"})}))


@d.derivation(claims.PRECONDITIONED_GD)
def preconditioned_gradient_descent() -> d.Derivation:
    """Gradient descent with the step 1/L in the metric of A, by a potential for a fixed horizon N.

    Inner products are u'Av, and g = A^{-1} grad f is the gradient. c_k = k/(2N+1-k), E_k = sum (c_{i+1} - c_i) g_i over i < k, and
    k R_k = sum g_i - (2N+1) E_k. ``y`` is the iterate before, with its gradient h and value v.
    """
    c, step = "k/(2*N + 1 - k)", "((k+1)/(2*N - k) - k/(2*N + 1 - k))"
    metric = ("periodic_laplacian", "nonnegative_sigma", "constant_sigma", "a_metric", "circulant-spectrum", "metric")
    method = d.Method(
        {"f": d.Class("function", {"mu": ("0", "convex"), "L": ("L", "l_smooth")})},
        {"x": {"x": "1", "g": "-1/L"}, "y": {"x": "1"}, "h": {"g": "1"}},
        ("g",),
        {
            "x": d.Call("f", {"x": "1"}, {"g": "1"}, "f", metric),
            "y": d.Call("f", {"y": "1"}, {"h": "1"}, "v", metric, since=1),
            "*": d.Call("f", {"x*": "1"}, {}, "f*", ("convex", "fermat")),
        },
        ("f", "v"),
        fixed=("x*", "x0"),
        start={"x": {"x0": "1"}, "y": {"x0": "1"}, "h": {}},
    )
    far: d.Vec = {"x0": "1", "x*": "-1"}
    e: d.Vec = {"E": "1"}

    def potential(c: str, value: str, e: d.Vec, r: d.Vec, left: str, g: d.Vec) -> d.Terms:
        return (
            (c, value),
            (f"-({c})", "f*"),
            ("-1", e, far),
            ("(2*N + 1)/(2*L)", e, e),
            (f"({left})/(2*L)", r, r),
            (f"-({c})/(2*L)", g, g),
        )

    now = potential(c, "v", e, {"R": "1"}, "2*(N - k) + 1", {"h": "1"})
    after = potential("(k+1)/(2*N - k)", "v'", {"E'": "1"}, {"R'": "1"}, "2*(N - k) - 1", {"h'": "1"})
    before = tuple((f"-({t[0]})", *t[1:]) for t in now)
    end: d.Vec = {"E": "1", "g": "1/(N + 1)"}
    same = d.Use("interpolation", "f", ("x", "y'"), "(k+1)/(2*N - k)")
    new = d.Use("interpolation", "f", ("*", "x"), step)
    steps: dict[str, d.Step] = {
        "run": d.Invariant({"x": "L", "x0": "-L", "R": "k", "E": "2*N + 1"}),
        "back": d.Invariant({"x": "L", "y": "-L", "h": "1"}, "0"),
        "first": d.Inequality(after, (new, same), index="0"),
        "step": d.Inequality(
            (*after, *before),  # type: ignore[arg-type]
            (new, same, d.Use("interpolation", "f", ("y", "x"), c)),
            nulls=(("run", {"g": step}, "1/L"), ("back", {"g": c}, "1/L")),
        ),
        "induct": d.Induct("step", now, start="1"),
        "last": d.Inequality(
            (("1", "f"), ("-1", "f*"), ("-1", end, far), ("(2*N + 1)/(2*L)", end, end), *before),  # type: ignore[arg-type]
            (
                d.Use("interpolation", "f", ("*", "x"), "1/(N + 1)"),
                d.Use("interpolation", "f", ("y", "x"), "N/(N + 1)"),
            ),
            nulls=(("run", {"g": "1/(N + 1)"}, "1/L"), ("back", {"g": "N/(N + 1)"}, "1/L")),
            index="N",
        ),
        "end": d.Combine(
            {"last": "1", "induct": "1", "first": "1"},
            squares=(("(2*N + 1)/(2*L)", {**end, "x0": "-L/(2*N + 1)", "x*": "L/(2*N + 1)"}),),
        ),
    }
    case = d.Case(
        (Interval("L"),),
        steps,
        reach="k<N",
        defines={
            "E": {"E": "1", "g": step},
            "R": {"R": "k/(k+1)", "g": f"(1 - (2*N + 1)*{step})/(k+1)"},
        },
    )
    gap: d.Terms = (("1", "f"), ("-1", "f*"))
    formal = d.Formal(method, gap, horizon="K", stands={"D": (("1", far, far),)})
    return d.Derivation(formal, case)
