"""An assumption of an EF21 claim is given up, or the method exchanged: the bound must be violated."""

from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.communication.ef21 import measures, methods
from gradproof.experiments.communication.ef21.instances import Constants
from gradproof.experiments.communication.ef21.measures import ALPHA, MINUS, PLUS, constants
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Cases, Holds, Sample, cases, rounded
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances.finite_sums import Quadratics
from gradproof.solvers import ef_exact
from gradproof.solvers.jury import is_stable
from gradproof.theory.communication import ef21

LOUD = Fraction(5, 2)  # C(x) = 2.5x multiplies every error by -1.5
TWENTIETH = Fraction(1, 20)
#: L = 1/20, L_AM = 19/20
OPPOSED: dict[str, Any] = {"h": ((1,), (Fraction(-9, 10),)), "r": (PLUS, MINUS), "alpha": ALPHA}
SINGLE = constants(((1,),)) | {"r": (PLUS,)}


def claimed(L: Any, L_AM: Any = None) -> dict[str, Any]:
    """Constants that two workers are said to have."""
    mean = L if L_AM is None else L_AM
    return {"L": L, "L_AM": mean, "L_QM": mean, "L_i": (mean, mean)}


# --- compressors, distortion, one step ---------------------------------------------------------------------------------------

NO_COMPRESSOR = {
    "2.5 x": (lambda x: 2.5 * x, (4, 0, 0, 0), Fraction(1, 4)),
    "sign(x) + 4": (lambda x: np.sign(x) + 4, (4, 0, 0, 0), Fraction(1, 4)),
    "unbiased Rand-1": (lambda x: np.array([4 * x[0], 0, 0, 0]), (4, 0, 0, 0), Fraction(1, 4)),
}
breaking(ef21.COMPRESSORS, "compressor", measures.share_lost, worst=NO_COMPRESSOR)
breaking(ef21.DISTORTION, "contractive", measures.error_after_a_step, e=1, u=0, r=LOUD)


def ratio_at(q, s):
    r"""$\beta(s)/\theta(s)$."""
    return q * q * (1 + 1 / Fraction(s)) / (1 - q * q * (1 + s)), {"alpha": 1 - q * q}


THIRD = Fraction(1, 3)
breaking(ef21.YOUNG_OPTIMAL, "theta_positive", ratio_at, q=THIRD, s=10)
replacing(ef21.YOUNG_OPTIMAL, "the split s = 1", ratio_at, q=THIRD, s=1)
AT_ONE = {"q": THIRD, "L": THIRD, "split": 1}
replacing(ef21.STEPSIZE_ROOT, "Young's inequality split at s = 1", measures.root_of_the_bracket, **AT_ONE)

_weights: Any
_gamma: Any
_rows: Any
for _claim, _weights in ((ef21.LYAPUNOV_AM, measures.paper_weights), (ef21.SHARP_DESCENT, measures.sharp_weights)):
    for _name, _workers, _gamma in (
        ("smooth_fi", OPPOSED | claimed(TWENTIETH), Fraction(10)),
        ("contractive", SINGLE | {"r": (LOUD,)}, Fraction(1, 2)),
        ("smooth_f", SINGLE | {"L": TWENTIETH}, Fraction(1, 2)),
    ):
        _where = cases(workers=[_workers], gamma=_gamma, T=1).let(weights=_weights)
        breaking(_claim, _name, measures.lyapunov_exactly, _where)


# --- the threshold -----------------------------------------------------------------------------------------------------------


def converges(h, r, gamma):
    """Whether workers of curvatures h converge at the step size gamma, exact."""
    return Holds(is_stable(ef_exact.characteristic(h, r, gamma)), at=gamma)


def _unstable(assumption: str, **values: Any) -> None:
    breaking(ef21.SHARP_THRESHOLD, assumption, converges, workers=[{"alpha": ALPHA} | values])


TENTH = Fraction(1, 10)
_unstable("contractive", h=(1,), r=(LOUD,), gamma=Fraction(1, 1500), L=1, L_AM=1)
_unstable("smooth_f", h=(1, 1), r=(PLUS, PLUS), gamma=Fraction(1), L=TENTH, L_AM=1)
_unstable("smooth_fi", h=(1, Fraction(-1, 2)), r=(PLUS, MINUS), gamma=Fraction(2), L=Fraction(1, 4), L_AM=2 * TENTH)
_unstable("lower_bounded", h=(-TENTH,), r=(PLUS,), gamma=TENTH, L=TENTH, L_AM=TENTH)


# --- averages of the squared gradient ----------------------------------------------------------------------------------------


def _average(weights: Any, *rows: dict[str, Any], T: int, gamma: Any) -> Cases:
    return cases(workers=list(rows), T=T, gamma=gamma).let(weights=weights)


for _claim, _weights in (
    (ef21.NONCONVEX_QM, lambda L_i: [1] * len(L_i)),
    (ef21.NONCONVEX_AM, lambda L_i, L_AM: [L_AM / k for k in L_i]),
):
    for _name, _workers, _T, _gamma in (
        # gamma = 1/L = 20 without the compression term: the threshold is 1.48
        ("step_size", OPPOSED | constants(OPPOSED["h"]), 10, 20),
        ("smooth_fi", OPPOSED | claimed(TWENTIETH), 10, 10),
        ("contractive", SINGLE | {"r": (LOUD,)}, 60, [Fraction(1, 2), Fraction(1, 200)]),
        ("smooth_f", SINGLE | {"L": TWENTIETH}, 60, Fraction(20, 21)),
        ("lower_bounded", SINGLE | {"f_inf": 1}, 5, Fraction(1, 2)),
    ):
        breaking(_claim, _name, measures.average_exactly, _average(_weights, _workers, T=_T, gamma=_gamma))


