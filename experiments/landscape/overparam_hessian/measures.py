"""What is measured in rationals: ranks, inertias, eigenvalues between rational ends, curvature from losses alone."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.measure import Enclosed, Supremum, cases, measure
from gradproof.experiments.landscape.overparam_hessian import instances as data
from gradproof.experiments.landscape.overparam_hessian.instances import Net, Rows
from gradproof.solvers import spiked_covariance
from gradproof.solvers.exact.balls import sqrt_between
from gradproof.solvers.exact.inertia import eigenvalues, inertia
from gradproof.solvers.exact.linear import from_flint
from gradproof.solvers.two_layer_hessian import Split, quadratic_form, split
from gradproof.theory.evidence import Level
from gradproof.theory.landscape import overparam_hessian as paper
from gradproof.theory.symbolic import Identity

Ends = tuple[Fraction, Fraction]
SPECTRAL = ("operator_norm",)


def between(ends: Ends, *inputs: Ends) -> tuple[Any, list[Fraction]]:
    """A number between rational ends, and inputs of its bound at their middles; half their widths are added to its error.

    Each input enters the bound with a factor of at most 1.
    """
    slack = sum((high - low for low, high in inputs), Fraction(0)) / 2
    low, high = ends[0] - slack, ends[1] + slack
    return low if low == high else Enclosed(low, high, "rounding"), [(a + b) / 2 for a, b in inputs]


def norm(M: flint.fmpq_mat) -> Ends:
    """Ends around the operator norm of a symmetric matrix."""
    spectrum = eigenvalues(M)
    top, bottom = spectrum[0], (-spectrum[-1][1], -spectrum[-1][0])
    return max(top[0], bottom[0], Fraction(0)), max(top[1], bottom[1], Fraction(0))


def largest_entry(M: flint.fmpq_mat) -> Ends:
    """Another norm, which is smaller."""
    found = max(abs(c) for row in from_flint(M) for c in row)
    return found, found


def frobenius(M: flint.fmpq_mat) -> Ends:
    """Another norm, which is larger."""
    return sqrt_between(sum((c * c for row in from_flint(M) for c in row), Fraction(0)), width=Fraction(1, 2**100))


# --- the split --------------------------------------------------------------------------------------------------------


def direction(net: Net, number: int) -> list[Fraction]:
    """Small rationals, another list for each number."""
    return [Fraction((k * k + number * k + 1) % 7 - 3, 2) for k in range(net.P)]


@measure(paper.DECOMPOSITION, cases(net=data.NETS, number=[1, 2]))
def second_difference(net: Net, number: int) -> Any:
    """The second derivative of the loss along a line by five losses, which is exact for its polynomial of degree 4."""
    v = direction(net, number)
    h = next((h for k in range(9) if net.stays(v, h := data.STEP / 8**k)), data.STEP)
    return net.along(v, h)[1], {"Gv": quadratic_form(net.G, v), "Rv": quadratic_form(net.R, v)}


def jet(W: Any, V: Any, X: Any, labels: Any, dW: Any, dV: Any) -> flint.arb:
    """The second derivative of softmax cross-entropy of a tanh network along (dW, dV), by power series of balls."""
    line = lambda a, b: flint.arb_series([flint.arb(float(a)), flint.arb(float(b))])  # noqa: E731
    total = flint.arb_series([0])
    for x, label in zip(X, labels, strict=True):
        units = []
        for w, dw in zip(W, dW, strict=True):
            grown = (
                2 * sum((line(a, b) * float(c) for a, b, c in zip(w, dw, x, strict=True)), flint.arb_series([0]))
            ).exp()
            units.append((grown - 1) / (grown + 1))
        rows = [[line(a, b) for a, b in zip(v, dv, strict=True)] for v, dv in zip(V, dV, strict=True)]
        f = [sum((a * h for a, h in zip(row, units, strict=True)), flint.arb_series([0])) for row in rows]
        total += sum((o.exp() for o in f), flint.arb_series([0])).log() - f[int(label)]
    return 2 * total[2] / len(X)


@measure(
    paper.DECOMPOSITION,
    cases(shape=[(3, 2, 3, 2), (4, 3, 4, 3)], number=[0, 1, 2]).guaranteeing("twice_differentiable"),
)
def second_derivative_in_balls(shape: tuple[int, ...], number: int) -> Any:
    """The second derivative of cross-entropy of a tanh network along a line, by power series in ball arithmetic."""
    n, d, m, K = shape
    rng = np.random.default_rng(number)
    W, V, X, labels = (
        rng.standard_normal((m, d)),
        rng.standard_normal((K, m)),
        rng.standard_normal((n, d)),
        rng.integers(K, size=n),
    )
    dW, dV = rng.standard_normal((m, d)), rng.standard_normal((K, m))
    return beside_the_split(split(W, V, X, labels, loss="softmax"), W, V, X, labels, dW, dV)


def beside_the_split(at: Split, W: Any, V: Any, X: Any, labels: Any, dW: Any, dV: Any) -> Any:
    """The second derivative of cross-entropy along (dW, dV) in balls, and what the parts of the Hessian in floats say of it."""
    v = np.concatenate([dW.ravel(), dV.ravel()])
    terms, flint.ctx.cap = flint.ctx.cap, 3
    try:
        with flint.ctx.workprec(128):
            found = jet(W, V, X, labels, dW, dV)
    finally:
        flint.ctx.cap = terms
    error = (2 * at.error + 4 * len(v) * 2.0**-52 * (np.linalg.norm(at.G) + np.linalg.norm(at.R))) * float(v @ v)
    low, high = float(found.lower()) - error, float(found.upper()) + error
    return Enclosed(low, high, "rounding"), {"Gv": float(v @ at.G @ v), "Rv": float(v @ at.R @ v)}


def sizes(net: Net, lost: int | None = None) -> dict[str, int]:
    """P, n, K and c, as the claims on ranks have them."""
    return {"P": net.P, "n": net.n, "K": net.K, "c": int(net.softmax) if lost is None else lost}


LOW_RANK = cases(net=[*data.NETS, *data.SOFTMAX, *data.BENT]).guaranteeing("sum_of_rows")


@measure(paper.RANK, LOW_RANK)
def rank(net: Net, lost: int | None = None) -> Any:
    """The rank of $G$ by elimination in rationals; a softmax to the base 2 has rational probabilities."""
    return net.G.rank(), sizes(net, lost)


@measure(paper.ZEROS, LOW_RANK.where(lambda net: net.n * (net.K - net.softmax) < net.P))
def nullity(net: Net, lost: int | None = None) -> Any:
    """The number of zero eigenvalues of $G$, by elimination in rationals."""
    return net.P - net.G.rank(), sizes(net, lost)


@measure(paper.INTERPOLATION, cases(net=data.FITTED, x=[Fraction(1, 3), Fraction(-2), Fraction(7, 2), Fraction(40)]))
def characteristic_polynomial(net: Net, x: Fraction) -> Any:
    r"""$\det(xI - H)$ of an interpolating ReLU network in rationals."""
    at = flint.fmpq(x.numerator, x.denominator)
    value, kernel = net.hessian.charpoly()(at), net.kernel.charpoly()(at)
    return value, {"P": net.P, "n": net.n, "K": net.K, "kernel": Fraction(int(kernel.p), int(kernel.q))}


# --- how far the residual part moves the spectrum ---------------------------------------------------------------------

SMOOTH = [*data.NETS, data.ORIGIN, data.PYTHAGOREAN]
MOVED = cases(net=SMOOTH).guaranteeing(*SPECTRAL)


def moves(net: Net, up: bool, size: Any = norm, shift: int = 0) -> Iterator[Any]:
    """How far each eigenvalue of G moves in H, up or down."""
    rho, theirs = size(net.R), eigenvalues(net.G)
    for mine, other in zip(eigenvalues(net.hessian), theirs[shift:], strict=False):
        high, low = (mine, other) if up else (other, mine)
        value, (at,) = between((high[0] - low[1], high[1] - low[0]), rho)
        yield value, {"rho": at}


@measure(paper.WEYL, MOVED)
def moves_up(net: Net, size: Any = norm, shift: int = 0) -> Iterator[Any]:
    r"""$\lambda_k(H) - \lambda_k(G)$ for every $k$, eigenvalues between rational ends by characteristic polynomials."""
    yield from moves(net, True, size, shift)


@measure(paper.WEYL_BELOW, MOVED)
def moves_down(net: Net, size: Any = norm) -> Iterator[Any]:
    r"""$\lambda_k(G) - \lambda_k(H)$ for every $k$, eigenvalues between rational ends by characteristic polynomials."""
    yield from moves(net, False, size)


@measure(paper.NEGATIVE, MOVED)
def depth_of_the_spectrum(net: Net, size: Any = norm) -> Any:
    r"""$-\lambda_{\min}(H)$ between rational ends."""
    low, high = eigenvalues(net.hessian)[-1]
    value, (rho,) = between((-high, -low), size(net.R))
    return value, {"rho": rho}


@measure(paper.OUTLIERS, MOVED.guaranteeing("sum_of_rows").where(lambda net: net.n * net.K < net.P))
def eigenvalue_beyond_the_rank(net: Net, lost: int = 0, size: Any = norm) -> Any:
    r"""$\lambda_{nK+1}(H)$ between rational ends."""
    value, (rho,) = between(eigenvalues(net.hessian)[net.n * (net.K - lost)], size(net.R))
    return value, {"rho": rho}


@measure(paper.RESIDUAL_NORM, cases(net=[*data.NETS, data.PYTHAGOREAN]).guaranteeing("operator_norm"))
def norm_of_the_residual_part(net: Net, size: Any = norm) -> Any:
    r"""$\|R\|_2$ between rational ends; of a ReLU net $\|\nabla^2f_{ik}\|$ is $\|x_i\|$ where a unit is active."""
    low = high = Fraction(0)
    for x, zs, r in zip(net.X, net.before, net.residuals, strict=True):
        share = sum((abs(e) for e in r), Fraction(0)) / net.n * any(z > 0 for z in zs)
        ends = sqrt_between(Fraction(sum(c * c for c in x)), width=Fraction(1, 2**100))
        low, high = low + share * ends[0], high + share * ends[1]
    value, (b,) = between(size(net.R), (low, high))
    return value, {"b": b}


@measure(paper.INERTIA_NEGATIVE, cases(net=[*SMOOTH, *data.RESTING, *data.BENT]))
def negative_eigenvalues(net: Net) -> Any:
    """$n_-(H)$ by Descartes' rule in rationals."""
    return inertia(net.hessian).negative, {"neg_R": inertia(net.R).negative}


