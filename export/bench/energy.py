"""Energy of a measurement, where the board tells it: NVML's counter, or a Jetson's tegrastats."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

INTERVAL_MS = 50
_WHOLE = re.compile(r"(?:VDD_IN|POM_5V_IN|SYS5V|VIN_SYS_5V0) (\d+)(?:mW)?/")
"""The rail that feeds the whole board, by module: its present power in mW, then the mean."""


class Energy:
    """Joules between the beginning and the end of `metered`; None where nothing tells them."""

    joules: float | None = None


@contextmanager
def metered() -> Iterator[Energy]:
    """Measure the energy of what runs inside: of the GPU by NVML, of the board by tegrastats."""
    energy = Energy()
    if (counter := _nvml()) is not None:
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
    """The board's power in each of tegrastats' lines; empty if it names no such rail."""
    return [int(found) for found in _WHOLE.findall(lines)]


def _nvml() -> Any:
    """A function that gives the GPU's energy in mJ since the driver was loaded; None without."""
    with suppress(Exception):  # no package, no driver, or a GPU older than Volta
        nvml = import_module("pynvml")
        nvml.nvmlInit()
        card = nvml.nvmlDeviceGetHandleByIndex(0)
        nvml.nvmlDeviceGetTotalEnergyConsumption(card)
        return lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(card)
    return None
