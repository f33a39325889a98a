"""Machine-checkable proofs of the EF21 theorems, for all parameters and any number of workers.

Workers enter by weighted mean and deviation: with weights w_i and hats for division by n w_i, a worker's vector is
``a + a~`` and ``sum w_i <a_i, b_i> = <a, b> + <a~, b~>``. The names: ``h`` the gradients at x, ``u`` their movement to x+,
``e`` the errors g_i - grad f_i(x), ``r`` the errors after the step. The server moves by ``-gamma (e + h)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from gradproof.theory.axioms import Form, Member, Point, combine, square
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Block, Premise, Proof, Statement, Use

Q = Interval("q", "0", "1")
Q_WITH_ZERO = Interval("q", "0", "1", closed_low=True)
STEP_DOMAIN = (Q_WITH_ZERO, Interval("L"), Interval("L_AM"), Interval("gamma"))
STEP_VECTORS = ("h", "h~", "e", "e~", "u", "u~", "r", "r~")


def _worker(*names: str) -> dict[str, int]:
    """A worker's vector: mean plus deviation of each name."""
    return {part: 1 for name in names for part in (name, f"{name}~")}


def _one_step(field: Functions, f_constants: Mapping[str, Any], mean_L: Any) -> tuple[Member, Member, Member]:
    """The mean f, the family of the f_i, and the compressors of one EF21 step from x to x+."""
    move = {"e": -field["gamma"], "h": -field["gamma"]}
    one = field.one
    worker = {k: one * v for k, v in _worker("h").items()}
    moved = {k: one * v for k, v in _worker("h", "u").items()}
    sent = combine((one, _worker("u")), (-one, _worker("e")))  # grad f_i(x+) - g_i
    points = (Point("x", {}, {"h": one}, {"f": one}), Point("x+", move, {"h": one, "u": one}, {"f+": one}))
    f = Member("f", "function", f_constants, points, mean_of="f_i")
    family = Member("f_i", "function", {"L": mean_L}, (Point("x", {}, worker), Point("x+", move, moved)), average=True)
    answer = Point("sent", sent, combine((one, sent), (one, _worker("r"))))
    return f, family, Member("C_i", "compressor", {"q2": field["q"] ** 2}, (answer,), average=True)


def _single(field: Functions, move: Any, **constants: Any) -> Member:
    """A function with gradient h at x and h+ at x+ = x + move."""
    one = field.one
    points = (Point("x", {}, {"h": one}, {"f": one}), Point("x+", move, {"h+": one}, {"f+": one}))
    return Member("f", "function", constants, points)


def _distortion_change(c_after: Any, c_before: Any) -> Form:
    """c_after E||r||^2 - c_before E||e||^2 over the workers."""
    return Form().add(square(_worker("r")), c_after).add(square(_worker("e")), -c_before)


def _young_and_jensen(field: Functions, c: Any, jensen: Any) -> tuple[Block, ...]:
    """c q (1 - q) sum w_i ||e_i + q/(1-q) u_i||^2 + jensen sum w_i ||e_i - mean||^2."""
    q, one = field["q"], field.one
    young = ((c * q * (1 - q),),)
    return (
        Block(({"e": one, "u": q / (1 - q)},), young),
        Block(({"e~": one, "u~": q / (1 - q)},), young),
        Block(({"e~": one},), ((jensen,),)),
    )


