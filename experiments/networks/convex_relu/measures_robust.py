"""Attacks on inputs: worst losses by vertices, on grids with a Lipschitz constant, and by projected gradient."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, cases, measure, without
from gradproof.experiments.networks.convex_relu.instances import LABELS, PLANE, patterns
from gradproof.solvers.exact.rounding import dyadic
from gradproof.solvers.relu_program import Network, Program, network_of
from gradproof.solvers.relu_program.robust import robust_train
from gradproof.theory.networks import convex_relu

Blocks = list[list[list[Fraction]]]  # (2, P, 2)
LOSSES = {"hinge": lambda label, f: np.maximum(0, 1 - label * f), "squared": lambda label, f: (f - label) ** 2 / 2}
CLAIMS = {"hinge": convex_relu.ROBUST_HINGE, "squared": convex_relu.ROBUST_SQUARED}
DECAY = 0.1  # at which losses stay positive, so that attacks have something to raise


def labelled(beta: float = DECAY) -> Program:
    """A with labels."""
    return Program(PLANE.X, LABELS, beta, patterns(PLANE))


# --- blocks inside the robust cones, exactly ---------------------------------------------------------------------------


def inside(blocks: Any, eps: Fraction) -> Blocks:
    """Blocks as rationals; zero where one leaves its robust cone."""
    signs, kept = labelled().signs.astype(int), []
    for side in blocks:
        kept.append([])
        for row_signs, block in zip(signs, side, strict=True):
            v = [Fraction(c) for c in block]
            least = min(int(s) * dot(row, v) for s, row in zip(row_signs, PLANE.X, strict=True))
            kept[-1].append(v if least >= eps * sum(map(abs, v)) else [Fraction(0)] * 2)
    return kept


def dot(a: Any, b: Any) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


@cache
def random_blocks(eps: Fraction) -> Blocks:
    """Random sizes along the patterns' own directions."""
    rng, U = np.random.default_rng(0), patterns(PLANE).U
    draw = U / np.linalg.norm(U, axis=1)[:, None] * rng.uniform(0.2, 1, (2, len(U), 1))
    return inside([[[dyadic(float(c), 20) for c in v] for v in side] for side in draw], eps)


@cache
def trained_blocks(eps: Fraction, beta: float) -> Blocks:
    """The robust optimum, to within the solver's gap."""
    return inside(robust_train(PLANE.X, LABELS, beta, float(eps), patterns(PLANE)).blocks.tolist(), eps)


def output(blocks: Blocks, x: Any) -> Fraction:
    """The recovered network at an input: neurons sqrt||v|| relu(v/sqrt||v|| . x) = relu(v . x), exactly."""
    plus, minus = (sum(max(dot(v, x), Fraction(0)) for v in side) for side in blocks)
    return plus - minus


def piece(blocks: Blocks, row: int) -> dict[str, Fraction]:
    """The claims' parameters: margin, residual and size of the linear piece at a data point."""
    on = [int(s[row]) for s in patterns(PLANE).S]
    z = [sum(b * (v[j] - w[j]) for b, v, w in zip(on, *blocks, strict=True)) for j in range(2)]
    value = dot(PLANE.X[row], z)
    return {"margin": LABELS[row] * value, "residual": value - LABELS[row], "l1": sum(map(abs, z))}


def at_vertices(blocks: Blocks, row: int, eps: Fraction, loss: str) -> Fraction:
    """The largest loss over the vertices of a box."""
    corners = ([a + eps * s for a, s in zip(PLANE.X[row], side, strict=True)] for side in product((-1, 1), repeat=2))
    return max(Fraction(LOSSES[loss](LABELS[row], output(blocks, x))) for x in corners)


# --- the closed forms --------------------------------------------------------------------------------------------------


def vertices(blocks, eps, row, loss):
    """Random rational networks inside the robust cones on A: all vertices of each box."""
    made = blocks(eps)
    return at_vertices(made, row, eps, loss), piece(made, row)


