"""The exact solver asked about users' methods: what it finds is a function in rational numbers, and replays."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from gradproof import experiment, own_claim
from gradproof.experiments.attack.decide import decide
from gradproof.experiments.attack.evidence import attached
from gradproof.experiments.attack.falsify import falsify_claim, replay
from gradproof.experiments.attack.trace import Untraceable, worst_instance
from gradproof.testing import Interpolated, points, smooth_convex, smooth_strongly_convex
from gradproof.theory.errors import ParameterError

P = {"L": "smoothness constant", "N": "number of steps", "R2": "|x0 - x*|^2"}
FILE = """
from gradproof import experiment, own_claim
from gradproof.testing import points, smooth_convex, sqrt
CLAIM = own_claim("traced.file", parameters={"L": "smoothness constant", "N": "number of steps", "R2": "|x0 - x*|^2"},
                  quantity="|f'(x_N)|", bound="0.999*L*sqrt(R2)/(N + 1)")
@experiment(CLAIM, f=lambda L: smooth_convex(L), x0=lambda f: points(f))
def gradient(f, x0, L, N):
    x = x0
    for _ in range(N):
        x = x - f.gradient(x) / L
    g, d = f.gradient(x), x0 - f.minimizer
    return sqrt(g @ g), {"R2": d @ d}
"""


def _claim(name, bound="L*R2/(4*N + 2)", **more):
    return own_claim(f"traced.{name}", parameters=P | more, quantity="f(x_N) - f*", bound=bound)


def _values(name, bound="L*R2/(4*N + 2)"):
    c = _claim(name, bound)

    @experiment(c, f=lambda L: smooth_convex(L), x0=lambda f: points(f))
    def gap(f, x0, L, N):
        x = x0
        for _ in range(N):
            x = x - f.gradient(x) / L
        d = x0 - f.minimizer
        return f(x) - f.minimum, {"R2": d @ d}

    return c, attached(c)[-1]


def test_the_worst_function_attains_the_bound_and_is_checked_exactly():
    c, made = _values("attained")
    at = {"L": 3.0, "N": 3, "f": None, "x0": None}
    from gradproof.experiments.instances.functions import Smooth

    at["f"], at["x0"] = Smooth(np.array([[1.0]]), np.zeros((0, 1)), np.zeros(1)), np.ones(1)
    found = worst_instance(made, c, at, frozenset())
    assert isinstance(found["f"], Interpolated)
    value, known = made.run(found)
    assert value == pytest.approx(3.0 * known["R2"] / 14, rel=1e-5)
    assert not decide(made, c, found).violated  # attained, not exceeded
    d = decide(made, c.with_bound(c.expression * sp.Rational(9999, 10000)), found)
    assert d.violated
    assert d.how == "exact rational arithmetic"


def test_a_false_constant_in_a_file_falls_and_the_program_replays_it(tmp_path):
    path = tmp_path / "own_traced.py"
    path.write_text(FILE)
    from gradproof.experiments.engine.verify import load_file

    (claim,) = load_file(str(path))
    found = falsify_claim(claim, seconds=50, file=str(path))
    assert found.violated
    program = found.save(tmp_path)[1]
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, cwd=Path(path).parent)
    assert done.returncode == 0, done.stderr


def test_what_the_solver_cannot_read_is_left_to_the_search():
    c = _claim("branches", bound="R2")

    @experiment(c, f=lambda L: smooth_strongly_convex(L / 2, L), x0=lambda f: points(f))
    def largest(f, x0, L, N):
        x, best = x0, []
        for _ in range(N):
            best.append(f(x) - f.minimum)
            x = x - f.gradient(x) / L
        return min(best), {"R2": x0 @ x0}

    made = attached(c)[-1]
    at = {"L": 1.0, "N": 2, "f": None, "x0": None}
    with pytest.raises(Untraceable):
        worst_instance(made, c, at | {"f": type("F", (), {"dim": 1})(), "x0": np.ones(1)}, frozenset())
    found = falsify_claim(c, evaluations=200, seconds=20)  # 1/2 L x^2 with L > 2
    assert found.violated
    assert replay(c, found.instance, experiment=found.experiment).violated


def test_data_of_no_member_of_the_class_are_refused():
    def row(*x):
        return tuple(map(Fraction, x))

    good = Interpolated((row(0), row(1)), (row(0), row(1)), (Fraction(0), Fraction(1, 2)), 0.0, 2.0)
    assert good(np.array([1.0])) == 0.5
    assert good.gradient(np.array([1.0])) == 1
    assert good.minimizer == 0
    with pytest.raises(ValueError, match="own points only"):
        good(np.array([0.5]))
    for values, L in (
        ((0, Fraction(1, 5)), 2.0),
        ((0, Fraction(1, 2)), 0.9),
        ((0, 2), 2.0),
        ((1, Fraction(3, 2)), 2.0),
    ):
        with pytest.raises(ParameterError):
            Interpolated((row(0), row(1)), (row(0), row(1)), tuple(map(Fraction, values)), 0.0, L)