@cache
def lyapunov() -> Proof:
    """V+ <= V - (gamma/2)||grad f||^2 - (1/(2 gamma) - L/2 - gamma beta L_AM^2/(2 theta))||dx||^2.

    ``L_AM`` stands for ((1/n^2) sum L_i^2 / w_i)^(1/2), which is L_AM for w_i prop. to L_i and L_QM for w_i = 1/n.
    """
    field = Functions(STEP_DOMAIN)
    q, L, L_AM, gamma = (field[k] for k in ("q", "L", "L_AM", "gamma"))
    theta, beta = 1 - q, q**2 / (1 - q)
    c = gamma / (2 * theta)
    step = {"e": gamma, "h": gamma}
    target = Form({}, {"f+": field.one, "f": -field.one}).add(_distortion_change(c, c))
    target.add(square({"h": field.one}), gamma / 2)
    target.add(square(step), 1 / (2 * gamma) - L / 2 - c * beta * L_AM**2)
    text = (
        r"one step of EF21: $V^+ \le V - \frac\gamma2\|\nabla f\|^2 "
        r"- (\frac{1}{2\gamma} - \frac L2 - \frac{\gamma\beta}{2\theta}L_{\mathrm{AM}}^2)\|\Delta\|^2$"
    )
    members = _one_step(field, {"L": L}, L_AM)
    statement = Statement(STEP_VECTORS, ("f", "f+"), members, target, domain=field.domain, text=text)
    moved, sent = ("x", "x+"), ("sent",)
    uses = (
        Use("descent", "f", moved, field.one),
        Use("contraction", "C_i", sent, c),
        Use("lipschitz", "f_i", moved, c * beta),
    )
    return Proof(statement, uses, _young_and_jensen(field, c, gamma / 2))


@cache
def descent_at_admissible_step() -> Proof:
    """V+ <= V - (gamma/2)||grad f||^2 at every step size with 1/gamma >= L + gamma beta L_AM^2/theta."""
    proof = lyapunov()
    field = Functions(proof.statement.domain)
    q, L, L_AM, gamma = (field[k] for k in ("q", "L", "L_AM", "gamma"))
    bracket = 1 / (2 * gamma) - L / 2 - gamma * q**2 / (2 * (1 - q) ** 2) * L_AM**2
    moved = square({"e": gamma, "h": gamma})
    premise = Premise("step_size", Form().add(moved, -bracket))
    target = proof.statement.target.copy().add(moved, -bracket)
    text = r"one step of EF21 at an admissible step size: $V^+ \le V - \frac\gamma2\|\nabla f\|^2$"
    statement = replace(proof.statement, target=target, premises=(premise,), text=text)
    return Proof(statement, (*proof.uses, Use("premise", "step_size", (), field.one)), proof.blocks)


@cache
def distortion() -> Proof:
    """E||e+||^2 <= (1 - theta)||e||^2 + beta||u||^2 for one worker."""
    field = Functions((Q_WITH_ZERO,))
    q, one = field["q"], field.one
    sent = {"u": one, "e": -one}
    compressor = Member("C", "compressor", {"q2": q**2}, (Point("sent", sent, {**sent, "r": one}),))
    target = Form().add(square({"r": one})).add(square({"e": one}), -q).add(square({"u": one}), -(q**2) / (1 - q))
    text = r"$\mathbb E\|e^+\|^2 \le (1 - \theta)\|e\|^2 + \beta\|u\|^2$"
    statement = Statement(("e", "u", "r"), (), (compressor,), target, domain=field.domain, text=text)
    slack = Block(({"e": one, "u": q / (1 - q)},), ((q * (1 - q),),))
    return Proof(statement, (Use("contraction", "C", ("sent",), one),), (slack,))


@cache
def young() -> Proof:
    """xi^2 theta(s) s - beta(s) s <= 0 for every admissible s, times ||v||^2: the split s* is the best."""
    field = Functions((Q, Interval("s", "0", "1/q^2 - 1")))
    q, s = field["q"], field["s"]
    theta_s, beta_s = 1 - q**2 * (1 + s), q**2 * (1 + 1 / s)
    xi2 = q**2 / (1 - q) ** 2
    v = {"v": field.one}
    target = Form().add(square(v), (xi2 * theta_s - beta_s) * s)
    statement = Statement(
        ("v",), (), (), target, domain=field.domain, text=r"$\beta(s)/\theta(s) \ge \xi^2$ for every $s$"
    )
    slack = Block(({"v": 1 - q - q * s},), ((q**2 / (1 - q) ** 2,),))
    return Proof(statement, (), (slack,))


