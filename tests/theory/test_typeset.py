"""Plain mathematics becomes LaTeX between dollars; prose, code, names and what is there already stay as they are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof.mathml import mathml
from gradproof.theory import registry
from gradproof.theory.typeset import typeset


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("in the time pi_k t", r"in the time $\pi_{k}\,t$"),
        ("in terms of L, L_AM and alpha", r"in terms of $L$, $L_{\mathrm{AM}}$ and $\alpha$"),
        ("||x_N - x*||^2 <= 4", r"$\|x_{N}-x^{*}\|^{2}\le 4$"),
        ("evaluated at eta = eta*:", r"evaluated at $\eta=\eta^{*}$:"),
        ("size R / (M sqrt(N+1))", r"size $R/(M\,\sqrt{N+1})$"),
        ("alpha/sqrt t", r"$\alpha/\sqrt{t}$"),
        ("E||C(x) - x||^2 <= (1 - alpha) ||x||^2", r"$\mathbb{E}\|C(x)-x\|^{2}\le (1-\alpha)\,\|x\|^{2}$"),
        ("f(x_0) - inf f", r"$f(x_{0})-\inf f$"),
        ("the dimension is floor((n-1)/2).", r"the dimension is $\lfloor (n-1)/2\rfloor$."),
        ("beta_{1,t} = beta1 lam^(t-1)", r"$\beta_{1,\,t}=\beta_{1}\,\lambda^{t-1}$"),
        ("V+ <= V - (gamma/2)|grad f|^2", r"$V^{+}\le V-(\gamma/2)|\nabla f|^{2}$"),
        ("max over u of |<y, relu(X u)>|", r"max over $u$ of $|\langle y,\,\operatorname{relu}(X\,u)\rangle |$"),
        ("u''(theta*)", r"$u''(\theta^{*})$"),
        ("f convex and L-smooth", r"$f$ convex and $L$-smooth"),
        ("1/eta = sum_j (l_j/B)", r"$1/\eta=\sum_{j} (l_{j}/B)$"),
        ("W in R^(10 x 64)", r"$W$ in $R^{10\times 64}$"),
        ("d^2 x d^2 operators on d x d matrices", r"$d^{2}\times d^{2}$ operators on $d\times d$ matrices"),
        ("from 1e-60 to 2^-42", r"from $10^{-60}$ to $2^{-42}$"),
        ("B = c diag(+-1)", r"$B=c\,\operatorname{diag}(\pm 1)$"),
        ("value 0.5 (beta = 1)", r"value 0.5 $(\beta=1)$"),
        ("With b > 2a the best", r"With $b>2a$ the best"),
        ("a bound <= words", "a bound ≤ words"),
    ],
)
def test_mathematics(text, shown):
    assert typeset(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "A step of a method is a map; no others would help. So it is.",
        "$x_k$ and $$y^2$$ stay, and so does `x_k <= 3` and ``eta* = 1``",
        "see docs/derivations/sgd_stability.md and diffgrad.regret-master, arXiv:1706.06083",
        "breast_cancer, wc_gradient_descent, Top-1, SGD-type, an e-value, D-PSGD, i.e. EF21's, worker i's, e.g. Young's",
        "the claim’s and the worker's own, L. Wu, C. Ma, W. E, NeurIPS 2018",
        "B. Polyak (1964), Theorem 3 of 2 papers, 1/2 or 50% of it, (1, 2) and (3, -1)",
        "<script>alert('x')</script> <b>bold</b> & \"quoted\"",
        "a Möbius map by Hölder, either (i) or (ii)",
        "costs $5 or $6 for x",  # a dollar that is no formula's: nothing is paired with it
        r"\alpha without dollars",
        "((((x_ ||| x^{ _ ^ ' * |", "",
    ],
)  # fmt: skip
def test_prose_is_left_alone(text):
    assert typeset(text).replace("$x$", "x") == text


@given(st.text("abxLN_^{}()|<>=+-*/.,:' 012$`\\πgamet", max_size=60))
def test_any_text_survives(text):
    """Nothing raises, nothing is typeset twice, and every formula that is made can be read."""
    once = typeset(text)
    assert typeset(once) == once or "$" in text or "`" in text
    if "$" not in text:
        for formula in re.findall(r"\$([^$]+)\$", once):
            assert formula == formula.strip()
            assert not mathml(formula).startswith("<code>"), formula


def test_brackets_beyond_any_formula():
    assert typeset("(" * 20_000) == "(" * 20_000
    assert typeset("x " * 20_000) == "x " * 20_000


def test_the_claims_titles_have_no_plain_mathematics_left():
    signs = re.compile(r"[_^*|]|<=|>=|\b(?:sqrt|alpha|beta|gamma|eta|pi|mu|tau)\b")
    for claim in registry.claims():
        for text in (claim.title, *(p.meaning for p in claim.parameters)):
            rest = re.sub(r"\$[^$]+\$", "", typeset(text))
            assert not signs.search(rest), f"{claim.id}: {rest}"
