r"""Full-batch methods in stochastic convex optimisation: gradient descent walks where the sample is blind, one-pass SGD does not.

The instance, J-walk: ``f(w; V) = sqrt(sum_i V_i h(w_i)^2) + b <u_V, w> + max(0, max_i w_i)`` with V uniform in {0, 1}^d,
``h(x) = max(0, -x - gamma)``, and ``u_V(i)`` = 1 where V_i = 1, else -1/(2n). J is the set of coordinates that are 0 in all n
samples. Steps are ``w_{t+1} = w_t - eta g_t`` from 0. F is the expectation of f, F_S the mean over the sample.
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
    key="full-batch", authors=("Amir", "Carmon", "Koren", "Livni"), year=2021, family="limits", arxiv="2107.00469",
    venue="NeurIPS", title="Never Go Full Batch (in Stochastic Convex Optimization)",
)  # fmt: skip

HERE = "docs/derivations/full_batch.md"
BFGT = "a bound of the form of Bassily, Feldman, Guzman, Talwar (2020), arXiv:2006.06914"
COLT = "a simpler form of the construction of Amir, Koren, Livni (2021), arXiv:2102.01117"

# --- parameters ------------------------------------------------------------------------------------------------------

T = Parameter("T", "number of steps", COUNT)
n = Parameter("n", "number of samples", COUNT)
d = Parameter("d", "dimension of the walk", COUNT)
eta = Parameter("eta", "step size", latex=r"\eta")
gamma = Parameter("gamma", "how far a coordinate may fall before it costs", latex=r"\gamma")
b = Parameter("b", "slope of the linear term")
hit = Parameter("hit", "1 on the first $T - 1$ coordinates of $J$, else 0", sp.S.Naturals0)
ubar = Parameter("ubar", r"mean of $u_{V_j}(i)$ over the sample; $-1/(2n)$ on $J$", REAL, r"\bar u(i)")
U = Parameter("U", r"$\sum_i\bar u(i)$", REAL, r"\sum_i\bar u(i)")
_root = r"\mathbb E\sqrt{\mathrm{Bin}(T-1, \tfrac12)}"
mean_root = Parameter("mean_root", f"${_root}$", NONNEGATIVE, _root)
A = Parameter("A", r"$\|a\|$", latex=r"\|a\|")
below = Parameter("A", r"$(\sum_{k<T}(\eta(T-k)/T - \gamma - \eta b(T+1)/(4n))_+^2)^{1/2}$", latex=r"\|\overline a\|")
m = Parameter("m", "number of coins", COUNT)
p = Parameter("p", "chance that a coordinate is in $J$: $2^{-n}$ for fair bits", UNIT_OPEN)
t = Parameter("t", r"how far below its mean $|J|$ is")
G = Parameter("G", "root of the mean square of the stochastic subgradients")
L = Parameter("L", "Lipschitz constant of the losses")
D2 = Parameter("D2", r"$\|w - w_0\|^2$", NONNEGATIVE, r"\|w - w_0\|^2")

_T, _n, _d, _e, _g, _b, _L = (q.symbol for q in (T, n, d, eta, gamma, b, L))

# --- assumptions -----------------------------------------------------------------------------------------------------

WALK = Assumption("j_walk", r"the loss is J-walk, and $w_0 = 0$")
FULL = Assumption("full_batch_gradient", "each step uses the mean of the subgradients of all samples")
_rule = r"of $\max(0, \max_iw_i)$: 0 where no $w_i > 0$, else $e_i$ of the smallest maximiser; of the root: 0 at 0"
RULE = Assumption("subgradient_rule", _rule)
BAD = Assumption("bad_set", r"$|J| \ge T$")
SCALE = Assumption(
    "scale", r"$T\eta b < \gamma$: the linear term moves nothing below $-\gamma$", sp.Lt(_T * _e * _b, _g)
)
WITHIN = Assumption("within_step", r"$\gamma < \eta$", sp.Lt(_g, _e))
_reach = r"$\gamma + \eta bT/(2n) \le \eta$: a hit coordinate stays below $-\gamma$"
REACH = Assumption("reach", _reach, sp.Le(_g + _e * _b * _T / (2 * _n), _e))
GENTLE = Assumption("gentle_slope", r"$b \le \frac12$", sp.Le(_b, sp.Rational(1, 2)))
COINS = Assumption("fair_coins", r"the $V_i$ are 0 or 1, with chance one half each")
TWO = Assumption("two_steps", r"$T \ge 2$", sp.Ge(_T, 2))
GAP = Assumption("small_gap", r"$\gamma \le \eta/8$", sp.Le(_g, _e / 8))
SLOPE = Assumption("small_slope", r"$4b(T + d) \le 1$", sp.Le(4 * _b * (_T + _d), 1))
STEP = Assumption("step_not_small", r"$2\eta T \ge 1$", sp.Ge(2 * _e * _T, 1))
_side = r"the loss has the further term $\min(1, \frac1{2\eta T})|1 - v|$ in a coordinate $v$ of its own, $v_0 = 0$"
SIDE = Assumption("side_coordinate", _side)
CONVEX = Assumption("convex", r"the losses $f(\cdot; z)$ are convex")
LIPSCHITZ = Assumption("lipschitz", r"the losses are $L$-Lipschitz")
FRESH = Assumption("one_pass_fresh_samples", "each step uses a subgradient at a sample that is independent of the past")
BOUNDED = Assumption("bounded", r"$\mathbb E\|g_t\|^2 \le G^2$")
DIFFER = Assumption("one_differs", "the two samples have $n - 1$ of $n$ elements in common, and the two starts are one")
IID = Assumption("iid_sample", "the sample is $n$ independent draws, and $w$ and $w_0$ do not depend on it")
BITS = Assumption("independent_bits", "each coordinate is in $J$ with chance $p$, independently of the others")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    stated = {"confidence": "derived", "where": HERE} | fields
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **stated))[0]


# --- the walk --------------------------------------------------------------------------------------------------------

GD_WALK = _claim(
    "gd-walk", "Gradient descent walks over the coordinates that the sample does not see",
    r"At $w_0 = 0$ the linear term alone acts; from then on the maximum is at the coordinates of $J$, and each step lowers the "
    r"first that has not been hit by $\eta$. It stays below 0, and no sampled root ever sees it.",
    parameters=(T, eta, gamma, b, hit, ubar), assumptions=(WALK, FULL, RULE, SCALE, WITHIN), quantity="w_T(i)",
    relation=Relation.EQ, expression=-_e * hit.symbol - _e * _b * _T * ubar.symbol, where=f"{COLT}; {HERE}",
    confidence="verified", tight=True,
)  # fmt: skip

EMPIRICAL = _claim(
    "empirical-risk", "On its own sample gradient descent does well",
    r"$F_S(w_T) \le \eta bT/n$, which vanishes with $b$, while $F(w_T)$ does not: full-batch.gd-excess.",
    parameters=(T, n, eta, gamma, b), assumptions=(WALK, FULL, RULE, SCALE, WITHIN), quantity="F_S(w_T)",
    relation=Relation.LE, expression=_e * _b * _T / _n,
)  # fmt: skip

_drift = _b * (sp.Rational(1, 2) - 1 / (4 * _n))

GD_EXCESS = _claim(
    "gd-excess", "The population excess risk of gradient descent on J-walk",
    r"The fresh $V$ sees half of the $T - 1$ coordinates that were hit. For $b \to 0$ it is "
    r"$(\eta - \gamma)\mathbb E\sqrt{\mathrm{Bin}(T-1, \frac12)} \approx \eta\sqrt{T/2}$, and $F(0) = 0$ is not above the minimum "
    r"over the unit ball by more than $O(b)$.",
    parameters=(T, n, eta, gamma, b, U, mean_root), assumptions=(WALK, FULL, RULE, BAD, SCALE, REACH),
    quantity="F(w_T) - F(0)", relation=Relation.EQ,
    expression=(_e - _g - _e * _b * _T / (2 * _n)) * mean_root.symbol - _e * _drift * (_T - 1 + _b * _T * U.symbol)
    + _e * _b * _T / (2 * _n),
    where=f"{COLT}; {HERE}", confidence="verified", tight=True,
    remark=r"$|J| = T - 1$ is enough for the walk, without the last term. The steps are not projected: $w_T$ is in the unit ball "
    r"while $\eta\sqrt{T-1} \le 1$, about.",
)  # fmt: skip

ROOT_LOWER = _claim(
    "masked-norm", "A random half of a vector has at least half of its norm, in the mean",
    r"$\mathbb E\sqrt{\sum_iV_ia_i^2} \ge \frac12\|a\|$; a vector with one entry attains it. With $T - 1$ equal entries: "
    r"$\mathbb E\sqrt{\mathrm{Bin}(T-1, \frac12)} \ge \frac12\sqrt{T-1}$.",
    parameters=(A,), assumptions=(COINS,), quantity=r"\mathbb E\sqrt{\sum_iV_ia_i^2}", relation=Relation.GE,
    expression=A.symbol / 2, tight=True,
)  # fmt: skip

ROOT_UPPER = _claim(
    "mean-root", "The mean root of a binomial number, from above",
    r"$\mathbb E\sqrt{\mathrm{Bin}(m, \frac12)} \le \sqrt{m/2}$, and the ratio tends to 1: the constant $\frac12$ of "
    r"full-batch.masked-norm can become $1/\sqrt2$ for many equal entries, and no more.",
    parameters=(m,), assumptions=(COINS,), quantity=r"\mathbb E\sqrt{\mathrm{Bin}(m, \tfrac12)}", relation=Relation.LE,
    expression=sp.sqrt(m.symbol / 2),
)  # fmt: skip

_LOWER = (WALK, FULL, RULE, BAD, SIDE, SCALE, TWO, GAP, SLOPE)

GD_LOWER = _claim(
    "gd-lower", "Large steps walk too far, small steps come too late",
    r"J-walk and $\frac1{2\eta T}|1 - v|$ in one more coordinate, a loss of Lipschitz constant $\sqrt{3 + b^2d}$ at most: at "
    r"$w^\circ = (0, \ldots, 0, 1)$, in the unit ball, $F = 0$.",
    parameters=(T, n, d, eta, gamma, b), assumptions=(*_LOWER, STEP), quantity=r"F(w_T) - F(w^\circ)", relation=Relation.GE,
    expression=_e * sp.sqrt(_T - 1) / 4 + 1 / (4 * _e * _T),
    remark=r"$\gamma$ and $b$ are the instance's to choose. If $\eta < \frac1{2T}$, it is more than $1 - \eta T > \frac12$.",
)  # fmt: skip

GD_RATE = _claim(
    "gd-rate", r"Gradient descent needs $1/\epsilon^4$ steps",
    r"Whatever the step size, $F(w_T) - \min F \ge \frac12(T-1)^{1/4}T^{-1/2}$, about $\frac12T^{-1/4}$, as long as "
    r"$|J| \ge T$: for $n < \log_2(d/(2T))$, by full-batch.bad-set. So $\epsilon$ takes $\Omega(1/\epsilon^4)$ steps, or a sample "
    r"that grows with the dimension; full-batch.gd-upper is of the same order.",
    parameters=(T, n, d, eta, gamma, b), assumptions=_LOWER, quantity=r"(F(w_T) - F(w^\circ))^2", relation=Relation.GE,
    expression=sp.sqrt(_T - 1) / (4 * _T),
    remark="The paper has it for every method that sees exact gradients of the empirical risk alone; that theorem is cited, not "
    "checked. Of gradient descent itself a dimension of the order of the sample is enough: Livni (2024), cited.",
)  # fmt: skip

GD_AVERAGE = _claim(
    "gd-average", "The average iterate walks as far, up to a constant",
    r"$\overline w_T$ is the mean of $w_1, \ldots, w_T$: the $k$-th coordinate that is hit is at $-\eta(T-k)/T$, about. For "
    r"$b, \gamma \to 0$ the bound is about $\frac\eta2\sqrt{T/3}$.",
    parameters=(T, n, eta, gamma, b, U, below), assumptions=(WALK, FULL, RULE, BAD, SCALE, WITHIN),
    quantity=r"F(\overline w_T) - F(0)", relation=Relation.GE,
    expression=below.symbol / 2 - _e * _drift * (_T - 1 + _b * (_T + 1) * U.symbol) / 2,
)  # fmt: skip

LIPSCHITZ_WALK = _claim(
    "lipschitz", "The Lipschitz constant of J-walk",
    r"The root pulls only where $V_i = 1$, against $u_V$, and the maximum in another coordinate: $\|g\| \le \sqrt{2 + b^2d}$ for "
    r"every $V$ and $w$. It is attained.",
    parameters=(d, b), assumptions=(WALK, GENTLE), quantity=r"\|g\|^2", relation=Relation.LE, expression=2 + _b**2 * _d,
    tight=True, remark=r"The constants of the three terms add up to $2 + b\sqrt d$.",
)  # fmt: skip

BAD_SET = _claim(
    "bad-set", "Random samples are blind on many coordinates",
    r"$|J|$ is binomial. With $d = 2T2^n$ and $t = T + 1$ the chance of $|J| < T$ is at most $2T/(T+1)^2$ (in truth it is "
    r"exponentially small): a sample of $n \le \log_2(d/(2T))$ is too small: this is a dimension-dependent sample size.",
    parameters=(d, p, t), assumptions=(BITS,), quantity=r"P(|J| \le dp - t)", relation=Relation.LE,
    expression=_d * p.symbol * (1 - p.symbol) / t.symbol**2,
)  # fmt: skip

# --- upper bounds ----------------------------------------------------------------------------------------------------

SGD_UPPER = _claim(
    "sgd-upper", r"One-pass SGD needs $1/\epsilon^2$ steps",
    r"$\overline w$ is the mean of $w_0, \ldots, w_{T-1}$, $w$ any fixed point. On J-walk, with $w = 0$, the excess is at most "
    r"$\eta G^2/2$, smaller than that of gradient descent by a factor of the order of $\sqrt T$.",
    parameters=(T, eta, G, D2), assumptions=(CONVEX, FRESH, BOUNDED), quantity=r"\mathbb EF(\overline w) - F(w)",
    relation=Relation.LE, expression=D2.symbol / (2 * _e * _T) + _e * G.symbol**2 / 2, where="classical",
    confidence="verified", tight=True,
)  # fmt: skip

GD_STABILITY = _claim(
    "gd-stability", "Gradient descent on samples that differ in one element",
    r"The differing element moves them apart by $2\eta L/n$ a step, the kinks by $2\eta L\sqrt T$ in all.",
    parameters=(T, n, eta, L), assumptions=(CONVEX, LIPSCHITZ, FULL, DIFFER), quantity=r"\|w_T - w_T'\|",
    relation=Relation.LE, expression=2 * _L * _e * (sp.sqrt(_T) + _T / _n), where=f"{HERE}, for {BFGT}",
    remark=r"The published constant of the second term is 4; 2 is enough, and no less will do: for $n = 1$ and "
    r"$f = \pm L\langle v, w\rangle$ the distance is $2\eta LT$.",
)  # fmt: skip

GD_UPPER = _claim(
    "gd-upper", r"Gradient descent with $1/\epsilon^4$ steps and $1/\epsilon^2$ samples",
    r"$\overline w$ is the mean of $w_0, \ldots, w_{T-1}$. With $\eta = D/(LT^{3/4})$ it is $O(DLT^{-1/4} + DLT^{1/4}/n)$.",
    parameters=(T, n, eta, L, D2), assumptions=(CONVEX, LIPSCHITZ, FULL, IID), quantity=r"\mathbb EF(\overline w) - F(w)",
    relation=Relation.LE,
    expression=D2.symbol / (2 * _e * _T) + _e * _L**2 / 2 + 2 * _L**2 * _e * (sp.sqrt(_T) + _T / _n), where=f"{HERE}, for {BFGT}",
    remark="By full-batch.gd-stability for the means of two such iterates: the published constant of the last term is 4.",
)  # fmt: skip
