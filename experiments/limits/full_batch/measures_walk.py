"""The walk of gradient descent on J-walk: iterates and excess risk in rational numbers, by runs, and what the claims rest on."""

from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure, rounded
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.limits.full_batch import instances
from gradproof.experiments.limits.full_batch.instances import JWalk, blind, fraction, lattice, slopes, total
from gradproof.experiments.limits.full_batch.methods import Loss, descent
from gradproof.solvers.masked_norm import binomial_below, mean_masked_norm, mean_root_binomial
from gradproof.theory.errors import ParameterError
from gradproof.theory.limits import full_batch as paper

WALK = ("j_walk", "full_batch_gradient", "subgradient_rule")
KNOWN = (*WALK, "bad_set")
PLACES = cases(T=[1, 2, 12], n=[1, 2, 3], eta=[F(2), F(1, 4)], gamma=F(1, 16), b=[F(1, 4000), F(1, 500)])


def instance(T: int, n: int, gamma: F, b: F, R: int | None = None, **more: Any) -> JWalk:
    """The lattice sample with |J| = R, which is T without it."""
    return JWalk(lattice(n, T if R is None else R), F(gamma), F(b), **more)


def end(walk: JWalk, T: int, eta: F, start: F | int = 0) -> list[Any]:
    """w_T."""
    return list(walk.descend(T, eta, start))[-1]


def hits(walk: JWalk, T: int) -> list[int]:
    """1 on the first T - 1 coordinates of J."""
    chosen = set(blind(walk.V)[: T - 1])
    return [int(i in chosen) for i in range(len(walk.V[0]))]


# --- iterates ---------------------------------------------------------------------------------------------------------


@measure(paper.GD_WALK, PLACES.guaranteeing(*WALK))
def coordinates(T, n, eta, gamma, b, R=None, walk=None, w0=0, i=None):
    """Each coordinate of w_T in rational numbers, those that are alike once; or coordinate i."""
    walk = walk or instance(T, n, gamma, b, R)
    found = list(zip(end(walk, T, eta, w0), hits(walk, T), slopes(walk.V), strict=True))
    for value, hit, ubar in dict.fromkeys(found if i is None else found[i : i + 1]):
        yield fraction(value), {"hit": hit, "ubar": fraction(ubar)}


AT = {"T": 9, "n": 2, "eta": F(1, 4), "gamma": F(1, 16), "b": F(1, 100)}


def backwards(T: int, n: int, gamma: F, b: F) -> JWalk:
    """The largest maximiser is taken."""
    return instance(T, n, gamma, b, rule=lambda w, top: len(w) - 1 - w[::-1].index(top))


def one_at_a_time(T: int, n: int, gamma: F, b: F) -> JWalk:
    """The samples in turn, one a step."""
    walk = instance(T, n, gamma, b)
    return walk._replace(rows=lambda t: [walk.V[t % n]])


def seeing_all(T: int, n: int, gamma: F, b: F) -> JWalk:
    """Steps at fresh samples, all of whose bits are 1."""
    walk = instance(T, n, gamma, b)
    return walk._replace(rows=lambda t: [[1] * len(walk.V[0])])


breaking(paper.GD_WALK, "subgradient_rule", coordinates, cases(**AT, i=0).let(walk=backwards))
breaking(paper.GD_WALK, "full_batch_gradient", coordinates, cases(**AT, i=1).let(walk=one_at_a_time))
breaking(paper.GD_WALK, "j_walk", coordinates, cases(**AT, w0=F(1), i=0))
SEEN = {"four": JWalk(instances.plain(1, 8, 4), F(1, 4), F(1, 8))}
STEEP = cases(T=8, n=1, eta=F(1), gamma=F(1, 4), b=F(1, 8), i=8, walk=SEEN)
breaking(paper.GD_WALK, "scale", coordinates, STEEP)
breaking(paper.GD_WALK, "within_step", coordinates, cases(T=8, n=1, eta=F(1), gamma=F(100), b=F(10), R=2, i=0))

#: bits of the samples, dimension, steps
RUNS = {"quick": (4, 64), "full": (6, 512), "gpu": (14, 1024)}


def lattice_array(n: int, R: int) -> np.ndarray:
    """The lattice sample as an array (n, R 2^n)."""
    index = np.arange(R * 2**n)
    return np.stack([(index % 2**n >> j & 1).astype(float) for j in range(n)])


