r"""Programmable variational inference: gradient estimators put together site by site, and the bounds that they ascend.

A site draws a value and hands it to its continuation k, the rest of the program. An estimator is a random dual number (v, d): an
unbiased value and an unbiased gradient of it, here one coordinate of it. ``f_b`` and ``g_b`` are value and gradient of k(b).
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="programmable-vi", authors=("Becker", "Lew", "Wang", "Ghavami", "Huot", "Rinard", "Mansinghka"), year=2024,
    family="sampling", arxiv="2406.15742", venue="PLDI", title="Probabilistic Programming with Programmable Variational Inference",
)  # fmt: skip

DERIVED = "docs/derivations/programmable_vi.md"
WHERE = f"Section 4 (wording of the theorem not found); {DERIVED}"

p = Parameter("p", "probability of 1", UNIT_OPEN)
dp = Parameter("dp", r"derivative of $p$ along the coordinate", REAL, r"\dot p")
f1, f0 = (Parameter(f"f{b}", f"value of the program behind {b}", REAL, f"f_{b}") for b in (1, 0))
g1, g0 = (Parameter(f"g{b}", f"its derivative behind {b}", REAL, f"g_{b}") for b in (1, 0))
s1, s0 = (Parameter(f"s{b}", f"variance of $d$ from k({b})", NONNEGATIVE, rf"\mathrm{{Var}}\,d_{b}") for b in (1, 0))
w1, w0 = (Parameter(f"w{b}", f"variance of $v$ from k({b})", NONNEGATIVE, rf"\mathrm{{Var}}\,v_{b}") for b in (1, 0))
c1, c0 = (Parameter(f"c{b}", f"covariance of $v$ and $d$ from k({b})", REAL, rf"\mathrm{{Cov}}_{b}") for b in (1, 0))
base = Parameter("base", "baseline that is taken off the value", REAL, "c")
bend = Parameter("bend", r"$c$ of $f(s) = a + bs + cs^2$", REAL, "c")
gradient = Parameter("gradient", "derivative of the objective along the coordinate", REAL, r"\partial L")
sites = Parameter("N", "number of sites", COUNT)
L = Parameter("L", r"Lipschitz constant of $\nabla f$")
s = Parameter("s", "standard deviation")
d = Parameter("d", "dimension", COUNT)
mu = Parameter("mu", "mean of the guide", REAL, r"\mu")
kl = Parameter("kl", r"$\mathrm{KL}(q\,\|\,p(\cdot|y))$", NONNEGATIVE, r"\mathrm{KL}")
kl_r = Parameter("kl", r"$\mathbb E_{q(z)}\mathrm{KL}(q(u|z)\,\|\,r(u|z))$", NONNEGATIVE, r"\mathrm{KL}_r")
log_evidence = Parameter("logp", r"$\log p(y)$", REAL, r"\log p(y)")
K = Parameter("K", "number of particles", COUNT)
more = Parameter("more", "the bound with one particle more", REAL, r"\mathcal L_{K+1}")
chi2 = Parameter("chi2", r"$\mathbb E_q[w^2]/p(y)^2 - 1$", NONNEGATIVE, r"\chi^2")
chi2_r = Parameter("chi2", r"$\mathbb E_{q(z)}\chi^2(q(u|z)\,\|\,r(u|z))$", NONNEGATIVE, r"\chi^2_r")
exact = Parameter("elbo", "ELBO of the guide with its exact marginal", REAL, r"\mathrm{ELBO}")
step = Parameter("eta", "step size", latex=r"\eta")
T = Parameter("T", "number of steps", COUNT)
sigma2 = Parameter("sigma2", "bound on the variance of the estimator", NONNEGATIVE, r"\sigma^2")
smooth_L = Parameter("L", r"smoothness of $F$")
gap0 = Parameter("gap0", r"$F_* - F(\theta_0)$", NONNEGATIVE, r"(F_* - F(\theta_0))")

CONTINUATION = Assumption(
    "correct_continuation", r"in every run of $k(b)$, whatever was drawn, $v$ and $d$ have means $f_b$, $g_b$"
)
FIXED = Assumption("exact_continuation", r"the rest of the program is not random: $v_b = f_b$, $d_b = g_b$")
RERUNS = Assumption("independent_reruns", "$k(1)$ and $k(0)$ are run with independent randomness")
QUADRATIC = Assumption("quadratic", r"the rest of the program is $f(s) = a + bs + cs^2$ in the drawn number $s$")
CORRECT = Assumption("correct_sites", "every site is estimated by enum, reinforce or mvd, and the end is exact")
DOMINATION = Assumption("domination", "the drawn value has a support that does not move with the parameter")
SMOOTH_K = Assumption(
    "smooth_continuation", "behind a reparameterised site the program is continuous, piecewise smooth"
)
GAUSSIAN = Assumption("gaussian", r"$x = \mu + sz$ with $z \sim N(0, I)$")
SQUARE = Assumption("square", r"$f(x) = x^2$ on the line")
SMOOTH_F = Assumption("smooth", r"$\nabla f$ is $L$-Lipschitz")
BAYES = Assumption("posterior", r"$p(z, y) = p(y)p(z|y)$ with the normalised posterior, wherever $q > 0$")
SUPPORT = Assumption("full_support", r"$q(z) > 0$ wherever $p(z, y) > 0$")
NORMALISED = Assumption("normalised", r"$q$ is a probability law")
IID = Assumption("iid_particles", r"$w_k = p(z_k, y)/q(z_k)$ for independent $z_k \sim q$")
BOUNDED = Assumption("bounded_weights", "the weights lie between two positive numbers")
JOINT = Assumption(
    "joint_draw", r"$(u_0, z) \sim q(u)q(z|u)$; $u_1, \dots, u_K \sim r(\cdot|z)$, independent given $z$"
)
REVERSE = Assumption("reverse_support", r"$r(u|z)$ is a probability law, positive wherever $q(u)q(z|u)$ is")
UNBIASED = Assumption("unbiased", r"$\mathbb E d = \nabla F(\theta)$ given the past")
VARIANCE = Assumption("bounded_variance", r"$\mathbb E\|d - \nabla F(\theta)\|^2 \le \sigma^2$")
SMOOTH = Assumption("l_smooth", r"$F$ is $L$-smooth, and at most $F_*$")
SHORT = Assumption("step_size", "steps that are not too long", sp.Le(step.symbol, 1 / smooth_L.symbol))

_p, _dp, _K = p.symbol, dp.symbol, K.symbol
MEAN, VAR = r"\mathbb E d", r"\mathrm{Var}\,d"


def _claim(name: str, title: str, statement: str, *formal: Any, **more: Any) -> Claim:
    fields = dict(zip(("parameters", "assumptions", "quantity", "expression"), formal, strict=True))
    told: Any = {"where": WHERE, "confidence": "derived", "relation": Relation.EQ, "tight": True} | fields | more
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **told))[0]


# --- one site, and a program of sites --------------------------------------------------------------------------------


def _unbiased(name: str, title: str, statement: str) -> Claim:
    bound = _p * g1.symbol + (1 - _p) * g0.symbol + _dp * (f1.symbol - f0.symbol)
    more = f"{statement} Its mean is the derivative of $pf_1 + (1-p)f_0$."
    return _claim(name, title, more, (p, dp, f1, f0, g1, g0), (CONTINUATION,), MEAN, bound)


ENUM = _unbiased(
    "enum-unbiased", "Enumeration of a flip is unbiased",
    r"Both continuations are run: $v = pv_1 + (1-p)v_0$, $d = pd_1 + (1-p)d_0 + \dot p(v_1 - v_0)$.",
)  # fmt: skip
REINFORCE = _unbiased(
    "reinforce-unbiased", "The score-function estimator of a flip is unbiased",
    r"One continuation is run: $d = d_b + v_b\,\partial\log p(b)$, with $\dot p/p$ for $b = 1$ and $-\dot p/(1-p)$ for $b = 0$.",
)  # fmt: skip
MVD = _unbiased(
    "mvd-unbiased", "The measure-valued estimator of a flip is unbiased",
    r"The drawn continuation, and the other's value: $d = d_b + (2b-1)(v_b - v_{1-b})\dot p$; both may share randomness.",
)  # fmt: skip
STRAIGHT_THROUGH = _claim(
    "straight-through-bias", "Straight-through gradients are biased by the curvature in the drawn bit",
    r"$d = f'(b)\,\dot p$ takes the bit for a real number: right of an affine $f$, else wrong unless $p = 1/2$.",
    (p, dp, bend), (QUADRATIC,), r"\mathbb E d - \partial L", bend.symbol * (2 * _p - 1) * _dp, where=DERIVED,
)  # fmt: skip
COMPOSITION = _claim(
    "compositional-unbiased", "Strategies may be mixed site by site",
    r"A program of $N$ sites, each with a strategy of its own, has no bias: the sites are exchanged one after the other for "
    r"their exact continuation, which changes no mean. Enumeration of every site has variance 0.",
    (gradient, sites), (CORRECT,), MEAN, gradient.symbol,
)  # fmt: skip
CONTINUOUS = _claim(
    "continuous-unbiased", "Three strategies for a continuous draw have the gradient as their mean",
    r"Of a normal draw: reparameterised $f'(x)$; the score function $f(x)(x - \mu)/s^2$; measure-valued "
    r"$(f(\mu + sW) - f(\mu - sW))/(s\sqrt{2\pi})$ with $W$ of density $we^{-w^2/2}$. Each assumption is needed by one strategy.",
    (gradient,), (DOMINATION, SMOOTH_K), MEAN, gradient.symbol,
)  # fmt: skip

# --- variances -------------------------------------------------------------------------------------------------------

_score = (f1.symbol - base.symbol) * _dp / _p + (f0.symbol - base.symbol) * _dp / (1 - _p)

ENUM_VARIANCE = _claim(
    "enum-variance", "What the variance of the continuations becomes under enumeration",
    r"Enumeration adds no variance of its own: it is 0 where the continuations have none.",
    (p, dp, s1, s0, w1, w0, c1, c0), (RERUNS,), VAR, _p**2 * s1.symbol + (1 - _p) ** 2 * s0.symbol
    + _dp**2 * (w1.symbol + w0.symbol) + 2 * _dp * (_p * c1.symbol - (1 - _p) * c0.symbol),
)  # fmt: skip
REINFORCE_VARIANCE = _claim(
    "reinforce-variance", "The variance of the score-function estimator with a baseline",
    r"$d = d_b + (v_b - c)\,\partial\log p(b)$. For $g_1 = g_0$ only the baseline $c = (1-p)f_1 + pf_0$ makes it 0; without one "
    r"it is $\dot p^2((1-p)f_1 + pf_0)^2/(p(1-p))$.",
    (p, dp, f1, f0, g1, g0, base), (FIXED,), VAR, _p * (1 - _p) * (g1.symbol - g0.symbol + _score) ** 2,
)  # fmt: skip
MVD_VARIANCE = _claim(
    "mvd-variance", "The variance of the measure-valued estimator",
    r"It is 0 where the derivatives behind both values are equal, whatever the values are.",
    (p, g1, g0), (FIXED,), VAR, _p * (1 - _p) * (g1.symbol - g0.symbol) ** 2,
)  # fmt: skip
REPARAM_VARIANCE = _claim(
    "reparam-variance", "Reparameterised gradients have a variance that does not grow with the function's values",
    r"$f = L\|x\|^2/2$ attains it.", (L, s, d), (SMOOTH_F, GAUSSIAN), r"\mathbb E\|\nabla f(x) - \mathbb E\nabla f(x)\|^2",
    L.symbol**2 * s.symbol**2 * d.symbol, relation=Relation.LE, where=DERIVED,
)  # fmt: skip

_m2, _s2 = mu.symbol**2 - base.symbol, s.symbol**2

SCORE_VARIANCE = _claim(
    "gaussian-reinforce-variance", "The variance of the score-function estimator of a square",
    r"$d = (x^2 - c)(x - \mu)/s^2$. No baseline makes it 0: the best, $c = \mu^2 + 3s^2$, leaves $8\mu^2 + 6s^2$, more than the "
    r"reparameterised $4s^2$. At $\mu = s = 1$, $c = 0$: 30 against 4.",
    (mu, s, base), (GAUSSIAN, SQUARE), VAR, _m2**2 / _s2 + 6 * _m2 + 8 * mu.symbol**2 + 15 * _s2,
)  # fmt: skip
GAUSSIAN_MVD = _claim(
    "gaussian-mvd-variance", "The variance of the measure-valued estimator of a square",
    r"With the same $W$ in both terms; below the reparameterised $4s^2$ iff $(4/\pi - 1)\mu^2 < s^2$.",
    (mu,), (GAUSSIAN, SQUARE), VAR, (16 / sp.pi - 4) * mu.symbol**2,
)  # fmt: skip

# --- bounds of the evidence ------------------------------------------------------------------------------------------

ELBO_GAP = _claim(
    "elbo-gap", "What the evidence lower bound misses is a divergence", r"$\mathrm{ELBO} = \mathbb E_q[\log p(z, y) - \log q(z)]$.",
    (kl,), (BAYES, NORMALISED), r"\log p(y) - \mathrm{ELBO}", kl.symbol,
)  # fmt: skip
WEIGHT_VARIANCE = _claim(
    "weight-variance", "The relative variance of the mean weight", r"It is what the rate of $\mathcal L_K$ is made of.",
    (chi2, K), (IID, SUPPORT), r"\mathrm{Var}(\frac1K\sum_{k<K}w_k)/p(y)^2", chi2.symbol / _K,
)  # fmt: skip

_LE: Any = {"relation": Relation.LE}
_BOUND = r"\mathcal L_K = \mathbb E\log(\frac1K\sum_{k\le K}w_k)"

IWELBO = _claim(
    "iwelbo-monotone", "More particles tighten the importance-weighted bound", f"${_BOUND}$, strictly unless $w$ is constant.",
    (more,), (IID,), r"\mathcal L_K", more.symbol, tight=False, **_LE,
)  # fmt: skip
IWELBO_BELOW = _claim(
    "iwelbo-below", "The importance-weighted bound is one", f"${_BOUND}$; $K = 1$ is the ELBO. $q$ need not cover the posterior.",
    (log_evidence,), (IID, NORMALISED), r"\mathcal L_K", log_evidence.symbol, **_LE,
)  # fmt: skip
IWELBO_RATE = _claim(
    "iwelbo-rate", "What the importance-weighted bound misses, to first order",
    r"$K(\log p(y) - \mathcal L_K) = \chi^2/2 - m_3/(3K) + O(1/K)$ with $m_3$ the third central moment of $w/p(y)$.",
    (chi2,), (IID, SUPPORT, BOUNDED), r"\lim_{K\to\infty} K(\log p(y) - \mathcal L_K)", chi2.symbol / 2,
)  # fmt: skip

_HELD = (JOINT, REVERSE)
_HVI = r"$H_K = \mathbb E[\log p(z, y) - \log\frac1{K+1}\sum_{k=0}^Kq(u_k)q(z|u_k)/r(u_k|z)]$"

HVI_GAP = _claim(
    "hvi-gap", "What an auxiliary variable costs", f"{_HVI}; $K = 0$ is the plain hierarchical bound.", (kl_r,), _HELD,
    r"\mathrm{ELBO} - H_0", kl_r.symbol,
)  # fmt: skip
HIERARCHICAL = _claim(
    "hierarchical-monotone", "More particles tighten the hierarchical bound", f"{_HVI}.", (more,), _HELD, "H_K", more.symbol, **_LE,
    tight=False, remark="Of one guide. Between guides nothing of the kind holds: the angular guide of the cone model has a smaller "
    "$H_0$ than the mean-field guide's ELBO.",
)  # fmt: skip
HIERARCHICAL_BELOW = _claim(
    "hierarchical-below", "The hierarchical bound is below the ELBO of the exact marginal", f"{_HVI}.", (exact,), _HELD, "H_K",
    exact.symbol, **_LE,
)  # fmt: skip
HIERARCHICAL_GAP = _claim(
    "hierarchical-convergence", "The hierarchical bound converges at the rate 1/K", f"{_HVI}. $q(u|z) = r(u|z)$ attains it.",
    (chi2_r, K), _HELD, r"\exp(\mathrm{ELBO} - H_{K-1})", 1 + chi2_r.symbol / _K, **_LE, where=DERIVED,
)  # fmt: skip

# --- what is done with them ------------------------------------------------------------------------------------------

ASCENT = _claim(
    "sga-rate", "Stochastic gradient ascent on a bound, by any unbiased estimator",
    r"$\theta_{t+1} = \theta_t + \eta d_t$: the variance of the strategy decides how near to a stationary point it stays. One step "
    r"$1/L$ on a parabola attains it.",
    (step, T, smooth_L, sigma2, gap0), (UNBIASED, VARIANCE, SMOOTH, SHORT), r"\frac1T\sum_{t<T}\mathbb E\|\nabla F(\theta_t)\|^2",
    2 * gap0.symbol / (step.symbol * T.symbol) + step.symbol * smooth_L.symbol * sigma2.symbol, where=DERIVED, **_LE,
)  # fmt: skip
