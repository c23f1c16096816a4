"""NVIDIA's bindings of the CUDA runtime (package cuda-bindings), and the GPU that they find."""

from __future__ import annotations

import re
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from edge.errors import EngineError, first_line

L4T_RELEASE = Path("/etc/nv_tegra_release")
"""On a Jetson: the release of its Linux, whose first line names revision and date."""
DRIVER_MODULE = Path("/sys/module/nvidia/version")
DRIVER_PROC = Path("/proc/driver/nvidia/version")
_RELEASE = re.compile(r"(?:^|\s)(\d{3,}\.\d+(?:\.\d+)?)(?=\s|$)")


def cuda() -> Any:
    """NVIDIA's module of the CUDA runtime.

    Raises:
        EngineError: The package is missing, or there is no GPU that it can use.
    """
    try:
        runtime = import_module("cuda.bindings.runtime")
    except ImportError:
        raise EngineError(
            "TensorRT needs the package cuda-bindings: pip install 'cdat-edge[tensorrt]'."
        ) from None
    try:
        devices = done(runtime.cudaGetDeviceCount())
    except Exception as error:  # without a driver some releases raise RuntimeError
        raise EngineError(
            f"There is no NVIDIA GPU that can be used here: {first_line(error)}"
        ) from None
    if not devices:
        raise EngineError("There is no NVIDIA GPU here.")
    return runtime


def done(result: tuple[Any, ...]) -> Any:
    """The value of a call of the bindings, which return (status, value...).

    Raises:
        EngineError: The call failed; CUDA's own name of the error.
    """
    status, *values = result
    if int(status) != 0:
        raise EngineError(f"CUDA says {getattr(status, 'name', status)}.")
    return values[0] if len(values) == 1 else tuple(values)


def gpu_identity() -> dict[str, str]:
    """What a plan is compiled for: GPU, its compute capability, the driver, L4T on a Jetson.

    Raises:
        EngineError: As `cuda`.
    """
    runtime = cuda()
    card = done(runtime.cudaGetDeviceProperties(0))
    name = card.name.decode() if isinstance(card.name, bytes) else str(card.name)
    return {
        "GPU": name.strip("\0 "),
        "compute capability": f"{card.major}.{card.minor}",
        "driver": str(done(runtime.cudaDriverGetVersion())),
    } | driver_identity()


def driver_identity() -> dict[str, str]:
    """The driver's release and, on a Jetson, L4T's; what the system does not tell is left out.

    CUDA's own number of the driver is the API's: drivers 550.54 and 550.163 are both 12.4.
    """
    found = {}
    if (release := driver_release()) is not None:
        found["driver release"] = release
    with suppress(OSError, IndexError, UnicodeError):
        found["L4T"] = L4T_RELEASE.read_text("utf-8").splitlines()[0].strip()
    return found


def driver_release() -> str | None:
    """The release of the loaded driver, such as "550.54.14"; None where nothing tells it."""
    for file in (DRIVER_MODULE, DRIVER_PROC):
        with suppress(OSError, UnicodeError):
            if found := _RELEASE.search(file.read_text("utf-8")):
                return found[1]
    return None
