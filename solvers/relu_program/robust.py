"""Adversarial training of two-layer ReLU networks as a convex program: hinge loss, inputs in boxes of half side eps.

    min (1/n) sum_k (1 - y_k x_k . z_k + eps ||z_k||_1)_+ + beta sum_i (||v_i|| + ||w_i||),  z_k = sum_i s_ik (v_i - w_i),
    subject to A_i v_i >= eps ||v_i||_1 and A_i w_i >= eps ||w_i||_1, entry by entry.

Source: Bai, Gautam, Sojoudi (2022), arXiv:2201.01965.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradproof.solvers.relu_program.patterns import Patterns
from gradproof.solvers.relu_program.program import EPS, Network, Program
from gradproof.solvers.semidefinite import solve_anyway
from gradproof.theory.errors import DomainError, GradproofError, ParameterError


class RobustFailed(GradproofError):
    """The conic solver ended without a point."""


@dataclass(frozen=True, eq=False)
class RobustSolution:
    """Blocks (2, P, d), the objective there, and a lower bound of the optimum.

    ``depth`` is the least entry of A_i v_i - eps ||v_i||_1: a cone without inside leaves the solver's -1e-9 or so.
    """

    blocks: np.ndarray
    value: float
    lower: float
    depth: float

    @property
    def gap(self) -> float:
        """How far ``value`` may be above the optimum."""
        return self.value - self.lower


def pieces(program: Program, blocks: np.ndarray) -> np.ndarray:
    """z_k, the linear piece of the network at each data point, (n, d)."""
    return program.S.T @ (blocks[0] - blocks[1])


def robust_objective(program: Program, blocks: np.ndarray, eps: float) -> float:
    """The program's objective: closed-form worst hinge loss and weight decay."""
    z = pieces(program, blocks)
    worst = np.maximum(0, 1 - program.y * (program.X * z).sum(1) + eps * np.abs(z).sum(1))
    return float(worst.mean() + program.beta * np.linalg.norm(blocks, axis=2).sum())


def robust_depth(program: Program, blocks: np.ndarray, eps: float) -> float:
    """Least entry of A_i v_i - eps ||v_i||_1 over all blocks: feasible if it is >= 0."""
    return float((program.signs * (blocks @ program.X.T) - eps * np.abs(blocks).sum(2)[..., None]).min())


def robust_train(X: Any, labels: Any, beta: float, eps: float, patterns: Patterns) -> RobustSolution:
    """Solve the robust program with Clarabel and move its blocks strictly into their cones.

    Args:
        labels: -1 or 1 for each row. eps: half side of the boxes, >= 0.

    Raises:
        DomainError: eps is negative or not finite, or a label is neither -1 nor 1.
        RobustFailed: the solver ended without a point.
    """
    import cvxpy as cp

    program = Program(X, labels, beta, patterns)
    if not 0 <= eps < np.inf:
        raise DomainError(f"eps = {eps} must be >= 0 and finite")
    if not (np.abs(program.y) == 1).all():
        raise DomainError("labels must be -1 or 1")
    P, d = len(patterns), program.X.shape[1]
    V, W = cp.Variable((P, d)), cp.Variable((P, d))
    Z = program.S.T @ (V - W)
    scores = cp.multiply(program.y, cp.sum(cp.multiply(program.X, Z), axis=1))
    loss = cp.sum(cp.pos(1 - scores + eps * cp.norm(Z, 1, axis=1))) / len(program.y)
    inside = [cp.multiply(program.signs, B @ program.X.T) >= eps * cp.norm(B, 1, axis=1)[:, None] for B in (V, W)]
    problem = cp.Problem(
        cp.Minimize(loss + beta * (cp.sum(cp.norm(V, 2, axis=1)) + cp.sum(cp.norm(W, 2, axis=1)))), inside
    )
    solve_anyway(problem)
    if V.value is None or W.value is None:
        raise RobustFailed(f"Clarabel stopped with status {problem.status}; try another eps or beta")
    blocks = np.stack([np.asarray(V.value), np.asarray(W.value)])
    blocks = _inside(program, blocks, eps)
    return RobustSolution(
        blocks,
        robust_objective(program, blocks, eps),
        robust_lower_bound(program, eps),
        robust_depth(program, blocks, eps),
    )


