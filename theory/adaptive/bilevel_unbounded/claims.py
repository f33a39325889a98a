r"""BO-REP: bilevel problems whose upper level has a curvature that grows with its gradient.

``y_*(x)`` minimises ``g(x, .)``, ``Phi(x) = f(x, y_*(x))``. The method takes steps of a fixed length against the momentum of
approximate hypergradients; a lower iterate ``y_t`` follows ``y_*(x_t)`` by gradient steps, of which there are N every I steps.
"""

from typing import Any

import sympy as sp

from gradproof.theory.adaptive.bilevel_unbounded.formulas import error_factor, quartic_K0, smooth_factor
from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_ROPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="bilevel-unbounded", authors=("Hao", "Gong", "Liu"), year=2024, family="adaptive", arxiv="2401.09587", venue="ICLR",
    title="Bilevel Optimization under Unbounded Smoothness: A New Algorithm and Convergence Analysis",
)  # fmt: skip
HERE = "docs/derivations/bilevel_unbounded.md"

# --- parameters ------------------------------------------------------------------------------------------------------

a = Parameter("a", r"$\langle\nabla_xf, u\rangle$", REAL)
c = Parameter("c", r"$\langle z, \nabla_{yx}^2g\,u\rangle$, where $\nabla_{yy}^2g\,z = \nabla_yf$", REAL)
mu = Parameter("mu", "strong convexity of the lower level", latex=r"\mu")
L = Parameter("L", "largest curvature of the lower level, and the inverse of its step")
l_g1 = Parameter("l_g1", r"Lipschitz constant of $x \mapsto \nabla_yg(x, y)$", latex="l_{g,1}")
r2 = Parameter("r2", r"$|x - x'|^2$", NONNEGATIVE, "|x - x'|^2")
kappa = Parameter("kappa", r"bound on $l_{g,1}/\mu$ and on $|\nabla_{xy}^2g|/\mu$", latex=r"\kappa")
CURVED = tuple(
    Parameter(f"L_{v}{k}", f"relaxed smoothness of $f$ in ${v}$: the {what}", NONNEGATIVE, f"L_{{{v},{k}}}")
    for v in "xy"
    for k, what in enumerate(("constant", "factor of the gradient"))
)
M = Parameter("M", r"bound on $|\nabla_yf(x, y_*(x))|$, on the graph alone", NONNEGATIVE)
l_g2 = Parameter("l_g2", "Lipschitz constant of the second derivatives of $g$", NONNEGATIVE, "l_{g,2}")
G = Parameter("G", r"$|\nabla\Phi|$ at the point in question", NONNEGATIVE)
R = Parameter("R", "radius within which relaxed smoothness is assumed")
r = Parameter("r", r"$|x - x'|$", NONNEGATIVE)
d = Parameter("d", r"$|y - y_*(x)|$", NONNEGATIVE)
Q = Parameter("Q", "terms of the series, or steps of the auxiliary vector", COUNT)
v2 = Parameter("v2", "$|v|^2$", NONNEGATIVE, "|v|^2")
N = Parameter("N", "lower steps", COUNT)
D2 = Parameter("D2", r"$|y_0 - y_*|^2$", NONNEGATIVE, "|y_0 - y_*|^2")
x = Parameter("x", "upper variable", sp.Interval.open(-1, sp.oo))
rho = Parameter("rho", "what an update leaves of the lower error, $(1 - \\mu/L)^N$", UNIT_ROPEN, r"\rho")
s = Parameter("s", r"how far $y_*$ moves at most between two updates, $\kappa\eta I$", NONNEGATIVE)
E0 = Parameter("E0", r"$|y_0 - y_*(x_0)|$, what the refinement leaves", NONNEGATIVE, "E_0")
j = Parameter("j", "updates of the lower level", COUNT)
K0 = Parameter("K0", r"curvature of $\Phi$ where its gradient is 0", latex="K_0")
K1 = Parameter("K1", r"how fast the curvature of $\Phi$ grows with its gradient", NONNEGATIVE, "K_1")
eta = Parameter("eta", "length of a step", latex=r"\eta")
err = Parameter("err", r"$|m_t - \nabla\Phi(x_t)|$", NONNEGATIVE, r"e_t")
mean_err = Parameter("err", r"$\frac1T\sum_t|m_t - \nabla\Phi(x_t)|$", NONNEGATIVE, r"\overline e")
Delta = Parameter("Delta", r"bound on $\Phi(x_0) - \inf\Phi$", NONNEGATIVE, r"\Delta")
T = Parameter("T", "steps", COUNT)
beta = Parameter("beta", "momentum", UNIT_ROPEN, r"\beta")
sigma = Parameter("sigma", "root of the mean square of the noise", latex=r"\sigma")
d0 = Parameter("d0", r"bound on $\mathbb E|m_0 - \nabla\Phi(x_0)|$", NONNEGATIVE, "d_0")
b = Parameter("b", "bound on the mean bias of the hypergradients", NONNEGATIVE)
eps = Parameter("eps", "accuracy", latex=r"\varepsilon")
L1 = Parameter("L1", "factor of the gradient", latex="L_1")
K1p = Parameter("K1", "factor of the gradient", latex="K_1")
sh = Parameter("s", "rate of the exponential")
f1 = Parameter("f1", "$|f'(x)|$", NONNEGATIVE, "|f'(x)|")

