"""Random numbers as data: a stateless function of (names, setting, seed, step), the same bits on every backend.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011) in plain int64 array
arithmetic. A run is a 64-bit key, a step is a counter: any number can be recomputed alone, on any library, whatever
else is in the batch, also inside ``jax.jit``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_jax_array

from gradproof.experiments.engine.backend import map_arrays
from gradproof.experiments.engine.content import canonical

Array = Any

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_WORD = 0xFFFFFFFF


def keys(*names: object, settings: Sequence[object], seeds: Sequence[int]) -> np.ndarray:
    """One key a run: two 32-bit words in an int64 array of shape (settings, seeds, 2).

    Args:
        names: what the stream is for, e.g. claim and check.
        settings: numbers, texts, lists, arrays, dictionaries; equal settings get equal streams, wherever they stand in the batch,
            and whatever library their numbers are of.
        seeds: the user's seeds.
    """
    words = [[_key(*names, setting, int(seed)) for seed in seeds] for setting in settings]
    return np.asarray(words, dtype=np.int64).reshape(len(settings), len(seeds), 2)


def split(key: np.ndarray, n: int) -> np.ndarray:
    """n keys out of one, (..., 2) -> (..., n, 2), for more runs than one would hash: the second word counts on."""
    words = np.repeat(key[..., None, :], n, axis=-2)
    words[..., 1] = (words[..., 1] + np.arange(n)) & _WORD
    return words


def _key(*content: object) -> tuple[int, int]:
    digest = hashlib.sha256(json.dumps(canonical(content), sort_keys=True).encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


@dataclass(frozen=True)
class Draws:
    """The random numbers of one step for a batch of runs.

    Args:
        keys: int64 words, shape (*batch, 2).
        step: number of the step, >= 0; may be traced by JAX.

    Each method returns an array of shape (*batch, *shape). Calls with the same ``slot`` see the same underlying bits:
    give each quantity of a step its own.
    """

    keys: Array
    step: Any

    def uniform(self, shape: tuple[int, ...] = (), *, slot: int = 0) -> Array:
        """float64 in [0, 1), multiples of 2^-53; bit-identical on every backend."""
        xp = array_namespace(self.keys)
        n = math.prod(shape)
        batch = self.keys.shape[:-1]
        index = xp.arange((n + 1) // 2, dtype=xp.int64, device=device(self.keys))
        nothing = xp.zeros((*batch, (n + 1) // 2), dtype=xp.int64, device=device(self.keys))
        step = nothing + self.step
        words = philox((nothing + index, step & _WORD, nothing + slot, step >> 32),
                       (self.keys[..., 0][..., None], self.keys[..., 1][..., None]))  # fmt: skip
        pairs = xp.stack([_double(words[0], words[1]), _double(words[2], words[3])], axis=-1)
        return xp.reshape(xp.reshape(pairs, (*batch, -1))[..., :n], (*batch, *shape))

    def normal(self, shape: tuple[int, ...] = (), *, slot: int = 0) -> Array:
        """Standard normal numbers by Box and Muller; backends agree to a few units in the last place (log, cos)."""
        xp = array_namespace(self.keys)
        u = self.uniform((*shape, 2), slot=slot)
        return xp.sqrt(-2 * xp.log1p(-u[..., 0])) * xp.cos(2 * math.pi * u[..., 1])

    def integers(self, high: int, shape: tuple[int, ...] = (), *, slot: int = 0) -> Array:
        """int64 in {0, ..., high - 1}, each with probability 1/high up to 2^-53; bit-identical on every backend."""
        xp = array_namespace(self.keys)
        return xp.astype(xp.floor(self.uniform(shape, slot=slot) * high), xp.int64)


def ahead(keys: Array, numbers: Callable[[Draws], Any], *, block: int = 256) -> Callable[[Any], Any]:
    """``t -> numbers(Draws(keys, t))``, made for ``block`` steps at once: the same bits, and quicker for small batches.

    Args:
        keys: (setting, seed, 2). numbers: makes arrays with leading axes (setting, seed) from the draws of a step.
    """
    if is_jax_array(keys):  # steps are traced there, and compiled
        return lambda t: numbers(Draws(keys, t))
    xp = array_namespace(keys)
    made: dict[int, Any] = {}

    def draw(t: int) -> Any:
        k = t // block
        if k not in made:
            made.clear()
            steps = k * block + xp.arange(block, dtype=xp.int64, device=device(keys))
            many = xp.broadcast_to(keys[None, ...], (block, *keys.shape))
            made[k] = numbers(Draws(many, xp.reshape(steps, (block, *[1] * (keys.ndim - 1), 1))))
        return map_arrays(lambda a: a[t % block, ...], made[k])

    return draw


def philox(counter: tuple[Array, Array, Array, Array], key: tuple[Array, Array]) -> tuple[Array, Array, Array, Array]:
    """Philox4x32-10 on int64 arrays that hold 32-bit words; arrays broadcast.

    Products of two words wrap around in int64, but the shift and the mask still read their high and low halves.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1 = ((p1 >> 32) & _WORD) ^ c1 ^ k0, p1 & _WORD
        c2, c3 = ((p0 >> 32) & _WORD) ^ c3 ^ k1, p0 & _WORD
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return c0, c1, c2, c3


def _double(a: Array, b: Array) -> Array:
    """53 bits of two words as a float64 in [0, 1)."""
    xp = array_namespace(a)
    return xp.astype((a >> 5) * 2**26 + (b >> 6), xp.float64) * 2.0**-53
