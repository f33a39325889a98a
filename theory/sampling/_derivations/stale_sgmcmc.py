"""Derivations of the claims on sums over a stationary or decaying chain with stale gradients; a is h lambda."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.sampling import stale_sgmcmc

SIZES = (Interval("lam"), Interval("h"))


def _long_run(weight: str, by: tuple[str, ...], domain: tuple[Interval, ...]) -> d.Derivation:
    """The recursion summed over L steps and divided by sqrt(L): a X = Z - R, Z of the noise, R of the ends; then L to infinity."""
    by = ("gaussian_target", "stable", *by)
    laws = {
        "noise": d.Law(
            (("1", {"Z": "1"}, {"Z": "1"}), ("-2*h", "1")), ("gaussian_target",), True, says="independent $N(0, 2h)$ at each step"
        ),
        "ends": d.Law((("1", {"R": "1"}, {"R": "1"}),), (*by, "geometric-decay"), True, says=r"$(x_L - x_0)/\sqrt L \to 0$"),
        "ends-noise": d.Law(
            (("1", {"R": "1"}, {"Z": "1"}),), (*by, "geometric-decay"), True, says="by Cauchy-Schwarz with the last"
        ),
    }  # fmt: skip
    method = d.Method({}, {}, (), {}, fixed=("Z", "R"), fixed_values=(), laws=laws)
    average: d.Vec = {"Z": "1/(h*lam)", "R": "-1/(h*lam)"}
    share = f"({weight})/(h*lam)^2"
    steps = {"end": d.Combine({}, {"noise": share, "ends": share, "ends-noise": f"-2*{share}"})}
    formal = d.Formal(method, ((weight, average, average),), at="0", by=("expectation", *by))
    return d.Derivation(formal, d.Case(domain, steps))


@d.derivation(stale_sgmcmc.INDEPENDENT)
def independent() -> d.Derivation:
    return _long_run("1", ("linear_test_function",), SIZES)
