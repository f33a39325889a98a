"""DIFF2 in numbers: budgets of paths in rationals, exact second moments, and runs on real data."""

from gradproof.experiments.privacy.diff2 import measures, measures_runs, measures_utility

__all__ = ["measures", "measures_runs", "measures_utility"]
