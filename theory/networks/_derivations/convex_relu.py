"""The arithmetic and the geometric mean of a neuron's weights: (u - a)^2 >= 0."""

from gradproof.theory import derivation as d
from gradproof.theory.derivation import Case, Derivation, Formal, Inequality, Method, derivation
from gradproof.theory.field import Interval
from gradproof.theory.networks import convex_relu


@derivation(convex_relu.AMGM)
def amgm() -> Derivation:
    """u and a are the norms themselves, so that the quantity is a number."""
    mean = "(u^2 + a^2)/2"
    step = Inequality(((f"a*u - {mean}", "1"),), signs=((f"{mean} - a*u", {}),), index="0")
    domain = (Interval("u", "0", "", True), Interval("a", "0", "", True))
    method = Method({}, {}, (), {}, fixed=(), fixed_values=())
    return Derivation(Formal(method, ((mean, "1"),), at="0", by=("equal_weights",)), Case(domain, {"step": step}))


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


@d.derivation(convex_relu.DUALITY)
def duality() -> d.Derivation:
    """At every network: f its predictions, u and a the vectors of its neurons' norms, v the dual point."""
    feasible = d.Law(
        (_inner("1", "v", "f"), _inner("-beta", "u", "a")),
        ("dual_feasible",),
        says=r"$a_j\,\nu\cdot(Xu_j)_+ \le |a_j|\|u_j\|M(\nu)$, summed over neurons",
    )
    beta = d.Number(Interval("beta"), ("weight_decay_positive",))
    fixed = ("f", "y", "v", "u", "a")
    method = d.Method({}, {}, (), {}, fixed=fixed, fixed_values=(), laws={"feasible": feasible}, numbers=(beta,))
    off, gap = {"f": "1", "y": "-1"}, {"v": "1", "y": "-1"}
    objective: d.Terms = (("1/2", off, off), _inner("beta/2", "u", "u"), _inner("beta/2", "a", "a"))
    end = d.Inequality(
        (*((f"-({t[0]})", *t[1:]) for t in objective), _inner("1/2", "y", "y"), ("-1/2", gap, gap)),  # type: ignore[arg-type]
        laws={"feasible": "1"},
        squares=(("1/2", {"f": "1", "y": "-1", "v": "1"}), ("beta/2", {"u": "1", "a": "-1"})),
        index="0",
    )
    stands: dict[str, d.Terms] = {"y2": (_inner("1", "y", "y"),), "d2": (("1", gap, gap),)}
    formal = d.Formal(method, objective, at="0", stands=stands)
    return d.Derivation(formal, d.Case((beta.interval,), {"end": end}))


@d.derivation(convex_relu.SAMPLED_PATTERNS)
def sampled_patterns() -> d.Derivation:
    """q is the probability that the last of P_s + 1 patterns lowers the value, ``matter`` the mean number that would."""
    laws = {
        "alike": d.Law(
            (("P_s + 1", "q"), ("-1", "matter")),
            ("gaussian_pattern_sampling", "exchangeable"),
            True,
            says="independent draws",
        ),
        "few": d.Law(
            (("1", "matter"), ("-n", "1")),
            ("weight_decay_positive", "support-constraints"),
            says="the dual has $n$ variables and a strictly concave objective",
        ),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("q", "matter"), laws=laws)
    steps = {
        "end": d.Inequality((("1", "q"), ("-n/(P_s + 1)", "1")), laws=dict.fromkeys(laws, "1/(P_s + 1)"), index="0")
    }
    case = d.Case((Interval("n", "1", "", True), Interval("P_s", "1", "", True)), steps)
    return d.Derivation(d.Formal(method, (("1", "q"),), at="0", by=("expectation",)), case)


@d.derivation(convex_relu.ADMM)
def admm() -> d.Derivation:
    """e is E u_{k+1}, z is w_{k+1}, m the scaled multiplier: ||w - w*||^2 + ||m - m*||^2 falls by the residuals.

    phi(e) is the least of ||F u - y||^2/2 over E u = e. At the start w = m = 0, and 0 is a subgradient of g there.
    """
    by = ("first-order-optimality",)
    method = d.Method(
        {
            "phi": d.Class("operator", {"mu": ("0", "convex-subdifferential")}),
            "g": d.Class("operator", {"mu": ("0", "convex-subdifferential")}),
        },
        {"w": {"z": "1"}, "m": {"m": "1", "e": "1", "z": "-1"}},
        ("e", "z"),
        {
            "e": d.Call("phi", {"e": "1"}, {"e": "-1", "w": "1", "m": "-1"}, by=by),
            "phi*": d.Call("phi", {"w*": "1"}, {"m*": "-1"}, by=by),
            "z": d.Call("g", {"z": "1"}, {"m": "1", "e": "1", "z": "-1"}, by=by),
            "w": d.Call("g", {"w": "1"}, {"m": "1"}, by=by),
            "g*": d.Call("g", {"w*": "1"}, {"m*": "1"}, by=by),
        },
        fixed=("w*", "m*"),
        fixed_values=(),
    )
    far, off = {"w": "1", "w*": "-1"}, {"m": "1", "m*": "-1"}
    potential: d.Terms = (("1", far, far), ("1", off, off))
    residual, move = {"e": "1", "z": "-1"}, {"z": "1", "w": "-1"}
    quantity: d.Terms = (("1", residual, residual), ("1", move, move))
    far_next, off_next = {"w'": "1", "w*": "-1"}, {"m'": "1", "m*": "-1"}
    step = d.Inequality(
        (("1", far_next, far_next), ("1", off_next, off_next), ("-1", far, far), ("-1", off, off), ("1", "least")),
        tuple(
            d.Use("monotone", *pair, "2") for pair in (("phi", ("e", "phi*")), ("g", ("z", "g*")), ("g", ("z", "w")))
        ),
        {"least": "1"},
    )
    steps: dict[str, d.Step] = {
        "least": d.Least("least"),
        "step": step,
        "sum": d.Sum("step", potential, rest=(("1", "least"),), total=(("k", "least"),)),
        "end": d.Combine({"sum": "1/N"}, squares=(("1/N", far), ("1/N", off))),
    }
    case = d.Case((), steps, reach="k<N", minima={"least": d.Minimum(quantity, "N")})
    formal = d.Formal(method, d.Minimum(quantity, "N"), stands={"V0": potential}, by=("full_dual_step",))
    return d.Derivation(formal, case)
