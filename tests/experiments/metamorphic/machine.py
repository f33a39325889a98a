"""Run ``verify`` as on another machine: LAPACK rounds otherwise, two BLAS threads, and the environment that the caller gives.

    python machine.py LEDGER here|elsewhere [claim or paper ...]

Elsewhere every result of a factorisation is moved by four units in the last place of its largest entry, as another library, or
the same one on other hardware, may do; zeros stay zeros, singular values stay nonnegative, and eigenvalues sorted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize
from threadpoolctl import threadpool_limits

UNITS = 4 * 2.0**-52
RNG = np.random.default_rng(0)
NAMES = ("eigh", "eigvalsh", "eig", "eigvals", "svd", "svdvals", "solve", "inv", "qr", "lstsq", "cholesky", "cho_solve", "expm",
         "solve_discrete_lyapunov", "solve_triangular", "sqrtm", "pinv", "slogdet")  # fmt: skip


def elsewhere() -> None:
    """Change the linear algebra of this process."""
    for module in (np.linalg, scipy.linalg):
        for name in NAMES:
            if hasattr(module, name):
                setattr(module, name, _elsewhere(getattr(module, name)))
    scipy.optimize.nnls = _elsewhere(scipy.optimize.nnls)


def _elsewhere(function: Callable[..., Any]) -> Callable[..., Any]:
    def moved(*args: Any, **kwargs: Any) -> Any:
        return _moved(function(*args, **kwargs), function.__name__)

    moved.__name__ = function.__name__
    return moved


def _moved(x: Any, name: str) -> Any:
    if isinstance(x, tuple):
        parts = [_moved(part, name) for part in x]
        return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)
    if (
        not isinstance(x, np.ndarray | np.floating)
        or not np.size(x)
        or np.asarray(x).dtype not in (np.float64, np.complex128)
    ):
        return x
    a = np.asarray(x)
    last = tuple(range(max(0, a.ndim - 2), a.ndim))
    size = np.abs(a).max(axis=last, keepdims=True)
    out = np.where(a == 0, a, a + UNITS * size * RNG.uniform(-1, 1, a.shape))
    if (a >= 0).all():  # singular values, nonnegative solutions, norms, and definite spectra
        out = np.abs(out)
    steps = np.diff(a, axis=-1) if a.ndim and not np.iscomplexobj(a) else np.zeros(0)
    if name[:3] in ("eig", "svd") and steps.size and ((steps >= 0).all() or (steps <= 0).all()):
        out = np.sort(out, axis=-1)[..., :: 1 if (steps >= 0).all() else -1]
    return out if isinstance(x, np.ndarray) else type(x)(out)


def main(ledger: str, where: str, *targets: str) -> None:
    threads = 1
    if where == "elsewhere":
        elsewhere()
        threads = 2
    import gradproof  # after the change: a module may take its functions by name

    with threadpool_limits(threads):
        gradproof.verify(*targets, ledger=Path(ledger), jobs=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
