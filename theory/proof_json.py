"""Proofs as JSON. A proof file is data from a stranger: sizes and depths are limited, nothing is evaluated.

Part of the trusted kernel.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gradproof.theory.axioms import Coefficient, Form, Member, Point, Vector
from gradproof.theory.coefficient import MAX_DIGITS
from gradproof.theory.errors import ProofFormatError
from gradproof.theory.field import Field, Interval, field_over
from gradproof.theory.proof import Block, Premise, Proof, Statement, Use

FORMAT = "gradproof-proof-1"
MAX_BYTES = 256 * 2**20
MAX_NESTING = 24
MAX_ENTRIES = 20_000_000  # numbers and names in one file

_NAME = re.compile(r"[!-~]+")  # ASCII without blanks: two names that look alike are alike
_MARKS = frozenset("|<>,")  # what a printed form is made of


def statement_digest(statement: Statement) -> str:
    """SHA-256 of everything that the kernel checks about the statement."""
    data = _statement_json(replace(statement, text=""), field_over(statement.domain))
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def write_proof(proof: Proof) -> str:
    """Text that ``read_proof`` reads back to an equal proof."""
    field = field_over(proof.statement.domain)
    data = {
        "format": FORMAT,
        "statement": _statement_json(proof.statement, field),
        "uses": [
            {"axiom": u.axiom, "member": u.member, "points": list(u.points), "multiplier": field.show(u.multiplier)}
            | ({"weights": [field.show(c) for c in u.weights]} if u.weights else {})
            for u in proof.uses
        ],
    }
    if proof.blocks is not None:
        data["blocks"] = [
            {
                "vectors": [_linear_json(v, field) for v in b.vectors],
                "matrix": [[field.show(c) for c in r] for r in b.matrix],
            }
            for b in proof.blocks
        ]
    return json.dumps(data, indent=1)


def read_untrusted(text: str, what: str, limit: int, *, floats: bool = False) -> Any:
    """JSON without doubled names, and without depth, digits or length beyond the limits; ``what`` the text is said to be.

    Args:
        floats: whether it may hold floats, infinities and NaN among them: a proof may not.

    Raises:
        ProofFormatError: what is wrong with the text.
    """
    if len(text) > limit:
        raise ProofFormatError(f"{what} of {len(text)} bytes is larger than the limit of {limit}")
    number: Callable[[str], Any] = float if floats else _refuse_number
    try:
        data = json.loads(text, parse_float=number, parse_int=_integer, parse_constant=number,
                          object_pairs_hook=_entries)  # fmt: skip
    except RecursionError:
        raise ProofFormatError(f"the file is nested deeper than {MAX_NESTING}") from None
    except ValueError as error:
        if isinstance(error, ProofFormatError):
            raise
        raise ProofFormatError(f"not a JSON text: {str(error)[:200]}") from None
    _limit(data)
    return data


def read_proof(text: str) -> Proof:
    """Parse a proof file: data from a stranger, so sizes and depths are limited and nothing is evaluated.

    Raises:
        ProofFormatError: what is wrong with the file.
    """
    data = read_untrusted(text, "a proof", MAX_BYTES)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        shown = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise ProofFormatError(f"not a proof file: format is {str(shown)[:60]!r}, needs {FORMAT!r}")
    try:
        proof = _read(data)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ProofFormatError(f"not a proof file: {type(error).__name__} {str(error)[:200]}") from None
    _check_names(proof.statement)
    return proof


def _entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:  # one reader would see the first, another the last
            raise ProofFormatError(f"the entry {name[:40]!r} is given twice")
        found[name] = value
    return found


def _check_names(s: Statement) -> None:
    """A statement is printed for readers: no name may look like another name, like a form or like a new line."""
    for what, names in (("vector", s.vectors), ("value", s.values), ("member", [m.name for m in s.members])):
        for name in names:
            if not _NAME.fullmatch(name) or (what != "member" and _MARKS & set(name)):
                raise ProofFormatError(f"{what} {name[:40]!r}: a name is of ASCII letters, digits and signs but |<>,")
    for name in [p.name for p in s.premises] + [p.name for m in s.members for p in m.points]:
        if not name.isprintable():
            raise ProofFormatError(f"the name {name[:40]!r} cannot be printed")
    for end in [end for d in s.domain for end in (d.low, d.high)]:
        if not (end.isascii() and end.isprintable()):
            raise ProofFormatError(f"the end {end[:40]!r} of a domain cannot be printed")


def _refuse_number(text: str) -> Any:
    raise ProofFormatError(f"exact numbers alone are read here, found the float {text[:40]}")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ProofFormatError(f"an integer of {len(text)} digits; the limit is {MAX_DIGITS}")
    return int(text)


def _limit(data: Any) -> None:
    entries, stack = 0, [(data, 0)]
    while stack:
        item, depth = stack.pop()
        entries += 1
        if depth > MAX_NESTING:
            raise ProofFormatError(f"the file is nested deeper than {MAX_NESTING}")
        if entries > MAX_ENTRIES:
            raise ProofFormatError(f"the file has more than {MAX_ENTRIES} entries")
        if isinstance(item, dict):
            stack.extend((v, depth + 1) for v in item.values())
        elif isinstance(item, list):
            stack.extend((v, depth + 1) for v in item)


def _typed(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise ProofFormatError(f"{what} must be a {kind.__name__}, found {str(value)[:60]!r}")
    return value


def _entries_of(value: Any, known: str, what: str) -> dict[str, Any]:
    """An object with no entries but the known ones: what a reader passes over, another may take for meant."""
    for name in _typed(value, dict, what):
        if name not in known.split():
            raise ProofFormatError(f"{what} has no entry {name[:40]!r}; it may have {known}")
    return dict(value)


def _names(value: Any, what: str) -> tuple[str, ...]:
    return tuple(_typed(v, str, what) for v in _typed(value, list, what))


def _read(data: dict[str, Any]) -> Proof:
    _entries_of(data, "format statement uses blocks", "a proof")
    s = _entries_of(data["statement"], "text vectors values domain members premises target", "statement")
    domain = tuple(
        Interval(
            *(
                _typed(d.get(k, default), type(default), k)
                for k, default in (
                    ("name", ""),
                    ("low", "0"),
                    ("high", ""),
                    ("closed_low", False),
                    ("closed_high", False),
                )
            )
        )
        for d in (
            _entries_of(x, "name low high closed_low closed_high", "an interval")
            for x in _typed(s.get("domain", []), list, "domain")
        )
    )
    field = field_over(domain)

    def linear(value: Any) -> dict[str, Coefficient]:
        read = {k: field.read(_typed(c, str, "coefficient")) for k, c in _typed(value, dict, "vector").items()}
        return {k: c for k, c in read.items() if c != 0}

    def form(value: Any) -> Form:
        out = Form({}, linear(_entries_of(value, "quadratic linear", "a form")["linear"]))
        for entry in _typed(value["quadratic"], list, "quadratic"):
            if not isinstance(entry, list) or len(entry) != 3:
                raise ProofFormatError(
                    f"an entry of quadratic is [vector, vector, coefficient], found {str(entry)[:60]!r}"
                )
            a, b, c = entry
            key = tuple(sorted((_typed(a, str, "vector"), _typed(b, str, "vector"))))
            out.add(Form({key: field.read(_typed(c, str, "coefficient"))}))
        return out

    def member(value: Any) -> Member:
        m = _entries_of(value, "name kind constants points average mean_of", "a member")
        constants = {
            k: _typed(c, str, k) if k == "lower" else field.read(_typed(c, str, k))
            for k, c in _typed(m["constants"], dict, "constants").items()
        }
        points = tuple(
            Point(_typed(p["name"], str, "point"), linear(p["x"]), linear(p["g"]), linear(p["f"]))
            for p in (_entries_of(x, "name x g f", "a point") for x in _typed(m["points"], list, "points"))
        )
        return Member(
            _typed(m["name"], str, "member"),
            _typed(m["kind"], str, "kind"),
            constants,
            points,
            _typed(m.get("average", False), bool, "average"),
            _typed(m.get("mean_of", ""), str, "mean_of"),
        )

    premises = tuple(
        Premise(_typed(p["name"], str, "premise"), form(p["form"]), _typed(p.get("equality", False), bool, "equality"))
        for p in (
            _entries_of(x, "name form equality", "a premise") for x in _typed(s.get("premises", []), list, "premises")
        )
    )
    statement = Statement(
        _names(s["vectors"], "vectors"),
        _names(s["values"], "values"),
        tuple(map(member, _typed(s["members"], list, "members"))),
        form(s["target"]),
        premises,
        domain,
        _typed(s.get("text", ""), str, "text"),
    )
    uses = tuple(
        Use(
            _typed(u["axiom"], str, "axiom"),
            _typed(u["member"], str, "member"),
            _names(u["points"], "points"),
            field.read(_typed(u["multiplier"], str, "multiplier")),
            tuple(map(field.read, _names(u.get("weights", []), "weights"))),
        )
        for u in (
            _entries_of(x, "axiom member points multiplier weights", "a use")
            for x in _typed(data["uses"], list, "uses")
        )
    )
    blocks = None
    if "blocks" in data:
        blocks = tuple(
            Block(
                tuple(map(linear, _typed(b["vectors"], list, "vectors"))),
                tuple(tuple(map(field.read, _names(r, "matrix"))) for r in _typed(b["matrix"], list, "matrix")),
            )
            for b in (_entries_of(x, "vectors matrix", "a square") for x in _typed(data["blocks"], list, "blocks"))
        )
    return Proof(statement, uses, blocks)


def _linear_json(v: Vector, field: Field) -> dict[str, str]:
    return {k: field.show(c) for k, c in v.items()}


def _form_json(f: Form, field: Field) -> dict[str, Any]:
    return {
        "quadratic": [[a, b, field.show(c)] for (a, b), c in sorted(f.quadratic.items())],
        "linear": _linear_json(dict(sorted(f.linear.items())), field),
    }


def _statement_json(s: Statement, field: Field) -> dict[str, Any]:
    data: dict[str, Any] = {"text": s.text, "vectors": list(s.vectors), "values": list(s.values)}
    if s.domain:
        data["domain"] = [d.__dict__ for d in s.domain]
    data["members"] = [
        {
            "name": m.name,
            "kind": m.kind,
            "constants": {k: c if k == "lower" else field.show(c) for k, c in sorted(m.constants.items())},
            "points": [
                {
                    "name": p.name,
                    "x": _linear_json(p.x, field),
                    "g": _linear_json(p.g, field),
                    "f": _linear_json(p.f, field),
                }
                for p in m.points
            ],
        }
        | ({"average": True} if m.average else {})
        | ({"mean_of": m.mean_of} if m.mean_of else {})
        for m in s.members
    ]
    if s.premises:
        data["premises"] = [
            {"name": p.name, "form": _form_json(p.form, field), "equality": p.equality} for p in s.premises
        ]
    data["target"] = _form_json(s.target, field)
    return data
