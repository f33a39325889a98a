"""The Frechet distance: exactly between rational Gaussians, of point clouds and disturbed digits, and what samples add to it."""

from collections.abc import Iterator
from fractions import Fraction as F
from functools import cache
from itertools import pairwise, product
from typing import Any

import flint
import numpy as np
import sympy as sp
from scipy.optimize import linear_sum_assignment

# isort: off
from gradproof.experiments.adaptive.ttur.instances import (
    DISTURBANCES, ONE, PAIRS, ROTATION, Pair, contaminated, disturbed, images, principal, statistics, table,
)  # fmt: skip
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure
from gradproof.solvers.exact.balls import ball, enclose
from gradproof.solvers.gaussian import bures, bures_between, wasserstein
from gradproof.theory.adaptive import ttur as paper
# isort: on

WIDTH = F(1, 10**15)

# --- the transport between two laws --------------------------------------------------------------------------------------


@cache
def cross(index: int) -> tuple[F, F]:
    """c of a pair, by the eigenvalues of C1 C2 in balls: its middle, and a bound of its error."""
    p = PAIRS[index]
    low, high = bures_between(p.C1, p.C2)
    trace = np.trace(p.C1) + np.trace(p.C2)
    return (trace - (low + high) / 2) / 2, (high - low) / 2


def cost(p: Pair, B: Any) -> F:
    """E |X - Y|^2 for Y - m2 = B (X - m1)."""
    gap, rest = p.m1 - p.m2, identity(len(p.A)) - B
    return F(gap @ gap + np.trace(rest @ p.C1 @ rest.T))


def identity(d: int) -> Any:
    return table(np.eye(d, dtype=int).tolist())


ALL = cases(index=[0, 1, 2])


@measure(paper.FID_IS_W2, ALL.guaranteeing("moments", "certificate", "transport"))
def cost_of_the_transport(index, flipped=False, less=1):
    """E |X - Y|^2 of the linear map, in rationals; c comes from eigenvalues. ``flipped``: of -A, with the same covariances."""
    c, error = cross(index)
    p = PAIRS[index]
    return around(cost(p, -p.A if flipped else p.A), 2 * error), p.known() | {"c": c * less}


breaking(paper.FID_IS_W2, "transport", cost_of_the_transport, index=[1], flipped=True)
breaking(paper.FID_IS_W2, "certificate", cost_of_the_transport, index=[1], less=F(1, 2))


@measure(paper.FID_LOWER, cases(index=[0, 1, 2], share=[F(1), F(1, 2), F(-1)]).guaranteeing("moments", "certificate"))
def cost_of_a_coupling(index, share, less=1, larger=0):
    """E |X - Y|^2 of a coupling whose covariance is a share of the transport's; ``larger``: by how much tr C2 is misread."""
    p = PAIRS[index]
    known, c = p.known(), np.trace(p.A @ p.C1)
    value = known["m2"] + known["t1"] + known["t2"] - 2 * share * np.trace(p.C1 @ p.A)
    return F(value), known | {"c": c * less, "t2": known["t2"] + larger}


breaking(paper.FID_LOWER, "certificate", cost_of_a_coupling, index=[1], share=[F(1)], less=F(1, 2))
breaking(paper.FID_LOWER, "moments", cost_of_a_coupling, index=[1], share=[F(1)], larger=1)


@measure(paper.FID_LOWER, cases(rows=[60, 200]).guaranteeing("moments", "certificate"))
def cost_between_digits(rows):
    """The least E |X - Y|^2 between two sets of digits, eight principal components, over all assignments."""
    X = images()[0]
    Z = X[: 2 * rows] @ principal(X).T
    A, B = Z[:rows], Z[rows:]
    squares = ((A[:, None] - B[None]) ** 2).sum(-1)
    best = float(squares[linear_sum_assignment(squares)].mean())
    (m, C), (n, D) = ((x.mean(0), np.cov(x, rowvar=False, bias=True)) for x in (A, B))
    distance, error = bures(C, D)
    t1, t2 = float(np.trace(C)), float(np.trace(D))
    return around(best, error + 1e-12 * (1 + best)), {
        "m2": float((m - n) @ (m - n)),
        "t1": t1,
        "t2": t2,
        "c": (t1 + t2 - distance) / 2,
    }


PLANE = (([0, 0], [[2, 1], [1, 3]]), ([1, 0], [[1, 0], [0, F(1, 4)]]), ([0, 1], [[5, -2], [-2, 1]]))
LINE = [((0, 1), (1, 1), (2, 1)), ((0, 1), (3, 5), (6, 9)), ((0, 1), (1, 2), (1, 4))]  # means and deviations


