r"""Means and variances of estimators from what the draws say of each other, bounds of the evidence by Jensen, and ascent.

Vectors are random numbers with ``<u, v> = E u v``: ``I`` and ``J`` are 1 where the bit is 1 and 0; ``e`` is the constant 1.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from gradproof.theory import derivation as d
from gradproof.theory.claim import Claim
from gradproof.theory.field import Interval
from gradproof.theory.sampling import programmable_vi as claims

P = Interval("p", "0", "1")


def _real(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name, "") for name in names)


def _nonnegative(*names: str) -> tuple[Interval, ...]:
    return tuple(Interval(name, "0", "", True) for name in names)


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def _is(u: str, v: str, value: str, *by: str, says: str = "") -> d.Law:
    """<u, v> == value."""
    return d.Law((_inner("1", u, v), *(() if value == "0" else ((f"-({value})", "1"),))), by, True, says=says)


def _derived(
    laws: Mapping[str, d.Law], quantity: d.Terms, domain: tuple[Interval, ...], weights: Mapping[str, str],
    numbers: tuple[str, ...] = (), reads: Mapping[str, d.Terms] | None = None,
) -> d.Derivation:  # fmt: skip
    """An equality between means of products: the sum of laws with these multipliers."""
    parts = [v for terms in (quantity, *(law.terms for law in laws.values())) for _, *uv in terms for v in uv]
    fixed = tuple(sorted({n for v in parts if not isinstance(v, str) for n in v}))
    free = tuple(d.Number(i, ()) for i in _real(*numbers))
    method = d.Method({}, {}, (), {}, fixed=fixed, fixed_values=(), laws=laws, numbers=free, reads=reads or {})
    case = d.Case((*domain, *_real(*numbers)), {"end": d.Combine({}, weights)})
    return d.Derivation(d.Formal(method, quantity, at="0", by=("expectation",)), case)


SITE = (P, *_real("dp", "f1", "f0", "g1", "g0"))
BIT = "the bit is 1 with probability $p$"
VALUE = {"d1": "g1", "d0": "g0", "v1": "f1", "v0": "f0", "r1": "f1", "r0": "f0"}  # what each run has as its mean
SHARE = {"e": "", "I": "p*", "J": "(1 - p)*"}


def _runs(parts: Mapping[str, tuple[str, str]]) -> d.Derivation:
    """E d from its parts: run -> (where it counts, its weight); a run has the same mean whatever was drawn."""
    by = ("correct_continuation", "tower")
    laws = {n: _is(where, n, SHARE[where] + VALUE[n], *by, says=BIT) for n, (where, _) in parts.items()}
    quantity = tuple(_inner(c, where, n) for n, (where, c) in parts.items())
    return _derived(laws, quantity, SITE, {n: c for n, (_, c) in parts.items()})


DRAWN = {"d1": ("I", "1"), "d0": ("J", "1")}
PARTS: dict[Claim, dict[str, tuple[str, str]]] = {  # r1 and r0 are the values of the second runs
    claims.ENUM: {"d1": ("e", "p"), "d0": ("e", "1 - p"), "v1": ("e", "dp"), "v0": ("e", "-dp")},
    claims.REINFORCE: {**DRAWN, "v1": ("I", "dp/p"), "v0": ("J", "-dp/(1 - p)")},
    claims.MVD: {**DRAWN, "v1": ("I", "dp"), "v0": ("J", "-dp"), "r0": ("I", "-dp"), "r1": ("J", "dp")},
}
for _claim, _parts in PARTS.items():
    d.derivation(_claim)(partial(_runs, _parts))


@d.derivation(claims.STRAIGHT_THROUGH)
def straight_through() -> d.Derivation:
    """(b + 2 c bit) dp less (f(1) - f(0)) dp = (b + c) dp; slope stands for b."""
    laws = {"bit": _is("I", "e", "p", "quadratic", says=BIT), "one": _is("e", "e", "1", says="$e$ is the constant 1")}
    quantity: d.Terms = (("dp", {"e": "slope", "I": "2*bend"}, {"e": "1"}), ("-dp*(slope + bend)", "1"))
    return _derived(laws, quantity, (P, *_real("dp", "bend")), {"bit": "2*bend*dp", "one": "slope*dp"}, ("slope",))


@d.derivation(claims.COMPOSITION)
def composition() -> d.Derivation:
    """D_k: E d where the first k sites are as they are, and the rest of the program is its exact dual number."""
    whole = r"of the whole program the gradient is $\partial L$"
    laws = {
        "exchange": d.Law((("1", "D'"), ("-1", "D")), ("correct_sites", "tower"), True),
        "exact": d.Law((("1", "D"), ("-gradient", "1")), (), True, "0", says=whole),
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


def _square(off: Mapping[str, str], moments: Mapping[str, str]) -> dict[str, str]:
    """The multipliers of moments ``u-v`` in the square of a combination."""
    pairs = {m: m.split("-") for m in moments}
    return {m: f"({off[u]})*({off[v]})" if u == v else f"2*({off[u]})*({off[v]})" for m, (u, v) in pairs.items()}


@d.derivation(claims.ENUM_VARIANCE)
def enum_variance() -> d.Derivation:
    """x_b and y_b are d_b and v_b less their means."""
    off = {"x1": "p", "x0": "1 - p", "y1": "dp", "y0": "-dp"}
    pairs = {"s": ("x", "x"), "w": ("y", "y"), "c": ("x", "y")}
    told = {f"{name}{b}": f"{u}{b}-{v}{b}" for name, (u, v) in pairs.items() for b in "10"}
    reads: dict[str, d.Terms] = {name: (_inner("1", *m.split("-")),) for name, m in told.items()}
    apart = [f"{u}1-{v}0" for u in "xy" for v in "xy"]
    laws = {m: _is(*m.split("-"), "0", "independent_reruns") for m in apart}
    weights = _square(off, dict.fromkeys([*told.values(), *apart], ""))
    domain = (P, *_real("dp"), *_nonnegative("s1", "s0", "w1", "w0"), *_real("c1", "c0"))
    named = {name: weights[m] for name, m in told.items()} | {m: weights[m] for m in apart}
    return _derived(laws, (("1", off, off),), domain, named, reads=reads)


def _two_values(high: str, low: str, domain: tuple[Interval, ...], numbers: tuple[str, ...] = ()) -> d.Derivation:
    """The variance of what is ``high`` where the bit is 1, and ``low`` where it is 0."""
    off = {"I": high, "J": low, "e": f"-(p*({high}) + (1 - p)*({low}))"}
    told = {"I-I": "p", "J-J": "1 - p", "I-J": "0", "I-e": "p", "J-e": "1 - p", "e-e": "1"}
    laws = {m: _is(*m.split("-"), value, "exact_continuation", says=BIT) for m, value in told.items()}
    return _derived(laws, (("1", off, off),), domain, _square(off, told), numbers)


_ends = "g1 + (f1 - base)*dp/p", "g0 - (f0 - base)*dp/(1 - p)"
d.derivation(claims.REINFORCE_VARIANCE)(partial(_two_values, *_ends, (*SITE, *_real("base"))))
d.derivation(claims.MVD_VARIANCE)(partial(_two_values, "g1 + jump", "g0 + jump", (P, *_real("g1", "g0")), ("jump",)))


@d.derivation(claims.REPARAM_VARIANCE)
def reparam_variance() -> d.Derivation:
    """g is the gradient at m + s z, u its mean, h the gradient at the mean m."""
    off: d.Vec = {"g": "1", "u": "-1"}
    method = d.Method(
        {"f": d.Class("function", {"L": ("L", "smooth"), "mu": ("-L", "smooth")})}, {}, (),
        {"x": d.Call("f", {"m": "1", "z": "s"}, {"g": "1"}, "fx"), "m": d.Call("f", {"m": "1"}, {"h": "1"}, "fm")},
        fixed=("m", "z", "g", "u", "h"), fixed_values=("fx", "fm"),
        laws={"mean": d.Law((("1", off, {"u": "1", "h": "-1"}),), ("expectation",), True),
              "normal": _is("z", "z", "d", "gaussian")},
    )  # fmt: skip
    use, weights = d.Use("lipschitz", "f", ("x", "m")), {"mean": "-2", "normal": "L^2*s^2"}
    end = d.Inequality((("1", off, off), ("-L^2*s^2*d", "1")), (use,), laws=weights, index="0")
    domain = (Interval("L"), Interval("s"), Interval("d", "1", "", True))
    return d.Derivation(d.Formal(method, (("1", off, off),), at="0", by=("expectation",)), d.Case(domain, {"end": end}))


@d.derivation(claims.SCORE_VARIANCE)
def score_variance() -> d.Derivation:
    """d = ((mu^2 - c) z + 2 mu s z^2 + s^2 z^3)/s; z, q, t are z, z^2 and z^3, and the mean is 2 mu."""
    off = {"z": "(mu^2 - base)/s", "q": "2*mu", "t": "s", "e": "-2*mu"}
    told = {"z-z": "1", "q-q": "3", "t-t": "15", "z-t": "3", "q-e": "1", "e-e": "1"}
    told |= dict.fromkeys(("z-q", "z-e", "q-t", "t-e"), "0")
    says = "the moments of $z$ are 0, 1, 0, 3, 0, 15"
    laws = {m: _is(*m.split("-"), value, "gaussian", "square", says=says) for m, value in told.items()}
    return _derived(laws, (("1", off, off),), (*_real("mu"), Interval("s"), *_real("base")), _square(off, told))


# --- bounds of the evidence ------------------------------------------------------------------------------------------


def _terms(words: str) -> d.Terms:
    """Values with signs, as text; ``#`` before a parameter."""
    parts = [(w[0] == "-", w.lstrip("-")) for w in words.split()]
    return tuple(("-" * minus + n[1:], "1") if n[0] == "#" else ("-1" if minus else "1", n) for minus, n in parts)