@measure(paper.INERTIA_POSITIVE, cases(net=[*SMOOTH, *data.FITTED]))
def positive_eigenvalues(net: Net) -> Any:
    """$n_+(H)$ by Descartes' rule in rationals."""
    return inertia(net.hessian).positive, {"rank_G": net.G.rank(), "pos_R": inertia(net.R).positive}


@measure(paper.RESIDUAL_MEAN, cases(net=[data.SADDLE, data.FACTORIAL, data.ORIGIN], number=[0, 1, 2]))
def residual_part_along(net: Net, number: int) -> Any:
    r"""$u^\top Ru$ of networks with one output, in rationals."""
    u = direction(net, number)
    return quadratic_form(net.R, u), {"mean_r": net.mean_residual, "mean_h": quadratic_form(net.mean_curvature, u)}


@measure(paper.UNCORRELATED_ALONE, cases(net=data.SADDLE))
def size_of_the_residual_part(net: Net) -> Any:
    r"""$\|R\|_2$ of networks with one output."""
    return between(norm(net.R))[0]


# --- outliers and flat directions -------------------------------------------------------------------------------------

GROUPS = cases(rows=data.GROUPED).guaranteeing(*SPECTRAL)


@measure(paper.CLASS_OUTLIERS, GROUPS)
def eigenvalue_beyond_the_groups(rows: Rows, ignored: int = 0, size: Any = norm) -> Any:
    r"""$\lambda_{C+1}(G)$ between rational ends, for far clusters, for equal means and for rows of Jacobians."""
    spectrum = eigenvalues(rows.second_moment(rows.rows))
    value, (within,) = between(spectrum[rows.groups - ignored], size(rows.second_moment(rows.centred())))
    return value, {"within": within}


