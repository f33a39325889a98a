"""SGD with independently sparsified gradients, batched, for the papers on sparsification.

A *scheme* maps coefficients (..., N) to keeping probabilities (..., N); an entry kept is divided by its probability.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method
from gradproof.experiments.instances.finite_sums import Problem

Array = Any
Scheme = Callable[[Array], Array]
Grad = Callable[[Array], Array]


class SparseState(NamedTuple):
    """Parameters x, (setting, seed, ...), and what has been sent so far, (setting, seed)."""

    x: Array
    sent: Array


# --- schemes ---------------------------------------------------------------------------------------------------------


def least_variance(s: Any) -> Scheme:
    """Probabilities of least variance with ``sum p <= s``; s is a number or (setting, 1, 1)."""

    def scheme(lam: Array) -> Array:
        xp = array_namespace(lam)
        a = xp.abs(lam)
        top = xp.sort(a, axis=-1, descending=True)
        rest, k = _tails(top), _count(top)
        kept = _first(top * (s - k) <= rest)
        return _clipped(a, s - kept, _at(rest, kept))

    return scheme


def least_density(eps: Any) -> Scheme:
    """Least ``sum p`` with ``sum lam^2/p <= (1 + eps)|lam|^2``; eps is a number or (setting, 1, 1)."""

    def scheme(lam: Array) -> Array:
        xp = array_namespace(lam)
        a = xp.abs(lam)
        top = xp.sort(a, axis=-1, descending=True)
        rest, squares = _tails(top), _tails(top * top)
        room = eps * squares[..., :1] + squares
        kept = _first(top * rest <= room)
        return _clipped(a, _at(rest, kept), _at(room, kept))

    return scheme


def uniform_like(scheme: Scheme) -> Scheme:
    """The density of another scheme, spread evenly over the entries."""

    def uniform(lam: Array) -> Array:
        xp = array_namespace(lam)
        return xp.zeros_like(lam) + xp.mean(scheme(lam), axis=-1, keepdims=True)

    return uniform


def everything(lam: Array) -> Array:
    """Every entry with probability one."""
    return array_namespace(lam).ones_like(lam)


def second_moment(lam: Array, p: Array) -> Array:
    """``sum lam^2/p``, (..., N) -> (...)."""
    xp = array_namespace(lam)
    return xp.sum(xp.where(p > 0, lam * lam / xp.where(p > 0, p, xp.ones_like(p)), xp.zeros_like(p)), axis=-1)


def _tails(x: Array) -> Array:
    """Sums from each entry to the last, added up from the small end."""
    xp = array_namespace(x)
    return xp.flip(xp.cumulative_sum(xp.flip(x, axis=-1), axis=-1), axis=-1)


def _count(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.cumulative_sum(xp.ones_like(x), axis=-1) - 1


def _first(found: Array) -> Array:
    """Index of the first True along the last axis, (..., 1), as a float; the length where there is none."""
    xp = array_namespace(found)
    none_yet = xp.cumulative_sum(xp.astype(found, xp.int64), axis=-1) == 0
    return xp.sum(xp.astype(none_yet, xp.float64), axis=-1, keepdims=True)


def _at(x: Array, k: Array) -> Array:
    """x[k] along the last axis, 0 beyond its end."""
    xp = array_namespace(x)
    return xp.sum(xp.where(_count(x) == k, x, xp.zeros_like(x)), axis=-1, keepdims=True)


def _clipped(a: Array, above: Array, below: Array) -> Array:
    """min(1, a above/below), 0 where a = 0, 1 where below = 0 or NaN, so that a NaN is sent and not lost."""
    xp = array_namespace(a)
    inside = a * above < below
    share = a * above / xp.where(below > 0, below, xp.ones_like(below))
    return xp.where(a == 0, xp.zeros_like(a), xp.where(inside, share, xp.ones_like(a)))


def sparsify(lam: Array, p: Array, u: Array) -> tuple[Array, Array]:
    """Coefficients kept where u < p and divided by p, (..., N), and their number, (...)."""
    xp = array_namespace(lam)
    keep = u < p
    kept = xp.where(keep, lam / xp.where(p > 0, p, xp.ones_like(p)), xp.zeros_like(lam))
    return kept, xp.sum(xp.astype(keep, lam.dtype), axis=-1)


# --- methods ---------------------------------------------------------------------------------------------------------


def sparsified_sgd(problem: Problem, gamma: Any, scheme: Scheme) -> Method:
    """x+ = x - gamma mean_i Q(grad f_i(x)), each worker sparsified by itself; gamma is a number or (setting, 1, 1).

    ``draw``: uniform numbers (setting, seed, n, d). ``sent`` counts the entries of all workers.
    """

    def wider(lam: Array) -> Array:  # schemes see settings as (setting, 1, 1): put the workers among the seeds
        xp = array_namespace(lam)
        flat = xp.reshape(lam, (lam.shape[0], lam.shape[1] * lam.shape[2], lam.shape[3]))
        return xp.reshape(scheme(flat), lam.shape)

    def init(x0: Array) -> SparseState:
        return SparseState(x0, 0 * x0[..., 0])

    def step(s: SparseState, draw: Array) -> SparseState:
        xp = array_namespace(s.x)
        g = problem.gradients(s.x)
        kept, count = sparsify(g, wider(g), draw)
        return SparseState(s.x - gamma * xp.mean(kept, axis=-2), s.sent + xp.sum(count, axis=-1))

    return Method(init, step)


def atomic_sgd(grad: Grad, gamma: Any, scheme: Scheme, *, atoms: str = "entries") -> Method:
    """x+ = x - gamma sum_i (lam_i t_i/p_i) a_i, the gradient written in entries or in singular triplets.

    Args:
        grad: x (setting, seed, n, m) -> the same shape.
        gamma: a number or (setting, 1, 1, 1).
        atoms: ``entries`` (draw: uniform numbers (setting, seed, n m)) or ``singular`` ((setting, seed, min(n, m))).

    ``sent`` counts atoms: an entry is a number and an index, a triplet n + m + 1 numbers.
    """

    def init(x0: Array) -> SparseState:
        return SparseState(x0, 0 * x0[..., 0, 0])

    def step(s: SparseState, draw: Array) -> SparseState:
        xp = array_namespace(s.x)
        g = grad(s.x)
        if atoms == "singular":
            u, lam, v = xp.linalg.svd(g, full_matrices=False)
            kept, count = sparsify(lam, scheme(lam), draw)
            estimate = xp.matmul(u * kept[..., None, :], v)
        else:
            lam = xp.reshape(g, (*g.shape[:2], -1))
            kept, count = sparsify(lam, scheme(lam), draw)
            estimate = xp.reshape(kept, g.shape)
        return SparseState(s.x - gamma * estimate, s.sent + count)

    return Method(init, step)
