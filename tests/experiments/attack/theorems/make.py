"""The test theorems in the users' format: ``state(kind, id, ...)`` makes a claim of a kind with the given bound."""

import math
import sys
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from gradproof import experiment, own_claim
from gradproof.testing import (
    L1,
    compressors,
    finite_sums,
    lipschitz_convex,
    mean_over_paths,
    points,
    quadratics,
    smooth_convex,
    smooth_nonconvex,
    smooth_strongly_convex,
)

sys.path.insert(0, str(Path(__file__).parent))
from methods import ef21, gd, heavy_ball, nesterov, proximal_gradient, proximal_point, subgradient

P = {
    "L": "smoothness constant", "mu": "strong convexity constant", "gamma": "step size", "beta": "momentum",
    "N": "number of steps", "R2": "|x0 - x*|^2", "F0": "f(x0) - f*", "G": "Lipschitz constant", "alpha": "contraction",
    "sigma2": "variance of the noise", "D": "E |g_i(x*)|^2", "n": "number of workers",
    "h1": "curvature", "h2": "curvature", "eta": "step size",
}  # fmt: skip
ORDER = {"order": "mu <= L"}


def _sq(x):
    return x @ x


def distance_gd(c):
    @experiment(c, f=lambda mu, L: smooth_strongly_convex(mu, L), x0=lambda f: points(f))
    def squared_distance(f, x0, gamma, N):
        return _sq(gd(f, x0, gamma, N) - f.minimizer), {"R2": _sq(x0 - f.minimizer)}


def value_gd(c):
    @experiment(c, f=lambda L: smooth_convex(L), x0=lambda f: points(f))
    def value_gap(f, x0, gamma, N):
        return f(gd(f, x0, gamma, N)) - f.minimum, {"R2": _sq(x0 - f.minimizer)}


def value_gd_strong(c):
    @experiment(c, f=lambda mu, L: smooth_strongly_convex(mu, L), x0=lambda f: points(f))
    def value_gap(f, x0, gamma, N):
        return float(f(gd(f, x0, gamma, N)) - f.minimum), {"F0": float(f(x0) - f.minimum)}


def gradient_gd_convex(c):
    @experiment(c, f=lambda L: smooth_convex(L), x0=lambda f: points(f))
    def gradient_norm(f, x0, gamma, N):
        g = f.gradient(gd(f, x0, gamma, N))
        return math.sqrt(g @ g), {"R2": _sq(x0 - f.minimizer)}


def gradient_gd_nonconvex(c):
    @experiment(c, f=lambda L: smooth_nonconvex(L), x0=lambda f: points(f))
    def smallest_gradient(f, x0, gamma, N):
        x, best = x0, []
        for _ in range(N):
            best.append(_sq(f.gradient(x)))
            x = x - gamma * f.gradient(x)
        return min(best), {"F0": f(x0) - f.minimum}


def descent(c):
    @experiment(c, f=lambda L: smooth_nonconvex(L), x0=lambda f: points(f))
    def decrease(f, x0, gamma):
        g = f.gradient(x0)
        return f(x0 - gamma * g) - f(x0) + gamma * (g @ g) / 2, {"F0": f(x0) - f.minimum}


def accelerated(c):
    @experiment(c, f=lambda L: smooth_convex(L), x0=lambda f: points(f))
    def value_gap(f, x0, gamma, N):
        return f(nesterov(f, x0, gamma, N)) - f.minimum, {"R2": _sq(x0 - f.minimizer)}


def heavy(c, family=quadratics):
    @experiment(c, f=lambda mu, L: family(mu, L), x0=lambda f: points(f))
    def distance(f, x0, gamma, beta, N):
        return _sq(heavy_ball(f, x0, gamma, beta, N) - f.minimizer), {"R2": _sq(x0 - f.minimizer)}


def polyak_tuned(c):
    @experiment(c, f=lambda mu, L: smooth_strongly_convex(mu, L, max_dim=1), x0=lambda f: points(f))
    def distance(f, x0, mu, L, N):
        gamma = 4 / (L**0.5 + mu**0.5) ** 2
        beta = ((L**0.5 - mu**0.5) / (L**0.5 + mu**0.5)) ** 2
        x = heavy_ball(f, x0, gamma, beta, N) - f.minimizer
        return np.linalg.norm(x) ** 2, {"R2": _sq(x0 - f.minimizer)}


def prox_value(c):
    @experiment(c, f=lambda: smooth_convex(1000.0, max_dim=1), x0=lambda f: points(f))
    def value_gap(f, x0, gamma, N):
        return f(proximal_point(f, x0, gamma, N)) - f.minimum, {"R2": _sq(x0 - f.minimizer)}


def prox_distance(c):
    @experiment(c, f=lambda mu: smooth_strongly_convex(mu, 100 * mu), x0=lambda f: points(f))
    def distance(f, x0, gamma, N):
        return _sq(proximal_point(f, x0, gamma, N) - f.minimizer), {"R2": _sq(x0 - f.minimizer)}


