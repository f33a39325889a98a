"""What the literature knows of eta*: sufficient and necessary conditions, as step sizes, beside the exact threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

from gradproof.solvers.moments.curvatures import Curvatures, read
from gradproof.solvers.moments.operators import Moments
from gradproof.solvers.moments.threshold import Threshold, moments
from gradproof.theory.errors import ParameterError


@dataclass(frozen=True)
class Bounds:
    """Step sizes with ``per_sample <= identity <= eta* <= rank_one <= top <= gd`` and ``eta* <= trace``.

    Args:
        per_sample: ``2 / max_i lambda_max(H_i)``.
        identity: the largest step at which ``T(I) <= I`` (Wu, Ma, E 2018).
        rank_one: from the second moments ``v v'``; the best v found, so a valid upper bound even if not the best
            possible.
        trace: from the second moment I; for rank-one curvatures and p = 1 it gives ``Tr(H) <= 2/eta`` (Wu, Su 2023).
        top: from ``v v'`` at the top eigenvector of H.
        gd: ``2 / lambda_max(H)``, the threshold of full-batch gradient descent.
    """

    per_sample: float
    identity: float
    rank_one: float
    top: float
    trace: float
    gd: float

    def items(self) -> list[tuple[str, float]]:
        """``(name, step size)``, sufficient ones first."""
        return [(f.name, getattr(self, f.name)) for f in fields(self)]

    def tightness(self, eta_star: float) -> dict[str, float]:
        """``bound / eta*``: at most 1 for sufficient conditions, at least 1 for necessary ones."""
        return {name: value / eta_star if math.isfinite(value) else 1.0 for name, value in self.items()}


SUFFICIENT = ("per_sample", "identity")
NECESSARY = ("rank_one", "top", "trace", "gd")


def bounds(
    curvatures: Any, *, batch_size: int, replacement: bool = False, threshold: Threshold | None = None
) -> Bounds:
    """All known bounds on the threshold, as step sizes; infinite where there is no curvature.

    Args:
        curvatures, batch_size, replacement: as in ``stability_threshold``.
        threshold: its result, if at hand; its eigenmatrix is a good start for the search behind ``rank_one``.

    Raises:
        ParameterError: bad curvatures or batch size.

    Source: Mulayoff, Michaeli (2024), Propositions 3 and 4, eq. (24), arXiv:2306.07850; Wu, Ma, E (2018).
    """
    m = moments(curvatures, batch_size=batch_size, replacement=replacement)
    cv, p = m.curvatures, m.p
    if cv.rank == 0:
        return Bounds(*[math.inf] * 6)
    w, F = cv.w, cv.factors
    inner = F @ F.transpose(0, 2, 1)  # (n, k, k): the nonzero eigenvalues of H_i
    steepest = float(np.linalg.eigvalsh(inner)[:, -1].max())
    D_I = p * cv.noise(np.eye(cv.rank)) + (1 - p) * np.diag(w**2)
    root = np.sqrt(w)
    identity = float(scipy.linalg.eigvalsh(D_I / np.multiply.outer(root, root))[-1])
    top = rank_one_quotient(m, np.eye(cv.rank)[0])
    spread = p * float((inner**2).sum()) / cv.n + (1 - p) * float((w**2).sum())
    return Bounds(
        per_sample=2 / steepest,
        identity=2 / identity,
        rank_one=2 / max(top, _best_rank_one(m, threshold)),
        top=2 / top,
        trace=2 * cv.trace / spread,
        gd=2 / cv.sharpness,
    )


def rank_one_quotient(m: Moments, v: np.ndarray) -> float:
    """``<X, D X> / <X, C X>`` at ``X = v v'``: a lower bound on ``2/eta*`` for every v."""
    return _quotient(m, v)[0]


def _quotient(m: Moments, v: np.ndarray) -> tuple[float, np.ndarray]:
    """The quotient ``[(1-p) a^2 + p mean_i a_i^2] / (a |v|^2)`` with ``a_i = v'H_iv``, ``a = v'Hv``; and its gradient."""
    cv, p = m.curvatures, m.p
    Fv = cv.factors @ v
    a_i = (Fv**2).sum(axis=1)
    Hv = cv.w * v
    a, vv = float(v @ Hv), float(v @ v)
    top = (1 - p) * a**2 + p * float((a_i**2).mean())
    d_top = 4 * (1 - p) * a * Hv + 4 * p * np.einsum("i,ik,ika->a", a_i, Fv, cv.factors) / cv.n
    value = top / (a * vv)
    return value, d_top / (a * vv) - value * (2 * Hv / a + 2 * v / vv)


def _best_rank_one(m: Moments, threshold: Threshold | None) -> float:
    """Ascent from the top eigenvectors of H, of the eigenmatrix, and of the largest samples."""
    cv = m.curvatures
    starts = list(np.eye(cv.rank)[: min(3, cv.rank)])
    if threshold is not None:
        starts.append(np.linalg.eigh(threshold.reduced_eigenmatrix)[1][:, -1])
    largest = np.argsort(cv.traces)[::-1][:3]
    starts += [np.linalg.svd(cv.factors[i])[2][0] for i in largest if cv.traces[i] > 0]
    best = 0.0
    for v in starts:
        # an eigenvector of H may be a saddle: step off it, always by the same amount
        v = v + 1e-3 * np.cos(np.arange(cv.rank))
        found = minimize(
            lambda x: tuple(-y for y in _quotient(m, x)),
            v,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 500, "ftol": 0.0, "gtol": 1e-9 * cv.sharpness},
        )
        best = max(best, -float(found.fun))  # whatever made it stop, the value at its point is a bound
    return best


def alignment(curvatures: Any) -> float:
    """The largest ``mu0`` with ``Tr(S(delta) H) >= 2 mu0 L(delta) ||H||_F^2`` for all delta (rank-one curvatures).

    ``S(delta) = mean (J_i'delta)^2 J_iJ_i' - H delta delta' H`` is the covariance of the gradient noise and
    ``L(delta) = delta'H delta / 2``. Zero, up to rounding, where all samples agree.

    Raises:
        ParameterError: the curvatures are not rank one, or vanish.

    Source: Wu, Wang, Su (2022), arXiv:2207.02628.
    """
    cv = read(curvatures)
    if not cv.rank_one or cv.rank == 0:
        raise ParameterError("the alignment factor is defined for (n, d) Jacobian rows that are not all zero")
    G, w = cv.rows, cv.w
    weight = (G**2 * w).sum(axis=1) / cv.n  # J_i'H J_i / n
    N = (G.T * weight) @ G - np.diag(w**3)
    root = np.sqrt(w)
    return float(scipy.linalg.eigvalsh(N / np.multiply.outer(root, root))[0]) / float((w**2).sum())


def uniformity(curvatures: Any) -> float:
    """``s = lambda_max((mean_i H_i^2 - H^2)^{1/2})``, the non-uniformity of Wu, Ma, E (2018)."""
    cv: Curvatures = read(curvatures)
    if cv.rank == 0:
        return 0.0
    excess = cv.noise(np.eye(cv.rank)) - np.diag(cv.w**2)
    return math.sqrt(max(0.0, float(scipy.linalg.eigvalsh(excess)[-1])))
