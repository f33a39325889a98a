"""SGD on the valley: stationary laws exactly, laws after some steps by enumeration, cycles, and runs."""

from collections.abc import Mapping
from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.draws import ahead, split
from gradproof.experiments.engine.measure import Enclosed, Sample, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.landscape.asymmetric_valleys.instances import BIASED, NOISES, variance
from gradproof.experiments.landscape.asymmetric_valleys.methods import valley_sgd
from gradproof.solvers import two_sided_walk as walk
from gradproof.theory.errors import ParameterError
from gradproof.theory.landscape import asymmetric_valleys as paper

CHAIN = ("valley", "zero_mean_noise", "stationary")
BOUNDED = (*CHAIN, "bounded_noise")

#: -s or t: below the flat slope (finitely many states), between the slopes, above both (infinitely many), and skewed
CHAINS = [{"c": 3, "p": 2, "s": 1, "t": 1}, {"c": 2, "p": 1, "s": 1, "t": 1}, {"c": 2, "p": 1, "s": F(3, 2), "t": F(3, 2)},
          {"c": 3, "p": 1, "s": 2, "t": 2}, {"c": F(5, 2), "p": 2, "s": 4, "t": 4}, {"c": 2, "p": 1, "s": 5, "t": 5},
          {"c": 3, "p": 1, "s": 12, "t": 12}, {"c": 2, "p": 1, "s": 2, "t": 30}, {"c": 3, "p": 1, "s": 20, "t": 2},
          {"c": 3, "p": 1, "s": 40, "t": 40}, {"c": 8, "p": 1, "s": 0, "t": 0}]  # fmt: skip


def two_points(where: Any) -> Any:
    """With the variance and the magnitude of the noise -s or t."""
    return where.let(s2=lambda s, t: F(s) * t, nu=lambda s, t: max(s, t))


WALKS = two_points(cases(chain=CHAINS, eta=[F(1), F(1, 4)]))
BRANDS = cases(noise=NOISES, chain=[{"c": 3, "p": 1}, {"c": 2, "p": F(3, 2)}], eta=F(1, 2))
BRANDS = BRANDS.let(s2=variance, nu=lambda noise: max(map(abs, noise)))


def told(ends: tuple[F, F], factor: F = F(1)) -> Any:
    """Equal ends are the number itself."""
    low, high = (factor * x for x in ends)
    return low if low == high else Enclosed(low, high, "rounding")


@cache
def of_noise(c: Any, p: Any, noise: tuple[tuple[F, F], ...], start: F) -> walk.Stationary:
    """The moments of the stationary law that is reached from a start, with noise of finitely many values."""
    return walk.of_finite(walk.finite_law(p, c, dict(noise), start), p, c)


def law(
    c: Any, p: Any, s: Any = None, t: Any = None, noise: Mapping[F, F] | None = None, start: F = F(0)
) -> walk.Stationary:
    """The stationary moments with unit steps."""
    return walk.stationary(F(p), F(c), F(s), F(t)) if noise is None else of_noise(c, p, tuple(noise.items()), start)


@measure(paper.SHARE, WALKS.guaranteeing(*CHAIN))
@measure(paper.SHARE, BRANDS.guaranteeing(*CHAIN), name="share_with_other_noise")
def share(c, p, s=None, t=None, noise=None, true_c=None):
    """P(w > 0) in the stationary law."""
    return told(law(true_c or c, p, s, t, noise).share)


@measure(paper.LOSS, WALKS.guaranteeing(*CHAIN))
@measure(paper.LOSS, BRANDS.guaranteeing(*CHAIN), name="loss_with_other_noise")
def stationary_loss(c, p, eta, s=None, t=None, noise=None, true_c=None):
    """E V(w) in the stationary law."""
    return told(law(true_c or c, p, s, t, noise).loss, eta)


MODERATE = WALKS.where(lambda c, p, nu: nu < c * p)
MEAN = [(paper.AVERAGE, MODERATE), (paper.DIFFUSION_BELOW, WALKS), (paper.DIFFUSION_ABOVE, WALKS)]


def stationary_mean(c, p, eta, s=None, t=None, noise=None, true_c=None, start=F(0)):
    """E w in the stationary law."""
    return told(law(true_c or c, p, s, t, noise, start).mean, eta)


