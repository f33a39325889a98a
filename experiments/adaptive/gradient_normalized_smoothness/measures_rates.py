"""Counted steps in rational numbers: a slope that turns, a cubic of the norm, and an absolute value with a wrong Hessian."""

from fractions import Fraction as F
from typing import Any, NamedTuple

import flint
import sympy as sp

# isort: off
from gradproof.experiments.adaptive.gradient_normalized_smoothness.instances import (
    LINES, OnLine, Turning, dot, high, line_step, low, radius_of, searched, shifted,
)  # fmt: skip
from gradproof.experiments.engine.controls import breaking
from gradproof.experiments.engine.measure import cases, measure
from gradproof.solvers.exact.balls import ball
from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.theory.adaptive import gradient_normalized_smoothness as paper
# isort: on

Axes = dict[str, Any]


class Counted(NamedTuple):
    """K steps: values ``above`` the least one and gradient norms at x_0, ..., x_K, radii of the steps, and the distance D."""

    above: list[Any]
    g: list[Any]
    gamma: list[Any]
    D: Any

    @property
    def K(self) -> int:
        return len(self.gamma)

    def M(self, alpha: F) -> Any:
        """The least M with ``gamma_k >= |g_k|^alpha/M``."""
        return max(power(g, alpha) / gamma for g, gamma in zip(self.g, self.gamma, strict=False))


def power(x: Any, alpha: F) -> Any:
    """x^alpha, exactly."""
    return sp.nsimplify(sp.sympify(x) ** sp.Rational(F(alpha).numerator, F(alpha).denominator))


def number(x: Any) -> Any:
    return sp.Rational(F(x).numerator, F(x).denominator)


def shrinking(steps: int) -> Counted:
    """``|x|^3/3`` in the plane from (3, 4) with its Hessian and ``gamma = sqrt|g| = |x|``, which is within the radius (L_2 = 2)."""
    x, values, slopes, radii = [F(3), F(4)], [], [], []
    size = F(5)  # |x|, which remains rational as x stays on its ray
    for k in range(steps + 1):
        assert dot(x, x) == size**2
        values.append(size**3 / 3)
        slopes.append(size**2)
        if k < steps:
            radii.append(size)
            outer = [[a * b / size for b in x] for a in x]
            H = shifted(shifted([[F(0)] * 2] * 2, size), F(1), outer)
            lam = slopes[-1] / size
            h = from_flint(to_flint(shifted(H, lam)).solve(to_flint([[-size * a] for a in x])))
            x = [a + r[0] for a, r in zip(x, h, strict=True)]
            size = size + h[0][0] * size / (x[0] - h[0][0])
    return Counted(values, slopes, radii, F(5))


def turning(d: F, top: F = F(2)) -> Counted:
    """One step where the slope turns; behind it the slope falls from ``top`` to 0 over the length d."""
    left = top * d / 2
    return Counted([Turning(d, top).fall() + left, left], [F(1), top], [F(1)], F(1) + d)


def sliding(start: F, gamma: F, steps: int, stretch: F = F(1), cliff: F = F(0), late: bool = False) -> Counted:
    """``|x|`` from ``start``, H = lam = 1/gamma: a step goes gamma/2 far. With a cliff f jumps by that much at 0, steeply.

    ``late``: D is the distance after the first step, as of k = 1.
    """
    xs = [start - k * stretch * gamma / 2 for k in range(steps + 1)]
    assert xs[-1] > 0
    return Counted([x + cliff for x in xs], [F(1)] * (steps + 1), [gamma] * steps, xs[1] if late else start)


def tumbling(f: OnLine, t: F, over: F) -> Counted:
    """One step on a line with ``over`` times the radius (least value 0); balls, rounded to 2^-100."""
    s = line_step(f, t, over)
    with flint.ctx.workprec(160):
        here = f.value(ball(t))
        balls = (here, here - s.fall, s.g, abs(s.after))
    values = [F(round((low(v) + high(v)) / 2 * 2**100), 2**100) for v in balls]
    return Counted(values[:2], values[2:], [s.gamma], abs(t) + abs(F(round(high(s.h)))) + 1)


# --- what is read of counted steps ----------------------------------------------------------------------------------------


