"""Derivations of the claims on descent steps with one-hot inputs, and on the Hessian; u is the margin of a class."""

from gradproof.theory import derivation as d
from gradproof.theory.adaptive import class_imbalance
from gradproof.theory.field import Interval


@d.derivation(class_imbalance.SIGN_DESCENT)
def sign_descent() -> d.Derivation:
    """v and w are the entries W_kk and W_ik as vectors of the line with the unit vector e."""
    plus: d.Vec = {"v": "1", "w": "-1"}
    by = ("one_hot", "positive_frequencies", "softmax-gradient")
    laws = {
        "unit": d.Law((("1", {"e": "1"}, {"e": "1"}), ("-1", "1")), (), True, says="$e$ is the unit of the line"),
        "up": d.Law(
            (("1", {"a": "1", "e": "-1"}, {"e": "1"}),), by, True, says="minus the gradient is positive on the diagonal"
        ),
        "down": d.Law((("1", {"b": "1", "e": "1"}, {"e": "1"}),), by, True, says="and negative off it"),
        "start": d.Law((("1", plus, {"e": "1"}),), ("zero_start",), True, "0"),
    }
    method = d.Method(
        {},
        {"v": {"v": "1", "a": "eta"}, "w": {"w": "1", "b": "eta"}},
        ("a", "b"),
        {},
        fixed=("e",),
        fixed_values=(),
        laws=laws,
    )  # fmt: skip
    margin: d.Terms = (("1", plus, {"e": "1"}),)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"up": "eta", "down": "-eta", "unit": "2*eta"}, index="k"),
        "sum": d.Sum("step", margin, rest=(("-2*eta", "1"),), total=(("-2*eta*k", "1"),)),
        "end": d.Combine({"sum": "1"}, {"start": "1"}),
    }
    return d.Derivation(d.Formal(method, margin, horizon="n"), d.Case((Interval("eta"),), steps, first="0"))


@d.derivation(class_imbalance.GD_DESCENT)
def gd_descent() -> d.Derivation:
    """The descent lemma with the constant pi_max/2."""
    method = d.Method(
        {"L": d.Class("function", {"L": ("pi_max/2", "one_hot")})},
        {"x": {"x": "1", "g": "-eta"}},
        ("g",),
        {"x": d.Call("L", {"x": "1"}, {"g": "1"}, "f")},
        ("f",),
        fixed=(),
        fixed_values=(),
    )
    square: d.Terms = (("1", {"g": "1"}, {"g": "1"}),)
    step = d.Inequality(
        (("1", "f'"), ("-1", "f"), ("eta*(1 - eta*pi_max/4)", {"g": "1"}, {"g": "1"})),
        (d.Use("descent", "L", ("x", "x'")),),
        index="0",
    )
    stands: dict[str, d.Terms] = {"loss": (("1", "f"),), "grad2": square}
    formal = d.Formal(method, (("1", "f"),), at="1", stands=stands, by=("softmax-hessian",))
    case = d.Case((Interval("eta"), Interval("pi_max", "0", "1", closed_high=True)), {"step": step})
    return d.Derivation(formal, case)


@d.derivation(class_imbalance.GD_LOWER)
def gd_not_slower() -> d.Derivation:
    """F = e^u + (c - 1) u is convex, and a step moves u by c eta pi/F'(u): it gains at least c eta pi."""
    laws = {
        "update": d.Law(
            (("1", {"d": "1"}, {"g": "1"}), ("-c*eta*pi", "1")),
            ("one_hot", "softmax-gradient"),
            equality=True,
            says=r"$u_{n+1} = u_n + c\eta\pi_k/(e^{u_n} + c - 1)$",
        ),
        "start": d.Law((("1", "F"), ("-1", "1")), ("zero_start",), True, "0"),
    }
    method = d.Method(
        {"F": d.Class("function", {"mu": ("0", "convex-exponential")})},
        {"u": {"u": "1", "d": "1"}},
        ("d", "g"),
        {"u": d.Call("F", {"u": "1"}, {"g": "1"}, "F")},
        ("F",),
        fixed=(),
        fixed_values=(),
        laws=laws,
    )
    gain = "c*eta*pi"
    step = d.Inequality(
        (("-1", "F'"), ("1", "F"), (gain, "1")), (d.Use("interpolation", "F", ("u'", "u")),), laws={"update": "-1"}
    )
    steps: dict[str, d.Step] = {
        "step": step,
        "sum": d.Sum("step", (("-1", "F"),), rest=((gain, "1"),), total=((f"k*{gain}", "1"),)),
        "end": d.Combine({"sum": "1"}, {"start": "-1"}),
    }
    domain = (Interval("c", "2", "", True), Interval("pi", "0", "1", closed_high=True), Interval("eta"))
    return d.Derivation(d.Formal(method, (("1", "F"),), horizon="n"), d.Case(domain, steps, first="0"))


