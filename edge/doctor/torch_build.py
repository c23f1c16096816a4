"""On a Jetson: whether torch is a build for its GPU, or PyPI's for the processor.

docs/install.md says what installs which. A run needs torch with `--engine inductor` alone.
"""

from __future__ import annotations

import json
import subprocess
import sys

from edge.config import Config
from edge.doctor.finding import Finding
from edge.engines.cuda import L4T_RELEASE

ASK = (
    "import json, torch; v = torch.version;"
    "print(json.dumps([torch.__version__, v.cuda, torch.cuda.is_available()]))"
)
LIMIT_S = 120
"""Importing torch takes tens of seconds from a Jetson's memory card."""
OTHER = (
    "To use the GPU with it: pip uninstall -y torch, then install NVIDIA's wheel of torch for this"
    " JetPack, without the extras train and export, which bring PyPI's again (docs/install.md)."
    " TensorRT needs no torch."
)


def on_jetson() -> bool:
    """Whether the system is NVIDIA's Linux for Tegra."""
    return L4T_RELEASE.is_file()


def check_torch(config: Config) -> Finding:
    """Ask torch in a process of its own: it takes memory, and a bad build may crash."""
    try:
        asked = subprocess.run(
            [sys.executable, "-c", ASK], capture_output=True, text=True, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        told = f"It was not imported within {LIMIT_S} s."
        return Finding("torch", "note", told, OTHER, {"installed": True})
    if "No module named 'torch'" in asked.stderr:
        told = "It is not installed; only --engine inductor, training and export need it."
        return Finding("torch", "ok", told, facts={"installed": False})
    if asked.returncode != 0:
        lines = asked.stderr.strip().splitlines()
        why = lines[-1] if lines else f"exit code {asked.returncode}"
        return Finding(
            "torch", "note", f"It cannot be imported: {why}.", OTHER, {"installed": True}
        )
    version, cuda, sees_gpu = json.loads(asked.stdout.splitlines()[-1])
    facts = {"installed": True, "version": version, "cuda": cuda, "sees_gpu": sees_gpu}
    if cuda is None:
        told = f"{version} is built for the processor, as PyPI's wheel, and sees no GPU."
        return Finding("torch", "note", told, OTHER, facts)
    if not sees_gpu:
        told = f"{version} is built for CUDA {cuda}, but not for this JetPack: it sees no GPU."
        return Finding("torch", "note", told, OTHER, facts)
    whose = "JetPack's build" if ".nv" in version else "A build"
    return Finding("torch", "ok", f"{whose} with CUDA {cuda}: {version}.", facts=facts)
