"""The average squared gradient of EF21: two problems, larger data sets with up to 1000 clients, and 10^4 dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradproof.experiments.communication.ef21 import instances
from gradproof.experiments.communication.ef21.instances import RUNS, Constants, Trace, at_most, trace
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances import data
from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.theory.communication import ef21
from gradproof.theory.evidence import Level, Measurement

EMPIRICAL = Level.EMPIRICAL
SIZES = ("digits", "mushrooms", "phishing", "a9a", "w8a")


@check(ef21.NONCONVEX_QM, level=EMPIRICAL)
@check(ef21.NONCONVEX_AM, level=EMPIRICAL)
def average_gradient(ctx: Context) -> Iterator[Evidence]:
    """The average squared gradient of EF21 with Top1 on breast_cancer and on sine least squares."""
    for name in RUNS:
        yield average_of(ctx, instances.quick(name, ctx.backend), data=name)


def average_of(ctx: Context, t: Trace, **parameters: Any) -> Measurement:
    """The average over a run at the claim's own step size against its bound."""
    quadratic = ctx.claim.id.startswith(ef21.NONCONVEX_QM.id)
    label = "qm" if quadratic else "am"
    k, gamma = list(t.gammas).index(label), t.gammas[label]
    G0 = float(t.e2[k, 0, 0].mean() if quadratic else t.G()[k, 0, 0])
    mean = {"L_QM": t.at.L_QM} if quadratic else {"L_AM": t.at.L_AM}
    bound = ctx.claim.bound(
        gamma=gamma, L=t.at.L, **mean, alpha=t.alpha, T=t.T, f0=float(t.f[k, 0, 0]), f_inf=0.0, G0=G0
    )
    return at_most(t.average(label)[0], bound, gamma=gamma, n=t.T, **parameters)


@check(ef21.NONCONVEX_QM, level=EMPIRICAL, budget="full")
@check(ef21.NONCONVEX_AM, level=EMPIRICAL, budget="full")
def average_gradient_on_larger_sets(ctx: Context) -> Iterator[Evidence]:
    """The same on digits, mushrooms, phishing, a9a and w8a with 20, 100 and 1000 clients."""
    for name in SIZES:
        rows = data.load(name)
        for n in (20, 100, 1000):
            t = run_on(rows, n, ctx.backend)
            yield average_of(ctx, t, data=name, clients=n)


def run_on(rows: data.Dataset, n: int, backend: str) -> Trace:
    """30 steps with Top1 on logistic loss, the rows ordered by norm and split over n clients; kept for the other claim."""
    if (rows.name, n, backend) not in _KEPT:
        A, b = data.split(rows, n, order="norm")
        problem = Logistic(A, b, 1e-3)
        gammas = {k: v for k, v in Constants.of(problem).steps(1 / problem.d).items() if k in ("qm", "am")}
        t = trace(problem, 30, gammas=gammas, backend=backend)
        # keep the numbers, not the data
        _KEPT[rows.name, n, backend] = Trace(None, t.at, t.alpha, t.gammas, t.grad2, t.g2, t.f, t.e2)  # type: ignore[arg-type]
    return _KEPT[rows.name, n, backend]


_KEPT: dict[tuple[str, int, str], Trace] = {}


@check(ef21.NONCONVEX_QM, level=EMPIRICAL, budget="gpu")
@check(ef21.NONCONVEX_AM, level=EMPIRICAL, budget="gpu")
def average_gradient_of_a_thousand_clients(ctx: Context) -> Iterator[Evidence]:
    """The same on logistic loss with 1000 clients of very different sizes in 10^4 dimensions, Top100, 100 steps."""
    yield thousand_clients(ctx)


def thousand_clients(ctx: Context, n: int = 1000, d: int = 10_000, steps: int = 100) -> Measurement:
    """Two Gaussian rows a client, their scale log-normal over the clients; the backend of ``ctx``."""
    rng = ctx.rng("clients")
    A = rng.standard_normal((n, 2, d)) * np.exp(rng.standard_normal((n, 1, 1)) / 2) / np.sqrt(d)
    problem = Logistic(A, np.sign(rng.standard_normal((n, 2))), 1e-3)
    compressor = C.TopK(max(d // 100, 1))
    gammas = {k: v for k, v in Constants.of(problem).steps(compressor.alpha(d)).items() if k in ("qm", "am")}
    t = trace(problem, steps, compressor=compressor, gammas=gammas, backend=ctx.backend)
    return average_of(ctx, t, data="log-normal clients", clients=n, d=d)
