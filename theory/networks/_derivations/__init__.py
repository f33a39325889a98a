"""Derivations of the claims on networks, one module a paper, with the stem of the module that states the claims."""
