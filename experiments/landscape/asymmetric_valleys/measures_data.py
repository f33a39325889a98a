"""Real losses: directions of logistic regression, and averaged SGD of networks on digits."""

from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import cases, measure, rounded
from gradproof.experiments.instances.data import breast_cancer
from gradproof.experiments.landscape.asymmetric_valleys import networks
from gradproof.experiments.landscape.asymmetric_valleys.networks import logistic_losses, pair
from gradproof.theory.landscape import asymmetric_valleys as paper

DISTANCES = np.arange(0.5, 8.0, 0.5)


def differences(rows: np.ndarray, theta: np.ndarray, u: np.ndarray, losses: Any = logistic_losses) -> Any:
    """L(theta - t u) - L(theta + t u) at the distances, and the parameters of the claim."""
    line = DISTANCES[:, None] * u
    against, along = losses(rows, theta - line), losses(rows, theta + line)
    size = np.abs(against) + np.abs(along) + np.abs(rows).sum(axis=1).mean() * (np.abs(theta).sum() + DISTANCES)
    margin, offset = float((rows @ u).mean()), float(np.abs(rows @ theta).mean())
    # sums of len(rows) terms, whose margins have the rounding of d products
    return rounded(against - along, 8 * len(rows) * rows.shape[1], size), {
        "t": DISTANCES,
        "margin": margin,
        "offset": offset,
    }


@measure(paper.LOGISTIC_ASYMMETRY, cases(side=[1.0, -1.0]).guaranteeing("logistic_loss"))
def two_parameters(side, rng, losses=logistic_losses, seeds=50):
    """The smallest experiment: 10 + 10 points, an averaged path of 30 steps, 50 seeds, distances up to 7.5, either way."""
    for _ in range(seeds):
        found = pair(rng)
        yield differences(found.rows, found.theta, side * found.direction, losses)


@measure(paper.LOGISTIC_ASYMMETRY, cases(at=[-0.5, 2.0]).guaranteeing("logistic_loss"))
def breast_cancer_along_the_mean(at):
    """569 rows of breast_cancer, along the mean row, from points before and behind zero."""
    return along_the_mean(at, logistic_losses)


def along_the_mean(at: float, losses: Any) -> Any:
    """Along the mean row of breast_cancer from ``at`` times that direction."""
    data = breast_cancer()
    rows = data.y[:, None] * data.X
    u = rows.mean(axis=0) / np.linalg.norm(rows.mean(axis=0))
    return differences(rows, at * u, u, losses)


def square_losses(rows: np.ndarray, thetas: np.ndarray) -> np.ndarray:
    """The mean of (1 - margin)^2/2."""
    return ((1 - thetas @ rows.T) ** 2).mean(axis=-1) / 2


def with_the_square_loss(at):
    """The same from far on, with the square loss: behind the point where the margins are 1 it rises ahead."""
    return along_the_mean(at, square_losses)


breaking(paper.LOGISTIC_ASYMMETRY, "logistic_loss", with_the_square_loss, cases(at=5.0))

# --- averages of SGD -------------------------------------------------------------------------------------------------

SIZES = {"quick": (6, 20), "full": (16, 100), "gpu": (64, 100)}  # runs, epochs
RIDGE = 1e-2


@measure(paper.SWA, cases(eta=0.3, batch=16).guaranteeing("constant_step"))
def mean_test_loss_on_digits(eta, batch, rng, keys, backend, budget, decreasing=False, shorter=1):
    """The mean test loss of networks 64-32-10 on the 8 x 8 digits, of SGD averaged over the second half of the epochs."""
    runs, epochs = SIZES[budget]
    problem = networks.digits(ridge=RIDGE)
    ends = networks.train(
        problem,
        rng,
        keys(seeds=runs),
        epochs=epochs // shorter,
        eta=eta,
        batch=batch,
        decreasing=decreasing,
        backend=backend,
    )
    swa, sgd = (problem.losses(w, test=True) for w in (ends.swa, ends.sgd))
    return rounded(float(swa.mean()), 2**14), {"last": float(sgd.mean())}


@measure(paper.SWA, cases(normalised=[True, False]).guaranteeing("constant_step"), budget="gpu")
def mean_test_loss_of_convolutions(normalised, seed, seeds=8, epochs=100):
    """The same of a convolutional net with two layers, with and without batch normalisation, whose statistics are taken anew."""
    from gradproof.experiments.landscape.asymmetric_valleys.convnet import Trained

    found = [Trained(normalised, seed=1000 * seed + k, epochs=epochs).ends.test for k in range(seeds)]
    sgd, swa = np.mean(found, axis=0)
    return rounded(float(swa), 2**20), {"last": float(sgd)}


breaking(paper.SWA, "constant_step", mean_test_loss_on_digits, cases(eta=0.1, batch=16, decreasing=True, shorter=2))
