"""Sampled members of each class satisfy its inequalities; interpolable data extend to a member."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from gradproof.solvers.pep import (
    BoundedGradient,
    Cocoercive,
    Contractive,
    Convex,
    ConvexLipschitz,
    Indicator,
    LipschitzOperator,
    Monotone,
    PolyakLojasiewicz,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    StronglyConvex,
    StronglyMonotone,
)
from gradproof.solvers.pep.certify.instance import Interpolant
from gradproof.solvers.pep.solve.assemble import assemble

DIM, POINTS = 3, 4
#: inequalities of numbers of size 1 to 100 in float64: 1e-9 is some 10^4 roundings
ROUNDING = 1e-9


def _orthogonal(rng):
    return np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]


def _quadratic(rng, low, high):
    Q = _orthogonal(rng)
    return Q @ np.diag(rng.uniform(low, high, DIM)) @ Q.T


def _smooth(rng, mu, L):
    """A quadratic plus a sum of softplus ridges, curvature in [mu, L]."""
    A = rng.normal(size=(2, DIM))
    H = _quadratic(rng, mu, (mu + L) / 2)
    room = (L - mu) / 2 / np.linalg.norm(A.T @ A, 2)

    def f(x):
        z = A @ x
        s = 1 / (1 + np.exp(-z))
        return x @ H @ x / 2 + 4 * room * np.logaddexp(0, z).sum(), H @ x + 4 * room * A.T @ s

    return f


def _max_affine(rng, mu=0.0, M=None):
    A, b = rng.normal(size=(5, DIM)), rng.normal(size=5)
    if M is not None:
        A *= M / np.linalg.norm(A, axis=1, keepdims=True)

    def f(x):
        k = np.argmax(A @ x + b)
        return (A @ x + b)[k] + mu / 2 * x @ x, A[k] + mu * x

    return f


def _sine(rng):
    """sin of a unit linear form: curvature in [-1, 1], gradient at most 1."""
    a = rng.normal(size=DIM)
    a /= np.linalg.norm(a)
    return lambda x: (np.sin(a @ x), np.cos(a @ x) * a)


def _skew(rng):
    S = rng.normal(size=(DIM, DIM))
    S -= S.T
    return S / np.linalg.norm(S, 2)


def _linear(matrix):
    return lambda x: (0.0, matrix @ x)


def _ball(rng):
    """Projections on a ball of diameter 1, with their normal vectors."""

    def f(x):
        return 0.0, x  # on the sphere of radius 1/2 the outward normal is x

    return f


MEMBERS = {
    SmoothConvex(2): lambda rng: _smooth(rng, 0.0, 2.0),
    SmoothStronglyConvex(Fraction(1, 2), 3): lambda rng: _smooth(rng, 0.5, 3.0),
    Smooth(1): _sine,
    Smooth(2, mu=-1): lambda rng: _smooth(rng, -1.0, 2.0),
    Convex(): _max_affine,
    ConvexLipschitz(2): lambda rng: _max_affine(rng, M=2.0),
    StronglyConvex(1): lambda rng: _max_affine(rng, mu=1.0),
    BoundedGradient(1, 1): _sine,
    Quadratic(Fraction(1, 2), 3): lambda rng: (lambda H: lambda x: (x @ H @ x / 2, H @ x))(_quadratic(rng, 0.5, 3.0)),
    Indicator(1): _ball,
    Monotone(): lambda rng: _linear(_quadratic(rng, 0, 1) + _skew(rng)),
    StronglyMonotone(Fraction(1, 2)): lambda rng: _linear(_quadratic(rng, 0.5, 1) + _skew(rng)),
    StronglyMonotone(Fraction(1, 2), 2): lambda rng: _linear(_quadratic(rng, 0.5, 1) + _skew(rng)),
    Cocoercive(2): lambda rng: _linear(_quadratic(rng, 0, 0.5)),
    LipschitzOperator(1): lambda rng: _linear(_orthogonal(rng)),
    Contractive(Fraction(1, 4)): lambda rng: _linear(np.eye(DIM) + 0.5 * _orthogonal(rng)),
}


def violation(cls, x, g, f):
    """Largest violation of the inequalities of a class by data: points (P, d), outputs (P, d), values (P,)."""
    p = Problem()
    m = p.function(cls)
    for k in range(len(x)):
        s = m.declare(p.point(f"x{k}"), p.leaf(f"g{k}"))
        assert s.label == str(k)
    arrays = assemble(p)
    rows = {f"x{k}": x[k] for k in range(len(x))} | {f"g{k}": g[k] for k in range(len(x))}
    V = np.array([rows[v] for v in arrays.vectors])
    gram = V @ V.T
    values = np.array([f[k] for k in range(len(arrays.values))])
    left = np.einsum("kab,ab->k", arrays.quadratic, gram) + arrays.linear @ values + arrays.constant
    left[arrays.equal] = np.abs(left[arrays.equal])
    worst = float(left.max(initial=-np.inf))
    for _, low, high in arrays.spectra:
        worst = max(worst, -float(np.linalg.eigvalsh(low @ gram @ high.T + high @ gram @ low.T).min()))
    return worst


def sample(cls, rng):
    f = MEMBERS[cls](rng)
    x = rng.normal(size=(POINTS, DIM))
    if cls.kind == "indicator":
        x /= 2 * np.linalg.norm(x, axis=1, keepdims=True)
    out = [f(v) for v in x]
    return x, np.array([g for _, g in out]), np.array([v for v, _ in out])


CLASSES = list(MEMBERS)


@pytest.mark.parametrize("cls", CLASSES, ids=str)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_members_satisfy_the_inequalities(cls, seed):
    assert violation(cls, *sample(cls, np.random.default_rng(seed))) <= ROUNDING


@pytest.mark.parametrize("cls", CLASSES, ids=str)
def test_what_is_no_member_violates_them(cls):
    """Negating the outputs (and values) leaves each class, so some inequality must break on some sample."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(50):
        x, g, f = sample(cls, rng)
        scale = 3.0 if cls.kind in ("operator", "function", "compressor") else 1.0
        worst = max(worst, violation(cls, x, -scale * g, -scale * f))
    assert worst > 1e-3


