"""Measures: enclosures in ball arithmetic and in rationals, and runs on breast cancer, quadratics, cycles and digits."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import flint
import numpy as np
import sympy as sp

from gradproof.experiments.adaptive._adam import adam_family
from gradproof.experiments.adaptive.diffgrad import convnet, instances, networks
from gradproof.experiments.adaptive.diffgrad.instances import FROM_THE_END, Rounds
from gradproof.experiments.adaptive.diffgrad.methods import CYCLE, implementation, synthetic_path
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.measure import Bracket, Enclosed, Supremum, around, cases, enclosed, measure, rounded
from gradproof.experiments.engine.run import run, start
from gradproof.solvers.exact.balls import ball, enclose, ends
from gradproof.solvers.jury import stability_boundary
from gradproof.solvers.periodic_regret import Optimiser, enclosed_limit, play, sigmoid
from gradproof.theory.adaptive import diffgrad as paper
from gradproof.theory.errors import GradproofError

F = Fraction
ULP = 2.0**-52


# --- friction, and the buffer ------------------------------------------------------------------------------------------

FRICTION = (paper.FRICTION_RANGE, paper.SHORTER_THAN_ADAM)


CHANGES = cases(change=[F(0), F(1, 10**6), F(1), F(29, 10), F(60)], adam=[F(1, 8), F(1)])


@measure(FRICTION, CHANGES.guaranteeing("same_state", "friction"))
def friction_in_balls(change, adam):
    r"""$\xi$ times a step of Adam's at changes of the gradient from 0 to 60: half of it, attained, to almost the whole."""
    return enclosed(lambda: ball(adam) * sigmoid(ball(abs(change))))


@measure(FRICTION, cases().guaranteeing("same_state", "friction"))
def steps_on_breast_cancer(backend):
    """200 minibatch steps on the 30 coordinates of breast cancer, each beside Adam's step from the same state."""
    seen = instances.path("diffgrad", backend)
    return rounded(instances.lengths(seen, "diffgrad").ravel(), 8), {"adam": instances.lengths(seen, "adam").ravel()}


@measure(paper.ALIASING_BUG, cases(by_reference=[True]).guaranteeing("same_state", "by_reference"))
def one_buffer(by_reference):
    """The friction of every later step in a program that keeps the previous gradient in one buffer, beside Adam's step of 1."""
    for change in implementation([F((17 * k) % 101 - 50, 7) for k in range(30)], by_reference=by_reference)[1:]:
        yield enclosed(partial(lambda c: sigmoid(ball(c)), change)), {"adam": 1}


@measure(paper.ALIASING_BUG, cases().guaranteeing("same_state", "by_reference"))
def beside_a_run_of_adam(backend):
    """Steps on breast cancer by reference, beside those of a run of Adam with alpha/2 that starts at the second iterate."""
    seen = instances.path("aliased", backend)
    adam = instances.lengths(instances.adam_with_half_the_step(seen, backend), "adam").ravel()
    return rounded(instances.lengths(seen, "aliased")[1:].ravel(), 2**12, size=1.0), {"adam": adam}  # of 200 steps


@measure(paper.ALIASING_BUG, cases(seeds=[20]).guaranteeing("same_state", "by_reference"), budget="full")
def networks_on_digits(seeds, rng, keys):
    """The last of 300 minibatch steps of 20 networks of 32 neurons, in all weights, beside that of Adam with alpha/2."""
    last = networks.train(rng, keys("digits", seeds=seeds)).last_step
    return rounded(last["aliased"].ravel(), 2**12, size=1.0), {"adam": 2 * last["adam, half the step"].ravel()}


@measure(paper.ALIASING_BUG, cases(kept=["reference"]).guaranteeing("same_state", "by_reference"), budget="gpu")
def convolutional_networks_on_digits(kept, seed, **sizes):
    """The last of 600 minibatch steps of 20 convolutional networks in torch, in all weights, beside Adam's from the same state."""
    ends = convnet.train(kept, seed=seed, **sizes)
    return rounded(ends.step.ravel(), 8), {"adam": ends.adam.ravel()}


