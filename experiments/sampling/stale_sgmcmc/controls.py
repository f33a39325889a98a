"""Controls: each gives up one assumption, or takes another method, and the claim must fail."""

from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Bracket, Enclosed, Holds, Sample, cases, rounded
from gradproof.experiments.sampling.stale_sgmcmc import measures
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.delay import Delay, impulse
from gradproof.theory.sampling import stale_sgmcmc as paper

F = Fraction


def exponent_at_fixed_delay_in_time(product: float, tau: int) -> Enclosed:
    r"""$\tau h$ is kept while $h$ is halved: the bias hardly shrinks."""
    coarse, fine = (Delay(1, F(product) / t, t).variance - 1 for t in (tau, 2 * tau))
    return rounded(float(np.log2(float(coarse / fine))), 4, 1.0)


breaking(paper.ORDERS, "small_steps", exponent_at_fixed_delay_in_time, product=0.75, tau=20, power=1)


def stable_in_turn(tau: int, a: Fraction) -> Holds:
    r"""Ages 0 and $\tau$ in turn: whether $\mathbb E x^2$ settles, in rationals."""
    gaussian.cyclic_delay(1, a, (0, tau))  # raises where it does not
    return Holds(True, at=a)


breaking(paper.STABILITY, "fixed_staleness", stable_in_turn, tau=4, a=F(9, 25))


def threshold_of_fresh_gradients() -> Bracket:
    r"""The threshold of $\tau = 0$, by rational bisection."""
    return measures.threshold(0)


replacing(paper.STABILITY, "fresh gradients", threshold_of_fresh_gradients, tau=4)


def second_moment_after(h: Fraction, tau: int, steps: int) -> Fraction:
    r"""$\mathbb E x^2$ after some steps from 0, $\lambda = 1$: impulse responses in rationals."""
    return 2 * h * sum(g * g for g in impulse(h, tau, steps))


breaking(paper.VARIANCE, "stable", second_moment_after, lam=1, h=F(9, 25), tau=4, sigma=0, steps=500)


def variance_with_frozen_noise(lam: Fraction, h: Fraction, tau: int, sigma: Fraction) -> Fraction:
    r"""The noise of the gradient is drawn once: the mean moves to $\sigma\xi/\lambda$, which adds $\sigma^2/\lambda^2$."""
    return Delay(lam, h, tau).variance + (sigma / lam) ** 2


breaking(paper.VARIANCE, "independent_noise", variance_with_frozen_noise, lam=F(1), h=F(1, 10), tau=2, sigma=F(2))


def bias_over_step(h: Fraction, tau: int) -> Fraction:
    r"""$(\mathbb E x^2 - 1)/h$ in rationals."""
    return (Delay(1, h, tau).variance - 1) / h


breaking(paper.BIAS, "small_steps", bias_over_step, h=F(1, 10), tau=8, mean_tau=8)
OLD = {"h": F(1, 100), "tau": 10, "mean_tau": 0}
replacing(paper.BIAS, "gradients ten steps old, of which the formula is not told", bias_over_step, **OLD)


def the_farthest_is_late(h: float, n: int, rng: Any) -> Sample:
    r"""Of three chains the one farthest out gets a gradient of age 6: the mean is 2; the bias is that of a larger age."""
    history = rng.standard_normal((7, n, 3))
    for _ in range(120):
        size = np.abs(history[0])
        late = size == size.max(axis=1, keepdims=True)
        x = history[0] - h * np.where(late, history[6], history[0]) + np.sqrt(2 * h) * rng.standard_normal((n, 3))
        history = np.concatenate([x[None], history[:6]])
    return Sample(((history[0] ** 2).mean(axis=1) - 1) / h, at_least=-1 / h)


breaking(paper.BIAS, "independent_staleness", the_farthest_is_late, h=0.05, n=20_000, mean_tau=2.0)

SQUARES = cases(lam=F(1), h=F(1, 10), tau=[0, 8], power=2)
breaking(paper.INDEPENDENT, "linear_test_function", measures.long_run_variance, SQUARES)
breaking(paper.TRANSIENT, "constant_history", measures.sum_of_means, lam=1, h=F(1, 10), tau=3, x0=1, before=0)


def variance_of_averaged_gradients(lam: Fraction, h: Fraction) -> Fraction:
    r"""All workers wait for the slowest, and their gradients make one fresh update a round: $R\,\mathrm{Var}(\hat x)$."""
    return Delay(lam, h, 0).long_run(1)


breaking(paper.SPEEDUP, "round_robin", variance_of_averaged_gradients, lam=F(1), h=F(1, 10), P=4, S=1)


def variance_of_copies(lam: Fraction, h: Fraction, P: int) -> Fraction:
    r"""All servers draw the same noise: their mean is one chain."""
    return Delay(lam, h, P - 1).long_run(1) / P


breaking(paper.SPEEDUP, "independent_servers", variance_of_copies, lam=F(1), h=F(1, 10), P=2, S=3)


def on_the_way(h: Fraction, tau: int, steps: int) -> tuple[Fraction, dict[str, Fraction]]:
    r"""$\mathbb E x^2$ some steps after 0, $\lambda = 1$."""
    g = impulse(h, tau, steps)
    moved = sum((x - y) ** 2 for x, y in zip(g, [0] * tau + g, strict=False))
    return 2 * h * sum(x * x for x in g), {"D2": 2 * h * moved}


breaking(paper.BALANCE, "settled", on_the_way, lam=1, sigma=0, h=F(1, 10), tau=2, steps=5)


def error_at_a_step(h: Fraction, tau: int, c: Fraction) -> Fraction:
    r"""$\mathrm{MSE}/h^2$ in rationals, stationary start."""
    law = Delay(1, h, tau)
    return ((law.variance - 1) ** 2 + law.average_variance(int(c / h**3), 2)) / h**2


breaking(paper.MSE, "small_steps", error_at_a_step, h=F(1, 5), tau=2, c=F(4, 25))
breaking(paper.OPTIMAL, "round_robin", measures.least_error, Q=3, h=F(1, 100), shared=False)
