"""All-reduces, random batches, and means in a stated order: exact problems of groups of workers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from moves import Case, Move, about, holds, permuted, units

from gradproof.solvers import all_reduce, summation
from gradproof.solvers import batch_covariance as batch
from gradproof.solvers.all_reduce import Cluster, Link, Task

RNG = np.random.default_rng(17)
F = Fraction

# --- times of all-reduces ------------------------------------------------------------------------------------------------


def reductions(m, alpha, beta, T_io):
    link = Link(alpha, beta)
    low, high = all_reduce.largest_hidden(T_io, m, link)
    return {
        "ring": all_reduce.ring(6, m, link),
        "tree": all_reduce.tree(6, m, link),
        "hidden": (low, high),
        "is hidden": holds(all_reduce.ring(low, m, link) <= T_io < all_reduce.ring(high, m, link)),
    }


def iterations(T_comp, T_io, m, inside, between):
    cluster = Cluster(T_comp, T_io, m, Link(*inside), Link(*between))
    best, time = cluster.best_groups(12)
    times = cluster.times(12, best)
    layered = {stale: all_reduce.layered_iterations(5, times, stale=stale) for stale in (False, True)}
    around = all_reduce.ring(12, m, Link(*between))
    flat = {early: all_reduce.flat_iterations(5, T_comp, T_io, around, prefetch=early) for early in (False, True)}
    return {
        "best": best,
        "time": time,
        "flat time": cluster.t_flat(12),
        "layered": all_reduce.makespan(layered[False]),
        "stale": all_reduce.makespan(layered[True]),
        "flat": all_reduce.makespan(flat[False]),
        "prefetched": all_reduce.makespan(flat[True]),
    }


def scheduled(names, times, after, waits):
    """Tasks in any order, under any names."""
    tasks = {name: Task(t, tuple(b)) for name, t, b in zip(names, times, after, strict=True)}
    wait = dict(zip(names, waits, strict=True)).__getitem__
    done = all_reduce.simulate(tasks, wait)
    return {"done": sum(done.values()), "last": all_reduce.makespan(tasks, wait)}


def renamed(data, rng):
    names = dict(zip(data["names"], rng.permutation(len(data["names"])).tolist(), strict=True))
    return data | {
        "names": [names[name] for name in data["names"]],
        "after": [[names[b] for b in before] for before in data["after"]],
    }


def messages(vectors, link, m):
    held, clock = all_reduce.ring_messages(vectors, Link(*link), m)
    return {
        "sums": sum(x * x for x in held[0]),
        "alike": holds(all(row == held[0] for row in held)),
        "clock": clock,
        "as the formula says": holds(clock == all_reduce.ring(len(vectors), m, Link(*link))),
    }


BEFORE = [[j for j in range(i) if RNG.random() < 0.4] for i in range(9)]
REDUCTIONS = {
    "all-reduces": Case(
        reductions,
        {"m": F(1000), "alpha": F(1, 8), "beta": F(1, 300), "T_io": F(9)},
        {
            "units of time": units({"alpha": 20, "beta": 20, "T_io": 20}, ring=20, tree=20),
            "units of bytes": units({"m": -30, "beta": 30}),
        },
    ),
    "iterations of layered SGD": Case(
        iterations,
        {"T_comp": F(3), "T_io": F(5, 2), "m": F(100), "inside": [F(1, 50), F(1, 400)], "between": [F(1, 9), F(1, 70)]},
        {
            "units of time": units(
                {"T_comp": -9, "T_io": -9, "inside": -9, "between": -9},
                **dict.fromkeys(("time", "flat time", "layered", "stale", "flat", "prefetched"), -9),
            ),
            "units of bytes": Move(
                lambda d, rng: (
                    d | {"m": d["m"] * 2**20} | {k: [d[k][0], d[k][1] / 2**20] for k in ("inside", "between")}
                )
            ),
        },
    ),
    "a schedule": Case(
        scheduled,
        {
            "names": list(range(9)),
            "times": [F(int(x), 7) for x in RNG.integers(1, 9, 9)],
            "after": BEFORE,
            "waits": [F(int(x), 5) for x in RNG.integers(0, 4, 9)],
        },
        {
            "order": permuted(names=(0,), times=(0,), after=(0,), waits=(0,)),
            "names": Move(renamed),
            "units": units({"times": 12, "waits": 12}, done=12, last=12),
        },
    ),
    "a ring of messages": Case(
        messages,
        {"vectors": [[F(int(x), 3) for x in row] for row in RNG.integers(-9, 9, (5, 5))], "link": [F(1, 9), F(1, 64)], "m": F(40)},
        {
            "processes": permuted(vectors=(0,)),
            "shares": permuted(vectors=(1,)),
            "units of time": units({"link": 7}, clock=7),
            "units of the entries": units({"vectors": -11}, sums=-22),
        },
    ),
}  # fmt: skip

# --- random batches -------------------------------------------------------------------------------------------------------


def covariances(g, M):
    """Trace and Frobenius norm of each, by enumeration and by formula."""
    n, found = len(g), {}
    sizes = [(M - 1, F(1, 2)), (M + 1, F(1, 2))]
    for name, law in (
        ("wr", batch.with_replacement(n, M)),
        ("wor", batch.without_replacement(n, M)),
        ("poisson", batch.independent_inclusion(n, M)),
        ("of random size", batch.of_random_size(n, sizes)),
    ):
        C = batch.enumerated(g, M, law)
        found[name] = batch.trace(C)
        found[f"{name} squared"] = sum(x * x for row in C for x in row)
        if name in batch.LAWS:
            found[f"{name} as the formula says"] = holds(batch.closed_form(g, M, name) == C)
    return found | batch.moments(g) | {"across": batch.across(g, batch.disjoint(n, M), M)}


def translated(data, rng):
    """Samples about another mean; inclusion at random sees it, and is left out."""
    by = [int(x) for x in rng.integers(-5, 6, len(data["g"][0]))]
    return data | {"g": [[x + y for x, y in zip(row, by, strict=True)] for row in data["g"]]}


def about_the_mean(g, M):
    found = covariances(g, M)
    return {k: found[k] for k in ("wr", "wr squared", "wor", "wor squared", "C", "across")}


def rotated(data, rng):
    """By a rational rotation: nothing is rounded."""
    c, s = [(F(3, 5), F(4, 5)), (F(5, 13), F(-12, 13))][int(rng.integers(2))]
    return data | {"g": [[c * x - s * y, s * x + c * y, *rest] for x, y, *rest in data["g"]]}


G_OF_SAMPLES = [[F(int(x), 2) for x in row] for row in RNG.integers(-6, 7, (5, 3))]
OF_SIZE = ("wr", "wor", "poisson", "of random size", "S", "C", "g2", "across")
OF_BATCHES = {
    "samples": permuted(g=(0,)),
    "coordinates": permuted(g=(1,)),
    "basis": Move(rotated),
}
BATCHES = {
    "random batches": Case(
        covariances,
        {"g": G_OF_SAMPLES, "M": 2},
        OF_BATCHES
        | {"units": units({"g": 13}, **dict.fromkeys(OF_SIZE, 26), **{f"{k} squared": 52 for k in OF_SIZE[:4]})},
    ),
    "random batches about their mean": Case(
        about_the_mean, {"g": G_OF_SAMPLES, "M": 2}, {**OF_BATCHES, "translation": Move(translated)}
    ),
}

# --- means in a stated order ----------------------------------------------------------------------------------------------


def means(values, groups, bits):
    """Exactly, and in roundings whose bound the standard model states: whatever the order, they are about one truth."""
    h, u = summation.depth(groups), F(1, 2**bits)
    weights = {i: F(1, len(groups) * len(g)) for g in groups for i in g}
    size = {
        "layered": sum(map(abs, values)) / len(values),
        "of means": sum(abs(v) * weights[i] for i, v in enumerate(values)),
    }
    found = {
        "exactly": summation.layered_mean(values, groups),
        "exactly of means": summation.mean_of_means(values, groups),
        "excess": summation.weights_excess([len(g) for g in groups]),
    }
    kinds = ((summation.nearest(bits), u), (summation.chopped(bits), 2 * u), (summation.outward(u), u))
    for arithmetic, unit in kinds:
        error = (1 + unit) ** h - 1  # of a product of h factors between 1 - unit and 1 + unit
        found[f"layered, {arithmetic.name}"] = about(
            summation.layered_mean(values, groups, arithmetic), error * size["layered"]
        )
        error = (1 + unit) ** (h + 1) - 1
        found[f"of means, {arithmetic.name}"] = about(
            summation.mean_of_means(values, groups, arithmetic), error * size["of means"]
        )
    return found


def in_this_order(values, groups, bits):
    """To the last bit."""
    found = {}
    for arithmetic in (summation.nearest(bits), summation.chopped(bits), summation.outward(F(1, 2**bits))):
        found[f"layered, {arithmetic.name}"] = summation.layered_mean(values, groups, arithmetic)
        found[f"of means, {arithmetic.name}"] = summation.mean_of_means(values, groups, arithmetic)
    return found


def hard(groups, bits):
    values = summation.hard_to_add(groups, bits)
    rounded = summation.layered_mean(values, groups, summation.nearest(bits))
    return {"error": rounded - summation.layered_mean(values, groups), "depth": summation.depth(groups)}


def relabelled(data, rng):
    """Workers by other names: each group adds up the same values in the same order."""
    n = sum(map(len, data["groups"]))
    order = rng.permutation(n).tolist()
    new = data | {"groups": [[order[i] for i in g] for g in data["groups"]]}
    if "values" in data:
        new["values"] = [data["values"][order.index(i)] for i in range(n)]
    return new


def within(data, rng):
    """Another order inside every group."""
    return data | {"groups": [rng.permutation(g).tolist() for g in data["groups"]]}


def negated(*names):
    return Move(lambda d, rng: d | {"values": [-x for x in d["values"]]}, dict.fromkeys(names, -1))


VALUES = [F(int(x), 2**40) for x in RNG.integers(2**36, 2**41, 11)]
GROUPS = summation.consecutive([4, 2, 5])
ARITHMETICS = ("nearest(24)", "chopped(24)", f"outward({F(1, 2**24)})")
IN_ORDER = [f"{k}, {a}" for k in ("layered", "of means") for a in ARITHMETICS]
MEANS = {
    "means in any order": Case(
        means,
        {"values": VALUES, "groups": GROUPS, "bits": 24},
        {
            "workers": Move(relabelled),
            "inside groups": Move(within),
            "groups": permuted(groups=(0,)),
            "units": units({"values": 50}, **dict.fromkeys((*IN_ORDER, "exactly", "exactly of means"), 50)),
        },
        width=1e-5,
    ),
    "means in this order": Case(
        in_this_order,
        {"values": [v * (-1) ** i for i, v in enumerate(VALUES)], "groups": GROUPS, "bits": 24},
        {
            "workers": Move(relabelled),
            "signs": negated(*IN_ORDER),
            "units": units({"values": 50}, **dict.fromkeys(IN_ORDER, 50)),
            "small units": units({"values": -50}, **dict.fromkeys(IN_ORDER, -50)),
        },
    ),
    "values that are hard to add": Case(hard, {"groups": GROUPS, "bits": 20}, {"workers": Move(relabelled)}),
}

OF_WORKERS = {**REDUCTIONS, **BATCHES, **MEANS}
