"""How strategies draw their numbers: from Hypothesis, or from a tape. A strategy is written once for both.

``@built`` turns ``f(draw, ...)`` into a function that returns a Hypothesis strategy, as ``st.composite`` does; here ``draw``
also has ``real``, ``integer``, ``boolean`` and ``pick``, which cost microseconds when a search reads them from a tape.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Protocol, TypeVar

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


class Source(Protocol):
    """Where numbers come from. Called with a strategy, it draws from it."""

    def real(self, low: float, high: float) -> float:
        """A float of a closed interval."""

    def integer(self, low: int, high: int) -> int:
        """An integer of a closed interval; shrinks towards the end nearest to 0."""

    def boolean(self) -> bool:
        """A truth value; shrinks towards False."""

    def pick(self, options: Sequence[T]) -> T:
        """One of several; shrinks towards the first."""

    def reject(self) -> Any:
        """There is no instance at these choices."""

    def __call__(self, strategy: SearchStrategy[T]) -> T: ...


class FromHypothesis:
    """Numbers from Hypothesis's own engine."""

    def __init__(self, draw: Callable[[SearchStrategy], Any]) -> None:
        self.draw = draw

    def real(self, low: float, high: float) -> float:
        return self.draw(reals(low, high))

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def boolean(self) -> bool:
        return self.draw(st.booleans())

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def reject(self) -> Any:
        reject()

    def __call__(self, strategy: SearchStrategy[T]) -> T:
        return self.draw(strategy)


def reals(low: float, high: float) -> SearchStrategy[float]:
    """Floats of a closed interval, without subnormal ones."""
    return st.floats(low, high, allow_nan=False, allow_infinity=False, allow_subnormal=False)


def built(function: Callable[..., T]) -> Callable[..., SearchStrategy[T]]:
    """Make ``function(draw, ...)`` a strategy maker; ``draw`` is a :class:`Source`."""

    @st.composite
    def through_hypothesis(draw: Any, *args: Any, **kwargs: Any) -> T:
        return function(FromHypothesis(draw), *args, **kwargs)

    @wraps(function)
    def make(*args: Any, **kwargs: Any) -> SearchStrategy[T]:
        strategy = through_hypothesis(*args, **kwargs)
        # the tape calls the function itself
        strategy.gradproof_recipe = lambda source: function(source, *args, **kwargs)  # type: ignore[attr-defined]
        strategy.gradproof_call = (make, args, kwargs)  # type: ignore[attr-defined]
        return strategy

    shape = inspect.signature(function)
    make.__signature__ = shape.replace(parameters=list(shape.parameters.values())[1:])  # type: ignore[attr-defined]
    return make
