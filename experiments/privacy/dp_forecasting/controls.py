"""Controls: each claim with one assumption dropped, or another mechanism in the place of its own."""

from __future__ import annotations

from fractions import Fraction as F

import flint

from gradproof.experiments.engine.measure import Enclosed, cases, instead, without
from gradproof.experiments.privacy.dp_forecasting import instances, measures, measures_risk, measures_runs
from gradproof.solvers.exact.balls import ball, ends
from gradproof.solvers.privacy_loss import gaussian_delta
from gradproof.solvers.privacy_loss.gaussian import normal_cdf
from gradproof.theory.privacy import dp_forecasting as paper


def laplace_noise(eps, s):
    """Laplace noise of the same variance: 1 - e^((eps - 1/b)/2) with b = s/sqrt 2."""
    with flint.ctx.workprec(128):
        value = 1 - ((ball(eps) - flint.arb(2).sqrt() / ball(s)) / 2).exp()
        return Enclosed(*ends(value), "rounding")


without(
    paper.EXACT, "gaussian_noise", laplace_noise, cases(eps=[F(0), F(1, 2)], s=[F(1)]).guaranteeing("l2_sensitivity")
)

without(
    paper.CLASSICAL, "eps<=1", measures.least_noise,
    cases(eps=[F(10), F(20)], delta=[F(1, 10**5)]).guaranteeing("gaussian_noise", "l2_sensitivity"),
)  # fmt: skip


def one_noise_for_all(s, T):
    """The same noise at each release: all but the first tell nothing new."""
    return 1 / s**2


without(
    paper.COMPOSITION, "fresh_noise", one_noise_for_all,
    cases(s=[F(1)], T=[2, 6]).guaranteeing("gaussian_noise", "l2_sensitivity"),
)  # fmt: skip


def clipped_at_the_count(count, eps, s):
    """Noisy counts cut off above at the true count: a larger value gives it away."""
    with flint.ctx.workprec(128):
        seen = normal_cdf(ball(1 / s))  # the noisy value of the larger count exceeds the smaller one
        return Enclosed(*ends(seen), "rounding"), {"delta0": measures.tight_end(gaussian_delta(eps, s))}


without(paper.POST, "data_free", clipped_at_the_count, measures.COUNTS)


def renyi_without_sampling(a, z):
    """Every record in every batch: a/(2 z^2)."""
    return a / (2 * z**2)


GAUSSIAN = "gaussian_noise"
without(
    paper.RDP, "poisson_sampling", renyi_without_sampling,
    cases(a=[2, 8], q=[F(1, 100)], z=[F(11, 10)]).guaranteeing(GAUSSIAN),
)  # fmt: skip


def moment_without_sampling(w, T):
    """Every record in every batch: w^T."""
    return w**T


without(
    paper.CHI_SQUARE, "poisson_sampling", moment_without_sampling,
    cases(q=[F(1, 100)], w=[F(5, 2)], T=[1, 3]).guaranteeing(GAUSSIAN, "fresh_noise"),
)  # fmt: skip
for _claim, _measure in (
    (paper.REMOVE, measures.difference_after_removal),
    (paper.ADD, measures.difference_after_addition),
):
    without(
        _claim, "poisson_sampling", _measure,
        cases(q=[F(1, 3)], D=[F(1, 100)], z=[F(11, 10)]).let(share=lambda: F(1)),
    )  # fmt: skip
without(
    paper.ADD, "small_eps", measures.difference_after_addition,
    cases(q=[F(1, 3)], D=[F(2)], z=[F(11, 10)]).let(share=lambda q: q).guaranteeing("poisson_sampling"),
)  # fmt: skip

HIGHLIGHTED = cases(run={"GP_3": paper.PUBLISHED[2]})
without(paper.FLOOR, "orders_listed", measures.accounted, HIGHLIGHTED.let(orders=lambda: range(2, 4000)))


def capped_conversion(rho, ell):
    """Orders up to 64 only."""
    return measures.least_conversion(rho, ell, 1 + F(1, 2**20), F(64))