# --- assumptions -----------------------------------------------------------------------------------------------------

DIFFERENTIABLE = Assumption(
    "differentiable", r"$f$ is differentiable at $(x, y_*(x))$ and $g$ twice, so that the chain rule holds along $u$"
)
STATIONARY = Assumption(
    "lower_solution", r"$\nabla_yg(x, y_*(x)) = 0$ for all $x$, so that $\nabla_{yy}^2g\,Dy_*u = -\nabla_{yx}^2g\,u$"
)
ADJOINT = Assumption("adjoint", r"$\nabla_{yy}^2g\,z = \nabla_yf$, with the symmetric matrix at $(x, y_*(x))$")
STRONG = Assumption("strongly_convex", r"$g(x, \cdot)$ is $\mu$-strongly convex")
COUPLED = Assumption("lower_smooth", r"$|\nabla_yg(x, y) - \nabla_yg(x', y)| \le l_{g,1}|x - x'|$")
GRAPH = Assumption(
    "lipschitz_solution", r"$|y_*(x) - y_*(x')| \le \kappa|x - x'|$: bilevel-unbounded.solution-lipschitz"
)
RELAXED = Assumption(
    "relaxed_smooth",
    r"$|\nabla_xf(z) - \nabla_xf(z')| \le (L_{x,0} + L_{x,1}|\nabla_xf(z')|)|z - z'|$ where $z = (x, y)$ and $z'$ are at most "
    r"$R$ apart, and the same of $\nabla_yf$",
)
BOUNDED = Assumption("bounded_on_graph", r"$|\nabla_yf(x, y_*(x))| \le M$")
OPERATORS = Assumption(
    "lower_curvature",
    r"$H = \nabla_{xy}^2g[\nabla_{yy}^2g]^{-1}$ has $|H| \le \kappa$ and, by $\mu$ and $l_{g,2}$, changes by at most "
    r"$\frac{l_{g,2}}\mu(1 + \kappa)|z - z'|$",
)
RADIUS = Assumption(
    "radius", r"$\sqrt{1 + \kappa^2}\,r \le R$", sp.Le((1 + kappa.symbol**2) * r.symbol**2, R.symbol**2)
)
NEAR = Assumption("near", r"$|y - y_*(x)| \le R$", sp.Le(d.symbol, R.symbol))
SPECTRUM = Assumption("spectrum", r"$A$ is symmetric with eigenvalues in $[\mu, L]$")
ORDER = Assumption("order", r"$\mu \le L$", sp.Le(mu.symbol, L.symbol))
SMOOTH = Assumption("l_smooth", r"$\nabla_yg(x, \cdot)$ is $L$-Lipschitz")
EXPONENTIAL = Assumption(
    "exponential_upper", r"$f = e^xy$ and $g = \frac12(y - x)^2$, so that $\Phi = xe^x$; $y = x + d$"
)
SHRINKS = Assumption(
    "shrinking",
    r"an update of the lower level leaves at most the factor $\rho$ of $|y - y_*|$: bilevel-unbounded.lower-contraction",
)
MOVES = Assumption(
    "short_moves",
    r"$y_*$ moves by at most $s$ between updates: normalised steps, and bilevel-unbounded.solution-lipschitz",
)
STRAIGHT = Assumption(
    "straight",
    r"$y_*$ moves by exactly $s$ between updates, along a line on which an update leaves exactly the factor $\rho$",
)
REFINED = Assumption(
    "refined", r"$E_0 \le \rho s/(1 - \rho)$", sp.Le(E0.symbol, rho.symbol * s.symbol / (1 - rho.symbol))
)
K0K1 = Assumption(
    "k0_k1_smooth",
    r"$|\nabla\Phi(x) - \nabla\Phi(x')| \le (K_0 + K_1|\nabla\Phi(x')|)|x - x'|$ for $|x - x'| \le R$, so that "
    r"$\Phi(x) \le \Phi(x') + \langle\nabla\Phi(x'), x - x'\rangle + \frac12(K_0 + K_1|\nabla\Phi(x')|)|x - x'|^2$ there",
)
K0K1_STEP = Assumption(
    "k0_k1_smooth",
    r"$|\nabla\Phi(x) - \nabla\Phi(x')| \le (K_0 + K_1|\nabla\Phi(x')|)|x - x'|$ for $|x - x'| \le \eta$, so that "
    r"$\Phi(x) \le \Phi(x') + \langle\nabla\Phi(x'), x - x'\rangle + \frac12(K_0 + K_1|\nabla\Phi(x')|)|x - x'|^2$ there",
)
NORMALIZED = Assumption("normalized", r"$x_{t+1} = x_t - \eta m_t/|m_t|$")
STEP_RADIUS = Assumption("step_radius", r"$\eta \le R$", sp.Le(eta.symbol, R.symbol))
LOWER = Assumption("lower_bounded", r"$\Phi(x_0) - \Phi(x) \le \Delta$ for all $x$")
SMALL = Assumption("small_steps", r"$\eta K_1 \le 1$", sp.Le(eta.symbol * K1.symbol, 1))
MOMENTUM = Assumption("momentum", r"$m_t = \beta m_{t-1} + (1 - \beta)g_t$, $g_t = \nabla\Phi(x_t) + b_t + \xi_t$")
UNBIASED = Assumption("unbiased", r"$\mathbb E[\xi_t \mid \text{past}] = 0$")
VARIANCE = Assumption("bounded_variance", r"$\mathbb E|\xi_t|^2 \le \sigma^2$")
BIAS = Assumption("bounded_bias", r"$\frac1T\sum_{t\le T}\mathbb E|b_t| \le b$")
START = Assumption("bounded_start", r"$\mathbb E|m_0 - \nabla\Phi(x_0)| \le d_0$")
SLOW = Assumption("slow", r"$8\eta K_1 \le 1 - \beta$", sp.Le(8 * eta.symbol * K1.symbol, 1 - beta.symbol))
RUN = Assumption(
    "momentum_run",
    r"$\frac1T\sum_{t<T}\mathbb E|\nabla\Phi(x_t)|$ is at most what bilevel-unbounded.momentum-bound says, with "
    r"$1 - \beta = \varepsilon^2/(400\sigma^2)$ and $\eta = \varepsilon(1 - \beta)/(25K_0)$: its steps are slow where "
    r"$8\varepsilon K_1 \le 25K_0$",
)
NOISY = Assumption("noisy", r"$\varepsilon \le 20\sigma$", sp.Le(eps.symbol, 20 * sigma.symbol))
LONG = Assumption(
    "long", r"$T \ge 10^5\Delta K_0\sigma^2/\varepsilon^4$",
    sp.Ge(T.symbol, 10**5 * Delta.symbol * K0.symbol * sigma.symbol**2 / eps.symbol**4),
)  # fmt: skip
LONG_START = Assumption(
    "long_start", r"$T \ge 8000d_0\sigma^2/\varepsilon^3$",
    sp.Ge(T.symbol, 8000 * d0.symbol * sigma.symbol**2 / eps.symbol**3),
)  # fmt: skip
TRACKED = Assumption("tracked", r"$b \le \varepsilon/20$", sp.Le(b.symbol, eps.symbol / 20))
QUARTIC = Assumption("quartic", r"$f(x) = x^4/4$")
COSH = Assumption("cosh", r"$f(x) = \cosh(sx)/s^2$")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    stated: dict[str, Any] = {"confidence": "derived", "where": HERE, "relation": Relation.LE} | fields
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **stated))[0]


