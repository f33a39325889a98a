"""The table of needed assumptions: needed with an instance, not needed after a search, unknown where nobody can tell."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

import gradproof
from gradproof import experiment, own_claim
from gradproof.cli import main
from gradproof.experiments.attack.necessity import NEEDED, NOT_NEEDED, UNKNOWN, named_number, necessity
from gradproof.necessity import Needs
from gradproof.testing import smooth


@pytest.fixture(scope="module")
def claim():
    c = own_claim(
        "need.descent", "A step does not increase a function", quantity="f(x - gamma f') - f(x)", bound="0",
        parameters={"L": "smoothness", "gamma": "step"},
        assumptions={"step": "gamma <= 2/L", "size": "L <= 10", "convex": "f is convex", "tame": "f is tame"},
    )  # fmt: skip

    @experiment(
        c,
        f=lambda L, drop: smooth(-L if "convex" in drop else 0.0, L, max_dim=1, centered=True),
        x=st.floats(-5.0, 5.0),
    )
    def increase(f, x, gamma):
        import numpy as np

        x = np.array([x])
        return f(x - gamma * f.gradient(x)) - f(x)

    return c


def test_each_assumption_has_its_verdict(claim, tmp_path):
    rows = {n.assumption: n for n in necessity([claim], seconds=60, ledger=tmp_path / "l.sqlite")}
    assert rows["step"].verdict == NEEDED
    at = rows["step"].finding.instance
    assert at["gamma"] * at["L"] > 2
    assert rows["size"].verdict == NOT_NEEDED
    assert "instances" in rows["size"].evidence
    assert rows["convex"].verdict == NOT_NEEDED  # the descent lemma needs smoothness only
    assert rows["tame"].verdict == UNKNOWN  # nothing draws instances that are not tame


def test_controls_of_the_library_are_asked(tmp_path):
    rows = Needs(necessity([gradproof.claim("ef21.young-optimal")], ledger=tmp_path / "l.sqlite", seconds=2))
    assert all(n.verdict in (NEEDED, UNKNOWN) for n in rows)
    assert "\\begin{tabular}" in rows.latex
    assert "<table>" in rows._repr_html_()


def test_the_command(tmp_path):
    args = [
        "necessity",
        "ef21.cloning",
        "--json",
        "--ledger",
        str(tmp_path / "l.sqlite"),
        "-o",
        str(tmp_path / "found"),
    ]
    result = CliRunner().invoke(main, args)
    assert (tmp_path / "found/ef21_cloning_necessity.json").exists()
    assert result.exit_code == 0
    assert {"claim", "assumption", "verdict", "evidence", "counterexample"} == set(json.loads(result.output)[0])


def test_the_gallery_is_asked_of_its_solver_and_tables_print(tmp_path):
    rows = Needs(necessity([gradproof.claim("gd.contraction")], ledger=tmp_path / "l.sqlite", seconds=20))
    verdicts = {n.assumption: n.verdict for n in rows}
    assert verdicts["strongly-convex"] == verdicts["smooth"] == NEEDED
    assert str(rows).count("\n") == len(rows) - 1
    assert rows.markdown.count("\n") == len(rows) + 2
    assert "| gd.contraction | smooth | needed |" in rows.markdown
    assert rows.latex.count("gd.contraction") == len(rows)
    assert "tabular" in rows.latex


def test_a_search_that_could_not_measure_says_nothing(tmp_path):
    c = own_claim(
        "need.unmeasured", parameters={"x": "a number"}, assumptions={"small": "x <= 1"}, quantity="q", bound="2"
    )

    @experiment(c)
    def measured_inside_only(x):
        if x > 1:
            raise ValueError("outside")
        return x

    (row,) = necessity([c], seconds=20, ledger=tmp_path / "l.sqlite")
    assert row.verdict == UNKNOWN
    assert "could not be measured" in row.evidence


def test_a_statement_that_is_false_needs_nothing(tmp_path):
    assert necessity([gradproof.claim("laplacian-smoothing.literal-dimension")], ledger=tmp_path / "l.sqlite") == []


@pytest.mark.parametrize(
    ("value", "shown"), [(1.0, "1"), (1 - 2.0**-52, "0.9999999999999998"), (1 / 3, "0.3333"), (7_000_000, "7000000")]
)
def test_few_digits_never_look_like_another_number(value, shown):
    assert named_number("x", value) == f"x={shown}"