def grid(trained, eps, row, loss, points=201):
    """Networks of robust optima on A: the box on a grid, what lies between its points by the network's Lipschitz constant."""
    blocks = np.array(trained_blocks(trained, DECAY), float)
    net, x, label = network_of(blocks), np.array(PLANE.X[row], float), LABELS[row]
    side = np.linspace(-float(eps), float(eps), points)
    f = net(x + np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    reach = (
        float(np.abs(net.a) @ np.abs(net.u).sum(axis=1)) * float(eps) / (points - 1)
    )  # f moves by at most this from a grid point
    more = reach if loss == "hinge" else float(np.abs(f - label).max() + reach) * reach
    worst = float(LOSSES[loss](label, f).max())
    return Enclosed(worst - 1e-12, worst + more + 1e-12, "quadrature"), piece(trained_blocks(trained, DECAY), row)


for loss, claim in CLAIMS.items():
    sides = [Fraction(1, 20), Fraction(1, 10)]
    measure(claim, cases(blocks=[random_blocks], eps=sides, row=range(6), loss=[loss]).guaranteeing("linf_box"))(
        vertices
    )
    firm = cases(size=[{"trained": e, "eps": e} for e in (Fraction(1, 10), Fraction(1, 5))], row=range(6), loss=[loss])
    measure(claim, firm.guaranteeing("linf_box"))(grid)
    # the ordinary optimum: a neuron switches inside the box around this row, and the closed form is wrong
    without(claim, "linf_box", grid, cases(trained=Fraction(0), eps=Fraction(1, 5), row=[4], loss=[loss]))


def one_neuron_off(x, eps):
    r"""$f = (x)_+$ at $x = 1$, $y = 5$: at the worst vertex the neuron is off, and $f$ is 0 where its piece is -1."""
    return max((max(x + s * eps, Fraction(0)) - 5) ** 2 / 2 for s in (-1, 1)), {"residual": x - 5, "l1": 1}


without(convex_relu.ROBUST_SQUARED, "linf_box", one_neuron_off, cases(x=Fraction(1), eps=Fraction(2)))

# --- the robust program ------------------------------------------------------------------------------------------------


def program_objective(blocks: Blocks, eps: Fraction, beta: float) -> tuple[Fraction, Fraction]:
    """The robust program's objective, and its weight decay: the same number in the network's, whose neurons are balanced."""
    parts = [piece(blocks, k) for k in range(6)]
    decay = Fraction(beta * float(np.linalg.norm(np.array(blocks, float), axis=2).sum()))
    return sum(max(Fraction(0), 1 - p["margin"] + eps * p["l1"]) for p in parts) / 6 + decay, decay


def attacked(trained, eps, beta):
    """Robust optima of A with labels, attacked at the vertices of the boxes that they were trained for, and of smaller ones."""
    blocks = trained_blocks(trained, beta)
    value, decay = program_objective(blocks, max(trained, eps), beta)
    return sum(at_vertices(blocks, k, eps, "hinge") for k in range(6)) / 6 + decay, {"p_eps": value}


BOXES = [Fraction(0), Fraction(1, 10), Fraction(1, 5)]
ROBUST = ("weight_decay_positive", "linf_box")
measure(
    convex_relu.ROBUST_VALUE,
    cases(trained=BOXES, eps=BOXES, beta=[0.01, 0.1]).where(lambda trained, eps: eps <= trained).guaranteeing(*ROBUST),
)(attacked)
without(
    convex_relu.ROBUST_VALUE,
    "linf_box",
    attacked,
    cases(trained=BOXES[:1], eps=BOXES[1:], beta=0.01).guaranteeing(ROBUST[0]),
)


@measure(convex_relu.ROBUST_VALUE, cases(eps=BOXES[1:], beta=[DECAY]).guaranteeing(*ROBUST))
def projected_gradient(eps, beta, rng):
    """20 signed steps from 50 random starts inside a box 1% smaller; no neuron switches, so that the vertices are an upper end."""
    blocks = trained_blocks(eps, beta)
    net: Network = network_of(np.array(blocks, float))
    small, worst = 0.99 * float(eps), []
    for row, label in zip(PLANE.X, LABELS, strict=True):
        x, delta = np.array(row, float), small * rng.uniform(-1, 1, (50, 2))
        for _ in range(20):
            slope = -label * (((x + delta) @ net.u.T > 0) * net.a) @ net.u
            delta = np.clip(delta + small / 5 * np.sign(slope), -small, small)
        worst.append(Fraction(float(LOSSES["hinge"](label, net(x + delta)).max()) - 1e-12))
    value, decay = program_objective(blocks, eps, beta)
    corners = [at_vertices(blocks, k, eps, "hinge") for k in range(6)]
    low, high = (sum(v) / 6 + decay for v in (worst, map(max, corners, worst)))
    return Enclosed(low, high, "quadrature"), {"p_eps": value}