@measure(paper.TRIANGLE, cases(order=[(0, 1, 2), (2, 0, 1), (1, 2, 0)]).guaranteeing("gluing"))
def third_side(order):
    """d_13 of three Gaussians in the plane, with the rounding errors of all three sides."""
    pairs = [(PLANE[order[i]], PLANE[order[j]]) for i, j in ((0, 1), (1, 2), (0, 2))]
    squares, errors = zip(*(wasserstein(*p, *q) for p, q in pairs), strict=True)
    sides = [float(np.sqrt(d)) for d in squares]
    error = sum(e / d for e, d in zip(errors, sides, strict=True))
    return around(sides[2], error), {"d12": sides[0], "d23": sides[1]}


@measure(paper.TRIANGLE, cases(laws=LINE).guaranteeing("gluing"))
def third_side_on_a_line(laws, power=1):
    """d_13 of three normal laws on a line: the distance in the plane of means and deviations; ``power``: of d."""

    def d(i: int, j: int) -> Any:
        return sp.sqrt(sum((sp.Integer(u) - v) ** 2 for u, v in zip(laws[i], laws[j], strict=True))) ** power

    return d(0, 2), {"d12": d(0, 1), "d23": d(1, 2)}


replacing(paper.TRIANGLE, "the squared distance in the place of its root", third_side_on_a_line, laws=LINE[:1], power=2)

# --- disturbances ----------------------------------------------------------------------------------------------------------


@measure(
    paper.FID_NOISE,
    cases(l=[(F(2), F(1, 3)), (F(3), F(5)), (F(1), F(1))], s2=[F(1, 4), F(3)]).guaranteeing("added_noise"),
)
def fid_of_noise(l, s2, last=1):
    """FID of C and C + s^2 I for a C with these eigenvalues, by those of the product; ``last``: share of the noise in one."""
    C = ROTATION @ table([[l[0], 0], [0, l[1]]]) @ ROTATION.T
    return Enclosed(*bures_between(C, C + s2 * table([[1, 0], [0, last]]), width=WIDTH), "rounding")


breaking(paper.FID_NOISE, "added_noise", fid_of_noise, l=[(F(2), F(1, 3))], s2=[F(1, 4)], last=F(1, 2))

SHARES = [F(1, 10), F(3, 10), F(1, 2), F(9, 10)]
FAR = [(F(3), F(0)), (F(1), F(1, 2))]


@measure(paper.CONTAMINATION, cases(e=SHARES, far=FAR).guaranteeing("contamination"))
def fid_of_a_mixture(e, far, between=True):
    """FID of N(0, I) and the moments of the mixture, in balls; ``between``: the covariance knows how far the parts are apart."""
    mu = table(far)
    C = ONE + between * e * (1 - e) * np.outer(mu, mu)
    low, high = bures_between(ONE, C, width=WIDTH)
    return Enclosed(low + e * e * (mu @ mu), high + e * e * (mu @ mu), "rounding"), {"M": mu @ mu}


breaking(paper.CONTAMINATION, "contamination", fid_of_a_mixture, e=[F(3, 10)], far=FAR[:1], between=False)


@measure(paper.RISE, cases(e=[F(1, 10), F(3, 10), F(1, 2)], M=[F(9), F(5, 4), F(1, 10)]).guaranteeing("contamination"))
def slope_of_fid(e, M, mean=True):
    """The derivative of FID with the share, from the mean and variance along mu, in closed form; ``mean``: with its part."""
    x, size = sp.Symbol("x", positive=True), sp.Rational(M)
    distance = int(mean) * x**2 * size + (sp.sqrt(1 + x * (1 - x) * size) - 1) ** 2
    return sp.diff(distance, x).subs(x, sp.Rational(e))


replacing(
    paper.RISE, "the part of the covariances alone", slope_of_fid, e=[F(3, 10), F(1, 2)], M=[F(1, 10)], mean=False
)


def steps_up(levels: list[tuple[float, float]]) -> Any:
    """The least ratio of a level to the one before."""
    low = min((b - eb) / (a + ea) for (a, ea), (b, eb) in pairwise(levels))
    high = min((b + eb) / (a - ea) for (a, ea), (b, eb) in pairwise(levels))
    return Enclosed(low, high, "rounding")


@measure(paper.DISTURBED, cases(kind=list(DISTURBANCES)).guaranteeing("digits"))
def levels_of_digits(kind):
    """The least ratio of FID from level to level, 400 digits in pixels."""
    return steps_up(disturbed(kind, rows=400))


@measure(paper.DISTURBED, cases(other=[1, 7]).guaranteeing("digits"))
def contaminated_digits(other, part=0):
    """Zeros with a growing share of another digit, eight components; ``part`` 1: the covariances alone."""
    return steps_up([(row[part], row[2]) for row in contaminated((0.2, 0.4, 0.6, 0.8, 1.0), 0, other)])


