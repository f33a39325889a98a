"""Moments of independent sparsification, least second moments, singular triplets, and the effect on a step."""

from fractions import Fraction as F
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication import _sparse as sparse
from gradproof.experiments.communication._sparse import EXAMPLES, independently, norm2, together
from gradproof.experiments.communication._sparse_methods import atomic_sgd, least_variance
from gradproof.experiments.communication.atomo.methods import ATOMS, digits_moments, digits_sgd
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, Sample, Supremum, around, cases, instead, measure, without
from gradproof.solvers.sparsification import minimal_variance
from gradproof.theory.communication import atomo


def water_filling(lam: Any, s: Any) -> list[F]:
    """The optimal probabilities; 1 where nothing is sent."""
    return [p or F(1) for p in minimal_variance(lam, s).p]


def uniform(lam: Any, s: Any) -> list[F]:
    """s/N."""
    return [s / len(lam)] * len(lam)


def as_squares(lam: Any, s: Any) -> list[F]:
    """Proportional to the squares."""
    return [min(F(1), s * x * x / norm2(lam)) for x in lam]


def unclipped(lam: Any, s: Any) -> list[F]:
    """s |lambda_i| / ||lambda||_1, also where it exceeds one."""
    return [s * abs(x) / sum(map(abs, lam)) for x in lam]


# --- moments -----------------------------------------------------------------------------------------------------------

#: Unit atoms in the plane that are not orthogonal.
SLANTED = [(F(3, 5), F(4, 5)), (F(1), F(0)), (F(-5, 13), F(12, 13)), (F(0), F(1))]
FOUR = cases(lam=[EXAMPLES[0][:4], EXAMPLES[1]], s=[2]).let(p=water_filling).guaranteeing("independent", "unit_atoms")
TWO = cases(lam=[(F(2), F(1))], p=[(F(1, 2), F(1, 4))]).guaranteeing("unit_atoms")


@measure(atomo.MOMENTS, FOUR.let(law=lambda: independently))
def enumerated_variance(lam, p, law):
    r"""$\mathbb E\|\hat g - g\|^2$ over all outcomes, for atoms that are not orthogonal."""
    return sparse.exact_moments(lam, p, SLANTED[: len(lam)], law)[1]


def error_of_the_largest(lam, s):
    r"""$\|\hat g - g\|^2$ where the s largest entries are sent as they are."""
    return norm2(sorted(lam, reverse=True)[s:])


without(atomo.MOMENTS, "independent", enumerated_variance, TWO.let(law=lambda: together))
instead(atomo.MOMENTS, "the largest entries, undivided", error_of_the_largest, FOUR)


@measure(atomo.MOMENTS, cases(atoms=["singular", "entries"], rank=[1, 4]).guaranteeing("independent", "unit_atoms"))
def variance_along_training(atoms, rank, keys, backend):
    r"""$\|\hat g - g\|^2$ of draws after ten steps of least squares on the digits, with the floats of so many triplets."""
    (A, C, L), (number, cost) = digits_moments(), ATOMS[atoms]
    s = rank * 75.0 / cost
    W0 = np.zeros((10, 64))
    W, after = sparse.steps_from(lambda on: digits_sgd(atoms, s, on), W0, (number,), keys, backend, 1000)
    g = W.reshape(10, 64) @ A - C
    error = (W - after) * L - g.ravel()
    lam = np.linalg.svd(g, compute_uv=False) if atoms == "singular" else np.abs(g[g != 0])
    p = least_variance(s)(lam)
    most = float(lam**2 @ np.maximum((1 / p - 1) ** 2, 1))
    return Sample((error**2).sum(axis=1), at_most=most), {"lam": lam.tolist(), "p": p.tolist()}


# --- least second moments ------------------------------------------------------------------------------------------------

BUDGETS = cases(lam=EXAMPLES, s=[F(1, 2), F(3, 2), F(2), F(3)])


def level_of(lam: Any, s: Any) -> dict[str, Any]:
    """What the claim on the optimum is stated in."""
    a, k = sorted(map(abs, lam), reverse=True), minimal_variance(lam, s).kept
    return {"head": norm2(a[:k]), "T": sum(a[k:], F(0)), "n1": k}


