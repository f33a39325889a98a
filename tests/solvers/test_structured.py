"""Gradient descent in local form: values against closed forms, certificates, exact optima, controls."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from gradproof.solvers.exact import fast_check
from gradproof.solvers.pep.certify import structured
from gradproof.solvers.pep.certify.certificate import CertificateUnavailable
from gradproof.solvers.pep.certify.structured import gradient_descent, sweep
from gradproof.solvers.pep.certify.structured_certificate import balance, prove, statement
from gradproof.solvers.pep.certify.structured_exact import trajectories
from gradproof.solvers.pep.model.expressions import PepError
from gradproof.solvers.pep.solve import interior_point
from gradproof.solvers.pep.solve.answer import Status
from gradproof.solvers.pep.solve.structured_model import MEASURES, Descent, low_rank
from gradproof.theory import proof as kernel
from gradproof.theory.errors import ProofRejected
from gradproof.theory.proof_json import read_proof, write_proof


def truth(N: int, h: F, mu: F, measure: str) -> float:
    """Closed forms for L = 1: Taylor, Hendrickx, Glineur (2017, 2018); Abbaszadehpeivasti et al. (2022)."""
    x, m = float(h), float(mu)
    if measure == "smallest-gradient":
        return 4 / (N * x * min(4 - x, 4 - x * x) + 2)
    if measure == "distance":
        return max((1 - m * x) ** 2, (1 - x) ** 2) ** N
    if measure == "gradient":
        short = 1 / (N * x + 1) if m == 0 else m / (m - 1 + (1 - m * x) ** -N)
        return max(short, abs(1 - x) ** N) ** 2
    short = 1 / (2 * N * x + 1) if m == 0 else m / (m - 1 + (1 - m * x) ** (-2 * N))
    return max(short, (1 - x) ** (2 * N)) / 2


CASES = [
    (N, h, mu, measure)
    for measure, mu in (
        ("function-value", F(0)),
        ("function-value", F(1, 10)),
        ("smallest-gradient", F(-1)),
        ("distance", F(1, 10)),
        ("gradient", F(0)),
        ("gradient", F(1, 10)),
    )
    for N, h in ((1, F(1)), (3, F(1, 10)), (12, F(37, 25)))
]


@pytest.mark.parametrize(("N", "h", "mu", "measure"), CASES)
@pytest.mark.parametrize("solver", ["chordal", "interior"])
def test_values_agree_with_closed_forms(N: int, h: F, mu: F, measure: str, solver: str) -> None:
    """To 1e-6: the agreement of primal and dual values at which a solve counts."""
    worst = gradient_descent(N, h / 2, 2, 2 * mu, measure=measure, solver=solver)
    assert worst.status is Status.SOLVED, worst.reason
    expected = truth(N, h, mu, measure) * float(worst.descent.unit)
    assert abs(worst.bound / expected - 1) <= 1e-6
    assert len(worst.multipliers) == len(worst.pairs)


@pytest.mark.parametrize(("N", "h", "mu", "measure"), CASES)
def test_certificates_are_above_the_truth_and_within_1e_9(N: int, h: F, mu: F, measure: str) -> None:
    worst = gradient_descent(N, h / 2, 2, 2 * mu, measure=measure)
    certificate = worst.certify()
    expected = truth(N, h, mu, measure) * float(worst.descent.unit)
    assert -1e-14 <= float(certificate.bound) / expected - 1 <= 1e-9  # 1e-14: the closed form is a float
    proof = read_proof(write_proof(certificate.proof))
    assert kernel.check(proof) == fast_check.check(certificate.proof) == certificate.accepted


@pytest.mark.parametrize(("N", "h", "mu", "measure"), [c for c in CASES if c[3] != "smallest-gradient"])
def test_the_exact_optimum_is_attained_and_proved(N: int, h: F, mu: F, measure: str) -> None:
    worst = gradient_descent(N, h, 1, mu, measure=measure)
    certificate = worst.exact()
    assert certificate.bound == max(t[2] for t in trajectories(worst.descent))
    kernel.check(certificate.proof)
    below = certificate.bound * (1 - F(1, 10**40))
    too_good = replace(certificate.proof, statement=statement(worst.descent, below))
    for check in (kernel.check, fast_check.check):
        with pytest.raises(ProofRejected):
            check(too_good)


def test_forty_steps_exactly() -> None:
    assert gradient_descent(40, 1).exact().bound == F(1, 162)
    assert gradient_descent(40, F(37, 25)).exact().bound == F(5, 1194)


@pytest.mark.parametrize(("N", "h", "mu", "measure"), CASES)
def test_explicit_functions_are_members_of_the_class(N: int, h: F, mu: F, measure: str) -> None:
    """Their trajectories satisfy every interpolation inequality, in rationals, so their measure is a lower bound."""
    descent = Descent(N, h, F(1), mu, measure)
    if descent.nonconvex:
        assert descent.lower == 0.0
        return
    for x, g, value in trajectories(descent):
        assert all(x[k + 1] == x[k] - h * g[k] for k in range(N))
        points = [*zip(x, g, strict=True), (F(0), F(0))]
        # a one-dimensional gradient is that of a member iff its slopes lie in [mu, L]
        for a, ga in points:
            for b, gb in points:
                assert (ga - gb - mu * (a - b)) * ((a - b) - (ga - gb)) >= 0
        assert float(value) <= truth(N, h, mu, measure) * (1 + 1e-12)


def test_random_instances_at_forty_steps() -> None:
    """A sample of what benchmarks/pep.py does 150 times."""
    rng = np.random.default_rng(0)
    for k in range(6):
        h = F(int(rng.integers(10, 149)), 100)
        mu, measure = ((F(0), "function-value"), (F(int(rng.integers(1, 50)), 100), "function-value"),
                       (F(-1), "smallest-gradient"))[k % 3]  # fmt: skip
        certificate = gradient_descent(40, h, 1, mu, measure=measure).certify()
        assert float(certificate.bound) / truth(40, h, mu, measure) - 1 <= 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mu", "measure"), [(0, "function-value"), (F(1, 10), "function-value"), (-1, "smallest-gradient")]
)
def test_a_thousand_steps(mu, measure: str) -> None:
    certificate = gradient_descent(1000, F(3, 4), 1, mu, measure=measure, solver="chordal").certify()
    assert -1e-13 <= float(certificate.bound) / truth(1000, F(3, 4), F(mu), measure) - 1 <= 1e-6
    fast_check.check(certificate.proof)


def test_a_tiny_value_keeps_its_digits() -> None:
    """mu = L/10, 200 steps: 2.5e-20."""
    certificate = gradient_descent(200, 1, 1, F(1, 10), solver="chordal").certify()
    assert -1e-13 <= float(certificate.bound) / truth(200, F(1), F(1, 10), "function-value") - 1 <= 1e-7


def test_neighbours_are_not_enough_just_below_the_best_step_and_that_is_seen() -> None:
    expected = truth(8, F(9, 5), F(0), "function-value")
    chain = gradient_descent(8, F(9, 5), solver="chordal")
    assert chain.bound > expected * 1.3
    assert chain.status is Status.UNDECIDED
    assert "all-pairs" in chain.reason
    every = gradient_descent(8, F(9, 5))
    assert every.solver == "all-pairs"
    assert abs(every.bound / expected - 1) <= 1e-7
    assert len(every.pairs) > len(chain.pairs)
    certificate = every.certify()
    assert -1e-14 <= float(certificate.bound) / expected - 1 <= 1e-9
    kernel.check(certificate.proof)
    # the loose chain still certifies what it says, and says no more
    loose = prove(chain.descent, chain.pairs, chain.raw, chain.bound)
    assert loose is None or float(loose[0]) >= chain.bound * (1 - 1e-6)


def test_controls_spoiled_multipliers_prove_no_better_bound() -> None:
    worst = gradient_descent(6, 1, solver="interior")
    good = prove(worst.descent, worst.pairs, worst.raw, worst.bound)
    assert good is not None
    rng = np.random.default_rng(1)
    for _ in range(30):
        raw = worst.raw.copy()
        k = int(rng.integers(len(worst.pairs)))
        raw[k] *= rng.choice([0.0, 0.9, 1.1, -1.0])
        bad = prove(worst.descent, worst.pairs, raw, worst.bound)
        assert bad is None or bad[0] >= F(1, 26)  # the truth: 1 / (4 N + 2)
        if bad is not None:
            kernel.check(bad[1])
    dropped = prove(worst.descent, worst.pairs[1:], worst.raw[1:], worst.bound)
    assert dropped is None or dropped[0] > F(1, 26)


def test_a_bound_shrunk_by_1e_6_is_rejected() -> None:
    worst = gradient_descent(12, F(3, 4))
    certificate = worst.certify()
    shrunk = replace(certificate.proof, statement=statement(worst.descent, certificate.bound * (1 - F(1, 10**6))))
    for check in (kernel.check, fast_check.check):
        for blocks in (shrunk.blocks, None):
            with pytest.raises(ProofRejected):
                check(replace(shrunk, blocks=blocks))


def test_a_sweep_is_what_single_solves_are() -> None:
    gammas = [F(1, 2), F(1), F(3, 2)]
    found = sweep(10, gammas)
    assert [w.descent.gamma for w in found] == gammas
    for w in found:
        assert abs(w.bound / truth(10, w.descent.gamma, F(0), "function-value") - 1) <= 1e-6


def test_an_interior_point_is_dual_feasible_and_centred() -> None:
    descent = Descent(10, F(3, 4), F(1), F(0), "function-value")
    data, _ = low_rank(descent, descent.chain)
    out = interior_point.solve(data, gap=1e-10)
    assert out.status == "solved"
    assert np.abs(data.E.T @ out.multipliers - data.c).max() <= 1e-12
    slack = np.einsum("k,kia,kab,kjb->ij", out.multipliers, data.factors, data.middles, data.factors) - data.C
    assert np.allclose(slack, out.slack, atol=1e-13)
    assert np.linalg.eigvalsh(out.slack)[0] > 0
    assert out.multipliers.min() > 0


def test_balance_moves_the_change_onto_large_multipliers() -> None:
    pairs = [(-1, 0), (-1, 1), (0, 1)]
    flow = balance(pairs, [F(501, 1000), F(499, 1000), F(1, 2)], {1: F(1), -1: F(-1)})
    assert flow is not None
    assert flow[0] == flow[2]
    assert flow[1] + flow[2] == 1
    assert balance([(-1, 0)], [F(1)], {0: F(-1), -1: F(1)}) is None


def test_certificates_that_cannot_be_reached_say_how_far_they_got() -> None:
    with pytest.raises(CertificateUnavailable, match="gap of"):
        gradient_descent(3, 1, -0 + 1, -1, measure="smallest-gradient").certify(gap=1e-30)
    with pytest.raises(CertificateUnavailable, match="no explicit worst function"):
        gradient_descent(3, 1, 1, -1, measure="smallest-gradient").exact()


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((0, 1), {}, "N = 0"),
        ((True, 1), {}, "N = True"),
        ((2.5, 1), {}, "N = 2.5"),
        ((3, 0), {}, "gamma = 0"),
        ((3, -1), {}, "gamma = -1"),
        ((3, float("nan")), {}, "gamma"),
        ((3, "fast"), {}, "gamma"),
        ((3, 1, 0), {}, "L = 0"),
        ((3, 1, 1, 1), {}, "mu = 1"),
        ((3, 1, 1, -1), {}, "smallest-gradient"),
        ((3, 1), {"measure": "speed"}, "function-value"),
        ((3, 1), {"solver": "mosek"}, "chordal"),
    ],
)
def test_bad_input_names_the_value_and_the_way_out(arguments, options, text: str) -> None:
    with pytest.raises(PepError, match=text):
        gradient_descent(*arguments, **options)


def test_results_are_frozen_and_shown() -> None:
    worst = gradient_descent(2, 1)
    with pytest.raises(AttributeError):
        worst.bound = 0.0  # type: ignore[misc]
    assert "worst case" in worst._repr_html_()
    assert set(MEASURES) == {"function-value", "distance", "gradient", "smallest-gradient"}
    assert structured.INTERIOR_UP_TO >= 40
