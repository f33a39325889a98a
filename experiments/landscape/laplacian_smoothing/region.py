"""For a Hessian of one's own: which starts near a saddle smoothing takes to it, in both senses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradproof.experiments.landscape.laplacian_smoothing.instances import SCHEDULES, signs
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.solvers.subspaces import (
    PointwiseSubspace,
    UndecidedSubspace,
    invariant_stable_subspace,
    invariant_stable_subspace_float,
    pointwise_stable_subspace,
)
from gradproof.theory.errors import ParameterError
from gradproof.theory.landscape.laplacian_smoothing import mlsgd_schedule

MAX_STEPS = 25_600


@dataclass(frozen=True)
class AttractionRegion:
    """The starts that are taken to the saddle 0 of ``f(x) = x'Hx/2``.

    Args:
        hessian: float copy of H, (n, n). eta: step size.
        pointwise: the starts that the given schedule attracts, with error and Lyapunov exponents.
        robust_basis: rows that span the starts that every schedule of the family attracts, (dim, n).
        robust_exact: True if ``robust_basis`` holds exact fractions, False for orthonormal floats.
    """

    hessian: np.ndarray
    eta: float
    pointwise: PointwiseSubspace
    robust_basis: np.ndarray
    robust_exact: bool
    generator: np.ndarray = field(repr=False)
    schedule: Callable[[int], Any] = field(repr=False)

    @property
    def pointwise_dimension(self) -> int:
        """Dimension of the starts that this schedule attracts: n minus the number of negative eigenvalues."""
        return self.pointwise.dimension

    @property
    def pointwise_basis(self) -> np.ndarray:
        """Orthonormal rows, (pointwise_dimension, n), float."""
        return self.pointwise.basis

    @property
    def robust_dimension(self) -> int:
        """Dimension of the starts that every schedule attracts."""
        return len(self.robust_basis)

    def norms(self, x0: np.ndarray, steps: int = 100) -> np.ndarray:
        """``||x_steps||`` from the starts x0, (..., n)."""
        n = len(self.hessian)
        flow = np.eye(n)
        for k in range(steps):
            smoothing = np.eye(n) + float(self.schedule(k)) * self.generator
            flow = flow - self.eta * np.linalg.solve(smoothing, self.hessian @ flow)
        return np.linalg.norm(np.asarray(x0) @ flow.T, axis=-1)

    def plot(self, coordinates: tuple[int, int] = (0, 1), *, steps: int = 100, ax: Any = None) -> Any:
        """Map of log10 ||x_steps|| over two coordinates (the others 0), with the slices of both regions; returns the axes."""
        import matplotlib.pyplot as plt

        i, j = coordinates
        n = len(self.hessian)
        if i == j or not (0 <= i < n and 0 <= j < n):
            raise ParameterError(f"coordinates {coordinates} must be two different numbers from 0 to {n - 1}")
        ax = plt.subplots()[1] if ax is None else ax
        t = np.linspace(-1, 1, 200)  # an even number: 0 itself, where the logarithm ends, is left out
        starts = np.zeros((200, 200, n))
        starts[..., i], starts[..., j] = np.meshgrid(t, t)
        norms = self.norms(starts, steps)
        size = np.log10(np.maximum(norms, norms[norms > 0].min(initial=1.0)))
        image = ax.imshow(size, origin="lower", extent=(-1, 1, -1, 1), cmap="viridis", interpolation="nearest")
        ax.figure.colorbar(image, ax=ax, label=f"log10 ||x_{steps}||")
        robust_normals = _complement(self.robust_basis.astype(float), n)
        for normals, style, label in (
            (self.pointwise.normals, "w-", "attracted by this schedule"),
            (robust_normals, "r--", "attracted by every schedule"),
        ):
            for direction in _slice(normals[:, [i, j]]):
                ax.plot([-direction[0], direction[0]], [-direction[1], direction[1]], style, label=label)
        ax.set(xlim=(-1, 1), ylim=(-1, 1), xlabel=f"$x_{{{i + 1}}}$", ylabel=f"$x_{{{j + 1}}}$")
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc="upper right", fontsize="small", facecolor="lightgrey")
        return ax


def attraction_region(
    hessian: Any,
    preconditioner_family: Any = "periodic",
    eta: Any = None,
    *,
    schedule: Callable[[int], Any] = mlsgd_schedule,
    steps: int | None = None,
) -> AttractionRegion:
    """Which starts near a saddle are taken to it by ``x+ = x - eta A_{sigma_k}^{-1} H x``, A_sigma = I + sigma G.

    Args:
        hessian: H at the saddle, symmetric and nonsingular, (n, n); exact entries (int, Fraction) give an exact answer.
        preconditioner_family: ``"periodic"`` (G = -L, n >= 2), or G: symmetric, positive semidefinite, (n, n).
        eta: step size in (0, 2/||H||); 1/||H|| by default.
        schedule: k -> sigma_k >= 0, bounded; (k+1)/(k+2) by default. The robust region does not depend on it.
        steps: steps to look ahead; by default doubled from 200 until the proved truncation is below 1e-10.

    Raises:
        ParameterError: H or G not square, symmetric or finite; G not positive semidefinite.
        DomainError: H singular (exact), eta or a sigma out of range, n = 1 with the periodic family.
        UndecidedSubspace: a float eigenvalue or direction is too close to rounding, or 25600 steps would be too few.
    """
    rows = hessian.tolist() if hasattr(hessian, "tolist") else [list(row) for row in hessian]
    if not rows or any(len(row) != len(rows) for row in rows):
        raise ParameterError(f"the Hessian must be square, got rows of lengths {[len(r) for r in rows][:6]}")
    h = _floats(rows)
    n = len(h)
    generator: Any = preconditioner_family
    if isinstance(preconditioner_family, str):
        if preconditioner_family != "periodic":
            raise ParameterError(f'unknown family {preconditioner_family!r}: use "periodic", or give the matrix G')
        generator = -periodic_laplacian(n) if n > 1 else None
    # the exact part first: it names a singular or asymmetric matrix without rounding
    robust, robust_exact = _robust(rows, [] if generator is None else [generator])
    step = 1 / float(np.linalg.norm(h, 2)) if eta is None else float(eta)
    g = None if generator is None else _floats(generator)
    ahead = steps or 200
    pointwise = pointwise_stable_subspace(h, schedule, step, ahead, generator=g)
    while steps is None and pointwise.truncation > 1e-10:
        growth = pointwise.exponents[pointwise.exponents > 0].min(initial=np.inf)
        ahead *= 2
        if max(ahead, np.log(1e10) / growth) > MAX_STEPS:  # the truncation falls as exp(-growth * steps)
            raise UndecidedSubspace(
                f"after {ahead // 2} steps the subspace is known to {pointwise.truncation:.2g} only, and a direction grows by "
                f"{growth:.2g} a step: the Hessian is too ill conditioned for this step; raise eta, or give steps to accept "
                "the error"
            )
        pointwise = pointwise_stable_subspace(h, schedule, step, ahead, generator=g)
    assert g is not None  # n = 1 with the periodic family was refused by the solver
    return AttractionRegion(h, step, pointwise, robust, robust_exact, g, schedule)


def dimension_table(
    sizes: Sequence[int], *, eta: float = 0.4, steps: int = 400
) -> dict[int, tuple[int, int, int, int]]:
    """``{n: (gd, lsgd, mlsgd, common)}``: negative Lyapunov exponents of each method, and the exact common dimension."""
    table = {}
    for n in sizes:
        found = (pointwise_stable_subspace(signs(n), s, eta, steps).exponents for s in SCHEDULES.values())
        gd, lsgd, mlsgd = (int(np.sum(e < 0)) for e in found)
        table[n] = (gd, lsgd, mlsgd, len(invariant_stable_subspace(signs(n), [periodic_laplacian(n)])))
    return table


def _floats(matrix: Any) -> np.ndarray:
    return np.array([[float(x) for x in row] for row in matrix])


def _robust(hessian: list[list[Any]], generators: list[Any]) -> tuple[np.ndarray, bool]:
    """Rows that span the region, and whether they are exact."""
    exact = [m.tolist() if hasattr(m, "tolist") else m for m in generators]
    if not any(isinstance(x, float) for m in (hessian, *exact) for row in m for x in row):
        try:
            return invariant_stable_subspace(hessian, generators), True
        except UndecidedSubspace:
            pass  # irrational: the basis is given in floating point
    return invariant_stable_subspace_float(_floats(hessian), [_floats(m) for m in generators]), False


def _complement(rows: np.ndarray, n: int) -> np.ndarray:
    if not len(rows):
        return np.eye(n)
    return np.linalg.qr(rows.T, mode="complete")[0][:, len(rows) :].T


def _slice(normals: np.ndarray) -> list[np.ndarray]:
    """Direction, if any, of the line in a coordinate plane on which all normals (m, 2) vanish."""
    if not len(normals):
        return []
    _, s, v = np.linalg.svd(normals)
    small = s[-1] if len(s) == 2 else 0.0
    return [v[-1] * 2] if small <= 1e-9 < s[0] else []
