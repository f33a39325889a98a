"""What is sent: counts of qubits, linear classification from above and from below, and what qubits can carry."""

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.evidence import Relation
from gradproof.theory.limits.quantum_communication.circuits import INDEPENDENT, PAPER, SIGNED_UNIT, D, M
from gradproof.theory.parameter import COUNT, UNIT_LOPEN, Parameter
from gradproof.theory.registry import register

L = Parameter("L", "number of layers of each party", COUNT)
n = Parameter("n", r"number of qubits, $\log_2N$", COUNT)
N = Parameter("N", "dimension of the data", COUNT)
rho = Parameter("rho", r"$\langle x, w\rangle$ of the two unit vectors", SIGNED_UNIT, r"\rho")
size = Parameter("rho", r"$|\langle x, w\rangle|$ of the two unit vectors", sp.Interval(0, 1), r"|\rho|")
gamma = Parameter("gamma", "margin", UNIT_LOPEN, r"\gamma")
m = Parameter("m", "number of bits sent", COUNT)
a = Parameter("a", r"by how much a bit agrees more often than half of the time", sp.Interval.open(0, sp.Rational(1, 2)))
delta = Parameter("delta", "probability of error", sp.Interval.open(0, sp.Rational(1, 2)), r"\delta")
k = Parameter("k", "number of bits that are encoded", COUNT)
K = Parameter("K", "number of equiprobable messages", COUNT)
d = Parameter("d", "dimension of what is received: $N^M$ for $M$ copies of $n$ qubits", COUNT)
c = Parameter("c", "a constant that the source does not name")

ALTERNATING = Assumption(
    "alternating", "Alice has the data and measures; layers of Bob and Alice alternate, $n$ qubits a hop"
)
UNENTANGLED = Assumption("no-shared-entanglement", "the parties share random bits at most, and no entangled qubits")
GAUSSIAN = Assumption("gaussian-directions", r"the public random directions are independent $g_i \sim N(0, I_N)$")

QUBIT_COUNT = Claim(
    id="quantum-communication.qubit-count", paper=PAPER, title="Qubits for one estimate of the loss",
    statement=r"A pass $A_LB_L\cdots A_1B_1|\psi(x)\rangle$ hands $n = \log_2N$ qubits over $2L$ times, and $M$ shots need "
    r"$M$ passes: "
    r"$O(L\log N/\varepsilon^2)$ with $M$ of `quantum-communication.shots`. Twice the data is $2LM$ qubits more; a vector that is "
    "relayed classically doubles.",
    parameters=(L, n, M), assumptions=(ALTERNATING,), quantity=r"\text{number of qubits sent}", relation=Relation.EQ,
    expression=2 * L.symbol * n.symbol * M.symbol, where="first lemma (as a count)", confidence="derived", tight=True,
)  # fmt: skip

GRADIENT_COUNT = Claim(
    id="quantum-communication.gradient-count", paper=PAPER, title="Qubits for one gradient by parameter shift",
    statement=r"Two circuits a parameter, $M$ shots each, are linear in $D$. This is the price of SGD as it is run here, and "
    r"not the "
    "paper's: by shadow tomography on the states of `quantum-communication.feature-state` its gradients are polylogarithmic in the "
    "number of parameters, too.",
    parameters=(L, n, M, D), assumptions=(ALTERNATING, Assumption("two_circuits", "each derivative is estimated by two circuits")),
    quantity=r"\text{number of qubits sent}", relation=Relation.EQ, expression=4 * D.symbol * L.symbol * n.symbol * M.symbol,
    where="derived here", confidence="derived", tight=True,
)  # fmt: skip

