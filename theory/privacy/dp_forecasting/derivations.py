"""Derivations: likelihood ratios and forecast errors as vectors, inner products are expectations."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.privacy.dp_forecasting import claims


def _sq(c: str, v: d.Vec) -> d.Term:
    return (c, v, v)


def _in(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def _law(terms: d.Terms, *by: str, says: str = "") -> d.Law:
    return d.Law(terms, by, True, says=says)


def _still(fixed: tuple[str, ...], laws: dict[str, d.Law], values: tuple[str, ...] = ()) -> d.Method:
    """Nothing moves: vectors and values with laws between them."""
    return d.Method({}, {}, (), {}, fixed=fixed, fixed_values=values, laws=laws)


def _one_sum(
    method: d.Method, quantity: d.Terms, laws: dict[str, str], domain: tuple[Interval, ...], *by: str,
    stands: dict[str, d.Terms] | None = None,
) -> d.Derivation:  # fmt: skip
    """The claim is one weighted sum of laws."""
    case = d.Case(domain or (Interval("any", "0", "", True),), {"end": d.Combine({}, laws)})
    return d.Derivation(d.Formal(method, quantity, at="0", stands=stands or {}, by=by), case)


FROM_ZERO = {name: Interval(name, "0", "", True) for name in ("s2", "t2", "w2", "v2", "mse", "delta0", "nu", "g", "D")}


@d.derivation(claims.COMPOSITION)
def composition() -> d.Derivation:
    """u_k is the change of the first k releases in units of sigma; the next release changes it in new coordinates, by e."""
    laws = {
        "new": _law((_in("1", "u", "e"),), "fresh_noise"),
        "size": _law((_sq("1", {"e": "1"}), ("-1/s^2", "1")), "l2_sensitivity"),
        "none": d.Law((_sq("1", {"u": "1"}),), (), True, "0", says="before any release nothing is changed"),
    }
    method = d.Method({}, {"u": {"u": "1", "e": "1"}}, ("e",), {}, fixed=(), fixed_values=(), laws=laws)
    mu2: d.Terms = (_sq("1", {"u": "1"}),)
    total: d.Terms = (("-k/s^2", "1"),)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"new": "2", "size": "1"}, index="k"),
        "sum": d.Sum("step", mu2, rest=(("-1/s^2", "1"),), total=total),
        "end": d.Combine({"sum": "1"}, {"none": "1"}),
    }
    formal = d.Formal(method, mu2, horizon="T", by=("gaussian_noise",))
    return d.Derivation(formal, d.Case((Interval("s"),), steps))


@d.derivation(claims.CHI_SQUARE)
def chi_square() -> d.Derivation:
    """r is dP/dQ of the steps so far, l its product with the ratio N(1, z^2)/N(0, z^2) of the next step."""
    laws = {
        "mean": _law((_in("1", "r", "l"), _sq("-1", {"r": "1"})), "fresh_noise", "gaussian_noise"),
        "square": _law((_sq("1", {"l": "1"}), _sq("-w", {"r": "1"})), "fresh_noise", "gaussian_noise"),
        "one": d.Law((_sq("1", {"r": "1"}), ("-1", "1")), (), True, "0", says="before any step the ratio is 1"),
    }
    method = d.Method({}, {"r": {"r": "1 - q", "l": "q"}}, ("l",), {}, fixed=(), fixed_values=(), laws=laws)
    square: d.Terms = (_sq("1", {"r": "1"}),)
    rho = "1 + q^2*(w - 1)"
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"mean": "2*q*(1 - q)", "square": "q^2"}, index="k"),
        "power": d.Induct("step", square, rho, "P"),
        "end": d.Combine({"power": "1"}, {"one": "P"}),
    }
    case = d.Case((Interval("q", "0", "1"), Interval("w", "1")), steps, powers={"P": rho})
    formal = d.Formal(method, square, horizon="T", by=("expectation", "poisson_sampling"))
    return d.Derivation(formal, case)


@d.derivation(claims.POST)
def post_processing() -> d.Derivation:
    """f in [0, 1] is the probability that the released value leads into A; p - e^eps q = a - b, its positive and negative part."""
    laws = {
        "most": d.Law((_in("1", "f", "a"), _in("-1", "i", "a")), ("data_free",)),
        "least": d.Law((_in("-1", "f", "b"),), ("data_free",)),
        "delta": _law((_in("1", "i", "a"), ("-delta0", "1")), says=r"this is the least $\delta$ of the release"),
    }
    event: d.Terms = (("1", {"f": "1"}, {"a": "1", "b": "-1"}),)
    weights = {"most": "1", "least": "1", "delta": "1"}
    return _one_sum(_still(("f", "a", "b", "i"), laws), event, weights, (FROM_ZERO["delta0"],))


def _amplified(
    mixed: str, other: str, quantity: d.Vec, base: str, mix: str, domain: tuple[Interval, ...]
) -> d.Derivation:
    """f is the best event of both mechanisms: where P/Q is beyond one number. m has the density of the sampled mechanism."""
    laws = {
        "mixture": _law((("1", {"f": "1"}, {"m": "1", "u": "-(1 - q)", "v": "-q"}),), "poisson_sampling"),
        "best": _law(
            (("1", {"f": "1"}, {mixed: "1", other: f"-({base})"}), ("-delta0", "1")),
            says="the event is the same: both likelihood ratios increase with each other",
        ),
    }
    scale = "q" if mixed == "v" else "q - D*(1 - q)"
    event: d.Terms = (("1", {"f": "1"}, quantity),)
    return _one_sum(_still(("f", "m", "u", "v"), laws), event, {"mixture": mix, "best": scale}, domain)


@d.derivation(claims.REMOVE)
def remove() -> d.Derivation:
    """u is the density of Q, v that of P: m - (1 + D) u = q (v - (1 + D/q) u)."""
    domain = (Interval("q", "0", "1"), FROM_ZERO["D"], FROM_ZERO["delta0"])
    return _amplified("v", "u", {"m": "1", "u": "-(1 + D)"}, "1 + D/q", "1", domain)


@d.derivation(claims.ADD)
def add() -> d.Derivation:
    """u - (1 + D) m = (q - D (1 - q)) (u - (1 + D) q/(q - D (1 - q)) v)."""
    domain = (FROM_ZERO["D"], Interval("q", "D/(1 + D)", "1"), FROM_ZERO["delta0"])
    return _amplified("u", "v", {"u": "1", "m": "-(1 + D)"}, "(1 + D)*q/(q - D*(1 - q))", "-(1 + D)", domain)


@d.derivation(claims.FLOOR)
def order_floor() -> d.Derivation:
    """The epsilon of the best order, which lies below a_max; t >= 0 is T times the divergence of that order."""
    laws = {
        "divergence": d.Law((("-1", "t"),), (), says="a Renyi divergence is not negative"),
        "conversion": _law((("1", "e"), ("-1", "t"), ("-ell/(o - 1)", "1")), says="the conversion at the best order o"),
    }
    order = d.Number(Interval("o", "1", "a_max", closed_high=True), ("orders_listed",))
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("e", "t"), laws=laws, numbers=(order,))
    end = d.Inequality(
        (("-1", "e"), ("ell/(a_max - 1)", "1")), laws={"divergence": "1", "conversion": "-1"},
        signs=(("ell/(o - 1) - ell/(a_max - 1)", {}),), index="0",
    )  # fmt: skip
    case = d.Case((Interval("ell"), Interval("a_max", "1"), order.interval), {"end": end})
    return d.Derivation(d.Formal(method, (("1", "e"),), at="0"), case)


@d.derivation(claims.OPTIMAL_ORDER)
def optimal_order() -> d.Derivation:
    """rho a + ell/(a - 1) - rho - 2 r = (rho (a - 1) - r)^2/(rho (a - 1)) with r the root of rho ell."""
    over = Interval("a", "1")
    gap = "(rho*(a - 1) - r)^2/(rho*(a - 1))"
    below = d.Inequality(((f"-{gap}", "1"),), signs=((gap, {}),), index="0")
    case = d.Case((Interval("rho"), Interval("r"), over), {"below": below}, {"ell": "r^2/rho"}, roots={"r": "rho*ell"})
    infimum = d.Infimum("rho*a + ell/(a - 1)", over, "1 + r/rho", "all_orders")
    return d.Derivation(d.Formal(_still((), {}), infimum, at="0"), case)


@d.derivation(claims.MICROBATCH)
def microbatch() -> d.Derivation:
    """||g - h||^2 = 2||g||^2 + 2||h||^2 - ||g + h||^2."""
    laws = {n: d.Law((_sq("1", {n: "1"}), ("-C^2", "1")), ("clipped",)) for n in ("g", "h")}
    far: d.Terms = (_sq("1", {"g": "1", "h": "-1"}),)
    end = d.Combine({}, {"g": "2", "h": "2"}, squares=(("1", {"g": "1", "h": "1"}),))
    return d.Derivation(d.Formal(_still(("g", "h"), laws), far, at="0"), d.Case((Interval("C"),), {"end": end}))


@d.derivation(claims.WINDOWS)
def windows() -> d.Derivation:
    """u is the sum of k + 1 gradients, the first is h: ||u + g||^2 <= (1 + 1/(k + 1))||u||^2 + (k + 2)||g||^2."""
    laws = {n: d.Law((_sq("1", {n: "1"}), ("-C^2", "1")), ("clipped",), index=i) for n, i in (("g", "k"), ("h", "0"))}
    step = {"u": {"u": "1", "g": "1"}}
    method = d.Method({}, step, ("g",), {}, fixed=("h",), fixed_values=(), start={"u": {"h": "1"}}, laws=laws)
    whole: d.Terms = (_sq("1", {"u": "1"}), ("-(k + 1)^2*C^2", "1"))
    further: d.Terms = (_sq("1", {"u'": "1"}), ("-(k + 2)^2*C^2", "1"))
    steps: dict[str, d.Step] = {
        "first": d.Inequality((_sq("1", {"u'": "1"}), ("-4*C^2", "1")), laws={"g": "2", "h": "2"}, index="0"),
        "next": d.Inequality(further, laws={"g": "k + 2"}, assumes=((whole, "(k + 2)/(k + 1)"),)),
        "end": d.InductHypothesis("first", "next", whole),
    }
    case = d.Case((Interval("C"),), steps)
    return d.Derivation(d.Formal(method, (_sq("1", {"u": "1"}),), horizon="p"), case)


# --- forecasters: y is the true value, x what the weights make of clean lags, n what they make of the noise ----------------


@d.derivation(claims.IP_RISK)
def ip_risk() -> d.Derivation:
    """f is the best forecast from noisy lags: y - f is orthogonal to it, and E y f = c'(R + s2 I)^-1 c."""
    laws = {
        "variance": _law((_sq("1", {"y": "1"}), ("-r0", "1")), says="the variance of the series"),
        "normal": _law((("1", {"y": "1", "f": "-1"}, {"f": "1"}),), "least_squares"),
        "explained": _law((_in("1", "y", "f"), ("-g", "1")), "least_squares", "independent_noise"),
    }
    error: d.Terms = (_sq("1", {"y": "1", "f": "-1"}),)
    weights = {"variance": "1", "normal": "-1", "explained": "-1"}
    domain = (Interval("r0"), FROM_ZERO["g"])
    return _one_sum(_still(("y", "f"), laws), error, weights, domain, "expectation")


