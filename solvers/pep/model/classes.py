"""Classes of functions, operators and compressors, by their interpolation inequalities.

Each class names the kernel's kind, its constants, and which axioms hold for it; a worst case uses all of them at all
pairs of points. ``exact`` says whether those inequalities are also sufficient, so that the value is attained.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

from gradproof.solvers.pep.model.expressions import PepError, exact


def _positive(name: str, value: Any, cls: str) -> Fraction:
    c = exact(value, name)
    if c <= 0:
        raise PepError(f"{cls} needs {name} > 0, got {name} = {value}")
    return c


def _nonnegative(name: str, value: Any, cls: str) -> Fraction:
    c = exact(value, name)
    if c < 0:
        raise PepError(f"{cls} needs {name} >= 0, got {name} = {value}")
    return c


@dataclass(frozen=True)
class FunctionClass:
    """Base: what the kernel is told. Subclasses fill the fields from their constants."""

    kind: ClassVar[str] = "function"
    exact: ClassVar[bool] = True
    constants: dict[str, Fraction] = field(init=False, repr=False, compare=False, default_factory=dict)
    axioms: tuple[tuple[str, int], ...] = field(init=False, repr=False, compare=False, default=())  # (axiom, arity)
    needs_lower: ClassVar[bool] = False

    def _set(self, constants: dict[str, Fraction], *axioms: tuple[str, int]) -> None:
        object.__setattr__(self, "constants", constants)
        object.__setattr__(self, "axioms", () if self.curvature is not None else axioms)

    @property
    def curvature(self) -> Fraction | None:
        """mu where mu = L leaves one function, ``mu ||x - c||^2 / 2`` and a constant; None otherwise."""
        mu, L = self.constants.get("mu"), self.constants.get("L")
        return mu if self.kind in ("function", "quadratic") and mu is not None and mu == L else None

    def in_units(self, x: Fraction, g: Fraction) -> FunctionClass:
        """The class with points measured in units of x, gradients (outputs) in g, values in x g."""
        unit = {"mu": g / x, "L": g / x, "PL": g / x, "beta": x / g, "M": g, "D": x}
        moved = copy.copy(self)
        object.__setattr__(moved, "constants", {name: c / unit.get(name, 1) for name, c in self.constants.items()})
        return moved


@dataclass(frozen=True)
class SmoothConvex(FunctionClass):
    """Convex with L-Lipschitz gradient. Taylor, Hendrickx, Glineur (2017), Theorem 4."""

    L: Any

    def __post_init__(self) -> None:
        self._set({"mu": Fraction(0), "L": _positive("L", self.L, "SmoothConvex")}, ("interpolation", 2))


@dataclass(frozen=True)
class SmoothStronglyConvex(FunctionClass):
    """mu-strongly convex with L-Lipschitz gradient, 0 <= mu <= L. Taylor, Hendrickx, Glineur (2017), Theorem 4."""

    mu: Any
    L: Any

    def __post_init__(self) -> None:
        mu, L = _nonnegative("mu", self.mu, "SmoothStronglyConvex"), _positive("L", self.L, "SmoothStronglyConvex")
        if not mu <= L:
            raise PepError(f"need mu <= L, got mu = {self.mu}, L = {self.L}")
        self._set({"mu": mu, "L": L}, ("interpolation", 2))


@dataclass(frozen=True)
class Smooth(FunctionClass):
    """L-Lipschitz gradient, not necessarily convex: curvature in [mu, L] with mu = -L unless given."""

    L: Any
    mu: Any = None

    def __post_init__(self) -> None:
        L = _positive("L", self.L, "Smooth")
        mu = -L if self.mu is None else exact(self.mu, "mu")
        if not -L <= mu <= L:
            raise PepError(f"need -L <= mu <= L, got mu = {self.mu}, L = {self.L}")
        self._set({"mu": mu, "L": L}, ("interpolation", 2))


@dataclass(frozen=True)
class PolyakLojasiewicz(FunctionClass):
    """L-smooth with ||grad f||^2 >= 2 mu (f - f_*); the inequalities used are necessary, not sufficient."""

    mu: Any
    L: Any
    exact: ClassVar[bool] = False
    needs_lower: ClassVar[bool] = True

    def __post_init__(self) -> None:
        mu, L = _positive("mu", self.mu, "PolyakLojasiewicz"), _positive("L", self.L, "PolyakLojasiewicz")
        if mu > L:
            raise PepError(f"need mu <= L, got mu = {self.mu}, L = {self.L}")
        self._set({"mu": -L, "L": L, "PL": mu}, ("interpolation", 2), ("pl", 1))


@dataclass(frozen=True)
class Convex(FunctionClass):
    """Convex, closed, proper; gradients are subgradients."""

    def __post_init__(self) -> None:
        self._set({"mu": Fraction(0)}, ("interpolation", 2))


@dataclass(frozen=True)
class StronglyConvex(FunctionClass):
    """mu-strongly convex, not necessarily smooth."""

    mu: Any

    def __post_init__(self) -> None:
        self._set({"mu": _positive("mu", self.mu, "StronglyConvex")}, ("interpolation", 2))


@dataclass(frozen=True)
class ConvexLipschitz(FunctionClass):
    """Convex and M-Lipschitz: every subgradient has norm at most M."""

    M: Any

    def __post_init__(self) -> None:
        self._set(
            {"mu": Fraction(0), "M": _positive("M", self.M, "ConvexLipschitz")}, ("interpolation", 2), ("bounded", 1)
        )


@dataclass(frozen=True)
class BoundedGradient(FunctionClass):
    """L-smooth, nonconvex, with gradients of norm at most M; the inequalities are necessary, not sufficient."""

    M: Any
    L: Any
    exact: ClassVar[bool] = False

    def __post_init__(self) -> None:
        L = _positive("L", self.L, "BoundedGradient")
        self._set(
            {"mu": -L, "L": L, "M": _positive("M", self.M, "BoundedGradient")}, ("interpolation", 2), ("bounded", 1)
        )


@dataclass(frozen=True)
class Indicator(FunctionClass):
    """Indicator function of a closed convex set, of diameter at most D if given; gradients are normal vectors."""

    D: Any = None
    kind: ClassVar[str] = "indicator"

    def __post_init__(self) -> None:
        constants = {} if self.D is None else {"D": _positive("D", self.D, "Indicator")}
        self._set(constants, ("normal-cone", 2), *((("diameter", 2),) if constants else ()))


@dataclass(frozen=True)
class Quadratic(FunctionClass):
    """f(x) = <x - c, Q(x - c)>/2 with mu I <= Q <= L I and any centre c. Bousselmi, Hendrickx, Glineur (2024)."""

    mu: Any
    L: Any
    kind: ClassVar[str] = "quadratic"

    def __post_init__(self) -> None:
        mu, L = exact(self.mu, "mu"), _positive("L", self.L, "Quadratic")
        if not mu <= L:
            raise PepError(f"Quadratic needs mu <= L, got mu = {self.mu}, L = {self.L}")
        self._set({"mu": mu, "L": L}, ("symmetry", 2), ("value", 1), ("spectrum", -1))


@dataclass(frozen=True)
class Monotone(FunctionClass):
    """Maximally monotone operator."""

    kind: ClassVar[str] = "operator"

    def __post_init__(self) -> None:
        self._set({"mu": Fraction(0)}, ("monotone", 2))


@dataclass(frozen=True)
class StronglyMonotone(FunctionClass):
    """mu-strongly (mu < 0: weakly) monotone operator, L-Lipschitz too if L is given.

    The two together are necessary, not sufficient, for more than two points (Ryu, Taylor, Bergeling, Giselsson 2020).
    """

    mu: Any
    L: Any = None
    kind: ClassVar[str] = "operator"

    def __post_init__(self) -> None:
        constants = {"mu": exact(self.mu, "mu")}
        axioms = [("monotone", 2)]
        if self.L is not None:
            constants["L"] = _positive("L", self.L, "StronglyMonotone")
            axioms.append(("lipschitz", 2))
            if constants["mu"] > constants["L"]:
                raise PepError(f"need mu <= L, got mu = {self.mu}, L = {self.L}")
        object.__setattr__(self, "exact", self.L is None)
        self._set(constants, *axioms)


@dataclass(frozen=True)
class Cocoercive(FunctionClass):
    """beta-cocoercive operator: <Ax - Ay, x - y> >= beta ||Ax - Ay||^2."""

    beta: Any
    kind: ClassVar[str] = "operator"

    def __post_init__(self) -> None:
        self._set({"beta": _positive("beta", self.beta, "Cocoercive")}, ("cocoercive", 2))


@dataclass(frozen=True)
class LipschitzOperator(FunctionClass):
    """L-Lipschitz operator; nonexpansive for L = 1."""

    L: Any
    kind: ClassVar[str] = "operator"

    def __post_init__(self) -> None:
        self._set({"L": _positive("L", self.L, "LipschitzOperator")}, ("lipschitz", 2))


@dataclass(frozen=True)
class Contractive(FunctionClass):
    """Compressor with E||C(x) - x||^2 <= q2 ||x||^2 (q2 = 1 - alpha); outputs at different inputs are unrelated.

    The same input has the same output; for a second random draw at it, declare a second compressor. Inputs are
    differences, such as gradients or errors: compressors are not closed under translation.
    """

    q2: Any
    kind: ClassVar[str] = "compressor"

    def __post_init__(self) -> None:
        self._set({"q2": _nonnegative("q2", self.q2, "Contractive")}, ("contraction", 1))
