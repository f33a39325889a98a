"""Gradient descent in the gallery: exact worst cases and certificates of the rates in ``theory.classical.gd``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp

from gradproof.experiments.classical._gallery import (
    REGISTRY,
    certificate_of,
    exactly,
    gallery,
    proved_rate,
    same_bound,
)
from gradproof.experiments.engine.check import Certificate, Context, Evidence, certifier, check
from gradproof.experiments.engine.measure import Enclosed, Provable, cases, measure, rounded
from gradproof.solvers.pep import (
    CertificateUnavailable,
    PolyakLojasiewicz,
    Problem,
    Quadratic,
    Smooth,
    SmoothConvex,
    SmoothStronglyConvex,
    Vector,
    WorstCase,
)
from gradproof.solvers.pep.certify.structured import gradient_descent
from gradproof.solvers.pep.model import problem as pep
from gradproof.theory.classical import gd
from gradproof.theory.classical._gd_proofs import LONG, SHORT, contraction, function_value
from gradproof.theory.evidence import Level
from gradproof.theory.proof import Proof
from gradproof.theory.symbolic import Identity

FEW = 8  # steps up to which the exact optimum is searched for without an explicit function


@check(gd.CONTRACTION, level=Level.CERTIFIED)
def contraction_for_all_parameters(ctx: Context) -> Iterator[Evidence]:
    r"""Proofs over $\mathbb{Q}(\mu, L, \gamma)$ of one, two and three steps, short and long; the factors are the claim's."""
    for n in (1, 2, 3):
        for domain in (SHORT, LONG):
            proof = contraction(n, domain=domain)
            yield Certificate(proof, {"N": n})
            yield same_bound(ctx.claim, proof, N=n)


@check(gd.FUNCTION_VALUE, level=Level.CERTIFIED)
def function_value_for_all_parameters(ctx: Context) -> Iterator[Evidence]:
    r"""Proofs over $\mathbb{Q}(L, \gamma)$ of $N = 1, \ldots, 5$ steps of any size up to $1/L$, convex case."""
    for n in range(1, 6):
        proof = function_value(n)
        yield Certificate(proof, {"mu": 0, "N": n})
        yield same_bound(ctx.claim, proof, mu=0, N=n)


def certify_contraction(*, mu=0, L, gamma, N):
    """A proof of the contraction at given rationals, in closed form, for any N."""
    s = exactly({"mu": mu, "L": L, "gamma": gamma, "N": N})
    return Provable(lambda _: Closed(contraction(int(s["N"]), mu=s["mu"], L=s["L"], gamma=s["gamma"])))


def certify_function_value(*, mu=0, L, gamma, N):
    """A proof of the function-value rate at given rationals; in closed form for mu = 0 and gamma <= 1/L."""
    s = exactly({"mu": mu, "L": L, "gamma": gamma, "N": N})
    if s["mu"] == 0 and s["gamma"] * s["L"] <= 1:
        return Provable(lambda _: Closed(function_value(int(s["N"]), L=s["L"], gamma=s["gamma"])))
    return Provable(lambda _: _in_local_form(s, s["mu"], "function-value"))


def certify_gradient_convex(*, L, gamma, N):
    """A proof of the rate of the last gradient at given rationals."""
    return Provable(lambda _: _in_local_form(exactly({"L": L, "gamma": gamma, "N": N}), 0, "gradient"))


def certify_gradient_nonconvex(*, L, gamma, N):
    """A proof of the rate of the smallest gradient at given rationals; of the rate itself for few steps."""
    s = exactly({"L": L, "gamma": gamma, "N": N})
    if s["N"] <= FEW:
        return Provable(lambda bound: certificate_of(REGISTRY[gd.GRADIENT_NONCONVEX.id], s, bound))
    return Provable(lambda _: _in_local_form(s, -s["L"], "smallest-gradient"))


@dataclass(frozen=True)
class Closed:
    """A proof in closed form and the rate that it proves."""

    proof: Proof

    @property
    def bound(self) -> Fraction:
        return proved_rate(self.proof)


def _in_local_form(s: Mapping[str, Fraction], mu: Fraction | int, measure: str):
    """The exact optimum where an explicit function attains it, else the least bound that the multipliers prove."""
    worst = gradient_descent(int(s["N"]), s["gamma"], s["L"], mu, measure=measure)
    try:
        return worst.exact()
    except CertificateUnavailable:
        return worst.certify()


def descend(f: pep.Mapping, x: Vector, gamma, N) -> Vector:
    """N gradient steps."""
    for _ in range(int(N)):
        x = x - gamma * f.gradient(x)
    return x


