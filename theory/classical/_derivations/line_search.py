"""Exact line search, for all N: the values contract by ((L - mu)/(L + mu))^2 in one step."""

from gradproof.theory.classical import line_search
from gradproof.theory.classical._derivations._words import GAP, STRONG_AND_SMOOTH, descends, interval
from gradproof.theory.derivation import (
    Call,
    Case,
    Class,
    Derivation,
    Formal,
    Induct,
    Inequality,
    Law,
    Method,
    Split,
    Use,
    Vanish,
    derivation,
)
from gradproof.theory.derivation_words import square


def _three(r: str) -> tuple[Use, ...]:
    return (
        Use("interpolation", "f", ("x", "x'"), r),
        Use("interpolation", "f", ("*", "x"), f"{r}*(1 - {r})"),
        Use("interpolation", "f", ("*", "x'"), f"1 - {r}"),
    )


@derivation(line_search.EXACT)
def exact() -> Derivation:
    """x+ is any point that the search along -g ends in: g+ is orthogonal to g and to x+ - x."""
    method = Method(
        {"f": Class("function", STRONG_AND_SMOOTH)},
        {},
        ("x", "g"),
        {"x": Call("f", {"x": "1"}, {"g": "1"}, "f"), "*": Call("f", {"x*": "1"}, {}, "f*", ("fermat",))},
        ("f",),
        laws={
            "orthogonal": Law((("1", {"g": "1"}, {"g'": "1"}),), ("line-minimum",), equality=True),
            "searched": Law((("1", {"g'": "1"}, {"x'": "1", "x": "-1"}),), ("line-minimum",), equality=True),
        },
    )
    r = "((L - mu)/(L + mu))"
    step = Inequality(
        descends(GAP, f"{r}^2"),
        _three(r),
        laws={"orthogonal": "2/(L + mu)", "searched": "1"},
    )
    steps = {"step": step, "end": Induct("step", GAP, f"{r}^2", "P")}
    case = Case((interval("mu", closed="low"), interval("L", "mu")), steps, powers={"P": f"{r}^2"})
    return Derivation(Formal(method, GAP, GAP), case)


@derivation(line_search.INEXACT_STEP)
def inexact_step() -> Derivation:
    """x+ = x - gamma d with ||d - g|| <= epsilon ||g||; r = (L' - mu')/(L' + mu') with L' = (1+epsilon)L, mu' = (1-epsilon)mu."""
    high, low = "(1 + epsilon)*L", "(1 - epsilon)*mu"
    gamma, r = f"2/({high} + {low})", f"(({high} - {low})/({high} + {low}))"
    method = Method(
        {"f": Class("function", STRONG_AND_SMOOTH), "C": Class("compressor", {"q2": ("epsilon^2", "relative-error")})},
        {"x": {"x": "1", "d": f"-({gamma})"}},
        ("g", "d"),
        {
            "x": Call("f", {"x": "1"}, {"g": "1"}, "f"),
            "*": Call("f", {"x*": "1"}, {}, "f*", ("fermat",)),
            "d": Call("C", {"g": "1"}, {"d": "1"}),
        },
        ("f",),
    )
    main = Case(
        (interval("mu"), interval("L", "mu"), interval("epsilon", "0", "1")),
        {
            "step": Inequality(
                descends(GAP, f"{r}^2"), (*_three(r), Use("contraction", "C", ("d",), f"{r}*({gamma})/(2*epsilon)"))
            ),
            "end": Induct("step", GAP, f"{r}^2", "P"),
        },
        powers={"P": f"{r}^2"},
    )
    # epsilon = 0: d = g, which no finite multiplier of ||d - g||^2 <= 0 says
    s, step, r = "(1/(2*(L - mu)))", "(2/(L + mu))", "((L - mu)/(L + mu))"
    exact_d = {"d": "1", "g": "-1"}
    along = {
        "g'": f"{step} + 2*{s}*mu*{step}",
        "g": f"{s}*mu*L*{step}^2 - 2*{s}*mu*{step}*{r}",
        "d": f"{s}*mu*L*{step}^2",
        "x*": f"2*(1 - {r})*{s}*mu*L*{step}",
        "x": f"-2*(1 - {r})*{s}*mu*L*{step}",
    }
    exact = Case(
        (interval("mu"), interval("L", "mu")),
        {
            "close": Inequality((square(exact_d),), (Use("contraction", "C", ("d",)),)),
            "same": Vanish(exact_d, "close"),
            "step": Inequality(descends(GAP, f"{r}^2"), _three(r), nulls=(("same", along, "-1"),)),
            "end": Induct("step", GAP, f"{r}^2", "P"),
        },
        given={"epsilon": "0"},
        powers={"P": f"{r}^2"},
    )
    return Derivation(Formal(method, GAP, GAP), Split("epsilon", exact, main))
