"""What D-PSGD does, exactly: powers of its matrix, steps, averages and stationary laws on quadratics; and in samples on data."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.communication.dpsgd import instances as on
from gradproof.experiments.communication.dpsgd import methods
from gradproof.experiments.communication.dpsgd.instances import HALF, THIRD, Graph
from gradproof.experiments.engine.backend import backend as library
from gradproof.experiments.engine.measure import Bracket, Holds, Sample, cases, measure, rounded
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import Minibatches, NoisyQuadratics
from gradproof.solvers import gossip
from gradproof.theory.claim import Claim
from gradproof.theory.communication import dpsgd

With = tuple[Any, dict[str, Any]]  # the quantity, and parameters that the instance determines


@measure((dpsgd.MIXING, dpsgd.MIXING_SHARP), cases(graph=on.GRAPHS, k=[0, 1, 2, 5]))
def distance_from_the_mean(graph: Graph, k: int) -> With:
    r"""$\max_i\|\frac1n\mathbf 1 - W^ke_i\|^2$ by exact powers; the lazy complete graph attains $(1 - \frac1n)\rho^k$."""
    power = np.linalg.matrix_power(graph.W, k) if k else np.diag([Fraction(1)] * graph.n)
    return max(((power - Fraction(1, graph.n)) ** 2).sum(axis=0)), {"s": graph.s, "n": graph.n}


def fractions(rng: Any, low: int, high: int, n: int, parts: int) -> Any:
    return np.array([Fraction(int(v), parts) for v in rng.integers(low, high, n)])


@measure(dpsgd.MEAN_ITERATE, cases(graph=[*on.GRAPHS[::3], on.mixed_permutations(4), on.mixed_permutations(7)]))
def mean_after_a_step(graph: Graph, steps: int = 6) -> Iterator[With]:
    r"""$\bar x_{k+1}$ in rational steps on quadratics with different curvatures and noise, also where $W$ is not symmetric."""
    n, gamma, rng = graph.n, Fraction(1, 5), np.random.default_rng(graph.n)
    h, b, x = fractions(rng, 1, 9, n, 4), fractions(rng, 1, 9, n, 4), fractions(rng, -5, 6, n, 1)
    for _ in range(steps):
        g = h * (x - b) + fractions(rng, -8, 9, n, 8)
        at = {"x": x.sum() / n, "gamma": gamma, "g": g.sum() / n}
        x = graph.W @ x - gamma * g
        yield x.sum() / n, at


@measure(dpsgd.COMPLETE_GRAPH, cases().guaranteeing("average_last", "consensus_start"))
def nodes_beside_centralised_sgd(apart: int = 0, average_last: bool = True) -> Iterator[With]:
    r"""$x_{k+1,i}$ of four nodes with different curvatures and noise, beside centralised SGD with the same noise, exactly."""
    rng, J, gamma = np.random.default_rng(0), gossip.complete(4), Fraction(1, 5)
    h, b = np.array([Fraction(v) for v in (1, 2, 3, 6)]), np.array([Fraction(v) for v in (0, 4, -2, 1)])
    x = np.array([Fraction(1 + apart * v) for v in (-1, 0, -2, 3)])
    z = x.sum() / 4
    for _ in range(5):
        noise = fractions(rng, -8, 9, 4, 8)
        at = {"x": z, "gamma": gamma, "g": (h * (z - b) + noise).sum() / 4}
        moved = gamma * (h * (x - b) + noise)
        x = J @ (x - moved) if average_last else J @ x - moved
        z = z - gamma * at["g"]
        yield from ((v, at) for v in x)


@dataclass(frozen=True)
class Rate:
    """The quantity of a rate from the averages over the steps, and the longest step that it admits for L = 1."""

    name: str
    quantity: Callable[[Any, dict[str, Any]], Any]
    longest: Callable[[float, int], float]


def theorem(a: Any, at: dict[str, Any]) -> Any:
    d1 = float(dpsgd.D1.subs({p.symbol: at[p.name] for p in dpsgd.THEOREM1.parameters}))
    return (1 - at["gamma"] * at["L"]) / 2 * a.mean_gradient + d1 * a.gradient


def derived(a: Any, at: dict[str, Any]) -> Any:
    return a.gradient + (1 - at["gamma"] * at["L"]) * a.mean_gradient


RATES: tuple[tuple[Claim, Rate], ...] = (
    (dpsgd.SHARPER, Rate("sharper", derived, lambda s, n: min(1.0, (1 - s) / np.sqrt(2)))),
    (dpsgd.THEOREM1, Rate("theorem", theorem, lambda s, n: (1 - s) / (6 * np.sqrt(n)))),
    (dpsgd.CONSENSUS, Rate("consensus", lambda a, at: a.consensus, lambda s, n: (1 - s) / np.sqrt(2))),
)


def average_on_quadratics(
    rate: Rate, graph: Graph, b: Any, L: float, sigma2: float, share: float, K: int, x0: Any = None, zeta2: Any = None
) -> With:
    r"""The average of the rate's quantity over $K$ steps on $f_i = L(x - b_i)^2/2$, by the exact recursion of the moments."""
    n, s, b = graph.n, float(graph.s), np.asarray(b, float)[: graph.n]
    gamma, x0 = float(share * rate.longest(s, n) / L), b.mean() if x0 is None else x0
    out = gossip.quadratic_run(graph.W.astype(float), L, b, gamma, sigma2, K, x0)
    at = {
        "gamma": gamma, "L": L, "n": n, "K": K, "s": s, "sigma2": sigma2, "zeta2": L**2 * b.var() if zeta2 is None else zeta2,
        "Delta": L * (np.mean(x0) - b.mean()) ** 2 / 2,
    }  # fmt: skip
    # K steps of sums of n terms of the size of the state, which does not grow: |W - gamma h| <= 1
    size = max(1.0, L**2) * max(4.0, sigma2, np.max(b**2))
    return rounded(float(rate.quantity(out, at)), 8 * K * n, size), at