for claim, where in MEAN:
    measure(claim, where.guaranteeing(*BOUNDED))(stationary_mean)
# noise within the flat slope: there the diffusion's lower bound is below 0, and says nothing
STEEP = BRANDS.let(c=lambda: 9).guaranteeing(*BOUNDED)
measure((paper.AVERAGE, paper.DIFFUSION_ABOVE), STEEP, name="mean_with_other_noise")(stationary_mean)


def from_afar(c, p, eta, s, start, kind):
    """The same numbers after three steps from a start, which is no stationary law."""
    after = walk.law_after(3, start, p, c, walk.two_point(s), eta)[-1]
    value = {"share": lambda w: int(w > 0), "loss": lambda w: walk.loss(w, p, c), "mean": lambda w: w}[kind]
    return sum((q * value(w) for w, q in after.items()), F(0))


ONE = two_points(cases(c=3, p=2, s=1, t=1, eta=F(1)))
LOUD = two_points(cases(c=3, p=1, s=12, t=12, eta=F(1)))
RARE = two_points(cases(chain=[{"c": 2, "p": 1, "s": 1, "t": 40}, {"c": 3, "p": 1, "s": 1, "t": 20}], eta=F(1)))
TILTED = cases(c=3, p=2, eta=F(1), noise={"biased": BIASED}, s2=F(3, 4), nu=1)
for claim, kind, high in (
    (paper.SHARE, "share", -40), (paper.LOSS, "loss", 40), (paper.AVERAGE, "mean", -40),
    (paper.DIFFUSION_BELOW, "mean", -40), (paper.DIFFUSION_ABOVE, "mean", 400),
):  # fmt: skip
    breaking(claim, "stationary", from_afar, ONE.let(start=lambda high=high: F(high), kind=lambda kind=kind: kind))
for claim, function in ((paper.SHARE, share), (paper.LOSS, stationary_loss)):
    breaking(claim, "zero_mean_noise", function, TILTED)
    breaking(claim, "valley", function, ONE.let(true_c=lambda: 1))
NINE = two_points(cases(c=9, p=2, s=1, t=1, eta=F(1)))
breaking(paper.AVERAGE, "valley", stationary_mean, NINE.let(true_c=lambda: 1))
breaking(paper.DIFFUSION_BELOW, "valley", stationary_mean, LOUD.let(c=lambda: 9, true_c=lambda: 1))
breaking(paper.DIFFUSION_ABOVE, "valley", stationary_mean, LOUD.let(c=lambda: 2, true_c=lambda: 9))
breaking(paper.AVERAGE, "steep_beats_noise", stationary_mean, LOUD)
breaking(paper.AVERAGE, "bounded_noise", stationary_mean, LOUD.let(nu=lambda: 0))
breaking(paper.DIFFUSION_BELOW, "bounded_noise", stationary_mean, RARE.let(nu=lambda: 1))
breaking(
    paper.DIFFUSION_ABOVE,
    "bounded_noise",
    stationary_mean,
    two_points(cases(c=3, p=1, s=20, t=2, eta=F(1))).let(nu=lambda: 2),
)
UPHILL = {"c": 9, "p": 2, "nu": 2, "noise": {F(2): F(1)}, "start": F(-99, 25)}
breaking(paper.AVERAGE, "zero_mean_noise", stationary_mean, cases(chain=[UPHILL], eta=F(1), s2=F(0)))


def mean_with_a_bias(c, p, eta, s, bias):
    """E w with noise that has the mean ``bias``: slopes p + bias and -(c p - bias)."""
    return told(law((c * p - bias) / (p + bias), p + bias, s, s).mean, eta)


SHIFTED = LOUD.let(nu=lambda s: s + 1)
breaking(paper.DIFFUSION_BELOW, "zero_mean_noise", mean_with_a_bias, SHIFTED.let(bias=lambda: F(1)))
breaking(paper.DIFFUSION_ABOVE, "zero_mean_noise", mean_with_a_bias, SHIFTED.let(bias=lambda: F(-1, 2)))

# --- any start -------------------------------------------------------------------------------------------------------

FINITE = ("valley", "zero_mean_noise")
STARTS = cases(c=[2, 4], p=[1, 2], eta=[F(2), F(1, 4)], N=[1, 6], s=[0, 3], start=[F(-3), F(5)]).let(
    s2=lambda s: F(s) ** 2
)


