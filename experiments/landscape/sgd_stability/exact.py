"""Certificates and exact values behind the claims; each measurement says where its error comes from."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import scipy.linalg

from gradproof.experiments.engine.check import Context, Evidence, certifier, check
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.solvers import moments
from gradproof.solvers.exact.rounding import whole_number
from gradproof.solvers.moments.certificates import certify
from gradproof.solvers.moments.curvatures import EPS, noise_fraction, noise_ratio
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.landscape import sgd_stability as paper
from gradproof.theory.proof import Proof

NAMED: dict[str, Any] = {"R4": data.R4, "S12": data.S12.tolist(), "F3": data.F3}
SAMPLINGS = ((1, False), (2, False), (2, True))


def weight(n: int, B: int, replacement: bool) -> Fraction:
    return Fraction(*noise_ratio(n, B, replacement))


def _label(name: str, B: int, replacement: bool, **more: Any) -> dict[str, Any]:
    return {"instance": name, "B": B, "replacement": replacement, **more}


# --- the operator ----------------------------------------------------------------------------------------------------


def _small_instances(ctx: Context) -> Iterator[tuple[str, Any]]:
    yield "R4", data.R4
    yield "F3", data.F3
    for seed in range(2):
        yield f"integers {seed}", data.integer_rows(ctx.rng("rows", seed), 4, 3)


@check(paper.SECOND_MOMENT_OPERATOR, level=Level.EXACT)
def enumeration_of_all_batches(ctx: Context) -> Iterator[Evidence]:
    """The claimed one-step moment against the mean over every batch, in rational arithmetic."""
    for name, curvatures in _small_instances(ctx):
        H = data.hessians(curvatures)
        delta = [Fraction(int(x), 3) for x in ctx.rng("delta", name).integers(-5, 6, len(H[0]))]
        stats = data.one_step_statistics(H, delta)
        for (B, replacement), eta in product([*SAMPLINGS, (3, False)], (Fraction(1, 7), Fraction(5, 4))):
            yield Measurement(
                measured=data.brute_force_step(H, delta, eta, B, replacement),
                bound=ctx.claim.bound(eta=eta, p=weight(len(H), B, replacement), **stats),
                parameters=_label(name, B, replacement, eta=str(eta)),
            )


@check(paper.MIXTURE, level=Level.EXACT)
def mixture_against_batches(ctx: Context) -> Iterator[Evidence]:
    """The mixture's moment from its definition, which is also the mean over every batch, in rational arithmetic."""
    for name, curvatures in _small_instances(ctx):
        H = data.hessians(curvatures)
        delta, eta = [Fraction(k + 1, 2) for k in range(len(H[0]))], Fraction(2, 9)
        stats = data.one_step_statistics(H, delta)
        full = data.brute_force_step([data.mean(H)], delta, eta, 1, False)
        single = data.brute_force_step(H, delta, eta, 1, False)
        for B, replacement in SAMPLINGS:
            p = weight(len(H), B, replacement)
            mixture = (1 - p) * full + p * single
            bound = ctx.claim.bound(eta=eta, p=p, **stats)
            where = _label(name, B, replacement)
            yield Measurement(measured=mixture, bound=bound, parameters=where)
            batches = data.brute_force_step(H, delta, eta, B, replacement)
            yield Measurement(measured=batches, bound=bound, parameters=where, what="batches")


# --- the threshold -----------------------------------------------------------------------------------------------------


@check(paper.EXACT_THRESHOLD, level=Level.CERTIFIED)
def certificates_on_both_sides(ctx: Context) -> Iterator[Evidence]:
    """The kernel proves the claimed threshold times 1 - 1e-9 stable and times 1 + 1e-9 unstable."""
    near = Fraction(1, 10**9)
    for (name, curvatures), (B, replacement) in product(NAMED.items(), SAMPLINGS):
        algebraic = moments.algebraic_threshold(curvatures, batch_size=B, replacement=replacement)
        claimed = ctx.claim.bound(lam=(algebraic.low + algebraic.high) / 2)
        for side, eta in (("stable", claimed * (1 - near)), ("unstable", claimed * (1 + near))):
            found = certify(curvatures, Fraction(str(eta)), batch_size=B, replacement=replacement)
            if found.side == side:
                yield found.proof()
            else:  # the opposite is proved
                where = _label(name, B, replacement, claimed=side, proved=found.side)
                yield Measurement(measured=float(algebraic.eta[0]), bound=float(claimed), parameters=where)


