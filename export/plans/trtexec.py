"""For machines without TensorRT's builder in Python: command lines of trtexec, and its plans."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from edge.bundle import Bundle
from edge.engines import LAST_RESORT, EngineOptions, open_engine, shown
from edge.engines.plan_key import PlanKey
from edge.engines.tensorrt import load_plan, spec_of_plan
from edge.engines.tensorrt_build import Build
from edge.engines.tensorrt_library import OLDEST, logger, tensorrt, told
from edge.errors import ConfigError, EngineError
from export.plans.compiler import Compiler

Release = tuple[int, int | None]
"""TensorRT's major and minor release; None: any of that major release."""


def release_of(text: str) -> Release:
    """TensorRT's release in "8", "8.5" or "10.13.0.35".

    Raises:
        ConfigError: It is none, or older than 8.5.
    """
    if not re.fullmatch(r"\d+(\.\d+){0,3}", text):
        raise ConfigError(f"--release is {text!r}: give TensorRT's release, like 8.5, 8.6 or 10.")
    major, *rest = (int(part) for part in text.split("."))
    release = (major, rest[0] if rest else None)
    if (major, rest[0] if rest else OLDEST[1]) < OLDEST:
        raise ConfigError(f"--release is {text}, which is too old: 8.5 or newer is needed.")
    return release


def command_lines(bundle: Bundle, build: Build, out: Path, release: Release) -> list[str]:
    """One line a graph; each writes OUT/GRAPH.plan.

    Raises:
        EngineError: The precision must stand in the graph (INT8, or any from release 11 on), or
            the accelerator does not know it.
    """
    if build.precision == "int8" or (build.precision != "fp32" and release[0] >= 11):
        raise EngineError(
            f"trtexec of TensorRT {release[0]} cannot make {build.precision} of these graphs by a"
            " flag: use `cdat-export compile --engine tensorrt`, which puts the precision into the"
            " graph."
        )
    if build.dla is not None and build.precision == "fp32":
        raise EngineError(
            f"DLA core {build.dla} cannot calculate in fp32: add --precision fp16, or leave out"
            " --dla."
        )
    flags = ["--noTF32", f"--memPoolSize=workspace:{build.workspace_mib}"]
    if build.precision == "fp16":
        flags.append("--fp16")
    if build.timing_cache is not None:
        flags.append(f"--timingCacheFile={build.timing_cache}")
    if build.dla is not None:
        flags += [f"--useDLACore={build.dla}", "--allowGPUFallback"]
    flags.append(_no_inference(release))
    return [
        shlex.join(["trtexec", f"--onnx={graph}", f"--saveEngine={out / f'{name}.plan'}", *flags])
        for name, graph in bundle.graphs.items()
    ]


def _no_inference(release: Release) -> str:
    """The flag that ends trtexec after the build.

    Until 8.5 it is --buildOnly (trtexec's help of 8.4). The sources of 8.6 take it, too, and warn
    that --skipInference has replaced it; from 10 on the documents know only --skipInference. So
    "8" without a minor release gets the name that all of 8 take.
    """
    major, minor = release
    return "--buildOnly" if major == 8 and minor in (None, 5) else "--skipInference"


def adopting(folder: Path, key_of: Compiler, dla: int | None = None) -> Compiler:
    """Takes FOLDER/GRAPH.plan in place of compiling; it is tested like any other plan."""

    def key(graph: Path) -> PlanKey:
        return key_of.key(graph)

    def fill(graph: Path, out: Path) -> None:
        plan = folder / f"{graph.stem}.plan"
        if not plan.is_file():
            raise EngineError(f"{folder} has no {plan.name}: build it with the line of --trtexec.")
        _check(plan, graph, dla)
        shutil.copyfile(plan, out)

    return Compiler(key, fill, key_of.facts)


def _check(plan: Path, graph: Path, dla: int | None) -> None:
    """Whether the plan is one of this machine and of this graph.

    Raises:
        EngineError: It is not; the sentence names the adopted file.
    """
    trt = tensorrt()
    log = logger(trt)
    try:
        content = plan.read_bytes()
    except OSError as error:
        raise EngineError(f"{plan} cannot be read: {error.strerror}.") from None
    _runtime, loaded = load_plan(trt, content, dla, log)
    if loaded is None:
        raise EngineError(
            f"{plan} is not adopted, because TensorRT {trt.__version__} cannot load it"
            f" ({told(log)}): build it on this machine, with this TensorRT, by the line of"
            " --trtexec."
        )
    found = spec_of_plan(trt, loaded)
    source = open_engine(LAST_RESORT, graph, EngineOptions(device="cpu"))
    source.close()
    for ours, theirs in (
        (source.spec.inputs, found.inputs),
        (source.spec.outputs, found.outputs),
    ):
        if dict(ours) != dict(theirs):
            raise EngineError(
                f"{plan} is not adopted, because it has the tensors {shown(theirs)}, and"
                f" {graph.name} {shown(ours)}: build it with the line of --trtexec."
            )
