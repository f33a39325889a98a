"""Stationary Gaussian moments: linear recursions with random matrices, Langevin samplers on quadratics, delays, distances.

Exact input (ints and fractions) gives exact output, and stability is then decided by exact arithmetic; floats come with
a bound on the error. Sources: Brosse, Durmus, Moulines (2018), arXiv:1811.10072; Chen et al. (2016), arXiv:1610.06664.
"""

from gradproof.solvers.gaussian.delay import Delay, critical, cyclic_delay, is_stable, random_delay
from gradproof.solvers.gaussian.langevin import FiniteSum, covariance, quadratic, regression, threshold
from gradproof.solvers.gaussian.line import Line, langevin_on_the_line
from gradproof.solvers.gaussian.moments import Moment, fractions, semidefinite, settles, stationary
from gradproof.solvers.gaussian.small_steps import small_steps
from gradproof.solvers.gaussian.transport import bures, bures_between, kullback_leibler, wasserstein

__all__ = [
    "Delay",
    "FiniteSum",
    "Line",
    "Moment",
    "bures",
    "bures_between",
    "covariance",
    "critical",
    "cyclic_delay",
    "fractions",
    "is_stable",
    "kullback_leibler",
    "langevin_on_the_line",
    "quadratic",
    "random_delay",
    "regression",
    "semidefinite",
    "settles",
    "small_steps",
    "stationary",
    "threshold",
    "wasserstein",
]
