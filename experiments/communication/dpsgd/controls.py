"""Controls: with one assumption of D-PSGD's claims broken, the bounds are violated."""

from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.communication.dpsgd import instances as on
from gradproof.experiments.communication.dpsgd import measures
from gradproof.experiments.communication.dpsgd.instances import HALF, THIRD
from gradproof.experiments.engine.controls import breaking
from gradproof.theory.claim import Claim
from gradproof.theory.communication import dpsgd

for claim in (dpsgd.MIXING, dpsgd.MIXING_SHARP):
    breaking(claim, "mixing", measures.distance_from_the_mean, graph=on.NILPOTENT, k=1)
breaking(dpsgd.MEAN_ITERATE, "doubly_stochastic", measures.mean_after_a_step, graph=on.listeners(4), steps=1)
# D-PSGD's own order on the complete graph; and nodes that start apart: the gradients are taken where the nodes differ
breaking(dpsgd.COMPLETE_GRAPH, "average_last", measures.nodes_beside_centralised_sgd, average_last=False)
breaking(dpsgd.COMPLETE_GRAPH, "consensus_start", measures.nodes_beside_centralised_sgd, apart=1)

RATES = {claim.id: rate for claim, rate in measures.RATES}


def noiseless(claim: Claim, assumption: str, **axes: Any) -> None:
    """A run without noise."""
    breaking(claim, assumption, measures.average_on_quadratics, rate=[RATES[claim.id]], L=1.0, sigma2=0.0, **axes)


# the nodes minimise the function of the one that all listen to
one = {"b": {"one apart": np.array([4.0, 0, 0, 0])}, "K": 3000}
noiseless(dpsgd.SHARPER, "mixing", graph=on.listeners(4), share=0.03, **one)
noiseless(dpsgd.THEOREM1, "mixing", graph=on.listeners(4), share=0.25, **one)
two = {"opposite pairs": np.array([1.0, 1, -1, -1])}
noiseless(dpsgd.CONSENSUS, "connected", graph=on.PAIRS, share=0.02, b=two, K=3000)
apart = {"apart": np.array([1.0, -1, 1, -1])}
noiseless(dpsgd.CONSENSUS, "consensus_start", graph=on.RING4, share=0.02, b={"equal": np.zeros(4)}, x0=apart, K=1)
several = {"0 to 7": np.arange(8.0)}
noiseless(dpsgd.CONSENSUS, "heterogeneity", graph=on.RING8, share=0.07, b=several, K=3000, zeta2=0.0)

# steps of 2.1/L: the mean iterate diverges
EQUAL = {"n": 4, "zeta2": 0.0, "L": 1.0}
breaking(dpsgd.COROLLARY2, "step", measures.average_at_the_stated_step, gamma=2.1, times=1, sigma2=1.0, **EQUAL)
long = {"c": 2.1 * np.sqrt(1000 / 4), "K": 1000}
breaking(dpsgd.LINEAR_SPEEDUP, "half", measures.average_at_a_root_step, sigma2=0.0, **long, **EQUAL)

short = {"gamma": Fraction(1, 10), "h": Fraction(1), "sigma2": Fraction(1)}
breaking(dpsgd.STATIONARY, "mixing", measures.stationary_variance_of_the_mean, graph=on.listeners(3), **short)
# the middle of a path is quieter than the formula, the ends are noisier
breaking(dpsgd.STATIONARY_NODE, "transitive", measures.stationary_variance_of_nodes, graph=on.PATH3, **short)

# curvatures 1/2 and 3/2 in turn, of mean one
TURNS = [{"graph": on.ring(n), "h": np.array([HALF, Fraction(3, 2)] * (n // 2))} for n in (4, 6)]
breaking(dpsgd.STABILITY, "quadratics", measures.largest_stable_step, turns=TURNS)
breaking(dpsgd.CONSENSUS_ERROR, "quadratics", measures.lasting_disagreement, turns=TURNS[:1], gh=Fraction(1, 10))

# a path, its ends not joined, mixes more slowly
PATHS = [{"n": n, "edges": [(i, i + 1) for i in range(n - 1)]} for n in (4, 8)]
breaking(dpsgd.RING, "ring", measures.eigenvalue_of_a_ring, path=PATHS, w=THIRD, k=1)
