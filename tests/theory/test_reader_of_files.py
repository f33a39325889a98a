"""What a reader of proof files may trust: what is printed is what was checked, in full, and no file runs away."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradproof.theory.axioms import ONE, Form, Member, Point
from gradproof.theory.errors import ProofFormatError, ProofRejected
from gradproof.theory.field import Functions, Interval, Rationals, field_over
from gradproof.theory.proof import Premise, Proof, Statement, Use, check
from gradproof.theory.proof_json import read_proof, read_untrusted, write_proof
from gradproof.theory.proof_text import formal, shown_name
from gradproof.theory.stability_certificate import StabilityCertificate, read_stability_certificate
from gradproof.theory.text import printable

# --- what is printed, read back ---------------------------------------------------------------------------------------

_NAME = r'(?:[A-Za-z_][A-Za-z0-9_.\']*(?:\([A-Za-z0-9_*+.]+\))?[*+]?~?|"(?:[^"\\]|\\.)*")'
_INNER, _SQUARE = re.compile(rf"<({_NAME}), ({_NAME})>"), re.compile(rf"\|({_NAME})\|\^2")
_WHAT = rf"<{_NAME}, {_NAME}>|\|{_NAME}\|\^2|{_NAME}"
_TERM = re.compile(rf"\((?P<number>(?:[^()]|\([^()]*\))*)\)(?: (?P<of>{_WHAT}))?|(?P<sign>-?)(?P<alone>{_WHAT}|1)")


class Reader:
    """The grammar of a printed statement, written from its description: each line says one thing, nothing is implied."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")

    def statement(self) -> Statement:
        domain, vectors, values, members, premises = [], (), (), [], []
        target = None
        for line in self.lines:
            if m := re.fullmatch(r"for all (vectors|values) (.*)", line):
                found = tuple(self.names(m[2]))
                vectors, values = (found, values) if m[1] == "vectors" else (vectors, found)
            elif m := re.fullmatch(rf"for all ({_NAME}) in ([\[(])(.*), (.*)([\])])", line):
                high = "" if m[4] == "inf" else m[4]
                domain.append(Interval(self.name(m[1]), m[3], high, m[2] == "[", m[5] == "]"))
            elif line.startswith("for every "):
                self.field = field_over(tuple(domain))
                members.append(self.member(line))
            elif line.startswith("  at "):
                members[-1] = replace(members[-1], points=(*members[-1].points, self.point(line)))
            elif m := re.fullmatch(rf"assuming ({_NAME}): (.*) (==|<=) 0", line):
                self.field = field_over(tuple(domain))
                premises.append(Premise(self.name(m[1]), self.form(m[2]), m[3] == "=="))
            elif m := re.fullmatch(r"then (.*) <= 0", line):
                self.field = field_over(tuple(domain))
                target = self.form(m[1])
            else:
                raise AssertionError(f"not understood: {line!r}")
        assert target is not None
        return Statement(vectors, values, tuple(members), target, tuple(premises), tuple(domain))

    @staticmethod
    def name(shown: str) -> str:
        if not shown.startswith('"'):
            return shown
        inside = re.sub(r"\\(.)", lambda m: m[0] if m[1] in "xuUnrt" else f"\\x{ord(m[1]):02x}", shown[1:-1])
        return inside.encode("ascii").decode("unicode_escape")

    def names(self, text: str) -> list[str]:
        found = re.findall(_NAME, text)
        assert ", ".join(found) == text
        return [self.name(n) for n in found]

    def member(self, line: str) -> Member:
        m = re.fullmatch(
            rf"for every (worker of the family )?({_NAME}) ({_NAME}) with (.*?)(?:, the weighted mean of ({_NAME}))?",
            line,
        )
        assert m, line
        constants: dict[str, Any] = {}
        if m[4] != "no constants":
            for part in re.findall(r"(?:[^,\"]|\"(?:[^\"\\]|\\.)*\")+", m[4]):
                key, value = part.strip().split(" = ", 1)
                constants[key] = (
                    (value if value == ONE else self.name(value)) if key == "lower" else self.field.read(value)
                )
        return Member(self.name(m[3]), self.name(m[2]), constants, (), bool(m[1]), self.name(m[5] or ""))

    def point(self, line: str) -> Point:
        m = re.fullmatch(rf"  at ({_NAME}): (?:argument|input) (.*), (?:gradient|image|output) (.*)", line)
        assert m, line
        gives, value = m[3].rsplit(", value ", 1) if ", value " in m[3] else (m[3], "0")
        x, g = (self.form(t, vector=True).linear for t in (m[2], gives))
        return Point(self.name(m[1]), x, g, self.form(value).linear)

    def form(self, text: str, *, vector: bool = False) -> Form:
        out, at = Form(), 0
        if text == "0":
            return out
        while at < len(text):
            m = _TERM.match(text, at)
            assert m, text[at:]
            c = self.field.read(m["number"]) if m["number"] else self.field.one * (-1 if m["sign"] else 1)
            what = m["of"] or m["alone"] or ONE
            if inner := _INNER.fullmatch(what):
                key = (self.name(inner[1]), self.name(inner[2]))
                assert key not in out.quadratic
                assert key[0] < key[1]
                out.quadratic[key] = c
            elif square := _SQUARE.fullmatch(what):
                out.quadratic[(self.name(square[1]),) * 2] = c
            else:
                name = ONE if what == ONE else self.name(what)
                assert name not in out.linear
                assert what != ONE or not vector
                out.linear[name] = c
            at = m.end()
            if at < len(text):
                assert text.startswith(" + ", at), text[at:]
                at += 3
        return out