def slope_of(ones: Any, n: int) -> Any:
    """The mean of u_V where so many of n samples are 1."""
    return ones / n - (n - ones) / (2 * n * n)


def slopes_array(n: int, R: int) -> np.ndarray:
    """Its mean of u_V, (R 2^n,)."""
    return slope_of(lattice_array(n, R).sum(0), n)


def gradient_descent(n: int, T: int, eta: float, gamma: float, b: float, backend: str, tau: float = 0.0) -> Any:
    """The run in floats on the lattice sample with |J| = T: the last iterate and the mean of w_1, ..., w_T, (1, 1, d)."""
    on = array_library(backend)
    method = descent(Loss(n, gamma, b, tau), eta, on.asarray(lattice_array(n, T)))
    record = {"w": lambda s: s.w, "mean": lambda s: (s.total + s.w) / T}
    return run(method, on.asarray(start(np.zeros(T * 2**n))), T, record=record, at=[T])


def coordinates_of_a_run(eta, gamma, b, backend, budget):
    """The least and greatest of the coordinates of w_T that are alike, of a run in floats: a step rounds what is at most eta."""
    n, T = RUNS[budget]
    w = gradient_descent(n, T, eta, gamma, b, backend).w.values[0, 0, 0].reshape(T, 2**n)
    ones, hit = lattice_array(n, 1).sum(0), np.arange(T) < T - 1
    for k in range(n + 1):
        for group, h in ((w[hit], k == 0), (w[~hit], False)):
            alike = group[:, ones == k]
            for value in (alike.min(), alike.max()):
                yield rounded(float(value), 8 * T, eta), {"T": T, "hit": int(h), "ubar": slope_of(k, n)}


RUN = cases(eta=0.05, gamma=0.005, b=1e-7)
measure(paper.GD_WALK, RUN.guaranteeing(*WALK))(coordinates_of_a_run)

# --- risks ------------------------------------------------------------------------------------------------------------


SHALLOW = cases(T=[1, 4, 24], n=[1, 2, 3], eta=[F(1), F(1, 4)], gamma=F(1, 16), b=[F(1, 10**5), F(1, 2000)])


@measure(paper.EMPIRICAL, SHALLOW.guaranteeing(*KNOWN))
def empirical_risk(T, n, eta, gamma, b):
    """F_S(w_T) in rational numbers."""
    walk = instance(T, n, gamma, b)
    return fraction(walk.empirical(end(walk, T, eta)))


def population_instead(T, n, eta, gamma, b):
    """F(w_T)."""
    return population(instance(T, n, gamma, b), T, eta)[0]


replacing(
    paper.EMPIRICAL, "the population in the place of the sample", population_instead,
    T=[4, 24], n=2, eta=F(1, 4), gamma=F(1, 16), b=F(1, 2000),
)  # fmt: skip


def population(walk: JWalk, T: int, eta: F) -> tuple[Enclosed, dict[str, Any]]:
    """F(w_T), with the parameters that the sample and T determine."""
    low, high = walk.population(end(walk, T, eta))
    root = sum(mean_root_binomial(T - 1)) / 2
    return Enclosed(low, high, "rounding"), {"U": total(slopes(walk.V)), "mean_root": root, "d": len(walk.V[0])}


@measure(paper.GD_EXCESS, PLACES.guaranteeing(*KNOWN))
def excess(T, n, eta, gamma, b, R=None, walk=None):
    """F(w_T) - F(0): the law of a binomial number of hit coordinates, its roots in ball arithmetic."""
    return population(walk or instance(T, n, gamma, b, R), T, eta)


def fair_bits(T: int, n: int, draw: int) -> list[list[int]]:
    """A random sample in d = 2 T 2^n dimensions."""
    return np.random.default_rng([draw, n, T]).integers(0, 2, (n, 2 * T * 2**n)).tolist()


#: those that are blind on T coordinates; of the others the claim does not speak
RANDOM = cases(T=8, n=[2, 3], eta=F(1, 4), gamma=F(1, 16), b=F(1, 500), draw=[0, 1, 2]).let(V=fair_bits)


@measure(paper.GD_EXCESS, RANDOM.where(lambda V, T: len(blind(V)) >= T).guaranteeing(*KNOWN))
def excess_on_a_random_sample(T, V, eta, gamma, b):
    """The same on a sample of fair bits."""
    return population(JWalk(V, gamma, b), T, eta)


