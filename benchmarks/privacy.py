"""Rigorous brackets of privacy losses, beside public accountants: width, time at equal width, and who falls outside.

    python benchmarks/privacy.py [--json]

Peers (extra ``bench``): dp-accounting, and prv-accountant where it is installed. One BLAS thread, process time.

``bracket_width``: relative width of our bracket of epsilon at q = .01, z = 1.1, T = 1000, delta = 1e-5, both adjacencies.
``speedup_vs_peer``: process time that dp-accounting takes over ours for a bracket (its pessimistic and its optimistic
estimate) that is still wider than ours. ``peer_outside_bracket``: settings, and what a peer says there that contradicts our
bracket: an upper end below our lower one, a lower end above our upper one, or an estimate outside. ``peer_failed``: settings at
which a peer raised, or gave no number.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import logging
import math
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

from gradproof.solvers.privacy_loss import Ends, composition, sampled_epsilon

REFERENCE = (0.01, 1.1, 1000, 1e-5)
#: q, z, T, delta: usual training, little and much noise, tiny delta, and the highlighted run of the forecasting paper
SETTINGS = [
    REFERENCE, (0.1, 1.0, 100, 1e-6), (0.5, 5.0, 50, 1e-5), (0.01, 0.5, 10, 1e-5), (0.02, 2.0, 2000, 1e-12),
    (0.01, 1.1, 1000, 1e-15), (0.2, 0.8, 1, 1e-6), (0.004, 0.7, 2000, 1e-5),
    (10 / 3120, 140.0, 31_200, 1e-7),
]  # fmt: skip


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def ours(q: float, z: float, steps: int, delta: float) -> Ends:
    composition._laws.cache_clear()
    return sampled_epsilon(q, z, steps, delta)


def of_google(q: float, z: float, steps: int, delta: float, spacing: float) -> Ends:
    """dp-accounting: optimistic and pessimistic estimate."""
    from dp_accounting.pld import privacy_loss_distribution as pld

    def at(pessimistic: bool) -> float:
        law = pld.from_gaussian_mechanism(
            z, sampling_prob=q, value_discretization_interval=spacing, pessimistic_estimate=pessimistic,
            use_connect_dots=pessimistic,
        )  # fmt: skip
        return float(law.self_compose(steps).get_epsilon_for_delta(delta))

    return Ends(at(False), at(True))


def of_microsoft(q: float, z: float, steps: int, delta: float, error: float = 0.01) -> tuple[float, float, float]:
    """prv-accountant: lower end, estimate, upper end."""
    from prv_accountant import PoissonSubsampledGaussianMechanism, PRVAccountant

    mechanism = PoissonSubsampledGaussianMechanism(noise_multiplier=z, sampling_probability=q)
    accountant = PRVAccountant(
        prvs=[mechanism], max_self_compositions=[steps], eps_error=error, delta_error=delta / 1000
    )
    low, estimate, high = accountant.compute_epsilon(delta=delta, num_self_compositions=[steps])
    return float(low), float(estimate), float(high)


def outside(truth: Ends, low: float | None, estimate: float | None, high: float | None) -> str:
    """In which way a peer's numbers contradict the bracket; empty where they do not."""
    found = []
    if high is not None and high < truth.low:
        found.append(f"upper end {high:.6g} below {truth.low:.6g}")
    if low is not None and low > truth.high:
        found.append(f"lower end {low:.6g} above {truth.high:.6g}")
    if estimate is not None and not truth.low <= estimate <= truth.high:
        found.append(f"estimate {estimate:.6g} outside [{truth.low:.6g}, {truth.high:.6g}]")
    return "; ".join(found)


def compare() -> dict[str, Any]:
    """Keys ``peer_outside_bracket`` and ``peer_failed``."""
    wrong, failed = [], []
    print(f"{'q, z, T, delta':>36}{'ours: low':>12}{'high':>12}{'s':>7}   peers: low, high (s)")
    for setting in SETTINGS:
        took, truth = seconds(lambda setting=setting: ours(*setting))
        print(f"{setting!s:>36}{truth.low:>12.7g}{truth.high:>12.7g}{took:>7.2f}", end="", flush=True)
        spacing, error = max(min(1e-4, truth.high / 300), 1e-6), max(min(0.01, truth.high / 20), 1e-3)
        peers: list[tuple[str, Callable[[], tuple[float | None, float | None, float | None]]]] = [
            ("dp-accounting", lambda s=setting, w=spacing: (lambda e: (e.low, None, e.high))(of_google(*s, w))),
            ("prv-accountant", lambda s=setting, e=error: of_microsoft(*s, e)),
        ]
        for name, call in peers:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    took, (low, estimate, high) = seconds(call)
            except ImportError:
                continue
            except Exception as error:
                failed.append({"peer": name, "at": setting, "why": f"{type(error).__name__}: {error}"[:120]})
                print(f"   {name}: {type(error).__name__}", end="")
                continue
            if not all(math.isfinite(x) for x in (low, high) if x is not None):
                failed.append({"peer": name, "at": setting, "why": f"[{low}, {high}]"})
            print(f"   {name}: {low:.7g}, {high:.7g} ({took:.1f})", end="", flush=True)
            said = outside(truth, low, estimate, high)
            if said:
                wrong.append({"peer": name, "at": setting, "what": said})
        print()
    return {"peer_outside_bracket": wrong, "peer_failed": failed}


def speed() -> dict[str, Any]:
    """Keys ``bracket_width`` and ``speedup_vs_peer``: the peer's grid is refined to 1e-5, or until its bracket is as narrow."""
    times, truth = [], None
    for _ in range(5):
        took, truth = seconds(lambda: ours(*REFERENCE))
        times.append(took)
    assert truth is not None
    mine = statistics.median(times)
    print(f"ours: [{truth.low:.8f}, {truth.high:.8f}], relative width {truth.width:.2e}, {mine:.2f} s")
    theirs, width = math.nan, math.nan
    for spacing in (1e-4, 1e-5):
        theirs, found = seconds(lambda spacing=spacing: of_google(*REFERENCE, spacing))
        width = found.width
        print(
            f"dp-accounting, grid {spacing:g}: [{found.low:.8f}, {found.high:.8f}], relative width {width:.2e}, "
            f"{theirs:.2f} s"
        )
        if width <= truth.width:
            break
    return {"bracket_width": truth.width, "speedup_vs_peer": theirs / mine, "width_of_peer": width, "seconds": mine}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    out = speed() | compare()
    for entry in [*out["peer_outside_bracket"], *out["peer_failed"]]:
        print(entry)
    if asked.json:
        print(json.dumps(out))


if __name__ == "__main__":
    main()