#: Share of the longest step, and K: so many that the start still matters (without noise the rate is attained as K grows).
STEPS = [{"share": share, "K": K} for share, K in ((0.02, 120), (0.3, 15), (0.95, 1), (0.95, 15))]
WORLDS = [
    {"L": L, "sigma2": v, "x0": x}
    for L, v, x in ((1.0, 0.0, 2.0), (1.0, 1.0, 2.0), (4.0, 0.01, None), (0.25, 9.0, None))
]
BS = {"equal": np.zeros(9), "sines": np.sin(np.arange(9))}


def minibatches(rate: Rate, data: str, rows: str, graph: Graph, K: int, seeds: int, backend: str, seed: int) -> With:
    """D-PSGD on logistic regression with batches of 4 at 4/5 of the longest step; the heterogeneity bounds all of space."""
    P = methods.split_rows(graph.n, sort=rows == "sorted", data=data)
    return at_nodes(rate, P, 4, graph, K, seeds, backend, (data, rows, graph.name, seed))


def at_nodes(
    rate: Rate, P: Logistic, B: int, graph: Graph, K: int, seeds: int, backend: str, name: tuple[Any, ...]
) -> With:
    """The average of the rate's quantity over K steps from zero with batches of B, and the constants of the nodes."""
    nodes, s = Minibatches(P, B), float(graph.s)
    L, stream = float(np.max(P.L_i)), ("dpsgd", rate.name, *name)
    gamma = 0.8 * rate.longest(s, graph.n) / L
    out = methods.trace(nodes, graph.W.astype(float), gamma, K, seeds=seeds, stream=stream, on=backend)
    at = {
        "gamma": gamma, "L": L, "n": graph.n, "K": K, "s": s, "sigma2": nodes.sigma2, "zeta2": P.heterogeneity,
        "Delta": float(P.values(np.zeros(P.d)).mean()),
    }  # fmt: skip
    return Sample(rate.quantity(out.isel(setting=0).mean("step"), at).values), at


def a_thousand_nodes(
    rate: Rate, rng: Any, backend: str, seed: int, n: int = 1024, d: int = 10_000, K: int = 20, seeds: int = 3
) -> With:
    """The same of 1024 nodes on an exponential graph, logistic regression in ten thousand dimensions, four rows a node."""
    A = rng.standard_normal((n, 4, d)) / math.sqrt(d)
    P = Logistic(A, np.sign(rng.standard_normal((n, 4))), 1e-3)
    return at_nodes(rate, P, 2, on.exponential(n), K, seeds, backend, ("Gaussian", n, seed))


