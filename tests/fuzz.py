"""`make fuzz`: random search over the property tests, round by round, each with a seed of its own.

python tests/fuzz.py SECONDS [SEED]
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

EXAMPLES = 300
"""A property and round; a round takes half a minute."""


def main(seconds: float, seed: int) -> int:
    """Whole rounds until the time is over; ends at the first failure, which its seed repeats."""
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "pytest", "tests", "-m", "hypothesis", "--timeout", "1800"]
    env = {**os.environ, "FUZZ_EXAMPLES": str(EXAMPLES)}
    begun_s, rounds = time.monotonic(), 0
    while not rounds or time.monotonic() - begun_s < seconds:
        print(f"seed {seed + rounds}", flush=True)
        told = f"--hypothesis-seed={seed + rounds}"
        if subprocess.run([*command, told], cwd=root, env=env, check=False).returncode:
            print(f"failed; the same again: make fuzz SECONDS=1 SEED={seed + rounds}")
            return 1
        rounds += 1
    print(f"{rounds} rounds from seed {seed}, {EXAMPLES} examples a property: nothing found")
    return 0


if __name__ == "__main__":
    given = sys.argv[2:] or [str(secrets.randbelow(10**9))]
    raise SystemExit(main(float(sys.argv[1]), int(given[0])))
