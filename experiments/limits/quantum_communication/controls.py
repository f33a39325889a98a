"""Controls: each gives up one assumption, or takes another method, and the claim must fail."""

import math
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import cases, rounded
from gradproof.experiments.limits.quantum_communication import instances as data
from gradproof.experiments.limits.quantum_communication import measures_circuits as circuits
from gradproof.experiments.limits.quantum_communication import measures_communication as sent
from gradproof.experiments.limits.quantum_communication.instances import CARD, COSINE
from gradproof.theory.limits import quantum_communication as paper

F = Fraction
Found = tuple[Any, dict[str, Any]]

# --- a generator with four eigenvalues -----------------------------------------------------------------------------------


def ladder(x: float, order: int = 0) -> float:
    """Loss, or a derivative, of exp(-i x diag(0, 1, 2, 3)) on the uniform state of two qubits, observable |0><3| + |3><0|."""
    levels = np.arange(4)
    bra, ket = np.exp(1j * levels * x) / 2, np.exp(-1j * levels * x) / 2
    return float(2 * (bra[0] * ket[3] * (1j * levels[0] - 1j * levels[3]) ** order).real)


def derivative_of_a_ladder(x: float) -> Found:
    r"""$\mathcal L'$ of a generator with the eigenvalues 0, 1, 2, 3."""
    quarter = math.pi / 4
    return rounded(ladder(x, 1), 50, 1.0), {"beta": 1.0, "plus": ladder(x + quarter), "minus": ladder(x - quarter)}


def loss_of_a_ladder(x: float, t: float) -> Found:
    r"""$\mathcal L(x + \arctan t)$ of the same."""
    at = {"beta": 1.0, "now": ladder(x), "opposite": ladder(x + math.pi / 2), "slope": ladder(x, 1)}
    return rounded(ladder(x + math.atan(t)), 50, 1.0), at


def curvature_of_a_ladder(x: float) -> Any:
    r"""$|\mathcal L''|$ of the same."""
    return rounded(abs(ladder(x, 2)), 50, 5.0)


breaking(paper.PARAMETER_SHIFT, "involution", derivative_of_a_ladder, x=0.3)
breaking(paper.SINUSOID, "involution", loss_of_a_ladder, x=0.3, t=1.0)
breaking(paper.SMOOTHNESS, "involution", curvature_of_a_ladder, x=0.0, beta2=1)


# --- features -------------------------------------------------------------------------------------------------------------

TRANSPOSED = cases(instance=data.drawn(6, 10).but("adjoint"), transposed=True, entries=1)
breaking(paper.FEATURE_LOSS, "adjoint", circuits.overlap, TRANSPOSED)
breaking(paper.FEATURE_GRADIENT, "adjoint", circuits.matrix_element, TRANSPOSED)
breaking(paper.FEATURE_STATE, "adjoint", circuits.on_one_state, TRANSPOSED)


