"""Keys of evidence: what a check computes with is in them, and nothing else is."""

import functools
import json
import linecache
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sympy as sp

from gradproof.experiments.engine import sources, versions
from gradproof.experiments.engine.check import check, checks_of
from gradproof.experiments.engine.fingerprint import fingerprint_of
from gradproof.experiments.engine.sources import closure_of
from gradproof.experiments.engine.store import Ledger, code_of
from gradproof.experiments.engine.verify import belongs, load_file, plan, replay, verify
from gradproof.theory import registry
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import PROMPT, Claim
from gradproof.theory.errors import GradproofError, UnknownClaim
from gradproof.theory.evidence import Level, Measurement, Outcome, Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import NONNEGATIVE, POSITIVE, Parameter
from gradproof.theory.statement import statement_of, structure

PAPER = Paper(key="zz-key", authors=("A",), title="T", year=2020, family="own")
L = Parameter("L", "smoothness")
x = sp.Symbol("x")


@pytest.fixture(autouse=True)
def own_registry():
    yield
    registry.forget(*(c for c in registry.claims() if c.paper.family == "own"))


def stated(**changes):
    facts = {"id": "zz-key.c", "paper": PAPER, "title": "t", "statement": "s", "parameters": (L,), "quantity": "q",
             "assumptions": (Assumption("small", "L is small", sp.Le(L.symbol, 1)),), "relation": Relation.LE,
             "expression": L.symbol}  # fmt: skip
    return Claim(**facts | changes)


# --- statements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "zz-key.d"},
        {"quantity": "p"},
        {"relation": Relation.GE},
        {"expression": 2 * L.symbol},
        {"parameters": (replace(L, domain=NONNEGATIVE),), "expression": Parameter("L", "", NONNEGATIVE).symbol, "assumptions": ()},
        {"parameters": (L, Parameter("w", "weights", size="n"))},
        {"assumptions": ()},
        {"assumptions": (Assumption("small", "L is small", sp.Lt(L.symbol, 1)),)},
        {"assumptions": (Assumption("small", "L is not large", sp.Le(L.symbol, 1)),)},
        {"assumptions": (Assumption("tiny", "L is small", sp.Le(L.symbol, 1)),)},
        {"tight": True},
        {"false_as_published": "because"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_claimed_is_in_the_statement(changes):
    assert statement_of(stated()) == statement_of(stated())
    assert statement_of(stated(**changes)) != statement_of(stated())


def test_words_are_not_in_the_statement():
    same = {"title": "T", "remark": "r", "where": "w", "statement": "S", "parameters": (replace(L, meaning="m"),)}
    assert statement_of(stated(**same)) == statement_of(stated())
    assert statement_of(stated(false_as_published="a")) == statement_of(stated(false_as_published="b"))


def test_the_number_of_a_dummy_is_not_in_the_statement():
    assert structure(sp.Sum(sp.Dummy("k"), (sp.Dummy("k"), 1, 3))) == structure(
        sp.Sum(sp.Dummy("k"), (sp.Dummy("k"), 1, 3))
    )
    assert structure(x - 1) != structure(1 - x)


def test_keys_are_the_same_in_every_process():
    code = """
        from gradproof.experiments.engine.verify import plan
        from gradproof.theory import registry
        print([(t.key, t.code) for t in plan(registry.claims("ef21") + registry.claims("gd"))])
    """
    ran = [
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=os.environ | {"PYTHONHASHSEED": seed},
                       capture_output=True, text=True, check=True).stdout for seed in ("1", "2")
    ]  # fmt: skip
    assert ran[0] == ran[1]
    assert len(ran[0]) > 1000


# --- what a function closes over ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holder:
    size: int
    function: object


def one(x):
    return 1


def two(x):
    return 2


def closing_over(value):
    def inner(ctx, k=3):
        return value

    return inner


def with_default(value):
    def inner(ctx, k=value, *, j=value):
        return k

    return inner


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


VALUES = [1, 2, 1.0, "1", (1, 2), {"a": 1}, {"a": 2}, Holder(1, one), Holder(2, one), Holder(1, two), one, two, sp.Integer(1), x,
          functools.partial(one, 1), functools.partial(one, 2), decorated(one), decorated(two), functools.cache(one),
          functools.cache(two), Relation.LE, Relation.GE, POSITIVE, NONNEGATIVE, stated(), stated(tight=True), frozenset("abc"),
          b"1", None]  # fmt: skip


