"""Lower steps and how closely they follow the solution: recursions in rational numbers, runs, and the cleaning of digits."""

from fractions import Fraction as F

import numpy as np

# isort: off
from gradproof.experiments.adaptive.bilevel_unbounded.instances import CARD, DENSE, smooth
from gradproof.experiments.adaptive.bilevel_unbounded.methods import bo_rep, hypergradient, length, lower_steps, neumann
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.measure import around, cases, measure, rounded
from gradproof.experiments.engine.run import run
from gradproof.experiments.instances.bilevel import cleaning, noisy_digits
from gradproof.solvers.bilevel_quadratic import QuadraticLower, dot, plus
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.newton_cg import minimise
from gradproof.theory.adaptive import bilevel_unbounded as paper
# isort: on

# --- a fixed upper variable ------------------------------------------------------------------------------------------------

STEPS = ("strongly_convex", "l_smooth")
DIAGONAL = QuadraticLower([[F(1, 2), 0], [0, F(3)]], [[F(1)], [F(1)]])


@measure(
    paper.LOWER_CONTRACTION,
    cases(on=[{"lower": DIAGONAL, "mu": F(1, 2), "L": F(3)}, {"lower": DENSE, "mu": F(138, 100), "L": F(4)}], N=[1, 4],
          y=[(F(5), F(-1, 3)), (F(2), F(1))]).guaranteeing(*STEPS),
)  # fmt: skip
def left_after_steps(lower, y, N, mu, L):
    """|y_N - y_*|^2 of a quadratic in rational numbers, at x = 1 or (1, 1)."""
    x = [F(1)] * len(lower.B[0])
    best = lower.solution(x)
    start, end = plus(y, best, -1), plus(lower.steps(x, y, N, L), best, -1)
    return dot(end, end), {"D2": dot(start, start)}


@measure(
    paper.LOWER_CONTRACTION, cases(mu=[F(1), F(2)], L=[F(2), F(7)], D=[F(1), F(1, 9)], N=[1, 6]).guaranteeing(*STEPS)
)
def left_along_the_flattest(mu, L, D, N, flat=1):
    """The same along the eigenvector of mu; ``flat``: over what is said of it."""
    lower = QuadraticLower([[mu * flat]], [[F(0)]])
    return lower.steps([F(0)], [D], N, L)[0] ** 2, {"D2": D * D}


ONE = {"mu": [F(1)], "D": [F(1)], "N": [3]}
breaking(paper.LOWER_CONTRACTION, "strongly_convex", left_along_the_flattest, **ONE, L=[F(2)], flat=[F(1, 3)])
breaking(paper.LOWER_CONTRACTION, "l_smooth", left_along_the_flattest, **ONE, L=[F(2)], flat=[F(9)])


def minimiser(problem, x, y, mu):
    """y_*(x) from y, and how far it may be off."""
    return minimise(lambda y: problem.lower(x, y), lambda y, v: problem.curve(x, y, v), y, mu)


def start_of(problem, x0, refine):
    """The hypergradient after the refinement, and the lower iterate."""
    y = lower_steps(problem, x0, x0[..., :1] * 0 + problem.y0, refine)
    z = neumann(problem, x0, y, problem.upper_y(x0, y), 20)
    return hypergradient(problem, x0, y, z), y


@measure(paper.LOWER_CONTRACTION, cases(N=[20, 200]).guaranteeing(*STEPS))
def left_on_digits(N, rng, backend):
    """Softmax regression of noisy digits, all weights 1: from random y, of which the pixels that are 0 shrink by 1 - mu/L alone."""
    on, data = array_library(backend), noisy_digits()
    task = cleaning(array_library("numpy"), data, L=7.0)
    x, y = np.zeros((1, 1, len(data.labels))), rng.normal(size=(1, 1, 640))
    best, off = minimiser(task.problem, x, y * 0, task.ridge)
    problem = cleaning(on, data, L=7.0).problem
    end = np.asarray(lower_steps(problem, on.asarray(x), on.asarray(y), N))
    near, far = (float(length(v - best)[0, 0, 0]) for v in (end, y))
    # rounding of N contractions, 1e-13 of the size each, is far below the error of the minimiser
    return around(near**2, (2 * near + off) * off + 1e-9), {"mu": 0.1, "L": 7.0, "D2": (far + off) ** 2}


# --- a path of the upper variable ------------------------------------------------------------------------------------------

RHO, MOVES = [F(0), F(1, 3), F(9, 10)], [F(1), F(1, 7)]
FOLLOWING = ("shrinking", "short_moves")
#: mu, L, N, y_* = speed x, steps of eta, a period
SCALARS = [
    {"lower": QuadraticLower([[F(1)]], [[F(3, 2)]]), "L": F(4), "N": 5, "period": 4, "eta": F(1, 20)},
    {"lower": QuadraticLower([[F(2)]], [[F(-1)]]), "L": F(3), "N": 1, "period": 1, "eta": F(1)},
]


def straight(eta, n, direction):
    return [[eta * t * u for u in direction] for t in range(n + 1)]


