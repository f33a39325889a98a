"""Max-margin matrices in rationals, separability of random data, and the nuclear norm of factors."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check, control
from gradproof.experiments.engine.run import run
from gradproof.experiments.networks.attention_svm.instances import TOKENS, layer
from gradproof.experiments.networks.attention_svm.methods import factored_gd
from gradproof.solvers.exact.linear import from_flint, to_flint
from gradproof.solvers.max_margin import Inseparable, constraints, exact_frobenius, exact_inseparable, frobenius
from gradproof.theory.evidence import Level, Measurement, Relation
from gradproof.theory.networks import attention_svm
from gradproof.theory.symbolic import Identity

# --- the max-margin matrix ---------------------------------------------------------------------------------------------


@check(attention_svm.SVM_KKT, level=Level.SYMBOLIC)
def multipliers_prove_the_least_norm(ctx: Context) -> Iterator[Evidence]:
    """W = sum lam_c G_c with margins one where lam_c > 0 has the claimed norm, and any feasible V is longer by squares and slacks.

    That such multipliers exist is the theorem of Karush, Kuhn and Tucker.
    """
    lam, m, v = (
        sp.symbols(f"{k}1:4", nonnegative=True) for k in ("lam", "m", "v")
    )  # multipliers, margins of W and of V
    total = sum(lam)
    claimed = ctx.claim.expression.subs(ctx.claim.parameter("total").symbol, total)
    inner = sum(a * b for a, b in zip(lam, m, strict=True))  # <W, W>
    slack = sum(a * (b - 1) for a, b in zip(lam, m, strict=True))  # 0 by complementarity
    yield Identity(sp.expand(inner - slack - claimed), "squared norm of W")
    V2 = sp.Symbol("V2", positive=True)
    with_V = sum(a * b for a, b in zip(lam, v, strict=True))  # <W, V>
    apart = V2 - 2 * with_V + claimed  # ||V - W||^2
    longer = 2 * sum(a * (b - 1) for a, b in zip(lam, v, strict=True))  # >= 0 for margins of at least one
    yield Identity(sp.expand(V2 - claimed - apart - longer), "||V||^2 - ||W||^2")


@check(attention_svm.SVM_KKT, level=Level.EXACT)
def rational_solutions(ctx: Context) -> Iterator[Evidence]:
    """A, B and random integer data: W from rational multipliers, optimality conditions exact; 38/119 and 1/2 on A and B."""
    sets = {name: layer(name).G for name in TOKENS}
    rng = ctx.rng()
    for k in range(4):
        X = rng.integers(-3, 4, (3, 3, 4)).astype(float)
        sets[f"random {k}"] = constraints(X, rng.integers(-3, 4, (3, 4)).astype(float), rng.integers(0, 3, 3).tolist())
    for name, G in sets.items():
        try:
            found = exact_frobenius([[int(v) for v in g.ravel()] for g in G])
        except Inseparable:
            continue  # random integers may be dependent
        square = sum((w * w for w in found.W), Fraction(0))
        yield Measurement(
            measured=square, bound=ctx.claim.bound(total=sum(found.multipliers)), parameters={"data": name}
        )


@check(attention_svm.SVM_KKT, level=Level.EXACT)
def rank_and_bounds(ctx: Context) -> Iterator[Evidence]:
    """A and B: rank at most n, in rationals; and the squared norm between the certified bounds of the float solver."""
    for name in TOKENS:
        found = layer(name)
        exact = exact_frobenius([[int(v) for v in g.ravel()] for g in found.G])
        where = {"data": name}
        d = found.problem.X.shape[2]
        rank = to_flint([list(exact.W[k * d : (k + 1) * d]) for k in range(d)]).rank()
        yield Measurement(
            measured=rank, bound=len(found.problem.X), relation=Relation.LE, what="rank", parameters=where
        )
        low, high = Fraction(found.svm.lower) ** 2, Fraction(found.svm.upper) ** 2
        yield Measurement(
            measured=(low + high) / 2, error=(high - low) / 2, error_source="solver gap", parameters=where,
            bound=ctx.claim.bound(total=sum(exact.multipliers)),
        )  # fmt: skip


@control(attention_svm.SVM_KKT, drops="optimal")
def a_feasible_matrix_that_is_longer(ctx: Context) -> Iterator[Evidence]:
    """Twice the max-margin matrix of A is feasible, and its squared norm is four times the sum."""
    found = exact_frobenius([[int(v) for v in g.ravel()] for g in layer("A").G])
    square = sum((4 * w * w for w in found.W), Fraction(0))
    yield Measurement(measured=square, bound=ctx.claim.bound(total=sum(found.multipliers)))


# --- separability ------------------------------------------------------------------------------------------------------


@check(attention_svm.FEASIBILITY, level=Level.EXACT)
def the_construction(ctx: Context) -> Iterator[Evidence]:
    """A special case, n = 2, T = 3, d = 2: p_i with both products one and W with W z_i = p_i give all margins the value one."""
    z = sp.Matrix(2, 2, sp.symbols("z1:5"))
    columns = []
    differences = [sp.Matrix(2, 2, sp.symbols(f"{k}1:5")) for k in "ab"]
    for D in differences:
        columns.append(D.adjugate() * sp.ones(2, 1))  # times det D
    W = sp.Matrix.hstack(*columns) * z.adjugate()  # columns of z are the queries; times det z
    for i, D in enumerate(differences):
        for row in range(2):
            margin = (D.row(row) * W * z.col(i))[0]
            yield Identity(margin - ctx.claim.expression * D.det() * z.det(), f"input {i}, token {row}")


def _share(n: int, T: int, d: int, rng: np.random.Generator, sets: int) -> Fraction:
    """Share of random integer data sets, all selections each, on which exact arithmetic finds all margins one."""
    good = total = 0
    for _ in range(sets):
        X, z = rng.integers(-9, 10, (n, T, d)), rng.integers(-9, 10, (n, d))
        for alpha in product(range(T), repeat=n):
            total += 1
            good += _constructed(X, z, alpha)
    return Fraction(good, total)


def _constructed(X: np.ndarray, z: np.ndarray, alpha: tuple[int, ...]) -> bool:
    """All margins are exactly one for the W of the construction."""
    n, T, d = X.shape
    P = []
    for i, a in enumerate(alpha):
        D = to_flint([[Fraction(int(v)) for v in X[i, a] - X[i, t]] for t in range(T) if t != a])
        try:  # p = D'(D D')^-1 1
            P.append(from_flint(D.transpose() * (D * D.transpose()).solve(to_flint([[Fraction(1)]] * (T - 1)))))
        except ZeroDivisionError:
            return False
    Z = to_flint([[Fraction(int(v)) for v in row] for row in z])
    try:  # W = P (Z Z')^-1 Z, so that W z_i = p_i
        inverse = (Z * Z.transpose()).solve(Z)
    except ZeroDivisionError:
        return False
    W = to_flint([[P[i][j][0] for i in range(n)] for j in range(d)]) * inverse
    rows = from_flint(W * Z.transpose())
    return all(
        sum(int(X[i, a, j] - X[i, t, j]) * rows[j][i] for j in range(d)) == 1
        for i, a in enumerate(alpha)
        for t in range(T)
        if t != a
    )


@check(attention_svm.FEASIBILITY, level=Level.EXACT)
def integer_data(ctx: Context) -> Iterator[Evidence]:
    """Random integer data that are independent, all selections: W constructed in rationals has all margins one."""
    for n, T, d in ((2, 3, 2), (3, 3, 3), (2, 4, 4)):
        # seeds of these sizes give independent differences; dependent ones have probability zero for continuous data
        share = _share(n, T, d, ctx.rng(n, T, d), 4)
        yield Measurement(measured=share, bound=ctx.claim.bound(n=n, T=T, d=d), parameters={"n": n, "T": T, "d": d})


def _separable(n: int, T: int, d: int, rng: np.random.Generator, sets: int) -> list[bool]:
    found = []
    for _ in range(sets):
        X, z = rng.standard_normal((n, T, d)), rng.standard_normal((n, d))
        try:
            frobenius(constraints(X, z, rng.integers(0, T, n).tolist()))
            found.append(True)
        except Inseparable:
            found.append(False)
    return found


@check(attention_svm.FEASIBILITY, level=Level.EMPIRICAL)
def gaussian_data(ctx: Context) -> Iterator[Evidence]:
    """n = 4, T = 3, d = 4 and 5, Gaussian data, random selections: all 50 of each are separable."""
    for d in (4, 5):
        found = _separable(4, 3, d, ctx.rng(d), 50)
        yield Measurement(
            measured=Fraction(sum(found), len(found)), bound=ctx.claim.bound(n=4, T=3, d=d), parameters={"d": d}, n=50
        )


@control(attention_svm.FEASIBILITY, drops="overparametrised")
def lower_dimensions(ctx: Context) -> Iterator[Evidence]:
    """n = 4, T = 3 in d = 1 and 2: of 50 Gaussian data sets some are not separable."""
    for d in (1, 2):
        found = _separable(4, 3, d, ctx.rng(d), 50)
        bound = ctx.claim.bound(n=4, T=3, d=d, drop=("overparametrised",))
        yield Measurement(measured=Fraction(sum(found), len(found)), bound=bound, parameters={"d": d}, n=50)


@control(attention_svm.FEASIBILITY, drops="generic")
def contradicting_inputs(ctx: Context) -> Iterator[Evidence]:
    """Equal queries and opposite differences are never separable, in any dimension: rational multipliers prove it."""
    X = np.array([[[1, 0], [0, 0]], [[0, 0], [1, 0]]])
    lam = exact_inseparable([[int(v) for v in g.ravel()] for g in constraints(X, np.ones((2, 2)), (0, 0))])
    share = Fraction(0) if sum(lam) > 0 else Fraction(1)
    yield Measurement(measured=share, bound=ctx.claim.bound(n=2, T=2, d=2))


# --- factors -----------------------------------------------------------------------------------------------------------


@check(attention_svm.NUCLEAR_IDENTITY, level=Level.SYMBOLIC)
def one_singular_value(ctx: Context) -> Iterator[Evidence]:
    """Rank one: (k^2 + q^2)/2 - kq is a square; and so is (||K||^2 + ||Q||^2)/2 - <O, KQ'> for orthogonal O (2 x 2)."""
    k, q = sp.symbols("k q", positive=True)
    claimed = ctx.claim.expression.subs(ctx.claim.parameter("nuc").symbol, k * q)
    yield Identity((k**2 + q**2) / 2 - claimed - (k - q) ** 2 / 2, "arithmetic and geometric mean")
    K, Q = sp.Matrix(2, 2, sp.symbols("k1:5")), sp.Matrix(2, 2, sp.symbols("q1:5"))
    c, s = sp.symbols("c s")
    O = sp.Matrix([[c, -s], [s, c]])
    square = (K - O * Q).T * (K - O * Q)
    left = (K.T * K).trace() + (c**2 + s**2) * (Q.T * Q).trace() - 2 * (O.T * K * Q.T).trace()
    yield Identity(square.trace() - left, "||K||^2 + ||Q||^2 - 2 <O, KQ'> is a square for every orthogonal O")