# --- the step ----------------------------------------------------------------------------------------------------------


def extremal_gradients(b1: Fraction, b2: Fraction, t: int) -> list[Fraction]:
    """g_1, ..., g_t that attain the largest step, so large that the last change is 40."""
    g = [(b1 / b2) ** (t - k) for k in range(1, t + 1)]
    return [40 * x / abs(g[-1] - (g[-2] if t > 1 else 0)) for x in g]


def squared_ratio(g: Sequence[Fraction], b1: Fraction, b2: Fraction, *, corrected: bool = True) -> Fraction:
    """mhat_t^2 / vhat_t, exact; with v_t in the place of vhat_t where it is not corrected."""
    t = len(g)
    m = sum((b1 ** (t - k) * g[k - 1] for k in range(1, t + 1)), F(0)) * (1 - b1) / (1 - b1**t)
    v = sum((b2 ** (t - k) * g[k - 1] ** 2 for k in range(1, t + 1)), F(0)) * (1 - b2)
    return m * m / v * (1 - b2**t if corrected else 1)


def step_in_balls(g: Sequence[Fraction], b1: Fraction, b2: Fraction, *, corrected: bool = True) -> Enclosed:
    """diffGrad's step after these gradients, per alpha_t, with epsilon = 0."""
    change = abs(g[-1] - (g[-2] if len(g) > 1 else 0))
    return enclosed(lambda: sigmoid(ball(change)) * ball(squared_ratio(g, b1, b2, corrected=corrected)).sqrt())


BETAS = [{"beta1": F(9, 10), "beta2": F(999, 1000)}, {"beta1": F(19, 20), "beta2": F(999, 1000)},
         {"beta1": F(1, 2), "beta2": F(1, 4)}]  # fmt: skip
STEPS = cases(alpha=1, beta=BETAS, t=[1, 2, 5, 10]).guaranteeing("friction", "bias_correction")


@measure(paper.STEP_BOUND, STEPS)
def largest_step(beta1, beta2, t):
    r"""The supremum over all gradients: $|\hat m|/\sqrt{\hat v}$ at those of equality in Cauchy-Schwarz, as $\xi$ tends to 1."""
    squared = squared_ratio(extremal_gradients(beta1, beta2, t), beta1, beta2)
    return Supremum(enclosed(lambda: ball(squared).sqrt()))


@measure(paper.STEP_BOUND, STEPS)
def step_after_gradients(beta1, beta2, t):
    """The step after large extremal gradients, and after others, in balls."""
    for g in (extremal_gradients(beta1, beta2, t), [F((37 * k) % 199 - 99, 33) for k in range(1, t + 1)]):
        yield step_in_balls(g, beta1, beta2)


@measure(paper.STEP_BOUND, cases().guaranteeing("friction", "bias_correction"))
def longest_of_thirty_coordinates(backend):
    """The longest coordinate step on breast cancer, at every step of the run."""
    moves = instances.ALPHA * instances.lengths(instances.path("diffgrad", backend), "diffgrad").max(axis=1)
    known = {"alpha": instances.ALPHA, "beta1": 0.9, "beta2": 0.999, "t": np.arange(1.0, len(moves) + 1)}
    # a step rounds v by a few units of its size, which stay in it, and m by a few of sqrt(v), which decay
    return rounded(moves, 8 * len(moves), size=8 * instances.ALPHA), known


CONVERGING = [{"beta1": F(9, 10), "beta2": F(19, 20)}, {"beta1": F(1, 2), "beta2": F(1, 3)}]
GROWING = cases(alpha=1, beta=CONVERGING, t=[1, 2, 3, 5, 8, 13, 21, 34, 55, 89])
GROWING = GROWING.let(q=lambda beta1, beta2: beta1**2 / beta2).guaranteeing("friction", "bias_correction")


@measure(paper.STEP_BOUND_UNIFORM, GROWING)
def step_after_extremal_gradients(beta1, beta2, t):
    """The step at times that grow to 89, after large extremal gradients, in balls."""
    return step_in_balls(extremal_gradients(beta1, beta2, t), beta1, beta2)