def known(c: Counted, alpha: F, M: F = F(1), Delta: F = F(1), eps: F = F(1), D: F = F(1)) -> dict[str, Any]:
    """Parameters, times factors with which they are stated."""
    return {
        "M": c.M(alpha) * number(M), "alpha": number(alpha), "Delta": number(c.above[0] * Delta), "g0": number(c.g[0]),
        "eps": number(min(c.g) * eps), "D": number(c.D * D),
    }  # fmt: skip


def gained(steps, alpha, **other):
    """$\\sum|g_{k+1}|^2/|g_k|^{1-\\alpha}$."""
    total = sum(number(b) ** 2 / power(a, 1 - alpha) for a, b in zip(steps.g, steps.g[1:], strict=False))
    return total, known(steps, alpha, **other)


def counted(steps, alpha, **other):
    """$K$, with the least gradient as $\\varepsilon$."""
    return steps.K, known(steps, alpha, **other)


def weighted(steps, alpha, **other):
    """$\\varepsilon^{1+\\alpha}(K - (1-\\alpha)\\log(|g_0|/\\varepsilon))$."""
    at = known(steps, alpha, **other)
    return power(at["eps"], 1 + alpha) * (steps.K - number(1 - alpha) * sp.log(at["g0"] / at["eps"])), at


def contracted(steps, alpha, a=F(1), **other):
    """$F_K|g_K|^\\theta/(F_0|g_0|^\\theta)$."""
    at = known(steps, alpha, **other)
    at |= {"a": number(a) * min(power(g, alpha) for g in steps.g[1:]), "K": steps.K}
    c = at["a"] / (2 * at["M"] * at["D"])
    theta = number(1 - alpha) * c / (1 + c)
    return number(F(steps.above[-1]) / F(steps.above[0])) * number(F(steps.g[-1]) / F(steps.g[0])) ** theta, at


def counted_by_logarithms(steps, alpha, **other):
    """$K$, with the logarithms of what the values and the gradients lost."""
    _, at = contracted(steps, alpha, **other)
    logF, logG = (sp.log(number(F(values[0]) / values[-1])) for values in (steps.above, steps.g))
    lost = {"logF": logF, "logG": number(1 - alpha) * logG}
    return steps.K, at | lost


def counted_to_a_value(steps, alpha, C1=F(0), C2=F(0), beta=F(0), far=F(1), **other):
    """$K$, with the last value as $\\varepsilon$ (times ``far``); the bound in floats, whose logarithms no exact numbers decide."""
    at = known(steps, alpha, **other) | {
        "F0": steps.above[0],
        "eps": steps.above[-1] * far,
        "C1": C1,
        "C2": C2,
        "beta": beta,
    }
    return steps.K, {name: float(value) for name, value in at.items()}


NONCONVEX: Axes = {
    "alpha": [F(0), F(1, 2), F(1)],
    "steps": {"turning": turning(F(1, 2000)), "flat": turning(F(1, 50), F(1))},
}
CUBIC: Axes = {"alpha": [F(1, 2)], "steps": {"cubic, 4": shrinking(4), "cubic, 8": shrinking(8)}}
SLIDES: Axes = {
    "alpha": [F(0), F(1)],
    "steps": {"|x|, 16": sliding(F(1), F(1, 16), 16), "|x|, 40": sliding(F(2), F(1, 16), 40)},
}
ONE_SLIDE: Axes = {"alpha": [F(0), F(1, 2), F(1)], "steps": {"|x|, once": sliding(F(1), F(1, 4), 1, late=True)}}
RUN = ("progress", "power_radius", "bounded_below", "gradient_above")
CONVEX = ("convex_progress", "power_radius", "convex", "diameter", "steep", "ball", "value_above")
for _claim, _measure in (
    (paper.PROGRESS_SUM, gained), (paper.NONCONVEX_RATE, counted), (paper.NONCONVEX_COUNT, weighted),
):  # fmt: skip
    measure(_claim, (cases(**NONCONVEX) + cases(**CUBIC)).guaranteeing(*RUN))(_measure)
    for _name, _how in (
        ("power_radius", {"M": [F(1, 20)]}), ("bounded_below", {"Delta": [F(1, 20)]}), ("gradient_above", {"eps": [F(20)]}),
    ):  # fmt: skip
        if _name in {a.name for a in _claim.assumptions}:
            breaking(_claim, _name, _measure, alpha=[F(1)], steps={"turning": turning(F(1, 2000))}, **_how)
    breaking(
        _claim, "progress", _measure, alpha=[F(1)], steps={"tumbling": tumbling(LINES["log cosh"], F(3, 2), F(50))}
    )

