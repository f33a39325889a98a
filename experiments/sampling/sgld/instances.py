"""Posteriors that the checks share: sines (floats and rational), real data, and a potential on the line."""

import importlib.util
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from gradproof.experiments.instances.data import load
from gradproof.experiments.sampling.sgld.methods import Posterior
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian import FiniteSum


def sines(N: int = 50, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """x_ij = sin(1 + i (j + 1)), y_i = cos(2 i) + x_i0/2, i = 1..N, j = 0..d-1."""
    i, j = np.arange(1, N + 1)[:, None], np.arange(d)[None, :]
    X = np.sin(1 + i * (j + 1))
    return X, np.cos(2 * i[:, 0]) + X[:, 0] / 2


@lru_cache(maxsize=8)
def rational(N: int = 50, d: int = 3) -> FiniteSum:
    """The regression on the sines rounded to hundredths, in rational arithmetic; unit noise and prior."""
    X, y = sines(N, d)
    return gaussian.regression(_hundredths(X), _hundredths(y))


def exactly(values: Any) -> np.ndarray:
    """An array of fractions from ints and texts such as "1/2"."""
    return gaussian.fractions(np.array(values, dtype=object), Fraction)


def sines_regression() -> FiniteSum:
    """The regression on the sines in floats."""
    return gaussian.regression(*sines())


def diabetes_regression(rows: int = 442) -> FiniteSum:
    """The regression on the first rows of diabetes, with a prior of precision 1."""
    X, y = diabetes_data()
    return gaussian.regression(X[:rows], y[:rows], noise=0.5, prior=1.0)


def mean_of(N: int, curvatures: Any = (1,)) -> FiniteSum:
    """U_i = h_i (theta - x_i)^2/2 for x_i = sin(i) to three digits, no prior, in rationals; the curvatures in turn."""
    x = [Fraction(round(1000 * float(np.sin(i))), 1000) for i in range(1, N + 1)]
    gradients, hessians = np.empty((N, 1), dtype=object), np.empty((N, 1, 1), dtype=object)
    gradients[:, 0] = [sum(x) / N - v for v in x]
    hessians[:, 0, 0] = [Fraction(curvatures[i % len(curvatures)]) for i in range(N)]
    return gaussian.quadratic(hessians, gradients)


def _hundredths(x: np.ndarray) -> np.ndarray:
    return gaussian.fractions(x, lambda v: Fraction(round(100 * v), 100))


def window(problem: FiniteSum, p: int = 1) -> Fraction:
    """A step of a quarter of the threshold, a rational of four digits."""
    return Fraction(f"{gaussian.threshold(problem, p).value / 4:.4g}")


@lru_cache(maxsize=1)
def diabetes_data() -> tuple[np.ndarray, np.ndarray]:
    """Diabetes (442 x 10) and its progression, standardised; from scikit-learn's files, as loading that library takes long."""
    spec = importlib.util.find_spec("sklearn")
    for folder in (spec and spec.submodule_search_locations) or ():
        files = [Path(folder) / "datasets" / "data" / f"diabetes_{k}.csv.gz" for k in ("data_raw", "target")]
        if all(f.is_file() for f in files):
            X, y = (np.loadtxt(f) for f in files)
            break
    else:
        from sklearn.datasets import load_diabetes

        X, y = load_diabetes(return_X_y=True, scaled=False)
    return (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()


@lru_cache(maxsize=2)
def diabetes(prior: float) -> tuple[Posterior, FiniteSum]:
    """Linear regression on diabetes, noise variance 1/2; a prior of a high precision makes it mix fast."""
    X, y = diabetes_data()
    scale = np.sqrt(2.0)
    return Posterior(X * scale, y * scale, prior), gaussian.regression(X, y, noise=0.5, prior=prior)


def logistic(X: np.ndarray, y: np.ndarray, ridge: float) -> Posterior:
    """Logistic regression on rows of length one, with a prior of precision ridge N."""
    return Posterior(X / np.linalg.norm(X, axis=1, keepdims=True), y, ridge * len(X), logistic=True)


@lru_cache(maxsize=8)
def projected(name: str = "breast_cancer", rows: int | None = None, ridge: float = 0.1, d: int = 5) -> Posterior:
    """As the paper does it: the data on d leading eigenvectors of X'X, standardised; then rows of length one."""
    table = load(name)
    X, y = table.X[:rows], table.y[:rows]
    X = X - X.mean(axis=0)
    X = X @ np.linalg.eigh(X.T @ X)[1][:, -d:]
    return logistic(X / X.std(axis=0), y, ridge)


@lru_cache(maxsize=1)
def synthetic(N: int = 100_000, d: int = 50, ridge: float = 0.1) -> Posterior:
    """Normal rows, and labels of a logistic model with a direction of length 5."""
    rng = np.random.default_rng(0)
    X, direction = rng.standard_normal((N, d)), rng.standard_normal(d)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    chance = 1 / (1 + np.exp(-5 * X @ direction / np.linalg.norm(direction)))
    return logistic(X, np.where(rng.random(N) < chance, 1.0, -1.0), ridge)


def bent(slope: float, shift: float) -> Any:
    """U' of U(t) = t^2/2 + log(1 + exp(slope t - shift)); strongly convex with U'' >= 1."""
    return lambda t: t + slope / (1 + np.exp(shift - slope * t))


def minimiser(gradient: Any) -> float:
    """The zero of an increasing function on [-10, 10]."""
    from scipy.optimize import brentq

    return float(brentq(gradient, -10.0, 10.0, xtol=1e-15, rtol=1e-15))
