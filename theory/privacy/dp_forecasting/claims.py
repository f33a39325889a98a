"""Claims on the privacy accounting of Arcolezi et al. (2022), and on the forecasters that it protects."""

from functools import partial

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="dp-forecasting", authors=("Arcolezi", "Couchot", "Renaud", "Al Bouna", "Xiao"),
    title="Differentially Private Multivariate Time Series Forecasting of Aggregated Human Mobility With Deep Learning: "
    "Input or Gradient Perturbation?",
    year=2022, family="privacy", arxiv="2205.00436", venue="Neural Computing and Applications",
)  # fmt: skip
_claim = partial(Claim, paper=PAPER)

eps = Parameter("eps", "privacy parameter", NONNEGATIVE, r"\epsilon")
delta = Parameter("delta", "privacy parameter", sp.Interval.open(0, sp.Rational(1, 2)), r"\delta")
s = Parameter("s", r"$\sigma/\Delta$, standard deviation of the noise over the sensitivity")
T = Parameter("T", "number of releases, or of steps", COUNT)
q = Parameter("q", "probability that a record is in a batch", UNIT_OPEN)
z = Parameter("z", "noise multiplier: standard deviation of the noise over the clip norm")
a = Parameter("a", "order of the divergence", sp.Range(2, sp.oo))
w = Parameter(
    "w", r"$e^{1/z^2}$, the second moment of the likelihood ratio without sampling", sp.Interval.open(1, sp.oo)
)
D = Parameter("D", r"$e^\epsilon - 1$", NONNEGATIVE)
delta0 = Parameter(
    "delta0", "least $\\delta$ of the mechanism without sampling, at the shifted $\\epsilon$", NONNEGATIVE, r"\delta_0"
)
ell = Parameter("ell", r"$\log(1/\delta)$", latex=r"\ell")
a_max = Parameter("a_max", "largest order on the list", sp.Interval.open(1, sp.oo), r"a_{\max}")
rho = Parameter("rho", r"slope of the Renyi curve, $T/(2z^2)$", latex=r"\rho")
eps_p = Parameter("eps_p", r"the published $\epsilon$", latex=r"\epsilon_p")
C = Parameter("C", "clip norm")
p = Parameter("p", "number of lags: a time point is in $p$ windows as a lag and in one as the target", COUNT)
r0 = Parameter("r0", "variance of the series", latex="r_0")
r1 = Parameter("r1", "autocovariance at lag 1", REAL, "r_1")
s2 = Parameter("s2", "variance of the noise on a count", NONNEGATIVE, r"\sigma^2")
t2 = Parameter("t2", "variance of a larger noise", NONNEGATIVE, r"\tau^2")
g = Parameter("g", r"$c^\top(R + \sigma^2 I)^{-1}c$", NONNEGATIVE)
w2 = Parameter("w2", r"$\|w_0\|^2$, of the best weights on clean data", NONNEGATIVE, r"\|w_0\|^2")
v2 = Parameter("v2", r"$\|w_\tau\|^2$, of the best weights under the larger noise", NONNEGATIVE, r"\|w_\tau\|^2")
mse = Parameter(
    "mse", r"mean squared error of the best weights under the noise $\sigma^2$", NONNEGATIVE, r"F(\sigma^2)"
)
risk = Parameter("risk", "mean squared error against the true target", NONNEGATIVE, "F(w)")
eta = Parameter("eta", "step size", latex=r"\eta")
nu = Parameter("nu", "standard deviation of the gradient's noise in a coordinate, $zC/n$", NONNEGATIVE, r"\nu")
lam = Parameter("lam", "an eigenvalue of $R$", latex=r"\lambda")
lam_j = Parameter("lam_j", "the eigenvalues of $R$", latex=r"\lambda", size="p")

