"""Derivations of the claims on one step of linearised SGD: its second moment, its loss, and traces of Hessians."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.landscape import sgd_stability

P = Interval("p", "0", "1", True)


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


def _second_moment(says: str) -> d.Derivation:
    """delta+ = delta - eta g with g the mean of H_i delta over the batch, h = H delta its expectation."""
    laws = {
        "unbiased": d.Law(
            (_inner("1", "g", "x"), _inner("-1", "h", "x")), ("iid_uniform_batches", "sampling-variance"), True
        ),
        "spread": d.Law(
            (_inner("1", "g", "g"), _inner("-(1 - p)", "h", "h"), ("-p", "xi")),
            ("iid_uniform_batches", "sampling-variance"),
            equality=True,
            says=says,
        ),
    }
    method = d.Method({}, {}, (), {}, fixed=("x", "g", "h"), fixed_values=("xi",), laws=laws)
    after: d.Vec = {"x": "1", "g": "-eta"}
    stands: dict[str, d.Terms] = {
        "x0": (_inner("1", "x", "x"),),
        "x1": (_inner("1", "x", "h"),),
        "x2": (_inner("1", "h", "h"),),
        "xi2": (("1", "xi"),),
    }
    steps = {"end": d.Combine({}, {"unbiased": "-2*eta", "spread": "eta^2"})}
    by = ("expectation", "tower", "interpolating", "linearised")
    formal = d.Formal(method, (("1", after, after),), at="0", stands=stands, by=by)
    low, high = (d.Case((Interval("eta"), p), steps) for p in (P, Interval("p", "0", "1", closed_high=True)))
    return d.Derivation(formal, d.Split("p - 1/2", low, high))


@d.derivation(sgd_stability.SECOND_MOMENT_OPERATOR)
def second_moment() -> d.Derivation:
    return _second_moment("$p$ is that of the sampling")


@d.derivation(sgd_stability.MIXTURE)
def mixture() -> d.Derivation:
    return _second_moment("with probability $p$ one uniform sample, else the whole gradient")


@d.derivation(sgd_stability.LOSS_FROBENIUS)
def loss_frobenius() -> d.Derivation:
    """H^{1/2} delta+ = a - eta b, b the noise; c = H^{1/2} delta. The mean part of the next loss is dropped."""
    laws = {
        "centred": d.Law((_inner("1", "a", "b"),), ("iid_uniform_batches", "sampling-variance"), True),
        "noise": d.Law(
            (_inner("1", "b", "b"), ("-p", "SH")),
            ("iid_uniform_batches", "rank_one_hessians", "sampling-variance"),
            equality=True,
            says=r"$\mathrm{Tr}(SH)$ of one sample, times $p$",
        ),
        "aligned": d.Law((("-1", "SH"), _inner("mu0*h2", "c", "c")), ("alignment",)),
    }
    loss: d.Terms = (_inner("1/2", "c", "c"),)
    method = d.Method({}, {}, (), {}, fixed=("a", "b", "c"), fixed_values=("SH",), laws=laws, reads={"loss": loss})
    after: d.Vec = {"a": "1", "b": "-eta"}
    end = d.Inequality(
        (("-1/2", after, after), ("eta^2*h2*loss*mu0*p", "1")),
        laws={"centred": "eta", "noise": "-eta^2/2", "aligned": "eta^2*p/2", "loss": "-eta^2*p*mu0*h2"},
        squares=(("1/2", {"a": "1"}),),
        index="0",
    )
    domain = (Interval("eta"), Interval("mu0"), Interval("h2"), Interval("loss", "0", "", True))
    tree = d.Split(
        "p - 1/2",
        d.Case((*domain, P), {"end": end}),
        d.Case((*domain, Interval("p", "0", "1", closed_high=True)), {"end": end}),
    )
    by = ("expectation", "tower", "interpolating", "linearised")
    return d.Derivation(d.Formal(method, (("1/2", after, after),), at="0", by=by), tree)


@d.derivation(sgd_stability.RELU_PATHNORM)
def relu_pathnorm() -> d.Derivation:
    """The trace is the mean squared gradient; by symmetry an activation is on with probability 1/2, given x up to sign."""
    half = ("symmetric_inputs",)
    laws = {
        "trace": d.Law(
            (("1", "TrH"), ("-1", "outer"), ("-1", "inner")),
            ("interpolating",),
            equality=True,
            says=r"$\mathrm{Tr}H = \mathbb E\|\nabla f\|^2$, over output and input weights",
        ),
        "outer": d.Law(
            (("1", "outer"), ("-1/2*wSw", "1")), half, True, says=r"$\mathbb E(w^\top x)_+^2 = \frac12 w^\top Sw$"
        ),
        "inner": d.Law(
            (("1", "inner"), ("-1/2*a2*trS", "1")),
            half,
            equality=True,
            says=r"$\mathbb E1_{w^\top x>0}\|x\|^2 = \frac12\mathrm{Tr}S$",
        ),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("TrH", "outer", "inner"), laws=laws)
    steps = {"end": d.Combine({}, dict.fromkeys(laws, "1"))}
    case = d.Case((Interval("wSw", "0", "", True), Interval("a2", "0", "", True), Interval("trS")), steps)
    return d.Derivation(d.Formal(method, (("1", "TrH"),), at="0", by=("expectation",)), case)


@d.derivation(sgd_stability.DIAGONAL_L1)
def diagonal_l1() -> d.Derivation:
    """a and b are the vectors of absolute values."""
    laws = {
        "trace": d.Law(
            (_inner("1", "a", "a"), _inner("1", "b", "b"), ("-tr", "1")),
            ("isotropic_inputs", "interpolating"),
            equality=True,
            says=r"$\mathrm{Tr}H = \sum_j(a_j^2 + b_j^2)\mathbb Ex_j^2$",
        )
    }
    method = d.Method({}, {}, (), {}, fixed=("a", "b"), fixed_values=(), laws=laws)
    end = d.Inequality(
        (_inner("2", "a", "b"), ("-tr", "1")), laws={"trace": "1"}, squares=(("1", {"a": "1", "b": "-1"}),), index="0"
    )
    formal = d.Formal(method, (_inner("2", "a", "b"),), at="0")
    return d.Derivation(formal, d.Case((Interval("tr"),), {"end": end}))


# --- thresholds: what rho(T) <= 1 says of a test matrix ----------------------------------------------------------------

#: T is self-adjoint, so that rho(T) <= 1 makes <X, T(X)> <= <X, X> for every X
STABLE = ("mean_square", "iid_uniform_batches", "interpolating", "linearised", "spectral-theorem", "positive-map")


def _number(name: str, *by: str) -> d.Number:
    return d.Number(Interval(name), by)


@d.derivation(sgd_stability.TRACE)
def trace() -> d.Derivation:
    """X = the projection on range(H): 2 Tr H >= eta((1-p)||H||_F^2 + p mean ||H_i||_F^2), and ||H_i||_F = Tr H_i for rank one.

    p is a value between 0 and 1.
    """
    laws = {
        "tested": d.Law(
            (("eta*(hi2 - h2)", "p"), ("eta*h2 - 2*tr", "1")),
            ("stable", *STABLE),
            says=r"$\langle X, T(X)\rangle \le \langle X, X\rangle$ for the projection on the range of $H$",
        ),
        "spread": d.Law(
            (("tr^2 - hi2", "p"),),
            ("rank_one_hessians", "jensen"),
            says=r"$p \ge 0$, and $\|H_i\|_F = \mathrm{Tr}H_i$ for rank one",
        ),
    }
    numbers = tuple(map(_number, ("tr", "h2", "hi2")))
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("p",), laws=laws, numbers=numbers)
    value: d.Terms = (("tr - h2/tr", "p"), ("h2/tr", "1"))
    end = d.Inequality((*value, ("-2/eta", "1")), laws={"tested": "1/(eta*tr)", "spread": "1/tr"}, index="0")
    case = d.Case((Interval("eta"), *(n.interval for n in numbers)), {"end": end})
    return d.Derivation(d.Formal(method, value, at="0"), case)


@d.derivation(sgd_stability.NECESSARY)
def necessary() -> d.Derivation:
    """At eta* itself, with the projection on range(H) and with the v v' that R_1 is attained at."""
    laws = {
        "trace": d.Law(
            (("h2*(1 - p) + hi2*p", "threshold"), ("-2*tr", "1")), STABLE, says="tested with the projection"
        ),
        "rank one": d.Law((("R1", "threshold"), ("-2", "1")), STABLE, says=r"tested with $vv^\top$"),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("threshold",), laws=laws)
    total = "(h2*(1 - p) + hi2*p)"

    def case(p: Interval, law: str, share: str, bound: str, first: Interval) -> d.Case:
        end = d.Inequality((("1", "threshold"), (f"-({bound})", "1")), laws={law: share}, index="0")
        return d.Case((p, *map(Interval, ("tr", "h2", "hi2")), first), {"end": end})

    def both(p: Interval) -> d.Split:
        small = Interval("R1", "0", f"{total}/tr", closed_high=True)
        return d.Split(
            f"R1*tr - {total}",
            case(p, "trace", f"1/{total}", f"2*tr/{total}", small),
            case(p, "rank one", "1/R1", "2/R1", Interval("R1", f"{total}/tr")),
        )

    tree = d.Split("p - 1/2", both(P), both(Interval("p", "0", "1", closed_high=True)))
    return d.Derivation(d.Formal(method, (("1", "threshold"),), at="0"), tree)