ODD = ["x0", "f*", "x+", "-x", "(2)", "2", "1/2", "x + y", "|x|^2", "<x, y>", 'a"b', "a\\", "x\n0", "x\r", "x\u2028y",
       "\u202ex", "\x1b[2J", "0", "inf", "a, b", "e~", "\u0435", "x\x7f", "x=1", "\U0001f600", "a\\nb", "f(x*)", "f(x)(y)",
       "f()", "E(x)~"]  # fmt: skip
names = st.sampled_from(ODD) | st.text(min_size=1, max_size=4)
DOMAINS = ((), (Interval("q", "0", "1"),), (Interval("L"), Interval("M", "L + 1/2", "2*L + 3", closed_low=True)))


@st.composite
def statements(draw: Any) -> Statement:
    domain = draw(st.sampled_from(DOMAINS))
    field = field_over(domain)
    vectors = tuple(draw(st.lists(names, max_size=4, unique=True)))
    values = tuple(draw(st.lists(names.filter(lambda n: n != ONE), max_size=3, unique=True)))
    number = st.builds(F, st.integers(-5, 5).filter(bool), st.integers(1, 4)).map(field.read)
    if domain:
        number |= st.sampled_from([f"{p}*{d.name} - 1/3" for p in (1, 2) for d in domain] + ["-1", "1"]).map(field.read)
        number |= st.sampled_from([f"({d.name} - 1)^2/(1 + {d.name})" for d in domain]).map(field.read)

    def linear(of: tuple[str, ...]) -> dict[str, Any]:
        return draw(st.dictionaries(st.sampled_from(of), number, max_size=3)) if of else {}

    def form() -> Form:
        pairs = {(a, b): draw(number) for a in vectors for b in vectors if a <= b and draw(st.booleans())}
        return Form(pairs, linear((*values, ONE)))

    def member(name: str) -> Member:
        kind = draw(st.sampled_from(["function", "indicator", "quadratic", "operator", "compressor"]))
        constants = dict(draw(st.dictionaries(st.sampled_from(["mu", "L", "M", "q2"]), number, max_size=2)))
        if draw(st.booleans()):
            constants["lower"] = draw(st.sampled_from((*values, ONE)))
        points = tuple(
            Point(p, linear(vectors), linear(vectors), linear((*values, ONE)))
            for p in draw(st.lists(names, max_size=2, unique=True))
        )
        return Member(name, kind, constants, points, draw(st.booleans()), draw(st.just("") | names))

    members = tuple(map(member, draw(st.lists(names, max_size=2, unique=True))))
    premises = tuple(Premise(n, form(), draw(st.booleans())) for n in draw(st.lists(names, max_size=2, unique=True)))
    return Statement(vectors, values, members, form(), premises, domain)


