"""Runs of gradient descent, regularisation paths, and the gradient flow: what their matrices are, beside what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.backend import backend as library
from gradproof.experiments.engine.measure import Enclosed, around, cases, measure, rounded
from gradproof.experiments.engine.run import run
from gradproof.experiments.networks.attention_svm import instances as data
from gradproof.experiments.networks.attention_svm import methods
from gradproof.experiments.networks.attention_svm.instances import EPS, Layer
from gradproof.experiments.networks.attention_svm.measures import half_squares, towards
from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.separable_ode import euler_sums
from gradproof.theory.errors import GradproofError
from gradproof.theory.networks import attention_svm as paper

# --- descent -----------------------------------------------------------------------------------------------------------


@cache
def iterates(
    layer: Layer, method: Any, eta: float, steps: int, start: bytes = b"", on: str = "numpy", naive: bool = False
) -> np.ndarray:
    """W_0, ..., W_steps, shape (steps + 1, d, d); from zero, or the float64 matrix whose bytes are ``start``."""
    shape = layer.svm.W.shape if "svm_feasible" in layer.guarantees else layer.problem.X.shape[-1:] * 2
    place = library(on)
    W0 = place.asarray((np.frombuffer(start) if start else np.zeros(shape)).reshape(1, 1, *shape))
    return run(method(place.move(layer.problem), eta, naive=naive), W0, steps, record={"W": lambda q: q.W}).W.values[
        0, 0
    ]


def direction(
    layer: Layer,
    normalised: bool,
    eta: float,
    steps: int,
    *,
    since: int = 1,
    on: str = "numpy",
    start: float = 0.0,
    naive: bool = False,
) -> Any:
    """Correlation with W^svm after ``since`` to ``steps`` steps, and the parameters of the claim; from ``start`` W^svm."""
    method = methods.normalised_gd if normalised else methods.attention_gd
    W = iterates(layer, method, eta, steps, (start * layer.svm.W).tobytes(), on, naive)
    rho, moved = np.linalg.norm(W, axis=(1, 2)), np.linalg.norm(np.diff(W, axis=0), axis=(1, 2))
    gap, Xi = float(np.ptp(layer.problem.gamma, axis=1).max()), 1 / layer.svm.upper
    h = eta * layer.reach / 2 if normalised else eta * layer.reach**2 * gap / 8
    # A step is rounded, and its gradient, relative to the sum of its terms, which is at most 2 T longest/Xi times its norm. The
    # argument for the claim goes step by step: each loses so much of <W, W_svm> and of the norm, and the losses add up.
    terms = 2 * layer.problem.X.shape[1] * layer.longest / Xi
    lost = np.cumsum(EPS * rho[1:] + moved * terms * layer.rounding(W[:-1]))
    at = np.unique(np.geomspace(since, steps, 40).astype(int))
    least = np.minimum.accumulate(layer.of_optimal(W).min(axis=1))
    found = methods.correlation(W[at], layer.svm.W)
    return around(found, 4 * lost[at - 1] / rho[at] + 32 * EPS), {
        **layer.sizes, "Xi": Xi, "rho": rho[at], "p": least[at - 1], "h": h,
    }  # fmt: skip


@measure(paper.GD_DIRECTION, cases(layer=data.BOTH_LOSSES + data.DRAWN[:2]).guaranteeing("zero_start"))
def normalised_descent(layer: Layer, backend: str) -> Any:
    r"""$\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)$ in 1000 normalised steps of 0.05 from zero."""
    return direction(layer, True, 0.05, 1000, on=backend)


@measure(paper.GD_DIRECTION, cases(layer=data.LINEAR).guaranteeing("zero_start"))
def plain_descent(layer: Layer, backend: str) -> Any:
    r"""$\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)$ in 500 steps of $1/L_W$ from zero."""
    return direction(layer, False, 1 / layer.smoothness, 500, on=backend)


@measure(paper.GD_DIRECTION, cases(layer=data.LINEAR[:1]).guaranteeing("zero_start"))
def descent_in_balls(layer: Layer) -> Any:
    r"""$\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)$ in 50 normalised steps of 1/2 from zero, in ball arithmetic."""
    return direction(layer, True, 0.5, 50, on="balls")


@measure(paper.NO_STATIONARY, cases(layer=data.LINEAR))
def along_descent(layer: Layer, backend: str) -> Iterator[Any]:
    r"""$-\langle\nabla L(W_k), W^{svm}\rangle$ at every tenth of 100 normalised steps of 0.05 from zero."""
    for W in iterates(layer, methods.normalised_gd, 0.05, 100, on=backend)[::10]:
        yield towards(layer, W)


@measure(paper.DESCENT, cases(layer=data.LINEAR, share=[0.02, 1.0]))
def step_of_descent(layer: Layer, share: float, backend: str, steps: int = 200) -> Any:
    r"""$L(W_{k+1}) - L(W_k)$ in 200 steps of $1/L_W$ and of a fiftieth of it, from zero."""
    p, eta = layer.problem, share / layer.smoothness
    W = iterates(layer, methods.attention_gd, eta, steps, on=backend)
    L, slope = p.excess(W), np.linalg.norm(p.gradient(W), axis=(1, 2))
    step = EPS * np.linalg.norm(W, axis=(1, 2)) + eta * layer.gradient_rounding(W)  # rounding of W_(k+1)
    error = (
        (layer.rounding(W) * L)[1:]
        + (layer.rounding(W) * L)[:-1]
        + (step * slope)[:-1]
        + step[:-1] ** 2 * layer.smoothness
    )
    return around(np.diff(L), error), {"eta": eta, "L_W": layer.smoothness, "g2": slope[:-1] ** 2}


@measure(paper.NUCLEAR_IDENTITY, cases(layer=data.LINEAR[:1]).guaranteeing("enough_columns"))
def along_factored_descent(layer: Layer, rng: Any, backend: str) -> Iterator[Any]:
    r"""$\frac12(\|K\|_F^2 + \|Q\|_F^2)$ at every 20th of 200 normalised steps on $K$ and $Q$ from a small start."""
    place = library(backend)
    x0 = place.asarray(0.1 * rng.standard_normal((1, 1, 2, 3, 3)))
    method = methods.factored_gd(place.move(layer.problem), 0.05)
    found = run(method, x0, 200, record={"K": lambda q: q.K, "Q": lambda q: q.Q}, every=20)
    for K, Q in zip(found.K.values[0, 0], found.Q.values[0, 0], strict=True):
        yield half_squares(K, Q)


# --- regularisation paths ----------------------------------------------------------------------------------------------

#: inputs, tokens, spread of score gaps, radius: the first two lie where the bound of the correlation is 0 or nearly so
LATE = cases(size=[
    {"n": n, "T": T, "spread": kappa, "R": R}
    for n, T, kappa, R in ((2, 2, 1, 1.4), (2, 3, 1, 2.5), (2, 2, 1, 10.0), (5, 2, 1, 10.0), (3, 4, 5, 20.0), (8, 3, 20, 30.0))
])  # fmt: skip
PATHS = ("decreasing_loss", "fixed_head", "unique_opt_token", "svm_feasible", "no_worse")


@cache
def late_point(n: int, T: int, spread: float, R: float) -> tuple[Layer, np.ndarray]:
    """A layer in which one margin can lag, and the matrix of norm R that lets it, no worse than R W^svm."""
    layer = data.late_input(n, T, spread)
    if layer.exact.norm_squared != 1 or not set(PATHS[:-1]) <= layer.guarantees:
        raise GradproofError("the max-margin matrix of the late input does not have norm one")
    return layer, methods.latest(layer.problem, R, data.STRETCH)


@measure(paper.PATH_MARGIN, LATE.guaranteeing(*PATHS))
def late_margin(n: int, T: int, spread: float, R: float) -> Any:
    r"""$\ln(1 + e^\mu)$ where one margin lags at no loss."""
    layer, W = late_point(n, T, spread, R)
    # the two losses are compared up to their relative rounding, which moves the margin by as much
    return around(float(np.log1p(np.exp(W[0, 0]))), float(4 * layer.rounding(W))), {**layer.sizes, "Xi": 1}


@measure(paper.PATH_FINITE_R, LATE.guaranteeing(*PATHS))
def late_correlation(n: int, T: int, spread: float, R: float) -> Any:
    r"""$\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F)$ where one margin lags at no loss."""
    layer, W = late_point(n, T, spread, R)
    return around(W[0, 0] / R, float(4 * layer.rounding(W)) / R), {**layer.sizes, "Xi": 1}


RADII = (10.0, 20.0, 40.0, 80.0)


@measure(paper.PATH_FINITE_R, cases(layer=data.BOTH_LOSSES, R=RADII).guaranteeing("no_worse"))
def on_the_path(layer: Layer, R: float) -> Any:
    r"""$\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F)$ of the best matrix found in the ball, no worse than the max-margin one."""
    return of_a_matrix(layer, R, methods.path_point(layer.problem, layer.svm.W, R), no_worse=True)


def of_a_matrix(layer: Layer, R: float, W: np.ndarray, no_worse: bool) -> Any:
    """<W, W^svm>/(R ||W^svm||) of a matrix of norm at most R; it must be, or must not be, no worse than the max-margin one."""
    p, V = layer.problem, layer.svm.W / np.linalg.norm(layer.svm.W)
    if np.linalg.norm(W) > R * (1 + 8 * EPS) or (p.excess(W) <= p.excess(R * V)) != no_worse:
        raise GradproofError("the matrix is not one that the case speaks of: too long, or its loss on the other side")
    return rounded(float((W * V).sum()) / R, 4 * W.size, 1.0), {**layer.sizes, "Xi": 1 / layer.svm.upper}


@measure(paper.PATH_MARGIN, cases(layer=data.LINEAR, R=[20.0, 40.0]).guaranteeing("no_worse"))
def nuclear_margin(layer: Layer, R: float) -> Any:
    r"""$\ln(1 + e^\mu)$ of the best $KQ^\top$ found in the nuclear ball, no worse than the nuclear max-margin matrix."""
    mu = float((layer.G * methods.factored_point(layer.problem, layer.svm_nuclear.W, R)).sum(axis=(1, 2)).min())
    return rounded(float(np.log1p(np.exp(mu))), 64, R * layer.longest), {
        **layer.sizes,
        "Xi": 1 / layer.svm_nuclear.upper,
    }


# --- the flow ----------------------------------------------------------------------------------------------------------

TIMES = (1, 10, 50)
C = Fraction(17, 10)


@measure(paper.FLOW_CLOSED_FORM, cases(c=[C], t=TIMES).guaranteeing("fixed_head", "linear_loss", "zero_start"))
def between_euler_sums(c: Fraction, t: int) -> Any:
    r"""$2\sinh m + 2m$ between two Euler sums of $m' = c/(2 + 2\cosh m)$, which know nothing of a closed form."""
    with flint.ctx.workprec(128):
        low, high = (
            ends(2 * ball(m).sinh() + 2 * ball(m)) for m in euler_sums(lambda m: 1 / (2 + 2 * m.cosh()), c * t, 2000)
        )
    return Enclosed(low[0], high[1], "truncation")


