"""Bilevel problems: on a line in rational numbers, with a quadratic lower level on arrays, and the cleaning of labels of digits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from gradproof.experiments.adaptive.bilevel_unbounded.methods import Bilevel
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.instances.data import pixels
from gradproof.solvers.bilevel_quadratic import QuadraticLower

Array = Any

# --- on a line --------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """Functions of x (and y) that are rational, and constants for which the assumptions hold where |x|, |y| <= reach."""

    name: str
    reach: F
    solution: Callable[[F], F]
    formula: Callable[[F, F], F]
    constants: dict[str, F]

    def gradient(self, x: F) -> F:
        """The slope of Phi: the formula at the lower solution."""
        return self.formula(x, self.solution(x))

    def inside(self, *points: F) -> bool:
        return all(abs(p) <= self.reach for p in points)


def constants(**given: F | int) -> dict[str, F]:
    """Those of relaxed smoothness; what is not given is 0, and mu = 1."""
    zero = dict.fromkeys(("L_x0", "L_x1", "L_y0", "L_y1", "M", "l_g2"), F(0))
    return zero | {"mu": F(1), "R": F(10**3)} | {k: F(v) for k, v in given.items()}


FAR, ROOT2 = F(10**6), F(99, 70)  # just above the root of 2
K0, WIDE = F(225, 16), F(5, 4)  # of the quartic for K1 = 1 within 5/4: w = 3/2, so that K0 = (9/4)(25/4)


def quartic_line(kappa: F, M: F) -> Line:
    """f = x^4/4 + M y, g = y^2/2 - kappa x y."""
    given = constants(L_x0=K0, L_x1=1, R=WIDE, kappa=kappa, M=M)
    return Line("quartic", FAR, lambda x: kappa * x, lambda x, y: x**3 + M * kappa, given)


def steep_line(kappa: F) -> Line:
    """f = y^2/2, g = y^2/2 - kappa x y."""
    given = constants(kappa=kappa, L_y0=1, M=kappa * kappa)
    return Line("steep", kappa, lambda x: kappa * x, lambda x, y: kappa * y, given)


def product_line(kappa: F) -> Line:
    """f = x y, g = y^2/2 - kappa x y."""
    given = constants(kappa=kappa, L_x0=1, L_y0=1, M=1)
    return Line("product", F(1), lambda x: kappa * x, lambda x, y: y + kappa * x, given)


def bent_line(reach: F) -> Line:
    """f = y, g = y^2/2 - x^2 y/2, whose solution x^2/2 has the slope x."""
    return Line("bent", reach, lambda x: x * x / 2, lambda x, y: x, constants(kappa=reach, M=1, l_g2=1))


def joint_line(kappa: F) -> Line:
    """f = u^4/4, u = x + y, g = (y - kappa x)^2/2; distances of u are at most root 2 times those of (x, y)."""
    given = {f"L_{v}{k}": ROOT2 * c for v in "xy" for k, c in enumerate((K0, F(1)))}
    given = constants(**given, kappa=kappa, M=(3 * (1 + kappa)) ** 3, R=F(7, 8))
    return Line("joint", F(3), lambda x: kappa * x, lambda x, y: (1 + kappa) * (x + y) ** 3, given)


def warped_line() -> Line:
    """f = y, g = (1 + x^2) y^2/2 - x y: the curvature of the lower level changes with x."""

    def formula(x: F, y: F) -> F:
        return (1 - 2 * x * y) / (1 + x * x)

    return Line("warped", F(1), lambda x: x / (1 + x * x), formula, constants(kappa=3, M=1, l_g2=3, R=2))


def at(line: Line) -> dict[str, Any]:
    """A line and its constants, as one entry of an axis of cases."""
    return {"line": line, **line.constants}


QUARTIC_LINE, STEEP, BENT = quartic_line(F(1, 50), F(1, 100)), steep_line(F(20)), bent_line(F(1, 20))
PRODUCT, JOINT, WARPED = product_line(F(1, 50)), joint_line(F(1, 100)), warped_line()

# --- with a quadratic lower level ----------------------------------------------------------------------------------------

#: B_ij = cos(i j) as floats, which are rational numbers
CARD = QuadraticLower(
    [[F(1), F(0), F(0)], [F(0), F(5, 2), F(0)], [F(0), F(0), F(4)]],
    [[F(float(np.cos(i * j))) for j in (1, 2)] for i in (1, 2, 3)],
)
DENSE = QuadraticLower([[F(2), F(1)], [F(1), F(3)]], [[F(1), F(-1)], [F(1, 2), F(2)]])
SCALAR = QuadraticLower([[F(1)]], [[F(3, 2)]])


def floats(rows: Any) -> np.ndarray:
    return np.array([[float(x) for x in row] for row in rows])


class Smooth(NamedTuple):
    """``f = sum x_i^4/4 + sum sqrt(1 + (y_j - 1)^2)`` over the quadratic lower level of the paper's card, on arrays."""

    problem: Bilevel
    solution: Callable[[Array], Array]

    def gradient(self, x: Array) -> Array:
        """That of Phi, in closed form."""
        y, p = self.solution(x), self.problem
        assert p.solve is not None
        return p.upper_x(x, y) - p.cross(x, y, p.solve(x, y, p.upper_y(x, y)))

    def value(self, x: Array) -> Array:
        """Phi(x), (...)."""
        xp = array_namespace(x)
        far = self.solution(x) - 1
        return xp.sum(x**4, axis=-1) / 4 + xp.sum(xp.sqrt(1 + far * far), axis=-1)


def smooth(on: Backend) -> Smooth:
    """The card's instance: mu = 1, L = 4, the second derivative of f in y is at most 1, its gradient at most sqrt 3 long."""
    a, B = on.asarray(np.diag(floats(CARD.A))), on.asarray(floats(CARD.B))

    def upper_y(x: Array, y: Array) -> Array:
        xp = array_namespace(y)
        return (y - 1) / xp.sqrt(1 + (y - 1) * (y - 1))

    problem = Bilevel(
        upper_x=lambda x, y: x**3, upper_y=upper_y, lower=lambda x, y: a * y - x @ B.T, curve=lambda x, y, v: a * v,
        cross=lambda x, y, v: -(v @ B), y0=a * 0, L=4.0, solve=lambda x, y, v: v / a,
    )  # fmt: skip
    return Smooth(problem, lambda x: (x @ B.T) / a)


# --- cleaning labels of digits --------------------------------------------------------------------------------------------

CLASSES, PIXELS = 10, 64


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


def minimiser(problem: Bilevel, x: np.ndarray, y: np.ndarray, mu: float) -> tuple[np.ndarray, float]:
    """y_*(x) by Newton steps with conjugate gradients, for NumPy arrays (..., e); and a bound on how far it is off."""
    for _ in range(30):
        slope = problem.lower(x, y)
        if float(np.sqrt((slope**2).sum(-1)).max()) / mu < 1e-9:
            break
        v, r = y * 0, slope
        p, size = r, (r * r).sum(-1, keepdims=True)
        for _ in range(60):
            Ap = problem.curve(x, y, p)
            step = size / np.maximum((p * Ap).sum(-1, keepdims=True), 1e-300)
            v, r = v + step * p, r - step * Ap
            after = (r * r).sum(-1, keepdims=True)
            p, size = r + after / np.maximum(size, 1e-300) * p, after
            if float(np.sqrt(size).max()) < 1e-2 * float(np.sqrt((slope**2).sum(-1)).max()):
                break
        y = y - v
    return y, float(np.sqrt((problem.lower(x, y) ** 2).sum(-1)).max()) / mu
