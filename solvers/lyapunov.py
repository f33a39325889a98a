"""Quadratic Lyapunov functions of one-step methods: search at a given rate, bisection on the rate, with proofs.

A candidate is ``V = sum P_ij <s_i, s_j> + sum p_i v_i`` in state vectors s and values v. That ``V+ <= rho V`` and
``c * floor <= V`` hold over the class is, by duality, linear in (P, p, c, multipliers): one semidefinite program (Taylor,
Van Scoy, Lessard 2018, arXiv:1803.06073). A solution is rounded, and both inequalities are then certified exactly.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from gradproof.solvers.pep.certify.certificate import Certificate, CertificateUnavailable
from gradproof.solvers.pep.certify.worst_case import Problem
from gradproof.solvers.pep.model.expressions import PepError, Scalar, Vector, exact
from gradproof.solvers.pep.solve.assemble import Arrays, assemble, form_arrays
from gradproof.solvers.pep.solve.relaxation import pack, triangle, unpack
from gradproof.theory.axioms import Form, inner

BITS = 24  # after the point, of the entries of P and p (which have trace and sum 1)
SMALLEST = 1e-6  # a share of the floor below this is taken for the solver's zero


class Outcome(enum.Enum):
    """What a search says."""

    FOUND = "a Lyapunov function was found and certified"
    NONE = "the solver finds that none of this form exists (no proof of that)"
    UNDECIDED = "neither; see the reason"


@dataclass(frozen=True, eq=False)
class OneStep:
    """One step of a method, written in a ``Problem``.

    Attributes:
        state, after: the same vectors before and after the step, zero at the solution.
        values, values_after: function values less the optimal one, before and after (may be empty).
        floor: what V must dominate up to a factor, such as ``(x - x_star) ** 2``.
    """

    problem: Problem
    state: Sequence[Vector]
    after: Sequence[Vector]
    floor: Scalar
    values: Sequence[Scalar] = ()
    values_after: Sequence[Scalar] = ()

    def __post_init__(self) -> None:
        for name in ("state", "after", "values", "values_after"):
            given, kind = getattr(self, name), Vector if name in ("state", "after") else Scalar
            if not isinstance(given, Sequence) or not all(isinstance(v, kind) for v in given):
                raise PepError(f"{name} is a list of {kind.__name__.lower()}s of the problem, got {given!r}")
        if not isinstance(self.floor, Scalar):
            raise PepError(f"floor is a number such as (x - x_star) ** 2, got {self.floor!r}")
        if not self.state or len(self.state) != len(self.after) or len(self.values) != len(self.values_after):
            raise PepError(
                f"the state has {len(self.state)} vectors and {len(self.values)} values before the step, "
                f"{len(self.after)} and {len(self.values_after)} after it; give the same ones, at least one vector"
            )


@dataclass(frozen=True, eq=False)
class Lyapunov:
    """A certified Lyapunov function.

    Attributes:
        rate: ``V+ <= rate * V``. P: (k, k) and p: (l,), exact, in the order of the state and the values.
        floor_share: ``floor_share * floor <= V``.
        decrease, bound: the certificates of the two, accepted by the kernel.
    """

    rate: Fraction
    P: tuple[tuple[Fraction, ...], ...]
    p: tuple[Fraction, ...]
    floor_share: Fraction
    decrease: Certificate = field(repr=False)
    bound: Certificate = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """The three-valued answer to "is there one at this rate?"."""

    outcome: Outcome
    rate: Fraction
    reason: str = ""
    function: Lyapunov | None = None


@dataclass(frozen=True)
class Bracket:
    """The best rate, from both sides.

    Attributes:
        low: largest rate tried at which the solver finds none (not a proof), or the lower end given.
        high: smallest rate at which one was certified (a proof), with ``function`` the one.
        reason: why the bracket is wider than asked, if it is.
    """

    low: Fraction
    high: Fraction
    function: Lyapunov
    reason: str = ""


def search(step: OneStep, rate: Any) -> Answer:
    """Look for V with ``V+ <= rate * V`` over the classes of the problem.

    Raises:
        PepError: the rate is no number in (0, inf).
    """
    rho = exact(rate, "rate")
    if rho <= 0:
        raise PepError(f"rate = {rate}: a contraction factor is positive")
    arrays = assemble(step.problem)
    if arrays.spectra or arrays.constant.any():
        raise PepError("Lyapunov functions are searched for over classes and premises without constants or quadratics")
    model = _Model(step, arrays, float(rho))
    status, c, _, _ = model.solve(None)
    if "PrimalInfeasible" in status or ("Solved" in status and c <= SMALLEST):
        return Answer(Outcome.NONE, rho, f"the largest share of the floor is {c:.2g} ({status})")
    if not c > SMALLEST:
        return Answer(Outcome.UNDECIDED, rho, f"the solver answers {status}")
    status, margin, P, p = model.solve(c / 2)
    if not margin > 0:
        return Answer(Outcome.UNDECIDED, rho, f"no margin for rounding: {margin:.2g} ({status})")
    try:
        return Answer(Outcome.FOUND, rho, function=_certified(step, rho, P, p, c))
    except (CertificateUnavailable, PepError) as error:
        return Answer(Outcome.UNDECIDED, rho, str(error))


def best_rate(step: OneStep, low: Any = 0, high: Any = 1, *, tolerance: Any = Fraction(1, 1000)) -> Bracket:
    """Bisection on the rate.

    Args:
        low, high: the rates between which to search; one must exist at ``high``.
        tolerance: width of the bracket at which to stop.

    Raises:
        PepError: none was found at ``high``; the text says why.
    """
    a, b, width = exact(low, "low"), exact(high, "high"), exact(tolerance, "tolerance")
    if not 0 <= a < b or width <= 0:
        raise PepError(
            f"need 0 <= low < high and tolerance > 0, got low = {low}, high = {high}, tolerance = {tolerance}"
        )
    first = search(step, b)
    if first.function is None:
        raise PepError(
            f"no Lyapunov function at the largest rate {b}: {first.reason}; raise high, or enlarge the state"
        )
    best, reason, bottom = first.function, "", a
    while b - bottom > width:
        middle = (bottom + b) / 2
        answer = search(step, middle)
        if answer.function is not None:
            b, best = middle, answer.function
            continue
        bottom = middle
        if answer.outcome is Outcome.NONE:
            a = middle
        else:  # an undecided rate narrows the search but is no evidence
            reason = reason or f"undecided at {float(middle):.6g}: {answer.reason}"
    return Bracket(a, b, best, reason)


def quadratic(
    vectors: Sequence[Vector], P: Sequence[Sequence[Any]], values: Sequence[Scalar], p: Sequence[Any]
) -> Scalar:
    """``sum P_ij <s_i, s_j> + sum p_i v_i``."""
    total: Any = 0 * (vectors[0] ** 2)
    for i, u in enumerate(vectors):
        for j, v in enumerate(vectors):
            total = total + exact(P[i][j]) * (u @ v)
    for c, value in zip(p, values, strict=True):
        total = total + exact(c) * value
    return total


def _certified(step: OneStep, rho: Fraction, P: np.ndarray, p: np.ndarray, c: float) -> Lyapunov:
    unit = Fraction(1, 2**BITS)
    entries = tuple(tuple(unit * round((P[i, j] + P[j, i]) / 2 / unit) for j in range(len(P))) for i in range(len(P)))
    weights = tuple(unit * round(x / unit) for x in p)
    share = unit * int(c / 4 / unit)
    V = quadratic(step.state, entries, step.values, weights)
    after = quadratic(step.after, entries, step.values_after, weights)
    bound = step.problem.worst_case(step.floor, per=V, text="the floor is dominated by $V$").certify(bound=1 / share)
    decrease = step.problem.worst_case(after, per=V, text=rf"$V^+ \le {rho}\,V$").certify(bound=rho)
    return Lyapunov(rho, entries, weights, share, decrease, bound)


class _Model:
    """The semidefinite program in (P, p, c, margin, multipliers of the decrease, multipliers of the floor)."""

    def __init__(self, step: OneStep, arrays: Arrays, rho: float) -> None:
        self.arrays = arrays
        d = np.array([step.problem.vectors[v] for v in arrays.vectors])
        e = np.array([step.problem.values[v] for v in arrays.values])
        A, a = arrays.quadratic * np.outer(d, d), arrays.linear * e
        size = np.maximum(np.abs(A).max(axis=(1, 2), initial=0), np.abs(a).max(axis=1, initial=0))
        size = np.where(size > 0, size, 1.0)
        A, a = A / size[:, None, None], a / size[:, None]
        self.size, self.count = len(step.state), len(step.values)

        def arrays_of(make: Callable[[int, int], Form], values: Sequence[Scalar]) -> tuple[np.ndarray, np.ndarray]:
            r, s = triangle(self.size)
            weight = np.where(r == s, 1.0, np.sqrt(2))
            forms = [(make(i, j), w) for i, j, w in zip(r, s, weight, strict=True)] + [(v.form, 1.0) for v in values]
            parts = [(form_arrays(f, arrays.vectors, arrays.values), w) for f, w in forms]
            return (
                np.array([q * np.outer(d, d) * w for (q, _, _), w in parts]),
                np.array([x * e * w for (_, x, _), w in parts]),
            )

        def products(vectors: Sequence[Vector]) -> Callable[[int, int], Form]:
            return lambda i, j: inner(vectors[i].terms, vectors[j].terms)

        before, after = arrays_of(products(step.state), step.values), arrays_of(products(step.after), step.values_after)
        floor = form_arrays(step.floor.form, arrays.vectors, arrays.values)
        self.decrease = (rho * before[0] - after[0], rho * before[1] - after[1])
        self.before, self.floor, self.instances = before, (floor[0] * np.outer(d, d), floor[1] * e), (A, a)

    def solve(self, share: float | None) -> tuple[str, float, np.ndarray, np.ndarray]:
        """Maximise the share c of the floor; or, for a given share, the margin of the two slacks."""
        import clarabel

        (A, a), arrays = self.instances, self.arrays
        n, m, form = len(arrays.vectors), len(A), len(self.decrease[0])
        extra = np.eye(n)[None] if share is not None else self.floor[0][None]
        none, no_values = np.zeros_like(A), np.zeros_like(a)
        fixed = self.floor[0] * share if share is not None else np.zeros((n, n))
        fixed_values = self.floor[1] * share if share is not None else np.zeros(a.shape[1])
        decrease = np.concatenate([self.decrease[0], extra * -1.0 if share is not None else 0 * extra, A, none])
        dominate = np.concatenate([self.before[0], -extra, none, A])
        values = np.concatenate([self.decrease[1], np.zeros((1, a.shape[1])), a, no_values])
        floor_values = np.concatenate(
            [self.before[1], np.zeros((1, a.shape[1])) if share is not None else -self.floor[1][None], no_values, a]
        )
        columns = form + 1 + 2 * m
        r, s = triangle(self.size)
        norm = np.concatenate([(r == s).astype(float), np.ones(self.count), np.zeros(1 + 2 * m)])
        inequality = np.flatnonzero(~arrays.equal)
        positive = np.concatenate([[form], form + 1 + inequality, form + 1 + m + inequality])
        cap = np.zeros((1, columns))
        cap[0, form] = 1.0
        rows = [
            values.T,
            floor_values.T,
            norm[None],
            -np.eye(columns)[positive],
            cap,
            -pack(decrease).T,
            -pack(dominate).T,
        ]
        right = [
            np.zeros(a.shape[1]),
            fixed_values,
            np.ones(1),
            np.zeros(len(positive)),
            np.array([1e3]),
            np.zeros(n * (n + 1) // 2),
            -pack(fixed),
        ]
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-9
        cones = [
            clarabel.ZeroConeT(2 * a.shape[1] + 1),
            clarabel.NonnegativeConeT(len(positive) + 1),
            clarabel.PSDTriangleConeT(n),
            clarabel.PSDTriangleConeT(n),
        ]
        out = clarabel.DefaultSolver(
            sparse.csc_matrix((columns, columns)),
            -cap[0],
            sparse.csc_matrix(np.concatenate(rows)),
            np.concatenate(right),
            cones,
            settings,
        ).solve()
        x = np.array(out.x)
        k = self.size * (self.size + 1) // 2
        return str(out.status), float(x[form]), unpack(x[:k], self.size), x[k:form]
