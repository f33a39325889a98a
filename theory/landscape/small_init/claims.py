r"""Small random initialisation acts like a spectral method: gradient descent on $\|UU^\top - M\|_F^2/4$ from a tiny start.

``M`` (n, n) is positive semidefinite of rank $r_*$, $\lambda = \lambda_1 \ge \dots \ge \lambda_{r_*} > 0$; ``U`` is (n, k).
$v_i$ are the eigenvectors, V (n, r_*) those of the signal, P the projector on null(M), $Y_t = (I + \mu M)^tU_0$.
Norms are spectral.
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
    key="small-init", authors=("Stöger", "Soltanolkotabi"), year=2021, family="landscape", arxiv="2106.15013",
    venue="NeurIPS",
    title="Small random initialization is akin to spectral learning: Optimization and generalization guarantees for "
    "overparameterized low-rank matrix reconstruction",
)  # fmt: skip
DERIVED = "docs/derivations/small_init.md"

# --- parameters ------------------------------------------------------------------------------------------------------

mu = Parameter("mu", "step size, unit 1/curvature", latex=r"\mu")
lam = Parameter("lam", "largest eigenvalue of $M$", latex=r"\lambda")
lam_r = Parameter("lam_r", "smallest nonzero eigenvalue of $M$", latex=r"\lambda_{r_*}")
lam_i = Parameter("lam_i", "the eigenvalue of $v_i$", latex=r"\lambda_i")
t = Parameter("t", "number of steps", COUNT)
n0 = Parameter("n0", r"$\|U_0\|$", latex=r"\|U_0\|")
sigma0 = Parameter("sigma0", r"$\sigma_{r_*}(V^\top U_0)$", latex=r"\sigma_{r_*}(V^\top U_0)")
rho0 = Parameter("rho0", r"$\|PU_0\|/\sigma_{r_*}(V^\top U_0)$", NONNEGATIVE, r"\rho_0")
q0 = Parameter("q0", r"$\|PU_0\|^2$ (or its Frobenius norm, squared)", NONNEGATIVE, r"\|PU_0\|^2")
q = Parameter("q", r"$\|PU_0\|^2$", latex="q_0")
a0 = Parameter("a0", r"$\|U_0^\top v_i\|^2$", NONNEGATIVE, r"\|U_0^\top v_i\|^2")
d0 = Parameter("d0", r"$\lambda_i - s_0^2$", NONNEGATIVE, r"(\lambda_i - s_0^2)")
s = Parameter("s", r"$s_t = \|U_t^\top v_i\|$", NONNEGATIVE, "s_t")
alpha = Parameter("alpha", r"scale of the start", latex=r"\alpha")
alpha_small = Parameter(
    "alpha", "scale of the smaller start, beside ten times as much", sp.Interval.Lopen(0, sp.Rational(1, 10)), r"\alpha"
)
w = Parameter("w", "that entry of the closed form", REAL)
k = Parameter("k", "columns of $U$", COUNT)
r = Parameter("r", "rank of $M$", COUNT, "r_*")
dual = Parameter("dual", r"$\langle\mathcal A(Z),\nu\rangle$", REAL, r"\langle\mathcal A(Z),\nu\rangle")

# --- assumptions -----------------------------------------------------------------------------------------------------

PSD = Assumption(
    "psd_ground_truth",
    r"$0\preceq M\preceq\lambda I$ has rank $r_*$; $\lambda_{r_*}$ is its smallest nonzero eigenvalue",
)
POPULATION = Assumption(
    "population", r"$\mathcal A^*\mathcal A = I$: $U_{t+1} = U_t + \mu(M - U_tU_t^\top)U_t$, with $M$ symmetric"
)
SMALL_STEP = Assumption("small_step", r"$\mu \le 1/(2\lambda)$", sp.Le(mu.symbol, 1 / (2 * lam.symbol), evaluate=False))
SMALL_STEP_I = Assumption(
    "small_step", r"$\mu \le 1/(2\lambda_i)$", sp.Le(mu.symbol, 1 / (2 * lam_i.symbol), evaluate=False)
)
IN_BALL = Assumption(
    "small_init",
    r"$\|U_t\|^2 \le \lambda$: at $t = 0$ a small start, and from there on what the claim says of the step before",
)
SHORT_STEP = Assumption(
    "short_step",
    r"$\mu\|U_t\|^2 \le 1$ at every $t$, so that $\mu(U_tU_t^\top)^2 \preceq U_tU_t^\top$: for $\mu \le 1/(2\lambda)$ and "
    r"$\|U_0\|^2 \le \lambda$ by small-init.norm-invariant",
)
NORM_GROWTH_HELD = Assumption(
    "norm_growth", r"$\|U_t\| \le (1 + \mu\lambda)^t\|U_0\|$ at every $t$, as small-init.norm-growth says"
)
POWER = Assumption("power_iterate", r"$Y_0 = U_0$ and $Y_{t+1} = (I + \mu M)Y_t$")
OVERLAP = Assumption("overlap", r"no direction of the signal is missed: $\sigma_{r_*}(V^\top U_0) \ge \sigma_0 > 0$")
NULL_START = Assumption("null_start", r"$\|PU_0\|^2 \le q_0$")
COMMUTING = Assumption("commuting_init", r"$U_0U_0^\top$ commutes with $M$, and $v_i$ is an eigenvector of both")
BELOW_HALF = Assumption(
    "below_half",
    r"$\|U_jw\|^2 \le \frac{\lambda_i}2\|w\|^2$ for $w = U_j^\top v_i$ and all $j < t$; so while $\|U_j\|^2 \le \lambda_i/2$",
)
HALFWAY = Assumption(
    "halfway",
    r"$\lambda_i/2 \le s_0^2 \le \lambda_i$; with $\mu \le 1/(2\lambda_i)$ every $s_t^2$ then stays between them",
)
SMALL_ALPHA = Assumption(
    "small_alpha", r"$\alpha^2 \le \lambda_i/2$", sp.Le(alpha.symbol**2, lam_i.symbol / 2, evaluate=False)
)
NULL_STEP = Assumption("null_step", r"$\mu\alpha^2 < 1$", sp.Lt(mu.symbol * alpha.symbol**2, 1, evaluate=False))
FLOW = Assumption("gradient_flow", r"$U' = (M - UU^\top)U$ from $U_0$, with $M$ symmetric")
GAUSSIAN = Assumption(
    "gaussian_sensing",
    r"$A_i = (B_i + B_i^\top)/2$ with independent standard Gaussian $B_i$, $3nr_* \le m < n(n+1)/2$; restricted isometry, which is "
    r"what the theorem assumes, holds of such $\mathcal A$ with high probability for $m$ large beside $nr_*$",
)
WIDE = Assumption("enough_columns", r"$k \ge r_*$", sp.Ge(k.symbol, r.symbol, evaluate=False))
WINDOW = Assumption("finite_window", r"the error is read after a number of steps proportional to $\log(1/\alpha)$")
PSD_Z = Assumption("psd", r"$Z = UU^\top$ is positive semidefinite")
DUAL_FEASIBLE = Assumption("dual_feasible", r"$\mathcal A^*\nu = \sum_i\nu_iA_i \preceq I$")

_mu, _lam, _t, _i = mu.symbol, lam.symbol, t.symbol, lam_i.symbol
_g = 1 + _mu * _lam


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    fields = {"where": DERIVED, "confidence": "derived", **fields}
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


# --- claims: the spectral phase --------------------------------------------------------------------------------------

NORM_INVARIANT = _claim(
    "norm-invariant", "The iterates never leave the ball of the signal",
    r"$\|U_t\|^2 \le \lambda$ implies $\|U_{t+1}\|^2 \le \lambda$ if $\mu \le 1/(2\lambda)$; by induction $\|U_t\|^2 \le \lambda$ "
    r"for all $t$ from a start in the ball. $1/2$ cannot be replaced by a greater number: for $n = 1$ and $\mu\lambda > 1/2$ the "
    r"step from $U_t^2 = (1 + \mu\lambda)/(3\mu)$ leaves it.",
    parameters=(mu, lam), assumptions=(PSD, POPULATION, SMALL_STEP, IN_BALL), quantity=r"\|U_{t+1}\|^2",
    relation=Relation.LE, expression=_lam, tight=True,
)  # fmt: skip

NORM_GROWTH = _claim(
    "norm-growth", "No direction grows faster than in the power method",
    r"$\|U_tv\| \le (1 + \mu\lambda)^t\|U_0v\|$ for every $v$; so $\|U_t\| \le (1 + \mu\lambda)^t\|U_0\|$.",
    parameters=(mu, lam, t), assumptions=(PSD, POPULATION, SHORT_STEP), quantity=r"\|U_tv\|^2/\|U_0v\|^2",
    relation=Relation.LE, expression=_g ** (2 * _t),
)  # fmt: skip

POWER_PHASE = _claim(
    "power-phase", "At first gradient descent is the power method",
    r"$\|U_t - Y_t\| \le \|U_0\|^3[(1 + \mu\lambda)^{3t-1} - (1 + \mu\lambda)^{t-1}]/(\lambda(2 + \mu\lambda)) \le \|U_0\|^3(1 + "
    r"\mu\lambda)^{3t}/(2\lambda)$, an equality at $t = 1$. So $U_t$ follows $Y_t$ up to $t \approx "
    r"\log(\sqrt\lambda/\|U_0\|)/\log(1 + \mu\lambda)$.",
    parameters=(mu, lam, n0, t), assumptions=(PSD, POPULATION, POWER, NORM_GROWTH_HELD), quantity=r"\|U_t - Y_t\|",
    relation=Relation.LE, expression=n0.symbol**3 * (_g ** (3 * _t - 1) - _g ** (_t - 1)) / (_lam * (2 + _mu * _lam)),
    tight=True, where="lemma on the spectral phase, with explicit constants",
)  # fmt: skip

SIGNAL_GROWTH = _claim(
    "signal-growth", "The power method magnifies every direction of the signal",
    r"$\sigma_{r_*}(V^\top Y_t) \ge (1 + \mu\lambda_{r_*})^t\sigma_{r_*}(V^\top U_0)$, while $PY_t = PU_0$ stays.",
    parameters=(mu, lam_r, sigma0, t), assumptions=(PSD, POWER, OVERLAP), quantity=r"\sigma_{r_*}(V^\top Y_t)^2",
    relation=Relation.GE, expression=sigma0.symbol**2 * (1 + _mu * lam_r.symbol) ** (2 * _t), tight=True,
)  # fmt: skip

POWER_ALIGNMENT = _claim(
    "power-alignment", "The power method aligns with the signal, geometrically",
    r"$\rho_t = \|PY_t\|/\sigma_{r_*}(V^\top Y_t)$ falls by the factor $1 + \mu\lambda_{r_*}$ a step at least.",
    parameters=(mu, lam_r, rho0, t), assumptions=(PSD, POWER, OVERLAP),
    quantity=r"\|PY_t\|/\sigma_{r_*}(V^\top Y_t)", relation=Relation.LE,
    expression=rho0.symbol / (1 + _mu * lam_r.symbol) ** _t, tight=True,
)  # fmt: skip

# --- claims: the null space ------------------------------------------------------------------------------------------

NULL_MONOTONE = _claim(
    "null-monotone", "The part outside the signal never grows",
    r"$PU_{t+1} = PU_t(I - \mu U_t^\top U_t)$, so that $\|PU_t\|$ and $\|PU_t\|_F$ do not increase, for any $k$; the residual "
    r"$PU_tU_t^\top P$ stays below $\|PU_0\|^2$.",
    parameters=(q0,), assumptions=(POPULATION, SHORT_STEP), quantity=r"\|PU_t\|^2",
    relation=Relation.LE, expression=q0.symbol,
)  # fmt: skip

NULL_DECAY = _claim(
    "null-decay", "The part outside the signal decays like 1/t, whatever the start",
    r"$\|PU_t\|^2 \le q_0/(1 + 2\mu q_0t)$: the law of a start that commutes with $M$ bounds every start, as $(I - A)^2 \preceq "
    r"(I + 2A)^{-1}$ for $A = \mu U_t^\top U_t \preceq I$.",
    parameters=(mu, q, t), assumptions=(POPULATION, SHORT_STEP, NULL_START), quantity=r"\|PU_t\|^2",
    relation=Relation.LE, expression=q.symbol / (1 + 2 * _mu * q.symbol * _t),
)  # fmt: skip

_x = _mu * alpha.symbol**2

NULL_FLOOR = _claim(
    "null-floor", "Nor does it decay faster",
    r"From $U_0 = \alpha Q$, $QQ^\top = I$, on the null space $s_t^2 \ge \alpha^2/(1 + 2\mu\alpha^2t/(1 - \mu\alpha^2)^2)$: the "
    r"error of the overparametrised problem is of order $1/t$ at best as $t \to \infty$, for a fixed start.",
    parameters=(mu, alpha, t), assumptions=(POPULATION, COMMUTING, NULL_STEP), quantity="s_t^2",
    relation=Relation.GE, expression=alpha.symbol**2 / (1 + 2 * _x * _t / (1 - _x) ** 2),
)  # fmt: skip

# --- claims: one singular value after the other ------------------------------------------------------------------------

DECOUPLED = _claim(
    "decoupled", "From a start that commutes with $M$, singular values evolve on their own",
    r"If $U_0U_0^\top$ commutes with $M$ (so from $\alpha I$), so does every $U_tU_t^\top$, and $s_{t+1} = s_t(1 + \mu(\lambda_i - "
    r"s_t^2))$ along each common eigenvector.",
    parameters=(mu, lam_i, s), assumptions=(POPULATION, SHORT_STEP, COMMUTING), quantity="s_{t+1}",
    relation=Relation.EQ, expression=s.symbol * (1 + _mu * (_i - s.symbol**2)),
)  # fmt: skip

ESCAPE = _claim(
    "escape", "The escape from the saddle is geometric",
    r"$\|U_t^\top v_i\| \ge (1 + \mu\lambda_i/2)^t\|U_0^\top v_i\|$ for an eigenvector $v_i$ of $M$, as long as $\|U_j\|^2 \le "
    r"\lambda_i/2$. It needs no commuting start.",
    parameters=(mu, lam_i, a0, t), assumptions=(POPULATION, BELOW_HALF), quantity=r"\|U_t^\top v_i\|^2",
    relation=Relation.GE, expression=a0.symbol * (1 + _mu * _i / 2) ** (2 * _t),
)  # fmt: skip

_gap = sp.log(sp.sqrt(_i / 2) / alpha.symbol)
_SINGLE = (POPULATION, COMMUTING)

ESCAPE_NOT_BEFORE = _claim(
    "escape-not-before", "Incremental learning: an eigenvalue is not learned before",
    r"From $s_0 = \alpha$, the first $T_i$ with $s_{T_i}^2 \ge \lambda_i/2$ is at least $\log(\sqrt{\lambda_i/2}/\alpha)/\log(1 + "
    r"\mu\lambda_i)$.",
    parameters=(mu, lam_i, alpha), assumptions=_SINGLE, quantity="T_i", relation=Relation.GE,
    expression=_gap / sp.log(1 + _mu * _i),
)  # fmt: skip

ESCAPE_NOT_AFTER = _claim(
    "escape-not-after", "Incremental learning: an eigenvalue is not learned after",
    r"$T_i \le \log(\sqrt{\lambda_i/2}/\alpha)/\log(1 + \mu\lambda_i/2) + 1$: with the bound from below $T_i$ is of order "
    r"$\log(1/\alpha)/(\mu\lambda_i)$, so large eigenvalues come first.",
    parameters=(mu, lam_i, alpha), assumptions=(*_SINGLE, SMALL_ALPHA), quantity="T_i", relation=Relation.LE,
    expression=_gap / sp.log(1 + _mu * _i / 2) + 1,
)  # fmt: skip

SETTLING = _claim(
    "settling", "A learned eigenvalue settles geometrically",
    r"$\lambda_i - s_t^2 \le (1 - \mu\lambda_i)^t(\lambda_i - s_0^2)$ once $s_0^2 \ge \lambda_i/2$; $s_t$ increases to "
    r"$\sqrt{\lambda_i}$.",
    parameters=(mu, lam_i, d0, t), assumptions=(POPULATION, COMMUTING, SMALL_STEP_I, HALFWAY),
    quantity=r"\lambda_i - s_t^2", relation=Relation.LE, expression=d0.symbol * (1 - _mu * _i) ** _t,
)  # fmt: skip

# --- claims: the flow, and sensing -----------------------------------------------------------------------------------

FLOW_CLOSED_FORM = _claim(
    "flow-closed-form", "The gradient flow is a shrunken power method",
    r"$UU^\top = Y(I + U_0^\top F_tU_0)^{-1}Y^\top$ with $Y = e^{Mt}U_0$ and $F_t = \int_0^t2e^{2Ms}ds$ ($(e^{2Mt} - I)M^{-1}$, "
    r"and $2t$ on null(M)); $(UU^\top)^{-1} = e^{-Mt}(U_0U_0^\top)^{-1}e^{-Mt} + (I - e^{-2Mt})M^{-1}$ where $U_0U_0^\top$ is "
    r"invertible.",
    parameters=(w,), assumptions=(FLOW,), quantity=r"(UU^\top)_{ij}", relation=Relation.EQ, expression=w.symbol,
)  # fmt: skip

SENSING = _claim(
    "sensing-theorem", "Small starts generalise, though many interpolants would not",
    r"As remembered: if $\mathcal A$ has restricted isometry of order $2r_*+1$ with a small enough constant, and $\mu$ and "
    r"$\alpha$ are small enough, then after about $\log(1/\alpha)/(\mu\sigma_{\min}(X)^2)$ steps $\|U_tU_t^\top - M\|_F$ is at "
    r"most a positive power of $\alpha$ times a polynomial in $n$, $\kappa$, $r_*$, with high probability. What is tested is a "
    r"consequence that needs no constants: ten times smaller, a start has at most half the error on average, though $m < "
    r"n(n+1)/2$.",
    parameters=(alpha_small, k, r), assumptions=(GAUSSIAN, WIDE, WINDOW),
    quantity=r"\mathbb E[\|U_tU_t^\top - M\|_F(\alpha)/\|U_tU_t^\top - M\|_F(10\alpha)]", relation=Relation.LE,
    expression=sp.Rational(1, 2), where="main theorem (number, constants and exponent not checked)", confidence="recalled",
    remark="There is one kind of evidence, runs. The theorem itself is cited, not checked; its constants are not stated here.",
)  # fmt: skip

NUCLEAR_NORM = _claim(
    "nuclear-norm", "A dual point bounds the trace of every matrix with the same measurements",
    r"$\mathrm{tr}Z \ge \langle\mathcal A(Z),\nu\rangle$ for every positive semidefinite $Z$ and $\mathcal A^*\nu \preceq I$; "
    r"where the nuclear-norm program is solved by $Z$, some $\nu$ makes it an equality. It measures how near gradient descent's "
    r"end is to the least nuclear norm.",
    parameters=(dual,), assumptions=(PSD_Z, DUAL_FEASIBLE), quantity=r"\mathrm{tr}Z", relation=Relation.GE,
    expression=dual.symbol, tight=True,
)  # fmt: skip
