"""Derivations for all batch sizes, sites, times and dimensions: second moments of sums, and first-step equations of a walk.

Inner products are expectations. Of the sampling a derivation uses what its assumption says of one more draw; of the walk the
equation of its first step, m_k = 1 + rho_k (1 + m_{k-1}) for the time m_k to cross from k to k + 1.
"""

from collections.abc import Mapping
from dataclasses import replace

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.landscape.train_longer import increments, normalisation, walks

#: parameters over their whole sets
POSITIVE = {name: Interval(name) for name in ("eta", "h", "r", "eps")}
NONNEGATIVE = {
    name: Interval(name, "0", "", True) for name in ("C", "S", "s2", "v", "V", "v_g", "sigma2", "total", "between")
}
AT_LEAST = {name: Interval(name, low, "", True) for name, low in (("M", "1"), ("m", "1"), ("n", "2"), ("W", "1"))}
SETS = POSITIVE | NONNEGATIVE | AT_LEAST


def over(*names: str) -> tuple[Interval, ...]:
    return tuple(SETS[name] for name in names)


def square(v: str, c: str = "1") -> d.Terms:
    return ((c, {v: "1"}, {v: "1"}),)


def minus(terms: d.Terms) -> d.Terms:
    return tuple((f"-({c})", *rest) for c, *rest in terms)  # type: ignore[misc]


def one(laws: Mapping[str, str]) -> d.Combine:
    """One step of an induction, as a sum of laws: where these are equalities, so is the end."""
    return d.Combine({}, laws, index="k")


def rest(sum_: str, term: d.Terms, by: tuple[str, ...]) -> dict[str, d.Law]:
    """``sum_`` is the sum of the terms from k on: N - k times their mean, so that nothing is left at N."""
    return {
        "rest": d.Law((("1", f"{sum_}'"), *term, ("-1", sum_)), by, equality=True),
        "none left": d.Law(
            (("1", sum_), ("-(N - k)", f"{sum_}_mean")), (), True, says=f"{sum_} is N - k times the mean of its terms"
        ),
    }


# --- second moments of sums -----------------------------------------------------------------------------------------------


def summed(size: str, by: tuple[str, ...], pair: str = "0", factor: str = "1") -> d.Method:
    """s+ = s + factor x from 0: each x has the second moment ``size``, and <x, s> = ``pair``."""
    return d.Method(
        {}, {"s": {"s": "1", "x": factor}}, ("x",), {}, fixed=(), fixed_values=(), start={"s": {}},
        laws={
            "one": d.Law((*square("x"), (f"-({size})", "1")), by, equality=True),
            "past": d.Law((("1", {"x": "1"}, {"s": "1"}), (f"-({pair})", "1")), (*by, "tower"), equality=True),
        },
    )  # fmt: skip


def mean_of_draws(
    size: str, by: tuple[str, ...], total: str, domain: tuple[Interval, ...], pair: str = "0"
) -> d.Derivation:
    """E||s_M / M||^2 where E||s_k||^2 = ``total`` (in k)."""
    potential: d.Terms = (*square("s"), (f"-({total})", "1"))
    steps: dict[str, d.Step] = {
        "one more": one({"one": "1", "past": "2"}),
        "all": d.Induct("one more", potential),
        "mean": d.Combine({"all": "1/N^2"}),
    }
    formal = d.Formal(summed(size, by, pair), square("s", "1/N^2"), horizon="M", by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps))


@d.derivation(increments.WITH_REPLACEMENT)
def with_replacement() -> d.Derivation:
    return mean_of_draws("C", ("with_replacement",), "k*C", over("C"))


@d.derivation(increments.WITHOUT_REPLACEMENT)
def without_replacement() -> d.Derivation:
    """A further draw is paired with k earlier ones, each of covariance -C/(n - 1): train-longer.wor-across-batches."""
    return mean_of_draws("C", ("without_replacement",), "k*C*(1 - (k - 1)/(n - 1))", over("n", "C"), "-k*C/(n - 1)")


@d.derivation(increments.MULTIPLICATIVE_NOISE)
def multiplicative_noise() -> d.Derivation:
    by = ("with_replacement", "independent_factors")
    return mean_of_draws("C + v*S", by, "k*(C + v*S)", over("C", "S", "v"))


