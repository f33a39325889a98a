"""Statevectors against dense matrices, reference values, and what they refuse."""

import numpy as np
import pytest
from scipy.linalg import expm

from gradproof.experiments.engine.backend import backend, to_numpy
from gradproof.solvers.statevector import Circuit, Pauli, encode, inner, rotate
from gradproof.theory.errors import ParameterError

ONE = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}
RNG = np.random.default_rng(0)
CIRCUIT, THETA, PSI = Circuit(("XZI", "YXZ", "IXY", "YIZ")), np.array([0.3, -0.7, 1.1, 0.4]), encode(np.arange(1, 9))


def dense(letters):
    out = np.eye(1)
    for c in letters:
        out = np.kron(out, ONE[c])
    return out


def state(n, *batch):
    return encode(RNG.standard_normal((*batch, 2**n)) + 1j * RNG.standard_normal((*batch, 2**n)))


@pytest.mark.parametrize("letters", ["X", "Y", "Z", "IY", "XYZI", "YYZX", "ZIZI", "IXXY", "IIII"])
def test_strings_and_rotations_are_their_matrices(letters):
    P, v = dense(letters), state(len(letters), 3)
    assert Pauli(letters)(v) == pytest.approx(v @ P.T, abs=1e-15)
    turned = v @ expm(-0.7j * P).T
    assert rotate(Pauli(letters), 0.7, v) == pytest.approx(turned, abs=1e-14)
    assert rotate(Pauli(letters), np.full(3, 0.7), v) == pytest.approx(turned, abs=1e-14)


@pytest.mark.parametrize("name", ["numpy", "array-api-strict"])
def test_the_reference_circuit_on_every_library(name):
    on = backend(name)
    theta, psi = on.move((THETA, PSI))
    with on.scope():
        assert float(CIRCUIT.loss(theta, psi)) == pytest.approx(0.3935897777, abs=1e-10)
        found = to_numpy(CIRCUIT.gradient(theta, psi))
    assert found == pytest.approx([-0.1540532591, -1.013613789, 0.3621743519, 1.4407517509], abs=1e-9)


def test_derivatives_in_three_ways():
    circuit = Circuit(CIRCUIT.gates, (1.0, 0.5, 2.0, 0.3))
    assert np.linalg.norm(CIRCUIT.hessian(THETA, PSI), 2) == pytest.approx(3.923654947, abs=1e-9)
    slopes = [circuit.slope(THETA, PSI, k) for k in range(4)]
    assert circuit.gradient(THETA, PSI) == pytest.approx(slopes, abs=1e-13)
    h = 1e-5 * np.eye(4)
    assert (circuit.loss(THETA + h, PSI) - circuit.loss(THETA - h, PSI)) / 2e-5 == pytest.approx(slopes, abs=1e-8)
    change = (circuit.gradient(THETA + h, PSI) - circuit.gradient(THETA - h, PSI)) / 2e-5
    assert circuit.hessian(THETA, PSI) == pytest.approx(change, abs=1e-8)
    for k in range(4):
        mu, nu = circuit.features(THETA, PSI, k)
        assert inner(nu, mu) == pytest.approx(circuit.loss(THETA, PSI), abs=1e-13)


def test_many_qubits_have_the_same_signs():
    """Above 14 qubits the signs are not kept, but made on the spot."""
    letters = "ZYXIZIXYZZIXYZIY"
    P, short = Pauli(letters), Pauli(letters[:8])
    a, b = state(8), state(8)
    assert P(np.kron(a, b)) == pytest.approx(np.kron(short(a), Pauli(letters[8:])(b)), abs=1e-15)


def test_encoding():
    assert encode([3, 4, 0]) == pytest.approx([0.6, 0.8, 0, 0])
    assert encode(np.ones((2, 5))).shape == (2, 8)
    for bad in ([0.0, 0.0], [1.0], np.zeros((2, 4))):
        with pytest.raises(ParameterError, match="amplitudes"):
            encode(bad)


@pytest.mark.parametrize(
    "make",
    [lambda: Pauli(""), lambda: Pauli("xz"), lambda: Pauli(3), lambda: Circuit(()), lambda: Circuit(("X", "XX")),
     lambda: Circuit(("X",), (1.0, 2.0)), lambda: Circuit(("X",), ("a",)), lambda: Circuit(("X",), (float("nan"),))],
)  # fmt: skip
def test_what_is_no_circuit(make):
    with pytest.raises(ParameterError):
        make()
