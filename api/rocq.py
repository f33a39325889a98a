"""Proofs for the proof assistant Rocq (Coq): files are written from ``theory.rocq`` and checked by ``coqc``.

A file may come from a stranger. Only the commands that an export uses are let through, our own ``Gradproof.v`` and ``Kernel.v``
stand behind its imports, and what its theorems rest on is asked of Coq, not of the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from gradproof.checking import LONGEST, OutOfTime
from gradproof.theory.claim import Claim
from gradproof.theory.coverage import leaves, stated
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError, ProofRejected
from gradproof.theory.proof import Proof
from gradproof.theory.rocq.derived import derived
from gradproof.theory.rocq.numeric import numeric
from gradproof.theory.rocq.parametric import parametric
from gradproof.theory.tie import check_derivation

LIBRARY = ("Gradproof", "Kernel")
#: what the real numbers of Coq's standard library rest on
AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
    }
)
_IMPORTS = frozenset({"Reals", "Lra", "Lia", "Psatz", "QArith", "List", "PArith", "Arith", *LIBRARY})
_COMMANDS = frozenset(
    {"Require", "Import", "Open", "Definition", "Theorem", "Lemma", "Proof", "Qed", "Print", "Section", "End", "Context",
     "Variable", "Variables", "Hypothesis"}
)  # fmt: skip


class CoqAbsent(OutOfTime):
    """Nothing was decided: there is no coqc on the path."""


def coq_text(proof: Proof, name: str) -> str:
    """A Coq file with one theorem, the statement of a proof that the kernel has accepted.

    Raises:
        NotExported: it has a part that is not exported yet.
    """
    return parametric(proof, name) if proof.statement.domain else numeric(proof, name)


def file_stem(name: str) -> str:
    """A name as a Coq module and theorem: letters, digits and ``_``."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "proof"
    return stem if stem[0].isalpha() else f"proof_{stem}"


def claim_texts(claim: Claim) -> dict[str, str]:
    """File name -> text: a file for every case of a claim's derivation, which ends in the case's conclusion for all N.

    Raises:
        GradproofError: the claim has no derivation, or it is not accepted. NotExported: a part is not exported yet.
    """
    derivation = derivation_of(claim)
    if derivation is None:
        raise GradproofError(
            f"{claim.id} has no derivation; export a proof of it: gradproof certify {claim.id} ... -o proof.json"
        )
    check_derivation(derivation, claim)
    texts = {}
    for number, (case, _) in enumerate(leaves(derivation.tree, stated(claim, derivation.formal).base), 1):
        name = file_stem(f"{claim.id} {number}")
        words = f"{claim.id}, case {number}: {claim.title}; {claim.quantity} {claim.relation.value} {claim.expression}"
        texts[f"{name}.v"] = derived(derivation.formal.method, case, name, words)
    return texts


def library_texts() -> dict[str, str]:
    """The Coq files that an export imports, by file name."""
    folder = resources.files("gradproof.theory.rocq")
    return {f"{name}.v": (folder / f"{name}.v").read_text(encoding="utf-8") for name in LIBRARY}


def check_coq(text: str, *, seconds: float) -> dict[str, Any]:
    """Have coqc check a file, and ask it what the theorems rest on.

    Args:
        text: the file's text.
        seconds: coqc is ended after that time.

    Returns:
        ``theorems`` and ``axioms`` (names), ``seconds`` of coqc.

    Raises:
        ProofRejected: coqc does not accept it, or it does or assumes what an exported file does not.
        CoqAbsent, OutOfTime: undecided.
    """
    if not 0 < seconds <= LONGEST:
        raise GradproofError(f"a check of {seconds:g} s cannot be asked for; at most {LONGEST:g}")
    theorems = _theorems(text)
    compiled = _library()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="gradproof-rocq-") as folder:
        stated = Path(folder) / "stated.v"
        stated.write_text(text, encoding="utf-8")
        _coqc(stated, compiled, seconds)
        asked = Path(folder) / "asked.v"
        asked.write_text(
            "Require stated.\n" + "".join(f"Print Assumptions stated.{t}.\n" for t in theorems), encoding="utf-8"
        )
        answer = _coqc(asked, compiled, seconds)
    axioms = _axioms(answer)
    return {"theorems": theorems, "axioms": sorted(axioms), "seconds": round(time.perf_counter() - start, 2)}


