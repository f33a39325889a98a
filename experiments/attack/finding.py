"""What a search reports: a counterexample with its numbers, or how near it came and how much was tried."""

from __future__ import annotations

import dataclasses
import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from gradproof.experiments.attack.literals import literal
from gradproof.experiments.engine.cases import Case
from gradproof.experiments.engine.cells import measurement_json
from gradproof.experiments.engine.files import write_whole
from gradproof.experiments.engine.versions import versions
from gradproof.theory.arguments import as_float, digits
from gradproof.theory.evidence import Measurement

#: Share of instances that could not be measured above which a search says nothing.
UNMEASURED = 0.01


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one search.

    ``violated`` is True only for a counterexample that was replayed: exactly, in balls, or beyond a stated error.
    """

    claim: str
    experiment: str
    drop: tuple[str, ...] = ()
    violated: bool = False
    measurement: Measurement | None = None  # the counterexample, or the instance nearest to the bound
    ratio: float = 0.0  # measured/bound there
    how: str = ""  # how it was decided
    instance: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] = ()
    tried: int = 0
    rejected: int = 0
    failed: int = 0  # instances that could not be measured: an exception, NaN, a bound without a value
    unmeasured: Mapping[str, int] = field(default_factory=dict)  # why -> how many
    seconds: float = 0.0
    seed: int = 0
    out_of_time: bool = False
    note: str = ""
    file: str = ""
    title: str = ""
    relation: str = "<="
    sources: Mapping[str, str] = field(
        default_factory=dict, repr=False
    )  # what states and measures it: file name -> text
    statement: str = ""  # hash of the statement that was searched: a counterexample is one to this statement alone

    @property
    def undecided(self) -> bool:
        """No counterexample, and more than ``UNMEASURED`` of the instances (or all of them) could not be measured."""
        return not self.violated and (self.measurement is None or self.failed > UNMEASURED * self.tried)

    @property
    def gaps(self) -> str:
        """How many instances could not be measured, and why; empty if all could."""
        if not self.failed:
            return ""
        most = sorted(self.unmeasured.items(), key=lambda w: -w[1])
        why = ", ".join(f"{n} x {w}" for w, n in most[:3]) + (", ..." if len(most) > 3 else "")
        share = 100 * self.failed / max(self.tried, 1)
        return f"{self.failed} of {self.tried} instances ({share:.3g} %) could not be measured" + (
            f": {why}" if why else ""
        )

    def __str__(self) -> str:
        given_up = f" without {', '.join(self.drop)}" if self.drop else ""
        effort = f"{self.tried} instances in {self.seconds:.1f} s, seed {self.seed}"
        if not self.violated:
            best = (
                f"best measured/bound {self.ratio:.6g}" if self.measurement is not None else "nothing could be measured"
            )
            verdict = "undecided" if self.undecided and self.failed else "no counterexample found"
            text = f"{self.claim}{given_up}: {verdict}; {best}; tried {effort}"
            text += " (stopped by the clock)" if self.out_of_time else ""
            return text + "".join(f"; {more}" for more in (self.gaps, self.note) if more)
        m = self.measurement
        assert m is not None
        compared = f"{m.what or 'measured'} {_number(m.measured)} {_not(self.relation)} {_number(m.bound)}"
        lines = [f"{self.claim}{given_up}: violated", f"  {compared}  (ratio {self.ratio:.6g}; decided by {self.how})"]
        lines += [f"  {name} = {_text(value)}" for name, value in self.instance.items()]
        determined = {k: v for k, v in m.parameters.items() if k not in self.instance}
        lines += [f"  {name} = {_text(value)}  (of this instance)" for name, value in determined.items()]
        lines += [f"  {more}" for more in (self.gaps, self.note) if more]
        return "\n".join([*lines, f"  found after {effort}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def as_json(self) -> dict[str, Any]:
        """JSON values; floats keep their bits."""
        return {
            "claim": self.claim,
            "statement": self.statement,
            "experiment": self.experiment,
            "drop": list(self.drop),
            "violated": self.violated,
            "measurement": measurement_json(self.measurement) if self.measurement else None,
            "ratio": self.ratio if np.isfinite(self.ratio) else str(self.ratio),
            "relation": self.relation,
            "how": self.how,
            "instance": {k: tree(v) for k, v in self.instance.items()},
            "choices": [tree(c) if not isinstance(c, bytes) else list(c) for c in self.choices],
            "tried": self.tried,
            "rejected": self.rejected,
            "failed": self.failed,
            "unmeasured": dict(self.unmeasured),
            "undecided": self.undecided,
            "seconds": self.seconds,
            "seed": self.seed,
            "out_of_time": self.out_of_time,
            "note": self.note,
            "file": Path(self.file).name,
            "versions": versions(),
        }

    def snippet(self) -> str:
        """A program that rebuilds the instance, decides it again and fails if it is no counterexample.

        It carries what states and measures a claim that is not the library's, and names no place of this machine.
        """
        m = self.measurement
        assert m is not None
        imports: set[str] = set()
        try:
            if not self.instance:  # a check's own, which its seed makes again
                raise ValueError
            rows = "".join(f"    {name!r}: {literal(value, imports)},\n" for name, value in self.instance.items())
            given = f"instance = {{\n{rows}}}\n"
            call = "instance"
        except ValueError:  # an object that has no literal: rebuilt from the choices that made it
            given = f"choices = {list(self.choices)!r}\n"
            call = "choices=choices"
        carried, more = "", f", statement={self.statement!r}" if self.statement else ""
        need = self.note[:1].upper() + self.note[1:] if self.note else "It needs gradproof and nothing else"
        if self.sources:
            texts = "".join(f"    {name!r}: {_block(text)},\n" for name, text in self.sources.items())
            carried, more = f"\nsources = {{\n{texts}}}\n", ", sources=sources"
        return (
            f'"""A counterexample to {self.claim}: measured {_number(m.measured)} {_not(self.relation)} {_number(m.bound)}.\n\n'
            f'{need}; it ends with an error if it is no counterexample.\n"""\n\n'
            + "".join(f"{line}\n" for line in sorted(imports | {"from gradproof.falsify import replay"}))
            + f"{carried}\n{given}found = replay(\n    {self.claim!r}, {call}, experiment={self.experiment!r}, "
            + f"drop={self.drop!r}{more}\n)\n"
            + 'print(ascii(found.measurement), ascii(found.how), sep="\\n")\nassert found.violated, ascii(found.how)\n'
        )

    def save(self, folder: Path) -> tuple[Path, Path]:
        """Write ``<claim>.json`` and ``<claim>.py`` into a folder; return both paths."""
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"\W+", "_", "_".join([self.claim, *(f"without_{d}" for d in self.drop)]))
        paths = folder / f"{stem}.json", folder / f"{stem}.py"
        write_whole(paths[0], json.dumps(self.as_json(), indent=1, allow_nan=False))
        write_whole(paths[1], self.snippet())
        return paths