@d.derivation(increments.POISSON_SAMPLING)
def poisson_sampling() -> d.Derivation:
    """s+ = s + (b - p) g over the samples; q = ||g||^2, and A is the sum of the q that are still to come."""
    by, p = ("independent_inclusion",), "M/N*(1 - M/N)"
    method = d.Method(
        {}, {"s": {"s": "1", "x": "1"}}, ("x",), {}, ("A", "A_mean", "q"), fixed=(), fixed_values=(), start={"s": {}},
        laws={
            "one": d.Law((*square("x"), (f"-{p}", "q")), by, equality=True),
            "past": d.Law((("1", {"x": "1"}, {"s": "1"}),), (*by, "tower"), equality=True),
            **rest("A", (("1", "q"),), by),
        },
    )  # fmt: skip
    potential: d.Terms = (*square("s"), (p, "A"))
    steps: dict[str, d.Step] = {
        "one more": one({"one": "1", "past": "2", "rest": p}),
        "all": d.Induct("one more", potential),
        "mean": d.Combine({"all": "1/M^2"}, {"none left": f"-{p}/M^2"}),
    }
    formal = d.Formal(method, square("s", "1/M^2"), horizon="n", stands={"S": (("1/N", "A"),)}, by=("expectation",))
    return d.Derivation(formal, d.Case(over("M"), steps))


@d.derivation(increments.ACROSS_BATCHES)
def across_batches() -> d.Derivation:
    """x and y are the deviations of two samples, y uniform among the n - 1 others, whose sum is -x."""
    by = ("disjoint_batches",)
    cross: d.Terms = (("1", {"x": "1"}, {"y": "1"}),)
    method = d.Method(
        {}, {}, ("x", "y"), {}, fixed=(), fixed_values=(),
        laws={
            "one": d.Law((*square("x"), ("-C", "1")), by, equality=True),
            "others": d.Law((("n - 1", {"x": "1"}, {"y": "1"}), *square("x")), (*by, "tower"), equality=True),
        },
    )  # fmt: skip
    step = d.Combine({}, {"others": "1/(n - 1)", "one": "-1/(n - 1)"}, index="0")
    formal = d.Formal(method, cross, at="0", by=("expectation",))
    return d.Derivation(formal, d.Case(over("n", "C"), {"step": step}))


def diffusion(
    size: str, by: tuple[str, ...], factor: str, total: str, case: d.Case, roots: Mapping[str, str] | None = None
) -> d.Derivation:
    """E||s_t||^2 = t ``total`` for s+ = s - factor x."""
    potential: d.Terms = (*square("s"), (f"-k*({total})", "1"))
    laws = {"one": f"({factor})^2", "past": f"-2*({factor})"}
    steps: dict[str, d.Step] = {"update": one(laws), "all": d.Induct("update", potential)}
    method = replace(summed(size, by, factor=f"-({factor})"), roots=roots or {})
    return d.Derivation(d.Formal(method, square("s"), horizon="t", by=("expectation",)), replace(case, steps=steps))


@d.derivation(increments.FLAT_SPREAD)
def flat_spread() -> d.Derivation:
    return diffusion("V", ("flat_potential",), "eta", "eta^2*V", d.Case(over("eta", "V"), {}))


@d.derivation(increments.SQRT_RULE)
def sqrt_rule() -> d.Derivation:
    """Root is the square root of M/m."""
    by = ("with_replacement", "flat_potential", "equal_updates")
    domain = (*over("eta", "m"), Interval("root"), *over("C"))
    case = d.Case(domain, {}, given={"M": "root^2*m"})
    return diffusion("C/M", by, "eta*root", "eta^2*C/m", case, {"root": "M/m"})


@d.derivation(increments.EXACT_RATIO)
def exact_ratio() -> d.Derivation:
    """A is the sum of the ||g_i||^2, B that of the <g_i, g_j>.

    Whether a sample is in a batch has the variance p(1 - p), p = M/n, and with another a covariance of kappa times that.
    """
    says = r"kappa = 0 for samples kept independently, $-1/(n - 1)$ for subsets"

    def batch(x: str, size: str) -> d.Law:
        p = f"1/{size}^2*({size}/n)*(1 - {size}/n)"
        return d.Law((*square(x), (f"-{p}", "A"), (f"-kappa*{p}", "B")), ("finite_sampling",), True, "0", says)

    method = d.Method(
        {}, {}, (), {}, fixed=("x", "y"), fixed_values=("A", "B"), laws={"large": batch("x", "M"), "small": batch("y", "m")},
        numbers=(d.Number(Interval("kappa", "-1/(n - 1)", "", True), ("finite_sampling",)),),
    )  # fmt: skip
    ratio = Interval("ratio2")
    quantity = d.Threshold((*square("x", "ratio2"), *square("y", "-1")), "ratio2*(1/M - 1/n) - (1/m - 1/n)", ratio)
    formal = d.Formal(method, quantity, (("1/n", "A"), ("kappa/n", "B")), at="0", by=("expectation",))
    case = d.Case(
        (*over("m"), Interval("M", "m"), Interval("n", "M"), *(n.interval for n in method.numbers), ratio),
        {"difference": d.Combine({}, {"large": "ratio2", "small": "-1"}, index="0")},
    )
    return d.Derivation(formal, case)


