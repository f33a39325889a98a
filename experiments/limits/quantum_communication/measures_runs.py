"""Runs: shots, sketches in several dimensions and on digits, circuits on every array library, SGD, random ensembles."""

import math
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.limits.quantum_communication import instances as data
from gradproof.experiments.limits.quantum_communication import methods
from gradproof.experiments.limits.quantum_communication.instances import CARD, Prepared
from gradproof.experiments.limits.quantum_communication.measures_circuits import SHOT
from gradproof.solvers.statevector import encode
from gradproof.theory.limits import quantum_communication as paper

Found = tuple[Any, dict[str, Any]]
GAUSSIAN = "gaussian-directions"


@measure(paper.SHOTS, cases(eps=0.1, delta=0.05, n=2_000, M=data.hoeffding(0.1, 0.05)).guaranteeing(*SHOT))
def shots_of_the_circuit(eps: float, M: int, n: int, rng: Any) -> Sample:
    r"""How often the mean of $M$ shots of the circuit of three qubits is off by $\varepsilon$."""
    means = 2 * rng.binomial(M, (1 + CARD.loss) / 2, n) / M - 1
    return Sample(np.abs(means - CARD.loss) >= eps, at_most=1)


def pair(N: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors of that inner product that use all N entries."""
    x, y = np.sin(np.arange(1, N + 1)), np.cos(np.arange(1, N + 1))
    x = x / np.linalg.norm(x)
    y = y - (x @ y) * x
    return x, rho * x + math.sqrt(1 - rho**2) * y / np.linalg.norm(y)


def agreements(x: np.ndarray, w: np.ndarray, m: int, n: int, rng: Any) -> np.ndarray:
    """Whether the signs agree, (n, m)."""
    found = [rng.standard_normal((m, len(x))) @ np.stack([x, w], axis=1) for _ in range(n)]
    return np.array([(g > 0).all(axis=1) | (g < 0).all(axis=1) for g in found])


@measure(paper.SKETCH_AGREEMENT, cases(rho=[0.25, -0.6], N=[4, 64, 1024], n=1_000).guaranteeing(GAUSSIAN))
def signs_in_dimensions(rho: float, N: int, n: int, rng: Any) -> Sample:
    r"""How often the signs of $n$ projections agree, in three dimensions $N$."""
    return Sample(agreements(*pair(N, rho), n, 1, rng)[0], at_most=1)


SKETCH = cases(gamma=0.25, rho=0.25, m=41, N=[4, 64], n=1_000).guaranteeing(GAUSSIAN)
LARGE = cases(gamma=0.25, rho=0.25, m=41, N=[4, 64, 4096], n=4_000).guaranteeing(GAUSSIAN)


@measure(paper.LINEAR_UPPER, LARGE, budget="full", name="majorities_of_4096")
@measure(paper.LINEAR_UPPER, SKETCH)
def majorities(rho: float, m: int, N: int, n: int, rng: Any) -> Sample:
    r"""How often the majority of $m$ bits errs, in several dimensions $N$."""
    return Sample(2 * agreements(*pair(N, rho), m, n, rng).sum(axis=1) <= m, at_most=1)


@measure(paper.LINEAR_UPPER, cases(m=[5, 41]).guaranteeing(GAUSSIAN))
def majorities_on_digits(m: int, rng: Any) -> Found:
    r"""Zeros and ones against the normal of a linear classifier: how often the majority errs, where the margin is large."""
    x, w = data.two_digits()
    margins = x @ w
    gamma = float(np.quantile(margins, 0.1))
    kept = x[margins >= gamma]
    wrong = [2 * agreements(row, w, m, 1, rng)[0].sum() <= m for row in kept]
    return Sample(wrong, at_most=1), {"rho": gamma, "gamma": gamma}


@measure(paper.HOLEVO, cases(n=[2, 6], M=[1, 3], K=60).guaranteeing("no-shared-entanglement"))
def information_of_random_states(n: int, M: int, K: int, rng: Any) -> Enclosed:
    r"""$\chi$ of random complex states."""
    return around(*data.entropy(encode(rng.standard_normal((K, 2**n)) + 1j * rng.standard_normal((K, 2**n))), M))


# --- on array libraries ---------------------------------------------------------------------------------------------------


def shifted(at: Prepared, backend: str, entries: int) -> Found:
    """Some derivatives by the features, beside the losses at their shifts, on an array library."""
    on = array_library(backend)
    psi, theta = on.move((at.psi, at.theta))
    beta = np.array(at.circuit.beta[:entries])
    turn = np.zeros((2 * entries, at.circuit.D))
    turn[np.arange(2 * entries), np.tile(np.arange(entries), 2)] = np.concatenate([1 / beta, -1 / beta]) * np.pi / 4
    with on.scope():
        gradient = to_numpy(at.circuit.gradient(theta, psi))[:entries]
        losses = [to_numpy(at.circuit.loss(theta + on.asarray(t), psi)) for t in turn]
    plus, minus = np.clip(np.array(losses, float), -1, 1).reshape(2, -1)
    return around(gradient, 6 * beta * at.circuit.rounding), {"beta": beta, "plus": plus, "minus": minus}


@measure(paper.PARAMETER_SHIFT, cases(D=12).guaranteeing("involution"))
def shifts_on_a_digit(D: int, backend: str) -> Found:
    r"""A handwritten digit, amplitude-encoded in 6 qubits: all derivatives."""
    return shifted(data.digit(D), backend, D)


@measure(paper.PARAMETER_SHIFT, cases(n=[20, 22, 24], D=200).guaranteeing("involution"), budget="gpu", timeout=3600)
@measure(paper.PARAMETER_SHIFT, cases(n=14, D=20).guaranteeing("involution"), budget="full", name="shifts_at_14_qubits")
def shifts_at_many_qubits(n: int, D: int, backend: str) -> Found:
    r"""Four derivatives of random strings on many qubits."""
    return shifted(data.drawn(n, D), backend, 4)


DESCENT = ("smooth", "normalised", "unbiased-gradient", "bounded-noise")
QUICK = cases(n=3, D=4, eta=1 / 16, M=20, T=60, seeds=128).guaranteeing(*DESCENT)
FULL = cases(n=6, D=12, eta=1 / 48, M=20, T=60, seeds=64).guaranteeing(*DESCENT)
GPU = cases(n=20, D=200, eta=1 / 800, M=50, T=20, seeds=4).guaranteeing(*DESCENT)


@measure(paper.SGD, GPU, budget="gpu", name="descent_on_20_qubits", timeout=3600)
@measure(paper.SGD, FULL, budget="full", name="descent_on_a_digit")
@measure(paper.SGD, QUICK)
def descent(n: int, D: int, eta: float, M: int, T: int, seeds: int, keys: Any, backend: str) -> Found:
    r"""$\frac1T\sum\|\nabla\mathcal L\|^2$ of SGD on shots: three qubits, a digit, or random strings; all $\beta = 1$."""
    at = CARD if n == 3 else data.digit(D) if n == 6 else data.drawn(n, D)
    circuit = data.Circuit(at.circuit.gates)
    on = array_library(backend)
    psi, theta, stream = on.move((at.psi, at.theta, keys(seeds=seeds)))
    with on.scope():
        method, draw = methods.shot_sgd(circuit, psi, eta), methods.numbers(D, M)
        Lq0 = float(np.clip(to_numpy(circuit.loss(theta, psi)), -1, 1))
    squares = {"squares": lambda s: on.xp.sum(circuit.gradient(s.theta, psi) ** 2, axis=-1)}
    x0 = on.asarray(start(at.theta, seeds=seeds))
    out = run(method, x0, T - 1, draw=lambda t: draw(Draws(stream, t)), record=squares)
    mean = out.squares.values[0].mean(axis=1)
    return Sample(mean, at_most=4.0 * D), {"L": 4.0 * D, "Lq0": Lq0, "sigma2": 2 * D / M}
