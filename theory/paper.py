"""A paper: where a claim comes from."""

from dataclasses import dataclass


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
