"""Tries inputs one after another, and tells each before and after: `watch.py` sees which kills.

Before the next input it waits for a line: this one may be kept meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from edge.errors import EdgeError
from fuzzing.kinds import KINDS, Kind


def main(folder: Path, seed: int, first: int, only: str | None) -> None:
    """Inputs until standard input ends. Number and seed give kind and damage."""
    watcher = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints there is no message to the watcher
    tell = partial(_tell, watcher)
    kinds: dict[str, Kind] = {}
    names = list(KINDS) if only is None else [only]
    number = first
    more = True
    while more:
        name = names[number % len(names)]
        if name not in kinds:
            made = folder / name
            made.mkdir(exist_ok=True)
            kinds[name] = KINDS[name](made)
        rng = np.random.default_rng([seed, number])
        path = kinds[name].write(rng)
        tell(number=number, kind=name, path=str(path))
        reset_peak()
        outcome, told = attempt(kinds[name], path, rng)
        tell(number=number, outcome=outcome, told=told, peak_mib=peak_mib())
        number += 1
        more = bool(sys.stdin.readline())


def attempt(kind: Kind, path: Path, rng: np.random.Generator) -> tuple[str, str]:
    """(outcome, why)."""
    try:
        kind.open(path, rng)
    except EdgeError as error:
        sentence = str(error)
        if not sentence or "\n" in sentence or len(sentence) > 2000:
            return "traceback", f"not a sentence: {sentence!r}"
        return "refused", sentence
    except BaseException:
        return "traceback", traceback.format_exc()
    return "accepted", ""


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """The largest resident memory since `reset_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _tell(watcher: IO[str], **what: Any) -> None:
    print(json.dumps(what), file=watcher, flush=True)