def composite(c):
    @experiment(c, f=lambda mu, L: quadratics(mu, L, max_dim=1), weight=st.floats(0.0, 5.0), x0=lambda f: points(f))
    def distance(f, weight, x0, gamma, N):
        h = L1(weight, f.dim)
        s, z = f.slopes[0][0], f.center[0]  # the minimizer of s (x - z)^2/2 + w|x|: soft thresholding
        star = max(z - weight / s, 0) - max(-z - weight / s, 0)
        return (proximal_gradient(f, h, x0, gamma, N)[0] - star) ** 2, {"R2": (x0[0] - star) ** 2}


def subgradient_best(c):
    @experiment(c, f=lambda G: lipschitz_convex(G), x0=lambda f: points(f))
    def best_value(f, x0, gamma, N):
        return subgradient(f, x0, gamma, N)[0] - f.minimum, {"R2": _sq(x0 - f.minimizer)}


def subgradient_mean(c):
    @experiment(c, f=lambda G: lipschitz_convex(G), x0=lambda f: points(f))
    def mean_value(f, x0, gamma, N):
        return f(subgradient(f, x0, gamma, N)[1]) - f.minimum, {"R2": _sq(x0 - f.minimizer)}


def compressed_gd(c):
    """No error feedback: x+ = x - gamma C(grad)."""

    @experiment(
        c, f=lambda mu, L: quadratics(mu, L), C=lambda f, alpha: compressors(alpha, dim=f.dim), x0=lambda f: points(f)
    )
    def value_gap(f, C, x0, gamma, N):
        x = x0
        for _ in range(N):
            x = x - gamma * C(f.gradient(x))
        return f(x) - f.minimum, {"F0": f(x0) - f.minimum}


def ef21_single(c):
    @experiment(c, f=lambda L: quadratics(L, L, max_dim=1), C=lambda alpha: compressors(alpha), x0=lambda f: points(f))
    def last_distance(f, C, x0, gamma, N):
        return _sq(ef21(f, x0, C, gamma, N) - f.minimizer), {"R2": _sq(x0 - f.minimizer)}


def sgd(c, interpolation=False):
    @experiment(
        c, f=lambda mu, L: finite_sums(mu, L, max_n=2, pieces=1, max_dim=1, interpolation=interpolation),
        x0=lambda f: points(f), N=st.integers(1, 5),
    )  # fmt: skip
    def expected_distance(f, x0, gamma, N):
        star = f.minimizer

        def run(path):
            x = x0
            for i in path:
                x = x - gamma * f[i].gradient(x)
            return _sq(x - star)

        noise = sum(_sq(f[i].gradient(star)) for i in range(f.n)) / f.n
        return mean_over_paths(f.n, N, run), {"R2": _sq(x0 - star), "D": noise}


def sgd_two(c):
    """SGD on the mean of h1 x^2/2 and h2 x^2/2, in expectation."""

    @experiment(c, x0=st.floats(1.0, 2.0), N=st.integers(1, 8))
    def expected_square(x0, h1, h2, eta, N):
        def run(path):
            x = x0
            for i in path:
                x = x - eta * (h1, h2)[i] * x
            return x * x

        return mean_over_paths(2, N, run), {"R2": x0 * x0}


def noisy_gd(c):
    """Gaussian noise of variance sigma2 in each gradient of mu x^2/2; measured by sampling."""

    @experiment(c, x0=st.floats(0.5, 4.0), N=st.integers(1, 60))
    def sampled_distance(x0, mu, gamma, sigma2, N, rng):
        x = x0
        for _ in range(N):
            x = x - gamma * (mu * x + np.sqrt(sigma2) * rng.standard_normal())
        return x * x, {"R2": x0 * x0}


def cocoercive(c):
    @experiment(c, f=lambda L: smooth_convex(L), x0=lambda f: points(f), y0=lambda f: points(f))
    def inner_product(f, x0, y0):
        g = f.gradient(x0) - f.gradient(y0)
        return g @ (x0 - y0), {"D": g @ g}


KINDS = {k: v for k, v in globals().items() if callable(v) and getattr(v, "__module__", "") == __name__ and k[0] != "_"}


def state(kind, id, parameters, bound, relation="<=", assumptions=None, **kwargs):
    c = own_claim(
        id, kind, parameters={p: (P[p], DOMAINS[p]) if p in DOMAINS else P[p] for p in parameters.split()},
        assumptions=assumptions or {}, quantity=kind, bound=bound, relation=relation,
    )  # fmt: skip
    KINDS[kind](c, **kwargs)
    return c


from sympy import Interval  # noqa: E402

DOMAINS = {
    "R2": Interval(0, float("inf")), "F0": Interval(0, float("inf")), "D": Interval(0, float("inf")),
    "beta": Interval.Ropen(0, 1), "alpha": Interval.Lopen(0, 1),
}  # fmt: skip
