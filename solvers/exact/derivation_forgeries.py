"""False claims with a derivation whose conclusion is the false claim, for testing checkers of derivations.

Each needs one particular check to be caught. The claims are small and made up; their methods are theirs, so that nothing but the
check stands between them and acceptance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from gradproof.solvers.exact.derivation_attacks import Attack
from gradproof.theory import derivation as d
from gradproof.theory import registry
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, Parameter

PAPER = Paper(key="toy", authors=("Nobody",), year=2026, family="classical", title="False claims")
N = Parameter("N", "number of steps", COUNT)
a = Parameter("a", "a number")
b = Parameter("b", "another number")
_N, _a, _b = N.symbol, a.symbol, b.symbol
ONE: d.Terms = (("1", "1"),)


def _square(c: str, *names: str, **vector: str) -> d.Term:
    v = dict.fromkeys(names, "1") | vector
    return (c, v, v)


X, C, G = _square("1", "x"), _square("1", "c"), _square("1", "g")


def _claim(
    bound: Any, *parameters: Parameter, relation: Relation = Relation.LE, assumes: tuple[Assumption, ...] = ()
) -> Claim:
    return Claim(
        id="toy.claim",
        paper=PAPER,
        title="A false claim",
        statement="false",
        parameters=parameters,
        assumptions=assumes,
        quantity="q",
        relation=relation,
        expression=sp.sympify(bound),
    )


def _method(step: Mapping[str, d.Vec] | None = None, **more: Any) -> d.Method:
    """x' = x/2 beside fixed vectors c, e and values f* and v; ``more`` replaces fields."""
    fields = {"step": step or {"x": {"x": "1/2"}}, "members": {}, "outputs": ("g",), "calls": {}, "values": ("f",)}
    return d.Method(**(fields | {"fixed": ("c", "x*"), "fixed_values": ("f*",)} | more))  # type: ignore[arg-type]


def _assumption(name: str, relation: Any = None) -> Assumption:
    return Assumption(name, f"it is {name}", relation)


def _forgery(
    name: str,
    claim: Claim,
    quantity: Any,
    tree: d.Case | d.Split | Mapping[str, d.Step],
    method: d.Method | None = None,
    initial: d.Terms = (X,),
    **formal: Any,
) -> Attack:
    words = {"quantity": claim.quantity} | {f"assumption {x.name}": x.statement for x in claim.assumptions}
    side = d.Formal(
        **({"method": method or _method(), "quantity": quantity, "initial": initial, "words": words} | formal)
    )
    return Attack(name, d.Derivation(side, d.Case((), tree) if isinstance(tree, Mapping) else tree), claim)


def _trivial(target: d.Terms, index: str = "N", **more: Any) -> dict[str, d.Step]:
    return {"step": d.Inequality(target, index=index, **more)}


def _negated(terms: d.Terms) -> d.Terms:
    return tuple((f"-({t[0]})", *t[1:]) for t in terms)  # type: ignore[misc]


HALF = d.Inequality((_square("1", "x'"), _square("-1/4", "x")))
ALL_OF_A = (Interval("a"),)
PIECE = (Interval("a", "0", "1"),)
A_SIGN = {"step": d.Inequality((_square("a", "c"), _square("-1", "c")), signs=(("1 - a", {"c": "1"}),), index="N")}


def forgeries() -> Iterator[Attack]:
    """All of them."""
    yield from _numbers()
    yield from _names()
    yield from _calls()
    yield from _steps()
    yield from _induction()
    yield from _sums()
    yield from _domains()
    yield from _words()
    yield from _infima()


