"""Runs: the full matrix equation, three methods on Zipf's frequencies, minibatches, digits with rare classes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from gradproof.experiments.adaptive._adam import adam_family
from gradproof.experiments.adaptive.class_imbalance.methods import (
    gradient_descent,
    linear,
    losses,
    margins,
    one_hot,
    sign_descent,
    softmax,
    zeros,
    zipf,
)
from gradproof.experiments.communication._sparse import mean_is
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.run import logarithmic, run
from gradproof.theory.adaptive import class_imbalance as paper
from gradproof.theory.evidence import Level, Measurement, Relation

ULP = 2.0**-52
SIGN_STEP = 0.05


# --- the full matrix equation ------------------------------------------------------------------------------------------


class Flow(NamedTuple):
    """Gradient flow of a c x c matrix at some times, with the difference of two tolerances as its error."""

    pi: np.ndarray
    t: np.ndarray
    u: np.ndarray  # least margins of every class (time, c)
    l: np.ndarray
    error: float


@lru_cache(maxsize=2)
def matrix_flow(c: int = 6) -> Flow:
    """LSODA on all c^2 entries from W = 0, which knows nothing of margins or classes."""
    from scipy.integrate import solve_ivp

    pi, t = zipf(c), np.array([0.5, 3.0, 20.0, 150.0])
    gradient = one_hot(pi, np.eye(c))

    def solve(tolerance: float) -> np.ndarray:
        found = solve_ivp(
            lambda _, w: -gradient(w.reshape(c, c), None).ravel(), (0, t[-1]), np.zeros(c * c), t_eval=t, method="LSODA",
            rtol=tolerance, atol=tolerance / 100,
        )  # fmt: skip
        return found.y.T.reshape(len(t), c, c)

    coarse, fine = solve(1e-9), solve(1e-11)
    off = margins(fine) + np.diag(np.full(c, np.inf))
    return Flow(pi, t, off.min(axis=-2), losses(fine), 2 * float(np.abs(coarse - fine).max()) + 1e-13)


def _integrated(**extra: Any) -> dict[str, Any]:
    return {"error_source": "integrator, from two tolerances", "n": 36} | extra


@check(paper.GF_CONSERVATION, level=Level.EMPIRICAL)
def psi_along_the_matrix_flow(ctx: Context) -> Iterator[Evidence]:
    """Psi of the margins of the full 6 x 6 equation, at four times, for the most and the least frequent class."""
    flow = matrix_flow()
    for j, t in enumerate(flow.t):
        for k in (0, 5):
            u = flow.u[j, k]
            yield Measurement(
                measured=float(np.exp(u) + 5 * u), bound=ctx.claim.bound(c=6, pi=float(flow.pi[k]), t=float(t)),
                error=float(flow.error * (np.exp(u) + 5)), parameters={"t": float(t), "k": k + 1}, **_integrated(),
            )  # fmt: skip


@check(paper.TIME_TO_LOSS, level=Level.EMPIRICAL)
def times_of_the_matrix_flow(ctx: Context) -> Iterator[Evidence]:
    """The claimed time to the losses that the full equation reaches."""
    flow = matrix_flow()
    for j, t in enumerate(flow.t):
        for k in (0, 5):
            pi, loss = float(flow.pi[k]), float(flow.l[j, k])
            slope = pi * (1 - np.exp(-loss)) * (1 + 1 / (np.exp(flow.u[j, k]) + 5))  # |dl/dt| is more than half of it
            yield Measurement(
                measured=float(t), bound=ctx.claim.bound(c=6, pi=pi, eps=loss), error=float(4 * flow.error / slope),
                parameters={"t": float(t), "k": k + 1}, **_integrated(),
            )  # fmt: skip


def _flow_against(ctx: Context) -> Iterator[Evidence]:
    flow = matrix_flow()
    for j, t in enumerate(flow.t):
        for k in (0, 5):
            yield Measurement(
                measured=float(flow.l[j, k]), bound=ctx.claim.bound(c=6, pi=float(flow.pi[k]), t=float(t)),
                error=flow.error, parameters={"t": float(t), "k": k + 1}, **_integrated(),
            )  # fmt: skip


@check(paper.GF_UPPER, level=Level.EMPIRICAL)
def matrix_flow_from_above(ctx: Context) -> Iterator[Evidence]:
    """Losses of the full equation beside the upper bound."""
    yield from _flow_against(ctx)


@check(paper.GF_LOWER, level=Level.EMPIRICAL)
def matrix_flow_from_below(ctx: Context) -> Iterator[Evidence]:
    """Losses of the full equation beside the lower bound."""
    yield from _flow_against(ctx)


@check(paper.ZIPF_AVERAGE, level=Level.EMPIRICAL)
def average_of_the_matrix_flow(ctx: Context) -> Iterator[Evidence]:
    """The average loss of the full equation."""
    flow = matrix_flow()
    for j, t in enumerate(flow.t):
        yield Measurement(
            measured=float(flow.pi @ flow.l[j]), bound=ctx.claim.bound(pi=flow.pi.tolist(), t=float(t)), error=flow.error,
            parameters={"t": float(t)}, **_integrated(),
        )  # fmt: skip


# --- discrete methods on Zipf's frequencies ----------------------------------------------------------------------------


def sizes(ctx: Context) -> tuple[int, int]:
    """Classes and steps: 30 and 300, or 100 and 2000 in a full run."""
    return (100, 2000) if ctx.at_least("full") else (30, 300)


@lru_cache(maxsize=8)
def weights(name: str, c: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps recorded at, and the weights there, (record, c, c).

    ``name``: ``gd`` with step 2/max pi, ``sign`` or ``adam`` with step 0.05, on Zipf's frequencies.
    """
    gradient, at = one_hot(zipf(c), np.eye(c)), logarithmic(steps, per_decade=4)
    if name == "gd":
        method = gradient_descent(gradient, 2 / zipf(c)[0])
    elif name == "sign":
        method = sign_descent(gradient, SIGN_STEP)
    else:
        method = adam_family(gradient, alpha=SIGN_STEP, variant="adam", beta1=0.9, beta2=0.999, eps=1e-8)
    out = run(method, zeros(c), steps, record={"W": lambda s: s.x}, at=at)
    return np.array(at), out.W.values[0, 0]


