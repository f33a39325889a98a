"""Routines of ``math`` and NumPy on exact numbers: what a measure calls is answered exactly, in balls, or not at all.

Linear algebra is done on rationals (python-flint's ``fmpq_mat``): solutions, inverses and determinants are exact, eigenvalues
are the isolated roots of the characteristic polynomial. A symmetric matrix of balls is the matrix of their middles, moved in
the spectrum by no more than the Frobenius norm of the radii (Weyl).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from gradproof.experiments.instances.exact import FUNCTIONS, Exact

LARGEST = 40  # rows of a matrix whose eigenvalues are asked for


class Touched(TypeError):
    """The measure leaves exact and ball arithmetic for floats."""


def exactly(x: Any) -> Any:
    """Integers, fractions and arrays of them as exact numbers; sequences become arrays where NumPy would make them."""
    if isinstance(x, bool | np.bool_):
        return x
    if isinstance(x, int | np.integer | Fraction):
        return Exact.of(x)
    if isinstance(x, float | np.floating):
        raise Touched(f"the float {x!r} in an array")
    if isinstance(x, np.ndarray):
        if x.dtype.kind in "fc":
            raise Touched("an array of floats")
        if x.dtype.kind == "b":
            return x
        return _each(exactly, x)
    return x


def _each(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    out = np.empty(x.shape, dtype=object)
    for i, v in np.ndenumerate(x):
        out[i] = function(v)
    return out


def array(x: Any, *, real: bool = False) -> np.ndarray:
    """``np.array`` of exact numbers; ``real``: of dtype float, so that integers are divided as reals."""
    found = np.array(x)
    if found.dtype.kind in "fc":
        raise Touched("an array of floats")
    return exactly(found) if real or found.dtype.kind == "O" else found


def divide(a: Any, b: Any) -> Any:
    """a / b."""
    return exactly(a) / exactly(b)


def power(a: Any, b: Any) -> Any:
    """a ** b; an integer remains one where the exponent is a nonnegative integer."""
    plain = (int, np.integer, Fraction)
    if isinstance(a, plain) and isinstance(b, int | np.integer):
        return a**b if b >= 0 and not isinstance(a, Fraction) else Exact.of(a) ** b
    if isinstance(a, np.ndarray) and a.dtype.kind in "iu" and isinstance(b, int | np.integer) and b >= 0:
        return a**b
    return exactly(a) ** exactly(b)


# --- linear algebra ----------------------------------------------------------------------------------------------------


def _matrix(a: Any) -> np.ndarray:
    a = exactly(np.asarray(a))
    if a.ndim != 2:
        raise Touched("stacked matrices")
    return a


def _rational(a: np.ndarray) -> bool:
    return all(x.rational for x in a.flat)


def _flint(a: np.ndarray, rational: bool | None = None) -> Any:
    """The matrix as one of fractions if all entries are (or ``rational`` says so), else of balls."""
    make: Any
    if _rational(a) if rational is None else rational:
        make, entries = flint.fmpq_mat, [x.v for x in a.flat]
    else:
        make, entries = flint.arb_mat, [flint.arb(x.v) for x in a.flat]
    return make(*a.shape, entries)


def _numpy(m: Any) -> np.ndarray:
    return _each(Exact, np.array(m.entries(), dtype=object).reshape(m.nrows(), m.ncols()))


def solve(a: Any, b: Any) -> np.ndarray:
    """The solution of a x = b, shape of b."""
    a, b = _matrix(a), exactly(np.asarray(b))
    right = b.reshape(len(b), -1)
    rational = _rational(a) and _rational(right)
    return _numpy(_flint(a, rational).solve(_flint(right, rational))).reshape(b.shape)


def inverse(a: Any) -> np.ndarray:
    """The inverse matrix."""
    return _numpy(_flint(_matrix(a)).inv())


def determinant(a: Any) -> Exact:
    """The determinant."""
    return Exact(_flint(_matrix(a)).det())


def eigenvalues(a: Any, UPLO: str = "L") -> np.ndarray:
    """Eigenvalues of a symmetric matrix in increasing order, of which NumPy reads one triangle."""
    a = _matrix(a)
    n = len(a)
    if n > LARGEST:
        raise Touched(f"eigenvalues of {n} rows")
    lower = UPLO.upper() == "L"
    s = np.array([[a[(max(i, j), min(i, j)) if lower else (min(i, j), max(i, j))] for j in range(n)] for i in range(n)])
    if _rational(s):
        middle, away = s, flint.arb(0)
    else:
        middle = _each(lambda x: Exact(_middle(x.v)), s)
        gaps = [flint.arb(x.v) - flint.arb(m.v) for x, m in zip(s.flat, middle.flat, strict=True)]
        # an upper end of the Frobenius norm of the radii
        away = sum((abs(g).abs_upper() ** 2 for g in gaps), flint.arb(0)).sqrt().abs_upper()
    found = []
    factors: Any = _flint(middle, rational=True).charpoly().factor()[1]
    for factor, times in factors:
        if factor.degree() == 1:
            roots = [Exact(-factor[0] / factor[1])]
        else:
            roots = [Exact(r.real) for r, _ in factor.complex_roots()]
        found += [r for r in roots for _ in range(times)]
    if away != 0:
        spread = flint.arb(0, away)
        found = [Exact(flint.arb(x.v) + spread) for x in found]
    return np.array(_in_order(found), dtype=object)


def _in_order(found: list[Exact]) -> list[Exact]:
    """By size; balls that overlap become their union, so that the k-th holds the k-th number whichever is larger."""
    found = sorted(found, key=lambda x: x.approximate())
    for k in range(1, len(found)):
        a, b = found[k - 1], found[k]
        if (a.rational and b.rational) or flint.arb(a.v) < flint.arb(b.v):
            continue
        both = Exact(flint.arb(a.v).union(flint.arb(b.v)))
        j = k - 1
        while j >= 0 and not (flint.arb(found[j].v) < flint.arb(both.v)):
            both = Exact(flint.arb(found[j].v).union(flint.arb(both.v)))
            j -= 1
        found[j + 1 : k + 1] = [both] * (k - j)
    return found


def _middle(v: Any) -> Any:
    if isinstance(v, flint.fmpq):
        return v
    mantissa, exponent = v.mid().man_exp()
    two = flint.fmpq(2) ** int(exponent) if exponent >= 0 else 1 / flint.fmpq(2) ** int(-exponent)
    return flint.fmpq(mantissa) * two


def singular_values(a: Any) -> np.ndarray:
    """Singular values in decreasing order."""
    a = _matrix(a)
    gram = a @ a.T if a.shape[0] <= a.shape[1] else a.T @ a
    return np.array([_root(x) for x in eigenvalues(gram)[::-1]], dtype=object)


def _root(x: Exact) -> Exact:
    if x.rational:
        return x.sqrt()
    return Exact(x.v.nonnegative_part().sqrt())  # an eigenvalue of a Gram matrix


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.linalg.norm`` of vectors and matrices: 1, 2, inf, Frobenius, nuclear."""
    x = exactly(np.asarray(x))
    if keepdims or (axis is not None and ord not in (None, 2)):
        raise Touched("this norm")
    if axis is not None:
        return np.sqrt((x * x).sum(axis=axis))
    flat = x.ravel()
    if ord is None or (x.ndim == 1 and ord == 2) or (x.ndim == 2 and ord == "fro"):
        return Exact.of((flat * flat).sum()).sqrt()
    if x.ndim == 1 and ord in (1, math.inf, -math.inf):
        return abs(x).sum() if ord == 1 else abs(x).max() if ord > 0 else abs(x).min()
    if x.ndim == 2 and ord in (1, math.inf):
        return abs(x).sum(axis=0 if ord == 1 else 1).max()
    if x.ndim == 2 and ord in (2, -2, "nuc"):
        s = singular_values(x)
        return s.sum() if ord == "nuc" else s[0] if ord == 2 else s[-1]
    raise Touched("this norm")


