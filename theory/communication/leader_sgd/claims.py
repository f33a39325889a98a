"""The claims. Derivations: docs/derivations/leader_sgd.md; where the printed statements differ: docs/errata.md.

``x`` is a worker, ``z`` its leader, ``x+ = x - eta g - eta lam (x - z)``; ``c = eta lam`` is the share of the leader in a step.
"""

from typing import Any

import sympy as sp

from gradproof.theory.assumption import Assumption
from gradproof.theory.claim import Claim
from gradproof.theory.communication.leader_sgd.formulas import between, limit_fraction
from gradproof.theory.evidence import Relation
from gradproof.theory.paper import Paper
from gradproof.theory.parameter import COUNT, NONNEGATIVE, REAL, Parameter
from gradproof.theory.registry import register

PAPER = Paper(
    key="leader-sgd", authors=("Teng", "Gao", "Chalus", "Choromanska", "Goldfarb", "Weller"),
    title="Leader Stochastic Gradient Descent for Distributed Training of Deep Learning Models",
    year=2019, family="communication", arxiv="1905.10395", venue="NeurIPS",
)  # fmt: skip

# --- parameters ------------------------------------------------------------------------------------------------------

eta = Parameter("eta", "step size", latex=r"\eta")
lam = Parameter("lam", "strength of the pull", NONNEGATIVE, r"\lambda")
M = Parameter("M", r"Lipschitz constant of $\nabla f$")
m = Parameter("m", "strong convexity constant")
nu = Parameter("nu", "relative part of the noise", NONNEGATIVE, r"\nu")
sigma2 = Parameter("sigma2", "absolute part of the noise", NONNEGATIVE, r"\sigma^2")
N = Parameter("N", "number of steps", COUNT)
a = Parameter("a", "offset of the decreasing steps")
p = Parameter("p", "number of workers", sp.Range(2, sp.oo))
sigma_f = Parameter("sigma_f", "bound on the standard deviation of the estimates of $f$", latex=r"\sigma_f")
gap = Parameter("gap", "$f(x_0)-f_*$", NONNEGATIVE, r"\Delta_0")
gap_x = Parameter("gap_x", "$f(x)-f_*$", NONNEGATIVE, "(f(x)-f_*)")
gap_z = Parameter("gap_z", "$f(z)-f_*$", NONNEGATIVE, "(f(z)-f_*)")
lead = Parameter("lead", "$f(x)-f(z)$", REAL, "(f(x)-f(z))")
D = Parameter("D", r"$\|x-z\|^2$", NONNEGATIVE, r"\|x-z\|^2")
h = Parameter("h", "distance of the plane from the centre of the ball, in radii", sp.Interval(0, 1))
d = Parameter("d", "dimension", COUNT)
reach = Parameter(
    "reach", r"$2\langle g,n\rangle(\langle w,n\rangle\|g\|^2-\langle g,n\rangle\langle g,w\rangle)$", REAL
)
spread = Parameter("spread", r"$\langle g,n\rangle^2\|w\|^2-\langle w,n\rangle^2\|g\|^2$")
tan = Parameter("tan", r"$\tan\theta(d_G,d_N)$", NONNEGATIVE, r"\tan\theta")
width = Parameter(
    "width", r"$\max_{z\in E}|z_\perp|/(\|x\|+|z_\parallel|)$, parts along and across $d_N$, $x_*=0$", latex="w"
)

elastic = Parameter("elastic", r"$\min_if(x^i_{50})$ of EAGD", NONNEGATIVE, r"\min_if(x^i_{50})_{EAGD}")

_eta, _lam, _M, _m, _nu = (q.symbol for q in (eta, lam, M, m, nu))
_s2, _N, _a, _sf = sigma2.symbol, N.symbol, a.symbol, sigma_f.symbol

# --- assumptions -----------------------------------------------------------------------------------------------------

