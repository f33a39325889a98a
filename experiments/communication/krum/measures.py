"""What Krum returns under attack: exactly on finite laws and configurations, in samples on Gaussians and on data."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradproof.experiments.communication.krum import instances as on
from gradproof.experiments.communication.krum import methods
from gradproof.experiments.communication.krum.instances import GRID, Attack, Law, Vectors, errors, expected
from gradproof.experiments.engine.backend import backend as array_library
from gradproof.experiments.engine.backend import to_numpy
from gradproof.experiments.engine.draws import Draws
from gradproof.experiments.engine.measure import Enclosed, Sample, around, cases, measure
from gradproof.experiments.instances.attacks import ATTACKS, along_an_axis
from gradproof.solvers.order_statistics import least_correct_sum, least_score, neighbours, select
from gradproof.theory.communication import krum

With = tuple[Any, dict[str, Any]]  # the quantity, and parameters that the instance determines

VECTORS = [Fraction(v, 8) for v in (-50, -33, -8, 0, 1, 9, 17, 30, 49)]
AIMS = [Fraction(k, 3) for k in (-300, 0, 7, 300)]
WEIGHTS = {"mean": (Fraction(1, 10),) * 10, "lopsided": tuple(Fraction(w * w, 7) for w in range(1, 11))}


def attacker(U: Fraction, weights: tuple[Fraction, ...]) -> Fraction:
    """The vector of the last worker that makes a linear rule return U."""
    return (U - sum((w * v for w, v in zip(weights, VECTORS, strict=False)), Fraction(0))) / weights[-1]


@measure(krum.LINEAR_HIJACK, cases(weights=WEIGHTS, U=AIMS).guaranteeing("linear"))
def hijacked(weights: tuple[Fraction, ...], U: Fraction) -> Any:
    """Two linear rules of ten rational numbers, one of them the attacker's."""
    return sum(w * v for w, v in zip(weights, [*VECTORS, attacker(U, weights)], strict=True))


SIZES = on.settings("n f d", (5, 1, 1), (6, 1, 2), (7, 2, 1), (9, 2, 2), (9, 3, 2), (11, 4, 1))
SEARCHED = cases(size=SIZES, number=range(6)).where(lambda n, f: n > 2 * f + 2).guaranteeing("at_most_f")
ATTAINED = cases(n=6, f=1, vectors=[on.ATTAINED]).guaranteeing("at_most_f")


@measure(krum.NEIGHBOUR_COUNTS, SEARCHED)
@measure(krum.NEIGHBOUR_COUNTS, ATTAINED, name="correct_neighbours_attained")
def correct_neighbours(
    n: int, f: int, d: int = 1, number: int = 0, vectors: Vectors | None = None, which: Sequence[int] = ()
) -> Iterator[Any]:
    r"""$\delta_c(i)$ for every vector of configurations with colluders, ties and searched attacks."""
    correct, byzantine = vectors or on.configuration(n, f, d, number)
    for i in which or range(n):
        near = neighbours(correct + byzantine, f, i)
        yield sum(j < len(correct) for j in near), {"own": int(i >= len(correct))}


@measure(krum.DETERMINISTIC, SEARCHED)
@measure(krum.DETERMINISTIC, ATTAINED, name="distance_to_neighbours_attained")
def distance_to_neighbours(n: int, f: int, d: int = 1, number: int = 0, vectors: Vectors | None = None) -> With:
    r"""$\|\mathrm{Kr} - \bar m\|^2$ in the same configurations; one attains the bound."""
    correct, byzantine = vectors or on.configuration(n, f, d, number)
    V = correct + byzantine
    chosen = V.index(least_score(V, f))
    near = on.mean_vector([V[j] for j in neighbours(V, f, chosen) if j < len(correct)], f)
    distance = sum(((a - b) ** 2 for a, b in zip(V[chosen], near, strict=True)), Fraction(0))
    return distance, {"S_min": least_correct_sum(correct, f, n)}


def small(**axes: Any) -> Any:
    """Three laws and four sizes with few enough outcomes to enumerate."""
    sizes = on.settings("n f", (3, 0), (4, 0), (5, 1), (7, 2))
    few = cases(law=on.LAWS, size=sizes, **axes).where(lambda law, n, f: n > 2 * f + 2 and len(law) ** (n - f) < 100)
    return few.guaranteeing("at_most_f", "iid_correct", "one_law")


