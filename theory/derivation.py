"""What a derivation is: the claim's formal side (its method as data, its quantity) and the steps that lead to the claim.

A *term* is ``(coefficient, value)`` or ``(coefficient, vector, vector)``; a vector maps names of the method to coefficients;
a coefficient is text over the parameters, ``k`` and ``N``. ``x`` stands for ``x_k`` and ``x'`` for ``x_{k+1}``. A step's
conclusion is ``form <= 0``; it holds for all parameters of its case, all integers N >= 1 and k >= 0 (k < N where the case
says so). The last conclusion of every case must be the claim: see ``theory.tie``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradproof.theory.arguments import of_type, shown
from gradproof.theory.errors import GradproofError
from gradproof.theory.field import Interval

if TYPE_CHECKING:
    from gradproof.theory.claim import Claim

Vec = Mapping[str, str]
Term = tuple[str, str] | tuple[str, Vec, Vec]
Terms = tuple[Term, ...]


class DerivationRejected(GradproofError):
    """A derivation does not lead to its claim; the text says at which step."""


# --- the formal side of a claim ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Class:
    """A member's kind and constants: name -> (value, the assumption that grants it). Kinds are the kernel's.

    ``average`` as in ``axioms.Member``: a family of workers, averaged over.
    """

    kind: str
    constants: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    average: bool = False


@dataclass(frozen=True)
class Call:
    """(x, g, f) lies in the graph of a member: at every k >= ``since``, or once, where no name moves.

    ``by`` names the assumptions and facts from which this follows, where the method's definition does not say it.
    """

    member: str
    x: Vec
    g: Vec
    f: str = ""
    by: tuple[str, ...] = ()
    since: int = 0


@dataclass(frozen=True)
class Law:
    """``terms <= 0`` (or ``== 0``) at every k, or at ``k = 0`` alone, by named assumptions or facts.

    Where one of them is an inequality between parameters, the case must state it: in its domain, by a split, or in ``knows``.
    Where the method's own definition says it, ``says`` has the words.
    """

    terms: Terms
    by: tuple[str, ...]
    equality: bool = False
    index: str = "k"
    says: str = ""


@dataclass(frozen=True)
class Sequence:
    """Numbers ``a_0 = start``, ``a_{k+1} = next`` (in terms of the name and k), all >= ``low``; ``closed`` is a_N."""

    start: str
    next: str
    low: str
    closed: str


@dataclass(frozen=True)
class Number:
    """A number of the method that may be any in its interval, by named assumptions or facts: a friction, a weight, a count."""

    interval: Interval
    by: tuple[str, ...]


@dataclass(frozen=True)
class Method:
    """A recursion as data.

    Args:
        members: functions, operators and compressors by name.
        step: state -> x_{k+1} from names at k.
        outputs: vectors that a member answers, free up to ``calls`` and ``laws``.
        values: values that move with k; ``fixed``, ``fixed_values``: names that do not.
        calls: points of members' graphs, by name.
        start: state -> x_0, where it is not free.
        roots: name -> what it is the nonnegative square root of (``s``: ``mu/L``).
        sequences: numbers of the recursion that are given by a recursion themselves.
        numbers: what else the coefficients may speak of; a case must hold for all of them.
        reads: parameter of the claim -> the form whose value (at k = 0) it is; steps use it as a law, by the parameter's name.
    """

    members: Mapping[str, Class]
    step: Mapping[str, Vec]
    outputs: tuple[str, ...]
    calls: Mapping[str, Call]
    values: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ("x*",)
    fixed_values: tuple[str, ...] = ("f*",)
    start: Mapping[str, Vec] = field(default_factory=dict)
    laws: Mapping[str, Law] = field(default_factory=dict)
    roots: Mapping[str, str] = field(default_factory=dict)
    sequences: Mapping[str, Sequence] = field(default_factory=dict)
    numbers: tuple[Number, ...] = ()
    reads: Mapping[str, Terms] = field(default_factory=dict)


@dataclass(frozen=True)
class Minimum:
    """min over k < upto of a quantity, as a claim's left-hand side."""

    quantity: Terms
    upto: str


@dataclass(frozen=True)
class AtAverage:
    """f(sum w_k x_k / W) - f_* over k < upto, as a claim's left-hand side."""

    weight: str
    value: str
    upto: str


@dataclass(frozen=True)
class Mean:
    """(1/n) sum over k < n of a quantity, n = upto, as a claim's left-hand side."""

    quantity: Terms
    upto: str


@dataclass(frozen=True)
class Limit:
    """The limit of a quantity for k to infinity, as a claim's left-hand side."""

    quantity: Terms


@dataclass(frozen=True)
class Infimum:
    """The least value of an expression over one variable, attained ``at`` a point of its interval; for claims with ``==``."""

    value: str
    over: Interval
    at: str
    by: str = ""  # the assumption that the interval is


