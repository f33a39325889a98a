"""diffGrad in numbers: identities, exact thresholds and regrets, runs, controls."""

from gradproof.experiments.adaptive.diffgrad import controls, exact, runs, symbolic

__all__ = ["controls", "exact", "runs", "symbolic"]
