"""Bounds of the evidence: finite models by enumeration, the cone by integrals over its radius, digits by their 256 codes."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure, rounded
from gradproof.experiments.instances import belief_nets
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.solvers.importance_bounds import chi_square, hierarchical, iwelbo, reverse_chi_square
from gradproof.theory.sampling import programmable_vi as paper

Found = tuple[Any, dict[str, Any]]

#: p(z, y) and q(z) of finitely many z; the first is the two-site model at its start
MODELS = {
    "two sites": (np.array(models.JOINT).ravel(), models.guide_of_two_sites(models.START).ravel()),
    "three codes": (np.array([0.02, 0.3, 0.11]), np.array([0.25, 0.5, 0.25])),
    "far off": (np.array([0.001, 0.2]), np.array([0.9, 0.1])),
}
EXACT = cases(model=MODELS)
NEAR = {"near the posterior": (np.array([0.1, 0.3]), np.array([0.26, 0.74]))}  # of which the posterior is (1/4, 3/4)

# --- the evidence lower bound ----------------------------------------------------------------------------------------


def gap_and_divergence(joint: np.ndarray, q: np.ndarray, mass: float = 1.0) -> Found:
    """log p(y) - ELBO and KL(q || posterior), each with its own sums; ``mass``: that q is taken to have."""
    elbo = math.fsum(q * mass * (np.log(joint) - np.log(q * mass)))
    posterior = joint / math.fsum(joint)
    size = np.abs(np.log(joint)).max() + np.abs(np.log(q)).max() + 1
    return rounded(math.log(math.fsum(joint)) - elbo, 40, size), {"kl": math.fsum(q * np.log(q / posterior))}


@measure(paper.ELBO_GAP, EXACT.guaranteeing("posterior", "normalised"))
def gap_of_a_model(model, mass=1.0):
    """log p(y) - ELBO of finite models."""
    return gap_and_divergence(*model, mass)


@measure(paper.ELBO_GAP, cases(row=[3, 8]).guaranteeing("posterior", "normalised"), budget="full")
def gap_of_a_digit(row):
    """The same of a digit and a mean-field guide of its 8 latents."""
    joint, t = belief_nets.guide_of(row)
    return gap_and_divergence(np.exp(joint), belief_nets.mean_field(t))


breaking(paper.ELBO_GAP, "normalised", gap_of_a_model, EXACT.let(mass=lambda: 1.3))


def gap_to_another_posterior(model):
    """The divergence from what is no posterior of this model: the prior's shares turned round."""
    joint, q = model
    other = joint[::-1] / joint.sum()
    return gap_and_divergence(joint, q)[0], {"kl": math.fsum(q * np.log(q / other))}


breaking(paper.ELBO_GAP, "posterior", gap_to_another_posterior, cases(model={"far off": MODELS["far off"]}))

# --- weights ---------------------------------------------------------------------------------------------------------

SHARES = {
    "two sites": ([F(21, 2000), F(9, 100), F(3, 25), F(1, 8)], [F(1, 4), F(1, 8), F(1, 2), F(1, 8)]),
    "rare": ([F(1, 100), F(1, 2)], [F(9, 10), F(1, 10)]),
}
PARTICLES = cases(shares=SHARES, K=[1, 2, 4])
WEIGHTS = ("iid_particles", "full_support")


def of_tuples(shares: Any, K: int, power: int, same: bool) -> F:
    """E of a power of the mean weight, over all K-tuples of outcomes; ``same``: one outcome for all particles."""
    joint, q = shares
    total = F(0)
    for zs in [(z,) * K for z in range(len(q))] if same else itertools.product(range(len(q)), repeat=K):
        chance = q[zs[0]] if same else math.prod((q[z] for z in zs), start=F(1))
        total += chance * (sum((joint[z] / q[z] for z in zs), F(0)) / K) ** power
    return total