def unit(net: Net, j: int) -> tuple[list[int], list[int]]:
    """Coordinates of w_j and of a_j."""
    own = [j * net.d + a for a in range(net.d)]
    return own, [net.m * net.d + k * net.m + j for k in range(net.K)]


@measure(paper.SYMMETRY_GRADIENT, cases(net=data.NETS))
def slope_along_the_weights(net: Net) -> Iterator[Any]:
    r"""$\langle w_j, \nabla_{w_j}L\rangle$ of each unit from losses alone: the first difference of a polynomial is exact."""
    point = net.point
    for j in range(net.m):
        w, a = unit(net, j)
        v = [c if k in w else Fraction(0) for k, c in enumerate(point)]
        h = next((h for k in range(9) if net.stays(v, h := data.STEP / 8**k)), data.STEP)
        yield net.along(v, h)[0], {"ga": sum((point[k] * net.gradient[k] for k in a), Fraction(0))}


@check(paper.SYMMETRY_GRADIENT, level=Level.SYMBOLIC)
def one_active_unit(ctx: Context) -> Iterator[Evidence]:
    r"""On one sample an active unit gives $a(w^\top x)$ to an output, an inactive one nothing: both slopes are $l'$ times it."""
    a, z, slope, active = sp.symbols("a z slope active", real=True)  # active is 1 or 0, and the derivative of the unit
    to_z, to_a = (slope * sp.diff(a * active * z, v) for v in (z, a))
    yield Identity(z * to_z - ctx.stated(ga=a * to_a), "a term of both inner products")


def symmetry(net: Net, j: int) -> list[Fraction]:
    """xi_j, (P,)."""
    w, a = unit(net, j)
    return [c if k in w else -c if k in a else Fraction(0) for k, c in enumerate(net.point)]


