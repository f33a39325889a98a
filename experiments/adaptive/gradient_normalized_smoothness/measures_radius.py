"""The radius: certified on a line, in closed form for quadratics; errors of approximate Hessians, in rational numbers and balls."""

from fractions import Fraction as F

import flint
import numpy as np
import sympy as sp

# isort: off
from gradproof.experiments.adaptive.gradient_normalized_smoothness.instances import (
    LINES, OnLine, Quadratic, dot, high, low, radius_of, root,
)  # fmt: skip
from gradproof.experiments.adaptive.gradient_normalized_smoothness.methods import log_sum_exp, logistic, walk
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, around, cases, measure
from gradproof.experiments.instances.data import breast_cancer
from gradproof.solvers.exact.balls import ball
from gradproof.theory.adaptive import gradient_normalized_smoothness as paper
# isort: on

EPS = 2.0**-52


def size(f: OnLine, t: F) -> F:
    """|f'(t)|, rounded up: the bounds grow with it."""
    with flint.ctx.workprec(128):
        return high(abs(f.slope(ball(F(t)))))


# --- functions of a class -------------------------------------------------------------------------------------------------

NAMED = {name: f for name, f in LINES.items() if f.L2 is not None}
PLACES = [F(-3), F(-1), F(1, 2), F(4)]
CLASS = cases(f={k: f for k, f in NAMED.items() if k != "cubic"}, t=PLACES).guaranteeing(
    "exact_hessian", "lipschitz_hessian"
)


@measure(paper.LIPSCHITZ_HESSIAN, CLASS)
def squared_radius(f, t, hessian=None, share=F(1)):
    """$\\gamma(t)^2$ on a line, enclosed; ``share``: of the Lipschitz constant, as it is stated."""
    found = radius_of(f, t, hessian)
    return Enclosed(found.low**2, found.high**2, "truncation"), {"g": size(f, t), "L2": share * f.L2}


@measure(
    paper.LIPSCHITZ_HESSIAN,
    cases(s=[F(1), F(1, 7)], t=[F(3), F(-2, 5)]).guaranteeing("exact_hessian", "lipschitz_hessian"),
)
def squared_radius_of_cubics(s, t):
    """$\\gamma(t)^2$ for $st^3/3$: the error is $sh^2$, whose share $s|h|$ is largest at the end."""
    return F(t) ** 2, {"g": s * F(t) ** 2, "L2": 2 * s}


breaking(
    paper.LIPSCHITZ_HESSIAN, "exact_hessian", squared_radius, f={"cubic": LINES["cubic"]}, t=[F(4)], hessian=[F(0)]
)
breaking(
    paper.LIPSCHITZ_HESSIAN, "lipschitz_hessian", squared_radius, f={"cubic": LINES["cubic"]}, t=[F(4)], share=[F(1, 2)]
)

SMOOTH = {name: f for name, f in LINES.items() if f.L1 is not None}


@measure(paper.FIRST_ORDER, cases(f=SMOOTH, t=PLACES).guaranteeing("no_hessian", "lipschitz_gradient"))
def radius_without_hessian(f, t, hessian=F(0), share=F(1)):
    """$\\gamma(t)$ on a line with $H = 0$, enclosed."""
    found = radius_of(f, t, hessian)
    return Enclosed(found.low, found.high, "truncation"), {"g": size(f, t), "L1": share * f.L1}


@measure(
    paper.FIRST_ORDER,
    cases(sigma=[F(1), F(1, 3)], g=[(3, 4), (5, 12)]).guaranteeing("no_hessian", "lipschitz_gradient"),
)
def radius_of_quadratics(sigma, g, H=((0, 0), (0, 0)), share=F(1)):
    """$\\gamma(x)$ for a quadratic with $H = 0$: its error is $\\sigma|h|$ at every $h$."""
    q = Quadratic(H, ((1, 0), (0, -1)), g, sigma)
    return q.size / sigma, {"g": q.size, "L1": share * sigma}


breaking(paper.FIRST_ORDER, "no_hessian", radius_without_hessian, f=SMOOTH, t=[F(1, 2)], hessian=[F(20)])
breaking(paper.FIRST_ORDER, "lipschitz_gradient", radius_of_quadratics, sigma=[F(1)], g=[(3, 4)], share=[F(1, 2)])

