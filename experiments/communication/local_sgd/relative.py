"""Noise whose variance grows with the square of the gradient: steps and runs by enumeration, by recursion and by chance."""

from collections.abc import Callable, Sequence
from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.communication.local_sgd import measures as m
from gradproof.experiments.communication.local_sgd.controls import averaged_once, error_of_two_objectives, with_jumps
from gradproof.experiments.communication.local_sgd.instances import Bent, RandomCurvature, TwoSlopes
from gradproof.experiments.communication.local_sgd.measures_runs import strongly_convex_steps
from gradproof.experiments.communication.local_sgd.methods import errors, normal
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Sample, cases, measure
from gradproof.solvers.averaged_sgd import relative_quadratic, steps
from gradproof.solvers.averaging_times import every, growing
from gradproof.theory.communication import local_sgd as ls

CLASS = ("smooth", "strongly_convex", "one_objective", "relative_noise")

# --- one step --------------------------------------------------------------------------------------------------------

CURVED = [{"mu": F(4), "L": F(4), "shape": TwoSlopes(F(4), F(4))}] + [
    {"mu": F(1), "L": F(4), "shape": TwoSlopes(F(a), F(b))} for a, b in ((1, 1), (4, 1))
]
ONE_STEP = cases(
    curved=CURVED,
    places=[(F(3), F(1), F(-1)), (F(8, 3), F(-2, 3)), (F(5), F(5))],
    some=[{"sigma": F(3), "relative": F(1, 2)}, {"sigma": F(0), "relative": F(2)}],
)
SHORTEST = {"eta": lambda L, places, relative: 1 / (L * (1 + relative**2 / len(places)))}


def error_after_a_relative_step(shape, places, eta, sigma, relative, signs=m.independent) -> m.With:
    r"""$\mathbb E F(\bar x^{t+1}) - F^*$ over all signs of both parts of the noise, in rationals."""
    error, _ = m.after_a_step([shape] * len(places), places, eta, sigma, signs, relative)
    return error, m.state_of(shape, places, sigma) | {"c": relative**2}


def spread_after_a_relative_step(shape, places, eta, sigma, relative, signs=m.independent) -> m.With:
    r"""$V_{t+1}$ over all signs of both parts of the noise; the parabola of curvature $\mu = L$ attains the bound."""
    _, spread = m.after_a_step([shape] * len(places), places, eta, sigma, signs, relative)
    return spread, m.state_of(shape, places, sigma) | {"c": relative**2}


measure(ls.RELATIVE_RECURSION, ONE_STEP.let(**SHORTEST).guaranteeing(*CLASS))(error_after_a_relative_step)
measure(ls.RELATIVE_CONSENSUS, ONE_STEP.let(eta=lambda mu, L: 2 / (L + mu)).guaranteeing(*CLASS))(
    spread_after_a_relative_step
)


