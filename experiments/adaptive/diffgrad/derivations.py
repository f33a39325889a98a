"""Arguments: the identities and inequalities behind the claims, for all parameters."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.adaptive import diffgrad as paper
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality


def _claimed(ctx: Context, **values: Any) -> Any:
    """The claim's bound with symbols put in for its parameters; powers of ratios in general position."""
    return ctx.stated(**values).replace(lambda x: isinstance(x, sp.Piecewise), lambda x: x.args[-1][0])


@check(paper.FRICTION_RANGE, level=Level.SYMBOLIC)
def range_of_the_sigmoid(ctx: Context) -> Iterator[Evidence]:
    """With y = e^-|change| in (0, 1], the friction 1/(1+y) is at least the claimed part and below one; it increases."""
    y, d = sp.Symbol("y"), sp.Symbol("d", positive=True)
    domain = (Interval("y", "0", "1", closed_high=True),)
    yield Inequality(1 / (1 + y) - _claimed(ctx, adam=1), domain, what="from below")
    yield Inequality(1 - 1 / (1 + y), domain, strict=True, what="from above")
    s = paper.sigmoid(d)
    yield Identity(sp.diff(s, d) - s * (1 - s), "the derivative is positive")
    yield Identity(1 / (1 + y).subs(y, 1) - _claimed(ctx, adam=1), "attained where the gradient does not change")


@check(paper.STEP_BOUND, level=Level.SYMBOLIC)
def cauchy_schwarz(ctx: Context) -> Iterator[Evidence]:
    """M^2 <= S V by induction, for every t and all gradients: M = sum beta1^k g_k, V = sum beta2^k g_k^2, S = sum q^k."""
    b1, r, al = sp.symbols("beta1 r alpha", positive=True)  # r^2 = beta2, q = (beta1/r)^2; g_0 is the newest gradient
    g, M, V, S = sp.symbols("g M V S")
    wider = (1 + (b1 / r) ** 2 * S) * (r**2 * V + g**2) - (b1 * M + g) ** 2  # S V - M^2 one step later
    squares = (r**2 + b1**2 * S) * (S * V - M**2) + (r * M - b1 / r * S * g) ** 2
    yield Identity(S * wider - squares, "one more gradient; at t = 1 both sides are g^2")
    k, n = sp.symbols("k n", positive=True, integer=True)
    geometric = (1 - (b1 / r) ** (2 * n)) / (1 - (b1 / r) ** 2)
    ratio = ((1 - b1) / (1 - b1**n)) ** 2 * geometric * (1 - r ** (2 * n)) / (1 - r**2)
    yield Identity(_claimed(ctx, alpha=al, beta1=b1, beta2=r**2, t=n) ** 2 - al**2 * ratio, "mhat^2 <= rho_t^2 vhat")
    extremal, power = (b1 / r**2) ** k, (b1 / r) ** (2 * k)
    yield Identity(b1**k * extremal - power, "attained where g_k = (beta1/beta2)^k: M = S")
    yield Identity(r ** (2 * k) * extremal**2 - power, "attained where g_k = (beta1/beta2)^k: V = S")
    at = zip(ctx.symbols("beta2", "beta1", "alpha", "t"), (b1**2, b1, al, n), strict=True)
    equal = ctx.claim.expression.subs(dict(at))
    terms = n * al**2 * (1 - b1) ** 2 * (1 - b1 ** (2 * n)) / ((1 - b1**n) ** 2 * (1 - b1**2))
    yield Identity(equal**2 - terms, "q = 1: the sum of its powers has t terms")


@check(paper.STEP_BOUND_UNIFORM, level=Level.SYMBOLIC)
def below_its_limit(ctx: Context) -> Iterator[Evidence]:
    """rho_t^2 is its limit times (1 - y^2)(1 - z^2)/(1 - yz)^2, y^2 = beta2^t, z^2 = q^t, and the factor is at most one."""
    y, z, b1, b2, al = sp.symbols("y z beta1 beta2 alpha", positive=True)
    yield Identity((1 - y * z) ** 2 - (1 - y**2) * (1 - z**2) - (y - z) ** 2, "the factor is at most one")
    n = sp.Symbol("n", positive=True, integer=True)
    rho = paper.step_ratio(b1, b2, n).replace(lambda x: isinstance(x, sp.Piecewise), lambda x: x.args[-1][0])
    limit2 = (rho**2).subs({b1**n: 0, b2**n: 0, (b1**2 / b2) ** n: 0})
    bound = _claimed(ctx, alpha=al, beta1=b1, beta2=b2, q=b1**2 / b2) / al
    yield Identity(limit2 - bound**2, "the limit is the bound")


