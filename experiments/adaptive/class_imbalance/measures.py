"""Measures: enclosures of margins, times and losses, the full matrix equation, recursions in balls and in rationals, runs."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from math import comb

import flint
import numpy as np
import sympy as sp

from gradproof.experiments.adaptive.class_imbalance import training, transformer
from gradproof.experiments.adaptive.class_imbalance.instances import matrix_flow, weights
from gradproof.experiments.adaptive.class_imbalance.methods import (
    gradient_descent,
    losses,
    margins,
    one_hot,
    sign_descent,
    zeros,
    zipf,
)
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, enclosed, measure, rounded
from gradproof.experiments.engine.run import run
from gradproof.solvers import separable_ode
from gradproof.solvers.exact.balls import ball, ends
from gradproof.theory.adaptive import class_imbalance as paper

F = Fraction
ULP = 2.0**-52
FLOW = ("one_hot", "zero_start", "gradient_flow")
SIGNS = ("one_hot", "zero_start", "positive_frequencies")
FREQUENCIES = [F(1, 2), F(1, 3), F(1, 6)]

Ends = tuple[Fraction, Fraction]


def psi_between(z: int, u: Ends) -> Ends:
    """e^u + z u at the ends of an interval."""
    with flint.ctx.workprec(256):
        low, high = (ball(v).exp() + z * ball(v) for v in u)
        return ends(low)[0], ends(high)[1]


# --- gradient flow -----------------------------------------------------------------------------------------------------


def margin_between(c: int, t: Fraction, start: int = 0) -> Ends:
    """The margin at pi_k t = t from a start, between two Euler sums, which know nothing of an integral."""
    low, high = separable_ode.euler_sums(lambda v: 1 / ((start + v).exp() + c - 1), c * t, 1500)
    return start + low, start + high


@measure(paper.GF_CONSERVATION, cases(c=[2, 10, 100], pi=1, t=[F(1), F(5)]).guaranteeing(*FLOW))
def psi_between_euler_sums(c, t, start=0):
    """$e^u + (c-1)u$ at two Euler sums around the flow of the margin."""
    return Enclosed(*psi_between(c - 1, margin_between(c, t, start)), "truncation")


@measure(paper.TIME_TO_LOSS, cases(c=[2, 3, 100], pi=[1.0, 0.02], eps=[0.001, 0.1, 0.5]).guaranteeing(*FLOW))
def time_by_quadrature(c, pi, eps):
    r"""$\int du/u'$ to the margin of the loss $\varepsilon$, between midpoint and trapezoidal sums of a convex function."""
    z, n = c - 1, 2000
    with flint.ctx.workprec(128):
        h = (z / (ball(F(eps)).exp() - 1)).log() / n
        values = [(h * k / 2).exp() + z for k in range(2 * n + 1)]
        sides = sum(values[2:-1:2], (values[0] + values[-1]) / 2)
        low, high = (h * s / ball(F(pi) * c) for s in (sum(values[1::2], flint.arb(0)), sides))
        return Enclosed(ends(low)[0], ends(high)[1], "quadrature")


@measure(
    (paper.GF_UPPER, paper.GF_LOWER),
    (cases(c=[2, 3, 100], pi=1.0, t=[0.01, 1.0, 10.0, 1e3, 1e5]) + cases(c=[2, 3, 100], pi=1, t=0)).guaranteeing(*FLOW),
)
def loss_of_the_flow(c, t):
    r"""The loss from the conserved quantity by interval Newton, from $t = 0$, where it is $\log c$, to 10^5."""
    return Enclosed(*separable_ode.margin_flow(c - 1, c * F(t)).loss, "rounding") if t else sp.log(c)


TIMES = [0.5, 3.0, 20.0, 149.0]
MATRIX = cases(k=[0, 5]).guaranteeing(*FLOW)


def along_the_matrix(k, values):
    """A value of the margin, the loss and their error at four times, with the parameters of class k."""
    flow = matrix_flow()
    for j in np.searchsorted(flow.t, TIMES):
        # entries of a column differ from the truth by at most its error: margins and losses by at most twice of it
        at = values(float(flow.u[j, k]), float(flow.l[j, k]), 2 * float(flow.error[j, k]))
        yield at, {"c": 6, "pi": float(flow.pi[k]), "t": float(flow.t[j])}


