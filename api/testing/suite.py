"""For users' own test suites: does a claim hold, and does an implementation keep it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradproof.theory.claim import Claim

if TYPE_CHECKING:
    from gradproof.experiments.attack.finding import Finding

#: (claim, tightness, instances tried) of every successful assertion, for the report at the end of a pytest run
REPORTED: list[tuple[str, float, int]] = []


def holds(claim: Claim | str, *, evaluations: int = 1500, seconds: float = 20.0, seed: int = 0) -> Finding:
    """Assert that a search finds no counterexample to a claim; return what it tried, with the best ratio.

    Raises:
        AssertionError: with the counterexample, shrunk and replayed.
        UnknownClaim: the claim has no experiment.
    """
    from gradproof.experiments.attack.falsify import falsify_claim
    from gradproof.theory import registry

    c = registry.claim(claim) if isinstance(claim, str) else claim
    return _report(falsify_claim(c, evaluations=evaluations, seconds=seconds, seed=seed))


def check_method(
    method: Callable[..., Any], claim: Claim | str, *, draws: Mapping[str, Any] | None = None, evaluations: int = 1500,
    seconds: float = 20.0, seed: int = 0,
) -> Finding:  # fmt: skip
    """Assert that an implementation keeps a claim: ``method`` is measured in place of the claim's own experiment.

    Args:
        method: as the function under ``gradproof.experiment``: its arguments are drawn by name; it returns the measured
            quantity, or (quantity, {parameter: value}).
        draws: strategies for its arguments; by default those of the claim's first experiment.

    Raises:
        AssertionError: with the counterexample, shrunk and replayed.
        ParameterError: an argument is neither drawn nor a parameter.
    """
    import random

    from gradproof.experiments.attack.attached import experiments_of
    from gradproof.experiments.attack.experiment import Experiment
    from gradproof.experiments.attack.falsify import finish
    from gradproof.experiments.attack.search import Search
    from gradproof.theory import registry

    c = registry.claim(claim) if isinstance(claim, str) else claim
    attached = experiments_of(c)
    given = draws if draws is not None else attached[0].draws if attached else {}
    made = Experiment(c, getattr(method, "__name__", "method"), given, method)
    search = Search(made, c, random.Random(f"{c.id}/{made.name}/{seed}"), evaluations, seconds).run()
    return _report(replace(finish(search, seed=seed), claim=f"{c.id} [{made.name}]"))


def _report(found: Finding) -> Finding:
    if found.violated or found.undecided:
        raise AssertionError(str(found))
    REPORTED.append((found.claim, found.ratio, found.tried))
    return found
