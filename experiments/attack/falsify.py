"""Try to break a claim: search for a counterexample, replay it exactly, make it small."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from gradproof.experiments.attack.attached import experiments_of
from gradproof.experiments.attack.carried import carried, unpacked
from gradproof.experiments.attack.chance import MOST
from gradproof.experiments.attack.decide import Decision, ratio
from gradproof.experiments.attack.finding import Finding
from gradproof.experiments.attack.in_time import CUT_OFF, in_time
from gradproof.experiments.attack.search import EVALUATIONS, SECONDS, Search, judge_candidate
from gradproof.experiments.attack.shrink import shrink
from gradproof.experiments.engine.check import checks_of
from gradproof.experiments.engine.options import read_budget, read_limit, read_seed
from gradproof.experiments.engine.verify import load_file
from gradproof.experiments.instances.tape import play
from gradproof.theory import registry
from gradproof.theory.arguments import as_float, listed, of_type, shown
from gradproof.theory.claim import Claim
from gradproof.theory.errors import GradproofError, ParameterError, UnknownClaim
from gradproof.theory.statement import statement_of

#: Instances that a search asks of an exact solver, each of which takes a part of a second.
SLOW = 160


def falsify_claim(
    claim: Claim,
    *,
    drop: Sequence[str] = (),
    budget: str = "quick",
    seed: int = 0,
    evaluations: int | None = None,
    seconds: float | None = None,
    file: str = "",
) -> Finding:
    """Search for a counterexample to one claim.

    Args:
        drop: assumptions that need not hold.
        budget: ``quick`` or ``full``: 20 000 or 100 000 instances, at most 45 or 300 s in all.
        seed: the same seed gives the same result, unless the clock stops the search (the finding then says so).
        evaluations, seconds: instead of the budget's.

    Raises:
        UnknownClaim: no experiment is attached to the claim.
        ParameterError: an assumption is unknown, or the experiment does not fit the claim.
    """
    of_type(claim, Claim, "what is searched", "a Claim")
    of_type(file, str, "file", "the path of the file that states the claim")
    read_budget(budget, SECONDS)
    read_limit(evaluations, "evaluations", whole=True)
    read_limit(seconds, "seconds")
    seed, dropped = read_seed(seed), frozenset(listed(drop, str, "drop", "names of assumptions"))
    for name in dropped:
        claim.assumption(name)
    made = experiments_of(claim, dropped, budget)
    if not made and not dropped:
        raise UnknownClaim(
            f"{claim.id} has no measure that can be searched: attach an experiment with gradproof.experiment(claim, ...)"
        )
    if not made:
        known = sorted({c.drops for c in checks_of(claim, "gpu") if c.drops})
        note = f"no control of {claim.id} gives up {', '.join(sorted(dropped))}; "
        note += f"its controls give up: {', '.join(known) or 'nothing'}"
        return Finding(
            claim=claim.id, experiment="", drop=tuple(sorted(dropped)), note=note, seed=seed, title=claim.title,
            relation=claim.relation.value, statement=statement_of(claim), file=file,
        )  # fmt: skip
    start = time.perf_counter()
    cap = (seconds if seconds is not None else SECONDS[budget]) / len(made)
    findings = []
    for e in made:
        key = f"{claim.id}/{e.name}/{sorted(dropped)}/{seed}"
        most = min(evaluations or EVALUATIONS[budget], SLOW if e.replay is not None else 10**9)
        s = Search(e, claim, random.Random(key.encode(errors="backslashreplace")), most, cap, dropped)
        report = partial(finish, seed=seed, file=file, started=start)
        findings.append(in_time(s, report, Finding(**_common(s, seed, file, time.perf_counter() - start))))
        if findings[-1].violated:
            return findings[-1]
    # a search that was cut off has not looked everywhere: its claim is undecided, however far the others went
    best = max(findings, key=lambda f: (f.how == CUT_OFF, f.measurement is not None, f.ratio))
    unmeasured = sum((Counter(f.unmeasured) for f in findings), Counter())
    return replace(
        best, tried=sum(f.tried for f in findings), seconds=time.perf_counter() - start, failed=unmeasured.total(),
        unmeasured=dict(unmeasured),
    )  # fmt: skip


def _common(s: Search, seed: int, file: str, seconds: float) -> dict[str, Any]:
    return {
        "claim": s.claim.id, "experiment": s.made.name, "drop": tuple(sorted(s.drop)), "tried": s.tried, "rejected": s.rejected,
        "failed": s.failed, "unmeasured": dict(s.unmeasured), "seconds": seconds, "seed": seed, "out_of_time": s.out_of_time,
        "file": file,
        "title": s.claim.title, "relation": s.made.relation(s.claim).value, "statement": statement_of(s.claim),
    }  # fmt: skip


def finish(s: Search, *, seed: int = 0, file: str = "", started: float | None = None) -> Finding:
    """What a finished search reports; a counterexample is shrunk first."""
    common = _common(s, seed, file, 0.0 if started is None else time.perf_counter() - started)
    if s.found is not None:
        c, d = shrink(s)
        sources, why = carried(s.claim, s.made)
        m = d.measurement
        # what chose a random instance were a few samples; the test's own say how far it goes
        far = ratio(s.made.relation(s.claim), as_float(m.measured), as_float(m.bound)) if s.made.random else c.ratio
        return Finding(
            violated=True,
            sources=sources,
            note=f"its program needs the session that states the claim, which has no text: {why}" if why else "",
            measurement=m,
            ratio=far,
            how=d.how,
            instance=c.instance,
            choices=c.tape,
            **common,
        )
    if s.best is None:
        excluded = "every draw was rejected: the assumptions exclude each other"
        return Finding(note="" if s.failed else s.gave_up or excluded, **common)
    d = judge_candidate(s.made, s.claim, s.best.instance, s.drop, seconds=1.0)
    note = f"{s.refuted_by_replay} float violations did not survive the replay" if s.refuted_by_replay else ""
    return Finding(
        measurement=d.measurement,
        ratio=s.best.ratio,
        how=d.how,
        instance=s.best.instance,
        choices=s.best.tape,
        note=note,
        **common,
    )


def replay(
    claim: str | Claim,
    instance: Mapping[str, Any] | None = None,
    *,
    choices: Sequence[Any] | None = None,
    experiment: str = "",
    drop: Sequence[str] = (),
    sources: Mapping[str, str] | None = None,
    statement: str = "",
) -> Decision:
    """Decide one instance again: exactly or in balls where the measure allows it, else in floats with their spread.

    Args:
        instance: ``{name: value}``, as a finding has it.
        choices: instead of the instance, the choices that draw it.
        sources: file name -> text of what states the claim and measures it, the first the one that states it; for a claim
            that is not in the library.
        statement: hash of the statement that was refuted, for a claim of the library.

    Raises:
        UnknownClaim: no such claim or experiment, or the library states something else under that id.
    """
    of_type(claim, (str, Claim), "what is replayed", "a claim, or its id")
    of_type(experiment, str, "experiment", "the name of one")
    of_type(instance, (Mapping, type(None)), "instance", "a dictionary name -> value, as a finding has it")
    of_type(statement, str, "statement", "the hash of one, as a finding has it")
    of_type(sources, (Mapping, type(None)), "sources", "a dictionary file name -> text, as a finding has it")
    for entry in (*(sources or {}), *(sources or {}).values()):
        of_type(entry, str, "an entry of sources", "a dictionary file name -> text, as a finding has it")
    dropped = frozenset(listed(drop, str, "drop", "names of assumptions"))
    if sources:
        with unpacked(sources) as path:
            stated = {c.id: c for c in load_file(path)}
            if not isinstance(claim, str) or claim not in stated:
                raise UnknownClaim(f"the sources state {', '.join(stated) or 'no claim'}, not {claim}")
            return _replayed(stated[claim], instance, choices, experiment, dropped)
    c = claim if isinstance(claim, Claim) else registry.claim(claim)
    if statement and statement_of(c) != statement:
        raise UnknownClaim(
            f"{c.id} is stated otherwise by this version of gradproof: the counterexample is one to {shown(statement)}"
        )
    return _replayed(c, instance, choices, experiment, dropped)


def _replayed(
    c: Claim,
    instance: Mapping[str, Any] | None,
    choices: Sequence[Any] | None,
    experiment: str,
    dropped: frozenset[str],
) -> Decision:
    made = [e for e in experiments_of(c, dropped) if not experiment or e.name == experiment]
    if not made:
        raise UnknownClaim(f"{c.id} has no experiment {shown(experiment)}")
    if instance is None and choices is None:
        raise ParameterError("replay needs an instance, or the choices that draw it")
    if choices is not None:
        of_type(choices, (list, tuple), "choices", "a list, as a finding has it")
    missing = [n for n in made[0].order if n not in instance] if instance is not None else []
    if missing:
        raise ParameterError(f"{c.id}: the instance lacks {', '.join(missing)}, which {made[0].name} needs")
    # a random violation was seen with other samples: four times as many show it again, on a loaded machine too
    try:
        if instance is None:
            instance = play(made[0].instances(c, dropped), choices or ()).value
        return judge_candidate(made[0], c, instance, dropped, samples=4 * MOST)
    except GradproofError:
        raise
    except Exception as error:  # the measure is the user's code
        raise ParameterError(
            f"{c.id}: {made[0].name} cannot be measured there: {type(error).__name__}: {error}"
        ) from error
