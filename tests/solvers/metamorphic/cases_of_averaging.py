"""Workers that are averaged now and then, and stochastic approximation on the line."""

from __future__ import annotations

import math
from types import SimpleNamespace

from moves import Case, Move, about, last_place, permuted, rounded, units

from gradproof.solvers.averaged_sgd import (
    bound,
    consensus_exact,
    exact_quadratic,
    fedac_quadratic,
    recursion_bound,
    relative_quadratic,
    steps,
)
from gradproof.solvers.averaging_times import (
    best_schedule,
    blocks,
    cost,
    equal_blocks,
    every,
    growing,
    growing_evenly,
    since,
)
from gradproof.solvers.stochastic_approximation import Smooth, kinked_mean, limits, moments


def schedules(T, R, beta):
    best = best_schedule(T, R, beta)
    families = {
        "growing": growing(T, R),
        "evenly": growing_evenly(T, R),
        "equal": equal_blocks(T, R),
        "every": every(T, R),
    }
    found = {name: rounded(cost(T, times, beta), 4 * T) for name, times in families.items()}
    shapes = {f"{name} has": (len(blocks(T, times)), int(since(T, times).sum())) for name, times in families.items()}
    return found | shapes | {"least": about(best.cost, best.error), "rounds": len(best.taus)}


def bounds(T, beta, mu, L, sigma2, N, a0):
    at = (T, growing(T, 5), beta, L, mu, sigma2, N, a0)
    return {"bound": rounded(bound(*at), 8 * T), "recursion": rounded(recursion_bound(*at), 32 * T)}


def parabolas(T, mu, beta, curvatures, x0, variances, N):
    eta = steps(mu, beta)
    return {
        "error": rounded(exact_quadratic(T, eta, curvatures, x0, variances, N), 32 * T),
        "spread": rounded(consensus_exact(T, (0, 5), eta, curvatures, variances, N), 32 * T),
    }


def two_sequences(T, h, x0, variance, c, N, eta, gamma, alpha, b):
    ac, times = SimpleNamespace(eta=eta, gamma=gamma, alpha=alpha, b=b), (0, 3, 4)
    main, returned = fedac_quadratic(T, times, ac, h, x0, variance, c, N)
    plain = relative_quadratic(T, times, lambda t: eta / (t + 1), h, x0, variance, c, N)
    return {name: rounded(x, 64 * T) for name, x in (("main", main), ("returned", returned), ("local", plain))}


def on_the_line(h, c3, c4, mu, L, theta, b, sigma2, fourth):
    F = Smooth(h, c3, c4, mu, L)
    at = moments(F, theta, b, sigma2, fourth, 3000)
    second, mean = limits(F, theta, b, sigma2, fourth, 3000)
    middle = {"second": second, "mean": mean, "second after": at.second, "mean after": at.mean}
    return {k: about((low + high) / 2, (high - low) / 2) for k, (low, high) in middle.items()} | {
        "fourth": rounded(at.fourth, 1e5)
    }


def kinked(theta, b, h_plus, h_minus, sigma):
    found = kinked_mean(theta, b, h_plus, h_minus, sigma, 60, spacing=0.005)
    return {"mean": about(abs(found.mean), found.error), "distance": rounded(found.distance, 1e4)}


def mirrored(data, rng):
    """Left for right: the mean changes its sign, and nothing else."""
    return data | {"h_plus": data["h_minus"], "h_minus": data["h_plus"]}


TANH = math.tanh(1.0)
AVERAGING = {
    "schedules of averagings": Case(schedules, {"T": 240, "R": 9, "beta": 6.5}, {"last place": last_place("beta")}),
    "bounds of averaged SGD": Case(
        bounds,
        {"T": 60, "beta": 8.0, "mu": 1.0, "L": 3.0, "sigma2": 2.0, "N": 7, "a0": 1.5},
        {
            "units of F": units({"mu": 9, "L": 9, "sigma2": 18, "a0": 9}, bound=9, recursion=9),
            "units of x": units({"sigma2": 8, "a0": 8}, bound=8, recursion=8),
            "last place": last_place("beta", "mu", "L", "sigma2", "a0"),
        },
    ),
    "two sequences, and noise that grows with the gradient": Case(
        two_sequences,
        {"T": 12, "h": 2.0, "x0": 1.5, "variance": 0.75, "c": 0.5, "N": 5, "eta": 0.1, "gamma": 0.15, "alpha": 6.0, "b": 7.0},
        {
            "units of F": units({"h": 9, "eta": -9, "gamma": -9, "variance": 18}, main=9, returned=9, local=9),
            "units of x": units({"x0": 4, "variance": 8}, main=8, returned=8, local=8),
            "last place": last_place("x0", "variance", "c"),
        },
    ),
    "averaged SGD on parabolas": Case(
        parabolas,
        {"T": 40, "mu": 1.0, "beta": 6.0, "curvatures": [1.0, 2.0, 3.0], "x0": [1.0, -2.0, 0.5], "variances": [1.0, 0.5, 2.0],
         "N": 4},
        {
            "coordinates": permuted(curvatures=(0,), x0=(0,), variances=(0,)),
            "units of F": units({"mu": 9, "curvatures": 9, "variances": 18}, error=9),
            "units of x": units({"x0": 4, "variances": 8}, error=8, spread=8),
            "last place": last_place("curvatures", "x0", "variances"),
        },
    ),
    "stochastic approximation on the line": Case(
        on_the_line,
        {
            "h": 2 - TANH**2, "c3": 2 * TANH * (1 - TANH**2), "c4": 2.0, "mu": 1.0, "L": 2.0, "theta": 2.0, "b": 4.0, "sigma2": 1.0,
            "fourth": 3.0,
        },
        {
            "units of F": units({"h": 9, "c3": 9, "c4": 9, "mu": 9, "L": 9, "theta": -9, "sigma2": 18, "fourth": 36}),
            "units of x": units(
                {"c3": -4, "c4": -8, "sigma2": 8, "fourth": 16},
                **{"second": 8, "second after": 8, "mean": 4, "mean after": 4, "fourth": 16},
            ),
            "last place": last_place("h", "c3", "c4", "mu", "L", "theta", "sigma2"),
        },
        width=0.2,
    ),
    "stochastic approximation with a kink": Case(
        kinked,
        {"theta": 2.0, "b": 8.0, "h_plus": 2.0, "h_minus": 1.0, "sigma": 1.0},
        {
            "left for right": Move(mirrored),
            "units of x": units({"sigma": 5}, mean=5, distance=5),
            "units of F": units({"theta": -9, "h_plus": 9, "h_minus": 9, "sigma": 9}),
            "last place": last_place("theta", "h_plus", "h_minus", "sigma"),
        },
        width=0.05,
    ),
}  # fmt: skip