@d.derivation(sgd_stability.SUFFICIENT)
def sufficient() -> d.Derivation:
    """T is a positive map, so that T(I) <= I suffices; and H_i^2 <= h_max H_i, H^2 <= h_max H."""
    laws = {
        "identity": d.Law((("2 - lam_I*threshold", "1"),), STABLE, says=r"$T(I) \preceq I$ for $\eta \le 2/\lambda_I$"),
        "largest": d.Law((("lam_I - h_max", "1"),), ("psd_hessians",), says=r"$\overline{H_i^2} \preceq h_{\max}H$"),
    }
    threshold = _number("threshold")
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=(), laws=laws, numbers=(threshold,))

    def case(bound: str, laws: dict[str, str], *domain: Interval) -> d.Case:
        end = d.Inequality(((f"{bound} - threshold", "1"),), laws=laws, index="0")
        return d.Case((*domain, threshold.interval), {"end": end})

    tree = d.Split(
        "lam_I - h_max",
        case("2/lam_I", {"identity": "1/lam_I"}, Interval("lam_I"), Interval("h_max", "lam_I", "", True)),
        case(
            "2/h_max",
            {"identity": "1/h_max", "largest": "threshold/h_max"},
            Interval("h_max"),
            Interval("lam_I", "h_max"),
        ),
    )
    return d.Derivation(d.Formal(method, (("threshold", "1"),), at="0"), tree)


