"""Parameterised circuits: gradients, what shots cost, how the loss depends on data and parameters, and descent on it.

A circuit of gates exp(-i beta_k theta_k P_k) makes |phi> of |psi>; its loss is Lq = <phi|Z_1|phi>. |mu_k> is the state just after
gate k, |nu_k> is Z_1|phi> carried back there.
"""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, UNIT_OPEN, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="quantum-communication", authors=("Gilboa", "Michaeli", "Soudry", "McClean"),
    title="Exponential Quantum Communication Advantage in Distributed Inference and Learning", year=2024, family="limits",
    arxiv="2310.07136", venue="NeurIPS",
)  # fmt: skip

SIGNED_UNIT = sp.Interval(-1, 1)

beta = Parameter("beta", r"factor of the gate's angle", latex=r"\beta_k")
plus = Parameter("plus", r"the loss at $\theta_k + \pi/(4\beta_k)$", SIGNED_UNIT, r"\mathcal L_+")
minus = Parameter("minus", r"the loss at $\theta_k - \pi/(4\beta_k)$", SIGNED_UNIT, r"\mathcal L_-")
now = Parameter("now", r"the loss at $\theta_k$", SIGNED_UNIT, r"\mathcal L_0")
opposite = Parameter("opposite", r"the loss at $\theta_k + \pi/(2\beta_k)$", SIGNED_UNIT, r"\mathcal L_\pi")
slope = Parameter("slope", r"$\partial\mathcal L/\partial\theta_k$", REAL, r"\mathcal L'")
t = Parameter("t", r"tangent of $\beta_k$ times the shift", REAL)
g = Parameter("g", "number of gates after the feature", sp.S.Naturals0)
Lq = Parameter("Lq", "the loss", SIGNED_UNIT, r"\mathcal L")
im = Parameter("im", "matrix element of $P_k$", SIGNED_UNIT, r"\operatorname{Im}\langle\nu_k|P_k|\mu_k\rangle")
corr = Parameter("corr", "expectation on one state", SIGNED_UNIT, r"\langle\chi_k|Y\otimes P_k|\chi_k\rangle")
M = Parameter("M", "number of shots", COUNT)
eps = Parameter("eps", "accuracy", latex=r"\varepsilon")
delta = Parameter("delta", "probability of failure", UNIT_OPEN, r"\delta")
L_layers = Parameter("L", "number of gates that upload", COUNT)
beta2 = Parameter("beta2", r"$\|\beta\|_2^2$, of the factors of all angles", NONNEGATIVE, r"\|\beta\|_2^2")
D = Parameter("D", "number of parameters", COUNT)
Ls = Parameter("L", r"smoothness of the loss; $4\|\beta\|_2^2$ by `quantum-communication.smoothness`", latex="L_s")
Lq0 = Parameter("Lq0", r"the loss at the start", SIGNED_UNIT, r"\mathcal L(\theta_0)")
eta = Parameter("eta", "step size", latex=r"\eta")
T = Parameter("T", "number of steps", COUNT)
sigma2 = Parameter("sigma2", r"bound on $\mathbb E\|g - \nabla\mathcal L\|^2$", NONNEGATIVE, r"\sigma^2")

INVOLUTION = Assumption("involution", r"every generator is Hermitian with $P_k^2 = I$, as Pauli strings are")
ADJOINT = Assumption("adjoint", r"$|\nu_k\rangle$ is $Z_1|\varphi\rangle$, carried back by the adjoints of the gates")
HERMITIAN = Assumption("hermitian", r"$P_k$ is Hermitian")
NORMALISED = Assumption("normalised", r"$\|\psi\| = 1$, so that a shot is $\pm1$ and the loss lies in $[-1,1]$")
UNBIASED = Assumption("unbiased-shots", r"a shot is $+1$ with probability $(1+\mathcal L)/2$ and $-1$ otherwise")
INDEPENDENT = Assumption("independence", "shots, or bits, are independent of each other and of the past")

_gap = r"\partial\mathcal L/\partial\theta_k"

PARAMETER_SHIFT = Claim(
    id="quantum-communication.parameter-shift", paper=PAPER, title="Two shifted losses give the derivative exactly",
    statement=r"$\partial\mathcal L/\partial\theta_k = \beta_k[\mathcal L(\theta_k + \frac\pi{4\beta_k}) - "
    r"\mathcal L(\theta_k - \frac\pi{4\beta_k})]$, the other parameters fixed: no small step, no error of order.",
    parameters=(beta, plus, minus), assumptions=(INVOLUTION,), quantity=_gap, relation=Relation.EQ,
    expression=beta.symbol * (plus.symbol - minus.symbol), where="gates of Pauli strings (section not recalled)", tight=True,
)  # fmt: skip