@dataclass(frozen=True)
class Threshold:
    """The largest t below which a quantity is negative on every instance; for claims with ``iff``.

    The last conclusion is ``quantity - factor * initial == 0`` with the formal side's ``initial``, which is positive; the factor
    must be negative for t below the bound and positive above.
    """

    quantity: Terms
    factor: str
    over: Interval


@dataclass(frozen=True)
class Formal:
    """The claim as formal objects: ``quantity relation expression * initial``, with the words that they stand for.

    Args:
        at: the index at which the quantity is read: ``N``, or ``1`` for a statement about one step.
        horizon: the claim's parameter that is N, if any.
        stands: parameter -> form, for parameters that are values of the method (``V^t``, ``||grad f||^2``).
        by: facts that the reading of the quantity itself needs (an expectation).
        words: LaTeX of the quantity and statements of the assumptions; filled in by ``derivation_of``.
    """

    method: Method
    quantity: Terms | Minimum | AtAverage | Mean | Limit | Infimum | Threshold
    initial: Terms = (("1", "1"),)
    at: str = "N"
    horizon: str = "N"
    stands: Mapping[str, Terms] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)


# --- steps ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """An axiom at points of a member, which are calls (``x``; ``x'`` for the same at k+1), times a multiplier >= 0."""

    axiom: str
    member: str
    points: tuple[str, ...]
    multiplier: str = "1"
    weights: tuple[str, ...] = ()


class Step:
    """A line of a derivation: what it concludes is computed, or checked by the kernel."""


@dataclass(frozen=True)
class Inequality(Step):
    """``target <= 0`` from axioms, earlier steps, laws, signs and hypotheses; the kernel checks the sum of squares.

    Args:
        steps, laws: earlier conclusions and laws of the method, with multipliers.
        nulls: (step that gives a zero vector, vector, multiplier of ``<zero, vector> == 0``).
        signs: (expression that is >= 0 on the domain, vector): ``-expression ||vector||^2 <= 0``; no vector for the constant 1.
        roots: (root, vector, multiplier of ``(root^2 - radicand) ||vector||^2 == 0``); no vector for the constant 1.
        assumes: hypotheses under which the conclusion holds, with multipliers; only induction discharges them.
        squares: (weight, vector) of the slack; by default the kernel finds it positive semidefinite by elimination.
    """

    target: Terms
    uses: tuple[Use, ...] = ()
    steps: Mapping[str, str] = field(default_factory=dict)
    laws: Mapping[str, str] = field(default_factory=dict)
    nulls: tuple[tuple[str, Vec, str], ...] = ()
    signs: tuple[tuple[str, Vec], ...] = ()
    roots: tuple[tuple[str, Vec, str], ...] = ()
    assumes: tuple[tuple[Terms, str], ...] = ()
    squares: tuple[tuple[str, Vec], ...] | None = None
    index: str = "k"


@dataclass(frozen=True)
class Combine(Step):
    """The sum of earlier conclusions and laws, with multipliers >= 0, and of ``-weight ||vector||^2 <= 0``.

    Equalities may have any multiplier; where all parts are equalities, so is the sum. No vector in ``squares``: the constant 1.
    """

    steps: Mapping[str, str]
    laws: Mapping[str, str] = field(default_factory=dict)
    squares: tuple[tuple[str, Vec], ...] = ()
    index: str = "N"
    nulls: tuple[tuple[str, Vec, str], ...] = ()


@dataclass(frozen=True)
class Instantiate(Step):
    """A conclusion for all k, at k = 0 or k = N."""

    step: str
    index: str


@dataclass(frozen=True)
class Invariant(Step):
    """A vector that is zero for all k: it is at k = 0, and at k + 1 it is ``ratio`` times that at k."""

    vector: Vec
    ratio: str = "1"


@dataclass(frozen=True)
class Vanish(Step):
    """A vector that is zero for all k, by an earlier ``||vector||^2 <= 0``."""

    vector: Vec
    step: str


@dataclass(frozen=True)
class Induct(Step):
    """From V_{k+1} <= rho_k V_k, rho_k >= 0, to V_N <= closed(N) base^N V_start; from == to ==, for rho_k of any sign.

    closed(0) = 1 and rho_k closed(k) = closed(k+1) base; with ``start = "1"``, closed(1) base = 1.
    """

    step: str
    potential: Terms
    rho: str = "1"
    power: str = ""
    closed: str = "1"
    start: str = "0"


@dataclass(frozen=True)
class InductHypothesis(Step):
    """From ``P_1 <= 0`` and ``P_k <= 0 implies P_{k+1} <= 0`` to ``P_N <= 0``."""

    base: str
    step: str
    claim: Terms


@dataclass(frozen=True)
class Sum(Step):
    """From V_{k+1} - V_k + w_k q_k + e_k <= 0 to sum_{k<n} w_k q_k + E_n <= V_0 - V_n; E_0 = 0, E_{k+1} = E_k + e_k."""

    step: str
    potential: Terms
    weight: str = "0"
    quantity: Terms = ()
    rest: Terms = ()
    total: Terms = ()
    upto: str = "N"


