"""ONNX Runtime: the engine that is always there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge.digest import sha256_of
from edge.engines import Arrays, EngineOptions, GraphSpec, Precision, TensorSpec, zeros
from edge.engines.plan_key import PlanKey
from edge.engines.plans import Plans
from edge.engines.processor import cpu_identity
from edge.engines.providers import Provider, converts, load_cuda, providers
from edge.engines.time_limit import TimeLimit
from edge.errors import EngineError, first_line

NAME = "onnxruntime"
_EXTERNAL_WEIGHTS = "session.model_external_initializers_file_folder_path"
_DTYPES = {"tensor(float)": "float32", "tensor(int32)": "int32"}


def plan_key(graph: Path, precision: Precision) -> PlanKey:
    """Of `graph` in reduced precision, an ONNX file that `cdat-export compile` writes.

    It depends on the processor: INT8 has weights of 7 or 8 bits by its instructions, and a graph
    is kept only where it was faster.
    """
    here = {"onnxruntime": str(ort.__version__)}
    if precision != "fp32":
        here |= cpu_identity()
    return PlanKey(NAME, graph.stem, sha256_of(graph), precision, ".onnx", here)


class OnnxRuntimeEngine:
    """One ONNX graph; on CUDA where the installed ONNX Runtime has it, else on the processor."""

    def __init__(self, graph: Path, options: EngineOptions) -> None:
        """Load `graph`; in reduced precision, its plan.

        Raises:
            PlanError: There is no plan in this precision, or it was damaged.
            EngineError: The graph cannot be loaded, or not with these options.
        """
        session = ort.SessionOptions()
        session.intra_op_num_threads = options.threads
        session.inter_op_num_threads = 1
        # Graphs of a millisecond: spinning threads would burn the core that the camera needs.
        session.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session.log_severity_level = 3
        asked = providers(options)
        file = _file(graph, options)
        self._limit, self._limit_s = TimeLimit(), options.limit_s
        self.held: Precision | None = None
        """The precision of the graph in the plan; None: it reads none."""
        if file != graph:
            self.held = Plans(options.cache).held(plan_key(graph, options.precision))
        self._session = _session(file, session, asked, must=options.device != "auto")
        self.spec = GraphSpec(
            inputs={i.name: _tensor(i) for i in self._session.get_inputs()},
            outputs={o.name: _tensor(o) for o in self._session.get_outputs()},
        )
        values = [*self._session.get_inputs(), *self._session.get_outputs()]
        self.takes_batches = all(_is_free(value) for value in values)
        """Whether every first axis is free: `edge.engines.joined` then passes several items."""
        provider = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        reduced = "" if options.precision == "fp32" else f" {options.precision}"
        self.device = f"onnxruntime {provider}{reduced}"

    @staticmethod
    def why_not(graph: Path, options: EngineOptions) -> str | None:
        """Why it cannot run `graph` here; None when it can."""
        try:
            providers(options)
            _file(graph, options)
        except EngineError as error:
            return str(error)
        return None

    def warm_up(self) -> None:
        """Make a pass. Later ones have the limit of the options."""
        self.run(zeros(self.spec.inputs))
        self._limit.limit_s = self._limit_s

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        try:
            outputs = self._limit.run(self._session, dict(arrays))
        except TimeoutError as error:
            raise EngineError(
                f"{self.device} was ended: {error}; set a longer engine.limit_s, or give another"
                " bundle."
            ) from error
        except Exception as error:  # its exceptions have no common base below Exception
            raise EngineError(f"ONNX Runtime failed: {first_line(error)}") from error
        return dict(zip(self.spec.outputs, outputs, strict=True))

    def close(self) -> None:
        """ONNX Runtime frees a session with its last reference."""


def _file(graph: Path, options: EngineOptions) -> Path:
    """What is loaded: the bundle's own graph, or its plan in reduced precision."""
    if options.precision == "fp32" or converts(options):
        return graph
    return Plans(options.cache).find(plan_key(graph, options.precision))


def _session(
    file: Path, options: ort.SessionOptions, asked: list[Provider], must: bool
) -> ort.InferenceSession:
    """Load `file`.

    Args:
        must: The first provider was asked for by name: another one is an error.
    """
    if any(name.startswith(("CUDA", "Tensorrt")) for name, _ in asked):
        load_cuda()
    # From bytes, with a folder that is none: a graph must hold its weights, because only the files
    # that a bundle lists are checked.
    options.add_session_config_entry(_EXTERNAL_WEIGHTS, str(file))
    try:
        session = ort.InferenceSession(
            file.read_bytes(), options, providers=asked, enable_fallback=int(not must)
        )
    except Exception as error:  # as above
        raise EngineError(
            f"{file} cannot be loaded by ONNX Runtime: {first_line(error)}"
        ) from error
    wanted, found = asked[0][0], session.get_providers()[0]
    if must and wanted != found:
        raise EngineError(
            f"ONNX Runtime has {wanted}, but it cannot be used here, and {found} would run in its"
            " place: install the libraries that it needs, or set engine.device to auto."
        )
    return session


def _tensor(node: ort.NodeArg) -> TensorSpec:
    """Of one item, where the first axis is free."""
    shape = (1, *node.shape[1:]) if _is_free(node) else tuple(node.shape)
    return TensorSpec(shape, _DTYPES.get(node.type, node.type))


def _is_free(node: ort.NodeArg) -> bool:
    """Whether the first axis has a name in place of a number."""
    return bool(node.shape) and not isinstance(node.shape[0], int)
