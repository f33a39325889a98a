"""Held-out theorems, second set: measures written in other styles, bounds that are false in a corner only."""

import math
from itertools import combinations

import numpy as np
from heldout_methods import theorem
from hypothesis import strategies as st
from sympy import Interval

from gradproof.testing import norm, points, quadratics, smooth_convex, smooth_nonconvex, smooth_strongly_convex

NN = Interval(0, float("inf"))


# in-place numpy, solve
def ridge(A, lam):
    d = A.shape[1]
    H = np.zeros((d, d))
    H[:] = A.T @ A
    H += lam * np.eye(d)
    return float(np.linalg.norm(np.linalg.inv(H), 2))


theorem(
    ridge,
    {"true.k-ridge": "1/lam", "false.k-ridge": "0.9/lam"},
    {"lam": "ridge"},
    A=st.integers(1, 3)
    .flatmap(lambda d: st.lists(st.lists(st.floats(-2, 2), min_size=d, max_size=d), min_size=1, max_size=4))
    .map(np.array),
)


# condition number GD large kappa only false: rate 1-1.9/kappa+... (1-mu/L)^2 <= 1-1.99 mu/L false when mu/L > .01
def one(f, x0, L):
    x = x0 - f.gradient(x0) / L
    return (x - f.minimizer) @ (x - f.minimizer), {"R2": (x0 - f.minimizer) @ (x0 - f.minimizer)}


theorem(
    one,
    {
        "false.k-kappa-large": "(1-mu/L)**2*(1-(mu/L)**2)*R2 ",
        "true.k-one": "(1-mu/L)*R2",
        "false.k-kappa-corner": "Max((1-mu/L)**2, 0.999)*R2*0 + (1-2*mu/L+0.999*(mu/L)**2)*R2",
    },
    {"mu": "sc", "L": "smooth", "R2": ("d", NN)},
    {"o": "mu<=L"},
    f=lambda mu, L: smooth_strongly_convex(mu, L),
    x0=lambda f: points(f),
)
# true under extra condition kappa>=4
theorem(
    one,
    {"false.k-cond": "(1-1.8*mu/L)*R2"},
    {"mu": "sc", "L": "smooth", "R2": ("d", NN)},
    {"o": "mu<=L", "k": "L >= 4*mu"},
    f=lambda mu, L: quadratics(mu, L),
    x0=lambda f: points(f),
)
theorem(
    one,
    {"true.k-cond": "(1-1.75*mu/L)*R2"},
    {"mu": "sc", "L": "smooth", "R2": ("d", NN)},
    {"o": "mu<=L", "k": "L >= 4*mu"},
    f=lambda mu, L: quadratics(mu, L),
    x0=lambda f: points(f),
)


# nesterov strongly convex
def nsc(f, x0, mu, L, N):
    q = math.sqrt(mu / L)
    b = (1 - q) / (1 + q)
    x = y = x0
    for _ in range(N):
        x1 = y - f.gradient(y) / L
        y = x1 + b * (x1 - x)
        x = x1
    return f(x) - f.minimum, {"F0": f(x0) - f.minimum}


theorem(
    nsc,
    {
        "true.k-nsc": "2*(1-sqrt(mu/L))**N*F0",
        "false.k-nsc": "(1-sqrt(mu/L))**(2*N)*F0",
        "false.k-nsc-const": "(1-sqrt(mu/L))**N*F0/2",
    },
    {"mu": "sc", "L": "smooth", "N": "number of steps", "F0": ("d", NN)},
    {"o": "mu<=L"},
    f=lambda mu, L: smooth_strongly_convex(mu, L),
    x0=lambda f: points(f),
)


# heavy ball stationarity on quad: polyak rate without polynomial factor false
def hb(h, mu, L, N, x0):
    g = 4 / (math.sqrt(L) + math.sqrt(mu)) ** 2
    b = ((math.sqrt(L) - math.sqrt(mu)) / (math.sqrt(L) + math.sqrt(mu))) ** 2
    x = p = x0
    for _ in range(N):
        x, p = x - g * h * x + b * (x - p), x
    return abs(x), {"R": abs(x0)}


