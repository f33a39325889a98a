"""Re-checking a stranger's proof file, in a child process that is ended when its time is up, whatever it is doing.

Run as a program it is that child: ``python -P -m gradproof.checking FILE SECONDS MOST`` writes one JSON object a line.
"""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from gradproof.theory.errors import GradproofError, ProofFormatError, ProofRejected

LONGEST = 1e6  # seconds that may be asked for
_PR_SET_PDEATHSIG = 1
_GRACE = 5.0  # seconds after which a child ends itself, should nobody be left to end it


class OutOfTime(GradproofError):
    """Nothing was decided: the time was up, or the memory ran out."""


class Crashed(RuntimeError):
    """The check itself failed; the text is its traceback."""


def check_file(file: Path, *, seconds: float, most: int | None = None) -> dict[str, Any]:
    """What exact arithmetic says of a proof file or a stability certificate.

    Args:
        seconds: the check is ended after that time, in C code, too.
        most: terms, points and names shown of each kind in ``formal``; all, if None.

    Returns:
        ``kind``, ``statement`` (the file's own words, unchecked; of a stability certificate, ours), ``formal``, ``digest``,
        ``axioms`` (of a derivation ``given``, the facts that it cites), and ``assumptions``: whether premises and members hold
        together, ``standing`` and ``reason``; those of a derivation are the claim's, and are not asked.

    Raises:
        ProofRejected: it proves nothing, or it rests on assumptions that contradict each other.
        ProofFormatError: it is no proof.
        OutOfTime: undecided.
        Crashed: a fault of gradproof.
    """
    if not 0 < seconds <= LONGEST:
        raise GradproofError(f"a check of {seconds:g} s cannot be asked for; at most {LONGEST:g}")
    command = [sys.executable, "-P", "-m", "gradproof.checking", str(file), str(seconds), str(most or 0)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            out, err = child.communicate(timeout=seconds)
            late = False
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            late = True
        except BaseException:  # Ctrl-C among them
            child.kill()
            raise
    lines = [line for line in out.decode("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    answers = [json.loads(line) for line in lines]
    if answers and "error" in answers[-1]:
        raise {"rejected": ProofRejected, "format": ProofFormatError, "memory": OutOfTime}.get(
            answers[-1]["error"], GradproofError
        )(answers[-1]["text"])
    if not answers or (len(answers) == 1 and not late):
        if late:
            raise OutOfTime(f"nothing is decided after {seconds:g} s; --timeout gives it longer")
        if child.returncode < 0:
            raise OutOfTime(f"the check was ended by signal {-child.returncode}; it may have run out of memory")
        raise Crashed(err.decode("utf-8", "replace"))
    if len(answers) == 1:
        unknown = {"standing": "were not shown to hold together", "reason": f"the time was up after {seconds:g} s"}
        return {**answers[0], "assumptions": unknown}
    return {**answers[0], **answers[1]}


def read_file(file: Path) -> str:
    """The text of a file that may be a device, a pipe, or larger than any proof.

    Raises:
        GradproofError: it cannot be read. ProofFormatError: too large, or no text.
    """
    from gradproof.theory import proof_json

    limit = proof_json.MAX_BYTES
    try:
        with file.open("rb") as stream:
            data = stream.read(limit + 1)  # a device or a pipe does not say how long it is
        if len(data) > limit:
            raise ProofFormatError(f"{file} is larger than the limit of {limit} bytes")
        return data.decode("utf-8")
    except OSError as error:
        raise GradproofError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProofFormatError(f"{file} is not a text file") from None


def _answers(text: str, most: int | None) -> Any:
    """First what the kernel accepted, then what is known of its assumptions."""
    from gradproof.solvers.exact.contradiction import Standing, assumed
    from gradproof.theory.derivation_json import FORMAT as DERIVATION
    from gradproof.theory.proof import check
    from gradproof.theory.proof_json import read_proof, statement_digest
    from gradproof.theory.proof_text import formal
    from gradproof.theory.stability_certificate import FORMAT, read_stability_certificate

    if DERIVATION in text[:200]:
        yield from _derived(text)
        return
    stability = FORMAT in text[:200]
    proof = read_stability_certificate(text).proof() if stability else read_proof(text)
    accepted = check(proof)
    s = accepted.statement
    kind = "stability certificate" if stability else "proof"
    yield {
        "kind": kind,
        "statement": s.text,
        "formal": formal(s, most),
        "digest": statement_digest(s),
        "axioms": list(accepted.axioms),
    }
    found = assumed(s, proof.uses)
    if found.standing is Standing.CONTRADICT:
        raise ProofRejected(f"what the statement assumes cannot be, so it says nothing: {found.reason}")
    yield {"assumptions": {"standing": found.standing.value, "reason": found.reason}}


def _derived(text: str) -> Any:
    """What a derivation proves is the claim of the library that it names, in the library's words."""
    from gradproof.solvers.exact.derivation_check import check as second_check
    from gradproof.theory import registry
    from gradproof.theory.derivation import DerivationRejected
    from gradproof.theory.derivation_json import read_derivation
    from gradproof.theory.statement import statement_of
    from gradproof.theory.tie import check_derivation

    name, derivation = read_derivation(text)
    claim = registry.claim(name)
    try:
        accepted = check_derivation(derivation, claim)
        second_check(derivation, claim)
    except DerivationRejected as error:
        raise ProofRejected(str(error)) from error
    yield {"kind": "derivation", "statement": claim.title, "formal": claim.show(), "digest": statement_of(claim),
           "given": list(accepted.facts)}  # fmt: skip
    yield {"assumptions": {"standing": "are the claim's", "reason": f"unused: {', '.join(accepted.unused) or 'none'}"}}


def _child(file: str, seconds: str, most: str) -> None:
    if sys.platform == "linux":  # it does not outlive its parent, however that ends
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if hasattr(signal, "setitimer"):  # the default action of this signal ends the process, C code or not
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, float(seconds) + _GRACE)
    try:
        for answer in _answers(read_file(Path(file)), int(most) or None):
            print(json.dumps(answer), flush=True)
    except (GradproofError, MemoryError) as error:
        kinds = ((ProofRejected, "rejected"), (ProofFormatError, "format"), (MemoryError, "memory"))
        kind = next((name for cls, name in kinds if isinstance(error, cls)), "other")
        print(json.dumps({"error": kind, "text": str(error) or "there is not enough memory for this file"}), flush=True)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        _child(*sys.argv[1:])
