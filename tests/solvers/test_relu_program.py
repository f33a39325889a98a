"""The ReLU program: reference values, bounds that hold, certificates in rationals, robust programs, bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradproof.solvers.relu_program import (
    Network,
    Patterns,
    Program,
    certify,
    cone_norms,
    count_cells,
    enumerate_by_rays,
    enumerate_patterns,
    helpful,
    lower_bound,
    network_of,
    plane_probabilities,
    prune,
    sample_patterns,
    train,
    upper_bound,
)
from gradproof.solvers.relu_program.rational import (
    NoCertificate,
    beta_max_between,
    exact_beta_max_squared,
    line_optimum,
    rational_lower_bound,
    rational_upper_bound,
)
from gradproof.solvers.relu_program.rational_robust import RationalNetwork
from gradproof.solvers.relu_program.robust import robust_train, worst_case
from gradproof.solvers.relu_program.sampling import law_of_samples
from gradproof.theory.errors import DomainError, GradproofError, ParameterError

A = [[1, 0], [1, 1], [0, 1], [-1, 2], [-2, -1], [2, -1]]
Y_A = (1, -1, 2, 0.5, -1.5, 1)
B = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [1, -1, 2], [2, 1, -1]]
Y_B = (1, -2, 1, 0.5, -1, 2)
CASES = [(A, Y_A, 0.1, 1.4945097), (A, Y_A, 0.5, 2.9042472), (B, Y_B, 0.1, 0.6384718), (B, Y_B, 0.5, 2.3758391)]


@pytest.mark.parametrize(("X", "y", "beta", "value"), CASES)
def test_reference_values_between_rational_bounds(X, y, beta, value):
    patterns = enumerate_patterns(X)
    program = Program(X, y, beta, patterns)
    found = train(program, gap=2e-8)
    low = rational_lower_bound(X, y, beta, patterns, found.nu, found.multipliers)
    high = rational_upper_bound(X, y, beta, patterns, found.blocks)
    assert found.lower <= low <= high <= found.upper
    assert [float(low), float(high)] == pytest.approx([value, value], abs=1e-7)
    pruned = prune(program, found.blocks)
    assert (np.linalg.norm(pruned, axis=2) > 0).sum() <= len(y)
    network = network_of(pruned)
    assert network.objective(program.X, program.y, beta) == pytest.approx(value, abs=1e-6)
    assert 0 <= certify(network, program).gap < 1e-4


def test_counts():
    assert [count_cells(A), count_cells(B)] == [12, 32]
    assert [len(enumerate_patterns(A)), len(enumerate_patterns(B))] == [12, 32]
    assert count_cells([[1, 0], [2, 0], [-3, 0]]) == 2
    assert len(enumerate_patterns([[1, 0], [2, 0], [-3, 0]])) == 2


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3).filter(any), min_size=1, max_size=6))
def test_listing_agrees_with_the_exact_count(rows):
    listed = enumerate_patterns(rows)
    assert len(listed) == count_cells(rows)
    assert ((2 * listed.S - 1) * (listed.U @ np.array(rows).T) > 0).all()
    try:
        by_rays = enumerate_by_rays(rows)
    except ParameterError:
        return
    assert (by_rays.S == listed.S).all()


def test_beta_max():
    assert exact_beta_max_squared(A, Y_A, enumerate_patterns(A)) == Fraction(45, 4)
    assert exact_beta_max_squared(B, Y_B, enumerate_patterns(B)) == Fraction(385, 12)
    program = Program(A, Y_A, 3.4, enumerate_patterns(A))
    assert train(program, gap=1e-6).lower == pytest.approx(program.zero_value, rel=1e-6)


def test_sampled_subset_is_no_better_and_bounds_hold_for_any_multipliers():
    program = Program(A, Y_A, 0.1, enumerate_patterns(A).take([0, 1]))
    assert train(program).upper == pytest.approx(3.32533, abs=1e-5)
    whole = Program(A, Y_A, 0.1, enumerate_patterns(A))
    rng = np.random.default_rng(0)
    best = train(whole, gap=2e-8).upper
    for _ in range(50):
        assert lower_bound(whole, rng.standard_normal(6), rng.standard_normal((2, 12, 6))) <= best
        blocks = np.stack([whole.patterns.U, whole.patterns.U]) * rng.uniform(0, 1, (2, 12, 1))
        assert upper_bound(whole, blocks) >= best * (1 - 2e-8)
    outside = np.stack([whole.patterns.U, -whole.patterns.U])
    assert upper_bound(whole, outside) == np.inf


@pytest.mark.parametrize("n", [40, 120])
def test_gap_on_random_data(n):
    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, 6))
    program = Program(X, rng.standard_normal(n), 1.0, sample_patterns(X, n, rng))
    found = train(program, gap=1e-6)
    assert 0 <= found.gap <= 1e-6
    assert program.depth(found.blocks) > 0
    norms, _ = cone_norms(program, found.nu)
    # nearly feasible dual point of an optimum, and the certificate by projections is at least as good
    assert norms.max() <= program.beta * (1 + 1e-4)
    assert lower_bound(program, found.nu, cone_norms(program, found.nu)[1]) >= found.lower * (1 - 1e-9)


def test_robust_reference_values():
    labels, patterns = (1, -1, 1, 1, -1, 1), enumerate_patterns(A)
    values = [robust_train(A, labels, 0.01, eps, patterns) for eps in (0.0, 0.1, 0.2)]
    assert [v.value for v in values] == pytest.approx([0.0603150, 0.0881782, 0.15990], abs=2e-6)
    assert all(0 <= v.gap < 1e-6 and v.depth > -1e-7 for v in values)


def test_a_gap_out_of_reach_comes_back_as_it_is():
    program = Program(A, Y_A, 0.1, enumerate_patterns(A))
    for limit, iterations in ((1e-8, 3), (2e-13, 100)):
        found = train(program, gap=limit, max_iterations=iterations)
        assert limit < found.gap < 1
        assert found.lower <= 1.4945097 + 1e-7
        assert found.upper >= 1.4945097 - 1e-7
        assert found.lower == lower_bound(program, found.nu, found.multipliers)
        assert found.upper == upper_bound(program, found.blocks)
    with pytest.raises(DomainError):
        train(program, gap=0)


#: A direction of a prefix lies on the hyperplane of a later row: its product with it is 0 or 5e-17, as the sum runs.
ON_A_BOUNDARY = [
    [-3, -1, 2, 1], [-3, -1, 0, 1], [3, 1, 1, -3], [0, 2, -1, 3], [-3, 0, -2, -3], [-2, 3, -3, 1], [-3, -1, 2, 2],
]  # fmt: skip


def test_an_inherited_direction_on_a_boundary_is_replaced():
    X = np.array(ON_A_BOUNDARY) / 3
    every = enumerate_patterns(X)
    Program(X, np.ones(7), 1.0, every)
    assert len(every) == count_cells(ON_A_BOUNDARY)
    depth = ((2 * every.S - 1) * (every.U @ X.T)) / np.linalg.norm(every.U, axis=1)[:, None]
    assert depth.min() > 1e-9


@pytest.mark.parametrize(("X", "y", "beta", "value"), CASES)
def test_patterns_that_help_are_those_that_lower_the_value(X, y, beta, value):
    every, rng = enumerate_patterns(X), np.random.default_rng(3)
    helped = undecided = 0
    for size in (2, 4, 8):
        which = np.sort(rng.choice(len(every), size, replace=False))
        found = train(Program(X, y, beta, every.take(which)), gap=1e-9)
        surely, possibly = helpful(Program(X, y, beta, every), every.take(which), found)
        assert not possibly[which].any()
        assert (surely <= possibly).all()
        undecided += (surely != possibly).sum()
        for i in range(len(every)):
            more = train(Program(X, y, beta, every.take(np.union1d(which, [i]))), gap=1e-9)
            assert more.upper < found.lower if surely[i] else possibly[i] or more.upper > found.lower * (1 - 1e-7)
        helped += surely.sum()
    assert 0 < helped < 3 * len(every)
    assert undecided <= 2


def test_laws_of_samples_and_angles():
    every = enumerate_patterns(A)
    weight = plane_probabilities(A, every)
    assert weight.sum() == pytest.approx(1)
    rng = np.random.default_rng(0)
    S = rng.standard_normal((50_000, 2)) @ np.array(A, float).T > 0
    shares = [(s.astype(bool) == S).all(axis=1).mean() for s in every.S]
    assert weight == pytest.approx(shares, abs=6 * 0.5 / np.sqrt(50_000))  # six standard errors
    law = law_of_samples(np.array([0.5, 0.3, 0.2]), 2)
    assert sum(law.values()) == pytest.approx(1)
    assert [law[(0,)], law[(0, 1)], law[(0, 1, 2)]] == pytest.approx([0.25, 0.3, 0.0])
    with pytest.raises(ParameterError):
        plane_probabilities(B, enumerate_patterns(B))


def test_line_optimum_and_threshold_in_rationals():
    low, high, nu = line_optimum((1, -2, 3, -1), (1, 1, 2, -1), Fraction(1, 2))
    assert low == high == Fraction(13625, 10000)
    assert len(nu) == 4
    low, high = beta_max_between(A, Y_A, enumerate_patterns(A))
    assert low**2 <= Fraction(45, 4) <= high**2
    assert high - low < Fraction(1, 10**12)


def test_rounding_at_the_boundary_of_a_cone_does_not_matter():
    every = enumerate_patterns(A)
    found = train(Program(A, Y_A, 0.1, every), gap=1e-9)
    value = rational_upper_bound(A, Y_A, Fraction(1, 10), every, found.blocks)
    i = int(np.linalg.norm(found.blocks[0], axis=1).argmax())
    x, edge = (
        found.blocks[0, i],
        np.array(A[int(np.argmin((2 * every.S[i] - 1) * (np.array(A, float) @ found.blocks[0, i])))], float),
    )
    for share, inside in ((1 + 1e-15, True), (1.1, False)):  # on the boundary, just beyond it, and outside
        moved = found.blocks.copy()
        moved[0, i] = x - share * (x @ edge) / (edge @ edge) * edge
        if inside:
            assert abs(rational_upper_bound(A, Y_A, Fraction(1, 10), every, moved) / value - 1) < 0.2
            continue
        with pytest.raises(NoCertificate, match="outside its cone"):
            rational_upper_bound(A, Y_A, Fraction(1, 10), every, moved)


def test_a_robust_cone_that_is_a_ray_keeps_its_block():
    one = Patterns(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]))
    # x.u >= |u_1| + |u_2| for x = (1, 1) and (1, -1) leaves u_2 = 0
    nearly = [[[Fraction(1), Fraction(1, 10**9)]], [[Fraction(0), Fraction(1)]]]
    kept = RationalNetwork([(1, 1), (1, -1)], (1, -1), one, nearly).within(Fraction(1))
    assert kept.blocks == [[[1, 0]], [[0, 0]]]
    assert kept.piece(1) == {"margin": -1, "residual": 2, "l1": 1}
    assert kept.worst_at_vertices(1, Fraction(1, 2), lambda label, f: max(0, 1 - label * f)) == Fraction(5, 2)
    assert kept.robust_objective(Fraction(0), Fraction(1)) == Fraction(0 + 2, 2) + 1


PATTERNS = Patterns(np.array([[1.0, 0.0]]), np.array([[1.0, -1.0]]))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: enumerate_patterns([]), ParameterError),
        (lambda: enumerate_patterns([[1.0, np.nan]]), ParameterError),
        (lambda: enumerate_patterns([[1.0, 2.0], [0.0, 0.0]]), ParameterError),
        (lambda: count_cells([[0, 0]]), ParameterError),
        (lambda: count_cells([[1, 2], [3]]), ParameterError),
        (lambda: enumerate_by_rays([[1.0, 0.0], [2.0, 0.0]]), ParameterError),
        (lambda: sample_patterns([[1.0]], 0, np.random.default_rng(0)), DomainError),
        (lambda: Program([[1, 0], [0, 1]], [1], 0.1, PATTERNS), ParameterError),
        (lambda: Program([[1, 0], [0, 1]], [1, np.nan], 0.1, PATTERNS), ParameterError),
        (lambda: Program([[1, 0], [0, 1]], [1, 1], 0, PATTERNS), DomainError),
        (lambda: Program([[1, 0], [0, 1]], [1, 1], float("nan"), PATTERNS), DomainError),
        (lambda: Program([[1, 0], [0, 1]], [1, 1], 0.1, Patterns(PATTERNS.S, -PATTERNS.U)), ParameterError),
        (lambda: Program([[1, 0], [0, 1]], [1, 1], 0.1, PATTERNS.take([])), ParameterError),
        (lambda: robust_train([[1, 0], [0, 1]], [1, -1], 0.1, -1, PATTERNS), DomainError),
        (lambda: robust_train([[1, 0], [0, 1]], [1, 0.5], 0.1, 0.1, PATTERNS), DomainError),
        (lambda: worst_case(Network(np.ones((1, 17)), np.ones(1)), np.ones(17), 1, 0.1), ParameterError),
        (lambda: rational_upper_bound([[1, 0], [0, 1]], [1, 1], 1, PATTERNS, -np.ones((2, 1, 2))), NoCertificate),
        (lambda: rational_lower_bound([[1, 0]], [1, 1], 1, PATTERNS, [1, 1], np.ones((2, 1, 2))), ParameterError),
        (
            lambda: certify(
                Network(np.full((1, 2), np.nan), np.ones(1)), Program([[1, 0], [0, 1]], [1, 1], 0.1, PATTERNS)
            ),
            ParameterError,
        ),
    ],
)
def test_bad_input(call, error):
    with pytest.raises(error) as caught:
        call()
    assert issubclass(caught.type, GradproofError)
    assert "\n" not in str(caught.value)


def test_nothing_looks_right_when_the_multipliers_are_not_numbers():
    program = Program(A, Y_A, 0.1, enumerate_patterns(A))
    assert lower_bound(program, program.y, np.full((2, 12, 6), np.nan)) == 0
    assert lower_bound(program, np.full(6, np.nan), np.ones((2, 12, 6))) == 0
