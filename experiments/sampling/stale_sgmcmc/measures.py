"""Exact laws by Schur-Cohn and Yule-Walker in rationals, power series in the step, and runs of chains that are exactly normal."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from sympy.polys.matrices import DomainMatrix

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.measure import Bracket, Sample, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.sampling.sgld.instances import diabetes
from gradproof.experiments.sampling.stale_sgmcmc import methods
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian import Delay
from gradproof.solvers.gaussian.delay import companion, critical
from gradproof.solvers.gaussian.moments import identity, solve
from gradproof.theory.sampling import stale_sgmcmc as paper

F = Fraction
Array = Any

LINE = ("gaussian_target", "fixed_staleness")
CONSTANT = (*LINE, "constant_history")
AVERAGED = ("gaussian_target", "linear_test_function", "stable")
TURNS = ("gaussian_target", "round_robin", "independent_servers")
Found = tuple[Any, dict[str, Any]]

# --- exact ---------------------------------------------------------------------------------------------------------------


@measure(paper.ORDERS, cases(tau=[0, 1, 5], power=[1, 2]).guaranteeing("poisson_equation", "small_steps"))
def exponent(tau: int, power: int) -> int:
    r"""Exponent of $h$ in the bias of $\mathbb E x^2$ to a power: the first term of its power series, exactly."""
    series = gaussian.small_steps([{tau: 1}], 3)
    return power * next(k for k, c in enumerate(series) if c != (1 if k == 0 else 0))


@measure(paper.STABILITY, cases(tau=range(7)).guaranteeing(*LINE))
def threshold(tau: int, bits: int = 60) -> Bracket:
    r"""$a_{\max}(\tau)$ by bisection, each step decided by the Schur-Cohn recursion in rationals."""
    low, high = F(0), F(3)
    for _ in range(bits):
        middle = (low + high) / 2
        low, high = (middle, high) if gaussian.is_stable(middle, tau) else (low, middle)
    return Bracket(low, high)


def share_of_threshold(share: float, lam: float, tau: int) -> float:
    """A step h with h lam about this share of a_max, a float of five digits."""
    return round(share * float(critical(tau)[0]), 5) / lam


LAWS = cases(
    tau=range(9),
    at=[{"share": s, "lam": lam, "sigma": v} for s, lam, v in ((0.1, 1.0, 0), (0.6, 2.0, 1), (0.97, 0.5, 0))],
).let(h=share_of_threshold)


@measure(paper.VARIANCE, LAWS.guaranteeing(*LINE, "independent_noise"))
def stationary_variance(lam: Any, h: Any, tau: int, sigma: Any) -> Fraction:
    r"""$\mathbb E x^2$ from the Yule-Walker equations in rationals."""
    return Delay(F(lam), F(h), tau, F(sigma)).variance


CYCLES: dict[str, list[dict[int, Any]]] = {
    "fixed, 3": [{3: 1}],
    "uniform on 0..4": [{k: F(1, 5) for k in range(5)}],
    "geometric": [{0: F(8, 15), 1: F(4, 15), 2: F(2, 15), 3: F(1, 15)}],
    "0, 5 in turn": [{0: 1}, {5: 1}],
    "3, 0, 0, 1 in turn": [{3: 1}, {0: 1}, {0: 1}, {1: 1}],
}


def mean_delay(cycle: list[dict[int, Any]]) -> Fraction:
    return F(sum(k * p for law in cycle for k, p in law.items())) / len(cycle)


SLOW = ("gaussian_target", "independent_staleness", "small_steps")


@measure(paper.BIAS, cases(cycle=CYCLES).let(mean_tau=mean_delay).guaranteeing(*SLOW))
def slope_of_the_bias(cycle: list[dict[int, Any]]) -> Fraction:
    r"""$\lim (\mathbb E x^2 - 1/\lambda)/h$, fixed, random and cyclic staleness, from the equations of the first orders in $h$."""
    return gaussian.small_steps(cycle, 2)[1]


STEPS = [{"lam": F(1), "h": F(1, 20)}, {"lam": F(3), "h": F(1, 30)}]


@measure(paper.INDEPENDENT, cases(tau=range(9), at=STEPS, power=1).guaranteeing(*AVERAGED))
def long_run_variance(lam: Any, h: Any, tau: int, power: int) -> Fraction:
    r"""$\lim_L L\,\mathrm{Var}$ of the mean of $x$ (of $x^2$ with power 2): all autocovariances summed in rationals."""
    return Delay(lam, h, tau).long_run(power)


@measure(paper.TRANSIENT, cases(lam=2, h=F(1, 20), tau=range(9), x0=3, before=1).guaranteeing(*CONSTANT))
def sum_of_means(lam: Any, h: Any, tau: int, x0: Any, before: int) -> Fraction:
    r"""$\sum\mathbb E x_l$ by the resolvent in rationals; the points before the start are ``before`` times $x_0$."""
    A = companion(F(lam) * h, tau, tau + 1)
    return solve(identity(tau + 1, A) - A, np.array([F(x0)] + [F(before * x0)] * tau, dtype=object))[0][0]


@measure(paper.SPEEDUP, cases(lam=F(1), h=F(1, 10), P=[1, 2, 4, 8], S=[1, 3]).guaranteeing(*TURNS))
def variance_a_round(lam: Any, h: Any, P: int, S: int) -> Fraction:
    r"""$\lim_R R\,\mathrm{Var}$ of the mean of S servers of P workers in turn, in rationals: a round is $P$ updates."""
    return Delay(lam, h, P - 1).long_run(1) / P / S


STATIONARY = ("gaussian_target", "settled", "independent_noise")


@measure(paper.BALANCE, LAWS.where(lambda tau: tau < 6).guaranteeing(*STATIONARY))
def variance_by_what_the_chain_moves(lam: Any, h: Any, tau: int, sigma: Any) -> Found:
    r"""$\mathbb E x^2$ with a fixed staleness, in rationals."""
    law = Delay(F(lam), F(h), tau, F(sigma))
    r = law.autocovariances(tau + 1)
    return r[0], {"D2": 2 * (r[0] - r[tau])}


@measure(paper.BALANCE, cases(law={"uniform": (F(1, 5),) * 5, "0 or 3": (F(1, 2), 0, 0, F(1, 2))}, lam=F(2), h=F(1, 20), sigma=2)
         .guaranteeing(*STATIONARY))  # fmt: skip
def variance_with_random_staleness(law: Any, lam: Any, h: Any, sigma: Any) -> Found:
    r"""$\mathbb E x^2$ with staleness that is drawn in each step, in rationals."""
    m = gaussian.random_delay(lam, h, law, sigma).matrix
    return m[0, 0], {"D2": sum(p * (m[0, 0] + m[k, k] - 2 * m[0, k]) for k, p in enumerate(law))}


# --- mean squared error --------------------------------------------------------------------------------------------------


@cache
def first_order(tau: int) -> Fraction:
    """Coefficient of h in the bias of E x^2, in rationals."""
    return gaussian.small_steps([{tau: 1}], 2)[1]


@cache
def leading_variance(tau: int) -> Fraction:
    r"""$\lim_{a\to0} a\sum_k 2r_k^2$ for $\lambda = 1$, of a rational function of a, from the resolvent of $A \otimes A$."""
    a, n = sp.Symbol("a"), tau + 1
    field = sp.QQ.frac_field(a)
    A = sp.Matrix(n, n, lambda i, j: int(i == j + 1 or i == j == 0) - a * int((i, j) == (0, tau)))
    B = DomainMatrix.from_Matrix(sp.eye(n * n) - sp.kronecker_product(A, A)).convert_to(field)

    def solved(right: sp.Matrix) -> sp.Matrix:
        return B.lu_solve(DomainMatrix.from_Matrix(right).convert_to(field)).to_Matrix()

    column = solved(2 * a * sp.eye(n * n)[:, 0])[:n, 0]  # r_0, ..., r_tau
    total = 2 * solved(sp.kronecker_product(column, column))[0] - column[0] ** 2  # over all lags
    return F(str(sp.cancel(2 * a * total).subs(a, 0)))


@measure(paper.MSE, cases(tau=[0, 1, 2], c=[F(1, 10), F(4)]).guaranteeing(*LINE, "small_steps"))
def leading_error(tau: int, c: Fraction) -> Fraction:
    r"""$\lim\mathrm{MSE}/h^2$, $\lambda = 1$: first coefficients of the bias and the long-run variance of $x^2$."""
    return first_order(tau) ** 2 + leading_variance(tau) / c


BEST = ("gaussian_target", "round_robin", "leading_order")


@measure(paper.OPTIMAL, cases(Q=[1, 2], h=[F(1, 10), F(1, 100)], shared=True).guaranteeing(*BEST))
def least_error(Q: int, h: Fraction, shared: bool) -> Fraction:
    r"""The least over P of the leading order, the bias's coefficient in rationals, $\lambda = 1$, the R of $P^* = Q$.

    ``shared`` is False for workers that wait for each other: one fresh update a round, whatever P.
    """
    rounds = 1 / (h**3 * Q**2 * (Q - F(1, 2)))
    worth = [(P - 1, P) if shared else (0, 1) for P in range(1, 2 * Q + 3)]
    return min(h**2 * first_order(tau) ** 2 + 2 / (h * P * rounds) for tau, P in worth)


# --- runs ----------------------------------------------------------------------------------------------------------------


def chains(
    keys: Any, backend: str, h: float, tau: int, steps: int, n: int, *, lam: Any = (1.0,), x0: float = 0.0, sigma: float = 0.0,
) -> methods.State:  # fmt: skip
    """The states of n chains after some steps on independent directions of curvatures lam (d,); arrays (n, d)."""
    on = array_library(backend)
    curvatures, stream = on.move((np.asarray(lam), keys(seeds=n)))
    first = on.asarray(np.full((1, n, len(lam)), x0))
    with on.scope():
        method = methods.stale(lambda x: curvatures * x, h, tau, sigma=sigma)
    draw = methods.numbers(len(lam), noisy=sigma > 0)
    out = run(
        method, first, steps, draw=lambda t: draw(Draws(stream, t)), at=[steps],
        record={"history": lambda s: s.history, "total": lambda s: s.total},
    )  # fmt: skip
    return methods.State(*(out[k].values[0, :, 0, ...] for k in ("history", "total")))


@cache
def posterior_of_diabetes() -> np.ndarray:
    """Eigenvalues of the posterior precision of linear regression on diabetes, scaled to a largest of one."""
    w = np.linalg.eigvalsh(diabetes(400.0)[1].H)
    return w / w[-1]


def line() -> np.ndarray:
    """One direction of curvature 1."""
    return np.ones(1)


RUNS = cases(
    at=[
        {"directions": line, "h": 0.1, "tau": 3, "sigma": 0.0, "n": 3_000},
        {"directions": line, "h": 0.1, "tau": 3, "sigma": 3.0, "n": 3_000},
        {"directions": posterior_of_diabetes, "h": 0.4, "tau": 2, "sigma": 0.0, "n": 1_000},
    ]
)


@measure(paper.VARIANCE, RUNS.guaranteeing(*LINE, "independent_noise"))
def variance_of_chains(
    directions: Any, h: float, tau: int, sigma: float, n: int, keys: Any, backend: str
) -> Iterator[tuple[Sample, dict[str, Any]]]:
    r"""$\mathbb E x^2$ of chains after 150 steps from 0; the start leaves $A^t V A'^t$ of the stationary law $V$."""
    steps, lam = 150, directions()
    x = chains(keys, backend, h, tau, steps, n, lam=lam, sigma=sigma).history[:, 0, :]
    for k, curvature in enumerate(map(float, lam)):
        law = Delay(curvature, h, tau, sigma)
        A = np.linalg.matrix_power(companion(law.a, tau, tau + 1), steps)
        left = abs(float((A @ law.history @ A.T)[0, 0]))
        yield Sample(x[:, k] ** 2, law="square of normal", bias=left), {"lam": curvature}


