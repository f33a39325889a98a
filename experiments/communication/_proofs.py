"""Kernel proofs that arguments for several methods of this family share."""

from gradproof.theory.axioms import Form, Member, Point, combine, square
from gradproof.theory.field import Functions, Interval
from gradproof.theory.proof import Proof, Statement, Use


def nonnegative(*names: str) -> tuple[Interval, ...]:
    """The domain x >= 0 for each name."""
    return tuple(Interval(x, closed_low=True) for x in names)


def positive(*names: str) -> tuple[Interval, ...]:
    """The domain x > 0 for each name."""
    return tuple(Interval(x) for x in names)


def young() -> Proof:
    """||u + v||^2 <= (1 + t)||u||^2 + (1 + 1/t)||v||^2 for all t > 0."""
    domain = (Interval("t", "0"),)
    t = Functions(domain)["t"]
    target = square({"u": t / t, "v": t / t}).add(square({"u": t / t}), -1 - t).add(square({"v": t / t}), -1 - 1 / t)
    return Proof(Statement(("u", "v"), (), (), target, (), domain, "Young's inequality"), ())


def descent() -> Proof:
    """f(x - gamma k) <= f - gamma/2 (||g||^2 + (1 - gamma L)||k||^2 - ||g - k||^2) for every vector k, all gamma, L > 0."""
    domain = (Interval("L", "0"), Interval("gamma", "0"))
    field = Functions(domain)
    L, gamma, one = field["L"], field["gamma"], field.one
    target = Form({}, {"f1": one, "f0": -one}).add(square({"g": one}), gamma / 2)
    target.add(square({"k": one}), gamma * (1 - gamma * L) / 2)
    return _one_step(target, domain, {"mu": -L, "L": L}, ())


def descent_under_pl() -> Proof:
    """f(x - gamma k) - f* <= (1 - gamma mu)(f - f*) + gamma/2 ||k - g||^2 for every k, all mu <= L and gamma <= 1/L."""
    domain = (
        Interval("L", "0"), Interval("mu", "0", "L", closed_high=True), Interval("gamma", "0", "1/L", closed_high=True)
    )  # fmt: skip
    field = Functions(domain)
    L, mu, gamma, one = field["L"], field["mu"], field["gamma"], field.one
    target = Form({}, {"f1": one, "f0": gamma * mu - one, "f*": -gamma * mu})
    constants = {"mu": -L, "L": L, "PL": mu, "lower": "f*"}
    return _one_step(target, domain, constants, (Use("pl", "f", ("0",), gamma / 2),))


def _one_step(target: Form, domain: tuple[Interval, ...], constants: dict, uses: tuple[Use, ...]) -> Proof:
    """One step along any vector k: the target, less gamma/2 ||g - k||^2, from the descent lemma."""
    field = Functions(domain)
    gamma, one = field["gamma"], field.one
    after = Point("1", combine((one, {"x": one}), (-gamma, {"k": one})), {"h": one}, {"f1": one})
    member = Member("f", "function", constants, (Point("0", {"x": one}, {"g": one}, {"f0": one}), after))
    target.add(square(combine((one, {"g": one}), (-one, {"k": one}))), -gamma / 2)
    values = ("f0", "f1", "f*") if "lower" in constants else ("f0", "f1")
    text = "one step along any vector"
    statement = Statement(("x", "g", "h", "k"), values, (member,), target, (), domain, text)
    return Proof(statement, (Use("descent", "f", ("0", "1"), one), *uses))