CONSTANT = Statement((), (), (), Form({}, {ONE: F(1)}), (Premise("p", Form({}, {ONE: F(-1, 2)})),))


@settings(max_examples=150, deadline=None)
@given(statements())
@example(CONSTANT)
def test_what_is_printed_reads_back_to_the_very_statement(s: Statement) -> None:
    text = formal(s)
    assert "\n".join(text.splitlines()) == text  # no line but ours
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert Reader(text).statement() == s


@given(st.lists(names, min_size=2, max_size=2, unique=True))
def test_two_names_are_never_printed_alike(pair: list[str]) -> None:
    assert shown_name(pair[0]) != shown_name(pair[1])


def test_the_constant_is_printed() -> None:
    assert formal(CONSTANT) == "assuming p: (-1/2) <= 0\nthen 1 <= 0"
    member = Member("i", "indicator", {}, (Point("a", {}, {}, {ONE: F(1)}),))
    assert "value 1" in formal(Statement((), (), (member,), Form()))
    lower = Member("f", "function", {"lower": ONE}, ())
    assert "lower = 1" in formal(Statement((), (), (lower,), Form()))


def long_statement() -> Statement:
    vectors = tuple(f"x{k}" for k in range(40))
    points = tuple(Point(f"p{k}", {v: F(1)}, {v: F(2)}, {}) for k, v in enumerate(vectors))
    sum_ = Form({(v, v): F(-1) for v in vectors})
    return Statement(vectors, (), (Member("f", "function", {"L": F(1)}, points),), sum_)


def test_what_is_cut_is_counted_and_how_to_see_it_is_said() -> None:
    s = long_statement()
    whole, cut = formal(s), formal(s, 12)
    assert "more" not in whole
    assert Reader(whole).statement() == s
    assert "p12" not in cut
    assert "and at 28 more points (--full shows them)" in cut
    assert cut.count("... 28 more (--full shows them)") == 2  # vectors, and terms of the target


@pytest.mark.parametrize("bad", ["0\r", "0\u2028", "0\x1b[2J", "\u202e0", "0\n", "\x85", "0\u00a0"])
@pytest.mark.parametrize("end", ["low", "high"])
def test_ends_of_a_domain_do_not_reach_the_terminal_as_they_are(end: str, bad: str) -> None:
    d = replace(Interval("q", "0", "1"), **{end: bad.replace("0", "0" if end == "low" else "1")})
    shown = formal(Statement((), (), (), Form(), (), (d,))) if _parses(d) else ""
    assert shown.isascii()
    assert shown.replace("\n", "").isprintable()
    data = json.loads(write_proof(Proof(Statement((), (), (), Form(), (), (Interval("q", "0", "1"),)), ())))
    data["statement"]["domain"][0][end] = getattr(d, end)
    with pytest.raises(ProofFormatError):
        read_proof(json.dumps(data))


def _parses(d: Interval) -> bool:
    try:
        Functions((d,))
    except ProofFormatError:
        return False
    return True


@pytest.mark.parametrize("name", ["inf", "oo", "nan", "zoo"])
def test_no_parameter_is_called_infinity(name: str) -> None:
    """``a in (0, inf)`` would read as no bound."""
    with pytest.raises(ProofFormatError, match="cannot be called"):
        Functions((Interval(name), Interval("a", "0", name)))


@given(st.text(max_size=30))
@example("a\u0338=b\u202e\u2066\x9b\u200b\ufeff\ud800")
def test_a_strangers_words_stay_on_one_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert printable("x" * 700, 600) == "x" * 600 + " ..."


# --- files that run away ----------------------------------------------------------------------------------------------

FIVE = Functions(tuple(Interval(n) for n in "abcd"))


