"""Derivations for all batch sizes, precisions, dimensions and lengths of runs.

Inner products <u, v> are E u(x) v(x) over uniform inputs; ``y`` is the part of a function along the parity at hand, so that
its square is the squared coefficient. Probabilities, counts and digits are values that move with the steps.
"""

from collections.abc import Mapping
from functools import partial

from gradproof.theory import derivation as d
from gradproof.theory.derivation_words import square
from gradproof.theory.field import Interval
from gradproof.theory.limits import pac_sq as paper

ONE = "1"
Weights = Mapping[str, str]
Squares = tuple[tuple[tuple[str, d.Vec], ...], ...]


def closed(*ends: tuple[str, str]) -> tuple[Interval, ...]:
    return tuple(Interval(name, low, "", True) for name, low in ends)


def of_values(values: tuple[str, ...], laws: dict[str, d.Law], fixed: tuple[str, ...] = ()) -> d.Method:
    return d.Method({}, {}, (), {}, values, fixed=(), fixed_values=fixed, laws=laws)


def starts(value: str, says: str, at: str = "0") -> d.Law:
    return d.Law((("1", value), (f"-({at})", ONE)), (), True, "0", says)


def inducted(
    one: Weights, potential: d.Terms, end: Weights, scale: str = "1", rho: str = "1", power: str = "", squares: Squares = ((), ()),
) -> dict[str, d.Step]:  # fmt: skip
    """One step from laws, all steps, and what laws make of that; ``squares`` are left out of the first and the last sum."""
    return {
        "one": d.Combine({}, one, squares[0], "k"),
        "all": d.Induct("one", potential, rho, power),
        "end": d.Combine({"all": scale}, end, squares[1]),
    }


# --- batches ------------------------------------------------------------------------------------------------------------


@d.derivation(paper.BATCH_TAIL)
def batch_tail() -> d.Derivation:
    """z_k is E e^(lambda (S_k - E S_k - k tau)) of a sum of k examples; 1{S_b >= E S_b + b tau} is at most what is averaged."""
    laws = {
        "one example": d.Law((("1", "z'"), ("-r", "z")), ("iid_batch", "moment", "tower"), equality=True),
        "none": starts("z", "the empty sum is 0", "1"),
        "Markov": d.Law((("1", "Pr"), ("-1", "z")), ("moment", "expectation")),
    }
    steps = inducted({"one example": "1"}, (("1", "z"),), {"none": "P", "Markov": "1"}, rho="r", power="P")
    formal = d.Formal(of_values(("z", "Pr"), laws), (("1", "Pr"),), horizon="b")
    return d.Derivation(formal, d.Case((Interval("r"),), steps, powers={"P": "r"}))


@d.derivation(paper.UNION)
def union_over_run() -> d.Derivation:
    """U is the probability that some mean was off before step k, q the largest one of a coordinate at step k."""
    laws = {
        "one step": d.Law((("1", "U'"), ("-1", "U"), ("-p", "q")), ("fresh_batches", "expectation", "tower")),
        "each": d.Law((("1", "q"), ("-H", ONE)), ("each_query",)),
        "none": starts("U", "no mean was taken"),
    }
    steps = inducted({"one step": "1", "each": "p"}, (("1", "U"), ("-k*p*H", ONE)), {"none": "1"})
    formal = d.Formal(of_values(("U", "q"), laws), (("1", "U"),), horizon="T")
    return d.Derivation(formal, d.Case(closed(("p", "1"), ("H", "0")), steps, knows=("1 - H",)))


def chained(domain: tuple[Interval, ...], first: str, *links: tuple[str, str, str]) -> d.Derivation:
    """From number to number, by (bound of the difference, next number, assumption); read with the sign of the whole."""
    names = (first, *(name for _, name, _ in links))
    laws = {
        by + v: d.Law((("1", u), ("-1", v), (f"-({bound})", ONE)), (by,))
        for u, (bound, v, by) in zip(names, links, strict=False)
    }
    end = d.Combine({}, dict.fromkeys(laws, "1"), index="0")
    formal = d.Formal(of_values((), laws, names), (("1", first), ("-1", names[-1])), at="0")
    return d.Derivation(formal, d.Case(domain, {"end": end}))


ROUNDING = ("rho/2", "a", "nearest"), ("tau", "E", "sq_answer"), ("dev", "v", "batch_within")
ERRORS = (Interval("rho"), *closed(("tau", "0"), ("dev", "0")))
d.derivation(paper.LEGAL_ROUNDING)(partial(chained, ERRORS, "g", *ROUNDING))


