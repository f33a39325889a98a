"""What is exactly true: expectations over every path in rationals, worst cases of the class, fixed points, cones and volumes."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction as F
from functools import lru_cache, partial
from typing import Any

import flint
import numpy as np
import sympy as sp

from gradproof.experiments.communication.leader_sgd import instances as on
from gradproof.experiments.communication.leader_sgd.instances import Bowl, Estimates, Line
from gradproof.experiments.engine.measure import Bracket, Enclosed, Supremum, around, cases, enclosed, measure
from gradproof.solvers import ellipsoid
from gradproof.solvers.pep import WorstCase
from gradproof.solvers.pulled_step import worst_of_quadratics, worst_one_step
from gradproof.theory.communication import leader_sgd as paper
from gradproof.theory.errors import ParameterError

With = tuple[Any, dict[str, Any]]  # the quantity, and parameters that the instance determines
NOISY = ("smooth", "strongly_convex", "unbiased", "noise")

# --- one step, and every path of a few ----------------------------------------------------------------------------------

POINTS = [
    {"h": (F(1),), "x": (F(2),), "z": (F(1),)},
    {"h": (F(1),), "x": (F(2),), "z": (F(2),)},
    {"h": (F(1, 2),), "x": (F(1),), "z": (F(-3),)},  # the leader is worse
    {"h": (F(1, 4), F(1)), "x": (F(3), F(-1)), "z": (F(-1), F(1))},
    {"h": (F(1, 4), F(2)), "x": (F(0), F(1)), "z": (F(2), F(1, 2))},
]
SIZES = [{"share": F(1, 3), "pull": F(1)}, {"share": F(1), "pull": F(0)}, {"share": F(1), "pull": F(1, 2)}]
STEPS = cases(
    point=POINTS, size=SIZES, noise=[{"sigma2": v, "nu": r} for v, r in ((F(0), F(0)), (F(1, 4), F(0)), (F(1), F(1)))]
)


@measure(paper.ONE_STEP, STEPS.guaranteeing(*NOISY))
def expected_value_after_a_step(
    h: tuple[F, ...], x: tuple[F, ...], z: tuple[F, ...], share: F, pull: F, sigma2: F, nu: F, bias: F = F(0),
    more: F = F(1), stronger: F = F(1),
) -> With:  # fmt: skip
    r"""$\mathbb E f(x^+)$ on $f=\frac12\sum h_jx_j^2$, the noise two-sided along the steepest axis and as large as it may be."""
    M, m = max(h), min(h) * stronger
    eta = share / (2 * M * (nu + 1))
    lam = pull * m / (2 * M * eta)
    g = [c * v for c, v in zip(h, x, strict=True)]
    mean = [v - eta * (s + bias) - eta * lam * (v - w) for v, s, w in zip(x, g, z, strict=True)]
    variance = more * (sigma2 + nu * sum(s * s for s in g))

    def f(y: Any) -> F:
        return sum((c * v * v for c, v in zip(h, y, strict=True)), F(0)) / 2

    at = {"eta": eta, "lam": lam, "M": M, "m": m, "gap_x": f(x), "lead": f(x) - f(z)}
    return f(mean) + eta**2 * M * variance / 2, at


Sizes = tuple[Callable[[int], F], Callable[[int], F], dict[str, F]]  # step, pull and what a claim says of both


def constant(share: F, pull: F) -> Sizes:
    """Step and pull of f = x^2/2 at a share of the longest, without relative noise."""
    eta, lam = share / 2, pull / share
    return lambda k: eta, lambda k: lam, {"eta": eta, "lam": lam}


def decreasing(a: F, pull: F, power: int = 0) -> Sizes:
    """eta_k = 2/(k + a), and lam or lam/(k + a)."""
    lam = pull * a ** (1 + power) / 4
    return lambda k: 2 / (k + a), lambda k: lam / (k + a) ** power, {"a": a, "lam": lam}


def every_path(
    sizes: Sizes, start: tuple[F, ...], noise: F, *, law: Estimates | None = None, choose: Callable[..., Any] = min,
    bias: F = F(0), h: F = F(1), loud: F = F(1), steps: int = 2, only: int | None = None,
) -> Iterator[With]:  # fmt: skip
    """E f(x_N) of every worker (or of one) on f = h x^2/2 after 1, 2, ... steps with noise of plus or minus ``loud * noise``.

    ``choose`` (min or max) picks the leader's estimate; equals are taken for the worst of them, in value. A claim is told that the
    curvature is 1, and the noise as without ``bias`` and ``loud``.
    """
    eta, lam, known = sizes
    now, p = {start: F(1)}, len(start)
    thought = law.law if law else ((F(1), (F(0),) * p),)
    for k in range(steps):
        new: dict[tuple[F, ...], F] = {}
        for x, weight in now.items():
            for q, errors in thought:
                seen = [h * v * v / 2 + e for v, e in zip(x, errors, strict=True)]
                z = max((v for v, s in zip(x, seen, strict=True) if s == choose(seen)), key=abs)
                for r, signs in on.signs(p) if noise else [(F(1), (0,) * p)]:
                    y = tuple(
                        v - eta(k) * (h * v + bias + loud * noise * s) - eta(k) * lam(k) * (v - z)
                        for v, s in zip(x, signs, strict=True)
                    )
                    new[y] = new.get(y, F(0)) + weight * q * r
        now = new
        for i, x0 in enumerate(start):
            if only in (None, i):
                at = {**known, "M": F(1), "m": F(1), "nu": F(0), "sigma2": noise**2, "N": k + 1, "gap": h * x0 * x0 / 2}
                yield h * sum((q * x[i] ** 2 for x, q in now.items()), F(0)) / 2, at


STARTS = [(F(1), F(-2)), (F(0), F(3))]
FEW = {"few": [{"start": STARTS[1], "noise": F(1, 2)}, {"start": STARTS[0], "noise": F(0)}]}
AS_THEY_ARE: Mapping[str, Any] = {}  # what a control changes of the paths


@measure(paper.RATE, cases(size=SIZES, **FEW).guaranteeing(*NOISY, "leader"))
def value_on_every_path(
    share: F, pull: F, start: tuple[F, ...], noise: F, but: Mapping[str, Any] = AS_THEY_ARE
) -> Iterator[With]:
    r"""$\mathbb E f(x_N)$ of both workers on $f=\frac12x^2$ after up to two steps, over every path of the noise."""
    return every_path(constant(share, pull), start, noise, **but)


@measure(paper.DECREASING, cases(a=[F(4), F(7)], pull=[F(0), F(1)], **FEW).guaranteeing(*NOISY, "leader"))
def value_on_every_path_of_decreasing_steps(
    a: F, pull: F, start: tuple[F, ...], noise: F, but: Mapping[str, Any] = AS_THEY_ARE
) -> Iterator[With]:
    r"""The same with $\eta_k=2/(k+a)$."""
    return every_path(decreasing(a, pull), start, noise, **but)


LAWS = [on.extremal(2), on.extremal(5), on.extremal(10), on.extremal(2, F(1, 3)), on.coins((F(0), F(1), F(3)), F(1)),
        on.coins((F(0), F(1, 2)), F(1))]  # fmt: skip


@measure(paper.SELECTION, cases(law=LAWS).guaranteeing("lowest_estimate"))
def loss_of_the_chosen(law: Estimates, choose: Any = min, sure: F = F(1), beside: Any = None) -> Iterator[With]:
    r"""$\mathbb E f(z)-f(x)$ over the joint law of the errors, ties going to the worse; the first laws attain the bound."""
    found = F(0)
    for q, errors in law.law:
        seen = [v + e for v, e in zip(law.values, errors, strict=True)]
        found += q * max(v for v, s in zip(law.values, seen, strict=True) if s == choose(seen))
    yield from ((found - v, {"p": law.p, "sigma_f": sure * law.sigma_f}) for v in beside or law.values)


CHOSEN = (*NOISY, "lowest_estimate", "estimates")
PAIR = {"fair": on.coins((F(0), F(0)), F(2)), "extremal": on.extremal(2, F(9, 4))}


def estimated(found: Iterator[With], law: Estimates, sure: F) -> Iterator[With]:
    """With what a claim is told of the estimates."""
    return ((value, {**at, "p": law.p, "sigma_f": sure * law.sigma_f}) for value, at in found)


@measure(paper.STOCHASTIC, cases(law=PAIR, share=[F(1, 4), F(1)], pull=[F(1)], **FEW).guaranteeing(*CHOSEN))
def value_on_every_path_of_estimates(
    law: Estimates, share: F, pull: F, start: tuple[F, ...], noise: F, sure: F = F(1), but: Mapping[str, Any] = AS_THEY_ARE
) -> Iterator[With]:  # fmt: skip
    r"""$\mathbb E f(x_N)$ of two workers whose leader is chosen by noisy values, over every path of noise and errors."""
    return estimated(every_path(constant(share, pull), start, noise, law=law, **but), law, sure)


@measure(paper.STOCHASTIC_DECREASING, cases(law=PAIR, a=[F(4), F(7)], pull=[F(1)], **FEW).guaranteeing(*CHOSEN))
def value_on_every_path_of_both(
    law: Estimates, a: F, pull: F, start: tuple[F, ...], noise: F, sure: F = F(1), but: Mapping[str, Any] = AS_THEY_ARE
) -> Iterator[With]:
    r"""The same with $\eta_k=2/(k+a)$ and $\lambda_k=\lambda/(k+a)$."""
    return estimated(every_path(decreasing(a, pull, 1), start, noise, law=law, **but), law, sure)


# --- the worst step ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def solved(eta: F, lam: F, M: F, m: F) -> WorstCase:
    """The worst step of the class. Raises ``ParameterError`` where the solver did not settle it."""
    worst = worst_one_step(eta, lam, M, m)
    if worst.reason:
        raise ParameterError(worst.reason)
    return worst


def supremum(worst: WorstCase) -> Enclosed:
    """Its value, with the distance of the solver's two values and its residuals."""
    error = abs(worst.bound - worst.primal) + worst.residuals["primal error"] + worst.residuals["dual error"]
    return around(worst.bound, error, "solver gap")


