"""A bundle's golden outputs, which every engine must reproduce before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.arrays import open_arrays
from edge.bundle.load import Bundle
from edge.engines import Engine, Precision, TensorSpec, shown
from edge.errors import BundleError, GoldenError, first_line

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Case:
    """One graph's inputs and the outputs of the trained network, by name."""

    inputs: Arrays = field(default_factory=dict)
    outputs: dict[str, NDArray[np.float32]] = field(default_factory=dict)


def write_golden(path: Path, labels: Sequence[str], cases: Mapping[str, Sequence[Case]]) -> None:
    """Write the cases of each graph, as `read_golden` reads them."""
    arrays: dict[str, Any] = {"labels": np.array(labels)}
    for graph, some in cases.items():
        for k, case in enumerate(some):
            arrays |= {f"{graph}/{k}/in/{name}": value for name, value in case.inputs.items()}
            arrays |= {f"{graph}/{k}/out/{name}": value for name, value in case.outputs.items()}
    np.savez_compressed(path, **arrays)


def read_golden(bundle: Bundle) -> dict[str, list[Case]]:
    """The cases of each graph, by "text", "audio", "vision" and "fusion".

    The file is an .npz without pickle. Its arrays are named GRAPH/CASE/in|out/TENSOR. The array
    `labels` detects a changed order of the labels: a graph does not contain their names.

    Raises:
        BundleError: The file cannot be read, an array has another name, or the labels differ from
            those of the manifest.
    """
    path = bundle.path(bundle.manifest.golden)
    cases: dict[str, dict[str, Case]] = {}
    try:
        with open_arrays(path) as file:
            if tuple(file["labels"].tolist()) != bundle.manifest.labels:
                raise BundleError(
                    f"{bundle.folder}: the labels are {', '.join(bundle.manifest.labels)} in the"
                    f" manifest but {', '.join(file['labels'])} in {path.name}: the manifest was"
                    " altered; build the bundle again with `cdat-export build`."
                )
            for name in sorted(set(file.files) - {"labels"}):
                graph, case, side, tensor = name.split("/")
                one = cases.setdefault(graph, {}).setdefault(case, Case())
                if side == "in":
                    one.inputs[tensor] = file[name]
                elif side == "out":
                    one.outputs[tensor] = file[name]
                else:
                    raise ValueError(f"'{name}' is neither in nor out")
    except BundleError:
        raise
    except Exception as error:  # NumPy and zipfile raise a dozen kinds for a damaged file
        raise BundleError(
            f"{path} does not contain golden inputs and outputs ({first_line(error)}):"
            " build the bundle again with `cdat-export build`."
        ) from None
    return {graph: list(by_case.values()) for graph, by_case in cases.items()}


def check_golden(
    bundle: Bundle,
    graph: str,
    engine: Engine,
    golden: Mapping[str, list[Case]],
    precision: Precision = "fp32",
) -> None:
    """Compare the outputs of an engine with the golden outputs of its graph.

    Args:
        precision: Of the engine's arithmetic, which decides the manifest's tolerance.

    Raises:
        BundleError: There is no case for the graph, or one lacks an input or output, so the engine
            cannot be checked.
        GoldenError: An output is missing, has another shape, is not finite, or differs by more than
            the manifest's tolerance.
    """
    cases = golden.get(graph)
    if not cases:
        raise BundleError(
            f"{bundle.path(bundle.manifest.golden)} has no case for the graph {graph}:"
            " build the bundle again with `cdat-export build`."
        )
    tolerance = bundle.manifest.tolerance_of(precision)
    for case in cases:
        _check_tensors(bundle, f"inputs of {graph}", case.inputs, engine.spec.inputs)
        _check_tensors(bundle, f"outputs of {graph}", case.outputs, engine.spec.outputs)
        found = engine.run(case.inputs)
        for name, wanted in sorted(case.outputs.items()):
            if name not in found or np.shape(found[name]) != wanted.shape:
                raise GoldenError(
                    f"{engine.device} does not return {name} of {graph} in the shape"
                    f" {list(wanted.shape)}: choose another engine."
                )
            difference = float(np.max(np.abs(found[name] - wanted), initial=0.0))
            if not difference <= tolerance:  # written so that NaN fails
                raise GoldenError(
                    f"{engine.device} does not reproduce the golden outputs of {bundle.folder}:"
                    f" {name} of {graph} differs by {difference:.1e}, and {tolerance:.0e} is"
                    " allowed; choose another engine, or report this with the output of"
                    " `cdat-edge --version`."
                )


def _check_tensors(
    bundle: Bundle,
    what: str,
    found: Mapping[str, NDArray[np.generic]],
    wanted: Mapping[str, TensorSpec],
) -> None:
    there = {name: TensorSpec(array.shape, str(array.dtype)) for name, array in found.items()}
    if there != dict(wanted):
        raise BundleError(
            f"{bundle.path(bundle.manifest.golden)} has a case with the {what}"
            f" {shown(there) or 'missing'}, but the graph has {shown(wanted)}: build the bundle"
            " again with `cdat-export build`."
        )