def centred(start: F, c: Any, p: Any, eta: Any) -> F:
    """(w_0 - h)^2."""
    return (start - F(eta) * (c - 1) * p / 2) ** 2


@measure(paper.FINITE, STARTS.guaranteeing(*FINITE))
def mean_loss(c, p, eta, N, start, s=0, noise=None, true_c=None):
    """The mean of E V over the first N iterates, by enumeration of the laws."""
    laws = walk.law_after(N - 1, start, p, true_c or c, noise or walk.two_point(s), eta)
    total = sum((q * walk.loss(w, p, true_c or c) for found in laws for w, q in found.items()), F(0))
    return total / N, {"apart": centred(start, c, p, eta)}


@measure(paper.FINITE, cases(c=[2, 5], p=[1, 3], eta=[F(1), F(1, 4)], N=1, s2=F(0)).guaranteeing(*FINITE))
def one_step_to_the_centre(c, p, eta):
    """One step without noise that ends at h: nothing is lost."""
    start = F(eta) * (c - 1) * p / 2 + eta * p
    return mean_loss(c, p, eta, 1, start)


AT_HOME = cases(c=3, p=1, eta=F(1), N=6, start=F(0))
breaking(paper.FINITE, "zero_mean_noise", mean_loss, AT_HOME.let(noise=lambda: {F(-4): F(1)}, s2=lambda: 0))
breaking(paper.FINITE, "valley", mean_loss, AT_HOME.let(true_c=lambda: 9, s2=lambda: 0))

# --- cycles ----------------------------------------------------------------------------------------------------------

LOWS = cases(c=[2, 5], p=[F(1), F(3)], eta=[F(1), F(1, 4)], at=[F(0), F(-1, 3), F(-9, 10)]).let(
    w_low=lambda at, eta, p: at * eta * p
)


DEEP = cases(c=[3, 8], p=[F(1), F(3)], eta=[F(1), F(1, 4)]).let(
    w_low=lambda p, eta: F(-99, 100) * eta * p, s2=lambda: 0, nu=lambda: 0
)


@measure(paper.AVERAGE, DEEP.guaranteeing(*BOUNDED))
@measure(paper.CYCLE_MEAN, LOWS.guaranteeing("valley", "no_noise"))
def mean_of_the_cycle(c, p, eta, w_low, noise=0, true_c=None):
    """The mean over the cycle that the orbit from w_low is on after three periods: c + 1 iterates that come back."""
    w, path = F(w_low), []
    for k in range(4 * (c + 1)):
        path.append(w)
        w = walk.next_point(w, F(noise) * (-1) ** k, p, true_c or c, eta)
    if w != path[-(c + 1)] and not noise and true_c is None:
        raise ParameterError(f"the orbit of {w_low} comes from {path[-(c + 1)]} to {w} in {c + 1} steps")
    return sum(path[-(c + 1) :], F(0)) / (c + 1)


@measure(paper.CYCLE_MEAN, cases(c=[2, 3, 8], p=[F(1), F(2)], eta=F(1, 2)).guaranteeing("valley", "no_noise"))
def mean_over_the_phases(c, p, eta):
    """The mean of the stationary law on the cycle through 0."""
    return told(walk.stationary(p, c, 0).mean, eta), {"w_low": F(0)}


CYCLES = cases(c=[3, 5], p=F(1), eta=F(1), w_low=F(-1, 3))
breaking(paper.CYCLE_MEAN, "no_noise", mean_of_the_cycle, CYCLES.let(noise=lambda: F(1, 2)))
breaking(paper.CYCLE_MEAN, "valley", mean_of_the_cycle, CYCLES.let(true_c=lambda: 1))
breaking(
    paper.CYCLE_MEAN, "cycle_start", mean_of_the_cycle, cases(c=[3, 5], p=F(1), eta=F(1), w_low=[F(-3), F(-21, 20)])
)

# --- runs ------------------------------------------------------------------------------------------------------------


