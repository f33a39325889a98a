"""Small initialisation in numbers: descent in balls beside the power method, the flow, sensing beside the nuclear-norm program."""

from gradproof.experiments.landscape.small_init import measures

__all__ = ["measures"]
