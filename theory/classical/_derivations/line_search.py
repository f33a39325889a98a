"""Exact line search, for all N: the values contract by ((L - mu)/(L + mu))^2 in one step."""

from gradproof.theory.classical import line_search
from gradproof.theory.classical._derivations._words import GAP, STRONG_AND_SMOOTH, descends, interval
from gradproof.theory.derivation import Call, Case, Class, Derivation, Formal, Induct, Inequality, Law, Method, Use, derivation


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
        (
            Use("interpolation", "f", ("x", "x'"), r),
            Use("interpolation", "f", ("*", "x"), f"{r}*(1 - {r})"),
            Use("interpolation", "f", ("*", "x'"), f"1 - {r}"),
        ),
        laws={"orthogonal": "2/(L + mu)", "searched": "1"},
    )
    steps = {"step": step, "end": Induct("step", GAP, f"{r}^2", "P")}
    case = Case((interval("mu", closed="low"), interval("L", "mu")), steps, powers={"P": f"{r}^2"})
    return Derivation(Formal(method, GAP, GAP), case)
