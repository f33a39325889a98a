"""Any smooth potential: the spread of the chains, of order one or 1/N, on real data, and the bias of their means."""

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, instead, measure
from gradproof.experiments.sampling.sgld import instances as data
from gradproof.experiments.sampling.sgld import measures
from gradproof.experiments.sampling.sgld.measures import BENT, CURVES, Found
from gradproof.experiments.sampling.sgld.measures_runs import ends
from gradproof.experiments.sampling.sgld.methods import Posterior
from gradproof.solvers import gaussian
from gradproof.solvers.gaussian.langevin import METHODS, FiniteSum
from gradproof.theory.sampling import sgld as paper

F = Fraction

# --- the spread ------------------------------------------------------------------------------------------------------------

LAWS = ("invariant", "uniform_indices", "anchor_at_mode")
VARIATE = (*LAWS, "strongly_convex", "convex_minibatches")
DIABETES = {f"{n} rows of diabetes": partial(data.diabetes_regression, n) for n in (60, 110, 221, 442)}
PROBLEMS = {"one column": partial(data.rational, 20, 1), "mean of 10": partial(data.mean_of, 10)} | DIABETES
SHARES = [F(1, 20), F(1, 2)]


@measure(paper.CONTROL_VARIATE, cases(problem=PROBLEMS, method=["sgldfp", "lmc"], share=SHARES).guaranteeing(*VARIATE))
@measure(paper.PITFALL, cases(problem=PROBLEMS, method=METHODS, share=F(1, 20)).guaranteeing(*LAWS, "l_smooth"))
def spread(problem: Any, method: str, share: Fraction) -> Found:
    r"""$\mathrm{tr}\,C$ of regressions, with a prior of precision 1; $\mathbb E\|g\|^2 = \mathrm{tr}(HCH + T(C) + M)$."""
    quadratic: FiniteSum = problem()
    H, per = quadratic.H, quadratic.per_sample
    if quadratic.exact:  # one dimension
        mu, L, L_h = H[0, 0], H[0, 0], max(per[:, 0, 0])
    else:
        (mu, *_, L), L_h = np.linalg.eigvalsh(H).tolist(), float(np.linalg.eigvalsh(per).max())
    gamma = share * 2 / L_h
    law = gaussian.covariance(quadratic, gamma, method)
    known = measures.terms(quadratic, law.matrix, gamma, method, 1)
    known |= {"g2": known["hch"] + known["tT"] + known["m"], "L": L, "mu": mu, "L_h": L_h}
    return law.trace if quadratic.exact else around(law.trace, law.trace_error), known


MEANS = {f"mean of {n}": partial(data.mean_of, n) for n in (10, 40)}
replacing(paper.CONTROL_VARIATE, "SGLD", spread, cases(problem=MEANS, method="sgld", share=F(1, 2)))
TURNS = {"-2 and 4": partial(data.mean_of, 2, (-2, 4))}
breaking(paper.CONTROL_VARIATE, "convex_minibatches", spread, cases(problem=TURNS, method="sgldfp", share=F(1, 5)))


def spread_after(steps: int) -> Found:
    r"""$\mathbb E\delta^2$ of LMC with $H = 1$ after some steps of 1/10 from the mode."""
    gamma, c = F(1, 10), F(0)
    for _ in range(steps):
        c = (1 - gamma) ** 2 * c + 2 * gamma
    return c, {"gamma": gamma, "d": 1, "w": 1, "g2": c, "L": 1}


breaking(paper.PITFALL, "invariant", spread_after, steps=3)

REAL = {f"breast cancer, {n} rows": partial(data.projected, rows=n) for n in (140, 569)}
LIBSVM = {n: partial(data.projected, n) for n in ("mushrooms", "a9a", "w8a")}
SYNTHETIC = {"N = 10^5, d = 50": data.synthetic}
LOGISTIC = cases(problem=REAL, n=400, steps=60).guaranteeing(*VARIATE)
FILES = cases(problem=LIBSVM, n=2_000, steps=100).guaranteeing(*VARIATE)
MILLION = cases(problem=SYNTHETIC, n=1_000_000, steps=100).guaranteeing(*VARIATE)


@measure(paper.CONTROL_VARIATE, MILLION, budget="gpu", name="spread_of_a_million_logistic_chains")
@measure(paper.CONTROL_VARIATE, FILES, budget="full", name="spread_of_logistic_chains_on_libsvm")
@measure(paper.CONTROL_VARIATE, LOGISTIC)
def spread_of_logistic_chains(
    problem: Any, n: int, steps: int, keys: Any, backend: str, method: str = "sgldfp"
) -> tuple[Sample, dict[str, float]]:
    r"""$\mathbb E\|\theta_t - \theta^*\|^2$ of logistic regression with rows of length one, from the mode, $\gamma = 1/L_h$."""
    posterior: Posterior = problem()
    L = posterior.prior + posterior.N / 4
    delta = ends(keys, backend, posterior, 1 / L, method, posterior.mode(), steps, n)
    return Sample((delta**2).sum(axis=1)), {"gamma": 1 / L, "d": posterior.d, "mu": posterior.prior, "L_h": L}


for _where, _budget in ((LOGISTIC, "quick"), (FILES, "full"), (MILLION, "gpu")):
    instead(
        paper.CONTROL_VARIATE, "SGLD, whose spread does not fall with N", spread_of_logistic_chains,
        _where.let(method=lambda: "sgld"), budget=_budget, name=f"logistic_sgld_{_budget}",
    )  # fmt: skip


# --- the bias of the mean --------------------------------------------------------------------------------------------------


