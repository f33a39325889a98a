"""That there is no worst case is said with an exact ray, or not at all."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers.exact.rays import (
    NEEDED,
    Contradiction,
    Moments,
    Ray,
    Recession,
    check_ray,
    inequalities,
    read_ray,
    write_ray,
)
from gradproof.solvers.pep import (
    BoundedGradient,
    Cocoercive,
    Contractive,
    Contradictory,
    Convex,
    ConvexLipschitz,
    FunctionClass,
    Indicator,
    LipschitzOperator,
    Monotone,
    PolyakLojasiewicz,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    Status,
    StronglyConvex,
    StronglyMonotone,
    Unbounded,
    WorstCase,
    line_search,
    linear_minimiser,
)
from gradproof.solvers.pep.certify import ray_search, worst_case
from gradproof.solvers.pep.solve import programs
from gradproof.theory.errors import ProofFormatError, ProofRejected

Asked = Callable[[F, F], WorstCase]


def free_point(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(SmoothConvex(q / p**2))
    x_star, x, y = f.minimiser(), P.point("x"), P.point("y")
    P.assume((x - x_star) ** 2 <= p**2)
    return P.worst_case(f(y) - f(x_star))


def far_away(p: F, q: F) -> WorstCase:
    """The origin is not allowed, so a start is needed."""
    P = Problem()
    f = P.function(SmoothConvex(q / p**2))
    x_star, x = f.minimiser(), P.point("x")
    P.assume((x - x_star) ** 2 >= p**2)
    return P.worst_case(f(x) - f(x_star))


def on_a_sphere(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(SmoothConvex(q / p**2))
    x_star, x, y = f.minimiser(), P.point("x"), P.point("y")
    P.assume(((x - x_star) ** 2).equals(p**2))
    P.assume(f(x) - f(x_star) >= q / 4)
    return P.worst_case(f(y) - f(x_star))


def subgradients(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(Convex())
    x_star, x0 = f.minimiser(), P.point("x0")
    x = x0 - p**2 / q * f.gradient(x0)
    return P.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)


def centre(p: F, q: F) -> WorstCase:
    P = Problem()
    f, h = P.function(Quadratic(q / p**2 / 2, q / p**2)), P.function(Convex())
    x_star, x0 = P.minimiser(f, h), P.point("x0")
    return P.worst_case((f.minimiser() - x_star) ** 2, per=(x0 - x_star) ** 2)


def monotone(p: F, q: F) -> WorstCase:
    P = Problem()
    A = P.operator(Monotone())
    x_star, x0 = A.minimiser(), P.point("x0")
    return P.worst_case((x0 - p**2 / q * A(x0) - x_star) ** 2, per=(x0 - x_star) ** 2)


def unlimited_set(p: F, q: F) -> WorstCase:
    P = Problem()
    f, h = P.function(SmoothConvex(q / p**2)), P.function(Indicator())
    x_star, x = P.minimiser(f, h), h.contains(P.point("x0"))
    for k in range(2):
        x = x + F(2, k + 2) * (linear_minimiser(h, f.gradient(x)) - x)
    return P.worst_case(f(x) - f(x_star))


def compressor(p: F, q: F) -> WorstCase:
    P = Problem()
    C, x, y = P.operator(Contractive(F(1, 2))), P.point("x"), P.point("y")
    return P.worst_case(C(y) ** 2, per=x**2)


def too_many_values(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(SmoothConvex(q / p**2))
    x_star, x0 = f.minimiser(), P.point("x0")
    x = x0 - p**2 / q * f.gradient(x0)
    return P.worst_case(f(x) - 2 * f(x_star) + 3 * f(x0), per=(x0 - x_star) ** 2, solver="low-rank")


def near_and_far(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(SmoothConvex(q / p**2))
    x_star, x = f.minimiser(), P.point("x")
    P.assume((x - x_star) ** 2 <= p**2)
    P.assume((x - x_star) ** 2 >= 2 * p**2)
    return P.worst_case(f(x) - f(x_star))


def wider_than_the_set(p: F, q: F) -> WorstCase:
    P = Problem()
    f, h = P.function(SmoothConvex(q / p**2)), P.function(Indicator(p))
    x_star, x = P.minimiser(f, h), h.contains(P.point("x0"))
    P.assume((x - x_star) ** 2 >= 2 * p**2)
    return P.worst_case(f(x) - f(x_star))


def steeper_than_lipschitz(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(ConvexLipschitz(q / p))
    x_star, x = f.minimiser(), P.point("x0")
    P.assume((x - x_star) ** 2 <= p**2)
    P.assume(f(x) - f(x_star) >= 2 * q)
    return P.worst_case(f(x) - f(x_star))


def two_short_sides(p: F, q: F) -> WorstCase:
    P = Problem()
    f = P.function(SmoothConvex(q / p**2))
    x_star, x, z = f.minimiser(), P.point("x"), P.point("z")
    P.assume((z - x) ** 2 <= p**2)
    P.assume((x - x_star) ** 2 <= p**2)
    P.assume((z - x_star) ** 2 >= 5 * p**2)
    return P.worst_case(f(x) - f(x_star))


UNBOUNDED: list[Asked] = [
    free_point,
    far_away,
    on_a_sphere,
    subgradients,
    centre,
    monotone,
    unlimited_set,
    compressor,
    too_many_values,
]
CONTRADICTORY: list[Asked] = [near_and_far, wider_than_the_set, steeper_than_lipschitz, two_short_sides]
LARGE, SMALL = F(10) ** 9, F(1, 10**9)
UNITS = [(F(1), F(1)), (LARGE, SMALL), (SMALL, LARGE), (LARGE, LARGE), (F(1, 1000), F(1))]


def ray_of(asked: Asked, p: F = F(1), q: F = F(1)) -> Ray:
    with pytest.raises((Unbounded, Contradictory)) as caught:
        asked(p, q)
    return caught.value.ray


@pytest.mark.parametrize("asked", UNBOUNDED)
def test_what_is_unbounded_is_found_in_all_units(asked: Asked) -> None:
    for p, q in UNITS:
        with pytest.raises(Unbounded, match=r"unbounded.*no multiple of the premises") as caught:
            asked(p, q)
        ray = caught.value.ray
        check_ray(ray)
        again = read_ray(write_ray(ray))
        assert again == ray
        check_ray(again)


@pytest.mark.parametrize("asked", CONTRADICTORY)
def test_what_is_contradictory_is_found_in_all_units(asked: Asked) -> None:
    for p, q in UNITS:
        with pytest.raises(Contradictory, match="contradict each other") as caught:
            asked(p, q)
        ray = caught.value.ray
        check_ray(ray)
        again = read_ray(write_ray(ray))
        assert again == ray
        check_ray(again)


def test_where_inequalities_are_necessary_only_the_bound_is_unbounded() -> None:
    P = Problem()
    f = P.function(PolyakLojasiewicz(F(1, 10), 1))
    x, y = P.point("x"), P.point("y")
    with pytest.raises(Unbounded, match="necessary only"):
        P.worst_case(f(y) - f.lower_bound(), per=f(x) - f.lower_bound())
    P = Problem()
    f = P.function(Smooth(1))
    x0 = P.point("x0")
    x = line_search(f, x0, f.gradient(x0))
    with pytest.raises(Unbounded, match="necessary only"):
        P.worst_case(f.gradient(x) ** 2, per=x0**2)


@pytest.mark.parametrize("asked", UNBOUNDED)
def test_corrupted_directions_are_refused(asked: Asked) -> None:
    ray = ray_of(asked)
    assert isinstance(ray, Recession)
    s = ray.statement
    direction = ray.direction

    def refused(changed: Ray, match: str | None = None) -> None:
        with pytest.raises(ProofRejected, match=match):
            check_ray(changed)

    refused(replace(ray, direction=Moments()), "does not grow")
    target = s.target.copy()
    refused(replace(ray, statement=replace(s, target=type(target)().add(target, -1))), "does not grow")
    if direction.rows:
        w, row = direction.rows[0]
        refused(replace(ray, direction=replace(direction, rows=((-w, row), *direction.rows[1:]))), "weight")
    for f, c in s.target.linear.items():  # a value that runs away from the others
        away = 10**6 * (-1 if c > 0 else 1)
        refused(replace(ray, direction=replace(direction, values={**direction.values, f: F(away)})))
    premises = tuple(p for p in s.premises if not p.equality)
    for p in premises:  # a premise that forbids the start
        form = p.form.copy().add(type(p.form)({}, {"1": F(10**12)}))
        shifted = tuple(replace(x, form=form) if x is p else x for x in s.premises)
        refused(replace(ray, statement=replace(s, premises=shifted)), "start violates")


@pytest.mark.parametrize("asked", CONTRADICTORY)
def test_corrupted_multipliers_are_refused(asked: Asked) -> None:
    ray = ray_of(asked)
    assert isinstance(ray, Contradiction)
    assert len(ray.uses) >= 2
    for k, use in enumerate(ray.uses):
        for multiplier in (F(0), -use.multiplier, use.multiplier + 10**6):
            uses = (*ray.uses[:k], replace(use, multiplier=multiplier), *ray.uses[k + 1 :])
            if use.multiplier > F(1, 1000) or multiplier < 0:  # small ones may be spared
                with pytest.raises(ProofRejected):
                    check_ray(replace(ray, uses=uses))
    with pytest.raises(ProofRejected):
        check_ray(replace(ray, uses=()))


def test_statements_that_are_not_well_formed_are_refused() -> None:
    ray = ray_of(free_point)
    s = ray.statement
    assert isinstance(ray, Recession)
    for changed in (
        replace(s, vectors=s.vectors[1:]),
        replace(s, values=s.values[1:]),
        replace(s, members=(replace(s.members[0], constants={"mu": F(0), "L": F(-1)}),)),
        replace(s, members=(replace(s.members[0], average=True),)),
    ):
        with pytest.raises(ProofRejected):
            check_ray(replace(ray, statement=changed))


def test_files_that_are_no_rays_are_refused() -> None:
    text = write_ray(ray_of(far_away))
    for change in (
        lambda d: d.update(format="gradproof-proof-1"),
        lambda d: d.update(kind="rumour"),
        lambda d: d.pop("direction"),
        lambda d: d.update(proof=[]),
        lambda d: d["start"].update(values={"f(9)": "1"}),
        lambda d: d["start"].update(rows=[{"weight": 1, "row": {}}]),
        lambda d: d["start"].update(rows=[{"weight": "1", "row": {"x": 2}}]),
        lambda d: d["start"].update(rows=[{"weight": "1/0", "row": {}}]),
        lambda d: d["start"].update(rows=[{"weight": "x", "row": {}}]),
        lambda d: d["start"].update(rows=7),
        lambda d: d.update(start=[]),
    ):
        data = json.loads(text)
        change(data)
        with pytest.raises(ProofFormatError):
            read_ray(json.dumps(data))
    for wrong in ("", "[]", "{", text[:-10], text.replace('"1"', "1.5", 1)):
        with pytest.raises(ProofFormatError):
            read_ray(wrong)


@pytest.mark.parametrize(
    "cls",
    [
        SmoothConvex(1),
        SmoothStronglyConvex(F(1, 2), 1),
        Smooth(1),
        PolyakLojasiewicz(F(1, 2), 1),
        Convex(),
        StronglyConvex(1),
        ConvexLipschitz(1),
        BoundedGradient(1, 1),
        Indicator(),
        Indicator(1),
        Quadratic(0, 1),
        Monotone(),
        StronglyMonotone(F(1, 2)),
        StronglyMonotone(F(1, 2), 1),
        Cocoercive(1),
        LipschitzOperator(1),
        Contractive(F(1, 2)),
    ],
    ids=repr,
)
def test_the_check_asks_for_all_that_a_class_has(cls: FunctionClass) -> None:
    P = Problem()
    m = P.function(cls)
    for name in ("x", "y"):
        m.gradient(P.point(name))
    member = m.member()
    asked = {axiom for axiom, constants in NEEDED[member.kind] if constants <= set(member.constants)}
    own = {axiom for axiom, _ in cls.axioms} - {"spectrum"}
    assert own <= asked <= own | {"lower", "indicator-value"}
    assert {name.split()[0] for name, _, _ in inequalities(P.statement(type(m.gradient(P.point("z")) ** 2)(
        (m.gradient(P.point("u")) ** 2).form).form))} >= own  # fmt: skip


@pytest.mark.parametrize("asked", [free_point, near_and_far, too_many_values])
def test_without_a_ray_a_suspicion_is_undecided(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_search, "find_ray", lambda worst: None)
    for p, q in ((F(1), F(1)), (LARGE, SMALL)):
        worst = asked(p, q)
        assert worst.status is Status.UNDECIDED
        assert "no exact ray" in worst.reason
        assert "\n" not in worst.reason
        assert not np.isfinite(worst.bound)
        with pytest.raises(Exception, match="no multipliers to round"):
            worst.certify()
        assert "undecided" in worst._repr_html_()


def test_a_solver_that_wrongly_says_infeasible_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = programs.solve_dual
    for status in ("PrimalInfeasible", "DualInfeasible", "AlmostPrimalInfeasible"):
        monkeypatch.setattr(
            programs, "solve_dual", lambda *a, status=status, **k: replace(real(*a, **k), status=status)
        )
        P = Problem()
        f = P.function(SmoothConvex(1))
        x_star, x0 = f.minimiser(), P.point("x0")
        P.assume((x0 - x_star) ** 2 <= 1)
        metric = f(x0) - f(x_star)
        worst = P.worst_case(metric, solver="clarabel")
        assert worst.status is Status.UNDECIDED
        assert status in worst.reason
        assert P.worst_case(metric).bound == pytest.approx(0.5, rel=1e-6)  # the other program answers
    assert worst_case.SOLVERS[0] == "auto"
