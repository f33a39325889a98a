"""How far the residual part moves the spectrum, how many eigenvalues can leave the bulk, what is flat; in any dimension.

Vectors of a fixed point w: u is a unit vector, g = Gu, r = Ru, so that Hu = g + r.
"""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.landscape.overparam_hessian import claims

U: d.Vec = {"u": "1"}
RESIDUE = Interval("rho", "0", "", True)


def _law(terms: d.Terms, *by: str, equality: bool = False) -> d.Law:
    return d.Law(terms, by, equality, "0")


def _form(name: str, sign: str = "1") -> tuple[str, d.Vec, d.Vec]:
    """``sign u'Mu``, M the matrix with Mu = name."""
    return sign, U, {name: "1"}


UNIT = _law((("1", U, U), ("-1", "1")), "min_max", equality=True)
UPPER = _law((_form("r"), ("-rho", U, U)), "operator_norm")
LOWER = _law((_form("r", "-1"), ("-rho", U, U)), "operator_norm")
#: lambda(H) <= u'Hu = u'Gu + u'Ru for the u that maximises it among those orthogonal to the given vectors
HESSIAN = _law((("1", "lH"), _form("g", "-1"), _form("r", "-1")), "min_max", "twice_differentiable")


def _at_a_point(laws: dict[str, d.Law], **weights: str) -> tuple[d.Method, dict[str, d.Step]]:
    """A method that does not move, and the sum of its laws (each once unless ``weights`` says otherwise)."""
    method = d.Method(
        {}, {}, (), {}, fixed=("u", "g", "r", "w"), fixed_values=("lH", "lG", "theta", "trace"), laws=laws
    )
    return method, {"sum": d.Combine({}, {name: weights.get(name, "1") for name in laws}, index="0")}


def _eigenvalue(name: str) -> d.Terms:
    return (("1", name),)


@d.derivation(claims.WEYL)
def weyl() -> d.Derivation:
    """u is orthogonal to the k - 1 vectors that are best for G, and maximises u'Hu."""
    top = _law((_form("g"), ("-1", "lG")), "min_max")
    method, steps = _at_a_point({"hessian": HESSIAN, "gauss_newton": top, "residual": UPPER, "unit": UNIT}, unit="rho")
    return d.Derivation(d.Formal(method, (("1", "lH"), ("-1", "lG")), at="0"), d.Case((RESIDUE,), steps))


@d.derivation(claims.WEYL_BELOW)
def weyl_below() -> d.Derivation:
    """The same for G = H - R: u is orthogonal to the vectors that are best for H, and maximises u'Gu."""
    gauss_newton = _law((("1", "lG"), _form("g", "-1")), "min_max")
    hessian = _law((_form("g"), _form("r"), ("-1", "lH")), "min_max", "twice_differentiable")
    laws = {"gauss_newton": gauss_newton, "hessian": hessian, "residual": LOWER, "unit": UNIT}
    method, steps = _at_a_point(laws, unit="rho")
    return d.Derivation(d.Formal(method, (("1", "lG"), ("-1", "lH")), at="0"), d.Case((RESIDUE,), steps))


@d.derivation(claims.NEGATIVE)
def negative() -> d.Derivation:
    """u minimises u'Hu, and u'Gu >= 0."""
    hessian = _law((_form("g"), _form("r"), ("-1", "lH")), "min_max", "twice_differentiable")
    psd = _law((_form("g", "-1"),), "loss_convex_in_output")
    method, steps = _at_a_point({"hessian": hessian, "psd": psd, "residual": LOWER, "unit": UNIT}, unit="rho")
    return d.Derivation(d.Formal(method, (("-1", "lH"),), at="0"), d.Case((RESIDUE,), steps))


@d.derivation(claims.OUTLIERS)
def outliers() -> d.Derivation:
    """u is orthogonal to the n(K - c) rows of G, so that Gu = 0."""
    unseen = _law((_form("g"),), "sum_of_rows", equality=True)
    method, steps = _at_a_point({"hessian": HESSIAN, "unseen": unseen, "residual": UPPER, "unit": UNIT}, unit="rho")
    return d.Derivation(d.Formal(method, _eigenvalue("lH"), at="0"), d.Case((RESIDUE,), steps))


@d.derivation(claims.CLASS_OUTLIERS)
def class_outliers() -> d.Derivation:
    """u is orthogonal to the C means, so that u'Gu is its second moment about them; w = Wu."""
    laws = {
        "gauss_newton": _law((("1", "lG"), _form("g", "-1")), "min_max"),
        "means": _law((_form("g"), _form("w", "-1")), "group_labels", equality=True),
        "within": _law((_form("w"), ("-within", U, U)), "operator_norm"),
        "unit": UNIT,
    }
    method, steps = _at_a_point(laws, unit="within")
    case = d.Case((Interval("within", "0", "", True),), steps)
    return d.Derivation(d.Formal(method, _eigenvalue("lG"), at="0"), case)