@pytest.mark.parametrize("made", [closing_over, with_default])
def test_values_closed_over_and_defaults_are_in_the_key(made):
    found = [fingerprint_of(made(v)) for v in VALUES]
    assert None not in found
    assert len(set(found)) == len(VALUES)
    assert found == [fingerprint_of(made(v)) for v in VALUES]


def test_arrays_count_by_their_numbers():
    np = pytest.importorskip("numpy")
    a, b = np.arange(3.0), np.arange(3.0)
    assert fingerprint_of(closing_over(a)) == fingerprint_of(closing_over(b))
    b[1] += 1e-12
    assert fingerprint_of(closing_over(a)) != fingerprint_of(closing_over(b))


def test_other_functions_may_have_a_part():
    assert len({fingerprint_of(one), fingerprint_of(one, two), fingerprint_of(two, one)}) == 3


def test_without_a_source_nothing_is_cached(tmp_path):
    space = {"__name__": "__main__"}
    exec("def typed(ctx):\n    yield ctx", space)
    assert fingerprint_of(space["typed"]) is None
    assert fingerprint_of(closing_over(space["typed"])) is None
    c = stated(parameters=(), expression=1, assumptions=())
    exec("def typed(ctx):\n    yield M(measured=0.5, bound=1)", space | {"M": Measurement}, space)
    space["M"] = Measurement
    registry.register(c)
    check(c, level=Level.EXACT)(space["typed"])
    book = Ledger(tmp_path / "l.sqlite")
    rows = [verify([c], ledger=book, jobs=1)[0] for _ in range(2)]
    assert [(r.cached, r.code, r.verdict.outcome) for r in rows] == [(False, "", Outcome.CONFIRMED)] * 2
    assert len(book.rows()) == 2  # both are kept, under keys of their own
    with pytest.raises(GradproofError, match="was run by code unknown"):
        replay(book.rows()[0])


# --- modules -----------------------------------------------------------------------------------------------------------

PACKAGE = {
    "mine_/__init__.py": "from mine_.helper import factor\nfrom mine_ import unrelated\n",
    "mine_/measures.py": "from . import deep\nfrom mine_ import factor\n"
                         "def measure(ctx):\n    import mine_.late\n    return factor\n",
    "mine_/helper.py": "factor = 2\n",
    "mine_/deep.py": "from .deeper import x\n",
    "mine_/deeper.py": "x = 1\n",
    "mine_/late.py": "import numpy as np\n",
    "mine_/unrelated.py": "import scipy\n",
    "mine_/other_paper.py": "from mine_.deeper import x\n",
}  # fmt: skip
KEY = """
    import sys
    sys.path.insert(0, {root!r})
    from mine_.measures import measure
    from gradproof.experiments.engine.fingerprint import fingerprint_of
    print(fingerprint_of(measure))
"""


def key(root):
    code = textwrap.dedent(KEY).format(root=str(root))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def package(tmp_path):
    for name, text in PACKAGE.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_modules_that_are_imported_count_and_others_do_not(package):
    first = key(package)
    assert len(first) == 16
    for name in PACKAGE:
        path = package / name
        path.write_text(PACKAGE[name] + "\n# edited\n")
        counts = name.removeprefix("mine_/") in ("measures.py", "helper.py", "deep.py", "deeper.py", "late.py")
        assert (key(package) != first) == counts, name
        path.write_text(PACKAGE[name])
    assert key(package) == first


def test_versions_count_where_a_library_is_imported_anywhere(package, monkeypatch):
    monkeypatch.syspath_prepend(str(package))
    from mine_.measures import measure

    known = versions.version_of
    first = fingerprint_of(measure)
    for library, counts in (("numpy", True), ("scipy", False), ("torch", False)):
        other = {d: "9" if d == library else known(d) for d in versions.NUMERIC.values()}
        monkeypatch.setattr("gradproof.experiments.engine.fingerprint.version_of", other.__getitem__)
        assert (fingerprint_of(measure) != first) == counts, library
    monkeypatch.undo()
    # a module that was edited after it was loaded: what runs here is not what its file says
    (package / "mine_/helper.py").write_text("factor = 3\n\n")
    assert fingerprint_of(measure) is None


