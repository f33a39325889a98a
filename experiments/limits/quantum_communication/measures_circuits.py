"""Measures of circuits: derivatives by the product rule beside shifts and features, smoothness, frequencies, laws of shots."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.measure import around, cases, measure
from gradproof.experiments.limits.quantum_communication import instances as data
from gradproof.experiments.limits.quantum_communication.instances import CARD, COSINE, Prepared
from gradproof.solvers.statevector import inner
from gradproof.theory.limits import quantum_communication as paper

F = Fraction
Found = tuple[Any, dict[str, Any]]

CIRCUITS = cases(instance=[CARD, COSINE, data.drawn(6, 10), data.drawn(12, 8)])
SHOT = ("normalised", "unbiased-shots", "independence")


def turned(at: Prepared, k: int, angle: float) -> float:
    """The loss with beta_k theta_k moved by an angle."""
    theta = at.theta + angle / at.circuit.beta[k] * np.eye(at.circuit.D)[k]
    return float(np.clip(at.circuit.loss(theta, at.psi), -1, 1))


@measure(paper.PARAMETER_SHIFT, CIRCUITS)
def derivative(instance: Prepared) -> Iterator[Found]:
    r"""$\partial\mathcal L/\partial\theta_k$ for every $k$ by the product rule; the two losses are rounded, too."""
    plus, minus = instance.losses
    for k, slope in enumerate(instance.slopes()):
        beta = instance.circuit.beta[k]
        yield around(slope, 4 * beta * instance.circuit.rounding), {"beta": beta, "plus": plus[k], "minus": minus[k]}


@measure(paper.SINUSOID, CIRCUITS.where(lambda instance: instance.circuit.n < 12))
def moved_loss(instance: Prepared) -> Iterator[Found]:
    r"""$\mathcal L(\theta_k + s)$ at two $s$ for every $k$."""
    for k, slope in enumerate(instance.slopes()):
        beta, opposite = instance.circuit.beta[k], turned(instance, k, math.pi / 2)
        for t in (-3.0, 0.4):
            at = {"beta": beta, "t": t, "now": instance.loss, "opposite": opposite, "slope": slope}
            yield around(turned(instance, k, math.atan(t)), 4 * instance.circuit.rounding), at


def carried(at: Prepared, k: int, transposed: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The features at gate k; ``transposed``: carried back by transposes in the place of adjoints."""
    mu, nu = at.circuit.features(at.theta, at.psi, k)
    if transposed:  # G^T = conj(G* conj(.))
        rest = range(k + 1, at.circuit.D)
        last = at.circuit.observe(at.circuit.run(at.theta, at.psi))
        nu = at.circuit.run(at.theta, last.conj(), rest, back=True).conj()
    return mu, nu


@measure(paper.FEATURE_LOSS, CIRCUITS)
def overlap(instance: Prepared, transposed: bool = False, entries: int | None = None) -> Iterator[Found]:
    r"""$\operatorname{Re}\langle\nu_k|\mu_k\rangle$ for every $k$."""
    D = instance.circuit.D
    for k in range(D)[:entries]:
        mu, nu = carried(instance, k, transposed)
        yield around(float(inner(nu, mu).real), 4 * instance.circuit.rounding), {"g": D - 1 - k, "Lq": instance.loss}


@measure(paper.FEATURE_GRADIENT, CIRCUITS)
def matrix_element(instance: Prepared, transposed: bool = False, entries: int | None = None) -> Iterator[Found]:
    r"""$\partial\mathcal L/\partial\theta_k$ by the product rule, beside the features."""
    for k, slope in enumerate(instance.slopes()[:entries]):
        mu, nu = carried(instance, k, transposed)
        beta = instance.circuit.beta[k]
        im = float(np.clip(inner(nu, instance.circuit.paulis[k](mu)).imag, -1, 1))
        yield around(slope, 4 * beta * instance.circuit.rounding), {"beta": beta, "im": im}


@measure(paper.FEATURE_STATE, CIRCUITS)
def on_one_state(instance: Prepared, transposed: bool = False, entries: int | None = None) -> Iterator[Found]:
    r"""$\partial\mathcal L/\partial\theta_k$ by the product rule, beside an expectation on $|\chi_k\rangle$."""
    for k, slope in enumerate(instance.slopes()[:entries]):
        chi = np.concatenate(carried(instance, k, transposed)) / math.sqrt(2)
        image = data.Pauli("Y" + instance.circuit.gates[k])(chi)
        beta, corr = instance.circuit.beta[k], float(np.clip(inner(chi, image).real, -1, 1))
        yield around(slope, 6 * beta * instance.circuit.rounding), {"beta": beta, "corr": corr}


