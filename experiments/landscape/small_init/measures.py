"""Population descent: norms beside the power method, the null space, singular values one by one, the flow."""

from fractions import Fraction as F
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, around, cases, measure
from gradproof.experiments.landscape.small_init.instances import (
    EPS, SPECTRUM, TENTH, Diagonal, Start, commuting, gaussian,
)  # fmt: skip
from gradproof.solvers.low_rank import Iterate, flow, hitting_time, integrate, singular_values
from gradproof.theory.landscape import small_init as paper

#: n = 8 with fewer columns than the rank, as many as rows, and more; the last at the longest step allowed
STARTS = [gaussian(2, 0.1), gaussian(8, 0.1), gaussian(20, 1e-3), gaussian(8, 0.3, 12, (F(1), F(1, 2), F(0)), F(1, 2))]
DIAGONAL = [
    Diagonal((F(1), F(1, 2), F(0)), (F(1, 2), F(1, 3), F(1, 4))),
    Diagonal((F(1), F(1), F(0)), (F(1, 10),) * 3),
    Diagonal((F(2), F(1), F(0)), (F(1, 10), F(1, 10), F(1, 20)), F(1, 4)),
]
EDGE = Diagonal((F(1), F(0)), (F(1), F(1, 3)), F(1, 2))  # the norm is that of the signal already, the step the longest


def at(start: Start | Diagonal, t: Any = None, **more: Any) -> dict[str, Any]:
    """Parameters of the claims, floats beside floats and exact beside exact numbers."""
    exact = isinstance(start, Diagonal)
    known = {"mu": start.mu, "lam": start.lam, "lam_r": start.eigenvalues[start.r - 1]}
    known = known if exact else {name: float(x) for name, x in known.items()}
    return {**known, **({} if t is None else {"t": t}), **more}


def top(part: tuple[np.ndarray, float]) -> tuple[float, float]:
    """The spectral norm and its error."""
    values, error = singular_values(part)
    return float(values[0]), error


def squared(value: Any, error: Any) -> Enclosed:
    """The square of a nonnegative number that is known up to an error."""
    return around(value**2, (2 * value + error) * error + 4 * EPS * value**2)


def rows(part: tuple[np.ndarray, float], which: Any) -> tuple[np.ndarray, tuple[np.ndarray, float]]:
    """The part of a matrix in some rows, and its error as it is."""
    return part[0][which], (part[0][which], part[1])


# --- the spectral phase ----------------------------------------------------------------------------------------------


@measure(paper.NORM_INVARIANT, cases(start=[*STARTS, commuting((F(1, 2),) * 8, steps=12)]))
def norm_after(start: Start) -> Any:
    r"""$\|U_{t+1}\|^2$ at every step, by singular values of balls."""
    found = np.array([top(it.U) for it in start.path[1:]])
    return squared(found[:, 0], found[:, 1]), at(start)


@measure((paper.NORM_INVARIANT,), cases(start=[*DIAGONAL, EDGE]), name="norm_after_exactly")
def norm_after_exactly(start: Diagonal, steps: int = 4) -> Any:
    r"""$\|U_{t+1}\|^2$ of diagonal matrices in rationals; from the signal's own norm it stays."""
    for s, _ in start.path(steps)[1:]:
        yield max(x * x for x in s), at(start)


@measure(paper.NORM_GROWTH, cases(start=STARTS))
def growth_of_columns(start: Start) -> Any:
    r"""The greatest $\|U_te_j\|^2/\|U_0e_j\|^2$ over the columns, at every step."""
    first = np.linalg.norm(start.path[0].U[0], axis=0)
    lengths = np.array([np.linalg.norm(it.U[0], axis=0) for it in start.path[1:]])
    errors = np.array([it.U[1] for it in start.path[1:]])[:, None] + 4 * len(start.eigenvalues) * EPS * lengths
    ratio, error = lengths / first, (errors + lengths / first * start.path[0].U[1]) / first
    j, t = np.argmax(ratio, axis=1), np.arange(len(ratio))
    return squared(ratio[t, j], 2 * error[t, j]), at(start, t + 1.0)


@measure(paper.NORM_GROWTH, cases(start=DIAGONAL))
def growth_exactly(start: Diagonal, steps: int = 4) -> Any:
    """The same of the first column, in rationals."""
    path = start.path(steps)
    for t in range(1, steps + 1):
        yield (path[t][0][0] / path[0][0][0]) ** 2, at(start, t)