@pytest.mark.parametrize(
    "text",
    [
        "(a+b+c+d+1)^40",
        "((a+b+c+d+1)^9)*((a+b+c+d+2)^9)",
        "((a+b+c+d)^4)^9",
        "+".join(f"1/(a+{i})" for i in range(60)),
        "+".join(f"1/(a+b+c+{i}*d)" for i in range(30)),
        "*".join(f"(a+b*c+{i}*d)" for i in range(30)),
        "/".join(f"(a+b*c+{i}*d)" for i in range(30)),
        "((((a^64)^64)^64)^64)^64",
        "1/((a+1)^64) + 1/((b+1)^64)",
    ],
)
def test_what_would_be_large_is_refused_before_it_is_written_out(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ProofFormatError, match="too large to write out"):
        FIVE.read(text)
    assert time.process_time() - start < 2


def test_signs_of_large_polynomials_are_decided_or_left_in_seconds() -> None:
    narrow = Functions(
        (
            Interval("a", "0", "1"),
            Interval("b", "a", "a + 1"),
            Interval("c", "b", "b + a + 1"),
            Interval("d", "c*b", ""),
        )
    )
    start = time.process_time()
    assert narrow.nonnegative(narrow.read("(a + b + c + d + 1)^8"))
    assert not narrow.nonnegative(narrow.read("(a + b + c - d - 1)^9"))
    assert time.process_time() - start < 20


def test_the_sign_over_one_denominator_is_the_sign_of_the_sum() -> None:
    field = Functions((Interval("q", "0", "1"), Interval("L", "q/(1 - q)", "1/(1 - q)", closed_high=True)))
    for text in ("L - q", "L - q/(1 - q)", "1 - (1 - q)*L", "L^2 - q^2", "1 + L*q - q^3", "q - L", "q*L - 1/2"):
        e = field.read(text)
        for q in (F(1, 5), F(1, 2), F(9, 10)):
            for t in (F(1, 9), F(1, 2), F(1)):
                at = {"q": q, "L": q / (1 - q) + (1 - q) / (1 - q) * t}
                assert not field.contains(at)
                assert not field.nonnegative(e) or field.at(e, at) >= 0
    assert field.positive(field.read("L - q/(1 - q)"))
    assert field.nonnegative(field.read("1 - (1 - q)*L"))
    assert not any(field.nonnegative(field.read(text)) for text in ("q - L", "q*L - 1/2"))


# --- files that are not what they seem --------------------------------------------------------------------------------


def gradient_step(bound: F, *, indicator: bool) -> Proof:
    """One gradient step: f1 - f* <= bound if |x0|^2 <= 4 (the truth is up to 2/3), by an indicator that has the value 1."""
    one = F(1)
    points = (
        Point("x*", {}, {}, {"f*": one}),
        Point("x0", {"x0": one}, {"g0": one}, {"f0": one}),
        Point("x1", {"x0": one, "g0": -one}, {"g1": one}, {"f1": one}),
    )
    f = Member("f", "function", {"mu": F(0), "L": one}, points)
    i = Member("i", "indicator", {}, (Point("a", {}, {}, {ONE: one}),))
    start = Premise("start", Form({("x0", "x0"): one}, {ONE: F(-4)}))
    uses = [Use("interpolation", "f", p, F(1, 2)) for p in (("x*", "x0"), ("x*", "x1"), ("x0", "x1"))]
    uses.append(Use("premise", "start", (), F(1, 6)))
    if indicator:
        uses.append(Use("indicator-value", "i", ("a",), F(2, 3) - bound))
    members = (f, i) if indicator else (f,)
    target = Form({}, {"f1": one, "f*": -one, ONE: -bound})
    text = f"one gradient step: f1 - f* <= {bound} if |x0|^2 <= 4"
    return Proof(Statement(("x0", "g0", "g1"), ("f*", "f0", "f1"), members, target, (start,), (), text), tuple(uses))


