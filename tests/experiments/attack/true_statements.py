"""Random theorems that are true and attained, as their authors would write them: nothing may refute one.

Each family is a text with random numbers in it, which states a claim and how to measure it, and draws instances. ``offset`` makes
it false by a clear margin: the bound is moved by a part of what stands there (or by ``offset`` itself, where zero does).
"""

import linecache
import random
from collections.abc import Iterator
from typing import Any

from gradproof.experiments.attack.experiment import Experiment
from gradproof.theory import registry
from gradproof.theory.claim import Claim

HEAD = """
import math
import numpy as np
import scipy
from gradproof import own_claim
from gradproof.testing import sqrt
from sympy import Interval, S, oo
R, P = Interval(-oo, oo), Interval(0, oo)
def claim(bound, relation="==", **domains):
    parameters = {n: ("a number", d) for n, d in domains.items()}
    return own_claim("random.true", parameters=parameters, quantity="q", relation=relation, bound=bound)
"""

#: name -> (source, draw). In a source, {a} and {b} are random decimals, {k} a small integer, {rel} any relation that an equality
#: satisfies; X is how the bound is made false: "*(1 - 0.01)", or "- 0.01" where it is zero.
FAMILIES: dict[str, str] = {
    # --- float literals, thirds, cancellation to zero
    "literals": """
CLAIM = claim("{a}*x - {b}*x{Z}", "{rel}", x=R)
def measure(x): return ({a} - {b}) * x
def draw(rng): return dict(x=rng.uniform(-9, 9))
""",
    "complement": """
CLAIM = claim("0{Z}", "{rel}", x=R)
def measure(x): return abs((1 - (1 - {a})) - {a}) * (1 + abs(x))
def draw(rng): return dict(x=rng.uniform(-9, 9))
""",
    "shares": """
CLAIM = claim("0{Z}", "{rel}", n=S.Naturals)
def measure(n):
    p = 1 / n
    return abs(sum(p for _ in range(n)) - 1)
def draw(rng): return dict(n=rng.randint(1, 60))
""",
    "shares-in-numpy": """
CLAIM = claim("1{X}", "{rel}", n=S.Naturals)
def measure(n):
    p = np.ones(n) / n
    return p.sum() + {a} - {a}
def draw(rng): return dict(n=rng.randint(1, 60))
""",
    "telescope": """
CLAIM = claim("1 - 1/(n + 1){X}", "{rel}", n=S.Naturals)
def measure(n): return sum(1 / k - 1 / (k + 1) for k in range(1, n + 1))
def draw(rng): return dict(n=rng.randint(1, 40))
""",
    "square": """
CLAIM = claim("x**2 + 2*{a}*x*y + {a}**2*y**2{Y}", "{rel}", x=R, y=R)
def measure(x, y): return (x + {a} * y) ** 2
def draw(rng):
    x = rng.uniform(-9, 9)
    return dict(x=x, y=rng.choice([rng.uniform(-9, 9), -x / {a}, -x]))
""",
    "geometric": """
CLAIM = claim("(1 - q**n)/(1 - q){X}", "{rel}", q=Interval(0, 1), n=S.Naturals)
def measure(q, n):
    total, term = 0.0, 1.0
    for _ in range(n):
        total += term
        term *= q
    return total
def draw(rng): return dict(q=rng.choice([rng.random(), 0.1, 0.5, 1 / 3]), n=rng.randint(1, 30))
""",
    # --- parameters that the measure returns
    "returned": """
CLAIM = claim("{a}*T{X}", "{rel}", T=P)
def measure(x): return sum({a} * v * v for v in x), {"T": float(np.sum(np.asarray(x) ** 2))}
def draw(rng): return dict(x=np.array([rng.uniform(-3, 3) for _ in range({k})]))
""",
    "moving-bound": """
CLAIM = claim("{a}/s{X}", "{rel}", s=P)
def measure(x, y):
    s = (x + y) - x
    return {a} / y, {"s": s}
def draw(rng): return dict(x=rng.uniform(1e8, 1e9), y=rng.uniform(0.5, 1))
""",
    "moving-bound-in-floats": """
CLAIM = claim("{a}/s{X}", "{rel}", s=P)
def measure(x, y):
    s = float(scipy.linalg.norm([x + y - x]))
    return {a} / y, {"s": s}
def draw(rng): return dict(x=rng.uniform(1e8, 1e9), y=rng.uniform(0.5, 1))
""",
    # --- eigenvalues, systems, norms
    "path-graph": """
CLAIM = claim("2 - 2*cos(pi*(n - 1)/n){X}", "{rel}", n=S.Naturals)
def measure(n):
    A = np.zeros((n, n))
    for i in range(n - 1):
        A[i, i] += 1
        A[i + 1, i + 1] += 1
        A[i, i + 1] = A[i + 1, i] = -1
    return np.linalg.eigvalsh(A)[-1]
def draw(rng): return dict(n=rng.randint(2, 7))
""",
    "smallest-eigenvalue": """
CLAIM = claim("0{Z}", "{rel}", n=S.Naturals)
def measure(n):
    A = n * np.eye(n) - np.ones((n, n))
    return np.linalg.{eig}(A)[0]{real}
def draw(rng): return dict(n=rng.randint(2, 7))
""",
    "rank-one": """
CLAIM = claim("T{X}", "{rel}", T=P)
def measure(v): return np.linalg.norm(np.outer(v, v), 2), {"T": v @ v}
def draw(rng): return dict(v=np.array([rng.uniform(-3, 3) for _ in range({k})]))
""",
    "lapack": """
CLAIM = claim("T{X}", "{rel}", T=P)
def measure(v): return scipy.linalg.eigvalsh(np.outer(v, v))[-1], {"T": v @ v}
def draw(rng): return dict(v=np.array([rng.uniform(-3, 3) for _ in range({k})]))
""",
    "lapack-on-integers": """
CLAIM = claim("n{X}", "{rel}", n=S.Naturals)
def measure(n): return scipy.linalg.eigvalsh(np.ones((n, n)))[-1]
def draw(rng): return dict(n=rng.randint(2, 12))
""",
    "lapack-zero": """
CLAIM = claim("0{Z}", "{rel}", n=S.Naturals)
def measure(n):
    q, r = np.linalg.qr(np.array([[1 / (i + j + 1) for j in range(n)] for i in range(n)]))
    return float(np.abs(q @ q.T - np.eye(n)).max())
def draw(rng): return dict(n=rng.randint(2, 8))
""",
    "hilbert": """
CLAIM = claim("1{X}", "{rel}", n=S.Naturals)
def measure(n):
    H = np.array([[1 / (i + j + 1) for j in range(n)] for i in range(n)])
    return abs(scipy.linalg.solve(H, H @ np.ones(n))[n // 2])
def draw(rng): return dict(n=rng.randint(2, 6))
""",
    "parseval": """
CLAIM = claim("T{X}", "{rel}", T=P)
def measure(v): return float((abs(np.fft.fft(v)) ** 2).sum()) / len(v), {"T": float(v @ v)}
def draw(rng): return dict(v=np.array([rng.uniform(-3, 3) for _ in range(2 * {k})]))
""",
    "system": """
CLAIM = claim("T{X}", "{rel}", T=P)
def measure(v):
    A = np.eye(len(v)) * {a}
    A[0, -1] += 1
    return np.linalg.norm(A @ np.linalg.solve(A, v)), {"T": sqrt(v @ v)}
def draw(rng): return dict(v=np.array([rng.uniform(-3, 3) for _ in range({k} + 1)]))
""",
    # --- what strategies promise, up to rounding
    "unit-sphere": """
CLAIM = claim("0{Z}", "{rel}", c=P)
def measure(u, c): return c * abs(u @ u - 1)
def draw(rng):
    v = np.array([rng.uniform(-3, 3) for _ in range({k} + 1)])
    return dict(u=v / np.linalg.norm(v), c=rng.uniform(0.5, 9))
""",
    "stochastic-rows": """
CLAIM = claim("s{X}", "{rel}", s=P)
def measure(W, s): return (W @ (s * np.ones(len(W)))).max()
def draw(rng):
    W = np.array([[rng.random() for _ in range({k} + 1)] for _ in range({k} + 1)])
    return dict(W=W / W.sum(axis=1, keepdims=True), s=rng.uniform(0.5, 9))
""",
    "condition-number": """
CLAIM = claim("(1 - 1/kappa)*L{X}", "{rel}", L=P, kappa=P)
def measure(mu, L): return L - mu
def draw(rng):
    mu = rng.uniform(0.1, 1)
    L = mu * rng.uniform(1.01, 50)
    return dict(mu=mu, L=L, kappa=L / mu)
""",
    "zero-gap": """
CLAIM = claim("0{Z}", "{rel}", kappa=P)
def measure(mu, L, kappa): return abs(kappa * mu - L)
def draw(rng):
    mu = rng.uniform(0.1, 1)
    L = mu * rng.uniform(1.01, 50)
    return dict(mu=mu, L=L, kappa=L / mu)
""",
    # --- numbers of the file, branches, functions of math
    "constant-of-the-file": """
C = {a}
THIRD = 1 / 3
CLAIM = claim("{a}*x/3{X}", "{rel}", x=P)
def measure(x): return C * x * THIRD
def draw(rng): return dict(x=rng.uniform(0.1, 9))
""",
    "branch": """
CLAIM = claim("x{X}", "{rel}", x=P)
def measure(x): return x * (1 if 0.1 + 0.2 <= 0.3 and {a} in ({a}, 2) else 2)
def draw(rng): return dict(x=rng.uniform(0.1, 9))
""",
    "logarithm": """
CLAIM = claim("{a}*x{X}", "{rel}", x=P)
def measure(x): return math.log(math.exp({a} * x))
def draw(rng): return dict(x=rng.uniform(0.1, 9))
""",
    "root": """
CLAIM = claim("{a}*x{X}", "{rel}", x=P)
def measure(x): return math.sqrt(2 * x) * math.sqrt(x / 2) * {a}
def draw(rng): return dict(x=rng.uniform(0.1, 9))
""",
    "descent": """
CLAIM = claim("(1 - {a}*L/({a}*L + 1))**n*D{X}", "{rel}", L=P, n=S.Naturals, D=P)
def measure(x, L, n):
    start = x
    for _ in range(n):
        x = x - {a} / ({a} * L + 1) * (L * x)
    return abs(x), {"D": abs(start)}
def draw(rng): return dict(x=rng.uniform(0.1, 9), L=rng.uniform(0.1, 9), n=rng.randint(1, 40))
""",
}


