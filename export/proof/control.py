"""The negative control: a comparison that other weights also pass shows nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from edge.bundle import Bundle
from edge.engines import Engine, EngineOptions, open_engine
from edge.errors import BundleError
from export.proof.passes import Engines


def other_weights(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """A copy in which the values of each weight tensor are shuffled: the same shapes and sizes of
    values, as another seed of the training has them.

    Raises:
        BundleError: The graph has no weights.
    """
    rng = np.random.default_rng(seed)
    other = onnx.ModelProto()
    other.CopyFrom(model)
    changed = 0
    for tensor in other.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.size > 1 and values.dtype.kind == "f":
            shuffled = rng.permutation(values.reshape(-1)).reshape(values.shape)
            changed += not np.array_equal(shuffled, values)
            tensor.CopyFrom(numpy_helper.from_array(shuffled, tensor.name))
    if not changed:
        raise BundleError(
            f"The graph {model.graph.name!r} has no weights, so no negative control can be made."
        )
    return other


@contextmanager
def control_engines(bundle: Bundle, seed: int = 1) -> Iterator[Engines]:
    """FP32 engines of ONNX Runtime for each graph of `bundle`, with other weights.

    Raises:
        BundleError: A graph has no weights.
        EngineError: A graph cannot be loaded.
    """
    engines: dict[str, Engine] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for graph, file in bundle.graphs.items():
                path = Path(folder) / file.name
                onnx.save(other_weights(onnx.load(file), seed), path)
                engines[graph] = open_engine("onnxruntime", path, EngineOptions(device="cpu"))
            yield engines
        finally:
            for engine in engines.values():
                engine.close()