measure(
    paper.DISTURBED,
    cases(kind=list(DISTURBANCES), rows=1797).guaranteeing("digits"),
    budget="full",
    name="levels_of_all_digits",
)(lambda kind, rows: steps_up(disturbed(kind, rows=rows)))
replacing(paper.DISTURBED, "the part of the covariances alone", contaminated_digits, other=[1], part=1)

# --- finite samples ----------------------------------------------------------------------------------------------------------


def mean_chi(k: int) -> flint.arb:
    """E of a chi variable with k degrees of freedom, by E chi_{k+2} = (k + 1)/k E chi_k."""
    value = (2 / flint.arb.pi()).sqrt() if k % 2 else (flint.arb.pi() / 2).sqrt()
    for j in range(2 - k % 2, k, 2):
        value = value * (j + 1) / j
    return value


def expected(n: int, s: F, sigma: F) -> flint.arb:
    """E FID of N(0, s^2) against the statistics of n draws of N(0, sigma^2): E m^2 + s^2 + E v - 2 s E v^1/2."""
    return (
        ball(sigma**2) / n
        + ball(s * s + sigma * sigma)
        - 2 * ball(s * sigma) * mean_chi(n - 1) / flint.arb(n - 1).sqrt()
    )


@measure(paper.FINITE, cases(n=[2, 3, 10, 50], s=[F(1), F(3)]).guaranteeing("gaussian_sample"))
def fid_of_a_sample(n, s, normal=True):
    """E FID by means of chi variables in balls; or over all samples of n fair signs."""
    if normal:
        return Enclosed(*enclose(lambda: expected(n, s, s), width=WIDTH), "rounding")
    return sum((fid_on_a_line(x, F(1), None) for x in product((-1, 1), repeat=n)), sp.Integer(0)) * sp.Rational(
        s * s, 2**n
    )


def fid_on_a_line(x: tuple[int, ...], variance: F, known: F | None) -> sp.Expr:
    """FID of a sample's mean and unbiased (or known) variance and of mean 0 and this variance."""
    mean = sp.Rational(sum(x), len(x))
    spread = sum((v - mean) ** 2 for v in x) / (len(x) - 1) if known is None else sp.Rational(known)
    return mean**2 + (sp.sqrt(spread) - sp.sqrt(sp.Rational(variance))) ** 2


breaking(paper.FINITE, "gaussian_sample", fid_of_a_sample, n=[2, 3], s=[F(1)], normal=False)


def draws(n: int, paired: bool) -> Iterator[tuple[int, ...]]:
    """All samples of n values of -1, 0, 1; or pairs of a value and its negative."""
    for x in product((-1, 0, 1), repeat=n // 2 if paired else n):
        yield x + tuple(-v for v in x) if paired else x


@measure(paper.BIASED, cases(n=[2, 3, 5], known=[None, F(2, 3)]).guaranteeing("independent_sample"))
def fid_over_all_samples(n, known, paired=False):
    """E FID over all samples of three values: with the unbiased variance, or with the true one."""
    rows = list(draws(n, paired))
    return sp.nsimplify(sum(fid_on_a_line(x, F(2, 3), known) for x in rows) / len(rows)), {"t": F(2, 3)}


@measure(paper.BIASED, cases(n=[20, 100]).guaranteeing("independent_sample"))
def fid_of_drawn_digits(n, rng):
    """FID of n digits, drawn with the same chances in eight components, against all of them; cut at 4, far above."""
    Z = images()[0] @ principal(images()[0]).T
    m, C = Z.mean(axis=0), np.cov(Z, rowvar=False, bias=True)
    found = [wasserstein(m, C, *statistics(Z[rng.integers(len(Z), size=n)]))[0] for _ in range(300)]
    return Sample(np.minimum(found, 4.0), at_most=4.0, bias=1e-9), {"t": float(np.trace(C))}


breaking(paper.BIASED, "independent_sample", fid_over_all_samples, n=[4], known=[F(2, 3)], paired=True)


@measure(paper.UNDERESTIMATED, cases(n=[10, 100], s=[F(1), F(2)], sigma=[F(1), F(1, 2)]).guaranteeing("own_statistics"))
def fid_of_another_sample(n, s, sigma, extrapolated=False):
    """E FID of one law against a sample of the other; ``extrapolated``: 2 FID of twice the sample, less FID."""

    def of() -> flint.arb:
        return 2 * expected(2 * n, s, sigma) - expected(n, s, sigma) if extrapolated else expected(n, s, sigma)

    return Enclosed(*enclose(of, width=WIDTH), "rounding")


replacing(
    paper.UNDERESTIMATED,
    "the extrapolation from n and 2n draws",
    fid_of_another_sample,
    n=[10, 100],
    s=[F(1), F(2)],
    sigma=[F(1)],
    extrapolated=True,
)
