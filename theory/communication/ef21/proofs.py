"""Kernel proofs of the steps of EF21 that no derivation closes yet, for all parameters and any number of workers.

Workers enter by weighted mean and deviation: with weights w_i and hats for division by n w_i, a worker's vector is
``a + a~`` and ``sum w_i <a_i, b_i> = <a, b> + <a~, b~>``. The names: ``h`` the gradients at x, ``u`` their movement to x+,
``e`` the errors g_i - grad f_i(x), ``r`` the errors after the step. The server moves by ``-gamma (e + h)``.
"""

from functools import cache
from typing import Any

from gradproof.theory.axioms import Form, Member, Point, combine, square
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Block, Premise, Proof, Statement, Use


def _worker(name: str) -> dict[str, int]:
    """A worker's vector: mean plus deviation."""
    return {name: 1, f"{name}~": 1}


def _single(field: Functions, move: Any, **constants: Any) -> Member:
    """A function with gradient h at x and h+ at x+ = x + move."""
    one = field.one
    points = (Point("x", {}, {"h": one}, {"f": one}), Point("x+", move, {"h+": one}, {"f+": one}))
    return Member("f", "function", constants, points)


@cache
def sharp() -> Proof:
    """V+ <= V - (1/gamma - 1/gamma_*)||dx||^2 with V = f - f_inf + (1/(2 q n)) sum ||e_i||^2 / L_i."""
    field = Functions((Interval("q", "0", "1"), Interval("L"), Interval("L_AM"), Interval("gamma")))
    q, L, L_AM, gamma, one = field["q"], field["L"], field["L_AM"], field["gamma"], field.one
    p = 1 - q**2  # alpha
    D = (1 + q**2) * L + 2 * q * L_AM  # 2 alpha / gamma_*
    inverse_threshold = D / (2 * p)
    c = 1 / (2 * q * L_AM)
    move = {"e": -gamma, "h": -gamma}
    at_x, at_next = Point("x", {}, {"h": one}, {"f": one}), Point("x+", move, {"h": one, "u": one}, {"f+": one})
    moved = combine((one, _worker("h")), (one, _worker("u")))
    worker = (Point("x", {}, combine((one, _worker("h")))), Point("x+", move, moved))
    sent = combine((one, _worker("u")), (-one, _worker("e")))  # grad f_i(x+) - g_i
    answer = Point("sent", sent, combine((one, sent), (one, _worker("r"))))
    members = (
        Member("f", "function", {"mu": -L, "L": L}, (at_x, at_next), mean_of="f_i"),
        Member("f_i", "function", {"L": L_AM}, worker, average=True),
        Member("C_i", "compressor", {"q2": q**2}, (answer,), average=True),
    )
    target = Form({}, {"f+": one, "f": -one}).add(square(_worker("r")), c).add(square(_worker("e")), -c)
    target.add(square(move), 1 / gamma - inverse_threshold)
    text = r"one step of EF21: $V^+ \le V - (1/\gamma - 1/\gamma_*)\|\Delta\|^2$"
    vectors = ("h", "h~", "e", "e~", "u", "u~", "r", "r~")
    statement = Statement(vectors, ("f", "f+"), members, target, domain=field.domain, text=text)
    uses = (
        Use("interpolation", "f", ("x", "x+"), one),
        Use("lipschitz", "f", ("x", "x+"), q**2 / (2 * p * L)),
        Use("lipschitz", "f_i", ("x", "x+"), q / (2 * p * L_AM)),
        Use("contraction", "C_i", ("sent",), c),
    )
    k = inverse_threshold / 2
    first = combine((one, move), (1 / (2 * k), {"e": one}), (-1 / (4 * k), {"u": one}))
    blocks = (
        Block((first,), ((k,),)),
        Block(({"e": one, "u": q * (q * L + L_AM) / (L * p)},), ((L * p * (1 + q**2) / (2 * q * L_AM * D),),)),
        Block(({"e~": p, "u~": q**2},), ((1 / (2 * q * L_AM * p),),)),
    )
    return Proof(statement, uses, blocks)


