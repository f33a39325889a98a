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
        numbers=(d.Number(Interval("kappa"), ("below_threshold", "spectral-theorem", "positive-map")),),
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
