"""Claims that another installed package offers under the entry-point group ``gradproof.claims``."""

import sys
import types
from importlib.metadata import EntryPoint

import pytest

from gradproof.theory import registry
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper


@pytest.fixture
def offered(monkeypatch):
    def install(*points):
        monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "gradproof.claims" else ())
        registry._load_packages.cache_clear()

    yield install
    registry._load_packages.cache_clear()
    registry.forget(_claim())


def _claim():
    paper = Paper(key="other", authors=("A",), title="T", year=2026, family="own")
    return Claim(id="other.c", paper=paper, title="t", statement="s", parameters=(), assumptions=(), quantity="x",
                 relation=Relation.LE, expression=1)  # fmt: skip


def test_a_packages_claims_are_found_by_id_and_key(offered, monkeypatch):
    module = types.ModuleType("other_package_claims")
    module.__getattr__ = lambda name: registry.register(_claim())[0]  # registers when it is asked for
    monkeypatch.setitem(sys.modules, "other_package_claims", module)
    offered(EntryPoint("other", "other_package_claims:CLAIM", "gradproof.claims"))
    assert registry.claim("other.c") == _claim()
    assert registry.claims("other") == [_claim()]


def test_a_broken_package_is_left_out_with_a_warning(offered):
    offered(EntryPoint("broken", "no_such_module_at_all", "gradproof.claims"))
    with pytest.warns(UserWarning, match="claims of broken .* cannot be loaded"):
        registry.claims()
    assert registry.claims()
