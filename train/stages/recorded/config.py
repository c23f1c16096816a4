"""The configuration of a run on a recorded corpus; its key is `encoders`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.types import STREAMS
from train.config import Section
from train.fusion_config import FusedConfig

StreamName = Literal["text", "audio", "vision"]
Part = Annotated[float, Field(gt=0, le=0.5)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Shares(Section):
    """Shares of the persons that are cut off where the table names no split."""

    test: Part = 0.2
    val: Part = 0.2
    held_out: Part = 0.2


class NumberConfig(Section):
    """The number of a corpus with the task `regression`."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "number"
    unit: Annotated[str, Field(max_length=30)] = ""
    range: tuple[Finite, Finite] | None = None
    """Smallest and largest number possible; None: those of the corpus."""

    @model_validator(mode="after")
    def _a_range(self) -> NumberConfig:
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError("range must be two numbers, the smaller one first")
        return self


class RecordedConfig(FusedConfig):
    """The whole configuration."""

    encoders: Annotated[str, Field(min_length=1)] = "default"
    """The bundle whose encoders are used as they are: its folder, or "default" for the packaged
    one."""
    streams: Annotated[tuple[StreamName, ...], Field(min_length=1)] | None = None
    """The streams to train; None: all that the corpus has."""
    stride_s: Annotated[float, Field(ge=0.05, le=60)] = 0.5
    """Time between two windows of a sample."""
    shares: Shares = Shares()
    number: NumberConfig = NumberConfig()

    @model_validator(mode="after")
    def _each_once(self) -> RecordedConfig:
        if self.streams is not None and len(set(self.streams)) < len(self.streams):
            raise ValueError(f"streams must name each of {', '.join(STREAMS)} once at most")
        return self
