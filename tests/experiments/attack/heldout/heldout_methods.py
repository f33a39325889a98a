"""Held-out theorems on methods, false and true, written before the search was tuned on them."""

import math

import numpy as np
from hypothesis import strategies as st
from sympy import Interval

from gradproof import experiment, own_claim
from gradproof.testing import (
    L1,
    lipschitz_convex,
    mean_over_paths,
    noise_laws,
    points,
    quadratics,
    smooth,
    smooth_convex,
    smooth_strongly_convex,
)

SQUARE = ("squared distance to the solution at the start", Interval(0, float("inf")))
GAP = ("f(x0) - f*", Interval(0, float("inf")))


def theorem(function, bounds, parameters, assumptions=None, relation="<=", **draws):
    """The same measurement with several bounds: the id says which of them are true."""
    for id, bound in bounds.items():
        c = own_claim(
            id,
            parameters=parameters,
            assumptions=assumptions,
            quantity=function.__name__,
            bound=bound,
            relation=relation,
        )
        experiment(c, **draws)(function)


MU_L = {"mu": "strong convexity", "L": "smoothness", "N": "number of steps"}
ORDER = {"order": "mu <= L"}


def best_constant_step(f, x0, mu, L, N):
    x = x0
    for _ in range(N):
        x = x - 2 / (mu + L) * f.gradient(x)
    return (x - f.minimizer) @ (x - f.minimizer), {"R2": (x0 - f.minimizer) @ (x0 - f.minimizer)}


theorem(
    best_constant_step,
    {"true.h-best-step": "((L-mu)/(L+mu))**(2*N)*R2", "false.h-best-step": "((L-mu)/(L+1.02*mu))**(2*N)*R2"},
    MU_L | {"R2": SQUARE},
    ORDER,
    f=lambda mu, L: quadratics(mu, L),
    x0=lambda f: points(f),
)


def value_after(f, x0, L, N):
    x = x0
    for _ in range(N):
        x = x - f.gradient(x) / L
    return f(x) - f.minimum, {"F0": f(x0) - f.minimum}


theorem(
    value_after,
    {
        "true.h-value": "(1-mu/L)**(2*N)*F0",
        "false.h-value-index": "(1-mu/L)**(2*N+2)*F0",
        "true.h-value-exp": "exp(-2*N*mu/L)*F0",
        "false.h-value-exp": "exp(-2.05*N*mu/L)*F0",
        "false.h-value-no-kappa": "F0/(N+1)**2",
    },
    MU_L | {"F0": GAP},
    ORDER,
    f=lambda mu, L: smooth_strongly_convex(mu, L),
    x0=lambda f: points(f),
)


def momentum_value(f, x0, L, N):
    x = y = x0
    for k in range(1, N + 1):
        new = y - f.gradient(y) / L
        y = new + (k - 1) / (k + 2) * (new - x)
        x = new
    return f(x) - f.minimum, {"R2": float((x0 - f.minimizer) @ (x0 - f.minimizer))}


theorem(
    momentum_value,
    {"true.h-momentum": "2*L*R2/(N+1)**2", "false.h-momentum-index": "2*L*R2/((N+3)*(N+5))"},
    {"L": "smoothness", "N": "number of steps", "R2": SQUARE},
    f=lambda L: smooth_convex(L),
    x0=lambda f: points(f),
)


def polyak_step_distance(f, x0):
    g = f.gradient(x0)
    size = g @ g
    x = x0 - (f(x0) - f.minimum) / size * g if size > 0 else x0
    d, e = x - f.minimizer, x0 - f.minimizer
    return d @ d, {"R2": e @ e}


theorem(
    polyak_step_distance,
    {
        "true.h-polyak-step": "(1-mu/(4*L))*R2",
        "false.h-polyak-step": "(1-mu/L)**2*R2",
        "false.h-polyak-step-half": "(1-mu/(2*L))*R2/2",
    },
    {"mu": "strong convexity", "L": "smoothness", "R2": SQUARE},
    ORDER,
    f=lambda mu, L: smooth_strongly_convex(mu, L),
    x0=lambda f: points(f),
)


