"""What is measured in runs: spectra along training on digits, Lanczos, segments between solutions, random matrices.

Eigenvalues of trained networks carry the residuals of their eigenvectors and the rounding of the matrix as their error.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.engine.backend import Backend, to_numpy
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure, without
from gradproof.experiments.landscape.overparam_hessian import measures, methods
from gradproof.experiments.landscape.overparam_hessian.methods import Spectrum
from gradproof.solvers.spiked_covariance import chi_mean, singular_values
from gradproof.solvers.two_layer_hessian import top
from gradproof.solvers.two_layer_hessian.floats import EPS, ROUNDINGS
from gradproof.theory.landscape import overparam_hessian as paper

HELD = ("twice_differentiable", "loss_convex_in_output", "sum_of_rows", "group_labels", *measures.SPECTRAL)
DIGITS = cases(classes=[2, 3], width=[4, 8]).guaranteeing(*HELD)
WIDE = cases(classes=[2, 3, 5], width=[16, 32]).guaranteeing(*HELD)


def checkpoints(classes: int, width: int, backend: str) -> Iterator[Spectrum]:
    """Before, during and after training: the claims speak of every point."""
    yield from methods.spectra(classes, width, backend=backend)


@measure(paper.DECOMPOSITION, cases(classes=2, width=4).guaranteeing(*HELD))
def second_derivative_on_digits(classes: int, width: int, backend: str) -> Iterator[Any]:
    r"""The second derivative along training on digits, in the direction of the parameters themselves, by power series of balls."""
    for at in methods.spectra(classes, width, 20, backend=backend):
        W, V = at.state
        yield measures.beside_the_split(at.parts, W, V, at.problem.X, at.problem.labels, W, V)


@measure(paper.WEYL, WIDE, budget="full", name="moves_up_in_wide_networks")
@measure(paper.WEYL, DIGITS)
def moves_up_on_digits(classes: int, width: int, backend: str, sign: int = 1) -> Iterator[Any]:
    r"""$\lambda_k(H) - \lambda_k(G)$ of tanh networks under softmax cross-entropy along training on digits."""
    for at in checkpoints(classes, width, backend):
        (mine, error), (theirs, e), (rho, f) = at.H, at.G, at.rho
        yield around(sign * (mine - theirs), np.full(len(mine), error + e + f)), {"rho": rho}


@measure(paper.WEYL_BELOW, WIDE, budget="full", name="moves_down_in_wide_networks")
@measure(paper.WEYL_BELOW, DIGITS)
def moves_down_on_digits(classes: int, width: int, backend: str) -> Iterator[Any]:
    r"""$\lambda_k(G) - \lambda_k(H)$ of tanh networks under softmax cross-entropy along training on digits."""
    yield from moves_up_on_digits(classes, width, backend, -1)


@measure(paper.NEGATIVE, DIGITS)
def depth_of_the_spectrum_on_digits(classes: int, width: int, backend: str) -> Iterator[Any]:
    r"""$-\lambda_{\min}(H)$ along training on digits."""
    for at in checkpoints(classes, width, backend):
        yield around(-float(at.H[0][-1]), at.H[1] + at.rho[1]), {"rho": at.rho[0]}


@measure(paper.OUTLIERS, WIDE, budget="full", name="beyond_the_rank_of_wide_networks")
@measure(paper.OUTLIERS, cases(classes=2, width=8, n=[4, 6]).guaranteeing(*HELD))
def eigenvalue_beyond_the_rank_on_digits(classes: int, width: int, backend: str, n: int = 60) -> Iterator[Any]:
    r"""$\lambda_{n(K-1)+1}(H)$ along training on digits, $P > n(K-1)$."""
    for at in methods.spectra(classes, width, n, backend=backend):
        values, error = at.H
        most = len(at.problem.X) * (classes - 1)
        if len(values) > most:
            yield around(float(values[most]), error + at.rho[1]), {"rho": at.rho[0]}


@measure(paper.RESIDUAL_NORM, WIDE, budget="full", name="norm_of_the_residual_part_of_wide_networks")
@measure(paper.RESIDUAL_NORM, DIGITS)
def norm_of_the_residual_part_on_digits(classes: int, width: int, backend: str) -> Iterator[Any]:
    r"""$\|R\|_2$ along training on digits."""
    for at in checkpoints(classes, width, backend):
        b = at.parts.residual_bound
        yield around(at.rho[0], at.rho[1] + (ROUNDINGS + len(at.problem.X)) * EPS * b), {"b": b}


@measure(paper.CLASS_OUTLIERS, WIDE, budget="full", name="beyond_the_groups_of_wide_networks")
@measure(paper.CLASS_OUTLIERS, DIGITS)
def eigenvalue_beyond_the_groups_on_digits(classes: int, width: int, backend: str) -> Iterator[Any]:
    r"""$\lambda_{C+1}(G)$ along training on digits, one group a class and output: $C$ is the number of classes squared."""
    for at in checkpoints(classes, width, backend):
        yield around(float(at.G[0][classes**2]), at.G[1] + at.within[1]), {"within": at.within[0]}


@measure(paper.CLASS_OUTLIERS, cases(k=[2, 5, 10]).guaranteeing(*HELD), budget="full")
def eigenvalue_beyond_the_clusters(k: int, rng: np.random.Generator, backend: str) -> Iterator[Any]:
    r"""The paper's synthetic data: $k$ Gaussian clusters, a tanh network of 30 units after training."""
    problem = methods.clusters(k, rng)
    for state in methods.train(problem, problem.start(30, rng), methods.ETA, 300, backend=backend):
        at = Spectrum(problem, state)
        yield around(float(at.G[0][k**2]), at.G[1] + at.within[1]), {"within": at.within[0]}


