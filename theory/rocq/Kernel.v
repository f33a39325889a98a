(* gradproof's kernel over the rational numbers as a program, proved sound: a numeric proof is data, and accepting it is a
   computation. [check_sound] at the end says what that means. Families of workers are not among the classes. *)
Require Import Reals Lra QArith Qreals List PArith Gradproof.
Import ListNotations.
Open Scope R_scope.

(* Forms: 1, the values and the inner products of basis vectors, with rational coefficients; vectors in the basis. *)
Inductive key := K1 | KF (k : positive) | KG (i j : positive).
Definition form := list (key * Q).
Definition lin := list (positive * Q).

Definition kcmp (a b : key) : comparison :=
  match a, b with
  | K1, K1 => Eq | K1, _ => Lt | _, K1 => Gt
  | KF i, KF j => Pos.compare i j | KF _, _ => Lt | _, KF _ => Gt
  | KG i j, KG k l => match Pos.compare i k with Eq => Pos.compare j l | c => c end
  end.
Lemma kcmp_eq a b : kcmp a b = Eq -> a = b.
Proof.
  destruct a, b; simpl; try discriminate; try reflexivity.
  - intros H. apply Pos.compare_eq in H. congruence.
  - destruct (Pos.compare i i0) eqn:A; try discriminate. intros H.
    apply Pos.compare_eq in A. apply Pos.compare_eq in H. congruence.
Qed.

Fixpoint merge (f : form) : form -> form :=
  fix aux (g : form) : form :=
  match f, g with
  | nil, _ => g
  | _, nil => f
  | (k, c) :: f', (l, d) :: g' =>
      match kcmp k l with
      | Lt => (k, c) :: merge f' g
      | Gt => (l, d) :: aux g'
      | Eq => (k, Qred (c + d)) :: merge f' g'
      end
  end.
Definition scale (a : Q) (f : form) : form := map (fun p => (fst p, Qred (a * snd p))) f.
Fixpoint lc (l : list (Q * form)) : form := match l with nil => nil | (a, f) :: r => merge (scale a f) (lc r) end.
Definition gkey (i j : positive) : key := if Pos.leb i j then KG i j else KG j i.
Definition row (i : positive) (c : Q) (v : lin) : form :=
  fold_right (fun p acc => merge [(gkey i (fst p), Qred (c * snd p))] acc) [] v.
Definition ipf (u v : lin) : form := fold_right (fun p acc => merge (row (fst p) (snd p) v) acc) [] u.
Fixpoint sqf (v : lin) : form := (* for v sorted by index the rows come out sorted *)
  match v with
  | nil => nil
  | (i, c) :: r => (KG i i, Qred (c * c)) :: map (fun p => (KG i (fst p), Qred (2 * c * snd p))) r ++ sqf r
  end.
Definition ladd (a : Q) (u v : lin) : lin := (* a u + v *)
  (fix go (u : lin) : lin -> lin := fix aux (v : lin) : lin :=
     match u, v with
     | nil, _ => v
     | (i, c) :: u', nil => (i, Qred (a * c)) :: go u' nil
     | (i, c) :: u', (j, d) :: v' =>
         match Pos.compare i j with
         | Lt => (i, Qred (a * c)) :: go u' v
         | Gt => (j, d) :: aux v'
         | Eq => (i, Qred (a * c + d)) :: go u' v'
         end
     end) u v.
Definition dif (u v : lin) : lin := filter (fun p => negb (Qeq_bool (snd p) 0)) (ladd (-1) v u).

(* Classes, points, axioms, statements and proofs: as in theory/axioms.py and theory/proof.py. *)
Inductive class :=
  | Function (mu L M PL : option Q) (low : option key)
  | Indicator (D : option Q)
  | Quadratic (mu L : Q)
  | Operator (mu beta L : option Q)
  | Compressor (q2 : Q).
Record point := Pt { px : lin; pg : lin; pf : form }.
Inductive axiom :=
  | Interpolation | Descent | Lipschitz | Bounded | Lower | PolyakLojasiewicz | NormalCone | Diameter | IndicatorValue
  | Symmetry | Spectrum (w : list Q) | Value | Monotone | Cocoercive | Contraction.
Inductive use := Ax (a : axiom) (member : nat) (points : list nat) (m : Q) | Premise (i : nat) (m : Q).
Record statement := St { s_members : list (class * list point); s_premises : list (bool * form); s_target : form }.
Record proof := Pf { p_uses : list use; p_squares : list (Q * lin) }.

Definition qlt (a b : Q) : bool := negb (Qle_bool b a).
Definition weighted (f : point -> lin) (w : list Q) (ps : list point) : lin :=
  fold_right (fun p acc => ladd (fst p) (f (snd p)) acc) nil (combine w ps).