# --- hypergradients --------------------------------------------------------------------------------------------------

HYPERGRADIENT = _claim(
    "hypergradient", "The slope of the upper level, by the implicit function theorem",
    r"$\nabla\Phi(x) = \nabla_xf - \nabla_{xy}^2g[\nabla_{yy}^2g]^{-1}\nabla_yf$ at $(x, y_*(x))$, along any $u$.",
    parameters=(a, c), assumptions=(DIFFERENTIABLE, STATIONARY, ADJOINT), quantity=r"\langle\nabla\Phi(x), u\rangle",
    relation=Relation.EQ, expression=a.symbol - c.symbol, confidence="verified", tight=True,
)  # fmt: skip

SOLUTION_LIPSCHITZ = _claim(
    "solution-lipschitz", "The lower solution moves no faster than the condition number allows",
    r"Where $l_{g,1}$ bounds the curvature of $g$ too, $l_{g,1}/\mu = \kappa$.",
    parameters=(l_g1, mu, r2), assumptions=(STRONG, COUPLED), quantity=r"|y_*(x) - y_*(x')|^2",
    expression=l_g1.symbol**2 * r2.symbol / mu.symbol**2, confidence="verified", tight=True,
)  # fmt: skip

_smooth = smooth_factor(*(p.symbol for p in (*CURVED, M, kappa, mu, l_g2, G)))
_error = error_factor(*(p.symbol for p in (*CURVED, M, kappa, mu, l_g2, G)))

