"""The adaptive search with several Hessians, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.adaptive.gradient_normalized_smoothness import problems
from gradproof.experiments.adaptive.gradient_normalized_smoothness.methods import adaptive_search
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example


def starts(x0: np.ndarray) -> np.ndarray:
    """Two settings of two seeds around x0: (2, 2, d)."""
    return x0 + 0.1 * np.random.default_rng(0).normal(size=(2, 2, x0.size))


@example(adaptive_search, name="search_on_log_sum_exp", kind="exact")
@example(adaptive_search, name="search_without_hessian", kind="gradient")
def on_log_sum_exp(on: Backend, kind: str) -> Example:
    problem = problems.small_lse(on, kind).problem
    return Example(adaptive_search(problem, 1.0), starts(np.ones(4)), steps=3)


@example(adaptive_search, name="search_with_gauss_newton")
def on_rosenbrock(on: Backend) -> Example:
    problem = problems.powers_of_rosenbrock(on).problem
    return Example(adaptive_search(problem, 0.1), starts(np.array([-2.0, 2.0])), steps=5)


@example(adaptive_search, name="search_with_fisher")
def on_digits(on: Backend) -> Example:
    first = problems.digit_regression(on, rows=12, every=4)
    return Example(adaptive_search(first.problem, 0.1), starts(first.x0), steps=2)