Definition two : Q := 2%Q.
Definition half : Q := (1 # 2)%Q.

(* the axioms' forms, each with the function of Gradproof.v that says what it is *)
Local Open Scope Q_scope.
Definition unit_form : form := [(K1, 1)].
Definition f_interpolation (mu L : Q) (p q : point) : form :=
  let t := Qred (/ (two * (L - mu))) in let dx := dif (px p) (px q) in let dg := dif (pg p) (pg q) in
  lc [(1, pf q); (-1, pf p); (1, ipf (pg q) dx); (t, sqf dg); (Qred (t * mu * L), sqf dx); (Qred (- two * t * mu), ipf dg dx)].
Definition f_subgradient (mu : Q) (p q : point) : form :=
  let dx := dif (px p) (px q) in lc [(1, pf q); (-1, pf p); (1, ipf (pg q) dx); (mu * half, sqf dx)].
Definition f_descent (L : Q) (p q : point) : form :=
  let dx := dif (px q) (px p) in lc [(1, pf q); (-1, pf p); (-1, ipf (pg p) dx); (- (L * half), sqf dx)].
Definition f_lipschitz (L : Q) (p q : point) : form := lc [(1, sqf (dif (pg p) (pg q))); (- (L * L), sqf (dif (px p) (px q)))].
Definition f_bounded (M : Q) (p : point) : form := lc [(1, sqf (pg p)); (- (M * M), unit_form)].
Definition f_lower (L : Q) (low : key) (p : point) : form :=
  lc [(1, [(low, 1)]); (-1, pf p); (Qred (/ (two * L)), sqf (pg p))].
Definition f_lower_value (low : key) (p : point) : form := lc [(1, [(low, 1)]); (-1, pf p)].
Definition f_pl (m : Q) (low : key) (p : point) : form :=
  lc [(two * m, pf p); (- (two * m), [(low, 1)]); (-1, sqf (pg p))].
Definition f_normal (p q : point) : form := ipf (pg q) (dif (px p) (px q)).
Definition f_diameter (D : Q) (p q : point) : form := lc [(1, sqf (dif (px p) (px q))); (- (D * D), unit_form)].
Definition f_symmetry (p q : point) : form := lc [(1, ipf (px p) (pg q)); (-1, ipf (px q) (pg p))].
Definition f_spectrum (mu L : Q) (x g : lin) : form := lc [(-1, ipf (ladd (- mu) x g) (ladd (-1) g (ladd L x nil)))].
Definition f_value (p : point) : form := lc [(two, pf p); (-1, ipf (px p) (pg p))].
Definition f_monotone (mu : Q) (p q : point) : form :=
  let dx := dif (px p) (px q) in lc [(-1, ipf (dif (pg p) (pg q)) dx); (mu, sqf dx)].
Definition f_cocoercive (beta : Q) (p q : point) : form :=
  let dg := dif (pg p) (pg q) in lc [(-1, ipf dg (dif (px p) (px q))); (beta, sqf dg)].
Definition f_contraction (q2 : Q) (p : point) : form := lc [(1, sqf (dif (pg p) (px p))); (- q2, sqf (px p))].

(* an axiom at points of a member: whether it is an equality, and its form *)
Definition of_pair (e : bool) (f : point -> point -> form) (ps : list point) : option (bool * form) :=
  match ps with [p; q] => Some (e, f p q) | _ => None end.
Definition of_one (e : bool) (f : point -> form) (ps : list point) : option (bool * form) :=
  match ps with [p] => Some (e, f p) | _ => None end.
Definition axiom_form (a : axiom) (c : class) (ps : list point) : option (bool * form) :=
  match a, c with
  | Interpolation, Function (Some mu) (Some L) _ _ _ => if qlt mu L then of_pair false (f_interpolation mu L) ps else None
  | Interpolation, Function (Some mu) None _ _ _ => of_pair false (f_subgradient mu) ps
  | Descent, Function _ (Some L) _ _ _ => of_pair false (f_descent L) ps
  | Lipschitz, Function (Some mu) (Some L) _ _ _ =>
      if (qlt 0 L && Qle_bool 0 (mu + L))%bool then of_pair false (f_lipschitz L) ps else None
  | Lipschitz, Operator _ _ (Some L) => of_pair false (f_lipschitz L) ps
  | Bounded, Function _ _ (Some M) _ _ => of_one false (f_bounded M) ps
  | Lower, Function _ (Some L) _ _ (Some low) => if qlt 0 L then of_one false (f_lower L low) ps else None
  | Lower, Function _ None _ _ (Some low) => of_one false (f_lower_value low) ps
  | PolyakLojasiewicz, Function _ _ _ (Some m) (Some low) => of_one false (f_pl m low) ps
  | NormalCone, Indicator _ => of_pair false f_normal ps
  | Diameter, Indicator (Some D) => of_pair false (f_diameter D) ps
  | IndicatorValue, Indicator _ => of_one true pf ps
  | Symmetry, Quadratic _ _ => of_pair true f_symmetry ps
  | Spectrum w, Quadratic mu L =>
      if (qlt mu L && Nat.eqb (length w) (length ps))%bool
      then Some (false, f_spectrum mu L (weighted px w ps) (weighted pg w ps)) else None
  | Value, Quadratic _ _ => of_one true f_value ps
  | Monotone, Operator (Some mu) _ _ => of_pair false (f_monotone mu) ps
  | Cocoercive, Operator _ (Some beta) _ => of_pair false (f_cocoercive beta) ps
  | Contraction, Compressor q2 => of_one false (f_contraction q2) ps
  | _, _ => None
  end.
Local Close Scope Q_scope.

Fixpoint pick {A} (l : list A) (ns : list nat) : option (list A) :=
  match ns with
  | nil => Some nil
  | n :: r => match nth_error l n, pick l r with Some a, Some b => Some (a :: b) | _, _ => None end
  end.
Definition use_form (s : statement) (u : use) : option (Q * (bool * form)) :=
  match u with
  | Ax a i ns m => match nth_error (s_members s) i with
      | Some (c, ps) => match pick ps ns with
          | Some qs => match axiom_form a c qs with Some f => Some (m, f) | None => None end
          | None => None end
      | None => None end
  | Premise i m => match nth_error (s_premises s) i with Some f => Some (m, f) | None => None end
  end.
Fixpoint total (s : statement) (us : list use) : option form :=
  match us with
  | nil => Some nil
  | u :: r => match use_form s u, total s r with
      | Some (m, (e, f)), Some acc => if (e || Qle_bool 0 m)%bool then Some (merge (scale m f) acc) else None
      | _, _ => None end
  end.
Fixpoint squares (q : list (Q * lin)) : option form :=
  match q with
  | nil => Some nil
  | (d, v) :: r => match squares r with
      | Some acc => if Qle_bool 0 d then Some (merge (scale d (sqf v)) acc) else None
      | None => None end
  end.
Definition zero_form (f : form) : bool := forallb (fun p => Qeq_bool (snd p) 0) f.
Definition check (s : statement) (p : proof) : bool :=
  match total s (p_uses p), squares (p_squares p) with
  | Some a, Some b => zero_form (merge a (scale (-1) (merge b (s_target s))))
  | _, _ => false
  end.

(* ---- soundness ---- *)
Lemma Qred_R q : Q2R (Qred q) = Q2R q.
Proof. apply Qeq_eqR. apply Qred_correct. Qed.
Lemma Q2R_0 : Q2R 0 = 0. Proof. unfold Q2R. simpl. ring. Qed.
Lemma Q2R_1 : Q2R 1 = 1. Proof. unfold Q2R. simpl. field. Qed.
Lemma Q2R_2 : Q2R 2 = 2. Proof. unfold Q2R. simpl. field. Qed.
Lemma Q2R_two : Q2R two = 2. Proof. exact Q2R_2. Qed.
Lemma Q2R_half : Q2R half = 1 / 2. Proof. unfold Q2R. simpl. field. Qed.
Lemma Q2R_m1 : Q2R (-1) = -1. Proof. unfold Q2R. simpl. field. Qed.
Lemma nonneg_R m : Qle_bool 0 m = true -> 0 <= Q2R m.
Proof. intros H. apply Qle_bool_iff, Qle_Rle in H. rewrite Q2R_0 in H. exact H. Qed.
Lemma qlt_R a b : qlt a b = true -> Q2R a < Q2R b.
Proof.
  unfold qlt. intros H. apply Qlt_Rlt, Qnot_le_lt. intros D. apply Qle_bool_iff in D. rewrite D in H. discriminate.
Qed.

Local Arguments Qred : simpl never. Local Arguments Qplus : simpl never. Local Arguments Qmult : simpl never.
Local Arguments Q2R : simpl never. Local Arguments Qopp : simpl never. Local Arguments Qinv : simpl never.
Opaque two half.
Section Sound.
Context {E : space}.
Variable vec : positive -> E.
Variable value : positive -> R.
Definition ev (k : key) : R := match k with K1 => 1 | KF i => value i | KG i j => ip (vec i) (vec j) end.
Fixpoint eval (f : form) : R := match f with nil => 0 | (k, c) :: r => Q2R c * ev k + eval r end.
Fixpoint lv (v : lin) : E := match v with nil => zero | (i, c) :: r => add (scal (Q2R c) (vec i)) (lv r) end.

Lemma eval_merge f : forall g, eval (merge f g) = eval f + eval g.
Proof.
  induction f as [|[k c] f IH]; intros g.
  - destruct g; simpl; ring.
  - induction g as [|[l d] g IHg]; [simpl; ring|].
    simpl. destruct (kcmp k l) eqn:A.
    + apply kcmp_eq in A. subst l. simpl. rewrite IH, Qred_R, Q2R_plus. ring.
    + simpl. rewrite IH. simpl. ring.
    + simpl in *. rewrite IHg. ring.
Qed.
Lemma eval_scale a f : eval (scale a f) = Q2R a * eval f.
Proof. induction f as [|[k c] f IH]; simpl; [ring|]. rewrite IH, Qred_R, Q2R_mult. ring. Qed.
Lemma ev_gkey i j : ev (gkey i j) = ip (vec i) (vec j).
Proof. unfold gkey. destruct (Pos.leb i j); simpl; [reflexivity|apply ip_sym]. Qed.
Lemma eval_row i c v : eval (row i c v) = Q2R c * ip (vec i) (lv v).
Proof.
  induction v as [|[j d] v IH]; cbn [row fold_right lv fst snd]; [simpl; rewrite ip_zero_r; ring|].
  rewrite eval_merge. fold (row i c v). rewrite IH. cbn [eval]. rewrite ev_gkey, Qred_R, Q2R_mult.
  rewrite ip_add_r, ip_scal_r. ring.
Qed.
Lemma eval_ipf u v : eval (ipf u v) = ip (lv u) (lv v).
Proof.
  induction u as [|[i c] u IH]; cbn [ipf fold_right lv fst snd]; [simpl; rewrite ip_zero; ring|].
  rewrite eval_merge. fold (ipf u v). rewrite IH, eval_row, ip_add, ip_scal. ring.
Qed.
Lemma eval_app f g : eval (f ++ g) = eval f + eval g.
Proof. induction f as [|[k c] f IH]; simpl; [ring|]. rewrite IH. ring. Qed.
Lemma eval_sqrow i c r :
  eval (map (fun p : positive * Q => (KG i (fst p), Qred (2 * c * snd p))) r) = 2 * Q2R c * ip (vec i) (lv r).
Proof.
  induction r as [|[j d] r IH]; cbn [map eval lv fst snd ev]; [rewrite ip_zero_r; ring|].
  rewrite IH, Qred_R, !Q2R_mult, Q2R_2, ip_add_r, ip_scal_r. ring.
Qed.
Lemma eval_sqf v : eval (sqf v) = sq (lv v).
Proof.
  unfold sq. induction v as [|[i c] v IH]; cbn [sqf eval lv ev]; [rewrite ip_zero; reflexivity|].
  rewrite eval_app, IH, eval_sqrow, Qred_R, Q2R_mult.
  rewrite !ip_add, !ip_add_r, !ip_scal, !ip_scal_r, (ip_sym (lv v) (vec i)). ring.
Qed.
Lemma ip_ladd a u : forall v w, ip (lv (ladd a u v)) w = Q2R a * ip (lv u) w + ip (lv v) w.
Proof.
  induction u as [|[i c] u IH]; intros v w.
  - destruct v; cbn [ladd lv]; rewrite ip_zero; ring.
  - induction v as [|[j d] v IHv].
    + cbn [ladd lv]. rewrite !ip_add, !ip_scal, ip_zero, Qred_R, Q2R_mult.
      change ((fix go (u0 : lin) : lin -> lin := _) u []) with (ladd a u []). rewrite IH. cbn [lv]. rewrite ip_zero. ring.
    + cbn [ladd]. destruct (Pos.compare i j) eqn:A.
      * apply Pos.compare_eq in A. subst j. cbn [lv]. rewrite !ip_add, !ip_scal, Qred_R, Q2R_plus, Q2R_mult.
        change ((fix go (u0 : lin) : lin -> lin := _) u v) with (ladd a u v). rewrite IH. ring.
      * cbn [lv]. rewrite !ip_add, !ip_scal, Qred_R, Q2R_mult.
        change ((fix go (u0 : lin) : lin -> lin := _) u ((j, d) :: v)) with (ladd a u ((j, d) :: v)). rewrite IH. cbn [lv].
        rewrite ip_add, ip_scal. ring.
      * cbn [lv]. rewrite ip_add. cbn [ladd] in IHv. rewrite IHv. cbn [lv]. rewrite !ip_add, !ip_scal. ring.
Qed.
Lemma lv_ladd a u v : lv (ladd a u v) = add (scal (Q2R a) (lv u)) (lv v).
Proof. apply ip_ext. intros w. rewrite ip_ladd, ip_add, ip_scal. ring. Qed.
Lemma ip_filter v w : ip (lv (filter (fun p => negb (Qeq_bool (snd p) 0)) v)) w = ip (lv v) w.
Proof.
  induction v as [|[i c] v IH]; [reflexivity|]. cbn [filter snd]. destruct (Qeq_bool c 0) eqn:A; cbn [negb lv].
  - apply Qeq_bool_eq, Qeq_eqR in A. rewrite IH, ip_add, ip_scal, A, Q2R_0. ring.
  - rewrite !ip_add, IH. ring.
Qed.
Lemma lv_dif u v : lv (dif u v) = sub (lv u) (lv v).
Proof. apply ip_ext. intros w. unfold dif. rewrite ip_filter, ip_ladd, Q2R_m1. expand. ring. Qed.

(* what a member is, and what it means that it belongs to a class and passes through a point *)
Inductive model := MFun (f : func E) | MSet (C : E -> Prop) | MQuad (A : E -> E) | MOp (A : E -> E -> Prop) | MComp (C : E -> E).
Definition given {A} (P : A -> Prop) (o : option A) : Prop := match o with Some a => P a | None => True end.
Definition satisfies (c : class) (m : model) : Prop :=
  match c, m with
  | Function mu L M PL low, MFun f =>
      given (fun a => curved f (Q2R a)) mu /\ given (fun a => smooth f (Q2R a)) L /\
      given (fun a => bounded_subgradients f (Q2R a)) M /\ given (fun k => bounded_below f (ev k)) low /\
      given (fun a => given (fun k => polyak_lojasiewicz f (Q2R a) (ev k)) low) PL
  | Indicator D, MSet C => given (fun a => diameter C (Q2R a)) D
  | Quadratic mu L, MQuad A => symmetric A (Q2R mu) (Q2R L)
  | Operator mu beta L, MOp A =>
      given (fun a => strongly_monotone A (Q2R a)) mu /\ given (fun a => cocoercive A (Q2R a)) beta /\
      given (fun a => lipschitz_operator A (Q2R a)) L
  | Compressor q2, MComp C => contractive C (Q2R q2)
  | _, _ => False
  end.
Definition through (m : model) (p : point) : Prop :=
  match m with
  | MFun f => at_point f (lv (px p)) (lv (pg p)) (eval (pf p))
  | MSet C => normal C (lv (px p)) (lv (pg p)) /\ eval (pf p) = 0
  | MQuad A => A (lv (px p)) = lv (pg p) /\ 2 * eval (pf p) = ip (lv (px p)) (lv (pg p))
  | MOp A => A (lv (px p)) (lv (pg p))
  | MComp C => C (lv (px p)) = lv (pg p)
  end.
Definition holds (ef : bool * form) : Prop := if fst ef then eval (snd ef) = 0 else eval (snd ef) <= 0.

Ltac evals := cbn [fst snd lc eval ev]; rewrite ?eval_merge; rewrite ?eval_scale; rewrite ?eval_ipf; rewrite ?eval_sqf;
  rewrite ?lv_dif; cbn [eval ev]; rewrite ?Qred_R; rewrite ?Q2R_mult; rewrite ?Q2R_opp; rewrite ?Q2R_mult;
  rewrite ?Qred_R; rewrite ?Q2R_two; rewrite ?Q2R_half; rewrite ?Q2R_m1; rewrite ?Q2R_1.
Ltac by_fact F := match type of F with ?a <= 0 => match goal with |- ?b <= 0 => replace b with a; [exact F | try ring] end end.

Lemma inv_R a : Q2R a <> 0 -> Q2R (/ a) = / Q2R a.
Proof. intros H. apply Q2R_inv. intros A. apply H. rewrite (Qeq_eqR _ _ A). apply Q2R_0. Qed.
Lemma lv_weighted_linear (A : E -> E) mu L w : forall ps, symmetric A mu L -> length w = length ps ->
  Forall (fun p => A (lv (px p)) = lv (pg p)) ps -> A (lv (weighted px w ps)) = lv (weighted pg w ps).
Proof.
  intros ps HA. revert ps. induction w as [|a w IH]; intros [|p ps] Hn Hp; try discriminate.
  - exact (symmetric_zero A mu L HA).
  - inversion Hp; subst. injection Hn as Hn. pose proof (IH ps Hn H2) as B. unfold weighted in *.
    cbn [combine fold_right fst snd]. rewrite !lv_ladd. apply (symmetric_combine A mu L HA); assumption.
Qed.

Section Points.
Variables p q : point.
Section OfFunction.
Variable f : func E.
Hypothesis Hp : through (MFun f) p.
Hypothesis Hq : through (MFun f) q.
Lemma s_interpolation mu L : Q2R mu < Q2R L -> curved f (Q2R mu) -> smooth f (Q2R L) -> eval (f_interpolation mu L p q) <= 0.
Proof.
  intros A Hmu HL. pose proof (interpolation f _ _ A Hmu HL _ _ _ _ _ _ Hp Hq) as F. unfold f_interpolation. evals.
  rewrite inv_R by (rewrite Q2R_mult, Q2R_minus, Q2R_two; lra). rewrite Q2R_mult, Q2R_minus, Q2R_two. by_fact F. field. lra.
Qed.
Lemma s_subgradient mu : curved f (Q2R mu) -> eval (f_subgradient mu p q) <= 0.
Proof. intros H. pose proof (interpolation_nonsmooth f _ H _ _ _ _ _ _ Hp Hq) as F. unfold f_subgradient. evals. by_fact F. field. Qed.
Lemma s_descent L : smooth f (Q2R L) -> eval (f_descent L p q) <= 0.
Proof. intros H. pose proof (descent f _ H _ _ _ _ _ _ Hp Hq) as F. unfold f_descent. evals. by_fact F. field. Qed.
Lemma s_lipschitz mu L : 0 < Q2R L -> 0 <= Q2R mu + Q2R L -> curved f (Q2R mu) -> smooth f (Q2R L) -> eval (f_lipschitz L p q) <= 0.
Proof. intros A B Hmu HL. pose proof (lipschitz f _ _ A B Hmu HL _ _ _ _ _ _ Hp Hq) as F. unfold f_lipschitz. evals. by_fact F. Qed.
Lemma s_bounded M : bounded_subgradients f (Q2R M) -> eval (f_bounded M p) <= 0.
Proof. intros H. pose proof (bounded f _ H _ _ _ Hp) as F. unfold f_bounded, unit_form. evals. by_fact F. Qed.
Lemma s_lower L low : 0 < Q2R L -> smooth f (Q2R L) -> bounded_below f (ev low) -> eval (f_lower L low p) <= 0.
Proof.
  intros A HL Hl. pose proof (lower f _ _ A HL Hl _ _ _ Hp) as F. unfold f_lower. evals.
  rewrite inv_R by (rewrite Q2R_mult, Q2R_two; lra). rewrite Q2R_mult, Q2R_two. by_fact F. field. lra.
Qed.
Lemma s_lower_value low : bounded_below f (ev low) -> eval (f_lower_value low p) <= 0.
Proof. intros H. pose proof (lower_value f _ H _ _ _ Hp) as F. unfold f_lower_value. evals. by_fact F. Qed.
Lemma s_pl m low : polyak_lojasiewicz f (Q2R m) (ev low) -> eval (f_pl m low p) <= 0.
Proof. intros H. pose proof (pl f _ _ H _ _ _ Hp) as F. unfold f_pl. evals. by_fact F. Qed.
End OfFunction.
Lemma s_normal C : through (MSet C) p -> through (MSet C) q -> eval (f_normal p q) <= 0.
Proof. intros [[Hp _] _] [[_ Hq] _]. pose proof (Hq _ Hp) as F. unfold f_normal. evals. by_fact F. Qed.
Lemma s_diameter C D : through (MSet C) p -> through (MSet C) q -> diameter C (Q2R D) -> eval (f_diameter D p q) <= 0.
Proof. intros [[Hp _] _] [[Hq _] _] H. pose proof (H _ _ Hp Hq) as F. unfold f_diameter, unit_form. evals. lra. Qed.
Lemma s_symmetry A mu L : through (MQuad A) p -> through (MQuad A) q -> symmetric A mu L -> eval (f_symmetry p q) = 0.
Proof.
  intros [Hp _] [Hq _] H. unfold f_symmetry. evals. rewrite <- Hp, <- Hq, (ip_sym (lv (px q))), (s_sym A mu L H). ring.
Qed.
Lemma s_value A : through (MQuad A) p -> eval (f_value p) = 0.
Proof. intros [_ Hp]. unfold f_value. evals. lra. Qed.
Lemma s_monotone (A : E -> E -> Prop) mu : A (lv (px p)) (lv (pg p)) -> A (lv (px q)) (lv (pg q)) -> strongly_monotone A (Q2R mu) -> eval (f_monotone mu p q) <= 0.
Proof. intros Hp Hq H. pose proof (H _ _ _ _ Hp Hq) as F. unfold f_monotone. evals. lra. Qed.
Lemma s_cocoercive (A : E -> E -> Prop) beta : A (lv (px p)) (lv (pg p)) -> A (lv (px q)) (lv (pg q)) -> cocoercive A (Q2R beta) -> eval (f_cocoercive beta p q) <= 0.
Proof. intros Hp Hq H. pose proof (H _ _ _ _ Hp Hq) as F. unfold f_cocoercive. evals. lra. Qed.
Lemma s_lipschitz_operator (A : E -> E -> Prop) L : A (lv (px p)) (lv (pg p)) -> A (lv (px q)) (lv (pg q)) -> lipschitz_operator A (Q2R L) -> eval (f_lipschitz L p q) <= 0.
Proof. intros Hp Hq H. pose proof (H _ _ _ _ Hp Hq) as F. unfold f_lipschitz. evals. lra. Qed.
Lemma s_contraction C q2 : C (lv (px p)) = lv (pg p) -> contractive C (Q2R q2) -> eval (f_contraction q2 p) <= 0.
Proof. intros Hp H. pose proof (H (lv (px p))) as F. rewrite Hp in F. unfold f_contraction. evals. lra. Qed.
End Points.
Lemma s_spectrum A mu L w ps : Q2R mu < Q2R L -> symmetric A (Q2R mu) (Q2R L) -> length w = length ps ->
  Forall (through (MQuad A)) ps -> eval (f_spectrum mu L (weighted px w ps) (weighted pg w ps)) <= 0.
Proof.
  intros HL HA Hn Hp. pose proof (spectrum A _ _ HL HA (lv (weighted px w ps))) as F.
  rewrite (lv_weighted_linear A _ _ w ps HA Hn) in F.
  - unfold f_spectrum. evals. rewrite !lv_ladd, Q2R_opp, Q2R_m1. cbn [lv]. revert F. expand. intros F. lra.
  - eapply Forall_impl; [|exact Hp]. intros p [H _]. exact H.
Qed.

Lemma of_pair_sound (P : point -> Prop) e f ps ef : (forall p q, P p -> P q -> holds (e, f p q)) ->
  Forall P ps -> of_pair e f ps = Some ef -> holds ef.
Proof.
  intros H Hp. destruct ps as [|p [|q [|r s]]]; try discriminate. intros A. injection A as <-.
  apply H; rewrite Forall_forall in Hp; apply Hp; simpl; auto.
Qed.
Lemma of_one_sound (P : point -> Prop) e f ps ef : (forall p, P p -> holds (e, f p)) ->
  Forall P ps -> of_one e f ps = Some ef -> holds ef.
Proof.
  intros H Hp. destruct ps as [|p [|q s]]; try discriminate. intros A. injection A as <-.
  apply H. rewrite Forall_forall in Hp. apply Hp. simpl. auto.
Qed.
Lemma axiom_sound a c ps m ef :
  satisfies c m -> Forall (through m) ps -> axiom_form a c ps = Some ef -> holds ef.
Proof.
  intros Hc Hp. destruct c as [mu L M PL low|D|mu L|mu beta L|q2], m as [f|C|A|A|C]; try contradiction;
    unfold satisfies in Hc; destruct a; cbn [axiom_form]; try discriminate.
  - destruct Hc as (Hmu & HL & _). destruct mu as [mu|]; [|discriminate]. destruct L as [L|].
    + destruct (qlt mu L) eqn:B; [|discriminate]. apply of_pair_sound with (2 := Hp). intros p q H1 H2.
      apply (s_interpolation p q f H1 H2 mu L (qlt_R _ _ B) Hmu HL).
    + apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_subgradient p q f H1 H2 mu Hmu).
  - destruct Hc as (_ & HL & _). destruct L as [L|]; [|destruct mu; discriminate].
    assert (R : of_pair false (f_descent L) ps = Some ef -> holds ef).
    { apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_descent p q f H1 H2 L HL). }
    destruct mu; exact R.
  - destruct Hc as (Hmu & HL & _). destruct mu as [mu|]; [|discriminate]. destruct L as [L|]; [|discriminate].
    destruct (qlt 0 L && Qle_bool 0 (mu + L))%bool eqn:B; [|discriminate]. apply andb_prop in B as [B1 B2].
    apply qlt_R in B1. rewrite Q2R_0 in B1. apply nonneg_R in B2. rewrite Q2R_plus in B2.
    apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_lipschitz p q f H1 H2 mu L B1 B2 Hmu HL).
  - destruct Hc as (_ & _ & HM & _). destruct M as [M|]; [|destruct mu, L; discriminate].
    assert (R : of_one false (f_bounded M) ps = Some ef -> holds ef).
    { apply of_one_sound with (2 := Hp). intros p H1. apply (s_bounded p f H1 M HM). }
    destruct mu, L; exact R.
  - destruct Hc as (_ & HL & _ & Hl & _). destruct low as [low|]; [|destruct mu, L, M, PL; discriminate].
    destruct L as [L|].
    + assert (R : (if qlt 0 L then of_one false (f_lower L low) ps else None) = Some ef -> holds ef).
      { destruct (qlt 0 L) eqn:B; [|discriminate]. apply qlt_R in B. rewrite Q2R_0 in B.
        apply of_one_sound with (2 := Hp). intros p H1. apply (s_lower p f H1 L low B HL Hl). }
      destruct mu, M, PL; exact R.
    + assert (R : of_one false (f_lower_value low) ps = Some ef -> holds ef).
      { apply of_one_sound with (2 := Hp). intros p H1. apply (s_lower_value p f H1 low Hl). }
      destruct mu, M, PL; exact R.
  - destruct Hc as (_ & _ & _ & _ & HP). destruct low as [low|]; [|destruct mu, L, M, PL; discriminate].
    destruct PL as [PL|]; [|destruct mu, L, M; discriminate].
    assert (R : of_one false (f_pl PL low) ps = Some ef -> holds ef).
    { apply of_one_sound with (2 := Hp). intros p H1. apply (s_pl p f H1 PL low HP). }
    destruct mu, L, M; exact R.
  - apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_normal p q C H1 H2).
  - destruct D as [D|]; [|discriminate]. apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_diameter p q C D H1 H2 Hc).
  - apply of_one_sound with (2 := Hp). intros p [_ H1]. exact H1.
  - apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_symmetry p q A _ _ H1 H2 Hc).
  - destruct (qlt mu L && Nat.eqb (length w) (length ps))%bool eqn:B; [|discriminate]. apply andb_prop in B as [B1 B2].
    apply qlt_R in B1. apply Nat.eqb_eq in B2. intros H. injection H as <-.
    apply (s_spectrum A mu L w ps B1 Hc B2 Hp).
  - apply of_one_sound with (2 := Hp). intros p H1. apply (s_value p A H1).
  - destruct Hc as (_ & _ & HL). destruct L as [L|]; [|destruct mu, beta; discriminate].
    assert (R : of_pair false (f_lipschitz L) ps = Some ef -> holds ef).
    { apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_lipschitz_operator p q A L H1 H2 HL). }
    destruct mu, beta; exact R.
  - destruct Hc as (Hmu & _). destruct mu as [mu|]; [|discriminate].
    apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_monotone p q A mu H1 H2 Hmu).
  - destruct Hc as (_ & Hb & _). destruct beta as [beta|]; [|destruct mu; discriminate].
    assert (R : of_pair false (f_cocoercive beta) ps = Some ef -> holds ef).
    { apply of_pair_sound with (2 := Hp). intros p q H1 H2. apply (s_cocoercive p q A beta H1 H2 Hb). }
    destruct mu; exact R.
  - apply of_one_sound with (2 := Hp). intros p H1. apply (s_contraction p C q2 H1 Hc).
