r"""Means and variances of estimators from what the draws say of each other, bounds of the evidence by Jensen, and ascent.

Vectors are random numbers with ``<u, v> = E u v``: ``I`` and ``J`` are 1 where the bit is 1 and 0; ``e`` is the constant 1.
"""

from collections.abc import Mapping

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.sampling.programmable_vi import claims

P = Interval("p", "0", "1")


def _real(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name, "") for name in names)


def _nonnegative(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name, "0", "", True) for name in names)


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def _is(u: str, v: str, value: str, *by: str, says: str = "") -> d.Law:
    """<u, v> == value."""
    rest: d.Terms = () if value == "0" else ((f"-({value})", "1"),)
    return d.Law((_inner("1", u, v), *rest), by, True, says=says)


def _derived(
    laws: Mapping[str, d.Law], quantity: d.Terms, domain: tuple[Interval, ...], weights: Mapping[str, str],
    numbers: tuple[str, ...] = (), by: tuple[str, ...] = ("expectation",), reads: Mapping[str, d.Terms] | None = None,
) -> d.Derivation:  # fmt: skip
    """An equality: the sum of laws with these multipliers."""
    vectors = {
        n for law in laws.values() for _, *parts in law.terms for v in parts if not isinstance(v, str) for n in v
    }
    vectors |= {n for _, *parts in quantity for v in parts if not isinstance(v, str) for n in v}
    free = tuple(d.Number(i, ()) for i in _real(*numbers))
    method = d.Method(
        {}, {}, (), {}, fixed=tuple(sorted(vectors)), fixed_values=(), laws=laws, numbers=free, reads=reads or {}
    )
    steps = {"end": d.Combine({}, weights)}
    return d.Derivation(d.Formal(method, quantity, at="0", by=by), d.Case((*domain, *_real(*numbers)), steps))


# --- one site --------------------------------------------------------------------------------------------------------

SITE = (P, *_real("dp", "f1", "f0", "g1", "g0"))
BIT = "the bit is 1 with probability $p$"


def _run(name: str, indicator: str, share: str, mean: str) -> d.Law:
    """What a continuation returns, where it is run, has the same mean whatever was drawn."""
    return _is(indicator, name, f"{share}*{mean}", "correct_continuation", "tower", says=BIT)


@d.derivation(claims.ENUM)
def enum_unbiased() -> d.Derivation:
    laws = {
        n: _is("e", n, m, "correct_continuation") for n, m in (("d1", "g1"), ("d0", "g0"), ("v1", "f1"), ("v0", "f0"))
    }
    weights = {"d1": "p", "d0": "1 - p", "v1": "dp", "v0": "-dp"}
    return _derived(laws, tuple(_inner(c, "e", v) for v, c in weights.items()), SITE, weights)


@d.derivation(claims.REINFORCE)
def reinforce_unbiased() -> d.Derivation:
    laws = {
        "d1": _run("d1", "I", "p", "g1"), "d0": _run("d0", "J", "(1 - p)", "g0"),
        "v1": _run("v1", "I", "p", "f1"), "v0": _run("v0", "J", "(1 - p)", "f0"),
    }  # fmt: skip
    weights = {"d1": "1", "d0": "1", "v1": "dp/p", "v0": "-dp/(1 - p)"}
    estimate = tuple(_inner(c, "I" if v[1] == "1" else "J", v) for v, c in weights.items())
    return _derived(laws, estimate, SITE, weights)


@d.derivation(claims.MVD)
def mvd_unbiased() -> d.Derivation:
    """r1 and r0 are the values of the second runs."""
    runs = {"d1": ("I", "p", "g1"), "d0": ("J", "(1 - p)", "g0"), "v1": ("I", "p", "f1"), "v0": ("J", "(1 - p)", "f0"),
            "r1": ("J", "(1 - p)", "f1"), "r0": ("I", "p", "f0")}  # fmt: skip
    laws = {name: _run(name, *told) for name, told in runs.items()}
    weights = {"d1": "1", "d0": "1", "v1": "dp", "r0": "-dp", "v0": "-dp", "r1": "dp"}
    return _derived(laws, tuple(_inner(c, runs[v][0], v) for v, c in weights.items()), SITE, weights)


