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


def _said(terms: d.Terms, says: str) -> d.Law:
    """What the numbers of the method are by definition."""
    return d.Law(terms, (), True, "0", says)


def _form(name: str, sign: str = "1") -> tuple[str, d.Vec, d.Vec]:
    """``sign u'Mu``, M the matrix with Mu = name."""
    return sign, U, {name: "1"}


#: u is in the span of the eigenvectors of the k largest eigenvalues of a matrix, where its quotient is at least the k-th, and
#: orthogonal to k - 1 vectors that are given: those dimensions exceed P
UNIT = _law((("1", U, U), ("-1", "1")), "dimension-formula", equality=True)
UPPER = _law((_form("r"), ("-rho", U, U)), "operator_norm")
LOWER = _law((_form("r", "-1"), ("-rho", U, U)), "operator_norm")
#: lambda(H) <= u'Hu = u'Gu + u'Ru
HESSIAN = _law((("1", "lH"), _form("g", "-1"), _form("r", "-1")), "spectral-theorem", "twice_differentiable")


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
    """u is in the span of the first k eigenvectors of H, and orthogonal to the first k - 1 of G."""
    top = _law((_form("g"), ("-1", "lG")), "spectral-theorem")
    method, steps = _at_a_point({"hessian": HESSIAN, "gauss_newton": top, "residual": UPPER, "unit": UNIT}, unit="rho")
    return d.Derivation(d.Formal(method, (("1", "lH"), ("-1", "lG")), at="0"), d.Case((RESIDUE,), steps))


@d.derivation(claims.WEYL_BELOW)
def weyl_below() -> d.Derivation:
    """u is in the span of the first k eigenvectors of G, and orthogonal to the first k - 1 of H."""
    gauss_newton = _law((("1", "lG"), _form("g", "-1")), "spectral-theorem")
    hessian = _law((_form("g"), _form("r"), ("-1", "lH")), "spectral-theorem", "twice_differentiable")
    laws = {"gauss_newton": gauss_newton, "hessian": hessian, "residual": LOWER, "unit": UNIT}
    method, steps = _at_a_point(laws, unit="rho")
    return d.Derivation(d.Formal(method, (("1", "lG"), ("-1", "lH")), at="0"), d.Case((RESIDUE,), steps))


@d.derivation(claims.NEGATIVE)
def negative() -> d.Derivation:
    """u is the last eigenvector of H, and u'Gu >= 0."""
    hessian = _law((_form("g"), _form("r"), ("-1", "lH")), "spectral-theorem", "twice_differentiable")
    psd = _law((_form("g", "-1"),), "loss_convex_in_output")
    unit = _law((("1", U, U), ("-1", "1")), "spectral-theorem", equality=True)
    method, steps = _at_a_point({"hessian": hessian, "psd": psd, "residual": LOWER, "unit": unit}, unit="rho")
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
        "gauss_newton": _law((("1", "lG"), _form("g", "-1")), "spectral-theorem"),
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
        "top": _law((("1", "lG"), _form("g", "-1")), "spectral-theorem", "dimension-formula"),
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


# --- identities -------------------------------------------------------------------------------------------------------


@d.derivation(claims.DECOMPOSITION)
def decomposition() -> d.Derivation:
    """L, G and R hold what samples k, ..., N - 1 give to the three numbers.

    Along the line p = f' and q = f'' are the derivatives of the outputs of sample k, r = dl/df, and s = r' that of r.
    """
    smooth, rest = ("twice_differentiable",), "the mean over the samples that are left"
    laws = {
        "product": d.Law((("1", "l"), ("-1", {"s": "1"}, {"p": "1"}), ("-1", {"r": "1"}, {"q": "1"})), smooth, True,
                         says=r"$l' = \langle r, p\rangle$"),
        "chain": d.Law((("1", {"s": "1"}, {"p": "1"}), ("-1", {"Ap": "1"}, {"p": "1"})), smooth, True,
                       says="$A$ is the derivative of $r$ by the outputs"),
        "curvature": d.Law((("1", "L"), ("-1", "L'"), ("-1/N", "l")), (), True, says=rest),
        "gauss_newton": d.Law((("1", "G"), ("-1", "G'"), ("-1/N", {"Ap": "1"}, {"p": "1"})), (), True, says=rest),
        "residual": d.Law((("1", "R"), ("-1", "R'"), ("-1/N", {"r": "1"}, {"q": "1"})), (), True, says=rest),
        "end": d.Law((("1", "L"), ("-1", "G"), ("-1", "R"), ("-(N - k)", "average")), (), True,
                     says="sums over the $N - k$ samples that are left"),
    }  # fmt: skip
    method = d.Method(
        {}, {}, ("p", "q", "r", "s", "Ap"), {}, ("l", "L", "G", "R", "average"), fixed=(), fixed_values=(), laws=laws
    )
    error: d.Terms = (("1", "L"), ("-1", "G"), ("-1", "R"))
    parts = {"product": "-1/N", "chain": "-1/N", "curvature": "-1", "gauss_newton": "1", "residual": "1"}
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, parts, index="k"),
        "sum": d.Induct("step", error),
        "end": d.Combine({"sum": "-1"}, {"end": "1"}),
    }
    stands: dict[str, d.Terms] = {"Gv": (("1", "G"),), "Rv": (("1", "R"),)}
    formal = d.Formal(method, (("1", "L"),), at="0", stands=stands, horizon="samples")
    return d.Derivation(formal, d.Case((), steps, reach="k<N"))


