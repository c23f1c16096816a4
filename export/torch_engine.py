"""A trained network of a run, as an engine: what every other engine is compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from edge.bundle import Bundle
from edge.engines import Arrays, GraphSpec, TensorSpec
from edge.errors import BundleError
from edge.types import Float
from export.graph import torch_outputs
from export.modules import EncoderGraph, fold
from export.passes import Engines
from export.run import load_run

_ENCODER, _FUSION = ("embedding", "logit"), ("probabilities", "confidence", "reliability")


class TorchEngine:
    """An `edge.engines.Engine`. Its inputs are in the order of the module's `forward`."""

    device = "torch CPU"

    def __init__(self, module: nn.Module, example: Arrays, outputs: tuple[str, ...]) -> None:
        """`example`: one value of each input, in the order of `forward`."""
        self._module, self._names, self._outputs = module.eval(), list(example), list(outputs)
        found = self.run(example)
        self.spec = GraphSpec(_specs(example), _specs(found))

    def warm_up(self) -> None:
        """It ran when it was made."""

    def run(self, arrays: Arrays) -> dict[str, Float]:
        return torch_outputs(self._module, {n: arrays[n] for n in self._names}, self._outputs)

    def close(self) -> None:
        """Torch frees a module with its last reference."""


def torch_engines(bundle: Bundle, run: Path, examples: dict[str, Arrays]) -> Engines:
    """The networks of a run for each graph of the bundle.

    Args:
        examples: One value of each input, by graph.

    Raises:
        BundleError: `run` is no finished run, or has other streams than the bundle.
        DataError: A file of the run is missing or damaged.
    """
    trained = load_run(run)
    if trained.streams != bundle.manifest.names:
        raise BundleError(
            f"{run} has the streams {', '.join(trained.streams)}, but {bundle.folder} has"
            f" {', '.join(bundle.manifest.names)}: give the run that the bundle was built from."
        )
    encoders = {
        s: TorchEngine(EncoderGraph(trained.encoders[s]), examples[s], _ENCODER)
        for s in trained.streams
    }
    return {**encoders, "fusion": TorchEngine(fold(trained.fusion), examples["fusion"], _FUSION)}


def _specs(arrays: Arrays) -> dict[str, TensorSpec]:
    return {n: TensorSpec(np.shape(a), str(np.asarray(a).dtype)) for n, a in arrays.items()}
