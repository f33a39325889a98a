"""Decentralised gradient descent ``x_i+ = sum_j w_ij x_j - gamma grad f_i(x_i)``: contraction to its own fixed point."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, L, N, gamma, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="dgd",
    authors=("Yuan", "Ling", "Yin"),
    year=2016,
    family="classical",
    arxiv="1310.7063",
    title="On the convergence of decentralized gradient descent",
    venue="SIAM Journal on Optimization 26",
)
_mu, _L, _g, _N = mu.symbol, L.symbol, gamma.symbol, N.symbol
w = Parameter("w", "smallest eigenvalue of the mixing matrix", domain=sp.Interval.Ropen(-1, 1))
_w = w.symbol

CONTRACTION = rate(
    PAPER,
    "contraction",
    "Squared distance of all agents to the fixed point after $N$ steps",
    r"\sum_i\|x_i^N-x_i^*\|^2",
    sp.Max((1 - _g * _mu) ** 2, (_g * _L - _w) ** 2) ** _N,
    r"\sum_i\|x_i^0-x_i^*\|^2",
    (mu, L, gamma, w, N),
    (
        Assumption("each", r"every $f_i\in\mathcal F_{\mu,L}$"),
        Assumption("mixing", "the mixing matrix is symmetric, its rows sum to 1, its eigenvalues lie in $[w,1]$"),
        MU_BELOW_L,
    ),
    tight=True,
    source=r"the step is $W - \gamma H$ with $\mu \le H \le L$, so its eigenvalues lie in "
    r"$[w - \gamma L, 1 - \gamma \mu]$",
    confidence="derived",
    remark="attained by equal quadratics for the first term, and for the second where $w$ belongs to an eigenvector "
    "of the network",
)
register(CONTRACTION)
