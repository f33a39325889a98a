"""Hessians of over-parametrised networks in numbers: exact ranks and spectra, networks on digits, random matrices."""

from gradproof.experiments.landscape.overparam_hessian import controls, measures, measures_runs

__all__ = ["controls", "measures", "measures_runs"]
