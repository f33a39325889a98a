"""``worst_case``: solve the performance-estimation problem and say honestly what came out."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof.solvers.pep.assemble import Arrays, Instance, assemble, form_arrays, loosened, pair
from gradproof.solvers.pep.expressions import PepError, Scalar
from gradproof.solvers.pep.relaxation import Objective, Scaling, Solution, rescaled, solve_dual

if TYPE_CHECKING:
    from gradproof.solvers.pep.certify import Certificate
    from gradproof.solvers.pep.counterexample import Counterexample
    from gradproof.solvers.pep.instance import WorstInstance
    from gradproof.solvers.pep.problem import Problem

PER = "per"  # name of the normalisation ``per <= 1`` among the multipliers


class Status(enum.Enum):
    """Whether the floating-point solve can be relied on. Neither is a proof; ``certify`` gives one."""

    SOLVED = "solved"  # dual and primal values agree within the tolerance
    UNDECIDED = "undecided"  # see the reason


@dataclass(frozen=True, eq=False)
class WorstCase:
    """The numerical answer to a performance-estimation problem.

    Attributes:
        bound: value of the dual solution; an upper bound up to the solver's error (``certify`` removes that caveat).
        primal: value of the primal solution.
        status, reason: whether the two agree.
        multipliers: dual variable of each inequality, by name.
        residuals: of the dual equations, of the primal inequalities, and the relative gap.
        seconds: wall time of assembly and solve.
        exact_class: False if the classes' inequalities are necessary only, so that the value is an upper bound.
    """

    bound: float
    primal: float
    status: Status
    reason: str
    solver: str
    seconds: float
    residuals: Mapping[str, float]
    exact_class: bool
    problem: Problem = field(repr=False)
    metric: Scalar = field(repr=False)
    per: Scalar | None = field(repr=False)
    text: str = field(repr=False)
    arrays: Arrays = field(repr=False)
    objective: Objective = field(repr=False)
    solution: Solution = field(repr=False)
    scaling: Scaling = field(repr=False)

    @cached_property
    def multipliers(self) -> Mapping[str, float]:
        """``{"interpolation f(0, *)": 1.8, ...}``"""
        return {str(i): float(x) for i, x in zip(self.arrays.instances, self.solution.multipliers, strict=True)}

    @cached_property
    def instance(self) -> WorstInstance:
        """The worst-case function and trajectory, in as few dimensions as the Gram matrix allows."""
        from gradproof.solvers.pep.instance import WorstInstance

        return WorstInstance.of(self)

    def certify(self, **options: Any) -> Certificate:
        """A rational upper bound with a proof that the kernel has accepted; see ``certify.certify``."""
        from gradproof.solvers.pep.certify import certify

        return certify(self, **options)

    def counterexample(self) -> Counterexample:
        """A rational instance near the worst case: a proved lower bound; see ``counterexample.counterexample``."""
        from gradproof.solvers.pep.counterexample import counterexample

        return counterexample(self)

    def _repr_html_(self) -> str:
        return (
            f"<b>worst case</b> {self.bound:.9g} ({self.status.value}{': ' + self.reason if self.reason else ''})<br>"
            f"primal {self.primal:.9g}, {len(self.arrays.instances)} inequalities, {self.solver}, {self.seconds:.3g} s"
        )


def solve(
    problem: Problem,
    metric: Scalar,
    per: Scalar | None,
    text: str,
    *,
    solver: str = "clarabel",
    tolerance: float = 1e-9,
) -> WorstCase:
    """See ``Problem.worst_case``."""
    if solver != "clarabel":
        raise PepError(f"solver {solver!r} is not known; use solver='clarabel'")
    if not 1e-14 <= tolerance <= 1e-2:
        raise PepError(f"tolerance = {tolerance} is out of range; use a relative gap between 1e-14 and 1e-2")
    began = time.perf_counter()
    arrays = assemble(problem)
    if per is not None:
        arrays = _with_normalisation(arrays, per)
    arrays = loosened(arrays, metric.form)
    objective = Objective(*form_arrays(metric.form, arrays.vectors, arrays.values))
    first = _expected_sizes(problem, arrays)
    solution, scaling = solve_dual(arrays, objective, first, tolerance=tolerance), first
    _refuse_infeasible(solution)
    size = abs(solution.dual)
    if np.isfinite(size) and size > 0 and (solution.status != "Solved" or not 1e-2 < size < 1e2):
        # the tolerance is relative only once the metric is of size one: solve again in the units just found
        scaling = rescaled(first, solution, size)
        for asked in (tolerance, 10 * tolerance, 100 * tolerance):
            again = solve_dual(arrays, objective, scaling, tolerance=asked)
            if again.status == "Solved":
                solution, tolerance = again, asked
                break
    gap = abs(solution.dual - solution.primal) / max(abs(solution.dual), scaling.metric * 1e-12, 1e-300)
    reason = ""
    if solution.status != "Solved":
        reason = f"Clarabel answers {solution.status}, which is not a solution to tolerance {tolerance:g}"
    elif not gap <= 1e3 * tolerance:  # NaN too
        reason = f"the primal and dual values differ by {gap:.2g} relative"
    return WorstCase(
        bound=solution.dual,
        primal=solution.primal,
        status=Status.UNDECIDED if reason else Status.SOLVED,
        reason=reason,
        solver="clarabel",
        seconds=time.perf_counter() - began,
        residuals={
            "equalities": solution.equality_residual,
            "inequalities": solution.primal_residual,
            "gap": gap,
            "primal error": solution.primal_error,
            "dual error": solution.dual_error,
        },
        exact_class=all(m.cls.exact for m in problem.mappings),
        problem=problem,
        metric=metric,
        per=per,
        text=text,
        arrays=arrays,
        objective=objective,
        solution=solution,
        scaling=first,
    )


def _expected_sizes(problem: Problem, arrays: Arrays) -> Scaling:
    sizes = problem.vectors
    products = {pair(*sorted((a, b))): sizes[a] * sizes[b] for a in arrays.loose for b in sizes}
    return Scaling(
        np.array([sizes[v] for v in arrays.vectors], float),
        np.array([(problem.values | products)[v] for v in arrays.values], float),
    )


def _refuse_infeasible(solution: Solution) -> None:
    if "PrimalInfeasible" in solution.status:
        raise PepError(
            "the worst case is unbounded: no multiple of the premises bounds the metric; "
            "add an initial condition (per=...), or check the step sizes and the class"
        )
    if "DualInfeasible" in solution.status:
        raise PepError("the premises contradict each other, no member of the class satisfies them all; relax one")


def _with_normalisation(arrays: Arrays, per: Scalar) -> Arrays:
    q, a, c = form_arrays(per.form, arrays.vectors, arrays.values)
    if c:
        raise PepError(f"per = {per!r} has the constant {c}; measure by a quantity that is zero at the solution")
    if arrays.constant.any():
        raise PepError(
            "per = ... needs a problem without constants, but a premise or a class (M, D) has one; "
            "write the initial condition as a premise instead: problem.assume(... <= R ** 2)"
        )
    at = int(np.count_nonzero(~arrays.equal))  # last of the inequalities
    return Arrays(
        arrays.vectors,
        arrays.values,
        (*arrays.instances[:at], Instance(PER, PER, ()), *arrays.instances[at:]),
        np.insert(arrays.equal, at, False),
        np.insert(arrays.quadratic, at, q, axis=0),
        np.insert(arrays.linear, at, a, axis=0),
        np.insert(arrays.constant, at, -1.0),
        arrays.spectra,
    )
