"""A check confronts one claim with one kind of evidence. Checks are registered by decorators and found by claim."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import sympy as sp

from gradproof.experiments.engine.options import BUDGETS, read_budget, read_seed
from gradproof.experiments.engine.values import Provable
from gradproof.solvers.exact.rounding import exact_number
from gradproof.theory import registry
from gradproof.theory.arguments import fields_of_type, listed, number, of_type, shown
from gradproof.theory.claim import Claim
from gradproof.theory.derivation import Derivation, derivation_of, maker_of
from gradproof.theory.errors import DomainError, ParameterError, UnknownClaim
from gradproof.theory.evidence import Level, Measurement
from gradproof.theory.parameter import read_fraction
from gradproof.theory.proof import Proof
from gradproof.theory.symbolic import Identity, Inequality

#: steps, members, nodes of a certificate: each of them is a vector of it
MOST = 10_000

#: keys that are hashed one by one
MOST_SEEDS = 10**7


@dataclass(frozen=True)
class Undecided:
    """A check's own admission that it could not measure: the reason."""

    reason: str

    def __post_init__(self) -> None:
        fields_of_type(self)


@dataclass(frozen=True)
class Unmeasured:
    """A case that could not be measured: an exception, a failed solver, no number."""

    reason: str


@dataclass(frozen=True)
class Blank:
    """A case of a control that breaks nothing, or not what it names: why."""

    reason: str


@dataclass(frozen=True)
class Certificate:
    """A proof of the claim at values of some of its parameters; of the others, if any, for all values."""

    proof: Proof
    at: Mapping[str, Any]


@dataclass(frozen=True)
class Derived:
    """A derivation, and the claim in which it has to end."""

    derivation: Derivation
    claim: Claim


Evidence = Measurement | Derived | Certificate | Proof | Identity | Inequality | Undecided | Unmeasured | Blank


class Measured(Protocol):
    """What a check measures, and on what (``measure.Measured``)."""

    @property
    def instead(self) -> str: ...
    @property
    def random(self) -> bool: ...
    def evidence(self, ctx: Context) -> Iterable[Evidence]: ...


@dataclass(frozen=True)
class Context:
    """What a check is given.

    Args:
        claim: the claim to be confronted (a mutant of it, when mutants are tried).
        budget: ``quick``, ``full`` or ``gpu``: how much the user wants to spend.
        seed: the user's seed.
        backend: array library for runs.
        scope: name of the check, part of the key of its random streams.
    """

    claim: Claim
    budget: str = "quick"
    seed: int = 0
    backend: str = "numpy"
    scope: str = ""

    def __post_init__(self) -> None:
        fields_of_type(self)
        read_budget(self.budget)
        read_seed(self.seed)

    def at_least(self, budget: str) -> bool:
        """True if the user's budget covers ``budget``."""
        return BUDGETS.index(self.budget) >= BUDGETS.index(read_budget(budget))

    def rng(self, *names: object) -> Any:
        """An independent NumPy generator for (claim, check, names, seed): adding one never moves the others."""
        import numpy as np

        root = self.claim.id.split("~")[0]  # a mutant sees the same instances as the claim
        key = hashlib.sha256("/".join(map(str, (root, self.scope, *names))).encode(errors="backslashreplace")).digest()
        return np.random.Generator(
            np.random.Philox(np.random.SeedSequence(self.seed, spawn_key=(int.from_bytes(key[:8], "big"),)))
        )

    def keys(self, *names: object, settings: Sequence[object] = (0,), seeds: int = 1) -> Any:
        """Keys (setting, seed, 2) of the ``Draws`` of runs, by claim, check, names, setting and seed."""
        from gradproof.experiments.engine.draws import keys

        settings = listed(settings, object, "settings", "settings")
        of_type(seeds, int, "seeds", "how many")
        if not 0 <= seeds <= MOST_SEEDS:
            raise ParameterError(
                f"seeds = {shown(seeds)}: give a number from 0 to {MOST_SEEDS}; split(key, n) makes more of one"
            )
        root = self.claim.id.split("~")[0]
        return keys(root, self.scope, self.seed, *names, settings=settings, seeds=range(seeds))

    def symbols(self, *names: str) -> list[Any]:
        """The symbols of the claim's parameters of these names, or of all in their order: for an argument."""
        return [p.symbol for p in (map(self.claim.parameter, names) if names else self.claim.parameters)]

    def stated(self, **values: Any) -> Any:
        """The claim's expression with these in the place of its parameters, all at once: for an argument."""
        at = {self.claim.parameter(name).symbol: value for name, value in values.items()}
        return self.claim.expression.subs(at, simultaneous=True)