@measure(paper.GF_CONSERVATION, MATRIX)
def psi_along_the_matrix_flow(k):
    """$e^u + (c-1)u$ of the full 6 x 6 equation, at four times, for the most and the least frequent class."""

    def psi(u: float) -> float:
        return float(np.exp(u) + 5 * u)

    return along_the_matrix(k, lambda u, l, e: Enclosed(psi(u - e), psi(u + e), "truncation"))


@measure((paper.GF_UPPER, paper.GF_LOWER), MATRIX)
def loss_along_the_matrix_flow(k):
    """Losses of the most and the least frequent class of the full equation."""
    return along_the_matrix(k, lambda u, l, e: around(l, e, "truncation"))


@measure(paper.TIME_TO_LOSS, (cases(k=0, eps=[1.5, 0.5, 0.1]) + cases(k=5, eps=[1.5, 0.5, 0.15])).guaranteeing(*FLOW))
def time_of_the_matrix_flow(k, eps):
    r"""Between the last step of the full equation certainly above the loss $\varepsilon$ and the first certainly below."""
    flow = matrix_flow()
    error = 2 * flow.error[:, k]
    low = flow.t[flow.l[:, k] - error > eps].max()
    high = flow.t[flow.l[:, k] + error < eps].min()
    return Enclosed(float(low), float(high), "truncation"), {"c": 6, "pi": float(flow.pi[k])}


@measure(paper.ZIPF_AVERAGE, cases(t=TIMES).guaranteeing(*FLOW))
def average_of_the_matrix_flow(t):
    """The average loss of the full equation."""
    flow = matrix_flow()
    j = np.searchsorted(flow.t, t)
    known = {"pi": flow.pi.tolist(), "t": float(flow.t[j])}
    return around(float(flow.pi @ flow.l[j]), 2 * float(flow.pi @ flow.error[j]), "truncation"), known


@measure(paper.ZIPF_AVERAGE, cases(c=[10, 1000], t=[1.0, 100.0, 1e3, 1e5]).guaranteeing(*FLOW))
def average_of_the_flow(c, t):
    """Zipf's frequencies for c = 10 and 1000, up to 10^5."""
    pi = zipf(c)
    value, error = separable_ode.losses(c - 1, c * pi * t)
    return around(float(pi @ value), float(pi @ error) + c * ULP * float(pi @ value)), {"pi": pi.tolist()}


@measure(paper.ZIPF_AVERAGE, cases(pi=[[F(6, 11), F(3, 11), F(2, 11)]], t=0).guaranteeing(*FLOW))
def average_at_the_start(pi):
    r"""$\log c$ at $t = 0$, where the bound is attained."""
    return sp.log(len(pi))


# --- sign descent ------------------------------------------------------------------------------------------------------


def exact_signs(W: list[list[Fraction]], pi: list[Fraction]) -> list[list[int]]:
    """Signs of the negative gradient of the one-hot model, from enclosures of the softmax."""
    c = len(pi)
    with flint.ctx.workprec(256):
        signs = [[0] * c for _ in range(c)]
        for k in range(c):
            e = [ball(W[i][k]).exp() for i in range(c)]
            total = sum(e, flint.arb(0))
            for i in range(c):
                g = ball(pi[k]) * (int(i == k) - e[i] / total)
                signs[i][k] = 1 if g > 0 else -1 if g < 0 else 0
    return signs


def sign_margins(pi: list[Fraction], eta: Fraction, n: int) -> list[list[Fraction]]:
    """Margins of every class over the others after n steps of sign descent from 0, in rationals."""
    c = len(pi)
    W = [[F(0)] * c for _ in range(c)]
    for _ in range(n):
        W = [[w + eta * k for w, k in zip(row, s, strict=True)] for row, s in zip(W, exact_signs(W, pi), strict=True)]
    return [[W[k][k] - W[i][k] for i in range(c) if i != k] for k in range(c)]


