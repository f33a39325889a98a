(* Inner product spaces, the classes of functions and operators as textbook definitions, and the axioms of gradproof's kernel
   as lemmas about them. Standard library alone; nothing is assumed. *)
Require Import Reals Lra Psatz.
Open Scope R_scope.

(* A real inner product space, of any dimension. Two vectors with the same inner products are equal: this is definiteness,
   and from it every law of a vector space follows. *)
Record space := Space {
  V :> Type;
  add : V -> V -> V;
  scal : R -> V -> V;
  zero : V;
  ip : V -> V -> R;
  ip_sym : forall u v, ip u v = ip v u;
  ip_add : forall u v w, ip (add u v) w = ip u w + ip v w;
  ip_scal : forall a u w, ip (scal a u) w = a * ip u w;
  ip_zero : forall w, ip zero w = 0;
  ip_pos : forall u, 0 <= ip u u;
  ip_ext : forall u v, (forall w, ip u w = ip v w) -> u = v }.
Arguments add {s}. Arguments scal {s}. Arguments zero {s}. Arguments ip {s}.
Arguments ip_sym {s}. Arguments ip_add {s}. Arguments ip_scal {s}. Arguments ip_zero {s}. Arguments ip_pos {s}.
Arguments ip_ext {s}.

Definition sub {E : space} (u v : E) : E := add u (scal (-1) v).
Definition sq {E : space} (u : E) : R := ip u u.

Section Expand.
Context {E : space}.
Lemma ip_add_r (u v w : E) : ip u (add v w) = ip u v + ip u w.
Proof. rewrite ip_sym, ip_add, !(ip_sym _ u). reflexivity. Qed.
Lemma ip_scal_r a (u w : E) : ip u (scal a w) = a * ip u w.
Proof. rewrite ip_sym, ip_scal, ip_sym. reflexivity. Qed.
Lemma ip_zero_r (u : E) : ip u zero = 0.
Proof. rewrite ip_sym. apply ip_zero. Qed.
Lemma sq_pos (u : E) : 0 <= sq u.
Proof. apply ip_pos. Qed.
End Expand.

Ltac expand := unfold sq, sub; repeat (rewrite ?ip_add, ?ip_add_r, ?ip_scal, ?ip_scal_r, ?ip_zero, ?ip_zero_r).
Ltac expand_in H := unfold sq, sub in H; repeat (rewrite ?ip_add, ?ip_add_r, ?ip_scal, ?ip_scal_r, ?ip_zero, ?ip_zero_r in H).

(* A function with values on its domain, and its (sub)gradients as a relation. *)
Record func (E : space) := Func { dom : E -> Prop; val : E -> R; grad : E -> E -> Prop }.
Arguments dom {E}. Arguments val {E}. Arguments grad {E}.
Definition at_point {E : space} (f : func E) (x g : E) (v : R) := dom f x /\ grad f x g /\ val f x = v.

Section Function.
Context {E : space}.
Variable f : func E.

(* f - mu/2 |.|^2 is convex with subgradients g - mu x; mu = 0: g is a subgradient of the convex f; mu may be negative *)
Definition curved (mu : R) :=
  forall x y g, grad f x g -> dom f y -> val f x + ip g (sub y x) + mu / 2 * sq (sub y x) <= val f y.
(* f is differentiable everywhere and L/2 |.|^2 - f is convex: the descent lemma *)
Definition smooth (L : R) :=
  forall x y g, grad f x g -> dom f y /\ val f y <= val f x + ip g (sub y x) + L / 2 * sq (sub y x).
Definition bounded_below (low : R) := forall x, dom f x -> low <= val f x.
Definition bounded_subgradients (M : R) := forall x g, grad f x g -> sq g <= M * M.
(* the Polyak-Lojasiewicz inequality *)
Definition polyak_lojasiewicz (m low : R) := forall x g, grad f x g -> 2 * m * (val f x - low) <= sq g.

(* "interpolation" of the kernel, for every mu < L *)
Lemma interpolation mu L : mu < L -> curved mu -> smooth L ->
  forall x gx fx y gy fy, at_point f x gx fx -> at_point f y gy fy ->
  fy - fx + ip gy (sub x y)
  + 1 / (2 * (L - mu)) * (sq (sub gx gy) + mu * L * sq (sub x y) - 2 * mu * ip (sub gx gy) (sub x y)) <= 0.