@measure(paper.WEIGHT_VARIANCE, PARTICLES.guaranteeing(*WEIGHTS))
def variance_of_the_mean_weight(shares, K, same=False, hidden=F(0)):
    """Var of the mean weight over p(y)^2, by all K-tuples."""
    joint, q = shares
    evidence = sum(joint, hidden)
    found = (of_tuples(shares, K, 2, same) - of_tuples(shares, K, 1, same) ** 2) / evidence**2
    return found, {"chi2": sum((p * p / a for p, a in zip(joint, q, strict=True)), F(0)) / evidence**2 - 1}


MANY = PARTICLES.where(lambda K: K > 1)
breaking(paper.WEIGHT_VARIANCE, "iid_particles", variance_of_the_mean_weight, MANY.let(same=lambda: True))
breaking(
    paper.WEIGHT_VARIANCE,
    "full_support",
    variance_of_the_mean_weight,
    cases(shares={"rare": SHARES["rare"]}, K=[1, 2], hidden=F(1, 100)),
)

# --- importance-weighted bounds --------------------------------------------------------------------------------------

LADDER = cases(model=MODELS, K=[1, 2, 5, 10])


@measure(paper.IWELBO, LADDER.guaranteeing("iid_particles"))
def bound_of_particles(model, K):
    """L_K by enumeration, beside L_{K+1}."""
    return around(*iwelbo(*model, K)), {"more": float(iwelbo(*model, K + 1)[0])}


def bound_beside_copies(model, K):
    """L_K beside K + 1 particles that are copies of one."""
    return around(*iwelbo(*model, K)), {"more": float(iwelbo(*model, 1)[0])}


breaking(paper.IWELBO, "iid_particles", bound_beside_copies, cases(model=MODELS, K=[2, 5]))


@measure(paper.IWELBO_BELOW, (LADDER + cases(model=NEAR, K=[1, 3])).guaranteeing("iid_particles", "normalised"))
def bound_below(model, K, mass=1.0):
    """L_K beside log p(y), which the posterior attains as a guide; ``mass``: of a guide that is no law."""
    joint, q = model
    if mass != 1:  # E_q log w with a q that sums to mass
        elbo = math.fsum(q * mass * np.log(joint / (q * mass)))
        return rounded(elbo, 60, 20), {"logp": math.log(math.fsum(joint))}
    return around(*iwelbo(joint, q, K)), {"logp": math.log(math.fsum(joint))}


breaking(paper.IWELBO_BELOW, "normalised", bound_below, cases(model=NEAR, K=1, mass=0.5))


def greatest_weight(model, K):
    """K copies of the best of K draws: E log max w."""
    joint, q = model
    order = np.argsort(joint / q)
    share = np.cumsum(q[order])
    chance = share**K - np.concatenate([[0.0], share[:-1]]) ** K
    return rounded(float(chance @ np.log((joint / q)[order])), 200, 20), {"logp": math.log(math.fsum(joint))}


breaking(
    paper.IWELBO_BELOW, "iid_particles", greatest_weight, cases(model={"two sites": MODELS["two sites"]}, K=[10, 40])
)

MILD = {
    "a tenth": (np.array([0.09, 0.11]), np.array([0.5, 0.5])),
    "skewed": (np.array([0.8 * 0.95, 0.2 * 1.2]), np.array([0.8, 0.2])),
}


@measure(paper.IWELBO_RATE, cases(model=MILD, K=100).guaranteeing("iid_particles", "full_support", "bounded_weights"))
def limit_of_the_gap(model, K, hidden=0.0, copies=False):
    r"""K (log p(y) - L_K) at K = 100, and how far the limit may be: by Taylor's polynomial of degree three in the relative weights
    it is $-m_3/(3K)$ and at most $K\,\mathbb E x^4/(4a^4)$ away, $x$ their mean less 1 and $a$ the least of them."""
    joint, q = model
    low, error = iwelbo(joint, q, 1 if copies else K)
    relative = joint / q / math.fsum(joint)
    third, fourth, chi2 = (math.fsum(q * (relative - 1) ** n) for n in (3, 4, 2))
    evidence = math.fsum(joint) + hidden
    gap = K * (math.log(evidence) - low) + third / (3 * K)
    rest = K * ((fourth - 3 * chi2**2) / K**3 + 3 * chi2**2 / K**2) / (4 * min(1.0, relative.min()) ** 4)
    slack = K * (error + 1e-15)
    return Enclosed(gap - rest - slack, gap + slack, "truncation"), {"chi2": chi_square(joint, q)}


