"""Full-batch gradient descent against one-pass SGD on J-walk, and how far two runs on neighbouring samples come apart.

(a) Risks along gradient descent and SGD, n = 4, T = 64, eta = 0.05: on its sample (dotted) descent stays at zero, on the
population it rises as the exact formula says (broad line). SGD: mean and range of 12 runs. (b) Excess against the number of steps,
each with the step size of its own theorem, and gradient descent with that of SGD; slopes are of least squares, for SGD with the
range over resampled runs. (c) Excess of the last iterate, with the side coordinate, against the step size, T = 64: exact values,
the lower bound, its minimum over the step sizes, and the upper bound for n = T^2 samples. (d) Distance of two runs whose samples,
of n = 4, differ in one element, in units of 2 eta L: linear losses, a walk over kinks, the largest of 20 drawn losses, the bound.
"""

from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.draws import ahead, keys
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.limits.full_batch.instances import drawn, kinks, opposite
from gradproof.experiments.limits.full_batch.measures_upper import fresh
from gradproof.experiments.limits.full_batch.measures_walk import gradient_descent, lattice_array, slopes_array
from gradproof.experiments.limits.full_batch.methods import Loss, descent
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers.masked_norm import mean_root_binomial
from gradproof.theory.limits import full_batch as paper

N, T, ETA, B = 4, 64, 0.05, 1e-7
STEPS = np.arange(0, T + 1, 4)
LENGTHS = {"quick": [16, 32, 64, 128, 256], "full": [16, 32, 64, 128, 256, 512, 1024]}
TIMES = np.unique(np.geomspace(1, 200, 15).astype(int))


def mean_root(m: int) -> float:
    return float(sum(mean_root_binomial(m)) / 2)


def compute(*, budget: str = "quick") -> xr.Dataset:
    """``risk`` (by, on, seed, step); ``formula`` (step). ``excess`` (way, length), ``low``, ``high`` of SGD, ``bound`` of SGD.

    ``beyond``, ``lower``, ``upper`` (eta), all at T = 64; ``apart`` (losses, t) and ``most`` (t).
    """
    risk, formula = _along()
    excess, low, high, slopes = _lengths(LENGTHS[budget])
    lengths = np.array(LENGTHS[budget])
    etas = np.geomspace(1 / (2 * T), 1, 15)
    at = {"T": T, "n": N, "d": T * 2**N, "b": 1e-9}
    lower = [float(paper.GD_LOWER.bound(eta=e, gamma=e / 1000, **at)) for e in etas]
    upper = [float(paper.GD_UPPER.bound(T=T, n=T**2, eta=e, L=3**0.5, D2=1.0)) for e in etas]
    beyond = [_last(e, e / 1000, T, N) + 1 / (4 * e * T) for e in etas]
    d = 2 * lengths
    return xr.Dataset(
        {
            "risk": (["by", "on", "seed", "step"], risk), "formula": (["step"], formula),
            "excess": (["way", "length"], excess), "low": (["length"], low), "high": (["length"], high),
            "bound": (["length"], [float(paper.SGD_UPPER.bound(T=int(t), eta=t**-0.5, G=(2 + B * B * s) ** 0.5, D2=0))
                                   for t, s in zip(lengths, d, strict=True)]),
            "rate": (["length"], 0.5 * (lengths - 1) ** 0.25 / lengths**0.5),
            "beyond": (["eta"], beyond), "lower": (["eta"], lower), "upper": (["eta"], upper),
            "apart": (["losses", "t"], _apart(20 if budget == "quick" else 400)),
            "most": (["t"], [float(paper.GD_STABILITY.bound(T=int(t), n=N, eta=0.5, L=1)) for t in TIMES]),
        },
        coords={"by": ["gd", "sgd"], "on": ["sample", "population"], "step": STEPS, "length": lengths, "eta": etas,
                "way": ["gd", "gd at the step of sgd", "sgd"], "t": TIMES, "losses": ["linear", "kinks", "drawn"]},
        attrs={"source": "Amir, Carmon, Koren, Livni (2021), arXiv:2107.00469", "budget": budget,
               "least": 0.5 * (T - 1) ** 0.25 / T**0.5, **slopes},
    )  # fmt: skip


