"""Ellipsoids, low-rank recovery, pulled steps, spiked covariances and Hessians of networks: what a basis must not change."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from moves import Between, Case, Move, about, holds, last_place, permuted, rounded, turned, units

from gradproof.solvers import ellipsoid, low_rank, pulled_step, spiked_covariance
from gradproof.solvers.exact.balls import ends
from gradproof.solvers.pep import SmoothStronglyConvex
from gradproof.solvers.two_layer_hessian import Network, Rational, eigenvalues, quadratic_form, split, top
from gradproof.theory.errors import GradproofError

RNG = np.random.default_rng(23)
F = Fraction
EPS = 2.0**-52

# --- ellipsoids -----------------------------------------------------------------------------------------------------------


def shares(A, x, xs):
    z = ellipsoid.uniform(A, x, xs, 500, np.random.default_rng(3))
    heights = np.einsum("ni,ij,nj->n", z - xs, A, z - xs) / ((x - xs) @ A @ (x - xs))
    share, h2 = ellipsoid.fraction(A, x, xs), ellipsoid.height2(A, x, xs)
    u = ellipsoid.view(A, x, xs).u
    return {
        "h2": rounded(h2, 1e3),
        "share": rounded(share, 1e3),
        "as beyond": holds(share == ellipsoid.share_beyond(h2, len(x))),
        "tangent": rounded(ellipsoid.tangent(A, x, xs), 1e3),
        "width": rounded(ellipsoid.width(A, x, xs), 1e3),
        "orthogonal": rounded(u @ u, 1e4),
        "heights": rounded(heights.sum(), 1e4),
        "inside": holds(bool((heights <= 1 + 1e-12).all())),
    }


def drawn(A, x, xs, lam):
    """Points at random: within three standard errors, each time."""
    found = {k: ellipsoid.mc_fraction(A, x, xs, k * lam, 20_000, np.random.default_rng(4)) for k in (0, 1, 10)}
    found["alone"] = ellipsoid.mc_fraction(A, x, xs, lam, 20_000)
    return {f"share at {k}": about(v.value, 3 * v.error) for k, v in found.items()}


def pointwise(A, x, xs, z, lam):
    """Each point, at a small, a middling and an infinite pull."""
    return {str(k): int(ellipsoid.improves(A, x, xs, z, k * lam).sum()) for k in (0, 1, 20, float("inf"))}


def shares_exactly(A, x, xs):
    h2 = ellipsoid.height2(np.array(A, dtype=object), np.array(x, dtype=object), np.array(xs, dtype=object))
    h = F(int(np.sqrt(float(h2.numerator)) + 0.5), int(np.sqrt(float(h2.denominator)) + 0.5))
    share = ellipsoid.share_exactly(h, len(x))
    return {
        "h2": h2,
        "is a square": holds(h * h == h2),
        "share": share,
        "in floats": holds(abs(float(share) - ellipsoid.share_beyond(h2, len(x))) < 1e-14),
    }


def of_ellipsoids(*more):
    """More: arrays of points, whose last axis turns as well."""
    last = dict.fromkeys(more, (1,))
    where = dict.fromkeys(("x", "xs", *more))
    return {
        "coordinates": permuted(A=(0, 1), x=(0,), xs=(0,), **last),
        "basis": turned(A=(0, 1), x=(0,), xs=(0,), **last),
        "units of x": units(dict.fromkeys(where, -30), orthogonal=-60),
        "last place": last_place("A", *where),
    }


CURVED = (lambda B: B @ B.T + 0.2 * np.eye(5))(RNG.standard_normal((5, 5)))
FLAT = np.array([[2.0, 1.0], [1.0, 5.0]])
POINT, CENTRE = RNG.standard_normal(5), RNG.standard_normal(5)
CLOUD = ellipsoid.uniform(CURVED, POINT, CENTRE, 300, RNG)
SQUARE = [[F(3), F(-4), F(1)], [F(-4), F(9), F(-2)], [F(1), F(-2), F(3)]]  # where h is rational
PULLED = {"units of f": units({"A": 40, "lam": 40})}
ELLIPSOIDS = {
    "an ellipsoid": Case(
        shares,
        {"A": CURVED, "x": POINT, "xs": CENTRE},
        {**of_ellipsoids(), "units of f": units({"A": 40})},
    ),
    "an ellipse": Case(
        shares,
        {"A": FLAT, "x": POINT[:2], "xs": CENTRE[:2]},
        {**of_ellipsoids(), "units of f": units({"A": -40})},
    ),
    "points at random": Case(
        drawn, {"A": CURVED, "x": POINT, "xs": CENTRE, "lam": 0.5}, {**of_ellipsoids(), **PULLED}, width=0.1
    ),
    "points of an ellipsoid": Case(
        pointwise, {"A": CURVED, "x": POINT, "xs": CENTRE, "z": CLOUD, "lam": 0.1}, {**of_ellipsoids("z"), **PULLED}
    ),
    "an ellipsoid exactly": Case(
        shares_exactly,
        {"A": SQUARE, "x": [F(-1), F(-2), F(0)], "xs": [F(1), F(2), F(2)]},
        {
            "coordinates": permuted(A=(0, 1), x=(0,), xs=(0,)),
            "units of f": units({"A": 60}),
            "units of x": units({"x": -60, "xs": -60}),
        },
    ),
}  # fmt: skip

# --- low-rank recovery ----------------------------------------------------------------------------------------------------


def entries(found):
    """Invariants of an enclosed W: its trace and its Frobenius norm, with what an error in that norm makes of them."""
    W, error = found.W, found.error
    return {
        "trace": about(np.trace(W), (error + 4 * EPS * np.linalg.norm(W)) * np.sqrt(len(W))),
        "size": about(np.linalg.norm(W), error + 16 * EPS * np.linalg.norm(W)),
    }


def flows(M, U0, t):
    return entries(low_rank.flow(M, U0, t))


def definite_flows(M, U0, t):
    """Three ways there."""
    found = {f"{k} by the series": v for k, v in entries(low_rank.integrate(M, U0, t)).items()}
    found |= entries(low_rank.flow(M, U0, t))
    W = low_rank.flow_at(M, U0, np.array([t]))
    return found | {"in floats": rounded(np.trace(W[0]), 1e5)}


def nearest(M, U0, ts):
    """On the way past a matrix of less than full rank."""
    at, least = low_rank.best_time(M, U0, ts)
    return {"best time": rounded(at, 1), "least": about(least, 1e5 * EPS * np.linalg.norm(M))}


def descended(M, U0, mu):
    last = list(low_rank.descend(M, U0, mu, 25))[-1]
    found = {}
    for name in ("U", "Y", "apart"):
        values, error = low_rank.singular_values(getattr(last, name))
        found[f"{name} at most"] = about(values[0], error)
        found[f"{name} in all"] = about(values.sum(), error * len(values))
    return found


def hits(lam, alpha, mu):
    return {"steps": low_rank.hitting_time(lam, alpha, mu)}


def recovered(A, y):
    found = low_rank.nuclear_norm(A, y)
    most = np.linalg.eigvalsh(np.tensordot(found.nu, A, 1))[-1]
    return {
        "trace": about(found.value, found.error),
        "between": Between(found.dual, found.value + found.error),
        "certificate": holds(bool(most <= 1)),
    }


def refused_measurements(A, y, off):
    """Measurements that no symmetric matrix has, and a matrix that is not symmetric."""
    said = []
    skew = A.copy()
    skew[0, 0, 1] += off * abs(A).max()
    for B, z in ((np.concatenate([A, A[:1]]), np.append(y, y[0] * (1 + off))), (skew, y)):
        try:
            low_rank.nuclear_norm(B, z)
            said.append("none")
        except GradproofError as error:
            said.append(type(error).__name__)
    return {"refused": tuple(said)}


def of_recovery():
    return {
        "coordinates": permuted(M=(0, 1), U0=(0,)),
        "columns": permuted(U0=(1,)),
        "basis": turned(M=(0, 1), U0=(0,)),
        "basis of the columns": turned(U0=(1,)),
        "last place": last_place("M", "U0"),
    }


OF_FLOW = ("trace", "size", "trace by the series", "size by the series", "in floats")
INDEFINITE = (lambda B: (B + B.T) / 2)(RNG.standard_normal((4, 4)))
DEFINITE = (lambda B: B @ B.T)(RNG.standard_normal((3, 3)))
SINGULAR = (lambda B: B @ B.T)(RNG.standard_normal((4, 2)))
FORMS = (lambda B: (B + np.swapaxes(B, 1, 2)) / 2)(RNG.standard_normal((7, 4, 4)))
RANK_ONE = np.array([1.0, -1.0, 2.0, 0.5])
MEASURED = np.einsum("mij,i,j->m", FORMS, RANK_ONE, RANK_ONE)
RECOVERY = {
    "a flow, indefinite": Case(
        flows,
        {"M": INDEFINITE, "U0": 0.3 * RNG.standard_normal((4, 2)), "t": 1.5},
        of_recovery() | {"units": units({"M": 20, "U0": 10, "t": -20}, trace=20, size=20)},
    ),
    "a flow, three ways": Case(
        definite_flows,
        {"M": DEFINITE, "U0": 0.2 * RNG.standard_normal((3, 4)), "t": 0.3},
        of_recovery() | {"units": units({"M": -18, "U0": -9, "t": 18}, **dict.fromkeys(OF_FLOW, -18))},
    ),
    "the best time to stop": Case(
        nearest,
        {
            "M": SINGULAR,
            "U0": 0.01 * RNG.standard_normal((4, 4)),
            "ts": np.array([0.5, 1.0, 2.0, 3.0, 5.0, 20.0, 300.0]),
        },
        of_recovery()
        | {
            "times": permuted(ts=(0,)),
            "units": units({"M": 30, "U0": 15, "ts": -30}, least=30, **{"best time": -30}),
        },
        condition=1e5,
    ),
    "gradient descent from a factor": Case(
        descended,
        {"M": INDEFINITE, "U0": 0.1 * RNG.standard_normal((4, 3)), "mu": 0.1},
        of_recovery()
        | {
            "units": units(
                {"M": 22, "U0": 11, "mu": -22},
                **{f"{k} {what}": 11 for k in ("U", "Y", "apart") for what in ("at most", "in all")},
            )
        },
    ),
    "time to half": Case(
        hits,
        {"lam": F(3, 2), "alpha": F(1, 200), "mu": F(1, 10)},
        {
            "units": units({"lam": 80, "alpha": 40, "mu": -80}),
            "small units": units({"lam": -80, "alpha": -40, "mu": 80}),
        },
    ),
    "the nuclear-norm program": Case(
        recovered,
        {"A": FORMS, "y": MEASURED},
        {
            "measurements": permuted(A=(0,), y=(0,)),
            "coordinates": permuted(A=(1, 2)),
            "basis": turned(A=(1, 2)),
            "other measurements": turned(A=(0,), y=(0,)),
            "units of y": units({"y": 20}, trace=20, between=20),
            "small units of y": units({"y": -30}, trace=-30, between=-30),
            "units of A": units({"A": 30, "y": 30}),
            "small units of A": units({"A": -30, "y": -30}),
            "last place": last_place("A", "y"),
        },
    ),
    "no measurements": Case(
        refused_measurements,
        {"A": FORMS, "y": MEASURED, "off": 1e-3},
        {
            "units of y": units({"y": -60}),
            "large units of y": units({"y": 60}),
            "units of A": units({"A": -40, "y": -40}),
            "large units of A": units({"A": 40, "y": 40}),
        },
    ),
}

# --- pulled steps ---------------------------------------------------------------------------------------------------------


def pulled(eta, lam, M, m):
    found = {
        "worst": pulled_step.worst_one_step(eta, lam, M, m),
        "on quadratics": pulled_step.worst_of_quadratics(eta, lam, M, m),
        "towards any point": pulled_step.worst_of_class(SmoothStronglyConvex(mu=m, L=M), eta, F(0), leader=False),
    }
    # what the primal residuals may hide is not stated: a tenth of the gap that a certificate may leave
    return {k: Between(v.primal * (1 - 1e-7), float(v.certify().bound)) for k, v in found.items()}


PULLS = {
    "a pulled step": Case(
        pulled,
        {"eta": F(2, 5), "lam": F(1), "M": F(1), "m": F(1, 10)},
        {
            "units": units({"eta": -10, "lam": 10, "M": 10, "m": 10}),
            "small units": units({"eta": 9, "lam": -9, "M": -9, "m": -9}),
        },
        width=3e-6,
    ),
}

# --- a spike in a covariance ----------------------------------------------------------------------------------------------


def spiked(s, gamma):
    return {"limit": Between(*spiked_covariance.limit(F(s), F(gamma)))}


def bulk(y, gamma):
    density = spiked_covariance.density(y, gamma)
    return {
        "density": rounded(density.sum(), 1e3),
        "outside": int((density == 0).sum()),
        "edge": Between(*ends(spiked_covariance.edge(F(gamma)))),
    }


def columns_for_rows(data, rng):
    """The same eigenvalues in other units, on gamma times as many."""
    return {"y": data["y"] / data["gamma"], "gamma": 1 / data["gamma"]}


def samples(s):
    """Of two shapes, drawn alike each time; ``chi_mean`` states its error."""
    found = {}
    for n, d in ((7, 4), (4, 7)):
        values, first = spiked_covariance.singular_values(np.random.default_rng(5), n, d, s, 12)
        found[f"first of {n} x {d}"] = rounded(values[:, 0].sum(), 1e3)
        found[f"squares of {n} x {d}"] = rounded((values**2).sum(), 1e3)
        found[f"column of {n} x {d}"] = rounded(first.sum(), 1e3)
        found[f"a column is below, {n} x {d}"] = holds(bool((first <= values[:, 0] * (1 + 1e-13)).all()))
        found[f"mean of {n}"] = about(spiked_covariance.chi_mean(n), 1e-13 * spiked_covariance.chi_mean(n))
    return found


SPIKES = {
    "a spike above the bulk": Case(spiked, {"s": 1.7, "gamma": 0.4}, {"last place": last_place("s", "gamma")}),
    "a spike among more columns than rows": Case(
        spiked, {"s": 2.5, "gamma": 3.0}, {"last place": last_place("s", "gamma")}
    ),
    "a spike in the bulk": Case(spiked, {"s": 0.3, "gamma": 0.4}, {"last place": last_place("s", "gamma")}),
    "the bulk": Case(
        bulk,
        {"y": np.linspace(0.1, 2.5, 41), "gamma": 0.25},
        {
            "order": permuted(y=(0,)),
            "columns for rows": Move(columns_for_rows, {"density": 2.0**-4, "edge": 4.0}),
            "last place": last_place("y", "gamma"),
        },
    ),
    "samples with a spike": Case(samples, {"s": 2.0}, {"last place": last_place("s")}),
}

# --- Hessians of networks ---------------------------------------------------------------------------------------------------


def of_split(at):
    found = {
        "loss": rounded(at.loss, 1e3),
        "gradient": rounded(np.linalg.norm(at.gradient), 1e4),
        "rows": rounded((at.rows**2).sum(), 1e3),
    }
    for name, M, error in (("G", at.G, at.error), ("R", at.R, at.error), ("H", at.H, 2 * at.error)):
        values, off = eigenvalues(M, error)
        found[f"{name} at most"] = about(values[0], off)
        if name != "G":
            found[f"{name} at least"] = about(-values[-1], off)
        if name != "R":  # where it may be zero: ReLU has no curvature
            found[f"trace of {name}"] = about(np.trace(M), np.sqrt(len(M)) * error)
        found[f"size of {name}"] = about(np.linalg.norm(M), error)
    return found


def split_of_squares(W, V, X, Y, unit):
    return of_split(split(W, V, X, Y, unit=unit))


def split_of_labels(W, V, X, onehot, unit):
    at = split(W, V, X, onehot.argmax(axis=1), unit=unit, loss="softmax")
    return of_split(at) | {"bound": rounded(at.residual_bound, 1e3)}


def by_lanczos(W, V, X, onehot):
    net = Network(W, V, X, onehot)
    dense = split(W, V, X, onehot.argmax(axis=1), loss="softmax")
    found = {"trace": rounded(net.trace(), 1e4), "bound": rounded(net.residual_bound(), 1e3)}
    for name, product, M in zip("GH", net.products(), (dense.G, dense.H), strict=True):
        trace = net.trace() if name == "G" else None
        ritz = top(product, net.P, 4, trace=trace)
        values, off = eigenvalues(M, 2 * dense.error)
        # an eigenvalue of the product as it is rounded; the dense matrix states what that may come to
        off = ritz.residuals + ritz.skew * abs(ritz.values) + 2 * dense.error
        found |= {f"{name}, {k}": about(v, e) for k, (v, e) in enumerate(zip(ritz.values, off, strict=True))}
        found[f"{name}, none is missed"] = holds(bool((abs(values[:4] - ritz.values) <= off + eigenvalues(M)[1]).all()))
        if name == "G":
            found["the others are below"] = holds(bool(values[4] <= ritz.missed + off[0]))
    return found


def exactly(W, V, X, Y, dW, dV, unit):
    net = Rational(W, V, X, Y, unit)
    v = [x for row in (*dW, *dV) for x in row]
    return {
        "G": quadratic_form(net.G, v),
        "R": quadratic_form(net.R, v),
        "H": quadratic_form(net.H, v),
        "gradient": sum(g * g for g in net.gradient),
        "kernel": holds(sum(net.kernel[i, i] for i in range(net.n * net.K)) == sum(net.G[i, i] for i in range(net.P))),
        "along": net.along(v, F(1, 1000))[0] if unit == "relu" else None,
    }


def of_networks(targets, *, exact=False):
    """Samples, hidden units, outputs and inputs, in other orders and bases."""
    d = {"dW": (0,)} if exact else {}
    moves = {
        "samples": permuted(X=(0,), **{targets: (0,)}),
        "hidden units": permuted(W=(0,), V=(1,), **(d | {"dV": (1,)} if exact else {})),
        "outputs": permuted(V=(0,), **{targets: (1,)}, **({"dV": (0,)} if exact else {})),
        "inputs": permuted(W=(1,), X=(1,), **({"dW": (1,)} if exact else {})),
    }
    return moves if exact else moves | {"basis": turned(W=(1,), X=(1,)), "last place": last_place("W", "V", "X")}


SHAPE = {"W": RNG.standard_normal((4, 3)), "V": RNG.standard_normal((3, 4)), "X": RNG.standard_normal((6, 3))}
TARGETS = RNG.standard_normal((6, 3))
ONEHOT = np.eye(3)[[0, 1, 2, 2, 1, 0]]
QUADRATIC = ["trace of G", "trace of H", "R at least", "H at least", "rows"]
QUADRATIC += [name for k in "GRH" for name in (f"size of {k}", f"{k} at most")]


def whole(*shape):
    return [[F(int(v)) for v in row] for row in RNG.integers(-3, 4, shape)]


RATIONAL = {
    "W": whole(3, 2),
    "V": whole(2, 3),
    "X": whole(4, 2),
    "Y": whole(4, 2),
    "dW": whole(3, 2),
    "dV": whole(2, 3),
}
HESSIANS = {
    **{
        f"a Hessian of {unit}": Case(
            split_of_squares,
            {**SHAPE, "Y": TARGETS, "unit": unit},
            of_networks("Y") | {"basis of the outputs": turned(V=(0,), Y=(1,))},
        )
        for unit in ("tanh", "softplus")
    },
    "a Hessian of ReLU": Case(
        split_of_squares,
        {**SHAPE, "Y": TARGETS, "unit": "relu"},
        of_networks("Y")
        | {"units": units({"W": 12, "V": 12, "Y": 24}, loss=48, gradient=36, **dict.fromkeys(QUADRATIC, 24))},
    ),
    "a Hessian of softmax": Case(
        split_of_labels, {**SHAPE, "onehot": ONEHOT, "unit": "tanh"}, of_networks("onehot")
    ),
    "a Hessian by Lanczos": Case(by_lanczos, {**SHAPE, "onehot": ONEHOT}, of_networks("onehot"), condition=1e4),
    **{
        f"a Hessian exactly, {unit}": Case(exactly, {**RATIONAL, "unit": unit}, of_networks("Y", exact=True))
        for unit in ("relu", "bent")
    },
}  # fmt: skip

OF_CURVATURE = {**ELLIPSOIDS, **RECOVERY, **PULLS, **SPIKES, **HESSIANS}