Function = Callable[..., Any]


@dataclass(frozen=True)
class Check:
    """Evidence of one level for ``claim_id``: a measure on cases, or (``measured`` is None) a function that yields arguments.

    ``drops`` names the assumption that a control gives up.
    """

    claim_id: str
    name: str
    level: Level
    function: Function
    budget: str = "quick"
    drops: str = ""
    timeout: float = 600.0  # seconds, then undecided
    measured: Measured | None = None

    @property
    def id(self) -> str:
        """``claim/level/name``: unique in the registry."""
        return f"{self.claim_id}/{self.level.value}/{self.name}"

    @cached_property
    def summary(self) -> str:
        """First line of the function's docstring; of a control, after what it gives up."""
        said = (inspect.getdoc(self.function) or self.name.replace("_", " ")).splitlines()[0]
        if self.measured is None:
            return said
        changed = self.measured.instead or (self.drops and f"without {self.drops}")
        return f"{changed}: {said}" if changed else said

    def run(self, context: Context) -> list[Evidence]:
        """All the evidence."""
        return list(self.function(context) if self.measured is None else self.measured.evidence(context))


Key = tuple[str, str]  # file and id of a claim: the same id in two files is two claims
_CHECKS: dict[Key, list[Check]] = {}
_STATED: dict[Key, Claim] = {}  # the claim that the checks of a key are for
_CERTIFIERS: dict[Key, Callable[..., Any]] = {}


def forget_file(file: str) -> None:
    """Drop the checks and certifiers of a file's claims, before the file is run again."""
    for table in (_CHECKS, _STATED, _CERTIFIERS):
        for key in [k for k in table if k[0] == file]:
            del table[key]  # type: ignore[attr-defined]


def check(
    claim: Claim, *, level: Level, budget: str = "quick", timeout: float = 600.0
) -> Callable[[Function], Function]:
    """Register an argument for ``claim``: a function that takes a ``Context`` and yields proofs, identities, inequalities.

    What is measured is registered by ``measure``, and controls by ``without`` and ``instead``.

    Raises:
        TypeError: what is given is no claim, no level, or what is decorated no function.
    """
    of_type(claim, Claim, "the claim of a check", "a Claim")
    of_type(level, Level, "the level of a check", "one of gradproof.Level")

    def decorate(function: Function) -> Function:
        of_type(function, Callable, "what is registered as a check", "a function")
        register(Check(claim.id, _name_of(function), level, function, budget, timeout=timeout), claim)
        return function

    return decorate


def _name_of(function: Function) -> str:
    return getattr(function, "__name__", type(function).__name__)


def register(new: Check, claim: Claim) -> None:
    """Add a check of a claim; one of the same id is replaced, as when a notebook cell is run twice."""
    of_type(new.name, str, "the name of a check", "a text")
    if not new.name.isprintable():
        raise ParameterError(f"the name of a check is {shown(new.name)}; give one that can be printed on one line")
    of_type(new.level, Level, "the level of a check", "one of gradproof.Level")
    if not number(new.timeout, "the timeout of a check") > 0:
        raise ParameterError(f"the timeout of a check is {new.timeout}; give seconds > 0")
    read_budget(new.budget)
    row = _CHECKS.setdefault(claim.key, [])
    if _STATED.setdefault(claim.key, claim) != claim:  # stated anew: the old checks were for another statement
        row.clear()
        _STATED[claim.key] = claim
    old = next((c for c in row if c.id == new.id), None)
    if old is not None and new.function.__module__.startswith("gradproof."):
        raise ParameterError(
            f"{new.id} is registered twice, by {old.function.__module__} and {new.function.__module__}; give a name"
        )
    row[:] = [c for c in row if c is not old] + [new]


