"""A performance-estimation problem: what is written down before anything is solved. It holds no global state."""

from __future__ import annotations

import copy
import itertools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gradproof.solvers.pep.model.classes import FunctionClass
from gradproof.solvers.pep.model.expressions import Constraint, PepError, Scalar, Vector, exact
from gradproof.theory.axioms import ONE, Form, Member, Point
from gradproof.theory.proof import Premise, Statement

_NAME = re.compile(r"[!-+\-.-;=?-{}~-]+")  # as a proof file admits: ASCII without blanks and |<>,
_IDENTITY = itertools.count(1)  # tells expressions of different problems apart


@dataclass(frozen=True, eq=False)
class Sample:
    """What is known of a mapping at one place."""

    label: str
    x: Vector
    g: Vector
    f: Scalar


class Mapping:
    """A function, operator or compressor of a class, in one problem; made by ``Problem.function``."""

    def __init__(self, problem: Model, cls: FunctionClass, name: str) -> None:
        self.problem, self.cls, self.name = problem, cls, name
        self.samples: list[Sample] = []
        self._by_point: dict[frozenset, Sample] = {}
        self._lower: Scalar | None = None
        self._centre: Vector | None = None
        self._lowest: Scalar | None = None  # value at the centre, where mu = L
        self._fresh, self._numbers = itertools.count(), itertools.count()

    @property
    def gradient_scale(self) -> float:
        """Expected size of gradients at unit distance; a hint for the conditioning, nothing more."""
        c = self.cls.constants
        for name in ("L", "M"):
            if name in c:
                return float(c[name])
        return 1 / float(c["beta"]) if "beta" in c else 1.0

    @property
    def valued(self) -> bool:
        """True for functions (which have values), False for operators and compressors."""
        return self.cls.kind in ("function", "quadratic", "indicator")

    def fresh(self, letter: str) -> str:
        """An unused name for a basis vector."""
        while True:
            name = f"{self.name}.{letter}{next(self._fresh)}"
            if name not in self.problem.vectors:
                return name

    def gradient(self, x: Vector) -> Vector:
        """The gradient (a subgradient, a normal vector, the operator's output) at x; the same vector at the same point."""
        return self.sample(x).g

    def __call__(self, x: Vector) -> Any:
        """The value of a function, or the output of an operator or compressor, at x."""
        s = self.sample(x)
        return s.f if self.valued else s.g

    def sample(self, x: Vector) -> Sample:
        """Everything known at x; a new point if there is none."""
        if not isinstance(x, Vector):
            raise PepError(f"{self.name} is evaluated at a point, got {x!r}")
        if x.owner not in (0, self.problem._identity):
            raise PepError(f"{self.name} is evaluated at a point of another problem; build both in one Problem")
        found = self._by_point.get(frozenset(x.terms.items()))
        if found is None:
            if self.is_one:
                found = self.declare(x, self.curvature * (x - self.centre))
            else:
                found = self.declare(x, self.new_gradient())
        return found

    @property
    def centre(self) -> Vector:
        """Where a quadratic is stationary: the origin if that is still free, else a point of its own."""
        if self._centre is None:
            self._centre = self.problem.anchor(f"{self.name}*")
        return self._centre

    @property
    def is_one(self) -> bool:
        """True where mu = L leaves one function, ``L ||x - centre||^2 / 2`` and a constant."""
        return self.cls.curvature is not None

    @property
    def curvature(self) -> Fraction:
        """mu = L of the one function."""
        assert self.cls.curvature is not None, f"{self.name} is of a class with more than one function"
        return self.cls.curvature

    def new_gradient(self) -> Vector:
        """A free (sub)gradient, written as the first gradient of the mapping plus a difference.

        Sums such as f + h fix only the sum of the gradients at a minimiser; written so, the part that they leave free
        occurs in inner products only (or not at all), and does not make the Gram matrix unbounded.
        """
        g = self.problem.leaf(self.fresh("g"), scale=self.gradient_scale)
        return self.samples[0].g + g if self.samples and self.cls.kind in ("function", "operator", "indicator") else g

    def declare(self, x: Vector, g: Vector, label: str = "") -> Sample:
        """State that g is a (sub)gradient (normal vector, output) at x."""
        if any(v.owner not in (0, self.problem._identity) for v in (x, g)):
            raise PepError(f"{self.name} is evaluated at a point of another problem; build both in one Problem")
        key = frozenset(x.terms.items())
        if self.is_one:
            return self._declare_determined(x, g, label, key)
        if self.cls.kind == "quadratic":  # the axioms speak of <x, Qx>/2
            x = x - self.centre
            g = g if x.terms else Vector()
        name = self._label(label)
        if not self.valued or self.cls.kind == "indicator" or (self.cls.kind == "quadratic" and not x.terms):
            f = Scalar(Form())
        else:
            same = self._by_point.get(key)  # another subgradient at the same point
            f = same.f if same else self.problem.value(f"{self.name}({name})", scale=self.gradient_scale)
        s = Sample(name, x, g, f)
        self.samples.append(s)
        self._by_point.setdefault(key, s)
        return s

    def _label(self, label: str) -> str:
        name = label or str(next(self._numbers))
        return f"{name}.{next(self._numbers)}" if any(s.label == name for s in self.samples) else name

    def _declare_determined(self, x: Vector, g: Vector, label: str, key: frozenset) -> Sample:
        """Of the one function with mu = L: its gradient and value are expressions in x and the centre."""
        L = self.curvature
        step = x - self.centre
        if (g - L * step).terms:
            raise PepError(
                f"{self.name} has mu = L = {L}: its gradient is {L} (x - centre), nothing else can be declared; "
                "use gradient(x) or proximal(...)"
            )
        if self._lowest is None:
            self._lowest = (
                Scalar(Form())
                if self.cls.kind == "quadratic"
                else self.problem.value(f"{self.name}(min)", scale=self.gradient_scale)
            )
        s = Sample(self._label(label), x, g, self._lowest + L / 2 * step**2)
        self.samples.append(s)
        self._by_point.setdefault(key, s)
        return s

    def minimiser(self, name: str = "*") -> Vector:
        """A point with zero gradient. The first one of a problem is its origin, which loses no generality."""
        return self.problem.minimiser(self, name=name)

    def fixed_point(self) -> Vector:
        """A point that the operator maps to itself; the origin if that is still free."""
        if self.cls.kind != "operator":
            raise PepError(f"{self.name} is a {type(self.cls).__name__}, only operators have fixed points")
        x = self.problem.anchor("*")
        self.declare(x, x, label="*")
        return x

    def contains(self, x: Vector) -> Vector:
        """State that x lies in the set of an ``Indicator``, and return it."""
        if self.cls.kind != "indicator":
            raise PepError(f"{self.name} is a {type(self.cls).__name__}, not the Indicator of a set")
        if not isinstance(x, Vector):
            raise PepError(f"{self.name} contains points, got {x!r}")
        self.declare(x, Vector())
        return x

    def lower_bound(self) -> Scalar:
        """The infimum of the function (a lower bound of it that the premises may mention)."""
        if self.cls.kind != "function":
            raise PepError(f"{self.name} is no function, it has no lower bound")
        if self.is_one:
            return self.sample(self.centre).f
        if self._lower is None:
            self._lower = self.problem.value(f"{self.name}(inf)", scale=self.gradient_scale)
        return self._lower

    @property
    def lower_name(self) -> str:
        """Name of the value below f, empty if there is none."""
        return next(iter(self._lower.form.linear)) if self._lower is not None else ""

    def member(self) -> Member:
        """The declaration that the kernel reads."""
        constants: dict[str, Any] = dict(self.cls.constants)
        if self.cls.needs_lower:
            self.lower_bound()
        if self._lower is not None:
            constants["lower"] = self.lower_name
        points = tuple(Point(s.label, s.x.terms, s.g.terms, s.f.form.linear) for s in self.samples)
        return Member(self.name, self.cls.kind, constants, points)