def after_random_steps(n: int, t: int, seeds: int, rng: Any) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Workers after steps of size 1/(2 (t + 4)) from one place on a bent line, (seeds, n); their mean before; c = 4."""
    problem, eta, c = Bent(), 1 / (2 * (t + 4)), 4.0
    x = np.linspace(-1, 2, n)
    slope = x + np.tanh(x - 1) + np.tanh(1)
    plain, scaled = rng.standard_normal((2, seeds, n))
    after = x - eta * (slope * (1 + np.sqrt(c) * scaled) + plain)
    known = {"eta": eta, "mu": 1.0, "L": problem.L, "sigma2": 1.0, "c": c, "n": n, "V_t": float(x.var())}
    return after, x, known | {"a_t": float(problem.excess(x.mean(keepdims=True)))}


RANDOM = cases(n=[2, 8], t=[2, 30], seeds=800).guaranteeing(*CLASS)


@measure(ls.RELATIVE_RECURSION, RANDOM)
def error_after_a_random_relative_step(n, t, seeds, rng) -> m.With:
    r"""$F(\bar x^{t+1}) - F^*$ of steps from one place of the workers on a bent line, Gaussian noise of both kinds."""
    after, _, known = after_random_steps(n, t, seeds, rng)
    return Sample(Bent().excess(after.mean(axis=1)[:, None])), known


@measure(ls.RELATIVE_CONSENSUS, RANDOM)
def spread_after_a_random_relative_step(n, t, seeds, rng) -> m.With:
    r"""$V_{t+1}$ of the same steps."""
    after, _, known = after_random_steps(n, t, seeds, rng)
    return Sample(after.var(axis=1)), known


# --- many steps ------------------------------------------------------------------------------------------------------


def error_on_a_noisy_parabola(mu, h, beta, T, n, sigma2, c, x0) -> m.With:
    r"""$\mathbb E F(\bar x^T) - F^*$ on a parabola, averaged at every step, from the recursion of its second moment."""
    return relative_quadratic(T, every(T, 1), steps(mu, beta), h, x0, sigma2, c, n), {"a0": h * x0**2 / 2}


APART = [{"x0": F(3), "sigma2": F(0)}, {"x0": F(0), "sigma2": F(4)}]  # they add up
NOISY = cases(curved=m.CURVED, T=[1, 30], some=[{"n": 1, "c": F(1)}, {"n": 16, "c": F(9)}], apart=APART)
NOISY = NOISY.let(beta=lambda mu, L, c, n: 2 * L / mu * (1 + c / n))
measure(ls.RELATIVE_SYNCHRONISED, NOISY.guaranteeing(*CLASS, "every_step"))(error_on_a_noisy_parabola)


def error_of_a_schedule(mu, h, beta, T, n, sigma2, c, x0, blocks) -> m.With:
    r"""$\mathbb E F(\bar x^T) - F^*$ on a parabola with so many growing blocks, from the recursions of the second moments."""
    return relative_quadratic(T, growing(T, blocks), steps(mu, beta), h, x0, sigma2, c, n), {"a0": h * x0**2 / 2}


def offset(mu: Any, L: Any, c: Any) -> Any:
    """The least beta of local-sgd.relative-worst-schedule."""
    kappa = L / mu
    return 2 * kappa * (1 + c) + 4 * kappa**2 * (1 + 2 * kappa) * c


LENGTHS = [{"T": T, "blocks": blocks, "c": F(c)} for T, blocks, c in ((1, 1, 0), (1, 1, 1), (30, 1, 1), (30, 5, 1))]
ANY = cases(curved=m.CURVED, length=LENGTHS, apart=APART, n=16).let(beta=lambda mu, L, c: 100 + offset(mu, L, c))
measure(ls.RELATIVE_WORST_SCHEDULE, ANY.guaranteeing(*CLASS, "common_start", "averaging"))(error_of_a_schedule)


def on_the_quadratic_of_the_paper(n: int, T: int, seeds: int, rng: Any, beta: float, times: Sequence[int]) -> m.With:
    r"""$F(\bar x^T) - F^*$ on the quadratic of the paper's simulations, whose relative part is $c = 1$."""
    problem = RandomCurvature()
    noise = normal(rng, 1, seeds, n, 2 * problem.d)
    out = errors(problem, n, strongly_convex_steps(1.0, beta), [times], [1.0] * problem.d, noise, T, seeds=seeds)
    known = {"mu": 1.0, "L": float(problem.d), "sigma2": problem.d * problem.noise, "c": 1.0, "beta": beta}
    return Sample(out["error"].values[0, :, -1]), known | {"a0": float(problem.excess(np.ones(problem.d)))}


def quadratic_averaged_once(n, T, seeds, rng) -> m.With:
    r"""$F(\bar x^T) - F^*$ on the quadratic of the paper's simulations ($c = 1$), averaged at the end alone."""
    return on_the_quadratic_of_the_paper(n, T, seeds, rng, offset(1.0, 3.0, 1.0), (0,))


measure(ls.RELATIVE_WORST_SCHEDULE, cases(n=20, T=200, seeds=40).guaranteeing(*CLASS, "common_start", "averaging"))(
    quadratic_averaged_once
)


def quadratic_averaged_always(n, T, seeds, rng) -> m.With:
    r"""$F(\bar x^T) - F^*$ on the quadratic of the paper's simulations ($c = 1$), averaged at every step."""
    return on_the_quadratic_of_the_paper(n, T, seeds, rng, 6.0 * (1 + 1 / n), every(T, 1))


measure(ls.RELATIVE_SYNCHRONISED, cases(n=[2, 20], T=100, seeds=40).guaranteeing(*CLASS, "every_step"))(
    quadratic_averaged_always
)

