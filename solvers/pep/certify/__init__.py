"""Proofs and exact instances out of numerical answers: certificates, counterexamples, cycles, rounding."""
