"""Exact values: rational covariances against enumeration of all batches, thresholds, distances, quadrature on the line."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Bracket, Enclosed, around, cases, measure, rounded
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.enumeration import mean_step, one_step
from gradproof.solvers.gaussian.langevin import METHODS, FiniteSum, largest_noise, posterior
from gradproof.solvers.gaussian.line import remainder, scaled_mean
from gradproof.solvers.gaussian.moments import identity, settles, solve
from gradproof.theory.errors import DomainError
from gradproof.theory.sampling import sgld as paper

F = Fraction
Found = tuple[Any, dict[str, Any]]
CHAIN = ("quadratic", "uniform_indices", "anchor_at_mode")
SETTLED = (*CHAIN, "mean_square_stable")
#: All batches are enumerated.
REGRESSIONS = [{"N": 4, "d": 2, "p": 1}, {"N": 4, "d": 2, "p": 2}, {"N": 3, "d": 3, "p": 2}]


# --- moments ---------------------------------------------------------------------------------------------------------------


@measure(paper.MEAN, cases(gamma=[F(1, 20), F(1, 9)], t=5).guaranteeing(*CHAIN))
def mean_by_enumeration(gamma: Fraction, t: int) -> Iterator[Found]:
    r"""$\mathbb E\theta_t - \theta^*$ of a diagonal quadratic (N = 3, d = 2), $p = 2$: each step is the mean over all batches."""
    hessians = data.exactly([[[1, 0], [0, 2]], [[3, 0], [0, "1/2"]], [[2, 0], [0, 5]]])
    problem = gaussian.quadratic(hessians, data.exactly([[1, -2], ["1/2", 3], [-4, 1]]), np.eye(2, dtype=int))
    mean = start = data.exactly([2, -3])
    for _ in range(t):
        mean = mean_step(problem, mean, gamma, 2)
    for k in range(2):
        yield mean[k], {"h": problem.H[k, k], "delta0": start[k]}


@measure(
    paper.STATIONARITY,
    cases(at=[{"method": m, "gamma": g} for m, g in (("lmc", 0.05), ("lmc", 0.3), ("sgld", 0.05), ("sgldfp", 0.05))]).guaranteeing(
        "invariant", "uniform_indices", "anchor_at_mode"
    ),
)  # fmt: skip
def gradient_on_the_line(method: str, gamma: float, away: float = 0.0) -> Enclosed:
    r"""$\mathbb E U'$ for $U = t^2/2 + \log(1 + e^{3t - 1})$ by quadrature; SGLDFP's anchor is ``away`` from the mode."""
    bent = data.bent(3.0, 1.0)
    halves = [lambda x: 2 * (bent(x) - x) + x, lambda x: x]  # U_0' + 2 U_i' with U_0 = t^2/2, U_1 the bend, U_2 = 0
    anchor = np.float64(data.minimiser(bent) + away)
    chain = {"lmc": [bent], "sgld": halves, "sgldfp": [lambda x, f=f: f(x) - float(f(anchor)) for f in halves]}[method]
    ((value, error),) = gaussian.langevin_on_the_line(chain, gamma, [bent], centre=-0.5, reach=9.0)
    return around(value, error, "quadrature")


@measure(
    paper.STATIONARITY,
    cases(gamma=F(1, 9), method=["sgld", "sgldfp"]).guaranteeing("invariant", "uniform_indices", "anchor_at_mode"),
)
def gradient_of_a_regression(gamma: Fraction, method: str, away: int = 0) -> Iterator[Fraction]:
    r"""$\mathbb E\nabla U = H(m - \theta^*)$ with the fixed point $m$ of the mean step, enumerated; four rational rows."""
    problem = data.rational(4, 2)
    gamma = gamma * data.window(problem)
    unit, zero = identity(2, problem.H), 0 * problem.H[0]
    # SGLDFP's estimate leaves out the gradient at its anchor: the constant H (anchor - theta*)
    shift = mean_step(problem, zero, gamma, 1) + (gamma * problem.H @ (zero + away) if method == "sgldfp" else zero)
    step = np.stack([mean_step(problem, e, gamma, 1) - mean_step(problem, zero, gamma, 1) for e in unit], axis=1)
    yield from problem.H @ solve(unit - step, shift)[0]


def terms(problem: FiniteSum, C: np.ndarray, gamma: Any, method: str, p: int) -> dict[str, Any]:
    """What the trace of the covariance equation depends on."""
    H, zero = problem.H, 0 * problem.H[0, 0]
    return {
        "gamma": gamma,
        "hch": np.trace(H @ C @ H),
        "tT": zero if method == "lmc" else np.trace(problem.T(C, p)),
        "m": np.trace(problem.M(p)) if method in ("sgld", "sgd") else zero,
        "d": problem.d,
        "w": 0 if method == "sgd" else 1,
    }


@measure(
    paper.COVARIANCE,
    cases(size=REGRESSIONS, method=METHODS).guaranteeing("quadratic", "uniform_indices", "anchor_at_mode", "mean_square_stable"),
)  # fmt: skip
def trace_by_enumeration(N: int, d: int, p: int, method: str, replacement: bool = True) -> Found:
    r"""$2\mathrm{tr}(HC)$ of rational regressions: what one step over all batches adds to $\mathrm{tr}\,C$ where it is to stay."""
    problem = data.rational(N, d)
    gamma = data.window(problem, p)
    C = gaussian.covariance(problem, gamma, method, p).matrix
    after = one_step(problem, C, gamma, method, p, replacement=replacement)
    if replacement and (after != C).any():
        raise DomainError("the solved covariance is not invariant")
    return 2 * np.trace(problem.H @ C) + np.trace(after - C) / gamma, terms(problem, C, gamma, method, p)


@measure(paper.ADDITIVITY, cases(size=[{"N": 50, "d": 3, "p": 1}, {"N": 20, "d": 2, "p": 3}]).guaranteeing(*SETTLED))
def trace_of_sgld(N: int, d: int, p: int) -> Found:
    r"""$\mathrm{tr}\,C_{SGLD}$ of rational regressions."""
    problem = data.rational(N, d)
    trace = {m: gaussian.covariance(problem, data.window(problem, p), m, p).trace for m in METHODS}
    return trace["sgld"], {"c_fp": trace["sgldfp"], "c_sgd": trace["sgd"]}


# --- stability -------------------------------------------------------------------------------------------------------------

STABILITY_CASES = [{"N": 50, "d": 3, "p": 1}, {"N": 20, "d": 2, "p": 1}, {"N": 20, "d": 2, "p": 4}]
NEAR = Fraction(1, 10**9)


@measure(paper.STABILITY, cases(size=STABILITY_CASES).guaranteeing("quadratic", "uniform_indices"))
def threshold(N: int, d: int, p: int, full: bool = False) -> tuple[Bracket, dict[str, float]]:
    r"""$\gamma_{\max}$ of linearised SGD, $X - S(X) = I$ decided in rationals $10^{-9}$ to both sides; ``full``: that of LMC."""
    problem = data.rational(N, d)
    noise, H = problem.noise_operator(p), problem.H
    middle = F(gaussian.threshold(problem, p).value)
    if full:
        noise, middle = np.kron(H, H), F(2 / float(np.linalg.eigvalsh(H.astype(float))[-1]))
    low, high = middle * (1 - NEAR), middle * (1 + NEAR)
    if not settles(problem.drift_operator() - low * noise) or settles(problem.drift_operator() - high * noise):
        raise DomainError(f"the threshold is not within 1e-9 of {float(middle)}")
    return Bracket(low, high), {"lam": largest_noise(problem, p)}


# --- distances and scalings ------------------------------------------------------------------------------------------------

LAWS = ("quadratic", "stable")
FLOATS = {"sines": data.sines_regression, "diabetes": data.diabetes_regression}
HESSIANS = {"1, 4, 9": (F(1), F(4), F(9)), "1/2, 2, 2": (F(1, 2), F(2), F(2))}


@measure(paper.LMC_EXACT, cases(h_j=HESSIANS, gamma=[F(1, 10), F(1, 5)]).guaranteeing(*LAWS))
def distance_by_balls(h_j: tuple[Fraction, ...], gamma: Fraction) -> Enclosed:
    r"""$W_2^2$ of turned rational Hessians, enclosed from the eigenvalues of $AB$ by ball arithmetic."""
    turn = data.exactly([["1/3", "2/3", "2/3"], ["2/3", "1/3", "-2/3"], ["2/3", "-2/3", "1/3"]])
    problem = gaussian.quadratic(((turn * np.array(h_j)) @ turn.T)[None], np.zeros((1, 3), int))
    C = gaussian.covariance(problem, gamma, "lmc").matrix
    return Enclosed(*gaussian.bures_between(C, posterior(problem).matrix), "rounding")


@measure(paper.LMC_EXACT, cases(problem=FLOATS).guaranteeing(*LAWS))
def distance_in_floats(problem: Any, method: str = "lmc", share: float = 0.5) -> Found:
    r"""$W_2^2$ of the laws' covariances by singular values, at a share of $2/\lambda_{\max}(H)$."""
    problem = problem()
    values = np.linalg.eigvalsh(problem.H)
    gamma = share * 2 / float(values[-1])
    law, target = gaussian.covariance(problem, gamma, method), posterior(problem)
    measured, error = gaussian.bures(law.matrix, target.matrix)
    # d(B2) <= (1 + root of the ratio of the two) times the change of the traces; the ratio is at most 4 here
    error += 4 * (law.trace_error + target.trace_error)
    return around(measured, error), {"gamma": gamma, "h_j": values.tolist()}


