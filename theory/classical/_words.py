"""Parameters and assumptions that the classical methods share, so that a method's module holds only what is its own."""

from __future__ import annotations

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, Parameter

mu = Parameter("mu", "strong convexity (monotonicity) constant", domain=NONNEGATIVE, latex=r"\mu")
L = Parameter("L", "Lipschitz constant of the gradient (of the operator)")
gamma = Parameter("gamma", "step size", latex=r"\gamma")
N = Parameter("N", "number of iterations", domain=COUNT)
M = Parameter("M", "bound on the norm of subgradients")
D = Parameter("D", "diameter of the feasible set")
R = Parameter("R", "bound on the initial distance to a minimiser")
beta = Parameter("beta", "cocoercivity constant", latex=r"\beta")

SMOOTH = Assumption("smooth", r"$f$ is $L$-smooth: $\|\nabla f(x)-\nabla f(y)\|\le L\|x-y\|$")
CONVEX = Assumption("convex", "$f$ is convex, closed and proper")
STRONGLY_CONVEX = Assumption("strongly-convex", r"$f-\frac\mu2\|\cdot\|^2$ is convex")
MINIMISER = Assumption("minimiser", r"$f$ has a minimiser $x_*$")
MU_BELOW_L = Assumption("mu-below-L", r"$\mu<L$", sp.Lt(mu.symbol, L.symbol))


def step_below(limit: Any, name: str = "step") -> Assumption:
    """``gamma < limit``."""
    return Assumption(name, f"$\\gamma<{sp.latex(limit)}$", sp.Lt(gamma.symbol, limit))


def step_at_most(limit: Any, name: str = "step") -> Assumption:
    """``gamma <= limit``."""
    return Assumption(name, f"$\\gamma\\le{sp.latex(limit)}$", sp.Le(gamma.symbol, limit))


def rate(
    paper: Paper,
    name: str,
    title: str,
    quantity: str,
    bound: Any,
    initial: str,
    parameters: tuple[Parameter, ...],
    assumptions: tuple[Assumption, ...],
    *,
    source: str,
    tight: bool,
    remark: str = "",
    confidence: str = "verified",
) -> Claim:
    """A worst-case rate ``quantity <= bound * initial``; the claim's bound is the factor."""
    factor = f"\\cdot {initial}" if initial else ""
    kind = "attained by some instance" if tight else "an upper bound"
    return Claim(
        id=f"{paper.key}.{name}",
        paper=paper,
        title=title,
        statement=f"{title}: ${quantity}\\le\\tau{factor}$ with $\\tau={sp.latex(sp.sympify(bound))}$; {kind}.",
        parameters=parameters,
        assumptions=assumptions,
        quantity=f"\\sup\\frac{{{quantity}}}{{{initial}}}" if initial else quantity,
        relation=Relation.LE,
        expression=bound,
        where=source,
        remark=remark,
        tight=tight,
        confidence=confidence,
    )
