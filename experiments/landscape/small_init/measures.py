"""Population descent: norms beside the power method, the null space, singular values one by one, the flow."""

from dataclasses import dataclass
from fractions import Fraction as F
from functools import cache
from math import isqrt
from typing import Any

import numpy as np

from gradproof.experiments.engine.measure import Enclosed, around, cases, measure
from gradproof.experiments.landscape.small_init.instances import (
    EPS,
    TENTH,
    Diagonal,
    Start,
    commuting,
    gaussian,
)  # fmt: skip
from gradproof.solvers.low_rank import flow, hitting_time, integrate, singular_values
from gradproof.theory.errors import ParameterError
from gradproof.theory.landscape import small_init as paper

#: n = 8 with fewer columns than the rank, as many as rows, and more; the last at the longest step allowed
STARTS = [gaussian(2, 0.1), gaussian(8, 0.1), gaussian(20, 1e-3), gaussian(8, 0.3, 12, (F(1), F(1, 2), F(0)), F(1, 2))]
#: every size of start with every width, as far as descent has just learned the first eigenvalue
MORE = [gaussian(k, 10.0**-a, int(np.ceil(a * np.log(10) / np.log(1.3))) + 10) for k in (2, 8, 20) for a in range(1, 9)]
DIAGONAL = [
    Diagonal((F(1), F(1, 2), F(0)), (F(1, 2), F(1, 3), F(1, 4))),
    Diagonal((F(1), F(1), F(0)), (F(1, 10),) * 3),
    Diagonal((F(2), F(1), F(0)), (F(1, 10), F(1, 10), F(1, 20)), F(1, 4)),
]
EDGE = Diagonal((F(1), F(0)), (F(1), F(1, 3)), F(1, 2))  # the norm is that of the signal already, the step the longest


def at(start: Start | Diagonal, t: Any = None, **more: Any) -> dict[str, Any]:
    """Parameters of the claims, floats beside floats and exact beside exact numbers."""
    exact = isinstance(start, Diagonal)
    known: dict[str, Any] = {"mu": start.mu, "lam": start.lam, "lam_r": start.eigenvalues[start.r - 1]}
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


measure(paper.NORM_INVARIANT, cases(start=MORE), budget="full", name="norm_after_from_every_start")(norm_after)


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


measure(paper.NORM_GROWTH, cases(start=MORE), budget="full", name="growth_from_every_start")(growth_of_columns)


@measure(paper.NORM_GROWTH, cases(start=DIAGONAL))
def growth_exactly(start: Diagonal, steps: int = 4) -> Any:
    """The same of the first column, in rationals."""
    path = start.path(steps)
    for t in range(1, steps + 1):
        yield (path[t][0][0] / path[0][0][0]) ** 2, at(start, t)


@measure(paper.POWER_PHASE, cases(start=[*STARTS, gaussian(20, 1e-8, 80)]))
def distance_to_power_method(start: Start, first: int = 2) -> Any:
    r"""$\|U_t - Y_t\|$ from the second step on; the difference is taken of balls."""
    found = np.array([top(it.apart) for it in start.path[first:]])
    return around(found[:, 0], found[:, 1]), at(start, np.arange(first, start.steps + 1.0), n0=start.n0)


measure(paper.POWER_PHASE, cases(start=MORE), budget="full", name="distance_from_every_start")(distance_to_power_method)


@measure(paper.POWER_PHASE, cases(start=DIAGONAL))
def distance_exactly(start: Diagonal, steps: int = 4) -> Any:
    r"""$\|U_t - Y_t\|$ in rationals; at $t = 1$ the bound is attained."""
    for t, (s, y) in enumerate(start.path(steps)):
        if t:
            yield max(abs(a - b) for a, b in zip(s, y, strict=True)), at(start, t, n0=max(start.sizes))


def least_signal(part: tuple[np.ndarray, float], r: int) -> tuple[float, float]:
    """The r-th singular value of V'Y_t, with its error; 0 where there are fewer columns."""
    values, error = singular_values(rows(part, slice(r))[1])
    return (float(values[r - 1]), error) if len(values) == r else (0.0, 0.0)


FULL = [s for s in STARTS if "overlap" in s.guarantees]


@measure(paper.SIGNAL_GROWTH, cases(start=FULL))
def signal_of_power_method(start: Start, sigma0: float = 0.0, iterate: str = "Y") -> Any:
    r"""$\sigma_{r_*}(V^\top Y_t)^2$ at every step; the start's own, unless another is claimed."""
    found = np.array([least_signal(getattr(it, iterate), start.r) for it in start.path])
    sigma0 = sigma0 or float(found[0, 0])
    errors = found[1:, 1] + found[1:, 0] * found[0, 1] / sigma0
    return squared(found[1:, 0], errors), at(start, np.arange(1.0, len(found)), sigma0=sigma0)


