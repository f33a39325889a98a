"""Backends for tests: a missing one skips, or fails where all must be there."""

import os

import pytest

from gradproof.experiments.engine.backend import BackendUnavailable, backend


@pytest.fixture
def on_backend():
    """The backend of a name; without its library a skipped test, or a failed one if GRADPROOF_ALL_EXTRAS is set."""

    def get(name):
        try:
            return backend(name)
        except BackendUnavailable as error:
            if os.environ.get("GRADPROOF_ALL_EXTRAS"):
                pytest.fail(f"no test of a backend may be skipped here: {error}")
            pytest.skip(str(error))

    return get
