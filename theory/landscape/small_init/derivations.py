"""Derivations along vectors: of U v, U'x and U'v_i, for fixed v, x and v_i, the matrix recursion makes a recursion of vectors.

Spectral bounds enter as laws on these vectors: ``mu W^2 <= W`` says ``mu ||W x||^2 <= <x, W x>``.
"""

from gradproof.theory import derivation as d
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval
from gradproof.theory.landscape.small_init import claims

MU, LAM, LAM_I, LAM_R = (Interval(name) for name in ("mu", "lam", "lam_i", "lam_r"))


@d.derivation(claims.NORM_INVARIANT)
def norm_invariant() -> d.Derivation:
    """D = lam - W and C = lam - M are >= 0; d = D x, p = C x, y = (I + mu(M - W)) x = x + mu (d - p), c = D (d - p), u = U'y.

    lam - ||u||^2 >= (1 - 2 mu lam) <x, D x> + mu (||d||^2 + ||p||^2 + (1 - mu lam) ||d - p||^2) + mu^2 <d - p, D (d - p)>.
    """
    moved: d.Vec = {"x": "1", "d": "mu", "p": "-mu"}
    apart: d.Vec = {"d": "1", "p": "-1"}
    laws = {
        "next": d.Law(
            (square({"u": "1"}), square(moved, "-lam"), ("1", moved, {"d": "1", "c": "mu"})),
            ("population",),
            equality=True,
        ),
        "symmetric": d.Law((("1", {"x": "1"}, {"c": "1"}), ("-1", {"d": "1"}, apart)), ("population",), equality=True),
        "inside": d.Law((("-1", {"x": "1"}, {"d": "1"}),), ("small_init",)),
        "inside apart": d.Law((("-1", apart, {"c": "1"}),), ("small_init",)),
        "signal": d.Law((square({"p": "1"}), ("-lam", {"x": "1"}, {"p": "1"})), ("psd_ground_truth",)),
    }
    method = d.Method({}, {}, ("d", "p", "c", "u"), {}, fixed=("x",), fixed_values=(), laws=laws)
    size: d.Terms = (square({"u": "1"}),)
    step = d.Inequality(
        (*size, square({"x": "1"}, "-lam")),
        laws={"next": "1", "symmetric": "-mu", "inside": "1 - 2*mu*lam", "inside apart": "mu^2", "signal": "2*mu"},
        index="0",
    )
    case = d.Case((LAM, Interval("mu", "0", "1/(2*lam)", closed_high=True)), {"step": step})
    return d.Derivation(d.Formal(method, size, (square({"x": "1"}),), at="0"), case)


@d.derivation(claims.NORM_GROWTH)
def norm_growth() -> d.Derivation:
    """x = U_t v, w = W x, m = M x: ||x - mu w|| <= ||x||, and ||m|| <= lam ||x||."""
    laws = {
        "short": d.Law((square({"w": "1"}, "mu"), ("-1", {"x": "1"}, {"w": "1"})), ("short_step",)),
        "signal": d.Law((square({"m": "1"}), ("-lam", {"x": "1"}, {"m": "1"})), ("psd_ground_truth",)),
    }
    step: d.Vec = {"x": "1", "w": "-mu", "m": "mu"}
    method = d.Method({}, {"x": step}, ("w", "m"), {}, fixed=(), fixed_values=(), laws=laws)
    size: d.Terms = (square({"x": "1"}),)
    g = "(1 + mu*lam)"
    grow = d.Inequality(
        (square({"x'": "1"}), square({"x": "1"}, f"-{g}^2")),
        laws={"short": f"2*mu*{g}", "signal": f"2*mu*{g}/lam"},
    )
    steps: dict[str, d.Step] = {"grow": grow, "all": d.Induct("grow", size, f"{g}^2", "P")}
    case = d.Case((MU, LAM), steps, powers={"P": f"{g}^2"})
    return d.Derivation(d.Formal(method, size, size, horizon="t", by=("population",)), case)