@cache
def sharp() -> Proof:
    """V+ <= V - (1/gamma - 1/gamma_*)||dx||^2 with V = f - f_inf + (1/(2 q n)) sum ||e_i||^2 / L_i."""
    field = Functions((Q, Interval("L"), Interval("L_AM"), Interval("gamma")))
    q, L, L_AM, gamma, one = field["q"], field["L"], field["L_AM"], field["gamma"], field.one
    p = 1 - q**2  # alpha
    D = (1 + q**2) * L + 2 * q * L_AM  # 2 alpha / gamma_*
    inverse_threshold = D / (2 * p)
    c = 1 / (2 * q * L_AM)
    move = {"e": -gamma, "h": -gamma}
    target = Form({}, {"f+": one, "f": -one}).add(_distortion_change(c, c))
    target.add(square(move), 1 / gamma - inverse_threshold)
    members, text = (
        _one_step(field, {"mu": -L, "L": L}, L_AM),
        r"one step of EF21: $V^+ \le V - (1/\gamma - 1/\gamma_*)\|\Delta\|^2$",
    )
    statement = Statement(STEP_VECTORS, ("f", "f+"), members, target, domain=field.domain, text=text)
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
def pl() -> Proof:
    """Psi+ <= (1 - gamma mu) Psi with Psi = f - f_* + (gamma/theta) G_w, at 2 gamma mu <= theta and the paper's step."""
    field = Functions((*STEP_DOMAIN, Interval("mu", "0", "(1-q)/(2*gamma)", closed_high=True)))
    q, gamma = field["q"], field["gamma"]
    return _pl(field, gamma / (1 - q), r"\frac\gamma\theta G_w")


@cache
def pl_refined() -> Proof:
    """Psi+ <= (1 - gamma mu) Psi with Psi = f - f_* + gamma/(2(theta - gamma mu)) G_w, at gamma mu < theta."""
    field = Functions((*STEP_DOMAIN, Interval("mu", "0", "(1-q)/gamma")))
    q, gamma, mu = field["q"], field["gamma"], field["mu"]
    return _pl(field, gamma / (2 * (1 - q - gamma * mu)), r"\frac{\gamma}{2(\theta - \gamma\mu)} G_w")


def _pl(field: Functions, c: Any, weight: str) -> Proof:
    q, L, L_AM, gamma, mu, one = (*(field[k] for k in ("q", "L", "L_AM", "gamma", "mu")), field.one)
    theta, beta = 1 - q, q**2 / (1 - q)
    rate = 1 - gamma * mu
    members = _one_step(field, {"L": L, "PL": mu, "lower": "f*"}, L_AM)
    moved = square({"e": gamma, "h": gamma})
    bracket = 1 / (2 * gamma) - L / 2 - c * beta * L_AM**2
    target = Form({}, {"f+": one, "f": -rate, "f*": -gamma * mu}).add(_distortion_change(c, c * rate))
    text = (
        rf"one step of EF21 under PL: $\Psi^+ \le (1 - \gamma\mu) \Psi$, $\Psi = f - f_* + {weight}$, where the coefficient "
        r"$\frac{1}{2\gamma} - \frac L2 - c\beta L_{\mathrm{AM}}^2$ of $\|\Delta\|^2$ is nonnegative"
    )
    premises = (Premise("step_size", Form().add(moved, -bracket)),)
    statement = Statement(STEP_VECTORS, ("f", "f+", "f*"), members, target, premises, field.domain, text)
    uses = (
        Use("descent", "f", ("x", "x+"), one),
        Use("contraction", "C_i", ("sent",), c),
        Use("lipschitz", "f_i", ("x", "x+"), c * beta),
        Use("pl", "f", ("x",), gamma / 2),
        Use("premise", "step_size", (), one),
    )
    # c (1 - gamma mu) - c (1 - theta) = c (theta - gamma mu) is left of the errors; the server's mean error takes gamma/2
    left = c * (theta - gamma * mu)
    blocks = _young_and_jensen(field, c, left)
    if left != gamma / 2:
        blocks += (Block(({"e": one},), ((left - gamma / 2,),)),)
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
