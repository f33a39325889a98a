"""An assumption: named, stated, and droppable."""

from dataclasses import dataclass
from typing import Any

from gradproof.theory.arguments import fields_of_type, shown


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

    def __post_init__(self) -> None:
        fields_of_type(self)
        if self.relation is not None and not (hasattr(self.relation, "lhs") and hasattr(self.relation, "rel_op")):
            raise TypeError(
                f"the relation of assumption {shown(self.name)} is {shown(self.relation)}; give a sympy relation between "
                "parameters, such as Le(gamma, 1/L), with evaluate=False where its symbols' signs decide it"
            )

    @property
    def structural(self) -> bool:
        """True where the generator of instances, not an inequality between parameters, guarantees it."""
        return self.relation is None
