"""Upper bounds: one-pass SGD on J-walk and on the line, iterates on samples that differ in one element, and gradient descent."""

from collections.abc import Callable
from fractions import Fraction as F
from functools import partial
from itertools import product
from math import comb
from typing import Any

import numpy as np
import sympy as sp
from array_api_compat import array_namespace

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.draws import Draws, ahead
from gradproof.experiments.engine.measure import Sample, cases, measure
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.limits.full_batch import instances
from gradproof.experiments.limits.full_batch.instances import averaged, distance, drawn, towards
from gradproof.experiments.limits.full_batch.measures_walk import gradient_descent, lattice_array
from gradproof.experiments.limits.full_batch.methods import Loss, descent
from gradproof.theory.limits import full_batch as paper

# --- one-pass SGD -------------------------------------------------------------------------------------------------------

SGD = ("convex", "one_pass_fresh_samples", "bounded")
LINES = cases(T=[1, 3, 20], eta=[F(4), F(1, 4)], G=[F(1, 2), F(3)], theta=[F(0), F(1, 2), F(1)])


@measure(paper.SGD_UPPER, LINES.guaranteeing(*SGD))
def on_a_line(T, eta, G, theta):
    """f(x) = G x from 0, and the point w = -theta eta G T: with theta = 1 the bound is attained."""
    w = -F(theta) * eta * G * T
    return G * (averaged(F(0), F(eta), [lambda x: F(G)] * T) - w), {"D2": w * w}


@measure(paper.SGD_UPPER, cases(T=[1, 3, 7], eta=[F(1), F(1, 4)], G=1, w=[F(0), F(1)]).guaranteeing(*SGD))
def over_all_coins(T, eta, G, w, steep=1):
    """f(x; z) = |x - z| with z = +-1, from 3: the mean over all 2^T sequences."""
    law, x0 = {1: F(steep, 2), -1: F(steep, 2)}, F(3)
    steps = {z: partial(towards, weights={z: F(steep)}) for z in law}
    ends = [averaged(x0, F(eta), [steps[z] for z in zs]) for zs in product(law, repeat=T)]
    return sum(distance(x, law) for x in ends) / len(ends) - distance(w, law), {"D2": (x0 - w) ** 2}


breaking(paper.SGD_UPPER, "bounded", over_all_coins, cases(T=1, eta=F(1, 4), G=1, w=F(0), steep=[30]))


def on_a_plateau(T, eta, G):
    """min(|x|, 1) from 2, which has no slope there."""
    x = averaged(F(2), F(eta), [lambda x: F((x > 0) - (x < 0) if abs(x) < 1 else 0)] * T)
    return min(abs(x), F(1)), {"D2": 4}


breaking(paper.SGD_UPPER, "convex", on_a_plateau, cases(T=32, eta=F(1, 2), G=1))


def fresh(n: int, T: int, on: Any) -> Callable[[Draws], Any]:
    """Bits of one sample a step."""

    def bits(d: Draws) -> Any:
        xp = array_namespace(d.keys)
        return xp.floor(2 * d.uniform((1, T * 2**n)))

    return bits


def repeated(n: int, T: int, on: Any) -> Callable[[Draws], Any]:
    """One of the n samples of the lattice a step, with replacement."""
    V = on.asarray(lattice_array(n, T))

    def rows(d: Draws) -> Any:
        xp = array_namespace(V)
        chosen = d.integers(n, (1, 1)) == xp.arange(n)
        return xp.matmul(xp.astype(chosen, V.dtype), V)

    return rows


def excess_of(wbar: np.ndarray, loss: Loss, T: int, eta: float, rng: Any) -> tuple[Sample, dict[str, float]]:
    """f(wbar; V) at fresh V, a few for each of the runs, wbar (seed, d). f >= -b ||wbar||_1, and G^2 = 2 + b^2 d."""
    d = wbar.shape[-1]
    numbers = [float(loss.value(w, rng.integers(0, 2, (16, d))).mean()) for w in wbar]
    low = -loss.b * eta * T * (loss.b * d + 1 + d**0.5)
    return Sample(numbers, at_least=low, bias=1e-12), {"T": T, "G": (2 + loss.b**2 * d) ** 0.5, "D2": 0.0}


SIZE = {"quick": [(4, 16), (4, 64)], "full": [(2, 256), (2, 1024)], "gpu": [(4, 4096)]}  # n, T
STOCHASTIC = cases(b=1e-7, power=[0.5])


def sgd_on_the_walk(b, power, keys, rng, backend, budget, draws=fresh, sizes=None):
    """The mean of the iterates of SGD on J-walk with eta = T^-power, and w = 0."""
    on, seeds = array_library(backend), 24 if budget == "quick" else 48
    for n, T in sizes or SIZE[budget]:
        eta = T**-power
        loss, words = Loss(n, eta / 10, b), on.asarray(keys(settings=[T], seeds=seeds))
        x0 = on.asarray(start(np.zeros(T * 2**n), seeds=seeds))
        mean = {"mean": lambda s, T=T: s.total / T}
        found = run(descent(loss, eta), x0, T, record=mean, draw=ahead(words, draws(n, T, on), block=8), at=[T])
        value, at = excess_of(found["mean"].values[0, :, 0], loss, T, eta, rng)
        yield value, at | {"eta": eta}


