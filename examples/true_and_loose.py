"""The same method on strongly convex functions, with a textbook bound that nobody attains: true and loose."""

from gradproof import experiment, own_claim
from gradproof.testing import points, smooth_strongly_convex

CLAIM = own_claim(
    "example.gd-loose",
    "Distance to the minimizer, by a rate per step of 1 - gamma mu",
    parameters={
        "mu": "strong convexity",
        "L": "smoothness",
        "gamma": "step",
        "N": "number of steps",
        "R2": "|x0 - x*|^2",
    },
    assumptions={"class": "f is mu-strongly convex, L-smooth", "order": "mu <= L", "step": "gamma <= 1/L"},
    quantity="|x_N - x_*|^2",
    bound="2*(1 - gamma*mu)**N*R2",
)


@experiment(CLAIM, needs=("step",), f=lambda mu, L: smooth_strongly_convex(mu, L), x0=lambda f: points(f))
def squared_distance(f, x0, gamma, N):
    """Gradient descent on strongly convex functions."""
    x, star = x0, f.minimizer
    for _ in range(N):
        x = x - gamma * f.gradient(x)
    return (x - star) @ (x - star), {"R2": (x0 - star) @ (x0 - star)}