SMOOTH = Assumption("smooth", r"$\nabla f$ is $M$-Lipschitz")
CONVEX = Assumption("convex", "$f$ is convex and has a minimiser")
STRONG = Assumption("strongly_convex", r"$f-\frac m2\|\cdot\|^2$ is convex")
CONDITIONED = Assumption("conditioned", "$m\\le M$", sp.Le(_m, _M))
ILL = Assumption("conditioned", "$m<M$", sp.Lt(_m, _M))
UNBIASED = Assumption("unbiased", r"$\mathbb E[g\mid x,z]=\nabla f(x)$")
NOISE = Assumption("noise", r"$\mathbb E\|g-\nabla f(x)\|^2\le\sigma^2+\nu\|\nabla f(x)\|^2$")
LEADER = Assumption("leader", "$f(z)\\le f(x)$")
LEADERS = Assumption("leader", "$f(z_k)\\le f(x_k)$ at every step")
STEP = Assumption("step", r"$\eta\le1/(2M(\nu+1))$", sp.Le(_eta, 1 / (2 * _M * (_nu + 1))))
PULL = Assumption("pull", r"$\eta\lambda\le m/(2M)$", sp.Le(_lam, _m / (2 * _M * _eta)))
OFFSET = Assumption("step", r"$a\ge4M(\nu+1)/m$", sp.Ge(_a, 4 * _M * (_nu + 1) / _m))
PULL_0 = Assumption(
    "pull", r"$\lambda\le m^2a/(4M)$, so that $\eta_0\lambda\le m/(2M)$", sp.Le(_lam, _m**2 * _a / (4 * _M))
)
LOWEST = Assumption("lowest_estimate", "the leader is one of the $p$ workers, one whose estimate of $f$ is lowest")
ESTIMATES = Assumption(
    "estimates", r"worker $i$ estimates $f(x^i)$ up to an error of mean 0 and variance at most $\sigma_f^2$"
)
MIXING = Assumption("mixing", r"$\eta\lambda\le1$", sp.Le(_eta * _lam, 1))
INSIDE = Assumption("mixing", r"$\eta(m+\lambda)<1$", sp.Lt(_lam, 1 / _eta - _m))
WEAK = Assumption("weak_pull", r"$M\eta(1-cr)\le(1-c)^2(1+r)$ with $c=\eta\lambda$, $r=1-m\eta$",
                  sp.Le(_M * _eta * (1 - _eta * _lam * (1 - _m * _eta)), (1 - _eta * _lam) ** 2 * (2 - _m * _eta)))  # fmt: skip
PLAIN = Assumption("step", r"$\eta/(1-\eta\lambda)\le2/(M+m)$", sp.Le(_eta, 2 / (_M + _m + 2 * _lam)))
FIXED = Assumption("fixed_point", r"$\nabla f(z)=0$ at the leader, $\nabla f(x)+\lambda(x-z)=0$ at the worker")
QUADRATIC = Assumption("quadratic", r"$f=\frac12(x-x_*)^\top A(x-x_*)$, $A\succ0$")
NOT_PARALLEL = Assumption("not_parallel", r"$\nabla f(x)$ is not parallel to $d_N=x_*-x$")
LARGE = Assumption("large_angle", r"$\tan\theta(d_G,d_N)\ge\max_{z\in E}|z_\perp|/(\|x\|+|z_\parallel|)$",
                   sp.Ge(tan.symbol, width.symbol))  # fmt: skip
DESCENT = Assumption("descent", r"$\langle g,n\rangle>0$, as for every convex $f$")
DOUBLE_WELL = Assumption("double_well", "$f(x)=(x^2-1)^2/4$ on the line")
FREE = Assumption("free_centre", r"the centre $\tilde x$ is a variable of its own")
STRICT = Assumption(
    "stationary", r"the full gradient of $F(x^1,\dots,x^p)=\sum_if(x^i)+\frac\lambda2\|x^i-\tilde x\|^2$ is zero"
)
BEST = Assumption("unique_best", "worker 1 is the only best one, so that $\\tilde x=x^1$ nearby")
_SHAPE = (SMOOTH, STRONG, CONDITIONED)
_NOISY = (*_SHAPE, UNBIASED, NOISE)

ROTATIONS = Assumption(
    "rotations",
    r"$f(X)=f(XQ)$ for all orthogonal $Q$, as for $\frac14\|XX^\top-M\|_F^2$: a mean of minimisers need be none",
)
SAME_RUN = Assumption("same_run", "both methods have the same starts, steps and shares of the pull")


def _claim(name: str, title: str, statement: str, **fields: Any) -> Claim:
    return register(Claim(id=f"{PAPER.key}.{name}", paper=PAPER, title=title, statement=statement, **fields))[0]


# --- one step and many, with noise -----------------------------------------------------------------------------------

