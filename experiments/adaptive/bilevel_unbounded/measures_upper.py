"""Hypergradients and relaxed smoothness: rational problems, the Pareto curve by roots of polynomials, exponentials in balls."""

from fractions import Fraction as F

# isort: off
from gradproof.experiments.adaptive.bilevel_unbounded.instances import (
    BENT, DENSE, JOINT, PRODUCT, QUARTIC_LINE, STEEP, WARPED, at,
)  # fmt: skip
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import Enclosed, cases, enclosed, measure
from gradproof.solvers.bilevel_quadratic import QuadraticLower, dot, norm, plus, times
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.relaxed_smoothness import least_constant
from gradproof.theory.adaptive import bilevel_unbounded as paper
# isort: on

# --- the formula --------------------------------------------------------------------------------------------------------


def upper(x, y):
    """A quartic upper level: sum x_i^4/4 + x_1 |y|^2 + |y - 1|^2/2."""
    return sum(F(c) ** 4 for c in x) / 4 + x[0] * dot(y, y) + sum((v - 1) ** 2 for v in y) / F(2)


def upper_slopes(x, y):
    fx = [F(c) ** 3 for c in x]
    fx[0] += dot(y, y)
    return fx, [2 * x[0] * v + v - 1 for v in y]


WIDER = QuadraticLower([[F(3), F(1), 0], [F(1), F(2), 0], [0, 0, F(1)]], [[1, 2], [0, 1], [F(-1), 1]])
ALONG = [{"x": (F(1), F(-1)), "u": (F(1), F(2))}, {"x": (F(1, 3), F(2)), "u": (F(-1), F(1, 5))}]
WHERE = cases(lower={"dense": DENSE, "wider": WIDER}, where=ALONG)
RULES = ("differentiable", "lower_solution", "adjoint")


@measure(paper.HYPERGRADIENT, WHERE.guaranteeing(*RULES))
def slope(lower, x, u, shift=0, terms=None):
    """The slope of Phi by five values, which is exact for a quartic; ``shift``: of y, ``terms``: of the Neumann series."""
    values = {t: upper(p := plus(x, u, t), lower.solution(p)) for t in (-2, -1, 1, 2)}
    found = (values[-2] - 8 * values[-1] + 8 * values[1] - values[2]) / 12
    fx, fy = upper_slopes(x, [v + shift for v in lower.solution(x)])
    z = lower.inverse(fy) if terms is None else lower.neumann(fy, terms, F(4))
    return found, {"a": dot(fx, u), "c": -dot(z, times(lower.B, u))}


@measure(paper.HYPERGRADIENT, cases(y=[F(0), F(1, 2), F(-3)]).guaranteeing(*RULES))
def slope_on_a_curve(y):
    """Along x = y + y^3, on which f = x y is a polynomial of y: g = y^2/2 + y^4/4 - x y."""
    x, speed = y + y**3, 1 + 3 * y * y
    return (2 * y + 4 * y**3) / speed, {"a": y, "c": -x / speed}


breaking(paper.HYPERGRADIENT, "lower_solution", slope, WHERE.let(shift=lambda: F(1, 10)))
breaking(paper.HYPERGRADIENT, "adjoint", slope, WHERE.let(terms=lambda: 2))

PAIRS = [{"x": (F(1), F(-1)), "to": (F(0), F(2))}, {"x": (F(0), F(0)), "to": (F(1, 5), F(3))}]
SOLVED = ("strongly_convex", "lower_smooth")
MOVED = {"of": [{"lower": DENSE, "mu": F(138, 100)}], "pair": PAIRS}


@measure(paper.SOLUTION_LIPSCHITZ, cases(**MOVED).guaranteeing(*SOLVED))
def moved_solution(lower, x, to, mu, share=1):
    """|y_*(x) - y_*(x')|^2 with l_g1 = |B|; the least eigenvalue of A is (5 - root 5)/2 > 1.38."""
    far = plus(lower.solution(x), lower.solution(to), -1)
    return dot(far, far), {"l_g1": norm(lower.B)[1] * share, "r2": dot(*[plus(x, to, -1)] * 2)}


@measure(paper.SOLUTION_LIPSCHITZ, cases(mu=[F(1, 3), F(2)], l_g1=[F(5, 2)], r=[F(1), F(3)]).guaranteeing(*SOLVED))
def moved_on_a_line(mu, l_g1, r, times=1):
    """g = mu y^2/2 - l_g1 x y; ``times``: what is said of mu, over the truth."""
    return (l_g1 * r / mu) ** 2, {"mu": mu * times, "r2": r * r}


