"""What is measured in exact arithmetic: second moments by enumeration of all batches, thresholds, traces of networks."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import certifier
from gradproof.experiments.engine.measure import Bracket, Enclosed, Holds, Provable, cases, measure, rounded
from gradproof.experiments.landscape.sgd_stability import instances as data
from gradproof.experiments.landscape.sgd_stability.instances import Minimum, Network
from gradproof.solvers import moments
from gradproof.solvers.exact.rounding import rows_of, whole_number
from gradproof.solvers.moments.certificates import certify
from gradproof.solvers.moments.enumeration import Table, average, rational, semidefinite, table, trace
from gradproof.theory.errors import ParameterError
from gradproof.theory.evidence import Level
from gradproof.theory.landscape import sgd_stability as paper
from gradproof.theory.proof import Proof


def sampled(*minima: Minimum) -> list[Minimum]:
    """Each with single samples, and with batches of two."""
    return [m.sampled(B, replacement) for m in minima for B, replacement in ((1, False), (2, False), (2, True))]


# --- the operator ----------------------------------------------------------------------------------------------------


def start(minimum: Minimum) -> Table:
    """``delta delta'`` of a vector that no coordinate of the minimum is orthogonal to."""
    delta = table([[Fraction((-1) ** k * (k + 2), 3) for k in range(minimum.dimension)]])
    return delta.transpose() * delta


def of_one_step(minimum: Minimum, X: Table) -> dict[str, Fraction]:
    """What the claim on the operator depends on, for a second moment X."""
    H = minimum.mean
    xi2 = trace(average([h * X * h for h in minimum.H]))
    return {"p": minimum.p, "x0": trace(X), "x1": trace(H * X), "x2": trace(H * X * H), "xi2": xi2}


ONE_STEP = cases(minimum=sampled(data.R4, data.F3, data.INTEGERS), eta=[Fraction(1, 7), Fraction(5, 4)])


@measure(paper.SECOND_MOMENT_OPERATOR, ONE_STEP + cases(minimum=data.R4.sampled(3), eta=Fraction(1, 7)))
def moment_over_every_batch(minimum: Minimum, eta: Fraction) -> Any:
    r"""$\mathbb E\|\delta_1\|^2$ by enumeration of the batches, in rational arithmetic."""
    X = start(minimum)
    return trace(minimum.after(X, eta)), of_one_step(minimum, X)


@measure(paper.MIXTURE, ONE_STEP)
def moment_of_the_mixture(minimum: Minimum, eta: Fraction) -> Any:
    r"""$\mathbb E\|\delta_1\|^2$ of the full gradient with probability $1 - p$, else of one sample of a batch."""
    X, p = start(minimum), minimum.p
    full = minimum.after(X, eta, [tuple(range(len(minimum.H)))])
    single = minimum.after(X, eta, [(i,) for b in minimum.batches for i in b])
    return (1 - p) * trace(full) + p * trace(single), of_one_step(minimum, X)


# --- the threshold -----------------------------------------------------------------------------------------------------

ORTHOGONAL = [data.orthogonal(3, 2, 1), data.orthogonal(5, 3, 2), data.orthogonal(4, 1, 4)]
PROVED = [*sampled(data.R4, data.SINES, data.F3), data.NON_UNIFORM, data.SIGNS, *ORTHOGONAL]
CERTIFIED = cases(minimum=PROVED, side=["stable", "unstable"])


@measure(paper.EXACT_THRESHOLD, CERTIFIED.guaranteeing("mean_square"), level=Level.CERTIFIED)
def certificates_on_both_sides(minimum: Minimum, side: str) -> Any:
    r"""The claimed $\eta^*$ times $1 - 10^{-9}$ is proved stable, times $1 + 10^{-9}$ unstable."""

    def prove(bound: Any) -> Proof:
        eta = Fraction(str(bound)) * (1 + Fraction(-1 if side == "stable" else 1, 10**9))
        found = certify(minimum.curvatures, eta, **minimum.sampling)
        if found.side != side:
            raise ParameterError(f"eta = {float(eta):.12g} is proved {found.side}, not {side}")
        return found.proof()

    return Provable(prove), {"lam": 2 / minimum.threshold[0]}