def fresh_values(w: Any, n: int, gamma: float, b: float, rng: Any, budget: str) -> Sample:
    """f(w; V) at fresh bits of the coordinates below -gamma, in the mean over the others; roundings move it by less than 10^-12."""
    fallen = -w[w < -gamma] - gamma
    rest = b * (1 / 2 - 1 / (4 * n)) * float(w.sum()) + max(0.0, float(w.max()))
    seen = rng.integers(0, 2, (4000 if budget == "quick" else 20_000, len(fallen)))
    most = rest + float(np.linalg.norm(fallen)) * (1 + 1e-12)
    return Sample(rest + np.sqrt(seen @ fallen**2), at_least=rest, at_most=most, bias=1e-12)


@measure(paper.GD_EXCESS, RUN.guaranteeing(*KNOWN))
def excess_of_a_run(eta, gamma, b, rng, backend, budget):
    """The mean of f(w_T; V) over fresh V, for w_T of a run in floats."""
    n, T = RUNS[budget]
    w = gradient_descent(n, T, eta, gamma, b, backend).w.values[0, 0, 0]
    ends = mean_root_binomial(T - 1)
    at = {"T": T, "n": n, "U": float(slopes_array(n, T).sum()), "mean_root": float(sum(ends) / 2)}
    return fresh_values(w, n, gamma, b, rng, budget), at


breaking(paper.GD_EXCESS, "bad_set", excess, cases(T=9, n=[3, 4], eta=F(1, 4), gamma=F(1, 16), b=F(1, 100), R=1))
AGAIN = {"first of J": instance(9, 2, F(1, 16), F(1, 100), rule=lambda w, top: 0)}
breaking(paper.GD_EXCESS, "subgradient_rule", excess, cases(**AT, walk=AGAIN))
breaking(paper.GD_EXCESS, "full_batch_gradient", excess, cases(**AT).let(walk=seeing_all))
breaking(paper.GD_EXCESS, "scale", excess, STEEP)
breaking(paper.GD_EXCESS, "reach", excess, cases(T=9, n=2, eta=F(1, 4), gamma=F(1, 3), b=F(1, 100)))


def excess_when_smoothed(eta, gamma, b, tau, backend):
    """F(w_T) - F(0) with a smooth maximum: the step spreads over all coordinates and none falls below -gamma."""
    n, T = RUNS["quick"]
    w = gradient_descent(n, T, eta, gamma, b, backend, tau).w.values[0, 0, 0]
    if w.min() < -gamma:
        raise ParameterError(f"a coordinate fell to {w.min()}")
    ends = mean_root_binomial(T - 1)
    value = b * (1 / 2 - 1 / (4 * n)) * w.sum() + max(0.0, w.max())
    return rounded(value, 10 * len(w), eta), {"T": T, "n": n, "U": 0.0, "mean_root": float(sum(ends) / 2)}


breaking(paper.GD_EXCESS, "j_walk", excess_when_smoothed, RUN.let(tau=lambda: 50.0))

# --- the average iterate ------------------------------------------------------------------------------------------------


def whole_gaps(T: int, n: int, eta: F, b: F, g: int) -> F:
    """A gamma for which -wbar - gamma is a multiple of eta/T on the hit coordinates, so that their norms can be counted."""
    return F(eta) * g / T - F(eta) * b * (T + 1) / (4 * n)


def size_of_the_average(T: int, n: int, eta: Any, gamma: Any, b: Any) -> Any:
    """The parameter A, a float rounded down; exactly where it is 0."""
    falls = [max(0, eta * (T - k) / T - gamma - eta * b * (T + 1) / (4 * n)) for k in range(1, T)]
    return float(sum(x * x for x in falls)) ** 0.5 * (1 - 2.0**-50)


MEANS = cases(T=[2, 9, 24], n=[1, 2], eta=[F(2), F(1, 4)], b=F(1, 4000), g=F(1, 2)).let(gamma=whole_gaps)


@measure(paper.GD_AVERAGE, MEANS.guaranteeing(*KNOWN))
def excess_of_the_average(T, n, eta, gamma, b, R=None):
    """F of the mean of w_1, ..., w_T."""
    walk = instance(T, n, gamma, b, R)
    points = walk.descend(T, eta)
    next(points)
    low, high = walk.population(instances.mean_of(points))
    size = size_of_the_average(T, n, eta, gamma, b)
    return Enclosed(low, high, "rounding"), {"U": total(slopes(walk.V)), "A": size}