# --- what breaks them ------------------------------------------------------------------------------------------------

STEEP = {"mu": F(1), "L": F(4), "sigma": F(1), "relative": F(2)}
ONE, TWO = [(F(3),)], [(F(3), F(1))]


def parabola(h: F) -> TwoSlopes:
    return TwoSlopes(h, h)


def _breaking(
    claim: Any, function: Callable[..., Any], assumption: str, h: F, places: Any, eta: F, sigma: F, **more: Any
) -> None:
    at = {"mu": F(1), "L": F(4), "relative": F(2)} | more
    breaking(claim, assumption, function, shape=parabola(h), places=places, eta=eta, sigma=sigma, **at)


SHORT = F(1, 20)
for assumption, h, eta in (("step_size", 4, F(1, 4)), ("smooth", 20, SHORT), ("strongly_convex", F(1, 99), SHORT)):
    _breaking(ls.RELATIVE_RECURSION, error_after_a_relative_step, assumption, F(h), ONE, eta, F(0))
_breaking(
    ls.RELATIVE_RECURSION, error_after_a_relative_step, "relative_noise", F(4), [(F(3),) * 3], F(3, 28), F(1),
    signs=[m.alike], relative=F(2),
)  # fmt: skip
for assumption, h, eta in (("contracting", 4, F(3, 4)), ("smooth", 20, F(2, 5)), ("strongly_convex", 0, F(2, 5))):
    loud = (
        F(0) if assumption == "strongly_convex" else F(2)
    )  # the bound's relative part would hide that nothing contracts
    _breaking(ls.RELATIVE_CONSENSUS, spread_after_a_relative_step, assumption, F(h), TWO, eta, F(0), relative=loud)
_breaking(
    ls.RELATIVE_CONSENSUS, spread_after_a_relative_step, "relative_noise", F(4), [(F(0), F(0))], F(1, 4), F(1),
    signs=[m.opposed],
)  # fmt: skip


def error_with_shared_relative_noise(mu, h, beta, T, n, sigma2, c, x0) -> m.With:
    """All workers see the same noise: the mean moves as one worker."""
    return error_on_a_noisy_parabola(mu, h, beta, T, 1, sigma2, c, x0)


MANY = {"mu": F(1), "L": F(1), "h": F(1), "T": 30, "sigma2": F(4), "c": F(4), "x0": F(0)}
breaking(ls.RELATIVE_SYNCHRONISED, "relative_noise", error_with_shared_relative_noise, **MANY, n=64, beta=F(9, 4))
LOUD = {**MANY, "L": F(4), "h": F(4), "x0": F(9), "sigma2": F(0), "c": F(9), "T": 2}
breaking(ls.RELATIVE_SYNCHRONISED, "beta_2kappa", error_on_a_noisy_parabola, **LOUD, n=1, beta=F(8))


EASY = {"mu": F(1), "L": F(4), "beta": F(8), "T": 60, "n": 2, "sigma2": F(1), "c": F(0)}
breaking(ls.RELATIVE_WORST_SCHEDULE, "averaging", with_jumps, **EASY)
breaking(ls.RELATIVE_WORST_SCHEDULE, "one_objective", error_of_two_objectives, **EASY, times=[(0,)])
breaking(ls.RELATIVE_WORST_SCHEDULE, "beta_2kappa", error_of_a_schedule, **LOUD, n=1, beta=F(8), blocks=1)


def error_with_louder_noise(mu, h, beta, T, n, sigma2, c, x0, blocks) -> m.With:
    """E F(mean) - F* where the variance is a hundred times what it is said to be."""
    return error_of_a_schedule(mu, h, beta, T, n, 100 * sigma2, c, x0, blocks)


breaking(ls.RELATIVE_WORST_SCHEDULE, "relative_noise", error_with_louder_noise, **MANY, n=1, beta=F(99), blocks=1)


def averaged_once_without_a_relative_part(n, T, seeds, rng) -> m.With:
    """F(mean) - F* on the kinked example, averaged at the end alone, with c = 0."""
    sample, known = averaged_once(n, T, seeds, rng)
    return sample, known | {"c": 0.0}


breaking(ls.RELATIVE_SYNCHRONISED, "every_step", averaged_once_without_a_relative_part, cases(n=512, T=200, seeds=30))
