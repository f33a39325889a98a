"""The programs of a problem: over all inequalities, over those that matter, or written by the iterates.

Each answers with values and multipliers in floating point, and says whether they can be relied on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradproof.solvers.pep.model.expressions import PepError, Scalar
from gradproof.solvers.pep.model.problem import Model
from gradproof.solvers.pep.solve.answer import Answer, Status, Written
from gradproof.solvers.pep.solve.assemble import Arrays, Instance, anchored, assemble, form_arrays, loosened, pair
from gradproof.solvers.pep.solve.iterates import by_iterates
from gradproof.solvers.pep.solve.lowrank import PER, Found, NotLowRank, Program, families, neighbours
from gradproof.solvers.pep.solve.recession import SIMPLE, confined
from gradproof.solvers.pep.solve.relaxation import Objective, Scaling, Solution, rescaled, solve_dual
from gradproof.solvers.pep.solve.rewritten import Rewritten
from gradproof.theory.axioms import ONE

INFEASIBLE = "Infeasible"  # in what Clarabel answers
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
        except (NotLowRank, np.linalg.LinAlgError):
            continue
        if found.reason or _out_of_scale(found):
            continue
        yield translation(found, how, worst.problem, worst.metric, worst.per)


def translation(found: Answer, how: Rewritten, problem: Model, metric: Scalar, per: Scalar | None) -> Answer:
    """The answer to the problem that was rewritten, in its units."""
    unit = float(how.unit)
    weights = np.array([float(how.weight(i.axiom, i.member)) for i in found.arrays.instances])
    residuals = dict(found.residuals)
    residuals |= {name: unit * residuals[name] for name in ("primal error", "dual error")}
    return replace(
        found,
        bound=found.bound * unit,
        primal=found.primal * unit,
        residuals=residuals,
        solution=replace(found.solution, multipliers=found.solution.multipliers * weights),
        problem=problem,
        metric=metric,
        per=per,
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
    except (NotLowRank, np.linalg.LinAlgError):
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


def whole(problem: Model, metric: Scalar, per: Scalar | None) -> tuple[Arrays, Objective, Scaling]:
    """All inequalities in all vectors, the metric, and the sizes."""
    arrays = assemble(problem)
    if per is not None:
        arrays = _with_normalisation(arrays, per)
    objective = Objective(*form_arrays(metric.form, arrays.vectors, arrays.values))
    return arrays, objective, _sizes(problem, arrays.vectors, arrays.values)


def _reduced(arrays: Arrays, problem: Model, metric: Scalar) -> tuple[Arrays, Objective, Scaling]:
    """Without the vectors that may be put at zero or whose squares occur nowhere."""
    arrays = loosened(anchored(arrays, metric.form), metric.form)
    objective = Objective(*form_arrays(metric.form, arrays.vectors, arrays.values, arrays.fixed))
    return arrays, objective, _sizes(problem, arrays.vectors, arrays.values, arrays.loose)


def by_clarabel(
    problem: Model, metric: Scalar, per: Scalar | None, text: str, tolerance: float, began: float
) -> Answer:
    program = _reduced(whole(problem, metric, per)[0], problem, metric)
    worst = _full(problem, metric, per, text, tolerance, began, *program)
    if worst.reason and math.isfinite(worst.bound):
        worst = confine(worst, tolerance) or worst
    return worst


def unanswered(problem: Model, metric: Scalar, per: Scalar | None, text: str, began: float, reason: str) -> Answer:
    """An undecided answer without a solution: over all inequalities, or over those between neighbours if they are many."""
    if len(problem.vectors) <= CLARABEL_UP_TO:
        arrays = whole(problem, metric, per)[0]
    else:
        arrays = assemble(problem, {f.key: neighbours(f) for f in families(problem)})
        arrays = arrays if per is None else _with_normalisation(arrays, per)
    arrays, objective, scaling = _reduced(arrays, problem, metric)
    m, n, p = len(arrays.instances), len(arrays.vectors), len(arrays.values)
    spectra = tuple(np.full((len(low),) * 2, np.nan) for _, low, _ in arrays.spectra)
    solution = Solution(
        "Unanswered", np.nan, np.nan, np.full(m, np.nan), spectra, np.full((n, n), np.nan), np.full(p, np.nan),
        np.nan, np.nan, np.nan, np.nan, 0, 0.0,
    )  # fmt: skip
    return _answer(
        problem, metric, per, text, "low-rank", began, arrays, objective, solution, scaling, 1e-9, reason
    )  # fmt: skip


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
        again = _full(worst.problem, worst.metric, worst.per, worst.text, tolerance, began, *found)
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
    if INFEASIBLE in solution.status:  # a suspicion, no fact: only an exact ray states it
        return _answer(
            problem, metric, per, text, "clarabel", began, arrays, objective, _nowhere(solution), first, tolerance,
            f"Clarabel answers {solution.status}",
        )  # fmt: skip
    size = abs(solution.dual)
    if np.isfinite(size) and size > 0 and (solution.status != "Solved" or not 1e-2 < size / first.metric < 1e2):
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


def _nowhere(solution: Solution) -> Solution:
    """What a solver that found no solution returns is none."""
    return replace(
        solution,
        dual=np.nan,
        primal=np.nan,
        multipliers=np.full_like(solution.multipliers, np.nan),
        gram=np.full_like(solution.gram, np.nan),
        values=np.full_like(solution.values, np.nan),
    )


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
        np.array([sizes[v] for v in vectors], float),
        np.array([(problem.values | products)[v] for v in values], float),
    )


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
