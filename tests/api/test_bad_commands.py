"""Generated bad command lines: one line of error or a verdict, never a traceback, never exit code 0 for what cannot be meant."""

import json
import os
import random
import re
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.experiments.engine.deadline import TimedOut, deadline
from gradproof.theory import registry

SECONDS = 60  # a command line that runs for longer hangs
CLAIM, PAPER = "ef21.young-optimal", "ef21"


@dataclass(frozen=True)
class Word:
    """A word of a command line; ``bad``: no command can mean something with it."""

    text: str
    bad: bool = False


def bad(*texts):
    return [Word(t, True) for t in texts]


def odd(*texts):
    """What some commands may understand."""
    return [Word(t) for t in texts]


LONG = "a" * 5000
IDS = bad(
    "", " ", ".", "..", "ef21.", ".young-optimal", "ef22", "ef21.nope", "ef21.young-optimal.x", "ef21/young-optimal", LONG,
    "Ω.λ", "\u202e", "💥", "nan", "0", "-1.5e400", "ef21.*", "[bold]", "%s%n", "{0}", "ef21.young-optimal\n", "a\tb", "é.é",
    "\x00", "ef21.young-optimal~factor-1/2", "../../etc", "None", "True", "ef21.ÿoung-optimal", "\ud800",
)  # fmt: skip
FILES = bad(
    "missing.py", "folder.py", "pipe.py", "binary.py", "empty.py", "no_claim.py", "syntax.py", "raises.py", "leaves.py",
    "leaves_badly.py", "latin.py", "nul.py", "deep.py", "twice.py", "library.py", "dangling.py", "loop.py", ".py", "/dev/null",
    "folder.py/x.py", "empty.py/x.py", "\x00.py", LONG + ".py", "wrong_types.py", "zoo.py",
)  # fmt: skip
PROOFS = bad(
    "missing.json", "folder.py", "pipe.py", "binary.py", "empty.py", "no_claim.py", "deep.json", "list.json", "nan.json",
    "bom.json", "number.json", "dangling.py", "", "\x00", LONG, "/dev/null", "huge_number.json", "surrogate.json",
    "twice.json", "loop.py",
)  # fmt: skip
VALUES = bad(
    "alpha", "=1", "=", "", "alpha=", "alpha==1", "alpha=nan", "alpha=inf", "alpha=-inf", "alpha=1e400", "alpha=-1", "alpha=2",
    "alpha=x", "alpha=1/0", "alpha=1e999999999", "alpha=" + "9" * 5000, "alpha=1,2", "alpha=,", "alpha=0x10", "alpha=1+1",
    "alpha=1j", "alpha=💥", "alpha=\x00", "nope=1", "self=1", "drop=1", "α=1/2", "alpha =1/2", "ALPHA=1/2", "alpha=[1]",
    "alpha=True", "alpha=None", "__class__=1", "claim=1", "function=1", "\ud800=1", "alpha=\ud800",
) + odd("alpha=1e-400", "alpha=٣", "alpha=1_0", "alpha= 3/4 ", "alpha=0.5", "alpha=1", "alpha=0", "alpha=1/2")  # fmt: skip
NUMBERS = bad("", " ", "x", "nan", "1.5", "1e3", "0x1", "--", "💥", "None", "1,000", "٣x", LONG, "\x00")
CHOICES = bad("", "QUICK!", "huge", "0", "quick ", "💥", LONG, "None")
PLACES = bad("", "\x00") + odd("taken", "taken/x", "/dev/null", "/dev/null/x", "/proc/nope", LONG)
LEDGERS = bad(
    "folder.py", "/dev/null/x", "empty.py/x", "\x00", "/proc/nope/l.sqlite", LONG, "pipe.py", "foreign.sqlite"
)
DROPS = bad("", "nope", "alpha", "💥", LONG, "alpha_open\n", "*")

