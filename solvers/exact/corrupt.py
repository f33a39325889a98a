"""Random corruptions of proofs: what a checker must reject. For testing checkers.

Every corruption changes something that the proof needs: a number, an axiom, a point, a square, the statement. A checker
may accept one only if what is left still proves the very statement (say, two uses swapped).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradproof.theory.axioms import AXIOMS, Form, Member, Point, Vector
from gradproof.theory.proof import Block, Proof, Statement, Use


def corruptions(proof: Proof, rng: random.Random, count: int) -> Iterator[tuple[str, Proof]]:
    """``count`` corrupted copies of a proof over the rationals, each with the name of its kind."""
    kinds = [k for k in KINDS if k.__name__ not in ("_block_entry", "_block_vector", "_block_drop") or proof.blocks]
    made = 0
    while made < count:
        kind = rng.choice(kinds)
        changed = kind(proof, rng)
        if changed is not None and changed != proof:
            made += 1
            yield kind.__name__.strip("_"), changed


def _perturbed(c: Fraction, rng: random.Random) -> Fraction:
    c = Fraction(c)
    tiny = Fraction(1, 10 ** rng.choice((3, 6, 12, 40)))
    return rng.choice((-c, 2 * c, c / 2, c + 1, c - 1, c + tiny, c - tiny, c * (1 + tiny), Fraction(0)))


def _perturbed_vector(v: Vector, rng: random.Random, names: tuple[str, ...]) -> dict[str, Fraction]:
    changed = {k: Fraction(c) for k, c in v.items()}
    name = rng.choice(names)
    changed[name] = _perturbed(changed.get(name, Fraction(0)), rng)
    return {k: c for k, c in changed.items() if c}


def _with_use(proof: Proof, rng: random.Random, change: Callable[[Use], Use]) -> Proof | None:
    if not proof.uses:
        return None
    k = rng.randrange(len(proof.uses))
    return replace(proof, uses=(*proof.uses[:k], change(proof.uses[k]), *proof.uses[k + 1 :]))


def _with_member(proof: Proof, rng: random.Random, change: Callable[[Member], Member]) -> Proof | None:
    members = proof.statement.members
    if not members:
        return None
    k = rng.randrange(len(members))
    return _stated(proof, replace(proof.statement, members=(*members[:k], change(members[k]), *members[k + 1 :])))


def _stated(proof: Proof, statement: Statement) -> Proof:
    return replace(proof, statement=statement)


def _multiplier(proof: Proof, rng: random.Random) -> Proof | None:
    return _with_use(proof, rng, lambda u: replace(u, multiplier=_perturbed(u.multiplier, rng)))


def _swapped_multipliers(proof: Proof, rng: random.Random) -> Proof | None:
    if len(proof.uses) < 2:
        return None
    i, j = rng.sample(range(len(proof.uses)), 2)
    uses = list(proof.uses)
    uses[i], uses[j] = replace(uses[i], multiplier=uses[j].multiplier), replace(uses[j], multiplier=uses[i].multiplier)
    return replace(proof, uses=tuple(uses))


def _dropped_use(proof: Proof, rng: random.Random) -> Proof | None:
    kept = [u for u in proof.uses if u.multiplier != 0]
    if not kept:
        return None
    kept.pop(rng.randrange(len(kept)))
    return replace(proof, uses=tuple(kept))


def _repeated_use(proof: Proof, rng: random.Random) -> Proof | None:
    return replace(proof, uses=(*proof.uses, rng.choice(proof.uses))) if proof.uses else None


def _axiom(proof: Proof, rng: random.Random) -> Proof | None:
    return _with_use(proof, rng, lambda u: replace(u, axiom=rng.choice([*AXIOMS, "premise", "", "Interpolation"])))


def _points(proof: Proof, rng: random.Random) -> Proof | None:
    declared = [p.name for m in proof.statement.members for p in m.points]

    def change(u: Use) -> Use:
        points = list(u.points)
        if points and declared:
            what = rng.randrange(3)
            if what == 0:
                points.reverse()
            elif what == 1:
                points[rng.randrange(len(points))] = rng.choice(declared)
            else:
                points.append(rng.choice(declared))
        return replace(u, points=tuple(points))

    return _with_use(proof, rng, change)


def _member_of_use(proof: Proof, rng: random.Random) -> Proof | None:
    names = [m.name for m in proof.statement.members] + [p.name for p in proof.statement.premises] + ["nobody"]
    return _with_use(proof, rng, lambda u: replace(u, member=rng.choice(names)))


def _constant(proof: Proof, rng: random.Random) -> Proof | None:
    def change(m: Member) -> Member:
        names = [k for k in m.constants if k != "lower"]
        if not names:
            return m
        k = rng.choice(names)
        return replace(m, constants={**m.constants, k: _perturbed(m.constants[k], rng)})

    return _with_member(proof, rng, change)


def _point(proof: Proof, rng: random.Random) -> Proof | None:
    s = proof.statement

    def change(m: Member) -> Member:
        if not m.points:
            return m
        k = rng.randrange(len(m.points))
        p = m.points[k]
        spoken = set(p.f) & set(s.target.linear)  # any other value may be called what one likes
        part = rng.choice(("x", "g", "f") if spoken else ("x", "g"))
        names = s.values if part == "f" else s.vectors
        if not names:
            return m
        change: dict[str, Any] = {part: _perturbed_vector(getattr(p, part), rng, names)}
        moved: Point = replace(p, **change)
        return replace(m, points=(*m.points[:k], moved, *m.points[k + 1 :]))

    return _with_member(proof, rng, change)


def _target(proof: Proof, rng: random.Random) -> Proof | None:
    return _stated(proof, replace(proof.statement, target=_perturbed_form(proof.statement.target, rng)))


def _premise(proof: Proof, rng: random.Random) -> Proof | None:
    premises = proof.statement.premises
    used = [k for k, p in enumerate(premises) if any(u.axiom == "premise" and u.member == p.name for u in proof.uses)]
    if not used:
        return None
    k = rng.choice(used)
    changed = replace(premises[k], form=_perturbed_form(premises[k].form, rng))
    return _stated(proof, replace(proof.statement, premises=(*premises[:k], changed, *premises[k + 1 :])))


def _perturbed_form(form: Form, rng: random.Random) -> Form:
    changed = form.copy()
    tables = [t for t in (changed.quadratic, changed.linear) if t]
    if tables:
        table: dict = rng.choice(tables)
        key = rng.choice(list(table))
        table[key] = _perturbed(table[key], rng)
        if table[key] == 0:
            del table[key]
    return changed


def _with_block(proof: Proof, rng: random.Random, change: Callable[[Block], Block | None]) -> Proof | None:
    if not proof.blocks:
        return None
    k = rng.randrange(len(proof.blocks))
    changed = change(proof.blocks[k])
    return replace(proof, blocks=(*proof.blocks[:k], *([changed] if changed else []), *proof.blocks[k + 1 :]))


def _block_entry(proof: Proof, rng: random.Random) -> Proof | None:
    def change(b: Block) -> Block:
        matrix = [list(row) for row in b.matrix]
        i, j = rng.randrange(len(matrix)), rng.randrange(len(matrix))
        matrix[i][j] = _perturbed(matrix[i][j], rng)
        if rng.random() < 0.7:
            matrix[j][i] = matrix[i][j]
        return replace(b, matrix=tuple(map(tuple, matrix)))

    return _with_block(proof, rng, change)


def _block_vector(proof: Proof, rng: random.Random) -> Proof | None:
    def change(b: Block) -> Block:
        k = rng.randrange(len(b.vectors))
        moved = _perturbed_vector(b.vectors[k], rng, proof.statement.vectors)
        return replace(b, vectors=(*b.vectors[:k], moved, *b.vectors[k + 1 :]))

    return _with_block(proof, rng, change)


def _block_drop(proof: Proof, rng: random.Random) -> Proof | None:
    return _with_block(proof, rng, lambda b: None)


KINDS: tuple[Callable[[Proof, random.Random], Proof | None], ...] = (
    _multiplier,
    _swapped_multipliers,
    _dropped_use,
    _repeated_use,
    _axiom,
    _points,
    _member_of_use,
    _constant,
    _point,
    _target,
    _premise,
    _block_entry,
    _block_vector,
    _block_drop,
)