def test_polyak_lojasiewicz_members_satisfy_the_inequalities():
    """x^2 + 3 sin(x)^2 is 8-smooth, PL with constant 1/32 (Karimi, Nutini, Schmidt 2016), minimum 0 at 0."""
    cls = PolyakLojasiewicz(Fraction(1, 32), 8)
    p = Problem()
    m = p.function(cls)
    x = np.linspace(-4, 4, 7)
    for k in range(len(x)):
        m.declare(p.point(f"x{k}"), p.leaf(f"g{k}"))
    arrays = assemble(p)
    rows = {f"x{k}": v for k, v in enumerate(x)} | {f"g{k}": 2 * v + 3 * np.sin(2 * v) for k, v in enumerate(x)}
    V = np.array([rows[v] for v in arrays.vectors])
    values = np.append(x**2 + 3 * np.sin(x) ** 2, 0.0)
    assert arrays.values[-1] == m.lower_name
    left = np.einsum("kab,a,b->k", arrays.quadratic, V, V) + arrays.linear @ values + arrays.constant
    assert left.max() <= ROUNDING


@pytest.mark.parametrize(
    "cls",
    [c for c in CLASSES if c.kind == "function" and c.exact and "mu" in c.constants],
    ids=str,
)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_interpolable_data_extend_to_a_member(cls, seed):
    """Data of one member are interpolated; the interpolant goes through them and satisfies the inequalities elsewhere too."""
    rng = np.random.default_rng(seed)
    x, g, f = sample(cls, rng)
    L = cls.constants.get("L")
    h = Interpolant(x, g, f, float(cls.constants["mu"]), np.inf if L is None else float(L))
    for k in range(POINTS):
        # the interpolant of a smooth class solves a small quadratic program to 1e-12 in the squared scale: 1e-5 in gradients
        assert h(x[k]) == pytest.approx(f[k], abs=1e-7)
        if L is not None:
            assert h.gradient(x[k]) == pytest.approx(g[k], abs=1e-4)
    new = rng.normal(size=(3, DIM))
    out = [h.value_and_gradient(v) for v in new]
    assert (
        violation(cls, np.vstack([x, new]), np.vstack([g, [v for _, v in out]]), np.append(f, [v for v, _ in out]))
        <= 1e-4
    )


def _lipschitz_data(rng, L):
    """Points and random values scaled until they are just L-Lipschitz: data, not samples of a member."""
    x, y = rng.normal(size=(2, POINTS, DIM))
    i, j = np.triu_indices(POINTS, 1)
    ratio = np.linalg.norm(y[i] - y[j], axis=1) / np.linalg.norm(x[i] - x[j], axis=1)
    return x, y * L / ratio.max()


def _in_all_balls(centres, radii):
    """How far the best point stays outside the balls, in squared units: <= 0 if they have a point in common."""

    def value(z):
        return z[-1]

    constraints = {"type": "ineq", "fun": lambda z: z[-1] + radii**2 - ((z[:-1] - centres) ** 2).sum(axis=1)}
    start = np.append(centres.mean(axis=0), ((centres.mean(axis=0) - centres) ** 2).sum(axis=1).max())
    found = minimize(value, start, constraints=constraints, method="SLSQP", options={"ftol": 1e-14, "maxiter": 500})
    return float((((found.x[:-1] - centres) ** 2).sum(axis=1) - radii**2).max())