# --- a quadratic ----------------------------------------------------------------------------------------------------------

STATIONARY, RATIO = "eta*s2/(M*h*(2 - eta*h))", "(1 - eta*h)^2"


def noisy(w: str, x: str, eta: str, M: str) -> d.Method:
    """w+ = (1 - eta h) w - eta x."""
    by = ("fresh_noise",)
    laws = {
        f"one {x}": d.Law((*square(x), (f"-s2/{M}", "1")), by, equality=True),
        f"past {x}": d.Law((("1", {x: "1"}, {w: "1"}),), (*by, "tower"), equality=True),
    }
    return d.Method({}, {w: {w: f"1 - {eta}*h", x: f"-{eta}"}}, (x,), {}, fixed=(), fixed_values=(), laws=laws)


def moved(x: str, eta: str) -> dict[str, str]:
    """E w'^2 less (1 - eta h)^2 E w^2 and the noise."""
    return {f"one {x}": f"{eta}^2", f"past {x}": f"-2*{eta}*(1 - {eta}*h)"}


def settles(end: Mapping[str, d.Step], horizon: str = "N") -> d.Derivation:
    """From the minimum; the distance of E w_t^2 from the stationary variance shrinks by (1 - eta h)^2 a step."""
    off: d.Terms = (*square("w"), (f"-{STATIONARY}", "1"))
    domain = (*over("h"), Interval("eta", "0", "2/h"), *over("M", "s2"))
    steps = {"update": one(moved("x", "eta")), "all": d.Induct("update", off, RATIO, "P"), **end}
    method = replace(noisy("w", "x", "eta", "M"), start={"w": {}})
    formal = d.Formal(method, square("w"), horizon=horizon, by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps, powers={"P": RATIO}))


@d.derivation(increments.STATIONARY)
def stationary() -> d.Derivation:
    return settles({"below": d.Combine({"all": "1"}, squares=((f"P*{STATIONARY}", {}),))})


@d.derivation(increments.SETTLING)
def settling() -> d.Derivation:
    return settles({}, "t")


@d.derivation(increments.SQRT_VS_LINEAR)
def sqrt_vs_linear() -> d.Derivation:
    """W has the large batches and tends to its stationary variance from anywhere; v, of small ones, starts with its own."""
    large, small = noisy("w", "x", "eta_M", "M"), noisy("v", "y", "eta_m", "m")
    stays = d.Law(
        (("1", {"v'": "1"}, {"v'": "1"}), *square("v", "-1")), (), True, "0", says="v starts from its stationary law"
    )
    method = replace(
        large, step={**large.step, **small.step}, outputs=("x", "y"), laws={**large.laws, **small.laws, "stays": stays},
        numbers=(d.Number(SETS["s2"], ("fresh_noise",)),),
    )  # fmt: skip
    rho, rise = "(1 - eta_M*h)^2", "eta_M^2*s2/M"
    c = "eta_M*m/(eta_m^2*h*M*(2 - eta_M*h))"
    used = {law: f"-{c}*({factor})" for law, factor in moved("y", "eta_m").items()}
    steps: dict[str, d.Step] = {
        "update": one(moved("x", "eta_M")),
        "limit": d.Settle("update", square("w"), rho, rise),
        "ratio": d.Combine({"limit": "1"}, {"stays": c, **used}, index="0"),
    }
    domain = (*over("h"), *(Interval(eta, "0", "2/h") for eta in ("eta_m", "eta_M")), *over("m", "M", "s2"))
    formal = d.Formal(method, d.Limit(square("w")), square("v"), by=("expectation",))
    return d.Derivation(formal, d.Case(domain, steps))


# --- a walk between barriers ----------------------------------------------------------------------------------------------


