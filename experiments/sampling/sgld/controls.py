"""Controls: each gives up one assumption, or takes another method, and the claim must fail."""

from fractions import Fraction

import numpy as np

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, cases, instead
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.experiments.sampling.sgld import measures
from gradproof.experiments.sampling.sgld.measures import MEANS, Found
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.enumeration import mean_step
from gradproof.theory.sampling import sgld as paper

F = Fraction


def mean_among(t: int, among: int) -> Found:
    r"""$\mathbb E\theta_t - \theta^*$ from $\theta^*$ with indices from the first samples of four only."""
    problem = data.rational(4, 1)
    gamma, mean = data.window(problem), data.exactly([0])
    for _ in range(t):
        mean = mean_step(problem, mean, gamma, 1, among=among)
    return mean[0], {"gamma": gamma, "h": problem.H[0, 0]}


breaking(paper.MEAN, "uniform_indices", mean_among, t=5, delta0=0, among=2)

ON_A_LINE, OF_ROWS = cases(method="sgldfp", gamma=0.05, away=0.5), cases(method="sgldfp", gamma=F(1, 9), away=1)
breaking(paper.STATIONARITY, "anchor_at_mode", measures.gradient_on_the_line, ON_A_LINE)
breaking(paper.STATIONARITY, "anchor_at_mode", measures.gradient_of_a_regression, OF_ROWS)


def gradient_after(steps: int) -> Fraction:
    r"""$\mathbb E U'$ for $U = \theta^2$ after some steps of 1/10 from 1."""
    return 2 * (1 - F(2, 10)) ** steps


breaking(paper.STATIONARITY, "invariant", gradient_after, steps=3)


def trace_after(steps: int) -> Found:
    r"""$2\mathrm{tr}(HC)$ after some steps at $\gamma = 2\gamma_{\max} < 2/H$, where LMC settles; regression on 1, 0, 0, 3."""
    problem = gaussian.regression([[1], [0], [0], [3]], [1, 1, 0, 0])
    h, t = problem.H[0, 0], problem.T(data.exactly([[1]]))[0, 0]
    gamma, c = 2 * 2 * h / (h * h + t), F(0)
    gaussian.covariance(problem, gamma, "lmc")  # settles, or this raises
    for _ in range(steps):
        c = c - gamma * (2 * h * c - gamma * (h * h + t) * c) + gamma * (2 + gamma * problem.M()[0, 0])
    return 2 * h * c, measures.terms(problem, np.array([[c]]), gamma, "sgld", 1)


breaking(paper.COVARIANCE, "mean_square_stable", trace_after, steps=50)
APART = {"N": 4, "d": 1, "p": 2, "method": "sgld", "replacement": False}
breaking(paper.COVARIANCE, "uniform_indices", measures.trace_by_enumeration, **APART)


def trace_with_another_anchor(N: int, d: int) -> Found:
    r"""SGLDFP anchored at $\theta^* - (1, 1)$, its full gradient added: minibatch noise $H_i(\theta^* - a)$ comes back."""
    problem = data.rational(N, d)
    gamma = data.window(problem)
    anchored = gaussian.quadratic(problem.hessians, problem.hessians @ data.exactly([1] * d), problem.prior)
    c = {m: gaussian.covariance(problem, gamma, m).trace for m in ("sgld", "sgd")}
    return c["sgld"], {"c_fp": gaussian.covariance(anchored, gamma, "sgld").trace, "c_sgd": c["sgd"]}


breaking(paper.ADDITIVITY, "anchor_at_mode", trace_with_another_anchor, N=20, d=2)

replacing(paper.STABILITY, "the full gradient", measures.threshold, N=50, d=3, p=1, full=True)

SGLDFP = cases(problem={"sines": data.sines_regression}, method="sgldfp", share=0.1)
replacing(paper.LMC_EXACT, "SGLDFP, whose moments bound its distance from below", measures.distance_in_floats, SGLDFP)


def distance_after(gamma: Fraction, steps: int) -> Found:
    r"""$W_2^2$ to the posterior after some steps from $\theta^*$, $h = 1$."""
    c = F(0)
    for _ in range(steps):
        c = (1 - gamma) ** 2 * c + 2 * gamma
    return Enclosed(*gaussian.bures_between([[c]], [[F(1)]]), "rounding"), {"h_j": (F(1),)}


replacing(paper.LMC_EXACT, "five steps in the place of the limit", distance_after, gamma=F(19, 10), steps=5)

MANY = [{"N": 20, "p": 1}, {"N": 100, "p": 1}]
TURNS = cases(N=20, p=1, eta=F(1, 2), method="sgld", curvatures={"1/2 and 3/2": (F(1, 2), F(3, 2))})
breaking(paper.GAUSSIAN_MEAN, "equal_curvatures", measures.variance_of_a_mean, TURNS)
instead(
    paper.GAUSSIAN_MEAN, "SGLDFP beside SGLD's formula", measures.variance_of_a_mean,
    cases(size=MANY, eta=F(1, 2), method="sgldfp", told=True).guaranteeing(*MEANS), name="with_the_control_variate",
)  # fmt: skip
instead(
    paper.GAUSSIAN_MEAN, "SGLD beside SGLDFP's formula", measures.variance_of_a_mean,
    cases(size=MANY, eta=F(1, 2), method="sgld", told=False).guaranteeing(*MEANS), name="without_the_control_variate",
)  # fmt: skip

LONG = cases(gamma=F(3, 4), mu=1, L_h=4, curvatures={"4": (F(4),)})
breaking(paper.CONTRACTION, "step_size", measures.factor_on_the_line, LONG)
BENT = cases(gamma=F(1, 3), mu=1, L_h=4, curvatures={"-2, 4": (F(-2), F(4))})
breaking(paper.CONTRACTION, "convex_minibatches", measures.factor_on_the_line, BENT)

breaking(paper.BIAS, "concentrating", measures.bias_of_the_mean, at=measures.BENT[:1], N=1.0, limit=False)