def test_a_library_check_depends_on_its_paper_and_its_solvers_alone():
    (c,) = [c for c in registry.claims("ef21") if c.id == "ef21.young-optimal"]
    made = next(m.function for m in checks_of(c) if m.measured is not None)
    home = made.__code__.co_filename
    closure_of(home, made.__module__)
    files = {Path(f) for f in sources._CLOSED[home, made.__module__][0]}
    rooms = {r: Path(sys.modules[f"gradproof.{r}"].__path__[0]) for r in ("theory", "experiments")}
    face = Path(sys.modules["gradproof"].__path__[0])
    inside = {f.relative_to(rooms["experiments"]) for f in files if f.is_relative_to(rooms["experiments"])}
    assert Path("engine/check.py") in inside
    assert {p.parts[:2] for p in inside if p.parts[0] != "engine" and len(p.parts) > 1} <= {
        ("communication", "ef21"), *(p.parts[:2] for p in inside if p.parts[0] == "instances")}  # fmt: skip
    assert not [
        f for f in files if f.parent == face or f.is_relative_to(face / "report") or f.is_relative_to(face / "falsify")
    ]
    assert rooms["theory"] / "communication/ef21/claims.py" in files
    assert rooms["theory"] / "communication/krum.py" not in files


# --- cells of a notebook -----------------------------------------------------------------------------------------------


def cell(space, text, name):
    text = textwrap.dedent(text).lstrip()
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)  # as IPython does
    exec(compile(text, name, "exec"), space)


CELLS = {
    "constants": "SIZES = [1, 2]\nSCALE = {'a': 0.5}\nUNUSED = 1",
    "helpers": """
        from fractions import Fraction
        import numpy as np
        def helper(n):
            return Fraction(n) * SCALE['a']
        class Rule:
            cut = 3
            def __call__(self, n):
                return min(n, self.cut)
        def unused():
            return 0
    """,
    "measure": """
        def measured(ctx):
            rule = Rule()
            return [helper(rule(n)) for n in SIZES]
    """,
}


def notebook(**changes):
    space = {"__name__": "__main__"}
    for k, text in enumerate((CELLS | changes).values()):
        cell(space, text, f"<cell {k} {hash(text)}>")
    return fingerprint_of(space["measured"])


@pytest.mark.parametrize(
    ("name", "old", "new", "counts"),
    [
        ("constants", "[1, 2]", "[1, 3]", True),
        ("constants", "0.5", "0.25", True),
        ("constants", "UNUSED = 1", "UNUSED = 2", False),
        ("helpers", "Fraction(n) *", "Fraction(n) +", True),
        ("helpers", "cut = 3", "cut = 4", True),
        ("helpers", "min(n", "max(n", True),
        ("helpers", "return 0", "return 1", False),
        ("measure", "rule(n)", "rule(n + 1)", True),
    ],
)
def test_a_cell_counts_with_what_it_names(name, old, new, counts):
    assert notebook() == notebook() is not None
    assert old in CELLS[name]
    assert (notebook(**{name: CELLS[name].replace(old, new)}) != notebook()) == counts


def test_a_cell_that_is_run_twice_replaces_its_claim_and_its_checks(tmp_path):
    text = """
        from gradproof import Claim, Measurement, Paper, Relation, Level, check, register
        C = Claim(id="cell.c", paper=Paper(key="cell", authors=(), title="t", year=1, family="own"), title="t", statement="s",
                  parameters=(), assumptions=(), quantity="x", relation=Relation.LE, expression=BOUND)
        register(C)
        @check(C, level=Level.EXACT)
        def measured(ctx):
            yield Measurement(measured=0.5, bound=float(ctx.claim.bound()))
    """
    book = Ledger(tmp_path / "l.sqlite")
    came = []
    for k, bound in enumerate((1, 1, 2)):
        space = {"__name__": "__main__"}
        cell(space, text.replace("BOUND", str(bound)), f"<twice {k}>")
        assert space["C"].file == PROMPT
        assert registry.claim("cell.c") is space["C"]
        (row,) = verify([space["C"]], ledger=book, jobs=1)
        came.append((row.cached, row.verdict.worst.bound))
    assert came == [(False, 1.0), (True, 1.0), (False, 2.0)]


# --- users' files ------------------------------------------------------------------------------------------------------

FILE = """
from gradproof import Claim, Measurement, Paper, Relation, Level, Parameter, check, register
VALUE = {value}
PAPER = Paper(key="{paper}", authors=("me",), title="t", year=2026, family="own")
C = Claim(id="{paper}.c", paper=PAPER, title="t", statement="s", parameters=(), assumptions=(), quantity="x",
          relation=Relation.LE, expression=1)
register(C)
def measured(ctx):
    yield Measurement(measured=VALUE, bound=float(ctx.claim.bound()))
check(C, level=Level.EXACT)(measured)
"""


