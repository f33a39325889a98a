"""Train longer: the distance in training, expected times between barriers in their band, and what two rules for the step keep.

(a) 64-64-10 ReLU network on digits, constant steps: means and ranges over seeds, and fits a + b log t from t = 100 on.
(b) Logarithms of expected hitting times in drawn potentials with E(V_a - V_b)^2 = |a - b|^alpha: means, and bars from the 10
    to the 90 % quantile; the band is the theorem, from B_L + log 2 to B_L + 2 log L.
(c) Second moments on w^2/2 with unit noise: lines are exact, points are 4000 runs with three standard errors. The square-root
    rule keeps the diffusion of the small batch, the linear rule nearly its stationary level.
"""

from typing import Any

import numpy as np

ETAS = {0.05: "#0072B2", 0.2: "#D55E00"}
BATCHES = {16: ("-", "o"), 64: ("--", "s"), 256: (":", "^")}
ALPHAS = {0.5: ("#0072B2", "o"), 1.0: ("#D55E00", "s"), 1.6: ("#009E73", "^")}
#: step and batch: name -> eta, M, colour, line; curvature 1, noise variance 1
RULES = {
    "small batch": (0.02, 1, "#000000", "-"), "square root": (0.08, 16, "#0072B2", "--"), "linear": (0.32, 16, "#D55E00", ":"),
}  # fmt: skip
LABELS = {
    "small batch": r"$\eta = 0.02$, $M = 1$", "square root": r"$\eta\sqrt{16}$, $M = 16$", "linear": r"$16\,\eta$, $M = 16$",
}  # fmt: skip
AT = np.unique(np.geomspace(1, 1000, 13).astype(int))


def compute(*, budget: str = "quick", seed: int = 0) -> Any:
    """Numbers of the three panels, as one ``xarray.Dataset``.

    ``distance`` (M, eta, seed, t): ||w_t - w_0|| on digits. ``log_time``, ``climb`` (alpha, L): log E T_L and B_L, means over drawn
    potentials; ``log_time_low``, ``log_time_high``: their 10 and 90 % quantiles. ``second_moment``, ``second_moment_error``
    (rule, mark): E w_t^2 of runs on a quadratic, mean and three standard errors; ``expected`` (rule, step): the same exactly.
    """
    import xarray as xr

    from gradproof.experiments.engine.draws import keys
    from gradproof.experiments.landscape.train_longer import instances, methods
    from gradproof.solvers import birth_death

    full, rng = budget != "quick", np.random.default_rng(seed)
    batches, seeds = list(BATCHES) if full else [16, 64], range(8 if full else 2)
    etas, net, times = list(ETAS), methods.digits_network(), methods.TIMES if full else methods.TIMES[:-1]
    distance = [
        methods.distances(
            net, M, etas, keys("figure", seed, M, settings=etas, seeds=seeds), np.random.default_rng(seed), at=times
        )
        for M in batches
    ]
    lengths = [2**k for k in range(4, 12)]
    expected, quantiles, climbs = [], [], []
    for alpha in ALPHAS:
        V = instances.potentials(alpha, lengths[-1], 600 if full else 200, rng)
        found = np.stack([instances.log_times(V[:, :L])[0] for L in lengths], axis=-1)
        expected.append(found.mean(0))
        quantiles.append(np.quantile(found, [0.1, 0.9], axis=0))
        climbs.append(np.stack([birth_death.barrier(V[:, :L]) for L in lengths], axis=-1).mean(0))
    runs, moments, exact = 4000, [], []
    step = np.unique(np.geomspace(1, 1000, 200).astype(int))
    for eta, M, *_ in RULES.values():
        w, kept = np.zeros(runs), []
        for t in range(1, AT[-1] + 1):
            w = (1 - eta) * w - eta * rng.standard_normal(runs) / np.sqrt(M)
            if t in AT:
                kept.append(w**2)
        moments.append([np.mean(kept, axis=1), 3 * np.std(kept, axis=1, ddof=1) / np.sqrt(runs)])
        exact.append(eta / (M * (2 - eta)) * (1 - (1 - eta) ** (2 * step)))
    return xr.Dataset(
        {
            "distance": (["M", "eta", "seed", "t"], np.stack(distance)),
            "log_time": (["alpha", "L"], expected),
            "log_time_low": (["alpha", "L"], [q[0] for q in quantiles]),
            "log_time_high": (["alpha", "L"], [q[1] for q in quantiles]),
            "climb": (["alpha", "L"], climbs),
            "second_moment": (["rule", "mark"], [f[0] for f in moments]),
            "second_moment_error": (["rule", "mark"], [f[1] for f in moments]),
            "expected": (["rule", "step"], exact),
        },
        coords={
            "M": batches, "eta": etas, "seed": list(seeds), "t": list(times), "alpha": list(ALPHAS), "L": lengths,
            "rule": list(RULES), "mark": AT, "step": step,
        },
        attrs={
            "budget": budget, "seed": seed,
        },
    )  # fmt: skip


def draw(data: Any) -> Any:
    """Three panels from the dataset alone; returns a matplotlib figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.75, 2.7), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    t, late = data.t.values, data.t.values >= 100
    for eta, colour in ETAS.items():
        for M in data.M.values:
            line, marker = BATCHES[int(M)]
            y = data.distance.sel(eta=eta, M=M)
            mean = y.mean("seed").values
            left.errorbar(
                t, mean, [mean - y.min("seed").values, y.max("seed").values - mean], fmt=marker, ms=3, color=colour, lw=0.8,
                label=rf"$\eta = {eta:g}$, $M = {int(M)}$",
            )  # fmt: skip
            b, a = np.polyfit(np.log(t[late]), mean[late], 1)
            left.plot(t[late], a + b * np.log(t[late]), line, color=colour, lw=0.9)
    left.set(xscale="log", xlabel="updates $t$", ylabel=r"$\|w_t - w_0\|$", title="(a) Training on digits")
    left.set_ylim(0, 1.45 * float(data.distance.max()))
    left.legend(loc="upper left", handlelength=1)
    for alpha, (colour, marker) in ALPHAS.items():
        at = data.sel(alpha=alpha)
        x, y = at.L.values ** (alpha / 2), at.log_time.values
        low, high = at.climb.values + np.log(2), at.climb.values + 2 * np.log(at.L.values)
        middle.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        bars = [y - at.log_time_low.values, at.log_time_high.values - y]
        middle.errorbar(x, y, bars, fmt=marker + "-", ms=3, lw=0.8, color=colour, label=rf"$\alpha = {alpha:g}$")
    middle.set(xscale="log", yscale="log", xlabel=r"$L^{\alpha/2}$", ylabel=r"$\log\,\mathbb{E}\,T_L$")
    middle.set_title(r"(b) Between barriers; band: theorem")
    middle.legend(loc="upper left", handlelength=1.5)
    for rule, (_, _, colour, line) in RULES.items():
        at = data.sel(rule=rule)
        right.plot(at.step, at.expected, line, color=colour, label=LABELS[rule])
        right.errorbar(at.mark, at.second_moment, at.second_moment_error, fmt=".", ms=4, lw=0.8, color=colour)
    right.set(
        xscale="log", yscale="log", xlabel="updates $t$", ylabel=r"$\mathbb{E}\,w_t^2$", title="(c) The two rules"
    )
    right.set_ylim(top=0.2)
    right.legend(loc="upper left", handlelength=1.5)
    return figure