@measure(atomo.OPTIMAL_PROBABILITIES, BUDGETS.where(lambda lam, s: s < sum(x != 0 for x in lam)))
def from_both_sides(lam, s):
    r"""$\min_p\sum\lambda_i^2/p_i$ from its dual value to the second moment of probabilities within the budget."""
    best = minimal_variance(lam, s)
    return Enclosed(best.dual, sparse.feasible_second_moment(lam, best.p, s), "solver gap"), level_of(lam, s)


def second_moment(lam, s, scheme):
    r"""$\sum\lambda_i^2/p_i$ of other probabilities."""
    return sparse.second_moment(lam, scheme(lam, s)), level_of(lam, s)


OTHERS = {"uniform, or proportional to squares": [uniform, as_squares], "that may exceed one": [unclipped]}
for what, schemes in OTHERS.items():
    instead(atomo.OPTIMAL_PROBABILITIES, f"probabilities {what}", second_moment,
            cases(lam=[EXAMPLES[0]], s=[F(3)], scheme=schemes), name=f"second_moment_{schemes[-1].__name__}")  # fmt: skip


@measure(atomo.BALANCED_VALUE, BUDGETS.let(spent=lambda s: s).guaranteeing("budget"))
def least_second_moment(lam, spent):
    r"""$\min_p\sum\lambda_i^2/p_i$; balanced coefficients have the least of all of their $l_1$ norm."""
    least, l1 = minimal_variance(lam, spent).second_moment, sum(map(abs, lam))
    return Supremum(least) if max(map(abs, lam)) * spent <= l1 else least, {"l1": l1}


breaking(atomo.BALANCED_VALUE, "budget", least_second_moment, lam=[EXAMPLES[2]], s=[2], spent=[4])

#: Vectors with rational q-norms.
NORMS = {(3, -4, 0, 12): (19, 13, 12), (1, 2, 2): (5, 3, 2), (2, 3, 6, 0): (11, 7, 6), (3, 4, 5): (12, 6, 5)}
CLASSICS = cases(
    g=[{"g": tuple(map(F, g)), "q": q, "lq": F(lq)} for g, norms in NORMS.items()
       for q, lq in zip((1, 3 if g == (3, 4, 5) else 2, "inf"), norms, strict=True)]
).let(l1=lambda g: sum(map(abs, g)))  # fmt: skip


@measure(atomo.QSGD_TERNGRAD, CLASSICS.let(power=lambda: 1).guaranteeing("one_level"))
def exact_second_moment(g, lq, power):
    r"""$\mathbb E\|\hat g\|^2$ over both outcomes of every entry, i kept with probability $(|g_i|/\|g\|_q)^{power}$."""
    p = [(abs(x) / lq) ** power or F(1) for x in g]
    return sparse.after_a_step(g, p, 1) + norm2(g)  # E|g - ghat|^2 = E|ghat|^2 - |g|^2


@measure(atomo.QSGD_TERNGRAD, CLASSICS.guaranteeing("one_level"))
def optimum_at_its_budget(g, l1, lq):
    r"""The least second moment at $s = \|g\|_1/\|g\|_q$, from its dual value to that of the probabilities $|g_i|/\|g\|_q$."""
    scheme, s = [abs(x) / lq for x in g], l1 / lq
    return Enclosed(minimal_variance(g, s).dual, sparse.feasible_second_moment(g, scheme, s), "solver gap")


without(atomo.QSGD_TERNGRAD, "one_level", exact_second_moment,
        CLASSICS.where(lambda g, q: g[0] == 1 and q == "inf").let(power=lambda: 2))  # fmt: skip


# --- singular triplets against entries -----------------------------------------------------------------------------------


def _sines(r: int) -> np.ndarray:
    """8 x 12, of rank r."""
    i, j, k = np.arange(1, 9)[:, None], np.arange(12), np.arange(1, r + 1)
    return np.sin(i**1.5 * (k + 1)) @ np.cos(k[:, None] * j**1.5)


SIGNS = sp.Matrix([1, -1, 1]) * sp.Matrix([[1, 1, -1, -1]])
PERMUTED = sp.diag(3, -2, 1, sp.Rational(1, 2)).extract([2, 0, 3, 1], [0, 1, 2, 3])
#: The gradient of the digits at zero, sines, low and full ranks, a few large entries, and one nonzero a row and column.
MATRICES = {
    "digits": lambda: digits_moments()[1],
    "sines": np.sin(np.outer(np.arange(1, 5), np.arange(1, 7))) + np.eye(4, 6),
    **{f"rank {r}": _sines(r) for r in (1, 3, 8)},
    "heavy tails": np.tan(np.arange(1, 55.0)).reshape(6, 9),
    "permuted diagonal": PERMUTED,
}


