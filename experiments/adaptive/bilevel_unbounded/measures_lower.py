"""Lower steps and how closely they follow the solution: recursions in rational numbers, runs, and the cleaning of digits."""

from fractions import Fraction as F

import numpy as np

# isort: off
from gradproof.experiments.adaptive.bilevel_unbounded.instances import CARD, DENSE, smooth
from gradproof.experiments.adaptive.bilevel_unbounded.methods import bo_rep, length, lower_steps
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.draws import ahead
from gradproof.experiments.engine.measure import around, cases, enclosed, measure, rounded
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


FLATTEST = cases(mu=[F(1), F(2)], L=[F(2), F(7)], D=[F(1, 9)], N=[1, 6]).where(lambda mu, L: mu <= L)


@measure(paper.LOWER_CONTRACTION, FLATTEST.guaranteeing(*STEPS))
def left_along_the_flattest(mu, L, D, N, flat=1):
    """The same along the eigenvector of mu; ``flat``: over what is said of it."""
    lower = QuadraticLower([[mu * flat]], [[F(0)]])
    return lower.steps([F(0)], [D], N, L)[0] ** 2, {"D2": D * D}


for _name, _flat in (("strongly_convex", F(1, 3)), ("l_smooth", F(9))):
    breaking(
        paper.LOWER_CONTRACTION, _name, left_along_the_flattest, mu=[F(1)], D=[F(1)], N=[3], L=[F(2)], flat=[_flat]
    )


def minimiser(problem, x, y, mu):
    """y_*(x) from y, and how far it may be off."""
    return minimise(lambda y: problem.lower(x, y), lambda y, v: problem.curve(x, y, v), y, mu)


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


def followed(lower, L, N, period, eta, j, refined, direction=(F(1),)):
    """Errors just after the updates, along a line; ``refined``: y_0 - y_*(x_0)."""
    path = [[eta * t * u for u in direction] for t in range(period * (j + 1))]
    return [e for due, e in lower.track(path, plus(lower.solution(path[0]), refined), N, period, L) if due]


def scalar(lower, L, N, period, eta):
    """Speed of the solution, and rho and s."""
    speed = lower.B[0][0] / lower.A[0][0]
    return speed, {"rho": (1 - lower.A[0][0] / L) ** N, "s": abs(speed) * eta * period}


@measure(paper.TRACKING, cases(of=SCALARS, j=[1, 2, 7], E0=[F(0), F(3, 4)]).guaranteeing(*FOLLOWING))
def error_on_a_line(lower, L, N, period, eta, j, E0, quick=1, slow=1):
    """E_j in rational numbers, of a solution that moves away on a line; ``quick``, ``slow``: what is said of rho and s."""
    speed, at = scalar(lower, L, N, period, eta)
    after = followed(lower, L, N, period, eta, j, [-E0 if speed > 0 else E0])
    return abs(after[j - 1][0]), {"rho": at["rho"] * quick, "s": at["s"] * slow, "E0": E0}


@measure(paper.TRACKING, cases(N=[1, 5], period=[1, 4], j=[1, 6], eta=[F(1, 20)]).guaranteeing(*FOLLOWING))
def error_in_space(N, period, j, eta):
    """The same with three lower and two upper variables, x along (3, 4)/5."""
    after = followed(CARD, F(4), N, period, eta, j, [F(0)] * 3, (F(3, 5), F(4, 5)))
    size = enclosed(lambda: ball(dot(after[j - 1], after[j - 1])).sqrt())
    return size, {"rho": F(3, 4) ** N, "s": CARD.speed()[1] * eta * period, "E0": F(0)}


for _name, _more in (("shrinking", {"quick": [F(1, 2)]}), ("short_moves", {"slow": [F(1, 2)]})):
    breaking(paper.TRACKING, _name, error_on_a_line, of=SCALARS[:1], j=[7], E0=[F(0)], **_more)


@measure(paper.TRACKING_STEADY, cases(of=SCALARS, E0=[F(0), F(2)]).guaranteeing("straight"))
def lag(lower, L, N, period, eta, E0, turns=False):
    """E_60 in rational numbers; what is to come is a geometric series. ``turns``: the solution goes back and forth."""
    speed, at = scalar(lower, L, N, period, eta)
    rho, s = at["rho"], at["s"]
    after = [abs(e) for (e,) in followed(lower, L, N, period, eta, 60, [-E0 if speed > 0 else E0])]
    if turns:  # from the side of the last move, e -> rho (s - e): the limit is rho s/(1 + rho)
        after = [E0]
        for _ in range(60):
            after.append(rho * (s - after[-1]))
    return around(after[-1], abs(after[-1] - after[-2]) * rho / (1 - rho), "truncation"), at


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


