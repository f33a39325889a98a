"""False theorems: wrong constants, exponents, ranges of steps, missing assumptions. Each has a counterexample."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from make import ORDER, smooth_strongly_convex, state

S = ORDER
MAX = "Max((1-gamma*mu)**2, (1-gamma*L)**2)**N*R2"
state(
    "distance_gd",
    "false.exponent",
    "mu L gamma N R2",
    "(1-gamma*mu)**(2*N+1)*R2",
    assumptions=S | {"step": "gamma <= 1/L"},
)
state(
    "distance_gd",
    "false.step-range",
    "mu L gamma N R2",
    "(1-gamma*mu)**(2*N)*R2",
    assumptions=S | {"step": "gamma <= 1.1*2/(L+mu)"},
)
state("distance_gd", "false.step-2.01", "mu L gamma N R2", "R2", assumptions=S | {"step": "gamma <= 2.01/L"})
state(
    "distance_gd",
    "false.order-missing",
    "mu L gamma N R2",
    "(1-2*gamma*mu)**N*R2",
    assumptions=S | {"step": "gamma <= 1/(2*L)"},
)
state("distance_gd", "false.constant", "mu L gamma N R2", f"0.99*{MAX}", assumptions=S | {"step": "gamma <= 2/L"})
state(
    "value_gd", "false.gd-99-percent", "L gamma N R2", "0.99*R2/(gamma*(4*N+2))", assumptions={"step": "gamma <= 1/L"}
)
state("value_gd", "false.gd-index", "L gamma N R2", "R2/(gamma*(4*N+3))", assumptions={"step": "gamma <= 1/L"})
state("value_gd", "false.gd-power", "L gamma N R2", "R2/(2*gamma*N**1.5)", assumptions={"step": "gamma <= 1/L"})
state("value_gd", "false.gd-step", "L gamma N R2", "R2/(gamma*(4*N+2))", assumptions={"step": "gamma <= 1.7/L"})
state(
    "value_gd",
    "false.gd-accelerated-rate",
    "L gamma N R2",
    "2*R2/(gamma*(N+1)**2)",
    assumptions={"step": "gamma <= 1/L"},
)
state("value_gd_strong", "false.gd-value-kappa", "mu L gamma N F0", "(1-gamma*L)**2*(1-gamma*mu)**(2*N-2)*F0",
      assumptions=S | {"step": "gamma <= 1/L"})  # fmt: skip
state(
    "gradient_gd_convex",
    "false.gd-gradient",
    "L gamma N R2",
    "0.98*sqrt(R2)*L/(N*L*gamma+1)",
    assumptions={"step": "gamma <= 1/L"},
)
state(
    "gradient_gd_nonconvex",
    "false.gd-nonconvex-step",
    "L gamma N F0",
    "2*F0/(gamma*N)",
    assumptions={"step": "gamma <= 1.9/L"},
)
state(
    "gradient_gd_nonconvex",
    "false.gd-nonconvex-constant",
    "L gamma N F0",
    "F0/(2*gamma*N)",
    assumptions={"step": "gamma <= 1/L"},
)
state("descent", "false.descent-lemma", "L gamma F0", "0*F0", assumptions={"step": "gamma <= 1.05/L"})
state(
    "accelerated",
    "false.nesterov-constant",
    "L gamma N R2",
    "R2/(4*gamma*(N+1)**2)",
    assumptions={"step": "gamma <= 1/L"},
)
state(
    "accelerated",
    "false.nesterov-exponent",
    "L gamma N R2",
    "2*R2/(gamma*(N+1)**2.5)",
    assumptions={"step": "gamma <= 1/L"},
)
state("heavy", "false.heavy-ball-stable", "mu L gamma beta N R2", "4*R2",
      assumptions=S | {"step": "gamma <= 2.2*(1+beta)/L"})  # fmt: skip
state("heavy", "false.heavy-ball-rate", "mu L gamma beta N R2", "(1-gamma*mu)**N*R2", assumptions=S | {"step": "gamma <= 1/L"},
      family=smooth_strongly_convex)  # fmt: skip
state("polyak_tuned", "false.polyak-nonquadratic", "mu L N R2", "(2*N+1)**2*((sqrt(L)-sqrt(mu))/(sqrt(L)+sqrt(mu)))**(2*N)*R2",
      assumptions=S)  # fmt: skip
state("prox_value", "false.prox-constant", "gamma N R2", "0.97*R2/(4*gamma*N)")
state("prox_distance", "false.prox-exponent", "mu gamma N R2", "R2/(1+gamma*mu)**(2*N+1)")
state(
    "composite",
    "false.composite-step",
    "mu L gamma N R2",
    "(1-gamma*mu)**(2*N)*R2",
    assumptions=S | {"step": "gamma <= 2/L"},
)
state("subgradient_best", "false.subgradient", "G gamma N R2", "R2/(4*gamma*(N+1)) + gamma*G**2/2")
state("subgradient_best", "false.subgradient-no-floor", "G gamma N R2", "R2/(2*gamma*(N+1)) + gamma*G**2/4")
state(
    "compressed_gd",
    "false.compression-ignored",
    "mu L alpha gamma N F0",
    "(1-gamma*mu)**N*F0",
    assumptions=S | {"step": "gamma <= 1/L"},
)
state(
    "compressed_gd", "false.compressed-step", "mu L alpha gamma N F0", "F0", assumptions=S | {"step": "gamma <= 1.5/L"}
)
state("ef21_single", "false.ef21-sharp-105", "L alpha gamma N R2", "16*R2",
      assumptions={"step": "gamma <= 1.05*2*alpha/(L*(2-alpha+2*sqrt(1-alpha)))", "open": "alpha <= 0.99"})  # fmt: skip
state(
    "sgd", "false.sgd-no-noise", "mu L gamma N R2 D", "(1-gamma*mu)**N*R2", assumptions=S | {"step": "gamma <= 1/(2*L)"}
)
state("sgd", "false.sgd-noise-constant", "mu L gamma N R2 D", "(1-gamma*mu)**(2*N)*R2 + gamma*D/(4*mu)",
      assumptions=S | {"step": "gamma <= 1/(2*L)"})  # fmt: skip
state("noisy_gd", "false.noisy-gd", "mu gamma sigma2 N R2", "(1-gamma*mu)**(2*N)*R2 + gamma*sigma2/(4*mu)",
      assumptions={"step": "gamma*mu <= 1"})  # fmt: skip
state("cocoercive", "false.cocoercive", "L D", "1.02*D/L", relation=">=")
state(
    "sgd_two",
    "false.sgd-threshold-1001",
    "h1 h2 eta N R2",
    "R2",
    assumptions={"step": "eta <= 1.001*2*(h1+h2)/(h1**2+h2**2)"},
)