MEANS = ("equal_curvatures", "uniform_indices")


@measure(
    paper.GAUSSIAN_MEAN,
    cases(size=[{"N": 10, "p": 1}, {"N": 100, "p": 1}, {"N": 100, "p": 7}], eta=F(1, 2),
          method=["sgld", "sgldfp", "lmc"]).guaranteeing(*MEANS),
)  # fmt: skip
def variance_of_a_mean(
    N: int, p: int, eta: Fraction, method: str, told: bool | None = None, curvatures: Any = (1,)
) -> Found:
    r"""$C$ for the mean of N rational numbers from the covariance equations; without additive noise $s^2 = 0$."""
    problem = data.mean_of(N, curvatures)
    told = method == "sgld" if told is None else told
    s2 = sum(g * g for g in problem.gradients[:, 0]) / N if told else 0
    return gaussian.covariance(problem, eta / N, method, p).trace, {"s2": s2}


PAIRS = ("convex_minibatches", "uniform_indices")


@measure(paper.CONTRACTION, cases(problem=FLOATS, share=[0.1, 0.5, 0.95]).guaranteeing(*PAIRS))
def worst_factor_of_regressions(problem: Any, share: float) -> Found:
    r"""$\lambda_{\max}(\mathbb E(I - \gamma H_S)^2)$, one index a step."""
    per = problem().per_sample
    L = float(np.linalg.eigvalsh(per)[:, -1].max())
    gamma, steps = share * 2 / L, np.eye(per.shape[1]) - share * 2 / L * per
    factor = float(np.linalg.eigvalsh((steps @ steps).mean(axis=0))[-1])
    mu = float(np.linalg.eigvalsh(problem().H)[0])
    return rounded(factor, 10 * len(per), 1.0), {"gamma": gamma, "mu": mu, "L_h": L}