def coefficients(X: Any, length: Any) -> tuple[Any, Any, Any]:
    """Singular values, how far each may be off, and coefficients of entry atoms of that length; exact for exact X."""
    if isinstance(X, sp.Matrix):
        squares = [v for v, times in (X.T * X).eigenvals().items() for _ in range(times)]
        return [sp.sqrt(v) for v in squares], 0, [x / length for x in X]
    sigma = np.linalg.svd(X, compute_uv=False)  # exact of a matrix within some units of rounding a row and column
    return sigma, 8 * sum(X.shape) * 2.0**-52 * float(sigma[0]), X.ravel() / float(length)


SIGNED = cases(X=MATRICES | {"signs": SIGNS, "ones": sp.ones(3, 5)}, length=1)


@measure(atomo.SPECTRAL_FROM_BELOW, SIGNED.guaranteeing("unit_atoms"))
def nuclear_norm(X, length):
    r"""$\|X\|_*$, exact for matrices of signs."""
    X = X() if callable(X) else X
    sigma, error, entries = coefficients(X, length)
    at = {"entrywise": sum(map(abs, entries)), "n": X.shape[0], "m": X.shape[1]}
    return around(float(sum(sigma)), len(sigma) * error) if error else sum(sigma), at


def nearly_of_rank_one(rng, layers, n, m):
    """Signs of rank one, which would attain the bound, and noise of a hundredth."""
    signs = np.sign(rng.standard_normal((layers, n, 1)) * rng.standard_normal((layers, 1, m)))
    return signs + rng.standard_normal((layers, n, m)) / 100


def gaussians(rng, layers, n, m):
    """Independent entries."""
    return rng.standard_normal((layers, n, m))


@measure(
    atomo.SPECTRAL_FROM_BELOW,
    cases(entries=[gaussians, nearly_of_rank_one], layers=16, shape=[(512, 4608)]).guaranteeing("unit_atoms"),
    budget="gpu",
)
def nuclear_norms_of_layers(entries, layers, shape, rng, backend):
    r"""$\|X\|_*$ of a batch of matrices of the size of a large layer, by one batched decomposition."""
    on, X = array_library(backend), entries(rng, layers, *shape)
    with on.scope():
        sigma = to_numpy(on.xp.linalg.svdvals(on.asarray(X)))
    error = 8 * sum(shape) * 2.0**-52 * sigma[:, 0] * sigma.shape[1]
    return around(sigma.sum(axis=1), error), {"entrywise": np.abs(X).sum(axis=(1, 2)), "n": shape[0], "m": shape[1]}


SPECTRA = cases(X=MATRICES, s=[F(1, 2), F(1), F(2), F(7, 2), F(6)]).let(spent=lambda s: s)


@measure(atomo.SPECTRAL_VS_ENTRYWISE, SPECTRA.let(length=lambda: 1).guaranteeing("equal_budgets", "unit_atoms"))
def least_second_moment_with_triplets(X, s, spent, length):
    """The least second moment with singular triplets: it grows with each of them."""
    sigma, error, entries = coefficients(X() if callable(X) else X, length)
    if not error:
        (low, high), entries = 2 * [[F(str(v)) for v in sigma]], [F(str(v)) for v in entries]
    else:
        (low, high), s, spent = (np.maximum(sigma + e, 0) for e in (-error, error)), float(s), float(spent)
    low, high = (minimal_variance(v, spent).second_moment for v in (low, high))
    error = len(entries) * 2.0**-50 * high if error else 0
    return Enclosed(low - error, high + error, "rounding"), {"V": minimal_variance(entries, s).second_moment}


BREAK = cases(X={"permuted diagonal": PERMUTED}, s=[F(2)])
breaking(atomo.SPECTRAL_FROM_BELOW, "unit_atoms", nuclear_norm, X={"signs": SIGNS}, length=F(1, 2))
LONGER, HALVED = BREAK.let(spent=lambda s: s, length=lambda: 2), BREAK.let(spent=lambda s: s / 2, length=lambda: 1)
breaking(atomo.SPECTRAL_VS_ENTRYWISE, "unit_atoms", least_second_moment_with_triplets, LONGER)
breaking(atomo.SPECTRAL_VS_ENTRYWISE, "equal_budgets", least_second_moment_with_triplets, HALVED)


