"""False derivations by rules that do not apply: steps, inductions and sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from gradproof.solvers.exact.derivation_attacks import Attack
from gradproof.solvers.exact.derivation_toys import (
    HALF,
    C,
    G,
    N,
    X,
    a,
    assumed_to_be,
    b,
    forgery,
    negated,
    square,
    toy_claim,
    toy_method,
)
from gradproof.theory import derivation as d
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval
from gradproof.theory.parameter import NONNEGATIVE, Parameter

_N, _a, _b = N.symbol, a.symbol, b.symbol

#: (N - k) ||g_k||^2 <= 0 for k < N says that g_k = 0 there, and nothing of g_N
EARLY = d.Law((square("N - k", "g"),), ("early",))


def _steps() -> Iterator[Attack]:
    early = toy_method(laws={"early": EARLY})
    assumed = (assumed_to_be("early"),)
    gone = d.Inequality((G,), laws={"early": "1/(N - k)"})
    yield forgery(
        "a step for k < N, read at N",
        toy_claim(0, N, assumes=assumed),
        (G,),
        d.Case((), {"step": gone, "end": d.Instantiate("step", "N")}, reach="k<N"),
        early,
    )
    null = {
        "step": gone,
        "zero": d.Vanish({"g": "1"}, "step"),
        "end": d.Inequality((G,), nulls=(("zero", {"g": "1"}, "1"),), index="N"),
    }
    yield forgery(
        "a vector that vanishes for k < N, read at N",
        toy_claim(0, N, assumes=assumed),
        (G,),
        d.Case((), null, reach="k<N"),
        early,
    )
    total = {"step": gone, "end": d.Sum("step", (), "1", (G,), upto="N+1")}
    yield forgery(
        "a step for k < N, summed over k <= N",
        toy_claim(0, N, assumes=assumed),
        d.Mean((G,), "N+1"),
        d.Case((), {**total, "mean": d.Combine({"end": "1/(N+1)"})}, reach="k<N"),
        early,
    )
    still = {"zero": d.Invariant({"x": "1"}), "end": d.Inequality((X,), nulls=(("zero", {"x": "1"}, "1"),), index="N")}
    yield forgery("an invariant that does not begin at zero", toy_claim(0), (X,), still, toy_method({"x": {"x": "1"}}))
    yield forgery(
        "an invariant that moves",
        toy_claim(0),
        (X,),
        still,
        toy_method({"x": {"x": "1", "c": "1"}}, start={"x": {"c": "0"}}),
    )
    other = {
        "step": d.Inequality((square("-1", "c"),), squares=(("1", {"c": "1"}),)),
        "zero": d.Vanish({"x": "1"}, "step"),
    }
    yield forgery("a vector that another step lets vanish", toy_claim(0), (X,), {**other, "end": still["end"]})
    epsilon = Parameter("epsilon", "relative error", NONNEGATIVE)
    none = (assumed_to_be("relative-error"), assumed_to_be("none", sp.Le(epsilon.symbol, 0)))
    exact = toy_method(
        {"x": {"x": "1/2"}, "y": {"g": "1", "h": "-1"}},
        outputs=("g", "h"),
        members={"C": d.Class("compressor", {"q2": ("epsilon^2", "relative-error")})},
        calls={"g": d.Call("C", {"g": "1"}, {"h": "1"}, since=1)},
    )
    close: dict[str, d.Step] = {
        "step": d.Inequality((square("1", h="1", g="-1"),), (d.Use("contraction", "C", ("g",)),))
    }
    close |= {"zero": d.Vanish({"h": "1", "g": "-1"}, "step")}
    close |= {"end": d.Inequality((square("1", "y'"),), nulls=(("zero", {"h": "1", "g": "-1"}, "1"),), index="0")}
    yield forgery(
        "a vector that vanishes from k = 1 on, read at 0",
        toy_claim(0, epsilon, assumes=none),
        (square("1", "y"),),
        d.Case((), close, given={"epsilon": "0"}),
        exact,
        at="1",
    )
    under = {"step": d.Inequality((C,), assumes=(((C,), "1"),), index="N")}
    yield forgery("a conclusion under a hypothesis", toy_claim(0), (C,), under)
    yield forgery(
        "a hypothesis that an instance forgets",
        toy_claim(0),
        (C,),
        {"step": d.Inequality((C,), assumes=(((C,), "1"),)), "end": d.Instantiate("step", "N")},
    )
    since = toy_method(members={"C": exact.members["C"]}, outputs=("g", "h"), calls=exact.calls)
    late = {"step": d.Inequality((square("1", h="1", g="-1"),), (d.Use("contraction", "C", ("g",)),))}
    yield forgery(
        "a conclusion from k = 1 on",
        toy_claim(0, epsilon, assumes=none),
        (square("1", h="1", g="-1"),),
        d.Case((), late, given={"epsilon": "0"}),
        since,
        at="k",
    )


def _induction() -> Iterator[Attack]:
    yield forgery(
        "an induction on another step",
        toy_claim(sp.Rational(1, 4) ** _N, N),
        (X,),
        d.Case(
            (),
            {
                "step": d.Inequality((square("-1", "c"),), squares=(("1", {"c": "1"}),)),
                "end": d.Induct("step", (X,), "1/4", "P"),
            },
            powers={"P": "1/4"},
        ),
        toy_method({"x": {"x": "1"}}),
    )
    wrong = {"step": HALF, "end": d.Induct("step", (X,), "1/4", closed="1/(4*(k+1))")}
    yield forgery(
        "a closed form that is no product",
        toy_claim(1 / (4 * (_N + 1)), N),
        (X,),
        wrong,
        toy_method({"x": {"x": "1/2"}}),
    )
    averaged = {"T": d.Class("operator", {"L": ("1", "nonexpansive")})}
    calls = {"x": d.Call("T", {"x": "1"}, {"g": "1"}, since=1), "*": d.Call("T", {"x*": "1"}, {"x*": "1"})}
    method = toy_method({"x": {"g": "1"}}, members=averaged, calls=calls)
    close: d.Terms = ((("1"), {"x": "1", "x*": "-1"}, {"x": "1", "x*": "-1"}),)
    after: d.Terms = ((("1"), {"x'": "1", "x*": "-1"}, {"x'": "1", "x*": "-1"}),)
    step = d.Inequality((*after, *negated(close)), (d.Use("lipschitz", "T", ("x", "*")),))
    nonexpansive = (assumed_to_be("nonexpansive"),)
    yield forgery(
        "an induction from 0 on a step from 1 on",
        toy_claim(1, N, assumes=nonexpansive),
        close,
        {"step": step, "end": d.Induct("step", close)},
        method,
        close,
    )
    summed = {"step": step, "sum": d.Sum("step", close), "end": d.Combine({"sum": "1"})}
    yield forgery(
        "a sum from 0 on a step from 1 on", toy_claim(1, N, assumes=nonexpansive), close, summed, method, close
    )
    hold: d.Terms = (square("1", "x"), square("-1", "c"))
    keep = d.Inequality((square("1", "x'"), square("-1", "c")), assumes=((hold, "1"),))
    base = d.Inequality((square("-1", "c"),), squares=(("1", {"c": "1"}),))
    still = toy_method({"x": {"x": "1"}})
    yield forgery(
        "an induction with the base of another claim",
        toy_claim(1, N),
        (X,),
        {"base": base, "step": keep, "end": d.InductHypothesis("base", "step", hold)},
        still,
        (C,),
    )
    begun = toy_method({"x": {"x": "2"}}, start={"x": {"c": "1/2"}})
    fine = d.Inequality((square("1", "x'"), square("-1", "c")), index="0")
    yield forgery(
        "an induction with the step of another claim",
        toy_claim(1, N),
        (X,),
        {"base": fine, "step": base, "end": d.InductHypothesis("base", "step", hold)},
        begun,
        (C,),
    )
    more = d.Inequality(
        (square("1", "x'"), square("-1", "c")),
        assumes=((((("1"), {"x'": "1"}, {"x'": "1"}), square("-1", "c")), "1"),),
    )
    yield forgery(
        "a step that assumes more than the claim at k",
        toy_claim(1, N),
        (X,),
        {"base": fine, "step": more, "end": d.InductHypothesis("base", "step", hold)},
        begun,
        (C,),
    )


def _sums() -> Iterator[Attack]:
    step = d.Inequality((square("1", "x'"), square("-1", "x"), square("-1", "c")), laws={"walk": "1"})
    walk = toy_method(
        {"x": {"x": "1", "g": "1"}},
        laws={"walk": d.Law((square("1", "x'"), square("-1", "x"), square("-1", "c")), ("walk",))},
    )
    assumed = (assumed_to_be("walk"),)
    low = {"step": step, "sum": d.Sum("step", (X,), rest=(square("-1", "c"),), total=(square("-k/2", "c"),))}
    start = replace(walk, start={"x": {"c": "1"}})
    yield forgery("a total that is no sum", toy_claim(1 + _N / 2, N, assumes=assumed), (X,), low, start, (C,))
    other = {"step": step, "sum": d.Sum("step", (X,), rest=(square("-1/2", "c"),), total=(square("-k/2", "c"),))}
    yield forgery("a sum of another step", toy_claim(1 + _N / 2, N, assumes=assumed), (X,), other, start, (C,))
    gap: d.Terms = (("1", "f"), ("-1", "f*"))
    convex = {"f": d.Class("function", {"mu": ("0", "convex")})}
    calls = {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}
    above = toy_method(
        members=convex,
        calls=calls,
        laws={"high": d.Law((*negated(gap), C), ("high",)), "low": d.Law((*gap, square("-1", "c")), ("high",))},
    )
    claimed = (assumed_to_be("high"), assumed_to_be("convex"))
    high = {
        "step": d.Inequality((*negated(gap), C), laws={"high": "1"}),
        "sum": d.Sum("step", (), "-1", gap, (C,), (square("k", "c"),)),
    }
    high |= {"mean": d.Average("-1", "f", "-k"), "end": d.Combine({"sum": "1/N", "mean": "1/N"})}
    yield forgery(
        "an average with negative weights",
        toy_claim(1, N, relation=Relation.GE, assumes=claimed),
        d.AtAverage("-1", "f", "N"),
        high,
        above,
        (C,),
    )
    flat = {
        "step": d.Inequality((*gap, square("-1", "c")), laws={"low": "1"}),
        "sum": d.Sum("step", (), "1", gap, (square("-1", "c"),), (square("-k", "c"),)),
    }
    twice = {**flat, "mean": d.Average("1", "f", "2*k"), "end": d.Combine({"sum": "1/(2*N)", "mean": "1/(2*N)"})}
    yield forgery(
        "an average with a wrong total",
        toy_claim(sp.Rational(1, 2), N, assumes=claimed),
        d.AtAverage("1", "f", "N"),
        twice,
        above,
        (C,),
    )
    bent = replace(above, members={"f": d.Class("function", {"mu": ("-L", "smooth"), "L": ("L", "smooth")})})
    mean = {**flat, "mean": d.Average("1", "f", "k"), "end": d.Combine({"sum": "1/N", "mean": "1/N"})}
    L = Parameter("L", "smoothness")
    yield forgery(
        "Jensen for a function that is not convex",
        toy_claim(1, L, N, assumes=(assumed_to_be("high"), assumed_to_be("smooth"))),
        d.AtAverage("1", "f", "N"),
        d.Case((Interval("L"),), mean),
        bent,
        (C,),
    )
    last = toy_method(laws={"last": d.Law((square("k - N + 1", "g"),), ("last",))})
    least = {
        "least": d.Least("m", "N"),
        "end": d.Inequality((("1", "m"),), steps={"least": "1"}, laws={"last": "1"}, index="N"),
    }
    case = d.Case((), least, minima={"m": d.Minimum((G,), "N")})
    yield forgery(
        "a minimum over k < N that is below the value at N",
        toy_claim(0, N, assumes=(assumed_to_be("last"),)),
        d.Minimum((G,), "N"),
        case,
        last,
    )
    value = toy_method(laws={"low": d.Law((("1", "f"),), ("low",))})
    mixed = {"least": d.Least("f", "0"), "end": d.Inequality((("1", "f"),), laws={"low": "1"}, index="N")}
    yield forgery(
        "a value of the method that a minimum is called like",
        toy_claim(0, N, assumes=(assumed_to_be("low"),)),
        d.Minimum((G,), "N"),
        d.Case((), mixed, minima={"f": d.Minimum((G,), "N")}),
        value,
    )


def of_rules() -> Iterator[Attack]:
    """All of them."""
    yield from _steps()
    yield from _induction()
    yield from _sums()
