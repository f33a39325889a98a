"""Controls: with one assumption broken, and no other, each claim's bound is violated, nearly always by the claim's own measure."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradproof.experiments.engine.measure import cases, instead, without
from gradproof.experiments.landscape.overparam_hessian import instances as data
from gradproof.experiments.landscape.overparam_hessian import measures
from gradproof.experiments.landscape.overparam_hessian.instances import Net
from gradproof.theory.landscape import overparam_hessian as paper

UP, DOWN = data.KINKS  # at the kink the second difference is large, and of the sign of the residual
without(paper.DECOMPOSITION, "twice_differentiable", measures.second_difference, cases(net=data.KINKS, number=1))
OVERCOUNTED = [net for net in data.NETS if net.K == 2 and net.G.rank() == net.n * net.K]
without(paper.RANK, "sum_of_rows", measures.rank, cases(net=OVERCOUNTED, lost=1))
without(paper.ZEROS, "sum_of_rows", measures.nullity, cases(net=[net for net in OVERCOUNTED if net.n < net.P], lost=1))
#: More samples than parameters, and no symmetry: G is nonsingular.
without(paper.ZEROS, "overparametrised", measures.nullity, cases(net=data.BENT).guaranteeing("sum_of_rows"))
without(
    paper.INTERPOLATION, "interpolating", measures.characteristic_polynomial, cases(net=data.NETS[:3], x=Fraction(7, 2))
)
kinked = cases(net=data.KINK_FITTED, x=Fraction(7, 2))
without(paper.INTERPOLATION, "twice_differentiable", measures.characteristic_polynomial, kinked)


def most(net: Net, up: bool = True, size: Any = measures.norm, shift: int = 0) -> Any:
    r"""The largest of the moves alone."""
    found = list(measures.moves(net, up, size, shift))
    return max(found, key=lambda m: getattr(m[0], "low", m[0]))


ENTRIES = {"largest entry": measures.largest_entry}
for claim, kink, up in ((paper.WEYL, UP, True), (paper.WEYL_BELOW, DOWN, False)):
    without(claim, "twice_differentiable", most, cases(net=kink, up=up).guaranteeing(*measures.SPECTRAL))
    without(claim, "operator_norm", most, cases(net=data.ORIGIN, up=up, size=ENTRIES))
#: The k-th eigenvalue of H beside the next one of G.
paired = cases(net=data.FITTED[:3], shift=1).guaranteeing("operator_norm")
instead(paper.WEYL, "the next eigenvalue of G", most, paired)
CONCAVE, CONCAVE_FITTED = (
    [replace(net, concave=True, name=f"{net.name}, concave") for net in some[:3]] for some in (data.NETS, data.FITTED)
)
without(
    paper.NEGATIVE,
    "loss_convex_in_output",
    measures.depth_of_the_spectrum,
    cases(net=CONCAVE).guaranteeing(*measures.SPECTRAL),
)
without(
    paper.NEGATIVE,
    "twice_differentiable",
    measures.depth_of_the_spectrum,
    cases(net=DOWN).guaranteeing(*measures.SPECTRAL),
)
small = cases(net=data.ORIGIN, size=ENTRIES)
without(paper.NEGATIVE, "operator_norm", measures.depth_of_the_spectrum, small)
other = cases(net=data.PYTHAGOREAN, size={"Frobenius": measures.frobenius})
without(paper.RESIDUAL_NORM, "operator_norm", measures.norm_of_the_residual_part, other)
lost = cases(net=[net for net in OVERCOUNTED if net.n == 1], lost=1).guaranteeing(*measures.SPECTRAL)
without(paper.OUTLIERS, "sum_of_rows", measures.eigenvalue_beyond_the_rank, lost)
without(paper.INERTIA_NEGATIVE, "loss_convex_in_output", measures.negative_eigenvalues, cases(net=CONCAVE_FITTED))
without(paper.INERTIA_NEGATIVE, "twice_differentiable", measures.negative_eigenvalues, cases(net=DOWN))
without(paper.INERTIA_POSITIVE, "twice_differentiable", measures.positive_eigenvalues, cases(net=data.KINK_FITTED))
without(paper.RESIDUAL_MEAN, "uncorrelated", measures.residual_part_along, cases(net=data.CORRELATED, number=[1, 2]))
balanced = cases(net=data.BALANCED)
instead(
    paper.UNCORRELATED_ALONE, "a vanishing mean of the residuals besides", measures.size_of_the_residual_part, balanced
)

early = cases(rows=data.GROUPED[:2], ignored=1).guaranteeing("operator_norm")
isotropic = cases(rows=data.TILTED, size=ENTRIES)
without(paper.CLASS_OUTLIERS, "operator_norm", measures.eigenvalue_beyond_the_groups, isotropic)
instead(paper.CLASS_OUTLIERS, "one eigenvalue less passed over", measures.eigenvalue_beyond_the_groups, early)
without(paper.SYMMETRY_GRADIENT, "homogeneous_units", measures.slope_along_the_weights, cases(net=data.BENT_AWAY))
without(paper.SYMMETRY_FLAT, "homogeneous_units", measures.largest_image_of_a_flat_direction, cases(net=data.BENT))
without(paper.SYMMETRY_ZEROS, "homogeneous_units", measures.kernel_at_a_stationary_point, cases(net=data.BENT))
without(paper.SYMMETRY_ZEROS, "stationary", measures.kernel_at_a_stationary_point, cases(net=data.MOVING))
ghosts = cases(net=data.PYTHAGOREAN, k=2, vectors={"the same twice": measures.repeated})
without(paper.LANCZOS, "orthonormal", measures.eigenvalue_beyond_the_subspace, ghosts)


def population_spike(s: Fraction, gamma: Fraction) -> Any:
    """The top eigenvalue of the covariance itself; the limit for a fixed number of columns."""
    return 1 + s, {"s": s, "gamma": gamma}


weak = cases(s=Fraction(1, 3), gamma=[Fraction(1, 4), Fraction(2)]).guaranteeing("gaussian_rows")
without(paper.BBP, "proportional", population_spike, weak)
instead(
    paper.BBP,
    "the spike of the covariance in the place of the sample's",
    population_spike,
    weak.guaranteeing("proportional"),
)


def loss_between_permuted_networks(t: Fraction) -> Any:
    """Two ReLU networks with the same units in another order: both interpolate, and between them there is a barrier."""
    net = data.fitted(data.NETS[0])
    order = [*range(net.d, 2 * net.d), *range(net.d), *(net.m * net.d + j for j in (1, 0))]
    a, b = net.point, [net.point[k] for k in order]
    return net.loss([(1 - t) * x + t * y for x, y in zip(a, b, strict=True)]), {
        "t": t,
        "La": net.loss(a),
        "Lb": net.loss(b),
    }


without(paper.CONNECTED, "convex", loss_between_permuted_networks, cases(t=[Fraction(1, 4), Fraction(1, 2)]))