def average_without_feedback(step):
    r"""$x^+ = x - \gamma$ mean Top1$(\nabla f_i)$ on three quadratics: x grows by $1 + 11\gamma/6$ a step; EF21 converges."""
    a = np.array([[-3.0, 2.0, 2.0], [2.0, -3.0, 2.0], [2.0, 2.0, -3.0]])
    P, top, x0 = Quadratics(2 * a[:, :, None] * a[:, None, :] + 0.5 * np.eye(3)), C.TopK(1), np.ones(3)
    at = Constants.of(P)
    gamma, T = at.steps(1 / 3)[step], 300
    out = run(methods.compressed_gd(P, gamma, top), start(x0), T, record={"x": lambda s: s.x})
    grad = P.gradients(out.x.values[0, 0]).mean(axis=-2)
    # the messages at the start are what EF21 would send: its G0
    e2 = ((top(P.gradients(x0)) - P.gradients(x0)) ** 2).sum(-1)
    G0 = float((e2 * (1 if step == "qm" else at.L_AM / np.array(at.L_i))).mean())
    known = {"L": at.L, "L_AM": at.L_AM, "L_QM": at.L_QM, "alpha": 1 / 3, "T": T, "gamma": gamma, "f_inf": 0.0}
    return rounded(float((grad[:-1] ** 2).sum(-1).mean()), 2**16), known | {"f0": float(P.values(x0).mean()), "G0": G0}


for _claim, _step in ((ef21.NONCONVEX_QM, "qm"), (ef21.NONCONVEX_AM, "am")):
    replacing(_claim, "no error feedback", average_without_feedback, step=_step)

# both workers taken for alpha = 3/4 while the second multiplies its error by -1.5: w = (5, 1)/6, theta = 1/2
_worse = constants(((5,), (-1,))) | {"r": (PLUS, LOUD), "alpha_i": (ALPHA, ALPHA)}
_worse_case = _average(lambda: [Fraction(6, 5), 6], _worse, T=60, gamma=Fraction(1, 5))
breaking(ef21.HETERO_COMPRESSORS, "contractive", measures.average_exactly, _worse_case)
# two workers on one coordinate, counted as if on two: L_rf = 1/2 admits a step of 1.8, which diverges
_shared = OPPOSED | constants(OPPOSED["h"]) | {"L_rf": Fraction(1, 2)}
_far = _average(lambda L_rf, L_i: [L_rf / k for k in L_i], _shared, T=60, gamma=Fraction(20, 11))
breaking(ef21.RARE_FEATURES, "rare_features", measures.average_exactly, _far)
# the second worker never takes part: x settles where the gradient does not vanish
_idle = cases(claimed=[measures.CLAIMED], T=200, law=[[(Fraction(4, 5), (1, 0)), (Fraction(1, 5), (0, 0))]])
breaking(ef21.PARTIAL_PARTICIPATION, "independent_participation", measures.expected_average, _idle)


def average_with_biased_noise(rng):
    r"""$g = \nabla f + $Top1(noise) on $|x|^2/2$, taken for noiseless: $\mathbb E|\nabla f|^2 \to 1/30$ or more."""
    gamma, T, seeds = 0.2, 4000, 60
    sent = C.TopK(1)(np.sqrt(0.3) * np.array([[2.0, 0.0], [0.0, 1.0], [-2.0, -1.0]]))
    noise, x, total = sent[rng.integers(0, 3, (T, seeds))], np.full((seeds, 2), 0.1), np.zeros(seeds)
    for t in range(T):
        total += (x**2).sum(-1)
        x = x - gamma * (x + noise[t])
    known = {"gamma": gamma, "L": 1.0, "L_AM": 1.0, "alpha": 0.5, "T": T, "f0": 0.01, "f_inf": 0.0, "G0": 0.0}
    return Sample(total / T), known | {"sigma2": 0.0}


breaking(ef21.SGD, "unbiased_gradients", average_with_biased_noise, seeds=60)


# --- linear rates, equivalence, constants --------------------------------------------------------------------------------------

_RATE = {"gamma": Fraction(1, 4), "mu": 1, "T": 20}
_FLAT = constants(((1, Fraction(1, 100)),)) | {"r": (PLUS,)} | _RATE  # mu = 1 claimed
for _claim, _refined in ((ef21.PL, False), (ef21.PL_REFINED, True)):
    for _name, _row in (("PL", _FLAT), ("contractive", SINGLE | {"r": (LOUD,)} | _RATE)):
        breaking(_claim, _name, measures.psi_exactly, workers=[_row | {"refined": _refined}])

_ONE = {"q": Fraction(1, 2), "mu": Fraction(1, 10)}
for _name, _rows in {
    "optimal_step": [{"factor": Fraction(6, 5), "share": 1}, {"factor": Fraction(4, 5), "share": 0}],
    "strongly_convex": [{"share": Fraction(-1, 10)}],  # curvature 1/100
    "smooth_f": [{"share": 2}],
    "contractive": [{"share": 1, "gain": LOUD}],
}.items():
    breaking(ef21.TIGHT_SINGLE_WORKER, _name, measures.squared_spectral_radius, one=[_ONE | row for row in _rows])

ROUNDED = [ef_exact.nearest_power_of_two]
breaking(ef21.W_EQUIVALENCE, "positively_homogeneous", measures.distance_exactly, compress=ROUNDED)
breaking(ef21.CLONING, "clones", measures.mean_after_cloning, clients=[{"L_i": (1, 1, 1, 100), "N_i": (1, 1, 1, 1)}])
# the constant of the logistic loss for least squares: eight times too small
breaking(ef21.SMOOTHNESS_CONSTANTS, "loss", measures.largest_curvature, problem=[measures.LOSSES["sine"][0]], c=0.25)