@certifier(paper.EXACT_THRESHOLD)
def certificate(
    *, rows: Any, d: Any, eta: Any, batch_size: Any = 1, replacement: Any = 0
) -> tuple[Proof, dict[str, str]]:
    """Proof that ``eta`` is stable, or that it is unstable, at the minimum with these Jacobian rows.

    Args:
        rows: n * d rational entries, row after row. d: parameters. batch_size, replacement (0 or 1): the sampling.
    """
    B = whole_number(batch_size, "batch_size", least=1)
    found = certify(rows_of(rows, d), eta, batch_size=B, replacement=bool(replacement))
    return found.proof(), {"side": found.side}


@measure(paper.EXACT_THRESHOLD, cases(minimum=sampled(data.R4, data.F3, data.TWO)).guaranteeing("mean_square"))
def largest_step_of_decay(minimum: Minimum) -> Any:
    r"""The step below which $\mathbb E\|\delta_t\|^2 \to 0$, by bisection; each decision is exact, over every batch."""
    quiet = "interpolating" in minimum.guarantees
    low, high = Fraction(0), Fraction(4)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if quiet and minimum.contracts(middle) else (low, middle)
    smaller = minimum.sampled(max(minimum.batch_size - 1, 1), minimum.replacement)
    return Bracket(low, high), {"lam": 2 / minimum.threshold[0], "eta_smaller": smaller.threshold[1]}


@measure(paper.LOSS_STABILITY, cases(minimum=sampled(data.R4, data.F3, data.TWO)))
def largest_step_of_summable_loss(minimum: Minimum) -> Any:
    r"""The step below which $\sum_t\mathbb E L(\theta_t) < \infty$ from every start, by bisection; each decision is exact.

    If ``M - T(M) = H`` has a positive semidefinite solution, the losses from ``X`` sum to at most ``<M, X>/2``; if its solution
    has a direction v with ``v'Mv < 0``, those from ``vv'`` cannot sum to that.
    """
    low, high = Fraction(0), Fraction(4)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _loss_is_summable(minimum, middle) else (low, middle)
    return Bracket(low, high), {"lam": 2 / minimum.threshold[0]}


def _loss_is_summable(minimum: Minimum, eta: Fraction) -> bool:
    if "interpolating" not in minimum.guarantees:
        return False  # each step adds noise
    try:
        M = minimum.solved(lambda X: X - minimum.after(X, eta), minimum.mean)
    except ZeroDivisionError:  # the threshold itself
        return False
    return semidefinite(M)


LARGER = cases(minimum=[data.SINES, data.R4, data.F3, data.EQUAL], replacement=[False, True])


@measure(paper.BATCH_MONOTONE, LARGER.guaranteeing("mean_square"))
def thresholds_of_larger_batches(minimum: Minimum, replacement: bool) -> Iterator[Any]:
    r"""$\eta^*(B)$ at every batch size; of equal rows, where the batch size does not matter, a rational number."""
    every = [minimum.sampled(B, replacement) for B in range(1, len(minimum.H) + 1)]
    yield from ((larger.largest_step, {"eta_smaller": smaller.threshold[1]}) for smaller, larger in pairwise(every))


@measure(paper.DUAL_THRESHOLD, cases(minimum=[data.R4, data.INTEGERS, data.NON_UNIFORM]).guaranteeing("mean_square"))
def twice_the_inverse_threshold(minimum: Minimum) -> Any:
    r"""$2/\eta^*$, an algebraic number, and $K$ from its Lyapunov equations, in rational arithmetic."""
    rows = Table([h.entries() for h in minimum.H]).transpose()
    K = rows.transpose() * minimum.operator(minimum.drift).solve(rows) / len(minimum.H)
    low, high = moments.largest_eigenvalue(K)
    eta = minimum.threshold
    return Enclosed(2 / eta[1] - (high - low), 2 / eta[0] + high - low, "rounding"), {"p": minimum.p, "lam_K": low}


# --- bounds ----------------------------------------------------------------------------------------------------------------

BOUNDED = sampled(data.R4, data.SINES, data.INTEGERS, data.HEAVY, data.F3)


def quotients(minimum: Minimum) -> dict[str, Fraction]:
    """Sizes of the Hessians, and $R_1$ at the best direction found, rounded down."""
    found = moments.bounds(minimum.floats, **minimum.sampling).rank_one
    return {**minimum.sizes, "R1": Fraction(2 / found * (1 - 2.0**-40))}