PHI_RELAXED = _claim(
    "phi-relaxed-smooth", "The upper level inherits relaxed smoothness",
    r"$(K_0 + K_1|\nabla\Phi(x')|)|x - x'|$ with $K_1 = \sqrt{1 + \kappa^2}L_{x,1}$ and $K_0 = \sqrt{1 + \kappa^2}(L_{x,0} + "
    r"L_{x,1}\kappa M + \kappa(L_{y,0} + L_{y,1}M) + \frac{l_{g,2}}\mu(1 + \kappa)M)$.",
    parameters=(*CURVED, M, kappa, mu, l_g2, G, R, r), assumptions=(RELAXED, BOUNDED, GRAPH, OPERATORS, RADIUS),
    quantity=r"|\nabla\Phi(x) - \nabla\Phi(x')|", expression=_smooth * r.symbol,
    where=f"lemma of this shape (constants not compared); {HERE}",
)  # fmt: skip

HYPERGRADIENT_ERROR = _claim(
    "hypergradient-error", "The error of the hypergradient grows with the gradient",
    r"$\widehat\nabla\Phi(x, y)$ is the formula at $y$ in the place of $y_*(x)$.",
    parameters=(*CURVED, M, kappa, mu, l_g2, G, R, d), assumptions=(RELAXED, BOUNDED, OPERATORS, NEAR),
    quantity=r"|\widehat\nabla\Phi(x, y) - \nabla\Phi(x)|", expression=_error * d.symbol,
)  # fmt: skip

ERROR_GROWS = _claim(
    "error-grows", "No constant bounds the error of the hypergradient: it is a share of the gradient",
    r"At a fixed lower error $d$ the error of the hypergradient is $e^xd$. The lower level must be refined before the first step, "
    "and followed closely from there.",
    parameters=(x, d, G), assumptions=(EXPONENTIAL,), quantity=r"\widehat\nabla\Phi(x, y) - \nabla\Phi(x)",
    relation=Relation.EQ, expression=d.symbol * G.symbol / (x.symbol + 1), confidence="verified", tight=True,
)  # fmt: skip

