"""Servers: orders of workers in rationals, processes on this machine with measured delays, logistic posteriors, several servers."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.measure import Sample, around, cases, measure
from gradproof.experiments.engine.run import run
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.experiments.sampling.stale_sgmcmc import methods
from gradproof.experiments.sampling.stale_sgmcmc.server import Served, serve
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.delay import companion
from gradproof.solvers.gaussian.line import sum_over_lags
from gradproof.solvers.gaussian.moments import identity, solve
from gradproof.theory.errors import DomainError
from gradproof.theory.sampling import stale_sgmcmc as paper

F = Fraction
ANY = ("gaussian_target", "reads_after_its_update", "settled")
KEPT = ("fresh_start", "reads_after_its_update")

# --- orders of workers, exactly --------------------------------------------------------------------------------------------

ORDERS = {
    "in turn": (0, 1, 2),
    "one is fast": (0, 0, 1, 0, 2),
    "one is slow": (0, 1, 0, 1, 0, 1, 2),
    "back and forth": (0, 1, 2, 2, 1, 0),
}


def ages(order: Sequence[int], updates: int, early: int = 0) -> tuple[list[int], int]:
    """Age of the gradient of each update, and the sum of the ages that are held at the end; workers repeat this order.

    ``early``: a worker reads that many updates before the server has made its own.
    """
    read, out = [0] * (max(order) + 1), []
    for step in range(updates):
        worker = order[step % len(order)]
        out.append(step - read[worker])
        read[worker] = max(step + 1 - early, 0)
    return out, sum(updates - v for v in read)


@measure(paper.MEAN_STALENESS, cases(order=ORDERS, L=[1, 17, 200]).guaranteeing(*KEPT))
def mean_age(order: Sequence[int], L: int, early: int = 0) -> tuple[Fraction, dict[str, int]]:
    r"""$(\sum\tau_l + V_L)/L$, counted, for three workers in three orders."""
    found, held = ages(order, L, early)
    return F(sum(found) + held, L), {"P": max(order) + 1}


breaking(paper.MEAN_STALENESS, "reads_after_its_update", mean_age, cases(order={"in turn": (0, 1, 2)}, L=200, early=1))


def total_response(a: Fraction, cycle: Sequence[int]) -> list[Fraction]:
    """What a kick before each step of a cycle of delays adds to the sum of all points from then on."""
    n = max(cycle) + 1
    first, out = identity(n, np.array([[a]], dtype=object))[0], []
    for k in range(len(cycle)):
        whole, seen = identity(n, np.array([[a]], dtype=object)), 0 * first
        for delay in (*cycle[k:], *cycle[:k]):
            seen, whole = seen + first @ whole, companion(a, delay, n) @ whole
        out.append(seen @ solve(identity(n, whole) - whole, first)[0])
    return out


STEPS = [{"lam": F(1), "h": F(1, 20)}, {"lam": F(3), "h": F(1, 30)}]


@measure(paper.ANY_ORDER, cases(order=ORDERS, at=STEPS).guaranteeing(*ANY))
def long_run_variance_in_any_order(lam: Any, h: Any, order: Sequence[int]) -> Fraction:
    r"""$\sum_k\mathbb Ex_0x_k$, the mean over a cycle of the order: responses to the noise in rationals."""
    found, _ = ages(order, 4 * len(order))
    response = total_response(h * lam, found[-len(order) :])
    return 2 * h * sum(v * v for v in response) / len(response)


def long_run_variance_of_a_cycle(lam: Any, h: Any, cycle: Sequence[int]) -> Fraction:
    r"""The same for delays that no order of workers has: some points are read twice, others never."""
    response = total_response(h * lam, cycle)
    return 2 * h * sum(v * v for v in response) / len(response)


TWICE = cases(at=STEPS[:1], cycle={"0, 5 in turn": (0, 5)})
breaking(paper.ANY_ORDER, "reads_after_its_update", long_run_variance_of_a_cycle, TWICE)

# --- processes on this machine -----------------------------------------------------------------------------------------------

LINE = {"lam": 1.0, "h": 0.1}
PAUSES = {"three workers": (0.0, 0.0, 0.0), "one of three is slow": (0.0, 0.0, 0.003)}


def logistic_task() -> dict[str, Any]:
    """The posterior of breast cancer on five leading directions."""
    problem = data.projected()
    return {"rows": problem.rows, "targets": problem.targets, "prior": problem.prior}


def served(task: dict[str, Any], rest: Sequence[float], h: float, L: int, d: int, rng: Any) -> Served:
    return serve(task | {"rest": list(rest)}, np.zeros(d), h, len(rest), L, rng)


MANY = cases(rest=[(0.0,) * 2, (0.0, 0.0, 0.001, 0.004), (0.0,) * 8], L=5_000).guaranteeing(*KEPT)


@measure(paper.MEAN_STALENESS, MANY, budget="full", name="longer_runs_of_a_server")
@measure(paper.MEAN_STALENESS, cases(rest=[(0.0, 0.0, 0.002)], L=300).guaranteeing(*KEPT))
def measured_delays(rest: Sequence[float], L: int, rng: Any) -> tuple[Fraction, dict[str, int]]:
    r"""$(\sum\tau_l + V_L)/L$ of a server with processes, by the stamps on their messages: logistic regression."""
    found = served(logistic_task(), rest, 1e-3, L, 5, rng)
    return F(int(found.delays.sum() + found.held.sum()), L), {"P": len(rest)}


def variance_given(delays: np.ndarray, a: float) -> float:
    """Variance of the sum of the points after each update, in units of the noise's, from 0: responses backwards."""
    L = len(delays)
    c = np.concatenate([[0.0], np.ones(L)])
    for k in range(L, 0, -1):
        c[k - 1] += c[k]
        c[k - 1 - delays[k - 1]] -= a * c[k]
    return float((c[1:] ** 2).sum())