@d.derivation(claims.STRAIGHT_THROUGH)
def straight_through() -> d.Derivation:
    """(b + 2 c bit) dp less (f(1) - f(0)) dp = (b + c) dp; slope stands for b."""
    laws = {"bit": _is("I", "e", "p", "quadratic", says=BIT), "one": _is("e", "e", "1", says="$e$ is the constant 1")}
    less: d.Term = ("dp", {"e": "slope", "I": "2*bend"}, {"e": "1"})
    quantity: d.Terms = (less, ("-dp*(slope + bend)", "1"))
    weights = {"bit": "2*bend*dp", "one": "slope*dp"}
    return _derived(laws, quantity, (P, *_real("dp", "bend")), weights, ("slope",))


@d.derivation(claims.COMPOSITION)
def composition() -> d.Derivation:
    """D_k: E d where the first k sites are as they are, and the rest of the program is its exact dual number."""
    laws = {
        "exchange": d.Law((("1", "D'"), ("-1", "D")), ("correct_sites", "tower"), True),
        "exact": d.Law(
            (("1", "D"), ("-gradient", "1")), (), True, "0", says=r"of the whole program the gradient is $\partial L$"
        ),
    }
    method = d.Method({}, {}, (), {}, ("D",), fixed=(), fixed_values=(), laws=laws)
    steps: dict[str, d.Step] = {
        "site": d.Combine({}, {"exchange": "1"}, index="k"),
        "sites": d.Induct("site", (("1", "D"),)),
        "start": d.Combine({}, {"exact": "1"}, index="0"),
        "end": d.Combine({"sites": "1", "start": "1"}),
    }
    formal = d.Formal(method, (("1", "D"),), by=("expectation",))
    return d.Derivation(formal, d.Case(_real("gradient"), steps))


# --- variances -------------------------------------------------------------------------------------------------------


@d.derivation(claims.ENUM_VARIANCE)
def enum_variance() -> d.Derivation:
    """x_b and y_b are d_b and v_b less their means."""
    off: d.Vec = {"x1": "p", "x0": "1 - p", "y1": "dp", "y0": "-dp"}
    reads: dict[str, d.Terms] = {}
    for b in "10":
        reads |= {f"s{b}": (_inner("1", f"x{b}", f"x{b}"),), f"w{b}": (_inner("1", f"y{b}", f"y{b}"),),
                  f"c{b}": (_inner("1", f"x{b}", f"y{b}"),)}  # fmt: skip
    laws = {f"{u}1-{v}0": _is(f"{u}1", f"{v}0", "0", "independent_reruns") for u in "xy" for v in "xy"}
    weights = {"s1": "p^2", "s0": "(1 - p)^2", "w1": "dp^2", "w0": "dp^2", "c1": "2*p*dp", "c0": "-2*(1 - p)*dp"}
    weights |= {"x1-x0": "2*p*(1 - p)", "x1-y0": "-2*p*dp", "y1-x0": "2*(1 - p)*dp", "y1-y0": "-2*dp^2"}
    domain = (P, *_real("dp"), *_nonnegative("s1", "s0", "w1", "w0"), *_real("c1", "c0"))
    return _derived(laws, (("1", off, off),), domain, weights, reads=reads)


def _two_values(high: str, low: str, domain: tuple[Interval, ...], numbers: tuple[str, ...] = ()) -> d.Derivation:
    """The variance of what is ``high`` where the bit is 1, and ``low`` where it is 0."""
    mean = f"(p*({high}) + (1 - p)*({low}))"
    off: d.Vec = {"I": high, "J": low, "e": f"-{mean}"}
    told = {"I-I": "p", "J-J": "1 - p", "I-J": "0", "I-e": "p", "J-e": "1 - p", "e-e": "1"}
    laws = {name: _is(*name.split("-"), value, "exact_continuation", says=BIT) for name, value in told.items()}
    weights = {"I-I": f"({high})^2", "J-J": f"({low})^2", "I-J": f"2*({high})*({low})", "e-e": f"{mean}^2",
               "I-e": f"-2*({high})*{mean}", "J-e": f"-2*({low})*{mean}"}  # fmt: skip
    return _derived(laws, (("1", off, off),), domain, weights, numbers)


@d.derivation(claims.REINFORCE_VARIANCE)
def reinforce_variance() -> d.Derivation:
    return _two_values("g1 + (f1 - base)*dp/p", "g0 - (f0 - base)*dp/(1 - p)", (*SITE, *_real("base")))


