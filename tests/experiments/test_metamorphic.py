"""The same verdicts on another machine: every quick check, with other rounding, threads and dispatch."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from gradproof.experiments.engine.store import Ledger
from gradproof.theory.evidence import Level

MACHINE = Path(__file__).parent / "metamorphic" / "machine.py"

#: Of these checks the number belongs to an instance, a network or a sample that floats chose: another one is as good.
OF_WHAT_FLOATS_CHOSE = {
    "rational_instance", "trained_neurons", "pruned_over_sampled_patterns", "dual_points_of_networks", "networks_by_descent",
}  # fmt: skip


def narrowed():
    """An environment in which NumPy finds none of the instructions that it would choose here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a library to print it nicely is missing
        found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(found)}


def verified(folder, *targets):
    """Rows by claim and check, here and elsewhere, from two processes at once."""
    started = {
        where: subprocess.Popen(
            [sys.executable, str(MACHINE), str(folder / where), where, *targets],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for where, environment in (("here", os.environ.copy()), ("elsewhere", narrowed()))
    }  # fmt: skip
    for where, process in started.items():
        said, _ = process.communicate(timeout=3600)
        assert process.returncode == 0, f"{where}: {said[-3000:]}"
    return [{(r.claim, r.check, r.drops): r for r in Ledger(folder / where).rows()} for where in started]


def number(end):
    """An end as the ledger keeps it: exact numbers are texts."""
    if end in ("inf", "-inf", "nan"):
        return float(end)
    return sp.sympify(end) if isinstance(end, str) else end


def differences(here, elsewhere):
    """Other verdicts, other counts, or values that are apart by more than their errors; and how many values were compared."""
    assert here
    assert here.keys() == elsewhere.keys()
    apart, compared = [], 0
    for key, row in here.items():
        a, b = row.verdict, elsewhere[key].verdict
        if (a.outcome, a.n, a.scope, a.given) != (b.outcome, b.n, b.scope, b.given):
            apart.append(f"{key}: {a.outcome.value}, {a.n}, {a.reason} | {b.outcome.value}, {b.n}, {b.reason}")
        m, n = a.worst, b.worst
        if m is None or n is None or key[1] in OF_WHAT_FLOATS_CHOSE or dict(m.parameters) != dict(n.parameters):
            continue
        compared += 1
        if not (number(m.low) <= number(n.high) and number(n.low) <= number(m.high)):
            apart.append(f"{key}: [{m.low}, {m.high}] | [{n.low}, {n.high}]")
    return apart, compared


QUICK = ("convex-relu.beta-max", "sgld.lmc-exact", "attention-svm.svm-kkt", "gd.contraction", "laplacian-smoothing.averaging",
         "sgd-stability.exact-threshold")  # fmt: skip


def test_some_claims_on_another_machine(tmp_path):
    apart, compared = differences(*verified(tmp_path, *QUICK))
    assert apart == []
    assert compared >= 10


@pytest.mark.slow
def test_all_claims_on_another_machine(tmp_path):
    here, elsewhere = verified(tmp_path)
    apart, compared = differences(here, elsewhere)
    assert apart == []
    measured = sum(r.verdict.worst is not None for r in here.values())
    assert compared > 0.7 * measured
    levels = {r.level for r in here.values()}
    assert {Level.EXACT, Level.EMPIRICAL, Level.CERTIFIED, Level.CONTROL} <= levels
