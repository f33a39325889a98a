"""A paper: where a claim comes from."""

from dataclasses import dataclass

from gradproof.theory.arguments import fields_of_type


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A source of claims.

    ``key`` is the first part of every claim id (``ef21`` in ``ef21.nonconvex-am``); with ``-`` replaced by ``_`` it is
    also the name of the paper's module in every room.
    """

    key: str
    authors: tuple[str, ...]
    title: str
    year: int
    family: str
    arxiv: str = ""
    venue: str = ""

    def __post_init__(self) -> None:
        fields_of_type(self)

    @property
    def stem(self) -> str:
        """Module name of the paper in every room."""
        return self.key.replace("-", "_")

    @property
    def citation(self) -> str:
        """``Authors (year), title, venue, arXiv:id`` on one line."""
        where = ", ".join(x for x in (self.venue, f"arXiv:{self.arxiv}" if self.arxiv else "") if x)
        return f"{', '.join(self.authors)} ({self.year}), {self.title}" + (f", {where}" if where else "")

    def __str__(self) -> str:
        return self.citation