@d.derivation(paper.BIT_EXTRACTION)
def bit_extraction() -> d.Derivation:
    """0 is the only answer to 0 below rho = 4/3, and it is legal for v = 1/b where 3 rho/4 - v >= 0."""
    laws = {"bit": d.Law((("1", "v"), ("-1/b", ONE)), ("one_carrier",), equality=True)}
    rho = Interval("rho")
    quantity = d.Threshold((("3*rho/4", ONE), ("-1", "v")), "3*rho/4 - 1/b", rho)
    formal = d.Formal(of_values((), laws, ("v",)), quantity, at="0", by=("rho_oracle",))
    end = d.Combine({}, {"bit": "-1"}, index="0")
    return d.Derivation(formal, d.Case((*closed(("b", "1")), rho), {"end": end}))


TWICE = ("3*rho/4", "g", "rho_oracle"), ("3*rho/4", "w", "rho_oracle")
d.derivation(paper.COUNT_EXTRACTION)(partial(chained, (Interval("rho"),), "v", *TWICE))


@d.derivation(paper.HISTOGRAM)
def histogram_decoding() -> d.Derivation:
    """t_c is the number of examples of code >= c in the one batch less that in the other, t_0 = 0: by parts, the sums of B^c
    differ by sum_{c>0} t_c (B^c - B^(c-1)) = (B - 1) R, R of the digits t_c in base B. R is read from the first t_c that is
    not 0 (say positive) on: then the one batch has an example of all codes >= c, and t_c >= 1 - b.
    """
    laws = {
        "next digit": d.Law((("1", "R'"), ("-B", "R"), ("-1", "t")), ("codes",), equality=True),
        "digit": d.Law((("-(b - 1)", ONE), ("-1", "t")), ("codes",)),
        "first digit": d.Law((("1", ONE), ("-1", "R")), ("different_histograms",), index="0"),
        "means": d.Law((("1", "M"), ("-(B - 1)/b", "R")), ("codes",), equality=True),
    }
    end, gap = {"first digit": "(B - 1)/b*P", "means": "-1"}, (("1", ONE), ("-1", "R"))
    steps = inducted({"next digit": "-1", "digit": "1"}, gap, end, "(B - 1)/b", "B", "P", ((("B - b", {}),), ()))
    formal = d.Formal(of_values(("R", "t", "M"), laws), (("1", "M"),))
    case = d.Case(closed(("b", "1"), ("B", "b")), steps, powers={"P": "B"}, first="0")
    return d.Derivation(formal, case)


# --- parities ------------------------------------------------------------------------------------------------------------

PARITIES = "uniform_inputs"  # under which they are orthonormal


def expansion(*by: str, **more: d.Law) -> d.Method:
    """r is what the parities before leave of h, y the part of h along the next, u the mean part along those to come."""
    laws = {
        "projection": d.Law((("1", {"r": "1"}, {"y": "1"}), square({"y": "1"}, "-1")), (PARITIES, *by), equality=True),
        "nothing left": d.Law((square({"r": "1"}), ("-(N - k)", {"r": "1"}, {"u": "1"})), ("all_parities",), True),
        **more,
    }
    return d.Method(
        {}, {"r": {"r": "1", "y": "-1"}}, ("y", "u"), {}, fixed=("h",), fixed_values=(), start={"r": {"h": "1"}}, laws=laws
    )  # fmt: skip


def all_squares(parameter: str, *by: str) -> d.Derivation:
    """The squared coefficients of h sum up to its square."""
    part: d.Terms = (square({"y": "1"}),)
    steps: dict[str, d.Step] = {
        "one": d.Combine({}, {"projection": "-2"}, index="k"),
        "sum": d.Sum("one", (square({"r": "1"}),), "1", part),
        "end": d.Combine({"sum": "1/N"}, {"nothing left": "-1/N"}),
    }
    stands: dict[str, d.Terms] = {parameter: (square({"h": "1"}),)}
    formal = d.Formal(expansion(*by), d.Mean(part, "N"), horizon="D", stands=stands, by=("expectation",))
    return d.Derivation(formal, d.Case((), steps))


d.derivation(paper.PARSEVAL)(partial(all_squares, "h2"))
# h is the gradient of f, a function with values in R^p: the gradient of L_S is E f grad f less its part along S
d.derivation(paper.GRADIENT_VARIANCE)(partial(all_squares, "g2", "squared_loss"))


@d.derivation(paper.PARITY_COUNT)
def parity_count() -> d.Derivation:
    """N is the number of parities that move the query by tau."""
    moved = d.Law((("tau^2", ONE), square({"y": "1"}, "-1")), (), says="the parities that are counted")
    potential, left = (square({"r": "1"}), ("k*tau^2", ONE)), (("1/tau^2", {"r": "1"}),)
    steps = inducted({"projection": "-2", "moved": "1"}, potential, {}, "1/tau^2", squares=((), left))
    stands: dict[str, d.Terms] = {"h2": (square({"h": "1"}),)}
    formal = d.Formal(expansion(moved=moved), (("N", ONE),), stands=stands, by=("expectation",))
    return d.Derivation(formal, d.Case((Interval("tau"),), steps, first="0"))