GAUSSIAN = Assumption("gaussian_noise", r"the noise is $N(0, \sigma^2 I)$")
SENSITIVE = Assumption(
    "l2_sensitivity",
    r"one record moves the value by at most $\Delta$ in the Euclidean norm, and may move "
    r"it by $\Delta$",
)
FRESH = Assumption("fresh_noise", "the noise of a release is independent of all that came before")
POISSON = Assumption("poisson_sampling", "each record is in the batch with probability $q$, independently of all else")
CLIPPED = Assumption("clipped", "each gradient is scaled to a norm of at most $C$")
INDEPENDENT = Assumption(
    "independent_noise",
    r"the noise on counts has mean zero and is independent of the series and of "
    r"itself over time",
)
LEAST_SQUARES = Assumption("least_squares", "the weights minimise the expected squared error on the noisy data")
LEAST_CLEAN = Assumption(
    "least_squares_noisy",
    r"the forecaster under the noise $\sigma^2$ minimises $F_{\sigma}(w) = "
    r"\mathbb E(x_t - w^\top x)^2 + \sigma^2\|w\|^2$",
)
STABLE = Assumption("stable", "short steps", sp.Lt(eta.symbol * lam.symbol, 2))
INACTIVE = Assumption(
    "clipping_inactive", "full gradients of least squares, none of which is clipped; fresh noise at each step"
)
ONLY = "There is one kind of evidence, as "


def _phi(x: sp.Expr) -> sp.Expr:
    return sp.erfc(-x / sp.sqrt(2)) / 2


_s, _e = s.symbol, eps.symbol

# --- one Gaussian release ---------------------------------------------------------------------------------------------

EXACT = _claim(
    id="dp-forecasting.gaussian-exact", title="The Gaussian mechanism, exactly",
    statement=r"The Gaussian mechanism is $(\epsilon, \delta)$-private iff $\delta \ge \Phi(\frac1{2s} - \epsilon s) - "
    r"e^\epsilon\Phi(-\frac1{2s} - \epsilon s)$, which decreases in $s$.",
    parameters=(eps, s), assumptions=(GAUSSIAN, SENSITIVE), quantity=r"\sup_A P(A) - e^\epsilon Q(A)", relation=Relation.EQ,
    expression=_phi(1 / (2 * _s) - _e * _s) - sp.exp(_e) * _phi(-1 / (2 * _s) - _e * _s),
    where="Balle and Wang (2018), Theorem 8", tight=True,
)  # fmt: skip

CLASSICAL = _claim(
    id="dp-forecasting.gaussian-classical", title="The classical noise suffices for eps up to 1",
    statement=r"$\sigma = \Delta\sqrt{2\log(1.25/\delta)}/\epsilon$, with which inputs are perturbed, is enough for $\epsilon "
    r"\le 1$, and more than "
    r"enough: at $\epsilon = 1$, $\delta = 10^{-5}$ it is $4.845$ where $3.731$ do. For large $\epsilon$ it is too little: "
    r"for $\delta = 10^{-5}$ from $\epsilon = 8.4198$ on.",
    parameters=(eps, delta), assumptions=(GAUSSIAN, SENSITIVE, Assumption("eps<=1", r"$\epsilon \le 1$", sp.Le(_e, 1))),
    quantity=r"\min\{\sigma/\Delta : (\epsilon, \delta)\text{-private}\}", relation=Relation.LE,
    expression=sp.sqrt(2 * sp.log(sp.Rational(5, 4) / delta.symbol)) / _e, where="Definition 2; Dwork and Roth (2014), "
    "Theorem A.1",
    remark=ONLY + "the least noise is enclosed at concrete settings; there is nothing to draw.",
)  # fmt: skip

COMPOSITION = _claim(
    id="dp-forecasting.composition", title="T releases are one with the noise divided by the root of T",
    statement=r"What $T$ releases with fresh noise tell of a record that moves each by $\Delta$ is what one release with "
    r"$s/\sqrt T$ tells: the "
    r"log-likelihood ratio is $N(\mu^2/2, \mu^2)$. A person counted at $k$ times in six regions: $T = 6k$.",
    parameters=(s, T), assumptions=(GAUSSIAN, FRESH, SENSITIVE), quantity=r"\mu^2", relation=Relation.EQ,
    expression=T.symbol / _s**2, where="derived here; Dong, Roth and Su (2022), Corollary 2", confidence="derived", tight=True,
)  # fmt: skip

