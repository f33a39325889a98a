"""Private forecasting in numbers: enclosed privacy curves, exact risks of linear forecasters, and runs on counts."""

from gradproof.experiments.privacy.dp_forecasting import controls, measures, measures_risk, measures_runs

__all__ = ["controls", "measures", "measures_risk", "measures_runs"]
