"""Regret of adaptive methods on periodic linear losses: simulation in ball arithmetic, sign of the drift, worst cycles.

Losses ``g_t x`` on [-1, 1], gradients a repeated cycle. Steps ``x - alpha_t xi_t mhat_t / (sqrt(vhat_t) + eps)``, projected, with
``alpha_t = alpha / sqrt t``, ``beta_{1,t} = beta1 lam^(t-1)``, first moment divided by ``1 - beta1^t``, and ``xi_t = 1`` (Adam) or
the sigmoid of ``|g_t - g_{t-1}|`` (diffGrad). The comparator is exact: an end point. All answers are enclosures.

Without momentum, second moments converge to a cycle ``v_k`` of rationals, and one period moves x by ``-alpha_t`` times the drift
``sum_k xi_k g_k / (sqrt(v_k) + eps)``, up to terms that are small beside it: its sign decides to which end x goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint

from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.exact.rounding import whole_number
from gradproof.theory.errors import DomainError, ParameterError

Cycle = Sequence[Fraction | int]
MAX_BITS = 4096


class DriftUndecided(DomainError):
    """The drift is zero, or its sign is not seen at the greatest precision: the limit of the regret is not known."""


@dataclass(frozen=True)
class Optimiser:
    """Constants of the method; exact numbers.

    Args:
        friction: diffGrad where True, Adam where False.
        lam: decay of ``beta_{1,t} = beta1 lam^(t-1)``.
        maximum: AMSGrad's running maximum in place of the second moment.
    """

    alpha: Fraction = Fraction(1, 2)
    beta1: Fraction = Fraction(0)
    beta2: Fraction = Fraction(999, 1000)
    eps: Fraction = Fraction(0)
    lam: Fraction = Fraction(1)
    friction: bool = True
    maximum: bool = False

    def __post_init__(self) -> None:
        for name in ("alpha", "beta1", "beta2", "eps", "lam"):
            value = getattr(self, name)
            if isinstance(value, bool | float) or not isinstance(value, int | Fraction):
                raise ParameterError(f"{name} = {value!r}: enclosures need exact numbers; give an int or a Fraction")
        if not (self.alpha > 0 and 0 <= self.beta1 < 1 and 0 < self.beta2 < 1 and self.eps >= 0 and 0 < self.lam <= 1):
            raise DomainError(f"need alpha > 0, 0 <= beta1 < 1, 0 < beta2 < 1, eps >= 0, 0 < lam <= 1, got {self}")


@dataclass(frozen=True)
class Played:
    """What a simulation saw, as rational enclosures (low, high).

    Args:
        regret: ``sum f_t(x_t) - min_x sum f_t(x)``. last: the iterate after the last step. v: ``vhat_T``.
        g_norm2: ``sum g_t^2``, exact.
        inverse_steps: ``1/eta_1 + sum (1/eta_t - 1/eta_{t-1})_+``, ``eta_t`` the factor of ``mhat_t``.
        last_inverse_step: ``1/eta_T``. weighted_squares: ``sum eta_t g_t^2``.
    """

    regret: tuple[Fraction, Fraction]
    last: tuple[Fraction, Fraction]
    v: tuple[Fraction, Fraction]
    g_norm2: Fraction
    inverse_steps: tuple[Fraction, Fraction]
    last_inverse_step: tuple[Fraction, Fraction]
    weighted_squares: tuple[Fraction, Fraction]


def play(cycle: Cycle, method: Optimiser, T: int, *, start: Fraction | int = -1, bits: int = 128) -> Played:
    """Play T rounds in ball arithmetic and enclose the regret.

    Raises:
        ParameterError: an empty or inexact cycle, all gradients zero at the first round, or T < 1.
        DomainError: the start is outside [-1, 1].
    """
    g, T = _cycle(cycle), whole_number(T, "T", least=1, what="rounds")
    if g[0] == 0:
        raise ParameterError("the first gradient is 0: the first step is not defined; turn the cycle")
    if not -1 <= start <= 1:
        raise DomainError(f"start = {start} is outside the interval [-1, 1]")
    with flint.ctx.workprec(bits):
        return _play(g, method, T, Fraction(start))


def _play(cycle: list[Fraction], method: Optimiser, T: int, start: Fraction) -> Played:
    one, zero = flint.arb(1), flint.arb(0)
    gs = [ball(g) for g in cycle]
    changes = [ball(abs(g - cycle[k - 1])) for k, g in enumerate(cycle)]
    frictions = [sigmoid(c) if method.friction else one for c in changes]
    alpha, b1, b2, eps, lam = map(ball, (method.alpha, method.beta1, method.beta2, method.eps, method.lam))
    x, m, v, v_max, b1t, b1_power, b2_power = ball(start), zero, zero, zero, b1, one, one
    loss, inverse_steps, squares, inverse = zero, zero, zero, zero
    for t in range(1, T + 1):
        k = (t - 1) % len(gs)
        g = gs[k]
        loss += g * x
        m = b1t * m + (1 - b1t) * g
        v = b2 * v + (1 - b2) * g * g
        b1t, b1_power, b2_power = b1t * lam, b1_power * b1, b2_power * b2
        v_hat = v / (1 - b2_power)
        v_max = v_max.max(v_hat) if method.maximum else v_hat
        xi = frictions[k] if t > 1 or not method.friction else sigmoid(abs(g))
        eta = alpha * xi / (flint.arb(t).sqrt() * (v_max.sqrt() + eps))
        before, inverse = inverse, 1 / eta
        inverse_steps += (inverse - before).nonnegative_part()
        squares += eta * g * g
        x = (x - eta * m / (1 - b1_power)).min(one).max(-one)
    return Played(
        ends(loss + ball(abs(_sum(cycle, T)))), ends(x), ends(v_max),
        sum((cycle[t % len(cycle)] ** 2 for t in range(T)), Fraction(0)),
        ends(inverse_steps), ends(inverse), ends(squares),
    )  # fmt: skip


def sigmoid(x: flint.arb) -> flint.arb:
    """``1/(1 + e^-x)``."""
    return 1 / (1 + (-x).exp())


def second_moments(cycle: Cycle, beta2: Fraction) -> list[Fraction]:
    """Limits of the second moment along the cycle, exact.

    Raises:
        ParameterError: an empty or inexact cycle.
    """
    return _averages([g * g for g in _cycle(cycle)], beta2)


def _averages(values: Cycle, decay: Fraction) -> list[Fraction]:
    """Limits of the exponential average of a repeated sequence, at each of its places."""
    n = len(values)
    weight = (1 - decay) / (1 - decay**n)
    return [weight * sum((decay**j * values[k - j] for j in range(n)), Fraction(0)) for k in range(n)]


def drift(cycle: Cycle, method: Optimiser) -> tuple[Fraction, Fraction]:
    """Enclosure of ``sum_k xi_k g_k / (sqrt(v_k) + eps)`` over one period, narrow enough to show its sign.

    Raises:
        DriftUndecided: the sign is not seen with 4096 bits.
        ParameterError: an empty or inexact cycle, all gradients zero, or momentum that does not vanish.
    """
    g = _cycle(cycle)
    if method.beta1 and method.lam == 1:
        raise ParameterError(
            f"beta1 = {method.beta1} does not vanish; the drift is that of beta_1,t -> 0: give lam < 1"
        )
    v = second_moments(g, method.beta2)
    if method.maximum:
        v = [max(v)] * len(g)

    def value() -> flint.arb:
        total = flint.arb(0)
        for k, gk in enumerate(g):
            xi = sigmoid(ball(abs(gk - g[k - 1]))) if method.friction else flint.arb(1)
            total += xi * ball(gk) / (ball(v[k]).sqrt() + ball(method.eps))
        return total

    bits = 64
    while bits <= MAX_BITS:
        with flint.ctx.workprec(bits):
            low, high = ends(value())
        if low > 0 or high < 0:
            return low, high
        bits *= 2
    raise DriftUndecided(f"the drift of {[str(x) for x in g]} has no sign within {MAX_BITS} bits; change the cycle")


def average_regret(cycle: Cycle, method: Optimiser) -> Fraction:
    """The exact limit of ``R_T / T`` without momentum (or with ``lam < 1``): ``2 |S| / n`` where x goes to the wrong end, else 0.

    S is the sum of the cycle. The sign of the drift is certified in ball arithmetic.

    Raises:
        DriftUndecided, ParameterError: as ``drift``.
    """
    g = _cycle(cycle)
    low, _ = drift(g, method)
    total = sum(g, Fraction(0))
    end = -1 if low > 0 else 1  # where x goes: against the drift
    return (total * end + abs(total)) / len(g)


def enclosed_limit(
    cycle: Cycle, method: Optimiser, T: int, *, start: Fraction | int = -1, bits: int = 128
) -> tuple[Fraction, Fraction]:
    """Enclosure of ``lim R_T / T`` from a run of about T rounds in ball arithmetic: the second half's mean loss, and a proved tail.

    With bounds of all later moments the moves of every later period are enclosed. Where they return x to the end at which the run
    has it, x is there once in every later period and otherwise at most the moves of a period away; so the loss of each later
    period, those of the second half among them, is within ``sum |g| * (length of the moves)`` of its limit.

    Raises:
        DriftUndecided: the run is not at an end to which all later periods return it; take more rounds.
        ParameterError, DomainError: as ``play``.
    """
    g = _cycle(cycle)
    n, total = len(g), sum(g, Fraction(0))
    first = n * (whole_number(T, "T", least=2 * n, what="rounds") // (2 * n))
    with flint.ctx.workprec(bits):
        moves = _later_moves(g, method, first)
        alpha, whole = ball(method.alpha) / flint.arb(first).sqrt(), sum(moves, flint.arb(0))
        end = 1 if whole > 0 else -1
        fall = (flint.arb(first) / (first + n)).sqrt()  # alpha_t falls at most so much within a period
        least = [m * fall if m > 0 else m for m in (end * m for m in moves)]

        def returns(turn: int) -> bool:
            suffixes = [sum((least[(turn + i) % n] for i in range(k, n)), flint.arb(0)) for k in range(n)]
            return all(s >= 0 for s in suffixes)

        turn = next((k for k in range(n) if returns(k)), None)
        if turn is None:
            raise DriftUndecided(f"the moves of a period after {first} rounds are not seen to return to an end")
        before, after = (_play(g, method, t + turn, Fraction(start)) for t in (first, 2 * first))
        if before.last != (end, end):
            raise DriftUndecided(f"x is not at {end} after {first + turn} rounds; take more rounds")
        reach = sum((abs(m) for m in moves), flint.arb(0)) * alpha
        tail = ends(reach)[1] * sum(map(abs, g)) / n
    best = abs(_sum(g, 2 * first + turn)) - abs(_sum(g, first + turn))  # less than the loss by the comparator's
    low, high = (after.regret[0] - before.regret[1] - best) / first, (after.regret[1] - before.regret[0] - best) / first
    return low - tail + abs(total) / n, high + tail + abs(total) / n


def _sum(g: Sequence[Fraction], T: int) -> Fraction:
    """Of the first T gradients."""
    return sum(g, Fraction(0)) * (T // len(g)) + sum(g[: T % len(g)], Fraction(0))


def _later_moves(g: list[Fraction], method: Optimiser, first: int) -> list[flint.arb]:
    """Balls that contain ``-xi_t mhat_t / (sqrt(vhat_t) + eps)`` for all t > first, by place in the cycle."""
    n, b1, b2, top = len(g), method.beta1, method.beta2, max(map(abs, g))
    limits, power = second_moments(g, b2), ball(b2) ** first
    starts = [(1 - b2) * sum((b2 ** (r - j) * g[j] ** 2 for j in range(r + 1)), Fraction(0)) for r in range(n)]
    # vhat_t - v_k = b2^(n N) (start_k - v_k (1 - b2^r)) / (1 - b2^t), t = n N + r: of one sign, and falling with N
    v = []
    for k, (limit, started) in enumerate(zip(limits, starts, strict=True)):
        now = ball(limit) + power * ball(started - limit * (1 - b2 ** (k + 1))) / (1 - power * ball(b2) ** (k + 1))
        v.append(now.union(ball(limit)))
    if method.maximum:  # at least what the last period had, at most the greatest of all times
        most = max(max(s / (1 - b2 ** (k + 1)), limit) for k, (s, limit) in enumerate(zip(starts, limits, strict=True)))
        v = [ball(limits[-1]).union(ball(most))] * n  # vhat is its limit at the end of every period
    memory, fades = ball(b1) ** first, ball(method.lam) ** first
    off = (2 * ball(b1) * fades + memory if method.lam < 1 else 3 * memory) * ball(top) / (1 - memory)
    m = g if method.lam < 1 else _averages(g, b1)
    moves = []
    for k, gk in enumerate(g):
        xi = sigmoid(ball(abs(gk - g[k - 1]))) if method.friction else flint.arb(1)
        moves.append(-xi * (ball(m[k]) + off * flint.arb(0, 1)) / (v[k].sqrt() + ball(method.eps)))
    return moves


def worst_last(n: int, first: Fraction | int, method: Optimiser, *, width: Fraction = Fraction(1, 10**9)) -> Fraction:
    """Among the cycles ``(a, ..., a, -b)`` of length n with ``0 < b < (n-1) a``: the b of greatest limiting regret, from above.

    The regret ``2 ((n-1) a - b)/n`` falls with b, so its supremum is at the least b with negative drift. The answer is certified
    to have one and is within ``width`` of a b that is not. With ``maximum=True`` the sign of the drift is that of
    ``sigma(a+b) (a-b) + (n-2) a/2``, which falls with b from b = a on, so the answer is the worst; otherwise it is a boundary.

    Raises:
        DomainError: no cycle of that form is refuting (the drift at ``b = (n-1) a`` is not negative).
        ParameterError: n < 2 or a not positive.
    """
    ((a,), n) = _cycle([first]), whole_number(n, "n", least=2, what="gradients in the cycle")
    if a <= 0:
        raise ParameterError(f"a = {a} must be positive; the last gradient of the cycle is the negative one")

    def refuting(b: Fraction) -> bool:
        try:
            return drift([a] * (n - 1) + [-b], method)[1] < 0
        except DriftUndecided:  # too close to call: not certified
            return False

    low, high = Fraction(0), (n - 1) * a
    if not refuting(high):
        raise DomainError(f"no b < {high} makes the drift of the cycle of length {n} negative; nothing is refuted")
    while high - low > width:
        middle = (low + high) / 2
        low, high = (low, middle) if refuting(middle) else (middle, high)
    return high


def _cycle(cycle: Cycle) -> list[Fraction]:
    found = []
    for x in cycle:
        if isinstance(x, bool | float) or not isinstance(x, int | Fraction):
            raise ParameterError(f"the gradient {x!r} is not exact; give ints or Fractions")
        found.append(Fraction(x))
    if not any(found):
        raise ParameterError("the cycle needs at least one gradient other than 0")
    return found
