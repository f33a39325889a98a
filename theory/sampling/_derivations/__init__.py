"""Derivations of the claims on samplers, one module a paper, with the stem of the module that states the claims."""
