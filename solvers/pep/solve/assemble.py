"""From a problem to arrays: every axiom instance as ``<A_k, G> + a_k . F + c_k <= 0``, made by the kernel's own builders.

A template of each axiom is taken once from the kernel, over local vectors (x_i, g_i, x_j, g_j); all instances are then
one ``einsum``. So the arrays cannot drift from what the kernel will check.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.linalg import qr

from gradproof.solvers.pep.model.problem import Mapping, Model
from gradproof.theory.axioms import AXIOMS, ONE, Form, Member, Point
from gradproof.theory.proof import Use

_ROLES = ("i", "j")
SYMMETRIC = frozenset(
    {"symmetry", "monotone", "cocoercive", "lipschitz", "diameter"}
)  # say the same of (i, j) and (j, i)
Chosen = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Instance:
    """Which axiom at which points; ``matrix`` marks the matrix inequality of quadratics."""

    axiom: str
    member: str
    points: tuple[str, ...]

    def use(self, multiplier: Any, weights: tuple = ()) -> Use:
        return Use(self.axiom, self.member, self.points, multiplier, weights)

    def __str__(self) -> str:
        return f"{self.axiom} {self.member}({', '.join(self.points)})" if self.points else f"{self.axiom} {self.member}"


@dataclass(frozen=True, eq=False)
class Arrays:
    """Inequalities first (``equal`` False), then equalities, in one stack; spectra are the matrix inequalities.

    Where all forms are the same after a shift of some vectors (two runs of a method, both moved by the same amount), as
    many of them are ``fixed`` at zero as there are such shifts. Otherwise the Gram matrix would be unbounded along them.

    A ``loose`` vector has a square that no form mentions. The slack must then vanish on it, so its inner products
    ``<a, b>`` are treated as values, and it is left out of the Gram matrix.
    """

    vectors: tuple[str, ...]
    values: tuple[str, ...]
    instances: tuple[Instance, ...]
    equal: np.ndarray  # (m,) bool
    quadratic: np.ndarray  # (m, n, n), symmetric
    linear: np.ndarray  # (m, p)
    constant: np.ndarray  # (m,)
    spectra: tuple[tuple[Instance, np.ndarray, np.ndarray], ...]  # (instance, low (P, n), high (P, n))
    loose: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    null: tuple[MappingOf[str, Fraction], ...] = ()  # the slack vanishes on these; see ``recession``


def anchored(arrays: Arrays, metric: Form) -> Arrays:
    """Fix as many vectors at zero as the forms have shifts that change none of them."""
    own = form_arrays(metric, arrays.vectors, arrays.values)[0]
    n = len(arrays.vectors)
    stack = np.concatenate([arrays.quadratic.reshape(-1, n), own, *(t for s in arrays.spectra for t in s[1:])])
    size = np.abs(stack).max(axis=0, initial=0)
    spoken = np.flatnonzero(size > 0)  # a vector that no form mentions is a loose one
    stack = stack[:, spoken] / size[spoken]
    spectrum, basis = np.linalg.eigh(stack.T @ stack)
    shifts = basis[:, spectrum <= 1e-13 * spectrum.max(initial=0)]
    if not shifts.size or np.abs(stack @ shifts).max() > 1e-12 * np.abs(stack).max():
        return arrays
    _, _, order = qr(shifts.T, mode="economic", pivoting=True)
    fixed = spoken[order[: shifts.shape[1]]]
    kept = np.delete(np.arange(n), fixed)
    return replace(
        arrays,
        vectors=tuple(arrays.vectors[k] for k in kept),
        fixed=tuple(arrays.vectors[k] for k in fixed),
        quadratic=arrays.quadratic[:, kept][:, :, kept],
        spectra=tuple((i, low[:, kept], high[:, kept]) for i, low, high in arrays.spectra),
    )


def pair(a: str, b: str) -> str:
    """Name of an inner product that is treated as a value."""
    return f"<{a}, {b}>"


def loosened(arrays: Arrays, metric: Form) -> Arrays:
    """Move the loose vectors from the Gram matrix to the values."""
    own = form_arrays(metric, arrays.vectors, arrays.values, arrays.fixed)[0]
    diagonal = np.abs(np.diagonal(arrays.quadratic, axis1=1, axis2=2)).max(axis=0, initial=0) + np.abs(np.diag(own))
    size = np.abs(arrays.quadratic).max(axis=(0, 1), initial=0)
    loose = diagonal <= 1e-13 * size
    for _, low, high in arrays.spectra:
        loose &= ~(low.any(axis=0) | high.any(axis=0))
    if not loose.any():
        return arrays
    names = np.array(arrays.vectors, dtype=object)
    pairs = [
        (i, j)
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if (loose[i] or loose[j]) and (np.abs(arrays.quadratic[:, i, j]).max(initial=0) > 0 or own[i, j])
    ]
    rows, columns = np.array([p[0] for p in pairs], int), np.array([p[1] for p in pairs], int)
    return replace(
        arrays,
        vectors=tuple(names[~loose]),
        loose=tuple(names[loose]),
        values=arrays.values + tuple(pair(*sorted((names[i], names[j]))) for i, j in pairs),
        quadratic=arrays.quadratic[:, ~loose][:, :, ~loose],
        linear=np.concatenate([arrays.linear, 2 * arrays.quadratic[:, rows, columns]], axis=1),
        spectra=tuple((i, low[:, ~loose], high[:, ~loose]) for i, low, high in arrays.spectra),
    )


def form_arrays(
    form: Form, vectors: tuple[str, ...], values: tuple[str, ...], fixed: tuple[str, ...] = ()
) -> tuple[np.ndarray, np.ndarray, float]:
    """A kernel form as (symmetric matrix, vector, constant), with the ``fixed`` vectors at zero."""
    index = {v: k for k, v in enumerate(vectors)}
    where = {v: k for k, v in enumerate(values)}
    q, a, c = np.zeros((len(vectors),) * 2), np.zeros(len(values)), 0.0
    for (u, v), x in form.quadratic.items():
        if u in fixed or v in fixed:
            continue
        if u not in index or v not in index:
            a[where[pair(u, v)]] += float(x)
            continue
        q[index[u], index[v]] += float(x) / 2
        q[index[v], index[u]] += float(x) / 2
    for name, x in form.linear.items():
        if name == ONE:
            c += float(x)
        else:
            a[where[name]] += float(x)
    return q, a, c


def assemble(problem: Model, chosen: MappingOf[tuple[str, str], Chosen] | None = None) -> Arrays:
    """The axiom instances of the problem's mappings: at all pairs of their points, or at the ``chosen`` ones.

    Args:
        chosen: (mapping, axiom) -> index arrays of the samples, one array for each point that the axiom speaks of.
    """
    for m in problem.mappings:
        m.member()  # declares lower bounds that a class needs
    vectors, values = tuple(problem.vectors), tuple(problem.values)
    parts: list[tuple[list[Instance], bool, np.ndarray, np.ndarray, np.ndarray]] = []
    spectra = []
    for m in problem.mappings:
        points = point_arrays(m, vectors, values)
        if m.cls.kind == "quadratic" and m.samples and not m.is_one:
            keep = [k for k, s in enumerate(m.samples) if s.x.terms or s.g.terms]
            mu, L = float(m.cls.constants["mu"]), float(m.cls.constants["L"])
            X, G = points[0][keep], points[1][keep]
            names = tuple(m.samples[k].label for k in keep)
            if keep:
                spectra.append((Instance("spectrum", m.name, names), G - mu * X, L * X - G))
        for axiom, arity in axioms_of(m):
            if axiom != "spectrum":
                at = every(len(m.samples), axiom, arity) if chosen is None else chosen[m.name, axiom]
                parts.append(_instances(m, axiom, arity, points, at, vectors, values))
    for name, constraint in problem.premises.items():
        q, a, c = form_arrays(constraint.scalar.form, vectors, values)
        parts.append(([Instance("premise", name, ())], constraint.equality, q[None], a[None], np.array([c])))
    parts = [p for p in parts if p[0]]
    parts.sort(key=lambda p: p[1])
    n, p_ = len(vectors), len(values)
    return Arrays(
        vectors,
        values,
        tuple(i for part in parts for i in part[0]),
        np.concatenate([np.full(len(part[0]), part[1]) for part in parts] or [np.zeros(0, bool)]),
        np.concatenate([part[2] for part in parts] or [np.zeros((0, n, n))]),
        np.concatenate([part[3] for part in parts] or [np.zeros((0, p_))]),
        np.concatenate([part[4] for part in parts] or [np.zeros(0)]),
        tuple(spectra),
    )


def point_arrays(
    m: Mapping, vectors: tuple[str, ...], values: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, gradients and values of a mapping's samples: (count, n), (count, n) and (count, p)."""
    index = {v: k for k, v in enumerate(vectors)}
    where = {v: k for k, v in enumerate(values)}
    count = len(m.samples)
    X, G, F = np.zeros((count, len(vectors))), np.zeros((count, len(vectors))), np.zeros((count, len(values)))
    for k, s in enumerate(m.samples):
        for table, terms, names in ((X, s.x.terms, index), (G, s.g.terms, index), (F, s.f.form.linear, where)):
            for name, c in terms.items():
                table[k, names[name]] = float(c)
    return X, G, F


