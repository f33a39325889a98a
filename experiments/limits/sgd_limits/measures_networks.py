"""Two-layer networks: mean steps on small data laws, the flow of the limit, fixed points, and how often mixtures are learned."""

from fractions import Fraction as F
from itertools import product
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.draws import ahead, split
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.limits.sgd_limits.instances import network_starts, table
from gradproof.experiments.limits.sgd_limits.methods import BINARY, XOR, clusters, flow, follow, margins, two_layer_sgd
from gradproof.theory.limits import sgd_limits as paper

EPS = 2.0**-52
MIXTURES = {2: BINARY, 4: XOR}

# --- one step ------------------------------------------------------------------------------------------------------------

NET = ("relu", "logistic_loss", "ridge", "online_sgd")


class Small:
    """A network of three units in R^5, mu = e_1, and 9 equally likely data; its mean step by the method itself."""

    def __init__(self, seed: int, ridge: bool = True, fresh: bool = True) -> None:
        rng = np.random.default_rng(seed)
        self.v, self.W = rng.standard_normal(3), rng.standard_normal((3, 5))
        self.X, self.y = rng.standard_normal((9, 5)), np.arange(9) % 2 * 1.0
        self.alpha, self.delta = 0.25, 0.125
        x0 = np.tile(np.concatenate([self.v, self.W.ravel()]), (1, 9, 1))
        method = two_layer_sgd(self.X, self.y, 3, 1.0, self.alpha * ridge, self.delta)
        which = np.arange(9)[None] if fresh else np.zeros((1, 9), int)
        after = method.step(method.init(x0), (which, np.zeros((1, 9, 5))))
        self.v_after, self.W_after = after.v[0], after.W[0]  # (data, unit), (data, unit, 5)
        z = self.X @ self.W.T
        f = (self.v * np.maximum(z, 0)).sum(1, keepdims=True)
        self.g = (1 / (1 + np.exp(-f)) - self.y[:, None]) * (z >= 0)
        self.across = self.W[:, 1:]  # W^perp, (unit, 4)

    def A(self, i: int, j: int) -> float:
        return float((self.g[:, i] * (self.X[:, 1:] @ self.across[j])).mean())


SMALL = cases(instance=list(range(6)))


@measure(paper.SECOND_LAYER, SMALL.guaranteeing(*NET))
def step_of_a_weight(instance, ridge=True, fresh=True):
    r"""$\mathbb E[v_i^+ - v_i]/\delta$ over nine data, by steps of the method."""
    s = Small(instance, ridge, fresh)
    A = {"A_i": float((s.g[:, 0] * s.X[:, 0]).mean()), "A_ii": s.A(0, 0)}
    value = (s.v_after[:, 0].mean() - s.v[0]) / s.delta
    return around(value, 400 * EPS / s.delta), {**A, "v_i": s.v[0], "m_i": s.W[0, 0], "alpha": s.alpha}


@measure(paper.GMM_ODE, SMALL.guaranteeing(*NET[1:]))
def step_of_an_overlap(instance, ridge=True, fresh=True, corrected=True):
    r"""$\mathbb E[R_{ij}^+ - R_{ij}]/\delta$ over nine data, by steps of the method; or by the population's step."""
    s = Small(instance, ridge, fresh)
    given = {
        "A_ij": s.A(0, 1),
        "A_ji": s.A(1, 0),
        "R_ij": float(s.across[0] @ s.across[1]),
        "v_i": s.v[0],
        "v_j": s.v[1],
    }
    given["Q_ij"] = float((s.g[:, 0] * s.g[:, 1] * (s.X[:, 1:] ** 2).sum(1)).mean())
    after = s.W_after[:, :, 1:]
    inner = (after[:, 0] * after[:, 1]).sum(1).mean()
    if not corrected:
        first, second = (after[:, i].mean(0) - s.across[i] for i in (0, 1))
        inner = given["R_ij"] + first @ s.across[1] + second @ s.across[0]
    return around((inner - given["R_ij"]) / s.delta, 2000 * EPS / s.delta), {
        **given,
        "alpha": s.alpha,
        "delta": s.delta,
    }


for claim, taken in ((paper.SECOND_LAYER, step_of_a_weight), (paper.GMM_ODE, step_of_an_overlap)):
    breaking(claim, "ridge", taken, instance=0, ridge=False)
    breaking(claim, "online_sgd", taken, instance=0, fresh=False)
replacing(
    paper.GMM_ODE, "the population's flow, without the corrector", step_of_an_overlap, instance=[0, 1], corrected=False
)

# --- the flow ------------------------------------------------------------------------------------------------------------


