"""The bundle's manifest as validated data: the contract between training and runtime.

A bundle is a folder with `manifest.json`, one ONNX graph a stream (at least one), one for fusion
and confidence, `golden.npz` (inputs, and the outputs that every engine must reproduce) and
`MODEL_CARD.md`. It contains no pickle.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from edge.bundle.document import Strict
from edge.engines import Precision
from edge.types import STREAMS, masks_of

SCHEMA_VERSION = 2
MANIFEST_NAME = "manifest.json"

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Task = Literal["multiclass", "multilabel", "regression"]
"""The kind of answer: one of several labels, any number of them, or a number."""


def _known(key: str, by_stream: dict[str, Any]) -> None:
    if not by_stream or not set(by_stream) <= set(STREAMS):
        raise ValueError(f"{key} must have one or more of the keys {', '.join(STREAMS)}, no others")


def answer_output(task: Task) -> str:
    """Name of the fusion graph's output that holds the answers of a task."""
    return "standard_score" if task == "regression" else "probabilities"


class StreamSpec(Strict):
    """One stream's encoder.

    The graph takes `input` of shape (1, *shape) and returns `embedding` (1, D) and `logit` (1,).
    """

    graph: FileName
    input: Annotated[str, Field(min_length=1, max_length=100)]
    shape: Annotated[tuple[Size, ...], Field(min_length=1, max_length=4)]
    dtype: Literal["float32", "int32"]
    quality: tuple[str, ...]
    typical_quality: tuple[Finite, ...]
    """Medians on clean training data: the fusion graph's input for an absent stream."""

    @model_validator(mode="after")
    def _one_value_a_signal(self) -> StreamSpec:
        if len(self.quality) != len(self.typical_quality):
            raise ValueError("typical_quality must have one value for each name in quality")
        return self


class NumberSpec(Strict):
    """The number that a regression answers with.

    The graph returns standard scores, so that its tolerances do not depend on the unit: the number
    is `mean` + `deviation` * standard score, cut to `low`..`high`.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    unit: Annotated[str, Field(max_length=30)] = ""
    low: Finite
    high: Finite
    mean: Finite
    deviation: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Mean and standard deviation of the training's targets."""

    @model_validator(mode="after")
    def _a_range(self) -> NumberSpec:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        return self

    def value(self, standard_score: float) -> float:
        """The number in its unit, within the range."""
        return min(self.high, max(self.low, self.mean + self.deviation * standard_score))


class FusionSpec(Strict):
    """Fusion and confidence over all masks in one pass.

    The graph takes `embeddings` (S, D), a row for each stream of the bundle in the order of
    `edge.types.STREAMS`, and `quality` (Q,), their signals concatenated in that order. It returns
    `probabilities` (M, C) and `confidence` (M,), a row for each of `masks`, and `reliability` (S,),
    a value for each stream. With all three streams S is 3 and M is 7. The probabilities of a row
    sum to 1 for the task `multiclass` and are independent for `multilabel`; for `regression` the
    output is `standard_score` (M, 1) in their place.
    """

    graph: FileName
    embedding_size: Size
    masks: tuple[tuple[str, ...], ...]


class ReliabilitySpec(Strict):
    """Hysteresis: a stream is dropped below `drop` and readmitted above `readmit`."""

    drop: Annotated[float, Field(ge=0, le=1)]
    readmit: Annotated[float, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _a_dead_band(self) -> ReliabilitySpec:
        if self.readmit < self.drop:
            raise ValueError("readmit must not be below drop")
        return self


class GateSpec(Strict):
    """Thresholds of the gate (`edge.recognition.gate`), chosen on validation data only."""

    reliability: dict[str, ReliabilitySpec]
    interference_margin: Annotated[float, Field(ge=0, le=1)]
    """A stream is dropped when the best mask without it is this much more confident."""
    smoothing: Annotated[float, Field(gt=0, le=1)]
    """Weight of the newest step in the running means of confidences and reliabilities; 1: none."""
    readmit_steps: Annotated[int, Field(ge=1, le=100)]
    """Consecutive steps that a dropped stream must be good before it is used again."""
    abstain_below: Annotated[float, Field(ge=0, le=1)]
    """The label is withheld when the confidence of the chosen mask is below this."""

    @model_validator(mode="after")
    def _every_stream(self) -> GateSpec:
        _known("reliability", self.reliability)
        return self


class ReducedTolerance(Strict):
    """Largest absolute difference that an engine in reduced precision may show on the golden
    outputs. It finds a wrong graph; whether the labels suffer is for `metric_loss`.

    The default bundle's graphs differ by 0.002 in FP16 and 0.26 in INT8 with ONNX Runtime; shuffled
    weights, by 0.9 and more.
    """

    fp16: Annotated[float, Field(gt=0, le=10)] = 0.02
    int8: Annotated[float, Field(gt=0, le=10)] = 0.4


class WindowSpec(Strict):
    """The window of the training. The runtime's configuration may override it."""

    duration_s: Annotated[float, Field(ge=0.2, le=60)] = 3.0
    step_s: Annotated[float, Field(ge=0.02, le=10)] = 0.25
    text_s: Annotated[float, Field(ge=0.2, le=120)] = 10.0


class Manifest(Strict):
    """The complete `manifest.json`."""

    schema_version: int
    name: Annotated[str, Field(min_length=1, max_length=200)]
    task: Task
    labels: Annotated[tuple[str, ...], Field(min_length=1, max_length=1000)]
    """Names of the outputs: two labels or more, or the number's name."""
    thresholds: tuple[Annotated[float, Field(ge=0, le=1)], ...] | None = None
    """For `multilabel` only: a label is given when its probability is above its threshold."""
    number: NumberSpec | None = None
    """For `regression` only."""
    streams: dict[str, StreamSpec]
    fusion: FusionSpec
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
    files: dict[FileName, Sha256]
    provenance: dict[str, Any]
    """How it was made: seeds, data and terms, metrics. For people; the runtime ignores it."""

    @model_validator(mode="after")
    def _complete(self) -> Manifest:
        _known("streams", self.streams)
        _known("frontend", self.frontend)
        if set(self.gate.reliability) != set(self.streams):
            raise ValueError(
                f"gate.reliability must have the keys {', '.join(self.names)}, like streams"
            )
        if self.fusion.masks != (wanted := masks_of(self.names)):
            shown = [list(mask) for mask in wanted]
            raise ValueError(f"fusion.masks must be {shown}, in this order")
        named = {spec.graph for spec in self.streams.values()}
        named |= {self.fusion.graph, self.golden, self.model_card}
        if unlisted := named - set(self.files):
            raise ValueError(f"files gives no SHA-256 for {', '.join(sorted(unlisted))}")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels contains a label twice")
        self._check_answer()
        return self

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
    def _without_other_tasks(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Earlier releases of schema 2 know neither key, and read every `multiclass` bundle."""
        data: dict[str, Any] = plain(self)
        absent = {key for key in ("thresholds", "number") if data.get(key) is None}
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
