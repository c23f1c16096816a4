"""Describes the computer for publication: no host, user or path."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from edge import __version__

LIBRARIES = (
    "numpy",
    "onnxruntime",
    "opencv-python",
    "av",
    "kaldi-native-fbank",
    "pocketsphinx",
)


def machine() -> dict[str, Any]:
    """Processor, cores, memory, system, Python and the versions of the main libraries."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "cores_usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "memory_gib": _memory_gib(),
        "os": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "python": platform.python_version(),
        "cdat-edge": __version__,
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def gpu() -> dict[str, Any]:
    """GPU, driver, clocks and power mode, as far as nvidia-smi and nvpmodel tell; else empty."""
    found: dict[str, Any] = {}
    query = "name,driver_version,clocks.max.sm,power.limit"
    told = _output("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader")
    if told:
        names = ("gpu", "driver", "max_clock", "power_limit")
        found |= dict(zip(names, (part.strip() for part in told.split(",")), strict=False))
    if mode := _output("nvpmodel", "-q"):
        found["power_mode"] = mode.replace("NV Power Mode: ", "")
    return found


def _output(*command: str) -> str | None:
    """The first line that a program prints; None without it."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else None


def _cpu_model() -> str:
    """x86 names it in cpuinfo; a Jetson's board is named by its device tree."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
        return Path("/proc/device-tree/model").read_text("utf-8").strip("\0 \n")
    except OSError:
        return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (ValueError, OSError):
        return None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