_floor = _eta * _M * _s2 / (2 * _m)
_rho = 1 - _m * _eta
_choice = sp.sqrt(p.symbol - 1) * _sf

ONE_STEP = _claim(
    "one-step", "One step, in expectation: the leader's advantage is gained",
    r"For any $z$, better or not: $\mathbb E f(x^+)-f_*\le(1-m\eta)(f(x)-f_*)-\eta\lambda(f(x)-f(z))+\eta^2M\sigma^2/2$.",
    parameters=(eta, lam, M, m, nu, sigma2, gap_x, lead), assumptions=(*_NOISY, STEP, PULL),
    quantity=r"\mathbb E f(x^+)-f_*", relation=Relation.LE,
    expression=_rho * gap_x.symbol - _eta * _lam * lead.symbol + _eta**2 * _M * _s2 / 2,
    where="theorem on strongly convex functions; steps derived here", confidence="derived",
    remark=r"The printed theorem asks for a sufficiently small $\eta$; the conditions on $\eta$ and $\eta\lambda$ are derived "
    r"here.",
)  # fmt: skip
RATE = _claim(
    "rate", "Linear convergence to the noise floor of SGD",
    r"If $f(z_k)\le f(x_k)$ at every step, then $\mathbb E f(x_N)-f_*\le(1-m\eta)^N\Delta_0+(1-(1-m\eta)^N)\eta M\sigma^2/(2m)$: "
    r"no worse than SGD, with the floor $\frac12\eta\kappa\sigma^2$, $\kappa=M/m$.",
    parameters=(eta, lam, M, m, nu, sigma2, N, gap), assumptions=(*_NOISY, STEP, PULL, LEADERS),
    quantity=r"\mathbb E f(x_N)-f_*", relation=Relation.LE,
    expression=_rho**_N * gap.symbol + (1 - _rho**_N) * _floor,
    where="corollary of the theorem on strongly convex functions", confidence="derived",
)  # fmt: skip
DECREASING = _claim(
    "decreasing-steps", "O(1/k) with decreasing steps",
    r"With $\eta_k=2/(m(k+a))$ and the same $\lambda$: $(N+a-1)(N+a-2)(\mathbb E "
    r"f(x_N)-f_*)\le(a-1)(a-2)\Delta_0+2NM\sigma^2/m^2$.",
    parameters=(lam, M, m, nu, sigma2, a, N, gap), assumptions=(*_NOISY, OFFSET, PULL_0, LEADERS),
    quantity=r"\mathbb E f(x_N)-f_*", relation=Relation.LE,
    expression=((_a - 1) * (_a - 2) * gap.symbol + 2 * _N * _M * _s2 / _m**2) / ((_N + _a - 1) * (_N + _a - 2)),
    where=r"theorem on $\eta_k=\Theta(1/k)$; constants derived here", confidence="derived",
)  # fmt: skip
SELECTION = _claim(
    "selection-gap", "What a leader chosen by noisy values loses",
    r"$\mathbb E f(z)-f(x)\le\sqrt{p-1}\,\sigma_f$ for every worker $x$, whatever the joint law of the errors; attained.",
    parameters=(p, sigma_f), assumptions=(LOWEST, ESTIMATES), quantity=r"\mathbb E f(z)-f(x)", relation=Relation.LE,
    expression=_choice, where="stochastic leader; constant derived here", confidence="derived", tight=True,
    remark=r"The paper's argument needs $\sqrt p\,\sigma_f$, its theorem prints four times that.",
)  # fmt: skip
STOCHASTIC = _claim(
    "stochastic-leader", "The floor with a leader chosen by noisy values",
    r"$\mathbb E f(x_N)-f_*\le\rho^N\Delta_0+(1-\rho^N)(\frac12\eta\kappa\sigma^2+\frac1m\lambda\sqrt{p-1}\,\sigma_f)$, "
    r"$\rho=1-m\eta$. "
    r"The paper prints $\frac4m\lambda\sqrt p\,\sigma_f$.",
    parameters=(eta, lam, M, m, nu, sigma2, p, sigma_f, N, gap), assumptions=(*_NOISY, STEP, PULL, LOWEST, ESTIMATES),
    quantity=r"\mathbb E f(x_N)-f_*", relation=Relation.LE,
    expression=_rho**_N * gap.symbol + (1 - _rho**_N) * (_floor + _lam * _choice / _m),
    where="theorem on the stochastic leader; floor derived here", confidence="derived",
)  # fmt: skip
STOCHASTIC_DECREASING = _claim(
    "stochastic-leader-decreasing", "O(1/k) with a leader chosen by noisy values, if the pull decreases too",
    r"With $\eta_k=2/(m(k+a))$ and $\lambda_k=\lambda/(k+a)$: $(N+a-1)(N+a-2)(\mathbb E f(x_N)-f_*)\le(a-1)(a-2)\Delta_0"
    r"+2N(M\sigma^2/m^2+\lambda\sqrt{p-1}\,\sigma_f/m)$.",
    parameters=(lam, M, m, nu, sigma2, p, sigma_f, a, N, gap),
    assumptions=(*_NOISY, OFFSET, Assumption("pull", r"$\lambda\le m^2a^2/(4M)$, so that $\eta_0\lambda_0\le m/(2M)$",
                 sp.Le(_lam, _m**2 * _a**2 / (4 * _M))), LOWEST, ESTIMATES),
    quantity=r"\mathbb E f(x_N)-f_*", relation=Relation.LE,
    expression=((_a - 1) * (_a - 2) * gap.symbol + 2 * _N * (_M * _s2 / _m**2 + _lam * _choice / _m))
    / ((_N + _a - 1) * (_N + _a - 2)),
    where=r"theorem on $\eta_k,\lambda_k=\Theta(1/k)$; constants derived here", confidence="derived",
)  # fmt: skip