@measure(paper.POWER_PHASE, cases(start=[*STARTS, gaussian(20, 1e-8, 80)]))
def distance_to_power_method(start: Start) -> Any:
    r"""$\|U_t - Y_t\|$ from the second step on; the difference is taken of balls."""
    found = np.array([top(it.apart) for it in start.path[2:]])
    return around(found[:, 0], found[:, 1]), at(start, np.arange(2.0, len(found) + 2), n0=start.n0)


@measure(paper.POWER_PHASE, cases(start=DIAGONAL))
def distance_exactly(start: Diagonal, steps: int = 4) -> Any:
    r"""$\|U_t - Y_t\|$ in rationals; at $t = 1$ the bound is attained."""
    for t, (s, y) in enumerate(start.path(steps)):
        if t:
            yield max(abs(a - b) for a, b in zip(s, y, strict=True)), at(start, t, n0=max(start.sizes))


def least_signal(it: Iterate, r: int) -> tuple[float, float]:
    """The r-th singular value of V'Y_t, with its error; 0 where there are fewer columns."""
    values, error = singular_values(rows(it.Y, slice(r))[1])
    return (float(values[r - 1]), error) if len(values) == r else (0.0, 0.0)


FULL = [s for s in STARTS if "overlap" in s.guarantees]


@measure(paper.SIGNAL_GROWTH, cases(start=FULL))
def signal_of_power_method(start: Start) -> Any:
    r"""$\sigma_{r_*}(V^\top Y_t)^2$ at every step."""
    found = np.array([least_signal(it, start.r) for it in start.path])
    values, errors = found[1:, 0], found[1:, 1] + found[1:, 0] * found[0, 1] / max(found[0, 0], 1e-300)
    return squared(values, errors), at(start, np.arange(1.0, len(found)), sigma0=max(float(found[0, 0]), 1e-300))


@measure(paper.POWER_ALIGNMENT, cases(start=FULL))
def alignment(start: Start) -> Any:
    r"""$\|PY_t\|/\sigma_{r_*}(V^\top Y_t)$ at every step."""
    low = np.array([least_signal(it, start.r) for it in start.path])
    null = np.array([top(rows(it.Y, slice(start.r, None))[1]) for it in start.path])
    ratio = null[:, 0] / low[:, 0]
    error = 2 * ratio * (null[:, 1] / null[:, 0] + low[:, 1] / low[:, 0])
    error = error[1:] + ratio[1:] * error[0] / ratio[0]
    return around(ratio[1:], error), at(start, np.arange(1.0, len(ratio)), rho0=float(ratio[0]))


@measure(paper.SIGNAL_GROWTH, cases(start=DIAGONAL), name="signal_exactly")
def signal_exactly(start: Diagonal, steps: int = 6) -> Any:
    r"""$\sigma_{r_*}(V^\top Y_t)^2$ in rationals; the smallest eigenvalue attains the bound where it carries the least."""
    for t, (_, y) in enumerate(start.path(steps)):
        if t:
            yield min(y[: start.r]) ** 2, at(start, t, sigma0=min(start.sizes[: start.r]))


@measure(paper.POWER_ALIGNMENT, cases(start=DIAGONAL), name="alignment_exactly")
def alignment_exactly(start: Diagonal, steps: int = 6) -> Any:
    """The ratio in rationals; equal eigenvalues attain the bound."""
    first = max(start.sizes[start.r :]) / min(start.sizes[: start.r])
    for t, (_, y) in enumerate(start.path(steps)):
        if t:
            yield max(y[start.r :]) / min(y[: start.r]), at(start, t, rho0=first)


# --- the null space --------------------------------------------------------------------------------------------------

#: large enough that the decay shows beside rounding
LARGE = [gaussian(2, 0.1), gaussian(8, 0.1), gaussian(8, 0.3, 12, (F(1), F(1, 2), F(0)), F(1, 2)), gaussian(20, 0.3, 60)]


@measure(paper.NULL_MONOTONE, cases(start=LARGE, frobenius=[False, True]))
def null_part(start: Start, frobenius: bool) -> Any:
    r"""$\|PU_t\|^2$ at every step, spectral or Frobenius."""
    found = []
    for it in start.path:
        part, known = rows(it.U, slice(start.r, None))
        length = float(np.linalg.norm(part))
        found.append((length, it.U[1] + part.size * EPS * length) if frobenius else top(known))
    values = np.array(found)
    errors = values[1:, 1] + values[1:, 0] * values[0, 1] / values[0, 0]
    first = float(values[0, 0]) ** 2
    return squared(values[1:, 0], errors), at(start, np.arange(1.0, len(values)), q0=first, q=first)


