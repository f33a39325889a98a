"""EF21 and its relatives on three small problems, for the agreement of all array libraries."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.experiments.communication.ef21 import methods
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import Method, start
from gradproof.experiments.instances.compressors import RandK, TopK
from gradproof.experiments.instances.finite_sums import Logistic, Problem, Quadratics, sine_least_squares

N, D = 4, 6
TOP = TopK(2)


def _logistic() -> Logistic:
    rng = np.random.default_rng(5)
    return Logistic(rng.standard_normal((N, 12, D)), np.sign(rng.standard_normal((N, 12))), 0.1)


def _quadratics() -> Quadratics:
    h = np.random.default_rng(6).standard_normal((N, D, D))
    return Quadratics(h @ h.transpose(0, 2, 1))


PROBLEMS: dict[str, Callable[[], Problem]]
PROBLEMS = {
    "logistic": _logistic,
    "least squares": lambda: sine_least_squares((1.0, 2.0, 3.0, 10.0), d=D),
    "quadratics": _quadratics,
}
Factory = Callable[[Any, Any], Method]
Draw = Callable[[Draws], Any]
METHODS: dict[str, tuple[Callable[..., Method], Factory, Draw | None]] = {
    "gd": (methods.gd, methods.gd, None),
    "compressed_gd": (methods.compressed_gd, lambda P, g: methods.compressed_gd(P, g, TOP), None),
    "classical_ef": (methods.classical_ef, lambda P, g: methods.classical_ef(P, g, TOP), None),
    "ef21": (methods.ef21, lambda P, g: methods.ef21(P, g, TOP), None),
    "ef21, RandK": (methods.ef21, lambda P, g: methods.ef21(P, g, RandK(2)), lambda d: d.uniform((N, D))),
    "ef21_w": (methods.ef21_w, lambda P, g: methods.ef21_w(P, g, TOP, 0 * P.L_i + 1 / N), None),
    "ef21_sgd": (methods.ef21_sgd, lambda P, g: methods.ef21_sgd(P, g, TOP), lambda d: 0.1 * d.normal((N, D))),
    "ef21_pp": (methods.ef21_pp, lambda P, g: methods.ef21_pp(P, g, TOP, 0.5), lambda d: d.uniform((N,))),
}


def make(on: Backend, problem: Callable[[], Problem], factory: Factory, draw: Draw | None) -> Example:
    """A method on a problem, with two step sizes."""
    P = problem()
    gammas = np.array([0.3, 0.6]) / float(np.max(P.L_i))
    x0 = start(np.linspace(-1, 1, P.d), settings=2, seeds=3)
    return Example(factory(on.move(P), on.asarray(gammas)), x0, draw)


for _on, _problem in PROBLEMS.items():
    for _name, (_shown, _factory, _draw) in METHODS.items():
        example(_shown, name=f"{_name} on {_on}", problem=_problem, factory=_factory, draw=_draw)(make)
