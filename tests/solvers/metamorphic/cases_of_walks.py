"""Chains and walks on the line, noise with a memory, and losses under a random shift."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from moves import Between, Case, Move, about, holds, last_place, permuted, rounded, turned, units

from gradproof.solvers import birth_death, masked_norm, newsvendor, piecewise_linear, two_sided_walk
from gradproof.solvers import fractional_brownian as fractional

RNG = np.random.default_rng(19)
F = Fraction
EPS = 2.0**-52

# --- birth and death ------------------------------------------------------------------------------------------------------


def crossed(rho):
    """Sums over pairs of sites, each of which sees the ratios between them: from left to right as from right to left."""
    return {
        "time": birth_death.hitting_time(rho),
        "as crossings say": holds(sum(birth_death.crossing_times(rho)) == birth_death.hitting_time(rho)),
        "climb": max(birth_death.highest_climbs(rho)),
    }


def log_times(rho):
    values, errors = birth_death.log_hitting_time(rho)
    known = [birth_death.hitting_time([F(r) for r in row]) for row in rho[:, :60]]
    short, off = birth_death.log_hitting_time(rho[:, :60])
    return {
        "sum": about(values.sum(), errors.sum()),
        "largest": about(values.max(), errors.max()),
        "as in rationals": holds(
            all(abs(v - float(np.log(float(t)))) <= e + EPS * v for v, e, t in zip(short, off, known, strict=True))
        ),
    }


def climbs(V):
    """Of whole numbers: nothing is rounded."""
    return {"sum": int(birth_death.barrier(V).sum()), "largest": int(birth_death.barrier(V).max())}


def laws_of_chains(rho):
    P = birth_death.transition(rho)
    means, errors = birth_death.mean_distances(rho, 8)
    found = {f"at {2**k}": about(means[:, k].sum(), errors[k] * means[:, k].sum()) for k in (0, 4, 8)}
    return found | {"stays": rounded(np.trace(np.linalg.matrix_power(P, 6), axis1=1, axis2=2).sum(), 1e3)}


def returns(rho):
    """The ends of the chain change places: the same matrix, flipped."""
    P = birth_death.transition(rho)
    return {"stays": rounded(np.trace(np.linalg.matrix_power(P, 8)), 1e3), "square": rounded((P * P).sum(), 1e3)}


def flipped(axis):
    return Move(lambda d, rng: {k: np.flip(v, axis) if isinstance(v, np.ndarray) else v[::-1] for k, v in d.items()})


CHAINS = {
    "crossings exactly": Case(
        crossed, {"rho": [F(int(a), int(b)) for a, b in RNG.integers(1, 9, (14, 2))]}, {"reflection": flipped(0)}
    ),
    "times beyond floats": Case(
        log_times,
        {"rho": np.exp(1.5 * RNG.standard_normal((3, 4000)) + 0.3)},
        {"reflection": flipped(1), "chains": permuted(rho=(0,)), "last place": last_place("rho")},
    ),
    "extreme ratios": Case(
        log_times,
        {"rho": np.array([2.0**300, 2.0**-400, 2.0**900, 3.0, 2.0**-1000] * 40).reshape(2, 100)},
        {"reflection": flipped(1), "chains": permuted(rho=(0,))},
    ),
    "barriers": Case(
        climbs,
        {"V": np.cumsum(RNG.integers(-5, 6, (4, 80)), axis=1)},
        {
            "walks": permuted(V=(0,)),
            "reflection": Move(lambda d, rng: {"V": -d["V"][:, ::-1]}),
            "translation": Move(lambda d, rng: {"V": d["V"] + rng.integers(-99, 99, (4, 1))}),
        },
    ),
    "laws of chains": Case(
        laws_of_chains,
        {"rho": np.exp(RNG.standard_normal((3, 24)))},
        {"chains": permuted(rho=(0,)), "last place": last_place("rho")},
    ),
    "ends of a chain": Case(
        returns,
        {"rho": np.exp(RNG.standard_normal(20))},
        {"reflection": Move(lambda d, rng: {"rho": 1 / d["rho"][::-1]}, inexact=True), "last place": last_place("rho")},
    ),
}

# --- noise with a memory --------------------------------------------------------------------------------------------------


def remembered(hurst, normals, size):
    """``normals``: a basis of the normal numbers, so that its images are a root of the covariance."""
    x, path = fractional.increments(hurst, normals), fractional.paths(hurst, normals)
    lags = fractional.covariance(x.shape[1], hurst)
    wanted = lags[np.abs(np.subtract.outer(range(x.shape[1]), range(x.shape[1])))] * size**2
    apart = path[:, -1] - path[:, 2]
    return {
        "covariance": holds(bool(np.linalg.norm(x.T @ x - wanted) <= 1e-12 * np.linalg.norm(wanted))),
        "variance": rounded((x * x).sum(), 1e4),
        "apart": rounded(apart @ apart, 1e4),
        "farther is known": holds(abs(apart @ apart / size**2 / (x.shape[1] - 2) ** (2 * hurst) - 1) < 1e-12),
        "starts at zero": holds(not path[:, 0].any()),
    }


MEMORY = {
    f"fractional Brownian motion, H = {hurst}": Case(
        remembered,
        {"hurst": hurst, "normals": np.eye(2 * n), "size": 1.0},
        {
            "basis": turned(normals=(0,)),
            "order": permuted(normals=(0,)),
            "units": units({"normals": 40, "size": 40}, variance=80, apart=80),
            "last place": last_place("hurst"),
        },
    )
    for hurst, n in ((0.2, 17), (0.5, 16), (0.85, 32))
}

# --- losses under a random shift ------------------------------------------------------------------------------------------


def ordered(w, c, p, s):
    return {"loss": Between(*newsvendor.expected_loss(F(w), F(c), F(p), F(s)))}


def best_order(c, s):
    low, high = newsvendor.best_bias(F(c), F(s))
    return {"bias": about(abs(low + high) / 2, (high - low) / 2), "apart": (high - low) / F(s)}


def other_side(data, rng):
    """Left for right: the valley with its slopes exchanged."""
    new = data | {"c": 1 / data["c"]}
    return new | ({"w": -data["w"], "p": data["c"] * data["p"]} if "p" in data else {})


def shifted(kinks, slopes, values, chances):
    law = dict(zip(values, chances, strict=True))
    f = piecewise_linear.PiecewiseLinear(tuple(kinks), tuple(slopes))
    least = f.least_expected(law)
    mean = sum(x * q for x, q in law.items())
    return {
        "least": least.value,
        "wide": least.high - least.low,
        "middle": abs(least.low + least.high + 2 * mean) / 2,
        "at zero": f.expected(0, law),
    }


def mirrored_pieces(data, rng):
    return data | {
        "kinks": [-k for k in data["kinks"][::-1]],
        "slopes": [-s for s in data["slopes"][::-1]],
        "values": [-x for x in data["values"]],
    }


def of_histogram(edges, weights, c, p):
    """The valley's best bias is a quantile; nothing is below its expected loss."""
    law = piecewise_linear.Histogram(tuple(edges), tuple(weights))
    w = -law.quantile(F(1) / (1 + c))
    least, step = law.expected_valley(w, c, p), (edges[-1] - edges[0]) / 1000
    return {
        "least": least,
        "size": abs(w),
        "is least": holds(least < min(law.expected_valley(w - step, c, p), law.expected_valley(w + step, c, p))),
    }