HELD = ("smooth", "variance", "heterogeneity", "consensus_start")
EIGHT = [{"rows": "shuffled", "graph": on.EXPONENTIAL8}, {"rows": "sorted", "graph": on.RING8}]
DATA = {"data": ["breast_cancer", "digits"], "rows": ["shuffled", "sorted"], "graph": on.OTHERS}
for claim, rate in RATES:
    exact = cases(rate=[rate], graph=on.INCOMPLETE, b=BS, world=WORLDS, step=STEPS).guaranteeing(*HELD)
    if claim is dpsgd.CONSENSUS:  # equal nodes without noise stay equal: zero on both sides
        exact = exact.where(lambda b, sigma2: sigma2 or b.any())
    measure(claim, exact)(average_on_quadratics)
    for K, seeds, budget, name in ((12, 60, "quick", "minibatches"), (100, 100, "full", "more_steps")):
        few = cases(rate=[rate], data="breast_cancer", setting=EIGHT, K=K, seeds=seeds).guaranteeing(*HELD)
        measure(claim, few, budget=budget, name=name)(minibatches)
    many = cases(rate=[rate], **DATA, K=60, seeds=60).guaranteeing(*HELD)
    measure(claim, many, budget="full", name="more_nodes_and_digits")(minibatches)
    measure(claim, cases(rate=[rate]).guaranteeing(*on.GUARANTEES, *HELD), budget="gpu")(a_thousand_nodes)


def closed_form(gamma: float, n: int, K: int, sigma2: float, L: float, **at: Any) -> With:
    """Common curvature L and mean x_0 at distance 2: the average is a closed form, whatever the graph and the b_i."""
    value = gossip.common_average(L, gamma, n, sigma2, K, 4.0)
    # logarithm and exponential of numbers up to K gamma L
    return rounded(value, 4 * (4 + K * gamma * L)), {"n": n, "K": K, "Delta": 2 * L, **at}


LEAST, COMMON = {"n": [4, 8, 16], "zeta2": [0.0, 1.0], "L": [1.0, 20.0]}, ("mixing", "connected", *HELD)


@measure(dpsgd.COROLLARY2, cases(**LEAST, sigma2=[0.25, 4.0], times=[1, 16]).guaranteeing(*COMMON, "step"))
def average_at_the_stated_step(n: int, zeta2: float, L: float, sigma2: float, times: int, gamma: float = 0.0) -> With:
    r"""The average squared gradient on rings at $\gamma = 1/(2L + \sigma\sqrt{K/n})$, from the least $K$ of the corollary on."""
    s = float(gossip.second_eigenvalue(gossip.ring(n)).high)
    terms = sigma2 / (1 - s**2) + 9 * zeta2 / (1 - s) ** 2
    least = max(4 * L**2 * n**5 * terms**2 / (sigma2**3 * 9), 72 * L**2 * n**2 / (sigma2 * (1 - s) ** 2))
    K = times * math.ceil(least * (1 + 1e-9))
    return closed_form(gamma or 1 / (2 * L + math.sqrt(sigma2 * K / n)), n, K, sigma2, L, s=s)


@measure(dpsgd.LINEAR_SPEEDUP, cases(**LEAST, c=[0.5, 2.0], sigma2=[0.25, 4.0], times=[1, 100]).guaranteeing(*COMMON))
def average_at_a_root_step(n: int, zeta2: float, L: float, sigma2: float, c: float, times: int = 1, K: int = 0) -> With:
    r"""The average squared gradient on rings at $\gamma = c\sqrt{n/K}$, from the least $K$ of the claim on."""
    s = float(gossip.second_eigenvalue(gossip.ring(n)).high)
    graph, noise = sigma2 / (1 - s) + 2 * zeta2 / (1 - s) ** 2, 4 * L / c + c * L * sigma2
    least = max(4 * c**2 * n * L**2 / (1 - s) ** 2, n**3 * (2 * c**2 * L**2 * graph / noise) ** 2)
    K = K or times * math.ceil(least * (1 + 1e-9))
    return closed_form(c * math.sqrt(n / K), n, K, sigma2, L, s=s)


TENTH, STABLE = Fraction(1, 10), ("quadratics", "stable")
SHORT = [{"gamma": TENTH, "h": Fraction(1)}, {"gamma": Fraction(1, 4), "h": Fraction(3, 2)}]


@measure(dpsgd.STATIONARY, cases(graph=on.QUIET, step=SHORT, sigma2=Fraction(2)).guaranteeing("quadratics"))
def stationary_variance_of_the_mean(graph: Graph, gamma: Fraction, h: Fraction, sigma2: Fraction) -> With:
    r"""$\lim\mathrm{Var}(\bar x_k)$ from the exact Lyapunov equation of all nodes."""
    _, S = gossip.stationary(graph.W, h, on.numbers(graph.n), gamma, sigma2)
    return S.sum() / graph.n**2, {"n": graph.n}


