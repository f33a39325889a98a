"""What is sampled: runs of Leader SGD on quadratics and on data, and points of ellipsoids."""

from fractions import Fraction as F
from functools import cache
from typing import Any

import numpy as np

from gradproof.experiments.communication.leader_sgd import instances as on
from gradproof.experiments.communication.leader_sgd import methods
from gradproof.experiments.communication.leader_sgd.instances import Bowl
from gradproof.experiments.communication.leader_sgd.measures import NOISY, With
from gradproof.experiments.engine.measure import Holds, Sample, around, cases, measure, without
from gradproof.solvers import ellipsoid
from gradproof.theory.communication import leader_sgd as paper

RIDGE = 0.1


@cache
def logistic(data: str) -> tuple[Any, np.ndarray, float]:
    """Regularised regression on a data set, its minimiser, and a lower bound of its least value that is off by rounding only."""
    problem = methods.regularised(data, RIDGE)
    return problem, *methods.minimum(problem)


def start(p: int, d: int, far: float) -> np.ndarray:
    """Workers at different places (p, d), all within ``far`` of the origin."""
    x = np.cos(np.arange(p * d).reshape(p, d) * 1.7)
    return far * x / np.linalg.norm(x, axis=1, keepdims=True).max()


def run_of(
    problem: str, p: int, far: float, d: int, sigma: float, B: int
) -> tuple[Any, np.ndarray, dict[str, Any], float, Any]:
    """f, the start, what a claim says of both, the least value, and how a worker draws."""
    if problem == "quadratic":
        f, x0 = methods.Bowl(np.geomspace(0.1, 1, d), sigma / np.sqrt(d)), start(p, d, far)
        return f, x0, {"M": 1.0, "m": 0.1, "nu": 0.0, "sigma2": sigma**2}, 0.0, ((d,), "normal")
    P, _, least = logistic(problem)
    x0 = start(p, P.d, far)
    second = float(np.mean(np.sum(np.asarray(P.rows[0][0]) ** 2, axis=-1)))  # slopes of the loss are at most one
    return (
        methods.Rows(P, B),
        x0,
        {"M": float(P.L), "m": RIDGE, "nu": 0.0, "sigma2": second / B},
        least,
        ((B,), "uniform"),
    )


def value_after_a_run(
    problem: str, p: int, N: int, share: float, pull: float, seeds: int, keys: Any, backend: str, sigma: float = 0.5,
    far: float = 3.0, d: int = 2, B: int = 8, sigma_f: float = 0.0, a: float = 0.0,
) -> With:  # fmt: skip
    r"""$\mathbb E f(x_N)-f_*$, the mean of the workers, at a share of the longest step (or at $\eta_k=2/(m(k+a))$)."""
    f, x0, at, least, (shape, law) = run_of(problem, p, far, d, sigma, B)
    M, m = at["M"], at["m"]
    if a:
        a = a * 4 * M / m
        lam = pull * m**2 * a ** (2 if sigma_f else 1) / (4 * M)
        eta, force = (lambda k: 2 / (m * (k + a))), (lambda k: lam / (k + a)) if sigma_f else lam
        at |= {"a": a, "lam": lam}
    else:
        eta = share / (2 * M)
        force = lam = pull * m / (2 * M * eta)
        at |= {"eta": eta, "lam": lam}
    if sigma_f:
        at |= {"p": p, "sigma_f": sigma_f}
    out = methods.trace(
        methods.leader_sgd, f, x0, N, eta=eta, lam=force, shape=shape, law=law,
        words=keys(settings=[0], seeds=seeds), on=backend, sigma_f=sigma_f, at=[0, N],
    )  # fmt: skip
    value = out["mean"].values[0, :, -1] - least
    return Sample(value), {**at, "N": N, "gap": float(out["mean"].values[0, 0, 0]) - least}


