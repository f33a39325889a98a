"""Try to break claims: those of the library by id or paper, claims of one's own, whole files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradproof.experiments.attack.attached import experiments_of
from gradproof.experiments.attack.falsify import falsify_claim, replay
from gradproof.experiments.attack.finding import Finding
from gradproof.summary import flat, select
from gradproof.theory.claim import Claim
from gradproof.theory.errors import UnknownClaim

__all__ = ["Finding", "experiments_of", "falsify", "falsify_claim", "groups", "replay"]


def groups(targets: Sequence[Any]) -> list[tuple[list[Claim], str]]:
    """Claims, ids, paper keys and files, or lists of these, as (claims, the file that states them).

    Raises:
        TypeError: a target is nothing that names claims.
    """
    named = list(flat(targets))
    given = [t for t in named if isinstance(t, Claim)]
    names = [t for t in named if isinstance(t, str)]
    found = ([(given, "")] if given else []) + (select(names) if names else [])
    for claims, file in found:
        if not claims:
            raise UnknownClaim(f"{file} states no claim; state one with own_claim(...) or register(Claim(...))")
    return found


def falsify(
    *targets: Any, drop: Sequence[str] = (), budget: str = "quick", seed: int = 0, **limits: Any
) -> list[Finding]:
    """Search for counterexamples to claims, given as claims, ids, paper keys or ``.py`` files; see ``falsify_claim``."""
    return [
        falsify_claim(c, drop=drop, budget=budget, seed=seed, file=file, **limits)
        for claims, file in groups(targets)
        for c in claims
    ]
