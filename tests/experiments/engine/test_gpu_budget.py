"""Checks for a GPU are asked for by name, and run anywhere: here at a reduced size, on torch as on NumPy."""

from dataclasses import replace
from functools import partial

import pytest

from gradproof.experiments.engine.check import Context, checks_of
from gradproof.experiments.engine.judge import judge
from gradproof.experiments.landscape.laplacian_smoothing.measures_smoothing import SMOOTHED, runs
from gradproof.theory import registry
from gradproof.theory.evidence import Level, Outcome


def reduced(ctx, cases=None, **sizes):
    """The measure of the check that ``ctx`` is for, with smaller sizes."""
    check = next(c for c in checks_of(registry.claim(ctx.claim.id.split("~")[0]), "gpu") if c.name == ctx.scope)
    made = replace(check.measured, function=partial(check.measured.function, **sizes)) if sizes else check.measured
    return (replace(made, cases=cases) if cases is not None else made).evidence(ctx)


#: vectors of length 200 instead of 10^5
SHORTER = runs([200], [1.0], 40, 50).guaranteeing(*SMOOTHED)
CHECKS = {
    "ef21.nonconvex-am": (
        "average_gradient_of_a_thousand_clients",
        lambda ctx: reduced(ctx, n=30, d=200, steps=10),
    ),
    "laplacian-smoothing.stationary": ("simulated_sgd_in_high_dimension", lambda ctx: reduced(ctx, SHORTER)),
}


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
    halved = claim.with_bound(claim.expression / (2 if id.startswith("lap") else 1e4))
    verdict = judge(Level.EMPIRICAL, claim.relation, small(Context(halved, "gpu", backend=name, scope=check)))
    assert verdict.outcome is Outcome.REFUTED
