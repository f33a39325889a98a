"""The search for a counterexample: corners, random starts, local ascent on the numbers of an instance, and Hypothesis.

The objective is measured/bound in floats. Whatever exceeds 1 is replayed exactly before it counts (``decide``).
"""

from __future__ import annotations

import math
import random
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp
from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import seed as hypothesis_seed
from hypothesis.control import current_build_context
from hypothesis.strategies import SearchStrategy

from gradproof.experiments.attack.bound import bound_in_floats
from gradproof.experiments.attack.chance import MOST, decide_in_expectation
from gradproof.experiments.attack.decide import Decision, decide, ratio
from gradproof.experiments.attack.experiment import Experiment
from gradproof.experiments.attack.moves import move, polish
from gradproof.experiments.instances.tape import Choice, Play, Rejected, Value, play
from gradproof.theory.arguments import as_float
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError, ParameterError
from gradproof.theory.evidence import Relation

#: evaluations and seconds that a budget buys; the seconds are a cap, so that a slow measure ends too
EVALUATIONS = {"quick": 20_000, "full": 100_000, "gpu": 100_000}
SECONDS = {"quick": 45.0, "full": 300.0, "gpu": 300.0}
ELITE = 10
SOLVED = 12  # worst cases asked of the exact solver
FEW, MANY = 16, 400  # samples of a random quantity that choose an instance, and that decide whether to test it
SUSPECT = 1 + 2.0**-33  # float ratios above this are replayed


@dataclass(frozen=True)
class Candidate:
    """An instance that was tried, with how far it goes."""

    score: float  # log(measured/bound), -inf where it says nothing
    choices: tuple[Choice, ...]
    instance: Any

    @property
    def tape(self) -> tuple[Value, ...]:
        return tuple(c.value for c in self.choices)

    @property
    def ratio(self) -> float:
        return math.inf if self.score >= 700 else math.exp(self.score) if self.score > -700 else 0.0