@measure(paper.SMOOTHNESS, cases(instance=[CARD, data.drawn(5, 6)]))
def curvature(instance: Prepared, scale: int = 1) -> Found:
    r"""$\|\nabla^2\mathcal L\|_2$ by the product rule; the state may be ``scale`` times a normalised one."""
    circuit = instance.circuit
    norm = float(np.linalg.norm(circuit.hessian(instance.theta, scale * instance.psi), 2))
    error = 8 * circuit.D * circuit.rounding * scale**2 * max(b * b for b in circuit.beta)
    return around(norm, error), {"beta2": sum(b * b for b in circuit.beta)}


@measure(paper.SMOOTHNESS, cases(beta2=1).guaranteeing("involution", "normalised"))
def curvature_at_the_top() -> int:
    r"""$|\mathcal L''(0)|$ of $\cos2\theta$ by the product rule: in whole numbers, of which floats round none."""
    return int(abs(COSINE.circuit.hessian(COSINE.theta, COSINE.psi)[0, 0]))


# --- frequencies ----------------------------------------------------------------------------------------------------------

HALVES = (F(1, 2), F(-1, 2))


@measure(paper.FREQUENCIES, cases(L=[1, 2, 4], powers=[True, False]).guaranteeing("two_eigenvalues"))
def uploaded(L: int, powers: bool, eigenvalues: tuple[Fraction, ...] = HALVES) -> int:
    r"""Frequencies of one qubit between reflections, exactly; $\lambda_l = 3^l$, or all 1."""
    return len(data.frequencies([3**j if powers else 1 for j in range(L)], eigenvalues))


# --- shots ----------------------------------------------------------------------------------------------------------------

LOSSES = [F(0), F(1, 2), F(-9, 10)]


@measure(
    paper.SHOTS,
    cases(size=[{"eps": F(1, 10), "delta": F(1, 20)}, {"eps": F(1, 4), "delta": F(1, 2)}], Lq=LOSSES)
    .let(M=lambda eps, delta: data.hoeffding(float(eps), float(delta))).guaranteeing(*SHOT),
)  # fmt: skip
def failing(M: int, Lq: Fraction, eps: Fraction, scale: int = 1, together: bool = False) -> Fraction:
    r"""$P(|\hat{\mathcal L} - \mathcal L| \ge \varepsilon)$ by the binomial law; ``together``: one shot is counted $M$ times."""
    return data.failure(1 if together else M, Lq, eps, scale)


measure(
    paper.CHEBYSHEV,
    cases(at=[{"M": 1, "eps": F(1), "Lq": F(0)}, {"M": 20, "eps": F(1, 4), "Lq": F(1, 2)}])
    .guaranteeing(*SHOT), name="failing_by_variance",
)(failing)  # fmt: skip


@measure(paper.SHOT_VARIANCE, cases(M=[1, 20, 100], Lq=LOSSES).guaranteeing(*SHOT))
def variance(M: int, Lq: Fraction, together: bool = False) -> Fraction:
    r"""$\mathbb E(\hat{\mathcal L} - \mathcal L)^2$, a sum over the binomial law in rationals."""
    M = 1 if together else M
    return data.binomial(M, (1 + Lq) / 2, lambda k: (F(2 * k - M, M) - Lq) ** 2)


@measure(paper.GRADIENT_NOISE, cases(instance=[CARD, data.drawn(6, 10)], M=[1, 20]).guaranteeing(*SHOT[1:]))
def noise(instance: Prepared, M: int, together: bool = False) -> Found:
    r"""$\mathbb E\|g - \nabla\mathcal L\|^2$ from the variances of all shifted losses; ``together``: all shots are one."""
    beta = np.array(instance.circuit.beta)
    left = sum(float((beta**2 * (1 - x**2)).sum()) for x in instance.losses) / (1 if together else M)
    at = {"D": len(beta), "beta2": float((beta**2).sum())}
    return around(left, 8 * float((beta**2).sum()) * instance.circuit.rounding / M), at


@measure(paper.GRADIENT_NOISE, cases(M=[1, 20], D=1, beta2=1).guaranteeing("involution", *SHOT))
def noise_at_the_top(M: int) -> sp.Expr:
    r"""The same at $\theta = 0$ of $\cos2\theta$, whose two shifted losses are zero: exactly."""
    loss = sp.cos(sp.pi / 4) ** 2 - sp.sin(sp.pi / 4) ** 2
    return 2 * (1 - loss**2) / M
