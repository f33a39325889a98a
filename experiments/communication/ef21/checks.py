"""Runs of EF21 and its relatives on real data and on synthetic least squares, confronted with the claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradproof.experiments.communication.ef21 import instances, methods
from gradproof.experiments.communication.ef21.instances import (
    ROUNDING,
    RUNS,
    Constants,
    at_most,
    closest,
    lyapunov,
    trace,
)
from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.eprocess import e_value, lower_limit
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances.finite_sums import LeastSquares
from gradproof.solvers.ef_lyapunov import L_rf, cloning_mean_square, overlap
from gradproof.theory.communication import ef21
from gradproof.theory.evidence import Level, Measurement, Relation

EMPIRICAL = Level.EMPIRICAL


@check(ef21.COMPRESSORS, level=EMPIRICAL)
def compressors_on_random_vectors(ctx: Context) -> Iterator[Evidence]:
    """|C(x) - x|^2/|x|^2 of five compressors on Gaussian and heavy-tailed vectors; the random ones by an e-process."""
    d = 12
    x = ctx.rng("vectors").standard_normal((4000, d)) ** 3
    for c in (C.TopK(1), C.TopK(5), C.ScaledSign(), C.Scalar(0.4), C.NearestPowerOfTwo()):
        ratio = ((c(x) - x) ** 2).sum(-1) / (x**2).sum(-1)
        bound = ctx.claim.bound(alpha=c.alpha(d))
        # a scalar attains its bound: what remains of the comparison is rounding, an equality
        if isinstance(c, C.Scalar):
            yield Measurement(
                measured=float(ratio.max()),
                bound=bound,
                error=ROUNDING,
                error_source="rounding",
                relation=Relation.EQ,
                n=len(x),
                parameters={"C": str(c)},
            )
        else:
            yield closest(ratio, bound, ROUNDING, C=str(c))
    for r in (C.RandK(3), C.Bernoulli(0.5, C.TopK(3))):
        u = ctx.rng("u", str(r)).random(x.shape if isinstance(r, C.RandK) else x.shape[:-1])
        ratio = ((r(x, u) - x) ** 2).sum(-1) / (x**2).sum(-1)
        bound = ctx.claim.bound(alpha=r.alpha(d))
        yield _test(ctx, ratio, bound, C=str(r))


@check(ef21.DISTORTION, level=EMPIRICAL)
def distortion_along_runs(ctx: Context) -> Iterator[Evidence]:
    """Every worker, every step of EF21 with Top1 on breast_cancer: the error after the step."""
    P = instances.breast_cancer()
    gammas = Constants.of(P).steps(1 / P.d)
    method = methods.ef21(P, np.array(list(gammas.values())), C.TopK(1))
    record = {"e2": methods.errors2, "grad": lambda s: s.grad}
    out = run(method, start(np.zeros(P.d), settings=len(gammas)), 100, record=record)
    e2, grad = out.e2.values, out.grad.values
    u2 = ((grad[:, :, 1:] - grad[:, :, :-1]) ** 2).sum(-1)
    bound = ctx.claim.bound(alpha=1 / P.d, e2=e2[:, :, :-1].ravel(), u2=u2.ravel())
    yield closest(e2[:, :, 1:].ravel(), bound, ROUNDING * e2[:, :, :-1].ravel(), data="breast_cancer")


@check(ef21.LYAPUNOV_AM, level=EMPIRICAL)
def lyapunov_along_runs(ctx: Context) -> Iterator[Evidence]:
    """V at every step of EF21 with Top1 on breast_cancer and on sine least squares, at four step sizes."""
    for name in RUNS:
        t = instances.quick(name, ctx.backend)
        for label, gamma in t.gammas.items():
            weight = gamma / (2 * float(ef21.theta(t.alpha))) * t.at.L_AM / np.asarray(t.at.L_i)
            V, after, grad2 = lyapunov(t, label, weight)
            dx2 = gamma**2 * t.g2[list(t.gammas).index(label), 0, :-1]
            bound = ctx.claim.bound(gamma=gamma, L=t.at.L, L_AM=t.at.L_AM, alpha=t.alpha, V=V, grad2=grad2, dx2=dx2)
            yield closest(after, bound, ROUNDING * V, data=name, gamma=gamma, step_size=label)


@check(ef21.STEPSIZE_ROOT, level=EMPIRICAL)
def decrease_at_the_root(ctx: Context) -> Iterator[Evidence]:
    """V+ <= V - (gamma/2)|grad f|^2 at every step, at the largest step that the claim names, on both problems."""
    for name in RUNS:
        t = instances.quick(name, ctx.backend)
        gamma = float(ctx.claim.bound(L=t.at.L, L_AM=t.at.L_AM, alpha=t.alpha))
        t = trace(t.problem, 100, gammas={"root": gamma}, x0=np.ones(t.problem.d), backend=ctx.backend)
        weight = gamma / (2 * float(ef21.theta(t.alpha))) * t.at.L_AM / np.asarray(t.at.L_i)
        V, after, grad2 = lyapunov(t, "root", weight)
        yield closest(
            after, V - gamma / 2 * grad2, ROUNDING * V, what="V+", relation=Relation.LE, data=name, gamma=gamma
        )


@check(ef21.SHARP_THRESHOLD, level=EMPIRICAL)
def sharp_inequality_along_runs(ctx: Context) -> Iterator[Evidence]:
    """V+ <= V - (1/gamma - 1/gamma*)|Delta|^2 at every step at 0.5 and 0.9 gamma*, on both problems."""
    for name in RUNS:
        base = instances.quick(name, ctx.backend)
        sharp = float(ctx.claim.bound(L=base.at.L, L_AM=base.at.L_AM, alpha=base.alpha))
        t = trace(
            base.problem,
            150,
            gammas={"half": 0.5 * sharp, "most": 0.9 * sharp},
            x0=np.ones(base.problem.d),
            backend=ctx.backend,
        )
        for k, (label, gamma) in enumerate(t.gammas.items()):
            V, after, _ = lyapunov(t, label, 1 / (2 * np.sqrt(1 - t.alpha) * np.asarray(t.at.L_i)))
            dx2 = gamma**2 * t.g2[k, 0, :-1]
            bound = V - (1 / gamma - 1 / sharp) * dx2
            yield closest(after, bound, ROUNDING * V, what="V+", relation=Relation.LE, data=name, gamma=gamma)


@check(ef21.HETERO_COMPRESSORS, level=EMPIRICAL)
def compressors_of_different_quality(ctx: Context) -> Iterator[Evidence]:
    """Top-K_i with K_i = 1, 3, 5, ... on the clients of breast_cancer."""
    P = instances.breast_cancer()
    each = C.PerClient(tuple(C.TopK(1 + 2 * i) for i in range(P.n)))
    at, alpha_i = Constants.of(P), np.array(each.alpha_i(P.d))
    q = np.sqrt(1 - alpha_i)
    mean = float(np.mean(np.asarray(at.L_i) * q / (1 - q)))
    gamma = 1 / (at.L + mean)
    t = trace(P, 200, compressor=each, gammas={"am": gamma}, backend=ctx.backend)
    w = np.asarray(at.L_i) * q / (1 - q) / (P.n * mean)
    D0 = float((t.e2[0, 0, 0] / (w * (1 - q))).sum() / P.n**2)
    bound = ctx.claim.bound(
        gamma=gamma,
        L=at.L,
        L_i=at.L_i,
        alpha_i=tuple(map(float, alpha_i)),
        T=t.T,
        f0=float(t.f[0, 0, 0]),
        f_inf=0.0,
        D0=D0,
    )
    yield at_most(t.average("am")[0], bound, data="breast_cancer", gamma=gamma, n=t.T)


@check(ef21.PL, level=EMPIRICAL)
@check(ef21.PL_REFINED, level=EMPIRICAL)
def linear_rate_on_least_squares(ctx: Context) -> Iterator[Evidence]:
    """Psi after 10, 100 and 400 steps of EF21 with Top-d/2 on least squares (real data and synthetic)."""
    refined = ctx.claim.id.startswith(ef21.PL_REFINED.id)
    synthetic = LeastSquares(instances.sine().A, instances.sine().b, 0.0)
    for name, P in (("breast_cancer", instances.breast_cancer_squares()), ("sine", synthetic)):
        c = C.TopK(P.d // 2)
        at, alpha, rows = Constants.of(P), c.alpha(P.d), P.A.reshape(-1, P.d)
        mu = 2 * float(np.linalg.eigvalsh(rows.T @ rows / len(rows))[0])
        best = np.linalg.lstsq(rows, P.b.ravel())[0]
        f_star = float(P.values(best).mean())
        step = ef21.step_size_pl_refined if refined else ef21.step_size_pl
        gamma = float(step(mu, at.L, at.L_AM, alpha)) * (1 - 1e-9)
        theta = float(ef21.theta(alpha))
        weight = gamma / (2 * (theta - gamma * mu)) if refined else gamma / theta
        t = trace(P, 400, compressor=c, gammas={"pl": gamma}, backend=ctx.backend)
        Psi = t.f[0, 0] - f_star + weight * t.G()[0, 0]
        for T in (10, 100, 400):
            bound = ctx.claim.bound(gamma=gamma, mu=mu, L=at.L, L_AM=at.L_AM, alpha=alpha, T=T, Psi0=float(Psi[0]))
            yield at_most(Psi[T], bound, error=ROUNDING * (abs(f_star) + Psi[T]), data=name, gamma=gamma, T=T, n=T)


@check(ef21.TIGHT_SINGLE_WORKER, level=EMPIRICAL)
def contraction_with_one_worker(ctx: Context) -> Iterator[Evidence]:
    """V+/V at every step of EF21 with one worker and Top-K on least squares with real data."""
    rows = instances.breast_cancer_squares()
    P = LeastSquares(rows.A.reshape(1, -1, rows.d), rows.b.reshape(1, -1), 0.0)
    H = 2 * np.linalg.eigvalsh(P.A[0].T @ P.A[0] / P.m)
    mu, L = float(H[0]), float(H[-1])
    for K in (1, 15):
        alpha = K / P.d
        q = np.sqrt(1 - alpha)
        eta = float(ef21.step_size_single_worker(mu, L, alpha))
        t = trace(P, 150, compressor=C.TopK(K), gammas={"best": eta}, backend=ctx.backend)
        V = q * t.grad2[0, 0] + t.e2[0, 0, :, 0]
        yield closest(V[1:] / V[:-1], ctx.claim.bound(mu=mu, L=L, alpha=alpha), ROUNDING, data="breast_cancer", K=K)


@check(ef21.W_EQUIVALENCE, level=EMPIRICAL)
def weighted_version_runs_alike(ctx: Context) -> Iterator[Evidence]:
    """EF21 and EF21-W with weights L_i/sum L_j on breast_cancer; error: EF21's own response to a start moved by 2^-42."""
    P = instances.breast_cancer()
    at = Constants.of(P)
    weights = np.asarray(at.L_i) / sum(at.L_i)
    x0 = np.ones(P.d)
    for c in (C.TopK(1), C.ScaledSign()):
        gamma = at.steps(c.alpha(P.d))["am"]
        plain = _iterates(methods.ef21(P, gamma, c), x0)
        moved = _iterates(methods.ef21(P, gamma, c), x0 * (1 + 2.0**-42))
        weighted = _iterates(methods.ef21_w(P, gamma, c, weights), x0)
        error = float(np.abs(moved - plain).max())
        yield Measurement(
            measured=float(np.abs(weighted - plain).max()),
            bound=ctx.claim.bound(),
            error=error,
            error_source="rounding",
            parameters={"C": str(c), "data": "breast_cancer"},
            n=len(plain),
        )


