"""Held-out theorems on compressors, networks, laws, set functions and sums."""

import itertools
import math

import numpy as np
from heldout_methods import SQUARE, theorem
from hypothesis import strategies as st
from sympy import Interval

from gradproof.testing import RandK, TopK, built, coverage_functions, mixing_matrices, noise_laws, quadratics

VECTOR = {"d": "number of coordinates", "K": "number of coordinates kept", "X2": SQUARE}
FEW = {"few": "K <= d"}


@built
def vectors(draw, d):
    return np.array([draw.real(-5, 5) for _ in range(d)])


def arrays(d):
    return st.lists(st.floats(-5, 5), min_size=d, max_size=d).map(np.array)


def unbiased_variance(x, d, K):
    return sum((y - x) @ (y - x) for y in RandK(K, unbiased=True).outcomes(x)) / math.comb(d, K), {"X2": x @ x}


theorem(
    unbiased_variance,
    {"true.h-randk": "(d/K-1)*X2", "false.h-randk": "(1-K/d)*X2", "false.h-randk-99": "0.99*(d/K-1)*X2"},
    VECTOR,
    FEW,
    d=st.integers(1, 6),
    x=vectors,
)


def top_error(x, K):
    e = x - TopK(K)(x)
    return e @ e, {"X2": x @ x}


theorem(
    top_error,
    {"true.h-topk": "(1-K/d)*X2", "false.h-topk": "(1-K/d)**2*X2", "false.h-topk-index": "(1-(K+1)/d)*X2 + 0*d"},
    VECTOR,
    FEW,
    d=st.integers(2, 8),
    x=arrays,
)


def scaled_sign(x, d):
    y = np.sum(np.abs(x)) / d * np.sign(x)
    return (x - y) @ (x - y), {"X2": x @ x}


theorem(
    scaled_sign,
    {"true.h-sign": "(1-1/d)*X2", "false.h-sign": "(1-1/sqrt(d))*X2"},
    {"d": "number of coordinates", "X2": SQUARE},
    d=st.integers(1, 12),
    x=vectors,
)


def rounding_variance(x):
    """Each entry becomes +-|x| with probability |x_i|/|x|, else 0."""
    norm = np.linalg.norm(x)
    return sum(norm * abs(v) - v * v for v in x), {"X2": x @ x}


theorem(
    rounding_variance,
    {"true.h-qsgd": "(sqrt(d)-1)*X2", "false.h-qsgd": "(d**0.45-1)*X2"},
    {"d": "number of coordinates", "X2": SQUARE},
    d=st.integers(1, 9),
    x=vectors,
)


def compressed_step(x, d, K, L, gamma):
    return sum((x - gamma * L * y) @ (x - gamma * L * y) for y in RandK(K, unbiased=True).outcomes(x)) / math.comb(
        d, K
    ), {"X2": x @ x}


CGD = VECTOR | {"L": "smoothness", "gamma": "step"}
theorem(
    compressed_step, {"true.h-cgd": "X2"}, CGD, FEW | {"step": "gamma <= 2*K/(d*L)"}, d=st.integers(1, 5), x=vectors
)
theorem(compressed_step, {"false.h-cgd-1": "X2"}, CGD, FEW | {"step": "gamma <= 1/L"}, d=st.integers(1, 5), x=vectors)
theorem(
    compressed_step,
    {"false.h-cgd-2": "X2"},
    CGD,
    FEW | {"step": "gamma <= 2.02*K/(d*L)"},
    d=st.integers(1, 5),
    x=vectors,
)


def gossip(W, x, N):
    mean = x.mean()
    y = x - mean
    for _ in range(N):
        y = W @ y
    spectrum = np.sort(np.abs(np.linalg.eigvalsh(W)))
    return y @ y, {"lam": float(spectrum[-2]), "X2": (x - mean) @ (x - mean)}


NET = {"N": "number of rounds", "lam": ("second largest modulus", Interval(0, 1)), "X2": SQUARE}
theorem(
    gossip,
    {
        "true.h-gossip": "1.000001*lam**(2*N)*X2 + 1e-9",
        "false.h-gossip": "lam**(2*N+1)*X2",
        "false.h-gossip-half": "lam**(2*N)*X2/2",
    },
    NET,
    W=mixing_matrices(),
    x=lambda W: vectors(len(W)),
    N=st.integers(1, 12),
)


def ring(w, n, x, N):
    """Averaging on a ring with weight w; lam is the second largest eigenvalue, not in modulus."""
    y = x - sum(x) / n
    start = y @ y
    for _ in range(N):
        y = (1 - 2 * w) * y + w * (np.roll(y, 1) + np.roll(y, -1))
    return y @ y, {"lam": 1 - 2 * w * (1 - math.cos(2 * math.pi / n)), "X2": start}


theorem(
    ring,
    {"false.h-ring": "lam**(2*N)*X2"},
    NET | {"lam": ("second eigenvalue", Interval(-1, 1))},
    w=st.floats(0, 0.5),
    n=st.integers(3, 7),
    x=lambda n: vectors(n),
    N=st.integers(1, 6),
)
theorem(
    ring,
    {"true.h-ring-lazy": "lam**(2*N)*X2"},
    NET,
    w=st.floats(0, 0.25),
    n=st.just(4),
    x=lambda n: vectors(n),
    N=st.integers(1, 6),
)


def squared_l1(x):
    return sum(abs(x)) ** 2, {"X2": x @ x}


theorem(
    squared_l1,
    {"true.h-l1": "d*X2", "false.h-l1": "d**0.98*X2"},
    {"d": "number of coordinates", "X2": SQUARE},
    d=st.integers(1, 10),
    x=vectors,
)