@measure(
    dpsgd.STATIONARY_NODE, cases(graph=on.RATIONAL_RINGS, step=SHORT[:1], sigma2=[TENTH, HALF]).guaranteeing(*STABLE)
)
def stationary_variance_of_nodes(graph: Graph, gamma: Fraction, h: Fraction, sigma2: Fraction) -> Iterator[With]:
    r"""$\lim\mathrm{Var}(x_{k,i})$ of every node, from the same equation."""
    _, S = gossip.stationary(graph.W, h, on.numbers(graph.n), gamma, sigma2)
    lam = [x for x, times in graph.spectrum.items() for _ in range(times)]
    yield from ((S[i, i], {"lam": lam}) for i in range(graph.n))


@measure(dpsgd.CONSENSUS_ERROR, cases(graph=on.RATIONAL_RINGS, gh=[TENTH, TENTH**2]).guaranteeing(*STABLE))
def lasting_disagreement(graph: Graph, gh: Fraction, h: Any = Fraction(1)) -> With:
    r"""$\frac1n\sum_i(x_{\infty,i} - \bar x_\infty)^2$ from the exact fixed point, curvatures of mean one."""
    n, b, lam = graph.n, on.numbers(graph.n), list(graph.spectrum)
    m, _ = gossip.stationary(graph.W, h, b, gh, Fraction(0))
    beta = []  # squared norms of the projections of b, by Lagrange polynomials in W
    for x in lam:
        v = b
        for y in lam:
            if y != x:
                v = (graph.W @ v - y * v) / (x - y)
        beta.append((v * v).sum())
    return ((m - m.sum() / n) ** 2).sum() / n, {"n": n, "lam": lam[1:], "beta": beta[1:]}


THRESHOLDS = [on.LAZY5, on.COMPLETE5, *(on.ring(n, w) for n in (4, 6, 10) for w in (Fraction(1, 5), THIRD, HALF))]


@measure(dpsgd.STABILITY, cases(graph=THRESHOLDS).guaranteeing("quadratics"))
def largest_stable_step(graph: Graph, h: Any = Fraction(1)) -> With:
    r"""$\sup\{\gamma h\}$ between two rationals, both proved, also on rings with zero self-weights."""
    return Bracket(*gossip.largest_stable_step(graph.W, h)), {"lam_min": graph.least}


STEPS_OF = {on.ring(6): (0.6, 0.73), on.ring(8, Fraction(1, 5)): (1.1, 1.3), on.ring(6, HALF): (0.1,)}
RUNS = [{"graph": ring, "gh": gh} for ring, steps in STEPS_OF.items() for gh in steps]


@measure(dpsgd.STABILITY, cases(run=RUNS).guaranteeing("quadratics"))
def growth_of_runs(graph: Graph, gh: float, backend: str) -> With:
    """Noiseless D-PSGD on rings: is the 400th move shorter than the first? All move along the slowest mode, too."""
    to, b = library(backend), np.arange(graph.n, dtype=float)[:, None] ** 2
    nodes, W = to.move((NoisyQuadratics(np.ones_like(b), b, 0.0), graph.W.astype(float)))
    options: dict[str, Any] = {"record": {"x": lambda s: s.x}, "draw": lambda t: 0.0, "at": [0, 1, 399, 400]}
    x = run(methods.dpsgd(nodes, W, gh), to.move(start(np.zeros(1))), 400, **options).x.values[0, 0, ..., 0]
    shrinks = np.linalg.norm(x[3] - x[2]) < np.linalg.norm(x[1] - x[0])
    return Holds(bool(shrinks), at=gh), {"lam_min": graph.least}


WAVES = cases(n=[3, 4, 7, 16, 32], w=[Fraction(1, 5), THIRD, HALF], k=[0, 1, 2, 3, 8, 16])


@measure(dpsgd.RING, WAVES.where(lambda n, k: 2 * k <= n).guaranteeing("ring"))
def eigenvalue_of_a_ring(n: int, w: Fraction, k: int, edges: Any = None) -> Any:
    r"""$\lambda_k$, $2k \le n$: the $2k$-th greatest eigenvalue of the matrix, to the backward error of the solver."""
    W = gossip.ring(n, w) if edges is None else gossip.metropolis(n, edges)
    found = np.linalg.eigvalsh(W.astype(float))[::-1]
    return rounded(float(found[max(2 * k - 1, 0)]), 8 * n, 1.0)