@measure(paper.NECESSARY, cases(minimum=[*BOUNDED, data.TWO, data.DIAGONAL, data.SIGNS]).guaranteeing("mean_square"))
def threshold_beside_its_quotients(minimum: Minimum) -> Any:
    r"""$\eta^*$ of minima that attain neither bound, the quotient of rank one alone, or that of the trace alone."""
    return minimum.largest_step, quotients(minimum)


EVEN = [data.multiples(3, 2), data.multiples(Fraction(1, 2), 2)]


@measure(paper.SUFFICIENT, cases(minimum=[*BOUNDED, data.NON_UNIFORM, *EVEN]).guaranteeing("mean_square"))
def threshold_beside_descent(minimum: Minimum) -> Any:
    r"""$\eta^*$ where $T(I) \le I$ and descent of each sample are far from necessary, and where they are."""
    h_max = max(moments.largest_eigenvalue(h)[0] for h in minimum.H)
    return minimum.largest_step, {"lam_I": identity(minimum)[0], "h_max": h_max}


def identity(minimum: Minimum) -> tuple[Fraction, Fraction]:
    """Ends of the largest eigenvalue of ``H^{-1/2} D(I) H^{-1/2}``."""
    return moments.largest_eigenvalue(minimum.mean.solve(minimum.noise(minimum.one)))


@measure(paper.TRACE, cases(minimum=BOUNDED[:-3] + ORTHOGONAL).guaranteeing("mean_square"))
def trace_at_the_threshold(minimum: Minimum, factor: Fraction = Fraction(1)) -> Any:
    r"""$p\,\mathrm{Tr}H + (1-p)\|H\|_F^2/\mathrm{Tr}H$ at $\eta^*$; orthogonal designs attain the bound."""
    z, low = minimum.sizes, minimum.threshold[0]
    return z["p"] * z["tr"] + (1 - z["p"]) * z["h2"] / z["tr"], {"eta": factor * low, "lam": 2 / low}


@measure(paper.NON_UNIFORMITY, cases(minimum=data.NON_UNIFORM, eta=Fraction(11, 50)).guaranteeing("mean_square"))
def non_uniformity(minimum: Minimum, eta: Fraction | None) -> Any:
    r"""The root $s$ of the largest eigenvalue of $\overline{H_i^2} - H^2$, at a stable step, or where $T(I) \le I$ ends."""
    excess = average([h * h for h in minimum.H]) - minimum.mean * minimum.mean
    s = rounded(math.sqrt(moments.largest_eigenvalue(excess)[0]), 4)
    return s, {"eta": eta or 2 / identity(minimum)[1], "p": minimum.p, "lam": 2 / minimum.threshold[0]}


# --- fresh features --------------------------------------------------------------------------------------------------------


def features(values: tuple[int, ...], *scales: int) -> tuple[Any, list[Fraction]]:
    """All rows of independent coordinates, each equally likely one of the values times its scale; and their variances."""
    second = Fraction(sum(v * v for v in values), len(values))
    return list(product(*[[k * v for v in values] for k in scales])), [k * k * second for k in scales]


#: A sixth each of 1 and -1, else 0: the moments up to the fourth of N(0, 1/3).
NORMAL = (1, -1, 0, 0, 0, 0)
FRESH = ("interpolating", "linearised", "mean_square")
DESIGNS = {"lam = 1/3": features(NORMAL, 1), "1/3, 4/3": features(NORMAL, 1, 2), "3, 3, 3": features(NORMAL, 3, 3, 3)}
BESIDE = cases(rows=DESIGNS, B=[1, 2, 5], off=[Fraction(-1, 10**6), Fraction(1, 10**6)])


@measure(paper.GAUSSIAN, BESIDE.guaranteeing(*FRESH, "gaussian_features", "below_pole"))
def stability_beside_the_root(rows: Any, B: int, off: Fraction) -> Any:
    r"""Whether $\eta = (1 \pm 10^{-6})\eta^*$ is unstable, by certificates for a discrete law with the Gaussian fourth moments."""
    J, variances = rows
    found = moments.stability_threshold(np.array(J, float), batch_size=B, replacement=True)
    eta = Fraction(found.value).limit_denominator(10**9) * (1 + off)
    side = certify(J, eta, batch_size=B, replacement=True).side
    return Holds(side == "unstable", at=1 / eta), {"eta": eta, "lam_j": variances}