@gallery(
    gd.CONTRACTION,
    {"mu": 1, "L": 10, "gamma": "1/10", "N": 2},
    {"mu": 1, "L": 10, "gamma": "2/11", "N": 1},
    {"mu": 1, "L": 100, "gamma": "3/200", "N": 2},
    {"mu": 0, "L": 1, "gamma": "5/2", "N": 1},
    broken={"mu": "1/2"},
    drops="strongly-convex",
)
def wc_gradient_descent_contraction(*, mu, L, gamma, N) -> WorstCase:
    r"""$\|x_N - x_*\|^2$ per $\|x_0 - x_*\|^2$ over $F(\mu, L)$."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    x = descend(f, x0, gamma, N)
    f.sample(x)
    return problem.worst_case((x - x_star) ** 2, per=(x0 - x_star) ** 2)


@gallery(
    gd.FUNCTION_VALUE,
    {"mu": 0, "L": 1, "gamma": 1, "N": 1},
    {"mu": 0, "L": 1, "gamma": 1, "N": 5},
    {"mu": 0, "L": 2, "gamma": "1/4", "N": 3},
    {"mu": 0, "L": 1, "gamma": "3/2", "N": 2},
    {"mu": 0, "L": 1, "gamma": "19/10", "N": 3},
    {"mu": "1/10", "L": 1, "gamma": 1, "N": 2},
    {"mu": 1, "L": 4, "gamma": "1/5", "N": 3},
    broken={"L": 2},
    drops="smooth",
)
def wc_gradient_descent(*, mu, L, gamma, N) -> WorstCase:
    r"""$f(x_N) - f_*$ per $\|x_0 - x_*\|^2$ over $F(\mu, L)$."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f(descend(f, x0, gamma, N)) - f(x_star), per=(x0 - x_star) ** 2)