@d.derivation(claims.MVD_VARIANCE)
def mvd_variance() -> d.Derivation:
    """Both values of d have the same jump."""
    return _two_values("g1 + jump", "g0 + jump", (P, *_real("g1", "g0")), ("jump",))


@d.derivation(claims.REPARAM_VARIANCE)
def reparam_variance() -> d.Derivation:
    """g is the gradient at m + s z, u its mean, h the gradient at the mean m."""
    method = d.Method(
        {"f": d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth")})}, {}, (),
        {"x": d.Call("f", {"m": "1", "z": "s"}, {"g": "1"}, "fx"), "m": d.Call("f", {"m": "1"}, {"h": "1"}, "fm")},
        fixed=("m", "z", "g", "u", "h"), fixed_values=("fx", "fm"),
        laws={"mean": d.Law((("1", {"g": "1", "u": "-1"}, {"u": "1", "h": "-1"}),), ("expectation",), True),
              "normal": _is("z", "z", "d", "gaussian")},
    )  # fmt: skip
    off: d.Vec = {"g": "1", "u": "-1"}
    end = d.Inequality(
        (("1", off, off), ("-L^2*s^2*d", "1")), (d.Use("lipschitz", "f", ("x", "m")),), laws={"mean": "-2", "normal": "L^2*s^2"},
        index="0",
    )  # fmt: skip
    domain = (Interval("L"), Interval("s"), Interval("d", "1", "", True))
    return d.Derivation(d.Formal(method, (("1", off, off),), at="0", by=("expectation",)), d.Case(domain, {"end": end}))


@d.derivation(claims.SCORE_VARIANCE)
def score_variance() -> d.Derivation:
    """d = ((mu^2 - c) z + 2 mu s z^2 + s^2 z^3)/s; z, q, t are z, z^2 and z^3, and the mean is 2 mu."""
    off: d.Vec = {"z": "(mu^2 - base)/s", "q": "2*mu", "t": "s", "e": "-2*mu"}
    told = {
        "z-z": "1",
        "q-q": "3",
        "t-t": "15",
        "z-t": "3",
        "q-e": "1",
        "e-e": "1",
        "z-q": "0",
        "z-e": "0",
        "q-t": "0",
        "t-e": "0",
    }
    by = ("gaussian", "square")
    laws = {
        n: _is(*n.split("-"), value, *by, says="the moments of $z$ are 0, 1, 0, 3, 0, 15") for n, value in told.items()
    }
    weights = {}
    for name in told:
        u, v = name.split("-")
        weights[name] = f"({off[u]})*({off[v]})" if u == v else f"2*({off[u]})*({off[v]})"
    return _derived(laws, (("1", off, off),), (*_real("mu"), Interval("s"), *_real("base")), weights)


# --- bounds of the evidence ------------------------------------------------------------------------------------------


def _numbers(
    values: tuple[str, ...], laws: Mapping[str, d.Law], quantity: d.Terms, weights: Mapping[str, str], domain: tuple[Interval, ...],
    stands: Mapping[str, d.Terms] | None = None,
) -> d.Derivation:  # fmt: skip
    """A statement between expectations: the sum of laws with these multipliers."""
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=values, laws=laws)
    formal = d.Formal(method, quantity, at="0", by=("expectation",), stands=stands or {})
    return d.Derivation(formal, d.Case(domain, {"end": d.Combine({}, weights)}))


def _less(a: str, b: str, *by: str, equality: bool = False, says: str = "") -> d.Law:
    return d.Law((("1", a), ("-1", b)), by, equality, says=says)


@d.derivation(claims.ELBO_GAP)
def elbo_gap() -> d.Derivation:
    """joint, post, own: E_q of log p(z, y), of log p(z|y) and of log q(z)."""
    laws = {"bayes": d.Law((("1", "joint"), ("-1", "post"), ("-1", "logp")), ("posterior", "normalised"), True)}
    gap: d.Terms = (("1", "logp"), ("-1", "joint"), ("1", "own"))
    return _numbers(
        ("joint", "post", "own", "logp"), laws, gap, {"bayes": "-1"}, (), {"kl": (("1", "own"), ("-1", "post"))}
    )