NEUMANN = _claim(
    "neumann-bias", "What is left out of the Neumann series",
    r"$S_Q = \frac1L\sum_{q<Q}(I - A/L)^q$, which is also $Q$ steps $z \leftarrow z - \frac1L(Az - v)$ from 0; attained on an "
    r"eigenvector of $\mu$: $|S_Q - A^{-1}| = (1 - \mu/L)^Q/\mu$ where $\mu$ is an eigenvalue.",
    parameters=(mu, L, Q, v2), assumptions=(SPECTRUM, ORDER), quantity=r"|S_Qv - A^{-1}v|^2",
    expression=(1 - mu.symbol / L.symbol) ** (2 * Q.symbol) * v2.symbol / mu.symbol**2, confidence="verified", tight=True,
)  # fmt: skip

# --- the lower level -------------------------------------------------------------------------------------------------

LOWER_CONTRACTION = _claim(
    "lower-contraction", "Lower gradient steps, at a fixed upper variable",
    r"$y_{n+1} = y_n - \frac1L\nabla_yg(x, y_n)$.",
    parameters=(mu, L, N, D2), assumptions=(STRONG, SMOOTH, ORDER), quantity=r"|y_N - y_*|^2",
    expression=(1 - mu.symbol / L.symbol) ** (2 * N.symbol) * D2.symbol, confidence="verified", where="classical", tight=True,
)  # fmt: skip

_steady = rho.symbol * s.symbol / (1 - rho.symbol)

TRACKING = _claim(
    "tracking", "The lower error after each periodic update",
    r"$E_{j+1} \le \rho(E_j + \kappa\eta I)$, unrolled. With $\eta$ of order $\varepsilon^3$ a period $I$ of order "
    r"$\varepsilon^{-2}$ leaves an error of order $\varepsilon$.",
    parameters=(rho, s, E0, j), assumptions=(SHRINKS, MOVES), quantity="E_j",
    expression=rho.symbol**j.symbol * E0.symbol + _steady * (1 - rho.symbol**j.symbol), confidence="verified", tight=True,
)  # fmt: skip

TRACKING_STEADY = _claim(
    "tracking-steady", "The steady lag behind a solution that moves at a constant speed",
    r"$E_{j+1} = \rho(E_j + s)$: the bound of bilevel-unbounded.tracking is attained in the limit.",
    parameters=(rho, s), assumptions=(STRAIGHT,), quantity=r"\lim_{j\to\infty}E_j", relation=Relation.EQ, expression=_steady,
    confidence="verified", tight=True,
)  # fmt: skip

TRACKING_BETWEEN = _claim(
    "tracking-between", "After the refinement the lower error is small for ever",
    "At every step, between two updates too, if it is so at the first one.",
    parameters=(rho, s, E0), assumptions=(SHRINKS, MOVES, REFINED), quantity=r"|y_t - y_*(x_t)|",
    expression=s.symbol / (1 - rho.symbol), confidence="verified", tight=True,
)  # fmt: skip

# --- normalised steps ------------------------------------------------------------------------------------------------

_g = r"|\nabla\Phi(x_t)|"

NORMALIZED_DESCENT = _claim(
    "normalized-descent", "One normalised step", r"The direction may be wrong by twice its error, and no more.",
    parameters=(K0, K1, eta, R, G, err), assumptions=(K0K1, NORMALIZED, STEP_RADIUS), quantity=r"\Phi(x_{t+1}) - \Phi(x_t)",
    expression=-eta.symbol * G.symbol + 2 * eta.symbol * err.symbol + eta.symbol**2 / 2 * (K0.symbol + K1.symbol * G.symbol),
    confidence="verified", tight=True,
)  # fmt: skip

NORMALIZED_AVERAGE = _claim(
    "normalized-average", "The mean gradient of normalised steps",
    r"Its last two terms do not vanish with $T$: they are what the direction and the length of the steps cost.",
    parameters=(K0, K1, eta, T, Delta, mean_err), assumptions=(K0K1_STEP, NORMALIZED, LOWER, SMALL),
    quantity=rf"\frac1T\sum_{{t<T}}{_g}",
    expression=2 * Delta.symbol / (eta.symbol * T.symbol) + 4 * mean_err.symbol + eta.symbol * K0.symbol,
    confidence="verified",
)  # fmt: skip

