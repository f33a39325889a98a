"""The methods on instances A and B, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.networks.attention_svm.instances import layer
from gradproof.experiments.networks.attention_svm.methods import attention_gd, factored_gd

ETAS = np.array([0.05, 0.1])[:, None, None, None]


def _starts(*shape: int) -> np.ndarray:
    return 0.3 * np.sin(np.arange(2.0 * 3 * np.prod(shape))).reshape(2, 3, *shape)


@example(attention_gd)
def gd_on_logistic_attention(on: Backend) -> Example:
    return Example(attention_gd(*on.move((layer("A", "logistic").problem, ETAS))), _starts(3, 3))


@example(attention_gd)
def normalised_gd_on_attention(on: Backend) -> Example:
    return Example(attention_gd(*on.move((layer("B").problem, ETAS)), normalised=True), _starts(4, 4))


@example(factored_gd)
def factored_attention(on: Backend) -> Example:
    return Example(factored_gd(*on.move((layer("A").problem, ETAS))), _starts(2, 3, 3))
