"""Energy of a measurement, where the board tells it: NVML's counter, or a Jetson's tegrastats."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from edge.errors import EngineError, first_line

INTERVAL_MS = 50
MODULES = (
    ("VDD_IN",),  # TX2, Xavier NX, Orin NX, Orin Nano
    ("POM_5V_IN",),  # Nano
    ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),  # AGX Orin: no rail feeds the others
    ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"),  # AGX Xavier: neither
)
"""By module, the rails that together feed all of it."""
_RAIL = re.compile(r"\b([A-Z]\w*) (\d+)(?:mW)?/\d+")
"""A rail, its present power in mW, then the mean; L4T 32 writes no unit."""


class Energy:
    """Joules between the beginning and the end of `metered`; None where nothing tells them."""

    joules: float | None = None


def energy_meter() -> str:
    """What `metered` measures with, and of what.

    Raises:
        EngineError: Nothing can be measured; the sentence names the package that is missing.
    """
    try:
        _nvml()
    except EngineError:
        if shutil.which("tegrastats") is None:
            raise
        return "tegrastats, of the whole module"
    return "NVML, of the GPU alone: a row of the processor shows what the GPU takes at that time"


@contextmanager
def metered() -> Iterator[Energy]:
    """Measure the energy of what runs inside: of the GPU by NVML, of the board by tegrastats."""
    energy, counter = Energy(), None
    with suppress(EngineError):
        counter = _nvml()
    if counter is not None:
        before_mj = counter()
        yield energy
        energy.joules = (counter() - before_mj) / 1e3
    elif shutil.which("tegrastats") is not None:
        with tempfile.TemporaryFile("w+") as lines:
            command = ["tegrastats", "--interval", str(INTERVAL_MS)]
            meter = subprocess.Popen(command, stdout=lines, stderr=subprocess.DEVNULL)
            begin = time.perf_counter()
            try:
                yield energy
            finally:
                taken_s = time.perf_counter() - begin
                meter.terminate()
                meter.wait()
            lines.seek(0)
            power_mw = powers_mw(lines.read())
        if power_mw:
            energy.joules = sum(power_mw) / len(power_mw) / 1e3 * taken_s
    else:
        yield energy


def powers_mw(lines: str) -> list[int]:
    """The module's power in each of tegrastats' lines; empty if they name none of its rails."""
    found = []
    for line in lines.splitlines():
        rails = {name: int(now_mw) for name, now_mw in _RAIL.findall(line)}
        for module in MODULES:
            if rails.keys() >= set(module):
                found.append(sum(rails[name] for name in module))
                break
    return found


def _nvml() -> Callable[[], int]:
    """A function that gives the first GPU's energy in mJ since the driver was loaded.

    Raises:
        EngineError: NVML's package, the driver or the counter (before Volta) is missing.
    """
    try:
        nvml = import_module("pynvml")
    except ImportError:
        raise EngineError(
            "The energy of a pass on an NVIDIA GPU needs the package nvidia-ml-py:"
            " pip install 'cdat-edge[bench]'."
        ) from None
    try:
        nvml.nvmlInit()
        card = nvml.nvmlDeviceGetHandleByIndex(0)
        nvml.nvmlDeviceGetTotalEnergyConsumption(card)
    except Exception as error:  # NVMLError has a class for each status, made when it is imported
        raise EngineError(f"NVML does not report the energy: {first_line(error)}.") from None
    return lambda: int(nvml.nvmlDeviceGetTotalEnergyConsumption(card))
