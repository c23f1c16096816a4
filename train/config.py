"""The configuration of a training run: one YAML file, validated before training starts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.bundle.manifest import WindowSpec
from edge.config.load import validated as validated_model
from edge.config.packaged import config_file
from edge.config.yaml_keys import apply_settings, read_yaml
from edge.errors import ConfigError

Count = Annotated[int, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=1)]


class Section(BaseModel):
    """Base of all sections. Unknown keys are errors, so a typo cannot select a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AnySection = TypeVar("AnySection", bound=Section)


class Fit(Section):
    """Training length and optimiser of one network."""

    epochs: Count
    """The best of them by validation is kept."""
    samples: Count
    """Samples drawn for an epoch, with classes balanced; an epoch is not a pass over the data."""
    batch: Count = 64
    """Samples of one step."""
    learning_rate: Rate = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.02
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay per step of the weights' moving average, which is kept; 0 keeps the last weights."""


class Hardware(Section):
    """What the training runs on. Only `precision` changes what is trained, beyond the order of
    sums."""

    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one for each process."""
    devices: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = "auto"
    """Processes that train together. torchrun starts them; auto takes as many as it started."""
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    timeout_s: Annotated[int, Field(ge=1, le=86_400)] = 300
    """How long a process waits for the others before it stops."""


Choice = bool | int | float | str


class SearchRange(Section):
    """The values of one key that `cdat-train search` may try: from `low` to `high`, or `choices`.
    Whole numbers where both ends are; `log` draws the logarithm."""

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    choices: Annotated[tuple[Choice, ...], Field(min_length=2, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SearchRange:
        if self.choices is not None:
            if (self.low, self.high, self.log) != (None, None, False):
                raise ValueError("give low and high, or choices, and not both")
            return self
        if self.low is None or self.high is None:
            raise ValueError("give low and high, or choices")
        if not -math.inf < self.low < self.high < math.inf:
            raise ValueError("low must be below high")
        if self.log and self.low <= 0:
            raise ValueError("low must be above 0 with log")
        return self

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """Low and high, of a range."""
        assert self.low is not None and self.high is not None
        return self.low, self.high


class SearchSection(Section):
    """The section `search` alone."""

    search: dict[str, SearchRange] = Field(default_factory=dict)


class EncoderFit(Fit):
    """`fault_share` is the share of samples with a fault of `edge.faults`."""

    epochs: Annotated[int, Field(ge=0, le=10_000_000)]
    """0 takes the encoder of `start` as it is."""
    fault_share: Share = 0.4
    class_balance: Share = 0.7
    """0 draws classes by their frequency, 1 uniformly (rare samples then repeat often)."""
    corpus_balance: Share = 0.0
    """0 draws the corpora of the stream by their size, 1 equally."""
    start: Annotated[str, Field(min_length=1)] | None = None
    """The bundle from whose encoder training goes on: its folder, or "default" for the packaged
    one. None: from random weights."""

    @model_validator(mode="after")
    def _has_weights(self) -> EncoderFit:
        if self.epochs == 0 and self.start is None:
            raise ValueError("epochs: 0 needs start, the bundle whose encoder is taken as it is")
        return self


class AudioFit(EncoderFit):
    """Training of the speech encoder."""

    views: Count = 6
    """Augmented versions of each training clip, made once."""
    segments: Count = 8
    """Segments drawn from a clip for one sample."""


class WindowCounts(Section):
    """Windows made of each item for fusion and confidence, by split."""

    train: Count = 4
    held_out: Count = 10
    val: Count = 10
    test: Count = 6
    max_items: Count = 6000
    """Largest number of items of a split, with classes balanced."""
    held_out_items: Count | None = None
    """The same of the held-out part, on which confidence learns, and fusion where its people are to
    be unseen. None: as of the others."""


class Gate(Section):
    """Targets for the choice of the thresholds on validation data."""

    clean_drop: Share = 0.02
    """Share of clean windows in which a stream's reliability may be below its threshold."""
    max_drop: Share = 0.5
    """Highest threshold. Live cameras and rooms have lower quality than the corpora, and a stream
    with a reliability of one half still carries information."""
    severe: Share = 0.6
    smoothing: Annotated[float, Field(gt=0, le=1)] = 0.8
    readmit_steps: Annotated[int, Field(ge=1, le=100)] = 3
    clean_abstain: Share = 0.02
    max_abstain: Annotated[float, Field(ge=0, le=10)] = 1.0
    """In multiples of chance: below it the label is withheld, unless `clean_abstain` is lower. 1:
    only a label that is no better than chance."""


class RunConfig(Section):
    """Keys of every run that ends in a bundle."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """The bundle's name, in its manifest and model card."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    """Of initial weights, drawn samples and faults."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Of torch."""
    embedding_size: Annotated[int, Field(ge=4, le=1024)] = 64
    """Numbers of each stream's embedding."""
    confidence: Fit
    window: WindowSpec = WindowSpec()
    """The window in seconds for which the bundle is trained; written to its manifest."""
    gate: Gate = Gate()
    hardware: Hardware = Hardware()
    search: dict[str, SearchRange] = Field(default_factory=dict)
    """What `cdat-train search` tries, by key; other commands do not read it."""


class SpeechConfig(RunConfig):
    """Keys shared by all runs that train the live speech encoder."""

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of convolutions in training; auto is bfloat16 if the processor supports it, which
    is twice as fast."""
    audio: AudioFit
    window_counts: WindowCounts = WindowCounts()


def read(path: Path, changes: list[str] | None = None) -> dict[str, Any]:
    """The file's keys, then `key=value` changes (dotted keys, values as YAML); not yet checked.

    Raises:
        ConfigError: The message names the file or the change.
    """
    if not config_file(path).exists():
        raise ConfigError(f"{path} does not exist: give a file such as configs/train/default.yaml.")
    tree = read_yaml(path, str(path))
    apply_settings(tree, changes or [], "vision.epochs=4")
    return tree


def validated_as(kind: type[AnySection], data: dict[str, Any], where: str) -> AnySection:
    """Validate plain data as a configuration of `kind`.

    Args:
        where: the source of the data, for the error message.

    Raises:
        ConfigError: The message names `where` and the key.
    """
    return validated_model(kind, data, f" (in {where})")


def uses_bfloat16(config: SpeechConfig) -> bool:
    """Whether convolutions are trained in bfloat16 on this machine."""
    if config.precision != "auto":
        return config.precision == "bfloat16"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
