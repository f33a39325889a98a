"""The numerical answer to a performance-estimation problem: values, multipliers, and whether they can be relied on."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gradproof.solvers.pep.model.expressions import Scalar
from gradproof.solvers.pep.model.problem import Model
from gradproof.solvers.pep.solve.assemble import Arrays
from gradproof.solvers.pep.solve.lowrank import Found
from gradproof.solvers.pep.solve.relaxation import Objective, Scaling, Solution
from gradproof.solvers.pep.solve.rewritten import Rewritten


class Status(enum.Enum):
    """Whether the floating-point solve can be relied on. Neither is a proof; ``certify`` gives one."""

    SOLVED = "solved"  # dual and primal values agree within the tolerance
    UNDECIDED = "undecided"  # see the reason


@dataclass(frozen=True, eq=False)
class Answer:
    """The numerical answer to a performance-estimation problem.

    Attributes:
        bound: value of the dual solution; an upper bound up to the solver's error (``certify`` removes that caveat).
        primal: value of the primal solution.
        status, reason: whether the two agree.
        multipliers: dual variable of each inequality, by name.
        residuals: of the dual equations, of the primal inequalities, and the relative gap.
        seconds: wall time of assembly and solve.
        exact_class: False if the inequalities of a class or a step are necessary only: the value is an upper bound.
        solver: ``clarabel`` (all inequalities) or ``low-rank`` (those that matter; the multipliers list only them).
    """

    bound: float
    primal: float
    status: Status
    reason: str
    solver: str
    seconds: float
    residuals: Mapping[str, float]
    exact_class: bool
    problem: Model = field(repr=False)
    metric: Scalar = field(repr=False)
    per: Scalar | None = field(repr=False)
    text: str = field(repr=False)
    arrays: Arrays = field(repr=False)
    objective: Objective = field(repr=False)
    solution: Solution = field(repr=False)
    scaling: Scaling = field(repr=False)
    searched: Found | None = field(repr=False, default=None)  # of the low-rank program: the arrays hold what it chose
    written: Written | None = field(repr=False, default=None)  # the arrays are those of the problem by its iterates

    @cached_property
    def multipliers(self) -> Mapping[str, float]:
        """``{"interpolation f(0, *)": 1.8, ...}``"""
        return {str(i): float(x) for i, x in zip(self.arrays.instances, self.solution.multipliers, strict=True)}


@dataclass(frozen=True, eq=False)
class Written:
    """The worst case of the same problem written by its iterates, in its own units."""

    how: Rewritten
    answer: Answer
