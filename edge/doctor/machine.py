"""The machine: its cores and memory, and room on the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from edge.bench.device import gpu
from edge.bench.machine import machine
from edge.config import Config
from edge.doctor.finding import Finding
from edge.engines.cache_folder import default_folder
from edge.scheduling import real_time_permitted

NEEDED_GIB = 1.0
"""A run keeps 0.5 GiB in memory; the rest is for the system and a browser."""
NEEDED_MB = 500


def check_machine(config: Config) -> Finding:
    """Cores and memory."""
    found = machine() | gpu() | {"real_time": real_time_permitted()}
    memory_gib = found["memory_gib"]
    cores = found["cores_usable"] or found["cores"]
    told = f"{found['cpu']}, {cores} cores, {memory_gib} GiB, {found['os']}"
    if "gpu" in found:
        told += f", {found['gpu']}"
    if memory_gib is not None and memory_gib < NEEDED_GIB:
        return Finding(
            "machine",
            "note",
            f"{told}: a run keeps half a GiB in memory.",
            "Close other programs, or run without the dashboard.",
            found,
        )
    steps = "steps are real-time" if found["real_time"] else "steps have no real-time priority"
    return Finding("machine", "ok", f"{told}; {steps}.", facts=found)


def check_disk(config: Config) -> Finding:
    """Room where verdicts, recordings and plans are written."""
    output = config.output
    named = [config.record.folder, output.jsonl, output.save, output.log, config.engine.cache]
    folders = {_existing(Path(one)) for one in named if one and one != "-"}
    folders |= {_existing(Path.cwd()), _existing(default_folder())}
    room = {folder: shutil.disk_usage(folder).free / 1e6 for folder in sorted(folders)}
    worst = min(room, key=lambda folder: room[folder])
    closed = [folder for folder in room if not os.access(folder, os.W_OK | os.X_OK)]
    facts = {"least_free_mb": round(room[worst]), "closed": len(closed)}
    if closed:
        return Finding(
            "disk",
            "note",
            f"{closed[0]} cannot be written.",
            "Name another folder for what is written there (--jsonl, --record, engine.cache).",
            facts,
        )
    if room[worst] < NEEDED_MB:
        return Finding(
            "disk",
            "note",
            f"{worst} has {room[worst]:.0f} MB left.",
            "Make room: a recording takes 6 MB a minute.",
            facts,
        )
    return Finding("disk", "ok", f"{room[worst] / 1e3:.0f} GB free at least.", facts=facts)


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    path = path.absolute()
    while not path.is_dir():
        path = path.parent
    return path
