"""One step of SGD on tensors, exactly: moments and transforms from the tensors entry by entry, and steps that were taken."""

from fractions import Fraction as F
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Sample, cases, enclosed, instead, measure
from gradproof.experiments.limits.sgd_limits.instances import UNITS, XS, one_step, squared
from gradproof.experiments.limits.sgd_limits.methods import tensor_sgd
from gradproof.solvers import spiked_tensor
from gradproof.theory.limits import sgd_limits as paper

TENSOR, NOISE, ONLINE = "spiked_tensor", "iid_gaussian_tensor_noise", "online_sgd"
ALL = (TENSOR, NOISE, ONLINE)
STEPS = cases(x=XS, k=[1, 2, 3], lam=[F(3, 2)], delta=[F(1, 7), F(1, 50)])
ONE_X = {"short": XS["short"]}
FOUR = {"four": XS["four"], "far": (F(1), F(1, 3), F(1, 2), F(0))}  # sqrt(n) = 2

# --- mean and covariance -------------------------------------------------------------------------------------------------


@measure(
    paper.TENSOR_NOISE,
    cases(x=XS, k=[1, 2, 3, 4], turn=["first", "turned"])
    .where(lambda x, k: len(x) ** k < 200)
    .let(e=lambda x, turn: UNITS[len(x)][turn])
    .guaranteeing(TENSOR, NOISE, "unit_direction"),
)
def noise_along(x, k, e, symmetric=False):
    r"""$\mathbb E\langle\nabla H, e\rangle^2$ from the map of the tensor's entries to the gradient."""
    V = spiked_tensor.noise_covariance(x, k, symmetric=symmetric)
    along = sum(a * b * V[i][j] for i, a in enumerate(e) for j, b in enumerate(e))
    return along, {"R2": squared(x), "p": sum(a * b for a, b in zip(x, e, strict=True))}


SYMMETRIC = {"x": ONE_X, "k": 2, "symmetric": True}
breaking(paper.TENSOR_NOISE, NOISE, noise_along, e={"first": UNITS[3]["first"]}, **SYMMETRIC)
breaking(paper.TENSOR_NOISE, "unit_direction", noise_along, x=ONE_X, k=2, e={"long": (F(2), F(0), F(0))})


@measure(paper.CHAIN_MEAN, STEPS.guaranteeing(*ALL))
def step_of_the_overlap(x, k, lam, delta, more=0):
    r"""$\mathbb E[m^+ - m]/\delta$ from the tensors entry by entry; ``more``: slots than the claim says."""
    return one_step(x, k + more, lam, delta).overlap / delta, {"R2": squared(x), "m": x[0]}


breaking(paper.CHAIN_MEAN, TENSOR, step_of_the_overlap, x=ONE_X, k=2, lam=F(1), delta=F(1, 9), more=1)


@measure(paper.CHAIN_RADIUS, STEPS.guaranteeing(*ALL))
def step_of_the_radius(x, k, lam, delta, symmetric=False, batch=1):
    r"""$\mathbb E[(r^2)^+ - r^2]/\delta$ from the tensors entry by entry."""
    taken = one_step(x, k, lam, delta, symmetric, batch)
    return taken.radius / delta, {"n": len(x), "R2": squared(x), "r2": squared(x[1:])}


breaking(paper.CHAIN_RADIUS, NOISE, step_of_the_radius, lam=F(1), delta=F(1, 9), **SYMMETRIC)
breaking(paper.CHAIN_RADIUS, ONLINE, step_of_the_radius, x=ONE_X, k=2, lam=F(1), delta=F(1, 9), batch=2)


@measure(paper.BALLISTIC, cases(x=XS, k=[1, 2, 3], c=[F(1), F(2, 5)], power=1).guaranteeing(*ALL, "critical_step"))
def distance_from_the_limit(x, k, c, power, symmetric=False):
    r"""$\mathbb E[(r^2)^+ - r^2]/\delta$ at $\delta = c/n^{power}$, less the limit's."""
    n, R2, r2 = len(x), squared(x), squared(x[1:])
    delta = c / n**power
    drift = one_step(x, k, F(1), delta, symmetric).radius / delta
    return drift + 4 * k * R2 ** (k - 1) * (r2 - c), {"n": n, "R2": R2, "r2": r2}


breaking(paper.BALLISTIC, "critical_step", distance_from_the_limit, x=ONE_X, k=2, c=F(1), power=2)
breaking(paper.BALLISTIC, NOISE, distance_from_the_limit, c=F(1), power=1, **SYMMETRIC)

SCALED = cases(x=FOUR, k=[1, 2, 3], Lam=[F(1, 2), F(3)], power=F(1, 2)).guaranteeing(*ALL, "scaled_signal")


@measure(paper.DIFFUSIVE, SCALED)
@measure(paper.PUBLISHED, SCALED.where(lambda k: k == 3))
def step_of_the_rescaled_overlap(x, k, Lam, power):
    r"""$\mathbb E[u^+ - u]/\delta$ for $\lambda = \Lambda n^{(k-2) power}$, from the tensors entry by entry; $n = 4$."""
    lam = Lam * F(2) ** int(2 * power * (k - 2))
    return 2 * one_step(x, k, lam, F(1, 9)).overlap * 9, {"R2": squared(x), "u": 2 * x[0]}


