"""Derivations of the claims on the max-margin matrix and on products of factors."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.networks import attention_svm


def _inner(c: str, u: str, v: str) -> d.Term:
    return (c, {u: "1"}, {v: "1"})


@d.derivation(attention_svm.SVM_KKT)
def svm_kkt() -> d.Derivation:
    """``weighted`` is the sum of lambda_it <a_it, W>, a_it the token differences times the queries."""
    by = ("optimal", "svm_feasible", "kkt")
    laws = {
        "stationary": d.Law(
            (_inner("1", "W", "W"), ("-1", "weighted")), by, True, says=r"$W = \sum\lambda_{it}a_{it}$"
        ),
        "slack": d.Law(
            (("1", "weighted"), ("-1", "multipliers")),
            by,
            True,
            says=r"$\lambda_{it}(\langle a_{it}, W\rangle - 1) = 0$",
        ),
    }
    method = d.Method({}, {}, (), {}, fixed=("W",), fixed_values=("weighted", "multipliers"), laws=laws)
    formal = d.Formal(method, (_inner("1", "W", "W"),), at="0", stands={"total": (("1", "multipliers"),)})
    return d.Derivation(formal, d.Case((), {"end": d.Combine({}, {"stationary": "1", "slack": "1"})}))


@d.derivation(attention_svm.SVM_RANK)
def svm_rank() -> d.Derivation:
    """r is the rank of the sum of a_i z_i' over the first k inputs, in the form of W that the multipliers give."""
    laws = {
        "update": d.Law((("1", "r'"), ("-1", "r"), ("-1", "1")), ("rank-one-update",)),
        "none": d.Law((("1", "r"),), (), True, "0", says="the empty sum is zero"),
    }
    method = d.Method({}, {}, (), {}, ("r",), fixed=(), fixed_values=(), laws=laws)
    rank: d.Terms = (("1", "r"),)
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"update": "1"}, index="k"),
        "sum": d.Sum("step", rank, rest=(("-1", "1"),), total=(("-k", "1"),)),
        "end": d.Combine({"sum": "1"}, {"none": "1"}),
    }
    formal = d.Formal(method, rank, horizon="n", by=("optimal", "svm_feasible", "kkt"))
    return d.Derivation(formal, d.Case((), steps))


@d.derivation(attention_svm.NUCLEAR_IDENTITY)
def nuclear_identity() -> d.Derivation:
    """Y = P Q with the P at which the nuclear norm of W = K Q' is attained."""
    laws = {
        "attained": d.Law(
            (_inner("1", "K", "Y"), ("-nuc", "1")),
            ("enough_columns", "nuclear-dual"),
            equality=True,
            says=r"$\|KQ^\top\|_* = \langle KQ^\top, P\rangle = \langle K, PQ\rangle$",
        ),
        "contracts": d.Law((_inner("1", "Y", "Y"), _inner("-1", "Q", "Q")), ("nuclear-dual",)),
    }
    method = d.Method({}, {}, (), {}, fixed=("K", "Q", "Y"), fixed_values=(), laws=laws)
    end = d.Inequality(
        (_inner("-1/2", "K", "K"), _inner("-1/2", "Q", "Q"), ("nuc", "1")),
        laws={"attained": "-1", "contracts": "1/2"},
        squares=(("1/2", {"K": "1", "Y": "-1"}),),
        index="0",
    )
    formal = d.Formal(method, (_inner("1/2", "K", "K"), _inner("1/2", "Q", "Q")), at="0")
    return d.Derivation(formal, d.Case((Interval("nuc", "0", "", True),), {"end": end}))
