"""What follows for many steps: copies of the chain, the limit's trajectories and fixed points, and the law near zero signal."""

from collections.abc import Iterator
from fractions import Fraction as F

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.experiments.engine.controls import breaking, replacing
from gradproof.experiments.engine.measure import Bracket, Enclosed, Holds, Sample, cases, enclosed, measure
from gradproof.experiments.limits.sgd_limits.instances import limit_drift
from gradproof.experiments.limits.sgd_limits.measures_steps import ALL, NOISE, TENSOR
from gradproof.experiments.limits.sgd_limits.methods import closed_chain
from gradproof.solvers import polynomial_flow, spiked_tensor
from gradproof.solvers.exact.balls import ball
from gradproof.theory.evidence import Level
from gradproof.theory.limits import sgd_limits as paper
from gradproof.theory.symbolic import Identity

# --- trajectories ----------------------------------------------------------------------------------------------------------

BALLISTIC = (*ALL, "critical_step", "high_dimension")
STARTS = [
    {"m0": F(1, 10), "r0": F(1)}, {"m0": F(3, 10), "r0": F(1, 2)}, {"m0": F(1), "r0": F(3)}, {"m0": F(1, 2), "r0": F(0)}
]  # fmt: skip
SPANS = cases(start=STARTS, lam=[F(4, 5), F(8, 5)], t=F(1, 8), c=F(1))


@measure(paper.TRAJECTORY, SPANS.guaranteeing(*BALLISTIC))
@measure(
    paper.TRAJECTORY, cases(start=STARTS, lam=[F(6, 5), F(8, 5)], t=F(2), c=[F(1), F(2, 3)]).guaranteeing(*BALLISTIC),
    budget="full", name="longer_trajectories",
)  # fmt: skip
def enclosed_trajectory(m0, r0, lam, c, t, share=F(1)):
    """Taylor steps of the limit in ball arithmetic; ``share``: of the corrector."""

    def field(y):  # numbers at the precision that the solver asks for
        m, r2 = y
        R2 = m * m + r2
        return m * ball(4 * lam) - m * R2 * 4, (r2 - ball(c * share)) * R2 * (-8)

    low, high = polynomial_flow.flow(field, (m0, r0), t)[0]
    return Enclosed(max(low, F(0)) ** 2, high * high, "truncation")  # m > 0 is kept


TOGETHER = {"start": [STARTS[1]], "lam": F(6, 5), "t": F(1, 4), "c": F(1)}
breaking(paper.TRAJECTORY, "critical_step", enclosed_trajectory, share=F(0), **TOGETHER)
breaking(paper.TRAJECTORY, NOISE, enclosed_trajectory, share=F(2), **TOGETHER)

CHAINS = cases(start=[{"m0": 0.3, "r0": 0.5}], lam=[0.8, 1.2], t=0.3, c=1.0, n=3000, runs=250)


@measure(paper.TRAJECTORY, CHAINS.guaranteeing(*BALLISTIC))
@measure(
    paper.TRAJECTORY, cases(start=[{"m0": 0.3, "r0": 0.5}], lam=[0.8, 1.2], t=0.3, c=1.0, n=100_000, runs=2000)
    .guaranteeing(*BALLISTIC), budget="full", name="chains_at_a_hundred_thousand",
)  # fmt: skip
def trajectory_of_chains(m0, r0, lam, c, t, n, runs, rng, longer=1.0):
    """$m^2$, cut at 1, of closed chains in a large dimension, which stands for the limit: it is apart by the order of 1/n."""
    delta = longer * c / n
    m, _ = closed_chain(np.full(runs, m0), np.full(runs, r0), n, 2, lam, delta, round(t / delta), rng)
    return Sample(np.fmin(abs(m), 1.0) ** 2, at_most=1.0)  # where a chain blows up, 1


FEW = {"start": [{"m0": 0.1, "r0": 0.5}], "lam": 1.2, "t": 0.3, "c": 1.0, "runs": 1000}
breaking(paper.TRAJECTORY, "high_dimension", trajectory_of_chains, **FEW, n=10)
breaking(paper.TRAJECTORY, "critical_step", trajectory_of_chains, **FEW, n=3000, longer=200.0)  # chains blow up


@check(paper.TRAJECTORY, level=Level.SYMBOLIC)
def the_closed_form_solves_the_equations(ctx: Context) -> Iterator[Evidence]:
    """m^2 = m0^2 e^{8 lam t}/Z and r^2 = c + (r0 - c)/Z solve the equations iff Z' = 8 Z (m^2 + r^2), which is linear in Z."""
    lam, c, m0, r0, t = ctx.symbols("lam", "c", "m0", "r0", "t")
    E, G = sp.symbols("E G", positive=True)  # e^{8 c t} and e^{8 lam t}
    Z = r0 / c * E - (r0 - c) / c + m0**2 * (G - E) / (lam - c)
    rise = 8 * c * E * sp.diff(Z, E) + 8 * lam * G * sp.diff(Z, G)
    yield Identity(rise - 8 * (m0**2 * G + c * Z + r0 - c), "the equation of Z")
    yield Identity(Z.subs({E: 1, G: 1}) - 1, "the start")
    claimed = ctx.claim.expression.subs({sp.exp(8 * c * t): E, sp.exp(8 * lam * t): G})
    yield Identity(claimed * Z - m0**2 * G, "the claim is this solution")


# --- fixed points ----------------------------------------------------------------------------------------------------------

RESTS = cases(k=[1, 2, 3, 4], c=[F(1), F(4, 9)], m=[F(1, 2), F(3)])
REST = (TENSOR, "fixed_point")


