"""Derivations of Leader SGD's claims, for any number of workers and steps.

``x`` is a worker, ``z`` its leader, ``h`` the gradient at x, ``n`` the noise of a stochastic one. Inner products are expectations.
"""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.communication.leader_sgd import claims
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval

APART: d.Vec = {"x": "1", "z": "-1"}
GAP: d.Terms = (("1", "f"), ("-1", "f*"))
LEAD: d.Terms = (("1", "f"), ("-1", "fz"))
LEADER = d.Law((("1", "fz"), ("-1", "f")), ("leader",))
READ = ("expectation", "tower")
SMOOTH, STRONG = ("M", "smooth"), ("m", "strongly_convex")


# --- with noise ------------------------------------------------------------------------------------------------------


def _noisy(step: str, pull: str, leader: Mapping[str, d.Law], roots: Mapping[str, str] | None = None) -> d.Method:
    """``x' = x - step (h + n) - pull (x - z)``. The same f stands twice: smooth (descent), and strongly convex."""
    unbiased = {
        "noise is no gradient": d.Law((("1", {"n": "1"}, {"h": "1"}),), ("unbiased",), equality=True),
        "noise is no place": d.Law((("1", {"n": "1"}, APART),), ("unbiased",), equality=True),
    }
    size: d.Terms = (square({"n": "1"}), ("-sigma2", "1"), square({"h": "1"}, "-nu"))
    return d.Method(
        {"smooth f": d.Class("function", {"L": SMOOTH}), "convex f": d.Class("function", {"mu": STRONG})},
        {"x": {"x": "1", "h": f"-({step})", "n": f"-({step})", "z": f"{pull}"} | {"x": f"1 - {pull}"}},
        ("h", "n", "z", "v", "W", "e") if roots else ("h", "n", "z", "v"),
        {
            "x": d.Call("smooth f", {"x": "1"}, {"h": "1"}, "f"),
            "at x": d.Call("convex f", {"x": "1"}, {"h": "1"}, "f"),
            "at z": d.Call("convex f", {"z": "1"}, {"v": "1"}, "fz"),
            "*": d.Call("convex f", {"x*": "1"}, {}, "f*", ("fermat",)),
        },
        ("f", "fz"),
        laws={**unbiased, "noise": d.Law(size, ("noise",)), **leader},
        roots=roots or {},
    )


def _step(step: str, pull: str, target: d.Terms, scale: str = "1", laws: Mapping[str, str] | None = None,
          index: str = "k", **more: Any) -> d.Inequality:  # fmt: skip
    """The descent lemma along the step, strong convexity towards the leader and the minimiser, and the noise; times ``scale``."""
    uses = (
        d.Use("descent", "smooth f", ("x", "x'"), scale),
        d.Use("interpolation", "convex f", ("at z", "at x"), f"({scale})*({pull})"),
        d.Use("interpolation", "convex f", ("*", "at x"), f"({scale})*m*({step})"),
    )
    cross = f"({scale})*({step})"
    given = {
        "noise": f"({scale})*M*({step})^2/2",
        "noise is no gradient": f"{cross}*(M*({step}) - 1)",
        "noise is no place": f"{cross}*M*({pull})",
        **(laws or {}),
    }
    return d.Inequality(target, uses, laws=given, index=index, **more)


SHAPE = (Interval("M"), Interval("m", "0", "M", closed_high=True), Interval("nu", closed_low=True))
CONSTANT = (
    *SHAPE,
    Interval("eta", "0", "1/(2*M*(nu + 1))", closed_high=True),
    Interval("lam", "0", "m/(2*M*eta)", closed_high=True),
    Interval("sigma2", closed_low=True),
)
PULLED = ("eta", "eta*lam")


@d.derivation(claims.ONE_STEP)
def one_step() -> d.Derivation:
    target: d.Terms = (
        ("1", "f'"), ("-1", "f*"), ("-(1 - m*eta)", "f"), ("1 - m*eta", "f*"), ("eta*lam", "f"), ("-eta*lam", "fz"),
        ("-eta^2*M*sigma2/2", "1"),
    )  # fmt: skip
    case = _with_no_pull(lambda domain, more: d.Case(
        domain, {"step": _step(*PULLED, target, index="0")}, **more), CONSTANT)  # fmt: skip
    stands = {"gap_x": GAP, "lead": LEAD}
    return d.Derivation(d.Formal(_noisy(*PULLED, {}), GAP, at="1", stands=stands, by=READ), case)


