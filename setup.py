"""Map the rooms of the checkout into one package: ``theory/`` installs as ``gradproof.theory``, and so on.

The checkout has no folder called ``gradproof``, so that it can never shadow the installed package.
"""

from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
ROOMS = {
    "gradproof": "api",
    "gradproof.theory": "theory",
    "gradproof.solvers": "solvers",
    "gradproof.experiments": "experiments",
    "gradproof.paper_figures": "paper_figures",
}

#: errata and derivations, which the report shows beside the claims that cite them
NOTES = {"gradproof.notes": "docs", "gradproof.notes.derivations": "docs/derivations"}

packages = set(ROOMS) | set(NOTES)
for name, folder in ROOMS.items():
    packages |= {f"{name}.{sub}" for sub in find_namespace_packages(str(HERE / folder))}


class Build(build_py):
    """Of the documentation only the notes are installed, not the scripts that build its pages."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        found = super().find_package_modules(package, package_dir)
        return [m for m in found if package not in NOTES or m[1] == "__init__"]


setup(
    cmdclass={"build_py": Build},
    packages=sorted(p for p in packages if "__pycache__" not in p),
    package_dir=ROOMS | NOTES,
    package_data={
        "gradproof": ["py.typed"],
        "gradproof.templates": ["*"],
        "gradproof.static": ["*"],
        "gradproof.theory.rocq": ["*.v"],
        "gradproof.notes": ["errata.md"],
        "gradproof.notes.derivations": ["*.md"],
    },
)
