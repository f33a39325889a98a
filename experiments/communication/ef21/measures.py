"""What the claims of EF21 are about, measured: in exact arithmetic, by solvers, and by enclosures."""

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.communication.ef21 import instances
from gradproof.experiments.engine.measure import Bracket, Enclosed, Sample, around, cases, measure, rounded
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic
from gradproof.solvers import ef_exact, ef_lyapunov, ef_pep
from gradproof.solvers.ef_exact import bisect, characteristic, exact_ef21, fractions, iteration
from gradproof.solvers.jury import stability_boundary
from gradproof.theory.communication import ef21

SMOOTH = ("smooth_f", "smooth_fi", "contractive")
ALPHA = Fraction(3, 4)  # q = 1/2, theta = 1/2, beta = 1/2, xi = 1
PLUS, MINUS = Fraction(3, 2), Fraction(1, 2)  # C(x) = (1 + q)x and (1 - q)x
Q = [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(9, 10)]
SHARES = [Fraction(1), Fraction(1, 2), Fraction(1, 10)]  # L/L_AM
GRID = cases(q=Q, L=SHARES)


# --- compressors and the distortion --------------------------------------------------------------------------------------

WORST = {
    "Top1": (C.TopK(1), (1, -1, 1, 1), Fraction(1, 4)),
    "Top3": (C.TopK(3), (2, -2, 2, 2), Fraction(3, 4)),
    "scaled sign": (C.ScaledSign(), (4, 0, 0, 0), Fraction(1, 4)),
    "3/2 x": (C.Scalar(1.5), (1, -2), ALPHA),
    "powers of two": (C.NearestPowerOfTwo(), (3, -6), Fraction(8, 9)),
}


@measure(ef21.COMPRESSORS, cases(worst=WORST).guaranteeing("compressor"))
def share_lost(worst):
    """$|C(x) - x|^2/|x|^2$ where five compressors lose most; small dyadic entries, every operation exact in floats."""
    compress, x, alpha = worst
    x = np.array(x, float)
    lost, whole = float(((compress(x) - x) ** 2).sum()), float((x**2).sum())
    return Fraction(lost) / Fraction(whole), {"alpha": alpha}


ANY = [C.TopK(1), C.TopK(5), C.ScaledSign(), C.NearestPowerOfTwo(), C.RandK(3), C.Bernoulli(0.5, C.TopK(3))]


@measure(ef21.COMPRESSORS, cases(compress=ANY).guaranteeing("compressor"))
def share_lost_at_random(compress, rng):
    """$|C(x) - x|^2/|x|^2$ on 4000 vectors of cubed normal numbers, d = 12; the mean where the compressor is random."""
    x = rng.standard_normal((4000, 12)) ** 3
    u = rng.random(x.shape if isinstance(compress, C.RandK) else x.shape[:-1])
    lost = ((compress(x, u) - x) ** 2).sum(-1) / (x**2).sum(-1)
    return rounded(lost, 2**8) if compress.deterministic else Sample(lost), {"alpha": compress.alpha(12)}


@measure(ef21.YOUNG_OPTIMAL, cases(q=[Fraction(1, 10), *Q, Fraction(99, 100)]).guaranteeing("theta_positive"))
def least_ratio(q):
    r"""$\min_s\beta(s)/\theta(s)$, by bisection: $\rho$ is below iff $\rho q^2s^2 + (q^2 - \rho(1-q^2))s + q^2 \ge 0$ for s > 0."""

    def below(rho: Fraction) -> bool:
        slope = q * q - rho * (1 - q * q)
        return slope >= 0 or slope**2 <= 4 * rho * q**4

    return Bracket(*bisect(below, 0, 10**5, 60)), {"alpha": 1 - q * q}


MOVES = [{"e": e, "u": u} for e, u in ((1, -1), (1, 0), (0, 1), (1, 1), (-3, 2), (5, -4))]


@measure(ef21.DISTORTION, cases(move=MOVES, r=[PLUS]).guaranteeing("contractive"))
def error_after_a_step(e, u, r):
    r"""$|e^+|^2$ for $C(x) = rx$ and given error and movement; $\alpha = 3/4$."""
    return ((1 - r) * Fraction(e - u)) ** 2, {"alpha": ALPHA, "e2": e * e, "u2": u * u}