@d.derivation(claims.ONE_LAG)
def one_lag() -> d.Derivation:
    """x is the noisy lag, with the weight r1/(r0 + s2) that solves the normal equation."""
    laws = {
        "variance": _law((_sq("1", {"y": "1"}), ("-r0", "1")), says="the variance of the series"),
        "lag": _law((_in("1", "y", "x"), ("-r1", "1")), "independent_noise"),
        "noisy": _law((_sq("1", {"x": "1"}), ("-(r0 + s2)", "1")), "independent_noise"),
    }
    weight = "r1/(r0 + s2)"
    error: d.Terms = (_sq("1", {"y": "1", "x": f"-{weight}"}),)
    weights = {"variance": "1", "lag": f"-2*{weight}", "noisy": f"({weight})^2"}
    domain = (Interval("r0"), Interval("r1", ""), FROM_ZERO["s2"])
    return _one_sum(_still(("y", "x"), laws), error, weights, domain, "expectation", "least_squares")


@d.derivation(claims.IP_PRICE)
def ip_price() -> d.Derivation:
    """F(s2) is at most the objective at w0, whose clean part is F(0)."""
    laws = {"best": d.Law((("1", "F"), ("-1", "F0"), ("-s2*w2", "1")), ("least_squares_noisy", "independent_noise"))}
    price: d.Terms = (("1", "F"), ("-1", "F0"))
    domain = (FROM_ZERO["s2"], FROM_ZERO["w2"])
    return _one_sum(_still((), laws, ("F", "F0")), price, {"best": "1"}, domain, "expectation")


