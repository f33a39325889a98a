"""Versions of what numbers depend on."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

#: import name -> distribution, of the libraries whose versions can change a number
NUMERIC = {
    "numpy": "numpy", "scipy": "scipy", "sympy": "sympy", "mpmath": "mpmath", "flint": "python-flint", "cvxpy": "cvxpy",
    "clarabel": "clarabel", "sklearn": "scikit-learn", "numba": "numba", "torch": "torch", "jax": "jax", "jaxlib": "jaxlib",
    "cupy": "cupy", "array_api_compat": "array-api-compat", "hypothesis": "hypothesis",
}  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """What a row or a dataset says it was made with."""
    found = {"python": platform.python_version()}
    for name in ("gradproof", "numpy", "scipy", "sympy", "clarabel", "python-flint"):
        if number := version_of(name):
            found[name] = number
    return found


@cache
def version_of(distribution: str) -> str:
    """Version of an installed distribution; empty where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
