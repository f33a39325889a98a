"""Queries as tables, laws of the inputs, and networks with the tables of their gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from gradproof.solvers import walsh
from gradproof.solvers.rounding_oracle import nearest

Array = Any

# --- queries and inputs -----------------------------------------------------------------------------------------------


def fair(n: int) -> np.ndarray:
    """The uniform law on {-1, 1}^n, (2^n,) fractions."""
    return np.full(2**n, F(1, 2**n))


def leaning(n: int, up: F = F(7, 8)) -> np.ndarray:
    """Independent bits that are 1 with probability ``up``."""
    law = np.array([F(1)])
    for _ in range(n):
        law = np.concatenate([law * up, law * (1 - up)])
    return law


def random_query(n: int, seed: int = 0) -> np.ndarray:
    """q(x, 1) and q(x, -1) in multiples of 1/8, (2, 2^n)."""
    values = np.random.default_rng([seed, n]).integers(-8, 9, (2, 2**n))
    return np.vectorize(lambda v: F(int(v), 8), otypes=[object])(values)


def agreement(h: np.ndarray) -> np.ndarray:
    """q(x, y) = y h(x), (2, 2^n)."""
    return np.stack([h, -h])


def bent_query(n: int) -> np.ndarray:
    return agreement(walsh.bent(n) * F(1))


def majority(n: int) -> np.ndarray:
    """q(x, y) = y sign(x_1 + ... + x_n), 0 on ties."""
    return agreement(np.sign(walsh.signs(n).sum(axis=1)) * F(1))


def one_parity(n: int) -> np.ndarray:
    """q(x, y) = y x_1 ... x_n: one query tells that parity from all others."""
    return agreement(walsh.parity(2**n - 1, n) * F(1))


def constant(n: int) -> np.ndarray:
    """q(x, y) = y."""
    return agreement(walsh.parity(0, n) * F(1))


def on_cosets(n: int, size: int, k: int) -> list[np.ndarray]:
    """k queries: a bent function of ``size`` bits times different parities of the others, moved by 2^size parities each."""
    h = np.tile(walsh.bent(size), 2 ** (n - size))
    return [agreement(h * walsh.parity(j << size, n) * F(1)) for j in range(k)]


def signals(q: np.ndarray, law: np.ndarray) -> np.ndarray:
    """E q(x, chi_S(x)) less E q(x, coin) for all S by enumeration, (2^n,) fractions."""
    n = len(law).bit_length() - 1
    unlabelled = (law * (q[0] + q[1]) / 2).sum()
    with_label = [(law * np.where(walsh.parity(S, n) > 0, q[0], q[1])).sum() for S in range(2**n)]
    return np.array(with_label) - unlabelled


def half_square(q: np.ndarray, law: np.ndarray) -> F:
    """E h^2, h = (q(x, 1) - q(x, -1))/2."""
    return F((law * ((q[0] - q[1]) / 2) ** 2).sum())


# --- networks ------------------------------------------------------------------------------------------------------------


def tanh(z: Array) -> tuple[Array, Array]:
    t = array_namespace(z).tanh(z)
    return t, 1 - t * t


def squares(z: Array) -> tuple[Array, Array]:
    """Exact in fractions."""
    return z * z, 2 * z


@dataclass(frozen=True)
class Net:
    """f_w(x) = a . s(W x + c), its inputs all of {-1, 1}^n, or what is given.

    Args:
        h: units. x: inputs (N, n). unit: z -> s(z), s'(z).
    """

    h: int
    x: Array
    unit: Callable[[Array], tuple[Array, Array]] = tanh

    def tables(self, w: Array) -> tuple[Array, Array]:
        """f (N,) and its gradient (p, N), p = h (n + 2), at parameters W, c, a in a row."""
        xp, (N, n) = array_namespace(w), self.x.shape
        W, c, a = xp.reshape(w[: self.h * n], (self.h, n)), w[self.h * n : self.h * (n + 1)], w[self.h * (n + 1) :]
        s, slope = self.unit(xp.matmul(W, self.x.T) + c[:, None])
        to_c = a[:, None] * slope
        to_W = xp.reshape(to_c[:, None, :] * self.x.T[None, :, :], (self.h * n, N))
        return xp.sum(a[:, None] * s, axis=0), xp.concat([to_W, to_c, s], axis=0)


@dataclass(frozen=True)
class Feature:
    """f_w(x) = w h(x): one parameter, whose gradient is h."""

    values: np.ndarray

    def tables(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return w[0] * self.values, self.values[None]


def start(n: int, h: int, seed: int) -> np.ndarray:
    """W of N(0, 1)/sqrt(n), c and a of N(0, 1)/sqrt(h)."""
    rng = np.random.default_rng([seed, n, h])
    return np.concatenate([rng.normal(size=h * n) / np.sqrt(n), rng.normal(size=2 * h) / np.sqrt(h)])


def exact_start(n: int, h: int, seed: int) -> np.ndarray:
    """Multiples of 1/16 in [-1/2, 1/2]."""
    values = np.random.default_rng([seed, n, h]).integers(-8, 9, h * (n + 2))
    return np.array([F(int(v), 16) for v in values])


def exact_net(n: int, h: int = 2) -> Net:
    return Net(h, walsh.signs(n) * F(1), squares)


def reference_run(
    net: Any, w: Array, eta: Any, rho: Any, steps: int, law: Any = None
) -> Iterator[tuple[Array, Array, Array]]:
    """w_t, f and its gradient table for t < steps, on w+ = w - eta rho round(E[f grad f]/rho); uniform inputs without ``law``."""
    for _ in range(steps):
        f, table = net.tables(w)
        yield w, f, table
        w = w - eta * rounded_mean(f * table, rho, law)


def rounded_mean(table: Array, rho: Any, law: Any = None) -> Array:
    """The means of the rows, to the nearest multiples of rho."""
    means = mean(table, law)
    return nearest(means, rho) if isinstance(means, np.ndarray) else rho * array_namespace(means).round(means / rho)


def mean(table: Array, law: Any = None) -> Array:
    """E of the rows (..., N)."""
    xp = array_namespace(table)
    return xp.sum(table, axis=-1) / table.shape[-1] if law is None else xp.sum(table * law, axis=-1)
