r"""Second moments of descent with a noisy running estimate of the gradient, on quadratics.

For $f = \sum_ih_iy_i^2/2$ and $x_{r+1} = x_r - \eta v_r$: every T rounds $v = \nabla f + \sigma z$, else $v_r = v_{r-1} + D_r +
\tau\|x_r - x_{r-1}\|z$ with the difference $D_r$ of the gradients. With $e = v - \nabla f$ the pair (y, e) is linear, and the
variance of its noise is a second moment of the past: the moments obey a linear recursion, in any arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import flint

from gradproof.solvers.exact.balls import ball
from gradproof.theory.errors import ParameterError

Number = Any  # Fraction, float or ball


class Moments(NamedTuple):
    """Expectations before every round and after the last; of steps, one fewer."""

    gradient: list[Number]  # E|grad f(x_r)|^2
    error: list[Number]  # E|v_r - grad f(x_r)|^2
    step: list[Number]  # E|x_{r+1} - x_r|^2

    @property
    def mean_gradient(self) -> Number:
        """(1/R) sum of E|grad f(x_r)|^2 over r < R."""
        return sum(self.gradient[1:-1], self.gradient[0]) / (len(self.gradient) - 1)


def second_moments(
    h: Sequence[Number], y0: Sequence[Number], eta: Number, R: int, T: int, sigma2: Number, tau2: Number, *,
    times: Sequence[int] = (), fixed: bool = False,
) -> Moments:  # fmt: skip
    """The moments of R rounds, one eigenvalue at a time.

    Args:
        h, y0: eigenvalues and the start's components along their vectors, (m,). T: rounds from one restart to the next; 1 is
            private gradient descent, in which tau plays no part. sigma2, tau2: variances in each direction.
        times: how often each eigenvalue occurs, with the same start; once by default.
        fixed: the noise of a difference has the variance tau2 whatever the step.

    Raises:
        ParameterError: no round, no period, or lists of different lengths.
    """
    many = list(times) or [1] * len(h)
    if R < 1 or T < 1 or not len(h) == len(y0) == len(many) > 0:
        raise ParameterError(
            f"need R >= 1, T >= 1 and as many starts as eigenvalues, got {R}, {T}, {len(h)}, {len(y0)}"
        )
    nothing = eta * 0
    yy, ye, ee = [y * y + nothing for y in y0], [nothing] * len(h), [sigma2 + nothing] * len(h)
    total = lambda parts: sum((m * p for m, p in zip(many, parts, strict=True)), nothing)  # noqa: E731
    gradient, error, step = [total([k * k * a for k, a in zip(h, yy, strict=True)])], [total(ee)], []
    keep = [1 - eta * k for k in h]
    for r in range(1, R + 1):
        squares = [k * k * a + 2 * k * b + c for k, a, b, c in zip(h, yy, ye, ee, strict=True)]
        step.append(eta * eta * total(squares))
        yy = [p * p * a - 2 * p * eta * b + eta * eta * c for p, a, b, c in zip(keep, yy, ye, ee, strict=True)]
        if r % T == 0:
            ye, ee = [nothing] * len(h), [sigma2 + nothing] * len(h)
        else:
            ye = [p * b - eta * c for p, b, c in zip(keep, ye, ee, strict=True)]
            ee = [c + tau2 * (1 if fixed else step[-1]) for c in ee]
        gradient.append(total([k * k * a for k, a in zip(h, yy, strict=True)]))
        error.append(total(ee))
    return Moments(gradient, error, step)


def since_restart(step: Sequence[Fraction], r: int, T: int) -> Fraction:
    """The sum of the squared steps from the last restart up to round r."""
    return sum(step[r - r % T : r], Fraction(0))


def mean_gradient_of_periods(
    h: Number, y2: Number, d: int, eta: Number, T: int, periods: int, sigma2: Number, tau2: Number
) -> Number:  # fmt: skip
    """(1/R) sum of E|grad f(x_r)|^2, R = T periods, for f = h|y|^2/2 in d dimensions, in balls: powers of the moments' map.

    Args:
        y2: |y_0|^2. All numbers but d, T and periods are balls, or what ``flint.arb`` takes.

    Raises:
        ParameterError: no round or no period.
    """
    if T < 1 or periods < 1 or d < 1:
        raise ParameterError(f"need T, periods and d >= 1, got {T}, {periods}, {d}")
    h, y2, eta, sigma2, tau2 = (
        ball(x) if isinstance(x, Fraction) else flint.arb(x) for x in (h, y2, eta, sigma2, tau2)
    )
    keep, e2 = 1 - eta * h, eta * eta
    # of (E|y|^2, E<y,e>, E|e|^2, the sum so far, 1)
    moved = [keep * keep, -2 * keep * eta, e2, 0, 0]
    counted, one = [h * h, 0, 0, 1, 0], [0, 0, 0, 0, 1]
    growth = d * tau2 * e2
    inner = flint.arb_mat(
        [moved, [0, keep, -eta, 0, 0], [growth * h * h, 2 * growth * h, 1 + growth, 0, 0], counted, one]
    )
    restart = flint.arb_mat([moved, [0] * 5, [0, 0, 0, 0, d * sigma2], counted, one])
    period = restart * inner ** (T - 1)
    start = flint.arb_mat([[y2], [0], [d * sigma2], [0], [1]])
    return (period**periods * start)[3, 0] / (T * periods)
