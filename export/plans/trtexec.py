"""For machines without TensorRT's builder in Python: command lines of trtexec, and its plans."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from edge.bundle import Bundle
from edge.engines import Precision
from edge.engines.plan_key import PlanKey
from edge.errors import EngineError
from export.plans.compiler import Compiler


def command_lines(bundle: Bundle, precision: Precision, out: Path, major: int) -> list[str]:
    """One line a graph; each writes OUT/GRAPH.plan.

    Args:
        major: TensorRT's release. From 11 on there is no flag of precision.

    Raises:
        EngineError: The precision must stand in the graph: INT8, or any from release 11 on.
    """
    if precision == "int8" or (precision != "fp32" and major >= 11):
        raise EngineError(
            f"trtexec of TensorRT {major} cannot make {precision} of these graphs by a flag: use"
            " `cdat-export compile --engine tensorrt`, which puts the precision into the graph."
        )
    flags = ["--fp16"] if precision == "fp16" else []
    return [
        shlex.join(
            [
                "trtexec",
                f"--onnx={graph}",
                f"--saveEngine={out / f'{name}.plan'}",
                "--noTF32",
                *flags,
                "--skipInference",
            ]
        )
        for name, graph in bundle.graphs.items()
    ]


def adopting(folder: Path, key_of: Compiler) -> Compiler:
    """Takes FOLDER/GRAPH.plan in place of compiling; it is tested like any other plan."""

    def key(graph: Path) -> PlanKey:
        return key_of.key(graph)

    def fill(graph: Path, out: Path) -> None:
        plan = folder / f"{graph.stem}.plan"
        if not plan.is_file():
            raise EngineError(f"{folder} has no {plan.name}: build it with the line of --trtexec.")
        shutil.copyfile(plan, out)

    return Compiler(key, fill, key_of.facts)
