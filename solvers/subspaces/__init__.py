"""Which starts of ``x_{k+1} = x_k - eta A_{sigma_k}^{-1} B x_k`` converge to the saddle 0 of ``f(x) = x'Bx/2``.

Here ``A_sigma = I + sigma G`` with G symmetric positive semidefinite; G = -L, the periodic Laplacian, unless another
generator is given. Two questions with two exact answers, proved in docs/derivations/laplacian_smoothing.md:

- ``pointwise_stable_subspace``: starts that converge under *one* schedule; dimension n - n_-.
- ``invariant_stable_subspace``: starts that converge under *every* schedule; the largest common invariant subspace of B
  and G on which B is positive definite.
"""

from gradproof.solvers.subspaces.enclosure import characteristic_factors, stable_slope_enclosure, symbolic_spectrum
from gradproof.solvers.subspaces.invariant import (
    UndecidedSubspace,
    exact_symmetric,
    inertia,
    invariant_stable_subspace,
    invariant_stable_subspace_float,
)
from gradproof.solvers.subspaces.pointwise import PointwiseSubspace, pointwise_stable_subspace

__all__ = [
    "PointwiseSubspace",
    "UndecidedSubspace",
    "characteristic_factors",
    "exact_symmetric",
    "inertia",
    "invariant_stable_subspace",
    "invariant_stable_subspace_float",
    "pointwise_stable_subspace",
    "stable_slope_enclosure",
    "symbolic_spectrum",
]
