"""Runs of EF21 and its relatives on real data and on synthetic least squares, on every array library."""

from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.communication.ef21 import instances, methods
from gradproof.experiments.communication.ef21.instances import Constants, Trace, trace
from gradproof.experiments.communication.ef21.measures import SMOOTH, paper_weights, psi_weight, sharp_weights
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.measure import Cases, Sample, around, cases, measure, rounded
from gradproof.experiments.engine.run import run, start
from gradproof.experiments.instances import compressors as C
from gradproof.experiments.instances import data as data_sets
from gradproof.experiments.instances.finite_sums import LeastSquares, Logistic
from gradproof.solvers.ef_lyapunov import L_rf, overlap
from gradproof.theory.communication import ef21

RUNS = ["breast_cancer", "sine"]
SIZES = ["digits", "mushrooms", "phishing", "a9a", "w8a"]
SUM = 2**8  # roundings in a sum of some hundred terms through a dozen operations


# --- step by step ------------------------------------------------------------------------------------------------------------


@measure(ef21.DISTORTION, cases(problem=[instances.breast_cancer]).guaranteeing("contractive"))
def errors_along_runs(problem, backend):
    """$|e_i^{t+1}|^2$ of every worker at 100 steps of EF21 with Top1 at four step sizes."""
    P, on = problem(), array_library(backend)
    gammas = np.array(list(Constants.of(P).steps(1 / P.d).values()))
    method = methods.ef21(on.move(P), on.asarray(gammas), C.TopK(1))
    record = {"e2": methods.errors2, "grad": lambda s: s.grad}
    out = run(method, on.asarray(start(np.zeros(P.d), settings=len(gammas))), 100, record=record)
    e2, grad = out.e2.values, out.grad.values
    before, after = e2[:, :, :-1].ravel(), e2[:, :, 1:].ravel()
    known = {"alpha": 1 / P.d, "e2": before, "u2": ((grad[:, :, 1:] - grad[:, :, :-1]) ** 2).sum(-1).ravel()}
    return rounded(after, SUM, size=before + (grad[:, :, 1:] ** 2).sum(-1).ravel()), known


@measure(
    ef21.LYAPUNOV_AM,
    cases(data=RUNS, step=["qm", "am", "root", "sharp"], weights_of=[paper_weights]).guaranteeing(*SMOOTH),
)
@measure(ef21.SHARP_DESCENT, cases(data=RUNS, step=["am", "sharp"], weights_of=[sharp_weights]).guaranteeing(*SMOOTH))
def lyapunov_along_runs(data, step, weights_of, backend):
    """$V^{t+1}$ at every step of EF21 with Top1; ``sharp`` is 9/10 of the threshold."""
    t = instances.quick(data, backend)
    k, known = list(t.gammas).index(step), t.parameters(step)
    V = (t.f + t.G(np.array(weights_of(known["gamma"], t.at.L_i, t.at.L_AM, t.alpha), float)))[k, 0]
    at = {"V": V[:-1], "grad2": t.grad2[k, 0, :-1], "dx2": known["gamma"] ** 2 * t.g2[k, 0, :-1]}
    return rounded(V[1:], SUM, size=V[:-1]), known | at


@measure(
    ef21.TIGHT_SINGLE_WORKER,
    cases(K=[1, 15]).guaranteeing("strongly_convex", "smooth_f", "contractive", "optimal_step"),
)
def contraction_with_one_worker(K, backend):
    """$V^+/V$ at 150 steps of EF21 with Top-K on least squares with real data, one worker."""
    P = instances.breast_cancer_squares(1)
    H, alpha = 2 * np.linalg.eigvalsh(P.A[0].T @ P.A[0] / P.m), K / P.d
    eta = float(ef21.step_size_single_worker(float(H[0]), float(H[-1]), alpha))
    t = trace(P, 150, compressor=C.TopK(K), gammas={"best": eta}, backend=backend)
    V = np.sqrt(1 - alpha) * t.grad2[0, 0] + t.e2[0, 0, :, 0]
    return rounded(V[1:] / V[:-1], SUM), {"mu": float(H[0]), "L": float(H[-1]), "alpha": alpha}