def scaled_crossing(laws: Mapping[str, d.Law], start: d.Vec | None, values: tuple[str, ...] = ()) -> d.Method:
    """With c_k = e^{-V_k} the first step says m_{k+1} c_{k+1} = m_k c_k + c_k + c_{k+1}: s_k = (m_k - 1) c_k grows by 2 c_k.

    u = e^{V_i} is the height of the site whose crossing is asked for: <u, c_k> = e^{V_i - V_k}.
    """
    begin = {} if start is None else {"s": start}
    return d.Method(
        {}, {"s": {"s": "1", "c": "2"}}, ("c",), {}, values, fixed=("u",), fixed_values=(), start=begin, laws=dict(laws)
    )


CROSSING: d.Terms = (("1", {"u": "1"}, {"s": "1", "c": "1"}),)


@d.derivation(walks.HITTING_TIME)
def hitting_time() -> d.Derivation:
    """S_k = m_k c_k, q_k the sum of the c_a below k, and u_k = e^{V_k}; A is the sum of the <u_b, q_b> still to come."""
    by = ("birth_death_reflecting",)
    laws = {
        "time": d.Law((("1", "T'"), ("-1", "T"), ("-1", {"u": "1"}, {"S": "1"})), by, equality=True),
        "start": d.Law((("1", "T"),), by, equality=True, index="0"),
        "height": d.Law((("1", {"u": "1"}, {"c": "1"}), ("-1", "1")), (), True, says="u and c are reciprocals"),
        **rest("A", (("1", {"u": "1"}, {"q": "1"}),), by),
    }
    first_step: d.Vec = {"S": "1", "c": "1", "c'": "1"}
    method = d.Method(
        {}, {"S": first_step, "q": {"q": "1", "c": "1"}}, ("c", "u"), {}, ("T", "A", "A_mean"), fixed=(), fixed_values=(),
        start={"S": {"c": "1"}, "q": {}}, laws=laws,
    )  # fmt: skip
    kept: d.Terms = (("1", "T"), ("2", "A"), ("-k", "1"))
    steps: dict[str, d.Step] = {
        "crossing": d.Invariant({"S": "1", "c": "-1", "q": "-2"}),
        "one site": replace(one({"time": "1", "height": "1", "rest": "2"}), nulls=(("crossing", {"u": "1"}, "1"),)),
        "all sites": d.Induct("one site", kept),
        "from 0": d.Combine({"all sites": "1"}, {"start": "1", "none left": "-2"}),
    }
    formal = d.Formal(method, (("1", "T"),), horizon="L", stands={"Sigma": (("1", "A"),)})
    return d.Derivation(formal, d.Case((), steps))


@d.derivation(walks.CROSSING_SUM)
def crossing_sum() -> d.Derivation:
    """A is the sum of <u, c_a> over the sites still to come below i; top = c_i, so that <u, top> = 1."""
    by = ("birth_death_reflecting",)
    laws = {
        **rest("A", (("1", {"u": "1"}, {"c": "1"}),), by),
        "top": d.Law((("1", {"u": "1"}, {"top": "1"}), ("-1", "1")), by, equality=True, index="0"),
    }
    potential: d.Terms = (("1", {"u": "1"}, {"s": "1"}), ("2", "A"))
    steps: dict[str, d.Step] = {
        "one site": one({"rest": "2"}),
        "all sites": d.Induct("one site", potential),
        "crossing": d.Combine({"all sites": "1"}, {"none left": "-2", "top": "1"}),
    }
    method = replace(scaled_crossing(laws, {}, ("A", "A_mean")), fixed=("u", "top"))
    quantity: d.Terms = (("1", {"u": "1"}, {"s": "1", "top": "1"}),)
    return d.Derivation(d.Formal(method, quantity, stands={"Sigma_i": (("1", "A"),)}), d.Case((), steps))


@d.derivation(walks.CROSSING_TIME)
def crossing_time() -> d.Derivation:
    """m_0 = 1, so s_0 = 0."""
    climb = d.Law((("1", {"u": "1"}, {"c": "1"}), ("-W", "1")), ("birth_death_reflecting", "climb"))
    potential: d.Terms = (("1", {"u": "1"}, {"s": "1"}), ("-2*k*W", "1"))
    steps: dict[str, d.Step] = {
        "one site": one({"climb": "2"}),
        "all sites": d.Induct("one site", potential),
        "crossing": d.Combine({"all sites": "1"}, {"climb": "1"}),
    }
    method = scaled_crossing({"climb": climb}, {})
    return d.Derivation(d.Formal(method, CROSSING, horizon="i"), d.Case(over("W"), steps))