@cache
def tight_single_worker() -> Proof:
    """q||grad f(x+)||^2 + ||g+ - grad f(x+)||^2 <= z^2 (the same at x), one worker, mu-strongly convex, at eta_*.

    Parameters: z (the root), q, and K = L + mu; then r = (L - mu)/(L + mu) = (z^2 - q)/((1 - q) z), so that everything
    is rational in (z, q, K).
    """
    field = Functions((Interval("z", "0", "1"), Interval("q", "0", "z^2"), Interval("K")))
    z, q, K, one = field["z"], field["q"], field["K"], field.one
    r = (z**2 - q) / ((1 - q) * z)
    L, mu, rho = K * (1 + r) / 2, K * (1 - r) / 2, z**2
    eta = 2 / K * (1 - q) / (1 + q)
    weight = 2 * q * z / eta
    a = rho - q**2 + weight * eta**2 * L * mu / (L - mu)
    b = q * z / r
    sent = {"h+": one, "g": -one}
    f = _single(field, {"g": -eta}, mu=mu, L=L)
    compressor = Member("C", "compressor", {"q2": q**2}, (Point("sent", sent, {**sent, "r": one}),))
    target = Form().add(square({"h+": one}), q).add(square({"r": one}))
    target.add(square({"h": one}), -rho * q).add(square({"g": one, "h": -one}), -rho)
    text = (
        r"one step of EF21, one worker, strongly convex: $V^+ \le z^2 V$, "
        r"$V = q\|\nabla f\|^2 + \|g - \nabla f\|^2$"
    )
    statement = Statement(("g", "h", "h+", "r"), ("f", "f+"), (f, compressor), target, domain=field.domain, text=text)
    uses = (
        Use("interpolation", "f", ("x", "x+"), weight),
        Use("interpolation", "f", ("x+", "x"), weight),
        Use("contraction", "C", ("sent",), one),
    )
    slack = Block(({"g": one, "h+": (q**2 + b) / a, "h": -(rho + b) / a},), ((a,),))
    return Proof(statement, uses, (slack,))


@cache
def summed() -> Proof:
    """V+ <= V - (gamma/2)||grad f||^2 for V = f - f_inf + (gamma/2) D, from three facts about the workers' errors.

    ``D`` is any measure of the errors, ``A`` what one step takes off it, and Xi a constant, such that
    ``mean``: ||(1/n) sum e_i||^2 <= A, and ``distortion``: D+ <= D - A + Xi^2 ||dx||^2. Two instances
    (docs/derivations/ef21.md): worker-dependent compressors, with A = sum w_i ||e_i||^2/(n w_i)^2 (Jensen) and
    Xi = (1/n) sum L_i xi_i; rare features, with A = (L_rf/n) sum ||e_i||^2/L_i (Cauchy-Schwarz by coordinates) and
    Xi = L_rf xi.
    """
    field = Functions((Interval("L"), Interval("Xi"), Interval("gamma")))
    L, Xi, gamma, one = field["L"], field["Xi"], field["gamma"], field.one
    move = {"e": -gamma, "h": -gamma}
    moved = square(move)
    f = _single(field, move, L=L)
    bracket = 1 / (2 * gamma) - L / 2 - gamma * Xi**2 / 2
    premises = (
        Premise("mean", Form({}, {"A": -one}).add(square({"e": one}))),
        Premise("distortion", Form({}, {"D+": one, "D": -one, "A": one}).add(moved, -(Xi**2))),
        Premise("step_size", Form().add(moved, -bracket)),
    )
    target = Form({}, {"f+": one, "f": -one, "D+": gamma / 2, "D": -gamma / 2}).add(square({"h": one}), gamma / 2)
    text = (
        r"one step of error feedback: $V^+ \le V - \frac\gamma2\|\nabla f\|^2$ with $V = f - f_{\inf} + \frac\gamma2 D$"
    )
    statement = Statement(("h", "h+", "e"), ("f", "f+", "D", "D+", "A"), (f,), target, premises, field.domain, text)
    uses = (
        Use("descent", "f", ("x", "x+"), one),
        Use("premise", "mean", (), gamma / 2),
        Use("premise", "distortion", (), gamma / 2),
        Use("premise", "step_size", (), one),
    )
    return Proof(statement, uses, ())
