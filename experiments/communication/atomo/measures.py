"""Moments of independent sparsification, least second moments, singular triplets, and the effect on a step."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication import _sparse as sparse
from gradproof.experiments.communication._sparse import EXAMPLES, independently, together
from gradproof.experiments.communication._sparse_methods import atomic_sgd, least_variance, sparsify
from gradproof.experiments.communication.atomo.methods import digits_moments, digits_runs
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws, split
from gradproof.experiments.engine.measure import (
    Enclosed,
    Sample,
    Supremum,
    around,
    cases,
    instead,
    measure,
    rounded,
    without,
)
from gradproof.solvers.sparsification import minimal_variance
from gradproof.theory.communication import atomo

BUDGETS = [F(1, 2), F(3, 2), F(2), F(3)]


def water_filling(lam: Any, s: Any) -> list[F]:
    """The optimal probabilities; 1 where nothing is sent."""
    return [p or F(1) for p in minimal_variance(lam, s).p]


def uniform(lam: Any, s: Any) -> list[F]:
    return [min(F(1), s / len(lam))] * len(lam)


def as_squares(lam: Any, s: Any) -> list[F]:
    """Proportional to the squares."""
    return [min(F(1), s * x * x / sparse.norm2(lam)) for x in lam]


def unclipped(lam: Any, s: Any) -> list[F]:
    """s |lambda_i| / ||lambda||_1, also where it exceeds one."""
    return [s * abs(x) / sum(map(abs, lam)) for x in lam]


# --- moments -----------------------------------------------------------------------------------------------------------

#: Unit atoms in the plane that are not orthogonal.
SLANTED = [(F(3, 5), F(4, 5)), (F(1), F(0)), (F(-5, 13), F(12, 13)), (F(0), F(1))]
FOUR = cases(lam=[EXAMPLES[0][:4], EXAMPLES[1]], s=[F(2)]).let(p=water_filling)


@measure(atomo.MOMENTS, FOUR.let(law=lambda: independently).guaranteeing("independent", "unit_atoms"))
def enumerated_variance(lam, p, law):
    r"""$\mathbb E\|\hat g - g\|^2$ over all outcomes of four atoms that are not orthogonal."""
    return sparse.exact_moments(lam, p, SLANTED[: len(lam)], law)[1]


without(
    atomo.MOMENTS,
    "independent",
    enumerated_variance,
    cases(lam=[(F(2), F(1))], p=[(F(1, 2), F(1, 4))], law=[together]).guaranteeing("unit_atoms"),
)


def error_of_the_largest(lam, s):
    """$|\\hat g - g|^2$ where the s largest entries are sent as they are."""
    return sum(sorted((x * x for x in lam), reverse=True)[int(s) :])


instead(
    atomo.MOMENTS, "the largest entries as they are", error_of_the_largest, FOUR.guaranteeing("independent", "unit_atoms")
)  # fmt: skip


@measure(atomo.MOMENTS, cases(atoms=["singular", "entries"], steps=[10]).guaranteeing("independent", "unit_atoms"))
def variance_along_training(atoms, steps, keys, backend, n=2000):
    r"""$\|\hat g - g\|^2$ of draws from gradients of least squares on the digits, at the least and the largest of four budgets."""
    out, on = digits_runs(keys("path", seeds=1), steps, backend)[atoms][0], array_library(backend)
    A, C = digits_moments()
    for s, W in zip(out.s.values[[0, 3]], out.x.values[[0, 3], 0, -1], strict=True):
        g = W @ A - C
        lam = np.abs(g.ravel()) if atoms == "entries" else np.linalg.svd(g, compute_uv=False)
        lam = lam[lam > 0]
        p = least_variance(s)(lam)
        words = on.asarray(split(keys(float(s), seeds=1)[0, 0], n))
        sent = to_numpy(sparsify(*on.move((lam, p)), Draws(words, 0).uniform((lam.size,)))[0])
        most = float(lam**2 @ np.maximum((1 / p - 1) ** 2, 1))
        yield Sample(((sent - lam) ** 2).sum(axis=1), at_most=most), {"lam": lam.tolist(), "p": p.tolist()}


# --- least second moments ------------------------------------------------------------------------------------------------


def level_of(lam: Any, s: Any) -> dict[str, Any]:
    """What the claim on the optimum is stated in."""
    a, k = sorted(map(abs, lam), reverse=True), minimal_variance(lam, s).kept
    return {"head": sparse.norm2(a[:k]), "T": sum(a[k:], F(0)), "n1": k}


SOME_DROPPED = cases(lam=EXAMPLES, s=BUDGETS).where(lambda lam, s: s < sum(x != 0 for x in lam))


@measure(atomo.OPTIMAL_PROBABILITIES, SOME_DROPPED)
def from_both_sides(lam, s):
    r"""$\min_p\sum\lambda_i^2/p_i$ from its dual value to the second moment of probabilities within the budget."""
    best = minimal_variance(lam, s)
    if sum(best.p) > s or max(best.p) > 1:
        raise ValueError(f"the probabilities {best.p} are not feasible")
    return Enclosed(best.dual, sparse.second_moment(lam, best.p), "solver gap"), level_of(lam, s)


def second_moment(lam, s, scheme):
    r"""$\sum\lambda_i^2/p_i$ of other probabilities."""
    return sparse.second_moment(lam, scheme(lam, s)), level_of(lam, s)


SPREAD = cases(lam=[EXAMPLES[0]], s=[F(2), F(3)])
instead(atomo.OPTIMAL_PROBABILITIES, "uniform probabilities, or proportional to squares", second_moment,
        SPREAD.let(scheme=lambda: uniform) + SPREAD.let(scheme=lambda: as_squares))  # fmt: skip
instead(atomo.OPTIMAL_PROBABILITIES, "probabilities that may exceed one", second_moment,
        cases(lam=[EXAMPLES[0]], s=[F(3)], scheme=[unclipped]), name="without_clipping")  # fmt: skip


@measure(atomo.BALANCED_VALUE, cases(lam=EXAMPLES, s=BUDGETS).let(spent=lambda s: s).guaranteeing("budget"))
def least_second_moment(lam, spent):
    r"""$\min_p\sum\lambda_i^2/p_i$; balanced coefficients have the least of all of their $l_1$ norm."""
    least, l1 = minimal_variance(lam, spent).second_moment, sum(map(abs, lam))
    return Supremum(least) if max(map(abs, lam)) * spent <= l1 else least, {"l1": l1}


without(atomo.BALANCED_VALUE, "budget", least_second_moment, cases(lam=[EXAMPLES[2]], s=[2], spent=[4]))

#: Vectors with rational q-norms, and q.
CLASSICS = cases(
    g=[{"g": tuple(map(F, g)), "lq": F(lq), "q": q} for g, norms in (
        (EXAMPLES[3], {1: 19, 2: 13, "inf": 12}), ((1, 2, 2), {1: 5, 2: 3, "inf": 2}), ((2, 3, 6, 0), {1: 11, 2: 7, "inf": 6}),
        ((3, 4, 5), {1: 12, 3: 6, "inf": 5}),
    ) for q, lq in norms.items()]
).let(l1=lambda g: sum(map(abs, g)))  # fmt: skip


@measure(atomo.QSGD_TERNGRAD, CLASSICS.let(power=lambda: 1).guaranteeing("one_level"))
def enumerated_second_moment(g, lq, power):
    r"""$\mathbb E\|\hat g\|^2$ over all outcomes, entry i kept with probability $(|g_i|/\|g\|_q)^{power}$."""
    p = [(abs(x) / lq) ** power or F(1) for x in g]
    return sparse.after_a_step(g, p, 1) + sparse.norm2(g)  # E|g - ghat|^2 = E|ghat|^2 - |g|^2


@measure(atomo.QSGD_TERNGRAD, CLASSICS.guaranteeing("one_level"))
def optimum_at_its_budget(g, l1, lq):
    r"""The least second moment at $s = \|g\|_1/\|g\|_q$, from its dual value to that of the probabilities $|g_i|/\|g\|_q$."""
    scheme = [abs(x) / lq for x in g]
    return Enclosed(minimal_variance(g, l1 / lq).dual, sparse.second_moment(g, scheme), "solver gap")


without(atomo.QSGD_TERNGRAD, "one_level", enumerated_second_moment,
        CLASSICS.where(lambda g, q: len(g) == 3 and q == "inf").let(power=lambda: 2))  # fmt: skip


# --- singular triplets against entries -----------------------------------------------------------------------------------


def _decaying(r: int) -> np.ndarray:
    i, j = np.arange(8)[:, None], np.arange(12)[None, :]
    return sum(np.sin((k + 2) * (i + 1) ** 1.5) * np.cos((k + 1) * j**1.5) for k in range(r))


SIGNS = sp.Matrix([1, -1, 1]) * sp.Matrix([[1, 1, -1, -1]])
PERMUTED = sp.diag(3, -2, 1, sp.Rational(1, 2)).extract([2, 0, 3, 1], [0, 1, 2, 3])
#: The gradient of the digits at zero, sines, low and full ranks, and a few large entries.
MATRICES = {
    "digits": lambda: digits_moments()[1],
    "sines": lambda: np.sin(np.outer(np.arange(1, 5), np.arange(1, 7))) + np.eye(4, 6),
    **{f"rank {r}": (lambda r=r: _decaying(r)) for r in (1, 3, 8)},
    "heavy tails": lambda: np.tan(np.arange(1, 55.0)).reshape(6, 9),
}
ATTAINING = {"permuted diagonal": lambda: PERMUTED, "signs": lambda: SIGNS, "ones": lambda: sp.ones(3, 5)}
NORMS = cases(X=MATRICES | ATTAINING, length=[1]).guaranteeing("unit_atoms")


@measure((atomo.SPECTRAL_VS_ENTRYWISE, atomo.SPECTRAL_FROM_BELOW), NORMS)
def nuclear_norm(X, length):
    r"""$\|X\|_*$ beside the coefficients of entry atoms of a nuclear norm (one); exact where a bound is attained."""
    X = X()
    at = dict(zip("nm", X.shape, strict=True))
    if isinstance(X, sp.Matrix):
        sigma = [sp.sqrt(v) for v, times in (X.T * X).eigenvals().items() for _ in range(times)]
        return sum(sigma), at | {"entrywise": sum(map(abs, X)) / sp.Integer(1) / length}
    sigma = np.linalg.svd(X, compute_uv=False)
    error = len(sigma) * backward_error(X, sigma)
    return around(float(sigma.sum()), error), at | {"entrywise": float(np.abs(X).sum() / float(length))}


def backward_error(X: np.ndarray, sigma: np.ndarray) -> float:
    """Of a singular value: LAPACK's is that of a matrix within some units of rounding a row and column."""
    return 8 * sum(X.shape) * 2.0**-52 * float(sigma[0])


