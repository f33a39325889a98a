"""FedAC beside local SGD: the two sequences on exact paths, and where constant steps stall."""

from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.communication.local_sgd import measures as m
from gradproof.experiments.communication.local_sgd.instances import RandomCurvature, TwoSlopes
from gradproof.experiments.communication.local_sgd.methods import Fedac, errors
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure
from gradproof.solvers.averaged_sgd import fedac_quadratic
from gradproof.theory.communication import local_sgd as ls
from gradproof.theory.errors import ParameterError

# --- with equal step sizes -------------------------------------------------------------------------------------------


class _WithNoise:
    """Stochastic gradients of one number from F' and the noise."""

    def __init__(self, problem: TwoSlopes) -> None:
        self.problem = problem

    def sample(self, u: F, noise: F) -> F:
        return self.problem.slope(u) + noise


def paths(
    problem: TwoSlopes, ac: Fedac, T: int, n: int, times: Any, starts: tuple[F, F] = (F(3), F(3)), both: bool = True
) -> tuple[list[F], list[F]]:
    """v and w of the workers after T steps on one path of the noise, in rationals; ``both``: w is averaged too."""
    v, w = [starts[0]] * n, [starts[1]] * n
    for t, row in enumerate(m.rational_noise(T, n)):
        if t in times:
            v = [sum(v, F(0)) / n] * n
            w = [sum(w, F(0)) / n] * n if both else w
        ends = [ac.step(_WithNoise(problem), *at) for at in zip(v, w, row, strict=True)]
        v, w = [e[0] for e in ends], [e[1] for e in ends]
    return v, w


def between_the_sequences(problem, alpha, b, T, n, times, gamma=F(1, 5), **more: Any) -> F:
    r"""$\frac1N\sum_i|w_i^T - v_i^T|^2$ on one path of the noise, in rationals, $\eta = 1/5$."""
    v, w = paths(problem, Fedac(F(1, 5), gamma, alpha, b), T, n, times, **more)
    return sum(((x - y) ** 2 for x, y in zip(v, w, strict=True)), F(0)) / n


TIMES = {"once": (0,), "uneven": (0, 1, 5, 6)}
SEQUENCES = cases(problem=[TwoSlopes(F(4), F(1)), TwoSlopes(F(-1), F(3))], n=[2, 5], T=10, times=TIMES)
SEQUENCES += cases(problem=[TwoSlopes(F(2), F(2))], n=3, T=10, times=TIMES)
SEQUENCES = SEQUENCES.let(alpha=lambda n: F(2 * n), b=lambda n: F(n + 1, 2))
STRUCTURE = ("equal_steps", "both_start", "both_averaged")
measure(ls.FEDAC_UNACCELERATED, SEQUENCES.guaranteeing(*STRUCTURE))(between_the_sequences)

PATH = {
    "problem": [TwoSlopes(F(4), F(1))],
    "alpha": F(4),
    "b": F(5),
    "T": 10,
    "n": 3,
    "times": {"uneven": (0, 1, 5, 6)},
}
breaking(ls.FEDAC_UNACCELERATED, "equal_steps", between_the_sequences, **PATH, gamma=F(1, 4))
breaking(ls.FEDAC_UNACCELERATED, "both_start", between_the_sequences, **PATH, starts=[(F(3), F(2))])
breaking(ls.FEDAC_UNACCELERATED, "both_averaged", between_the_sequences, **PATH, both=False)

# --- constant steps --------------------------------------------------------------------------------------------------


def plain(eta: Any) -> Fedac:
    """FedAC with equal step sizes: a constant step eta."""
    return Fedac(eta, eta, 4, 5)


