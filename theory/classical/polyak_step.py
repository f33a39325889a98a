"""Gradient descent with Polyak's step ``gamma = 2 (f(x) - f_*) / ||grad f(x)||^2``."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, gamma, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="polyak-step",
    authors=("Barre", "Taylor", "d'Aspremont"),
    year=2020,
    family="classical",
    arxiv="2002.00915",
    title="Complexity guarantees for Polyak steps with momentum",
    venue="COLT",
)
_mu, _L, _g = mu.symbol, L.symbol, gamma.symbol

DISTANCE = rate(
    PAPER,
    "distance",
    "Squared distance after one step, given the step size that was taken",
    r"\|x_1-x_*\|^2",
    (_g * _L - 1) * (1 - _g * _mu) / (_g * (_L + _mu) - 1),
    r"\|x_0-x_*\|^2",
    (mu, L, gamma),
    (
        STRONGLY_CONVEX,
        SMOOTH,
        MU_BELOW_L,
        Assumption("polyak", r"$\gamma\|\nabla f(x_0)\|^2=2(f(x_0)-f_*)$"),
        Assumption("long", r"$\gamma\ge1/L$", sp.Ge(_g, 1 / _L)),
        Assumption("short", r"$\gamma\mu\le1$", sp.Le(_g * _mu, 1)),
        Assumption("not-both-ends", r"$\gamma(L+\mu)>1$", sp.Gt(_g * (_L + _mu), 1)),
    ),
    tight=True,
    source="Proposition 1",
    remark=r"at $\mu = 0$ and $\gamma = 1/L$ the bound reads $0/0$, and $x_1$ is some minimiser: that corner is left out",
)
register(DISTANCE)