without(atomo.SPECTRAL_VS_ENTRYWISE, "unit_atoms", nuclear_norm, cases(X=[lambda: PERMUTED], length=[2]))
without(atomo.SPECTRAL_FROM_BELOW, "unit_atoms", nuclear_norm, cases(X=[lambda: SIGNS], length=[F(1, 2)]))


@measure(
    atomo.SPECTRAL_BUDGET,
    cases(X=MATRICES | {"permuted diagonal": lambda: PERMUTED}, s=[F(1, 2), F(1), F(2), F(7, 2), F(6)])
    .let(spent=lambda s: s)
    .guaranteeing("equal_budgets"),
)
def least_second_moment_with_triplets(X, s, spent):
    """The least second moment with singular triplets; it grows with every coefficient."""
    X = X()
    if isinstance(X, sp.Matrix):  # one nonzero a row and column: they are the singular values
        entries = [F(int(x.p), int(x.q)) for x in X]
        return minimal_variance([x for x in entries if x], spent).second_moment, {
            "V": minimal_variance(entries, s).second_moment
        }
    sigma = np.linalg.svd(X, compute_uv=False)
    low, high = (
        minimal_variance(np.maximum(sigma + e * backward_error(X, sigma), 0), float(spent)).second_moment
        for e in (-1, 1)
    )
    low, high = rounded(low, 4 * X.size).low, rounded(high, 4 * X.size).high
    return Enclosed(low, high, "rounding"), {"V": minimal_variance(X.ravel(), float(s)).second_moment}


