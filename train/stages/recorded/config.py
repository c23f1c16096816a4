"""The configuration of a run on a recorded corpus; its key is `encoders`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from train.config import FusedConfig, Section

Part = Annotated[float, Field(gt=0, le=0.5)]


class Shares(Section):
    """Shares of the persons that are cut off where the table names no split."""

    test: Part = 0.2
    val: Part = 0.2
    held_out: Part = 0.2


class RecordedConfig(FusedConfig):
    """The whole configuration."""

    encoders: Annotated[str, Field(min_length=1)] = "default"
    """The bundle whose encoders are used as they are: its folder, or "default" for the packaged
    one."""
    stride_s: Annotated[float, Field(ge=0.05, le=60)] = 0.5
    """Time between two windows of a sample."""
    shares: Shares = Shares()