# --- two Hessians ---------------------------------------------------------------------------------------------------------

PAIRS = [{"H1": F(1, 2), "H2": F(0)}, {"H1": F(0), "H2": F(-2)}, {"H1": F(-1), "H2": F(3)}]
BOTH = ("first_radius", "second_radius")


@measure(paper.HARMONIC, cases(f=LINES, t=[F(-1)], pair=PAIRS).guaranteeing(*BOTH))
def apart(f, t, H1, H2, first=F(1), second=F(1)):
    """$|H_1 - H_2|/|f'(t)|$ on a line, beside the certified ends of two radii."""
    with flint.ctx.workprec(128):
        found = ball(abs(H1 - H2)) / abs(f.slope(ball(F(t))))
        value = Enclosed(low(found), high(found), "rounding")
    return value, {"gamma1": first * radius_of(f, t, H1).low, "gamma2": second * radius_of(f, t, H2).high}


@measure(paper.HARMONIC, cases(curvature=[F(3), F(1, 2)], g=[F(1), F(2, 3)], pair=PAIRS[:2]).guaranteeing(*BOTH))
def apart_on_parabolas(curvature, g, H1, H2, first=F(1), second=F(1)):
    """The same where the radii are $|g|/|f'' - H|$."""
    radii = [F(g) / abs(curvature - H) if curvature != H else F(10**9) for H in (H1, H2)]
    return abs(H1 - H2) / F(g), {"gamma1": first * radii[0], "gamma2": second * radii[1]}


PARABOLA = {"curvature": [F(3)], "g": [F(1)], "pair": PAIRS[:1]}
breaking(paper.HARMONIC, "first_radius", apart_on_parabolas, **PARABOLA, first=[F(2)])
breaking(paper.HARMONIC, "second_radius", apart_on_parabolas, **PARABOLA, second=[F(1, 2)])

# --- the logistic loss ------------------------------------------------------------------------------------------------------

ALONG = [F(-30), F(-12), F(-5), F(-1), F(0), F(2), F(10)]


@measure(
    paper.LOGISTIC_RADIUS,
    cases(f={"logistic": LINES["logistic"]}, t=ALONG).guaranteeing("logistic_loss", "exact_hessian"),
)
def radius_along_the_line(f, t, hessian=None):
    """$\\gamma(t)$ with the exact Hessian, enclosed."""
    found = radius_of(f, t, hessian)
    return Enclosed(found.low, found.high, "truncation")


breaking(paper.LOGISTIC_RADIUS, "logistic_loss", radius_along_the_line, f={"log cosh": LINES["log cosh"]}, t=[F(-1, 5)])
breaking(
    paper.LOGISTIC_RADIUS, "exact_hessian", radius_along_the_line, f={"logistic": LINES["logistic"]}, t=[F(-5)], hessian=[F(1)]
)  # fmt: skip

# --- log-sum-exp ----------------------------------------------------------------------------------------------------------

ROWS = {"three": [(1, 0), (F(-1, 2), 2), (F(1, 3), -1)], "four": [(1, 2), (-1, 0), (0, F(-3, 2)), (F(1, 4), F(1, 4))]}
LSE = cases(rows=ROWS, x=[(0, 0), (1, F(-1, 2))], v=[(1, 0), (1, 2)], mu=[F(1, 2), F(2)]).guaranteeing(
    "log_sum_exp", "weighted_gauss_newton"
)


@measure(paper.LSE_GN, LSE)
def between_hessians(rows, x, v, mu, scale=1, flat=False):
    """$\\langle(H - \\nabla^2f)v, v\\rangle$ in balls, of ``scale`` $f$; ``flat``: with equal weights in $H$."""
    with flint.ctx.workprec(160):
        e = [(ball(F(dot(a, x))) / ball(F(mu))).exp() for a in rows]
        p = [w / sum(e, flint.arb(0)) for w in e]
        along = [ball(F(dot(a, v))) for a in rows]
        mean = sum((w * s for w, s in zip(p, along, strict=True)), flint.arb(0))
        hessian = sum((w * (s - mean) ** 2 for w, s in zip(p, along, strict=True)), flint.arb(0))
        weights = [flint.arb(1) / len(p)] * len(p) if flat else p
        found = (
            scale
            * (sum((w * s * s for w, s in zip(weights, along, strict=True)), flint.arb(0)) - hessian)
            / ball(F(mu))
        )
        gv2 = (scale * mean) ** 2
    # the mean as a rational number, its rounding as one of the value
    middle = (low(gv2) + high(gv2)) / 2
    slack = (high(gv2) - low(gv2)) / F(mu)
    return Enclosed(low(found) - slack, high(found) + slack, "rounding"), {"mu": mu, "gv2": middle}