def _numbers() -> Iterator[Attack]:
    falls = {"step": HALF, "fall": d.Induct("step", (X,), "1/4", "Q")}
    signed = {**falls, "sign": d.Inequality((_square("-P", "x"),), squares=(("P", {"x": "1"}),), index="0")}
    both = {**signed, "end": d.Combine({"fall": "1", "sign": "1"})}
    case = d.Case((), both, powers={"P": "-1", "Q": "1/4"})
    yield _forgery("a power of a negative base", _claim((-1) ** _N + sp.Rational(1, 4) ** _N, N), (X,), case)
    yield _forgery("a negative sign", _claim(0), (C,), _trivial((C,), signs=(("-1", {"c": "1"}),)))
    yield _forgery("an inequality out of nothing", _claim(0), (C,), _trivial((C,)))
    zero = {"zero": d.Inequality((_square("-1", "c"),), squares=(("1", {"c": "1"}),), index="N")}
    yield _forgery("a negative multiplier", _claim(0), (C,), {**zero, "end": d.Combine({"zero": "-1"})})
    yield _forgery(
        "a negative weight of a square",
        _claim(0),
        (C,),
        {**zero, "end": d.Combine({"zero": "1"}, squares=(("-2", {"c": "1"}),))},
    )
    law = _method(laws={"low": d.Law((_square("-1", "c"),), ("low",))})
    negative = {**zero, "end": d.Combine({"zero": "0"}, {"low": "-1"})}
    yield _forgery("a negative multiplier of a law", _claim(0, assumes=(_assumption("low"),)), (C,), negative, law)
    grows = _sequence("1", "2*phi", "1", "1")
    yield _forgery(
        "a closed form that does not follow its recursion",
        _claim(1),
        (_square("phi", "c"),),
        _trivial((_square("phi", "c"), _square("-1", "c"))),
        grows,
        (C,),
    )
    start = _sequence("1/2", "phi", "0", "1/4")
    yield _forgery(
        "a closed form that does not begin at the start",
        _claim(sp.Rational(1, 4)),
        (_square("phi", "c"),),
        _trivial((_square("phi", "c"), _square("-1/4", "c"))),
        start,
        (C,),
    )
    above = d.Inequality((_square("1 - phi", "c"),), signs=(("phi - 1", {"c": "1"}),))
    steps = {"above": above, "end": d.Instantiate("above", "N")}
    yield _forgery(
        "a sequence below its lower end at the start",
        _claim(0),
        (_square("1/2", "c"),),
        steps,
        _sequence("1/2", "phi", "1", "1/2"),
    )
    falling = d.Case((), steps, powers={"P": "1/2"})
    yield _forgery(
        "a sequence that falls below its lower end",
        _claim(sp.Rational(1, 2) ** _N, N),
        (C,),
        falling,
        _sequence("1", "phi/2", "1", "P"),
        (C,),
    )


def _sequence(start: str, following: str, low: str, closed: str) -> d.Method:
    return _method(sequences={"phi": d.Sequence(start, following, low, closed)})


def _names() -> Iterator[Attack]:
    gains = _claim(sp.Rational(1, 2) ** _N, N, assumes=(_assumption("grow"),))
    late = d.Law((("1", "f"), ("-1", "f*"), _square("-N", "c")), ("grow",))
    direct = d.Case(
        (),
        _trivial((("1", "f"), ("-1", "f*"), _square("-N", "c")), laws={"late": "1"}),
        given={"N": "1"},
        powers={"N": "1/2"},
    )
    yield _forgery(
        "a power that is called N", gains, (("1", "f"), ("-1", "f*")), direct, _method(laws={"late": late}), (C,)
    )
    shrinks = _method({"x": {"x": "s"}}, roots={"s": "a"})
    moved = {
        "step": d.Inequality((_square("1", "x'"), _square("-s^2", "x"))),
        "end": d.Induct("step", (X,), "s^2", "P"),
    }
    root = d.Case((Interval("s", "0", "1/2"),), moved, given={"a": "4*s^2"}, roots={"s": "a/4"}, powers={"P": "s^2"})
    unit = replace(a, domain=sp.Interval.open(0, 1))
    yield _forgery("a root of the method defined anew", _claim((_a / 4) ** _N, unit, N), (X,), root, shrinks)
    zero = d.Case(
        (),
        {"step": d.Inequality((_square("1", "x'"), _square("-1", "x"))), "end": d.Induct("step", (X,))},
        defines={"g": {"g": "1"}},
    )
    walks = _method({"x": {"x": "1", "g": "-1"}})
    yield _forgery("an output of the method defined as zero", _claim(1), (X,), zero, walks)
    same = _trivial((_square("1", "x[0]"), _square("-1", "x")), index="0")
    yield _forgery(
        "a fixed vector that is called like an iterate",
        _claim(1),
        (_square("1", "x[0]"),),
        same,
        _method(fixed=("x[0]",)),
        at="1",
    )
    narrow = _case(PIECE, A_SIGN, lets={"a": "1/2"})
    yield _forgery("a parameter of the claim as a let", _claim(1, a), (_square("a", "c"),), narrow, initial=(C,))
    index = replace(a, name="k")
    index = replace(index, domain=sp.Interval(-1, sp.oo))
    sign = {"step": d.Inequality((_square("-k", "c"),), signs=(("k", {"c": "1"}),))}
    yield _forgery(
        "a parameter that is called k", _claim(index.symbol, index), (_square("0", "c"),), sign, initial=(C,)
    )
    free = _method({"x": {"x": "z"}})
    given = d.Case((), {"step": d.Inequality((_square("1", "x'"),), index="0")}, given={"z": "0"})
    yield _forgery("a name of the method given a value", _claim(0), (X,), given, free, at="1")