OPTIONS = {
    "--jobs": NUMBERS + bad("0", "-1") + odd("1"),
    "--seed": NUMBERS + bad("-1", str(2**63), str(2**64), "9" * 400) + odd("0", str(2**63 - 1)),
    "--seconds": bad("", "x", "nan", "inf", "1e400", "-1", "0", "0x1", "💥", "-inf") + odd("0.2"),
    "--timeout": bad("", "x", "nan", "inf", "1e400", "-1", "0", "0x1", "💥", "-inf") + odd("100"),
    "--budget": CHOICES,
    "--backend": CHOICES,
    "--ledger": LEDGERS,
    "--output": PLACES,
    "--drop": DROPS,
    "--figures": PLACES,
    "--counterexamples": PLACES,
}
#: command -> (good words, what else its arguments can be)
COMMANDS = {
    "verify": ([CLAIM, "--jobs", "1"], IDS + FILES),
    "list": ([PAPER], IDS),
    "show": ([CLAIM], IDS + FILES),
    "bound": ([CLAIM, "alpha=1/2"], IDS + VALUES),
    "certify": (["ef21.sharp-threshold", "alpha=3/4", "L=1/4", "L_AM=3/4", "gamma=1"], IDS + VALUES),
    "check": (["proof.json"], PROOFS),
    "export": (["gd.pl", "-o", "rocq"], IDS),
    "figures": ([PAPER, "--explain", "-o", "figures"], IDS + FILES),
    "falsify": ([CLAIM, "--seconds", "0.2", "-o", "counterexamples"], IDS + FILES),
    "power": ([CLAIM, "--jobs", "1"], IDS + FILES),
    "mutants": ([CLAIM], IDS + FILES),
    "necessity": ([CLAIM, "--seconds", "0.2"], IDS + FILES),
    "report": ([CLAIM], IDS + FILES),
}
TAKES = {
    name: [o for p in command.params for o in p.opts if o.startswith("--")] for name, command in main.commands.items()
}
JSON = [name for name, options in TAKES.items() if "--json" in options]

