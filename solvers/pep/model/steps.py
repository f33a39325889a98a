"""Steps that are defined by an optimality condition: proximal, projection, linear minimisation, exact line search."""

from __future__ import annotations

from typing import Any

from gradproof.solvers.pep.model.expressions import PepError, Vector, exact
from gradproof.solvers.pep.model.problem import Mapping


def proximal(f: Mapping, x: Vector, gamma: Any) -> Vector:
    """``argmin f + ||. - x||^2 / (2 gamma)``, or the resolvent of an operator: y = x - gamma g with g in df(y)."""
    _needs(f, x)
    step = exact(gamma, "gamma")
    if step <= 0:
        raise PepError(f"a proximal step needs gamma > 0, got gamma = {gamma}")
    if f.is_one:  # y - x + gamma L (y - centre) = 0
        pull = step * f.curvature
        y = (x + pull * f.centre) / (1 + pull)
        f.gradient(y)
        return y
    g = f.new_gradient()
    y = x - step * g
    f.declare(y, g)
    return y


def project(f: Mapping, x: Vector) -> Vector:
    """The projection of x on the set of an ``Indicator``.

    A normal vector may be given any length. It is given the one with which the free part of the gradients at a minimiser
    cancels: the step of the gradient step that is projected.
    """
    _needs_set(f)
    _needs(f, x)
    first = f.samples[0].g.terms if f.samples else {}
    steps = [x.terms[v] / c for v, c in first.items() if v in x.terms and x.terms[v] / c > 0]
    return proximal(f, x, steps[0] if steps else 1)


def linear_minimiser(f: Mapping, direction: Vector) -> Vector:
    """A point of the set of an ``Indicator`` that minimises ``<direction, .>`` (the Frank-Wolfe oracle)."""
    _needs_set(f)
    _needs(f, direction)
    y = f.problem.leaf(f.fresh("y"))
    f.declare(y, -direction)
    return y


def line_search(f: Mapping, x: Vector, *directions: Vector) -> Vector:
    """The minimiser of f over x + span(directions): its gradient is orthogonal to the directions and to the step.

    That the point lies on x + span(directions) is not stated, so a worst case is an upper bound (``exact_class`` False).
    """
    _needs(f, x, *directions)
    if not directions:
        raise PepError("an exact line search needs at least one direction")
    problem = f.problem
    y = problem.leaf(f.fresh("y"))
    g = f.gradient(y)
    for k, d in enumerate(directions):
        problem.assume((g @ d).equals(0), name=f"search {f.name}.{k} at {y!r}")
    problem.assume((g @ (y - x)).equals(0), name=f"search {f.name} step at {y!r}")
    problem.relaxed = True
    return y


def _needs(f: Mapping, *vectors: Vector) -> None:
    if not isinstance(f, Mapping):
        raise PepError(f"a function of the problem is needed, made by problem.function(...), got {f!r}")
    for x in vectors:
        if not isinstance(x, Vector):
            raise PepError(f"a point or a direction of the problem is needed, got {x!r}")


def _needs_set(f: Mapping) -> None:
    _needs(f)
    if f.cls.kind != "indicator":
        raise PepError(f"{f.name} is a {type(f.cls).__name__}, not the Indicator of a set; declare it with Indicator()")