SINUSOID = Claim(
    id="quantum-communication.sinusoid", paper=PAPER, title="Along one parameter the loss is a sinusoid that three numbers fix",
    statement=r"$\mathcal L(\theta_k + s) = a + b\cos2\beta_ks + c\sin2\beta_ks$ with $a = \frac12(\mathcal L_0 + \mathcal "
    r"L_\pi)$, $b = \frac12(\mathcal L_0 - \mathcal L_\pi)$, $c = \mathcal L'/(2\beta_k)$. With $t = \tan\beta_ks$:",
    parameters=(beta, t, now, opposite, slope), assumptions=(INVOLUTION,),
    quantity=r"\mathcal L(\theta_k + \arctan(t)/\beta_k)", relation=Relation.EQ,
    expression=(now.symbol + t.symbol**2 * opposite.symbol + t.symbol * slope.symbol / beta.symbol) / (1 + t.symbol**2),
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

FEATURE_LOSS = Claim(
    id="quantum-communication.feature-loss", paper=PAPER, title="Forward and backward feature overlap in the loss, at every gate",
    statement=r"$\langle\nu_k|\mu_k\rangle = \mathcal L$ for every $k$: the overlap does not change from gate to gate. Both "
    r"features live on $n$ qubits.",
    parameters=(g, Lq), assumptions=(ADJOINT,), quantity=r"\operatorname{Re}\langle\nu_k|\mu_k\rangle", relation=Relation.EQ,
    expression=Lq.symbol, where="section on gradients (number not recalled)", tight=True,
)  # fmt: skip

FEATURE_GRADIENT = Claim(
    id="quantum-communication.feature-gradient", paper=PAPER, title="The derivative is a matrix element between the features",
    statement=r"$\partial\mathcal L/\partial\theta_k = 2\beta_k\operatorname{Im}\langle\nu_k|P_k|\mu_k\rangle$.",
    parameters=(beta, im), assumptions=(ADJOINT,), quantity=_gap, relation=Relation.EQ,
    expression=2 * beta.symbol * im.symbol, where="section on gradients (number not recalled)", tight=True,
)  # fmt: skip

FEATURE_STATE = Claim(
    id="quantum-communication.feature-state", paper=PAPER, title="All derivatives are expectations on one family of states",
    statement=r"With one qubit more, $|\chi_k\rangle = (|0\rangle|\mu_k\rangle + |1\rangle|\nu_k\rangle)/\sqrt2$: "
    r"$\partial\mathcal L/\partial\theta_k = -2\beta_k\langle\chi_k|Y\otimes P_k|\chi_k\rangle$. Expectations of many "
    r"observables on "
    "copies of one state are what shadow tomography estimates: so the paper's gradients cost a power of the logarithm of the "
    "number of parameters, and `quantum-communication.gradient-count` is not what it pays.",
    parameters=(beta, corr), assumptions=(ADJOINT, HERMITIAN), quantity=_gap, relation=Relation.EQ,
    expression=-2 * beta.symbol * corr.symbol, where="section on gradients (number not recalled)", tight=True,
)  # fmt: skip

SHOTS = Claim(
    id="quantum-communication.shots", paper=PAPER, title="Shots that estimate the loss, by Hoeffding",
    statement=r"$M \ge 2\ln(2/\delta)/\varepsilon^2$ shots give $P(|\hat{\mathcal L} - \mathcal L| \ge \varepsilon) \le "
    r"\delta$, whatever the number of qubits.",
    parameters=(eps, delta, M),
    assumptions=(
        NORMALISED, UNBIASED, INDEPENDENT,
        Assumption(
            "enough", r"$M \ge 2\ln(2/\delta)/\varepsilon^2$", sp.Ge(M.symbol, 2 * sp.log(2 / delta.symbol) / eps.symbol**2)
        ),
    ),
    quantity=r"P(|\hat{\mathcal L} - \mathcal L| \ge \varepsilon)", relation=Relation.LE, expression=delta.symbol,
    where="first lemma (its constants not found)",
)  # fmt: skip

SHOT_VARIANCE = Claim(
    id="quantum-communication.shot-variance", paper=PAPER, title="The variance of a mean of shots",
    statement=r"$\mathbb E(\hat{\mathcal L} - \mathcal L)^2 = (1 - \mathcal L^2)/M$: shots are noiseless where the observable "
    r"is certain.",
    parameters=(Lq, M), assumptions=(NORMALISED, UNBIASED, INDEPENDENT), quantity=r"\mathbb E(\hat{\mathcal L} - \mathcal L)^2",
    relation=Relation.EQ, expression=(1 - Lq.symbol**2) / M.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

CHEBYSHEV = Claim(
    id="quantum-communication.shots-chebyshev", paper=PAPER, title="Shots that estimate the loss, by the variance",
    statement=r"$P(|\hat{\mathcal L} - \mathcal L| \ge \varepsilon) \le (1 - \mathcal L^2)/(M\varepsilon^2)$: better than "
    r"Hoeffding for a loss near $\pm1$ and for large $\delta$, worse for small $\delta$.",
    parameters=(Lq, eps, M), assumptions=(NORMALISED, UNBIASED, INDEPENDENT),
    quantity=r"P(|\hat{\mathcal L} - \mathcal L| \ge \varepsilon)", relation=Relation.LE,
    expression=(1 - Lq.symbol**2) / (M.symbol * eps.symbol**2), where="derived here", confidence="derived", tight=True,
)  # fmt: skip

FREQUENCIES = Claim(
    id="quantum-communication.frequencies", paper=PAPER, title="Frequencies of a circuit that uploads a number $L$ times",
    statement=r"A number $x$ that enters $L$ gates $e^{-i\lambda_lxZ/2}$ between fixed unitaries makes the loss a "
    r"trigonometric polynomial "
    r"with frequencies in $\{\sum_l\epsilon_l\lambda_l: \epsilon_l \in \{-1,0,1\}\}$: at most $3^L$. For $\lambda_l = 3^l$ "
    r"all $3^L$ occur: the expressivity grows exponentially with depth.",
    parameters=(L_layers,), assumptions=(Assumption("two_eigenvalues", r"the generator of each upload has two eigenvalues"),),
    quantity=r"\text{number of frequencies of } \mathcal L(x)", relation=Relation.LE,
    expression=sp.Integer(3) ** L_layers.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

SMOOTHNESS = Claim(
    id="quantum-communication.smoothness", paper=PAPER, title="The loss is smooth, whatever the depth and the number of qubits",
    statement=r"$|\partial_i\partial_j\mathcal L| \le 4|\beta_i\beta_j|$, and in every direction: $\|\nabla^2\mathcal L\|_2 "
    r"\le 4\|\beta\|_2^2$.",
    parameters=(beta2,), assumptions=(INVOLUTION, NORMALISED), quantity=r"\|\nabla^2\mathcal L(\theta)\|_2", relation=Relation.LE,
    expression=4 * beta2.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

GRADIENT_NOISE = Claim(
    id="quantum-communication.gradient-noise", paper=PAPER, title="The noise of a gradient by parameter shift",
    statement=r"With $M$ shots for each of the $2D$ shifted losses the estimate $g$ is unbiased and $\mathbb E\|g - "
    r"\nabla\mathcal L\|^2 = \frac1M\sum_j\beta_j^2(2 - \mathcal L_{j+}^2 - \mathcal L_{j-}^2)$, at most:",
    parameters=(D, M, beta2), assumptions=(INVOLUTION, NORMALISED, UNBIASED, INDEPENDENT),
    quantity=r"\mathbb E\|g - \nabla\mathcal L\|^2", relation=Relation.LE, expression=2 * beta2.symbol / M.symbol,
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

SGD = Claim(
    id="quantum-communication.sgd", paper=PAPER, title="SGD on shots finds small gradients",
    statement=r"For steps $\eta \le 1/L_s$ from $\theta_0$ with an unbiased gradient of variance $\sigma^2$, as measured with "
    r"fresh shots ($L_s = 4\|\beta\|_2^2$, $\sigma^2 = 2\|\beta\|_2^2/M$):",
    parameters=(Ls, Lq0, eta, T, sigma2),
    assumptions=(
        Assumption("smooth", r"$\|\nabla^2\mathcal L\|_2 \le L_s$"), NORMALISED,
        Assumption("unbiased-gradient", r"$g$ has mean $\nabla\mathcal L(\theta_t)$ given the past"),
        Assumption("bounded-noise", r"$\mathbb E\|g - \nabla\mathcal L\|^2 \le \sigma^2$ given the past"),
        Assumption("step_size", r"$\eta \le 1/L_s$", sp.Le(eta.symbol, 1 / Ls.symbol)),
    ),
    quantity=r"\frac1T\sum_{t<T}\mathbb E\|\nabla\mathcal L(\theta_t)\|^2", relation=Relation.LE,
    expression=2 * (Lq0.symbol + 1) / (eta.symbol * T.symbol) + eta.symbol * Ls.symbol * sigma2.symbol,
    where="derived here", confidence="derived",
)  # fmt: skip

register(
    PARAMETER_SHIFT, SINUSOID, FEATURE_LOSS, FEATURE_GRADIENT, FEATURE_STATE, SHOTS, SHOT_VARIANCE, CHEBYSHEV, FREQUENCIES,
    SMOOTHNESS, GRADIENT_NOISE, SGD,
)  # fmt: skip
