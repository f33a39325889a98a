"""Run the notebooks from top to bottom and store their outputs: ``python notebooks/run.py [NAME ...]``, all without a name."""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent


def run(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of this run; an assertion in it that fails is raised."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False)
    client.execute(env=os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"})  # as in Jupyter
    notebook.metadata.pop("language_info", None)  # the version of Python that ran it
    return notebook


if __name__ == "__main__":
    names = sys.argv[1:] or sorted(p.stem for p in FOLDER.glob("*.ipynb"))
    for name in names:
        path = FOLDER / f"{name}.ipynb"
        if not path.is_file():
            sys.exit(f"{name}: no such notebook; there are {', '.join(sorted(p.stem for p in FOLDER.glob('*.ipynb')))}")
        nbformat.write(run(path), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)
