"""Figures of the samplers."""