def followed(lower, L, N, period, eta, j, refined, direction=(F(1),)):
    """Errors just after the updates, and at all steps, along a line; ``refined``: y_0 - y_*(x_0), along the steady lag."""
    path = straight(eta, period * (j + 1) - 1, direction)
    y0 = plus(lower.solution(path[0]), refined)
    found = list(lower.track(path, y0, N, period, L))
    return [e for due, e in found if due], [e for _, e in found]


@measure(paper.TRACKING, cases(of=SCALARS, j=[1, 2, 7], E0=[F(0), F(3, 4)]).guaranteeing(*FOLLOWING))
def error_on_a_line(lower, L, N, period, eta, j, E0, quick=1, slow=1):
    """E_j in rational numbers, of a solution that moves away on a line; ``quick``, ``slow``: what is said of rho and s."""
    speed, rho = lower.B[0][0] / lower.A[0][0], (1 - lower.A[0][0] / L) ** N
    sign = 1 if speed > 0 else -1
    after, _ = followed(lower, L, N, period, eta, j, [-sign * E0])
    return abs(after[j - 1][0]), {"rho": rho * quick, "s": abs(speed) * eta * period * slow, "E0": E0}


def root(square):
    """The root of a rational number in balls."""
    return around(*_middle(ball(square).sqrt()))


def _middle(x):
    low, high = float(x.lower()), float(x.upper())
    return (low + high) / 2, high - low + 1e-15 * (1 + abs(high))


@measure(paper.TRACKING, cases(N=[1, 5], period=[1, 4], j=[1, 6], eta=[F(1, 20)]).guaranteeing(*FOLLOWING))
def error_in_space(N, period, j, eta):
    """The same with three lower and two upper variables, x along (3, 4)/5."""
    after, _ = followed(CARD, F(4), N, period, eta, j, [F(0)] * 3, (F(3, 5), F(4, 5)))
    return root(dot(after[j - 1], after[j - 1])), {"rho": F(3, 4) ** N, "s": CARD.speed()[1] * eta * period, "E0": F(0)}


for _name, _more in (("shrinking", {"quick": [F(1, 2)]}), ("short_moves", {"slow": [F(1, 2)]})):
    breaking(paper.TRACKING, _name, error_on_a_line, of=SCALARS[:1], j=[7], E0=[F(0)], **_more)


@measure(paper.TRACKING_STEADY, cases(of=SCALARS, E0=[F(0), F(2)]).guaranteeing("straight"))
def lag(lower, L, N, period, eta, E0, turns=False):
    """E_60 in rational numbers; what is to come is a geometric series. ``turns``: the solution goes back and forth."""
    speed, rho = lower.B[0][0] / lower.A[0][0], (1 - lower.A[0][0] / L) ** N
    s = abs(speed) * eta * period
    at = {"rho": rho, "s": s}
    if turns:
        # from the side of the last move, e -> rho (s - e): the limit is rho s/(1 + rho)
        e = E0
        for _ in range(60):
            e, before = rho * (s - e), e
        return around(e, abs(e - before) * rho / (1 - rho), "truncation"), at
    after, _ = followed(lower, L, N, period, eta, 60, [-E0 if speed > 0 else E0])
    e, before = abs(after[59][0]), abs(after[58][0])
    return around(e, abs(e - before) * rho / (1 - rho), "truncation"), at


breaking(paper.TRACKING_STEADY, "straight", lag, of=SCALARS[:1], E0=[F(0)], turns=[True])


@measure(paper.TRACKING_BETWEEN, cases(rho=RHO, s=MOVES, share=[F(0), F(1, 2), F(1)], j=[3]).guaranteeing(*FOLLOWING))
def greatest_of_a_recursion(rho, s, share, j, quick=1, slow=1):
    """The error just before an update, from a share of the steady lag, in rational numbers."""
    E = E0 = share * rho * s / (1 - rho)
    worst = E
    for _ in range(j):
        worst = max(worst, E + s)
        E = rho * (E + s)
    return worst, {"rho": rho * quick, "s": s * slow, "E0": E0 * quick * slow}


breaking(paper.TRACKING_BETWEEN, "refined", greatest_of_a_recursion, rho=[F(1, 3)], s=[F(1)], share=[F(9)], j=[3])
breaking(
    paper.TRACKING_BETWEEN,
    "shrinking",
    greatest_of_a_recursion,
    rho=[F(9, 10)],
    s=[F(1)],
    share=[F(0)],
    j=[9],
    quick=[F(1, 2)],
)
breaking(
    paper.TRACKING_BETWEEN,
    "short_moves",
    greatest_of_a_recursion,
    rho=[F(1, 3)],
    s=[F(1)],
    share=[F(1)],
    j=[3],
    slow=[F(1, 2)],
)

KP = float(CARD.speed()[1])


