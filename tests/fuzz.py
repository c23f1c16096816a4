"""`make fuzz`: damaged inputs of every kind for two thirds of the time, then the property tests.

python tests/fuzz.py SECONDS [SEED [KIND]]

With a KIND (mpg, ts, flv, wav, mp4, mkv, avi, webm, mjpeg, rtsp, recording, bundle, configuration,
or all): only inputs of this kind, and no property tests.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzzing.watch import watch

EXAMPLES = 300
"""A property and round; a round takes half a minute."""
ROOT = Path(__file__).resolve().parents[1]


def inputs(seconds: float, seed: int, kind: str | None) -> int:
    """Damaged inputs; prints the counts, and keeps every input that is a find."""
    keep = ROOT / "build" / "fuzz" / str(seed)
    with tempfile.TemporaryDirectory(prefix="cdat-fuzz-") as folder:
        program = "import sys; sys.path.insert(0, 'tests'); from fuzzing import worker; "
        program += "from pathlib import Path; "
        program += f"worker.main(Path({folder!r}), int(sys.argv[1]), int(sys.argv[2]), {kind!r})"
        os.chdir(ROOT)
        found = watch([sys.executable, "-c", program], seed, 0, seconds, keep)
    print(found.table())
    for find in found.finds:
        print(find)
    return 1 if found.finds else 0


def properties(seconds: float, seed: int) -> int:
    """Whole rounds until the time is over; ends at the first failure, which its seed repeats."""
    command = [sys.executable, "-m", "pytest", "tests", "-m", "hypothesis", "--timeout", "1800"]
    env = {**os.environ, "FUZZ_EXAMPLES": str(EXAMPLES)}
    begun_s, rounds = time.monotonic(), 0
    while not rounds or time.monotonic() - begun_s < seconds:
        print(f"seed {seed + rounds}", flush=True)
        told = f"--hypothesis-seed={seed + rounds}"
        if subprocess.run([*command, told], cwd=ROOT, env=env, check=False).returncode:
            print(f"failed; the same again: make fuzz SECONDS=1 SEED={seed + rounds}")
            return 1
        rounds += 1
    print(f"{rounds} rounds from seed {seed}, {EXAMPLES} examples a property: nothing found")
    return 0


def main(seconds: float, seed: int, kind: str | None) -> int:
    """0: nothing found."""
    print(f"seed {seed}", flush=True)
    if kind is not None:
        return inputs(seconds, seed, None if kind == "all" else kind)
    return inputs(seconds * 2 / 3, seed, None) | properties(seconds / 3, seed)


if __name__ == "__main__":
    given = sys.argv[2:] or [str(secrets.randbelow(10**9))]
    chosen = given[1] if len(given) > 1 else None
    raise SystemExit(main(float(sys.argv[1]), int(given[0]), chosen))
