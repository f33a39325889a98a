"""What searches left in a folder: counterexamples that were replayed, and which assumptions were needed.

The files are read as data from a stranger: never run, and anything that does not fit is named and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradproof.experiments.attack.finding import short_float
from gradproof.experiments.attack.necessity import FORMAT
from gradproof.experiments.engine.files import read_regular
from gradproof.report.numbers import MeasuredView, measured, slug
from gradproof.theory.evidence import Measurement, Relation
from gradproof.theory.proof_json import read_untrusted

LARGEST = 1_000_000  # bytes of one file
_MOST = 300  # characters of one value on the page; the file has all of it


@dataclass(frozen=True)
class Found:
    """One saved search of one claim, as the page shows it."""

    claim: str
    drop: tuple[str, ...]
    violated: bool
    measured: MeasuredView | None
    how: str
    instance: tuple[tuple[str, str], ...]
    tried: int
    seed: int
    versions: tuple[tuple[str, str], ...]
    statement: str  # hash of the statement that was searched; empty in files that do not say
    files: Mapping[str, bytes] = field(repr=False)  # name -> content: the finding, and the program that replays it


@dataclass(frozen=True)
class Asked:
    """What was found out about one assumption."""

    verdict: str
    evidence: str


@dataclass
class Findings:
    """All that a folder holds."""

    found: dict[str, list[Found]] = field(default_factory=dict)
    needs: dict[tuple[str, str], dict[str, Asked]] = field(default_factory=dict)  # by claim id and statement
    problems: list[str] = field(default_factory=list)


def read(folder: Path) -> Findings:
    """The findings in a folder; a folder that does not exist holds none."""
    out = Findings()
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            content = read_regular(path, LARGEST)
            data = read_untrusted(content.decode("utf-8"), "a finding", LARGEST, floats=True)
            if data.get("format") == FORMAT:
                asked = {str(n["assumption"]): Asked(str(n["verdict"]), str(n["evidence"])) for n in data["needs"]}
                out.needs.setdefault((str(data["claim"]), str(data.get("statement", ""))), {}).update(asked)
            else:
                found = _found(data, path, content)
                out.found.setdefault(found.claim, []).append(found)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            said = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            out.problems.append(f"{path.name}: {said}")
    return out


def _found(data: Mapping[str, Any], path: Path, content: bytes) -> Found:
    m = data["measurement"]
    view = None
    if m is not None:
        relation = Relation(m["relation"]) if m["relation"] else None
        known = {k: m[k] for k in Measurement.__dataclass_fields__ if k in m and k != "relation"}
        view = measured(Measurement(**known, relation=relation), Relation(data["relation"]))
    stem = slug(path.stem)
    files = {f"{stem}.json": content}
    with suppress(FileNotFoundError):
        files[f"{stem}.py"] = read_regular(path.with_suffix(".py"), LARGEST)
    instance = [(str(k), _text(v)) for k, v in data["instance"].items()]
    named = {name for name, _ in instance}
    instance += [(k, f"{v} (of this instance)") for k, v in (view.parameters if view else ()) if k not in named]
    return Found(
        claim=str(data["claim"]), drop=tuple(map(str, data["drop"])), violated=data["violated"] is True, measured=view,
        how=str(data["how"]), instance=tuple(instance), tried=int(data["tried"]), seed=int(data["seed"]),
        versions=tuple((str(k), str(v)) for k, v in data["versions"].items()), files=files,
        statement=str(data.get("statement", "")),
    )  # fmt: skip


def _text(v: Any) -> str:
    """A value of an instance in one line: ``Smooth(slopes=[[0.1875]], center=[0])``."""
    if isinstance(v, Mapping):
        inner = ", ".join(f"{k}={_text(x)}" for k, x in v.items() if k != "type" and x is not None and x != [])
        text = f"{v.get('type', '')}({inner})"
    elif isinstance(v, list):
        text = "[" + ", ".join(_text(x) for x in v[:50]) + (", …" if len(v) > 50 else "") + "]"
    else:
        text = short_float(v) if isinstance(v, float) else str(v)
    return text if len(text) <= _MOST else text[:_MOST] + " …"
