"""The worst case as a rational number: an explicit function attains it, and multipliers on its face prove it.

At the optimum the slack vanishes on the worst-case trajectory v: S(lam) v = 0. With v rational this is a linear system
for the multipliers, solved exactly; what is left of S is positive semidefinite, and the kernel decides that.
"""

from __future__ import annotations

from fractions import Fraction

from gradproof.solvers.exact import fast_check
from gradproof.solvers.exact.linear import project
from gradproof.solvers.pep.certify.certificate import Certificate, CertificateUnavailable
from gradproof.solvers.pep.certify.structured_certificate import statement
from gradproof.solvers.pep.solve.structured import StructuredAnswer
from gradproof.solvers.pep.solve.structured_model import STAR, Descent
from gradproof.theory import proof as kernel
from gradproof.theory.errors import ProofRejected
from gradproof.theory.proof import Proof, Use

_SUPPORT = (1e-8, 1e-6, 1e-10)  # multipliers below this share of the largest are taken to be zero
_KERNEL_UP_TO = 60  # the plain kernel's numbers grow with N on a singular slack


def trajectories(descent: Descent) -> list[tuple[list[Fraction], list[Fraction], Fraction]]:
    """Iterates, gradients and measure of explicit one-dimensional functions with x_0 = 1, in the problem's units.

    They are L/2 x^2, mu/2 x^2, and mu/2 x^2 + (L - mu) h_c(x) with the Huber function h_c (x^2/2 up to c, linear
    beyond), whose kink c >= 0 the iterates stay above; c maximises the measure.
    """
    N, gamma, L, mu = descent.N, descent.gamma, descent.L, descent.mu
    found = []
    for curvature in (L, mu):
        x = [(1 - gamma * curvature) ** k for k in range(N + 1)]
        g = [curvature * c for c in x]
        f = curvature * x[-1] ** 2 / 2
        found.append((x, g, {"function-value": f, "distance": x[-1] ** 2, "gradient": g[-1] ** 2}[descent.measure]))
    rho = 1 - gamma * mu
    a = rho**N
    b = gamma * (L - mu) * sum((rho**k for k in range(N)), Fraction(0))  # x_N = a - b c
    if descent.measure == "gradient":
        c = a / (1 + b)
    elif descent.measure == "function-value":
        # mu/2 (a - b c)^2 + (L - mu) (c (a - b c) - c^2/2) is concave in c where this is positive
        curvature = (L - mu) * (2 * b + 1) - mu * b**2
        c = (a * (L - mu) - mu * a * b) / curvature if curvature > 0 else Fraction(-1)
    else:
        return found
    if c < 0 or a - b * c < c or rho < 0:
        return found
    x = [Fraction(1)]
    for _ in range(N):
        x.append(rho * x[-1] - gamma * (L - mu) * c)
    g = [mu * p + (L - mu) * c for p in x]
    f = mu / 2 * x[-1] ** 2 + (L - mu) * (c * x[-1] - c**2 / 2)
    found.append((x, g, f if descent.measure == "function-value" else g[-1] ** 2))
    return found


def exact_optimum(worst: StructuredAnswer) -> Certificate:
    """The worst case as a rational, with a proof that the kernel accepts.

    Raises:
        CertificateUnavailable: no explicit function is known to be worst, or its multipliers are not a proof.
    """
    descent = worst.descent
    if descent.nonconvex:
        raise CertificateUnavailable("no explicit worst function is known for 'smallest-gradient'; use certify()")
    x, g, bound = max(trajectories(descent), key=lambda t: t[2])
    if not abs(float(bound) / worst.bound - 1) <= 1e-5:
        raise CertificateUnavailable(
            f"the explicit functions reach {float(bound):.9g}, the worst case is {worst.bound:.9g}; "
            "use certify(), or solver='all-pairs' first"
        )
    stated = statement(descent, bound)
    largest = max(worst.raw)
    unit = descent.unit / descent.L
    for share in _SUPPORT:
        kept = [k for k in range(len(worst.pairs)) if worst.raw[k] > share * largest]
        pairs = [(int(i), int(j)) for i, j in worst.pairs[kept]]
        equations, right = _face(descent, pairs, x, g, bound)
        point = [Fraction(float(worst.raw[k])) * unit for k in kept]
        solved = project(equations, right, point)
        if solved is None or any(c < 0 for c in solved):
            continue
        names = [tuple("x*" if p == STAR else f"x{p}" for p in pair) for pair in pairs]
        proof = Proof(stated, tuple(Use("interpolation", "f", n, c) for n, c in zip(names, solved, strict=True) if c))
        try:
            accepted = (kernel if descent.N <= _KERNEL_UP_TO else fast_check).check(proof)
        except ProofRejected:
            continue
        return Certificate(bound, proof, accepted, 0.0)
    raise CertificateUnavailable(
        f"no multipliers prove {float(bound):.9g} exactly; use certify() for a bound just above it"
    )


def _face(
    descent: Descent, pairs: list[tuple[int, int]], x: list[Fraction], g: list[Fraction], bound: Fraction
) -> tuple[list[list[Fraction]], list[Fraction]]:
    """Equations for the multipliers: values cancel, and the slack annihilates the trajectory."""
    N, gamma, L, mu = descent.N, descent.gamma, descent.L, descent.mu
    zero, one = Fraction(0), Fraction(1)
    n = N + 2  # x_0 .. x_N, g_N
    columns = []
    for i, j in pairs:
        column = [zero] * (N + 1 + n)
        if j != STAR:
            column[j] += one
        if i != STAR:
            column[i] -= one
        xi, gi = (zero, zero) if i == STAR else (x[i], g[i])
        xj, gj = (zero, zero) if j == STAR else (x[j], g[j])
        dx, dg = xi - xj, gi - gj
        # derivative of <g_j, dx>/1 + mu/2 |dx|^2 + |dg - mu dx|^2 / (2 (L - mu)) along dx, g_i, g_j, halved
        rest = (dg - mu * dx) / (2 * (L - mu))
        for index, by in (
            (i, (gj / 2 + mu * dx / 2 - mu * rest, rest)),
            (j, (-gj / 2 - mu * dx / 2 + mu * rest, dx / 2 - rest)),
        ):
            if index == STAR:
                continue
            by_x, by_g = by
            column[N + 1 + index] += by_x
            if index == N:
                column[N + 1 + N + 1] += by_g
            else:
                column[N + 1 + index] += by_g / gamma
                column[N + 2 + index] -= by_g / gamma
        columns.append(column)
    right = [zero] * (N + 1 + n)
    right[N + 1] = -bound * x[0]
    if descent.measure == "function-value":
        right[N] = one
    elif descent.measure == "distance":
        right[N + 1 + N] += x[N]
    else:
        right[-1] += g[N]
    rows = [[column[r] for column in columns] for r in range(N + 1 + n)]
    kept = [r for r in range(len(rows)) if any(rows[r]) or right[r]]
    return [rows[r] for r in kept], [right[r] for r in kept]
