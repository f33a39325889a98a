"""Circuits with their data, exact laws of shots and majorities, codes, ensembles and uploads."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import flint
import numpy as np

from gradproof.experiments.instances import data
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.statevector import Circuit, Pauli, encode

KEPT = frozenset({"involution", "adjoint", "hermitian", "normalised"})


@dataclass(frozen=True, eq=False)
class Prepared:
    """A circuit at some parameters (D,), with its input (2^n,)."""

    name: str
    circuit: Circuit
    theta: np.ndarray
    psi: np.ndarray
    guarantees: frozenset[str] = KEPT

    @property
    def losses(self) -> tuple[np.ndarray, np.ndarray]:
        """The losses at theta_k +- pi/(4 beta_k) for every k."""
        turn = np.diag(np.pi / (4 * np.array(self.circuit.beta)))
        both = self.circuit.loss(self.theta + np.concatenate([turn, -turn]), self.psi)
        return tuple(np.clip(both, -1, 1).reshape(2, -1))  # type: ignore[return-value]

    @property
    def loss(self) -> float:
        return float(np.clip(self.circuit.loss(self.theta, self.psi), -1, 1))

    def but(self, assumption: str) -> Prepared:
        """The same, where a measure gives up an assumption."""
        return replace(self, guarantees=self.guarantees - {assumption})

    def slopes(self) -> np.ndarray:
        """By the product rule."""
        return np.array([self.circuit.slope(self.theta, self.psi, k) for k in range(self.circuit.D)])


def strings(n: int, D: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Random Pauli strings."""
    return tuple("".join(rng.choice(list("IXYZ"), n)) for _ in range(D))


def drawn(n: int, D: int, seed: int = 0, x: Any = None) -> Prepared:
    """Random strings, factors in [1/2, 1] and parameters; the data are random unless given."""
    rng = np.random.default_rng([n, D, seed])
    beta = tuple(float(b) for b in rng.uniform(0.5, 1, D))
    psi = encode(rng.standard_normal(2**n) if x is None else x)
    return Prepared(f"n={n}, D={D}", Circuit(strings(n, D, rng), beta), rng.uniform(-np.pi, np.pi, D), psi)


#: the instance of the experiment: gates of Bob, Alice, Bob, Alice
CARD = Prepared(
    "three qubits", Circuit(("XZI", "YXZ", "IXY", "YIZ")), np.array([0.3, -0.7, 1.1, 0.4]), encode(np.arange(1, 9))
)
#: loss cos 2 theta
COSINE = Prepared("cos 2 theta", Circuit(("X",)), np.zeros(1), encode([1, 0]))


def digit(D: int = 6) -> Prepared:
    """A handwritten digit in a random circuit of 6 qubits."""
    return drawn(6, D, x=data.pixels()[0][0])


@lru_cache(maxsize=1)
def two_digits() -> tuple[np.ndarray, np.ndarray]:
    """Zeros and ones as unit vectors (360, 64), less their mean, times their label; and the unit normal of ridge regression."""
    X, digits = data.pixels()
    X, y = X[digits < 2], 1.0 - 2.0 * digits[digits < 2]
    X = X - X.mean(axis=0)
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    w = np.linalg.solve(X.T @ X + 0.01 * np.eye(64), X.T @ y)
    return X * y[:, None], w / np.linalg.norm(w)


# --- exact laws -----------------------------------------------------------------------------------------------------------


def binomial(M: int, p: Fraction, value: Callable[[int], Fraction | int | bool]) -> Fraction:
    """E value(k) for k ~ Bin(M, p), exactly."""
    a, d = p.numerator, p.denominator
    total = sum(math.comb(M, k) * a**k * (d - a) ** (M - k) * Fraction(value(k)) for k in range(M + 1) if value(k))
    return Fraction(total) / d**M


def failure(M: int, Lq: Fraction, eps: Fraction, scale: int = 1) -> Fraction:
    """P(|mean of M shots - Lq| >= eps); with a state of squared norm ``scale`` shots are +-scale and the loss scale Lq."""
    return binomial(M, (1 + Lq) / 2, lambda k: scale * abs(Fraction(2 * k - M, M) - Lq) >= eps)


def hoeffding(eps: float, delta: float) -> int:
    """Shots that suffice."""
    return math.ceil(2 * math.log(2 / delta) / eps**2)


def sketch_bits(gamma: float, delta: float) -> int:
    """Bits that suffice."""
    return math.ceil(math.pi**2 * math.log(1 / delta) / (2 * math.asin(gamma) ** 2))