@d.derivation(paper.LOWER_BOUND)
def parity_sq_lower_bound() -> d.Derivation:
    """U is the number of parities that moved a query so far, c that of those that move the next one."""
    laws = {
        "one query": d.Law((("1", "U'"), ("-1", "U"), ("-1", "c")), (), says="U counts a union"),
        "moved": d.Law((("1", "c"), ("-1/tau^2", ONE)), (PARITIES, "bounded_queries")),
        "none": starts("U", "no query was asked"),
    }
    steps = inducted({"one query": "1", "moved": "1"}, (("1", "U"), ("-k/tau^2", ONE)), {"none": "1/D"}, "1/D")
    formal = d.Formal(of_values(("U", "c"), laws), (("1/D", "U"),), horizon="queries")
    return d.Derivation(formal, d.Case((Interval("tau"), *closed(("D", "1"))), steps))


@d.derivation(paper.DISTINGUISHABLE)
def distinguishable() -> d.Derivation:
    """k runs over coordinates and steps; e is E (d_i f)^2 of the next, A the sum of those to come, c how many it tells apart."""
    laws = {
        "one coordinate": d.Law((("1", "U'"), ("-1", "U"), ("-1", "c")), (), says="U counts a union"),
        "moved": d.Law((("1", "c"), ("-16/rho^2", "e")), (PARITIES, "squared_loss"), says="pac-sq.parity-count"),
        "rest": d.Law((("1", "A'"), ("1", "e"), ("-1", "A")), (), True, says="A is the sum of what is to come"),
        "sign": d.Law((("-1", "A"),), (), says="a sum of squares"),
        "none": starts("U", "no gradient was taken"),
    }
    one, end = {"one coordinate": "1", "moved": "1", "rest": "16/rho^2"}, {"none": "1", "sign": "16/rho^2"}
    steps = inducted(one, (("1", "U"), ("16/rho^2", "A")), end)
    formal = d.Formal(of_values(("U", "c", "e", "A"), laws), (("1", "U"),), stands={"G": (("1", "A"),)})
    return d.Derivation(formal, d.Case((Interval("rho"),), steps))


@d.derivation(paper.REFERENCE_RUN)
def reference_run() -> d.Derivation:
    """v is the reference run, u its answers: those at w = v are the same, so that ||g - u||^2 <= c ||w - v||^2 for some c."""
    by = ("undetected", "adversarial_rounding", "squared_loss")
    apart: d.Vec = {"w": "1", "v": "-1"}
    numbers = (d.Number(Interval("c"), by), d.Number(Interval("eta"), ()))
    method = d.Method(
        {}, {"w": {"w": "1", "g": "-eta"}, "v": {"v": "1", "u": "-eta"}}, ("g", "u"), {}, fixed=("o",), fixed_values=(),
        start={"w": {"o": "1"}, "v": {"o": "1"}}, numbers=numbers,
        laws={"answers": d.Law((square({"g": "1", "u": "-1"}), square(apart, "-c")), by)},
    )  # fmt: skip
    rho, left = "2 + 2*eta^2*c", (("1", {**apart, "g": "eta", "u": "-eta"}),)
    steps = inducted({"answers": "2*eta^2"}, (square(apart),), {}, rho=rho, power="P", squares=(left, ()))
    case = d.Case(tuple(n.interval for n in numbers), steps, powers={"P": rho})
    return d.Derivation(d.Formal(method, (square(apart),)), case)


# --- parities from examples ----------------------------------------------------------------------------------------------


def halving(end: Weights, quantity: str) -> d.Derivation:
    """v is the mean number of wrong parities that are left: each agrees with half of the inputs."""
    laws = {
        "one example": d.Law((("1", "v'"), ("-1/2", "v")), (PARITIES, "iid_examples", "tower"), True),
        "before": starts("v", "all wrong parities", "W"),
        "Markov": d.Law((("1", "Pr"), ("-1", "v")), ("noiseless", "expectation")),
    }
    steps = inducted({"one example": "1"}, (("1", "v"),), end, rho="1/2", power="P")
    formal = d.Formal(of_values(("v", "Pr"), laws), (("1", quantity),), horizon="m")
    return d.Derivation(formal, d.Case(closed(("W", "1")), steps, powers={"P": "1/2"}))


d.derivation(paper.CONSISTENT)(partial(halving, {"before": "P"}, "v"))
d.derivation(paper.PAC_PARITY_BOUND)(partial(halving, {"before": "P", "Markov": "1"}, "Pr"))
