"""The configuration of `cdat-train translate`: one YAML file, validated before training."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from edge.types import STREAMS
from train.config import Count, Fit, Rate, Section, Share
from train.studies.translate.alignment import ALIGNS, Align

Weight = Annotated[float, Field(ge=0, le=1000)]
StreamName = Literal["text", "audio", "vision"]
Target = Literal["features", "embedding"]
Distance = Literal["l1", "mse"]


class Network(Section):
    """The encoder of teacher and students: Bi-GRU, then a transformer layer."""

    hidden: Annotated[int, Field(ge=4, le=1024)] = 32
    embedding: Annotated[int, Field(ge=1, le=512)] = 16
    heads: Annotated[int, Field(ge=1, le=16)] = 2
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3

    @field_validator("heads")
    @classmethod
    def _divides(cls, heads: int, info: ValidationInfo) -> int:
        hidden = info.data.get("hidden", 0)
        if hidden % heads or hidden % 2:
            raise ValueError(f"network.hidden ({hidden}) must be even and a multiple of heads")
        return heads


class Budget(Section):
    """Training length of every network, equal for all variants."""

    epochs: Count = 30
    batch: Count = 256
    """Batch size; for DCCA it should be much larger than the embedding."""
    learning_rate: Rate = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.05
    average: Annotated[float, Field(ge=0, lt=1)] = 0.9
    class_balance: Share = 1.0
    """0 weights classes by their frequency, 1 equally."""

    def over(self, samples: int) -> Fit:
        """The trainer's configuration; an epoch is one pass over the training split."""
        return Fit(samples=samples, **self.model_dump(exclude={"class_balance"}))


class Search(Section):
    """Candidates that are compared on validation, with seeds that are not reported."""

    seeds: Count = 3
    align: Annotated[tuple[Align, ...], Field(min_length=1)] = ALIGNS
    gamma: Annotated[tuple[Weight, ...], Field(min_length=1)] = (0.03, 0.3, 3.0)
    """Weight of the alignment loss; DCCA's is divided by the embedding size, because that loss is a
    sum over its dimensions."""
    beta: Annotated[tuple[Weight, ...], Field(min_length=1)] = (0.3, 3.0)
    """Weight of the translation loss."""
    to: Annotated[tuple[Target, ...], Field(min_length=1)] = ("features", "embedding")
    """Target of the translation: the strong stream's features, or its teacher's embedding."""
    distance: Annotated[tuple[Distance, ...], Field(min_length=1)] = ("l1", "mse")


class TranslateConfig(Section):
    """The whole configuration."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    corpus: Annotated[str, Field(min_length=1)]
    """A name that `train.corpora.open.open_corpus` knows."""
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Options of the corpus' reader."""
    strong: StreamName | None = None
    """The teacher; by default the stream with the best validation score alone."""
    weak: tuple[StreamName, ...] | None = None
    """The students; by default all other streams."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    """The first reported seed; the others follow it."""
    seeds: Count = 10
    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the training groups used for validation if the corpus has no validation split."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    network: Network = Network()
    fit: Budget = Budget()
    search: Search = Search()

    @property
    def search_seeds(self) -> list[int]:
        """Seeds of the search, different from every reported seed."""
        return [self.seed + 100_000 + k for k in range(self.search.seeds)]


def in_order(streams: tuple[StreamName, ...] | tuple[str, ...]) -> tuple[str, ...]:
    """Streams in the order of `STREAMS`."""
    return tuple(name for name in STREAMS if name in streams)
