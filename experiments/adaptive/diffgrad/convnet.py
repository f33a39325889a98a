"""Convolutional networks on handwritten digits in torch, trained as the public implementations do: with one buffer of gradients.

Torch adds each gradient into the memory of the one before. An optimiser that keeps that memory in the place of a copy compares
the gradient with itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradproof.experiments.adaptive.diffgrad.instances import ADAM, BATCH
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.instances.data import pixels

Array = Any
Kept = Literal["copy", "reference", "half of adam"]


@dataclass(frozen=True)
class Ends:
    """Test losses in nats, (seed,), lengths of the last step over alpha, and of Adam's from the same state, (seed, P)."""

    test_loss: np.ndarray
    step: np.ndarray
    adam: np.ndarray


def shapes(channels: int) -> tuple[tuple[int, ...], ...]:
    """Two 3 x 3 convolutions, the second with stride 2, and a linear layer, each with its bias."""
    c = channels
    return (c, 1, 3, 3), (c,), (2 * c, c, 3, 3), (2 * c,), (10, 32 * c), (10,)


def _start(rng: np.random.Generator, channels: int, seeds: int) -> np.ndarray:
    """He's scaling, biases zero, (seed, P)."""
    drawn = [
        rng.standard_normal((seeds, int(np.prod(s)))) * ((2 / np.prod(s[1:])) ** 0.5 if len(s) > 1 else 0.0)
        for s in shapes(channels)
    ]
    return np.concatenate(drawn, axis=-1)


def _loss(x: Array, X: Array, y: Array, channels: int) -> Array:
    """Mean cross-entropy of one network with the parameters x (P,) on rows X (B, 1, 8, 8)."""
    import torch
    from torch.nn import functional

    sizes = [int(np.prod(s)) for s in shapes(channels)]
    K1, b1, K2, b2, A, b = (p.reshape(s) for p, s in zip(torch.split(x, sizes), shapes(channels), strict=True))
    hidden = functional.conv2d(X, K1, b1, padding=1).relu()
    hidden = functional.conv2d(hidden, K2, b2, padding=1, stride=2).relu()
    logits = hidden.flatten(1) @ A.T + b
    return (logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]).mean()


def train(
    kept: Kept, *, seed: int = 0, seeds: int = 20, channels: int = 8, steps: int = 600, alpha: float = 0.005
) -> Ends:
    """Networks, one a seed, with minibatches of 32; all three ways of keeping the gradient start alike and see the same rows.

    Args:
        kept: the previous gradient as a copy (diffGrad), by reference (its first implementation), or not at all (Adam, alpha/2).

    Raises:
        BackendUnavailable: torch is not installed.
    """
    on = array_library("torch")
    import torch

    X, y = pixels()
    test, images = np.arange(len(y)) % 3 == 2, X.reshape(-1, 1, 8, 8)
    train_X, train_y, test_X, test_y = map(on.asarray, (images[~test], y[~test], images[test], y[test]))
    rng = np.random.default_rng(seed)
    x = on.asarray(_start(rng, channels, seeds)).requires_grad_()
    rows = on.asarray(rng.integers(0, int((~test).sum()), (steps, seeds, BATCH)))
    losses = torch.func.vmap(lambda w, A, b: _loss(w, A, b, channels))
    m, v, previous = torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x)
    beta1, beta2, eps = (ADAM[name] for name in ("beta1", "beta2", "eps"))
    step = adam = m
    for t in range(1, steps + 1):
        if x.grad is not None:
            x.grad.zero_()  # in place: the memory stays
        losses(x, train_X[rows[t - 1]], train_y[rows[t - 1]]).sum().backward()
        with torch.no_grad():
            g = x.grad
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
            adam = m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)
            step = (0.5 if kept == "half of adam" else torch.sigmoid((previous - g).abs())) * adam
            previous = g if kept == "reference" else g.clone()
            x -= alpha * step
    with torch.no_grad():
        test_loss = [float(_loss(w, test_X, test_y, channels)) for w in x]
    return Ends(np.array(test_loss), np.abs(to_numpy(step)), np.abs(to_numpy(adam)))
