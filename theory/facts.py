"""Standard theorems that a derivation may use by name. What quadratic forms can prove is proved by the kernel, not cited."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """An exact statement with a reference; ``statement`` has its mathematics between dollars."""

    name: str
    statement: str
    reference: str


_ALL = (
    Fact(
        "proximal-optimality",
        r"For $h$ convex, closed and proper and $\gamma>0$ the point $p=\mathrm{prox}_{\gamma h}(v)$ exists, is unique, and "
        r"$(v-p)/\gamma\in\partial h(p)$.",
        "Bauschke, Combettes (2017), Convex Analysis and Monotone Operator Theory in Hilbert Spaces, Proposition 16.44",
    ),
    Fact(
        "sum-rule",
        r"If $x_*$ minimises $f+h$ with $f$ convex and differentiable on the whole space and $h$ convex, closed and proper, then "
        r"$-\nabla f(x_*)\in\partial h(x_*)$.",
        "Bauschke, Combettes (2017), Corollary 16.48 and Theorem 16.3",
    ),
    Fact(
        "resolvent",
        r"For $A$ maximally monotone and $\gamma>0$ the resolvent $J=(I+\gamma A)^{-1}$ is defined everywhere and "
        r"single-valued, and $(v-Jv)/\gamma\in A(Jv)$.",
        "Minty (1962); Bauschke, Combettes (2017), Theorem 21.1 and Proposition 23.8",
    ),
    Fact(
        "fermat",
        r"At a minimiser of a differentiable function on the whole space its gradient is zero.",
        "Nocedal, Wright (2006), Numerical Optimization, Theorem 2.2",
    ),
    Fact(
        "line-minimum",
        r"If $t$ minimises $t\mapsto f(x-t g)$ for $f$ differentiable and $x^+=x-tg$, then $\langle\nabla f(x^+),g\rangle=0$ and "
        r"$\langle\nabla f(x^+),x^+-x\rangle=0$.",
        "Nocedal, Wright (2006), Theorem 2.2 along the line",
    ),
    Fact(
        "first-order-optimality",
        r"A minimiser $x_*$ over a convex set $C$ of a convex differentiable $f$ satisfies "
        r"$\langle\nabla f(x_*),x-x_*\rangle\ge0$ for all $x\in C$; "
        r"a minimiser $s$ over $C$ of $\langle g,\cdot\rangle$ satisfies $\langle g,x-s\rangle\ge0$ for all $x\in C$.",
        "Boyd, Vandenberghe (2004), Convex Optimization, Section 4.2.3",
    ),
    Fact(
        "convex-combination",
        r"A convex set contains the convex combinations of its points.",
        "Rockafellar (1970), Convex Analysis, Theorem 2.2",
    ),
    Fact(
        "expectation",
        r"An inequality between integrable random variables that holds for every outcome holds between their expectations, and the "
        r"expectation is linear.",
        "Billingsley (1995), Probability and Measure, Theorem 16.1",
    ),
    Fact(
        "jensen",
        r"For $f$ convex, weights $w_k\ge0$ and $W=\sum_k w_k>0$: $f(\sum_k w_kx_k/W)\le\sum_k w_kf(x_k)/W$.",
        "Rockafellar (1970), Theorem 4.3",
    ),
    Fact(
        "product-space",
        r"If $f_1,\dots,f_n$ belong to $\mathcal F_{\mu,L}$, so does $(x_1,\dots,x_n)\mapsto\sum_if_i(x_i)$; "
        r"if $w\,I\preceq W\preceq I$, then $W\otimes I$ has its spectrum in $[w,1]$.",
        "Horn, Johnson (1991), Topics in Matrix Analysis, Theorem 4.2.12; the first by adding the definitions",
    ),
    Fact(
        "tower",
        r"$\mathbb E\,\mathbb E[X\mid\mathcal G]=\mathbb E X$: an inequality that holds conditionally on the past holds in "
        r"expectation.",
        "Billingsley (1995), Theorem 34.4",
    ),
    Fact(
        "weighted-workers",
        r"For weights $w_i>0$, $\sum w_i=1$, and $\hat a_i=a_i/(nw_i)$: $\frac1n\sum a_i=\sum w_i\hat a_i$, and "
        r"$\sum w_i\langle\hat a_i,\hat b_i\rangle$ is $\langle\bar a,\bar b\rangle$ plus the same sum of the deviations. If "
        r"$\|u_i\|\le L_i\|\Delta\|$, then $\sum w_i\|\hat u_i\|^2\le\frac1{n^2}\sum\frac{L_i^2}{w_i}\|\Delta\|^2$, which is "
        r"$L_{AM}^2\|\Delta\|^2$ for $w_i=L_i/(nL_{AM})$ and $L_{QM}^2\|\Delta\|^2$ for $w_i=1/n$.",
        "by expanding the sums; Richtarik, Gasanov, Burlachenko (2024), arXiv:2402.10774, Section 3",
    ),
    Fact(
        "participation",
        r"If $\mathbb E\|C(x)-x\|^2\le(1-\alpha)\|x\|^2$ and $b\in\{0,1\}$ is independent with $\mathbb E b=p$, then "
        r"$\mathbb E\|bC(x)-x\|^2=(1-p)\|x\|^2+p\,\mathbb E\|C(x)-x\|^2\le(1-p\alpha)\|x\|^2$.",
        "by the two values of b",
    ),
    Fact(
        "circulant-spectrum",
        r"$A_\sigma=I-\sigma L$ with the periodic second difference $L$ is symmetric with the eigenvalues "
        r"$1+4\sigma\sin^2(\pi j/n)\ge1$, so that $0\prec A_\sigma^{-1}\preceq I$ and $\|A_\sigma^{-1}g\|^2\le g'A_\sigma^{-1}g$.",
        "Davis (1979), Circulant Matrices, Theorem 3.2.2",
    ),
    Fact(
        "variance-of-a-difference",
        r"For independent $X$, $Y$ of one law with $\mathbb E\|X-\mathbb EX\|^2=v$: $\mathbb E\|X-Y\|^2=2v$.",
        "Billingsley (1995), Probability and Measure, equation (21.14), by coordinates",
    ),
    Fact(
        "spectral-theorem",
        r"A symmetric matrix has an orthonormal basis of eigenvectors; on the span of some of them it multiplies the norm by at "
        r"most the largest modulus of their eigenvalues, and eigenvectors to different eigenvalues are orthogonal.",
        "Horn, Johnson (2013), Matrix Analysis, Theorem 2.5.6",
    ),
    Fact(
        "sampling-variance",
        r"For the mean $\hat a$ of $B$ of $n$ vectors $a_i$, drawn uniformly with or without replacement: $\mathbb E\hat a=\bar a$ "
        r"and $\mathbb E\|\hat a\|^2=(1-p)\|\bar a\|^2+p\,\frac1n\sum_i\|a_i\|^2$, $p=\frac1B$ with and $p=\frac{n-B}{B(n-1)}$ "
        r"without.",
        "Cochran (1977), Sampling Techniques, Theorems 2.1 and 2.2, by coordinates",
    ),
    Fact(
        "kkt",
        r"At the solution of $\min\|W\|^2$ subject to finitely many $\langle a_i,W\rangle\ge1$ there are $\lambda_i\ge0$ with "
        r"$W=\sum\lambda_ia_i$ and $\lambda_i(\langle a_i,W\rangle-1)=0$.",
        "Boyd, Vandenberghe (2004), Convex Optimization, Section 5.5.3; the constraints are linear",
    ),
    Fact(
        "rank-one-update",
        r"$\mathrm{rank}(A+az^\top)\le\mathrm{rank}A+1$.",
        "Horn, Johnson (2013), Matrix Analysis, Section 0.4.5",
    ),
    Fact(
        "dimension-formula",
        r"For subspaces of $\mathbb R^P$: $\dim(V\cap W)\ge\dim V+\dim W-P$; a matrix with $P$ columns has $P-\mathrm{rank}$ "
        r"dimensions in its kernel; nonzero vectors that are orthogonal to each other are linearly independent.",
        "Horn, Johnson (2013), Matrix Analysis, (0.1.7.2), (0.2.3.1) and Theorem 2.1.2",
    ),
    Fact(
        "nuclear-dual",
        r"For every matrix $W$ there is $P$ with $\|P\|_2\le1$ and $\langle W,P\rangle=\|W\|_*$; $\|PQ\|_F\le\|P\|_2\|Q\|_F$; and "
        r"$\|W\|_F\le\|W\|_*$.",
        "Horn, Johnson (2013), Matrix Analysis, Sections 5.6 and 7.4",
    ),
    Fact(
        "convex-subdifferential",
        r"The subdifferential of a convex function is monotone.",
        "Rockafellar (1970), Convex Analysis, Section 24",
    ),
    Fact(
        "exchangeable",
        r"Of exchangeable events $E_1,\dots,E_m$ each has probability $\frac1m\mathbb E\sum_i1_{E_i}$.",
        "linearity of the expectation; Billingsley (1995), Section 16",
    ),
    Fact(
        "support-constraints",
        r"A concave maximisation in $n$ variables with a unique solution has at most $n$ constraints whose removal alone raises "
        r"its value.",
        "Calafiore, Campi (2005), Uncertain convex programs, Theorem 2",
    ),
    Fact(
        "logistic",
        r"$1/(1+e^{-t})$ lies in $[\frac12,1)$ for $t\ge0$, and is $\frac12$ at $t=0$.",
        "$0<e^{-t}\\le1$",
    ),
    Fact(
        "softmax-gradient",
        r"For one-hot inputs column $k$ of the gradient of the mean cross-entropy is $\pi_k(p_k-e_k)$ and its Hessian "
        r"$\pi_k(\mathrm{Diag}(p_k)-p_kp_k^\top)$, $p_k$ the softmax of column $k$ of $W$, whose entries lie in $(0,1)$ and sum to "
        r"one; where all margins of column $k$ are $u$, its other entries are $1/(e^u+c-1)$.",
        "Bishop (2006), Pattern Recognition and Machine Learning, Section 4.3.4",
    ),
    Fact(
        "softmax-hessian",
        r"$\mathrm{Diag}(p)-pp^\top\preceq\frac12I$ for every probability vector $p$.",
        "Boehning (1992), Multinomial logistic regression algorithm, Section 2",
    ),
    Fact(
        "convex-exponential",
        r"$u\mapsto e^u+(c-1)u$ is convex with derivative $e^u+c-1$.",
        "its second derivative is $e^u$",
    ),
    Fact(
        "similarity",
        r"Similar matrices have the same eigenvalues.",
        "Horn, Johnson (2013), Matrix Analysis, Theorem 1.3.22",
    ),
    Fact(
        "sylvester",
        r"$S^\top BS$ has as many negative eigenvalues as $B$, for $B$ symmetric and $S$ invertible.",
        "Horn, Johnson (2013), Matrix Analysis, Theorem 4.5.8",
    ),
    Fact(
        "rare-feature-sums",
        r"If the vectors $a_i$ are supported on $J_i$ and $L_{rf}=\frac1n\max_j\sum_{i:j\in J_i}L_i$, then "
        r"$\|\frac1n\sum a_i\|^2\le\frac{L_{rf}}n\sum\|a_i\|^2/L_i$; if $\|u_i\|\le L_i\|\Delta_{J_i}\|$, then "
        r"$\frac{L_{rf}}n\sum\|u_i\|^2/L_i\le L_{rf}^2\|\Delta\|^2$.",
        "by the Cauchy-Schwarz inequality in each coordinate; docs/derivations/ef21.md",
    ),
    Fact(
        "positive-map",
        r"$T(X)=X-\eta(HX+XH)+\eta^2[(1-p)HXH+p\,\overline{H_iXH_i}]$ maps positive semidefinite matrices to such; hence "
        r"$\rho(T)$ is an eigenvalue with a positive semidefinite eigenmatrix, and $\rho(T)\le1$ if $T(I)\preceq I$. "
        r"$\mathbb E\|\delta_t\|^2$ stays bounded on $\mathrm{range}(H)$ iff $\rho(T)\le1$ there.",
        "Krein, Rutman (1948); Evans, Hoegh-Krohn (1978), Theorem 2.5; docs/derivations/sgd_stability.md",
    ),
    Fact(
        "geometric-decay",
        r"The mean of an asymptotically stable linear recursion decays geometrically, and its second moments stay bounded.",
        "Elaydi (2005), An Introduction to Difference Equations, Theorem 4.9",
    ),
    Fact(
        "metric",
        r"For $A\succeq I$ and $f$ convex with $L$-Lipschitz gradient, $f$ has the same properties with the inner product "
        r"$u^\top Av$, in which its gradient is $A^{-1}\nabla f$.",
        "by $z=A^{1/2}x$; Nesterov (2018), Lectures on Convex Optimization, Theorem 2.1.5",
    ),
    Fact(
        "projection-nonexpansive",
        r"The projection onto a closed convex set does not increase distances to its points.",
        "Bauschke, Combettes (2017), Proposition 4.16",
    ),
    Fact("infimum", r"$\inf f\le f(x)$ for every $x$.", "the definition of the infimum"),
)
FACTS: dict[str, Fact] = {f.name: f for f in _ALL}