@d.derivation(claims.RESIDUAL_MEAN)
def residual_mean() -> d.Derivation:
    """Vectors over the samples, their inner product a mean: e is 1 for each; l' and u'Hess f u are their means times e and c, a."""
    e, c, a = ({name: "1"} for name in "eca")
    centred = "what is left of a number on each sample when its mean is subtracted"
    laws = {
        "residual": _said((("1", "uRu"), ("-1", {"c": "1", "e": "mean_r"}, {"a": "1", "e": "mean_h"})),
                          r"$R = \frac1n\sum l'_i\nabla^2f_i$"),
        "ones": _said((("1", e, e), ("-1", "1")), "the mean of 1"),
        "slopes": _said((("1", e, c),), centred),
        "curvatures": _said((("1", e, a),), centred),
        "uncorrelated": _law((("1", c, a),), "uncorrelated", equality=True),
    }  # fmt: skip
    method = d.Method({}, {}, (), {}, fixed=("e", "c", "a"), fixed_values=("uRu",), laws=laws)
    weights = {
        "residual": "1",
        "ones": "mean_r*mean_h",
        "slopes": "mean_h",
        "curvatures": "mean_r",
        "uncorrelated": "1",
    }
    case = d.Case((Interval("mean_r", ""), Interval("mean_h", "")), {"sum": d.Combine({}, weights, index="0")})
    return d.Derivation(d.Formal(method, (("1", "uRu"),), at="0"), case)


@d.derivation(claims.SYMMETRY_GRADIENT)
def symmetry_gradient() -> d.Derivation:
    """phi is what unit j gives to mean <r_i, f_i>, whose derivatives are those of L while the r_i are held.

    A linear function is the inner product of its argument and its gradient: h by w, b by a.
    """
    by = ("homogeneous_units", "twice_differentiable")
    laws = {
        "weights": _law((("1", {"w": "1"}, {"h": "1"}), ("-1", "phi")), *by, equality=True),
        "outputs": _law((("1", {"a": "1"}, {"b": "1"}), ("-1", "phi")), by[0], equality=True),
    }
    method = d.Method({}, {}, (), {}, fixed=("w", "a", "h", "b"), fixed_values=("phi",), laws=laws)
    steps = {"sum": d.Combine({}, {"weights": "1", "outputs": "-1"}, index="0")}
    stands: dict[str, d.Terms] = {"ga": (("1", {"a": "1"}, {"b": "1"}),)}
    return d.Derivation(d.Formal(method, (("1", {"w": "1"}, {"h": "1"}),), at="0", stands=stands), d.Case((), steps))


# --- counts -----------------------------------------------------------------------------------------------------------

#: r is the rank of the sum of the first k of N rows.
ROWS = {
    "update": d.Law((("1", "r'"), ("-1", "r"), ("-1", "1")), ("rank-one-update",)),
    "none": d.Law((("1", "r"),), (), True, "0", says="the empty sum is zero"),
    "rows": d.Law((("N", "1"), ("-n*(K - c)", "1")), ("sum_of_rows",), True, "0"),
}
COUNTED = (Interval("n", "1", "", True), Interval("K", "1", "", True))


def _ranks(values: tuple[str, ...] = (), **more: d.Law) -> tuple[d.Method, dict[str, d.Step]]:
    """The rank is at most n(K - c)."""
    method = d.Method({}, {}, (), {}, ("r",), fixed=(), fixed_values=values, laws={**ROWS, **more})
    return method, {
        "step": d.Combine({}, {"update": "1"}, index="k"),
        "sum": d.Sum("step", (("1", "r"),), rest=(("-1", "1"),), total=(("-k", "1"),)),
        "rank": d.Combine({"sum": "1"}, {"none": "1", "rows": "1"}),
    }


def _losses(steps: dict[str, d.Step], square: tuple[Interval, ...], softmax: tuple[Interval, ...]) -> d.Split:
    """c is 0 or 1."""
    return d.Split("c", d.Case(square, steps, given={"c": "0"}), d.Case(softmax, steps, given={"c": "1"}))


@d.derivation(claims.RANK)
def rank() -> d.Derivation:
    """Each row adds one to the rank at most."""
    method, steps = _ranks()
    return d.Derivation(d.Formal(method, (("1", "r"),), horizon="rows"), _losses(steps, COUNTED, COUNTED))


@d.derivation(claims.ZEROS)
def zeros() -> d.Derivation:
    """The kernel has the dimensions that the rank leaves; their number is whole."""
    left = d.Law((("1", "kernel"), ("1", "r"), ("-P", "1")), ("dimension-formula",), True)
    method, steps = _ranks(("kernel",), left=left)
    steps["kernel"] = d.Combine({"rank": "1"}, {"left": "-1"})
    square, softmax = ((*COUNTED, Interval("P", f"n*{outputs} + 1", "", True)) for outputs in ("K", "(K - 1)"))
    return d.Derivation(d.Formal(method, (("1", "kernel"),), horizon="rows"), _losses(steps, square, softmax))


