"""Gradient descent ``x_{k+1} = x_k - gamma grad f(x_k)``: worst cases over the standard classes."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import (
    CONVEX,
    MINIMISER,
    MU_BELOW_L,
    SMOOTH,
    STRONGLY_CONVEX,
    L,
    N,
    gamma,
    mu,
    rate,
    step_at_most,
    step_below,
)
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="gd",
    authors=("Taylor", "Hendrickx", "Glineur"),
    year=2017,
    family="classical",
    arxiv="1502.05666",
    title="Smooth strongly convex interpolation and exact worst-case performance of first-order methods",
    venue="Mathematical Programming 161",
)
_mu, _L, _g, _N = mu.symbol, L.symbol, gamma.symbol, N.symbol
_h = _g * _L
DISTANCE, GAP = r"\|x_0-x_*\|^2", "(f(x_0)-f_*)"
BELOW_2L = step_below(2 / _L)

CONTRACTION = rate(
    PAPER,
    "contraction",
    "Squared distance to the minimiser after $N$ steps",
    r"\|x_N-x_*\|^2",
    sp.Max((1 - _g * _mu) ** 2, (1 - _h) ** 2) ** _N,
    DISTANCE,
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L),
    tight=True,
    source="Polyak (1963); exact: Taylor, Hendrickx, Glineur (2018), arXiv:1705.04398",
)
# sum of (1 - gamma mu)^-j over j = 1..2N, written without the sum
_growth = sp.Piecewise((2 * _N, sp.Eq(_mu, 0)), (((1 - _g * _mu) ** (-2 * _N) - 1) / (_g * _mu), True))
FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    "Function value after $N$ steps",
    "f(x_N)-f_*",
    _L / 2 * sp.Max(1 / (1 + _h * _growth), (1 - _h) ** (2 * _N)),
    DISTANCE,
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L, BELOW_2L, MINIMISER),
    tight=True,
    source=r"Drori, Teboulle (2014), arXiv:1206.3209, Theorem 3.1 ($\mu = 0$, $\gamma \le 1/L$); the paper, "
    r"Conjectures 1, 2",
    remark=r"$\mu = 0$ is the convex case: $L/(4 N \gamma L + 2)$ for short steps. Proved here for all "
    r"$\gamma \le 1/L$ with $\mu = 0$; elsewhere the sources conjecture it, and it is proved here at concrete "
    r"parameters",
)
FUNCTION_CONTRACTION = rate(
    PAPER,
    "function-contraction",
    "Function value against the initial one",
    "f(x_N)-f_*",
    sp.Max((1 - _g * _mu) ** 2, (1 - _h) ** 2) ** _N,
    GAP,
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L, BELOW_2L),
    tight=True,
    source="Taylor, Hendrickx, Glineur (2018), arXiv:1705.04398",
)
GRADIENT_CONTRACTION = rate(
    PAPER,
    "gradient-contraction",
    "Squared gradient norm against the initial one",
    r"\|\nabla f(x_N)\|^2",
    sp.Max((1 - _g * _mu) ** 2, (1 - _h) ** 2) ** _N,
    r"\|\nabla f(x_0)\|^2",
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L),
    tight=True,
    source="Taylor, Hendrickx, Glineur (2018), arXiv:1705.04398",
)
GRADIENT_CONVEX = rate(
    PAPER,
    "gradient-convex",
    "Squared gradient norm after $N$ steps, convex case",
    r"\|\nabla f(x_N)\|^2",
    _L**2 * sp.Max(1 / (_N * _h + 1) ** 2, (1 - _h) ** (2 * _N)),
    DISTANCE,
    (L, gamma, N),
    (CONVEX, SMOOTH, BELOW_2L, MINIMISER),
    tight=True,
    source=r"Taylor, Hendrickx, Glineur (2017), Conjecture 3 with $\mu = 0$",
    confidence="recalled",
    remark="a conjecture in the source; checked here at concrete parameters",
)
GRADIENT_NONCONVEX = rate(
    PAPER,
    "gradient-nonconvex",
    "Smallest squared gradient norm along $N$ steps, nonconvex case",
    r"\min_{k\le N}\|\nabla f(x_k)\|^2",
    4 / (_N * _g * sp.Min(4 - _h, 4 - _h**2) + 2 / _L),
    r"(f(x_0)-\inf f)",
    (L, gamma, N),
    (SMOOTH, Assumption("lower-bounded", r"$f$ is bounded below"), step_below(sp.sqrt(3) / _L)),
    tight=True,
    source="Abbaszadehpeivasti, de Klerk, Zamani (2022), arXiv:2104.05468",
)
QUADRATICS = rate(
    PAPER,
    "quadratics",
    "Function value after $N$ steps on convex quadratics",
    "f(x_N)-f_*",
    sp.Max((2 * _N / (2 * _N + 1)) ** (2 * _N) / (2 * _g * (2 * _N + 1)), _L / 2 * (1 - _h) ** (2 * _N)),
    DISTANCE,
    (L, gamma, N),
    (
        Assumption("quadratic", r"$f=\frac12\langle x-x_*,Q(x-x_*)\rangle+f_*$ with $0\preceq Q\preceq L I$"),
        BELOW_2L,
        Assumption("not-tiny", r"$\gamma\ge 1/((2N+1)L)$", sp.Ge(_g, 1 / ((2 * _N + 1) * _L))),
    ),
    tight=True,
    source=r"largest $\lambda (1-\gamma \lambda)^{2N}/2$ over the spectrum; Bousselmi, Hendrickx, Glineur (2024), "
    r"arXiv:2302.08781",
)
PL = rate(
    PAPER,
    "pl",
    "Function value under the Polyak-Lojasiewicz inequality",
    "f(x_N)-f_*",
    (1 - 2 * _mu * _g * (1 - _h / 2)) ** _N,
    GAP,
    (mu, L, gamma, N),
    (
        SMOOTH,
        Assumption("pl", r"$\|\nabla f\|^2\ge2\mu(f-f_*)$"),
        Assumption("mu-at-most-L", r"$\mu\le L$", sp.Le(_mu, _L)),
        step_at_most(2 / _L),
    ),
    tight=False,
    source="Polyak (1963); Karimi, Nutini, Schmidt (2016), arXiv:1608.04636, Theorem 1",
)

register(
    CONTRACTION,
    FUNCTION_VALUE,
    FUNCTION_CONTRACTION,
    GRADIENT_CONTRACTION,
    GRADIENT_CONVEX,
    GRADIENT_NONCONVEX,
    QUADRATICS,
    PL,
)
