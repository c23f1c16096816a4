"""Which packages of ONNX Runtime are installed: several overwrite each other's files.

docs/install.md says which one belongs on which machine.
"""

from __future__ import annotations

import ctypes
import re
from importlib import metadata
from pathlib import Path

import onnxruntime as ort

from edge.config import Config
from edge.doctor.finding import Finding
from edge.engines.providers import DEVICES, load_cuda
from edge.errors import first_line

PLAIN = "onnxruntime"
PACKAGES = (
    PLAIN,
    *(f"{PLAIN}-{kind}" for kind in ("gpu", "openvino", "directml", "qnn", "training", "rocm")),
    *(f"{PLAIN}-{kind}" for kind in ("migraphx", "silicon", "cann", "azure", "vitisai")),
)
"""All bring the one module onnxruntime."""
LIBRARIES = ("libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so")
"""Of onnxruntime-gpu, in the order in which it loads them itself."""


def check_runtimes(config: Config) -> Finding:
    """One package of ONNX Runtime, and the libraries that it needs."""
    packages = installed_runtimes()
    cuda = DEVICES["cuda"].provider in ort.get_available_providers()
    facts = {"packages": packages, "version": str(ort.__version__), "cuda": cuda}
    names = " and ".join(packages)
    if len(packages) > 1:
        wanted = next(name for name in packages if name != PLAIN)
        loaded = "with CUDA" if cuda else "without CUDA"
        return Finding(
            "onnxruntime",
            "note",
            f"{names} are installed together, and overwrite each other's files: version"
            f" {ort.__version__} {loaded} is loaded.",
            f"Keep one: pip uninstall -y {' '.join(packages)}, then pip install {wanted}"
            f" (with a GPU) or pip install {PLAIN} (without).",
            facts,
        )
    missing = _missing_for_cuda() if cuda else None
    if missing is not None:
        return Finding(
            "onnxruntime",
            "note",
            f"{names or PLAIN} cannot load its CUDA provider ({missing}), so it would use the"
            " processor.",
            "Install CUDA's libraries: pip install 'onnxruntime-gpu[cuda,cudnn]' (on a Jetson:"
            f" sudo apt install nvidia-jetpack), or keep the processor: pip uninstall -y {names},"
            f" then pip install {PLAIN}.",
            facts | {"missing": missing},
        )
    told = f"{names or 'ONNX Runtime without a package'} {ort.__version__}"
    return Finding("onnxruntime", "ok", f"{told}{', with CUDA' if cuda else ''}.", facts=facts)


def installed_runtimes() -> list[str]:
    """The installed distributions that bring the module onnxruntime, by name."""
    names = (str(one.metadata["Name"] or "") for one in metadata.distributions())
    plain = {re.sub(r"[-_.]+", "-", name).lower() for name in names}
    return sorted(plain & set(PACKAGES))


def _missing_for_cuda() -> str | None:
    """The first library that the CUDA provider lacks; None if it loads."""
    load_cuda()
    folder = Path(ort.__file__).with_name("capi")
    for name in LIBRARIES:
        library = folder / name
        if not library.is_file():  # another system, or linked in
            return None
        try:
            ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
        except OSError as error:
            return Path(first_line(error).split(":")[0]).name
    return None
