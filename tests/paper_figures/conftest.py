"""Shared by the tests of figures."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def no_figure_is_left():
    """A drawing that a test makes in pyplot is not there for the next one."""
    yield
    plt.close("all")
