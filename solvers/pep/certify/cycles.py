"""Certified counterexamples: a method runs for ever through finitely many points of a function of the class.

If the points of a cycle are the unknowns, the method's recurrence fixes the gradients at them, and "some member of the
class has these gradients" is the feasibility of the interpolation inequalities: a semidefinite program in their Gram
matrix (Goujaud, Taylor, Dieuleveut 2023, arXiv:2307.11291). A solution with a margin is rounded to rational points, and
every inequality is checked exactly; no solver has to be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from gradproof.solvers.pep.certify.counterexample import evaluate
from gradproof.solvers.pep.certify.instance import Interpolant
from gradproof.solvers.pep.model.classes import FunctionClass
from gradproof.solvers.pep.model.expressions import PepError, Vector
from gradproof.solvers.pep.model.problem import Model
from gradproof.solvers.pep.solve.assemble import assemble
from gradproof.solvers.pep.solve.relaxation import Objective, Scaling, solve_dual
from gradproof.theory.axioms import Form
from gradproof.theory.errors import GradproofError
from gradproof.theory.field import Rationals
from gradproof.theory.proof import axiom_form

#: Given the points of the cycle (indices taken modulo its length), the gradient that the method must have met at point k.
Recurrence = Callable[[Sequence[Vector], int], Vector]


class NoCycle(GradproofError):
    """No cycle was found; nothing is said about whether one exists."""


@dataclass(frozen=True)
class Cycle:
    """A cycle of a method on a member of a class, in exact coordinates; the minimiser is the origin, with value 0.

    Attributes:
        cls: class of the function.
        points, gradients: (K, d) rationals. values: (K,) rationals.
        margin: smallest slack of the interpolation inequalities, a rational >= 0.
    """

    cls: FunctionClass
    points: tuple[tuple[Fraction, ...], ...]
    gradients: tuple[tuple[Fraction, ...], ...]
    values: tuple[Fraction, ...]
    margin: Fraction

    def function(self) -> Interpolant:
        """A member of the class on which the method cycles (evaluated in floating point)."""
        zero = [0.0] * len(self.points[0])
        L = self.cls.constants.get("L")
        return Interpolant(
            np.array([zero, *self.points], float),
            np.array([zero, *self.gradients], float),
            np.array([0.0, *self.values], float),
            float(self.cls.constants["mu"]),
            np.inf if L is None else float(L),
        )


def heavy_ball(gamma: Fraction, beta: Fraction) -> Recurrence:
    """Gradients forced by ``x_{k+1} = x_k - gamma g_k + beta (x_k - x_{k-1})``."""
    return lambda x, k: (x[k] + beta * (x[k] - x[k - 1]) - x[(k + 1) % len(x)]) / gamma


def find_cycle(cls: FunctionClass, recurrence: Recurrence, length: int) -> Cycle:
    """A cycle of the given length on some function of the class.

    Raises:
        NoCycle: none was found, or it has no margin for rounding.
        PepError: the length or the class has no meaning here.
    """
    if isinstance(length, bool) or not isinstance(length, int) or length < 2:
        raise PepError(f"length = {length!r}: a cycle has a whole number of points, at least 2")
    if cls.kind != "function" or "mu" not in cls.constants:
        raise PepError(f"cycles are searched for over classes F(mu, L), got {type(cls).__name__}")
    problem, points, gradients = _written(cls, recurrence, length)
    arrays = assemble(problem)
    size = np.maximum(np.abs(arrays.quadratic).max(axis=(1, 2)), np.abs(arrays.linear).max(axis=1))
    linear = np.concatenate([arrays.linear, size[:, None]], axis=1)  # every inequality keeps a common distance t
    trace = np.eye(len(arrays.vectors))[None]
    arrays = replace(
        arrays,
        values=(*arrays.values, "t"),
        instances=(*arrays.instances, arrays.instances[0]),
        equal=np.append(arrays.equal, False),
        quadratic=np.concatenate([arrays.quadratic, trace]),
        linear=np.concatenate([linear, np.zeros((1, linear.shape[1]))]),
        constant=np.append(arrays.constant, -1.0),
    )
    metric = Objective(np.zeros_like(trace[0]), np.append(np.zeros(len(arrays.values) - 1), 1.0), 0.0)
    solution = solve_dual(arrays, metric, Scaling(np.ones(len(arrays.vectors)), np.ones(len(arrays.values))))
    t = solution.values[-1]
    if not t > 1e-7:
        raise NoCycle(f"no cycle of {length} points was found over {cls}: best margin {t:.2g} ({solution.status})")
    spectrum, basis = np.linalg.eigh(solution.gram)
    for bits in (8, 12, 16, 24, 32):
        for rank in range(1, length + 1):
            factor = basis[:, -rank:] * np.sqrt(np.maximum(spectrum[-rank:], 0))
            try:
                return _rounded(cls, problem, points, gradients, factor, solution.values, bits)
            except NoCycle:
                continue
    raise NoCycle(f"a cycle of {length} points with margin {t:.2g} could not be rounded")


def _written(cls: FunctionClass, recurrence: Recurrence, length: int) -> tuple[Model, list[Vector], list[Vector]]:
    problem = Model()
    f = problem.function(cls)
    f.minimiser()
    points = [problem.point(f"x{k}") for k in range(length)]
    gradients = [recurrence(points, k) for k in range(length)]
    for x, g in zip(points, gradients, strict=True):
        f.declare(x, g)
    return problem, points, gradients


def _rounded(
    cls: FunctionClass,
    problem: Model,
    points: list[Vector],
    gradients: list[Vector],
    factor: np.ndarray,
    values: np.ndarray,
    bits: int,
) -> Cycle:
    unit = Fraction(1, 2**bits)
    place = {v: tuple(unit * round(x * 2**bits) for x in row) for v, row in zip(problem.vectors, factor, strict=True)}
    height = dict(zip(problem.values, [unit * round(x * 2**bits) for x in values], strict=False))
    base = height[next(iter(problem.values))]  # value at the minimiser
    height = {k: v - base for k, v in height.items()}
    statement, field = problem.statement(Form()), Rationals()
    margins = [
        -evaluate(axiom_form(statement, i.use(Fraction(1)), field)[0], place, height)
        for i in assemble(problem).instances
    ]
    if min(margins) < 0:
        raise NoCycle("rounding broke an interpolation inequality")
    at = [
        tuple(sum((c * place[v][d] for v, c in x.terms.items()), Fraction(0)) for d in range(factor.shape[1]))
        for x in points
    ]
    if len(set(at)) != len(at):
        raise NoCycle("the points of the cycle coincide")
    slopes = [
        tuple(sum((c * place[v][d] for v, c in g.terms.items()), Fraction(0)) for d in range(factor.shape[1]))
        for g in gradients
    ]
    return Cycle(cls, tuple(at), tuple(slopes), tuple(list(height.values())[1:]), min(margins))
