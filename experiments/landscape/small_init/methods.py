"""Gradient descent on a factor, for the population loss and for sensing, on any array library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method

Array = Any
BLOCK = 100  # measurements that are drawn, and kept, together


class Factor(NamedTuple):
    U: Array  # (setting, seed, n, k)


class Problem(Protocol):
    """The gradient in Z of the loss on Z = UU': (setting, seed, n, n) -> the same."""

    def residual(self, Z: Array) -> Array: ...


@dataclass(frozen=True)
class Population:
    """``||Z - M||_F^2/2``, M (n, n)."""

    M: Array

    def residual(self, Z: Array) -> Array:
        return Z - self.M


@dataclass(frozen=True)
class Sensing:
    """``(1/2m) sum_i <A_i, Z - M>^2``.

    Args:
        A: blocks of measurements (seed, block, n n), symmetric. M: (seed, n, n). m: how many there are.
    """

    A: tuple[Array, ...]
    M: Array
    m: int

    def residual(self, Z: Array) -> Array:
        xp = array_namespace(Z)
        settings, seeds, n, _ = Z.shape
        z = xp.reshape(xp.permute_dims(Z - self.M, (1, 2, 3, 0)), (seeds, n * n, settings))
        total = sum(xp.matmul(xp.matrix_transpose(A), xp.matmul(A, z)) for A in self.A) / self.m
        return xp.permute_dims(xp.reshape(total, (seeds, n, n, settings)), (3, 0, 1, 2))


def factored_descent(problem: Problem, mu: Any) -> Method:
    """U+ = U - mu grad, from starts (setting, seed, n, k); ``mu``: a number or an array that broadcasts to them."""

    def step(s: Factor, draw: Any = None) -> Factor:
        xp = array_namespace(s.U)
        Z = xp.matmul(s.U, xp.matrix_transpose(s.U))
        return Factor(s.U - mu * xp.matmul(problem.residual(Z), s.U))

    return Method(Factor, step)


def draw_sensing(on: Backend, words: np.ndarray, n: int, r: int, m: int, *, diagonal: bool = False) -> Sensing:
    """A sensing problem a key: M = QQ' with Q (n, r) orthonormal, A_i = (B_i + B_i')/2 of normal entries.

    Args:
        words: keys (seed, 2). diagonal: keep the diagonals of the A_i alone.
    """
    Q = np.linalg.qr(Draws(words, 0).normal((n, r), slot=1))[0]
    moved, blocks = on.asarray(words), []
    xp = array_namespace(moved)
    for start in range(0, m, BLOCK):
        size = min(BLOCK, m - start)
        B = Draws(moved, start).normal((size, n, n))
        A = (B + xp.matrix_transpose(B)) / 2
        if diagonal:
            A = A * on.asarray(np.eye(n))
        blocks.append(xp.reshape(A, (len(words), size, n * n)))
    return Sensing(tuple(blocks), on.asarray(Q @ Q.swapaxes(1, 2)), m)
