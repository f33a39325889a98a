"""BO-REP with its three ways to divide by the Hessian, and without the normalisation, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.adaptive.bilevel_unbounded.instances import smooth
from gradproof.experiments.adaptive.bilevel_unbounded.methods import bo_rep
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start


@example(bo_rep, name="exact", how={})
@example(bo_rep, name="neumann", how={"terms": 6})
@example(bo_rep, name="auxiliary", how={"nu": 0.2})
@example(bo_rep, name="not_normalised", how={"normalised": False})
def closed_form(on: Backend, how) -> Example:
    method = bo_rep(smooth(on).problem, 0.01, period=3, lower=2, refine=20, **how)
    return Example(method, start(np.array([1.2, -0.7]), settings=2, seeds=3), lambda d: 0.1 * d.normal((2,)), steps=15)
