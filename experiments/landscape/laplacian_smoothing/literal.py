"""The dimension of mLSGD's attraction region as the abstract words it: refuted, and right once every schedule must attract."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.landscape.laplacian_smoothing.dimensions import signs
from gradproof.solvers.circulant import periodic_laplacian
from gradproof.solvers.subspaces import invariant_stable_subspace, pointwise_stable_subspace
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.field import Interval
from gradproof.theory.landscape import laplacian_smoothing as ls
from gradproof.theory.symbolic import Inequality


@check(ls.LITERAL_DIMENSION, level=Level.EXACT)
def an_attracted_start_in_the_plane(ctx: Context) -> Iterator[Evidence]:
    """n = 2, every schedule and step below 1: some start (1, t) stays in the cone 0 <= x_2 <= x_1, where x_1 dies out.

    A step maps the cone's edge x_2 = x_1 above the cone and its edge x_2 = 0 below it. So for every K the slopes t whose
    orbits stay for K steps form a nonempty compact interval, and these are nested: some slope stays for ever.
    """
    # A^-1 = [[a, b], [b, a]], a = (1 + 2s)/(1 + 4s), b = 2s/(1 + 4s), B = diag(1, -1)
    domain = (Interval("s", "0"), Interval("eta", "0", "1"))
    a, b = "(1 + 2*s)/(1 + 4*s)", "2*s/(1 + 4*s)"
    yield Inequality(
        f"(1 - eta*({b} - {a})) - (1 - eta*({a} - {b}))", domain, strict=True, what="(1, 1) goes above the cone"
    )
    yield Inequality(f"eta*{b}", domain, what="(1, 0) goes below it, or along its edge")
    # inside, x_1+ = (1 - eta a) x_1 + eta b x_2 <= (1 - eta (a - b)) x_1, and a - b = 1/(1 + 4s) is bounded below
    yield Inequality(f"eta*({a} - {b}) - eta/(1 + 4*s)", domain, what="x_1 shrinks by 1 - eta/(1 + 4s) at least")
    yield Measurement(
        measured=1, bound=ctx.claim.bound(n=2), what="least dimension of the attracted starts", parameters={"n": 2}
    )


@check(ls.LITERAL_DIMENSION, level=Level.EXACT)
def negative_lyapunov_exponents(ctx: Context) -> Iterator[Evidence]:
    """mLSGD for n = 2..8: directions that die out, their subspace known to far less than would change its dimension."""
    for n in range(2, 9):
        s = pointwise_stable_subspace(signs(n), ls.mlsgd_schedule, 0.4, 300)
        if s.error < 0.5:  # the sine of its angle to the truth
            yield Measurement(
                measured=int(np.sum(s.exponents < 0)), bound=ctx.claim.bound(n=n), what="dimension", parameters={"n": n}
            )


@control(ls.LITERAL_DIMENSION, drops="a start counts that one schedule attracts: every schedule has to")
def starts_that_every_schedule_attracts(ctx: Context) -> Iterator[Evidence]:
    """The same number for the starts that all schedules attract, in exact rational arithmetic."""
    for n in range(1, 9):
        common = len(invariant_stable_subspace(signs(n), [periodic_laplacian(n)])) if n > 1 else 0
        yield Measurement(measured=common, bound=ctx.claim.bound(n=n), what="dimension", parameters={"n": n})