def statements(
    rng: random.Random, count: int, each: int, off: float = 0.0
) -> Iterator[tuple[str, Claim, Experiment, Any]]:
    """``count`` statements (text included), each on ``each`` instances.

    Args:
        off: how far each is false: 0.01 makes the bound 1 % too good, or 0.01 where it is 0.
    """
    names = list(FAMILIES)
    for k in range(count):
        name = names[k % len(names)]
        relation = rng.choice(["==", "<=", ">="])
        sign = "+" if relation == ">=" else "-"
        eig, real = (
            rng.choice([("eigvalsh", ""), ("eigvals", ".real.min()")]) if name == "smallest-eigenvalue" else ("", "")
        )
        if eig == "eigvals":
            eig, real = "eigvalsh", ""
        text = FAMILIES[name]
        fill = {
            "a": f"{rng.choice([0.1, 0.2, 0.3, 0.7, round(rng.uniform(0.05, 3), rng.randint(1, 6))])}",
            "b": f"{round(rng.uniform(0.05, 3), 2)}", "k": f"{rng.randint(1, 4)}", "rel": relation, "eig": eig, "real": real,
            "X": f")*(1 {sign} {off}" if off else "", "Z": f" {sign} {off}" if off else "", "Y": f" {sign} {off}" if off else "",
        }  # fmt: skip
        for key, value in fill.items():
            text = text.replace("{" + key + "}", value)
        if off:
            text = text.replace('claim("', 'claim("(', 1) if "{X}" in FAMILIES[name] else text
            text = text.replace(f'(1 {sign} {off}"', f'(1 {sign} {off})"')
        file = f"<random statement {k} {off}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        space: dict[str, Any] = {"__name__": "random_statement"}
        with registry.capture() as found:
            exec(compile(HEAD, "<head>", "exec"), space)
            exec(compile(text, file, "exec"), space)
        registry.forget(*found.values() if isinstance(found, dict) else found)
        claim = space["CLAIM"]
        made = Experiment(claim, name, {}, space["measure"])
        for _ in range(each):
            yield f"{name}: {text}", claim, made, space["draw"](rng)