def _with_no_pull(make: Any, domain: tuple[Interval, ...]) -> d.Split:
    """A bounded interval is open at one end: lam = 0 is a case of its own."""
    without = tuple(i for i in domain if i.name != "lam")
    return d.Split("lam", make(without, {"given": {"lam": "0"}}), make(domain, {}))


def _rate(floor: str, laws: Mapping[str, d.Law], used: Mapping[str, str], domain: tuple[Interval, ...],
          roots: Mapping[str, str] | None = None, given: Mapping[str, str] | None = None) -> d.Derivation:  # fmt: skip
    """V_{k+1} <= (1 - m eta) V_k for V = f - f* - floor, hence V_N <= (1 - m eta)^N V_0."""
    rho = "1 - m*eta"
    above: d.Terms = (*GAP, (f"-({floor})", "1"))
    after: d.Terms = (("1", "f'"), ("-1", "f*"), (f"-({floor})", "1"))
    target: d.Terms = (*after, (f"-({rho})", "f"), (rho, "f*"), (f"({rho})*({floor})", "1"))

    def make(inside: tuple[Interval, ...], more: dict[str, Any]) -> d.Case:
        steps = {"step": _step(*PULLED, target, laws=used), "end": d.Induct("step", above, rho, "P")}
        more = {"given": {**more.get("given", {}), **(given or {})}}
        return d.Case(inside, steps, powers={"P": rho}, **more)

    formal = d.Formal(_noisy(*PULLED, laws, roots), GAP, stands={"gap": GAP}, by=READ)
    return d.Derivation(formal, _with_no_pull(make, domain))


@d.derivation(claims.RATE)
def rate() -> d.Derivation:
    return _rate("eta*M*sigma2/(2*m)", {"leader": LEADER}, {"leader": "eta*lam"}, CONSTANT)


def _decreasing(pull: str, more: str, laws: Mapping[str, d.Law], used: Mapping[str, str], domain: tuple[Interval, ...],
                roots: Mapping[str, str] | None = None, given: Mapping[str, str] | None = None) -> d.Derivation:  # fmt: skip
    """(k+a)(k+a-1) times the step is V_{k+1} - V_k <= e for V_k = (k+a-1)(k+a-2)(f - f*), and adds up."""
    step, scale = "2/(m*(k + a))", "(k + a)*(k + a - 1)"
    each = f"2*(M*sigma2/m^2{more})"
    weight = "(k + a - 1)*(k + a - 2)"
    target: d.Terms = ((scale, "f'"), (f"-{scale}", "f*"), (f"-{weight}", "f"), (weight, "f*"), (f"-({each})", "1"))
    potential: d.Terms = ((weight, "f"), (f"-{weight}", "f*"))

    def make(inside: tuple[Interval, ...], extra: dict[str, Any]) -> d.Case:
        scaled = {name: f"({scale})*({c})" for name, c in used.items()}
        steps = {
            "step": _step(step, pull, target, scale, scaled, signs=((f"{each}/(k + a)", {}),)),
            "sum": d.Sum("step", potential, rest=((f"-({each})", "1"),), total=((f"-k*{each}", "1"),)),
            "end": d.Combine({"sum": "1/((N + a - 1)*(N + a - 2))"}),
        }
        return d.Case(inside, steps, given={**extra.get("given", {}), **(given or {})})

    formal = d.Formal(_noisy(step, pull, laws, roots), GAP, stands={"gap": GAP}, by=READ)
    return d.Derivation(formal, _with_no_pull(make, domain))


def _schedule(limit: str) -> tuple[Interval, ...]:
    return (*SHAPE, Interval("a", "4*M*(nu + 1)/m", closed_low=True), Interval("lam", "0", limit, closed_high=True),
            Interval("sigma2", closed_low=True))  # fmt: skip


@d.derivation(claims.DECREASING)
def decreasing() -> d.Derivation:
    pull = "2*lam/(m*(k + a))"
    return _decreasing(pull, "", {"leader": LEADER}, {"leader": pull}, _schedule("m^2*a/(4*M)"))


# --- a leader chosen by noisy values ---------------------------------------------------------------------------------