@certifier(paper.EXACT_THRESHOLD)
def certificate(
    *, rows: Any, d: Any, eta: Any, batch_size: Any = 1, replacement: Any = 0
) -> tuple[Proof, dict[str, Any]]:
    """Proof that ``eta`` is stable, or that it is unstable, at the minimum with these Jacobian rows.

    Args:
        rows: n * d rational entries, row after row. d: parameters. batch_size, replacement (0 or 1): the sampling.
    """
    entries = list(rows) if isinstance(rows, tuple | list) else [rows]
    width = whole_number(d, "d", least=1)
    if len(entries) % width:
        raise ParameterError(
            f"rows has {len(entries)} entries, which is no multiple of d = {d}; give d entries for each sample"
        )
    table = [entries[i : i + width] for i in range(0, len(entries), width)]
    B = whole_number(batch_size, "batch_size", least=1)
    found = certify(table, eta, batch_size=B, replacement=bool(replacement))
    return found.proof(), {"side": found.side}


@check(paper.EXACT_THRESHOLD, level=Level.EXACT)
def largest_stable_step_by_bisection(ctx: Context) -> Iterator[Evidence]:
    """The step where the spectral radius over all batches crosses one, by bisection, against the closed form."""
    for (name, curvatures), (B, replacement) in product(NAMED.items(), SAMPLINGS):
        H = data.as_floats(curvatures)
        if len(H) > 4:  # 12^2 batches of S12 do not need enumeration: its operator was compared above
            continue
        algebraic = moments.algebraic_threshold(curvatures, batch_size=B, replacement=replacement)
        low, high = 0.0, 2 * float(algebraic.eta[1])
        while high - low > 1e-12 * high:
            middle = (low + high) / 2
            radius = np.linalg.eigvalsh(data.brute_force_operator(H, middle, B, replacement))[-1]
            low, high = (middle, high) if radius <= 1 else (low, middle)
        slope = _growth(H, low, B, replacement)
        yield Measurement(
            measured=low,
            bound=float(ctx.claim.bound(lam=algebraic.high)),
            error=1e-12 * high + 64 * H.shape[1] ** 2 * EPS / slope,
            error_source="rounding",
            parameters=_label(name, B, replacement),
        )


def _growth(H: np.ndarray, eta: float, B: int, replacement: bool) -> float:
    """How fast the radius grows with the step: an error in the radius is one of the step divided by this."""
    above = [np.linalg.eigvalsh(data.brute_force_operator(H, eta * f, B, replacement))[-1] for f in (1.0, 1.01)]
    return float(above[1] - above[0]) / (0.01 * eta)


@check(paper.BATCH_MONOTONE, level=Level.EXACT)
def thresholds_of_all_batch_sizes(ctx: Context) -> Iterator[Evidence]:
    """S12 and random rows, every batch size, both samplings; equal rows, where the batch size does not matter, exactly."""
    rows = {"S12": data.S12, "Gaussian": ctx.rng("rows").standard_normal((8, 5))}
    for (name, G), replacement in product(rows.items(), (False, True)):
        found = [moments.stability_threshold(G, batch_size=B, replacement=replacement) for B in range(1, len(G) + 1)]
        for smaller, larger in pairwise(found):
            yield Measurement(
                measured=larger.value,
                bound=ctx.claim.bound(eta_smaller=smaller.value),
                error=larger.error + smaller.error,
                error_source="solver gap",
                parameters=_label(name, larger.batch_size, replacement),
            )
    exact = [moments.algebraic_threshold([[1, 2]] * 3, batch_size=B).eta[0] for B in (1, 2, 3)]  # 2/5, a rational
    for B in (2, 3):
        yield Measurement(
            measured=exact[B - 1],
            bound=ctx.claim.bound(eta_smaller=exact[B - 2]),
            parameters=_label("equal rows", B, False),
        )