@measure(paper.STEP_BOUND_UNIFORM, cases().guaranteeing("friction", "bias_correction"))
def longest_step_on_breast_cancer(backend):
    """The longest coordinate step of the run."""
    longest = instances.ALPHA * float(instances.lengths(instances.path("diffgrad", backend), "diffgrad").max())
    known = {"alpha": instances.ALPHA, "beta1": 0.9, "beta2": 0.999, "q": 0.81 / 0.999}
    return rounded(longest, 8 * instances.STEPS, size=8 * instances.ALPHA), known


# --- stability ---------------------------------------------------------------------------------------------------------


@measure(
    paper.LOCAL_STABILITY,
    cases(beta1=[F(0), F(1, 2), F(9, 10), F(99, 100)], xi=F(1, 2)).guaranteeing("friction", "quadratic"),
)
def boundary_by_jury(beta1, xi):
    """alpha lam/eps on either side of the boundary of stability, decided exactly, for the friction xi at the fixed point."""

    def characteristic(scaled: Fraction) -> list[Fraction]:
        return [F(1), -(1 + beta1 - (1 - beta1) * xi * scaled), beta1]

    return Bracket(*stability_boundary(characteristic, 1, 10**4, width=F(1, 10**6)))


@measure(paper.LOCAL_STABILITY, cases(beta1=[0.0, 0.5, 0.9]).guaranteeing("friction", "quadratic"))
def quadratics_from_near_zero(beta1, backend):
    """200 step sizes on $x^2/2$ from 1e-120: the last that decays to 1e-123, and the first that reaches 1e-60."""
    on, grid = array_library(backend), np.geomspace(1, 100, 200)
    constants = {"alpha": on.asarray(grid[:, None, None]), "beta1": beta1, "beta2": 0.999, "eps": 1.0}
    method = adam_family(lambda x, draw: x, variant="diffgrad", **constants)
    x0, record = on.asarray(start([1e-120], settings=len(grid))), {"x": lambda s: s.x[..., 0]}
    size = np.abs(run(method, x0, 2000, record=record, every=10).x.values[:, 0])
    grew = size.max(axis=1) > 1e-60  # beyond what the bias corrections of the first steps do
    low, high = grid[~grew & (size[:, -1] < 1e-123)].max(), grid[grew].min()
    if not low < high:
        raise GradproofError(f"growth at {high} but decay at {low}")
    return Bracket(float(low), float(high))


# --- regret ------------------------------------------------------------------------------------------------------------

ROUNDS = cases(
    rounds={
        "from the optimum": instances.FROM_THE_OPTIMUM,
        "from the end": FROM_THE_END,
        "with momentum": instances.WITH_MOMENTUM,
    }
)
REGRET = ("convex_losses", "projected", "friction")


def published(rounds: Rounds, v: Any, norm: Any) -> dict[str, Any]:
    """Parameters of the published bound; in one dimension, on [-1, 1]."""
    m = rounds.method
    fixed = {"alpha": m.alpha, "beta1": m.beta1, "beta2": m.beta2, "lam": m.lam, "T": rounds.T, "D": 2, "D_inf": 2}
    largest = max(map(abs, rounds.cycle))
    return fixed | {"G_inf": largest, "g_1": [abs(rounds.cycle[0])], "v_T": [v], "g_norm": [norm]}


@measure(paper.PAPER_REGRET, ROUNDS.guaranteeing(*REGRET))
@measure(
    paper.PAPER_REGRET,
    cases(rounds={"long memory": instances.LONG_MEMORY}).guaranteeing(*REGRET),
    budget="full",
    name="regret_with_a_long_memory",
)
def regret_in_balls(rounds, friction=True):
    """The regret of 40000 rounds from the optimum, and of 2000 and 3000 from the wrong end, in ball arithmetic."""
    found = play(rounds.cycle, replace(rounds.method, friction=friction), rounds.T, start=rounds.start)
    norm = sp.sqrt(sp.Rational(*found.g_norm2.as_integer_ratio()))
    return Enclosed(*found.regret, "rounding"), published(rounds, found.v[1], norm)