def _sentences(text: str) -> list[str]:
    """The text without comments, cut at its full stops."""
    depth, kept, at = 0, [], 0
    for mark in re.finditer(r"\(\*|\*\)", text):
        if depth == 0:
            kept.append(text[at : mark.start()])
        depth += 1 if mark.group() == "(*" else -1
        if depth < 0:
            raise ProofRejected("a comment ends that did not begin")
        at = mark.end()
    if depth:
        raise ProofRejected("a comment does not end")
    return [s.strip() for s in re.split(r"\.(?=\s|$)", " ".join([*kept, text[at:]])) if s.strip()]


def _theorems(text: str) -> list[str]:
    if '"' in text:
        raise ProofRejected("the file has a quotation mark, which no exported file has")
    found = []
    for sentence in _sentences(text):
        words = sentence.lstrip("-+*{} \t\n").split()
        first = words[0] if words else ""
        if not first or first[0].islower() or first[0].isdigit():
            continue  # a tactic
        if first not in _COMMANDS:
            raise ProofRejected(f"the file has the command {first[:40]!r}, which no exported file has")
        unknown = [w for w in words[1:] if first in ("Require", "Import") and w not in {"Import", *_IMPORTS}]
        unknown += [w for w in words[1:2] if first == "Import" and w != "ListNotations"]
        if unknown and words != ["Import", "ListNotations"]:
            raise ProofRejected(f"the file imports {unknown[0][:40]!r}, which no exported file does")
        if first in ("Theorem", "Lemma"):
            found.append(re.split(r"[\s:(]", " ".join(words[1:]))[0])
    if not found:
        raise ProofRejected("the file states no theorem")
    return found


def _axioms(answer: str) -> set[str]:
    """The names that ``Print Assumptions`` printed.

    Raises:
        ProofRejected: one that is not of the standard library's real numbers.
    """
    names = set()
    for line in answer.splitlines():
        if not line.strip() or line[0].isspace() or line.startswith(("Axioms:", "Closed under the global context")):
            continue
        name = line.split()[0].rstrip(":")
        if name not in AXIOMS:
            raise ProofRejected(f"it rests on more than the axioms of the real numbers: {line[:200]}")
        names.add(name)
    return names


def _coqc(file: Path, compiled: Path, seconds: float) -> str:
    """The output of coqc, which must accept the file."""
    command = [_program(), "-q", "-Q", str(compiled), "", "-Q", str(file.parent), "", file.name]
    try:
        done = subprocess.run(
            command, cwd=file.parent, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise OutOfTime(f"coqc has decided nothing after {seconds:g} s; --timeout gives it longer") from None
    if done.returncode < 0:
        raise OutOfTime(f"coqc was ended by signal {-done.returncode}; it may have run out of memory")
    if done.returncode:
        raise ProofRejected(f"coqc: {' '.join(done.stderr.decode('utf-8', 'replace').split())[:400]}")
    return done.stdout.decode("utf-8", "replace")


def _program() -> str:
    return shutil.which("coqc") or _absent()


def _absent() -> str:
    raise CoqAbsent("there is no coqc here; install Coq 8.16 or later (Debian: apt-get install coq)")


def _library() -> Path:
    """A folder with our own files compiled, kept in the user's cache under their content and Coq's version."""
    version = subprocess.run([_program(), "--version"], capture_output=True, check=True).stdout
    texts = library_texts()
    digest = hashlib.sha256(version + "\0".join(texts.values()).encode()).hexdigest()[:20]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gradproof" / f"rocq-{digest}"
    if all((cache / f"{name}.vo").is_file() for name in LIBRARY):
        return cache
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rocq-", dir=cache.parent) as folder:
        made = Path(folder) / "made"
        made.mkdir()
        for name, text in texts.items():
            (made / name).write_text(text, encoding="utf-8")
            _coqc(made / name, made, LONGEST)
        try:
            made.rename(cache)
        except OSError:  # another process was first
            if not cache.is_dir():
                raise
    return cache


def write_files(texts: dict[str, str], output: Path) -> Sequence[Path]:
    """Write exported files and the library that they import into a folder.

    Raises:
        OSError: no room, no permission.
    """
    from gradproof.experiments.engine.files import write_whole

    output.mkdir(parents=True, exist_ok=True)
    used = [n for n in LIBRARY if any(re.search(rf"^Require Import [^.]*\b{n}\b", t, re.M) for t in texts.values())]
    for name, text in (texts | {k: v for k, v in library_texts().items() if k[:-2] in used}).items():
        write_whole(output / name, text)
    return [output / name for name in texts]
