"""Kernel proofs of the rates in the metric of A, which no derivation closes yet.

What a proof uses of ``A_sigma`` is stated as premises on the vectors that occur: with v = A^-1 g,

- ``A >= I``: <v, v> <= <g, v>;
- A symmetric: <A d, v> = <d, g>;
- the metrics shrink: A_{k+1}/(1 + 4 sigma_{k+1}) <= A_k/(1 + 4 sigma_k) for sigma_{k+1} >= sigma_k.

All three follow from the eigenvalues of A_sigma (claims ``spectrum`` and ``mlsgd-convex``, whose symbolic checks prove them).
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from gradproof.theory.axioms import Form, Member, Point, combine, inner, square
from gradproof.theory.errors import DomainError
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Premise, Proof, Statement, Use, rational


@cache
def interpolation_in_metric() -> Proof:
    """f_i >= f_j + <g_j, x_i - x_j> + (1/2L) (g_i - g_j)'A^-1(g_i - g_j): f is convex and L-smooth in the metric of A too.

    In the inner product [a, b] = a'Ab the gradient is v = A^-1 g and [v_j, x_i - x_j] = <g_j, x_i - x_j>, so this is the
    interpolation inequality of convex L-smooth functions with [., .] for <., .>.
    """
    field = Functions((Interval("L"),))
    L, one = field["L"], field.one
    i = Point("i", {"xi": one}, {"gi": one}, {"fi": one})
    j = Point("j", {"xj": one}, {"gj": one}, {"fj": one})
    f = Member("f", "function", {"mu": field.zero, "L": L}, (i, j))
    dg, dv = {"gi": one, "gj": -one}, {"vi": one, "vj": -one}
    shorter = Premise("A^-1 <= I", inner(dv, dg).add(square(dg), -1))
    target = Form({}, {"fj": one, "fi": -one})
    target.add(inner(j.g, combine((one, i.x), (-one, j.x)))).add(inner(dv, dg), 1 / (2 * L))
    text = (
        r"a convex $L$-smooth $f$ is convex and $L$-smooth in the metric of $A$; premise: "
        r"$(\delta g)'A^{-1}\delta g \le \|\delta g\|^2$"
    )
    vectors = ("xi", "xj", "gi", "gj", "vi", "vj")
    statement = Statement(vectors, ("fi", "fj"), (f,), target, (shorter,), field.domain, text)
    uses = (Use("interpolation", "f", ("i", "j"), one), Use("premise", shorter.name, (), 1 / (2 * L)))
    return Proof(statement, uses)


def mlsgd_convex(L: Any, sigmas: Sequence[Any]) -> Proof:
    """f(x_K) - f* <= (L/2K) (1 + 4 sigma_{K-1})/(1 + 4 sigma_0) ||x_0 - x*||^2_{A_0}, K = len(sigmas), sigmas non-decreasing.

    Vectors: d = x_0 - x*, y_k = A_k (x_k - x*), v_k = A_k^-1 g_k.

    Raises:
        DomainError: no step, L is not positive, or a sigma is negative or smaller than the one before.
    """
    L, s = rational(L), [rational(x) for x in sigmas]
    K, one = len(s), Fraction(1)
    if L <= 0 or K < 1:
        raise DomainError(f"L = {L}, K = {K}: a smoothness constant is positive, and at least one step is taken")
    if s[0] < 0 or any(b < a for a, b in pairwise(s)):
        raise DomainError(f"the schedule {[str(x) for x in s][:6]} is not non-negative and non-decreasing")
    stiff = [1 + 4 * x for x in s]
    d = [{"d": one} | {f"v{j}": -1 / L for j in range(k)} for k in range(K + 1)]
    g, v, y = ([{f"{letter}{k}": one} for k in range(K + 1)] for letter in "gvy")
    points = [Point("*", {}, {}, {"f*": one})] + [Point(f"x{k}", d[k], g[k], {f"f{k}": one}) for k in range(K + 1)]
    f = Member("f", "function", {"mu": Fraction(0), "L": L}, tuple(points))
    premises, uses = [], []
    for k in range(K):
        premises.append(Premise(f"A_{k} >= I", square(v[k]).add(inner(g[k], v[k]), -1)))
        premises.append(Premise(f"A_{k} symmetric", inner(y[k], v[k]).add(inner(d[k], g[k]), -1), equality=True))
        moved = combine((one, y[k]), (-1 / L, g[k]))  # A_k (x_{k+1} - x*)
        if k + 1 < K:
            shrinking = (
                Form().add(inner(y[k + 1], d[k + 1]), 1 / stiff[k + 1]).add(inner(moved, d[k + 1]), -1 / stiff[k])
            )
            premises.append(Premise(f"metric {k + 1} <= metric {k}", shrinking))
        else:  # the last metric is nonnegative
            premises.append(Premise(f"A_{k} >= 0", Form().add(inner(moved, d[k + 1]), -1)))
    scale = stiff[-1] / K  # sum_k scale/stiff_k (f_{k+1} - f*) >= f_K - f*, for the f_k decrease and 1/stiff too
    weight = [scale / x for x in stiff]
    # the step inequality f_{k+1} - f* <= (L/2)(|d_k|^2 - |d_{k+1}|^2) in the metric of A_k, times weight_k; then
    # sum_k weight_k (f_{k+1} - f*) is at least (f_K - f*), by `descending` times what the earlier steps have too much
    total = Fraction(0)
    for k in range(K):
        total += weight[k]
        uses.append(Use("interpolation", "f", ("*", f"x{k}"), weight[k]))  # convexity, and a square to spare
        uses.append(Use("descent", "f", (f"x{k}", f"x{k + 1}"), weight[k]))
        uses.append(Use("premise", f"A_{k} >= I", (), weight[k] / (2 * L)))
        uses.append(Use("premise", f"A_{k} symmetric", (), -weight[k] / 2))
        last = f"metric {k + 1} <= metric {k}" if k + 1 < K else f"A_{k} >= 0"
        uses.append(Use("premise", last, (), L / 2 * scale if k + 1 < K else L / 2 * weight[k]))
    running = Fraction(0)
    for k in range(1, K):  # f_k counts weight_{k-1}: carry it to f_{k+1}
        running += weight[k - 1]
        uses.append(Use("descent", "f", (f"x{k}", f"x{k + 1}"), running))
        uses.append(Use("premise", f"A_{k} >= I", (), running / (2 * L)))
        # descent leaves -(1/2L)<g_k, v_k> <= 0 behind
        premises.append(Premise(f"A_{k} positive", Form().add(inner(g[k], v[k]), -1)))
        uses.append(Use("premise", f"A_{k} positive", (), running / (2 * L)))
    uses.append(Use("interpolation", "f", (f"x{K}", "*"), total - 1))  # f_K >= f*
    target = Form({}, {f"f{K}": one, "f*": -one}).add(inner(y[0], d[0]), -L * scale / (2 * stiff[0]))
    vectors = ("d", *(f"{letter}{k}" for letter in "gvy" for k in range(K + 1)))
    values = ("f*", *(f"f{k}" for k in range(K + 1)))
    shown = [*map(str, s[:4]), *([r"\ldots"] if K > 4 else [])]
    text = (
        rf"$f(x_{{{K}}}) - f^* \le \frac{{L}}{{{2 * K}}} \frac{{1 + 4\sigma_{{{K - 1}}}}}{{1 + 4\sigma_0}} "
        rf"\langle A_0 d, d\rangle$, $L = {L}$, $d = x_0 - x^*$, $\sigma = {', '.join(shown)}$; premises: "
        r"$A_k$ symmetric, $A_k \ge I$, $A_{k+1}/(1 + 4\sigma_{k+1}) \le A_k/(1 + 4\sigma_k)$"
    )
    return Proof(Statement(vectors, values, (f,), target, tuple(premises), (), text), tuple(uses))