@measure(paper.NULL_DECAY, cases(start=LARGE).guaranteeing("null_start"))
def null_decay(start: Start) -> Any:
    r"""$\|PU_t\|^2$ at every step."""
    return null_part(start, False)


@measure((paper.NULL_MONOTONE, paper.NULL_DECAY), cases(start=[*DIAGONAL, EDGE]).guaranteeing("null_start"))
def null_part_exactly(start: Diagonal, steps: int = 5) -> Any:
    r"""$\|PU_t\|^2$ in rationals."""
    first = max(start.sizes[start.r :]) ** 2
    for t, (s, _) in enumerate(start.path(steps)):
        if t:
            yield max(s[start.r :]) ** 2, at(start, t, q0=first, q=first)


@measure(paper.NULL_FLOOR, cases(alpha=[F(1, 10), F(1, 3), F(1)], mu=[TENTH, F(1, 2)], steps=[1, 4, 400]).where(
    lambda steps, alpha: steps < 5 or alpha == 1).guaranteeing("psd_ground_truth", "population", "commuting_init"))  # fmt: skip
def null_value(alpha: F, mu: F, steps: int) -> Any:
    r"""$s_t^2$ on the null space: few steps in rationals, many by balls."""
    if steps < 5:
        s = alpha
        for _ in range(steps):
            s = s * (1 - mu * s * s)
        return s * s, {"t": steps}
    start = Start("null", (F(0),), [[alpha]], mu, steps, lam=F(1))
    return squared(*top(start.path[-1].U)), {"t": steps, "alpha": float(alpha), "mu": float(mu)}


# --- one singular value after the other ------------------------------------------------------------------------------

COMMUTING = [
    commuting((F(1, 10),) * 8),
    commuting((F(1, 2), F(1, 100), F(1, 7), F(1, 3), F(1, 20)), (F(3), F(1), F(1, 2), F(0), F(0))),
]


def lengths(start: Start) -> tuple[np.ndarray, np.ndarray]:
    """``||U_t'v_i||``, (steps + 1, n), and errors."""
    values = np.array([np.linalg.norm(it.U[0], axis=1) for it in start.path])
    errors = np.array([it.U[1] for it in start.path])[:, None] + 4 * len(start.U0[0]) * EPS * values
    return values, errors


@measure(paper.DECOUPLED, cases(start=COMMUTING))
def next_singular_values(start: Start) -> Any:
    r"""$\|U_{t+1}^\top v_i\|$ of the matrix recursion, for every $i$ and $t$, beside $s_t = \|U_t^\top v_i\|$."""
    values, errors = lengths(start)
    eigenvalues = np.broadcast_to(np.array(start.eigenvalues, float), values[1:].shape).ravel()
    error = errors[1:].ravel() + 2 * errors[:-1].ravel()  # of s_t too, which a step magnifies by less than 2
    return around(values[1:].ravel(), error), {"mu": float(start.mu), "lam_i": eigenvalues + TINY, "s": values[:-1].ravel()}


#: an eigenvalue of zero is no admitted parameter; the least float moves no digit
TINY = 5e-324


@measure(paper.DECOUPLED, cases(start=DIAGONAL, i=[0, 1]))
def next_singular_value_exactly(start: Diagonal, i: int, steps: int = 4) -> Any:
    """The same by products of rational matrices, with both axes turned."""
    a, b = F(3, 5), F(4, 5)
    turn = np.array([[a, b, F(0)], [-b, a, F(0)], [F(0), F(0), F(1)]], dtype=object)
    M = turn @ np.diag(np.array(start.eigenvalues, dtype=object)) @ turn.T
    U = turn @ np.diag(np.array(start.sizes, dtype=object)) @ turn
    v = turn[:, i]
    for _ in range(steps):
        after = U + start.mu * (M - U @ U.T) @ U
        s, moved = start_length(U.T @ v), start_length(after.T @ v)
        yield moved, {"mu": start.mu, "lam_i": start.eigenvalues[i], "s": s}
        U = after


def start_length(u: np.ndarray) -> F:
    """The length of a vector whose squared length is a rational square."""
    square = F(u @ u)
    root = F(*(int(np.round(0)) if not x else _root(x) for x in (square.numerator, square.denominator)))
    return root


def _root(x: int) -> int:
    from math import isqrt

    root = isqrt(x)
    if root * root != x:
        raise ArithmeticError(f"{x} is no square")
    return root