def written(path, value, paper="mine", more=""):
    path.parent.mkdir(exist_ok=True)
    path.write_text(FILE.format(value=value, paper=paper) + more)
    return str(path)


def test_editing_a_measure_makes_verify_run_again(tmp_path):
    book, path = Ledger(tmp_path / "l.sqlite"), tmp_path / "mine.py"

    def ran(value):
        file = written(path, value)
        (row,) = verify(load_file(file), ledger=book, jobs=1, file=file)
        return row.cached, row.verdict.outcome.value

    assert ran(0.5) == (False, "confirmed")
    assert ran(0.5) == (True, "confirmed")
    assert ran(2.0) == (False, "refuted")
    assert ran(0.5) == (True, "confirmed")  # what was run is remembered with its text


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_files_with_one_id_do_not_mix(tmp_path, jobs):
    book = Ledger(tmp_path / "l.sqlite")
    more = "\n@check(C, level=Level.EXACT)\ndef second(ctx):\n    yield Measurement(measured=0.1, bound=1.0)\n"
    files = [written(tmp_path / "a/mine.py", 0.25, more=more), written(tmp_path / "b/mine.py", 2.0)]
    claims = [load_file(f)[0] for f in files]
    assert [c.file for c in claims] == files
    for _ in range(2):
        found = [verify([c], ledger=book, jobs=jobs, file=f) for c, f in zip(claims, files, strict=True)]
        assert [{r.check: r.verdict.worst.measured for r in rows} for rows in found] == [
            {"measured": 0.25, "second": 0.1}, {"measured": 2.0}]  # fmt: skip
    assert all(r.cached for rows in found for r in rows)
    assert belongs(found[0][0], claims[0])
    assert not belongs(found[0][0], claims[1])
    with pytest.raises(UnknownClaim, match=r"mine\.c is stated in .*a/mine\.py, .*b/mine\.py; name the file"):
        registry.claim("mine.c")
    assert registry.claim("mine.c", files[1]) is claims[1]


def test_summaries_of_two_files_do_not_mix(tmp_path):
    from gradproof import summary

    files = [written(tmp_path / "a/mine.py", 0.25), written(tmp_path / "b/mine.py", 2.0)]
    claims = [load_file(f)[0] for f in files]
    book = Ledger(tmp_path / "l.sqlite")
    for found in (summary.verify(*files, ledger=book), summary.verify(*claims, ledger=book)):
        assert [s.outcome.value for s in found] == ["confirmed", "refuted"]


def test_an_id_is_stated_once_in_a_file(tmp_path):
    file = written(tmp_path / "mine.py", 1, more="\nregister(Claim(**{**vars(C), 'title': 'another'}))\n")
    with pytest.raises(UnknownClaim, match=r"mine\.py states mine\.c twice") as caught:
        load_file(file)
    assert "\n" not in str(caught.value)
    with pytest.raises(UnknownClaim):
        registry.claim("mine.c")  # nothing of the file is left


@pytest.mark.parametrize("loaded", [False, True])
def test_an_id_of_the_library_is_refused_whether_it_is_loaded_or_not(tmp_path, loaded):
    text = FILE.format(value=1, paper="ef21").replace("ef21.c", "ef21.pl")
    (tmp_path / "mine.py").write_text(text)
    code = f"""
        from gradproof.theory import registry
        from gradproof.experiments.engine.verify import load_file
        {'registry.load("ef21")' if loaded else ""}
        load_file({str(tmp_path / "mine.py")!r})
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert "ef21.pl is a claim of the library; give yours another id" in ran.stderr


def test_a_file_that_imports_the_library_states_its_own_claims_only(tmp_path):
    file = written(tmp_path / "mine.py", 1, more="\nimport gradproof.theory.communication.ef21\n")
    code = f"""
        import json
        from gradproof.experiments.engine.verify import load_file
        from gradproof.theory import registry
        print(json.dumps([[c.id for c in load_file({file!r})], registry.claim("ef21.pl").file]))
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [["mine.c"], ""]


def test_the_plan_of_the_whole_library_is_quick():
    import time

    claims = registry.claims()
    for c in claims:
        checks_of(c)
    start = time.process_time()
    tasks = plan(claims)
    took = time.process_time() - start
    assert len(tasks) > 500
    assert all(t.code for t in tasks)
    assert took < 0.0025 * len(tasks)  # 0.4 ms each on a free machine
    assert tasks[0].code == code_of(tasks[0].check)
