"""Measures of what is sent: transfers counted, signs and majorities in ball arithmetic, codes, ensembles."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from gradproof.experiments.engine.measure import Enclosed, around, cases, enclosed, measure
from gradproof.experiments.instances.data import pixels
from gradproof.experiments.limits.quantum_communication import instances as data
from gradproof.solvers.exact.balls import enclose
from gradproof.solvers.statevector import encode
from gradproof.theory.errors import ParameterError
from gradproof.theory.limits import quantum_communication as paper

F = Fraction
Found = tuple[Any, dict[str, Any]]
ALONE = "no-shared-entanglement"

# --- counts ---------------------------------------------------------------------------------------------------------------

SIZES = cases(L=[1, 3], n=[4, 20], M=[1, 738]).guaranteeing("alternating")


def transfers(L: int, at: str = "Alice") -> int:
    """How often the register changes hands in A_L B_L ... A_1 B_1 |psi>, from the party that has the data."""
    moves = 0
    for gate in ("Bob", "Alice") * L:
        moves, at = moves + (gate != at), gate
    return moves


@measure(paper.QUBIT_COUNT, SIZES)
def qubits(L: int, n: int, M: int, at: str = "Alice") -> int:
    r"""Qubits handed over in $M$ passes."""
    return sum(n * transfers(L, at) for _ in range(M))


@measure(paper.GRADIENT_COUNT, SIZES.where(lambda M: M > 1).let(D=lambda L: 4 * L).guaranteeing("two_circuits"))
def qubits_of_a_gradient(L: int, n: int, M: int, D: int, forward: bool = False) -> int:
    r"""Qubits handed over for two circuits an entry; ``forward``: for one an entry, and one for all."""
    circuits = [(k, shift) for k in range(D) for shift in ((1,) if forward else (1, -1))] + [(0, 0)] * forward
    return sum(qubits(L, n, M) for _ in circuits)


# --- linear classification from above -------------------------------------------------------------------------------------


@measure(paper.SKETCH_AGREEMENT, cases(rho=[F(1, 10), F(1, 4), F(-3, 5), F(9, 10)]).guaranteeing("gaussian-directions"))
def agreeing(rho: Fraction) -> Enclosed:
    r"""The probability by quadrature of the normal law of $\langle g,x\rangle$, in ball arithmetic."""
    return Enclosed(*enclose(lambda: data.agreement(rho), width=F(1, 10**25)), "quadrature")


BITS = [
    {"gamma": F(1, 10), "m": 1474},
    {"gamma": F(1, 4), "m": 356},
    {"gamma": F(1, 4), "m": 41},
    {"gamma": F(1, 2), "m": 1},
]


@measure(paper.LINEAR_UPPER, cases(size=BITS, surplus=[F(1), F(3, 2)]).let(rho=lambda gamma, surplus: surplus * gamma)
         .guaranteeing("gaussian-directions"))  # fmt: skip
def erring(rho: Fraction, m: int) -> Enclosed:
    r"""$P(\text{error})$ of the majority, a sum over the binomial law in ball arithmetic."""
    return enclosed(lambda: data.majority_error(rho, m))


@measure(paper.MAJORITY, cases(a=[F(1, 50), F(1, 5), F(9, 20)], m=[1, 2, 41, 200]).guaranteeing("independence"))
def outvoted(a: Fraction, m: int, together: bool = False) -> Fraction:
    r"""$P(\text{error})$, a sum over the binomial law in rationals; ``together``: one bit is sent $m$ times."""
    m = 1 if together else m
    return data.binomial(m, F(1, 2) + a, lambda k: 2 * k <= m)


# --- linear classification from below -------------------------------------------------------------------------------------


@measure(paper.LINEAR_LOWER, cases(k=[2, 3, 5, 7]).guaranteeing(ALONE))
def qubits_of_a_code(k: int) -> Found:
    r"""Qubits of an access code; $\delta$ is the error of its worst bit, over all bits and strings, rounded upwards."""
    observables = data.anticommuting(k)
    worst = max(1 - float(data.answers(observables, s).min()) for s in data.signs(k))
    return observables[0].n, {"delta": F(worst) + F(1, 10**12), "gamma": 1 / sp.sqrt(k)}


@measure(paper.LINEAR_LOWER, cases(k=[1, 4, 100]).guaranteeing(ALONE))
def qubits_of_plain_bits(k: int) -> Found:
    r"""One qubit for each bit in its basis: no error, so that $\delta$ may be as small as one likes."""
    return k, {"delta": F(1, 10**12), "gamma": 1 / sp.sqrt(k)}


def qubits_of_superdense_coding(pairs: int) -> Found:
    r"""Qubits sent for two bits each, with pairs that were shared before; the error is what the overlaps leave."""
    states = data.superdense(pairs)
    error = float(np.abs(data.gram(states) * len(states) - np.eye(len(states))).max())
    return pairs, {"delta": F(error) + F(1, 10**12), "gamma": 1 / sp.sqrt(2 * pairs)}


HELD = ("orthonormal", "unit", "all-margins")


@measure(paper.MARGIN_DIMENSION, cases(k=[1, 4, 9, 100]).guaranteeing(*HELD))
def questions(k: int, repeated: bool = False, scale: int = 1) -> Found:
    r"""The number of questions of the instance, each with the margin $\langle x,w_j\rangle$ that its entry has."""
    return (k * k if repeated else k), {"gamma": scale / sp.sqrt(k)}


@measure(paper.MARGIN_DIMENSION, cases(k=[3, 64], seed_=[0, 1]).guaranteeing(*HELD))
def random_questions(k: int, seed_: int) -> Found:
    r"""A random orthonormal basis of $\mathbb R^k$ against a random unit vector; the margin is the least, rounded downwards."""
    rng = np.random.default_rng([k, seed_])
    w, x = np.linalg.qr(rng.standard_normal((k, k)))[0], rng.standard_normal(k)
    return k, {"gamma": float(np.abs(w.T @ (x / np.linalg.norm(x))).min()) * (1 - 1e-9)}


@measure(paper.ACCESS_CODE, cases(k=[1, 2, 3, 5, 7]).guaranteeing("anticommuting", ALONE))
def answered(k: int, commuting: bool = False, strings: int = 4) -> Iterator[Any]:
    r"""The success averaged over bits, of $v = (\sqrt k + S)e$ with $S = \sum_js_jA_j$, exactly: whole numbers and $\sqrt k$."""
    observables = (data.Pauli("Z"),) * k if commuting else data.anticommuting(k)
    e = np.eye(2 ** observables[0].n, dtype=complex)[0]
    for s in data.signs(k)[:strings]:
        S = lambda v, s=s: sum(c * A(v) for c, A in zip(s, observables, strict=True))  # noqa: E731
        first, second, third = (int(x.real) for x in (np.vdot(e, S(e)), np.vdot(S(e), S(e)), np.vdot(S(e), S(S(e)))))
        mean = (k * first + 2 * sp.sqrt(k) * second + third) / (k + 2 * sp.sqrt(k) * first + second)
        yield sp.Rational(1, 2) + sp.radsimp(mean) / (2 * k)


# --- what states carry ----------------------------------------------------------------------------------------------------

ENSEMBLES = {"two bases": data.two_bases, "shifts": data.shifts, "digits": lambda n: encode(pixels()[0][:200])}


@measure(paper.HOLEVO, cases(ensemble="two bases", n=3, M=[2, 3]).guaranteeing(ALONE), name="information_in_two_bases")
@measure(paper.HOLEVO, cases(ensemble="shifts", n=[1, 3], M=[1, 2]).guaranteeing(ALONE))
@measure(paper.HOLEVO, cases(ensemble="digits", n=6, M=[1, 2, 4]).guaranteeing(ALONE), name="information_on_digits")
def information(ensemble: str, n: int, M: int) -> Enclosed:
    r"""$\chi = S(\rho_{avg})$ of equiprobable pure states, $M$ copies."""
    return around(*data.entropy(ENSEMBLES[ensemble](n), M))


@measure(paper.HOLEVO, cases(n=[1, 3], M=1).guaranteeing(ALONE))
def information_in_a_basis(n: int) -> Fraction:
    r"""$\chi$ of the states of a basis, whose mixture has the eigenvalues $2^{-n}$: powers of two, of which floats round none."""
    x = np.diag(data.gram(np.eye(2**n)))
    return F(float(-(x * np.log2(x)).sum()))


def information_with_pairs(n: int) -> Enclosed:
    r"""$\chi$ for the receiver of $n$ qubits who holds the other halves of $n$ pairs."""
    return around(*data.entropy(data.superdense(n)))


@measure(paper.DECODING, cases(of=[{"ensemble": "shifts", "n": 3}, {"ensemble": "digits", "n": 6}]).guaranteeing(ALONE))
def guessing(ensemble: str, n: int) -> Found:
    r"""Success of the square-root measurement."""
    states = ENSEMBLES[ensemble](n)
    return around(*data.guessed(states)), {"d": 2**n, "K": len(states)}


def guessing_with_pairs(n: int) -> Found:
    r"""The same for the receiver of $n$ qubits who holds the other halves of $n$ pairs."""
    return around(*data.guessed(data.superdense(n))), {"d": 2**n, "K": 4**n}


@measure(paper.DECODING, cases(n=[1, 3]).guaranteeing(ALONE))
def guessing_in_two_bases(n: int) -> Found:
    r"""Success of $E_x = \frac dK|\psi_x\rangle\langle\psi_x|$ for a basis and its Hadamard transform, in rationals."""
    d, states = 2**n, data.two_bases(n)
    # entries of the projectors are 0, 1 or +-1/d
    projectors = [np.vectorize(lambda c: F(round(d * c), d), otypes=[object])(np.outer(v, v).real) for v in states]
    share = F(d, len(states))
    if not (share * sum(projectors) == np.eye(d, dtype=int)).all():
        raise ParameterError("the operators are no measurement")
    return sum(share * (P @ P).trace() for P in projectors) / len(states), {"d": d, "K": len(states)}
