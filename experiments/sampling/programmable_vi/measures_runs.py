"""Estimators that are drawn, and ascent by them: runs on any array library, and ascent on one site by enumeration of its paths."""

from __future__ import annotations

import math
from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.draws import Draws, ahead, split
from gradproof.experiments.engine.measure import Sample, cases, measure, rounded
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import belief_nets
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.experiments.sampling.programmable_vi.measures import PAIRS
from gradproof.experiments.sampling.programmable_vi.methods import ascent
from gradproof.solvers.dual_estimators import Drawn, Exact, inputs, sin
from gradproof.theory.sampling import programmable_vi as paper

SIZE = {"quick": 1500, "full": 100_000, "gpu": 10_000_000}


def drawn(program: models.Program, at: Any, n: int, words: np.ndarray, backend: str) -> list[np.ndarray]:
    """n draws of d, one array a coordinate; of more than 100 000 the means of equal blocks, which have the same expectation."""
    on = array_library(backend)
    keys = on.asarray(split(words[:, 0], n)[0])
    with on.scope():
        d = program(Drawn(lambda slot: Draws(keys, slot).uniform()), inputs(map(float, at)))
        draws = [np.broadcast_to(to_numpy(x), (n,)) for x in d.slope]
    return [x.reshape(min(n, 100_000), -1).mean(axis=1) for x in draws]


SOME, ALL = (cases(strategies=pairs, N=2).guaranteeing("correct_sites") for pairs in (PAIRS[1::3], PAIRS))


@measure(paper.COMPOSITION, SOME)
@measure(paper.COMPOSITION, ALL, budget="full", name="draws_of_all_pairs")
def draws_of_two_sites(strategies, keys, backend, budget):
    """Draws of the nine pairs of strategies on the two-site objective, each within the ends of its exact law."""
    program = models.two_sites(*strategies)
    law = program(Exact(), inputs(models.START))
    found = drawn(program, models.START, SIZE[budget], keys(seeds=1), backend)
    for j, (d, true) in enumerate(zip(found, models.gradient_of_two_sites(models.START), strict=True)):
        ends = [a.slope[j] for _, a in law]
        yield Sample(d, at_least=min(ends) - 1e-9, at_most=max(ends) + 1e-9), {"gradient": float(true)}


EIGHT = [("reinforce",) * 8, ("mvd",) * 8, ("enum", "mvd", "reinforce", "mvd") * 2]


