"""Controls: with an assumption given up, or another method, each bound is violated."""

from fractions import Fraction
from functools import partial

import flint
import numpy as np

from gradproof.experiments.adaptive.class_imbalance import measures, training
from gradproof.experiments.adaptive.class_imbalance.instances import SHARED
from gradproof.experiments.adaptive.class_imbalance.methods import bias_only, sign_descent, softmax, zeros, zipf
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, around, cases, enclosed, rounded
from gradproof.experiments.engine.run import run
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.separable_ode import loss_between
from gradproof.theory.adaptive import class_imbalance as paper

F = Fraction

# --- gradient flow -----------------------------------------------------------------------------------------------------

# from the margins 1 and -1 the flow conserves another constant
breaking(paper.GF_CONSERVATION, "zero_start", measures.psi_between_euler_sums, c=10, pi=1, t=F(1), start=[1, -1])


def time_of_sign_descent(c, eps):
    r"""Sign descent takes $\log((c-1)/(e^\varepsilon-1))/2$, whatever the frequency."""
    return enclosed(lambda: ((c - 1) / (ball(F(eps)).exp() - 1)).log() / 2)


breaking(paper.TIME_TO_LOSS, "gradient_flow", time_of_sign_descent, c=100, pi=[0.1, 0.01], eps=0.1)


def time_with_equal_frequencies(c, eps):
    """With equal frequencies the order of the classes disappears: all reach the loss at one time."""
    return measures.time_by_quadrature(c, F(1, c), eps)


ENDS = cases(c=10, eps=0.5, pi=[float(zipf(10)[0]), float(zipf(10)[-1])])
replacing(paper.TIME_TO_LOSS, "equal frequencies in the place of Zipf's", time_with_equal_frequencies, ENDS)


def loss_from_the_wrong_class(c, t, start):
    """From the margin -5 the loss at pi_k t = 1 is above the upper bound, from 5 below the lower."""
    return Enclosed(*loss_between(c - 1, measures.margin_between(c, F(t), start)), "truncation")


breaking(paper.GF_UPPER, "zero_start", loss_from_the_wrong_class, c=10, pi=1.0, t=1.0, start=-5)

breaking(paper.GF_LOWER, "zero_start", loss_from_the_wrong_class, c=10, pi=1.0, t=1.0, start=5)


def loss_of_sign_descent(c, t):
    """The loss of sign descent is below the bound of the flow, the more so for rare classes."""
    return enclosed(lambda: ((c - 1) * (-2 * ball(F(t))).exp()).log1p())


breaking(paper.GF_LOWER, "gradient_flow", loss_of_sign_descent, c=10, pi=[0.5, 0.01], t=5.0)
ALL = cases(c=1000, pi={"Zipf's": zipf(1000).tolist()}, t=[10.0, 20.0])
breaking(paper.ZIPF_AVERAGE, "gradient_flow", loss_of_sign_descent, ALL)

# --- sign descent ------------------------------------------------------------------------------------------------------


def shared_input(steps):
    """Logits after steps of 1/8 of sign descent with one input for all classes, exact multiples of 1/8."""
    method = sign_descent(bias_only(SHARED), 1 / 8)
    return run(method, zeros(4, 1), steps, record={"W": lambda s: s.x[..., 0]}, at=[steps]).W.values[0, 0, -1]


def loss_with_a_shared_input(steps):
    """A bias alone: gradients change their signs, and the loss of the rarest class stalls instead of falling as e^-2t."""
    return rounded(float(-np.log(softmax(shared_input(steps)[:, None])[3, 0])), 64)


def margin_with_a_shared_input(n):
    r"""With one shared input the margin of the first class over the last stays near $\log(\pi_1/\pi_4)$."""
    b = shared_input(n)
    return around(float(b[0] - b[3]), 0.0)


GIVEN = ("zero_start", "positive_frequencies")
breaking(paper.SIGN_FLOW, "one_hot", loss_with_a_shared_input, c=4, steps=400, t=50)
breaking(paper.SIGN_DESCENT, "one_hot", margin_with_a_shared_input, eta=F(1, 8), n=400)


def loss_of_an_unseen_class(pi, t):
    """sign(0) = 0: a class with frequency 0 stays at log c."""
    *_, last = measures.loss_after_exact_signs(t, pi)
    return last


