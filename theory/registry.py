"""Which papers and claims there are. A paper's module is imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import entry_points

import gradproof.theory as room
from gradproof.theory.arguments import of_type, shown
from gradproof.theory.claim import LIBRARY, PROMPT, Claim
from gradproof.theory.errors import UnknownClaim
from gradproof.theory.paper import Paper

_CLAIMS: dict[tuple[str, str], Claim] = {}  # (file, id)
_LISTENERS: list[list[Claim]] = []


def register(*claims: Claim) -> tuple[Claim, ...]:
    """Add claims to the registry, each under its file and its id.

    A claim of a notebook or a prompt replaces the one of the same id that was stated there before.

    Raises:
        UnknownClaim: the file states two claims with one id, or the id is one of the library's.
    """
    for c in claims:
        of_type(c, Claim, "what is registered", "claims, one after the other")
    for c in claims:
        old = _CLAIMS.get(c.key)
        if c.file == LIBRARY:
            if old is not None and old != c:
                raise UnknownClaim(f"{c.id} is a claim of the library; give yours another id")
        else:
            if _in_library(c.id):
                raise UnknownClaim(f"{c.id} is a claim of the library; give yours another id")
            if old is not None and old != c and c.file != PROMPT:  # the same again is a file that another one imports
                raise UnknownClaim(f"{c.file} states {c.id} twice; give one of them another id")
        _CLAIMS[c.key] = c
        for heard in _LISTENERS:
            heard.append(c)
    return claims


def _in_library(id: str) -> bool:
    """Has the library a claim of that id? Its paper's module is loaded to find out."""
    stem = id.split(".")[0].replace("-", "_")
    if stem in stems():
        importlib.import_module(f"{room.__name__}.{stems()[stem]}.{stem}")
    return (LIBRARY, id) in _CLAIMS


def forget(*claims: Claim) -> None:
    """Take claims out again; what is not there is no error."""
    for c in claims:
        _CLAIMS.pop(c.key, None)


def forget_file(file: str) -> None:
    """Drop what a file states, before it is run again."""
    for key in [k for k in _CLAIMS if k[0] == file]:
        del _CLAIMS[key]


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
    if key is None or key.replace("-", "_") not in stems():
        _load_packages()
    if key is None:
        for stem, family in stems().items():
            importlib.import_module(f"{room.__name__}.{family}.{stem}")
        return
    stem = key.replace("-", "_")
    if stem in stems():
        importlib.import_module(f"{room.__name__}.{stems()[stem]}.{stem}")


@lru_cache(maxsize=1)
def _load_packages() -> None:
    """Import the modules that installed packages offer under the entry-point group ``gradproof.claims``, once.

    A module that fails to import is left out with a warning: one broken package must not hide the library.
    """
    for point in entry_points(group="gradproof.claims"):
        try:
            point.load()
        except Exception as error:
            warnings.warn(f"claims of {point.name} ({point.value}) cannot be loaded: {error}", stacklevel=2)


def claims(key: str | None = None) -> list[Claim]:
    """All claims, or those of one paper, in the order in which the papers state them; none for an unknown key."""
    of_type(key, (str, type(None)), "the key of a paper", "a text, such as ef21")
    load(key)
    return [c for c in _CLAIMS.values() if key is None or c.paper.key == key or c.paper.stem == key]


def papers() -> list[Paper]:
    """All papers that have at least one claim."""
    return list({c.paper.key: c.paper for c in claims()}.values())


def claim(id: str, file: str | None = None) -> Claim:
    """The claim of that id.

    Args:
        file: the file that states it, where more than one does.

    Raises:
        UnknownClaim: with the nearest ids, or the files that state that id.
    """
    of_type(id, str, "the id of a claim", "a text, such as ef21.nonconvex-am")
    of_type(file, (str, type(None)), "the file of a claim", "its path")
    if not _stated(id, file):
        load(id.split(".")[0])
    if not _stated(id, file):
        load()
    found = _stated(id, file)
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join("a notebook or prompt" if c.file == PROMPT else c.file for c in found)
        raise UnknownClaim(f"{id} is stated in {places}; name the file")
    raise UnknownClaim(f"no claim {shown(id)}; {_nearest(id)}")


def _stated(id: str, file: str | None) -> list[Claim]:
    if file is not None:
        return [_CLAIMS[file, id]] if (file, id) in _CLAIMS else []
    return [c for (_, name), c in _CLAIMS.items() if name == id]


def select(names: list[str]) -> list[Claim]:
    """The claims named by ids and paper keys; everything for an empty list."""
    if not names:
        return claims()
    chosen: dict[tuple[str, str], Claim] = {}
    for name in names:
        found = [claim(name)] if "." in name else claims(name)
        if not found:
            raise UnknownClaim(f"no claim or paper {shown(name)}; {_nearest(name)}")
        chosen |= {c.key: c for c in found}
    return list(chosen.values())


def _nearest(name: str) -> str:
    known = [id for _, id in _CLAIMS] + [c.paper.key for c in _CLAIMS.values()]
    near = difflib.get_close_matches(name, list(dict.fromkeys(known)), n=3, cutoff=0.4)
    return f"did you mean {', '.join(near)}?" if near else "`gradproof list` shows all"