@d.derivation(sgd_stability.BATCH_MONOTONE)
def batch_monotone() -> d.Derivation:
    """X is the top eigenmatrix at B, positive semidefinite: c = <X, C X>, D = <X, D X> at B, D1 at B - 1."""
    laws = {
        "top": d.Law((("2*c - threshold*D", "1"),), STABLE, True, says=r"$2CX = \eta^*DX$"),
        "smaller": d.Law((("eta_smaller*D1 - 2*c", "1"),), STABLE, says=r"$\eta D \preceq 2C$ at $B - 1$"),
        "order": d.Law(
            (("D - D1", "1"),),
            ("psd_hessians", "iid_uniform_batches"),
            says=r"$\overline{H_iXH_i} - HXH = \overline{(H_i-H)X(H_i-H)} \succeq 0$, and $p$ falls with $B$",
        ),
    }
    numbers = tuple(map(_number, ("threshold", "c", "D", "D1")))
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=(), laws=laws, numbers=numbers)
    end = d.Inequality(
        (("eta_smaller - threshold", "1"),), laws={"top": "1/D", "smaller": "1/D", "order": "eta_smaller/D"}, index="0"
    )
    case = d.Case((Interval("eta_smaller"), *(n.interval for n in numbers)), {"end": end})
    return d.Derivation(d.Formal(method, (("threshold", "1"),), at="0"), case)


