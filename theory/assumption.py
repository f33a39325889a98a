"""An assumption: named, stated, and droppable."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Assumption:
    """A hypothesis of a claim.

    Args:
        name: short ASCII name, used by ``--drop``: ``contractive``.
        statement: what it says, in words with LaTeX between dollars.
        relation: for an assumption between parameters, a sympy relation; ``None`` for a structural one, which the
            generator of instances guarantees (smoothness of f, contractivity of the compressor, ...).
    """

    name: str
    statement: str
    relation: Any = None

    @property
    def structural(self) -> bool:
        """True where the generator of instances, not an inequality between parameters, guarantees it."""
        return self.relation is None
