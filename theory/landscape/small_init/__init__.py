"""Small random initialisation: a power method first, then one eigenvalue after the other, and why sensing generalises."""

# isort: off
from gradproof.theory.landscape.small_init.claims import (
    DECOUPLED, ESCAPE, ESCAPE_NOT_AFTER, ESCAPE_NOT_BEFORE, FLOW_CLOSED_FORM, NORM_GROWTH, NORM_INVARIANT, NUCLEAR_NORM,
    NULL_DECAY, NULL_FLOOR, NULL_MONOTONE, PAPER, POWER_ALIGNMENT, POWER_PHASE, SENSING, SETTLING, SIGNAL_GROWTH,
)  # fmt: skip

__all__ = [
    "DECOUPLED", "ESCAPE", "ESCAPE_NOT_AFTER", "ESCAPE_NOT_BEFORE", "FLOW_CLOSED_FORM", "NORM_GROWTH", "NORM_INVARIANT",
    "NUCLEAR_NORM", "NULL_DECAY", "NULL_FLOOR", "NULL_MONOTONE", "PAPER", "POWER_ALIGNMENT", "POWER_PHASE", "SENSING",
    "SETTLING", "SIGNAL_GROWTH",
]  # fmt: skip