@check(paper.STEP_BOUND_UNIFORM, level=Level.CERTIFIED)
def growth_of_the_first_steps(ctx: Context) -> Iterator[Evidence]:
    """rho_t does not decrease from t = 1 to 5, for all beta1 < beta2."""
    b1, b2 = sp.symbols("b1 b2")
    domain = (Interval("b2", "0", "1"), Interval("b1", "0", "b2"))
    squares = [sp.cancel((1 - b2**t) / (1 - b2) * sum((b1**2 / b2) ** k for k in range(t)) * ((1 - b1) / (1 - b1**t)) ** 2)
               for t in range(1, 6)]  # fmt: skip
    for t, (before, after) in enumerate(pairwise(squares), 1):
        yield Inequality(sp.factor(after - before), domain, what=f"rho_{t} <= rho_{t + 1}")


@check(paper.LOCAL_STABILITY, level=Level.SYMBOLIC)
def jury_conditions(ctx: Context) -> Iterator[Evidence]:
    """The linear part at the fixed point; its Jury conditions hold below the claimed value and one is reversed above it."""
    b, c, h, lam, r = sp.symbols("b c h lam r")
    chi = h * lam
    A = sp.Matrix([[1 - chi * (1 - b), -h * b], [(1 - b) * lam, b]])  # (x, m) -> (x - h m', m'), h = alpha / (2 eps)
    yield Identity(A.charpoly(r).as_expr() - (r**2 - (1 + b - (1 - b) * chi) * r + b), "characteristic polynomial")
    threshold = str(sp.together(_claimed(ctx, beta1=b)))
    moment = Interval("b", "0", "1", closed_low=True)
    below = (moment, Interval("c", "0", threshold))
    trace = 1 + b - (1 - b) * c / 2  # c = alpha lam / eps = 2 chi
    yield Inequality(1 - b, (moment,), strict=True, what="the determinant is below one")
    yield Inequality(1 - trace + b, below, strict=True, what="no root at or beyond 1")
    yield Inequality(1 + trace + b, below, strict=True, what="no root at or beyond -1")
    yield Inequality(-(1 + trace + b), (moment, Interval("c", threshold)), strict=True, what="a root below -1")


@check(paper.REGRET_REFUTED, level=Level.SYMBOLIC)
def one_period_at_the_wrong_end(ctx: Context) -> Iterator[Evidence]:
    """At x = 1 a period costs 2(2a - b) more than at -1; where vhat is constant the drift is sigma(a+b)(a-b) + a/2."""
    a, b, s, u, e = sp.symbols("a b s1 s2 e", positive=True)
    limit = _claimed(ctx, a=a, b=b)
    yield Identity((a + a - b) * 1 - (a + a - b) * (-1) - 3 * limit, "regret of a period")
    period = a * (1 + 1) + a * (1 - s + 1) - b * (1 - s - u + 1)  # steps s1, s2 down from 1, then up to it again
    yield Identity(period - 3 * limit - (b - a) * s - b * u, "with steps of length s1 and s2")
    sigma = paper.sigmoid(a + b)
    weights = sigma * a + a / 2 - sigma * b
    # with e for the whole denominator, the root of the second moment and epsilon
    constant = paper.cycle_drift(a, b, sp.Integer(1), e - sp.sqrt((2 * a**2 + b**2) / 3)) * e
    yield Identity(constant - weights, "drift where vhat is constant")
    published, y, rate = paper.PAPER_REGRET, sp.Symbol("y", positive=True), sp.Symbol("rate", positive=True)
    (length,) = published.expression.free_symbols & {sp.Symbol("d", integer=True, positive=True)}
    line = published.expression.subs(length, 1).doit()
    entries = {"g_1": a, "v_T": a, "g_norm": sp.sqrt(rate) / y}  # T = 1/y^2
    at = {published.parameter(k).symbol[1]: v for k, v in entries.items()}
    at |= {published.parameter(k).symbol: v for k, v in {"T": 1 / y**2, "D": 2, "D_inf": 2, "G_inf": b}.items()}
    average = sum(term.subs(at) * y**2 for term in line.args)
    yield Identity(average.subs(y, 0), "the published bound a round vanishes: no constants repair it")


@check(paper.SYNTHETIC_FUNCTIONS, level=Level.SYMBOLIC)
def derivative_of_the_second(ctx: Context) -> Iterator[Evidence]:
    """The derivative of x^3 + x sin 8x + 0.85; the jump at -0.9; the exact minima of the first and third."""
    x = sp.Symbol("x", real=True)
    right = x**3 + x * sp.sin(8 * x) + sp.Rational(17, 20)
    yield Identity(sp.diff(right, x) - _claimed(ctx, x=x), "derivative")
    yield Identity(sp.diff((x - sp.Rational(1, 5)) ** 2, x).subs(x, sp.Rational(1, 5)), "F1 is stationary at 0.2")
    yield Identity(sp.diff((x + sp.Rational(3, 10)) ** 2, x).subs(x, -sp.Rational(3, 10)), "F1 is stationary at -0.3")