@measure(krum.MEAN_SQUARE, small())
def second_moment(law: Law, n: int, f: int, attack: Attack = GRID) -> With:
    r"""$\mathbb E\|\mathrm{Kr} - g\|^2$ by enumeration, the worst colluders on a grid."""
    return expected(errors(law, n, f, "far", attack), lambda y: y * y), {"variance": on.variance_of(law)}


@measure((krum.RESILIENCE, krum.RESILIENCE_SHARP), small(g_norm=[Fraction(120)]))
def inner_product(law: Law, n: int, f: int, g_norm: Fraction, attack: Attack = GRID) -> With:
    r"""$\langle\mathbb E\,\mathrm{Kr}, g\rangle$ by enumeration, the law moved to the mean $g$."""
    return (g_norm + expected(errors(law, n, f, "down", attack))) * g_norm, {"variance": on.variance_of(law)}


@measure(krum.MOMENTS, small(r=[2, 3, 4]))
def rth_moment(law: Law, n: int, f: int, r: int, attack: Attack = GRID) -> With:
    r"""$\mathbb E|\mathrm{Kr}|^r$ by enumeration, the worst colluders on a grid."""
    g = on.mean_of(law)
    value = expected(errors(law, n, f, "large", attack), lambda y: abs(y + g) ** r)
    return value, {"moment": sum(q * abs(v[0]) ** r for v, q in law)}


DEPENDENT = cases(size=SIZES[::2], number=range(4), r=[2, 3, 4]).where(lambda d, r: d == 1 or r % 2 == 0)


