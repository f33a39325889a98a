"""Arguments in computer algebra: squares, Pascal's rule, weak duality, thresholds, Markov, the worst shift; ADMM by the kernel."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, certifier, check
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.networks import convex_relu as paper
from gradproof.theory.proof import Proof
from gradproof.theory.symbolic import Identity, Inequality


@check(paper.ARRANGEMENT_COUNT, level=Level.SYMBOLIC)
def pascal(ctx: Context) -> Iterator[Evidence]:
    """The others cut a new hyperplane as $n - 1$ do in one dimension less: the bound obeys $P(n,r) = P(n-1,r) + P(n-1,r-1)$."""
    n, r = ctx.symbols()
    k, size = sp.symbols("k n", integer=True, positive=True)
    terms = sp.binomial(size, k) - sp.binomial(size - 1, k) - sp.binomial(size - 1, k - 1)
    yield Identity(terms, "term by term, at every rank")

    def at(size: sp.Expr, rank: int) -> sp.Expr:
        return sp.expand_func(ctx.claim.expression.subs(r, rank).doit().subs(n, size))

    for rank in (2, 3, 4):
        yield Identity(at(n, rank) - at(n - 1, rank) - at(n - 1, rank - 1), f"recursion at rank {rank}")
        yield Identity(at(sp.Integer(1), rank) - 2, f"one hyperplane at rank {rank}")
    for rank, known in ((1, 2), (2, 2 * n), (3, n**2 - n + 2)):
        yield Identity(at(n, rank) - known, f"rank {rank}")


@check(paper.DUALITY, level=Level.SYMBOLIC)
def fenchel(ctx: Context) -> Iterator[Evidence]:
    r"""In each coordinate $(z - y)^2/2$ exceeds $\nu(y - z) - \nu^2/2$ by $(z - y + \nu)^2/2$; the bound is $\nu y - \nu^2/2$."""
    y, z, nu = sp.symbols("y z nu", real=True)
    y2, d2 = ctx.symbols()
    yield Identity((z - y) ** 2 / 2 - nu * (y - z) + nu**2 / 2 - (z - y + nu) ** 2 / 2, "weak duality is a square")
    yield Identity(ctx.claim.expression.subs({y2: y**2, d2: (nu - y) ** 2}) - nu * y + nu**2 / 2, "the bound")


@check(paper.BETA_MAX, level=Level.SYMBOLIC)
def one_small_neuron(ctx: Context) -> Iterator[Evidence]:
    r"""A neuron $tu$, $\|u\| = 1$, with $z = (Xu)_+$, $g = |y\cdot z|$ gains at most $(g - \beta)^2/(2\|z\|^2)$."""
    g, z2, beta, t = sp.symbols("g z2 beta t", positive=True)
    change = z2 * t**2 / 2 - t * g + beta * t
    yield Identity(change - z2 * (t - (g - beta) / z2) ** 2 / 2 + (g - beta) ** 2 / (2 * z2), "completing the square")
    threshold = ctx.claim.expression.subs(ctx.symbols()[0], g)
    yield Identity(sp.diff(change, t).subs({t: 0, beta: threshold}), "the slope at 0 changes sign at the largest g")


@check(paper.D1_CLOSED_FORM, level=Level.SYMBOLIC)
def soft_threshold(ctx: Context) -> Iterator[Evidence]:
    """One side above its threshold, the other below: completing the square gives the claimed value and its minimiser."""
    c, z, t, gap = sp.symbols("c z t gap", positive=True)
    y2, plus, minus, z_plus, _, beta = ctx.symbols()
    square = z * t**2 / 2 - c * t + beta * t - z * (t - (c - beta) / z) ** 2 / 2 + (c - beta) ** 2 / (2 * z)
    yield Identity(square, "completing the square")
    at = ctx.claim.expression.subs({plus: beta + gap, minus: 0})
    yield Identity(sp.simplify(at) - y2 / 2 + gap**2 / (2 * z_plus), "the claimed value")


@check(paper.SAMPLE_SIZE, level=Level.SYMBOLIC)
def markov(ctx: Context) -> Iterator[Evidence]:
    r"""At the first branch's $P_s$, $n/(\xi(P_s + 1))$, Markov's bound from `sampled-patterns`, is $\psi n/(n + 1)$."""
    n, P_s, xi, _ = ctx.symbols()
    branch = next(b for b in ctx.claim.assumption("enough_samples").relation.rhs.args if not b.has(sp.log))
    mean = paper.SAMPLED_PATTERNS.expression.subs(P_s, branch)
    yield Identity(mean / xi - ctx.claim.expression * n / (n + 1), "Markov at the first branch")


@check(paper.ADMM, level=Level.SYMBOLIC)
def potential_decreases(ctx: Context) -> Iterator[Evidence]:
    r"""The kernel accepts $V^+ + \|Eu^+ - w^+\|^2 + \|w^+ - w\|^2 \le V$ for any convex $f$, $g$; $N$ steps of it give $V_0/N$."""
    yield paper.admm_decrease()
    V0, N = ctx.symbols()
    yield Identity(ctx.claim.expression * N - V0, "the sum over N steps is at most V_0")


@certifier(paper.ADMM)
def certificate(**values: object) -> Proof:
    """The same proof for all parameters."""
    return paper.admm_decrease()


@check(paper.ROBUST_HINGE, level=Level.SYMBOLIC)
def worst_shift(ctx: Context) -> Iterator[Evidence]:
    r"""In each coordinate the loss $1 - y(x + \delta)z$ is largest at $\delta = -\varepsilon y\,\mathrm{sign}(z)$."""
    x, a, e, t = sp.symbols("x a e t", positive=True)
    margin, eps, l1 = ctx.symbols()
    # inside the positive part; linear in what coordinates add to
    positive = next(p for p in ctx.claim.expression.args if p != 0)
    for y, z in ((y, s * a) for y in (1, -1) for s in (1, -1)):
        claimed = positive.subs({margin: y * x * z, eps: e, l1: a})
        worst = -e * y * sp.sign(z)
        yield Identity(claimed - (1 - y * (x + worst) * z), f"attained, y = {y}, z = {z}")
        other = 1 - y * (x + worst * (1 - 2 * t)) * z  # 1 - 2t runs over [-1, 1]
        box = (*map(Interval, ("x", "a", "e")), Interval("t", "0", "1", closed_high=True))
        yield Inequality(sp.expand(claimed - other), box, what=f"nothing worse, y = {y}, z = {z}")


@check(paper.ROBUST_SQUARED, level=Level.SYMBOLIC)
def worst_residual(ctx: Context) -> Iterator[Evidence]:
    r"""$\delta\cdot z$ runs over $[-w, w]$, $w = \varepsilon\|z\|_1$: no $(r + t)^2$ exceeds $(|r| + w)^2$."""
    residual, eps, l1 = ctx.symbols()
    r, w, t = sp.Symbol("r", nonnegative=True), sp.Symbol("w", positive=True), sp.Symbol("t", real=True)
    domain = Interval("r", closed_low=True), Interval("w"), Interval("t", "-w", "w", closed_high=True)
    for sign in (1, -1):
        claimed = ctx.claim.expression.subs({residual: sign * r, l1: w / eps})
        yield Identity(claimed - (sign * r + sign * w) ** 2 / 2, f"attained, residual {sign} r")
        yield Inequality(sp.expand(claimed - (sign * r + t) ** 2 / 2), domain, what=f"nothing worse, residual {sign} r")