theorem(
    hb,
    {
        "false.k-hb-nopoly": "2*((sqrt(L)-sqrt(mu))/(sqrt(L)+sqrt(mu)))**N*R",
        "true.k-hb": "(2*N+1)*((sqrt(L)-sqrt(mu))/(sqrt(L)+sqrt(mu)))**N*R",
    },
    {"mu": "sc", "L": "smooth", "N": "number of steps", "R": ("d", NN)},
    {"o": "mu<=L"},
    h=lambda mu, L: st.floats(mu, L),
    x0=st.floats(-3, 3),
)


# random-coordinate noise: mini-batch variance without replacement exact
def minib(v, B):
    n = len(v)
    m = sum(v) / n
    cs = list(combinations(range(n), B))
    return sum((sum(v[i] for i in c) / B - m) ** 2 for c in cs) / len(cs), {
        "S": sum((x - m) ** 2 for x in v) / n,
        "n": n,
    }


theorem(
    minib,
    {"true.k-minibatch": "S/B", "false.k-minibatch": "S*(n-B)/(B*n)"},
    {"B": "number of samples in a batch", "n": "number of samples", "S": ("var", NN)},
    {"few": "B <= n"},
    v=st.lists(st.floats(-3, 3), min_size=2, max_size=5),
    B=lambda v: st.integers(1, len(v)),
)


# momentum noise variance
def mom(gamma, beta, N, sigma):
    P = np.zeros((2, 2))
    A = np.array([[1 - gamma + beta, -beta], [1.0, 0.0]])
    for _ in range(N):
        P = A @ P @ A.T
        P[0, 0] += gamma**2 * sigma**2
    return P[0, 0]


theorem(
    mom,
    {
        "true.k-mom": "gamma*sigma**2*(1+beta)/((1-beta)*(2*(1+beta)-gamma))",
        "false.k-mom": "gamma*sigma**2/(2-gamma)",
        "false.k-mom2": "gamma*sigma**2/((1-beta)*2)",
    },
    {"gamma": ("step", Interval.open(0, 1)), "beta": ("m", Interval(0, 0.9)), "N": "number of steps", "sigma": "noise"},
)


# Gaussian mechanism / quantiles by rng
def maxg(n, rng):
    return float(np.abs(rng.standard_normal(n)).max())


theorem(
    maxg,
    {"true.k-max": "sqrt(2*log(2*n))", "false.k-max": "sqrt(2*log(n)) + 0.1"},
    {"n": "number of variables"},
    n=st.integers(1, 50),
)


# SGD rng with heavy tails student df 3, gradient clipping claim
def clip(c, n, rng):
    x = rng.standard_t(3, n)
    return float(np.clip(x, -c, c).mean() ** 2)


theorem(
    clip,
    {"true.k-clip": "c**2/n", "false.k-clip": "c**2/(n+1)/2"},
    {"c": "level", "n": "number of samples"},
    c=st.floats(0.1, 2),
    n=st.integers(1, 30),
)


# Weyl / norm
def opnorm(A):
    return np.linalg.norm(A, 2) ** 2, {"F": float((A * A).sum()), "r": min(A.shape)}


theorem(
    opnorm,
    {"true.k-op": "F", "false.k-op": "F/r*1.2"},
    {"F": ("f", NN), "r": "number of"},
    A=st.tuples(st.integers(1, 3), st.integers(1, 3)).flatmap(
        lambda s: st.lists(st.floats(-2, 2), min_size=s[0] * s[1], max_size=s[0] * s[1]).map(
            lambda v: np.array(v).reshape(s)
        )
    ),
)


# PL vs strong convexity quadratic growth
def qg(f, x0):
    return f(x0) - f.minimum, {"D": (x0 - f.minimizer) @ (x0 - f.minimizer)}