@measure(ef21.W_EQUIVALENCE, cases(compress=[C.TopK(1), C.Scalar(0.5)]).guaranteeing("positively_homogeneous"))
def distance_with_dyadic_weights(compress, backend):
    """$\\max|x^t_{EF21} - x^t_{EF21-W}|$ over 100 steps, n w = (1/2, 1/2, 1, 2): floats scale exactly, the bits are the same."""
    on = array_library(backend)
    P, w = on.move((instances.breast_cancer(4), np.array([0.125, 0.125, 0.25, 0.5])))
    x0 = on.asarray(start(np.ones(P.d)))
    pair = (methods.ef21(P, 0.01, compress), methods.ef21_w(P, 0.01, compress, w))
    plain, weighted = (run(m, x0, 100, record={"x": lambda s: s.x}).x.values for m in pair)
    return Fraction(float(np.abs(plain - weighted).max()))


# --- averages of the squared gradient ----------------------------------------------------------------------------------------


def average_of(t: Trace, step: str, weights: Any = None) -> Any:
    """The average over a run, and the claims' parameters. Its first terms, where no gradient cancels, make it."""
    weights = np.ones(t.problem.n) if step == "qm" else weights
    return rounded(float(t.average(step)[0]), 2**12), t.parameters(step, weights)


def both(where: Cases, budget: str = "quick") -> Any:
    """Of the quadratic and of the arithmetic mean, each at its own step size."""

    def decorate(function: Any) -> Any:
        for claim, step in ((ef21.NONCONVEX_QM, "qm"), (ef21.NONCONVEX_AM, "am")):
            measure(claim, where.let(step=lambda step=step: step).guaranteeing(*SMOOTH), budget=budget)(function)
        return function

    return decorate


@both(cases(data=RUNS))
def average_gradient(data, step, backend):
    r"""$\frac1T\sum_{t<T}|\nabla f(x^t)|^2$ of EF21 with Top1, T = 200 and 300."""
    return average_of(instances.quick(data, backend), step)


@both(cases(data=SIZES, clients=[20, 100, 1000]), budget="full")
def average_gradient_on_larger_sets(data, clients, step, backend):
    """The same over 30 steps, rows ordered by norm and split over the clients."""
    P = data_sets.logistic(data, clients)
    return average_of(trace(P, 30, gammas={step: Constants.of(P).steps(1 / P.d)[step]}, backend=backend), step)


