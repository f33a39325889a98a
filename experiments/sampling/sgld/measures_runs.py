"""Runs: diabetes, breast cancer and the mean of numbers, with limits that each chain obeys, and coupled pairs."""

from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.measure import Sample, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.sampling._limits import Limits
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.experiments.sampling.sgld import methods
from gradproof.experiments.sampling.sgld.measures import CHAIN, MEANS, SETTLED, Found, terms
from gradproof.experiments.sampling.sgld.methods import Posterior
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.langevin import METHODS, FiniteSum
from gradproof.theory.errors import DomainError
from gradproof.theory.sampling import sgld as paper


def path(
    keys: Any, backend: str, problem: Posterior, gamma: float, method: str, mode: np.ndarray, at: list[int], n: int, *, p: int = 1,
    start: Any = 0.0,
) -> np.ndarray:  # fmt: skip
    """theta - mode (times, n, d) after numbers of steps of n chains from mode + start."""
    on = array_library(backend)
    moved, anchor, stream = on.move((problem, mode, keys(seeds=n)))
    with on.scope():
        chosen = methods.all_four(moved, gamma, anchor)[method]
    x0 = on.asarray(np.broadcast_to(mode + start, (1, n, problem.d)).copy())
    draw = methods.numbers(moved, p)
    out = run(chosen, x0, at[-1], draw=lambda t: draw(Draws(stream, t)), record={"theta": lambda s: s.theta}, at=at)
    return np.moveaxis(out.theta.values[0], 1, 0) - mode


def ends(
    keys: Any, backend: str, problem: Posterior, gamma: float, method: str, mode: np.ndarray, steps: int, n: int, **more: Any
) -> np.ndarray:  # fmt: skip
    """theta - mode (n, d) after some steps."""
    return path(keys, backend, problem, gamma, method, mode, [steps], n, **more)[0]


def limits(problem: FiniteSum, gamma: float, method: str) -> Limits:
    """For a quadratic sum; any number of indices a step."""
    h = np.linalg.eigvalsh(problem.H if method == "lmc" else problem.per_sample)
    c = float(np.abs(1 - gamma * h).max())
    if not c < 1:
        raise DomainError(f"gamma = {gamma} is too long for every minibatch to contract")
    kicks = problem.N * problem.gradients - problem.gradients.sum(axis=0)
    R = gamma * float(np.linalg.norm(kicks, axis=1).max()) / (1 - c) if method in ("sgld", "sgd") else 0.0
    return Limits(c, R, 0.0 if method == "sgd" else 2 * gamma / (1 - c * c), problem.d)


def diabetes(prior: float = 20_000.0) -> tuple[Posterior, FiniteSum, float]:
    """A prior so strong that every minibatch contracts fast, and the step at which they contract most."""
    problem, quadratic = data.diabetes(prior)
    return problem, quadratic, 2 / (prior + float(np.linalg.eigvalsh(quadratic.per_sample).max()))


@measure(paper.COVARIANCE, cases(method=METHODS, n=1_000).guaranteeing(*SETTLED))
def chains_on_diabetes(method: str, n: int, keys: Any, backend: str) -> Found:
    r"""$2\mathrm{tr}(HC)$ of Bayesian linear regression on diabetes, one index a step, 40 steps."""
    problem, quadratic, gamma = diabetes()
    delta = ends(keys, backend, problem, gamma, method, quadratic.mode, 40, n)
    x = 2 * np.einsum("ni,ij,nj->n", delta, quadratic.H, delta)
    C = gaussian.covariance(quadratic, gamma, method).matrix
    weight = 2 * float(np.linalg.eigvalsh(quadratic.H)[-1])
    return limits(quadratic, gamma, method).squares(x, weight, 40), terms(quadratic, C, gamma, method, 1)


@measure(paper.MEAN, cases(method=["sgld", "sgldfp"], direction=[0, -1], t=2, n=1_000, delta0=1.0).guaranteeing(*CHAIN))
def means_on_diabetes(method: str, direction: int, t: int, n: int, delta0: float, keys: Any, backend: str) -> Found:
    r"""The mean along the softest and the stiffest eigenvector, from a distance of 1 on it."""
    problem, quadratic, gamma = diabetes()
    values, vectors = np.linalg.eigh(quadratic.H)
    v = vectors[:, direction]
    x = ends(keys, backend, problem, gamma, method, quadratic.mode, t, n, start=delta0 * v) @ v
    known = limits(quadratic, gamma, method)
    top = known.c**t * abs(delta0) + known.R + 8 * known.s2**0.5
    beyond = 2 * top * 1e-14 + known.s2**0.5 * 1e-14  # E (|normal| - 8)_+ < 1e-14
    at = {"gamma": gamma, "h": float(values[direction])}
    return Sample(np.clip(x, -top, top), at_least=-top, at_most=top, bias=beyond), at


SETTLING = ("invariant", "uniform_indices", "anchor_at_mode")
CANCER = cases(problem={"breast cancer": data.projected}, n=1_000, p=5).guaranteeing(*SETTLING)
MILLION = cases(problem={"N = 10^5, d = 50": data.synthetic}, n=1_000_000, p=1).guaranteeing(*SETTLING)


@measure(paper.STATIONARITY, MILLION, budget="gpu", name="gradient_of_a_million_logistic_chains")
@measure(paper.STATIONARITY, CANCER)
def gradient_of_logistic_chains(problem: Any, n: int, p: int, keys: Any, backend: str) -> Any:
    r"""$\mathbb E\nabla U$, each component: the mean of what the 101st step of SGD subtracts, logistic regression."""
    posterior, steps = problem(), 100
    mode, gamma = posterior.mode(), 1 / (posterior.prior + posterior.N / 4)
    slopes = posterior.slope(posterior.rows @ mode, posterior.targets)
    kicks = posterior.N * slopes[:, None] * posterior.rows + posterior.prior * mode
    R = float(np.linalg.norm(kicks, axis=1).max()) / posterior.prior  # a step contracts by 1 - gamma prior
    smooth = posterior.prior + float(np.linalg.eigvalsh(posterior.rows.T @ posterior.rows)[-1]) / 4
    before, after = path(keys, backend, posterior, gamma, "sgd", mode, [steps, steps + 1], n, p=p)
    top = posterior.N + posterior.prior * (R + float(np.linalg.norm(mode)))
    left = smooth * R * (1 - gamma * posterior.prior) ** steps
    for k in range(posterior.d):
        yield Sample((before - after)[:, k] / gamma, at_least=-top, at_most=top, bias=left)


@measure(paper.GAUSSIAN_MEAN, cases(N=[100, 1000], eta=0.5, p=1, n=2_000).guaranteeing(*MEANS))
def chains_for_a_mean(N: int, eta: float, n: int, keys: Any, backend: str) -> Found:
    r"""$C_{SGLD}$ for the mean of N sines, 60 steps."""
    x = np.sin(np.arange(1, N + 1))
    mode = np.array([x.mean()])
    delta = ends(keys, backend, Posterior(np.ones((N, 1)), x, 0.0), eta / N, "sgld", mode, 60, n)
    problem = gaussian.quadratic(np.ones((N, 1, 1)), (mode - x)[:, None])
    found = limits(problem, eta / N, "sgld").squares(delta[:, 0] ** 2, 1.0, 60)
    return found, {"s2": float(((x - mode) ** 2).mean())}