@d.derivation(claims.LANCZOS)
def lanczos() -> d.Derivation:
    """u is orthogonal to what was found; its quotient and theirs add up to the trace at most."""
    laws = {
        "top": _law((("1", "lG"), _form("g", "-1")), "min_max"),
        "trace": _law((_form("g"), ("theta", "1"), ("-trace", "1")), "orthonormal", "loss_convex_in_output"),
    }
    method, steps = _at_a_point(laws)
    domain = (Interval("trace", "0", "", True), Interval("theta", "0", "", True))
    return d.Derivation(d.Formal(method, _eigenvalue("lG"), at="0"), d.Case(domain, steps))


@d.derivation(claims.RESIDUAL_NORM)
def residual_norm() -> d.Derivation:
    """t_k is the sum of the first k of N terms y of Ru = sum_i,k r_ik Hess f_ik u/n; B_k what the terms b that are left sum to."""
    laws = {
        "term": d.Law((("1", U, {"y": "1"}), ("-1", "b")), ("operator_norm",)),
        "left": d.Law((("1", "B'"), ("-1", "B"), ("1", "b")), ("operator_norm",), equality=True),
        "rest": d.Law((("-1", "B"),), ("operator_norm",)),
    }
    method = d.Method(
        {}, {"t": {"t": "1", "y": "1"}}, ("y",), {}, ("B", "b"), fixed=("u",), fixed_values=(), start={"t": {}}, laws=laws
    )  # fmt: skip
    potential: d.Terms = (("1", U, {"t": "1"}), ("1", "B"))
    after: d.Terms = (("1", U, {"t'": "1"}), ("1", "B'"))
    less: d.Terms = (("-1", U, {"t": "1"}), ("-1", "B"))
    steps: dict[str, d.Step] = {
        "step": d.Inequality((*after, *less), laws={"term": "1", "left": "1"}),
        "sum": d.Induct("step", potential),
        "end": d.Combine({"sum": "1"}, {"rest": "1"}),
    }
    formal = d.Formal(
        method, (("1", U, {"t": "1"}),), stands={"b": (("1", "B"),)}, by=("operator_norm",), horizon="terms"
    )
    return d.Derivation(formal, d.Case((), steps))


@d.derivation(claims.SYMMETRY_FLAT)
def symmetry_flat() -> d.Derivation:
    """u_k and y_k = H u_k sum the first k of the m parts x of a unit vector, and h = Hx, one part a unit."""
    u, x, y, h = ({name: "1"} for name in "uxyh")
    laws = {
        "unit": d.Law((("1", u, u), ("-1", "1")), ("homogeneous_units",)),
        "block": d.Law((("1", h, h), ("-t2", x, x)), ("homogeneous_units", "twice_differentiable")),
        "parts": d.Law((("1", u, x),), ("homogeneous_units",), equality=True),
        "images": d.Law((("1", y, h),), ("homogeneous_units", "twice_differentiable"), equality=True),
    }
    recursion = {"u": {"u": "1", "x": "1"}, "y": {"y": "1", "h": "1"}}
    method = d.Method({}, recursion, ("x", "h"), {}, fixed=(), fixed_values=(), start={"u": {}, "y": {}}, laws=laws)
    potential: d.Terms = (("1", y, y), ("-t2", u, u))
    after: d.Terms = (("1", {"y'": "1"}, {"y'": "1"}), ("-t2", {"u'": "1"}, {"u'": "1"}))
    less: d.Terms = (("-1", y, y), ("t2", u, u))
    steps: dict[str, d.Step] = {
        "step": d.Inequality((*after, *less), laws={"block": "1", "parts": "-2*t2", "images": "2"}),
        "sum": d.Induct("step", potential),
        "end": d.Combine({"sum": "1"}, {"unit": "t2"}),
    }
    formal = d.Formal(method, (("1", y, y),), horizon="units")
    return d.Derivation(formal, d.Case((Interval("t2", "0", "", True),), steps))


@d.derivation(claims.CONNECTED)
def connected() -> d.Derivation:
    """L(a) and L(b) are above the tangent at the point between them."""
    method = d.Method(
        {"L": d.Class("function", {"mu": ("0", "convex")})},
        {},
        ("g", "ga", "gb"),
        {
            "between": d.Call("L", {"a": "1 - t", "b": "t"}, {"g": "1"}, "L"),
            "a": d.Call("L", {"a": "1"}, {"ga": "1"}, "La"),
            "b": d.Call("L", {"b": "1"}, {"gb": "1"}, "Lb"),
        },
        ("L", "La", "Lb"),
        fixed=("a", "b"),
        fixed_values=(),
    )
    target: d.Terms = (("1", "L"), ("-(1 - t)", "La"), ("-t", "Lb"))
    uses = (
        d.Use("interpolation", "L", ("a", "between"), "1 - t"),
        d.Use("interpolation", "L", ("b", "between"), "t"),
    )
    inside = d.Case((Interval("t", "0", "1", True),), {"sum": d.Inequality(target, uses, index="0")})
    end = d.Case((), {"sum": d.Inequality(target, uses, index="0")}, given={"t": "1"})
    ends: dict[str, d.Terms] = {"La": (("1", "La"),), "Lb": (("1", "Lb"),)}
    return d.Derivation(d.Formal(method, (("1", "L"),), at="0", stands=ends), d.Split("1 - t", end, inside))
