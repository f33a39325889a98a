"""Inclusions 0 in A x with monotone A: proximal point, its acceleration, forward and forward-backward steps."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import L, N, beta, gamma, mu, rate, step_at_most
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="monotone",
    authors=("Rockafellar",),
    year=1976,
    family="classical",
    title="Monotone operators and the proximal point algorithm",
    venue="SIAM Journal on Control and Optimization 14",
)
_mu, _L, _g, _N, _b = mu.symbol, L.symbol, gamma.symbol, N.symbol, beta.symbol
MONOTONE = Assumption("monotone", "$A$ is maximally monotone")
STRONG = Assumption("strongly-monotone", r"$\langle Ax-Ay,x-y\rangle\ge\mu\|x-y\|^2$")
ZERO = Assumption("zero", "$A$ has a zero $x_*$")
LIPSCHITZ = Assumption("lipschitz", "$A$ is $L$-Lipschitz")
DISTANCE = r"\|x_0-x_*\|^2"

PROXIMAL_POINT = rate(
    PAPER,
    "proximal-point",
    "Squared last step of the proximal point method",
    r"\|x_N-x_{N-1}\|^2",
    (1 - 1 / _N) ** (_N - 1) / _N,
    DISTANCE,
    (N,),
    (MONOTONE, ZERO, Assumption("two-steps", r"$N\ge2$", sp.Ge(_N, 2))),
    tight=True,
    source="Gu, Yang (2020), arXiv:1902.09075",
)
CONTRACTION = rate(
    PAPER,
    "proximal-contraction",
    "Squared distance after $N$ resolvent steps",
    r"\|x_N-x_*\|^2",
    (1 + _g * _mu) ** (-2 * _N),
    DISTANCE,
    (mu, gamma, N),
    (STRONG, ZERO),
    tight=True,
    source=r"attained by $A = \mu I$",
)
ACCELERATED = rate(
    PAPER,
    "accelerated-proximal-point",
    "Squared last step of the accelerated proximal point method",
    r"\|x_N-y_N\|^2",
    1 / _N**2,
    DISTANCE,
    (N,),
    (MONOTONE, ZERO),
    tight=True,
    source="Kim (2021), arXiv:1905.05149, Theorem 4.1",
)
FORWARD = rate(
    PAPER,
    "forward",
    "Squared distance after $N$ forward steps on a strongly monotone Lipschitz operator",
    r"\|x_N-x_*\|^2",
    (1 - 2 * _g * _mu + _g**2 * _L**2) ** _N,
    DISTANCE,
    (mu, L, gamma, N),
    (STRONG, LIPSCHITZ, ZERO, Assumption("mu-at-most-L", r"$\mu\le L$", sp.Le(_mu, _L))),
    tight=True,
    source="Ryu, Boyd (2016), A primer on monotone operator methods, Section 5",
)
COCOERCIVE = rate(
    PAPER,
    "cocoercive",
    "Squared residual of $N$ forward steps on a cocoercive operator",
    r"\|Ax_N\|^2",
    1 / (_N * _g * (2 * _b - _g)),
    DISTANCE,
    (beta, gamma, N),
    (
        Assumption("cocoercive", r"$\langle Ax-Ay,x-y\rangle\ge\beta\|Ax-Ay\|^2$"),
        ZERO,
        step_at_most(2 * _b),
        Assumption("short", r"$\gamma<2\beta$", sp.Lt(_g, 2 * _b)),
    ),
    tight=False,
    source=r"sum of $\|x_{k+1} - x_*\|^2 \le \|x_k - x_*\|^2 - \gamma (2 \beta - \gamma) \|A x_k\|^2$; Ryu, Boyd "
    r"(2016), Section 5",
)
register(PROXIMAL_POINT, CONTRACTION, ACCELERATED, FORWARD, COCOERCIVE)
