"""Measures of privacy: exact curves by enclosed integrals, accountants, sampled steps, and sensitivities in rationals."""

from __future__ import annotations

import itertools
from fractions import Fraction as F
from functools import cache
from math import isqrt

import flint
import numpy as np

from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure
from gradproof.experiments.privacy.dp_forecasting import integrals
from gradproof.solvers.exact.balls import ball, enclose, ends
from gradproof.solvers.privacy_loss import (
    classical_noise,
    gaussian_delta,
    gaussian_delta_at,
    gaussian_epsilon,
    gaussian_noise,
    renyi_epsilon,
    sampled_epsilon,
)
from gradproof.solvers.privacy_loss.gaussian import normal_cdf
from gradproof.theory.privacy import dp_forecasting as paper


def tight_end(pair: tuple[F, F]) -> F:
    """A parameter that an instance determines, to 60 digits: the middle of its enclosure."""
    return (pair[0] + pair[1]) / 2


def log_inverse(delta: F) -> F:
    """log(1/delta) to 40 digits."""
    return tight_end(enclose(lambda: -ball(delta).log(), width=F(1, 10**40)))


# --- one release ----------------------------------------------------------------------------------------------------------

RELEASES = cases(eps=[F(0), F(1, 2), F(1), F(3)], s=[F(1, 2), F(1), F(4)]).where(lambda eps, s: eps * s <= 4)
HELD = ("gaussian_noise", "l2_sensitivity")


@measure(paper.EXACT, RELEASES.guaranteeing(*HELD))
def integral_of_the_difference(eps, s):
    r"""$\int (p - e^\epsilon q)_+$ as an enclosed integral from where the densities cross."""
    with flint.ctx.workprec(integrals.BITS):
        return integrals.beyond(ball(eps * s**2 + F(1, 2)), s, flint.arb(1), -ball(eps).exp())


@measure(paper.EXACT, RELEASES.where(lambda eps, s: eps in (0, 1) and s == 1).guaranteeing(*HELD))
def frequency_of_the_event(eps, s, rng, n=1500):
    """How much more often the event occurs with the record than without, in pairs of releases."""
    edge, ratio = float(eps * s**2) + 0.5, float(np.exp(float(eps)))
    with_it, without = (float(s) * rng.standard_normal(n) + m > edge for m in (1, 0))
    return Sample(with_it - ratio * without, at_least=-ratio, at_most=1)


@measure(
    paper.CLASSICAL,
    cases(eps=[F(1, 100), F(1, 4), F(1)], delta=[F(1, 10), F(1, 10**5), F(1, 10**7)]).guaranteeing(*HELD),
)
def least_noise(eps, delta):
    r"""The least $\sigma/\Delta$, between the ends of a bisection in balls."""
    return Enclosed(*gaussian_noise(eps, delta), "rounding")


PEOPLE = cases(s=[F(1), F(160)], T=[1, 6, 3120]).guaranteeing("gaussian_noise", "fresh_noise", "l2_sensitivity")


@measure(paper.COMPOSITION, PEOPLE)
def distance_of_tables(s, T):
    """Squared distance of two tables of counts, with and without a person who is counted T times, over the variance."""
    table = [(7 * k) % 100 for k in range(T)]
    return sum(F(a - b) ** 2 for a, b in zip([c + 1 for c in table], table, strict=True)) / s**2


@measure(
    paper.COMPOSITION,
    cases(s=[F(1), F(3)], T=[1, 5, 20]).guaranteeing("gaussian_noise", "fresh_noise", "l2_sensitivity"),
)
def log_likelihood_ratio(s, T, rng, n=4000):
    """Twice the log-likelihood ratio of T releases, each in a direction that depends on those before it."""
    ratio, past = np.zeros(n), np.zeros(n)
    for _ in range(T):
        shift = np.where(past > 0, 1.0, -1.0)
        seen = shift + float(s) * rng.standard_normal(n)
        ratio += (seen * shift - 0.5) / float(s) ** 2
        past += seen
    return Sample(2 * ratio, law="normal")


COUNTS = cases(count=[0, 3], eps=[F(1, 3), F(1, 7)], s=[F(1), F(10)])


def of_outcomes(p: list[flint.arb], q: list[flint.arb], eps: F) -> Enclosed:
    """Sum of the positive parts of p - e^eps q over outcomes."""
    e, zero = ball(eps).exp(), flint.arb(0)
    parts = [a - e * b for a, b in zip(p, q, strict=True)]
    total = sum((max(x, zero) for x in parts if not x <= 0), zero)
    return Enclosed(*ends(total), "rounding")


