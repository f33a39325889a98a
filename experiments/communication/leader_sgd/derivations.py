"""Arguments for the claims that have no derivation: identities and signs behind the geometry, and the function in the gap."""

from collections.abc import Iterator

import sympy as sp

from gradproof.experiments.communication.leader_sgd.measures import minors
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.communication import leader_sgd as paper
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality

eta, lam, c, M, m, q, T, Y = sp.symbols("eta lam c M m q T Y")


@check(paper.BETWEEN, level=Level.SYMBOLIC)
def the_function_in_the_gap(ctx: Context) -> Iterator[Evidence]:
    r"""Bent at $-Y$, with $f(z)=f(x)$ and $x^+=-Y$; at $\eta(M+2\lambda)-1$ the equation of $Y$ has the sign of $(M-m)T^2>0$."""
    slope, beginning = sp.symbols("slope beginning")  # T = slope Y + beginning
    second, first = M + 2 * M * slope + m * slope**2, beginning * (M + m * slope)
    end = (q - first) / second  # q stands for the root
    far, square = slope * end + beginning, first**2 + second * (M - m * beginning**2)
    values = {slope: (1 - c) / c, beginning: (1 - c - eta * M) / c}
    yield Identity(paper.between(eta, c / eta, M, m, root=lambda square: q) - end.subs(values), "Y of the claim")
    yield Identity(
        (c * (slope * Y + beginning) - (1 - c) * Y - (1 - c - eta * M)).subs(values), "where the leader stands"
    )
    yield Identity((1 - eta * M - c * (1 + Y + slope * Y + beginning) + Y).subs(values), "the step ends at -Y")
    level = M * (1 - end**2) - 2 * M * end * far - m * far**2
    yield Identity(level - (square - q**2) / second, "the leader is as good as the worker")
    least, rest = eta * M + 2 * c - 1, 2 - eta * M - 2 * c
    yield Identity((slope * least + beginning).subs(values) - rest, "T at the value of the parabola")
    at = M * (1 - least**2) - 2 * M * least * rest - m * rest**2
    yield Identity(at - (M - m) * rest**2, "so Y is larger than that value")
    domain = (Interval("m"), Interval("M", "m"), Interval("T", "0", closed_low=True))
    yield Inequality((M - m) * T**2, domain, what="the sign there")


@check(paper.EASGD, level=Level.SYMBOLIC)
def minors_of_the_hessian(ctx: Context) -> Iterator[Evidence]:
    r"""The leading minors as claimed, all positive below $2/3$; beyond it the determinant is negative."""
    found = minors(lam)
    claimed = [2 * (1 - lam), 4 * (1 - lam) ** 2, 4 * lam * (1 - lam) * (2 - 3 * lam)]
    for k, (a, b) in enumerate(zip(found, claimed, strict=True)):
        yield Identity(a - b, f"minor {k + 1}")
        yield Inequality(b, (Interval("lam", "0", "2/3"),), strict=True, what=f"minor {k + 1} is positive")
    yield Inequality(-claimed[2], (Interval("lam", "2/3", "1"),), strict=True, what="none beyond")


@check(paper.MONOTONE, level=Level.SYMBOLIC)
def one_quadratic_in_the_pull(ctx: Context) -> Iterator[Evidence]:
    r"""The squared cosines, times positive numbers, differ by $\lambda(R-\lambda S)$; up to its root $g+\lambda w$ is acute to n.

    For it is positive at 0, and where it vanished, $g+\lambda w\ne0$ would have a cosine below that of g.
    """
    gn, wn, gg, gw, ww = sp.symbols("gn wn gg gw ww")
    reach, spread = 2 * gn * (wn * gg - gn * gw), gn**2 * ww - wn**2 * gg
    difference = (gn + lam * wn) ** 2 * gg - gn**2 * (gg + 2 * lam * gw + lam**2 * ww)
    yield Identity(difference - lam * (reach - lam * spread), "the difference")
    R, S = ctx.symbols("reach", "spread")
    yield Identity(R - S * ctx.claim.expression, "its positive root")


@check(paper.LARGE_ANGLE, level=Level.SYMBOLIC)
def one_of_a_pair(ctx: Context) -> Iterator[Evidence]:
    r"""Of $z$ and $-z$ one lies beyond the minimiser: in the cone at $x$ if $|z_\perp|\le\tan\theta(\|x\|+|z_\parallel|)$."""
    # across <= width (length + part) <= tan (length + part): the distance of z - x from the axis, and along it
    domain = (Interval("length"), Interval("part", closed_low=True), Interval("width"), Interval("tan", "width", closed_low=True),
              Interval("across", "0", "width*(length + part)", closed_high=True))  # fmt: skip
    yield Inequality("tan*(length + part) - across", domain, what="in the cone of every pull")
