"""EF21 on two workers with piecewise linear derivatives and extreme compressors, replayed in exact arithmetic."""

from typing import Any

import numpy as np

from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.instances.compressors import compressors
from gradproof.experiments.instances.functions import FiniteSum, Smooth, points, smooth
from gradproof.experiments.instances.source import Source, built
from gradproof.theory.claim import Claim
from gradproof.theory.communication import ef21


@built
def sums(draw: Source, limits: tuple[float, ...], drop: frozenset[str]) -> FiniteSum:
    """Convex L_i-smooth functions of one variable with a common minimizer, the origin, and value 0 there."""
    if "smooth_fi" in drop:  # parts of opposite curvature, beyond their constants, whose mean keeps the mean's
        L = sum(limits) / 2
        first = limits[0] + 16 * L
        second = (2 * L - first) * (1 + 2.0**-50)  # rounded downwards
        return FiniteSum(tuple(Smooth(np.array([[s]]), np.zeros((0, 1)), np.zeros(1)) for s in (first, second)))
    return FiniteSum(tuple(draw(smooth(0.0, L, max_dim=1, centered=True)) for L in limits))


def _alpha(alpha: float, drop: frozenset[str]) -> float:
    """The compressors' contraction parameter: much weaker than stated where contractivity is given up."""
    return alpha / 64 if "contractive" in drop else alpha


DRAWS: dict[str, Any] = {
    "L_1": lambda L: built(lambda draw: draw.real(L / 8, L))(),
    # their mean is L, so that the mean function is L-smooth; where that is given up, 16 times as much
    "limits": lambda L, L_1, drop: (16 * L_1, 32 * L) if "smooth_f" in drop else (L_1, 2 * L - L_1),
    "f": lambda limits, drop: sums(limits, drop),
    "C": lambda alpha, drop: compressors(_alpha(alpha, drop)),
    "x0": lambda f: points(f),
}


def _average_gradient(
    f: FiniteSum, C: Any, x: Any, gamma: Any, T: int, weights: list[Any]
) -> tuple[Any, dict[str, Any]]:
    """Average of |grad f|^2 over T steps of EF21 from g_i = C(grad f_i(x^0)), and the constants of the start."""
    g = [C(p.gradient(x)) for p in f.parts]
    errors = [a - p.gradient(x) for a, p in zip(g, f.parts, strict=True)]
    distortion = sum(w * (e @ e) for w, e in zip(weights, errors, strict=True))
    start, total = f(x), 0
    for _ in range(T):
        total = total + f.gradient(x) @ f.gradient(x)
        x = x - gamma * sum(g) / f.n
        g = [a + C(p.gradient(x) - a) for a, p in zip(g, f.parts, strict=True)]
    return total / T, {"f0": start, "f_inf": 0 * start, "G0": distortion / f.n}


def average_gradient_am(f: Any, C: Any, x0: Any, gamma: Any, L: Any, limits: Any, T: int) -> Any:
    """EF21 on two workers, weights L_AM / L_i."""
    return _average_gradient(f, C, x0, gamma, T, [sum(limits) / 2 / k for k in limits])


def average_gradient_qm(f: Any, C: Any, x0: Any, gamma: Any, L: Any, limits: Any, T: int) -> Any:
    """EF21 on two workers, uniform weights."""
    return _average_gradient(f, C, x0, gamma, T, [1, 1])


def searches(claim: Claim) -> list[Experiment]:
    """The experiments attached to a claim of the paper."""
    if claim.id.split("~")[0] == ef21.NONCONVEX_AM.id:
        draws = DRAWS | {"L_AM": lambda limits: sum(limits) / 2}
        return [Experiment(ef21.NONCONVEX_AM, "two_workers", draws, average_gradient_am)]
    if claim.id.split("~")[0] == ef21.NONCONVEX_QM.id:
        # the quadratic mean rounded upwards, so that the instance keeps the constant exactly
        mean = {"L_QM": lambda limits: float(np.sqrt((limits[0] ** 2 + limits[1] ** 2) / 2)) * (1 + 2.0**-50)}
        return [Experiment(ef21.NONCONVEX_QM, "two_workers", DRAWS | mean, average_gradient_qm)]
    return []
