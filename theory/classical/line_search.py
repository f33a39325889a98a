"""Gradient descent with exact line search, with exact and with inexact search directions."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, N, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import UNIT_ROPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="line-search",
    authors=("de Klerk", "Glineur", "Taylor"),
    year=2017,
    family="classical",
    arxiv="1606.09365",
    title="On the worst-case complexity of the gradient method with exact line search for smooth strongly convex functions",
    venue="Optimization Letters 11",
)
_mu, _L, _N = mu.symbol, L.symbol, N.symbol
epsilon = Parameter("epsilon", "relative inaccuracy of the direction", domain=UNIT_ROPEN, latex=r"\varepsilon")
_e = epsilon.symbol
_inexact = (((1 + _e) * _L - (1 - _e) * _mu) / ((1 + _e) * _L + (1 - _e) * _mu)) ** (2 * _N)
RELATIVE = Assumption("relative-error", r"$\|d-\nabla f(x)\|\le\varepsilon\|\nabla f(x)\|$")
CURVED = Assumption("curved", r"$\mu>0$", sp.Gt(_mu, 0))

EXACT = rate(
    PAPER,
    "exact",
    "Function value after $N$ steps with exact line search",
    "f(x_N)-f_*",
    ((_L - _mu) / (_L + _mu)) ** (2 * _N),
    "(f(x_0)-f_*)",
    (mu, L, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L),
    tight=True,
    source="Theorem 1.2",
)
INEXACT_STEP = rate(
    PAPER,
    "inexact-step",
    r"Function value after $N$ steps along inexact gradients, step $2/((1 + \varepsilon)L + (1 - \varepsilon)\mu)$",
    "f(x_N)-f_*",
    _inexact,
    "(f(x_0)-f_*)",
    (mu, L, epsilon, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L, CURVED, RELATIVE),
    tight=True,
    source="de Klerk, Glineur, Taylor (2020), arXiv:1709.05191, Theorem 5.3",
)
register(EXACT, INEXACT_STEP)
