"""Constants of relaxed smoothness, in sympy symbols or in numbers of any kind."""

from typing import Any

import sympy as sp


def error_factor(
    L_x0: Any, L_x1: Any, L_y0: Any, L_y1: Any, M: Any, kappa: Any, mu: Any, l_g2: Any, gradient: Any
) -> Any:
    r"""How fast the formula of the hypergradient changes with its point, where :math:`|\nabla\Phi|` is ``gradient``."""
    return L_x0 + L_x1 * (gradient + kappa * M) + kappa * (L_y0 + L_y1 * M) + M * l_g2 / mu * (1 + kappa)


def smooth_factor(
    L_x0: Any, L_x1: Any, L_y0: Any, L_y1: Any, M: Any, kappa: Any, mu: Any, l_g2: Any, gradient: Any
) -> Any:
    r"""The same along the graph of the lower solution: :math:`K_0 + K_1|\nabla\Phi|` of the upper level."""
    return sp.sqrt(1 + kappa**2) * error_factor(L_x0, L_x1, L_y0, L_y1, M, kappa, mu, l_g2, gradient)


def quartic_K0(K1: Any, R: Any) -> Any:
    """The least K0 of ``x^4/4`` for a factor K1 of the gradient, within the radius R."""
    w = sp.sqrt(1 + R * K1)
    return w**2 * (1 + w) ** 2 / K1**2
