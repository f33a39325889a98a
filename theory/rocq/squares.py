"""The slack of a proof as squares with weights, by the elimination that the kernel decides it with."""

from __future__ import annotations

from typing import Any

from gradproof.theory.axioms import Coefficient, Form, combine
from gradproof.theory.errors import ProofRejected
from gradproof.theory.field import Field
from gradproof.theory.proof import Proof, axiom_form

Square = tuple[Coefficient, dict[str, Coefficient]]


def squares_of(proof: Proof, field: Field) -> list[Square]:
    """(weight >= 0, vector) such that the slack is the sum of ``weight ||vector||^2``; the proof is one that was accepted."""
    if proof.blocks is not None:
        found: list[Square] = []
        for block in proof.blocks:
            size = range(len(block.vectors))
            rows = [{b: block.matrix[a][b] for b in size if block.matrix[a][b] != 0} for a in size]
            found += [
                (d, combine(*((c, block.vectors[j]) for j, c in row.items()))) for d, row in _ldl(rows, field.one)
            ]
        return [(d, v) for d, v in found if v]
    slack = Form()
    for use in proof.uses:
        slack.add(axiom_form(proof.statement, use, field)[0], use.multiplier)
    slack.add(proof.statement.target, -1)
    names = proof.statement.vectors
    index = {name: i for i, name in enumerate(names)}
    matrix: list[dict[int, Any]] = [{} for _ in names]
    for (a, b), c in slack.quadratic.items():
        i, j = index[a], index[b]
        if i == j:
            matrix[i][i] = c
        else:
            matrix[i][j] = matrix[j][i] = c / 2
    return [(d, {names[j]: c for j, c in row.items()}) for d, row in _ldl(matrix, field.one)]


def _ldl(rows: list[dict[int, Any]], one: Any) -> list[tuple[Any, dict[int, Any]]]:
    """Pivots and rows of a symmetric positive semidefinite matrix; ``rows`` is used up."""
    out = []
    for i in range(len(rows)):
        row = {j: c for j, c in rows[i].items() if j >= i}
        pivot = row.pop(i, 0)
        if pivot == 0:
            if row:
                raise ProofRejected(f"pivot {i} is zero in a nonzero row")
            continue
        out.append((pivot, {i: one, **{j: c / pivot for j, c in row.items()}}))
        for j, cj in row.items():
            for k, ck in row.items():
                left = rows[j].get(k, 0) - cj / pivot * ck
                if left == 0:
                    rows[j].pop(k, None)
                else:
                    rows[j][k] = left
    return out
