r"""Functions on {-1, 1}^n as sums of parities: the fast Walsh-Hadamard transform, on any array library.

A table holds the values at the 2^n inputs; the bits of an index are its minus signs, bit i for x_i. The parity of S, a set of bits
too, is chi_S(x) = (-1)^|S and x|. Sixteen entries are transformed at once, as one product of matrices: n/4 products in all.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from gradproof.theory.errors import ParameterError

Array = Any
RADIX = 16
EPS = 2.0**-52


def signs(n: int) -> np.ndarray:
    """All inputs, (2^n, n), entries -1 and 1."""
    return 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)


def parity(S: int, n: int) -> np.ndarray:
    """chi_S at all inputs, (2^n,), entries -1 and 1."""
    found = np.ones(1, dtype=np.int64)
    for i in range(n):
        found = np.concatenate([found, -found if S >> i & 1 else found])
    return found


@cache
def _parities(n: int) -> np.ndarray:
    """The matrix of all parities, (2^n, 2^n)."""
    return np.stack([parity(S, n) for S in range(2**n)])


def transform(table: Array) -> Array:
    """sum_x h(x) chi_S(x) for all S: (..., 2^n) -> (..., 2^n), 4 n 2^n additions and multiplications by a sign.

    Exact for integers, for fractions (dtype object), and for floats that are integers below 2^53 in sum of modulus.

    Raises:
        ParameterError: the last axis has no power of two as length.
    """
    xp, length = array_namespace(table), table.shape[-1]
    if length & (length - 1) or not length:
        raise ParameterError(f"a table has {length} entries, which is no power of two")
    out, done = table, 1
    while done < length:
        factor = min(RADIX, length // done)
        H = xp.asarray(_parities(factor.bit_length() - 1), dtype=table.dtype, device=device(table))
        if done == 1:
            out = xp.matmul(xp.reshape(out, (-1, factor)), H)
        else:
            out = xp.matmul(H, xp.reshape(out, (-1, factor, done)))
        done *= factor
    return xp.reshape(out, table.shape)


def rounding(table: Array) -> Array:
    """Bound on the rounding of ``transform(table) / 2^n`` in floats, (...): 16 products of sums of 16, n/4 times, and a margin."""
    xp, n = array_namespace(table), int(table.shape[-1]).bit_length() - 1
    return (4 * n + 32) * EPS * xp.mean(xp.abs(table), axis=-1)


def bent(n: int) -> np.ndarray:
    """The function x_1 x_2 + x_3 x_4 + ... of bits, as a sign: all its coefficients are +-2^(-n/2). (2^n,), entries -1 and 1.

    Raises:
        ParameterError: n is odd.
    """
    if n % 2:
        raise ParameterError(f"n = {n} is odd; bent functions have an even number of bits")
    bits = (1 - signs(n)) // 2
    return 1 - 2 * (np.sum(bits[:, ::2] * bits[:, 1::2], axis=1) % 2)
