"""The Frank-Wolfe (conditional gradient) method with step 2/(k+2)."""

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import CONVEX, SMOOTH, D, L, N, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="frank-wolfe",
    authors=("Jaggi",),
    year=2013,
    family="classical",
    title="Revisiting Frank-Wolfe: projection-free sparse convex optimization",
    venue="ICML",
)
_L, _N, _D = L.symbol, N.symbol, D.symbol

FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ steps",
    "f(x_N)-f_*",
    2 * _L * _D**2 / (_N + 2),
    "",
    (L, D, N),
    (CONVEX, SMOOTH, Assumption("diameter", "the feasible set is convex, closed, of diameter $D$")),
    tight=False,
    source="Theorem 1",
)
register(FUNCTION_VALUE)
