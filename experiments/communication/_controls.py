"""How the papers of this family state their controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradproof.experiments.engine.measure import cases, instead, without
from gradproof.theory.claim import Claim


def breaking(claim: Claim, assumption: str, function: Callable[..., Any], **axes: Any) -> None:
    """A control on cases that keep all assumptions of the claim but one."""
    kept = [a.name for a in claim.assumptions if a.structural and a.name != assumption]
    without(claim, assumption, function, cases(**axes).guaranteeing(*kept))


def replacing(claim: Claim, what: str, function: Callable[..., Any], **axes: Any) -> None:
    """An ablation on cases that keep all assumptions of the claim."""
    instead(claim, what, function, cases(**axes).guaranteeing(*(a.name for a in claim.assumptions if a.structural)))
