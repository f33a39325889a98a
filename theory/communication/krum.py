"""Krum: of n received vectors, some of them arbitrary, the one whose nearest neighbours are closest."""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="krum", authors=("Blanchard", "El Mhamdi", "Guerraoui", "Stainer"),
    title="Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent",
    year=2017, family="communication", arxiv="1703.02757", venue="NeurIPS",
)  # fmt: skip

n = Parameter("n", "number of workers", COUNT)
f = Parameter("f", "number of Byzantine workers", sp.S.Naturals0)
variance = Parameter("variance", r"$\mathbb{E}\|G - g\|^2$ of a correct vector", NONNEGATIVE, r"d\sigma^2")
g_norm = Parameter("g_norm", "norm of the true gradient", latex=r"\|g\|")
S_min = Parameter("S_min", "least $S_i$ over the correct workers", NONNEGATIVE, r"\min_i S_i")
U = Parameter("U", "any vector (an entry of it)", REAL)
p = Parameter("p", "probability of the value a", UNIT_OPEN)
a = Parameter("a", "the value that is not zero")
gamma = Parameter("gamma", "step size", latex=r"\gamma")
L = Parameter("L", "smoothness constant of $Q$")
mu = Parameter("mu", "Polyak-Lojasiewicz constant of $Q$", latex=r"\mu")
T = Parameter("T", "number of steps", sp.S.Naturals0)
gap0 = Parameter("gap0", "$Q(x_0) - Q^*$", NONNEGATIVE, r"(Q(x_0) - Q^*)")
own = Parameter("own", "1 if $V_i$ is Byzantine itself, else 0", sp.FiniteSet(0, 1), r"[i \text{ Byzantine}]")
r = Parameter("r", "order of the moment", sp.Interval(2, sp.oo))
moment = Parameter("moment", r"$\mathbb{E}\|G\|^r$ of a correct vector", NONNEGATIVE, r"\mathbb E\|G\|^r")

_n, _f = n.symbol, f.symbol
#: The paper's constant, and the one that is derived here.
ETA2 = 2 * (_n - _f + (_f * (_n - _f - 2) + _f**2 * (_n - _f - 1)) / (_n - 2 * _f - 2))
ETA2_SHARP = (sp.sqrt(2 * (_n - _f - 2)) + sp.sqrt(_n - _f)) ** 2 / (_n - 2 * _f - 2)
#: Krum's mean square about any centre over that of one correct vector, which may depend on the others.
MOMENT2 = (_n - _f) * (1 + sp.sqrt(2 * (_n - _f - 2) / (_n - _f - 1))) ** 2 / (_n - 2 * _f - 2)

TOLERATED = Assumption("tolerated", "$n > 2f + 2$", sp.Gt(_n, 2 * _f + 2))
BYZANTINE = Assumption("at_most_f", "at most $f$ of the vectors are Byzantine: arbitrary, and dependent on all others")
IID = Assumption(
    "iid_correct", r"the correct vectors are independent with one law, of mean $g$ and variance $d\sigma^2$"
)


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


LINEAR_HIJACK = _claim(
    "linear-hijack", "One Byzantine worker steers a linear rule wherever it likes",
    r"$F = \sum_i\lambda_iV_i$ with all $\lambda_i \ne 0$: for any $U$ the vector $B = (U - "
    r"\sum_{i<n}\lambda_iV_i)/\lambda_n$ of worker $n$ gives $F = U$. No linear rule is resilient to one attacker.",
    parameters=(U,), assumptions=(Assumption("linear", r"$F$ is linear with $\lambda_n \ne 0$"),),
    quantity=r"F(V_1, \dots, V_{n-1}, B)", relation=Relation.EQ, expression=U.symbol, where="Lemma 1", tight=True,
)  # fmt: skip

NEIGHBOUR_COUNTS = _claim(
    "neighbour-counts", "Correct vectors among the neighbours",
    "Of the $n - f - 2$ nearest neighbours of any $V_i$ at least $n - 2f - 2$ are correct, and at least $n - 2f - 1$ if "
    "$V_i$ is itself Byzantine.",
    parameters=(n, f, own), assumptions=(TOLERATED, BYZANTINE), quantity=r"\delta_c(i)", relation=Relation.GE,
    expression=_n - 2 * _f - 2 + own.symbol, where="proof of Proposition 1", tight=True,
)  # fmt: skip

