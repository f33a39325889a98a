"""The worst case of one gradient step that is pulled towards a point with no larger value.

``x+ = x - eta grad f(x) - eta lam (x - z)``, f(z) <= f(x), f with curvature between m and M: a performance-estimation problem with
the points x, z, x+ and the minimiser.
"""

from __future__ import annotations

from typing import Any

from gradproof.solvers.pep import (
    FunctionClass,
    PepError,
    Quadratic,
    SmoothConvex,
    SmoothStronglyConvex,
    WorstCase,
    exact,
)
from gradproof.solvers.pep.certify.worst_case import Problem


def worst_one_step(eta: Any, lam: Any, M: Any, m: Any = 0) -> WorstCase:
    """sup (f(x+) - f*)/(f(x) - f*) over f with curvature between m >= 0 and M, and all z with f(z) <= f(x).

    Args:
        eta, lam, M, m: exact numbers, or text such as "0.4".

    Raises:
        PepError: not 0 <= m < M, or the worst case is unbounded (eta lam > 1).
    """
    eta, lam, M, m = (exact(v, n) for v, n in zip((eta, lam, M, m), ("eta", "lam", "M", "m"), strict=True))
    if not 0 <= m < M:
        raise PepError(f"need 0 <= m < M, got m={m}, M={M}")
    return worst_of_class(SmoothStronglyConvex(mu=m, L=M) if m else SmoothConvex(L=M), eta, lam)


def worst_of_class(cls: FunctionClass, eta: Any, lam: Any, *, leader: bool = True) -> WorstCase:
    """The same over any class of functions; without ``leader`` z is free."""
    eta, lam = exact(eta, "eta"), exact(lam, "lam")
    pep = Problem()
    f = pep.function(cls)
    best, x, z = f.minimiser(), pep.point("x"), pep.point("z")
    if leader:
        pep.assume(f(z) <= f(x), "leader")
    after = x - eta * f.gradient(x) - eta * lam * (x - z)
    return pep.worst_case(f(after) - f(best), per=f(x) - f(best))


def worst_of_quadratics(eta: Any, lam: Any, M: Any, m: Any) -> WorstCase:
    """The same over quadratics with spectrum in [m, M]."""
    return worst_of_class(Quadratic(mu=exact(m, "m"), L=exact(M, "M")), eta, lam)
