"""The convex program of a two-layer ReLU network, its networks, and bounds of its value that hold whatever the solver did.

    p* = min over v_i, w_i in K_i of  ||sum_i D_i X (v_i - w_i) - y||^2 / 2 + beta sum_i (||v_i|| + ||w_i||),

K_i = {u : (2 D_i - I) X u >= 0}, one pair of blocks for each activation pattern. Source: Pilanci, Ergen (2020),
arXiv:2002.10553; Bai, Gautam, Sojoudi (2022), arXiv:2201.01965.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import linprog

from gradproof.solvers.exact.nonnegative import nonnegative_least_squares_in_floats
from gradproof.solvers.relu_program.patterns import Patterns, data_matrix
from gradproof.theory.errors import DomainError, ParameterError

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Program:
    """Data X (n, d), targets y (n,), weight decay beta > 0, and the patterns of the blocks.

    Raises:
        ParameterError: shapes that do not fit, NaN, no pattern, or a direction outside its pattern's cell.
        DomainError: beta is not positive.
    """

    X: Any
    y: Any
    beta: float
    patterns: Patterns

    def __post_init__(self) -> None:
        object.__setattr__(self, "X", data_matrix(self.X))
        object.__setattr__(self, "y", np.asarray(self.y, dtype=float))
        if self.y.shape != self.X.shape[:1] or not np.isfinite(self.y).all():
            raise ParameterError(f"need {len(self.X)} finite targets, one for each row, got shape {self.y.shape}")
        if not 0 < self.beta < np.inf:
            raise DomainError(f"beta = {self.beta} must be positive and finite: without weight decay there is no dual")
        S, U = self.patterns.S, self.patterns.U
        if len(S) == 0 or S.shape[1] != len(self.X) or U.shape != (len(S), self.X.shape[1]):
            raise ParameterError(f"need patterns of shape (P, {len(self.X)}) with P >= 1, got {S.shape}")
        if not ((self.signs * (U @ self.X.T)) > 0).all():
            raise ParameterError("a pattern's direction is not inside its cell; sample or enumerate the patterns anew")

    @property
    def S(self) -> np.ndarray:
        """Patterns, (P, n)."""
        return self.patterns.S

    @cached_property
    def signs(self) -> np.ndarray:
        """Diagonals of 2 D_i - I, (P, n)."""
        return 2 * self.S - 1

    def predict(self, blocks: np.ndarray) -> np.ndarray:
        """sum_i D_i X (v_i - w_i), shape (n,), for blocks (2, P, d) = (v, w)."""
        return np.einsum("pn,pn->n", self.S, (blocks[0] - blocks[1]) @ self.X.T)

    def transpose(self, nu: np.ndarray) -> np.ndarray:
        """+-X' D_i nu, the adjoint of ``predict``, shape (2, P, d)."""
        c = (self.S * nu) @ self.X
        return np.stack([c, -c])

    def objective(self, blocks: np.ndarray) -> float:
        """Value of the program at blocks (2, P, d)."""
        r = self.predict(blocks) - self.y
        return float(r @ r / 2 + self.beta * np.linalg.norm(blocks, axis=2).sum())

    def depth(self, blocks: np.ndarray) -> float:
        """Least entry of A_i v_i and A_i w_i: the blocks are feasible if it is >= 0."""
        return float((self.signs * (blocks @ self.X.T)).min())

    @property
    def zero_value(self) -> float:
        """||y||^2 / 2, the value of the zero network."""
        return float(self.y @ self.y / 2)


@dataclass(frozen=True, eq=False)
class Solution:
    """Feasible blocks with bounds ``lower <= p* <= upper`` of the program's value.

    Args:
        blocks: (v, w), shape (2, P, d), inside the cones.
        nu: dual point y - prediction, shape (n,).
        multipliers: of the cone constraints, nonnegative, shape (2, P, n); they prove ``lower``.
        iterations: Newton steps taken.
    """

    blocks: np.ndarray
    nu: np.ndarray
    multipliers: np.ndarray
    lower: float
    upper: float
    iterations: int

    @property
    def gap(self) -> float:
        """(upper - lower) / upper."""
        return (self.upper - self.lower) / self.upper if self.upper > 0 else 0.0