@measure(paper.PAPER_REGRET, cases(rounds={"from the end": FROM_THE_END}).guaranteeing(*REGRET))
def regret_of_a_run(rounds, backend, variant="diffgrad"):
    """The same 2000 rounds from $x_1 = 1$ as a run of the engine, in double precision."""
    T, constants = rounds.T, {k: float(getattr(rounds.method, k)) for k in ("alpha", "beta1", "beta2", "lam", "eps")}
    x = instances.played(rounds.cycle, T, variant, x1=rounds.start, backend=backend, **constants)
    g2 = np.resize(np.array([float(c) ** 2 for c in rounds.cycle]), T)
    weights = constants["beta2"] ** np.arange(T - 1, -1, -1)
    v, norm = float((weights * g2).sum() / weights.sum()), float(np.sqrt(g2.sum()))
    # each step rounds x by a few units in the last place; the steps do not depend on x, and projections do not enlarge it
    return around(float(instances.regrets(x, rounds.cycle)[-1]), 8 * 1.6 * ULP * T**2), published(rounds, v, norm)


#: a thousandth as step size, so that little of the regret of 1500 rounds is of order 1/sqrt t
SMALL, NOUGHT, ZERO, ONE = F(1, 1000), F(1, 10**8), F(0), F(1)


GIVEN = [{"a": 1, "b": F(19, 10)}, {"a": 1, "b": F(17, 10)}, {"a": 3, "b": 5}]
RUNS = [{"maximum": False}, {"maximum": True}, {"beta1": F(9, 10), "lam": F(1, 2)}]
FROM_AFAR = cases(cycle=GIVEN[:1], beta2=F(999, 1000), alpha=F(1, 2), start=-1, rounds=6000)
VANISHING = ("vanishing_momentum", "friction")


@measure(
    paper.REGRET_REFUTED,
    (cases(cycle=GIVEN, beta2=[F(9, 10), F(999, 1000)], run=RUNS) + FROM_AFAR).guaranteeing(*VANISHING),
)
def limit_of_the_average(
    a, b, beta2, alpha=SMALL, start=1, rounds=2400, friction=True, maximum=False, beta1=ZERO, lam=ONE
):  # fmt: skip
    """The limit of $R_T/T$ from 2400 rounds in ball arithmetic and a proved bound of what later periods can change."""
    method = Optimiser(alpha, beta1, beta2, NOUGHT, lam, friction, maximum)
    return Enclosed(*enclosed_limit((a, a, -b), method, rounds, start=start), "truncation"), {"eps": NOUGHT}


MASTER = ("convex_losses", "projected", "no_momentum")


def drawn(T: int) -> dict[str, Any]:
    """Steps and gradients of T rounds, in eighths."""
    rng = np.random.default_rng(T)
    g, eta = rng.integers(-16, 17, T), rng.integers(1, 17, T)
    return {"T": T, "eta": [F(int(e), 8) for e in eta], "g": [F(int(x), 8) for x in g], "x": F(-1)}


ATTAINED = {"T": 1, "eta": [F(2, 3)], "g": [F(3)], "x": F(1)}


@measure(paper.REGRET_MASTER, cases(rounds=[ATTAINED, *map(drawn, (2, 5, 20, 50))]).guaranteeing(*MASTER))
def regret_in_rationals(eta, g, x, radius=ONE, momentum=ZERO):
    """Random steps and gradients on [-1, 1], all in rational arithmetic; and the one round that attains the bound."""
    loss, positive, before, m = F(0), F(0), F(0), F(0)
    for e, gradient in zip(eta, g, strict=True):
        loss += gradient * x
        m = momentum * m + (1 - momentum) * gradient
        x = max(-radius, min(radius, x - e * m))
        positive, before = positive + max(F(0), 1 / e - before), 1 / e
    squares = sum((e * s * s for e, s in zip(eta, g, strict=True)), F(0))
    return loss + abs(sum(g, F(0))), {"D": 2, "P": positive, "Q": squares}