def on_the_line(
    slope: float, shift: float, eta: float, N: float, method: str
) -> tuple[list[tuple[float, float]], dict[str, float]]:
    r"""$\mathbb E\delta$, $\mathbb E\delta^2$ and $\mathbb E|\delta|^3$ for $U = Nu$ with a bent u by quadrature; and derivatives.

    SGLD takes $2Nu_1'$ or $2Nu_2'$, with the bend in $u_1$ alone: half of the samples each.
    """
    bent = data.bent(slope, shift)
    at = data.minimiser(bent)
    halves = [lambda x: 2 * bent(x) - x, lambda x: x]
    anchored = [lambda x: 2 * (bent(x) - bent(at)) - (x - at), lambda x: x - at]
    parts = {"lmc": [bent], "sgld": halves, "sgldfp": anchored}[method]

    def scaled(f: Any, y: np.ndarray) -> np.ndarray:
        return N * f(at + y)

    moments = gaussian.langevin_on_the_line(
        [partial(scaled, f) for f in parts], eta / N, [lambda y: y, lambda y: y**2, lambda y: np.abs(y) ** 3],
        centre=0.0, reach=(4.0 if method == "sgld" else 0.0) + 10 / N**0.5,
    )  # fmt: skip
    s = 1 / (1 + float(np.exp(shift - slope * at)))
    u2, u3 = 1 + slope**2 * s * (1 - s), slope**3 * s * (1 - s) * (1 - 2 * s)
    return moments, {"u2": N * u2, "u3": N * u3, "mu": N, "M3": N * slope**3 * 3**0.5 / 18, "M4": N * slope**4 / 8}


LINES = [
    {"eta": 0.2, "method": "lmc", "N": 1.0}, {"eta": 0.2, "method": "lmc", "N": 100.0},
    {"eta": 0.2, "method": "sgldfp", "N": 100.0},
    {"eta": 0.2, "method": "sgld", "N": 10.0}, {"eta": 0.2, "method": "sgld", "N": 100.0},
]  # fmt: skip
LINE = {"slope": CURVES[0][0], "shift": CURVES[0][1]}


@measure(paper.MEAN_BIAS, cases(at=LINES, **LINE).guaranteeing("centred", "strongly_convex", "hessian_lipschitz"))
def squared_bias(slope: float, shift: float, eta: float, N: float, method: str, flat: bool = False) -> Found:
    r"""$(\mathbb E\theta - \theta^*)^2$ on the line by quadrature; ``flat``: of a bent U that is taken for a quadratic."""
    ((mean, error), (V, off), _), known = on_the_line(slope, shift, eta, N, method)
    low, high = max(abs(mean) - error, 0.0) ** 2, (abs(mean) + error) ** 2
    return Enclosed(low, high, "quadrature"), {
        "mu": known["mu"],
        "M3": 0.0 if flat else known["M3"],
        "V": max(V - off, 0.0),
    }


@measure(paper.MEAN_BIAS, cases(N=[1.0, 50.0]).guaranteeing("centred", "strongly_convex", "hessian_lipschitz"))
def squared_bias_in_space(N: float) -> Found:
    r"""LMC on a sum of three bent potentials of as many coordinates, by quadrature of each."""
    low = high = V = M3 = 0.0
    for curve in BENT:
        ((mean, error), (v, off), _), known = on_the_line(**{**curve, "eta": 0.2}, N=N, method="lmc")
        low, high = low + max(abs(mean) - error, 0.0) ** 2, high + (abs(mean) + error) ** 2
        V, M3 = V + v - off, max(M3, known["M3"])
    return Enclosed(low, high, "quadrature"), {"mu": N, "M3": M3, "V": V}


@measure(paper.EXPANSION, cases(at=LINES, **LINE).guaranteeing("centred", "third_derivative_lipschitz"))
def what_the_first_order_leaves(
    slope: float, shift: float, eta: float, N: float, method: str, flat: bool = False
) -> Iterator[Found]:
    r"""$\mp(U''\mathbb E\delta + \frac12U'''\mathbb E\delta^2)$ on the line by quadrature."""
    ((mean, error), (V, off), (third, rest)), known = on_the_line(slope, shift, eta, N, method)
    left, size = known["u2"] * mean + known["u3"] * V / 2, known["u2"] * error + abs(known["u3"]) * off / 2
    for sign in (1 if left > 0 else -1,) if flat else (-1, 1):
        yield (
            around(sign * left, size, "quadrature"),
            {"M4": 0.0 if flat else known["M4"], "m3": max(third - rest, 0.0)},
        )


def bias_after(steps: int) -> Found:
    r"""$(\mathbb E\delta)^2$ for $U = \theta^2/2$ after some steps of 1/10 from 1."""
    return F(9, 10) ** (2 * steps), {"mu": 1, "M3": 0, "V": 1}


def first_order_after(steps: int) -> Found:
    r"""$-U''\mathbb E\delta\,e$ for $U = \theta^2/2$ after some steps of 1/10 from 1, $e = -1$."""
    return F(9, 10) ** steps, {"M4": 0, "m3": 1}


breaking(paper.MEAN_BIAS, "centred", bias_after, steps=3)
breaking(paper.EXPANSION, "centred", first_order_after, steps=3)

BENT_LINE = {**LINE, "eta": 0.2, "method": "lmc", "N": 10.0, "flat": True}
breaking(paper.MEAN_BIAS, "hessian_lipschitz", squared_bias, **BENT_LINE)
breaking(paper.EXPANSION, "third_derivative_lipschitz", what_the_first_order_leaves, **BENT_LINE)
