"""Step sizes, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradproof.experiments.instances.exact import sqrt
from gradproof.experiments.instances.source import Source, built


@dataclass(frozen=True)
class Schedule:
    """Step sizes ``gamma_k = first / (1 + k/offset)^power``."""

    first: float
    power: int | float
    offset: float = 1.0

    def __call__(self, k: int) -> Any:
        t = 1 + k / self.offset
        return self.first / (sqrt(t) if self.power == 0.5 else t**self.power) if self.power else self.first


@built
def step_sizes(draw: Source, most: float) -> Schedule:
    """Constant, 1/k, 1/k^2 and 1/sqrt(k) schedules, none above ``most``."""
    return Schedule(draw.real(most / 1000, most), draw.pick([0, 1, 2, 0.5]), draw.pick([1.0, 2.0, 8.0, 64.0]))
