"""Instances on which claims speak, drawn and concrete; each class says which structural assumptions it guarantees."""
