"""Controls: with one assumption broken, or another formula of the gradient, the same quantities violate their bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import cases, instead, rounded, without
from gradproof.experiments.networks.attention_svm import instances as data
from gradproof.experiments.networks.attention_svm import measures, measures_runs, methods
from gradproof.experiments.networks.attention_svm.instances import Layer, Tokens
from gradproof.theory.networks import attention_svm as paper

A, B = data.LINEAR

# --- the max-margin matrix and factors ---------------------------------------------------------------------------------

# still feasible, but longer: twice the matrix; and of rank 3 with a part that no query of B sees
without(paper.SVM_KKT, "optimal", measures.squared_norm, cases(layer=data.LINEAR, times=[2]))
without(paper.SVM_RANK, "optimal", measures.rank, cases(layer=[B], add={"aside": np.outer([0, 0, 1, 0], [0, 0, 1, 0])}))
LOW = [data.gaussian_tokens(4, 3, d) for d in (1, 2)]
without(paper.FEASIBILITY, "overparametrised", measures.share_of_selections, cases(tokens=LOW))
EQUAL_QUERIES = Tokens(np.array([[[1, 0], [0, 0]], [[0, 0], [1, 0]]]), np.ones((2, 2), int))
without(paper.FEASIBILITY, "generic", measures.share_of_selections, cases(tokens=[EQUAL_QUERIES]))
without(paper.NUCLEAR_IDENTITY, "enough_columns", measures.balanced_factors, cases(layer=[B], columns=[1]))

# --- the gradient ------------------------------------------------------------------------------------------------------

WEIGHTS = {"s": [Fraction(1, 2), Fraction(1)], "gamma": [1, 0], "x": [2, 1]}  # they do not sum to one
without(paper.GRADIENT, "softmax", measures.covariance, cases(table=[WEIGHTS]).guaranteeing("fixed_head"))
TRAINED = Layer("A, the head fifty times as long at V", A.problem, later=50.0)
ACROSS = {"W": 3 * A.svm.W, "V": 0 * A.svm.W}
without(
    paper.SMOOTH,
    "fixed_head",
    measures.moved,
    cases(layer=[TRAINED], points=[ACROSS]),
)
NEAR = {"layer": data.STEEP, "W": np.full((1, 1), -0.1), "V": np.zeros((1, 1))}
without(paper.SMOOTH, "linear_loss", measures.moved, cases(points=[NEAR]))
without(paper.DESCENT, "linear_loss", measures_runs.step_of_descent, cases(layer=[data.STEEP], share=[1.0], steps=[1]))

# --- no stationary point -----------------------------------------------------------------------------------------------

# the gradient points to the second token's matrix; two inputs whose gradients cancel; descent turned to ascent
FIVE = {"diag(5, 0)": np.diag([5.0, 0.0])}
without(paper.NO_STATIONARY, "equal_nonopt_scores", measures.towards, cases(layer=[data.LOCAL], W=FIVE))
POINTS = [{"W": np.full((1, 1), w), "reference": np.ones((1, 1))} for w in (0.0, 1.0, -2.0)]
without(paper.NO_STATIONARY, "svm_feasible", measures.towards, cases(layer=[data.CONTRADICTION], point=POINTS))
without(
    paper.NO_STATIONARY, "decreasing_loss", measures.towards, cases(layer=[data.INCREASING], W={"0": np.zeros((3, 3))})
)

# --- directions --------------------------------------------------------------------------------------------------------

TWENTY = {"normalised": True, "eta": 0.05, "steps": 20}
for name, case in (
    ("equal_nonopt_scores", cases(layer=[data.ASIDE], descent=[TWENTY]).guaranteeing("zero_start")),
    ("decreasing_loss", cases(layer=[data.INCREASING], descent=[TWENTY]).guaranteeing("zero_start")),
    ("zero_start", cases(layer=[A], descent=[TWENTY], start=[-20.0])),
):
    without(paper.GD_DIRECTION, name, measures_runs.direction, case)
LONG = cases(layer=[B], normalised=[True], eta=[0.05], steps=[4000], since=[4000], naive=[True])
instead(
    paper.GD_DIRECTION, "the gradient by s (gamma - gamma . s), which has no digits once the softmax saturates",
    measures_runs.direction, LONG.guaranteeing("zero_start"),
)  # fmt: skip

# --- paths and the flow ------------------------------------------------------------------------------------------------


def random_matrix(layer: Layer, R: float, rng: Any) -> Any:
    r"""$\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F)$ of a normal matrix of norm R."""
    W = rng.standard_normal(layer.svm.W.shape)
    return measures_runs.of_a_matrix(layer, R, W * (R / np.linalg.norm(W)), no_worse=False)


def point_of_the_factored_path(layer: Layer, R: float) -> Any:
    r"""$\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F)$ of the best $KQ^\top$ in the ball: it has the nuclear direction."""
    W = methods.factored_point(layer.problem, layer.svm_nuclear.W, R)
    return measures_runs.of_a_matrix(layer, R, W, no_worse=False)


def half_as_long(layer: Layer, R: float) -> Any:
    r"""$\ln(1 + e^\mu)$ of the max-margin matrix of half the norm."""
    return rounded(float(np.log1p(np.exp(R / layer.svm.upper / 2))), 64, R), {**layer.sizes, "Xi": 1 / layer.svm.upper}


without(paper.PATH_FINITE_R, "no_worse", random_matrix, cases(layer=[A, B], R=[40.0]))
without(paper.PATH_FINITE_R, "no_worse", point_of_the_factored_path, cases(layer=[A], R=[20.0]))
without(paper.PATH_MARGIN, "no_worse", half_as_long, cases(layer=[A, B], R=[40.0]))
FROM_ONE = cases(t=[10], seen=["margin"], start=[1.0]).guaranteeing("fixed_head", "linear_loss")
without(paper.FLOW_CLOSED_FORM, "zero_start", measures_runs.small_steps, FROM_ONE)
LOGISTIC = cases(t=[10], seen=["margin"], loss=["logistic"]).guaranteeing("fixed_head", "zero_start")
without(paper.FLOW_CLOSED_FORM, "linear_loss", measures_runs.small_steps, LOGISTIC)