def _loss(others: list[Fraction]) -> flint.arb:
    return (1 + sum(((-ball(u)).exp() for u in others), flint.arb(0))).log()


@measure(paper.SIGN_FLOW, cases(c=3, t=[F(1, 2), F(1), F(2)], pi=[FREQUENCIES]).guaranteeing(*SIGNS))
def loss_after_exact_signs(t, pi, start=0):
    """Losses of all classes after eight exact steps of length t/8."""
    for margins_of in sign_margins(pi, t / 8, 8):
        yield enclosed(partial(_loss, [u + start for u in margins_of]))


@measure(
    paper.SIGN_DESCENT,
    cases(step=[{"eta": F(1, 20), "n": 0}, {"eta": F(1, 20), "n": 25}, {"eta": F(7, 3), "n": 4}], pi=[FREQUENCIES])
    .guaranteeing(*SIGNS),
)  # fmt: skip
def margins_in_rationals(eta, n, pi, start=0):
    """All margins after n steps in rationals, the signs from ball arithmetic."""
    for margins_of in sign_margins(pi, eta, n):
        yield from ((u + start, {}) for u in margins_of)


def first_middle_last(c: int) -> tuple[int, ...]:
    """Three classes by frequency."""
    return 0, c // 2, c - 1


VOCABULARY = cases(c=10_000, steps=100)


@measure(paper.SIGN_FLOW, (cases(c=30, steps=160) + VOCABULARY).guaranteeing(*SIGNS))
@measure(paper.SIGN_FLOW, cases(c=100, steps=240).guaranteeing(*SIGNS), budget="full", name="sign_descent_on_more")
def sign_descent_on_zipf(c, steps, backend):
    """Losses of the first, a middle and the last of 30 and 10^4 classes along a run of steps 1/16, which doubles hold exactly."""
    at, W = weights("sign", c, steps, backend, first_middle_last(c))
    u = margins(W[1:], np.array(first_middle_last(c)))  # (record, other, class), multiples of 1/16: exact
    others = np.where(u == 0, 0.0, np.exp(-u)).sum(axis=-2)  # but for its own place every margin is positive
    for n, row in zip(at[1:], np.log1p(others), strict=True):
        for loss in row:
            # times as fractions: in floats the bound loses the digits of small losses
            yield Enclosed(F(loss * (1 - 4 * c * ULP)), F(loss * (1 + 4 * c * ULP)), "rounding"), {"t": F(int(n), 16)}


def time_between(reached: Callable[[Fraction], bool], until: int, width: Fraction) -> Enclosed:
    """The end of a stretch of time from 0 on which something is not reached, by halving."""
    low, high = F(0), F(until)
    while high - low > width:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return Enclosed(low, high, "truncation")


@measure(
    paper.SIGN_TIME, cases(c=3, eps=[F(1, 1000), F(1, 10), F(1, 2)], k=[0, 2], pi=[FREQUENCIES]).guaranteeing(*SIGNS)
)
def time_of_exact_signs(eps, k, pi, start=0):
    r"""When four exact steps bring a class to the loss $\varepsilon$, to 2^-12; its loss falls with their length."""

    def reached(t: Fraction) -> bool:
        return _loss([u + start for u in sign_margins(pi, t / 4, 4)[k]]) < ball(eps)

    return time_between(reached, 8, F(1, 4096))


@measure(paper.SIGN_TIME, cases(c=[30, 10_000]).guaranteeing(*SIGNS))
def time_of_runs(c, backend):
    """The step of 1/32 on which the first, a middle and the last of 30 and of 10^4 classes pass the losses 1/2 and 1/100."""
    on, of = array_library(backend), np.array(first_middle_last(c))
    pi, own = on.move((zipf(c)[of], (np.arange(c)[:, None] == of).astype(float)))
    record = {"u": lambda s: on.xp.min(on.xp.sum(s.x * own, axis=-2, keepdims=True) - s.x + 1e9 * own, axis=-2)}
    seen = run(sign_descent(one_hot(pi, own), 1 / 32), on.asarray(zeros(c, 3)), 230, record=record)
    for u in seen.u.values[
        0, 0
    ].T:  # the least margin of a class, a multiple of 1/32: exact, and the same over all others
        for eps in (0.5, 0.01):
            after = int((np.log1p((c - 1) * np.exp(-u)) > eps).sum())  # no loss is within rounding of epsilon
            yield Enclosed(F(after - 1, 32), F(after, 32), "truncation"), {"eps": eps}