@dataclass(frozen=True)
class Settle(Step):
    """From V_{k+1} - rho V_k - rise == 0, -1 < rho < 1, to lim V_k == rise/(1 - rho)."""

    step: str
    potential: Terms
    rho: str
    rise: str


@dataclass(frozen=True)
class Least(Step):
    """``m - q <= 0`` for a minimum m of the case, at ``index`` k, k+1, 0 or N below its end."""

    minimum: str
    index: str = "k"


@dataclass(frozen=True)
class Average(Step):
    """W_n (f(sum w_k x_k / W_n) - f_*) <= sum_{k<n} w_k (f(x_k) - f_*) for convex f: Jensen."""

    weight: str
    value: str
    total: str
    upto: str = "N"


@dataclass(frozen=True)
class Case:
    """Steps on one part of the claim's domain; the last one concludes.

    Args:
        domain: parameters with their intervals: the claim's own, ``roots`` of the method and of the case, and ``lets``.
        given: a parameter of the claim (or a root) that is not in the domain, by those that are.
        lets, roots: further names: an expression in the claim's parameters, or its nonnegative square root.
        frame: the domain in the claim's own parameters, where ``domain`` speaks of others.
        powers: name -> base; the name stands for base^N.
        first: the least N, 1 or 0.
        squares: expression -> (weight, root) pairs with sum w r^2, where the field does not see that it is >= 0.
        reach: ``k<N`` or ``k<N+1`` where the steps hold for such k alone.
        defines: further vectors, by a recursion from zero: they restrict nothing.
        minima: name -> the minimum that it stands for, among the values that do not move.
        knows: expressions that are >= 0 by a relation of the claim which the intervals do not say.
        positive: the same, > 0: rules (not the kernel) may divide by them.
    """

    domain: tuple[Interval, ...]
    steps: Mapping[str, Step]
    given: Mapping[str, str] = field(default_factory=dict)
    lets: Mapping[str, str] = field(default_factory=dict)
    roots: Mapping[str, str] = field(default_factory=dict)
    frame: tuple[Interval, ...] = ()
    powers: Mapping[str, str] = field(default_factory=dict)
    first: str = "1"
    squares: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    reach: str = ""
    defines: Mapping[str, Vec] = field(default_factory=dict)
    minima: Mapping[str, Minimum] = field(default_factory=dict)
    knows: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """Two parts of the domain: ``on <= 0`` and ``on > 0``."""

    on: str
    low: Case | Split
    high: Case | Split


@dataclass(frozen=True)
class Derivation:
    """The claim's formal side and a proof on every part of its domain."""

    formal: Formal
    tree: Case | Split


# --- which claim has one ----------------------------------------------------------------------------------------------

_MAKERS: dict[tuple[str, str], tuple[Claim, Callable[[], Derivation]]] = {}
_MADE: dict[tuple[str, str], Derivation] = {}


def derivation(claim: Claim) -> Callable[[Callable[[], Derivation]], Callable[[], Derivation]]:
    """Register a function without arguments as the derivation of a claim; it is run when it is asked for.

    From then on ``verify`` has the claim's derivation checked, and the claim is *proved* if it ends in it.

    Raises:
        TypeError: what is given is no claim, or what is decorated no function.
    """
    if not hasattr(claim, "with_bound"):
        raise TypeError(f"the claim of a derivation is {shown(claim)}; give a Claim")

    def add(make: Callable[[], Derivation]) -> Callable[[], Derivation]:
        of_type(make, Callable, "a derivation", "a function without arguments that makes one")
        _MAKERS[claim.key] = (claim, make)
        _MADE.pop(claim.key, None)
        return make

    return add


def derivation_of(claim: Claim) -> Derivation | None:
    """The derivation that is registered for the claim of that id and file, or None. A library claim's module is imported first.

    It lies in ``<family>._derivations.<stem>``, or in ``derivations`` of a paper that is a package.
    """
    if claim.key not in _MAKERS:
        family, stem = f"gradproof.theory.{claim.paper.family}", claim.paper.stem
        for name in (f"{family}._derivations.{stem}", f"{family}.{stem}.derivations"):
            try:
                importlib.import_module(name)
                break
            except ModuleNotFoundError as error:
                if error.name is None or not name.startswith(error.name):
                    raise
    if claim.key not in _MAKERS:
        return None
    if claim.key not in _MADE:
        registered, make = _MAKERS[claim.key]
        made = make()
        _MADE[claim.key] = Derivation(with_words(made.formal, registered), made.tree)
    return _MADE[claim.key]


def maker_of(claim: Claim) -> Callable[[], Derivation] | None:
    """The function that makes the claim's derivation, or None."""
    return _MAKERS[claim.key][1] if derivation_of(claim) is not None else None


def with_words(formal: Formal, claim: Claim) -> Formal:
    """The formal side with the words of the claim that it stands for."""
    words = {"quantity": claim.quantity} | {f"assumption {a.name}": a.statement for a in claim.assumptions}
    return Formal(
        formal.method, formal.quantity, formal.initial, formal.at, formal.horizon, formal.stands, formal.by, words
    )