Proof.
  intros Hmu Hc Hs x gx fx y gy fy (_ & Hx & <-) (_ & Hy & <-).
  pose (z := add x (scal (1 / (L - mu)) (sub (sub gy (scal mu y)) (sub gx (scal mu x))))).
  pose proof (Hs x z gx Hx) as [D A]. pose proof (Hc y z gy Hy D) as B.
  match type of A with _ <= ?a => match type of B with ?b <= _ =>
    match goal with |- ?l <= 0 => assert (K : l = b - a) end end end.
  { unfold z. expand.
    rewrite (ip_sym y x), (ip_sym gx x), (ip_sym gy x), (ip_sym gx y), (ip_sym gy y), (ip_sym gy gx).
    field. lra. }
  rewrite K. lra.
Qed.

(* the same with the reciprocal named, so that parameters enter in lowest terms *)
Lemma interpolation_t mu L t : mu < L -> 2 * (L - mu) * t = 1 -> curved mu -> smooth L ->
  forall x gx fx y gy fy, at_point f x gx fx -> at_point f y gy fy ->
  fy - fx + ip gy (sub x y) + t * (sq (sub gx gy) + mu * L * sq (sub x y) - 2 * mu * ip (sub gx gy) (sub x y)) <= 0.
Proof.
  intros Hm Ht Hc Hs x gx fx y gy fy Hx Hy.
  replace t with (1 / (2 * (L - mu))); [exact (interpolation mu L Hm Hc Hs _ _ _ _ _ _ Hx Hy)|].
  apply Rmult_eq_reg_l with (2 * (L - mu)); [|lra]. rewrite Ht. field. lra.
Qed.

(* the same without smoothness: a subgradient inequality *)
Lemma interpolation_nonsmooth mu : curved mu ->
  forall x gx fx y gy fy, at_point f x gx fx -> at_point f y gy fy ->
  fy - fx + ip gy (sub x y) + mu / 2 * sq (sub x y) <= 0.
Proof. intros Hc x gx fx y gy fy (D & Hx & <-) (_ & Hy & <-). pose proof (Hc y x gy Hy D). lra. Qed.

(* "descent" *)
Lemma descent L : smooth L -> forall x gx fx y gy fy, at_point f x gx fx -> at_point f y gy fy ->
  fy - fx - ip gx (sub y x) - L / 2 * sq (sub y x) <= 0.
Proof. intros Hs x gx fx y gy fy (_ & Hx & <-) (_ & Hy & <-). pose proof (Hs x y gx Hx) as [_ A]. lra. Qed.

(* "lower": low <= f - |g|^2/(2L), or low <= f alone *)
Lemma lower L low : 0 < L -> smooth L -> bounded_below low ->
  forall x g v, at_point f x g v -> low - v + 1 / (2 * L) * sq g <= 0.
Proof.
  intros HL Hs Hl x g v (_ & Hx & <-).
  pose (z := add x (scal (- (1 / L)) g)).
  pose proof (Hs x z g Hx) as [D A]. pose proof (Hl z D) as B.
  match type of A with _ <= ?a => assert (K : a = val f x - 1 / (2 * L) * sq g) end.
  { unfold z. expand. rewrite (ip_sym g x). field. lra. }
  lra.
Qed.
Lemma lower_value low : bounded_below low -> forall x g v, at_point f x g v -> low - v <= 0.
Proof. intros Hl x g v (D & _ & <-). pose proof (Hl x D). lra. Qed.

(* "bounded" and "pl" *)
Lemma bounded M : bounded_subgradients M -> forall x g v, at_point f x g v -> sq g - M * M <= 0.
Proof. intros H x g v (_ & Hx & _). pose proof (H x g Hx). lra. Qed.
Lemma pl m low : polyak_lojasiewicz m low -> forall x g v, at_point f x g v -> 2 * m * v - 2 * m * low - sq g <= 0.
Proof. intros H x g v (_ & Hx & <-). pose proof (H x g Hx). lra. Qed.