@measure(
    paper.CONTRACTION,
    cases(at=[{"gamma": F(1, 3), "mu": F(2), "L_h": F(2)}, {"gamma": F(1, 10), "mu": F(7), "L_h": F(7)}])
    .let(curvatures=lambda L_h: (L_h,)).guaranteeing(*PAIRS),
)  # fmt: skip
def factor_on_the_line(gamma: Fraction, curvatures: tuple[Fraction, ...]) -> Fraction:
    r"""$\mathbb E(1 - \gamma h_i)^2$ of one-sample batches in one dimension."""
    return F(sum((1 - gamma * h) ** 2 for h in curvatures)) / len(curvatures)


CURVES = ((3.0, 1.0, 0.2), (3.0, 1.0, 0.5), (1.0, 0.0, 0.8))
BENT = [dict(zip(("slope", "shift", "eta"), v, strict=True)) for v in CURVES]


def bias_of_the_mean(slope: float, shift: float, eta: float, N: float, limit: bool = True) -> Found:
    r"""$N(\mathbb E\theta - \theta^*)$ of a bent potential by quadrature; the distance to the limit has a proved bound."""
    gradient = data.bent(slope, shift)
    at = data.minimiser(gradient)
    s = 1 / (1 + float(np.exp(shift - slope * at)))
    u2, u3 = 1 + slope**2 * s * (1 - s), slope**3 * s * (1 - s) * (1 - 2 * s)
    value, error = scaled_mean(gradient, at, eta, N, smoothness=1 + slope**2 / 4)
    if limit:
        error += remainder(eta, N, u2=u2, u3=u3, smoothness=1 + slope**2 / 4, fourth=slope**4 / 8)
    return around(value, error, "truncation" if limit else "quadrature"), {"u2": u2, "u3": u3}


measure(paper.BIAS, cases(at=BENT, N=1e9).guaranteeing("concentrating"))(bias_of_the_mean)