SIX = round(float(critical(20)[0]) / 4, 6)  # a quarter of the threshold of the last of six delays


@measure(
    paper.INDEPENDENT,
    cases(lam=1.0, h=SIX, tau=[0, 1, 2, 5, 10, 20], L=[1_000, 10_000], n=1_000).guaranteeing(*AVERAGED),
    budget="full", name="averages_for_six_delays",
)  # fmt: skip
@measure(paper.INDEPENDENT, cases(lam=1.0, h=0.1, tau=[0, 5], L=400, n=2_000).guaranteeing(*AVERAGED))
def averages_of_chains(h: float, tau: int, L: int, n: int, keys: Any, backend: str) -> Sample:
    r"""$L\,\mathrm{Var}(\hat x)$ of chains from 0; the bias is that of a finite L: both laws are solved."""
    law = Delay(1.0, h, tau)
    bias = abs(L * law.average_variance_from_zero(L) - float(law.long_run(1)))
    return Sample(chains(keys, backend, h, tau, L, n).total[:, 0] ** 2 / L, law="square of normal", bias=bias)


@measure(
    paper.SPEEDUP,
    cases(lam=1.0, h=0.2, at=[{"P": 1, "S": 1}, {"P": 4, "S": 1}, {"P": 2, "S": 2}], R=100, n=2_000).guaranteeing(
        *TURNS
    ),
)
def averages_of_workers(h: float, P: int, S: int, R: int, n: int, keys: Any, backend: str) -> Sample:
    r"""$R\,\mathrm{Var}(\hat x)$ of workers in turn: the mean over $PR$ updates of S servers from 0."""
    law = Delay(1.0, h, P - 1)
    mean = chains(keys, backend, h, P - 1, P * R, n * S).total[:, 0].reshape(n, S).mean(axis=1) / (P * R)
    bias = abs(R * law.average_variance_from_zero(P * R) - float(law.long_run(1)) / P) / S
    return Sample(R * mean**2, law="square of normal", bias=bias)