ONE_BLIND = cases(T=9, n=2, eta=F(1, 4), b=F(1, 4000), g=1, R=1).let(gamma=whole_gaps)
breaking(paper.GD_AVERAGE, "bad_set", excess_of_the_average, ONE_BLIND)


@measure(paper.GD_AVERAGE, RUN.guaranteeing(*KNOWN))
def excess_of_the_average_of_a_run(eta, gamma, b, rng, backend, budget):
    """The mean of f(wbar; V) over fresh V."""
    n, T = RUNS[budget]
    w = gradient_descent(n, T, eta, gamma, b, backend)["mean"].values[0, 0, 0]
    at = {"T": T, "n": n, "U": float(slopes_array(n, T).sum()), "A": size_of_the_average(T, n, eta, gamma, b)}
    return fresh_values(w, n, gamma, b, rng, budget), at


# --- the lower bounds ---------------------------------------------------------------------------------------------------

_ALL = ("side_coordinate", *KNOWN)
STEPS = cases(T=[2, 6, 24], n=[1, 2], eta=[F(1, 4), F(1)], gamma=F(1, 32), b=[F(1, 4000), F(1, 2000)])
SMALL = cases(T=[2, 12], n=1, eta=[F(1, 64), F(1, 1000)], gamma=F(1, 10**4), b=F(1, 10**5))


def beyond(T, n, eta, gamma, b, R=None, walk=None, side=True):
    r"""F(w_T) - F(w^o) with the side coordinate, which moves by its slope times eta a step."""
    walk = walk or instance(T, n, gamma, b, R)
    found, known = population(walk, T, eta)
    slope = min(F(1), 1 / (2 * F(eta) * T))
    late = slope * abs(1 - slope * eta * T) if side else F(0)
    return Enclosed(found.low + late, found.high + late, "rounding"), known


def square_beyond(T, n, eta, gamma, b, R=None, walk=None, side=True):
    """Its square, where it is positive."""
    found, known = beyond(T, n, eta, gamma, b, R, walk, side)
    if found.low < 0:
        raise ParameterError(f"the excess may be {found.low}")
    return Enclosed(found.low**2, found.high**2, "rounding"), known


measure(paper.GD_LOWER, STEPS.guaranteeing(*_ALL))(beyond)
measure(paper.GD_RATE, (STEPS + SMALL).guaranteeing(*_ALL))(square_beyond)


def at_the_best_step(T, n, square):
    """The same, or its square, at eta about T^(-3/4), where the claims say the least."""
    eta = F(round(1000 * T**-0.75), 1000)
    at = {"eta": eta, "gamma": eta / 1000, "b": F(1, 10**6) / T}
    value, known = (square_beyond if square else beyond)(T, n, **at)
    return value, known | at


NEAR_BEST = cases(T=17, n=[2, 3], eta=F(1, 5), gamma=F(1, 50), b=F(1, 4000))
for claim, function, square in ((paper.GD_LOWER, beyond, False), (paper.GD_RATE, square_beyond, True)):
    where = cases(T=[16, 48], n=1, square=square).guaranteeing(*_ALL)
    measure(claim, where)(at_the_best_step)
    where = cases(T=[256, 512], n=1, square=square).guaranteeing(*_ALL)
    measure(claim, where, budget="full", name="at_the_best_step_for_long")(at_the_best_step)
    breaking(claim, "bad_set", function, NEAR_BEST.let(R=lambda: 1))
    breaking(claim, "side_coordinate", function, cases(T=4, n=2, eta=F(1, 8), gamma=F(1, 64), b=F(1, 4000), side=False))
    breaking(claim, "full_batch_gradient", function, NEAR_BEST.let(walk=seeing_all))
    breaking(claim, "small_gap", function, cases(T=16, n=2, eta=F(1, 8), gamma=F(1, 8), b=F(1, 4000)))
breaking(paper.GD_LOWER, "step_not_small", beyond, cases(T=2, n=2, eta=F(1, 100), gamma=F(1, 1000), b=F(1, 4000)))
breaking(paper.GD_LOWER, "small_slope", beyond, cases(T=2, n=8, eta=F(8), gamma=F(1), b=F(1, 18)))
MANY = {"98": JWalk(instances.plain(16, 1, 98), F(1), F(1, 400))}
SEEN_BY_ALL = cases(T=1, n=16, eta=F(8), gamma=F(1), b=F(1, 400), walk=MANY)
breaking(paper.GD_LOWER, "two_steps", beyond, SEEN_BY_ALL)

