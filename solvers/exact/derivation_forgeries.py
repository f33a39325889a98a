"""False claims with a derivation whose conclusion is the false claim, for testing checkers of derivations.

Each needs one particular check to be caught. The claims are small and made up; their methods are theirs, so that nothing but the
check stands between them and acceptance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from gradproof.solvers.exact.derivation_attacks import Attack
from gradproof.solvers.exact.derivation_forged_equalities import of_equalities
from gradproof.solvers.exact.derivation_forged_rules import of_rules
from gradproof.solvers.exact.derivation_toys import (
    A_SIGN,
    ALL_OF_A,
    HALF,
    ONE,
    PIECE,
    C,
    G,
    N,
    X,
    a,
    assumed_to_be,
    b,
    forgery,
    one_case,
    one_step,
    square,
    toy_claim,
    toy_method,
)
from gradproof.theory import derivation as d
from gradproof.theory import registry
from gradproof.theory.assumption import Assumption
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval
from gradproof.theory.parameter import Parameter

_N, _a, _b = N.symbol, a.symbol, b.symbol


def forgeries() -> Iterator[Attack]:
    """All of them."""
    yield from _numbers()
    yield from _names()
    yield from _calls()
    yield from of_rules()
    yield from _domains()
    yield from _words()
    yield from _infima()
    yield from of_equalities()


def _numbers() -> Iterator[Attack]:
    falls = {"step": HALF, "fall": d.Induct("step", (X,), "1/4", "Q")}
    signed = {**falls, "sign": d.Inequality((square("-P", "x"),), squares=(("P", {"x": "1"}),), index="0")}
    both = {**signed, "end": d.Combine({"fall": "1", "sign": "1"})}
    case = d.Case((), both, powers={"P": "-1", "Q": "1/4"})
    yield forgery("a power of a negative base", toy_claim((-1) ** _N + sp.Rational(1, 4) ** _N, N), (X,), case)
    yield forgery("a negative sign", toy_claim(0), (C,), one_step((C,), signs=(("-1", {"c": "1"}),)))
    yield forgery("an inequality out of nothing", toy_claim(0), (C,), one_step((C,)))
    zero = {"zero": d.Inequality((square("-1", "c"),), squares=(("1", {"c": "1"}),), index="N")}
    yield forgery("a negative multiplier", toy_claim(0), (C,), {**zero, "end": d.Combine({"zero": "-1"})})
    yield forgery(
        "a negative weight of a square",
        toy_claim(0),
        (C,),
        {**zero, "end": d.Combine({"zero": "1"}, squares=(("-2", {"c": "1"}),))},
    )
    law = toy_method(laws={"low": d.Law((square("-1", "c"),), ("low",))})
    negative = {**zero, "end": d.Combine({"zero": "0"}, {"low": "-1"})}
    short = toy_method(laws={"short": d.Law((G, square("-a", "c")), ("short",))})
    yield forgery(
        "a law by a relation that the case does not state",
        toy_claim(_a, a, assumes=(assumed_to_be("short", sp.Le(_a, 1)),)),
        (G,),
        one_case(ALL_OF_A, one_step((G, square("-a", "c")), laws={"short": "1"})),
        short,
        (C,),
    )
    yield forgery("a negative multiplier of a law", toy_claim(0, assumes=(assumed_to_be("low"),)), (C,), negative, law)
    grows = _sequence("1", "2*phi", "1", "1")
    yield forgery(
        "a closed form that does not follow its recursion",
        toy_claim(1),
        (square("phi", "c"),),
        one_step((square("phi", "c"), square("-1", "c"))),
        grows,
        (C,),
    )
    start = _sequence("1/2", "phi", "0", "1/4")
    yield forgery(
        "a closed form that does not begin at the start",
        toy_claim(sp.Rational(1, 4)),
        (square("phi", "c"),),
        one_step((square("phi", "c"), square("-1/4", "c"))),
        start,
        (C,),
    )
    above = d.Inequality((square("1 - phi", "c"),), signs=(("phi - 1", {"c": "1"}),))
    steps = {"above": above, "end": d.Instantiate("above", "N")}
    yield forgery(
        "a sequence below its lower end at the start",
        toy_claim(0),
        (square("1/2", "c"),),
        steps,
        _sequence("1/2", "phi", "1", "1/2"),
    )
    falling = d.Case((), steps, powers={"P": "1/2"})
    yield forgery(
        "a sequence that falls below its lower end",
        toy_claim(sp.Rational(1, 2) ** _N, N),
        (C,),
        falling,
        _sequence("1", "phi/2", "1", "P"),
        (C,),
    )


def _sequence(start: str, following: str, low: str, closed: str) -> d.Method:
    return toy_method(sequences={"phi": d.Sequence(start, following, low, closed)})


def _names() -> Iterator[Attack]:
    gains = toy_claim(sp.Rational(1, 2) ** _N, N, assumes=(assumed_to_be("grow"),))
    late = d.Law((("1", "f"), ("-1", "f*"), square("-N", "c")), ("grow",))
    direct = d.Case(
        (),
        one_step((("1", "f"), ("-1", "f*"), square("-N", "c")), laws={"late": "1"}),
        given={"N": "1"},
        powers={"N": "1/2"},
    )
    yield forgery(
        "a power that is called N", gains, (("1", "f"), ("-1", "f*")), direct, toy_method(laws={"late": late}), (C,)
    )
    shrinks = toy_method({"x": {"x": "s"}}, roots={"s": "a"})
    moved = {
        "step": d.Inequality((square("1", "x'"), square("-s^2", "x"))),
        "end": d.Induct("step", (X,), "s^2", "P"),
    }
    root = d.Case((Interval("s", "0", "1/2"),), moved, given={"a": "4*s^2"}, roots={"s": "a/4"}, powers={"P": "s^2"})
    unit = replace(a, domain=sp.Interval.open(0, 1))
    yield forgery("a root of the method defined anew", toy_claim((_a / 4) ** _N, unit, N), (X,), root, shrinks)
    zero = d.Case(
        (),
        {"step": d.Inequality((square("1", "x'"), square("-1", "x"))), "end": d.Induct("step", (X,))},
        defines={"g": {"g": "1"}},
    )
    walks = toy_method({"x": {"x": "1", "g": "-1"}})
    yield forgery("an output of the method defined as zero", toy_claim(1), (X,), zero, walks)
    same = one_step((square("1", "x[0]"), square("-1", "x")), index="0")
    yield forgery(
        "a fixed vector that is called like an iterate",
        toy_claim(1),
        (square("1", "x[0]"),),
        same,
        toy_method(fixed=("x[0]",)),
        at="1",
    )
    narrow = one_case(PIECE, A_SIGN, lets={"a": "1/2"})
    yield forgery("a parameter of the claim as a let", toy_claim(1, a), (square("a", "c"),), narrow, initial=(C,))
    index = replace(a, name="k")
    index = replace(index, domain=sp.Interval(-1, sp.oo))
    sign = {"step": d.Inequality((square("-k", "c"),), signs=(("k", {"c": "1"}),))}
    yield forgery(
        "a parameter that is called k", toy_claim(index.symbol, index), (square("0", "c"),), sign, initial=(C,)
    )
    free = toy_method({"x": {"x": "z"}})
    given = d.Case((), {"step": d.Inequality((square("1", "x'"),), index="0")}, given={"z": "0"})
    yield forgery("a name of the method given a value", toy_claim(0), (X,), given, free, at="1")


def _calls() -> Iterator[Attack]:
    bounded = {"f": d.Class("function", {"M": ("M", "lipschitz")})}
    M = Parameter("M", "bound")
    lipschitz = (assumed_to_be("lipschitz"),)
    target = (square("1", "g"), ("-M^2", "1"))
    use = (d.Use("bounded", "f", ("x",)),)
    late = toy_method(members=bounded, calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f", since=2)})
    steps = {"step": d.Inequality(target, use), "end": d.Instantiate("step", "N")}
    case = d.Case((Interval("M"),), steps)
    yield forgery(
        "a call that begins at 2, read at N = 1", toy_claim(M.symbol**2, M, N, assumes=lipschitz), (G,), case, late, ONE
    )
    first = toy_method(
        {"x": {"x": "1/2"}, "y": {"g": "1"}},
        members=bounded,
        calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f", since=1)},
    )
    at0 = d.Case((Interval("M"),), {"step": d.Inequality((square("1", "y'"), ("-M^2", "1")), use, index="0")})
    yield forgery(
        "a call that begins at 1, read at 0",
        toy_claim(M.symbol**2, M, assumes=lipschitz),
        (square("1", "y"),),
        at0,
        first,
        ONE,
        at="1",
    )
    all_k = d.Case(
        (Interval("M"),),
        {"step": d.Inequality((square("1", "y'"), ("-M^2", "1")), use), "end": d.Instantiate("step", "0")},
    )
    yield forgery(
        "a step from k = 1 on, read at 0",
        toy_claim(M.symbol**2, M, assumes=lipschitz),
        (square("1", "y"),),
        all_k,
        first,
        ONE,
        at="1",
    )
    convex = {"f": d.Class("function", {"mu": ("0", "convex")})}
    nameless = toy_method(
        outputs=("g", "h"),
        members=convex,
        calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}), "y": d.Call("f", {"c": "1"}, {"h": "1"})},
    )
    slope: d.Terms = (("1", {"g": "1"}, {"c": "1", "x": "-1"}),)
    steps = {"step": d.Inequality(slope, (d.Use("interpolation", "f", ("y", "x")),), index="N")}
    yield forgery("a function without values", toy_claim(0, assumes=(assumed_to_be("convex"),)), slope, steps, nameless)
    two = toy_method(
        members={**bounded, "h": d.Class("function", {})}, calls={"y": d.Call("h", {"x": "1"}, {"g": "1"}, "f")}
    )
    steps = {"step": d.Inequality(target, (d.Use("bounded", "f", ("y",)),), index="N")}
    yield forgery(
        "a call of another member",
        toy_claim(M.symbol**2, M, N, assumes=lipschitz),
        (G,),
        d.Case((Interval("M"),), steps),
        two,
        ONE,
    )
    narrow = {"f": d.Class("function", {"M": ("M/2", "lipschitz")})}
    half = toy_method(members=narrow, calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")})
    steps = {"step": d.Inequality((square("1", "g"), ("-M^2/4", "1")), use, index="N")}
    yield forgery(
        "a smaller class than the assumption says",
        toy_claim(M.symbol**2 / 4, M, N, assumes=lipschitz),
        (G,),
        d.Case((Interval("M"),), steps),
        half,
        ONE,
    )
    plain = toy_method(members=bounded, calls={"x": d.Call("f", {"x": "1"}, {"g": "1"}, "f")})
    steps = {"step": d.Inequality(target, use, index="N")}
    yield forgery(
        "an assumption that the claim does not make",
        toy_claim(M.symbol**2, M, N),
        (G,),
        d.Case((Interval("M"),), steps),
        plain,
        ONE,
    )
    other = (Assumption("lipschitz", "f is convex"),)
    silent = {"words": {"quantity": "q"}}
    yield forgery(
        "an assumption without words",
        toy_claim(M.symbol**2, M, N, assumes=other),
        (G,),
        d.Case((Interval("M"),), steps),
        plain,
        ONE,
        **silent,
    )


def _domains() -> Iterator[Attack]:
    scaled, one = (square("a", "c"),), toy_claim(1, a)
    yield forgery("a case on a piece of the domain", one, scaled, one_case(PIECE, A_SIGN), initial=(C,))
    root = {"step": d.Inequality((square("s^2", "c"), square("-1", "c")), signs=(("1 - s^2", {"c": "1"}),), index="N")}
    framed = one_case((Interval("s", "0", "1"),), root, given={"a": "s^2"}, roots={"s": "a"}, frame=PIECE)
    yield forgery("a frame on a piece of the domain", one, scaled, framed, initial=(C,))
    yield forgery("a root on a piece of its range", one, scaled, replace(framed, frame=()), initial=(C,))
    given = d.Case((), {"step": d.Inequality((), index="N")}, given={"a": "0"})
    yield forgery("a parameter given a value that the claim does not state", toy_claim(0, a), scaled, given)
    shrinks = toy_method({"x": {"x": "s"}}, roots={"s": "a"})
    moved = {
        "step": d.Inequality((square("1", "x'"), square("-s^2", "x"))),
        "end": d.Induct("step", (X,), "s^2", "P"),
    }
    conflated = one_case((Interval("s"),), moved, given={"a": "s"}, powers={"P": "s^2"})
    yield forgery(
        "a parameter given by what does not give it back", toy_claim(_a ** (2 * _N), a, N), (X,), conflated, shrinks
    )
    zero = {"step": d.Inequality((square("1", "x'"),), index="0")}
    yield forgery(
        "a root given a value that it does not have",
        toy_claim(0, a),
        (X,),
        one_case(ALL_OF_A, zero, given={"s": "0"}),
        shrinks,
        at="1",
    )
    knows = one_case(ALL_OF_A, A_SIGN, knows=("1 - a",))
    yield forgery("a sign that the claim does not state", one, scaled, knows, initial=(C,))
    relation = (assumed_to_be("short", sp.Le(_b, sp.sqrt(_a))),)
    half = {
        "step": d.Inequality(
            (square("4*b^2", "c"), square("-s^2", "c")), signs=(("s^2 - 4*b^2", {"c": "1"}),), index="N"
        )
    }
    late = one_case(
        (Interval("s"), Interval("b", "0", "s/2", closed_high=True)), half, given={"a": "s^2"}, roots={"s": "a"}
    )
    claim = toy_claim(_a, a, b, assumes=relation)
    yield forgery(
        "an end with a root that the claim does not state", claim, (square("4*b^2", "c"),), late, initial=(C,)
    )
    sign = {
        "step": d.Inequality(
            (square("4*b^2", "c"), square("-s^2", "c")), signs=(("(s - 2*b)*(s + 2*b)", {"c": "1"}),), index="N"
        )
    }
    sure = one_case((Interval("s"), Interval("b")), sign, given={"a": "s^2"}, roots={"s": "a"}, knows=("s - 2*b",))
    yield forgery(
        "a sign with a root that the claim does not state", claim, (square("4*b^2", "c"),), sure, initial=(C,)
    )


def _words() -> Iterator[Attack]:
    words: dict[str, Any] = {"words": {"quantity": "q", "assumption low": "it is low"}}
    law = toy_method(laws={"low": d.Law((C,), ("low",))})
    low = {"step": d.Inequality((C,), laws={"low": "1"}, index="N")}
    yield forgery("an assumption that only the formal side knows", toy_claim(0), (C,), low, law, **words)
    alone = toy_method(laws={"low": d.Law((C,), ())})
    yield forgery("a law that nothing grants", toy_claim(0), (C,), low, alone)
    high = (Assumption("low", "it is high"),)
    yield forgery("an assumption in other words", toy_claim(0, assumes=high), (C,), low, law, **words)
    nothing = {"step": d.Inequality((), index="N")}
    yield forgery("a quantity in other words", toy_claim(0), (), nothing, words={"quantity": "p"})
    yield forgery("a claim that is known to be false", replace(toy_claim(0), false_as_published="so"), (), nothing)
    count = {"step": d.Inequality((C, square("-N", "c")), signs=(("N - 1", {"c": "1"}),), index="N")}
    zero = replace(N, domain=sp.S.Naturals0)
    yield forgery("steps that count from 0", toy_claim(zero.symbol, zero), (C,), count, initial=(C,))
    same = {"step": d.Inequality((square("-1", "c"),), squares=(("1", {"c": "1"}),), index="N")}
    yield forgery("an equality of which one side is proved", toy_claim(0, relation=Relation.EQ), (C,), same)
    yield forgery("a conclusion that is another claim", toy_claim(0), (C,), same)
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
        return forgery(
            name,
            toy_claim(bound, *parameters, relation=Relation.EQ),
            d.Infimum(value, over, at),
            one_case((case or over,), steps),
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
    steps = {"below": d.Inequality((square("-1", "c"),), squares=(("1", {"c": "1"}),), index="0")}
    yield forgery(
        "a least value that is below the bound",
        toy_claim(1, relation=Relation.EQ),
        d.Infimum("s", Interval("s", "0", "2"), "1"),
        one_case((Interval("s", "0", "2"),), steps),
        at="1",
    )
