"""Arguments: the equation of the margin, its conserved rate, the inequalities of both bounds, Hessian blocks."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.adaptive import class_imbalance as paper
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

u, z, x, tau = sp.symbols("u z x tau", positive=True)


@check(paper.GF_CONSERVATION, level=Level.SYMBOLIC)
def rate_of_the_margin(ctx: Context) -> Iterator[Evidence]:
    """With equal margins Psi moves at the claimed rate, for every c; Lambert's W solves the equation."""
    p, t = sp.symbols("p t", positive=True)
    total = sp.exp(u) + z  # of the exponentials of any c = z + 1 logits u, 0, ..., 0
    slope = p * (1 - sp.exp(u) / total) + p / total
    rate = sp.diff(ctx.stated(c=z + 1, pi=p, t=t), t)
    yield Identity(sp.diff(paper.psi(u, z + 1), u) * slope - rate, "rate of Psi, every c")
    yield Identity(ctx.stated(c=z + 1, pi=p, t=0) - paper.psi(sp.Integer(0), z + 1), "at the start")
    # u = A/z - w solves Psi(u) = A where w e^w = e^(A/z)/z, that is e^(A/z) = z w e^w
    w, A = sp.symbols("w A", positive=True)
    yield Identity(z * w * sp.exp(w) * sp.exp(-w) + z * (A / z - w) - A, "Lambert's W")


@check(paper.TIME_TO_LOSS, level=Level.SYMBOLIC)
def inverse_of_the_loss(ctx: Context) -> Iterator[Evidence]:
    """The stated margin has the stated loss (with y = e^eps), and the time is Psi of it over the rate."""
    y, p, e = sp.symbols("y p eps", positive=True)
    yield Identity(sp.exp(paper.softmax_loss(sp.log(z / (y - 1)), z + 1)) - y, "loss of that margin")
    margin = sp.log(z / (sp.exp(e) - 1))
    yield Identity(ctx.stated(c=z + 1, pi=p, eps=e) * (z + 1) * p + 1 - paper.psi(margin, z + 1), "time")


@check(paper.GF_UPPER, level=Level.SYMBOLIC)
def margin_from_below(ctx: Context) -> Iterator[Evidence]:
    """c e^u - c(1 + tau) = z (e^u - 1 - u), which is 0 at u = 0 and grows; so e^u >= 1 + tau."""
    c = z + 1
    at = (paper.psi(u, c) - 1) / c  # tau
    gap = sp.exp(u) * c - c * (1 + at)
    yield Identity(gap - z * (sp.exp(u) - 1 - u), "gap")
    yield Identity(gap.subs(u, 0), "none at the start")
    yield Identity(sp.diff(gap, u) - z * (sp.exp(u) - 1), "it grows at the rate z (y - 1), y = e^u")
    y = sp.Symbol("y")
    yield Inequality(y - 1, (Interval("y", "1", closed_low=True),), what="rate")
    claimed = sp.exp(ctx.stated(c=z + 1, pi=1, t=tau))
    yield Identity(claimed - (1 + z / (1 + tau)), "the bound is the loss at e^u = 1 + tau")


@check(paper.GF_LOWER, level=Level.SYMBOLIC)
def margin_from_above(ctx: Context) -> Iterator[Evidence]:
    """1 + c tau - e^u = z u >= 0, and c (tau - u) = e^u - 1 - u >= 0: two bounds of u from above."""
    c = z + 1
    at = (paper.psi(u, c) - 1) / c
    yield Identity(1 + c * at - sp.exp(u) - z * u, "e^u <= 1 + c tau")
    yield Identity(c * (at - u) - (sp.exp(u) - 1 - u), "u <= tau")
    yield from _exponential_above_tangent()
    y = sp.Symbol("y", positive=True)  # e^-tau
    yield Identity(1 + z * y - c * y - (1 - y), "1 + z e^-tau >= c e^-tau: the loss is at least log c - tau")
    claimed = ctx.stated(c=c, pi=1, t=tau)
    (larger,) = claimed.atoms(sp.Max)
    bounds = {1 / (1 + c * tau), sp.exp(-tau)}
    yield Identity(sum(larger.args) - sum(bounds), "the two parts of the maximum")
    m = sp.Symbol("m", positive=True)
    yield Identity(sp.exp(claimed.subs(larger, m)) - (1 + z * m), "the loss at e^-u = m")


