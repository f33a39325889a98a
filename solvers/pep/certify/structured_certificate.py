"""From float multipliers to a proof: the statement on gradient descent, exact multipliers, exact slack, exact squares.

The vectors of the statement are the iterates themselves (with x_* = 0, or x_0 = 0 where only differences matter) and the
last gradient; the other gradients are (x_k - x_{k+1}) / gamma. Neighbours then make a banded slack, which splits into
squares of three vectors. The least bound that the multipliers prove is read off the last pivot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from gradproof.solvers.exact import fast_check
from gradproof.solvers.exact.rounding import simplest_between
from gradproof.solvers.exact.windows import Split, split
from gradproof.solvers.pep.solve.structured_model import MEASURES, STAR, Descent
from gradproof.theory.axioms import Form, Member, Point
from gradproof.theory.proof import Block, Premise, Proof, Statement, Use

_SHORTER = Fraction(1, 2**44)  # relative slack spent on a bound with few digits
_WIDEST = 6  # windows larger than this are left to the checker as one slack
_LADDER = (0.0, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)  # inflation of a bound that is a multiplier


def statement(descent: Descent, bound: Fraction) -> Statement:
    """What is proved: ``measure <= bound * normaliser`` after N steps of gradient descent."""
    N, gamma, L, mu = descent.N, descent.gamma, descent.L, descent.mu
    one = Fraction(1)
    zero: dict[str, Fraction] = {}
    start = 1 if descent.nonconvex else 0
    xs = [f"x{k}" for k in range(start, N + 1)]
    last = f"g{N}"
    points = [] if descent.nonconvex else [Point("x*", zero, zero, {"f*": one})]
    for k in range(N + 1):
        x = {f"x{k}": one} if k >= start else {}
        if k == N:
            g = {last: one}
        else:
            g = {f"x{k + 1}": -1 / gamma} | ({f"x{k}": 1 / gamma} if k >= start else {})
        points.append(Point(f"x{k}", x, g, {f"f{k}": one}))
    constants: dict[str, object] = {"mu": mu, "L": L}
    values = ["f*", *(f"f{k}" for k in range(N + 1))]
    premises: tuple[Premise, ...] = ()
    if descent.nonconvex:
        constants["lower"] = "f*"
        values.append("t")
        premises = tuple(
            Premise(f"t <= |g{k}|^2", _squared(points[k].g, -one).add(Form({}, {"t": one}))) for k in range(N + 1)
        )
        target = Form({}, {"t": one, "f0": -bound, "f*": bound})
    else:
        target = {
            "function-value": Form({}, {f"f{N}": one, "f*": -one}),
            "distance": Form({(f"x{N}", f"x{N}"): one}),
            "gradient": Form({(last, last): one}),
        }[descent.measure]
        target.add(Form({("x0", "x0"): one}), -bound)
    member = Member("f", "function", constants, tuple(points))
    text = (
        rf"gradient descent with $\gamma = {gamma}$ on functions with curvature in $[{mu}, {L}]$: "
        rf"{MEASURES[descent.measure]}, with $\tau = {bound}$, $N = {N}$"
    )
    vectors = tuple(sorted([*xs, last], key=lambda v: (v[0] == "g", int(v[1:]))))
    return Statement(vectors, tuple(values), (member,), target, premises, (), text)


def _squared(vector: Mapping[str, Fraction], scale: Fraction) -> Form:
    form: dict[tuple[str, str], Fraction] = {}
    names = sorted(vector)
    for a, m in enumerate(names):
        for n in names[a:]:
            form[m, n] = scale * vector[m] * vector[n] * (1 if m == n else 2)
    return Form(form)


def balance(
    pairs: Sequence[tuple[int, int]], multipliers: Sequence[Fraction], demand: dict[int, Fraction]
) -> list[Fraction] | None:
    """Multipliers whose function values cancel exactly: the change runs along a spanning tree of the largest ones.

    A pair (i, j) adds f_j - f_i, so multipliers are a flow into the nodes; ``demand`` is what each node must receive.
    None if a multiplier becomes negative.
    """
    flow = list(multipliers)
    parent_of = {node: node for pair in pairs for node in pair}

    def root(i: int) -> int:
        while parent_of[i] != i:
            parent_of[i] = parent_of[parent_of[i]]
            i = parent_of[i]
        return i

    tree: dict[int, list[int]] = {}
    for e in sorted(range(len(pairs)), key=lambda e: -flow[e]):
        i, j = pairs[e]
        if root(i) != root(j):
            parent_of[root(i)] = root(j)
            tree.setdefault(i, []).append(e)
            tree.setdefault(j, []).append(e)
    need = {node: demand.get(node, Fraction(0)) for node in parent_of}
    for e, (i, j) in enumerate(pairs):
        need[j] -= flow[e]
        need[i] += flow[e]
    top = STAR if STAR in parent_of else min(parent_of)
    order, edge_up, seen = [top], {}, {top}
    for node in order:
        for e in tree.get(node, []):
            other = pairs[e][0] if pairs[e][1] == node else pairs[e][1]
            if other not in seen:
                seen.add(other)
                edge_up[other] = (e, node)
                order.append(other)
    for node in reversed(order[1:]):
        e, up = edge_up[node]
        flow[e] += need[node] if pairs[e][1] == node else -need[node]
        need[up] += need[node]
        need[node] = Fraction(0)
    return None if any(need.values()) or any(c < 0 for c in flow) else flow


def prove(descent: Descent, pairs: np.ndarray, multipliers: np.ndarray, bound: float) -> tuple[Fraction, Proof] | None:
    """The least bound that these multipliers prove, with its proof; None if they prove none.

    Args:
        pairs: (m, 2), the interpolation inequalities used.
        multipliers: of the pairs and of the other rows, as the float solvers return them.
        bound: the float bound, for L = 1.
    """
    edges = [(int(i), int(j)) for i, j in pairs]
    rounded = [Fraction(max(float(c), 0.0)) for c in multipliers]
    if descent.nonconvex:
        return _prove_smallest(descent, edges, rounded, bound)
    demand = {descent.N: Fraction(1), STAR: Fraction(-1)} if descent.measure == "function-value" else {}
    # for L = 1 a pair's form is 1/L of what it is for L: the multipliers of squares need the unit of the measure
    unit = descent.unit / descent.L
    flow = balance(edges, [c * unit for c in rounded[: len(edges)]], demand)
    if flow is None:
        return None
    uses = [_use(edge, c) for edge, c in zip(edges, flow, strict=True) if c]
    found = _split(descent, statement(descent, Fraction(0)), uses)
    if found is None:
        return None
    least = -found.left
    if least <= 0:
        return None
    least = simplest_between(least, least * (1 + _SHORTER))
    return least, _proof(descent, statement(descent, least), uses, found, least + found.left)


def _prove_smallest(
    descent: Descent, edges: list[tuple[int, int]], rounded: list[Fraction], bound: float
) -> tuple[Fraction, Proof] | None:
    m, N = len(edges), descent.N
    shares = rounded[m + 1 : m + N + 2]
    total = sum(shares)
    if total <= 0:
        return None
    graph = [*edges, (N, STAR)]  # the infimum: f* - f_N
    for inflation in _LADDER:
        least = Fraction(bound * (1 + inflation)) * descent.L
        least = simplest_between(least, least * (1 + _SHORTER))
        flow = balance(graph, [c * descent.L for c in (*rounded[:m], rounded[-1])], {0: -least, STAR: least})
        if flow is None:
            continue
        uses = [_use(edge, c) for edge, c in zip(edges, flow[:-1], strict=True) if c]
        uses.append(Use("lower", "f", (f"x{N}",), flow[-1]))
        uses += [Use("premise", f"t <= |g{k}|^2", (), c / total) for k, c in enumerate(shares) if c]
        stated = statement(descent, least)
        found = _split(descent, stated, uses)
        if found is not None and found.left >= 0:
            return least, _proof(descent, stated, uses, found, found.left)
    return None


def _use(edge: tuple[int, int], c: Fraction) -> Use:
    names = tuple("x*" if k == STAR else f"x{k}" for k in edge)
    return Use("interpolation", "f", names, c)


def _split(descent: Descent, stated: Statement, uses: Sequence[Use]) -> Split | None:
    """Eliminate from the last step backwards, so that x_0 (or x_1) comes last."""
    return split(fast_check.slack(stated, uses), list(range(len(stated.vectors)))[::-1])


def _proof(descent: Descent, stated: Statement, uses: Sequence[Use], found: Split, left: Fraction) -> Proof:
    if any(len(w.indices) > _WIDEST for w in found.windows):
        return Proof(stated, tuple(uses))
    names = stated.vectors
    one = Fraction(1)
    blocks = [Block(tuple({names[i]: one} for i in w.indices), w.matrix()) for w in found.windows]
    if left:
        blocks.append(Block(({names[0]: one},), ((left,),)))
    return Proof(stated, tuple(uses), tuple(blocks))