breaking(paper.DIFFUSIVE, "scaled_signal", step_of_the_rescaled_overlap, x=FOUR, k=3, Lam=F(1), power=F(0))
instead(
    paper.PUBLISHED,
    "matrices, k = 2, of which it is right",
    step_of_the_rescaled_overlap,
    SCALED.where(lambda k: k == 2),
)


@measure(
    paper.DIFFUSIVE_NOISE, cases(x=FOUR, k=[1, 2, 3], c=[F(1), F(3, 7)], power=1).guaranteeing(*ALL, "critical_step")
)
def noise_of_the_rescaled_overlap(x, k, c, power, symmetric=False):
    r"""$n\,\mathrm{Var}(m^+)/\delta$ at $\delta = c/n^{power}$, from the tensors entry by entry."""
    n = len(x)
    delta = c / n**power
    spread = one_step(x, k, F(1), delta, symmetric).covariance[0][0]
    return n * spread / delta, {"n": n, "R2": squared(x), "u": 2 * x[0]}


breaking(paper.DIFFUSIVE_NOISE, "critical_step", noise_of_the_rescaled_overlap, x=FOUR, k=2, c=F(1), power=2)
breaking(paper.DIFFUSIVE_NOISE, NOISE, noise_of_the_rescaled_overlap, x=FOUR, k=2, c=F(1), power=1, symmetric=True)

# --- the law of a step -----------------------------------------------------------------------------------------------------

WHERE = {"sigma": F(1, 2), "tau": F(3, 4)}


@measure(
    paper.CLOSED_CHAIN,
    cases(x=XS, k=[1, 2, 3], lam=F(2), delta=F(1, 9), at=[WHERE]).guaranteeing(*ALL),
)
def transform_of_a_gaussian(x, k, lam, delta, sigma, tau, symmetric=False, batch=1):
    r"""$\det(I + 2CD)^{-1/2}\exp(-\mu'D(I + 2CD)^{-1}\mu)$, with the mean and covariance from the tensors entry by entry."""
    taken, n = one_step(x, k, lam, delta, symmetric, batch), len(x)
    weights = [sigma] + [tau] * (n - 1)

    def number(a: F) -> Any:
        return flint.fmpq(a.numerator, a.denominator)

    M = flint.fmpq_mat(
        [[number((i == j) + 2 * taken.covariance[i][j] * weights[j]) for j in range(n)] for i in range(n)]
    )
    solved = M.solve(flint.fmpq_mat(n, 1, [number(a) for a in taken.mean]))
    exponent, det = (
        sum(number(w * a) * solved[i, 0] for i, (w, a) in enumerate(zip(weights, taken.mean, strict=True))),
        M.det(),
    )
    given = {"n": n, "m": x[0], "r2": squared(x[1:])}
    return enclosed(lambda: (-flint.arb(exponent)).exp() / flint.arb(det).sqrt()), given


breaking(paper.CLOSED_CHAIN, NOISE, transform_of_a_gaussian, lam=F(1), delta=F(1, 9), at=[WHERE], **SYMMETRIC)
breaking(
    paper.CLOSED_CHAIN, ONLINE, transform_of_a_gaussian, x=ONE_X, k=2, lam=F(1), delta=F(1, 9), at=[WHERE], batch=2
)

SIZES = [{"n": 60, "k": 2, "runs": 1000}, {"n": 12, "k": 3, "runs": 1000}]
LARGE = [{"n": 60, "k": 2, "runs": 40_000}, {"n": 20, "k": 3, "runs": 10_000}]
START = {"m": 0.5, "r2": 1.0, "lam": 1.5, "sigma": 1.0, "tau": 1.0}


@measure(paper.CLOSED_CHAIN, cases(size=SIZES, start=[START]).guaranteeing(*ALL))
@measure(
    paper.CLOSED_CHAIN,
    cases(size=LARGE, start=[START]).guaranteeing(*ALL),
    budget="full",
    name="transforms_of_many_steps",
)
def transform_of_steps(n, k, runs, m, r2, lam, sigma, tau, rng, noise="normal"):
    r"""$e^{-\sigma(m^+)^2 - \tau(r^2)^+}$ after one step of SGD on full tensors, $\delta = 1/n$."""
    x, found = np.zeros((min(runs, 500), n)), []
    x[:, 0], x[:, 1] = m, r2**0.5
    for _ in range(max(runs // len(x), 1)):
        after, across = tensor_sgd(x, k, lam, 1 / n, 1, rng, noise=noise)
        found.append(np.exp(-sigma * after**2 - tau * across))
    return Sample(np.concatenate(found), at_most=1.0), {"delta": 1 / n}


SMALL = {"size": [{"n": 4, "k": 2, "runs": 2000}], "start": [START], "noise": "heavy"}
breaking(paper.CLOSED_CHAIN, NOISE, transform_of_steps, **SMALL)
