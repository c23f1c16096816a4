"""What a training run is told: one YAML file, checked before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
    """Drawn in an epoch, classes evened out; an epoch is no pass over the data."""
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


class Readings(Section):
    """How many window readings are made of each item, for fusion and confidence, by split."""

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
    """In multiples of chance: a weak label that tells its confidence is worth more than none, until
    it is no better than a guess."""


class SpeechConfig(Section):
    """What every run with the live speech encoder is told."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the convolutions in training; auto is bfloat16 where the processor has it (2x as fast)."""
    embedding_size: Annotated[int, Field(ge=4, le=1024)] = 64
    audio: AudioFit
    confidence: Fit
    readings: Readings = Readings()
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
    return validated(read(path, changes), str(path))


def read(path: Path, changes: list[str] | None = None) -> dict[str, Any]:
    """The file's keys, then `key=value` changes (dotted keys, values as YAML); not yet checked.

    Raises:
        ConfigError: One sentence that names the file.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist: see configs/train/ for configurations."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path} cannot be read as YAML ({first}).") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path} must hold keys and values.")
    for change in changes or []:
        _apply(data, change)
    return data


def validated(data: dict[str, Any], where: str) -> TrainConfig:
    """The same from plain data."""
    return validated_as(TrainConfig, data, where)


def validated_as(kind: type[AnySection], data: dict[str, Any], where: str) -> AnySection:
    """Plain data as a configuration of `kind`.

    Raises:
        ConfigError: Names `where` and the key.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"{where}: there is no key '{key}': remove or correct it.") from None
        if first["type"] == "missing":
            raise ConfigError(f"{where}: the key '{key}' is missing.") from None
        given = f", not {first['input']!r}" if not isinstance(first["input"], dict) else ""
        raise ConfigError(f"{where}: {key}: {first['msg']}{given}.") from None


def _apply(data: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set takes key=value, not '{change}'.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"--set {key}: '{text}' is no YAML value.") from None
    *parents, last = key.split(".")
    for parent in parents:
        inner = data.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {key}: '{parent}' holds a value, no keys.")
        data = inner
    data[last] = value


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