@measure(paper.POWER_ALIGNMENT, cases(start=FULL))
def alignment(start: Start, rho0: float = 0.0, iterate: str = "Y") -> Any:
    r"""$\|PY_t\|/\sigma_{r_*}(V^\top Y_t)$ at every step; the start's own first, unless another is claimed."""
    parts = [getattr(it, iterate) for it in start.path]
    low = np.array([least_signal(part, start.r) for part in parts])
    null = np.array([top(rows(part, slice(start.r, None))[1]) for part in parts])
    with np.errstate(divide="ignore"):
        least = (null[:, 0] - null[:, 1]) / (low[:, 0] + low[:, 1])
        most = (null[:, 0] + null[:, 1]) / np.maximum(low[:, 0] - low[:, 1], 0)
    t, spread = np.arange(1.0, len(low)), 1.0
    if not rho0:  # the start's own is known to a factor
        rho0, spread = float(null[0, 0] / low[0, 0]), float(most[0] / least[0])
    return Enclosed(least[1:] / spread, most[1:] * spread, "rounding"), at(start, t, rho0=rho0)


WIDE = [s for s in MORE if "overlap" in s.guarantees]
measure(paper.SIGNAL_GROWTH, cases(start=WIDE), budget="full", name="signal_from_every_start")(signal_of_power_method)
measure(paper.POWER_ALIGNMENT, cases(start=WIDE), budget="full", name="alignment_from_every_start")(alignment)


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
LARGE = [
    gaussian(2, 0.1),
    gaussian(8, 0.1),
    gaussian(8, 0.3, 12, (F(1), F(1, 2), F(0)), F(1, 2)),
    gaussian(20, 0.3, 60),
]


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
def null_decay(start: Start, share: float = 1.0) -> Any:
    r"""$\|PU_t\|^2$ at every step; ``share`` of the first is claimed."""
    value, known = null_part(start, False)
    return value, {**known, "q": share * known["q"]}


@measure((paper.NULL_MONOTONE, paper.NULL_DECAY), cases(start=[*DIAGONAL, EDGE]).guaranteeing("null_start"))
def null_part_exactly(start: Diagonal, steps: int = 5) -> Any:
    r"""$\|PU_t\|^2$ in rationals."""
    first = max(start.sizes[start.r :]) ** 2
    for t, (s, _) in enumerate(start.path(steps)):
        if t:
            yield max(s[start.r :]) ** 2, at(start, t, q0=first, q=first)


COMMUTING = [
    commuting((F(1, 10),) * 8),
    commuting((F(1, 2), F(1, 100), F(1, 7), F(1, 3), F(1, 20)), (F(3), F(1), F(1, 2), F(0), F(0))),
]


def lengths(start: Start) -> tuple[np.ndarray, np.ndarray]:
    """``||U_t'v_i||``, (steps + 1, n), and errors."""
    values = np.array([np.linalg.norm(it.U[0], axis=1) for it in start.path])
    errors = np.array([it.U[1] for it in start.path])[:, None] + 4 * len(start.U0[0]) * EPS * values
    return values, errors


@measure(paper.NULL_FLOOR, cases(start=COMMUTING[0]))
def null_row(start: Start) -> Any:
    """The last row's squared length in the matrix recursion, at every step."""
    values, errors = (x[:, -1] for x in lengths(start))
    known = at(start, np.arange(1.0, start.steps + 1), alpha=float(values[0]))
    return squared(values[1:], errors[1:] + errors[0]), known


@measure(paper.NULL_FLOOR, cases(alpha=[F(1, 10), F(1, 3), F(1)], mu=[TENTH, F(1, 2)], steps=[1, 4, 400]).where(
    lambda steps, alpha: steps < 5 or alpha == 1).guaranteeing("population", "commuting_init"))  # fmt: skip
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


@measure(paper.DECOUPLED, cases(start=COMMUTING))
def next_singular_values(start: Start) -> Any:
    r"""$\|U_{t+1}^\top v_i\|$ of the matrix recursion, for every $i \le r_*$ and $t$, beside $s_t = \|U_t^\top v_i\|$."""
    values, errors = lengths(start)
    values, errors = values[:, : start.r], errors[:, : start.r]
    lam_i = np.broadcast_to(np.array(start.eigenvalues[: start.r], float), values[1:].shape).ravel()
    error = errors[1:].ravel() + 2 * errors[:-1].ravel()  # of s_t too, which a step magnifies by less than 2
    return around(values[1:].ravel(), error), {"mu": float(start.mu), "lam_i": lam_i, "s": values[:-1].ravel()}


