"""Figures on adaptive step sizes."""