# --- one step without noise: the worst case --------------------------------------------------------------------------

_c = _eta * _lam
EXACT_CONVEX = _claim(
    "exact-one-step", "The worst factor of a step towards a leader, convex functions",
    r"Without noise $f(x^+)-f_*\le\max\{1,(1-\eta(M+2\lambda))^2\}(f(x)-f_*)$ for every $z$ with $f(z)\le f(x)$, and this is "
    r"attained: a "
    r"leader can increase $f$ iff $\eta(M+2\lambda)>2$. The second value is attained by $Mx^2/2$, $z=-x$, so it is exact for "
    r"strongly "
    "convex functions too wherever it exceeds 1.",
    parameters=(eta, lam, M), assumptions=(SMOOTH, CONVEX, LEADER, MIXING),
    quantity=r"\sup\frac{f(x^+)-f_*}{f(x)-f_*}", relation=Relation.LE,
    expression=sp.Max(1, (1 - _eta * (_M + 2 * _lam)) ** 2), where="docs/derivations/leader_sgd.md", confidence="derived",
    tight=True,
)  # fmt: skip
EXACT_STRONG = _claim(
    "exact-weak-pull", "The worst factor of a step towards a leader, strongly convex functions and a weak pull",
    r"Without noise $f(x^+)-f_*\le(1-m\eta)^2(f(x)-f_*)$ for every $z$ with $f(z)\le f(x)$ as long as "
    r"$M\eta(1-cr)\le(1-c)^2(1+r)$, "
    r"$c=\eta\lambda$, $r=1-m\eta$: there the pull costs nothing in the worst case, $mx^2/2$ with $z=x$. The theorem's rate "
    r"$1-m\eta$ is "
    "the root of it.",
    parameters=(eta, lam, M, m), assumptions=(SMOOTH, STRONG, ILL, LEADER, INSIDE, WEAK),
    quantity=r"\sup\frac{f(x^+)-f_*}{f(x)-f_*}", relation=Relation.LE, expression=_rho**2,
    where="docs/derivations/leader_sgd.md", confidence="derived", tight=True,
    remark=r"Between this region and $\eta(M+2\lambda)=2$ the worst factor exceeds $\max\{(1-m\eta)^2,(1-\eta(M+2\lambda))^2\}$: "
    "leader-sgd.between.",
)  # fmt: skip
BETWEEN = _claim(
    "between", "Between the two regimes the worst factor is neither",
    r"For $1\le\eta(M+2\lambda)\le2$: the function with curvature $M$ down to $-Y$ and $m$ beyond it has "
    r"$f(x^+)-f_*=Y^2(f(x)-f_*)$, $f(z)=f(x)$, at $x=1$, where $Y\ge\eta(M+2\lambda)-1$ is the positive root of "
    r"$M(1-Y^2)=2MYT+mT^2$, $cT=(1-c)Y+1-c-\eta M$. So near "
    r"$\eta(M+2\lambda)=2$ the worst factor exceeds both $(1-m\eta)^2$ and $(1-\eta(M+2\lambda))^2$.",
    parameters=(eta, lam, M, m),
    assumptions=(SMOOTH, STRONG, ILL, Assumption("positive_pull", r"$\lambda>0$", sp.Gt(_lam, 0, evaluate=False)), MIXING,
                 Assumption("overshoots", r"$\eta(M+2\lambda)\ge1$", sp.Ge(_eta * (_M + 2 * _lam), 1)),
                 Assumption("below_two", r"$\eta(M+2\lambda)\le2$", sp.Le(_eta * (_M + 2 * _lam), 2))),
    quantity=r"\sup\frac{f(x^+)-f_*}{f(x)-f_*}", relation=Relation.GE, expression=between(_eta, _lam, _M, _m) ** 2,
    where="docs/derivations/leader_sgd.md", confidence="derived",
)  # fmt: skip
COMBINATION = _claim(
    "convex-combination", "A step is a convex combination of a gradient step and the leader",
    r"With $\eta'=\eta/(1-\eta\lambda)\le2/(M+m)$: $f(x^+)-f_*\le(1-\eta\lambda)(1-m\eta')^2(f(x)-f_*)+\eta\lambda(f(z)-f_*)$.",
    parameters=(eta, lam, M, m, gap_x, gap_z), assumptions=(SMOOTH, STRONG, ILL, PLAIN),
    quantity="f(x^+)-f_*", relation=Relation.LE,
    expression=(1 - _c) * (1 - _m * _eta / (1 - _c)) ** 2 * gap_x.symbol + _c * gap_z.symbol,
    where="docs/derivations/leader_sgd.md", confidence="derived", tight=True,
)  # fmt: skip