# --- one step --------------------------------------------------------------------------------------------------------------


def paper_weights(gamma: Any, L_i: Sequence[Any], L_AM: Any, alpha: Any = ALPHA) -> list[Any]:
    """Of the errors in V = f - f_inf + gamma/(2 theta) G_w."""
    return [gamma / (2 * ef21.theta(alpha)) * L_AM / k for k in L_i]


def sharp_weights(gamma: Any, L_i: Sequence[Any], L_AM: Any, alpha: Any = ALPHA) -> list[Any]:
    """Of the errors in V = f - f_inf + (1/(2qn)) sum |e_i|^2/L_i."""
    return [1 / (2 * ef21.xi(alpha) * ef21.theta(alpha) * k) for k in L_i]


def constants(h: ef_exact.Rows) -> dict[str, Any]:
    """L, L_i, L_AM and L_QM of the quadratics f_i = sum_j h_ij x_j^2/2."""
    H = fractions(h)
    L_i = tuple(map(max, abs(H)))
    mean = {"L_AM": sum(L_i) / len(L_i), "L_QM": sp.sqrt(sp.Rational(str(sum(k * k for k in L_i) / len(L_i))))}
    return {"h": h, "L": max(abs(H.sum(axis=0))) / len(H), "L_i": L_i, "alpha": ALPHA} | mean


TWO = [constants(h) | {"r": (PLUS, MINUS)} for h in (((7,), (-1,)), ((1,), (Fraction(-1, 2),)), ((5, 1), (-1, 2)))]
AM_STEP = {"gamma": lambda L, L_i: ef21.step_size_am(L, L_i, ALPHA)}


@measure(ef21.LYAPUNOV_AM, cases(workers=TWO, T=20).let(**AM_STEP, weights=paper_weights).guaranteeing(*SMOOTH))
@measure(
    ef21.SHARP_DESCENT,
    cases(workers=TWO, T=20, share=[Fraction(1, 2), Fraction(9, 10), Fraction(1)])
    .let(gamma=lambda L, L_i, share: share * ef21.step_size_sharp(L, L_i, ALPHA), weights=sharp_weights)
    .guaranteeing(*SMOOTH),
)
def lyapunov_exactly(h, r, gamma, weights, T) -> Iterator[Any]:
    """$V^{t+1}$ at 20 steps of two workers with $C(x) = (1 \\pm q)x$, q = 1/2, in fractions."""
    t = exact_ef21(h, r, gamma, T)
    V = t.V(weights)
    for k in range(T):
        yield V[k + 1], {"V": V[k], "grad2": t.grad2[k], "dx2": ((t.x[k + 1] - t.x[k]) ** 2).sum()}


@measure(ef21.STEPSIZE_ROOT, GRID)
def root_of_the_bracket(q, L, split=None):
    r"""Where $1/(2\gamma) - L/2 - \gamma\beta L_{AM}^2/(2\theta)$ changes sign, by bisection in fractions."""
    s = 1 / q - 1 if split is None else split  # of Young's inequality
    ratio = q * q * (1 + 1 / s) / (1 - q * q * (1 + s))
    return Bracket(*bisect(lambda g: 1 - L * g - g * g * ratio >= 0, 0, 10)), {"L_AM": 1, "alpha": 1 - q * q}


@measure(ef21.SHARP_THRESHOLD, GRID.guaranteeing("smooth_f", "lower_bounded", "contractive"))
def threshold(q, L):
    """From the largest step with a Lyapunov function (semidefinite program) to one at which two workers are unstable (exact)."""
    found = ef_lyapunov.lyapunov_sdp(L=float(L), L_AM=1.0, q=float(q))
    h, r = (L + 1, L - 1), (1 + q, 1 - q)
    above = stability_boundary(lambda g: characteristic(h, r, g), Fraction(1, 1000), 10, width=Fraction(1, 2**40))[1]
    return Enclosed(found.value - found.error, float(above), "solver gap"), {"L_AM": 1, "alpha": 1 - q * q}


# --- averages of the squared gradient ----------------------------------------------------------------------------------------


