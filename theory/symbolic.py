"""Evidence that computer algebra gives: identities and inequalities that hold for all parameters."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from gradproof.theory.errors import ProofFormatError, ProofRejected
from gradproof.theory.field import Functions, Interval


@dataclass(frozen=True)
class Identity:
    """``expression == 0`` identically in its symbols."""

    expression: sp.Expr
    what: str = ""

    def failure(self) -> str:
        """Empty text if computer algebra reduces the expression to zero, else what is left."""
        e = sp.sympify(self.expression)
        for reduce in (sp.expand, lambda x: sp.cancel(sp.together(x)), sp.radsimp, sp.simplify):
            e = reduce(e)
            if e == 0:
                return ""
        return f"{self.what or 'identity'}: {str(e)[:200]} is left"


@dataclass(frozen=True)
class Inequality:
    """A rational function is >= 0 (or > 0) on a domain of parameters; see ``theory.field`` for how that is decided.

    Square roots are removed first, by the substitution that the caller makes (``alpha = 1 - q^2``).
    """

    expression: sp.Expr | str
    domain: tuple[Interval, ...]
    strict: bool = False
    what: str = ""

    def failure(self) -> str:
        """Empty text if the sign is proved, else what could not be shown."""
        field = Functions(self.domain)
        name = self.what or "inequality"
        try:
            e = field.read(self.expression if isinstance(self.expression, str) else _text(self.expression))
            ok = field.positive(e) if self.strict else field.nonnegative(e)
        except (ProofFormatError, ProofRejected) as error:
            return f"{name}: {error}"
        return (
            ""
            if ok
            else f"{name}: the sign of {field.show(e)[:200]} is not shown on {'; '.join(map(str, self.domain))}"
        )


def _text(e: sp.Expr) -> str:
    """A rational expression as text with plain names, whatever assumptions its symbols carry."""
    return str(sp.together(e))
