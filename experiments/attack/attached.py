"""All that can be searched of a claim: experiments attached to it, those of its paper, and its measures."""

from __future__ import annotations

import importlib

from gradproof.experiments.attack.evidence import attached
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.measured import searches_of
from gradproof.theory.claim import Claim


def experiments_of(claim: Claim, drop: frozenset[str] = frozenset(), budget: str = "quick") -> list[Experiment]:
    """The experiments of a claim: attached ones, those of its paper's module ``searches``, then one for each measure.

    For a paper that is one module of its family, ``_searches`` of the family is asked. Either has a function
    ``searches(claim)``; it is imported here, so that evidence is gathered without it.

    Args:
        drop: assumptions that are given up: measures of controls that break them are searched too.
    """
    found = attached(claim)
    family = f"gradproof.experiments.{claim.paper.family}"
    for name in (f"{family}.{claim.paper.stem}.searches", f"{family}._searches"):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise
        else:
            found += module.searches(claim)
    names = {e.name for e in found}
    return found + [e for e in searches_of(claim, drop, budget) if e.name not in names]
