"""Versions of the libraries that take part in a measurement, without importing one."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

BASE = ("numpy", "onnxruntime", "opencv-python", "av", "kaldi-native-fbank", "pocketsphinx")
"""Of every installation."""
ENGINES = (
    "onnxruntime-gpu",
    "onnxruntime-openvino",
    "onnx",
    "onnxscript",
    "torch",
    "triton",
    "torch-tensorrt",
    "tensorrt",
    "tensorrt-cu12",
    "tensorrt-cu13",
    "cuda-bindings",
    "nvidia-cuda-runtime",
    "nvidia-cuda-runtime-cu12",
    "nvidia-cudnn-cu12",
    "nvidia-cudnn-cu13",
    "nvidia-ml-py",
)
"""Of some; CUDA and TensorRT have a package for each major release of CUDA."""
TOOLKIT = Path("/usr/local/cuda/version.json")
"""CUDA where no package brings it, as on a Jetson."""


def versions(toolkit: Path = TOOLKIT) -> dict[str, str | None]:
    """By name; None for a base library that is missing. Others are left out when missing."""
    found: dict[str, str | None] = {name: _version(name) for name in BASE}
    found |= {name: version for name in ENGINES if (version := _version(name))}
    if cuda := _toolkit(toolkit):
        found["CUDA toolkit"] = cuda
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _toolkit(file: Path) -> str | None:
    try:
        told = json.loads(file.read_text("utf-8"))
        return str(told["cuda"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
