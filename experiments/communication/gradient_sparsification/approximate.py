"""Approximately sparse gradients: how few entries they need, and how many bits."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.instances.data import breast_cancer
from gradproof.solvers.sparsification import Sparsification, minimal_density
from gradproof.theory.communication import gradient_sparsification as gs
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Interval
from gradproof.theory.symbolic import Identity, Inequality


def _sparsity(g: Any, s: int) -> Any:
    a = sorted((abs(x) for x in g), reverse=True)
    return sum(a[s:]) / sum(a[:s])


@check(gs.APPROX_SPARSE, level=Level.EXACT)
def power_laws(ctx: Context) -> Iterator[Evidence]:
    """The exact optimum beside (1 + rho) s for i^-a, and for s equal entries and 1000 of size s/1000, in rationals."""
    laws = {f"i^-{a}": tuple(Fraction(1, i**a) for i in range(1, 61)) for a in (1, 2, 3)}
    nearly = {f"{s} and dust": (Fraction(1),) * s + (Fraction(s, 1000),) * 1000 for s in (1, 3)}
    for name, g in (laws | nearly).items():
        for s in (1, 3, 10):
            rho = _sparsity(g, s)
            density = minimal_density(g, rho).density
            yield Measurement(measured=density, bound=ctx.claim.bound(rho=rho, s=s), parameters={"g": name, "s": s})


@check(gs.APPROX_SPARSE, level=Level.SYMBOLIC)
def a_feasible_scheme(ctx: Context) -> Iterator[Evidence]:
    """p = 1 on the top s and s |g_i|/||g_S||_1 elsewhere are probabilities, of density (1 + rho) s, within the cap."""
    G, x, H, rho, s, w, rest = sp.symbols("G x H rho s w rest")  # G = ||g_S||_1, H outside, x an entry outside
    size, inside = Interval("s"), Interval("G")
    below_mean = Interval("x", "0", "G/s", closed_high=True)  # no entry outside exceeds the mean of the top s
    yield Inequality(1 - s * x / G, (size, inside, below_mean), what="probabilities")
    outside = Interval("H", "0", "rho*G", closed_high=True)
    claimed = ctx.claim.expression.subs({ctx.claim.parameter(k).symbol: sp.Symbol(k) for k in ("rho", "s")})
    yield Inequality(claimed - s - s * H / G, (size, inside, Interval("rho"), outside), what="density")
    yield Identity(x**2 / (s * x / G) - x * G / s, "an entry's share of the moment; they add to G H/s")
    # ||g_S||^2 = G^2/s + w by Cauchy-Schwarz, ||g||^2 = ||g_S||^2 + rest
    spread = (Interval("w", closed_low=True), Interval("rest", closed_low=True))
    square = G**2 / s + w
    room = (1 + rho) * (square + rest) - square - G * H / s
    yield Inequality(room, (size, inside, Interval("rho"), outside, *spread), what="the cap")
    for n in (2, 3, 4):
        a = sp.symbols(f"a1:{n + 1}")
        gaps = sum((a[i] - a[j]) ** 2 for i in range(n) for j in range(i))
        yield Identity(n * sum(v**2 for v in a) - sum(a) ** 2 - gaps, f"Cauchy-Schwarz, s = {n}")


@check(gs.APPROX_SPARSE, level=Level.EMPIRICAL)
def gradients_of_breast_cancer(ctx: Context) -> Iterator[Evidence]:
    """Stochastic gradients of logistic loss on breast_cancer: the sparsest scheme at every s."""
    data = breast_cancer()
    rows = ctx.rng().permutation(len(data.y))[:40]
    worst: Measurement | None = None
    for i in rows:
        g = -0.5 * data.y[i] * data.X[i]
        for s in (1, 3, 10, 20):
            rho = _sparsity(g, s)
            density = minimal_density(g, rho).density
            bound = float(ctx.claim.bound(rho=float(rho), s=s))
            error = 16 * g.size * np.finfo(float).eps * density
            m = Measurement(
                measured=density,
                bound=bound,
                error=error,
                error_source="rounding",
                n=160,
                parameters={"row": int(i), "s": s},
            )
            worst = m if worst is None or m.ratio > worst.ratio else worst
    assert worst is not None
    yield worst


@control(gs.APPROX_SPARSE, drops="approximately_sparse")
def equal_entries(ctx: Context) -> Iterator[Evidence]:
    """All entries equal, but rho claimed to be 1/10 with s = 2: the sparsest scheme needs more."""
    g = tuple(Fraction(1) for _ in range(20))
    density = minimal_density(g, Fraction(1, 10)).density
    yield Measurement(measured=density, bound=ctx.claim.bound(rho=Fraction(1, 10), s=2))


def code_length(best: Sparsification, d: int, b: int = 32) -> float:
    """Bits of a sparsified gradient of d entries: certain ones, the others by index or bitmap, the common magnitude."""
    index = np.log2(d)
    return float(best.kept * (b + index) + min(index * (best.density - best.kept), 2 * d) + b)


@check(gs.CODE_LENGTH, level=Level.EXACT)
def bits_of_power_laws(ctx: Context) -> Iterator[Evidence]:
    """The formula's length of the optimum beside its bound, for i^-a, equal entries with dust, and 32-bit floats."""
    laws = {f"i^-{a}": np.arange(1, 1001) ** -a for a in (0.5, 1.0, 1.5, 2.0)}
    laws["10 and dust"] = np.r_[np.ones(10), np.full(990, 0.01)]
    for name, g in laws.items():
        for s in (1, 3, 10, 50):
            rho = float(_sparsity(g, s))
            length = code_length(minimal_density(g, rho), 1000)
            error = 1e3 * np.finfo(float).eps * length
            bound = float(ctx.claim.bound(rho=rho, s=s, d=1000, b=32))
            yield Measurement(
                measured=length, bound=bound, error=error, error_source="rounding", parameters={"g": name, "s": s}
            )


