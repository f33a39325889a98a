"""Exact values: rational covariances against enumeration of all batches, brackets, certificates, quadrature on the line."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.linalg

from gradproof.experiments.engine.check import Context, Evidence, Undecided, certifier, check
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.solvers import gaussian
from gradproof.solvers.exact.rounding import whole_number
from gradproof.solvers.gaussian.langevin import METHODS, FiniteSum, posterior
from gradproof.solvers.gaussian.moments import EPS, settles
from gradproof.solvers.moments.certificates import certify
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.proof import Proof
from gradproof.theory.sampling import sgld as paper

SMALL = ((4, 2, 1), (4, 2, 2), (3, 3, 2))  # N, d, p of the enumerated regressions


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


@check(paper.MEAN, level=Level.EXACT)
def mean_by_enumeration(ctx: Context) -> Iterator[Evidence]:
    """A diagonal quadratic (N = 3, d = 2), p = 2: the mean after 5 steps, each the mean over all batches, in rationals."""
    F = Fraction
    curvatures = [(F(1), F(2)), (F(3), F(1, 2)), (F(2), F(5))]
    H = [sum(c[k] for c in curvatures) + 1 for k in range(2)]
    hessians = np.array([[[c[0], F(0)], [F(0), c[1]]] for c in curvatures], dtype=object)
    gradients = np.array([[F(1), F(-2)], [F(1, 2), F(3)], [F(-4), F(1)]], dtype=object)
    problem = gaussian.quadratic(hessians, gradients, np.eye(2, dtype=int))
    start = np.array([F(2), F(-3)], dtype=object)
    for gamma in (F(1, 20), F(1, 9)):
        mean = start
        for _ in range(5):
            mean = data.mean_step(problem, mean, gamma, 2)
        for k in range(2):
            bound = ctx.claim.bound(gamma=gamma, h=H[k], t=5, delta0=start[k])
            yield Measurement(measured=mean[k], bound=bound, parameters={"gamma": gamma, "component": k, "steps": 5})


@check(paper.STATIONARITY, level=Level.EXACT)
def laws_on_the_line(ctx: Context) -> Iterator[Evidence]:
    """E U' under the invariant laws of LMC, SGLD and SGLDFP for two bent potentials, by quadrature of the kernels."""
    bent = data.bent(3.0, 1.0)
    halves = [lambda x: 2 * (bent(x) - x) + x, lambda x: x]  # U_0' + 2 U_i' with U_0 = t^2/2, U_1 the bend, U_2 = 0
    at = data.minimiser(bent)
    anchored = [lambda x, f=f: f(x) - float(f(np.float64(at))) for f in halves]
    cases = [("lmc", [bent], 0.05), ("lmc", [bent], 0.3), ("sgld", halves, 0.05), ("sgldfp", anchored, 0.05)]
    for name, gradients, gamma in cases:
        ((value, error),) = gaussian.langevin_on_the_line(gradients, gamma, [bent], centre=-0.5, reach=9.0)
        yield Measurement(
            measured=value, bound=ctx.claim.bound(), error=error, error_source="two grids",
            parameters={"method": name, "gamma": gamma},
        )  # fmt: skip


@check(paper.COVARIANCE, level=Level.EXACT)
def covariances_by_enumeration(ctx: Context) -> Iterator[Evidence]:
    """Regressions of 3 or 4 rational rows: each solved covariance meets the claim, and one step over all batches keeps it."""
    for N, d, p in SMALL:
        problem = data.rational(N, d)
        gamma = data.window(problem, p)
        for method in METHODS:
            C = gaussian.covariance(problem, gamma, method, p).matrix
            where = {"method": method, "N": N, "d": d, "p": p}
            bound = ctx.claim.bound(**terms(problem, C, gamma, method, p))
            yield Measurement(measured=2 * np.trace(problem.H @ C), bound=bound, parameters=where)
            after = data.one_step(problem, C, gamma, method, p)
            gap = sum(abs(x) for x in (after - C).ravel())
            yield Measurement(
                measured=gap, bound=0, relation=Relation.EQ, what="change over all batches", parameters=where
            )