@measure(krum.MOMENTS, DEPENDENT.guaranteeing("at_most_f", "one_law"))
def dependent_vectors(n: int, f: int, d: int, number: int, r: int) -> With:
    r"""$\mathbb E\|\mathrm{Kr}\|^r$ of configurations in random cyclic order: the vectors have one law and depend on each other."""
    correct, byzantine = on.configuration(n, f, d, number)
    orders = [(*correct[k:], *correct[:k], *byzantine) for k in range(n - f)]

    def mean_power(vectors: Sequence[on.Value]) -> Any:
        norms = [sum(x * x for x in v) ** (r // 2) if r % 2 == 0 else abs(v[0]) ** r for v in vectors]
        return sum(norms, Fraction(0)) / len(norms)

    return mean_power([least_score(V, f) for V in orders]), {"moment": mean_power(correct)}


@measure(krum.SHARPER, cases(n=[*range(5, 13), 20], f=range(1, 7)).where(lambda n, f: n > 2 * f + 2))
def derived_constant(n: int, f: int) -> Any:
    r"""$\hat\eta^2(n, f)$ in exact arithmetic; at $n = 5$, $f = 1$ it is 8/9 of the paper's."""
    return krum.ETA2_SHARP.subs({krum.n.symbol: n, krum.f.symbol: f})


@measure(krum.NO_AVERAGING_GAIN, cases(p=[Fraction(k, 60) for k in (12, 30, 59)], a=[1, 3]).guaranteeing("two_points"))
def bias(p: Fraction, a: Fraction, n: int = 3, attack: Attack = GRID) -> Any:
    r"""$|\mathbb E\,\mathrm{Kr} - g|$ by enumeration."""
    return abs(expected(errors(on.law_of((0, 1 - p), (a, p)), n, 0, "far", attack)))


@measure(
    krum.SGD_BALL, small(step=on.settings("gamma x0", (Fraction(1, 4), 2), (Fraction(1), 8)), T=[1, 5, 20], mu=[1])
)
def exact_gap(law: Law, n: int, f: int, gamma: Fraction, x0: int, T: int, attack: Attack = GRID) -> With:
    r"""$\mathbb E\,x_T^2/2$ for $Q = x^2/2$, by its recursion."""
    error = errors(law, n, f, "far", attack)
    shift, square = expected(error), expected(error, lambda y: y * y)
    first, second = Fraction(x0), Fraction(x0) ** 2
    for _ in range(T):
        second = (1 - gamma) ** 2 * second - 2 * gamma * (1 - gamma) * first * shift + gamma**2 * square
        first = (1 - gamma) * first - gamma * shift
    return second / 2, {"L": 1, "gap0": Fraction(x0**2, 2), "variance": on.variance_of(law)}


@measure(
    krum.CONVERGENCE, small(noise=[Fraction(1, 100)]).guaranteeing(*(a.name for a in krum.CONVERGENCE.assumptions))
)
def limit(law: Law, n: int, f: int, noise: Fraction, attack: Attack = GRID) -> Any:
    r"""$\limsup|x_t|$ for $Q = x^2/2$, gradients $x(1 + \nu\xi)$, colluders at multiples of $x$, steps $1/(t + 2)$.

    The factors $1 - \gamma_t\mathrm{Kr}_t/x_t$ are independent. By the strong law $|x_t|$ tends to 0 if $\mathbb E\,\mathrm{Kr}/x$
    is positive, and to infinity if it is negative.
    """
    drift = 1 + noise * expected(errors(law, n, f, "down", attack))
    if drift == 0:
        raise ArithmeticError("without drift the strong law says nothing")
    return 0 if drift > 0 else Enclosed(1.0, math.inf, "truncation")


DRAWS = on.settings("n f d draws", (9, 2, 3, 500), (20, 6, 3, 200), (20, 8, 10, 100))
NORMAL = cases(size=DRAWS, attack={"axis": along_an_axis, **ATTACKS})


@measure((krum.MEAN_SQUARE, krum.MOMENTS), NORMAL.guaranteeing("at_most_f", "iid_correct", "one_law"))
def gaussians_under_attack(n: int, f: int, d: int, draws: int, attack: Any, rng: Any) -> With:
    r"""$\|\mathrm{Kr}\|^2$ of draws of $N(0, I)$, colluders at the farthest accepted place along an axis, and three attacks."""
    squares = Sample(methods.of_gaussians(n, f, d, draws, attack, rng))
    return squares, {"variance": float(d), "moment": float(d), "r": 2}


def on_data(*data: str) -> Any:
    """20 workers, f = 0, 3, 6, 8, three attacks where there are attackers."""
    some = cases(data=list(data), f=[0, 3, 6, 8], attack=list(ATTACKS))
    return some.where(lambda f, attack: f or attack == "noise").guaranteeing("at_most_f", "iid_correct")


@measure(krum.MEAN_SQUARE, on_data("breast_cancer"))
@measure(krum.MEAN_SQUARE, on_data("digits"), budget="full", name="minibatches_of_digits")
def minibatches(data: str, f: int, attack: str, backend: str, seed: int, budget: str) -> With:
    """Logistic regression with batches of 8, 20 workers: the squared error of every step over its exact variance."""
    options: dict[str, Any] = {"gamma": 0.1, "steps": 15 if budget == "quick" else 300, "seeds": 3, "on": backend}
    stream = (krum.MEAN_SQUARE.id, data, seed, attack)
    out = methods.train(methods.problem(data=data), 20, f, ATTACKS[attack], methods.krum_rule, stream=stream, **options)
    return Sample(out.ratio.values[0, :, 1:]), {"variance": 1.0, "n": 20}


MANY = on.settings("n f d", (200, 0, 10**6), (200, 60, 10**6))
LARGE = cases(size=MANY, attack=list(ATTACKS), draws=3).where(lambda f, attack: f or attack == "noise")


@measure(krum.DETERMINISTIC, LARGE.guaranteeing("at_most_f"), budget="gpu")
def distance_of_long_vectors(
    n: int, f: int, d: int, attack: str, draws: int, keys: Any, backend: str
) -> Iterator[With]:
    r"""$\|\mathrm{Kr} - \bar m\|^2$ of draws of $N(0, I)$ under attack, all distances from one Gram matrix."""
    library = array_library(backend)
    words = library.asarray(keys("vectors", seeds=1)[:, 0])
    for t in range(draws):
        with library.scope():
            random = Draws(words, t)
            G, noise = random.normal((n - f, d))[0], random.normal((max(f, 1), d), slot=1)[0]
            V = methods.attacked(G, noise, f, ATTACKS[attack])
            squares = to_numpy((V * V).sum(-1))
            D = np.maximum(squares[:, None] + squares - 2 * to_numpy(V @ V.T), 0)
            np.fill_diagonal(D, 0)
            chosen = int(to_numpy(select(V, f)))
            near = [j for j in np.argsort(D[chosen], kind="stable") if j != chosen][: n - f - 2]
            distance = float(((V[chosen] - V[[j for j in near if j < n - f]].mean(0)) ** 2).sum())
        least = np.sort(D[: n - f, : n - f], axis=1)[:, 1 : n - f - 1].sum(axis=1).min()
        off = 4 * d * 2.0**-52 * float(squares.max())  # of one squared distance from the Gram matrix
        share = (n - f - 2) / (n - 2 * f - 2)  # by which S_min, on the other side, is off
        yield around(distance, off * (1 + share)), {"S_min": float(least)}
