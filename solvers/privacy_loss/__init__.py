"""Privacy of Gaussian mechanisms, with and without sampling, as enclosures: nothing is left to quadrature or truncation.

``gaussian``: one release in closed form; ``renyi``: moments of the privacy loss and what an accountant makes of them;
``pairs``: one sampled step, its loss put on a grid so that it can only look worse, or only better; ``composition``: many
steps by Fourier transforms whose rounding, wrapping and tails are bounded.
"""

from gradproof.solvers.privacy_loss.composition import Ends, sampled_delta, sampled_epsilon
from gradproof.solvers.privacy_loss.gaussian import (
    classical_noise,
    gaussian_delta,
    gaussian_delta_at,
    gaussian_epsilon,
    gaussian_noise,
)
from gradproof.solvers.privacy_loss.renyi import Accounted, renyi_epsilon, sampled_renyi

__all__ = [
    "Accounted",
    "Ends",
    "classical_noise",
    "gaussian_delta",
    "gaussian_delta_at",
    "gaussian_epsilon",
    "gaussian_noise",
    "renyi_epsilon",
    "sampled_delta",
    "sampled_epsilon",
    "sampled_renyi",
]