def drawn(q: int, seed: int, K: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(K), rng.standard_normal((K, q // 2))


@measure(
    paper.BALANCE,
    cases(q=[2, 4], instance=list(range(4)), alpha=0.125).guaranteeing("relu", "ridge", "lambda_infinite"),
)
def difference_of_the_layers(q, instance, alpha, share=1.0):
    """The slope along the flow at drawn weights; ``share``: of the regulariser."""
    v, W = drawn(q, instance)
    dv, dW = flow(v, W, MIXTURES[q], alpha * share)
    of_v, of_W = (v * v).sum(), (W * W).sum()
    slope = 2 * (v * dv).sum() - 2 * (W * dW).sum()
    return around(slope, 300 * EPS * (of_v + of_W)), {"gap": float(of_v - of_W)}


breaking(paper.BALANCE, "ridge", difference_of_the_layers, q=4, instance=0, alpha=0.125, share=0.0)


@measure(
    paper.DECAY,
    cases(q=[2, 4], instance=[None, *range(4)], alpha=[0.1, 0.5], size=[1e-2, 1.0]).guaranteeing(
        "relu", "logistic_loss", "ridge", "lambda_infinite", "one_point_a_unit"
    ),
)
def growth_of_the_weights(q, instance, alpha, size, share=1.0, both=False):
    """The slope along the flow over the size, at drawn weights, or where each unit is right; ``both``: a unit sees two."""
    v, W = drawn(q, instance or 0)
    if instance is None:
        v, W = (np.array([1.0]), np.array([[1.0] + [0.0] * (q // 2 - 1)]))
    where = ((0, 1.0, 1.0), (1, 1.0, 1.0)) if both else MIXTURES[q]
    if both:
        v, W = np.array([1.0]), np.array([[0.5**0.5, 0.5**0.5]])
    dv, dW = flow(size * v, size * W, where, alpha * share)
    total = float((size * v * dv).sum() + (size * W * dW).sum()) * 2
    ratio = total / (size**2 * ((v * v).sum() + (W * W).sum()))
    return around(ratio, 400 * EPS * (1 + abs(alpha)))


AT = {"q": 2, "instance": [None], "alpha": 0.1, "size": 1e-2}
breaking(paper.DECAY, "ridge", growth_of_the_weights, share=0.0, **AT)
breaking(paper.DECAY, "one_point_a_unit", growth_of_the_weights, both=True, **AT)


def classifier(q: int, C: float) -> tuple[np.ndarray, np.ndarray]:
    """One unit for each point, all with the margin C and balanced."""
    v = np.array([(2 * y - 1) * C**0.5 for *_, y in MIXTURES[q]])
    W = np.zeros((q, q // 2))
    for unit, (axis, sign, _) in enumerate(MIXTURES[q]):
        W[unit, axis] = sign * C**0.5
    return v, W


@measure(
    paper.MARGIN,
    cases(q=[2, 4], alpha=[F(1, 10), F(1, 50)]).guaranteeing(
        "relu", "logistic_loss", "ridge", "lambda_infinite", "at_rest"
    ),
)
def margin_by_the_sign_of_the_flow(q, alpha, time=None, share=1):
    """$e^C$ where the flow at the classifier of margin C changes its sign; or that of Euler steps from C = 0.1."""
    rate = float(alpha) * share
    if time is not None:
        found = margins(*follow(*classifier(q, 0.1), MIXTURES[q], rate, time), MIXTURES[q]).min()
        return around(np.exp(found), 1e-9)

    def rises(C: float) -> bool:
        return bool(flow(*classifier(q, C), MIXTURES[q], rate)[0][0] > 0)

    low, high = 0.0, 1.0
    while rises(high):
        low, high = high, 2 * high
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) else (low, middle)
    return Enclosed(np.exp(low - 1e-9), np.exp(high + 1e-9), "solver gap")


breaking(paper.MARGIN, "at_rest", margin_by_the_sign_of_the_flow, q=[2, 4], alpha=F(1, 10), time=1.0)
breaking(paper.MARGIN, "ridge", margin_by_the_sign_of_the_flow, q=2, alpha=F(1, 10), share=0.5)

# --- how often mixtures are learned ------------------------------------------------------------------------------------------

INIT = ("gaussian_init", "small_first_layer_init", "lambda_infinite", "weak_regularisation")
STARTS = {"spread": 1e-6, "alpha": 0.05}


def learned(v: Any, W: Any, q: int, alpha: float) -> Any:
    """All points have a tenth of the margin of the fixed points (or, where that is none, a positive one)."""
    C = np.log(max((1 - q * alpha) / (q * alpha), 1.001))
    return margins(v, W, MIXTURES[q]).min(-1) > C / 10


def undecided(K: int, q: int, alpha: float, time: float, spread: float) -> float:
    """Chance that some |v_i| is so small at the start that its unit has not come to a tenth of the margin by then.

    Below that margin |v_i| + |W_i| grows at least at the rate sigma(-C/10)/q - alpha, once |v_i| is ten times the first layer's.
    """
    C = np.log((1 - q * alpha) / (q * alpha))
    rate = 1 / (1 + np.exp(C / 10)) / q - alpha
    return float(K * np.sqrt(2 / np.pi) * (4 * np.sqrt(C / 10) * np.exp(-rate * time) + 10 * spread))


CLAIMS = {paper.GMM_PROBABILITY: (2, 2, [2]), paper.XOR_PROBABILITY: (4, 4, [4, 8])}


def share_of_signs(q, K, alpha, rise=0.0):
    """Of the signs of $v$ and of the first layer's overlaps, the share of those from which the flow learns all points."""
    signs = np.array(list(product((1.0, -1.0), repeat=K * (1 + q // 2))))
    v = np.abs(signs[:, :K] + rise) * np.sign(signs[:, :K] + rise)
    W = 1e-3 * signs[:, K:].reshape(len(signs), K, q // 2)
    v, W = follow(v * (1 + 0.1 * np.arange(K)), W, MIXTURES[q], alpha, 30.0, step=0.5)
    return F(int(learned(v, W, q, alpha).sum()), len(signs))


def by_the_flow(q, K, alpha, spread, starts, time, rng, rise=0.0):
    r"""Successes of the flow from $v \sim N(0, I)$ and a first layer of a size."""
    v, W = rng.standard_normal((starts, K)) + rise, spread * rng.standard_normal((starts, K, q // 2))
    v, W = follow(v, W, MIXTURES[q], alpha, time, step=0.5)
    small = spread < 1e-3 and alpha < 1 / (2 * q)
    return Sample(learned(v, W, q, alpha), at_most=1.0, bias=undecided(K, q, alpha, time, spread) if small else 0.0)


def trained(q, K, N, lam, alpha, c, time, runs, keys, backend):
    """Margins (runs, q) after online SGD at the step c/N; draws of NumPy's own generator on NumPy, which is quicker there."""
    on, delta = array_library(backend), c / N
    points, labels = on.move(table(MIXTURES[q], N))
    words = keys("networks", settings=[0], seeds=1)
    seeds = np.random.default_rng(int(words[0, 0, 0]))
    x0 = on.asarray(network_starts(K, N, runs, seeds))
    if on.name == "numpy":
        draw: Any = lambda t: (seeds.integers(q, size=(1, runs)), seeds.standard_normal((1, runs, N)))  # noqa: E731
    else:
        draw = ahead(on.asarray(split(words[:, 0], runs)), clusters(q, N), block=1)
    method = two_layer_sgd(points, labels, K, lam, alpha, delta)
    record = {"margin": lambda s: margins(s.v, s.W, MIXTURES[q])}
    found = run(method, x0, round(time / delta), record=record, draw=draw, every=round(time / delta))
    return found.margin.values[0, :, -1]


def by_sgd(q, K, N, lam, alpha, c, time, runs, keys, backend):
    """Successes of online SGD on the mixture itself; N and lambda stand for the limit."""
    C = np.log((1 - q * alpha) / (q * alpha))
    return Sample(trained(q, K, N, lam, alpha, c, time, runs, keys, backend).min(-1) > C / 10, at_most=1.0)


RUNS = {
    "quick": ({"N": 60, "lam": 1000.0, "alpha": 0.05, "c": 4.0, "time": 40.0, "runs": 200},) * 2,
    "full": (
        {"N": 250, "lam": 100.0, "alpha": 0.1, "c": 2.0, "time": 50.0, "runs": 1000},
        {"N": 250, "lam": 1000.0, "alpha": 0.1, "c": 8.0, "time": 160.0, "runs": 1000},
    ),
    "gpu": ({"N": 1000, "lam": 1000.0, "alpha": 0.1, "c": 5.0, "time": 160.0, "runs": 10_000},) * 2,
}
for index, (claim, (q, four, widths)) in enumerate(CLAIMS.items()):
    measure(claim, cases(q=q, K=[1, 2, 3, 4] if q == 4 else 2, alpha=0.05).guaranteeing(*INIT))(share_of_signs)
    begin = {"q": q, "start": [STARTS], "time": 90.0}
    measure(claim, cases(**begin, K=widths, starts=600).guaranteeing(*INIT))(by_the_flow)
    breaking(claim, "gaussian_init", by_the_flow, **begin, K=four, starts=400, rise=3.0)
    breaking(claim, "weak_regularisation", by_the_flow, q=q, K=four, alpha=0.6, spread=1e-6, starts=200, time=50.0)
    for budget, sizes in RUNS.items():
        name = f"by_sgd_{budget}" if budget != "quick" else ""
        measure(claim, cases(q=q, K=four, sizes=[sizes[index]]).guaranteeing(*INIT), budget=budget, name=name)(by_sgd)
measure(paper.XOR_PROBABILITY, cases(q=4, K=0, alpha=0.05).guaranteeing(*INIT), name="share_without_units")(
    share_of_signs
)
LARGE = {"q": 4, "K": 4, "alpha": 0.05, "spread": 3.0, "starts": 400, "time": 60.0}
breaking(paper.XOR_PROBABILITY, "small_first_layer_init", by_the_flow, **LARGE)