def majority_error(rho: Fraction, m: int) -> flint.arb:
    """P(at most half of m signs agree), each agreeing with probability 1/2 + arcsin(rho)/pi."""
    p = flint.arb(1) / 2 + ball(rho).asin() / flint.arb.pi()
    odds, term, total = p / (1 - p), (1 - p) ** m, flint.arb(0)
    for k in range(m // 2 + 1):
        total += term
        term *= odds * (m - k) / (k + 1)
    return total


def agreement(rho: Fraction) -> flint.arb:
    """P(U and rho U + sqrt(1 - rho^2) V have one sign) for independent normal U, V, by quadrature over 0 < U < 15."""
    slope = ball(rho) / (2 * (1 - ball(rho) ** 2)).sqrt()
    root = (2 * flint.arb.pi()).sqrt()
    density = lambda u, _: (-u * u / 2).exp() / root * (1 + (slope * u).erf())  # noqa: E731
    return flint.acb.integral(density, 0, 15).real + flint.arb(0, 1e-49)  # P(|U| > 15) < 1e-49


# --- codes and ensembles --------------------------------------------------------------------------------------------------


def anticommuting(k: int) -> tuple[Pauli, ...]:
    """k Pauli strings that anticommute, on max(1, floor(k/2)) qubits: Jordan and Wigner's."""
    n = max(1, k // 2)
    found = ["Z" * j + c + "I" * (n - j - 1) for j in range(n) for c in "XY"] + ["Z" * n]
    return tuple(Pauli(s) for s in found[:k])


def matrix(P: Pauli) -> np.ndarray:
    return P(np.eye(2**P.n, dtype=complex)).T


def answers(observables: Sequence[Pauli], s: Sequence[int]) -> np.ndarray:
    """P(bit j is right) for every j, in the state that answers best on average: the top eigenvector of sum s_j A_j."""
    v = np.linalg.eigh(sum(c * matrix(A) for c, A in zip(s, observables, strict=True)))[1][:, -1]
    return np.array([(1 + c * np.vdot(v, A(v)).real) / 2 for c, A in zip(s, observables, strict=True)])


def signs(k: int) -> list[tuple[int, ...]]:
    return list(itertools.product((1, -1), repeat=k))


def superdense(pairs: int) -> np.ndarray:
    """The 4^q states (4^q, 4^q) of q shared pairs after Alice's Pauli strings on her halves: q qubits sent, 2q received."""
    q = pairs
    bell = np.eye(2**q).reshape(-1).astype(complex) / 2 ** (q / 2)
    return np.array([Pauli("".join(s) + "I" * q)(bell) for s in itertools.product("IXYZ", repeat=q)])


def shifts(n: int) -> np.ndarray:
    """The cyclic shifts of (1, ..., 2^n)."""
    return encode(np.array([np.roll(np.arange(1, 2**n + 1), j) for j in range(2**n)]))


def two_bases(n: int) -> np.ndarray:
    """The states of a basis and of its Hadamard transform."""
    H = np.ones((1, 1))
    for _ in range(n):
        H = np.kron(H, np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    return np.concatenate([np.eye(2**n), H]).astype(complex)


def gram(states: np.ndarray, copies: int = 1) -> np.ndarray:
    """<psi_i|psi_j>^M / K, whose spectrum is that of the average state of M copies."""
    return (states.conj() @ states.T) ** copies / len(states)


def entropy(states: np.ndarray, copies: int = 1) -> tuple[float, float]:
    """Entropy in bits of the equiprobable mixture of M copies, and a bound on its error.

    Eigenvalues are within e = 4 K 2^-52 (K the number of states): each term -x log x moves by at most e log(1/e) + 2e.
    """
    K = len(states)
    x = np.linalg.eigvalsh(gram(states, copies))
    x = x[x > 0]
    e = 4 * (K + states.shape[1] * copies) * 2.0**-52
    return float(-(x * np.log2(x)).sum()), K * e * (math.log2(1 / e) + 2)


def guessed(states: np.ndarray) -> tuple[float, float]:
    """Success of the square-root measurement, and a bound on its error: |sqrt(A) - sqrt(B)| <= |A - B|^(1/2)."""
    values, vectors = np.linalg.eigh(gram(states))
    roots = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.conj().T
    e = math.sqrt(4 * (len(states) + states.shape[1]) * 2.0**-52)
    return float((np.diag(roots).real ** 2).sum()), 2 * e * math.sqrt(len(states)) + len(states) * e * e


def frequencies(
    lams: Sequence[int], eigenvalues: Sequence[Fraction], mixer: Sequence[int] = (1, 2, 4)
) -> set[Fraction]:
    """Frequencies of x in the loss of a circuit that uploads x, exactly: amplitudes are Laurent polynomials in e^{ix}.

    Args:
        lams: one factor a gate. eigenvalues: of each gate's generator. mixer: the reflection between gates leaves what is
            orthogonal to it (its first entries).
    """
    d = len(eigenvalues)
    u = [Fraction(c) for c in mixer[:d]]
    norm = sum(c * c for c in u)

    def mixed(v: list[Fraction]) -> list[Fraction]:
        along = 2 * sum(a * b for a, b in zip(u, v, strict=True)) / norm
        return [b - Fraction(along) * a for a, b in zip(u, v, strict=True)]

    amplitudes = {Fraction(0): mixed([Fraction(1)] + [Fraction(0)] * (d - 1))}
    for lam in lams:
        after: dict[Fraction, list[Fraction]] = {}
        for power, v in amplitudes.items():
            for j, e in enumerate(eigenvalues):
                after.setdefault(power - lam * e, [Fraction(0)] * d)[j] += v[j]
        amplitudes = {power: mixed(v) for power, v in after.items()}
    loss: dict[Fraction, Fraction] = {}
    for (p, v), (q, w) in itertools.product(amplitudes.items(), repeat=2):
        part = sum(a * b * (-1 if j else 1) for j, (a, b) in enumerate(zip(v, w, strict=True)))
        loss[p - q] = loss.get(p - q, Fraction(0)) + part
    return {f for f, c in loss.items() if c}
