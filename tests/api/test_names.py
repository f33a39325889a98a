"""Every name that the package offers is there."""

import gradproof


def test_every_public_name_resolves():
    for name in gradproof.__all__:
        assert getattr(gradproof, name) is not None
