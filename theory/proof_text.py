"""A statement of the kernel in words that a reader can compare with a theorem. What is printed is what was checked.

Nothing is left out: from the text of ``formal(statement)`` the statement can be read back, entry by entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gradproof.theory.axioms import ONE, Coefficient, Form, Member, Vector
from gradproof.theory.field import Field, Interval, field_over
from gradproof.theory.proof import Statement

HINT = "--full shows them"  # of `gradproof check`

_BARE = re.compile(
    r"[A-Za-z_][A-Za-z0-9_.']*(?:\([A-Za-z0-9_*+.]+\))?[*+]?~?"
)  # a name that reads as one name, whatever stands beside it


def formal(statement: Statement, most: int | None = None) -> str:
    """The domain, the vectors and values, the members with classes and points, the premises, and the target, one a line.

    Args:
        most: terms of a form, points of a member, names in a list that are shown; what is cut is counted.
    """
    return "\n".join(_Printer(field_over(statement.domain), most).lines(statement))


def shown_name(name: str) -> str:
    """A name as it stands in a statement: as it is where it cannot be misread, else in quotes and escaped ASCII."""
    if _BARE.fullmatch(name):
        return name
    inside = "".join(
        "\\" + c if c in '"\\' else c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in name
    )
    return f'"{inside}"'


def shown_interval(d: Interval) -> str:
    """One parameter of a domain; whitespace of every kind in its ends is a blank."""
    low, high = (" ".join(end.split()) for end in (d.low, d.high or "inf"))
    left, right = "[" if d.closed_low else "(", "]" if d.closed_high else ")"
    return f"{shown_name(d.name)} in {left}{_end(low)}, {_end(high)}{right}"


def _end(text: str) -> str:
    """An end that is no expression cannot be checked, but it may reach a message before that is seen."""
    return text if re.fullmatch(r"[A-Za-z0-9_ +*/^().-]+", text) else shown_name(text)


class _Printer:
    def __init__(self, field: Field, most: int | None) -> None:
        self.field, self.most = field, most

    def lines(self, s: Statement) -> list[str]:
        lines = [f"for all {shown_interval(d)}" for d in s.domain]
        for what, names in (("vectors", s.vectors), ("values", s.values)):
            if names:
                lines.append(f"for all {what} {self.several(map(shown_name, names), ', ', len(names))}")
        for m in s.members:
            lines += self.member(m)
        for p in s.premises:
            lines.append(f"assuming {shown_name(p.name)}: {self.form(p.form)} {'==' if p.equality else '<='} 0")
        return [*lines, f"then {self.form(s.target)} <= 0"]

    def several(self, shown: Iterable[str], between: str, count: int) -> str:
        kept = [text for text, _ in zip(shown, range(count if self.most is None else self.most), strict=False)]
        left = count - len(kept)
        return between.join([*kept, f"... {left} more ({HINT})"] if left else kept)

    def member(self, m: Member) -> list[str]:
        constants = ", ".join(
            f"{shown_name(k)} = {self.value(c) if k == 'lower' else self.field.show(c)}" for k, c in m.constants.items()
        )
        family = "every worker of the family" if m.average else "every"
        head = f"for {family} {shown_name(m.kind)} {shown_name(m.name)} with {constants or 'no constants'}"
        lines = [head + (f", the weighted mean of {shown_name(m.mean_of)}" if m.mean_of else "")]
        what = "input" if m.kind == "compressor" else "argument"
        gives = "output" if m.kind == "compressor" else "gradient" if m.kind != "operator" else "image"
        valued = m.kind not in ("compressor", "operator") and not m.average  # of others no axiom speaks of a value
        for p in m.points[: self.most]:
            value = f", value {self.form(Form({}, dict(p.f)))}" if p.f or valued else ""
            lines.append(f"  at {shown_name(p.name)}: {what} {self.vector(p.x)}, {gives} {self.vector(p.g)}{value}")
        left = len(m.points) - len(m.points[: self.most])
        return [*lines, f"  and at {left} more points ({HINT})"] if left else lines

    def value(self, name: str) -> str:
        return ONE if name == ONE else shown_name(name)

    def vector(self, v: Vector) -> str:
        return self.terms([(shown_name(k), c) for k, c in v.items()])

    def form(self, f: Form) -> str:
        linear = [(self.value(k), c) for k, c in f.linear.items()]
        quadratic = [
            (f"|{shown_name(a)}|^2" if a == b else f"<{shown_name(a)}, {shown_name(b)}>", c)
            for (a, b), c in f.quadratic.items()
        ]
        return self.terms([*linear, *quadratic])

    def terms(self, pairs: Sequence[tuple[str, Coefficient]]) -> str:
        return self.several((self.term(name, c) for name, c in pairs), " + ", len(pairs)) or "0"

    def term(self, name: str, c: Coefficient) -> str:
        """A coefficient and what it multiplies; the constant is the number alone."""
        number = self.field.show(c)
        if number in ("1", "-1"):
            return number.replace("1", name)
        return f"({number})" if name == ONE else f"({number}) {name}"