breaking(paper.IWELBO_RATE, "full_support", limit_of_the_gap, cases(model=MILD, K=100, hidden=0.01))
breaking(paper.IWELBO_RATE, "iid_particles", limit_of_the_gap, cases(model=MILD, K=100, copies=True))

# --- hierarchical bounds ---------------------------------------------------------------------------------------------

#: p(z, y), q(u), q(z|u), r(u|z)
CARD = ([0.2, 0.35], [0.4, 0.6], np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.7, 0.3], [0.4, 0.6]]))
JOINTS = {
    "two by two": CARD,
    "three values": (
        [0.05, 0.4],
        [0.3, 0.3, 0.4],
        np.array([[0.5, 0.5], [0.1, 0.9], [0.95, 0.05]]),
        np.full((2, 3), 1 / 3),
    ),
}


def near_exact(guide: Any, share: float = 0.97) -> Any:
    """The same guide with r(u|z) = q(u|z) up to a small share of another kernel."""
    joint, aux, given, reverse = guide
    together = np.asarray(aux)[:, None] * given
    return joint, aux, given, share * (together / together.sum(axis=0)).T + (1 - share) * reverse


def marginal_elbo(guide: Any) -> float:
    """ELBO of q(z) = sum_u q(u) q(z|u)."""
    joint, aux, given, _ = guide
    q = np.asarray(aux) @ given
    return math.fsum(q * (np.log(joint) - np.log(q)))


def plain_bound(
    joint: Any, aux: Any, given: np.ndarray, reverse: np.ndarray, K: int, posterior: bool = True
) -> Enclosed:
    """H_K; without ``posterior`` u_0 is drawn from r as the others are."""
    if posterior:
        return around(*hierarchical(joint, aux, given, reverse, K))
    q, total = np.asarray(aux) @ given, 0.0
    for z, p in enumerate(joint):
        ratios = np.asarray(aux) * given[:, z] / reverse[z]
        total += q[z] * (math.log(p) - iwelbo(reverse[z] * ratios, reverse[z], K + 1)[0])
    return rounded(total, 400, 10)


JUDGED = ("joint_draw", "reverse_support")
RUNGS = cases(guide=JOINTS, K=[0, 1, 5])


@measure(paper.HVI_GAP, cases(guide=JOINTS, K=0).guaranteeing(*JUDGED))
def gap_of_a_guide(guide, mass=1.0):
    """ELBO of the marginal less H_0, beside the sum of q(u, z) log q(u|z)/r(u|z)."""
    joint, aux, given, reverse = guide
    found = hierarchical(joint, aux, given, reverse * mass, 0)
    together = np.asarray(aux)[:, None] * given
    kl = math.fsum((together * np.log(together / together.sum(axis=0) / reverse.T)).ravel())
    return around(marginal_elbo(guide) - found[0], found[1] + 1e-14), {"kl": kl}


@measure(paper.HVI_GAP, cases(s=[0.02, 0.05, 0.3]).guaranteeing(*JUDGED))
def gap_of_the_ring(s):
    """The same of the angular guide of the cone model, by integrals over the radius."""
    ring = models.ring(s)
    (elbo, e1), (plain, e2) = ring.elbo(models.log_cone), ring.plain(models.log_cone)
    return around(elbo - plain, e1 + e2, "quadrature"), {"kl": ring.divergence()[0]}


