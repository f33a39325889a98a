"""Problems of the solvers of convex programs: networks, margins, semidefinite programs, Lyapunov functions, worst cases."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from moves import Between, Case, Move, about, holds, last_place, permuted, turned, units

from gradproof.solvers import ef_pep, max_margin, semidefinite
from gradproof.solvers import relu_program as relu
from gradproof.solvers.lyapunov import OneStep, search
from gradproof.solvers.pep import Problem, SmoothConvex, SmoothStronglyConvex
from gradproof.solvers.relu_program.robust import robust_train

RNG = np.random.default_rng(11)
F = Fraction

# --- ReLU networks -------------------------------------------------------------------------------------------------------


def trained(X, y, beta):
    every = relu.enumerate_patterns(X)
    program = relu.Program(X, y, beta, every)
    found = relu.train(program, gap=1e-9)
    network = relu.network_of(relu.prune(program, found.blocks))
    certificate = relu.certify(network, program)
    return {
        "value": Between(found.lower, found.upper),
        "network": Between(certificate.lower, certificate.objective * (1 + 1e-13)),
        "patterns": (len(every), len(relu.enumerate_by_rays(X))),
    }


def overparametrised(X, y, beta, U):
    """Over the patterns of some directions, among them many that share the faces of an active neuron: no strict complementarity."""
    S = (U @ X.T > 0).astype(float)
    first = np.sort(np.unique(S, axis=0, return_index=True)[1])
    found = relu.train(relu.Program(X, y, beta, relu.Patterns(S[first], U[first])), gap=1e-9)
    return {"value": Between(found.lower, found.upper), "patterns": len(first)}


def left(X, y, beta, draws):
    """Two points in the plane: what the samples of some patterns leave, of all of them."""
    every = relu.enumerate_patterns(X)
    program, weight = relu.Program(X, y, beta, every), relu.plane_probabilities(X, every)
    after = relu.left_to_gain(program, weight)
    norms, _ = relu.cone_norms(program, y)
    _, possibly = relu.helpful(program, every, relu.train(program, gap=1e-9))
    return {
        "mean": Between(*relu.mean_over_samples(after, weight, draws)),
        "probabilities": about(float((weight**2).sum()), 1e-14),
        "steepest": about(float(norms.max()), 1e-13 * float(norms.max())),
        "nothing beyond all": holds(not possibly.any()),
    }


def attacked(X, labels, beta, eps):
    found = robust_train(X, labels, beta, eps, relu.enumerate_patterns(X))
    return {"value": Between(found.lower, found.value)}


def neighbours(X, y, beta):
    one = relu.one_neuron(X, y, beta)
    gated = relu.without_cones(relu.Program(X, y, beta, relu.enumerate_patterns(X)))
    return {"one neuron": Between(one.lower, one.upper), "without cones": Between(gated.lower, gated.upper)}


PLANE = np.array([[1, 0], [1, 1], [0, 1], [-1, 2], [-2, -1], [2, -1]], float)
TARGETS = np.array([1, -1, 2, 0.5, -1.5, 1])
SPACE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [1, -1, 2], [2, 1, -1]], float)
CLOUD = RNG.standard_normal((7, 3))
LABELS = np.array([1.0, -1, 1, 1, -1, 1])


def of_networks():
    values = ("value", "network", "one neuron", "without cones")
    return {
        "data": permuted(X=(0,), y=(0,)),
        "coordinates": permuted(X=(1,)),
        "basis": turned(X=(1,)),
        "units of X": units({"X": 20, "beta": 20}),
        "units of y": units({"y": -15, "beta": -15}, **dict.fromkeys(values, -30)),
        "last place": last_place("X", "y", "beta"),
    }


def sampled_moves():
    moves = of_networks()
    for name, also in (("coordinates", permuted(X=(1,), U=(1,))), ("basis", turned(X=(1,), U=(1,)))):
        moves[name] = also
    return moves | {"patterns": permuted(U=(0,))}


NETWORKS = {
    "ReLU program in the plane": Case(trained, {"X": PLANE, "y": TARGETS, "beta": 0.1}, of_networks()),
    "ReLU program in space": Case(
        trained, {"X": SPACE, "y": np.array([1, -2, 1, 0.5, -1, 2]), "beta": 0.02}, of_networks(), slow=True
    ),
    "ReLU program on a cloud": Case(
        trained, {"X": CLOUD, "y": RNG.standard_normal(7), "beta": 0.05}, of_networks(), slow=True
    ),
    "ReLU program over sampled patterns": Case(
        overparametrised,
        {"X": SPACE, "y": np.array([1, -2, 1, 0.5, -1, 2]), "beta": 0.1, "U": RNG.standard_normal((30, 3))},
        sampled_moves(),
    ),
    "samples of patterns": Case(
        left,
        {"X": np.array([[2.0, 1.0], [1.0, 3.0]]), "y": np.array([1.0, -2.0]), "beta": 0.1, "draws": 5},
        {
            "data": permuted(X=(0,), y=(0,)),
            "coordinates": permuted(X=(1,)),
            "basis": turned(X=(1,)),
            "units": units({"X": 30, "beta": 30}, steepest=30),
            "last place": last_place("X", "y", "beta"),
        },
        slow=True,
    ),
    "parallel data": Case(
        left,
        {
            "X": np.array([[1.0, 3.0], [3.0, 9.0], [1.0, -2.0]]),
            "y": np.array([1.0, -2.0, 1.0]),
            "beta": 0.1,
            "draws": 3,
        },
        {"data": permuted(X=(0,), y=(0,)), "units": units({"X": -30, "beta": -30}, steepest=-30)},
    ),
    "robust ReLU program": Case(
        attacked,
        {"X": PLANE, "labels": LABELS, "beta": 0.1, "eps": 0.1},
        {
            "data": permuted(X=(0,), labels=(0,)),
            "coordinates": permuted(X=(1,)),
            "reflection": Move(lambda d, rng: d | {"X": d["X"] * [1, -1]}),
            "units": units({"X": 12, "beta": 12, "eps": 12}),
            "last place": last_place("X", "beta", "eps"),
        },
    ),
    "one neuron, and gates": Case(
        neighbours,
        {"X": PLANE, "y": TARGETS, "beta": 0.1},
        {k: v for k, v in of_networks().items() if k != "basis"},
        width=2e-2,
    ),
}

# --- margins -----------------------------------------------------------------------------------------------------------------


def margins(G):
    frobenius, nuclear = max_margin.frobenius(G), max_margin.nuclear(G)
    return {"frobenius": Between(frobenius.lower, frobenius.upper), "nuclear": Between(nuclear.lower, nuclear.upper)}


def inseparable(G):
    try:
        max_margin.frobenius(G)
    except max_margin.Inseparable as error:
        return {"separable": False, "certificate": holds(error.size < 1e-12)}
    return {"separable": True, "certificate": False}


DIRECTIONS = RNG.standard_normal((3, 4))
SEPARABLE = np.array([np.outer(x, z) + np.outer(DIRECTIONS[0, :3], DIRECTIONS[1]) for x, z in
                      zip(RNG.standard_normal((6, 3)), RNG.standard_normal((6, 4)), strict=True)])  # fmt: skip


def of_margins():
    return {
        "constraints": permuted(G=(0,)),
        "rows": permuted(G=(1,)),
        "columns": permuted(G=(2,)),
        "basis": turned(G=(1,)),
        "other basis": turned(G=(2,)),
        "units": units({"G": -45}, frobenius=45, nuclear=45),
        "large units": units({"G": 45}, frobenius=-45, nuclear=-45),
        "last place": last_place("G"),
    }


MARGINS = {
    "margins": Case(margins, {"G": SEPARABLE}, of_margins()),
    "no margin": Case(inseparable, {"G": np.concatenate([SEPARABLE, -SEPARABLE[:2].sum(axis=0)[None]])}, of_margins()),
}

# --- semidefinite programs ----------------------------------------------------------------------------------------------------


def least_trace(F0, forms):
    """min y_0 with F0 + sum y_j F_j >= 0, the first form the identity: minus an eigenvalue, at best."""
    found = semidefinite.minimise(np.eye(len(forms))[0], [(F0, forms)])
    return {"value": about(found.primal, found.error), "solved": found.solved}


def impossible(size):
    found = semidefinite.minimise(
        np.ones(1), [(-size * np.ones((1, 1)), np.ones((1, 1, 1)))], np.ones((1, 1)), np.zeros(1)
    )
    return {"solved": found.solved}


def feedback(T, gamma, q, L):
    found = ef_pep.pep(T, gamma, q=q, L=L)
    return {"value": about(found.value, found.error)}


def proved(worst):
    """Between the primal value, less what the solver's residuals may hide, and the certified bound."""
    return Between(worst.primal * (1 - 1e-7), float(worst.certify().bound))


