"""Claims on DIFF2 and on private gradient descent: sensitivity, accounting, the estimator's error, utility, and what is best."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, POSITIVE, UNIT_LOPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="diff2", authors=("Murata", "Suzuki"),
    title="DIFF2: Differential Private Optimization via Gradient Differences for Nonconvex Distributed Learning", year=2023,
    family="privacy", arxiv="2302.03884", venue="ICML 2023",
)  # fmt: skip

G = Parameter("G", r"bound on the gradient of every sample, or its clip radius", POSITIVE)
L = Parameter(
    "L", r"smoothness of every sample's loss, or clip radius of a difference over $\|x_r - x_{r-1}\|$", POSITIVE
)
n = Parameter("n", "number of samples, over all silos", COUNT)
d = Parameter("d", "dimension", COUNT)
mu = Parameter("mu", "parameter of Gaussian differential privacy", POSITIVE, r"\mu")
R = Parameter("R", "number of rounds", COUNT)
T = Parameter("T", "rounds from one restart to the next", COUNT)
k_1 = Parameter("k_1", "number of restarts", COUNT)
sigma_1 = Parameter("sigma_1", "standard deviation of the noise on a full gradient", POSITIVE, r"\sigma_1")
sigma = Parameter("sigma", "standard deviation of the noise on every gradient", POSITIVE, r"\sigma")
tau = Parameter("tau", r"standard deviation of the noise on a difference, over $\|x_r - x_{r-1}\|$", POSITIVE, r"\tau")
eta = Parameter("eta", "step size", POSITIVE, r"\eta")
Delta = Parameter("Delta", r"$f(x_0)$ less a lower bound of $f$", NONNEGATIVE, r"\Delta")
s = Parameter("s", r"$T/R$", UNIT_LOPEN)
eps = Parameter("eps", "epsilon of differential privacy", POSITIVE, r"\varepsilon")
ell = Parameter("ell", r"$\log(1/\delta)$", POSITIVE, r"\log\frac1\delta")
alpha = Parameter("alpha", "order of a Renyi divergence", sp.Interval.open(1, sp.oo), r"\alpha")
u = Parameter(
    "u", r"a share $1/u$ of the budget goes to restarts; $5/4$ in the published code", sp.Interval.open(1, sp.oo)
)
q = Parameter("q", r"$\mathbb E\|x_r - x_{r-1}\|^2$", NONNEGATIVE)
e2 = Parameter("e2", r"$\mathbb E\|v_{r-1} - \nabla f(x_{r-1})\|^2$", NONNEGATIVE, r"\mathbb E\|e_{r-1}\|^2")
g2 = Parameter("g2", r"$\|\nabla f(x)\|^2$", NONNEGATIVE, r"\|\nabla f(x)\|^2")
v2 = Parameter("v2", r"$\|v\|^2$", NONNEGATIVE, r"\|v\|^2")
w2 = Parameter("w2", r"$\|v - \nabla f(x)\|^2$", NONNEGATIVE, r"\|v - \nabla f(x)\|^2")
steps = Parameter(
    "steps", r"$\sum\mathbb E\|x_j - x_{j-1}\|^2$ over the rounds $j$ since the last restart", NONNEGATIVE,
    r"\textstyle\sum_j\mathbb E\|x_j - x_{j-1}\|^2",
)  # fmt: skip
eps_opt = Parameter("eps_opt", "accuracy of the paper's theorem", POSITIVE, r"\varepsilon_{opt}")
t = Parameter("t", r"$T$ over the paper's $(G^2\sqrt d/(Ln\mu))^{2/3}R$", POSITIVE)
A = Parameter("A", r"$4\sqrt{2d}\,\Delta L/(n\mu)$", POSITIVE)
B = Parameter("B", r"$8dG^2/(n\mu)^2$", POSITIVE)

ONE_REPLACED = Assumption("one-replaced", "the two data sets differ in one sample, and $f$ is the mean over $n$")
BOUNDED = Assumption("bounded-gradients", r"the gradient of every sample, clipped or not, has norm at most $G$")
SAMPLEWISE = Assumption(
    "samplewise-smooth",
    r"a sample's gradients, or what clipping leaves of their difference, are at most $L\|x_r - x_{r-1}\|$ apart",
)
GAUSSIAN = Assumption(
    "gaussian-noise", r"the noise of a round is normal, independent of the past, of the stated size in every direction"
)
COMPOSITION = Assumption(
    "composition", r"squares of $\mu$ of adaptive Gaussian releases add up (Dong, Roth, Su 2022, Corollary 3.3)"
)
WHOLE = Assumption("whole-periods", r"$T$ divides $R$: there are $R/T$ restarts")
UNCLIPPED = Assumption("unclipped", "no clipping is active")
SMOOTH = Assumption("smooth", r"$f$ is $L$-smooth")
LOWER = Assumption("lower-bounded", r"$f$ is bounded below")
RESTARTS = Assumption("restarts", r"rounds $0, T, 2T, \dots$ release a fresh gradient, all others a difference")
FRESH = Assumption("fresh-gradients", r"every round releases a fresh gradient")
ORDER = Assumption(
    "order", "the order is large enough for half of the budget to pay the conversion",
    sp.Ge(alpha.symbol, 1 + 2 * ell.symbol / eps.symbol),
)  # fmt: skip
STEP = Assumption(
    "step-size", "short steps",
    sp.Le(eta.symbol * L.symbol + eta.symbol**2 * tau.symbol**2 * d.symbol * (T.symbol - 1), 1),
)  # fmt: skip
STEP_OF_A_PERIOD = Assumption(
    "step-size", "short steps",
    sp.Le(eta.symbol * L.symbol + eta.symbol**2 * tau.symbol**2 * d.symbol * (R.symbol - 1), 1),
)  # fmt: skip
OWN_STEP = Assumption("own-step", r"$\eta = 1/(L + \tau\sqrt{dT})$")
GRADIENT_STEP = Assumption("own-step", r"$\eta = 1/L$")
CALIBRATED = Assumption(
    "calibrated", r"$\sigma_1^2 = 8G^2(R/T)/(n\mu)^2$ and $\tau^2 = 8L^2R/(n\mu)^2$, as of `diff2.calibration`"
)
DPGD_CALIBRATED = Assumption("calibrated", r"$\sigma^2 = 4G^2R/(n\mu)^2$: the budget is spent on $R$ equal releases")
DPGD_CALIBRATED_TOO = Assumption("dpgd-calibrated", DPGD_CALIBRATED.statement)
ONE_EIGENVALUE = Assumption("one-eigenvalue", r"$f = L\|x\|^2/2$")
BOTH_BOUNDS = Assumption(
    "bounds", "the bounds of `diff2.private-utility` and `diff2.dpgd` for long runs, each at its best $s$ or $R$"
)

_G, _L, _n, _d, _mu, _R, _T = (p.symbol for p in (G, L, n, d, mu, R, T))
_s1, _sg, _tau, _eta, _D, _s = (p.symbol for p in (sigma_1, sigma, tau, eta, Delta, s))
MEAN_GRADIENT = r"\frac1R\sum_{r<R}\mathbb E\|\nabla f(x_r)\|^2"
ONE_KIND = "There is one kind of evidence"
THEOREM = "Theorem 4.3; constants derived here"

SENSITIVITY = Claim(
    id="diff2.sensitivity", paper=PAPER, title="One sample moves a full gradient by at most $2G/n$",
    statement="For two data sets that differ in one sample (replaced; for one added, with a fixed $n$, the half).",
    parameters=(G, n), assumptions=(ONE_REPLACED, BOUNDED), quantity=r"\|\nabla f(x) - \nabla f'(x)\|^2",
    relation=Relation.LE, expression=4 * _G**2 / _n**2, where="Section 4", tight=True,
)  # fmt: skip

SENSITIVITY_DIFFERENCE = Claim(
    id="diff2.sensitivity-difference", paper=PAPER, title=r"One sample moves a difference by at most $2L\|x_r - x_{r-1}\|/n$",
    statement=r"$D = \nabla f(x_r) - \nabla f(x_{r-1})$ and $D'$ with one sample replaced: the sensitivity shrinks with the "
    r"step.",
    parameters=(L, n, q), assumptions=(ONE_REPLACED, SAMPLEWISE), quantity=r"\|D - D'\|^2", relation=Relation.LE,
    expression=4 * _L**2 * q.symbol / _n**2, where="Section 4", tight=True,
)  # fmt: skip

PRIVACY = Claim(
    id="diff2.privacy", paper=PAPER, title=r"Privacy of $k_1$ periods of $T$ rounds",
    statement=r"The run is $\mu_{tot}$-GDP. The number is the same for every path, although $\|x_r - x_{r-1}\|$ is random: "
        r"noise and sensitivity of a difference shrink together.",
    parameters=(G, L, n, T, k_1, sigma_1, tau), assumptions=(ONE_REPLACED, BOUNDED, SAMPLEWISE, GAUSSIAN, RESTARTS, COMPOSITION),
    quantity=r"\mu_{tot}^2", relation=Relation.LE,
    expression=k_1.symbol * (4 * _G**2 / (_n * _s1) ** 2 + (_T - 1) * 4 * _L**2 / (_n * tau.symbol) ** 2),
    where="Section 4", tight=True,
)  # fmt: skip

_BOUND_TO = (ONE_REPLACED, BOUNDED, SAMPLEWISE, GAUSSIAN, RESTARTS, COMPOSITION, WHOLE)

CALIBRATION = Claim(
    id="diff2.calibration", paper=PAPER, title="Half of the budget on restarts, half on differences",
    statement=r"$\sigma_1^2 = 8G^2(R/T)/(n\mu)^2$ and $\tau^2 = 8L^2R/(n\mu)^2$ make the run $\mu$-GDP.",
    parameters=(mu, T), assumptions=_BOUND_TO, quantity=r"\mu_{tot}^2", relation=Relation.LE,
    expression=mu.symbol**2 * (1 - 1 / (2 * _T)), where="derived here", confidence="derived", tight=True,
    remark=r"Where $T$ does not divide $R$ there are $\lceil R/T\rceil$ restarts and the budget may be exceeded: $R = 11$, "
        r"$T = 10$ costs $1.32\mu^2$.",
)  # fmt: skip

PUBLISHED = Claim(
    id="diff2.published-calibration", paper=PAPER, title="The noise of the published code, over its own budget",
    statement=r"$C_1^2s_1^2$ and $C_2^2\|x_r - x_{r-1}\|^2s_2^2$ with $s_1^2 = 4u\alpha R/(Tn^2\varepsilon)$, $s_2^2 = "
        r"\frac{4u}{u-1}\alpha R/(n^2\varepsilon)$: a share $1/u$ for restarts. The code sets $u = 5/4$, $C_1$ in the place of "
        r"$G$, $C_2$ in that of $L$.",
    parameters=(eps, alpha, u, T), assumptions=_BOUND_TO, quantity=r"\mu_{tot}^2", relation=Relation.LE,
    expression=eps.symbol / alpha.symbol * (1 - (1 - 1 / u.symbol) / _T), where="the published code", tight=True,
    remark=r"The published $T = 60$ does not divide $R = 2000$: 34 restarts cost 1.3 % more than accounted, which the published "
        r"choice of $\alpha$ absorbs.",
)  # fmt: skip

PUBLISHED_RENYI = Claim(
    id="diff2.published-renyi", paper=PAPER, title=r"The published accounting, at one order",
    statement=r"$\mu^2 \le \varepsilon/\alpha$ and $\alpha \ge 1 + 2\log(1/\delta)/\varepsilon$ give the conversion below.",
    parameters=(eps, ell, alpha),
    assumptions=(Assumption("budget", r"$\mu_{tot}^2 \le \varepsilon/\alpha$"), ORDER),
    quantity=r"\frac{\alpha\mu_{tot}^2}2 + \frac{\log(1/\delta)}{\alpha - 1}", relation=Relation.LE, expression=eps.symbol,
    where="the published code", tight=True,
)  # fmt: skip

_delta = Parameter("delta", "delta of differential privacy", sp.Interval.open(0, 1), r"\delta")

PUBLISHED_EPSILON = Claim(
    id="diff2.published-epsilon", paper=PAPER, title=r"What the published noise really gives",
    statement=r"The least $\varepsilon'$ for which the published run is $(\varepsilon', \delta)$-private, at $\alpha = 1 + "
        r"\lceil2\log(1/\delta)/\varepsilon\rceil$: 2.341 for a stated 3 and 3.940 for a stated 5 ($\delta = 10^{-5}$). Exact "
        r"accounting needs 1.25 and 1.23 times less noise.",
    parameters=(eps, _delta), assumptions=(Assumption("budget", r"$\mu_{tot}^2 \le \varepsilon/\alpha$"), Assumption(
        "published-order", r"$\alpha = 1 + \lceil2\log(1/\delta)/\varepsilon\rceil$")),
    quantity=r"\varepsilon'", relation=Relation.LE, expression=eps.symbol, where="derived here", confidence="derived",
    remark=f"{ONE_KIND}, enclosures: the normal law is no rational function, which a derivation needs.",
)  # fmt: skip

CONVERSION = Claim(
    id="diff2.exact-conversion", paper=PAPER, title=r"$\delta$ of a $\mu$-GDP mechanism, exactly",
    statement=r"$\Phi(-\varepsilon/\mu + \mu/2) - e^\varepsilon\Phi(-\varepsilon/\mu - \mu/2)$, $\Phi$ the normal distribution "
        r"function, is the largest $P(E) - e^\varepsilon Q(E)$ over events $E$ for $P = N(\mu, 1)$ and $Q = N(0, 1)$.",
    parameters=(eps, mu), assumptions=(GAUSSIAN,), quantity=r"\sup_E P(E) - e^\varepsilon Q(E)", relation=Relation.EQ,
    expression=(sp.erfc((eps.symbol / mu.symbol - mu.symbol / 2) / sp.sqrt(2))
        - sp.exp(eps.symbol) * sp.erfc((eps.symbol / mu.symbol + mu.symbol / 2) / sp.sqrt(2))) / 2,
    where="Dong, Roth, Su (2022), Corollary 2.13", tight=True,
)  # fmt: skip

RENYI = Claim(
    id="diff2.renyi-conversion", paper=PAPER, title="Renyi accounting at its best order",
    statement=r"A $\mu$-GDP mechanism has the Renyi divergence $\alpha\mu^2/2$ at every order; the best order for $\delta$ is "
        r"$1 + \sqrt{2\log(1/\delta)}/\mu$. The exact $\varepsilon$ of `diff2.exact-conversion` is smaller.",
    parameters=(mu, ell), assumptions=(Assumption("orders", r"every order $\alpha > 1$ may be taken"),),
    quantity=r"\min_{\alpha>1}\frac{\alpha\mu^2}2 + \frac{\log(1/\delta)}{\alpha - 1}", relation=Relation.EQ,
    expression=mu.symbol**2 / 2 + mu.symbol * sp.sqrt(2 * ell.symbol), where="Section 2", tight=True,
)  # fmt: skip

ESTIMATOR_STEP = Claim(
    id="diff2.estimator-step", paper=PAPER, title="What a round adds to the error of the estimator",
    statement=r"$e_r = v_r - \nabla f(x_r)$ between restarts: no bias, and noise of the size of the step.",
    parameters=(d, tau, e2, q), assumptions=(UNCLIPPED, GAUSSIAN), quantity=r"\mathbb E\|e_r\|^2", relation=Relation.EQ,
    expression=e2.symbol + d.symbol * tau.symbol**2 * q.symbol, where="Section 4", tight=True,
)  # fmt: skip

ESTIMATOR_ERROR = Claim(
    id="diff2.estimator-error", paper=PAPER, title="The error of the estimator since the last restart",
    statement=r"By `diff2.estimator-step` from $\mathbb E\|e\|^2 = d\sigma_1^2$ at the restart: a sawtooth of period $T$.",
    parameters=(d, sigma_1, tau, steps), assumptions=(UNCLIPPED, GAUSSIAN, RESTARTS), quantity=r"\mathbb E\|e_r\|^2",
    relation=Relation.EQ, expression=d.symbol * (_s1**2 + tau.symbol**2 * steps.symbol), where="Section 4", tight=True,
)  # fmt: skip

DESCENT = Claim(
    id="diff2.descent", paper=PAPER, title="Descent with any estimate of the gradient",
    statement=r"For every $x$ and $v$, of a smooth function that need not be convex.", parameters=(L, eta, g2, v2, w2),
    assumptions=(SMOOTH,), quantity=r"f(x - \eta v) - f(x)", relation=Relation.LE,
    expression=-_eta / 2 * g2.symbol - (_eta / 2 - _L * _eta**2 / 2) * v2.symbol + _eta / 2 * w2.symbol,
    where="standard", tight=True,
)  # fmt: skip

PERIOD = Claim(
    id="diff2.period", paper=PAPER, title="Utility of one period",
    statement=r"$R$ rounds from a restart on, none within: from the recursion of the error alone.",
    parameters=(L, Delta, d, sigma_1, tau, eta, R), assumptions=(SMOOTH, LOWER, UNCLIPPED, GAUSSIAN, STEP_OF_A_PERIOD),
    quantity=MEAN_GRADIENT, relation=Relation.LE, expression=2 * _D / (_eta * _R) + _d * _s1**2,
    where=THEOREM, confidence="derived",
)  # fmt: skip

ANY_STEP = Claim(
    id="diff2.utility-any-step", paper=PAPER, title="Utility of DIFF2 for any short step",
    statement=r"For every number of rounds, whole periods or not: $2\Delta/(\eta R)$ as of gradient descent, and the noise of a "
        r"restart alone; what differences add is paid by the descent of the steps that make them.",
    parameters=(L, Delta, d, sigma_1, tau, eta, T, R), assumptions=(SMOOTH, LOWER, UNCLIPPED, GAUSSIAN, RESTARTS, STEP),
    quantity=MEAN_GRADIENT, relation=Relation.LE, expression=2 * _D / (_eta * _R) + _d * _s1**2,
    where=THEOREM, confidence="derived",
)  # fmt: skip

UTILITY = Claim(
    id="diff2.utility", paper=PAPER, title="Utility of DIFF2",
    statement=r"The mean over the rounds, which is the expectation at a uniformly drawn one.",
    parameters=(L, Delta, d, sigma_1, tau, T, R), assumptions=(SMOOTH, LOWER, UNCLIPPED, GAUSSIAN, RESTARTS, OWN_STEP),
    quantity=MEAN_GRADIENT, relation=Relation.LE,
    expression=2 * _D * _L / _R + 2 * _D * tau.symbol * sp.sqrt(_d * _T) / _R + _d * _s1**2, where=THEOREM, confidence="derived",
)  # fmt: skip

_A, _B = 4 * sp.sqrt(2) * _D * _L * sp.sqrt(_d) / (_n * _mu), 8 * _d * _G**2 / (_n * _mu) ** 2

PRIVATE_UTILITY = Claim(
    id="diff2.private-utility", paper=PAPER, title="Utility of DIFF2 at a privacy",
    statement=r"With $s = T/R$: $2\Delta L/R + A\sqrt s + B/s$, $A = 4\sqrt{2d}\,\Delta L/(n\mu)$, $B = 8dG^2/(n\mu)^2$.",
    parameters=(L, G, Delta, d, n, mu, s, R),
    assumptions=(SMOOTH, LOWER, UNCLIPPED, GAUSSIAN, RESTARTS, OWN_STEP, CALIBRATED), quantity=MEAN_GRADIENT,
    relation=Relation.LE, expression=2 * _D * _L / _R + _A * sp.sqrt(_s) + _B / _s, where=THEOREM, confidence="derived",
)  # fmt: skip

_s_any = Parameter("s", r"$T/R$", POSITIVE)

OPTIMAL = Claim(
    id="diff2.optimal-restart", paper=PAPER, title="The best time between restarts",
    statement=r"Attained at $s = (2B/A)^{2/3}$. With $A$ and $B$ of `diff2.private-utility`: $U_{DIFF2} = "
        r"12\,(\Delta LGd)^{2/3}/(n\mu)^{4/3}$ for long runs, if that $s$ is below 1: the paper's rate, with its constant.",
    parameters=(A, B, _s_any), assumptions=(
        Assumption("bound", r"$U = A\sqrt s + B/s$: the bound of `diff2.private-utility` for long runs"),
    ),
    quantity="U^3", relation=Relation.GE, expression=sp.Rational(27, 4) * A.symbol**2 * B.symbol, tight=True,
    where=THEOREM, confidence="derived",
)  # fmt: skip

SPLIT = Claim(
    id="diff2.split", paper=PAPER, title="Half and half is the best split of the budget",
    statement=r"With a share $a$ of $\mu^2$ for restarts, $A$ becomes $A/\sqrt{2(1-a)}$ and $B$ becomes $B/(2a)$, "
        r"and the cube of the best bound is $\frac{27}{16}A^2B/(a(1-a))$. The published code has $a = 4/5$: a factor "
        r"$(25/16)^{1/3} = 1.160$.",
    parameters=(A, B), assumptions=(Assumption("bound", r"restarts are at their best $s$, and it is below 1"),),
    quantity=r"\min_{0<a<1}\tfrac{27}{16}A^2B/(a(1-a))", relation=Relation.EQ,
    expression=sp.Rational(27, 4) * A.symbol**2 * B.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

DPGD = Claim(
    id="diff2.dpgd", paper=PAPER, title="Utility of private gradient descent",
    statement=r"$v_r = \nabla f(x_r) + \sigma z_r$ in every round.", parameters=(L, Delta, d, sigma, R),
    assumptions=(SMOOTH, LOWER, UNCLIPPED, GAUSSIAN, FRESH, GRADIENT_STEP), quantity=MEAN_GRADIENT, relation=Relation.LE,
    expression=2 * _L * _D / _R + _d * _sg**2, where="Section 4; constants derived here", confidence="derived",
)  # fmt: skip

_D_any = Parameter("Delta", r"$f(x_0)$ less a lower bound of $f$", POSITIVE, r"\Delta")
_Da = _D_any.symbol

DPGD_RATE = Claim(
    id="diff2.dpgd-rate", paper=PAPER, title="Private gradient descent at its best number of rounds",
    statement=r"$\sigma^2 = 4G^2R/(n\mu)^2$ grows with the rounds; the best real $R$ is $n\mu\sqrt{L\Delta/(2d)}/G$.",
    parameters=(L, G, _D_any, d, n, mu), assumptions=(DPGD_CALIBRATED,),
    quantity=r"\min_{R>0}2L\Delta/R + 4dG^2R/(n\mu)^2", relation=Relation.EQ,
    expression=4 * sp.sqrt(2) * sp.sqrt(_L * _Da * _d) * _G / (_n * _mu), where="derived here", confidence="derived", tight=True,
)  # fmt: skip

CROSSOVER = Claim(
    id="diff2.crossover", paper=PAPER, title="From which number of samples on DIFF2 has the better bound",
    statement=r"Private gradient descent has the smaller bound iff $n\mu$ is below the number: $U_{DIFF2}/U_{DPGD}$ is "
        r"$\frac3{\sqrt2}\,(\Delta Ld)^{1/6}/(G^{1/3}(n\mu)^{1/3})$. The paper: better if $n\varepsilon \gg \sqrt{Ld}/G$.",
    parameters=(L, G, _D_any, d), assumptions=(BOTH_BOUNDS,), quantity=r"\sup\{n\mu : U_{DPGD} < U_{DIFF2}\}",
    relation=Relation.IFF, expression=27 * sp.sqrt(2) / 4 * sp.sqrt(_Da * _L * _d) / _G, where="derived here",
    confidence="derived", tight=True,
)  # fmt: skip

_e = eps_opt.symbol
_rounds = 1 + _L / _e + _L**2 * _d / (_n * _mu * _e) ** 2

PAPER_THEOREM = Claim(
    id="diff2.paper-theorem", paper=PAPER, title="The paper's theorem, with its constants",
    statement=r"Its accuracy, rounds and periods: $\varepsilon_{opt} = (LGd)^{2/3}/(n\mu)^{4/3}$, at least $R_0$ rounds, $T$ of "
    r"the order of $(G^2\sqrt d/(Ln\mu))^{2/3}R$; the paper has $\Delta$ of order 1, and $\varepsilon$ for $\mu$. At least one "
    r"round is in a period then, and $t = 1$, or the next number for which $T$ is whole, gives $(10 + 4\sqrt2)\varepsilon_{opt}$ "
    r"for $\Delta = 1$.",
    parameters=(L, Delta, d, n, mu, eps_opt, t, R),
    assumptions=(SMOOTH, LOWER, UNCLIPPED, GAUSSIAN, RESTARTS, OWN_STEP, CALIBRATED,
        Assumption("accuracy", r"$\varepsilon_{opt} = (LGd)^{2/3}/(n\mu)^{4/3}$"),
        Assumption("paper-period", r"$T = t\,(G^2\sqrt d/(Ln\mu))^{2/3}R$"),
        Assumption("paper-rounds", r"at least $R_0 = 1 + L/\varepsilon_{opt} + L^2d/(n\mu\varepsilon_{opt})^2$ rounds",
            sp.Ge(R.symbol, _rounds))),
    quantity=MEAN_GRADIENT, relation=Relation.LE,
    expression=(2 * _D + 4 * _D * sp.sqrt(2 * t.symbol) + 8 / t.symbol) * _e,
    where="Theorem 4.3, by a summary of it; constants derived here", confidence="derived",
)  # fmt: skip

SLOPE = Claim(
    id="diff2.slope", paper=PAPER, title=r"The exact utility falls like $n^{-4/3}$",
    statement=r"Not the bound but the exact mean for $f = L\|x\|^2/2$, at the step of `diff2.utility` and the $T/R$ "
    r"that is best for it: the distance from $-4/3$ of its slope between $n$ and $2n$, in logarithms. Private "
    r"gradient descent has $-1$.",
    parameters=(), assumptions=(CALIBRATED, RESTARTS, ONE_EIGENVALUE, Assumption(
        "long-run", r"$n\mu \ge 300\sqrt{\Delta Ld}/G$, and $2\Delta L/R$ is below a hundredth of $U(n)$")),
    quantity=r"|\frac{\log U(2n) - \log U(n)}{\log2} + \frac43|", relation=Relation.LE, expression=sp.Rational(1, 100),
    where="derived here", confidence="derived", remark=f"{ONE_KIND}, exact runs: it is a property of these quadratics.",
)  # fmt: skip

ADVANTAGE = Claim(
    id="diff2.advantage", paper=PAPER, title="By how much DIFF2 beats private gradient descent",
    statement=r"Not bounds but the exact means of long runs for $f = L\|x\|^2/2$ at the same $\mu$: "
    r"DIFF2 at the step of `diff2.utility` and its best $T/R$, over private gradient descent at its best $R$. Below "
    r"1 from the number of `diff2.crossover` on.",
    parameters=(L, G, _D_any, d, n, mu), assumptions=(CALIBRATED, DPGD_CALIBRATED_TOO, RESTARTS, ONE_EIGENVALUE, Assumption(
        "best-of-both", r"$T/R$ and $R$ are those for which the exact means are least, and DIFF2's $R$ is $10^6$")),
    quantity="U_{DIFF2}/U_{DPGD}", relation=Relation.LE, expression=3 / sp.sqrt(2)
    * (_Da * _L * _d) ** sp.Rational(1, 6) / (_G * _n * _mu) ** sp.Rational(1, 3), where="derived here", confidence="derived",
    remark=f"{ONE_KIND}, exact runs: it speaks of what is best for two recursions, not of their bounds.",
)  # fmt: skip

BREAST_CANCER = Claim(
    id="diff2.breast-cancer", paper=PAPER, title="On the breast cancer data private gradient descent is not beaten",
    statement=r"Logistic regression with a regulariser that is not convex, at $(3, 10^{-5})$: the squared gradient at the end of "
    r"a run of private gradient descent over that of DIFF2, each at the best setting of a grid.",
    parameters=(), assumptions=(GAUSSIAN, RESTARTS, WHOLE, Assumption("equal-privacy", r"both runs have the same $\mu_{tot}$"),
        Assumption("best-of-grid", "both are at the setting that was best in other runs")),
    quantity=r"\mathbb E\,\|\nabla f(x_R)\|^2_{DPGD}/\|\nabla f(x_R)\|^2_{DIFF2}", relation=Relation.LE, expression=sp.Integer(1),
    where="derived here", confidence="derived",
    remark="Although DIFF2 has the better bound there ($n\\mu = 409$ against a crossover of 22): both ends are far below the "
    f"bounds, and a better bound is no better method. The paper reports DIFF2 ahead, for networks on larger sets. {ONE_KIND}, "
    "runs: it is a statement on data.",
)  # fmt: skip

register(
    SENSITIVITY, SENSITIVITY_DIFFERENCE, PRIVACY, CALIBRATION, PUBLISHED, PUBLISHED_RENYI, PUBLISHED_EPSILON, CONVERSION, RENYI,
    ESTIMATOR_STEP, ESTIMATOR_ERROR, DESCENT, PERIOD, ANY_STEP, UTILITY, PRIVATE_UTILITY, OPTIMAL, SPLIT, DPGD, DPGD_RATE,
    CROSSOVER, PAPER_THEOREM, SLOPE, ADVANTAGE, BREAST_CANCER,
)  # fmt: skip
