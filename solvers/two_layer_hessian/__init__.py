"""The Hessian of a two-layer network as Gauss-Newton part and residual part: dense in floats, exact in rationals, by Lanczos.

``split`` writes both parts down in floats, with a bound on their rounding errors; ``Rational`` does in exact arithmetic, for
ReLU networks on integer data; ``Network`` multiplies by them without writing them down, and ``top`` finds their largest
eigenvalues and bounds what it has missed.
"""

from gradproof.solvers.two_layer_hessian.floats import Split, eigenvalues, split
from gradproof.solvers.two_layer_hessian.lanczos import Network, NotConverged, Ritz, top
from gradproof.solvers.two_layer_hessian.rationals import Rational, quadratic_form

__all__ = ["Network", "NotConverged", "Rational", "Ritz", "Split", "eigenvalues", "quadratic_form", "split", "top"]