@measure(paper.POST, COUNTS.guaranteeing("data_free"))
def rounded_and_clipped(count, eps, s):
    """The least delta of a count that is released with noise, rounded and clipped at 0: a sum over the integers."""
    with flint.ctx.workprec(integrals.BITS):
        top = count + int(16 * s) + 2
        edges = [ball(F(2 * k + 1, 2)) for k in range(top)]  # 0, 1, ..., top - 1, and all above
        laws = []
        for c in (count + 1, count):
            at = [flint.arb(0), *(normal_cdf((x - c) / ball(s)) for x in edges), flint.arb(1)]
            laws.append([b - a for a, b in itertools.pairwise(at)])
        return of_outcomes(laws[0], laws[1], eps), {"delta0": tight_end(gaussian_delta(eps, s))}


# --- sampled steps --------------------------------------------------------------------------------------------------------

SAMPLED = cases(q=[F(1, 100), F(1, 3)], z=[F(11, 10), F(3)])
POISSON = ("poisson_sampling", "gaussian_noise")


@measure(
    paper.RDP, cases(a=[2, 5], at=[{"q": F(1, 100), "z": F(11, 10)}, {"q": F(1, 3), "z": F(3)}]).guaranteeing(*POISSON)
)
def renyi_integral(a, q, z):
    r"""$\frac1{a-1}\log\int Q(dP/dQ)^a$ as an enclosed integral."""
    with flint.ctx.workprec(integrals.BITS):
        value = integrals.mean_power(a, q, ball(z) ** 2).log() / (a - 1)
        return Enclosed(*ends(value), "quadrature")


@measure(
    paper.CHI_SQUARE,
    cases(q=[F(1, 100), F(1, 3)], w=[F(9, 8), F(5, 2)], T=[1, 3, 20]).guaranteeing(*POISSON, "fresh_noise"),
)
def second_moment(q, w, T):
    """The second moment of one step as an enclosed integral, to the power T."""
    with flint.ctx.workprec(integrals.BITS):
        return Enclosed(*ends(integrals.mean_power(2, q, 1 / ball(w).log()) ** T), "quadrature")


RATIOS = cases(q=[F(1, 100), F(1, 3)], D=[F(0), F(1, 100), F(2)], z=[F(11, 10), F(3)])


@measure(paper.REMOVE, RATIOS.let(share=lambda q: q).guaranteeing("poisson_sampling"))
def difference_after_removal(q, D, z, share):
    r"""$\int((1-q)Q + qP - e^\epsilon Q)_+$ as an enclosed integral; ``share`` is the rate at which records are really taken."""
    with flint.ctx.workprec(integrals.BITS):
        cross = ball(z) ** 2 * (ball(D + share) / ball(share)).log() + flint.arb(1) / 2
        value = integrals.beyond(cross, z, ball(share), ball(-share - D))
    return value, {"delta0": tight_end(gaussian_delta_at(1 + D / q, z))}


@measure(
    paper.ADD,
    RATIOS.where(lambda q, D: D * (1 - q) < q).let(share=lambda q: q).guaranteeing("poisson_sampling"),
)
def difference_after_addition(q, D, z, share):
    r"""$\int(Q - e^\epsilon((1-q)Q + qP))_+$ as an enclosed integral; zero where the integrand is nowhere positive."""
    E, rest, shifted = 1 + D, share - D * (1 - share), q - D * (1 - q)
    other = {"delta0": tight_end(gaussian_delta_at(E * q / shifted if shifted > 0 else E, z))}
    if rest <= 0:
        return F(0), other
    with flint.ctx.workprec(integrals.BITS):
        cross = ball(z) ** 2 * (ball(rest) / ball(E * share)).log() + flint.arb(1) / 2
        return integrals.beyond(cross, z, ball(-E * share), ball(rest), upwards=False), other


# --- accountants ----------------------------------------------------------------------------------------------------------

RUNS = cases(run={f"GP_{i}": r for i, r in enumerate(paper.PUBLISHED, 1)})


@measure(paper.FLOOR, RUNS.let(orders=lambda: paper.ORDERS).guaranteeing("orders_listed"))
def accounted(run, orders):
    """The epsilon of the published run, by the moments of all orders on the list."""
    found = renyi_epsilon(run.q, run.z, run.steps, paper.DELTA, orders)
    return Enclosed(found.low, found.high, "rounding"), {"ell": log_inverse(paper.DELTA), "a_max": F(paper.ORDERS[-1])}


