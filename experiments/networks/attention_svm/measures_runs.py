"""Runs of gradient descent, regularisation paths, and the gradient flow: the matrices that they come to."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import flint
import numpy as np

from gradproof.experiments.engine.backend import backend as library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, around, cases, instead, measure, without
from gradproof.experiments.engine.run import run
from gradproof.experiments.networks.attention_svm import instances as data
from gradproof.experiments.networks.attention_svm import methods
from gradproof.experiments.networks.attention_svm.instances import EPS, A, B, Layer
from gradproof.experiments.networks.attention_svm.measures import half_squares, towards
from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.separable_ode import euler_sums
from gradproof.theory.errors import GradproofError
from gradproof.theory.networks import attention_svm as paper

# --- descent -----------------------------------------------------------------------------------------------------------


@cache
def iterates(layer: Layer, eta: float, steps: int, *, start: tuple = (), on: str = "numpy", **how: bool) -> np.ndarray:
    """W_0, ..., W_steps of ``attention_gd``, shape (steps + 1, d, d); from zero unless given, flattened."""
    d, place = layer.problem.X.shape[2], library(on)
    W0 = place.asarray(np.array(start or [0.0] * d**2).reshape(1, 1, d, d))
    method = methods.attention_gd(place.move(layer.problem), eta, **how)
    return run(method, W0, steps, record={"W": lambda q: q.W}).W.values[0, 0]


def direction(
    layer: Layer, eta: float, steps: int, normalised: bool = True, since: int = 1, start: float = 0.0, on: str = "numpy",
    naive: bool = False,
) -> Any:  # fmt: skip
    r"""$\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)$ in ``since`` to ``steps`` steps from ``start`` times $W^{svm}$."""
    begin = tuple((start * layer.svm.W).ravel().tolist())
    W = iterates(layer, eta, steps, start=begin, on=on, normalised=normalised, naive=naive)
    rho, moved = np.linalg.norm(W, axis=(1, 2)), np.linalg.norm(np.diff(W, axis=0), axis=(1, 2))
    reach, gap = np.linalg.norm(layer.G, axis=(1, 2)).max(), np.ptp(layer.problem.gamma, axis=1).max()
    Xi = 1 / layer.svm.upper
    # A step is rounded, and its gradient, relative to the sum of its terms, which is at most 2 T longest/Xi times its norm. The
    # argument for the claim goes step by step: each loses so much of <W, W_svm> and of the norm, and the losses add up.
    terms = 2 * layer.problem.X.shape[1] * layer.longest / Xi
    lost = np.cumsum(EPS * rho[1:] + moved * terms * layer.rounding(W[:-1]))
    at = np.unique(np.geomspace(since, steps, 40).astype(int))
    least = np.minimum.accumulate(layer.of_optimal(W).min(axis=1))
    h = float(eta * reach / 2 if normalised else eta * reach**2 * gap / 8)
    found = around(methods.correlation(W[at], layer.svm.W), 4 * lost[at - 1] / rho[at] + 32 * EPS)
    return found, {**layer.sizes, "Xi": Xi, "rho": rho[at], "p": least[at - 1], "h": h}


FROM_ZERO = cases(layer=data.BOTH_LOSSES + data.DRAWN[:2], normalised=[True])
FROM_ZERO += cases(layer=data.LINEAR, normalised=[False])


@measure(paper.GD_DIRECTION, FROM_ZERO.guaranteeing("zero_start"))
def descent(layer: Layer, normalised: bool, backend: str) -> Any:
    r"""$\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)$ in 1000 steps of length 0.05, or of $1/L_W$ along the gradient."""
    return direction(layer, 0.05 if normalised else 1 / layer.smoothness, 1000, normalised, on=backend)


@measure(paper.GD_DIRECTION, cases(layer=[A]).guaranteeing("zero_start"))
def descent_in_balls(layer: Layer) -> Any:
    r"""$\langle W_k, W^{svm}\rangle/(\|W_k\|_F\|W^{svm}\|_F)$ in 50 normalised steps of 1/2 from zero, in ball arithmetic."""
    return direction(layer, 0.5, 50, on="balls")


TWENTY = cases(layer=[data.ASIDE, data.INCREASING], eta=[0.05], steps=[20]).guaranteeing("zero_start")
for lost in ("equal_nonopt_scores", "decreasing_loss"):
    without(paper.GD_DIRECTION, lost, direction, TWENTY.where(lambda layer, lost=lost: lost not in layer.guarantees))
breaking(paper.GD_DIRECTION, "zero_start", direction, layer=[A], eta=[0.05], steps=[20], start=[-20.0])
LONG = cases(layer=[B], eta=[0.05], steps=[4000], since=[4000], naive=[True]).guaranteeing("zero_start")
instead(paper.GD_DIRECTION, "the gradient by s (gamma - gamma . s), which loses its digits", direction, LONG)


@measure(paper.NO_STATIONARY, cases(layer=data.LINEAR))
def along_descent(layer: Layer, backend: str) -> Iterator[Any]:
    r"""$-\langle\nabla L(W_k), W^{svm}\rangle$ at every tenth of 100 normalised steps of 0.05 from zero."""
    for W in iterates(layer, 0.05, 100, on=backend, normalised=True)[::10]:
        yield towards(layer, W)


@measure(paper.DESCENT, cases(layer=data.LINEAR, share=[0.02, 1.0]))
def step_of_descent(layer: Layer, share: float, backend: str, steps: int = 200) -> Any:
    r"""$L(W_{k+1}) - L(W_k)$ in 200 steps of $1/L_W$ and of a fiftieth of it, from zero."""
    L_W, eta = layer.smoothness, share / layer.smoothness
    W = iterates(layer, eta, steps, on=backend)
    L, slope = layer.problem.excess(W), np.linalg.norm(layer.problem.gradient(W), axis=(1, 2))
    off = EPS * np.linalg.norm(W, axis=(1, 2)) + eta * layer.gradient_rounding(W)  # of the next W
    error = 2 * (layer.rounding(W) * L).max() + (off * slope + off**2 * L_W)[:-1]
    return around(np.diff(L), error), {"eta": eta, "L_W": L_W, "g2": slope[:-1] ** 2}


breaking(paper.DESCENT, "linear_loss", step_of_descent, layer=[data.STEEP], share=[1.0], steps=[1])


@measure(paper.NUCLEAR_IDENTITY, cases(layer=[A]).guaranteeing("enough_columns"))
def along_factored_descent(layer: Layer, rng: Any, backend: str) -> Iterator[Any]:
    r"""$\frac12(\|K\|_F^2 + \|Q\|_F^2)$ at every 20th of 200 normalised steps on $K$ and $Q$ from a small start."""
    place = library(backend)
    x0 = place.asarray(0.1 * rng.standard_normal((1, 1, 2, 3, 3)))
    method = methods.factored_gd(place.move(layer.problem), 0.05)
    found = run(method, x0, 200, record={"K": lambda q: q.K, "Q": lambda q: q.Q}, every=20)
    for K, Q in zip(found.K.values[0, 0], found.Q.values[0, 0], strict=True):
        yield half_squares(K, Q)


# --- regularisation paths ----------------------------------------------------------------------------------------------


def late(layer: Layer, R: float) -> np.ndarray:
    """The first margin of a late input lags as far as the loss of R e_1 e_1' allows; the others are larger by 40."""
    W = R * np.eye(layer.G.shape[1])[:, :1] * np.eye(layer.G.shape[1])[:1]
    W[0, 0] = np.log(1 / (len(layer.problem.X) * layer.problem.excess(W)) - 1) + 1e-9  # so much for the others
    W[1:, 0] = 40 / data.STRETCH
    return W