# --- at and around the minimum -------------------------------------------------------------------------------------------

NOISY = cases(minimum=sampled(data.F3_NOISY, data.R4_NOISY), eta=[Fraction(1, 10), Fraction(3, 10)])


@measure(paper.STATIONARY_COVARIANCE, NOISY)
def settled_moment(minimum: Minimum, eta: Fraction) -> Any:
    r"""$\lim\mathbb E\|\delta_t\|^2$ from 0: the fixed point over every batch; above the threshold no less than after one step."""
    limit, least, y = settled(minimum, eta)
    value = trace(limit) if minimum.contracts(eta) else Enclosed(trace(least), math.inf, "truncation")
    return value, {"p": minimum.p, "y": trace(y), "lam": 2 / minimum.threshold[0]}


@measure(paper.STATIONARY_LOSS, NOISY)
def settled_loss(minimum: Minimum, eta: Fraction) -> Any:
    r"""$\lim\mathbb E\delta_t^\top H\delta_t/2$ from 0, likewise."""
    limit, least, y = settled(minimum, eta)
    H = minimum.mean
    value = trace(H * limit) / 2 if minimum.contracts(eta) else Enclosed(trace(H * least) / 2, math.inf, "truncation")
    return value, {"p": minimum.p, "y_H": trace(H * y), "lam": 2 / minimum.threshold[0]}


def settled(minimum: Minimum, eta: Fraction) -> tuple[Table, Table, Table]:
    """The fixed point of the second moment over every batch, what one step from 0 gives, and the claim's ``(2C - eta D)^+``."""
    g = [table([row]) for row in minimum.gradients]
    of_batch = [average([g[i] for i in b]) for b in minimum.batches]
    kick = average([x.transpose() * x for x in of_batch]) * rational(eta) ** 2  # mean delta = 0: cross terms vanish
    limit = minimum.solved(lambda X: X - minimum.after(X, eta), kick)
    second = average([x.transpose() * x for x in g])
    y = minimum.solved(lambda X: minimum.drift(X) * 2 - minimum.noise(X) * rational(eta), second)
    return limit, kick, y


def alignment(minimum: Minimum) -> Fraction:
    """The best factor of the solver, rounded down, and shown to be one: ``N - mu0 ||H||_F^2 H`` is positive semidefinite."""
    mu0, H = Fraction(moments.alignment(minimum.floats) * (1 - 1e-10)), minimum.mean
    N = average([h * H * h for h in minimum.H]) - H * H * H
    if mu0 <= 0 or not semidefinite(N - H * rational(mu0 * minimum.sizes["h2"])):
        raise ParameterError(f"{minimum.name} has no alignment factor near {float(mu0):.6g}")
    return mu0


ALIGNED = cases(minimum=sampled(data.R4, data.INTEGERS, data.TWO), eta=[Fraction(1, 5), Fraction(2, 5), Fraction(1)])
ATTAINED = cases(minimum=data.FLAT, eta=Fraction(8, 5))


@measure(paper.LOSS_FROBENIUS, (ALIGNED + ATTAINED).guaranteeing("alignment"))
def loss_over_every_batch(minimum: Minimum, eta: Fraction, mu0: Fraction | None = None) -> Any:
    r"""$\mathbb E L(\theta_1)$ at the best alignment, over every batch; in one dimension $\eta = 1/H$ attains the bound."""
    X, H = start(minimum), minimum.mean
    of_minimum = {"mu0": mu0 or alignment(minimum), "loss": trace(H * X) / 2, **minimum.sizes}
    return trace(H * minimum.after(X, eta)) / 2, of_minimum


# --- networks --------------------------------------------------------------------------------------------------------------

RELUS = [data.symmetric_relu(m, d, seed=10 * m) for m, d in ((1, 2), (3, 2), (4, 5))]