# --- what they rest on --------------------------------------------------------------------------------------------------

VECTORS = {"one": [3], "equal": [1] * 12, "growing": [*range(1, 9)], "mixed": [F(1, 2), F(-5, 3), 4, F(1, 6)]}


@measure(paper.ROOT_LOWER, cases(a=VECTORS).guaranteeing("fair_coins"))
def masked_norm(a, chance=None):
    """The mean norm by counting; of one entry with coins of another chance by hand."""
    square = sum(F(x) ** 2 for x in a)
    size = F(a[0]) if len(a) == 1 else F(np.sqrt(float(square)))
    low, high = mean_masked_norm(a) if chance is None else (chance * a[0],) * 2
    # the parameter is rounded down: the bound that is tested is not larger than the claim's
    while size * size > square:
        size -= size * F(1, 2**52)
    return Enclosed(low, high, "rounding"), {"A": size}


breaking(paper.ROOT_LOWER, "fair_coins", masked_norm, cases(a={"one": [3]}, chance=[F(1, 4)]))


@measure(paper.ROOT_UPPER, cases(m=[1, 4, 63, 1000]).guaranteeing("fair_coins"))
def mean_root(m, chance=None):
    """By the binomial sum; of one coin with another chance by hand."""
    return Enclosed(*mean_root_binomial(m), "rounding") if chance is None else F(chance)


breaking(paper.ROOT_UPPER, "fair_coins", mean_root, cases(m=1, chance=[F(3, 4)]))


@measure(paper.LIPSCHITZ_WALK, cases(d=[2, 12, 100], b=[F(1, 1000), F(2, 5)]).guaranteeing("j_walk"))
def square_at_two_kinks(d, b, low=-1, twice=0):
    """||g||^2 for V = 1 where one coordinate is high and one is low."""
    w = [instances.exactly(x) for x in (1, low, *[0] * (d - 2))]
    _, after = JWalk([[1] * d], F(1, 10), b).descend(1, F(1), w)
    g = [x - y for x, y in zip(w, after, strict=True)]
    return fraction(sum((x * x for x in (g[0] + twice, *g[1:])), instances.exactly(0)))


@measure(paper.LIPSCHITZ_WALK, cases(d=[12, 100], b=[0.001, 0.4], n=3).guaranteeing("j_walk"))
def square_at_a_drawn_place(d, b, n):
    """||g||^2 for random V and w."""
    rng = np.random.default_rng(d)
    g = Loss(n, 0.1, b).subgradient(rng.normal(size=d), rng.integers(0, 2, (1, d)))
    return rounded(float(g @ g), 8 * d + 20, 2.0 + b * b * d)


breaking(paper.LIPSCHITZ_WALK, "j_walk", square_at_two_kinks, d=12, b=F(1, 1000), twice=1)
breaking(paper.LIPSCHITZ_WALK, "gentle_slope", square_at_two_kinks, d=12, b=F(2), low=0)

COORDINATES = cases(d=[1, 16, 60, 200], p=[F(1, 2), F(1, 8), F(999, 1000)], T=[1, 2, 8])


@measure(paper.BAD_SET, COORDINATES.where(lambda d, p, T: d * p > T - 1).guaranteeing("independent_bits"))
def few_blind(d, T, p, true_p=None):
    """P(|J| < T) as a rational number."""
    return binomial_below(d, F(true_p or p), T), {"t": d * p - T + 1}


@measure(paper.BAD_SET, cases(T=[2, 4], n=[2, 3]).guaranteeing("independent_bits"))
def few_blind_in_runs(T, n, rng, budget):
    """The share of samples of n in d = 2 T 2^n coordinates that are blind on fewer than T."""
    d = 2 * T * 2**n
    seen = rng.integers(0, 2, (2000 if budget == "quick" else 20_000, n, d)).any(axis=1)
    return Sample(((~seen).sum(axis=1) < T).astype(float), at_most=1.0), {"d": d, "p": F(1, 2**n), "t": T + 1}


breaking(paper.BAD_SET, "independent_bits", few_blind, cases(d=60, T=8, p=F(1, 4), true_p=[F(1, 16)]))