@d.derivation(claims.EVIDENCE)
def evidence_unbiased() -> d.Derivation:
    """w_k is E p(z, y)/q(z) for the k-th particle."""
    laws = {"weight": d.Law((("1", "w"), ("-evidence", "1")), ("iid_particles", "full_support", "expectation"), True)}
    method = d.Method({}, {}, (), {}, ("w",), fixed=(), fixed_values=(), laws=laws)
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, {"weight": "1"}, index="k"),
        "all": d.Sum("one", (), "1", (("1", "w"),), (("-evidence", "1"),), (("-k*evidence", "1"),)),
        "end": d.Combine({"all": "1/N"}),
    }
    formal = d.Formal(method, d.Mean((("1", "w"),), "N"), horizon="K")
    return d.Derivation(formal, d.Case((Interval("evidence"),), steps))


@d.derivation(claims.WEIGHT_VARIANCE)
def weight_variance() -> d.Derivation:
    """S is the sum of the first k relative weights less 1, x the next."""
    square: d.Terms = (_inner("1", "S", "S"),)
    iid = ("iid_particles", "full_support")
    laws = {"apart": _is("S", "x", "0", *iid), "one": _is("x", "x", "chi2", *iid)}
    start = {"S": {"e": "0"}}
    method = d.Method(
        {}, {"S": {"S": "1", "x": "1"}}, ("x",), {}, fixed=("e",), fixed_values=(), start=start, laws=laws
    )
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, {"apart": "2", "one": "1"}, index="k"),
        "all": d.Sum("one", square, rest=(("-chi2", "1"),), total=(("-k*chi2", "1"),)),
        "end": d.Combine({"all": "1/N^2"}),
    }
    formal = d.Formal(method, (_inner("1/N^2", "S", "S"),), horizon="K", by=("expectation",))
    return d.Derivation(formal, d.Case(_nonnegative("chi2"), steps))


@d.derivation(claims.IWELBO)
def iwelbo_monotone() -> d.Derivation:
    """The mean of K + 1 weights is the mean of the K + 1 means of K of them; left: the mean of the logarithms of these."""
    laws = {
        "jensen": d.Law((("1", "left"), ("-more", "1")), ("jensen",)),
        "each": _less("L_K", "left", "iid_particles", equality=True),
    }
    return _numbers(("left", "L_K"), laws, (("1", "L_K"),), {"jensen": "1", "each": "1"}, _real("more"))


@d.derivation(claims.IWELBO_BELOW)
def iwelbo_below() -> d.Derivation:
    """top: the logarithm of the mean weight's expectation, which is p(y) or less where q does not cover."""
    laws = {
        "jensen": _less("L_K", "top", "jensen", "iid_particles"),
        "mass": d.Law(
            (("1", "top"), ("-logp", "1")), ("normalised",), says="$E_q w$ sums $p(z, y)$ over the support of $q$"
        ),
    }
    return _numbers(("L_K", "top"), laws, (("1", "L_K"),), {"jensen": "1", "mass": "1"}, _real("logp"))


@d.derivation(claims.HVI_GAP)
def hvi_gap() -> d.Derivation:
    """joint, own, cond, back, both: E of log p(z, y), q(z), q(u|z), r(u|z) and q(u)q(z|u)."""
    laws = {
        "chain": d.Law((("1", "both"), ("-1", "own"), ("-1", "cond")), ("joint_draw", "reverse_support"), True, says="$q(u)q(z|u) = q(z)q(u|z)$"),
    }  # fmt: skip
    gap: d.Terms = (("1", "joint"), ("-1", "own"), ("-1", "joint"), ("1", "both"), ("-1", "back"))
    stands: dict[str, d.Terms] = {"kl": (("1", "cond"), ("-1", "back"))}
    return _numbers(("joint", "own", "cond", "back", "both"), laws, gap, {"chain": "1"}, (), stands)


#: for u_0, ..., u_K all drawn from r the law of (u_0, z) has the density a_0/q(z), and by symmetry the mean of all a_k may stand for a_0
TILT = ("joint_draw", "reverse_support")
PHI = r"$\phi(m) = m\log m$ of the mean $m$ of $a_k/q(z)$, all $u_k$ from $r$"


def _tilted(bound: d.Terms, phi: str) -> d.Law:
    """H == ELBO of the marginal less E phi(m)."""
    return d.Law((*bound, ("-1", "marginal"), ("1", phi)), TILT, True, says=PHI)


