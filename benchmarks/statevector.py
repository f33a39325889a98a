"""Statevectors beside PennyLane's compiled simulator: the state that random Pauli rotations make, for value and time.

    python benchmarks/statevector.py [--json] [--large]

One BLAS thread, process time, medians, the two sides interleaved in one process. Both are given the same strings, angles and
complex numbers of 16 bytes; the peer's operations are made outside the timing. Its kernels are C++, ours NumPy. A gradient of all
parameters, by the features, is timed against a forward pass.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml

from gradproof.solvers.statevector import Circuit, encode


def seconds(f: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = f()
    return time.process_time() - start, result


def theirs(gates: tuple[str, ...], theta: np.ndarray, psi: np.ndarray) -> Callable[[], np.ndarray]:
    """The same circuit as a user of PennyLane writes it; its angle is twice ours."""
    n = len(gates[0])
    made = [qml.StatePrep(psi, wires=range(n))]
    for letters, angle in zip(gates, theta, strict=True):
        wires = [i for i, c in enumerate(letters) if c != "I"]
        made.append(qml.PauliRot(2 * angle, letters.replace("I", ""), wires=wires))
    tape, device = qml.tape.QuantumScript(made, [qml.state()]), qml.device("lightning.qubit", wires=n)
    return lambda: np.asarray(device.execute(tape))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--large", action="store_true", help="also 20 qubits (a few seconds)")
    options = parser.parse_args()
    out: dict[str, float] = {}
    print(
        f"{'qubits':>6} {'gates':>6} {'peer s':>10} {'ours s':>10} {'ratio':>7} {'difference':>11} {'gradient/forward':>17}"
    )
    rng = np.random.default_rng(0)
    for n, D, repeats in [(8, 40, 9), (12, 40, 9), (16, 20, 5)] + [(20, 10, 3)] * options.large:
        gates = tuple("".join(rng.choice(list("IXYZ"), n)) for _ in range(D))
        theta, psi = rng.uniform(-np.pi, np.pi, D), encode(rng.standard_normal(2**n))
        circuit, peer = Circuit(gates), theirs(gates, theta, psi)
        circuit.run(theta, psi)  # signs are kept from then on
        slow, quick, backward = [], [], []
        for _ in range(repeats):
            took, state = seconds(peer)
            slow.append(took)
            for _ in range(3):
                took, mine = seconds(lambda c=circuit, t=theta, v=psi: c.run(t, v))
                quick.append(took)
            backward.append(seconds(lambda c=circuit, t=theta, v=psi: c.gradient(t, v))[0])
        a, b, c = (statistics.median(x) for x in (slow, quick, backward))
        difference = float(np.abs(mine - state).max())
        out |= {
            f"speedup_vs_peer_n{n}": a / b,
            f"difference_n{n}": difference,
            f"seconds_n{n}": b,
            f"gradient_over_forward_n{n}": c / b,
        }
        print(f"{n:6} {D:6} {a:10.4g} {b:10.4g} {a / b:7.1f} {difference:11.1e} {c / b:17.1f}")
    if max(v for k, v in out.items() if k.startswith("difference")) > 1e-12:
        raise SystemExit("the two states differ")
    if options.json:
        largest = max(v for k, v in out.items() if k.startswith("difference"))
        print(json.dumps({"speedup_vs_peer": out["speedup_vs_peer_n12"], "difference": largest, **out}))


if __name__ == "__main__":
    main()
