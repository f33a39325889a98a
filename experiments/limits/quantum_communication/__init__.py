"""Quantum communication in numbers: statevectors, exact laws of shots and bits, codes, runs, controls."""

from gradproof.experiments.limits.quantum_communication import (
    controls,
    measures_circuits,
    measures_communication,
    measures_runs,
)

__all__ = ["controls", "measures_circuits", "measures_communication", "measures_runs"]
