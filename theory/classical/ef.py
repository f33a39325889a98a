"""Error feedback with one worker: the exact contraction of EF21's Lyapunov function."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.classical._words import MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, mu, rate
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="ef",
    authors=("Thomsen", "Taylor", "Dieuleveut"),
    year=2025,
    family="classical",
    title="Tight analyses of first-order methods with error feedback",
)
_mu, _L = mu.symbol, L.symbol
q = Parameter("q", r"root of $1 - \alpha$ for an $\alpha$-contractive compressor", domain=UNIT_OPEN)
_q = q.symbol
_r = (_L - _mu) / (_L + _mu)

EF21 = rate(
    PAPER,
    "ef21-one-worker",
    r"EF21's Lyapunov function over one step, step size $2(1 - q)/((L + \mu)(1 + q))$",
    "V^{t+1}",
    (((1 - _q) * _r + sp.sqrt((1 - _q) ** 2 * _r**2 + 4 * _q)) / 2) ** 2,
    "V^t",
    (mu, L, q),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L, Assumption("contractive", r"$\|C(x)-x\|^2\le q^2\|x\|^2$")),
    tight=True,
    source="the theorem on EF21",
    remark=r"$V = q \|\nabla f(x)\|^2 + \|g - \nabla f(x)\|^2$",
    confidence="recalled",
)
register(EF21)