@d.derivation(claims.HIERARCHICAL)
def hierarchical_monotone() -> d.Derivation:
    laws = {
        "now": _tilted((("1", "H"),), "phi"), "then": _tilted((("more", "1"),), "phi_more"),
        "jensen": _less("phi_more", "left", "jensen"), "each": _less("left", "phi", "reverse_support", "expectation", equality=True),
    }  # fmt: skip
    weights = {"now": "1", "then": "-1", "jensen": "1", "each": "1"}
    return _numbers(("H", "phi", "phi_more", "left", "marginal"), laws, (("1", "H"),), weights, _real("more"))


@d.derivation(claims.HIERARCHICAL_BELOW)
def hierarchical_below() -> d.Derivation:
    laws = {
        "now": d.Law((("1", "H"), ("-elbo", "1"), ("1", "phi")), TILT, True, says=PHI),
        "jensen": d.Law((("-1", "phi"),), ("jensen",), says=r"$\phi(\mathbb E m) = \phi(1) = 0$"),
    }
    return _numbers(("H", "phi"), laws, (("1", "H"),), {"now": "1", "jensen": "1"}, _real("elbo"))


@d.derivation(claims.HIERARCHICAL_GAP)
def hierarchical_gap() -> d.Derivation:
    """gap: exp of the gap, of which m is the mean over (u_0, z) ~ q by Jensen; the K terms of m are one of u_0, others of r."""
    laws = {
        "jensen": _less("gap", "m", "jensen", "joint_draw"),
        "own": d.Law((("K", "m"), ("-1", "first"), ("-(K - 1)", "other")), ("joint_draw", "expectation"), True),
        "first": d.Law((("1", "first"), ("-1 - chi2", "1")), ("joint_draw", "reverse_support"), True),
        "other": d.Law((("1", "other"), ("-1", "1")), ("reverse_support",), True),
    }
    weights = {"jensen": "1", "own": "1/K", "first": "1/K", "other": "(K - 1)/K"}
    domain = (*_nonnegative("chi2"), Interval("K", "1", "", True))
    return _numbers(("gap", "m", "first", "other"), laws, (("1", "gap"),), weights, domain)


# --- ascent ----------------------------------------------------------------------------------------------------------


@d.derivation(claims.ASCENT)
def ascent() -> d.Derivation:
    """f = -F; g its gradient, n the noise of the estimate: x+ = x - eta (g + n)."""
    method = d.Method(
        {"f": d.Class("function", {"L": ("L", "l_smooth")})}, {"x": {"x": "1", "g": "-eta", "n": "-eta"}}, ("g", "n"),
        {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}, ("f",), fixed=(), fixed_values=("f*",),
        laws={
            "unbiased": _is("g", "n", "0", "unbiased", "tower"),
            "noise": d.Law((_inner("1", "n", "n"), ("-sigma2", "1")), ("bounded_variance",)),
            "above": d.Law((("1", "f*"), ("-1", "f")), ("l_smooth",)),
        },
    )  # fmt: skip
    size: d.Terms = (_inner("1", "g", "g"),)
    rise, gap = "eta^2*L*sigma2/2", (("1", "f"), ("-1", "f*"))
    step = d.Inequality(
        (("1", "f'"), ("-1", "f"), ("eta/2", {"g": "1"}, {"g": "1"}), (f"-{rise}", "1")), (d.Use("descent", "f", ("x", "x'")),),
        laws={"unbiased": "-eta + L*eta^2", "noise": "L*eta^2/2"}, squares=(("eta*(1 - L*eta)/2", {"g": "1"}),),
    )  # fmt: skip
    steps: dict[str, d.Step] = {
        "step": step,
        "sum": d.Sum("step", (("1", "f"),), "eta/2", size, ((f"-{rise}", "1"),), ((f"-k*{rise}", "1"),)),
        "end": d.Combine({"sum": "2/(eta*N)"}, {"above": "2/(eta*N)"}),
    }
    domain = (Interval("L"), Interval("eta", "0", "1/L", closed_high=True), *_nonnegative("sigma2"))
    formal = d.Formal(method, d.Mean(size, "N"), horizon="T", stands={"gap0": gap}, by=("expectation", "tower"))
    return d.Derivation(formal, d.Case(domain, steps))
