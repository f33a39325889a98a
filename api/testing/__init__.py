"""Instances that satisfy their assumptions by construction, as Hypothesis strategies; and tests of claims and methods."""