@measure(paper.SOLUTION_LIPSCHITZ, cases(y=[F(1, 4), F(2)], to=[F(0), F(-1, 7)]).guaranteeing(*SOLVED))
def moved_on_a_curve(y, to):
    """x = y + y^3: mu = l_g1 = 1."""
    return (y - to) ** 2, {"r2": (y + y**3 - to - to**3) ** 2, "mu": 1, "l_g1": 1}


ONE = {"mu": [F(1)], "l_g1": [F(1)], "r": [F(1)]}
breaking(paper.SOLUTION_LIPSCHITZ, "strongly_convex", moved_on_a_line, **ONE, times=[F(3, 2)])
breaking(paper.SOLUTION_LIPSCHITZ, "lower_smooth", moved_solution, **MOVED, share=[F(1, 4)])

# --- how the hypergradient changes ------------------------------------------------------------------------------------------

LINES = [at(line) for line in (QUARTIC_LINE, STEEP, BENT, PRODUCT, JOINT, WARPED)]


def on_the_graph(line, x, r, kappa, R):
    return line.inside(x, x - r, line.solution(x), line.solution(x - r)) and (1 + kappa**2) * r**2 <= R**2


PLACES, MOVES = [F(-5, 2), F(-1), F(-1, 40), F(1, 20), F(1, 2)], [F(1, 40), F(1, 2), F(124, 100)]
CHANGES = cases(of=LINES, x=PLACES, r=MOVES).where(on_the_graph)
INHERITED = ("relaxed_smooth", "bounded_on_graph", "lipschitz_solution", "lower_curvature")


@measure(paper.PHI_RELAXED, CHANGES.guaranteeing(*INHERITED))
def change_of_the_gradient(line, x, r):
    """|grad Phi(x - r) - grad Phi(x)| of six problems on a line, in rational numbers."""
    return abs(line.gradient(x - r) - line.gradient(x)), {"G": abs(line.gradient(x))}


def wrong(line, **constants):
    """A line with constants that are too small for it."""
    return at(line) | constants


breaking(paper.PHI_RELAXED, "radius", change_of_the_gradient, of=[at(QUARTIC_LINE)], x=[F(0)], r=[F(5), F(40)])
TOO_SMALL = {
    "relaxed_smooth": wrong(STEEP, L_y0=F(1, 2)), "bounded_on_graph": wrong(BENT, M=F(1, 2)),
    "lower_curvature": wrong(BENT, l_g2=F(0)), "lipschitz_solution": wrong(STEEP, kappa=F(4)),
}  # fmt: skip
for _name, _line in TOO_SMALL.items():
    breaking(paper.PHI_RELAXED, _name, change_of_the_gradient, of=[_line], x=[F(1, 20)], r=[F(1, 20)])


def near(line, x, d, R):
    return line.inside(x, line.solution(x) + d) and d <= R


ERRORS = cases(of=LINES, x=[F(5, 2), F(1), F(1, 2), F(1, 40)], d=[F(1, 100), F(1, 2), F(7, 8)]).where(near)
FORMULA = ("relaxed_smooth", "bounded_on_graph", "lower_curvature")


@measure(paper.HYPERGRADIENT_ERROR, ERRORS.guaranteeing(*FORMULA))
def error_of_the_formula(line, x, d):
    """The formula at y_*(x) + d less that at y_*(x), in rational numbers."""
    return abs(line.formula(x, line.solution(x) + d) - line.gradient(x)), {"G": abs(line.gradient(x))}


breaking(paper.HYPERGRADIENT_ERROR, "near", error_of_the_formula, of=[at(JOINT)], x=[F(1, 100)], d=[F(30)])
TOO_SMALL = {
    "relaxed_smooth": wrong(STEEP, L_y0=F(1, 2)), "lower_curvature": wrong(WARPED, l_g2=F(0)),
    "bounded_on_graph": wrong(WARPED, M=F(0)),
}  # fmt: skip
for _name, _line in TOO_SMALL.items():
    breaking(paper.HYPERGRADIENT_ERROR, _name, error_of_the_formula, of=[_line], x=[F(1)], d=[F(1, 2)])


