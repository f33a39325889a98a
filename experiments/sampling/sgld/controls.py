"""Controls: each gives up one assumption, and the claim must fail."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from gradproof.experiments.engine.check import Context, Evidence, control
from gradproof.experiments.sampling.sgld import exact
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.moments import EPS
from gradproof.theory.evidence import Measurement, Relation
from gradproof.theory.sampling import sgld as paper


@control(paper.MEAN, drops="uniform_indices")
def only_some_samples(ctx: Context) -> Iterator[Evidence]:
    """Indices from the first two samples of four only: the mean drifts away from theta*."""
    problem = data.rational(4, 1)
    gamma, mean = data.window(problem), np.array([Fraction(0)], dtype=object)
    for _ in range(5):
        mean = data.mean_step(problem, mean, gamma, 1, among=2)
    yield Measurement(measured=mean[0], bound=ctx.claim.bound(gamma=gamma, h=problem.H[0, 0], t=5, delta0=0))


@control(paper.STATIONARITY, drops="anchor_at_mode")
def anchor_elsewhere_on_the_line(ctx: Context) -> Iterator[Evidence]:
    """SGLDFP with the control variate at theta* + 1/2, its own gradient left out: E U' is the gradient there."""
    bent = data.bent(3.0, 1.0)
    anchor = data.minimiser(bent) + 0.5
    halves = [lambda x: 2 * (bent(x) - x) + x, lambda x: x]
    shifted = [lambda x, f=f: f(x) - float(f(np.float64(anchor))) for f in halves]
    ((value, error),) = gaussian.langevin_on_the_line(shifted, 0.05, [bent], centre=0.0, reach=9.0)
    yield Measurement(measured=value, bound=ctx.claim.bound(), error=error, error_source="two grids")


@control(paper.STATIONARITY, drops="invariant")
def three_steps_from_afar(ctx: Context) -> Iterator[Evidence]:
    """U = theta^2, three steps of gamma = 1/10 from 1: E U' has not vanished yet."""
    yield Measurement(measured=2 * (1 - Fraction(2, 10)) ** 3, bound=ctx.claim.bound())


@control(paper.COVARIANCE, drops="mean_square_stable")
def between_the_thresholds(ctx: Context) -> Iterator[Evidence]:
    """gamma = 2 gamma_max is below 2/lambda_max(H): LMC settles, SGLD's second moment after 200 steps does not balance."""
    X, y = data.sines()
    problem = gaussian.regression(X, y)
    gamma = 2 * gaussian.threshold(problem).value
    gaussian.covariance(problem, gamma, "lmc")  # settles, or this raises
    A, Q = problem.drift_operator() - gamma * problem.noise_operator(), gamma * problem.M() + 2 * np.eye(3)
    vec = np.zeros(9)
    for _ in range(200):
        vec = vec - gamma * A @ vec + gamma * Q.ravel()
    C = vec.reshape(3, 3)
    measured = 2 * float(np.trace(problem.H @ C))
    bound = ctx.claim.bound(**exact.terms(problem, C, gamma, "sgld", 1))
    yield Measurement(measured=measured, bound=bound, error=1e-9 * measured, error_source="rounding")


@control(paper.COVARIANCE, drops="uniform_indices")
def without_replacement(ctx: Context) -> Iterator[Evidence]:
    """Two different indices a step have less noise: the second moment settles elsewhere."""
    problem = data.rational(4, 1)
    gamma = data.window(problem, 2)
    C = gaussian.covariance(problem, gamma, "sgld", 2).matrix
    after = data.one_step(problem, C, gamma, "sgld", 2, replacement=False)
    bound = ctx.claim.bound(**exact.terms(problem, C, gamma, "sgld", 2))
    # one step changes C by gamma (claimed - 2 tr HC): what 2 tr(HC) would have to be
    yield Measurement(measured=2 * np.trace(problem.H @ C) + np.trace(after - C) / gamma, bound=bound)


@control(paper.ADDITIVITY, drops="anchor_at_mode")
def anchor_elsewhere(ctx: Context) -> Iterator[Evidence]:
    """SGLDFP anchored at theta* - (1, 1) with its full gradient added back: additive noise returns, the sum does not hold."""
    problem = data.rational(20, 2)
    gamma = data.window(problem)
    one = np.array([Fraction(1), Fraction(1)], dtype=object)
    # minibatch noise of the correction at theta*: H_i (theta* - a) in place of g_i
    anchored = gaussian.quadratic(problem.hessians, problem.hessians @ one, problem.prior)
    c = {m: gaussian.covariance(problem, gamma, m).trace for m in ("sgld", "sgd")}
    c_fp = gaussian.covariance(anchored, gamma, "sgld").trace
    yield Measurement(measured=c["sgld"], bound=ctx.claim.bound(c_fp=c_fp, c_sgd=c["sgd"]))


@control(paper.STABILITY, drops="the minibatch: the threshold of the full gradient")
def threshold_of_the_full_gradient(ctx: Context) -> Iterator[Evidence]:
    """Without T the generalised eigenvalue is lambda_max(H)/2, and its inverse is no threshold of SGLD."""
    X, y = data.sines()
    problem = gaussian.regression(X, y)
    found = gaussian.threshold(problem)
    bound = ctx.claim.bound(lam=float(np.linalg.eigvalsh(problem.H)[-1]) / 2)
    yield Measurement(measured=found.value, bound=bound, error=found.error, error_source="solver gap")


