"""What a measurement was made on, as the lines of its report; and what could not be found out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ABSENT = {
    ("cpu_clock_mhz",): "the processor's clock: Linux reports none here",
    ("cpu_max_clock_mhz",): "the processor's highest clock: there is no cpufreq, as in most virtual"
    " machines",
    ("gpu", "gpu_clock_mhz"): "an NVIDIA GPU with its driver: nvidia-smi and L4T report none",
    ("power_mode",): "a power mode: nvpmodel, which a Jetson has, reports none",
}
"""By the facts of which one at least must be there."""
_ON_GPU = {
    ("driver",): "the GPU's driver: neither nvidia-smi nor the system names its release",
    ("gpu_clock_mhz",): "the GPU's clock: nvidia-smi and L4T report none",
    ("gpu_memory_clock_mhz",): "the clock of the GPU's memory: nvidia-smi reports none, and a"
    " Jetson reports it to root alone (sudo jetson_clocks --show)",
}


def absent(machine: dict[str, Any]) -> list[str]:
    """One sentence for each fact of `machine() | gpu()` that is not known here."""
    has_gpu = any(name in machine for name in ("gpu", "gpu_clock_mhz"))
    wanted = ABSENT | (_ON_GPU if has_gpu else {})
    return [
        f"{sentence[0].upper()}{sentence[1:]}."
        for names, sentence in wanted.items()
        if not any(name in machine for name in names)
    ]


def head(machine: dict[str, Any], energy: str | None) -> list[str]:
    """The lines that describe the machine: processor, GPU, libraries, energy."""
    gpu = ", ".join(_gpu(machine))
    libraries = ", ".join(f"{name} {one}" for name, one in machine["libraries"].items() if one)
    return [
        f"- Processor: {', '.join(_processor(machine))}.",
        *([f"- GPU: {gpu}."] if gpu else []),
        f"- Libraries: cdat-edge {machine['cdat-edge']}, {libraries}.",
        *([f"- Energy: by {energy}."] if energy else []),
    ]


def _processor(machine: dict[str, Any]) -> Iterator[str]:
    yield machine["cpu"]
    yield f"{machine['cores_usable'] or machine['cores']} of {machine['cores']} cores"
    yield from _clock(machine, "", "cpu")
    if "cpu_governor" in machine:
        yield f"governor {machine['cpu_governor']}"
    if machine.get("memory_gib") is not None:
        yield f"{machine['memory_gib']} GiB"


def _gpu(machine: dict[str, Any]) -> Iterator[str]:
    if "gpu" in machine:
        yield machine["gpu"]
    if "driver" in machine:
        yield f"driver {machine['driver']}"
    yield from _clock(machine, "", "gpu")
    yield from _clock(machine, "memory_", "gpu")
    if "power_limit_w" in machine:
        yield f"limit {machine['power_limit_w']:g} W"
    if "power_mode" in machine:
        yield f"power mode {machine['power_mode']}"
    if "l4t" in machine:
        yield f"L4T {machine['l4t']}"


def _clock(machine: dict[str, Any], part: str, of: str) -> Iterator[str]:
    """The present clock after the last pass, and the highest."""
    now, most = machine.get(f"{of}_{part}clock_mhz"), machine.get(f"{of}_max_{part}clock_mhz")
    if now is not None:
        highest = "" if most is None else f" of at most {most:.0f}"
        yield f"{part.rstrip('_')} clock {now:.0f}{highest} MHz".strip()
    elif most is not None:
        yield f"{part.rstrip('_')} clock at most {most:.0f} MHz".strip()
