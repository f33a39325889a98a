"""Seed, budget and limits, as every entry of the engine reads them: what cannot be meant is one line of error."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection
from typing import Any

from gradproof.theory.arguments import shown
from gradproof.theory.errors import ParameterError

BUDGETS = ("quick", "full", "gpu")

#: The ledger keeps seeds as SQLite's integers.
LARGEST_SEED = 2**63 - 1


def read_seed(seed: Any) -> int:
    """A seed: an integer from 0 to 2^63 - 1.

    Raises:
        ParameterError: anything else.
    """
    try:
        number = None if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = None
    if number is None or not 0 <= number <= LARGEST_SEED:
        raise ParameterError(f"seed = {shown(seed)}: give an integer from 0 to 2^63 - 1")
    return number


def read_budget(budget: Any, known: Collection[str] = BUDGETS) -> str:
    """One of the budgets.

    Raises:
        ParameterError: another one.
    """
    if not isinstance(budget, str) or budget not in known:
        raise ParameterError(f"budget {shown(budget)} is none of {', '.join(known)}")
    return budget


def read_limit(value: Any, name: str, *, whole: bool = False) -> Any:
    """A limit on seconds or numbers of things, > 0 and finite; ``None`` for the default.

    Raises:
        ParameterError: anything else.
    """
    kinds = int if whole else (int, float)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < math.inf:
        raise ParameterError(f"{name} = {shown(value)}: give {'an integer' if whole else 'a finite number'} > 0")
    return value