CONVEX = cases(M=[F(1), F(3)], size=[F(1, 5), F(1), F(5, 2)], c=[F(0), F(1, 4), F(3, 5), F(1)])
CONVEX = CONVEX.let(eta=lambda size, M: size / M).let(lam=lambda c, eta: c / eta)


@measure(paper.EXACT_CONVEX, CONVEX.guaranteeing("smooth", "convex", "leader"))
def worst_factor_of_convex(eta: F, lam: F, M: F) -> Any:
    r"""$\sup(f(x^+)-f_*)/(f(x)-f_*)$ over all convex functions of that smoothness, by performance estimation."""
    return Supremum(supremum(solved(eta, lam, M, F(0))))


def factor(f: Line, x: F, z: F, eta: F, lam: F) -> F:
    """(f(x+) - f*)/(f(x) - f*) of one function."""
    return f.at(f.after(x, z, eta, lam))[0] / f.at(x)[0]


@measure(paper.EXACT_CONVEX, CONVEX.let(f=lambda M: on.bowl(M)).guaranteeing("leader"))
def factor_of_the_steepest(f: Line, eta: F, lam: F, at: F = F(-1)) -> Any:
    r"""The factor on $f=Mx^2/2$ with the leader on the other side; where it exceeds 1 it is the worst."""
    return factor(f, F(1), at, eta, lam)


