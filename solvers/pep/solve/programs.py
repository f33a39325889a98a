"""The programs of a problem: over all inequalities, over those that matter, or written by the iterates.

Each answers with values and multipliers in floating point, and says whether they can be relied on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradproof.solvers.pep.model.expressions import PepError, Scalar
from gradproof.solvers.pep.model.problem import Model
from gradproof.solvers.pep.solve.answer import Answer, Status, Written
from gradproof.solvers.pep.solve.assemble import Arrays, Instance, anchored, assemble, form_arrays, loosened, pair
from gradproof.solvers.pep.solve.iterates import Rewritten, by_iterates
from gradproof.solvers.pep.solve.lowrank import PER, Found, NotLowRank, Program
from gradproof.solvers.pep.solve.recession import SIMPLE, confined
from gradproof.solvers.pep.solve.relaxation import Objective, Scaling, Solution, rescaled, solve_dual
from gradproof.theory.axioms import ONE

ROUGHLY = 1e-4  # relative accuracy of a solution that Clarabel calls almost solved
CLARABEL_UP_TO = 60  # basis vectors up to which Clarabel is asked where the low-rank program does not answer


def written_by_iterates(worst: Answer, tolerance: float, began: float) -> Iterator[Answer]:
    """Settled answers to the problem written by its iterates, in the units of the problem itself."""
    how = by_iterates(worst.problem, worst.metric, worst.per)
    if how is None:
        return
    for program in (by_low_rank, by_clarabel):
        if program is by_clarabel and len(how.problem.vectors) > CLARABEL_UP_TO:
            break
        try:
            found = program(how.problem, how.metric, how.per, worst.text, tolerance, began)
        except (NotLowRank, PepError, np.linalg.LinAlgError):
            continue
        if found.reason or _out_of_scale(found):
            continue
        unit = float(how.unit)
        yield replace(
            found,
            bound=found.bound * unit,
            primal=found.primal * unit,
            solution=replace(found.solution, multipliers=found.solution.multipliers * unit),
            problem=worst.problem,
            metric=worst.metric,
            per=worst.per,
            written=Written(how, found),
        )


def all_pairs(how: Rewritten, text: str, tolerance: float = 1e-9) -> Answer:
    """A problem written by its iterates, with all inequalities, in its own units."""
    return by_clarabel(how.problem, how.metric, how.per, text, tolerance, time.perf_counter())


def _out_of_scale(worst: Answer) -> bool:
    """An inequality that was left out is violated in the units that the problem was written in: those of the search,
    read off a rough solution, were wrong.
    """
    if worst.searched is None:
        return False
    problem = worst.problem
    program = Program(problem, worst.metric, worst.per)
    sizes = _sizes(problem, tuple(problem.vectors), tuple(problem.values))
    return program.violation(worst.searched, sizes) > ROUGHLY


def second_opinion(worst: Answer, tolerance: float, began: float) -> Answer:
    """The answer of the low-rank program where that is settled: its interior-point method has more digits."""
    try:
        other = by_low_rank(worst.problem, worst.metric, worst.per, worst.text, tolerance, began)
    except (NotLowRank, PepError, np.linalg.LinAlgError):
        return worst
    return worst if other.reason else other


def by_low_rank(
    problem: Model, metric: Scalar, per: Scalar | None, text: str, tolerance: float, began: float
) -> Answer:
    vectors, values = tuple(problem.vectors), tuple(problem.values)
    program = Program(problem, metric, per)
    found = program.search(_sizes(problem, vectors, values), tolerance)
    arrays = assemble(problem, found.chosen)
    if per is not None:
        arrays = _with_normalisation(arrays, per)
    at = {str(i): k for k, i in enumerate(program.instances(found))}
    found = replace(found, order=np.array([at[str(i)] for i in arrays.instances]))
    arrays = loosened(arrays, metric.form)
    objective = Objective(*form_arrays(metric.form, arrays.vectors, arrays.values))
    solution, scaling = _without_loose(found, arrays, vectors, values)
    gap = abs(solution.dual - solution.primal) / max(abs(solution.dual), 1e-300)
    reason = found.missing
    if not gap <= 1e3 * tolerance:  # NaN too
        reason = f"interior-point method: {solution.status}, the primal and dual values differ by {gap:.2g} relative"
    worst = _answer(problem, metric, per, text, "low-rank", began, arrays, objective, solution, scaling, gap, reason)
    return replace(worst, searched=found)


def _without_loose(
    found: Found, arrays: Arrays, vectors: tuple[str, ...], values: tuple[str, ...]
) -> tuple[Solution, Scaling]:
    """The solution and its units in the arrays' vectors and values: inner products of loose vectors are values."""
    solution, scaling = found.sorted(found.solution), found.scaling
    if not arrays.loose:
        return solution, scaling
    d, gram = scaling.vectors, solution.gram
    products = {pair(*sorted((a, b))): (i, j) for i, a in enumerate(vectors) for j, b in enumerate(vectors)}
    i, j = np.array([products[name] for name in arrays.values[len(values) :]], int).reshape(-1, 2).T
    kept = [k for k, v in enumerate(vectors) if v not in arrays.loose]
    scaling = Scaling(d[kept], np.append(scaling.values, d[i] * d[j]), scaling.metric)
    return replace(solution, gram=gram[np.ix_(kept, kept)], values=np.append(solution.values, gram[i, j])), scaling


