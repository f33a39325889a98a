"""Which papers and claims there are. A paper's module is imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import gradproof.theory as room
from gradproof.theory.claim import Claim
from gradproof.theory.errors import UnknownClaim
from gradproof.theory.paper import Paper

_CLAIMS: dict[str, Claim] = {}
_LISTENERS: list[list[Claim]] = []


def register(*claims: Claim) -> tuple[Claim, ...]:
    """Add claims to the registry. A user's claim may be stated anew under its id; one of the library's may not.

    Raises:
        UnknownClaim: the id is that of another claim of the library.
    """
    for c in claims:
        old = _CLAIMS.get(c.id)
        if old is not None and old != c and old.paper.stem in stems():
            raise UnknownClaim(f"{c.id} is a claim of the library; give yours another id")
        _CLAIMS[c.id] = c
        for heard in _LISTENERS:
            heard.append(c)
    return claims


@contextmanager
def capture() -> Iterator[list[Claim]]:
    """Collect the claims that are registered inside the ``with`` block."""
    heard: list[Claim] = []
    _LISTENERS.append(heard)
    try:
        yield heard
    finally:
        _LISTENERS.remove(heard)


@lru_cache(maxsize=1)
def stems() -> dict[str, str]:
    """``{paper stem: family}`` for every paper module in the room, without importing them."""
    found = {}
    for family in pkgutil.iter_modules(room.__path__):
        if family.ispkg:
            package = importlib.import_module(f"{room.__name__}.{family.name}")
            for module in pkgutil.iter_modules(package.__path__):
                if not module.name.startswith("_"):
                    found[module.name] = family.name
    return found


def load(key: str | None = None) -> None:
    """Import the modules of one paper (by key or stem), or of all papers."""
    if key is None:
        for stem, family in stems().items():
            importlib.import_module(f"{room.__name__}.{family}.{stem}")
        return
    stem = key.replace("-", "_")
    if stem in stems():
        importlib.import_module(f"{room.__name__}.{stems()[stem]}.{stem}")


def claims(key: str | None = None) -> list[Claim]:
    """All claims, or those of one paper, in the order in which the papers state them."""
    load(key)
    return [c for c in _CLAIMS.values() if key is None or c.paper.key == key or c.paper.stem == key]


def papers() -> list[Paper]:
    """All papers that have at least one claim."""
    return list({c.paper.key: c.paper for c in claims()}.values())


def claim(id: str) -> Claim:
    """The claim of that id.

    Raises:
        UnknownClaim: with the nearest ids.
    """
    if id not in _CLAIMS:
        load(id.split(".")[0])
    if id not in _CLAIMS:
        load()
    if id in _CLAIMS:
        return _CLAIMS[id]
    raise UnknownClaim(f"no claim {id!r}; {_nearest(id)}")


def select(names: list[str]) -> list[Claim]:
    """The claims named by ids and paper keys; everything for an empty list."""
    if not names:
        return claims()
    chosen: dict[str, Claim] = {}
    for name in names:
        found = [claim(name)] if "." in name else claims(name)
        if not found:
            raise UnknownClaim(f"no claim or paper {name!r}; {_nearest(name)}")
        chosen |= {c.id: c for c in found}
    return list(chosen.values())


def _nearest(name: str) -> str:
    known = list(_CLAIMS) + [c.paper.key for c in _CLAIMS.values()]
    near = difflib.get_close_matches(name, list(dict.fromkeys(known)), n=3, cutoff=0.4)
    return f"did you mean {', '.join(near)}?" if near else "`gradproof list` shows all"
