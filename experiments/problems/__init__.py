"""Families of problems shared by the papers: frozen arrays with batched values and gradients, one row a client."""

from gradproof.experiments.problems.finite_sum import LeastSquares, Logistic, Problem, Quadratics
from gradproof.experiments.problems.synthetic import sine_least_squares

__all__ = ["LeastSquares", "Logistic", "Problem", "Quadratics", "sine_least_squares"]
