r"""Asymmetric valleys: what a bias towards the flat side gains under random shifts, and how SGD finds that bias by itself.

The model valley is ``V(w) = p w`` for w > 0 and ``-c p w`` for w <= 0; SGD on it is ``w+ = w - eta (g + omega)`` with g = p for
w > 0 and -c p for w <= 0.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="asymmetric-valleys", authors=("He", "Huang", "Yuan"), year=2019, family="landscape", arxiv="1902.00744",
    venue="NeurIPS", title="Asymmetric Valleys: Beyond Sharp and Flat Local Minima",
)  # fmt: skip

DERIVED = "docs/derivations/asymmetric_valleys.md"

# --- parameters ------------------------------------------------------------------------------------------------------

c = Parameter("c", "asymmetry ratio: steep slope over flat slope", sp.Interval.open(1, sp.oo))
p = Parameter("p", "slope of the flat side")
room = Parameter(
    "room", r"$\min(r - \bar\delta, \bar\delta - \zeta)$", NONNEGATIVE, r"\min(r - \bar\delta, \bar\delta - \zeta)"
)
dbar = Parameter("dbar", "size of the shift", latex=r"\bar\delta")
l_ = Parameter("l", "bias towards the flat side", NONNEGATIVE)
xi = Parameter("xi", "what the shifted loss may be wrong by", NONNEGATIVE, r"\xi")
steep = Parameter("steep", r"$\sum_i c_ip_il_i$", NONNEGATIVE, r"\sum_i c_ip_il_i")
flat = Parameter("flat", r"$\sum_i p_il_i$", NONNEGATIVE, r"\sum_i p_il_i")
d = Parameter("d", "number of asymmetric directions", COUNT)
elsewhere = Parameter(
    "elsewhere", r"$\mathbb E\hat L(w + \delta)$ at any other $w$", REAL, r"\mathbb E\hat L(w + \delta)"
)
s = Parameter("s", "standard deviation of the shift")
s2 = Parameter("s2", r"$s^2$, variance of the noise in the gradient", NONNEGATIVE, "s^2")
nu = Parameter("nu", "largest magnitude of the noise", NONNEGATIVE, r"\nu")
eta = Parameter("eta", "step size", latex=r"\eta")
apart = Parameter("apart", r"$\mathbb E(w_0 - h)^2$ with $h = \eta(c-1)p/2$", NONNEGATIVE, r"\mathbb E(w_0 - h)^2")
N = Parameter("N", "number of steps", COUNT)
low = Parameter("w_low", "lowest point of the cycle", sp.Interval.Lopen(-sp.oo, 0), r"w_{\mathrm{low}}")
ratio = Parameter("c", "integer asymmetry ratio", sp.Range(2, sp.oo))
a = Parameter("a", "curvature of the flat side")
b = Parameter("b", "curvature of the steep side")
t = Parameter("t", "distance from the base point along the direction", NONNEGATIVE)
margin = Parameter("margin", r"mean of $m_i = y_i\,u\cdot(x_i, 1)$", REAL, r"\overline m")
offset = Parameter("offset", r"mean of $|y_i\,\theta\cdot(x_i, 1)|$", NONNEGATIVE, r"\overline{|M|}")
last = Parameter(
    "last",
    "test loss of the last iterate, mean over the runs",
    NONNEGATIVE,
    r"\overline{L_{\mathrm{test}}(w_{\mathrm{SGD}})}",
)

# --- assumptions -----------------------------------------------------------------------------------------------------

_SLOPES = (
    r"$\hat L(w + su) - \hat L(w + tu) \le p(s - t)$ and $\hat L(w - su) - \hat L(w - tu) \ge cp(s - t)$ for "
    r"$\zeta \le t \le s \le r$: slopes of at most $p$ towards $u$ and of at least $cp$ against it"
)
DIRECTION = Assumption("asymmetric_direction", f"{_SLOPES}, at the minimiser $w$")
DIRECTIONS = Assumption(
    "asymmetric_directions",
    r"the same along each $u_i$, with $r_i, p_i, c_i, \zeta_i$, at every point $\sum_{j\ne i}s_ju_j$, $s_j \in "
    r"\{\pm\bar\delta_j, l_j \pm \bar\delta_j\}$",
)
EACH_RANGE = Assumption("bias_range", r"$l_i \le \min(r_i - \bar\delta_i, \bar\delta_i - \zeta_i)$ for every $i$")
SIGN_SHIFT = Assumption(
    "random_sign_shift", r"$\delta = \pm\bar\delta$ along each direction, fair and independent signs"
)
GAP = Assumption("shift_gap", r"$L(w) = \hat L(w + \delta) + e(w)$ with $|e| \le \xi$ at the two points used")
RANGE = Assumption("bias_range", r"$l \le \min(r - \bar\delta, \bar\delta - \zeta)$", sp.Le(l_.symbol, room.symbol))
VALLEY = Assumption("valley", "the loss is $V$: $pw$ for $w > 0$, $-cpw$ for $w \\le 0$")
CONVEX = Assumption("convex", r"$\hat L$ is convex")
QUANTILE = Assumption(
    "newsvendor_quantile", r"$\mathbb E\hat L'(l^* + \delta) = 0$; for $V$: $P(l^* + \delta \le 0) = 1/(1 + c)$"
)
GAUSSIAN = Assumption("gaussian_shift", r"$\delta \sim N(0, s^2)$")
ZERO_MEAN = Assumption("zero_mean_noise", r"$\omega$ is independent of the past, with mean 0 and variance $s^2$")
STATIONARY = Assumption("stationary", "$w$ has a law that a step keeps, with a finite second moment")
BOUNDED = Assumption("bounded_noise", r"$|\omega| \le \nu$")
RETURNS = Assumption("steep_beats_noise", r"$\nu < cp$", sp.Lt(nu.symbol, c.symbol * p.symbol))
NOISELESS = Assumption("no_noise", r"$\omega = 0$")
CYCLE = Assumption(
    "cycle_start", r"$w_{\mathrm{low}}$ is the lowest point of the orbit", sp.Gt(low.symbol, -eta.symbol * p.symbol)
)
BOWL = Assumption("two_curvatures", r"the loss is $V_2$: $aw^2/2$ for $w > 0$, $bw^2/2$ for $w \le 0$")
WITHIN = Assumption("bias_range", r"$0 < l < \bar\delta$")
STEEPER = Assumption("asymmetric", "$b > a$", sp.Gt(b.symbol, a.symbol))
LOGISTIC = Assumption("logistic_loss", r"$L(\theta) = \mathrm{mean}_i\log(1 + \exp(-y_i\,\theta\cdot(x_i, 1)))$")
CONSTANT = Assumption(
    "constant_step", "one step size, so large that the loss has stopped falling when the averaging begins, at half time"
)

_c, _p, _e, _s2, _nu = c.symbol, p.symbol, eta.symbol, s2.symbol, nu.symbol


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


# --- what a bias gains -----------------------------------------------------------------------------------------------

SHIFT_GAIN = _claim(
    "shift-gain", "A bias towards the flat side gains under random shifts",
    r"Along a direction that is $(r, p, c, \zeta)$-asymmetric at the minimiser, moving by $l$ to the flat side lowers the expected "
    r"loss under a random shift $\pm\bar\delta$ by at least the bound; it is positive iff $l > 4\xi/((c-1)p)$. The model valley "
    r"with $\xi = 0$, $l \le \bar\delta$ attains it.",
    parameters=(c, p, l_, room, xi), assumptions=(DIRECTION, SIGN_SHIFT, GAP, RANGE),
    quantity=r"\mathbb E_\delta L(w) - \mathbb E_\delta L(w + lu)", relation=Relation.GE,
    expression=(_c - 1) * _p * l_.symbol / 2 - 2 * xi.symbol, where="Theorem 1 (recalled)", tight=True,
    remark="Convexity is not needed. The upper limit of $l$ is a minimum; with a maximum it is false.",
)  # fmt: skip

SEPARABLE = _claim(
    "shift-gain-separable", "Gains along several directions add up where the loss is a sum over them",
    r"$\hat L = \sum_i\phi_i(w_i)$, each $\phi_i$ asymmetric at its minimiser, shifts of independent signs: the gains add up. For "
    r"other losses see asymmetric-valleys.shift-gain-joint.",
    parameters=(steep, flat, xi), assumptions=(
        Assumption("asymmetric_direction", f"each $\\phi_i$ has, with its own $r_i, p_i, c_i, \\zeta_i$: {_SLOPES}"),
        Assumption("separable", r"$\hat L(w) = \sum_i\phi_i(w_i)$"), SIGN_SHIFT, GAP, EACH_RANGE,
    ),
    quantity=r"\mathbb E_\delta L(w) - \mathbb E_\delta L(w + \sum_i l_iu_i)", relation=Relation.GE,
    expression=(steep.symbol - flat.symbol) / 2 - 2 * xi.symbol, where="Theorem 1 (recalled)", tight=True,
)  # fmt: skip

JOINT = _claim(
    "shift-gain-joint", "Gains along several directions add up where the slopes hold at every base point",
    r"$\hat L$ any function whose slopes along each $u_i$ hold wherever the other coordinates may be, shifted or not, with common "
    r"$c$, $p$ and $l$: $d$ directions gain $d$ times as much as one.",
    parameters=(c, p, l_, xi, d), assumptions=(DIRECTIONS, SIGN_SHIFT, GAP, EACH_RANGE),
    quantity=r"\mathbb E_\delta L(w) - \mathbb E_\delta L(w + \sum_i lu_i)", relation=Relation.GE,
    expression=d.symbol * (_c - 1) * _p * l_.symbol / 2 - 2 * xi.symbol, where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

OPTIMAL_BIAS = _claim(
    "optimal-bias", "The best bias is a newsvendor's quantile",
    r"Under any shift no $w$ has a smaller expected loss than the $l^*$ at which the mean slope is zero. For $V$: $F(-l^*) = "
    r"1/(1 + c)$, the newsvendor's quantile; $l^* = \bar\delta$ for two points, $s\Phi^{-1}(c/(1+c))$ for $N(0, s^2)$.",
    parameters=(elsewhere,), assumptions=(CONVEX, QUANTILE), quantity=r"\mathbb E\hat L(l^* + \delta)", relation=Relation.LE,
    expression=elsewhere.symbol, where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

MOST_GAIN = _claim(
    "optimal-bias-two-point", "What a bias can gain at most under a shift of two points",
    r"For $V$ and $\delta = \pm\bar\delta$, $\mathbb E V(\delta) = (1 + c)p\bar\delta/2$, and no bias $l$ of any size or sign has "
    r"an expected loss below $p\bar\delta$. $l = \bar\delta$ attains it; beyond, the gain falls by $p$ for every unit of $l$.",
    parameters=(c, p, dbar), assumptions=(VALLEY, SIGN_SHIFT), quantity=r"\mathbb E V(\delta) - \mathbb E V(l + \delta)",
    relation=Relation.LE, expression=(_c - 1) * _p * dbar.symbol / 2, where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

_quantile = sp.sqrt(2) * sp.erfinv((_c - 1) / (_c + 1))  # of c/(1 + c)

GAUSSIAN_BIAS = _claim(
    "optimal-bias-gaussian", "The best bias under a Gaussian shift",
    r"$V$ and $\delta \sim N(0, s^2)$: $\mathbb E V(w + \delta)$ is least at $s\Phi^{-1}(c/(1 + c))$.",
    parameters=(c, s), assumptions=(VALLEY, GAUSSIAN), quantity=r"\arg\min_w\mathbb E V(w + \delta)", relation=Relation.EQ,
    expression=s.symbol * _quantile, where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

GAUSSIAN_LEAST = _claim(
    "gaussian-minimum", "The least expected loss under a Gaussian shift",
    r"The minimum of $\mathbb E V(w + \delta)$ for $\delta \sim N(0, s^2)$; at $w = 0$ it is $p(1 + c)s/\sqrt{2\pi}$.",
    parameters=(c, p, s), assumptions=(VALLEY, GAUSSIAN), quantity=r"\min_w\mathbb E V(w + \delta)", relation=Relation.EQ,
    expression=_p * (1 + _c) * s.symbol * sp.exp(-(_quantile**2) / 2) / sp.sqrt(2 * sp.pi), where=DERIVED,
    confidence="derived", tight=True,
)  # fmt: skip

_a, _b = a.symbol, b.symbol

QUADRATIC = _claim(
    "quadratic", "The smooth counterpart: two curvatures",
    r"For $V_2$ and $\delta = \pm\bar\delta$ the expected loss is least at $l^* = \bar\delta(b-a)/(a+b)$, which lies in "
    r"$(0, \bar\delta)$; at 0 it is $(a+b)\bar\delta^2/4$. The gain $\bar\delta^2(b-a)^2/(4(a+b))$ is positive iff $a \ne b$.",
    parameters=(a, b, dbar), assumptions=(BOWL, SIGN_SHIFT, STEEPER, WITHIN),
    quantity=r"\min_{0 < l < \bar\delta}\mathbb E V_2(l + \delta)", relation=Relation.EQ,
    expression=_a * _b * dbar.symbol**2 / (_a + _b), where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

# --- what SGD does on the valley -------------------------------------------------------------------------------------

_CHAIN = (VALLEY, ZERO_MEAN, STATIONARY)

SHARE = _claim(
    "stationary-share", "How often SGD is on the flat side",
    "In any stationary law with a finite mean, and for every law of the noise: the mean step is zero.",
    parameters=(c,), assumptions=_CHAIN, quantity=r"P(w > 0)", relation=Relation.EQ, expression=_c / (1 + _c), where=DERIVED,
    confidence="derived", tight=True,
)  # fmt: skip

LOSS = _claim(
    "stationary-loss", "The stationary loss of SGD on the valley",
    "In any stationary law with a finite second moment, and for every law of the noise: the mean square does not change in a step.",
    parameters=(c, p, eta, s2), assumptions=_CHAIN, quantity=r"\mathbb E V(w)", relation=Relation.EQ,
    expression=_e / 2 * (_c * _p**2 + _s2), where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

FINITE = _claim(
    "finite-time-loss", "The mean loss of the first N steps, from any start",
    r"No stationarity is needed: $\mathbb E(w - h)^2$ with $h = \eta(c-1)p/2$ changes by exactly $-2\eta(\mathbb E V - V_\infty)$ "
    r"in a step, $V_\infty = \frac\eta2(cp^2 + s^2)$.",
    parameters=(c, p, eta, s2, apart, N), assumptions=(VALLEY, ZERO_MEAN), quantity=r"\frac1N\sum_{k<N}\mathbb E V(w_k)",
    relation=Relation.LE, expression=_e / 2 * (_c * _p**2 + _s2) + apart.symbol / (2 * _e * N.symbol), where=DERIVED,
    confidence="derived", tight=True,
)  # fmt: skip

AVERAGE = _claim(
    "average-bias", "The average of SGD lies on the flat side",
    r"SGD that is bounded below by $-\eta(p + \nu)$ has its mean on the flat side as soon as $cp^2 + s^2 > 2p(p + \nu)$.",
    parameters=(c, p, eta, s2, nu), assumptions=(*_CHAIN, BOUNDED, RETURNS), quantity=r"\mathbb E w", relation=Relation.GE,
    expression=_e * ((_c * _p**2 + _s2) / (2 * _p) - (_p + _nu)),
    where="Theorem 2 is of this kind (constants not recovered); derived here",
)  # fmt: skip

_diffusion = _e * _s2 / (2 * _p) * (1 - 1 / _c)

DIFFUSION_BELOW = _claim(
    "diffusion-from-below", "The mean of SGD is at least that of the diffusion, up to one step",
    r"$\mathbb E w \ge \frac{\eta s^2}{2p}(1 - \frac1c) - \frac\eta2(p + \nu)$, for noise of any size: the steps out of a side "
    r"overshoot 0 by $\eta pc/(1+c)$ in the mean.",
    parameters=(c, p, eta, s2, nu), assumptions=(*_CHAIN, BOUNDED), quantity=r"\mathbb E w", relation=Relation.GE,
    expression=_diffusion - _e * (_p + _nu) / 2, where=DERIVED, confidence="derived",
)  # fmt: skip

DIFFUSION_ABOVE = _claim(
    "diffusion-from-above", "The mean of SGD is at most that of the diffusion, up to one step",
    r"$\mathbb E w \le \frac{\eta s^2}{2p}(1 - \frac1c) + \frac\eta2(cp + \nu)$. With asymmetric-valleys.diffusion-from-below: "
    r"$\mathbb E w/(\eta s^2) \to (1 - \frac1c)/(2p)$ as $\nu/s^2 \to 0$, the mean of the density $\exp(-2V/(\eta s^2))$. "
    "The cycle through 0 attains it.",
    parameters=(c, p, eta, s2, nu), assumptions=(*_CHAIN, BOUNDED), quantity=r"\mathbb E w", relation=Relation.LE,
    expression=_diffusion + _e * (_c * _p + _nu) / 2, where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

CYCLE_MEAN = _claim(
    "cycle-mean", "Without noise the iterates cycle, and the mean of the cycle is on the flat side",
    r"For integer $c$ the orbit has period $c + 1$: one step up by $\eta cp$, $c$ steps down by $\eta p$. Its lowest point lies in "
    r"$(-\eta p, 0]$; averaged over it, the mean is $\eta p(c-1)/2$.",
    parameters=(ratio, p, eta, low), assumptions=(VALLEY, NOISELESS, CYCLE),
    quantity=r"\frac1{c+1}\sum_{k \le c}w_k", relation=Relation.EQ,
    expression=low.symbol + _e * _p * ratio.symbol / 2, where=DERIVED, confidence="derived", tight=True,
)  # fmt: skip

# --- real losses -----------------------------------------------------------------------------------------------------

LOGISTIC_ASYMMETRY = _claim(
    "logistic-asymmetry", "In logistic regression a direction is as asymmetric as its mean margin",
    r"$u$ any direction of (weight, bias), $\theta$ any base point: the loss against $u$ exceeds that along $u$ by the mean margin "
    r"of $u$ per unit of distance, up to a constant. A direction that separates most points is a valley with its flat side ahead.",
    parameters=(t, margin, offset), assumptions=(LOGISTIC,), quantity=r"L(\theta - tu) - L(\theta + tu)", relation=Relation.GE,
    expression=t.symbol * margin.symbol - offset.symbol, where=f"{DERIVED}; experiment of the authors' code", confidence="derived",
)  # fmt: skip

SWA = _claim(
    "swa-test-loss", "The average of SGD has a smaller test loss than its last iterate",
    r"On the line through $w_{\mathrm{SGD}}$ and $w_{\mathrm{SWA}}$ the average lies on the flat side; its test loss is smaller.",
    parameters=(last,), assumptions=(CONSTANT,), quantity=r"\overline{L_{\mathrm{test}}(w_{\mathrm{SWA}})}", relation=Relation.LE,
    expression=last.symbol, where="Section on SWA (number not recalled)", confidence="recalled",
    remark="one kind of evidence: trained networks. It is an observation, not a theorem.",
)  # fmt: skip
