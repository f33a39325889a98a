"""Adam's family on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.adaptive._adam import Variant, adam_family
from gradproof.experiments.adaptive.diffgrad.methods import synthetic_method
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start


@example(adam_family, name="adam_on_a_noisy_quadratic", variant="adam")
@example(adam_family, name="diffgrad_on_a_noisy_quadratic", variant="diffgrad")
@example(adam_family, name="aliased_on_a_noisy_quadratic", variant="aliased")
def noisy_quadratic(on: Backend, variant: Variant) -> Example:
    alpha = on.move(np.array([0.1, 0.3])[:, None, None])
    method = adam_family(lambda x, draw: x + draw, alpha=alpha, variant=variant, lam=0.9, radius=1.5, decay=True)
    return Example(method, start(np.linspace(-1, 1, 5), settings=2, seeds=2), lambda d: d.normal((5,)))


@example(synthetic_method)
def diffgrad_on_the_second_function(on: Backend) -> Example:
    x0 = np.array([[-1.0, -0.7], [0.3, 0.9]])[..., None]
    return Example(synthetic_method("F2", "diffgrad"), x0, growth=100.0)  # |F2''| is at most 20 on the way