def lowered() -> Found:
    r"""$\mathcal L'$ at 0 of $(1 - i\theta A)\psi$ for $A = |0\rangle\langle1|$, observable $Y$, beside $|\chi\rangle$."""
    A, Y, psi = np.array([[0, 1], [0, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([0.6, 0.8])
    chi = np.concatenate([psi, Y @ psi]) / math.sqrt(2)
    at = {"beta": 1, "corr": float(np.vdot(chi, np.kron(Y, A) @ chi).real)}
    return rounded(2 * np.vdot(Y @ psi, -1j * A @ psi).real, 50, 1.0), at


breaking(paper.FEATURE_STATE, "hermitian", lowered)


# --- shots ----------------------------------------------------------------------------------------------------------------

HALF = {"eps": F(1, 10), "delta": F(1, 20), "Lq": F(0)}
breaking(paper.SHOTS, "enough", circuits.failing, **HALF, M=100)
breaking(paper.SHOTS, "normalised", circuits.failing, **HALF, M=738, scale=9)
breaking(paper.SHOTS, "independence", circuits.failing, **HALF, M=738, together=True)
breaking(paper.CHEBYSHEV, "normalised", circuits.failing, **HALF, M=1000, scale=9)
breaking(paper.CHEBYSHEV, "independence", circuits.failing, **HALF, M=1000, together=True)
breaking(paper.SHOT_VARIANCE, "independence", circuits.variance, M=20, Lq=F(1, 2), together=True)
breaking(paper.GRADIENT_NOISE, "independence", circuits.noise, instance=CARD, M=20, together=True)
breaking(paper.SMOOTHNESS, "normalised", circuits.curvature, instance=COSINE.but("normalised"), scale=2)
TERNARY = (F(0), F(1), F(3))
breaking(paper.FREQUENCIES, "two_eigenvalues", circuits.uploaded, L=1, powers=True, eigenvalues={"0, 1, 3": TERNARY})

# --- what is sent ---------------------------------------------------------------------------------------------------------

breaking(paper.QUBIT_COUNT, "alternating", sent.qubits, L=3, n=20, M=738, at="Bob")
breaking(paper.GRADIENT_COUNT, "two_circuits", sent.qubits_of_a_gradient, L=2, n=4, M=10, D=8, forward=True)


def agreeing_on_the_cube(rho: Fraction) -> Fraction:
    r"""Two signs agree for a random $g \in \{-1,1\}^2$, $x = (\rho, \sqrt{1-\rho^2})$, $w = e_1$; $\rho > 1/\sqrt2$: always."""
    x = (float(rho), math.sqrt(1 - rho**2))
    return F(sum((g0 * x[0] + g1 * x[1]) * g0 > 0 for g0, g1 in data.signs(2)), 4)


breaking(paper.SKETCH_AGREEMENT, "gaussian-directions", agreeing_on_the_cube, rho=F(4, 5))
breaking(paper.LINEAR_UPPER, "margin", sent.erring, gamma=F(1, 4), m=356, rho=F(1, 50))
breaking(paper.MAJORITY, "independence", sent.outvoted, a=F(1, 5), m=41, together=True)

breaking(paper.LINEAR_LOWER, "no-shared-entanglement", sent.qubits_of_superdense_coding, pairs=[1, 2])
breaking(paper.MARGIN_DIMENSION, "orthonormal", sent.questions, k=4, repeated=True)
breaking(paper.MARGIN_DIMENSION, "unit", sent.questions, k=16, scale=2)
breaking(paper.ACCESS_CODE, "anticommuting", sent.answered, k=3, commuting=True, strings=1)
breaking(paper.HOLEVO, "no-shared-entanglement", sent.information_with_pairs, n=[1, 2], M=1)
breaking(paper.DECODING, "no-shared-entanglement", sent.guessing_with_pairs, n=[1, 2])


def relayed(L: int, n: int, M: int) -> int:
    r"""Bits of a relay of all $2^n$ amplitudes."""
    return 32 * 2**n * sent.transfers(L) * M


replacing(paper.QUBIT_COUNT, "a classical relay of 32 bits an entry", relayed, L=2, n=[4, 20], M=1)

# --- descent on cos 2 theta, L = 4 ----------------------------------------------------------------------------------------


def descent(theta: float, eta: float, T: int, L: float, scale: int = 1) -> Found:
    r"""Mean squared derivative along noiseless steps of ``scale`` times the loss. A step magnifies errors by $1 + 4\eta$."""
    squares, at = [], {"Lq0": max(-1.0, scale * math.cos(2 * theta)), "sigma2": 0}
    for _ in range(T):
        slope = -2 * scale * math.sin(2 * theta)
        squares.append(slope**2)
        theta -= eta * slope
    return rounded(float(np.mean(squares)), 100 * (1 + 4 * scale * eta) ** T, 4.0 * scale**2), at


def pushed(eta: float, T: int) -> Found:
    r"""Steps by $\mathcal L' + 1$ from where this is zero: nothing moves, and $\mathcal L'^2 = 1$."""
    return 1, {"L": 4, "Lq0": -math.sqrt(3) / 2, "sigma2": 1}


NEAR = math.pi / 2 - 1e-3
breaking(paper.SGD, "step_size", descent, theta=NEAR, eta=0.6, T=14, L=4)
breaking(paper.SGD, "smooth", descent, theta=NEAR, eta=0.6, T=14, L=0.4)
breaking(paper.SGD, "normalised", descent, theta=math.pi / 4, eta=1 / 36, T=30, L=36, scale=9)
breaking(paper.SGD, "unbiased-gradient", pushed, eta=1 / 40, T=500)
