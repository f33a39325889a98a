"""Second moments of noisy running estimates of a gradient."""

from __future__ import annotations

from fractions import Fraction

import flint
from moves import Between, Case, last_place, permuted, units

from gradproof.solvers import private_descent
from gradproof.solvers.difference_estimator import mean_gradient_of_periods, second_moments, since_restart
from gradproof.solvers.exact.balls import ends

F = Fraction
OF_MOMENTS = ("gradient", "last error", "last step", "since restart")


def moments(h, y0, eta, sigma2, tau2):
    m = second_moments(h, y0, eta, 12, 5, sigma2, tau2)
    once = second_moments(h, y0, eta, 12, 5, sigma2, tau2, times=[1] * len(h))
    return {
        "gradient": m.mean_gradient, "last error": m.error[-1], "last step": m.step[-1], "same": m == once,
        "since restart": since_restart(m.step, 9, 5),
    }  # fmt: skip


def long_run(h, y2, eta, sigma2, tau2):
    with flint.ctx.workprec(160):
        return {"mean": Between(*ends(mean_gradient_of_periods(h, y2, 3, eta, 40, 10, sigma2, tau2)))}


def at_a_privacy(L, G, Delta, n, mu):
    """The best utilities, and runs for the rounds that the paper asks for."""
    sizes = (L, G, Delta, 1, mu)
    with flint.ctx.workprec(160):
        found = {
            "diff2": private_descent.best(n, sizes, 4000), "descent": private_descent.best_descent(n, sizes),
            "run": private_descent.private_run(L, G, Delta, 1, n, mu, 20, 5),
            "rounds": private_descent.private_descent(L, G, Delta, 1, n, mu, 30),
        }  # fmt: skip
        return {name: Between(*ends(value)) for name, value in found.items()}


OF_DIFFERENCES = {
    "second moments of a running estimate": Case(
        moments,
        {"h": [F(1), F(1, 2), F(1, 10)], "y0": [F(1), F(2), F(-3)], "eta": F(1, 2), "sigma2": F(1, 25), "tau2": F(9, 100)},
        {
            "coordinates": permuted(h=(0,), y0=(0,)),
            "units of x": units({"y0": 5, "sigma2": 10}, **dict.fromkeys(OF_MOMENTS, 10)),
            "units of f": units(
                {"h": 7, "eta": -7, "sigma2": 14, "tau2": 14}, **{"gradient": 14, "last error": 14},
            ),
        },
    ),
    "utilities at a privacy": Case(
        at_a_privacy,
        {"L": F(3), "G": F(2), "Delta": F(1, 2), "n": 40, "mu": F(1, 2)},
        {
            "units of x": units({"L": -4, "G": -2}, **dict.fromkeys(("diff2", "descent", "run", "rounds"), -4)),
            "units of f": units({"L": 6, "G": 6, "Delta": 6}, **dict.fromkeys(("diff2", "descent", "run", "rounds"), 12)),
        },
    ),
    "long runs of a running estimate": Case(
        long_run,
        {"h": 1.5, "y2": 2.0, "eta": 0.2, "sigma2": 0.3, "tau2": 0.01},
        {
            "units of x": units({"y2": 8, "sigma2": 8}, mean=8),
            "units of f": units({"h": 7, "eta": -7, "sigma2": 14, "tau2": 14}, mean=14),
            "last place": last_place("h", "y2", "eta", "sigma2", "tau2"),
        },
    ),
}  # fmt: skip
