"""Attacks on claims: search for counterexamples, false variants, and assumptions that are not needed."""
