"""Parts of arguments for the claims, by computer algebra; each ends in the claim's own expression."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from gradproof.experiments.engine.check import Context, Evidence, check
from gradproof.theory.evidence import Level
from gradproof.theory.field import Interval
from gradproof.theory.landscape import sgd_stability as paper
from gradproof.theory.symbolic import Identity, Inequality

eta, p, n, B = sp.symbols("eta p n B", positive=True)
h2, mean, spread = sp.symbols("h2 mean spread", positive=True)


def claimed(ctx: Context, arm: str = "", **values: Any) -> Any:
    """The claim's bound with symbols for its parameters; the argument of its minimum, or maximum, in which ``arm`` occurs."""
    if not arm:
        return ctx.stated(**values)
    (bound,) = [a for a in ctx.claim.expression.args if a.has(*ctx.symbols(arm))]
    return bound.subs(dict(zip(ctx.symbols(*values), values.values(), strict=True)), simultaneous=True)


@check(paper.SECOND_MOMENT_OPERATOR, level=Level.SYMBOLIC)
def pairs_of_samples_in_a_batch(ctx: Context) -> Iterator[Evidence]:
    r"""$\|H_b\delta\|^2$ by how often a sample, and a pair of samples, is in a batch: for all $n$, $d$ and $B$."""
    x0, x1, x2, xi2 = sp.symbols("x0 x1 x2 xi2", real=True)
    apart = n**2 * x2 - n * xi2  # the sum over i != j of <H_i delta, H_j delta>
    for replacement, pair in ((False, B * (B - 1) / (n * (n - 1))), (True, B * (B - 1) / n**2)):
        single = B / n + (pair if replacement else 0)  # with replacement the pairs i = j count too
        moved = x0 - 2 * eta * x1 + eta**2 * (single * n * xi2 + pair * apart) / B**2
        weight = paper.noise_weight(n, B, replacement=replacement)
        bound = claimed(ctx, eta=eta, p=weight, x0=x0, x1=x1, x2=x2, xi2=xi2)
        yield Identity(moved - bound, f"one step, replacement={replacement}")


@check(paper.MIXTURE, level=Level.SYMBOLIC)
def mixture_of_two_steps(ctx: Context) -> Iterator[Evidence]:
    """The second moment of the mixture, for every n and d."""
    x0, x1, x2, xi2 = sp.symbols("x0 x1 x2 xi2", real=True)
    full, single = (x0 - 2 * eta * x1 + eta**2 * x for x in (x2, xi2))
    bound = claimed(ctx, eta=eta, p=p, x0=x0, x1=x1, x2=x2, xi2=xi2)
    yield Identity((1 - p) * full + p * single - bound, "mixture")


@check(paper.BATCH_MONOTONE, level=Level.SYMBOLIC)
def noise_falls_as_the_batch_grows(ctx: Context) -> Iterator[Evidence]:
    r"""$D(X)$ grows with $p$ by a mean of $K_iXK_i$, and the quotient at the top eigenmatrix of $B + 1$ bounds $\eta^*(B)$."""
    H, K, X = sp.symbols("H K X", commutative=False)  # H_i = H + K_i with mean K_i = 0, so that linear terms vanish
    yield Identity(sp.expand((H + K) * X * (H + K) - H * X * (H + K) - K * X * H - K * X * K), "excess of a sample")
    (c, q), (e, m) = sp.symbols("c q", positive=True), sp.symbols("e m", nonnegative=True)
    # <X, CX>, <X, HXH>, mean <X, K_iXK_i> >= 0, and n = B + 1 + m
    weights = [paper.noise_weight(n, size, replacement=False).subs(n, B + 1 + m) for size in (B, B + 1)]
    small, large = (2 * c / (q + weight * e) for weight in weights)
    domain = (Interval("B", "1", closed_low=True), *(Interval(v, closed_low=v in "em") for v in "mcqe"))
    excess = large - claimed(ctx, eta_smaller=small)
    yield Inequality(excess, domain, what="eta*(B + 1) >= a bound of eta*(B)")
    yield Identity(excess.subs(e, 0), "equality where all samples agree")