def _between(
    claim: Claim, quantity: str, laws: Sequence[tuple[str, str, tuple[str, ...], str]], domain: tuple[Interval, ...] = (),
    stands: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """A statement between expectations is a sum of laws: (multiplier, ``a - b <= 0`` or ``== 0`` as text, by, why)."""
    known = {f"{k}": d.Law(_terms(t[:-2]), by, t.endswith("=="), says=why) for k, (_, t, by, why) in enumerate(laws)}
    named = {str(t[1]) for terms in (_terms(quantity), *(law.terms for law in known.values())) for t in terms} - {"1"}
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=tuple(sorted(named)), laws=known)
    read = {name: _terms(words) for name, words in (stands or {}).items()}
    formal = d.Formal(method, _terms(quantity), at="0", by=("expectation",), stands=read)
    case = d.Case(domain, {"end": d.Combine({}, {f"{k}": law[0] for k, law in enumerate(laws)})})
    d.derivation(claim)(lambda: d.Derivation(formal, case))


# joint, post, own: E_q of log p(z, y), of log p(z|y) and of log q(z)
BAYES = ("-1", "joint -post -logp ==", ("posterior", "normalised"), "")
_between(claims.ELBO_GAP, "logp -joint own", [BAYES], stands={"kl": "own -post"})