def ista_gap(f, weight, x0, gamma, N):
    h, x = L1(weight), x0
    for _ in range(N):
        x = h.prox(x - gamma * f.gradient(x), gamma)
    s, z = f.slopes[0][0], f.center[0]
    star = np.array([max(z - weight / s, 0) - max(-z - weight / s, 0)])
    return f(x) + h(x) - f(star) - h(star), {"R2": (x0 - star) @ (x0 - star)}


theorem(
    ista_gap,
    {"true.h-ista": "R2/(2*gamma*N)", "false.h-ista": "0.9*R2/(4*gamma*N)", "false.h-ista-rate": "R2/(gamma*N**2)"},
    {"L": "smoothness", "gamma": "step", "N": "number of steps", "R2": SQUARE},
    {"step": "gamma <= 1/L"},
    f=lambda L: quadratics(L / 1000, L, max_dim=1),
    weight=st.floats(0, 10),
    x0=lambda f: points(f),
)


def coordinate_descent(f, x0, L, d, N):
    def run(path):
        x = list(x0)
        for i in path:
            x[i] = x[i] - f.gradient(np.array(x))[i] / L
        return f(np.array(x)) - f.minimum

    return mean_over_paths(d, N, run), {"F0": f(x0) - f.minimum}


@st.composite
def diagonal(draw, mu, L, d):
    from gradproof.testing import Smooth

    slopes = [draw(st.floats(mu, L)) for _ in range(d)]
    return Smooth(np.array([slopes]), np.zeros((0, d)), np.zeros(d))


theorem(
    coordinate_descent,
    {
        "true.h-coordinate": "(1-(2*mu/L-(mu/L)**2)/d)**N*F0",
        "false.h-coordinate-d": "(1-mu/L)**N*F0",
        "false.h-coordinate-2": "Max(1-2*mu/(d*L), 0)**N*F0",
    },
    MU_L | {"d": "number of coordinates", "F0": GAP},
    ORDER,
    d=st.integers(1, 3),
    N=st.integers(1, 5),
    f=diagonal,
    x0=lambda d: points(dim=d),
)


def subgradient_fixed(f, x0, R, G, N):
    step = R / (G * math.sqrt(N + 1))
    x = x0
    best = f(x)
    for _ in range(N):
        x = x - step * f.gradient(x)
        best = min(best, f(x))
    return best


@st.composite
def start(draw, f, R):
    x = np.array([draw(st.floats(-1, 1)) for _ in range(f.dim)])
    size = np.sqrt(x @ x)
    return f.minimizer + x * (R * (1 - 2.0**-40) / size) if size > 1e-6 else f.minimizer * 1.0


theorem(
    subgradient_fixed,
    {
        "true.h-subgradient": "G*R/sqrt(N+1)",
        "false.h-subgradient": "0.97*G*R/sqrt(N+1)",
        "false.h-subgradient-rate": "G*R/(N+1)**0.6",
    },
    {"G": "Lipschitz constant", "R": "distance to the minimizer", "N": "number of steps"},
    f=lambda G: lipschitz_convex(G),
    x0=start,
    N=st.integers(1, 20),
)


def pl_value(x0, gamma, N):
    """f(x) = x^2 + 3 sin(x)^2 is not convex, but has the PL property."""
    x = x0
    for _ in range(N):
        x = x - gamma * (2 * x + 3 * math.sin(2 * x))
    return x**2 + 3 * math.sin(x) ** 2, {"F0": x0**2 + 3 * math.sin(x0) ** 2}


theorem(
    pl_value,
    {"true.h-pl": "(1-gamma/32)**N*F0", "false.h-pl": "(1-gamma/2)**N*F0"},
    {"gamma": "step", "N": "number of steps", "F0": GAP},
    {"step": "gamma <= 1/8"},
    x0=st.floats(-5, 5),
)


def averaged_rotation(angle, N):
    """Krasnoselskii-Mann with a rotation: residual of the averaged map."""
    T = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    z = np.array([1.0, 0.0])
    for _ in range(N):
        z = (z + T @ z) / 2
    return np.linalg.norm(z - T @ z) ** 2


theorem(
    averaged_rotation,
    {"true.h-km": "4/(N+1)", "false.h-km": "4/(N+1)**1.5"},
    {"N": "number of steps"},
    angle=st.floats(0, math.pi),
)