def _iterates(method: Any, x0: np.ndarray, steps: int = 50) -> np.ndarray:
    return run(method, start(x0), steps, record={"x": lambda s: s.x}).x.values[0, 0]


@check(ef21.CLONING, level=EMPIRICAL)
def cloning_random_constants(ctx: Context) -> Iterator[Evidence]:
    """M(ceil(L_i/L_AM)) for log-normal constants of 2 to 5 clients: of 100 draws the one nearest to sqrt(2) L_AM."""
    rng = ctx.rng("L_i")
    measured, bound = [], []
    for _ in range(100):
        n = int(rng.integers(2, 6))
        L_i = np.exp(2 * rng.standard_normal(n))
        N_i = np.ceil(L_i / L_i.mean() * (1 - 1e-12)).astype(int)
        measured.append(float(cloning_mean_square(list(L_i), [int(k) for k in N_i])) ** 0.5)
        bound.append(float(ctx.claim.bound(L_i=tuple(map(float, L_i)))))
    m, b = np.array(measured), np.array(bound)
    k = int(np.argmax(m / b))
    yield at_most(m[k], b[k], draw=k, n=len(m))


@check(ef21.RARE_FEATURES, level=EMPIRICAL)
def rare_features_on_real_data(ctx: Context) -> Iterator[Evidence]:
    """breast_cancer whose client i sees features 3i, ..., 3i + 5 only (cyclically), Top2 inside them, no regulariser."""
    P, supports = instances.rare_breast_cancer()
    at, (_, r) = Constants.of(P), overlap(supports)
    constant, alpha = float(L_rf(at.L_i, supports)), 2 / r
    gamma = 1 / (at.L + constant * float(ef21.xi(alpha)))
    t = trace(P, 300, compressor=C.TopK(2), alpha=alpha, gammas={"rf": gamma}, backend=ctx.backend)
    G0 = float(t.G(constant)[0, 0, 0])
    bound = ctx.claim.bound(
        gamma=gamma, L=at.L, L_rf=constant, alpha=alpha, T=t.T, f0=float(t.f[0, 0, 0]), f_inf=0.0, G0=G0
    )
    yield at_most(t.average("rf")[0], bound, data="breast_cancer", gamma=gamma, L_rf=constant, L_AM=at.L_AM, n=t.T)


