"""A one-layer transformer on a stream of tokens with Zipf's frequencies, in torch: how far rare tokens lag behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradproof.experiments.adaptive.class_imbalance.methods import zipf
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.theory.errors import GradproofError

Array = Any
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Sizes:
    """Of the vocabulary, the stream and the network.

    Args:
        equal: all tokens equally frequent, in the place of Zipf.
        batch, context: sequences a step, and their length.
        tested: sequences of the fixed sample on which losses are read, every ``every`` steps.
    """

    vocabulary: int = 10_000
    width: int = 128
    context: int = 32
    batch: int = 64
    tested: int = 256
    steps: int = 20_000
    every: int = 20
    equal: bool = False


def stream(rng: np.random.Generator, sizes: Sizes, sequences: int) -> np.ndarray:
    """Tokens, (sequences, context + 1): each repeats the one two places before with chance 1/2, and is drawn anew otherwise.

    Every token then has the frequencies from which it is drawn.
    """
    V = sizes.vocabulary
    law = np.full(V, 1 / V) if sizes.equal else zipf(V)
    tokens = rng.choice(V, (sequences, sizes.context + 1), p=law)
    repeats = rng.random(tokens.shape) < 0.5
    for t in range(2, tokens.shape[1]):
        tokens[:, t] = np.where(repeats[:, t], tokens[:, t - 2], tokens[:, t])
    return tokens


def _start(rng: np.random.Generator, sizes: Sizes) -> list[np.ndarray]:
    """Embeddings of tokens and places, queries, keys and values, and the layer of the logits, which starts at zero."""
    V, d = sizes.vocabulary, sizes.width
    return [
        rng.standard_normal((V, d)), rng.standard_normal((sizes.context, d)),
        *(rng.standard_normal((d, d)) / d**0.5 for _ in range(3)), np.zeros((V, d)),
    ]  # fmt: skip


def _losses(parameters: list[Array], tokens: Array) -> Array:
    """Cross-entropies of the next tokens, (B, context)."""
    import torch
    from torch.nn import functional

    E, places, Q, K, values, out = parameters
    x = E[tokens[:, :-1]] + places
    mixed = functional.scaled_dot_product_attention(x @ Q, x @ K, x @ values, is_causal=True)
    logits = functional.layer_norm(x + mixed, x.shape[-1:]) @ out.T
    return torch.logsumexp(logits, -1) - torch.gather(logits, -1, tokens[:, 1:, None])[..., 0]


def lag(name: Literal["gd", "adam"], sizes: Sizes, *, alpha: float, share: float = 0.55, seed: int = 0) -> float:
    """Mean loss of the rarest tenth of the tokens over that of all, where the latter first is ``share`` of the start, the log of V.

    Args:
        name: SGD (``gd``) or Adam, with the step ``alpha``, on minibatches that are the same for both.

    Raises:
        BackendUnavailable: torch is not installed.
        GradproofError: the mean loss is still greater after all steps.
    """
    on = array_library("torch")
    import torch

    rng = np.random.default_rng(seed)
    parameters = [on.asarray(p).requires_grad_() for p in _start(rng, sizes)]
    tested = stream(rng, sizes, sizes.tested)
    rank = np.sort(tested[:, 1:].ravel())[-tested[:, 1:].size // 10]
    rare, fixed = on.asarray(tested[:, 1:] >= rank), on.asarray(tested)
    m, v = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    mean = np.inf
    for t in range(1, sizes.steps + 1):
        batch = on.asarray(stream(rng, sizes, sizes.batch))
        found = torch.autograd.grad(_losses(parameters, batch).mean(), parameters)
        with torch.no_grad():
            for k, (p, g) in enumerate(zip(parameters, found, strict=True)):
                if name == "gd":
                    p -= alpha * g
                    continue
                m[k] = BETA1 * m[k] + (1 - BETA1) * g
                v[k] = BETA2 * v[k] + (1 - BETA2) * g * g
                p -= alpha * (m[k] / (1 - BETA1**t)) / ((v[k] / (1 - BETA2**t)).sqrt() + EPS)
            if t % sizes.every == 0:
                each = _losses(parameters, fixed)
                mean = float(each.mean())
                if mean <= share * np.log(sizes.vocabulary):
                    return float(each[rare].mean()) / mean
    raise GradproofError(
        f"the mean loss is {mean:.3f} after {sizes.steps} steps, above {share} of the logarithm of the tokens"
    )
