"""Two problems beside the program, enclosed: a network of one neuron, and a gated linear network, which has no cones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradproof.solvers.relu_program.patterns import data_matrix
from gradproof.solvers.relu_program.program import Program, lower_bound
from gradproof.solvers.semidefinite import solve_anyway
from gradproof.theory.errors import ParameterError


class Between(NamedTuple):
    """Ends of a value."""

    lower: float
    upper: float


def one_neuron(X: Any, y: Any, beta: float, *, directions: int = 4000) -> Between:
    """The least objective of one neuron on data in the plane, scanned over the circle.

    In direction v, with z = relu(X v), it attains ||y||^2/2 - (|z . y| - beta)_+^2 / (2 ||z||^2). Between two directions h
    apart z moves by at most h ||X||, which bounds what the scan can miss.

    Raises:
        ParameterError: the data is not in the plane, or more directions are needed.
    """
    X, y = data_matrix(X), np.asarray(y, float)
    if X.shape[1] != 2:
        raise ParameterError(f"the scan is of a circle, got {X.shape[1]} columns")
    angles = 2 * np.pi * np.arange(directions) / directions
    z = np.maximum(np.c_[np.cos(angles), np.sin(angles)] @ X.T, 0)
    best = float((np.maximum(np.abs(z @ y) - beta, 0) / np.linalg.norm(z, axis=1)).max())
    move = np.pi / directions * np.linalg.norm(X, 2)
    least = float(np.linalg.norm(z, axis=1).min()) - move
    if not least > 0:
        raise ParameterError(f"{directions} directions are too few: an output may vanish between them")
    # |z.y|/||z|| moves by at most 2 ||y|| move / ||z||, and beta/||z|| by beta move / ||z||^2
    slip = 2 * float(np.linalg.norm(y)) * move / least + beta * move / least**2
    value = float(y @ y / 2) - best**2 / 2
    return Between(float(value - best * slip - slip**2 / 2), value)


def without_cones(program: Program) -> Between:
    """The program's value without its cone constraints: Clarabel's point, and the dual bound without multipliers.

    Raises:
        ParameterError: Clarabel ends without a point.
    """
    import cvxpy as cp

    P, d = program.S.shape[0], program.X.shape[1]
    B = cp.Variable((P, d))  # v - w: without cones one of the two suffices
    output = cp.sum(cp.multiply(program.S, B @ program.X.T), axis=0)
    loss = cp.sum_squares(output - program.y) / 2 + program.beta * cp.sum(cp.norm(B, 2, axis=1))
    solve_anyway(cp.Problem(cp.Minimize(loss)))
    if B.value is None:
        raise ParameterError("Clarabel ended without a point; is the data scaled badly?")
    blocks = np.stack([np.asarray(B.value), np.zeros((P, d))])
    low = lower_bound(program, program.y - program.predict(blocks), np.zeros((2, *program.S.shape)))
    return Between(low, program.objective(blocks))
