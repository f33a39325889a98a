"""One step of the sampled Gaussian mechanism as a privacy loss on a grid that is no better, or no worse, than it is.

Removal of a record: P = (1-q) N(0, z^2) + q N(1, z^2) against Q = N(0, z^2); addition: Q against P. The loss is log dP/dQ.

Worse (``worse``): the mass between two cuts is spread over the two grid points around it with both total masses kept, so that the
privacy curve is interpolated from above (Doroshenko et al. (2022), arXiv:2207.04380). Better (``better``): the mass between two
cuts is merged into one outcome, which is post-processing, and its mass under P is lowered until its loss is on the grid; with cuts
near the middles of the grid next to nothing is lowered. Masses are differences of normal distribution functions in balls.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import flint
import numpy as np

from gradproof.solvers.exact.balls import ball
from gradproof.solvers.privacy_loss.gaussian import normal_cdf
from gradproof.theory.errors import DomainError

Change = Literal["remove", "add"]
BITS = 128
#: standard deviations beyond which a step's outcomes are one cell: less than 1e-27 of the mass
REACH = 11.0
#: cells that are equally wide, on each side of zero; farther out their width grows with the loss
EVEN = 256


@dataclass(frozen=True)
class Loss:
    """The law of a privacy loss under P: ``mass[i]`` at ``(first + i) * width + shift``, ``infinite`` at infinity.

    For a worse law the masses are rounded up, for a better one down.
    """

    width: float
    first: int
    mass: np.ndarray
    infinite: float = 0.0
    shift: float = 0.0


@dataclass(frozen=True)
class Step:
    """Sampling rate, noise multiplier and the change of the data that is to be hidden.

    Raises:
        DomainError: q not in (0, 1], or z <= 0.
    """

    q: Fraction
    z: Fraction
    change: Change = "remove"

    def __post_init__(self) -> None:
        if not (0 < self.q <= 1 and self.z > 0):
            raise DomainError(f"need 0 < q <= 1 and z > 0, got q = {self.q}, z = {self.z}")

    # --- in floats, to choose where to cut ------------------------------------------------------------------------------

    def loss_at(self, x: float) -> float:
        """log dP/dQ at x for a removal; minus it for an addition."""
        q, z = float(self.q), float(self.z)
        shifted = math.log(q) + (x - 0.5) / z**2
        value = float(np.logaddexp(math.log1p(-q), shifted)) if q < 1 else shifted
        return value if self.change == "remove" else -value

    def places(self, loss: np.ndarray) -> np.ndarray:
        """x at which the loss takes these values; NaN outside its range."""
        q, z = float(self.q), float(self.z)
        ratio = np.expm1(loss if self.change == "remove" else -loss) + q
        with np.errstate(invalid="ignore", divide="ignore"):
            return z**2 * (np.log(np.where(ratio > 0, ratio, np.nan)) - math.log(q)) + 0.5

    def cuts(self, width: float) -> np.ndarray:
        """Indices of the grid, in order, between which the mass is taken together."""
        far = REACH * float(self.z)
        ends = sorted((self.loss_at(-far), self.loss_at(1 + far)))
        low, high = math.ceil(ends[0] / width), math.floor(ends[1] / width)
        out, k = [0], 0
        while k < max(-low, high):
            k += max(1, k // EVEN)
            out.append(k)
        chosen = np.array(sorted({*(-k for k in out), *out, low, high}))
        chosen = chosen[(chosen >= low) & (chosen <= high)]
        return chosen[np.isfinite(self.places(chosen * width))]

    # --- in balls -------------------------------------------------------------------------------------------------------

    def masses(self, x: np.ndarray) -> list[tuple[flint.arb, flint.arb]]:
        """(P, Q) of the outcomes below the first cut, between the cuts (in order of the loss), and beyond the last."""
        q, z = ball(self.q), ball(self.z)
        one, zero = flint.arb(1), flint.arb(0)
        sign = 1 if self.change == "remove" else -1  # the loss of an addition falls with x
        at = []
        for value in x:
            u = flint.arb(float(value))
            clean, moved = normal_cdf(sign * u / z), normal_cdf(sign * (u - 1) / z)
            at.append((clean, (1 - q) * clean + q * moved))
        at = [(zero, zero), *at, (one, one)]
        pairs = [(after[0] - before[0], after[1] - before[1]) for before, after in itertools.pairwise(at)]
        return [(mixed, clean) if self.change == "remove" else (clean, mixed) for clean, mixed in pairs]

    def loss_ball(self, x: float) -> flint.arb:
        q, z = ball(self.q), ball(self.z)
        value = (1 - q + q * ((flint.arb(x) - flint.arb(1) / 2) / z**2).exp()).log()
        return value if self.change == "remove" else -value


def _up(x: flint.arb) -> float:
    return max(math.nextafter(float(x.upper()), math.inf), 0.0)


def _down(x: flint.arb) -> float:
    return max(math.nextafter(float(x.lower()), -math.inf), 0.0)


def worse(step: Step, width: float) -> Loss:
    """A loss whose privacy curve is nowhere below the step's; ``width`` is a power of two."""
    with flint.ctx.workprec(BITS):
        cuts = step.cuts(width)
        x = step.places(cuts * width)
        masses = step.masses(x)
        shift = max(
            _up(abs(step.loss_ball(float(v)) - flint.arb(float(c * width)))) for v, c in zip(x, cuts, strict=True)
        )
        first, last = int(cuts[0]), int(cuts[-1])
        tail, infinite = _up(masses[-1][0]), 0.0
        if step.change == "add" and step.q < 1:  # losses end at -log(1-q)
            top = math.ceil(-math.log1p(-float(step.q)) / width) + 1
            near = math.ceil(step.loss_at(-REACH * float(step.z)) / width) + 2
            if near < top:
                infinite = _up(normal_cdf(flint.arb(-REACH)))
            last = max(last, min(top, near))
        else:
            tail, infinite = 0.0, tail
        mass = np.zeros(last - first + 1)
        mass[0] += _up(masses[0][0])
        mass[-1] += tail
        slack = flint.arb(shift)
        edge = [
            ((flint.arb(float(c * width)) - slack).exp(), (flint.arb(float(c * width)) + slack).exp()) for c in cuts
        ]
        for i, (p, q) in enumerate(masses[1:-1]):
            below, above = edge[i][0], edge[i + 1][1]
            high = (p - below * q) / (above - below) * above
            mass[cuts[i + 1] - first] += _up(high)
            mass[cuts[i] - first] += _up(p - high)
    return Loss(width, first, mass * (1 + 2.0**-50), infinite, shift)