@d.derivation(walks.BARRIER_LOWER)
def barrier_lower() -> d.Derivation:
    """Sites count from the foot a of the climb, where m_0 >= 1; T is the time until b is reached."""
    by = ("birth_death_reflecting",)
    foot: d.Terms = (("1", {"u": "1"}, {"c": "1"}),)
    laws = {
        "height": d.Law(minus(foot), by),
        "below": d.Law((("-1", {"u": "1"}, {"s": "1"}),), by, index="0"),
        "time": d.Law((("-1", "T"),), by),
    }
    potential: d.Terms = (("-1", {"u": "1"}, {"s": "1"}),)
    steps: dict[str, d.Step] = {
        "one site": one({"height": "2"}),
        "all sites": d.Induct("one site", potential, start="1"),
        "crossing": d.Combine({"all sites": "1"}, {"below": "1", "height": "1", "time": "1"}),
    }
    method = scaled_crossing(laws, None, ("T",))
    formal = d.Formal(method, (("1", "T"), *CROSSING), stands={"W": foot}, by=("climb_attained",))
    return d.Derivation(formal, d.Case((), steps))


def walk(crossing: d.Law, *more: tuple[str, d.Law]) -> d.Method:
    """T_{k+1} = T_k + m_k from 0 with m_0 = 1, in expectation."""
    by = ("birth_death_reflecting",)
    return d.Method(
        {}, {}, (), {}, ("T", "m"), fixed=(), fixed_values=(),
        laws={
            "time": d.Law((("1", "T'"), ("-1", "T"), ("-1", "m")), by, equality=True),
            "start": d.Law((("1", "T"),), by, equality=True, index="0"),
            "first": d.Law((("1", "m"), ("-1", "1")), by, equality=True, index="0"),
            "crossing": crossing,
            **dict(more),
        },
    )  # fmt: skip


TIME: d.Terms = (("1", "T"),)


@d.derivation(walks.BARRIER_BOUND)
def barrier_bound() -> d.Derivation:
    """The odd numbers below 2L add to L^2."""
    crossing = d.Law((("1", "m"), ("-(2*k + 1)*W", "1")), ("barrier",))
    potential: d.Terms = (*TIME, ("-k^2*W", "1"))
    steps: dict[str, d.Step] = {
        "one edge": one({"time": "1", "crossing": "1"}),
        "all edges": d.Induct("one edge", potential),
        "from 0": d.Combine({"all edges": "1"}, {"start": "1"}),
    }
    return d.Derivation(d.Formal(walk(crossing), TIME, horizon="L"), d.Case(over("W"), steps))


@d.derivation(walks.LINEAR_POTENTIAL)
def linear_potential() -> d.Derivation:
    """m + (1 + rho)/(rho - 1) grows by rho; T - m/(rho - 1) + k (1 + rho)/(rho - 1) does not change."""
    by = ("birth_death_reflecting", "constant_ratio")
    crossing = d.Law((("1", "m'"), ("-rho", "m"), ("-1 - rho", "1")), by, equality=True)
    fixed = "(1 + rho)/(rho - 1)"
    growing: d.Terms = (("1", "m"), (fixed, "1"))
    kept: d.Terms = (*TIME, ("-1/(rho - 1)", "m"), (f"k*{fixed}", "1"))
    steps: dict[str, d.Step] = {
        "one crossing": one({"crossing": "1"}),
        "crossings": d.Induct("one crossing", growing, "rho", "P"),
        "one edge": one({"time": "1", "crossing": "-1/(rho - 1)"}),
        "edges": d.Induct("one edge", kept),
        "from 0": d.Combine({"edges": "1", "crossings": "1/(rho - 1)"}, {"start": "1", "first": "(P - 1)/(rho - 1)"}),
    }
    case = d.Case((Interval("rho", "1"),), steps, powers={"P": "rho"})
    return d.Derivation(d.Formal(walk(crossing), TIME, horizon="L"), case)


@d.derivation(walks.DOWNHILL)
def downhill() -> d.Derivation:
    by = ("birth_death_reflecting", "downhill")
    crossing = d.Law((("1", "m'"), ("-r", "m"), ("-1 - r", "1")), by)
    least = d.Law((("1", "1"), ("-1", "m")), ("birth_death_reflecting",))
    potential: d.Terms = (*TIME, ("1/(1 - r)", "m"), ("-k*(1 + r)/(1 - r)", "1"))
    steps: dict[str, d.Step] = {
        "one edge": one({"time": "1", "crossing": "1/(1 - r)"}),
        "edges": d.Induct("one edge", potential),
        "from 0": d.Combine({"edges": "1"}, {"start": "1", "first": "1/(1 - r)", "least": "1/(1 - r)"}),
    }
    method = walk(crossing, ("least", least))
    return d.Derivation(d.Formal(method, TIME, horizon="L"), d.Case((Interval("r", "0", "1"),), steps))