def least_conversion(rho: F, ell: F, lowest: F, highest: F) -> Enclosed:
    """inf of rho a + ell/(a-1) over lowest < a <= highest: a convex function between its values and its tangents."""

    def value(t: F) -> F:
        return rho * (1 + t) + ell / t

    def slope(t: F) -> F:
        return rho - ell / t**2

    low, high = lowest - 1, highest - 1
    if slope(high) <= 0:
        return Enclosed(value(high), value(high), "truncation")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return Enclosed(value(high) + slope(high) * (low - high), value(high), "truncation")


@measure(
    paper.OPTIMAL_ORDER,
    cases(
        at=[{"rho": F(1, 2), "ell": F(8)}, {"rho": F(1, 1000), "ell": F(16)}, {"rho": F(3), "ell": F(11)}]
    ).guaranteeing("all_orders"),
)
def best_conversion(rho, ell):
    """The least value by bisection of the slope, between a value and a tangent."""
    return least_conversion(rho, ell, 1 + F(1, 2**20), F(2**20))


@cache
def sampled(run: paper.Run) -> Enclosed:
    found = sampled_epsilon(run.q, run.z, run.steps, paper.DELTA, cells=16)
    return Enclosed(found.low, found.high, "truncation")


@measure(paper.CAP, RUNS.guaranteeing(*POISSON))
def under_poisson_sampling(run):
    """Exact epsilon of the run with batches drawn by Poisson sampling: the composed privacy loss between rigorous ends."""
    return sampled(run), {"eps_p": run.epsilon}


@measure(paper.GP_PUBLISHED, RUNS.guaranteeing("gaussian_noise"))
def in_a_fixed_order(run):
    """Exact epsilon of the run as it was run: a window is in one batch an epoch, a hundred times."""
    return Enclosed(*gaussian_epsilon(paper.DELTA, F(run.z, 10)), "rounding"), {"eps_p": run.epsilon}


@measure(paper.IP_PUBLISHED, cases(eps_p=[r.epsilon for r in paper.PUBLISHED]).guaranteeing(*HELD))
def of_the_classical_noise(eps_p):
    """Exact epsilon of the noise that the classical formula gives."""
    return Enclosed(*gaussian_epsilon(paper.DELTA, classical_noise(eps_p, paper.DELTA)), "rounding")


# --- sensitivities ----------------------------------------------------------------------------------------------------------


def clip(v: tuple[F, F], C: F) -> tuple[F, F]:
    """v scaled to a norm of at most C, for v whose norm is rational."""
    length = square(v)
    norm = F(isqrt(length.numerator), isqrt(length.denominator))
    assert norm**2 == length, "the norm is not rational"
    return v if norm <= C else (v[0] * C / norm, v[1] * C / norm)


def whole(v: tuple[F, F], C: F) -> tuple[F, F]:
    """Nothing is clipped."""
    return v


def square(v: tuple[F, F]) -> F:
    return v[0] ** 2 + v[1] ** 2


@measure(
    paper.MICROBATCH,
    cases(C=[F(1, 2), F(5, 2)], spike=[F(2), F(60)]).let(clipping=lambda: clip).guaranteeing("clipped"),
)
def change_of_a_microbatch(C, spike, clipping):
    """The mean gradient of two windows, clipped, with one of them as it is and with another in its place."""
    calm = (F(3), F(4))
    pair = [tuple((a + b) / 2 for a, b in zip(calm, other, strict=True)) for other in (calm, (-3 * spike, -4 * spike))]
    g, h = (clipping(v, C) for v in pair)
    return square((g[0] - h[0], g[1] - h[1]))


@measure(
    paper.WINDOWS,
    cases(C=[F(1, 2), F(5, 2)], p=[1, 6], turn=[F(0), F(1)]).let(clipping=lambda: clip).guaranteeing("clipped"),
)
def sum_over_windows(C, p, turn, clipping):
    """The clipped gradients of all windows that hold one time point: all alike, or the last one turned."""
    gradients = [clipping((F(3 * k), F(4 * k)), C) for k in range(1, p + 1)]
    gradients.append(clipping((F(4) * turn + 3 * (1 - turn), F(3) * turn + 4 * (1 - turn)), C))
    return square((sum(g[0] for g in gradients), sum(g[1] for g in gradients)))
