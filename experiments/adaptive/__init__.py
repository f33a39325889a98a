"""Experiments on adaptive step sizes."""
