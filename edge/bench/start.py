"""From the command to its first label, and the memory of one session: a fresh process each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from edge.bench.load import Load
from edge.bench.process import cpu_of_ns, memory_alone_bytes, processes_of
from edge.bench.statistics import Row
from edge.config import Config
from edge.errors import ConfigError
from edge.types import NS_PER_S

STARTS = 5
MEMORY_S = 4.0
"""After the first label, with the window full and words decoded."""
READ_S = 0.2


def measure_start(config: Config, load: Load, say: Callable[[str], None]) -> list[Row]:
    """Without and with speech-to-text: medians of `STARTS` starts each, one after the other.

    The load is a file, played live, so that the first label rests on as much as with a camera.

    Raises:
        ConfigError: A measured process ended without a label.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        clip = load.clip(Path(folder))
        for asr in (False, True) if config.asr.engine != "none" else (False,):
            say(f"from the command to the first label, {'with' if asr else 'without'} words")
            command = _command(config, clip, asr)
            _started(command)  # what an installation has: bytecode, and files in the disk cache
            starts = [_started(command) for _ in range(STARTS)]
            medians = {key: _median([start[key] for start in starts]) for key in starts[0]}
            rows.append({"speech_to_text": asr, **medians})
    return rows


def _command(config: Config, clip: Path, asr: bool) -> list[str]:
    command = [sys.executable, "-m", "edge", "run", "--file", str(clip), "--pace", "live"]
    command += ["--jsonl", "-", "--asr", config.asr.engine if asr else "none"]
    command += ["--engine", config.engine.name]
    command += ["--set", f"vision.min_gap_ms={config.vision.min_gap_ms}"]
    if asr and config.asr.model is not None:
        command += ["--asr-model", str(config.asr.model)]
    return command + (["--bundle", str(config.bundle)] if config.bundle is not None else [])


def _started(command: list[str]) -> Row:
    """One start.

    Returns: seconds to the first label; seconds of picture and sound that it rests on; CPU seconds
        of all processes up to it; their memory in MiB, the most up to `MEMORY_S` after it. None
        where the system does not tell.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begun_s = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                verdict = json.loads(line)
                if _is_answer(verdict):
                    break
            else:
                raise ConfigError(
                    "A measured start gave no answer: see what `cdat-edge run` says with the same"
                    " configuration."
                )
            wall_s = time.monotonic() - begun_s
            cpu_ns = sum(cpu_of_ns(pid) for pid in processes_of(process.pid))
            read = [_memory_mib(process.pid)]
            while time.monotonic() - begun_s - wall_s < MEMORY_S:
                time.sleep(READ_S)
                read.append(_memory_mib(process.pid))
        finally:
            process.terminate()
    begin_ns, end_ns = verdict["span_ns"]
    return {
        "wall_s": wall_s,
        "evidence_s": (end_ns - begin_ns) / NS_PER_S,
        "cpu_s": cpu_ns / NS_PER_S or None,
        "memory_mib": max((one for one in read if one is not None), default=None),
    }


def _is_answer(verdict: dict[str, Any]) -> bool:
    """Whether it has a label, or is unsure of one, and not only too early for it."""
    used = [verdict["streams"][name]["reason"] for name in verdict["mask"]]
    return bool(used) and "starting" not in used


def _memory_mib(pid: int) -> float | None:
    found = memory_alone_bytes(processes_of(pid))
    return None if found is None else found / 2**20


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