@check(paper.DUAL_THRESHOLD, level=Level.EXACT)
def kernel_matrix_from_its_definition(ctx: Context) -> Iterator[Evidence]:
    """The algebraic threshold against lambda_max(K), K by Lyapunov equations; and Collatz-Wielandt at random q > 0."""
    for name in ("R4", "S12"):
        G = np.asarray(NAMED[name], dtype=float)
        n, d = G.shape
        algebraic = moments.algebraic_threshold(NAMED[name], batch_size=1)
        H = G.T @ G / n
        Y = [scipy.linalg.solve_continuous_lyapunov(H, 2 * np.outer(J, J)) for J in G]
        K = np.array([[Ji @ Yj @ Ji for Yj in Y] for Ji in G]) / n
        lam = float(np.linalg.eigvalsh((K + K.T) / 2)[-1])
        error = 64 * n * d * EPS * lam * np.linalg.cond(H)
        yield Measurement(
            measured=float(algebraic.high),
            bound=ctx.claim.bound(lam_K=lam),
            error=error,
            error_source="rounding",
            parameters={"instance": name},
        )
        for trial in range(3):
            q = ctx.rng("q", name, trial).uniform(0.1, 1.0, n)
            ratios = (K @ q) / q
            for relation, bound in ((Relation.GE, ratios.min()), (Relation.LE, ratios.max())):
                yield Measurement(
                    measured=float(algebraic.high), bound=float(bound), error=error, error_source="rounding",
                    relation=relation, parameters={"instance": name, "q": trial}, what="2/eta* and a quotient of K",
                )  # fmt: skip


# --- bounds ----------------------------------------------------------------------------------------------------------------


def _bounded_instances(ctx: Context) -> Iterator[tuple[str, np.ndarray, int, bool]]:
    rng = ctx.rng("instances")
    rows = {
        "R4": np.array(data.R4, dtype=float),
        "S12": data.S12,
        "Gaussian": rng.standard_normal((7, 4)),
        "heavy tails": rng.standard_t(2, (6, 6)),
        "F3": np.array(data.F3, dtype=float),
    }
    for (name, curvatures), (B, replacement) in product(rows.items(), SAMPLINGS):
        yield name, curvatures, B, replacement


def frobenius(curvatures: np.ndarray) -> tuple[float, float, float]:
    """``Tr H``, ``||H||_F^2``, mean ``||H_i||_F^2``."""
    H = data.as_floats(curvatures)
    mean = H.mean(axis=0)
    return float(np.trace(mean)), float((mean**2).sum()), float((H**2).sum() / len(H))


@check(paper.NECESSARY, level=Level.EXACT)
def thresholds_below_the_necessary_bounds(ctx: Context) -> Iterator[Evidence]:
    """The exact threshold against the trace and rank-one bounds, and these against the looser ones; each attained alone."""
    for name, curvatures, B, replacement in _bounded_instances(ctx):
        t = moments.stability_threshold(curvatures, batch_size=B, replacement=replacement)
        b = moments.bounds(curvatures, batch_size=B, replacement=replacement, threshold=t)
        tr, h2, hi2 = frobenius(curvatures)
        where = _label(name, B, replacement)
        bound = ctx.claim.bound(p=t.p, tr=tr, h2=h2, hi2=hi2, R1=2 / b.rank_one)
        yield Measurement(
            measured=t.value, bound=float(bound), error=t.error, error_source="solver gap", parameters=where
        )
        for smaller, larger in (("rank_one", "top"), ("top", "gd")):
            yield Measurement(
                measured=getattr(b, smaller), bound=getattr(b, larger), error=0, error_source="rounding",
                parameters=where, what=f"the {smaller} bound under the {larger} bound",
            )  # fmt: skip
    # diag(1, 1/2) and diag(4, 1/2): at v = e_1 the quotient mean h^2/mean h = 17/5 is exact, and the trace bound is 24/35
    H = [[[1, 0], [0, Fraction(1, 2)]], [[4, 0], [0, Fraction(1, 2)]]]
    yield Measurement(
        measured=moments.algebraic_threshold(H, batch_size=1).eta[0], parameters=_label("diagonal", 1, False),
        bound=ctx.claim.bound(p=1, tr=3, h2=Fraction(13, 2), hi2=Fraction(35, 4), R1=Fraction(17, 5)),
    )  # fmt: skip
    # random signs in four dimensions, up to a factor -1: |J|^2 = 4, and E (v'J)^4 = 3 - 2 sum v_j^4 is at most 5/2
    signs = [[1, *rest] for rest in product((1, -1), repeat=3)]
    yield certify(signs, Fraction(1, 2), batch_size=1).proof()
    yield Measurement(
        measured=Fraction(1, 2), bound=ctx.claim.bound(p=1, tr=4, h2=4, hi2=16, R1=Fraction(5, 2)),
        what="a step that the kernel proves stable", parameters=_label("signs", 1, False),
    )  # fmt: skip


