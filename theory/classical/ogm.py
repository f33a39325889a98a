"""The optimised gradient method of Drori, Teboulle, Kim and Fessler, and its mirror image for the gradient norm."""

from gradproof.theory.classical._words import CONVEX, MINIMISER, SMOOTH, L, N, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="ogm",
    authors=("Kim", "Fessler"),
    year=2016,
    family="classical",
    arxiv="1406.5468",
    title="Optimized first-order methods for smooth convex minimization",
    venue="Mathematical Programming 159",
)
_L, _N = L.symbol, N.symbol

ONE_STEP = rate(
    PAPER,
    "one-step",
    "Function value after the single optimised step",
    "f(x_1)-f_*",
    _L / 8,
    r"\|x_0-x_*\|^2",
    (L,),
    (CONVEX, SMOOTH, MINIMISER),
    tight=True,
    source=r"Theorem 2 with $N = 1$, $\theta_1 = 2$",
)
FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ optimised steps",
    "f(x_N)-f_*",
    _L / (_N + 1) ** 2,
    r"\|x_0-x_*\|^2",
    (L, N),
    (CONVEX, SMOOTH, MINIMISER),
    tight=False,
    source=r"Theorem 2, $L/(2 \theta_N^2) \le L/(N+1)^2$",
    remark=r"one kind of evidence: the $\theta_k$ are irrational, and a certificate would be of the method with rounded ones",
)
GRADIENT = rate(
    PAPER,
    "gradient",
    "Squared gradient after $N$ steps of the method optimised for it",
    r"\|\nabla f(x_N)\|^2",
    4 * _L / (_N + 1) ** 2,
    "(f(x_0)-f_*)",
    (L, N),
    (CONVEX, SMOOTH, MINIMISER),
    tight=False,
    source=r"Kim, Fessler (2021), arXiv:1803.06600, Theorem 6.1: $2 L/\theta_0^2 \le 4 L/(N+1)^2$",
    remark=FUNCTION_VALUE.remark,
)
register(ONE_STEP, FUNCTION_VALUE, GRADIENT)