def condition(x: Any, p: Any = None) -> Exact:
    """The condition number in the spectral norm."""
    if p not in (None, 2):
        raise Touched("this condition number")
    s = singular_values(x)
    return s[0] / s[-1]


def matrix_power(a: Any, n: int) -> np.ndarray:
    """The n-th power of a square matrix, n >= 0."""
    a, found = _matrix(a), exactly(np.eye(len(a), dtype=int))
    if n < 0:
        a, n = inverse(a), -n
    while n:
        found, a, n = (found @ a if n & 1 else found), a @ a, n >> 1
    return found


# --- the rest of NumPy, and math ---------------------------------------------------------------------------------------


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = exactly(np.asarray(x))
    return x.sum(axis=axis, keepdims=keepdims) / (x.size if axis is None else x.shape[axis])


def _variance(x: Any, axis: Any = None, ddof: int = 0) -> Any:
    x = exactly(np.asarray(x))
    if axis is not None:
        raise Touched("a variance along an axis")
    away = x - _mean(x)
    return (away * away).sum() / (x.size - ddof)


def _deviation(x: Any, axis: Any = None, ddof: int = 0) -> Any:
    return FUNCTIONS["sqrt"](_variance(x, axis, ddof))


def _cast(x: np.ndarray, dtype: Any, **_: Any) -> np.ndarray:
    return x.astype(dtype) if _integral(dtype) or dtype is object else exactly(x)