@check(paper.SIGN_FLOW, level=Level.SYMBOLIC)
def signs_and_the_rate_two(ctx: Context) -> Iterator[Evidence]:
    """Softmax entries are in (0, 1), so the signs never change; the margins grow by 2t; the loss and its two bounds."""
    t = sp.Symbol("t", positive=True)
    a, b = sp.Symbol("a"), sp.Symbol("b")
    positive = (Interval("a"), Interval("b"))
    yield Inequality(1 - a / (a + b), positive, strict=True, what="1 - p on the diagonal")
    yield Inequality(a / (a + b), positive, strict=True, what="p off it")
    yield Identity(ctx.stated(c=z + 1, t=t) - paper.softmax_loss(t - (-t), z + 1), "loss at the margin 2t")
    # with y = (c-1) e^(-2t) in [0, c-1]: y/(1+y) <= log(1+y) <= y, and y/(1+y) >= y/c
    y = sp.Symbol("y")
    unit = (Interval("z"), Interval("y", "0", "z", closed_low=True))
    yield Inequality(y / (1 + y) - y / (1 + sp.Symbol("z")), unit, what="lower bound")


@check(paper.SIGN_TIME, level=Level.SYMBOLIC)
def inverse_of_the_loss_of_signs(ctx: Context) -> Iterator[Evidence]:
    """At the stated time the margin 2t has the stated loss, with y = e^eps."""
    y, e = sp.symbols("y eps", positive=True)
    yield Identity(sp.exp(paper.softmax_loss(2 * sp.log(z / (y - 1)) / 2, z + 1)) - y, "loss at that time")
    yield Identity(2 * ctx.stated(c=z + 1, eps=e) - sp.log(z / (sp.exp(e) - 1)), "half the margin")


@check(paper.GD_UPPER, level=Level.SYMBOLIC)
def step_from_above(ctx: Context) -> Iterator[Evidence]:
    """With r = (e^x - 1)/x >= 1 and d <= x: e^u (e^d - 1) + z d <= r (e^u + z) d = c (e^x - 1), the claimed increment."""
    y, n = sp.symbols("y n", positive=True)
    d, r = (z + 1) * x / (y + z), (sp.exp(x) - 1) / x
    increment = ctx.stated(c=z + 1, pi=1, eta=x, n=n + 1) - ctx.stated(c=z + 1, pi=1, eta=x, n=n)
    yield Identity(r * (y + z) * d - increment, "increment with e^d - 1 and d replaced by r d")
    Y, Z, X = sp.symbols("y z x")
    domain = (Interval("x"), Interval("z"), Interval("y", "1", closed_low=True))
    yield Inequality(X - (Z + 1) * X / (Y + Z), domain, what="d <= x, as e^u >= 1")
    yield from _exponential_above_tangent()
    # (e^s - 1)/s increases: its derivative has the sign of s e^s - e^s + 1, which is 0 at 0 and has the slope s e^s
    s = sp.Symbol("s", positive=True)
    numerator = s * sp.exp(s) - sp.exp(s) + 1
    yield Identity(sp.diff((sp.exp(s) - 1) / s, s) * s**2 - numerator, "derivative of (e^s - 1)/s")
    yield Identity(numerator.subs(s, 0), "its numerator at 0")
    yield Identity(sp.diff(numerator, s) - s * sp.exp(s), "slope of the numerator")
    yield Identity(ctx.stated(c=z + 1, pi=1, eta=x, n=0) - 1, "at the start")


