"""The configuration of a training run: one YAML file, checked before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from edge.bundle.manifest import WindowSpec
from edge.config.load import apply_settings, read_yaml
from edge.config.load import validated as validated_model
from edge.errors import ConfigError

Count = Annotated[int, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=1)]


class Section(BaseModel):
    """Unknown keys are refused: a typo must not become a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AnySection = TypeVar("AnySection", bound=Section)


class Fit(Section):
    """How long and how hard one network is trained."""

    epochs: Count
    samples: Count
    """Drawn in an epoch, classes evened out; an epoch is not a pass over the data."""
    batch: Count = 64
    learning_rate: Rate = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.02
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay a step of the weights' moving average, which is what is kept; 0 keeps the last."""


class EncoderFit(Fit):
    """`fault_share` of the samples bear a fault of `edge.faults`."""

    fault_share: Share = 0.4
    class_balance: Share = 0.7
    """0 draws classes as often as they come, 1 all alike (rare ones then repeat a lot)."""


class AudioFit(EncoderFit):
    views: Count = 6
    """Augmented versions made of each training clip, once."""
    segments: Count = 8
    """Drawn from a clip at a time."""


class WindowCounts(Section):
    """How many windows are made of each item, for fusion and confidence, by split."""

    train: Count = 4
    held_out: Count = 10
    val: Count = 10
    test: Count = 6
    max_items: Count = 6000
    """Of a split, at most this many items, classes evened out."""


class Gate(Section):
    """What the thresholds aim at, on validation data."""

    clean_drop: Share = 0.02
    """Share of clean windows in which a stream's reliability may lie below its threshold."""
    max_drop: Share = 0.5
    """No threshold lies higher: other people's cameras and rooms look worse than the corpora, and a
    stream of which half is left still has more to say than none."""
    severe: Share = 0.6
    smoothing: Annotated[float, Field(gt=0, le=1)] = 0.8
    readmit_steps: Annotated[int, Field(ge=1, le=100)] = 3
    clean_abstain: Share = 0.02
    max_abstain: Annotated[float, Field(ge=0, le=10)] = 1.0
    """In multiples of chance: a weak label with its confidence is more useful than none, unless
    it is no better than a guess."""


class SpeechConfig(Section):
    """Keys of every run with the live speech encoder."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the convolutions in training; auto is bfloat16 where the processor has it (2x as fast)."""
    embedding_size: Annotated[int, Field(ge=4, le=1024)] = 64
    audio: AudioFit
    confidence: Fit
    window: WindowSpec = WindowSpec()
    """What the bundle is trained for, and what its manifest says; in seconds."""
    window_counts: WindowCounts = WindowCounts()
    gate: Gate = Gate()


class TrainConfig(SpeechConfig):
    """The whole file of a run with all three streams."""

    vision: EncoderFit
    text: EncoderFit
    fusion: Fit


def load(path: Path, changes: list[str] | None = None) -> TrainConfig:
    """Read a configuration of the live networks, changed as `read` does.

    Raises:
        ConfigError: One sentence that names the file and the key.
    """
    return validated(read(path, changes), f"{path} or a --set")


def read(path: Path, changes: list[str] | None = None) -> dict[str, Any]:
    """The file's keys, then `key=value` changes (dotted keys, values as YAML); not yet checked.

    Raises:
        ConfigError: One sentence that names the file or the change.
    """
    if not path.exists():
        raise ConfigError(f"{path} does not exist: see configs/train/ for configurations.")
    tree = read_yaml(path, str(path))
    apply_settings(tree, changes or [], "vision.epochs=4")
    return tree


def validated(data: dict[str, Any], where: str) -> TrainConfig:
    """Plain data as a configuration of the live networks, as `validated_as`."""
    return validated_as(TrainConfig, data, where)


def validated_as(kind: type[AnySection], data: dict[str, Any], where: str) -> AnySection:
    """Plain data as a configuration of `kind`.

    Args:
        where: the file that it is from, for the sentence.

    Raises:
        ConfigError: Names `where` and the key.
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


def cache_folder() -> Path:
    """Where arrays made from the data are kept between runs: runs/cache, or CDAT_CACHE."""
    return Path(os.environ.get("CDAT_CACHE", "runs/cache"))
