"""Private forecasting: what the published epsilons are worth, the noise that is needed, and what it costs a linear forecaster.

(a) Epsilon at delta = 1e-7 of 100 epochs with batches of 5: the accountant with orders up to 512, the same with all orders,
    the exact value under Poisson sampling (rigorous ends, one line), and that of batches in a fixed order. Circles: the
    published numbers (the run with batches of 10 is open).
(b) Noise over sensitivity at delta = 1e-5: the classical formula, right for epsilon up to 1 (thin line), and what is needed.
    Right of the dotted line (8.42) the formula gives too little.
(c) A forecaster with six lags on one synthetic region: test error over that without privacy, of noisy inputs and of noisy
    gradients (200 steps from the optimum). Lines are the closed forms, points root mean squares of 16 draws with their range.
"""

from typing import Any

import numpy as np

COLOURS = {"capped": "#D55E00", "orders": "#E69F00", "exact": "#0072B2", "fixed": "#000000"}
LINES = {"capped": "-", "orders": "--", "exact": "-", "fixed": ":"}
LABELS = {"capped": "orders to 512", "orders": "all orders", "exact": "exact, Poisson", "fixed": "exact, fixed order"}
STEPS, CLIP, DRAWS = 200, 10.0, 16


def compute(*, budget: str = "quick", seed: int = 0) -> Any:
    """Numbers of the three panels, as one ``xarray.Dataset``.

    ``epsilon`` (account, z): by four accounts, ``epsilon_low`` (z) the lower end of the exact one; ``published``, ``z_run``
    and ``batch`` (run). ``noise`` (formula, eps). ``ratio`` (how, strength, draw), ``theory`` (how, strength), and ``spent``
    (how, strength), its epsilon.
    """
    from fractions import Fraction

    import xarray as xr

    from gradproof.solvers import privacy_loss as pl
    from gradproof.theory.privacy import dp_forecasting as paper

    first = paper.PUBLISHED[0]
    z = np.geomspace(20, 600, 12 if budget != "quick" else 7)
    epsilon: dict[str, list[float]] = {name: [] for name in COLOURS}
    low = []
    for value in z:
        exact = pl.sampled_epsilon(first.q, value, first.steps, paper.DELTA, cells=16)
        low.append(exact.low)
        found = {
            "capped": float(pl.renyi_epsilon(first.q, value, first.steps, paper.DELTA, paper.ORDERS).high),
            "orders": float(pl.renyi_epsilon(first.q, value, first.steps, paper.DELTA, range(2, 12_000)).high),
            "exact": exact.high, "fixed": float(pl.gaussian_epsilon(paper.DELTA, value / paper.EPOCHS**0.5)[1]),
        }  # fmt: skip
        for name, e in found.items():
            epsilon[name].append(e)
    eps, delta = np.geomspace(0.1, 30, 16), Fraction(1, 10**5)
    noise = [[float(f(e, delta)[1]) for e in eps] for f in (pl.classical_noise, pl.gaussian_noise)]
    strength, ratio, theory, spent = _forecasters(np.random.default_rng(seed))
    return xr.Dataset(
        {
            "epsilon": (["account", "z"], list(epsilon.values())), "epsilon_low": (["z"], low),
            "published": (["run"], [float(r.epsilon) for r in paper.PUBLISHED]), "z_run": (["run"],
            [r.z for r in paper.PUBLISHED]),
            "batch": (["run"], [r.batch for r in paper.PUBLISHED]), "noise": (["formula", "eps"], noise),
            "ratio": (["how", "strength", "draw"], ratio), "theory": (["how", "strength"], theory),
            "spent": (["how", "strength"], spent),
        },
        coords={
            "account": list(COLOURS), "z": z, "eps": eps, "formula": ["classical", "needed"], "how": ["input", "gradient"],
            "strength": strength,
        },
        attrs={"budget": budget, "seed": seed},
    )  # fmt: skip


