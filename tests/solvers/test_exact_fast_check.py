"""The fast checker accepts exactly what the kernel accepts."""

import random
from dataclasses import replace
from fractions import Fraction as F

import pytest

from gradproof.solvers.exact import fast_check
from gradproof.solvers.exact.corrupt import corruptions
from gradproof.solvers.pep.certify.structured import gradient_descent
from gradproof.theory import proof as kernel
from gradproof.theory.axioms import AXIOMS, KINDS, Form, Member, Point
from gradproof.theory.communication.ef21 import proofs as ef21
from gradproof.theory.errors import ProofRejected
from gradproof.theory.field import Functions, Interval, Rationals
from gradproof.theory.proof import Proof, Statement, Use


def inside(domain: tuple[Interval, ...], rng: random.Random) -> dict[str, F]:
    """A rational point of a domain."""
    values: dict[str, F] = {}
    for d in domain:
        low = Functions.end(d.low, values)
        high = Functions.end(d.high, values) if d.high else low + 5
        values[d.name] = low + (high - low) * F(rng.randint(1, 99), 100)
    return values


def proofs() -> dict[str, Proof]:
    rng = random.Random(0)
    found = {}
    for make in (ef21.sharp, ef21.tight_single_worker, ef21.summed):
        proof = make()
        found[make.__name__] = proof.at(**inside(proof.statement.domain, rng))
    settings = (
        (5, F(3, 4), 0, "function-value"),
        (4, F(6, 5), F(1, 10), "function-value"),
        (4, F(1), -1, "smallest-gradient"),
        (3, F(3, 2), F(1, 5), "distance"),
        (3, F(1, 2), 0, "gradient"),
    )
    for N, gamma, mu, measure in settings:
        found[f"gd {measure} {mu}"] = gradient_descent(N, gamma, 1, mu, measure=measure).certify().proof
    found["gd exact"] = gradient_descent(6, 1).exact().proof
    return found


PROOFS = proofs()


def verdict(check, proof: Proof) -> bool:
    try:
        check(proof)
    except ProofRejected:
        return False
    return True


@pytest.mark.parametrize("name", PROOFS)
def test_both_accept_the_proof(name: str) -> None:
    proof = PROOFS[name]
    for p in (proof, replace(proof, blocks=None)):
        assert kernel.check(p) == fast_check.check(p)


@pytest.mark.parametrize("name", PROOFS)
def test_both_agree_on_corruptions(name: str) -> None:
    """120 corruptions with explicit squares and 60 without, each judged by both."""
    rejected = 0
    for blocks, count in ((True, 120), (False, 60)):
        proof = PROOFS[name] if blocks else replace(PROOFS[name], blocks=None)
        for kind, bad in corruptions(proof, random.Random(f"{name} {blocks}"), count):
            plain, fast = verdict(kernel.check, bad), verdict(fast_check.check, bad)
            assert plain == fast, f"{kind}: the kernel says {plain}, the fast checker {fast}"
            rejected += not plain
    assert rejected >= 90


def random_member(axiom: str, kind: str, rng: random.Random, average: bool) -> Member:
    def vector(deviations: bool) -> dict[str, F]:
        names = ["a", "b", "c"] + (["a~", "b~"] if deviations else [])
        return {n: F(rng.randint(-5, 5), rng.randint(1, 4)) for n in rng.sample(names, 2)}

    constants: dict[str, object] = {k: F(rng.randint(1, 5), 3) for k in KINDS[kind][0] | KINDS[kind][1]}
    if "mu" in constants:
        constants["mu"] = F(rng.randint(-2, 1), 4)
    if kind == "function":
        constants["L"] = F(rng.randint(2, 9))
        constants["lower"] = "low"
        if average:
            constants = {"L": constants["L"]}
        elif axiom == "interpolation" and rng.random() < 0.3:
            del constants["L"]
    common = average and kind == "function"
    points = tuple(
        Point(f"p{k}", vector(average and not common), vector(average), {"f": F(rng.randint(-3, 3)), "1": F(k)})
        for k in range(3)
    )
    return Member("m", kind, constants, points, average)


@pytest.mark.parametrize("axiom", AXIOMS)
def test_every_axiom_means_the_same_in_both(axiom: str) -> None:
    """Random points and constants: the two forms are compared coefficient by coefficient."""
    rng = random.Random(axiom)
    rule = AXIOMS[axiom]
    vectors = ("a", "b", "c", "a~", "b~")
    for _ in range(40):
        kind = rng.choice(sorted(rule.kinds))
        average = rule.averaged and rng.random() < 0.5
        member = random_member(axiom, kind, rng, average)
        arity = rule.arity if rule.arity > 0 else 3
        points = tuple(rng.choice(member.points).name for _ in range(arity))
        weights = tuple(F(rng.randint(-3, 3)) for _ in points) if axiom == "spectrum" else ()
        scale = F(rng.randint(1, 5), 7)
        use = Use(axiom, "m", points, scale, weights)
        bare = Statement(vectors, ("f", "low"), (member,), Form())
        form, _ = kernel.axiom_form(bare, use, Rationals())
        linear = {k: scale * c for k, c in form.linear.items()}
        stated = replace(bare, target=Form({}, {k: c for k, c in linear.items() if c}))
        slack = fast_check.slack(stated, [use])
        named = {tuple(sorted((vectors[i], vectors[j]))): F(int(c.p), int(c.q)) for (i, j), c in slack.items()}
        assert named == {k: scale * c for k, c in form.quadratic.items() if c}
        broken = replace(stated, target=Form({}, {**stated.target.linear, "f": linear.get("f", F(0)) + 1}))
        with pytest.raises(ProofRejected, match="do not cancel"):
            fast_check.slack(broken, [use])


def test_dense_and_sparse_sums_agree() -> None:
    """A proof in the basis of gradients, where an iterate has many coordinates."""
    proof = PROOFS["gd function-value 0"]
    N = 5
    gamma = F(3, 4)
    change = {f"x{k}": {"x0": F(1)} | {f"g{i}": -gamma for i in range(k)} for k in range(N + 1)}
    change[f"g{N}"] = {f"g{N}": F(1)}
    member = proof.statement.members[0]
    points = tuple(
        Point(p.name, change.get(p.name, {}), {} if p.name == "x*" else {f"g{p.name[1:]}": F(1)}, p.f)
        for p in member.points
    )
    statement = replace(
        proof.statement, vectors=("x0", *(f"g{k}" for k in range(N + 1))), members=(replace(member, points=points),)
    )
    moved = Proof(statement, proof.uses)
    assert kernel.check(moved) == fast_check.check(moved)
    short = replace(moved, uses=moved.uses[1:])
    assert not verdict(kernel.check, short)
    assert not verdict(fast_check.check, short)


def test_parameters_are_left_to_the_kernel() -> None:
    proof = ef21.summed()
    assert fast_check.check(proof) == kernel.check(proof)
    assert not fast_check.accepts(replace(proof, uses=proof.uses[1:], blocks=proof.blocks[1:]))
