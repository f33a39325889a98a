"""Experiments attached to the library's own claims, for falsify, mutants and necessity; loaded when one of these asks."""