@measure(paper.SIGN_DESCENT, cases(method=["sign", "adam without memory"]).guaranteeing(*SIGNS))
def margins_of_a_run(method, backend):
    """Sign descent, and Adam with beta1 = beta2 = eps = 0, with steps of 1/16: the greatest and the least margin."""
    _, W = weights(method, 8, 100, backend)
    u = margins(W[-1])[~np.eye(8, dtype=bool)]
    for value in (u.min(), u.max()):  # Adam's steps are rounded by two operations
        yield around(float(value), 0.0 if method == "sign" else 4 * ULP * 100 * float(value)), {"eta": 1 / 16, "n": 100}


# --- gradient descent --------------------------------------------------------------------------------------------------

GD = (paper.GD_UPPER, paper.GD_LOWER)
STEP = ("one_hot", "zero_start")


@measure(GD, cases(c=[2, 10, 50], pi=1, eta=[F(1, 10), F(3, 10), F(2)], n=[0, 1, 10, 300]).guaranteeing(*STEP))
def psi_of_the_recursion(c, eta, n, start=0):
    """The recursion of the margin in ball arithmetic, up to 300 steps of three lengths."""
    with flint.ctx.workprec(256):
        u = flint.arb(start)
        for _ in range(n):
            u += ball(eta * c) / (u.exp() + c - 1)
        return Enclosed(*psi_between(c - 1, ends(u)), "rounding")


@measure(GD, (cases(c=30, steps=300) + VOCABULARY).guaranteeing(*STEP))
@measure(GD, cases(c=100, steps=2000).guaranteeing(*STEP), budget="full", name="psi_of_longer_runs")
def psi_of_runs(c, steps, backend):
    """Gradient descent with step 2/max pi, 30 and 10^4 classes by Zipf's frequencies: the first, a middle and the last."""
    at, W = weights("gd", c, steps, backend, first_middle_last(c))
    pi, of = zipf(c), np.array(first_middle_last(c))
    for k, u in zip(of, (margins(W[1:], of).sum(axis=-2) / (c - 1)).T, strict=True):
        # with steps below 4/max pi the method brings no two paths further apart: roundings of its steps add up
        error = 8 * ULP * at[1:] * (np.exp(u) + c) * (1 + u)
        known = {"c": c, "pi": float(pi[k]), "eta": float(2 / pi[0]), "n": at[1:]}
        yield around(np.exp(u) + (c - 1) * u, error), known


BATCHES = ("one_hot", "zero_start", "unbiased")


@measure(
    paper.SGD_LOWER, cases(c=[2, 5], pi=[F(1, 10), F(1, 2)], eta=[F(1, 5), F(1)], n=[0, 1, 8]).guaranteeing(*BATCHES)
)
def mean_psi_over_all_batches(c, pi, eta, n, start=0, drawn=None):
    """All histories of n batches of one sample, which has the class or not: the margin moves with the number of hits alone."""
    p, values = pi if drawn is None else drawn, []
    with flint.ctx.workprec(192):
        u, mean = flint.arb(start), flint.arb(0)
        for hits in range(n + 1):
            chance = ball(comb(n, hits) * F(p) ** hits * (1 - F(p)) ** (n - hits))
            mean += chance * (u.exp() + (c - 1) * u)
            u += ball(F(eta) * c) / (u.exp() + c - 1)
        values.append(Enclosed(*ends(mean), "rounding"))
    return values[0]


