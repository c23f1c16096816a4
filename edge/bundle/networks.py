"""The bundle's networks, loaded and checked against the manifest: the encoders and the fusion."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.load import Bundle
from edge.engines import Engine, open_engine
from edge.errors import BundleError
from edge.types import MASKS, STREAMS, Float


@dataclass(frozen=True, slots=True)
class Fused:
    """The answer under each of `MASKS`, `probabilities` (7, C) and `confidence` (7,), and `worth`
    (3,): how much each stream's present condition leaves of what it has to say. Rows that need a
    stream which the bundle lacks are zero, and are never used: it is never there."""

    probabilities: Float
    confidence: Float
    worth: Float


class Networks:
    """Encoders and fusion of one bundle, each called from one thread at a time."""

    def __init__(self, bundle: Bundle, engine: str = "onnxruntime", threads: int = 1) -> None:
        """Load every graph.

        Raises:
            EngineError: a graph cannot be loaded.
            BundleError: a graph's shapes contradict the manifest.
        """
        manifest = bundle.manifest
        self.labels = manifest.labels
        self._inputs = {name: manifest.streams[name].input for name in manifest.names}
        self._dtypes = {n: np.dtype(manifest.streams[n].dtype) for n in manifest.names}
        self._encoders: dict[str, Engine] = {}
        code = manifest.fusion.code_size
        for name in manifest.names:
            spec = manifest.streams[name]
            engine_ = open_engine(engine, bundle.path(spec.graph), threads)
            _expect(bundle, spec.graph, engine_.inputs, {spec.input: (1, *spec.shape)})
            _expect(bundle, spec.graph, engine_.dtypes, {spec.input: spec.dtype})
            _expect(bundle, spec.graph, engine_.outputs, {"code": (1, code), "logit": (1,)})
            self._encoders[name] = engine_
        graph = manifest.fusion.graph
        quality = len(manifest.quality_names)
        self._fusion = open_engine(engine, bundle.path(graph), threads)
        _expect(
            bundle,
            graph,
            self._fusion.inputs,
            {"codes": (len(manifest.names), code), "quality": (quality,)},
        )
        rows = len(manifest.fusion.masks)
        answers = {
            "probabilities": (rows, len(self.labels)),
            "confidence": (rows,),
            "worth": (len(manifest.names),),
        }
        _expect(bundle, graph, self._fusion.outputs, answers)
        _expect(bundle, graph, _labels(self._fusion), list(self.labels))
        self.device = self._fusion.device
        self._whole = manifest.names == STREAMS
        self._places = [STREAMS.index(name) for name in manifest.names]
        self._rows = [MASKS.index(mask) for mask in manifest.fusion.masks]

    def encode(self, stream: str, tensor: NDArray[np.generic]) -> tuple[Float, float]:
        """Code (D,) and pooling logit of one item; one thread a stream."""
        batch = np.ascontiguousarray(tensor[None], dtype=self._dtypes[stream])
        out = self._encoders[stream].run({self._inputs[stream]: batch})
        return out["code"][0], float(out["logit"][0])

    def fuse(self, codes: Float, quality: Float) -> Fused:
        """All seven masks at once from `codes` (3, D), zeros where absent, and `quality` (Q,), the
        signals of the bundle's streams."""
        if not self._whole:
            codes = codes[self._places]
        out = self._fusion.run({"codes": codes, "quality": quality})
        if self._whole:
            return Fused(out["probabilities"], out["confidence"], out["worth"])
        return Fused(
            _spread(out["probabilities"], self._rows, len(MASKS)),
            _spread(out["confidence"], self._rows, len(MASKS)),
            _spread(out["worth"], self._places, len(STREAMS)),
        )


def _spread(found: Float, rows: list[int], count: int) -> Float:
    """`found` at `rows` of an array with `count` rows, which is zero elsewhere."""
    out = np.zeros((count, *found.shape[1:]), np.float32)
    out[rows] = found
    return out


def _expect(
    bundle: Bundle,
    graph: str,
    found: object,
    wanted: object,
) -> None:
    if found != wanted:
        raise BundleError(
            f"{bundle.path(graph)} has {found}, but the manifest beside it"
            f" (labels, code_size, shape, dtype) asks for {wanted}: they are not of one bundle."
        )


def _labels(fusion: Engine) -> object:
    """The labels that the graph was exported with, in the order of its columns."""
    try:
        return json.loads(fusion.metadata.get("labels", "null"))
    except ValueError:
        return None