without(paper.OPTIMAL_ORDER, "all_orders", capped_conversion, cases(rho=[F(1, 1000)], ell=[F(16)]))

# batches in a fixed order, as the released code has them
without(paper.CAP, "poisson_sampling", measures.in_a_fixed_order, HIGHLIGHTED.guaranteeing(GAUSSIAN))
instead(
    paper.GP_PUBLISHED, "batches drawn by Poisson sampling", measures.under_poisson_sampling,
    measures.RUNS.guaranteeing(GAUSSIAN),
)  # fmt: skip
without(
    paper.IP_PUBLISHED, "small_eps", measures.of_the_classical_noise,
    cases(eps_p=[F(1)]).guaranteeing(GAUSSIAN, "l2_sensitivity"),
)  # fmt: skip

without(
    paper.MICROBATCH,
    "clipped",
    measures.change_of_a_microbatch,
    cases(C=[F(1)], spike=[F(60)]).let(clipping=lambda: measures.whole),
)
without(
    paper.WINDOWS,
    "clipped",
    measures.sum_over_windows,
    cases(C=[F(1)], p=[6], turn=[F(0)]).let(clipping=lambda: measures.whole),
)

# --- forecasters ------------------------------------------------------------------------------------------------------------

NOISY = cases(series={"AR": measures_risk.SMOOTH}, p=[3], s2=[F(1, 4)])
for _claim, _measure, _p in (
    (paper.IP_RISK, measures_risk.risk_of_the_best_weights, 3),
    (paper.ONE_LAG, measures_risk.risk_with_one_lag, 1),
):
    _one = cases(series={"AR": measures_risk.SMOOTH}, p=[_p], s2=[F(1, 4)]).let(
        shared=lambda: False, learned=lambda: F(0)
    )
    without(_claim, "least_squares", _measure, _one.guaranteeing("independent_noise"))
without(
    paper.IP_RISK, "independent_noise", measures_risk.risk_of_the_best_weights,
    NOISY.let(shared=lambda: True, learned=lambda s2: s2).guaranteeing("least_squares"),
)  # fmt: skip
without(
    paper.IP_PRICE, "least_squares_noisy", measures_risk.price_of_noisy_inputs,
    NOISY.let(shared=lambda: False, trained=lambda: False).guaranteeing("independent_noise"),
)  # fmt: skip
without(
    paper.IP_MONOTONE, "least_squares_noisy", measures_risk.risk_under_more_noise,
    NOISY.let(t2=lambda s2: s2 + F(1, 1000), trained=lambda: False).guaranteeing("independent_noise"),
)  # fmt: skip
without(
    paper.TARGET_NOISE, "independent_noise", measures_risk.error_against_a_noisy_target,
    cases(w=[F(1, 2)], size=[F(1, 2)]).let(shared=lambda: True),
)  # fmt: skip

without(
    paper.GP_MODE, "clipping_inactive", measures_risk.settled_mode,
    cases(eta=[F(1, 10)], lam=[F(1)], nu=[F(1)]).let(reused=lambda: True),
)  # fmt: skip
without(
    paper.GP_MODE, "stable", measures_risk.settled_mode,
    cases(eta=[F(5, 2)], lam=[F(1)], nu=[F(1)]).let(reused=lambda: False).guaranteeing("clipping_inactive"),
)  # fmt: skip
without(
    paper.GP_RISK, "clipping_inactive", measures_risk.trace_of_the_covariance,
    measures_risk.GRADIENTS.let(reused=lambda: True).guaranteeing("stable_all"),
)  # fmt: skip

# a person in all six regions at all training times: the noise of one count times sqrt(6 * 3120)
without(
    paper.UTILITY, "coarse", measures_runs.ridge_ratio,
    cases(table={"synthetic": instances.synthetic}, sigma=[160.0 * 18720**0.5], seeds=[14]).guaranteeing("independent_noise"),
)  # fmt: skip
