"""Attacks on inputs: worst losses by vertices, on grids with a Lipschitz constant, and by projected gradient."""

from fractions import Fraction
from functools import cache

import numpy as np

from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, cases, measure, without
from gradproof.experiments.networks.convex_relu.instances import LABELS, PLANE, patterns
from gradproof.solvers.exact.rounding import dyadic
from gradproof.solvers.relu_program import network_of
from gradproof.solvers.relu_program.rational_robust import RationalNetwork
from gradproof.solvers.relu_program.robust import robust_train
from gradproof.theory.networks import convex_relu as paper

LOSSES = {"hinge": lambda label, f: np.maximum(0, 1 - label * f), "squared": lambda label, f: (f - label) ** 2 / 2}
BOXES = [Fraction(0), Fraction(1, 10), Fraction(1, 5)]
#: Weight decays; at the second losses stay positive, so that attacks raise them.
SLACK, FIRM = Fraction(1, 100), Fraction(1, 10)


@cache
def random_network(eps) -> RationalNetwork:
    """Random sizes along the patterns' own directions, on A with labels."""
    rng, U = np.random.default_rng(0), patterns(PLANE).U
    draw = U / np.linalg.norm(U, axis=1)[:, None] * rng.uniform(0.2, 1, (2, len(U), 1))
    blocks = [[[dyadic(float(c), 20) for c in v] for v in side] for side in draw]
    return RationalNetwork(PLANE.X, LABELS, patterns(PLANE), blocks).within(eps)


@cache
def trained_network(eps, beta=FIRM) -> RationalNetwork:
    """The robust optimum on A with labels, to within the solver's gap."""
    found = robust_train(PLANE.X, LABELS, float(beta), float(eps), patterns(PLANE))
    blocks = [[[Fraction(c) for c in v] for v in side] for side in found.blocks.tolist()]
    return RationalNetwork(PLANE.X, LABELS, patterns(PLANE), blocks).within(eps)


def vertices(network, eps, row, loss):
    """Random rational networks inside the robust cones on A: all vertices of each box."""
    return network(eps).worst_at_vertices(row, eps, LOSSES[loss]), network(eps).piece(row)


def grid(trained, eps, row, loss, points=201):
    """Networks of robust optima on A: the box on a grid, what lies between its points by the network's Lipschitz constant."""
    exact, x, label = trained_network(trained), np.array(PLANE.X[row], float), LABELS[row]
    net, side = network_of(np.array(exact.blocks, float)), np.linspace(-float(eps), float(eps), points)
    f = net(x + np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    # how far f may be from its value at the nearest grid point
    reach = float(np.abs(net.a) @ np.abs(net.u).sum(axis=1)) * float(eps) / (points - 1)
    more = reach if loss == "hinge" else float(np.abs(f - label).max() + reach) * reach
    worst = float(LOSSES[loss](label, f).max())
    return Enclosed(worst - 1e-12, worst + more + 1e-12, "quadrature"), exact.piece(row)


rational = cases(network=[random_network], eps=[Fraction(1, 20), Fraction(1, 10)], row=range(6))
rational = rational.guaranteeing("linf_box")
robust = cases(box=[{"trained": e, "eps": e} for e in BOXES[1:]], row=range(6)).guaranteeing("linf_box")
# around these rows a neuron of the ordinary optimum switches inside the box
ordinary = cases(trained=BOXES[:1], eps=BOXES[2:], row=[1, 3])
for name, claim in (("hinge", paper.ROBUST_HINGE), ("squared", paper.ROBUST_SQUARED)):
    measure(claim, rational.let(loss=lambda name=name: name))(vertices)
    measure(claim, robust.let(loss=lambda name=name: name))(grid)
    without(claim, "linf_box", grid, ordinary.let(loss=lambda name=name: name))


def one_neuron_off(x, eps):
    r"""$f = (x)_+$ at $x = 1$, $y = 5$: at the worst vertex the neuron is off, and $f$ is 0 where its piece is -1."""
    return max((max(x + s * eps, Fraction(0)) - 5) ** 2 / 2 for s in (-1, 1)), {"residual": x - 5, "l1": 1}


breaking(paper.ROBUST_SQUARED, "linf_box", one_neuron_off, x=Fraction(1), eps=Fraction(2))


def attacked(trained, eps, beta):
    """Robust optima of A with labels, attacked at the vertices of the boxes that they were trained for, and of smaller ones."""
    net = trained_network(trained, beta)
    worst = sum(net.worst_at_vertices(k, eps, LOSSES["hinge"]) for k in range(6)) / 6
    return worst + beta * net.size, {"p_eps": net.robust_objective(max(trained, eps), beta)}


smaller = cases(trained=BOXES, eps=BOXES, beta=[SLACK, FIRM]).where(lambda trained, eps: eps <= trained)
measure(paper.ROBUST_VALUE, smaller.guaranteeing("weight_decay_positive", "linf_box"))(attacked)
larger = cases(trained=BOXES[:1], eps=BOXES[1:], beta=[SLACK]).guaranteeing("weight_decay_positive")
without(paper.ROBUST_VALUE, "linf_box", attacked, larger)


@measure(paper.ROBUST_VALUE, cases(eps=BOXES[1:]).guaranteeing("weight_decay_positive", "linf_box"))
def projected_gradient(eps, rng):
    """20 signed steps from 50 random starts inside a box 1% smaller; no neuron switches, so that the vertices are an upper end."""
    exact = trained_network(eps)
    net, small, worst = network_of(np.array(exact.blocks, float)), 0.99 * float(eps), []
    for row, label in zip(PLANE.X, LABELS, strict=True):
        x, delta = np.array(row, float), small * rng.uniform(-1, 1, (50, 2))
        for _ in range(20):
            slope = -label * (((x + delta) @ net.u.T > 0) * net.a) @ net.u
            delta = np.clip(delta + small / 5 * np.sign(slope), -small, small)
        worst.append(Fraction(float(LOSSES["hinge"](label, net(x + delta)).max()) - 1e-12))
    corners = [exact.worst_at_vertices(k, eps, LOSSES["hinge"]) for k in range(6)]
    low, high = (sum(v) / 6 + FIRM * exact.size for v in (worst, map(max, corners, worst)))
    return Enclosed(low, high, "quadrature"), {"p_eps": exact.robust_objective(eps, FIRM)}
