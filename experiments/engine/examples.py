"""Every method comes with an example to run it on, so that one test can try all methods on all array libraries.

A method is a function ``... -> Method`` in the experiments room. Beside it stands an example::

    @example(heavy_ball)
    def heavy_ball_on_quadratics(on: Backend) -> Example:
        problem, gamma = on.move((quadratics(), np.array([0.1, 0.2])))
        return Example(heavy_ball(problem, gamma, 0.5), start(np.ones(6), settings=2, seeds=3))
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj

from gradproof.experiments.engine.backend import Backend, map_arrays
from gradproof.experiments.engine.draws import Draws, keys
from gradproof.experiments.engine.run import Method, run
from gradproof.theory.errors import ParameterError

Array = Any
ROOM = "gradproof.experiments"


@dataclass(frozen=True, kw_only=True)
class _Numbers:
    steps: int = 30
    terms: int = 100
    growth: float = 10.0


@dataclass(frozen=True)
class Example(_Numbers):
    """A method on a small problem, its arrays on one backend.

    Args:
        method: what to run; its numbers may differ from setting to setting.
        x0: start (setting, seed, ...), a NumPy array, at least two settings and two seeds.
        draw: makes the random numbers of a step; None for a method without.
        steps: how many to take.
        terms: a step adds up at most so many numbers at a time.
        growth: the steps magnify a small error at most so much.
    """

    method: Method
    x0: np.ndarray
    draw: Callable[[Draws], Any] | None = None

    def __post_init__(self) -> None:
        if self.x0.ndim < 3 or min(self.x0.shape[:2]) < 2:
            raise ParameterError(f"x0 of shape {self.x0.shape} must begin with two or more settings and seeds")

    def rounding(self, reference: np.ndarray) -> np.ndarray:
        """How far two libraries may part along a run: ``growth * t * terms`` roundings of the largest number at step t.

        Args:
            reference: (setting, seed, step, ...).
        """
        t = np.arange(reference.shape[2]).reshape(-1, *[1] * (reference.ndim - 3))
        return self.growth * (t + 1) * self.terms * np.finfo(float).eps * np.abs(reference).max()


Function = Callable[..., Example]  # of the backend, and of values given at registration
Maker = Callable[[Backend], Example]
_EXAMPLES: dict[str, Maker] = {}
_SHOWN: set[str] = set()


def example(*methods: Callable[..., Method], name: str = "", **values: Any) -> Callable[[Function], Function]:
    """Register an example of some methods; the function is given a backend and moves its arrays there.

    ``name``: instead of the function's, where one function makes several examples; ``values``: its other arguments then.
    """

    def decorate(maker: Function) -> Function:
        _EXAMPLES[f"{maker.__module__.removeprefix(ROOM + '.')}.{name or maker.__name__}"] = partial(maker, **values)
        _SHOWN.update(f"{m.__module__}.{m.__qualname__}" for m in methods)
        return maker

    return decorate


def examples() -> dict[str, Maker]:
    """All examples of the experiments room by name."""
    for name, _ in _modules():
        importlib.import_module(name)
    return dict(sorted(_EXAMPLES.items()))


def without_example() -> list[str]:
    """Functions that make a ``Method`` and have no example."""
    examples()
    return sorted({f"{name}.{f}" for name, file in _modules() for f in _makers(file)} - _SHOWN)


def states(maker: Maker, on: Backend) -> list[np.ndarray]:
    """Run an example on a backend: every array of its state at every step, (setting, seed, step, ...) each."""
    with on.scope():
        e = maker(on)
        x0 = on.asarray(e.x0)
        kept = [i for i, leaf in enumerate(_leaves(e.method.init(x0))) if is_array_api_obj(leaf)]
    words = on.asarray(keys("example", settings=range(e.x0.shape[0]), seeds=range(e.x0.shape[1])))
    draw = e.draw
    out = run(
        e.method,
        x0,
        e.steps,
        record={f"v{i}": lambda s, i=i: _leaves(s)[i] for i in kept},  # type: ignore[misc]
        draw=(lambda t: draw(Draws(words, t))) if draw else None,
    )
    return [out[f"v{i}"].values for i in kept]


def _leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    map_arrays(found.append, tree)
    return found


def _modules() -> Iterator[tuple[str, Path]]:
    for info in pkgutil.walk_packages(importlib.import_module(ROOM).__path__, ROOM + "."):
        spec = importlib.util.find_spec(info.name)
        if spec is not None and spec.origin:
            yield info.name, Path(spec.origin)


def _makers(file: Path) -> Iterator[str]:
    """Names of the outermost functions (or ``Class.function``) of a file that say they return a ``Method``, or call it."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    functions = [("", f) for f in body if isinstance(f, ast.FunctionDef)]
    functions += [
        (f"{c.name}.", f) for c in body if isinstance(c, ast.ClassDef) for f in c.body if isinstance(f, ast.FunctionDef)
    ]
    for prefix, f in functions:
        calls = (n.func for n in ast.walk(f) if isinstance(n, ast.Call))
        says = isinstance(f.returns, ast.Name) and f.returns.id == "Method"
        if says or any(isinstance(c, ast.Name) and c.id == "Method" for c in calls):
            yield prefix + f.name
