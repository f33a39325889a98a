"""Controls whose cases keep all that their claim assumes, but what the control gives up."""

from collections.abc import Callable, Iterable
from typing import Any

from gradproof.experiments.engine.cases import cases
from gradproof.experiments.engine.measure import instead, without
from gradproof.theory.claim import Claim


def breaking(
    claim: Claim | Iterable[Claim], assumption: str, function: Callable[..., Any], where: Any = None, **axes: Any
) -> None:
    """A control on ``Cases``, or on those of the axes, that guarantee every structural assumption of the claim but this one."""
    for c in (claim,) if isinstance(claim, Claim) else claim:
        kept = (a.name for a in c.assumptions if a.structural and a.name != assumption)
        without(c, assumption, function, (where or cases(**axes)).guaranteeing(*kept))


def replacing(claim: Claim, what: str, function: Callable[..., Any], where: Any = None, **axes: Any) -> None:
    """An ablation on ``Cases``, or on those of the axes, that guarantee every structural assumption of the claim."""
    held = (a.name for a in claim.assumptions if a.structural)
    instead(claim, what, function, (where or cases(**axes)).guaranteeing(*held))