WEAK = cases(m=[F(1, 10), F(1, 2), F(9, 10)], size=[F(1, 5), F(2, 5), F(4, 5)], c=[F(0), F(1, 20), F(3, 10), F(2, 5)])
WEAK = WEAK.let(M=lambda: F(1), eta=lambda size: size).let(lam=lambda c, eta: c / eta)
_costless = WEAK.where(lambda m, eta, lam, c: c < 1 - m * eta and paper.weak_pull_limit(eta, lam, m) >= 1)


@measure(paper.EXACT_STRONG, _costless.guaranteeing("smooth", "strongly_convex", "leader"))
def worst_factor_of_a_weak_pull(eta: F, lam: F, M: F, m: F) -> Any:
    """The same over strongly convex functions, up to the end of the region where the pull costs nothing."""
    return Supremum(supremum(solved(eta, lam, M, m)))


@measure(paper.EXACT_STRONG, _costless.let(f=lambda m: on.bowl(m)).guaranteeing("leader"))
def factor_of_the_flattest(f: Line, eta: F, lam: F, at: F = F(1)) -> Any:
    r"""The factor on $f=mx^2/2$ with the leader at the worker, which is the worst."""
    return factor(f, F(1), at, eta, lam)


BAND = cases(Y=[F(1, 2), F(3, 5), F(9, 10)], rest=[F(1, 10), F(1, 2)], c=[F(1, 4), F(2, 5), F(3, 5)])