class Model:
    """Points, mappings and premises of one performance-estimation problem."""

    def __init__(self) -> None:
        self._identity = next(_IDENTITY)
        self.vectors: dict[str, float] = {}  # basis vector -> expected size
        self.values: dict[str, float] = {}
        self.mappings: list[Mapping] = []
        self.premises: dict[str, Constraint] = {}
        self.relaxed = False  # a step was written down by conditions that are necessary only
        self._has_origin = False

    # --- writing it down ---------------------------------------------------------------------------------------------

    def function(self, cls: FunctionClass, name: str = "") -> Mapping:
        """Declare a member of a class.

        Raises:
            PepError: not a class, or the name is taken.
        """
        if not isinstance(cls, FunctionClass):
            raise PepError(f"a function is declared by its class, such as SmoothConvex(L=1), got {cls!r}")
        if not isinstance(name, str) or (name and not _NAME.fullmatch(name)):
            raise PepError(f"a function cannot be called {name!r}; use letters, digits and dots")
        chosen = name or "fhpqrs"[len(self.mappings)] if len(self.mappings) < 6 or name else f"f{len(self.mappings)}"
        if any(m.name == chosen for m in self.mappings):
            raise PepError(f"the problem already has a function called {chosen!r}; give this one another name")
        self.mappings.append(Mapping(self, cls, chosen))
        return self.mappings[-1]

    operator = function  # reads better for operators and compressors

    def point(self, name: str, scale: float = 1.0) -> Vector:
        """A free point, such as the start."""
        return self.leaf(name, scale)

    def leaf(self, name: str, scale: float = 1.0) -> Vector:
        """A new basis vector."""
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith("~"):
            raise PepError(f"a point cannot be called {name!r}; use letters, digits and dots")
        if not exact(scale, f"scale of the point {name!r}") > 0:
            raise PepError(f"scale = {scale!r} of the point {name!r} is its expected size, a positive float")
        if name in self.vectors:
            raise PepError(f"the problem already has a point called {name!r}; give this one another name")
        self.vectors[name] = float(scale)
        return Vector({name: Fraction(1)}, self._identity)

    def value(self, name: str, scale: float = 1.0) -> Scalar:
        """A new function value."""
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name == ONE:
            raise PepError(f"a value cannot be called {name!r}; use letters, digits and dots")
        if name in self.values:
            raise PepError(f"the problem already has a value called {name!r}")
        self.values[name] = scale
        return Scalar(Form({}, {name: Fraction(1)}), self._identity)

    def minimiser(self, *mappings: Mapping, name: str = "*") -> Vector:
        """A minimiser of the sum (a zero of the sum of operators, a fixed point after ``x - A x``).

        The first one is placed at the origin, which loses no generality because all classes of functions and operators
        are closed under translation. It does where something else depends on the origin: a compressor that is given a
        point and not a difference, or the norm of a point.
        """
        if not mappings:
            raise PepError("a minimiser of what? give at least one function")
        for m in mappings:
            self._declared(m)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PepError(f"a minimiser cannot be called {name!r}; use letters, digits and dots")
        if len(mappings) == 1 and (mappings[0].cls.kind == "quadratic" or mappings[0].is_one):
            mappings[0].declare(mappings[0].centre, Vector(), label=name)
            return mappings[0].centre
        free = [m for m in mappings if not m.is_one]
        total = Vector()
        if not free:  # the mean of the centres
            whole = sum((m.curvature for m in mappings), Fraction(0))
            x = sum((m.curvature / whole * m.centre for m in mappings), Vector())
        else:
            x = self.anchor(name)
        for m in mappings:
            if m.is_one:
                total = total + m.gradient(x)
        for m in free[:-1]:
            g = self.leaf(m.fresh("g"), scale=m.gradient_scale)
            m.declare(x, g, label=name)
            total = total + g
        if free:
            free[-1].declare(x, -total, label=name)
        return x

    def _declared(self, m: Mapping) -> None:
        if not isinstance(m, Mapping):
            raise PepError(f"a function of the problem is needed, made by problem.function(...), got {m!r}")
        if m.problem is not self:
            raise PepError(f"{m.name} belongs to another problem; build both in one Problem")

    def anchor(self, name: str) -> Vector:
        """The origin the first time, then new points."""
        if not self._has_origin:
            self._has_origin = True
            return Vector()
        return self.leaf(f"x{name}" if f"x{name}" not in self.vectors else f"x{name}{len(self.vectors)}")

    def assume(self, constraint: Constraint, name: str = "") -> None:
        """Add a premise, such as ``(x0 - x_star) ** 2 <= 1``."""
        if not isinstance(name, str) or not name.isprintable():
            raise PepError(f"a premise cannot be called {name!r}; use words")
        if not isinstance(constraint, Constraint):
            raise PepError(
                f"a premise is a comparison such as (x0 - x_star) ** 2 <= 1 or f(x0).equals(f(x_star)), got {constraint!r}"
            )
        self.own(constraint.scalar)
        chosen = name or f"premise {len(self.premises)}"
        if chosen in self.premises:
            raise PepError(f"the problem already has a premise called {chosen!r}")
        self.premises[chosen] = constraint

    def own(self, expression: Any) -> Scalar:
        """The expression, if it is a number of this problem.

        Raises:
            PepError: it is none.
        """
        if not isinstance(expression, Scalar):
            raise PepError(
                f"a performance metric is a number such as f(x) - f(x_star) or (x - x_star) ** 2, got {expression!r}"
            )
        if expression.owner not in (0, self._identity):
            raise PepError("the expression belongs to another problem; build both in one Problem")
        return expression

    def snapshot(self) -> Model:
        """The problem as it is now: what is written later does not reach the answers already given."""
        now = copy.copy(self)
        now.vectors, now.values, now.premises = dict(self.vectors), dict(self.values), dict(self.premises)
        now.mappings = [copy.copy(m) for m in self.mappings]
        for m in now.mappings:
            m.problem, m.samples, m._by_point = now, list(m.samples), dict(m._by_point)
        return now

    # --- asking ----------------------------------------------------------------------------------------------------------

    def statement(self, target: Form, text: str = "") -> Statement:
        """``target <= 0`` for all members of the declared classes, under the premises."""
        members = tuple(m.member() for m in self.mappings if not m.is_one)  # one function is written out, not assumed
        premises = tuple(Premise(n, c.scalar.form, c.equality) for n, c in self.premises.items())
        return Statement(tuple(self.vectors), tuple(self.values), members, target, premises, text=text)