Qed.

(* every member belongs to its class and passes through its points, and the premises hold *)
Definition assumptions (s : statement) (models : list model) : Prop :=
  Forall2 (fun cp m => satisfies (fst cp) m /\ Forall (through m) (snd cp)) (s_members s) models /\ Forall holds (s_premises s).

Lemma Forall2_nth {A B} (P : A -> B -> Prop) l r n a : Forall2 P l r -> nth_error l n = Some a -> exists b, P a b.
Proof.
  intros H. revert n. induction H as [|x y l r Hxy H IH]; intros [|n] A0; try discriminate.
  - injection A0 as <-. exists y. exact Hxy.
  - exact (IH n A0).
Qed.
Lemma pick_Forall {A} (P : A -> Prop) l ns : Forall P l -> forall r, pick l ns = Some r -> Forall P r.
Proof.
  intros H. induction ns as [|n ns IH]; cbn [pick]; intros r A0; [injection A0 as <-; constructor|].
  destruct (nth_error l n) as [a|] eqn:B; [|discriminate]. destruct (pick l ns) as [b|]; [|discriminate]. injection A0 as <-.
  constructor; [|apply IH; reflexivity]. rewrite Forall_forall in H. apply H. eapply nth_error_In; eassumption.
Qed.
Lemma use_sound s models u m ef : assumptions s models -> use_form s u = Some (m, ef) -> holds ef.
Proof.
  intros [Hm Hp] H. destruct u as [a i ns c|i c]; cbn [use_form] in H.
  - destruct (nth_error (s_members s) i) as [[k ps]|] eqn:A; [|discriminate].
    destruct (pick ps ns) as [qs|] eqn:B; [|discriminate]. destruct (axiom_form a k qs) as [g|] eqn:D; [|discriminate].
    injection H as <- <-. destruct (Forall2_nth _ _ _ _ _ Hm A) as [mo [H1 H2]].
    exact (axiom_sound a k qs mo g H1 (pick_Forall _ _ _ H2 _ B) D).
  - destruct (nth_error (s_premises s) i) as [g|] eqn:A; [|discriminate]. injection H as <- <-.
    rewrite Forall_forall in Hp. apply Hp. eapply nth_error_In; eassumption.
