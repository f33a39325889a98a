"""Private forecasting of mobility counts: exact accounting of input and gradient perturbation, and what each costs."""

# isort: off
from gradproof.theory.privacy.dp_forecasting.claims import (
    ADD, CAP, CHI_SQUARE, CLASSICAL, COMPOSITION, EXACT, FLOOR, GP_MODE, GP_PUBLISHED, GP_RISK, IP_MONOTONE, IP_PRICE,
    IP_PUBLISHED, IP_RISK, MICROBATCH, ONE_LAG, OPTIMAL_ORDER, PAPER, POST, RDP, REMOVE, TARGET_NOISE, UTILITY, WINDOWS,
)  # fmt: skip
from gradproof.theory.privacy.dp_forecasting.published import DELTA, EPOCHS, ORDERS, PUBLISHED, Run

__all__ = [
    "ADD",
    "CAP",
    "CHI_SQUARE",
    "CLASSICAL",
    "COMPOSITION",
    "DELTA",
    "EPOCHS",
    "EXACT",
    "FLOOR",
    "GP_MODE",
    "GP_PUBLISHED",
    "GP_RISK",
    "IP_MONOTONE",
    "IP_PRICE",
    "IP_PUBLISHED",
    "IP_RISK",
    "MICROBATCH",
    "ONE_LAG",
    "OPTIMAL_ORDER",
    "ORDERS",
    "PAPER",
    "POST",
    "PUBLISHED",
    "RDP",
    "REMOVE",
    "TARGET_NOISE",
    "UTILITY",
    "WINDOWS",
    "Run",
]  # fmt: skip
