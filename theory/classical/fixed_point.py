"""Fixed points of nonexpansive operators: Halpern and Krasnoselskii-Mann iterations."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import N, gamma, rate
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="fixed-point",
    authors=("Lieder",),
    year=2021,
    family="classical",
    title="On the convergence rate of the Halpern-iteration",
    venue="Optimization Letters 15",
)
_g, _N = gamma.symbol, N.symbol
NONEXPANSIVE = Assumption("nonexpansive", r"$\|Tx-Ty\|\le\|x-y\|$")
FIXED = Assumption("fixed-point", "$T$ has a fixed point $x_*$")
DISTANCE = r"\|x_0-x_*\|^2"
c = Parameter("c", "the operator is $(1/c)$-Lipschitz, $c > 1$", domain=sp.Interval.open(1, sp.oo))
_c = c.symbol

HALPERN = rate(
    PAPER,
    "halpern",
    "Squared residual after $N$ Halpern steps",
    r"\|x_N-Tx_N\|^2",
    4 / (_N + 1) ** 2,
    DISTANCE,
    (N,),
    (NONEXPANSIVE, FIXED),
    tight=True,
    source="Theorem 2.1",
)
KRASNOSELSKII_MANN = rate(
    PAPER,
    "krasnoselskii-mann",
    r"Squared residual after $N$ averaged steps of weight $\gamma$",
    r"\frac14\|x_N-Tx_N\|^2",
    (_N / (_N + 1)) ** _N / ((_N + 1) * 4 * _g * (1 - _g)),
    DISTANCE,
    (gamma, N),
    (
        NONEXPANSIVE,
        FIXED,
        Assumption(
            "weight", r"$\frac12\le\gamma\le\frac12(1+\sqrt{N/(N+1)})$", sp.Le((2 * _g - 1) ** 2, _N / (_N + 1))
        ),
        Assumption("half", r"$\gamma\ge\frac12$", sp.Ge(_g, sp.Rational(1, 2))),
    ),
    tight=True,
    source="Lieder (2018), PhD thesis, Duesseldorf, Theorem 4.9",
)
CONTRACTIVE_HALPERN = rate(
    PAPER,
    "contractive-halpern",
    "Squared residual after $N$ steps of the optimal Halpern method for contractions",
    r"\|x_N-Tx_N\|^2",
    (1 + 1 / _c) ** 2 * ((_c - 1) / (_c ** (_N + 1) - 1)) ** 2,
    DISTANCE,
    (c, N),
    (Assumption("contraction", r"$\|Tx-Ty\|\le\frac1c\|x-y\|$"), FIXED),
    tight=True,
    source="Park, Ryu (2022), arXiv:2201.11413, Corollary 3.3",
)
register(HALPERN, KRASNOSELSKII_MANN, CONTRACTIVE_HALPERN)
