"""Array libraries by name. Code follows its input: what is moved to a backend is computed there, in float64."""

from __future__ import annotations

import copy
import dataclasses
import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_jax_array, is_torch_array

from gradproof.experiments.engine.ball_arrays import BITS, balls, floats, is_balls
from gradproof.theory.arguments import shown
from gradproof.theory.errors import GradproofError, ParameterError

Array = Any

#: name -> (namespace to import, how to get it)
_NAMESPACES = {
    "numpy": ("array_api_compat.numpy", "numpy"),
    "torch": ("array_api_compat.torch", "gradproof[torch]"),
    "cupy": ("array_api_compat.cupy", "gradproof[cupy]"),
    "jax": ("jax.numpy", "gradproof[jax]"),
    "array-api-strict": ("array_api_strict", "array-api-strict"),  # for tests: nothing beyond the standard
}
NAMES = tuple(_NAMESPACES)
BALLS = "balls"


class BackendUnavailable(GradproofError):
    """An array library that is not installed, or does not load."""


@dataclass(frozen=True)
class Backend:
    """An array library and the device that new arrays go to (``None``: the library's own choice)."""

    name: str
    xp: Any
    device: Any = None

    def scope(self) -> AbstractContextManager[Any]:
        """Within it the library works in float64 and keeps no gradients.

        ``run``, ``asarray`` and ``move`` enter it themselves; arithmetic of your own on JAX arrays belongs in it.
        """
        if self.name == "jax":
            return _jax_float64()
        if self.name == BALLS:
            return flint.ctx.workprec(BITS)
        return self.xp.no_grad() if self.name == "torch" else nullcontext()

    def asarray(self, x: Any) -> Array:
        """A number, a list or a NumPy array on this backend; floats become float64."""
        x = np.asarray(x)
        if self.name == BALLS:
            with self.scope():
                return balls(x)
        if x.dtype.kind == "f":
            x = x.astype(np.float64)
        with self.scope():
            return self.xp.asarray(np.ascontiguousarray(x).reshape(x.shape), device=self.device)

    def move(self, tree: Any) -> Any:
        """A copy of a problem, a state or any nest of dataclasses, tuples, lists and dicts, its NumPy arrays moved."""
        return map_arrays(lambda x: self.asarray(x) if isinstance(x, np.ndarray) else x, tree)


def backend(name: str) -> Backend:
    """The backend of that name; torch takes a GPU where it finds one.

    Besides those in ``NAMES`` there is ``balls``: NumPy arrays of balls, a thousand times slower, in which nothing is
    rounded unseen; a violation found on another backend is replayed there.

    Raises:
        ParameterError: no backend has that name.
        BackendUnavailable: its library is not installed.
    """
    if name == BALLS:
        return Backend(BALLS, importlib.import_module("array_api_compat.numpy"))
    if name not in _NAMESPACES:
        raise ParameterError(f"backend {shown(name)} is none of {', '.join(NAMES)}")
    module, install = _NAMESPACES[name]
    try:
        xp = importlib.import_module(module)
    except ImportError as error:
        raise BackendUnavailable(f"backend {name!r} cannot be loaded ({error}); pip install '{install}'") from None
    on_gpu = name == "torch" and xp.cuda.is_available()
    return Backend(name, xp, "cuda" if on_gpu else None)


def backend_of(*arrays: Array) -> Backend:
    """The backend that some arrays belong to."""
    if any(is_balls(x) for x in arrays):
        return backend(BALLS)
    xp = array_namespace(*arrays)
    name = next((n for n, (module, _) in _NAMESPACES.items() if xp.__name__ == module), xp.__name__)
    return Backend(name, xp)


def to_numpy(x: Any) -> np.ndarray:
    """A NumPy copy of an array of any backend, brought to the host."""
    if is_torch_array(x):
        return x.detach().cpu().numpy()
    if is_balls(x):
        return floats(x)
    return np.asarray(x.get() if hasattr(x, "get") and not is_jax_array(x) else x)


def map_arrays(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same nest with ``function`` applied to what is no dataclass, tuple, list or dict."""
    if isinstance(tree, tuple):
        parts = [map_arrays(function, x) for x in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    if isinstance(tree, list):
        return [map_arrays(function, x) for x in tree]
    if isinstance(tree, dict):
        return {k: map_arrays(function, x) for k, x in tree.items()}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        new = copy.copy(tree)  # not rebuilt: what it has checked or computed once (cached properties) stays
        vars(new).update({k: map_arrays(function, x) for k, x in vars(tree).items()})
        return new
    return function(tree)


def arrays_of(tree: Any) -> list[Array]:
    """The arrays of a nest, in its order."""
    found: list[Array] = []
    map_arrays(lambda x: found.append(x) if is_array_api_obj(x) else None, tree)
    return found


def _jax_float64() -> AbstractContextManager[Any]:
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return importlib.import_module("jax.experimental").enable_x64()  # older versions