@measure(paper.ERROR_GROWS, cases(x=[F(-1, 2), F(0), F(5)], d=[F(1, 2), F(1, 100)]).guaranteeing("exponential_upper"))
def exponential_error(x, d, power=1):
    """The error for f = e^x y^power in balls, g = (y - x)^2/2, at y = x + d."""

    def formula(y):
        return ball(x).exp() * (ball(y) ** power + power * ball(y) ** (power - 1))

    error, G = enclosed(lambda: formula(x + d) - formula(x)), enclosed(lambda: formula(x))
    slack = (G.high - G.low) * d / (x + 1)
    return Enclosed(error.low - slack, error.high + slack, "rounding"), {"G": G.high}


breaking(paper.ERROR_GROWS, "exponential_upper", exponential_error, x=[F(5)], d=[F(1, 2)], power=[2])

SPECTRA = {"equal": [F(1), F(1)], "far": [F(1), F(4)], "three": [F(1, 3), F(2), F(3)]}
ROTATED = QuadraticLower([[F(2), F(1)], [F(1), F(2)]], [[F(1)], [F(0)]])  # eigenvalues 1 and 3


@measure(paper.NEUMANN, cases(spectrum=SPECTRA, v=[F(1), F(-2)], Q=[1, 3, 10], L=[F(4)]).guaranteeing("spectrum"))
def series_of_a_diagonal(spectrum, v, Q, L, mu=None):
    """|S_Q v - A^{-1} v|^2 for A diagonal and v in the direction of its least eigenvalue."""
    A = QuadraticLower([[a * (i == j) for j in range(len(spectrum))] for i, a in enumerate(spectrum)], [])
    at = [v] + [F(0)] * (len(spectrum) - 1)
    left = plus(A.neumann(at, Q, L), A.inverse(at), -1)
    return dot(left, left), {"mu": min(spectrum) if mu is None else mu, "v2": v * v}


TURNED = cases(v=[(F(1), F(-1)), (F(2), F(1, 3))], Q=[1, 5], L=[F(3), F(5)]).where(lambda L: L >= 3)


@measure(paper.NEUMANN, TURNED.guaranteeing("spectrum"))
def series_of_a_matrix(v, Q, L):
    """The same for a matrix with the eigenvalues 1 and 3."""
    left = plus(ROTATED.neumann(v, Q, L), ROTATED.inverse(v), -1)
    return dot(left, left), {"v2": dot(v, v), "mu": 1}


FLAT = {"flat": [F(1, 100), F(4)]}
breaking(paper.NEUMANN, "spectrum", series_of_a_diagonal, spectrum=FLAT, v=[F(1)], Q=[10], L=[F(4)], mu=[F(1)])

# --- unbounded smoothness ----------------------------------------------------------------------------------------------------

POWERS, FACTORS = {"quartic": (0, 0, 0, 1)}, [F(1, 3), F(1), F(7, 2)]
OTHER = {"sextic": (0, 0, 0, 0, 0, 1), "half": (0, 0, 0, F(1, 2))}


@measure(paper.QUARTIC_L0L1, cases(slope=POWERS, L1=FACTORS).guaranteeing("quartic"))
def least_of_the_curvatures(slope, L1):
    """The least L0, by the roots of a derivative in balls."""
    return least_of_the_differences(slope, L1, F(0))


@measure(paper.QUARTIC_RADIUS, cases(slope=POWERS, K1=FACTORS, R=[F(1, 5), F(1), F(4)]).guaranteeing("quartic"))
def least_of_the_differences(slope, K1, R):
    """The least K0 within a radius, by the roots of a derivative in balls."""
    low, high = least_constant(slope, K1, R)
    return Enclosed(-high, -low, "rounding")


breaking(paper.QUARTIC_L0L1, "quartic", least_of_the_curvatures, slope=OTHER, L1=[F(2)])
breaking(paper.QUARTIC_RADIUS, "quartic", least_of_the_differences, slope=OTHER, K1=[F(2)], R=[F(1)])


@measure(paper.COSH_L0L1, cases(s=[F(1, 2), F(3)], x=[F(0), F(1, 1000), F(1), F(-20)]).guaranteeing("cosh"))
def curvature_of_cosh(s, x):
    """cosh(s x) in balls, beside |f'| from above."""
    return enclosed(lambda: ball(s * x).cosh()), {"f1": abs(enclosed(lambda: ball(s * abs(x)).sinh() / ball(s)).high)}


def curvature_of_the_quartic(s, x):
    return 3 * x**2, {"f1": abs(x) ** 3}


breaking(paper.COSH_L0L1, "cosh", curvature_of_the_quartic, s=[F(1, 10)], x=[F(3)])