@measure(
    paper.ANY_ORDER, cases(rest=PAUSES, at=[LINE], L=[1_000, 5_000], d=10_000).guaranteeing(*ANY), budget="full",
    name="longer_averages_of_a_server",
)  # fmt: skip
@measure(paper.ANY_ORDER, cases(rest={"three workers": (0.0,) * 3}, at=[LINE], L=300, d=2_000).guaranteeing(*ANY))
def averages_of_a_server(rest: Sequence[float], lam: float, h: float, L: int, d: int, rng: Any) -> Sample:
    r"""$L\,\mathrm{Var}(\hat x)$ of a server with processes, over d directions; the bias is that of L and the measured delays."""
    found = served({"lam": lam}, rest, h, L, d, rng)
    bias = abs(2 * h * variance_given(found.delays, h * lam) / L - 2 / (lam**2 * h))
    return Sample(L * found.mean**2, law="square of normal", bias=bias)


# --- any posterior -----------------------------------------------------------------------------------------------------------

SETTLED = ("fixed_staleness", "settled")


@measure(paper.GRADIENT, cases(tau=[0, 1], h=0.2, slope=[1.0, 3.0]).guaranteeing(*SETTLED))
def gradients_on_the_line(tau: int, h: float, slope: float) -> Any:
    r"""$\sum_k\mathrm{Cov}(g_0, g_k)$ for $U = x^2/2 + \log(1 + e^{sx - 1})$, $\tau = 0, 1$, by quadrature."""
    return around(*sum_over_lags(data.bent(slope, 1.0), h, tau, centre=-0.4, reach=9.0), "quadrature")


@measure(paper.GRADIENT, cases(lam=[F(1), F(3)], h=F(1, 20), tau=[0, 3, 6]).guaranteeing(*SETTLED))
def gradients_on_a_gaussian(lam: Any, h: Any, tau: int) -> Fraction:
    r"""$\lambda^2\sum r_k$ in rationals."""
    return lam**2 * gaussian.Delay(lam, h, tau).long_run(1)