@d.derivation(claims.POWER_PHASE)
def power_phase() -> d.Derivation:
    """e_t = ||U_t - Y_t||, h_t = (1 + mu lam)^(3t) ||U_0||^3: e+ <= (1 + mu lam) e + mu h; e - c h grows by 1 + mu lam."""
    g = "(1 + mu*lam)"
    c = f"1/({g}*lam*(2 + mu*lam))"  # mu/(g^3 - g)
    laws = {
        "error": d.Law(
            (("1", "e'"), (f"-{g}", "e"), ("-mu", "h")),
            ("psd_ground_truth", "population", "power_iterate", "norm_growth"),
        ),
        "start": d.Law((("1", "e"),), ("power_iterate",), index="0"),
        "cube": d.Law((("1", "h'"), (f"-{g}^3", "h")), ("norm_growth",), equality=True),
        "first cube": d.Law((("1", "h"), ("-n0^3", "1")), ("norm_growth",), equality=True, index="0"),
    }
    method = d.Method({}, {}, (), {}, ("e", "h"), fixed=(), fixed_values=(), laws=laws)
    excess: d.Terms = (("1", "e"), (f"-{c}", "h"))
    moved: d.Terms = (("1", "e'"), (f"-{c}", "h'"), (f"-{g}", "e"), (f"{g}*{c}", "h"))
    steps: dict[str, d.Step] = {
        "step": d.Inequality(moved, laws={"error": "1", "cube": f"-{c}"}),
        "distance": d.Induct("step", excess, g, "P"),
        "cube": d.Inequality((("1", "h'"), (f"-{g}^3", "h")), laws={"cube": "1"}),
        "cubes": d.Induct("cube", (("1", "h"),), f"{g}^3", "Q"),
        "end": d.Combine({"distance": "1", "cubes": c}, {"start": "P", "first cube": f"{c}*(Q - P)"}),
    }
    case = d.Case((MU, LAM, Interval("n0")), steps, powers={"P": g, "Q": f"{g}^3"})
    return d.Derivation(d.Formal(method, (("1", "e"),), horizon="t"), case)


@d.derivation(claims.SIGNAL_GROWTH)
def signal_growth() -> d.Derivation:
    """a_t = (I + mu Lambda)^t y in the signal's coordinates, l = Lambda a, b = U_0'V a = Y_t'V y."""
    laws = {
        "least": d.Law((square({"a": "1"}, "lam_r"), ("-1", {"a": "1"}, {"l": "1"})), ("psd_ground_truth",)),
        "least again": d.Law((("lam_r", {"a": "1"}, {"l": "1"}), square({"l": "1"}, "-1")), ("psd_ground_truth",)),
        "overlap": d.Law((square({"a": "1"}, "sigma0^2"), square({"b": "1"}, "-1")), ("overlap",)),
    }
    method = d.Method({}, {"a": {"a": "1", "l": "mu"}}, ("l", "b"), {}, fixed=(), fixed_values=(), laws=laws)
    g = "(1 + mu*lam_r)"
    grow = d.Inequality(
        (square({"a'": "1"}, "-1"), square({"a": "1"}, f"{g}^2")),
        laws={"least": "2*mu + mu^2*lam_r", "least again": "mu^2"},
    )
    steps: dict[str, d.Step] = {
        "grow": grow,
        "all": d.Induct("grow", (square({"a": "1"}, "-1"),), f"{g}^2", "P"),
        "end": d.Combine({"all": "sigma0^2"}, {"overlap": "1"}),
    }
    case = d.Case((MU, LAM_R, Interval("sigma0")), steps, powers={"P": f"{g}^2"})
    start: d.Terms = (square({"a": "1"}),)
    formal = d.Formal(method, (square({"b": "1"}),), start, horizon="t", by=("power_iterate",))
    return d.Derivation(formal, case)


@d.derivation(claims.POWER_ALIGNMENT)
def power_alignment() -> d.Derivation:
    """rho_t falls by 1 + mu lam_r: P Y stays, and V'Y_{t+1} = (I + mu Lambda) V'Y_t, with Lambda >= lam_r."""
    law = d.Law((("1 + mu*lam_r", "rho'"), ("-1", "rho")), ("psd_ground_truth", "power_iterate", "overlap"))
    method = d.Method({}, {}, (), {}, ("rho",), fixed=(), fixed_values=(), laws={"one step": law})
    ratio: d.Terms = (("1", "rho"),)
    steps: dict[str, d.Step] = {
        "step": d.Inequality((("1", "rho'"), ("-1/(1 + mu*lam_r)", "rho")), laws={"one step": "1/(1 + mu*lam_r)"}),
        "all": d.Induct("step", ratio, "1/(1 + mu*lam_r)", "P"),
    }
    case = d.Case((MU, LAM_R), steps, powers={"P": "1/(1 + mu*lam_r)"})
    return d.Derivation(d.Formal(method, ratio, horizon="t", stands={"rho0": ratio}), case)


# --- the null space --------------------------------------------------------------------------------------------------