POST = _claim(
    id="dp-forecasting.post-processing", title="Rounding and clipping noisy counts costs no privacy",
    statement=r"Whatever is made of the released value without looking at the data, with or without further randomness: for "
    r"every event $A$ of it "
    r"$P(A) - e^\epsilon Q(A) \le \delta$, with the least $\delta$ of the release itself.",
    parameters=(delta0,), assumptions=(Assumption("data_free", "the processing sees the released value alone"),),
    quantity=r"\sup_A P(A) - e^\epsilon Q(A)", relation=Relation.LE, expression=delta0.symbol, where="Section 2.3", tight=True,
)  # fmt: skip

# --- sampling ---------------------------------------------------------------------------------------------------------

_k = sp.Symbol("k", integer=True)
_a, _q, _z = a.symbol, q.symbol, z.symbol

RDP = _claim(
    id="dp-forecasting.subsampled-rdp", title="Renyi divergence of the sampled Gaussian mechanism at integer orders",
    statement=r"With $P = (1-q)N(0, z^2) + qN(1, z^2)$ and $Q = N(0, z^2)$; over $T$ steps it is $T$ times as large.",
    parameters=(a, q, z), assumptions=(GAUSSIAN, POISSON), quantity=r"D_a(P\|Q)", relation=Relation.EQ,
    expression=sp.log(sp.Sum(sp.binomial(_a, _k) * (1 - _q) ** (_a - _k) * _q**_k * sp.exp(_k * (_k - 1) / (2 * _z**2)), (_k,
    0, _a))) / (_a - 1),
    where="Mironov, Talwar and Zhang (2019), Section 3.3", tight=True,
    remark=ONLY + "the divergence is a rigorous integral; a mean of likelihood ratios to the power $a$ has too heavy a tail "
    "to be drawn.",
)  # fmt: skip