@check(paper.ADDITIVITY, level=Level.EXACT)
def covariances_add_up(ctx: Context) -> Iterator[Evidence]:
    """Rational regressions: the trace, every entry, E positive semidefinite; Gelbrich's lower bounds below the upper ones."""
    for (N, d), p in (((50, 3), 1), ((20, 2), 3)):
        problem = data.rational(N, d)
        gamma = data.window(problem, p)
        C = {m: gaussian.covariance(problem, gamma, m, p).matrix for m in METHODS}
        where = {"N": N, "d": d, "p": p}
        bound = ctx.claim.bound(c_fp=np.trace(C["sgldfp"]), c_sgd=np.trace(C["sgd"]))
        yield Measurement(measured=np.trace(C["sgld"]), bound=bound, parameters=where)
        gap = sum(abs(x) for x in (C["sgld"] - C["sgldfp"] - C["sgd"]).ravel())
        yield Measurement(measured=gap, bound=0, relation=Relation.EQ, what="entries", parameters=where)
        E = C["sgldfp"] - C["lmc"]
        negative = int(not gaussian.semidefinite(E))
        yield Measurement(measured=negative, bound=0, relation=Relation.LE, what="E is not psd", parameters=where)
        residual = problem.H @ E + E @ problem.H - gamma * problem.H @ E @ problem.H
        gap = sum(abs(x) for x in (residual - gamma * problem.T(C["sgldfp"], p)).ravel())
        yield Measurement(measured=gap, bound=0, relation=Relation.EQ, what="equation of E", parameters=where)
        for one, other, upper in (("sgld", "sgldfp", C["sgd"]), ("sgldfp", "lmc", E)):
            low, high = gaussian.bures_between(C[one], C[other])
            yield Measurement(
                measured=(low + high) / 2, error=(high - low) / 2, bound=np.trace(upper), relation=Relation.LE,
                error_source="ball arithmetic", what=f"lower bound of W2^2({one}, {other})", parameters=where,
            )  # fmt: skip


# --- stability -------------------------------------------------------------------------------------------------------

NEAR = Fraction(1, 10**9)
STABILITY_CASES = ((50, 3, 1), (20, 2, 1), (20, 2, 4))


def generalised_eigenvalue(problem: FiniteSum, p: int) -> float:
    """The largest of (C -> HCH + T(C)) against (C -> HC + CH), by a dense solver on all d x d matrices."""
    A = problem.drift_operator().astype(float)
    B = problem.noise_operator(p).astype(float)
    return float(scipy.linalg.eigh((B + B.T) / 2, (A + A.T) / 2, eigvals_only=True)[-1])


@check(paper.STABILITY, level=Level.EXACT)
def rational_bracket(ctx: Context) -> Iterator[Evidence]:
    """Rational regressions: X - S(X) = I decided in rationals on both sides of the dense generalised eigenvalue."""
    for N, d, p in STABILITY_CASES:
        problem = data.rational(N, d)
        lam = generalised_eigenvalue(problem, p)
        drift, noise = problem.drift_operator(), problem.noise_operator(p)
        middle, where = Fraction(1 / lam), {"N": N, "d": d, "p": p}
        low, high = middle * (1 - NEAR), middle * (1 + NEAR)
        if not (settles(drift - low * noise) and not settles(drift - high * noise)):
            yield Undecided(f"the threshold is not within 1e-9 of the dense eigenvalue at {where}")
            continue
        bound, error = ctx.claim.bound(lam=lam), float(middle * NEAR) + 1e-13 * float(middle)
        yield Measurement(
            measured=float(middle), bound=bound, error=error, error_source="rational bracket", parameters=where
        )
        float_threshold = gaussian.threshold(problem, p)
        yield Measurement(
            measured=float_threshold.value, bound=bound, error=float_threshold.error + d**2 * 1e3 * EPS * float(middle),
            error_source="solver gap", what="threshold as linearised SGD", parameters=where,
        )  # fmt: skip
        full = 2 / float(np.linalg.eigvalsh(problem.H.astype(float))[-1])
        yield Measurement(
            measured=float(high), bound=full, relation=Relation.LE, what="threshold below LMC's", parameters=where
        )