@check(paper.TRACE, level=Level.EXACT)
def trace_at_the_threshold(ctx: Context) -> Iterator[Evidence]:
    """Random rank-one minima at their own threshold; equality for orthogonal designs, whose threshold is certified."""
    for name, curvatures, B, replacement in _bounded_instances(ctx):
        if curvatures.ndim == 3:
            continue
        t = moments.stability_threshold(curvatures, batch_size=B, replacement=replacement)
        tr, h2, _ = frobenius(curvatures)
        measured = t.p * tr + (1 - t.p) * h2 / tr
        yield Measurement(
            measured=measured, bound=ctx.claim.bound(eta=t.value), error=measured * (t.error / t.value + 16 * EPS),
            error_source="solver gap", parameters=_label(name, B, replacement),
        )  # fmt: skip
    for n, a, B in ((3, 2, 1), (5, 3, 2), (4, 1, 4)):
        eta, p = Fraction(2 * B, a * a), weight(n, B, False)
        design = [[a * (i == j) for j in range(n)] for i in range(n)]
        yield certify(design, eta, batch_size=B).proof()
        trace, squared = Fraction(a * a), Fraction(a**4, n)
        yield Measurement(
            measured=p * trace + (1 - p) * squared / trace,
            bound=ctx.claim.bound(eta=eta),
            parameters=_label(f"orthogonal {n}", B, False),
        )


@check(paper.SUFFICIENT, level=Level.EXACT)
def thresholds_above_the_sufficient_bounds(ctx: Context) -> Iterator[Evidence]:
    """The exact threshold against the identity and per-sample bounds; equal Hessians, which attain both; large non-uniformity."""
    for name, curvatures, B, replacement in _bounded_instances(ctx):
        t = moments.stability_threshold(curvatures, batch_size=B, replacement=replacement)
        H = data.as_floats(curvatures)
        mean = H.mean(axis=0)
        second = (1 - t.p) * mean @ mean + t.p * (H @ H).mean(axis=0)
        lam_I = float(scipy.linalg.eigh(second, mean, eigvals_only=True)[-1])
        h_max = float(np.linalg.eigvalsh(H).max())
        yield Measurement(
            measured=t.value, bound=float(ctx.claim.bound(lam_I=lam_I, h_max=h_max)), error=t.error, error_source="solver gap",
            parameters=_label(name, B, replacement),
        )  # fmt: skip
    equal = moments.algebraic_threshold([[[3, 0], [0, 3]]] * 2, batch_size=1).eta[0]  # 2/3, a rational
    yield Measurement(measured=equal, bound=ctx.claim.bound(lam_I=3, h_max=3), parameters={"instance": "3 I, twice"})
    t = moments.stability_threshold(data.NON_UNIFORM, batch_size=1)
    yield Measurement(
        measured=moments.uniformity(data.NON_UNIFORM) * t.value, bound=1.0, error=1e-12, error_source="rounding",
        what="s eta* where the non-uniformity condition fails", parameters={"instance": "NON_UNIFORM"},
    )  # fmt: skip


@check(paper.GAUSSIAN, level=Level.EXACT)
def operator_of_fresh_gaussian_features(ctx: Context) -> Iterator[Evidence]:
    """The threshold from the d^2 x d^2 operator ``(1 + 1/B) HXH + Tr(XH) H / B``, against the scalar equation."""
    for d, B in product((1, 3, 6), (1, 2, 5)):
        lam = np.sort(1 / np.arange(1, d + 1))[::-1]
        H = np.diag(lam)
        C = (np.kron(H, np.eye(d)) + np.kron(np.eye(d), H)) / 2
        D = (1 + 1 / B) * np.kron(H, H) + np.outer(H.ravel(), H.ravel()) / B
        eta = 2 / float(scipy.linalg.eigh(D, C, eigvals_only=True)[-1])
        # an error of eta moves both sides: 1/eta by eta^-2, the bound by its derivative
        moved = float(np.sum(lam**2 * (1 + 1 / B) / B / (2 - (1 + 1 / B) * eta * lam) ** 2))
        yield Measurement(
            measured=1 / eta,
            bound=ctx.claim.bound(eta=eta, B=B, lam_j=lam.tolist()),
            error=16 * d * d * EPS * (1 / eta + eta * moved) * (lam[0] / lam[-1]),
            error_source="rounding",
            parameters={"d": d, "B": B},
        )