def robust_lower_bound(program: Program, eps: float) -> float:
    """A lower bound of the robust program, from its dual solved by Clarabel and scaled to feasibility.

    max sum alpha, 0 <= alpha_k <= 1/n, |p_k| <= eps alpha_k, and ||c_i + A_i' lam - g|| <= beta, |g| <= eps sum lam, lam >= 0
    for c_i = +-sum_k s_ik (alpha_k y_k x_k - p_k) and every pattern and sign: all but alpha <= 1/n scales.

    Raises:
        RobustFailed: the solver ended without a point.
    """
    import cvxpy as cp

    X, y, P = program.X, program.y, len(program.S)
    n, d = X.shape
    alpha, p = cp.Variable(n, nonneg=True), cp.Variable((n, d))
    lam, g = [cp.Variable((P, n), nonneg=True) for _ in "vw"], [cp.Variable((P, d)) for _ in "vw"]
    c = program.S @ (cp.multiply((y[:, None] * X), alpha[:, None] @ np.ones((1, d))) - p)
    limits = [alpha <= 1 / n, cp.abs(p) <= eps * alpha[:, None] @ np.ones((1, d))]
    for sign, m, h in zip((1, -1), lam, g, strict=True):
        slack = sign * c + cp.multiply(program.signs, m) @ X - h
        limits += [
            cp.norm(slack, 2, axis=1) <= program.beta,
            cp.abs(h) <= eps * cp.sum(m, axis=1)[:, None] @ np.ones((1, d)),
        ]
    problem = cp.Problem(cp.Maximize(cp.sum(alpha)), limits)
    solve_anyway(problem)
    if alpha.value is None:
        raise RobustFailed(f"Clarabel stopped with status {problem.status} on the dual; try another eps or beta")
    # the values as numbers, clipped into every constraint but the cones, whose excess is then scaled away
    weight = np.maximum(np.asarray(alpha.value), 0)
    q = np.clip(np.asarray(p.value), -eps * weight[:, None], eps * weight[:, None])
    pull = program.S @ (weight[:, None] * y[:, None] * X - q)
    most = n * weight.max() * program.beta
    for sign, m, h in zip((1, -1), lam, g, strict=True):
        L = np.maximum(np.asarray(m.value), 0)
        reach = eps * L.sum(1)[:, None]
        slack = sign * pull + (program.signs * L) @ X - np.clip(np.asarray(h.value), -reach, reach)
        most = max(most, float(np.linalg.norm(slack, axis=1).max()))
    rounding = 1 - 64 * (n + d) * EPS
    return float(weight.sum()) * min(1.0, program.beta / most) * rounding


def _inside(program: Program, blocks: np.ndarray, eps: float) -> np.ndarray:
    """Blocks moved into their robust cones, negligible ones set to zero; where a cone has no inside they stay."""
    moved = np.zeros_like(blocks)
    for k, i in product(range(2), range(len(program.S))):
        v = blocks[k, i]
        if np.linalg.norm(v) <= 1e-7 * np.linalg.norm(blocks, axis=2).max():
            continue
        A = program.signs[i][:, None] * program.X
        if (A @ v - eps * np.abs(v).sum()).min() >= 0:
            moved[k, i] = v
            continue
        centre = _robust_direction(A, eps)
        lack = -(A @ v - eps * np.abs(v).sum()).min()
        if centre is None:  # the cone has no inside: the solver's own point is as good as any
            moved[k, i] = v
            continue
        depth = (A @ centre - eps * np.abs(centre).sum()).min()
        # ||v + t c||_1 <= ||v||_1 + t ||c||_1: this much of the centre makes up for what is lacking
        moved[k, i] = v + (1 + 1e-9) * lack / depth * centre
    return moved


def _robust_direction(A: np.ndarray, eps: float) -> np.ndarray | None:
    """A unit box direction deepest inside {u : A u >= eps ||u||_1}, or None if nothing is inside."""
    from scipy.optimize import linprog

    n, d = A.shape
    unit = float(np.abs(A).max())  # the linear program's tolerances are absolute
    A, eps = A / unit, eps / unit
    # u = p - q with p, q >= 0: A (p - q) - eps 1'(p + q) >= depth
    found = linprog(
        np.r_[np.zeros(2 * d), -1.0],
        A_ub=np.c_[-A + eps, A + eps, np.ones(n)],
        b_ub=np.zeros(n),
        bounds=[(0, 1)] * (2 * d) + [(None, 1)],
        method="highs",
    )
    if found.status != 0 or found.x[-1] <= 1e-9:
        return None
    return found.x[:d] - found.x[d : 2 * d]


def worst_case(network: Network, x: np.ndarray, label: float, eps: float) -> float:
    """Largest hinge loss of a network over the vertices of the box around x: a lower bound of its worst loss there.

    Raises:
        ParameterError: more than 16 coordinates, whose vertices are too many.
    """
    if x.size > 16:
        raise ParameterError(f"{x.size} coordinates have 2^{x.size} vertices; 16 is the most that is enumerated")
    vertices = x + eps * np.array(list(product((-1.0, 1.0), repeat=x.size)))
    return float(np.maximum(0, 1 - label * network(vertices)).max())


def attacked_objective(network: Network, program: Program, eps: float) -> float:
    """Mean over the data of ``worst_case``, and weight decay."""
    worst = [worst_case(network, x, label, eps) for x, label in zip(program.X, program.y, strict=True)]
    return float(np.mean(worst) + program.beta * ((network.u**2).sum() + (network.a**2).sum()) / 2)
