"""Stochastic-gradient MCMC with stale gradients: bias, variance and speed-up, exact on Gaussian targets."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="stale-sgmcmc", authors=("Chen", "Ding", "Li", "Zhang", "Carin"),
    title="Stochastic Gradient MCMC with Stale Gradients", year=2016, family="sampling", arxiv="1610.06664",
    venue="NeurIPS",
)  # fmt: skip

lam = Parameter("lam", r"curvature of $U = \lambda x^2/2$", latex=r"\lambda")
h = Parameter("h", "step size")
tau = Parameter("tau", "staleness: age of the gradient in steps", sp.S.Naturals0, r"\tau")
sigma = Parameter("sigma", "standard deviation of the gradient's noise", NONNEGATIVE, r"\sigma")
mean_tau = Parameter("mean_tau", "mean staleness", NONNEGATIVE, r"\mathbb E\tau")
power = Parameter("power", "1 for the bias, 2 for its square in the mean squared error", COUNT, "k")
x0 = Parameter("x0", "start", REAL, "x_0")
P = Parameter("P", "number of workers", COUNT)
steps = Parameter("L", "updates of the server", COUNT)
servers = Parameter("S", "number of servers, each with its own chain and its own workers", COUNT)
moved = Parameter("D2", r"$\mathbb E(x_l - x_{l-\tau_l})^2$", NONNEGATIVE, "D^2")
rounds = Parameter("c", r"$L(\lambda h)^3$, the length of the average relative to $(\lambda h)^{-3}$")
best = Parameter(
    "Q", r"the best number of workers, as a real number", sp.Interval.open(sp.Rational(1, 2), sp.oo), "P^*"
)

GAUSSIAN = Assumption(
    "gaussian_target", r"$U = \lambda x^2/2$; in $\mathbb R^d$ one copy for each eigenvector of the precision"
)
FIXED = Assumption("fixed_staleness", r"every gradient is exactly $\tau$ steps old")
SMALL = Assumption("small_steps", r"$h \to 0$ with the staleness fixed")


def critical(delay: sp.Expr) -> sp.Expr:
    """a_max: h lam must be below it."""
    return 2 * sp.sin(sp.pi / (2 * (2 * delay + 1)))


def _stable(delay: sp.Expr) -> Assumption:
    return Assumption("stable", "the step is below the threshold", sp.Lt(h.symbol * lam.symbol, critical(delay)))


_h, _lam, _tau = h.symbol, lam.symbol, tau.symbol

ORDERS = Claim(
    id="stale-sgmcmc.paper-orders", paper=PAPER,
    title="Staleness degrades bias and mean squared error, not the variance",
    statement=r"For an average over $L$ steps of an integrator of order $K$: bias $O(\frac1{Lh} + \tau h + h^K)$, "
    r"mean squared error $O(\frac1{Lh} + \tau^2h^2 + h^{2K})$, variance $O(\frac1{Lh} + h^{2K})$ without $\tau$. "
    r"For $K = 1$ and $L \to \infty$ the exponent of $h$ in the asymptotic bias to the power $k$ is at least:",
    parameters=(power,),
    assumptions=(
        Assumption("poisson_equation", "the Poisson equation of the test function has bounded derivatives"), SMALL,
    ),
    quantity=r"\lim_{h\to 0}\frac{d\log|\mathbb E\hat\phi - \bar\phi|^k}{d\log h}", relation=Relation.GE,
    expression=power.symbol, where="Theorems on bias, MSE and variance (numbers not recalled)", confidence="recalled",
    remark="Orders recalled, constants not compared: they depend on the problem, and are no numbers. Hence one kind of evidence: "
    "exponents on exact Gaussian laws; the constants of that case are the other claims.",
)  # fmt: skip

STABILITY = Claim(
    id="stale-sgmcmc.stability", paper=PAPER, title=r"How long a step may be with gradients that are $\tau$ steps old",
    statement=r"$x_{l+1} = x_l - ax_{l-\tau}$ is asymptotically stable iff $0 < a < a_{\max}(\tau)$, "
    r"and exactly then the chain with $a = h\lambda$ has a finite stationary variance. "
    r"$a_{\max} = 2, 1, 0.618\ldots$, about $\pi/(2\tau + 1)$ for large $\tau$.",
    parameters=(tau,), assumptions=(GAUSSIAN, FIXED), quantity=r"a_{\max}(\tau)", relation=Relation.IFF,
    expression=critical(_tau), where="classical for this delay equation",
    remark="From crossings of the circle to the threshold by continuity: docs/derivations/stale_sgmcmc.md.", tight=True,
)  # fmt: skip

_b = 2 * sp.asin(_h * _lam / 2)

VARIANCE = Claim(
    id="stale-sgmcmc.stationary-variance", paper=PAPER,
    title="The stationary variance with stale gradients, in closed form",
    statement=r"With $b = 2\arcsin(h\lambda/2)$ the stationary $\mathbb Ex^2$ is as below. "
    r"Autocovariances: $r_k = v(\cos bk + \rho\sin bk)$ for "
    r"$0 \le k \le \tau + 1$, $\rho = \frac{\sin(b/2) - \cos b\tau}{\cos(b/2) + \sin b\tau}$; "
    r"then $r_{k+1} = r_k - ar_{k-\tau}$.",
    parameters=(lam, h, tau, sigma),
    assumptions=(
        GAUSSIAN, FIXED, Assumption("independent_noise", r"gradients have independent noise of variance $\sigma^2$"),
        _stable(_tau),
    ),
    quantity=r"\mathbb Ex^2", relation=Relation.EQ,
    expression=(1 + _h * sigma.symbol**2 / 2)
    / _lam
    * (sp.cos(_b / 2) + sp.sin(_b * _tau))
    / (sp.cos(_b / 2) * (sp.cos(_b * _tau) - sp.sin(_b / 2))),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

BIAS = Claim(
    id="stale-sgmcmc.bias-coefficient", paper=PAPER, title="The bias grows linearly with the mean staleness",
    statement=r"$\lambda\mathbb Ex^2 = 1 + (\tau + \frac12)a + (\frac{\tau^2}2 + \frac\tau2 + \frac14)a^2 + O(a^3)$, "
    r"$a = h\lambda$. With staleness that is random, independent from step to step and of the chain, or repeats a cycle (then "
    r"for the mean of $\mathbb Ex^2$ over it), the first coefficient has $\mathbb E\tau$ for $\tau$:",
    parameters=(mean_tau,),
    assumptions=(
        GAUSSIAN, Assumption("independent_staleness", "the staleness of a step is independent of everything else"),
        SMALL,
    ),
    quantity=r"\lim_{h\to 0}(\mathbb Ex^2 - 1/\lambda)/h", relation=Relation.EQ,
    expression=mean_tau.symbol + sp.Rational(1, 2), where="derived here", confidence="derived", tight=True,
)  # fmt: skip

INDEPENDENT = Claim(
    id="stale-sgmcmc.variance-independent-of-staleness", paper=PAPER,
    title="The variance of the mean does not depend on the staleness",
    statement=r"For $\phi(x) = x$: $\lim_L L\,\mathrm{Var}(\frac1L\sum x_l)$ is the sum of the autocovariances, "
    r"$\frac2{\lambda^2h}$ for "
    r"every $\tau$ with $h\lambda < a_{\max}(\tau)$. For $\phi(x) = x^2$ it is $2\sum r_k^2$, which depends on $\tau$ at the "
    r"relative order $\tau a$: there the independence holds to leading order only.",
    parameters=(lam, h),
    assumptions=(
        GAUSSIAN, Assumption("linear_test_function", r"$\phi(x) = x$"),
        Assumption("stable", r"$h\lambda < a_{\max}(\tau)$"),
    ),
    quantity=r"\sum_{k\in\mathbb Z}r_k", relation=Relation.EQ, expression=2 / (_lam**2 * _h),
    where=r"derived here; the paper's variance bound without $\tau$", confidence="derived", tight=True,
)  # fmt: skip

GRADIENT = Claim(
    id="stale-sgmcmc.averaged-gradient", paper=PAPER,
    title="The variance of an averaged gradient does not depend on the staleness, for any posterior",
    statement=r"For any smooth $U$ and any unit vector $v$, with $g_l = \langle\nabla U(x_l), v\rangle$: "
    r"$\lim_L L\,\mathrm{Var}(\frac1L\sum g_l)$ is the sum of the autocovariances, $2/h$ for every staleness. On a Gaussian "
    r"$g_l$ is "
    r"$\lambda x_l$, and this is `stale-sgmcmc.variance-independent-of-staleness`; here nothing is Gaussian.",
    parameters=(h,),
    assumptions=(
        FIXED, Assumption("settled", "the chain is stationary, with summable covariances of its gradients and noise"),
    ),
    quantity=r"\sum_{k\in\mathbb Z}\mathrm{Cov}(g_0, g_k)", relation=Relation.EQ, expression=2 / _h,
    where=r"derived here; the paper's variance bound without $\tau$", confidence="derived", tight=True,
)  # fmt: skip

TRANSIENT = Claim(
    id="stale-sgmcmc.transient", paper=PAPER, title="What the start leaves in an average, exactly",
    statement=r"From the constant history $x_{-j} = x_0$, $j = 0..\tau$: the sum below. So the bias of $\frac1L\sum_{l<L}x_l$ is "
    r"$x_0(\frac1{h\lambda} - \tau)/L$ up to an exponentially small term.",
    parameters=(lam, h, tau, x0),
    assumptions=(GAUSSIAN, FIXED, Assumption("constant_history", r"$x_{-j} = x_0$ for $j = 0..\tau$"), _stable(_tau)),
    quantity=r"\sum_{l\ge 0}\mathbb Ex_l", relation=Relation.EQ, expression=x0.symbol * (1 / (_h * _lam) - _tau),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

SPEEDUP = Claim(
    id="stale-sgmcmc.linear-speedup", paper=PAPER, title="$P$ workers divide the variance by $P$",
    statement=r"Workers in turn, one update for each gradient: every gradient is $P - 1$ updates old, and $R$ rounds make "
    r"$L = PR$ updates. For the mean over all updates of $S$ servers $\lim_R R\,\mathrm{Var}(\hat x)$ is the value below, while "
    r"$h\lambda < a_{\max}(P - 1)$; the bias of $\mathbb Ex^2$ grows as $(P - \frac12)h$, whatever $S$.",
    parameters=(lam, h, P, servers),
    assumptions=(
        GAUSSIAN,
        Assumption(
            "round_robin", "workers update in turn, each with the gradient at what it read after its own last update"
        ),
        Assumption("independent_servers", "the chains of different servers are independent"),
        _stable(P.symbol - 1),
    ),
    quantity=r"\frac1P\sum_{k\in\mathbb Z}\mathrm{Cov}(\bar x_0, \bar x_k), \bar x_k = \frac1S\sum_s x_k^s", relation=Relation.EQ,
    expression=2 / (_lam**2 * _h * P.symbol * servers.symbol),
    where="derived here; the paper's linear speed-up; several servers: its Section 3.3", confidence="derived", tight=True,
)  # fmt: skip

# --- a server whose workers come in any order ---------------------------------------------------------------------------

READ_ONCE = Assumption(
    "reads_after_its_update",
    "a worker reads the point that its own update has made, whatever the order in which workers come",
)

MEAN_STALENESS = Claim(
    id="stale-sgmcmc.mean-staleness", paper=PAPER, title="However fast each worker is, the mean staleness is $P - 1$",
    statement=r"Of $L$ updates from $P$ workers in any order, with any delays: $\tau_l$ is the age of the gradient of "
    r"update $l$, "
    r"$V_L$ the sum of the ages of the $P$ points that workers hold at the end. As ages are bounded where no worker stops "
    r"for good, the "
    r"mean staleness tends to $P - 1$, and with `stale-sgmcmc.bias-coefficient` the bias of $\mathbb Ex^2$ is about $(P - "
    r"\frac12)h$.",
    parameters=(steps, P),
    assumptions=(Assumption("fresh_start", r"all workers read $x_0$"), READ_ONCE),
    quantity=r"\frac1L\left(\sum_{l<L}\tau_l + V_L\right)", relation=Relation.EQ, expression=P.symbol - 1,
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

ANY_ORDER = Claim(
    id="stale-sgmcmc.any-order", paper=PAPER, title="Nor does the variance of the mean depend on the order of the workers",
    statement=r"$P$ workers deliver in any order. As every point is read once, every $x_l$ drives one update, and the sum of the "
    r"autocovariances, which is $\lim_L L\,\mathrm{Var}(\hat x)$, is that of fresh gradients.",
    parameters=(lam, h),
    assumptions=(
        GAUSSIAN, READ_ONCE,
        Assumption("settled", "the order does not depend on the chain, which is stationary with summable covariances"),
    ),
    quantity=r"\sum_{k\in\mathbb Z}\mathbb Ex_0x_k", relation=Relation.EQ, expression=2 / (_lam**2 * _h),
    where="derived here; the paper's asynchronous workers", confidence="derived", tight=True,
)  # fmt: skip

BALANCE = Claim(
    id="stale-sgmcmc.balance", paper=PAPER, title="What staleness adds to the variance, exactly",
    statement=r"For staleness of any law, the stationary variance is that of fresh gradients plus what the chain moves in "
    r"the time that a "
    r"gradient is late; so staleness never lowers it. As $\mathbb E(x_l - x_{l-\tau})^2 \approx 2h\tau$, this is "
    r"the bias $(\mathbb E\tau + \frac12)h$ of `stale-sgmcmc.bias-coefficient`.",
    parameters=(lam, h, sigma, moved),
    assumptions=(
        GAUSSIAN, Assumption("settled", r"$x_{l+1}$, $x_l$ and $x_{l-\tau_l}$ have the same second moment"),
        Assumption("independent_noise", r"the noises of a step are independent of the past; the gradient's of variance $\sigma^2$"),
        Assumption("short_steps", "otherwise there is no such law", sp.Lt(_h * _lam, 2)),
    ),
    quantity=r"\mathbb Ex^2", relation=Relation.EQ,
    expression=(1 + _h * sigma.symbol**2 / 2 + _lam * moved.symbol / 2) / (_lam * (1 - _h * _lam / 2)),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

# --- mean squared error -----------------------------------------------------------------------------------------------------

MSE = Claim(
    id="stale-sgmcmc.mean-squared-error", paper=PAPER, title="The mean squared error, with its constants",
    statement=r"For $\phi(x) = x^2$ and $L = c(\lambda h)^{-3}$ steps both parts of the mean squared error are of order "
    r"$h^2$: the squared "
    r"bias $(\tau + \frac12)^2h^2$, and the variance $\frac{2}{\lambda^3hL}$, which has no $\tau$. So the orders of "
    r"`stale-sgmcmc.paper-orders` in $L$, $h$ and $\tau$ are attained.",
    parameters=(tau, rounds), assumptions=(GAUSSIAN, FIXED, SMALL),
    quantity=r"\lim_{h\to 0}\frac{\mathbb E(\hat\phi - 1/\lambda)^2}{h^2}", relation=Relation.EQ,
    expression=(_tau + sp.Rational(1, 2)) ** 2 + 2 / rounds.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

OPTIMAL = Claim(
    id="stale-sgmcmc.optimal-workers", paper=PAPER, title="How many workers are best",
    statement=r"With $P$ workers in turn and $R$ rounds the mean squared error of $\phi(x) = x^2$ is to leading order "
    r"$(P - \frac12)^2h^2 + \frac2{\lambda^3hPR}$: more workers lower the variance and raise the bias. It is least at $P^*$ with "
    r"$P^{*2}(P^* - \frac12) = \frac1{(\lambda h)^3R}$, among real numbers $P$: about $(\lambda h)^{-1}R^{-1/3}$.",
    parameters=(h, best), assumptions=(
        GAUSSIAN, Assumption("round_robin", r"workers in turn: $\tau = P - 1$ and $L = PR$"),
        Assumption("leading_order", r"$h \to 0$ with $P$ and $(\lambda h)^3R$ fixed"),
    ),
    quantity=r"\min_{P>0} (P - \tfrac12)^2h^2 + \frac2{\lambda^3hPR}", relation=Relation.EQ,
    expression=_h**2 * (best.symbol - sp.Rational(1, 2)) * (3 * best.symbol - sp.Rational(1, 2)),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

register(
    ORDERS,
    STABILITY,
    VARIANCE,
    BIAS,
    INDEPENDENT,
    GRADIENT,
    TRANSIENT,
    SPEEDUP,
    MEAN_STALENESS,
    ANY_ORDER,
    BALANCE,
    MSE,
    OPTIMAL,
)