QM_STEP = {"gamma": lambda L, L_i: ef21.step_size_qm(L, L_i, ALPHA)}
QM = cases(workers=TWO[:1], T=[1, 5, 20]).let(**QM_STEP, weights=lambda L_i: [1] * len(L_i))
AM = cases(workers=TWO, T=[1, 5, 20]).let(**AM_STEP, weights=lambda L_i, L_AM: [L_AM / k for k in L_i])
#: q_1 = 1/2, q_2 = 2/3, mean L_i xi_i = 7/2; w_i = L_i xi_i/7 and theta_i give the weights 1/(n w_i theta_i).
_UNLIKE = {
    "r": (PLUS, Fraction(1, 3)),
    "alpha_i": (ALPHA, Fraction(5, 9)),
    "weights": (Fraction(7, 5), Fraction(21, 4)),
}
UNLIKE = cases(workers=[constants(((5,), (-1,))) | _UNLIKE], gamma=Fraction(2, 11), T=[1, 5, 20])
#: Three workers in four dimensions, a coordinate shared by two: L_rf = 7/3.
_RARE = constants(((4, 2, 0, 0), (0, 3, -1, 0), (0, 0, 4, 2))) | {"r": (PLUS, MINUS, PLUS)}
RARE = cases(workers=[_RARE], T=[1, 5, 15]).let(L_rf=lambda L_i: ef_lyapunov.L_rf(L_i, ({0, 1}, {1, 2}, {2, 3})))
RARE = RARE.let(gamma=lambda L, L_rf: 1 / (L + L_rf), weights=lambda L_rf, L_i: [L_rf / k for k in L_i])


@measure(ef21.NONCONVEX_QM, QM.guaranteeing(*SMOOTH))
@measure(ef21.NONCONVEX_AM, AM.guaranteeing(*SMOOTH))
@measure(ef21.HETERO_COMPRESSORS, UNLIKE.guaranteeing(*SMOOTH))
@measure(ef21.RARE_FEATURES, RARE.guaranteeing(*SMOOTH, "rare_features"))
def average_exactly(h, r, gamma, weights, T, f_inf=Fraction(0)):
    r"""$\frac1T\sum_{t<T}|\nabla f(x^t)|^2$ of a few workers with $C(x) = (1 \pm q)x$, in fractions."""
    t = exact_ef21(h, r, gamma, T)
    start = sum(w * e for w, e in zip(weights, t.e2[0], strict=True)) / len(h)
    return t.average(), {"f0": t.f[0], "f_inf": f_inf, "G0": start, "D0": start}


@measure((ef21.NONCONVEX_QM, ef21.NONCONVEX_AM), cases(q=[0.5, 0.75, 0.9], T=[1, 2, 3, 6]).guaranteeing(*SMOOTH))
def worst_average_of_one_worker(q, T):
    r"""Worst case over smooth functions and contractive compressors, where $f(x^0) - f_\inf + c|e^0|^2 \le 1$, by PEP."""
    gamma, at = ef21.step_size_am(1.0, (1.0,), 1 - q * q), {"L": 1.0, "L_AM": 1.0, "L_QM": 1.0, "alpha": 1 - q * q}
    found = ef_pep.pep(T, gamma, q=q, c=gamma / (2 * (1 - q)))
    return around(found.value, found.error, "solver gap"), at | {"gamma": gamma, "f0": 1.0, "f_inf": 0.0, "G0": 0.0}


def independent(p: Fraction) -> list[tuple[Fraction, tuple[int, int]]]:
    """Probabilities of who of two workers takes part."""
    return [((p if a else 1 - p) * (p if b else 1 - p), (a, b)) for a, b in itertools.product((0, 1), repeat=2)]


# alpha = 15/16 and p = 4/5: xi(p alpha) = 1, the step is 1/(2 + 3)
CLAIMED = {
    "p": Fraction(4, 5),
    "gamma": Fraction(1, 5),
    "L": 2,
    "L_AM": 3,
    "alpha": Fraction(15, 16),
    "f0": 1,
    "f_inf": 0,
}
TAKING_PART = cases(claimed=[CLAIMED], T=[1, 4, 20]).let(law=independent)


