"""Two time-scale stochastic approximation, Adam with a frozen second moment, a small GAN with two rates; any array library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.run import Method

Array = Any
Fields = Callable[[Array, Array], tuple[Array, Array]]
Schedule = Callable[[Array], Array]


class Players(NamedTuple):
    """The slow player, the fast one, (setting, seed, 1) each, and the number of the step to come."""

    theta: Array
    w: Array
    n: Array


def two_time_scales(fields: Fields, a: Schedule, b: Schedule) -> Method:
    """``theta + a(n) (h + noise)``, ``w + b(n) (g + noise)``, at once, n = 1, 2, ...; ``fields(theta, w)`` is ``(h, g)``.

    The start is (..., 2); ``draw``: the noise, (..., 2).
    """

    def init(x0: Array) -> Players:
        return Players(x0[..., :1], x0[..., 1:], x0[..., :1] * 0 + 1)

    def step(s: Players, draw: Array = None) -> Players:
        h, g = fields(s.theta, s.w)
        h, g = (h, g) if draw is None else (h + draw[..., :1], g + draw[..., 1:])
        return Players(s.theta + a(s.n) * h, s.w + b(s.n) * g, s.n + 1)

    return Method(init, step)


def linear_game(p: Any, q: Any, r: Any, s: Any) -> Fields:
    return lambda theta, w: (p * theta + q * w, r * theta - s * w)


def toy(x: Any, y: Any, height: Any = 100) -> tuple[Any, Any]:
    """Descent in x and ascent in y on ``(1 + x^2)(height - y^2)``."""
    return -2 * x * (height - y * y), -2 * y * (1 + x * x)


def frozen(theta: Any, m: Any, gradient: Callable[[Any], Any], a: Any, r: Any, *, new: bool) -> tuple[Any, Any]:
    """A step of Adam with a frozen second moment; ``new``: theta moves with the new momentum, as Adam does."""
    after = (1 - a * r) * m + a * r * gradient(theta)
    return theta - a * (after if new else m), after


# --- a small GAN -------------------------------------------------------------------------------------------------------


class Gan(NamedTuple):
    """Weights of both networks, (setting, seed, parameters), their two moments, and the number of the step to come."""

    generator: Array
    discriminator: Array
    moments: tuple[Array, Array, Array, Array]
    n: Array


def parameters(inputs: int, hidden: int, outputs: int) -> int:
    return hidden * (inputs + 1) + outputs * (hidden + 1)


def _layers(flat: Array, inputs: int, hidden: int, outputs: int) -> tuple[Array, Array, Array, Array]:
    """Weights as (..., rows, columns), and offsets as (..., 1, columns)."""
    xp, lead, at = array_namespace(flat), flat.shape[:-1], 0
    parts = []
    for rows, columns in ((inputs, hidden), (1, hidden), (hidden, outputs), (1, outputs)):
        parts.append(xp.reshape(flat[..., at : at + rows * columns], (*lead, rows, columns)))
        at += rows * columns
    return parts[0], parts[1], parts[2], parts[3]


def _forward(flat: Array, x: Array, hidden: int, outputs: int) -> tuple[Array, Array]:
    """Outputs (..., batch, outputs) and hidden values of a network with tanh."""
    xp = array_namespace(flat)
    A, a, B, b = _layers(flat, x.shape[-1], hidden, outputs)
    z = xp.tanh(xp.matmul(x, A) + a)
    return xp.matmul(z, B) + b, z


def _backward(flat: Array, x: Array, z: Array, error: Array, hidden: int) -> tuple[Array, Array]:
    """Gradients with respect to the weights, flat, and to x, of a loss with the gradient ``error`` at the outputs."""
    xp, lead = array_namespace(flat), flat.shape[:-1]
    A, _, B, _ = _layers(flat, x.shape[-1], hidden, error.shape[-1])
    inner = xp.matmul(error, xp.matrix_transpose(B)) * (1 - z * z)
    parts = (
        xp.matmul(xp.matrix_transpose(x), inner), xp.sum(inner,
        axis=-2), xp.matmul(xp.matrix_transpose(z), error), xp.sum(error, axis=-2)
    )  # fmt: skip
    return xp.concat([xp.reshape(g, (*lead, -1)) for g in parts], axis=-1), xp.matmul(inner, xp.matrix_transpose(A))


def generated(flat: Array, z: Array, hidden: int, outputs: int) -> Array:
    """Points (..., batch, outputs) of the generator from z (..., batch, latent)."""
    return _forward(flat, z, hidden, outputs)[0]


def small_gan(data: int, latent: int, hidden: int, a: Any, b: Any) -> Method:
    """Adam (0.5, 0.999) with the rates a of the generator and b of the discriminator, one step each at once, logistic losses.

    The start: (..., generator's and discriminator's weights). ``draw``: latent points (..., batch, latent) and data.
    """
    size = parameters(latent, hidden, data)

    def init(x0: Array) -> Gan:
        g, w = x0[..., :size], x0[..., size:]
        return Gan(g, w, (g * 0, g * 0, w * 0, w * 0), x0[..., :1] * 0 + 1)

    def adam(x: Array, m: Array, v: Array, g: Array, rate: Any, n: Array) -> tuple[Array, Array, Array]:
        xp = array_namespace(x)
        m, v = 0.5 * m + 0.5 * g, 0.999 * v + 0.001 * g * g
        return x - rate * (m / (1 - 0.5**n)) / (xp.sqrt(v / (1 - 0.999**n)) + 1e-8), m, v

    def step(s: Gan, draw: tuple[Array, Array]) -> Gan:
        z, real = draw
        xp, count = array_namespace(z), z.shape[-2]
        fake, inside = _forward(s.generator, z, hidden, data)
        of_fake, fake_hidden = _forward(s.discriminator, fake, hidden, 1)
        of_real, real_hidden = _forward(s.discriminator, real, hidden, 1)
        share = 1 / (1 + xp.exp(-of_fake))  # what the discriminator takes for real
        up, _ = _backward(s.discriminator, fake, fake_hidden, share / count, hidden)
        down, _ = _backward(s.discriminator, real, real_hidden, -1 / (1 + xp.exp(of_real)) / count, hidden)
        _, back = _backward(s.discriminator, fake, fake_hidden, (share - 1) / count, hidden)
        slow, _ = _backward(s.generator, z, inside, back, hidden)
        g, m1, v1 = adam(s.generator, s.moments[0], s.moments[1], slow, a, s.n)
        w, m2, v2 = adam(s.discriminator, s.moments[2], s.moments[3], up + down, b, s.n)
        return Gan(g, w, (m1, v1, m2, v2), s.n + 1)

    return Method(init, step)


def ring(batch: int, latent: int) -> Callable[[Draws], tuple[Array, Array]]:
    """What a step of the GAN draws: latent normal numbers, and four normal clusters around (+-1, +-1)."""

    def draw(d: Draws) -> tuple[Array, Array]:
        u = d.uniform((batch, 2), slot=1)
        xp = array_namespace(u)
        centre = xp.where(u < 0.5, xp.ones_like(u), -xp.ones_like(u))
        return d.normal((batch, latent), slot=0), centre + 0.2 * d.normal((batch, 2), slot=2)

    return draw


def rows_of(points: Array, batch: int, latent: int) -> Callable[[Draws], tuple[Array, Array]]:
    """The same for rows of a table (rows, data), each with the same chance."""

    def draw(d: Draws) -> tuple[Array, Array]:
        which = d.integers(points.shape[0], (batch,), slot=1)
        xp = array_namespace(points)
        rows = xp.take(points, xp.reshape(which, (-1,)), axis=0)
        return d.normal((batch, latent), slot=0), xp.reshape(rows, (*which.shape, points.shape[1]))

    return draw