CLAIM_FILE = """
from gradproof import own_claim
own_claim("mine.rate", parameters={"L": "a constant"}, bound="L", quantity="x")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files that a stranger may have, good and bad ones."""
    place = tmp_path_factory.mktemp("files")
    texts = {"taken": "mine",
        "empty.py": "", "no_claim.py": "x = 1\n", "syntax.py": "def (:\n", "raises.py": CLAIM_FILE + "1 / 0\n",
        "leaves.py": "import sys\nsys.exit(0)\n", "leaves_badly.py": "class Odd(BaseException): ...\nraise Odd('two\\nlines')\n",
        "deep.py": "x = " + "(" * 500 + "1" + ")" * 500, "twice.py": CLAIM_FILE + CLAIM_FILE.replace('"L"})', '"L"}, tight=True)')
        + CLAIM_FILE.replace('"x")', '"y")'),
        "library.py": CLAIM_FILE.replace("mine.rate", CLAIM), "deep.json": "[" * 10**5, "list.json": "[1, 2]",
        "nan.json": '{"format": NaN}', "bom.json": "\ufeff{}", "number.json": "1e999999", "huge_number.json": "9" * 10**5,
        "surrogate.json": '{"format": "\\ud800"}', "twice.json": '{"format": "a", "format": "b"}',
        "wrong_types.py": CLAIM_FILE.replace('bound="L"', "bound=[1]"), "zoo.py": CLAIM_FILE.replace('bound="L"', 'bound="L/0"'),
    }  # fmt: skip
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    (place / "folder.py").mkdir()
    os.mkfifo(place / "pipe.py")
    (place / "binary.py").write_bytes(bytes(range(256)) * 10)
    (place / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    (place / "nul.py").write_bytes(b"x = 1\x00\n")
    (place / "dangling.py").symlink_to(place / "nowhere")
    (place / "loop.py").symlink_to(place / "loop.py")
    import sqlite3

    with sqlite3.connect(place / "foreign.sqlite") as db:
        db.execute("CREATE TABLE songs (name TEXT)")
    db.close()
    return place


@pytest.fixture
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    if not (folder / "proof.json").exists():
        assert run(["certify", *COMMANDS["certify"][0], "-o", "proof.json"]).exit_code == 0
    return folder


def run(words):
    with deadline(SECONDS):
        return CliRunner().invoke(main, words)


def command_line(rng):
    """A command line made of good words, of which some are spoilt; and whether it must be refused."""
    name = rng.choice(list(COMMANDS))
    good, other = COMMANDS[name]
    words, spoilt = list(good), False
    places = [k for k, w in enumerate(good) if not w.startswith("-") and (k == 0 or not good[k - 1].startswith("-"))]
    free = [o for o in TAKES[name] if o in OPTIONS]  # the last one of an option given twice counts
    for _ in range(rng.choice((1, 1, 2, 3))):
        way = rng.random()
        if way < 0.45:  # an argument
            word = rng.choice(other)
            if rng.random() < 0.7:
                if not places:
                    continue
                words[places.pop(rng.randrange(len(places)))] = word.text
            else:
                words.append(word.text)
                spoilt |= name in ("show", "check")  # one too many
            spoilt |= word.bad
        elif way < 0.9 and free:  # an option
            option = free.pop(rng.randrange(len(free)))
            word = rng.choice(OPTIONS[option])
            words += [option, word.text] if rng.random() < 0.7 else [f"{option}={word.text}"]
            spoilt |= word.bad
        elif way < 0.95:
            words.insert(0, rng.choice(["--nope", "-x", "--nope=1", "--JSON"]))
            places, spoilt = [], True
        else:
            words.append(
                rng.choice(["--budget", "--seed", "--drop", "--ledger"])
            )  # its value is missing, or it is unknown
            places, free, spoilt = [], [], True
            break
    return [name, *["--json"] * (name in JSON and rng.random() < 0.4), *words], spoilt


def problem(words, spoilt):
    """What is wrong with how a command line was answered; nothing if it was answered well."""
    try:
        result = run(words)
    except TimedOut as error:
        return str(error)
    shown, code = result.output, result.exit_code
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"{type(result.exception).__name__}: {result.exception}"
    if "Traceback" in shown or code not in (0, 1, 2, 3):
        return f"exit code {code}: {shown[-600:]}"
    if spoilt and code in (0, 3):
        return f"exit code {code}, though it cannot be meant: {shown[-300:]}"
    if code == 2:
        lines = result.stderr.splitlines()
        ours = [x for x in lines if x.startswith("error: ")]
        if not (len(ours) == 1 and lines[-1] == ours[0]) and "Error: " not in result.stderr:
            return f"not one line of error: {result.stderr[-600:]!r}"
        if any(len(x) > 2000 for x in lines if not x.startswith("Error")) or result.stdout.strip():
            return f"an error of {len(shown)} characters, or one that is not on stderr alone: {shown[:300]!r}"
    elif not result.stdout.strip() and not shown.startswith("rejected: "):
        return f"exit code {code} and nothing said"
    elif "--json" in words and code != 1:
        json.loads(result.stdout, parse_constant=no_json)
    elif words[0] == "verify" and not re.search(r"[1-9]\d* claims?: ", shown) and "--json" not in words:
        return f"no verdict: {shown}"
    return ""


def no_json(word):
    raise ValueError(f"{word} is no JSON")


def answered_badly(seeds):
    found = []
    for seed in seeds:
        words, spoilt = command_line(random.Random(seed))
        wrong = problem(words, spoilt)
        if wrong:
            found.append(f"{[w[:60] for w in words]}: {wrong}")
    return found


def test_every_command_is_tried():
    assert set(COMMANDS) == set(main.commands)
    for name, command in main.commands.items():
        valued = [p for p in command.params if isinstance(p, click.Option) and not p.is_flag]
        assert {o for p in valued for o in p.opts if o.startswith("--")} <= set(OPTIONS), name
        assert {command_line(random.Random(s))[0][0] for s in range(300)} == set(COMMANDS)


def test_a_command_that_answers_badly_is_noticed(there, monkeypatch):
    assert "though it cannot be meant" in problem(["show", CLAIM], True)
    assert problem(["show", CLAIM], False) == ""
    monkeypatch.setattr("gradproof.theory.registry.claim", lambda *a: [][0])
    assert "fault of gradproof" in problem(["show", CLAIM], False)
    monkeypatch.setattr("gradproof.theory.registry.claim", lambda *a: print())
    assert problem(["show", CLAIM], False)


@pytest.mark.parametrize("block", range(4))
def test_bad_command_lines(there, block):
    assert answered_badly(range(50 * block, 50 * block + 50)) == []


#: numbers at which bounds overflow, vanish, are no numbers, or have more digits than there is memory
EXTREME = (
    "0",
    "1",
    "2",
    "1/2",
    "3/4",
    "1e400",
    "1e-400",
    "1e30",
    "7/3",
    "1,2,3",
    "1,1/2",
    "0.1",
    "100",
    "1e6",
    "-1",
    "1e4",
)


def extremes(claims, rng):
    """A command line that asks for a bound far from where anybody has looked."""
    claim = rng.choice(claims)
    words = ["bound", claim.id, *(f"{p.name}={rng.choice(EXTREME)}" for p in claim.parameters)]
    if rng.random() < 0.6:
        words += [w for a in claim.assumptions for w in ("--drop", a.name)]
    return words + ["--json"] * (rng.random() < 0.3)


def bounds_answered_badly(claims, seeds):
    found = []
    for seed in seeds:
        words = extremes(claims, random.Random(seed))
        wrong = problem(words, False)
        if wrong:
            found.append(f"{words}: {wrong}")
    return found


@pytest.mark.parametrize("paper", ["gd", "dpsgd", "ef21", "sgld", "laplacian-smoothing"])
def test_bounds_at_extreme_numbers(paper):
    assert bounds_answered_badly(registry.claims(paper), range(40)) == []


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_bounds_of_all_claims_at_extreme_numbers(block):
    assert bounds_answered_badly(registry.claims(), range(100 + 100 * block, 200 + 100 * block)) == []


def test_digits_that_are_hard_to_find_are_found_or_refused():
    for words, answer in (
        ("small-init.escape-not-before mu=1e-400 lam_i=3/4 alpha=1/10 --drop population", "2.41622728865e+400"),
        ("laplacian-smoothing.beta2 n=1e30 sigma=1e400 --drop periodic_laplacian", "1e-30\n"),
        ("layered-sgd.straggler tau=2 N=1e30 --drop exponential", "a sum of 1"),
        ("layered-sgd.straggler tau=1e-400 N=1e6 --drop exponential", "a sum of 1000000 terms"),
        ("leader-sgd.half-volume h=1/2 d=1e400", "give less extreme ones"),
        ("diff2.exact-conversion eps=1e400 mu=1e4", "give less extreme ones"),
    ):
        assert answer in run(["bound", *words.split()]).output


def test_digits_that_cannot_be_computed_with_are_counted_before():
    for N, answer in (("10000", "1.49561181173e-3522"), ("1e400", "more digits than can be computed with")):
        assert answer in run(["bound", "gd.contraction", "mu=1", "L=3", "gamma=1/3", f"N={N}"]).output
    assert "no real number" in run(["bound", "stale-sgmcmc.stationary-variance", "lam=1/4", "h=1e30", "tau=1e6", "sigma=7/3",
                                    "--drop", "stable"]).output  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_a_thousand_bad_command_lines(there, block):
    assert answered_badly(range(1000 + 50 * block, 1050 + 50 * block)) == []