# --- where it can stand still ----------------------------------------------------------------------------------------

FIXED_POINTS = _claim(
    "fixed-points", "Fixed points of the algorithm: no worker apart from its leader if the pull is strong",
    r"At a fixed point, with $\nabla f(z)=0$ and $\nabla f(x)=-\lambda(x-z)$: "
    r"$f(x)-f(z)\le\frac{M^2-2M\lambda-\lambda^2}{4M}\|x-z\|^2$. "
    r"So if $\lambda>(\sqrt2-1)M$ all workers stand at a stationary point of $f$, as $f(z)\le f(x)$; if $f$ is convex, for "
    r"every $\lambda>0$.",
    parameters=(lam, M, D), assumptions=(SMOOTH, FIXED), quantity="f(x)-f(z)", relation=Relation.LE,
    expression=(_M**2 - 2 * _M * _lam - _lam**2) / (4 * _M) * D.symbol,
    where="comparison with EASGD; threshold derived here", confidence="derived", tight=True,
)  # fmt: skip
EASGD = _claim(
    "easgd-spurious", "Elastic averaging has an attractor at a local maximum",
    r"For $f=(x^2-1)^2/4$ two workers at $\pm\sqrt{1-\lambda}$, $0<\lambda<1$, with the centre at 0, a local maximum of $f$, "
    r"are critical for $\sum_if(x^i)+\frac\lambda2\sum_i(x^i-\tilde x)^2$; the leading minors of the Hessian are $2(1-\lambda)$, "
    r"$4(1-\lambda)^2$ and $4\lambda(1-\lambda)(2-3\lambda)$: a strict local minimum iff $\lambda<2/3$.",
    parameters=(), assumptions=(DOUBLE_WELL, FREE), quantity=r"\sup\{\lambda:\nabla^2F\succ0\}", relation=Relation.IFF,
    expression=sp.Rational(2, 3), where="comparison with EASGD", confidence="derived", tight=True,
)  # fmt: skip
STATIONARITY = _claim(
    "stationarity", "Stationary points of the objective, as printed",
    "A stationary point of the objective at which worker 1 is the only best one has $\\nabla f(x^1)=0$.",
    parameters=(), assumptions=(STRICT, BEST), quantity=r"\|\nabla f(x^1)\|", relation=Relation.EQ, expression=sp.Integer(0),
    where="theorem on stationary points (number not verified)",
    false_as_published=(
        r"If the leader is differentiated through, the others pull at it: $\nabla f(x^1)=\lambda\sum_i(x^i-x^1)$. For $f=-\cos$, "
        r"$p=2$, $x^1=\pi/6$, $x^2=7\pi/6$, $\lambda=1/(2\pi)$ the full gradient is zero, $f(x^1)<f(x^2)$ and "
        r"$f'(x^1)=\frac12$. True of the "
        "objective whose leader is held constant, as the algorithm has it."
    ),
)  # fmt: skip