MOMENTUM_BOUND = _claim(
    "momentum-bound", "The mean gradient of BO-REP",
    r"Normalised momentum with noise and biased hypergradients; the bias is that of bilevel-unbounded.hypergradient-error and "
    "bilevel-unbounded.neumann-bias.",
    parameters=(K0, K1, eta, beta, sigma, T, Delta, d0, b),
    assumptions=(K0K1_STEP, NORMALIZED, MOMENTUM, UNBIASED, VARIANCE, BIAS, START, LOWER, SLOW),
    quantity=rf"\frac1T\sum_{{t<T}}\mathbb E{_g}",
    expression=2 * (
        Delta.symbol / (eta.symbol * T.symbol) + 2 * sigma.symbol * sp.sqrt(1 - beta.symbol)
        + 2 * d0.symbol / (T.symbol * (1 - beta.symbol))
        + 2 * eta.symbol * K0.symbol / (1 - beta.symbol) + eta.symbol * K0.symbol / 2 + 2 * b.symbol
    ),
)  # fmt: skip

PAPER_THEOREM = _claim(
    "paper-theorem", "The accuracy is reached in a number of steps of the fourth power",
    r"The order $\varepsilon^{-4}$ is that of Theorem 1; the constants are derived here, those of the paper were not found. The "
    r"bias is at most $\varepsilon/20$ if the lower level is followed as in bilevel-unbounded.tracking-between with a period of "
    r"order $\varepsilon^{-2}$.",
    parameters=(eps, K0, sigma, Delta, d0, b, T), assumptions=(RUN, NOISY, LONG, LONG_START, TRACKED),
    quantity=rf"\frac1T\sum_{{t<T}}\mathbb E{_g}", expression=eps.symbol, where=f"Theorem 1 (its order); {HERE}",
    remark=r"Where $\varepsilon > 20\sigma$ the momentum would be negative; the condition on $d_0$ matters where $m_0$ is far off.",
)  # fmt: skip

# --- unbounded smoothness --------------------------------------------------------------------------------------------

QUARTIC_L0L1 = _claim(
    "quartic-L0L1", "The quartic is (L0, L1)-smooth iff L0 is at least four over the square of L1",
    r"$|f''| \le L_0 + L_1|f'|$ everywhere iff $L_0 \ge 4/L_1^2$; tight at $x = 2/L_1$.",
    parameters=(L1,), assumptions=(QUARTIC,), quantity=r"\min_x(L_1|f'(x)| - |f''(x)|)", relation=Relation.EQ,
    expression=-4 / L1.symbol**2, confidence="verified", tight=True,
)  # fmt: skip

QUARTIC_RADIUS = _claim(
    "quartic-radius", "The Pareto curve of the quartic, for differences of gradients within a radius",
    r"The least $K_0$ for which $|f'(x) - f'(x')| \le (K_0 + K_1|f'(x')|)|x - x'|$ for $|x - x'| \le R$: $w^2(1 + w)^2/K_1^2$ with "
    r"$w = \sqrt{1 + RK_1}$, the square of the farther point $x' + R$ of the worst pair. It tends to $4/K_1^2$ with $R \to 0$.",
    parameters=(K1p, R), assumptions=(QUARTIC,), quantity=r"\min_{x'}(K_1|f'(x')| - |f'(x' + R) - f'(x')|/R)",
    relation=Relation.EQ, expression=-quartic_K0(K1p.symbol, R.symbol), confidence="verified", tight=True,
)  # fmt: skip

COSH_L0L1 = _claim(
    "cosh-L0L1", "An exponential has a curvature that grows with the gradient at the rate of the exponent",
    "No smaller factor of the gradient will do, with any constant.",
    parameters=(sh, f1), assumptions=(COSH,), quantity="|f''(x)|", expression=1 + sh.symbol * f1.symbol,
    confidence="verified", tight=True,
)  # fmt: skip
