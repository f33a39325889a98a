"""Douglas-Rachford splitting ``w+ = w + prox_f(2 prox_h(w) - w) - prox_h(w)``."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, N, gamma, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="douglas-rachford",
    authors=("Giselsson", "Boyd"),
    year=2017,
    family="classical",
    arxiv="1410.8479",
    title="Linear convergence and metric selection for Douglas-Rachford splitting and ADMM",
    venue="IEEE Transactions on Automatic Control 62",
)
_mu, _L, _g, _N = mu.symbol, L.symbol, gamma.symbol, N.symbol
OTHER = Assumption("composite", "$h$ is convex, closed and proper")

CONTRACTION = rate(
    PAPER,
    "contraction",
    "Squared distance to the fixed point after $N$ steps",
    r"\|w_N-w_*\|^2",
    sp.Max(1 / (1 + _g * _mu), _g * _L / (1 + _g * _L)) ** (2 * _N),
    r"\|w_0-w_*\|^2",
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, OTHER, MU_BELOW_L),
    tight=True,
    source="Theorem 2",
)
RESIDUAL = rate(
    PAPER,
    "residual",
    "Squared step after $N$ steps, two monotone operators",
    r"\|w_{N+1}-w_N\|^2",
    (_N / (_N + 1)) ** _N / (_N + 1),
    r"\|w_0-w_*\|^2",
    (N,),
    (Assumption("monotone", "$A$ and $B$ are maximally monotone"), Assumption("zero", "$A+B$ has a zero")),
    tight=True,
    source="proximal point rate of Gu, Yang (2020), arXiv:1902.09075, through Eckstein, Bertsekas (1992)",
)
register(CONTRACTION, RESIDUAL)