Qed.
Lemma total_sound s models us : assumptions s models -> forall g, total s us = Some g -> eval g <= 0.
Proof.
  intros Ha. induction us as [|u us IH]; cbn [total]; intros g H.
  - injection H as <-. simpl. lra.
  - destruct (use_form s u) as [[m [e h]]|] eqn:A; [|discriminate]. destruct (total s us) as [acc|]; [|discriminate].
    destruct (e || Qle_bool 0 m)%bool eqn:B; [|discriminate]. injection H as <-.
    rewrite eval_merge, eval_scale. pose proof (IH _ eq_refl). pose proof (use_sound _ _ _ _ _ Ha A) as U.
    unfold holds in U. cbn [fst snd] in U. destruct e.
    + rewrite U. lra.
    + pose proof (mul_np _ _ (nonneg_R _ B) U). lra.
Qed.
Lemma squares_sound q : forall g, squares q = Some g -> 0 <= eval g.
Proof.
  induction q as [|[d v] q IH]; cbn [squares]; intros g H.
  - injection H as <-. simpl. lra.
  - destruct (squares q) as [acc|]; [|discriminate]. destruct (Qle_bool 0 d) eqn:B; [|discriminate]. injection H as <-.
    rewrite eval_merge, eval_scale, eval_sqf. pose proof (IH _ eq_refl).
    pose proof (mul_nn _ _ (nonneg_R _ B) (sq_pos (lv v))). lra.
Qed.
Lemma zero_sound g : zero_form g = true -> eval g = 0.
Proof.
  induction g as [|[k c] g IH]; simpl; [reflexivity|]. intros H. apply andb_prop in H. destruct H as [A B].
  rewrite IH by assumption. apply Qeq_bool_eq, Qeq_eqR in A. rewrite A, Q2R_0. ring.
Qed.
Theorem check_sound s p : check s p = true -> forall models, assumptions s models -> eval (s_target s) <= 0.
Proof.
  unfold check. intros H models Ha. destruct (total s (p_uses p)) as [a|] eqn:A; [|discriminate].
  destruct (squares (p_squares p)) as [b|] eqn:B; [|discriminate].
  apply zero_sound in H. rewrite eval_merge, eval_scale, eval_merge, Q2R_m1 in H.
  pose proof (total_sound _ _ _ Ha _ A). pose proof (squares_sound _ _ B). lra.
Qed.
End Sound.