@check(paper.NECESSARY, level=Level.SYMBOLIC)
def quotients_at_identity_and_rank_one(ctx: Context) -> Iterator[Evidence]:
    r"""$2\langle X, CX\rangle/\langle X, DX\rangle$ at $X = I$ and at $X = vv^\top$ are the two arms of the bound."""
    tr, hi2 = sp.symbols("tr hi2", positive=True)
    at_identity = 2 * tr / ((1 - p) * h2 + p * hi2)  # <I, CI> = Tr H, <I, DI> = (1-p)|H|^2 + p mean |H_i|^2
    yield Identity(at_identity - claimed(ctx, "tr", p=p, tr=tr, h2=h2, hi2=hi2), "X = I")
    # v'Hv and the variance of v'H_iv: <X, CX> = mean |v|^2, <X, DX> = (1-p) mean^2 + p (mean^2 + spread)
    at_vector = 2 * mean / ((1 - p) * mean**2 + p * (mean**2 + spread))
    yield Identity(at_vector - claimed(ctx, "R1", R1=mean + p * spread / mean), "X = vv'")


@check(paper.TRACE, level=Level.SYMBOLIC)
def rank_one_trace(ctx: Context) -> Iterator[Evidence]:
    r"""For rank one $\overline{\|H_i\|_F^2}$ exceeds $(\mathrm{Tr}H)^2$ by a variance, and so the bound the trace; equality."""
    threshold = 2 * mean / ((1 - p) * h2 + p * (mean**2 + spread))  # a step at or below it, by the quotient at I
    stated = p * mean + (1 - p) * h2 / mean
    yield Identity(claimed(ctx, eta=threshold) - stated - p * spread / mean, "excess of the bound")
    a = sp.Symbol("a", positive=True)
    weight = paper.noise_weight(n, B, replacement=False)
    left = weight * a**2 + (1 - weight) * (n * (a**2 / n) ** 2) / a**2
    yield Identity(left - claimed(ctx, eta=2 * B / a**2), "equality for the orthogonal design, every n and B")


@check(paper.SUFFICIENT, level=Level.SYMBOLIC)
def identity_condition(ctx: Context) -> Iterator[Evidence]:
    r"""$I - T(I) = \eta(2H - \eta D(I))$, at least $\eta(2 - \eta\lambda_I)H$: zero at the bound; and so for $h_{\max}$."""
    H, M = sp.symbols("H M", commutative=False)  # M = mean H_i^2
    T = 1 - 2 * eta * H + eta**2 * ((1 - p) * H**2 + p * M)
    stated = (1 - eta * H) * (1 - eta * H) + eta**2 * p * (M - H**2)
    yield Identity(sp.expand(T - stated), "T(I)")
    for name in ("lam_I", "h_max"):
        top = sp.Symbol(name, positive=True)  # D(I) <= top H, as H_i^2 <= h_max H_i
        left = 2 - claimed(ctx, name, **{name: top}) * top
        yield Identity(left, f"what is left of 2H - eta D(I) at the bound of {name}")


@check(paper.DUAL_THRESHOLD, level=Level.SYMBOLIC)
def eigenvectors_of_the_kernel_matrix(ctx: Context) -> Iterator[Evidence]:
    r"""$Kq = \lambda q$ gives $DX = \lambda CX$ at $X = C^{-1}Aq$; $nK_{ij} = 2\int_0^\infty(J_i^\top e^{-Ht}J_j)^2dt$."""
    A, At, C, q = sp.symbols("A At C q", commutative=False)  # D = A At/n, K = At C^{-1} A/n
    lam = sp.Symbol("lam", positive=True)
    X = C**-1 * A * q
    image = (A * At * X / n).subs(At * C**-1 * A * q, n * lam * q)
    yield Identity(image - claimed(ctx, lam_K=lam) * C * X, "D X at an eigenvector of K")
    a, b, t = sp.symbols("a b t", positive=True)  # two eigenvalues of H; the square is a double sum over them
    integral = sp.integrate(sp.exp(-a * t) * sp.exp(-b * t), (t, 0, sp.oo))
    yield Identity(2 / (a + b) - 2 * integral, "a term of an entry of n K")