def gradient_descent(mu, L, gamma, N):
    p = Problem()
    f = p.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = x - gamma * f.gradient(x)
    worst = p.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2)
    return {"status": worst.status.name, "value": proved(worst)}


def function_value(L, N):
    p = Problem()
    f = p.function(SmoothConvex(L))
    x_star, x0 = f.minimiser(), p.point("x0")
    x = x0
    for _ in range(N):
        x = x - f.gradient(x) / L
    worst = p.worst_case(f(x) - f(x_star), per=(x0 - x_star) ** 2)
    return {"status": worst.status.name, "value": proved(worst)}


def lyapunov(mu, L, gamma):
    def at(rate):
        p = Problem()
        f = p.function(SmoothStronglyConvex(mu, L))
        x_star, x = f.minimiser(), p.point("x")
        after = x - gamma * f.gradient(x)
        return search(OneStep(p, [x - x_star], [after - x_star], (x - x_star) ** 2), rate).outcome.name

    return {"above the rate": at(F(82, 100)), "below it": at(F(80, 100))}


FORMS = np.concatenate([np.eye(4)[None], (lambda A: A + np.swapaxes(A, 1, 2))(RNG.standard_normal((2, 4, 4)))])
FIXED = (lambda A: A + A.T)(RNG.standard_normal((4, 4)))
ITS = {"rows": permuted(F0=(0, 1), forms=(1, 2)), "basis": turned(F0=(0, 1), forms=(1, 2))}
CONES = {
    "a linear matrix inequality": Case(
        least_trace,
        {"F0": FIXED, "forms": FORMS},
        {**ITS, "units": units({"F0": 6}, value=6), "last place": last_place("F0", "forms")},
    ),
    "an infeasible one": Case(impossible, {"size": 1.0}, {"units": units({"size": 20})}),
    "EF21's worst case": Case(
        feedback,
        {"T": 3, "gamma": 0.3, "q": 0.5, "L": 1.0},
        {"units": units({"L": 9, "gamma": -9}, value=9), "last place": last_place("gamma", "q", "L")},
    ),
    "gradient descent": Case(
        gradient_descent,
        {"mu": F(1, 10), "L": F(1), "gamma": F(3, 2), "N": 2},
        {"units": units({"mu": 10, "L": 10, "gamma": -10}), "small units": units({"mu": -9, "L": -9, "gamma": 9})},
    ),
    "function value of gradient descent": Case(
        function_value, {"L": F(1), "N": 2}, {"units": units({"L": 8}, value=8)}
    ),
    "a Lyapunov function": Case(
        lyapunov, {"mu": F(1), "L": F(10), "gamma": F(1, 10)}, {"units": units({"mu": 6, "L": 6, "gamma": -6})}
    ),
}

PROGRAMS = {**NETWORKS, **MARGINS, **CONES}