# --- networks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Network:
    """f(x) = sum_j a_j relu(u_j . x): u (m, d), a (m,)."""

    u: np.ndarray
    a: np.ndarray

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Outputs, (n,)."""
        return np.maximum(X @ self.u.T, 0) @ self.a

    def objective(self, X: np.ndarray, y: np.ndarray, beta: float) -> float:
        """||f(X) - y||^2 / 2 + beta sum (||u_j||^2 + a_j^2) / 2."""
        r = self(X) - y
        return float(r @ r / 2 + beta * ((self.u**2).sum() + (self.a**2).sum()) / 2)


def network_of(blocks: np.ndarray) -> Network:
    """The balanced network with one neuron for each nonzero block: (v / sqrt ||v||, +-sqrt ||v||)."""
    flat = blocks.reshape(-1, blocks.shape[2])
    size = np.linalg.norm(flat, axis=1)
    sign = np.repeat([1.0, -1.0], blocks.shape[1])
    on = size > 0
    return Network(flat[on] / np.sqrt(size[on])[:, None], sign[on] * np.sqrt(size[on]))


def prune(program: Program, blocks: np.ndarray) -> np.ndarray:
    """Blocks with the same prediction, no more regularisation, and at most n + 1 of them nonzero.

    A vertex of {theta >= 0 : sum theta_b F_b x_b = prediction} of least regularisation: a basic solution of n equations has at
    most n nonzeros.

    Raises:
        ParameterError: the linear program fails.
    """
    c = np.concatenate([program.S * (blocks[0] @ program.X.T), -program.S * (blocks[1] @ program.X.T)])
    size = np.linalg.norm(blocks, axis=2).ravel()
    # a block below 1e-9 of the largest is the barrier's remainder: the linear program may do without it
    on = np.flatnonzero(size > 1e-9 * size.max(initial=0.0))
    if on.size == 0:
        return np.zeros_like(blocks)
    # a block of the largest size and the longest output have length one: the linear program's tolerances are absolute
    unit = c[on] / size[on, None]
    unit /= np.linalg.norm(unit, axis=1).max()
    share = size[on] / size.max()
    sharp = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(
        np.ones(on.size), A_eq=unit.T, b_eq=share @ unit, bounds=(0, None), method="highs-ds", options=sharp
    )
    if found.status != 0:
        raise ParameterError(f"the linear program that prunes the network failed: {found.message}")
    x = found.x
    used = x > 0
    # the linear program is solved to 1e-10: on its vertex the equations are solved to rounding
    refined = np.linalg.lstsq(unit[used].T, share @ unit, rcond=None)[0]
    if (refined >= 0).all():
        x[used] = refined
    scale = np.zeros(size.size)
    scale[on] = x / share
    return scale.reshape(2, -1, 1) * blocks


# --- bounds ------------------------------------------------------------------------------------------------------------


def cone_norms(program: Program, nu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """||Pi_{K_i}(+-X' D_i nu)|| for every block, (2, P), and multipliers that attain them, (2, P, n).

    By Moreau the norm of the projection is the least ||c + A_i' lam|| over lam >= 0: a nonnegative least-squares problem.
    """
    c = program.transpose(nu)
    norms = np.empty(c.shape[:2])
    lam = np.empty((2, *program.S.shape))
    for i, signs in enumerate(program.signs):
        A = (signs[:, None] * program.X).T
        for k in range(2):
            lam[k, i], norms[k, i] = nonnegative_least_squares_in_floats(A, -c[k, i])
    return norms, lam


def lower_bound(program: Program, nu: np.ndarray, multipliers: np.ndarray) -> float:
    """A number <= p*, rounding included, from any nu and any multipliers >= 0 (others are set to zero).

    ||X' D_i nu + A_i' lam|| <= M for all blocks makes t nu feasible for the dual if t M <= beta.
    """
    lam = np.maximum(multipliers, 0)
    slack = program.transpose(nu) + (program.signs * lam) @ program.X
    # |computed - exact| of a sum of 2n products, entry by entry
    size = (program.S * np.abs(nu) + lam) @ np.abs(program.X)
    rounding = (2 * len(nu) + 8) * EPS * size
    M = float(np.linalg.norm(np.abs(slack) + rounding, axis=2).max()) * (1 + (program.X.shape[1] + 4) * EPS)
    inner, square = float(nu @ program.y), float(nu @ nu)
    if not (np.isfinite(M) and 0 < square < np.inf and 0 < inner < np.inf):
        return 0.0
    t = min(inner / square, program.beta / M if M > 0 else np.inf)
    n = len(nu)
    loss = 4 * (n + 4) * EPS * (t * float(np.abs(nu) @ np.abs(program.y)) + t * t * square)
    return max(t * inner - t * t * square / 2 - loss, 0.0)


def upper_bound(program: Program, blocks: np.ndarray) -> float:
    """A number >= p*: the value at blocks that lie inside their cones, rounding included; infinite if one does not."""
    size = np.abs(blocks) @ np.abs(program.X.T)
    inside = program.signs * (blocks @ program.X.T) >= -(blocks.shape[2] + 4) * EPS * size
    if not inside.all():
        return float("inf")
    # one more than d products and 2P sums an output; the square and the norms follow with relative errors
    drift = (blocks.shape[2] + 2 * blocks.shape[1] + 8) * EPS * (program.S * size.sum(axis=0)).sum(axis=0)
    r = np.abs(program.predict(blocks) - program.y) + drift
    value = float(r @ r / 2 + program.beta * np.linalg.norm(blocks, axis=2).sum())
    return value * (1 + (len(r) + blocks[..., 0].size + 8) * EPS)


@dataclass(frozen=True)
class Certificate:
    """``lower <= p* <= objective`` for a network found by any means."""

    objective: float
    lower: float

    @property
    def gap(self) -> float:
        """(objective - lower) / objective: how far from the global optimum it can be at most."""
        return (self.objective - self.lower) / self.objective if self.objective > 0 else 0.0


def certify(network: Network, program: Program) -> Certificate:
    """How far a network is from the global optimum, whatever trained it. The program must hold all patterns of X.

    Raises:
        ParameterError: the network has a NaN.
    """
    output = network(program.X)
    if not np.isfinite(output).all():
        raise ParameterError("the network's output is not finite")
    nu = program.y - output
    return Certificate(
        network.objective(program.X, program.y, program.beta), lower_bound(program, nu, cone_norms(program, nu)[1])
    )


def saddle(program: Program, found: Solution, rho: float) -> tuple[float, float]:
    """Distance of zero to a nearly saddle point of the split program, and what a step of ADMM may lack of the decrease for it.

    The split is f(u) + g(w), Eu = w = (v, s), with penalty rho: w* = (x, Gx), scaled multipliers -z/rho and -lam/rho, shortened
    until ||z|| <= beta. Returns V = ||w*||^2 + ||mu*||^2 and 2 gap/rho, for the gap between the value at x and the dual value
    there: along ADMM, V falls each step by the squared residual and the squared change of w, less that much.
    """
    x = found.blocks
    s = program.signs * (x @ program.X.T)
    z = -program.transpose(found.nu) - (program.signs * found.multipliers) @ program.X
    t = min(1.0, program.beta / float(np.linalg.norm(z, axis=2).max()) * (1 - 1e-13))
    nu = t * found.nu
    gap = found.upper - float(nu @ program.y - nu @ nu / 2)
    multipliers = t * t * float((z * z).sum() + (found.multipliers**2).sum()) / rho**2
    return float((x * x).sum() + (s * s).sum()) + multipliers, 2 * max(gap, 0.0) / rho