@measure(
    paper.REGRET_MASTER,
    cases(rounds={
        "diffGrad": Rounds(CYCLE, -1, 3000, Optimiser()), "Adam": Rounds(CYCLE, -1, 3000, Optimiser(friction=False)),
        "diffGrad from the end": Rounds(FROM_THE_END.cycle, 1, 3000, Optimiser(beta2=F(9, 10))),
    }).guaranteeing(*MASTER),
)  # fmt: skip
def regret_on_cycles(rounds, telescoped=False):
    """The regret of diffGrad and Adam on cycles in ball arithmetic, where that of diffGrad grows linearly."""
    found = play(rounds.cycle, rounds.method, rounds.T, start=rounds.start)
    P, Q = (found.last_inverse_step[1], found.weighted_squares[1]) if telescoped else (
        found.inverse_steps[0], found.weighted_squares[0])  # fmt: skip
    return Enclosed(*found.regret, "rounding"), {"D": 2, "P": P, "Q": Q}


@measure(paper.REGRET_MASTER, cases(alpha=F(1, 2), beta2=F(9, 10)).guaranteeing(*MASTER))
def logistic_losses_in_one_variable(alpha, beta2):
    """Online logistic losses of one feature of breast cancer on [-1, 1] in balls: convex, not linear, with diffGrad's steps."""
    z, u = instances.signed_rows()[:, 0], 0.0
    for _ in range(60):  # Newton's steps towards the best fixed point; its last slope bounds what is missing
        q = 1 / (1 + np.exp(z * u))
        u = float(np.clip(u + (z * q).sum() / (z * z * q * (1 - q)).sum(), -1, 1))
    with flint.ctx.workprec(256):
        x, before, v, regret, slope, P, Q, inverse = (flint.arb(0) for _ in range(8))
        for t, row in enumerate(map(flint.arb, map(float, z)), 1):
            p, best = 1 / (1 + (row * x).exp()), 1 / (1 + (row * u).exp())
            regret += (1 - best).log() - (1 - p).log()
            slope -= row * best
            g = -row * p
            v = ball(beta2) * v + ball(1 - beta2) * g * g
            eta = ball(alpha) / flint.arb(t).sqrt() * sigmoid(abs(g - before)) / (v / (1 - ball(beta2) ** t)).sqrt()
            P, Q, inverse = P + (1 / eta - inverse).nonnegative_part(), Q + eta * g * g, 1 / eta
            x, before = (x - eta * g).min(flint.arb(1)).max(flint.arb(-1)), g
        # the tangent at u is below the losses' sum; it is least at an end
        low, high = ends(regret)[0], ends(regret + slope * u + abs(slope))[1]
        return Enclosed(low, high, "solver gap"), {"D": 2, "P": ends(P)[0], "Q": ends(Q)[0]}


# --- the synthetic functions -------------------------------------------------------------------------------------------


def f2_ball(x: flint.arb) -> flint.arb:
    """-40x - 703/20 for x <= -9/10, else x^3 + x sin 8x + 17/20."""
    return -40 * x - flint.arb(703) / 20 if x <= flint.arb(-9) / 10 else x**3 + x * (8 * x).sin() + flint.arb(17) / 20


@measure(
    paper.SYNTHETIC_FUNCTIONS,
    cases(x=[F(-4, 5), F(-1, 3), F(1, 10), F(3, 5), F(2), *map(F, synthetic_path("F2", "diffgrad")[20:60:8].tolist())]),
)
def difference_in_balls(x):
    """$F_2'$ by central differences of $F_2$ with Taylor's remainder, at places of their own and on diffGrad's path from -1."""
    h = F(1, 10**20)
    third = 198 + 512 * (abs(x) + 1)  # |F2'''| <= 6 + 192 + 512 |x| near x

    def slope() -> flint.arb:
        with flint.ctx.workprec(512):
            difference = (f2_ball(ball(x + h)) - f2_ball(ball(x - h))) / (2 * ball(h))
            return difference + ball(h * h * third / 6) * flint.arb(0, 1)

    return Enclosed(*enclose(slope, width=F(1, 10**25)), "truncation")
