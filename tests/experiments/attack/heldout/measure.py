"""Rates on the held-out set, one line a theorem, the two rates last: ``python heldout/measure.py [seconds]``."""

import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from gradproof.experiments.attack.falsify import falsify_claim, replay  # noqa: E402
from gradproof.experiments.engine.verify import load_file  # noqa: E402
from gradproof.theory import registry  # noqa: E402


def claims():
    """The held-out claims, taken out of the library's register."""
    found = {}
    for name in ("heldout_methods", "heldout_operators", "heldout_corners"):
        found |= {c.id: c for c in load_file(str(HERE / f"{name}.py"))}
    registry.forget(*found.values())
    return found


if __name__ == "__main__":
    cap = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    only = sys.argv[2:]
    right = {"false": [], "true": []}
    for id, c in sorted(claims().items()):
        if only and not any(o in id for o in only):
            continue
        start = time.process_time()
        try:
            f = falsify_claim(c, seconds=cap)
            ok = f.violated == ("false" in id)
            ok = ok and (not f.violated or replay(c, f.instance, experiment=f.experiment).violated)
            text = f"ratio {f.ratio:.6g} {f.tried} {f.how} {f.note} failed {f.failed}"
        except Exception as error:
            ok, text = False, f"{type(error).__name__}: {error}"
        right[id.split(".")[0]].append(ok)
        print(f"{'ok  ' if ok else 'MISS'} {id} {time.process_time() - start:.1f}s {text}", flush=True)
    for kind, oks in right.items():
        print(kind, sum(oks), "of", len(oks))