@check(ef21.PARTIAL_PARTICIPATION, level=EMPIRICAL)
def partial_participation_on_real_data(ctx: Context) -> Iterator[Evidence]:
    """EF21-PP with Top5 and p = 1/2 on breast_cancer, 200 seeds, tested by an e-process."""
    P, p, T, seeds = instances.breast_cancer(), 0.5, 40, 200
    at, c = Constants.of(P), C.TopK(5)
    alpha = c.alpha(P.d)
    gamma = at.steps(p * alpha)["am"]
    t = trace(
        P,
        T,
        compressor=c,
        gammas={"am": gamma},
        method=lambda Q, g: methods.ef21_pp(Q, g, c, p),
        seeds=seeds,
        draw=lambda draws: draws.uniform((P.n,)),
        stream=ctx.keys(settings=[gamma], seeds=seeds),
        backend=ctx.backend,
    )
    bound = ctx.claim.bound(
        gamma=gamma,
        L=at.L,
        L_AM=at.L_AM,
        alpha=alpha,
        p=p,
        T=T,
        f0=float(t.f[0, 0, 0]),
        f_inf=0.0,
        G0=float(t.G()[0, 0, 0]),
    )
    yield _test(ctx, t.average("am"), bound, data="breast_cancer", gamma=gamma, p=p)


