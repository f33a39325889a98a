"""Posteriors that the checks share: sines (floats and rational), diabetes, breast cancer, and two potentials on the line."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from gradproof.experiments.instances.data import breast_cancer
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


def diabetes_regression() -> FiniteSum:
    """The regression on diabetes."""
    return diabetes()[1]


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


@lru_cache(maxsize=2)
def diabetes(prior: float = 400.0) -> tuple[Posterior, FiniteSum]:
    """Linear regression on diabetes (442 x 10, standardised), noise variance 1/2; the prior's precision makes it mix fast."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - y.mean()) / y.std()
    scale = np.sqrt(2.0)
    return Posterior(X * scale, y * scale, prior), gaussian.regression(X, y, noise=0.5, prior=prior)


@lru_cache(maxsize=2)
def cancer(prior: float = 200.0) -> Posterior:
    """Logistic regression on breast cancer, 569 x 30."""
    data = breast_cancer()
    return Posterior(data.X, data.y, prior, logistic=True)


def bent(slope: float, shift: float) -> Any:
    """U' of U(t) = t^2/2 + log(1 + exp(slope t - shift)); strongly convex with U'' >= 1."""
    return lambda t: t + slope / (1 + np.exp(shift - slope * t))


def minimiser(gradient: Any) -> float:
    """The zero of an increasing function on [-10, 10]."""
    from scipy.optimize import brentq

    return float(brentq(gradient, -10.0, 10.0, xtol=1e-15, rtol=1e-15))