@d.derivation(claims.WEIGHT_VARIANCE)
def weight_variance() -> d.Derivation:
    """S is the sum of the first k relative weights less 1, x the next."""
    iid = ("iid_particles", "full_support")
    laws = {"apart": _is("S", "x", "0", *iid), "one": _is("x", "x", "chi2", *iid)}
    moves: dict[str, d.Vec] = {"S": {"S": "1", "x": "1"}}
    method = d.Method({}, moves, ("x",), {}, fixed=("e",), fixed_values=(), start={"S": {"e": "0"}}, laws=laws)
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, {"apart": "2", "one": "1"}, index="k"),
        "all": d.Sum("one", (_inner("1", "S", "S"),), rest=(("-chi2", "1"),), total=(("-k*chi2", "1"),)),
        "end": d.Combine({"all": "1/N^2"}),
    }
    formal = d.Formal(method, (_inner("1/N^2", "S", "S"),), horizon="K", by=("expectation",))
    return d.Derivation(formal, d.Case(_nonnegative("chi2"), steps))


# the mean of K + 1 weights is the mean of the K + 1 means of K of them; left: the mean of the logarithms of these
LEFT_OUT = [("1", "left -#more <=", ("jensen",), ""), ("1", "L_K -left ==", ("iid_particles",), "")]
_between(claims.IWELBO, "L_K", LEFT_OUT, _real("more"))

# top: the logarithm of the mean weight's expectation, which is p(y) or less where q does not cover
MASS = ("1", "top -#logp <=", ("normalised",), "$E_q w$ sums $p(z, y)$ over the support of $q$")
_between(claims.IWELBO_BELOW, "L_K", [("1", "L_K -top <=", ("jensen", "iid_particles"), ""), MASS], _real("logp"))

