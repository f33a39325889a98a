"""Checks of mirror-descent: every claim is held, every control is caught, false variants are not let through."""

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.adaptive.mirror_descent import measures_runs, methods
from gradproof.experiments.adaptive.mirror_descent.instances import Paths, harmonic, interval, signs, simplex
from gradproof.experiments.engine.draws import keys
from gradproof.experiments.engine.run import run
from gradproof.theory import registry
from gradproof.theory.adaptive import mirror_descent as paper

CLAIMS = registry.claims(paper.PAPER.key)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


E = {c.id.split(".")[1]: c.expression for c in CLAIMS}
S = {s.name: s for c in CLAIMS for s in c.expression.free_symbols if c is not paper.VC_MODULUS}
K, V, A, B, F1, s, c = (S[name] for name in ("K", "V", "A_n", "B_n", "F1", "s", "c"))
r, m = paper.VC_MODULUS.parameter("r").symbol, paper.VC_MODULUS.parameter("m").symbol
#: a constant, an exponent, and what an assumption gives: three false variants of each claim
FALSE = {
    "fenchel-lower": [E["fenchel-lower"] * sp.Rational(101, 100), E["fenchel-lower"] ** 2, E["fenchel-lower"] * K],
    "fenchel-step": [E["fenchel-step"] * sp.Rational(99, 100), E["fenchel-step"] ** 2, E["fenchel-step"] / K],
    "entropy-step": [E["entropy-step"] * sp.Rational(99, 100), E["entropy-step"] ** 2, sp.Rational(1, 8)],
    "ergodic": [E["ergodic"] - V**2 * B / (4 * K), E["ergodic"].subs(V, sp.sqrt(V)), E["ergodic"] - F1],
    "best-iterate": [E["best-iterate"] * sp.Rational(99, 100), E["best-iterate"] ** 2, E["best-iterate"] - F1 / A],
    "ergodic-average": [E["ergodic-average"] * sp.Rational(99, 100), E["ergodic-average"] / A, E["ergodic-average"] - F1 / A],
    "accounts": [E["accounts"] * sp.Rational(101, 100), E["accounts"] ** 2, sp.Integer(0)],
    "maximal": [E["maximal"] * sp.Rational(99, 100), E["maximal"] ** 2, sp.Integer(0)],
    "almost-sure": [sp.Rational(1, 1000), sp.Rational(1, 10) ** 3, sp.Integer(0)],
    "normal-cone-exact": [sp.Rational(99, 100), sp.Integer(2), sp.Integer(0)],
    "finite-time-moments": [E["finite-time-moments"] * sp.Rational(99, 100), E["finite-time-moments"] ** 2, sp.Integer(0)],
    "finite-time-line": [E["finite-time-line"] ** 2, E["finite-time-line"].subs(s, s**2), E["finite-time-line"].subs(c, 2 * c)],
    "finite-time-simplex": [E["finite-time-simplex"] / 3, E["finite-time-simplex"].subs(s, s / 2), sp.Integer(0)],
    "finite-time": [E["finite-time"] / 30, E["finite-time"] / 100, sp.Integer(0)],
    "noiseless-euclid": [E["noiseless-euclid"] * sp.Rational(101, 100), E["noiseless-euclid"] ** 2, sp.Integer(1)],
    "noiseless-entropy": [E["noiseless-entropy"] * sp.Rational(101, 100), E["noiseless-entropy"] ** 2, sp.Integer(1)],
    "vc-modulus": [E["vc-modulus"] * sp.Rational(101, 100), m * r / 3, m / 3],
    "vc-angular": [sp.Rational(103616, 10**5), E["vc-angular"] * 2, sp.Integer(2)],
    "constant-step": [E["constant-step"] * sp.Rational(101, 100), E["constant-step"] ** 2, sp.Integer(0)],
    "summable-steps": [E["summable-steps"] * sp.Rational(101, 100), E["summable-steps"] ** 2, sp.Integer(0)],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted(name, refuted):
    claim = registry.claim(f"mirror-descent.{name}")
    for wrong in FALSE[name]:
        assert refuted(claim, wrong), wrong


def test_every_claim_has_false_variants():
    assert set(FALSE) == set(E)


def test_all_paths_of_the_line():
    """153 paths in floats: two of the three that end at 0 exactly come out above it."""
    p = Paths(lambda x: F(1), interval, F(1), harmonic(12), signs(F(1)))
    assert float(p.weighted()) == pytest.approx(1.432753138, abs=5e-10)
    assert p.end(lambda y: y > 0) == F(151, 4096)
    assert p.end(lambda y: y == 0) == F(3, 4096)
    at = {"A_n": sum(p.alphas), "B_n": p.squares()}
    assert paper.ERGODIC.bound(F1=F(1, 2), K=1, V=sp.sqrt(2), B_n=at["B_n"]) == pytest.approx(2.064976638, abs=5e-10)
    assert float(paper.FINITE_LINE.bound(c=1, s=1, Y1=1, **at)) == pytest.approx(0.2433442101, abs=5e-11)


def test_noiseless_programs():
    alpha = np.arange(1, 101) ** -0.75
    A = np.concatenate([[0.0], np.cumsum(alpha)])  # A_{n-1} for n = 1, 2, ...
    found = [bool(simplex([0, F(-a) / 2])[0] == 1) for a in A[:6]]
    assert found.index(True) + 1 == 4
    out = measures_runs.program_runs(
        lambda **k: keys("test", settings=k["settings"], seeds=range(k["seeds"])), "numpy", measures_runs.COSTS, 0.0, 100, 1,
        [100], methods.softmax,
    )  # fmt: skip
    assert out.x.values[0, 0, 0] == pytest.approx(0.9900661723, abs=5e-11)
    exact = paper.NOISELESS_ENTROPY.bound(gaps=measures_runs.COSTS[1:], A=float(A[100]))
    assert float(exact) == pytest.approx(0.9900661723, abs=5e-11)


def test_the_example_is_not_quasi_convex():
    def g(radius, angle):
        return (3 + np.sin(5 * angle) + np.cos(3 * angle)) * radius**2 * (5 / 3 - radius)

    t = np.deg2rad(np.arange(0, 360, 2))
    a, b = np.meshgrid(t, t)
    z = 0.45 * (np.exp(1j * a) + np.exp(1j * b))
    rise = g(np.abs(z), np.angle(z)) - np.maximum(g(0.9, a), g(0.9, b))
    assert rise.max() == pytest.approx(1.342139687, abs=5e-10)


def test_the_gradient_of_the_example():
    x, h = np.array([[0.3, -0.5], [0.0, 0.0], [-0.9, 0.1]]), 1e-6

    def g(x):
        r, t = np.hypot(x[..., 0], x[..., 1]), np.arctan2(x[..., 1], x[..., 0])
        return (3 + np.sin(5 * t) + np.cos(3 * t)) * r**2 * (5 / 3 - r)

    steps = [(g(x + h * e) - g(x - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(methods.polar(x), np.stack(steps, -1), atol=1e-5)


def test_float_and_rational_projections_agree():
    y = np.random.default_rng(0).normal(size=(20, 5)) * 2
    exact = [[float(v) for v in simplex([F(float(a)) for a in row])] for row in y]
    np.testing.assert_allclose(methods.projection_simplex(y), exact, atol=1e-14)


@pytest.mark.slow
def test_the_gpu_run_in_small(monkeypatch):
    monkeypatch.setitem(measures_runs.SIZES, "gpu", (50, 30, 20))
    make = lambda **k: keys("test", settings=k["settings"], seeds=range(k["seeds"]))  # noqa: E731
    for value, at in measures_runs.off_the_vertex(0.25, make, "numpy", "gpu"):
        assert len(at["gaps"]) == 49
        assert len(value.numbers) == 20


def test_runs_take_the_steps_of_the_method():
    method = methods.mirror_descent(methods.projection_ball, methods.polar, 0.3, 0.75, np.zeros(2))
    y = np.array([[[0.6, -0.4]]])
    out = run(method, y, 2, record={"y": lambda s: s.y, "gaps": lambda s: s.gaps[..., 0]})
    gap = 0.0
    for n in (1, 2):
        x, alpha = y / max(1, np.linalg.norm(y)), 0.3 * n**-0.75
        gap += alpha * float((methods.polar(x) * x).sum())
        y = y - alpha * methods.polar(x)
    np.testing.assert_allclose(out.y.values[0, 0, 2], y[0, 0], atol=1e-15)
    assert float(out.gaps[0, 0, 2]) == pytest.approx(gap, abs=1e-15)
