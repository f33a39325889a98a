"""The exact solver asked about a user's method: the measured function is run on symbols, and its worst case comes back.

A measure that takes a gradient method's steps on a member of F(mu, L) runs unchanged on the vectors of a performance
estimation problem. What it returns is then a quadratic form, whose worst case is a semidefinite program; the rational
instance near it goes back into the measure like any other candidate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy

from gradproof.experiments.attack.bound import bound_in_floats
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.instances.exact import Root, generic
from gradproof.experiments.instances.functions import points, smooth
from gradproof.experiments.instances.interpolated import Interpolated
from gradproof.solvers.pep import Mapping as Member
from gradproof.solvers.pep import PepError, Problem, Scalar, SmoothStronglyConvex, Vector
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError
from gradproof.theory.evidence import Relation

MOST_STEPS = 5  # programs grow with the number of steps


class Untraceable(GradproofError):
    """The measure is none that the solver can be asked about."""


class Symbolic:
    """What the measure is given for its function: answers with vectors and values of the problem."""

    def __init__(self, problem: Problem, mu: Any, L: Any, dim: int) -> None:
        self.member: Member = problem.function(SmoothStronglyConvex(Fraction(mu), Fraction(L)))
        self.minimizer = self.member.minimiser()
        self.minimum = self.member(self.minimizer)
        self.dim = dim

    def gradient(self, x: Vector) -> Vector:
        return self.member.gradient(x)

    def __call__(self, x: Vector) -> Scalar:
        return self.member(x)

    def prox(self, x: Vector, gamma: Any) -> Vector:
        """x - gamma g with g the gradient at the result."""
        g = self.member.new_gradient()
        y = x - gamma * g
        self.member.declare(y, g)
        return y


def worst_instance(made: Experiment, claim: Claim, instance: Mapping[str, Any], drop: frozenset[str]) -> dict[str, Any]:
    """The instance with its function and starts replaced by the worst for its numbers, scaled into the starts' radius.

    Raises:
        Untraceable: not a method on F(mu, L), or its quantity or its bound is not of a form that the solver can read.
        GradproofError: the solver found no rational instance.
    """
    problem = Problem()
    symbols, radius = _symbols(made, problem, instance, drop)
    (name, f) = next((n, s) for n, s in symbols.items() if isinstance(s, Symbolic))
    try:
        with generic(made.measure):
            measured, values = made.run(symbols)
    except Exception as error:  # the measure does with its numbers what symbols do not allow
        raise Untraceable(f"{type(error).__name__}: {error}") from None
    metric, per = _objective(claim, measured, values)
    worst = problem.worst_case(metric, per=per)
    found = worst.counterexample()
    starts = {n: _place(s, found.vectors) for n, s in symbols.items() if isinstance(s, Vector)}
    size = max((abs(c) for n in starts for c in starts[n]), default=Fraction(0))
    scale = Fraction(2) ** math.floor(math.log2(radius / float(size))) if size else Fraction(1)
    base = found.values[next(iter(f.minimum.form.linear))]
    rows = [(_place(s.x, found.vectors), _place(s.g, found.vectors)) for s in f.member.samples]
    heights = [
        sum((c * found.values[v] for v, c in s.f.form.linear.items()), Fraction(0)) - base for s in f.member.samples
    ]
    function = Interpolated(
        tuple(tuple(scale * c for c in x) for x, _ in rows),
        tuple(tuple(scale * c for c in g) for _, g in rows),
        tuple(scale**2 * h for h in heights),
        float(f.member.cls.constants["mu"]),
        float(f.member.cls.constants["L"]),
    )
    arrays = {n: np.array([float(scale * c) for c in x]) for n, x in starts.items()}
    return {**instance, **arrays, name: function}


def _symbols(
    made: Experiment, problem: Problem, instance: Mapping[str, Any], drop: frozenset[str]
) -> tuple[dict[str, Any], float]:
    """The arguments as symbols: one function, starts as vectors, numbers as fractions; and the radius of the starts."""
    symbols: dict[str, Any] = {}
    radius = 10.0
    for name in made.order:
        given = made.draws.get(name)
        if callable(given) and not isinstance(given, SearchStrategy):
            given = given(**{n: drop if n == "drop" else instance[n] for n in made.inputs[name]})
        call: tuple[Any, tuple[Any, ...], dict[str, Any]] = getattr(given, "gradproof_call", (None, (), {}))
        maker, args, kwargs = call
        if maker is smooth and not any(isinstance(s, Symbolic) for s in symbols.values()):
            if "pieces" in kwargs or "max_dim" in kwargs or not 0 <= args[0] < args[1]:
                raise Untraceable("the functions are a part of F(mu, L) only")
            symbols[name] = Symbolic(problem, args[0], args[1], instance[name].dim)
        elif maker is points:
            symbols[name] = problem.point(name)
            radius = min(radius, kwargs.get("radius", 10.0))
        elif isinstance(instance[name], bool) or not isinstance(instance[name], int | float):
            raise Untraceable(f"{name} is neither a number, nor a start, nor the function")
        else:
            symbols[name] = instance[name] if isinstance(instance[name], int) else Fraction(instance[name])
            if isinstance(instance[name], int) and instance[name] > MOST_STEPS:
                raise Untraceable(f"{name} = {instance[name]} steps are too many")
    if not any(isinstance(s, Symbolic) for s in symbols.values()):
        raise Untraceable("no function of F(mu, L) is drawn")
    return symbols, radius


def _objective(claim: Claim, measured: Any, values: Mapping[str, Any]) -> tuple[Scalar, Scalar]:
    """What is maximised, per what: the excess over a bound that is linear in what the instance determines.

    With one such number the scale is fixed by it, and the bound may depend on it in any homogeneous way.
    """
    derived = {n: v.square if isinstance(v, Root) else v for n, v in values.items() if isinstance(v, Scalar | Root)}
    metric = measured.square if isinstance(measured, Root) else measured
    if not derived or not isinstance(metric, Scalar) or claim.relation not in (Relation.LE, Relation.GE):
        raise Untraceable("the quantity is no quadratic form, or the bound does not depend on the instance")
    per = sum(derived.values(), Scalar(next(iter(derived.values())).form.__class__()))
    if len(derived) == 1:
        return (metric if claim.relation is Relation.LE else -metric), per
    if isinstance(measured, Root):
        raise Untraceable("a root against several numbers of the instance")
    plain = {n: float(v) for n, v in values.items() if n not in derived}
    share = {n: bound_in_floats(claim, plain | {m: float(m == n) for m in derived}) for n in derived}
    if not all(map(math.isfinite, share.values())):
        raise Untraceable("the bound is not finite at unit numbers")
    excess = metric - sum((v * share[n] for n, v in derived.items()), 0 * per)
    return (excess if claim.relation is Relation.LE else -excess), per


def _place(x: Vector, vectors: Mapping[str, tuple[Fraction, ...]]) -> tuple[Fraction, ...]:
    dim = len(next(iter(vectors.values())))
    return tuple(sum((c * vectors[v][d] for v, c in x.terms.items()), Fraction(0)) for d in range(dim))


def small(instance: Mapping[str, Any]) -> bool:
    """Few enough steps for the solver."""
    return all(v <= MOST_STEPS for v in instance.values() if isinstance(v, int) and not isinstance(v, bool))


__all__ = ["PepError", "Untraceable", "small", "worst_instance"]
