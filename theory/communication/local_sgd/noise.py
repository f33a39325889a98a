"""Derivations with noise whose variance is at most sigma2 + c ||grad F||^2 at each worker's own point."""

from gradproof.theory import derivation as d
from gradproof.theory.communication.local_sgd import claims
from gradproof.theory.communication.local_sgd.workers import (
    APART,
    GAP,
    MU,
    RELATIVE,
    SIGMA2,
    UPPER,
    WORKERS,
    both_cases,
    contraction,
    descent,
    local_method,
    square,
    stands_for,
)  # fmt: skip
from gradproof.theory.field import Interval


@d.derivation(claims.RELATIVE_RECURSION)
def relative_recursion() -> d.Derivation:
    """What the relative part adds, eta^2 L c/(2 n) ||h + c + u||^2, is in the slack of the descent for short steps."""
    target: d.Terms = (
        ("1", "f'"), ("-1", "f*"), ("-(1 - eta*mu)", "f"), ("1 - eta*mu", "f*"), square("-eta*L^2/2", {"d": "1"}),
        ("-eta^2*L*sigma2/(2*n)", "1"),
    )  # fmt: skip
    short = Interval("eta", "0", "1/(L*(1 + c/n))", closed_high=True)
    case = d.Case(
        (MU, UPPER, SIGMA2, RELATIVE, WORKERS, short), {"step": descent("eta", target, index="0", relative=True)}
    )
    method = local_method("eta", spread=False, relative=True)
    return d.Derivation(d.Formal(method, GAP, at="1", stands=stands_for(a_t=GAP, V_t=APART), by=("expectation",)), case)


@d.derivation(claims.RELATIVE_CONSENSUS)
def relative_consensus() -> d.Derivation:
    """||grad F||^2 over all workers is at most 2 L (F(x) - F*) in their space, and F there at most f + L/2 ||d||^2."""
    part = "eta^2*(n - 1)/n"
    target: d.Terms = (
        square("1", {"d'": "1"}), square(f"-(1 - eta*mu)^2 - {part}*c*L^2", {"d": "1"}), (f"-{part}*sigma2", "1"),
        (f"-{part}*2*c*L", "f"), (f"{part}*2*c*L", "f*"),
    )  # fmt: skip
    turn = f"{part}*2*c*L"
    above = d.Use("descent", "above", ("above mean", "above all"), turn)

    def case(equal: bool) -> d.Case:
        uses, laws = contraction("eta", "1", equal)
        noise = f"{part}*c"
        if equal:
            gradient: tuple[d.Use, ...] = (
                d.Use("interpolation", "below", ("below all", "*"), turn),
                d.Use("lipschitz", "smooth", ("smooth all", "smooth *"), noise),
            )
        else:
            gradient = (d.Use("interpolation", "both", ("both all", "both *"), turn),)
        step = d.Inequality(target, (*uses, above, *gradient), laws={**laws, "hd": turn}, index="0")
        if equal:
            short = Interval("eta", "0", "1/mu", closed_high=True)
            return d.Case((MU, SIGMA2, RELATIVE, WORKERS, short), {"step": step}, {"L": "mu"})
        short = Interval("eta", "0", "2/(L + mu)", closed_high=True)
        return d.Case((MU, Interval("L", "mu"), SIGMA2, RELATIVE, WORKERS, short), {"step": step})

    method = local_method("eta", spread=False, relative=True)
    formal = d.Formal(method, APART, at="1", stands=stands_for(a_t=GAP, V_t=APART), by=("expectation",))
    return d.Derivation(formal, both_cases(case))
