"""The published runs of DP-SGD and their epsilons, as data."""

from dataclasses import dataclass
from fractions import Fraction

#: delta of all four runs
DELTA = Fraction(1, 10**7)

#: training windows, epochs, and the orders of the accountant that was used
SAMPLES, EPOCHS = 3120, 100
ORDERS = (*range(2, 65), 128, 256, 512)


@dataclass(frozen=True)
class Run:
    """One run: noise multiplier, batch, microbatches a batch, and the epsilon as it is printed (four decimals)."""

    z: int
    batch: int
    microbatches: int
    epsilon: Fraction

    @property
    def q(self) -> Fraction:
        """Share of the data in a batch."""
        return Fraction(self.batch, SAMPLES)

    @property
    def steps(self) -> int:
        """Steps in all epochs."""
        return EPOCHS * SAMPLES // self.batch


#: GP_1 to GP_4
PUBLISHED = (
    Run(35, 5, 5, Fraction(650, 10**4)),
    Run(70, 5, 5, Fraction(399, 10**4)),
    Run(140, 10, 5, Fraction(357, 10**4)),
    Run(500, 5, 5, Fraction(317, 10**4)),
)