def in_the_band(Y: F, rest: F, c: F) -> dict[str, F]:
    """A function that is bent at -Y, its leader ``T`` further, and the step that ends at -Y, M = 1: exact."""
    T = (1 - Y) * (1 + rest)
    m = (1 - Y**2 - 2 * Y * T) / T**2
    eta = 1 - c - (c * T - (1 - c) * Y)
    return {"T": T, "m": m, "eta": eta, "lam": c / eta if eta else F(0), "M": F(1)}


def _inside(Y: F, rest: F, c: F) -> bool:
    v = in_the_band(Y, rest, c)
    return 0 < v["m"] < 1 and v["eta"] > 0 and v["eta"] + 2 * c < 2


@measure(paper.BETWEEN, BAND.where(_inside).guaranteeing("smooth", "strongly_convex"))
def worst_factor_between(Y: F, rest: F, c: F) -> With:
    r"""The worst factor, from that of a function bent at $-Y$ (exact) to the value of performance estimation."""
    v = in_the_band(Y, rest, c)
    at = {k: v[k] for k in ("eta", "lam", "M", "m")}
    member = factor(on.bent(F(1), v["m"], Y), F(1), -Y - v["T"], v["eta"], v["lam"])
    worst = supremum(solved(**at))
    return Enclosed(member, max(F(worst.high), member), "solver gap"), at


def worst_factor_of_quadratics(Y: F, rest: F, c: F) -> With:
    """The worst factor over quadratics alone."""
    v = in_the_band(Y, rest, c)
    at = {k: v[k] for k in ("eta", "lam", "M", "m")}
    return supremum(worst_of_quadratics(**at)), at


TWO = cases(m=[F(1, 4), F(1, 2)], M=F(1), share=[F(1, 3), F(1)], lam=[F(0), F(3, 2)])
TWO = TWO.let(eta=lambda share, M, m, lam: share * 2 / (M + m + 2 * lam))


def members(m: F, M: F) -> list[tuple[Line, F]]:
    """Functions of the class with a leader: of the flattest it stands where the gradient step ends."""
    return [(on.bowl(m), F(0)), (on.bowl(M), F(-1)), (on.bent(M, m, F(1, 4)), F(-2))]


@measure(paper.COMBINATION, TWO.guaranteeing("smooth", "strongly_convex"))
def value_beside_both(m: F, M: F, eta: F, lam: F, made: Any = members, other: F = F(0)) -> Iterator[With]:
    r"""$f(x^+)-f_*$ of functions on the line; that on $mx^2/2$ with $z=x-\eta'\nabla f(x)$ attains the bound."""
    for k, (f, z) in enumerate(made(m, M)):
        slope = f.at(F(1))[1]
        z = 1 - eta / (1 - eta * lam) * slope if k == 0 else z
        after = f.after(F(1), z, eta, lam)
        yield f.at(after + other)[0], {"gap_x": f.at(F(1))[0], "gap_z": f.at(z)[0]}


# --- fixed points ----------------------------------------------------------------------------------------------------

STUCK = cases(M=[F(1), F(4)], share=[F(1, 5), F(3, 8), F(4, 5), F(1)]).let(lam=lambda M, share: share * M)


@measure(paper.FIXED_POINTS, STUCK.guaranteeing("smooth", "fixed_point"))
def value_at_a_fixed_point(M: F, lam: F, sharper: F = F(1), moved: F = F(0)) -> Iterator[With]:
    r"""$f(x)-f(z)$ of the function that is bent as far as it may be, and of a worker stuck in the other of two wells."""
    f = on.valley(M * sharper, lam)
    yield f.at(F(0) + moved)[0] - f.at(F(1))[0], {"D": (1 - moved) ** 2}
    x = (lam - M) / (lam + M)  # M(x + 1) = -lam (x - 1)
    if x <= F(-1, 2):
        g = on.wells(M)
        yield g.at(x)[0] - g.at(F(1))[0], {"D": (1 - x) ** 2}