@both(cases(data=["log-normal clients"]), budget="gpu")
def average_gradient_of_a_thousand_clients(step, rng, backend, n=1000, d=10_000, steps=100):
    """The same on logistic loss, two Gaussian rows of mean 1 a client, of log-normal scale over the clients; Top100, 100 steps."""
    A = (1 + rng.standard_normal((n, 2, d))) * np.exp(rng.standard_normal((n, 1, 1)) / 2) / np.sqrt(d)
    P, top = Logistic(A, np.ones((n, 2)), 1e-3), C.TopK(max(d // 100, 1))
    gammas = {step: Constants.of(P).steps(top.alpha(d))[step]}
    return average_of(trace(P, steps, compressor=top, gammas=gammas, backend=backend), step)


@measure(ef21.HETERO_COMPRESSORS, cases(data=["breast_cancer"]).guaranteeing(*SMOOTH))
def average_with_different_compressors(backend):
    """The same over 200 steps, Top-K_i with K_i = 1, 3, 5, ... on the clients of breast_cancer."""
    P = instances.breast_cancer()
    each, at = C.PerClient(tuple(C.TopK(1 + 2 * i) for i in range(P.n))), Constants.of(P)
    alpha_i = each.alpha_i(P.d)
    share = np.array(at.L_i) * ef21.xi(np.array(alpha_i))
    t = trace(P, 200, compressor=each, gammas={"own": 1 / (at.L + float(share.mean()))}, backend=backend)
    value, known = average_of(t, "own", share.mean() / share / ef21.theta(np.array(alpha_i)))
    return value, known | {"L_i": at.L_i, "alpha_i": alpha_i, "D0": known["G0"]}


@measure(ef21.RARE_FEATURES, cases(data=["breast_cancer"]).guaranteeing(*SMOOTH, "rare_features"))
def average_with_rare_features(backend):
    """The same over 300 steps, client i sees features 3i, ..., 3i + 5 only (cyclically), Top2 inside them, no regulariser."""
    P, supports = instances.rare_breast_cancer()
    at, alpha = Constants.of(P), 2 / overlap(supports)[1]
    rare = float(L_rf(at.L_i, supports))
    gamma = 1 / (at.L + rare * float(ef21.xi(alpha)))
    t = trace(P, 300, compressor=C.TopK(2), alpha=alpha, gammas={"rare": gamma}, backend=backend)
    value, known = average_of(t, "rare", rare / np.array(at.L_i))
    return value, known | {"L_rf": rare}


@measure(ef21.PARTIAL_PARTICIPATION, cases(p=0.5, seeds=200).guaranteeing(*SMOOTH, "independent_participation"))
def average_with_partial_participation(p, seeds, keys, backend):
    """Its mean over 200 seeds, 40 steps of EF21-PP with Top5 on breast_cancer."""
    P, top = instances.breast_cancer(), C.TopK(5)
    gamma = Constants.of(P).steps(p * top.alpha(P.d))["am"]
    t = trace(
        P, 40, compressor=top, gammas={"am": gamma}, method=lambda Q, g: methods.ef21_pp(Q, g, top, p), seeds=seeds,
        draw=lambda draws: draws.uniform((P.n,)), stream=keys(settings=[gamma], seeds=seeds), backend=backend,
    )  # fmt: skip
    return Sample(t.average("am")), t.parameters("am")


@measure(ef21.SGD, cases(sigma=0.1, seeds=200).guaranteeing(*SMOOTH, "unbiased_gradients"))
def average_with_noise(sigma, seeds, keys, backend):
    """Its mean over 200 seeds, 40 steps of EF21-SGD with Gaussian noise of size sigma and Top15 on breast_cancer."""
    P, top = instances.breast_cancer(), C.TopK(15)
    at, root = Constants.of(P), (1 - top.alpha(P.d)) ** 0.25
    gamma = 1 / (at.L + at.L_AM * (root**3 / (1 - root) / (1 - root**2)) ** 0.5)
    t = trace(
        P, 40, compressor=top, gammas={"sgd": gamma}, method=lambda Q, g: methods.ef21_sgd(Q, g, top), seeds=seeds,
        draw=lambda draws: sigma / P.d**0.5 * draws.normal((P.n, P.d)), stream=keys(settings=[gamma], seeds=seeds),
        backend=backend,
    )  # fmt: skip
    return Sample(t.average("sgd")), t.parameters("sgd") | {"sigma2": float(np.mean(sigma**2 / np.array(at.L_i)))}


# --- linear rates ------------------------------------------------------------------------------------------------------------


SQUARES = {
    "breast_cancer": instances.breast_cancer_squares,
    "sine": lambda: LeastSquares(instances.sine().A, instances.sine().b, 0.0),
}
LINEAR = cases(problem=SQUARES).guaranteeing(*SMOOTH, "PL")


@measure(ef21.PL, LINEAR.let(refined=lambda: False))
@measure(ef21.PL_REFINED, LINEAR.let(refined=lambda: True))
def psi_along_runs(problem, refined, backend):
    r"""$\Psi^T$ at T = 1, ..., 400 of EF21 with Top-d/2 on least squares."""
    P = problem()
    top, at, rows = C.TopK(P.d // 2), Constants.of(P), P.A.reshape(-1, P.d)
    alpha, mu = top.alpha(P.d), 2 * float(np.linalg.eigvalsh(rows.T @ rows / len(rows))[0])
    least = float(P.values(np.linalg.lstsq(rows, P.b.ravel(), rcond=None)[0]).mean())
    gamma = float((ef21.step_size_pl_refined if refined else ef21.step_size_pl)(mu, at.L, at.L_AM, alpha)) * (1 - 1e-9)
    weight = psi_weight(refined, gamma, mu, float(ef21.theta(alpha)))
    t = trace(P, 400, compressor=top, gammas={"pl": gamma}, backend=backend)
    Psi = (t.f - least + weight * t.G())[0, 0]
    known = t.parameters("pl") | {"mu": mu, "T": np.arange(1, t.T + 1), "Psi0": float(Psi[0])}
    return around(Psi[1:], 2.0**-44 * (abs(least) + Psi[1:])), known