@d.derivation(class_imbalance.SGD_LOWER)
def sgd_not_slower() -> d.Derivation:
    """The same on batches: p is the frequency of the class in a batch, and values are expectations."""
    laws = {
        "update": d.Law(
            (("1", {"d": "1"}, {"g": "1"}), ("-c*eta", "p")),
            ("one_hot", "softmax-gradient"),
            equality=True,
            says=r"$u_{n+1} = u_n + c\eta p_n/(e^{u_n} + c - 1)$",
        ),
        "mean": d.Law((("1", "p"), ("-pi", "1")), ("unbiased", "expectation"), equality=True),
        "start": d.Law((("1", "F"), ("-1", "1")), ("zero_start",), True, "0"),
    }
    method = d.Method(
        {"F": d.Class("function", {"mu": ("0", "convex-exponential")})},
        {"u": {"u": "1", "d": "1"}},
        ("d", "g"),
        {"u": d.Call("F", {"u": "1"}, {"g": "1"}, "F")},
        ("F", "p"),
        fixed=(),
        fixed_values=(),
        laws=laws,
    )
    gain = "c*eta*pi"
    step = d.Inequality(
        (("-1", "F'"), ("1", "F"), (gain, "1")),
        (d.Use("interpolation", "F", ("u'", "u")),),
        laws={"update": "-1", "mean": "-c*eta"},
    )
    steps: dict[str, d.Step] = {
        "step": step,
        "sum": d.Sum("step", (("-1", "F"),), rest=((gain, "1"),), total=((f"k*{gain}", "1"),)),
        "end": d.Combine({"sum": "1"}, {"start": "-1"}),
    }
    domain = (Interval("c", "2", "", True), Interval("pi", "0", "1", closed_high=True), Interval("eta"))
    formal = d.Formal(method, (("1", "F"),), horizon="n", by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps, first="0"))


@d.derivation(class_imbalance.HESSIAN)
def eigenvalues_at_zero() -> d.Derivation:
    """w = A v for a unit eigenvector v of the block A = (pi/c)(I - 11'/c), which is orthogonal to the kernel's vector 1."""
    w_v: d.Term = ("1", {"w": "1"}, {"v": "1"})
    laws = {
        "eigenvalue": d.Law((w_v, ("-1", "lam")), (), True, says=r"$w = Av = \lambda v$ and $\|v\| = 1$"),
        "block": d.Law(
            (w_v, ("-pi/c", {"v": "1"}, {"v": "1"})),
            ("one_hot", "at_zero", "softmax-gradient", "spectral-theorem"),
            True,
            says=r"$A\mathbf 1 = 0$, so that $v \perp \mathbf 1$ where $\lambda \ne 0$, and $Av = \frac\pi cv$",
        ),
        "unit": d.Law((("1", {"v": "1"}, {"v": "1"}), ("-1", "1")), (), True, says=r"$\|v\| = 1$"),
    }
    method = d.Method({}, {}, (), {}, fixed=("v", "w"), fixed_values=("lam",), laws=laws)
    end = d.Combine({}, {"eigenvalue": "-1", "block": "1", "unit": "pi/c"})
    domain = (Interval("c", "2", "", True), Interval("pi", "0", "1", closed_high=True))
    return d.Derivation(d.Formal(method, (("1", "lam"),), at="0"), d.Case(domain, {"end": end}))