(* "lipschitz" for functions: the gradient, where the curvature lies in [mu, L] with -L <= mu *)
Lemma curved_less mu nu : nu <= mu -> curved mu -> curved nu.
Proof.
  intros H Hc x y g Hg D. pose proof (Hc x y g Hg D). pose proof (sq_pos (sub y x)). nra.
Qed.
Lemma lipschitz mu L : 0 < L -> 0 <= mu + L -> curved mu -> smooth L ->
  forall x gx fx y gy fy, at_point f x gx fx -> at_point f y gy fy ->
  sq (sub gx gy) - L * L * sq (sub x y) <= 0.
Proof.
  intros HL Hm Hc' Hs x gx fx y gy fy Hx Hy.
  assert (Hc : curved (- L)) by (apply curved_less with mu; [lra|assumption]).
  pose proof (interpolation (- L) L ltac:(lra) Hc Hs _ _ _ _ _ _ Hx Hy) as A.
  pose proof (interpolation (- L) L ltac:(lra) Hc Hs _ _ _ _ _ _ Hy Hx) as B.
  replace (1 / (2 * (L - - L))) with (/ (4 * L)) in A, B by (field; lra).
  assert (K : sq (sub gx gy) - L * L * sq (sub x y) =
     2 * L * ((fy - fx + ip gy (sub x y) + / (4 * L) * (sq (sub gx gy) + - L * L * sq (sub x y) - 2 * - L * ip (sub gx gy) (sub x y)))
            + (fx - fy + ip gx (sub y x) + / (4 * L) * (sq (sub gy gx) + - L * L * sq (sub y x) - 2 * - L * ip (sub gy gx) (sub y x))))).
  { expand.
    rewrite (ip_sym y x), (ip_sym gx x), (ip_sym gy x), (ip_sym gx y), (ip_sym gy y), (ip_sym gy gx).
    field. lra. }
  rewrite K. nra.
Qed.
End Function.

(* sets: normal cones, diameters *)
Definition normal {E : space} (C : E -> Prop) (x n : E) := C x /\ forall y, C y -> ip n (sub y x) <= 0.
Definition diameter {E : space} (C : E -> Prop) (D : R) := forall x y, C x -> C y -> sq (sub x y) <= D * D.

(* operators as relations, and random or deterministic compressors *)
Definition strongly_monotone {E : space} (A : E -> E -> Prop) (mu : R) :=
  forall x u y v, A x u -> A y v -> mu * sq (sub x y) <= ip (sub u v) (sub x y).
Definition cocoercive {E : space} (A : E -> E -> Prop) (beta : R) :=
  forall x u y v, A x u -> A y v -> beta * sq (sub u v) <= ip (sub u v) (sub x y).
Definition lipschitz_operator {E : space} (A : E -> E -> Prop) (L : R) :=
  forall x u y v, A x u -> A y v -> sq (sub u v) <= L * L * sq (sub x y).
Definition contractive {E : space} (C : E -> E) (q2 : R) := forall x, sq (sub (C x) x) <= q2 * sq x.

(* symmetric linear maps with mu I <= Q <= L I: the quadratic <x, Qx>/2 *)
Record symmetric {E : space} (Q : E -> E) (mu L : R) : Prop := Symmetric {
  s_linear : forall a u v w, ip (Q (add (scal a u) v)) w = a * ip (Q u) w + ip (Q v) w;
  s_sym : forall u v, ip (Q u) v = ip u (Q v);
  s_low : forall u, mu * sq u <= ip (Q u) u;
  s_high : forall u, ip (Q u) u <= L * sq u }.

Lemma symmetric_zero {E : space} (Q : E -> E) mu L : symmetric Q mu L -> Q zero = zero.
Proof.
  intros H. apply ip_ext. intros v. rewrite ip_zero. pose proof (s_linear Q mu L H (-1) zero zero v) as B.
  replace (add (scal (-1) zero) zero) with (zero : E) in B by (apply ip_ext; intros u; expand; ring). lra.
Qed.
Lemma symmetric_combine {E : space} (Q : E -> E) mu L : symmetric Q mu L ->
  forall a x g y h, Q x = g -> Q y = h -> Q (add (scal a x) y) = add (scal a g) h.
