"""Errors that a user meets: one line with the value, the requirement and the way out."""


class GradproofError(Exception):
    """Base of all errors of this package whose text is meant for the user."""


class ParameterError(GradproofError, ValueError):
    """A parameter is missing, unknown, or of a type that cannot be evaluated."""


class DomainError(ParameterError):
    """A value lies outside the domain or breaks an assumption under which a claim is stated."""


class UnknownClaim(GradproofError, KeyError):
    """No claim, paper or file of that name."""

    def __str__(self) -> str:  # KeyError would show the repr
        return str(self.args[0]) if self.args else ""


class ProofRejected(GradproofError):
    """The trusted kernel does not accept a proof; the text says at which step."""


class ProofFormatError(GradproofError, ValueError):
    """A proof file is not a proof: truncated, too large, too deep, or not in the format."""


class DataUnavailable(GradproofError):
    """A data set is neither on disk nor reachable; the text says where it was looked for."""


class LedgerError(GradproofError):
    """The ledger cannot be read or written."""