SOME = {"rows": {"three": ROWS["three"]}, "x": [(1, F(-1, 2))], "v": [(1, 2)], "mu": [F(1, 2)]}
breaking(paper.LSE_GN, "log_sum_exp", between_hessians, **SOME, scale=[3])
breaking(paper.LSE_GN, "weighted_gauss_newton", between_hessians, **SOME, flat=[True])


@measure(paper.LSE_GN, cases(mu=[0.5, 1.0]).guaranteeing("log_sum_exp", "weighted_gauss_newton"))
def between_hessians_of_the_run(mu, rng, backend):
    """The same for 40 random rows in 6 dimensions, in floats: products of 40 terms."""
    on = array_library(backend)
    A, x, v = rng.normal(size=(40, 6)), rng.normal(size=(1, 6)), rng.normal(size=6)
    rows, at = on.asarray(A), on.asarray(x)
    exact, gn = (log_sum_exp(rows, rows[:, 0] * 0, mu, gauss_newton=gn) for gn in (False, True))
    off = (np.asarray(gn.hessian(at)) - np.asarray(exact.hessian(at)))[0]
    slope = float(np.asarray(gn.gradient(at))[0] @ v)
    large = float(np.abs(A).max() ** 2 * np.abs(v).sum() ** 2 / mu)
    return around(float(v @ off @ v), 2000 * EPS * large, "rounding"), {"mu": mu, "gv2": slope**2}


# --- logistic regression ----------------------------------------------------------------------------------------------------

REGRESSION = ("logistic_regression", "empirical_fisher", "distance")


@measure(paper.LOGISTIC_FISHER, cases(margin=[F(-20), F(-3), F(0), F(1, 2), F(12)]).guaranteeing(*REGRESSION))
def off_fisher(margin, times=1, loss="logistic", away=F(0), D=F(1, 1000)):
    """$|f'' - H|$ for one row $a = 1$, $z$ at the distance ``away``; ``times`` Fisher's matrix, or least squares, in balls."""
    with flint.ctx.workprec(128):
        m = ball(F(margin))
        p, value = 1 / (1 + m.exp()), lambda t: (1 + (-t).exp()).log()
        second, slope = p * (1 - p), -p
        if loss == "squares":  # (1 - m)^2/2
            second, slope, value = flint.arb(1), m - 1, lambda t: (1 - t) ** 2 / 2
        error = abs(second - times * slope**2)
        known = {
            "R2": 1,
            "fz": max(high(value(m + ball(away))), F(0)),
            "D": max(D, F(0)),
            "g": max(high(abs(slope)), F(1, 10**30)),
        }
    return Enclosed(low(error), high(error), "rounding"), known


breaking(paper.LOGISTIC_FISHER, "empirical_fisher", off_fisher, margin=[F(0)], times=[10])
breaking(paper.LOGISTIC_FISHER, "logistic_regression", off_fisher, margin=[F(1)], loss=["squares"])
breaking(paper.LOGISTIC_FISHER, "distance", off_fisher, margin=[F(1)], away=[F(20)])


@measure(paper.LOGISTIC_FISHER, cases(trials=[3, 20]).guaranteeing(*REGRESSION))
def off_fisher_on_breast_cancer(trials, backend):
    """$\\|\\nabla^2f - H\\|$ at the start and on the way of the search on breast_cancer, $z$ where another one ends; in floats."""
    data, on = breast_cancer(), array_library(backend)
    rows = data.X * data.y[:, None]
    A = on.asarray(rows)
    exact, fisher = logistic(A), logistic(A, fisher=True)
    found = walk(fisher, np.zeros(rows.shape[1]), lambda f, g: False, limit=trials, backend=backend)
    end = walk(exact, np.zeros(rows.shape[1]), lambda f, g: g < 1e-2, backend=backend)
    R2 = float((rows**2).sum(1).max())
    for k, z, fz in ((0, end.x[-1], end.f[-1]), (-2, found.x[-1], found.f[-1]), (-1, found.x[-2], found.f[-2])):
        x = on.asarray(found.x[k][None])
        off = (np.asarray(exact.hessian(x)) - np.asarray(fisher.hessian(x)))[0]
        far = float(np.linalg.norm(found.x[k] - z))
        yield around(float(np.linalg.norm(off, 2)), 10**4 * EPS * R2), {"R2": R2, "fz": fz, "D": far, "g": found.g[k]}


