"""Print pip constraints that pin each requirement in pyproject.toml to the lowest release that it allows."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
    name, _, version = requirement.partition(">=")
    if not version or "," in version:
        raise SystemExit(f"lowest.py: {requirement!r} is not of the form name>=version")
    print(f"{name}=={version}")
