"""Export a module to an ONNX graph that TensorRT supports, without traces of the build machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge.errors import BundleError
from export.graphs.operators import refused
from export.graphs.opset import to_opset_17

EXPORTER_OPSET = 18
"""The oldest opset that torch's exporter writes; `export.graphs.opset` makes opset 17 of it."""
RELEASES = ("8.5", "10")
"""Releases of TensorRT whose ONNX parsers must support every graph."""


def write_graph(
    module: nn.Module,
    example: dict[str, NDArray[np.generic]],
    outputs: list[str],
    path: Path,
) -> None:
    """Export to one file, without paths or names of this machine.

    Args:
        example: one value of each graph input, by name, in the order of `forward`.

    Raises:
        BundleError: A release of TensorRT does not support a node; the message names it.
    """
    module = module.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    tensors = tuple(torch.from_numpy(np.array(value)) for value in example.values())
    program = torch.onnx.export(
        module,
        tensors,
        dynamo=True,
        opset_version=EXPORTER_OPSET,
        input_names=list(example),
        output_names=[_exported(name) for name in outputs],
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    model = program.model_proto
    _forget_machine(model)
    _name_outputs(model, outputs)
    to_opset_17(model)
    onnx.checker.check_model(model, full_check=True)
    for release in RELEASES:
        if reasons := refused(model, release):
            raise BundleError(f"{path.name}: {reasons[0]}.")
    path.write_bytes(model.SerializeToString())


def _exported(output: str) -> str:
    return f"graph_output_{output}"


def _name_outputs(model: onnx.ModelProto, outputs: list[str]) -> None:
    """Rename the outputs after the export: the exporter names inner tensors after operators, such
    as `embedding`, so the same name for an output would occur twice."""
    names = {name: f"{name}_inner" for name in outputs} | {_exported(n): n for n in outputs}
    for node in model.graph.node:
        for values in (node.input, node.output):
            for place, name in enumerate(values):
                values[place] = names.get(name, name)
    for value in (*model.graph.output, *model.graph.value_info):
        value.name = names.get(value.name, value.name)


def _forget_machine(model: onnx.ModelProto) -> None:
    """Delete doc strings and metadata, in which the exporter writes stack traces with paths."""
    del model.metadata_props[:]
    model.doc_string = ""
    model.graph.doc_string = ""
    del model.graph.metadata_props[:]
    parts = [
        *model.graph.node,
        *model.graph.initializer,
        *model.graph.input,
        *model.graph.output,
        *model.graph.value_info,
        *model.functions,
    ]
    for part in parts:
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]


def torch_outputs(
    module: nn.Module, inputs: dict[str, NDArray[np.generic]], outputs: list[str]
) -> dict[str, NDArray[np.float32]]:
    """Outputs of the torch module for a graph's inputs, by name."""
    run = cast(Callable[..., tuple[Tensor, ...]], module.eval())
    with torch.no_grad():
        values = run(*(torch.from_numpy(np.array(value)) for value in inputs.values()))
    return {name: value.numpy() for name, value in zip(outputs, values, strict=True)}
