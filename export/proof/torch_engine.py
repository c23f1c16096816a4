"""Torch's own networks behind the Engine protocol: what every compiled engine is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from edge.bundle import Bundle
from edge.engines import Arrays, Engine, EngineOptions, GraphSpec, open_engine, zeros
from edge.engines.inductor import CapturedPass
from edge.errors import BundleError, EngineError
from edge.types import STREAMS, Float
from export.bundle.run import TrainedRun, load_run
from export.graphs.modules import EncoderGraph, FusionGraph, fold
from export.graphs.spec import spec_of_graph
from export.proof.passes import Engines
from train.fusion_config import FusionFit, FusionShape
from train.live_config import TrainConfig
from train.stages import confidence, encoders, fusion


class TorchEngine:
    """A torch module, called from Python node by node; on a GPU also replayed as a CUDA graph."""

    def __init__(
        self,
        module: nn.Module,
        spec: GraphSpec,
        device: str = "cpu",
        threads: int = 1,
        captured: bool = False,
    ) -> None:
        """Move the module to the device.

        Args:
            spec: Its inputs in the order of `forward`, and its outputs.
            device: "cpu" or "cuda".
            captured: Replay one CUDA graph a pass.
        """
        torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self.spec = spec
        self._on_gpu = device == "cuda"
        self._module: Any = module.eval().to(device)
        self.device = f"torch {device}" + (", CUDA graph" if captured else "")
        with torch.inference_mode():
            self._replay = CapturedPass(torch, self._module, spec) if captured else None

    def warm_up(self) -> None:
        self.run(zeros(self.spec.inputs))

    def run(self, arrays: Arrays) -> dict[str, Float]:
        given = [torch.from_numpy(np.array(arrays[name])) for name in self.spec.inputs]
        made: list[Tensor]
        if self._replay is not None:
            made = self._replay(given)
        else:
            with torch.inference_mode():
                there = [one.cuda() for one in given] if self._on_gpu else given
                made = [one.cpu() for one in cast("tuple[Tensor, ...]", self._module(*there))]
        return {
            name: np.array(value.numpy(), np.float32)
            for name, value in zip(self.spec.outputs, made, strict=True)
        }

    def close(self) -> None:
        self._replay = None


def torch_engines(bundle: Bundle, run: Path) -> Engines:
    """The networks of a run for each graph of the bundle, on the processor.

    Raises:
        BundleError: `run` is no finished run, or has other streams than the bundle.
        DataError: A file of the run is missing or damaged.
    """
    trained = load_run(run)
    _check_streams(bundle, run, trained)
    if trained.taken is None:
        networks = _networks(trained)
        return {
            graph: TorchEngine(networks[graph], spec_of_graph(file))
            for graph, file in bundle.graphs.items()
        }
    # Its encoders were not trained in this run: the graphs they were taken from stand for torch.
    options = EngineOptions(device="cpu")
    engines: dict[str, Engine] = {
        stream: open_engine("onnxruntime", trained.taken.graphs[stream], options)
        for stream in trained.streams
    }
    spec = spec_of_graph(bundle.graphs["fusion"])
    return {**engines, "fusion": TorchEngine(fold(trained.fusion), spec)}


def trained_networks(bundle: Bundle, run: Path) -> dict[str, nn.Module]:
    """The networks of a run as they were exported, by graph. Raises: as `torch_engines`."""
    trained = load_run(run)
    if trained.taken is not None:
        raise BundleError(
            f"{run} has its encoders from the bundle {trained.taken.manifest.name!r}, so torch has"
            " its fusion only: leave out --run."
        )
    _check_streams(bundle, run, trained)
    return _networks(trained)


def _check_streams(bundle: Bundle, run: Path, trained: TrainedRun) -> None:
    if trained.streams != bundle.manifest.names:
        raise BundleError(
            f"{run} has the streams {', '.join(trained.streams)}, but {bundle.folder} has"
            f" {', '.join(bundle.manifest.names)}: give the run that the bundle was built from."
        )


def _networks(trained: TrainedRun) -> dict[str, nn.Module]:
    graphs: dict[str, nn.Module] = {s: EncoderGraph(trained.encoders[s]) for s in trained.streams}
    return graphs | {"fusion": fold(trained.fusion)}


def drawn_networks(bundle: Bundle) -> dict[str, nn.Module]:
    """Networks of the same layers with weights drawn at random: only their times count.

    Raises:
        EngineError: The manifest does not tell the layers: the bundle has fewer than three streams,
            or says nothing of how it was trained.
    """
    manifest = bundle.manifest
    without = "Eager torch needs the run that the bundle was built from: give --run."
    if manifest.names != STREAMS:
        raise EngineError(without)
    try:
        shape = FusionShape.model_validate(manifest.provenance["config"]["fusion"]["model"])
    except (KeyError, TypeError, ValidationError):
        raise EngineError(without) from None
    # The encoders' layers depend on the size of an embedding alone.
    fit = FusionFit.model_construct(model=shape)
    config = TrainConfig.model_construct(embedding_size=manifest.fusion.embedding_size, fusion=fit)
    graphs: dict[str, nn.Module] = {
        s: EncoderGraph(encoders.build(config, s)) for s in manifest.names
    }
    fused = fusion.build(config, len(manifest.labels))
    return graphs | {"fusion": fold(FusionGraph(fused, confidence.build(config, fused)))}
