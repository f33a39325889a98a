r"""What mini-batch SGD with batches of b examples and gradients of precision rho can learn.

The paper's theorems (cited, with constants that are not compared): for b rho below a constant SGD simulates every sample-based
algorithm (PAC), for exponentially small rho at every b; it always simulates statistical queries (SQ); for b rho^2 above a
constant times a logarithm it is no stronger than they are. The polynomials bound time, model size and random bits; activation and
initialisation are engineered. The claims below are the exact cores of it. A ``rho-oracle`` answers a number v by any multiple g of
rho with |g - v| <= 3 rho/4. Parities are chi_S(x) = prod_{i in S} x_i on {-1, 1}^n; of a query q(x, y) only
h(x) = (q(x, 1) - q(x, -1))/2 sees the label: E q(x, chi_S(x)) - E q(x, y) = E h chi_S for a label y that is a fair coin.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="pac-sq", authors=("Abbe", "Kamath", "Malach", "Sandon", "Srebro"), year=2021, family="limits", arxiv="2108.04190",
    venue="NeurIPS", title="On the Power of Differentiable Learning versus PAC and SQ Learning",
)  # fmt: skip

DERIVED = "docs/derivations/pac_sq.md"

# --- parameters ------------------------------------------------------------------------------------------------------

b = Parameter("b", "examples in a batch", COUNT)
rho = Parameter("rho", "precision of the gradients", latex=r"\rho")
tau = Parameter("tau", "tolerance", latex=r"\tau")
answer = Parameter("tau", r"distance allowed between the answer $a$ and $\mathbb Ev$", NONNEGATIVE, r"\tau")
dev = Parameter("dev", r"distance allowed between the batch mean $\bar v$ and $\mathbb Ev$", NONNEGATIVE, r"\beta")
T = Parameter("T", "steps", COUNT)
p = Parameter("p", "parameters of the model, coordinates of the gradient", COUNT)
H = Parameter("H", r"bound on $P(|\bar v - \mathbb Ev| \ge \tau)$ for one coordinate of one batch", sp.Interval(0, 1))
r = Parameter("r", r"$\mathbb Ee^{\lambda(v - \mathbb Ev - \tau)}$")
B = Parameter("B", "base of the codes", sp.Range(2, sp.oo))
D = Parameter("D", "number of parities", COUNT)
h2 = Parameter("h2", r"$\mathbb Eh(x)^2$, $h(x) = (q(x, 1) - q(x, -1))/2$", NONNEGATIVE, r"\mathbb Eh^2")
g2 = Parameter("g2", r"$\mathbb E\|\nabla_wf_w(x)\|^2$", NONNEGATIVE, r"\mathbb E\|\nabla f\|^2")
k = Parameter("queries", "number of statistical queries", COUNT, "k")
G = Parameter("G", r"$\sum_{t,i}\mathbb E(\partial_if_{w_t})^2$ over $T$ steps", NONNEGATIVE)
n = Parameter("n", "bits of an input", COUNT)
m = Parameter("m", "labelled examples", COUNT)
W = Parameter("W", r"$2^n - 1$, the parities other than $S$", COUNT)

# --- assumptions -----------------------------------------------------------------------------------------------------

CLIPPED = Assumption("clipped_gradients", r"each coordinate of an example's gradient lies in $[-1, 1]$")
IID = Assumption("iid_batch", "the examples of a batch are independent and of one law")
FRESH = Assumption("fresh_batches", "each step has a batch of its own, which is independent of its iterate")
MOMENT = Assumption("moment", r"$r = \mathbb Ee^{\lambda(v - \mathbb Ev - \tau)}$ for some $\lambda \ge 0$")
EACH = Assumption(
    "each_query", r"$P(|\bar v - \mathbb Ev| \ge \tau) \le H$ for each query that is fixed before the draw"
)
NEAREST = Assumption("nearest", r"$g$ is a multiple of $\rho$ that is nearest to $a$")
ANSWER = Assumption("sq_answer", r"$|a - \mathbb Ev| \le \tau$")
WITHIN = Assumption("batch_within", r"$|\bar v - \mathbb Ev| \le \beta$")
ORACLE = Assumption("rho_oracle", r"$v$ is answered by some $g \in \rho\mathbb Z$ with $|g - v| \le 3\rho/4$")
CARRIER = Assumption("one_carrier", r"one example of the batch has the gradient 0 or 1, its bit, and all others 0")
CODES = Assumption("codes", r"an example of code $c$ has the gradient $B^c$, and the batches have the same size")
DIFFERENT = Assumption("different_histograms", r"some code is not as frequent in the one batch as in the other")
BASE = Assumption("base", r"$B \ge b$", sp.Ge(B.symbol, b.symbol))
UNIFORM = Assumption("uniform_inputs", r"$x$ is uniform on $\{-1, 1\}^n$")
ALL = Assumption("all_parities", r"the $D = 2^n$ parities are those of all subsets $S$")
SQUARED = Assumption("squared_loss", r"$L_S(w) = \frac12\mathbb E(f_w(x) - \chi_S(x))^2$")
BOUNDED = Assumption(
    "bounded_queries", r"$|q| \le 1$, so that by pac-sq.parity-count $1/\tau^2$ parities at most move a query by $\tau$ or more"
)  # fmt: skip
UNDETECTED = Assumption("undetected", r"$|\mathbb E\chi_S\partial_if_{w_t}| \le \rho/4$ in the whole reference run")
ADVERSARIAL = Assumption("adversarial_rounding", r"the oracle answers as in the reference run wherever this is legal")
EXAMPLES = Assumption("iid_examples", "the examples are independent")
NOISELESS = Assumption("noiseless", r"the labels are $\chi_S(x)$")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    given = {"where": DERIVED, "confidence": "derived"} | fields
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **given))[0]


# --- batches as statistical queries -----------------------------------------------------------------------------------

_b, _rho, _tau = b.symbol, rho.symbol, tau.symbol

SQ_SIMULATES_SGD = _claim(
    "sq-simulates-sgd", "Batch means are within the tolerance of their expectations during a whole run",
    r"$P(\max_{t,i}|\bar v_{t,i} - \mathbb Ev_{t,i}| \ge \tau) \le 2Tpe^{-b\tau^2/2}$, at most $\delta$ for $b \ge "
    r"\frac2{\tau^2}\ln\frac{2Tp}\delta$. With pac-sq.legal-rounding: for $b\rho^2 \ge 128\ln(2Tp/\delta)$ the rounded answers of "
    r"$Tp$ statistical queries of tolerance $\rho/8$ are a legal run of SGD, but for probability $\delta$; with exact "
    r"expectations $b\rho^2 \ge 32\ln(2Tp/\delta)$ is enough.",
    parameters=(b, tau, T, p), assumptions=(CLIPPED, IID, FRESH),
    quantity=r"P(\max_{t,i}|\bar v_{t,i} - \mathbb Ev_{t,i}| \ge \tau)",
    relation=Relation.LE, expression=2 * T.symbol * p.symbol * sp.exp(-_b * _tau**2 / 2),
    where=f"the theorem on $b\\rho^2$ has other constants; {DERIVED}",
)  # fmt: skip

BATCH_TAIL = _claim(
    "batch-tail", "The tail of a batch mean, by its exponential moment",
    r"$P(\bar v - \mathbb Ev \ge \tau) \le r^b$ for every $\lambda \ge 0$. Hoeffding's lemma makes it $e^{-b\tau^2/2}$ for $v \in "
    "[-1, 1]$.",
    parameters=(r, b), assumptions=(IID, MOMENT), quantity=r"P(\bar v - \mathbb Ev \ge \tau)", relation=Relation.LE,
    expression=r.symbol**_b,
)  # fmt: skip

UNION = _claim(
    "union-over-run", "No coordinate is off in a whole run, by the union bound",
    "The step at time $t$ may depend on all batches before: given these, its batch is fresh.",
    parameters=(T, p, H), assumptions=(EACH, FRESH), quantity=r"P(\max_{t<T,\,i\le p}|\bar v_{t,i} - \mathbb Ev_{t,i}| \ge \tau)",
    relation=Relation.LE, expression=T.symbol * p.symbol * H.symbol, tight=True,
)  # fmt: skip

LEGAL_ROUNDING = _claim(
    "legal-rounding", "A rounded answer is a legal answer of the oracle",
    r"Rounding costs $\rho/2$; so a quarter of $\rho$ is left: for $\tau = \beta = \rho/8$, and for $\tau = 0$, $\beta = \rho/4$, "
    r"the rounded answer $g$ is within $3\rho/4$ of the batch mean.",
    parameters=(rho, answer, dev), assumptions=(NEAREST, ANSWER, WITHIN), quantity=r"|g - \bar v|", relation=Relation.LE,
    expression=_rho / 2 + answer.symbol + dev.symbol, tight=True,
)  # fmt: skip

# --- batches as samples ------------------------------------------------------------------------------------------------

BIT_EXTRACTION = _claim(
    "bit-extraction", "A bit of one example is read off a batch",
    r"The batch mean is 0 or $1/b$. For $b\rho < 4/3$ no answer of the oracle is legal for both, and every run reveals the bit; "
    r"from $b\rho = 4/3$ on, 0 is.",
    parameters=(b,), assumptions=(CARRIER, ORACLE), quantity=r"\sup\{\rho: \text{the bit is revealed}\}", relation=Relation.IFF,
    expression=sp.Rational(4, 3) / _b, tight=True, where=f"the theorem on $b\\rho$ has another constant; {DERIVED}",
)  # fmt: skip

COUNT_EXTRACTION = _claim(
    "count-extraction", "Two numbers with a common legal answer are near each other",
    r"$|v - v'| \le 3\rho/2$. So a count, of batch means $j/b$, is always revealed if $b\rho < 2/3$.",
    parameters=(rho,), assumptions=(ORACLE,), quantity=r"|v - v'|", relation=Relation.LE, expression=3 * _rho / 2, tight=True,
)  # fmt: skip

HISTOGRAM = _claim(
    "histogram-decoding", "Exact gradients reveal the whole batch",
    r"Batches with different histograms of codes $c \in \{0, \ldots, K\}$ have means of $B^c$ that are at least $(B-1)/b$ apart. "
    r"Clipped to $[-1, 1]$ these are $B^{-K}$ times that, and pac-sq.count-extraction reveals the histogram for $\rho < "
    r"\frac{2(B-1)}{3b}B^{-K}$. Base $b$ is enough, and $b - 1$ is not: $b$ examples of code 1 have the sum of one of code 2 and "
    "$b - 1$ of code 0.",
    parameters=(b, B), assumptions=(CODES, DIFFERENT, BASE), quantity=r"|\overline{B^c} - \overline{B^{c'}}|",
    relation=Relation.GE, expression=(B.symbol - 1) / _b, tight=True, remark="The paper's construction needs far less precision.",
)  # fmt: skip

# --- parities ----------------------------------------------------------------------------------------------------------

_MOVED = r"|\mathbb Eq(x, \chi_S(x)) - \mathbb Eq(x, y)|"

PARSEVAL = _claim(
    "parity-parseval", "What all parities together move a query by",
    r"For every query $q$, and $y$ a fair coin: $\sum_S" + _MOVED + r"^2 = \sum_S(\mathbb Eh\chi_S)^2 = \mathbb Eh^2$, at "
    r"most 1 for $|q| \le 1$.",
    parameters=(D, h2), assumptions=(UNIFORM, ALL), quantity=r"2^{-n}\sum_S" + _MOVED + "^2", relation=Relation.EQ,
    expression=h2.symbol / D.symbol, tight=True, where="Parseval's identity", confidence="verified",
)  # fmt: skip

PARITY_COUNT = _claim(
    "parity-count", "How many parities can move a query",
    r"$|\{S: " + _MOVED + r" \ge \tau\}| \le \mathbb Eh^2/\tau^2$, whatever $n$ is. Bent functions attain it: all $2^n$ "
    "parities move them by $2^{-n/2}$.",
    parameters=(h2, tau), assumptions=(UNIFORM,), quantity=r"|\{S: " + _MOVED + r" \ge \tau\}|", relation=Relation.LE,
    expression=h2.symbol / _tau**2, tight=True,
)  # fmt: skip

LOWER_BOUND = _claim(
    "parity-sq-lower-bound", "Statistical queries tell few parities apart",
    r"The share of $D = 2^n$ parities that move some of $k$ queries by $\tau$ or more. On the others an oracle of tolerance "
    r"$\tau$ may answer as for fair-coin labels, and nothing is learned. For $k = Tp$, $\tau = \rho/4$: $T$ steps of SGD, $p$ "
    "parameters.",
    parameters=(k, tau, D), assumptions=(UNIFORM, BOUNDED), quantity=r"\tfrac1D|\{S: \text{some query is moved by } \tau\}|",
    relation=Relation.LE, expression=k.symbol / (_tau**2 * D.symbol), tight=True,
)  # fmt: skip

DISTINGUISHABLE = _claim(
    "distinguishable-parities", "How many parities a run of gradient descent can react to",
    r"Parities with $|\mathbb E\chi_S\partial_if_{w_t}| > \rho/4$ for some coordinate and step of the reference run $w_{t+1} = "
    r"w_t - \eta\rho\,\mathrm{round}(\mathbb E[f\nabla f]/\rho)$, which knows no label. At most $16Tp/\rho^2$ for gradients in "
    "$[-1, 1]$.",
    parameters=(G, rho), assumptions=(UNIFORM, SQUARED), quantity=r"|\{S: \max_{t,i}|\mathbb E\chi_S\partial_if_{w_t}| > \rho/4\}|",
    relation=Relation.LE, expression=16 * G.symbol / _rho**2, tight=True,
)  # fmt: skip

REFERENCE_RUN = _claim(
    "reference-run", "On all other parities gradient descent runs as without labels",
    r"Gradient descent on $L_S$ is the reference run of pac-sq.distinguishable-parities, exactly: $\mathbb E[f\partial_if] - "
    r"\mathbb E[\chi_S\partial_if]$ is within $\rho/4$ of $\mathbb E[f\partial_if]$, so that the answers of the latter are legal.",
    parameters=(), assumptions=(UNDETECTED, ADVERSARIAL, SQUARED), quantity=r"\|w_T^S - w_T\|^2", relation=Relation.LE,
    expression=sp.Integer(0),
)  # fmt: skip

GRADIENT_VARIANCE = _claim(
    "gradient-variance", "The gradient hardly knows which parity it learns",
    r"For every differentiable $f_w$ the gradients of the $2^n$ losses $L_S$ are, in the mean square, $2^{-n}\mathbb E\|\nabla "
    r"f\|^2$ away from $\mathbb E[f\nabla f]$, which knows no $S$.",
    parameters=(D, g2), assumptions=(UNIFORM, ALL, SQUARED),
    quantity=r"2^{-n}\sum_S\|\nabla L_S(w) - \mathbb E[f_w\nabla f_w]\|^2", relation=Relation.EQ, expression=g2.symbol / D.symbol,
    tight=True,
)  # fmt: skip

# --- parities from examples --------------------------------------------------------------------------------------------

_i = sp.Symbol("i", integer=True)
_LEARN = (UNIFORM, EXAMPLES)

PAC_PARITY = _claim(
    "pac-parity", "Gaussian elimination finds the parity",
    r"$S$ is the only solution of $m$ linear equations over $\mathbb F_2$ iff their matrix has rank $n$. So 10 examples more than "
    "bits are enough but for one run in a thousand, while no gradient method of moderate precision gets anywhere.",
    parameters=(n, m), assumptions=(*_LEARN, NOISELESS), quantity=r"P(\text{elimination finds } S)", relation=Relation.EQ,
    expression=sp.Product(1 - 2 ** (_i - m.symbol), (_i, 0, n.symbol - 1)), tight=True,
)  # fmt: skip

CONSISTENT = _claim(
    "consistent-parities", "Every example halves the wrong parities",
    "The expected number of parities other than $S$ that agree with $m$ examples, also where labels are flipped at random.",
    parameters=(W, m), assumptions=_LEARN, quantity=r"\mathbb E|\{S' \ne S: \text{consistent}\}|", relation=Relation.EQ,
    expression=W.symbol * sp.Rational(1, 2) ** m.symbol, tight=True,
)  # fmt: skip

PAC_PARITY_BOUND = _claim(
    "pac-parity-bound", "Elimination fails rarely",
    r"$P(\text{rank} < n) \le (2^n - 1)2^{-m}$: $m = n + \lceil\log_2(1/\delta)\rceil$ examples are enough for probability $1 - "
    r"\delta$.",
    parameters=(W, m), assumptions=(*_LEARN, NOISELESS), quantity=r"P(\text{elimination leaves others than } S)",
    relation=Relation.LE, expression=W.symbol * sp.Rational(1, 2) ** m.symbol, tight=True,
)  # fmt: skip

# --- what training does ------------------------------------------------------------------------------------------------

_COARSE = Assumption("coarse_rounding", r"clipped gradients are rounded to the nearest multiples of that $\rho$")
_OBSERVED, _RUNS = "an observation; no experiments in the paper", "An observation with one kind of evidence, runs."

PRECISION = _claim(
    "precision-map", "With the same precision, larger batches are weaker",
    r"32 tanh units learn the parity of $n$ bits. With a coarse precision ($n = 3$, $\rho = 1/2$; $n = 6$, $\rho = 1/8$) batches "
    "of 8 reach a mean accuracy at least 0.1 above that of batches of 1024: the noise of small batches dithers the rounding.",
    parameters=(), assumptions=(_COARSE,), quantity=r"\overline{\mathrm{acc}}(b = 8) - \overline{\mathrm{acc}}(b = 1024)",
    relation=Relation.GE, expression=sp.Rational(1, 10), where=_OBSERVED, remark=_RUNS,
)  # fmt: skip

TRAINING = _claim(
    "parity-training", "The same training learns short parities and not long ones",
    "32 tanh units, batches of 32, no rounding: the mean accuracy on a short parity is at least 0.3 above that on a long one, "
    "which stays that of a coin; 4 and 10 bits in 400 steps, 6 and 12 in 15000.",
    parameters=(), assumptions=(Assumption("same_budget", "both have the same number of steps"),),
    quantity=r"\overline{\mathrm{acc}}(\text{short}) - \overline{\mathrm{acc}}(\text{long})", relation=Relation.GE,
    expression=sp.Rational(3, 10), where=_OBSERVED, remark=_RUNS,
)  # fmt: skip
