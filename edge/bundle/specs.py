"""The parts of a bundle's manifest: streams, number, fusion, gate, tolerance, window."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from edge.bundle.document import Strict
from edge.types import STREAMS


def _shown(text: str) -> str:
    """Without control characters, which terminals obey.

    Joiners (category Cf) are allowed: some scripts need them.
    """
    if any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in text):
        raise ValueError("must have no control character and no line break")
    return text


Shown = Annotated[str, AfterValidator(_shown)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Task = Literal["multiclass", "multilabel", "regression"]
"""The kind of answer: one of several labels, any number of them, or a number."""


def known_streams(key: str, by_stream: dict[str, Any]) -> None:
    """Raises: ValueError, for other keys than the names of streams."""
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
    contradiction: Annotated[float, Field(ge=-20, le=0)] | None = None
    """A stream whose agreement with the others (`edge.recognition.agreement`) is below this is
    dropped; None: never. For bundles of three streams and one label."""

    @model_validator(mode="after")
    def _every_stream(self) -> GateSpec:
        known_streams("reliability", self.reliability)
        return self


class NeutralSpec(Strict):
    """What a correction for one person (docs/calibrate.md) starts from, for one stream."""

    embedding: Annotated[tuple[Finite, ...], Field(min_length=1, max_length=1_000_000)]
    """Mean neutral embedding (D,) of the persons of the training."""
    strength: Annotated[float, Field(ge=0, le=1)]
    """Share of the difference by which a person is corrected; 0: the measurement shows no gain."""


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
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    """No label before the evidence of a stream reaches back over this share of `duration_s`.
    docs/method.md#thresholds has the measurement."""
