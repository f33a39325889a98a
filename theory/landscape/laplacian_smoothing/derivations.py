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
