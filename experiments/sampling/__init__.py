"""Checks of the samplers."""