@measure(paper.RELU_PATHNORM, cases(network=RELUS))
def trace_of_a_relu_network(network: Network) -> Any:
    r"""$\mathrm{Tr}H = \overline{\|\nabla f\|^2}$ of integer networks on integer inputs, neuron by neuron."""
    X, W, a = (np.array(v, dtype=object) for v in (network.X, network.W, network.a))
    Z, x2 = X @ W.T, (X * X).sum(axis=1)
    # derivatives in a_j and in w_j, where the neuron is active
    squares = ((Z > 0) * (Z * Z + a * a * x2[:, None])).sum()
    second = {"wSw": Fraction((Z * Z).sum(), len(X)), "a2": (a * a).sum(), "trS": Fraction(x2.sum(), len(X))}
    return Fraction(squares, len(X)), second


HADAMARD = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
HALF = [Fraction(1, 2), 0, 0, 0]
WEIGHTS = ([2, -3, 1, 5], [-2, 3, -1, -5]), (HALF, HALF), ([1, 4, 0, -2], [3, 4, 2, 2]), ([5, 1, -1, 0], [0, 2, 3, 1])


@measure(paper.DIAGONAL_L1, cases(network=[Network(b, a, HADAMARD) for a, b in WEIGHTS]))
def norm_of_a_diagonal_network(network: Network) -> Any:
    r"""$2\|\beta\|_1$ of rational weights, and the trace $\overline{\|\nabla f\|^2}$; the first two attain the bound."""
    X, a, b = (np.array(v, dtype=object) for v in (network.X, network.a, network.W))
    squares = ((X * a) ** 2 + (X * b) ** 2).sum()  # derivatives in b_j and in a_j
    return Fraction(2 * abs(a * b).sum()), {"tr": Fraction(squares) / len(X)}


def hessian_trace(network: Network, f: Callable[[Any, Any, Any], Any]) -> Fraction:
    """The trace of the Hessian of the square loss of ``sum_j f(u_j, v_j, x_j)``, with labels that it does not fit."""
    u, v = (sp.symbols(f"{name}:{len(network.a)}") for name in "uv")
    errors = [sum(map(f, u, v, row)) - k for k, row in enumerate(network.X)]
    loss = sum(e**2 for e in errors) / (2 * len(errors))
    at = dict(zip((*u, *v), map(sp.Rational, (*network.W, *network.a)), strict=True))
    return Fraction(str(sum(sp.diff(loss, w, 2).subs(at) for w in at)))


APART = ([3, 0, 2, 0], [0, 1, 0, 5]), (HALF, [0, 1, 0, 0]), ([1, 4, 0, -2], [3, 4, 2, 2]), ([5, 1, -1, 0], [0, 2, 3, 1])


@measure(paper.DIFFERENCE_L1, cases(network=[Network(u, v, HADAMARD) for u, v in APART]))
def norm_of_a_difference_of_squares(network: Network) -> Any:
    r"""$4\|\beta\|_1$ of rational weights, and the trace of the loss's Hessian; the first two attain the bound."""
    size = sum(abs(u * u - v * v) for u, v in zip(network.W, network.a, strict=True))
    return Fraction(4 * size), {"tr": hessian_trace(network, lambda u, v, x: (u**2 - v**2) * x)}


INPUTS = [[[1, 2], [3, -1], [0, 1]], [[2, 0], [1, 1], [-1, 4], [5, 2], [0, 0]]]
ON_SAMPLES = cases(network=[Network(b, a, X) for X in INPUTS for b, a in (([2, -3], [1, 5]), ([1, 0], [0, 4]))])


def weighted_norm(network: Network) -> dict[str, list[Any]]:
    """The claim's lists: mean squares of the inputs, and squares of the weights."""
    sizes = [Fraction(sum(row[j] ** 2 for row in network.X), len(network.X)) for j in range(len(network.a))]
    return {"S_jj": sizes, "ab2": [a * a + b * b for a, b in zip(network.a, network.W, strict=True)]}


@measure(paper.SAMPLE_TRACE, ON_SAMPLES)
def trace_on_a_sample(network: Network) -> Any:
    """The trace of the loss's Hessian, on inputs of unequal sizes."""
    return hessian_trace(network, lambda a, b, x: a * b * x), weighted_norm(network)


def trace_of_a_difference_of_squares(network: Network) -> Any:
    """Likewise of $u^2 - v^2$: four times as large."""
    return hessian_trace(network, lambda u, v, x: (u**2 - v**2) * x), weighted_norm(network)