@d.derivation(claims.IP_MONOTONE)
def ip_monotone() -> d.Derivation:
    """At w_tau the objective of the smaller noise is F(t2) - (t2 - s2) v2, and at least its own least value."""
    laws = {
        "best": d.Law((("mse", "1"), ("-1", "c"), ("-s2*v2", "1")), ("least_squares_noisy",)),
        "parts": _law((("1", "F"), ("-1", "c"), ("-t2*v2", "1")), "independent_noise"),
    }
    domain = tuple(FROM_ZERO[n] for n in ("s2", "t2", "v2", "mse"))
    method = _still((), laws, ("F", "c"))
    return _one_sum(method, (("1", "F"),), {"best": "1", "parts": "-1"}, domain, "expectation")


@d.derivation(claims.TARGET_NOISE)
def target_noise() -> d.Derivation:
    """n is the noise of the target, e the error of the forecast from noisy lags against the true target."""
    laws = {
        "independent": _law((_in("1", "n", "e"),), "independent_noise"),
        "noise": _law((_sq("1", {"n": "1"}), ("-s2", "1")), says="the variance of the noise"),
    }
    stands: dict[str, d.Terms] = {"risk": (_sq("1", {"e": "1"}),)}
    error: d.Terms = (_sq("1", {"n": "1", "e": "1"}),)
    weights = {"independent": "2", "noise": "1"}
    return _one_sum(_still(("n", "e"), laws), error, weights, (FROM_ZERO["s2"],), "expectation", stands=stands)


@d.derivation(claims.GP_MODE)
def gp_mode() -> d.Derivation:
    """E v'^2 = (1 - eta lam)^2 E v^2 + eta^2 nu^2."""
    laws = {
        "fresh": _law((_in("1", "v", "x"),), "clipping_inactive"),
        "size": _law((_sq("1", {"x": "1"}), ("-nu^2", "1")), "clipping_inactive"),
    }
    method = d.Method({}, {"v": {"v": "1 - eta*lam", "x": "eta"}}, ("x",), {}, fixed=(), fixed_values=(), laws=laws)
    excess: d.Terms = (_sq("lam", {"v": "1"}),)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"fresh": "2*lam*eta*(1 - eta*lam)", "size": "lam*eta^2"}, index="k"),
        "end": d.Settle("step", excess, "(1 - eta*lam)^2", "lam*eta^2*nu^2"),
    }
    case = d.Case((Interval("lam"), Interval("eta", "0", "2/lam"), FROM_ZERO["nu"]), steps)
    return d.Derivation(d.Formal(method, d.Limit(excess), by=("expectation",)), case)
