"""gradproof: check the convergence theory of gradient methods by machine."""

__version__ = "0.1.0"
