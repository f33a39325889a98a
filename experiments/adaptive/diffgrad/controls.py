"""Controls: with an assumption given up, or another method, each bound is violated; the repaired statement holds."""

from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.adaptive.diffgrad import measures
from gradproof.experiments.adaptive.diffgrad.instances import FROM_THE_END, Rounds
from gradproof.experiments.adaptive.diffgrad.methods import f2_gradient
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import cases, enclosed, rounded
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.periodic_regret import Optimiser, sigmoid
from gradproof.theory.adaptive import diffgrad as paper

F = Fraction


def friction_of_the_signed_change(change):
    """Without the absolute value the friction of a falling gradient is below one half."""
    return enclosed(lambda: sigmoid(ball(change))), {"adam": 1}


breaking(paper.FRICTION_RANGE, "friction", friction_of_the_signed_change, change=[F(-1)])


def doubled_friction(change):
    """2 sigma(|g_t - g_{t-1}|) in the place of sigma: the step is longer than Adam's wherever the gradient changes."""
    return enclosed(lambda: 2 * sigmoid(ball(change))), {"adam": 1}


breaking(paper.SHORTER_THAN_ADAM, "friction", doubled_friction, change=[F(1)])


def second_moment_not_corrected(beta1, beta2):
    r"""At the first step $m_1/(1 - \beta_1)$ over $\sqrt{v_1}$ is $1/\sqrt{1 - \beta_2}$ times the sign of the gradient."""
    return measures.step_in_balls([F(10)], beta1, beta2, corrected=False)


FIRST = {"alpha": 1, "beta1": F(9, 10), "beta2": F(999, 1000), "t": 1}
breaking(paper.STEP_BOUND, "bias_correction", second_moment_not_corrected, **FIRST)


def step_with_a_ratio_above_one(beta1, beta2):
    r"""$\beta = (0.9, 0.7)$, where $\beta_1^2/\beta_2 > 1$: step 100 passes the bound of any $q < 1$ put in its place."""
    return measures.step_in_balls(measures.extremal_gradients(beta1, beta2, 100), beta1, beta2)


STEEP = {"alpha": 1, "beta1": F(9, 10), "beta2": F(7, 10), "q": F(9999, 10000)}
breaking(paper.STEP_BOUND_UNIFORM, "ratio", step_with_a_ratio_above_one, **STEEP)

# Adam, with xi = 1, is stable half as far
breaking(paper.LOCAL_STABILITY, "friction", measures.boundary_by_jury, beta1=[F(0), F(9, 10)], xi=F(1))

# --- regret ------------------------------------------------------------------------------------------------------------

# Adam on the same losses stays below the published bound
breaking(paper.PAPER_REGRET, "friction", measures.regret_in_balls, measures.ROUNDS.let(friction=lambda: False))
ADAM = cases(rounds={"from the end": FROM_THE_END}, variant="adam")
breaking(paper.PAPER_REGRET, "friction", measures.regret_of_a_run, ADAM)

_CYCLE: dict[str, Any] = {"a": 1, "b": F(19, 10), "beta2": F(999, 1000), "start": -1}
_BROKEN: dict[str, dict[str, Any]] = {
    "best_is_left": {"b": F(5, 2), "start": 1},  # the best point is 1, and diffGrad goes there
    "negative_drift": {"beta2": F(1, 3)},  # a short memory turns the drift, although sigma(a+b)(b-a) > a/2
    "friction": {"friction": False},  # Adam goes to the right end
    "vanishing_momentum": {"beta1": F(9, 10)},  # constant momentum averages the cycle
}
for _name, _change in _BROKEN.items():
    breaking(paper.REGRET_REFUTED, _name, measures.limit_of_the_average, run=[_CYCLE | _change])

USUAL, LONG = "the usual telescoping sum in the place of the positive parts", Optimiser(beta2=F(9, 10))
SUMMED = cases(rounds={"7500": Rounds(FROM_THE_END.cycle, 1, 7500, LONG)}, telescoped=True)
replacing(paper.REGRET_MASTER, USUAL, measures.regret_on_cycles, SUMMED)
# gradients of 1, then of -1 with a tenth of the step, from far outside [-1, 1]
FREE = cases(eta=[[F(1)] * 50 + [F(1, 10)] * 50], g=[[F(1)] * 50 + [F(-1)] * 50], x=F(0), radius=F(100))
breaking(paper.REGRET_MASTER, "projected", measures.regret_in_rationals, FREE)

# ten gradients of 1, ten of -1, and again: momentum of 0.9 lags behind
BEHIND = cases(eta=[[F(1, 2)] * 200], g=[([F(1)] * 10 + [F(-1)] * 10) * 10], x=F(0), momentum=F(9, 10))
breaking(paper.REGRET_MASTER, "no_momentum", measures.regret_in_rationals, BEHIND)

# --- the published implementation, and the synthetic functions ---------------------------------------------------------

# with a copy in the buffer
breaking(paper.ALIASING_BUG, "by_reference", measures.one_buffer, by_reference=False)


def published_gradient(x):
    r"""$x \cos 8x + \sin 8x + 3x^2$ is not the derivative."""
    return rounded(float(f2_gradient(np.asarray(float(x)), factor=1)), 64, size=4.0)


PLACES = [F(-4, 5), F(-3, 10), F(1, 2)]
replacing(paper.SYNTHETIC_FUNCTIONS, "the published notebook's gradient", published_gradient, x=PLACES)
# left of the jump the slope is -40
breaking(paper.SYNTHETIC_FUNCTIONS, "right_branch", measures.difference_in_balls, x=[F(-1)])
