"""Forgeries of equalities, limits, thresholds, counts from 0 and numbers of a method; see ``derivation_forgeries``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from gradproof.solvers.exact.derivation_attacks import Attack
from gradproof.solvers.exact.derivation_toys import (
    A_SIGN,
    HALF,
    ONE,
    PIECE,
    C,
    N,
    X,
    a,
    assumed_to_be,
    b,
    forgery,
    one_case,
    square,
    toy_claim,
    toy_method,
)
from gradproof.theory import derivation as d
from gradproof.theory.evidence import Relation
from gradproof.theory.field import Interval

_COUNT = replace(N, domain=sp.S.Naturals0)
_LOW = (assumed_to_be("low"),)


def of_equalities() -> Iterator[Attack]:
    """All of them."""
    yield from _equalities()
    yield from _limits()
    yield from _thresholds()
    yield from _counts()
    yield from _numbers()


def _equalities() -> Iterator[Attack]:
    low = toy_method(laws={"low": d.Law((C,), ("low",))})
    end = {"end": d.Combine({}, {"low": "1"})}
    yield forgery("an equality by an inequality", toy_claim(0, relation=Relation.EQ, assumes=_LOW), (C,), end, low)
    flat = toy_method(laws={"flat": d.Law((C, ("-1", "f*")), ("low",), equality=True)})
    zero = {"sum": d.Combine({}, {"flat": "1"}, squares=(("1", {}),)), "end": d.Combine({"sum": "1"})}
    yield forgery(
        "an equality from which a constant was dropped",
        toy_claim(1, relation=Relation.EQ, assumes=_LOW),
        (C, ("-1", "f*")),
        zero,
        flat,
        ONE,
    )
    sign = {"end": d.Combine({}, squares=(("-1", {}),))}
    yield forgery("a negative constant dropped", toy_claim(-1), (("0", "1"),), sign, initial=ONE)


def _limits() -> Iterator[Attack]:
    claim = toy_claim(0, relation=Relation.EQ)
    doubles = toy_method({"x": {"x": "2"}})
    grows = {"step": d.Combine({}, index="k"), "end": d.Settle("step", (X,), "4", "0")}
    yield forgery("a limit of what grows", claim, d.Limit((X,)), grows, doubles)
    other = {"step": d.Combine({}, index="k"), "end": d.Settle("step", (X,), "1/2", "0")}
    still = toy_method({"x": {"x": "1"}})
    yield forgery("a limit of another recursion", claim, d.Limit((X,)), other, still)
    below = toy_method(laws={"low": d.Law((("1", "f'"), ("-1/2", "f"), ("1", "1")), ("low",))})
    steps = {"step": d.Combine({}, {"low": "1"}, index="k"), "end": d.Settle("step", (("1", "f"),), "1/2", "-1")}
    yield forgery(
        "a limit of an inequality",
        toy_claim(-2, relation=Relation.EQ, assumes=_LOW),
        d.Limit((("1", "f"),)),
        steps,
        below,
        ONE,
    )


def _thresholds() -> Iterator[Attack]:
    t = Interval("t")
    one, same = toy_claim(1, relation=Relation.IFF), {"end": d.Combine({})}
    scalar = d.Threshold((("t - 2", "1"),), "t - 2", t)
    yield forgery("a threshold where the factor does not turn", one, scalar, d.Case((t,), same), initial=ONE)
    late = d.Threshold((square("t - 2", "c"),), "t - 1", t)
    yield forgery("a threshold of another quantity", one, late, d.Case((t,), same), initial=(C,))
    less = {"end": d.Inequality((square("-1", "c"),), squares=(("1", {"c": "1"}),), index="0")}
    yield forgery("a threshold of an inequality", one, late, d.Case((t,), less), initial=(C,), at="0")
    falls = d.Threshold((("1 - t", "1"),), "1 - t", t)
    yield forgery("a threshold from which on the quantity is negative", one, falls, d.Case((t,), same), initial=ONE)
    piece = Interval("t", "0", "3/2")
    twice = d.Threshold((("(t - 1)*(2 - t)", "1"),), "(t - 1)*(2 - t)", piece)
    yield forgery("a threshold on a piece of the line", one, twice, d.Case((piece,), same), initial=ONE)
    moving = d.Threshold((("t - a", "1"),), "t - a", t)
    yield forgery(
        "a threshold on a piece of the claim's domain", toy_claim(1, a, relation=Relation.IFF), moving,
        d.Case((Interval("a", "1", "2"), t), same), initial=ONE,
    )  # fmt: skip
    yield forgery(
        "a threshold read as an equality", toy_claim(2, relation=Relation.EQ), late, d.Case((t,), same), initial=(C,)
    )
    half = {"end": d.Inequality((square("-1/2", "c"),), squares=(("1/2", {"c": "1"}),), index="0")}
    yield forgery("a bound read as a threshold", one, (square("1/2", "c"),), half, initial=(C,), at="0")


def _counts() -> Iterator[Attack]:
    stays = toy_method()
    after = {"step": d.Inequality((square("1", "x'"), square("-1", "x"))), "end": d.Induct("step", (X,), start="1")}
    yield forgery(
        "an induction from 1, read at 0",
        toy_claim(sp.Rational(1, 4), _COUNT),
        (X,),
        d.Case((), after, first="0"),
        stays,
    )
    start = toy_method(laws={"low": d.Law((X, square("-4", "c")), ("low",), index="0")})
    below: d.Terms = (X, square("-1", "c"))
    falls = {
        "base": d.Inequality((square("1", "x'"), square("-1", "c")), laws={"low": "1/4"}, index="0"),
        "step": d.Inequality((square("1", "x'"), square("-1", "c")), assumes=((below, "1"),)),
        "end": d.InductHypothesis("base", "step", below),
    }
    yield forgery(
        "a hypothesis from 1 on, read at 0",
        toy_claim(1, _COUNT, assumes=_LOW),
        (X,),
        d.Case((), falls, first="0"),
        start,
        (C,),
    )
    count = {"end": d.Inequality((C, square("-N", "c")), signs=(("N - 1", {"c": "1"}),), index="N")}
    yield forgery(
        "steps below N, read at N = 0",
        toy_claim(_COUNT.symbol, _COUNT),
        (C,),
        d.Case((), count, reach="k<N", first="0"),
        initial=(C,),
    )
    late = {"end": d.Inequality((C, square("-N/2", "c")), signs=(("(N - 2)/2", {"c": "1"}),), index="N")}
    yield forgery(
        "steps that count from 2", toy_claim(N.symbol / 2, N), (C,), d.Case((), late, first="2"), initial=(C,)
    )
    grows = {"step": d.Combine({}, index="k"), "end": d.Induct("step", (X,), "4", "P")}
    least = {**grows, "low": d.Combine({}, squares=(("P - 4", {}),))}
    power = d.Case((), {**least, "last": d.Combine({"low": "1"})}, powers={"P": "4"}, first="0")
    yield forgery(
        "a power at N = 0",
        toy_claim(-4, _COUNT),
        (("-P", "1"),),
        power,
        toy_method({"x": {"x": "2"}}),
        ONE,
    )
    least_of_none = {"end": d.Least("m", "0")}
    minimum = d.Minimum((X,), "N")
    yield forgery(
        "a minimum over nothing",
        toy_claim(1, _COUNT),
        minimum,
        d.Case((), least_of_none, first="0", minima={"m": minimum}),
    )


def _numbers() -> Iterator[Attack]:
    z = Interval("z")
    any_z = toy_method(numbers=(d.Number(z, ()),))
    scaled: d.Terms = (("z", "1"),)
    sign = {"end": d.Inequality((("z - 1", "1"),), signs=(("1 - z", {}),), index="N")}
    yield forgery("a number as a let", toy_claim(1), scaled, d.Case((), sign, lets={"z": "1/2"}), any_z, ONE)
    yield forgery(
        "a number on a piece of its interval", toy_claim(1), scaled, d.Case((replace(z, high="1"),), sign), any_z, ONE
    )
    named = toy_method(numbers=(d.Number(PIECE[0], ()),))
    yield forgery(
        "a number named like a parameter", toy_claim(1, a), (square("a", "c"),), one_case(PIECE, A_SIGN), named, (C,)
    )
    root = d.Number(Interval("s", "0", "1"), ())
    below = {"end": d.Inequality((square("s^2", "c"), square("-1", "c")), signs=(("1 - s^2", {"c": "1"}),), index="N")}
    yield forgery(
        "a root that is a number",
        toy_claim(1, a),
        (square("a", "c"),),
        d.Case((root.interval,), below, given={"a": "s^2"}, roots={"s": "a"}),
        toy_method(numbers=(root,)),
        (C,),
    )
    small = d.Number(replace(z, high="1"), ("low",))
    yield forgery(
        "a number by an assumption that the claim does not make",
        toy_claim(1),
        scaled,
        d.Case((small.interval,), sign),
        toy_method(numbers=(small,)),
        ONE,
    )
    positive = {"zero": HALF, "end": d.Combine({}, squares=(("1 - a", {"c": "1"}),))}
    yield forgery(
        "a positive sign that the claim does not state",
        toy_claim(1, a),
        (square("a", "c"),),
        d.Case((Interval("a"),), positive, positive=("1 - a",)),
        initial=(C,),
    )
    above = (assumed_to_be("above", sp.Gt(b.symbol, a.symbol)),)
    whole = {"end": d.Inequality((square("a + 1 - b", "c"),), signs=(("b - a - 1", {"c": "1"}),), index="N")}
    yield forgery(
        "a relation of real numbers read as one of whole ones",
        toy_claim(0, a, b, assumes=above),
        (square("a + 1 - b", "c"),),
        d.Case((Interval("a"), Interval("b", "a + 1", "", True)), whole),
        initial=(C,),
    )
    read = toy_method(reads={"a": (C,)}, laws={"a": d.Law((C,), ("low",))})
    yield forgery(
        "a law that is called like what is read",
        toy_claim(0, a, assumes=_LOW),
        (C,),
        d.Case((Interval("a"),), {"end": d.Inequality((C,), laws={"a": "1"}, index="N")}),
        read,
    )
