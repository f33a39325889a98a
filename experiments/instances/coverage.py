"""Set functions, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradproof.experiments.instances.source import Source, built

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Coverage:
    """``f(S) = total weight of the elements covered by the sets in S``: monotone and submodular, f(empty) = 0."""

    sets: tuple[frozenset[int], ...]
    weights: Array
    guarantees = frozenset[str]()  # monotone and submodular, for which no claim has a name

    @property
    def n(self) -> int:
        return len(self.sets)

    def __call__(self, chosen: Any) -> Any:
        covered = frozenset().union(*(self.sets[i] for i in chosen)) if chosen else frozenset()
        return sum(self.weights[j] for j in covered) if covered else 0


@built
def coverage_functions(draw: Source, *, max_n: int = 5, max_elements: int = 6) -> Coverage:
    """Weighted coverage functions with nonnegative weights."""
    n, m = draw.integer(1, max_n), draw.integer(1, max_elements)
    sets = tuple(frozenset(j for j in range(m) if draw.boolean()) for _ in range(n))
    return Coverage(sets, np.array([draw.real(0, 4) for _ in range(m)]))