CHI_SQUARE = _claim(
    id="dp-forecasting.chi-square", title="Second moment of the likelihood ratio after T sampled steps",
    statement=r"The order 2 of the Renyi divergence, and the $\mu^2 = T q^2(e^{1/z^2} - 1)$ of the central limit theorem, in "
    r"closed form.",
    parameters=(q, w, T), assumptions=(GAUSSIAN, POISSON, FRESH), quantity=r"\mathbb E_Q(dP/dQ)^2", relation=Relation.EQ,
    expression=(1 + _q**2 * (w.symbol - 1)) ** T.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

REMOVE = _claim(
    id="dp-forecasting.subsampling-remove", title="Amplification by sampling when a record is removed, exactly",
    statement=r"$\delta$ of $(1-q)Q + qP$ against $Q$ at $\epsilon$ is $q$ times $\delta_0$ of $P$ against $Q$ at $\log(1 + "
    r"D/q)$, $D = e^\epsilon - 1$.",
    parameters=(q, D, delta0), assumptions=(POISSON,), quantity=r"\sup_A ((1-q)Q + qP)(A) - e^\epsilon Q(A)",
    relation=Relation.EQ,
    expression=_q * delta0.symbol, where="Balle, Barthe and Gaboardi (2018), Theorem 2", tight=True,
)  # fmt: skip

_D = D.symbol

ADD = _claim(
    id="dp-forecasting.subsampling-add", title="Amplification by sampling when a record is added, exactly",
    statement=r"$\delta$ of $Q$ against $(1-q)Q + qP$ at $\epsilon$ is $1 - e^\epsilon(1-q) = q - D(1-q)$ times $\delta_0$ of $Q$ "
    r"against $P$ at $\log\frac{e^\epsilon q}{1 - e^\epsilon(1-q)}$, and zero from $\epsilon = -\log(1-q)$ on. It differs from "
    r"the removal: an accountant needs both.",
    parameters=(q, D, delta0), assumptions=(POISSON, Assumption("small_eps", r"$e^\epsilon(1-q) < 1$",
    sp.Gt(_q, _D / (1 + _D)))),
    quantity=r"\sup_A Q(A) - e^\epsilon((1-q)Q + qP)(A)", relation=Relation.EQ,
    expression=(_q - _D * (1 - _q)) * delta0.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

# --- the accountant ---------------------------------------------------------------------------------------------------

_ell = ell.symbol

FLOOR = _claim(
    id="dp-forecasting.order-floor", title="A list of orders that ends has a floor under its epsilon",
    statement=r"Whatever the mechanism, $\min_a T\epsilon_a + \ell/(a-1)$ over orders up to $a_{\max}$ is at least the floor: "
    r"0.03154 for $\delta = 10^{-7}$ "
    r"and the last order 512.",
    parameters=(ell, a_max), assumptions=(Assumption("orders_listed", r"the orders are between 1 and $a_{\max}$"),),
    quantity=r"\min_a T\epsilon_a + \ell/(a-1)", relation=Relation.GE, expression=_ell / (a_max.symbol - 1),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

OPTIMAL_ORDER = _claim(
    id="dp-forecasting.optimal-order", title="The best order of a Gaussian mechanism",
    statement=r"For $\epsilon_a = \rho a$ the conversion is best at $a = 1 + \sqrt{\ell/\rho}$: with little noise a small "
    r"order, with much noise one beyond every list.",
    parameters=(rho, ell), assumptions=(Assumption("all_orders", "every real order above 1 is tried"),),
    quantity=r"\inf_{a>1}\rho a + \ell/(a-1)", relation=Relation.EQ, expression=rho.symbol + 2 * sp.sqrt(rho.symbol * _ell),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

CAP = _claim(
    id="dp-forecasting.order-cap", title="Under Poisson sampling the published epsilons are far too large",
    statement=r"The four published $\epsilon$ (0.0650, 0.0399, 0.0357, 0.0317 at $\delta = 10^{-7}$) are those of the order "
    r"512, the last on the accountant's list, each time; "
    r"$\log(10^7)/511 = 0.0315$ alone is 48 to 99 % of them. The exact $\epsilon$ of the same runs under Poisson sampling is "
    r"less than:",
    parameters=(eps_p,), assumptions=(POISSON, GAUSSIAN), quantity=r"\epsilon(10^{-7})", relation=Relation.LE,
    expression=sp.Rational(7, 10) * eps_p.symbol, where="Table 2", confidence="derived",
    remark=ONLY + "the four runs are enclosed by a privacy-loss distribution with rigorous ends.",
)  # fmt: skip

GP_PUBLISHED = _claim(
    id="dp-forecasting.gp-published", title="The published epsilons of gradient perturbation",
    statement=r"Each run of DP-SGD, as it was run, is $(\epsilon_p, 10^{-7})$-private for one training window.",
    parameters=(eps_p,), assumptions=(GAUSSIAN,), quantity=r"\epsilon(10^{-7})", relation=Relation.LE, expression=eps_p.symbol,
    where="Section 4.3, Table 2", confidence="derived",
    false_as_published=r"The batches of the released training come in a fixed order, so that nothing is amplified by "
    r"sampling: a window enters one batch an epoch, $\mu = \sqrt{100}/z$, and "
    r"$\epsilon = 0.3134$ for $z = 140$, nearly nine times the published number. With batches drawn by Poisson sampling the "
    r"statement is true.",
)  # fmt: skip

IP_PUBLISHED = _claim(
    id="dp-forecasting.ip-published", title="The classical formula gives inputs nearly half as much noise again as needed",
    statement=r"At the published $\epsilon_p$ the exact $\epsilon$ of the noise $\sqrt{2\log(1.25/\delta)}/\epsilon_p$ is 0.66 to "
    r"0.69 times $\epsilon_p$: input and gradient perturbation were compared at equal statements, not at equal privacy.",
    parameters=(eps_p,), assumptions=(GAUSSIAN, SENSITIVE, Assumption("small_eps", "a small budget", sp.Le(eps_p.symbol,
    sp.Rational(1, 10)))),
    quantity=r"\epsilon(10^{-7})", relation=Relation.LE, expression=sp.Rational(7, 10) * eps_p.symbol, where="Section 4.3",
    confidence="derived",
    remark=ONLY + "the exact numbers are enclosed at the published settings.",
)  # fmt: skip

# --- sensitivity of DP-SGD --------------------------------------------------------------------------------------------

MICROBATCH = _claim(
    id="dp-forecasting.microbatch-clipping", title="A record changed in a clipped microbatch moves it by up to twice the clip "
    "norm",
    statement=r"Where several windows are averaged before clipping (the highlighted run: 10 windows in 5 microbatches), one "
    r"record changes a whole clipped gradient, and with it the sum by up to $2C$. The "
    r"accountant assumes $C$: the noise multiplier that counts is $z/2$.",
    parameters=(C,), assumptions=(CLIPPED,), quantity=r"\|\bar g - \bar g'\|^2", relation=Relation.LE,
    expression=4 * C.symbol**2,
    where="derived here from the released code", confidence="derived", tight=True,
)  # fmt: skip

WINDOWS = _claim(
    id="dp-forecasting.window-sensitivity", title="A time point enters p + 1 windows",
    statement=r"The sum of the clipped gradients of all windows that hold a time point: what DP-SGD protects is one window, "
    r"and a time point weighs $p + 1$ times as much.",
    parameters=(C, p), assumptions=(CLIPPED,), quantity=r"\|\sum_{i=1}^{p+1}g_i\|^2", relation=Relation.LE,
    expression=(p.symbol + 1) ** 2 * C.symbol**2,
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

# --- what it costs a linear forecaster --------------------------------------------------------------------------------

IP_RISK = _claim(
    id="dp-forecasting.ip-risk", title="Risk of the best linear forecaster on noisy inputs",
    statement=r"On $p$ lags with noise $\sigma^2$ on each, with $R = (r_{i-j})$ and $c = (r_1, \dots, r_p)$: the best weights "
    r"$(R + \sigma^2I)^{-1}c$ have the mean squared error below, against the true value.",
    parameters=(r0, g), assumptions=(LEAST_SQUARES, INDEPENDENT), quantity=r"\min_w\mathbb E(x_t - w^\top\tilde x)^2",
    relation=Relation.EQ,
    expression=r0.symbol - g.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

ONE_LAG = _claim(
    id="dp-forecasting.ip-one-lag", title="One lag: errors in variables",
    statement=r"With one lag the weight shrinks by $r_0/(r_0 + \sigma^2)$.",
    parameters=(r0, r1, s2), assumptions=(LEAST_SQUARES, INDEPENDENT), quantity=r"\min_w\mathbb E(x_t - w\tilde x)^2",
    relation=Relation.EQ,
    expression=r0.symbol - r1.symbol**2 / (r0.symbol + s2.symbol), where="derived here; Fuller (1987), Section 1.1",
    confidence="derived", tight=True,
)  # fmt: skip

IP_PRICE = _claim(
    id="dp-forecasting.ip-price", title="What noisy inputs cost at most",
    statement=r"The error of the best forecaster rises by at most $\sigma^2\|w_0\|^2$, with the weights $w_0$ that are best "
    r"on clean data, however much data there is.",
    parameters=(s2, w2), assumptions=(LEAST_CLEAN, INDEPENDENT), quantity=r"F(\sigma^2) - F(0)", relation=Relation.LE,
    expression=s2.symbol * w2.symbol,
    where="derived here", confidence="derived",
)  # fmt: skip

IP_MONOTONE = _claim(
    id="dp-forecasting.ip-monotone", title="More noise is worse, by at least this much",
    statement=r"$F(\tau^2) - F(\sigma^2) \ge (\tau^2 - \sigma^2)\|w_\tau\|^2$ for $\tau \ge \sigma$: the loss of input "
    r"perturbation does not vanish with more data.",
    parameters=(s2, t2, v2, mse), assumptions=(LEAST_CLEAN, INDEPENDENT), quantity=r"F(\tau^2)", relation=Relation.GE,
    expression=mse.symbol + (t2.symbol - s2.symbol) * v2.symbol, where="derived here", confidence="derived",
)  # fmt: skip

TARGET_NOISE = _claim(
    id="dp-forecasting.target-noise", title="Noise on the targets does not move the best weights",
    statement=r"The expected squared error against a noisy target is that against the true one, plus $\sigma^2$, for every $w$.",
    parameters=(s2, risk), assumptions=(INDEPENDENT,), quantity=r"\mathbb E(x_t + n_t - w^\top\tilde x)^2",
    relation=Relation.EQ,
    expression=risk.symbol + s2.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

_eta, _nu, _lam = eta.symbol, nu.symbol, lam.symbol
_j, _p = sp.Symbol("j", integer=True), sp.Symbol("p", integer=True, positive=True)

GP_MODE = _claim(
    id="dp-forecasting.gp-mode", title="Excess risk of noisy gradient descent along an eigenvector",
    statement=r"With $v_{k+1} = (1 - \eta\lambda)v_k + \eta\nu\xi_k$ the excess risk along an eigenvector settles, from any "
    r"start.",
    parameters=(eta, nu, lam), assumptions=(INACTIVE, STABLE), quantity=r"\lim_k\lambda\mathbb E v_k^2", relation=Relation.EQ,
    expression=_eta * _nu**2 / (2 - _eta * _lam), where="derived here", confidence="derived", tight=True,
)  # fmt: skip

GP_RISK = _claim(
    id="dp-forecasting.gp-risk", title="Excess risk of gradient perturbation on least squares",
    statement=r"The stationary covariance solves $S = (I - \eta R)S(I - \eta R) + \eta^2\nu^2I$; with $\nu = zC/n$ the excess "
    r"falls like $1/n^2$, while that of input perturbation stays.",
    parameters=(eta, nu, lam_j), assumptions=(INACTIVE, Assumption("stable_all", r"$\eta\lambda_j < 2$ for all $j$")),
    quantity=r"\mathrm{tr}(RS)", relation=Relation.EQ, expression=_eta * _nu**2 * sp.Sum(1 / (2 - _eta * lam_j.symbol[_j]),
    (_j, 1, _p)),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

sigma = Parameter(
    "sigma", "standard deviation of the noise on each count; 0 where gradients are perturbed", NONNEGATIVE, r"\sigma"
)

rmse = Parameter("rmse", "root mean squared error without privacy, the mean over the regions")

UTILITY = _claim(
    id="dp-forecasting.utility", title="Noise for one count per person hardly hurts the forecast",
    statement=r"Root mean squared error of a forecaster trained on noisy counts over that of one trained on the counts: the "
    r"paper reports a loss of 0.62 to 2.81 %, the best of ten runs, with hyper-parameters chosen on the test week. In the mean:",
    parameters=(sigma, rmse),
    assumptions=(
        Assumption("coarse", r"without privacy the forecast errs by at least $3\sigma$", sp.Ge(rmse.symbol, 3 * sigma.symbol)),
        INDEPENDENT,
    ),
    quantity=r"\mathbb E\,\mathrm{RMSE}_{\mathrm{private}}/\mathrm{RMSE}", relation=Relation.LE, expression=sp.Rational(11, 10),
    where="Tables 3 and 4", confidence="derived", remark=ONLY + "it is a statement on runs.",
)  # fmt: skip

register(
    EXACT, CLASSICAL, COMPOSITION, POST, RDP, CHI_SQUARE, REMOVE, ADD, FLOOR, OPTIMAL_ORDER, CAP, GP_PUBLISHED, IP_PUBLISHED,
    MICROBATCH, WINDOWS, IP_RISK, ONE_LAG, IP_PRICE, IP_MONOTONE, TARGET_NOISE, GP_MODE, GP_RISK, UTILITY,
)  # fmt: skip
