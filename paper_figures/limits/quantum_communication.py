"""Quantum communication: where qubits save an exponential factor, and where they cannot.

(a) Communication for one estimate of the loss to 0.1 with probability 0.95 against the dimension N: qubits (claim qubit-count,
    points: transfers counted in the protocol), and bits of a classical relay of the vector at 32 bits an entry.
(b) Linear classification with error 0.05 against the margin: classical bits that suffice (claim linear-upper), the least number
    that does by the exact law, and qubits that any one-way protocol needs (claim linear-lower). Both slopes are -2.
(c) The error of a majority of 41 bits at margin 1/4 against N: frequencies in runs with four binomial standard errors, the exact
    value, and the bounds by Hoeffding and by Cantelli (claims linear-upper, majority). Nothing depends on N.
"""

from typing import Any

import numpy as np

LAYERS = {2: ("#0072B2", "o"), 8: ("#D55E00", "s")}
MARGIN, BITS, DELTA, EPS = 0.25, 41, 0.05, 0.1


def _least_bits(gamma: float) -> int:
    """The least odd number of bits whose majority errs at most DELTA of the time."""
    from scipy.stats import binom

    p = 0.5 + np.arcsin(gamma) / np.pi
    m = np.arange(1, int(np.pi**2 * np.log(1 / DELTA) / (2 * np.arcsin(gamma) ** 2)) + 3, 2)
    return int(m[np.argmax(binom.cdf(m // 2, m, p) <= DELTA)])


def compute(*, budget: str = "quick", seed: int = 0) -> Any:
    """Numbers of the three panels, as one ``xarray.Dataset``.

    ``qubits``, ``relay`` (L, n): N = 2^n; ``counted`` (L, n_counted). ``upper``, ``least``, ``lower`` (gamma). ``error``,
    ``error_band`` (N): frequency of wrong majorities and four standard errors; ``exact``, ``hoeffding``, ``cantelli``.
    """
    import xarray as xr

    from gradproof.experiments.limits.quantum_communication import instances, measures_communication, measures_runs
    from gradproof.theory.limits import quantum_communication as paper

    rng, runs = np.random.default_rng(seed), 400 if budget == "quick" else 4000
    n, counted, layers, M = np.arange(4, 31), np.arange(4, 31, 4), list(LAYERS), instances.hoeffding(EPS, DELTA)
    gammas = np.geomspace(0.01, 0.7, 25)
    N = [4, 16, 64, 256, 1024]
    error = np.array([
        (2 * measures_runs.agreements(*measures_runs.pair(size, MARGIN), BITS, runs, rng).sum(axis=1) <= BITS).mean()
        for size in N
    ])  # fmt: skip
    a = float(np.arcsin(MARGIN) / np.pi)
    exact = float(instances.majority_error(instances.Fraction(1, 4), BITS))
    return xr.Dataset(
        {
            "qubits": (("L", "n"), [[float(paper.QUBIT_COUNT.bound(L=L, n=int(k), M=M)) for k in n] for L in layers]),
            "relay": (("L", "n"), [[32.0 * 2**k * 2 * L for k in n] for L in layers]),
            "counted": (
                ("L", "n_counted"),
                [[measures_communication.qubits(L, int(k), M) for k in counted] for L in layers],
            ),
            "upper": ("gamma", [np.ceil(np.pi**2 * np.log(1 / DELTA) / (2 * np.arcsin(g) ** 2)) for g in gammas]),
            "least": ("gamma", [_least_bits(g) for g in gammas]),
            "lower": ("gamma", [float(paper.LINEAR_LOWER.bound(delta=DELTA, gamma=g)) for g in gammas]),
            "error": ("N", error),
            "error_band": ("N", np.full(len(N), 4 * np.sqrt(exact * (1 - exact) / runs))),
            "exact": exact,
            "hoeffding": float(paper.LINEAR_UPPER.bound(rho=MARGIN, gamma=MARGIN, m=BITS)),
            "cantelli": float(paper.MAJORITY.bound(a=a, m=BITS)),
        },
        coords={"L": layers, "n": n, "n_counted": counted, "gamma": gammas, "N": N},
        attrs={"source": paper.PAPER.citation, "shots": M},
    )


def draw(data: Any) -> Any:
    """Three panels at a paper's text width."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(6.8, 2.7))
    left, middle, right = figure.subplots(1, 3)
    for L, (colour, mark) in LAYERS.items():
        at = data.sel(L=L)
        left.semilogy(at.n, at.qubits, color=colour, label=f"qubits, $L = {L}$")
        left.semilogy(at.n_counted, at.counted, mark, color=colour, ms=3.5)
        left.semilogy(at.n, at.relay, "--", color=colour, label=f"relay, $L = {L}$")
    left.set(
        xlabel=r"$n = \log_2 N$", ylabel="qubits, or bits", title="(a) one estimate of the loss", ylim=(None, 3e15)
    )
    left.legend(loc="upper left", ncols=1)
    middle.loglog(data.gamma, data.upper, color="#0072B2", label="bits that suffice")
    middle.loglog(data.gamma, data.least, "o", color="#0072B2", ms=2.5, label="least bits, exactly")
    middle.loglog(data.gamma, data.lower, "--", color="#D55E00", label="qubits needed")
    middle.set(xlabel=r"margin $\gamma$", title="(b) linear classification", ylim=(None, 4e6))
    middle.xaxis.set_minor_formatter(NullFormatter())
    middle.legend(loc="upper right")
    right.errorbar(data.N, data.error, data.error_band, fmt="o", color="#0072B2", ms=3, capsize=2, label="runs")
    for name, line, colour in (("exact", "-", "#000000"), ("hoeffding", "--", "#D55E00"), ("cantelli", ":", "#009E73")):
        label = {"exact": "exact", "hoeffding": "Hoeffding", "cantelli": "Cantelli"}[name]
        right.axhline(float(data[name]), ls=line, color=colour, label=label)
    top = 1.9 * float(data.hoeffding)
    right.set(xlabel="dimension $N$", title="(c) error of 41 bits", xscale="log", ylim=(0, top))
    right.legend(loc="upper right", ncols=2)
    return figure