def tree(v: Any) -> Any:
    """An instance as JSON values."""
    if v is None or isinstance(v, bool | int | str):
        return v
    if isinstance(v, float | np.floating):
        return float(v) if np.isfinite(v) else str(v)
    if isinstance(v, np.integer):
        return int(v)
    if isinstance(v, np.ndarray):
        return tree(v.tolist())
    if isinstance(v, list | tuple):
        return [tree(x) for x in v]
    if isinstance(v, Case):
        return tree(v.labels)
    if isinstance(v, Mapping):
        return {str(k): tree(x) for k, x in v.items()}
    if dataclasses.is_dataclass(v):
        return {"type": type(v).__name__} | {f.name: tree(getattr(v, f.name)) for f in dataclasses.fields(v)}
    return str(v)


def _block(text: str) -> str:
    """A literal of a text, over several lines where it can be."""
    plain = "'''" not in text and "\r" not in text and text.endswith("\n")
    return f"r'''{text}'''" if plain else repr(text)


def _number(x: Any) -> str:
    text = str(x)
    return text if len(text) <= 24 and "." not in text else digits(x, 12)


def _not(relation: str) -> str:
    return {"<=": ">", ">=": "<"}.get(relation, "!=")


def _text(v: Any) -> str:
    if isinstance(v, Case):
        return v.name
    if isinstance(v, np.ndarray):
        return str(v.tolist())
    if dataclasses.is_dataclass(v) and not isinstance(v, type):
        shown = ((f.name, getattr(v, f.name)) for f in dataclasses.fields(v))
        inner = ", ".join(
            f"{n}={_text(x)}" for n, x in shown if x is not None and not (isinstance(x, np.ndarray) and not x.size)
        )
        return f"{type(v).__name__}({inner})"
    if isinstance(v, list | tuple):
        return "[" + ", ".join(map(_text, v)) + "]"
    if isinstance(v, Fraction):
        return digits(v, 12) if math.isinf(as_float(v)) else short_float(float(v))
    return short_float(v) if isinstance(v, float) else str(v)


def short_float(x: float) -> str:
    """Twelve digits where they are the number, else all of them: 1 - 2^-52 is not 1."""
    short = f"{x:.12g}"
    return short if float(short) == x else repr(x)