@measure(ef21.PARTIAL_PARTICIPATION, TAKING_PART.guaranteeing(*SMOOTH, "independent_participation"))
def expected_average(law, gamma, T):
    r"""$\frac1T\sum_{t<T}\mathbb E|\nabla f(x^t)|^2$ of curvatures 5 and -1 that take part at random, by second moments, exact."""
    h, r = (5, -1), (Fraction(5, 4), Fraction(3, 4))
    g = [k * c for k, c in zip(h, r, strict=True)]
    gains = [(w, [a * c for a, c in zip(who, r, strict=True)]) for w, who in law]
    average = ef_exact.mean_square_gradient(h, gains, gamma, T, g)
    return average, {"G0": 3 * sum((c - k) ** 2 / Fraction(abs(k)) for c, k in zip(g, h, strict=True)) / 2}


@measure(
    ef21.SGD,
    cases(q=Q[:3], sign=[1, -1], sigma2=[Fraction(1, 100), 1], T=200).guaranteeing(*SMOOTH, "unbiased_gradients"),
)
def expected_average_with_noise(q, sign, sigma2, T):
    r"""The same on $x^2/2$ with noise, $C(x) = (1 \pm q)x$ and an exact start."""
    r, root = 1 + sign * q, float(q) ** 0.5
    largest = 1 / (1 + (root**3 / (1 - root) / (1 - root**2)) ** 0.5)
    gamma = Fraction(99, 100) * Fraction(largest).limit_denominator(1000)
    average = ef_exact.mean_square_gradient((1,), [(1, (r,))], gamma, T, (1,), r * r * sigma2)
    return average, {"gamma": gamma, "L": 1, "L_AM": 1, "alpha": 1 - q * q, "f0": Fraction(1, 2), "f_inf": 0, "G0": 0}


# --- linear rates ------------------------------------------------------------------------------------------------------------


def slow(L: Fraction, L_AM: Fraction) -> Fraction:
    """A rational step that both claims admit at mu = L: sqrt(2) < 3/2, and theta/(2 mu)."""
    return min(1 / (L + Fraction(3, 2) * L_AM), 1 / (4 * L))


CURVED = cases(workers=[constants(h) | {"r": (PLUS, MINUS)} for h in (((3,), (1,)), ((5,), (-1,)))], T=[1, 5, 20])
CURVED = CURVED.let(gamma=slow, mu=lambda L: L).guaranteeing(*SMOOTH, "PL")


def psi_weight(refined: bool, gamma: Any, mu: Any, theta: Any) -> Any:
    """The weight of G_w in Psi: gamma/theta, or gamma/(2(theta - gamma mu)) refined."""
    return gamma / (2 * (theta - gamma * mu)) if refined else gamma / theta


@measure(ef21.PL, CURVED.let(refined=lambda: False))
@measure(ef21.PL_REFINED, CURVED.let(refined=lambda: True))
def psi_exactly(h, r, gamma, mu, T, L_i, L_AM, refined):
    r"""$\Psi^T$ of two workers with $C(x) = (1 \pm q)x$, q = 1/2, in fractions."""
    weight = psi_weight(refined, gamma, mu, Fraction(1, 2))
    Psi = exact_ef21(h, r, gamma, T).V([weight * L_AM / k for k in L_i])
    return Psi[T], {"Psi0": Psi[0]}


CONVEX = ("strongly_convex", "smooth_f", "contractive", "optimal_step")
ONE_WORKER = cases(q=Q, mu=[Fraction(1, 100), Fraction(1, 10), Fraction(1, 2)], share=[0, Fraction(1, 2), 1])


@measure(ef21.TIGHT_SINGLE_WORKER, ONE_WORKER.guaranteeing(*CONVEX))
def squared_spectral_radius(q, mu, share, factor=1, gain=None):
    """Of the step on $hx^2/2$, h = mu + share (1 - mu), with $C(x) = (1 + q)x$, exact: $V^+/V$ comes as near to it as one likes."""
    eta = factor * ef21.step_size_single_worker(mu, 1, 1 - q * q)
    M = iteration((mu + share * (1 - mu),), (1 + q if gain is None else gain,), eta)
    trace, det = (sp.Rational(str(v)) for v in (M[0, 0] + M[1, 1], M[0, 0] * M[1, 1] - M[0, 1] * M[1, 0]))
    root = trace**2 - 4 * det
    return sp.expand((abs(trace) + sp.sqrt(root)) ** 2 / 4) if root >= 0 else det, {"L": 1, "alpha": 1 - q * q}