def minors(lam: sp.Expr, centre: str = "free", stiffness: int = 1) -> list[sp.Expr]:
    """Leading minors of the Hessian of the elastic objective at the workers +-sqrt(1 - lam) and the centre 0, free or held.

    Of a double well that is stiffer, the workers' places move with it.
    """
    x, y, c = sp.symbols("x y c", real=True)
    elastic = sum(stiffness * (v**2 - 1) ** 2 / 4 + lam * (v - c) ** 2 / 2 for v in (x, y))
    names = (x, y, c) if centre == "free" else (x, y)
    place = sp.sqrt(1 - lam / stiffness)
    at = {x: place, y: -place, c: 0}
    assert all(sp.simplify(sp.diff(elastic, v).subs(at)) == 0 for v in names)
    H = sp.hessian(elastic, names).subs(at)
    return [sp.factor(H[:k, :k].det()) for k in range(1, len(names) + 1)]


@measure(paper.EASGD, cases(centre="free").guaranteeing("double_well", "free_centre"))
def strongest_spurious_attractor(centre: str, stiffness: int = 1) -> Any:
    """The pull up to which the Hessian at the spurious point is positive definite, by bisection; each decision is exact."""
    lam = sp.Symbol("lam", positive=True)
    found, low, high = minors(lam, centre, stiffness), F(0), F(stiffness)
    for _ in range(40):
        middle = (low + high) / 2
        attracts = all(v.subs(lam, sp.Rational(middle)) > 0 for v in found)
        low, high = (middle, high) if attracts else (low, middle)
    return Bracket(low, high)


def gradient_of_the_best(leader: str) -> Any:
    r"""$|f'(x^1)|$ of the best worker at a stationary point for $f=-\cos$, the leader differentiated through or held constant."""
    x, lam = sp.symbols("x1:3"), sp.Symbol("lam")
    held = sp.Symbol("z") if leader == "held" else x[0]
    objective = sum(-sp.cos(v) + lam * (v - held) ** 2 / 2 for v in x)
    point = (
        (sp.Integer(0), 3 * sp.pi / 2, 2 / (3 * sp.pi))
        if leader == "held"
        else (sp.pi / 6, 7 * sp.pi / 6, 1 / (2 * sp.pi))
    )
    at = {x[0]: point[0], x[1]: point[1], lam: point[2], sp.Symbol("z"): point[0]}
    if any(sp.simplify(sp.diff(objective, v).subs(at)) != 0 for v in x) or not -sp.cos(point[0]) < -sp.cos(point[1]):
        raise ParameterError("this is no stationary point at which worker 1 is the best one")
    return abs(sp.sin(point[0]))


measure(paper.STATIONARITY, cases(leader="differentiated").guaranteeing("stationary", "unique_best"))(
    gradient_of_the_best
)

# --- how many leaders help ---------------------------------------------------------------------------------------------

LEADERS = [(1, 0, 0, 1), (F(-3, 2), F(1, 2), F(1, 3), -1), (0, F(1, 7), F(-1, 5), 0), (2, F(-1, 2), F(1, 10), F(1, 2)),
           (F(1, 2), F(1, 3), F(1, 4), F(1, 5)), (-1, F(2, 5), 0, F(3, 4)), (1, 1, F(1, 3), -1)]  # fmt: skip


def _helpful(bowl: Bowl, z: tuple[Any, ...]) -> bool:
    reach, spread, _ = bowl_limits(bowl, z)
    return reach > 0 and spread > 0


def bowl_limits(bowl: Bowl, z: tuple[Any, ...]) -> tuple[F, F, F]:
    """Reach, spread and how far ahead the leader lies."""
    return ellipsoid.View(bowl.A, bowl.x).limits(np.array([F(v) for v in z[: len(bowl.x)]], dtype=object))


