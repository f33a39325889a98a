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
    """The trace is the mean squared gradient; by symmetry an activation is on with probability 1/2, given ||x|| and w'x up to sign."""
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
        (_inner("2", "a", "b"), ("-tr", "1")), laws={"trace": "1"}, squares=(("1", {"a": "1", "b": "-1"}),)
    )
    formal = d.Formal(method, (_inner("2", "a", "b"),), at="0")
    return d.Derivation(formal, d.Case((Interval("tr"),), {"end": end}))
