"""Structured primal-dual interior-point method for the ReLU program.

Nesterov-Todd scaling on the second-order cones ||x_b|| <= t_b and on A_i x_b >= 0, with Mehrotra's correction. All blocks
of a pattern share X: the 2P Hessians (d, d) come from one product, and the coupling through the n residuals is one symmetric
rank-Pd product, O(n^2 P d) a step. The primal stays strictly feasible from the patterns' own directions, so each iterate gives
a true upper bound; its residuals and multipliers give a true lower bound.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import dsyrk

from gradproof.solvers.relu_program.program import Program, Solution, lower_bound, upper_bound
from gradproof.theory.errors import DomainError, GradproofError

#: The start: complementarity of the orthant relative to that of the cones, and the least slack relative to the median one.
_START, _FLOOR = 0.003, 0.03


class NotSolved(GradproofError):
    """The interior-point method found no bounds at all."""


def train(program: Program, *, gap: float = 1e-8, max_iterations: int = 100) -> Solution:
    """Solve the program; the bounds of what comes back hold whatever rounding did.

    Args:
        gap: (upper - lower) / upper to stop at, in (1e-13, 1). Where doubles do not carry that far, or the iterations end, the best
            solution comes back with the ``gap`` that it has.

    Raises:
        DomainError: gap outside its range.
        NotSolved: no bound but 0 <= p* was found.
    """
    if not 1e-13 < gap < 1:
        raise DomainError(f"gap = {gap} must lie in (1e-13, 1); doubles carry no more")
    work = _Work(program)
    point = work.start()
    best = work.bounds(point, 0, exactly=True)
    nearest, at, taken = np.inf, point, 0  # the least gap but for rounding
    for iteration in range(max_iterations):
        now = work.bounds(point, iteration, exactly=False).gap
        if now < nearest:
            nearest, at, taken = now, point, iteration
        if now <= gap:
            best = min(best, work.bounds(point, iteration, exactly=True), key=lambda s: s.gap)
            if best.gap <= gap:
                return best
        try:
            with np.errstate(divide="raise", invalid="raise", over="raise"):
                after = work.step(point, accuracy=1e-4 * gap)
        except (np.linalg.LinAlgError, FloatingPointError):
            break  # the cones' determinants have lost all digits: what was reached is what doubles give
        if after is None:
            break
        point = after
    best = min(best, work.bounds(at, taken, exactly=True), key=lambda s: s.gap)
    if not best.gap < 1:
        raise NotSolved(f"no lower bound above zero after {taken} steps; is the data scaled badly?")
    return best


class _Point(NamedTuple):
    x: np.ndarray  # (2, P, d)
    t: np.ndarray  # (2, P)
    z: np.ndarray  # (2, P, d): with beta, the dual of (t, x)
    s: np.ndarray  # (2, P, n) = X x: with the signs of A, so are
    lam: np.ndarray  # (2, P, n), the multipliers; the signs cancel in every product of the two


class _Work:
    def __init__(self, program: Program) -> None:
        self.p = program
        self.X, self.XT, self.C = program.X, np.ascontiguousarray(program.X.T), program.signs
        n, d = self.X.shape
        self.products = (self.X[:, :, None] * self.X[:, None, :]).reshape(n, d * d)
        self.degree = 2 * len(self.C) * (n + 1)

    # --- the start and the bounds ---

    def start(self) -> _Point:
        U = self.p.patterns.U
        U = U / np.linalg.norm(U, axis=1)[:, None]
        # opposite blocks predict nothing; their regularisation has the size of the zero network's value
        x = np.stack([U, U]) * max(self.p.zero_value / (2 * self.p.beta * len(U)), 1e-300)
        s = x @ self.XT
        t = 2 * np.linalg.norm(x, axis=2)
        mu = _START * self.p.beta * t.mean()
        # a tiny slack would ask for a huge multiplier
        lam = mu * self.C / np.maximum(np.abs(s), _FLOOR * np.median(np.abs(s)))
        return _Point(x, t, np.zeros_like(x), s, lam)

    def bounds(self, q: _Point, iteration: int, *, exactly: bool) -> Solution:
        nu = self.p.y - self.p.predict(q.x)
        if exactly:
            lam = self.C * q.lam
            return Solution(q.x, nu, lam, lower_bound(self.p, nu, lam), upper_bound(self.p, q.x), iteration)
        slack = self.p.transpose(nu) + q.lam @ self.X
        M = float(np.sqrt(np.einsum("bpd,bpd->bp", slack, slack).max()))
        inner, square = float(nu @ self.p.y), float(nu @ nu)
        t = max(min(inner / square, self.p.beta / M), 0.0) if square > 0 else 0.0
        upper = square / 2 + self.p.beta * float(np.linalg.norm(q.x, axis=2).sum())
        return Solution(q.x, nu, q.lam, t * inner - t * t * square / 2, upper, iteration)

    # --- one step ---

    def step(self, q: _Point, accuracy: float) -> _Point | None:
        beta = self.p.beta
        scale = _Scaling(q.t, q.x, beta, q.z)
        weight = q.lam / q.s
        r = self.p.predict(q.x) - self.p.y
        residual = self.p.transpose(r) - q.lam @ self.X - q.z
        mu = (float(np.vdot(q.lam, q.s)) + float((beta * q.t + (q.x * q.z).sum(2)).sum())) / self.degree
        solve = self._factor(weight, scale, accuracy)
        # predictor
        cone, orthant = scale.complement(None, 0.0), -q.lam * q.s
        first = self._direction(q, scale, weight, residual, cone, orthant, solve)
        a = _length(q, first, beta, 1.0)
        sigma = (1 - a) ** 3
        # corrector
        ds, dlam = first[3], first[4]
        orthant += sigma * mu - ds * dlam
        cone = scale.complement((first[1], first[0], first[2]), sigma * mu)
        second = self._direction(q, scale, weight, residual, cone, orthant, solve)
        a = _length(q, second, beta, 0.99)
        if not a > 1e-10:
            return None
        dx, dt, dz, _, dlam = second
        x = q.x + a * dx
        s = x @ self.XT
        if not (self.C * s > 0).all():
            return None
        return _Point(x, q.t + a * dt, q.z + a * dz, s, q.lam + a * dlam)

    def _factor(self, weight: np.ndarray, scale: _Scaling, accuracy: float) -> Any:
        P, n = self.C.shape
        d = self.X.shape[1]
        H = (weight.reshape(2 * P, n) @ self.products).reshape(2, P, d, d) + scale.reduced()
        root = np.linalg.inv(_roots(H))
        inverse = np.matmul(np.swapaxes(root, 2, 3), root)
        # v_i and w_i enter the residual with opposite signs and equal matrices: one triangle carries the sum of their inverses
        both = np.asarray(np.linalg.qr(np.concatenate([root[0], root[1]], axis=1), mode="r"))
        B = (both.reshape(P * d, d) @ self.XT).reshape(P, d, n) * self.p.S[:, None, :]
        M = dsyrk(1.0, B.reshape(P * d, n).T, lower=1)
        M[np.diag_indices(n)] += 1.0
        factor = cho_factor(M, lower=True, overwrite_a=True, check_finite=False)

        def once(g: np.ndarray) -> np.ndarray:
            y = np.matmul(inverse, g[..., None])[..., 0]
            h = cho_solve(factor, self.p.predict(y), check_finite=False)
            return y - np.matmul(inverse, self.p.transpose(h)[..., None])[..., 0]

        def solve(g: np.ndarray) -> np.ndarray:
            x, left, size = np.zeros_like(g), g, np.inf
            for _ in range(6):  # refinement, while it gains
                x_new = x + once(left)
                new = g - np.matmul(H, x_new[..., None])[..., 0] - self.p.transpose(self.p.predict(x_new))
                if not (now := float(np.abs(new).max())) < size / 2:
                    break
                x, left, size = x_new, new, now
                if size <= accuracy * float(np.abs(g).max()):
                    break
            return x

        return solve

    def _direction(
        self, q: _Point, scale: _Scaling, weight: np.ndarray, residual: np.ndarray,
        cone: tuple[np.ndarray, np.ndarray], orthant: np.ndarray, solve: Any,
    ) -> tuple[np.ndarray, ...]:  # fmt: skip
        q0, q1 = cone
        top, side = scale.top, scale.side  # Theta_00 and Theta_10
        ratio = orthant / q.s
        reduced = q1 - side * (q0 / top)[..., None]
        dx = solve(ratio @ self.X + reduced - residual)
        dt = (q0 - (side * dx).sum(2)) / top
        dz = q1 - side * dt[..., None] - scale.inner(dx)
        ds = dx @ self.XT
        return dx, dt, dz, ds, ratio - weight * ds


def _roots(H: np.ndarray) -> np.ndarray:
    """Cholesky factors of the Hessians, scaled to unit diagonal; where rounding made one indefinite, 1e-12 is added."""
    size = np.sqrt(np.diagonal(H, axis1=2, axis2=3))
    unit = H / (size[..., :, None] * size[..., None, :])
    try:
        return size[..., :, None] * np.linalg.cholesky(unit)
    except np.linalg.LinAlgError:
        return size[..., :, None] * np.linalg.cholesky(unit + 1e-12 * np.eye(H.shape[-1]))


class _Scaling:
    """Nesterov-Todd scaling of the cones ||x|| <= t with duals (beta, z), for all blocks at once."""

    def __init__(self, t: np.ndarray, x: np.ndarray, beta: float, z: np.ndarray) -> None:
        nx, nz = np.linalg.norm(x, axis=2), np.linalg.norm(z, axis=2)
        sdet, zdet = np.sqrt((t - nx) * (t + nx)), np.sqrt((beta - nz) * (beta + nz))
        s0, s1 = t / sdet, x / sdet[..., None]
        z0, z1 = beta / zdet, z / zdet[..., None]
        gamma = np.sqrt((1 + s0 * z0 + (s1 * z1).sum(2)) / 2)
        self.w1 = (s1 - z1) / (2 * gamma)[..., None]
        self.w0 = np.sqrt(1 + (self.w1**2).sum(2))
        self.eta = sdet / zdet
        spread = 2 * self.w0**2 - 1
        self.top = spread / self.eta
        self.side = -2 * (self.w0 / self.eta)[..., None] * self.w1
        self.spread = spread
        root = np.sqrt(self.eta)
        self.root = root
        # the scaled point lambda = W z
        self.l0, self.l1 = self._forward(np.full_like(t, beta), z)

    def _forward(self, a0: np.ndarray, a1: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """W a."""
        dot = (self.w1 * a1).sum(2)
        b0 = self.w0 * a0 + dot
        b1 = a1 + (a0 + dot / (1 + self.w0))[..., None] * self.w1
        return self.root * b0, self.root[..., None] * b1

    def _back(self, a0: np.ndarray, a1: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """W^-1 a."""
        dot = (self.w1 * a1).sum(2)
        b0 = self.w0 * a0 - dot
        b1 = a1 + (dot / (1 + self.w0) - a0)[..., None] * self.w1
        return b0 / self.root, b1 / self.root[..., None]

    def inner(self, dx: np.ndarray) -> np.ndarray:
        """Theta_11 dx, Theta = W^-2."""
        return (dx + 2 * (self.w1 * dx).sum(2)[..., None] * self.w1) / self.eta[..., None]

    def reduced(self) -> np.ndarray:
        """Theta_11 - Theta_10 Theta_01 / Theta_00, (2, P, d, d)."""
        d = self.w1.shape[2]
        outer = self.w1[..., :, None] * self.w1[..., None, :]
        return (np.eye(d) - (2 / self.spread)[..., None, None] * outer) / self.eta[..., None, None]

    def complement(self, step: tuple[np.ndarray, ...] | None, centre: float) -> tuple[np.ndarray, np.ndarray]:
        """W^-1 (lambda \\ (centre e - lambda o lambda - (W^-1 ds) o (W dz))), ds = (dt, dx), dz = (0, dz)."""
        l0, l1 = self.l0, self.l1
        r0 = centre - l0**2 - (l1**2).sum(2)
        r1 = -2 * l0[..., None] * l1
        if step is not None:
            dt, dx, dz = step
            a0, a1 = self._back(dt, dx)
            b0, b1 = self._forward(np.zeros_like(dt), dz)
            r0 = r0 - a0 * b0 - (a1 * b1).sum(2)
            r1 = r1 - a0[..., None] * b1 - b0[..., None] * a1
        size = np.linalg.norm(l1, axis=2)
        det = (l0 - size) * (l0 + size)
        dot = (l1 * r1).sum(2)
        u0 = (l0 * r0 - dot) / det
        u1 = (r1 - u0[..., None] * l1) / l0[..., None]
        return self._back(u0, u1)


def _length(q: _Point, step: tuple[np.ndarray, ...], beta: float, share: float) -> float:
    """The longest step in [0, 1] that stays inside all cones, times ``share`` where a cone stops it."""
    dx, dt, dz, ds, dlam = step
    ratios = [float((-ds / q.s).max()), float((-dlam / q.lam).max())]
    ratios.append(float(_exit(q.t, q.x, dt, dx).max()))
    ratios.append(float(_exit(np.full_like(q.t, beta), q.z, np.zeros_like(dt), dz).max()))
    worst = max(ratios)
    if not np.isfinite(worst):
        return 0.0
    return 1.0 if worst <= share else share / worst


def _exit(t: np.ndarray, x: np.ndarray, dt: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """1 / (largest a with ||x + a dx|| <= t + a dt), as the largest eigenvalue of minus the scaled step."""
    size = np.linalg.norm(x, axis=2)
    det = np.sqrt((t - size) * (t + size))
    x0, x1 = t / det, x / det[..., None]
    d0, d1 = dt / det, dx / det[..., None]
    a0 = x0 * d0 - (x1 * d1).sum(2)
    a1 = d1 - ((a0 + d0) / (x0 + 1))[..., None] * x1
    return np.linalg.norm(a1, axis=2) - a0
