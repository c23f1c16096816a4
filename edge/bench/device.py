"""The GPU and a Jetson's power mode and clocks, for publication: what its own tools tell."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.engines.cuda import L4T_RELEASE, driver_release

QUERY = {
    "gpu": "name",
    "driver": "driver_version",
    "gpu_clock_mhz": "clocks.sm",
    "gpu_max_clock_mhz": "clocks.max.sm",
    "gpu_memory_clock_mhz": "clocks.mem",
    "gpu_max_memory_clock_mhz": "clocks.max.mem",
    "power_limit_w": "power.limit",
}
"""Our names, and nvidia-smi's."""
DEVFREQ = Path("/sys/class/devfreq")
_JETSON_GPUS = ("gpu", "ga10b", "gv11b", "gp10b", "gm20b", "gb10b")
"""How L4T's kernels name a Jetson's GPU, after its address: 17000000.ga10b."""
_MODE = re.compile(r"NV Power Mode:\s*(\S.*?)\s*(?:\n(\d+)\s*)?(?:\n|$)")
_CLOCKS = re.compile(r"^(GPU|EMC) MinFreq=\d+ MaxFreq=(\d+) CurrentFreq=(\d+)", re.M)


def gpu() -> dict[str, Any]:
    """GPU, driver, clocks in MHz, power limit in W and power mode; what nothing tells is absent.

    The clocks are the present ones: of a measurement, call it right after the last pass.
    """
    query = ",".join(QUERY.values())
    found = smi_facts(_output("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"))
    found |= devfreq_clocks(DEVFREQ)
    found |= jetson_clocks(_output("jetson_clocks", "--show"))
    if "driver" not in found and (release := driver_release()) is not None:
        found["driver"] = release
    with suppress(OSError, IndexError, UnicodeError):
        found["l4t"] = L4T_RELEASE.read_text("utf-8").splitlines()[0].strip("# \n")
    if mode := power_mode(_output("nvpmodel", "-q")):
        found["power_mode"] = mode
    return found


def smi_facts(lines: str) -> dict[str, Any]:
    """Of nvidia-smi's answer to `QUERY`, its first GPU. A Jetson answers [N/A] to some."""
    found: dict[str, Any] = {}
    parts = lines.splitlines()[0].split(",") if lines else []
    if len(parts) != len(QUERY):
        return found
    for name, part in zip(QUERY, (part.strip() for part in parts), strict=True):
        if name in ("gpu", "driver"):
            if not part.startswith("["):
                found[name] = part
        elif number := re.match(r"\d+(?:\.\d+)?", part):
            found[name] = float(number[0])
    return found


def power_mode(lines: str) -> str | None:
    """The name and number of nvpmodel's mode, such as "MODE_15W_6CORE (2)"."""
    told = _MODE.search(lines)
    if told is None:
        return None
    return told[1] if told[2] is None else f"{told[1]} ({told[2]})"


def jetson_clocks(lines: str) -> dict[str, float]:
    """GPU's and memory's clocks of `jetson_clocks --show`, which only root may ask."""
    names = {"GPU": "", "EMC": "memory_"}
    found = {}
    for part, most_hz, now_hz in _CLOCKS.findall(lines):
        found[f"gpu_{names[part]}clock_mhz"] = int(now_hz) / 1e6
        found[f"gpu_max_{names[part]}clock_mhz"] = int(most_hz) / 1e6
    return found


def devfreq_clocks(folder: Path) -> dict[str, float]:
    """The clocks of a Jetson's GPU in Linux' `folder` of devices with a variable one."""
    for device in sorted(folder.glob("*")):
        if device.name.rpartition(".")[2] in _JETSON_GPUS:
            with suppress(OSError, ValueError):
                return {
                    "gpu_clock_mhz": int((device / "cur_freq").read_text()) / 1e6,
                    "gpu_max_clock_mhz": int((device / "max_freq").read_text()) / 1e6,
                }
    return {}


def _output(*command: str) -> str:
    """What a program prints; empty without it, or when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