@check(gs.CODE_LENGTH, level=Level.SYMBOLIC)
def room_in_either_coding(ctx: Context) -> Iterator[Evidence]:
    """k <= s, as entry k > s would meet the condition; with a density of (1 + rho) s - t, t >= 0, either coding leaves room."""
    # x = |g_k|, k > s: top s of sum G and square x G + w; outside them H before k, T from k on; R its square
    x, G, w, H, T, R = sp.symbols("x G w H T R")
    sizes = (Interval("G"), *(Interval(v, closed_low=True) for v in ("x", "w", "H", "T", "R")))
    yield Inequality(
        (H + T) / G * (x * G + w) + R - x * T, sizes, what="entries after the top s are not kept for certain"
    )
    rho, s, d, b = (ctx.claim.parameter(x).symbol for x in ("rho", "s", "d", "b"))
    k, t = sp.symbols("k t", positive=True)
    index = sp.log(d, 2)
    rest = (1 + rho) * s - t - k
    room = {"index": (s - k) * b + t * index, "bitmap": (s - k) * (b + index)}
    for coding, cost in (("index", index * rest), ("bitmap", 2 * d)):
        bound = ctx.claim.expression.replace(
            sp.Min, lambda *a, c=coding: next(x for x in a if x.has(rho) == (c == "index"))
        )
        yield Identity(bound - (k * (b + index) + cost + b) - room[coding], f"what is left, by {coding}")
    j, B, T, I = sp.symbols("j b t i")
    sizes = tuple(Interval(x) for x in ("j", "b", "t", "i"))  # j = s - k, i = log d
    yield Inequality(j * B + T * I, sizes, what="by index")
    yield Inequality(j * (B + I), sizes, what="by bitmap")


@control(gs.CODE_LENGTH, drops="approximately_sparse")
def bits_of_equal_entries(ctx: Context) -> Iterator[Evidence]:
    """Equal entries sent at eps = rho = 1/100 need far more bits than s = 2 would allow."""
    length = code_length(minimal_density(np.ones(1000), 0.01), 1000)
    yield Measurement(measured=length, bound=float(ctx.claim.bound(rho=0.01, s=2, d=1000, b=32)))
