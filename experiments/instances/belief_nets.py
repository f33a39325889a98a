"""Sigmoid belief nets with few binary latents, whose evidence is a sum over all codes; and one trained on digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from gradproof.experiments.instances.data import pixels

LATENTS = 8


@cache
def binary_digits() -> np.ndarray:
    """The 8 x 8 digits of scikit-learn, a pixel is 1 from half of the greatest intensity on; (1797, 64)."""
    return (pixels()[0] >= 0.5).astype(float)


def codes(n: int = LATENTS) -> np.ndarray:
    """All bit strings, (2^n, n); the first bit is the slowest."""
    return ((np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1).astype(float)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@dataclass(frozen=True)
class BeliefNet:
    """z_i ~ flip(sig(prior_i)), pixel_j ~ flip(sig(z W + b)_j); prior (n,), W (n, pixels), b (pixels,)."""

    prior: np.ndarray
    W: np.ndarray
    b: np.ndarray

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(z, x) of all codes, (rows, 2^n) for x (rows, pixels)."""
        z = codes(len(self.prior))
        logits = z @ self.W + self.b
        weight = z @ self.prior - np.logaddexp(0, self.prior).sum()
        return x @ logits.T - np.logaddexp(0, logits).sum(axis=1) + weight


@cache
def trained(rows: int = 100, steps: int = 30) -> BeliefNet:
    """Ascent on the log evidence of the first digits, which enumeration of the codes gives exactly."""
    x, z = binary_digits()[:rows], codes()
    mean = x.mean(axis=0).clip(0.02, 0.98)
    W = np.random.default_rng(0).normal(size=(LATENTS, x.shape[1]))
    net = BeliefNet(np.zeros(LATENTS), W, np.log(mean / (1 - mean)))
    for _ in range(steps):
        post = posterior(net.log_joint(x))
        pull = post.T @ x - post.sum(axis=0)[:, None] * _sigmoid(z @ net.W + net.b)
        lean = post.sum(axis=0) @ (z - _sigmoid(net.prior))
        net = BeliefNet(net.prior + 2 * lean / rows, net.W + 4 * z.T @ pull / rows, net.b + pull.sum(axis=0) / rows)
    return net


def posterior(log_joint: np.ndarray) -> np.ndarray:
    """p(z|x) of all codes, of log p(z, x) along the last axis."""
    share = np.exp(log_joint - log_joint.max(axis=-1, keepdims=True))
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def mean_field(t: np.ndarray) -> np.ndarray:
    """q(z) of all codes for independent latents of logits t, (2^n,)."""
    return np.prod(np.where(codes(len(t)) > 0, _sigmoid(np.asarray(t)), _sigmoid(-np.asarray(t))), axis=1)


def mean_field_gradient(log_joint: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Of the ELBO in the logits: sum of q (log p - log q)(z - sig(t)), (n,)."""
    q = mean_field(t)
    return (q * (log_joint - np.log(q))) @ (codes(len(t)) - _sigmoid(np.asarray(t)))


def guide_of(row: int, shrink: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """log p(z, x) of a digit, (2^n,), and the logits of a guide: those of the posterior's marginals, shrunk."""
    joint = trained().log_joint(binary_digits()[row : row + 1])[0]
    share = (posterior(joint) @ codes()).clip(1e-2, 1 - 1e-2)
    return joint, shrink * np.log(share / (1 - share))
