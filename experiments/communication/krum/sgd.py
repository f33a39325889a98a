"""SGD with Krum: convergence, and the ball it contracts to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from gradproof.experiments.communication.krum.laws import (
    LAWS,
    mean_of,
    shifted,
    variance_of,
    worst_on_a_grid,
)
from gradproof.experiments.communication.krum.methods import (
    ATTACKS,
    BatchAttack,
    NoisyQuadratic,
    Rule,
    mean_rule,
    reversed_mean,
    robust_sgd,
)
from gradproof.experiments.engine.backend import backend
from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.draws import ahead, keys
from gradproof.experiments.engine.run import run, start
from gradproof.solvers.order_statistics import (
    exact_moments,
)
from gradproof.solvers.order_statistics import krum as krum_rule
from gradproof.theory.axioms import Form, Member, Point, combine, square
from gradproof.theory.communication import krum
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Proof, Statement, Use
from gradproof.theory.symbolic import Identity


def _noisy_run(ctx: Context, rule: Rule, attack: BatchAttack, steps: int) -> np.ndarray:
    """||grad Q|| of every step of 20 runs from (1, 1, 1), steps 1/(t + 2), noise 1/10 of the gradient, n = 9, f = 2."""
    to, n, f = backend(ctx.backend), 9, 2
    key = to.move(keys(ctx.claim.id.split("~")[0], ctx.scope, ctx.seed, settings=[0], seeds=range(20)))

    draw = ahead(key, lambda random: (random.normal((n - f, 3)), random.normal((f, 3), slot=1)))
    method = robust_sgd(NoisyQuadratic(0.1), lambda k: 1 / (k + 2), f, attack, rule)
    x0 = to.move(start(np.ones(3), seeds=20))
    return np.linalg.norm(run(method, x0, steps, record={"x": lambda s: s.x}, draw=draw).x.values[0], axis=-1)


@check(krum.CONVERGENCE, level=Level.EMPIRICAL)
def gradient_norms_fall(ctx: Context) -> Iterator[Evidence]:
    """20 runs under three attacks: the gradient stays below 1/20 of its start over the second half of 300 steps."""
    for name, attack in ATTACKS.items():
        late = _noisy_run(ctx, krum_rule, attack, 300)[:, 150:].max()
        yield Measurement(
            measured=late, bound=ctx.claim.bound(eps=np.sqrt(3) / 20), error=late * 2.0**-40, error_source="rounding",
            parameters={"attack": name}, n=20,
        )  # fmt: skip


@control(krum.CONVERGENCE, drops="at_most_f: the mean instead of Krum")
def the_mean_does_not_converge(ctx: Context) -> Iterator[Evidence]:
    """Two of nine workers send -5 times the mean of the others: the mean of all points uphill."""
    late = _noisy_run(ctx, mean_rule, reversed_mean(5.0), 300)[:, -1].min()
    yield Measurement(measured=late, bound=ctx.claim.bound(eps=np.sqrt(3) / 20))


@control(krum.CONVERGENCE, drops="noise_below_gradient")
def biased_by_lopsided_noise(ctx: Context) -> Iterator[Evidence]:
    """Noise that does not vanish, from a lopsided law, f = 0: the mean step vanishes where the gradient is the bias."""
    law = LAWS["lopsided"]
    mean, _ = exact_moments(law, 3, 0)
    yield Measurement(measured=abs(mean[0] - mean_of(law)), bound=ctx.claim.bound(eps=Fraction(1, 20)))


def descent() -> Proof:
    """One step from any vector k in place of the gradient: the gap contracts up to gamma/2 ||k - grad Q||^2."""
    domain = (
        Interval("L", "0"),
        Interval("mu", "0", "L", closed_high=True),
        Interval("gamma", "0", "1/L", closed_high=True),
    )
    field = Functions(domain)
    L, mu, gamma, one = field["L"], field["mu"], field["gamma"], field.one
    after = Point("1", combine((one, {"x": one}), (-gamma, {"k": one})), {"h": one}, {"Q1": one})
    before = Point("0", {"x": one}, {"g": one}, {"Q0": one})
    member = Member("Q", "function", {"mu": -L, "L": L, "PL": mu, "lower": "Q*"}, (before, after))
    target = Form({}, {"Q1": one, "Q0": gamma * mu - one, "Q*": -gamma * mu})
    target.add(square(combine((one, {"k": one}), (-one, {"g": one}))), -gamma / 2)
    text = "Q(x - gamma k) - Q* <= (1 - gamma mu)(Q(x) - Q*) + gamma/2 ||k - grad Q(x)||^2"
    statement = Statement(("x", "g", "h", "k"), ("Q0", "Q1", "Q*"), (member,), target, (), domain, text)
    return Proof(statement, (Use("descent", "Q", ("0", "1"), one), Use("pl", "Q", ("0",), gamma / 2)))


@check(krum.SGD_BALL, level=Level.SYMBOLIC)
def descent_and_sum(ctx: Context) -> Iterator[Evidence]:
    """The kernel proves one step for all L, mu, gamma; the bound solves the recursion that follows."""
    yield descent()
    c = ctx.claim
    T, gap, v = krum.T.symbol, krum.gap0.symbol, krum.variance.symbol
    gamma, mu = krum.gamma.symbol, krum.mu.symbol
    after = (1 - gamma * mu) * c.expression + gamma / 2 * krum.ETA2_SHARP * v
    yield Identity(c.expression.subs(T, T + 1) - after, "one more step")
    yield Identity(c.expression.subs(T, 0) - gap - krum.ETA2_SHARP * v / (2 * mu), "the start is below the bound")


@check(krum.SGD_BALL, level=Level.EXACT)
def exact_moments_of_sgd(ctx: Context) -> Iterator[Evidence]:
    """Q = x^2/2 with finite noise and the worst colluders on a grid: E x_T^2 by its recursion, in rationals."""
    for name, law in LAWS.items():
        centred, v = shifted(law, Fraction(0)), variance_of(law)
        for n, f in ((3, 0), (5, 1)):
            (bias,), second = exact_moments(centred, n, f, worst_on_a_grid(f, abs))
            for gamma, x0 in ((Fraction(1, 4), Fraction(2)), (Fraction(1), Fraction(8))):
                m1, m2 = x0, x0 * x0
                for T in range(1, 21):
                    m2 = (1 - gamma) ** 2 * m2 - 2 * gamma * (1 - gamma) * m1 * bias + gamma**2 * second
                    m1 = (1 - gamma) * m1 - gamma * bias
                    if T in (1, 5, 20):
                        bound = ctx.claim.bound(gamma=gamma, L=1, mu=1, T=T, gap0=x0 * x0 / 2, variance=v, n=n, f=f)
                        where = {"law": name, "n": n, "f": f, "gamma": str(gamma), "T": T}
                        yield Measurement(measured=m2 / 2, bound=bound, parameters=where)


@control(krum.SGD_BALL, drops="step")
def too_long_a_step(ctx: Context) -> Iterator[Evidence]:
    """gamma = 5/(2L) without noise: Q = x^2/2 grows by (3/2)^2 a step; mu = 1/10 is a valid constant of it."""
    gamma, T = Fraction(5, 2), 10
    bound = ctx.claim.bound(drop=["step"], gamma=gamma, L=1, mu=Fraction(1, 10), T=T, gap0=1, variance=0, n=5, f=1)
    yield Measurement(measured=(1 - gamma) ** (2 * T), bound=bound)


@control(krum.SGD_BALL, drops="tolerated: the mean instead of Krum")
def sgd_with_a_hijacked_mean(ctx: Context) -> Iterator[Evidence]:
    """One attacker of 20 sends -1000: without noise the fixed point of SGD with the mean is far from the minimum."""
    fixed = Fraction(1000, 19)  # 19 x/20 = 1000/20
    bound = ctx.claim.bound(gamma=Fraction(1, 2), L=1, mu=1, T=100, gap0=fixed**2 / 2, variance=0, n=20, f=1)
    yield Measurement(measured=fixed**2 / 2, bound=bound)