@dataclass
class Search:
    """One search: what it runs on, what it has tried, the best it found."""

    made: Experiment
    claim: Claim
    rng: random.Random
    evaluations: int
    seconds: float
    drop: frozenset[str] = frozenset()
    tried: int = 0
    rejected: int = 0
    unmeasured: Counter[str] = field(default_factory=Counter)  # why -> how many instances could not be measured
    elite: list[Candidate] = field(default_factory=list)
    found: tuple[Candidate, Decision] | None = None
    refuted_by_replay: int = 0
    testing: float = 0.0  # seconds that replays and tests took
    out_of_time: bool = False
    gave_up: str = ""  # why Hypothesis's own generation ended

    def __post_init__(self) -> None:
        self.strategy: SearchStrategy = self.made.instances(self.claim, self.drop)
        self._start = time.monotonic()
        self._seen: set[tuple[Value, ...]] = set()
        self._looked: set[tuple[Value, ...]] = set()

    @property
    def failed(self) -> int:
        """Instances that could not be measured."""
        return self.unmeasured.total()

    @property
    def why_failed(self) -> str:
        """The most frequent reason why an instance could not be measured."""
        return self.unmeasured.most_common(1)[0][0] if self.unmeasured else ""

    def _missed(self, why: str) -> float:
        """An instance that says nothing, for this reason; reasons beyond a dozen count together."""
        why = why if len(why) <= 200 else why[:200] + " ..."
        self.unmeasured[why if why in self.unmeasured or len(self.unmeasured) < 12 else "other reasons"] += 1
        return -math.inf

    # --- one evaluation ------------------------------------------------------------------------------------------------

    def evaluate(self, tape: tuple[Value, ...] = (), corner: float = 0.3) -> Candidate | None:
        """Draw at these choices (new ones where they end), measure, and remember; ``None`` if there is no instance."""
        try:
            played = play(self.strategy, tape, self.rng, corner)
        except Rejected:
            self.rejected += 1
            return None
        except GradproofError:
            raise
        except Exception as error:  # the user's strategies
            raise ParameterError(
                f"{self.claim.id}: drawing an instance of {self.made.name} fails: {type(error).__name__}: {error}"
            ) from error
        return self._measure(played)

    def _measure(self, played: Play) -> Candidate:
        self.tried += 1
        found = self._tested(Candidate(self.score(played.value), played.choices, played.value))
        self._remember(found)
        return found

    def _tested(self, c: Candidate, samples: int = 0) -> Candidate:
        """Beyond the bound in floats: replay. What does not survive counts as just below the bound.

        For a random quantity, ``samples`` look again, however far from the bound a few were: rare values may be missing in them.
        """
        if (c.score <= math.log(SUSPECT) and not samples) or self.found is not None:
            return c
        if self.made.random:
            mean, noise = self._mean_ratio(c.instance, samples or MANY)
            # beyond the noise of this mean, and before a third of the time went to tests that failed
            hopeless = not mean > 1 + noise or self.testing > self.seconds / 3
            c = replace(c, score=math.log(mean) if mean > 0 else -700.0)
        else:
            hopeless = self.refuted_by_replay > 60 and c.score < math.log1p(1e-6)
        if not hopeless:
            start = time.monotonic()
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                decision = judge_candidate(
                    self.made,
                    self.claim,
                    c.instance,
                    self.drop,
                    self.refuted_by_replay,
                    seconds=max(0.5, min(self.left + 3, self.seconds / 5)),
                )
            self.testing += time.monotonic() - start
            if decision.violated:
                self.found = (c, decision)
                return c
            self.refuted_by_replay += 1
            m = decision.measurement
            true_ratio = ratio(
                self.made.relation(self.claim), as_float(m.measured), as_float(m.bound)
            )  # 0 where undecided
            score = math.log(true_ratio) if 0 < true_ratio < 2 else -700.0  # beyond 2 and not a violation: all rounding
            return Candidate(min(score, -1e-9), c.choices, c.instance)
        return Candidate(min(c.score, -1e-9) if self.made.random else -1e-9, c.choices, c.instance)

    def _look_again(self, c: Candidate) -> None:
        """A random quantity at one of the best instances, with many more samples than chose it."""
        if self.over or c.tape in self._looked:
            return
        self._looked.add(c.tape)
        try:
            new = self._tested(c, 10 * MANY)
        except (ArithmeticError, ValueError):
            return
        self.elite = sorted((new if e is c else e for e in self.elite), key=lambda e: -e.score)

    def _mean_ratio(self, instance: Any, samples: int) -> tuple[float, float]:
        """For a random quantity: measured/bound averaged over more samples than chose the instance, with its noise."""
        rng = np.random.default_rng([7, self.tried])
        runs = [self.made.run(instance, rng) for _ in range(samples)]
        measured = np.array([as_float(m) for m, _ in runs])
        bound = bound_in_floats(self.claim, runs[0][1])
        noise = measured.std() / math.sqrt(samples) / abs(bound) if bound else math.inf
        return ratio(self.made.relation(self.claim), float(measured.mean()), bound), float(noise)

    def score(self, instance: Any) -> float:
        """log(measured/bound) in floats."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                measured, values = self._sample(instance)
                measured = float(measured)
        except ParameterError:
            raise  # the experiment itself is wrong: say so
        except OverflowError:
            measured, values = math.inf, None
        except Exception as error:  # the user's code: what it cannot measure is no evidence, and is counted
            return self._missed(f"{type(error).__name__}: {error}{self._count(error)}")
        if values is None:
            return 600.0 if self.made.relation(self.claim) is Relation.LE else -math.inf
        if math.isnan(measured):
            return self._missed("the measured quantity is NaN")
        bound = bound_in_floats(self.claim, values)
        if math.isnan(bound):
            return self._missed("the bound cannot be evaluated")
        r = ratio(self.made.relation(self.claim), measured, bound)
        if r <= 0:
            return -700.0
        return min(math.log(r), 700.0) if math.isfinite(r) else 700.0

    def _count(self, error: Exception) -> str:
        """The way out, where a real number came where a count was wanted."""
        drawn = (p for p in self.claim.parameters if p.name in self.made.order and p.name not in self.made.draws)
        real = [p.name for p in drawn if not p.domain.is_subset(sp.S.Integers)]
        if not real or not isinstance(error, TypeError) or "int" not in str(error):
            return ""
        names = ", ".join(real)
        return f" (drawn as real numbers: {names}; call a count 'number of ...' in its meaning, or give it as {real[0]}=<strategy>)"

    def _sample(self, instance: Any) -> tuple[Any, dict[str, Any]]:
        if not self.made.random:
            return self.made.run(instance)
        runs = [self.made.run(instance, np.random.default_rng(k)) for k in range(FEW)]
        mean, values = sum(as_float(m) for m, _ in runs) / FEW, runs[0][1]
        if ratio(self.made.relation(self.claim), mean, bound_in_floats(self.claim, values)) < 0.7:
            return mean, values
        more = [self.made.run(instance, np.random.default_rng(k))[0] for k in range(FEW, 4 * FEW)]
        return (FEW * mean + sum(map(as_float, more))) / (4 * FEW), values

    def _remember(self, c: Candidate) -> None:
        if c.tape in self._seen or c.score == -math.inf:
            return
        self._seen.add(c.tape)
        shape = _shape(c.choices)
        for k, e in enumerate(self.elite):  # one candidate a structure, so that the elite stays varied
            if _shape(e.choices) == shape:
                if c.score > e.score:
                    self.elite[k] = c
                    self.elite.sort(key=lambda e: -e.score)
                return
        if len(self.elite) < ELITE or c.score > self.elite[-1].score:
            self.elite.append(c)
            self.elite.sort(key=lambda e: -e.score)
            del self.elite[ELITE:]

    # --- the plan ------------------------------------------------------------------------------------------------------

    @property
    def left(self) -> float:
        """Seconds that are left of the cap."""
        return self._start + self.seconds - time.monotonic()

    @property
    def over(self) -> bool:
        """Nothing left to spend, or a counterexample found."""
        if self.left < 0:
            self.out_of_time = True
            return True
        if self.found is not None:
            return True
        return self.tried + self.rejected // 4 >= self.evaluations

    def run(self) -> Search:
        """Search until a counterexample is confirmed or the budget is spent."""
        with np.errstate(all="ignore"):  # strategies of the user's divide by zero, too
            return self._run()

    def _run(self) -> Search:
        self._draw(max(60, self.evaluations // 12), corner=0.8)
        self._draw(max(60, self.evaluations // 12), corner=0.25)
        self._hypothesis(min(100, self.evaluations // 20))
        self._worst_instances()
        round_, stale, top = 0, 0, -math.inf
        polished: set[tuple[Value, ...]] = set()
        ascents: Counter[tuple[tuple[str, Value], ...]] = Counter()
        while not self.over and (self.elite or self.tried < 50):
            if not self.elite:
                self._draw(50, corner=0.5)
                continue
            stale = 0 if self.elite[0].score > top else stale + 1
            top = max(top, self.elite[0].score)
            if stale >= 4 and round_ % 2:  # ascent is stuck, or there is nothing to ascend: look elsewhere
                self._draw(150, corner=self.rng.random())
            # the best so far, each structure in its turn, and every other time a fresh start: the best ones share a valley
            # more often than not
            rank = min(range(len(self.elite)), key=lambda k: k + ascents[_shape(self.elite[k].choices)])
            start = self.elite[rank]
            if round_ % 2 == 1:
                fresh = [c for c in (self.evaluate(corner=self.rng.random()) for _ in range(30)) if c]
                start = max(fresh, key=lambda c: c.score, default=start)
            ascents[_shape(start.choices)] += 1
            if self.made.random:
                self._look_again(start)
            top_here = self._ascend(start, 150)
            if round_ % 3 == 2 and self.elite and not self.over:
                # the best one once; after that where this ascent ended, for which it was too coarse
                where = self.elite[0] if self.elite[0].tape not in polished else top_here
                polished.add(where.tape)
                polish(where.choices, self._height)
            round_ += 1
        return self

    def _height(self, tape: tuple[Value, ...]) -> float:
        """The score of a tape; -inf where nothing is left to spend, or there is no instance."""
        found = None if self.over else self.evaluate(tape)
        return found.score if found is not None else -math.inf

    def _draw(self, n: int, corner: float) -> None:
        for _ in range(n):
            if self.over:
                return
            self.evaluate(corner=corner)

    def _hypothesis(self, n: int) -> None:
        """Hypothesis's own generation, aimed at the ratio."""
        if self.over:
            return

        @hypothesis_seed(self.rng.getrandbits(32))
        @settings(max_examples=n, database=None, deadline=None, phases=(Phase.generate, Phase.target),
                  suppress_health_check=list(HealthCheck), print_blob=False)  # fmt: skip
        @given(self.strategy)
        def aim(instance: Any) -> None:
            if self.over:
                return
            self.tried += 1
            score = self.score(instance)
            if math.isfinite(score):
                target(max(score, -700.0), label="log ratio")
                nodes = current_build_context().data.nodes
                heads.append((score, instance, tuple(n.value for n in nodes if not n.was_forced)))

        heads: list[tuple[float, Any, tuple[Any, ...]]] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                aim()
        except GradproofError:
            raise
        except Exception as error:  # Hypothesis gives up on strategies that reject too much; the tape goes on
            self.gave_up = f"{type(error).__name__}: {error}"
        if heads:
            score, instance, choices = max(heads, key=lambda h: h[0])
            again = self.evaluate(choices)  # on the tape it can be ascended from, shrunk, and written down
            if self.found is None and (again is None or again.score < score):
                self._tested(Candidate(score, (), instance))

    def _worst_instances(self) -> None:
        """For a method on F(mu, L): the exact solver's worst function for the numbers of instances with few steps."""
        if self.made.random or self.made.replay is not None:
            return
        # the solvers are loaded when they are asked: stating a claim of one's own does not wait for them
        from gradproof.experiments.attack.trace import Untraceable, small, worst_instance

        starts = [c.instance for c in self.elite if small(c.instance)]
        for _ in range(200):
            if len(starts) >= SOLVED or self.over:
                break
            fresh = self.evaluate(corner=self.rng.random())
            starts += [fresh.instance] if fresh is not None and small(fresh.instance) else []
        for k, start in enumerate(starts[:SOLVED]):
            if self.over:
                return
            try:
                instance = worst_instance(self.made, self.claim, start, self.drop)
            except Untraceable:
                if k > 2:
                    return
            except (GradproofError, ArithmeticError):
                continue  # no rational instance near this worst case
            else:
                self.tried += 1
                self._remember(self._tested(Candidate(self.score(instance), (), instance)))

    def _ascend(self, start: Candidate, steps: int) -> Candidate:
        """A (1+1) search with moves of adapted size; where it ends."""
        best, size = start, 0.3
        for _ in range(steps):
            if self.over:
                break
            new = self.evaluate(move(best.choices, size, self.rng))
            if new is not None and new.score > best.score:
                best, size = new, min(size * 1.6, 1.0)
            elif new is not None and new.score == best.score:
                best = new  # drift along plateaus
            else:
                size = max(size * 0.93, 1e-7)
        return best

    @property
    def best(self) -> Candidate | None:
        return self.elite[0] if self.elite else None


def _shape(choices: tuple[Choice, ...]) -> tuple[tuple[str, Value], ...]:
    """The structure of an instance: all but its floats."""
    return tuple((x.kind, x.value if x.kind != "float" else 0) for x in choices)


def judge_candidate(
    made: Experiment, claim: Claim, instance: Any, drop: frozenset[str], tests: int = 0, *, seconds: float = math.inf,
    samples: int = MOST,
) -> Decision:  # fmt: skip
    """Replay exactly; for a random quantity, a sequential test on fresh samples, of which there are as many as fit."""
    if made.replay is not None:
        return made.replay(made, claim, instance, drop)
    if made.random:
        return decide_in_expectation(made, claim, instance, drop, tests, seconds=seconds, samples=samples)
    found = decide(made, claim, instance, drop)
    if not made.threshold:
        return found
    # what a threshold's experiment returns is at most the bound, and mostly below it: it is no equality
    m = found.measurement
    holds = math.isclose(as_float(m.measured), as_float(instance[made.threshold]))
    what = f"{made.threshold} where it {'holds' if holds else 'fails (mirrored at the bound)'}:"
    return replace(found, measurement=replace(m, relation=made.relation(claim), what=m.what or what))