without(atomo.SPECTRAL_BUDGET, "equal_budgets", least_second_moment_with_triplets,
        cases(X=[lambda: PERMUTED], s=[F(2)], spent=[F(1)]))  # fmt: skip


# --- the effect on a step ------------------------------------------------------------------------------------------------


@measure(
    atomo.SGD_EFFECT,
    cases(x=EXAMPLES, s=[F(3, 2), F(2)], gamma=[F(1, 10), F(1, 2)], scheme=[water_filling]).guaranteeing("optimal"),
)
def enumerated_step(x, s, gamma, scheme):
    r"""$\mathbb E\|x^+\|^2$ over all outcomes."""
    after = sparse.after_a_step(x, scheme(x, s), gamma)
    return after, {"x2": sparse.norm2(x), "V": minimal_variance(x, s).second_moment}


without(atomo.SGD_EFFECT, "optimal", enumerated_step,
        cases(x=[EXAMPLES[0]], s=[F(2)], gamma=[F(1, 2)], scheme=[uniform, as_squares]))  # fmt: skip


@measure(
    atomo.SGD_EFFECT,
    cases(x0=[(1,) * 6, (3, 2, 1, 1, 1, 1)], s=[1.5, 4.0], gamma=[0.2], before=[5]).guaranteeing("optimal"),
)
def sampled_step(x0, s, gamma, before, keys, backend):
    r"""$\|x^+\|^2$ of 5000 steps from a point of a run."""

    def method(_):
        return atomic_sgd(lambda x: x, gamma, least_variance(s))

    x, after = sparse.steps_from(method, np.array([x0], float), before, (6,), keys, backend)
    p = least_variance(s)(x)
    at = {"x2": float(x @ x), "V": float(minimal_variance(x, s).second_moment)}
    return sparse.squares_after(x, p, gamma, after), at


@measure(atomo.SGD_THRESHOLD, cases(s=[F(1, 2), F(3, 2), F(3)], d=[4], scheme=[water_filling]).guaranteeing("optimal"))
def contraction_threshold(s, d, scheme):
    """Where steps stop to shrink the squared norm from each of three points, by enumeration."""
    points = [(F(1),) * d, tuple(F(k) for k in range(1, d + 1)), (F(100), *[F(1)] * (d - 1))]
    return sparse.contraction_threshold([(x, scheme(x, s)) for x in points])


without(atomo.SGD_THRESHOLD, "at_most_all", contraction_threshold,
        cases(s=[F(8)], d=[4], scheme=[water_filling]).guaranteeing("optimal"))  # fmt: skip
without(atomo.SGD_THRESHOLD, "optimal", contraction_threshold, cases(s=[F(2)], d=[4], scheme=[as_squares]))
