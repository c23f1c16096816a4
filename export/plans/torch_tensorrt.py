"""Compile a trained network with Torch-TensorRT: the second road to a TensorRT plan.

Source: Torch-TensorRT's documentation of `convert_exported_program_to_serialized_trt_engine`. It
was never run on hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from edge.engines import GraphSpec, Precision
from edge.engines.plan_spec import spec_facts
from edge.engines.tensorrt import plan_key
from edge.engines.tensorrt_library import tensorrt
from edge.errors import EngineError, first_line
from export.graphs.spec import spec_of_graph
from export.plans.compiler import Compiler, check_precision
from export.plans.inductor import Half


def torch_tensorrt_compiler(
    networks: Mapping[str, nn.Module],
    precision: Precision,
    workspace_mib: int = 512,
    device: str = "cuda",
) -> Compiler:
    """A compiler of `networks`, by graph, in place of the bundle's ONNX graphs.

    The plan names its tensors as Torch-TensorRT does; its second file says how they are called in
    the graph, in the same order.

    Raises:
        EngineError: TensorRT, Torch-TensorRT or a GPU is missing, or there is no such precision.
    """
    check_precision("Torch-TensorRT", precision, ("fp32", "fp16"))
    trt = tensorrt()
    convert = _converter()

    def fill(graph: Path, out: Path) -> None:
        module = networks[graph.stem].eval()
        if precision == "fp16":
            module = Half(module)
        example = _example(spec_of_graph(graph), device)
        try:
            with torch.no_grad():
                program = torch.export.export(module.to(device), tuple(example))
                plan = convert(
                    program,
                    arg_inputs=example,
                    disable_tf32=True,
                    workspace_size=workspace_mib * 2**20,
                    use_explicit_typing=True,
                )
        except Exception as error:  # torch and TensorRT raise a dozen kinds
            raise EngineError(
                f"Torch-TensorRT cannot compile {graph.stem} ({first_line(error)}): leave out --run"
                " to compile the bundle's ONNX graph."
            ) from error
        out.write_bytes(bytes(plan))

    return Compiler(
        key=lambda graph: plan_key(trt, graph, precision),
        fill=fill,
        facts=lambda graph: {"spec": spec_facts(spec_of_graph(graph))},
    )


def _converter() -> Any:
    try:
        dynamo = import_module("torch_tensorrt").dynamo
        return dynamo.convert_exported_program_to_serialized_trt_engine
    except Exception as error:  # without its libraries its import raises a plain Exception
        raise EngineError(
            f"--run needs the package torch-tensorrt with its libraries ({first_line(error)}):"
            " pip install 'cdat-edge[torch-tensorrt]', or leave it out."
        ) from None


def _example(spec: GraphSpec, device: str) -> list[torch.Tensor]:
    zeros = (np.zeros(tensor.shape, tensor.dtype) for tensor in spec.inputs.values())
    return [torch.from_numpy(one).to(device) for one in zeros]
