"""diffGrad in numbers: identities, exact thresholds and regrets, runs, controls."""

from gradproof.experiments.adaptive.diffgrad import controls, digits, exact, examples, runs, symbolic

__all__ = ["controls", "digits", "exact", "examples", "runs", "symbolic"]