def young(x, y, a):
    return np.sum((x + y) ** 2), {"X2": np.sum(x**2), "Y2": np.sum(y**2)}


theorem(
    young,
    {
        "true.h-young": "(1+a)*X2 + (1+1/a)*Y2",
        "false.h-young": "(1+a)*X2 + 1/a*Y2",
        "false.h-young-2": "(1+a/2)*X2 + (1+1/a)*Y2",
    },
    {"a": "weight", "X2": SQUARE, "Y2": SQUARE},
    x=arrays(3),
    y=arrays(3),
)


def harmonic(N):
    return sum(1 / k for k in range(1, N + 1))


COUNT = {"N": "number of terms"}
theorem(harmonic, {"true.h-harmonic": "1 + log(N)", "false.h-harmonic-small-n": "log(N) + 0.9"}, COUNT)
theorem(
    harmonic,
    {"true.h-harmonic-below": "log(N) + 0.5772", "false.h-harmonic-large-n": "log(N) + 0.58"},
    COUNT,
    relation=">=",
)


def root_sum(N):
    return np.sum(1 / np.sqrt(np.arange(1, N + 1)))


theorem(root_sum, {"true.h-roots": "2*sqrt(N) - 1", "false.h-roots": "2*sqrt(N) - 1.05"}, COUNT)


def adagrad(g):
    total, seen = 0.0, 0.0
    for v in g:
        seen += v * v
        total += v * v / math.sqrt(seen) if seen > 0 else 0.0
    return total, {"S": seen}


theorem(
    adagrad,
    {"true.h-adagrad": "2*sqrt(S)", "false.h-adagrad": "1.7*sqrt(S)"},
    {"S": SQUARE},
    g=st.lists(st.floats(0, 10), min_size=1, max_size=60),
)


def tail(law, t):
    """P(|X - EX| >= t)."""
    return sum(p * (abs(v - law.mean) >= t) for v, p in law.outcomes), {"V": law.variance}


theorem(
    tail,
    {"true.h-chebyshev": "V/t**2", "false.h-cantelli": "V/(V+t**2)"},
    {"t": "threshold", "V": SQUARE},
    law=noise_laws(4.0, heavy=False),
)


def fourth_moment(law):
    return sum(p * v**4 for v, p in law.outcomes), {"V": law.variance}


theorem(fourth_moment, {"false.h-kurtosis": "3*V**2"}, {"V": SQUARE}, law=noise_laws(1.0, heavy=False))


def squared_mean(law, n, rng):
    return float(np.mean(law.sample(rng, n))) ** 2


theorem(
    squared_mean,
    {"true.h-mean": "2.0001/n", "false.h-mean": "2/(n+1)"},
    {"n": "number of samples"},
    law=noise_laws(2.0, heavy=False),
    n=st.integers(1, 30),
)
theorem(
    squared_mean,
    {"false.h-mean-heavy": "2/n**1.5"},
    {"n": "number of samples"},
    law=noise_laws(2.0, two_point=False),
    n=st.integers(1, 30),
)


def greedy(f, k):
    chosen = ()
    for _ in range(min(k, f.n)):
        chosen = (*chosen, max(range(f.n), key=lambda i: (f((*chosen, i)), -i)))
    best = max(f(s) for s in itertools.combinations(range(f.n), min(k, f.n)))
    return f(chosen), {"best": best}


SETS = {"k": "number of sets", "best": SQUARE}
theorem(
    greedy,
    {"true.h-greedy": "(1-exp(-1))*best", "false.h-greedy": "0.8*best"},
    SETS,
    relation=">=",
    f=coverage_functions(),
    k=st.integers(1, 3),
)


def union(f, a, b):
    return f(a | b) + f(a & b), {"A": f(a), "B": f(b)}


theorem(
    union,
    {"true.h-submodular": "A+B", "false.h-submodular": "Max(A,B)+Min(A,B)/2"},
    {"A": SQUARE, "B": SQUARE},
    f=coverage_functions(),
    a=lambda f: st.frozensets(st.integers(0, f.n - 1)),
    b=lambda f: st.frozensets(st.integers(0, f.n - 1)),
)


def hedge_regret(losses, eta):
    d = losses.shape[1]
    seen, total = np.zeros(d), 0.0
    for row in losses:
        w = np.exp(-eta * seen)
        total += float(w @ row / w.sum())
        seen = seen + row
    return total - min(seen), {"N": len(losses), "d": d}


@st.composite
def tables(draw):
    n, d = draw(st.integers(1, 6)), draw(st.integers(2, 4))
    return np.array([[draw(st.floats(0, 1)) for _ in range(d)] for _ in range(n)])


theorem(
    hedge_regret,
    {"true.h-hedge": "log(d)/eta + eta*N/8", "false.h-hedge": "log(d)/eta + eta*N/16"},
    {"eta": "rate", "N": "number of rounds", "d": "number of experts"},
    losses=tables(),
)


def largest_stable(f, gamma):
    """|x - gamma f'(x)| for one quadratic: the factor of one step."""
    return abs(1 - gamma * f.slopes[0][0])


theorem(
    largest_stable,
    {"true.h-stable": "Max(1-gamma*mu, gamma*L-1)", "false.h-stable": "Max(1-gamma*mu, gamma*(L+mu)/2-1)"},
    {"mu": "strong convexity", "L": "smoothness", "gamma": "step"},
    {"order": "mu <= L", "step": "gamma <= 2/L"},
    f=lambda mu, L: quadratics(mu, L, max_dim=1),
)