def test_the_true_statement_is_accepted_and_the_false_one_needs_the_contradiction() -> None:
    check(gradient_step(F(2, 3), indicator=False))
    with pytest.raises(ProofRejected):
        check(gradient_step(F(1, 10**9), indicator=False))
    false = check(gradient_step(F(1, 10**9), indicator=True))  # it does follow, from 1 == 0
    assert "  at a: argument 0, gradient 0, value 1" in formal(false.statement).splitlines()


@pytest.mark.parametrize(
    "entry",
    [
        [],
        ["x0", "x0"],
        ["x0", "x0", "1", "2"],
        {},
        "x0",
        None,
        3,
        ["x0", "x0", 1],
        [["x0"], "x0", "1"],
        [None, "x0", "1"],
    ],
)
def test_an_odd_quadratic_entry_is_an_error_of_the_file(entry: object) -> None:
    data = json.loads(write_proof(gradient_step(F(2, 3), indicator=False)))
    data["statement"]["premises"][0]["form"]["quadratic"] = [entry]
    with pytest.raises(ProofFormatError):
        read_proof(json.dumps(data))


PLACES = ["", "statement", "statement/members/0", "statement/members/0/points/0", "statement/premises/0", "statement/target",
          "statement/premises/0/form", "uses/0"]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_an_entry_that_no_reader_knows_is_refused(place: str) -> None:
    data = json.loads(write_proof(gradient_step(F(2, 3), indicator=False)))
    at: Any = data
    for key in filter(None, place.split("/")):
        at = at[int(key)] if key.isdigit() else at[key]
    at["Average"] = True
    with pytest.raises(ProofFormatError, match="no entry 'Average'"):
        read_proof(json.dumps(data))


JUNK: list[Any] = [None, True, 3, -1, "", "x", "1/0", [], {}, [[]], [None], {"a": "b"}, "q", 10**50]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_file_with_a_wrong_value_anywhere_is_refused_in_one_line_or_read(data: st.DataObject) -> None:
    root = json.loads(write_proof(gradient_step(F(2, 3), indicator=True)))
    root["statement"]["domain"] = [{"name": "q", "low": "0", "high": "1", "closed_low": False, "closed_high": False}]
    at: Any = root
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.integers(0, 3)) == 0:
            break
        at = at[key]
    at[key] = data.draw(st.sampled_from(JUNK))
    said = ""
    try:
        check(read_proof(json.dumps(root)))
    except (ProofFormatError, ProofRejected) as error:
        said = printable(error)
    assert len(said.splitlines()) <= 1


def certificate() -> StabilityCertificate:
    return StabilityCertificate(
        side="stable",
        curvatures=((1, 0), (0, 1)),
        scale=1,
        batch_size=1,
        replacement=True,
        eta=F(1, 2),
        matrix=((1, 0), (0, 1)),
    )


@pytest.mark.parametrize("entry", ["side", "curvatures", "scale", "eta", "matrix", "basis", "format"])
def test_a_stability_certificate_gives_each_entry_once(entry: str) -> None:
    text = certificate().to_json()
    assert read_stability_certificate(text) == certificate()
    first = json.dumps(json.loads(text)[entry])
    for doubled in (f'"{entry}": {first}, "{entry}":', f'"{entry}": [], "{entry}":'):
        with pytest.raises(ProofFormatError, match="given twice"):
            read_stability_certificate(text.replace(f'"{entry}":', doubled))


def test_a_stability_certificate_has_no_other_entries() -> None:
    data = json.loads(certificate().to_json()) | {"note": "trust me"}
    with pytest.raises(ProofFormatError, match="no entry 'note'"):
        read_stability_certificate(json.dumps(data))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '[{"a": {"b": 1, "b": 1}}]',
        "NaN",
        "[Infinity]",
        "1e5",
        "[" * 10**5,
        "9" * 5000,
        '"\\ud800',
        "{'a': 1}",
        "",
    ],
)
def test_the_reader_of_strangers_json(text: str) -> None:
    with pytest.raises(ProofFormatError):
        read_untrusted(text, "a file", 10**6)
    assert read_untrusted("1.5", "a file", 10, floats=True) == 1.5
    assert Rationals().read("1/2") == F(1, 2)
