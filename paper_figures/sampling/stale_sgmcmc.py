"""Stale gradients: errors of averages against their length, the staleness and the number of workers, and of averaged gradients."""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import run
from gradproof.experiments.sampling.sgld.instances import projected
from gradproof.experiments.sampling.stale_sgmcmc import methods
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.gaussian import Delay, critical

SHOWN = (0, 2, 5, 10)
H_LEFT, H_RIGHT = 0.02, 0.05


WORKERS, ROUNDS = np.arange(1, 13), 2_000
LOGISTIC, CHAINS, SERVERS = 80, 150, (1, 4, 8)


def _by_workers() -> tuple[np.ndarray, np.ndarray]:
    """Mean squared error of the average of x^2 after some rounds, stationary start, h = 0.02, exactly and to leading order."""
    exact = []
    for P in map(int, WORKERS):
        law = Delay(1.0, H_LEFT, P - 1)
        exact.append((law.variance - 1) ** 2 + law.average_variance(P * ROUNDS, 2))
    return np.array(exact), (WORKERS - 0.5) ** 2 * H_LEFT**2 + 2 / (H_LEFT * WORKERS * ROUNDS)


def _averaged_gradients(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L h/2 times the variance of averaged gradients of logistic regression, a direction; and its standard error, (P, L)."""
    problem = projected(rows=LOGISTIC)
    mode, h = problem.mode(), 0.1 / LOGISTIC
    mean, error = np.empty((len(SERVERS), len(lengths))), np.empty((len(SERVERS), len(lengths)))
    for row, P in enumerate(SERVERS):
        stream = keys("figure", P, settings=[0], seeds=range(CHAINS))
        method = methods.stale(problem.gradient, h, P - 1, of_gradients=True)
        draw = methods.numbers(problem.d)
        x0 = np.broadcast_to(mode, (1, CHAINS, problem.d)).copy()

        def numbers(t: Any, stream: Any = stream, draw: Any = draw) -> Any:
            return draw(Draws(stream, t))

        at = [int(k) for k in lengths]
        out = run(method, x0, at[-1], draw=numbers, at=at, record={"total": lambda s: s.total})
        squares = (out.total.values[0] ** 2).mean(axis=-1) * h / (2 * lengths)  # (seed, L)
        mean[row], error[row] = squares.mean(axis=0), squares.std(axis=0) / CHAINS**0.5
    return mean, error


def compute(*, budget: str = "quick") -> xr.Dataset:
    """(a)-(c) Exact, lam = 1, phi = x^2, stationary start; (b) up to the last stable staleness. (d) Runs on breast cancer."""
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
    lasting = np.unique(np.geomspace(20, 1_000 if budget == "quick" else 20_000, 8).round().astype(int))
    exact, leading = _by_workers()
    spread, error = _averaged_gradients(lasting)
    return xr.Dataset(
        {
            "mse": ("P", exact),
            "leading": ("P", leading),
            "gradients": (("servers", "steps"), spread),
            "error": (("servers", "steps"), error),
            "variance": (("tau", "L"), np.array(variance)),
            "bias2": ("tau", np.array(bias)),
            "bias": ("delay", np.array(curve)),
            "first_order": ("delay", (np.array(stable) + 0.5) * H_RIGHT),
            # a_max(tau) = h, solved for a real tau
            "tau_max": (np.pi / (2 * np.arcsin(H_RIGHT / 2)) - 1) / 2,
        },
        coords={
            "tau": list(SHOWN),
            "L": lengths,
            "delay": stable,
            "P": WORKERS,
            "servers": list(SERVERS),
            "steps": lasting,
        },
        attrs={"source": "Chen, Ding, Li, Zhang, Carin (2016), arXiv:1610.06664", "h_left": H_LEFT, "h_right": H_RIGHT},
    )


def draw(data: xr.Dataset) -> Any:
    """Four panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, ((left, right), (best, gradients)) = plt.subplots(2, 2, figsize=(6.6, 5.0))
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
    best.semilogy(data.P, data.mse, "o-", ms=3, color=COLOURS[0], label="exact")
    best.semilogy(data.P, data.leading, "--", color=COLOURS[1], label=r"$(P - \frac{1}{2})^2h^2 + 2/(\lambda^3hPR)$")
    least = int(np.argmin(data.mse.values))
    best.semilogy(data.P[least], data.mse[least], "*", ms=9, color=COLOURS[6], label="the best number")
    best.set(xlabel="workers $P$", ylabel=r"MSE of $\mathbb{E}x^2$")
    best.set_title(f"(c) After {ROUNDS} rounds, $h = {data.attrs['h_left']}$")
    best.legend()
    for colour, style, P in zip(COLOURS, ("o-", "s--", "^:"), data.servers.values, strict=False):
        at = data.sel(servers=P)
        low, high = at.gradients - 3 * at.error, at.gradients + 3 * at.error
        gradients.fill_between(data.steps, low, high, color=colour, alpha=0.2, lw=0)
        gradients.semilogx(data.steps, at.gradients, style, ms=3, color=colour, label=f"$P = {P}$")
    gradients.axhline(1, color=COLOURS[6], lw=0.8, ls="--")
    gradients.set(xlabel="length $L$ of the average", ylabel=r"$(Lh/2)\,\mathrm{Var}$ of the gradient", ylim=(0, None))
    gradients.set_title("(d) Logistic regression, workers in turn")
    gradients.legend(loc="lower right")
    return figure
