"""What is claimed: papers, claims, assumptions, proofs. Exact mathematics only; no numerics, no files."""