# --- the effect on a step ------------------------------------------------------------------------------------------------

STEPS = cases(x=EXAMPLES, s=[F(3, 2), F(2)], gamma=[F(1, 10), F(1, 2)])
STEPS = STEPS.let(V=lambda x, s: minimal_variance(x, s).second_moment)
measure(atomo.SGD_EFFECT, STEPS.let(p=lambda x, s: water_filling(x, s)).guaranteeing("optimal"))(sparse.exact_step)
UNEVEN = STEPS.where(lambda x: x[0] == 5)
without(atomo.SGD_EFFECT, "optimal", sparse.exact_step, UNEVEN.let(p=lambda x, s: uniform(x, s)))


@measure(atomo.SGD_EFFECT, cases(x0=[(1,) * 6, (3, 2, 1, 1, 1, 1)], s=[1.5, 4.0], gamma=0.2).guaranteeing("optimal"))
def sampled_step(x0, s, gamma, keys, backend):
    r"""$\|x^+\|^2$ of steps from a point of a run."""
    make = atomic_sgd(lambda x: x, gamma, least_variance(s))
    x, after = sparse.steps_from(lambda on: make, np.array([x0], float), (6,), keys, backend)
    at = {"x2": float(x @ x), "V": float(minimal_variance(x, s).second_moment)}
    return sparse.squares_after(x, after, least_variance(s)(x), gamma), at


def kept(s: Any, d: int, scheme: Any) -> list[Any]:
    """Three points, and how their entries are sent."""
    points = [(F(1),) * d, tuple(F(k) for k in range(1, d + 1)), (F(100), *[F(1)] * (d - 1))]
    return [(x, scheme(x, s)) for x in points]


FILLED = cases(s=[F(1, 2), F(3, 2), F(3), F(8)], d=4, scheme=water_filling).let(kept=kept).guaranteeing("optimal")
SQUARED = cases(s=[F(2)], d=4, scheme=as_squares).let(kept=kept)
measure(atomo.SGD_THRESHOLD, FILLED.where(lambda s, d: s <= d))(sparse.contraction_threshold)
without(atomo.SGD_THRESHOLD, "at_most_all", sparse.contraction_threshold, FILLED.where(lambda s, d: s > d))
without(atomo.SGD_THRESHOLD, "optimal", sparse.contraction_threshold, SQUARED)


# --- the released code ---------------------------------------------------------------------------------------------------


def clipped(lam: Any, s: Any) -> list[F]:
    """The released code's: s |lambda_i| / ||lambda||_1, at most one."""
    return [min(F(1), p) for p in unclipped(lam, s)]


def until_something_is_drawn(p: Any) -> Any:
    """Every draw that holds an atom, with its probability given that it does."""
    some = [(t, weight) for t, weight in independently(p) if any(t)]
    total = sum(weight for _, weight in some)
    return ((t, weight / total) for t, weight in some)


RELEASED = cases(lam=[EXAMPLES[0], EXAMPLES[2]], s=[F(1), F(2)]).guaranteeing("independent")


@measure(atomo.RELEASED_MEAN, RELEASED.let(law=lambda: until_something_is_drawn))
def mean_of_the_largest(lam, s, law):
    r"""$\mathbb E\langle\hat g, a_1\rangle$ over all draws of the released code, exact."""
    p = clipped(lam, s)
    return sum(weight * lam[0] * t[0] / p[0] for t, weight in law(p)), {"lam_i": lam[0]}


instead(atomo.RELEASED_MEAN, "a draw that may be empty", mean_of_the_largest, RELEASED.let(law=lambda: independently))
SPENT = cases(lam=[EXAMPLES[0]], s=[F(3), F(4)])


@measure(atomo.RELEASED_BUDGET, SPENT.let(scheme=lambda: clipped))
def atoms_sent(lam, s, scheme):
    r"""$\sum_ip_i$."""
    return sum(scheme(lam, s))


instead(atomo.RELEASED_BUDGET, "water-filling probabilities", atoms_sent, SPENT.let(scheme=lambda: water_filling))
