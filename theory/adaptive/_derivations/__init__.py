"""Derivations of the claims of single-file papers."""
