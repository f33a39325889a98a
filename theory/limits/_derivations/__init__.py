"""Derivations of the claims on limits, one module a paper, with the stem of the module that states the claims."""