@check(ef21.SGD, level=EMPIRICAL)
def noisy_gradients_on_real_data(ctx: Context) -> Iterator[Evidence]:
    """EF21-SGD with Gaussian noise of standard deviation 0.1 and Top15 on breast_cancer, 200 seeds, by an e-process."""
    P, sigma, T, seeds = instances.breast_cancer(), 0.1, 40, 200
    at, c = Constants.of(P), C.TopK(15)
    alpha = c.alpha(P.d)
    q = np.sqrt(1 - alpha)
    gamma = float(1 / (at.L + at.L_AM * np.sqrt(q**1.5 / (1 - np.sqrt(q)) / (1 - q))))
    scale = sigma / np.sqrt(P.d)
    t = trace(
        P,
        T,
        compressor=c,
        gammas={"sgd": gamma},
        method=lambda Q, g: methods.ef21_sgd(Q, g, c),
        seeds=seeds,
        draw=lambda draws: scale * draws.normal((P.n, P.d)),
        stream=ctx.keys(settings=[gamma], seeds=seeds),
        backend=ctx.backend,
    )
    sigma2 = float(np.mean(sigma**2 / np.asarray(at.L_i)))
    bound = ctx.claim.bound(
        gamma=gamma, L=at.L, L_AM=at.L_AM, alpha=alpha, T=T, f0=float(t.f[0, 0, 0]), f_inf=0.0, G0=0.0, sigma2=sigma2
    )
    yield _test(ctx, t.average("sgd"), bound, data="breast_cancer", gamma=gamma, sigma=sigma)


@check(ef21.SMOOTHNESS_CONSTANTS, level=EMPIRICAL)
def gradients_move_no_faster(ctx: Context) -> Iterator[Evidence]:
    """|grad f(x) - grad f(y)|/|x - y| for 2000 random pairs, near and far, on breast_cancer and sine least squares."""
    for name, P, c in (("breast_cancer", instances.breast_cancer(), 0.25), ("sine", instances.sine(), 2.0)):
        rng = ctx.rng("pairs", name)
        x = rng.standard_normal((2000, P.d)) * 10.0 ** rng.uniform(-3, 1, (2000, 1))
        y = x + rng.standard_normal((2000, P.d)) * 10.0 ** rng.uniform(-3, 0, (2000, 1))
        moved = np.linalg.norm((P.gradients(x) - P.gradients(y)).mean(axis=-2), axis=-1)
        rows = P.A.reshape(-1, P.d)
        lam_max = float(np.linalg.eigvalsh(rows.T @ rows)[-1])
        bound = ctx.claim.bound(c=c, lam_max=lam_max, m=len(rows), lam=P.lam)
        distance = np.linalg.norm(x - y, axis=-1)
        error = ROUNDING * (1 + bound * np.linalg.norm(x, axis=-1)) / distance
        yield closest(moved / distance, bound, error, what="slope", relation=Relation.LE, data=name)


def _test(ctx: Context, x: np.ndarray, bound: Any, **parameters: Any) -> Measurement:
    """Independent observations x >= 0 of a quantity whose expectation is claimed to be at most ``bound``."""
    level = 1e-6
    low = lower_limit(x, level=level)
    return Measurement(
        measured=low,
        bound=float(bound),
        error=float(x.mean()) - low,
        error_source="statistical",
        relation=Relation.LE,
        what="lower confidence limit of the mean",
        parameters=parameters | {"mean": float(x.mean())},
        seed=ctx.seed,
        n=len(x),
        e_value=e_value(x, float(bound)),
        level=level,
    )
