"""Checks for a GPU are asked for by name, and run anywhere: here at a reduced size, on torch as on NumPy."""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import pytest

from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.engine.measure import cases as rows_of
from gradproof.experiments.landscape.laplacian_smoothing.measures_smoothing import SMOOTHED, runs
from gradproof.experiments.landscape.small_init.measures_runs import HELD
from gradproof.experiments.sampling.sgld.instances import synthetic
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome


def reduced(ctx, cases=None, values=None, **sizes):
    """The measure of the check that ``ctx`` is for, at smaller sizes: other cases, values in its cases, or defaults."""
    check = next(c for c in checks_of(registry.claim(ctx.claim.id.split("~")[0]), "gpu") if c.name == ctx.scope)
    made = replace(check.measured, function=partial(check.measured.function, **sizes)) if sizes else check.measured
    if values is not None:
        rows = tuple(replace(row, values={**row.values, **values}) for row in made.cases)
        cases = replace(made.cases, rows=rows, steps=None)
    return (replace(made, cases=cases) if cases is not None else made).evidence(ctx)


#: vectors of length 200 instead of 10^5
SHORTER = runs([200], [1.0], 40, 50).guaranteeing(*SMOOTHED)
#: a matrix of 8 x 8 from 30 measurements
FEWER = rows_of(alpha=Fraction(1, 10), at=[{"n": 8, "k": 8, "r": 1, "m": 30}], seeds=12, share=4.0, diagonal=False)
CHECKS = {
    "ef21.nonconvex-am": (
        "average_gradient_of_a_thousand_clients",
        lambda ctx: reduced(ctx, n=30, d=200, steps=10),
    ),
    "laplacian-smoothing.stationary": ("simulated_sgd_in_high_dimension", lambda ctx: reduced(ctx, SHORTER)),
    "laplacian-smoothing.descent": (
        "one_step_in_high_dimension",
        lambda ctx: reduced(ctx, values={"n": 256, "starts": 3, "steps": 5}),
    ),
    "krum.deterministic": (
        "distance_of_long_vectors",
        lambda ctx: reduced(ctx, values={"n": 12, "f": 2, "d": 300, "draws": 1}),
    ),
    "dpsgd.sharper": ("a_thousand_nodes", lambda ctx: reduced(ctx, n=16, d=50, K=10, seeds=20)),
    "gradient-sparsification.optimal-density": (
        "entries_sent_of_a_long_gradient",
        lambda ctx: reduced(ctx, values={"d": 500}),
    ),
    "atomo.spectral-from-below": (
        "nuclear_norms_of_layers",
        lambda ctx: reduced(ctx, values={"layers": 2, "shape": (6, 15)}),
    ),
    "small-init.sensing-theorem": (
        "error_of_a_smaller_start_in_high_dimension",
        lambda ctx: reduced(ctx, FEWER.guaranteeing(*HELD)),
    ),
    "train-longer.log-distance": (
        "training_a_wide_network",
        lambda ctx: reduced(ctx, values={"M": 16, "width": 16}),
    ),
    "sgld.control-variate": (
        "spread_of_a_million_logistic_chains",
        lambda ctx: reduced(ctx, values={"problem": partial(synthetic, 500, 6), "n": 300, "steps": 40}),
    ),
    "quantum-communication.parameter-shift": (
        "shifts_at_many_qubits",
        lambda ctx: reduced(ctx, values={"n": 8, "D": 12}),
    ),
    "quantum-communication.sgd": (
        "descent_on_20_qubits",
        lambda ctx: reduced(ctx, values={"n": 5, "D": 6, "seeds": 32, "eta": 1 / 24}),
    ),
}
#: bounds that the same run refutes
FALSE = {
    "ef21.nonconvex-am": lambda bound: bound / 10**4, "laplacian-smoothing.stationary": lambda bound: bound / 2,
    "laplacian-smoothing.descent": lambda bound: 2 * bound, "krum.deterministic": lambda bound: bound / 10,
    "dpsgd.sharper": lambda bound: bound / 1000, "gradient-sparsification.optimal-density": lambda bound: bound / 2,
    "atomo.spectral-from-below": lambda bound: bound * 2,
    "small-init.sensing-theorem": lambda bound: bound / 500,
    "sgld.control-variate": lambda bound: bound / 4,
    "train-longer.log-distance": lambda bound: bound * 1.03,
    "quantum-communication.parameter-shift": lambda bound: bound * 1.01,
    "quantum-communication.sgd": lambda bound: bound / 20,
}  # fmt: skip


@pytest.mark.parametrize("id", CHECKS)
@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_checks_for_a_gpu(on_backend, id, name):
    on_backend(name)
    claim = registry.claim(id)
    check, small = CHECKS[id]
    assert check not in {c.name for c in checks_of(claim, "full")}
    assert check in {c.name for c in checks_of(claim, "gpu")}
    verdict = judge(Level.EMPIRICAL, claim.relation, small(Context(claim, "gpu", backend=name, scope=check)))
    assert verdict.outcome is Outcome.CONSISTENT
    halved = claim.with_bound(FALSE[id](claim.expression))
    verdict = judge(Level.EMPIRICAL, claim.relation, small(Context(halved, "gpu", backend=name, scope=check)))
    assert verdict.outcome is Outcome.REFUTED
