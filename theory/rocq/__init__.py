"""Proofs and derivations as files for the proof assistant Rocq (Coq): classes are textbook definitions, axioms are lemmas."""
