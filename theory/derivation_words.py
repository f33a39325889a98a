"""Short words for what derivations are made of: the parameters of a domain, squares, laws, and claims without a method."""

from collections.abc import Mapping
from typing import Any

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval

Laws = Mapping[str, d.Law]
Steps = dict[str, d.Step]
Names = tuple[str, ...]


def over(*names: str, zero: Names = (), real: Names = ()) -> tuple[Interval, ...]:
    """Positive parameters; ``zero``: those that may be 0, ``real``: those of any sign."""
    return tuple(Interval(x, "" if x in real else "0", "", x in zero) for x in names)


def square(v: d.Vec, c: str = "1") -> d.Term:
    """``c |v|^2``."""
    return (c, v, v)


def minus(*terms: d.Term) -> d.Terms:
    """The terms with the other sign."""
    return tuple((f"-({c})", *rest) for c, *rest in terms)  # type: ignore[misc]


def times(c: str, terms: d.Terms) -> d.Terms:
    """``c`` times the terms."""
    return tuple((f"({c})*({first})", *rest) for first, *rest in terms)  # type: ignore[misc]


def below(*terms: d.Term, by: Names = (), at: str = "k", says: str = "") -> d.Law:
    """The law that the terms are at most 0."""
    return d.Law(terms, by, index=at, says=says)


def equal(*terms: d.Term, by: Names = (), at: str = "k", says: str = "") -> d.Law:
    """The law that the terms are 0."""
    return d.Law(terms, by, True, at, says)


def at_once(
    quantity: Any, domain: tuple[Interval, ...], laws: Laws, steps: d.Step | Steps, vectors: Names = (), values: Names = (), *,
    by: Names = (), stands: Any = None, initial: d.Terms = (("1", "1"),), horizon: str = "N", numbers: tuple[d.Number, ...] = (),
    **case: Any,
) -> d.Derivation:  # fmt: skip
    """A claim without steps of a method: what is known of vectors and numbers are laws. One step is the last."""
    method = d.Method({}, {}, (), {}, fixed=vectors, fixed_values=values, laws=laws, numbers=numbers)
    formal = d.Formal(method, quantity, initial, "0", horizon, stands or {}, by)
    whole = (*domain, *(n.interval for n in numbers))
    return d.Derivation(formal, d.Case(whole, steps if isinstance(steps, dict) else {"end": steps}, **case))