@measure(
    paper.FLOW_CLOSED_FORM,
    cases(t=TIMES, seen=["margin", "loss"]).guaranteeing("fixed_head", "linear_loss", "zero_start"),
)
def small_steps(t: int, seen: str, backend: str, start: float = 0.0, loss: str = "linear", steps: int = 1000) -> Any:
    r"""$2\sinh m + 2m$ after 1000 small steps of gradient descent on $W$, with m from the margin, or from $L - L^*$.

    The speed of m falls as m grows: descent is ahead of the flow, by at most one step at the greatest speed, c/4.
    """
    layer = data.FLOW[loss]
    ray = layer.G[0]
    square, gap = float((ray**2).sum()), float(layer.lead[0])
    W = iterates(layer, methods.attention_gd, t / steps, steps, (start / square * ray).tobytes(), backend)[-1]
    m = float((ray * W).sum())
    if np.linalg.norm(W - m / square * ray) > steps * EPS * 64:
        raise GradproofError("the descent has left the ray")
    if seen == "loss":
        m = float(np.log(gap / layer.problem.excess(W) - 1))
    low, high = m - t / steps * float(C) / 4 - 64 * steps * EPS, m + 64 * steps * EPS
    return Enclosed(*(2 * float(np.sinh(v)) + 2 * v for v in (low, high)), "truncation"), {"c": float(C)}