def by_clarabel(
    problem: Model, metric: Scalar, per: Scalar | None, text: str, tolerance: float, began: float
) -> Answer:
    arrays = assemble(problem)
    if per is not None:
        arrays = _with_normalisation(arrays, per)
    arrays = loosened(anchored(arrays, metric.form), metric.form)
    objective = Objective(*form_arrays(metric.form, arrays.vectors, arrays.values, arrays.fixed))
    first = _sizes(problem, arrays.vectors, arrays.values, arrays.loose)
    worst = _full(problem, metric, per, text, tolerance, began, arrays, objective, first)
    if worst.reason:
        worst = confine(worst, tolerance) or worst
    return worst


def confine(worst: Answer, tolerance: float = 1e-9) -> Answer | None:
    """The same worst case by the program that facial reduction leaves; None if there is nothing to reduce.

    A wrong face is a program of its own, with an answer of its own: it must be the value that the full one has roughly.
    """
    if worst.arrays.null or worst.searched is not None:
        return None
    began = time.perf_counter() - worst.seconds
    for simple in SIMPLE:
        found = confined(worst.arrays, worst.objective, worst.scaling, simple)
        if found is None:
            break
        try:
            again = _full(worst.problem, worst.metric, worst.per, worst.text, tolerance, began, *found)
        except PepError:  # the face is a wrong one: it leaves no multipliers
            continue
        if not again.reason and abs(again.bound - worst.bound) <= ROUGHLY * abs(worst.bound):
            return again
    return None


def _full(
    problem: Model,
    metric: Scalar,
    per: Scalar | None,
    text: str,
    tolerance: float,
    began: float,
    arrays: Arrays,
    objective: Objective,
    first: Scaling,
) -> Answer:
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
    reason = ""
    if solution.status != "Solved":
        reason = f"Clarabel answers {solution.status}, which is not a solution to tolerance {tolerance:g}"
    return _answer(problem, metric, per, text, "clarabel", began, arrays, objective, solution, first, tolerance, reason)


def _answer(
    problem: Model,
    metric: Scalar,
    per: Scalar | None,
    text: str,
    solver: str,
    began: float,
    arrays: Arrays,
    objective: Objective,
    solution: Solution,
    scaling: Scaling,
    tolerance: float,
    reason: str,
) -> Answer:
    size = max(abs(solution.dual), abs(solution.primal), 1e-300)
    gap = abs(solution.dual - solution.primal) / size
    error = (solution.primal_error + solution.dual_error) / size
    if not reason and not gap <= 1e3 * tolerance:  # NaN too
        reason = f"the primal and dual values differ by {gap:.2g} relative"
    if not reason and not error <= 1e3 * tolerance:
        reason = f"the residuals of the equations are worth {error:.2g} of the value: it is too small for this solver"
    return Answer(
        bound=solution.dual,
        primal=solution.primal,
        status=Status.UNDECIDED if reason else Status.SOLVED,
        reason=reason,
        solver=solver,
        seconds=time.perf_counter() - began,
        residuals={
            "equalities": solution.equality_residual,
            "inequalities": solution.primal_residual,
            "gap": gap,
            "primal error": solution.primal_error,
            "dual error": solution.dual_error,
        },
        exact_class=all(m.cls.exact for m in problem.mappings) and not problem.relaxed,
        problem=problem,
        metric=metric,
        per=per,
        text=text,
        arrays=arrays,
        objective=objective,
        solution=solution,
        scaling=scaling,
    )


def pairs(problem: Model) -> int:
    return sum(len(m.samples) ** 2 for m in problem.mappings)


def _sizes(problem: Model, vectors: tuple[str, ...], values: tuple[str, ...], loose: tuple[str, ...] = ()) -> Scaling:
    """The sizes that the problem was written down with."""
    sizes = problem.vectors
    products = {pair(*sorted((a, b))): sizes[a] * sizes[b] for a in loose for b in sizes}
    return Scaling(
        np.array([sizes[v] for v in vectors], float), np.array([(problem.values | products)[v] for v in values], float)
    )


def _refuse_infeasible(solution: Solution) -> None:
    if "PrimalInfeasible" in solution.status:
        raise PepError(
            "the worst case is unbounded: no multiple of the premises bounds the metric; "
            "add an initial condition (per=...), or check the step sizes and the class"
        )
    if "DualInfeasible" in solution.status:
        raise PepError("the premises contradict each other, no member of the class satisfies them all; relax one")


def refuse_constants(problem: Model, per: Scalar) -> None:
    constant = per.form.linear.get(ONE, 0)
    if constant:
        raise PepError(f"per = {per!r} has the constant {constant}; measure by a quantity that is zero at the solution")
    if any(c.scalar.form.linear.get(ONE) for c in problem.premises.values()) or any(
        {"M", "D"} & set(m.cls.constants) for m in problem.mappings
    ):
        raise PepError(
            "per = ... needs a problem without constants, but a premise or a class (M, D) has one; "
            "write the initial condition as a premise instead: problem.assume(... <= R ** 2)"
        )


def _with_normalisation(arrays: Arrays, per: Scalar) -> Arrays:
    q, a, _ = form_arrays(per.form, arrays.vectors, arrays.values)
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