Proof. intros H a x g y h <- <-. apply ip_ext. intros v. rewrite (s_linear Q mu L H). expand. ring. Qed.

(* "spectrum": (Q - mu)(L - Q) is positive semidefinite *)
Lemma spectrum {E : space} (Q : E -> E) mu L : mu < L -> symmetric Q mu L ->
  forall y, 0 <= ip (sub (Q y) (scal mu y)) (sub (scal L y) (Q y)).
Proof.
  intros HmL [Hl Hs Hm HL] y.
  pose (a := sub (Q y) (scal mu y)). pose (t := - (1 / (L - mu))). pose (z := add (scal t a) y).
  assert (A1 : forall w, ip (Q z) w = t * ip (Q a) w + ip (Q y) w) by (intros; apply Hl).
  pose proof (Hm z) as P. pose proof (HL a) as R.
  assert (S1 : ip (Q z) z = t * t * ip (Q a) a + 2 * t * ip (Q y) a + ip (Q y) y).
  { rewrite A1. unfold z. rewrite !ip_add_r, !ip_scal_r. rewrite (Hs a y), (ip_sym a (Q y)). ring. }
  assert (S2 : sq z = t * t * sq a + 2 * t * ip y a + sq y).
  { unfold z. expand. rewrite (ip_sym a y). ring. }
  assert (S3 : ip (Q y) a = sq a + mu * ip y a).
  { unfold a at 2. unfold a. expand. rewrite (ip_sym y (Q y)). ring. }
  assert (S4 : ip y a = ip (Q y) y - mu * sq y).
  { unfold a. expand. rewrite (ip_sym y (Q y)). ring. }
  assert (S5 : ip a (sub (scal L y) (Q y)) = (L - mu) * ip y a - sq a).
  { unfold a. expand. rewrite (ip_sym y (Q y)). ring. }
  fold a. rewrite S5. rewrite S1, S2, S3 in P.
  assert (T : t * (L - mu) = -1) by (unfold t; field; lra).
  assert (0 <= t * t * ((L - mu) * sq a) + 2 * t * sq a + ip y a) by nra.
  assert (0 <= (L - mu) * (t * t * ((L - mu) * sq a) + 2 * t * sq a + ip y a)) by (apply Rmult_le_pos; lra).
  replace ((L - mu) * (t * t * ((L - mu) * sq a) + 2 * t * sq a + ip y a))
    with ((t * (L - mu)) * (t * (L - mu)) * sq a + 2 * (t * (L - mu)) * sq a + (L - mu) * ip y a) in H0 by ring.
  rewrite T in H0. lra.
Qed.

(* closing an identity: sums of terms of known sign *)
Lemma mul_np l a : 0 <= l -> a <= 0 -> l * a <= 0. Proof. intros. nra. Qed.
Lemma mul_nn l a : 0 <= l -> 0 <= a -> 0 <= l * a. Proof. intros. nra. Qed.
Lemma mul_zero l a : a = 0 -> l * a <= 0. Proof. intros ->. lra. Qed.
Lemma add_np a b : a <= 0 -> b <= 0 -> a + b <= 0. Proof. lra. Qed.
Lemma sub_np a b : a <= 0 -> 0 <= b -> a - b <= 0. Proof. lra. Qed.

(* signs of multipliers and pivots: an interval is the image of an orthant, on which a polynomial has positive coefficients *)
Lemma div_nn a b : 0 <= a -> 0 < b -> 0 <= a / b.
Proof. intros. apply Rmult_le_pos; [assumption|]. left. apply Rinv_0_lt_compat. assumption. Qed.
Lemma orthant_high x low high : 0 < x - low -> 0 < high - low ->
  x = high - (high - low) * ((high - x) / (x - low)) / (1 + (high - x) / (x - low)).
Proof. intros. field. split; lra. Qed.
Lemma orthant_low x low high : 0 < high - x -> 0 < high - low ->
  x = low + (high - low) * ((x - low) / (high - x)) / (1 + (x - low) / (high - x)).
