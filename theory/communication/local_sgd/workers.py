"""What derivations on workers share: local SGD as a method, its descent, and the contraction of the deviations.

The workers' vectors together lie in a space with the inner product (1/n) sum <., .>; that of the mean, of all equal
parts, is orthogonal to the deviations from it. ``x`` is the mean, ``d`` the deviation; the gradients at all points
are ``h + c + u``, ``h`` the one at the mean, ``c`` what the mean of the gradients adds to it, ``u`` its deviations;
the noise is ``e`` in the mean and ``w`` in the deviations.
"""

from collections.abc import Callable, Mapping

from gradproof.theory import derivation as d
from gradproof.theory.communication.local_sgd.schedules import Steps
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval

ALL = ("product-space", "one_objective")  # x_1, ..., x_n -> (1/n) sum F(x_i) is in the class of F
PARTS = ("weighted-workers",)  # means are orthogonal to deviations
MEAN_ZERO = ("noise", "tower", "expectation")
Signs = tuple[tuple[str, d.Vec], ...]
#: the gradients at all workers' points
GRADIENTS: d.Vec = {"h": "1", "c": "1", "u": "1"}
GAP: d.Terms = (("1", "f"), ("-1", "f*"))
APART: d.Terms = (("1", {"d": "1"}, {"d": "1"}),)
ETA = "2/(mu*(k + beta))"

MU = Interval("mu")
UPPER = Interval("L", "mu", closed_low=True)
SIGMA2 = Interval("sigma2", closed_low=True)
RELATIVE = Interval("c", closed_low=True)
WORKERS = Interval("n", "1", closed_low=True)
#: beta = 2 L/mu + g, g >= 0
MARGIN = Interval("g", closed_low=True)
#: the same by kappa = L/mu: polynomials in the place of quotients, which are faster
KAPPA_BETA = {"L": "kappa*mu", "beta": "2*kappa + g"}
KAPPA_LET = {"kappa": "L/mu", "g": "beta - 2*L/mu"}
BETA, LET = {"beta": "2*L/mu + g"}, {"g": "beta - 2*L/mu"}


def times(factor: str, terms: d.Terms) -> d.Terms:
    return tuple((f"({t[0]})*{factor}", *t[1:]) for t in terms)  # type: ignore[misc]


def no_inner(u: str, v: str, by: tuple[str, ...]) -> d.Law:
    return d.Law((("1", {u: "1"}, {v: "1"}),), by, equality=True)


def stands_for(**terms: d.Terms) -> Mapping[str, d.Terms]:
    return terms


def minimum(member: str) -> d.Call:
    return d.Call(member, {"x*": "1"}, {}, "f*", ("fermat",))


def local_method(
    eta: str, *, spread: bool = True, averaged: str = "", relative: bool = False, **laws: d.Law
) -> d.Method:
    """Local SGD; ``averaged`` names the deviation after the step where the workers may then be averaged.

    ``relative``: the variance of the noise may also grow with the square of the gradient, by the factor c.
    """
    mean_zero = ("relative_noise", *MEAN_ZERO[1:]) if relative else MEAN_ZERO
    size = (("-sigma2", "1"), *((square(GRADIENTS, "-c"),) if relative else ()))
    moved: d.Vec = {"d": "1", "u": f"-({eta})", "w": f"-({eta})"}
    members = {
        "below": d.Class("function", {"mu": ("mu", "strongly_convex")}),
        "above": d.Class("function", {"L": ("L", "smooth")}),
        "smooth": d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth")}),
        "both": d.Class("function", {"mu": ("mu", "strongly_convex"), "L": ("L", "smooth")}),
    }
    mean: tuple[d.Vec, d.Vec, str] = ({"x": "1"}, {"h": "1"}, "f")
    everyone: tuple[d.Vec, d.Vec, str] = ({"x": "1", "d": "1"}, GRADIENTS, "fx")
    return d.Method(
        members,
        {"x": {"x": "1", "h": f"-({eta})", "c": f"-({eta})", "e": f"-({eta})"}, "d": {averaged: "1"} if averaged else moved},
        ("h", "c", "u", "e", "w", *((averaged,) if averaged else ())),
        {f"{m} mean": d.Call(m, *mean) for m in members}
        | {f"{m} all": d.Call(m, *everyone, by=ALL) for m in members}
        | {"*": minimum("below")}
        | ({f"{m} *": minimum(m) for m in ("smooth", "both")} if relative else {}),
        ("f", "fx", *(("s", "r") if "cost" in laws else ())),
        start={"d": {}} if spread else {},
        laws={
            "cu": no_inner("c", "u", PARTS), "cd": no_inner("c", "d", PARTS),
            "he": no_inner("h", "e", mean_zero), "ce": no_inner("c", "e", mean_zero),
            "dw": no_inner("d", "w", mean_zero), "uw": no_inner("u", "w", mean_zero),
            **({"hu": no_inner("h", "u", PARTS), "hd": no_inner("h", "d", PARTS)} if relative else {}),
            "mean noise": d.Law((square({"e": "1"}), *times("1/n", size)), mean_zero),
            "noise": d.Law((square({"w": "1"}), *times("(n - 1)/n", size)), mean_zero),
            **laws,
        },
    )  # fmt: skip


