"""Map the rooms of the checkout into one package: ``theory/`` installs as ``gradproof.theory``, and so on.

The checkout has no folder called ``gradproof``, so that it can never shadow the installed package.
"""

from pathlib import Path

from setuptools import find_namespace_packages, setup

HERE = Path(__file__).parent
ROOMS = {
    "gradproof": "api",
    "gradproof.theory": "theory",
    "gradproof.solvers": "solvers",
    "gradproof.experiments": "experiments",
    "gradproof.paper_figures": "paper_figures",
}

packages = set(ROOMS)
for name, folder in ROOMS.items():
    packages |= {f"{name}.{sub}" for sub in find_namespace_packages(str(HERE / folder))}

setup(
    packages=sorted(p for p in packages if "__pycache__" not in p),
    package_dir=ROOMS,
    package_data={"gradproof": ["py.typed"], "gradproof.templates": ["*"], "gradproof.static": ["*"]},
)
