"""Derivations of the classical claims for all N, one module a paper, with the stem of the module that states the claims."""