@check(paper.GAUSSIAN, level=Level.SYMBOLIC)
def balance_of_each_coordinate(ctx: Context) -> Iterator[Evidence]:
    r"""For every $d$ the claimed equation is $\eta D(X) = 2C(X)$ for a diagonal $X$; the root for $H = I$."""
    d, lam = sp.symbols("d lam", positive=True)
    x = eta / B / (2 - (1 + 1 / B) * eta * lam)  # x_j, with sum_k lam_k x_k = 1, which is the claimed equation
    yield Identity(eta * ((1 + 1 / B) * lam**2 * x + lam / B) - 2 * lam * x, "eta D(X) = 2 C(X) in each coordinate")
    total = claimed(ctx, eta=eta, B=B).replace(lambda e: isinstance(e, sp.Indexed), lambda e: lam)
    yield Identity(total.function * eta - lam * x, "a term of the claimed sum is lam_j x_j/eta")
    root = 2 * B / (d + B + 1)
    whole = total.subs({lam: 1, sp.Symbol("d"): d}, simultaneous=True).doit().subs(eta, root)
    yield Identity(whole - 1 / root, "isotropic features")


@check(paper.STATIONARY_COVARIANCE, level=Level.SYMBOLIC)
def fixed_point(ctx: Context) -> Iterator[Evidence]:
    """The claimed covariance is the fixed point of the recursion with additive noise, for any matrices."""
    H, Y, M = sp.symbols("H Y M", commutative=False)  # M = mean of H_i Y H_i
    G = H * Y + Y * H - eta * ((1 - p) * H * Y * H + p * M)  # Y = (2C - eta D)^+ G
    X, noise = (claimed(ctx, eta=eta, p=p, y=z) for z in (Y, M))
    kept = (1 - eta * H) * X * (1 - eta * H) + eta**2 * p * (noise - H * X * H)
    yield Identity(kept + eta**2 * p * G - X, "fixed point")


@check(paper.STATIONARY_LOSS, level=Level.SYMBOLIC)
def loss_at_the_fixed_point(ctx: Context) -> Iterator[Evidence]:
    """In one dimension, where everything commutes: half of H times the fixed point of the recursion with additive noise."""
    H, G, m2 = sp.symbols("H G m2", positive=True)  # G = mean g_i^2, m2 = mean H_i^2
    y = G / (2 * H - eta * ((1 - p) * H**2 + p * m2))
    X = eta * p * y
    kept = (1 - 2 * eta * H + eta**2 * ((1 - p) * H**2 + p * m2)) * X
    yield Identity(kept + eta**2 * p * G - X, "fixed point")
    yield Identity(H * X / 2 - claimed(ctx, eta=eta, p=p, y_H=H * y), "its loss")


@check(paper.LOSS_FROBENIUS, level=Level.SYMBOLIC)
def loss_after_one_step(ctx: Context) -> Iterator[Evidence]:
    r"""$T(H) = (I - \eta H)H(I - \eta H) + \eta^2pN$, any matrices: the first part is PSD, $N \ge \mu_0\|H\|_F^2H$."""
    H, M = sp.symbols("H M", commutative=False)  # M = mean of H_i H H_i, N = M - H^3
    T_H = H - 2 * eta * H**2 + eta**2 * ((1 - p) * H**3 + p * M)
    yield Identity(T_H - (1 - eta * H) * H * (1 - eta * H) - eta**2 * p * (M - H**3), "one step")
    mu0, quad = sp.symbols("mu0 quad", positive=True)  # quad = delta'H delta = 2 L
    bound = claimed(ctx, eta=eta, p=p, mu0=mu0, h2=h2, loss=quad / 2)
    yield Identity(eta**2 * p * mu0 * h2 * quad / 2 - bound, "half of delta'N delta at its lower bound")