@check(attention_svm.NUCLEAR_IDENTITY, level=Level.EXACT)
def factors_against_singular_values(ctx: Context) -> Iterator[Evidence]:
    """Random factors, and balanced factors of the max-margin matrices, which attain it."""
    rng = ctx.rng()
    for k in range(4):
        K, Q = rng.standard_normal((2, 5, 3))
        nuc = float(np.linalg.svd(K @ Q.T, compute_uv=False).sum())
        half = float((K**2).sum() + (Q**2).sum()) / 2
        yield Measurement(
            measured=half,
            bound=ctx.claim.bound(nuc=nuc),
            error=1e-12 * half,
            error_source="rounding",
            parameters={"draw": k},
        )
    for name in TOKENS:
        U, S, Vt = np.linalg.svd(layer(name).svm_nuclear.W)
        K, Q = U * np.sqrt(S), Vt.T * np.sqrt(S)
        half = float((K**2).sum() + (Q**2).sum()) / 2
        yield Measurement(
            measured=half, bound=ctx.claim.bound(nuc=float(S.sum())), relation=Relation.EQ, error=1e-12, error_source="rounding",
            parameters={"balanced": name},
        )  # fmt: skip


@check(attention_svm.NUCLEAR_IDENTITY, level=Level.EMPIRICAL)
def along_factored_descent(ctx: Context) -> Iterator[Evidence]:
    """Normalised descent on K and Q of A from a small start: the inequality at every 20th of 200 steps."""
    p = layer("A").problem
    x0 = 0.1 * ctx.rng().standard_normal((1, 1, 2, 3, 3))
    data = run(factored_gd(p, 0.05), x0, 200, record={"K": lambda q: q.K, "Q": lambda q: q.Q}, every=20)
    for k, K, Q in zip(data.step.values, data.K.values[0, 0], data.Q.values[0, 0], strict=True):
        half = float((K**2).sum() + (Q**2).sum()) / 2
        nuc = float(np.linalg.svd(K @ Q.T, compute_uv=False).sum())
        bound = ctx.claim.bound(nuc=nuc)
        yield Measurement(
            measured=half, bound=bound, error=1e-12 * half, error_source="rounding", parameters={"step": int(k)}
        )


@control(attention_svm.NUCLEAR_IDENTITY, drops="enough_columns")
def one_column(ctx: Context) -> Iterator[Evidence]:
    """Factors of one column carry only the first singular value: they are smaller, but their product is not W."""
    S = np.linalg.svd(layer("B").svm.W, compute_uv=False)
    yield Measurement(
        measured=float(S[0]), bound=ctx.claim.bound(nuc=float(S.sum())), error=1e-12, error_source="rounding"
    )
