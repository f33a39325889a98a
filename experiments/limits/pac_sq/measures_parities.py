"""How parities move queries and gradients: Walsh-Hadamard transforms, counts and whole runs, in integers and fractions."""

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, cases, measure, rounded

from gradproof.experiments.limits.pac_sq.instances import (  # isort: skip
    Feature, Net, bent_query, constant, exact_net, exact_start, fair, half_square, leaning, majority, mean, on_cosets, one_parity,
    random_query, reference_run, signals, start,
)  # fmt: skip
from gradproof.solvers import walsh
from gradproof.solvers.rounding_oracle import adversarial, nearest
from gradproof.theory.limits import pac_sq as paper

QUERIES = {"random": random_query, "bent": bent_query, "majority": majority, "one parity": one_parity}
WHOLE = ("uniform_inputs", "all_parities")
Law = Callable[[int], np.ndarray]

# --- queries -----------------------------------------------------------------------------------------------------------


@measure(paper.PARSEVAL, cases(query=QUERIES, n=[2, 4, 6]).guaranteeing(*WHOLE))
def mean_square_signal(query, n, law=fair, left_out=0):
    """By the definition: E q(x, chi_S(x)) for each S (or without the last ones), in fractions."""
    q, weights = query(n), law(n)
    D = 2**n - left_out
    return F((signals(q, weights)[:D] ** 2).sum()) / D, {"D": D, "h2": half_square(q, weights)}


@measure(paper.PARSEVAL, cases(n=[8, 14], seed_of=[0, 1]).guaranteeing(*WHOLE))
@measure(paper.PARSEVAL, cases(n=20, seed_of=[0, 1]).guaranteeing(*WHOLE), budget="gpu", name="mean_square_of_20_bits")
def mean_square_by_transform(n, seed_of, backend):
    """Random signs, transformed in floats that are integers (sums of at most 2^n signs): nothing is rounded."""
    on, signs = array_library(backend), 2.0 * np.random.default_rng([seed_of, n]).integers(0, 2, 2**n) - 1
    with on.scope():
        coefficients = to_numpy(walsh.transform(on.asarray(signs))).astype(np.int64)
    return F(int((coefficients**2).sum()), 8**n), {"D": 2**n, "h2": 1}


TILTED = {"leaning": leaning}
breaking(paper.PARSEVAL, "uniform_inputs", mean_square_signal, query={"bent": bent_query}, n=4, law=TILTED)
breaking(paper.PARSEVAL, "all_parities", mean_square_signal, query={"one parity": one_parity}, n=4, left_out=4)

COUNTED = cases(query=QUERIES, n=[4, 8], tau=[F(1, 16), F(1, 4), F(1)])


@measure(paper.PARITY_COUNT, COUNTED.guaranteeing("uniform_inputs"))
def moved_by_a_query(query, n, tau):
    """All coefficients in integers, and those of at least tau."""
    q = query(n)
    moved = np.abs(walsh.transform((8 * (q[0] - q[1])).astype(np.int64))) >= int(tau * 16 * 2**n)
    return int(moved.sum()), {"h2": half_square(q, fair(n))}


