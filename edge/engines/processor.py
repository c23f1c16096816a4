"""The processor, as far as compiled code depends on it: its model and its instructions."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
BOARD = Path("/proc/device-tree/model")
"""A Jetson's board: ARM's cpuinfo names no model."""
_LINES = ("flags", "Features")
"""x86's name of the line, and ARM's."""
_SETS = (
    *("sse", "ssse", "avx", "fma", "f16c", "bmi", "amx", "popcnt", "pclmul"),
    *("fp", "asimd", "sve", "sme", "i8mm", "bf16"),
)
"""How the names of instruction sets begin that compilers choose by. The other flags also
change with the kernel, the microcode and the host of a virtual machine."""


def cpu_model(cpuinfo: Path = CPUINFO, board: Path = BOARD) -> str:
    """Its name, or its board's; where Linux names neither, its architecture."""
    named = _values(cpuinfo, ("model name",))
    if named:
        return named[0]
    try:
        return board.read_text("utf-8").strip("\0 \n")
    except OSError:
        return platform.processor() or platform.machine()


def cpu_identity(cpuinfo: Path = CPUINFO, board: Path = BOARD) -> dict[str, str]:
    """What code for this processor is compiled for, as parts of a plan's key.

    The instructions are a digest of all cores' instruction sets: two processors of one model name
    may differ in them, and code for the one is killed on the other.
    """
    found = {"CPU": cpu_model(cpuinfo, board)}
    flags = {flag for line in _values(cpuinfo, _LINES) for flag in line.split()}
    flags = {flag for flag in flags if flag.startswith(_SETS)}
    if flags:
        text = " ".join(sorted(flags))
        found["CPU instructions"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return found


def _values(cpuinfo: Path, names: tuple[str, ...]) -> list[str]:
    """What the lines of these names say, one a core; empty without Linux."""
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in pairs if name.strip() in names and value.strip()]