@check(paper.STABILITY, level=Level.CERTIFIED)
def certificates_on_both_sides(ctx: Context) -> Iterator[Evidence]:
    """The kernel proves the claimed threshold times 1 - 1e-9 stable and times 1 + 1e-9 unstable."""
    for N, d, p in STABILITY_CASES[1:]:
        problem = data.rational(N, d)
        claimed = Fraction(ctx.claim.bound(lam=generalised_eigenvalue(problem, p)))
        for side, gamma in (("stable", claimed * (1 - NEAR)), ("unstable", claimed * (1 + NEAR))):
            found = certify(problem.per_sample.tolist(), gamma, batch_size=p, replacement=True)
            if found.side == side:
                yield found.proof()
            else:  # the opposite is proved
                truth = gaussian.threshold(problem, p).value
                where = {"N": N, "d": d, "p": p, "claimed": side, "proved": found.side}
                yield Measurement(measured=truth, bound=float(claimed), parameters=where)


@certifier(paper.STABILITY)
def certificate(
    *, rows: Any, d: Any, gamma: Any, p: Any = 1, noise: Any = 1, prior: Any = 1
) -> tuple[Proof, dict[str, Any]]:
    """Proof that SGLD's second moments settle at ``gamma``, or that they grow, for linear regression.

    Args:
        rows: N * d rational entries, row after row. noise: variance. prior: precision. p: indices a step.
    """
    entries = list(rows) if isinstance(rows, tuple | list) else [rows]
    width = whole_number(d, "d", least=1)
    if len(entries) % width:
        raise ParameterError(f"rows has {len(entries)} entries, no multiple of d = {d}; give d entries for each sample")
    X = gaussian.fractions(np.array([str(v) for v in entries]).reshape(-1, width), Fraction)
    zero = np.zeros(len(X), dtype=int)
    problem = gaussian.regression(X, zero, noise=Fraction(str(noise)), prior=Fraction(str(prior)))
    found = certify(
        problem.per_sample.tolist(), Fraction(str(gamma)), batch_size=whole_number(p, "p", least=1), replacement=True
    )
    return found.proof(), {"side": found.side}


# --- distances and scalings --------------------------------------------------------------------------------------------


@check(paper.LMC_EXACT, level=Level.EXACT)
def distance_by_balls(ctx: Context) -> Iterator[Evidence]:
    """Turned rational Hessians: the solved covariance and the posterior's, their distance enclosed from eigenvalues of A B."""
    F = Fraction
    turn = np.array([[F(1, 3), F(2, 3), F(2, 3)], [F(2, 3), F(1, 3), F(-2, 3)], [F(2, 3), F(-2, 3), F(1, 3)]])
    for values in ((F(1), F(4), F(9)), (F(1, 2), F(2), F(2))):
        H = (turn * np.array(values)) @ turn.T
        problem = gaussian.quadratic(H[None], np.zeros((1, 3), int))
        for gamma in (F(1, 10), F(1, 5)):
            C = gaussian.covariance(problem, gamma, "lmc").matrix
            low, high = gaussian.bures_between(C, posterior(problem).matrix)
            yield Measurement(
                measured=(low + high) / 2, error=(high - low) / 2, error_source="ball arithmetic",
                bound=ctx.claim.bound(gamma=gamma, h_j=values), parameters={"h_j": str(values), "gamma": gamma},
            )  # fmt: skip


@check(paper.LMC_EXACT, level=Level.EXACT)
def distance_in_floats(ctx: Context) -> Iterator[Evidence]:
    """The regression on the sines and on diabetes: the law's covariance against its formula, by singular values."""
    X, y = data.sines()
    for name, problem in (("sines", gaussian.regression(X, y)), ("diabetes", data.diabetes()[1])):
        values = np.linalg.eigvalsh(problem.H)
        gamma = 1 / float(values[-1])
        law, target = gaussian.covariance(problem, gamma, "lmc"), posterior(problem)
        measured, error = gaussian.bures(law.matrix, target.matrix)
        yield Measurement(
            measured=measured,
            # d(B2) <= (1 + root of the ratio of the two) times the change of the traces; both ratios are below 2 here
            error=error + 4 * (law.trace_error + target.trace_error),
            error_source="rounding",
            bound=ctx.claim.bound(gamma=gamma, h_j=values.tolist()),
            parameters={"data": name, "gamma": gamma},
        )