def certifier(claim: Claim) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the function that makes a ``Proof`` of ``claim`` at given rational parameters.

    It may return ``(proof, facts)`` with facts to be shown beside it. Or a ``Provable``: its ``prove`` is called with the claim's
    own bound and returns what has a ``proof`` and the ``bound`` that this proves. Both bounds are then facts: what was asked for
    is not taken for what was proved.

    Values of the claim's own parameters must lie in their domains: else a proof of another statement could come back, of K = 2
    steps for K = 5/2. A value that is missing or unknown is a ``ParameterError``.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def in_domain(**values: Any) -> Any:
            try:
                bound = signature.bind(**values)
            except TypeError as error:
                wanted = ", ".join(str(v).split(":")[0] for v in signature.parameters.values())
                raise ParameterError(f"the certificate of {claim.id}: {error}; give {wanted}") from None
            for q in claim.parameters:
                value = values.get(q.name)
                if q.size or value is None:
                    continue
                try:
                    number = read_fraction(value) if isinstance(value, str) else value
                except (ValueError, ZeroDivisionError):
                    raise ParameterError(f"{q.name} = {value!r} is not a number; give 3/4 or 0.25") from None
                if q.read(number) > MOST and q.domain.is_subset(sp.S.Integers):
                    raise DomainError(f"{q.name} = {shown(number)}: certificates are made for counts up to {MOST}")
            made = function(**values)
            if not isinstance(made, Provable):
                return made
            bound.apply_defaults()
            at = {k: exact_number(v, k, floats="binary") for k, v in bound.kwargs.items()}  # all are given by name
            claimed = claim.bound(**at)
            found = made.prove(claimed)
            if isinstance(found, Proof):
                return found, {"claimed": claimed}
            return found.proof, {"bound": found.bound, "claimed": claimed}

        _CERTIFIERS[claim.key] = in_domain
        return function

    return decorate


def checks_of(claim: Claim, budget: str = "quick") -> list[Check]:
    """The checks of a claim that a budget covers, controls last."""
    limit = BUDGETS.index(read_budget(budget))
    _load(claim)
    order = list(Level)
    derived = _derivation_check(claim)
    rows = [*([derived] if derived else []), *_CHECKS.get(claim.key, [])]
    rows = [c for c in rows if BUDGETS.index(c.budget) <= limit]
    return sorted(rows, key=lambda c: order.index(c.level))


def _derivation_check(claim: Claim) -> Check | None:
    """The check that a derivation, if the claim has one, ends in it."""
    make = maker_of(claim)
    if make is None:
        return None

    def derivation(ctx: Context) -> Iterable[Evidence]:
        """A derivation for the whole domain, from the axioms of the classes and named facts to exactly this claim."""
        assert make is not None
        found = derivation_of(claim)
        yield Derived(found if found is not None else make(), ctx.claim)

    return Check(claim.id, "derivation", Level.SYMBOLIC, derivation)


def certifier_of(claim: Claim) -> Callable[..., Any]:
    """The certifier of a claim.

    Raises:
        UnknownClaim: the claim has none; names those that have.
    """
    _load(claim)
    if claim.key in _CERTIFIERS:
        return _CERTIFIERS[claim.key]
    known = [id for _, id in _CERTIFIERS]
    near = [id for id in known if id.split(".")[0] == claim.paper.key] or known
    raise UnknownClaim(f"{claim.id} has no certifier; {', '.join(near) if near else 'none is loaded'}")


def find_check(id: str, file: str | None = None) -> Check:
    """The check with that id (as a worker process looks it up), of the claim that ``file`` states.

    Raises:
        UnknownClaim: no such check.
    """
    claim = registry.claim(id.split("/")[0], file)
    for c in checks_of(claim, BUDGETS[-1]):
        if c.id == id:
            return c
    raise UnknownClaim(f"{claim.id} has no check {id!r}")


def _load(claim: Claim) -> None:
    """Import the module of the claim's paper in the experiments room, if it has one."""
    name = f"gradproof.experiments.{claim.paper.family}.{claim.paper.stem}"
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not (error.name and (name == error.name or name.startswith(error.name + "."))):
            raise