@measure(paper.PARITY_COUNT, cases(bits=[2, 6, 10, 14], of=14).guaranteeing("uniform_inputs"))
def moved_by_a_bent_query(bits, of):
    """A bent function of some of 14 bits: all parities of these move it by 2^(-bits/2), of the 16384."""
    h = np.tile(walsh.bent(bits), 2 ** (of - bits))
    tau = F(1, 2 ** (bits // 2))
    return int((np.abs(walsh.transform(h)) >= int(tau * 2**of)).sum()), {"tau": tau, "h2": 1}


def moved_under(query, n, tau, law):
    """Under another law of the inputs."""
    q, weights = query(n), law(n)
    return int((abs(signals(q, weights)) >= tau).sum()), {"h2": half_square(q, weights)}


breaking(paper.PARITY_COUNT, "uniform_inputs", moved_under, query={"constant": constant}, n=6, law=TILTED, tau=F(1, 4))

LEARNED = ("uniform_inputs", "bounded_queries")


def share_moved(n: int, tau: F, asked: list[np.ndarray], law: Law = fair) -> tuple[F, dict[str, Any]]:
    weights = law(n)
    moved = np.any([abs(walsh.transform(weights * (q[0] - q[1]) / 2)) >= tau for q in asked], axis=0)
    return F(int(moved.sum()), 2**n), {"queries": len(asked), "D": 2**n}


@measure(paper.LOWER_BOUND, cases(queries=[1, 2, 7], n=6, size=[2, 4]).guaranteeing(*LEARNED))
def queries_on_cosets(queries, n, size):
    """Bent functions on disjoint sets of parities: no parity moves two of them."""
    asked = on_cosets(n, size, min(queries, 2 ** (n - size)))
    tau = F(1, 2 ** (size // 2))
    value, at = share_moved(n, tau, asked)
    return value, at | {"tau": tau}


@measure(paper.LOWER_BOUND, cases(queries=[1, 10], n=6, tau=[F(1, 8), F(1, 4)]).guaranteeing(*LEARNED))
def random_queries(queries, n, tau, times=1, law=fair, exact=False):
    """The share of parities that random queries (or multiples of them) tell; all that move them at all, of exact answers."""
    asked = [times * random_query(n, seed) for seed in range(queries)]
    return share_moved(n, F(1, 10**9) if exact else tau, asked, law)


def one_constant_query(n, tau, law):
    """The query y."""
    return share_moved(n, tau, [constant(n)], law)


breaking(paper.LOWER_BOUND, "uniform_inputs", one_constant_query, n=6, tau=F(1, 2), law=TILTED)
breaking(paper.LOWER_BOUND, "bounded_queries", random_queries, queries=1, n=6, tau=F(1, 2), times=8)
replacing(paper.LOWER_BOUND, "exact answers", random_queries, queries=1, n=6, tau=F(1, 2), exact=True)

# --- runs ----------------------------------------------------------------------------------------------------------------

REACTS = ("uniform_inputs", "squared_loss")


def largest_signals(net: Any, w: Any, eta: Any, rho: Any, T: int, law: Any = None) -> tuple[Any, Any, Any]:
    """max |E chi_S d_i f| along the reference run for all S, a bound on its rounding, and G."""
    largest, error, G = 0, 0.0, 0
    for _, _, table in reference_run(net, w, eta, rho, T, law):
        found = to_numpy(walsh.transform(table / table.shape[-1] if law is None else table * law))
        largest = np.maximum(largest, abs(found).max(axis=0))
        G += to_numpy(mean(table * table, law)).sum()
        if found.dtype != object:  # an entry comes out of n + 20 roundings of numbers of a few units
            entries = 2**10 * walsh.EPS * float(abs(to_numpy(table)).max())
            error = max(error, float(to_numpy(walsh.rounding(table)).max()) + entries)
    return largest, error, G


EXACT_NETS = cases(n=4, rho=[F(1, 4), F(1, 16)], T=2, seed_of=0) + cases(n=6, rho=F(1, 16), T=1, seed_of=0)


@measure(paper.DISTINGUISHABLE, EXACT_NETS.guaranteeing(*REACTS))
def told_by_an_exact_net(n, rho, T, seed_of):
    """Two units z^2 in fractions."""
    largest, _, G = largest_signals(exact_net(n), exact_start(n, 2, seed_of), F(1, 2), rho, T)
    return int((largest > rho / 4).sum()), {"G": F(G)}


@measure(paper.DISTINGUISHABLE, cases(n=[4, 10], below=F(1, 1000)).guaranteeing(*REACTS))
def told_by_a_bent_feature(n, below, times=1):
    """One parameter whose gradient is bent, and a precision just fine enough: all 2^n parities (of labels of another weight)."""
    rho = 4 * F(1, 2 ** (n // 2)) * (1 - below)
    largest, _, G = largest_signals(Feature(walsh.bent(n) * F(1)), np.array([F(0)]), F(1, 2), rho, 1)
    return int((times * largest > rho / 4).sum()), {"G": F(G), "rho": rho}


NETS = cases(rho=[F(1, 2), F(1, 4), F(1, 16)], n=14, T=5, seed_of=range(20)).guaranteeing(*REACTS)


@measure(paper.DISTINGUISHABLE, NETS.where(lambda seed_of: seed_of == 0))
@measure(paper.DISTINGUISHABLE, NETS, budget="full", name="told_by_twenty_nets")
@measure(paper.DISTINGUISHABLE, cases(n=20, rho=[F(1, 4), F(1, 16)], T=5, seed_of=0).guaranteeing(*REACTS), budget="gpu",
         name="told_by_a_net_of_20_bits")  # fmt: skip
def told_by_a_net(n, rho, T, seed_of, backend):
    """Two tanh units, p = 2(n + 2) gradients transformed a step; coefficients within their rounding of rho/4 count as either."""
    on = array_library(backend)
    with on.scope():
        net = Net(2, on.asarray(walsh.signs(n).astype(float)))
        largest, error, G = largest_signals(net, on.asarray(start(n, 2, seed_of)), 0.5, float(rho), T)
    low, high = (int((largest > float(rho) / 4 + off).sum()) for off in (error, -error))
    return Enclosed(low, high, "rounding"), {"G": float(G)}


breaking(paper.DISTINGUISHABLE, "squared_loss", told_by_a_bent_feature, n=4, below=F(-1), times=4)


def told_by_a_bias(n, rho, law):
    """f = w: its gradient is 1, and parities of leaning inputs have the means mu^|S|."""
    largest, _, G = largest_signals(Feature(constant(n)[0]), np.array([F(0)]), F(1, 2), rho, 1, law(n))
    return int((largest > rho / 4).sum()), {"G": F(G)}


breaking(paper.DISTINGUISHABLE, "uniform_inputs", told_by_a_bias, n=6, rho=F(1), law=TILTED)

HIDDEN = ("undetected", "adversarial_rounding", "squared_loss")


def parity_run(net: Any, w: Any, S: int, eta: Any, rho: Any, T: int, oracle: Any, times: Any = 1) -> Any:
    """w_T of gradient descent on L_S with answers ``oracle(E[f grad f] - times E[chi_S grad f], E[f grad f], rho)``."""
    chi = walsh.parity(S, int(net.x.shape[1]))
    for _ in range(T):
        f, table = net.tables(w)
        reference = mean(f * table)
        w = w - eta * oracle(reference - times * mean(chi * table), reference, rho)
    return w


def apart(
    net: Any, w: Any, eta: Any, rho: Any, T: int, seen: bool, most: int, oracle: Any = adversarial, times: Any = 1
) -> F:
    """The largest ||w_T^S - w_T||^2 over (some of) the parities that the reference run does not (or does) see, as it is."""
    largest, error, _ = largest_signals(net, w, eta, rho, T)
    told = np.flatnonzero(largest > rho / 4 - error) if seen else np.flatnonzero(largest <= rho / 4 - error)
    *_, (end, f, table) = reference_run(net, w, eta, rho, T)
    end = end - eta * nearest(mean(f * table), rho)
    runs = [parity_run(net, w, int(S), eta, rho, T, oracle, times) for S in told[:: max(1, len(told) // most)]]
    return max(sum((F(x) ** 2 for x in run - end), F(0)) for run in runs)


def rounds_to_nearest(v: Any, reference: Any, rho: Any) -> Any:
    return nearest(v, rho)


UNSEEN = cases(n=4, rho=F(1), T=2, seed_of=[0, 1])


@measure(paper.REFERENCE_RUN, UNSEEN.guaranteeing(*HIDDEN))
def exact_runs_apart(n, rho, T, seed_of, seen=False, oracle=adversarial, times=1):
    """Two units z^2 in fractions: every undetected parity."""
    return apart(exact_net(n), exact_start(n, 2, seed_of), F(1, 16), rho, T, seen, 2**n, oracle, times)


@measure(paper.REFERENCE_RUN, cases(n=10, rho=[0.25], T=3, seed_of=[0], most=20).guaranteeing(*HIDDEN))
@measure(paper.REFERENCE_RUN, cases(n=14, rho=[0.5, 0.25, 0.0625], T=5, seed_of=range(3), most=50).guaranteeing(*HIDDEN),
         budget="full", name="fifty_runs_of_14_bits")  # fmt: skip
def runs_apart(n, rho, T, seed_of, most):
    """Two tanh units, some undetected parities: the iterates are the same numbers, bit by bit."""
    return apart(Net(2, walsh.signs(n).astype(float)), start(n, 2, seed_of), 0.5, rho, T, False, most)


RUN = {"n": 4, "rho": F(1), "T": 2, "seed_of": 0}
breaking(paper.REFERENCE_RUN, "undetected", exact_runs_apart, **(RUN | {"rho": F(1, 16)}), seen=True)
breaking(paper.REFERENCE_RUN, "adversarial_rounding", exact_runs_apart, **RUN, oracle=rounds_to_nearest)
breaking(paper.REFERENCE_RUN, "squared_loss", exact_runs_apart, **RUN, times=16)

# --- gradients ------------------------------------------------------------------------------------------------------------

VARYING = (*WHOLE, "squared_loss")


def spread(net: Any, w: Any, law: Any, left_out: int, times: Any) -> tuple[Any, Any]:
    """The mean over S of ||grad L_S - E f grad f||^2, each gradient by its definition, and E||grad f||^2."""
    f, table = net.tables(w)
    n, still = int(net.x.shape[1]), mean(f * table, law)
    gradients = [mean((f - times * walsh.parity(S, n)) * table, law) for S in range(2**n - left_out)]
    total = sum(((g - still) ** 2).sum() for g in gradients)
    return total / len(gradients), mean(table * table, law).sum()


@measure(paper.GRADIENT_VARIANCE, cases(n=[2, 4], seed_of=[0, 1]).guaranteeing(*VARYING))
def spread_of_an_exact_net(n, seed_of, law=None, left_out=0, times=1):
    """Two units z^2 in fractions; other laws of the inputs, fewer parities, labels of another weight."""
    value, g2 = spread(exact_net(n), exact_start(n, 2, seed_of), None if law is None else law(n), left_out, times)
    return F(value), {"D": 2**n - left_out, "g2": F(g2)}


@measure(paper.GRADIENT_VARIANCE, cases(n=[3, 6], seed_of=[0, 1]).guaranteeing(*VARYING))
def spread_of_a_net(n, seed_of):
    """Two tanh units."""
    net, w = Net(2, walsh.signs(n).astype(float)), start(n, 2, seed_of)
    value, g2 = spread(net, w, None, 0, 1)
    # means of 2^n products of numbers of at most a few units, whose differences are of the size of the gradient
    f, table = net.tables(w)
    size = float(((abs(f) + 1) * abs(table)).max()) ** 2 * len(w)
    return rounded(float(value), 4 * 2**n + 100, size), {"D": 2**n, "g2": float(g2)}


breaking(paper.GRADIENT_VARIANCE, "uniform_inputs", spread_of_an_exact_net, n=4, seed_of=0, law=TILTED)
breaking(paper.GRADIENT_VARIANCE, "all_parities", spread_of_an_exact_net, n=4, seed_of=0, left_out=4)
breaking(paper.GRADIENT_VARIANCE, "squared_loss", spread_of_an_exact_net, n=4, seed_of=0, times=2)
