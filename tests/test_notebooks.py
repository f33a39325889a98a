"""Every notebook runs from top to bottom, its own assertions are the test, and what it stores is what it says now."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST, MEAN = 150_000, 60_000  # bytes


def _runner():
    spec = importlib.util.spec_from_file_location("notebooks_run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def said(notebook):
    """What each cell shows: kinds of output, and words; numbers, times and temporary files differ between machines.

    So may the instance that a search ends with, as Hypothesis draws on constants in the modules that are loaded.
    """
    return [
        [(o.output_type, *sorted(o.get("data", {})), "falsify" in cell.source or _words(o)) for o in _whole(cell)]
        for cell in notebook.cells
    ]


def _whole(cell):
    """The outputs of a cell; what it prints may come in one piece or in several."""
    found = []
    for o in cell.get("outputs", []):
        if found and o.output_type == "stream" == found[-1].output_type and o.name == found[-1].name:
            found[-1] = {**found[-1], "text": found[-1].text + o.text}
            found[-1] = nbformat.from_dict(found[-1])
        else:
            found.append(o)
    return found


def _words(output):
    text = output.get("text", "") or output.get("data", {}).get("text/html", "")
    return set(re.findall(r"[A-Za-z]{3,}", re.sub(r"/\S+", "", text)))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.filterwarnings("ignore")  # the kernel's own machinery, not the notebook's
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_runs_top_to_bottom_and_its_outputs_are_current(path):
    stored = nbformat.read(path, as_version=4)
    assert said(_runner().run(path)) == said(stored), f"store its outputs: python notebooks/run.py {path.stem}"


def test_outputs_are_stored_and_small():
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert any(c.get("outputs") for c in cells), f"store its outputs: python notebooks/run.py {path.stem}"
        assert path.stat().st_size < LARGEST, path
    assert sum(p.stat().st_size for p in NOTEBOOKS) < MEAN * len(NOTEBOOKS)


def test_each_notebook_of_a_paper_shows_its_figure_once():
    for path in NOTEBOOKS:
        outputs = [o for c in nbformat.read(path, as_version=4).cells for o in c.get("outputs", [])]
        pictures = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
        assert len(pictures) == len(set(pictures)), path
        assert pictures or path.stem[0].isdigit(), path


def test_what_is_printed_in_pieces_is_one_output():
    whole, pieces = (
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text=t) for t in texts])]
        )
        for texts in (("one two three",), ("one tw", "o three"))
    )
    assert said(whole) == said(pieces)


def test_an_output_that_is_not_current_is_seen():
    now, then = (
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text=text)])]
        )
        for text in ("refuted 3 times in 0.1 s", "proved 2 times in 0.2 s")
    )
    assert said(now) != said(then)