@measure(paper.BIAS, cases(h=0.05, mean_tau=2.0, n=10_000).guaranteeing(*SLOW))
def uniform_staleness(h: float, n: int, rng: Any) -> Sample:
    r"""$(\mathbb E[x^2\mid\text{delays}] - 1)/h$ over drawn delays, uniform on 0..4: 200 steps from 0, impulse responses backwards.

    The bias is that of h > 0 and of 200 steps. No response exceeds 1, nor, after 5 steps, (1 - h + 4 h^2)^k in the k-th nine steps
    (x_l - x_{l-tau} has at most 4 steps of h): so E[x^2 | delays] <= 2 h (5 + 9 r^2/(1 - r^2)) < 12.
    """
    steps, ages = 200, np.arange(n)
    w = np.zeros((n, 5))
    w[:, 0] = 1.0
    value = np.zeros(n)
    for _ in range(steps):
        value += 2 * h * w[:, 0] ** 2
        new, late = np.concatenate([w[:, 1:], np.zeros((n, 1))], axis=1), rng.integers(0, 5, n)
        new[:, 0] += w[:, 0]
        new[ages, late] -= h * w[:, 0]
        w = new
    X, step = np.zeros((5, 5)), [companion(h, k, 5) for k in range(5)]
    for _ in range(steps):
        X = sum(A @ X @ A.T for A in step) / 5
        X[0, 0] += 2 * h
    limit = float(gaussian.small_steps(CYCLES["uniform on 0..4"], 2)[1])
    return Sample((value - 1) / h, at_least=-1 / h, at_most=11 / h, bias=abs((float(X[0, 0]) - 1) / h - limit))