def _linspace(start: Any, stop: Any, num: int = 50) -> np.ndarray:
    a, b = Exact.of(start), Exact.of(stop)
    return np.array([a + (b - a) * Exact.of(Fraction(k, max(num - 1, 1))) for k in range(num)], dtype=object)


def _function(name: str) -> Callable[..., Any]:
    through = FUNCTIONS[name]

    def function(x: Any, *rest: Any) -> Any:
        return through(exactly(x), *map(exactly, rest))

    return function


def _filled(value: int) -> Callable[..., Any]:
    def fill(shape: Any, dtype: Any = float) -> np.ndarray:
        real = np.full(shape, value, dtype=int)
        return exactly(real) if not _integral(dtype) else real.astype(dtype)

    return fill


def _like(value: int) -> Callable[..., Any]:
    def fill(x: Any, dtype: Any = None) -> np.ndarray:
        x = np.asarray(x)
        return np.full(x.shape, value, dtype=x.dtype if x.dtype.kind != "O" else int) if _integral(dtype or x.dtype) else (
            exactly(np.full(x.shape, value, dtype=int)))  # fmt: skip

    return fill


def _integral(dtype: Any) -> bool:
    return dtype in (int, bool) or (isinstance(dtype, np.dtype | type) and np.dtype(dtype).kind in "iub")


def _identity(n: int, m: int | None = None, dtype: Any = float) -> np.ndarray:
    found = np.eye(n, m, dtype=int)
    return found if _integral(dtype) else exactly(found)


def _made(x: Any, dtype: Any = None, copy: Any = None) -> np.ndarray:
    return np.array(x, dtype=dtype) if dtype is not None and _integral(dtype) else array(x, real=dtype is not None)


def _full(shape: Any, value: Any, dtype: Any = None) -> np.ndarray:
    if dtype is None and isinstance(value, int):
        return np.full(shape, value)
    out = np.empty(shape, dtype=object)
    out[...] = exactly(value)
    return out


def real(x: Any = 0) -> Any:
    """``float``: the number as it is; a text is read as a decimal."""
    if isinstance(x, np.ndarray) and x.size == 1:
        x = x.reshape(-1)[0]
    if isinstance(x, str):
        return float(x) if x.strip().lstrip("+-").lower() in ("inf", "infinity") else Exact.of(Fraction(x))
    if isinstance(x, float) and math.isinf(x):
        return x
    return exactly(x)