DETERMINISTIC = _claim(
    "deterministic", "Krum is near the mean of correct vectors, whatever the law",
    r"Let $\bar m$ be the mean of the correct neighbours of the selected vector and $S_i$ the sum of the $n - f - 2$ least "
    r"squared distances from the correct $V_i$ to other correct vectors. Then $\|\mathrm{Kr} - \bar m\|^2 \le \min_i "
    "S_i/(n - 2f - 2)$, without any probability.",
    parameters=(S_min, n, f), assumptions=(TOLERATED, BYZANTINE), quantity=r"\|\mathrm{Kr} - \bar m\|^2", relation=Relation.LE,
    expression=S_min.symbol / (_n - 2 * _f - 2), where="derived here", confidence="derived", tight=True,
)  # fmt: skip

MEAN_SQUARE = _claim(
    "mean-square", "Krum's distance to the gradient in mean square",
    r"$\mathbb E\|\mathrm{Kr} - g\|^2 \le \hat\eta^2 d\sigma^2$ with $\hat\eta^2 = (\sqrt{2(n - f - 2)} + \sqrt{n - "
    "f})^2/(n - 2f - 2)$, against every attack.",
    parameters=(variance, n, f), assumptions=(TOLERATED, BYZANTINE, IID), quantity=r"\mathbb E\|\mathrm{Kr} - g\|^2",
    relation=Relation.LE, expression=ETA2_SHARP * variance.symbol, where="derived here", confidence="derived",
)  # fmt: skip

SHARPER = _claim(
    "sharper", "The derived constant is at most 8/9 of the paper's",
    r"$\hat\eta^2 \le \frac89\eta^2$ for all $f \ge 1$, $n > 2f + 2$, with equality at $n = 5$, $f = 1$: $\hat\eta^2 = "
    r"O(n/(n - 2f))$ where $\eta^2 = O(n^2)$ for $f$ proportional to $n$.",
    parameters=(n, f), assumptions=(TOLERATED, Assumption("attacked", r"$f \ge 1$", sp.Ge(_f, 1))),
    quantity=r"\hat\eta^2(n, f)", relation=Relation.LE, expression=sp.Rational(8, 9) * ETA2, where="derived here",
    confidence="derived", tight=True,
)  # fmt: skip


def _cone(name: str, title: str, eta2: sp.Expr, **fields: Any) -> Claim:
    above = Assumption(
        "gradient_above_noise", r"$\eta\sqrt d\sigma < \|g\|$", sp.Lt(eta2 * variance.symbol, g_norm.symbol**2)
    )
    # the maximum says > 0, which is what the last assumption is for
    return _claim(
        name, title,
        r"$\langle\mathbb E\,\mathrm{Kr}, g\rangle \ge (1 - \sin\alpha)\|g\|^2 > 0$ with $\sin\alpha = "
        r"\eta\sqrt d\sigma/\|g\| < 1$, against every attack.",
        parameters=(g_norm, variance, n, f), assumptions=(TOLERATED, BYZANTINE, IID, above),
        quantity=r"\langle\mathbb E\,\mathrm{Kr}, g\rangle", relation=Relation.GE,
        expression=g_norm.symbol * sp.Max(0, g_norm.symbol - sp.sqrt(eta2 * variance.symbol)), **fields,
    )  # fmt: skip


RESILIENCE = _cone(
    "resilience", "Krum's mean lies in a cone around the gradient, as stated", ETA2,
    where="Proposition 1, condition (i)", confidence="recalled",
    remark="The published argument replaces $g$ by the mean of the selected neighbours, whose expectation is not $g$ in general. "
    r"The statement follows all the same: for $f \ge 1$ from krum.resilience-sharp and krum.sharper, for $f = 0$ because the "
    r"selected vector is one of $n$ correct ones and $\eta^2 = 2n$. Condition (ii), on the moments up to the fourth, is "
    "krum.moments.",
)  # fmt: skip

RESILIENCE_SHARP = _cone(
    "resilience-sharp", "Krum's mean lies in a cone around the gradient, with the derived constant", ETA2_SHARP,
    where="derived here", confidence="derived",
)  # fmt: skip

