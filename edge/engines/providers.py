"""ONNX Runtime's execution providers: which one a device needs, and what it is told.

Source: ONNX Runtime's documentation of each provider. Run were the processor's and OpenVINO's on a
processor (onnxruntime-openvino 1.24.1: the packaged bundle's outputs within 1.2e-6). CUDA's,
TensorRT's, CoreML's and OpenVINO's on a GPU or NPU were never run.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import onnxruntime as ort

from edge.engines import EngineOptions
from edge.engines.cache_folder import default_folder
from edge.errors import EngineError

Provider = tuple[str, dict[str, str]]
"""Its name and its options."""


@dataclass(frozen=True, slots=True)
class Device:
    """A value of `engine.device`: the provider that it needs, and the package that has it."""

    provider: str
    package: str


DEVICES = {
    "cpu": Device("CPUExecutionProvider", "onnxruntime"),
    "cuda": Device("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": Device("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "openvino": Device("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "coreml": Device("CoreMLExecutionProvider", "onnxruntime, on a Mac,"),
}
CPU: Provider = (DEVICES["cpu"].provider, {})


def providers(options: EngineOptions) -> list[Provider]:
    """The providers for `options.device`, in the order in which ONNX Runtime asks them.

    `auto` takes CUDA where it is. It never takes TensorRT's provider, which compiles for minutes
    at its first start.

    Raises:
        EngineError: There is no such device, or the installed ONNX Runtime lacks its provider.
    """
    name, _, part = options.device.partition(":")
    there = ort.get_available_providers()
    if options.device == "auto":
        has_cuda = DEVICES["cuda"].provider in there
        return [_cuda(), CPU] if has_cuda else [CPU]
    if name not in DEVICES or (part and name != "openvino"):
        known = [*DEVICES, "openvino:GPU"]
        raise EngineError(
            f"engine.device is {options.device!r}; for ONNX Runtime it is auto,"
            f" {', '.join(known[:-1])} or {known[-1]}."
        )
    device = DEVICES[name]
    if device.provider not in there:
        raise EngineError(
            f"engine.device is {options.device}, which the installed ONNX Runtime does not have:"
            f" install {device.package} in place of onnxruntime, or set engine.device to auto."
        )
    if name == "tensorrt":
        return [_tensorrt(options), _cuda(), CPU]
    if name == "openvino":
        return [_openvino(options, part or "CPU"), CPU]
    if name == "coreml":
        return [_coreml(options), CPU]
    return [_cuda() if name == "cuda" else CPU]


def load_cuda() -> None:
    """Let ONNX Runtime find the CUDA libraries that pip installed. Call before a session."""
    preload = getattr(ort, "preload_dlls", None)
    if preload is not None:
        with redirect_stdout(io.StringIO()):  # it prints what it misses; a session says it better
            preload()


def converts(options: EngineOptions) -> bool:
    """Whether the provider itself makes `options.precision` of an fp32 graph."""
    return options.device == "tensorrt" and options.precision == "fp16"


def _cuda() -> Provider:
    # TF32 keeps 10 bits of a float32's 23.
    return DEVICES["cuda"].provider, {"use_tf32": "0"}


def _tensorrt(options: EngineOptions) -> Provider:
    # It has no option against TF32 (ONNX Runtime's request 26029 for one was open in 2026), so in
    # fp32 only NVIDIA_TF32_OVERRIDE=0 in the environment switches it off, before the process
    # begins: CUDA's libraries keep what they have read. docs/engines.md says so.
    folder = str(_folder(options, "tensorrt"))
    return DEVICES["tensorrt"].provider, {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": folder,
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": folder,
        "trt_fp16_enable": str(int(options.precision == "fp16")),
        "trt_int8_enable": str(int(options.precision == "int8")),
    }


def _openvino(options: EngineOptions, part: str) -> Provider:
    # Without it a GPU computes in fp16; a processor knows no other than fp32.
    precision = "FP16" if options.precision == "fp16" and part != "CPU" else "FP32"
    return DEVICES["openvino"].provider, {
        "device_type": part,
        "precision": precision,
        "num_of_threads": str(options.threads),
        "cache_dir": str(_folder(options, "openvino")),
    }


def _coreml(options: EngineOptions) -> Provider:
    # The Neural Engine computes in fp16.
    units = "CPUAndGPU" if options.precision == "fp32" else "ALL"
    return DEVICES["coreml"].provider, {
        "ModelFormat": "MLProgram",
        "MLComputeUnits": units,
        "RequireStaticInputShapes": "1",
        "ModelCacheDirectory": str(_folder(options, "coreml")),
    }


def _folder(options: EngineOptions, name: str) -> Path:
    """Where a provider keeps what it compiles.

    Raises:
        EngineError: It cannot be made or written to.
    """
    folder = (options.cache or default_folder()) / f"onnxruntime-{name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):  # its mode does not tell: a file system can be read-only
            pass
    except OSError as error:
        raise EngineError(
            f"The cache {folder} cannot be made or written ({error.strerror}): set engine.cache to"
            " a folder that can be written."
        ) from None
    return folder