@check(paper.RELU_PATHNORM, level=Level.SYMBOLIC)
def one_neuron_on_a_symmetric_pair(ctx: Context) -> Iterator[Evidence]:
    """One neuron at x and -x: the squared gradient averages to half of (w'x)^2 + a^2 |x|^2; and the path norm below it."""
    a, z, x2 = sp.symbols("a z x2", real=True)  # z = w'x; where it is positive relu^2 + |a relu' x|^2, at -x nothing
    yield Identity((z**2 + a**2 * x2) / 2 - claimed(ctx, wSw=z**2, a2=a**2, trS=x2), "mean over the pair")
    s, d, size, weight = sp.symbols("s d size weight", positive=True)  # size = |w|, weight = |a|
    path = s * sp.sqrt(d) * weight * size
    excess = s / 2 * (size - sp.sqrt(d) * weight) ** 2
    yield Identity(claimed(ctx, wSw=s * size**2, a2=weight**2, trS=s * d) - path - excess, "Tr H exceeds the path norm")


@check(paper.DIAGONAL_L1, level=Level.SYMBOLIC)
def trace_of_one_coordinate(ctx: Context) -> Iterator[Evidence]:
    """Where E x_j^2 = 1 the squared derivatives of a_j b_j x_j add up to a_j^2 + b_j^2, which exceeds 2 |a_j b_j| by a square."""
    a, b = sp.symbols("a b", nonnegative=True)  # |a_j|, |b_j|
    x = sp.Symbol("x", real=True)
    squares = sp.expand(sum(sp.diff(a * b * x, q) ** 2 for q in (a, b))).subs(x**2, 1)
    yield Identity(claimed(ctx, tr=squares) - 2 * a * b - (a - b) ** 2, "excess of the trace")


@check(paper.DIFFERENCE_L1, level=Level.SYMBOLIC)
def trace_of_one_difference(ctx: Context) -> Iterator[Evidence]:
    """With E x_j^2 = 1 the two second derivatives add up to 4 (u_j^2 + v_j^2), the residual cancelling; the excess of each sign."""
    u, v, x, r = sp.symbols("u v x r", real=True)
    loss = ((u**2 - v**2) * x + r) ** 2 / 2
    added = sp.expand(sum(sp.diff(loss, q, 2) for q in (u, v)))
    yield Identity(added - 4 * x**2 * (u**2 + v**2), "trace of one coordinate")
    bound = claimed(ctx, tr=added.subs(x, 1))
    yield Identity(bound - 4 * (u**2 - v**2) - 8 * v**2, "excess where u^2 >= v^2")
    yield Identity(bound - 4 * (v**2 - u**2) - 8 * u**2, "excess where v^2 >= u^2")


@check(paper.SAMPLE_TRACE, level=Level.SYMBOLIC)
def trace_of_one_coordinate_and_sample(ctx: Context) -> Iterator[Evidence]:
    """The two second derivatives of one coordinate at one sample, whatever the other coordinates and the label add."""
    a, b, x, r = sp.symbols("a b x r", real=True)
    added = sum(sp.diff((a * b * x + r) ** 2 / 2, q, 2) for q in (a, b))
    term = ctx.claim.expression.function.replace(lambda e: isinstance(e, sp.Indexed), lambda e: sp.Symbol(str(e.base)))
    S, ab2 = (sp.Symbol(str(s)) for s in ("S_jj", "ab2"))
    yield Identity(added - term.subs({S: x**2, ab2: a**2 + b**2}), "a term of the claimed sum")
