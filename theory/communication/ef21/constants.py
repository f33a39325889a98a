"""The constants and step sizes of EF21, exact for exact input.

``alpha`` in (0, 1] is the contraction parameter of the compressor, ``E||C(x) - x||^2 <= (1 - alpha) ||x||^2``, and
``q = sqrt(1 - alpha)``. ``L`` is the smoothness constant of the mean f, ``L_i`` the list of the workers' constants.
Step sizes have the unit 1/L.
"""

from collections.abc import Sequence
from typing import Any

import sympy as sp

from gradproof.theory.errors import DomainError, ParameterError
from gradproof.theory.parameter import as_number, is_array

Number = Any  # float, float array, sympy expression (exact)


def _read(**values: Any) -> list[Number]:
    """Exact where everything is exact or symbolic; floats (or float arrays) otherwise. Signs are checked."""
    read: dict[str, Number] = {}
    for name, v in values.items():
        read[name] = v if isinstance(v, sp.Expr) and not v.is_number else as_number(v, name)
    for name, v in read.items():
        low, high = (0, 1) if name == "alpha" else (0, None)
        if getattr(v, "is_number", True):
            values_ok = (v > low) if high is None else (v > low) & (v <= high)
            if not bool(values_ok.all() if is_array(values_ok) else values_ok):
                need = "0 < alpha <= 1" if high else f"{name} > 0"
                raise DomainError(f"need {need}, got {name} = {v}")
    if any(isinstance(v, float) or is_array(v) for v in read.values()):
        return [float(v) if isinstance(v, sp.Expr) and v.is_number else v for v in read.values()]
    return list(read.values())


def _root(x: Number) -> Number:
    return sp.sqrt(x) if isinstance(x, sp.Basic) else x**0.5


def _worker_constants(L_i: Sequence[Any]) -> list[Number]:
    values = list(L_i) if not isinstance(L_i, str) else []
    if not values:
        raise ParameterError(f"L_i = {L_i!r} is no list of the workers' smoothness constants; give e.g. (1, 1, 1, 100)")
    return _read(**{f"L_{k + 1}": v for k, v in enumerate(values)})


def arithmetic_mean(L_i: Sequence[Any]) -> Number:
    """L_AM = (1/n) sum L_i."""
    values = _worker_constants(L_i)
    return sum(values[1:], values[0]) / len(values)


def quadratic_mean(L_i: Sequence[Any]) -> Number:
    """L_QM = sqrt((1/n) sum L_i^2)."""
    values = _worker_constants(L_i)
    return _root(sum((v * v for v in values[1:]), values[0] * values[0]) / len(values))


def theta(alpha: Any) -> Number:
    """theta = 1 - sqrt(1 - alpha): the contraction of the error in one step."""
    (alpha,) = _read(alpha=alpha)
    if isinstance(alpha, sp.Basic):
        return 1 - sp.sqrt(1 - alpha)
    return alpha / (1 + _root(1 - alpha))  # no cancellation for small alpha


def beta(alpha: Any) -> Number:
    """beta = (1 - alpha) / (1 - sqrt(1 - alpha)): what a moved gradient adds to the error."""
    (alpha,) = _read(alpha=alpha)
    return (1 - alpha) / theta(alpha)


def xi(alpha: Any) -> Number:
    """xi = sqrt(beta / theta) = q / (1 - q) = (1 + sqrt(1 - alpha)) / alpha - 1, with q = sqrt(1 - alpha)."""
    (alpha,) = _read(alpha=alpha)
    return _root(1 - alpha) / theta(alpha)


def gamma_from_mean(L: Any, mean: Any, alpha: Any) -> Number:
    """1 / (L + mean * xi(alpha)): the step size of the theorems, for whichever mean of the L_i they use."""
    L, mean, alpha = _read(L=L, mean=mean, alpha=alpha)
    return 1 / (L + mean * xi(alpha))


def gamma_root(L: Any, L_AM: Any, alpha: Any) -> Number:
    """2 / (L + sqrt(L^2 + 4 L_AM^2 xi^2)): where the bracket of the one-step inequality vanishes."""
    L, L_AM, alpha = _read(L=L, L_AM=L_AM, alpha=alpha)
    return 2 / (L + _root(L * L + 4 * L_AM * L_AM * xi(alpha) ** 2))


def gamma_sharp(L: Any, L_AM: Any, alpha: Any) -> Number:
    """2 alpha / ((2 - alpha) L + 2 sqrt(1 - alpha) L_AM): EF21 converges below it and may cycle at it."""
    L, L_AM, alpha = _read(L=L, L_AM=L_AM, alpha=alpha)
    return 2 * alpha / ((2 - alpha) * L + 2 * _root(1 - alpha) * L_AM)