# --- how many leaders improve the direction --------------------------------------------------------------------------

MONOTONE = _claim(
    "monotone", "A leader improves the angle up to one strength of the pull",
    r"With $g=-\nabla f(x)$, $n=x_*-x$, $w=z-x$: where $R=2\langle g,n\rangle(\langle w,n\rangle\|g\|^2-\langle g,n\rangle\langle "
    r"g,w\rangle)$ and $S=\langle g,n\rangle^2\|w\|^2-\langle w,n\rangle^2\|g\|^2$ are positive, "
    r"$\theta(g+\lambda w,n)\le\theta(g,n)$ iff $\lambda\le R/S$. "
    r"So the set $I_\lambda$ of improving leaders shrinks as $\lambda$ grows.",
    parameters=(reach, spread), assumptions=(DESCENT,),
    quantity=r"\sup\{\lambda:\theta(g+\lambda w,n)\le\theta(g,n)\}", relation=Relation.IFF, expression=reach.symbol / spread.symbol,
    where="docs/derivations/leader_sgd.md", confidence="derived", tight=True,
)  # fmt: skip
HALF_VOLUME = _claim(
    "half-volume", "The share of leaders that improve the angle, as the pull tends to 0",
    r"$\lim_{\lambda\to0}\mathrm{Vol}(I_\lambda)/\mathrm{Vol}(E)=\frac12(1+I_{h^2}(\frac12,\frac{d+1}2))>\frac12$ with "
    r"$h=\|u\|^2/\sqrt{(-\nabla f\cdot d_N)(u^\top A^{-1}u)}$, $u$ the part of $d_N$ orthogonal to $\nabla f$; $I$ is the "
    r"regularised "
    "incomplete Beta function.",
    parameters=(h, d), assumptions=(QUADRATIC, NOT_PARALLEL),
    quantity=r"\lim_{\lambda\to0}\mathrm{Vol}(I_\lambda)/\mathrm{Vol}(E)", relation=Relation.EQ,
    expression=limit_fraction(h.symbol, d.symbol), where="theorem on the volume of improving leaders, exact form derived here",
    confidence="derived", tight=True,
    remark=r"Where $\nabla f$ and $d_N$ are parallel, $I_\lambda$ is part of a ray: the share is 0, not at least $\frac12$, at "
    r"every $\lambda>0$.",
)  # fmt: skip
LARGE_ANGLE = _claim(
    "half-volume-large-angle", "At a large angle half of the leaders improve it, however strong the pull",
    r"If $\tan\theta(d_G,d_N)\ge\max_{z\in E}|z_\perp|/(\|x\|+|z_\parallel|)$, then "
    r"$\mathrm{Vol}(I_\lambda)\ge\frac12\mathrm{Vol}(E)$ for every "
    r"$\lambda>0$: of $z$ and its mirror image in $x_*$ at least one improves.",
    parameters=(tan, width), assumptions=(QUADRATIC, LARGE), quantity=r"\mathrm{Vol}(I_\lambda)/\mathrm{Vol}(E)",
    relation=Relation.GE, expression=sp.Rational(1, 2), where="theorem on the volume of improving leaders, second branch; "
    "condition "
    "derived here", confidence="derived",
)  # fmt: skip

# --- a leader against a centre ----------------------------------------------------------------------------------------

FACTORS = _claim(
    "lgd-eagd", "Factoring a matrix, the best worker is ahead if they follow a leader and not a centre",
    r"Eight workers minimise $\frac14\|XX^\top-M\|_F^2$ without noise: after 50 steps the best of them is no worse with pulls to "
    "the leader (LGD) than with the same pulls to a centre (EAGD).",
    parameters=(elastic,), assumptions=(ROTATIONS, SAME_RUN), quantity=r"\min_if(x^i_{50})", relation=Relation.LE,
    expression=elastic.symbol, where="experiments on low-rank matrix completion, larger there",
    remark="An observation on these starts, not a theorem; one kind of evidence: runs.",
)  # fmt: skip