def half_as_long(layer: Layer, R: float) -> np.ndarray:
    """The max-margin direction, of half the norm: its loss is larger."""
    return R / 2 * layer.svm.W / np.linalg.norm(layer.svm.W)


def oblique(layer: Layer, R: float) -> np.ndarray:
    """A matrix of norm R that has nothing to do with the tokens: its loss is larger."""
    W = np.sin(np.arange(1.0, layer.svm.W.size + 1) ** 2).reshape(layer.svm.W.shape)
    return R * W / np.linalg.norm(W)


def allowed(layer: Layer, R: float, point: Any, nuclear: bool, no_worse: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """The matrix of norm at most R, which is, or is not, no worse than the max-margin one; and the parameters of the claim."""
    svm, order = layer.svm_nuclear if nuclear else layer.svm, 1 if nuclear else 2

    def size(M: np.ndarray) -> float:
        return float(np.linalg.norm(np.linalg.svd(M, compute_uv=False), order))

    W, p, slack = (
        point(layer, R),
        layer.problem,
        1e-12,
    )  # of the radius: the best point found may be the max-margin one itself
    better = p.excess(W) <= p.excess((1 - slack) * R * svm.W / size(svm.W))
    if size(W) > R * (1 + slack) or better != no_worse:
        raise GradproofError(
            f"{point.__name__} is not what the case speaks of: too long, or its loss on the other side"
        )
    return W, {**layer.sizes, "Xi": 1 / svm.upper}


#: inputs, tokens, spread of score gaps, radius: the first two lie where the bound of the correlation is 0 or nearly so
SIZES = ((2, 2, 1, 1.4), (2, 3, 1, 2.5), (2, 2, 1, 10.0), (5, 2, 1, 10.0), (3, 4, 5, 20.0), (8, 3, 20, 30.0))
LATE = cases(size=[{"layer": data.late_input(*size), "R": R} for *size, R in SIZES], point=[late])
PATH = cases(layer=data.BOTH_LOSSES, R=[10.0, 20.0, 40.0, 80.0], point=[methods.on_the_path])
NUCLEAR = cases(layer=data.LINEAR, R=[20.0, 40.0], point=[methods.factored], nuclear=[True])


@measure(paper.PATH_MARGIN, (LATE + NUCLEAR).guaranteeing("no_worse"))
def least_margin(layer: Layer, R: float, point: Any, nuclear: bool = False, no_worse: bool = True) -> Any:
    r"""$\ln(1 + e^\mu)$ where one margin lags at no loss, and of the best $KQ^\top$ found in the nuclear ball."""
    W, parameters = allowed(layer, R, point, nuclear, no_worse)
    # two losses are compared up to their relative rounding, which moves the margin by as much
    found = float(np.logaddexp(0, (layer.G * W).sum(axis=(1, 2)).min()))
    return around(found, float(4 * layer.rounding(W))), parameters


@measure(paper.PATH_FINITE_R, (LATE + PATH).guaranteeing("no_worse"))
def correlation(layer: Layer, R: float, point: Any, no_worse: bool = True) -> Any:
    r"""$\langle W, W^{svm}\rangle/(R\|W^{svm}\|_F)$ where one margin lags at no loss, and of the best matrix found in the ball."""
    W, parameters = allowed(layer, R, point, False, no_worse)
    found = float((W * layer.svm.W).sum() / np.linalg.norm(layer.svm.W))
    return around(found / R, float(4 * layer.rounding(W)) / R), parameters


WORSE = cases(layer=data.LINEAR, R=[40.0], point=[half_as_long, oblique], no_worse=[False])
without(paper.PATH_MARGIN, "no_worse", least_margin, WORSE)
# the path of K and Q has the nuclear direction, which is another one for A
FACTORED = cases(layer=[A], R=[20.0], point=[methods.factored], no_worse=[False])
without(paper.PATH_FINITE_R, "no_worse", correlation, WORSE + FACTORED)

# --- the flow ----------------------------------------------------------------------------------------------------------

FLOW = ("fixed_head", "linear_loss", "zero_start")
C = Fraction(17, 10)


@measure(paper.FLOW_CLOSED_FORM, cases(c=[C], t=[1, 10, 50]).guaranteeing(*FLOW))
def between_euler_sums(c: Fraction, t: int) -> Any:
    r"""$2\sinh m + 2m$ between two Euler sums of $m' = c/(2 + 2\cosh m)$, which know nothing of a closed form."""
    sums = euler_sums(lambda m: 1 / (2 + 2 * m.cosh()), c * t, 2000)
    with flint.ctx.workprec(128):
        low, high = (ends(2 * ball(m).sinh() + 2 * ball(m)) for m in sums)
    return Enclosed(low[0], high[1], "truncation")


@measure(paper.FLOW_CLOSED_FORM, cases(t=[1, 10, 50], seen=["margin", "loss"]).guaranteeing(*FLOW))
def small_steps(t: int, seen: str, backend: str, start: float = 0.0, loss: str = "linear") -> Any:
    r"""$2\sinh m + 2m$ after 1000 small steps of gradient descent on $W$, with m from the margin, or from $L - L^*$.

    The speed of m falls as m grows: descent is ahead of the flow, by at most one step at the greatest speed, c/4.
    """
    layer, step, digits = data.FLOW[loss], t / 1000, 64 * 1000 * EPS
    ray, gap = layer.G[0], float(layer.lead[0])
    square = float((ray**2).sum())
    W = iterates(layer, step, 1000, start=tuple((start / square * ray).ravel().tolist()), on=backend)[-1]
    m = float((ray * W).sum())
    if np.linalg.norm(W - m / square * ray) > digits:
        raise GradproofError("the descent has left the ray")
    m = m if seen == "margin" else float(np.log(gap / layer.problem.excess(W) - 1))
    low, high = (2 * np.sinh(v) + 2 * v for v in (m - step * float(C) / 4 - digits, m + digits))
    return Enclosed(float(low), float(high), "truncation"), {"c": float(C)}


LATER = cases(t=[10], seen=["margin"])
breaking(paper.FLOW_CLOSED_FORM, "zero_start", small_steps, LATER.let(start=lambda: 1.0))
breaking(paper.FLOW_CLOSED_FORM, "linear_loss", small_steps, LATER.let(loss=lambda: "logistic"))
