"""Stale gradients: sums over all lags, the balance of the second moment, ages that are conserved, the best number of workers."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.sampling import stale_sgmcmc as paper

LAM, H = Interval("lam"), Interval("h")


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def _zero(u: str, v: str, by: tuple[str, ...], says: str = "") -> d.Law:
    return d.Law((_inner("1", u, v),), by, True, says=says)


def _over_all_lags(
    slope: str, step: tuple[str, ...], settled: tuple[str, ...], domain: tuple[Interval, ...], *, noise: str = "2*h",
    noisy: tuple[str, ...] = (), share: str = "1", by: tuple[str, ...] = (),
) -> d.Derivation:  # fmt: skip
    """slope X = W for X, W the sums over all steps of what is averaged, x, and of the noise n, each of which drives one step.

    The sum over k of x_{k+1} - x_k is nothing, and so <x, X> = <x, W>/slope = <n, X>/slope = <n, W>/slope^2.
    """
    laws = {
        f"all steps, {v}": d.Law((_inner(slope, "X", v), _inner("-1", "W", v)), (*step, *settled), True) for v in "xn"
    }
    laws["stationary"] = d.Law((_inner("1", "n", "X"), _inner("-1", "x", "W")), settled, True)
    says = "" if noisy else "the noise of a step is independent of that of others"
    laws["noise"] = d.Law((_inner("1", "n", "W"), (f"-({noise})", "1")), noisy, True, says=says)
    method = d.Method({}, {}, (), {}, fixed=("x", "n", "X", "W"), fixed_values=(), laws=laws)
    once, twice = f"{share}/({slope})", f"{share}/({slope})^2"
    weights = {"all steps, x": once, "stationary": f"-{once}", "all steps, n": twice, "noise": twice}
    formal = d.Formal(method, (_inner(share, "x", "X"),), at="0", by=("expectation", *by))
    return d.Derivation(formal, d.Case(domain, {"end": d.Combine({}, weights)}))


@d.derivation(paper.INDEPENDENT)
def independent() -> d.Derivation:
    """x_{k+1} - x_k = -h lam x_{k-tau} + n_k, summed over all k."""
    return _over_all_lags("h*lam", ("gaussian_target",), ("stable",), (LAM, H), by=("linear_test_function",))


@d.derivation(paper.GRADIENT)
def gradient() -> d.Derivation:
    """x_{k+1} - x_k = -h grad U(x_{k-tau}) + n_k along v, summed over all k; here x is the gradient."""
    return _over_all_lags("h", ("fixed_staleness",), ("settled",), (H,))


@d.derivation(paper.ANY_ORDER)
def any_order() -> d.Derivation:
    """x_{k+1} - x_k = -h lam x_{r(k)} + n_k with r one-to-one, summed over all k."""
    return _over_all_lags("h*lam", ("gaussian_target", "reads_after_its_update"), ("settled",), (LAM, H))


@d.derivation(paper.SPEEDUP)
def speedup() -> d.Derivation:
    """The mean of S chains is a chain with noise of variance 2 h/S; a round is P updates."""
    counts = (Interval("P", "1", "", True), Interval("S", "1", "", True))
    return _over_all_lags(
        "h*lam", ("gaussian_target", "round_robin"), ("stable",), (LAM, H, *counts), noise="2*h/S",
        noisy=("independent_servers",), share="1/P",
    )  # fmt: skip


@d.derivation(paper.TRANSIENT)
def transient() -> d.Derivation:
    """X, Y, Z are the sums over l >= 0 of the means of x_l, x_{l+1} and x_{l-tau}, which decay geometrically."""
    laws = {
        "recursion": d.Law(
            (("1", "Y"), ("-1", "X"), ("h*lam", "Z")), ("gaussian_target", "stable", "geometric-decay"), True
        ),
        "first": d.Law((("1", "X"), ("-1", "Y"), ("-x0", "1")), (), True, says="the first term of $X$ is $x_0$"),
        "history": d.Law(
            (("1", "Z"), ("-1", "X"), ("-tau*x0", "1")), ("fixed_staleness", "constant_history"), equality=True
        ),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("X", "Y", "Z"), laws=laws)
    end = d.Combine({}, {"recursion": "1/(h*lam)", "first": "1/(h*lam)", "history": "-1"})
    domain = (LAM, H, Interval("tau", "0", "", True), Interval("x0", ""))
    formal = d.Formal(method, (("1", "X"),), at="0", by=("expectation",))
    return d.Derivation(formal, d.Case(domain, {"end": end}))


@d.derivation(paper.MEAN_STALENESS)
def mean_staleness() -> d.Derivation:
    """s is the sum of the ages of the gradients so far, V of those that workers hold: a step adds one to all but one's, now 0."""
    laws = {
        "sum": d.Law((("1", "s'"), ("-1", "s"), ("-1", "age")), (), True, says="$s$ is the sum of the ages"),
        "held": d.Law((("1", "V'"), ("-1", "V"), ("1", "age"), ("-(P - 1)", "1")), ("reads_after_its_update",), True),
        "start": d.Law((("1", "s"), ("1", "V")), ("fresh_start",), True, index="0"),
    }
    method = d.Method({}, {}, (), {}, ("s", "V", "age"), fixed=(), fixed_values=(), laws=laws)
    ages: d.Terms = (("1", "s"), ("1", "V"), ("-k*(P - 1)", "1"))
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"sum": "1", "held": "1"}, index="k"),
        "all": d.Induct("step", ages),
        "end": d.Combine({"all": "1/N"}, {"start": "1/N"}),
    }
    formal = d.Formal(method, (("1/N", "s"), ("1/N", "V")), horizon="L")
    return d.Derivation(formal, d.Case((Interval("P", "1", "", True),), steps))