# --- equivalence, cloning, constants -----------------------------------------------------------------------------------------


@measure(
    ef21.W_EQUIVALENCE, cases(compress=[ef_exact.top1, (PLUS, PLUS, MINUS)]).guaranteeing("positively_homogeneous")
)
def distance_exactly(compress):
    r"""$\max|x^t_{EF21} - x^t_{EF21-W}|$ over 15 steps of three workers with weights $L_i/\sum L_j$, in fractions."""
    h = ((4, 1, -1), (1, 3, 1), (2, 1, 1))
    paths = [exact_ef21(h, compress, Fraction(1, 10), 15, w).x for w in (None, [Fraction(k, 9) for k in (4, 3, 2)])]
    return max(abs(v) for a, b in zip(*paths, strict=True) for v in a - b)


def copies(L_i: Sequence[Any]) -> list[int]:
    """N_i = ceil(L_i/L_AM)."""
    mean = sum(map(Fraction, L_i)) / len(L_i)
    return [int(-(-Fraction(k) // mean)) for k in L_i]


MANY = [(1, 1, 1, 100), (1, 2, 3, 4, 5), (1,) * 9 + (100,), (51, 49), (101, 99, 100, 101, 99)]


@measure(ef21.CLONING, cases(L_i=MANY).let(N_i=copies).guaranteeing("clones"))
def mean_after_cloning(L_i, N_i):
    """$M(N_1, ..., N_n)$ of integer constants, one of them dominant, exact."""
    return sp.sqrt(sp.Rational(str(ef_lyapunov.cloning_mean_square(L_i, N_i))))


@measure(ef21.CLONING, cases(draws=100).guaranteeing("clones"))
def mean_after_cloning_at_random(draws, rng):
    """$M(N_1, ..., N_n)$ of log-normal constants of 2 to 5 clients, 100 draws."""
    for _ in range(draws):
        L_i = list(map(float, np.exp(2 * rng.standard_normal(int(rng.integers(2, 6))))))
        yield rounded(float(ef_lyapunov.cloning_mean_square(L_i, copies(L_i))) ** 0.5, 32), {"L_i": L_i}


LOSSES = {"breast_cancer": (instances.breast_cancer, 0.25), "sine": (instances.sine, 2.0)}


def largest_slope(scalar: LeastSquares | Logistic, third: float) -> float:
    """Upper bound on the second derivative on [-2, 2], by difference quotients over cells of 2^-12 and |f'''| <= third."""
    x = np.linspace(-2, 2, 2**14 + 1)
    return float(np.abs(np.diff(scalar.gradients(x[:, None])[:, 0, 0])).max()) * 2**12 + third * 2.0**-12 + 2.0**-36


@measure(
    ef21.SMOOTHNESS_CONSTANTS,
    cases(data=[{"problem": make, "c": c} for make, c in LOSSES.values()]).guaranteeing("loss"),
)
def largest_curvature(problem, c):
    r"""$\sup_x\|\nabla^2f(x)\|$: from the slope of the gradient at 0 to the largest curvatures of loss and regulariser, added."""
    P = problem()
    rows = P.A.reshape(-1, P.d)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    v, step, one = vectors[:, -1], 1e-4, np.ones((1, 1))
    up, down = (P.gradients(sign * step * v).mean(axis=-2) for sign in (1, -1))
    rounding = 2.0**-44 * float(np.abs(P.gradients(0 * v)).max()) / step
    # |sigma''| < 1/10, squares have none, and |r'''| < 5; beyond 2 both second derivatives have fallen off
    scalar = largest_slope(type(P)(one[None], one, 0.0), 0.1 if isinstance(P, Logistic) else 0.0)
    regulariser = largest_slope(LeastSquares(0 * one[None], one, 1.0), 5.0)
    low, high = float((up - down) @ v) / (2 * step) - rounding, values[-1] / len(rows) * scalar + P.lam * regulariser
    return Enclosed(low, float(high), "truncation"), {"lam_max": float(values[-1]), "m": len(rows), "lam": P.lam}