@measure(paper.SGD_LOWER, cases(c=5, k=[0, 4], size=4, eta=0.3, n=20, seeds=400).guaranteeing(*BATCHES))
def mean_psi_of_minibatches(c, k, size, eta, n, seeds, rng, backend):
    """400 runs on minibatches of four samples with Zipf's frequencies: the most and the least frequent class."""
    on, pi = array_library(backend), zipf(c)
    shares = on.asarray(rng.multinomial(size, pi, size=(n, 1, seeds)) / size)
    method = gradient_descent(one_hot(*on.move((pi, np.eye(c)))), eta)
    x0 = on.asarray(np.zeros((1, seeds, c, c)))
    W = run(method, x0, n, record={"W": lambda s: s.x}, at=[n], draw=lambda t: shares[t, ...]).W.values[0, :, -1]
    u = margins(W)[..., k].sum(axis=-1) / (c - 1)
    return Sample(np.exp(u) + (c - 1) * u, at_most=1 + c * n * np.expm1(eta)), {"pi": float(pi[k])}


@measure(paper.GD_DESCENT, cases(factor=[F(1, 2), F(2), F(39, 10)], scale=[1, 4]).guaranteeing("one_hot"))
def step_in_balls(factor, scale):
    """The loss after a step from random rational weights, c = 3, with steps up to nearly 4/max pi."""
    W = np.random.default_rng(scale).integers(-4 * scale, 4 * scale + 1, (3, 3))
    eta = factor / max(FREQUENCIES)
    with flint.ctx.workprec(192):
        before = after = grad2 = flint.arb(0)
        for k, f in enumerate(FREQUENCIES):
            column = [flint.arb(int(w)) / 4 for w in W[:, k]]
            p = _softmax(column)
            g = [ball(f) * (q - int(i == k)) for i, q in enumerate(p)]
            before -= ball(f) * p[k].log()
            after -= ball(f) * _softmax([w - ball(eta) * d for w, d in zip(column, g, strict=True)])[k].log()
            grad2 += sum((d * d for d in g), flint.arb(0))
        known = {"loss": ends(before)[0], "eta": eta, "pi_max": max(FREQUENCIES), "grad2": ends(grad2)[1]}
        return Enclosed(*ends(after), "rounding"), known


def _softmax(column: list[flint.arb]) -> list[flint.arb]:
    e = [w.exp() for w in column]
    total = sum(e, flint.arb(0))
    return [v / total for v in e]


@measure(paper.GD_DESCENT, cases(factor=[0.5, 2.0, 3.9]).guaranteeing("one_hot"))
def twenty_steps_from_random_weights(factor, rng):
    """Twenty steps from each of 20 random starts, c = 5."""
    pi = zipf(5)
    eta, gradient, W = factor / pi[0], one_hot(pi, np.eye(5)), 3 * rng.standard_normal((20, 5, 5))
    for _ in range(20):
        g = gradient(W, None)
        before, W = losses(W) @ pi, W - eta * g
        grad2 = (g * g).sum(axis=(-2, -1))
        # a loss and a squared gradient come out of at most 25 terms of their size
        after, size = losses(W) @ pi, 1 + before
        yield rounded(after, 64, size), {"loss": before, "eta": float(eta), "pi_max": float(pi[0]), "grad2": grad2}


# --- the Hessian -------------------------------------------------------------------------------------------------------


@measure(paper.HESSIAN, cases(c=6, k=[1, 2, 3, 4, 5, 6]).guaranteeing("one_hot", "at_zero"))
def eigenvalues_in_rationals(c, k):
    """The c - 1 greatest eigenvalues of a block at 0 for Zipf's frequencies."""
    pi = sp.Rational(1, k) / sp.harmonic(c)
    found = (pi * (sp.eye(c) / c - sp.ones(c, c) / c**2)).eigenvals(multiple=True)
    for value in sorted(found)[1:]:
        yield value, {"pi": pi}