ALL = (cases(**CUBIC) + cases(**SLIDES)).guaranteeing(*CONVEX)
measure(paper.CONVEX_CONTRACTION, (cases(**CUBIC) + cases(**SLIDES) + cases(**ONE_SLIDE)).guaranteeing(*CONVEX))(
    contracted
)
measure(paper.CONVEX_COUNT, ALL.guaranteeing("contraction"))(counted_by_logarithms)
measure(paper.CONVEX_RATE, ALL)(counted_to_a_value)
measure(paper.TABLE, (cases(**CUBIC) + cases(alpha=[F(1)], steps=SLIDES["steps"], C1=[F(16)], M=[F(1, 1000)])).guaranteeing(
    *CONVEX, "approximate_hessian"))(counted_to_a_value)  # fmt: skip

SHORT: Axes = {"alpha": [F(0)], "steps": {"half as far": sliding(F(1), F(1, 16), 20, stretch=F(1, 100))}}
CLIFF: Axes = {"alpha": [F(0)], "steps": {"a cliff": sliding(F(1), F(1, 16), 16, cliff=F(1000))}}
ONCE: Axes = {"alpha": [F(0)], "steps": {"|x|, 16": SLIDES["steps"]["|x|, 16"]}}
for _claim, _measure in (
    (paper.CONVEX_CONTRACTION, contracted), (paper.CONVEX_RATE, counted_to_a_value), (paper.TABLE, counted_to_a_value),
):  # fmt: skip
    for _name, _how in {
        "convex_progress": SHORT, "convex": CLIFF, "power_radius": ONCE | {"M": [F(1, 100)]},
        "approximate_hessian": ONCE | {"M": [F(1, 100)]}, "diameter": ONCE | {"D": [F(1, 100)]}, "ball": ONCE | {"D": [F(1, 100)]},
        "steep": ONCE | {"a": [F(100)]}, "value_above": ONCE | {"far": [F(199, 100)]},
    }.items():  # fmt: skip
        if _name in {a.name for a in _claim.assumptions}:
            breaking(_claim, _name, _measure, **_how)
breaking(paper.CONVEX_COUNT, "contraction", counted_by_logarithms, **SHORT)

# --- the search on a line -------------------------------------------------------------------------------------------------

CURVES = {k: LINES[k] for k in ("logistic", "log cosh", "quartic")}
SEARCHES = cases(f=CURVES, t=[F(3)], gamma0=[F(1), F(1, 64), F(64)], steps=[1, 4])


@measure(paper.SEARCH_RADIUS, SEARCHES.guaranteeing("search", "valid_radii"))
def radius_of_the_search(f, t, gamma0, steps, down=F(1, 2), more=F(1)):
    """$\\gamma_K$ of the search in balls, beside the certified radii along the way."""
    xs, taken, _, _ = searched(f, t, gamma0, steps, down=down)
    least = min(radius_of(f, x).low for x in xs[:-1])
    return taken[-1], {"gamma0": gamma0, "low": more * least}


@measure(paper.SEARCH_COST, SEARCHES.guaranteeing("search"))
def trials_of_the_search(f, t, gamma0, steps, down=F(1, 2)):
    """Trials of the search in balls, less the exact logarithm of the ratio of powers of two."""
    _, _, trials, after = searched(f, t, gamma0, steps, down=down)
    ratio = F(gamma0) / after
    bits = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    return trials - bits, {"K": steps}


WIDE = {"f": {"log cosh": LINES["log cosh"]}, "t": [F(3)], "gamma0": [F(64)], "steps": [1]}
breaking(paper.SEARCH_RADIUS, "search", radius_of_the_search, **WIDE, down=[F(1, 64)])
breaking(paper.SEARCH_RADIUS, "valid_radii", radius_of_the_search, **WIDE, more=[F(100)])
breaking(paper.SEARCH_COST, "search", trials_of_the_search, **WIDE, down=[F(1, 4)])