MOMENTS = _claim(
    "moments", "Krum's moments are those of one correct worker, up to a constant",
    r"$\mathbb E\|\mathrm{Kr}\|^r \le C^r\,\mathbb E\|G\|^r$ for every $r \ge 2$, with $C^2 = (n - f)\big(1 + \sqrt{2(n - "
    r"f - 2)/(n - f - 1)}\big)^2/(n - 2f - 2)$, against every attack. For $r = 2, 3, 4$ this is condition (ii) of "
    "resilience, with one term.",
    parameters=(moment, r, n, f),
    assumptions=(
        TOLERATED, BYZANTINE, Assumption("one_law", "the correct vectors have one law; they may depend on each other"),
    ),
    quantity=r"\mathbb E\|\mathrm{Kr}\|^r", relation=Relation.LE, expression=MOMENT2 ** (r.symbol / 2) * moment.symbol,
    where="derived here; Proposition 1, condition (ii)", confidence="derived",
)  # fmt: skip

CONVERGENCE = _claim(
    "convergence", "SGD with Krum reaches flat regions almost surely",
    r"$Q \ge 0$ three times differentiable, $\sum\gamma_t = \infty$, $\sum\gamma_t^2 < \infty$, moments of $G$ up to the "
    r"fourth bounded by powers of $\|x\|$, $\eta\sqrt d\sigma(x) \le \|\nabla Q(x)\|\sin\alpha$, and outside a ball the "
    r"angle between $x$ and $\nabla Q(x)$ is below $\pi/2 - \alpha$: then $\nabla Q(x_t) \to 0$ almost surely.",
    parameters=(),
    assumptions=(
        Assumption("tolerated", "$n > 2f + 2$"), BYZANTINE, IID,
        Assumption("smooth_cost", r"$Q \ge 0$ is three times differentiable"),
        Assumption("steps", r"$\sum\gamma_t = \infty$ and $\sum\gamma_t^2 < \infty$"),
        Assumption("moments", r"$\mathbb E\|G\|^r \le A_r + B_r\|x\|^r$ for $r = 2, 3, 4$"),
        Assumption(
            "angle",
            r"outside a ball $\|\nabla Q\| \ge \varepsilon_0 > 0$ and the angle between $x$ and $\nabla Q(x)$ is below "
            r"$\pi/2 - \alpha$",
        ),
        Assumption("noise_below_gradient", r"$\eta\sqrt d\sigma(x) \le \|\nabla Q(x)\|\sin\alpha$ for all $x$"),
    ),
    quantity=r"\limsup_t \|\nabla Q(x_t)\|", relation=Relation.EQ, expression=sp.S.Zero, where="Proposition 2",
    confidence="recalled",
    remark="A statement about a limit: runs can fail to contradict it, and no more. It has one kind of evidence, "
    "scale-invariant quadratics, where the strong law decides it.",
)  # fmt: skip

SGD_BALL = _claim(
    "sgd-ball", "SGD with Krum contracts to a ball",
    r"$Q$ $L$-smooth with $\|\nabla Q\|^2 \ge 2\mu(Q - Q^*)$, $x^+ = x - \gamma\mathrm{Kr}$, and at every $x$ the variance "
    r"of a correct vector is at most $d\sigma^2$: the expected gap falls by the factor $1 - \gamma\mu$ a step, down to "
    r"$\hat\eta^2d\sigma^2/(2\mu)$.",
    parameters=(gamma, L, mu, T, gap0, variance, n, f),
    assumptions=(
        TOLERATED, BYZANTINE, IID, Assumption("step", r"$\gamma \le 1/L$", sp.Le(gamma.symbol, 1 / L.symbol)),
        Assumption("pl", r"$\mu \le L$", sp.Le(mu.symbol, L.symbol)),
    ),
    quantity=r"\mathbb E\,Q(x_T) - Q^*", relation=Relation.LE,
    expression=(1 - gamma.symbol * mu.symbol) ** T.symbol * gap0.symbol + ETA2_SHARP * variance.symbol / (2 * mu.symbol),
    where="derived here", confidence="derived",
)  # fmt: skip

NO_AVERAGING_GAIN = _claim(
    "no-averaging-gain", "Krum is biased without any attacker",
    r"Three correct workers with values in $\{0, a\}$, $f = 0$: Krum is the majority, $\mathbb E\,\mathrm{Kr} = a(3p^2 - "
    r"2p^3)$, off by $a\,p(1-p)|1-2p|$. At $p = 1/2$ its variance is that of one worker: nothing is gained by averaging.",
    parameters=(a, p),
    assumptions=(Assumption("two_points", "three independent vectors with values 0 and $a$, the latter with probability $p$"),),
    quantity=r"|\mathbb E\,\mathrm{Kr} - g|", relation=Relation.EQ,
    expression=a.symbol * p.symbol * (1 - p.symbol) * sp.Abs(1 - 2 * p.symbol), where="derived here", tight=True,
)  # fmt: skip