SETTINGS = [
    {"problem": "quadratic", "p": p, "far": far, "N": N} for p, far, N in ((4, 3.0, 8), (16, 3.0, 8), (4, 0.1, 60))
]
SETTINGS += [{"problem": "breast_cancer", "p": 4, "far": 1.0, "N": 10}]
SIZE = {"share": 0.8, "pull": 0.9, "seeds": 40}
EXACT, CHOSEN = (*NOISY, "leader"), (*NOISY, "lowest_estimate", "estimates")

measure(paper.RATE, cases(run=SETTINGS, **SIZE).guaranteeing(*EXACT))(value_after_a_run)
measure(paper.DECREASING, cases(run=SETTINGS[:2], a=1.0, **SIZE).guaranteeing(*EXACT))(value_after_a_run)
measure(paper.STOCHASTIC, cases(run=SETTINGS[:3], sigma_f=[0.05, 1.0], **SIZE).guaranteeing(*CHOSEN))(value_after_a_run)
measure(paper.STOCHASTIC_DECREASING, cases(run=SETTINGS[:2], sigma_f=0.1, a=1.0, **SIZE).guaranteeing(*CHOSEN))(
    value_after_a_run
)
LONG = [{"problem": name, "p": p, "far": 1.0, "N": 200} for name in ("breast_cancer", "digits") for p in (4, 16)]
measure(
    paper.RATE,
    cases(run=LONG, share=0.8, pull=[0.5, 1.0], seeds=100).guaranteeing(*EXACT),
    budget="full",
    name="longer_runs",
)(value_after_a_run)
MANY = cases(problem="quadratic", p=256, d=100_000, far=3.0, N=[20, 200], sigma=1.0, share=0.8, pull=0.9, seeds=8)
measure(paper.RATE, MANY.guaranteeing(*EXACT), budget="gpu", name="many_workers_in_high_dimension")(value_after_a_run)


BLOCK = 1000  # points of a block, whose share is one observation


def shares(bowl: Bowl, lam: float, blocks: int, rng: Any) -> Sample:
    """Shares of blocks of uniform points of E that improve the angle."""
    A, x = bowl.A.astype(float), bowl.x.astype(float)
    inside = ellipsoid.improves(A, x, 0 * x, ellipsoid.uniform(A, x, 0 * x, blocks * BLOCK, rng), lam)
    return Sample(inside.reshape(blocks, BLOCK).mean(axis=1), at_most=1)


@measure(paper.HALF_VOLUME, cases(bowl=[*on.BOWLS, on.spread_out(10, 10.0)], blocks=100))
def share_of_points(bowl: Bowl, blocks: int, rng: Any) -> With:
    r"""The share of uniform points of $E$ on the improving side as $\lambda\to0$, for quadratics in 2, 3, 4 and 10 dimensions."""
    h = float(ellipsoid.height2(bowl.A, bowl.x, bowl.centre)) ** 0.5
    return shares(bowl, 0.0, blocks, rng), {"h": h, "d": len(bowl.x)}


STRENGTHS = [0.01, 100.0, float("inf")]
WIDE = [on.PLANE[4.0], on.PLANE[100.0], on.two_curvatures(10, 10.0)]


@measure(paper.LARGE_ANGLE, cases(bowl=WIDE, lam=STRENGTHS, blocks=40))
def share_at_a_large_angle(bowl: Bowl, lam: float, blocks: int, rng: Any) -> With:
    r"""The share of uniform points of $E$ that improve the angle, at pulls from weak to infinitely strong."""
    width = ellipsoid.width(bowl.A, bowl.x, bowl.centre) * (1 + 2.0**-40)
    return shares(bowl, lam, blocks, rng), {"tan": ellipsoid.tangent(bowl.A, bowl.x, bowl.centre), "width": width}


