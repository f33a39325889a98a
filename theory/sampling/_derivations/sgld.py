"""Two chains with the same noise approach each other, in one step and for every law of the noise."""

from gradproof.theory import derivation as d
from gradproof.theory.field import Interval
from gradproof.theory.sampling import sgld

APART: d.Vec = {"x": "1", "y": "-1"}


@d.derivation(sgld.CONTRACTION)
def contraction() -> d.Derivation:
    """x+ = x - gamma g + z, y+ = y - gamma h + z; g, h are gradients of the minibatch, u, v those of U.

    In the mean over the minibatch <g - h, x - y> = <u - v, x - y>.
    """
    method = d.Method(
        {
            "U": d.Class("function", {"mu": ("mu", "strongly_convex")}),
            "S": d.Class("function", {"mu": ("0", "convex_minibatches"), "L": ("L_h", "convex_minibatches")}),
        },
        {"x": {"x": "1", "g": "-gamma", "z": "1"}, "y": {"y": "1", "h": "-gamma", "z": "1"}},
        ("g", "h", "u", "v", "z"),
        {
            "Ux": d.Call("U", {"x": "1"}, {"u": "1"}, "Ux"),
            "Uy": d.Call("U", {"y": "1"}, {"v": "1"}, "Uy"),
            "Sx": d.Call("S", {"x": "1"}, {"g": "1"}, "Sx"),
            "Sy": d.Call("S", {"y": "1"}, {"h": "1"}, "Sy"),
        },
        ("Ux", "Uy", "Sx", "Sy"),
        fixed=(),
        fixed_values=(),
        laws={
            "unbiased": d.Law(
                (("1", {"g": "1", "h": "-1", "u": "-1", "v": "1"}, APART),),
                ("uniform_indices", "expectation"),
                equality=True,
            )
        },
    )
    close: d.Terms = (("1", APART, APART),)
    left = "2*gamma*(1 - L_h*gamma/2)"
    after: d.Vec = {"x'": "1", "y'": "-1"}
    uses = (
        *(d.Use("interpolation", "S", pair, "gamma^2*L_h") for pair in (("Sx", "Sy"), ("Sy", "Sx"))),
        *(d.Use("interpolation", "U", pair, left) for pair in (("Ux", "Uy"), ("Uy", "Ux"))),
    )
    step = d.Inequality(
        (("1", after, after), (f"-(1 - mu*{left})", APART, APART)), uses, laws={"unbiased": f"-{left}"}, index="0"
    )
    case = d.Case((Interval("L_h"), Interval("mu"), Interval("gamma", "0", "2/L_h")), {"step": step})
    return d.Derivation(d.Formal(method, close, close, at="1", by=("expectation",)), case)