@measure(paper.HESSIAN, cases(c=5).guaranteeing("one_hot", "at_zero"))
def eigenvalues_of_differences(c):
    """The 20 greatest eigenvalues of the Hessian of all 25 weights at 0, by central differences of the gradient."""
    h, pi = 1e-4, zipf(c)
    gradient, shifts = one_hot(pi, np.eye(c)), h * np.eye(c * c).reshape(c * c, c, c)
    hessian = ((gradient(shifts, None) - gradient(-shifts, None)) / (2 * h)).reshape(c * c, c * c)
    values = np.linalg.eigvalsh((hessian + hessian.T) / 2)[c:]
    # third derivatives of the softmax are below one; an eigenvalue moves by at most the norm of the error, c^2 entries
    return around(values, c * c * (h**2 + 4 * ULP / h), "truncation"), {"pi": np.repeat(np.sort(pi), c - 1)}


@measure(paper.HESSIAN, cases(c=5, k=[0, 4], size=20).guaranteeing("one_hot", "at_zero"))
def eigenvalue_of_minibatches(c, k, size, rng):
    """The eigenvalue of a class in 2000 minibatches of 20 one-hot samples, whose mean is the claimed one."""
    counts = rng.multinomial(size, zipf(c), size=2000)[:, k]
    return Sample(counts / (size * c), at_most=1 / c), {"pi": float(zipf(c)[k])}


# --- rare classes ------------------------------------------------------------------------------------------------------


@measure(paper.RARE_CLASSES, cases(c=[6, 100]).guaranteeing("heavy_tailed"))
def ratio_of_the_solved_model(c):
    r"""One under exact signs, as all margins are the same, and under gradient flow at the mean loss $\frac3{10}\log c$."""
    pi = zipf(c)
    equal = {u for of in sign_margins([F(1, k + 2) for k in range(min(c, 6))], F(1, 8), 3) for u in of}
    low, high = 0.0, 1e6
    for _ in range(60):
        middle = (low + high) / 2
        above = pi @ separable_ode.losses(c - 1, c * pi * middle)[0] > 0.3 * np.log(c)
        low, high = (middle, high) if above else (low, middle)
    value, error = separable_ode.losses(c - 1, c * pi * high)
    rare = np.cumsum(pi[::-1])[::-1] <= 0.1 + 1e-12
    ratio = (pi @ (value * rare)) / (pi @ rare) / (pi @ value)
    return F(len(equal)), {"lag": float(ratio * (1 - 4 * c * ULP) - 2 * error.max())}


LINEAR = cases(
    problem={"published": partial(training.published, 4), "digits": training.rare_digits}, method=["adam", "sign"]
)
MORE = cases(problem={"published": partial(training.published, 5)}, method="adam", steps=2000)
WIDE = cases(problem={"10^4 classes": partial(training.gaussian, 10_000, 1024)}, method="adam", steps=5000)


@measure(paper.RARE_CLASSES, LINEAR.guaranteeing("heavy_tailed"))
@measure(paper.RARE_CLASSES, MORE.guaranteeing("heavy_tailed"), budget="full", name="ratio_on_more_classes")
@measure(
    paper.RARE_CLASSES, WIDE.guaranteeing("heavy_tailed"), budget="gpu", name="ratio_of_a_vocabulary", timeout=3600
)
def ratio_of_linear_models(problem, method, backend, steps=300):
    """Linear softmax on the published sample (m = 4, at more budget 5) and on digits with rare classes; 10^4 classes for a GPU."""
    found, lagging = (training.lag(problem, name, steps=steps, backend=backend) for name in (method, "gd"))
    # a step's rounding grows by no more than the smoothness allows, and the ratio is one of sums of the rows' losses
    return rounded(found, 64 * steps), {"lag": lagging}


@measure(paper.RARE_CLASSES, cases(method="adam").guaranteeing("heavy_tailed"), budget="gpu", timeout=3600)
def ratio_of_a_transformer(seed, share=0.55, **sizes):
    """A one-layer transformer in torch on a stream of 10^4 tokens with Zipf's frequencies, on the same minibatches."""
    of = transformer.Sizes(**sizes)
    found = transformer.lag("adam", of, alpha=1e-3, share=share, seed=seed)
    lagging = transformer.lag("gd", of, alpha=1.0, share=share, seed=seed)
    return rounded(found, 2**20), {"lag": lagging}
