"""EF21: communication saved by the arithmetic mean, the exact step-size threshold, and how far the theorem is from tight."""

from typing import Any

import numpy as np

STEPS = {"qm": r"$\gamma_{\mathrm{QM}}$", "am": r"$\gamma_{\mathrm{AM}}$", "sharp": r"$0.9\,\gamma_*$"}
COLOURS = {"qm": "#9e9e9e", "am": "#0072B2", "root": "#009E73", "sharp": "#D55E00"}


def compute(*, budget: str = "quick") -> Any:
    """Numbers of the three panels, as one ``xarray.Dataset``.

    ``grad2`` (kappa, step_size, step): EF21 with Top1 on sine least squares, L_i proportional to (1, ..., 1, kappa) at
    fixed L_AM. ``gamma`` (curve, q, ratio), in units 1/L_AM: the step sizes, and ``instability`` measured on two
    workers. ``looseness`` (q, T): bound over worst case, one worker.
    """
    import xarray as xr

    from gradproof.experiments.communication.ef21 import instances
    from gradproof.experiments.instances import compressors
    from gradproof.experiments.instances.finite_sums import sine_least_squares
    from gradproof.solvers import ef_lyapunov, ef_pep
    from gradproof.theory.communication import ef21

    full = budget != "quick"
    kappas, T, n, d, L_AM = (100.0, 10.0, 1.0), 4000 if full else 1500, 10, 5, 10.9
    grad2, variance = [], []
    for kappa in kappas:
        L_i = np.array([1.0] * (n - 1) + [kappa])
        problem = sine_least_squares(tuple(L_i * L_AM / L_i.mean()), lam=0.1)
        at = instances.Constants.of(problem)
        gammas = {k: at.steps(1 / d)[k] for k in STEPS}
        t = instances.trace(problem, T, compressor=compressors.TopK(1), gammas=gammas, x0=np.ones(d))
        grad2.append(t.grad2[:, 0])
        variance.append(L_AM**2 * float(L_i.var() / L_i.mean() ** 2))

    qs, ratios = (0.25, 0.5, 0.75, 0.9), np.linspace(0.02, 1.0, 50 if full else 25)
    curves = ("am", "root", "sharp", "instability")
    gamma = np.empty((len(curves), len(qs), len(ratios)))
    for j, q in enumerate(qs):
        for k, L in enumerate(map(float, ratios)):
            at_one, (h, s) = (L, (1.0,), 1 - q * q), ef_lyapunov.sharp_instance(L, 1.0)
            sharp = float(ef21.step_size_sharp(*at_one))
            unstable = ef_lyapunov.stability_threshold(q=q, h=h, s=s, upper=3 * sharp)
            gamma[:, j, k] = float(ef21.step_size_am(*at_one)), float(ef21.step_size_root(*at_one)), sharp, unstable

    horizons = tuple(range(1, 13 if full else 9))
    looseness = np.array([[2 / ((1 - q) * k) / ef_pep.pep(k, 1 - q, q=q, c=0.5).value for k in horizons] for q in qs])
    return xr.Dataset(
        {
            "grad2": (["kappa", "step_size", "step"], np.array(grad2), {"long_name": "|grad f(x)|^2"}),
            "L_var": (["kappa"], np.array(variance), {"long_name": "variance of the L_i"}),
            "gamma": (["curve", "q", "ratio"], gamma, {"units": "1/L_AM"}),
            "looseness": (["q", "T"], looseness, {"long_name": "bound / exact worst case"}),
        },
        coords={
            "kappa": list(kappas), "step_size": list(STEPS), "step": np.arange(T + 1), "curve": list(curves), "q": list(qs),
            "ratio": ratios, "T": list(horizons),
        },
        attrs={"coordinates_sent_a_step": n, "budget": budget, "problem": "sine least squares, Top1, d = 5, n = 10"},
    )  # fmt: skip


def draw(data: Any) -> Any:
    """The figure, from the dataset alone."""
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(6.75, 4.3), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    _gradients(top, data)
    _steps(bottom, data)
    return figure


def _gradients(figure: Any, data: Any) -> None:
    axes = figure.subplots(1, data.sizes["kappa"], sharey=True)
    sent = data.step.values * data.attrs["coordinates_sent_a_step"] / 1000
    for axis, kappa in zip(axes, data.kappa.values, strict=True):
        part = data.sel(kappa=kappa)
        for name in data.step_size.values:
            shown = {"color": COLOURS[str(name)], "label": STEPS[str(name)]}
            axis.semilogy(sent, part.grad2.sel(step_size=name), "--" if name == "am" else "-", **shown)
        title = rf"$L_{{\mathrm{{var}}}} = {float(part.L_var):.4g}$"
        axis.set(xlabel="coordinates sent (thousands)", title=title)
        axis.set_ylim(bottom=1e-20)  # below, rounding sets the level
    axes[0].set_ylabel(r"$\|\nabla f(x^t)\|^2$")
    axes[-1].legend(frameon=False, title="EF21, Top1", loc="upper right")
    figure.suptitle("(a) The gain of the arithmetic mean vanishes with the variance of the $L_i$")


def _steps(figure: Any, data: Any) -> None:
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    labels = {"am": r"$\gamma_{\mathrm{AM}}$", "root": r"$\gamma_{\mathrm{root}}$", "sharp": r"$\gamma_*$"}
    for k, q in enumerate(data.q.values):
        for name, style in (("am", "--"), ("root", ":"), ("sharp", "-")):
            shown = {"color": COLOURS[name], "label": labels[name] if k == 0 else None}
            left.semilogy(data.ratio, data.gamma.sel(curve=name, q=q), style, **shown)
        measured = data.gamma.sel(curve="instability", q=q)
        seen = "measured instability" if k == 0 else None
        marked: dict[str, Any] = {"ms": 3, "mfc": "none", "color": "black", "label": seen}
        left.semilogy(data.ratio[::3], measured[::3], "o", **marked)
        end = (float(data.ratio[-1]), float(measured[-1]))
        left.annotate(f"q = {q:g}", end, xytext=(6, 0), textcoords="offset points", va="center", fontsize=7)
    left.set(xlabel=r"$L / L_{\mathrm{AM}}$ (no unit)", ylabel=r"step size $\gamma$ (unit $1/L_{\mathrm{AM}}$)")
    left.set(xlim=(0, 1.12))
    left.set_ylim(top=12)  # room for the legend
    left.legend(frameon=False, ncols=4, loc="upper left", columnspacing=1, handlelength=1.5)
    left.set_title("(b) Step sizes, and where two workers become unstable")
    for k, q in enumerate(data.q.values):
        shade = str(0.65 - 0.65 * k / (data.sizes["q"] - 1))
        right.semilogy(data["T"], data.looseness.sel(q=q), "o-", ms=3, color=shade, label=f"q = {q:g}")
    right.axhline(1.0, color=COLOURS["sharp"], lw=1)
    right.set_yticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    right.minorticks_off()
    right.set(xlabel="steps $T$", ylabel="bound / exact worst case")
    right.legend(frameon=False)
    right.set_title(r"(c) Slack of the theorem at $\gamma = (1 - q)/L$")
