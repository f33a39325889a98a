"""Many steps: the T-fold convolution of a privacy loss on a grid, with every error bounded.

The law is tilted by e^{a loss} with the exponent that matters for the epsilon in question, so that what is small stays
accurate, and raised to the power T by one Fourier transform. Bounded are: the rounding of the transforms (Higham (2002),
Accuracy and Stability of Numerical Algorithms, Theorem 24.2) and of the power (Brent, Percival, Zimmermann (2007)), what wraps
around the window (Chernoff, in the tilted law), what lies beyond it and at infinity, and the rounding of the masses (in
``pairs``). It is assumed that floating point is IEEE's, that NumPy's exp and log err by at most 4 units in the last place, and
that the transform obeys the theorem.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from gradproof.solvers.privacy_loss.pairs import REACH, Change, Loss, Step, better, worse
from gradproof.theory.errors import DomainError, GradproofError

U = 2.0**-53
#: unit of the error bound of a transform, in units of U, per doubling of its length
TRANSFORM = 10.0
#: tilted mass that may lie outside the window
OUTSIDE = 1e-11
LONGEST = 2**23
#: beyond this a loss is no exponent of a float any more
LARGEST = 600.0
OTHERWISE = "or take renyi_epsilon, an upper bound"
Number = Fraction | int | float


@dataclass(frozen=True)
class Ends:
    """A number between low and high, both rigorous."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """Relative distance of the ends."""
        return (self.high - self.low) / self.high if self.high else 0.0


class _Moments:
    """log E e^{b loss} of a law on a grid, in floats (used for choices, and with a margin for tails)."""

    def __init__(self, law: Loss) -> None:
        keep = law.mass > 0
        self.log = np.log(law.mass[keep])
        self.at = (law.first + np.flatnonzero(keep)) * law.width

    def __call__(self, b: float) -> float:
        terms = self.log + b * self.at
        top = float(terms.max())
        return top + math.log(float(np.exp(terms - top).sum()))


class _Sum:
    """The sum of T independent losses: ``delta(eps)`` of the grid's law between two ends."""

    def __init__(self, law: Loss, steps: int, tilt: float) -> None:
        self.law, self.steps, self.tilt = law, steps, tilt
        self.moments = moments = _Moments(law)
        self.level = moments(tilt)  # any number near log E e^{tilt loss} will do: it is taken out again exactly
        self.low, self.high = self._window()
        length = 1 << max(math.ceil(math.log2((self.high - self.low) / law.width + 2)), 4)
        if length > LONGEST:
            raise GradproofError(
                f"{length} grid points are needed, more than {LONGEST}; take fewer cells a step, {OTHERWISE}"
            )
        self.base = math.floor(self.low / law.width)
        self.low, self.high = self.base * law.width, (self.base + length) * law.width
        self._convolve(length)
        self._tails()

    def _chernoff(self, sign: int, beyond: float) -> float:
        """An end of a window with less than ``beyond`` of the tilted sum outside, by exponents on a grid."""
        ends = []
        for b in self._exponents():
            if sign < 0 and b > 8 * (self.tilt + 1):
                break
            rise = self.steps * (self.moments(self.tilt + sign * b) - self.level) - math.log(beyond)
            ends.append(rise / b)
        last = self.steps * float(self.moments.at[-1 if sign > 0 else 0])  # no sum goes farther
        return sign * min([*ends, sign * last])

    def _exponents(self) -> np.ndarray:
        spread = math.sqrt(max(self.steps, 1)) * max(self._deviation(), self.law.width)
        return np.geomspace(0.2, 30, 25) / spread

    def _deviation(self) -> float:
        weights = np.exp(self.moments.log + self.tilt * self.moments.at - self.level)
        mean = float(weights @ self.moments.at)
        return math.sqrt(max(float(weights @ (self.moments.at - mean) ** 2), 0.0))

    def _window(self) -> tuple[float, float]:
        return self._chernoff(-1, OUTSIDE), self._chernoff(1, OUTSIDE)

    def _convolve(self, length: int) -> None:
        law, steps = self.law, self.steps
        places = np.arange(law.first, law.first + law.mass.size)
        with np.errstate(divide="ignore"):
            exponent = np.log(law.mass) + self.tilt * (places * law.width) - self.level
        one = np.zeros(length)
        np.add.at(one, places % length, np.exp(exponent))
        spectrum = np.fft.rfft(one)
        power = _power(spectrum, steps)
        index = (self.base + np.arange(length)) % length  # the sum of the T indices, modulo the length
        self.values = np.fft.irfft(power, length)[index]
        # rounding, in the Euclidean norm
        share = TRANSFORM * U * math.log2(length)
        share = share / (1 - share)
        norm = float(np.linalg.norm(one)) * (1 + 1e-9)
        slip = share * math.sqrt(length) * norm  # of one entry of the spectrum, at most
        growth = max(1.0, float(np.abs(spectrum).max()) + slip)
        after = math.sqrt(2 / length) * float(np.linalg.norm(power))  # half of the spectrum, and the other half like it
        self.slip = (
            steps * growth ** (steps - 1) * share * norm + (math.expm1((steps - 1) * math.sqrt(5) * U) + share) * after
        ) * (1 + 1e-9)
        finite = np.isfinite(exponent)
        size = float(np.max(np.abs(np.log(law.mass[finite])) + 2 * np.abs(self.tilt * places[finite] * law.width)))
        span = abs(steps * self.level) + abs(self.tilt) * max(abs(self.low), abs(self.high))
        self.relative = math.expm1((steps * (size + abs(self.level) + 16) + 8 * span + 16) * 2 * U)
        # delta(eps) = A - e^eps B with A, B the sums over the losses above eps
        y = (self.base + np.arange(length)) * law.width
        weight = np.exp(steps * self.level - self.tilt * y)
        self.weights = (1 + 1e-9) / math.sqrt(-math.expm1(-2 * self.tilt * law.width))  # norm of a geometric sequence
        self.y, self.scale = y, weight
        plain = self.values * weight
        self.A = np.cumsum(plain[::-1])[::-1]
        self.B = np.cumsum((plain * np.exp(-y))[::-1])[::-1]
        self.size = np.cumsum(np.abs(plain)[::-1])[::-1]

    def _tails(self) -> None:
        """Tilted mass outside the window that was taken, and plain mass beyond its upper end."""
        up = [self.steps * (self.moments(self.tilt + b) - self.level) - b * self.high for b in self._exponents()]
        down = [self.steps * (self.moments(self.tilt - b) - self.level) + b * self.low for b in self._exponents()]
        beyond = [self.steps * self.moments(self.tilt + b) - (self.tilt + b) * self.high for b in self._exponents()]
        margin = 1 + self.relative + 1e-9
        beneath = [self.steps * self.moments(-c) + c * self.low for c in self._exponents()]
        # nothing is beyond the least and the largest sum of indices
        lowest, highest = self.steps * self.law.first, self.steps * (self.law.first + self.law.mass.size - 1)
        below = 0.0 if self.base <= lowest else margin
        above = 0.0 if self.base + self.y.size > highest else margin
        self.outside = math.exp(min(up)) * above + math.exp(min(down)) * below
        self.beyond = math.exp(min(0.0, *beyond)) * above
        self.beneath = math.exp(min(0.0, *beneath)) * below

    # --- the privacy curve --------------------------------------------------------------------------------------------

    def nominal(self, eps: float) -> float:
        """delta(eps) of what was computed."""
        i = int(np.searchsorted(self.y, eps, side="right"))
        return float(self.A[i] - math.exp(eps) * self.B[i]) if i < self.y.size else 0.0

    def error(self, eps: float) -> tuple[float, float]:
        """How far the computed delta(eps) may be above and below that of the grid's law; decreasing in eps."""
        i = int(np.searchsorted(self.y, eps, side="right"))
        if i >= self.y.size:
            return 0.0, self.beyond
        rounding = self.slip * float(self.scale[i]) * self.weights + 4 * self.y.size * U * float(self.size[i])
        rounding += self.relative * float(self.size[i])
        missing = self.beyond + (self.beneath if eps < self.low else 0.0)
        return rounding + float(self.scale[i]) * self.outside, rounding + missing

    def crossing(self, target: float) -> float:
        """Where the computed curve meets a value."""
        if target <= 0:
            return math.inf
        curve = (
            self.A - np.exp(self.y) * self.B
        )  # at eps = y_i the losses above are those from i + 1 on: the same value
        i = int(np.count_nonzero(curve > target)) if curve[0] > target else 0
        i = min(i, self.y.size - 1)
        gap = float(self.A[i]) - target
        return math.log(gap / float(self.B[i])) if gap > 0 and self.B[i] > 0 else -math.inf