def runs(c: Any, p: Any, eta: Any, steps: int, x0: np.ndarray, words: np.ndarray, noise: Any, backend: str) -> Any:
    """Chains from x0 (chains,): the last iterate and the sums over the steps, as ``xarray.Dataset`` (setting, seed, step, 1)."""
    on = array_library(backend)
    keys = on.asarray(split(words[:, 0], len(x0)))
    record = {name: (lambda s, name=name: getattr(s, name)) for name in ("w", "loss", "flat", "total")}
    return run(
        valley_sgd(float(c), float(p), float(eta)), on.asarray(np.asarray(x0, float)[None, :, None]), steps, record=record,
        draw=ahead(keys, noise), at=[steps],
    )  # fmt: skip


def gaussian(s: float) -> Any:
    """Noise N(0, s^2)."""
    return lambda d: s * d.normal((1,))


def signs(s: float) -> Any:
    """Noise +-s."""
    return lambda d: s * (2.0 * (d.uniform((1,)) < 0.5) - 1.0)


SIZE = {"quick": (128, 300), "full": (64, 200_000), "gpu": (4096, 200_000)}  # chains, steps
LAWS = {"normal": gaussian, "signs": signs}
RUNS = cases(law=LAWS, at=[{"c": 3.0, "p": 1.0, "s": 2.0}, {"c": 2.0, "p": 0.5, "s": 0.25}], eta=0.1)


@measure(paper.SHARE, RUNS.guaranteeing(*CHAIN))
def share_of_runs(law, c, p, s, eta, keys, backend, budget):
    r"""The share of steps on the flat side, from 0. The mean of N steps differs by $|\mathbb E w_N|/(\eta Np(1 + c))$ from the
    stationary share, and $\mathbb E(w_N - h)^2 \le h^2 + N\eta^2(cp^2 + s^2)$."""
    chains, steps = SIZE[budget]
    found = runs(c, p, eta, steps, np.zeros(chains), keys(seeds=1), law(s), backend)
    h = eta * (c - 1) * p / 2
    far = h + np.sqrt(h * h + steps * eta**2 * (c * p * p + s * s))
    return Sample(found.flat.values / steps, at_most=1.0, bias=1.001 * far / (eta * steps * p * (1 + c)))


@measure(paper.FINITE, RUNS.let(s2=lambda s: s * s).guaranteeing(*FINITE))
def loss_of_runs(law, c, p, s, eta, keys, backend, budget):
    """The mean of V over the steps of runs from 0."""
    chains, steps = SIZE[budget]
    found = runs(c, p, eta, steps, np.zeros(chains), keys(seeds=1), law(s), backend)
    # sums of steps numbers in floats: steps roundings of a mean of at most a few units
    return Sample(found.loss.values / steps, bias=steps * 2.0**-50), {
        "N": steps,
        "apart": float(centred(F(0), c, p, F(eta))),
    }


STILL = cases(c=3, p=2, s=1, eta=1.0, s2=1, nu=1)


def stationary_runs(c: int, p: int, s: int, eta: float, keys: Any, rng: Any, backend: str, budget: str) -> Any:
    """Runs that start in the exact stationary law, of noise +-s; the states are integers, so that nothing is rounded."""
    found = walk.finite_law(p, c, walk.two_point(s))
    states = list(found)
    begin = rng.choice([float(w) for w in states], size=500, p=[float(found[w]) for w in states])
    steps = 100 if budget == "quick" else 2000
    return runs(c, p, eta, steps, begin, keys(seeds=1), signs(float(s)), backend), steps, states


@measure(paper.LOSS, STILL.guaranteeing(*CHAIN))
def loss_of_stationary_runs(c, p, s, eta, keys, rng, backend, budget):
    """The mean of V along runs that begin in the stationary law."""
    found, steps, states = stationary_runs(c, p, s, eta, keys, rng, backend, budget)
    return Sample(found.loss.values / steps, at_most=float(max(walk.loss(w, p, c) for w in states)))


def mean_of_stationary_runs(c, p, s, eta, keys, rng, backend, budget):
    """The average of w along runs that begin in the stationary law."""
    found, steps, states = stationary_runs(c, p, s, eta, keys, rng, backend, budget)
    return Sample(found.total.values / steps, at_least=float(min(states)), at_most=float(max(states)))


for claim in (paper.AVERAGE, paper.DIFFUSION_ABOVE):
    measure(claim, STILL.guaranteeing(*BOUNDED))(mean_of_stationary_runs)