# --- the width sweep --------------------------------------------------------------------------------------------------


@measure(
    paper.WIDTH,
    cases(classes=[2, 3, 5], width=[16, 32], n=60).guaranteeing("same_data"),
    budget="full",
    name="bulk_of_wide_networks",
)
@measure(paper.WIDTH, cases(classes=[2, 3, 5], width=8, n=60).guaranteeing("same_data"))
def share_near_zero(classes: int, width: int, n: int, backend: str, fewer: int = 1) -> Any:
    r"""The share of $|\lambda| < 10^{-2}\lambda_1$ after training on digits, beside that at half the width."""
    narrow, wide = (methods.spectra(classes, m, k, backend)[-1] for m, k in ((width // 2, n // fewer), (width, n)))
    (least, most), (a, b) = wide.near_zero(), narrow.near_zero()
    size, other = len(wide.H[0]), len(narrow.H[0])
    slack = Fraction(b - a, 2 * other)
    low, high = Fraction(least, size) - slack, Fraction(most, size) + slack
    return (low if low == high else Enclosed(low, high, "rounding")), {"share": Fraction(a + b, 2 * other)}


without(paper.WIDTH, "same_data", share_near_zero, cases(classes=2, width=8, n=240, fewer=40))

# --- batches ----------------------------------------------------------------------------------------------------------

MORE = cases(start=[2, 3, 4, 5], width=[4, 8]).guaranteeing("same_run")


@measure(paper.BATCHES, MORE, budget="full", name="largest_outlier_from_more_starts")
@measure(paper.BATCHES, cases(start=[0, 1], width=4).guaranteeing("same_run"))
def largest_outlier_after_large_batches(start: int, width: int, backend: str, eta: float = methods.ETA) -> Any:
    r"""$\lambda_1(H)$ after 600 steps on digits of ten classes with batches of 512, beside that with batches of 10."""
    small = methods.batched(start, width, 10, methods.ETA, backend)
    large = methods.batched(start, width, 512, eta, backend)
    (theirs, e), (mine, error) = small.H, large.H
    return around(float(mine[0]), error + e), {"top": float(theirs[0])}


#: Large batches with a twenty-fifth of the step.
without(paper.BATCHES, "same_run", largest_outlier_after_large_batches, cases(start=0, width=4, eta=0.02))

# --- Lanczos ----------------------------------------------------------------------------------------------------------


@measure(
    paper.LANCZOS,
    cases(classes=[3, 5], width=16, k=[5, 20]).guaranteeing("loss_convex_in_output", "orthonormal"),
)
def eigenvalue_beyond_lanczos(classes: int, width: int, k: int, backend: str) -> Any:
    r"""$\lambda_{k+1}(G)$ after training on digits from the dense matrix, beside $k$ vectors of scipy's Lanczos by products."""
    at = methods.spectra(classes, width, backend=backend)[-1]
    net = methods.network(at.problem, at.state)
    found = top(net.products()[0], net.P, k)
    trace, values = net.trace(), found.values
    error = at.G[1] + trace * (2 * found.skew + (ROUNDINGS + net.P) * EPS) + found.residuals.sum()
    return around(float(at.G[0][k]), error), {"trace": trace, "theta": float(values.sum())}


def _through(on: Backend, product: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """A product on another array library, as scipy calls it."""
    return lambda v: to_numpy(product(on.asarray(v)))


@measure(paper.LANCZOS, cases(width=512, k=50).guaranteeing("loss_convex_in_output", "orthonormal"), budget="gpu")
def eigenvalue_beyond_lanczos_on_all_digits(
    width: int, k: int, rng: np.random.Generator, backend: str, steps: int = 400
) -> Iterator[Any]:
    r"""$\lambda_{k+1}(G)$ along training on all digits between a Ritz value and what a larger subspace leaves of the trace."""
    name = "torch" if backend == "numpy" else backend
    on, problem = array_library(name), methods.all_digits()
    for state in methods.train(
        problem, problem.start(width, rng), methods.ETA, steps, at=(0, steps // 4, steps), backend=name
    ):
        net = on.move(methods.network(problem, state))
        trace = net.trace()
        found = top(_through(on, net.products()[0]), net.P, k + 30, trace=trace)
        rounding = trace * (2 * found.skew + (ROUNDINGS + net.P) * EPS) + float(found.residuals.sum())
        low, high = float(found.values[k]), max(float(found.values[k]), found.missed)
        yield (
            Enclosed(low - rounding, high + rounding, "solver gap"),
            {"trace": trace, "theta": float(found.values[:k].sum())},
        )


# --- between solutions ------------------------------------------------------------------------------------------------

INSIDE = np.arange(1, 20) / 20


def highest(problem: methods.Classes, a: methods.NetState, b: methods.NetState) -> Any:
    """The greatest loss at 19 points between two states, less the greater loss at the ends."""
    x, y = methods.flat(a), methods.flat(b)
    ends, middle = (
        methods.loss(problem, np.stack([x, y])),
        methods.loss(problem, (1 - INSIDE)[:, None] * x + INSIDE[:, None] * y),
    )
    return around(
        float(middle.max() - ends.max()), 2 * (ROUNDINGS + len(problem.X)) * EPS * float(max(middle.max(), 1))
    )


@measure(paper.SEGMENT, cases(classes=[2, 3, 5], width=16).guaranteeing("continued"))
def barrier_after_smaller_batches(classes: int, width: int, backend: str, seed: int) -> Any:
    """300 steps of full batches on digits, then 300 of batches of 5: the loss at 19 points between the two ends."""
    problem = methods.digits(classes)
    x0 = problem.start(width, np.random.default_rng([classes, width]))
    large = methods.train(problem, x0, methods.ETA, 300, backend=backend)[-1]
    small = methods.train(problem, methods.flat(large)[None, None], 0.1, 300, batch=5, seed=seed, backend=backend)[-1]
    return highest(problem, large, small)


def barrier_between_two_starts(classes: int, width: int, backend: str) -> Any:
    """Two networks trained from independent starts."""
    problem = methods.digits(classes)
    starts = (problem.start(width, np.random.default_rng([classes, width, k])) for k in range(2))
    return highest(problem, *(methods.train(problem, x0, methods.ETA, 300, backend=backend)[-1] for x0 in starts))


without(paper.SEGMENT, "continued", barrier_between_two_starts, cases(classes=[2, 3, 5], width=16))

# --- random matrices --------------------------------------------------------------------------------------------------

LAW = "gaussian_rows"


@measure(paper.MP_BULK, cases(size=[{"n": 100, "d": 25}, {"n": 60, "d": 90}], s=0.0, samples=200).guaranteeing(LAW))
def spread_of_singular_values(n: int, d: int, s: float, samples: int, rng: np.random.Generator) -> Any:
    r"""$\sigma_{\max} - \sigma_{\min}$ of $Z/\sqrt n$ over independent Gaussian matrices."""
    sigma, _ = singular_values(rng, n, d, s, samples)
    return Sample(sigma[:, 0] - sigma[:, -1]), {"gamma": Fraction(d, n)}


without(paper.MP_BULK, LAW, spread_of_singular_values, cases(n=100, d=25, s=6.0, samples=60))

SPIKES = cases(n=200, d=50, s=[Fraction(1, 4), Fraction(1), Fraction(3)], samples=100).guaranteeing(LAW)
WEAK = cases(n=400, d=100, s=[Fraction(1, 10), Fraction(2, 5)], samples=100).guaranteeing(LAW)


@measure(paper.NO_OUTLIER, WEAK)
@measure(paper.BBP_UPPER, SPIKES)
def root_of_the_top_eigenvalue(n: int, d: int, s: Fraction, samples: int, rng: np.random.Generator) -> Any:
    r"""$\sqrt{\lambda_1}$ over independent Gaussian matrices with one spike, less the norm of the spiked column, plus its mean."""
    sigma, first = singular_values(rng, n, d, float(s), samples)
    mean = float(np.sqrt((1 + float(s)) / n)) * chi_mean(n)
    return Sample(sigma[:, 0] - first + mean, at_least=mean, bias=1e-12)


above = cases(n=400, d=100, s=[Fraction(1), Fraction(3)], samples=160).guaranteeing(LAW)
without(paper.NO_OUTLIER, "below_threshold", root_of_the_top_eigenvalue, above)


def root_with_heavy_rows(n: int, d: int, s: Fraction, samples: int, rng: np.random.Generator) -> Any:
    r"""$\sqrt{\lambda_1}$ for rows that are 0 or four times as long, with a chance of 1/16, which keeps their covariance."""
    found = []
    for _ in range(samples):
        Z = rng.standard_normal((n, d)) * (4 * (rng.random((n, 1)) < 1 / 16))
        Z[:, 0] *= np.sqrt(1 + float(s))
        found.append(np.linalg.norm(Z, 2) / np.sqrt(n))
    return Sample(found)


without(
    (paper.BBP_UPPER, paper.NO_OUTLIER), LAW, root_with_heavy_rows, cases(n=200, d=50, s=Fraction(1, 4), samples=60)
)
SEEN = cases(size=[{"n": 100, "d": 25}, {"n": 60, "d": 60}], s=[Fraction(3), Fraction(5)], samples=60).guaranteeing(LAW)


@measure(paper.OUTLIER, SEEN)
def top_eigenvalue_beyond_the_edge(n: int, d: int, s: Fraction, samples: int, rng: np.random.Generator) -> Any:
    """How often the top eigenvalue of a Gaussian matrix with one spike is beyond the edge of the bulk."""
    sigma, _ = singular_values(rng, n, d, float(s), samples)
    return Sample((sigma[:, 0] > 1 + np.sqrt(d / n)).astype(float), at_most=1.0)


hidden = cases(n=100, d=25, s=Fraction(1, 20), samples=200).guaranteeing(LAW)
without(paper.OUTLIER, "seen", top_eigenvalue_beyond_the_edge, hidden)
