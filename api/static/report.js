"use strict";
(() => {
  const root = document.documentElement;
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private windows have none */ } };

  const theme = document.getElementById("theme");
  if (theme) {
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const say = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Switch to the ${dark() ? "light" : "dark"} theme`); };
    theme.hidden = false;
    theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; keep("gradproof-theme", root.dataset.theme); say(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
    say();
  }

  // what a word means, where a pointer rests on it
  const words = globalThis.gradproofWords ?? {};
  for (const a of document.querySelectorAll("a.term")) a.title = words[a.hash.slice(1)] ?? "";
  for (const v of document.querySelectorAll(".v")) v.title = words[v.classList[1]] ?? "";

  const form = document.getElementById("filters");
  if (!form) return;
  form.hidden = false;
  const table = document.querySelector("table.claims");
  const body = table.tBodies[0];
  const status = document.getElementById("status");
  const none = document.getElementById("none");
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const rows = [...body.rows].map((tr, order) => {
    const d = tr.dataset;
    return {
      tr, order, shown: true, text: fold(tr.textContent + " " + d.words), verdict: d.verdict, paper: d.paper, family: d.family,
      evidence: d.evidence.split(" "), tight: d.tight === "" ? null : Number(d.tight), rank: Number(d.rank),
    };
  });
  const verdicts = [...document.querySelectorAll("input[name=verdict]")];
  const fields = ["q", "family", "paper", "evidence", "tight"];
  const tightness = {
    attained: (t) => t !== null && t >= 0.9995, near: (t) => t !== null && t >= 0.5, loose: (t) => t !== null && t < 0.5,
    over: (t) => t !== null && t > 1, none: (t) => t === null,
  };

  function apply() {
    const want = Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
    const chosen = new Set(verdicts.filter((v) => v.checked).map((v) => v.value));
    const parts = fold(want.q).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const r of rows) {
      const show = (!chosen.size || chosen.has(r.verdict)) && (!want.family || r.family === want.family)
        && (!want.paper || r.paper === want.paper) && (!want.evidence || r.evidence.includes(want.evidence))
        && (!want.tight || tightness[want.tight](r.tight)) && parts.every((w) => r.text.includes(w));
      if (show !== r.shown) { r.shown = show; r.tr.hidden = !show; }
      count += show;
    }
    status.textContent = count === rows.length ? `${count} claims` : `${count} of ${rows.length} claims`;
    none.hidden = count > 0 || rows.length === 0;
    const state = new URLSearchParams();
    for (const name of fields) if (want[name]) state.set(name, want[name]);
    for (const v of chosen) state.append("verdict", v);
    history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
  }

  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const name of fields) form.elements[name].value = state.get(name) ?? "";
    for (const v of verdicts) v.checked = state.getAll("verdict").includes(v.value);
    apply();
  }

  const values = { verdict: (r) => r.rank, claim: (r) => r.text, paper: (r) => r.paper, evidence: (r) => -r.evidence.length, tightness: (r) => r.tight ?? -1 };
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => {
      const th = button.closest("th");
      const down = th.getAttribute("aria-sort") === "ascending";
      for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = values[button.dataset.by];
      const sign = down ? -1 : 1;
      rows.sort((a, b) => {
        const x = value(a), y = value(b);
        return x < y ? -sign : x > y ? sign : a.order - b.order;
      });
      body.append(...rows.map((r) => r.tr));
    });
  }

  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(apply, rows.length > 2000 ? 120 : 0); };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);  // some browsers and aids tell of a choice in no other way
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  addEventListener("hashchange", restore);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input[type=search], select, textarea");
    if (event.key === "/" && !typing) { event.preventDefault(); form.elements.q.focus(); return; }
    if (event.key === "Escape" && typing) { form.reset(); return; }
    const down = event.key === "ArrowDown" || (event.key === "j" && !typing);
    const up = event.key === "ArrowUp" || (event.key === "k" && !typing);
    if ((!down && !up) || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, .tally")) return;
    const links = rows.filter((r) => r.shown).map((r) => r.tr.querySelector("a"));
    const at = links.indexOf(document.activeElement);
    if (at < 0 && !(down && typing) && !["j", "k"].includes(event.key)) return;
    event.preventDefault();
    if (up && at === 0) form.elements.q.focus();
    else links[at < 0 ? 0 : Math.min(Math.max(at + (down ? 1 : -1), 0), links.length - 1)]?.focus();
  });
  restore();
})();