def margin_of_an_unseen_class(eta, n, pi):
    """The margins of a class with frequency 0 stay at zero."""
    *_, (last, _) = measures.margins_in_rationals(eta, n, pi)
    return last


UNSEEN = cases(pi={"1/2, 1/2, 0": [F(1, 2), F(1, 2), F(0)]}, c=3, t=F(1), eta=F(1, 20), n=10)
for _claim, _function in ((paper.SIGN_FLOW, loss_of_an_unseen_class), (paper.SIGN_DESCENT, margin_of_an_unseen_class)):
    breaking(_claim, "positive_frequencies", _function, UNSEEN)

AHEAD = cases(pi=[measures.FREQUENCIES], c=3, t=F(1), eta=F(1, 20), n=10, start=1)
breaking(paper.SIGN_FLOW, "zero_start", measures.loss_after_exact_signs, AHEAD)
breaking(paper.SIGN_DESCENT, "zero_start", measures.margins_in_rationals, AHEAD)


def rate_with_the_number_of_classes(c, t):
    r"""$\log(1 + (c-1)e^{-ct})$ at $c = 3$, $t = 1$ is 0.0949, not 0.2395."""
    return enclosed(lambda: ((c - 1) * (-c * flint.arb(t)).exp()).log1p())


replacing(paper.SIGN_FLOW, "exp(-c t) in the place of exp(-2t)", rate_with_the_number_of_classes, c=3, t=1)

breaking(
    paper.SIGN_TIME,
    "zero_start",
    measures.time_of_exact_signs,
    c=3,
    eps=F(1, 10),
    k=0,
    pi=[measures.FREQUENCIES],
    start=1,
)


def time_of_an_unseen_class(pi, eps):
    """A class with frequency 0 has not reached the loss at the time 8."""
    return measures.time_of_exact_signs(eps, len(pi) - 1, pi)


breaking(paper.SIGN_TIME, "positive_frequencies", time_of_an_unseen_class, UNSEEN.let(eps=lambda: F(1, 10)))
replacing(paper.SIGN_TIME, "gradient flow in the place of signs", measures.time_by_quadrature, c=3, pi=0.5, eps=0.1)

# --- gradient descent, and the Hessian ---------------------------------------------------------------------------------

# a head start, and a late one
for _claim, _start in ((paper.GD_UPPER, 3), (paper.GD_LOWER, -3)):
    breaking(_claim, "zero_start", measures.psi_of_the_recursion, c=10, pi=1, eta=F(1, 10), n=1, start=_start)

_HITS = cases(c=5, pi=F(1, 2), eta=F(1, 5), n=8)
breaking(paper.SGD_LOWER, "unbiased", measures.mean_psi_over_all_batches, _HITS.let(drawn=lambda: F(1, 4)))
breaking(paper.SGD_LOWER, "zero_start", measures.mean_psi_over_all_batches, _HITS.let(start=lambda: -3))


def curvature_of_a_shared_input(eta):
    """With one shared input and two equal classes the curvature is 1/2, twice the claimed constant."""
    pi, b = np.array([0.5, 0.5]), np.array([0.1, -0.1])
    g = softmax(b[:, None])[:, 0] - pi
    before, after = (float(-pi @ np.log(softmax(v[:, None])[:, 0])) for v in (b, b - eta * g))
    return rounded(after, 16), {"loss": before, "pi_max": 0.5, "grad2": float(g @ g)}


breaking(paper.GD_DESCENT, "one_hot", curvature_of_a_shared_input, eta=2.0)


def eigenvalue_after_some_training(pi):
    r"""At the margin 2 the block of two classes has the eigenvalue $2\pi p(1 - p)$, below $\pi/2$."""
    return enclosed(lambda: 2 * ball(pi) * flint.arb(2).exp() / (1 + flint.arb(2).exp()) ** 2)


breaking(paper.HESSIAN, "at_zero", eigenvalue_after_some_training, c=2, pi=[F(9, 10), F(1, 10)])

# with equal frequencies no class is behind, and the slow method is as even as the quick one
EVEN = cases(problem={"equal digits": partial(training.rare_digits, equal=True)}, method=["adam", "sign"])
breaking(paper.RARE_CLASSES, "heavy_tailed", measures.ratio_of_linear_models, EVEN)
