"""Compare the exported graphs with the trained networks on golden and on random inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from torch import nn

from edge.bundle.golden import Case
from edge.errors import BundleError
from export.graphs.write import torch_outputs

Inputs = dict[str, NDArray[np.generic]]
Outputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Checked:
    """One graph's golden cases, and the largest difference of ONNX Runtime from torch on all
    cases."""

    cases: list[Case]
    """With the outputs of torch, with which every engine is compared."""
    worst: float


def check(
    path: Path, module: nn.Module, golden: list[Inputs], more: list[Inputs], tolerance: float
) -> Checked:
    """Compare ONNX Runtime on `path` with `module`.

    Raises:
        BundleError: A tensor differs by more than `tolerance`, there are fewer than two inputs, or
            the graph gives the same output for different inputs (then equality shows nothing).
    """
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    wanted, worst = [], 0.0
    for inputs in [*golden, *more]:
        expected = torch_outputs(module, inputs, names)
        found = dict(zip(names, session.run(names, inputs), strict=True))
        for name in names:
            difference = float(np.max(np.abs(found[name] - expected[name]), initial=0.0))
            if not difference <= tolerance:
                raise BundleError(
                    f"{path.name}: {name} differs between torch and ONNX Runtime by "
                    f"{difference:.1e}, the limit is {tolerance:.0e}; no bundle was written."
                )
            worst = max(worst, difference)
        wanted.append(expected)
    if len(wanted) < 2:
        raise BundleError(f"{path.name}: parity needs two inputs or more, not {len(wanted)}.")
    first, last = wanted[0][names[0]], wanted[-1][names[0]]
    if np.allclose(first, last, rtol=0.0, atol=10 * tolerance):
        raise BundleError(
            f"{path.name}: {names[0]} is the same for different inputs, so the parity check is "
            "meaningless: train the network again."
        )
    cases = [Case(inputs, outputs) for inputs, outputs in zip(golden, wanted, strict=False)]
    return Checked(cases, worst)