@d.derivation(claims.NULL_MONOTONE)
def null_monotone() -> d.Derivation:
    """z = U_t'x for x in null(M), or PU_t itself in the Frobenius product; z+ = z - b, b = mu U_t'U_t z."""
    laws = {"short": d.Law((square({"b": "1"}), ("-1", {"z": "1"}, {"b": "1"})), ("short_step",))}
    method = d.Method({}, {"z": {"z": "1", "b": "-1"}}, ("b",), {}, fixed=(), fixed_values=(), laws=laws)
    size: d.Terms = (square({"z": "1"}),)
    steps: dict[str, d.Step] = {
        "step": d.Inequality((square({"z'": "1"}), square({"z": "1"}, "-1")), laws={"short": "2"}),
        "all": d.Induct("step", size),
    }
    formal = d.Formal(method, size, stands={"q0": size}, by=("population",))
    return d.Derivation(formal, d.Case((), steps))


@d.derivation(claims.NULL_DECAY)
def null_decay() -> d.Derivation:
    """z = U_t'x, ||x|| = 1; B = U_t'U_t, A = mu B; y = (I + 2 A)^-1 z, b = B y, c = B b, o = U_t y.

    ||z+||^2 = ||(I - A) z||^2 <= <y, z>, and <y, z> = ||y||^2 + 2 mu ||o||^2 with <x, o> = <z, y>: two squares bound it.
    """
    bound = "q/(1 + 2*mu*q*k)"
    after = "q/(1 + 2*mu*q*(k + 1))"
    D = "(1 + 2*mu*q*k)/(1 + 2*mu*q*(k + 1))"
    zero: d.Vec = {"z": "1", "y": "-1", "b": "-2*mu"}
    laws = {
        "resolvent": d.Law((square(zero),), ("population",), equality=True),
        "short": d.Law((square({"c": "1"}, "mu"), ("-1", {"b": "1"}, {"c": "1"})), ("short_step",)),
        "symmetric": d.Law((("1", {"y": "1"}, {"c": "1"}), square({"b": "1"}, "-1")), ("population",), equality=True),
        "gram": d.Law((square({"o": "1"}), ("-1", {"y": "1"}, {"b": "1"})), ("population",), equality=True),
        "adjoint": d.Law(
            (("1", {"x": "1"}, {"o": "1"}), ("-1", {"z": "1"}, {"y": "1"})), ("population",), equality=True
        ),
        "unit": d.Law((square({"x": "1"}), ("-1", "1")), ("population",), equality=True),
        "start": d.Law((square({"z": "1"}), ("-q", "1")), ("null_start",), index="0"),
    }
    moved: d.Vec = {"y": "1", "b": "mu", "c": "-2*mu^2"}  # (I - A)(I + 2 A) y
    method = d.Method({}, {"z": moved}, ("x", "y", "b", "c", "o"), {}, fixed=(), fixed_values=(), laws=laws)
    target: d.Terms = (square({"z'": "1"}), (f"-{after}", "1"))
    hypothesis: d.Terms = (square({"z": "1"}), (f"-{bound}", "1"))
    used = {
        "short": "4*mu^3", "symmetric": "-4*mu^2", "gram": "2*mu", "adjoint": f"-4*mu*{after}", "unit": f"2*mu*({after})^2",
    }  # fmt: skip
    nulls = (("zero", {"y": "1"}, "-2"),)
    steps: dict[str, d.Step] = {
        "is zero": d.Inequality((square(zero),), laws={"resolvent": "1"}),
        "zero": d.Vanish(zero, "is zero"),
        "first": d.Inequality(target, laws={**used, "start": f"({D})^2"}, nulls=nulls, index="0"),
        "step": d.Inequality(target, laws=used, nulls=nulls, assumes=((hypothesis, f"({D})^2"),)),
        "all": d.InductHypothesis("first", "step", hypothesis),
    }
    formal = d.Formal(method, (square({"z": "1"}),), horizon="t")
    return d.Derivation(formal, d.Case((MU, Interval("q")), steps))


