"""What coqc accepts of the library's derivations and of gradient descent's certificates, and how long it takes.

    python benchmarks/rocq.py [--json] [CLAIM ...]

``accepted`` of ``of`` files (a file for every case of a derivation, and the certificates); what is not exported is listed
with the reason and not counted in ``of``. ``seconds`` is the wall time of coqc over all files, ``largest_n`` the largest N
for which the certificate of gd.function-value is accepted.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import sys
import time

from gradproof import rocq
from gradproof.experiments.engine.check import certifier_of
from gradproof.theory import registry
from gradproof.theory.derivation import derivation_of
from gradproof.theory.errors import GradproofError
from gradproof.theory.rocq.text import NotExported

LIMIT = 600.0  # seconds for one file
SIZES = (1, 10, 40, 100)


def certificate(N: int) -> str:
    """The file of a certificate of gradient descent's function value after N steps."""
    made = certifier_of(registry.claim("gd.function-value"))(N=N, L=1, gamma=1, mu=0)
    return rocq.coq_text(made[0] if isinstance(made, tuple) else made, f"gd_{N}")


def measure(ids: list[str]) -> dict:
    """Everything, or the derivations of the named claims alone."""
    claims = [c for c in registry.claims() if (c.id in ids if ids else True) and derivation_of(c) is not None]
    accepted, of, spent, largest, refused, files = 0, 0, 0.0, 0, {}, {}
    whole = []
    for c in claims:
        try:
            texts = rocq.claim_texts(c)
        except NotExported as error:
            refused[c.id] = str(error)
            continue
        found = {name: checked(text) for name, text in texts.items()}
        files |= found
        whole += [c.id] if all(isinstance(s, float) for s in found.values()) else []
    for N in () if ids else SIZES:
        files[f"certificate N={N}"] = checked(certificate(N))
        largest = N if isinstance(files[f"certificate N={N}"], float) else largest
    for name, answer in files.items():
        of += 1
        accepted += isinstance(answer, float)
        spent += answer if isinstance(answer, float) else 0.0
        print(f"{name:50} {answer if isinstance(answer, str) else f'{answer:.1f} s'}", flush=True)
    for claim, why in refused.items():
        print(f"{claim:50} not exported: {why}")
    return {
        "accepted": accepted,
        "of": of,
        "seconds": round(spent, 1),
        "largest_n": largest,
        "derivations": len(claims),
        "derivations_accepted": len(whole),
        "not_exported": refused,
    }


def checked(text: str) -> float | str:
    """Seconds of coqc, or why it did not accept."""
    start = time.perf_counter()
    try:
        rocq.check_coq(text, seconds=LIMIT)
    except GradproofError as error:
        return f"{type(error).__name__}: {error}"[:160]
    return time.perf_counter() - start


if __name__ == "__main__":
    found = measure([a for a in sys.argv[1:] if not a.startswith("-")])
    print(
        f"{found['accepted']} of {found['of']} files accepted in {found['seconds']} s; "
        f"{found['derivations_accepted']} of {found['derivations']} derivations; certificates up to N = {found['largest_n']}"
    )
    if "--json" in sys.argv:
        print(json.dumps(found))
