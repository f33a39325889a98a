"""Bilevel problems by their derivatives, and one from practice: weights of training images whose labels may be wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.instances.data import pixels

Array = Any
CLASSES, PIXELS = 10, 64


class Bilevel(NamedTuple):
    """A bilevel problem by its derivatives, of x (..., d) and y (..., e).

    Attributes:
        upper_x, upper_y: (x, y) -> gradients of f. lower: (x, y) -> gradient of g in y.
        curve: (x, y, v) -> grad_yy g v. cross: (x, y, v) -> grad_xy g v, of the shape of x.
        y0: (e,), where the lower level starts. L: its steps are 1/L. solve: (x, y, v) -> v divided by grad_yy g.
    """

    upper_x: Callable[[Array, Array], Array]
    upper_y: Callable[[Array, Array], Array]
    lower: Callable[[Array, Array], Array]
    curve: Callable[[Array, Array, Array], Array]
    cross: Callable[[Array, Array, Array], Array]
    y0: Array
    L: float
    solve: Callable[[Array, Array, Array], Array] | None = None


class Digits(NamedTuple):
    """Training images of which some labels are wrong, validation images, and images to test on."""

    X: np.ndarray
    labels: np.ndarray
    wrong: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


@cache
def noisy_digits(train: int = 200, validation: int = 200, share: float = 0.3) -> Digits:
    """Digits in a fixed order; each training label is replaced by another one with the chance ``share``."""
    X, y = pixels()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    X, y = X[order], y[order]
    wrong = rng.random(train) < share
    labels = np.where(wrong, (y[:train] + rng.integers(1, CLASSES, train)) % CLASSES, y[:train])
    end = train + validation
    return Digits(X[:train], labels, wrong, X[train:end], y[train:end], X[end:], y[end:])


class Cleaning(NamedTuple):
    """Weights ``exp(x_i)`` of training images by the loss on validation images.

    The lower level is softmax regression, ``mean_i exp(x_i) loss_i(y) + ridge |y|^2/2`` of y (..., 640): mu = ridge. Its curvature
    in y, and with it the step 1/L, is bounded only as long as the weights are: nothing bounds the curvature of the upper level.
    """

    problem: Bilevel
    loss: Callable[[Array], Array]
    accuracy: Callable[[Array], Array]
    ridge: float
    top: float

    def curvature(self, x: np.ndarray) -> float:
        """A bound on the curvature of the lower level where no weight is above that of x."""
        return float(np.exp(x).max()) * self.top + self.ridge


def cleaning(on: Backend, data: Digits, *, ridge: float = 0.1, L: float = 22.0) -> Cleaning:
    eye = np.eye(CLASSES)
    X, Y = on.asarray(data.X), on.asarray(eye[data.labels])
    Xv, Yv = on.asarray(data.X_val), on.asarray(eye[data.y_val])
    Xt, Yt = on.asarray(data.X_test), on.asarray(eye[data.y_test])
    n, top = len(data.labels), float(np.linalg.eigvalsh(data.X.T @ data.X / len(data.X))[-1]) / 2

    def matrix(y: Array) -> Array:
        return array_namespace(y).reshape(y, (*y.shape[:-1], PIXELS, CLASSES))

    def flat(w: Array) -> Array:
        return array_namespace(w).reshape(w, (*w.shape[:-2], PIXELS * CLASSES))

    def softmax(scores: Array) -> Array:
        xp = array_namespace(scores)
        p = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
        return p / xp.sum(p, axis=-1, keepdims=True)

    def weights(x: Array) -> Array:
        return array_namespace(x).exp(x)[..., None] / n

    def lower(x: Array, y: Array) -> Array:
        return flat(X.T @ (weights(x) * (softmax(X @ matrix(y)) - Y))) + ridge * y

    def curve(x: Array, y: Array, v: Array) -> Array:
        xp, p, along = array_namespace(y), softmax(X @ matrix(y)), X @ matrix(v)
        change = p * (along - xp.sum(p * along, axis=-1, keepdims=True))
        return flat(X.T @ (weights(x) * change)) + ridge * v

    def cross(x: Array, y: Array, v: Array) -> Array:
        xp = array_namespace(y)
        return xp.sum((X @ matrix(v)) * (softmax(X @ matrix(y)) - Y), axis=-1) * weights(x)[..., 0]

    def loss(y: Array) -> Array:
        xp = array_namespace(y)
        scores = Xv @ matrix(y)
        scores = scores - xp.max(scores, axis=-1, keepdims=True)
        return xp.mean(xp.log(xp.sum(xp.exp(scores), axis=-1)) - xp.sum(scores * Yv, axis=-1), axis=-1)

    def accuracy(y: Array) -> Array:
        xp = array_namespace(y)
        hit = xp.argmax(Xt @ matrix(y), axis=-1) == xp.argmax(Yt, axis=-1)
        return xp.mean(xp.astype(hit, xp.float64), axis=-1)

    problem = Bilevel(
        upper_x=lambda x, y: x * 0, upper_y=lambda x, y: flat(Xv.T @ (softmax(Xv @ matrix(y)) - Yv)) / len(data.y_val),
        lower=lower, curve=curve, cross=cross, y0=on.asarray(np.zeros(PIXELS * CLASSES)), L=L,
    )  # fmt: skip
    return Cleaning(problem, loss, accuracy, ridge, top)
