"""The proximal gradient method ``x_{k+1} = prox_{gamma h}(x_k - gamma grad f(x_k))``, and projected gradient."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, N, gamma, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="proximal-gradient",
    authors=("Taylor", "Hendrickx", "Glineur"),
    year=2018,
    family="classical",
    arxiv="1705.04398",
    title="Exact worst-case convergence rates of the proximal gradient method for composite convex minimization",
    venue="Journal of Optimization Theory and Applications 178",
)
_mu, _L, _g, _N = mu.symbol, L.symbol, gamma.symbol, N.symbol
COMPOSITE = Assumption("composite", "$h$ is convex, closed and proper")
_factor = sp.Max((1 - _g * _mu) ** 2, (1 - _g * _L) ** 2) ** _N

CONTRACTION = rate(
    PAPER,
    "contraction",
    "Squared distance after $N$ proximal gradient steps",
    r"\|x_N-x_*\|^2",
    _factor,
    r"\|x_0-x_*\|^2",
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, COMPOSITE, MU_BELOW_L),
    tight=True,
    source="Theorem 3.1",
)
PROJECTED = rate(
    PAPER,
    "projected-contraction",
    "Squared distance after $N$ projected gradient steps",
    r"\|x_N-x_*\|^2",
    _factor,
    r"\|x_0-x_*\|^2",
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, Assumption("projection", "$h$ is the indicator of a closed convex set"), MU_BELOW_L),
    tight=True,
    source="Theorem 3.1 with $h$ an indicator",
)
FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ proximal gradient steps of size $1/L$",
    "F(x_N)-F_*",
    _L / (4 * _N),
    r"\|x_0-x_*\|^2",
    (L, N),
    (Assumption("convex", "$f$ is convex"), SMOOTH, COMPOSITE),
    tight=True,
    confidence="recalled",
    source="Taylor, Hendrickx, Glineur (2017), arXiv:1512.07516, Section 4",
)
register(CONTRACTION, PROJECTED, FUNCTION_VALUE)
