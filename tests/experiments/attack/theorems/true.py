"""True theorems, many of them tight: none may be called refuted."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from make import ORDER, smooth_strongly_convex, state

S = ORDER
state("distance_gd", "true.gd-distance", "mu L gamma N R2", "Max((1-gamma*mu)**2, (1-gamma*L)**2)**N*R2",
      assumptions=S | {"step": "gamma <= 2/L"})  # fmt: skip
state("distance_gd", "true.gd-distance-short-step", "mu L gamma N R2", "(1-gamma*mu)**(2*N)*R2",
      assumptions=S | {"step": "gamma <= 2/(L+mu)"})  # fmt: skip
state("value_gd", "true.gd-value", "L gamma N R2", "R2/(gamma*(4*N+2))", assumptions={"step": "gamma <= 1/L"})
state("value_gd", "true.gd-value-long-step", "L gamma N R2", "L*R2/2*Max(1/(2*N*L*gamma+1), (1-L*gamma)**(2*N))",
      assumptions={"step": "gamma <= 2/L"})  # fmt: skip
state("value_gd_strong", "true.gd-value-strong", "mu L gamma N F0", "Max((1-gamma*mu)**2, (1-gamma*L)**2)**N*F0",
      assumptions=S | {"step": "gamma <= 2/L"})  # fmt: skip
state("gradient_gd_convex", "true.gd-gradient", "L gamma N R2", "sqrt(R2)*L*Max(1/(N*L*gamma+1), Abs(1-L*gamma)**N)",
      assumptions={"step": "gamma <= 2/L"})  # fmt: skip
state(
    "gradient_gd_nonconvex", "true.gd-nonconvex", "L gamma N F0", "2*F0/(gamma*N)", assumptions={"step": "gamma <= 1/L"}
)
state("descent", "true.descent-lemma", "L gamma F0", "0*F0", assumptions={"step": "gamma <= 1/L"})
state("accelerated", "true.nesterov", "L gamma N R2", "2*R2/(gamma*(N+1)**2)", assumptions={"step": "gamma <= 1/L"})
state("heavy", "true.heavy-ball-no-momentum", "mu L gamma beta N R2", "Max((1-gamma*mu)**2, (1-gamma*L)**2)**N*R2",
      assumptions=S | {"step": "gamma <= 2/L", "none": "beta <= 0"}, family=smooth_strongly_convex)  # fmt: skip
state("prox_value", "true.prox-value", "gamma N R2", "R2/(4*gamma*N)")
state("prox_distance", "true.prox-distance", "mu gamma N R2", "R2/(1+gamma*mu)**(2*N)")
state("composite", "true.composite", "mu L gamma N R2", "Max((1-gamma*mu)**2, (1-gamma*L)**2)**N*R2",
      assumptions=S | {"step": "gamma <= 2/L"})  # fmt: skip
state("subgradient_best", "true.subgradient", "G gamma N R2", "R2/(2*gamma*(N+1)) + gamma*G**2/2")
state("subgradient_mean", "true.subgradient-mean", "G gamma N R2", "R2/(2*gamma*(N+1)) + gamma*G**2/2")
state("compressed_gd", "true.compressed-gd", "mu L alpha gamma N F0", "(1-gamma*mu*alpha)**N*F0",
      assumptions=S | {"step": "gamma <= 1/L"})  # fmt: skip
state("ef21_single", "true.ef21-bounded", "L alpha gamma N R2", "16*R2",
      assumptions={"step": "gamma <= 1/(2*L)", "mild": "alpha >= 3/4"})  # fmt: skip
state(
    "sgd",
    "true.sgd",
    "mu L gamma N R2 D",
    "(1-gamma*mu)**N*R2 + 2*gamma*D/mu",
    assumptions=S | {"step": "gamma <= 1/(2*L)"},
)
state("sgd", "true.sgd-interpolation", "mu L gamma N R2 D", "(1-gamma*mu)**N*R2", assumptions=S | {"step": "gamma <= 1/L"},
      interpolation=True)  # fmt: skip
state("noisy_gd", "true.noisy-gd", "mu gamma sigma2 N R2", "(1-gamma*mu)**(2*N)*R2 + gamma*sigma2/mu",
      assumptions={"step": "gamma*mu <= 1"})  # fmt: skip
state("cocoercive", "true.cocoercive", "L D", "D/L", relation=">=")
state("sgd_two", "true.sgd-threshold", "h1 h2 eta N R2", "R2", assumptions={"step": "eta <= 2*(h1+h2)/(h1**2+h2**2)"})