def _power(x: np.ndarray, n: int) -> np.ndarray:
    """x^n by squaring: at most n - 1 roundings stand behind each entry."""
    out = np.ones_like(x)
    while n:
        if n & 1:
            out = out * x
        n >>= 1
        if n:
            x = x * x
    return out


def _width(step: Step, cells: int) -> float:
    """A power of two below the standard deviation of the loss over ``cells``."""
    spread = float(step.q) * math.sqrt(math.expm1(min(1 / float(step.z) ** 2, 20.0)))
    return 2.0 ** math.floor(math.log2(min(spread, 0.5) / cells))


@lru_cache(maxsize=64)
def _laws(step: Step, cells: int) -> tuple[Loss, Loss]:
    width = _width(step, cells)
    reach = max(abs(step.loss_at(x)) for x in (-REACH * float(step.z), 1 + REACH * float(step.z)))
    if reach > LARGEST:
        raise GradproofError(f"z = {float(step.z):g}: losses up to {reach:.3g} are beyond floats; take a larger z")
    if reach / width > LONGEST:
        raise GradproofError(
            f"q = {float(step.q):g}, z = {float(step.z):g}: losses up to {reach:.3g} are {reach / width:.1e} grid points, "
            f"more than {LONGEST}; take fewer cells a step, {OTHERWISE}"
        )
    return better(step, width), worse(step, width)


