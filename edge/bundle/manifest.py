"""The bundle's manifest as validated data: the contract between training and runtime.

A bundle is a folder with `manifest.json`, one ONNX graph a stream (at least one), one for fusion
and confidence, `golden.npz` (inputs, and the outputs that every engine must reproduce) and
`MODEL_CARD.md`. It contains no pickle.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from edge.bundle.document import Strict
from edge.bundle.specs import (
    FileName,
    FusionSpec,
    GateSpec,
    NeutralSpec,
    NumberSpec,
    ReducedTolerance,
    ReliabilitySpec,
    Sha256,
    Shown,
    StreamSpec,
    Task,
    WindowSpec,
    answer_output,
    known_streams,
)
from edge.engines import Precision
from edge.types import STREAMS, masks_of

SCHEMA_VERSION = 2
MANIFEST_NAME = "manifest.json"

__all__ = [
    "MANIFEST_NAME",
    "SCHEMA_VERSION",
    "FusionSpec",
    "GateSpec",
    "Manifest",
    "NeutralSpec",
    "NumberSpec",
    "ReducedTolerance",
    "ReliabilitySpec",
    "Sha256",
    "StreamSpec",
    "Task",
    "WindowSpec",
    "answer_output",
]


class Manifest(Strict):
    """The complete `manifest.json`."""

    schema_version: int
    name: Annotated[Shown, Field(min_length=1, max_length=200)]
    task: Task
    labels: Annotated[tuple[Shown, ...], Field(min_length=1, max_length=1000)]
    """Names of the outputs: two labels or more, or the number's name."""
    thresholds: tuple[Annotated[float, Field(ge=0, le=1)], ...] | None = None
    """For `multilabel` only: a label is given when its probability is above its threshold."""
    number: NumberSpec | None = None
    """For `regression` only."""
    streams: dict[str, StreamSpec]
    fusion: FusionSpec
    neutral: dict[str, NeutralSpec] | None = None
    """For a correction for one person, of audio and vision, by stream. None: not measured."""
    frontend: dict[str, dict[str, Any]]
    frontend_digest: Sha256
    window: WindowSpec
    gate: GateSpec
    tolerance: Annotated[float, Field(gt=0, le=0.1)]
    """Largest absolute difference that an FP32 engine may show on the golden outputs."""
    reduced_tolerance: ReducedTolerance = ReducedTolerance()
    metric_loss: Annotated[float, Field(gt=0, le=0.5)] = 0.005
    """Largest loss of accuracy, as a share, that an engine in reduced precision may show on real
    items. `cdat-export verify` measures it."""
    golden: FileName
    model_card: FileName
    validation_slice: FileName | None = None
    """Embeddings of validation people, on which `cdat-train adapt` checks its steps; None: none.
    The runtime does not open it."""
    files: dict[FileName, Sha256]
    provenance: dict[str, Any]
    """How it was made: seeds, data and terms, metrics. For people; the runtime ignores it."""

    @model_validator(mode="after")
    def _complete(self) -> Manifest:
        known_streams("streams", self.streams)
        known_streams("frontend", self.frontend)
        if set(self.gate.reliability) != set(self.streams):
            raise ValueError(
                f"gate.reliability must have the keys {', '.join(self.names)}, like streams"
            )
        if self.fusion.masks != (wanted := masks_of(self.names)):
            shown = [list(mask) for mask in wanted]
            raise ValueError(f"fusion.masks must be {shown}, in this order")
        named = {spec.graph for spec in self.streams.values()}
        named |= {self.fusion.graph, self.golden, self.model_card}
        named |= set() if self.validation_slice is None else {self.validation_slice}
        if unlisted := named - set(self.files):
            raise ValueError(f"files gives no SHA-256 for {', '.join(sorted(unlisted))}")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels contains a label twice")
        self._check_neutral()
        self._check_answer()
        return self

    def _check_neutral(self) -> None:
        if unknown := set(self.neutral or ()) - ({"audio", "vision"} & set(self.streams)):
            raise ValueError(f"neutral.{min(unknown)} is not a stream of sound or video of it")
        size = self.fusion.embedding_size
        for name, one in (self.neutral or {}).items():
            if len(one.embedding) != size:
                raise ValueError(f"neutral.{name}.embedding must have {size} values")

    def _check_answer(self) -> None:
        several, number = self.task == "multilabel", self.task == "regression"
        if number and (self.number is None or self.labels != (self.number.name,)):
            raise ValueError("a regression must have a number, whose name is the only label")
        if not number and len(self.labels) < 2:
            raise ValueError("labels must have two labels or more")
        if several and len(self.thresholds or ()) != len(self.labels):
            raise ValueError("thresholds must have one value for each label")
        if self.thresholds is not None and not several:
            raise ValueError(f"thresholds are not for the task {self.task}")
        if self.number is not None and not number:
            raise ValueError(f"number is not for the task {self.task}")

    @model_serializer(mode="wrap")
    def _without_absent_keys(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Earlier releases of schema 2 know none of the keys, and read every bundle without."""
        data: dict[str, Any] = plain(self)
        optional = ("thresholds", "number", "validation_slice", "neutral")
        absent = {key for key in optional if data.get(key) is None}
        return {key: value for key, value in data.items() if key not in absent}

    def tolerance_of(self, precision: Precision) -> float:
        """Largest absolute difference on the golden outputs for an engine of this precision."""
        if precision == "fp32":
            return self.tolerance
        return self.reduced_tolerance.fp16 if precision == "fp16" else self.reduced_tolerance.int8

    @property
    def answer_output(self) -> str:
        """Name of the fusion graph's output that holds the answers (see `FusionSpec`)."""
        return answer_output(self.task)

    @property
    def names(self) -> tuple[str, ...]:
        """The bundle's streams, in the order of `edge.types.STREAMS`."""
        return tuple(name for name in STREAMS if name in self.streams)

    @property
    def quality_names(self) -> tuple[str, ...]:
        """`stream.signal` for each entry of the fusion graph's quality vector, in its order."""
        return tuple(f"{name}.{q}" for name in self.names for q in self.streams[name].quality)
