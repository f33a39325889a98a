"""Bounds of the evidence: finite models by enumeration, the cone by integrals over its radius, digits by their codes."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure, rounded
from gradproof.experiments.instances import belief_nets, noisy_cone
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.solvers.importance_bounds import chi_square, hierarchical, iwelbo, reverse_chi_square
from gradproof.theory.sampling import programmable_vi as paper

#: p(z, y) and q(z) of finitely many z; the first is the two-site model at its start
FAR = {"far off": (np.array([0.001, 0.2]), np.array([0.9, 0.1]))}
TWO_SITES = {"two sites": (np.array(models.JOINT).ravel(), models.guide_of_two_sites(models.START).ravel())}
MODELS = {**TWO_SITES, "three codes": (np.array([0.02, 0.3, 0.11]), np.array([0.25, 0.5, 0.25])), **FAR}
NEAR = {"near the posterior": (np.array([1.0, 3.0]), np.array([0.26, 0.74]))}  # which is (1/4, 3/4); y has a density


def total(x: Any) -> float:
    """The sum, rounded once."""
    return math.fsum(np.ravel(x))


@measure(paper.ELBO_GAP, cases(model=MODELS).guaranteeing("posterior", "normalised"))
def gap_of_a_model(model, mass=1.0, turned=False):
    """log p(y) - ELBO and KL(q || posterior), each with its own sums; ``mass`` of q and ``turned`` are for controls."""
    joint, q = model
    elbo = total(q * mass * (np.log(joint) - np.log(q * mass)))
    posterior = (joint[::-1] if turned else joint) / total(joint)
    size = np.abs(np.log(joint)).max() + np.abs(np.log(q)).max() + 1
    return rounded(math.log(total(joint)) - elbo, 40, size), {"kl": total(q * np.log(q / posterior))}


@measure(paper.ELBO_GAP, cases(row=[3, 8]).guaranteeing("posterior", "normalised"), budget="full")
def gap_of_a_digit(row):
    """The same of a digit and a mean-field guide of its 8 latents."""
    joint, t = belief_nets.guide_of(row)
    return gap_of_a_model((np.exp(joint), belief_nets.mean_field(t)))


breaking(paper.ELBO_GAP, "normalised", gap_of_a_model, cases(model=MODELS, mass=1.3))
breaking(paper.ELBO_GAP, "posterior", gap_of_a_model, cases(model=FAR, turned=True))

RARE = {"rare": ([F(1, 100), F(1, 2)], [F(9, 10), F(1, 10)])}
SHARES = {"four": ([F(21, 2000), F(9, 100), F(3, 25), F(1, 8)], [F(1, 4), F(1, 8), F(1, 2), F(1, 8)]), **RARE}
WEIGHTS = ("iid_particles", "full_support")


@measure(paper.WEIGHT_VARIANCE, cases(shares=SHARES, K=[1, 2, 4]).guaranteeing(*WEIGHTS))
def variance_of_the_mean_weight(shares, K, same=False, hidden=F(0)):
    """Var of the mean weight over p(y)^2, by all K-tuples (``same``: of one code); ``hidden`` mass of p lies where q has none."""
    joint, q = shares
    codes, moments = range(len(q)), [F(0), F(0)]
    for zs in [(z,) * K for z in codes] if same else itertools.product(codes, repeat=K):
        chance = q[zs[0]] if same else math.prod((q[z] for z in zs), start=F(1))
        weight = sum((joint[z] / q[z] for z in zs), F(0)) / K
        moments = [m + chance * weight**n for n, m in enumerate(moments, 1)]
    evidence = sum(joint, hidden)
    chi2 = sum((p * p / a for p, a in zip(joint, q, strict=True)), F(0)) / evidence**2 - 1
    return (moments[1] - moments[0] ** 2) / evidence**2, {"chi2": chi2}


breaking(paper.WEIGHT_VARIANCE, "iid_particles", variance_of_the_mean_weight, cases(shares=SHARES, K=[2, 4], same=True))
breaking(
    paper.WEIGHT_VARIANCE, "full_support", variance_of_the_mean_weight, cases(shares=RARE, K=[1, 2], hidden=F(1, 100))
)

# --- importance-weighted bounds --------------------------------------------------------------------------------------

LADDER = cases(model=MODELS, K=[1, 2, 5, 10])


@measure(paper.IWELBO, (LADDER + cases(model=NEAR, K=[1, 3])).guaranteeing("iid_particles"))
def bound_of_particles(model, K, copies=False):
    """L_K by enumeration, beside L_{K+1}, or beside K + 1 copies of one particle."""
    joint, q = model
    return around(*iwelbo(joint, q, K)), {"more": iwelbo(joint, q, 1 if copies else K + 1)[0]}


@measure(paper.IWELBO_BELOW, (LADDER + cases(model=NEAR, K=[1, 3])).guaranteeing("iid_particles", "normalised"))
def bound_below(model, K, mass=1.0):
    """L_K beside log p(y), which the posterior attains as a guide; ``mass``: of a guide that is no law, K = 1."""
    joint, q = model
    known = {"logp": math.log(total(joint))}
    if mass != 1:
        return rounded(total(q * mass * np.log(joint / (q * mass))), 60, 20), known
    return around(*iwelbo(joint, q, K)), known


def best_of(model, K):
    """K copies of the best of K draws: E log max w."""
    joint, q = model
    order = np.argsort(joint / q)
    share = np.cumsum(q[order])
    chance = share**K - np.concatenate([[0.0], share[:-1]]) ** K
    return rounded(float(chance @ np.log((joint / q)[order])), 200, 20), {"logp": math.log(total(joint))}


@measure(paper.IWELBO_BELOW, cases(row=3, K=[1, 5]).guaranteeing("iid_particles", "normalised"), budget="full")
def drawn_bound_of_a_digit(row, K, rng):
    """L_K of a digit by draws of K codes; no mean of weights is below the least weight."""
    joint, t = belief_nets.guide_of(row)
    q = belief_nets.mean_field(t)
    log_w = joint - np.log(q)
    drawn = log_w[rng.choice(len(q), size=(100_000, K), p=q / q.sum())]
    means = np.logaddexp.reduce(drawn, axis=1) - math.log(K)
    return Sample(means, at_least=float(log_w.min()) - 1e-9), {"logp": float(np.logaddexp.reduce(joint))}


breaking(paper.IWELBO, "iid_particles", bound_of_particles, cases(model=MODELS, K=[2, 5], copies=True))
breaking(paper.IWELBO_BELOW, "normalised", bound_below, cases(model=NEAR, K=1, mass=1.5))
breaking(paper.IWELBO_BELOW, "iid_particles", best_of, cases(model=TWO_SITES, K=[10, 40]))

TENTH = (np.array([0.09, 0.11]), np.array([0.5, 0.5]))
MILD = {"a tenth": TENTH, "skewed": (np.array([0.8 * 0.95, 0.2 * 1.2]), np.array([0.8, 0.2]))}


@measure(paper.IWELBO_RATE, cases(model=MILD, K=100).guaranteeing(*WEIGHTS, "bounded_weights"))
def limit_of_the_gap(model, K, hidden=0.0, copies=False):
    r"""K (log p(y) - L_K) at K = 100, and how far the limit may be: by Taylor's polynomial of degree three in the relative weights
    it is $-m_3/(3K)$ and at most $K\,\mathbb E x^4/(4a^4)$ away, $x$ their mean less 1 and $a$ the least of them."""
    joint, q = model
    low, error = iwelbo(joint, q, 1 if copies else K)
    relative = joint / q / total(joint)
    chi2, third, fourth = (total(q * (relative - 1) ** n) for n in (2, 3, 4))
    gap = K * (math.log(total(joint) + hidden) - low) + third / (3 * K)
    rest = ((fourth - 3 * chi2**2) / K**2 + 3 * chi2**2 / K) / (4 * min(1.0, relative.min()) ** 4)
    slack = K * (error + 1e-15)
    return Enclosed(gap - rest - slack, gap + slack, "truncation"), {"chi2": chi_square(joint, q)}


breaking(paper.IWELBO_RATE, "full_support", limit_of_the_gap, cases(model=MILD, K=100, hidden=0.01))
breaking(paper.IWELBO_RATE, "iid_particles", limit_of_the_gap, cases(model=MILD, K=100, copies=True))

# --- hierarchical bounds ---------------------------------------------------------------------------------------------

#: p(z, y), q(u), q(z|u), r(u|z)
CARD = ([0.2, 0.35], [0.4, 0.6], np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.7, 0.3], [0.4, 0.6]]))
THREE = ([0.05, 0.4], [0.3, 0.3, 0.4], np.array([[0.5, 0.5], [0.1, 0.9], [0.95, 0.05]]), np.full((2, 3), 1 / 3))
JOINTS = {"two by two": CARD, "three values": THREE}


def together(guide: Any) -> np.ndarray:
    """q(u, z), (U, Z)."""
    return np.asarray(guide[1])[:, None] * guide[2]


#: r(u|z) = q(u|z) up to a small share of another kernel
ALMOST = {
    "near exact": ([2.0, 3.5], *CARD[1:3], 0.97 * (together(CARD) / together(CARD).sum(axis=0)).T + 0.03 * CARD[3])
}


def marginal_elbo(guide: Any) -> float:
    """ELBO of q(z) = sum_u q(u) q(z|u)."""
    q = together(guide).sum(axis=0)
    return total(q * (np.log(guide[0]) - np.log(q)))


def bound(guide: Any, K: int, mass: float = 1.0, posterior: bool = True) -> Enclosed:
    """H_K, with ``mass`` of the reverse kernel; without ``posterior`` u_0 is drawn from r as the others are."""
    joint, aux, given, reverse = guide
    if posterior:
        return around(*hierarchical(joint, aux, given, reverse * mass, K))
    q = together(guide).sum(axis=0)
    means = [iwelbo(np.asarray(aux) * given[:, z], reverse[z], K + 1)[0] for z in range(len(q))]
    return rounded(total(q * (np.log(joint) - means)), 400, 10)


JUDGED = ("joint_draw", "reverse_support")
RUNGS = cases(guide=JOINTS, K=[0, 1, 5]) + cases(guide=ALMOST, K=[0, 3])


@measure(paper.HVI_GAP, cases(guide=JOINTS).guaranteeing(*JUDGED))
def gap_of_a_guide(guide, mass=1.0, posterior=True):
    """ELBO of the marginal less H_0, beside the sum of q(u, z) log q(u|z)/r(u|z)."""
    found, both = bound(guide, 0, mass, posterior), together(guide)
    elbo, kl = marginal_elbo(guide), total(both * np.log(both / both.sum(axis=0) / guide[3].T))
    return Enclosed(elbo - found.high - 1e-14, elbo - found.low + 1e-14, "rounding"), {"kl": kl}


@measure(paper.HVI_GAP, cases(s=[0.02, 0.05, 0.3]).guaranteeing(*JUDGED))
def gap_of_the_ring(s):
    """The same of the angular guide of the cone model, by integrals over the radius."""
    ring = noisy_cone.ring(s)
    (elbo, e1), (plain, e2) = ring.elbo(noisy_cone.log_joint), ring.plain(noisy_cone.log_joint)
    return around(elbo - plain, e1 + e2, "quadrature"), {"kl": ring.divergence()[0]}


@measure(paper.HIERARCHICAL, RUNGS.guaranteeing(*JUDGED))
def bound_of_rungs(guide, K, posterior=True):
    """H_K beside H_{K+1}; with u_0 of the reverse kernel as well the bounds are upper ones, and fall."""
    return bound(guide, K, posterior=posterior), {"more": float(bound(guide, K + 1, posterior=posterior).high)}


@measure(paper.HIERARCHICAL_BELOW, RUNGS.guaranteeing(*JUDGED))
def bound_below_the_marginal(guide, K, mass=1.0, posterior=True):
    """H_K beside the ELBO of the exact marginal, which r(u|z) = q(u|z) attains."""
    return bound(guide, K, mass, posterior), {"elbo": marginal_elbo(guide)}


@measure(paper.HIERARCHICAL_BELOW, cases(s=[0.05, 0.3]).guaranteeing(*JUDGED))
def ring_below_its_marginal(s):
    """H_0 of the angular guide of the cone."""
    ring = noisy_cone.ring(s)
    return around(*ring.plain(noisy_cone.log_joint), "quadrature"), {"elbo": ring.elbo(noisy_cone.log_joint)[0]}


@measure(paper.HIERARCHICAL_GAP, RUNGS.let(K=lambda K: K + 1).guaranteeing(*JUDGED))
def exponential_gap(guide, K, mass=1.0):
    """exp of the ELBO less H_{K-1}, by enumeration."""
    found, elbo = bound(guide, K - 1, mass), marginal_elbo(guide)
    ends = math.exp(elbo - found.high - 1e-14), math.exp(elbo - found.low + 1e-14)
    return Enclosed(*ends, "rounding"), {"chi2": reverse_chi_square(*guide[1:])}


breaking(paper.HVI_GAP, "joint_draw", gap_of_a_guide, cases(guide=JOINTS, posterior=False))
breaking(paper.HVI_GAP, "reverse_support", gap_of_a_guide, cases(guide=JOINTS, mass=2.0))
breaking(paper.HIERARCHICAL, "joint_draw", bound_of_rungs, RUNGS.let(posterior=lambda: False))
breaking(paper.HIERARCHICAL_BELOW, "reverse_support", bound_below_the_marginal, RUNGS.let(mass=lambda: 2.0))
breaking(paper.HIERARCHICAL_BELOW, "joint_draw", bound_below_the_marginal, RUNGS.let(posterior=lambda: False))
breaking(paper.HIERARCHICAL_GAP, "reverse_support", exponential_gap, cases(guide=JOINTS, K=[3, 9], mass=0.5))