def step_size_qm(L: Any, L_i: Sequence[Any], alpha: Any) -> Number:
    """1 / (L + L_QM xi(alpha)): EF21, Theorem 1."""
    return gamma_from_mean(L, quadratic_mean(L_i), alpha)


def step_size_am(L: Any, L_i: Sequence[Any], alpha: Any) -> Number:
    """1 / (L + L_AM xi(alpha)): Error Feedback Reloaded."""
    return gamma_from_mean(L, arithmetic_mean(L_i), alpha)


def step_size_root(L: Any, L_i: Sequence[Any], alpha: Any) -> Number:
    """The largest step that the one-step inequality of Error Feedback Reloaded admits."""
    return gamma_root(L, arithmetic_mean(L_i), alpha)


def step_size_sharp(L: Any, L_i: Sequence[Any], alpha: Any) -> Number:
    """The exact stability threshold in terms of (L, L_AM, alpha)."""
    return gamma_sharp(L, arithmetic_mean(L_i), alpha)


def step_size_pl(mu: Any, L: Any, mean: Any, alpha: Any) -> Number:
    """min(1 / (L + sqrt(2) xi mean), theta / (2 mu)): EF21, Theorem 2, for L_QM or L_AM as the mean."""
    mu, L, mean, alpha = _read(mu=mu, L=L, mean=mean, alpha=alpha)
    root2 = sp.sqrt(2) if isinstance(alpha, sp.Basic) else 2.0**0.5
    first, second = 1 / (L + root2 * xi(alpha) * mean), theta(alpha) / (2 * mu)
    return sp.Min(first, second) if isinstance(first, sp.Basic) or isinstance(second, sp.Basic) else min(first, second)


def step_size_pl_refined(mu: Any, L: Any, L_AM: Any, alpha: Any) -> Number:
    """The positive root of (beta L_AM^2 - L mu) gamma^2 + (L theta + mu) gamma - theta = 0 below theta / mu."""
    mu, L, L_AM, alpha = _read(mu=mu, L=L, L_AM=L_AM, alpha=alpha)
    a, b, c = beta(alpha) * L_AM**2 - L * mu, L * theta(alpha) + mu, theta(alpha)
    return 2 * c / (b + _root(b * b + 4 * a * c))  # the form without cancellation, valid for a of either sign


def step_size_single_worker(mu: Any, L: Any, alpha: Any) -> Number:
    """eta_* = 2 / (L + mu) * (1 - q) / (1 + q): the best step for one worker and strongly convex f."""
    mu, L, alpha = _read(mu=mu, L=L, alpha=alpha)
    q = _root(1 - alpha)
    return 2 / (L + mu) * (1 - q) / (1 + q)


def contraction_rate(mu: Any, L: Any, alpha: Any) -> Number:
    """rho = z^2, z = ((1 - q) r + sqrt((1 - q)^2 r^2 + 4 q)) / 2 with r = (L - mu) / (L + mu).

    Tight one-step factor on ``q ||grad f||^2 + ||g - grad f||^2`` for one worker at the step ``eta_*``.

    Raises:
        DomainError: unless 0 < mu < L.
    """
    mu, L, alpha = _read(mu=mu, L=L, alpha=alpha)
    if not isinstance(mu - L, sp.Basic) or (mu - L).is_number:
        too_large = mu >= L
        if bool(too_large.any() if is_array(too_large) else too_large):
            raise DomainError(f"need 0 < mu < L, got mu = {mu}, L = {L}")
    q = _root(1 - alpha)
    r = (L - mu) / (L + mu)
    return (((1 - q) * r + _root((1 - q) ** 2 * r**2 + 4 * q)) / 2) ** 2


def cloning_mean(L_i: Sequence[Any], N_i: Sequence[int]) -> Number:
    """M(N) = (1/n) sqrt(N sum L_i^2 / N_i): quadratic mean of the constants after cloning client i into N_i copies.

    Raises:
        ParameterError: unless there is one positive integer N_i a client.
    """
    values, copies = _worker_constants(L_i), list(N_i)
    if len(copies) != len(values) or any(int(k) != k or k < 1 for k in copies):
        raise ParameterError(f"N_i = {tuple(N_i)} must give one integer >= 1 for each of the {len(values)} clients")
    copies = [int(k) for k in copies]
    total = sum((v * v / k for v, k in zip(values[1:], copies[1:], strict=True)), values[0] * values[0] / copies[0])
    return _root(sum(copies) * total) / len(values)