CLASSICAL_LOWER_BOUND = Claim(
    id="quantum-communication.classical-lower-bound", paper=PAPER,
    title="Classical protocols need a power of $N$ (a citation, without evidence)",
    statement=r"Classical protocols for the same problem need $\Omega(\max(\sqrt N, L))$ bits, by reduction from known "
    r"communication problems. "
    "A quantifier over all protocols is beyond what is checked here: nothing supports this statement but its source.",
    parameters=(N, L, c), assumptions=(Assumption("classical", "the parties exchange bits"),),
    quantity=r"\text{number of bits sent}",
    relation=Relation.GE, expression=c.symbol * sp.Max(sp.sqrt(N.symbol), L.symbol), where="second lemma", confidence="recalled",
)  # fmt: skip

SKETCH_AGREEMENT = Claim(
    id="quantum-communication.sketch-agreement", paper=PAPER, title="How often two signs agree",
    statement=r"$P(\operatorname{sign}\langle g,x\rangle = \operatorname{sign}\langle g,w\rangle) = 1 - \arccos(\rho)/\pi$, "
    r"in any dimension (Sheppard 1899).",
    parameters=(rho,), assumptions=(GAUSSIAN,),
    quantity=r"P(\operatorname{sign}\langle g,x\rangle = \operatorname{sign}\langle g,w\rangle)", relation=Relation.EQ,
    expression=sp.Rational(1, 2) + sp.asin(rho.symbol) / sp.pi, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

LINEAR_UPPER = Claim(
    id="quantum-communication.linear-upper", paper=PAPER, title="Linear classification needs few classical bits, whatever $N$",
    statement=r"Alice sends $m$ bits $\operatorname{sign}\langle g_i,x\rangle$, Bob takes the majority of their products with "
    r"$\operatorname{sign}\langle g_i,w\rangle$. So $m = \lceil\pi^2\ln(1/\delta)/(2\arcsin(\gamma)^2)\rceil$ bits decide the "
    r"sign of $\langle x,w\rangle$ with error $\le \delta$: no exponential advantage is left to qubits.",
    parameters=(size, gamma, m),
    assumptions=(GAUSSIAN, Assumption("margin", r"$|\langle x,w\rangle| \ge \gamma$", sp.Ge(size.symbol, gamma.symbol))),
    quantity=r"P(\text{error})", relation=Relation.LE,
    expression=sp.exp(-2 * m.symbol * sp.asin(gamma.symbol) ** 2 / sp.pi**2), where="Section on linear classification; "
        "derived here",
    confidence="derived", remark="A tie counts as an error.",
)  # fmt: skip

MAJORITY = Claim(
    id="quantum-communication.majority", paper=PAPER, title="A majority of bits errs rarely, by the variance",
    statement=r"For $m$ independent bits that are right with probability $\frac12 + a$, by Cantelli's inequality: with "
    r"$a = \arcsin(\gamma)/\pi$ a bound for the sketch of `quantum-communication.linear-upper` that knows nothing of $N$.",
    parameters=(a, m), assumptions=(INDEPENDENT,), quantity=r"P(\text{error})", relation=Relation.LE,
    expression=(1 - 4 * a.symbol**2) / (1 - 4 * a.symbol**2 + 4 * m.symbol * a.symbol**2), where="derived here",
    confidence="derived", remark="A tie counts as an error.",
)  # fmt: skip

_H2 = -(delta.symbol * sp.log(delta.symbol) + (1 - delta.symbol) * sp.log(1 - delta.symbol)) / sp.log(2)

LINEAR_LOWER = Claim(
    id="quantum-communication.linear-lower", paper=PAPER, title="Linear classification needs as many qubits, but for a factor",
    statement=r"A one-way protocol that decides every margin $\gamma$ with error $\delta$ in dimension $N \ge 1/\gamma^2$ decides "
    r"$x = k^{-1/2}\sum_is_ie_i$ against every $w = e_j$, $k = \lfloor1/\gamma^2\rfloor$: any one of $k$ bits. That takes "
    r"$(1 - H_2(\delta))k$ qubits (Nayak 1999, cited). Against `quantum-communication.linear-upper` a factor of $\delta$ "
    r"alone is left.",
    parameters=(delta, gamma), assumptions=(UNENTANGLED,), quantity=r"\text{number of qubits sent}", relation=Relation.GE,
    expression=(1 - _H2) * sp.floor(1 / gamma.symbol**2), where="derived here from Nayak's bound", confidence="derived", tight=True,
    remark="Of one kind of evidence: that no protocol does better is Nayak's theorem, cited; codes and plain bits obey the bound.",
)  # fmt: skip

MARGIN_DIMENSION = Claim(
    id="quantum-communication.margin-dimension", paper=PAPER, title="A margin for many orthogonal questions is small",
    statement=r"If a unit vector $x$ has $|\langle x,w_j\rangle| \ge \gamma$ for orthonormal $w_1,\dots,w_k$, then $k \le "
    r"1/\gamma^2$; the "
    r"instance of `quantum-communication.linear-lower`, $x = k^{-1/2}\sum_is_ie_i$, attains it: no longer code hides in a margin.",
    parameters=(gamma,),
    assumptions=(
        Assumption("orthonormal", "the $w_j$ are orthonormal"), Assumption("unit", r"$\|x\| = 1$"),
        Assumption("all-margins", r"$|\langle x,w_j\rangle| \ge \gamma$ for all $j$"),
    ),
    quantity="k", relation=Relation.LE, expression=1 / gamma.symbol**2, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

ACCESS_CODE = Claim(
    id="quantum-communication.access-code", paper=PAPER, title="The best average success of questions that anticommute",
    statement=r"Bit $j$ of $s \in \{-1,1\}^k$ is read by $\pm1$-valued observables $A_j$ that anticommute, on a state that "
    r"may depend on $s$. The "
    r"success, averaged over $j$, is at most $\frac12 + \frac1{2\sqrt k}$, and the top eigenvector of $\sum_js_jA_j$ attains "
    r"it: one qubit holds $k = 2$ or $3$ bits, $q$ qubits hold $2q+1$.",
    parameters=(k,), assumptions=(
        Assumption("anticommuting", r"$A_j$ Hermitian, $A_j^2 = I$, $A_iA_j = -A_jA_i$ for $i \ne j$"), UNENTANGLED,
    ),
    quantity=r"\frac1k\sum_jP(\text{bit } j \text{ is right})", relation=Relation.LE,
    expression=sp.Rational(1, 2) + 1 / (2 * sp.sqrt(k.symbol)), where="derived here", confidence="derived", tight=True,
)  # fmt: skip

HOLEVO = Claim(
    id="quantum-communication.holevo", paper=PAPER, title="What $M$ copies reveal",
    statement=r"$M$ copies of an $n$-qubit state out of an ensemble reveal at most $\chi \le S(\rho_{avg}) \le Mn$ bits "
    r"(Holevo): who learns from the states of inference learns little of the data.",
    parameters=(n, M), assumptions=(UNENTANGLED,), quantity=r"\chi", relation=Relation.LE, expression=n.symbol * M.symbol,
    where="section on privacy (number not recalled)", tight=True,
)  # fmt: skip

DECODING = Claim(
    id="quantum-communication.decoding", paper=PAPER, title="Guessing a message from qubits",
    statement=r"Whatever the states and the measurement, one of $K$ equiprobable messages is guessed from a state in "
    r"dimension $d$ with probability at most $d/K$.",
    parameters=(d, K), assumptions=(UNENTANGLED,), quantity=r"P(\text{right guess})", relation=Relation.LE,
    expression=d.symbol / K.symbol, where="derived here", confidence="derived", tight=True,
)  # fmt: skip

register(
    QUBIT_COUNT, GRADIENT_COUNT, SKETCH_AGREEMENT, LINEAR_UPPER, MAJORITY, LINEAR_LOWER, MARGIN_DIMENSION, ACCESS_CODE, HOLEVO,
    DECODING,
)  # fmt: skip