#: accuracy of the small programs that look for an extension, in numbers of size 1 to 100
FOUND = 1e-6


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_data_of_lipschitz_and_cocoercive_operators_extend_to_a_further_point(seed):
    """Kirszbraun (1934): the balls around the values have a common point; cocoercive is Lipschitz after a shift."""
    rng = np.random.default_rng(seed)
    x, y = _lipschitz_data(rng, 2.0)
    assert violation(LipschitzOperator(2), x, y, np.zeros(POINTS)) <= ROUNDING
    new = rng.normal(size=DIM)
    distance = np.linalg.norm(x - new, axis=1)
    assert _in_all_balls(y, 2 * distance) <= FOUND
    beta = 0.5  # A is beta-cocoercive iff 2 beta A - 1 is nonexpansive
    g = (x + y / 2) / (2 * beta)
    assert violation(Cocoercive(Fraction(1, 2)), x, g, np.zeros(POINTS)) <= ROUNDING
    centres = g + (new - x) / (2 * beta)
    assert _in_all_balls(centres, distance / (2 * beta)) <= FOUND


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_data_of_monotone_operators_extend_to_a_further_point(seed):
    """Minty (1962): for every w there is a monotone extension (x, g) with x + g = w; mu shifts it."""
    rng = np.random.default_rng(seed)
    w, h = _lipschitz_data(rng, 1.0)
    x, g = (w + h) / 2, (w - h) / 2  # the resolvent's reflection is nonexpansive
    assert violation(Monotone(), x, g, np.zeros(POINTS)) <= ROUNDING
    assert violation(StronglyMonotone(Fraction(1, 2)), x, g + x / 2, np.zeros(POINTS)) <= ROUNDING
    new = rng.normal(size=DIM)
    assert _in_all_balls(h, np.linalg.norm(w - new, axis=1)) <= FOUND


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_data_of_quadratics_extend_to_a_matrix(seed):
    """B = U (X'U)^+ U' with U = G - mu X has B X = U and 0 <= B <= L - mu: Bousselmi, Hendrickx, Glineur (2024)."""
    cls, mu, L = Quadratic(Fraction(1, 2), 3), 0.5, 3.0
    rng = np.random.default_rng(seed)
    x, g, f = (v[:2] for v in sample(cls, rng))  # fewer points than dimensions: they do not determine the matrix
    assert violation(cls, x, g, f) <= ROUNDING
    X, U = x.T, (g - mu * x).T
    Q = mu * np.eye(DIM) + U @ np.linalg.pinv(X.T @ U) @ U.T
    spectrum = np.linalg.eigvalsh(Q)
    assert mu - FOUND <= spectrum[0]
    assert spectrum[-1] <= L + FOUND
    assert np.abs(Q @ X - g.T).max() <= FOUND
    assert np.abs(np.einsum("kd,de,ke->k", x, Q, x) / 2 - f).max() <= FOUND


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_data_of_sets_extend_to_their_convex_hull(seed):
    """The given vectors are normal to the hull of the points, and its diameter is that of the points."""
    cls = Indicator(1)
    rng = np.random.default_rng(seed)
    x, g, f = sample(cls, rng)
    assert violation(cls, x, g, f) <= ROUNDING
    weights = rng.dirichlet(np.ones(POINTS), size=6)
    inside = weights @ x
    assert violation(cls, np.vstack([x, inside]), np.vstack([g, np.zeros_like(inside)]), np.zeros(10)) <= ROUNDING


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_data_of_compressors_extend_by_the_identity(seed):
    cls = Contractive(Fraction(1, 4))
    rng = np.random.default_rng(seed)
    x, g, _ = sample(cls, rng)
    new = rng.normal(size=(3, DIM))
    assert violation(cls, np.vstack([x, new]), np.vstack([g, new]), np.zeros(POINTS + 3)) <= ROUNDING


def test_control_data_that_are_not_interpolable_do_not_extend():
    """Two values twice as far apart as a nonexpansive operator allows: no value in the middle is near enough to both."""
    x, y = np.array([[-1.0, 0, 0], [1.0, 0, 0]]), np.array([[-2.0, 0, 0], [2.0, 0, 0]])
    assert _in_all_balls(y, np.ones(2)) > 1
    assert violation(LipschitzOperator(1), x, y, np.zeros(2)) > 1