def smooth_runs(
    backend, periods, lower, eta, steps, *, x0=(5.0, -4.0), beta=0.9, refine=200, every=1, keys=None, sd=0.0, **how
):
    """Runs of BO-REP on the card's instance, one a period: |grad Phi|, lower errors before the next update, Phi."""
    on = array_library(backend)
    task = smooth(on)
    period = on.asarray(np.reshape(np.asarray(periods, float), (-1, 1, 1)))
    method = bo_rep(task.problem, eta, beta=beta, period=period, lower=lower, refine=refine, **how)
    record = {
        "gradient": lambda s: length(task.gradient(s.x))[..., 0],
        "behind": lambda s: length(s.y - task.solution(s.x))[..., 0],
        "x": lambda s: s.x,
        "m": lambda s: s.m,
        "value": lambda s: task.value(s.x),
    }
    seeds = 1 if keys is None else keys.shape[1]
    start = np.broadcast_to(np.asarray(x0), (len(periods), seeds, 2)).copy()
    draw = None if keys is None else ahead(on.asarray(keys), lambda d: sd * d.normal((2,)), block=64)
    return run(
        method,
        on.asarray(start),
        steps,
        record=record,
        draw=draw,
        every=every,
        settings={"period": np.asarray(periods)},
    )


@measure(paper.TRACKING_BETWEEN, cases(N=[1, 5], eta=[0.02]).guaranteeing(*FOLLOWING))
def greatest_of_runs(N, eta, backend, steps=250):
    """The lower error of normalised steps on the card's instance, before the next update, for the periods 1, 4, 16."""
    periods = (1, 4, 16)
    out = smooth_runs(backend, periods, N, eta, steps)
    rho = 0.75**N
    for k, period in enumerate(periods):
        s = KP * eta * period * (1 + 1e-12)
        worst = float(out.behind[k, 0].max())
        yield rounded(worst, 10**4, 10.0), {"rho": rho, "s": s, "E0": min(1e-9, rho * s)}


# --- cleaning labels of digits: weights exp(x_i) from e^-2 --------------------------------------------------------------------

CLEAN = {"eta": 0.6, "period": 4, "lower": 20, "terms": 20}


def cleaning_run(backend, steps, normalised=True, *, train=200, every=1, start=-2.0, L=22.0, **how):
    """The states of a run, with what the normalised steps and the others have in common: the first step."""
    on, data = array_library(backend), noisy_digits(train)
    task = cleaning(on, data, L=L)
    given = CLEAN | how
    with on.scope(), np.errstate(all="ignore"):
        x0 = on.asarray(np.full((1, 1, train), start))
        g, _ = start_of(task.problem, x0, 300)
        factor = given.pop("eta") / (1.0 if normalised else float(length(g)[0, 0, 0]))
        method = bo_rep(task.problem, factor, refine=300, normalised=normalised, **given)
        record = {
            "x": lambda s: s.x,
            "y": lambda s: s.y,
            "loss": lambda s: task.loss(s.y),
            "accuracy": lambda s: task.accuracy(s.y),
        }
        return task, run(method, x0, steps, record=record, every=every)


def behind_on_digits(backend, steps, normalised=True, budget="quick"):
    """How far the weights of digits lag behind, just before each update, as long as the lower curvature is at most L.

    ``s`` is the greatest move of the solution between two updates of the normalised run, by Newton's method.
    """
    train = {"quick": 200, "full": 500, "gpu": 1000}[budget]
    task, out = cleaning_run(backend, steps, True, train=train, every=CLEAN["period"])
    host = cleaning(array_library("numpy"), noisy_digits(train)).problem
    found, s, past = [], 0.0, None
    for x, y in zip(out.x.values[0, 0], out.y.values[0, 0], strict=True):
        if task.curvature(x) > host.L:
            break
        best, off = minimiser(host, x, y, task.ridge)
        s = s if past is None else max(s, float(np.linalg.norm(best - past)) + 2 * off)
        past = best
        found.append((float(np.linalg.norm(y - best)), off))
    at = {"rho": (1 - task.ridge / host.L) ** CLEAN["lower"], "s": s, "E0": sum(found[0])}
    if normalised:
        return around(max(e for e, _ in found[1:]), max(off for _, off in found) + 1e-9, "truncation"), at
    _, other = cleaning_run(backend, steps, False, train=train, every=2)
    worst = 0.0
    for x, y in zip(other.x.values[0, 0], other.y.values[0, 0], strict=True):
        if np.isfinite(np.exp(x)).all():
            best, off = minimiser(host, x, y, task.ridge)
            worst = max(worst, float(np.linalg.norm(y - best)) - off)
    return rounded(worst, 10**6), at


DIGITS = cases(steps=[28])
measure(paper.TRACKING_BETWEEN, DIGITS.guaranteeing(*FOLLOWING))(behind_on_digits)
measure(paper.TRACKING_BETWEEN, DIGITS.guaranteeing(*FOLLOWING), budget="full", name="behind_on_more_digits")(
    behind_on_digits
)
measure(paper.TRACKING_BETWEEN, DIGITS.guaranteeing(*FOLLOWING), budget="gpu", name="behind_on_many_digits")(
    behind_on_digits
)


def behind_without_normalisation(backend, steps):
    """The same for steps of the gradient's length, which are equal to the normalised ones at the first step."""
    return behind_on_digits(backend, steps, normalised=False)


replacing(paper.TRACKING_BETWEEN, "steps that are not normalised", behind_without_normalisation, cases(steps=[34]))
