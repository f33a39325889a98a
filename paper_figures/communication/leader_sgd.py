"""Leader SGD: how many leaders turn a step towards the minimiser, the double well, the worst step, and escapes from many wells."""

from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

from gradproof.experiments.communication.leader_sgd import instances, measures, methods
from gradproof.paper_figures.style import COLOURS
from gradproof.solvers import ellipsoid
from gradproof.solvers.pulled_step import worst_one_step
from gradproof.theory.communication import leader_sgd

ETA, M, STRONG = Fraction(1), Fraction(1), Fraction(3, 5)
DIMENSIONS, TAUS = (2, 10, 100), (1, 4, 8, 16, 32, 64)
PULL = 0.5  # in the double well


def shares(kappas: Any, points: int) -> dict[str, Any]:
    """Limit shares for diag(1, kappa, ..., kappa), by the formula and by points; and that of infinite pulls in the plane."""
    exact, sampled, rng = [], [], np.random.default_rng(0)
    for d in DIMENSIONS:
        bowls = [instances.two_curvatures(d, k) for k in kappas]
        exact.append([ellipsoid.fraction(b.A, b.x, b.centre) for b in bowls])
        sampled.append([ellipsoid.mc_fraction(b.A, b.x, b.centre, 0.0, points, rng).value for b in bowls])
    plane = [float(measures.share_at_an_infinite_pull(Fraction(k))[0].high) for k in kappas]
    angles = [np.degrees(np.arctan(measures.plane_angles(Fraction(k))[0])) for k in kappas]
    known = [measures.plane_angles(Fraction(k)) for k in kappas]
    dims = ("d", "angle")
    return {"share": (dims, exact), "sampled": (dims, sampled), "infinite": ("angle", plane), "angle": angles,
            "large": ("angle", [tan >= width for tan, width in known])}  # fmt: skip


def double_well(steps: int) -> dict[str, Any]:
    """Two workers that start near the spurious point of elastic averaging, without noise: (pulled, time, worker)."""
    place = (1 - PULL) ** 0.5
    x0, words = np.array([[place + 0.01], [-place + 0.005]]), methods.stream("figure", settings=1, seeds=1)
    paths = [
        methods.trace(make, methods.Wells(0.0), x0, steps, eta=0.1, lam=PULL, shape=(1,), law="normal", words=words,
                      at=list(range(steps + 1)), iterates=True)["x"].values[0, 0, :, :, 0]
        for make in (methods.elastic_averaging, methods.leader_sgd)
    ]  # fmt: skip
    return {"path": (("pulled", "time", "worker"), paths)}


def worst_steps(count: int) -> dict[str, Any]:
    """The worst factor against lam, with what is proved at both ends and the function on the line in between."""
    lams = [Fraction(1, 10) + Fraction(k, 2 * count) for k in range(count + 1)]
    worst = [worst_one_step(ETA, lam, M, STRONG).bound for lam in lams]
    member = [
        float(leader_sgd.between(ETA, lam, M, STRONG, root=lambda q: float(q) ** 0.5)) ** 2
        if ETA * (M + 2 * lam) <= 2
        else np.nan
        for lam in lams
    ]
    weak = [leader_sgd.weak_pull_limit(ETA, lam, STRONG) >= M and ETA * (STRONG + lam) < 1 for lam in lams]
    steep = [float((1 - ETA * (M + 2 * lam)) ** 2) for lam in lams]
    return {"lam": [float(v) for v in lams]} | {
        name: ("lam", values)
        for name, values in (("worst", worst), ("member", member), ("weak", weak), ("steep", steep))
    }


def compute(*, budget: str = "quick") -> xr.Dataset:
    """Points of ellipsoids; three runs; worst cases on a grid; 20 (full: 200) runs a period over the wells."""
    quick = budget == "quick"
    kappas = [float(k) for k in np.geomspace(1.05, 400, 24 if quick else 48)]
    runs = [methods.escapes(tau, 0.25, seeds=20 if quick else 200, steps=320 if quick else 640) for tau in TAUS]
    spread: dict[str, Any] = {
        "": np.mean,
        "_low": lambda x: np.quantile(x, 0.1),
        "_high": lambda x: np.quantile(x, 0.9),
    }
    ends = {
        f"{name}{k}": ("tau", [float(f(r[name].values)) for r in runs])
        for name in ("leader", "elastic", "alone") for k, f in spread.items()
    }  # fmt: skip
    found = shares(kappas, 2000 if quick else 20_000) | double_well(120) | worst_steps(40 if quick else 100) | ends
    coords = {k: found.pop(k) for k in ("angle", "lam")} | {"d": list(DIMENSIONS), "tau": list(TAUS)}
    coords |= {"pulled": ["elastic", "leader"]}
    return xr.Dataset(found, coords=coords, attrs={"source": "Teng et al. (2019), arXiv:1905.10395"})