@check(paper.GAUSSIAN_MEAN, level=Level.EXACT)
def rational_means(ctx: Context) -> Iterator[Evidence]:
    """Means of N = 10, 100, 1000 rational numbers: the covariance equations solved exactly; LMC and SGLDFP agree."""
    eta = Fraction(1, 2)
    for N, p in ((10, 1), (100, 1), (100, 7), (1000, 1)):
        problem = mean_of(N)
        s2 = sum(g * g for g in problem.gradients[:, 0]) / N
        gamma, where = eta / N, {"N": N, "p": p, "eta": eta}
        value = {m: gaussian.covariance(problem, gamma, m, p).trace for m in METHODS}
        yield Measurement(measured=value["sgld"], bound=ctx.claim.bound(N=N, eta=eta, p=p, s2=s2), parameters=where)
        lower = ctx.claim.bound(N=N, eta=eta, p=p, s2=0)
        for method in ("lmc", "sgldfp"):
            yield Measurement(measured=value[method], bound=lower, what=method, parameters=where)


def mean_of(N: int) -> FiniteSum:
    """U_i = (theta - x_i)^2/2 for x_i = sin(i) to three digits, no prior, in rationals."""
    x = [Fraction(round(1000 * float(np.sin(i))), 1000) for i in range(1, N + 1)]
    centre = sum(x) / N
    gradients = np.empty((N, 1), dtype=object)
    gradients[:, 0] = [centre - v for v in x]
    return gaussian.quadratic(np.ones((N, 1, 1), dtype=int), gradients)


@check(paper.CONTRACTION, level=Level.EXACT)
def worst_factor_of_regressions(ctx: Context) -> Iterator[Evidence]:
    """lambda_max(E (I - gamma H_S)^2), one index a step, against the bound; attained in one dimension, in rationals."""
    X, y = data.sines()
    for name, problem in (("sines", gaussian.regression(X, y)), ("diabetes", data.diabetes()[1])):
        per, unit = problem.per_sample, np.eye(problem.d)
        L = float(np.linalg.eigvalsh(per)[:, -1].max())
        mu = float(np.linalg.eigvalsh(problem.H)[0])
        for share in (0.1, 0.5, 0.95):
            gamma = share * 2 / L
            steps = unit - gamma * per
            factor = float(np.linalg.eigvalsh((steps @ steps).mean(axis=0))[-1])
            yield Measurement(
                measured=factor, bound=ctx.claim.bound(gamma=gamma, mu=mu, L_h=L), error=problem.N * 10 * EPS,
                error_source="rounding", parameters={"data": name, "gamma": gamma},
            )  # fmt: skip
    for step, h in ((Fraction(1, 3), Fraction(2)), (Fraction(1, 10), Fraction(7))):
        bound = ctx.claim.bound(gamma=step, mu=h, L_h=h)
        yield Measurement(measured=(1 - step * h) ** 2, bound=bound, parameters={"h": h, "gamma": step})


@check(paper.BIAS, level=Level.EXACT)
def extrapolated_bias(ctx: Context) -> Iterator[Evidence]:
    """N (E theta - theta*) by quadrature for N = 100 .. 1600, extrapolated in 1/N, for two potentials and two eta."""
    for slope, shift, eta in ((3.0, 1.0, 0.2), (3.0, 1.0, 0.5), (1.0, 0.0, 0.8)):
        gradient = data.bent(slope, shift)
        at = data.minimiser(gradient)
        s = 1 / (1 + np.exp(shift - slope * at))
        u2, u3 = 1 + slope**2 * s * (1 - s), slope**3 * s * (1 - s) * (1 - 2 * s)
        table, noise = [], 0.0
        for N in (100, 200, 400, 800, 1600):
            value, error = scaled_bias(gradient, at, eta, N)
            table.append(value)
            noise = max(noise, error)
        previous = table[-1]
        for k in range(1, len(table)):  # Richardson, halving 1/N
            previous = table[-1]
            table = [(2**k * b - a) / (2**k - 1) for a, b in pairwise(table)]
        yield Measurement(
            measured=table[0],
            bound=ctx.claim.bound(u2=float(u2), u3=float(u3), eta=eta),
            error=abs(table[0] - previous) + 10 * noise,
            error_source="extrapolation",
            parameters={"slope": slope, "shift": shift, "eta": eta},
        )


def scaled_bias(gradient: Any, at: float, eta: float, N: int) -> tuple[float, float]:
    """N (E theta - theta*) for U = N u and gamma = eta/N, with its error."""
    ((value, error),) = gaussian.langevin_on_the_line(
        [lambda x: N * gradient(x)], eta / N, [lambda x: N * (x - at)], centre=at, reach=14 / np.sqrt(N)
    )
    return value, error
