"""Times of all-reduces and of iterations that hide them: formulas, schedules event by event, and a ring message by message.

A message of m bytes over a link takes alpha + m beta. Times are exact for exact numbers; counts of processes may be fractions in
formulas, where a root is looked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from gradproof.theory.errors import DomainError, ParameterError


class Link(NamedTuple):
    """Latency of a message (s), and time of a byte (s)."""

    alpha: Any
    beta: Any


def ring(p: Any, m: Any, link: Link) -> Any:
    """All-reduce of m bytes on a ring of p: 2(p - 1) rounds of m/p bytes."""
    return 2 * (p - 1) * (link.alpha + m * link.beta / _exact(p))


def tree(p: int, m: Any, link: Link) -> Any:
    """Reduction to one of p, or a broadcast from it, by a binary tree: ceil(log2 p) messages of m bytes one after the other."""
    return (p - 1).bit_length() * (link.alpha + m * link.beta)


def _exact(p: Any) -> Any:
    return Fraction(p) if isinstance(p, int) else p


class Times(NamedTuple):
    """Of an iteration of layered SGD (s): gradient, loading, reduction in a group, all-reduce of the communicators, broadcast."""

    T_comp: Any
    T_io: Any
    R: Any
    A_G: Any
    B: Any


@dataclass(frozen=True)
class Cluster:
    """A gradient of m bytes takes ``T_comp`` to compute and its minibatch ``T_io`` to load; links inside and between groups."""

    T_comp: Any
    T_io: Any
    m: Any
    inside: Link
    between: Link

    def t_flat(self, N: int) -> Any:
        """Time of an iteration of N workers on one ring between groups, which loads after the all-reduce."""
        return self.T_comp + self.T_io + ring(N, self.m, self.between)

    def times(self, N: int, G: int) -> Times:
        """With G groups: trees inside them, over their workers and the communicator, and a ring of communicators.

        Raises:
            DomainError: G does not divide N.
        """
        if N % G:
            raise DomainError(f"{G} groups of {N} workers are not equal; give a divisor of {N}")
        inside = tree(N // G + 1, self.m, self.inside)
        return Times(self.T_comp, self.T_io, inside, ring(G, self.m, self.between), inside)

    def t_layered(self, N: int, G: int) -> Any:
        t = self.times(N, G)
        return t.T_comp + t.R + max(t.T_io, t.A_G) + t.B

    def best_groups(self, N: int) -> tuple[int, Any]:
        """The number of equal groups with the shortest iteration, the least of several, and its time."""
        divisors = [G for G in range(1, N + 1) if N % G == 0]
        best = min(divisors, key=lambda G: self.t_layered(N, G))
        return best, self.t_layered(N, best)


def largest_hidden(T_io: Fraction, m: Any, link: Link, *, halvings: int = 60) -> tuple[Fraction, Fraction]:
    """Two rationals, the width 2^-halvings of the greater apart, between which A_G passes T_io: bisection of the ring's time.

    Raises:
        DomainError: a number that is not positive.
    """
    if not (T_io > 0 and m > 0 and link.alpha > 0 and link.beta > 0):
        raise DomainError(f"T_io = {T_io}, m = {m}, alpha = {link.alpha}, beta = {link.beta}: all must be positive")
    low, high = Fraction(1), Fraction(2)
    while ring(high, m, link) <= T_io:
        low, high = high, 2 * high
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if ring(middle, m, link) <= T_io else (low, middle)
    return low, high


# --- schedules, event by event ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """Takes ``time`` once all of ``after`` are done."""

    time: Any
    after: tuple[Any, ...] = ()


def simulate(tasks: Mapping[Any, Task], wait: Callable[[Any], Any] = lambda name: 0) -> dict[Any, Any]:
    """Time at which each task is done, if it begins ``wait(name)`` after the last one that it waits for.

    Raises:
        ParameterError: a task waits for one that there is not, or tasks wait for each other.
    """
    left = {name: len(t.after) for name, t in tasks.items()}
    followers: dict[Any, list[Any]] = {name: [] for name in tasks}
    for name, t in tasks.items():
        for before in t.after:
            if before not in followers:
                raise ParameterError(f"task {name} waits for {before}, which there is not")
            followers[before].append(name)
    order = {name: i for i, name in enumerate(tasks)}
    running = [(wait(name) + tasks[name].time, order[name], name) for name in tasks if not left[name]]
    heapq.heapify(running)
    done: dict[Any, Any] = {}
    while running:
        now, _, name = heapq.heappop(running)
        done[name] = now
        for then in followers[name]:
            left[then] -= 1
            if not left[then]:
                heapq.heappush(running, (now + wait(then) + tasks[then].time, order[then], then))
    if len(done) < len(tasks):
        raise ParameterError(f"{len(tasks) - len(done)} tasks wait for each other")
    return done


def layered_iterations(T: int, t: Times, *, stale: bool = False) -> dict[Any, Task]:
    """T iterations of layered SGD. ``stale``: the next gradient does not wait for the broadcast, but for the one before it."""
    tasks: dict[Any, Task] = {("load", 0): Task(t.T_io)}
    for k in range(T):
        ready: tuple[Any, ...] = (("load", k),)
        if stale:
            ready += tuple(("broadcast", j) for j in (k - 2,) if j >= 0) + ((("compute", k - 1),) if k else ())
        elif k:
            ready += (("broadcast", k - 1),)
        tasks[("compute", k)] = Task(t.T_comp, ready)
        tasks[("reduce", k)] = Task(t.R, (("compute", k),))
        tasks[("load", k + 1)] = Task(t.T_io, (("compute" if stale else "reduce", k),))
        tasks[("all-reduce", k)] = Task(t.A_G, (("reduce", k),))
        tasks[("broadcast", k)] = Task(t.B, (("all-reduce", k), ("load", k + 1)))
    return tasks


def flat_iterations(T: int, T_comp: Any, T_io: Any, A_N: Any, *, prefetch: bool = False) -> dict[Any, Task]:
    """T iterations of synchronous SGD, that load after the all-reduce. ``prefetch``: that load while they compute."""
    tasks: dict[Any, Task] = {("load", 0): Task(T_io)}
    for k in range(T):
        before = (("load", k), ("all-reduce", k - 1)) if k else (("load", k),)
        tasks[("compute", k)] = Task(T_comp, before)
        tasks[("all-reduce", k)] = Task(A_N, (("compute", k),))
        tasks[("load", k + 1)] = Task(T_io, before if prefetch else (("all-reduce", k),))
    return tasks


def makespan(tasks: Mapping[Any, Task], wait: Callable[[Any], Any] = lambda name: 0) -> Any:
    """When all tasks are done."""
    return max(simulate(tasks, wait).values())


# --- a ring, message by message -----------------------------------------------------------------------------------------


def ring_messages(vectors: Sequence[Sequence[Any]], link: Link, m: Any) -> tuple[list[list[Any]], Any]:
    """All-reduce p vectors of p entries on a ring: what each process ends with, and when the last one is done.

    p - 1 rounds add up, p - 1 pass on; in each, every process sends an entry (m/p bytes) to the next one and waits for its own.
    """
    p = len(vectors)
    if any(len(v) != p for v in vectors):
        raise ParameterError(f"{p} processes need {p} shares each")
    held, clock, message = [list(v) for v in vectors], [Fraction(0)] * p, link.alpha + m * link.beta / Fraction(p)
    for step in range(2 * (p - 1)):
        sent = [(i - step) % p for i in range(p)]
        shares = [held[i][sent[i]] for i in range(p)]
        arrives = [t + message for t in clock]
        for i in range(p):
            source = (i - 1) % p
            j = sent[source]
            held[i][j] = held[i][j] + shares[source] if step < p - 1 else shares[source]
        clock = [max(clock[i], arrives[(i - 1) % p]) for i in range(p)]
    return held, max(clock)
