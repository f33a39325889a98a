"""Stochastic-gradient samplers and variational inference."""
