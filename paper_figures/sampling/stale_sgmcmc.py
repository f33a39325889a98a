"""Stale gradients: bias and variance of averages against their length, and the bias against the staleness."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.gaussian import Delay, critical

SHOWN = (0, 2, 5, 10)
H_LEFT, H_RIGHT = 0.02, 0.05


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Exact, lam = 1, phi = x^2, stationary start. Left: h = 0.02; right: h = 0.05 up to the last stable staleness."""
    lengths = np.unique(np.geomspace(30, 10**5, 18 if budget == "quick" else 40).round().astype(int))
    variance, bias = [], []
    for tau in SHOWN:
        law = Delay(1.0, H_LEFT, tau)
        c = 2 * np.array(law.autocovariances(int(lengths[-1]))) ** 2  # Isserlis
        k = np.arange(len(c))
        head, moment = np.cumsum(c[1:]), np.cumsum(k[1:] * c[1:])
        variance.append([(c[0] + 2 * head[L - 2] - 2 * moment[L - 2] / L) / L for L in lengths])
        bias.append((law.variance - 1) ** 2)
    last = int((np.pi / H_RIGHT - 1) / 2) + 1
    stable = [t for t in range(last + 2) if float(critical(t)[0]) > H_RIGHT]
    curve = [Delay(1.0, H_RIGHT, t).variance - 1 for t in stable]
    return xr.Dataset(
        {
            "variance": (("tau", "L"), np.array(variance)),
            "bias2": ("tau", np.array(bias)),
            "bias": ("delay", np.array(curve)),
            "first_order": ("delay", (np.array(stable) + 0.5) * H_RIGHT),
            # a_max(tau) = h, solved for a real tau
            "tau_max": (np.pi / (2 * np.arcsin(H_RIGHT / 2)) - 1) / 2,
        },
        coords={"tau": list(SHOWN), "L": lengths, "delay": stable},
        attrs={"source": "Chen, Ding, Li, Zhang, Carin (2016), arXiv:1610.06664", "h_left": H_LEFT, "h_right": H_RIGHT},
    )


def draw(data: xr.Dataset) -> Any:
    """Two panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.6))
    for colour, tau in zip(COLOURS, data.tau.values, strict=False):
        at = data.sel(tau=tau)
        left.loglog(data.L, at.variance + at.bias2, color=colour, label=rf"$\tau = {tau}$")
        left.loglog(data.L, at.variance, ":", color=colour)
        left.axhline(float(at.bias2), color=colour, ls="--", lw=0.6)
    left.set(xlabel="length $L$ of the average", ylabel=r"errors of $\mathbb{E}x^2$")
    left.set_title(f"(a) MSE (solid), variance, bias$^2$; $h = {data.attrs['h_left']}$")
    left.legend()
    right.semilogy(data.delay, data.bias, color=COLOURS[0], label="exact")
    right.semilogy(data.delay, data.first_order, "--", color=COLOURS[1], label=r"$(\tau + 1/2)h$")
    right.axvline(float(data.tau_max), color=COLOURS[6], lw=0.8, ls=":")
    right.set(xlabel=r"staleness $\tau$ (dotted: $a_{\max}(\tau) = h\lambda$)", ylabel=r"bias of $\mathbb{E}x^2$")
    right.legend()
    right.set_title(f"(b) Bias against staleness, $h = {data.attrs['h_right']}$")
    return figure
