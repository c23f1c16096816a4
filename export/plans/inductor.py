"""Compile a graph with torch's Inductor ahead of time, for this processor or GPU."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.engines import Precision
from edge.engines.inductor import device_of, plan_key
from edge.engines.plan_spec import spec_facts
from edge.errors import EngineError, first_line
from export.graphs.spec import spec_of_graph
from export.graphs.torch_graph import TorchGraph
from export.plans.compiler import Compiler, check_precision


def inductor_compiler(precision: Precision, device: str) -> Compiler:
    """Raises: EngineError, for a precision or device that Inductor does not offer."""
    check_precision("inductor", precision, ("fp32", "fp16"))
    where = device_of(torch, device)
    if precision == "fp16" and where == "cpu":
        raise EngineError("fp16 is slower than fp32 on a processor: compile it in fp32.")

    def facts(graph: Path) -> dict[str, Any]:
        return {"spec": spec_facts(spec_of_graph(graph))}

    return Compiler(
        key=lambda graph: plan_key(torch, graph, precision, where),
        fill=lambda graph, out: compile_graph(graph, out, precision, where),
        facts=facts,
    )


def compile_graph(graph: Path, out: Path, precision: Precision, device: str) -> None:
    """Write the package of `graph` to `out`.

    Raises:
        EngineError: torch cannot compile it; without a C++ compiler it says so.
    """
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    module: nn.Module = TorchGraph(graph).eval()
    if precision == "fp16":
        module = Half(module)
    spec = spec_of_graph(graph)
    module = module.to(device)
    example = tuple(
        torch.from_numpy(np.zeros(t.shape, t.dtype)).to(device) for t in spec.inputs.values()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch").setLevel(logging.ERROR)
        try:
            with torch.no_grad():
                program = torch.export.export(module, example)
                # Not frozen: with the weights laid out for the processor a face takes 2.0 ms and
                # not 2.7, but speech 1.2 and not 0.8, text 0.33 and not 0.25, and fusion 0.67 and
                # not 0.30.
                torch._inductor.aoti_compile_and_package(program, package_path=str(out))
        except Exception as error:  # torch and the C++ compiler raise a dozen kinds
            raise EngineError(
                f"Inductor cannot compile {graph.name} ({first_line(error)}): it needs a C++"
                " compiler (apt install g++)."
            ) from error


class Half(nn.Module):
    """A module in half precision with inputs and outputs in float32."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module.half()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """As the module's own."""
        given = [one.half() if one.is_floating_point() else one for one in inputs]
        return tuple(one.float() for one in self.module(*given))
