"""The report at the end of a training run: threshold, every bound with its tightness, and whether the step is stable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from gradproof.solvers.moments.bounds import NECESSARY, Bounds, bounds
from gradproof.solvers.moments.curvatures import from_jacobian
from gradproof.solvers.moments.threshold import Threshold, stability_threshold
from gradproof.theory.errors import ParameterError


@dataclass(frozen=True)
class StabilityReport:
    """What the Jacobian at a minimum says about the step sizes that SGD can stay with there.

    Args:
        threshold: eta* with its error bound and eigenmatrix.
        bounds: necessary and sufficient conditions, as step sizes.
        trace, sharpness: ``Tr(H)`` and ``lambda_max(H)``.
        eta: the step size of the run, if it was given.
    """

    threshold: Threshold
    bounds: Bounds
    trace: float
    sharpness: float
    eta: float | None = None

    @property
    def tightness(self) -> dict[str, float]:
        """``bound / eta*`` by name."""
        return self.bounds.tightness(self.threshold.value)

    @property
    def stable(self) -> bool | None:
        """Whether SGD at ``eta`` can stay; None without ``eta``, or where eta* is within its error of ``eta``."""
        if self.eta is None:
            return None
        if self.eta <= self.threshold.lower:
            return True
        return False if self.eta > self.threshold.upper else None

    def rows(self) -> list[tuple[str, str, float, float]]:
        """``(kind, name, step size, step size / eta*)``, in increasing order of the step size."""
        kind = {name: "necessary" if name in NECESSARY else "sufficient" for name, _ in self.bounds.items()}
        table = [(kind[name], name, value, self.tightness[name]) for name, value in self.bounds.items()]
        return sorted([*table, ("exact", "eta_star", self.threshold.value, 1.0)], key=lambda row: row[2])

    def __str__(self) -> str:
        t = self.threshold
        sampling = "with" if t.replacement else "without"
        lines = [
            f"n = {t.curvatures.n} samples, d = {t.curvatures.dimension}, rank {t.curvatures.rank}; "
            f"batch {t.batch_size} {sampling} replacement",
            f"Tr(H) = {self.trace:.6g}, lambda_max(H) = {self.sharpness:.6g}",
        ]
        lines += [
            f"{kind:>10}  {name:<10}  eta = {value:<12.9g}  ratio {ratio:.6g}"
            for kind, name, value, ratio in self.rows()
        ]
        if self.eta is not None:
            answer = {True: "stable", False: "unstable", None: "undecided: eta is within the error of eta*"}[
                self.stable
            ]
            lines.append(f"eta = {self.eta:.9g}: {answer}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{kind}</td><td><code>{name}</code></td><td>{value:.6g}</td><td>{ratio:.4g}</td></tr>"
            for kind, name, value, ratio in self.rows()
        )
        first, second, *rest = str(self).splitlines()
        last = f"<p>{rest[-1]}</p>" if self.eta is not None else ""
        head = "<tr><th></th><th></th><th>step size</th><th>ratio to eta*</th></tr>"
        return f"<p>{first}<br>{second}</p><table>{head}{cells}</table>{last}"

    def plot(self, ax: Any = None) -> Any:
        """Draw the step sizes on one axis: sufficient, exact, necessary, and the run's own. Returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
        colours = {"sufficient": "tab:green", "exact": "black", "necessary": "tab:red"}
        shown = [row for row in self.rows() if math.isfinite(row[2])]
        for y, (kind, _, value, _) in enumerate(shown):
            ax.plot(value, y, "o", color=colours[kind], label=kind)
        ax.set_yticks(range(len(shown)), [name for _, name, _, _ in shown])
        if self.eta is not None:
            ax.axvline(self.eta, color="tab:blue", linestyle="--", label="eta of the run")
        ax.set_xscale("log")
        ax.set_xlabel("step size")
        handles, labels = ax.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        ax.legend(unique.values(), unique.keys(), fontsize="small")
        return ax


def stability_report(
    jacobian: Any, *args: Any, batch_size: int = 1, replacement: bool = False, eta: float | None = None
) -> StabilityReport:
    """Threshold, bounds and tightness for a user's own model at a minimum of the square loss ``mean_i |f_i - y_i|^2 / 2``.

    Args:
        jacobian: per-sample Jacobian rows (n, d), or (n, k, d) for k outputs; or a function that returns them when it
            is called with ``args``, such as ``jax.jacrev(model)``. NumPy, JAX or torch.
        batch_size, replacement: the sampling of the run.
        eta: its step size, to be compared with the threshold.

    Raises:
        ParameterError: bad shapes or values; arguments without a function.
        NotConverged: an iteration failed.
    """
    if callable(jacobian):
        jacobian = jacobian(*args)
    elif args:
        raise ParameterError(
            f"got {len(args)} more arguments, but the Jacobian is an array; pass a function to call it with them"
        )
    if eta is not None and not (isinstance(eta, int | float) and 0 <= eta < math.inf):
        raise ParameterError(f"eta = {eta!r}; a step size is a finite number >= 0")
    curvatures = from_jacobian(jacobian)
    threshold = stability_threshold(curvatures, batch_size=batch_size, replacement=replacement)
    found = bounds(curvatures, batch_size=batch_size, replacement=replacement, threshold=threshold)
    return StabilityReport(threshold, found, curvatures.trace, curvatures.sharpness, eta)