@d.derivation(claims.NULL_FLOOR)
def null_floor() -> d.Derivation:
    """u = s e, p = e/s its reciprocal, c = s^2 u, w = s^2 p+, and g = e/(1 - mu s^2) = e + mu d, d = s^2 g.

    ||p+||^2 - ||p||^2 = 2 mu ||g||^2 - mu^2 ||w||^2, and ||g|| <= 1/(1 - mu alpha^2); from <u, p> = 1, ||u||^2 >= 1/||p||^2.
    """
    x = "mu*alpha^2"
    grown = f"2*mu/(1 - {x})^2"
    total = f"(1/alpha^2 + {grown}*N)"
    g: d.Vec = {"e": "1", "d": "mu"}
    by = ("population", "commuting_init")
    laws = {
        "unit": d.Law((square({"e": "1"}), ("-1", "1")), (), True, says=r"$e$ is the unit vector along $U_0^\top v_i$"),
        "scaled": d.Law(
            (("1", {"u": "1"}, {"w": "1"}), ("-1", {"c": "1"}, {"p'": "1"})), by, True, says="$c = s^2u$ and $w = s^2p^+$"
        ),
        "gap": d.Law(
            (("1", {"w": "1"}, {"p'": "1"}), ("-1", g, g)), by, True, says=r"$w = s^2p^+$ and $g = sp^+$, as $(1 - \mu s^2)p^+ = p$"
        ),
        "inside": d.Law(
            (square({"d": "1"}), ("-alpha^2", {"d": "1"}, g)), (*by, "null_step"),
            says=r"$d = s^2g$, and $s \le \alpha$ by small-init.null-monotone, where every step is short",
        ),
    }  # fmt: skip
    method = d.Method(
        {}, {"u": {"u": "1", "c": "-mu"}, "p": {"p": "1", "w": "mu"}}, ("c", "w", "d"), {}, fixed=("e",), fixed_values=(),
        start={"u": {"e": "alpha"}, "p": {"e": "1/alpha"}}, laws=laws,
    )  # fmt: skip
    steps: dict[str, d.Step] = {
        "pair": d.Combine({}, {"scaled": "mu"}, index="k"),
        "pairs": d.Induct("pair", (("1", {"u": "1"}, {"p": "1"}),)),
        "reciprocal": d.Inequality(
            (square({"p'": "1"}), square({"p": "1"}, "-1"), (f"-{grown}", "1")),
            laws={"gap": "2*mu", "inside": f"4*mu^2/(alpha^2*(1 - {x}))", "unit": grown},
        ),
        "reciprocals": d.Induct("reciprocal", (square({"p": "1"}), (f"-k*{grown}", "1"))),
        "end": d.Combine(
            {"pairs": f"-2/{total}", "reciprocals": f"1/{total}^2"}, {"unit": f"1/(alpha^2*{total}^2) - 2/{total}"},
            squares=(("1", {"u": "1", "p": f"-1/{total}"}),),
        ),
    }  # fmt: skip
    case = d.Case((Interval("alpha"), Interval("mu", "0", "1/alpha^2")), steps)
    return d.Derivation(d.Formal(method, (square({"u": "1"}),), horizon="t"), case)


# --- one eigenvector -------------------------------------------------------------------------------------------------


@d.derivation(claims.DECOUPLED)
def decoupled() -> d.Derivation:
    """U'v_i = s e; z = W v_i, c = U'z = U'U U'v_i, o = U e; ``norm`` is s_{t+1}."""
    moved: d.Vec = {"e": "s*(1 + mu*lam_i)", "c": "-mu"}
    zero: d.Vec = {"z": "1", "v": "-s^2"}
    laws = {
        "unit": d.Law((square({"e": "1"}), ("-1", "1")), (), True, says=r"$U_t^\top v_i = s_te$ with a unit vector $e$"),
        "eigenvector": d.Law(
            (square(zero),), ("commuting_init",), True, says=r"$U_tU_t^\top v_i$ is a multiple of $v_i$, hence $s_t^2v_i$"
        ),
        "through": d.Law(
            (("1", {"e": "1"}, {"c": "1"}), ("-1", {"o": "1"}, {"z": "1"})), (), True, says=r"$c = U_t^\top z$ and $o = U_te$"
        ),
        "adjoint": d.Law(
            (("1", {"o": "1"}, {"v": "1"}), square({"e": "1"}, "-s")), (), True, says=r"$o = U_te$ and $U_t^\top v_i = s_te$"
        ),
        "norm": d.Law(
            (("1", "norm"), ("-1", {"e": "1"}, moved)), ("population", "short_step", "commuting_init"), True,
            says=r"$U_{t+1}^\top v_i$ is $e$ times a number, which is not negative as steps are short",
        ),
    }  # fmt: skip
    method = d.Method({}, {}, (), {}, fixed=("e", "v", "z", "c", "o"), fixed_values=("norm",), laws=laws)
    steps: dict[str, d.Step] = {
        "is zero": d.Combine({}, {"eigenvector": "1"}, index="k"),
        "zero": d.Vanish(zero, "is zero"),
        "end": d.Combine(
            {}, {"norm": "1", "unit": "s*(1 + mu*lam_i) - mu*s^3", "through": "-mu", "adjoint": "-mu*s^2"}, index="0",
            nulls=(("zero", {"o": "1"}, "-mu"),),
        ),
    }  # fmt: skip
    case = d.Case((MU, LAM_I, Interval("s", "0", "", True)), steps)
    return d.Derivation(d.Formal(method, (("1", "norm"),), at="0"), case)