@d.derivation(sgd_stability.DIFFERENCE_L1)
def difference_l1() -> d.Derivation:
    """a_j = |u_j| + |v_j| and b_j = ||u_j| - |v_j||, so that |u_j^2 - v_j^2| = a_j b_j and a_j^2 + b_j^2 = 2(u_j^2 + v_j^2)."""
    laws = {
        "trace": d.Law(
            (_inner("2", "a", "a"), _inner("2", "b", "b"), ("-tr", "1")),
            ("isotropic_inputs",),
            equality=True,
            says=r"$\mathrm{Tr}H = 4\sum_j(u_j^2 + v_j^2)\mathbb Ex_j^2$",
        )
    }
    method = d.Method({}, {}, (), {}, fixed=("a", "b"), fixed_values=(), laws=laws)
    end = d.Inequality(
        (_inner("4", "a", "b"), ("-tr", "1")),
        laws={"trace": "1"},
        squares=(("2", {"a": "1", "b": "-1"}),),
        index="0",
    )
    formal = d.Formal(method, (_inner("4", "a", "b"),), at="0")
    return d.Derivation(formal, d.Case((Interval("tr"),), {"end": end}))


# --- what SGD settles at ----------------------------------------------------------------------------------------------


def _settled(weight: str, parameter: str) -> d.Derivation:
    """R = 2C - eta D is positive definite below the threshold; X and eta p Y, Y = R^+ G, have the same image eta p G."""
    by = ("regular", "iid_uniform_batches", "linearised", "sampling-variance")
    x: d.Vec = {"X": "1", "Y": "-eta*p"}
    method = d.Method(
        {"R": d.Class("operator", {"mu": ("kappa", "below_threshold")})},
        {},
        (),
        {
            "X": d.Call("R", {"X": "1"}, {"G": "eta*p"}, by=(*by, "geometric-decay")),
            "Y": d.Call("R", {"Y": "eta*p"}, {"G": "eta*p"}, by=("below_threshold", "psd_hessians")),
        },
        fixed=("X", "Y", "G", "I"),
        fixed_values=(),
        numbers=(_number("kappa", "below_threshold", "spectral-theorem", "positive-map"),),
    )
    steps: dict[str, d.Step] = {
        "same": d.Inequality((("1", x, x),), (d.Use("monotone", "R", ("X", "Y"), "1/kappa"),), index="0"),
        "equal": d.Vanish(x, "same"),
        "end": d.Combine({}, nulls=(("equal", {"I": "1"}, weight),)),
    }
    formal = d.Formal(
        method,
        (_inner(weight, "X", "I"),),
        at="0",
        stands={parameter: (_inner("1", "Y", "I"),)},
        by=("expectation", "tower", "geometric-decay"),
    )
    lam = (Interval("lam"), Interval("eta", "0", "2/lam"))
    low, high = (d.Case((*lam, p, Interval("kappa")), steps) for p in (P, Interval("p", "0", "1", closed_high=True)))
    return d.Derivation(formal, d.Split("p - 1/2", low, high))


@d.derivation(sgd_stability.STATIONARY_COVARIANCE)
def stationary_covariance() -> d.Derivation:
    """In the inner product of matrices, with the identity."""
    return _settled("1", "y")


@d.derivation(sgd_stability.STATIONARY_LOSS)
def stationary_loss() -> d.Derivation:
    """The same, with H in the place of the identity, halved."""
    return _settled("1/2", "y_H")