@d.derivation(paper.BALANCE)
def balance() -> d.Derivation:
    """x+ = x - h lam y + n with y = x_{l-tau}: the second moments of x+, x and y are the same."""
    after: d.Vec = {"x": "1", "y": "-h*lam", "n": "1"}
    past = "the noise of a step is independent of the past"
    laws = {
        "x+": d.Law((("1", after, after), _inner("-1", "x", "x")), ("gaussian_target", "settled"), True),
        "y": d.Law((_inner("1", "y", "y"), _inner("-1", "x", "x")), ("settled",), True),
        "n-x": _zero("n", "x", ("independent_noise",)),
        "n-y": _zero("n", "y", ("independent_noise",), past),
        "n": d.Law((_inner("1", "n", "n"), ("-(2*h + h^2*sigma^2)", "1")), ("independent_noise",), True),
    }
    method = d.Method({}, {}, (), {}, fixed=("x", "y", "n"), fixed_values=(), laws=laws)
    gap: d.Vec = {"x": "1", "y": "-1"}
    scale = "1/(h*lam*(2 - h*lam))"
    weights = {
        "x+": f"-{scale}",
        "y": f"-h*lam*(1 - h*lam)*{scale}",
        "n-x": f"2*{scale}",
        "n-y": f"-2*h*lam*{scale}",
        "n": scale,
    }
    formal = d.Formal(method, (_inner("1", "x", "x"),), at="0", stands={"D2": (("1", gap, gap),)}, by=("expectation",))
    domain = (LAM, Interval("h", "0", "2/lam"), Interval("sigma", "0", "", True))
    return d.Derivation(formal, d.Case(domain, {"end": d.Combine({}, weights)}))


@d.derivation(paper.OPTIMAL)
def optimal() -> d.Derivation:
    """Above the bound by h^2 (P - Q)^2 (P + 2 Q - 1)/P, with R told by Q."""
    value, over = "h^2*((P - 1/2)^2 + 2*Q^2*(Q - 1/2)/P)", Interval("P")
    gap = "h^2*(P - Q)^2*(P + 2*Q - 1)/P"
    below = d.Inequality(((f"-({gap})", "1"),), signs=((gap, {}),), index="0")
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=())
    formal = d.Formal(
        method, d.Infimum(value, over, "Q"), at="0", by=("gaussian_target", "round_robin", "leading_order")
    )
    return d.Derivation(formal, d.Case((H, Interval("Q", "1/2"), over), {"below": below}))