def mirrored_histogram(data, rng):
    new = other_side(data | {"w": F(0)}, rng)
    del new["w"]
    return new | {"edges": [-e for e in data["edges"][::-1]], "weights": data["weights"][::-1]}


def two_slopes(c, p, size):
    """Under a fair sign: the valley, and the bowl of the same sides."""
    least = piecewise_linear.valley(c, p).least_expected(piecewise_linear.fair_sign(size))
    bowl = piecewise_linear.least_expected_bowl(p, c * p, [size, -size])
    return {"valley": least.value, "bowl": bowl.value, "bias": abs(bowl.low)}


def bowls(a, b, shifts):
    least = piecewise_linear.least_expected_bowl(a, b, shifts)
    at = sum(piecewise_linear.bowl(least.low + x, a, b) for x in shifts) / len(shifts)
    return {
        "least": least.value,
        "is attained": holds(at == least.value),
        "from the mean": abs(least.low + sum(shifts) / len(shifts)),
    }


def swapped_bowl(data, rng):
    return {"a": data["b"], "b": data["a"], "shifts": [-x for x in data["shifts"]]}


SHIFTS = {
    "a valley under a Gaussian shift": Case(
        ordered,
        {"w": 0.3, "c": 2.0, "p": 1.5, "s": 0.7},
        {
            "left for right": Move(other_side),
            "units of w": units({"w": -60, "s": -60}, loss=-60),
            "units of slopes": units({"p": 60}, loss=60),
            "last place": last_place("w", "c", "p", "s"),
        },
    ),
    "its best bias": Case(
        best_order,
        {"c": 4.0, "s": 0.7},
        {"left for right": Move(other_side), "units": units({"s": 70}, bias=70), "last place": last_place("c", "s")},
    ),
    "pieces under a shift": Case(
        shifted,
        {
            "kinks": [F(-2), F(-1, 3), F(1), F(5, 2)],
            "slopes": [F(-3), F(-1), F(1, 2), F(-1, 4), F(2)],
            "values": [F(-1), F(0), F(1, 2), F(2)],
            "chances": [F(1, 4), F(1, 3), F(1, 4), F(1, 6)],
        },
        {
            "order of the law": permuted(values=(0,), chances=(0,)),
            "left for right": Move(mirrored_pieces),
            "units of w": units({"kinks": 20, "values": 20}, least=20, wide=20, middle=20, **{"at zero": 20}),
            "units of slopes": units({"slopes": -31}, least=-31, **{"at zero": -31}),
        },
    ),
    "a valley under a histogram": Case(
        of_histogram,
        {"edges": [F(-3), F(-1), F(1, 2), F(4)], "weights": [F(1, 5), F(1, 2), F(3, 10)], "c": F(3), "p": F(2)},
        {
            "left for right": Move(mirrored_histogram),
            "units of w": units({"edges": 9}, least=9, size=9),
            "units of slopes": units({"p": -9}, least=-9),
        },
    ),
    "two slopes under a fair sign": Case(
        two_slopes,
        {"c": F(5, 2), "p": F(2), "size": F(3, 4)},
        {
            "left for right": Move(lambda d, rng: d | {"c": 1 / d["c"], "p": d["c"] * d["p"]}),
            "units of w": units({"size": 12}, valley=12, bowl=24, bias=12),
            "units of slopes": units({"p": 12}, valley=12, bowl=12),
        },
    ),
    "bowls": Case(
        bowls,
        {"a": F(1), "b": F(7), "shifts": [F(-2), F(1, 3), F(1), F(1), F(3)]},
        {
            "order": permuted(shifts=(0,)),
            "left for right": Move(swapped_bowl),
            "translation": Move(lambda d, rng: d | {"shifts": [x + 3 for x in d["shifts"]]}),
            "units of w": units({"shifts": 30}, least=60, **{"from the mean": 30}),
            "units of f": units({"a": 30, "b": 30}, least=30),
        },
    ),
}