def draw(data: xr.Dataset) -> Any:
    """Four panels at a paper's text width."""
    import matplotlib.pyplot as plt

    figure, ((one, two), (three, four)) = plt.subplots(2, 2, figsize=(7.2, 4.6))
    styles = ("-", "--", "-.", ":")
    for d, colour, style in zip(data.d.values, COLOURS, styles, strict=False):
        at = data.sel(d=d)
        one.plot(data.angle, at.share, style, color=colour, label=rf"$\lambda\to0$, $d={d}$")
        one.plot(data.angle[::3], at.sampled[::3], "o", color=colour, ms=2.5)
    one.plot(data.angle, data.infinite, ":", color=COLOURS[6], label=r"$\lambda\to\infty$, $d=2$")
    one.axhline(0.5, color="0.4", lw=0.8)
    large = data.angle.values[data.large.values]
    one.axvspan(float(large.min()), 90, color=COLOURS[4], alpha=0.12, lw=0)
    one.set(
        xlabel=r"angle of $-\nabla f$ and $d_N$ [degrees]",
        ylabel="share of leaders that help",
        xlim=(0, 90),
        ylim=(0, 1.02),
    )
    one.set_title("(a) Shaded: half at any pull, $d=2$")
    one.legend(loc="lower right")
    for method, colour, style, label in (
        ("elastic", COLOURS[1], "--", "elastic averaging"),
        ("leader", COLOURS[0], "-", "Leader SGD"),
    ):
        for worker in range(2):
            path = data.path.sel(pulled=method).isel(worker=worker)
            two.plot(data.time, path, style, color=colour, label=label if worker == 0 else None)
    for place in (-1, 1):
        two.axhline(place, color="0.4", lw=0.8)
    two.set(
        xlabel="step",
        ylabel="workers",
        ylim=(-1.15, 1.75),
        title=r"(b) Double well, $\lambda=1/2$; grey: minima",
        yticks=[-1, 0, 1],
    )
    two.legend(loc="upper right", ncols=2)
    r = 1 - float(STRONG * ETA)
    three.plot(data.lam, data.worst, "-", color=COLOURS[0], label="worst factor")
    three.plot(data.lam, data.member, ":", color=COLOURS[2], lw=2, label="function on the line")
    three.plot(data.lam, np.maximum(data.steep, r * r), "--", color=COLOURS[1], label="worst quadratic")
    three.axhline(r, color=COLOURS[6], ls="-.", lw=1, label=r"theorem, $1-m\eta$")
    weak, gap = data.lam.values[data.weak.values], data.lam.values[np.isfinite(data.member.values)]
    three.axvspan(float(weak.max()), float(gap.max()), color=COLOURS[4], alpha=0.15, lw=0)
    three.set(xlabel=r"pull $\lambda$", ylabel=r"$(f(x^+)-f_*)/(f(x)-f_*)$", xlim=(0.1, 0.6), ylim=(0.1, 1.1))
    three.set_title(r"(c) $\eta=1$, $M=1$, $m=0.6$; shaded: neither regime")
    three.legend(loc="upper left")
    for name, colour, style, label in (
        ("leader", COLOURS[0], "-", "Leader SGD"),
        ("elastic", COLOURS[1], "--", "elastic averaging"),
        ("alone", COLOURS[2], ":", "no pull"),
    ):  # fmt: skip
        four.plot(data.tau, data[name], style, color=colour, marker="o", ms=3, label=label)
        if name != "alone":
            four.fill_between(data.tau, data[f"{name}_low"], data[f"{name}_high"], color=colour, alpha=0.12, lw=0)
    four.set_xscale("log", base=2)
    four.set(
        xlabel=r"steps $\tau$ between two pulls",
        ylabel="$f$, mean of the workers",
        title="(d) 16 wells; mean, 10-90 % of the runs",
    )
    four.set_ylim(top=float(data.alone_high.max()) + 0.14)
    four.legend(loc="upper left", ncols=2)
    return figure
