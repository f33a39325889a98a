"""One problem or more of every public solver, each with the changes that must not change what is said of it."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
from cases_of_averaging import AVERAGING
from cases_of_bilevel import OF_BILEVEL
from cases_of_curvature import OF_CURVATURE
from cases_of_differences import OF_DIFFERENCES
from cases_of_estimators import OF_ESTIMATORS
from cases_of_exact import EXACT
from cases_of_games import OF_GAMES
from cases_of_limits import OF_LIMITS
from cases_of_parities import PARITIES
from cases_of_privacy import OF_PRIVACY
from cases_of_programs import PROGRAMS
from cases_of_radii import OF_RADII
from cases_of_states import STATES
from cases_of_walks import OF_WALKS
from cases_of_workers import OF_WORKERS
from moves import Case, Move, about, as_json, holds, last_place, permuted, rounded, turned, units

from gradproof.solvers import circulant, ef_lyapunov, gaussian, gossip, moments, sparsification, subspaces
from gradproof.solvers import order_statistics as order
from gradproof.solvers.gaussian.langevin import largest_noise, posterior
from gradproof.solvers.moments import Bounds
from gradproof.solvers.separable_ode import losses, margins
from gradproof.theory.errors import GradproofError

RNG = np.random.default_rng(7)
F = Fraction


def refused(solve, *args, **kwargs):
    """The kind of error, as a verdict."""
    try:
        solve(*args, **kwargs)
    except GradproofError as error:
        return type(error).__name__
    return "none"


# --- stability of SGD ------------------------------------------------------------------------------------------------------


def thresholds(rows, B):
    found = {}
    for method in ("dense", "matrix-free"):
        t = moments.stability_threshold(rows, batch_size=B, method=method)
        found[method] = about(t.value, t.error)
        radius = moments.spectral_radius(rows, 0.9 * t.value, batch_size=B, method=method)
        found[f"radius {method}"] = about(radius, 1e-13)
    if np.ndim(rows) == 2:
        t = moments.stability_threshold(rows, batch_size=B, method="dual")
        found["dual"] = about(t.value, t.error)
        found["alignment"] = about(moments.alignment(rows), 1e-13)
    known: Bounds = moments.bounds(rows, batch_size=B)
    found |= {name: rounded(value, 1e4) for name, value in known.items() if name != "rank_one"}
    # the best of several ascents, stopped where the gradient is small: an upper bound, whatever it is
    found["rank_one is above"] = holds(known.rank_one >= found["dense"].low * (1 - 1e-13))
    found["uniformity"] = rounded(moments.uniformity(rows), 1e4)
    return found


def certified_threshold(rows, B):
    bracket = moments.certify_threshold(rows, batch_size=B, halfwidth=1e-9)
    return {"eta": about(bracket.threshold.value, 2e-9 * bracket.threshold.value), "accepted": True}


def reported(jacobian, share):
    """Several outputs a sample, as a user brings them."""
    report = moments.stability_report(jacobian)
    same = moments.stability_threshold(moments.from_jacobian(jacobian), batch_size=1)
    at = [moments.stability_report(jacobian, eta=k * same.value).stable for k in (1 - share, 1 + share)]
    return {"trace": rounded(report.trace), "sharpness": rounded(report.sharpness), "stable": tuple(at)}


def covariance_of_sgd(rows, gradients, share, B):
    t = moments.stability_threshold(rows, batch_size=B)
    X = moments.stationary_covariance(rows, gradients, share * t.value, batch_size=B)
    past = moments.second_moments(rows, rows[0], 0.5 * t.value, 20, batch_size=B)
    return {"trace": rounded(np.trace(X), 1e6), "after 20 steps": rounded(past[-1], 1e4)}


ROWS = RNG.standard_normal((9, 5))
HESSIANS = np.array([A @ A.T for A in RNG.standard_normal((6, 4, 2))])
WIDE = RNG.standard_normal((14, 11))
GRADIENTS = ROWS * (RNG.standard_normal(9) - 0.1)[:, None]
GRADIENTS -= GRADIENTS.mean(axis=0)
ETAS = ("dense", "matrix-free", "dual", "per_sample", "identity", "top", "trace", "gd")


def of_curvatures(name, axes, halves, exponent):
    return {
        "samples": permuted(**{name: (0,)}),
        "coordinates": permuted(**{name: axes}),
        "basis": turned(**{name: axes}),
        "units": units({name: exponent}, **dict.fromkeys(ETAS, -exponent * halves), uniformity=exponent * halves),
        "last place": last_place(name),
    }


MOMENTS = {
    "thresholds of rows": Case(thresholds, {"rows": ROWS, "B": 2}, of_curvatures("rows", (1,), 2, 9)),
    "thresholds of Hessians": Case(thresholds, {"rows": HESSIANS, "B": 1}, of_curvatures("rows", (1, 2), 1, -20)),
    "thresholds beyond the dense rank": Case(thresholds, {"rows": WIDE, "B": 1}, of_curvatures("rows", (1,), 2, -7)),
    "report on a Jacobian": Case(
        reported,
        {"jacobian": RNG.standard_normal((6, 2, 5)), "share": 1e-9},
        {
            "samples": permuted(jacobian=(0,)),
            "outputs": permuted(jacobian=(1,)),
            "coordinates": permuted(jacobian=(2,)),
            "basis": turned(jacobian=(2,)),
            "other outputs": turned(jacobian=(1,)),
            "units": units({"jacobian": 25}, trace=50, sharpness=50),
            "last place": last_place("jacobian"),
        },
    ),
    "certified threshold": Case(
        certified_threshold,
        {"rows": np.round(ROWS[:5, :3], 2), "B": 1},
        {
            "samples": permuted(rows=(0,)),
            "coordinates": permuted(rows=(1,)),
            "units": units({"rows": 20}, eta=-40),
            "last place": last_place("rows"),
        },
    ),
    "stationary covariance of SGD": Case(
        covariance_of_sgd,
        {"rows": ROWS, "gradients": GRADIENTS, "share": 0.5, "B": 2},
        {
            "samples": Move(lambda d, rng: permuted(rows=(0,), gradients=(0,)).change(d, rng), {}),
            "coordinates": permuted(rows=(1,), gradients=(1,)),
            "basis": turned(rows=(1,), gradients=(1,)),
            "last place": last_place("rows"),
        },
        condition=1e5,
    ),
    "threshold of Gaussian features": Case(
        lambda w, B: {"eta": rounded(moments.gaussian_threshold(w, batch_size=B))},
        {"w": np.array([3.0, 1.0, 0.25, 0.0]), "B": 3},
        {"order": permuted(w=(0,)), "units": units({"w": 30}, eta=-30), "last place": last_place("w")},
    ),
}
# the first sample starts the moments: it is not permuted away
MOMENTS["stationary covariance of SGD"].moves["samples"] = Move(  # type: ignore[index]
    lambda d, rng: d | {k: np.concatenate([d[k][:1], d[k][:0:-1]]) for k in ("rows", "gradients")}
)

# --- Gaussian laws -----------------------------------------------------------------------------------------------------------


def distances(m, A, n, B):
    return {
        "bures": about(*gaussian.bures(A, B)),
        "wasserstein": about(*gaussian.wasserstein(m, A, n, B)),
        "divergence": rounded(gaussian.kullback_leibler(m, A, n, B), 1e5),
        "singular": refused(gaussian.kullback_leibler, m, np.outer(m, m), n, B),
    }


def chains(hessians, gradients, prior, gamma):
    problem = gaussian.quadratic(hessians, gradients, prior)
    found = {"posterior": about(posterior(problem).trace, posterior(problem).trace_error)}
    for method in ("lmc", "sgldfp", "sgld", "sgd"):
        C = gaussian.covariance(problem, gamma, method)
        found[method] = about(C.trace, C.trace_error)
    t = gaussian.threshold(problem)
    found["threshold"] = about(t.value, t.error)
    found["largest noise"] = about(2 / largest_noise(problem), 1e-12 * t.value)
    found["past stability"] = refused(gaussian.covariance, problem, 1.01 * t.value, "sgd")
    return found


def regression(X, y, noise, gamma):
    """Bayesian linear regression: the posterior, and whether chains settle."""
    problem = gaussian.regression(X, y, noise=noise)
    A = problem.drift_operator() - gamma * problem.noise_operator()
    spread = posterior(problem)
    return {
        "posterior": about(spread.trace, spread.trace_error),
        "mode": rounded(np.linalg.norm(problem.mode), 1e5),
        "settles": gaussian.settles(A),
    }


def delayed(lam, h, tau, sigma, law):
    found = gaussian.Delay(lam, h, tau, sigma)
    drawn = gaussian.random_delay(lam, h, law, sigma)
    cycle = gaussian.cyclic_delay(lam, h, [0, tau], sigma)
    return {
        "variance": about(found.variance, found.error),
        "drawn": about(drawn.matrix[0, 0], drawn.error),
        "cycle": about(cycle[0].matrix[0, 0], cycle[0].error),
    }


def on_the_line(scale, gamma):
    (mean, error), (square, wide) = gaussian.langevin_on_the_line(
        [lambda x: x + scale * np.tanh(x), lambda x: x - scale * np.tanh(x) + 0.1 * np.sin(x)],
        gamma,
        [lambda x: x, lambda x: x * x],
        centre=0.0,
        reach=9.0,
    )
    return {"second moment": about(square, wide), "mean is none": holds(abs(mean) <= error + 1e-9)}


ROOTS = RNG.standard_normal((2, 4, 4))
COVARIANCES = ROOTS @ np.swapaxes(ROOTS, 1, 2) + 0.1 * np.eye(4)
INVERSE = np.linalg.inv(COVARIANCES[0])
SAMPLES = RNG.standard_normal((7, 3))
SUM = np.array([np.outer(x, x) for x in SAMPLES])
GAUSSIAN = {
    "distances of Gaussians": Case(
        distances,
        {"m": RNG.standard_normal(4), "A": INVERSE, "n": RNG.standard_normal(4), "B": COVARIANCES[1]},
        {
            "coordinates": permuted(m=(0,), A=(0, 1), n=(0,), B=(0, 1)),
            "basis": turned(m=(0,), A=(0, 1), n=(0,), B=(0, 1)),
            "units": units({"m": 11, "n": 11, "A": 22, "B": 22}, bures=22, wasserstein=22),
            "last place": last_place("m", "A", "n", "B"),
        },
        condition=1e5,
    ),
    "a float inverse is symmetric": Case(
        lambda A, B: {"bures": about(*gaussian.bures(np.linalg.inv(A), B))},
        {"A": np.kron(np.eye(3), COVARIANCES[0][:3, :3]), "B": np.eye(9)},
        {"coordinates": permuted(A=(0, 1)), "basis": turned(A=(0, 1)), "last place": last_place("A")},
        condition=1e5,
    ),
    "chains on a finite sum": Case(
        chains,
        {"hessians": SUM, "gradients": RNG.standard_normal((7, 3)), "prior": np.eye(3), "gamma": 0.01},
        {
            "samples": permuted(hessians=(0,), gradients=(0,)),
            "coordinates": permuted(hessians=(1, 2), gradients=(1,), prior=(0, 1)),
            "basis": turned(hessians=(1, 2), gradients=(1,), prior=(0, 1)),
            "units": units(
                {"hessians": 10, "gradients": 5, "prior": 10, "gamma": -10},
                **dict.fromkeys(("posterior", "lmc", "sgldfp", "sgld", "threshold", "largest noise"), -10),
                sgd=-10,
            ),
            "last place": last_place("hessians", "gradients"),
        },
        condition=1e5,
        width=1e-9,
    ),
    "Bayesian regression": Case(
        regression,
        {"X": SAMPLES, "y": RNG.standard_normal(7), "noise": 0.5, "gamma": 1e-3},
        {
            "samples": permuted(X=(0,), y=(0,)),
            "coordinates": permuted(X=(1,)),
            "basis": turned(X=(1,)),
            "units": units({"X": 0, "y": 13}, mode=13),
            "last place": last_place("X", "y", "noise"),
        },
        condition=1e5,
    ),
    "stale gradients": Case(
        delayed,
        {"lam": 1.7, "h": 0.11, "tau": 3, "sigma": 0.4, "law": [0.25, 0.5, 0.25]},
        {
            "units": Move(
                lambda d, rng: d | {"lam": d["lam"] * 2**10, "h": d["h"] / 2**10, "sigma": d["sigma"] * 2**5},
                dict.fromkeys(("variance", "drawn", "cycle"), 2.0**-10),
            ),
            "last place": last_place("lam", "h", "sigma"),
        },
    ),
    "Langevin on the line": Case(
        on_the_line, {"scale": 0.4, "gamma": 0.3}, {"last place": last_place("scale", "gamma")}, condition=1e5
    ),
}

# --- workers and graphs ---------------------------------------------------------------------------------------------------------


def averaging(W, h, b, gamma, sigma2):
    mean, S = gossip.stationary(W, h, b, gamma, sigma2)
    run = gossip.quadratic_run(W, h, b, gamma, sigma2, 30, 0.0)
    found = {"spread": rounded(((mean - mean.mean()) ** 2).sum(), 1e4), "noise": rounded(np.trace(S), 1e4)}
    common = gossip.common_average(float(h[0]), gamma, len(b), sigma2, 30, 1.0)
    return found | {
        "gradient": rounded(run.gradient, 1e4),
        "consensus": rounded(run.consensus, 1e4),
        "graph": (gossip.check_mixing(W).shape, [len(part) for part in gossip.components(W)], common > 0),
    }


def error_feedback(L, L_AM, q, h, s, gamma):
    sdp = ef_lyapunov.lyapunov_sdp(L=L, L_AM=L_AM, q=q)
    best = ef_lyapunov.best_delta(0.8 * sdp.value, L=L, L_AM=L_AM, q=q)
    edge = ef_lyapunov.stability_threshold(q=q, h=h, s=s, upper=8 / L)
    return {
        "largest step": about(sdp.value, sdp.error),
        "decrease": about(best.value, best.error),
        "threshold": rounded(edge, 1e4),
        "radius": rounded(ef_lyapunov.spectral_radius(gamma, q=q, h=h, s=s), 1e4),
    }


def krum_of(V, f):
    return {"chosen": rounded(np.linalg.norm(order.krum(V, f)), 16), "median": rounded(order.median(V).sum(), 64)}


def krum_attacked(correct, f, direction):
    far = order.farthest_accepted(correct, f, direction, [0.01 * 2**k for k in range(12)])
    return {"reach": rounded(np.linalg.norm(far - correct.mean(axis=0)), 1e4)}


WEIGHTS = gossip.metropolis(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (0, 3)]).astype(float)
CENTRES = RNG.standard_normal(6)
H_OF_NODES = 1 + RNG.random(6)
VECTORS = RNG.standard_normal((9, 4))
WORKERS = {
    "D-PSGD on quadratics": Case(
        averaging,
        {"W": WEIGHTS, "h": H_OF_NODES, "b": CENTRES, "gamma": 0.3, "sigma2": 0.5},
        {
            "nodes": permuted(W=(0, 1), h=(0,), b=(0,)),
            "units": units({"b": 9, "sigma2": 18}, spread=18, noise=18, gradient=18, consensus=18),
            "units of h": units({"h": 9, "gamma": -9, "sigma2": 18}, gradient=18),
            "last place": last_place("W", "h", "b"),
        },
    ),
    "EF21": Case(
        error_feedback,
        {"L": 1.0, "L_AM": 1.5, "q": 0.6, "h": np.array([2.5, -0.5]), "s": np.array([1.0, -1.0]), "gamma": 0.2},
        {
            "workers": permuted(h=(0,), s=(0,)),
            "units": units(
                {"L": 20, "L_AM": 20, "h": 20, "gamma": -20}, **{"largest step": -20, "decrease": -20, "threshold": -20}
            ),
            "last place": last_place("L", "L_AM", "q", "h", "gamma"),
        },
    ),
    "Krum": Case(
        krum_of,
        {"V": VECTORS, "f": 2},
        {
            "workers": permuted(V=(0,)),
            "coordinates": permuted(V=(1,)),
            "units": units({"V": 40}, chosen=40, median=40),
            "last place": last_place("V"),
        },
    ),
    "Krum attacked": Case(
        krum_attacked,
        {"correct": VECTORS[:7], "f": 2, "direction": np.array([1.0, 0.5, 0.0, -1.0])},
        {
            "workers": permuted(correct=(0,)),
            "coordinates": permuted(correct=(1,), direction=(0,)),
            "basis": turned(correct=(1,), direction=(0,)),
            "last place": last_place("correct"),
        },
    ),
}

# --- smoothing, subspaces, sparsification, flows ----------------------------------------------------------------------------------


def smoothed(g, sigma):
    both = [circulant.smooth(g, sigma, method=m) for m in ("fft", "sweeps")]
    n = len(g)
    found = {f"size {k}": about(float(v @ v), 1e-13 * float(g @ g)) for k, v in enumerate(both)}
    return found | {
        "beta1": rounded(circulant.beta1(n, sigma)),
        "beta2": rounded(circulant.beta2(n, sigma), 1e3),
        "worst": rounded(circulant.worst_variance_ratio(n, sigma, 5.0), 1e3),
        "first of green": rounded(circulant.green(n, sigma)[0]),
        "top": rounded(circulant.spectrum(n, sigma).max()),
    }


def attracted(B, eta):
    found = subspaces.pointwise_stable_subspace(B, lambda k: (k + 1) / (k + 2), eta, 400)
    robust = subspaces.invariant_stable_subspace_float(B, [-circulant.periodic_laplacian(len(B))])
    return {
        "dimensions": (found.dimension, int((found.exponents < 0).sum()), len(robust)),
        "known well": holds(found.error < 1e-6),
        "growth": rounded(found.exponents[0], 1e5),
    }


def kept(lam, s, eps):
    variance, density = sparsification.minimal_variance(lam, s), sparsification.minimal_density(lam, eps)
    p, _ = sparsification.greedy(lam, 0.4)
    return {
        "variance": rounded(variance.second_moment),
        "its dual": rounded(variance.dual, 1e3),
        "density": rounded(density.density),
        "greedy": rounded(p.sum()),
        "kept": (variance.kept, density.kept),
    }


def flow(z, times):
    u, error = margins(z, times)
    value, wide = losses(z, times)
    return {"margin": about(float(u.sum()), float(error.sum())), "loss": about(float(value.sum()), float(wide.sum()))}


SADDLE = np.diag([1.0, 1.0, 2.0, 1.0, -1.0, 2.0])
SIGNALS = {
    "smoothing": Case(
        smoothed,
        {"g": RNG.standard_normal(13), "sigma": 2.5},
        {
            "rotation of the circle": Move(lambda d, rng: d | {"g": np.roll(d["g"], 5)}),
            "reflection": Move(lambda d, rng: d | {"g": d["g"][::-1].copy()}),
            "units": units({"g": 50}, **{"size 0": 100, "size 1": 100}),
            "last place": last_place("g", "sigma"),
        },
    ),
    "attracted subspaces": Case(
        attracted,
        {"B": SADDLE, "eta": 0.3},
        {
            "rotation of the circle": Move(lambda d, rng: d | {"B": np.roll(np.roll(d["B"], 2, 0), 2, 1)}),
            "reflection": Move(lambda d, rng: d | {"B": d["B"][::-1, ::-1].copy()}),
            "units": units({"B": 30, "eta": -30}),
            "last place": last_place("B", "eta"),
        },
    ),
    "sparsification": Case(
        kept,
        {"lam": RNG.standard_normal(12) ** 3, "s": 4.5, "eps": 0.7},
        {
            "coordinates": permuted(lam=(0,)),
            "units": units({"lam": -33}, variance=-66, **{"its dual": -66}),
            "last place": last_place("lam"),
        },
    ),
    "margins of the flow": Case(
        flow,
        {"z": 3.0, "times": np.array([0.0, 0.3, 5.0, 1e3])},
        {"order": permuted(times=(0,)), "last place": last_place("times")},
    ),
}

CASES: dict[str, Case] = {
    **PROGRAMS, **EXACT, **MOMENTS, **GAUSSIAN, **WORKERS, **SIGNALS, **AVERAGING, **OF_WORKERS, **OF_WALKS, **OF_CURVATURE,
    **OF_LIMITS, **PARITIES, **STATES, **OF_ESTIMATORS, **OF_DIFFERENCES, **OF_PRIVACY, **OF_RADII, **OF_BILEVEL, **OF_GAMES,
}  # fmt: skip

if __name__ == "__main__":  # a child process, with another dispatch than its parent's
    print(json.dumps({name: as_json(case.solve(**case.data)) for name, case in CASES.items() if not case.slow}))
