"""Descent of Laplacian-smoothed gradient steps, under any schedule of sigma and for any number of steps."""

from gradproof.theory.derivation import (
    Call,
    Case,
    Class,
    Combine,
    Derivation,
    Formal,
    Inequality,
    Law,
    Least,
    Method,
    Minimum,
    Step,
    Sum,
    Terms,
    Use,
    derivation,
)
from gradproof.theory.field import Interval
from gradproof.theory.landscape.laplacian_smoothing import claims

METRIC: Terms = (("1", {"g": "1"}, {"d": "1"}),)  # g'A^{-1}g, as d = A^{-1}g
MOVED: Terms = (("1", "f'"), ("-1", "f"))


def _method(step: str) -> Method:
    """x+ = x - step d with d = A_{sigma_k}^{-1} g; of the smoothing only ||d||^2 <= <g, d> is used, for sigma >= 0."""
    return Method(
        {"f": Class("function", {"L": ("L", "l_smooth")})},
        {"x": {"x": "1", "d": f"-({step})"}},
        ("g", "d"),
        {"x": Call("f", {"x": "1"}, {"g": "1"}, "f")},
        ("f",),
        fixed=(),
        fixed_values=("f_inf",),
        laws={
            "smoothed": Law(
                (("1", {"d": "1"}, {"d": "1"}), ("-1", {"g": "1"}, {"d": "1"})),
                ("periodic_laplacian", "nonnegative_sigma", "circulant-spectrum"),
            ),
            "bounded": Law((("1", "f_inf"), ("-1", "f")), ("infimum",)),
        },
    )


@derivation(claims.DESCENT)
def descent() -> Derivation:
    gain: Terms = (("eta*(1 - L*eta/2)", {"g": "1"}, {"d": "1"}),)
    step = Inequality((*MOVED, *gain), (Use("descent", "f", ("x", "x'")),), laws={"smoothed": "L*eta^2/2"}, index="0")
    case = Case((Interval("L"), Interval("eta")), {"step": step})
    return Derivation(Formal(_method("eta"), MOVED, at="0", stands={"G": METRIC}), case)


@derivation(claims.DESCENT_RATE)
def descent_rate() -> Derivation:
    """f+ - f + m/(2L) <= 0 for the least m of g'A^{-1}g, summed over K steps of size 1/L."""
    gain: Terms = (("1/(2*L)", "m"),)
    steps: dict[str, Step] = {
        "least": Least("m"),
        "step": Inequality(
            (*MOVED, *gain), (Use("descent", "f", ("x", "x'")),), {"least": "1/(2*L)"}, {"smoothed": "1/(2*L)"}
        ),
        "sum": Sum("step", (("1", "f"),), rest=gain, total=(("k/(2*L)", "m"),)),
        "end": Combine({"sum": "2*L/N"}, {"bounded": "2*L/N"}),
    }
    case = Case((Interval("L"),), steps, reach="k<N", minima={"m": Minimum(METRIC, "N")})
    gap: Terms = (("1", "f"), ("-1", "f_inf"))
    return Derivation(Formal(_method("1/L"), Minimum(METRIC, "N"), horizon="K", stands={"gap": gap}), case)
