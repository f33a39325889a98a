"""Make a confirmed counterexample simple: small integers, short floats, and still clearly beyond the bound."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from gradproof.experiments.attack.decide import Decision
from gradproof.experiments.attack.search import Candidate, Search, judge_candidate
from gradproof.experiments.instances.tape import Choice, Rejected, Value, play


def shrink(search: Search, *, attempts: int = 1000, seconds: float = 10.0) -> tuple[Candidate, Decision]:
    """The simplest instance found near the search's counterexample that still violates the bound by half as much.

    Every step is confirmed exactly; the result is as sure as the first.
    """
    assert search.found is not None
    best, decision = search.found
    if not best.choices:
        return best, decision  # found by Hypothesis outside the tape
    # "half as much" of a huge violation would keep huge instances: beyond twice the bound it is clear enough
    enough = min(best.score / 2, math.log(2.0))
    deadline = time.monotonic() + min(seconds, max(2.0, search.left + 5))
    left = attempts
    improved = True
    while improved and left > 0:
        improved = False
        for tape in _simpler(best.choices):
            left -= 1
            if left <= 0 or time.monotonic() > deadline:
                return best, decision
            try:
                played = play(search.strategy, tape)
            except Rejected:
                continue
            if _weight(played.choices) >= _weight(best.choices):
                continue
            score = search.score(played.value)
            if score < enough:
                continue
            # a random quantity is tested anew, at a level of its own
            tests = search.refuted_by_replay + 1 + attempts - left
            verdict = judge_candidate(
                search.made,
                search.claim,
                played.value,
                search.drop,
                tests,
                seconds=max(0.5, deadline - time.monotonic()),
            )
            if verdict.violated:
                best, decision, improved = Candidate(score, played.choices, played.value), verdict, True
                break
    return best, decision


def _weight(choices: tuple[Choice, ...]) -> tuple[int, float]:
    return len(choices), sum(_cost(c) for c in choices)


def _cost(c: Choice) -> float:
    """How much there is to read in a number."""
    if c.kind in ("boolean", "integer"):
        return math.log2(1 + abs(float(c.value) - c.simplest))
    if c.kind != "float":
        return float(len(c.value)) if isinstance(c.value, str | bytes) else 0.0
    v = abs(float(c.value))
    if v == 0:
        return 0.0
    mantissa, exponent = math.frexp(v)
    bits = 0
    while bits < 53 and mantissa * 2**bits != math.floor(mantissa * 2**bits):
        bits += 1
    return bits + 0.5 * abs(exponent - 1) + (0.5 if float(c.value) < 0 else 0.0)


def _simpler(choices: tuple[Choice, ...]) -> Iterator[tuple[Value, ...]]:
    tape = [c.value for c in choices]
    for simple in (lambda v: math.copysign(1.0, v), round):  # all floats at once: vectors may be long
        whole = tuple(_clipped(c, simple) for c in choices)
        if whole != tuple(tape):
            yield whole
    for k, c in enumerate(choices):
        for v in _values(c):
            if v != c.value:
                yield (*tape[:k], v, *tape[k + 1 :])
    for k in range(len(choices)):  # a piece dropped: what follows slides forward
        yield (*tape[:k], *tape[k + 1 :])


def _clipped(c: Choice, simple: Callable[[float], float]) -> Value:
    v = c.value
    if not isinstance(v, float) or c.kind != "float" or not v or not math.isfinite(v):
        return v
    return max(c.low, min(c.high, float(simple(v))))


def _values(c: Choice) -> Iterator[Value]:
    if c.kind == "boolean":
        yield False
    elif c.kind == "integer":
        step = int(c.value) - int(c.simplest)
        while step:
            yield int(c.value) - step
            step = int(step / 2)
    elif c.kind == "float":
        v = float(c.value)
        yield from (x for x in (0.0, 1.0, c.low, c.high, -1.0, 2.0, 0.5) if c.low <= x <= c.high and abs(x) <= 1e6)
        if v and math.isfinite(v):
            mantissa, exponent = math.frexp(v)
            for bits in (0, 1, 2, 3, 4, 6, 8, 12, 16, 24):
                for rounding in (round, math.floor, math.ceil):
                    rounded = math.ldexp(rounding(math.ldexp(mantissa, bits)), exponent - bits)
                    if c.low <= rounded <= c.high:
                        yield rounded