@measure(paper.SYMMETRY_FLAT, cases(net=data.NETS))
def largest_image_of_a_flat_direction(net: Net) -> Any:
    r"""$\max\|Hu\|^2$ over unit $u$ in the span of the $\xi_j$: the largest root of a pencil in rationals."""
    xi = [symmetry(net, j) for j in range(net.m)]
    sizes = [sum((c * c for c in x), Fraction(0)) for x in xi]
    basis = flint.fmpq_mat([[flint.fmpq(c.numerator, c.denominator) for c in x] for x in xi])
    image = basis * net.hessian
    found = eigenvalues(image * image.transpose(), scales=sizes)[0]
    parts = [sum((net.gradient[k] ** 2 for part in unit(net, j) for k in part), Fraction(0)) for j in range(net.m)]
    return Supremum(between(found)[0]), {"t2": max(g / s for g, s in zip(parts, sizes, strict=True))}


@measure(paper.SYMMETRY_ZEROS, cases(net=data.RESTING))
def kernel_at_a_stationary_point(net: Net) -> Any:
    r"""$\dim\ker H$ in rationals at stationary points of ReLU networks with more samples than parameters."""
    alive = sum(
        any(c for k, c in enumerate(net.point) if k in (*w, *a)) for w, a in (unit(net, j) for j in range(net.m))
    )
    return inertia(net.hessian).zero, {"units": alive}


# --- what Lanczos has missed ------------------------------------------------------------------------------------------


def orthonormal(P: int, k: int) -> list[list[Fraction]]:
    """k columns of the reflection I - 2vv'/v'v, v = (1, 2, ..., P)."""
    v2 = sum(c * c for c in range(1, P + 1))
    return [[Fraction(int(a == b)) - Fraction(2 * (a + 1) * (b + 1), v2) for a in range(P)] for b in range(k)]


def repeated(P: int, k: int) -> list[list[Fraction]]:
    """The last coordinate vector again and again: Lanczos without reorthogonalisation finds such ghosts."""
    return [[Fraction(int(a == P - 1)) for a in range(P)]] * k


@measure(
    paper.LANCZOS,
    cases(net=[*data.NETS, data.PYTHAGOREAN], k=[0, 1, 3]).where(lambda net, k: k < net.P).guaranteeing("orthonormal"),
)
def eigenvalue_beyond_the_subspace(net: Net, k: int, vectors: Any = orthonormal) -> Any:
    r"""$\lambda_{k+1}(G)$ between rational ends, beside $k$ orthonormal rational vectors."""
    quotients = [quadratic_form(net.G, q) for q in vectors(net.P, k)]
    value, _ = between(eigenvalues(net.G)[k])
    trace = sum((from_flint(net.G)[a][a] for a in range(net.P)), Fraction(0))
    return value, {"trace": trace, "theta": sum(quotients, Fraction(0))}


# --- between solutions ------------------------------------------------------------------------------------------------

FEATURES, TARGETS = [[1, 2, 0], [0, 1, -1]], [3, 1]
#: a and b interpolate; c and d differ by what no sample sees, so that the loss is constant between them.
POINTS = {"a": (1, 1, 0), "b": (-1, 2, 1), "c": (0, 0, 2), "d": (2, -1, 1)}


@measure(
    paper.CONNECTED,
    cases(ends=["ab", "ac", "cd"], t=[Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)]).guaranteeing("convex"),
)
def loss_on_the_segment(ends: str, t: Fraction) -> Any:
    """The loss of a linear model with more parameters than samples, between two points."""

    def loss(w: list[Fraction]) -> Fraction:
        fits = (
            sum((c * x for c, x in zip(w, row, strict=True)), Fraction(0)) - y
            for row, y in zip(FEATURES, TARGETS, strict=True)
        )
        return sum((e * e for e in fits), Fraction(0)) / 4

    a, b = ([Fraction(c) for c in POINTS[name]] for name in ends)
    return loss([(1 - t) * x + t * y for x, y in zip(a, b, strict=True)]), {"t": t, "La": loss(a), "Lb": loss(b)}


SPIKES = cases(s=[Fraction(1, 10), Fraction(3, 4), Fraction(3)], gamma=[Fraction(1, 4), Fraction(1, 50), Fraction(2)])


@measure(paper.BBP, SPIKES.guaranteeing("gaussian_rows", "proportional"))
def limit_of_the_top_eigenvalue(s: Fraction, gamma: Fraction) -> Any:
    r"""The root of the secular equation against Marchenko and Pastur's law, or the edge, in ball arithmetic."""
    return Enclosed(*spiked_covariance.limit(s, gamma), "truncation"), {"s": s, "gamma": gamma}
