"""Gradient and sign descent on small softmax models, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.adaptive.class_imbalance.methods import gradient_descent, linear, one_hot, sign_descent, zipf
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example

ETAS = np.array([0.5, 2.0])[:, None, None, None]


@example(gradient_descent)
def one_hot_minibatches(on: Backend) -> Example:
    pi, identity, eta = on.move((zipf(5), np.eye(5), ETAS))
    x0 = np.linspace(-1, 1, 25).reshape(5, 5) * np.ones((2, 2, 1, 1))
    return Example(gradient_descent(one_hot(pi, identity), eta), x0, lambda d: d.uniform((5,)))


@example(sign_descent)
def linear_model(on: Backend) -> Example:
    rng = np.random.default_rng(3)
    rows, labels, eta = on.move((rng.standard_normal((30, 4)), np.eye(3)[rng.integers(0, 3, 30)], ETAS / 50))
    # the sign of an entry that is nearly zero could differ between libraries: few steps, from a start without symmetry
    x0 = np.linspace(-2, 1, 12).reshape(3, 4) * np.array([1.0, 1.3])[None, :, None, None] * np.ones((2, 2, 1, 1))
    return Example(sign_descent(linear(rows, labels), eta), x0, steps=10)
