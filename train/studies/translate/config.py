"""The configuration of `cdat-train translate`: one YAML file, checked before computing."""

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
    """Every encoder, the teacher's and the students': Bi-GRU, then a transformer layer."""

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
    """How long every network is trained: the same for each variant."""

    epochs: Count = 30
    batch: Count = 256
    """For DCCA much larger than the embedding."""
    learning_rate: Rate = 2e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.05
    average: Annotated[float, Field(ge=0, lt=1)] = 0.9
    class_balance: Share = 1.0
    """0 weighs classes as often as they come, 1 all alike."""

    def over(self, samples: int) -> Fit:
        """As the trainer wants it, an epoch being one pass over the training part."""
        return Fit(samples=samples, **self.model_dump(exclude={"class_balance"}))


class Search(Section):
    """What is tried on validation, on seeds that are reported nowhere else."""

    seeds: Count = 3
    align: Annotated[tuple[Align, ...], Field(min_length=1)] = ALIGNS
    gamma: Annotated[tuple[Weight, ...], Field(min_length=1)] = (0.03, 0.3, 3.0)
    """Weight of the alignment; DCCA's is divided by the embedding's size, as it is a sum over
    it."""
    beta: Annotated[tuple[Weight, ...], Field(min_length=1)] = (0.3, 3.0)
    """Weight of the translation."""
    to: Annotated[tuple[Target, ...], Field(min_length=1)] = ("features", "embedding")
    """Translate to the strong stream's features, or to its teacher's embedding."""
    distance: Annotated[tuple[Distance, ...], Field(min_length=1)] = ("l1", "mse")


class TranslateConfig(Section):
    """The whole file."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    corpus: Annotated[str, Field(min_length=1)]
    """A name of `train.corpora.open.LOCAL`."""
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    """For the corpus' reader."""
    strong: StreamName | None = None
    """The teacher; without it the one with the best score on validation, alone."""
    weak: tuple[StreamName, ...] | None = None
    """The students; without it all other streams."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    """The first that is reported; the next ones follow it."""
    seeds: Count = 10
    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Of the training part's groups, where the corpus has no validation part."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    network: Network = Network()
    fit: Budget = Budget()
    search: Search = Search()

    @property
    def search_seeds(self) -> list[int]:
        """Far from every reported seed."""
        return [self.seed + 100_000 + k for k in range(self.search.seeds)]


def in_order(streams: tuple[StreamName, ...] | tuple[str, ...]) -> tuple[str, ...]:
    """Streams in the order of `STREAMS`."""
    return tuple(name for name in STREAMS if name in streams)