@gallery(
    gd.FUNCTION_CONTRACTION,
    {"mu": "1/10", "L": 1, "gamma": 1, "N": 2},
    {"mu": 1, "L": 5, "gamma": "3/10", "N": 1},
    broken={"mu": "1/100"},
    drops="strongly-convex",
)
def wc_gradient_descent_values(*, mu, L, gamma, N) -> WorstCase:
    r"""$f(x_N) - f_*$ per $f(x_0) - f_*$ over $F(\mu, L)$."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f(descend(f, x0, gamma, N)) - f(x_star), per=f(x0) - f(x_star))


@gallery(
    gd.GRADIENT_CONTRACTION,
    {"mu": "1/10", "L": 1, "gamma": 1, "N": 2},
    {"mu": 1, "L": 5, "gamma": "7/20", "N": 2},
    broken={"mu": "1/100"},
    drops="strongly-convex",
)
def wc_gradient_descent_gradients(*, mu, L, gamma, N) -> WorstCase:
    r"""$\|\nabla f(x_N)\|^2$ per $\|\nabla f(x_0)\|^2$ over $F(\mu, L)$."""
    problem = Problem()
    f = problem.function(SmoothStronglyConvex(mu, L))
    f.minimiser()
    x0 = problem.point("x0")
    return problem.worst_case(f.gradient(descend(f, x0, gamma, N)) ** 2, per=f.gradient(x0) ** 2)


@gallery(
    gd.GRADIENT_CONVEX, {"L": 1, "gamma": 1, "N": 2}, {"L": 2, "gamma": "3/4", "N": 2}, broken={"L": 2}, drops="smooth"
)
def wc_gradient_descent_gradient_norm(*, L, gamma, N) -> WorstCase:
    r"""$\|\nabla f(x_N)\|^2$ per $\|x_0 - x_*\|^2$ over smooth convex functions."""
    problem = Problem()
    f = problem.function(SmoothConvex(L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f.gradient(descend(f, x0, gamma, N)) ** 2, per=(x0 - x_star) ** 2)


@gallery(
    gd.GRADIENT_NONCONVEX,
    {"L": 1, "gamma": 1, "N": 1},
    {"L": 1, "gamma": 1, "N": 4},
    {"L": 2, "gamma": "2/3", "N": 2},
    broken={"L": 3},
    drops="smooth",
)
def wc_gradient_descent_nonconvex(*, L, gamma, N) -> WorstCase:
    r"""$\min_k \|\nabla f(x_k)\|^2$ per $f(x_0) - \inf f$ over smooth functions."""
    problem = Problem()
    f = problem.function(Smooth(L))
    x = x0 = problem.point("x0")
    best = problem.value("best", scale=float(L))
    for k in range(int(N) + 1):
        problem.assume(best <= f.gradient(x) ** 2)
        if k < N:
            x = x - gamma * f.gradient(x)
    return problem.worst_case(best, per=f(x0) - f.lower_bound())


@gallery(
    gd.QUADRATICS,
    {"L": 1, "gamma": 1, "N": 1},
    {"L": 1, "gamma": 1, "N": 3},
    {"L": 2, "gamma": "19/20", "N": 2},
    broken={"convex": 1},
    drops="quadratic",
    proves=False,
    instance=False,
)
def wc_gradient_descent_quadratics(*, L, gamma, N, convex=0) -> WorstCase:
    r"""$f(x_N) - f_*$ per $\|x_0 - x_*\|^2$ over convex quadratics."""
    problem = Problem()
    f = problem.function(SmoothConvex(L) if convex else Quadratic(0, L))
    x_star, x0 = f.minimiser(), problem.point("x0")
    return problem.worst_case(f(descend(f, x0, gamma, N)) - f(x_star), per=(x0 - x_star) ** 2)


@check(gd.QUADRATICS, level=Level.SYMBOLIC)
def largest_over_the_spectrum(ctx: Context) -> Iterator[Evidence]:
    r"""An eigenvalue $t$ gives $t (1-\gamma t)^{2N}/2$: rising to $1/(\gamma (2N+1))$, falling to 0, then rising to $t = L$."""
    t = sp.Symbol("t", positive=True)  # in units of 1/gamma
    step = sp.Rational(2, 3)
    names = [ctx.claim.parameter(p).symbol for p in ("L", "gamma", "N")]
    # N and gamma L are special: a certificate, not an argument for all of them
    for n in range(1, 7):
        value = t * (1 - t) ** (2 * n) / 2
        slope = (1 - t) ** (2 * n - 1) * (1 - (2 * n + 1) * t) / 2
        yield Identity(sp.expand(sp.diff(value, t) - slope), f"where it rises and falls, N = {n}")
        for size, top in ((1, sp.Rational(1, 2 * n + 1)), (sp.Rational(7, 4), sp.Rational(7, 4)), (2, 2)):
            claimed = ctx.claim.expression.subs(
                dict(zip(names, (size / step, step, n), strict=True)), simultaneous=True
            )
            yield Identity(
                value.subs(t, top) / step - claimed, f"the larger of the two tops, N = {n}, gamma L = {size}"
            )


@measure(
    gd.QUADRATICS,
    cases(N=[1, 3, 10], gamma=[Fraction(1, 4), Fraction(1, 2), Fraction(19, 20)], L=[2]).guaranteeing("quadratic"),
)
def random_quadratics(rng, N, gamma, L) -> Enclosed:
    """The worst of random convex quadratics in 20 dimensions, from random starts and from each eigenvector."""
    d = 20
    basis = np.linalg.qr(rng.normal(size=(d, d)))[0]
    Q = basis * rng.uniform(0, L, d) @ basis.T
    starts = np.concatenate([rng.normal(size=(30, d)), basis.T])
    x = starts
    for _ in range(N):
        x = x - float(gamma) * x @ Q
    ratios = np.einsum("bi,ij,bj->b", x, Q, x) / 2 / np.sum(starts**2, axis=1)
    return rounded(float(ratios.max()), (N + 1) * d, L)  # N + 1 products with Q, at unit starts


@gallery(
    gd.PL,
    {"mu": "1/10", "L": 1, "gamma": 1, "N": 1},
    {"mu": "1/5", "L": 2, "gamma": "1/4", "N": 3},
    broken={"mu": "1/100"},
    drops="pl",
    instance=False,
)
def wc_gradient_descent_pl(*, mu, L, gamma, N) -> WorstCase:
    r"""$f(x_N) - f_*$ per $f(x_0) - f_*$ under the Polyak-Lojasiewicz inequality."""
    problem = Problem()
    f = problem.function(PolyakLojasiewicz(mu, L))
    f.minimiser()
    x0 = problem.point("x0")
    low = f.lower_bound()
    return problem.worst_case(f(descend(f, x0, gamma, N)) - low, per=f(x0) - low)


certifier(gd.CONTRACTION)(certify_contraction)
certifier(gd.FUNCTION_VALUE)(certify_function_value)
certifier(gd.GRADIENT_CONVEX)(certify_gradient_convex)
certifier(gd.GRADIENT_NONCONVEX)(certify_gradient_nonconvex)