@measure(paper.COMPOSITION, cases(row=[3], strategies=EIGHT, N=8).guaranteeing("correct_sites"), budget="full")
def draws_on_a_digit(row, strategies, keys, backend, budget):
    """The same of eight latents of a belief net on a digit; no coordinate is beyond 1 + max |log w|."""
    joint, t = belief_nets.guide_of(row)
    log_w = joint - np.log(belief_nets.mean_field(t))
    most = 1.0 + 1e-9 + float(np.abs(log_w).max())
    found = drawn(models.latents(joint, strategies), t, SIZE[budget] // 4, keys(seeds=1), backend)
    for d, true in zip(found, belief_nets.mean_field_gradient(joint, t), strict=True):
        yield Sample(d, at_least=-most, at_most=most), {"gradient": float(true)}


WAVES = cases(strategy=["reparam", "reinforce", "mvd"], mu=0.5, s=[0.5, 2.0])
LARGEST = 8.6  # |z| by Box and Muller's formula, of uniform numbers that are multiples of 2^-53


@measure(paper.CONTINUOUS, WAVES.guaranteeing("domination", "smooth_continuation"))
def draws_of_a_normal(strategy, mu, s, keys, backend, budget):
    r"""Draws of the three strategies for $f = \sin$; $\partial_\mu\mathbb E\sin x = e^{-s^2/2}\cos\mu$."""
    (d,) = drawn(lambda on, t: on.normal(strategy, t[0], s, sin), [mu], SIZE[budget], keys(seeds=1), backend)
    most = {"reparam": 1.0, "reinforce": LARGEST / s, "mvd": 2 / (s * math.sqrt(2 * math.pi))}[strategy] + 1e-9
    return Sample(d, at_least=-most, at_most=most), {"gradient": math.exp(-s * s / 2) * math.cos(mu)}


HELD = ("unbiased", "bounded_variance", "l_smooth")
SITE = models.OneSite()


@cache
def told(t0: float) -> dict[str, float]:
    """The claim's parameters on one site."""
    gap = SITE.best - float(SITE.value(t0)) + 1e-15
    return {"L": SITE.smoothness(), "sigma2": SITE.largest_variance(), "gap0": gap}


@measure(paper.ASCENT, cases(eta=[0.1, 1.0, 3.8], T=[1, 7], t0=[-2.0, 0.6]).guaranteeing(*HELD))
def mean_slope_of_paths(eta, T, t0, strategy="reinforce", sign=1.0, sigma2=None):
    """The mean of F'^2 over T steps on one site, by all paths; enumeration has ``sigma2`` = 0."""
    law, total, program = {t0: 1.0}, 0.0, models.one_site(strategy, path=False)
    for _ in range(T):
        total += math.fsum(q * float(SITE.slope(t)) ** 2 for t, q in law.items())
        after: dict[float, float] = {}
        for t, q in law.items():
            for chance, a in program(Exact(), inputs([t])):
                at = t + eta * sign * a.slope[0]
                after[at] = after.get(at, 0.0) + q * chance
        law = after
    return rounded(total / T, 2000 * T, total / T + 1), told(t0) | ({} if sigma2 is None else {"sigma2": sigma2})


PARABOLAS = cases(eta=[F(1, 10), F(1), F(3)], T=[1, 20], sigma2=[F(0), F(1, 4)], x0=[F(0), F(2)]).let(
    L=lambda eta: min(1, 1 / eta)
)


@measure(paper.ASCENT, PARABOLAS.guaranteeing(*HELD))
def mean_slope_of_a_parabola(eta, T, L, sigma2, x0, noise=F(1), steep=F(1)):
    """F = -L x^2/2 with noise of this variance: E x^2 after a step is (1 - eta L)^2 E x^2 + eta^2 sigma^2, in rationals."""
    square, total = x0**2, F(0)
    for _ in range(T):
        total += (steep * L) ** 2 * square
        square = (1 - eta * steep * L) ** 2 * square + eta**2 * noise * sigma2
    return total / T, {"gap0": steep * L * x0**2 / 2}


@measure(paper.ASCENT, cases(eta=[0.1, 1.0], t0=-2.0).guaranteeing(*HELD))
def mean_slope_of_runs(eta, t0, keys, backend, budget, strategy="reinforce"):
    """The same over 400 steps of 200 runs; of fewer at budget quick."""
    seeds, T = {"quick": (100, 100), "full": (200, 400), "gpu": (100_000, 400)}[budget]
    on = array_library(backend)
    words = on.asarray(split(keys(seeds=1)[:, 0], seeds))
    method = ascent(models.one_site(strategy, path=False), eta)
    data = run(method, on.asarray(start([t0], seeds=seeds)), T, record={"theta": lambda s: s.theta[..., 0]},
               draw=ahead(words, lambda d: d.uniform((1,))))  # fmt: skip
    slopes = SITE.slope(data.theta.values[0]) ** 2
    return Sample(slopes[:, :T].mean(axis=1), bias=1e-12), {**told(t0), "T": T}


PLAIN = cases(eta=F(1, 2), T=20, L=F(1), sigma2=F(1, 4), x0=F(1))
DOWNHILL = cases(eta=1.0, T=9, t0=SITE.c1 - SITE.c0 + 0.05, sign=-1.0, strategy="enum", sigma2=0.0)
breaking(paper.ASCENT, "unbiased", mean_slope_of_paths, DOWNHILL)
breaking(paper.ASCENT, "bounded_variance", mean_slope_of_a_parabola, PLAIN.let(noise=lambda: F(9)))
breaking(paper.ASCENT, "l_smooth", mean_slope_of_a_parabola, PLAIN.let(steep=lambda: F(3)))
breaking(paper.ASCENT, "step_size", mean_slope_of_a_parabola, cases(eta=F(21, 20), T=1, L=F(1), sigma2=F(0), x0=F(1)))