def _along() -> tuple[np.ndarray, np.ndarray]:
    """F_S and F at every fourth step of gradient descent and of 12 runs of SGD; F of descent by its formula."""
    rng, loss, on = np.random.default_rng(0), Loss(N, ETA / 10, B), backend("numpy")
    V, fresh_bits = lattice_array(N, T), rng.integers(0, 2, (60, T * 2**N)).astype(float)
    record = {"w": lambda s: s.w}
    full = run(descent(loss, ETA, V), start(np.zeros(T * 2**N)), T, record=record, every=4).w.values[0]
    draw = ahead(keys("figure", settings=[0], seeds=range(12)), fresh(N, T, on), block=8)
    one = run(descent(loss, ETA), start(np.zeros(T * 2**N), seeds=12), T, record=record, draw=draw, every=4).w.values[0]
    risk = np.full((2, 2, 12, len(STEPS)), np.nan)
    for k, path in enumerate((full, one)):
        for on_, samples in enumerate((V, fresh_bits)):
            risk[k, on_, : len(path)] = [[loss.value(w, samples).mean() for w in seed] for seed in path]
    at = {"n": N, "eta": ETA, "gamma": ETA / 10, "b": B, "U": float(slopes_array(N, T).sum())}
    formula = [float(paper.GD_EXCESS.bound(T=int(t), mean_root=mean_root(int(t) - 1), **at)) for t in STEPS[1:]]
    return risk, np.array([0.0, *formula])


def _last(eta: float, gamma: float, steps: int, n: int) -> float:
    """F(w_T) - F(0) of a run of gradient descent for b = 0: the norm of what a fresh V sees of the coordinates that were hit."""
    w = gradient_descent(n, steps, eta, gamma, gamma / (100 * steps), "numpy").w.values[0, 0, 0]
    return (eta - gamma) * mean_root(int((w < -gamma).sum()))