CONTROLS = {
    "refined": {"rho": F(1, 3), "share": F(9)}, "shrinking": {"rho": F(9, 10), "share": F(0), "quick": F(1, 2)},
    "short_moves": {"rho": F(1, 3), "share": F(1), "slow": F(1, 2)},
}  # fmt: skip
for _name, _case in CONTROLS.items():
    breaking(paper.TRACKING_BETWEEN, _name, greatest_of_a_recursion, of=[_case], s=[F(1)], j=[9])

KP = float(CARD.speed()[1])


def smooth_runs(backend, periods, lower, eta, steps, *, x0=(5.0, -4.0), beta=0.9, keys=None, sd=0.0, **how):
    """Runs of BO-REP on the closed form, one a period: |grad Phi|, lower errors before the next update, Phi."""
    on = array_library(backend)
    task = smooth(on)
    period = on.asarray(np.reshape(np.asarray(periods, float), (-1, 1, 1)))
    method = bo_rep(task.problem, eta, beta=beta, period=period, lower=lower, **how)
    record = {
        "x": lambda s: s.x, "m": lambda s: s.m, "value": lambda s: task.value(s.x),
        "gradient": lambda s: length(task.gradient(s.x))[..., 0], "behind": lambda s: length(s.y - task.solution(s.x))[..., 0],
    }  # fmt: skip
    seeds = 1 if keys is None else keys.shape[1]
    start = np.broadcast_to(np.asarray(x0), (len(periods), seeds, 2)).copy()
    draw = None if keys is None else ahead(on.asarray(keys), lambda d: sd * d.normal((2,)), block=64)
    return run(method, on.asarray(start), steps, record=record, draw=draw)


@measure(paper.TRACKING_BETWEEN, cases(N=[1, 5], eta=[0.02]).guaranteeing(*FOLLOWING))
def greatest_of_runs(N, eta, backend, steps=250):
    """The lower error of normalised steps on the closed form, before the next update, for the periods 1, 4, 16."""
    periods = (1, 4, 16)
    out, rho = smooth_runs(backend, periods, N, eta, steps), 0.75**N
    for k, period in enumerate(periods):
        s = KP * eta * period * (1 + 1e-12)
        yield rounded(float(out.behind[k, 0].max()), 10**4, 10.0), {"rho": rho, "s": s, "E0": min(1e-9, rho * s)}


# --- cleaning labels of digits: weights exp(x_i) from e^-2 --------------------------------------------------------------------

CLEAN = {"eta": 0.6, "period": 4, "lower": 20, "terms": 20}


def cleaning_run(backend, steps, normalised=True, *, train=200, every=1, start=-2.0, L=22.0, **how):
    """The states of a run, with what the normalised steps and the others have in common: the first step."""
    on, data = array_library(backend), noisy_digits(train)
    task = cleaning(on, data, L=L)
    given = CLEAN | how
    with on.scope(), np.errstate(all="ignore"):
        x0 = on.asarray(np.full((1, 1, train), start))
        factor = given.pop("eta")
        if not normalised:
            once = bo_rep(task.problem, 1.0, refine=300, normalised=False, **given)
            factor = factor / float(length(once.step(once.init(x0), None).m)[0, 0, 0])
        method = bo_rep(task.problem, factor, refine=300, normalised=normalised, **given)
        record = {"x": lambda s: s.x, "y": lambda s: s.y, "loss": lambda s: task.loss(s.y)}
        return task, run(method, x0, steps, record=record, every=every)


def behind_on_digits(backend, steps, train, normalised=True):
    """How far the weights of digits lag behind, just before each update, as long as the lower curvature is at most L.

    ``s`` is the greatest move of the solution between two updates of the normalised run, by Newton's method.
    """
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
    worst, past = 0.0, out.y.values[0, 0, 0]
    for x, y in zip(other.x.values[0, 0], other.y.values[0, 0], strict=True):
        if np.isfinite(np.exp(x)).all():
            past, off = minimiser(host, x, past, task.ridge)
            worst = max(worst, float(np.linalg.norm(y - past)) - off)
    return rounded(worst, 10**6), at


def enough(steps, train):
    return 8 <= steps <= 40 and 50 <= train <= 1500


NAMES = {"quick": (200, ""), "full": (500, "behind_on_more_digits"), "gpu": (1000, "behind_on_many_digits")}
for _budget, (_train, _name) in NAMES.items():
    _where = cases(steps=[28], train=[_train]).where(enough).guaranteeing(*FOLLOWING)
    measure(paper.TRACKING_BETWEEN, _where, budget=_budget, name=_name)(behind_on_digits)


OTHERS = cases(steps=[34], train=[200], normalised=[False])  # the first step is the same
replacing(paper.TRACKING_BETWEEN, "steps of the gradient's length", behind_on_digits, OTHERS)
