"""SGLD, SGLDFP, LMC and SGD with a constant step: their invariant laws against the posterior."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="sgld", authors=("Brosse", "Durmus", "Moulines"),
    title="The promises and pitfalls of Stochastic Gradient Langevin Dynamics", year=2018, family="sampling",
    arxiv="1811.10072", venue="NeurIPS",
)  # fmt: skip

gamma = Parameter("gamma", "step size", latex=r"\gamma")
h = Parameter("h", "an eigenvalue of the Hessian $H$ of $U$")
t = Parameter("t", "number of steps", sp.S.Naturals0)
delta0 = Parameter("delta0", r"component of $\theta_0 - \theta^*$ along the eigenvector", REAL, r"\delta_0")
hch = Parameter("hch", r"$\operatorname{tr}(H C H)$", NONNEGATIVE, r"\mathrm{tr}(HCH)")
tT = Parameter(
    "tT", r"$\operatorname{tr} T(C)$, the multiplicative noise; 0 for LMC", NONNEGATIVE, r"\mathrm{tr}\,T(C)"
)
m_add = Parameter(
    "m", r"$\operatorname{tr} M$, the additive noise; 0 for LMC and SGLDFP", NONNEGATIVE, r"\mathrm{tr}\,M"
)
d = Parameter("d", "dimension", COUNT)
w = Parameter("w", "1 with the Langevin noise, 0 for SGD", sp.Interval(0, 1))
c_fp = Parameter("c_fp", "tr of the invariant covariance of SGLDFP", NONNEGATIVE, r"\mathrm{tr}\,C_{FP}")
c_sgd = Parameter("c_sgd", "tr of the invariant covariance of SGD", NONNEGATIVE, r"\mathrm{tr}\,C_{SGD}")
lam = Parameter(
    "lam", r"largest generalised eigenvalue of $C \to H C H + T(C)$ against $C \to H C + C H$", latex=r"\lambda_{\max}"
)
h_j = Parameter("h_j", "eigenvalues of the Hessian $H$ of $U$", latex="h", size="d")
N = Parameter("N", "number of samples", COUNT)
eta = Parameter("eta", r"$\gamma N$, the step relative to $1/N$", latex=r"\eta")
p = Parameter("p", "indices a step", COUNT)
s2 = Parameter("s2", "mean squared residual", NONNEGATIVE, "s^2")
m = Parameter("mu", "strong convexity of $U$", latex=r"\mu")
L_h = Parameter("L_h", "smoothness of every minibatch potential", latex=r"L_h")
u2 = Parameter("u2", r"$u''(\theta^*)$", latex="u''")
u3 = Parameter("u3", r"$u'''(\theta^*)$", REAL, "u'''")
L = Parameter("L", r"Lipschitz constant of $\nabla U$")
g2 = Parameter(
    "g2", r"mean squared norm of the gradient that a step takes, $\mathbb E\|g\|^2$", NONNEGATIVE, r"\mathbb E\|g\|^2"
)
spread = Parameter("V", r"$\mathbb E\|\theta - \theta^*\|^2$", NONNEGATIVE)
m3 = Parameter("m3", r"$\mathbb E\|\theta - \theta^*\|^3$", NONNEGATIVE, "m_3")
M3 = Parameter("M3", r"Lipschitz constant of $\nabla^2U$", NONNEGATIVE, "M_3")
M4 = Parameter("M4", r"Lipschitz constant of $D^3U$", NONNEGATIVE, "M_4")

QUADRATIC = Assumption("quadratic", r"$U_0$ and all $U_i$ are quadratic, $U$ strongly convex")
UNIFORM = Assumption("uniform_indices", "the $p$ indices of a step are uniform, independent, with replacement")
AT_MODE = Assumption("anchor_at_mode", r"SGLDFP's control variate is taken at $\theta^*$, where $\nabla U = 0$")
STABLE = Assumption("mean_square_stable", r"$\gamma < \gamma_{\max}$ of `sgld.stability-threshold`")

_g = gamma.symbol

MEAN = Claim(
    id="sgld.mean-unbiased", paper=PAPER, title="On quadratics no chain is biased in the mean",
    statement=r"$\mathbb E\theta_t - \theta^* = (I - \gamma H)^t(\theta_0 - \theta^*)$ for LMC, SGLD, SGLDFP and SGD: where the "
        r"chain settles, its invariant mean is $\theta^*$. Along an eigenvector:",
    parameters=(gamma, h, t, delta0), assumptions=(QUADRATIC, UNIFORM, AT_MODE),
    quantity=r"\langle\mathbb E\theta_t - \theta^*, v\rangle", relation=Relation.EQ,
    expression=(1 - _g * h.symbol) ** t.symbol * delta0.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

STATIONARITY = Claim(
    id="sgld.stationarity", paper=PAPER, title="The gradient of $U$ has mean zero under the invariant law",
    statement=r"For any smooth $U$ and any step for which the invariant law has finite $\mathbb E\|\theta\|$ and "
    r"$\mathbb E\|\nabla U\|$: $\mathbb E\nabla U(\theta) = 0$ for LMC, SGLD, SGLDFP and SGD. Take expectations in the update.",
    parameters=(),
    assumptions=(
        Assumption("invariant", r"$\theta$ has the invariant law of the chain, with a finite first moment"), UNIFORM,
        AT_MODE,
    ),
    quantity=r"\mathbb E\nabla U(\theta)", relation=Relation.EQ, expression=sp.Integer(0), where="Section 3",
    tight=True,
)  # fmt: skip

COVARIANCE = Claim(
    id="sgld.covariance-equations", paper=PAPER, title="The invariant covariances solve Lyapunov-type equations",
    statement=r"$HC + CH = \gamma HCH + \gamma T(C) + \gamma M + 2wI$ with $T(C) = \frac1p[N\sum H_iCH_i - "
    r"\bar AC\bar A]$, $\bar A = \sum H_i$, $M = \frac1p[N\sum g_ig_i^\top - \bar g\bar g^\top]$, $g_i = "
    r"\nabla U_i(\theta^*)$, $\bar g = \sum g_i$. LMC has no $T$ and $M$, SGLDFP no $M$; SGD has $w = 0$, the "
    r"others $w = 1$. The trace:",
    parameters=(gamma, hch, tT, m_add, d, w), assumptions=(QUADRATIC, UNIFORM, AT_MODE, STABLE),
    quantity=r"2\mathrm{tr}(HC)", relation=Relation.EQ,
    expression=_g * (hch.symbol + tT.symbol + m_add.symbol) + 2 * d.symbol * w.symbol, where="Section 3", tight=True,
)  # fmt: skip

ADDITIVITY = Claim(
    id="sgld.additivity", paper=PAPER, title="SGLD's covariance is that of SGLDFP plus that of SGD",
    statement=r"$C_{SGLD} = C_{SGLDFP} + C_{SGD}$, and $C_{SGLDFP} = C_{LMC} + E$ with $E \succeq 0$, $HE + EH - \gamma HEH = "
    r"\gamma T(C_{SGLDFP})$. Hence $W_2^2(\pi_{SGLD}, \pi_{SGLDFP}) \le \mathrm{tr}\,C_{SGD}$ and "
    r"$W_2^2(\pi_{SGLDFP}, \pi_{LMC}) \le \mathrm{tr}\,E$. The trace:",
    parameters=(c_fp, c_sgd), assumptions=(QUADRATIC, UNIFORM, AT_MODE, STABLE), quantity=r"\mathrm{tr}\,C_{SGLD}",
    relation=Relation.EQ, expression=c_fp.symbol + c_sgd.symbol, where="derived here from Section 3",
    confidence="derived", tight=True,
)  # fmt: skip

STABILITY = Claim(
    id="sgld.stability-threshold", paper=PAPER, title="Exact threshold of mean-square stability",
    statement=r"Second moments of SGLD, SGLDFP and SGD settle iff $\gamma < \gamma_{\max}$, the least positive $\gamma$ with "
    r"$(H\otimes I + I\otimes H)\,\mathrm{vec}\,C = \gamma(H\otimes H + T)\,\mathrm{vec}\,C$ for some $C \ne 0$. "
    r"$\gamma_{\max} \le 2/\lambda_{\max}(H)$, LMC's threshold, as $T$ is a positive map.",
    parameters=(lam,), assumptions=(QUADRATIC, UNIFORM), quantity=r"\gamma_{\max}", relation=Relation.IFF,
    expression=1 / lam.symbol, where="derived here", confidence="derived",
    remark="The chains are linearised SGD with the curvatures $H_0 + N H_i$, batches with replacement: see "
    "sgd-stability.",
    tight=True,
)  # fmt: skip

_j = sp.Symbol("j", integer=True)
_d = sp.Symbol("d", integer=True, positive=True)
_hj = h_j.symbol[_j]

LMC_EXACT = Claim(
    id="sgld.lmc-exact", paper=PAPER, title="The invariant law of LMC and its distance to the posterior, exactly",
    statement=r"On a quadratic $U$, $\pi_{LMC} = N(\theta^*, (H - \gamma H^2/2)^{-1})$; its Wasserstein distance to the "
    r"posterior "
    r"$N(\theta^*, H^{-1})$, with $h_j$ the eigenvalues of $H$:",
    parameters=(gamma, h_j), assumptions=(QUADRATIC, Assumption("stable", r"$\gamma h_j < 2$ for all $j$")),
    quantity=r"W_2^2(\pi_{LMC}, \pi)", relation=Relation.EQ,
    expression=sp.Sum((1 / sp.sqrt(_hj * (1 - _g * _hj / 2)) - 1 / sp.sqrt(_hj)) ** 2, (_j, 1, _d)), where="Section 3",
    tight=True,
)  # fmt: skip

GAUSSIAN_MEAN = Claim(
    id="sgld.gaussian-mean", paper=PAPER,
    title="The pitfall: with a step of order $1/N$ SGLD's variance does not shrink with $N$",
    statement=r"Mean of a Gaussian ($H_i = 1$, no prior, $\gamma = \eta/N$): $C_{LMC} = C_{SGLDFP} = \frac{2}{N(2-\eta)}$ "
    r"is of the order of the posterior variance $1/N$, but $C_{SGD} = \frac{\eta s^2}{p(2-\eta)}$ for every "
    r"$N$, and $C_{SGLD}$ is their sum.",
    parameters=(N, eta, p, s2),
    assumptions=(
        Assumption("equal_curvatures", "all $H_i = 1$ and $H_0 = 0$, so that $T = 0$"), UNIFORM,
        Assumption("stable", "second moments settle", sp.Lt(eta.symbol, 2)),
    ),
    quantity=r"C_{SGLD}", relation=Relation.EQ,
    expression=(2 / N.symbol + eta.symbol * s2.symbol / p.symbol) / (2 - eta.symbol), where="Section 3", tight=True,
    remark=r"One-dimensional regression, $T(C) = t C$: $C_{\mathrm{SGLDFP}} = 2/(2h - \gamma (h^2 + t))$ and "
    r"$\gamma_{\max} = 2h/(h^2 + t)$.",
)  # fmt: skip

CONTRACTION = Claim(
    id="sgld.contraction", paper=PAPER, title="Two chains with the same noise approach each other",
    statement=r"$\mathbb E\|\theta^+ - \vartheta^+\|^2 \le (1 - 2\gamma\mu(1 - \gamma L_h/2))\|\theta - \vartheta\|^2$ for two "
    r"SGLD, SGLDFP or SGD chains driven by the same $S$ and $Z$: so the invariant law exists, is unique, and is "
    r"approached geometrically in $W_2$.",
    parameters=(gamma, m, L_h),
    assumptions=(
        Assumption("strongly_convex", r"$U$ is $\mu$-strongly convex", sp.Le(m.symbol, L_h.symbol)),
        Assumption("convex_minibatches", "every minibatch potential is convex and $L_h$-smooth"),
        Assumption("step_size", "short steps", sp.Lt(_g, 2 / L_h.symbol)), UNIFORM,
    ),
    quantity=r"\mathbb E\|\theta^+ - \vartheta^+\|^2 / \|\theta - \vartheta\|^2", relation=Relation.LE,
    expression=1 - 2 * _g * m.symbol * (1 - _g * L_h.symbol / 2),
    where="Section 2 (the paper's constants are not compared)", tight=True,
)  # fmt: skip

BIAS = Claim(
    id="sgld.bias-first-order", paper=PAPER, title="The bias of LMC's mean, to first order in $1/N$",
    statement=r"For $U = Nu$ on the line with $u$ smooth and strongly convex, and $\gamma = \eta/N$: the limit below. In "
    r"$\mathbb R^d$: $\mathbb E\theta - \theta^* \sim -\frac12H^{-1}D^3U(\theta^*)[C]$, "
    r"$C$ the covariance of `sgld.covariance-equations`.",
    parameters=(u2, u3, eta),
    assumptions=(
        Assumption("concentrating", r"$N \to \infty$ with $\eta$ fixed"),
        Assumption("stable", "short steps", sp.Lt(eta.symbol, 2 / u2.symbol)),
    ),
    quantity=r"\lim_{N\to\infty} N(\mathbb E_{LMC}\theta - \theta^*)", relation=Relation.EQ,
    expression=-u3.symbol / (2 * u2.symbol**2 * (1 - eta.symbol * u2.symbol / 2)),
    where="Section 3; the $d$-dimensional form is derived here", tight=True,
)  # fmt: skip

# --- any smooth potential in R^d: of order one with SGLD, of order 1/N with the control variate ---------------------------

INVARIANT = Assumption("invariant", r"$\theta$ has the invariant law of the chain, with finite second moments")
CONVEX = Assumption("strongly_convex", r"$U$ is $\mu$-strongly convex")
MINIBATCHES = Assumption("convex_minibatches", "every minibatch potential is convex and $L_h$-smooth")

PITFALL = Claim(
    id="sgld.pitfall", paper=PAPER, title="The pitfall for any smooth potential: a spread that does not shrink with $N$",
    statement=r"For the invariant law of each chain. With a step $\gamma = \eta/N$, $L = N\ell$ and gradients that differ by "
    r"$\sigma^2$ from sample to sample, $\mathbb E\|g\|^2 \ge N^2\sigma^2/p$ for SGLD and SGD: the bound is at least "
    r"$\eta\sigma^2/(2p\ell)$ for every $N$, where the posterior's spread falls as $1/N$.",
    parameters=(gamma, d, w, g2, L),
    assumptions=(INVARIANT, Assumption("l_smooth", r"$\nabla U$ is $L$-Lipschitz"), UNIFORM, AT_MODE),
    quantity=r"\mathbb E\|\theta - \theta^*\|^2", relation=Relation.GE,
    expression=(2 * d.symbol * w.symbol + _g * g2.symbol) / (2 * L.symbol), where="Theorems 6 and 7 have the orders; derived here",
    confidence="derived", tight=True,
)  # fmt: skip

CONTROL_VARIATE = Claim(
    id="sgld.control-variate", paper=PAPER, title="With the control variate the spread is that of the posterior, to a factor",
    statement=r"For the invariant laws of SGLDFP and LMC. With $\mu = Nm$, $L_h = N\ell_h$ and $\gamma = \eta/N$ it falls "
    r"as $1/N$: "
    r"$\frac{d}{Nm(1 - \eta\ell_h/2)}$. A chain that starts at $\theta^*$ is never beyond it.",
    parameters=(gamma, d, m, L_h),
    assumptions=(
        INVARIANT, CONVEX, MINIBATCHES, Assumption("step_size", "short steps", sp.Lt(_g, 2 / L_h.symbol)), UNIFORM, AT_MODE,
    ),
    quantity=r"\mathbb E\|\theta - \theta^*\|^2", relation=Relation.LE,
    expression=d.symbol / (m.symbol * (1 - _g * L_h.symbol / 2)), where="Theorems 6 and 7 have the orders; derived here",
    confidence="derived", tight=True,
)  # fmt: skip

CENTRED = Assumption(
    "centred", r"$\mathbb E\nabla U(\theta) = 0$, as by `sgld.stationarity` for each of the four chains"
)

MEAN_BIAS = Claim(
    id="sgld.mean-bias", paper=PAPER, title=r"The bias of the mean in $\mathbb R^d$ is at most of the order of the spread",
    statement=r"For each of the four chains. So it is of order $1/N$ for LMC and SGLDFP, by `sgld.control-variate`; SGLD's "
    r"spread is "
    r"of order one, and so is its bias where $D^3U \ne 0$: see `sgld.bias-expansion`.",
    parameters=(m, M3, spread),
    assumptions=(
        CENTRED, CONVEX, Assumption("hessian_lipschitz", r"$\|\nabla U(\theta) - \nabla^2U(\theta^*)(\theta - \theta^*)\| "
        r"\le \frac{M_3}2\|\theta - \theta^*\|^2$, as where $\nabla^2U$ is $M_3$-Lipschitz"),
    ),
    quantity=r"\|\mathbb E\theta - \theta^*\|^2", relation=Relation.LE,
    expression=(M3.symbol * spread.symbol / (2 * m.symbol)) ** 2, where="derived here; the paper has expansions",
    confidence="derived",
)  # fmt: skip

EXPANSION = Claim(
    id="sgld.bias-expansion", paper=PAPER, title=r"The bias of the mean in $\mathbb R^d$ to first order, with a remainder",
    statement=r"$H(\mathbb E\theta - \theta^*) = -\frac12D^3U(\theta^*)[C]$ up to the bound, for each of the four chains; "
    r"$C = \mathbb E\delta\delta^\top$, $\delta = \theta - \theta^*$, $H = \nabla^2U(\theta^*)$, and $e$ is any unit vector. "
    r"SGLD's and SGD's $C$ is of order one for $\gamma = \eta/N$ (about $\frac{\eta s^2}{2pu^{(2)}}$ on the line for small "
    r"$\eta$), so "
    r"their means miss $\theta^*$ by a distance that does not fall with $N$: about $-\frac{\eta u^{(3)}s^2}{4p(u^{(2)})^2}$.",
    parameters=(M4, m3),
    assumptions=(
        CENTRED, Assumption("third_derivative_lipschitz", r"$\nabla U$ is its Taylor polynomial at $\theta^*$ of degree 2 up to "
        r"$\frac{M_4}6\|\delta\|^3$, as where $D^3U$ is $M_4$-Lipschitz"),
    ),
    quantity=r"-\langle H\mathbb E\delta, e\rangle - \tfrac12\mathbb E D^3U(\theta^*)[\delta, \delta, e]",
    relation=Relation.LE, expression=M4.symbol * m3.symbol / 6, where="derived here; the paper has expansions",
    confidence="derived",
)  # fmt: skip

register(
    MEAN,
    STATIONARITY,
    COVARIANCE,
    ADDITIVITY,
    STABILITY,
    LMC_EXACT,
    GAUSSIAN_MEAN,
    CONTRACTION,
    BIAS,
    PITFALL,
    CONTROL_VARIATE,
    MEAN_BIAS,
    EXPANSION,
)
