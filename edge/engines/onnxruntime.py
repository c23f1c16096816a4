"""ONNX Runtime: the engine that is always there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge.errors import EngineError

_DTYPES = {"tensor(float)": "float32", "tensor(int32)": "int32"}
PREFERRED = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")


class OnnxRuntimeEngine:
    """One ONNX graph on the best provider that the installed ONNX Runtime has."""

    def __init__(self, graph: Path, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Graphs of a millisecond: spinning threads would burn the core that the camera needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        available = ort.get_available_providers()
        providers = [name for name in PREFERRED if name in available]
        try:
            self._session = ort.InferenceSession(str(graph), options, providers=providers)
        except Exception as error:  # its exceptions have no common base below Exception
            raise EngineError(
                f"{graph} cannot be loaded by ONNX Runtime: {_first_line(error)}"
            ) from error
        self.inputs = {i.name: tuple(i.shape) for i in self._session.get_inputs()}
        self.dtypes = {i.name: _DTYPES.get(i.type, i.type) for i in self._session.get_inputs()}
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self.outputs = {o.name: tuple(o.shape) for o in self._session.get_outputs()}
        provider = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        self.device = f"onnxruntime {provider}"

    def run(self, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
        return dict(zip(self.outputs, self._session.run(None, dict(arrays)), strict=True))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