def _case(domain: tuple[Interval, ...], steps: Mapping[str, d.Step], **more: Any) -> d.Case:
    return d.Case(domain, steps, **more)


def _calls() -> Iterator[Attack]:
    bounded = {"f": d.Class("function", {"M": ("M", "lipschitz")})}
    M = Parameter("M", "bound")
    lipschitz = (_assumption("lipschitz"),)
    target = (_square("1", "g"), ("-M^2", "1"))
    use = (d.Use("bounded", "f", ("x",)),)
    late = _method(members=bounded, calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f", since=2)})
    steps = {"step": d.Inequality(target, use), "end": d.Instantiate("step", "N")}
    case = d.Case((Interval("M"),), steps)
    yield _forgery(
        "a call that begins at 2, read at N = 1", _claim(M.symbol**2, M, N, assumes=lipschitz), (G,), case, late, ONE
    )
    first = _method(
        {"x": {"x": "1/2"}, "y": {"g": "1"}},
        members=bounded,
        calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f", since=1)},
    )
    at0 = d.Case((Interval("M"),), {"step": d.Inequality((_square("1", "y'"), ("-M^2", "1")), use, index="0")})
    yield _forgery(
        "a call that begins at 1, read at 0",
        _claim(M.symbol**2, M, assumes=lipschitz),
        (_square("1", "y"),),
        at0,
        first,
        ONE,
        at="1",
    )
    all_k = d.Case(
        (Interval("M"),),
        {"step": d.Inequality((_square("1", "y'"), ("-M^2", "1")), use), "end": d.Instantiate("step", "0")},
    )
    yield _forgery(
        "a step from k = 1 on, read at 0",
        _claim(M.symbol**2, M, assumes=lipschitz),
        (_square("1", "y"),),
        all_k,
        first,
        ONE,
        at="1",
    )
    convex = {"f": d.Class("function", {"mu": ("0", "convex")})}
    nameless = _method(
        outputs=("g", "h"),
        members=convex,
        calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}), "y": d.Call("f", {"c": "1"}, {"h": "1"})},
    )
    slope: d.Terms = (("1", {"g": "1"}, {"c": "1", "x": "-1"}),)
    steps = {"step": d.Inequality(slope, (d.Use("interpolation", "f", ("y", "x")),), index="N")}
    yield _forgery("a function without values", _claim(0, assumes=(_assumption("convex"),)), slope, steps, nameless)
    two = _method(
        members={**bounded, "h": d.Class("function", {})}, calls={"y": d.Call("h", {"x": "1"}, {"g": "1"}, "f")}
    )
    steps = {"step": d.Inequality(target, (d.Use("bounded", "f", ("y",)),), index="N")}
    yield _forgery(
        "a call of another member",
        _claim(M.symbol**2, M, N, assumes=lipschitz),
        (G,),
        d.Case((Interval("M"),), steps),
        two,
        ONE,
    )
    narrow = {"f": d.Class("function", {"M": ("M/2", "lipschitz")})}
    half = _method(members=narrow, calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")})
    steps = {"step": d.Inequality((_square("1", "g"), ("-M^2/4", "1")), use, index="N")}
    yield _forgery(
        "a smaller class than the assumption says",
        _claim(M.symbol**2 / 4, M, N, assumes=lipschitz),
        (G,),
        d.Case((Interval("M"),), steps),
        half,
        ONE,
    )
    plain = _method(members=bounded, calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")})
    steps = {"step": d.Inequality(target, use, index="N")}
    yield _forgery(
        "an assumption that the claim does not make",
        _claim(M.symbol**2, M, N),
        (G,),
        d.Case((Interval("M"),), steps),
        plain,
        ONE,
    )
    other = (Assumption("lipschitz", "f is convex"),)
    silent = {"words": {"quantity": "q"}}
    yield _forgery(
        "an assumption without words",
        _claim(M.symbol**2, M, N, assumes=other),
        (G,),
        d.Case((Interval("M"),), steps),
        plain,
        ONE,
        **silent,
    )


#: (N - k) ||g_k||^2 <= 0 for k < N says that g_k = 0 there, and nothing of g_N
EARLY = d.Law((_square("N - k", "g"),), ("early",))


def _steps() -> Iterator[Attack]:
    early = _method(laws={"early": EARLY})
    assumed = (_assumption("early"),)
    gone = d.Inequality((G,), laws={"early": "1/(N - k)"})
    yield _forgery(
        "a step for k < N, read at N",
        _claim(0, N, assumes=assumed),
        (G,),
        d.Case((), {"step": gone, "end": d.Instantiate("step", "N")}, reach="k<N"),
        early,
    )
    null = {
        "step": gone,
        "zero": d.Vanish({"g": "1"}, "step"),
        "end": d.Inequality((G,), nulls=(("zero", {"g": "1"}, "1"),), index="N"),
    }
    yield _forgery(
        "a vector that vanishes for k < N, read at N",
        _claim(0, N, assumes=assumed),
        (G,),
        d.Case((), null, reach="k<N"),
        early,
    )
    total = {"step": gone, "end": d.Sum("step", (), "1", (G,), upto="N+1")}
    yield _forgery(
        "a step for k < N, summed over k <= N",
        _claim(0, N, assumes=assumed),
        d.Mean((G,), "N+1"),
        d.Case((), {**total, "mean": d.Combine({"end": "1/(N+1)"})}, reach="k<N"),
        early,
    )
    still = {"zero": d.Invariant({"x": "1"}), "end": d.Inequality((X,), nulls=(("zero", {"x": "1"}, "1"),), index="N")}
    yield _forgery("an invariant that does not begin at zero", _claim(0), (X,), still, _method({"x": {"x": "1"}}))
    yield _forgery(
        "an invariant that moves", _claim(0), (X,), still, _method({"x": {"x": "1", "c": "1"}}, start={"x": {"c": "0"}})
    )
    other = {
        "step": d.Inequality((_square("-1", "c"),), squares=(("1", {"c": "1"}),)),
        "zero": d.Vanish({"x": "1"}, "step"),
    }
    yield _forgery("a vector that another step lets vanish", _claim(0), (X,), {**other, "end": still["end"]})
    epsilon = Parameter("epsilon", "relative error", NONNEGATIVE)
    none = (_assumption("relative-error"), _assumption("none", sp.Le(epsilon.symbol, 0)))
    exact = _method(
        {"x": {"x": "1/2"}, "y": {"g": "1", "h": "-1"}},
        outputs=("g", "h"),
        members={"C": d.Class("compressor", {"q2": ("epsilon^2", "relative-error")})},
        calls={"g": d.Call("C", {"g": "1"}, {"h": "1"}, since=1)},
    )
    close = {"step": d.Inequality((_square("1", h="1", g="-1"),), (d.Use("contraction", "C", ("g",)),))}
    close |= {"zero": d.Vanish({"h": "1", "g": "-1"}, "step")}
    close |= {"end": d.Inequality((_square("1", "y'"),), nulls=(("zero", {"h": "1", "g": "-1"}, "1"),), index="0")}
    yield _forgery(
        "a vector that vanishes from k = 1 on, read at 0",
        _claim(0, epsilon, assumes=none),
        (_square("1", "y"),),
        d.Case((), close, given={"epsilon": "0"}),
        exact,
        at="1",
    )
    under = {"step": d.Inequality((C,), assumes=(((C,), "1"),), index="N")}
    yield _forgery("a conclusion under a hypothesis", _claim(0), (C,), under)
    yield _forgery(
        "a hypothesis that an instance forgets",
        _claim(0),
        (C,),
        {"step": d.Inequality((C,), assumes=(((C,), "1"),)), "end": d.Instantiate("step", "N")},
    )
    since = _method(members={"C": exact.members["C"]}, outputs=("g", "h"), calls=exact.calls)
    late = {"step": d.Inequality((_square("1", h="1", g="-1"),), (d.Use("contraction", "C", ("g",)),))}
    yield _forgery(
        "a conclusion from k = 1 on",
        _claim(0, epsilon, assumes=none),
        (_square("1", h="1", g="-1"),),
        d.Case((), late, given={"epsilon": "0"}),
        since,
        at="k",
    )


def _induction() -> Iterator[Attack]:
    yield _forgery(
        "an induction on another step",
        _claim(sp.Rational(1, 4) ** _N, N),
        (X,),
        d.Case(
            (),
            {
                "step": d.Inequality((_square("-1", "c"),), squares=(("1", {"c": "1"}),)),
                "end": d.Induct("step", (X,), "1/4", "P"),
            },
            powers={"P": "1/4"},
        ),
        _method({"x": {"x": "1"}}),
    )
    wrong = {"step": HALF, "end": d.Induct("step", (X,), "1/4", closed="1/(4*(k+1))")}
    yield _forgery(
        "a closed form that is no product", _claim(1 / (4 * (_N + 1)), N), (X,), wrong, _method({"x": {"x": "1/2"}})
    )
    averaged = {"T": d.Class("operator", {"L": ("1", "nonexpansive")})}
    calls = {"x": d.Call("T", {"x": "1"}, {"g": "1"}, since=1), "*": d.Call("T", {"x*": "1"}, {"x*": "1"})}
    method = _method({"x": {"g": "1"}}, members=averaged, calls=calls)
    close: d.Terms = ((("1"), {"x": "1", "x*": "-1"}, {"x": "1", "x*": "-1"}),)
    after: d.Terms = ((("1"), {"x'": "1", "x*": "-1"}, {"x'": "1", "x*": "-1"}),)
    step = d.Inequality((*after, *_negated(close)), (d.Use("lipschitz", "T", ("x", "*")),))
    nonexpansive = (_assumption("nonexpansive"),)
    yield _forgery(
        "an induction from 0 on a step from 1 on",
        _claim(1, N, assumes=nonexpansive),
        close,
        {"step": step, "end": d.Induct("step", close)},
        method,
        close,
    )
    summed = {"step": step, "sum": d.Sum("step", close), "end": d.Combine({"sum": "1"})}
    yield _forgery("a sum from 0 on a step from 1 on", _claim(1, N, assumes=nonexpansive), close, summed, method, close)
    hold: d.Terms = (_square("1", "x"), _square("-1", "c"))
    keep = d.Inequality((_square("1", "x'"), _square("-1", "c")), assumes=((hold, "1"),))
    base = d.Inequality((_square("-1", "c"),), squares=(("1", {"c": "1"}),))
    still = _method({"x": {"x": "1"}})
    yield _forgery(
        "an induction with the base of another claim",
        _claim(1, N),
        (X,),
        {"base": base, "step": keep, "end": d.InductHypothesis("base", "step", hold)},
        still,
        (C,),
    )
    begun = _method({"x": {"x": "2"}}, start={"x": {"c": "1/2"}})
    fine = d.Inequality((_square("1", "x'"), _square("-1", "c")), index="0")
    yield _forgery(
        "an induction with the step of another claim",
        _claim(1, N),
        (X,),
        {"base": fine, "step": base, "end": d.InductHypothesis("base", "step", hold)},
        begun,
        (C,),
    )
    more = d.Inequality(
        (_square("1", "x'"), _square("-1", "c")),
        assumes=((((("1"), {"x'": "1"}, {"x'": "1"}), _square("-1", "c")), "1"),),
    )
    yield _forgery(
        "a step that assumes more than the claim at k",
        _claim(1, N),
        (X,),
        {"base": fine, "step": more, "end": d.InductHypothesis("base", "step", hold)},
        begun,
        (C,),
    )


def _sums() -> Iterator[Attack]:
    step = d.Inequality((_square("1", "x'"), _square("-1", "x"), _square("-1", "c")), laws={"walk": "1"})
    walk = _method(
        {"x": {"x": "1", "g": "1"}},
        laws={"walk": d.Law((_square("1", "x'"), _square("-1", "x"), _square("-1", "c")), ("walk",))},
    )
    assumed = (_assumption("walk"),)
    low = {"step": step, "sum": d.Sum("step", (X,), rest=(_square("-1", "c"),), total=(_square("-k/2", "c"),))}
    start = replace(walk, start={"x": {"c": "1"}})
    yield _forgery("a total that is no sum", _claim(1 + _N / 2, N, assumes=assumed), (X,), low, start, (C,))
    other = {"step": step, "sum": d.Sum("step", (X,), rest=(_square("-1/2", "c"),), total=(_square("-k/2", "c"),))}
    yield _forgery("a sum of another step", _claim(1 + _N / 2, N, assumes=assumed), (X,), other, start, (C,))
    gap: d.Terms = (("1", "f"), ("-1", "f*"))
    convex = {"f": d.Class("function", {"mu": ("0", "convex")})}
    calls = {"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")}
    above = _method(
        members=convex,
        calls=calls,
        laws={"high": d.Law((*_negated(gap), C), ("high",)), "low": d.Law((*gap, _square("-1", "c")), ("high",))},
    )
    claimed = (_assumption("high"), _assumption("convex"))
    high = {
        "step": d.Inequality((*_negated(gap), C), laws={"high": "1"}),
        "sum": d.Sum("step", (), "-1", gap, (C,), (_square("k", "c"),)),
    }
    high |= {"mean": d.Average("-1", "f", "-k"), "end": d.Combine({"sum": "1/N", "mean": "1/N"})}
    yield _forgery(
        "an average with negative weights",
        _claim(1, N, relation=Relation.GE, assumes=claimed),
        d.AtAverage("-1", "f", "N"),
        high,
        above,
        (C,),
    )
    flat = {
        "step": d.Inequality((*gap, _square("-1", "c")), laws={"low": "1"}),
        "sum": d.Sum("step", (), "1", gap, (_square("-1", "c"),), (_square("-k", "c"),)),
    }
    twice = {**flat, "mean": d.Average("1", "f", "2*k"), "end": d.Combine({"sum": "1/(2*N)", "mean": "1/(2*N)"})}
    yield _forgery(
        "an average with a wrong total",
        _claim(sp.Rational(1, 2), N, assumes=claimed),
        d.AtAverage("1", "f", "N"),
        twice,
        above,
        (C,),
    )
    bent = replace(above, members={"f": d.Class("function", {"mu": ("-L", "smooth"), "L": ("L", "smooth")})})
    mean = {**flat, "mean": d.Average("1", "f", "k"), "end": d.Combine({"sum": "1/N", "mean": "1/N"})}
    L = Parameter("L", "smoothness")
    yield _forgery(
        "Jensen for a function that is not convex",
        _claim(1, L, N, assumes=(_assumption("high"), _assumption("smooth"))),
        d.AtAverage("1", "f", "N"),
        d.Case((Interval("L"),), mean),
        bent,
        (C,),
    )
    last = _method(laws={"last": d.Law((_square("k - N + 1", "g"),), ("last",))})
    least = {
        "least": d.Least("m", "N"),
        "end": d.Inequality((("1", "m"),), steps={"least": "1"}, laws={"last": "1"}, index="N"),
    }
    case = d.Case((), least, minima={"m": d.Minimum((G,), "N")})
    yield _forgery(
        "a minimum over k < N that is below the value at N",
        _claim(0, N, assumes=(_assumption("last"),)),
        d.Minimum((G,), "N"),
        case,
        last,
    )
    value = _method(laws={"low": d.Law((("1", "f"),), ("low",))})
    mixed = {"least": d.Least("f", "0"), "end": d.Inequality((("1", "f"),), laws={"low": "1"}, index="N")}
    yield _forgery(
        "a value of the method that a minimum is called like",
        _claim(0, N, assumes=(_assumption("low"),)),
        d.Minimum((G,), "N"),
        d.Case((), mixed, minima={"f": d.Minimum((G,), "N")}),
        value,
    )


def _domains() -> Iterator[Attack]:
    square, one = (_square("a", "c"),), _claim(1, a)
    yield _forgery("a case on a piece of the domain", one, square, _case(PIECE, A_SIGN), initial=(C,))
    root = {
        "step": d.Inequality((_square("s^2", "c"), _square("-1", "c")), signs=(("1 - s^2", {"c": "1"}),), index="N")
    }
    framed = _case((Interval("s", "0", "1"),), root, given={"a": "s^2"}, roots={"s": "a"}, frame=PIECE)
    yield _forgery("a frame on a piece of the domain", one, square, framed, initial=(C,))
    yield _forgery("a root on a piece of its range", one, square, replace(framed, frame=()), initial=(C,))
    given = d.Case((), {"step": d.Inequality((), index="N")}, given={"a": "0"})
    yield _forgery("a parameter given a value that the claim does not state", _claim(0, a), square, given)
    shrinks = _method({"x": {"x": "s"}}, roots={"s": "a"})
    moved = {
        "step": d.Inequality((_square("1", "x'"), _square("-s^2", "x"))),
        "end": d.Induct("step", (X,), "s^2", "P"),
    }
    conflated = _case((Interval("s"),), moved, given={"a": "s"}, powers={"P": "s^2"})
    yield _forgery(
        "a parameter given by what does not give it back", _claim(_a ** (2 * _N), a, N), (X,), conflated, shrinks
    )
    zero = {"step": d.Inequality((_square("1", "x'"),), index="0")}
    yield _forgery(
        "a root given a value that it does not have",
        _claim(0, a),
        (X,),
        _case(ALL_OF_A, zero, given={"s": "0"}),
        shrinks,
        at="1",
    )
    knows = _case(ALL_OF_A, A_SIGN, knows=("1 - a",))
    yield _forgery("a sign that the claim does not state", one, square, knows, initial=(C,))
    relation = (_assumption("short", sp.Le(_b, sp.sqrt(_a))),)
    half = {
        "step": d.Inequality(
            (_square("4*b^2", "c"), _square("-s^2", "c")), signs=(("s^2 - 4*b^2", {"c": "1"}),), index="N"
        )
    }
    late = _case(
        (Interval("s"), Interval("b", "0", "s/2", closed_high=True)), half, given={"a": "s^2"}, roots={"s": "a"}
    )
    claim = _claim(_a, a, b, assumes=relation)
    yield _forgery(
        "an end with a root that the claim does not state", claim, (_square("4*b^2", "c"),), late, initial=(C,)
    )
    sign = {
        "step": d.Inequality(
            (_square("4*b^2", "c"), _square("-s^2", "c")), signs=(("(s - 2*b)*(s + 2*b)", {"c": "1"}),), index="N"
        )
    }
    sure = _case((Interval("s"), Interval("b")), sign, given={"a": "s^2"}, roots={"s": "a"}, knows=("s - 2*b",))
    yield _forgery(
        "a sign with a root that the claim does not state", claim, (_square("4*b^2", "c"),), sure, initial=(C,)
    )


def _words() -> Iterator[Attack]:
    words = {"words": {"quantity": "q", "assumption low": "it is low"}}
    law = _method(laws={"low": d.Law((C,), ("low",))})
    low = {"step": d.Inequality((C,), laws={"low": "1"}, index="N")}
    yield _forgery("an assumption that only the formal side knows", _claim(0), (C,), low, law, **words)
    high = (Assumption("low", "it is high"),)
    yield _forgery("an assumption in other words", _claim(0, assumes=high), (C,), low, law, **words)
    nothing = {"step": d.Inequality((), index="N")}
    yield _forgery("a quantity in other words", _claim(0), (), nothing, **({"words": {"quantity": "p"}}))
    yield _forgery("a claim that is known to be false", replace(_claim(0), false_as_published="so"), (), nothing)
    count = {"step": d.Inequality((C, _square("-N", "c")), signs=(("N - 1", {"c": "1"}),), index="N")}
    zero = replace(N, domain=sp.S.Naturals0)
    yield _forgery("steps that count from 0", _claim(zero.symbol, zero), (C,), count, initial=(C,))
    same = {"step": d.Inequality((_square("-1", "c"),), squares=(("1", {"c": "1"}),), index="N")}
    yield _forgery("an equality of which one side is proved", _claim(0, relation=Relation.EQ), (C,), same)
    yield _forgery("a conclusion that is another claim", _claim(0), (C,), same)
    claim = registry.claim("gd.contraction")
    close: d.Terms = (("1", {"x": "1", "x*": "-1"}, {"x": "1", "x*": "-1"}),)
    after: d.Terms = (("1", {"x'": "1", "x*": "-1"}, {"x'": "1", "x*": "-1"}),)
    jumps = d.Method({}, {"x": {"x*": "1"}}, (), {})
    case = d.Case((), {"step": d.Inequality(after), "end": d.Induct("step", close, "0", "P")}, powers={"P": "0"})
    formal = d.Formal(jumps, close, close, words={"quantity": claim.quantity})
    wrong = replace(claim, expression=sp.Pow(0, _N, evaluate=False))
    yield Attack("another method than the registered one", d.Derivation(formal, case), wrong)


def _infima() -> Iterator[Attack]:
    def attack(
        name: str, value: str, over: Interval, at: str, bound: Any, *parameters: Parameter, case: Interval | None = None
    ) -> Attack:
        gap = f"({value}) - ({bound})"
        steps = {"below": d.Inequality(((f"-({gap})", "1"),), signs=((gap, {}),), index="0")}
        return _forgery(
            name,
            _claim(bound, *parameters, relation=Relation.EQ),
            d.Infimum(value, over, at),
            _case((case or over,), steps),
            at="1",
        )

    yield attack(
        "a least value on a piece of the interval",
        "(s - 2)^2",
        Interval("s", "0", "3"),
        "1",
        1,
        case=Interval("s", "0", "1"),
    )
    yield attack("a least value that is not attained", "s", Interval("s", "0", "1"), "0", 0)
    own = Parameter("s", "a parameter that is called like the variable")
    yield attack("a least value that moves with its variable", "s", Interval("s"), "s", own.symbol, own)
    steps = {"below": d.Inequality((_square("-1", "c"),), squares=(("1", {"c": "1"}),), index="0")}
    yield _forgery(
        "a least value that is below the bound",
        _claim(1, relation=Relation.EQ),
        d.Infimum("s", Interval("s", "0", "2"), "1"),
        _case((Interval("s", "0", "2"),), steps),
        at="1",
    )
