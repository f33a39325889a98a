"""Problems of the exact solvers: floats choose the way there, and must not choose the answer."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
from moves import Between, Case, Move, holds, permuted, units

from gradproof.solvers import (
    circulant,
    ef_exact,
    ef_lyapunov,
    gaussian,
    gossip,
    jury,
    max_margin,
    moments,
    sparsification,
    subspaces,
    trigonometric,
)
from gradproof.solvers import order_statistics as order
from gradproof.solvers import periodic_regret as regret
from gradproof.solvers import relu_program as relu
from gradproof.solvers.exact import definite
from gradproof.solvers.exact.balls import ends
from gradproof.solvers.exact.nonnegative import nonnegative_least_squares
from gradproof.solvers.relu_program import rational
from gradproof.solvers.separable_ode import euler_between, margin_flow, margin_steps

RNG = np.random.default_rng(13)
F = Fraction


def whole(*shape, low=-4, high=5):
    """Integers, nested in lists."""
    return RNG.integers(low, high, shape).tolist()


def exact(array):
    return np.array([[F(v) for v in row] for row in array], dtype=object)


# --- cones and margins: multipliers that are zero, rows that are dependent --------------------------------------------


def projection(columns, target):
    _, remainder = nonnegative_least_squares([[F(v) for v in a] for a in columns], [F(v) for v in target])
    return {"square": sum(v * v for v in remainder)}


def margin(rows):
    found = max_margin.exact_frobenius(rows)
    return {"square": found.norm_squared, "size": sum(w * w for w in found.W)}


def no_margin(rows):
    try:
        max_margin.exact_frobenius(rows)
    except max_margin.Inseparable:
        lam = max_margin.exact_inseparable(rows)
        combined = [sum(a * row[j] for a, row in zip(lam, rows, strict=True)) for j in range(len(rows[0]))]
        return {"proof": holds(not any(combined) and min(lam) >= 0 < sum(lam))}
    return {"proof": False}


def network(X, y, beta):
    every = relu.enumerate_patterns(X)
    found = relu.train(relu.Program(X, [float(v) for v in y], float(beta), every), gap=1e-9)
    low = rational.rational_lower_bound(X, y, beta, every, found.nu, found.multipliers)
    high = rational.rational_upper_bound(X, y, beta, every, found.blocks)
    least, most = rational.beta_max_between(X, y, every)
    return {
        "value": Between(low, high),
        "largest decay": rational.exact_beta_max_squared(X, y, every),
        "between": Between(least, most),
        "cells": (relu.count_cells(X), len(every)),
    }


REPEATED = [[1, 0, 2], [1, 0, 2], [0, 1, 1], [1, 1, 3], [2, 0, 4], [-1, 2, 0]]  # dependent, and parallel
PLANE = [[1, 0], [1, 1], [0, 1], [-1, 2], [-2, -1], [2, -1]]
OF_Y = [F(1), F(-1), F(2), F(1, 2), F(-3, 2), F(1)]
CONES = {
    "nonnegative least squares": Case(
        projection,
        {"columns": REPEATED, "target": [3, -1, 2]},
        {
            "columns": permuted(columns=(0,)),
            "coordinates": permuted(columns=(1,), target=(0,)),
            "units": units({"columns": -70}),
        },
    ),
    "exact margin": Case(
        margin,
        {"rows": REPEATED[:5]},
        {
            "constraints": permuted(rows=(0,)),
            "coordinates": permuted(rows=(1,)),
            "units": units({"rows": 40}, square=-80, size=-80),
        },
    ),
    "exactly no margin": Case(
        no_margin,
        {"rows": [*REPEATED, [-1, 0, -2]]},
        {"constraints": permuted(rows=(0,)), "units": units({"rows": -60})},
    ),
    "ReLU program in rationals": Case(
        network,
        {"X": PLANE, "y": OF_Y, "beta": F(1, 10)},
        {
            "data": permuted(X=(0,), y=(0,)),
            "coordinates": permuted(X=(1,)),
            "units of y": units({"y": -40, "beta": -40}, value=-80, between=-40, **{"largest decay": -80}),
        },
    ),
}

# --- thresholds as exact numbers --------------------------------------------------------------------------------------


def algebraic(rows, B):
    found = moments.algebraic_threshold(rows, batch_size=B)
    e = moments.Enumeration(rows, batch_size=B)
    return {
        "eta": Between(*found.eta),
        "degree": found.degree,
        "stable below": e.contracts(found.eta[0] * F(999, 1000)),
        "stable above": e.contracts(found.eta[1] * F(1001, 1000)),
    }


def both_sides(rows, B, eta):
    found = moments.certify(rows, eta, batch_size=B)
    return {"side": found.side, "accepted": moments.accepts(found)}


def roots(coefficients, delay):
    edge = jury.stability_boundary(lambda a: [1, -1, *[0] * (delay - 1), a], F(1, 100), 2, width=F(1, 10**9))
    return {"stable": jury.is_stable(coefficients), "edge": Between(*edge)}


def top(matrix):
    rows = [[F(v) for v in row] for row in matrix]
    low, high = moments.largest_eigenvalue(
        flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in r] for r in rows])
    )
    return {
        "largest": Between(low, high),
        "positive": (
            definite.is_positive_definite(definite.integer_matrix(rows)),
            definite.is_positive_semidefinite(definite.integer_matrix(rows)),
        ),
        "inertia": subspaces.inertia(rows),
    }


GRAM = (lambda A: (A @ A.T).tolist())(RNG.integers(-3, 4, (5, 3)))  # of rank three: singular
FULL = (lambda A: (A @ A.T).tolist())(RNG.integers(-3, 4, (4, 6)))
MINIMUM = [[2, 1], [1, -1], [0, 1]]
THRESHOLDS = {
    "algebraic threshold": Case(
        algebraic,
        {"rows": MINIMUM, "B": 1},
        {"samples": permuted(rows=(0,)), "coordinates": permuted(rows=(1,)), "units": units({"rows": 20}, eta=-40)},
    ),
    "stability certificate": Case(
        both_sides,
        {"rows": MINIMUM, "B": 2, "eta": F(1, 2)},
        {"samples": permuted(rows=(0,)), "units": units({"rows": -15, "eta": 30})},
    ),
    "orthogonal design, at its threshold": Case(
        both_sides,
        {"rows": [[1, 0], [0, 1]], "B": 1, "eta": F(2)},
        {"samples": permuted(rows=(0,)), "units": units({"rows": 15, "eta": -30})},
    ),
    "Schur, Cohn and Jury": Case(
        roots, {"coefficients": [6, -5, 1, F(1, 10)], "delay": 2}, {"units": units({"coefficients": 40})}
    ),
    "a singular matrix": Case(
        top, {"matrix": GRAM}, {"rows": permuted(matrix=(0, 1)), "units": units({"matrix": -30}, largest=-30)}
    ),
    "a regular matrix": Case(
        top, {"matrix": FULL}, {"rows": permuted(matrix=(0, 1)), "units": units({"matrix": 44}, largest=44)}
    ),
}

# --- workers --------------------------------------------------------------------------------------


def graph(W, h):
    gap = gossip.second_eigenvalue(W)
    return {"gap": Between(gap.low, gap.high), "step": Between(*gossip.largest_stable_step(W, h))}


def averages(h, r, gamma):
    found = ef_exact.exact_ef21(h, r, gamma, 4)
    second = ef_exact.mean_square_gradient([row[0] for row in h], [(1, r)], gamma, 4, [0] * len(h))
    return {
        "average": found.average(),
        "second": second,
        "characteristic": ef_exact.characteristic([row[0] for row in h], r, gamma),
        "cloning": ef_lyapunov.best_cloning([int(row[0]) for row in h], 8)[1],
    }


def chosen(V, f):
    scores = order.scores(V, f)
    near = [order.neighbours(V, f, i) for i in range(len(V))]
    summed = [sum(sum((a - b) ** 2 for a, b in zip(V[i], V[j], strict=True)) for j in js) for i, js in enumerate(near)]
    return {
        "score": min(scores),
        "sum": order.least_correct_sum(V[:-f], f),
        "of neighbours": holds(summed == list(scores)),
    }


def attacked(law, correct):
    """Of a law on the line, with two colluders; the farthest place where they are chosen is an algebraic number."""
    mean, square = order.exact_moments(law, 5, 1, lambda rows: [max(rows)])
    return {"mean": mean[0], "square": square, "place": order.largest_accepted(correct, 1)}


RING = gossip.metropolis(7, [(i, (i + 1) % 7) for i in range(7)] + [(0, 3)])
WORKERS = {
    "spectral gap": Case(
        graph,
        {"W": RING, "h": F(1)},
        {"nodes": permuted(W=(0, 1)), "units": units({"h": 35}, step=-35), "small units": units({"h": -35}, step=35)},
    ),
    "EF21 exactly": Case(
        averages,
        {"h": [[3, 1], [1, 2], [2, 2]], "r": [F(1, 2), F(1, 3), F(3, 4)], "gamma": F(1, 9)},
        {"workers": permuted(h=(0,), r=(0,))},
    ),
    "Krum exactly": Case(
        chosen,
        {"V": whole(7, 2), "f": 2},
        {
            "coordinates": permuted(V=(1,)),
            "translation": Move(lambda d, rng: d | {"V": [[v + 9 for v in r] for r in d["V"]]}),
        },
    ),
    "Krum under attack": Case(
        attacked,
        {"law": [((F(0),), F(1, 2)), ((F(1),), F(1, 3)), ((F(3),), F(1, 6))], "correct": [F(0), F(1), F(3), F(4)]},
        {"values": permuted(law=(0,)), "numbers": permuted(correct=(0,))},
    ),
    "probabilities exactly": Case(
        lambda lam, s: {"variance": sparsification.minimal_variance(lam, s).second_moment},
        {"lam": whole(9, low=1, high=30), "s": F(7, 2)},
        {"coordinates": permuted(lam=(0,))},
    ),
}

# --- Gaussian laws, flows, regret -------------------------------------------------------------------------------------


def chain(hessians, gradients, gamma):
    problem = gaussian.quadratic(hessians, gradients, np.eye(2, dtype=int))
    return {m: gaussian.covariance(problem, gamma, m).trace for m in ("lmc", "sgldfp", "sgld")}


def laws(A, B):
    ordered = [gaussian.semidefinite(M) for M in (A - B, B - A, A - A, 2 * A - B)]
    return {"bures": Between(*gaussian.bures_between(A, B)), "ordered": tuple(ordered)}


def stale(tau, law):
    low, high = gaussian.critical(tau)
    return {
        "stable": (gaussian.is_stable(low, tau), gaussian.is_stable(high, tau)),
        "series": tuple(gaussian.small_steps([law], 3)),
        "variance": holds(gaussian.Delay(1, low / 2, tau).variance > 0),
    }


def flows(z, rt):
    by_steps = margin_steps(z, rt / 64, 64)
    return {
        "margin": Between(*margin_flow(z, rt).u),
        "between": holds(margin_flow(z, rt).u[0] <= euler_between(z, rt, 64)[1]),
        "steps": Between(*by_steps.u),
    }


def played(cycle):
    method = regret.Optimiser()
    seen, limit = regret.play(cycle, method, 30), regret.average_regret(cycle, method)
    low, high = regret.enclosed_limit(cycle, method, 3000)
    return {
        "regret": limit,
        "second moments": sum(v * v for v in regret.second_moments(cycle, F(9, 10))),
        "side": regret.drift(cycle, method)[0] > 0,
        "limit is enclosed": holds(low <= limit <= high < low + F(1, 9)),
        "known": holds(seen.regret[1] - seen.regret[0] < F(1, 10**20)),
        "worst": holds(regret.worst_last(3, F(3), method, width=F(1, 1000)) > 0),
    }


def saddle(B):
    found = subspaces.invariant_stable_subspace(B, [circulant.periodic_laplacian(len(B))])
    spectrum = subspaces.symbolic_spectrum(B[:4, :4], F(1, 2))
    known = sum(multiplicity for _, multiplicity in spectrum.items())
    return {
        "dimension": len(found),
        "spectrum": known,
        "slope": Between(*subspaces.stable_slope_enclosure(F(1, 2), lambda k: F(1), 60)),
    }


LAWS = {
    "chains exactly": Case(
        chain,
        {
            "hessians": np.array([[[2, 1], [1, 3]], [[1, 0], [0, 1]]]),
            "gradients": np.array([[1, -1], [2, 0]]),
            "gamma": F(1, 20),
        },
        {
            "samples": permuted(hessians=(0,), gradients=(0,)),
            "coordinates": permuted(hessians=(1, 2), gradients=(1,)),
        },
    ),
    "Bures between rationals": Case(
        laws,
        {"A": exact([[2, 1], [1, 1]]), "B": exact([[1, 1], [1, 1]])},
        {"coordinates": permuted(A=(0, 1), B=(0, 1)), "units": units({"A": 10, "B": 10}, bures=10)},
    ),
    "delays": Case(stale, {"tau": 2, "law": {0: F(1, 2), 2: F(1, 2)}}),
    "flow of the margin": Case(flows, {"z": 3, "rt": F(7, 2)}),
    "periodic regret": Case(
        played,
        {"cycle": [F(3), F(-1), F(-1)]},
        {"rotation of the cycle": Move(lambda d, rng: {"cycle": [*d["cycle"][1:], d["cycle"][0]]})},
    ),
    "exact subspace": Case(
        saddle,
        {"B": np.diag([1, 1, 1, 1, -1, 1])},
        {"rotation of the circle": Move(lambda d, rng: {"B": np.roll(np.roll(d["B"], 2, 0), 2, 1)})},
    ),
}


def least_on_the_circle(constant, sines, cosines):
    found = trigonometric.least(constant, sines, cosines)
    low, high = ends(trigonometric.value(found.angle, constant, sines, cosines))
    return {"least": Between(found.low, found.high), "attained": holds(low <= found.high and high >= found.low)}


def half_turned(data, rng):
    """The angle plus pi: odd frequencies change their sign."""
    return data | {name: {k: -c if k % 2 else c for k, c in data[name].items()} for name in ("sines", "cosines")}


def doubled(data, rng):
    twice = {name: {k: 2 * c for k, c in data[name].items()} for name in ("sines", "cosines")}
    return twice | {"constant": 2 * data["constant"]}


CIRCLES = {
    "least on a circle": Case(
        least_on_the_circle,
        {"constant": F(3), "sines": {5: F(1)}, "cosines": {3: F(1)}},
        {"half a turn": Move(half_turned), "units": Move(doubled, {"least": 2.0})},
    ),
}

EXACT = {**CIRCLES, **CONES, **THRESHOLDS, **WORKERS, **LAWS}