@control(paper.LMC_EXACT, drops="the full gradient: SGLDFP's law in place of LMC's")
def minibatches_in_place_of_the_full_gradient(ctx: Context) -> Iterator[Evidence]:
    """Gelbrich's lower bound of SGLDFP's distance to the posterior is above LMC's distance."""
    X, y = data.sines()
    problem = gaussian.regression(X, y)
    gamma = gaussian.threshold(problem).value / 4
    fp = gaussian.covariance(problem, gamma, "sgldfp").matrix
    low, error = gaussian.bures(fp, exact.posterior(problem).matrix)
    bound = ctx.claim.bound(gamma=gamma, h_j=np.linalg.eigvalsh(problem.H).tolist())
    yield Measurement(measured=low, bound=bound, error=error, error_source="rounding", relation=Relation.LE)


@control(paper.LMC_EXACT, drops="the invariant law: the one after five steps")
def five_steps(ctx: Context) -> Iterator[Evidence]:
    """h = 1, gamma = 1.9, five steps from theta*: the law is not near its limit. (Past gamma h = 2 there is none.)"""
    gamma, h, c = Fraction(19, 10), 1, Fraction(0)
    for _ in range(5):
        c = (1 - gamma * h) ** 2 * c + 2 * gamma
    low, high = gaussian.bures_between([[c]], [[Fraction(1, h)]])
    bound = ctx.claim.bound(gamma=gamma, h_j=[h])
    yield Measurement(measured=(low + high) / 2, bound=bound, error=(high - low) / 2, error_source="ball arithmetic")


@control(paper.GAUSSIAN_MEAN, drops="equal_curvatures")
def unequal_curvatures(ctx: Context) -> Iterator[Evidence]:
    """Curvatures 1/2 and 3/2 in turn, their mean 1: multiplicative noise appears, and the variance is larger."""
    N, eta = 20, Fraction(1, 2)
    hessians = np.empty((N, 1, 1), dtype=object)
    hessians[:, 0, 0] = [Fraction(1 + 2 * (i % 2), 2) for i in range(N)]
    problem = gaussian.quadratic(hessians, exact.mean_of(N).gradients)
    s2 = sum(g * g for g in problem.gradients[:, 0]) / N
    measured = gaussian.covariance(problem, eta / N, "sgld").trace
    yield Measurement(measured=measured, bound=ctx.claim.bound(N=N, eta=eta, p=1, s2=s2))


@control(paper.GAUSSIAN_MEAN, drops="the control variate, kept: SGLDFP has no additive noise")
def with_the_control_variate(ctx: Context) -> Iterator[Evidence]:
    """SGLDFP's variance falls with N: at N = 100 and 1000 it is far below what SGLD's is claimed to be."""
    eta = Fraction(1, 2)
    for N in (100, 1000):
        problem = exact.mean_of(N)
        s2 = sum(g * g for g in problem.gradients[:, 0]) / N
        measured = gaussian.covariance(problem, eta / N, "sgldfp").trace
        yield Measurement(measured=measured, bound=ctx.claim.bound(N=N, eta=eta, p=1, s2=s2), parameters={"N": N})


@control(paper.GAUSSIAN_MEAN, drops="the control variate: SGLD in place of SGLDFP")
def without_the_control_variate(ctx: Context) -> Iterator[Evidence]:
    """SGLD's variance beside that of SGLDFP (no additive noise), N = 100 and 1000: too large by a factor that grows as N."""
    eta = Fraction(1, 2)
    for N in (100, 1000):
        measured = gaussian.covariance(exact.mean_of(N), eta / N, "sgld").trace
        bound = (N // 20) * ctx.claim.bound(N=N, eta=eta, p=1, s2=0)
        yield Measurement(measured=measured, bound=bound, relation=Relation.LE, parameters={"N": N})


@control(paper.CONTRACTION, drops="step_size")
def long_steps(ctx: Context) -> Iterator[Evidence]:
    """Curvature 4, which is 1-strongly convex, gamma = 3/4 > 2/L: the factor exceeds the bound."""
    gamma = Fraction(3, 4)
    measured = (1 - 4 * gamma) ** 2
    yield Measurement(measured=measured, bound=ctx.claim.bound(gamma=gamma, mu=1, L_h=4, drop=["step_size"]))


@control(paper.CONTRACTION, drops="convex_minibatches")
def concave_minibatches(ctx: Context) -> Iterator[Evidence]:
    """Curvatures -2 and 4, mu = 1: 4-smooth, but a concave minibatch; at gamma = 1/3 the bound fails."""
    gamma = Fraction(1, 3)
    factor = ((1 + 2 * gamma) ** 2 + (1 - 4 * gamma) ** 2) / 2
    yield Measurement(measured=factor, bound=ctx.claim.bound(gamma=gamma, mu=1, L_h=4))


@control(paper.BIAS, drops="concentrating")
def few_samples(ctx: Context) -> Iterator[Evidence]:
    """N = 1: the law is not concentrated, and the first-order term is off by a tenth of it or more."""
    gradient = data.bent(3.0, 1.0)
    at = data.minimiser(gradient)
    s = 1 / (1 + np.exp(1.0 - 3 * at))
    value, error = exact.scaled_bias(gradient, at, 0.2, 1)
    bound = ctx.claim.bound(u2=float(1 + 9 * s * (1 - s)), u3=float(27 * s * (1 - s) * (1 - 2 * s)), eta=0.2)
    yield Measurement(measured=value, bound=bound, error=error + 1e3 * EPS, error_source="two grids")
