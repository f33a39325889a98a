"""Heavy ball: where it converges, and where Polyak's tuning, optimal on quadratics, cycles."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.classical._words import MU_BELOW_L, SMOOTH, STRONGLY_CONVEX, L, N, gamma, mu, rate, step_at_most
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.registry import register

PAPER = Paper(
    key="heavy-ball",
    authors=("Polyak",),
    year=1964,
    family="classical",
    title="Some methods of speeding up the convergence of iteration methods",
    venue="USSR Computational Mathematics and Mathematical Physics 4",
)
_mu, _L, _g, _N = mu.symbol, L.symbol, gamma.symbol, N.symbol

FUNCTION_VALUE = rate(
    PAPER,
    "function-value",
    r"Function value after $N$ steps with $\beta^2 = (1 - \gamma \mu)(1 - \gamma L)$",
    "f(x_N)-f_*",
    (1 - _g * _mu) ** _N,
    "(f(x_0)-f_*)",
    (mu, L, gamma, N),
    (STRONGLY_CONVEX, SMOOTH, MU_BELOW_L, step_at_most(1 / _L)),
    tight=False,
    source="Ghadimi, Feyzmahdavian, Johansson (2015), arXiv:1412.7457, Theorem 4",
)
POLYAK_CYCLE = Claim(
    id="heavy-ball.polyak-cycle",
    paper=PAPER,
    title="With Polyak's tuning, heavy ball cycles on a function of $F(1, 25)$",
    statement="There are $f\\in\\mathcal F_{1,25}$ and a start where $x_{k+1}=x_k-\\frac19\\nabla f(x_k)+\\frac49(x_k-x_{k-1})$ "
    "runs for ever through three points, the nearest at distance $792/1225$ from the minimiser.",
    parameters=(),
    assumptions=(
        Assumption(
            "tuning", r"$\gamma=4/(\sqrt L+\sqrt\mu)^2=1/9$, $\beta=((\sqrt L-\sqrt\mu)/(\sqrt L+\sqrt\mu))^2=4/9$"
        ),
        Assumption("class", r"$f\in\mathcal F_{1,25}$"),
    ),
    quantity=r"\max_f\inf_k|x_k-x_*|",
    relation=Relation.GE,
    expression=sp.Rational(792, 1225),
    where="Lessard, Recht, Packard (2016), arXiv:1408.3595, Section 4.6 (there in floats; rational here)",
    remark="one kind of evidence: the cycle is run in exact arithmetic, which settles the statement",
)
register(FUNCTION_VALUE, POLYAK_CYCLE)
