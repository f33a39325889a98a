"""Singular triplets against entries: nuclear norms, and least second moments at equal numbers of atoms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication.atomo.digits import digits_moments
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.solvers.sparsification import minimal_variance
from gradproof.theory.communication import atomo
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality


def _sines() -> np.ndarray:
    i, j = np.arange(1, 5)[:, None], np.arange(1, 7)[None, :]
    return np.sin(i * j) + (i == j)


def _norms(X: np.ndarray) -> tuple[float, float, float]:
    """Nuclear norm, entrywise l1 norm, and a bound on the rounding error of the singular values."""
    sigma = np.linalg.svd(X, compute_uv=False)
    error = sum(X.shape) * np.finfo(float).eps * float(sigma[0]) * len(sigma)
    return float(sigma.sum()), float(np.abs(X).sum()), error


def _matrices(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The digits' gradient at zero, sines, all ones, a rank-one matrix of signs, random ranks, and a few large entries."""
    matrices = {"digits": digits_moments()[1], "sines": _sines(), "ones": np.ones((3, 5))}
    matrices["signs"] = np.outer([1, -1, 1], [1, 1, -1, -1])
    matrices |= {f"rank {r}": rng.standard_normal((8, r)) @ rng.standard_normal((r, 12)) for r in (1, 3, 8)}
    return matrices | {"heavy tails": rng.standard_t(1, (6, 9))}


@check(atomo.SPECTRAL_VS_ENTRYWISE, level=Level.EXACT)
def nuclear_norms(ctx: Context) -> Iterator[Evidence]:
    """Nuclear norms from both sides: sign matrices of rank one attain the lower bound, permuted diagonals the upper one."""
    permuted = np.diag([3.0, -2.0, 1.0, 0.5])[[2, 0, 3, 1]]
    for name, X in (_matrices(ctx.rng()) | {"permuted diagonal": permuted}).items():
        nuclear, entries, error = _norms(X)
        common: dict[str, Any] = {"error": error, "error_source": "rounding", "parameters": {"matrix": name}}
        relation = Relation.EQ if name == "permuted diagonal" else Relation.LE
        yield Measurement(measured=nuclear, bound=ctx.claim.bound(entrywise=entries), relation=relation, **common)
        low = entries / np.sqrt(X.size)
        relation = Relation.EQ if name in ("ones", "signs") else Relation.GE
        yield Measurement(measured=nuclear, bound=low, relation=relation, what="from below", **common)


@check(atomo.SPECTRAL_VS_ENTRYWISE, level=Level.EXACT)
def second_moments_at_equal_budgets(ctx: Context) -> Iterator[Evidence]:
    """Least second moments at five budgets, balanced or not: singular triplets never need more than entries."""
    for name, X in _matrices(ctx.rng()).items():
        sigma = np.linalg.svd(X, compute_uv=False)
        slack = sum(X.shape) * np.finfo(float).eps * sigma[0]  # backward error of the singular values
        for s in (0.5, 1.0, 2.0, 3.5, 6.0):
            # the least second moment grows with every coefficient
            low, high = (minimal_variance(np.maximum(sigma + e, 0), s).second_moment for e in (-slack, slack))
            entries = minimal_variance(X.ravel(), s).second_moment
            yield Measurement(
                measured=(low + high) / 2, bound=entries, error=(high - low) / 2 + 2.0**-44 * entries, error_source="rounding",
                what="second moment with triplets", parameters={"matrix": name, "s": s},
            )  # fmt: skip


@check(atomo.SPECTRAL_VS_ENTRYWISE, level=Level.SYMBOLIC)
def dual_norm(ctx: Context) -> Iterator[Evidence]:
    """||X||_* = max <X, Y> over ||Y|| <= 1, whose entries are in [-1, 1]; and ||X||_* >= ||X||_F; outright for 2 x 2."""
    x, y = sp.symbols("x y")
    size = Interval("x", closed_low=True)
    entry = Interval("y", "-1", "1", closed_high=True)
    entrywise = ctx.claim.parameter("entrywise").symbol
    yield Inequality(ctx.claim.expression.subs(entrywise, x) - x * y, (size, entry), what="an entry of <X, Y>")
    for n in (2, 3, 4):
        s, a = sp.symbols(f"s1:{n + 1}"), sp.symbols(f"a1:{n + 1}")
        domain = tuple(Interval(str(v), closed_low=True) for v in s)
        yield Inequality(sp.expand(sum(s) ** 2 - sum(v**2 for v in s)), domain, what=f"{n} singular values")
        spread = sum((a[i] - a[j]) ** 2 for i in range(n) for j in range(i))
        yield Identity(n * sum(v**2 for v in a) - sum(a) ** 2 - spread, f"Cauchy-Schwarz for {n} entries")
    # (s1 + s2)^2 = ||X||_F^2 + 2|det X|, and |det X| <= |ad| + |bc|
    a, b, c, d = sp.symbols("a b c d")
    sizes = tuple(Interval(k, closed_low=True) for k in "abcd")
    claimed = ctx.claim.expression.subs(entrywise, a + b + c + d)
    frobenius2 = a**2 + b**2 + c**2 + d**2
    yield Inequality(sp.expand(claimed**2 - frobenius2 - 2 * (a * d + b * c)), sizes, what="every 2 x 2 matrix")


@control(atomo.SPECTRAL_VS_ENTRYWISE, drops="unit_atoms")
def long_atoms(ctx: Context) -> Iterator[Evidence]:
    """With entry atoms of norm two the coefficients halve, and the nuclear norm exceeds their sum."""
    nuclear, entries, error = _norms(np.diag([3.0, 2.0, 1.0]))
    yield Measurement(
        measured=nuclear, bound=ctx.claim.bound(entrywise=entries / 2), error=error, error_source="rounding"
    )