def descent(
    eta: str,
    target: d.Terms,
    scale: str = "1",
    *,
    steps: Mapping[str, str] | None = None,
    laws: Mapping[str, str] | None = None,
    signs: Signs = (),
    index: str = "k",
    relative: bool = False,
) -> d.Inequality:
    """scale times: f+ - f* <= (1 - eta mu)(f - f*) + eta/2 ||c||^2 + eta^2 L/2 E||e||^2, and ||c + u||^2 <= L^2 ||d||^2."""
    uses = (
        d.Use("descent", "above", ("above mean", "above mean'"), scale),
        d.Use("interpolation", "below", ("*", "below mean"), f"({scale})*({eta})*mu"),
        d.Use("lipschitz", "smooth", ("smooth all", "smooth mean"), f"({scale})*({eta})/2"),
    )
    own = {
        "he": f"({scale})*({eta})*(L*({eta}) - 1)",
        "ce": f"({scale})*({eta})^2*L",
        "mean noise": f"({scale})*({eta})^2*L/2",
        "cu": f"-({scale})*({eta})",
    }
    if relative:
        cross = f"({scale})*({eta})^2*L*c/n"
        own |= {"cu": f"{own['cu']} + {cross}", "hu": cross}
    return d.Inequality(target, uses, steps or {}, {**own, **(laws or {})}, signs=signs, index=index)


def both_ways(member: str, turn: str) -> tuple[d.Use, ...]:
    """The interpolation inequality between all points and their mean, both ways."""
    pair = (f"{member} all", f"{member} mean")
    return d.Use("interpolation", member, pair, turn), d.Use("interpolation", member, pair[::-1], turn)


def contraction(eta: str, scale: str, equal: bool) -> tuple[tuple[d.Use, ...], dict[str, str]]:
    """scale times: ||d - eta u - eta w||^2 <= (1 - eta mu)^2 ||d||^2 + eta^2 E||w||^2; ``equal``: where L = mu."""
    noise = {"dw": f"-2*({scale})*({eta})", "uw": f"2*({scale})*({eta})^2", "noise": f"({scale})*({eta})^2"}
    if equal:
        turn = f"2*({scale})*({eta})"
        lipschitz = d.Use("lipschitz", "smooth", ("smooth all", "smooth mean"), f"({scale})*({eta})^2")
        return (*both_ways("below", turn), lipschitz), noise | {"cd": turn, "cu": f"-2*({scale})*({eta})^2"}
    turn = f"2*({scale})*({eta})*(1 - ({eta})*mu)"
    return both_ways("both", turn), noise | {"cd": f"({turn})*(L + mu)/(L - mu)", "cu": f"-2*({turn})/(L - mu)"}


def both_cases(make: Callable[[bool], d.Case]) -> d.Split:
    """The class with L > mu, and with L = mu, where F is the parabola."""
    return d.Split("L - mu", make(True), make(False))


def with_beta(make: Callable[[bool], Steps], *before: Interval, after: tuple[Interval, ...] = ()) -> d.Split:
    """Both cases for steps of size 2/(mu (k + beta)); further parameters stand before beta, or after it."""

    def case(equal: bool) -> d.Case:
        if equal:
            return d.Case((MU, *before, Interval("beta", "2", closed_low=True), *after), make(equal), {"L": "mu"})
        return d.Case((MU, Interval("kappa", "1"), *before, MARGIN, *after), make(equal), KAPPA_BETA, KAPPA_LET)

    return both_cases(case)