Proof. intros. field. split; lra. Qed.
Lemma pos_neq x : 0 < x -> x <> 0. Proof. lra. Qed.
Lemma neg_neq x : 0 < (-1) * x -> x <> 0. Proof. lra. Qed.
Ltac pos := first [ assumption | apply Rdiv_lt_0_compat; pos | apply pow_lt; pos | apply Rmult_lt_0_compat; pos
                  | apply IZR_lt; reflexivity | apply Rplus_lt_le_0_compat; [pos | nn] | apply Rplus_le_lt_0_compat; [nn | pos] ]
with nn := first [ assumption | apply Rlt_le; assumption | apply pow2_ge_0 | apply div_nn; [nn | pos] | apply pow_le; nn
                 | apply Rmult_le_pos; nn | apply IZR_le; discriminate | apply Rplus_le_le_0_compat; nn ].
Ltac nonzero := first [ assumption | apply not_0_IZR; discriminate | apply pow_nonzero; nonzero
                      | apply Rmult_integral_contrapositive_currified; nonzero | apply pos_neq; pos
                      | apply pos_neq; lra | apply neg_neq; lra
                      | apply pos_neq; ring_simplify; pos | apply neg_neq; ring_simplify; pos | apply pos_neq; nra
                      | apply neg_neq; nra ].
(* an identity of rational functions whose denominators are not zero *)
Ltac rational := first [ ring | field; repeat split; nonzero ].

(* rules of derivations: a vanishing vector, induction, telescoping *)
Lemma sq_zero {E : space} (u : E) : sq u <= 0 -> u = zero.
Proof.
  intros H. assert (Hu : ip u u = 0) by (pose proof (ip_pos u); unfold sq in H; lra).
  apply ip_ext. intros w. rewrite ip_zero. destruct (Req_dec (ip u w) 0) as [Z|Z]; [exact Z|]. exfalso.
  pose proof (sq_pos (add w (scal (- ((sq w + 1) / (2 * ip u w))) u))) as P.
  assert (S : sq (add w (scal (- ((sq w + 1) / (2 * ip u w))) u)) = -1).
  { expand. rewrite (ip_sym w u), Hu. field. exact Z. }
  lra.
Qed.
Lemma by_eq3 {A B C : Type} (P : A -> B -> C -> Prop) x x' g g' v v' : P x g v -> x = x' -> g = g' -> v = v' -> P x' g' v'.
Proof. intros H <- <- <-. exact H. Qed.
Lemma null_form {E : space} (u v : E) : u = zero -> ip u v = 0.
Proof. intros ->. apply ip_zero. Qed.
Lemma le0_eq a b : b = a -> a <= 0 -> b <= 0. Proof. intros ->. trivial. Qed.
Lemma eq0_eq a b : b = a -> a = 0 -> b = 0. Proof. intros ->. trivial. Qed.
Lemma le0_neg a b : a = - b -> 0 <= b -> a <= 0. Proof. lra. Qed.
Lemma eq0_root a r d s : a = (r - d) * s -> r = d -> a = 0. Proof. intros -> ->. ring. Qed.
Lemma pow_base b (n : nat) : 1 <= b -> (1 <= n)%nat -> b <= b ^ n.
Proof.
  intros Hb Hn. replace b with (b ^ 1) at 1 by ring. apply Rle_pow; assumption.
Qed.

Lemma induct (V rho c : nat -> R) (b : R) (N : nat) : (forall k, (k < N)%nat -> 0 <= rho k) ->
  (forall k, (k < N)%nat -> V (S k) - rho k * V k <= 0) ->
  c O = 1 -> (forall k, (k < N)%nat -> rho k * c k = c (S k) * b) -> V N - c N * b ^ N * V O <= 0.
Proof.
  intros Hr Hs H0 Hc. assert (A : forall n, (n <= N)%nat -> V n - c n * b ^ n * V O <= 0); [|apply A; apply le_n].
  induction n as [|n IH]; intros Hn; [rewrite H0; simpl; lra|].
  pose proof (Hs n Hn). pose proof (Rmult_le_compat_l _ _ _ (Hr n Hn) (Rminus_le _ _ (IH (Nat.lt_le_incl _ _ Hn)))).
  replace (c (S n) * b ^ S n * V O) with (rho n * (c n * b ^ n * V O)); [lra|].
  simpl. replace (c (S n) * (b * b ^ n) * V O) with ((c (S n) * b) * b ^ n * V O) by ring. rewrite <- Hc by exact Hn. ring.
