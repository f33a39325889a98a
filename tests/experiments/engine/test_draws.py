"""The generator is Philox, and its streams are keyed by content."""

import numpy as np
import pytest

from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws, ahead, keys, philox

# Random123, kat_vectors: philox4x32-10
KNOWN = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0), "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
WORDS = keys("claim", "check", settings=[{"gamma": 0.1}, {"gamma": 0.2}, {"gamma": 0.3}], seeds=(0, 1))


@pytest.mark.parametrize(("counter", "key", "wanted"), KNOWN)
def test_known_answers(counter, key, wanted):
    as_arrays = [tuple(np.array([w]) for w in words) for words in (counter, key)]
    assert " ".join(f"{int(w[0]):08x}" for w in philox(*as_arrays)) == wanted


def test_a_run_keeps_its_numbers_whatever_else_is_in_the_batch():
    alone = keys("claim", "check", settings=[{"gamma": 0.2}], seeds=(1,))
    assert (Draws(alone, 7).uniform((5,))[0, 0] == Draws(WORDS, 7).uniform((5,))[1, 1]).all()


def test_every_part_of_the_key_matters():
    def first(*names, setting=1, seed=0, step=0, slot=0):
        return float(Draws(keys(*names, settings=[setting], seeds=[seed]), step).uniform((1,), slot=slot)[0, 0, 0])

    found = [first("a"), first("b"), first("a", "c"), first("a", setting=2), first("a", seed=1), first("a", step=1),
             first("a", step=2**32), first("a", slot=1)]  # fmt: skip
    assert len(set(found)) == len(found)


def test_shapes():
    assert Draws(WORDS, 0).uniform().shape == (3, 2)
    assert Draws(WORDS, 0).normal((4, 5)).shape == (3, 2, 4, 5)
    assert Draws(WORDS, 0).integers(3, (7,)).dtype == np.int64
    longer, shorter = Draws(WORDS, 0).uniform((6,)), Draws(WORDS, 0).uniform((5,))
    assert (longer[..., :5] == shorter).all()


def test_moments_and_range():
    n = 200_000
    draws = Draws(keys("moments", settings=[0], seeds=[0]), 3)
    u, z, k = draws.uniform((n,))[0, 0], draws.normal((n,), slot=1)[0, 0], draws.integers(7, (n,), slot=2)[0, 0]
    assert u.min() >= 0
    assert u.max() < 1
    # five standard deviations each
    assert abs(u.mean() - 1 / 2) < 5 / np.sqrt(12 * n)
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 5 / np.sqrt(n)
    assert abs(z.mean()) < 5 / np.sqrt(n)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / n)
    assert np.abs(np.bincount(k, minlength=7) - n / 7).max() < 5 * np.sqrt(n / 7)


@pytest.mark.parametrize("name", ["numpy", "torch", "jax", "array-api-strict"])
def test_numbers_made_ahead_are_the_same(on_backend, name):
    on = on_backend(name)
    words = on.asarray(keys("ahead", settings=[0.1, 0.2], seeds=range(3)))
    with on.scope():
        both = ahead(words, lambda d: (d.uniform((3,)), d.integers(7, slot=1)), block=4)
        for t in (0, 3, 4, 9, 2):
            u, k = both(t)
            assert (to_numpy(u) == to_numpy(Draws(words, t).uniform((3,)))).all()
            assert (to_numpy(k) == to_numpy(Draws(words, t).integers(7, slot=1))).all()
