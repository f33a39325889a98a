"""The cells of a ledger's row as values, each of its type: a ledger may come from a stranger, or from a failing disk."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from gradproof.theory.evidence import Level, Measurement, Outcome, Relation

DEEPEST = 20  # lists within lists, of a parameter


class Damaged(ValueError):
    """A cell does not hold what its column is for."""


def text(x: Any) -> str:
    """A cell of text, in valid UTF-8."""
    if not isinstance(x, str):
        raise Damaged(f"{type(x).__name__} where a text belongs")
    x.encode("utf-8")  # a byte that is none of UTF-8 was read as half a surrogate
    return x


def count(x: Any) -> int:
    if isinstance(x, bool) or not isinstance(x, int):
        raise Damaged(f"{type(x).__name__} where an integer belongs")
    return x


def natural(x: Any) -> int:
    if count(x) < 0:
        raise Damaged(f"{x} where a count belongs")
    return int(x)


def flag(x: Any) -> bool:
    if count(x) not in (0, 1):
        raise Damaged(f"{x} where 0 or 1 belongs")
    return bool(x)


def real(x: Any) -> float:
    if isinstance(x, bool) or not isinstance(x, int | float) or not math.isfinite(x):
        raise Damaged(f"{str(x)[:40]!r} where a number belongs")
    return float(x)


def supremum(x: Any) -> float:
    """A number, or infinity."""
    return x if x == math.inf else real(x)


def moment(x: Any) -> float:
    """Seconds since 1970, in the years that a calendar writes with four digits."""
    if not 0 <= real(x) < 253402300800:
        raise Damaged(f"{x} where a time belongs")
    return real(x)


def duration(x: Any) -> float:
    if real(x) < 0:
        raise Damaged(f"{x} where a duration belongs")
    return real(x)


def optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: None if x is None else read(x)


def factor(x: Any) -> float | None:
    """A resolution: a factor of at least 1, perhaps infinite, as text; nothing where the text is empty."""
    if not text(x):
        return None
    value = float(x)
    if not value >= 1:
        raise Damaged(f"{x[:40]!r} where a factor belongs")
    return value


def texts(x: Any) -> tuple[str, ...]:
    """A JSON list of texts."""
    found = parsed(x)
    if not isinstance(found, list):
        raise Damaged("no list of texts")
    return tuple(map(text, found))


def by_name(x: Any) -> dict[str, str]:
    """A JSON object of texts."""
    found = parsed(x)
    if not isinstance(found, dict):
        raise Damaged("no names with texts")
    return {text(k): text(v) for k, v in found.items()}


def parsed(x: Any) -> Any:
    """The value of a JSON text; NaN and infinities are not JSON, and a name stands once."""
    return json.loads(text(x), parse_constant=_no_constant, object_pairs_hook=_once)


def _no_constant(name: str) -> None:
    raise Damaged(f"{name} is no JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Damaged("a name that stands twice")
    return found


def number(x: Any) -> Any:
    """A number as it is kept: a JSON number, or the text of an exact one."""
    if isinstance(x, bool | int | str):
        return text(x) if isinstance(x, str) else x
    return real(x)


def parameter(x: Any, depth: int = 0) -> Any:
    """A parameter of a measurement: numbers, texts, lists of these, or nothing."""
    if depth > DEEPEST:
        raise Damaged(f"lists more than {DEEPEST} deep")
    if isinstance(x, list):
        return [parameter(v, depth + 1) for v in x]
    return optional(number)(x)


def parameters(x: Any) -> dict[str, Any]:
    if not isinstance(x, dict):
        raise Damaged("no parameters by name")
    return {text(k): parameter(v) for k, v in x.items()}


_MEASUREMENT: Mapping[str, Callable[[Any], Any]] = {
    "measured": parameter, "bound": parameter, "low": parameter, "high": parameter, "source": text, "test": text,
    "parameters": parameters, "relation": optional(Relation), "what": text, "seed": optional(count), "n": natural,
    "e_value": optional(number), "level": optional(real),
}  # fmt: skip


def measurement(x: Any) -> Measurement | None:
    """A measurement out of its JSON text; nothing where the text is empty."""
    if not text(x):
        return None
    data = parsed(x)
    if not isinstance(data, dict) or not {"measured", "bound"} <= data.keys() <= _MEASUREMENT.keys():
        raise Damaged("no measurement")
    return Measurement(**{k: _MEASUREMENT[k](v) for k, v in data.items()})


def measurement_json(m: Measurement) -> dict[str, Any]:
    """A measurement as JSON values: exact numbers as text beside their decimals."""
    relation = m.relation.value if m.relation else None
    return {k: relation if k == "relation" else plain(getattr(m, k)) for k in _MEASUREMENT} | {
        "parameters": {str(k): plain(v) for k, v in m.parameters.items()}
    }


LONGEST = 4000  # digits of an integer; what is longer is shown by its size


def plain(v: Any) -> Any:
    """A JSON value: floats keep their bits (NaN and infinities as text), exact numbers become text."""
    if isinstance(v, str):
        return kept_text(v)
    if isinstance(v, int) and not isinstance(v, bool) and v.bit_length() > 3.32 * LONGEST:
        return f"{'-' if v < 0 else ''}2^{v.bit_length() - 1} or more"
    if v is None or isinstance(v, bool | int):
        return v
    if isinstance(v, float):
        return float(v) if math.isfinite(v) else str(float(v))
    if isinstance(v, list | tuple):
        return [plain(x) for x in v]
    if hasattr(v, "tolist"):
        return plain(v.tolist())
    return kept_text(str(v))


def kept_text(s: str) -> str:
    """Text that UTF-8 can write: what a system's file names and a user's messages may hold besides is escaped."""
    return s.encode("utf-8", errors="backslashreplace").decode("utf-8")


#: how each column of the table is read
COLUMNS: Mapping[str, Callable[[Any], Any]] = {
    "key": text, "claim": text, "check_name": text, "level": Level, "drops": text, "summary": text, "budget": text,
    "backend": text, "seed": count, "code": text, "outcome": Outcome, "reason": text, "tightness": optional(supremum),
    "n": natural, "worst": measurement, "proofs": texts, "versions": by_name, "seconds": duration, "finished": moment,
    "statement": text, "resolution": factor, "scope": text, "given": texts, "transient": flag,
}  # fmt: skip


def values(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row's cells.

    Raises:
        Damaged: one of them is not what its column is for; the text names it.
    """
    found = {}
    for name, read in COLUMNS.items():
        try:
            found[name] = read(cells[name])
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            raise Damaged(f"{name}: {' '.join(str(error).split())[:200]}") from None
    return found