def _sandwich(ctx: Context) -> Iterator[Evidence]:
    c, steps = sizes(ctx)
    at, W = weights("gd", c, steps)
    pi = zipf(c)
    for n, w in zip(at[1:], W[1:], strict=True):
        for k in (0, c // 2, c - 1):
            u = float(np.delete(margins(w)[:, k], k).mean())
            yield Measurement(
                measured=float(np.exp(u) + (c - 1) * u),
                bound=ctx.claim.bound(c=c, pi=float(pi[k]), eta=float(2 / pi[0]), n=int(n)),
                error=float(8 * ULP * n * (np.exp(u) + c) * (1 + u)), error_source="rounding",
                parameters={"n": int(n), "k": k + 1}, n=int(n),
            )  # fmt: skip


@check(paper.GD_UPPER, level=Level.EMPIRICAL)
def descent_from_above(ctx: Context) -> Iterator[Evidence]:
    """Gradient descent on the full matrix with step 2/max pi: Psi of a frequent, a middle and the rarest class."""
    yield from _sandwich(ctx)


@check(paper.GD_LOWER, level=Level.EMPIRICAL)
def descent_from_below(ctx: Context) -> Iterator[Evidence]:
    """The same run beside the lower bound."""
    yield from _sandwich(ctx)


@check(paper.GD_DESCENT, level=Level.EMPIRICAL)
def descent_from_random_weights(ctx: Context) -> Iterator[Evidence]:
    """Twenty steps from each of 20 random starts, c = 5, with steps up to 3.9/max pi: the greatest excess over the bound."""
    c, pi = 5, zipf(5)
    gradient = one_hot(pi, np.eye(c))
    etas = np.repeat([0.5, 2.0, 3.9], 20) / pi[0]
    W = 3 * ctx.rng().standard_normal((60, 1, c, c))
    for _ in range(20):
        g = gradient(W, None)
        after = W - etas[:, None, None, None] * g
        before, then = losses(W) @ pi, losses(after) @ pi
        grad2 = (g * g).sum(axis=(-2, -1))
        at = int(np.argmax(then - before + etas[:, None] * (1 - etas[:, None] * pi[0] / 4) * grad2))
        yield Measurement(
            measured=float(then[at, 0]), error=64 * ULP * (1 + float(before[at, 0])), error_source="rounding", n=60,
            bound=ctx.claim.bound(loss=float(before[at, 0]), eta=float(etas[at]), pi_max=float(pi[0]), grad2=float(grad2[at, 0])),
        )  # fmt: skip
        W = after


@check(paper.SIGN_FLOW, level=Level.EMPIRICAL)
def sign_descent_on_zipf(ctx: Context) -> Iterator[Evidence]:
    """Losses of the first, a middle and the last class beside the one curve; Adam's spread over classes against GD's."""
    c, steps = sizes(ctx)
    at, W = weights("sign", c, steps)
    for n, w in zip(at[1:], W[1:], strict=True):
        t = SIGN_STEP * float(n)
        for k in (0, c // 2, c - 1):
            bound = ctx.claim.bound(c=c, t=t)
            yield Measurement(
                measured=float(losses(w)[k]), bound=bound, error=8 * ULP * (n + 1) * (1 + t), error_source="rounding",
                parameters={"n": int(n), "k": k + 1}, n=int(n),
            )  # fmt: skip
    spread = {name: float(np.ptp(losses(weights(name, c, steps)[1][-1]))) for name in ("gd", "adam")}
    yield Measurement(
        measured=spread["adam"], bound=spread["gd"] / 100, relation=Relation.LE, error=1e-12, error_source="rounding",
        what="Adam's spread of the losses over classes, beside 1% of GD's", n=steps,
    )  # fmt: skip


@check(paper.SIGN_DESCENT, level=Level.EMPIRICAL)
def adam_without_memory(ctx: Context) -> Iterator[Evidence]:
    """Sign descent, and Adam with beta1 = beta2 = eps = 0, with steps of 1/16: the margins are exact in double precision."""
    c, n, gradient = 8, 100, one_hot(zipf(8), np.eye(8))
    adam = adam_family(gradient, alpha=1 / 16, variant="adam", beta1=0.0, beta2=0.0, eps=0.0)
    for name, method, error in (("sign", sign_descent(gradient, 1 / 16), 0), ("adam", adam, 8 * ULP * n)):
        W = run(method, zeros(c), n, record={"W": lambda s: s.x}, at=[n]).W.values[0, 0, -1]
        u = margins(W)[~np.eye(c, dtype=bool)]
        for value in (u.min(), u.max()):
            yield Measurement(
                measured=float(value), bound=ctx.claim.bound(eta=1 / 16, n=n), error=error, error_source="rounding",
                parameters={"method": name}, n=n,
            )  # fmt: skip


# --- the Hessian, minibatches ------------------------------------------------------------------------------------------


@check(paper.HESSIAN, level=Level.EMPIRICAL)
def differences_of_the_gradient(ctx: Context) -> Iterator[Evidence]:
    """The Hessian of all 25 weights by central differences, Zipf's frequencies, c = 5: eigenvalues, and nothing between columns."""
    c, h, pi = 5, 1e-4, zipf(5)
    gradient = one_hot(pi, np.eye(c))
    # (row, column) of the weight, then (row, column) of the gradient
    shifts = h * np.eye(c * c).reshape(c * c, c, c)
    blocks = ((gradient(shifts, None) - gradient(-shifts, None)) / (2 * h)).reshape(c, c, c, c)
    error = h**2 + ULP / h  # third derivatives of the softmax are below one
    for k in range(c):
        values = np.linalg.eigvalsh(blocks[:, k, :, k])
        for value in values[1:]:
            yield Measurement(
                measured=float(value), bound=ctx.claim.bound(c=c, pi=float(pi[k])), error=c * error,
                error_source="differences and rounding", parameters={"k": k + 1},
            )  # fmt: skip
        others = np.delete(blocks[:, k], k, axis=2)
        yield Measurement(
            measured=float(np.abs(others).max()), bound=0, error=error, what="between columns", parameters={"k": k + 1}
        )


@check(paper.HESSIAN, level=Level.EMPIRICAL)
def minibatches_are_unbiased(ctx: Context) -> Iterator[Evidence]:
    """2000 minibatches of 20 one-hot samples: the mean of their curvature in the direction of a class, by e-processes."""
    c, B, pi = 5, 20, zipf(5)
    counts = ctx.rng().multinomial(B, pi, size=2000)
    for k in (0, c - 1):
        claimed = float(ctx.claim.bound(c=c, pi=float(pi[k])))
        yield from mean_is(counts[:, k] / (B * c), claimed, top=1 / c, what="E of a minibatch's eigenvalue", k=k + 1)


# --- digits with rare classes ------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def rare_digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits with 174/(k + 1) samples of class k: rows in [0, 1] (509, 64), and one-hot labels."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    keep = np.concatenate([np.flatnonzero(y == k)[: 174 // (k + 1)] for k in range(10)])
    return X[keep] / 16, np.eye(10)[y[keep]]


@lru_cache(maxsize=4)
def digit_losses(name: str, steps: int) -> np.ndarray:
    """Mean loss of every class after training a linear softmax from 0."""
    X, Y = rare_digits()
    gradient = linear(X, Y)
    smooth = np.linalg.eigvalsh(X.T @ X / len(X))[-1] / 2
    if name == "gd":
        method = gradient_descent(gradient, 1 / smooth)
    elif name == "sign":
        method = sign_descent(gradient, 0.002)
    else:
        method = adam_family(gradient, alpha=0.01, variant="adam")
    W = run(method, zeros(10, 64), steps, record={"W": lambda s: s.x}, at=[steps]).W.values[0, 0, -1]
    each = -np.log((softmax(W @ X.T) * Y.T).sum(axis=0))
    return (each @ Y) / Y.sum(axis=0)


@check(paper.ZIPF_AVERAGE, level=Level.EMPIRICAL)
def rare_classes_of_digits(ctx: Context) -> Iterator[Evidence]:
    """A linear softmax on digits, frequencies 1/k, 200 steps: rare classes lag under GD, less under Adam and sign descent."""
    rare = {name: float(digit_losses(name, 200)[5:].mean()) for name in ("gd", "adam", "sign")}
    frequent = float(digit_losses("gd", 200)[:2].mean())
    common: dict[str, Any] = {"error": 1e-9, "error_source": "rounding", "n": 200}
    yield Measurement(measured=rare["gd"], bound=frequent, what="GD: rare classes beside frequent ones", **common)
    for name in ("adam", "sign"):
        yield Measurement(measured=rare["gd"], bound=rare[name], what=f"rare classes: GD beside {name}", **common)