# --- at and around the minimum -------------------------------------------------------------------------------------------


@check(paper.STATIONARY_COVARIANCE, level=Level.EXACT)
def recursion_over_all_batches(ctx: Context) -> Iterator[Evidence]:
    """The recursion of the second moment with gradient noise, over every batch, until it settles."""
    H, g = data.as_floats(data.F3), np.array(data.F3_GRADIENTS, dtype=float)
    for B, replacement in SAMPLINGS:
        for eta in (0.1, 0.3):
            settled = settle(H, g, eta, B, replacement, steps=2000)
            p = noise_fraction(len(H), B, replacement)
            one, mean = np.eye(2), H.mean(axis=0)
            C = (np.kron(mean, one) + np.kron(one, mean)) / 2
            D = (1 - p) * np.kron(mean, mean) + p * np.mean([np.kron(h, h) for h in H], axis=0)
            y = np.trace((np.linalg.pinv(2 * C - eta * D) @ (g.T @ g / len(g)).ravel()).reshape(2, 2))
            yield Measurement(
                measured=settled, bound=ctx.claim.bound(eta=eta, p=p, y=float(y)), error=1e-12 * abs(settled),
                error_source="rounding", parameters=_label("F3", B, replacement, eta=eta),
            )  # fmt: skip


def settle(H: np.ndarray, g: np.ndarray, eta: float, B: int, replacement: bool, steps: int) -> float:
    """``E ||delta||^2`` after ``steps`` steps from 0 at a regular minimum, by enumeration of the batches of each step.

    The mean of delta stays 0 (it starts there and mean g = 0), so the cross terms vanish.
    """
    d = H.shape[1]
    T = data.brute_force_operator(H, eta, B, replacement)
    drawn = [g[list(b)].mean(axis=0) for b in data.batches(len(H), B, replacement)]
    kick = eta**2 * np.mean([np.outer(x, x) for x in drawn], axis=0).ravel()
    s = np.zeros(d * d)
    for _ in range(steps):
        s = T @ s + kick
    return float(np.trace(s.reshape(d, d)))


@check(paper.LOSS_FROBENIUS, level=Level.EXACT)
def loss_over_all_batches(ctx: Context) -> Iterator[Evidence]:
    """The expected loss after one step, over every batch in rational arithmetic, at the best alignment; equality for d = 1."""
    instances = {"R4": data.R4, "integers": data.integer_rows(ctx.rng("rows"), 4, 2)}
    for (name, rows), (B, replacement) in product(instances.items(), SAMPLINGS):
        H = data.hessians(rows)
        mean = data.mean(H)
        h2 = sum(x * x for row in mean for x in row)
        mu0 = Fraction(moments.alignment(rows) * (1 - 1e-10))  # rounded down, so that it is valid
        if mu0 <= 0:
            continue
        delta = [Fraction(int(x), 2) for x in ctx.rng("delta", name).integers(1, 6, len(mean))]
        for eta in (Fraction(1, 5), Fraction(1)):
            after = Fraction(0)
            count = 0
            for batch in data.batches(len(H), B, replacement):
                moved = data.apply(data.mean([H[i] for i in batch]), delta)
                after += loss_of(mean, [x - eta * y for x, y in zip(delta, moved, strict=True)])
                count += 1
            yield Measurement(
                measured=after / count,
                bound=ctx.claim.bound(
                    eta=eta, p=weight(len(H), B, replacement), mu0=mu0, h2=h2, loss=loss_of(mean, delta)
                ),
                parameters=_label(name, B, replacement, eta=str(eta)),
            )

    h, fourth, step = (
        Fraction(5, 2),
        Fraction(17, 2),
        Fraction(2, 5),
    )  # rows 1 and 2: mean J^2, mean J^4, and eta = 1/mean J^2
    after = (loss_of([[h]], [1 - step]) + loss_of([[h]], [1 - 4 * step])) / 2
    mu0 = (fourth - h**2) / h**2
    bound = ctx.claim.bound(eta=step, p=1, mu0=mu0, h2=h**2, loss=loss_of([[h]], [Fraction(1)]))
    yield Measurement(measured=after, bound=bound, parameters=_label("1, 2", 1, False))


def loss_of(H: Any, delta: Any) -> Any:
    """``delta' H delta / 2``."""
    return sum(x * y for x, y in zip(delta, data.apply(H, delta), strict=True)) / 2
