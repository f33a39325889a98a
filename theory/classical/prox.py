"""The proximal point method ``x_{k+1} = prox_{gamma f}(x_k)`` over convex and strongly convex functions."""

from gradproof.theory.classical._words import CONVEX, MINIMISER, STRONGLY_CONVEX, N, gamma, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="prox",
    authors=("Taylor", "Hendrickx", "Glineur"),
    year=2017,
    family="classical",
    arxiv="1512.07516",
    title="Exact worst-case performance of first-order methods for composite convex optimization",
    venue="SIAM Journal on Optimization 27",
)
_mu, _g, _N = mu.symbol, gamma.symbol, N.symbol
DISTANCE = r"\|x_0-x_*\|^2"

FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ proximal steps",
    "f(x_N)-f_*",
    1 / (4 * _g * _N),
    DISTANCE,
    (gamma, N),
    (CONVEX, MINIMISER),
    tight=True,
    source="Theorem 4.1",
)
GRADIENT = rate(
    PAPER,
    "gradient",
    "Squared norm of the subgradient used last",
    r"\|g_N\|^2",
    1 / (_g * _N) ** 2,
    DISTANCE,
    (gamma, N),
    (CONVEX, MINIMISER),
    tight=True,
    source="Section 4, a conjecture there",
    confidence="recalled",
)
CONTRACTION = rate(
    PAPER,
    "contraction",
    "Squared distance after $N$ proximal steps, strongly convex case",
    r"\|x_N-x_*\|^2",
    (1 + _g * _mu) ** (-2 * _N),
    DISTANCE,
    (mu, gamma, N),
    (STRONGLY_CONVEX, MINIMISER),
    tight=True,
    source=r"Rockafellar (1976); attained by $\mu \|x\|^2/2$",
)
register(FUNCTION_VALUE, GRADIENT, CONTRACTION)