@measure(paper.ESCAPE, cases(start=[gaussian(2, 0.1), gaussian(8, 0.1), gaussian(20, 1e-3, 50)], i=[0, 1]).guaranteeing("below_half"))
def escape(start: Start, i: int) -> Any:
    r"""$\|U_t^\top v_i\|^2$ as long as all steps before had $\|U_j\|^2 \le \lambda_i/2$."""
    half = float(start.eigenvalues[i]) / 2
    last = next(t for t, it in enumerate(start.path) if sum(top(it.U)) ** 2 * (1 + 1e-12) > half)
    values, errors = (x[: last + 1, i] for x in lengths(start))
    errors = errors[1:] + values[1:] * errors[0] / values[0]
    known = {"lam_i": float(start.eigenvalues[i]), "a0": float(values[0]) ** 2}
    return squared(values[1:], errors), at(start, np.arange(1.0, last + 1), **known)


@measure(paper.ESCAPE, cases(start=DIAGONAL).guaranteeing("below_half"))
def escape_exactly(start: Diagonal, steps: int = 4) -> Any:
    """The same of the largest eigenvalue, in rationals."""
    path = start.path(steps)
    for t in range(1, steps + 1):
        if all(max(s) ** 2 <= start.lam / 2 for s, _ in path[:t]):
            yield path[t][0][0] ** 2, at(start, t, lam_i=start.lam, a0=path[0][0][0] ** 2)


LEARNED = cases(lam_i=[F(3), F(1), F(1, 2)], alpha=[F(1, 10), F(1, 1000), F(1, 10**8)], mu=[TENTH, F(1, 100)])
HELD = ("psd_ground_truth", "population", "commuting_init")


@measure((paper.ESCAPE_NOT_BEFORE, paper.ESCAPE_NOT_AFTER), LEARNED.guaranteeing(*HELD))
def time_of_escape(lam_i: F, alpha: F, mu: F) -> Any:
    r"""The first $t$ with $s_t^2 \ge \lambda_i/2$, decided in balls."""
    return hitting_time(lam_i, alpha, mu)


@measure(paper.SETTLING, cases(lam_i=[F(1), F(3)], share=[F(1, 2), F(3, 4)], product=[F(1, 10), F(1, 2)]).guaranteeing(*HELD, "halfway"))
def what_is_left(lam_i: F, share: F, product: F, steps: int = 25) -> Any:
    r"""$\lambda_i - s_t^2$ from $s_0^2$ at a share of $\lambda_i$, by balls; $\mu\lambda_i$ is the product."""
    size = F(float(lam_i * share) ** 0.5 * (1 + 1e-15))
    start = Start("one value", (lam_i,), [[size]], product / lam_i, steps, lam=max(lam_i, size * size))
    values = np.array([top(it.U) for it in start.path[1:]])
    found = squared(values[:, 0], values[:, 1])
    left = Enclosed(float(lam_i) - found.high, float(lam_i) - found.low, "rounding")
    mu, d0 = float(start.mu), float(lam_i - size * size)
    return left, {"lam_i": float(lam_i), "mu": mu, "t": np.arange(1.0, steps + 1), "d0": d0}


# --- the flow --------------------------------------------------------------------------------------------------------

COSINES = np.array([[np.cos(1 + 3 * i + 2 * j + i * j) for j in range(4)] for i in range(4)])
TURNED = np.array([[2.0, 0.5, 0, 0], [0.5, 1, 0.25, 0], [0, 0.25, 0.5, 0], [0, 0, 0, 0]])
FLOWS = [
    {"M": np.diag([2.0, 1, 0, 0]), "U0": 0.05 * COSINES[:, :3], "time": F(3)},
    {"M": TURNED, "U0": 0.3 * COSINES[:, :1], "time": F(1)},
    {"M": TURNED, "U0": 0.1 * (COSINES + np.eye(4)), "time": F(3, 2)},
]


@measure(paper.FLOW_CLOSED_FORM, cases(at=FLOWS).guaranteeing("gradient_flow"))
def flow_by_its_series(M: np.ndarray, U0: np.ndarray, time: F) -> Any:
    r"""The entries of $UU^\top$ by Taylor steps of $W' = MW + WM - 2W^2$, beside the closed form."""
    found, closed = integrate(M, U0, time), flow(M, U0, time)
    return around(found.W.ravel(), found.error + closed.error, "truncation"), {"w": closed.W.ravel()}
