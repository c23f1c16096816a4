"""Describes the computer for publication: no host, user or path."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge import __version__
from edge.bench.libraries import versions
from edge.engines.processor import CPUINFO, cpu_model

CPUFREQ = Path("/sys/devices/system/cpu/cpufreq")


def machine() -> dict[str, Any]:
    """Processor, its clock, cores, memory, system, Python and the versions of the libraries."""
    return {
        "cpu": cpu_model(),
        **cpu_clocks(),
        "cores": os.cpu_count(),
        "cores_usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "memory_gib": _memory_gib(),
        "os": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "python": platform.python_version(),
        "cdat-edge": __version__,
        "libraries": versions(),
    }


def cpu_clocks(cpufreq: Path = CPUFREQ, cpuinfo: Path = CPUINFO) -> dict[str, Any]:
    """The fastest core's present clock and the highest possible one in MHz, and the governor.

    A virtual machine has no cpufreq: /proc/cpuinfo then tells the present clock alone, and on ARM
    none.
    """
    found: dict[str, Any] = {}
    policies = sorted(cpufreq.glob("policy*"))
    if now_khz := [khz for policy in policies if (khz := _number(policy / "scaling_cur_freq"))]:
        found["cpu_clock_mhz"] = max(now_khz) / 1e3
    if most_khz := [khz for policy in policies if (khz := _number(policy / "cpuinfo_max_freq"))]:
        found["cpu_max_clock_mhz"] = max(most_khz) / 1e3
    with suppress(OSError, IndexError):
        found["cpu_governor"] = (policies[0] / "scaling_governor").read_text("utf-8").strip()
    if "cpu_clock_mhz" not in found:
        with suppress(OSError):
            told = re.findall(r"^cpu MHz\s*:\s*([\d.]+)", cpuinfo.read_text("utf-8"), re.M)
            if told:
                found["cpu_clock_mhz"] = max(float(mhz) for mhz in told)
    return found


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (ValueError, OSError):
        return None