# own, cond, back, both: E of log q(z), q(u|z), r(u|z) and q(u)q(z|u); log p(z, y) is in both bounds
TILT = ("joint_draw", "reverse_support")
CHAIN = ("1", "both -own -cond ==", TILT, "$q(u)q(z|u) = q(z)q(u|z)$")
_between(claims.HVI_GAP, "both -own -back", [CHAIN], stands={"kl": "cond -back"})

# with u_0, ..., u_K all drawn from r the law of (u_0, z) has the density a_0/q(z), for which by symmetry the mean of all may stand;
# marginal: the ELBO with the exact marginal; left: the mean of phi over the means that leave one particle out
PHI = r"$\phi(m) = m\log m$ of the mean $m$ of $a_k/q(z)$, all $u_k$ from $r$"
FEWER = [
    ("1", "H -marginal phi ==", TILT, PHI), ("-1", "#more -marginal phi_more ==", TILT, PHI),
    ("1", "phi_more -left <=", ("jensen",), ""), ("1", "left -phi ==", ("reverse_support", "expectation"), ""),
]  # fmt: skip
_between(claims.HIERARCHICAL, "H", FEWER, _real("more"))
NONNEGATIVE = ("1", "-phi <=", ("jensen",), r"$\phi(\mathbb E m) = \phi(1) = 0$")
_between(claims.HIERARCHICAL_BELOW, "H", [("1", "H -#elbo phi ==", TILT, PHI), NONNEGATIVE], _real("elbo"))


@d.derivation(claims.HIERARCHICAL_GAP)
def hierarchical_gap() -> d.Derivation:
    """gap: exp of the gap, of which m is the mean over (u_0, z) ~ q by Jensen; the K terms of m are one of u_0, others of r."""
    laws = {
        "jensen": d.Law(_terms("gap -m"), ("jensen", "joint_draw")),
        "own": d.Law((("K", "m"), ("-1", "first"), ("-(K - 1)", "other")), ("joint_draw", "expectation"), True),
        "first": d.Law((("1", "first"), ("-1 - chi2", "1")), TILT, True),
        "other": d.Law((("1", "other"), ("-1", "1")), ("reverse_support",), True),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("gap", "m", "first", "other"), laws=laws)
    end = d.Combine({}, {"jensen": "1", "own": "1/K", "first": "1/K", "other": "(K - 1)/K"})
    case = d.Case((*_nonnegative("chi2"), Interval("K", "1", "", True)), {"end": end})
    return d.Derivation(d.Formal(method, _terms("gap"), at="0", by=("expectation",)), case)


@d.derivation(claims.ASCENT)
def ascent() -> d.Derivation:
    """f = -F; g its gradient, n the noise of the estimate: x+ = x - eta (g + n)."""
    laws = {
        "unbiased": _is("g", "n", "0", "unbiased", "tower"),
        "noise": d.Law((_inner("1", "n", "n"), ("-sigma2", "1")), ("bounded_variance",)),
        "above": d.Law(_terms("f* -f"), ("l_smooth",)),
    }
    method = d.Method(
        {"f": d.Class("function", {"L": ("L", "l_smooth")})}, {"x": {"x": "1", "g": "-eta", "n": "-eta"}}, ("g", "n"),
        {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}, ("f",), fixed=(), fixed_values=("f*",), laws=laws,
    )  # fmt: skip
    size: d.Terms = (_inner("1", "g", "g"),)
    rise = "eta^2*L*sigma2/2"
    step = d.Inequality(
        (*_terms("f' -f"), _inner("eta/2", "g", "g"), (f"-{rise}", "1")), (d.Use("descent", "f", ("x", "x'")),),
        laws={"unbiased": "-eta + L*eta^2", "noise": "L*eta^2/2"}, squares=(("eta*(1 - L*eta)/2", {"g": "1"}),),
    )  # fmt: skip
    steps: dict[str, d.Step] = {
        "step": step,
        "sum": d.Sum("step", _terms("f"), "eta/2", size, ((f"-{rise}", "1"),), ((f"-k*{rise}", "1"),)),
        "end": d.Combine({"sum": "2/(eta*N)"}, {"above": "2/(eta*N)"}),
    }
    domain = (Interval("L"), Interval("eta", "0", "1/L", closed_high=True), *_nonnegative("sigma2"))
    gap = {"gap0": _terms("f -f*")}
    formal = d.Formal(method, d.Mean(size, "N"), horizon="T", stands=gap, by=("expectation", "tower"))
    return d.Derivation(formal, d.Case(domain, steps))
