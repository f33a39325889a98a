"""FISTA, the accelerated proximal gradient method, with the momentum (k-1)/(k+2)."""

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import SMOOTH, L, N, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="fista",
    authors=("Beck", "Teboulle"),
    year=2009,
    family="classical",
    title="A fast iterative shrinkage-thresholding algorithm for linear inverse problems",
    venue="SIAM Journal on Imaging Sciences 2",
)
_L, _N = L.symbol, N.symbol
_HYPOTHESES = (
    Assumption("convex", "$f$ is convex"),
    SMOOTH,
    Assumption("composite", "$h$ is convex, closed and proper"),
)

FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ steps",
    "F(x_N)-F_*",
    2 * _L / (_N**2 + 5 * _N + 2),
    r"\|x_0-x_*\|^2",
    (L, N),
    _HYPOTHESES,
    tight=True,
    source="exact: Taylor, Hendrickx, Glineur (2017), arXiv:1512.07516, Table 1",
    confidence="recalled",
)
CLASSICAL = rate(
    PAPER,
    "classical",
    "Function value after $N$ steps, the original bound",
    "F(x_N)-F_*",
    2 * _L / (_N + 1) ** 2,
    r"\|x_0-x_*\|^2",
    (L, N),
    _HYPOTHESES,
    tight=False,
    source=r"Theorem 4.4 (for the momenta $t_k = (k+1)/2$ as well, which satisfy $t_{k+1}^2 - t_{k+1} \le t_k^2$)",
)
register(FUNCTION_VALUE, CLASSICAL)