def _forecasters(rng: np.random.Generator) -> tuple[Any, ...]:
    """Error ratios of both ways to add noise, their closed forms and their epsilons, on one region."""
    from gradproof.experiments.privacy.dp_forecasting import instances
    from gradproof.solvers.privacy_loss import gaussian_epsilon
    from gradproof.theory.privacy.dp_forecasting import DELTA

    region, spent_on = slice(1, 2), np.geomspace(0.03, 30, 6)
    counts = instances.synthetic()[:, region]
    data = instances.windows(counts, counts)
    X, y = data.lags[..., 0], data.targets[:, 0]
    R, c, n = X.T @ X / len(y), X.T @ y / len(y), len(y)
    best = np.linalg.solve(R, c)
    clean, base = data.rmse(data.test_lags[..., 0] @ best[:, None]), float(((y - X @ best) ** 2).mean())
    modes = np.linalg.eigvalsh(R)
    eta = 1 / modes[-1]
    ratio, theory, spent = np.zeros((2, 6, DRAWS)), np.zeros((2, 6)), np.zeros((2, 6))
    for i, target in enumerate(spent_on):
        multiplier = 5 / target  # of the noise to the sensitivity, roughly what this epsilon asks for
        s2 = (multiplier / data.scale[0]) ** 2
        theory[0, i] = np.sqrt((y @ y / n - c @ np.linalg.solve(R + s2 * np.eye(6), c)) / base)
        spent[0, i] = float(gaussian_epsilon(DELTA, multiplier)[1])
        z = multiplier * STEPS**0.5
        nu = z * CLIP / n
        settled = (1 - (1 - eta * modes) ** (2 * STEPS)) / (2 - eta * modes)
        theory[1, i] = np.sqrt(1 + eta * nu**2 * settled.sum() / base)
        spent[1, i] = float(gaussian_epsilon(DELTA, z / STEPS**0.5)[1])
        for k in range(DRAWS):
            noisy = instances.windows(instances.perturbed(counts, multiplier, rng), counts)
            Z = noisy.lags[..., 0]
            w = np.linalg.solve(Z.T @ Z, Z.T @ noisy.targets[:, 0])
            ratio[0, i, k] = noisy.rmse(noisy.test_lags[..., 0] @ w[:, None]) / clean
            w = best.copy()
            for _ in range(STEPS):
                w = w - eta * (R @ w - c + nu * rng.standard_normal(6))
            ratio[1, i, k] = data.rmse(data.test_lags[..., 0] @ w[:, None]) / clean
    return spent_on, ratio, theory, spent


def draw(data: Any) -> Any:
    """Three panels from the dataset alone; returns a matplotlib figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.75, 2.7), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for name, colour in COLOURS.items():
        left.plot(data.z, data.epsilon.sel(account=name), LINES[name], color=colour, label=LABELS[name])
    left.fill_between(
        data.z, data.epsilon_low, data.epsilon.sel(account="exact"), color=COLOURS["exact"], alpha=0.4, lw=0
    )
    for batch, face in ((5, COLOURS["capped"]), (10, "white")):
        at = data.batch.values == batch
        left.plot(data.z_run.values[at], data.published.values[at], "o", ms=4, mfc=face, mec=COLOURS["capped"])
    left.set(xscale="log", yscale="log", xlabel="noise multiplier $z$", ylabel=r"$\epsilon$ at $\delta = 10^{-7}$")
    left.set_title("(a) 100 epochs of DP-SGD")
    left.set_xticks([20, 50, 100, 200, 500], ["20", "50", "100", "200", "500"])
    left.minorticks_off()
    left.set_ylim(1e-3, 200)
    left.legend(loc="upper right", handlelength=1.6)
    for formula, line, colour in (("classical", "--", "#D55E00"), ("needed", "-", "#0072B2")):
        middle.plot(data.eps, data.noise.sel(formula=formula), line, color=colour, label=formula)
    middle.axvspan(8.4198, float(data.eps.max()), color="#D55E00", alpha=0.15, lw=0)
    middle.axvline(8.4198, color="0.3", ls=":", lw=0.9)
    middle.axvline(1, color="0.3", lw=0.6)
    middle.set(xscale="log", yscale="log", xlabel=r"$\epsilon$", ylabel=r"$\sigma/\Delta$")
    middle.set_title(r"(b) Noise at $\delta = 10^{-5}$")
    middle.legend(loc="upper right", handlelength=2)
    for how, line, marker, colour in (("input", "-", "o", "#0072B2"), ("gradient", "--", "s", "#D55E00")):
        at = data.sel(how=how)
        mean = np.sqrt((at.ratio**2).mean("draw").values)
        bars = [mean - at.ratio.min("draw").values, at.ratio.max("draw").values - mean]
        right.errorbar(at.spent, mean, bars, fmt=marker, ms=3, lw=0.8, color=colour)
        right.plot(at.spent, at.theory, line, color=colour, label=f"noisy {how}s")
    right.set(
        xscale="log", yscale="log", xlabel=r"$\epsilon$ at $\delta = 10^{-7}$", ylabel="RMSE over that without privacy"
    )
    right.set_title("(c) Linear forecaster")
    right.legend(loc="upper right", handlelength=2)
    return figure