def better(step: Step, width: float) -> Loss:
    """A loss whose privacy curve is nowhere above the step's; ``width`` is a power of two."""
    with flint.ctx.workprec(BITS):
        at, cuts = _middles(step, width), step.cuts(width)
        floors: list[int] = []
        masses: list[float] = []
        spacing = flint.arb(width)
        for p, q in step.masses(step.places(at)):
            if not (p > 0 and q > 0):
                continue
            index = math.floor(float(((p / q).log() / spacing).lower()))
            kept = (index * spacing).exp() * q
            if not kept <= p:  # the float above was rounded up to a whole number
                index, kept = index - 1, kept / spacing.exp()
            if not cuts[0] - 2 <= index <= cuts[-1] + 2:
                continue  # next to no mass, of a far tail or between cuts that floats do not part: all of it is given up
            floors.append(index)
            masses.append(_down(kept))
    first = min(floors)
    mass = np.zeros(max(floors) - first + 1)
    np.add.at(mass, np.array(floors) - first, masses)
    return Loss(width, first, mass * (1 - 2.0**-50))


def _middles(step: Step, width: float) -> np.ndarray:
    """Cuts between grid points, a little above the middles, so that merged cells lie just above a grid point."""
    from scipy.special import ndtr

    grid = step.cuts(width) * width
    at = (grid[1:] + grid[:-1]) / 2
    q, z, sign = float(step.q), float(step.z), 1 if step.change == "remove" else -1
    for _ in range(3):
        x = step.places(at)
        clean, moved = np.diff(ndtr(sign * x / z)), np.diff(ndtr(sign * (x - 1) / z))
        mixed = (1 - q) * clean + q * moved
        over, under = (mixed, clean) if step.change == "remove" else (clean, mixed)
        with np.errstate(invalid="ignore", divide="ignore"):
            lacks = grid[1:-1] - np.log(over / under)
        lacks = np.where(np.isfinite(lacks), np.clip(lacks, 0, width / 4), 0.0)
        at = at + 1.05 * np.maximum(np.append(lacks, 0), np.append(0, lacks))
    at = at[np.isfinite(step.places(at))]
    return at[np.append(True, np.diff(at) > 0)]
