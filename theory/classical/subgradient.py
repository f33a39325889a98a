"""The subgradient method over convex M-Lipschitz functions."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import CONVEX, M, N, R, gamma, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="subgradient",
    authors=("Shor",),
    year=1985,
    family="classical",
    title="Minimization methods for non-differentiable functions",
    venue="Springer",
)
_g, _N, _M, _R = gamma.symbol, N.symbol, M.symbol, R.symbol
_HYPOTHESES = (
    CONVEX,
    Assumption("lipschitz", r"$\|g\|\le M$ for all subgradients $g$"),
    Assumption("start", r"$\|x_0-x_*\|\le R$"),
)

BEST_VALUE = rate(
    PAPER,
    "best-value",
    r"Best function value of $N$ steps of size $R/(M \sqrt{N+1})$",
    r"\min_{k\le N}f(x_k)-f_*",
    _M * _R / sp.sqrt(_N + 1),
    "",
    (M, R, N),
    _HYPOTHESES,
    tight=True,
    source="Drori, Teboulle (2016), arXiv:1409.2636, Appendix A",
)
FIXED_STEP = rate(
    PAPER,
    "fixed-step",
    r"Best function value of $N$ steps of size $\gamma$",
    r"\min_{k\le N}f(x_k)-f_*",
    (_R**2 + (_N + 1) * _g**2 * _M**2) / (2 * (_N + 1) * _g),
    "",
    (M, R, gamma, N),
    _HYPOTHESES,
    tight=False,
    source="Nesterov (2004), Introductory lectures on convex optimization, Section 3.2.3",
)
register(BEST_VALUE, FIXED_STEP)
