"""Derivations of what schedules of averaging cost: sums of numbers, and any schedule beside the best."""

from gradproof.theory import derivation as d
from gradproof.theory.communication.local_sgd import claims
from gradproof.theory.field import Interval

Steps = dict[str, d.Step]


def negative(terms: d.Terms) -> d.Terms:
    return tuple((f"-({t[0]})", *t[1:]) for t in terms)  # type: ignore[misc]


def _block(bound: str, sign: str) -> d.Derivation:
    """s is the cost of the first k steps of the block; ``bound`` the claimed one, at k."""
    terms: d.Terms = (("1", "s"),) if sign == "1" else (("-1", "s"),)
    after: d.Terms = ((sign, "s'"),)
    method = d.Method(
        {}, {}, (), {}, ("s",), fixed=(), fixed_values=(),
        laws={
            "added": d.Law((("1", "s'"), ("-1", "s"), ("-k/(tau + beta - 1 + k)", "1")), (), True, says="the sum gains a term"),
            "nothing": d.Law((("1", "s"),), (), True, "0", says="an empty sum"),
        },
    )  # fmt: skip
    growth = f"({bound.replace('k', '(k+1)')}) - ({bound})"
    rest: d.Terms = ((f"-({sign})*({growth})", "1"),)
    left = f"({sign})*({growth} - k/(tau + beta - 1 + k))"
    steps: Steps = {
        "step": d.Inequality((*after, *negative(terms), *rest), laws={"added": sign}, signs=((left, {}),)),
        "sum": d.Sum("step", terms, rest=rest, total=((f"-({sign})*({bound})", "1"),)),
        "end": d.Combine({"sum": "1"}, {"nothing": sign}),
    }
    case = d.Case((Interval("beta", "1"), Interval("tau", "0", closed_low=True)), steps)
    return d.Derivation(d.Formal(method, (("1", "s"),), horizon="H"), case)


@d.derivation(claims.BLOCK_COST)
def block_cost() -> d.Derivation:
    return _block("k*(k - 1)/(2*(tau + beta - 1))", "1")


@d.derivation(claims.BLOCK_COST_BELOW)
def block_cost_below() -> d.Derivation:
    return _block("k*(k - 1)/(2*(tau + k + beta - 1))", "-1")


@d.derivation(claims.ANY_SCHEDULE)
def any_schedule() -> d.Derivation:
    """r = (t - tau(t)) e counts the steps since the last averaging; with b = 1 where the workers are averaged next, else 0,
    v = b r and q = b e, so that r+ = r + e - v - q, and b^2 = b gives the laws. s is the cost so far, c the averagings.

    r >= (m - 1/2) + P+ - P - m^2/2 b for P = |r|^2/2 - m r, up to the square b (r + 1 - m)^2/2; m = T/R.
    """
    m = "(N/R)"
    whole: tuple[str, ...] = ("rounds",)
    method = d.Method(
        {},
        {"r": {"r": "1", "e": "1", "v": "-1", "q": "-1"}},
        ("v", "q"),
        {},
        ("s", "c"),
        fixed=("e",),
        fixed_values=(),
        start={"r": {}},
        laws={
            "unit": d.Law((("1", {"e": "1"}, {"e": "1"}), ("-1", "1")), (), equality=True, says="$e$ is a unit"),
            "qq": d.Law(
                (("1", {"q": "1"}, {"q": "1"}), ("-1", {"q": "1"}, {"e": "1"})),
                (),
                equality=True,
                says="$q = be$ with $b^2 = b$",
            ),
            "vq": d.Law(
                (("1", {"v": "1"}, {"q": "1"}), ("-1", {"v": "1"}, {"e": "1"})),
                (),
                equality=True,
                says="$v = br$, $q = be$, $b^2 = b$",
            ),
            "vv": d.Law(
                (("1", {"v": "1"}, {"v": "1"}), ("-1", {"v": "1"}, {"r": "1"})),
                (),
                equality=True,
                says="$v = br$ with $b^2 = b$",
            ),
            "ve": d.Law(
                (("1", {"v": "1"}, {"e": "1"}), ("-1", {"q": "1"}, {"r": "1"})),
                (),
                equality=True,
                says=r"$\langle br, e\rangle = \langle be, r\rangle$",
            ),
            "after": d.Law((("-1", {"r": "1"}, {"e": "1"}),), (), says=r"$r = (t - \tau(t))e$ counts up from zero"),
            "added": d.Law(
                (("1", "s'"), ("-1", "s"), ("-1/(k + beta - 1)", {"r": "1"}, {"e": "1"})),
                (),
                equality=True,
                says=r"the cost gains $(t - \tau(t))/(t + \beta - 1)$ a step",
            ),
            "counted": d.Law(
                (("1", "c'"), ("-1", "c"), ("-1", {"q": "1"}, {"e": "1"})),
                (),
                equality=True,
                says="$c$ counts the averagings",
            ),
            "no cost": d.Law((("1", "s"),), (), equality=True, index="0", says="an empty sum"),
            "none": d.Law((("1", "c"),), (), equality=True, index="0", says="none yet"),
            "most": d.Law((("1", "c"), ("-(R - 1)", "1")), whole),
        },
    )

    def potential(prime: str) -> d.Terms:
        r = {f"r{prime}": "1"}
        return (
            ("-(N + beta - 1)", f"s{prime}"), ("1/2", r, r), (f"-{m}", r, {"e": "1"}), (f"-{m}^2/2", f"c{prime}"),
        )  # fmt: skip

    rest: d.Terms = ((f"{m} - 1/2", "1"),)
    laws = {
        "added": "-(N + beta - 1)", "after": "(N - k)/(k + beta - 1)", "counted": f"-{m}^2/2", "unit": f"1/2 - {m}", "vv": "1",
        "vq": f"2 - {m}", "qq": f"1/2 + (1 - {m})^2/2", "ve": "1",
    }  # fmt: skip
    share = "1/(N + beta - 1)"
    half = f"{share}*{m}^2/2"
    steps: Steps = {
        "step": d.Inequality(
            (*potential("'"), *negative(potential("")), *rest), laws=laws, squares=(("1/2", {"v": "1", "q": f"1 - {m}"}),)
        ),
        "sum": d.Sum("step", potential(""), rest=rest, total=((f"k*({m} - 1/2)", "1"),)),
        "end": d.Combine(
            {"sum": share}, {"most": half, "unit": half, "no cost": "-1", "none": f"-{half}"},
            ((f"{share}/2", {"r": "1", "e": f"-{m}"}),),
        ),
    }  # fmt: skip
    case = d.Case((Interval("R", "1", closed_low=True), Interval("beta", "1")), steps, reach="k<N")
    return d.Derivation(d.Formal(method, (("1", "s"),), horizon="T"), case)
