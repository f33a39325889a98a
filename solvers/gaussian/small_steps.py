"""The power series in the step of the stationary second moment with stale gradients, in rationals.

With lam = 1 the history's second moment before phase j of a cycle of laws of the delay satisfies
X_{j+1} = sum_k p_k (S - h E_k) X_j (S - h E_k)' + 2 h e e', so M(h) x = q(h) with M = M_0 + M_1 h + M_2 h^2 and q = q_1 h.
At h = 0 it is singular; the coefficients of x solve the equations of the first orders together, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.solvers.exact.rounding import whole_number
from gradproof.theory.errors import DomainError, ParameterError

Law = Mapping[int, Any]


def small_steps(cycle: Sequence[Law], terms: int) -> list[Fraction]:
    """c_0, c_1, ... of lam E x^2 = sum c_k a^k, a = h lam, the mean over a cycle of steps.

    Args:
        cycle: the law of the delay in each step of the cycle, delay -> probability; one step, ``[{tau: 1}]``, for a fixed delay.
        terms: how many coefficients.

    Raises:
        ParameterError: no law, or probabilities that are not exact, not positive, or do not sum to one.
        DomainError: the equations of the first orders leave a coefficient open.
    """
    terms = whole_number(terms, "terms", least=1)
    laws = [{whole_number(k, "delay"): Fraction(p) for k, p in law.items()} for law in cycle]
    if not laws or any(min(law.values(), default=0) <= 0 or sum(law.values()) != 1 for law in laws):
        raise ParameterError("give one law a step of the cycle: delay -> exact probability > 0, their sum one")
    M, q = _equations(laws)
    n = max(max(law) for law in laws) + 1
    _coefficients(M, q, 1, range(len(q)))  # x_0 is determined by two orders, so that x has no pole at 0
    wanted = [k * len(q) + j * n * n for k in range(terms) for j in range(len(laws))]
    found = _coefficients(M, q, terms, wanted)
    return [sum(found[k * len(laws) : (k + 1) * len(laws)], Fraction(0)) / len(laws) for k in range(terms)]


def _equations(laws: Sequence[Mapping[int, Fraction]]) -> tuple[list[np.ndarray], np.ndarray]:
    """M_0, M_1, M_2 and q_1 over the stacked vec X_j."""
    n, phases = max(max(law) for law in laws) + 1, len(laws)
    shift = np.full((n, n), Fraction(0), dtype=object)
    shift[0, 0] = Fraction(1)
    for k in range(1, n):
        shift[k, k - 1] = Fraction(1)
    M = [np.full((phases * n * n,) * 2, Fraction(0), dtype=object) for _ in range(3)]
    q = np.full(phases * n * n, Fraction(0), dtype=object)
    for j, law in enumerate(laws):
        after = (j + 1) % phases
        rows, columns = slice(after * n * n, (after + 1) * n * n), slice(j * n * n, (j + 1) * n * n)
        for i in range(n * n):
            M[0][after * n * n + i, after * n * n + i] += 1
        for k, p in law.items():
            old = np.full((n, n), Fraction(0), dtype=object)
            old[0, k] = Fraction(1)
            M[0][rows, columns] -= p * np.kron(shift, shift)
            M[1][rows, columns] += p * (np.kron(shift, old) + np.kron(old, shift))
            M[2][rows, columns] -= p * np.kron(old, old)
        q[after * n * n] = Fraction(2)
    return M, q


def _coefficients(M: Sequence[np.ndarray], q: np.ndarray, order: int, wanted: Sequence[int]) -> list[Fraction]:
    """Entries of (x_0, ..., x_order) that sum_i M_i x_{k-i} = q_k, k = 0..order, determine."""
    size, blocks = len(q), order + 1
    table = np.full((size * blocks, size * blocks + 1), Fraction(0), dtype=object)
    for k in range(blocks):
        for i, part in enumerate(M[: k + 1]):
            table[k * size : (k + 1) * size, (k - i) * size : (k - i + 1) * size] = part
    table[size : 2 * size, -1] = q
    entries = [flint.fmpq(v.numerator, v.denominator) for v in table.ravel().tolist()]
    reduced, _ = flint.fmpq_mat(*table.shape, entries).rref()
    rows = reduced.tolist()
    found = {}
    for row in rows:
        filled = [j for j, v in enumerate(row[:-1]) if v != 0]
        if len(filled) == 1:
            found[filled[0]] = Fraction(int(row[-1].p), int(row[-1].q))
    if any(j not in found for j in wanted):
        raise DomainError("the first orders of the step leave a coefficient open; is the delay's law that of a chain?")
    return [found[j] for j in wanted]
