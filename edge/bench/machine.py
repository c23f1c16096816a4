"""Describes the computer for publication: no host, user or path."""

from __future__ import annotations

import os
import platform
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