measure(paper.SGD_UPPER, STOCHASTIC.guaranteeing(*SGD))(sgd_on_the_walk)
PASSES = cases(b=1e-7, power=0.5, draws=repeated, sizes={"one": [(4, 64)]})
breaking(paper.SGD_UPPER, "one_pass_fresh_samples", sgd_on_the_walk, PASSES)


def full_gradients(eta, b, rng, backend):
    """The mean of the iterates of gradient descent on the lattice sample."""
    w = gradient_descent(4, 64, eta, eta / 10, b, backend)["mean"].values[0, 0]
    return excess_of(np.repeat(w, 40, axis=0), Loss(4, eta / 10, b), 64, eta, rng)


replacing(paper.SGD_UPPER, "gradient descent in the place of one-pass SGD", full_gradients, eta=0.125, b=1e-7)

# --- stability ----------------------------------------------------------------------------------------------------------

STABLE = ("convex", "lipschitz", "full_batch_gradient", "one_differs")
LOSSES = {f"drawn {k}": drawn(k) for k in range(4)} | {"opposite": instances.opposite, "kinks": instances.kinks}
MORE = {f"drawn {k}": drawn(k) for k in range(4, 154)}
APART = {
    "apart": cases(loss=LOSSES, T=[1, 9, 40], n=[1, 7], eta=F(1)),
    "apart_over_kinks": cases(loss={"kinks": instances.kinks}, T=[9, 40], n=100, eta=[F(1, 4), F(4)]),
    "apart_after_many_steps": cases(loss={"opposite": instances.opposite}, T=10_000, n=1, eta=F(1)),
    "apart_for_many": cases(loss=MORE, T=[7, 119], n=[2, 7], eta=[F(1, 1000), F(1)]),
}


def apart(loss, T, n, eta, sign=1, share=1, replaced=1):
    """||w_T - w'_T|| for maxima of affine functions, the root of a whole number."""
    made = loss(n, T)
    return sp.sqrt(made.apart(T, sign, replaced)) * sp.Rational(F(eta)) / n, {"L": sp.sqrt(made.square) * share}


for name, where in APART.items():
    budget = "full" if name == "apart_for_many" else "quick"
    measure(paper.GD_STABILITY, where.guaranteeing(*STABLE), budget=budget, name=name)(apart)
LINEAR, LONG = {"opposite": instances.opposite}, {"T": 64, "eta": F(1)}
breaking(paper.GD_STABILITY, "convex", apart, loss={"plateau": instances.plateau}, n=16, sign=-1, **LONG)
breaking(paper.GD_STABILITY, "lipschitz", apart, loss=LINEAR, n=1, share=sp.Rational(1, 4), **LONG)
breaking(paper.GD_STABILITY, "one_differs", apart, loss={"contrary": instances.contrary}, n=16, replaced=16, **LONG)

# --- gradient descent from above ------------------------------------------------------------------------------------------

UPPER = ("convex", "lipschitz", "full_batch_gradient", "iid_sample")
LAW = {1: F(3, 4), -1: F(1, 4)}


@measure(paper.GD_UPPER, cases(T=[1, 16, 81], n=[1, 5], eta=[F(1, 4), F(1, 32)], L=1, x0=[0, 2]).guaranteeing(*UPPER))
def over_all_samples(T, n, eta, L, x0, steep=1, only=None):
    """f(x; z) = |x - z|, z = 1 with chance 3/4, else -1; w = 1. The mean over the samples, by how many are 1."""
    total = F(0)
    for k in range(n + 1) if only is None else [only]:
        seen = {1: F(k, n), -1: F(n - k, n)}
        step = partial(towards, weights={z: steep * p for z, p in seen.items()})
        chance = comb(n, k) * LAW[1] ** k * LAW[-1] ** (n - k) if only is None else 1
        total += chance * steep * distance(averaged(F(x0), F(eta), [step] * T), LAW)
    return total - steep * distance(F(1), LAW), {"D2": F(x0 - 1) ** 2}


breaking(paper.GD_UPPER, "lipschitz", over_all_samples, cases(T=16, n=20, eta=F(1, 32), L=1, x0=2, steep=90))
breaking(paper.GD_UPPER, "iid_sample", over_all_samples, cases(T=1000, n=1000, eta=F(1, 300), L=1, x0=0, only=0))


def on_the_walk(T, eta, b, rng):
    """J-walk with random samples of two: f of the mean iterate at fresh V, a run a sample, and w = 0."""
    n, d, numbers = 2, 8 * T, []
    for _ in range(60):
        loss, w, total = Loss(n, eta / 10, b), np.zeros(d), np.zeros(d)
        V = rng.integers(0, 2, (n, d))
        for _ in range(T):
            total, w = total + w, w - eta * loss.subgradient(w, V)
        numbers.append(float(loss.value(total / T, rng.integers(0, 2, (16, d))).mean()))
    sample = Sample(numbers, at_least=-b * eta * T * (b * d + 1 + d**0.5), bias=1e-12)
    return sample, {"n": n, "L": (2 + b * b * d) ** 0.5, "D2": 0.0}


measure(paper.GD_UPPER, cases(T=16, eta=0.125, b=1e-6).guaranteeing(*UPPER))(on_the_walk)
