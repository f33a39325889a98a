"""Statevectors: qubits in another order, data of another size."""

from __future__ import annotations

import numpy as np
from moves import Case, Move, about, last_place, units

from gradproof.solvers.statevector import Circuit, Pauli, encode, inner, rotate


def rotations(gates, theta, x):
    circuit, psi = Circuit(tuple(gates)), encode(x)
    v = psi
    for letters, angle in zip(gates, theta, strict=True):
        v = rotate(Pauli(letters), angle, v)
    # some are zero: three more, so that relative widths have a meaning
    found = {
        f"derivative {k}": about(3 + d, circuit.rounding) for k, d in enumerate(circuit.gradient(np.array(theta), psi))
    }
    return found | {
        "loss": about(3 + float(circuit.loss(np.array(theta), psi)), circuit.rounding),
        "the same by its rotations": about(3 + float(inner(v, circuit.observe(v)).real), circuit.rounding),
        "curvature": about(float(np.linalg.norm(circuit.hessian(np.array(theta), psi), 2)), 8 * circuit.rounding),
    }


def reordered(data, rng):
    """All qubits but the first, which is observed."""
    n = len(data["gates"][0])
    order = [0, *(1 + rng.permutation(n - 1))]
    x = np.asarray(data["x"]).reshape((2,) * n).transpose(order).reshape(-1)
    return data | {"gates": ["".join(P[i] for i in order) for P in data["gates"]], "x": x}


STATES = {
    "a circuit of Pauli rotations": Case(
        rotations,
        {
            "gates": ["XZIY", "YXZI", "IXYX", "YIZZ", "ZYXI"],
            "theta": [0.3, -0.7, 1.1, 0.4, 2.0],
            "x": np.arange(1.0, 17.0),
        },
        {"qubits": Move(reordered), "units of x": units({"x": 9}), "last place": last_place("theta", "x")},
    ),
}
