"""Train longer in numbers: covariances and paths by enumeration, hitting times, drawn potentials, ghost batches, and controls."""

from gradproof.experiments.landscape.train_longer import controls, measures, measures_walks

__all__ = ["controls", "measures", "measures_walks"]
