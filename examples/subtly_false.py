"""Polyak's heavy ball keeps its optimal rate on quadratics, but not on every strongly convex function."""

from gradproof import experiment, own_claim
from gradproof.testing import points, smooth_strongly_convex, sqrt

CLAIM = own_claim(
    "example.heavy-ball",
    "Heavy ball with Polyak's parameters converges at the rate of quadratics",
    parameters={"mu": "strong convexity", "L": "smoothness constant", "N": "number of steps", "R2": "|x0 - x*|^2"},
    assumptions={"class": "f is mu-strongly convex, L-smooth", "order": "mu <= L"},
    quantity="|x_N - x_*|^2",
    bound="(2*N + 1)**2*((sqrt(L) - sqrt(mu))/(sqrt(L) + sqrt(mu)))**(2*N)*R2",
)


@experiment(CLAIM, f=lambda mu, L: smooth_strongly_convex(mu, L), x0=lambda f: points(f))
def squared_distance(f, x0, mu, L, N):
    """Heavy ball on functions with piecewise linear derivative."""
    root, star = (sqrt(L), sqrt(mu)), f.minimizer
    gamma, beta = 4 / (root[0] + root[1]) ** 2, ((root[0] - root[1]) / (root[0] + root[1])) ** 2
    x = before = x0
    for _ in range(N):
        x, before = x - gamma * f.gradient(x) + beta * (x - before), x
    return (x - star) @ (x - star), {"R2": (x0 - star) @ (x0 - star)}