# --- the walk on the valley -------------------------------------------------------------------------------------------------


def settled(p, c, s, t):
    found = two_sided_walk.stationary(p, c, s, t)
    return {k: Between(*getattr(found, k)) for k in ("share", "positive", "loss")} | {
        "mean": about(abs(sum(found.mean)) / 2, (found.mean[1] - found.mean[0]) / 2)
    }


def on_few_states(p, c, start, values, chances):
    """Off zero, which counts as the left: both sides are alike."""
    noise = dict(zip(values, chances, strict=True))
    law = two_sided_walk.finite_law(p, c, noise, start)
    found = two_sided_walk.of_finite(law, p, c)
    after = two_sided_walk.law_after(5, start, p, c, noise)
    step = {two_sided_walk.next_point(w, x, p, c) for w in law for x in noise}
    return {
        "states": (len(law), step == set(law), 0 in law),
        "loss": found.loss[0],
        "mean": abs(found.mean[0]),
        "second": sum(q * w * w for w, q in law.items()),
        "balance": abs(found.share[0] - F(1, 2)),
        "after 5": sum(q * w * w for w, q in after[-1].items()),
        "loss after 5": sum(q * two_sided_walk.loss(w, p, c) for w, q in after[-1].items()),
    }


def mirrored_walk(data, rng):
    return data | {
        "p": data["c"] * data["p"],
        "c": 1 / data["c"],
        "start": -data["start"],
        "values": [-x for x in data["values"]],
    }


