"""Controls: each gives up one assumption, and the claim must fail."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from gradproof.experiments.engine.check import Context, Evidence, control
from gradproof.experiments.sampling._sampled import sample_mean
from gradproof.experiments.sampling.stale_sgmcmc.exact import decimals
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian import Delay
from gradproof.solvers.gaussian.delay import companion
from gradproof.solvers.gaussian.moments import identity, solve
from gradproof.theory.evidence import Measurement, Relation
from gradproof.theory.sampling import stale_sgmcmc as paper

F = Fraction


@control(paper.ORDERS, drops="small_steps")
def staleness_that_grows_as_the_step_shrinks(ctx: Context) -> Iterator[Evidence]:
    """tau h = 3/4 while h is halved: the bias hardly shrinks, its exponent in h is near 0."""
    coarse, fine = (float(Delay(1.0, 0.75 / tau, tau).variance) - 1 for tau in (20, 40))
    yield Measurement(measured=float(np.log2(coarse / fine)), bound=ctx.claim.bound(power=1))


@control(paper.STABILITY, drops="fixed_staleness: the threshold of fresh gradients")
def threshold_of_fresh_gradients(ctx: Context) -> Iterator[Evidence]:
    """tau = 4, a = 9/25: stable with fresh gradients (a < 2), but E x^2 grows with stale ones."""
    a, size = F(9, 25), 1.0
    if gaussian.is_stable(a, 0) and not gaussian.is_stable(a, 4):
        history = [1.0] * 5
        for _ in range(2000):
            history.append(history[-1] - float(a) * history[-5])
        size = abs(history[-1])
    yield Measurement(measured=size, bound=1, relation=Relation.LE, what="|x| after 2000 steps from 1")
    yield Measurement(measured=gaussian.critical(4)[1], bound=decimals(ctx.claim.bound(tau=0))[0])


@control(paper.VARIANCE, drops="stable")
def past_the_threshold(ctx: Context) -> Iterator[Evidence]:
    """tau = 4, h lam = 9/25 > 0.3473: the formula gives a number, but the second moment grows without end."""
    h = F(9, 25)
    A, Q, S = companion(float(h), 4, 5), np.zeros((5, 5)), np.zeros((5, 5))
    Q[0, 0] = 2 * float(h)
    for _ in range(500):
        S = A @ S @ A.T + Q
    bound = float(ctx.claim.bound(lam=1, h=h, tau=4, sigma=0, drop=["stable"]))
    yield Measurement(measured=float(S[0, 0]), bound=bound, error=1e-9 * float(S[0, 0]), error_source="rounding")


@control(paper.VARIANCE, drops="independent_noise")
def the_noise_left_out(ctx: Context) -> Iterator[Evidence]:
    """Gradient noise of variance 4 that the formula is not told of."""
    law = Delay(1, F(1, 10), 2, 2)
    bound, cut = decimals(ctx.claim.bound(lam=1, h=F(1, 10), tau=2, sigma=0))
    yield Measurement(measured=law.variance, bound=bound, error=cut, error_source="50 digits")


@control(paper.BIAS, drops="small_steps")
def a_step_of_a_tenth(ctx: Context) -> Iterator[Evidence]:
    """h = 1/10, tau = 8: half of the threshold, and the bias is more than twice its first-order term."""
    h = F(1, 10)
    yield Measurement(measured=(Delay(1, h, 8).variance - 1) / h, bound=ctx.claim.bound(mean_tau=8))


@control(paper.BIAS, drops="the staleness: a bias independent of tau")
def bias_without_staleness(ctx: Context) -> Iterator[Evidence]:
    """h = 1/100, tau = 10, beside the coefficient of fresh gradients."""
    h = F(1, 100)
    yield Measurement(measured=(Delay(1, h, 10).variance - 1) / h, bound=ctx.claim.bound(mean_tau=0))


@control(paper.BIAS, drops="independent_staleness")
def staleness_where_it_hurts(ctx: Context) -> Iterator[Evidence]:
    """Staleness 6 where |x| > 1, else 0: its mean is 1.9, but the bias is about that of staleness 5. 40000 chains."""
    h, n = 0.05, 40_000
    rng = ctx.rng()
    history = rng.standard_normal((7, n))
    for _ in range(120):
        late = np.abs(history[0]) > 1
        x = history[0] - h * np.where(late, history[6], history[0]) + np.sqrt(2 * h) * rng.standard_normal(n)
        history = np.concatenate([x[None], history[:6]])
    mean_tau = 6 * float((np.abs(history[0]) > 1).mean())
    yield sample_mean((history[0] ** 2 - 1) / h, ctx.claim.bound(mean_tau=mean_tau), seed=ctx.seed, more=0.1)


@control(paper.INDEPENDENT, drops="linear_test_function")
def squares_at_large_steps(ctx: Context) -> Iterator[Evidence]:
    """phi = x^2, h = 1/10: L h Var at tau = 8 is 8.4 times that at tau = 0 (L = 2000): not independent of tau."""
    fresh, stale = (float(Delay(1.0, 0.1, tau).average_variance(2000, 2)) for tau in (0, 8))
    yield Measurement(measured=stale, bound=fresh, relation=Relation.EQ, error=1e-9 * stale, error_source="rounding")
    yield Measurement(measured=Delay(1, F(1, 10), 8).long_run(2), bound=ctx.claim.bound(lam=1, h=F(1, 10)))


@control(paper.TRANSIENT, drops="constant_history")
def a_history_of_zeros(ctx: Context) -> Iterator[Evidence]:
    """x_0 = 1 and zeros before: the sum is 1/a, not 1/a - tau."""
    a, tau = F(1, 10), 3
    A = companion(a, tau, tau + 1)
    start = np.array([F(1), F(0), F(0), F(0)], dtype=object)
    total, _ = solve(identity(tau + 1, A) - A, start)
    yield Measurement(measured=total[0], bound=ctx.claim.bound(lam=1, h=a, tau=tau, x0=1))


@control(paper.SPEEDUP, drops="round_robin: all workers wait for the slowest")
def averaged_gradients(ctx: Context) -> Iterator[Evidence]:
    """P = 4 workers whose gradients are averaged into one fresh update a round: no speed-up of R Var at equal h."""
    h = F(1, 10)
    yield Measurement(measured=Delay(1, h, 0).long_run(1), bound=ctx.claim.bound(lam=1, h=h, P=4))