#: W_i = 1[i leads] - 1/p and the errors e_i, averaged over the workers: p <W, e> is the expected error of the leader's estimate.
CHOICE = {
    "lowest": d.Law((("1", "fz"), ("-1", "f"), ("q^2 + 1", {"W": "1"}, {"e": "1"})), ("lowest_estimate", "estimates")),
    "one leads": d.Law(
        (square({"W": "1"}), ("-q^2/(q^2 + 1)^2", "1")), ("lowest_estimate", "expectation"), equality=True
    ),
    "errors": d.Law((square({"e": "1"}), ("-sigma_f^2", "1")), ("estimates",)),
}
ROOT, MANY = {"q": "p - 1"}, {"p": "q^2 + 1"}
CHOSEN = (Interval("q", "1", "", True), Interval("sigma_f"))


def _chosen(weight: str) -> dict[str, str]:
    """Young: - p <W, e> <= q sigma_f, by |W|^2 = q^2/p^2 and |e|^2 <= sigma_f^2."""
    return {
        "lowest": weight,
        "one leads": f"({weight})*(q^2 + 1)^2*sigma_f/(2*q)",
        "errors": f"({weight})*q/(2*sigma_f)",
    }


@d.derivation(claims.SELECTION)
def selection() -> d.Derivation:
    method = d.Method({}, {}, ("W", "e"), {}, ("f", "fz"), fixed=(), fixed_values=(), laws=CHOICE, roots=ROOT)
    less: d.Terms = (("1", "fz"), ("-1", "f"))
    step = d.Inequality((*less, ("-q*sigma_f", "1")), laws=_chosen("1"), index="0")
    case = d.Case(CHOSEN, {"step": step}, given=MANY)
    return d.Derivation(d.Formal(method, less, at="0", by=READ), case)


@d.derivation(claims.STOCHASTIC)
def stochastic() -> d.Derivation:
    floor = "eta*M*sigma2/(2*m) + lam*q*sigma_f/m"
    return _rate(floor, CHOICE, _chosen("eta*lam"), (*CONSTANT, *CHOSEN), ROOT, MANY)


@d.derivation(claims.STOCHASTIC_DECREASING)
def stochastic_decreasing() -> d.Derivation:
    pull = "2*lam/(m*(k + a)^2)"
    domain = (*_schedule("m^2*a^2/(4*M)"), *CHOSEN)
    return _decreasing(pull, " + lam*q*sigma_f/m", CHOICE, _chosen(pull), domain, ROOT, MANY)


# --- one step without noise ------------------------------------------------------------------------------------------


def _exact(mu: tuple[str, str]) -> d.Method:
    gradients = {"x": ("h", "f"), "z": ("v", "fz")}
    calls = {name: d.Call("f", {name: "1"}, {g: "1"}, f) for name, (g, f) in gradients.items()}
    return d.Method(
        {"f": d.Class("function", {"mu": mu, "L": SMOOTH})},
        {"x": {"x": "1 - eta*lam", "z": "eta*lam", "h": "-eta"}},
        ("h", "v", "z"),
        {**calls, "*": d.Call("f", {"x*": "1"}, {}, "f*", ("fermat",))},
        ("f", "fz"),
        laws={"leader": LEADER},
    )


def _uses(multipliers: Mapping[tuple[str, str], str]) -> tuple[d.Use, ...]:
    return tuple(d.Use("interpolation", "f", pair, c) for pair, c in multipliers.items())


def _factor(rho: str) -> d.Terms:
    return (("1", "f'"), ("-1", "f*"), (f"-({rho})", "f"), (rho, "f*"))


@d.derivation(claims.EXACT_CONVEX)
def exact_convex() -> d.Derivation:
    """With s = eta (M + 2 lam): s <= 2 by convexity at x+ towards x and z; else by the paraboloid M|x|^2/2 - f, likewise convex."""
    c, t = "eta*lam", "(eta*(M + 2*lam) - 1)"
    low = d.Inequality(_factor("1"), _uses({("z", "x'"): c, ("x", "x'"): f"1 - {c}"}), laws={"leader": c}, index="0")
    more = {
        ("z", "x'"): c,
        ("x", "x'"): f"1 - {c}",
        ("z", "*"): f"{c}*({t} - 1)",
        ("x", "*"): f"({t} - 1)*({t} + 1 - {c})",
    }
    high = d.Inequality(_factor(f"{t}^2"), _uses(more), laws={"leader": f"{c}*{t}"}, index="0")
    mixed = Interval("lam", "0", "1/eta", closed_high=True)
    past = Interval("eta", "2/M")

    def case(step: d.Inequality, *domain: Interval, **rest: Any) -> d.Case:
        return d.Case((Interval("M"), *domain), {"step": step}, **rest)

    tree = d.Split(
        "eta*(M + 2*lam) - 2",
        case(low, Interval("lam", closed_low=True), Interval("eta", "0", "2/(M + 2*lam)", closed_high=True)),
        d.Split(
            "eta*M - 2",
            case(
                high,
                Interval("eta", "0", "2/M", closed_high=True),
                Interval("lam", "1/eta - M/2", "1/eta", closed_high=True),
            ),
            d.Split("lam", case(high, past, given={"lam": "0"}), case(high, past, mixed)),
        ),
    )
    return d.Derivation(d.Formal(_exact(("0", "convex")), GAP, GAP, at="1"), tree)