def _lengths(lengths: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
    """Excess of gradient descent with both step sizes and of SGD, a range of its mean, and slopes."""
    rng, on, samples = np.random.default_rng(1), backend("numpy"), []
    gd = [[_last(t**power, t**power / 1000, t, 1) for t in lengths] for power in (-0.75, -0.5)]
    for t in lengths:
        loss, x0 = Loss(1, t**-0.5 / 10, B), start(np.zeros(2 * t), seeds=24)
        draw = ahead(keys("figure", t, settings=[0], seeds=range(24)), fresh(1, t, on), block=32)
        record = {"total": lambda s: s.total}
        sums = run(descent(loss, t**-0.5), x0, t, record=record, draw=draw, at=[t]).total.values[0, :, 0]
        samples.append([loss.value(w, rng.integers(0, 2, (100, 2 * t))).mean() for w in sums / t])
    values = np.array(samples)
    again = np.array([values[:, rng.integers(0, 24, 24)].mean(1) for _ in range(200)])

    def slope(y: np.ndarray) -> float:
        return float(np.polyfit(np.log(lengths), np.log(y), 1)[0])

    resampled = np.quantile([slope(y) for y in again], [0.005, 0.995])
    slopes = {
        "slope_gd": slope(np.array(gd[0])),
        "slope_sgd": slope(values.mean(1)),
        "slope_sgd_range": resampled.tolist(),
    }
    low, high = np.quantile(again, [0.005, 0.995], axis=0)
    return np.array([*gd, values.mean(1)]), low, high, slopes


def _apart(draws: int) -> np.ndarray:
    """||w_t - w'_t||/(2 eta L) for n = 4."""

    def ratio(make: Any, t: int) -> float:
        made = make(N, t)
        return (made.apart(t) / made.square) ** 0.5 / (2 * N)

    all_of: list[list[Any]] = [[opposite], [kinks], [drawn(k) for k in range(draws)]]
    return np.array([[max(ratio(make, int(t)) for make in kind) for t in TIMES] for kind in all_of])


def draw(data: xr.Dataset) -> Any:
    """Four panels from the dataset alone."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.75, 4.9))
    (along, length), (step, apart) = figure.subplots(2, 2)
    gd, sgd = COLOURS[0], COLOURS[1]
    along.plot(data.step, data.formula, color="black", lw=2.2, alpha=0.35, label="$F$, formula")
    points = data.risk.sel(by="gd", on="population")[0]
    along.plot(points.step, points, "o", ms=3, color=gd, label="$F$, descent")
    along.plot(data.step, data.risk.sel(by="gd", on="sample")[0], ":", color=gd, label="$F_S$, descent")
    runs = data.risk.sel(by="sgd", on="population")
    along.fill_between(data.step, runs.min("seed"), runs.max("seed"), color=sgd, alpha=0.25, lw=0)
    along.plot(data.step, runs.mean("seed"), "--", color=sgd, label="$F$, SGD")
    along.set(xlabel="step $t$", ylabel="risk at $w_t$", title="(a) Along the runs", ylim=(-0.02, 0.34))
    along.legend(loc="upper left", ncols=2, columnspacing=0.8)

    low, high = data.attrs["slope_sgd_range"]
    lines = {
        "gd at the step of sgd": (r"descent, $\eta = T^{-1/2}$", "-.", COLOURS[2]),
        "gd": (rf"descent, $\eta = T^{{-3/4}}$: slope ${data.attrs['slope_gd']:.2f}$", "o-", gd),
        "sgd": (rf"SGD, $\eta = T^{{-1/2}}$: slope ${low:.2f}$ to ${high:.2f}$", "s--", sgd),
    }
    length.fill_between(data.length, data.low, data.high, color=sgd, alpha=0.25, lw=0)
    for way, (label, style, colour) in lines.items():
        length.loglog(data.length, data.excess.sel(way=way), style, ms=3, color=colour, label=label)
    length.loglog(data.length, data.rate, ":", color="black", label="lower bound, every step size")
    length.loglog(data.length, data.bound, ":", color=sgd, label="bound for SGD")
    length.set(xlabel="steps $T$", ylabel="excess risk", title="(b) Rates", ylim=(1e-3, 600))
    length.set_xticks(data.length.values, [str(t) for t in data.length.values])
    length.minorticks_off()
    length.legend(loc="upper right", handlelength=1.8, labelspacing=0.3)

    step.loglog(data.eta, data.upper, "--", color=COLOURS[2], label="upper bound, $n = T^2$")
    step.loglog(data.eta, data.beyond, "o", ms=3, color=gd, label="excess")
    step.loglog(data.eta, data.lower, "-", color="black", label="lower bound")
    step.axhline(data.attrs["least"], ls=":", color="black", label="for every step size")
    step.set(xlabel=r"step size $\eta$", ylabel="excess risk", title="(c) No step size is good", ylim=(0.1, 900))
    step.legend(loc="upper center", ncols=2, columnspacing=0.8)

    apart.loglog(data.t, data.most, "-", color="black", label=r"bound $\sqrt{t} + t/n$")
    for (losses, style), colour in zip({"linear": "o-", "kinks": "s--", "drawn": "^:"}.items(), COLOURS, strict=False):
        apart.loglog(data.t, data.apart.sel(losses=losses), style, ms=3, color=colour, label=losses)
    apart.set(
        xlabel="step $t$", ylabel=r"$\|w_t - w_t'\|/(2\eta L)$", title="(d) Neighbouring samples", ylim=(0.02, 100)
    )
    apart.legend(loc="lower right")
    return figure
