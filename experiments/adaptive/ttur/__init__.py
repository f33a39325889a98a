"""Two time scales in numbers: games and the toy exactly and in runs, Adam's steps beside the heavy ball, the Frechet distance."""

from gradproof.experiments.adaptive.ttur import measures_adam, measures_fid, measures_games
from gradproof.experiments.adaptive.ttur.instances import DISTURBANCES, Block, contaminated, disturbed, fid
from gradproof.experiments.adaptive.ttur.methods import frozen, linear_game, small_gan, toy, two_time_scales

__all__ = [
    "DISTURBANCES", "Block", "contaminated", "disturbed", "fid", "frozen", "linear_game", "measures_adam", "measures_fid",
    "measures_games", "small_gan", "toy", "two_time_scales",
]  # fmt: skip
