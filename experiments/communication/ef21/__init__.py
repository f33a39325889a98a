"""EF21 in numbers: methods, problems, and the checks that confront its claims with evidence."""

from gradproof.experiments.communication.ef21 import averages, certificates, checks, controls, exact, symbolic

__all__ = ["averages", "certificates", "checks", "controls", "exact", "symbolic"]