#: Of what meets in a subspace u is a unit vector, or 0 if there is none; delta is the least |eigenvalue| of H but 0.
UNIT_OR_NOTHING = d.Law((("1", "meet"), ("-P", U, U)), (), index="0", says="$u$ is a unit vector where subspaces meet")
SIZES = (
    d.Number(Interval("P", "1", "", True), ()),
    d.Number(Interval("delta", "0"), ("spectral-theorem",)),
)


def _inertia(
    laws: dict[str, d.Law], signs: dict[str, str], dimensions: dict[str, str], *counts: Interval
) -> d.Derivation:
    """``signs`` add up to delta ||u||^2 <= 0, so that subspaces do not meet; ``dimensions`` say what room they have together."""
    values = ("nH", "meet", "V", "W", "kernel")
    laws = {**laws, "unit": UNIT_OR_NOTHING}
    method = d.Method({}, {}, (), {}, fixed=("u", "g", "r"), fixed_values=values, laws=laws, numbers=SIZES)
    steps: dict[str, d.Step] = {
        "apart": d.Combine({}, signs, index="0"),
        "count": d.Combine({"apart": "P/delta"}, {**dimensions, "unit": "1"}, index="0"),
    }
    return d.Derivation(
        d.Formal(method, (("1", "nH"),), at="0"), d.Case((*(s.interval for s in SIZES), *counts), steps)
    )


@d.derivation(claims.INERTIA_NEGATIVE)
def inertia_negative() -> d.Derivation:
    """The negative directions of H meet the others of R in 0 alone: there u'Hu = u'Gu + u'Ru >= 0."""
    laws = {
        "H": _law((_form("g"), _form("r"), ("delta", U, U)), "twice_differentiable", "spectral-theorem"),
        "G": _law((_form("g", "-1"),), "loss_convex_in_output"),
        "R": _law((_form("r", "-1"),), "spectral-theorem"),
        "others": _law((("1", "V"), ("neg_R - P", "1")), "spectral-theorem", equality=True),
        "meet": _law((("1", "nH"), ("1", "V"), ("-P", "1"), ("-1", "meet")), "dimension-formula"),
    }
    return _inertia(laws, dict.fromkeys("HGR", "1"), {"others": "-1", "meet": "1"}, Interval("neg_R", "0", "", True))


@d.derivation(claims.INERTIA_POSITIVE)
def inertia_positive() -> d.Derivation:
    """The positive directions of H meet those others of R that G does not see in 0 alone: there u'Hu = u'Ru <= 0."""
    laws = {
        "H": _law((_form("g", "-1"), _form("r", "-1"), ("delta", U, U)), "twice_differentiable", "spectral-theorem"),
        "G": d.Law((_form("g"),), (), True, "0", says="$u$ is in the kernel of $G$"),
        "R": _law((_form("r"),), "spectral-theorem"),
        "others": _law((("1", "V"), ("pos_R - P", "1")), "spectral-theorem", equality=True),
        "kernel": _law((("1", "kernel"), ("rank_G - P", "1")), "dimension-formula", equality=True),
        "both": _law((("1", "kernel"), ("1", "V"), ("-P", "1"), ("-1", "W")), "dimension-formula"),
        "meet": _law((("1", "nH"), ("1", "W"), ("-P", "1"), ("-1", "meet")), "dimension-formula"),
    }
    dimensions = {"others": "-1", "kernel": "-1", "both": "1", "meet": "1"}
    counts = (Interval("rank_G", "0", "", True), Interval("pos_R", "0", "", True))
    return _inertia(laws, dict.fromkeys("HGR", "1"), dimensions, *counts)


@d.derivation(claims.SYMMETRY_ZEROS)
def symmetry_zeros() -> d.Derivation:
    """r is the dimension of the span of the first k of the vectors xi_j, which lie in disjoint blocks."""
    laws = {
        "next": d.Law((("1", "r"), ("1", "1"), ("-1", "r'")), ("homogeneous_units", "dimension-formula")),
        "none": d.Law((("-1", "r"),), (), index="0", says="a dimension"),
        "flat": d.Law((("1", "r"), ("-1", "kernel")), ("homogeneous_units", "twice_differentiable", "stationary"),
                      says=r"$H\xi_j = -S_j\nabla_jL = 0$"),
    }  # fmt: skip
    method = d.Method({}, {}, (), {}, ("r",), fixed=(), fixed_values=("kernel",), laws=laws)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"next": "1"}, index="k"),
        "sum": d.Sum("step", (("-1", "r"),), rest=(("1", "1"),), total=(("k", "1"),)),
        "end": d.Combine({"sum": "1"}, {"none": "1", "flat": "1"}),
    }
    return d.Derivation(d.Formal(method, (("1", "kernel"),), horizon="units"), d.Case((), steps))
