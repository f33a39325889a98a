"""The claims on local SGD: recursions of error and spread, the bound for any schedule, what schedules cost, one-shot averaging.

n workers share F and a start; ``x_i <- x_i - eta_t (grad F(x_i) + eps_i)``, all replaced by their mean at the times
``0 = tau_0 < tau_1 < ... < tau_{R-1}`` before the step, and once more at the end. ``eta_t = 2/(mu (t + beta))``
unless said otherwise, ``a_t = E F(mean x_i) - F*``, ``V_t = (1/n) sum E|x_i - mean x|^2``, ``S = sum_{t<T} (t -
tau(t))/(t + beta - 1)`` with tau(t) the last of the times up to t.
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
    key="local-sgd", authors=("Spiridonoff", "Olshevsky", "Paschalidis"), year=2021, family="communication",
    arxiv="2106.04759", venue="NeurIPS", title="Communication-efficient SGD: From Local SGD to One-Shot Averaging",
)  # fmt: skip
SIMULATIONS = "abstract; its code is spiridonoff/Local-SGD-re, speedup.ipynb"

# --- parameters ------------------------------------------------------------------------------------------------------

mu = Parameter("mu", "strong convexity", latex=r"\mu")
L = Parameter("L", "smoothness constant")
sigma2 = Parameter("sigma2", r"bound on the variance of a worker's gradient", NONNEGATIVE, r"\sigma^2")
n = Parameter("n", "number of workers", COUNT, "N")
eta = Parameter("eta", "step size", latex=r"\eta_t")
c = Parameter("c", r"variance of a worker's gradient by the square of the gradient", NONNEGATIVE)
beta = Parameter("beta", r"offset of the steps $\eta_t = 2/(\mu(t + \beta))$", latex=r"\beta")
T = Parameter("T", "number of steps", COUNT)
R = Parameter("R", "number of rounds: blocks between averagings, the last one included", COUNT)
H = Parameter("H", "number of steps since the last averaging", COUNT)
tau = Parameter("tau", "time of the last averaging", NONNEGATIVE, r"\tau")
a = Parameter("a", r"increment of the block lengths, $H_i = a(i + 1)$", COUNT)
a_t = Parameter("a_t", r"$\mathbb E F(\bar x^t) - F^*$", NONNEGATIVE)
V_t = Parameter("V_t", r"$\frac1N\sum_i\mathbb E\|x_i^t - \bar x^t\|^2$", NONNEGATIVE)
a0 = Parameter("a0", "$F(x^0) - F^*$", NONNEGATIVE, "a_0")
D0 = Parameter("D0", r"$\|x^0 - x^*\|^2$", NONNEGATIVE, r"\|x^0 - x^*\|^2")
S = Parameter("S", r"$\sum_{t<T}(t - \tau(t))/(t + \beta - 1)$, what the schedule costs", NONNEGATIVE)
AT_LEAST_ONE = sp.Interval(1, sp.oo)
alpha = Parameter("alpha", "FedAC's weight of the main sequence", AT_LEAST_ONE, r"\alpha")
b_ac = Parameter("b", r"FedAC's $\beta$, weight of the aggregated sequence", AT_LEAST_ONE, "b")
theta = Parameter("theta", r"numerator of the steps $\eta_t = \theta/(t + b)$", latex=r"\theta")
h = Parameter("h", "$F''(x^*)$")
c3 = Parameter("c3", "$F'''(x^*)$", REAL, "c_3")
h_plus = Parameter("h_plus", "$F''$ right of $x^*$", latex="h_+")
h_minus = Parameter("h_minus", "$F''$ left of $x^*$", latex="h_-")

_mu, _L, _sig2, _n, _eta, _beta = (p.symbol for p in (mu, L, sigma2, n, eta, beta))
_T, _R, _H, _tau, _a, _S = (p.symbol for p in (T, R, H, tau, a, S))
_q = theta.symbol * h.symbol

# --- assumptions -----------------------------------------------------------------------------------------------------

SMOOTH = Assumption("smooth", "$F$ is $L$-smooth")
STRONGLY_CONVEX = Assumption("strongly_convex", r"$F$ is $\mu$-strongly convex")
ONE_OBJECTIVE = Assumption("one_objective", "all workers have the same $F$")
NOISE = Assumption(
    "noise", r"the noise of a gradient has mean zero and $\mathbb E\|\varepsilon\|^2 \le \sigma^2$ given the past, independently "
    "over workers",
)  # fmt: skip
RELATIVE_NOISE = Assumption(
    "relative_noise", r"the noise of a gradient has mean zero and $\mathbb E\|\varepsilon_i\|^2 \le \sigma^2 + c\|\nabla "
    r"F(x_i)\|^2$ given the past, independently over workers",
)  # fmt: skip
COMMON_START = Assumption("common_start", "all workers start at the same point, or have just been averaged")
MU_L = Assumption("mu_at_most_L", r"$\mu \le L$", sp.Le(_mu, _L))
SHORT = Assumption("step_size", r"$\eta_t \le 1/L$", sp.Le(_eta, 1 / _L))
SHORTER = Assumption("step_size", r"$\eta_t \le \frac1{L(1 + c/N)}$", sp.Le(_eta * _L * (1 + c.symbol / _n), 1))
BETA_RELATIVE = Assumption(
    "beta_2kappa", r"$\beta \ge \frac{2L}\mu(1 + \frac cN)$, that is $\eta_t \le \frac1{L(1 + c/N)}$",
    sp.Ge(_beta, 2 * _L / _mu * (1 + c.symbol / _n)),
)  # fmt: skip
_KAPPA = _L / _mu
BETA_SPREADING = Assumption(
    "beta_2kappa", r"$\beta \ge 2\kappa(1 + c) + 4\kappa^2(1 + 2\kappa)c$",
    sp.Ge(_beta, 2 * _KAPPA * (1 + c.symbol) + 4 * _KAPPA**2 * (1 + 2 * _KAPPA) * c.symbol),
)  # fmt: skip
CONTRACTING = Assumption("contracting", r"$\eta_t \le 2/(L + \mu)$", sp.Le(_eta, 2 / (_L + _mu)))
BETA = Assumption("beta_2kappa", r"$\beta \ge 2L/\mu$, that is $\eta_t \le 1/L$", sp.Ge(_beta, 2 * _L / _mu))
BETA_1 = Assumption("beta_1", r"$\beta > 1$", sp.Gt(_beta, 1))
DRIFTING = Assumption(
    "drifting",
    r"$V_t \le \frac{4\sigma^2}{\mu^2}\frac{N-1}N\frac{t - \tau(t)}{(t + \beta - 1)^2}$, as the workers are averaged "
    r"at the times of the schedule and local-sgd.drift holds in between",
)
EVERY_STEP = Assumption("every_step", "the workers are averaged before every step")
AVERAGING = Assumption(
    "averaging", "the only exchange between workers is that all are replaced by their mean, at any times"
)
QUADRATIC = Assumption("quadratic", "$F$ is quadratic, so that the mean of the gradients is the gradient at the mean")
ADDITIVE = Assumption("additive", "the noise does not depend on where the gradient is taken")
GROWING = Assumption("growing", r"$\tau_i = a\,i(i+1)/2$ for $i < R$, and $T \le \tau_R$")
FIXED = Assumption("fixed", r"$R$ divides $T$, and $\tau_i = iT/R$ for $i < R$")
ROUNDS = Assumption("rounds", "there are at most $R$ blocks without averaging, the last one included")
EQUAL_STEPS = Assumption("equal_steps", r"$\gamma = \eta$")
BOTH_START = Assumption("both_start", r"both sequences of a worker start at the same point, $w_i^0 = v_i^0$")
BOTH_AVERAGED = Assumption("both_averaged", "workers exchange only means, of both sequences at the same times")
PARABOLA = Assumption("parabola", r"$F(x) = \frac h2\|x - x^*\|^2$")
ALONE = Assumption("alone", "the workers are not averaged")
EXACT_RELATIVE = Assumption(
    "exact_relative_noise",
    r"noise has mean zero and $\mathbb E\|\varepsilon_i\|^2 = \sigma^2 + c\|\nabla F(x_i)\|^2$ given the past",
)
STABLE = Assumption("stable", r"$\eta h(1 + c) < 2$", sp.Lt(_eta * h.symbol * (1 + c.symbol), 2))
FAST = Assumption("fast_steps", r"$\theta h > 1$", sp.Gt(_q, 1))
FAST_ENOUGH = Assumption("fast_everywhere", r"$2\theta\mu > 1$", sp.Gt(2 * theta.symbol * _mu, 1))
MU_H = Assumption("mu_at_most_h", r"$\mu \le h$", sp.Le(_mu, h.symbol))
LOCAL = Assumption("smooth_hessian", r"$F$ is smooth and $\mu$-strongly convex, $d = 1$, and $F''''$ is bounded")
TWO_SLOPES = Assumption("two_slopes", r"$F'(x) = h_+x$ for $x \ge 0$ and $h_-x$ for $x < 0$, $d = 1$")
FAST_BOTH = Assumption(
    "fast_steps", r"$2\theta\min(h_+, h_-) > 1$", sp.Gt(2 * theta.symbol * sp.Min(h_plus.symbol, h_minus.symbol), 1)
)
FOURTH = Assumption(
    "exact_noise", r"noise is independent of the past, symmetric, of variance $\sigma^2$ and a finite fourth moment"
)
ENOUGH = Assumption("enough_rounds", r"$R \ge N$", sp.Ge(_R, _n))

_CLASS = (SMOOTH, STRONGLY_CONVEX, ONE_OBJECTIVE, NOISE)
SPREAD_WORDS = r"\frac1N\sum_i\mathbb E\|x_i^{\tau+H} - \bar x^{\tau+H}\|^2"
ERROR = r"\mathbb E F(\bar x^T) - F^*"


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    fields = {"where": "derived here", "confidence": "derived"} | fields
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


# --- one step --------------------------------------------------------------------------------------------------------

RECURSION = _claim(
    "recursion", "One local step on the error of the mean",
    r"The error of the mean contracts as in SGD with $N$ times less noise; the spread of the workers adds to it: "
    r"$a_{t+1} \le (1 - \eta_t\mu)a_t + \frac{\eta_tL^2}2V_t + \frac{\eta_t^2L\sigma^2}{2N}$.",
    parameters=(eta, mu, L, sigma2, n, a_t, V_t), assumptions=(*_CLASS, MU_L, SHORT),
    quantity=r"\mathbb E F(\bar x^{t+1}) - F^*", relation=Relation.LE,
    expression=(1 - _eta * _mu) * a_t.symbol + _eta * _L**2 / 2 * V_t.symbol + _eta**2 * _L * _sig2 / (2 * _n),
)  # fmt: skip

CONSENSUS = _claim(
    "consensus", "One local step on the spread of the workers",
    r"$V_{t+1} \le (1 - \eta_t\mu)^2V_t + \eta_t^2\sigma^2\frac{N-1}N$ without averaging, with equality for $F = "
    r"\frac\mu2\|x\|^2$ and noise of variance $\sigma^2$; averaging sets it to zero.",
    parameters=(eta, mu, L, sigma2, n, V_t), assumptions=(*_CLASS, MU_L, CONTRACTING),
    quantity=r"\frac1N\sum_i\mathbb E\|x_i^{t+1} - \bar x^{t+1}\|^2", relation=Relation.LE, tight=True,
    expression=(1 - _eta * _mu) ** 2 * V_t.symbol + _eta**2 * _sig2 * (_n - 1) / _n,
)  # fmt: skip

# --- many steps ------------------------------------------------------------------------------------------------------

_DRIFT = 4 * _sig2 / _mu**2 * (_n - 1) / _n
_SINCE = (SMOOTH, STRONGLY_CONVEX, ONE_OBJECTIVE, NOISE, COMMON_START, MU_L, BETA)

DRIFT = _claim(
    "drift", "The spread grows at most linearly since the last averaging",
    r"$V_{\tau+H} \le \frac{4\sigma^2}{\mu^2}\frac{N-1}N\frac H{(\tau + H + \beta - 1)^2}$ after $H$ steps without averaging.",
    parameters=(mu, L, sigma2, n, beta, tau, H), assumptions=_SINCE, quantity=SPREAD_WORDS, relation=Relation.LE,
    expression=_DRIFT * _H / (_H + _tau + _beta - 1) ** 2,
    remark="local-sgd.spread is sharper: by a factor of three for long blocks.",
)  # fmt: skip


def squares(start: Any, count: Any) -> Any:
    """Sum of (start + j)^2 over 0 <= j < count."""
    return count * start**2 + start * count * (count - 1) + count * (count - 1) * (2 * count - 1) / 6


_s = _H + _tau + _beta
SPREAD = _claim(
    "spread", "The largest spread after a block, exactly",
    r"$V_{\tau+H} \le \frac{4\sigma^2}{\mu^2}\frac{N-1}N\frac{\sum_{j<H}(\tau + j + \beta - "
    r"1)^2}{(\tau+H+\beta-1)^2(\tau+H+\beta-2)^2}$, with equality for $F = \frac\mu2\|x\|^2$ and noise of variance "
    r"$\sigma^2$: about $\frac{4\sigma^2}{3\mu^2H}$ for long blocks from the start.",
    parameters=(mu, L, sigma2, n, beta, tau, H), assumptions=_SINCE, quantity=SPREAD_WORDS, relation=Relation.LE, tight=True,
    expression=_DRIFT * squares(_tau + _beta - 1, _H) / ((_s - 1) ** 2 * (_s - 2) ** 2),
)  # fmt: skip

_START = (_beta - 1) * (_beta - 2) * a0.symbol
_NOISE = 2 * _L * _sig2 * _T / (_n * _mu**2)
_COST = 4 * _L**2 * _sig2 / _mu**3 * (_n - 1) / _n
_END = (_T + _beta - 1) * (_T + _beta - 2)

MAIN = _claim(
    "main", "The error for any schedule of averagings",
    r"$a_T \le \frac{(\beta-1)(\beta-2)a_0 + \frac{2L\sigma^2T}{N\mu^2} + "
    r"\frac{4L^2\sigma^2}{\mu^3}\frac{N-1}NS}{(T+\beta-1)(T+\beta-2)}$: the schedule enters through $S = "
    r"\sum_{t<T}\frac{t - \tau(t)}{t + \beta - 1}$ alone.",
    parameters=(mu, L, sigma2, n, beta, T, a0, S), assumptions=(*_CLASS, MU_L, BETA, DRIFTING), quantity=ERROR,
    relation=Relation.LE, expression=(_START + _NOISE + _COST * _S) / _END,
    remark="Stands for the paper's theorem, whose displayed constants were not found in public copies. The spread that "
    "it assumes is what local-sgd.drift proves between two averagings.",
)  # fmt: skip

SYNCHRONISED = _claim(
    "synchronised", "Averaging at every step",
    r"$a_T \le \frac{(\beta-1)(\beta-2)a_0 + 2L\sigma^2T/(N\mu^2)}{(T+\beta-1)(T+\beta-2)}$: the $1/(NT)$ rate of "
    r"$N$ workers, with $T$ averagings.",
    parameters=(mu, L, sigma2, n, beta, T, a0), assumptions=(*_CLASS, EVERY_STEP, MU_L, BETA), quantity=ERROR,
    relation=Relation.LE, expression=(_START + _NOISE) / _END,
)  # fmt: skip

WORST_SCHEDULE = _claim(
    "worst-schedule", "Whatever the schedule, the error is of order 1/T",
    r"Averaging at any times, or only at the end: $a_T \le \frac{(\beta-1)(\beta-2)a_0 + 2L\sigma^2T/(N\mu^2) + "
    r"\frac{4L^2\sigma^2}{\mu^3}\frac{N-1}N\frac{\beta-1}{2\beta-3}T}{(T+\beta-1)(T+\beta-2)}$; the last term, which "
    r"no number of workers makes smaller, is at most $S = T$ in local-sgd.main.",
    parameters=(mu, L, sigma2, n, beta, T, a0), assumptions=(*_CLASS, COMMON_START, AVERAGING, MU_L, BETA), quantity=ERROR,
    relation=Relation.LE, expression=(_START + _NOISE + _COST * (_beta - 1) / (2 * _beta - 3) * _T) / _END,
)  # fmt: skip

# --- noise that grows with the gradient ------------------------------------------------------------------------------

_RELATIVE = (SMOOTH, STRONGLY_CONVEX, ONE_OBJECTIVE, RELATIVE_NOISE)

RELATIVE_RECURSION = _claim(
    "relative-recursion", "One local step on the error of the mean, with noise that grows with the gradient",
    r"If $\mathbb E\|\varepsilon_i\|^2 \le \sigma^2 + c\|\nabla F(x_i)\|^2$, steps of $\frac1{L(1 + c/N)}$ pay for the relative "
    r"part: $a_{t+1} \le (1 - \eta_t\mu)a_t + \frac{\eta_tL^2}2V_t + \frac{\eta_t^2L\sigma^2}{2N}$, as without it.",
    parameters=(eta, mu, L, sigma2, c, n, a_t, V_t), assumptions=(*_RELATIVE, MU_L, SHORTER),
    quantity=r"\mathbb E F(\bar x^{t+1}) - F^*", relation=Relation.LE, expression=RECURSION.expression, tight=True,
)  # fmt: skip

_RELATIVE_PART = _eta**2 * (_n - 1) / _n

RELATIVE_CONSENSUS = _claim(
    "relative-consensus", "One local step on the spread, with noise that grows with the gradient",
    r"$V_{t+1} \le \big((1 - \eta_t\mu)^2 + \eta_t^2\frac{N-1}NcL^2\big)V_t + \eta_t^2\frac{N-1}N(\sigma^2 + 2cLa_t)$: the "
    r"error now feeds the spread, whatever the number of workers; with equality for $F = \frac\mu2\|x\|^2$.",
    parameters=(eta, mu, L, sigma2, c, n, a_t, V_t), assumptions=(*_RELATIVE, MU_L, CONTRACTING),
    quantity=r"\frac1N\sum_i\mathbb E\|x_i^{t+1} - \bar x^{t+1}\|^2", relation=Relation.LE, tight=True,
    expression=(1 - _eta * _mu) ** 2 * V_t.symbol
    + _RELATIVE_PART * (_sig2 + c.symbol * (_L**2 * V_t.symbol + 2 * _L * a_t.symbol)),
)  # fmt: skip

RELATIVE_SYNCHRONISED = _claim(
    "relative-synchronised", "Averaging at every step, with noise that grows with the gradient",
    r"$a_T \le \frac{(\beta-1)(\beta-2)a_0 + 2L\sigma^2T/(N\mu^2)}{(T+\beta-1)(T+\beta-2)}$ for $\beta \ge "
    r"\frac{2L}\mu(1 + \frac cN)$: the relative part costs shorter first steps, the less so the more workers there are.",
    parameters=(mu, L, sigma2, c, n, beta, T, a0), assumptions=(*_RELATIVE, EVERY_STEP, MU_L, BETA_RELATIVE), quantity=ERROR,
    relation=Relation.LE, expression=SYNCHRONISED.expression,
)  # fmt: skip

_FED = 8 * _L**3 * c.symbol / _mu**3

RELATIVE_WORST_SCHEDULE = _claim(
    "relative-worst-schedule", "Whatever the schedule, the error is of order 1/T, also with noise that grows with the gradient",
    r"Averaging at any times, or only at the end: $a_T \le \frac{(\beta-1)(\beta-2+A)a_0 + \frac{2L\sigma^2}{N\mu^2}(1 + "
    r"\frac A\beta)T + \frac{4L^2\sigma^2}{\mu^3}\frac{N-1}NT}{(T+\beta-1)(T+\beta-2+A)}$ with $A = 8\kappa^3c$, what "
    r"the errors add to the spread.",
    parameters=(mu, L, sigma2, c, n, beta, T, a0),
    assumptions=(*_RELATIVE, COMMON_START, AVERAGING, MU_L, BETA_SPREADING), quantity=ERROR, relation=Relation.LE,
    expression=((_beta - 1) * (_beta - 2 + _FED) * a0.symbol + _NOISE * (1 + _FED / _beta) + _COST * _T)
    / ((_T + _beta - 1) * (_T + _beta - 2 + _FED)),
    remark="$A$ is crude: no check sees its factor, and parabolas attain far less.",
)  # fmt: skip

# --- quadratics ------------------------------------------------------------------------------------------------------

QUADRATIC_INVARIANCE = _claim(
    "quadratic-invariance", "On quadratics the schedule does not matter, path by path",
    r"With additive noise $\bar x^T$ is the same number for every schedule: $\|\bar x^T - z^T\| = 0$ for $z$ that "
    r"averages at every step and sees the same noise. One-shot averaging is synchronised SGD, realisation by "
    r"realisation.",
    parameters=(mu, L, beta, T), assumptions=(SMOOTH, STRONGLY_CONVEX, ONE_OBJECTIVE, QUADRATIC, ADDITIVE,
    COMMON_START, MU_L, BETA),
    quantity=r"\|\bar x^T - z^T\|^2", relation=Relation.LE, expression=sp.Integer(0),
)  # fmt: skip

QUADRATIC_RATE = _claim(
    "quadratic-rate", "The exact rate on quadratics, for every schedule",
    r"$\mathbb E\|\bar x^T - x^*\|^2 \le \frac{(\beta-1)^2(\beta-2)^2\|x^0-x^*\|^2 + "
    r"\frac{4\sigma^2}{N\mu^2}\sum_{t<T}(t+\beta-1)^2}{(T+\beta-1)^2(T+\beta-2)^2}$, with equality for $F = "
    r"\frac\mu2\|x - x^*\|^2$ and noise of variance $\sigma^2$: about $\frac{4\sigma^2}{3N\mu^2T}$, averaging once "
    r"at the end.",
    parameters=(mu, L, sigma2, n, beta, T, D0), assumptions=(SMOOTH, STRONGLY_CONVEX, ONE_OBJECTIVE, NOISE, QUADRATIC, MU_L, BETA),
    quantity=r"\mathbb E\|\bar x^T - x^*\|^2", relation=Relation.LE, tight=True,
    expression=((_beta - 1) ** 2 * (_beta - 2) ** 2 * D0.symbol + 4 * _sig2 / (_n * _mu**2) * squares(_beta - 1, _T)) / _END**2,
)  # fmt: skip

# --- what schedules cost ---------------------------------------------------------------------------------------------

_BLOCK = r"\sum_{j<H}\frac j{\tau + j + \beta - 1}"

BLOCK_COST = _claim(
    "block-cost", "What a block adds to S",
    r"$H$ steps after an averaging at $\tau$ add at most $\frac{H(H-1)}{2(\tau+\beta-1)}$ to $S$: late blocks may be long.",
    parameters=(tau, beta, H), assumptions=(BETA_1,), quantity=_BLOCK, relation=Relation.LE,
    expression=_H * (_H - 1) / (2 * (_tau + _beta - 1)),
)  # fmt: skip

BLOCK_COST_BELOW = _claim(
    "block-cost-below", "What a block adds to S at least",
    r"$H$ steps after an averaging at $\tau$ add at least $\frac{H(H-1)}{2(\tau+H+\beta-1)}$ to $S$.",
    parameters=(tau, beta, H), assumptions=(BETA_1,), quantity=_BLOCK, relation=Relation.GE,
    expression=_H * (_H - 1) / (2 * (_tau + _H + _beta - 1)),
)  # fmt: skip

GROWING_SCHEDULE = _claim(
    "growing-schedule", "Growing blocks: a number of rounds that does not grow with T",
    r"$H_i = a(i+1)$ with $a = \lceil2T/R^2\rceil$ has $S \le a(R + 1 + \ln R) \approx 2T/R$, so that $a_T \lesssim "
    r"\frac{2L\sigma^2}{\mu^2NT} + \frac{8L^2\sigma^2}{\mu^3RT}$: $R$ of the order of $\kappa N$ gives the $1/(NT)$ "
    r"rate.",
    parameters=(a, R, beta), assumptions=(GROWING, BETA_1), quantity="S", relation=Relation.LE,
    expression=_a * (_R + 1 + sp.log(_R)), where="abstract; the constants are derived here",
)  # fmt: skip

FIXED_SCHEDULE = _claim(
    "fixed-schedule", "Blocks of one length: the number of rounds must grow like N log N",
    r"$H = T/R$ has $S \le \frac TR(\frac32 + \frac12\ln R)$.",
    parameters=(T, R, beta), assumptions=(FIXED, BETA_1), quantity="S", relation=Relation.LE,
    expression=_T / _R * (sp.Rational(3, 2) + sp.log(_R) / 2),
)  # fmt: skip

ANY_SCHEDULE = _claim(
    "any-schedule", "No schedule of R rounds costs less than a quarter of the growing one",
    r"$S \ge \frac{T(T-R)}{2R(T+\beta-1)} \approx \frac T{2R}$ for every schedule with $R$ rounds.",
    parameters=(T, R, beta), assumptions=(ROUNDS, BETA_1), quantity=r"\min_\tau S", relation=Relation.GE,
    expression=_T * (_T - _R) / (2 * _R * (_T + _beta - 1)),
)  # fmt: skip

# --- one-shot averaging ----------------------------------------------------------------------------------------------

ONE_SHOT = _claim(
    "one-shot-asymptotics", "The variance of one worker at decreasing steps",
    r"$T\,\mathbb E(x_i^T - x^*)^2 \to V = \theta^2\sigma^2/(2\theta h - 1)$, so that the mean of $N$ independent "
    r"workers has $\mathbb E(\bar x^T - x^*)^2 = V/(NT) + o(1/T)$ for fixed $N$: averaging once is asymptotically "
    r"optimal.",
    parameters=(theta, h, mu, sigma2), assumptions=(LOCAL, FOURTH, MU_H, FAST_ENOUGH),
    quantity=r"\lim_T T\,\mathbb E(x_i^T - x^*)^2",
    relation=Relation.EQ, expression=theta.symbol**2 * _sig2 / (2 * _q - 1), where="abstract; the constants are derived here",
    remark="The paper asks for a second derivative near $x^*$; with the fourth, the rate of the limit can be bounded.",
)  # fmt: skip

ONE_SHOT_BIAS = _claim(
    "one-shot-bias", "The bias of one worker, which averaging does not remove",
    r"$T(\mathbb E x_i^T - x^*) \to B = -\frac{\theta c_3V}{2(\theta h - 1)}$, so that $\mathbb E(\bar x^T - x^*)^2 "
    r"= \frac V{NT} + \frac{B^2}{T^2} + o(\cdot)$: the speed-up of one-shot averaging stops at $N \approx TV/B^2$ "
    r"workers.",
    parameters=(theta, h, mu, c3, sigma2), assumptions=(LOCAL, FOURTH, MU_H, FAST_ENOUGH, FAST),
    quantity=r"\lim_T T(\mathbb E x_i^T - x^*)",
    relation=Relation.EQ,
    expression=-theta.symbol * c3.symbol * theta.symbol**2 * _sig2 / (2 * _q - 1) / (2 * (_q - 1)),
)  # fmt: skip


def deviation(theta_: Any, curvature: Any, variance: Any) -> Any:
    """Standard deviation of sqrt(T) x_T at steps theta/(t + b) on a parabola of that curvature, in the limit."""
    return theta_ * sp.sqrt(variance / (2 * theta_ * curvature - 1))


_right, _left = (deviation(theta.symbol, p.symbol, _sig2) for p in (h_plus, h_minus))

NECESSITY = _claim(
    "necessity-smooth-hessian", "With a kink in F' one-shot averaging stops at 1/T, whatever the number of workers",
    r"$\sqrt T\,\mathbb E x_i^T \to \sqrt{2/\pi}\,(s_+ - s_-)$, $s_\pm = \theta\sigma/\sqrt{2\theta h_\pm - 1}$: not "
    r"zero unless $h_+ = h_-$, so that $T\,\mathbb E(\bar x^T)^2$ stays above $\frac2\pi(s_+-s_-)^2$ for every $N$. "
    r"One worker has $T\,\mathbb E F(x_i^T) \to (h_+s_+^3 + h_-s_-^3)/(2(s_++s_-))$.",
    parameters=(theta, h_plus, h_minus, sigma2), assumptions=(TWO_SLOPES, FOURTH, FAST_BOTH),
    quantity=r"\lim_T\sqrt T\,\mathbb E x_i^T", relation=Relation.EQ, expression=sp.sqrt(2 / sp.pi) * (_right - _left),
    remark="The closed form is derived here; the paper assumes a second derivative, and shows the saturation in a simulation.",
)  # fmt: skip

# --- FedAC, as the paper's simulations run it ---------------------------------------------------------------------------

FEDAC_UNACCELERATED = _claim(
    "fedac-unaccelerated", "FedAC with equal step sizes is local SGD with a constant step",
    r"$u_i = \frac{w_i}b + (1 - \frac1b)v_i$, $v_i \leftarrow u_i - \eta g_i$, $w_i \leftarrow (1 - \frac1\alpha)w_i + "
    r"\frac{u_i}\alpha - \gamma g_i$ with $g_i$ a stochastic gradient at $u_i$: if $\gamma = \eta$, then $w_i^T = v_i^T$ for every "
    r"$F$, noise and schedule, so that both move by $x_i \leftarrow x_i - \eta g_i$. With $\gamma = \max\{\sqrt{\eta/(\mu "
    r"H)}, \eta\}$ that is so for blocks of $H \ge 1/(\mu\eta)$ steps.",
    parameters=(alpha, b_ac, T), assumptions=(EQUAL_STEPS, BOTH_START, BOTH_AVERAGED),
    quantity=r"\frac1N\sum_i\|w_i^T - v_i^T\|^2", relation=Relation.LE, expression=sp.Integer(0),
    remark=r"FedAC is by Yuan and Ma (arXiv 2006.08950). The paper's code runs it with blocks of 200 and 333 steps, $\eta = 0.028$ "
    r"and $1/3$, $\mu = 1$: both runs are plain local SGD with constant steps.",
)  # fmt: skip

FLOOR = _claim(
    "constant-step-floor", "Where a constant step stalls, and where it does not even stall",
    r"Of steps of one size $\eta$ on a parabola of curvature $h$: $\mathbb E F(x_i^T) - F^* \to \frac{\eta\sigma^2}{2(2 - \eta "
    r"h(1 + c))}$ for a worker on its own, and an $N$-th of it for the mean of $N$. From $\eta h(1 + c) = 2$ on it grows without "
    r"end; averaging at every step would leave $c/N$ in the place of $c$.",
    parameters=(h, eta, sigma2, c), assumptions=(PARABOLA, EXACT_RELATIVE, ALONE, STABLE),
    quantity=r"\lim_T\mathbb E F(x_i^T) - F^*", relation=Relation.EQ,
    expression=_eta * _sig2 / (2 * (2 - _eta * h.symbol * (1 + c.symbol))),
)  # fmt: skip

# --- rounds ----------------------------------------------------------------------------------------------------------

SINGLE = (h_plus.symbol * _right**3 + h_minus.symbol * _left**3) / (2 * (_right + _left))

LOWER_ROUNDS = _claim(
    "lower-rounds", "Rounds of the order of N are needed, in simulations",
    r"On the kinked example with the growing schedule, $R = N$ rounds reach at least half of linear speed-up; $\sqrt "
    r"N$ and $N^{3/4}$ rounds do not. $\mathbb E F(\bar x^T)$ beside twice an $N$-th of the limit of one worker's "
    r"error.",
    parameters=(theta, h_plus, h_minus, sigma2, n, R, T), assumptions=(TWO_SLOPES, FOURTH, FAST_BOTH, ENOUGH),
    quantity=r"\mathbb E F(\bar x^T) - F^*", relation=Relation.LE, expression=2 * SINGLE / (_n * _T), where=SIMULATIONS,
    confidence="recalled",
    remark="An observation of the paper, not a theorem: one kind of evidence, runs. The factor of two is ours.",
)  # fmt: skip
