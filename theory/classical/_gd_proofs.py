"""Proofs for gradient descent and the proximal point method, in closed form: at concrete numbers or for all parameters.

The coefficients are any exact numbers: fractions, or elements of Q(parameters). Over Q(parameters) the kernel proves the
statement for every point of the domain at once.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from gradproof.theory.axioms import Form, Member, Point, Vector, combine, square
from gradproof.theory.errors import DomainError
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Block, Proof, Statement, Use

#: The two regimes of the step size: the small and the large curvature is the worst.
SHORT = (
    Interval("mu", "0", "", closed_low=True),
    Interval("L", "mu"),
    Interval("gamma", "0", "2/(L + mu)", closed_high=True),
)
LONG = (Interval("mu", "0", "", closed_low=True), Interval("L", "mu"), Interval("gamma", "2/(L + mu)"))
STEP_AT_MOST_1_OVER_L = (Interval("L", "0"), Interval("gamma", "0", "1/L", closed_high=True))
ANY_STEP = (Interval("gamma", "0"),)


def _steps(N: int, gamma: Any, one: Any) -> tuple[list[dict[str, Any]], list[Vector]]:
    """x_0..x_N over x0, g0, g1, ... and the gradients g_0..g_N."""
    gradients: list[Vector] = [{f"g{k}": one} for k in range(N + 1)]
    points: list[dict[str, Any]] = [{"x0": one}]
    for k in range(N):
        points.append(combine((one, points[-1]), (-gamma, gradients[k])))
    return points, gradients


def contraction(
    N: int = 1, *, mu: Any = None, L: Any = None, gamma: Any = None, domain: tuple[Interval, ...] = ()
) -> Proof:
    """``||x_N - x_*||^2 <= max(|1 - gamma mu|, |1 - gamma L|)^{2N} ||x_0 - x_*||^2`` on F(mu, L).

    Args:
        mu, L, gamma: rationals; or leave them out and give a ``domain``, ``SHORT`` or ``LONG``.

    The multipliers: each step uses the interpolation inequalities between x_k and x_* with weight 2 gamma |1 - gamma m|,
    m the worst curvature; what is left is one square, ||grad f(x_k) - m (x_k - x_*)||^2.
    """
    one: Any = Fraction(1)
    if domain:
        field = Functions(domain)
        mu, L, gamma, one = field["mu"], field["L"], field["gamma"], field.one
    short = domain == SHORT if domain else gamma * (L + mu) <= 2
    worst, curvature = (mu, r"\mu") if short else (L, "L")
    factor = (one - gamma * worst) ** 2
    multiplier = 2 * gamma * (one - gamma * mu) if short else 2 * gamma * (gamma * L - one)
    leftover = gamma * (2 - gamma * (L + mu)) / (L - mu) * (one if short else -one)
    points, gradients = _steps(N, gamma, one)
    # the value and gradient at x_N are not used
    member = Member(
        "f",
        "function",
        {"mu": mu, "L": L},
        (
            Point("*", {}, {}, {"f*": one}),
            *(Point(str(k), points[k], gradients[k], {f"f{k}": one}) for k in range(N)),
        ),
    )
    target = Form().add(square(points[N])).add(square(points[0]), -(factor**N))
    uses, blocks = [], []
    for k in range(N):
        weight = factor ** (N - 1 - k)
        uses += [Use("interpolation", "f", pair, multiplier * weight) for pair in ((str(k), "*"), ("*", str(k)))]
        if leftover != 0:
            blocks.append(Block((combine((one, gradients[k]), (-worst, points[k])),), ((leftover * weight,),)))
    statement = Statement(
        ("x0", *(f"g{k}" for k in range(N))),
        ("f*", *(f"f{k}" for k in range(N))),
        (member,),
        target,
        (),
        domain,
        r"gradient descent on $F(\mu, L)$, $x_* = 0$: "
        rf"$\|x_{{{N}}}\|^2 \le (1 - \gamma {curvature})^{{{2 * N}}} \|x_0\|^2$",
    )
    return Proof(statement, tuple(uses), tuple(blocks))


def function_value(N: int, *, L: Any = None, gamma: Any = None) -> Proof:
    """``f(x_N) - f_* <= L / (2 (2 N gamma L + 1)) ||x_0 - x_*||^2`` for convex L-smooth f and gamma <= 1/L.

    With no numbers, for all L > 0 and all gamma in (0, 1/L]. Multipliers of Drori and Teboulle (2014): k / (2N + 1 - k) for
    the consecutive pair (k-1, k); the differences of these for the pairs (x_*, k).

    Raises:
        DomainError: gamma > 1/L.
    """
    domain = () if L is not None else STEP_AT_MOST_1_OVER_L
    one: Any = Fraction(1)
    if domain:
        field = Functions(domain)
        L, gamma, one = field["L"], field["gamma"], field.one
    elif gamma * L > 1:
        raise DomainError(f"gamma = {gamma} is above 1/L = {1 / L}; the closed form covers gamma <= 1/L")
    points, gradients = _steps(N, gamma, one)
    member = Member(
        "f",
        "function",
        {"mu": 0 * one, "L": L},
        (
            Point("*", {}, {}, {"f*": one}),
            *(Point(str(k), points[k], gradients[k], {f"f{k}": one}) for k in range(N + 1)),
        ),
    )
    chain = [one * Fraction(k, 2 * N + 1 - k) if not domain else one * k / (2 * N + 1 - k) for k in range(N + 1)] + [
        one
    ]
    uses = [Use("interpolation", "f", (str(k - 1), str(k)), chain[k]) for k in range(1, N + 1)]
    uses += [Use("interpolation", "f", ("*", str(k)), chain[k + 1] - chain[k]) for k in range(N + 1)]
    bound = L / (2 * (2 * N * gamma * L + 1))
    target = Form({}, {f"f{N}": one, "f*": -one}).add(square(points[0]), -bound)
    statement = Statement(
        ("x0", *(f"g{k}" for k in range(N + 1))),
        ("f*", *(f"f{k}" for k in range(N + 1))),
        (member,),
        target,
        (),
        domain,
        rf"gradient descent, convex: $f(x_{{{N}}}) - f_* \le \frac{{L}}{{2({2 * N} \gamma L + 1)}} \|x_0 - x_*\|^2$",
    )
    return Proof(statement, tuple(uses))


def proximal_point(N: int, *, gamma: Any = None) -> Proof:
    """``f(x_N) - f_* <= ||x_0 - x_*||^2 / (4 gamma N)`` for convex f, N proximal steps; with no number, for all gamma > 0."""
    domain = () if gamma is not None else ANY_STEP
    one: Any = Fraction(1)
    if domain:
        field = Functions(domain)
        gamma, one = field["gamma"], field.one
    points: list[dict[str, Any]] = [{"x0": one}]
    for k in range(1, N + 1):
        points.append(combine((one, points[-1]), (-gamma, {f"g{k}": one})))
    member = Member(
        "f",
        "function",
        {"mu": 0 * one},
        (
            Point("*", {}, {}, {"f*": one}),
            *(Point(str(k), points[k], {f"g{k}": one}, {f"f{k}": one}) for k in range(1, N + 1)),
        ),
    )
    chain = [0 * one, *(one * (k - 1) / (2 * N + 1 - k) for k in range(1, N + 1)), one]
    uses = [Use("interpolation", "f", (str(k - 1), str(k)), chain[k]) for k in range(2, N + 1)]
    uses += [Use("interpolation", "f", ("*", str(k)), chain[k + 1] - chain[k]) for k in range(1, N + 1)]
    target = Form({}, {f"f{N}": one, "f*": -one}).add(square(points[0]), -one / (4 * gamma * N))
    statement = Statement(
        ("x0", *(f"g{k}" for k in range(1, N + 1))),
        ("f*", *(f"f{k}" for k in range(1, N + 1))),
        (member,),
        target,
        (),
        domain,
        rf"proximal point, convex: $f(x_{{{N}}}) - f_* \le \|x_0 - x_*\|^2/({4 * N} \gamma)$",
    )
    return Proof(statement, tuple(uses))
