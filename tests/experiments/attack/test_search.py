"""How the search goes about: structures in their turn, what it reports, what a check says where everything is attained."""

import numpy as np
import pytest

from gradproof import experiment, own_claim
from gradproof.experiments.attack.evidence import as_evidence, attached
from gradproof.experiments.attack.falsify import falsify_claim
from gradproof.experiments.engine.check import Context
from gradproof.testing import mixing_matrices, points, smooth_nonconvex
from gradproof.theory.evidence import Measurement


@pytest.fixture(scope="module")
def best_gradient():
    """Two steps' best gradient: 4/5 L D is attained (nonconvex); 2/3 is the convex optimum, where a search may rest."""
    c = own_claim(
        "inline.best-gradient",
        parameters={"L": "smoothness", "D": "f(x0) - f_*"},
        quantity="min |grad|^2",
        bound="2*L*D/3",
    )

    @experiment(c, f=lambda L: smooth_nonconvex(L), x0=lambda f: points(f))
    def measure(f, x0, L):
        x = x0 - f.gradient(x0) / L
        return min(g @ g for g in (f.gradient(x0), f.gradient(x))), {"D": f(x0) - f.minimum}

    return c


def test_a_search_leaves_the_valley_that_the_best_instances_share(best_gradient):
    # 7 of 8 seeds find it (4 of 8 where only the best are ascended from); at 4 of 5, five misses in six are bad luck of 1 in 600
    found = [falsify_claim(best_gradient, seed=seed, evaluations=8000, seconds=60) for seed in range(6)]
    assert sum(f.violated for f in found) >= 2
    for f in found:  # no convex function does it
        assert not f.violated or min(f.instance["f"].slopes.ravel()) < 0


def test_the_ratio_of_a_mean_is_that_of_the_samples_that_decided():
    c = own_claim("inline.ratio-of-a-mean", parameters={"p": "scale"}, quantity="E", bound="p/2")

    @experiment(c)
    def mean(p, rng):
        return p * float(rng.exponential())  # mean p

    found = falsify_claim(c, evaluations=100)
    assert found.violated, found
    assert found.ratio == pytest.approx(float(found.measurement.measured) / float(found.measurement.bound))


def test_long_vectors_become_simple():
    c = own_claim(
        "inline.long",
        parameters={"d": "number of coordinates", "X2": "|x|^2"},
        quantity="|x|_1^2",
        bound="sqrt(d)*X2",
    )

    @experiment(c, x=lambda d: points(dim=d))
    def one_norm(x):
        return sum(abs(x)) ** 2, {"X2": x @ x}

    found = [falsify_claim(c, seed=seed) for seed in range(10)]
    assert all(f.violated for f in found)
    assert max(len(f.instance["x"]) for f in found) <= 8  # coordinate by coordinate: 16


@pytest.mark.parametrize(("bound", "outcome"), [("D2", "holds"), ("D2/2", "violated")])
def test_a_measure_on_floats_that_is_attained_everywhere_near_is_measured_elsewhere(bound, outcome):
    c = own_claim(
        f"inline.gossip-{outcome}",
        parameters={"D2": "rho^2 |x - mean|^2"},
        quantity="|W x - mean|^2",
        bound=bound,
    )

    @experiment(c, W=mixing_matrices(), x=lambda W: points(dim=len(W)))
    def distance(W, x):
        values = np.linalg.eigvalsh(np.array(W, dtype=float))
        y, d = W @ x - sum(x) / len(x), x - sum(x) / len(x)
        return y @ y, {"D2": max(abs(values[0]), abs(values[-2])) ** 2 * (d @ d)}

    (made,) = attached(c)
    evidence = list(as_evidence(made, Context(c)))
    assert evidence
    for m in evidence:
        assert isinstance(m, Measurement), m
        assert (float(m.measured) - m.error > float(m.bound)) == (outcome == "violated")
