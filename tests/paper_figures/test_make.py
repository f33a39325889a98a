"""Figures are made again when, and only when, one of their inputs changed; and it is said which."""

import json

import pytest
import xarray as xr
from click.testing import CliRunner

from gradproof.cli import main
from gradproof.experiments.engine.datasets import write_dataset
from gradproof.paper_figures import make
from gradproof.theory.errors import UnknownClaim


def _stub(path, **inputs):
    now = make.inputs("ef21", "quick") | inputs
    write_dataset(xr.Dataset(attrs={"inputs": json.dumps({k: v for k, v in now.items() if v})}), path)


def test_the_inputs_are_the_sources_that_the_figure_reaches():
    found = make.inputs("ef21", "quick")
    assert "gradproof.paper_figures.communication.ef21" in found
    assert "gradproof.theory.communication.ef21.claims" in found
    assert not [name for name in found if name.startswith("gradproof.theory.landscape.")]
    assert "version of numpy" in found


def test_how_a_figure_looks_is_no_input_of_its_numbers():
    assert not {"gradproof.paper_figures.make", "gradproof.paper_figures.style"} & set(make.inputs("atomo", "quick"))


def test_explain_names_what_changed(tmp_path):
    assert "has not been made" in make.explain("ef21", tmp_path)[0]
    _stub(tmp_path / "ef21.nc")
    assert make.explain("ef21", tmp_path) == []
    assert make.explain("ef21", tmp_path, budget="full") == ["budget: quick -> full"]
    changed = {"gradproof.theory.communication.ef21.claims": "0", "version of numpy": "0.1", "gradproof.gone": "1"}
    _stub(tmp_path / "ef21.nc", **changed)
    said = make.explain("ef21", tmp_path)
    assert said[:2] == ["gradproof.gone: removed", "gradproof.theory.communication.ef21.claims: changed"]
    assert said[2].startswith("version of numpy: 0.1 -> ")
    shown = CliRunner().invoke(main, ["figures", "ef21", "-o", str(tmp_path), "--explain"])
    assert shown.exit_code == 0
    assert "stale" in shown.output


def test_a_dataset_that_cannot_be_read_is_made_again(tmp_path):
    (tmp_path / "ef21.nc").write_text("no dataset")
    assert "does not say" in make.explain("ef21", tmp_path)[0]
    with pytest.raises(KeyError):
        make.explain("no_such_paper", tmp_path)


def test_numbers_for_latex():
    data = xr.Dataset(
        {"max_ratio": ((), 0.98765, {"units": "1"}), "curve": ("t", [1.0] * 13), "small": ((), 1.5e-9)},
        attrs={"clients": 10, "title": "none"},
    )
    text = make.numbers("ef21", data)
    assert r"\newcommand{\EfTwoOneMaxRatio}{0.9877}  % 1" in text
    assert r"\newcommand{\EfTwoOneSmall}{\ensuremath{1.5 \times 10^{-9}}}" in text
    assert r"\newcommand{\EfTwoOneClients}{10}" in text
    assert "curve" not in text.lower()
    assert make.numbers("x", xr.Dataset()) == ""


def test_entries_of_small_variables_are_named_by_their_coordinates():
    data = xr.Dataset(
        {"rate": (("method", "eta"), [[1.0, 2.0], [3.0, 4.0]], {"units": "1/s"}), "plain": ("k", [5.0])},
        coords={"method": ["gd", "sgd"], "eta": [0.12, 1.2]},
    )
    text = make.numbers("p", data)
    assert r"\newcommand{\PRateGdEtaZeroPointOneTwo}{1}  % 1/s" in text
    assert r"\newcommand{\PRateSgdEtaOnePointTwo}{4}  % 1/s" in text
    assert r"\newcommand{\PPlainKOne}{5}" in text
    assert text.count("newcommand") == 5


def test_no_figure():
    with pytest.raises(UnknownClaim):
        make.stems(["nothing"])
