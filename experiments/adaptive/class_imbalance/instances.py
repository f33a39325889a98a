"""Instances: the full matrix flow with a proved error, three methods on Zipf's frequencies, one shared input."""

from functools import cache
from typing import NamedTuple

import numpy as np

from gradproof.experiments.adaptive._adam import adam_family
from gradproof.experiments.adaptive.class_imbalance import methods
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.run import Method, logarithmic, run

SHARED = np.array([0.5, 0.25, 0.15, 0.1])  # frequencies of the model with one shared input


class Flow(NamedTuple):
    """Gradient flow of a c x c matrix: times (time,), then (time, c) each.

    ``u`` is the mean margin of a class over the others, ``l`` its loss, ``error`` a bound of the Euclidean error of its column.
    """

    pi: np.ndarray
    t: np.ndarray
    u: np.ndarray
    l: np.ndarray
    error: np.ndarray


@cache
def matrix_flow(c: int = 6, until: float = 150.0, fineness: float = 0.002) -> Flow:
    """Second-order Taylor steps on all c^2 entries from W = 0, which know nothing of margins or classes.

    The flow of a convex function brings any two paths no further apart, so the error is at most the integral of
    ``|W' + grad L(W)|``: with ``g`` and ``H`` at the beginning of a step, ``s^2/2 |H^2 g| + M |d|^2/2`` at the distance
    ``|d| <= s |g| (1 + s pi_k/4)``. ``M = pi_k/sqrt 2``, as a third derivative of the log-sum is at most a variance times a range.
    """
    pi, W, error, t = methods.zipf(c), np.zeros((c, c)), np.zeros(c), 0.0
    gradient, rows = methods.one_hot(pi, np.eye(c)), [(0.0, W, error)]
    while t < until:
        h, p, g = fineness * (1 + t), methods.softmax(W), gradient(W, None)
        Hg = pi * (p * g - p * (p * g).sum(axis=0))
        HHg = pi * (p * Hg - p * (p * Hg).sum(axis=0))
        size = np.linalg.norm(g, axis=0)
        far = size * (1 + h * pi / 4)
        error = error + h**3 / 6 * (np.linalg.norm(HHg, axis=0) + pi / 2**0.5 * far**2) + 1e-15 * (1 + np.abs(W).max())
        t, W = t + h, W - h * g + h**2 / 2 * Hg
        rows.append((t, W, error))
    times, path, errors = (np.array(column) for column in zip(*rows, strict=True))
    return Flow(pi, times, methods.margins(path).sum(axis=-2) / (c - 1), methods.losses(path), errors)


@cache
def weights(
    name: str, c: int, steps: int, backend: str = "numpy", classes: tuple[int, ...] | None = None, eta: float = 1 / 16
) -> tuple[np.ndarray, np.ndarray]:
    """Steps recorded at, and the weights there, (record, c, columns): those of the given classes, or all.

    ``name``: ``gd`` with step 2/max pi, ``sign`` or ``adam`` with step eta, on Zipf's frequencies.
    """
    on, at, pi = array_library(backend), logarithmic(steps, per_decade=4), methods.zipf(c)
    of = np.arange(c) if classes is None else np.array(classes)
    gradient = methods.one_hot(*on.move((pi[of], (np.arange(c)[:, None] == of).astype(float))))
    method = {
        "gd": methods.gradient_descent(gradient, 2 / pi[0]),
        "sign": methods.sign_descent(gradient, eta),
        "adam": adam_family(gradient, alpha=eta, variant="adam"),
        "adam without memory": adam_family(gradient, alpha=eta, variant="adam", beta1=0.0, beta2=0.0, eps=0.0),
    }[name]
    out = run(method, on.asarray(methods.zeros(c, len(of))), steps, record={"W": lambda s: s.x}, at=at)
    return np.array(at), out.W.values[0, 0]


def excess(method: Method, steps: int = 4000, last: int = 1000) -> float:
    """Mean excess of the loss over the entropy in the last steps, with one shared input."""
    out = run(method, methods.zeros(4, 1), steps, record={"p": lambda s: methods.softmax(s.x)[..., 0]})
    p = out.p.values[0, 0, -last:]
    return float((-(np.log(p) @ SHARED) + SHARED @ np.log(SHARED)).mean())