def game(gamma, N, x0, y0):
    x, y = x0, y0
    for _ in range(N):
        x, y = x - gamma * y, y + gamma * x
    return x * x + y * y, {"R2": x0 * x0 + y0 * y0}


theorem(
    game,
    {"true.h-game": "(1+gamma**2)**N*R2", "false.h-game": "R2", "false.h-game-exponent": "(1+gamma**2)**(N-1)*R2"},
    {"gamma": "step", "N": "number of steps", "R2": SQUARE},
    {"step": "gamma <= 1"},
    N=st.integers(1, 50),
    x0=st.floats(-3, 3),
    y0=st.floats(-3, 3),
)


def sign_descent(x0, gamma, N):
    x = x0
    for _ in range(N):
        x = x - gamma * np.sign(x)
    return x * x


theorem(
    sign_descent,
    {
        "false.h-sign-descent": "Max(Abs(x0)-gamma*N, 0)**2",
        "false.h-sign-descent-half": "Max(Abs(x0)-gamma*N, gamma/2)**2",
    },
    {"x0": ("start", Interval(-10, 10)), "gamma": "step", "N": "number of steps"},
    N=st.integers(1, 30),
)


def noisy_average(mu, sigma2, N):
    """Steps 1/(mu (k+1)) with noise +-sigma: the last iterate is the mean of the noise."""
    sigma = math.sqrt(sigma2)

    def run(path):
        x = 1.0
        for k, i in enumerate(path):
            x = x - (mu * x + (sigma if i else -sigma)) / (mu * (k + 1))
        return x * x

    return mean_over_paths(2, N, run)


theorem(
    noisy_average,
    {"true.h-sgd-decreasing": "sigma2/(mu**2*N)", "false.h-sgd-decreasing": "sigma2/(mu**2*(N+1))"},
    {"mu": "strong convexity", "sigma2": "variance", "N": "number of steps"},
    N=st.integers(1, 8),
)


def noisy_steps(mu, gamma, sigma2, law, x0, N, rng):
    x, noise = x0, law.sample(rng, N)
    for k in range(N):
        x = x - gamma * (mu * x + noise[k])
    return x * x, {"R2": x0 * x0}


theorem(
    noisy_steps,
    {
        "true.h-sgd-noise": "(1-gamma*mu)**N*R2 + gamma*sigma2/mu",
        "false.h-sgd-noise": "(1-gamma*mu)**N*R2 + gamma*sigma2/(2*mu)",
        "false.h-sgd-noise-square": "(1-gamma*mu)**N*R2 + gamma**2*sigma2",
    },
    {"mu": "strong convexity", "gamma": "step", "sigma2": "variance", "N": "number of steps", "R2": SQUARE},
    {"step": "gamma <= 1/mu"},
    law=lambda sigma2: noise_laws(sigma2),
    x0=st.floats(-2, 2),
    N=st.integers(1, 20),
)


def langevin_variance(m, h, N):
    v = 0.0
    for _ in range(N):
        v = (1 - h * m) ** 2 * v + 2 * h
    return v


theorem(
    langevin_variance,
    {"true.h-ula": "1/(m*(1-h*m/2))", "false.h-ula": "1/m", "false.h-ula-half": "1/(m*(1-h*m/4))"},
    {"m": "precision", "h": "step", "N": "number of steps"},
    {"step": "h <= 1/m"},
)


def upper_model(f, x0, y0):
    return f(y0) - f(x0) - f.gradient(x0) @ (y0 - x0), {"D": (y0 - x0) @ (y0 - x0)}


theorem(
    upper_model,
    {"true.h-upper": "L/2*D", "false.h-upper": "L/2.05*D"},
    {"L": "smoothness", "D": SQUARE},
    f=lambda L: smooth(-L, L),
    x0=lambda f: points(f),
    y0=lambda f: points(f),
)


def lower_model(f, x0, y0):
    g = f.gradient(y0) - f.gradient(x0)
    return f(y0) - f(x0) - f.gradient(x0) @ (y0 - x0), {"D": g @ g}


theorem(
    lower_model,
    {"true.h-lower": "D/(2*L)", "false.h-lower": "D/(1.9*L)"},
    {"L": "smoothness", "D": SQUARE},
    relation=">=",
    f=lambda L: smooth_convex(L),
    x0=lambda f: points(f),
    y0=lambda f: points(f),
)