@measure(paper.MONOTONE, cases(bowl=on.BOWLS, z=LEADERS).where(_helpful))
def strongest_helpful_pull(bowl: Bowl, z: tuple[Any, ...], turned: int = 1) -> With:
    r"""The pull up to which the angle is not increased, by bisection of cosines in rationals."""
    v = ellipsoid.View(bowl.A * turned, bowl.x)
    g, n = v.g, v.n
    w = np.array([F(c) for c in z[: len(n)]], dtype=object) - v.x

    def helps(lam: F) -> bool:
        e = g + lam * w
        old, new = g @ n, e @ n
        better = new**2 * (g @ g) - old**2 * (e @ e)  # of the squared cosines, times positive numbers
        return bool(better >= 0 if new >= 0 and old >= 0 else new >= 0 or (old < 0 and better <= 0))

    low, high = F(0), F(1)
    while helps(high) and high < 2**20:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if helps(middle) else (low, middle)
    reach, spread, _ = v.limits(w + v.x)
    return Bracket(low, high), {"reach": reach, "spread": spread}


SLICES = cases(d=[1, 2, 3, 7, 10], h=[F(1, 10), F(1, 2), F(9, 10), F(1)]).where(lambda d, h: d >= 1 and 0 < h <= 1)


@measure(paper.HALF_VOLUME, SLICES.guaranteeing("quadratic", "not_parallel"))
def share_of_a_ball(h: F, d: int) -> With:
    """The larger part of a ball that is cut by a plane, by its slices: a polynomial (odd d), or an integral over angles."""
    share = ellipsoid.share_exactly(F(h), d) if d % 2 else enclosed(partial(_share_by_angles, F(h), d))
    return share, {"h": float(h)}  # to a float: the bound is an incomplete beta function


def _share_by_angles(h: F, d: int) -> flint.arb:
    """The same in ball arithmetic: the slice at sin t has the volume cos^(d-1) t."""

    def slices(end: flint.arb) -> flint.arb:
        return flint.acb.integral(lambda t, _: t.cos() ** d, flint.acb(0), flint.acb(end)).real

    part = slices(flint.arb(flint.fmpq(h.numerator, h.denominator)).asin()) if h < 1 else slices(flint.arb.pi() / 2)
    return (1 + part / slices(flint.arb.pi() / 2)) / 2


STEEP = cases(kappa=[F(4), F(5), F(100)]).guaranteeing("quadratic")


def plane_angles(kappa: F) -> tuple[Any, Any]:
    """tan of the angle, and the width, of diag(1, kappa) seen from (sqrt(kappa), 1), rounded outwards for the latter."""
    A, x = np.diag([1.0, float(kappa)]), np.array([float(kappa) ** 0.5, 1.0])
    return ellipsoid.tangent(A, x, 0 * x), ellipsoid.width(A, x, 0 * x) * (1 + 2.0**-40)


@measure(paper.LARGE_ANGLE, STEEP)
def share_at_an_infinite_pull(kappa: F) -> With:
    r"""The share as $\lambda\to\infty$ in the plane: chords from the worker, over the directions no farther from $d_N$."""
    tan, width = plane_angles(kappa)
    return enclosed(partial(_cone_share, F(kappa))), {"tan": tan, "width": width}


def _cone_share(kappa: F) -> flint.arb:
    """Area of E within the angle theta of the direction to the centre, over that of E = {z: z1^2 + k z2^2 <= 2k}."""
    k = flint.arb(flint.fmpq(kappa.numerator, kappa.denominator))
    a, b = -k.sqrt(), flint.arb(-1)  # to the centre
    theta = ((k - 1) / (2 * k.sqrt())).atan()
    other = flint.arb.pi() / 2 - theta  # at a right angle with the gradient, on the other side of the axis, chords end

    def half_chord_squared(t: flint.acb, _: Any) -> flint.acb:
        u, v = a * t.cos() - b * t.sin(), a * t.sin() + b * t.cos()  # the direction, turned by t, times |x|
        chord = 2 * (a * u + k * b * v) / (u * u + k * v * v)
        return chord * chord * (k + 1) / 2

    whole = flint.arb.pi() * 2 * k / k.sqrt()
    return flint.acb.integral(half_chord_squared, flint.acb(-theta.min(other)), flint.acb(theta)).real / whole
