"""SGD on the circuit of three qubits, for the agreement of all array libraries."""

import numpy as np

from gradproof.experiments.engine.backend import Backend
from gradproof.experiments.engine.examples import Example, example
from gradproof.experiments.engine.run import start
from gradproof.experiments.limits.quantum_communication import methods
from gradproof.experiments.limits.quantum_communication.instances import CARD

ETAS = np.array([0.02, 0.0625])[:, None, None]


@example(methods.shot_sgd)
def on_shots(on: Backend) -> Example:
    psi, eta = on.move((CARD.psi, ETAS))
    x0 = start(CARD.theta, settings=2, seeds=3)
    return Example(methods.shot_sgd(CARD.circuit, psi, eta), x0, methods.numbers(4, 20), steps=10)
