"""Do the statistical tests keep the error rates that they state, and what violation do they see?

Simulates ledgers in which every claim holds with equality (the hardest case) under laws from bounded to infinite variance,
and ledgers in which the mean exceeds its bound by 5%. Prints tables; with ``--json`` also one JSON object on the last line.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.experiments.engine.eprocess import e_process, stopped
from gradproof.experiments.engine.statistics import confidence_sequence, e_bh, rate_exponent

Rng = np.random.Generator
CHECKS, OBSERVATIONS = 10, 100  # of a ledger
LEVEL = 0.05


def _dependent(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Mean 1 given the past, but after a large observation the next ones are rare and huge."""
    mild, wild = rng.exponential(size=shape), np.where(rng.random(shape) < 0.02, 50.0, 0.0)
    x = mild.copy()
    for i in range(1, shape[-1]):
        x[..., i] = np.where(x[..., i - 1] > 1, wild[..., i], mild[..., i])
    return x


#: nonnegative laws of mean 1
LAWS: dict[str, Callable[[Rng, tuple[int, ...]], np.ndarray]] = {
    "uniform on [0, 2]": lambda rng, shape: 2 * rng.random(shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "20 with probability 1/20": lambda rng, shape: np.where(rng.random(shape) < 0.05, 20.0, 0.0),
    "log-normal, sigma 1.5": lambda rng, shape: np.exp(1.5 * rng.standard_normal(shape) - 1.125),
    "Pareto, exponent 2.5": lambda rng, shape: 0.6 * (1 + rng.pareto(2.5, shape)),
    "Pareto, exponent 1.5 (no variance)": lambda rng, shape: (1 + rng.pareto(1.5, shape)) / 3,
    "dependent on the past": _dependent,
}


def false_alarms(law: str, *, ledgers: int = 10_000, seed: int = 0, block: int = 1000) -> dict[str, float]:
    """Rates under E[X] = bound: of single checks at two levels, and of whole ledgers by e-BH and by the mean e-value."""
    rng = np.random.default_rng([seed, list(LAWS).index(law)])
    single_5, single_1, by_e_bh, by_mean, done = 0, 0, 0, 0, 0
    while done < ledgers:
        size = min(block, ledgers - done)
        W = e_process(LAWS[law](rng, (size, CHECKS, OBSERVATIONS)), 1.0)
        single_5 += int((W.max(axis=-1) >= 1 / 0.05).sum())
        single_1 += int((W.max(axis=-1) >= 1 / 0.01).sum())
        e = stopped(W, LEVEL / CHECKS)
        by_e_bh += sum(bool(e_bh(row, level=LEVEL)) for row in e)
        by_mean += int((e.mean(axis=-1) >= 1 / LEVEL).sum())
        done += size
    checks = ledgers * CHECKS
    return {"check_0.05": single_5 / checks, "check_0.01": single_1 / checks,
            "ledger_e_bh_0.05": by_e_bh / ledgers, "ledger_mean_0.05": by_mean / ledgers}  # fmt: skip


def power(law: str, n: int, *, excess: float = 0.05, level: float = 1e-6, runs: int = 100, seed: int = 0) -> float:
    """Share of runs of n observations with E[X] = (1 + excess) bound that refute at ``level``."""
    rng = np.random.default_rng([seed, 1, list(LAWS).index(law)])
    return (
        sum(float(e_process(LAWS[law](rng, (n,)) * (1 + excess), 1.0).max()) >= 1 / level for _ in range(runs)) / runs
    )


def miscoverage(a: float, b: float, *, level: float = LEVEL, runs: int = 1000, n: int = 200, seed: int = 0) -> float:
    """How often the betting confidence sequence of a Beta(a, b) quantity ever loses its mean."""
    rng = np.random.default_rng([seed, 2])
    missed = 0
    for _ in range(runs):
        low, high = confidence_sequence(rng.beta(a, b, n), level=level, grid=101)
        missed += bool(((low > a / (a + b)) | (high < a / (a + b))).any())
    return missed / runs


def rate_miss(exponent: float, *, level: float = LEVEL, runs: int = 1000, replicates: int = 10, seed: int = 0) -> float:
    """How often the interval for the slope of t^exponent with log-normal noise (correlated in t) misses it."""
    rng = np.random.default_rng([seed, 3])
    t = np.geomspace(1, 1e4, 60)
    missed = 0
    for _ in range(runs):
        walk = np.cumsum(rng.standard_normal((replicates, len(t))), axis=1) * 0.1
        fit = rate_exponent(t, t**exponent * np.exp(walk), level=level)
        missed += not fit.low <= exponent <= fit.high
    return missed / runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ledgers", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100, help="for power")
    args = parser.parse_args()
    out: dict[str, Any] = {"ledgers": args.ledgers, "false_alarms": {}, "power_5_percent": {}}
    print(
        f"False alarms when every mean equals its bound: {args.ledgers} ledgers of {CHECKS} checks, {OBSERVATIONS} observations"
    )
    print(f"{'law':36s} {'check, 0.05':>12s} {'check, 0.01':>12s} {'e-BH, 0.05':>12s} {'mean, 0.05':>12s}")
    for law in LAWS:
        rates = out["false_alarms"][law] = false_alarms(law, ledgers=args.ledgers)
        print(f"{law:36s} " + " ".join(f"{r:12.5f}" for r in rates.values()), flush=True)
    sizes = (1_000, 10_000, 100_000)
    print(f"\nShare of {args.runs} runs that refute at 1e-6 when the mean is 5% above its bound")
    print(f"{'law':36s} " + " ".join(f"{f'n = {n}':>12s}" for n in sizes))
    for law in LAWS:
        shares = out["power_5_percent"][law] = {str(n): power(law, n, runs=args.runs) for n in sizes}
        print(f"{law:36s} " + " ".join(f"{s:12.2f}" for s in shares.values()), flush=True)
    out["miscoverage_betting_0.05"] = {f"Beta({a}, {b})": miscoverage(a, b) for a, b in ((1, 1), (0.2, 1.8), (10, 30))}
    out["rate_interval_misses_0.05"] = {str(p): rate_miss(p) for p in (-1.0, -0.5)}
    print(f"\nBetting confidence sequences at 0.05 that ever lose the mean: {out['miscoverage_betting_0.05']}")
    print(f"Rate intervals at 0.05 that miss the exponent: {out['rate_interval_misses_0.05']}")
    if args.json:
        print(json.dumps(out))


if __name__ == "__main__":
    main()