def gradients_with_random_staleness(h: Fraction, delays: int) -> Fraction:
    r"""$\sum r_k$ for $\lambda = 1$ and staleness drawn in each step, uniform on 0..n-1: points are read twice, or never."""
    law = [F(1, delays)] * delays
    moment = gaussian.random_delay(1, h, law).matrix
    A = sum(p * companion(h, k, delays) for k, p in enumerate(law))
    return 2 * solve(identity(delays, A) - A, moment[:, 0])[0][0] - moment[0, 0]


breaking(paper.GRADIENT, "fixed_staleness", gradients_with_random_staleness, h=F(1, 10), delays=5)


def second_moment(h: float, mu: float, L: float, tau: int, d: int) -> float:
    r"""Bound on $\mathbb E\|x_l - x^*\|^2$ for all l, from $x^*$, where $\mu I \le \nabla^2U \le LI$.

    With m the largest root of it up to l: $\|x_l - x_{l-\tau}\| \le \tau hLm + \sqrt{2hd\tau}$ in the mean square, so that
    $m^2 \le ((1 - h\mu)m + hL(\tau hLm + \sqrt{2hd\tau}))^2 + 2hd$.
    """
    a, b = 1 - h * mu + tau * (h * L) ** 2, h * L * (2 * h * d * tau) ** 0.5
    if not a < 1 or not h * L < 1:
        raise DomainError(f"h = {h} is too long for a bound with staleness {tau}")
    # (1 - a^2) m^2 - 2 a b m - b^2 - 2 h d <= 0
    return ((a * b + (a**2 * b**2 + (1 - a**2) * (b**2 + 2 * h * d)) ** 0.5) / (1 - a**2)) ** 2


CANCER = cases(P=[1, 2, 4, 8]).guaranteeing(*SETTLED)


@measure(
    paper.GRADIENT, CANCER.let(L=lambda: 50_000, n=lambda: 10_000), budget="gpu", name="ten_thousand_logistic_servers"
)
@measure(paper.GRADIENT, CANCER.let(L=lambda: 5_000, n=lambda: 50), budget="full")
def logistic_servers(P: int, L: int, n: int, keys: Any, backend: str) -> Iterator[tuple[Sample, dict[str, float]]]:
    r"""$L\,\mathrm{Var}(\frac1L\sum g_l)$, the mean over directions, of logistic regression with P workers in turn, from the mode.

    With $B = x_0 - x_L$ and $\mathcal N$ the sum of the noise, $h\sum g_l = \mathcal N + B$. Numbers are cut at 40 times the limit:
    $(\mathcal N + B)^2 \le 2\mathcal N^2 + 2B^2$ bounds what that changes.
    """
    problem, on = data.projected(), array_library(backend)
    smooth = problem.prior + float(np.linalg.eigvalsh(problem.rows.T @ problem.rows)[-1]) / 4
    h, tau, mode, d = 0.1 / problem.N, P - 1, problem.mode(), problem.d
    moved, stream = on.move((problem, keys(seeds=n)))
    x0 = on.asarray(np.broadcast_to(mode, (1, n, d)).copy())
    with on.scope():
        method = methods.stale(moved.gradient, h, tau, of_gradients=True)
    draw = methods.numbers(d)
    out = run(method, x0, L, draw=lambda t: draw(Draws(stream, t)), at=[L], record={"total": lambda s: s.total})
    g = out["total"].values[0, :, 0, :]
    B = second_moment(h, problem.prior, smooth, tau, d) / (2 * h * L * d)  # in units of E N^2, a direction
    top = 40 * 2 / h
    bias = 2 / h * (2 * B**0.5 + B + 2 * B + 1e-4)  # E (2 chi^2 - 40)_+ < 1e-4, averaged over the directions
    yield Sample(np.minimum((g**2).mean(axis=1) / L, top), at_most=top, bias=bias), {"h": h}
