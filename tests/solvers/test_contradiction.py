"""Assumptions that cannot be met are found, those that can be are shown to be, and each answer is exact."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction as F
from itertools import combinations_with_replacement

import pytest

from gradproof.solvers.exact.contradiction import Standing, assumed
from gradproof.theory.axioms import ONE, Form, Member, Point
from gradproof.theory.field import Interval, field_over
from gradproof.theory.proof import Premise, Statement, Use, check

XX, YY, XY = ("x", "x"), ("y", "y"), ("x", "y")
SMOOTH = Member(
    "f",
    "function",
    {"mu": F(0), "L": F(1)},
    (Point("a", {"x": F(1)}, {"g": F(1)}, {"v": F(1)}), Point("b", {"y": F(1)}, {"h": F(1)}, {"w": F(1)})),
)


def le(quadratic: dict, linear: dict) -> tuple[Form, bool]:
    return Form({k: F(c) for k, c in quadratic.items()}, {k: F(c) for k, c in linear.items()}), False


def eq(quadratic: dict, linear: dict) -> tuple[Form, bool]:
    return le(quadratic, linear)[0], True


def statement(*premises: tuple[Form, bool], members: tuple[Member, ...] = ()) -> Statement:
    named = tuple(Premise(f"p{k}", form, equality) for k, (form, equality) in enumerate(premises))
    return Statement(("x", "y", "g", "h"), ("v", "w"), members, Form(), named)


def indicator(value: int) -> Member:
    return Member("i", "indicator", {}, (Point("a", {"x": F(1)}, {}, {ONE: F(value)}),))


def smooth(**constants: int) -> Member:
    return replace(SMOOTH, constants={**SMOOTH.constants, **{k: F(c) for k, c in constants.items()}})


SAME = (Point("a", {"x": F(1)}, {"g": F(1)}, {"v": F(1)}), Point("b", {"x": F(1)}, {"g": F(1)}, {"v": F(1), ONE: F(1)}))
TINY, HUGE = F(1, 10**9), 10**9

CONTRADICTIONS = {
    "an indicator with value 1": statement(members=(indicator(1),)),
    "an indicator with value -1": statement(members=(indicator(-1),)),
    "1 <= 0": statement(le({}, {ONE: 1})),
    "1 == 0": statement(eq({}, {ONE: -1})),
    "|x|^2 <= -1": statement(le({XX: 1}, {ONE: 1})),
    "v <= 1 and v >= 2": statement(le({}, {"v": 1, ONE: -1}), le({}, {"v": -1, ONE: 2})),
    "v == w, v <= 0, w >= 1": statement(eq({}, {"v": 1, "w": -1}), le({}, {"v": 1}), le({}, {"w": -1, ONE: 1})),
    "Cauchy-Schwarz": statement(le({XX: 1}, {ONE: -1}), le({YY: 1}, {ONE: -1}), le({XY: -1}, {ONE: 2})),
    "small": statement(le({XX: 1}, {ONE: -TINY}), le({YY: 1}, {ONE: -TINY}), le({XY: -1}, {ONE: 2 * TINY})),
    "large": statement(le({XX: 1}, {ONE: -HUGE}), le({YY: 1}, {ONE: -HUGE}), le({XY: -1}, {ONE: 2 * HUGE})),
    "two values at one point": statement(members=(replace(SMOOTH, points=SAME),)),
    "a gradient beyond M": statement(le({("g", "g"): -1}, {ONE: 4}), members=(smooth(M=1),)),
    "gradients too far apart": statement(
        le({XX: 1, XY: -2, YY: 1}, {ONE: -1}),
        eq({("g", "g"): 1, ("g", "h"): -2, ("h", "h"): 1}, {ONE: -4}),
        members=(SMOOTH,),
    ),
    "below the lower bound": statement(
        le({}, {"v": 1}), members=(replace(SMOOTH, constants={**SMOOTH.constants, "lower": ONE}),)
    ),
    "hidden among others": statement(
        le({XX: 1}, {ONE: -1}), le({("g", "y"): 1}, {"w": 1}), le({("g", "x"): -1}, {}), members=(SMOOTH, indicator(1))
    ),
}
AGREE = {
    "nothing": statement(),
    "a ball": statement(le({XX: 1}, {ONE: -4}), members=(SMOOTH,)),
    "a sphere": statement(eq({XX: 1}, {ONE: -4}), members=(SMOOTH,)),
    "outside a ball": statement(le({XX: -1}, {ONE: 4}), members=(SMOOTH,)),
    "a value of at least 1 on a sphere": statement(
        eq({XX: 1}, {ONE: -1}), le({}, {"v": -1, ONE: 1}), members=(SMOOTH,)
    ),
    "an angle": statement(le({XX: 1}, {ONE: -1}), le({YY: 1}, {ONE: -1}), le({XY: -1}, {ONE: F(1, 2)})),
    "small": statement(eq({XX: 1}, {ONE: -TINY}), le({("g", "g"): -1}, {ONE: TINY / 2}), members=(SMOOTH,)),
    "large": statement(eq({XX: 1}, {ONE: -HUGE}), le({("g", "g"): -1}, {ONE: HUGE / 2}), members=(SMOOTH,)),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_found_and_proved(name: str) -> None:
    found = assumed(CONTRADICTIONS[name])
    assert found.standing is Standing.CONTRADICT
    assert found.proof is not None
    accepted = check(found.proof)
    assert accepted.statement.target == Form({}, {ONE: F(1)})
    assert replace(accepted.statement, target=Form(), text="") == CONTRADICTIONS[name]


@pytest.mark.parametrize("name", AGREE)
def test_assumptions_that_can_be_met_are_never_said_to_contradict_each_other(name: str) -> None:
    assert assumed(AGREE[name]).standing is Standing.AGREE


def test_what_no_multipliers_show_is_left_open() -> None:
    """|x|^2 <= 0 and <x, y> >= 1 cannot be, but no finite multipliers say so; |x|, |y| <= 1, <x, y> >= 1 can, at one point."""
    impossible = statement(le({XX: 1}, {}), le({XY: -1}, {ONE: 1}))
    barely = statement(le({XX: 1}, {ONE: -1}), le({YY: 1}, {ONE: -1}), le({XY: -1}, {ONE: 1}))
    assert assumed(impossible).standing is Standing.OPEN
    assert assumed(barely).standing is not Standing.CONTRADICT


@pytest.mark.parametrize("constants", [{"mu": 2, "L": 1}, {"mu": 2, "beta": 1}])
def test_an_empty_class_of_operators(constants: dict) -> None:
    A = Member("A", "operator", {k: F(c) for k, c in constants.items()}, (Point("a", {"x": F(1)}, {"g": F(1)}),))
    assert assumed(statement(members=(A,))).standing is Standing.CONTRADICT
    edge = replace(A, constants={**A.constants, "mu": F(1)})
    assert assumed(statement(members=(edge,))).standing is Standing.AGREE


def test_strongly_convex_with_bounded_gradients_is_said_to_be_doubtful() -> None:
    assert assumed(statement(members=(smooth(mu=F(1, 2), M=1),))).standing is Standing.OPEN


def test_classes_that_are_smaller_than_they_read() -> None:
    at = (Point("a", {"x": F(1)}, {"g": F(1)}),)
    family = Member("F", "function", {"L": F(1)}, at, average=True)
    mean = Member("f", "function", {"mu": F(2), "L": F(3)}, at, mean_of="F")
    assert assumed(statement(members=(family, mean))).standing is Standing.CONTRADICT
    fine = replace(mean, constants={"mu": F(1), "L": F(3)})
    assert assumed(statement(members=(family, fine))).standing is Standing.AGREE
    constant = Member("f", "function", {"L": F(1), "PL": F(2), "lower": "w"}, at)
    assert assumed(statement(members=(constant,))).standing is Standing.OPEN


@pytest.mark.parametrize("seed", range(30))
def test_what_holds_of_a_quadratic_function_is_no_contradiction(seed: int) -> None:
    """Random premises, tight ones among them, that two points of a function satisfy."""
    rng = random.Random(seed)
    curvature = F(rng.randint(0, 4), 2)
    vectors = {n: [F(rng.randint(-3, 3)) for _ in range(2)] for n in "xy"}
    vectors |= {g: [curvature * a for a in vectors[x]] for g, x in (("g", "x"), ("h", "y"))}

    def dot(a: str, b: str) -> F:
        return sum((p * q for p, q in zip(vectors[a], vectors[b], strict=True)), F(0))

    values = {"v": curvature * dot("x", "x") / 2, "w": curvature * dot("y", "y") / 2}
    premises = []
    for _ in range(rng.randint(1, 4)):
        pairs = [p for p in combinations_with_replacement("ghxy", 2) if rng.random() < 0.3]
        quadratic = {p: F(rng.choice([-2, -1, 1, 2])) for p in pairs}
        linear = {n: F(rng.choice([-2, -1, 1, 2])) for n in values if rng.random() < 0.4}
        here = sum((c * dot(*p) for p, c in quadratic.items()), F(0)) + sum(
            (c * values[n] for n, c in linear.items()), F(0)
        )
        equality = rng.random() < 0.3
        room = 0 if equality else rng.choice([0, 0, 1, 3])
        premises.append((Form(quadratic, linear | ({ONE: -here - room} if here + room else {})), equality))
    member = replace(SMOOTH, constants={"mu": F(rng.choice([0, 0, -1])), "L": F(2)})
    assert assumed(statement(*premises, members=(member,))).standing is not Standing.CONTRADICT


def test_a_statement_with_parameters() -> None:
    domain = (Interval("q", "0", "1"),)
    q = field_over(domain)

    def on(*texts: str) -> Statement:
        forms = [Form({XX: q.one}, {ONE: q.read(text)}) for text in texts]
        return replace(statement(*((f, False) for f in forms)), domain=domain)

    assert assumed(on("-q", "q - 1")).standing is Standing.AGREE
    assert assumed(on("q")).standing is Standing.CONTRADICT
    part = assumed(on("q - 1/2"))
    assert part.standing is Standing.OPEN
    assert "contradict each other at q" in part.reason


def test_a_large_statement_is_searched_where_its_proof_goes() -> None:
    points = tuple(Point(f"p{k}", {f"z{k}": F(1)}, {f"d{k}": F(1)}, {"v": F(1)}) for k in range(50))
    names = tuple(f"{c}{k}" for c in "zd" for k in range(50))
    large = replace(SMOOTH, points=points)
    s = Statement((*names, "x"), ("v",), (large, indicator(1)), Form())
    assert assumed(s).standing is Standing.OPEN  # too many instances, and no proof to begin with
    used = (Use("indicator-value", "i", ("a",), F(-1, 3)),)
    assert assumed(s, used).standing is Standing.CONTRADICT