def _exponential_above_tangent() -> Iterator[Evidence]:
    """e^d >= 1 + d for d >= 0."""
    d, y = sp.Symbol("d", positive=True), sp.Symbol("y")
    gap = sp.exp(d) - 1 - d
    yield Identity(gap.subs(d, 0), "e^d - 1 - d at 0")
    yield Identity(sp.diff(gap, d) - (sp.exp(d) - 1), "its slope")
    yield Inequality(y - 1, (Interval("y", "1", closed_low=True),), what="its slope, with y = e^d")


@check(paper.GD_DESCENT, level=Level.SYMBOLIC)
def curvature_of_the_softmax(ctx: Context) -> Iterator[Evidence]:
    """v'(Diag p - pp')v is a variance, at most (range)^2/4 <= |v|^2/2; then Taylor's bound."""
    # with m = E v and s = E v^2 the variance is s - m^2, and E (b - v)(v - a) >= 0 for v in [a, b]
    a, b, m, s = sp.symbols("a b m s", real=True)
    spread = (a + b) * m - s - a * b
    yield Identity((b - m) * (m - a) - (s - m**2) - spread, "variance against the mean's distances from the ends")
    yield Identity((b - a) ** 2 / 4 - (b - m) * (m - a) - (m - (a + b) / 2) ** 2, "largest at the middle")
    yield Identity(2 * (a**2 + b**2) - (b - a) ** 2 - (a + b) ** 2, "range against norm")
    L, eta, top, g2 = sp.symbols("L eta top g2", positive=True)
    taylor = L - eta * g2 + (top / 2) * eta**2 * g2 / 2
    claimed = ctx.stated(loss=L, eta=eta, pi_max=top, grad2=g2)
    yield Identity(claimed - taylor, "Taylor's bound with smoothness top/2")


@check(paper.HESSIAN, level=Level.CERTIFIED)
def gradient_and_hessian_of_a_column(ctx: Context) -> Iterator[Evidence]:
    """Gradient and Hessian of a column at any W, c = 2 and 3."""
    f = sp.Symbol("pi", positive=True)
    for c in (2, 3):
        e = sp.symbols(f"e1:{c + 1}", positive=True)  # exponentials of the logits: the derivative by a logit is e d/de
        total = sum(e)
        p = [s / total for s in e]
        gradient = [s * sp.diff(f * (sp.log(total) - sp.log(e[0])), s) for s in e]
        for i in range(c):
            yield Identity(gradient[i] - f * (p[i] - int(i == 0)), f"c = {c}: gradient, row {i + 1}")
            for j in range(i + 1):
                block = f * (p[i] * int(i == j) - p[i] * p[j])
                yield Identity(e[j] * sp.diff(gradient[i], e[j]) - block, f"c = {c}: Hessian, entry {i + 1}, {j + 1}")


@check(paper.ZIPF_AVERAGE, level=Level.CERTIFIED)
def sum_of_the_lower_bounds(ctx: Context) -> Iterator[Evidence]:
    """For three classes the bound is the average of the lower bounds of class-imbalance.gf-lower."""
    t = sp.Symbol("t", positive=True)
    p = sp.symbols("p1:4", positive=True)
    vector = ctx.claim.parameter("pi").symbol
    sum_ = ctx.claim.expression.subs(sp.Symbol("c", integer=True, positive=True), 3).doit()
    average = sum_.subs({vector[k + 1]: p[k] for k in range(3)} | {ctx.claim.parameter("t").symbol: t})
    each = [
        paper.GF_LOWER.expression.subs({paper.c.symbol: 3, paper.pi.symbol: q, paper.t.symbol: t}, simultaneous=True)
        for q in p
    ]
    yield Identity(average - sum(q * e for q, e in zip(p, each, strict=True)), "average of the bounds")