def with_steps(start, p, c, s, eta):
    law = two_sided_walk.law_after(4, start, p, c, two_sided_walk.two_point(s), eta)[-1]
    return {"second": sum(q * w * w for w, q in law.items()), "states": len(law)}


WALKS = {
    "the valley's stationary law": Case(
        settled,
        {"p": F(1), "c": F(3, 2), "s": F(5, 2), "t": F(2)},
        {
            "units": units({"p": 12, "s": 12, "t": 12}, mean=12, positive=12, loss=24),
            "small units": units({"p": -40, "s": -40, "t": -40}, mean=-40, positive=-40, loss=-80),
        },
    ),
    "the valley under large noise": Case(
        settled,
        {"p": F(1, 2), "c": F(2), "s": F(4), "t": F(4)},
        {"units": units({"p": 40, "s": 40, "t": 40}, mean=40, positive=40, loss=80)},
    ),
    "the valley on finitely many states": Case(
        on_few_states,
        {"p": F(1), "c": F(2), "start": F(1, 4), "values": [F(1, 2), F(-1, 2), F(0)], "chances": [F(1, 4), F(1, 4), F(1, 2)]},
        {
            "order of the noise": permuted(values=(0,), chances=(0,)),
            "left for right": Move(mirrored_walk),
            "units": units(
                {"p": 8, "start": 8, "values": 8},
                **{"loss": 16, "mean": 8, "second": 16, "after 5": 16, "loss after 5": 16},
            ),
        },
    ),
    "steps on the valley": Case(
        with_steps,
        {"start": F(1, 7), "p": F(1), "c": F(2), "s": F(3, 2), "eta": F(1, 3)},
        {
            "units of w": units({"start": 9, "eta": 9}, second=18),
            "units of slopes": units({"p": 9, "s": 9, "eta": -9}),
        },
    ),
}  # fmt: skip

# --- coins ----------------------------------------------------------------------------------------------------------------


def masked(entries):
    return {"norm": Between(*masked_norm.mean_masked_norm(entries))}


def tails(d, p, least):
    """The chance, and from the other side; and the mean root of d fair coins, as the sum over its law."""
    below = masked_norm.binomial_below(d, p, least)
    low, high = masked_norm.mean_root_binomial(d)
    pieces = [masked_norm.binomial_below(d, F(1, 2), k) for k in range(d + 2)]
    by_law = sum(float(b - a) * k**0.5 for k, (a, b) in enumerate(pairwise(pieces)))
    return {
        "below": below, "mean root": about(by_law, 1e-12),
        "other side": holds(below == 1 - masked_norm.binomial_below(d, 1 - p, d - least + 1)),
        "as masks": holds(low - F(1, 10**12) <= by_law <= high + F(1, 10**12)),
    }  # fmt: skip


COINS = {
    "the norm behind a mask": Case(
        masked,
        {"entries": [F(1, 2), F(-5, 3), F(4), F(1, 6), F(0)]},
        {
            "order": permuted(entries=(0,)),
            "units": units({"entries": 12}, norm=12),
            "signs": Move(lambda data, rng: data | {"entries": [-x for x in data["entries"]]}),
        },
    ),
    "the tail of a binomial law": Case(tails, {"d": 9, "p": F(1, 3), "least": 4}),
}  # fmt: skip

OF_WALKS = {**CHAINS, **MEMORY, **SHIFTS, **WALKS, **COINS}