def _sign(x: Any) -> Any:
    def one(v: Any) -> int:
        return Exact.of(v).sign()

    return _each(one, np.asarray(x)) if isinstance(x, np.ndarray | list | tuple) else one(x)


def _hypot(*xs: Any) -> Any:
    return FUNCTIONS["sqrt"](sum(exactly(x) * exactly(x) for x in xs))


def _prod(xs: Any, start: Any = 1) -> Any:
    for x in xs:
        start = start * x
    return start


def _dist(p: Any, q: Any) -> Any:
    return _hypot(*(exactly(a) - exactly(b) for a, b in zip(p, q, strict=True)))


_ARC = {"arctan": "atan"}
REPLACED: list[tuple[Any, Callable[..., Any]]] = [
    *((getattr(math, n), _function(n)) for n in FUNCTIONS),
    *((f, _function(n)) for n, f in FUNCTIONS.items()),
    *((getattr(np, n), _function(_ARC.get(n, n))) for n in (*FUNCTIONS, "arctan") if hasattr(np, n) and n != "atan"),
    (math.pow, power), (math.fabs, abs), (math.hypot, _hypot), (math.fsum, sum), (math.prod, _prod), (math.dist, _dist),
    (float, real), (pow, power), (operator.truediv, divide), (operator.pow, power), (np.float64, real),
    (np.divide, divide), (np.true_divide, divide), (np.power, power), (np.hypot, _hypot), (np.sign, _sign),
    (np.mean, _mean), (np.average, _mean), (np.var, _variance), (np.linspace, _linspace),
    (np.std, _deviation),
    (np.zeros, _filled(0)), (np.ones, _filled(1)), (np.empty, _filled(0)), (np.full, _full),
    (np.zeros_like, _like(0)), (np.ones_like, _like(1)), (np.empty_like, _like(0)),
    (np.eye, _identity), (np.identity, _identity),
    (np.array, _made), (np.asarray, _made), (np.asanyarray, _made), (np.fabs, abs),
    (np.linalg.norm, norm), (np.linalg.solve, solve), (np.linalg.inv, inverse), (np.linalg.det, determinant),
    (np.linalg.eigvalsh, eigenvalues), (np.linalg.cond, condition), (np.linalg.matrix_power, matrix_power),
]  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Functions of NumPy that only move, compare, add and multiply what they are given.
STRUCTURAL = _words(
    """
    abs absolute add all amax amin any append arange argmax argmin argsort array_equal atleast_1d atleast_2d block
    broadcast_to clip column_stack concatenate conj conjugate copy count_nonzero cross cumprod cumsum delete diag
    diagonal diff dot equal expand_dims flatnonzero flip greater greater_equal hstack inner insert ix_ kron less
    less_equal logical_and logical_not logical_or matmul max maximum meshgrid min minimum moveaxis multiply ndim
    negative nonzero not_equal outer pad positive prod put ravel repeat reshape roll rot90 searchsorted shape size
    sort split square squeeze stack subtract sum swapaxes take tensordot tile trace transpose tri tril triu unique
    vdot vstack where einsum ndindex ndenumerate fill_diagonal
    """
)
ARRAY_API = ("array_namespace", "device", "is_numpy_array", "is_torch_array", "is_jax_array", "cumulative_sum", "permute_dims",
             "astype")  # fmt: skip
BUILTIN = _words(
    """
    abs all any bool callable chr dict divmod enumerate filter format frozenset getattr hasattr hash id int
    isinstance issubclass iter len list map max min next object ord print property range repr reversed round set
    setattr slice sorted str sum super tuple type vars zip
    """
)
INTEGRAL = ("ceil", "comb", "factorial", "floor", "gcd", "isqrt", "lcm", "perm", "trunc")


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> np.ndarray:
    """Singular values alone."""
    if compute_uv:
        raise Touched("singular vectors")
    return singular_values(a)


REPLACED.append((np.linalg.svd, svd))
METHODS: dict[str, Callable[..., Any]] = {"mean": _mean, "var": _variance, "std": _deviation, "astype": _cast}
