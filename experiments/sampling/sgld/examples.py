"""LMC, SGLD and SGLDFP on small regressions, for the agreement of all array libraries."""

from __future__ import annotations

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.sampling.sgld import methods

GAMMAS = np.array([0.01, 0.02])[:, None, None]
N, D = 12, 3


def _posterior(*, logistic: bool) -> methods.Posterior:
    rng = np.random.default_rng(4)
    rows, targets = rng.standard_normal((N, D)), rng.standard_normal(N)
    return methods.Posterior(rows, np.sign(targets) if logistic else targets, 1.0, logistic)


def _numbers(d: Draws) -> methods.Draw:
    return methods.Draw(d.integers(N, (4,)), d.normal((D,), slot=1))


def _first_setting(d: Draws) -> methods.Draw:
    index, normal = _numbers(d)
    return methods.Draw(index[:1, ...], normal[:1, ...])


@example(methods.lmc)
def lmc_on_a_line(on: Backend) -> Example:
    problem, gamma = on.move((_posterior(logistic=False), GAMMAS))
    return Example(methods.lmc(problem, gamma), start(np.ones(D), settings=2, seeds=3), _numbers)


@example(methods.sgld)
def sgld_on_logistic_regression(on: Backend) -> Example:
    problem, gamma = on.move((_posterior(logistic=True), GAMMAS))
    return Example(methods.sgld(problem, gamma), start(np.ones(D), settings=2, seeds=3), _numbers)


@example(methods.sgldfp)
def sgldfp_on_a_line(on: Backend) -> Example:
    posterior = _posterior(logistic=False)
    problem, gamma, mode = on.move((posterior, GAMMAS, posterior.mode()))
    return Example(methods.sgldfp(problem, gamma, mode), start(np.ones(D), settings=2, seeds=3), _numbers)


@example(methods.together, methods.lmc, methods.sgld)
def two_coupled_chains(on: Backend) -> Example:
    problem = on.move(_posterior(logistic=False))
    method = methods.together([methods.lmc(problem, 0.02), methods.sgld(problem, 0.02)])
    return Example(method, start(np.ones(D), settings=2, seeds=3), _first_setting)
