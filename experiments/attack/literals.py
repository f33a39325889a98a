"""Instances as Python text."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.cases import Case


def literal(v: Any, imports: set[str]) -> str:
    """Python text of an instance. Raises ``ValueError`` for objects that cannot be written down."""
    if v is None or isinstance(v, bool | int | str):
        return repr(v)
    if isinstance(v, float | np.floating):
        if not np.isfinite(v):
            imports.add("from math import inf, nan")
        return repr(float(v))
    if isinstance(v, np.integer):
        return repr(int(v))
    if isinstance(v, Fraction):
        imports.add("from fractions import Fraction")
        return repr(v)
    if isinstance(v, np.ndarray):
        imports.add("from numpy import array")
        shape = f".reshape({v.shape})" if v.size == 0 else ""
        kind = "" if v.dtype.kind == "f" and v.size else f", dtype={v.dtype.name!r}"
        return f"array({v.tolist()!r}{kind}){shape}"
    if isinstance(v, dict):
        return "{" + ", ".join(f"{k!r}: {literal(x, imports)}" for k, x in v.items()) + "}"
    if isinstance(v, list) or type(v) is tuple:
        inner = ", ".join(literal(x, imports) for x in v)
        return f"[{inner}]" if isinstance(v, list) else f"({inner}{',' * (len(v) == 1)})"
    if isinstance(v, set | frozenset):
        inner = ", ".join(literal(x, imports) for x in sorted(v, key=repr))
        return f"{type(v).__name__}({f'[{inner}]' if v else ''})"
    kind_ = type(v)
    if isinstance(v, Case):
        raise ValueError("a case is drawn again from its choices")
    if dataclasses.is_dataclass(v) and kind_.__module__.startswith("gradproof.") and "<" not in kind_.__qualname__:
        imports.add(f"from {kind_.__module__} import {kind_.__name__}")
        fields = ", ".join(f"{f.name}={literal(getattr(v, f.name), imports)}" for f in dataclasses.fields(v) if f.init)
        return f"{kind_.__name__}({fields})"
    raise ValueError(f"{kind_.__name__} has no literal")
