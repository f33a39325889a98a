"""Stochastic gradient steps over finite sums, one step, in expectation."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, L, gamma, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="sgd",
    authors=("Ma", "Bassily", "Belkin"),
    year=2018,
    family="classical",
    arxiv="1712.06559",
    title="The power of interpolation: understanding the effectiveness of SGD in modern over-parametrized learning",
    venue="ICML",
)
_mu, _L, _g = mu.symbol, L.symbol, gamma.symbol
n = Parameter("n", "number of functions in the sum", domain=COUNT)

INTERPOLATION = rate(
    PAPER,
    "interpolation",
    "Expected squared distance after one step when all functions share a minimiser",
    r"\mathbb E\|x_1-x_*\|^2",
    sp.Max((1 - _g * _mu) ** 2, (1 - _g * _L) ** 2),
    r"\|x_0-x_*\|^2",
    (mu, L, gamma, n),
    (
        Assumption("each", r"every $f_i\in\mathcal F_{\mu,L}$"),
        Assumption("interpolation", r"$\nabla f_i(x_*)=0$ for all $i$"),
        MU_BELOW_L,
    ),
    tight=True,
    source="one gradient step on each function: Taylor, Hendrickx, Glineur (2018), arXiv:1705.04398",
)
register(INTERPOLATION)
