"""Evidence on programmable inference: every claim is held and controlled, the card's reference values, false variants refuted."""

import math

import pytest
import sympy as sp

from gradproof.experiments.sampling.programmable_vi import measures_bounds as bounds
from gradproof.experiments.sampling.programmable_vi import models
from gradproof.experiments.sampling.programmable_vi.measures import PAIRS
from gradproof.solvers.dual_estimators import Exact, inputs, mean, variance
from gradproof.solvers.importance_bounds import chi_square, hierarchical, iwelbo
from gradproof.theory import registry
from gradproof.theory.sampling import programmable_vi as paper

CLAIMS = registry.claims(paper.PAPER.key)
VARIANCES = (0, 1.468965456, 0.274953212, 1.800964604, 4.622064364, 2.323439013, 0.351811794, 3.105873841, 0.80724849)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_held_and_controlled(claim, confront):
    confront(claim)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_false_variants_are_refuted(claim, refuted):
    """Constants of one and of five percent, and one of the wrong power."""
    e = claim.expression
    tight = sp.Rational(1, 100) if claim.tight or claim is paper.HIERARCHICAL else sp.Rational(1, 4)
    wrong = [e - k * sp.Abs(e) for k in (tight, 5 * tight)] + [e - tight * sp.Abs(e) * (1 + e**2)]
    assert all(refuted(claim, bound) for bound in wrong)


def test_the_two_site_model():
    for pair, known in zip(PAIRS, VARIANCES, strict=True):
        law = models.two_sites(*pair)(Exact(), inputs(models.START))
        assert mean(law).value == pytest.approx(-1.5622627152, abs=1e-10)
        assert mean(law).slope == pytest.approx((0.1388202088, 0.3680543407, 0.2936765598), abs=1e-10)
        assert sum(variance(law)) == pytest.approx(known, abs=1e-9)
    model = bounds.TWO_SITES["two sites"]
    assert math.log(sum(model[0])) == pytest.approx(-1.1792801917, abs=1e-10)
    for K, known in ((2, -1.391689208), (5, -1.260870387), (10, -1.217819488)):
        assert iwelbo(*model, K)[0] == pytest.approx(known, abs=1e-9)
    assert chi_square(*model) / 2 == pytest.approx(0.359527308, abs=1e-9)


def test_the_hierarchical_model_and_one_site():
    for K, known in ((0, -0.769879037), (1, -0.694003048), (5, -0.646483823)):
        assert hierarchical(*bounds.CARD, K)[0] == pytest.approx(known, abs=1e-9)
    assert bounds.marginal_elbo(bounds.CARD) == pytest.approx(-0.626090736, abs=1e-9)
    site = models.OneSite()
    assert (site.c1 - site.c0, site.best) == pytest.approx((0.656779536, -0.891598119), abs=1e-9)
    assert (site.smoothness(), site.largest_variance()) == pytest.approx((0.2588248, 0.2295148), abs=1e-5)
    for path, t in ((False, -0.3), (True, 1.2)):  # with the path, 1 is a baseline
        law = models.one_site("reinforce", path=path)(Exact(), inputs([t]))
        p = 1 / (1 + math.exp(-t))
        f1, f0 = site.c1 - math.log(p), site.c0 - math.log(1 - p)
        assert mean(law).slope[0] == pytest.approx(site.slope(t), abs=1e-14)
        assert variance(law)[0] == pytest.approx(p * (1 - p) * ((1 - p) * f1 + p * f0 - path) ** 2, abs=1e-13)
