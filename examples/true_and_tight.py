"""Gradient descent on convex functions: true, and attained by a Huber function (Drori and Teboulle, 2014)."""

from gradproof import experiment, own_claim
from gradproof.testing import points, smooth_convex

CLAIM = own_claim(
    "example.gd-tight",
    "Last value of gradient descent on smooth convex functions",
    parameters={"L": "smoothness constant", "gamma": "step size", "N": "number of steps", "R2": "|x0 - x*|^2"},
    assumptions={"convex": "f is convex", "smooth": "f is L-smooth", "step": "gamma <= 1/L"},
    quantity="f(x_N) - f_*",
    bound="R2/(gamma*(4*N + 2))",
    tight=True,
)


@experiment(CLAIM, needs=("step",), f=lambda L: smooth_convex(L), x0=lambda f: points(f))
def last_value(f, x0, gamma, N):
    """Gradient descent on convex functions with piecewise linear derivative."""
    x = x0
    for _ in range(N):
        x = x - gamma * f.gradient(x)
    d = x0 - f.minimizer
    return f(x) - f.minimum, {"R2": d @ d}