def stays(pulled: str, lam: F, backend: str, steps: int = 1000) -> Any:
    r"""Whether two workers that start near $\pm\sqrt{1-\lambda}$ come back to them, without noise."""
    make = methods.elastic_averaging if pulled == "centre" else methods.leader_sgd
    place = float(1 - lam) ** 0.5
    x0 = np.array([[place + 0.01], [-place + 0.005]])
    out = methods.trace(
        make, methods.Wells(0.0), x0, steps, eta=0.1, lam=float(lam), shape=(1,), law="normal",
        words=np.zeros((1, 1, 2), dtype=np.int64), on=backend, at=[0, steps], iterates=True,
    )  # fmt: skip
    far = np.abs(np.sort(out["x"].values[0, 0, :, :, 0], axis=-1) - np.array([-place, place])).max(axis=-1)
    return Holds(bool(far[1] < far[0] / 100), at=lam)


NEAR = cases(lam=[F(1, 2), F(3, 5), F(7, 10), F(4, 5)])
measure(paper.EASGD, NEAR.let(pulled=lambda: "centre").guaranteeing("double_well", "free_centre"))(stays)


# --- a leader against a centre ----------------------------------------------------------------------------------------

STEP, STEPS, WORKERS = 0.2, 50, 8


def best_of(make: Any, f: Any, x0: np.ndarray, eta: float, share: float, steps: int, backend: str) -> float:
    """The least f of the workers at the end of a run without noise."""
    words = np.zeros((1, 1, 2), dtype=np.int64)
    out = methods.trace(
        make, f, x0, steps, eta=eta, lam=share / eta, shape=(1,), law="normal", words=words, on=backend
    )  # fmt: skip
    return float(out["leader"].values[0, 0, -1])


def beside_a_centre(f: Any, x0: np.ndarray, share: float, backend: str, slower: float = 1.0) -> With:
    """The best worker with a leader, with the rounding of the two values, and with a centre."""
    led, drawn = (
        best_of(make, f, x0, STEP / part, share, STEPS, backend)
        for make, part in ((methods.leader_sgd, slower), (methods.elastic_averaging, 1.0))
    )
    return around(led, 2 * x0.shape[-1] * 2.0**-52 * (led + drawn + 1)), {"elastic": drawn}


def factors(d: int, rank: int, number: int) -> tuple[methods.Factors, np.ndarray]:
    """M = FF' with F (d, rank) and eight starts, all with entries N(0, 1/d)."""
    rng = np.random.default_rng([d, rank, number])
    factor, x0 = rng.standard_normal((d, rank)), rng.standard_normal((WORKERS, d * rank))
    return methods.Factors(factor @ factor.T / d), x0 / np.sqrt(d)


TOGETHER = ("rotations", "same_run")
SMALL = cases(d=20, rank=[1, 10], number=[0, 2], share=[0.02, 0.1])
LARGE = cases(d=[50, 100], rank=[1, 5, 10], number=[0, 1, 2], share=[0.02, 0.1])


@measure(paper.FACTORS, LARGE.guaranteeing(*TOGETHER), budget="full", name="best_worker_on_larger_matrices")
@measure(paper.FACTORS, SMALL.guaranteeing(*TOGETHER))
def best_worker_behind_a_leader(
    d: int, rank: int, number: int, share: float, backend: str, slower: float = 1.0
) -> With:
    r"""$\min_if(x^i)$ after 50 steps of LGD from random starts, beside that of EAGD."""
    return beside_a_centre(*factors(d, rank, number), share, backend, slower)


def best_worker_in_a_valley(share: float, backend: str) -> With:
    """A parabola whose leader is far along its flat axis; the others, high on the slopes, are at the minimum of that axis."""
    others = [[0.0, 10.0 * (-1) ** k] for k in range(WORKERS - 1)]
    return beside_a_centre(methods.Bowl(np.array([0.01, 1.0])), np.array([[1.0, 0.0], *others]), share, backend)


without(paper.FACTORS, "rotations", best_worker_in_a_valley, cases(share=[0.02, 0.1]).guaranteeing("same_run"))
#: The leader's workers with a twentieth of the step.
slow = cases(d=20, rank=[2, 10], number=0, share=0.1, slower=20.0).guaranteeing("rotations")
without(paper.FACTORS, "same_run", best_worker_behind_a_leader, slow)
