"""Derivations of the claims that compare a step of diffGrad with Adam's from the same state."""

from gradproof.theory import derivation as d
from gradproof.theory.adaptive import diffgrad
from gradproof.theory.field import Interval

ADAM = Interval("adam", "0", "", True)
XI = d.Number(Interval("xi", "1/2", "1", True), ("friction", "logistic"))


def _compared(target: d.Terms, weight: str, left: str) -> d.Derivation:
    """The length of the step is xi times that of Adam's."""
    law = d.Law(
        (("1", "step"), ("-xi*adam", "1")), ("same_state",), True, says=r"diffGrad takes $\xi$ times Adam's step"
    )
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("step",), laws={"scaled": law}, numbers=(XI,))
    end = d.Inequality(target, laws={"scaled": weight}, signs=((left, {}),), index="0")
    return d.Derivation(d.Formal(method, (("1", "step"),), at="0"), d.Case((ADAM, XI.interval), {"end": end}))


@d.derivation(diffgrad.FRICTION_RANGE)
def friction_range() -> d.Derivation:
    return _compared((("-1", "step"), ("adam/2", "1")), "-1", "(xi - 1/2)*adam")


@d.derivation(diffgrad.SHORTER_THAN_ADAM)
def shorter_than_adam() -> d.Derivation:
    return _compared((("1", "step"), ("-adam", "1")), "1", "(1 - xi)*adam")


@d.derivation(diffgrad.ALIASING_BUG)
def aliasing_bug() -> d.Derivation:
    """The difference of the gradients is read as zero, so that xi = 1/2."""
    laws = {
        "scaled": d.Law(
            (("1", "step"), ("-adam", "xi")), ("same_state",), True, says=r"diffGrad takes $\xi$ times Adam's step"
        ),
        "half": d.Law((("1", "xi"), ("-1/2", "1")), ("by_reference", "logistic"), True),
    }
    method = d.Method({}, {}, (), {}, fixed=(), fixed_values=("step", "xi"), laws=laws)
    steps = {"end": d.Combine({}, {"scaled": "1", "half": "adam"})}
    return d.Derivation(d.Formal(method, (("1", "step"),), at="0"), d.Case((ADAM,), steps))


@d.derivation(diffgrad.REGRET_MASTER)
def regret_master() -> d.Derivation:
    """V = a + 2R - Q - D^2 P does not grow; a is ||x_t - u||^2/eta_{t-1}, and R, P, Q are sums over the steps so far.

    X = (x_t - u)/sqrt(eta_t) and G = sqrt(eta_t) g_t, so that <X, G> bounds the step's regret and ||G||^2 is eta_t g_t^2.
    """
    x, g, after = {"X": "1"}, {"G": "1"}, {"X": "1", "G": "-1"}
    laws = {
        "projected": d.Law(
            (("1", "a'"), ("-1", after, after)), ("projected", "no_momentum", "projection-nonexpansive")
        ),
        "spread": d.Law(
            (("1", x, x), ("-1", "a"), ("-D^2", "p")),
            ("projected",),
            says=r"$\|x_t - u\|^2(1/\eta_t - 1/\eta_{t-1}) \le D^2(1/\eta_t - 1/\eta_{t-1})_+$",
        ),
        "convex": d.Law((("1", "R'"), ("-1", "R"), ("-1", x, g)), ("convex_losses",)),
        "P": d.Law((("1", "sum_p'"), ("-1", "sum_p"), ("-1", "p")), (), True, says="a sum over the steps so far"),
        "Q": d.Law((("1", "sum_q'"), ("-1", "sum_q"), ("-1", g, g)), (), True, says="a sum over the steps so far"),
        "all P": d.Law((("1", "sum_p"), ("-P", "1")), (), says="its terms are not negative, and $P$ has all"),
        "all Q": d.Law((("1", "sum_q"), ("-Q", "1")), (), says="its terms are not negative, and $Q$ has all"),
        "distance": d.Law((("-1", "a"),), (), says="a square over a step size"),
        "start": d.Law(
            (("1", "a"), ("2", "R"), ("-1", "sum_q"), ("-D^2", "sum_p")),
            (),
            True,
            "0",
            says="empty sums; $1/\\eta_0 = 0$",
        ),
    }
    method = d.Method({}, {}, ("X", "G"), {}, ("a", "p", "R", "sum_p", "sum_q"), fixed=(), fixed_values=(), laws=laws)
    potential: d.Terms = (("1", "a"), ("2", "R"), ("-1", "sum_q"), ("-D^2", "sum_p"))
    steps: dict[str, d.Step] = {
        "step": d.Combine({}, {"projected": "1", "spread": "1", "convex": "2", "P": "-D^2", "Q": "-1"}, index="k"),
        "fall": d.Induct("step", potential),
        "end": d.Combine({"fall": "1/2"}, {"start": "1/2", "all P": "D^2/2", "all Q": "1/2", "distance": "1/2"}),
    }
    domain = (Interval("D"), Interval("P"), Interval("Q", "0", "", True))
    return d.Derivation(d.Formal(method, (("1", "R"),)), d.Case(domain, steps))