# --- ghost batches --------------------------------------------------------------------------------------------------------


@d.derivation(normalisation.GHOST_BN)
def ghost_bn() -> d.Derivation:
    """x is the deviation of an activation from the mean of its ghost batch, y that mean's deviation from the mean of all."""
    both: d.Vec = {"x": "1", "y": "1"}
    within = d.Law((("1", {"x": "1"}, {"y": "1"}),), ("equal_sizes", "tower"), equality=True)
    method = d.Method({}, {}, ("x", "y"), {}, fixed=(), fixed_values=(), laws={"within": within})
    total: d.Terms = (("1", both, both),)
    step = d.Combine({}, {"within": "-2"}, index="0")
    stands = {"total": total, "between": square("y")}
    return d.Derivation(
        d.Formal(method, square("x"), at="0", stands=stands, by=("expectation",)), d.Case((), {"step": step})
    )


@d.derivation(normalisation.GHOST_VARIANCE)
def ghost_variance() -> d.Derivation:
    """Activations less the common mean: s is their sum, q the sum of their squares; v_g = q/m - ||s||^2/m^2."""
    by = ("iid_activations",)
    squares = d.Law((("1", "q'"), ("-1", "q"), *minus(square("x"))), by, equality=True)
    none = d.Law((("1", "q"),), by, equality=True, index="0")
    plain = summed("sigma2", by)
    method = replace(plain, values=("q",), laws={**plain.laws, "squares": squares, "none": none})
    sums: d.Terms = (*square("s"), ("-k*sigma2", "1"))
    moments: d.Terms = (("1", "q"), ("-k*sigma2", "1"))
    steps: dict[str, d.Step] = {
        "sum": one({"one": "1", "past": "2"}),
        "sums": d.Induct("sum", sums),
        "square": one({"one": "1", "squares": "1"}),
        "squares": d.Induct("square", moments),
        "variance": d.Combine({"squares": "1/N", "sums": "-1/N^2"}, {"none": "1/N"}),
    }
    quantity: d.Terms = (("1/N", "q"), *square("s", "-1/N^2"))
    return d.Derivation(d.Formal(method, quantity, horizon="m", by=("expectation",)), d.Case(over("sigma2"), steps))


@d.derivation(normalisation.GHOST_NORMALISED)
def ghost_normalised() -> d.Derivation:
    """x is the deviation of an activation from the mean of its ghost batch; the inner product is that batch's mean."""
    own = d.Law((*square("x"), ("-v_g", "1")), ("own_statistics",), equality=True)
    method = d.Method({}, {}, ("x",), {}, fixed=(), fixed_values=(), laws={"own": own})
    moment = square("x", "1/(v_g + eps)")
    step = d.Combine({}, {"own": "1/(v_g + eps)"}, index="0")
    return d.Derivation(d.Formal(method, moment, at="0"), d.Case(over("v_g", "eps"), {"step": step}))


@d.derivation(normalisation.RUNNING_MEAN)
def running_mean() -> d.Derivation:
    """R_k is the discounted sum of the means still to come: of (1 - lam)^(k - g) mu_g over g > k."""
    laws = {
        "update": d.Law((("1", "run'"), ("-(1 - lam)", "run"), ("-lam", "new")), ("sequential",), equality=True),
        "discount": d.Law(
            (("1", "R'"), ("-(1 - lam)", "R"), ("1", "new")),
            (),
            True,
            says="the next mean leaves the sum, which is rescaled",
        ),
        "none left": rest("R", (), ())["none left"],
    }
    method = d.Method({}, {}, (), {}, ("run", "R", "R_mean", "new"), fixed=(), fixed_values=(), laws=laws)
    run, left = (("1", "run"),), (("1", "R"),)
    steps: dict[str, d.Step] = {
        "one more": one({"update": "1", "discount": "lam"}),
        "all": d.Induct("one more", (*run, ("lam", "R")), "1 - lam", "P"),
        "end": d.Combine({"all": "1"}, {"none left": "-lam"}),
    }
    formal = d.Formal(method, run, horizon="G", stands={"start": run, "discounted": left})
    return d.Derivation(formal, d.Case((Interval("lam", "0", "1"),), steps, powers={"P": "1 - lam"}))