theorem(
    qg,
    {"true.k-qg": "mu/2*D", "false.k-qg": "mu/1.9*D"},
    {"mu": "sc", "D": ("d", NN)},
    relation=">=",
    f=lambda mu: smooth_strongly_convex(mu, 10 * mu),
    x0=lambda f: points(f),
)


# local GD / consensus
def avg(x, y, a):
    return (a * x + (1 - a) * y) @ (a * x + (1 - a) * y), {"X": x @ x, "Y": y @ y}


vec = st.lists(st.floats(-5, 5), min_size=2, max_size=2).map(np.array)
theorem(
    avg,
    {"true.k-jensen": "a*X+(1-a)*Y", "false.k-jensen": "(a*X+(1-a)*Y)*(1-a*(1-a)/10)"},
    {"a": ("w", Interval(0, 1)), "X": ("x", NN), "Y": ("y", NN)},
    x=vec,
    y=vec,
)


# averaging of GD iterates
def avgit(f, x0, L, N):
    x = x0
    s = 0
    for _ in range(N):
        x = x - f.gradient(x) / L
        s = s + x
    return f(s / N) - f.minimum, {"R2": (x0 - f.minimizer) @ (x0 - f.minimizer)}


theorem(
    avgit,
    {"true.k-avg": "L*R2/(2*N)", "false.k-avg": "L*R2/(5*N)"},
    {"L": "s", "N": "number of steps", "R2": ("d", NN)},
    f=lambda L: smooth_convex(L),
    x0=lambda f: points(f),
)


# float equality noise: sum of squares identity
def ident(x):
    return float(np.var(x) * len(x)), {"S": float(np.sum(x**2)), "M": float(np.sum(x)) ** 2, "n": len(x)}


theorem(
    ident,
    {"true.k-var": "S - M/n", "false.k-var": "S - M/(n+1)"},
    {"S": ("s", NN), "M": ("m", NN), "n": "number of"},
    relation="==",
    x=st.lists(st.floats(-100, 100), min_size=1, max_size=6).map(np.array),
)


# tight only in large d
def l1l2(x):
    return float(np.linalg.norm(x, 1)), {"X": float(np.linalg.norm(x)), "d": len(x)}


theorem(
    l1l2,
    {"true.k-l1": "sqrt(d)*X", "false.k-l1": "2*X*d**0.25"},
    {"d": "number of", "X": ("x", NN)},
    x=st.integers(1, 40).flatmap(lambda d: st.lists(st.floats(-1, 1), min_size=d, max_size=d)).map(np.array),
)


# descent for L+ eps: coefficient
def dec(f, x0, gamma):
    g = f.gradient(x0)
    return f(x0 - gamma * g), {"F": f(x0), "G": g @ g}


theorem(
    dec,
    {"true.k-dec": "F - gamma*(1-L*gamma/2)*G", "false.k-dec": "F - gamma*(1-L*gamma/2.1)*G"},
    {"L": "s", "gamma": "step", "F": ("f", Interval(-float("inf"), float("inf"))), "G": ("g", NN)},
    f=lambda L: smooth_nonconvex(L),
    x0=lambda f: points(f),
)


# log-sum-exp
def lse(x):
    return float(np.log(np.sum(np.exp(x)))), {"M": float(max(x)), "d": len(x)}


theorem(
    lse,
    {"true.k-lse": "M + log(d)", "false.k-lse": "M + log(d)*0.97"},
    {"M": ("m", Interval(-10, 10)), "d": "number of"},
    x=st.lists(st.floats(-5, 5), min_size=2, max_size=5).map(np.array),
)


# proj onto ball nonexpansive
def proj(x, y, r):
    p = x / max(1, norm(x) / r)
    q = y / max(1, norm(y) / r)
    return (p - q) @ (p - q), {"D": (x - y) @ (x - y)}


theorem(
    proj, {"true.k-proj": "D", "false.k-proj": "D*(1-r/(100*(1+r)))"}, {"r": "radius", "D": ("d", NN)}, x=vec, y=vec
)
