"""Derivations of ATOMO's claims: sums over atoms as inner products of the vectors lambda_i/sqrt(p_i) and sqrt(p_i)."""

from gradproof.theory import derivation as d
from gradproof.theory.communication import atomo
from gradproof.theory.field import Interval


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


SECOND: d.Terms = (_inner("1", "u", "u"),)  # sum of lambda_i^2/p_i
L1: d.Terms = (_inner("1", "u", "v"),)


@d.derivation(atomo.BALANCED_VALUE)
def balanced_value() -> d.Derivation:
    """||u - (l1/s) v||^2 >= 0 with u_i = |lambda_i|/sqrt(p_i), v_i = sqrt(p_i), for every p within the budget."""
    laws = {"budget": d.Law((_inner("1", "v", "v"), ("-s", "1")), ("budget",))}
    method = d.Method({}, {}, (), {}, fixed=("u", "v"), fixed_values=(), laws=laws, reads={"l1": L1})
    end = d.Inequality(
        (_inner("-1", "u", "u"), ("l1^2/s", "1")),
        laws={"budget": "l1^2/s^2", "l1": "-2*l1/s"},
        squares=(("1", {"u": "1", "v": "-l1/s"}),),
        index="0",
    )
    case = d.Case((Interval("l1", "0", "", True), Interval("s")), {"end": end})
    return d.Derivation(d.Formal(method, SECOND, at="0"), case)


@d.derivation(atomo.QSGD_TERNGRAD)
def qsgd_terngrad() -> d.Derivation:
    """p_i = |g_i|/lq, so that u_i = |g_i|/sqrt(p_i) is lq times v_i = sqrt(p_i)."""
    u: d.Vec = {"v": "lq"}
    mean = d.Law(
        (("1", "M"), ("-1", u, u)),
        ("one_level", "expectation"),
        equality=True,
        says=r"entry $g_i/p_i$ with probability $p_i$: $\mathbb E\|\hat g\|^2 = \sum g_i^2/p_i$",
    )
    reads: dict[str, d.Terms] = {"l1": (("1", u, {"v": "1"}),)}
    method = d.Method({}, {}, (), {}, fixed=("v",), fixed_values=("M",), laws={"mean": mean}, reads=reads)
    case = d.Case(
        (Interval("l1", "0", "", True), Interval("lq", "0", "", True)),
        {"end": d.Combine({}, {"mean": "1", "l1": "lq"})},
    )
    return d.Derivation(d.Formal(method, (("1", "M"),), at="0"), case)


@d.derivation(atomo.SPECTRAL_FROM_BELOW)
def spectral_from_below() -> d.Derivation:
    """X = F Y with ||Y|| = 1 and S the signs of X: F <Y, S> is the entrywise norm and <Y, S> <= sqrt(nm)."""
    laws = {
        "unit": d.Law((_inner("1", "Y", "Y"), ("-1", "1")), (), True, says=r"$X = FY$, $F = \|X\|_F$"),
        "signs": d.Law((_inner("1", "S", "S"), ("-n*m", "1")), (), says="$S$ holds the signs of $X$"),
        "norms": d.Law((("F", "1"), ("-1", "nuclear")), ("unit_atoms", "nuclear-dual")),
    }
    method = d.Method(
        {},
        {},
        (),
        {},
        fixed=("Y", "S"),
        fixed_values=("nuclear",),
        laws=laws,
        reads={"entrywise": (_inner("F", "Y", "S"),)},
        numbers=(d.Number(Interval("F", "0", "", True), ()),),
    )
    end = d.Inequality(
        (("-1", "nuclear"), ("entrywise/r", "1")),
        laws={"norms": "1", "unit": "F/2", "signs": "F/(2*r^2)", "entrywise": "-1/r"},
        squares=(("F/2", {"Y": "1", "S": "-1/r"}),),
        index="0",
    )
    domain = (
        Interval("m", "1", "", True),
        Interval("r", "1", "", True),
        Interval("F", "0", "", True),
        Interval("entrywise", "0", "", True),
    )
    case = d.Case(domain, {"end": end}, {"n": "r^2/m"}, roots={"r": "n*m"})
    return d.Derivation(d.Formal(method, (("1", "nuclear"),), at="0"), case)


@d.derivation(atomo.SGD_EFFECT)
def sgd_effect() -> d.Derivation:
    """The sparsified gradient g of ||x||^2/2 is unbiased."""
    laws = {
        "unbiased": d.Law(
            (_inner("1", "x", "g"), _inner("-1", "x", "x")),
            ("expectation",),
            equality=True,
            says=r"an atom $\lambda_i/p_i$ with probability $p_i$",
        ),
        "least": d.Law((_inner("1", "g", "g"), ("-1", "value")), ("optimal",), True),
    }
    method = d.Method({}, {}, (), {}, fixed=("x", "g"), fixed_values=("value",), laws=laws)
    after: d.Vec = {"x": "1", "g": "-gamma"}
    stands: dict[str, d.Terms] = {"x2": (_inner("1", "x", "x"),), "V": (("1", "value"),)}
    formal = d.Formal(method, (("1", after, after),), at="0", stands=stands)
    steps = {"end": d.Combine({}, {"unbiased": "-2*gamma", "least": "gamma^2"})}
    return d.Derivation(formal, d.Case((Interval("gamma"),), steps))