# --- powers of a norm -------------------------------------------------------------------------------------------------------

MATRICES = {"3 I": ((3, 0), (0, 3)), "diagonal": ((2, 0), (0, 1)), "rotated": ((3, 4), (-4, 3))}


def error_of(A, u, p, term, ridge=F(0)):
    """``hess f - H`` (2, 2) and |g| for ``|u|^p/p + ridge |x|^2/2``, exactly; p even, or |u| rational."""
    length = root(dot(u, u))
    back = [dot([row[j] for row in A], u) for j in range(2)]  # A'u
    first = [[length ** (p - 2) * dot([r[i] for r in A], [r[j] for r in A]) for j in range(2)] for i in range(2)]
    second = [[(p - 2) * length ** (p - 4) * back[i] * back[j] for j in range(2)] for i in range(2)]
    missing = {
        "fisher": first,
        "first": second,
        "none": [[a + b for a, b in zip(*r, strict=True)] for r in zip(first, second, strict=True)],
    }
    E = missing[term]
    E = [[sp.nsimplify(E[i][j]) + ridge * (i == j) for j in range(2)] for i in range(2)]
    return E, length ** (p - 2) * root(dot(back, back))


def spectral(E):
    """The norm of a symmetric positive semidefinite 2 x 2 matrix."""
    half, turn = (E[0][0] + E[1][1]) / 2, sp.sqrt(((E[0][0] - E[1][1]) / 2) ** 2 + E[0][1] ** 2)
    return half + turn


POWERS = cases(A=MATRICES, u=[(3, 4), (F(5, 13), F(-12, 13))], p=[2, 3, 4, 6])
SOUND = ("power_of_a_norm", "onto")  # of matrices of full rank


def off_by(A, u, p, term, ridge=F(0), s_min=None, name=None):
    """$\\|\\nabla^2f - H\\|$ in the plane, exactly."""
    E, g = error_of(A, u, p, term, ridge)
    smax2 = sp.sqrt(
        spectral([[F(dot([r[i] for r in A], [r[j] for r in A])) * sp.Integer(1) for j in range(2)] for i in range(2)])
    )
    smallest = abs(sp.Rational(A[0][0]) * A[1][1] - A[0][1] * A[1][0]) / smax2
    return spectral(E), {"p": p, "s_max": smax2, "s_min": smallest if s_min is None else s_min, "g": g}


measure(
    paper.FISHER_POWER,
    (POWERS.let(term=lambda: "fisher")).guaranteeing(*SOUND, "fisher_term"),
    name="off_fisher_s_term",
)(off_by)
measure(
    paper.GAUSS_NEWTON_POWER,
    (POWERS.let(term=lambda: "first")).guaranteeing(*SOUND, "gauss_newton_term"),
    name="off_gauss_newton_s_term",
)(off_by)
ONCE = {"A": {"3 I": MATRICES["3 I"]}, "u": [(3, 4)], "p": [4]}
FLAT = {"A": {"rank 1": ((1, 0), (0, 0))}, "u": [(F(3, 5), F(4, 5))], "p": [4]}
breaking(paper.FISHER_POWER, "fisher_term", off_by, **ONCE, term=["none"])
breaking(paper.GAUSS_NEWTON_POWER, "gauss_newton_term", off_by, **ONCE, term=["none"])
for _claim, _term in ((paper.FISHER_POWER, "fisher"), (paper.GAUSS_NEWTON_POWER, "first")):
    breaking(
        _claim, "power_of_a_norm", off_by, A=ONCE["A"], u=[(F(3, 100), F(4, 100))], p=[4], term=[_term], ridge=[F(1)]
    )
breaking(paper.FISHER_POWER, "onto", off_by, **FLAT, term=["fisher"], s_min=[1])