def axioms_of(m: Mapping) -> list[tuple[str, int]]:
    """The axioms of a mapping's class, and how many points each speaks of."""
    return list(m.cls.axioms) + ([("lower", 1)] if m.lower_name else [])


def every(count: int, axiom: str, arity: int) -> Chosen:
    """All tuples of points at which an axiom says something of its own."""
    if arity == 1:
        return (np.arange(count),)
    i, j = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    keep = (i < j) if axiom in SYMMETRIC else (i != j)
    return i[keep], j[keep]


def template(m: Mapping, axiom: str, arity: int) -> Form:
    """The kernel's form of the axiom over local names x0, g0, f0 (first point) and x1, g1, f1 (second)."""
    local = tuple(Point(r, {f"x{k}": 1}, {f"g{k}": 1}, {f"f{k}": 1}) for k, r in enumerate(_ROLES[:arity]))
    constants = dict(m.cls.constants) | ({"lower": "lower"} if m.lower_name else {})
    member = Member(m.name, m.cls.kind, constants, local)
    return AXIOMS[axiom].build(member, local, ())


def _instances(
    m: Mapping,
    axiom: str,
    arity: int,
    points: tuple[np.ndarray, np.ndarray, np.ndarray],
    chosen: Chosen,
    vectors: tuple[str, ...],
    values: tuple[str, ...],
) -> tuple[list[Instance], bool, np.ndarray, np.ndarray, np.ndarray]:
    X, G, F = points
    equality = AXIOMS[axiom].equality
    names = [f"{letter}{k}" for k in range(arity) for letter in "xg"]
    local_values = (*(f"f{k}" for k in range(arity)), "lower")
    T, a, c = form_arrays(template(m, axiom, arity), tuple(names), local_values)
    U = np.stack([table[k] for k in chosen for table in (X, G)], axis=1)  # (K, 2 arity, n)
    quadratic = np.swapaxes(U, 1, 2) @ (T @ U)
    rounding = 1e-15 * np.swapaxes(np.abs(U), 1, 2) @ (np.abs(T) @ np.abs(U))
    quadratic[np.abs(quadratic) <= rounding] = 0.0  # a square that cancels must be seen to
    linear = sum((a[r] * F[k] for r, k in enumerate(chosen)), np.zeros((len(chosen[0]), len(values))))
    if m.lower_name and a[-1]:
        linear[:, values.index(m.lower_name)] += a[-1]
    labels = [s.label for s in m.samples]
    instances = [Instance(axiom, m.name, tuple(labels[q] for q in k)) for k in zip(*chosen, strict=True)]
    return instances, equality, quadratic, linear, np.full(len(instances), c)
