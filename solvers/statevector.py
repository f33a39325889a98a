"""States of n qubits as vectors of 2^n amplitudes: circuits of Pauli rotations, their losses and derivatives, on any array library.

The first letter of a Pauli string acts on the most significant bit of an amplitude's index. A rotation costs O(2^n). Its rounding
is at most 8 units of 2^-52 of the vector's norm; ``Circuit.rounding`` adds up those of a loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from gradproof.theory.arguments import shown
from gradproof.theory.errors import ParameterError

Array = Any

KEPT = 14  # qubits up to which vectors of signs are kept


@lru_cache(maxsize=512)
def _signs(z: tuple[bool, ...]) -> np.ndarray:
    """(-1)^(number of ones of the index at the places of z), (2^n,)."""
    s = np.ones(1)
    for here in reversed(z):
        s = np.concatenate([s, -s if here else s])
    return s


def _signs_like(z: tuple[bool, ...], v: Array) -> Array:
    """The same, on the library and device of ``v``."""
    xp = array_namespace(v)
    if len(z) <= KEPT:
        return xp.asarray(_signs(z), device=device(v))
    s = xp.asarray(_signs(z[-KEPT:]), device=device(v))
    for here in reversed(z[:-KEPT]):
        s = xp.concat([s, -s if here else s])
    return s


@dataclass(frozen=True)
class Pauli:
    """A string of I, X, Y, Z, one letter a qubit.

    Raises:
        ParameterError: an empty string, or another letter.
    """

    letters: str

    def __post_init__(self) -> None:
        if not isinstance(self.letters, str) or not self.letters or set(self.letters) - set("IXYZ"):
            raise ParameterError(f"a Pauli string is made of the letters I, X, Y, Z, got {shown(self.letters)}")

    @property
    def n(self) -> int:
        """Number of qubits."""
        return len(self.letters)

    @cached_property
    def _layout(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[bool, ...], complex]:
        """Sizes of the runs of qubits that are flipped or not, which of them are, where signs come from, and the phase."""
        runs = [(flip, 2 ** len(list(run))) for flip, run in groupby(c in "XY" for c in self.letters)]
        flipped = tuple(i - len(runs) for i, (flip, _) in enumerate(runs) if flip)
        z = tuple(c in "YZ" for c in self.letters)
        return tuple(size for _, size in runs), flipped, z, (1j) ** self.letters.count("Y")

    def __call__(self, v: Array, factor: Array | complex = 1.0) -> Array:
        """``factor`` P v for states (..., 2^n); the factor is a number, or a complex array (..., 1)."""
        xp = array_namespace(v)
        sizes, flipped, z, phase = self._layout
        if flipped:  # to flip all bits of a run is to reverse it
            v = xp.reshape(xp.flip(xp.reshape(v, (*v.shape[:-1], *sizes)), axis=flipped), v.shape)
        # Y|0> = i|1>: the sign of a flipped place is that of the bit before the flip, so it is reversed once a Y
        scale = factor * (phase * (-1) ** self.letters.count("Y"))
        if not any(z):
            return scale * v
        signs = _signs_like(z, v)
        return scale * (signs * v) if isinstance(factor, complex | float) else (scale * signs) * v


def rotate(P: Pauli, angle: Array | float, v: Array) -> Array:
    """``exp(-i angle P) v`` for states (..., 2^n) and an angle, or angles (...)."""
    if isinstance(v, np.ndarray) and v.dtype == np.complex128 and np.ndim(angle) == 0:
        return _rotate_in_numpy(P, float(angle), v)
    xp = array_namespace(v)
    a = xp.asarray(angle, dtype=xp.float64, device=device(v))[..., None]
    moved = P(v, -1j * xp.astype(xp.sin(a), xp.complex128))
    return xp.cos(a) * v + moved


def _rotate_in_numpy(P: Pauli, angle: float, v: np.ndarray) -> np.ndarray:
    """The same with half of the passes: nothing is copied to be flipped, and signs stay real."""
    sizes, flipped, z, phase = P._layout
    places: list[Any] = [slice(None, None, -1 if i - len(sizes) in flipped else 1) for i in range(len(sizes))]
    w = v.reshape(*v.shape[:-1], *sizes)[(..., *places)]
    factor = -1j * math.sin(angle) * phase * (-1) ** P.letters.count("Y")
    if any(z):
        signs = np.asarray(_signs_like(z, v)).reshape(sizes)
        w = w * (signs * (factor.real + factor.imag))  # one of them is zero
        if factor.imag:
            w *= 1j
    else:
        w = w * factor
    w = w.reshape(v.shape)
    w += math.cos(angle) * v
    return w


def encode(x: Any) -> np.ndarray:
    """Amplitude encoding: ``x / ||x||`` for data (..., N), padded with zeros to a power of two; complex (..., 2^n).

    Raises:
        ParameterError: a vector of zeros, or of one number.
    """
    x = np.asarray(x, dtype=complex)
    N = x.shape[-1]
    norms = np.linalg.norm(x, axis=-1, keepdims=True)
    if N < 2 or not (norms > 0).all():
        raise ParameterError(
            "a vector of zeros, or of one number, has no amplitudes; give two numbers or more, not all 0"
        )
    pad = (1 << (N - 1).bit_length()) - N
    return np.concatenate([x / norms, np.zeros((*x.shape[:-1], pad))], axis=-1)


def inner(u: Array, v: Array) -> Array:
    """``<u|v>`` of states (..., 2^n), conjugated on the left."""
    xp = array_namespace(u, v)
    return xp.sum(xp.conj(u) * v, axis=-1)


@dataclass(frozen=True)
class Circuit:
    """Gates ``exp(-i beta_k theta_k P_k)`` in their order, and the loss ``<phi|Z_1|phi>`` of what they make of a state.

    Args:
        gates: Pauli strings of equal length. beta: factors of the angles, all 1 unless given.

    Raises:
        ParameterError: no gate, gates of different length, or another number of factors.
    """

    gates: tuple[str, ...]
    beta: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", tuple(self.beta) or (1.0,) * len(self.gates))
        if not self.gates or len({len(P) for P in self.gates}) != 1 or len(self.beta) != len(self.gates):
            raise ParameterError("a circuit needs gates of one length, and a factor for each")
        if not all(isinstance(b, int | float) and b == b for b in self.beta):
            raise ParameterError(f"the factors of a circuit are numbers, got {shown(self.beta)}")

    @property
    def n(self) -> int:
        """Number of qubits."""
        return len(self.gates[0])

    @property
    def D(self) -> int:
        """Number of parameters."""
        return len(self.gates)

    @cached_property
    def paulis(self) -> tuple[Pauli, ...]:
        return tuple(Pauli(P) for P in self.gates)

    @property
    def rounding(self) -> float:
        """Bound on the rounding error of a loss, and of a derivative divided by its beta, for a normalised start."""
        return (32 * self.D + 2 * 2**self.n) * 2.0**-52

    def run(self, theta: Array, v: Array, gates: range | None = None, *, back: bool = False) -> Array:
        """What some gates make of a state, for parameters (..., D); ``back``: what undoes them, last gate first."""
        order: Sequence[int] = range(self.D) if gates is None else gates
        for k in reversed(order) if back else order:
            v = rotate(self.paulis[k], (-self.beta[k] if back else self.beta[k]) * theta[..., k], v)
        return v

    def observe(self, v: Array) -> Array:
        """``Z_1 v``."""
        return Pauli("Z" + "I" * (self.n - 1))(v)

    def expectation(self, v: Array) -> Array:
        """``<v|Z_1|v>``."""
        xp = array_namespace(v)
        weights, half = xp.real(v) ** 2 + xp.imag(v) ** 2, 2 ** (self.n - 1)
        return xp.sum(weights[..., :half], axis=-1) - xp.sum(weights[..., half:], axis=-1)

    def loss(self, theta: Array, psi: Array) -> Array:
        """Of parameters (..., D) and states (..., 2^n)."""
        return self.expectation(self.run(theta, psi))

    def features(self, theta: Array, psi: Array, k: int) -> tuple[Array, Array]:
        """The state just after gate k (from 0), and ``Z_1`` times the last state, carried back there."""
        mu = self.run(theta, psi, range(k + 1))
        rest = range(k + 1, self.D)
        return mu, self.run(theta, self.observe(self.run(theta, mu, rest)), rest, back=True)

    def gradient(self, theta: Array, psi: Array) -> Array:
        """All derivatives (..., D) by one pass forward and one back: ``2 beta_k Im <nu_k|P_k|mu_k>``."""
        xp = array_namespace(psi)
        mu = self.run(theta, psi)
        nu, found = self.observe(mu), []
        for k in reversed(range(self.D)):
            found.append(2 * self.beta[k] * xp.imag(inner(nu, self.paulis[k](mu))))
            mu, nu = (self.run(theta, v, range(k, k + 1), back=True) for v in (mu, nu))
        return xp.stack(found[::-1], axis=-1)

    def tangent(self, theta: Array, psi: Array, *order: int) -> Array:
        """The derivative of the last state by some parameters, by the product rule: no shift and no feature."""
        v = psi
        for k in range(self.D):
            v = self.run(theta, v, range(k, k + 1))
            for _ in range(order.count(k)):
                v = self.paulis[k](v, -1j * self.beta[k])
        return v

    def slope(self, theta: Array, psi: Array, k: int) -> Array:
        """``2 Re <phi|Z_1|d_k phi>``."""
        xp = array_namespace(psi)
        return 2 * xp.real(inner(self.run(theta, psi), self.observe(self.tangent(theta, psi, k))))

    def hessian(self, theta: Any, psi: Any) -> np.ndarray:
        """All second derivatives (D, D), on NumPy."""
        image = self.observe(self.run(theta, psi))
        first = [self.tangent(theta, psi, k) for k in range(self.D)]
        H = np.empty((self.D, self.D))
        for i in range(self.D):
            for j in range(i + 1):
                second = inner(self.tangent(theta, psi, i, j), image) + inner(first[i], self.observe(first[j]))
                H[i, j] = H[j, i] = 2 * np.real(second)
        return H