def resting(m, c, k):
    """The signal-to-noise ratio at which m' = 0 at (m, c): m' is linear in it."""
    without, slope = limit_drift(m, c, k, 0), limit_drift(m, c, k, 1) - limit_drift(m, c, k, 0)
    return -without / slope


@measure(paper.FIXED_POINTS, RESTS.guaranteeing(*REST))
def signal_at_rest(k, c, m, share=F(1), more=0):
    r"""$\lambda m^{k-2}$ where the mean gradient along v vanishes, entry by entry; ``share``: of the corrector; ``more`` slots."""
    return resting(m, c * share, k + more) * m ** (k - 2)


breaking(paper.FIXED_POINTS, "fixed_point", signal_at_rest, k=[2, 3], c=F(1), m=F(1), share=F(0))
breaking(paper.FIXED_POINTS, TENSOR, signal_at_rest, k=2, c=F(1), m=F(1), more=1)


@measure(paper.RATE, RESTS.guaranteeing(*REST))
def rate_at_rest(k, c, m, off=F(0)):
    r"""The derivative of the mean gradient along v where it vanishes; ``off``: at another signal."""
    x = sp.Symbol("x")
    drift = limit_drift(x, c, k, resting(m, c, k) + off)
    return sp.Rational(sp.diff(drift, x).subs(x, sp.Rational(m)))


breaking(paper.RATE, "fixed_point", rate_at_rest, k=3, c=F(1), m=F(1), off=F(1))


@measure(paper.RECOVERY, cases(c=[F(1), F(4, 9), F(25)], part=[F(999, 1000), F(1001, 1000)], k=2).guaranteeing(TENSOR))
def stable_at_zero(c, part, k):
    r"""Whether the mean gradient along v restores $m = 0$ at $r^2 = c$."""
    x = sp.Symbol("x")
    return Holds(bool(sp.diff(limit_drift(x, c, k, part * c), x).subs(x, 0) < 0), at=part * c)


replacing(paper.RECOVERY, "tensors of order three", stable_at_zero, c=F(1), part=F(10), k=3)


@measure(paper.CRITICAL_SNR, cases(k=[3, 4, 5], c=F(4, 3)).guaranteeing(*REST))
def signal_by_counting_roots(k, c, share=F(1)):
    """Where Sturm's theorem begins to count fixed points; ``share``: of the corrector."""
    return Bracket(*spiked_tensor.critical_signal(k, c * share, width=F(1, 10**6)))


breaking(paper.CRITICAL_SNR, "fixed_point", signal_by_counting_roots, k=3, c=F(1), share=F(1, 100))


@check(paper.CRITICAL_SNR, level=Level.SYMBOLIC)
def the_roots_meet(ctx: Context) -> Iterator[Evidence]:
    """At m^2 = c(k-2)/k the logarithm of the curve has the slope zero, and the claim's value; j = k - 2."""
    k, c = ctx.symbols("k", "c")
    j, q = sp.symbols("j q", positive=True)
    curve = (j + 1) * sp.log(q + c) - j * sp.log(q) / 2
    at = c * j / (j + 2)
    yield Identity(sp.diff(curve, q).subs(q, at), "the slope")
    names = {sp.log(x): sp.Symbol(f"log{i}") for i, x in enumerate((c, j, j + 1, j + 2, sp.Integer(2)))}

    def logs(e: sp.Expr) -> sp.Expr:
        e = sp.expand_log(e, force=True)
        return e.replace(sp.log, lambda a: sp.expand_log(sp.log(sp.factor(a)), force=True)).subs(names)

    claimed, value = logs(sp.log(ctx.claim.expression.subs(k, j + 2))), logs(curve.subs(q, at))
    yield Identity(sp.expand(claimed - value), "the value")


@measure(paper.CUBIC, cases(c=[F(1), F(2, 7), F(5)]).guaranteeing(*REST))
def squared_signal_by_a_discriminant(c, share=F(1)):
    """The largest L at which $(q + c)^4 = Lq$ has a double root."""
    q, L = sp.symbols("q L")
    meets = sp.discriminant(sp.Poly((q + sp.Rational(c * share)) ** 4 - L * q, q))
    return max(sp.roots(sp.Poly(meets, L)))


breaking(paper.CUBIC, "fixed_point", squared_signal_by_a_discriminant, c=F(1), share=F(1, 100))

# --- near zero signal ------------------------------------------------------------------------------------------------------


@measure(paper.OU_VARIANCE, cases(lam=[F(0), F(2, 5), F(9, 10)], c=[F(1), F(9, 4)]).guaranteeing("stationary"))
def settled_variance(lam, c, time=None):
    """Noise and slope of the mean gradient at m = 0 entry by entry; the variance that they settle at, or have at a time."""
    x, root = sp.Symbol("x"), F(int(c.numerator**0.5), int(c.denominator**0.5))
    noise = c * spiked_tensor.noise_covariance((F(0), root), 2)[0][0]
    slope = F(str(sp.diff(limit_drift(x, c, 2, lam), x).subs(x, 0)))
    settled = -noise / (2 * slope)
    return settled if time is None else enclosed(lambda: ball(settled) * (1 - ball(2 * slope * time).exp()))


breaking(paper.OU_VARIANCE, "stationary", settled_variance, lam=F(2, 5), c=F(1), time=F(1, 10))
breaking(paper.OU_VARIANCE, "below_recovery", settled_variance, lam=F(6, 5), c=F(1), time=F(1))