def limit_of_a_worker(h: F, eta: F, sigma2: F, c: F, n: int = 1, together: bool = False) -> F:
    """The limit of E F(x_i^T) - F* from exact values at four times: each is a fixed share of the way on from the one before.

    Raises:
        ParameterError: the share is not the same twice, or not below one.
    """
    times = range(4) if together else ()
    first, second, third, fourth = (
        fedac_quadratic(T, times, plain(eta), h, F(2), sigma2, c, n)[1] for T in range(1, 5)
    )
    share = (third - second) / (second - first)
    if share * (third - second) != fourth - third or not 0 <= share < 1:
        raise ParameterError(f"the error does not go to a limit by a fixed share a step at {h=}, {eta=}, {c=}")
    return second + (third - second) / (1 - share)


def floor_of_a_worker(h, eta, sigma2, c) -> F:
    r"""$\lim\mathbb E F(x_i^T) - F^*$ from exact second moments of FedAC with equal steps, in rationals."""
    return limit_of_a_worker(h, eta, sigma2, c)


FLOORS = cases(h=[F(1), F(3)], eta=[F(1, 4), F(1, 35)], sigma2=[F(1, 4)], c=[F(0), F(1)])
KNOWN = ("parabola", "exact_relative_noise", "alone")
measure(ls.FLOOR, FLOORS.guaranteeing(*KNOWN))(floor_of_a_worker)


def error_of_a_stalled_worker(T, seeds, rng) -> m.With:
    r"""$F(x^T) - F^*$ of FedAC with equal steps on $x^2/2$ from $x^*$, signs as noise of both kinds; as far from the limit as
    shown.
    """
    known: dict[str, Any] = {"h": F(1), "eta": F(1, 4), "sigma2": F(1, 4), "c": F(1, 4)}
    problem, root, draws = RandomCurvature(d=1), 0.5, (1, seeds, 1, 1)

    def noise(t: int) -> np.ndarray:
        scaled, alone = (2.0 * rng.integers(0, 2, draws) - 1 for _ in range(2))
        return np.concatenate([root * scaled, alone], axis=-1)

    out = errors(problem, 1, lambda t: 0 * t, [()], [0.0], noise, T, seeds=seeds, ac=plain(0.25))
    floats = {k: float(v) for k, v in known.items()}
    now = fedac_quadratic(T, (), plain(0.25), floats["h"], 0.0, floats["sigma2"], floats["c"], 1)[1]
    bias = abs(float(limit_of_a_worker(**known)) - now) + m.EPS
    # a step multiplies x by at most 7/8 and adds at most eta sigma = 1/8, so that |x| <= 1
    return Sample(out["error"].values[0, :, -1], at_most=0.5 * (1 + 1e-9), bias=bias), floats


measure(ls.FLOOR, cases(T=60, seeds=6000).guaranteeing(*KNOWN))(error_of_a_stalled_worker)


def growing_without_end(h, eta, sigma2, c) -> Enclosed:
    """E F(x_i^T) - F* where the mean square does not contract: at least what it has grown to."""
    return Enclosed(
        fedac_quadratic(150, (), plain(float(eta)), float(h), 2.0, float(sigma2), float(c), 1)[1], np.inf, "truncation"
    )


def floor_with_twice_the_variance(h, eta, sigma2, c) -> F:
    """The same limit where the variance is twice what it is said to be."""
    return limit_of_a_worker(h, eta, 2 * sigma2, c)


def floor_on_another_parabola(h, eta, sigma2, c) -> F:
    """The limit on a parabola of half the curvature."""
    return limit_of_a_worker(h / 2, eta, sigma2, c)


def floor_of_the_mean(h, eta, sigma2, c) -> F:
    """The limit where twenty workers are averaged at every step."""
    return limit_of_a_worker(h, eta, sigma2, c, n=20, together=True)


AT = {"h": F(3), "eta": F(1, 4), "sigma2": F(1, 4), "c": F(1)}
breaking(ls.FLOOR, "stable", growing_without_end, **{**AT, "eta": F(1, 2)})
breaking(ls.FLOOR, "exact_relative_noise", floor_with_twice_the_variance, **AT)
breaking(ls.FLOOR, "parabola", floor_on_another_parabola, **AT)
breaking(ls.FLOOR, "alone", floor_of_the_mean, **AT)
