"""Arguments for the equalities, which no rule of derivations ends in yet: one step of each induction, for all parameters."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.evidence import Level
from gradproof.theory.landscape import train_longer as paper
from gradproof.theory.landscape.train_longer import normalisation
from gradproof.theory.symbolic import Identity


@check(paper.HITTING_TIME, level=Level.SYMBOLIC)
def first_step_equation(ctx: Context) -> Iterator[Evidence]:
    r"""$m = 1 + 2i$, $i' = \rho(1+i)$ the sum of climbs to a site, solves $m' = 1 + \rho(1+m)$; the sums add to the claimed one."""
    rho, i = sp.symbols("rho i")
    L, pairs = ctx.symbols("L", "Sigma")
    crossing = lambda inner: 1 + 2 * inner  # noqa: E731
    yield Identity(crossing(rho * (1 + i)) - (1 + rho * (1 + crossing(i))), "the first step from a site")
    claimed = ctx.claim.expression
    more = claimed.subs({L: L + 1, pairs: pairs + i}, simultaneous=True)
    yield Identity(claimed + crossing(i) - more, "one site more")
    yield Identity(claimed.subs({L: 1, pairs: 0}) - 1, "the first step is to the right")


@check(paper.EXACT_RATIO, level=Level.SYMBOLIC)
def equal_covariances(ctx: Context) -> Iterator[Evidence]:
    r"""At the claimed ratio $\eta^2\mathrm{cov}(\hat g)$ is the same, for subsets and for samples kept independently."""
    m, M, n = ctx.symbols("m", "M", "n")
    ratio2 = ctx.claim.expression**2
    for law, factor in (("kept", lambda B: 1 / B - 1 / n), ("subsets", lambda B: (n - B) / (B * (n - 1)))):
        yield Identity(ratio2 * factor(M) - factor(m), law)
    yield Identity(sp.limit(ratio2, n, sp.oo) - M / m, "many samples")


@check(paper.SQRT_VS_LINEAR, level=Level.SYMBOLIC)
def fixed_points(ctx: Context) -> Iterator[Evidence]:
    r"""$v = (1-\eta h)^2v + \eta^2s^2/M$ at $v = \eta s^2/(Mh(2-\eta h))$; the ratio, and its first order under both rules."""
    eta_m, eta_M, m, M, h = ctx.symbols("eta_m", "eta_M", "m", "M", "h")
    v = lambda eta, B: eta / (B * h * (2 - eta * h))  # noqa: E731
    yield Identity(v(eta_m, m) - (1 - eta_m * h) ** 2 * v(eta_m, m) - eta_m**2 / m, "the fixed point")
    ratio = ctx.claim.expression
    yield Identity(ratio - v(eta_M, M) / v(eta_m, m), "the ratio")
    yield Identity(ratio.subs(eta_M, eta_m * M / m).subs(h, 0) - 1, "the linear rule, to first order")
    yield Identity(ratio.subs(eta_M, eta_m * sp.sqrt(M / m)).subs(h, 0) - sp.sqrt(m / M), "the square-root rule")


@check(paper.RUNNING_MEAN, level=Level.SYMBOLIC)
def one_ghost_batch_more(ctx: Context) -> Iterator[Evidence]:
    r"""From $G$ to $G+1$ the power and the sum decay by $1-\lambda$, and the sum takes the new mean."""
    (lam,) = ctx.symbols("lam")
    power, total, new = sp.symbols("a s mu")
    claimed = ctx.claim.expression
    (sums,) = claimed.atoms(sp.Sum)
    (decay,) = (p for p in claimed.atoms(sp.Pow) if p.exp == normalisation.G)
    before = claimed.xreplace({sums: total, decay: power})
    after = claimed.xreplace({sums: (1 - lam) * total + new, decay: (1 - lam) * power})
    yield Identity((1 - lam) * before + lam * new - after, "one more")
