"""The bundle's networks, loaded and checked against the manifest: encoders and fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.golden import read_golden
from edge.bundle.load import Bundle
from edge.bundle.manifest import Manifest
from edge.bundle.opened import Graph
from edge.bundle.serving import serve
from edge.engines import Arrays, EngineOptions, GraphSpec, TensorSpec
from edge.engines.fallback import Fallback, Note, silent
from edge.engines.finite import check_inputs
from edge.engines.joined import Joined
from edge.errors import EngineError
from edge.types import MASKS, STREAMS, Float


@dataclass(frozen=True, slots=True)
class Fused:
    """The output for each of `MASKS`.

    Attributes:
        outputs: Float32 (7, C): probability of each label, or (7, 1), the standard score of the
            number (`edge.bundle.manifest.NumberSpec`).
        confidence: Float32 (7,), how right each mask's answer is expected to be
            (`edge.recognition.verdict.Verdict.confidence`).
        reliability: Float32 (3,), a value a stream: 1 for a clean signal, 0 when it carries no
            information about the label.

    Rows that need a stream which the bundle lacks are zero and never used.
    """

    outputs: Float
    confidence: Float
    reliability: Float


class Networks:
    """Encoders and fusion of one bundle. Each is called by one thread at a time.

    Attributes:
        engine: Name of the engine that serves from the first pass on.
        device: What it runs on, for people.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: str = "onnxruntime",
        options: EngineOptions | None = None,
        note: Note = silent,
        builds: bool = True,
    ) -> None:
        """Load every graph, check it against the manifest and the golden outputs, and warm it up.

        Args:
            engine: A name, or "auto".
            note: Is told on any thread, now and later, what serves and what failed.
            builds: Whether a missing plan in fp32 is built while ONNX Runtime serves.

        Raises:
            ConfigError: The engine does not exist.
            EngineError: A graph cannot be loaded, or its outputs are wrong.
            BundleError: A graph does not match the manifest.
        """
        options = options or EngineOptions()
        manifest = bundle.manifest
        self._note = note
        self.labels = manifest.labels
        self._answers = manifest.answer_output
        self._inputs = {name: manifest.streams[name].input for name in manifest.names}
        self._dtypes = {n: np.dtype(manifest.streams[n].dtype) for n in manifest.names}
        golden = read_golden(bundle)
        specs = {name: _encoder_spec(manifest, name) for name in manifest.names}
        specs["fusion"] = _fusion_spec(manifest)
        graphs = [Graph(bundle, name, spec, golden) for name, spec in specs.items()]
        self._serving = serve(graphs, engine, options, note, builds)
        self._graphs: Mapping[str, Fallback | Joined] = self._serving.graphs
        self.engine = self._serving.engine
        self.device = self._graphs["fusion"].device
        self._has_all_streams = manifest.names == STREAMS
        self._places = [STREAMS.index(name) for name in manifest.names]
        self._rows = [MASKS.index(mask) for mask in manifest.fusion.masks]

    def close(self) -> None:
        """Free the engines, when no thread uses them any more."""
        self._serving.close()

    def encode(self, stream: str, tensor: NDArray[np.generic]) -> tuple[Float, float]:
        """Embedding (D,) and pooling logit of one item. One thread a stream.

        Raises:
            EngineError: The engine failed, or an input or output is not finite.
        """
        batch = np.ascontiguousarray(tensor[None], dtype=self._dtypes[stream])
        out = self._run(stream, {self._inputs[stream]: batch})
        return out["embedding"][0], float(out["logit"][0])

    def fuse(self, embeddings: Float, quality: Float) -> Fused:
        """The output for all seven masks, from `embeddings` (3, D), zeros where absent, and
        `quality` (Q,), the signals of the bundle's streams. Step thread.

        Raises:
            EngineError: The engine failed, or an input or output is not finite.
        """
        if not self._has_all_streams:
            embeddings = embeddings[self._places]
        inputs = {"embeddings": embeddings, "quality": quality}
        out = self._run("fusion", inputs)
        if self._has_all_streams:
            return Fused(out[self._answers], out["confidence"], out["reliability"])
        return Fused(
            _scatter(out[self._answers], self._rows, len(MASKS)),
            _scatter(out["confidence"], self._rows, len(MASKS)),
            _scatter(out["reliability"], self._places, len(STREAMS)),
        )

    def _run(self, graph: str, inputs: Arrays) -> dict[str, Float]:
        try:
            check_inputs(graph, inputs)
        except EngineError as error:
            self._note(str(error))
            raise
        return self._graphs[graph].run(inputs)  # it checks the outputs


def _scatter(found: Float, rows: list[int], count: int) -> Float:
    """An array with `count` rows that has `found` at `rows` and is zero elsewhere."""
    out = np.zeros((count, *found.shape[1:]), np.float32)
    out[rows] = found
    return out


def _encoder_spec(manifest: Manifest, name: str) -> GraphSpec:
    spec = manifest.streams[name]
    return GraphSpec(
        inputs={spec.input: TensorSpec((1, *spec.shape), spec.dtype)},
        outputs={
            "embedding": TensorSpec((1, manifest.fusion.embedding_size), "float32"),
            "logit": TensorSpec((1,), "float32"),
        },
    )


def _fusion_spec(manifest: Manifest) -> GraphSpec:
    streams, rows = len(manifest.names), len(manifest.fusion.masks)
    size, signals = manifest.fusion.embedding_size, len(manifest.quality_names)
    return GraphSpec(
        inputs={
            "embeddings": TensorSpec((streams, size), "float32"),
            "quality": TensorSpec((signals,), "float32"),
        },
        outputs={
            manifest.answer_output: TensorSpec((rows, len(manifest.labels)), "float32"),
            "confidence": TensorSpec((rows,), "float32"),
            "reliability": TensorSpec((streams,), "float32"),
        },
    )
