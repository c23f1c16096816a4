"""ONNX Runtime: the engine that is always there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge.engines import Arrays, EngineOptions, GraphSpec, Precision, TensorSpec
from edge.engines.plans import PlanKey, Plans, sha256_of
from edge.errors import EngineError, first_line

_DTYPES = {"tensor(float)": "float32", "tensor(int32)": "int32"}
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
"""By device. TensorRT's provider is not among them: it would build for minutes at each start."""


NAME = "onnxruntime"


def plan_key(graph: Path, precision: Precision) -> PlanKey:
    """Of the graph that stands for `graph` in reduced precision."""
    machine = {"onnxruntime": str(ort.__version__)}
    return PlanKey(NAME, graph.stem, sha256_of(graph), precision, ".onnx", machine)


class OnnxRuntimeEngine:
    """One ONNX graph; on CUDA where the installed ONNX Runtime has it, else on the processor."""

    def __init__(self, graph: Path, options: EngineOptions) -> None:
        """Load `graph`.

        Raises:
            PlanError: There is no plan of the graph in reduced precision.
            EngineError: The graph cannot be loaded, or not with these options.
        """
        if options.precision != "fp32":
            graph = Plans(options.cache).find(plan_key(graph, options.precision))
        session = ort.SessionOptions()
        session.intra_op_num_threads = options.threads
        session.inter_op_num_threads = 1
        # Graphs of a millisecond: spinning threads would burn the core that the camera needs.
        session.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session.log_severity_level = 3
        providers = _providers(options.device)
        try:
            self._session = ort.InferenceSession(str(graph), session, providers=providers)
        except Exception as error:  # its exceptions have no common base below Exception
            raise EngineError(
                f"{graph} cannot be loaded by ONNX Runtime: {first_line(error)}"
            ) from error
        self.spec = GraphSpec(
            inputs={i.name: _tensor(i) for i in self._session.get_inputs()},
            outputs={o.name: _tensor(o) for o in self._session.get_outputs()},
        )
        provider = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        self.device = f"onnxruntime {provider}"

    def warm_up(self) -> None:
        self.run({name: np.zeros(t.shape, t.dtype) for name, t in self.spec.inputs.items()})

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        try:
            outputs = self._session.run(None, dict(arrays))
        except Exception as error:  # as above
            raise EngineError(f"ONNX Runtime failed: {first_line(error)}") from error
        return dict(zip(self.spec.outputs, outputs, strict=True))

    def close(self) -> None:
        """ONNX Runtime frees a session with its last reference."""


def _providers(device: str) -> list[str]:
    available = ort.get_available_providers()
    if device == "auto":
        return [name for name in ("CUDAExecutionProvider",) if name in available] + [
            "CPUExecutionProvider"
        ]
    if device not in _PROVIDERS:
        raise EngineError(
            f"engine.device is {device!r}; for ONNX Runtime it is auto, {' or '.join(_PROVIDERS)}."
        )
    if (provider := _PROVIDERS[device]) not in available:
        raise EngineError(
            f"engine.device is {device}, which the installed ONNX Runtime does not have:"
            " install onnxruntime-gpu in place of onnxruntime, or set engine.device to auto."
        )
    return [provider]


def _tensor(node: ort.NodeArg) -> TensorSpec:
    return TensorSpec(tuple(node.shape), _DTYPES.get(node.type, node.type))
