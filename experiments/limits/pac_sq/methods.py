"""SGD of tanh networks on parities with clipped and rounded gradients: two pure functions, on any array library."""

from __future__ import annotations

from typing import Any, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.run import Method

Array = Any


class Weights(NamedTuple):
    """Of h tanh units: W (..., h, n), biases c (..., h), output weights a (..., h), in this order in (..., h (n + 2))."""

    w: Array


class Batch(NamedTuple):
    """Inputs (..., k, n), labels (..., k), and the share of the batch that each input has, (..., k), summing to 1."""

    x: Array
    y: Array
    share: Array


def parts(w: Array, h: int, n: int) -> tuple[Array, Array, Array]:
    """W (..., h, n), c (..., h), a (..., h) of all parameters."""
    xp = array_namespace(w)
    return xp.reshape(w[..., : h * n], (*w.shape[:-1], h, n)), w[..., h * n : h * (n + 1)], w[..., h * (n + 1) :]


def predict(w: Array, x: Array, h: int) -> tuple[Array, Array, Array]:
    """f (..., k) at inputs (..., k, n), the hidden units (..., k, h), and the output weights (..., 1, h)."""
    xp = array_namespace(w)
    W, c, a = parts(w, h, x.shape[-1])
    hidden = xp.tanh(xp.matmul(x, xp.matrix_transpose(W)) + c[..., None, :])
    return xp.sum(hidden * a[..., None, :], axis=-1), hidden, a[..., None, :]


def clipped(g: Array) -> Array:
    """Each entry moved to the nearest number of [-1, 1]."""
    xp = array_namespace(g)
    return xp.where(g > 1, xp.ones_like(g), xp.where(g < -1, -xp.ones_like(g), g))


def parity_sgd(h: int, eta: Array, rho: Array | None = None) -> Method:
    """``w+ = w - eta g``, g the mean over a ``Batch`` of the gradients of (f_w(x) - y)^2/2.

    With ``rho`` the coordinates of each example's gradient are clipped to [-1, 1], and those of g go to the nearest multiple of
    rho. Inputs have entries -1 and 1, so that clipping a c-gradient clips the W-gradients of its unit.
    """

    def step(s: Weights, batch: Batch) -> Weights:
        xp = array_namespace(s.w)
        x, y, share = batch
        f, hidden, a = predict(s.w, x, h)
        error = (f - y)[..., None]
        to_a, to_c = error * hidden, error * a * (1 - hidden * hidden)
        if rho is not None:
            to_a, to_c = clipped(to_a), clipped(to_c)
        to_a, to_c = to_a * share[..., None], to_c * share[..., None]
        to_W = xp.matmul(xp.matrix_transpose(to_c), x)
        flat = xp.reshape(to_W, (*to_W.shape[:-2], h * x.shape[-1]))
        g = xp.concat([flat, xp.sum(to_c, axis=-2), xp.sum(to_a, axis=-2)], axis=-1)
        if rho is not None:
            g = rho * xp.round(g / rho)
        return Weights(s.w - eta * g)

    return Method(Weights, step)
