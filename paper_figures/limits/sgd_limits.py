r"""Limits of SGD in high dimension: spiked matrices below and above the threshold, the barrier of cubes, and XOR against the width.

(a), (b) 200 closed chains for k = 2, n = 1500, c = 1 from N(0, I/n), on either side of lambda_c = 1: the median of |m| with a band
from 10 % to 90 %, and the same quantiles by the limits (dashed): Ornstein-Uhlenbeck near m = 0, then the flow; in red r^2, which
stays at c = 1. (c) k = 3: the stable m_* and the saddle m_dagger over lambda, which meet at lambda_c = 16 sqrt(3)/9; ends of chains
(n = 3000, time 1.5) that begin on either side of the saddle. (d) The share of 400 starts from which the flow of the limit learns
XOR with K units (with two standard errors), and P(K); green: the four units of the paper.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"
SIGNALS, N, CHAINS = (0.8, 1.2), 1500, 200
QUANTILES = (0.1, 0.5, 0.9)
WIDTHS = np.arange(4, 13)


def compute(*, budget: str = "quick") -> Any:
    """Numbers of the panels, as one ``xarray.Dataset``; at the other budgets more chains and more starts.

    ``m``, ``m_limit`` (lam, quantile, t): quantiles of |m| of the chains, and by the limits; ``r2`` (lam, t): the mean of r^2.
    ``stable``, ``saddle`` (signal): the fixed points; ``end`` (side, end_signal, chain): where chains end that begin 0.15 above or
    below the saddle (``begin``). ``learned`` (K): share of starts; ``P`` (K): the claim.
    """
    import xarray as xr

    from gradproof.experiments.limits.sgd_limits.measures_networks import by_the_flow
    from gradproof.experiments.limits.sgd_limits.methods import closed_chain
    from gradproof.theory.limits import sgd_limits as paper

    many = 1 if budget == "quick" else 8
    rng = np.random.default_rng(0)
    times = np.linspace(0, 10, 41)
    signal = np.array(SIGNALS)[:, None]
    x = rng.standard_normal((len(SIGNALS), CHAINS * many, N)) / np.sqrt(N)
    m, r2 = x[..., 0], (x[..., 1:] ** 2).sum(-1)
    rows, radii = [np.quantile(abs(m), QUANTILES, axis=1)], [r2.mean(1)]
    for steps in np.diff(np.round(times * N).astype(int)):
        m, r2 = closed_chain(m, r2, N, 2, signal, 1 / N, steps, rng)
        rows.append(np.quantile(abs(m), QUANTILES, axis=1))
        radii.append(r2.mean(1))
    half = np.array([NormalDist().inv_cdf(0.5 + q / 2) for q in QUANTILES])  # of |N(0, 1)|
    limits = []
    for lam in SIGNALS:
        grown = np.exp(8 * (lam - 1) * times)
        linear = half[:, None] ** 2 * (grown + (grown - 1) / (lam - 1)) / N
        limits.append(np.sqrt(linear / (1 + linear * (1 - 1 / grown) / (lam - 1)) if lam > 1 else linear))

    least = float(paper.CRITICAL_SNR.bound(k=3, c=1.0))
    signals = least * np.concatenate([[1.0], 1 + np.geomspace(1e-4, 1.0, 80)])
    rests = [np.roots([1, 0, 2, -lam, 1]) for lam in signals]  # (m^2 + 1)^2 = lam m
    saddle, stable = np.array([[3**-0.5] * 2, *(sorted(r.real[abs(r.imag) < 1e-9]) for r in rests[1:])]).T
    some = np.array([3.4, 4.0, 4.6, 5.2, 5.8])
    sides = np.array([[-0.15], [0.15]])
    begin = np.maximum(sides + np.interp(some, signals, saddle), 0.02)
    start = np.repeat(begin[..., None], 8 * many, axis=-1)
    end, _ = closed_chain(start, np.ones(start.shape), 3000, 3, some[:, None], 1 / 3000, 4500, rng)
    learned = [by_the_flow(4, int(K), 0.05, 1e-6, 400 * many, 70.0, rng).numbers.mean() for K in WIDTHS]
    return xr.Dataset(
        {
            "m": (["t", "quantile", "lam"], rows, {"units": "1"}),
            "m_limit": (["lam", "quantile", "t"], limits, {"units": "1"}),
            "r2": (["t", "lam"], radii, {"units": "1"}),
            "stable": (["signal"], stable, {"units": "1"}),
            "saddle": (["signal"], saddle, {"units": "1"}),
            "begin": (["side", "end_signal"], begin, {"units": "1"}),
            "end": (["side", "end_signal", "chain"], end, {"units": "1"}),
            "learned": (["K"], learned, {"units": "1"}),
            "P": (["K"], [float(paper.XOR_PROBABILITY.bound(K=int(K))) for K in WIDTHS], {"units": "1"}),
        },
        coords={"lam": list(SIGNALS), "quantile": list(QUANTILES), "t": times, "signal": signals, "end_signal": some, "K": WIDTHS},
        attrs={"budget": budget, "starts": 400 * many, "critical": least},
    )  # fmt: skip


def draw(data: Any) -> Any:
    """Four panels from the dataset alone; returns a matplotlib figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.75, 4.6), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    for panel, lam, name in zip(panels, data.lam.values, "ab", strict=False):
        here = data.sel(lam=lam)
        low, middle, high = (here.m.sel(quantile=q) for q in QUANTILES)
        panel.fill_between(data.t, low, high, color=BLUE, alpha=0.25, lw=0)
        panel.plot(data.t, middle, color=BLUE, label=r"$|m|$, chains")
        for q in QUANTILES:
            label = "limits" if q == 0.5 else None
            panel.plot(data.t, here.m_limit.sel(quantile=q), "--", color="black", lw=1, label=label)
        panel.plot(data.t, here.r2, "-.", color=RED, label="$r^2$, mean")
        if lam > 1:
            panel.axhline((lam - 1) ** 0.5, color="grey", ls=":", lw=1)
            panel.annotate("$m_*$", (10, (lam - 1) ** 0.5), (-2, 3), textcoords="offset points", ha="right")
        panel.set(xlabel=r"time $\delta\ell$", ylim=(0, 1.5), title=rf"({name}) $k = 2$, $\lambda = {lam}$")
        panel.legend(loc="upper right", ncols=3, handlelength=1.6, columnspacing=0.8)
    third, fourth = panels[2:]
    third.plot(data.signal, data.stable, color=BLUE, label=r"$m_*$, stable")
    third.plot(data.signal, data.saddle, "--", color=RED, label=r"$m_\dagger$, saddle")
    for side, marker in enumerate("vs"):
        label = ("SGD from below", "SGD from above")[side]
        at = np.broadcast_to(data.end_signal.values[:, None], data.end.shape[1:])
        third.plot(
            at.ravel(),
            data.end.isel(side=side).values.ravel(),
            marker,
            color=(RED, BLUE)[side],
            ms=3,
            mfc="none",
            label=label,
        )
    third.axvline(data.attrs["critical"], color="grey", ls=":", lw=1)
    third.annotate(r"$\lambda_c$", (data.attrs["critical"], 1.9), (3, 0), textcoords="offset points", va="top")
    third.set(xlabel=r"$\lambda$", ylabel="$m$", ylim=(-0.15, 2.5), title="(c) $k = 3$, $c = 1$: the barrier")
    third.legend(loc="upper right", ncols=2, handlelength=1.6, columnspacing=0.8)

    error = 2 * np.sqrt(data.P * (1 - data.P) / data.attrs["starts"])
    colours = [GREEN if K == 4 else "#BBBBBB" for K in data.K.values]
    fourth.bar(data.K, data.P, color=colours, width=0.7, label="$P(K)$")
    fourth.errorbar(
        data.K, data.learned, error, fmt="o", color="black", ms=3, lw=1, capsize=2, label="flow of the limit"
    )
    fourth.set(xlabel="hidden units $K$", ylabel="XOR is learned", ylim=(0, 1.18), title="(d) XOR against the width")
    fourth.set_xticks(data.K)
    fourth.legend(loc="upper left", ncols=2)
    return figure
