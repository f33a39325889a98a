"""A statement of the kernel in words that a reader can compare with a theorem. What is printed is what was checked."""

from __future__ import annotations

from gradproof.theory.axioms import ONE, Form, Member, Vector
from gradproof.theory.field import Field, field_over
from gradproof.theory.proof import Statement

MOST = 12  # terms or points shown of each kind


def formal(statement: Statement) -> str:
    """The domain, the members with their classes and points, the premises, and the target, one a line."""
    field = field_over(statement.domain)
    lines = [f"for all {d}" for d in statement.domain]
    for m in statement.members:
        lines += _member(m, field)
    for p in statement.premises:
        lines.append(f"assuming {p.name}: {_form(p.form, field)} {'==' if p.equality else '<='} 0")
    lines.append(f"then {_form(statement.target, field)} <= 0")
    return "\n".join(lines)


def _member(m: Member, field: Field) -> list[str]:
    constants = ", ".join(f"{k} = {c if k == 'lower' else field.show(c)}" for k, c in m.constants.items())
    family = "every worker of the family" if m.average else "every"
    head = f"for {family} {m.kind} {m.name} with {constants or 'no constants'}"
    lines = [head + (f", the weighted mean of {m.mean_of}" if m.mean_of else "")]
    for p in m.points[:MOST]:
        value = f", value {_vector(p.f, field)}" if p.f else ""
        what = "input" if m.kind == "compressor" else "argument"
        gives = "output" if m.kind == "compressor" else "gradient" if m.kind != "operator" else "image"
        lines.append(f"  at {p.name}: {what} {_vector(p.x, field)}, {gives} {_vector(p.g, field)}{value}")
    if len(m.points) > MOST:
        lines.append(f"  and {len(m.points) - MOST} more points")
    return lines


def _terms(pairs: list[tuple[str, str]]) -> str:
    shown = [name if c == "1" else f"-{name}" if c == "-1" else f"({c}) {name}".rstrip() for name, c in pairs[:MOST]]
    more = f" + {len(pairs) - MOST} more terms" if len(pairs) > MOST else ""
    return (" + ".join(shown) or "0") + more


def _vector(v: Vector, field: Field) -> str:
    return _terms([("" if k == ONE else k, field.show(c)) for k, c in v.items()])


def _form(f: Form, field: Field) -> str:
    quadratic = [(f"|{a}|^2" if a == b else f"<{a}, {b}>", field.show(c)) for (a, b), c in f.quadratic.items()]
    return _terms([("" if k == ONE else k, field.show(c)) for k, c in f.linear.items()] + quadratic)
