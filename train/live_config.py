"""The configuration of a run that trains the live encoders, fusion and confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from edge.types import STREAMS
from train.config import EncoderFit, Section, Share, SpeechConfig, read, validated_as
from train.fusion_config import FusedConfig


class CorpusChoice(Section):
    """The corpora of each stream, and what the encoders are taught with them."""

    text: Annotated[
        tuple[Literal["goemotions", "meld", "dair_emotion", "isear", "dailydialog"], ...],
        Field(min_length=1),
    ] = ("goemotions", "meld")
    audio: Annotated[
        tuple[Literal["ravdess", "emovo", "nemo", "ased", "urdu"], ...], Field(min_length=1)
    ] = ("ravdess",)
    vision: Annotated[tuple[Literal["fer", "muxspace"], ...], Field(min_length=1)] = ("fer",)
    uniform_prior: bool = False
    """Each corpus' own log label frequencies are added to the logits in the loss, so that an
    encoder learns what speaks for a label, and not how frequent the label is in a corpus."""
    teacher_share: Share = 0.0
    """Weight of face-api's answers beside the votes of the annotators of faces."""

    @model_validator(mode="after")
    def _is_a_choice(self) -> CorpusChoice:
        for stream in STREAMS:
            names = self.of(stream)
            if len(set(names)) < len(names):
                raise ValueError(f"{stream} names a corpus twice")
        if set(self.audio) == {"urdu"}:
            raise ValueError("audio needs a corpus beside urdu, whose speakers have one label each")
        return self

    def of(self, stream: str) -> tuple[str, ...]:
        """The corpora of a stream."""
        names: tuple[str, ...] = getattr(self, stream)
        return names


LabelShare = Annotated[float, Field(gt=0, le=1)]


class LabelShares(Section):
    """How frequent each label is, in the order of `train.corpora.labels.LABELS`."""

    neutral: LabelShare
    happy: LabelShare
    sad: LabelShare
    angry: LabelShare
    fear: LabelShare
    disgust: LabelShare
    surprise: LabelShare


class TrainConfig(SpeechConfig, FusedConfig):
    """The configuration of a run that trains its encoders, too."""

    corpora: CorpusChoice = CorpusChoice()
    vision: EncoderFit
    text: EncoderFit
    fusion_people: Literal["train", "unseen"] = "train"
    """On whose windows fusion learns. An encoder is surer of its own training items than of any
    others, so on their codes fusion learns to trust the wrong streams. `unseen`: every second
    person of each corpus' held-out part; confidence then learns on the others of it."""
    prior: LabelShares | None = None
    """How frequent each label is where the bundle is used; the shares need not sum to 1. None: all
    labels equally."""

    @property
    def shares(self) -> tuple[float, ...] | None:
        """`prior` in the order of `train.corpora.labels.LABELS`, with the sum 1."""
        if self.prior is None:
            return None
        shares = tuple(self.prior.model_dump().values())
        return tuple(share / sum(shares) for share in shares)


def load(path: Path, changes: list[str] | None = None) -> TrainConfig:
    """Read a configuration of the live networks, changed as `read` does.

    Raises:
        ConfigError: The message names the file and the key.
    """
    return validated(read(path, changes), f"{path} or a --set")


def validated(data: dict[str, Any], where: str) -> TrainConfig:
    """Validate plain data as a configuration of the live networks (see `validated_as`)."""
    return validated_as(TrainConfig, data, where)
