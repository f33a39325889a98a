"""SGD with robust rules under attack on small problems, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.communication.krum import methods
from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.instances.attacks import ATTACKS
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.experiments.instances.minibatches import PooledMinibatches
from gradproof.solvers.order_statistics import krum, median

N, F, D, B = 9, 2, 4, 3
RULES = {"krum": krum, "multi-krum": methods.multi_krum, "median": median}


def make(on: Backend, attack: str, rule: str) -> Example:
    """A rule under an attack."""
    rng = np.random.default_rng(7)
    rows = PooledMinibatches(Logistic(rng.standard_normal((1, 20, D)), np.sign(rng.standard_normal((1, 20)))), B)
    rows, gamma = on.move((rows, np.array([0.1, 0.3])[:, None, None]))
    method = methods.robust_sgd(rows, gamma, F, ATTACKS[attack], RULES[rule])
    x0 = start(np.linspace(-1, 1, D), settings=2, seeds=3)
    return Example(method, x0, lambda d: (d.uniform((N - F, B)), d.normal((F, D), slot=1)))


for _attack, _rule in (*((a, "krum") for a in ATTACKS), ("reversed", "multi-krum"), ("reversed", "median")):
    example(methods.robust_sgd, name=f"{_rule} against {_attack}", attack=_attack, rule=_rule)(make)
