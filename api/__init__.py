"""gradproof: check the convergence theory of gradient methods by machine.

>>> import gradproof
>>> print(gradproof.claim("ef21.nonconvex-am").title)
EF21 with the arithmetic mean of the smoothness constants
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: name -> module that has it; imported when first used, so that ``import gradproof`` is quick
_LAZY = {
    "claim": "gradproof.theory.registry",
    "claims": "gradproof.theory.registry",
    "papers": "gradproof.theory.registry",
    "register": "gradproof.theory.registry",
    "Claim": "gradproof.theory.claim",
    "Paper": "gradproof.theory.paper",
    "Parameter": "gradproof.theory.parameter",
    "Assumption": "gradproof.theory.assumption",
    "frame": "gradproof.export",
    "latex": "gradproof.export",
    "Level": "gradproof.theory.evidence",
    "Relation": "gradproof.theory.evidence",
    "Measurement": "gradproof.theory.evidence",
    "Outcome": "gradproof.theory.evidence",
    "Verdict": "gradproof.theory.evidence",
    "Identity": "gradproof.theory.symbolic",
    "Inequality": "gradproof.theory.symbolic",
    "derivation": "gradproof.theory.derivation",
    "written_proof": "gradproof.theory.written",
    "measure": "gradproof.experiments.engine.measure",
    "without": "gradproof.experiments.engine.measure",
    "instead": "gradproof.experiments.engine.measure",
    "cases": "gradproof.experiments.engine.cases",
    "Enclosed": "gradproof.experiments.engine.values",
    "Sample": "gradproof.experiments.engine.values",
    "Bracket": "gradproof.experiments.engine.values",
    "Holds": "gradproof.experiments.engine.values",
    "Supremum": "gradproof.experiments.engine.values",
    "around": "gradproof.experiments.engine.values",
    "rounded": "gradproof.experiments.engine.values",
    "check": "gradproof.experiments.engine.check",
    "Context": "gradproof.experiments.engine.check",
    "Undecided": "gradproof.experiments.engine.check",
    "Ledger": "gradproof.experiments.engine.store",
    "verify": "gradproof.summary",
    "show": "gradproof.summary",
    "own_claim": "gradproof.own",
    "experiment": "gradproof.own",
    "falsify_claim": "gradproof.falsify",
    "replay": "gradproof.falsify",
    "run_mutants": "gradproof.mutants",
    "draw": "gradproof.paper_figures.make",
    "GradproofError": "gradproof.theory.errors",
}

__all__ = ["__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in ("theory", "solvers", "experiments", "paper_figures", "testing", "falsify"):
        return import_module(f"gradproof.{name}")
    raise AttributeError(f"module 'gradproof' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])


if TYPE_CHECKING:
    from gradproof.experiments.engine.cases import cases
    from gradproof.experiments.engine.check import Context, Undecided, check
    from gradproof.experiments.engine.measure import instead, measure, without
    from gradproof.experiments.engine.store import Ledger
    from gradproof.experiments.engine.values import Bracket, Enclosed, Holds, Sample, Supremum, around, rounded
    from gradproof.export import frame, latex
    from gradproof.falsify import falsify_claim, replay
    from gradproof.mutants import run_mutants
    from gradproof.own import experiment, own_claim
    from gradproof.paper_figures.make import draw
    from gradproof.summary import show, verify
    from gradproof.theory.assumption import Assumption
    from gradproof.theory.claim import Claim
    from gradproof.theory.derivation import derivation
    from gradproof.theory.errors import GradproofError
    from gradproof.theory.evidence import Level, Measurement, Outcome, Relation, Verdict
    from gradproof.theory.paper import Paper
    from gradproof.theory.parameter import Parameter
    from gradproof.theory.registry import claim, claims, papers, register
    from gradproof.theory.symbolic import Identity, Inequality
    from gradproof.theory.written import written_proof