breaking(paper.HVI_GAP, "reverse_support", gap_of_a_guide, cases(guide=JOINTS, mass=2.0))


@measure(paper.HIERARCHICAL, RUNGS.guaranteeing(*JUDGED))
def bound_of_rungs(guide, K):
    """H_K beside H_{K+1}, by enumeration."""
    return plain_bound(*guide, K), {"more": float(hierarchical(*guide, K + 1)[0])}


def bound_that_falls(guide, K):
    """With u_0 of the reverse kernel as well the bounds are upper ones, and fall."""
    return plain_bound(*guide, K, posterior=False), {"more": float(plain_bound(*guide, K + 1, posterior=False).high)}


breaking(paper.HIERARCHICAL, "joint_draw", bound_that_falls, RUNGS)


@measure(
    paper.HIERARCHICAL_BELOW, (RUNGS + cases(guide={"near exact": near_exact(CARD)}, K=[0, 3])).guaranteeing(*JUDGED)
)
def bound_below_the_marginal(guide, K, mass=1.0, posterior=True):
    """H_K beside the ELBO of the exact marginal, which r(u|z) = q(u|z) attains."""
    joint, aux, given, reverse = guide
    return plain_bound(joint, aux, given, reverse * mass, K, posterior), {"elbo": marginal_elbo(guide)}


@measure(paper.HIERARCHICAL_BELOW, cases(s=[0.05, 0.3]).guaranteeing(*JUDGED))
def ring_below_its_marginal(s):
    """H_0 of the angular guide of the cone."""
    ring = models.ring(s)
    return around(*ring.plain(models.log_cone), "quadrature"), {"elbo": ring.elbo(models.log_cone)[0]}


breaking(paper.HIERARCHICAL_BELOW, "reverse_support", bound_below_the_marginal, RUNGS.let(mass=lambda: 2.0))
breaking(paper.HIERARCHICAL_BELOW, "joint_draw", bound_below_the_marginal, RUNGS.let(posterior=lambda: False))


@measure(
    paper.HIERARCHICAL_GAP,
    (cases(guide=JOINTS, K=[1, 3, 9]) + cases(guide={"near exact": near_exact(CARD)}, K=[1, 2])).guaranteeing(*JUDGED),
)
def exponential_gap(guide, K, mass=1.0):
    """exp of the ELBO less H_{K-1}, by enumeration."""
    joint, aux, given, reverse = guide
    value, error = hierarchical(joint, aux, given, reverse * mass, K - 1)
    gap, off = marginal_elbo(guide) - value, error + 1e-14
    return Enclosed(math.exp(gap - off) * (1 - 1e-15), math.exp(gap + off) * (1 + 1e-15), "rounding"), {
        "chi2": reverse_chi_square(aux, given, reverse)
    }


breaking(paper.HIERARCHICAL_GAP, "reverse_support", exponential_gap, cases(guide=JOINTS, K=[3, 9], mass=0.5))

# --- draws -----------------------------------------------------------------------------------------------------------

SIZE = {"quick": 3000, "full": 100_000, "gpu": 1_000_000}


@measure(paper.IWELBO_BELOW, cases(row=[3], K=[1, 5]).guaranteeing("iid_particles", "normalised"), budget="full")
def drawn_bound_of_a_digit(row, K, rng, budget):
    """L_K of a digit by draws of K codes; no mean of weights is below the least weight."""
    joint, t = belief_nets.guide_of(row)
    q = belief_nets.mean_field(t)
    log_w = joint - np.log(q)
    drawn = log_w[rng.choice(len(q), size=(SIZE[budget], K), p=q / q.sum())]
    top = drawn.max(axis=1, keepdims=True)
    means = np.log(np.exp(drawn - top).mean(axis=1)) + top[:, 0]
    return Sample(means, at_least=float(log_w.min()) - 1e-9), {"logp": float(np.logaddexp.reduce(joint))}
