"""The triple momentum method of Van Scoy, Freeman and Lynch."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, N, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="triple-momentum",
    authors=("Van Scoy", "Freeman", "Lynch"),
    year=2018,
    family="classical",
    title="The fastest known globally convergent first-order method for minimizing strongly convex functions",
    venue="IEEE Control Systems Letters 2",
)
_mu, _L, _N = mu.symbol, L.symbol, N.symbol

FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ steps",
    "f(x_N)-f_*",
    (1 - sp.sqrt(_mu / _L)) ** (2 * _N) * _L**2 / (2 * _mu),
    r"\|x_0-x_*\|^2",
    (mu, L, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L, Assumption("curved", r"$\mu>0$", sp.Gt(_mu, 0))),
    tight=True,
    source="Theorem 1, equation (4)",
    confidence="recalled",
    remark=r"an upper bound in the source, found attained at the gallery's settings, where $\sqrt{\mu/L}$ is rational",
)
register(FUNCTION_VALUE)