@d.derivation(claims.ESCAPE)
def escape() -> d.Derivation:
    """u = U_t'v_i, c = U_t'U_t u: u+ = u + mu (lam_i u - c) = (1 + mu lam_i/2) u + mu (lam_i/2 u - c)."""
    laws = {"half": d.Law((("1", {"u": "1"}, {"c": "1"}), square({"u": "1"}, "-lam_i/2")), ("below_half",))}
    method = d.Method({}, {"u": {"u": "1 + mu*lam_i", "c": "-mu"}}, ("c",), {}, fixed=(), fixed_values=(), laws=laws)
    g = "(1 + mu*lam_i/2)"
    g2 = "(mu*lam_i + 2)^2/4"
    size: d.Terms = (square({"u": "1"}),)
    steps: dict[str, d.Step] = {
        "step": d.Inequality((square({"u'": "1"}, "-1"), square({"u": "1"}, g2)), laws={"half": f"2*mu*{g}"}),
        "all": d.Induct("step", (square({"u": "1"}, "-1"),), g2, "P"),
    }
    case = d.Case((MU, LAM_I), steps, powers={"P": g2}, reach="k<N")
    formal = d.Formal(method, size, horizon="t", stands={"a0": size}, by=("population",))
    return d.Derivation(formal, case)


@d.derivation(claims.SETTLING)
def settling() -> d.Derivation:
    """u = U_t'v_i, c = s^2 u; lam_i - ||u+||^2 is (1 - mu lam_i)(lam_i - s^2) plus

    2 mu (s^2 - lam_i/2)(s^2 - lam_i) - mu^2 ||lam_i u - c||^2.
    """
    laws = {
        "window": d.Law(
            (("1", {"u": "1"}, {"c": "1"}), square({"u": "1"}, "-3*lam_i/2"), ("lam_i^2/2", "1")),
            ("commuting_init", "halfway", "small_step"),
        )
    }
    method = d.Method({}, {"u": {"u": "1 + mu*lam_i", "c": "-mu"}}, ("c",), {}, fixed=(), fixed_values=(), laws=laws)
    left: d.Terms = (("lam_i", "1"), square({"u": "1"}, "-1"))
    rate = "(1 - mu*lam_i)"
    target: d.Terms = (
        ("lam_i", "1"), square({"u'": "1"}, "-1"), (f"-{rate}*lam_i", "1"), square({"u": "1"}, rate)
    )  # fmt: skip
    steps: dict[str, d.Step] = {
        "step": d.Inequality(target, laws={"window": "2*mu"}),
        "all": d.Induct("step", left, rate, "P"),
    }
    domain = (LAM_I, Interval("mu", "0", "1/(2*lam_i)", closed_high=True))
    case = d.Case(domain, steps, powers={"P": rate})
    formal = d.Formal(method, left, horizon="t", stands={"d0": left}, by=("population",))
    return d.Derivation(formal, case)


@d.derivation(claims.NUCLEAR_NORM)
def nuclear_norm() -> d.Derivation:
    """Z = UU' and the Frobenius product: tr Z = <U, U>, <A(Z), nu> = <U, K U> with K = sum nu_i A_i <= I."""
    law = d.Law((("1", {"U": "1"}, {"KU": "1"}), square({"U": "1"}, "-1")), ("dual_feasible",))
    method = d.Method({}, {}, ("U", "KU"), {}, fixed=(), fixed_values=(), laws={"feasible": law})
    trace: d.Terms = (square({"U": "1"}),)
    stands: dict[str, d.Terms] = {"dual": (("1", {"U": "1"}, {"KU": "1"}),)}
    steps: dict[str, d.Step] = {"weak": d.Combine({}, {"feasible": "1"}, index="0")}
    return d.Derivation(d.Formal(method, trace, at="0", stands=stands, by=("psd",)), d.Case((), steps))