Qed.
Lemma induct_from_1 (V rho c : nat -> R) (b : R) (N : nat) : (1 <= N)%nat ->
  (forall k, (1 <= k)%nat -> (k < N)%nat -> 0 <= rho k) ->
  (forall k, (1 <= k)%nat -> (k < N)%nat -> V (S k) - rho k * V k <= 0) -> c 1%nat * b = 1 ->
  (forall k, (1 <= k)%nat -> (k < N)%nat -> rho k * c k = c (S k) * b) -> V N - c N * b ^ N * V 1%nat <= 0.
Proof.
  intros HN Hr Hs H0 Hc.
  assert (A : forall n, (1 <= n)%nat -> (n <= N)%nat -> V n - c n * b ^ n * V 1%nat <= 0); [|apply A; [exact HN | apply le_n]].
  induction n as [|n IH]; intros H1 Hn; [inversion H1|]. destruct n as [|m].
  - rewrite <- (Rmult_1_l (V 1%nat)) at 1. rewrite <- H0. simpl. lra.
  - assert (A : (1 <= S m)%nat) by (apply le_n_S, Nat.le_0_l). specialize (IH A (Nat.lt_le_incl _ _ Hn)).
    pose proof (Hs _ A Hn). pose proof (Rmult_le_compat_l _ _ _ (Hr _ A Hn) (Rminus_le _ _ IH)).
    replace (c (S (S m)) * b ^ S (S m) * V 1%nat) with (rho (S m) * (c (S m) * b ^ S m * V 1%nat)); [lra|].
    replace (c (S (S m)) * b ^ S (S m) * V 1%nat) with ((c (S (S m)) * b) * b ^ S m * V 1%nat) by (simpl; ring).
    rewrite <- Hc by assumption. ring.
Qed.
Lemma induct_hypothesis (P : nat -> R) (N : nat) : (1 <= N)%nat -> P 1%nat <= 0 ->
  (forall k, (1 <= k)%nat -> P k <= 0 -> P (S k) <= 0) -> P N <= 0.
Proof.
  intros HN H1 Hs. induction N as [|n IH]; [inversion HN|]. destruct n as [|m]; [exact H1|].
  assert (A : (1 <= S m)%nat) by (apply le_n_S, Nat.le_0_l). apply Hs; auto.
Qed.
Fixpoint total (q : nat -> R) (n : nat) : R := match n with O => 0 | S m => total q m + q m end.
Lemma telescope (V q e T : nat -> R) (n : nat) : (forall k, (k < n)%nat -> V (S k) - V k + q k + e k <= 0) ->
  T O = 0 -> (forall k, T (S k) = T k + e k) -> T n + total q n + V n - V O <= 0.
Proof.
  intros Hs H0 HT. assert (A : forall m, (m <= n)%nat -> T m + total q m + V m - V O <= 0).
  { induction m as [|m IH]; intros Hm; [rewrite H0; simpl; lra|].
    pose proof (Hs m Hm). assert (Hm' : (m <= n)%nat) by (apply Nat.lt_le_incl; exact Hm). specialize (IH Hm').
    rewrite HT. simpl total. lra. }
  apply A. apply le_n.
Qed.
Lemma telescope_rest (V e T : nat -> R) (n : nat) : (forall k, (k < n)%nat -> V (S k) - V k + e k <= 0) ->
  T O = 0 -> (forall k, T (S k) = T k + e k) -> T n + V n - V O <= 0.
Proof.
  intros Hs H0 HT. assert (Z : forall m, total (fun _ => 0) m = 0) by (induction m as [|m IH]; simpl; [|rewrite IH]; lra).
  pose proof (telescope V (fun _ => 0) e T n) as A. rewrite Z in A. apply Rle_trans with (T n + 0 + V n - V O); [lra|].
  apply A; [|exact H0|exact HT]. intros k Hk. pose proof (Hs k Hk). lra.
Qed.
Ltac indices := rewrite ?S_INR; rewrite ?pow1; change (INR 0) with 0.
Ltac vectors := apply ip_ext; let w := fresh "w" in intros w; expand; indices; rational.