@measure(paper.DECOUPLED, cases(start=DIAGONAL, i=[0, 1]))
def next_singular_value_exactly(start: Diagonal, i: int, steps: int = 4) -> Any:
    """The same by products of rational matrices, turned about an axis on both sides; lengths are roots of rational squares."""
    turn = np.array([[F(3, 5), F(4, 5), F(0)], [F(-4, 5), F(3, 5), F(0)], [F(0), F(0), F(1)]], dtype=object)
    M, U = (turn @ np.diag(np.array(x, dtype=object)) for x in (start.eigenvalues, start.sizes))
    M, U, v = M @ turn.T, U @ turn, turn[:, i]
    for _ in range(steps):
        after = U + start.mu * (M - U @ U.T) @ U
        yield length(after.T @ v), {"mu": start.mu, "lam_i": start.eigenvalues[i], "s": length(U.T @ v)}
        U = after


def length(u: np.ndarray) -> F:
    """The length of a rational vector whose squared length is the square of a rational."""
    square = F(u @ u)
    root = F(isqrt(square.numerator), isqrt(square.denominator))
    if root * root != square:
        raise ParameterError(f"{square} is the square of no rational")
    return root


@measure(
    paper.ESCAPE,
    cases(start=[gaussian(2, 0.1), gaussian(8, 0.1), gaussian(20, 1e-3, 50)], i=[0, 1]).guaranteeing("below_half"),
)
def escape(start: Start, i: int, last: int = 0) -> Any:
    r"""$\|U_t^\top v_i\|^2$ as long as all steps before had $\|U_j\|^2 \le \lambda_i/2$."""
    half = float(start.eigenvalues[i]) / 2
    last = last or next(t for t, it in enumerate(start.path) if sum(top(it.U)) ** 2 * (1 + 1e-12) > half)
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
HELD = ("population", "commuting_init")


@measure((paper.ESCAPE_NOT_BEFORE, paper.ESCAPE_NOT_AFTER), LEARNED.guaranteeing(*HELD))
def time_of_escape(lam_i: F, alpha: F, mu: F) -> Any:
    r"""The first $t$ with $s_t^2 \ge \lambda_i/2$, decided in balls."""
    return hitting_time(lam_i, alpha, mu), {"lam_i": float(lam_i), "alpha": float(alpha), "mu": float(mu)}


@measure(
    paper.SETTLING,
    cases(lam_i=[F(1), F(3)], share=[F(1, 2), F(3, 4)], product=[F(1, 10), F(1, 2)]).guaranteeing(*HELD, "halfway"),
)
def what_is_left(lam_i: F, share: F, product: F, first: int = 1, steps: int = 25, gain: F = F(1)) -> Any:
    r"""$\lambda_i - s_t^2$ from $s_0^2$ at a share of $\lambda_i$, by balls; $\mu\lambda_i$ is the product."""
    size = F(float(lam_i * share) ** 0.5 * (1 + 1e-15))
    start = Start("one value", (lam_i,), [[size]], gain * product / lam_i, steps)
    values = np.array([top(it.U) for it in start.path[first:]])
    found = squared(values[:, 0], values[:, 1])
    left = Enclosed(float(lam_i) - found.high, float(lam_i) - found.low, "rounding")
    d0 = float(lam_i - size * size)
    return left, {"lam_i": float(lam_i), "mu": float(product / lam_i), "t": np.arange(first, steps + 1.0), "d0": d0}


# --- the flow --------------------------------------------------------------------------------------------------------

COSINES = np.array([[np.cos(1 + 3 * i + 2 * j + i * j) for j in range(4)] for i in range(4)])
TURNED = np.array([[2.0, 0.5, 0, 0], [0.5, 1, 0.25, 0], [0, 0.25, 0.5, 0], [0, 0, 0, 0]])


@dataclass(frozen=True, eq=False)
class Flow:
    """M (n, n), U_0 (n, k), and the time at which the flow is read."""

    name: str
    M: np.ndarray
    U0: np.ndarray
    time: F
    guarantees: frozenset[str] = frozenset({"gradient_flow"})


FLOWS = [
    Flow("three columns, t = 3", np.diag([2.0, 1, 0, 0]), 0.05 * COSINES[:, :3], F(3)),
    Flow("one column, t = 1", TURNED, 0.3 * COSINES[:, :1], F(1)),
    Flow("an invertible start, t = 3/2", TURNED, 0.1 * (COSINES + np.eye(4)), F(3, 2)),
]


@cache
def solved(case: Flow) -> tuple[Any, Any]:
    """By Taylor steps, and by the closed form."""
    return integrate(case.M, case.U0, case.time), flow(case.M, case.U0, case.time)


@measure(paper.FLOW_CLOSED_FORM, cases(case=FLOWS))
def flow_by_its_series(case: Flow) -> Any:
    r"""The entries of $UU^\top$ by Taylor steps of $W' = MW + WM - 2W^2$, beside the closed form."""
    found, closed = solved(case)
    return around(found.W.ravel(), found.error + closed.error, "truncation"), {"w": closed.W.ravel()}