def _tilt(law: Loss, steps: int, *, delta: float | None = None, eps: float = 0.0) -> float:
    """The exponent that gives the best moment bound of epsilon at delta, or of delta at eps."""
    moments = _Moments(law)
    spread = math.sqrt(steps) * max(float(np.sqrt(np.average(moments.at**2, weights=np.exp(moments.log)))), law.width)
    best = (math.inf, 1.0)
    for a in np.geomspace(0.05, 40, 60) / spread:
        rise = steps * moments(a)
        best = min(best, ((rise - math.log(delta)) / a if delta is not None else rise - a * eps, float(a)))
    return best[1]


def _changes(adjacency: str) -> tuple[Change, ...]:
    if adjacency not in ("remove", "add", "both"):
        raise DomainError(f"adjacency {adjacency!r} is none of remove, add, both")
    return ("remove", "add") if adjacency == "both" else (adjacency,)  # type: ignore[return-value]


def _checked(steps: int, cells: int) -> None:
    if not (isinstance(steps, int) and steps >= 1 and isinstance(cells, int) and cells >= 1):
        raise DomainError(f"steps = {steps} and cells = {cells} must be integers >= 1")


def sampled_delta(q: Number, z: Number, steps: int, eps: float, *, adjacency: str = "both", cells: int = 64) -> Ends:
    """delta(eps) of ``steps`` steps of the Poisson-sampled Gaussian mechanism, between rigorous ends.

    Args:
        q: sampling rate. z: noise over the clip norm; both are taken as the numbers they are.
        adjacency: a record is removed, added, or either (the larger delta).
        cells: grid points a standard deviation of a step's loss; the distance of the ends falls like cells^-2.

    Raises:
        DomainError: parameters outside their domains.
        GradproofError: the grid would be too long.
    """
    _checked(steps, cells)
    low = high = 0.0
    for change in _changes(adjacency):
        under, over = _laws(Step(Fraction(q), Fraction(z), change), cells)
        tilt = _tilt(over, steps, eps=eps)
        sums = _Sum(under, steps, tilt), _Sum(over, steps, tilt)
        low = max(low, sums[0].nominal(eps) - sums[0].error(eps)[0])
        moved = eps - steps * over.shift * (1 + 1e-9)
        high = max(high, sums[1].nominal(moved) + sums[1].error(moved)[1] + steps * over.infinite)
    return Ends(max(low, 0.0), min(high, 1.0))


def sampled_epsilon(
    q: Number, z: Number, steps: int, delta: Number, *, adjacency: str = "both", cells: int = 64
) -> Ends:
    """Least epsilon >= 0 at ``delta`` of ``steps`` steps of the Poisson-sampled Gaussian mechanism, between rigorous ends.

    Args, Raises: as for ``sampled_delta``; delta in (0, 1).
    """
    _checked(steps, cells)
    if not 0 < delta < 1:
        raise DomainError(f"delta = {delta} must be in (0, 1)")
    target, low, high = float(delta), 0.0, 0.0
    for change in _changes(adjacency):
        under, over = _laws(Step(Fraction(q), Fraction(z), change), cells)
        tilt = _tilt(over, steps, delta=target)
        low = max(low, _at_least(_Sum(under, steps, tilt), target * (1 + 4 * U)))
        high = max(high, _at_most(_Sum(over, steps, tilt), target * (1 - 4 * U)))
    return Ends(low, high)


def _at_most(law: _Sum, target: float) -> float:
    """An eps at which even the highest delta is at most the target."""
    eps = law.crossing(target)
    spare = law.law.infinite * law.steps * (1 + 1e-9)
    for _ in range(20):
        if eps == math.inf:
            raise GradproofError(f"the errors exceed delta = {target:g}; take more cells a step, {OTHERWISE}")
        found = max(eps, 0.0)
        if law.nominal(found) + law.error(found)[1] + spare <= target:
            return found + law.steps * law.law.shift * (1 + 1e-9)
        eps = math.nextafter(law.crossing(target - law.error(found)[1] - spare), math.inf)
        eps += 1e-12 * abs(eps)
    raise GradproofError("no epsilon was found at which delta is below the target")


def _at_least(law: _Sum, target: float) -> float:
    """An eps at which even the lowest delta is above the target; 0 where there is none."""
    eps = law.crossing(target)
    for _ in range(20):
        if eps <= 0:
            return 0.0
        if law.nominal(eps) - law.error(eps)[0] >= target:
            return eps
        eps = law.crossing(target + law.error(eps * (1 - 1e-3))[0])
        eps -= 1e-12 * abs(eps)
    return 0.0