@d.derivation(claims.EXACT_STRONG)
def exact_strong() -> d.Derivation:
    """Gradient descent's proof, its use of (x, x+) shared between x and the leader: with r = 1 - m eta, c = eta lam."""
    c, r = "eta*lam", "(1 - m*eta)"
    multipliers = {
        ("x", "x'"): f"{r}*(1 - {c})", ("z", "x'"): f"{r}*{c}", ("*", "x"): f"{r}*(1 - {r})", ("*", "x'"): f"1 - {r}"
    }  # fmt: skip
    step = d.Inequality(_factor(f"{r}^2"), _uses(multipliers), laws={"leader": f"{r}*{c}"}, index="0")
    frame = (Interval("m"), Interval("eta", "0", "1/m"), Interval("lam", "0", "1/eta - m", closed_low=True))
    limit = Interval("M", "m", f"(1 - {c})^2*(2 - m*eta)/(eta*(1 - {c}*{r}))", closed_high=True)
    tree = d.Case((*frame, limit), {"step": step}, frame=frame)
    return d.Derivation(d.Formal(_exact(STRONG), GAP, GAP, at="1"), tree)


@d.derivation(claims.COMBINATION)
def combination() -> d.Derivation:
    """x+ = (1 - c) y + c z with y = x - eta' h: convexity at x+, and gradient descent's proof at y."""
    c, r = "eta*lam", "(1 - m*eta/(1 - eta*lam))"
    y: d.Vec = {"x": "1", "h": f"-eta/(1 - {c})"}
    method = _exact(STRONG)
    method = d.Method(
        method.members, method.step, ("h", "v", "z", "w"), {**method.calls, "y": d.Call("f", y, {"w": "1"}, "fy")},
        ("f", "fz", "fy"),
    )  # fmt: skip
    multipliers = {
        ("y", "x'"): f"1 - {c}", ("z", "x'"): c, ("x", "y"): f"(1 - {c})*{r}", ("*", "x"): f"(1 - {c})*{r}*(1 - {r})",
        ("*", "y"): f"(1 - {c})*(1 - {r})",
    }  # fmt: skip
    worse: d.Terms = (("1", "fz"), ("-1", "f*"))
    rho = f"(1 - {c})*{r}^2"
    target: d.Terms = (("1", "f'"), ("-1", "f*"), (f"-{rho}", "f"), (rho, "f*"), (f"-{c}", "fz"), (c, "f*"))
    domain = (
        Interval("M"), Interval("m", "0", "M"), Interval("lam", closed_low=True),
        Interval("eta", "0", "2/(M + m + 2*lam)", closed_high=True),
    )  # fmt: skip
    case = d.Case(domain, {"step": d.Inequality(target, _uses(multipliers), index="0")})
    return d.Derivation(d.Formal(method, GAP, at="1", stands={"gap_x": GAP, "gap_z": worse}), case)


@d.derivation(claims.FIXED_POINTS)
def fixed_points() -> d.Derivation:
    """The gradient at the worker is -lam (x - z), that at the leader zero: interpolation says the rest."""
    method = d.Method(
        {"f": d.Class("function", {"mu": ("-M", "smooth"), "L": SMOOTH})},
        {},
        ("x", "z"),
        {
            "x": d.Call("f", {"x": "1"}, {"x": "-lam", "z": "lam"}, "f", ("fixed_point",)),
            "z": d.Call("f", {"z": "1"}, {}, "fz", ("fixed_point",)),
        },
        ("f", "fz"),
        fixed=(),
        fixed_values=(),
    )
    target: d.Terms = (*LEAD, square(APART, "-(M^2 - 2*M*lam - lam^2)/(4*M)"))
    step = d.Inequality(target, _uses({("z", "x"): "1"}), index="0")
    case = d.Case((Interval("M"), Interval("lam", closed_low=True)), {"step": step})
    return d.Derivation(d.Formal(method, LEAD, at="0", stands={"D": (square(APART),)}), case)
